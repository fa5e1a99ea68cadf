/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT items FROM 'filter' [WHERE expr]: compiled, matched, evaluated. */
#include "cloud/rules/rule_eval.h"
#include "cloud/rules/rule_function.h"
#include "cloud/rules/rule_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const versions[] = {KM_RULE_VERSION_DEFAULT, "2016-03-23", "beta"};

/* ---- parsing ---- */

/*
 * SELECT VALUE x, unless VALUE is itself the field that is selected. Of what can go on either way,
 * VALUE [a] is an array and value[a] an element.
 */
static bool take_value(struct km_rule_parser *parser)
{
    struct km_rule_lexer after = parser->lexer;
    if (!km_rule_lex_is_word(&after.token, "value"))
        return false;
    const uint8_t *end = after.in.ptr + after.pos;
    km_rule_lex_next(&after);
    const struct km_rule_token *token = &after.token;
    bool begins = token->kind != KM_TOKEN_SIGN && !km_rule_lex_is_word(token, "as") &&
                  !km_rule_lex_is_word(token, "from");
    begins = begins || km_rule_lex_is_sign(token, "{") || km_rule_lex_is_sign(token, "(") ||
             (km_rule_lex_is_sign(token, "[") && token->text.ptr != end);
    if (km_rule_lex_is_sign(token, "*")) {
        struct km_rule_lexer behind = after;
        km_rule_lex_next(&behind);
        begins = km_rule_lex_is_word(&behind.token, "from");
    }
    if (begins)
        parser->lexer = after;
    return begins;
}

/* What an item is called that has no AS; NULL: nothing of its own. */
static const char *own_label(const struct km_rule_expr *expr)
{
    while (expr->kind == KM_EXPR_INDEX)
        expr = expr->args;
    if (expr->kind == KM_EXPR_CALL)
        return expr->function->name;
    return expr->kind == KM_EXPR_FIELD || expr->kind == KM_EXPR_MEMBER ? expr->name : NULL;
}

static km_status label_item(struct km_rule_parser *parser, size_t number, struct km_rule_expr *item)
{
    if (km_rule_take_word(parser, "as")) {
        if (parser->lexer.token.kind != KM_TOKEN_STRING)
            return km_rule_take_name(parser, "a name", &item->label);
        struct km_slice text = {0};
        KM_TRY(km_rule_take_string(parser, "a name", &text));
        item->label = km_arena_text(parser->code->arena, text);
    } else if (item->kind != KM_EXPR_PAYLOAD) {
        char text[24] = {0};
        (void)snprintf(text, sizeof(text), "_%zu", number);
        const char *own = own_label(item);
        item->label = own != NULL ? own : km_arena_text(parser->code->arena, KM_SLICE_STR(text));
    } else {
        return KM_OK;
    }
    if (item->label == NULL)
        return KM_FAIL(parser->err, km_arena_status(parser->code->arena), "name in a rule");
    return KM_OK;
}

static km_status parse_items(struct km_rule_parser *parser, struct km_rule *rule)
{
    struct km_rule_expr **next = &rule->items;
    size_t number = 0;
    rule->is_value = take_value(parser);
    do {
        KM_TRY(km_rule_expr_parse(parser, next));
        if (!rule->is_value)
            KM_TRY(label_item(parser, ++number, *next));
        next = &(*next)->next;
    } while (!rule->is_value && km_rule_take_sign(parser, ","));
    return KM_OK;
}

static km_status parse_from(struct km_rule_parser *parser, struct km_rule *rule)
{
    struct km_rule_lexer before = parser->lexer;
    KM_TRY(km_rule_take_string(parser, "a topic filter in quotes", &rule->filter));
    enum km_topic_fault fault = km_topic_filter_check(rule->filter);
    if (fault == KM_TOPIC_OK)
        return KM_OK;
    size_t line = 0;
    size_t column = 0;
    km_rule_lex_where(&before, &line, &column);
    return KM_FAIL(parser->err, KM_E_MALFORMED, "topic filter at line %zu, column %zu is %s", line,
                   column, km_topic_fault_text(fault));
}

static km_status parse_statement(struct km_rule_parser *parser, struct km_rule *rule)
{
    if (!km_rule_take_word(parser, "select"))
        return km_rule_expected(parser, "SELECT");
    KM_TRY(parse_items(parser, rule));
    if (!km_rule_take_word(parser, "from"))
        return km_rule_expected(parser, "FROM");
    KM_TRY(parse_from(parser, rule));
    if (km_rule_take_word(parser, "where"))
        KM_TRY(km_rule_expr_parse(parser, &rule->where));
    if (parser->lexer.token.kind != KM_TOKEN_END)
        return km_rule_expected(parser, rule->where == NULL ? "WHERE or the end" : "the end");
    return KM_OK;
}

static km_status find_version(struct km_err *err, const char *version, const char **ret)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(versions); i++) {
        if (version == NULL || strcmp(version, versions[i]) == 0) {
            *ret = versions[i];
            return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_UNSUPPORTED, "SQL version is none of %s, %s and %s", versions[0],
                   versions[1], versions[2]);
}

