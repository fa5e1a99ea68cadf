/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, by precedence climbing. */
#include "cloud/rules/rule_function.h"
#include "cloud/rules/rule_parse.h"

#include <string.h>

/* How tightly operators bind; NOT stands between AND and comparisons. */
enum { BIND_OR = 1, BIND_AND, BIND_NOT, BIND_COMPARE, BIND_ADD, BIND_MULTIPLY };

struct infix {
    const char *text;
    bool is_word;
    enum km_rule_op op; /* NONE: IN */
    int binds;
};

static const struct infix infixes[] = {
    {"or", true, KM_OP_OR, BIND_OR},        {"and", true, KM_OP_AND, BIND_AND},
    {"=", false, KM_OP_EQ, BIND_COMPARE},   {"<>", false, KM_OP_NE, BIND_COMPARE},
    {"<", false, KM_OP_LT, BIND_COMPARE},   {"<=", false, KM_OP_LE, BIND_COMPARE},
    {">", false, KM_OP_GT, BIND_COMPARE},   {">=", false, KM_OP_GE, BIND_COMPARE},
    {"in", true, KM_OP_NONE, BIND_COMPARE}, {"+", false, KM_OP_ADD, BIND_ADD},
    {"-", false, KM_OP_SUB, BIND_ADD},      {"*", false, KM_OP_MUL, BIND_MULTIPLY},
    {"/", false, KM_OP_DIV, BIND_MULTIPLY}, {"%", false, KM_OP_MOD, BIND_MULTIPLY},
};

/* Words that can't be the name of a field where an expression begins. */
static const char *const reserved[] = {"select", "from", "where", "as",   "and", "or",
                                       "in",     "when", "then",  "else", "end"};

static km_status climb(struct km_rule_parser *parser, int binds, struct km_rule_expr **ret);

/* A node of that kind with one argument. */
static km_status wrap(struct km_rule_parser *parser, enum km_rule_kind kind,
                      struct km_rule_expr *arg, struct km_rule_expr **ret)
{
    KM_TRY(km_rule_node(parser, kind, ret));
    return km_rule_add(parser, *ret, arg);
}

/* Expressions with commas between them up to the closing sign, which is read too. */
static km_status arguments(struct km_rule_parser *parser, const char *closing,
                           struct km_rule_expr *expr)
{
    if (km_rule_take_sign(parser, closing))
        return KM_OK;
    do {
        struct km_rule_expr *arg = NULL;
        KM_TRY(km_rule_expr_parse(parser, &arg));
        KM_TRY(km_rule_add(parser, expr, arg));
    } while (km_rule_take_sign(parser, ","));
    return km_rule_need_sign(parser, closing);
}

/* ---- what an expression begins with ---- */

static km_status number(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    struct km_slice text = parser->lexer.token.text;
    struct km_rule_number found = {0};
    if (!km_rule_number_of_text((const char *)text.ptr, text.len, &found))
        return km_rule_expected(parser, "a number within the range");
    km_rule_lex_next(&parser->lexer);
    return km_rule_literal(parser, found.is_int ? json_integer(found.i) : json_real(found.d), ret);
}

static km_status string(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    struct km_slice text = {0};
    KM_TRY(km_rule_take_string(parser, "a text", &text));
    return km_rule_literal(parser, json_stringn((const char *)text.ptr, text.len), ret);
}

static km_status object(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    KM_TRY(km_rule_node(parser, KM_EXPR_OBJECT, ret));
    if (km_rule_take_sign(parser, "}"))
        return KM_OK;
    do {
        struct km_slice key = {0};
        struct km_rule_expr *item = NULL;
        KM_TRY(km_rule_take_string(parser, "a key in quotes", &key));
        KM_TRY(km_rule_need_sign(parser, ":"));
        KM_TRY(km_rule_expr_parse(parser, &item));
        item->label = km_arena_text(parser->code->arena, key);
        if (item->label == NULL)
            return KM_FAIL(parser->err, km_arena_status(parser->code->arena), "key in a rule");
        KM_TRY(km_rule_add(parser, *ret, item));
    } while (km_rule_take_sign(parser, ","));
    return km_rule_need_sign(parser, "}");
}

static km_status need_word(struct km_rule_parser *parser, const char *word)
{
    return km_rule_take_word(parser, word) ? KM_OK : km_rule_expected(parser, word);
}

static km_status add_parsed(struct km_rule_parser *parser, struct km_rule_expr *expr)
{
    struct km_rule_expr *arg = NULL;
    KM_TRY(km_rule_expr_parse(parser, &arg));
    return km_rule_add(parser, expr, arg);
}

