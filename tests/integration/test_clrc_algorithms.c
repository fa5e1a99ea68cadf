/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithms of appendix A that test_clrc_crypto.c has not, and those beyond it: in the service, against libcrypto in this process,
 * whole and in parts, in place and not; published vectors where libcrypto is no second opinion.
 */
#include "tests/integration/clrc_test.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <signal.h>

#include "common/km_bytes.h"

#define DATA 70000u

static struct km_service *service;
static uint8_t data[DATA], out[DATA + 64], back[DATA + 64], expected[DATA + 64];

static int setup(void **state)
{
    (void)state;
    service = km_service_start(NULL);
    test_fill(data, DATA, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_service_stop(service);
    return 0;
}

static size_t unhex(const char *text, uint8_t *ret)
{
    size_t len = strlen(text) / 2;
    assert_true(km_unhex(text, ret, len));
    return len;
}

static ClrcKeyHandle import_with(ClrcKeyType type, const uint8_t *octets, uint32_t len,
                                 uint32_t usage, uint32_t attributes)
{
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type, .usage = usage, .attributes = attributes};
    ok(clrcImportKeyRaw(&wish, octets, len, &key));
    return key;
}

static ClrcKeyHandle create_with(ClrcKeyType type, uint32_t bits, uint32_t usage,
                                 uint32_t attributes)
{
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {
        .type = type, .bits = bits, .usage = usage, .attributes = attributes};
    ok(clrcCreateKey(&wish, &key));
    return key;
}

static EVP_PKEY *public_of(ClrcKeyHandle key)
{
    uint8_t der[2048] = {0};
    uint32_t len = sizeof(der);
    ok(clrcExportPublicKey(key, der, &len));
    const uint8_t *at = der;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)len);
    assert_non_null(pkey);
    return pkey;
}

static ClrcKeyHandle import_pair(ClrcKeyType type, const EVP_PKEY *pkey, uint32_t attributes)
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type, .attributes = attributes};
    assert_true(len > 0);
    ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    PKCS8_PRIV_KEY_INFO_free(p8);
    OPENSSL_free(der);
    return key;
}

static ClrcKeyHandle import_public(ClrcKeyType type, const EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type};
    assert_true(len > 0);
    ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    OPENSSL_free(der);
    return key;
}

/* ---- digests and MACs ---- */

static const struct {
    const char *name;
    ClrcAlgorithm digest, hmac;
} HASHES[] = {{"MD5", CLRC_MD5, CLRC_HMAC_MD5},
              {"SHA3-224", CLRC_SHA3_224, CLRC_HMAC_SHA3_224},
              {"SHA3-256", CLRC_SHA3_256, CLRC_HMAC_SHA3_256},
              {"SHA3-384", CLRC_SHA3_384, CLRC_HMAC_SHA3_384},
              {"SHA3-512", CLRC_SHA3_512, CLRC_HMAC_SHA3_512}};

static const size_t LENGTHS[] = {0, 1, 71, 72, 136, 144, 4096, DATA};

static uint32_t in_parts(ClrcKeyHandle key, const ClrcOperationWish *wish, size_t len,
                         uint8_t *result, uint32_t room)
{
    ClrcOperationHandle op = NULL;
    ok(clrcOperationNew(key, wish, &op));
    for (size_t at = 0, part = 1; at < len; at += part, part = part * 3 + 1) {
        part = part < len - at ? part : len - at;
        ok(clrcOperationUpdate(op, data + at, part, NULL, NULL));
    }
    ok(clrcOperationFinal(op, NULL, NULL, result, &room));
    clrcOperationFree(op);
    return room;
}

static void test_digests(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(HASHES); h++) {
        const ClrcOperationWish wish = {.algorithm = HASHES[h].digest, .mode = CLRC_MODE_DIGEST};
        for (size_t i = 0; i < KM_ARRAY_LEN(LENGTHS); i++) {
            size_t n = 0;
            uint32_t len = 64;
            assert_int_equal(
                EVP_Q_digest(NULL, HASHES[h].name, NULL, data, LENGTHS[i], expected, &n), 1);
            ok(clrcDigest(HASHES[h].digest, data, LENGTHS[i], out, &len));
            assert_int_equal(len, n);
            assert_memory_equal(out, expected, n);
            assert_int_equal(in_parts(NULL, &wish, LENGTHS[i], back, 64), n);
            assert_memory_equal(back, expected, n);
        }
    }
}

