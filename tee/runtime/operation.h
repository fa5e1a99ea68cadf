/* SPDX-License-Identifier: Apache-2.0 */
/* An operation: what every class shares, and the hooks each class fills in. */
#ifndef KM_RT_OPERATION_H
#define KM_RT_OPERATION_H

#include "tee/runtime/alg_table.h"
#include "tee/runtime/object.h"

#define KM_RT_DIGEST_MAX 64
#define KM_RT_BLOCK_MAX 16

struct km_rt_operation {
    const struct km_rt_alg *alg;
    uint32_t mode;
    uint32_t max_bits, bits;
    uint32_t handle_flags;
    uint32_t state; /* TEE_OPERATION_STATE_... */

    /* Kept from the moment the key is set, so that a call does nothing but its own work. */
    EVP_MD_CTX *md;
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *pctx;
    uint8_t *secret; /* of derivations, in the locked heap */
    size_t secret_len;

    size_t pending;    /* octets of an incomplete block that libcrypto holds */
    uint32_t salt_len; /* of PSS, as set now in pctx */
    uint32_t tag_len;  /* octets, of AE */
    bool payload_seen;
    uint8_t digest[KM_RT_DIGEST_MAX]; /* while extracting */
    size_t digest_at;
};

/* What a class does; a hook that is NULL has nothing to do. */
struct km_rt_class {
    /* set_key: key was checked. False when memory is short. */
    bool (*set_key)(struct km_rt_operation *op, struct km_rt_object *key);
    /* drop_key: forgets key and state. */
    void (*drop_key)(struct km_rt_operation *op);
    /* reset: back to the initial state, key kept. */
    void (*reset)(struct km_rt_operation *op);
    /* copy: dst has no key and no state of its own. False when memory is short. */
    bool (*copy)(struct km_rt_operation *dst, const struct km_rt_operation *src);
};
extern const struct km_rt_class km_rt_class_digest, km_rt_class_cipher, km_rt_class_ae,
    km_rt_class_mac, km_rt_class_asymmetric, km_rt_class_derive;

/* km_rt_operation_get: panics when it is not a live operation of that class (TEE_OPERATION_...). */
struct km_rt_operation *km_rt_operation_get(TEE_OperationHandle handle, uint32_t op_class);
/* km_rt_operation_keyed: the same, and panics without a key. */
struct km_rt_operation *km_rt_operation_keyed(TEE_OperationHandle handle, uint32_t op_class);
/* km_rt_operation_running: the same, and panics before the Init function. */
struct km_rt_operation *km_rt_operation_running(TEE_OperationHandle handle, uint32_t op_class);
void km_rt_operation_activate(struct km_rt_operation *op);
void km_rt_operation_finish(struct km_rt_operation *op);

/* km_rt_no_overlap: panics when they overlap, unless they start at the same octet. */
void km_rt_no_overlap(const void *src, size_t src_len, const void *dst, size_t dst_len);
/* km_rt_cipher_run: through the operation's cipher; dst has the room. Returns the octets written. */
size_t km_rt_cipher_run(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst);
/* km_rt_cipher_key: the hooks that AE shares with the ciphers. */
bool km_rt_cipher_key(struct km_rt_operation *op, struct km_rt_object *key);
void km_rt_cipher_drop(struct km_rt_operation *op);
bool km_rt_cipher_copy(struct km_rt_operation *dst, const struct km_rt_operation *src);

#endif
