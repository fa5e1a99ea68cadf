/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/object_table.h"

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>

#define ONE(id)                                                                                    \
    {                                                                                              \
        {                                                                                          \
            id, KM_RT_MUST, KM_RT_GEN_NOT, NULL                                                    \
        }                                                                                          \
    }
static const struct km_rt_attr_rule secret_rules[] = ONE(TEE_ATTR_SECRET_VALUE);
static const struct km_rt_attr_rule ikm_rules[] = ONE(TEE_ATTR_HKDF_IKM);
static const struct km_rt_attr_rule z_rules[] = ONE(TEE_ATTR_CONCAT_KDF_Z);
static const struct km_rt_attr_rule password_rules[] = ONE(TEE_ATTR_PBKDF2_PASSWORD);
/* Key pairs hold the rules of their public half first. */
static const struct km_rt_attr_rule rsa_rules[] = {
    {TEE_ATTR_RSA_MODULUS, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_N},
    {TEE_ATTR_RSA_PUBLIC_EXPONENT, KM_RT_MUST, KM_RT_GEN_MAY, OSSL_PKEY_PARAM_RSA_E},
    {TEE_ATTR_RSA_PRIVATE_EXPONENT, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_D},
    {TEE_ATTR_RSA_PRIME1, KM_RT_GROUP, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_FACTOR1},
    {TEE_ATTR_RSA_PRIME2, KM_RT_GROUP, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_FACTOR2},
    {TEE_ATTR_RSA_EXPONENT1, KM_RT_GROUP, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {TEE_ATTR_RSA_EXPONENT2, KM_RT_GROUP, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_EXPONENT2},
    {TEE_ATTR_RSA_COEFFICIENT, KM_RT_GROUP, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};
static const struct km_rt_attr_rule ec_rules[] = {
    {TEE_ATTR_ECC_PUBLIC_VALUE_X, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_EC_PUB_X},
    {TEE_ATTR_ECC_PUBLIC_VALUE_Y, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_EC_PUB_Y},
    {TEE_ATTR_ECC_CURVE, KM_RT_MUST, KM_RT_GEN_MUST, NULL},
    {TEE_ATTR_ECC_PRIVATE_VALUE, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_PRIV_KEY},
};
static const struct km_rt_attr_rule dsa_rules[] = {
    {TEE_ATTR_DSA_PRIME, KM_RT_MUST, KM_RT_GEN_MUST, OSSL_PKEY_PARAM_FFC_P},
    {TEE_ATTR_DSA_SUBPRIME, KM_RT_MUST, KM_RT_GEN_MUST, OSSL_PKEY_PARAM_FFC_Q},
    {TEE_ATTR_DSA_BASE, KM_RT_MUST, KM_RT_GEN_MUST, OSSL_PKEY_PARAM_FFC_G},
    {TEE_ATTR_DSA_PUBLIC_VALUE, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_PUB_KEY},
    {TEE_ATTR_DSA_PRIVATE_VALUE, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_PRIV_KEY},
};
static const struct km_rt_attr_rule dh_rules[] = {
    {TEE_ATTR_DH_PRIME, KM_RT_MUST, KM_RT_GEN_MUST, OSSL_PKEY_PARAM_FFC_P},
    {TEE_ATTR_DH_SUBPRIME, KM_RT_MAY, KM_RT_GEN_MAY, OSSL_PKEY_PARAM_FFC_Q},
    {TEE_ATTR_DH_BASE, KM_RT_MUST, KM_RT_GEN_MUST, OSSL_PKEY_PARAM_FFC_G},
    {TEE_ATTR_DH_X_BITS, KM_RT_MAY, KM_RT_GEN_MAY, NULL},
    {TEE_ATTR_DH_PUBLIC_VALUE, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_PUB_KEY},
    {TEE_ATTR_DH_PRIVATE_VALUE, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_PRIV_KEY},
};
#define RAW_RULES(curve)                                                                           \
    {                                                                                              \
        {TEE_ATTR_##curve##_PUBLIC_VALUE, KM_RT_MUST, KM_RT_GEN_NOT, OSSL_PKEY_PARAM_PUB_KEY},     \
            {TEE_ATTR_##curve##_PRIVATE_VALUE, KM_RT_MUST, KM_RT_GEN_NOT,                          \
             OSSL_PKEY_PARAM_PRIV_KEY},                                                            \
    }
static const struct km_rt_attr_rule ed25519_rules[] = RAW_RULES(ED25519);
static const struct km_rt_attr_rule x25519_rules[] = RAW_RULES(X25519);
static const struct km_rt_attr_rule ed448_rules[] = RAW_RULES(ED448);
static const struct km_rt_attr_rule x448_rules[] = RAW_RULES(X448);
#define RSA_PUBLIC_RULES 2
#define EC_PUBLIC_RULES 3
#define DSA_PUBLIC_RULES 4
#define RAW_PUBLIC_RULES 1

/*
 * HMAC keys may be shorter and longer than table 5-9 demands, so that a peer's MAC can be checked whatever its key;
 * key policy is the TA's.
 */
#define SECRET(id, min, max, step_, rules_)                                                        \
    {                                                                                              \
        id, KM_RT_SECRET, true, min, max, step_, 0, false, 0, rules_, 1                            \
    }

#define PUBLIC(id, family, min, max, step_, lenient, rules_, n)                                    \
    {                                                                                              \
        id, family, false, min, max, step_, lenient, false, 0, rules_, n                           \
    }
#define PAIR(id, family, min, max, step_, lenient, public_, rules_)                                \
    {                                                                                              \
        id, family, true, min, max, step_, lenient, false, public_, rules_, KM_ARRAY_LEN(rules_)   \
    }

/* Below it libcrypto makes no RSA key and works with no DH group; DSA keys it makes from 1024 bits on. */
#define LENIENT_BITS 512u

#define RAW_TYPES(curve, bits, rules_)                                                             \
    PUBLIC(TEE_TYPE_##curve##_PUBLIC_KEY, KM_RT_RAW, bits, bits, 1, 0, rules_, RAW_PUBLIC_RULES),  \
        PAIR(TEE_TYPE_##curve##_KEYPAIR, KM_RT_RAW, bits, bits, 1, 0,                              \
             TEE_TYPE_##curve##_PUBLIC_KEY, rules_)

static const struct km_rt_type types[] = {
    SECRET(TEE_TYPE_AES, 128, 256, 64, secret_rules),
    {TEE_TYPE_DES, KM_RT_SECRET, true, 64, 64, 64, 0, true, 0, secret_rules, 1}, /* or 56 bits */
    SECRET(TEE_TYPE_DES3, 128, 192, 64, secret_rules), /* also asked for as 112 and 168 bits */
    SECRET(TEE_TYPE_SM4, 128, 128, 64, secret_rules),
    SECRET(TEE_TYPE_CHACHA20, 256, 256, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_MD5, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA1, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA224, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA256, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA384, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA512, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SM3, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA3_224, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA3_256, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA3_384, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HMAC_SHA3_512, 32, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_GENERIC_SECRET, 8, 65536, 8, secret_rules),
    SECRET(TEE_TYPE_HKDF, 8, 8192, 8, secret_rules),
    SECRET(TEE_TYPE_HKDF_IKM, 8, 8192, 8, ikm_rules),
    SECRET(TEE_TYPE_CONCAT_KDF_Z, 8, 8192, 8, z_rules),
    SECRET(TEE_TYPE_PBKDF2_PASSWORD, 8, 4096, 8, password_rules),
    PUBLIC(TEE_TYPE_RSA_PUBLIC_KEY, KM_RT_RSA, 2048, 4096, 8, LENIENT_BITS, rsa_rules,
           RSA_PUBLIC_RULES),
    PAIR(TEE_TYPE_RSA_KEYPAIR, KM_RT_RSA, 2048, 4096, 8, LENIENT_BITS, TEE_TYPE_RSA_PUBLIC_KEY,
         rsa_rules),
    PUBLIC(TEE_TYPE_ECDSA_PUBLIC_KEY, KM_RT_EC, 192, 521, 1, 0, ec_rules, EC_PUBLIC_RULES),
    PAIR(TEE_TYPE_ECDSA_KEYPAIR, KM_RT_EC, 192, 521, 1, 0, TEE_TYPE_ECDSA_PUBLIC_KEY, ec_rules),
    PUBLIC(TEE_TYPE_ECDH_PUBLIC_KEY, KM_RT_EC, 192, 521, 1, 0, ec_rules, EC_PUBLIC_RULES),
    PAIR(TEE_TYPE_ECDH_KEYPAIR, KM_RT_EC, 192, 521, 1, 0, TEE_TYPE_ECDH_PUBLIC_KEY, ec_rules),
    PUBLIC(TEE_TYPE_DSA_PUBLIC_KEY, KM_RT_FFC_DSA, 1024, 3072, 64, 0, dsa_rules, DSA_PUBLIC_RULES),
    PAIR(TEE_TYPE_DSA_KEYPAIR, KM_RT_FFC_DSA, 1024, 3072, 64, 0, TEE_TYPE_DSA_PUBLIC_KEY,
         dsa_rules),
    PAIR(TEE_TYPE_DH_KEYPAIR, KM_RT_FFC_DH, 1024, 4096, 8, LENIENT_BITS, 0, dh_rules),
    RAW_TYPES(ED25519, 256, ed25519_rules),
    RAW_TYPES(X25519, 256, x25519_rules),
    RAW_TYPES(ED448, 448, ed448_rules),
    RAW_TYPES(X448, 448, x448_rules),
};
_Static_assert(KM_ARRAY_LEN(rsa_rules) <= KM_RT_ATTRS_MAX, "an object holds them all");

static const struct km_rt_curve curves[] = {
    {TEE_ECC_CURVE_NIST_P192, 192, "P-192", NID_X9_62_prime192v1},
    {TEE_ECC_CURVE_NIST_P224, 224, "P-224", NID_secp224r1},
    {TEE_ECC_CURVE_NIST_P256, 256, "P-256", NID_X9_62_prime256v1},
    {TEE_ECC_CURVE_NIST_P384, 384, "P-384", NID_secp384r1},
    {TEE_ECC_CURVE_NIST_P521, 521, "P-521", NID_secp521r1},
};

const struct km_rt_type *km_rt_type_find(uint32_t type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++)
        if (types[i].type == type)
            return !types[i].lenient_only || km_rt_is_lenient() ? &types[i] : NULL;
    return NULL;
}

bool km_rt_type_is_des(const struct km_rt_type *type)
{
    return type->type == TEE_TYPE_DES || type->type == TEE_TYPE_DES3;
}

uint32_t km_rt_type_bits(const struct km_rt_type *type, uint32_t bits)
{
    bool is_without_parity = bits == 56 || bits == 112 || bits == 168;
    return km_rt_type_is_des(type) && is_without_parity ? bits / 7 * 8 : bits;
}

bool km_rt_type_long_enough(const struct km_rt_type *type, uint32_t bits)
{
    if (bits >= type->min_bits)
        return true;
    return type->lenient_bits != 0 && bits >= type->lenient_bits && km_rt_is_lenient();
}

bool km_rt_type_size_ok(const struct km_rt_type *type, uint32_t bits)
{
    if (type->family == KM_RT_EC)
        return km_rt_curve_by_bits(bits) != NULL;
    return km_rt_type_long_enough(type, bits) && bits <= type->max_bits && bits % type->step == 0;
}

const struct km_rt_attr_rule *km_rt_type_rule(const struct km_rt_type *type, uint32_t id)
{
    for (size_t i = 0; i < type->n_rules; i++)
        if (type->rules[i].id == id)
            return &type->rules[i];
    return NULL;
}

const struct km_rt_curve *km_rt_curve_by_id(uint32_t id)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++)
        if (curves[i].id == id)
            return &curves[i];
    return NULL;
}

const struct km_rt_curve *km_rt_curve_by_bits(uint32_t bits)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++)
        if (curves[i].bits == bits)
            return &curves[i];
    return NULL;
}
