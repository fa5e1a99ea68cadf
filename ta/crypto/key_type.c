/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/alg.h"

bool km_family_bits_fit(uint32_t family, uint32_t bits)
{
    switch (family) {
    case KM_FAMILY_AES:
        return bits == 128 || bits == 192 || bits == 256;
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

static const struct km_key_type TYPES[] = {
    {KM_CRYPTO_KEY_AES, KM_FAMILY_AES, false, false,
     KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT | KM_CRYPTO_USAGE_MAC, KM_CRYPTO_KEY_NONE},
    {KM_CRYPTO_KEY_HMAC, KM_FAMILY_HMAC, false, false, KM_CRYPTO_USAGE_MAC, KM_CRYPTO_KEY_NONE},
    {KM_CRYPTO_KEY_GENERIC_SECRET, KM_FAMILY_SECRET, false, false, KM_CRYPTO_USAGE_DERIVE,
     KM_CRYPTO_KEY_NONE},
    {KM_CRYPTO_KEY_RSA_PUBLIC, KM_FAMILY_RSA, true, false,
     KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_VERIFY, KM_CRYPTO_KEY_RSA_PUBLIC},
    {KM_CRYPTO_KEY_RSA_KEYPAIR, KM_FAMILY_RSA, false, true,
     KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT | KM_CRYPTO_USAGE_SIGN |
         KM_CRYPTO_USAGE_VERIFY,
     KM_CRYPTO_KEY_RSA_PUBLIC},
    {KM_CRYPTO_KEY_ECDSA_PUBLIC, KM_FAMILY_ECDSA, true, false, KM_CRYPTO_USAGE_VERIFY,
     KM_CRYPTO_KEY_ECDSA_PUBLIC},
    {KM_CRYPTO_KEY_ECDSA_KEYPAIR, KM_FAMILY_ECDSA, false, true,
     KM_CRYPTO_USAGE_SIGN | KM_CRYPTO_USAGE_VERIFY, KM_CRYPTO_KEY_ECDSA_PUBLIC},
    {KM_CRYPTO_KEY_ECDH_PUBLIC, KM_FAMILY_ECDH, true, false, 0, KM_CRYPTO_KEY_ECDH_PUBLIC},
    {KM_CRYPTO_KEY_ECDH_KEYPAIR, KM_FAMILY_ECDH, false, true, KM_CRYPTO_USAGE_DERIVE,
     KM_CRYPTO_KEY_ECDH_PUBLIC},
    {KM_CRYPTO_KEY_EC_DUAL_PUBLIC, KM_FAMILY_EC, true, false, KM_CRYPTO_USAGE_VERIFY,
     KM_CRYPTO_KEY_EC_DUAL_PUBLIC},
    {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, KM_FAMILY_EC, false, true,
     KM_CRYPTO_USAGE_SIGN | KM_CRYPTO_USAGE_VERIFY | KM_CRYPTO_USAGE_DERIVE,
     KM_CRYPTO_KEY_EC_DUAL_PUBLIC},
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

uint32_t km_curve_of(uint32_t bits)
{
    switch (bits) {
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
