/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/alg_table.h"

#include <openssl/kdf.h>
#include <string.h>

#define CRYPT (KM_RT_MODE(TEE_MODE_ENCRYPT) | KM_RT_MODE(TEE_MODE_DECRYPT))
#define SIGN (KM_RT_MODE(TEE_MODE_SIGN) | KM_RT_MODE(TEE_MODE_VERIFY))

/* clang-format off */
#define HASH(h, len_, rare_) [KM_RT_##h] = {TEE_ALG_##h, TEE_ALG_HMAC_##h, #h, len_, rare_, NULL}
static struct km_rt_hash_row hashes[KM_RT_N_HASHES] = {
    HASH(MD5, 16, true),
    HASH(SHA1, 20, false), HASH(SHA224, 28, false), HASH(SHA256, 32, false),
    HASH(SHA384, 48, false), HASH(SHA512, 64, false),
    HASH(SM3, 32, true),
    [KM_RT_SHA3_224] = {TEE_ALG_SHA3_224, TEE_ALG_HMAC_SHA3_224, "SHA3-224", 28, true, NULL},
    [KM_RT_SHA3_256] = {TEE_ALG_SHA3_256, TEE_ALG_HMAC_SHA3_256, "SHA3-256", 32, true, NULL},
    [KM_RT_SHA3_384] = {TEE_ALG_SHA3_384, TEE_ALG_HMAC_SHA3_384, "SHA3-384", 48, true, NULL},
    [KM_RT_SHA3_512] = {TEE_ALG_SHA3_512, TEE_ALG_HMAC_SHA3_512, "SHA3-512", 64, true, NULL},
    [KM_RT_SHAKE128] = {TEE_ALG_SHAKE128, 0, "SHAKE128", 0, true, NULL},
    [KM_RT_SHAKE256] = {TEE_ALG_SHAKE256, 0, "SHAKE256", 0, true, NULL},
};