static void test_hmacs(void **state)
{
    static const uint32_t KEY_LENGTHS[] = {8, 64, 72, 73, 128, 136, 144, 145, 512};
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(HASHES); h++) {
        for (size_t k = 0; k < KM_ARRAY_LEN(KEY_LENGTHS); k++) {
            ClrcKeyHandle key = test_import_raw(KEY_HMAC, data, KEY_LENGTHS[k]);
            const ClrcOperationWish wish = {.algorithm = HASHES[h].hmac, .mode = CLRC_MODE_MAC};
            size_t n = 0;
            uint32_t len = 64;
            OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(
                                       OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)HASHES[h].name, 0),
                                   OSSL_PARAM_construct_end()};
            assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, NULL, params, data, KEY_LENGTHS[k], data,
                                      5000, expected, 64, &n));
            ok(clrcMac(key, HASHES[h].hmac, data, 5000, out, &len));
            assert_int_equal(len, n);
            assert_memory_equal(out, expected, n);
            ok(clrcVerifyMac(key, HASHES[h].hmac, data, 5000, out, len));
            out[n - 1] ^= 1;
            expect(clrcVerifyMac(key, HASHES[h].hmac, data, 5000, out, len), CLRC_ERROR_MAC);
            expect(clrcVerifyMac(key, HASHES[h].hmac, data, 5000, expected, len - 1),
                   CLRC_ERROR_MAC);
            assert_int_equal(in_parts(key, &wish, 5000, back, 64), n);
            assert_memory_equal(back, expected, n);
            clrcFreeKey(key);
        }
    }
}

/* NIST's example values for SHAKE of the empty message, and libcrypto for the rest. */
static void test_shake(void **state)
{
    static const struct {
        const char *name;
        ClrcAlgorithm algorithm;
        uint32_t usual;
        const char *empty;
    } ROWS[] = {{"SHAKE128", CLRC_SHAKE128, 32, "7f9c2ba4e88f827d616045507605853e"},
                {"SHAKE256", CLRC_SHAKE256, 64, "46b9dd2b0ba88d13233b3feb743eeb24"}};
    static const uint32_t WANTED[] = {1, 32, 64, 200, 4096};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        uint32_t len = 0;
        expect(clrcDigest(ROWS[i].algorithm, data, 3, NULL, &len), CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(len, ROWS[i].usual);
        len = 4097;
        expect(clrcDigest(ROWS[i].algorithm, data, 3, out, &len), CLRC_ERROR_TOO_LARGE);
        len = 16;
        ok(clrcDigest(ROWS[i].algorithm, NULL, 0, out, &len));
        (void)unhex(ROWS[i].empty, expected);
        assert_memory_equal(out, expected, 16);
        for (size_t w = 0; w < KM_ARRAY_LEN(WANTED); w++) {
            const ClrcOperationWish wish = {.algorithm = ROWS[i].algorithm,
                                            .mode = CLRC_MODE_DIGEST};
            EVP_MD *md = EVP_MD_fetch(NULL, ROWS[i].name, NULL);
            EVP_MD_CTX *ctx = EVP_MD_CTX_new();
            assert_int_equal(EVP_DigestInit_ex2(ctx, md, NULL), 1);
            assert_int_equal(EVP_DigestUpdate(ctx, data, 1000), 1);
            assert_int_equal(EVP_DigestFinalXOF(ctx, expected, WANTED[w]), 1);
            EVP_MD_CTX_free(ctx);
            EVP_MD_free(md);
            len = WANTED[w];
            ok(clrcDigest(ROWS[i].algorithm, data, 1000, out, &len));
            assert_int_equal(len, WANTED[w]);
            assert_memory_equal(out, expected, len);
            assert_int_equal(in_parts(NULL, &wish, 1000, back, WANTED[w]), WANTED[w]);
            assert_memory_equal(back, expected, len);
        }
    }
}

static void test_des3_cmac(void **state)
{
    (void)state;
    for (uint32_t key_len = 16; key_len <= 24; key_len += 8) {
        ClrcKeyHandle key = test_import_raw(KEY_DES3, data, key_len);
        uint8_t three[24] = {0};
        size_t n = 0;
        uint32_t len = 16;
        memcpy(three, data, 24);
        if (key_len == 16)
            memcpy(three + 16, data, 8);
        assert_non_null(EVP_Q_mac(NULL, "CMAC", NULL, "DES-EDE3-CBC", NULL, three, 24, data, 999,
                                  expected, 16, &n));
        ok(clrcMac(key, CLRC_DES3_CMAC, data, 999, out, &len));
        assert_int_equal(len, 8);
        assert_memory_equal(out, expected, 8);
        ok(clrcVerifyMac(key, CLRC_DES3_CMAC, data, 999, expected, 8));
        clrcFreeKey(key);
    }
}

/* ---- ciphers ---- */

