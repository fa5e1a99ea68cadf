/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and RSA encryption of the runtime against published vectors and against libcrypto. */
#include "tests/unit/runtime_fixture.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

struct curve_case {
    uint32_t curve, bits, alg;
    size_t width;
};
static const struct curve_case curves[] = {
    {TEE_ECC_CURVE_NIST_P256, 256, TEE_ALG_ECDSA_SHA256, 32},
    {TEE_ECC_CURVE_NIST_P384, 384, TEE_ALG_ECDSA_SHA384, 48},
    {TEE_ECC_CURVE_NIST_P521, 521, TEE_ALG_ECDSA_SHA512, 66},
};

/* RFC 6979, A.2.5, key pair and SHA-256 of "sample"; signature from the same place. */
#define RFC6979_X "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
#define RFC6979_Y "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
#define RFC6979_D "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define RFC6979_HASH "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF"
#define RFC6979_SIG                                                                                \
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"                             \
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"

static TEE_ObjectHandle rfc6979_key(uint32_t type)
{
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_Attribute attrs[] = {
        ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_X, RFC6979_X),
        ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_Y, RFC6979_Y),
        val(TEE_ATTR_ECC_CURVE, TEE_ECC_CURVE_NIST_P256),
        ref_hex(TEE_ATTR_ECC_PRIVATE_VALUE, RFC6979_D),
    };
    uint32_t n = type == TEE_TYPE_ECDSA_KEYPAIR ? 4 : 3;
    RT_OK(TEE_AllocateTransientObject(type, 256, &key));
    RT_OK(TEE_PopulateTransientObject(key, attrs, n));
    return key;
}

static void ecdsa_known_answer(void **state)
{
    (void)state;
    TEE_ObjectHandle key = rfc6979_key(TEE_TYPE_ECDSA_PUBLIC_KEY);
    TEE_OperationHandle op = keyed(TEE_ALG_ECDSA_SHA256, TEE_MODE_VERIFY, 256, key);
    uint8_t sig[64];
    uint8_t hash[32];
    copy(sig, unhex(RFC6979_SIG, NULL), sizeof(sig));
    copy(hash, unhex(RFC6979_HASH, NULL), sizeof(hash));
    RT_OK(TEE_AsymmetricVerifyDigest(op, NULL, 0, hash, 32, sig, 64));
    for (size_t bit = 0; bit < 8 * sizeof(sig); bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(TEE_AsymmetricVerifyDigest(op, NULL, 0, hash, 32, sig, 64),
                         TEE_ERROR_SIGNATURE_INVALID);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len <= 70; len++) {
        uint8_t cut[70] = {0};
        copy(cut, sig, len < 64 ? len : 64);
        if (len != 64)
            assert_int_equal(TEE_AsymmetricVerifyDigest(op, NULL, 0, hash, 32, cut, len),
                             TEE_ERROR_SIGNATURE_INVALID);
    }
    TEE_FreeOperation(op);
    TEE_CloseObject(key);
}

/* Values that a verifier must refuse: r or s zero, the order, all ones (the kind of case Wycheproof lists). */
static void ecdsa_edge_values(void **state)
{
    (void)state;
    static const char *const order =
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    static const char *const zero =
        "0000000000000000000000000000000000000000000000000000000000000000";
    static const char *const ones =
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    static const char *const one =
        "0000000000000000000000000000000000000000000000000000000000000001";
    const char *values[] = {order, zero, ones, one};
    TEE_ObjectHandle key = rfc6979_key(TEE_TYPE_ECDSA_PUBLIC_KEY);
    TEE_OperationHandle op = keyed(TEE_ALG_ECDSA_SHA256, TEE_MODE_VERIFY, 256, key);
    for (size_t i = 0; i < 16; i++) {
        uint8_t sig[64];
        copy(sig, unhex(values[i / 4], NULL), 32);
        copy(sig + 32, unhex(values[i % 4], NULL), 32);
        assert_int_equal(
            TEE_AsymmetricVerifyDigest(op, NULL, 0, unhex(RFC6979_HASH, NULL), 32, sig, 64),
            TEE_ERROR_SIGNATURE_INVALID);
    }
    TEE_FreeOperation(op);
    TEE_CloseObject(key);
}

