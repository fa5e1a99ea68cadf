/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The asymmetric algorithms and derivations that test_clrc_pairs.c has not: in the service, against libcrypto in this process and
 * published vectors.
 */
#include "tests/integration/clrc_data_test.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "common/km_bytes.h"

/* ---- RSA ---- */

static void test_rsa(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    ClrcKeyHandle key = test_import_pair(KEY_RSA_KEYPAIR, pkey, 0);
    uint8_t signature[256] = {0};
    uint32_t len = sizeof(signature);
    /* MD5 with PKCS#1 v1.5. */
    ok(clrcSignDigest(key, CLRC_RSASSA_PKCS1_V1_5_MD5, data, 16, signature, &len));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_md5()), 1);
    assert_int_equal(EVP_PKEY_verify(ctx, signature, len, data, 16), 1);
    EVP_PKEY_CTX_free(ctx);
    ok(clrcVerifyDigest(key, CLRC_RSASSA_PKCS1_V1_5_MD5, data, 16, signature, len));
    /* Encryption: libcrypto to us, us to libcrypto. */
    ctx = EVP_PKEY_CTX_new(pkey, NULL);
    size_t n = sizeof(out);
    uint32_t got = sizeof(back);
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, out, &n, data, 48), 1);
    ok(clrcAsymmetricDecrypt(key, CLRC_RSAES_PKCS1_V1_5, NULL, 0, out, (uint32_t)n, back, &got));
    assert_int_equal(got, 48);
    assert_memory_equal(back, data, 48);
    got = sizeof(out);
    ok(clrcAsymmetricEncrypt(key, CLRC_RSAES_PKCS1_V1_5, NULL, 0, data, 245, out, &got));
    expect(clrcAsymmetricEncrypt(key, CLRC_RSAES_PKCS1_V1_5, NULL, 0, data, 246, back, &got),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcAsymmetricEncrypt(key, CLRC_RSAES_PKCS1_V1_5, data, 1, data, 24, back, &got),
           CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
    n = sizeof(back);
    assert_int_equal(EVP_PKEY_decrypt(ctx, back, &n, out, 256), 1);
    assert_int_equal(n, 245);
    /* The bare operation there and back, and that a number must be below the modulus. */
    got = 256;
    ok(clrcAsymmetricEncrypt(key, CLRC_RSA_NOPAD, NULL, 0, data, 200, out, &got));
    ok(clrcAsymmetricDecrypt(key, CLRC_RSA_NOPAD, NULL, 0, out, 256, back, &got));
    assert_int_equal(got, 256);
    memset(expected, 0, 56);
    assert_memory_equal(back, expected, 56);
    assert_memory_equal(back + 56, data, 200);
    memset(expected, 0xff, 256);
    expect(clrcAsymmetricEncrypt(key, CLRC_RSA_NOPAD, NULL, 0, expected, 256, out, &got),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcAsymmetricDecrypt(key, CLRC_RSA_NOPAD, NULL, 0, expected, 256, out, &got),
           CLRC_ERROR_MAC);
    EVP_PKEY_CTX_free(ctx);
    clrcFreeKey(key);
    EVP_PKEY_free(pkey);
}

/* A ciphertext that is none decrypts to something, always the same, of a length that tells nothing. */
static void test_rsa_implicit_rejection(void **state)
{
    (void)state;
    ClrcKeyHandle key = test_create(KEY_RSA_KEYPAIR, 2048);
    for (unsigned i = 0; i < 20; i++) {
        uint8_t a[256] = {0}, b[256] = {0};
        uint32_t a_len = sizeof(a), b_len = sizeof(b);
        test_fill(out, 256, i);
        out[0] = 0;
        ok(clrcAsymmetricDecrypt(key, CLRC_RSAES_PKCS1_V1_5, NULL, 0, out, 256, a, &a_len));
        ok(clrcAsymmetricDecrypt(key, CLRC_RSAES_PKCS1_V1_5, NULL, 0, out, 256, b, &b_len));
        assert_int_equal(a_len, b_len);
        assert_memory_equal(a, b, a_len);
    }
    clrcFreeKey(key);
}

