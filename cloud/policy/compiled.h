/* SPDX-License-Identifier: Apache-2.0 */
/* What a document is compiled to: between document.c, which makes it, and bind.c, which reads it. */
#ifndef KM_CLOUD_POLICY_COMPILED_H
#define KM_CLOUD_POLICY_COMPILED_H

#include "cloud/policy/condition.h"

struct km_statement {
    bool allows;
    uint32_t actions; /* bit n: enum km_policy_action n */
    bool is_not_resource;
    const struct km_text *resources;
    size_t n_resources;
    const struct km_condition *conditions;
    size_t n_conditions;
    struct km_slice sid;
};

struct km_policy {
    struct km_arena *arena; /* everything below, and the texts that it views */
    const struct km_statement *statements;
    size_t n_statements;
};

#endif
