/* SPDX-License-Identifier: Apache-2.0 */
/* A filter and a name, with a line feed between: matching held against one that goes character by character. */
#include <string.h>

#include "cloud/common/topic.h"
#include "fuzz/km_fuzz.h"

/* Both at the beginning of a level, or behind their ends. */
static bool matches(const char *filter, const char *name)
{
    if (filter[0] == '#')
        return true;
    if (filter[0] == '+') {
        filter++;
        while (*name != '\0' && *name != '/')
            name++;
    }
    while (*filter != '\0' && *filter != '/' && *filter == *name) {
        filter++;
        name++;
    }
    if (*filter != *name)
        return false;
    return *filter == '\0' || matches(filter + 1, name + 1);
}

static char *text_of(struct km_slice octets)
{
    char *text = malloc(octets.len + 1);
    KM_FUZZ_CHECK(text != NULL);
    km_copy(text, octets.len, octets.ptr, octets.len);
    text[octets.len] = '\0';
    return text;
}

static void check_match(struct km_slice filter, struct km_slice name)
{
    char *filter_text = text_of(filter);
    char *name_text = text_of(name);
    bool hides = name_text[0] == '$' && strchr("+#", filter_text[0]) != NULL;
    KM_FUZZ_CHECK(km_topic_filter_matches(filter, name) ==
                  (!hides && matches(filter_text, name_text)));
    free(filter_text);
    free(name_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice rule = {0};
    struct km_slice rest = {0};
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = end != NULL ? (size_t)(end - data) : size;
    struct km_slice filter = KM_SLICE(data, len);
    struct km_slice name = end != NULL ? KM_SLICE(end + 1, size - len - 1) : filter;
    bool is_filter = km_topic_filter_check(filter) == KM_TOPIC_OK;
    bool is_name = km_topic_name_check(name) == KM_TOPIC_OK;
    if (is_name)
        KM_FUZZ_CHECK(km_topic_filter_check(name) == KM_TOPIC_OK);
    if (is_name && km_topic_rule_of(name, &rule, &rest))
        KM_FUZZ_CHECK(rest.ptr + rest.len == name.ptr + name.len && rule.ptr + rule.len < rest.ptr);
    if (is_filter && is_name)
        check_match(filter, name);
    return 0;
}