static const struct cipher_row {
    ClrcAlgorithm algorithm;
    ClrcKeyType type;
    uint32_t key_len, iv_len;
    const char *name;
    bool is_whole;
} CIPHERS[] = {
    {CLRC_AES_OFB, KEY_AES, 16, 16, "AES-128-OFB", false},
    {CLRC_AES_OFB, KEY_AES, 32, 16, "AES-256-OFB", false},
    {CLRC_AES_CFB_128, KEY_AES, 16, 16, "AES-128-CFB", false},
    {CLRC_AES_CFB_128, KEY_AES, 24, 16, "AES-192-CFB", false},
    {CLRC_AES_XTS_NOPAD, KEY_AES, 32, 16, "AES-128-XTS", true},
    {CLRC_AES_XTS_NOPAD, KEY_AES, 64, 16, "AES-256-XTS", true},
    {CLRC_AES_CTS, KEY_AES, 16, 16, "AES-128-CBC-CTS", true},
    {CLRC_AES_CTS, KEY_AES, 32, 16, "AES-256-CBC-CTS", true},
    {CLRC_DES3_ECB_NOPAD, KEY_DES3, 24, 0, "DES-EDE3-ECB", false},
    {CLRC_DES3_CBC_NOPAD, KEY_DES3, 24, 8, "DES-EDE3-CBC", false},
    {CLRC_DES3_CBC_NOPAD, KEY_DES3, 16, 8, "DES-EDE-CBC", false},
    {CLRC_DES3_OFB, KEY_DES3, 24, 8, "DES-EDE3-OFB", false},
    {CLRC_DES3_CFB_64, KEY_DES3, 24, 8, "DES-EDE3-CFB", false},
    {CLRC_DES3_CFB_64, KEY_DES3, 16, 8, "DES-EDE-CFB", false},
};

static void ref_cipher(const struct cipher_row *row, const uint8_t *key, const uint8_t *iv,
                       size_t len)
{
    int n = 0;
    char mode[] = "CS3";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, mode, 0),
                           OSSL_PARAM_construct_end()};
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, row->name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_non_null(cipher);
    assert_int_equal(
        EVP_EncryptInit_ex2(ctx, cipher, key, iv, row->algorithm == CLRC_AES_CTS ? params : NULL),
        1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, expected, &n, data, (int)len), 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static void cipher_parts(ClrcKeyHandle key, const struct cipher_row *row, ClrcMode mode,
                         const uint8_t *iv, const uint8_t *in, size_t len, uint8_t *to)
{
    const ClrcOperationWish wish = {
        .algorithm = row->algorithm, .mode = mode, .iv = iv, .iv_length = row->iv_len};
    ClrcOperationHandle op = NULL;
    uint32_t none = 0;
    size_t done = 0;
    ok(clrcOperationNew(key, &wish, &op));
    for (size_t at = 0, part = 1; at < len; at += part, part = part * 3 + 1) {
        size_t got = DATA - done;
        part = part < len - at ? part : len - at;
        ok(clrcOperationUpdate(op, in + at, part, to + done, &got));
        done += got;
    }
    assert_int_equal(done, row->is_whole ? 0 : len);
    size_t rest = DATA - done;
    ok(clrcOperationFinal(op, to + done, &rest, NULL, &none));
    assert_int_equal(done + rest, len);
    clrcOperationFree(op);
}

static void test_ciphers(void **state)
{
    static const size_t SIZES[] = {16, 32, 4096, 4112, DATA - DATA % 16};
    static const size_t ODD[] = {17, 31, 4097, DATA - 1};
    const uint8_t *iv = data + 500;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(CIPHERS); i++) {
        const struct cipher_row *row = &CIPHERS[i];
        ClrcKeyHandle key = test_import_raw(row->type, data + 100, row->key_len);
        bool any_length =
            row->is_whole || strstr(row->name, "FB") != NULL; /* OFB, CFB, XTS and CTS */
        for (size_t k = 0; k < KM_ARRAY_LEN(SIZES) + (any_length ? KM_ARRAY_LEN(ODD) : 0); k++) {
            bool is_odd = k >= KM_ARRAY_LEN(SIZES);
            size_t len = is_odd ? ODD[k - KM_ARRAY_LEN(SIZES)] : SIZES[k];
            size_t got = sizeof(out);
            ref_cipher(row, data + 100, iv, len);
            ok(clrcCipher(key, row->algorithm, CLRC_MODE_ENCRYPT, iv, row->iv_len, data, len, out,
                          &got));
            assert_int_equal(got, len);
            assert_memory_equal(out, expected, len);
            cipher_parts(key, row, CLRC_MODE_ENCRYPT, iv, data, len, back);
            assert_memory_equal(back, expected, len);
            cipher_parts(key, row, CLRC_MODE_DECRYPT, iv, expected, len, back);
            assert_memory_equal(back, data, len);
            /* In place. */
            ok(clrcCipher(key, row->algorithm, CLRC_MODE_DECRYPT, iv, row->iv_len, out, len, out,
                          &got));
            assert_memory_equal(out, data, len);
        }
        size_t got = sizeof(out);
        expect(clrcCipher(key, row->algorithm, CLRC_MODE_ENCRYPT, iv, row->iv_len + 1, data, 16,
                          out, &got),
               CLRC_ERROR_BAD_PARAMETERS);
        if (row->is_whole || !any_length)
            expect(clrcCipher(key, row->algorithm, CLRC_MODE_ENCRYPT, iv, row->iv_len, data, 15,
                              out, &got),
                   CLRC_ERROR_BAD_PARAMETERS);
        clrcFreeKey(key);
    }
}