/* The bare operation signs: a key that may only decrypt does not do it, nor one that may only sign. */
static void test_bare_rsa_is_both(void **state)
{
    static const uint32_t USAGES[] = {CLRC_USAGE_DECRYPT, CLRC_USAGE_SIGN,
                                      CLRC_USAGE_DECRYPT | CLRC_USAGE_SIGN};
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    uint8_t *der = NULL;
    int len = i2d_PrivateKey(pkey, &der);
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(USAGES); i++) {
        ClrcKeyHandle key = NULL;
        uint32_t got = sizeof(out);
        const ClrcKeyTemplate wish = {.type = KEY_RSA_KEYPAIR, .usage = USAGES[i]};
        ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
        data[0] = 0;
        expect(clrcAsymmetricDecrypt(key, CLRC_RSA_NOPAD, NULL, 0, data, 256, out, &got),
               i == 2 ? CLRC_SUCCESS : CLRC_ERROR_ACCESS_DENIED);
        clrcFreeKey(key);
    }
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}

/* ---- other signatures ---- */

static void test_small_curves(void **state)
{
    static const uint32_t BITS[] = {192, 224};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(BITS); i++) {
        ClrcKeyHandle key = test_create(KEY_EC_DUAL_KEYPAIR, BITS[i]);
        ClrcKeyHandle other = test_create(KEY_ECDH_KEYPAIR, BITS[i]);
        EVP_PKEY *pkey = test_public_of(key);
        uint8_t signature[80] = {0};
        uint32_t len = sizeof(signature);
        ok(clrcSignDigest(key, CLRC_ECDSA, data, 28, signature, &len));
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        assert_int_equal(EVP_PKEY_verify(ctx, signature, len, data, 28), 1);
        ok(clrcVerifyDigest(key, CLRC_ECDSA, data, 28, signature, len));
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(pkey);
        uint8_t point[64] = {4}, a[32] = {0}, b[32] = {0};
        uint32_t n = 32, bytes = BITS[i] / 8;
        const ClrcKeyHandle both[] = {key, other};
        for (size_t k = 0; k < 2; k++) {
            uint32_t room = bytes;
            ok(clrcGetKeyAttribute(both[1 - k], CLRC_ATTR_ECC_PUBLIC_VALUE_X, point + 1, &room));
            room = bytes;
            ok(clrcGetKeyAttribute(both[1 - k], CLRC_ATTR_ECC_PUBLIC_VALUE_Y, point + 1 + bytes,
                                   &room));
            n = 32;
            ok(clrcAgreeRaw(both[k], point, 1 + 2 * bytes, k == 0 ? a : b, &n));
            assert_int_equal(n, bytes);
        }
        assert_memory_equal(a, b, bytes);
        clrcFreeKey(key);
        clrcFreeKey(other);
    }
}

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static void test_deterministic_ecdsa(void **state)
{
    uint8_t scalar[32] = {0}, r[32] = {0}, s[32] = {0}, digest[64] = {0};
    uint8_t signature[80] = {0}, again[80] = {0};
    uint32_t bits = 256, len = sizeof(signature), again_len = sizeof(again), digest_len = 64;
    ClrcKeyHandle key = NULL;
    (void)state;
    (void)test_unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", scalar);
    (void)test_unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", r);
    (void)test_unhex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8", s);
    const ClrcAttributeValue values[] = {{CLRC_ATTR_ECC_CURVE, sizeof(bits), &bits},
                                         {CLRC_ATTR_ECC_PRIVATE_VALUE, sizeof(scalar), scalar}};
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR};
    ok(clrcImportKeyAttributes(&wish, values, 2, &key));
    ok(clrcDigest(CLRC_SHA256, (const uint8_t *)"sample", 6, digest, &digest_len));
    ok(clrcSignDigest(key, CLRC_ECDSA_DETERMINISTIC, digest, 32, signature, &len));
    assert_int_equal(len, 72);
    assert_memory_equal(signature + 5, r, 32);
    assert_memory_equal(signature + 40, s, 32);
    ok(clrcVerifyDigest(key, CLRC_ECDSA_DETERMINISTIC, digest, 32, signature, len));
    ok(clrcVerifyDigest(key, CLRC_ECDSA, digest, 32, signature, len));
    const ClrcOperationWish parts = {
        .algorithm = CLRC_ECDSA_DETERMINISTIC, .mode = CLRC_MODE_SIGN, .digest = CLRC_SHA256};
    ClrcOperationHandle op = NULL;
    ok(clrcOperationNew(key, &parts, &op));
    ok(clrcOperationUpdate(op, (const uint8_t *)"sample", 6, NULL, NULL));
    ok(clrcOperationFinal(op, NULL, NULL, again, &again_len));
    assert_int_equal(again_len, len);
    assert_memory_equal(again, signature, len);
    clrcOperationFree(op);
    expect(clrcSignDigest(key, CLRC_ECDSA_DETERMINISTIC, digest, 33, signature, &len),
           CLRC_ERROR_BAD_PARAMETERS);
    ClrcOperationWish odd = parts;
    odd.digest = CLRC_SHA3_256;
    expect(clrcOperationNew(key, &odd, &op), CLRC_ERROR_NOT_SUPPORTED);
    odd.digest = CLRC_SHAKE128;
    expect(clrcOperationNew(key, &odd, &op), CLRC_ERROR_NOT_SUPPORTED);
    clrcFreeKey(key);
}

