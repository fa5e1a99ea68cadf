/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanisms there are, and how the service calls them. */
#include "interop/pkcs11/p11.h"

#define SIGN_VERIFY (CKF_SIGN | CKF_VERIFY)
#define CIPHER_FLAGS (CKF_ENCRYPT | CKF_DECRYPT)
#define AEAD_FLAGS (CIPHER_FLAGS | CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT)
#define EC_FLAGS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define MESSAGE_SIGN (CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY)

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

    ECDSA(CKM_ECDSA, CLRC_ALG_NONE),
    ECDSA(CKM_ECDSA_SHA1, CLRC_SHA1),
    ECDSA(CKM_ECDSA_SHA224, CLRC_SHA224),
    ECDSA(CKM_ECDSA_SHA256, CLRC_SHA256),
    ECDSA(CKM_ECDSA_SHA384, CLRC_SHA384),
    ECDSA(CKM_ECDSA_SHA512, CLRC_SHA512),
    {CKM_EDDSA, 255, 255, SIGN_VERIFY | MESSAGE_SIGN, KM_P11_EDDSA, CKK_EC_EDWARDS, CLRC_ED25519,
     CLRC_ALG_NONE},

    RSA(CKM_RSA_PKCS, KM_P11_RSA_PKCS, SIGN_VERIFY | CIPHER_FLAGS | MESSAGE_SIGN,
        CLRC_RSAES_PKCS1_V1_5, CLRC_ALG_NONE),
    RSA_SIGN(CKM_SHA1_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA1),
    RSA_SIGN(CKM_SHA224_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA224),
    RSA_SIGN(CKM_SHA256_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA256),
    RSA_SIGN(CKM_SHA384_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA384),
    RSA_SIGN(CKM_SHA512_RSA_PKCS, KM_P11_RSA_PKCS, CLRC_SHA512),
    RSA_SIGN(CKM_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_ALG_NONE),
    RSA_SIGN(CKM_SHA1_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA1),
    RSA_SIGN(CKM_SHA224_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA224),
    RSA_SIGN(CKM_SHA256_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA256),
    RSA_SIGN(CKM_SHA384_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA384),
    RSA_SIGN(CKM_SHA512_RSA_PKCS_PSS, KM_P11_RSA_PSS, CLRC_SHA512),
    RSA(CKM_RSA_X_509, KM_P11_RSA_X509, SIGN_VERIFY | CIPHER_FLAGS, CLRC_RSA_NOPAD, CLRC_ALG_NONE),
    RSA(CKM_RSA_PKCS_OAEP, KM_P11_RSA_OAEP, CIPHER_FLAGS, CLRC_ALG_NONE, CLRC_ALG_NONE),

    AES(CKM_AES_ECB, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_ECB_NOPAD),
    AES(CKM_AES_CBC, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_CBC_NOPAD),
    AES(CKM_AES_CBC_PAD, KM_P11_CIPHER_PAD, CIPHER_FLAGS, CLRC_AES_CBC_NOPAD),
    AES(CKM_AES_CTR, KM_P11_CIPHER_CTR, CIPHER_FLAGS, CLRC_AES_CTR),
    AES(CKM_AES_OFB, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_OFB),
    AES(CKM_AES_CFB128, KM_P11_CIPHER, CIPHER_FLAGS, CLRC_AES_CFB_128),
    AES(CKM_AES_GCM, KM_P11_GCM, AEAD_FLAGS, CLRC_AES_GCM),
    AES(CKM_AES_CCM, KM_P11_CCM, AEAD_FLAGS, CLRC_AES_CCM),
    {CKM_CHACHA20_POLY1305, 32, 32, AEAD_FLAGS, KM_P11_CHACHA, CKK_CHACHA20, CLRC_CHACHA20_POLY1305,
     CLRC_ALG_NONE},
    AES(CKM_AES_KEY_WRAP, KM_P11_WRAP, CKF_WRAP | CKF_UNWRAP, CLRC_AES_KW),
    AES(CKM_AES_KEY_WRAP_PAD, KM_P11_WRAP, CKF_WRAP | CKF_UNWRAP, CLRC_AES_KWP),
    AES(CKM_AES_KEY_WRAP_KWP, KM_P11_WRAP, CKF_WRAP | CKF_UNWRAP, CLRC_AES_KWP),

    AES(CKM_AES_KEY_GEN, KM_P11_GENERATE, CKF_GENERATE, CLRC_ALG_NONE),
    {CKM_GENERIC_SECRET_KEY_GEN, 8, 512, CKF_GENERATE, KM_P11_GENERATE, CKK_GENERIC_SECRET,
     CLRC_ALG_NONE, CLRC_ALG_NONE},
    {CKM_CHACHA20_KEY_GEN, 32, 32, CKF_GENERATE, KM_P11_GENERATE, CKK_CHACHA20, CLRC_ALG_NONE,
     CLRC_ALG_NONE},
    {CKM_RSA_PKCS_KEY_PAIR_GEN, 2048, 4096, CKF_GENERATE_KEY_PAIR, KM_P11_GENERATE_PAIR, CKK_RSA,
     CLRC_ALG_NONE, CLRC_ALG_NONE},
    {CKM_EC_KEY_PAIR_GEN, 224, 521, CKF_GENERATE_KEY_PAIR | EC_FLAGS, KM_P11_GENERATE_PAIR, CKK_EC,
     CLRC_ALG_NONE, CLRC_ALG_NONE},
    {CKM_EC_EDWARDS_KEY_PAIR_GEN, 255, 255, CKF_GENERATE_KEY_PAIR, KM_P11_GENERATE_PAIR,
     CKK_EC_EDWARDS, CLRC_ALG_NONE, CLRC_ALG_NONE},
    {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, 255, 255, CKF_GENERATE_KEY_PAIR, KM_P11_GENERATE_PAIR,
     CKK_EC_MONTGOMERY, CLRC_ALG_NONE, CLRC_ALG_NONE},

    {CKM_ECDH1_DERIVE, 224, 521, CKF_DERIVE | EC_FLAGS, KM_P11_AGREE, CKK_EC, CLRC_ECDH,
     CLRC_ALG_NONE},
    {CKM_ECDH1_COFACTOR_DERIVE, 224, 521, CKF_DERIVE | EC_FLAGS, KM_P11_AGREE, CKK_EC, CLRC_ECDH,
     CLRC_ALG_NONE},
    {CKM_HKDF_DERIVE, 8, 512, CKF_DERIVE, KM_P11_HKDF, CKK_GENERIC_SECRET, CLRC_ALG_NONE,
     CLRC_ALG_NONE},
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
    {CLRC_SHA3_224, CLRC_HMAC_SHA3_224, CLRC_ALG_NONE, CLRC_ALG_NONE, 28},
    {CLRC_SHA3_256, CLRC_HMAC_SHA3_256, CLRC_ALG_NONE, CLRC_ALG_NONE, 32},
    {CLRC_SHA3_384, CLRC_HMAC_SHA3_384, CLRC_ALG_NONE, CLRC_ALG_NONE, 48},
    {CLRC_SHA3_512, CLRC_HMAC_SHA3_512, CLRC_ALG_NONE, CLRC_ALG_NONE, 64},
};

uint32_t km_p11_digest_len(ClrcAlgorithm algorithm)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (DIGESTS[i].digest == algorithm || DIGESTS[i].hmac == algorithm)
            return DIGESTS[i].len;
    }
    return 16; /* AES-CMAC */
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
