/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of expressions over one message. A value is a json_t; NULL is Undefined. An evaluation that
 * fails (steps or memory run out) latches why in its status, and every value is NULL from then on.
 */
#ifndef KM_RULE_EVAL_H
#define KM_RULE_EVAL_H

#include "cloud/rules/rule_tree.h"

struct km_rule_eval {
    const struct km_rule_message *message;
    const struct km_rule_host *host; /* with NULL functions where the caller gave none */
    const char *version;
    json_t *payload;  /* NULL: the message is no JSON */
    size_t steps;     /* that are left */
    km_status status; /* KM_OK: go on */
};

/* km_rule_eval_init: borrows message and host until clear; KM_E_LIMIT for a message too long. */
km_status km_rule_eval_init(struct km_err *err, const char *version,
                            const struct km_rule_message *message, const struct km_rule_host *host,
                            struct km_rule_eval *ret);
void km_rule_eval_clear(struct km_rule_eval *eval);
/* km_rule_eval_status: KM_OK, or the latched failure with its sentence. */
km_status km_rule_eval_status(struct km_err *err, const struct km_rule_eval *eval);

/* km_rule_value_of: the expression's value. Returns owned. */
json_t *km_rule_value_of(struct km_rule_eval *eval, const struct km_rule_expr *expr);

/* ---- for operators and functions ---- */

/* km_rule_spend: takes that many steps; false, and a failure, when there are fewer. */
KM_MUST_USE bool km_rule_spend(struct km_rule_eval *eval, size_t steps);
/* km_rule_spend_tree: one for each value that is inside. */
KM_MUST_USE bool km_rule_spend_tree(struct km_rule_eval *eval, const json_t *value);
/* km_rule_made: latches that memory was short when value is NULL; returns it. */
json_t *km_rule_made(struct km_rule_eval *eval, json_t *value);

/* Whole numbers are Int whenever a double holds them exactly: 10.0 is 10, as of version 2016-03-23. */
struct km_rule_number {
    bool is_int;
    int64_t i; /* if is_int */
    double d;  /* always */
};
/* km_rule_number_of: of a number, or a text that looks like one; false for everything else. */
KM_MUST_USE bool km_rule_number_of(const json_t *value, struct km_rule_number *ret);
/* km_rule_number_of_text: -?[0-9]+(.[0-9]+)?([eE][+-]?[0-9]+)? of at most 64 characters, else false. */
KM_MUST_USE bool km_rule_number_of_text(const char *text, size_t len, struct km_rule_number *ret);
/* km_rule_floor_of: rounded down; false when that is no int64, or no number at all. */
KM_MUST_USE bool km_rule_floor_of(const json_t *value, int64_t *ret);
/* km_rule_clamp_of: the same, kept within the two bounds. */
KM_MUST_USE bool km_rule_clamp_of(const json_t *value, int64_t min, int64_t max, int64_t *ret);
/* km_rule_truth_of: of a Boolean, or "true" and "false" in any case. */
KM_MUST_USE bool km_rule_truth_of(const json_t *value, bool *ret);

/* A value as text: a view of the string itself, or of what was printed for it. */
struct km_rule_text {
    const char *ptr;
    size_t len;
    struct km_json_text owned;
};
/* km_rule_text_of: false for null and Undefined, and when the evaluation fails. */
KM_MUST_USE bool km_rule_text_of(struct km_rule_eval *eval, const json_t *value,
                                 struct km_rule_text *ret);
void km_rule_text_clear(struct km_rule_text *text);
/* km_rule_chars: how many characters (code points) UTF-8 has. */
size_t km_rule_chars(const char *ptr, size_t len);
/* km_rule_char_at: where in the octets the character of that number begins; len when there is none. */
size_t km_rule_char_at(const char *ptr, size_t len, size_t number);

/* Makers of results; each returns owned or fails the evaluation. */
json_t *km_rule_int(struct km_rule_eval *eval, int64_t value);
/* km_rule_real: Undefined unless finite; a whole number becomes an Int. */
json_t *km_rule_real(struct km_rule_eval *eval, double value);
/* km_rule_string: of UTF-8 bytes; KM_E_LIMIT beyond KM_RULE_PAYLOAD_MAX. */
json_t *km_rule_string(struct km_rule_eval *eval, const char *ptr, size_t len);
/* km_rule_join: the same of parts, one behind the other. */
json_t *km_rule_join(struct km_rule_eval *eval, const struct km_slice *parts, size_t n_parts);

/* km_rule_operate: of two values; NULL is Undefined. */
json_t *km_rule_operate(struct km_rule_eval *eval, enum km_rule_op op, const json_t *left,
                        const json_t *right);
/* km_rule_cast_to: as cast() does. */
json_t *km_rule_cast_to(struct km_rule_eval *eval, enum km_rule_type type, json_t *value);
/* km_rule_element_of: as get() does. */
json_t *km_rule_element_of(struct km_rule_eval *eval, const json_t *from, const json_t *key);

#endif