/* RFC 8032, 7.1: test 3; and libcrypto with longer messages. */
static void test_ed25519(void **state)
{
    uint8_t secret[32] = {0}, public_value[32] = {0}, signature[64] = {0}, expected_sig[64] = {0};
    uint32_t len = sizeof(signature);
    ClrcKeyHandle key = NULL;
    (void)state;
    (void)test_unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", secret);
    (void)test_unhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                     public_value);
    (void)test_unhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
                     expected_sig);
    const ClrcAttributeValue values[] = {{CLRC_ATTR_ED25519_PRIVATE_VALUE, 32, secret}};
    const ClrcKeyTemplate wish = {.type = KEY_ED25519_KEYPAIR};
    ok(clrcImportKeyAttributes(&wish, values, 1, &key));
    uint32_t room = sizeof(out);
    ok(clrcGetKeyAttribute(key, CLRC_ATTR_ED25519_PUBLIC_VALUE, out, &room));
    assert_memory_equal(out, public_value, 32);
    expect(clrcGetKeyAttribute(key, CLRC_ATTR_ED25519_PRIVATE_VALUE, out, &room),
           CLRC_ERROR_NOT_EXPORTABLE);
    ok(clrcSignDigest(key, CLRC_ED25519, (const uint8_t *)"\xaf\x82", 2, signature, &len));
    assert_int_equal(len, 64);
    assert_memory_equal(signature, expected_sig, 64);
    EVP_PKEY *pkey = test_public_of(key);
    ClrcKeyHandle theirs = test_import_public(KEY_ED25519_PUBLIC, pkey);
    static const size_t SIZES[] = {0, 1, 4096, DATA};
    for (size_t i = 0; i < KM_ARRAY_LEN(SIZES); i++) {
        const ClrcOperationWish sign = {.algorithm = CLRC_ED25519, .mode = CLRC_MODE_SIGN};
        assert_int_equal(test_in_parts(key, &sign, data, SIZES[i], signature, 64), 64);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey), 1);
        assert_int_equal(EVP_DigestVerify(ctx, signature, 64, data, SIZES[i]), 1);
        EVP_MD_CTX_free(ctx);
        const ClrcOperationWish verify = {.algorithm = CLRC_ED25519, .mode = CLRC_MODE_VERIFY};
        for (unsigned bad = 0; bad < 2; bad++) {
            ClrcOperationHandle op = NULL;
            ok(clrcOperationNew(theirs, &verify, &op));
            ok(clrcOperationUpdate(op, data, SIZES[i], NULL, NULL));
            signature[40] ^= (uint8_t)bad;
            expect(clrcOperationFinalVerify(op, NULL, NULL, signature, 64),
                   bad == 0 ? CLRC_SUCCESS : CLRC_ERROR_SIGNATURE);
            clrcOperationFree(op);
        }
    }
    expect(clrcSignDigest(key, CLRC_ED25519, data, 4097, signature, &len), CLRC_ERROR_TOO_LARGE);
    expect(clrcSignDigest(theirs, CLRC_ED25519, data, 4, signature, &len),
           CLRC_ERROR_ACCESS_DENIED);
    EVP_PKEY_free(pkey);
    clrcFreeKey(theirs);
    clrcFreeKey(key);
}