/* IEEE 1619-2007, annex B, vector 2; RFC 3962, appendix B, the one of 17 octets. */
static void test_cipher_vectors(void **state)
{
    uint8_t key_octets[64] = {0};
    uint8_t iv[16] = {0};
    uint8_t text[64] = {0};
    size_t got = sizeof(out);
    (void)state;
    memset(key_octets, 0x11, 16);
    memset(key_octets + 16, 0x22, 16);
    memset(iv, 0x33, 5);
    memset(text, 0x44, 32);
    ClrcKeyHandle key = test_import_raw(KEY_AES, key_octets, 32);
    ok(clrcCipher(key, CLRC_AES_XTS_NOPAD, CLRC_MODE_ENCRYPT, iv, 16, text, 32, out, &got));
    (void)unhex("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0", expected);
    assert_memory_equal(out, expected, 32);
    clrcFreeKey(key);
    key = test_import_raw(KEY_AES, (const uint8_t *)"chicken teriyaki", 16);
    memset(iv, 0, sizeof(iv));
    got = sizeof(out);
    ok(clrcCipher(key, CLRC_AES_CTS, CLRC_MODE_ENCRYPT, iv, 16,
                  (const uint8_t *)"I would like the ", 17, out, &got));
    (void)unhex("c6353568f2bf8cb4d8a580362da7ff7f97", expected);
    assert_int_equal(got, 17);
    assert_memory_equal(out, expected, 17);
    clrcFreeKey(key);
    /* Halves that are alike are no XTS key. */
    memset(key_octets, 0x11, 32);
    key = test_import_raw(KEY_AES, key_octets, 32);
    got = sizeof(out);
    expect(clrcCipher(key, CLRC_AES_XTS_NOPAD, CLRC_MODE_ENCRYPT, iv, 16, text, 32, out, &got),
           CLRC_ERROR_BAD_FORMAT);
    clrcFreeKey(key);
}

/* ---- authenticated encryption ---- */

static const struct ae_row {
    ClrcAlgorithm algorithm;
    ClrcKeyType type;
    uint32_t key_len, nonce_len, tag_len;
    const char *name;
} AES_[] = {
    {CLRC_AES_CCM, KEY_AES, 16, 7, 16, "AES-128-CCM"},
    {CLRC_AES_CCM, KEY_AES, 24, 12, 12, "AES-192-CCM"},
    {CLRC_AES_CCM, KEY_AES, 32, 13, 14, "AES-256-CCM"},
    {CLRC_CHACHA20_POLY1305, KEY_CHACHA20, 32, 12, 16, "ChaCha20-Poly1305"},
};

static void ref_ae(const struct ae_row *row, const uint8_t *key, const ClrcAead *aead, size_t len,
                   uint8_t *tag)
{
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, row->name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool is_ccm = row->algorithm == CLRC_AES_CCM;
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL), 1);
    assert_int_equal(
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)aead->nonce_length, NULL), 1);
    if (is_ccm)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)row->tag_len, NULL),
                         1);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, NULL, key, aead->nonce, NULL), 1);
    if (is_ccm)
        assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)len), 1);
    if (aead->aad_length > 0)
        assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aead->aad, (int)aead->aad_length), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, expected, &n, data, (int)len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, expected + len, &n), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)row->tag_len, tag), 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static ClrcOperationHandle ae_parts(ClrcKeyHandle key, const struct ae_row *row,
                                    const ClrcAead *aead, ClrcMode mode, const uint8_t *in,
                                    size_t len, size_t *ret_done)
{
    const ClrcOperationWish wish = {.algorithm = row->algorithm,
                                    .mode = mode,
                                    .iv = aead->nonce,
                                    .iv_length = aead->nonce_length,
                                    .tag_length = row->tag_len};
    ClrcOperationHandle op = NULL;
    ok(clrcOperationNew(key, &wish, &op));
    ok(clrcOperationUpdateAad(op, aead->aad, aead->aad_length / 2));
    ok(clrcOperationUpdateAad(op, aead->aad + aead->aad_length / 2,
                              aead->aad_length - aead->aad_length / 2));
    *ret_done = 0;
    for (size_t at = 0, part = 1; at < len; at += part, part = part * 3 + 1) {
        size_t got = DATA - *ret_done;
        part = part < len - at ? part : len - at;
        ok(clrcOperationUpdate(op, in + at, part, back + *ret_done, &got));
        *ret_done += got;
    }
    return op;
}

