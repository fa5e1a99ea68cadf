/* SPDX-License-Identifier: Apache-2.0 */
/* An operation: what every class shares, and the hooks each class fills in. */
#ifndef KM_RT_OPERATION_H
#define KM_RT_OPERATION_H

#include "tee/runtime/alg_table.h"
#include "tee/runtime/object.h"

#define KM_RT_DIGEST_MAX 64
#define KM_RT_BLOCK_MAX 16
#define KM_RT_TAIL_MAX (2 * KM_RT_BLOCK_MAX) /* what stealing modes keep back */
#define KM_RT_CCM_NONCE_MAX 13

/* Octets gathered for an algorithm that libcrypto runs over all of them at once. */
struct km_rt_collected {
    uint8_t *bytes;
    size_t len, cap;
};

struct km_rt_operation {
    const struct km_rt_alg *alg;
    uint32_t mode;
    uint32_t max_bits, bits;
    uint32_t asked_bits; /* maxKeySize as the TA put it */
    uint32_t handle_flags;
    uint32_t state; /* TEE_OPERATION_STATE_... */

    /* Kept from the moment the key is set, so that a call does nothing but its own work. */
    EVP_MD_CTX *md;
    EVP_CIPHER_CTX *cipher;
    EVP_CIPHER_CTX *aside[2]; /* CTS: the last blocks; XTS: the tweak forth and back */
    EVP_MAC_CTX *mac;
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *pctx;
    uint8_t *secret; /* what is kept beside pkey, in the locked heap */
    size_t secret_len;
    size_t width; /* octets of one half of a signature */

    size_t pending;    /* octets that came in and did not go out */
    uint32_t salt_len; /* of PSS, as set now in pctx */
    uint32_t tag_len;  /* octets, of AE */
    bool payload_seen;
    uint8_t digest[KM_RT_DIGEST_MAX]; /* while extracting; CBC-MAC: the last block */
    size_t digest_at;
    uint8_t held[KM_RT_TAIL_MAX]; /* stealing modes: the pending octets */
    uint8_t
        chain[KM_RT_BLOCK_MAX]; /* XTS: the tweak of the next block; key wrap: the initial value */
    struct {
        uint8_t nonce[KM_RT_CCM_NONCE_MAX];
        size_t nonce_len, aad_len, payload_len; /* as announced */
    } ccm;
    struct km_rt_collected collected; /* CCM: additional data, then payload; key wrap: its text */
};

