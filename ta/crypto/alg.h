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
    KM_ALG_WRAP,
};

/* Bits, because a dual EC key belongs to two. */
#define KM_FAMILY_AES 0x01u
#define KM_FAMILY_HMAC 0x02u
#define KM_FAMILY_SECRET 0x04u
#define KM_FAMILY_RSA 0x08u
#define KM_FAMILY_ECDSA 0x10u
#define KM_FAMILY_ECDH 0x20u
#define KM_FAMILY_DES3 0x40u
#define KM_FAMILY_DSA 0x80u
#define KM_FAMILY_DH 0x100u
#define KM_FAMILY_ED25519 0x200u
#define KM_FAMILY_X25519 0x400u
#define KM_FAMILY_CHACHA20 0x800u
#define KM_FAMILY_ED448 0x1000u
#define KM_FAMILY_X448 0x2000u
#define KM_FAMILY_SYMMETRIC                                                                        \
    (KM_FAMILY_AES | KM_FAMILY_HMAC | KM_FAMILY_SECRET | KM_FAMILY_DES3 | KM_FAMILY_CHACHA20)
#define KM_FAMILY_EC (KM_FAMILY_ECDSA | KM_FAMILY_ECDH)
#define KM_FAMILY_25519 (KM_FAMILY_ED25519 | KM_FAMILY_X25519)
#define KM_FAMILY_448 (KM_FAMILY_ED448 | KM_FAMILY_X448)

/* Decrypting (encrypting) lets its holder compute what the other direction does: both usages are needed. */
#define KM_ALG_BOTH_TO_DECRYPT 0x01u
#define KM_ALG_BOTH_TO_ENCRYPT 0x02u
/* Nothing comes out before the last part: lengths are needed first, or the message is read twice. */
#define KM_ALG_WHOLE 0x04u
/* Output as long as is wished. */
#define KM_ALG_SHAKE 0x08u
/* Two numbers in DER outside, side by side in the Core API. */
#define KM_ALG_TWO_NUMBERS 0x10u
/* Signs the message, not a digest. */
#define KM_ALG_MESSAGE 0x20u
/* The key is two keys side by side. */
#define KM_ALG_TWO_KEYS 0x40u

struct km_alg {
    uint32_t id;         /* enum km_crypto_algorithm */
    uint32_t tee;        /* TEE_ALG_...; 0 for ECDSA: the curve decides */
    uint32_t tee_digest; /* its hash, 0 for none */
    uint8_t class;       /* enum km_alg_class */
    uint8_t digest_len;  /* octets of its hash or MAC */
    uint8_t hash_block;  /* octets, HMAC and the steps of HKDF only */
    uint8_t flags;       /* KM_ALG_... */
    uint8_t block;       /* ciphers: data come in whole blocks of so many octets; 1: any length */
    uint8_t data_min;    /* octets, unless there are none at all */
    uint8_t iv_min, iv_max;
    uint16_t family;   /* of its key, 0 for digests */
    uint32_t tee_type; /* HMAC and the steps of HKDF: the type of its key object */
};

/* km_alg_find: NULL when there is no such algorithm. Static storage. */
const struct km_alg *km_alg_find(uint32_t id);
/* km_alg_tee: TEE_ALG_... for a key of these bits (ECDSA: any digest goes with any curve). */
uint32_t km_alg_tee(const struct km_alg *alg, uint32_t bits);
/* km_alg_deterministic: the row of ECDSA_DETERMINISTIC for a SHA-1 or SHA-2 digest of that length (RFC 6979); NULL for others. */
const struct km_alg *km_alg_deterministic(size_t digest_len);
/* km_alg_key_fits: whether it works with keys of so many bits (its family is right). */
bool km_alg_key_fits(const struct km_alg *alg, uint32_t bits);
/* km_alg_is_concat, ...: which derivation it is; none of these: HKDF, or a digest by its class. */
bool km_alg_is_concat(const struct km_alg *alg);
bool km_alg_is_pbkdf2(const struct km_alg *alg);
bool km_alg_is_extract(const struct km_alg *alg);
bool km_alg_is_expand(const struct km_alg *alg);
/* km_alg_usage: the CLRC usages that a mode needs, all of them; 0 when the algorithm has no such mode. */
uint32_t km_alg_usage(const struct km_alg *alg, uint32_t mode);
/* km_alg_supported: whether this TEE offers it (bits 0: any size). */
bool km_alg_supported(const struct km_alg *alg, uint32_t bits);

struct km_key_type {
    uint32_t type; /* enum km_crypto_key_type */
    uint16_t family;
    bool is_public;
    bool is_pair;
    uint32_t usage;       /* what it may be used for when nothing is said */
    uint32_t other_usage; /* what it may be used for instead; only RSA's has the first in it */
    uint32_t public_type; /* of its public part; KM_CRYPTO_KEY_NONE for symmetric keys */
};

const struct km_key_type *km_key_type_find(uint32_t type);
/* km_family_bits_fit: the same for a single KM_FAMILY_... bit, or both EC ones. */
bool km_family_bits_fit(uint32_t family, uint32_t bits);
/* km_key_bits_fit: whether a key of this type may have so many bits. */
bool km_key_bits_fit(const struct km_key_type *type, uint32_t bits);
/* km_key_usage_fits: one kind of usage or the other, or none at all. */
bool km_key_usage_fits(const struct km_key_type *type, uint32_t usage);
/* km_curve_of: TEE_ECC_CURVE_... for 192, 224, 256, 384, 521; 0 for others. */
uint32_t km_curve_of(uint32_t bits);
/* km_curve_len: octets of a coordinate. */
size_t km_curve_len(uint32_t bits);

#endif
