/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanisms there are, and how the service calls them. */
#include "interop/pkcs11/p11.h"

#define SIGN_VERIFY (CKF_SIGN | CKF_VERIFY)
#define CIPHER_FLAGS (CKF_ENCRYPT | CKF_DECRYPT)
#define AEAD_FLAGS (CIPHER_FLAGS | CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT)
#define EC_FLAGS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define MESSAGE_SIGN (CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY)

#define WRAP_FLAGS (CKF_WRAP | CKF_UNWRAP)
#define RECOVER (CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)

#define DIGEST(noun, algorithm)                                                                    \
    {                                                                                              \
        CKM_##noun, 0, 0, CKF_DIGEST, KM_P11_DIGEST, 0, CLRC_##algorithm, CLRC_ALG_NONE            \
    }
#define HMAC(noun, algorithm)                                                                      \
    {                                                                                              \
        CKM_##noun##_HMAC, 8, 512, SIGN_VERIFY | MESSAGE_SIGN, KM_P11_MAC, CKK_GENERIC_SECRET,     \
            CLRC_HMAC_##algorithm, CLRC_ALG_NONE                                                   \
    }
#define ECDSA(type, digest)                                                                        \
    {                                                                                              \
        type, 192, 521, SIGN_VERIFY | MESSAGE_SIGN | EC_FLAGS, KM_P11_ECDSA, CKK_EC, CLRC_ECDSA,   \
            digest                                                                                 \
    }
#define RSA(type, family, flags, algorithm, digest)                                                \
    {                                                                                              \
        type, 2048, 4096, flags, family, CKK_RSA, algorithm, digest                                \
    }
#define RSA_SIGN(type, family, digest)                                                             \
    RSA(type, family, SIGN_VERIFY | MESSAGE_SIGN, CLRC_ALG_NONE, digest)
#define AES(type, family, flags, algorithm)                                                        \
    {                                                                                              \
        type, 16, 32, flags, family, CKK_AES, algorithm, CLRC_ALG_NONE                             \
    }

#define DES(type, family, flags, algorithm)                                                        \
    {                                                                                              \
        type, 16, 24, flags, family, CKK_DES3, algorithm, CLRC_ALG_NONE                            \
    }
#define DSA(type, digest)                                                                          \
    {                                                                                              \
        type, 1024, 3072, SIGN_VERIFY | MESSAGE_SIGN, KM_P11_DSA, CKK_DSA, CLRC_ALG_NONE, digest   \
    }
#define KEY_GEN(type, min, max, key_type)                                                          \
    {                                                                                              \
        type, min, max, CKF_GENERATE, KM_P11_GENERATE, key_type, CLRC_ALG_NONE, CLRC_ALG_NONE      \
    }
#define PAIR_GEN(type, min, max, flags, key_type)                                                  \
    {                                                                                              \
        type, min, max, CKF_GENERATE_KEY_PAIR | (flags), KM_P11_GENERATE_PAIR, key_type,           \
            CLRC_ALG_NONE, CLRC_ALG_NONE                                                           \
    }
#define DERIVE(type, family, key_type, algorithm)                                                  \
    {                                                                                              \
        type, 1, 512, CKF_DERIVE, family, key_type, algorithm, CLRC_ALG_NONE                       \
    }