#define DIGEST(h)                                                                                  \
    {.alg = TEE_ALG_##h, .op_class = TEE_OPERATION_DIGEST, .scheme = KM_RT_DIGEST,                 \
     .hash = KM_RT_##h, .modes = KM_RT_MODE(TEE_MODE_DIGEST)}
#define HMAC(h)                                                                                    \
    {.alg = TEE_ALG_HMAC_##h, .op_class = TEE_OPERATION_MAC, .scheme = KM_RT_HMAC,                 \
     .hash = KM_RT_##h, .modes = KM_RT_MODE(TEE_MODE_MAC), .key_type = TEE_TYPE_HMAC_##h}
#define CIPHER(id, cls, sch, blk, iv, rare_, type, c128, c192, c256)                               \
    {.alg = id, .op_class = cls, .scheme = sch, .block = blk, .iv_len = iv, .rare = rare_,         \
     .modes = CRYPT, .key_type = type, .cipher = {c128, c192, c256}}
#define AES(name, cls, sch, blk, iv, rare_, mode)                                                  \
    CIPHER(TEE_ALG_AES_##name, cls, sch, blk, iv, rare_, TEE_TYPE_AES, "AES-128-" mode,            \
           "AES-192-" mode, "AES-256-" mode)
#define DES3(name, sch, blk, iv, mode)                                                             \
    CIPHER(TEE_ALG_DES3_##name, TEE_OPERATION_CIPHER, sch, blk, iv, true, TEE_TYPE_DES3,           \
           "DES-EDE-" mode, "DES-EDE3-" mode, NULL)
/* DES is triple DES with three equal keys: cipher.c makes them. libcrypto has it alone only among what it calls legacy. */
#define DES(name, sch, iv, mode)                                                                   \
    CIPHER(TEE_ALG_DES_##name, TEE_OPERATION_CIPHER, sch, 8, iv, true, TEE_TYPE_DES,               \
           "DES-EDE3-" mode, NULL, NULL)
#define SM4(name, sch, blk, iv, mode)                                                              \
    CIPHER(TEE_ALG_SM4_##name, TEE_OPERATION_CIPHER, sch, blk, iv, true, TEE_TYPE_SM4,             \
           "SM4-" mode, NULL, NULL)
#define BLOCK_MAC(id, sch, blk, rare_, type, c128, c192, c256)                                     \
    {.alg = id, .op_class = TEE_OPERATION_MAC, .scheme = sch, .block = blk, .rare = rare_,         \
     .modes = KM_RT_MODE(TEE_MODE_MAC), .key_type = type, .cipher = {c128, c192, c256}}
#define AES_MAC(name, sch, rare_)                                                                  \
    BLOCK_MAC(TEE_ALG_AES_##name, sch, 16, rare_, TEE_TYPE_AES, "AES-128-CBC", "AES-192-CBC",      \
              "AES-256-CBC")
#define DES3_MAC(name, sch)                                                                        \
    BLOCK_MAC(TEE_ALG_DES3_##name, sch, 8, true, TEE_TYPE_DES3, "DES-EDE-CBC", "DES-EDE3-CBC", NULL)
#define DES_MAC(name, sch)                                                                         \
    BLOCK_MAC(TEE_ALG_DES_##name, sch, 8, true, TEE_TYPE_DES, "DES-EDE3-CBC", NULL, NULL)
#define RSA_SIGN(id, sch, h)                                                                       \
    {.alg = id, .op_class = TEE_OPERATION_ASYMMETRIC_SIGNATURE, .scheme = sch, .hash = h,          \
     .modes = SIGN, .key_type = TEE_TYPE_RSA_KEYPAIR, .other_key_type = TEE_TYPE_RSA_PUBLIC_KEY}
#define RSA_CRYPT(id, sch, h)                                                                      \
    {.alg = id, .op_class = TEE_OPERATION_ASYMMETRIC_CIPHER, .scheme = sch, .hash = h,             \
     .modes = CRYPT, .key_type = TEE_TYPE_RSA_KEYPAIR, .other_key_type = TEE_TYPE_RSA_PUBLIC_KEY}
#define RSA_ALL(h)                                                                                 \
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_V1_5_##h, KM_RT_RSA_PKCS1, KM_RT_##h),                           \
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_PSS_MGF1_##h, KM_RT_RSA_PSS, KM_RT_##h),                         \
    RSA_CRYPT(TEE_ALG_RSAES_PKCS1_OAEP_MGF1_##h, KM_RT_RSA_OAEP, KM_RT_##h)
#define DSA(h)                                                                                     \
    {.alg = TEE_ALG_DSA_##h, .op_class = TEE_OPERATION_ASYMMETRIC_SIGNATURE, .scheme = KM_RT_DSA,  \
     .hash = KM_RT_##h, .modes = SIGN, .key_type = TEE_TYPE_DSA_KEYPAIR,                           \
     .other_key_type = TEE_TYPE_DSA_PUBLIC_KEY}
#define ECDSA_AS(id, sch, h)                                                                       \
    {.alg = id, .op_class = TEE_OPERATION_ASYMMETRIC_SIGNATURE, .scheme = sch, .hash = h,          \
     .modes = SIGN, .key_type = TEE_TYPE_ECDSA_KEYPAIR, .other_key_type = TEE_TYPE_ECDSA_PUBLIC_KEY}
#define ECDSA(h)                                                                                   \
    ECDSA_AS(TEE_ALG_ECDSA_##h, KM_RT_ECDSA, KM_RT_##h),                                           \
    ECDSA_AS(TEE_ALG_ECDSA_RFC6979_##h, KM_RT_ECDSA_FIXED, KM_RT_##h)
#define EDDSA(curve)                                                                               \
    {.alg = TEE_ALG_##curve, .op_class = TEE_OPERATION_ASYMMETRIC_SIGNATURE,                       \
     .scheme = KM_RT_EDDSA, .modes = SIGN, .key_type = TEE_TYPE_##curve##_KEYPAIR,                 \
     .other_key_type = TEE_TYPE_##curve##_PUBLIC_KEY}
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
    AES(ECB_NOPAD, TEE_OPERATION_CIPHER, KM_RT_ECB, 16, 0, false, "ECB"),
    AES(CBC_NOPAD, TEE_OPERATION_CIPHER, KM_RT_CBC, 16, 16, false, "CBC"),
    AES(CTR, TEE_OPERATION_CIPHER, KM_RT_CTR, 1, 16, false, "CTR"),
    AES(OFB, TEE_OPERATION_CIPHER, KM_RT_FEEDBACK, 1, 16, true, "OFB"),
    AES(CFB128, TEE_OPERATION_CIPHER, KM_RT_FEEDBACK, 1, 16, true, "CFB"),
    AES(CTS, TEE_OPERATION_CIPHER, KM_RT_CTS, 16, 16, true, "CBC-CTS"),
    CIPHER(TEE_ALG_AES_XTS, TEE_OPERATION_CIPHER, KM_RT_XTS, 16, 16, true, TEE_TYPE_AES, "AES-128-XTS",
           NULL, "AES-256-XTS"),
    AES(KW, TEE_OPERATION_CIPHER, KM_RT_WRAP, 1, 0, true, "WRAP"),
    AES(KWP, TEE_OPERATION_CIPHER, KM_RT_WRAP_PAD, 1, 0, true, "WRAP-PAD"),
    DES3(ECB_NOPAD, KM_RT_ECB, 8, 0, "ECB"),
    DES3(CBC_NOPAD, KM_RT_CBC, 8, 8, "CBC"),
    DES3(OFB, KM_RT_FEEDBACK, 1, 8, "OFB"),
    DES3(CFB64, KM_RT_FEEDBACK, 1, 8, "CFB"),
    DES(ECB_NOPAD, KM_RT_ECB, 0, "ECB"),
    DES(CBC_NOPAD, KM_RT_CBC, 8, "CBC"),
    SM4(ECB_NOPAD, KM_RT_ECB, 16, 0, "ECB"),
    SM4(CBC_NOPAD, KM_RT_CBC, 16, 16, "CBC"),
    SM4(CTR, KM_RT_CTR, 1, 16, "CTR"),
    AES(GCM, TEE_OPERATION_AE, KM_RT_GCM, 1, 0, false, "GCM"),
    AES(CCM, TEE_OPERATION_AE, KM_RT_CCM, 1, 0, true, "CCM"),
    CIPHER(TEE_ALG_CHACHA20_POLY1305, TEE_OPERATION_AE, KM_RT_CHACHA, 1, 0, true, TEE_TYPE_CHACHA20,
           NULL, NULL, "ChaCha20-Poly1305"),
    AES_MAC(CMAC, KM_RT_CMAC, false),
    AES_MAC(CBC_MAC_NOPAD, KM_RT_CBC_MAC, true), AES_MAC(CBC_MAC_PKCS5, KM_RT_CBC_MAC_PAD, true),
    DES3_MAC(CMAC, KM_RT_CMAC),
    DES3_MAC(CBC_MAC_NOPAD, KM_RT_CBC_MAC), DES3_MAC(CBC_MAC_PKCS5, KM_RT_CBC_MAC_PAD),
    DES_MAC(CBC_MAC_NOPAD, KM_RT_CBC_MAC), DES_MAC(CBC_MAC_PKCS5, KM_RT_CBC_MAC_PAD),
    DIGEST(MD5), DIGEST(SHA1), DIGEST(SHA224), DIGEST(SHA256), DIGEST(SHA384), DIGEST(SHA512),
    DIGEST(SM3),
    DIGEST(SHA3_224), DIGEST(SHA3_256), DIGEST(SHA3_384), DIGEST(SHA3_512),
    DIGEST(SHAKE128), DIGEST(SHAKE256),
    HMAC(MD5), HMAC(SHA1), HMAC(SHA224), HMAC(SHA256), HMAC(SHA384), HMAC(SHA512),
    HMAC(SM3),
    HMAC(SHA3_224), HMAC(SHA3_256), HMAC(SHA3_384), HMAC(SHA3_512),
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_V1_5_MD5, KM_RT_RSA_PKCS1, KM_RT_MD5),
    RSA_ALL(SHA1), RSA_ALL(SHA224), RSA_ALL(SHA256), RSA_ALL(SHA384), RSA_ALL(SHA512),
    RSA_ALL(SHA3_224), RSA_ALL(SHA3_256), RSA_ALL(SHA3_384), RSA_ALL(SHA3_512),
    RSA_SIGN(TEE_ALG_RSASSA_PKCS1_V1_5, KM_RT_RSA_PKCS1, KM_RT_HASH_NONE),
    RSA_CRYPT(TEE_ALG_RSAES_PKCS1_V1_5, KM_RT_RSA_ES, KM_RT_HASH_NONE),
    RSA_CRYPT(TEE_ALG_RSA_NOPAD, KM_RT_RSA_RAW, KM_RT_HASH_NONE),
    DSA(SHA1), DSA(SHA224), DSA(SHA256), DSA(SHA3_224), DSA(SHA3_256), DSA(SHA3_384), DSA(SHA3_512),
    ECDSA(SHA1), ECDSA(SHA224), ECDSA(SHA256), ECDSA(SHA384), ECDSA(SHA512),
    ECDSA(SHA3_224), ECDSA(SHA3_256), ECDSA(SHA3_384), ECDSA(SHA3_512),
    EDDSA(ED25519), EDDSA(ED448),
    DERIVE(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, KM_RT_ECDH, KM_RT_HASH_NONE, TEE_TYPE_ECDH_KEYPAIR, 0),
    DERIVE(TEE_ALG_X25519, KM_RT_ECX, KM_RT_HASH_NONE, TEE_TYPE_X25519_KEYPAIR, 0),
    DERIVE(TEE_ALG_X448, KM_RT_ECX, KM_RT_HASH_NONE, TEE_TYPE_X448_KEYPAIR, 0),
    DERIVE(TEE_ALG_DH_DERIVE_SHARED_SECRET, KM_RT_DH, KM_RT_HASH_NONE, TEE_TYPE_DH_KEYPAIR, 0),
    DERIVE(TEE_ALG_HKDF, KM_RT_HKDF, KM_RT_HASH_NONE, TEE_TYPE_HKDF, TEE_TYPE_HKDF_IKM),
    HKDF(MD5), HKDF(SHA1), HKDF(SHA224), HKDF(SHA256), HKDF(SHA384), HKDF(SHA512),
    CONCAT(SHA1), CONCAT(SHA224), CONCAT(SHA256), CONCAT(SHA384), CONCAT(SHA512),
    PBKDF2(SHA1), PBKDF2(SHA224), PBKDF2(SHA256), PBKDF2(SHA384), PBKDF2(SHA512),
};
/* clang-format on */

static EVP_CIPHER *ciphers[KM_ARRAY_LEN(algs)][KM_RT_SIZES];

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
    struct km_rt_hash_row *row = &hashes[hash];
    if (row->md == NULL && row->name != NULL)
        row->md = EVP_MD_fetch(km_rt_libctx(), row->name, NULL);
    return row;
}

const struct km_rt_hash_row *km_rt_hash_by_alg(uint32_t alg)
{
    for (size_t i = 1; i < KM_RT_N_HASHES; i++)
        if (hashes[i].len != 0 && (hashes[i].alg == alg || hashes[i].hmac == alg))
            return km_rt_alg_allowed(hashes[i].alg, 0) ? km_rt_hash((enum km_rt_hash)i) : NULL;
    return NULL;
}

const struct km_rt_alg *km_rt_alg_find(uint32_t alg)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(algs); i++)
        if (algs[i].alg == alg)
            return algs[i].key_type != TEE_TYPE_DES || km_rt_is_lenient() ? &algs[i] : NULL;
    return NULL;
}

bool km_rt_alg_allowed(uint32_t alg, uint32_t bits)
{
    const struct km_rt_host *host = &km_rt.config.host;
    return host->alg_allowed == NULL || host->alg_allowed(host->arg, alg, bits);
}

/* The place of a key size in the row, KM_RT_SIZES when it has none. */
static size_t place_of(const struct km_rt_alg *alg, uint32_t bits)
{
    if (alg->key_type == TEE_TYPE_DES)
        return 0;
    bool known = bits == 128 || bits == 192 || bits == 256;
    return known ? (bits - 128) / 64 : KM_RT_SIZES;
}

bool km_rt_alg_has_cipher(const struct km_rt_alg *alg, uint32_t bits)
{
    size_t place = place_of(alg, bits);
    return place < KM_RT_SIZES && alg->cipher[place] != NULL;
}

const EVP_CIPHER *km_rt_alg_cipher(const struct km_rt_alg *alg, uint32_t bits)
{
    size_t place = place_of(alg, bits);
    if (place >= KM_RT_SIZES || alg->cipher[place] == NULL)
        return NULL;
    EVP_CIPHER **at = &ciphers[alg - algs][place];
    if (*at == NULL)
        *at = EVP_CIPHER_fetch(km_rt_libctx(), alg->cipher[place], NULL);
    return *at;
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
        if (!hashes[i].rare)
            ok = (hashes[i].md = EVP_MD_fetch(ctx, hashes[i].name, NULL)) != NULL && ok;
    for (size_t i = 0; i < KM_ARRAY_LEN(algs); i++)
        for (size_t k = 0; k < KM_RT_SIZES; k++)
            if (!algs[i].rare && algs[i].cipher[k] != NULL)
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
        for (size_t k = 0; k < KM_RT_SIZES; k++) {
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
