/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/rules/rule_function.h"

#include <string.h>
#include <strings.h>

static const struct km_rule_function *const groups[] = {
    km_rule_text_functions, km_rule_number_functions, km_rule_message_functions,
    km_rule_code_functions, km_rule_regex_functions,  km_rule_time_functions,
};

const struct km_rule_function *km_rule_function_find(struct km_slice name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(groups); i++) {
        for (const struct km_rule_function *row = groups[i]; row->name != NULL; row++) {
            if (name.len == strlen(row->name) &&
                strncasecmp((const char *)name.ptr, row->name, name.len) == 0)
                return row;
        }
    }
    return NULL;
}
