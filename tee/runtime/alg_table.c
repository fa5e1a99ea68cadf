/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/alg_table.h"

#include <openssl/kdf.h>
#include <string.h>

#define CRYPT (KM_RT_MODE(TEE_MODE_ENCRYPT) | KM_RT_MODE(TEE_MODE_DECRYPT))
#define SIGN (KM_RT_MODE(TEE_MODE_SIGN) | KM_RT_MODE(TEE_MODE_VERIFY))

static struct km_rt_hash_row hashes[KM_RT_N_HASHES] = {
    [KM_RT_SHA1] = {TEE_ALG_SHA1, TEE_ALG_HMAC_SHA1, "SHA1", 20, NULL},
    [KM_RT_SHA224] = {TEE_ALG_SHA224, TEE_ALG_HMAC_SHA224, "SHA224", 28, NULL},
    [KM_RT_SHA256] = {TEE_ALG_SHA256, TEE_ALG_HMAC_SHA256, "SHA256", 32, NULL},
    [KM_RT_SHA384] = {TEE_ALG_SHA384, TEE_ALG_HMAC_SHA384, "SHA384", 48, NULL},
    [KM_RT_SHA512] = {TEE_ALG_SHA512, TEE_ALG_HMAC_SHA512, "SHA512", 64, NULL},
};

