/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that count for a certificate, as texts. */
#ifndef KM_EFFECTIVE_H
#define KM_EFFECTIVE_H

#include "cloud/control/call.h"

struct km_policy_text {
    const char *name;
    const char *document;
};
struct km_policy_texts {
    struct km_policy_text *items; /* of the arena */
    size_t n;
};

/*
 * km_effective_policies: those of the certificate and of the groups of the thing (NULL: of any that is attached). certificate_id NULL:
 * none. more names further ones (an array of texts or NULL) that are added, skip ones that are left out.
 */
km_status km_effective_policies(struct km_call *call, const char *certificate_id, const char *thing,
                                const json_t *more, const json_t *skip,
                                struct km_policy_texts *ret);

#endif
