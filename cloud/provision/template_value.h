/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a template: texts, and the functions that make some. Pure. */
#ifndef KM_PROVISION_TEMPLATE_VALUE_H
#define KM_PROVISION_TEMPLATE_VALUE_H

#include <jansson.h>

#include "cloud/provision/template.h"

#define KM_TEMPLATE_LIST_MAX 64u

struct template_values {
    struct km_err *err;
    struct km_arena *arena;
    const json_t *declared; /* "Parameters" */
    const json_t *mappings; /* "Mappings"; NULL: none */
    const struct km_template_pair *parameters;
    size_t n_parameters;
    bool is_in_document; /* of a policy */
    bool is_trial;       /* a parameter's value is not known: what depends on it may be anything */
};

/* template_value: what stands there, as a text of the arena. */
km_status template_value(struct template_values *values, const json_t *value, const char **ret);
/* template_parameter: its value, or its default. KM_E_NOTFOUND: neither is there. */
km_status template_parameter(struct template_values *values, const char *name, const char **ret);
/* template_keep: a copy in the arena. */
km_status template_keep(struct template_values *values, const char *text, size_t len,
                        const char **ret);

#endif