/* Behind CASE. */
static km_status case_of(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    KM_TRY(km_rule_node(parser, KM_EXPR_CASE, ret));
    struct km_rule_expr *expr = *ret;
    if (!km_rule_lex_is_word(&parser->lexer.token, "when")) {
        expr->has_subject = true;
        KM_TRY(add_parsed(parser, expr));
    }
    KM_TRY(need_word(parser, "WHEN"));
    do {
        KM_TRY(add_parsed(parser, expr));
        KM_TRY(need_word(parser, "THEN"));
        KM_TRY(add_parsed(parser, expr));
    } while (km_rule_take_word(parser, "when"));
    if (km_rule_take_word(parser, "else")) {
        expr->has_else = true;
        KM_TRY(add_parsed(parser, expr));
    }
    return need_word(parser, "END");
}

/* Behind CAST( */
static km_status cast(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    static const struct {
        const char *name;
        enum km_rule_type type;
    } types[] = {
        {"string", KM_TYPE_STRING},   {"varchar", KM_TYPE_STRING},  {"nvarchar", KM_TYPE_STRING},
        {"text", KM_TYPE_STRING},     {"ntext", KM_TYPE_STRING},    {"int", KM_TYPE_INT},
        {"integer", KM_TYPE_INT},     {"decimal", KM_TYPE_DECIMAL}, {"double", KM_TYPE_DECIMAL},
        {"boolean", KM_TYPE_BOOLEAN}, {"bool", KM_TYPE_BOOLEAN},
    };
    struct km_rule_expr *arg = NULL;
    KM_TRY(km_rule_expr_parse(parser, &arg));
    KM_TRY(need_word(parser, "AS"));
    KM_TRY(wrap(parser, KM_EXPR_CAST, arg, ret));
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++) {
        if (km_rule_take_word(parser, types[i].name)) {
            (*ret)->type = types[i].type;
            return km_rule_need_sign(parser, ")");
        }
    }
    return km_rule_expected(parser, "String, Int, Decimal or Boolean");
}

static km_status call(struct km_rule_parser *parser, struct km_rule_lexer before,
                      struct km_rule_expr **ret)
{
    const struct km_rule_function *function = km_rule_function_find(before.token.text);
    if (function == NULL) {
        parser->lexer = before;
        return km_rule_expected(parser, "the name of a function that there is");
    }
    KM_TRY(km_rule_node(parser, KM_EXPR_CALL, ret));
    (*ret)->function = function;
    KM_TRY(arguments(parser, ")", *ret));
    if ((*ret)->n_args > KM_RULE_ARGUMENTS_MAX)
        return KM_FAIL(parser->err, KM_E_LIMIT, "a function has at most %d arguments",
                       KM_RULE_ARGUMENTS_MAX);
    return KM_OK;
}

static bool is_reserved(const struct km_rule_token *token)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(reserved); i++) {
        if (km_rule_lex_is_word(token, reserved[i]))
            return true;
    }
    return false;
}

/* A word: a constant, CASE, a function's name or a field. */
static km_status word(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    struct km_rule_lexer before = parser->lexer;
    if (is_reserved(&before.token))
        return km_rule_expected(parser, "an expression");
    if (km_rule_take_word(parser, "true"))
        return km_rule_literal(parser, json_true(), ret);
    if (km_rule_take_word(parser, "false"))
        return km_rule_literal(parser, json_false(), ret);
    if (km_rule_take_word(parser, "null"))
        return km_rule_literal(parser, json_null(), ret);
    if (km_rule_take_word(parser, "case"))
        return case_of(parser, ret);
    const char *name = NULL;
    KM_TRY(km_rule_take_name(parser, "a name", &name));
    if (km_rule_take_sign(parser, "(")) {
        if (km_rule_lex_is_word(&before.token, "cast"))
            return cast(parser, ret);
        return call(parser, before, ret);
    }
    KM_TRY(km_rule_node(parser, KM_EXPR_FIELD, ret));
    (*ret)->name = name;
    return KM_OK;
}