static void ecdsa_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++) {
        const struct curve_case *c = &curves[i];
        TEE_ObjectHandle pair = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, c->curve, c->bits);
        TEE_ObjectHandle pub = TEE_HANDLE_NULL;
        RT_OK(TEE_AllocateTransientObject(TEE_TYPE_ECDSA_PUBLIC_KEY, c->bits, &pub));
        RT_OK(TEE_CopyObjectAttributes1(pub, pair));
        TEE_OperationHandle sign = keyed(c->alg, TEE_MODE_SIGN, c->bits, pair);
        TEE_OperationHandle verify = keyed(c->alg, TEE_MODE_VERIFY, c->bits, pub);
        TEE_OperationHandle again = TEE_HANDLE_NULL;
        RT_OK(TEE_AllocateOperation(&again, c->alg, TEE_MODE_SIGN, c->bits));
        TEE_CopyOperation(again, sign);
        uint8_t digest[80] = {1, 2, 3};
        uint8_t sig[132];
        for (size_t len = 1; len <= sizeof(digest); len += 7) {
            size_t sig_len = sizeof(sig);
            RT_OK(TEE_AsymmetricSignDigest(len % 2 ? sign : again, NULL, 0, digest, len, sig,
                                           &sig_len));
            assert_int_equal(sig_len, 2 * c->width);
            RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, digest, len, sig, sig_len));
            digest[0] ^= 1;
            assert_int_equal(TEE_AsymmetricVerifyDigest(verify, NULL, 0, digest, len, sig, sig_len),
                             TEE_ERROR_SIGNATURE_INVALID);
            digest[0] ^= 1;
        }
        size_t small = 2 * c->width - 1;
        assert_int_equal(TEE_AsymmetricSignDigest(sign, NULL, 0, digest, 32, sig, &small),
                         TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(small, 2 * c->width);
        TEE_FreeOperation(sign);
        TEE_FreeOperation(verify);
        TEE_FreeOperation(again);
        TEE_CloseObject(pair);
        TEE_CloseObject(pub);
    }
}

static TEE_ObjectHandle rsa_key(void)
{
    static TEE_ObjectHandle key;
    if (key == TEE_HANDLE_NULL) {
        RT_OK(TEE_AllocateTransientObject(TEE_TYPE_RSA_KEYPAIR, 2048, &key));
        RT_OK(TEE_GenerateKey(key, 2048, NULL, 0));
    }
    return key;
}

struct hash_case {
    uint32_t pkcs1, pss, oaep, digest;
    size_t len;
};
#define HASH(h, n)                                                                                 \
    {                                                                                              \
        TEE_ALG_RSASSA_PKCS1_V1_5_##h, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_##h,                          \
            TEE_ALG_RSAES_PKCS1_OAEP_MGF1_##h, TEE_ALG_##h, n                                      \
    }
static const struct hash_case hashes[] = {HASH(SHA1, 20), HASH(SHA224, 28), HASH(SHA256, 32),
                                          HASH(SHA384, 48), HASH(SHA512, 64)};

