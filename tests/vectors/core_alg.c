/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/core_alg.h"

#include <string.h>

/* clang-format off */
#define KEYLESS(name) {#name, TEE_ALG_##name, CORE_KEYLESS, 0, 0, 0}
#define SECRET(name, type) {#name, TEE_ALG_##name, CORE_SECRET, TEE_TYPE_##type, 0, TEE_ATTR_SECRET_VALUE}
#define HASHED(h) KEYLESS(h), SECRET(HMAC_##h, HMAC_##h)
#define RSA(name) {#name, TEE_ALG_##name, CORE_RSA, TEE_TYPE_RSA_KEYPAIR, TEE_TYPE_RSA_PUBLIC_KEY, 0}
#define RSA_HASHED(h) RSA(RSASSA_PKCS1_V1_5_##h), RSA(RSASSA_PKCS1_PSS_MGF1_##h), RSA(RSAES_PKCS1_OAEP_MGF1_##h)
#define DSA(name) {#name, TEE_ALG_##name, CORE_DSA, TEE_TYPE_DSA_KEYPAIR, TEE_TYPE_DSA_PUBLIC_KEY, 0}
#define ECDSA_AS(name, id) {name, id, CORE_EC, TEE_TYPE_ECDSA_KEYPAIR, TEE_TYPE_ECDSA_PUBLIC_KEY, 0}
#define ECDSA(h) ECDSA_AS("ECDSA_" #h, TEE_ALG_ECDSA_##h), ECDSA_AS("ECDSA_DETERMINISTIC_" #h, TEE_ALG_ECDSA_RFC6979_##h)
#define RAW(name) {#name, TEE_ALG_##name, CORE_##name, TEE_TYPE_##name##_KEYPAIR, TEE_TYPE_##name##_PUBLIC_KEY, 0}
#define KDF(name, type, attr) {#name, TEE_ALG_##name##_DERIVE_KEY, CORE_SECRET, TEE_TYPE_##type, 0, TEE_ATTR_##attr}
#define HKDF(h) KDF(HKDF_##h, HKDF_IKM, HKDF_IKM)
#define CONCAT(h) KDF(CONCAT_KDF_##h, CONCAT_KDF_Z, CONCAT_KDF_Z)
#define PBKDF2(h) KDF(PBKDF2_HMAC_##h, PBKDF2_PASSWORD, PBKDF2_PASSWORD)

static const struct core_alg ALGS[] = {
    HASHED(MD5), HASHED(SHA1), HASHED(SHA224), HASHED(SHA256), HASHED(SHA384), HASHED(SHA512),
    HASHED(SHA3_224), HASHED(SHA3_256), HASHED(SHA3_384), HASHED(SHA3_512),
    KEYLESS(SHAKE128), KEYLESS(SHAKE256), HASHED(SM3),
    SECRET(AES_ECB_NOPAD, AES), SECRET(AES_CBC_NOPAD, AES), SECRET(AES_CTR, AES), SECRET(AES_CTS, AES),
    SECRET(AES_GCM, AES), SECRET(AES_CCM, AES), SECRET(AES_CMAC, AES),
    {"AES_XTS_NOPAD", TEE_ALG_AES_XTS, CORE_TWO_KEYS, TEE_TYPE_AES, 0, TEE_ATTR_SECRET_VALUE},
    SECRET(DES3_ECB_NOPAD, DES3), SECRET(DES3_CBC_NOPAD, DES3),
    SECRET(AES_OFB, AES), SECRET(AES_KW, AES), SECRET(AES_KWP, AES), SECRET(DES3_OFB, DES3), SECRET(DES3_CMAC, DES3),
    {"AES_CFB_128", TEE_ALG_AES_CFB128, CORE_SECRET, TEE_TYPE_AES, 0, TEE_ATTR_SECRET_VALUE},
    {"DES3_CFB_64", TEE_ALG_DES3_CFB64, CORE_SECRET, TEE_TYPE_DES3, 0, TEE_ATTR_SECRET_VALUE},
    SECRET(CHACHA20_POLY1305, CHACHA20), SECRET(SM4_ECB_NOPAD, SM4), SECRET(SM4_CBC_NOPAD, SM4), SECRET(SM4_CTR, SM4),
    SECRET(AES_CBC_MAC_NOPAD, AES), SECRET(AES_CBC_MAC_PKCS5, AES), SECRET(DES3_CBC_MAC_NOPAD, DES3), SECRET(DES3_CBC_MAC_PKCS5, DES3),
    RSA_HASHED(SHA1), RSA_HASHED(SHA224), RSA_HASHED(SHA256), RSA_HASHED(SHA384), RSA_HASHED(SHA512),
    RSA_HASHED(SHA3_224), RSA_HASHED(SHA3_256), RSA_HASHED(SHA3_384), RSA_HASHED(SHA3_512),
    RSA(RSASSA_PKCS1_V1_5_MD5), RSA(RSASSA_PKCS1_V1_5), RSA(RSAES_PKCS1_V1_5), RSA(RSA_NOPAD),
    DSA(DSA_SHA1), DSA(DSA_SHA224), DSA(DSA_SHA256),
    DSA(DSA_SHA3_224), DSA(DSA_SHA3_256), DSA(DSA_SHA3_384), DSA(DSA_SHA3_512),
    ECDSA(SHA1), ECDSA(SHA224), ECDSA(SHA256), ECDSA(SHA384), ECDSA(SHA512),
    ECDSA(SHA3_224), ECDSA(SHA3_256), ECDSA(SHA3_384), ECDSA(SHA3_512),
    {"ECDH", TEE_ALG_ECDH_DERIVE_SHARED_SECRET, CORE_EC, TEE_TYPE_ECDH_KEYPAIR, TEE_TYPE_ECDH_PUBLIC_KEY, 0},
    {"DH_DERIVE_SHARED_SECRET", TEE_ALG_DH_DERIVE_SHARED_SECRET, CORE_DH, TEE_TYPE_DH_KEYPAIR, 0, 0},
    RAW(ED25519), RAW(X25519), RAW(ED448), RAW(X448),
    HKDF(MD5), HKDF(SHA1), HKDF(SHA224), HKDF(SHA256), HKDF(SHA384), HKDF(SHA512),
    CONCAT(SHA1), CONCAT(SHA224), CONCAT(SHA256), CONCAT(SHA384), CONCAT(SHA512),
    PBKDF2(SHA1), PBKDF2(SHA224), PBKDF2(SHA256), PBKDF2(SHA384), PBKDF2(SHA512),
};
/* clang-format on */