static km_status primary(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    const struct km_rule_token *token = &parser->lexer.token;
    if (token->kind == KM_TOKEN_INT || token->kind == KM_TOKEN_DECIMAL)
        return number(parser, ret);
    if (token->kind == KM_TOKEN_STRING)
        return string(parser, ret);
    if (token->kind == KM_TOKEN_NAME)
        return word(parser, ret);
    if (km_rule_take_sign(parser, "*"))
        return km_rule_node(parser, KM_EXPR_PAYLOAD, ret);
    if (km_rule_take_sign(parser, "(")) {
        KM_TRY(km_rule_expr_parse(parser, ret));
        return km_rule_need_sign(parser, ")");
    }
    if (km_rule_take_sign(parser, "[")) {
        KM_TRY(km_rule_node(parser, KM_EXPR_ARRAY, ret));
        return arguments(parser, "]", *ret);
    }
    if (km_rule_take_sign(parser, "{"))
        return object(parser, ret);
    return km_rule_expected(parser, "an expression");
}

/* ---- what goes around it ---- */

/* Members and elements: a.b[0]. */
static km_status postfix(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    struct km_rule_expr *expr = NULL;
    KM_TRY(primary(parser, &expr));
    for (;;) {
        struct km_rule_expr *inner = expr;
        if (km_rule_take_sign(parser, ".")) {
            KM_TRY(wrap(parser, KM_EXPR_MEMBER, inner, &expr));
            KM_TRY(km_rule_take_name(parser, "the name of a member", &expr->name));
        } else if (km_rule_take_sign(parser, "[")) {
            KM_TRY(wrap(parser, KM_EXPR_INDEX, inner, &expr));
            KM_TRY(add_parsed(parser, expr));
            KM_TRY(km_rule_need_sign(parser, "]"));
        } else {
            *ret = expr;
            return KM_OK;
        }
    }
}

/* Signs and NOTs, as many as there are, then what they stand before. */
static km_status prefix(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    bool negates = km_rule_take_word(parser, "not");
    if (!negates && !km_rule_take_sign(parser, "-"))
        return postfix(parser, ret);
    struct km_rule_expr *arg = NULL;
    KM_TRY(climb(parser, negates ? BIND_NOT : BIND_MULTIPLY + 1, &arg));
    return wrap(parser, negates ? KM_EXPR_NOT : KM_EXPR_MINUS, arg, ret);
}

static const struct infix *find_infix(const struct km_rule_token *token)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(infixes); i++) {
        if (infixes[i].is_word ? km_rule_lex_is_word(token, infixes[i].text)
                               : km_rule_lex_is_sign(token, infixes[i].text))
            return &infixes[i];
    }
    return NULL;
}

/* Behind IN: values in parentheses, or one that is an array. */
static km_status in_list(struct km_rule_parser *parser, struct km_rule_expr *expr)
{
    if (km_rule_take_sign(parser, "("))
        return arguments(parser, ")", expr);
    struct km_rule_expr *list = NULL;
    KM_TRY(climb(parser, BIND_COMPARE + 1, &list));
    return km_rule_add(parser, expr, list);
}

static km_status infix_expr(struct km_rule_parser *parser, const struct infix *infix,
                            struct km_rule_expr **expr)
{
    struct km_rule_expr *left = *expr;
    km_rule_lex_next(&parser->lexer);
    KM_TRY(wrap(parser, infix->op == KM_OP_NONE ? KM_EXPR_IN : KM_EXPR_BINARY, left, expr));
    (*expr)->op = infix->op;
    if (infix->op == KM_OP_NONE)
        return in_list(parser, *expr);
    struct km_rule_expr *right = NULL;
    KM_TRY(climb(parser, infix->binds + 1, &right));
    return km_rule_add(parser, *expr, right);
}

static km_status climb_level(struct km_rule_parser *parser, int binds, struct km_rule_expr **ret)
{
    struct km_rule_expr *expr = NULL;
    KM_TRY(prefix(parser, &expr));
    const struct infix *infix = find_infix(&parser->lexer.token);
    while (infix != NULL && infix->binds >= binds) {
        KM_TRY(infix_expr(parser, infix, &expr));
        infix = find_infix(&parser->lexer.token);
    }
    *ret = expr;
    return KM_OK;
}

/* An expression whose operators bind at least that tightly. */
static km_status climb(struct km_rule_parser *parser, int binds, struct km_rule_expr **ret)
{
    if (parser->depth == KM_RULE_DEPTH_MAX)
        return KM_FAIL(parser->err, KM_E_LIMIT, "an expression has at most %d levels",
                       KM_RULE_DEPTH_MAX);
    parser->depth++;
    km_status status = climb_level(parser, binds, ret);
    parser->depth--;
    return status;
}

km_status km_rule_expr_parse(struct km_rule_parser *parser, struct km_rule_expr **ret)
{
    return climb(parser, BIND_OR, ret);
}