static void rsa_signatures(void **state)
{
    (void)state;
    uint8_t digest[64] = {9};
    for (size_t i = 0; i < KM_ARRAY_LEN(hashes); i++) {
        uint32_t algs[] = {hashes[i].pkcs1, hashes[i].pss};
        for (size_t k = 0; k < 2; k++) {
            TEE_OperationHandle sign = keyed(algs[k], TEE_MODE_SIGN, 2048, rsa_key());
            TEE_OperationHandle verify = keyed(algs[k], TEE_MODE_VERIFY, 2048, rsa_key());
            uint8_t sig[256];
            size_t len = sizeof(sig);
            RT_OK(TEE_AsymmetricSignDigest(sign, NULL, 0, digest, hashes[i].len, sig, &len));
            assert_int_equal(len, 256);
            RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, digest, hashes[i].len, sig, len));
            sig[100] ^= 4;
            assert_int_equal(
                TEE_AsymmetricVerifyDigest(verify, NULL, 0, digest, hashes[i].len, sig, len),
                TEE_ERROR_SIGNATURE_INVALID);
            RT_PANICS(RT_BAD, TEE_AsymmetricSignDigest(sign, NULL, 0, digest, hashes[i].len - 1,
                                                       sig, &len));
            TEE_FreeOperation(sign);
            TEE_FreeOperation(verify);
        }
    }
}

/* The signature is checked by libcrypto's own view of the key: padding and DigestInfo are the standard's. */
static void rsa_agrees_with_libcrypto(void **state)
{
    (void)state;
    uint8_t n[256];
    uint8_t e[8];
    size_t n_len = sizeof(n);
    size_t e_len = sizeof(e);
    RT_OK(TEE_GetObjectBufferAttribute(rsa_key(), TEE_ATTR_RSA_MODULUS, n, &n_len));
    RT_OK(TEE_GetObjectBufferAttribute(rsa_key(), TEE_ATTR_RSA_PUBLIC_EXPONENT, e, &e_len));
    for (size_t i = 0; i < n_len / 2; i++) { /* OSSL_PARAM numbers are in host order */
        uint8_t t = n[i];
        n[i] = n[n_len - 1 - i];
        n[n_len - 1 - i] = t;
    }
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, n_len),
                           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, e_len),
                           OSSL_PARAM_construct_end()};
    assert_int_equal(e_len, 3); /* 65537 reads the same both ways */
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(make), 1);
    assert_int_equal(EVP_PKEY_fromdata(make, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    uint8_t digest[32] = {7};
    uint8_t sig[256];
    size_t len = sizeof(sig);
    for (unsigned salt = 0; salt <= 40; salt += 20) {
        TEE_OperationHandle sign =
            keyed(TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256, TEE_MODE_SIGN, 2048, rsa_key());
        TEE_Attribute attr = val(TEE_ATTR_RSA_PSS_SALT_LENGTH, salt);
        RT_OK(TEE_AsymmetricSignDigest(sign, &attr, 1, digest, 32, sig, &len));
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)salt), 1);
        assert_int_equal(EVP_PKEY_verify(ctx, sig, len, digest, 32), 1);
        EVP_PKEY_CTX_free(ctx);
        TEE_Attribute huge = val(TEE_ATTR_RSA_PSS_SALT_LENGTH, 256);
        assert_int_equal(TEE_AsymmetricSignDigest(sign, &huge, 1, digest, 32, sig, &len), RT_BAD);
        TEE_FreeOperation(sign);
    }
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(make);
}

/* A copy starts from its algorithm's salt and knows so, whatever the original signed with before. */
static void copied_salt(void **state)
{
    static const uint32_t salts[] = {0, 20, 32, 40};
    (void)state;
    const uint32_t alg = TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256;
    uint8_t digest[32] = {7};
    uint8_t sig[256];
    for (size_t i = 0; i < KM_ARRAY_LEN(salts) * KM_ARRAY_LEN(salts); i++) {
        size_t len = sizeof(sig);
        TEE_Attribute before = val(TEE_ATTR_RSA_PSS_SALT_LENGTH, salts[i / 4]);
        TEE_Attribute after = val(TEE_ATTR_RSA_PSS_SALT_LENGTH, salts[i % 4]);
        TEE_OperationHandle original = keyed(alg, TEE_MODE_SIGN, 2048, rsa_key());
        TEE_OperationHandle copied = keyed(alg, TEE_MODE_SIGN, 2048, rsa_key());
        TEE_OperationHandle verify = keyed(alg, TEE_MODE_VERIFY, 2048, rsa_key());
        RT_OK(TEE_AsymmetricSignDigest(original, &before, 1, digest, 32, sig, &len));
        TEE_CopyOperation(copied, original);
        RT_OK(TEE_AsymmetricSignDigest(copied, &after, 1, digest, 32, sig, &len));
        RT_OK(TEE_AsymmetricVerifyDigest(verify, &after, 1, digest, 32, sig, len));
        TEE_FreeOperation(original);
        TEE_FreeOperation(copied);
        TEE_FreeOperation(verify);
    }
}

