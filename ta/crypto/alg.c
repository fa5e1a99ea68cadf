/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/alg.h"

/* clang-format off */
#define DIGEST(name, len)                                                                          \
    {.id = KM_CRYPTO_##name, .tee = TEE_ALG_##name, .tee_digest = TEE_ALG_##name,                  \
     .class = KM_ALG_DIGEST, .digest_len = (len)}
/* digest_len: octets when the caller names no length; twice the strength (FIPS 202, A.1). */
#define SHAKE(name, len)                                                                           \
    {.id = KM_CRYPTO_##name, .tee = TEE_ALG_##name, .tee_digest = TEE_ALG_##name,                  \
     .class = KM_ALG_DIGEST, .digest_len = (len), .flags = KM_ALG_SHAKE}
#define CIPHER(name, tee_, family_, block_, iv, flags_)                                            \
    {.id = KM_CRYPTO_##name, .tee = (tee_), .class = KM_ALG_CIPHER, .family = (family_),           \
     .block = (block_), .iv_min = (iv), .iv_max = (iv), .flags = (flags_)}
#define AES(name, tee_, block_, iv, flags_) CIPHER(name, tee_, KM_FAMILY_AES, block_, iv, flags_)
#define DES3(name, tee_, block_, iv, flags_) CIPHER(name, tee_, KM_FAMILY_DES3, block_, iv, flags_)
#define BOTH (KM_ALG_BOTH_TO_DECRYPT | KM_ALG_BOTH_TO_ENCRYPT)
#define HMAC(name, len, hash_block_)                                                               \
    {.id = KM_CRYPTO_HMAC_##name, .tee = TEE_ALG_HMAC_##name, .tee_digest = TEE_ALG_##name,        \
     .class = KM_ALG_MAC, .family = KM_FAMILY_HMAC, .digest_len = (len),                           \
     .hash_block = (hash_block_), .tee_type = TEE_TYPE_HMAC_##name}
#define RSA(name, hash, class_, len)                                                               \
    {.id = KM_CRYPTO_##name##_##hash, .tee = TEE_ALG_##name##_##hash, .tee_digest = TEE_ALG_##hash,\
     .class = (class_), .family = KM_FAMILY_RSA, .digest_len = (len)}
#define PKCS1(hash, len) RSA(RSASSA_PKCS1_V1_5, hash, KM_ALG_SIGN, len)
#define PSS(hash, len) RSA(RSASSA_PKCS1_PSS_MGF1, hash, KM_ALG_SIGN, len)
#define OAEP(hash, len) RSA(RSAES_PKCS1_OAEP_MGF1, hash, KM_ALG_ASYM, len)
#define DSA(hash, len)                                                                             \
    {.id = KM_CRYPTO_DSA_##hash, .tee = TEE_ALG_DSA_##hash, .tee_digest = TEE_ALG_##hash,          \
     .class = KM_ALG_SIGN, .family = KM_FAMILY_DSA, .digest_len = (len),                           \
     .flags = KM_ALG_TWO_NUMBERS}
#define KDF(name, hash, len)                                                                       \
    {.id = KM_CRYPTO_##name##_##hash, .tee = TEE_ALG_##name##_##hash##_DERIVE_KEY,                 \
     .tee_digest = TEE_ALG_##hash, .class = KM_ALG_KDF, .family = KM_FAMILY_SECRET,                \
     .digest_len = (len)}

/* One step of HKDF alone (RFC 5869, 2.2 and 2.3), of HMACs: the Core API has but both. */
#define STEP(name, hash, len, hash_block_)                                                         \
    {.id = KM_CRYPTO_HKDF_##name##_##hash, .tee = TEE_ALG_HMAC_##hash,                             \
     .tee_digest = TEE_ALG_##hash, .class = KM_ALG_KDF, .family = KM_FAMILY_SECRET,                \
     .digest_len = (len), .hash_block = (hash_block_), .tee_type = TEE_TYPE_HMAC_##hash}

/* The signatures stand first: they are looked up most often. */
static const struct km_alg ALGS[] = {
    {.id = KM_CRYPTO_ECDSA, .class = KM_ALG_SIGN, .family = KM_FAMILY_ECDSA,
     .flags = KM_ALG_TWO_NUMBERS},
    PKCS1(SHA256, 32), PSS(SHA256, 32),
    {.id = KM_CRYPTO_ED25519, .tee = TEE_ALG_ED25519, .class = KM_ALG_SIGN,
     .family = KM_FAMILY_ED25519, .flags = KM_ALG_MESSAGE | KM_ALG_WHOLE},
    {.id = KM_CRYPTO_ED448, .tee = TEE_ALG_ED448, .class = KM_ALG_SIGN,
     .family = KM_FAMILY_ED448, .flags = KM_ALG_MESSAGE | KM_ALG_WHOLE},
    {.id = KM_CRYPTO_ECDSA_DETERMINISTIC, .tee = TEE_ALG_ECDSA_RFC6979_SHA256,
     .class = KM_ALG_SIGN, .family = KM_FAMILY_ECDSA, .flags = KM_ALG_TWO_NUMBERS},
    PKCS1(SHA1, 20), PKCS1(SHA224, 28), PKCS1(SHA384, 48), PKCS1(SHA512, 64), PKCS1(MD5, 16),
    PSS(SHA1, 20), PSS(SHA224, 28), PSS(SHA384, 48), PSS(SHA512, 64),
    PKCS1(SHA3_224, 28), PKCS1(SHA3_256, 32), PKCS1(SHA3_384, 48), PKCS1(SHA3_512, 64),
    PSS(SHA3_224, 28), PSS(SHA3_256, 32), PSS(SHA3_384, 48), PSS(SHA3_512, 64),
    DSA(SHA1, 20), DSA(SHA224, 28), DSA(SHA256, 32),
    AES(AES_ECB_NOPAD, TEE_ALG_AES_ECB_NOPAD, 16, 0, 0),
    AES(AES_CBC_NOPAD, TEE_ALG_AES_CBC_NOPAD, 16, 16, 0),
    AES(AES_CTR, TEE_ALG_AES_CTR, 1, 16, BOTH),
    AES(AES_OFB, TEE_ALG_AES_OFB, 1, 16, BOTH),
    AES(AES_CFB_128, TEE_ALG_AES_CFB128, 1, 16, KM_ALG_BOTH_TO_DECRYPT),
    {.id = KM_CRYPTO_AES_XTS_NOPAD, .tee = TEE_ALG_AES_XTS, .class = KM_ALG_CIPHER,
     .family = KM_FAMILY_AES, .block = 1, .data_min = 16, .iv_min = 16, .iv_max = 16,
     .flags = KM_ALG_WHOLE | KM_ALG_TWO_KEYS},
    {.id = KM_CRYPTO_AES_CTS, .tee = TEE_ALG_AES_CTS, .class = KM_ALG_CIPHER,
     .family = KM_FAMILY_AES, .block = 1, .data_min = 16, .iv_min = 16, .iv_max = 16,
     .flags = KM_ALG_WHOLE},
    DES3(DES3_ECB_NOPAD, TEE_ALG_DES3_ECB_NOPAD, 8, 0, 0),
    DES3(DES3_CBC_NOPAD, TEE_ALG_DES3_CBC_NOPAD, 8, 8, 0),
    DES3(DES3_OFB, TEE_ALG_DES3_OFB, 1, 8, BOTH),
    DES3(DES3_CFB_64, TEE_ALG_DES3_CFB64, 1, 8, KM_ALG_BOTH_TO_DECRYPT),
    {.id = KM_CRYPTO_AES_GCM, .tee = TEE_ALG_AES_GCM, .class = KM_ALG_AE, .family = KM_FAMILY_AES,
     .iv_min = 1, .iv_max = KM_CRYPTO_NONCE_MAX},
    {.id = KM_CRYPTO_AES_CCM, .tee = TEE_ALG_AES_CCM, .class = KM_ALG_AE, .family = KM_FAMILY_AES,
     .iv_min = 7, .iv_max = 13, .flags = KM_ALG_WHOLE},
    {.id = KM_CRYPTO_CHACHA20_POLY1305, .tee = TEE_ALG_CHACHA20_POLY1305, .class = KM_ALG_AE,
     .family = KM_FAMILY_CHACHA20, .iv_min = 12, .iv_max = 12},
    {.id = KM_CRYPTO_AES_KW, .tee = TEE_ALG_AES_KW, .class = KM_ALG_WRAP, .family = KM_FAMILY_AES},
    {.id = KM_CRYPTO_AES_KWP, .tee = TEE_ALG_AES_KWP, .class = KM_ALG_WRAP,
     .family = KM_FAMILY_AES},
    {.id = KM_CRYPTO_AES_CMAC, .tee = TEE_ALG_AES_CMAC, .class = KM_ALG_MAC,
     .family = KM_FAMILY_AES, .digest_len = 16},
    {.id = KM_CRYPTO_DES3_CMAC, .tee = TEE_ALG_DES3_CMAC, .class = KM_ALG_MAC,
     .family = KM_FAMILY_DES3, .digest_len = 8},
    HMAC(SHA1, 20, 64), HMAC(SHA224, 28, 64), HMAC(SHA256, 32, 64), HMAC(SHA384, 48, 128),
    HMAC(SHA512, 64, 128), HMAC(MD5, 16, 64), HMAC(SHA3_224, 28, 144), HMAC(SHA3_256, 32, 136),
    HMAC(SHA3_384, 48, 104), HMAC(SHA3_512, 64, 72),
    OAEP(SHA1, 20), OAEP(SHA224, 28), OAEP(SHA256, 32), OAEP(SHA384, 48), OAEP(SHA512, 64),
    {.id = KM_CRYPTO_RSAES_PKCS1_V1_5, .tee = TEE_ALG_RSAES_PKCS1_V1_5, .class = KM_ALG_ASYM,
     .family = KM_FAMILY_RSA},
    /* Its decryption is the signature's own operation. */
    {.id = KM_CRYPTO_RSA_NOPAD, .tee = TEE_ALG_RSA_NOPAD, .class = KM_ALG_ASYM,
     .family = KM_FAMILY_RSA},
    {.id = KM_CRYPTO_ECDH, .tee = TEE_ALG_ECDH_DERIVE_SHARED_SECRET, .class = KM_ALG_AGREE,
     .family = KM_FAMILY_ECDH},
    {.id = KM_CRYPTO_DH_DERIVE_SHARED_SECRET, .tee = TEE_ALG_DH_DERIVE_SHARED_SECRET,
     .class = KM_ALG_AGREE, .family = KM_FAMILY_DH},
    {.id = KM_CRYPTO_X25519, .tee = TEE_ALG_X25519, .class = KM_ALG_AGREE,
     .family = KM_FAMILY_X25519},
    {.id = KM_CRYPTO_X448, .tee = TEE_ALG_X448, .class = KM_ALG_AGREE, .family = KM_FAMILY_X448},
    KDF(HKDF, SHA1, 20), KDF(HKDF, SHA224, 28), KDF(HKDF, SHA256, 32), KDF(HKDF, SHA384, 48),
    KDF(HKDF, SHA512, 64), KDF(HKDF, MD5, 16),
    KDF(CONCAT_KDF, SHA1, 20), KDF(CONCAT_KDF, SHA224, 28), KDF(CONCAT_KDF, SHA256, 32),
    KDF(CONCAT_KDF, SHA384, 48), KDF(CONCAT_KDF, SHA512, 64),
    KDF(PBKDF2_HMAC, SHA1, 20), KDF(PBKDF2_HMAC, SHA224, 28), KDF(PBKDF2_HMAC, SHA256, 32),
    KDF(PBKDF2_HMAC, SHA384, 48), KDF(PBKDF2_HMAC, SHA512, 64),
    STEP(EXTRACT, SHA1, 20, 64), STEP(EXTRACT, SHA224, 28, 64), STEP(EXTRACT, SHA256, 32, 64),
    STEP(EXTRACT, SHA384, 48, 128), STEP(EXTRACT, SHA512, 64, 128),
    STEP(EXPAND, SHA1, 20, 64), STEP(EXPAND, SHA224, 28, 64), STEP(EXPAND, SHA256, 32, 64),
    STEP(EXPAND, SHA384, 48, 128), STEP(EXPAND, SHA512, 64, 128),
    DIGEST(SHA1, 20), DIGEST(SHA224, 28), DIGEST(SHA256, 32), DIGEST(SHA384, 48),
    DIGEST(SHA512, 64), DIGEST(MD5, 16), DIGEST(SHA3_224, 28), DIGEST(SHA3_256, 32),
    DIGEST(SHA3_384, 48), DIGEST(SHA3_512, 64), SHAKE(SHAKE128, 32), SHAKE(SHAKE256, 64),
};

/* Not to be found by a number: the digest's length chooses. The ids tell the operations of a key apart. */
#define DETERMINISTIC(n, len)                                                                      \
    {.id = 0x10000u + (len), .tee = TEE_ALG_ECDSA_RFC6979_SHA##n,                            \
     .class = KM_ALG_SIGN, .family = KM_FAMILY_ECDSA, .digest_len = (len),                         \
     .flags = KM_ALG_TWO_NUMBERS}

static const struct km_alg DETERMINISTICS[] = {
    DETERMINISTIC(1, 20), DETERMINISTIC(224, 28), DETERMINISTIC(256, 32), DETERMINISTIC(384, 48),
    DETERMINISTIC(512, 64),
};
/* clang-format on */

const struct km_alg *km_alg_find(uint32_t id)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGS); i++) {
        if (ALGS[i].id == id)
            return &ALGS[i];
    }
    return NULL;
}