static void test_aead(void **state)
{
    static const size_t SIZES[] = {0, 1, 16, 4097, 65000};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(AES_); i++) {
        const struct ae_row *row = &AES_[i];
        ClrcKeyHandle key = test_import_raw(row->type, data + 9, row->key_len);
        for (size_t k = 0; k < KM_ARRAY_LEN(SIZES); k++) {
            size_t len = SIZES[k];
            ClrcAead aead = {.nonce = data + 77,
                             .nonce_length = row->nonce_len,
                             .aad = data + 300,
                             .aad_length = 20 * k};
            uint8_t tag[16] = {0};
            uint8_t expected_tag[16] = {0};
            ref_ae(row, data + 9, &aead, len, expected_tag);
            ok(clrcAeadEncrypt(key, row->algorithm, &aead, data, len, out, tag, row->tag_len));
            assert_memory_equal(out, expected, len);
            assert_memory_equal(tag, expected_tag, row->tag_len);
            ok(clrcAeadDecrypt(key, row->algorithm, &aead, out, len, back, tag, row->tag_len));
            assert_memory_equal(back, data, len);
            size_t done = 0;
            size_t rest = DATA;
            uint32_t tag_len = 16;
            ClrcOperationHandle op = ae_parts(key, row, &aead, CLRC_MODE_ENCRYPT, data, len, &done);
            rest = DATA - done;
            memset(tag, 0, sizeof(tag));
            ok(clrcOperationFinal(op, back + done, &rest, tag, &tag_len));
            assert_int_equal(done + rest, len);
            assert_memory_equal(back, expected, len);
            assert_memory_equal(tag, expected_tag, row->tag_len);
            clrcOperationFree(op);
            op = ae_parts(key, row, &aead, CLRC_MODE_DECRYPT, expected, len, &done);
            assert_int_equal(done, 0);
            rest = DATA;
            ok(clrcOperationFinalVerify(op, back, &rest, tag, row->tag_len));
            assert_int_equal(rest, len);
            assert_memory_equal(back, data, len);
            clrcOperationFree(op);
            /* A bit elsewhere: nothing comes out. */
            memset(back, 0x5a, sizeof(back));
            tag[0] ^= 1;
            expect(clrcAeadDecrypt(key, row->algorithm, &aead, out, len, back, tag, row->tag_len),
                   CLRC_ERROR_MAC);
            assert_int_equal(back[0], 0x5a);
            op = ae_parts(key, row, &aead, CLRC_MODE_DECRYPT, expected, len, &done);
            rest = DATA;
            expect(clrcOperationFinalVerify(op, back, &rest, tag, row->tag_len), CLRC_ERROR_MAC);
            assert_int_equal(back[0], 0x5a);
            clrcOperationFree(op);
        }
        uint8_t tag[16] = {0};
        const ClrcAead aead = {.nonce = data, .nonce_length = row->nonce_len};
        const ClrcAead longer = {.nonce = data, .nonce_length = 14};
        expect(clrcAeadEncrypt(key, row->algorithm, &aead, data, 5, out, tag, 15),
               CLRC_ERROR_BAD_PARAMETERS);
        expect(clrcAeadEncrypt(key, row->algorithm, &longer, data, 5, out, tag, row->tag_len),
               CLRC_ERROR_BAD_PARAMETERS);
        clrcFreeKey(key);
    }
}

/* ---- key wrap ---- */

/* RFC 3394, 4.6, and RFC 5649, 6, both of them. */
static void test_wrapped_data(void **state)
{
    static const struct {
        ClrcAlgorithm algorithm;
        const char *kek, *plain, *wrapped;
    } ROWS[] = {
        {CLRC_AES_KW, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
         "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"},
        {CLRC_AES_KWP, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
         "c37b7e6492584340bed12207808941155068f738",
         "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"},
        {CLRC_AES_KWP, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "466f7250617369",
         "afbeb0f07dfbf5419200f2ccb50bb24f"},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        uint8_t kek[32] = {0}, plain[64] = {0}, wrapped[64] = {0};
        size_t kek_len = unhex(ROWS[i].kek, kek);
        size_t plain_len = unhex(ROWS[i].plain, plain);
        size_t wrapped_len = unhex(ROWS[i].wrapped, wrapped);
        ClrcKeyHandle key = test_import_raw(KEY_AES, kek, (uint32_t)kek_len);
        size_t len = sizeof(out);
        ok(clrcCipher(key, ROWS[i].algorithm, CLRC_MODE_ENCRYPT, NULL, 0, plain, plain_len, out,
                      &len));
        assert_int_equal(len, wrapped_len);
        assert_memory_equal(out, wrapped, len);
        len = sizeof(back);
        ok(clrcCipher(key, ROWS[i].algorithm, CLRC_MODE_DECRYPT, NULL, 0, wrapped, wrapped_len,
                      back, &len));
        assert_int_equal(len, plain_len);
        assert_memory_equal(back, plain, len);
        memset(back, 0x5a, 64);
        for (size_t at = 0; at < wrapped_len; at++) {
            len = sizeof(back);
            wrapped[at] ^= 0x10;
            expect(clrcCipher(key, ROWS[i].algorithm, CLRC_MODE_DECRYPT, NULL, 0, wrapped,
                              wrapped_len, back, &len),
                   CLRC_ERROR_MAC);
            wrapped[at] ^= 0x10;
        }
        assert_int_equal(back[0], 0x5a);
        len = sizeof(back);
        expect(clrcCipher(key, ROWS[i].algorithm, CLRC_MODE_DECRYPT, NULL, 0, wrapped,
                          wrapped_len - 1, back, &len),
               CLRC_ERROR_BAD_PARAMETERS);
        expect(
            clrcCipher(key, ROWS[i].algorithm, CLRC_MODE_ENCRYPT, NULL, 0, data, 4097, back, &len),
            CLRC_ERROR_TOO_LARGE);
        clrcFreeKey(key);
    }
}