static TEE_Result populate_public(uint32_t bits, size_t e_bits, TEE_ObjectHandle *ret)
{
    uint8_t n[512] = {0x80};
    uint8_t e[64] = {0};
    size_t e_len = (e_bits + 7) / 8;
    n[bits / 8 - 1] = 1;
    e[0] = (uint8_t)(1u << (e_bits - 1) % 8);
    e[e_len - 1] |= 1;
    TEE_Attribute attrs[] = {ref(TEE_ATTR_RSA_MODULUS, n, bits / 8),
                             ref(TEE_ATTR_RSA_PUBLIC_EXPONENT, e, e_len)};
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_RSA_PUBLIC_KEY, bits, ret));
    return TEE_PopulateTransientObject(*ret, attrs, 2);
}

/* An exponent that libcrypto would refuse to work with is refused when the key comes, not when it is used. */
static void rsa_exponent_sizes(void **state)
{
    static const struct {
        uint32_t bits, e_bits;
        TEE_Result result;
    } rows[] = {
        {2048, 17, TEE_SUCCESS}, {2048, 65, TEE_SUCCESS}, {2048, 256, TEE_SUCCESS},
        {2048, 257, RT_BAD},     {3072, 65, TEE_SUCCESS}, {3072, 256, TEE_SUCCESS},
        {3080, 64, TEE_SUCCESS}, {3080, 65, RT_BAD},      {4096, 64, TEE_SUCCESS},
        {4096, 65, RT_BAD},      {4096, 256, RT_BAD},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        TEE_ObjectHandle key = TEE_HANDLE_NULL;
        assert_int_equal(populate_public(rows[i].bits, rows[i].e_bits, &key), rows[i].result);
        if (rows[i].result == TEE_SUCCESS) {
            TEE_OperationHandle verify =
                keyed(TEE_ALG_RSASSA_PKCS1_V1_5_SHA256, TEE_MODE_VERIFY, rows[i].bits, key);
            TEE_OperationHandle encrypt =
                keyed(TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA256, TEE_MODE_ENCRYPT, rows[i].bits, key);
            uint8_t digest[32] = {7};
            uint8_t out[512] = {0};
            size_t len = sizeof(out);
            assert_int_equal(
                TEE_AsymmetricVerifyDigest(verify, NULL, 0, digest, 32, out, rows[i].bits / 8),
                TEE_ERROR_SIGNATURE_INVALID);
            RT_OK(TEE_AsymmetricEncrypt(encrypt, NULL, 0, digest, 32, out, &len));
            TEE_FreeOperation(verify);
            TEE_FreeOperation(encrypt);
        }
        TEE_CloseObject(key);
    }
    TEE_ObjectHandle pair = TEE_HANDLE_NULL;
    TEE_Attribute wide = ref_hex(TEE_ATTR_RSA_PUBLIC_EXPONENT, "010000000000000001");
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_RSA_KEYPAIR, 4096, &pair));
    assert_int_equal(TEE_GenerateKey(pair, 4096, &wide, 1), RT_BAD);
    RT_OK(TEE_GenerateKey(pair, 2048, &wide, 1));
    TEE_CloseObject(pair);
}

