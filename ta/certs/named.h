/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioned certificates and requests, and what is special about those that the documents name. */
#ifndef KM_CERTS_NAMED_H
#define KM_CERTS_NAMED_H

#include "ta/certs/gate.h"
#include "ta/certs/stored.h"

/* A name that is part of every device. */
struct km_named_role {
    const char *name;
    const char *public_key; /* name of the key that the crypto application keeps with it */
    bool
        is_device; /* public_key is the device's own and never changes: the certificate has to fit it */
    bool is_anchor;  /* trusted as far as it is an authority's */
    bool is_root;    /* has to be an authority's */
    bool is_command; /* its key verifies commands */
};

/* km_named_roles: all of them. */
const struct km_named_role *km_named_roles(size_t *ret_n);
/* km_named_role: NULL when the name has none. */
const struct km_named_role *km_named_role(struct km_slice name);
/* km_named_read: the DER under a name. ITEM_NOT_FOUND. */
TEE_Result km_named_read(struct km_slice name, uint8_t out[KM_CERTS_DER_MAX],
                         struct km_slice *ret_der);

#endif
