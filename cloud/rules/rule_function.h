/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of rule SQL: a table of names and what carries them out. */
#ifndef KM_RULE_FUNCTION_H
#define KM_RULE_FUNCTION_H

#include "cloud/rules/rule_eval.h"

struct km_rule_call {
    const struct km_rule_expr *expr; /* as it was written */
    size_t n;                        /* within the bounds of the table's row */
    json_t *const *args;             /* NULL is Undefined; only with sees_undefined */
    int variant;                     /* of the row */
};

/* Returns owned, or NULL: Undefined, or the evaluation has failed (see struct km_rule_eval). */
typedef json_t *km_rule_carry_out(struct km_rule_eval *eval, const struct km_rule_call *call);

struct km_rule_function {
    const char *name;
    unsigned min;
    unsigned max; /* with fewer or more arguments the result is Undefined */
    km_rule_carry_out *carry_out;
    int variant;         /* for functions that share their code */
    bool sees_undefined; /* otherwise one Undefined argument makes the result Undefined */
};

/* km_rule_function_find: whatever its case; NULL when there is none of that name. */
const struct km_rule_function *km_rule_function_find(struct km_slice name);

/* Groups of functions, each in a file of its own; the arrays end with a row without a name. */
extern const struct km_rule_function km_rule_text_functions[];
extern const struct km_rule_function km_rule_number_functions[];
extern const struct km_rule_function km_rule_message_functions[];
extern const struct km_rule_function km_rule_code_functions[];
extern const struct km_rule_function km_rule_regex_functions[];
extern const struct km_rule_function km_rule_time_functions[];

#endif