static void rsa_encryption(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(hashes); i++) {
        TEE_OperationHandle encrypt = keyed(hashes[i].oaep, TEE_MODE_ENCRYPT, 2048, rsa_key());
        TEE_OperationHandle decrypt = keyed(hashes[i].oaep, TEE_MODE_DECRYPT, 2048, rsa_key());
        size_t most = 256 - 2 * hashes[i].len - 2;
        uint8_t plain[256] = {5, 6, 7};
        uint32_t mgf = TEE_ALG_SHA1;
        TEE_Attribute attrs[] = {ref(TEE_ATTR_RSA_OAEP_LABEL, "label", 5),
                                 ref(TEE_ATTR_RSA_OAEP_MGF_HASH, &mgf, sizeof(mgf))};
        for (uint32_t n = 0; n <= 2; n++) {
            for (size_t len = 0; len <= most; len += most / 2) {
                uint8_t secret[256];
                uint8_t back[256];
                size_t secret_len = sizeof(secret);
                size_t back_len = len;
                RT_OK(TEE_AsymmetricEncrypt(encrypt, attrs, n, plain, len, secret, &secret_len));
                assert_int_equal(secret_len, 256);
                RT_OK(
                    TEE_AsymmetricDecrypt(decrypt, attrs, n, secret, secret_len, back, &back_len));
                assert_int_equal(back_len, len);
                assert_memory_equal(back, plain, len);
                secret[17] ^= 1;
                back_len = sizeof(back);
                assert_int_equal(
                    TEE_AsymmetricDecrypt(decrypt, attrs, n, secret, secret_len, back, &back_len),
                    TEE_ERROR_CIPHERTEXT_INVALID);
                secret[17] ^= 1;
                if (n == 1)
                    assert_int_equal(TEE_AsymmetricDecrypt(decrypt, NULL, 0, secret, secret_len,
                                                           back, &back_len),
                                     TEE_ERROR_CIPHERTEXT_INVALID);
                if (len > 0) {
                    back_len = len - 1;
                    assert_int_equal(TEE_AsymmetricDecrypt(decrypt, attrs, n, secret, secret_len,
                                                           back, &back_len),
                                     TEE_ERROR_SHORT_BUFFER);
                    assert_int_equal(back_len, len);
                }
                assert_int_equal(
                    TEE_AsymmetricDecrypt(decrypt, attrs, n, secret, 255, back, &back_len), RT_BAD);
            }
        }
        uint8_t out[256];
        size_t out_len = sizeof(out);
        assert_int_equal(TEE_AsymmetricEncrypt(encrypt, NULL, 0, plain, most + 1, out, &out_len),
                         RT_BAD);
        out_len = 255;
        assert_int_equal(TEE_AsymmetricEncrypt(encrypt, NULL, 0, plain, 1, out, &out_len),
                         TEE_ERROR_SHORT_BUFFER);
        TEE_FreeOperation(encrypt);
        TEE_FreeOperation(decrypt);
    }
}

/* A DigestInfo of the caller's own gives the same signature as the hash's own algorithm. */
static void rsa_raw_digest_info(void **state)
{
    (void)state;
    uint8_t info[51];
    copy(info, unhex("3031300d060960864801650304020105000420", NULL),
         19); /* RFC 8017, 9.2 note 1 */
    memset(info + 19, 0x5a, 32);
    uint8_t a[256];
    uint8_t b[256];
    size_t len = sizeof(a);
    TEE_OperationHandle raw = keyed(TEE_ALG_RSASSA_PKCS1_V1_5, TEE_MODE_SIGN, 2048, rsa_key());
    TEE_OperationHandle own =
        keyed(TEE_ALG_RSASSA_PKCS1_V1_5_SHA256, TEE_MODE_SIGN, 2048, rsa_key());
    RT_OK(TEE_AsymmetricSignDigest(raw, NULL, 0, info, sizeof(info), a, &len));
    RT_OK(TEE_AsymmetricSignDigest(own, NULL, 0, info + 19, 32, b, &len));
    assert_memory_equal(a, b, sizeof(a));
    uint8_t much[256] = {0};
    RT_PANICS(RT_BAD, TEE_AsymmetricSignDigest(raw, NULL, 0, much, 246, a, &len));
    TEE_FreeOperation(raw);
    TEE_FreeOperation(own);
}