/* clang-format off */
#define DIGEST(h)                                                                                  \
    {.alg = TEE_ALG_##h, .op_class = TEE_OPERATION_DIGEST, .scheme = KM_RT_DIGEST,                 \
     .hash = KM_RT_##h, .modes = KM_RT_MODE(TEE_MODE_DIGEST)}
#define HMAC(h)                                                                                    \
    {.alg = TEE_ALG_HMAC_##h, .op_class = TEE_OPERATION_MAC, .scheme = KM_RT_HMAC,                 \
     .hash = KM_RT_##h, .modes = KM_RT_MODE(TEE_MODE_MAC), .key_type = TEE_TYPE_HMAC_##h}
#define AES(name, cls, sch, blk, iv, mode)                                                         \
    {.alg = TEE_ALG_AES_##name, .op_class = cls, .scheme = sch, .block = blk, .iv_len = iv,        \
     .modes = CRYPT, .key_type = TEE_TYPE_AES,                                                     \
     .cipher = {"AES-128-" mode, "AES-192-" mode, "AES-256-" mode}}
#define RSA_SIGN(id, sch, h)                                                                       \
    {.alg = id, .op_class = TEE_OPERATION_ASYMMETRIC_SIGNATURE, .scheme = sch, .hash = h,          \
     .modes = SIGN, .key_type = TEE_TYPE_RSA_KEYPAIR, .other_key_type = TEE_TYPE_RSA_PUBLIC_KEY}
#define RSA_BOTH(h)                                                                                \
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_V1_5_##h, KM_RT_RSA_PKCS1, KM_RT_##h),                           \
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_PSS_MGF1_##h, KM_RT_RSA_PSS, KM_RT_##h),                         \
    {.alg = TEE_ALG_RSAES_PKCS1_OAEP_MGF1_##h, .op_class = TEE_OPERATION_ASYMMETRIC_CIPHER,        \
     .scheme = KM_RT_RSA_OAEP, .hash = KM_RT_##h, .modes = CRYPT,                                  \
     .key_type = TEE_TYPE_RSA_KEYPAIR, .other_key_type = TEE_TYPE_RSA_PUBLIC_KEY}
#define ECDSA(h)                                                                                   \
    {.alg = TEE_ALG_ECDSA_##h, .op_class = TEE_OPERATION_ASYMMETRIC_SIGNATURE,                     \
     .scheme = KM_RT_ECDSA, .hash = KM_RT_##h, .modes = SIGN,                                      \
     .key_type = TEE_TYPE_ECDSA_KEYPAIR, .other_key_type = TEE_TYPE_ECDSA_PUBLIC_KEY}
#define DERIVE(id, sch, h, type, other)                                                            \
    {.alg = id, .op_class = TEE_OPERATION_KEY_DERIVATION, .scheme = sch, .hash = h,                \
     .modes = KM_RT_MODE(TEE_MODE_DERIVE), .key_type = type, .other_key_type = other}
#define HKDF(h)                                                                                    \
    DERIVE(TEE_ALG_HKDF_##h##_DERIVE_KEY, KM_RT_HKDF, KM_RT_##h, TEE_TYPE_HKDF_IKM, TEE_TYPE_HKDF)
#define CONCAT(h)                                                                                  \
    DERIVE(TEE_ALG_CONCAT_KDF_##h##_DERIVE_KEY, KM_RT_CONCAT_KDF, KM_RT_##h,                       \
           TEE_TYPE_CONCAT_KDF_Z, 0)
#define PBKDF2(h)                                                                                  \
    DERIVE(TEE_ALG_PBKDF2_HMAC_##h##_DERIVE_KEY, KM_RT_PBKDF2, KM_RT_##h,                          \
           TEE_TYPE_PBKDF2_PASSWORD, 0)

static const struct km_rt_alg algs[] = {
    AES(ECB_NOPAD, TEE_OPERATION_CIPHER, KM_RT_ECB, 16, 0, "ECB"),
    AES(CBC_NOPAD, TEE_OPERATION_CIPHER, KM_RT_CBC, 16, 16, "CBC"),
    AES(CTR, TEE_OPERATION_CIPHER, KM_RT_CTR, 1, 16, "CTR"),
    AES(GCM, TEE_OPERATION_AE, KM_RT_GCM, 1, 0, "GCM"),
    {.alg = TEE_ALG_AES_CMAC, .op_class = TEE_OPERATION_MAC, .scheme = KM_RT_CMAC, .block = 16,
     .modes = KM_RT_MODE(TEE_MODE_MAC), .key_type = TEE_TYPE_AES,
     .cipher = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"}},
    DIGEST(SHA1), DIGEST(SHA224), DIGEST(SHA256), DIGEST(SHA384), DIGEST(SHA512),
    HMAC(SHA1), HMAC(SHA224), HMAC(SHA256), HMAC(SHA384), HMAC(SHA512),
    RSA_BOTH(SHA1), RSA_BOTH(SHA224), RSA_BOTH(SHA256), RSA_BOTH(SHA384), RSA_BOTH(SHA512),
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_V1_5, KM_RT_RSA_PKCS1, KM_RT_HASH_NONE),
    ECDSA(SHA1), ECDSA(SHA224), ECDSA(SHA256), ECDSA(SHA384), ECDSA(SHA512),
    DERIVE(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, KM_RT_ECDH, KM_RT_HASH_NONE, TEE_TYPE_ECDH_KEYPAIR, 0),
    DERIVE(TEE_ALG_HKDF, KM_RT_HKDF, KM_RT_HASH_NONE, TEE_TYPE_HKDF, TEE_TYPE_HKDF_IKM),
    HKDF(SHA1), HKDF(SHA224), HKDF(SHA256), HKDF(SHA384), HKDF(SHA512),
    CONCAT(SHA1), CONCAT(SHA224), CONCAT(SHA256), CONCAT(SHA384), CONCAT(SHA512),
    PBKDF2(SHA1), PBKDF2(SHA256), PBKDF2(SHA384), PBKDF2(SHA512),
};
/* clang-format on */

static EVP_CIPHER *ciphers[KM_ARRAY_LEN(algs)][KM_RT_AES_SIZES];

static struct {
    EVP_MAC *hmac, *cmac;
    EVP_KDF *hkdf, *concat, *pbkdf2;
    /* Held so that the first key and signature of an instance find them in the library context's cache. */
    EVP_KEYMGMT *ec, *rsa;
    EVP_SIGNATURE *ecdsa, *rsa_sign;
    EVP_KEYEXCH *ecdh;
    EVP_ASYM_CIPHER *rsa_cipher;
} fetched;

const struct km_rt_hash_row *km_rt_hash(enum km_rt_hash hash)
{
    return &hashes[hash];
}

const struct km_rt_hash_row *km_rt_hash_by_alg(uint32_t alg)
{
    for (size_t i = 1; i < KM_RT_N_HASHES; i++)
        if (hashes[i].alg == alg || hashes[i].hmac == alg)
            return &hashes[i];
    return NULL;
}

const struct km_rt_alg *km_rt_alg_find(uint32_t alg)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(algs); i++)
        if (algs[i].alg == alg)
            return &algs[i];
    return NULL;
}

const EVP_CIPHER *km_rt_alg_cipher(const struct km_rt_alg *alg, uint32_t bits)
{
    if (bits != 128 && bits != 192 && bits != 256)
        return NULL;
    return ciphers[alg - algs][(bits - 128) / 64];
}

EVP_MAC *km_rt_mac(enum km_rt_scheme scheme)
{
    return scheme == KM_RT_CMAC ? fetched.cmac : fetched.hmac;
}

EVP_KDF *km_rt_kdf(enum km_rt_scheme scheme)
{
    if (scheme == KM_RT_HKDF)
        return fetched.hkdf;
    return scheme == KM_RT_CONCAT_KDF ? fetched.concat : fetched.pbkdf2;
}

static bool fetch_tables(OSSL_LIB_CTX *ctx)
{
    bool ok = true;
    for (size_t i = 1; i < KM_RT_N_HASHES; i++)
        ok = (hashes[i].md = EVP_MD_fetch(ctx, hashes[i].name, NULL)) != NULL && ok;
    for (size_t i = 0; i < KM_ARRAY_LEN(algs); i++)
        for (size_t k = 0; k < KM_RT_AES_SIZES; k++)
            if (algs[i].cipher[k] != NULL)
                ok = (ciphers[i][k] = EVP_CIPHER_fetch(ctx, algs[i].cipher[k], NULL)) != NULL && ok;
    return ok;
}

km_status km_rt_alg_warm(struct km_err *err)
{
    OSSL_LIB_CTX *ctx = km_rt_libctx();
    bool ok = fetch_tables(ctx);
    ok = (fetched.hmac = EVP_MAC_fetch(ctx, "HMAC", NULL)) != NULL && ok;
    ok = (fetched.cmac = EVP_MAC_fetch(ctx, "CMAC", NULL)) != NULL && ok;
    ok = (fetched.hkdf = EVP_KDF_fetch(ctx, "HKDF", NULL)) != NULL && ok;
    ok = (fetched.concat = EVP_KDF_fetch(ctx, "SSKDF", NULL)) != NULL && ok;
    ok = (fetched.pbkdf2 = EVP_KDF_fetch(ctx, "PBKDF2", NULL)) != NULL && ok;
    ok = (fetched.ec = EVP_KEYMGMT_fetch(ctx, "EC", NULL)) != NULL && ok;
    ok = (fetched.rsa = EVP_KEYMGMT_fetch(ctx, "RSA", NULL)) != NULL && ok;
    ok = (fetched.ecdsa = EVP_SIGNATURE_fetch(ctx, "ECDSA", NULL)) != NULL && ok;
    ok = (fetched.rsa_sign = EVP_SIGNATURE_fetch(ctx, "RSA", NULL)) != NULL && ok;
    ok = (fetched.ecdh = EVP_KEYEXCH_fetch(ctx, "ECDH", NULL)) != NULL && ok;
    ok = (fetched.rsa_cipher = EVP_ASYM_CIPHER_fetch(ctx, "RSA", NULL)) != NULL && ok;
    return ok ? KM_OK : KM_FAIL(err, KM_E_UNSUPPORTED, "libcrypto lacks an algorithm of the table");
}

void km_rt_alg_forget(void)
{
    for (size_t i = 1; i < KM_RT_N_HASHES; i++) {
        EVP_MD_free(hashes[i].md);
        hashes[i].md = NULL;
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(algs); i++) {
        for (size_t k = 0; k < KM_RT_AES_SIZES; k++) {
            EVP_CIPHER_free(ciphers[i][k]);
            ciphers[i][k] = NULL;
        }
    }
    EVP_MAC_free(fetched.hmac);
    EVP_MAC_free(fetched.cmac);
    EVP_KDF_free(fetched.hkdf);
    EVP_KDF_free(fetched.concat);
    EVP_KDF_free(fetched.pbkdf2);
    EVP_KEYMGMT_free(fetched.ec);
    EVP_KEYMGMT_free(fetched.rsa);
    EVP_SIGNATURE_free(fetched.ecdsa);
    EVP_SIGNATURE_free(fetched.rsa_sign);
    EVP_KEYEXCH_free(fetched.ecdh);
    EVP_ASYM_CIPHER_free(fetched.rsa_cipher);
    memset(&fetched, 0, sizeof(fetched));
}
