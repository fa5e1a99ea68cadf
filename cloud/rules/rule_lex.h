/* SPDX-License-Identifier: Apache-2.0 */
/* The words of rule SQL. There are no comments. */
#ifndef KM_RULE_LEX_H
#define KM_RULE_LEX_H

#include "common/km_bytes.h"

enum km_rule_token_kind {
    KM_TOKEN_END = 0,
    KM_TOKEN_NAME,   /* keywords too: which ones count depends on where they stand */
    KM_TOKEN_STRING, /* in single or double quotes, which double to stand for themselves */
    KM_TOKEN_INT,
    KM_TOKEN_DECIMAL,
    KM_TOKEN_SIGN,        /* one of ( ) { } [ ] , . : * / % + - = < > <> <= >= */
    KM_TOKEN_OPEN_STRING, /* a quote without its partner */
    KM_TOKEN_STRAY,       /* an octet that begins no word */
};

struct km_rule_token {
    enum km_rule_token_kind kind;
    struct km_slice text; /* as it stands, with its quotes; a view of the input */
};

struct km_rule_lexer {
    struct km_slice in;
    size_t pos; /* behind the token */
    struct km_rule_token token;
};

/* km_rule_lex_init: borrows UTF-8 text for as long as it is used; the first token is read. */
void km_rule_lex_init(struct km_rule_lexer *lexer, struct km_slice in, size_t pos);
/* km_rule_lex_next: the next token; END, OPEN_STRING and STRAY stay. */
void km_rule_lex_next(struct km_rule_lexer *lexer);
/* km_rule_lex_is_word: whether it is this keyword, whatever its case. */
bool km_rule_lex_is_word(const struct km_rule_token *token, const char *word);
/* km_rule_lex_is_sign: whether it is this sign. */
bool km_rule_lex_is_sign(const struct km_rule_token *token, const char *sign);
/* km_rule_lex_where: line and column (in octets) of the token, both from 1. */
void km_rule_lex_where(const struct km_rule_lexer *lexer, size_t *ret_line, size_t *ret_column);
/* km_rule_lex_found: the token in words, e.g. "a name"; static storage. */
const char *km_rule_lex_found(const struct km_rule_token *token);

#endif