const struct km_alg *km_alg_deterministic(size_t digest_len)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DETERMINISTICS); i++) {
        if (DETERMINISTICS[i].digest_len == digest_len)
            return &DETERMINISTICS[i];
    }
    return NULL;
}

uint32_t km_alg_tee(const struct km_alg *alg, uint32_t bits)
{
    if (alg->id != KM_CRYPTO_ECDSA)
        return alg->tee;
    switch (bits) {
    case 192:
        return TEE_ALG_ECDSA_P192;
    case 224:
        return TEE_ALG_ECDSA_P224;
    case 384:
        return TEE_ALG_ECDSA_P384;
    case 521:
        return TEE_ALG_ECDSA_P521;
    default:
        return TEE_ALG_ECDSA_P256;
    }
}

bool km_alg_is_concat(const struct km_alg *alg)
{
    return alg->id >= KM_CRYPTO_CONCAT_KDF_SHA1 && alg->id <= KM_CRYPTO_CONCAT_KDF_SHA512;
}

bool km_alg_is_pbkdf2(const struct km_alg *alg)
{
    return alg->id >= KM_CRYPTO_PBKDF2_HMAC_SHA1 && alg->id <= KM_CRYPTO_PBKDF2_HMAC_SHA512;
}

bool km_alg_is_extract(const struct km_alg *alg)
{
    return alg->id >= KM_CRYPTO_HKDF_EXTRACT_SHA1 && alg->id <= KM_CRYPTO_HKDF_EXTRACT_SHA512;
}

