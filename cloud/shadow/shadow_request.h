/* SPDX-License-Identifier: Apache-2.0 */
/* A request's payload, checked as far as that goes without the stored document. */
#ifndef KM_SHADOW_REQUEST_H
#define KM_SHADOW_REQUEST_H

#include "cloud/shadow/shadow.h"

struct km_shadow_body {
    json_t *state; /* owned; update only: an object with the known sections alone, or null */
    json_t *token; /* owned; NULL: the client gave none, or not a good one */
    bool has_version;
    uint64_t version;
};

/*
 * km_shadow_body_parse: KM_OK also when *ret_reason is a rejection; what was understood until then,
 * the token above all, is in *ret. KM_E_NOMEM.
 */
km_status km_shadow_body_parse(struct km_err *err, const struct km_shadow_request *request,
                               struct km_shadow_body *ret, enum km_shadow_reason *ret_reason);

/* km_shadow_body_clear: all zero is allowed. For KM_AUTO. */
void km_shadow_body_clear(struct km_shadow_body *body);

#endif
