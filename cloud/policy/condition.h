/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of a statement: one operator, one key, some values. Decided when they are bound, but for those on the time. */
#ifndef KM_CLOUD_POLICY_CONDITION_H
#define KM_CLOUD_POLICY_CONDITION_H

#include "cloud/policy/pattern.h"
#include "cloud/policy/scalar.h"

enum km_condition_kind {
    KM_CONDITION_STRING = 0,
    KM_CONDITION_STRING_NOCASE,
    KM_CONDITION_LIKE,
    KM_CONDITION_ARN,
    KM_CONDITION_NUMERIC,
    KM_CONDITION_DATE,
    KM_CONDITION_BOOL,
    KM_CONDITION_IP,
    KM_CONDITION_NULL, /* whether the key has a value at all */
};

enum km_condition_relation {
    KM_RELATION_EQUAL = 0,
    KM_RELATION_LESS,
    KM_RELATION_LESS_EQUAL,
    KM_RELATION_GREATER,
    KM_RELATION_GREATER_EQUAL,
};

/* How many of the key's values have to fit. */
enum km_condition_set {
    KM_SET_NONE =
        0,      /* no prefix: the one value; of several any, or all when the operator negates */
    KM_SET_ALL, /* ForAllValues: none at all will do */
    KM_SET_ANY, /* ForAnyValue: */
};

struct km_condition_operator {
    enum km_condition_kind kind;
    enum km_condition_relation relation;
    bool negates;
    enum km_condition_set set;
    bool if_exists;
};

/* km_condition_operator_parse: e.g. "ForAnyValue:StringNotLikeIfExists"; case is not minded. */
KM_MUST_USE bool km_condition_operator_parse(struct km_slice text,
                                             struct km_condition_operator *ret);

#define KM_ARN_PARTS 6u

/* Of an ARN six texts, each between two colons; else one. */
struct km_condition_value {
    struct km_text texts[KM_ARN_PARTS];
};

struct km_condition {
    struct km_condition_operator op;
    struct km_key key;
    const struct km_condition_value *values;
    size_t n_values;
};

/*
 * km_condition_value_parse: text is UTF-8 and stays; the value keeps views. *ret_why: on KM_E_MALFORMED, what is wrong, in lower case;
 * static storage. KM_E_LIMIT, KM_E_NOMEM: of the arena.
 */
km_status km_condition_value_parse(struct km_arena *arena, const struct km_condition_operator *op,
                                   struct km_slice text, struct km_condition_value *ret,
                                   const char **ret_why);
/* km_condition_key_fits: whether the operator can be asked about the key; the time is only for dates and numbers. */
KM_MUST_USE bool km_condition_key_fits(const struct km_condition_operator *op,
                                       const struct km_key *key);

/* A condition on the time, left over for when it is asked. */
struct km_time_clause {
    enum km_condition_relation relation;
    bool negates;
    const struct km_number *values;
    size_t n_values;
};
KM_MUST_USE bool km_time_clause_holds(const struct km_time_clause *clause, int64_t now_s);

struct km_condition_result {
    bool holds;
    bool is_on_time; /* then holds says nothing and clause is to be asked */
    struct km_time_clause clause;
    const struct km_key *missing; /* a key or variable that had no usable value; NULL: none */
};

/*
 * km_condition_bind: decides the condition for a context. A value of the policy with a variable that stands for nothing equals
 * nothing; where that would make a statement that allows fit (a negating operator), the condition does not hold. arena: for what
 * *ret refers to; scratch: memory while it works.
 */
km_status km_condition_bind(struct km_err *err, struct km_arena *arena, struct km_arena *scratch,
                            const struct km_condition *condition, bool allows,
                            const struct km_policy_context *context,
                            struct km_condition_result *ret);

#endif
