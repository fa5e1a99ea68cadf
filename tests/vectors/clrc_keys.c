/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/clrc_keys.h"

#include <string.h>

struct part {
    enum vec_field field;
    ClrcAttribute attribute;
    bool is_private;
};

static const struct part RSA_PARTS[] = {
    {VEC_N, CLRC_ATTR_RSA_MODULUS, false},         {VEC_E, CLRC_ATTR_RSA_PUBLIC_EXPONENT, false},
    {VEC_D, CLRC_ATTR_RSA_PRIVATE_EXPONENT, true}, {VEC_P, CLRC_ATTR_RSA_PRIME1, true},
    {VEC_Q, CLRC_ATTR_RSA_PRIME2, true},           {VEC_DP, CLRC_ATTR_RSA_EXPONENT1, true},
    {VEC_DQ, CLRC_ATTR_RSA_EXPONENT2, true},       {VEC_QI, CLRC_ATTR_RSA_COEFFICIENT, true},
};
static const struct part DSA_PARTS[] = {
    {VEC_P, CLRC_ATTR_DSA_PRIME, false},        {VEC_Q, CLRC_ATTR_DSA_SUBPRIME, false},
    {VEC_G, CLRC_ATTR_DSA_BASE, false},         {VEC_Y, CLRC_ATTR_DSA_PUBLIC_VALUE, false},
    {VEC_X, CLRC_ATTR_DSA_PRIVATE_VALUE, true},
};
static const struct part DH_PARTS[] = {
    {VEC_P, CLRC_ATTR_DH_PRIME, false},        {VEC_Q, CLRC_ATTR_DH_SUBPRIME, false},
    {VEC_G, CLRC_ATTR_DH_BASE, false},         {VEC_Y, CLRC_ATTR_DH_PUBLIC_VALUE, false},
    {VEC_X, CLRC_ATTR_DH_PRIVATE_VALUE, true},
};
static const struct part EC_PARTS[] = {
    {VEC_X, CLRC_ATTR_ECC_PUBLIC_VALUE_X, false},
    {VEC_Y, CLRC_ATTR_ECC_PUBLIC_VALUE_Y, false},
    {VEC_S, CLRC_ATTR_ECC_PRIVATE_VALUE, true},
};
static const struct part ED25519_PARTS[] = {
    {VEC_Y, CLRC_ATTR_ED25519_PUBLIC_VALUE, false},
    {VEC_S, CLRC_ATTR_ED25519_PRIVATE_VALUE, true},
};
static const struct part X25519_PARTS[] = {
    {VEC_Y, CLRC_ATTR_X25519_PUBLIC_VALUE, false},
    {VEC_S, CLRC_ATTR_X25519_PRIVATE_VALUE, true},
};

static const struct part ED448_PARTS[] = {
    {VEC_Y, CLRC_ATTR_ED448_PUBLIC_VALUE, false},
    {VEC_S, CLRC_ATTR_ED448_PRIVATE_VALUE, true},
};
static const struct part X448_PARTS[] = {
    {VEC_Y, CLRC_ATTR_X448_PUBLIC_VALUE, false},
    {VEC_S, CLRC_ATTR_X448_PRIVATE_VALUE, true},
};

#define PARTS(list) list, KM_ARRAY_LEN(list)

