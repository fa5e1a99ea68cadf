/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/sql_check.h"

#include <string.h>

#include "cloud/rules/rule.h"

static km_status as_exception(struct km_call *call, km_status status)
{
    if (status == KM_E_MALFORMED || status == KM_E_LIMIT)
        call->exception = KM_X_SQL_PARSE;
    return status;
}

km_status km_sql_check(struct km_call *call, const char *sql, const char *version,
                       const char **ret_filter)
{
    KM_AUTO(km_rule_freep) struct km_rule *rule = NULL;
    KM_TRY(as_exception(call, km_rule_parse(&call->err, KM_SLICE_STR(sql), version, &rule)));
    *ret_filter = km_arena_text(call->arena, km_rule_filter(rule));
    return *ret_filter != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "topic filter");
}

km_status km_sql_check_topic(struct km_call *call, const char *text)
{
    KM_AUTO(km_rule_template_freep) struct km_rule_template *template = NULL;
    return as_exception(call, km_rule_template_parse(&call->err, KM_SLICE_STR(text), &template));
}