/* clang-format off: one row a mechanism */
static const struct km_p11_mechanism MECHANISMS[] = {
    DIGEST(MD5, MD5),
    DIGEST(SHA_1, SHA1),
    DIGEST(SHA224, SHA224),
    DIGEST(SHA256, SHA256),
    DIGEST(SHA384, SHA384),
    DIGEST(SHA512, SHA512),
    DIGEST(SHA3_224, SHA3_224),
    DIGEST(SHA3_256, SHA3_256),
    DIGEST(SHA3_384, SHA3_384),
    DIGEST(SHA3_512, SHA3_512),

    HMAC(MD5, MD5),
    HMAC(SHA_1, SHA1),
    HMAC(SHA224, SHA224),
    HMAC(SHA256, SHA256),
    HMAC(SHA384, SHA384),
    HMAC(SHA512, SHA512),
    HMAC(SHA3_224, SHA3_224),
    HMAC(SHA3_256, SHA3_256),
    HMAC(SHA3_384, SHA3_384),
    HMAC(SHA3_512, SHA3_512),
    AES(CKM_AES_CMAC, KM_P11_MAC, SIGN_VERIFY | MESSAGE_SIGN, CLRC_AES_CMAC),
    DES(CKM_DES3_CMAC, KM_P11_MAC, SIGN_VERIFY | MESSAGE_SIGN, CLRC_DES3_CMAC),

    ECDSA(CKM_ECDSA, CLRC_ALG_NONE),
    ECDSA(CKM_ECDSA_SHA1, CLRC_SHA1),
    ECDSA(CKM_ECDSA_SHA224, CLRC_SHA224),
    ECDSA(CKM_ECDSA_SHA256, CLRC_SHA256),
    ECDSA(CKM_ECDSA_SHA384, CLRC_SHA384),
    ECDSA(CKM_ECDSA_SHA512, CLRC_SHA512),
    ECDSA(CKM_ECDSA_SHA3_224, CLRC_SHA3_224),
    ECDSA(CKM_ECDSA_SHA3_256, CLRC_SHA3_256),
    ECDSA(CKM_ECDSA_SHA3_384, CLRC_SHA3_384),
    ECDSA(CKM_ECDSA_SHA3_512, CLRC_SHA3_512),
    {CKM_EDDSA, 255, 448, SIGN_VERIFY | MESSAGE_SIGN, KM_P11_EDDSA, CKK_EC_EDWARDS, CLRC_ALG_NONE,
     CLRC_ALG_NONE},

    DSA(CKM_DSA, CLRC_ALG_NONE),
    DSA(CKM_DSA_SHA1, CLRC_SHA1),
    DSA(CKM_DSA_SHA224, CLRC_SHA224),
    DSA(CKM_DSA_SHA256, CLRC_SHA256),

    RSA(CKM_RSA_PKCS, KM_P11_RSA_PKCS,
        SIGN_VERIFY | CIPHER_FLAGS | MESSAGE_SIGN | WRAP_FLAGS | RECOVER, CLRC_RSAES_PKCS1_V1_5,
        CLRC_ALG_NONE),
    RSA_SIGN(CKM_MD5_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_MD5),
    RSA_SIGN(CKM_SHA1_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA1),
    RSA_SIGN(CKM_SHA224_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA224),
    RSA_SIGN(CKM_SHA256_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA256),
    RSA_SIGN(CKM_SHA384_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA384),
    RSA_SIGN(CKM_SHA512_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA512),
    RSA_SIGN(CKM_SHA3_224_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA3_224),
    RSA_SIGN(CKM_SHA3_256_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA3_256),
    RSA_SIGN(CKM_SHA3_384_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA3_384),
    RSA_SIGN(CKM_SHA3_512_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA3_512),
    RSA_SIGN(CKM_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_ALG_NONE),
    RSA_SIGN(CKM_SHA1_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA1),
    RSA_SIGN(CKM_SHA224_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA224),
    RSA_SIGN(CKM_SHA256_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA256),
    RSA_SIGN(CKM_SHA384_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA384),
    RSA_SIGN(CKM_SHA512_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA512),
    RSA_SIGN(CKM_SHA3_224_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA3_224),
    RSA_SIGN(CKM_SHA3_256_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA3_256),
    RSA_SIGN(CKM_SHA3_384_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA3_384),
    RSA_SIGN(CKM_SHA3_512_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA3_512),
    RSA(CKM_RSA_X_509, KM_P11_RSA_X509, SIGN_VERIFY | CIPHER_FLAGS | RECOVER, CLRC_RSA_NOPAD,
        CLRC_ALG_NONE),
    RSA(CKM_RSA_PKCS_OAEP, KM_P11_RSA_OAEP, CIPHER_FLAGS | WRAP_FLAGS, CLRC_ALG_NONE,
        CLRC_ALG_NONE),
    RSA(CKM_RSA_AES_KEY_WRAP, KM_P11_RSA_AES, WRAP_FLAGS, CLRC_AES_KWP, CLRC_ALG_NONE),

    AES(CKM_AES_ECB, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_ECB_NOPAD),
    AES(CKM_AES_CBC, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_CBC_NOPAD),
    AES(CKM_AES_CBC_PAD, KM_P11_CIPHER_PAD, CIPHER_FLAGS, CLRC_AES_CBC_NOPAD),
    AES(CKM_AES_CTR, KM_P11_CIPHER_CTR, CIPHER_FLAGS, CLRC_AES_CTR),
    AES(CKM_AES_OFB, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_OFB),
    AES(CKM_AES_CFB128, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_CFB_128),
    AES(CKM_AES_CTS, KM_P11_CTS, CIPHER_FLAGS, CLRC_AES_CTS),
    {CKM_AES_XTS, 32, 64, CIPHER_FLAGS, KM_P11_CIPHER_WHOLE, CKK_AES_XTS, CLRC_AES_XTS_NOPAD,
     CLRC_ALG_NONE},
    DES(CKM_DES3_ECB, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_DES3_ECB_NOPAD),
    DES(CKM_DES3_CBC, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_DES3_CBC_NOPAD),
    DES(CKM_DES3_CBC_PAD, KM_P11_CIPHER_PAD, CIPHER_FLAGS, CLRC_DES3_CBC_NOPAD),
    DES(CKM_DES_OFB64, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_DES3_OFB),
    DES(CKM_DES_CFB64, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_DES3_CFB_64),
    AES(CKM_AES_GCM, KM_P11_GCM, AEAD_FLAGS, CLRC_AES_GCM),
    AES(CKM_AES_CCM, KM_P11_CCM, AEAD_FLAGS, CLRC_AES_CCM),
    {CKM_CHACHA20_POLY1305, 32, 32, AEAD_FLAGS, KM_P11_CHACHA, CKK_CHACHA20, CLRC_CHACHA20_POLY1305,
     CLRC_ALG_NONE},
    AES(CKM_AES_KEY_WRAP, KM_P11_WRAP, CKF_WRAP | CKF_UNWRAP, CLRC_AES_KW),
    AES(CKM_AES_KEY_WRAP_PAD, KM_P11_WRAP, CKF_WRAP | CKF_UNWRAP, CLRC_AES_KWP),
    AES(CKM_AES_KEY_WRAP_KWP, KM_P11_WRAP, CKF_WRAP | CKF_UNWRAP, CLRC_AES_KWP),

    KEY_GEN(CKM_AES_KEY_GEN, 16, 32, CKK_AES),
    KEY_GEN(CKM_AES_XTS_KEY_GEN, 32, 64, CKK_AES_XTS),
    KEY_GEN(CKM_DES2_KEY_GEN, 16, 16, CKK_DES2),
    KEY_GEN(CKM_DES3_KEY_GEN, 24, 24, CKK_DES3),
    KEY_GEN(CKM_CHACHA20_KEY_GEN, 32, 32, CKK_CHACHA20),
    KEY_GEN(CKM_GENERIC_SECRET_KEY_GEN, 8, 512, CKK_GENERIC_SECRET),
    KEY_GEN(CKM_HKDF_KEY_GEN, 1, 512, CKK_HKDF),
    KEY_GEN(CKM_SHA_1_KEY_GEN, 8, 512, CKK_SHA_1_HMAC),
    KEY_GEN(CKM_SHA224_KEY_GEN, 8, 512, CKK_SHA224_HMAC),
    KEY_GEN(CKM_SHA256_KEY_GEN, 8, 512, CKK_SHA256_HMAC),
    KEY_GEN(CKM_SHA384_KEY_GEN, 8, 512, CKK_SHA384_HMAC),
    KEY_GEN(CKM_SHA512_KEY_GEN, 8, 512, CKK_SHA512_HMAC),
    KEY_GEN(CKM_SHA3_224_KEY_GEN, 8, 512, CKK_SHA3_224_HMAC),
    KEY_GEN(CKM_SHA3_256_KEY_GEN, 8, 512, CKK_SHA3_256_HMAC),
    KEY_GEN(CKM_SHA3_384_KEY_GEN, 8, 512, CKK_SHA3_384_HMAC),
    KEY_GEN(CKM_SHA3_512_KEY_GEN, 8, 512, CKK_SHA3_512_HMAC),
    {CKM_PKCS5_PBKD2, 1, 512, CKF_GENERATE, KM_P11_PASSWORD, CKK_GENERIC_SECRET, CLRC_ALG_NONE,
     CLRC_ALG_NONE},
    PAIR_GEN(CKM_RSA_PKCS_KEY_PAIR_GEN, 2048, 4096, 0, CKK_RSA),
    PAIR_GEN(CKM_EC_KEY_PAIR_GEN, 224, 521, EC_FLAGS, CKK_EC),
    PAIR_GEN(CKM_EC_EDWARDS_KEY_PAIR_GEN, 255, 448, 0, CKK_EC_EDWARDS),
    PAIR_GEN(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, 255, 448, 0, CKK_EC_MONTGOMERY),
    PAIR_GEN(CKM_DSA_KEY_PAIR_GEN, 2048, 3072, 0, CKK_DSA),
    PAIR_GEN(CKM_DH_PKCS_KEY_PAIR_GEN, 2048, 4096, 0, CKK_DH),

    {CKM_ECDH1_DERIVE, 224, 521, CKF_DERIVE | EC_FLAGS, KM_P11_AGREE, CKK_EC, CLRC_ECDH,
     CLRC_ALG_NONE},
    {CKM_ECDH1_COFACTOR_DERIVE, 224, 521, CKF_DERIVE | EC_FLAGS, KM_P11_AGREE, CKK_EC, CLRC_ECDH,
     CLRC_ALG_NONE},
    {CKM_DH_PKCS_DERIVE, 2048, 4096, CKF_DERIVE, KM_P11_DH, CKK_DH, CLRC_DH_DERIVE_SHARED_SECRET,
     CLRC_ALG_NONE},
    DERIVE(CKM_HKDF_DERIVE, KM_P11_HKDF, CKK_GENERIC_SECRET, CLRC_ALG_NONE),
    DERIVE(CKM_HKDF_DATA, KM_P11_HKDF_DATA, CKK_GENERIC_SECRET, CLRC_ALG_NONE),
    DERIVE(CKM_SHA1_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA1),
    DERIVE(CKM_SHA224_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA224),
    DERIVE(CKM_SHA256_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA256),
    DERIVE(CKM_SHA384_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA384),
    DERIVE(CKM_SHA512_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA512),
    DERIVE(CKM_SHA3_224_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA3_224),
    DERIVE(CKM_SHA3_256_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA3_256),
    DERIVE(CKM_SHA3_384_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA3_384),
    DERIVE(CKM_SHA3_512_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHA3_512),
    DERIVE(CKM_SHAKE_128_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHAKE128),
    DERIVE(CKM_SHAKE_256_KEY_DERIVATION, KM_P11_HASH_DERIVE, CKK_GENERIC_SECRET, CLRC_SHAKE256),
    DERIVE(CKM_AES_ECB_ENCRYPT_DATA, KM_P11_ENCRYPT_DERIVE, CKK_AES, CLRC_AES_ECB_NOPAD),
    DERIVE(CKM_AES_CBC_ENCRYPT_DATA, KM_P11_ENCRYPT_DERIVE, CKK_AES, CLRC_AES_CBC_NOPAD),
    DERIVE(CKM_DES3_ECB_ENCRYPT_DATA, KM_P11_ENCRYPT_DERIVE, CKK_DES3, CLRC_DES3_ECB_NOPAD),
    DERIVE(CKM_DES3_CBC_ENCRYPT_DATA, KM_P11_ENCRYPT_DERIVE, CKK_DES3, CLRC_DES3_CBC_NOPAD),
};
/* clang-format on */

