/* SPDX-License-Identifier: Apache-2.0 */
/* What reading the elements of a document takes: where one is, what is wrong there, memory for what is kept. */
#ifndef KM_CLOUD_POLICY_COMPILER_H
#define KM_CLOUD_POLICY_COMPILER_H

#include <jansson.h>

#include "cloud/policy/compiled.h"

/* "Statement[1].Action[0]"; empty: the document */
struct km_place {
    char text[112];
    size_t len;
};

struct km_compiler {
    struct km_err *err;
    struct km_arena *arena;
    struct km_place place;
};

/* KM_REFUSE: KM_E_MALFORMED, with the place and why, in lower case. */
#define KM_REFUSE(compiler, why)                                                                   \
    km_compiler_refuse((compiler), KM_E_MALFORMED, __FILE__, __LINE__, (why))
km_status km_compiler_refuse(struct km_compiler *compiler, km_status status, const char *file,
                             int line, const char *why);
/* km_compiler_no_memory: for a NULL of the arena. */
km_status km_compiler_no_memory(struct km_compiler *compiler);

/* km_compiler_enter: the place moves to a member; of a name that somebody chose it takes only what can stand in a message. */
void km_compiler_enter(struct km_compiler *compiler, const char *name);
/* km_compiler_count: most elements are a list of which one can stand without its brackets. */
size_t km_compiler_count(const json_t *list);
/* km_compiler_element: the i-th of such a list, and the place moves to it. */
json_t *km_compiler_element(struct km_compiler *compiler, json_t *list, size_t i);
/* km_compiler_leave: back to a place that was copied before. */
void km_compiler_leave(struct km_compiler *compiler, struct km_place before);

/* km_json_text: a view of a string. */
struct km_slice km_json_text(const json_t *json);
/* km_compiler_keep: a copy that outlives the JSON; ptr is NULL when memory is short. */
struct km_slice km_compiler_keep(struct km_compiler *compiler, struct km_slice text);

/* km_statement_read: one element of Statement. */
km_status km_statement_read(struct km_compiler *compiler, json_t *json, struct km_statement *ret);

#endif