/* By how the algorithm's name begins. */
static const struct family {
    const char *prefix;
    ClrcKeyType secret; /* symmetric, or KEY_NONE */
    ClrcKeyType public_type, pair_type;
    const struct part *parts;
    size_t n;
} FAMILIES[] = {
    {"AES_", KEY_AES, KEY_NONE, KEY_NONE, NULL, 0},
    {"DES3_", KEY_DES3, KEY_NONE, KEY_NONE, NULL, 0},
    {"CHACHA20", KEY_CHACHA20, KEY_NONE, KEY_NONE, NULL, 0},
    {"HMAC_", KEY_HMAC, KEY_NONE, KEY_NONE, NULL, 0},
    {"HKDF_", KEY_GENERIC_SECRET, KEY_NONE, KEY_NONE, NULL, 0},
    {"CONCAT_KDF_", KEY_GENERIC_SECRET, KEY_NONE, KEY_NONE, NULL, 0},
    {"PBKDF2_", KEY_GENERIC_SECRET, KEY_NONE, KEY_NONE, NULL, 0},
    {"RSA", KEY_NONE, KEY_RSA_PUBLIC, KEY_RSA_KEYPAIR, PARTS(RSA_PARTS)},
    {"DSA_", KEY_NONE, KEY_DSA_PUBLIC, KEY_DSA_KEYPAIR, PARTS(DSA_PARTS)},
    {"DH_", KEY_NONE, KEY_DH_PUBLIC, KEY_DH_KEYPAIR, PARTS(DH_PARTS)},
    {"ECDSA", KEY_NONE, KEY_ECDSA_PUBLIC, KEY_ECDSA_KEYPAIR, PARTS(EC_PARTS)},
    {"ECDH", KEY_NONE, KEY_ECDH_PUBLIC, KEY_ECDH_KEYPAIR, PARTS(EC_PARTS)},
    {"ED25519", KEY_NONE, KEY_ED25519_PUBLIC, KEY_ED25519_KEYPAIR, PARTS(ED25519_PARTS)},
    {"X25519", KEY_NONE, KEY_X25519_PUBLIC, KEY_X25519_KEYPAIR, PARTS(X25519_PARTS)},
    {"ED448", KEY_NONE, KEY_ED448_PUBLIC, KEY_ED448_KEYPAIR, PARTS(ED448_PARTS)},
    {"X448", KEY_NONE, KEY_X448_PUBLIC, KEY_X448_KEYPAIR, PARTS(X448_PARTS)},
};

static const struct family *family_of(const char *alg)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(FAMILIES); i++) {
        if (strncmp(FAMILIES[i].prefix, alg, strlen(FAMILIES[i].prefix)) == 0)
            return &FAMILIES[i];
    }
    return NULL;
}

static ClrcResult pair_new(const struct family *family, const struct vec_request *request,
                           ClrcKeyHandle *ret_key)
{
    ClrcAttributeValue values[10];
    uint32_t n = 0;
    bool is_private = false;
    for (size_t i = 0; i < family->n; i++) {
        struct km_slice bytes = request->field[family->parts[i].field];
        if (bytes.ptr == NULL)
            continue;
        is_private = is_private || family->parts[i].is_private;
        values[n++] = (ClrcAttributeValue){.attribute = family->parts[i].attribute,
                                           .length = (uint32_t)bytes.len,
                                           .data = bytes.ptr};
    }
    ClrcKeyTemplate wish = {.type = is_private ? family->pair_type : family->public_type};
    if (family->parts == EC_PARTS) {
        wish.bits = request->number[VEC_BITS];
        values[n++] = (ClrcAttributeValue){.attribute = CLRC_ATTR_ECC_CURVE,
                                           .length = sizeof(uint32_t),
                                           .data = &request->number[VEC_BITS]};
    }
    return clrcImportKeyAttributes(&wish, values, n, ret_key);
}

ClrcResult clrc_key_new(const struct vec_request *request, ClrcKeyHandle *ret_key)
{
    const struct family *family = family_of(request->alg);
    struct km_slice key = request->field[VEC_KEY];
    *ret_key = NULL;
    if (family == NULL)
        return CLRC_ERROR_NOT_SUPPORTED;
    if (family->secret == KEY_NONE)
        return pair_new(family, request, ret_key);
    ClrcKeyTemplate wish = {.type = family->secret, .bits = (uint32_t)key.len * 8};
    if (family->secret == KEY_GENERIC_SECRET)
        wish.attributes = CLRC_ATTR_EXPORT_AS_PLAIN;
    return clrcImportKeyRaw(&wish, key.ptr, (uint32_t)key.len, ret_key);
}