/* What a class does; a hook that is NULL has nothing to do. */
struct km_rt_class {
    /* set_key: key was checked. False when memory is short. */
    bool (*set_key)(struct km_rt_operation *op, struct km_rt_object *key);
    /* set_keys: for two keys; both were checked, and are of one size and different. NULL: the class has no such algorithm. */
    bool (*set_keys)(struct km_rt_operation *op, struct km_rt_object *key1,
                     struct km_rt_object *key2);
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
/* km_rt_cipher_ctx: a context for one direction with that key. Returns owned or NULL. */
EVP_CIPHER_CTX *km_rt_cipher_ctx(const EVP_CIPHER *cipher, struct km_slice key, bool encrypt);
/* km_rt_cipher_ctx_for: the same with the algorithm's cipher for a key of that length. */
EVP_CIPHER_CTX *km_rt_cipher_ctx_for(const struct km_rt_alg *alg, struct km_slice key,
                                     bool encrypt);
/* km_rt_cipher_ctx_copy: *dst becomes an owned copy, NULL of NULL. False when memory is short. */
bool km_rt_cipher_ctx_copy(EVP_CIPHER_CTX **dst, const EVP_CIPHER_CTX *src);

/* km_rt_keep_secret: a copy of it in op->secret. False when memory is short. */
bool km_rt_keep_secret(struct km_rt_operation *op, struct km_slice secret);
void km_rt_forget_secret(struct km_rt_operation *op);

/* ---- collect.c ---- */

#define KM_RT_COLLECT_MAX ((size_t)1 << 20)

/* km_rt_collect: adds len octets, KM_RT_COLLECT_MAX at most. False when that or memory is short. */
bool km_rt_collect(struct km_rt_collected *all, const void *bytes, size_t len);
/* km_rt_collect_clear: wipes and frees. */
void km_rt_collect_clear(struct km_rt_collected *all);

/* ---- steal.c: CBC with ciphertext stealing, and XTS ---- */

static inline bool km_rt_steals(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_CTS || op->alg->scheme == KM_RT_XTS;
}
/* km_rt_steal_key: key2 is empty for CTS. False when memory is short. */
bool km_rt_steal_key(struct km_rt_operation *op, struct km_slice key1, struct km_slice key2);
void km_rt_steal_start(struct km_rt_operation *op, const uint8_t iv[KM_RT_BLOCK_MAX]);
/* km_rt_steal_ready: how many of total octets, held ones included, can go out before the end is known. */
size_t km_rt_steal_ready(size_t total);
#define KM_RT_STEAL_PIECE 4096
/* km_rt_steal_whole: a whole text at once, where that is possible; false where it must be cut. */
bool km_rt_steal_whole(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst);
/* km_rt_steal_run: at most KM_RT_STEAL_PIECE octets. Returns the octets written. */
size_t km_rt_steal_run(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst);
/* km_rt_steal_final: what is held, a block or more. Returns the octets written. */
size_t km_rt_steal_final(struct km_rt_operation *op, uint8_t *dst);

/* ---- wrap.c: AES key wrap ---- */

static inline bool km_rt_wraps(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_WRAP || op->alg->scheme == KM_RT_WRAP_PAD;
}
/* km_rt_wrap_collect: OUT_OF_MEMORY when it becomes more than a key can be. */
TEE_Result km_rt_wrap_collect(struct km_rt_operation *op, const void *src, size_t len);
/* km_rt_wrap_start: panics unless iv is none or of the length that the algorithm has. */
void km_rt_wrap_start(struct km_rt_operation *op, const void *iv, size_t iv_len);
TEE_Result km_rt_wrap_final(struct km_rt_operation *op, const void *src, size_t len, void *dst,
                            size_t *dst_len);

/* ---- ccm.c ---- */

/* km_rt_ccm_start: NOT_SUPPORTED for lengths that CCM does not have, OUT_OF_MEMORY for more than is collected. */
TEE_Result km_rt_ccm_start(struct km_rt_operation *op, struct km_slice nonce, uint32_t tag_bits,
                           size_t aad_len, size_t payload_len);
void km_rt_ccm_aad(struct km_rt_operation *op, const void *aad, size_t len);
void km_rt_ccm_payload(struct km_rt_operation *op, const void *src, size_t len);
/*
 * km_rt_ccm_final: last ends the payload, all of which goes to dst, where last may lie; tag is made or compared. False when it
 * does not fit.
 */
bool km_rt_ccm_final(struct km_rt_operation *op, struct km_slice last, uint8_t *dst, uint8_t *tag);

/* ---- rs_pair.c: r and s side by side outside, DER inside libcrypto ---- */

#define KM_RT_RS_HALF_MAX 66
#define KM_RT_RS_DER_MAX (3 + 2 * (3 + KM_RT_RS_HALF_MAX))
bool km_rt_rs_from_der(struct km_slice der, size_t width, uint8_t out[2 * KM_RT_RS_HALF_MAX]);
bool km_rt_rs_to_der(const uint8_t *rs, size_t width, uint8_t out[KM_RT_RS_DER_MAX],
                     size_t *ret_len);

/* ---- rsa_es.c: RSAES-PKCS1-v1_5 without an error that tells ---- */

/* km_rt_rsa_es_secret: what a false ciphertext is answered from, kept in op->secret. False when memory is short. */
bool km_rt_rsa_es_secret(struct km_rt_operation *op, struct km_rt_object *key);
/*
 * km_rt_rsa_es_open: the text in the width octets of block that the private key made of the ciphertext. Of a block that is
 * none it makes up a text that depends on key and ciphertext alone. *ret_at and *ret_len say where in block it stands.
 */
bool km_rt_rsa_es_open(const struct km_rt_operation *op, struct km_slice ciphertext, uint8_t *block,
                       size_t *ret_at, size_t *ret_len);

/* ---- ecdsa_fixed.c: ECDSA with the nonce of RFC 6979 ---- */

/* km_rt_ecdsa_fixed: r and s, op->width octets each. False when memory is short or libcrypto failed. */
bool km_rt_ecdsa_fixed(const struct km_rt_operation *op, struct km_slice digest,
                       uint8_t out[2 * KM_RT_RS_HALF_MAX]);

/* ---- eddsa.c ---- */

/* km_rt_eddsa_sign, km_rt_eddsa_verify: over the message itself; signatures of twice op->width octets. OUT_OF_MEMORY; SIGNATURE_INVALID. */
TEE_Result km_rt_eddsa_sign(struct km_rt_operation *op, const void *message, size_t len,
                            uint8_t out[2 * KM_RT_RAW_KEY_MAX]);
TEE_Result km_rt_eddsa_verify(struct km_rt_operation *op, const void *message, size_t len,
                              const uint8_t signature[2 * KM_RT_RAW_KEY_MAX]);

#endif
