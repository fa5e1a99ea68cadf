/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions. What they may cost is bounded: both parts can come from a message. */
#include "cloud/rules/rule_function.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#define PATTERN_MAX 4096 /* octets */
#define NESTING_MAX 64   /* parentheses */
#define MATCH_MAX 100000 /* attempts inside of one call */
#define HEAP_MAX_KIB 1024
#define STEPS_PER_CALL 500 /* so that a rule can't make many such calls */

/* One compiled pattern and the text that it is looked for in. */
struct search {
    struct km_rule_text subject;
    struct km_rule_text pattern;
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *bounds;
};

static void search_clear(struct search *search)
{
    pcre2_match_context_free(search->bounds);
    pcre2_match_data_free(search->found);
    pcre2_code_free(search->code);
    km_rule_text_clear(&search->pattern);
    km_rule_text_clear(&search->subject);
}

static pcre2_code *compile(const struct km_rule_text *pattern, bool *ret_no_memory)
{
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    *ret_no_memory = limits == NULL;
    if (limits == NULL)
        return NULL;
    (void)pcre2_set_max_pattern_length(limits, PATTERN_MAX);
    (void)pcre2_set_parens_nest_limit(limits, NESTING_MAX);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern->ptr, pattern->len,
                                     PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, limits);
    *ret_no_memory = code == NULL && error == PCRE2_ERROR_NOMEMORY;
    pcre2_compile_context_free(limits);
    return code;
}

/* False: Undefined, as one of the two is no text or the pattern no pattern; or failed. */
static bool search_init(struct km_rule_eval *eval, const struct km_rule_call *call,
                        struct search *ret)
{
    bool no_memory = false;
    if (!km_rule_text_of(eval, call->args[0], &ret->subject) ||
        !km_rule_text_of(eval, call->args[1], &ret->pattern) ||
        !km_rule_spend(eval, STEPS_PER_CALL + ret->subject.len / 64))
        return false;
    ret->code = compile(&ret->pattern, &no_memory);
    if (ret->code == NULL) {
        if (no_memory)
            (void)km_rule_made(eval, NULL);
        return false;
    }
    ret->found = pcre2_match_data_create_from_pattern(ret->code, NULL);
    ret->bounds = pcre2_match_context_create(NULL);
    if (ret->found == NULL || ret->bounds == NULL) {
        (void)km_rule_made(eval, NULL);
        return false;
    }
    (void)pcre2_set_match_limit(ret->bounds, MATCH_MAX);
    (void)pcre2_set_heap_limit(ret->bounds, HEAP_MAX_KIB);
    return true;
}

/* What an error of the search means for the evaluation. */
static void note(struct km_rule_eval *eval, int error)
{
    if (error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_HEAPLIMIT ||
        error == PCRE2_ERROR_DEPTHLIMIT)
        eval->status = KM_E_LIMIT;
    else if (error == PCRE2_ERROR_NOMEMORY)
        eval->status = KM_E_NOMEM;
}

static json_t *matches_or_substr(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(search_clear) struct search search = {0};
    if (!search_init(eval, call, &search))
        return NULL;
    int n = pcre2_match(search.code, (PCRE2_SPTR)search.subject.ptr, search.subject.len, 0, 0,
                        search.found, search.bounds);
    note(eval, n);
    if (n < 0 && n != PCRE2_ERROR_NOMATCH)
        return NULL;
    if (call->variant == 'm')
        return json_boolean(n != PCRE2_ERROR_NOMATCH);
    if (n == PCRE2_ERROR_NOMATCH)
        return NULL;
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(search.found);
    return km_rule_string(eval, search.subject.ptr + range[0], range[1] - range[0]);
}

static json_t *replace_all(struct km_rule_eval *eval, const struct search *search,
                           const struct km_rule_text *with)
{
    PCRE2_SIZE len = KM_RULE_PAYLOAD_MAX + 1;
    char *replaced = malloc(len);
    if (replaced == NULL)
        return km_rule_made(eval, NULL);
    int n = pcre2_substitute(search->code, (PCRE2_SPTR)search->subject.ptr, search->subject.len, 0,
                             PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY, search->found,
                             search->bounds, (PCRE2_SPTR)with->ptr, with->len,
                             (PCRE2_UCHAR *)replaced, &len);
    json_t *value = NULL;
    if (n >= 0)
        value = km_rule_string(eval, replaced, len);
    else if (n == PCRE2_ERROR_NOMEMORY) /* it says so of the buffer too */
        eval->status = KM_E_LIMIT;
    else
        note(eval, n);
    free(replaced);
    return value;
}

static json_t *regexp_replace(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(search_clear) struct search search = {0};
    KM_AUTO(km_rule_text_clear) struct km_rule_text with = {0};
    if (!km_rule_text_of(eval, call->args[2], &with) || !search_init(eval, call, &search))
        return NULL;
    return replace_all(eval, &search, &with);
}

const struct km_rule_function km_rule_regex_functions[] = {
    {"regexp_matches", 2, 2, matches_or_substr, 'm', false},
    {"regexp_replace", 3, 3, regexp_replace, 0, false},
    {"regexp_substr", 2, 2, matches_or_substr, 's', false},
    {0},
};