/* RFC 8032, 7.4: "1 octet" and, without the context, what libcrypto says of longer messages. */
static void test_ed448(void **state)
{
    uint8_t secret[57] = {0}, public_value[57] = {0}, signature[114] = {0}, expected_sig[114] = {0};
    uint32_t len = sizeof(signature);
    uint32_t room = sizeof(out);
    ClrcKeyHandle key = NULL;
    (void)state;
    (void)test_unhex("c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a"
                     "fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
                     secret);
    (void)test_unhex("43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086"
                     "6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
                     public_value);
    (void)test_unhex("26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f435"
                     "2541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cb"
                     "cee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0f"
                     "f3348ab21aa4adafd1d234441cf807c03a00",
                     expected_sig);
    const ClrcAttributeValue values[] = {{CLRC_ATTR_ED448_PRIVATE_VALUE, 57, secret}};
    const ClrcKeyTemplate wish = {.type = KEY_ED448_KEYPAIR};
    ok(clrcImportKeyAttributes(&wish, values, 1, &key));
    ok(clrcGetKeyAttribute(key, CLRC_ATTR_ED448_PUBLIC_VALUE, out, &room));
    assert_int_equal(room, 57);
    assert_memory_equal(out, public_value, 57);
    expect(clrcGetKeyAttribute(key, CLRC_ATTR_ED448_PRIVATE_VALUE, out, &room),
           CLRC_ERROR_NOT_EXPORTABLE);
    ok(clrcSignDigest(key, CLRC_ED448, (const uint8_t *)"\x03", 1, signature, &len));
    assert_int_equal(len, 114);
    assert_memory_equal(signature, expected_sig, 114);
    len = 113;
    expect(clrcSignDigest(key, CLRC_ED448, (const uint8_t *)"\x03", 1, signature, &len),
           CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 114);
    expect(clrcSignDigest(key, CLRC_ED25519, (const uint8_t *)"\x03", 1, signature, &len),
           CLRC_ERROR_NOT_SUPPORTED);
    EVP_PKEY *pkey = test_public_of(key);
    ClrcKeyHandle theirs = test_import_public(KEY_ED448_PUBLIC, pkey);
    static const size_t SIZES[] = {0, 1, 4096, DATA};
    for (size_t i = 0; i < KM_ARRAY_LEN(SIZES); i++) {
        const ClrcOperationWish sign = {.algorithm = CLRC_ED448, .mode = CLRC_MODE_SIGN};
        assert_int_equal(test_in_parts(key, &sign, data, SIZES[i], signature, 114), 114);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey), 1);
        assert_int_equal(EVP_DigestVerify(ctx, signature, 114, data, SIZES[i]), 1);
        EVP_MD_CTX_free(ctx);
    }
    ok(clrcVerifyDigest(theirs, CLRC_ED448, (const uint8_t *)"\x03", 1, expected_sig, 114));
    expect(clrcVerifyDigest(theirs, CLRC_ED448, (const uint8_t *)"\x03", 1, expected_sig, 113),
           CLRC_ERROR_SIGNATURE);
    expected_sig[70] ^= 1;
    expect(clrcVerifyDigest(theirs, CLRC_ED448, (const uint8_t *)"\x03", 1, expected_sig, 114),
           CLRC_ERROR_SIGNATURE);
    EVP_PKEY_free(pkey);
    clrcFreeKey(theirs);
    clrcFreeKey(key);
}

static EVP_PKEY *dsa_parameters(void)
{
    EVP_PKEY *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_q_bits(ctx, 256), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &params), 1);
    EVP_PKEY_CTX_free(ctx);
    return params;
}

static void dsa_both_ways(ClrcKeyHandle key)
{
    static const struct {
        ClrcAlgorithm algorithm;
        ClrcAlgorithm digest;
        uint32_t len;
    } ROWS[] = {{CLRC_DSA_SHA1, CLRC_SHA1, 20},
                {CLRC_DSA_SHA224, CLRC_SHA224, 28},
                {CLRC_DSA_SHA256, CLRC_SHA256, 32}};
    EVP_PKEY *pkey = test_public_of(key);
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        uint8_t signature[80] = {0}, digest[64] = {0};
        uint32_t len = sizeof(signature), n = sizeof(digest);
        ok(clrcDigest(ROWS[i].digest, data, 100, digest, &n));
        ok(clrcSignDigest(key, ROWS[i].algorithm, digest, ROWS[i].len, signature, &len));
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        assert_int_equal(EVP_PKEY_verify(ctx, signature, len, digest, ROWS[i].len), 1);
        EVP_PKEY_CTX_free(ctx);
        ok(clrcVerifyDigest(key, ROWS[i].algorithm, digest, ROWS[i].len, signature, len));
        signature[len - 1] ^= 1;
        expect(clrcVerifyDigest(key, ROWS[i].algorithm, digest, ROWS[i].len, signature, len),
               CLRC_ERROR_SIGNATURE);
        expect(clrcSignDigest(key, ROWS[i].algorithm, digest, ROWS[i].len + 1, signature, &len),
               CLRC_ERROR_BAD_PARAMETERS);
    }
    EVP_PKEY_free(pkey);
}

