/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/alg.h"

bool km_family_bits_fit(uint32_t family, uint32_t bits)
{
    switch (family) {
    case KM_FAMILY_AES:
        return bits == 128 || bits == 192 || bits == 256 || bits == 512;
    case KM_FAMILY_DES3:
        return bits == 128 || bits == 192;
    case KM_FAMILY_CHACHA20:
    case KM_FAMILY_ED25519:
    case KM_FAMILY_X25519:
        return bits == 256;
    case KM_FAMILY_ED448:
    case KM_FAMILY_X448:
        return bits == 448;
    case KM_FAMILY_DSA:
        return bits == 1024 || bits == 2048 || bits == 3072;
    case KM_FAMILY_DH:
        return bits == 2048 || bits == 3072 || bits == 4096;
    case KM_FAMILY_HMAC:
        return bits >= 64 && bits <= 4096 && bits % 8 == 0;
    case KM_FAMILY_SECRET:
        return bits >= 8 && bits <= 4096 && bits % 8 == 0;
    case KM_FAMILY_RSA:
        return bits >= 2048 && bits <= 4096 && bits % 8 == 0;
    default:
        return km_curve_of(bits) != 0;
    }
}

#define CRYPT (KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT)
#define SIGN (KM_CRYPTO_USAGE_SIGN | KM_CRYPTO_USAGE_VERIFY)
#define WRAP (KM_CRYPTO_USAGE_WRAP | KM_CRYPTO_USAGE_UNWRAP)
/* A key that wraps keys and decrypts data would show the keys. */
#define SECRET(name, usage, other)                                                                 \
    {                                                                                              \
        KM_CRYPTO_KEY_##name, KM_FAMILY_##name, false, false, usage, other, KM_CRYPTO_KEY_NONE     \
    }
#define ASYMMETRIC(name, family, public_usage, pair_usage)                                         \
    {KM_CRYPTO_KEY_##name##_PUBLIC, family, true, false, public_usage, 0,                          \
     KM_CRYPTO_KEY_##name##_PUBLIC},                                                               \
    {                                                                                              \
        KM_CRYPTO_KEY_##name##_KEYPAIR, family, false, true, pair_usage, 0,                        \
            KM_CRYPTO_KEY_##name##_PUBLIC                                                          \
    }

static const struct km_key_type TYPES[] = {
    SECRET(AES, CRYPT | KM_CRYPTO_USAGE_MAC, WRAP),
    SECRET(HMAC, KM_CRYPTO_USAGE_MAC, 0),
    {KM_CRYPTO_KEY_GENERIC_SECRET, KM_FAMILY_SECRET, false, false, KM_CRYPTO_USAGE_DERIVE, 0,
     KM_CRYPTO_KEY_NONE},
    SECRET(DES3, CRYPT | KM_CRYPTO_USAGE_MAC, 0),
    SECRET(CHACHA20, CRYPT, 0),
    /* RSA keys may wrap beside all else: with the public half anybody can, and with DECRYPT one sees what UNWRAP opens. */
    {KM_CRYPTO_KEY_RSA_PUBLIC, KM_FAMILY_RSA, true, false,
     KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_VERIFY,
     KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_VERIFY | KM_CRYPTO_USAGE_WRAP,
     KM_CRYPTO_KEY_RSA_PUBLIC},
    {KM_CRYPTO_KEY_RSA_KEYPAIR, KM_FAMILY_RSA, false, true, CRYPT | SIGN, CRYPT | SIGN | WRAP,
     KM_CRYPTO_KEY_RSA_PUBLIC},
    ASYMMETRIC(ECDSA, KM_FAMILY_ECDSA, KM_CRYPTO_USAGE_VERIFY, SIGN),
    ASYMMETRIC(ECDH, KM_FAMILY_ECDH, 0, KM_CRYPTO_USAGE_DERIVE),
    ASYMMETRIC(EC_DUAL, KM_FAMILY_EC, KM_CRYPTO_USAGE_VERIFY, SIGN | KM_CRYPTO_USAGE_DERIVE),
    ASYMMETRIC(DSA, KM_FAMILY_DSA, KM_CRYPTO_USAGE_VERIFY, SIGN),
    ASYMMETRIC(DH, KM_FAMILY_DH, 0, KM_CRYPTO_USAGE_DERIVE),
    ASYMMETRIC(ED25519, KM_FAMILY_ED25519, KM_CRYPTO_USAGE_VERIFY, SIGN),
    ASYMMETRIC(X25519, KM_FAMILY_X25519, 0, KM_CRYPTO_USAGE_DERIVE),
    ASYMMETRIC(ED448, KM_FAMILY_ED448, KM_CRYPTO_USAGE_VERIFY, SIGN),
    ASYMMETRIC(X448, KM_FAMILY_X448, 0, KM_CRYPTO_USAGE_DERIVE),
};

const struct km_key_type *km_key_type_find(uint32_t type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        if (TYPES[i].type == type)
            return &TYPES[i];
    }
    return NULL;
}

bool km_key_bits_fit(const struct km_key_type *type, uint32_t bits)
{
    return km_family_bits_fit(type->family, bits);
}

bool km_key_usage_fits(const struct km_key_type *type, uint32_t usage)
{
    return (usage & ~type->usage) == 0 || (usage & ~type->other_usage) == 0;
}

uint32_t km_curve_of(uint32_t bits)
{
    switch (bits) {
    case 192:
        return TEE_ECC_CURVE_NIST_P192;
    case 224:
        return TEE_ECC_CURVE_NIST_P224;
    case 256:
        return TEE_ECC_CURVE_NIST_P256;
    case 384:
        return TEE_ECC_CURVE_NIST_P384;
    case 521:
        return TEE_ECC_CURVE_NIST_P521;
    default:
        return 0;
    }
}

size_t km_curve_len(uint32_t bits)
{
    return (bits + 7u) / 8u;
}
