/* SPDX-License-Identifier: Apache-2.0 */
/* The state of parsing one text, and the part of it that reads expressions. */
#ifndef KM_RULE_PARSE_H
#define KM_RULE_PARSE_H

#include "cloud/rules/rule_lex.h"
#include "cloud/rules/rule_tree.h"

struct km_rule_parser {
    struct km_err *err;
    struct km_rule_lexer lexer;
    struct km_rule_code *code;
    size_t n_nodes;
    unsigned depth; /* of expressions that are not finished */
};

/* km_rule_expected: KM_E_MALFORMED with what was wanted, where, and what stands there. */
km_status km_rule_expected(struct km_rule_parser *parser, const char *what);
/* km_rule_take_word, km_rule_take_sign: whether it stood there; it is read then. */
bool km_rule_take_word(struct km_rule_parser *parser, const char *word);
bool km_rule_take_sign(struct km_rule_parser *parser, const char *sign);
/* km_rule_need_sign: KM_E_MALFORMED when it does not. */
km_status km_rule_need_sign(struct km_rule_parser *parser, const char *sign);
/* km_rule_take_name: the name that stands there, keyword or not, copied with a NUL. */
km_status km_rule_take_name(struct km_rule_parser *parser, const char *what, const char **ret);
/* km_rule_take_string: the text that stands there, without quotes, copied with a NUL. */
km_status km_rule_take_string(struct km_rule_parser *parser, const char *what,
                              struct km_slice *ret);

/* km_rule_node: a new expression of that kind without arguments. */
km_status km_rule_node(struct km_rule_parser *parser, enum km_rule_kind kind,
                       struct km_rule_expr **ret);
/* km_rule_add: puts an argument at the end; KM_E_LIMIT when it gets too deep. */
km_status km_rule_add(struct km_rule_parser *parser, struct km_rule_expr *expr,
                      struct km_rule_expr *arg);
/* km_rule_literal: a new LITERAL; takes value, also when it fails; NULL means no memory. */
km_status km_rule_literal(struct km_rule_parser *parser, json_t *value, struct km_rule_expr **ret);

/* km_rule_expr_parse: one expression, as far as it goes. */
km_status km_rule_expr_parse(struct km_rule_parser *parser, struct km_rule_expr **ret);

#endif
