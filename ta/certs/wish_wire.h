/* SPDX-License-Identifier: Apache-2.0 */
/* CHAIN and WISH of VERIFY (certs_protocol.h), for both worlds. Pure; views into the input, which is read to its last octet. */
#ifndef KM_CERTS_WISH_WIRE_H
#define KM_CERTS_WISH_WIRE_H

#include "common/km_bytes.h"
#include "ta/certs/certs_protocol.h"

struct km_certs_chain {
    struct km_slice at[KM_CERTS_CHAIN_MAX];
    size_t n; /* at least 1 */
};

struct km_certs_wish {
    enum km_certs_purpose purpose;
    struct km_slice host;   /* at most KM_CERTS_HOST_MAX octets */
    struct km_slice anchor; /* a name, or empty */
};

KM_MUST_USE bool km_certs_chain_parse(struct km_slice in, struct km_certs_chain *ret);
void km_certs_chain_put(struct km_wr *wr, const struct km_certs_chain *chain);
KM_MUST_USE bool km_certs_wish_parse(struct km_slice in, struct km_certs_wish *ret);
void km_certs_wish_put(struct km_wr *wr, const struct km_certs_wish *wish);

#endif
