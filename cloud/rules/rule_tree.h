/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement is parsed into: expressions, and the rule and the template around them. */
#ifndef KM_RULE_TREE_H
#define KM_RULE_TREE_H

#include "cloud/common/arena.h"
#include "cloud/rules/rule.h"

enum km_rule_kind {
    KM_EXPR_LITERAL = 0, /* value */
    KM_EXPR_PAYLOAD,     /* the message itself: * */
    KM_EXPR_FIELD,       /* its member of that name */
    KM_EXPR_MEMBER,      /* the argument's member of that name */
    KM_EXPR_INDEX,       /* the first argument's element that the second one names */
    KM_EXPR_CALL,        /* function */
    KM_EXPR_CAST,        /* type */
    KM_EXPR_NOT,
    KM_EXPR_MINUS,
    KM_EXPR_BINARY, /* op */
    KM_EXPR_IN,     /* the first argument, in one of the others */
    KM_EXPR_CASE,   /* [subject] (when then)... [else] */
    KM_EXPR_ARRAY,
    KM_EXPR_OBJECT, /* each argument has its label */
};

enum km_rule_op {
    KM_OP_NONE = 0,
    KM_OP_OR,
    KM_OP_AND,
    KM_OP_EQ,
    KM_OP_NE,
    KM_OP_LT,
    KM_OP_LE,
    KM_OP_GT,
    KM_OP_GE,
    KM_OP_ADD,
    KM_OP_SUB,
    KM_OP_MUL,
    KM_OP_DIV,
    KM_OP_MOD,
};

enum km_rule_type { KM_TYPE_STRING = 0, KM_TYPE_INT, KM_TYPE_DECIMAL, KM_TYPE_BOOLEAN };

struct km_rule_function;

struct km_rule_expr {
    enum km_rule_kind kind;
    enum km_rule_op op;
    enum km_rule_type type;
    bool has_subject;  /* of CASE */
    bool has_else;     /* of CASE */
    unsigned depth;    /* levels, itself the first */
    const char *name;  /* of FIELD and MEMBER */
    const char *label; /* under which the list that it stands in knows it; NULL: none */
    json_t *value;     /* of LITERAL; a view of km_rule_code.literals */
    const struct km_rule_function *function;
    size_t n_args;
    struct km_rule_expr *args; /* the first of a list */
    struct km_rule_expr *last; /* of that list */
    struct km_rule_expr *next; /* in the list that it stands in */
};

/* What a compiled text owns. */
struct km_rule_code {
    struct km_arena *arena; /* all expressions */
    json_t *literals;       /* keeps the values of LITERAL */
};
/* km_rule_code_init: KM_E_NOMEM. What was made until then is for km_rule_code_clear. */
km_status km_rule_code_init(struct km_err *err, struct km_rule_code *ret);
void km_rule_code_clear(struct km_rule_code *code);

struct km_rule {
    struct km_rule_code code;
    const char *version;
    struct km_slice filter;     /* in the arena */
    bool is_value;              /* SELECT VALUE: the one item is the output */
    struct km_rule_expr *items; /* with labels; PAYLOAD without one is * */
    struct km_rule_expr *where; /* NULL: none */
};

struct km_rule_template {
    struct km_rule_code code;
    struct km_rule_expr *parts; /* whose texts stand one behind the other; NULL: empty */
    bool is_reserved;           /* it begins with $$ */
};

#endif
