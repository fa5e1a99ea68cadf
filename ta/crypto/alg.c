/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/alg.h"

#define DIGEST(n, len)                                                                             \
    {                                                                                              \
        .id = KM_CRYPTO_SHA##n, .tee = TEE_ALG_SHA##n, .tee_digest = TEE_ALG_SHA##n,               \
        .class = KM_ALG_DIGEST, .digest_len = (len)                                                \
    }
#define CIPHER(name)                                                                               \
    {                                                                                              \
        .id = KM_CRYPTO_##name, .tee = TEE_ALG_##name, .class = KM_ALG_CIPHER,                     \
        .family = KM_FAMILY_AES                                                                    \
    }
#define HMAC(n, len, block)                                                                        \
    {                                                                                              \
        .id = KM_CRYPTO_HMAC_SHA##n, .tee = TEE_ALG_HMAC_SHA##n, .tee_digest = TEE_ALG_SHA##n,     \
        .class = KM_ALG_MAC, .family = KM_FAMILY_HMAC, .digest_len = (len), .hash_block = (block), \
        .tee_type = TEE_TYPE_HMAC_SHA##n                                                           \
    }
#define RSASSA(scheme, n, len)                                                                     \
    {                                                                                              \
        .id = KM_CRYPTO_RSASSA_##scheme##_SHA##n, .tee = TEE_ALG_RSASSA_##scheme##_SHA##n,         \
        .tee_digest = TEE_ALG_SHA##n, .class = KM_ALG_SIGN, .family = KM_FAMILY_RSA,               \
        .digest_len = (len)                                                                        \
    }
#define OAEP(n, len)                                                                               \
    {                                                                                              \
        .id = KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA##n, .tee = TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA##n, \
        .tee_digest = TEE_ALG_SHA##n, .class = KM_ALG_ASYM, .family = KM_FAMILY_RSA,               \
        .digest_len = (len)                                                                        \
    }
#define HKDF(n, len)                                                                               \
    {                                                                                              \
        .id = KM_CRYPTO_HKDF_SHA##n, .tee = TEE_ALG_HKDF_SHA##n##_DERIVE_KEY,                      \
        .tee_digest = TEE_ALG_SHA##n, .class = KM_ALG_KDF, .family = KM_FAMILY_SECRET,             \
        .digest_len = (len)                                                                        \
    }

/* The signatures stand first: they are looked up most often. */
static const struct km_alg ALGS[] = {
    {.id = KM_CRYPTO_ECDSA, .class = KM_ALG_SIGN, .family = KM_FAMILY_ECDSA},
    RSASSA(PKCS1_V1_5, 256, 32),
    RSASSA(PKCS1_PSS_MGF1, 256, 32),
    RSASSA(PKCS1_V1_5, 1, 20),
    RSASSA(PKCS1_V1_5, 224, 28),
    RSASSA(PKCS1_V1_5, 384, 48),
    RSASSA(PKCS1_V1_5, 512, 64),
    RSASSA(PKCS1_PSS_MGF1, 1, 20),
    RSASSA(PKCS1_PSS_MGF1, 224, 28),
    RSASSA(PKCS1_PSS_MGF1, 384, 48),
    RSASSA(PKCS1_PSS_MGF1, 512, 64),
    CIPHER(AES_ECB_NOPAD),
    CIPHER(AES_CBC_NOPAD),
    CIPHER(AES_CTR),
    {.id = KM_CRYPTO_AES_GCM, .tee = TEE_ALG_AES_GCM, .class = KM_ALG_AE, .family = KM_FAMILY_AES},
    {.id = KM_CRYPTO_AES_CMAC,
     .tee = TEE_ALG_AES_CMAC,
     .class = KM_ALG_MAC,
     .family = KM_FAMILY_AES,
     .digest_len = 16},
    HMAC(1, 20, 64),
    HMAC(224, 28, 64),
    HMAC(256, 32, 64),
    HMAC(384, 48, 128),
    HMAC(512, 64, 128),
    OAEP(1, 20),
    OAEP(224, 28),
    OAEP(256, 32),
    OAEP(384, 48),
    OAEP(512, 64),
    {.id = KM_CRYPTO_ECDH,
     .tee = TEE_ALG_ECDH_DERIVE_SHARED_SECRET,
     .class = KM_ALG_AGREE,
     .family = KM_FAMILY_ECDH},
    HKDF(1, 20),
    HKDF(224, 28),
    HKDF(256, 32),
    HKDF(384, 48),
    HKDF(512, 64),
    DIGEST(1, 20),
    DIGEST(224, 28),
    DIGEST(256, 32),
    DIGEST(384, 48),
    DIGEST(512, 64),
};

const struct km_alg *km_alg_find(uint32_t id)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGS); i++) {
        if (ALGS[i].id == id)
            return &ALGS[i];
    }
    return NULL;
}

uint32_t km_alg_tee(const struct km_alg *alg, uint32_t bits)
{
    if (alg->id != KM_CRYPTO_ECDSA)
        return alg->tee;
    if (bits == 384)
        return TEE_ALG_ECDSA_SHA384;
    return bits == 521 ? TEE_ALG_ECDSA_SHA512 : TEE_ALG_ECDSA_SHA256;
}

uint32_t km_alg_usage(const struct km_alg *alg, uint32_t mode)
{
    bool encrypts =
        alg->class == KM_ALG_CIPHER || alg->class == KM_ALG_AE || alg->class == KM_ALG_ASYM;
    /* Here decrypting is encrypting: the one right alone would give the key stream, with which anybody forges GCM. */
    if (alg->id == KM_CRYPTO_AES_CTR &&
        (mode == KM_CRYPTO_MODE_ENCRYPT || mode == KM_CRYPTO_MODE_DECRYPT))
        return KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT;
    if (mode == KM_CRYPTO_MODE_ENCRYPT && encrypts)
        return KM_CRYPTO_USAGE_ENCRYPT;
    if (mode == KM_CRYPTO_MODE_DECRYPT && encrypts)
        return KM_CRYPTO_USAGE_DECRYPT;
    if (mode == KM_CRYPTO_MODE_SIGN && alg->class == KM_ALG_SIGN)
        return KM_CRYPTO_USAGE_SIGN;
    if (mode == KM_CRYPTO_MODE_VERIFY && alg->class == KM_ALG_SIGN)
        return KM_CRYPTO_USAGE_VERIFY;
    if (mode == KM_CRYPTO_MODE_MAC && alg->class == KM_ALG_MAC)
        return KM_CRYPTO_USAGE_MAC;
    return 0;
}

bool km_alg_supported(const struct km_alg *alg, uint32_t bits)
{
    if (bits != 0 && (alg->family == 0 || !km_family_bits_fit(alg->family, bits)))
        return false;
    bool is_ec = (alg->family & KM_FAMILY_EC) != 0;
    uint32_t curve = is_ec ? km_curve_of(bits != 0 ? bits : 256) : TEE_CRYPTO_ELEMENT_NONE;
    return TEE_IsAlgorithmSupported(km_alg_tee(alg, bits), curve) == TEE_SUCCESS;
}