/* What may be exported is wrapped as others can read it; what may not leaves for nobody else's eyes. */
static void test_wrapped_keys(void **state)
{
    uint8_t wrapped[4200] = {0};
    uint32_t len = sizeof(wrapped);
    uint32_t wraps = CLRC_USAGE_WRAP | CLRC_USAGE_UNWRAP;
    ClrcKeyHandle got = NULL;
    (void)state;
    ClrcKeyHandle known = import_with(KEY_AES, data, 32, wraps, CLRC_ATTR_EXPORT_AS_PLAIN);
    ClrcKeyHandle twin = import_with(KEY_AES, data, 32, CLRC_USAGE_DECRYPT, 0);
    ClrcKeyHandle closed = create_with(KEY_AES, 256, wraps, 0);
    ClrcKeyHandle open_key = create_with(KEY_AES, 128, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
    ClrcKeyHandle shut = create_with(KEY_AES, 128, 0, 0);
    ClrcKeyHandle movable = create_with(KEY_AES, 128, CLRC_USAGE_ENCRYPT, CLRC_ATTR_WRAPPABLE);

    ok(clrcWrapKey(known, CLRC_AES_KW, open_key, wrapped, &len));
    assert_int_equal(len, 24);
    size_t plain_len = sizeof(back);
    uint32_t export_len = 64;
    ok(clrcExportKey(open_key, expected, &export_len));
    ok(clrcCipher(twin, CLRC_AES_KW, CLRC_MODE_DECRYPT, NULL, 0, wrapped, len, back, &plain_len));
    assert_int_equal(plain_len, 16);
    assert_memory_equal(back, expected, 16);
    ClrcKeyTemplate wish = {.type = KEY_AES, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcUnwrapKey(known, CLRC_AES_KW, wrapped, len, &wish, &got));
    export_len = 64;
    ok(clrcExportKey(got, out, &export_len));
    assert_memory_equal(out, expected, 16);
    clrcFreeKey(got);
    /* Neither the wrong way to wrap nor the wrong key. */
    expect(clrcUnwrapKey(known, CLRC_AES_KWP, wrapped, len, &wish, &got), CLRC_ERROR_MAC);
    expect(clrcUnwrapKey(twin, CLRC_AES_KW, wrapped, len, &wish, &got), CLRC_ERROR_ACCESS_DENIED);
    expect(clrcUnwrapKey(closed, CLRC_AES_KW, wrapped, len, &wish, &got), CLRC_ERROR_MAC);
    /* What stays, stays; what may move, moves under a closed key alone. */
    len = sizeof(wrapped);
    expect(clrcWrapKey(known, CLRC_AES_KW, shut, wrapped, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcWrapKey(closed, CLRC_AES_KWP, shut, wrapped, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcWrapKey(known, CLRC_AES_KWP, movable, wrapped, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcWrapKey(closed, CLRC_AES_KW, movable, wrapped, &len), CLRC_ERROR_NOT_SUPPORTED);
    ok(clrcWrapKey(closed, CLRC_AES_KWP, movable, wrapped, &len));
    expect(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got),
           CLRC_ERROR_NOT_EXPORTABLE);
    wish.attributes = 0;
    wish.usage = CLRC_USAGE_DECRYPT;
    expect(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got),
           CLRC_ERROR_ACCESS_DENIED);
    wish = (ClrcKeyTemplate){.type = KEY_HMAC};
    expect(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got), CLRC_ERROR_BAD_FORMAT);
    wish = (ClrcKeyTemplate){.type = KEY_AES};
    ok(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got));
    ClrcKeyInfo info = {0};
    ok(clrcGetKeyInfo(got, &info));
    assert_int_equal(info.usage, CLRC_USAGE_ENCRYPT);
    assert_int_equal(info.attributes, CLRC_ATTR_WRAPPABLE);
    size_t a = 16, b = 16;
    ok(clrcCipher(movable, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, data, 16, out, &a));
    ok(clrcCipher(got, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, data, 16, back, &b));
    assert_memory_equal(out, back, 16);
    clrcFreeKey(got);
    /* An exportable key out of one that is not: no. */
    len = sizeof(wrapped);
    ok(clrcWrapKey(closed, CLRC_AES_KWP, open_key, wrapped, &len));
    wish.attributes = CLRC_ATTR_EXPORT_AS_PLAIN;
    expect(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got),
           CLRC_ERROR_NOT_EXPORTABLE);
    /* A pair as PKCS#8. */
    ClrcKeyHandle pair = create_with(KEY_ECDSA_KEYPAIR, 256, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
    len = sizeof(wrapped);
    ok(clrcWrapKey(closed, CLRC_AES_KWP, pair, wrapped, &len));
    wish = (ClrcKeyTemplate){.type = KEY_ECDSA_KEYPAIR};
    ok(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got));
    EVP_PKEY *one = public_of(pair);
    EVP_PKEY *two = public_of(got);
    assert_int_equal(EVP_PKEY_eq(one, two), 1);
    EVP_PKEY_free(one);
    EVP_PKEY_free(two);
    const ClrcKeyHandle all[] = {known, twin, closed, open_key, shut, movable, pair, got};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        clrcFreeKey(all[i]);
}

