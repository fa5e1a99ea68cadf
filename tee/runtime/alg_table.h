/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithms this build offers: one row each. Whatever has no row is not supported. */
#ifndef KM_RT_ALG_TABLE_H
#define KM_RT_ALG_TABLE_H

#include "tee/runtime/internal.h"

enum km_rt_hash {
    KM_RT_HASH_NONE = 0,
    KM_RT_MD5,
    KM_RT_SHA1,
    KM_RT_SHA224,
    KM_RT_SHA256,
    KM_RT_SHA384,
    KM_RT_SHA512,
    KM_RT_SM3,
    KM_RT_SHA3_224,
    KM_RT_SHA3_256,
    KM_RT_SHA3_384,
    KM_RT_SHA3_512,
    KM_RT_SHAKE128,
    KM_RT_SHAKE256,
    KM_RT_N_HASHES,
};

struct km_rt_hash_row {
    uint32_t alg;  /* TEE_ALG_... of the digest */
    uint32_t hmac; /* TEE_ALG_HMAC_...; 0 for a digest of any length (XOF) */
    const char *name;
    uint32_t len; /* 0 for a digest of any length */
    bool rare;    /* not fetched before it is used */
    EVP_MD *md;   /* NULL for KM_RT_HASH_NONE, and when memory was short */
};
const struct km_rt_hash_row *km_rt_hash(enum km_rt_hash hash);
/* km_rt_hash_by_alg: one of a fixed length, by digest or HMAC identifier; NULL when unknown or not allowed. */
const struct km_rt_hash_row *km_rt_hash_by_alg(uint32_t alg);

/* What an operation does with libcrypto, beyond its class. */
enum km_rt_scheme {
    KM_RT_DIGEST,
    KM_RT_ECB,
    KM_RT_CBC,
    KM_RT_CTR,
    KM_RT_FEEDBACK, /* OFB and CFB */
    KM_RT_CTS,
    KM_RT_XTS,
    KM_RT_WRAP,
    KM_RT_WRAP_PAD,
    KM_RT_GCM,
    KM_RT_CCM,
    KM_RT_CHACHA,
    KM_RT_CMAC,
    KM_RT_CBC_MAC,
    KM_RT_CBC_MAC_PAD,
    KM_RT_HMAC,
    KM_RT_RSA_PKCS1,
    KM_RT_RSA_PSS,
    KM_RT_RSA_OAEP,
    KM_RT_RSA_ES, /* RSAES-PKCS1-v1_5 */
    KM_RT_RSA_RAW,
    KM_RT_DSA,
    KM_RT_ECDSA,
    KM_RT_ECDSA_FIXED, /* RFC 6979 */
    KM_RT_EDDSA,       /* Ed25519 and Ed448 */
    KM_RT_ECDH,
    KM_RT_ECX, /* X25519 and X448 */
    KM_RT_DH,
    KM_RT_HKDF,
    KM_RT_CONCAT_KDF,
    KM_RT_PBKDF2,
};

#define KM_RT_MODE(mode) (1u << (mode))
#define KM_RT_SIZES 3

struct km_rt_alg {
    uint32_t alg;
    uint8_t op_class; /* TEE_OPERATION_... */
    uint8_t scheme;   /* enum km_rt_scheme */
    uint8_t hash;     /* enum km_rt_hash */
    uint8_t block;    /* octets; 0 or 1 for a stream */
    uint8_t iv_len;   /* exact; 0 for none; nonces of AE are checked by ae.c */
    bool rare;        /* nothing is fetched before it is used */
    uint32_t modes;   /* KM_RT_MODE(TEE_MODE_...) */
    uint32_t key_type;
    uint32_t other_key_type; /* also taken: the public half, or another spelling; 0 for none */
    const char
        *cipher[KM_RT_SIZES]; /* libcrypto's names for 128, 192, 256 bits; the first one for DES */
};

/* km_rt_alg_find: NULL when this build, or this TA, has no such algorithm. */
const struct km_rt_alg *km_rt_alg_find(uint32_t alg);
/* km_rt_alg_allowed: whether the host lets the TA use it with keys of that many bits; 0 for any size. */
bool km_rt_alg_allowed(uint32_t alg, uint32_t bits);
/* km_rt_alg_has_cipher: whether the algorithm takes keys of that many bits, as far as its cipher goes. */
bool km_rt_alg_has_cipher(const struct km_rt_alg *alg, uint32_t bits);
/* km_rt_alg_cipher: for a key of that many bits, fetched now if it was not; NULL when there is none or memory is short. */
const EVP_CIPHER *km_rt_alg_cipher(const struct km_rt_alg *alg, uint32_t bits);
/* The other things that are fetched once. */
EVP_MAC *km_rt_mac(enum km_rt_scheme scheme);
EVP_KDF *km_rt_kdf(enum km_rt_scheme scheme);
/* km_rt_alg_warm: fetches what is often used from the private library context; the rest waits until it is needed. */
km_status km_rt_alg_warm(struct km_err *err);
void km_rt_alg_forget(void);

#endif