const struct core_alg *core_alg_find(const char *name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGS); i++) {
        if (strcmp(ALGS[i].name, name) == 0)
            return &ALGS[i];
    }
    return NULL;
}

uint32_t core_curve(uint32_t bits)
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

/* ---- keys ---- */

struct part {
    enum vec_field field;
    uint32_t attr;
    bool is_private;
};

static const struct part RSA_PARTS[] = {
    {VEC_N, TEE_ATTR_RSA_MODULUS, false},         {VEC_E, TEE_ATTR_RSA_PUBLIC_EXPONENT, false},
    {VEC_D, TEE_ATTR_RSA_PRIVATE_EXPONENT, true}, {VEC_P, TEE_ATTR_RSA_PRIME1, true},
    {VEC_Q, TEE_ATTR_RSA_PRIME2, true},           {VEC_DP, TEE_ATTR_RSA_EXPONENT1, true},
    {VEC_DQ, TEE_ATTR_RSA_EXPONENT2, true},       {VEC_QI, TEE_ATTR_RSA_COEFFICIENT, true},
};
static const struct part DSA_PARTS[] = {
    {VEC_P, TEE_ATTR_DSA_PRIME, false},        {VEC_Q, TEE_ATTR_DSA_SUBPRIME, false},
    {VEC_G, TEE_ATTR_DSA_BASE, false},         {VEC_Y, TEE_ATTR_DSA_PUBLIC_VALUE, false},
    {VEC_X, TEE_ATTR_DSA_PRIVATE_VALUE, true},
};
static const struct part DH_PARTS[] = {
    {VEC_P, TEE_ATTR_DH_PRIME, false},        {VEC_Q, TEE_ATTR_DH_SUBPRIME, false},
    {VEC_G, TEE_ATTR_DH_BASE, false},         {VEC_Y, TEE_ATTR_DH_PUBLIC_VALUE, false},
    {VEC_X, TEE_ATTR_DH_PRIVATE_VALUE, true},
};
static const struct part EC_PARTS[] = {
    {VEC_X, TEE_ATTR_ECC_PUBLIC_VALUE_X, false},
    {VEC_Y, TEE_ATTR_ECC_PUBLIC_VALUE_Y, false},
    {VEC_S, TEE_ATTR_ECC_PRIVATE_VALUE, true},
};
#define RAW_PARTS(name)                                                                            \
    {                                                                                              \
        {VEC_Y, TEE_ATTR_##name##_PUBLIC_VALUE, false},                                            \
        {                                                                                          \
            VEC_S, TEE_ATTR_##name##_PRIVATE_VALUE, true                                           \
        }                                                                                          \
    }
static const struct part ED25519_PARTS[] = RAW_PARTS(ED25519);
static const struct part X25519_PARTS[] = RAW_PARTS(X25519);
static const struct part ED448_PARTS[] = RAW_PARTS(ED448);
static const struct part X448_PARTS[] = RAW_PARTS(X448);

static const struct {
    const struct part *parts;
    size_t n;
    enum vec_field size_of; /* whose bits the key's size is; VEC_N_FIELDS: none's */
    uint32_t bits;          /* or this; 0: the line says it */
} FAMILIES[] = {
    [CORE_RSA] = {RSA_PARTS, KM_ARRAY_LEN(RSA_PARTS), VEC_N, 0},
    [CORE_DSA] = {DSA_PARTS, KM_ARRAY_LEN(DSA_PARTS), VEC_P, 0},
    [CORE_DH] = {DH_PARTS, KM_ARRAY_LEN(DH_PARTS), VEC_P, 0},
    [CORE_EC] = {EC_PARTS, KM_ARRAY_LEN(EC_PARTS), VEC_N_FIELDS, 0},
    [CORE_ED25519] = {ED25519_PARTS, KM_ARRAY_LEN(ED25519_PARTS), VEC_N_FIELDS, 256},
    [CORE_X25519] = {X25519_PARTS, KM_ARRAY_LEN(X25519_PARTS), VEC_N_FIELDS, 256},
    [CORE_ED448] = {ED448_PARTS, KM_ARRAY_LEN(ED448_PARTS), VEC_N_FIELDS, 448},
    [CORE_X448] = {X448_PARTS, KM_ARRAY_LEN(X448_PARTS), VEC_N_FIELDS, 448},
};

uint32_t core_element(const struct core_alg *alg)
{
    switch (alg->family) {
    case CORE_EC:
        return TEE_ECC_CURVE_NIST_P256;
    case CORE_ED25519:
    case CORE_X25519:
        return TEE_ECC_CURVE_25519;
    case CORE_ED448:
    case CORE_X448:
        return TEE_ECC_CURVE_448;
    case CORE_SECRET:
    case CORE_TWO_KEYS:
    case CORE_RSA:
    case CORE_DSA:
    case CORE_DH:
    case CORE_KEYLESS:
    default:
        return TEE_CRYPTO_ELEMENT_NONE;
    }
}

static uint32_t bits_of(struct km_slice number)
{
    while (number.len > 0 && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    if (number.len == 0)
        return 0;
    uint32_t bits = (uint32_t)number.len * 8;
    for (uint8_t top = number.ptr[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static TEE_Result populate(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t n,
                           TEE_ObjectHandle *ret_key)
{
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_Result result = TEE_AllocateTransientObject(type, bits, &key);
    if (result == TEE_SUCCESS)
        result = TEE_PopulateTransientObject(key, attrs, n);
    if (result != TEE_SUCCESS) {
        TEE_FreeTransientObject(key);
        return result;
    }
    *ret_key = key;
    return TEE_SUCCESS;
}

TEE_Result core_secret_new(const struct core_alg *alg, struct km_slice secret,
                           TEE_ObjectHandle *ret_key)
{
    TEE_Attribute attr;
    TEE_InitRefAttribute(&attr, alg->secret_attr, secret.ptr, secret.len);
    return populate(alg->key_type, (uint32_t)secret.len * 8, &attr, 1, ret_key);
}

static TEE_Result asymmetric_new(const struct core_alg *alg, const struct vec_request *request,
                                 TEE_ObjectHandle *ret_key, uint32_t *ret_bits)
{
    TEE_Attribute attrs[9];
    uint32_t n = 0;
    bool is_private = false;
    for (size_t i = 0; i < FAMILIES[alg->family].n; i++) {
        const struct part *part = &FAMILIES[alg->family].parts[i];
        struct km_slice bytes = request->field[part->field];
        if (bytes.ptr == NULL)
            continue;
        is_private = is_private || part->is_private;
        TEE_InitRefAttribute(&attrs[n++], part->attr, bytes.ptr, bytes.len);
    }
    enum vec_field size_of = FAMILIES[alg->family].size_of;
    uint32_t bits = size_of != VEC_N_FIELDS           ? bits_of(request->field[size_of])
                    : FAMILIES[alg->family].bits != 0 ? FAMILIES[alg->family].bits
                                                      : request->number[VEC_BITS];
    if (alg->family == CORE_EC)
        TEE_InitValueAttribute(&attrs[n++], TEE_ATTR_ECC_CURVE, core_curve(bits), 0);
    if (!is_private && alg->public_type == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    *ret_bits = bits;
    return populate(is_private ? alg->key_type : alg->public_type, bits, attrs, n, ret_key);
}

TEE_Result core_key_new(const struct core_alg *alg, const struct vec_request *request,
                        TEE_ObjectHandle *ret_key, uint32_t *ret_bits)
{
    if (alg->family != CORE_SECRET)
        return asymmetric_new(alg, request, ret_key, ret_bits);
    *ret_bits = (uint32_t)request->field[VEC_KEY].len * 8;
    return core_secret_new(alg, request->field[VEC_KEY], ret_key);
}
