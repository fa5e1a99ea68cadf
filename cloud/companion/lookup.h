/* SPDX-License-Identifier: Apache-2.0 */
/* What the runner of functions asks of the registry. */
#ifndef COMPANION_LOOKUP_H
#define COMPANION_LOOKUP_H

#include "cloud/functions/runner.h"
#include "cloud/registry/registry.h"

struct lookup {
    struct km_registry *registry; /* borrowed */
    const char *region;
    struct km_arena *arena; /* of the function that is loaded */
    struct km_function_config *config;
    struct km_function_name name;
    int64_t number; /* of its version */
    char version[24], code_id[64];
    void (*note)(const struct km_err *err, const char *function);
};

/* lookup_init / _clear; note is what the runner's notes go to. */
km_status lookup_init(struct km_err *err, struct km_registry *registry, const char *region,
                      void (*note)(const struct km_err *err, const char *function),
                      struct lookup *ret);
void lookup_clear(struct lookup *lookup);
/* lookup_calls: for km_runner_new; lookup is borrowed by them. */
struct km_runner_calls lookup_calls(struct lookup *lookup);
/*
 * lookup_permits: whether the function's policy lets rules of iot.amazonaws.com call it for that rule. KM_E_DENIED, KM_E_NOTFOUND, or what
 * the registry says.
 */
km_status lookup_permits(struct km_err *err, struct lookup *lookup, const char *account,
                         const struct km_function_name *function, const char *rule_arn);

#endif