size_t km_p11_n_mechanisms(void)
{
    return KM_ARRAY_LEN(MECHANISMS);
}

const struct km_p11_mechanism *km_p11_mechanism_at(size_t i)
{
    return &MECHANISMS[i];
}

const struct km_p11_mechanism *km_p11_mechanism_find(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(MECHANISMS); i++) {
        if (MECHANISMS[i].type == type)
            return &MECHANISMS[i];
    }
    return NULL;
}

static const struct {
    ClrcAlgorithm digest, hmac, pkcs, pss;
    uint32_t len;
} DIGESTS[] = {
    {CLRC_MD5, CLRC_HMAC_MD5, CLRC_RSASSA_PKCS1_V1_5_MD5, CLRC_ALG_NONE, 16},
    {CLRC_SHA1, CLRC_HMAC_SHA1, CLRC_RSASSA_PKCS1_V1_5_SHA1, CLRC_RSASSA_PKCS1_PSS_MGF1_SHA1, 20},
    {CLRC_SHA224, CLRC_HMAC_SHA224, CLRC_RSASSA_PKCS1_V1_5_SHA224,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA224, 28},
    {CLRC_SHA256, CLRC_HMAC_SHA256, CLRC_RSASSA_PKCS1_V1_5_SHA256,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA256, 32},
    {CLRC_SHA384, CLRC_HMAC_SHA384, CLRC_RSASSA_PKCS1_V1_5_SHA384,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA384, 48},
    {CLRC_SHA512, CLRC_HMAC_SHA512, CLRC_RSASSA_PKCS1_V1_5_SHA512,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA512, 64},
    {CLRC_SHA3_224, CLRC_HMAC_SHA3_224, CLRC_RSASSA_PKCS1_V1_5_SHA3_224,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_224, 28},
    {CLRC_SHA3_256, CLRC_HMAC_SHA3_256, CLRC_RSASSA_PKCS1_V1_5_SHA3_256,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_256, 32},
    {CLRC_SHA3_384, CLRC_HMAC_SHA3_384, CLRC_RSASSA_PKCS1_V1_5_SHA3_384,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_384, 48},
    {CLRC_SHA3_512, CLRC_HMAC_SHA3_512, CLRC_RSASSA_PKCS1_V1_5_SHA3_512,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA3_512, 64},
};

