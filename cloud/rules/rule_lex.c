/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/rules/rule_lex.h"

#include <string.h>
#include <strings.h>

/* Longer ones first: the first that fits is taken. */
static const char *const signs[] = {"<>", "<=", ">=", "(", ")", "{", "}", "[", "]", ",",
                                    ".",  ":",  "*",  "/", "%", "+", "-", "=", "<", ">"};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Letters beyond ASCII are not told from other characters there. */
static bool is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static uint8_t octet(struct km_slice in, size_t at)
{
    return at < in.len ? in.ptr[at] : 0;
}

static size_t skip_digits(struct km_slice in, size_t at)
{
    while (is_digit(octet(in, at)))
        at++;
    return at;
}

static struct km_rule_token read_name(struct km_slice in, size_t at)
{
    size_t end = at;
    while (is_name(octet(in, end)) || is_digit(octet(in, end)))
        end++;
    return (struct km_rule_token){KM_TOKEN_NAME, KM_SLICE(in.ptr + at, end - at)};
}

static struct km_rule_token read_number(struct km_slice in, size_t at)
{
    enum km_rule_token_kind kind = KM_TOKEN_INT;
    size_t end = skip_digits(in, at);
    if (octet(in, end) == '.' && is_digit(octet(in, end + 1))) {
        kind = KM_TOKEN_DECIMAL;
        end = skip_digits(in, end + 1);
    }
    if (octet(in, end) == 'e' || octet(in, end) == 'E') {
        size_t digits = end + 1;
        if (octet(in, digits) == '+' || octet(in, digits) == '-')
            digits++;
        if (is_digit(octet(in, digits))) {
            kind = KM_TOKEN_DECIMAL;
            end = skip_digits(in, digits);
        }
    }
    return (struct km_rule_token){kind, KM_SLICE(in.ptr + at, end - at)};
}

static struct km_rule_token read_string(struct km_slice in, size_t at)
{
    uint8_t quote = in.ptr[at];
    size_t end = at + 1;
    while (end < in.len) {
        if (in.ptr[end++] != quote)
            continue;
        if (octet(in, end) != quote)
            return (struct km_rule_token){KM_TOKEN_STRING, KM_SLICE(in.ptr + at, end - at)};
        end++;
    }
    return (struct km_rule_token){KM_TOKEN_OPEN_STRING, KM_SLICE(in.ptr + at, 0)};
}

static struct km_rule_token read_sign(struct km_slice in, size_t at)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(signs); i++) {
        size_t len = strlen(signs[i]);
        if (in.len - at >= len && memcmp(in.ptr + at, signs[i], len) == 0)
            return (struct km_rule_token){KM_TOKEN_SIGN, KM_SLICE(in.ptr + at, len)};
    }
    return (struct km_rule_token){KM_TOKEN_STRAY, KM_SLICE(in.ptr + at, 0)};
}

void km_rule_lex_next(struct km_rule_lexer *lexer)
{
    struct km_slice in = lexer->in;
    size_t at = lexer->pos;
    while (octet(in, at) == ' ' || (octet(in, at) >= '\t' && octet(in, at) <= '\r'))
        at++;
    if (at == in.len)
        lexer->token = (struct km_rule_token){KM_TOKEN_END, KM_SLICE(in.ptr + at, 0)};
    else if (is_name(in.ptr[at]))
        lexer->token = read_name(in, at);
    else if (is_digit(in.ptr[at]))
        lexer->token = read_number(in, at);
    else if (in.ptr[at] == '\'' || in.ptr[at] == '"')
        lexer->token = read_string(in, at);
    else
        lexer->token = read_sign(in, at);
    lexer->pos = at + lexer->token.text.len;
}

void km_rule_lex_init(struct km_rule_lexer *lexer, struct km_slice in, size_t pos)
{
    if (in.ptr == NULL)
        in = KM_SLICE_STR("");
    *lexer = (struct km_rule_lexer){.in = in, .pos = pos};
    km_rule_lex_next(lexer);
}

bool km_rule_lex_is_word(const struct km_rule_token *token, const char *word)
{
    return token->kind == KM_TOKEN_NAME && token->text.len == strlen(word) &&
           strncasecmp((const char *)token->text.ptr, word, token->text.len) == 0;
}

bool km_rule_lex_is_sign(const struct km_rule_token *token, const char *sign)
{
    return token->kind == KM_TOKEN_SIGN && km_slice_equal(token->text, KM_SLICE_STR(sign));
}

void km_rule_lex_where(const struct km_rule_lexer *lexer, size_t *ret_line, size_t *ret_column)
{
    size_t at = (size_t)(lexer->token.text.ptr - lexer->in.ptr);
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++) {
        if (lexer->in.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = at - start + 1;
}

const char *km_rule_lex_found(const struct km_rule_token *token)
{
    switch (token->kind) {
    case KM_TOKEN_END:
        return "the end";
    case KM_TOKEN_NAME:
        return "a name";
    case KM_TOKEN_STRING:
        return "a text";
    case KM_TOKEN_INT:
    case KM_TOKEN_DECIMAL:
        return "a number";
    case KM_TOKEN_SIGN:
        break;
    case KM_TOKEN_OPEN_STRING:
        return "a text without its closing quote";
    case KM_TOKEN_STRAY:
        return "a character that has no meaning here";
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(signs); i++) {
        if (km_rule_lex_is_sign(token, signs[i]))
            return signs[i];
    }
    return "a sign";
}