static void test_dsa(void **state)
{
    EVP_PKEY *params = dsa_parameters();
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(params, NULL);
    uint8_t *der = NULL;
    ClrcKeyHandle made = NULL;
    (void)state;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    ClrcKeyHandle key = test_import_pair(KEY_DSA_KEYPAIR, pkey, CLRC_ATTR_EXPORT_AS_PLAIN);
    dsa_both_ways(key);
    uint32_t got = sizeof(out);
    ok(clrcExportKey(key, out, &got));
    const uint8_t *at = out;
    EVP_PKEY *same = d2i_AutoPrivateKey(NULL, &at, (long)got);
    assert_int_equal(EVP_PKEY_eq(same, pkey), 1);
    EVP_PKEY_free(same);
    /* A key of the service's own in that group. */
    int len = i2d_KeyParams(params, &der);
    ClrcKeyTemplate wish = {.type = KEY_DSA_KEYPAIR};
    ok(clrcCreateKeyWithDer(&wish, der, (uint32_t)len, &made));
    dsa_both_ways(made);
    expect(clrcCreateKeyWithDer(&wish, der, (uint32_t)len - 1, &made), CLRC_ERROR_BAD_FORMAT);
    wish.bits = 3072;
    expect(clrcCreateKeyWithDer(&wish, der, (uint32_t)len, &made), CLRC_ERROR_BAD_FORMAT);
    /* A base that is not of the subprime's order. */
    der[len - 1] ^= 1;
    wish.bits = 0;
    expect(clrcCreateKeyWithDer(&wish, der, (uint32_t)len, &made), CLRC_ERROR_BAD_FORMAT);
    OPENSSL_free(der);
    clrcFreeKey(made);
    clrcFreeKey(key);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(params);
}

/* ---- agreement ---- */

static size_t ref_agree(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t *ret)
{
    size_t len = 1024;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    if (EVP_PKEY_is_a(ours, "DH"))
        assert_int_equal(EVP_PKEY_CTX_set_dh_pad(ctx, 1), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, ret, &len), 1);
    EVP_PKEY_CTX_free(ctx);
    return len;
}

static EVP_PKEY *dh_pair(int nid)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dh_nid(ctx, nid), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static void dh_with(ClrcKeyHandle key, EVP_PKEY *theirs)
{
    EVP_PKEY *ours = test_public_of(key);
    uint8_t peer[512] = {0};
    uint32_t got = sizeof(out);
    BIGNUM *y = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(theirs, OSSL_PKEY_PARAM_PUB_KEY, &y), 1);
    uint32_t len = (uint32_t)BN_bn2bin(y, peer);
    BN_free(y);
    ok(clrcAgreeRaw(key, peer, len, out, &got));
    assert_int_equal(ref_agree(theirs, ours, expected), got);
    assert_memory_equal(out, expected, got);
    static const uint8_t SMALL[][1] = {{0}, {1}};
    for (size_t i = 0; i < KM_ARRAY_LEN(SMALL); i++)
        expect(clrcAgreeRaw(key, SMALL[i], 1, out, &got), CLRC_ERROR_BAD_FORMAT);
    /* p - 1, of order 2, and p. */
    BIGNUM *p = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(theirs, OSSL_PKEY_PARAM_FFC_P, &p), 1);
    len = (uint32_t)BN_bn2bin(p, peer);
    expect(clrcAgreeRaw(key, peer, len, out, &got), CLRC_ERROR_BAD_FORMAT);
    peer[len - 1] ^= 1;
    expect(clrcAgreeRaw(key, peer, len, out, &got), CLRC_ERROR_BAD_FORMAT);
    BN_free(p);
    EVP_PKEY_free(ours);
}

static void test_dh(void **state)
{
    static const int NIDS[] = {NID_ffdhe2048, NID_modp_2048, NID_ffdhe3072};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(NIDS); i++) {
        EVP_PKEY *ours = dh_pair(NIDS[i]);
        EVP_PKEY *theirs = dh_pair(NIDS[i]);
        ClrcKeyHandle key = test_import_pair(KEY_DH_KEYPAIR, ours, 0);
        ClrcKeyHandle public_key = test_import_public(KEY_DH_PUBLIC, theirs);
        dh_with(key, theirs);
        clrcFreeKey(key);
        /* Made in the service: by bits, and in a group that is named. */
        if (NIDS[i] == NID_ffdhe2048) {
            key = test_create(KEY_DH_KEYPAIR, 2048);
            dh_with(key, theirs);
            clrcFreeKey(key);
        }
        uint8_t *der = NULL;
        int len = i2d_KeyParams(ours, &der);
        const ClrcKeyTemplate wish = {.type = KEY_DH_KEYPAIR};
        ok(clrcCreateKeyWithDer(&wish, der, (uint32_t)len, &key));
        dh_with(key, theirs);
        der[len / 2] ^= 1; /* a prime that nobody knows, and no subprime */
        ClrcKeyHandle odd = NULL;
        expect(clrcCreateKeyWithDer(&wish, der, (uint32_t)len, &odd), CLRC_ERROR_BAD_FORMAT);
        OPENSSL_free(der);
        clrcFreeKey(key);
        clrcFreeKey(public_key);
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
    }
}