uint32_t km_p11_digest_len(ClrcAlgorithm algorithm)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (DIGESTS[i].digest == algorithm || DIGESTS[i].hmac == algorithm)
            return DIGESTS[i].len;
    }
    return algorithm == CLRC_DES3_CMAC ? 8 : 16;
}

ClrcAlgorithm km_p11_pss_of(ClrcAlgorithm digest)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (DIGESTS[i].digest == digest)
            return DIGESTS[i].pss;
    }
    return CLRC_ALG_NONE;
}

ClrcAlgorithm km_p11_pkcs_of(ClrcAlgorithm digest)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (DIGESTS[i].digest == digest)
            return DIGESTS[i].pkcs;
    }
    return CLRC_ALG_NONE;
}

ClrcAlgorithm km_p11_hkdf_of(CK_MECHANISM_TYPE hash, bool extracts, bool expands)
{
    static const struct {
        CK_MECHANISM_TYPE hash;
        ClrcAlgorithm both, extract, expand;
    } HASHES[] = {
        {CKM_SHA_1, CLRC_HKDF_SHA1, CLRC_HKDF_EXTRACT_SHA1, CLRC_HKDF_EXPAND_SHA1},
        {CKM_SHA224, CLRC_HKDF_SHA224, CLRC_HKDF_EXTRACT_SHA224, CLRC_HKDF_EXPAND_SHA224},
        {CKM_SHA256, CLRC_HKDF_SHA256, CLRC_HKDF_EXTRACT_SHA256, CLRC_HKDF_EXPAND_SHA256},
        {CKM_SHA384, CLRC_HKDF_SHA384, CLRC_HKDF_EXTRACT_SHA384, CLRC_HKDF_EXPAND_SHA384},
        {CKM_SHA512, CLRC_HKDF_SHA512, CLRC_HKDF_EXTRACT_SHA512, CLRC_HKDF_EXPAND_SHA512},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(HASHES); i++) {
        if (HASHES[i].hash != hash)
            continue;
        if (extracts && expands)
            return HASHES[i].both;
        return extracts ? HASHES[i].extract : expands ? HASHES[i].expand : CLRC_ALG_NONE;
    }
    return CLRC_ALG_NONE;
}