km_status km_rule_parse(struct km_err *err, struct km_slice sql, const char *version,
                        struct km_rule **ret)
{
    const char *known = NULL;
    KM_TRY(find_version(err, version, &known));
    if (sql.len > KM_RULE_SQL_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "statement of %zu bytes, at most %d", sql.len,
                       KM_RULE_SQL_MAX);
    if (!km_utf8_valid(sql))
        return KM_FAIL(err, KM_E_MALFORMED, "statement is not UTF-8");
    KM_AUTO(km_rule_freep) struct km_rule *rule = calloc(1, sizeof(*rule));
    if (rule == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "rule");
    rule->version = known;
    KM_TRY(km_rule_code_init(err, &rule->code));
    struct km_rule_parser parser = {.err = err, .code = &rule->code};
    km_rule_lex_init(&parser.lexer, sql, 0);
    KM_TRY(parse_statement(&parser, rule));
    *ret = km_steal(&rule);
    return KM_OK;
}

void km_rule_free(struct km_rule *rule)
{
    if (rule == NULL)
        return;
    km_rule_code_clear(&rule->code);
    free(rule);
}

void km_rule_freep(struct km_rule **rule)
{
    km_rule_free(*rule);
    *rule = NULL;
}

struct km_slice km_rule_filter(const struct km_rule *rule)
{
    return rule->filter;
}

const char *km_rule_version(const struct km_rule *rule)
{
    return rule->version;
}

bool km_rule_matches(const struct km_rule *rule, struct km_slice topic)
{
    return km_topic_filter_matches(rule->filter, topic);
}

/* ---- evaluating ---- */

static bool fires(struct km_rule_eval *eval, const struct km_rule *rule)
{
    bool truth = false;
    if (rule->where == NULL)
        return true;
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, rule->where);
    return km_rule_truth_of(value, &truth) && truth;
}

/* SELECT *, which hands on the message as it is. */
static bool is_all(const struct km_rule *rule)
{
    const struct km_rule_expr *item = rule->items;
    return item->kind == KM_EXPR_PAYLOAD && item->label == NULL && item->next == NULL;
}

/* One object of all items; a * adds the members of the message, if it has any. */
static json_t *select_items(struct km_rule_eval *eval, const struct km_rule *rule)
{
    KM_AUTO(km_json_unref) json_t *output = km_rule_made(eval, json_object());
    for (const struct km_rule_expr *item = rule->items; item != NULL; item = item->next) {
        KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, item);
        int failed = 0;
        if (item->label == NULL && json_is_object(value))
            failed = km_rule_spend(eval, json_object_size(value))
                         ? json_object_update(output, value)
                         : 0;
        else if (item->label != NULL && value != NULL)
            failed = json_object_set(output, item->label, value);
        if (failed != 0)
            return km_rule_made(eval, NULL);
    }
    return eval->status == KM_OK ? km_steal(&output) : NULL;
}

static km_status pass_on(struct km_err *err, const struct km_rule_eval *eval,
                         struct km_rule_output *ret)
{
    struct km_slice payload = eval->message->payload;
    uint8_t *bytes = malloc(payload.len + 1);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "message of %zu bytes", payload.len);
    km_copy(bytes, payload.len, payload.ptr, payload.len);
    *ret = (struct km_rule_output){
        .fires = true, .is_json = eval->payload != NULL, .bytes = bytes, .len = payload.len};
    return KM_OK;
}

static km_status put_out(struct km_err *err, struct km_rule_eval *eval, const struct km_rule *rule,
                         struct km_rule_output *ret)
{
    bool go = fires(eval, rule);
    KM_TRY(km_rule_eval_status(err, eval));
    if (!go)
        return KM_OK;
    if (is_all(rule))
        return pass_on(err, eval, ret);
    KM_AUTO(km_json_unref)
    json_t *value = rule->is_value ? km_rule_value_of(eval, rule->items) : select_items(eval, rule);
    KM_TRY(km_rule_eval_status(err, eval));
    if (value == NULL)
        return KM_OK; /* SELECT VALUE of nothing: there is no message to hand on */
    struct km_json_text text = {0};
    KM_TRY(km_json_print(err, value, KM_RULE_PAYLOAD_MAX, &text));
    *ret = (struct km_rule_output){
        .fires = true, .is_json = true, .bytes = (uint8_t *)text.ptr, .len = text.len};
    return KM_OK;
}

km_status km_rule_eval(struct km_err *err, const struct km_rule *rule,
                       const struct km_rule_message *message, const struct km_rule_host *host,
                       struct km_rule_output *ret)
{
    *ret = (struct km_rule_output){0};
    KM_AUTO(km_rule_eval_clear) struct km_rule_eval eval = {0};
    KM_TRY(km_rule_eval_init(err, rule->version, message, host, &eval));
    return put_out(err, &eval, rule, ret);
}

void km_rule_output_clear(struct km_rule_output *output)
{
    if (output == NULL)
        return;
    free(output->bytes);
    *output = (struct km_rule_output){0};
}