static void misuse_panics(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rfc6979_key(TEE_TYPE_ECDSA_KEYPAIR);
    TEE_ObjectHandle pub = rfc6979_key(TEE_TYPE_ECDSA_PUBLIC_KEY);
    TEE_OperationHandle sign = TEE_HANDLE_NULL;
    uint8_t digest[32] = {0};
    uint8_t sig[64];
    size_t len = sizeof(sig);
    RT_OK(TEE_AllocateOperation(&sign, TEE_ALG_ECDSA_SHA256, TEE_MODE_SIGN, 256));
    RT_PANICS(RT_STATE, TEE_AsymmetricSignDigest(sign, NULL, 0, digest, 32, sig, &len));
    RT_PANICS(RT_BAD, TEE_SetOperationKey(sign, pub));
    RT_PANICS(RT_BAD, TEE_SetOperationKey(sign, rsa_key()));
    RT_PANICS(RT_BAD, TEE_SetOperationKey2(sign, pair, pair));
    RT_OK(TEE_RestrictObjectUsage1(pair, TEE_USAGE_VERIFY));
    RT_PANICS(RT_DENIED, TEE_SetOperationKey(sign, pair));
    TEE_CloseObject(pair);
    pair = rfc6979_key(TEE_TYPE_ECDSA_KEYPAIR);
    RT_OK(TEE_SetOperationKey(sign, pair));
    RT_PANICS(RT_BAD, TEE_AsymmetricVerifyDigest(sign, NULL, 0, digest, 32, sig, 64));
    RT_PANICS(RT_BAD, TEE_AsymmetricSignDigest(sign, NULL, 0, digest, 0, sig, &len));
    RT_PANICS(RT_BAD, TEE_AsymmetricSignDigest(sign, NULL, 0, NULL, 32, sig, &len));
    RT_PANICS(RT_BAD, TEE_AsymmetricEncrypt(sign, NULL, 0, digest, 32, sig, &len));
    RT_PANICS(RT_BAD, TEE_DeriveKey(sign, NULL, 0, pair));
    RT_OK(TEE_SetOperationKey(sign, TEE_HANDLE_NULL));
    RT_PANICS(RT_STATE, TEE_AsymmetricSignDigest(sign, NULL, 0, digest, 32, sig, &len));
    TEE_ObjectHandle big = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, TEE_ECC_CURVE_NIST_P384, 384);
    RT_PANICS(RT_BAD, TEE_SetOperationKey(sign, big));
    TEE_FreeOperation(sign);
    RT_PANICS(RT_BAD, TEE_AsymmetricSignDigest(sign, NULL, 0, digest, 32, sig, &len));
    RT_PANICS(RT_BAD, TEE_FreeOperation(sign));
    TEE_CloseObject(big);
    TEE_CloseObject(pair);
    TEE_CloseObject(pub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ecdsa_known_answer, fixture_after),
        cmocka_unit_test_teardown(ecdsa_edge_values, fixture_after),
        cmocka_unit_test_teardown(ecdsa_round_trip, fixture_after),
        cmocka_unit_test_teardown(rsa_signatures, fixture_after),
        cmocka_unit_test_teardown(rsa_agrees_with_libcrypto, fixture_after),
        cmocka_unit_test_teardown(copied_salt, fixture_after),
        cmocka_unit_test_teardown(rsa_exponent_sizes, fixture_after),
        cmocka_unit_test_teardown(rsa_encryption, fixture_after),
        cmocka_unit_test_teardown(rsa_raw_digest_info, fixture_after),
        cmocka_unit_test_teardown(misuse_panics, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
