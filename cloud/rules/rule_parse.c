/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/rules/rule_parse.h"

#include <string.h>

/* Expressions of a text that is as long as it may be, and copies of its words. */
#define ARENA_MAX (KM_RULE_NODES_MAX * sizeof(struct km_rule_expr) + 4 * KM_RULE_SQL_MAX)

km_status km_rule_code_init(struct km_err *err, struct km_rule_code *ret)
{
    *ret = (struct km_rule_code){.arena = km_arena_new(ARENA_MAX), .literals = json_array()};
    if (ret->arena == NULL || ret->literals == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "rule");
    return KM_OK;
}

void km_rule_code_clear(struct km_rule_code *code)
{
    km_arena_free(code->arena);
    json_decref(code->literals);
    *code = (struct km_rule_code){0};
}

km_status km_rule_expected(struct km_rule_parser *parser, const char *what)
{
    size_t line = 0;
    size_t column = 0;
    km_rule_lex_where(&parser->lexer, &line, &column);
    return KM_FAIL(parser->err, KM_E_MALFORMED, "expected %s at line %zu, column %zu, found %s",
                   what, line, column, km_rule_lex_found(&parser->lexer.token));
}

bool km_rule_take_word(struct km_rule_parser *parser, const char *word)
{
    if (!km_rule_lex_is_word(&parser->lexer.token, word))
        return false;
    km_rule_lex_next(&parser->lexer);
    return true;
}

bool km_rule_take_sign(struct km_rule_parser *parser, const char *sign)
{
    if (!km_rule_lex_is_sign(&parser->lexer.token, sign))
        return false;
    km_rule_lex_next(&parser->lexer);
    return true;
}

km_status km_rule_need_sign(struct km_rule_parser *parser, const char *sign)
{
    return km_rule_take_sign(parser, sign) ? KM_OK : km_rule_expected(parser, sign);
}

static km_status no_room(struct km_rule_parser *parser)
{
    return KM_FAIL(parser->err, km_arena_status(parser->code->arena), "expressions of a rule");
}

km_status km_rule_take_name(struct km_rule_parser *parser, const char *what, const char **ret)
{
    if (parser->lexer.token.kind != KM_TOKEN_NAME)
        return km_rule_expected(parser, what);
    *ret = km_arena_text(parser->code->arena, parser->lexer.token.text);
    if (*ret == NULL)
        return no_room(parser);
    km_rule_lex_next(&parser->lexer);
    return KM_OK;
}

km_status km_rule_take_string(struct km_rule_parser *parser, const char *what, struct km_slice *ret)
{
    struct km_slice text = parser->lexer.token.text;
    if (parser->lexer.token.kind != KM_TOKEN_STRING)
        return km_rule_expected(parser, what);
    char *copy = km_arena_alloc(parser->code->arena, text.len);
    if (copy == NULL)
        return no_room(parser);
    size_t len = 0;
    for (size_t i = 1; i < text.len - 1; i++) {
        copy[len++] = (char)text.ptr[i];
        if (text.ptr[i] == text.ptr[0])
            i++; /* the second one of two quotes */
    }
    *ret = KM_SLICE(copy, len);
    km_rule_lex_next(&parser->lexer);
    return KM_OK;
}

km_status km_rule_node(struct km_rule_parser *parser, enum km_rule_kind kind,
                       struct km_rule_expr **ret)
{
    if (parser->n_nodes == KM_RULE_NODES_MAX)
        return KM_FAIL(parser->err, KM_E_LIMIT, "a rule has at most %d parts of expressions",
                       KM_RULE_NODES_MAX);
    struct km_rule_expr *expr = km_arena_alloc(parser->code->arena, sizeof(*expr));
    if (expr == NULL)
        return no_room(parser);
    parser->n_nodes++;
    *expr = (struct km_rule_expr){.kind = kind, .depth = 1};
    *ret = expr;
    return KM_OK;
}

km_status km_rule_add(struct km_rule_parser *parser, struct km_rule_expr *expr,
                      struct km_rule_expr *arg)
{
    if (expr->args == NULL)
        expr->args = arg;
    else
        expr->last->next = arg;
    expr->last = arg;
    expr->n_args++;
    if (expr->depth <= arg->depth)
        expr->depth = arg->depth + 1;
    if (expr->depth > KM_RULE_DEPTH_MAX)
        return KM_FAIL(parser->err, KM_E_LIMIT, "an expression has at most %d levels",
                       KM_RULE_DEPTH_MAX);
    return KM_OK;
}

km_status km_rule_literal(struct km_rule_parser *parser, json_t *value, struct km_rule_expr **ret)
{
    if (json_array_append_new(parser->code->literals, value) != 0)
        return KM_FAIL(parser->err, KM_E_NOMEM, "value in a rule");
    KM_TRY(km_rule_node(parser, KM_EXPR_LITERAL, ret));
    (*ret)->value = value;
    return KM_OK;
}