/* RFC 7748, 5.2, and the points of small order. */
static void test_x25519(void **state)
{
    uint8_t alice[32] = {0}, bob_public[32] = {0}, shared[32] = {0};
    uint32_t got = sizeof(out);
    ClrcKeyHandle key = NULL;
    ClrcKeyHandle secret = NULL;
    (void)state;
    (void)test_unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", alice);
    (void)test_unhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                     bob_public);
    (void)test_unhex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552", shared);
    EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, alice, 32);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, bob_public, 32);
    key = test_import_pair(KEY_X25519_KEYPAIR, ours, 0);
    ok(clrcAgreeRaw(key, bob_public, 32, out, &got));
    assert_memory_equal(out, shared, 32);
    assert_int_equal(ref_agree(ours, theirs, expected), 32);
    assert_memory_equal(out, expected, 32);
    const ClrcKeyTemplate wish = {.type = KEY_GENERIC_SECRET,
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcAgree(key, bob_public, 32, &wish, &secret));
    got = sizeof(out);
    ok(clrcExportKey(secret, out, &got));
    assert_int_equal(got, 32);
    assert_memory_equal(out, shared, 32);
    clrcFreeKey(secret);
    static const char *const SMALL[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(SMALL); i++) {
        (void)test_unhex(SMALL[i], bob_public);
        expect(clrcAgreeRaw(key, bob_public, 32, out, &got), CLRC_ERROR_BAD_FORMAT);
    }
    expect(clrcAgreeRaw(key, bob_public, 31, out, &got), CLRC_ERROR_BAD_FORMAT);
    clrcFreeKey(key);
    key = test_create(KEY_X25519_KEYPAIR, 256);
    EVP_PKEY *made = test_public_of(key);
    EVP_PKEY_free(made);
    clrcFreeKey(key);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
}

/* RFC 7748, 6.2, and the values of small order. */
static void test_x448(void **state)
{
    uint8_t alice[56] = {0}, bob_public[56] = {0}, shared[56] = {0}, small[56] = {0};
    uint32_t got = sizeof(out);
    ClrcKeyHandle key = NULL;
    (void)state;
    (void)test_unhex("9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"
                     "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
                     alice);
    (void)test_unhex("3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972"
                     "fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
                     bob_public);
    (void)test_unhex("07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"
                     "fd2464c335543936521c24403085d59a449a5037514a879d",
                     shared);
    const ClrcAttributeValue values[] = {{CLRC_ATTR_X448_PRIVATE_VALUE, 56, alice}};
    const ClrcKeyTemplate wish = {.type = KEY_X448_KEYPAIR};
    ok(clrcImportKeyAttributes(&wish, values, 1, &key));
    ok(clrcAgreeRaw(key, bob_public, 56, out, &got));
    assert_int_equal(got, 56);
    assert_memory_equal(out, shared, 56);
    expect(clrcAgreeRaw(key, bob_public, 55, out, &got), CLRC_ERROR_BAD_FORMAT);
    expect(clrcAgreeRaw(key, small, 56, out, &got), CLRC_ERROR_BAD_FORMAT); /* 0 */
    small[0] = 1;
    expect(clrcAgreeRaw(key, small, 56, out, &got), CLRC_ERROR_BAD_FORMAT); /* 1 */
    for (uint8_t first = 0xfe; first != 0; first++) {                       /* p - 1 and p */
        memset(small, 0xff, sizeof(small));
        small[0] = first;
        small[28] = 0xfe;
        expect(clrcAgreeRaw(key, small, 56, out, &got), CLRC_ERROR_BAD_FORMAT);
    }
    memset(small, 0, 28);
    small[28] = 0xff; /* p + 1 */
    expect(clrcAgreeRaw(key, small, 56, out, &got), CLRC_ERROR_BAD_FORMAT);
    clrcFreeKey(key);
    key = test_create(KEY_X448_KEYPAIR, 448);
    EVP_PKEY *made = test_public_of(key);
    assert_true(EVP_PKEY_is_a(made, "X448"));
    EVP_PKEY_free(made);
    clrcFreeKey(key);
}

/* ---- derivation ---- */

static void check_derived(ClrcKeyHandle derived, const uint8_t *octets, uint32_t len)
{
    uint32_t got = sizeof(out);
    ok(clrcExportKey(derived, out, &got));
    assert_int_equal(got, len);
    assert_memory_equal(out, octets, len);
    clrcFreeKey(derived);
}

