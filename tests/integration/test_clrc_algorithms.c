/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symmetric algorithms that test_clrc_crypto.c has not: in the service, against libcrypto in this process, whole and in parts, in
 * place and not; published vectors where libcrypto is no second opinion. And keys under keys, and what is saved.
 */
#include "tests/integration/clrc_data_test.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>

#include "common/km_bytes.h"

#define WRAPS (CLRC_USAGE_WRAP | CLRC_USAGE_UNWRAP)

static ClrcKeyHandle create_with(ClrcKeyType type, uint32_t bits, uint32_t usage,
                                 uint32_t attributes)
{
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {
        .type = type, .bits = bits, .usage = usage, .attributes = attributes};
    ok(clrcCreateKey(&wish, &key));
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
            assert_int_equal(test_in_parts(NULL, &wish, data, LENGTHS[i], back, 64), n);
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
            assert_int_equal(test_in_parts(key, &wish, data, 5000, back, 64), n);
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
        (void)test_unhex(ROWS[i].empty, expected);
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
            assert_int_equal(test_in_parts(NULL, &wish, data, 1000, back, WANTED[w]), WANTED[w]);
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
        km_copy(three, sizeof(three), data, 24);
        if (key_len == 16)
            km_copy(three + 16, 8, data, 8);
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
    (void)test_unhex("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0", expected);
    assert_memory_equal(out, expected, 32);
    clrcFreeKey(key);
    key = test_import_raw(KEY_AES, (const uint8_t *)"chicken teriyaki", 16);
    memset(iv, 0, sizeof(iv));
    got = sizeof(out);
    ok(clrcCipher(key, CLRC_AES_CTS, CLRC_MODE_ENCRYPT, iv, 16,
                  (const uint8_t *)"I would like the ", 17, out, &got));
    (void)test_unhex("c6353568f2bf8cb4d8a580362da7ff7f97", expected);
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
        size_t kek_len = test_unhex(ROWS[i].kek, kek);
        size_t plain_len = test_unhex(ROWS[i].plain, plain);
        size_t wrapped_len = test_unhex(ROWS[i].wrapped, wrapped);
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

/* A key that wraps, known to us as well: what it wraps can be read with any implementation. */
static void test_wrapped_as_others_do(void **state)
{
    uint8_t wrapped[64] = {0};
    uint32_t len = sizeof(wrapped);
    size_t plain_len = sizeof(back);
    uint32_t export_len = 64;
    ClrcKeyHandle got = NULL;
    (void)state;
    ClrcKeyHandle known = test_import_with(KEY_AES, data, 32, WRAPS, CLRC_ATTR_EXPORT_AS_PLAIN);
    ClrcKeyHandle twin = test_import_with(KEY_AES, data, 32, CLRC_USAGE_DECRYPT, 0);
    ClrcKeyHandle closed = create_with(KEY_AES, 256, WRAPS, 0);
    ClrcKeyHandle open_key = create_with(KEY_AES, 128, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
    ok(clrcWrapKey(known, CLRC_AES_KW, open_key, wrapped, &len));
    assert_int_equal(len, 24);
    ok(clrcExportKey(open_key, expected, &export_len));
    ok(clrcCipher(twin, CLRC_AES_KW, CLRC_MODE_DECRYPT, NULL, 0, wrapped, len, back, &plain_len));
    assert_int_equal(plain_len, 16);
    assert_memory_equal(back, expected, 16);
    const ClrcKeyTemplate wish = {.type = KEY_AES, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcUnwrapKey(known, CLRC_AES_KW, wrapped, len, &wish, &got));
    export_len = 64;
    ok(clrcExportKey(got, out, &export_len));
    assert_memory_equal(out, expected, 16);
    clrcFreeKey(got);
    /* Neither the wrong way to wrap nor the wrong key. */
    expect(clrcUnwrapKey(known, CLRC_AES_KWP, wrapped, len, &wish, &got), CLRC_ERROR_MAC);
    expect(clrcUnwrapKey(twin, CLRC_AES_KW, wrapped, len, &wish, &got), CLRC_ERROR_ACCESS_DENIED);
    expect(clrcUnwrapKey(closed, CLRC_AES_KW, wrapped, len, &wish, &got), CLRC_ERROR_MAC);
    const ClrcKeyHandle all[] = {known, twin, closed, open_key};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        clrcFreeKey(all[i]);
}

/* What stays, stays; what may move, moves under a closed key alone, and comes back as it was. */
static void test_wrapped_to_come_back(void **state)
{
    uint8_t wrapped[256] = {0};
    uint32_t len = sizeof(wrapped);
    size_t a = 16;
    size_t b = 16;
    ClrcKeyHandle got = NULL;
    (void)state;
    ClrcKeyHandle known = test_import_with(KEY_AES, data, 32, WRAPS, CLRC_ATTR_EXPORT_AS_PLAIN);
    ClrcKeyHandle closed = create_with(KEY_AES, 256, WRAPS, 0);
    ClrcKeyHandle shut = create_with(KEY_AES, 128, 0, 0);
    ClrcKeyHandle movable = create_with(KEY_AES, 128, CLRC_USAGE_ENCRYPT, CLRC_ATTR_WRAPPABLE);
    expect(clrcWrapKey(known, CLRC_AES_KW, shut, wrapped, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcWrapKey(closed, CLRC_AES_KWP, shut, wrapped, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcWrapKey(known, CLRC_AES_KWP, movable, wrapped, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcWrapKey(closed, CLRC_AES_KW, movable, wrapped, &len), CLRC_ERROR_NOT_SUPPORTED);
    ok(clrcWrapKey(closed, CLRC_AES_KWP, movable, wrapped, &len));
    ClrcKeyTemplate wish = {.type = KEY_AES, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    expect(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got),
           CLRC_ERROR_NOT_EXPORTABLE);
    wish = (ClrcKeyTemplate){.type = KEY_AES, .usage = CLRC_USAGE_DECRYPT};
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
    ok(clrcCipher(movable, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, data, 16, out, &a));
    ok(clrcCipher(got, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, data, 16, back, &b));
    assert_memory_equal(out, back, 16);
    const ClrcKeyHandle all[] = {known, closed, shut, movable, got};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        clrcFreeKey(all[i]);
}

/* An exportable pair under a closed key, as PKCS#8; it comes back, and not as an exportable one. */
static void test_wrapped_pair(void **state)
{
    uint8_t wrapped[512] = {0};
    uint32_t len = sizeof(wrapped);
    ClrcKeyHandle got = NULL;
    (void)state;
    ClrcKeyHandle closed = create_with(KEY_AES, 256, WRAPS, 0);
    ClrcKeyHandle pair = create_with(KEY_ECDSA_KEYPAIR, 256, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
    ok(clrcWrapKey(closed, CLRC_AES_KWP, pair, wrapped, &len));
    ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    expect(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got),
           CLRC_ERROR_NOT_EXPORTABLE);
    wish.attributes = 0;
    ok(clrcUnwrapKey(closed, CLRC_AES_KWP, wrapped, len, &wish, &got));
    EVP_PKEY *one = test_public_of(pair);
    EVP_PKEY *two = test_public_of(got);
    assert_int_equal(EVP_PKEY_eq(one, two), 1);
    EVP_PKEY_free(one);
    EVP_PKEY_free(two);
    clrcFreeKey(got);
    clrcFreeKey(pair);
    clrcFreeKey(closed);
}

#define MANY 250u

/* More ephemeral keys than one session is given: the last ones live in another. They meet the first when one of the two is saved. */
static void test_wrapped_across_sessions(void **state)
{
    static ClrcKeyHandle many[MANY];
    uint8_t wrapped[64] = {0};
    uint32_t len = sizeof(wrapped);
    (void)state;
    ClrcKeyHandle by = create_with(KEY_AES, 256, WRAPS, 0);
    for (size_t i = 0; i < MANY; i++)
        many[i] = create_with(KEY_HMAC, 256, 0, CLRC_ATTR_EXPORT_AS_PLAIN);
    ok(clrcWrapKey(by, CLRC_AES_KWP, many[0], wrapped, &len));
    len = sizeof(wrapped);
    expect(clrcWrapKey(by, CLRC_AES_KWP, many[MANY - 1], wrapped, &len), CLRC_ERROR_STATE);
    ok(clrcSaveNamedKey(by, "across", NULL));
    ok(clrcWrapKey(by, CLRC_AES_KWP, many[MANY - 1], wrapped, &len));
    len = sizeof(wrapped);
    ok(clrcWrapKey(by, CLRC_AES_KWP, many[0], wrapped, &len));
    for (size_t i = 0; i < MANY; i++)
        clrcFreeKey(many[i]);
    clrcFreeKey(by);
    ok(clrcDeleteNamedKey("across", NULL));
}

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
                {KEY_CHACHA20, 256, "saved.chacha"},      {KEY_AES, 512, "saved.xts"},
                {KEY_ED448_KEYPAIR, 448, "saved.ed448"},  {KEY_X448_KEYPAIR, 448, "saved.x448"}};
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
        cmocka_unit_test(test_wrapped_as_others_do),
        cmocka_unit_test(test_wrapped_to_come_back),
        cmocka_unit_test(test_wrapped_pair),
        cmocka_unit_test(test_wrapped_across_sessions),
        cmocka_unit_test(test_stream_modes_are_both),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_saved_wrapping_key),
    };
    return cmocka_run_group_tests(tests, test_data_up, test_down);
}
