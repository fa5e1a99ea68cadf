/* SPDX-License-Identifier: Apache-2.0 */
/* What this application knows of each algorithm and each type of key: two tables. */
#ifndef KM_CRYPTO_ALG_H
#define KM_CRYPTO_ALG_H

#include "ta/crypto/ta.h"

enum km_alg_class {
    KM_ALG_DIGEST = 1,
    KM_ALG_CIPHER,
    KM_ALG_AE,
    KM_ALG_MAC,
    KM_ALG_SIGN,
    KM_ALG_ASYM,
    KM_ALG_AGREE,
    KM_ALG_KDF,
};

/* Bits, because a dual EC key belongs to two. */
#define KM_FAMILY_AES 0x01u
#define KM_FAMILY_HMAC 0x02u
#define KM_FAMILY_SECRET 0x04u
#define KM_FAMILY_RSA 0x08u
#define KM_FAMILY_ECDSA 0x10u
#define KM_FAMILY_ECDH 0x20u
#define KM_FAMILY_SYMMETRIC (KM_FAMILY_AES | KM_FAMILY_HMAC | KM_FAMILY_SECRET)
#define KM_FAMILY_EC (KM_FAMILY_ECDSA | KM_FAMILY_ECDH)

struct km_alg {
    uint32_t id;         /* enum km_crypto_algorithm */
    uint32_t tee;        /* TEE_ALG_...; 0 for ECDSA: the curve decides */
    uint32_t tee_digest; /* its hash, 0 for none */
    uint8_t class;       /* enum km_alg_class */
    uint8_t family;      /* of its key, 0 for digests */
    uint8_t digest_len;  /* octets of its hash or MAC */
    uint8_t hash_block;  /* octets, HMAC only */
    uint32_t tee_type;   /* HMAC: the type of its key object */
};

/* km_alg_find: NULL when there is no such algorithm. Static storage. */
const struct km_alg *km_alg_find(uint32_t id);
/* km_alg_tee: TEE_ALG_... for a key of these bits (ECDSA: any digest goes with any curve). */
uint32_t km_alg_tee(const struct km_alg *alg, uint32_t bits);
/* km_alg_usage: the CLRC usages that a mode needs, all of them; 0 when the algorithm has no such mode. */
uint32_t km_alg_usage(const struct km_alg *alg, uint32_t mode);
/* km_alg_supported: whether this TEE offers it (bits 0: any size). */
bool km_alg_supported(const struct km_alg *alg, uint32_t bits);

struct km_key_type {
    uint32_t type; /* enum km_crypto_key_type */
    uint8_t family;
    bool is_public;
    bool is_pair;
    uint32_t usage;       /* all that it may be used for */
    uint32_t public_type; /* of its public part; KM_CRYPTO_KEY_NONE for symmetric keys */
};

const struct km_key_type *km_key_type_find(uint32_t type);
/* km_family_bits_fit: the same for a single KM_FAMILY_... bit, or both EC ones. */
bool km_family_bits_fit(uint32_t family, uint32_t bits);
/* km_key_bits_fit: whether a key of this type may have so many bits. */
bool km_key_bits_fit(const struct km_key_type *type, uint32_t bits);
/* km_curve_of: TEE_ECC_CURVE_... for 256, 384, 521; 0 for others. */
uint32_t km_curve_of(uint32_t bits);
/* km_curve_len: octets of a coordinate. */
size_t km_curve_len(uint32_t bits);

#endif
