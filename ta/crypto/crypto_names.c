/* SPDX-License-Identifier: Apache-2.0 */
/* The names of key types, for both worlds: the library's and those of opaque key packages. */
#include <string.h>

#include "ta/crypto/crypto_wire.h"

static const char *const TYPES[] = {
    [KM_CRYPTO_KEY_NONE] = "KEY_NONE",
    [KM_CRYPTO_KEY_AES] = "KEY_AES",
    [KM_CRYPTO_KEY_HMAC] = "KEY_HMAC",
    [KM_CRYPTO_KEY_GENERIC_SECRET] = "KEY_GENERIC_SECRET",
    [KM_CRYPTO_KEY_RSA_PUBLIC] = "KEY_RSA_PUBLIC",
    [KM_CRYPTO_KEY_RSA_KEYPAIR] = "KEY_RSA_KEYPAIR",
    [KM_CRYPTO_KEY_ECDSA_PUBLIC] = "KEY_ECDSA_PUBLIC",
    [KM_CRYPTO_KEY_ECDSA_KEYPAIR] = "KEY_ECDSA_KEYPAIR",
    [KM_CRYPTO_KEY_ECDH_PUBLIC] = "KEY_ECDH_PUBLIC",
    [KM_CRYPTO_KEY_ECDH_KEYPAIR] = "KEY_ECDH_KEYPAIR",
    [KM_CRYPTO_KEY_EC_DUAL_PUBLIC] = "KEY_EC_DUAL_PUBLIC",
    [KM_CRYPTO_KEY_EC_DUAL_KEYPAIR] = "KEY_EC_DUAL_KEYPAIR",
    [KM_CRYPTO_KEY_DES3] = "KEY_DES3",
    [KM_CRYPTO_KEY_DSA_PUBLIC] = "KEY_DSA_PUBLIC",
    [KM_CRYPTO_KEY_DSA_KEYPAIR] = "KEY_DSA_KEYPAIR",
    [KM_CRYPTO_KEY_DH_PUBLIC] = "KEY_DH_PUBLIC",
    [KM_CRYPTO_KEY_DH_KEYPAIR] = "KEY_DH_KEYPAIR",
    [KM_CRYPTO_KEY_ED25519_PUBLIC] = "KEY_ED25519_PUBLIC",
    [KM_CRYPTO_KEY_ED25519_KEYPAIR] = "KEY_ED25519_KEYPAIR",
    [KM_CRYPTO_KEY_X25519_PUBLIC] = "KEY_X25519_PUBLIC",
    [KM_CRYPTO_KEY_X25519_KEYPAIR] = "KEY_X25519_KEYPAIR",
    [KM_CRYPTO_KEY_CHACHA20] = "KEY_CHACHA20",
    [KM_CRYPTO_KEY_ED448_PUBLIC] = "KEY_ED448_PUBLIC",
    [KM_CRYPTO_KEY_ED448_KEYPAIR] = "KEY_ED448_KEYPAIR",
    [KM_CRYPTO_KEY_X448_PUBLIC] = "KEY_X448_PUBLIC",
    [KM_CRYPTO_KEY_X448_KEYPAIR] = "KEY_X448_KEYPAIR",
};

const char *km_crypto_type_name(uint32_t type)
{
    return (size_t)type < KM_ARRAY_LEN(TYPES) ? TYPES[type] : NULL;
}

uint32_t km_crypto_type_find(struct km_slice name)
{
    for (uint32_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        if (km_slice_equal(name, KM_SLICE_STR(TYPES[i])))
            return i;
    }
    return KM_CRYPTO_KEY_NONE;
}