/* ---- RSA ---- */

static void test_rsa(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    ClrcKeyHandle key = import_pair(KEY_RSA_KEYPAIR, pkey, 0);
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
        EVP_PKEY *pkey = public_of(key);
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
    (void)unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", scalar);
    (void)unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", r);
    (void)unhex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8", s);
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
    (void)unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", secret);
    (void)unhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", public_value);
    (void)unhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
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
    EVP_PKEY *pkey = public_of(key);
    ClrcKeyHandle theirs = import_public(KEY_ED25519_PUBLIC, pkey);
    static const size_t SIZES[] = {0, 1, 4096, DATA};
    for (size_t i = 0; i < KM_ARRAY_LEN(SIZES); i++) {
        const ClrcOperationWish sign = {.algorithm = CLRC_ED25519, .mode = CLRC_MODE_SIGN};
        assert_int_equal(in_parts(key, &sign, SIZES[i], signature, 64), 64);
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
    EVP_PKEY *pkey = public_of(key);
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
    ClrcKeyHandle key = import_pair(KEY_DSA_KEYPAIR, pkey, CLRC_ATTR_EXPORT_AS_PLAIN);
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
    EVP_PKEY *ours = public_of(key);
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
        ClrcKeyHandle key = import_pair(KEY_DH_KEYPAIR, ours, 0);
        ClrcKeyHandle public_key = import_public(KEY_DH_PUBLIC, theirs);
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
    (void)unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", alice);
    (void)unhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", bob_public);
    (void)unhex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552", shared);
    EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, alice, 32);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, bob_public, 32);
    key = import_pair(KEY_X25519_KEYPAIR, ours, 0);
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
        (void)unhex(SMALL[i], bob_public);
        expect(clrcAgreeRaw(key, bob_public, 32, out, &got), CLRC_ERROR_BAD_FORMAT);
    }
    expect(clrcAgreeRaw(key, bob_public, 31, out, &got), CLRC_ERROR_BAD_FORMAT);
    clrcFreeKey(key);
    key = test_create(KEY_X25519_KEYPAIR, 256);
    EVP_PKEY *made = public_of(key);
    EVP_PKEY_free(made);
    clrcFreeKey(key);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
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
    ClrcKeyHandle secret = import_with(KEY_GENERIC_SECRET, data, 40, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
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
    ClrcKeyHandle secret = import_with(KEY_GENERIC_SECRET, (const uint8_t *)"password", 8, 0,
                                       CLRC_ATTR_EXPORT_AS_PLAIN);
    (void)unhex("4b007901b765489abead49d926f721d065a429c1", expected);
    ok(clrcDerivePassword(secret, CLRC_PBKDF2_HMAC_SHA1, (const uint8_t *)"salt", 4, 4096, &wish,
                          &derived));
    check_derived(derived, expected, 20);
    (void)unhex("0c60c80f961f0e71f3a9b524af6012062fe037a6", expected);
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

/* ---- rules ---- */

/* With OFB and with CFB's decryption whoever may decrypt alone would have the block cipher itself. */
static void test_stream_modes_are_both(void **state)
{
    static const struct {
        ClrcAlgorithm algorithm;
        ClrcKeyType type;
        uint32_t bits, iv_len;
        bool encrypts_alone;
    } ROWS[] = {{CLRC_AES_OFB, KEY_AES, 128, 16, false},
                {CLRC_AES_CFB_128, KEY_AES, 128, 16, true},
                {CLRC_DES3_OFB, KEY_DES3, 192, 8, false},
                {CLRC_DES3_CFB_64, KEY_DES3, 192, 8, true}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        ClrcKeyHandle enc = create_with(ROWS[i].type, ROWS[i].bits, CLRC_USAGE_ENCRYPT, 0);
        ClrcKeyHandle dec = create_with(ROWS[i].type, ROWS[i].bits, CLRC_USAGE_DECRYPT, 0);
        size_t got = 16;
        expect(clrcCipher(enc, ROWS[i].algorithm, CLRC_MODE_ENCRYPT, data, ROWS[i].iv_len, data, 16,
                          out, &got),
               ROWS[i].encrypts_alone ? CLRC_SUCCESS : CLRC_ERROR_ACCESS_DENIED);
        expect(clrcCipher(dec, ROWS[i].algorithm, CLRC_MODE_DECRYPT, data, ROWS[i].iv_len, data, 16,
                          out, &got),
               CLRC_ERROR_ACCESS_DENIED);
        const ClrcOperationWish wish = {.algorithm = ROWS[i].algorithm,
                                        .mode = CLRC_MODE_DECRYPT,
                                        .iv = data,
                                        .iv_length = ROWS[i].iv_len};
        ClrcOperationHandle op = NULL;
        expect(clrcOperationNew(dec, &wish, &op), CLRC_ERROR_ACCESS_DENIED);
        clrcFreeKey(enc);
        clrcFreeKey(dec);
    }
}

static void test_keys_that_are_none(void **state)
{
    uint8_t alike[24] = {0};
    ClrcKeyHandle key = NULL;
    ClrcKeyTemplate wish = {.type = KEY_DES3};
    (void)state;
    memcpy(alike, data, 16);
    memcpy(alike + 16, data + 8, 8);
    alike[20] ^= 1; /* parity alone */
    expect(clrcImportKeyRaw(&wish, alike, 24, &key), CLRC_ERROR_BAD_FORMAT);
    memcpy(alike + 8, data, 8);
    expect(clrcImportKeyRaw(&wish, alike, 16, &key), CLRC_ERROR_BAD_FORMAT);
    expect(clrcImportKeyRaw(&wish, data, 8, &key), CLRC_ERROR_NOT_SUPPORTED);
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

/* ---- saved ---- */

/* Each new type is saved, is there after the service was stopped and started, and is the same key. */
static void test_saved(void **state)
{
    static const struct {
        ClrcKeyType type;
        uint32_t bits;
        const char *name;
    } ROWS[] = {{KEY_ED25519_KEYPAIR, 256, "saved.ed"},   {KEY_X25519_KEYPAIR, 256, "saved.x"},
                {KEY_DH_KEYPAIR, 4096, "saved.dh"},       {KEY_ECDSA_KEYPAIR, 224, "saved.p224"},
                {KEY_EC_DUAL_KEYPAIR, 192, "saved.p192"}, {KEY_DES3, 192, "saved.des3"},
                {KEY_CHACHA20, 256, "saved.chacha"},      {KEY_AES, 512, "saved.xts"}};
    uint8_t before[KM_ARRAY_LEN(ROWS)][2048] = {{0}};
    uint32_t lens[KM_ARRAY_LEN(ROWS)] = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        ClrcKeyHandle key = create_with(ROWS[i].type, ROWS[i].bits, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
        lens[i] = sizeof(before[i]);
        ok(clrcExportKey(key, before[i], &lens[i]));
        ok(clrcSaveNamedKey(key, ROWS[i].name, NULL));
        clrcFreeKey(key);
    }
    km_service_signal(service, SIGTERM);
    km_service_resume(service);
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        ClrcKeyHandle key = NULL;
        uint32_t len = sizeof(out);
        ok(clrcLoadNamedKey(ROWS[i].name, NULL, &key));
        ok(clrcExportKey(key, out, &len));
        assert_int_equal(len, lens[i]);
        assert_memory_equal(out, before[i], len);
        clrcFreeKey(key);
        ok(clrcDeleteNamedKey(ROWS[i].name, NULL));
    }
}

/* A closed key that was saved goes on wrapping what may move. */
static void test_saved_wrapping_key(void **state)
{
    uint8_t wrapped[512] = {0};
    uint32_t len = sizeof(wrapped);
    ClrcKeyHandle again = NULL;
    ClrcKeyHandle got = NULL;
    (void)state;
    ClrcKeyHandle closed = create_with(KEY_AES, 256, CLRC_USAGE_WRAP | CLRC_USAGE_UNWRAP, 0);
    ClrcKeyHandle movable = create_with(KEY_HMAC, 256, 0, CLRC_ATTR_WRAPPABLE);
    ok(clrcSaveNamedKey(closed, "wrapping", NULL));
    clrcFreeKey(closed);
    ok(clrcLoadNamedKey("wrapping", NULL, &again));
    ok(clrcWrapKey(again, CLRC_AES_KWP, movable, wrapped, &len));
    const ClrcKeyTemplate wish = {.type = KEY_HMAC};
    ok(clrcUnwrapKey(again, CLRC_AES_KWP, wrapped, len, &wish, &got));
    uint32_t a = 32, b = 32;
    ok(clrcMac(movable, CLRC_HMAC_SHA256, data, 100, out, &a));
    ok(clrcMac(got, CLRC_HMAC_SHA256, data, 100, back, &b));
    assert_memory_equal(out, back, 32);
    clrcFreeKey(got);
    clrcFreeKey(movable);
    clrcFreeKey(again);
    ok(clrcDeleteNamedKey("wrapping", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_hmacs),
        cmocka_unit_test(test_shake),
        cmocka_unit_test(test_des3_cmac),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_cipher_vectors),
        cmocka_unit_test(test_aead),
        cmocka_unit_test(test_wrapped_data),
        cmocka_unit_test(test_wrapped_keys),
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_rsa_implicit_rejection),
        cmocka_unit_test(test_bare_rsa_is_both),
        cmocka_unit_test(test_small_curves),
        cmocka_unit_test(test_deterministic_ecdsa),
        cmocka_unit_test(test_ed25519),
        cmocka_unit_test(test_dsa),
        cmocka_unit_test(test_dh),
        cmocka_unit_test(test_x25519),
        cmocka_unit_test(test_derivations),
        cmocka_unit_test(test_derivation_vectors),
        cmocka_unit_test(test_shut_secrets),
        cmocka_unit_test(test_stream_modes_are_both),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_saved_wrapping_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