/* ---- types of keys ---- */

static const struct {
    CK_KEY_TYPE type;
    ClrcAlgorithm hmac;
} HMAC_TYPES[] = {
    {CKK_MD5_HMAC, CLRC_HMAC_MD5},           {CKK_SHA_1_HMAC, CLRC_HMAC_SHA1},
    {CKK_SHA224_HMAC, CLRC_HMAC_SHA224},     {CKK_SHA256_HMAC, CLRC_HMAC_SHA256},
    {CKK_SHA384_HMAC, CLRC_HMAC_SHA384},     {CKK_SHA512_HMAC, CLRC_HMAC_SHA512},
    {CKK_SHA3_224_HMAC, CLRC_HMAC_SHA3_224}, {CKK_SHA3_256_HMAC, CLRC_HMAC_SHA3_256},
    {CKK_SHA3_384_HMAC, CLRC_HMAC_SHA3_384}, {CKK_SHA3_512_HMAC, CLRC_HMAC_SHA3_512},
};

bool km_p11_is_hmac_type(CK_KEY_TYPE type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(HMAC_TYPES); i++) {
        if (HMAC_TYPES[i].type == type)
            return true;
    }
    return false;
}

bool km_p11_mechanism_takes(const struct km_p11_mechanism *mechanism, CK_KEY_TYPE type)
{
    bool derives = (mechanism->flags & CKF_DERIVE) != 0;
    if (type == mechanism->key_type)
        return true;
    if (type == CKK_EC_MONTGOMERY)
        return mechanism->type == CKM_ECDH1_DERIVE;
    if (type == CKK_DES2)
        return mechanism->key_type == CKK_DES3;
    if (type == CKK_HKDF)
        return mechanism->key_type == CKK_GENERIC_SECRET && derives;
    for (size_t i = 0; i < KM_ARRAY_LEN(HMAC_TYPES); i++) {
        if (HMAC_TYPES[i].type == type)
            return mechanism->family == KM_P11_MAC && HMAC_TYPES[i].hmac == mechanism->algorithm;
    }
    return false;
}