static void ref_kdf(const char *name, const OSSL_PARAM *params, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, expected, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void test_derivations(void **state)
{
    static const struct {
        const char *hash;
        ClrcAlgorithm concat, pbkdf2;
    } ROWS[] = {{"SHA1", CLRC_CONCAT_KDF_SHA1, CLRC_PBKDF2_HMAC_SHA1},
                {"SHA224", CLRC_CONCAT_KDF_SHA224, CLRC_PBKDF2_HMAC_SHA224},
                {"SHA256", CLRC_CONCAT_KDF_SHA256, CLRC_PBKDF2_HMAC_SHA256},
                {"SHA384", CLRC_CONCAT_KDF_SHA384, CLRC_PBKDF2_HMAC_SHA384},
                {"SHA512", CLRC_CONCAT_KDF_SHA512, CLRC_PBKDF2_HMAC_SHA512}};
    ClrcKeyHandle secret =
        test_import_with(KEY_GENERIC_SECRET, data, 40, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        char *hash = (char *)(uintptr_t)ROWS[i].hash;
        unsigned iterations = 1000;
        const ClrcKeyTemplate wish = {
            .type = KEY_HMAC, .bits = 1000, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
        ClrcKeyHandle derived = NULL;
        OSSL_PARAM concat[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, data, 40),
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, data + 50, 21),
            OSSL_PARAM_construct_end()};
        ref_kdf("SSKDF", concat, 125);
        ok(clrcDerive(secret, ROWS[i].concat, NULL, 0, data + 50, 21, &wish, &derived));
        check_derived(derived, expected, 125);
        expect(clrcDerive(secret, ROWS[i].concat, data, 1, data, 1, &wish, &derived),
               CLRC_ERROR_BAD_PARAMETERS);
        OSSL_PARAM pbkdf2[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, data, 40),
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, data + 50, 21),
            OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iterations),
            OSSL_PARAM_construct_end()};
        ref_kdf("PBKDF2", pbkdf2, 125);
        ok(clrcDerivePassword(secret, ROWS[i].pbkdf2, data + 50, 21, iterations, &wish, &derived));
        check_derived(derived, expected, 125);
        expect(clrcDerive(secret, ROWS[i].pbkdf2, data, 1, data, 1, &wish, &derived),
               CLRC_ERROR_NOT_SUPPORTED);
        expect(clrcDerivePassword(secret, ROWS[i].concat, data, 1, iterations, &wish, &derived),
               CLRC_ERROR_NOT_SUPPORTED);
    }
    clrcFreeKey(secret);
}

/* RFC 6070, the third and the first; RFC 5869 has no MD5: libcrypto. */
static void test_derivation_vectors(void **state)
{
    ClrcKeyHandle derived = NULL;
    const ClrcKeyTemplate wish = {
        .type = KEY_HMAC, .bits = 160, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    (void)state;
    ClrcKeyHandle secret = test_import_with(KEY_GENERIC_SECRET, (const uint8_t *)"password", 8, 0,
                                            CLRC_ATTR_EXPORT_AS_PLAIN);
    (void)test_unhex("4b007901b765489abead49d926f721d065a429c1", expected);
    ok(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA1, (const uint8_t *)"salt", 4, 4096, &wish,
                          &derived));
    check_derived(derived, expected, 20);
    (void)test_unhex("0c60c80f961f0e71f3a9b524af6012062fe037a6", expected);
    ok(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA1, (const uint8_t *)"salt", 4, 1, &wish,
                          &derived));
    check_derived(derived, expected, 20);
    char md5[] = "MD5";
    char password[] = "password";
    OSSL_PARAM hkdf[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, md5, 0),
                         OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, password, 8),
                         OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, data, 9),
                         OSSL_PARAM_construct_end()};
    ref_kdf("HKDF", hkdf, 20);
    ok(clrcDerive(secret, CLRC_HKDF_MD5, data, 9, NULL, 0, &wish, &derived));
    check_derived(derived, expected, 20);
    clrcFreeKey(secret);
}

