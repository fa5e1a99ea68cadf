/* SPDX-License-Identifier: Apache-2.0 */
/* The two other trusted applications: the one that signs and the one that judges. Their sessions are opened when first needed and kept. */
#ifndef KM_TLSIO_PEERS_H
#define KM_TLSIO_PEERS_H

#include "ta/common/ta_util.h"
#include "ta/crypto/crypto_wire.h"
#include "ta/tlsio/tls.h"

struct km_peers {
    TEE_TASessionHandle crypto, certs;
    struct km_crypto_name key_name; /* empty: there is no named key */
    uint8_t key_id[KM_CRYPTO_ID_LEN];
    uint32_t key;                 /* in the crypto session; 0: not loaded there */
    uint32_t curve_bytes;         /* of an EC key, else 0 */
    struct km_crypto_name anchor; /* empty: all authorities */
};

void km_peers_clear(struct km_peers *peers);

/*
 * km_peers_key: from here on signatures come from the key of that name, and no other that takes its place. *ret_spki by TEE_Malloc,
 * owned. The crypto application's result.
 */
TEE_Result km_peers_key(struct km_peers *peers, struct km_slice name, uint8_t **ret_spki,
                        size_t *ret_len);
/* km_peers_anchor: the only certificate to trust. ITEM_NOT_FOUND. */
TEE_Result km_peers_anchor(struct km_peers *peers, struct km_slice name);
/* km_peers_cert: a provisioned certificate by TEE_Malloc, owned. ITEM_NOT_FOUND. */
TEE_Result km_peers_cert(struct km_peers *peers, struct km_slice name, uint8_t **ret_der,
                         size_t *ret_len);
/* km_peers_certs: all provisioned certificates, blob after blob, as far as they have room; by TEE_Malloc, owned. */
TEE_Result km_peers_certs(struct km_peers *peers, uint8_t **ret_blobs, size_t *ret_len);

/* km_peers_hooks: for tls.h. */
struct km_tls_hooks km_peers_hooks(struct km_peers *peers);

#endif