bool km_alg_is_expand(const struct km_alg *alg)
{
    return alg->id >= KM_CRYPTO_HKDF_EXPAND_SHA1 && alg->id <= KM_CRYPTO_HKDF_EXPAND_SHA512;
}

bool km_alg_key_fits(const struct km_alg *alg, uint32_t bits)
{
    if ((alg->family & KM_FAMILY_AES) == 0)
        return true;
    if ((alg->flags & KM_ALG_TWO_KEYS) != 0)
        return bits == 256 || bits == 512;
    return bits != 512;
}

static uint32_t crypt_usage(const struct km_alg *alg, uint32_t mode)
{
    static const uint32_t CRYPT = KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT;
    bool encrypts = mode == KM_CRYPTO_MODE_ENCRYPT;
    /*
     * Where decrypting is encrypting, or makes the cipher's blocks of whatever is given: the one right alone would give the
     * key stream, with which anybody forges GCM.
     */
    if ((alg->flags & (encrypts ? KM_ALG_BOTH_TO_ENCRYPT : KM_ALG_BOTH_TO_DECRYPT)) != 0)
        return CRYPT;
    /* The bare private operation signs as well as it decrypts. */
    if (alg->id == KM_CRYPTO_RSA_NOPAD && !encrypts)
        return KM_CRYPTO_USAGE_DECRYPT | KM_CRYPTO_USAGE_SIGN;
    return encrypts ? KM_CRYPTO_USAGE_ENCRYPT : KM_CRYPTO_USAGE_DECRYPT;
}