/* What a secret that stays inside gives away by derivation: nothing that can be searched for, and not in a hurry. */
static void test_shut_secrets(void **state)
{
    ClrcKeyHandle derived = NULL;
    ClrcKeyHandle secret = test_create(KEY_GENERIC_SECRET, 256);
    ClrcKeyTemplate wish = {.type = KEY_HMAC, .bits = 120};
    (void)state;
    expect(clrcDerive(secret, CLRC_CONCAT_KDF_SHA256, NULL, 0, data, 5, &wish, &derived),
           CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 5, 1000, &wish, &derived),
           CLRC_ERROR_NOT_SUPPORTED);
    wish = (ClrcKeyTemplate){.type = KEY_DES3, .bits = 192};
    expect(clrcDerive(secret, CLRC_HKDF_SHA256, NULL, 0, data, 5, &wish, &derived),
           CLRC_ERROR_NOT_SUPPORTED);
    wish = (ClrcKeyTemplate){.type = KEY_AES, .bits = 128};
    ok(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 5, 1000, &wish, &derived));
    clrcFreeKey(derived);
    expect(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 5, 999, &wish, &derived),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 5, 10000001, &wish, &derived),
           CLRC_ERROR_TOO_LARGE);
    expect(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 0, 1000, &wish, &derived),
           CLRC_ERROR_BAD_PARAMETERS);
    wish = (ClrcKeyTemplate){.type = KEY_HMAC, .bits = 4096};
    expect(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 5, 9000000, &wish, &derived),
           CLRC_ERROR_TOO_LARGE);
    wish = (ClrcKeyTemplate){.type = KEY_AES, .bits = 128, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    expect(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA256, data, 5, 1000, &wish, &derived),
           CLRC_ERROR_NOT_EXPORTABLE);
    clrcFreeKey(secret);
}

static void test_keys_that_are_none(void **state)
{
    uint8_t alike[24] = {0};
    ClrcKeyHandle key = NULL;
    ClrcKeyTemplate wish = {.type = KEY_DES3};
    (void)state;
    km_copy(alike, sizeof(alike), data, 16);
    km_copy(alike + 16, 8, data + 8, 8);
    alike[20] ^= 1; /* parity alone */
    expect(clrcImportKeyRaw(&wish, alike, 24, &key), CLRC_ERROR_BAD_FORMAT);
    km_copy(alike + 8, 16, data, 8);
    expect(clrcImportKeyRaw(&wish, alike, 16, &key), CLRC_ERROR_BAD_FORMAT);
    assert_non_null(strstr(clrcLastError(), "parts that all differ"));
    expect(clrcImportKeyRaw(&wish, data, 8, &key), CLRC_ERROR_NOT_SUPPORTED);
    km_copy(alike, sizeof(alike), data, 24);
    km_des_set_parity(KM_SPAN(alike, 24));
    ok(clrcImportKeyRaw(&wish, alike, 24, &key));
    clrcFreeKey(key);
    key = NULL;
    alike[20] ^= 0x80;
    expect(clrcImportKeyRaw(&wish, alike, 24, &key), CLRC_ERROR_BAD_FORMAT);
    assert_non_null(strstr(clrcLastError(), "odd parity"));
    assert_null(key);
    /* 512 bits are two keys, for XTS alone. */
    key = test_create(KEY_AES, 512);
    uint32_t len = 16;
    expect(clrcMac(key, CLRC_AES_CMAC, data, 16, out, &len), CLRC_ERROR_NOT_SUPPORTED);
    clrcFreeKey(key);
    uint8_t other[32] = {9};
    EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    size_t n = 32;
    assert_int_equal(EVP_PKEY_get_raw_private_key(ed, out, &n), 1);
    const ClrcAttributeValue values[] = {{CLRC_ATTR_ED25519_PRIVATE_VALUE, 32, out},
                                         {CLRC_ATTR_ED25519_PUBLIC_VALUE, 32, other}};
    wish.type = KEY_ED25519_KEYPAIR;
    expect(clrcImportKeyAttributes(&wish, values, 2, &key), CLRC_ERROR_BAD_FORMAT);
    wish.type = KEY_X25519_KEYPAIR;
    expect(clrcImportKeyAttributes(&wish, values, 1, &key), CLRC_ERROR_BAD_FORMAT);
    EVP_PKEY_free(ed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_rsa_implicit_rejection),
        cmocka_unit_test(test_bare_rsa_is_both),
        cmocka_unit_test(test_small_curves),
        cmocka_unit_test(test_deterministic_ecdsa),
        cmocka_unit_test(test_ed25519),
        cmocka_unit_test(test_ed448),
        cmocka_unit_test(test_dsa),
        cmocka_unit_test(test_dh),
        cmocka_unit_test(test_x25519),
        cmocka_unit_test(test_x448),
        cmocka_unit_test(test_derivations),
        cmocka_unit_test(test_derivation_vectors),
        cmocka_unit_test(test_shut_secrets),
        cmocka_unit_test(test_keys_that_are_none),
    };
    return cmocka_run_group_tests(tests, test_data_up, test_down);
}
