/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with ${expression} in them. */
#include "cloud/rules/rule_eval.h"
#include "cloud/rules/rule_parse.h"

#include <stdlib.h>

/* Where the next ${ begins, or the end. */
static size_t find_opening(struct km_slice text, size_t at)
{
    while (at + 1 < text.len && !(text.ptr[at] == '$' && text.ptr[at + 1] == '{'))
        at++;
    return at + 1 < text.len ? at : text.len;
}

static km_status parse_parts(struct km_rule_parser *parser, struct km_slice text,
                             struct km_rule_template *ret)
{
    struct km_rule_expr **next = &ret->parts;
    size_t at = 0;
    while (at < text.len) {
        size_t opening = find_opening(text, at);
        if (opening > at) {
            KM_TRY(km_rule_literal(parser, json_stringn((const char *)text.ptr + at, opening - at),
                                   next));
            next = &(*next)->next;
        }
        if (opening == text.len)
            return KM_OK;
        km_rule_lex_init(&parser->lexer, text, opening + 2);
        KM_TRY(km_rule_expr_parse(parser, next));
        next = &(*next)->next;
        if (!km_rule_lex_is_sign(&parser->lexer.token, "}"))
            return km_rule_expected(parser, "}");
        at = parser->lexer.pos;
    }
    return KM_OK;
}

/* Whether it is written so: what is put in does not count. */
static bool begins_with_two_dollars(struct km_slice text)
{
    return text.len >= 2 && text.ptr[0] == '$' && text.ptr[1] == '$' && find_opening(text, 0) != 1;
}

km_status km_rule_template_parse(struct km_err *err, struct km_slice text,
                                 struct km_rule_template **ret)
{
    if (text.len > KM_RULE_SQL_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "text of %zu bytes, at most %d", text.len, KM_RULE_SQL_MAX);
    if (!km_utf8_valid(text))
        return KM_FAIL(err, KM_E_MALFORMED, "text is not UTF-8");
    KM_AUTO(km_rule_template_freep) struct km_rule_template *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "text of a rule");
    KM_TRY(km_rule_code_init(err, &made->code));
    struct km_rule_parser parser = {.err = err, .code = &made->code};
    KM_TRY(parse_parts(&parser, text, made));
    made->is_reserved = begins_with_two_dollars(text);
    *ret = km_steal(&made);
    return KM_OK;
}

void km_rule_template_free(struct km_rule_template *text)
{
    if (text == NULL)
        return;
    km_rule_code_clear(&text->code);
    free(text);
}

void km_rule_template_freep(struct km_rule_template **text)
{
    km_rule_template_free(*text);
    *text = NULL;
}

static km_status expand_part(struct km_err *err, struct km_rule_eval *eval,
                             const struct km_rule_expr *part, struct km_wr *wr)
{
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, part);
    KM_AUTO(km_rule_text_clear) struct km_rule_text text = {0};
    bool is_text = km_rule_text_of(eval, value, &text);
    KM_TRY(km_rule_eval_status(err, eval));
    if (!is_text)
        return KM_FAIL(err, KM_E_NOTFOUND, "an expression in ${} has no value for this message");
    km_wr_bytes(wr, KM_SLICE(text.ptr, text.len));
    return KM_OK;
}

km_status km_rule_template_expand(struct km_err *err, const struct km_rule_template *text,
                                  const struct km_rule_message *message,
                                  const struct km_rule_host *host, size_t max,
                                  struct km_json_text *ret)
{
    KM_AUTO(km_rule_eval_clear) struct km_rule_eval eval = {0};
    KM_TRY(km_rule_eval_init(err, "2016-03-23", message, host, &eval));
    max = max > KM_RULE_PAYLOAD_MAX ? KM_RULE_PAYLOAD_MAX : max;
    KM_AUTO(km_json_text_clear) struct km_json_text made = {.ptr = calloc(1, max + 1)};
    if (made.ptr == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "text of a rule");
    struct km_wr wr = km_wr_init(made.ptr, max);
    struct km_slice whole = {0};
    for (const struct km_rule_expr *part = text->parts; part != NULL; part = part->next)
        KM_TRY(expand_part(err, &eval, part, &wr));
    if (!km_wr_finish(&wr, &whole))
        return KM_FAIL(err, KM_E_LIMIT, "text of a rule gets longer than %zu bytes", max);
    *ret = (struct km_json_text){.ptr = km_steal(&made.ptr), .len = whole.len};
    return KM_OK;
}

km_status km_rule_template_topic(struct km_err *err, const struct km_rule_template *text,
                                 const struct km_rule_message *message,
                                 const struct km_rule_host *host, struct km_json_text *ret)
{
    KM_AUTO(km_json_text_clear) struct km_json_text topic = {0};
    size_t skip = text->is_reserved ? 1 : 0;
    KM_TRY(km_rule_template_expand(err, text, message, host, KM_TOPIC_MAX + skip, &topic));
    struct km_slice name = KM_SLICE(topic.ptr + skip, topic.len - skip);
    enum km_topic_fault fault = km_topic_name_check(name);
    if (fault != KM_TOPIC_OK)
        return KM_FAIL(err, KM_E_MALFORMED, "topic to publish to is %s",
                       km_topic_fault_text(fault));
    if (name.ptr[0] == '$' && !text->is_reserved)
        return KM_FAIL(err, KM_E_MALFORMED,
                       "topic to publish to begins with $, which a rule has to write as $$");
    km_copy(topic.ptr, topic.len + 1, name.ptr, name.len + 1);
    *ret = (struct km_json_text){.ptr = km_steal(&topic.ptr), .len = name.len};
    return KM_OK;
}