uint32_t km_alg_usage(const struct km_alg *alg, uint32_t mode)
{
    switch (alg->class) {
    case KM_ALG_CIPHER:
    case KM_ALG_AE:
    case KM_ALG_ASYM:
    case KM_ALG_WRAP:
        if (mode == KM_CRYPTO_MODE_ENCRYPT || mode == KM_CRYPTO_MODE_DECRYPT)
            return crypt_usage(alg, mode);
        return 0;
    case KM_ALG_SIGN:
        if (mode == KM_CRYPTO_MODE_SIGN)
            return KM_CRYPTO_USAGE_SIGN;
        return mode == KM_CRYPTO_MODE_VERIFY ? KM_CRYPTO_USAGE_VERIFY : 0;
    case KM_ALG_MAC:
        return mode == KM_CRYPTO_MODE_MAC ? KM_CRYPTO_USAGE_MAC : 0;
    default:
        return 0;
    }
}

bool km_alg_supported(const struct km_alg *alg, uint32_t bits)
{
    if (bits != 0 &&
        (alg->family == 0 || !km_family_bits_fit(alg->family, bits) || !km_alg_key_fits(alg, bits)))
        return false;
    uint32_t element = TEE_CRYPTO_ELEMENT_NONE;
    if ((alg->family & KM_FAMILY_EC) != 0)
        element = km_curve_of(bits != 0 ? bits : 256);
    else if ((alg->family & KM_FAMILY_25519) != 0)
        element = TEE_ECC_CURVE_25519;
    else if ((alg->family & KM_FAMILY_448) != 0)
        element = TEE_ECC_CURVE_448;
    return TEE_IsAlgorithmSupported(km_alg_tee(alg, bits), element) == TEE_SUCCESS;
}
