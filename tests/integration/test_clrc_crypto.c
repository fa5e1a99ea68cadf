/* SPDX-License-Identifier: Apache-2.0 */
/* Every algorithm of clrc.h in the service, against libcrypto in this process. */
#include "tests/integration/clrc_crypto_test.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define MIB ((size_t)1 << 20)
#define BIG (5 * MIB)

static struct km_service *service;
static uint8_t *big, *big_out, *big_back; /* BIG + 64 octets each */

static const struct hash {
    const char *name;
    ClrcAlgorithm digest, hmac, pkcs1, pss, oaep, hkdf;
} hashes[] = {
    {"SHA1", CLRC_SHA1, CLRC_HMAC_SHA1, CLRC_RSASSA_PKCS1_V1_5_SHA1,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA1, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1, CLRC_HKDF_SHA1},
    {"SHA224", CLRC_SHA224, CLRC_HMAC_SHA224, CLRC_RSASSA_PKCS1_V1_5_SHA224,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA224, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA224, CLRC_HKDF_SHA224},
    {"SHA256", CLRC_SHA256, CLRC_HMAC_SHA256, CLRC_RSASSA_PKCS1_V1_5_SHA256,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA256, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA256, CLRC_HKDF_SHA256},
    {"SHA384", CLRC_SHA384, CLRC_HMAC_SHA384, CLRC_RSASSA_PKCS1_V1_5_SHA384,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA384, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA384, CLRC_HKDF_SHA384},
    {"SHA512", CLRC_SHA512, CLRC_HMAC_SHA512, CLRC_RSASSA_PKCS1_V1_5_SHA512,
     CLRC_RSASSA_PKCS1_PSS_MGF1_SHA512, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA512, CLRC_HKDF_SHA512},
};

static int setup(void **state)
{
    (void)state;
    service = km_service_start(NULL);
    big = malloc(BIG + 64);
    big_out = malloc(BIG + 64);
    big_back = malloc(BIG + 64);
    assert_true(big != NULL && big_out != NULL && big_back != NULL);
    test_fill(big, BIG + 64, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(big);
    free(big_out);
    free(big_back);
    km_service_stop(service);
    return 0;
}

/* ---- libcrypto's answers ---- */

static size_t ref_digest(const char *name, const void *data, size_t len, uint8_t *out)
{
    size_t out_len = 0;
    assert_int_equal(EVP_Q_digest(NULL, name, NULL, data, len, out, &out_len), 1);
    return out_len;
}

static size_t ref_mac(const char *mac, const char *sub, const uint8_t *key, size_t key_len,
                      const uint8_t *data, size_t len, uint8_t *out, size_t room)
{
    size_t out_len = 0;
    bool is_cmac = strcmp(mac, "CMAC") == 0;
    assert_non_null(EVP_Q_mac(NULL, mac, NULL, is_cmac ? sub : NULL, NULL, key, key_len, data, len,
                              out, room, &out_len));
    return out_len;
}

static size_t ref_hmac(const char *hash, const uint8_t *key, size_t key_len, const uint8_t *data,
                       size_t len, uint8_t *out)
{
    size_t out_len = 0;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
        OSSL_PARAM_construct_end()};
    assert_non_null(
        EVP_Q_mac(NULL, "HMAC", NULL, NULL, params, key, key_len, data, len, out, 64, &out_len));
    return out_len;
}

static void ref_cipher(const char *name, bool encrypt, const uint8_t *key, const uint8_t *iv,
                       const uint8_t *in, size_t len, uint8_t *out)
{
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_CipherInit_ex2(ctx, cipher, key, iv, encrypt ? 1 : 0, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
    assert_int_equal(EVP_CipherUpdate(ctx, out, &n, in, (int)len), 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static void ref_gcm(const char *name, const uint8_t *key, const ClrcAead *aead, const uint8_t *in,
                    size_t len, uint8_t *out, uint8_t tag[16])
{
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL), 1);
    assert_int_equal(
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)aead->nonce_length, NULL), 1);
    assert_int_equal(EVP_EncryptInit_ex2(ctx, NULL, key, aead->nonce, NULL), 1);
    if (aead->aad_length > 0)
        assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aead->aad, (int)aead->aad_length), 1);
    if (len > 0)
        assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in, (int)len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + len, &n), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

struct pkey_use {
    const char *hash;
    int padding; /* RSA; 0 for EC */
    int salt;
};

static EVP_PKEY_CTX *pkey_ctx(EVP_PKEY *pkey, const struct pkey_use *use, bool sign)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    assert_int_equal(sign ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx), 1);
    if (use->padding != 0)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, use->padding), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(use->hash)), 1);
    if (use->padding == RSA_PKCS1_PSS_PADDING)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, use->salt), 1);
    return ctx;
}

static bool ref_verifies(EVP_PKEY *pkey, const struct pkey_use *use, const uint8_t *digest,
                         size_t digest_len, const uint8_t *signature, size_t len)
{
    EVP_PKEY_CTX *ctx = pkey_ctx(pkey, use, false);
    int result = EVP_PKEY_verify(ctx, signature, len, digest, digest_len);
    EVP_PKEY_CTX_free(ctx);
    return result == 1;
}

static size_t ref_sign(EVP_PKEY *pkey, const struct pkey_use *use, const uint8_t *digest,
                       size_t digest_len, uint8_t *out, size_t room)
{
    EVP_PKEY_CTX *ctx = pkey_ctx(pkey, use, true);
    assert_int_equal(EVP_PKEY_sign(ctx, out, &room, digest, digest_len), 1);
    EVP_PKEY_CTX_free(ctx);
    return room;
}

static ClrcKeyHandle import_der(ClrcKeyType type, EVP_PKEY *pkey, bool is_private)
{
    uint8_t *der = NULL;
    int len = 0;
    if (is_private) {
        PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
        len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
        PKCS8_PRIV_KEY_INFO_free(p8);
    } else {
        len = i2d_PUBKEY(pkey, &der);
    }
    assert_true(len > 0);
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type};
    ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    OPENSSL_free(der);
    return key;
}

/* ---- digests, MACs ---- */

static const size_t lengths[] = {0, 1, 63, 64, 4095, 4096, 4097, 65536, MIB, BIG};

static void test_digests(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        for (size_t i = 0; i < KM_ARRAY_LEN(lengths); i++) {
            uint8_t expected[64], got[64] = {0};
            uint32_t len = sizeof(got);
            size_t expected_len = ref_digest(hashes[h].name, big, lengths[i], expected);
            ok(clrcDigest(hashes[h].digest, big, lengths[i], got, &len));
            assert_int_equal(len, expected_len);
            assert_memory_equal(got, expected, len);
        }
        uint8_t got[64];
        uint32_t len = 0;
        expect(clrcDigest(hashes[h].digest, big, 3, NULL, &len), CLRC_ERROR_SHORT_BUFFER);
        uint32_t needed = len;
        len--;
        expect(clrcDigest(hashes[h].digest, big, 3, got, &len), CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(len, needed);
    }
    uint8_t got[64];
    uint32_t len = sizeof(got);
    expect(clrcDigest(CLRC_AES_CTR, big, 3, got, &len), CLRC_ERROR_NOT_SUPPORTED);
}

static void check_mac(ClrcKeyHandle key, ClrcAlgorithm algorithm, size_t len,
                      const uint8_t *expected, size_t expected_len)
{
    uint8_t got[64] = {0};
    uint32_t got_len = sizeof(got);
    ok(clrcMac(key, algorithm, big, len, got, &got_len));
    assert_int_equal(got_len, expected_len);
    assert_memory_equal(got, expected, got_len);
    ok(clrcVerifyMac(key, algorithm, big, len, got, got_len));
    got[len % got_len] ^= 0x40;
    expect(clrcVerifyMac(key, algorithm, big, len, got, got_len), CLRC_ERROR_MAC);
    got[len % got_len] ^= 0x40;
    expect(clrcVerifyMac(key, algorithm, big, len, got, got_len - 1), CLRC_ERROR_MAC);
}

static void test_macs(void **state)
{
    (void)state;
    static const size_t key_lens[] = {8, 32, 64, 200, 512};
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        size_t key_len = key_lens[h];
        ClrcKeyHandle key = test_import_raw(KEY_HMAC, big + 100, (uint32_t)key_len);
        for (size_t i = 0; i < KM_ARRAY_LEN(lengths) - 1; i++) {
            uint8_t expected[64];
            size_t expected_len =
                ref_hmac(hashes[h].name, big + 100, key_len, big, lengths[i], expected);
            check_mac(key, hashes[h].hmac, lengths[i], expected, expected_len);
        }
        clrcFreeKey(key);
    }
    static const char *const ciphers[] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};
    for (size_t c = 0; c < KM_ARRAY_LEN(ciphers); c++) {
        size_t key_len = 16 + 8 * c;
        ClrcKeyHandle key = test_import_raw(KEY_AES, big + 7, (uint32_t)key_len);
        for (size_t i = 0; i < KM_ARRAY_LEN(lengths) - 1; i++) {
            uint8_t expected[16];
            size_t expected_len = ref_mac("CMAC", ciphers[c], big + 7, key_len, big, lengths[i],
                                          expected, sizeof(expected));
            check_mac(key, CLRC_AES_CMAC, lengths[i], expected, expected_len);
        }
        clrcFreeKey(key);
    }
}

/* ---- ciphers ---- */

static const struct {
    ClrcAlgorithm algorithm;
    const char *names[3];
    bool has_iv, is_blocks;
} ciphers[] = {
    {CLRC_AES_ECB_NOPAD, {"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"}, false, true},
    {CLRC_AES_CBC_NOPAD, {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"}, true, true},
    {CLRC_AES_CTR, {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"}, true, false},
};

static void check_cipher(ClrcKeyHandle key, size_t c, size_t size, size_t len)
{
    /* The counter runs over within a few blocks. */
    static const uint8_t iv[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
    const uint8_t *use_iv = ciphers[c].has_iv ? iv : NULL;
    uint32_t iv_len = ciphers[c].has_iv ? 16 : 0;
    size_t out_len = len;
    ok(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, use_iv, iv_len, big, len, big_out,
                  &out_len));
    assert_int_equal(out_len, len);
    ref_cipher(ciphers[c].names[size], true, big + 33, use_iv, big, len, big_back);
    assert_memory_equal(big_out, big_back, len);
    /* Back, in place. */
    ok(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_DECRYPT, use_iv, iv_len, big_out, len,
                  big_out, &out_len));
    assert_memory_equal(big_out, big, len);
}

static void test_ciphers(void **state)
{
    (void)state;
    static const size_t whole[] = {16, 32, 4096, 4112, 65536, MIB};
    for (size_t c = 0; c < KM_ARRAY_LEN(ciphers); c++) {
        for (size_t size = 0; size < 3; size++) {
            ClrcKeyHandle key = test_import_raw(KEY_AES, big + 33, (uint32_t)(16 + 8 * size));
            for (size_t i = 0; i < KM_ARRAY_LEN(whole); i++)
                check_cipher(key, c, size, whole[i]);
            size_t out_len = 64;
            if (ciphers[c].is_blocks) {
                expect(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, big,
                                  ciphers[c].has_iv ? 16 : 0, big, 17, big_out, &out_len),
                       CLRC_ERROR_BAD_PARAMETERS);
            } else {
                check_cipher(key, c, size, 1);
                check_cipher(key, c, size, 4099);
            }
            out_len = 15;
            expect(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, big,
                              ciphers[c].has_iv ? 16 : 0, big, 32, big_out, &out_len),
                   CLRC_ERROR_SHORT_BUFFER);
            assert_int_equal(out_len, 32);
            out_len = 64;
            expect(clrcCipher(key, ciphers[c].algorithm, CLRC_MODE_ENCRYPT, big, 7, big, 32,
                              big_out, &out_len),
                   CLRC_ERROR_BAD_PARAMETERS);
            clrcFreeKey(key);
        }
    }
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 33, 32);
    check_cipher(key, 2, 2, BIG);
    clrcFreeKey(key);
}

static void check_gcm(ClrcKeyHandle key, const char *name, const uint8_t *octets,
                      const ClrcAead *aead, size_t len)
{
    uint8_t expected[16], tag[16] = {0};
    ref_gcm(name, octets, aead, big, len, big_back, expected);
    ok(clrcAeadEncrypt(key, CLRC_AES_GCM, aead, big, len, big_out, tag, 16));
    assert_memory_equal(big_out, big_back, len);
    assert_memory_equal(tag, expected, 16);
    memset(big_back, 0xa5, len);
    ok(clrcAeadDecrypt(key, CLRC_AES_GCM, aead, big_out, len, big_back, tag, 16));
    assert_memory_equal(big_back, big, len);
    for (uint32_t tag_len = 12; tag_len < 16; tag_len++) {
        uint8_t shorter[16] = {0};
        ok(clrcAeadEncrypt(key, CLRC_AES_GCM, aead, big, len, big_out, shorter, tag_len));
        assert_memory_equal(shorter, expected, tag_len);
    }
    /* A wrong tag: nothing comes out. */
    memset(big_back, 0xa5, len);
    tag[len % 16] ^= 1;
    expect(clrcAeadDecrypt(key, CLRC_AES_GCM, aead, big_out, len, big_back, tag, 16),
           CLRC_ERROR_MAC);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(big_back[i], 0xa5);
}

static void test_gcm(void **state)
{
    (void)state;
    static const char *const names[] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"};
    for (size_t size = 0; size < 3; size++) {
        ClrcKeyHandle key = test_import_raw(KEY_AES, big + 9, (uint32_t)(16 + 8 * size));
        ClrcAead aead = {.nonce = big + 200, .nonce_length = 12};
        check_gcm(key, names[size], big + 9, &aead, 0);
        aead.aad = big + 300;
        aead.aad_length = 20;
        check_gcm(key, names[size], big + 9, &aead, 1);
        check_gcm(key, names[size], big + 9, &aead, 100);
        aead.nonce_length = 16;
        aead.aad_length = 5000;
        check_gcm(key, names[size], big + 9, &aead, 4097);
        check_gcm(key, names[size], big + 9, &aead, MIB);
        clrcFreeKey(key);
    }
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 9, 16);
    ClrcAead aead = {.nonce = big, .nonce_length = 12};
    check_gcm(key, names[0], big + 9, &aead, BIG);
    uint8_t tag[17] = {0};
    expect(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, big, 16, big_out, tag, 11),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, big, 16, big_out, tag, 17),
           CLRC_ERROR_BAD_PARAMETERS);
    aead.nonce_length = 0;
    expect(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, big, 16, big_out, tag, 16),
           CLRC_ERROR_BAD_PARAMETERS);
    aead.nonce_length = 12;
    expect(clrcAeadEncrypt(key, CLRC_AES_CTR, &aead, big, 16, big_out, tag, 16),
           CLRC_ERROR_NOT_SUPPORTED);
    clrcFreeKey(key);
}

/* ---- signatures ---- */

static const struct {
    uint32_t bits;
    const char *curve;
} curves[] = {{256, "P-256"}, {384, "P-384"}, {521, "P-521"}};

static void check_signer(ClrcKeyHandle key, EVP_PKEY *pkey, ClrcAlgorithm algorithm,
                         const struct pkey_use *use)
{
    uint8_t digest[64], signature[512] = {0};
    size_t digest_len = ref_digest(use->hash, big, 1000, digest);
    uint32_t len = sizeof(signature);
    ok(clrcSignDigest(key, algorithm, digest, (uint32_t)digest_len, signature, &len));
    assert_true(ref_verifies(pkey, use, digest, digest_len, signature, len));
    ok(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len));
    signature[len - 1] ^= 1;
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len),
           CLRC_ERROR_SIGNATURE);
    signature[len - 1] ^= 1;
    digest[0] ^= 1;
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len),
           CLRC_ERROR_SIGNATURE);
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len - 1),
           CLRC_ERROR_SIGNATURE);
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, 0),
           CLRC_ERROR_BAD_PARAMETERS);
    uint32_t needed = 0;
    expect(clrcSignDigest(key, algorithm, digest, (uint32_t)digest_len, NULL, &needed),
           CLRC_ERROR_SHORT_BUFFER);
    assert_true(needed >= len);
}

static void check_verifier(EVP_PKEY *pkey, ClrcKeyType type, ClrcAlgorithm algorithm,
                           const struct pkey_use *use)
{
    uint8_t digest[64], signature[512];
    size_t digest_len = ref_digest(use->hash, big, 77, digest);
    size_t len = ref_sign(pkey, use, digest, digest_len, signature, sizeof(signature));
    ClrcKeyHandle key = import_der(type, pkey, false);
    ok(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, (uint32_t)len));
    signature[len / 2] ^= 0x10;
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, (uint32_t)len),
           CLRC_ERROR_SIGNATURE);
    uint32_t room = sizeof(signature);
    ClrcResult result =
        clrcSignDigest(key, algorithm, digest, (uint32_t)digest_len, signature, &room);
    assert_int_not_equal(result, CLRC_SUCCESS);
    clrcFreeKey(key);
}

static void test_ecdsa(void **state)
{
    (void)state;
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        ClrcKeyHandle made = test_create(KEY_ECDSA_KEYPAIR, curves[c].bits);
        EVP_PKEY *made_public = test_public_of(made);
        EVP_PKEY *ours = EVP_EC_gen(curves[c].curve);
        ClrcKeyHandle imported = import_der(KEY_ECDSA_KEYPAIR, ours, true);
        for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
            const struct pkey_use use = {.hash = hashes[h].name};
            check_signer(made, made_public, CLRC_ECDSA, &use);
            check_signer(imported, ours, CLRC_ECDSA, &use);
            check_verifier(ours, KEY_ECDSA_PUBLIC, CLRC_ECDSA, &use);
        }
        uint8_t out[160];
        uint32_t len = sizeof(out);
        expect(clrcSignDigest(made, CLRC_ECDSA, big, 65, out, &len), CLRC_ERROR_BAD_PARAMETERS);
        expect(clrcSignDigest(made, CLRC_ECDSA, big, 0, out, &len), CLRC_ERROR_BAD_PARAMETERS);
        expect(clrcSignDigest(made, CLRC_RSASSA_PKCS1_V1_5_SHA256, big, 32, out, &len),
               CLRC_ERROR_NOT_SUPPORTED);
        EVP_PKEY_free(made_public);
        EVP_PKEY_free(ours);
        clrcFreeKey(made);
        clrcFreeKey(imported);
    }
}

static void test_rsa_signatures(void **state)
{
    (void)state;
    EVP_PKEY *ours = EVP_RSA_gen(2048);
    ClrcKeyHandle key = import_der(KEY_RSA_KEYPAIR, ours, true);
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        const struct pkey_use pkcs1 = {.hash = hashes[h].name, .padding = RSA_PKCS1_PADDING};
        const struct pkey_use pss = {.hash = hashes[h].name,
                                     .padding = RSA_PKCS1_PSS_PADDING,
                                     .salt = RSA_PSS_SALTLEN_DIGEST};
        check_signer(key, ours, hashes[h].pkcs1, &pkcs1);
        check_signer(key, ours, hashes[h].pss, &pss);
        check_verifier(ours, KEY_RSA_PUBLIC, hashes[h].pkcs1, &pkcs1);
        check_verifier(ours, KEY_RSA_PUBLIC, hashes[h].pss, &pss);
        /* Salts of other lengths. */
        for (int salt = 0; salt <= 40; salt += 20) {
            const struct pkey_use salted = {
                .hash = hashes[h].name, .padding = RSA_PKCS1_PSS_PADDING, .salt = salt};
            uint8_t digest[64], signature[256];
            uint32_t digest_len = (uint32_t)ref_digest(hashes[h].name, big, 5, digest);
            uint32_t len = sizeof(signature);
            ok(clrcSignDigestPss(key, hashes[h].pss, (uint32_t)salt, digest, digest_len, signature,
                                 &len));
            assert_true(ref_verifies(ours, &salted, digest, digest_len, signature, len));
            ok(clrcVerifyDigestPss(key, hashes[h].pss, (uint32_t)salt, digest, digest_len,
                                   signature, len));
            expect(clrcVerifyDigestPss(key, hashes[h].pss, (uint32_t)salt + 1, digest, digest_len,
                                       signature, len),
                   CLRC_ERROR_SIGNATURE);
        }
        /* A digest of another length is not this algorithm's. */
        uint8_t out[256];
        uint32_t len = sizeof(out);
        expect(clrcSignDigest(key, hashes[h].pkcs1, big, 31, out, &len), CLRC_ERROR_BAD_PARAMETERS);
    }
    clrcFreeKey(key);
    EVP_PKEY_free(ours);
    /* Made in the service. */
    key = test_create(KEY_RSA_KEYPAIR, 2048);
    EVP_PKEY *made = test_public_of(key);
    const struct pkey_use use = {.hash = "SHA256", .padding = RSA_PKCS1_PADDING};
    check_signer(key, made, CLRC_RSASSA_PKCS1_V1_5_SHA256, &use);
    EVP_PKEY_free(made);
    clrcFreeKey(key);
}

/* ---- OAEP, ECDH, HKDF ---- */

static EVP_PKEY_CTX *oaep_ctx(EVP_PKEY *pkey, const char *hash, size_t label_len, bool encrypt)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    assert_int_equal(encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL), 1);
    if (label_len > 0) {
        uint8_t *label = OPENSSL_memdup(big, label_len);
        assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)label_len), 1);
    }
    return ctx;
}

static void test_oaep(void **state)
{
    (void)state;
    EVP_PKEY *ours = EVP_RSA_gen(2048);
    ClrcKeyHandle key = import_der(KEY_RSA_KEYPAIR, ours, true);
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        for (uint32_t label_len = 0; label_len <= 11; label_len += 11) {
            uint8_t encrypted[256], plain[256] = {0};
            uint32_t len = sizeof(encrypted);
            const uint8_t *label = label_len == 0 ? NULL : big;
            ok(clrcAsymmetricEncrypt(key, hashes[h].oaep, label, label_len, big + 50, 40, encrypted,
                                     &len));
            assert_int_equal(len, 256);
            EVP_PKEY_CTX *ctx = oaep_ctx(ours, hashes[h].name, label_len, false);
            size_t plain_len = sizeof(plain);
            assert_int_equal(EVP_PKEY_decrypt(ctx, plain, &plain_len, encrypted, len), 1);
            EVP_PKEY_CTX_free(ctx);
            assert_int_equal(plain_len, 40);
            assert_memory_equal(plain, big + 50, 40);

            ctx = oaep_ctx(ours, hashes[h].name, label_len, true);
            size_t encrypted_len = sizeof(encrypted);
            assert_int_equal(EVP_PKEY_encrypt(ctx, encrypted, &encrypted_len, big, 30), 1);
            EVP_PKEY_CTX_free(ctx);
            len = sizeof(plain);
            ok(clrcAsymmetricDecrypt(key, hashes[h].oaep, label, label_len, encrypted,
                                     (uint32_t)encrypted_len, plain, &len));
            assert_int_equal(len, 30);
            assert_memory_equal(plain, big, 30);
            encrypted[17] ^= 1;
            len = sizeof(plain);
            expect(clrcAsymmetricDecrypt(key, hashes[h].oaep, label, label_len, encrypted,
                                         (uint32_t)encrypted_len, plain, &len),
                   CLRC_ERROR_MAC);
        }
        uint8_t out[256];
        uint32_t len = sizeof(out);
        expect(clrcAsymmetricEncrypt(key, hashes[h].oaep, NULL, 0, big, 250, out, &len),
               CLRC_ERROR_BAD_PARAMETERS);
        len = 0;
        expect(clrcAsymmetricEncrypt(key, hashes[h].oaep, NULL, 0, big, 10, NULL, &len),
               CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(len, 256);
    }
    clrcFreeKey(key);
    EVP_PKEY_free(ours);
}

static size_t point_of(EVP_PKEY *pkey, uint8_t out[133])
{
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, out, 133, &len),
                     1);
    return len;
}

static size_t ref_agree(EVP_PKEY *ours, EVP_PKEY *peer, uint8_t *out, size_t room)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, out, &room), 1);
    EVP_PKEY_CTX_free(ctx);
    return room;
}

static void ref_hkdf(const char *hash, const uint8_t *key, size_t key_len, const uint8_t *salt,
                     size_t salt_len, const uint8_t *info, size_t info_len, uint8_t *out,
                     size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_len),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void test_ecdh(void **state)
{
    (void)state;
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        ClrcKeyHandle key = test_create(KEY_ECDH_KEYPAIR, curves[c].bits);
        EVP_PKEY *key_public = test_public_of(key);
        EVP_PKEY *peer = EVP_EC_gen(curves[c].curve);
        uint8_t point[133], expected[66], got[66] = {0};
        uint32_t point_len = (uint32_t)point_of(peer, point);
        size_t expected_len = ref_agree(peer, key_public, expected, sizeof(expected));
        uint32_t len = sizeof(got);
        ok(clrcAgreeRaw(key, point, point_len, got, &len));
        assert_int_equal(len, expected_len);
        assert_memory_equal(got, expected, len);

        /* Inside the service: agree, derive, encrypt; and the same here. */
        const ClrcKeyTemplate secret = {.type = KEY_GENERIC_SECRET};
        const ClrcKeyTemplate aes = {.type = KEY_AES, .bits = 256};
        ClrcKeyHandle shared = NULL, derived = NULL;
        ok(clrcAgree(key, point, point_len, &secret, &shared));
        ok(clrcDerive(shared, CLRC_HKDF_SHA256, big, 13, big + 20, 17, &aes, &derived));
        uint8_t okm[32], encrypted[16] = {0}, expected_block[16];
        ref_hkdf("SHA256", expected, expected_len, big, 13, big + 20, 17, okm, sizeof(okm));
        ref_cipher("AES-256-ECB", true, okm, NULL, big, 16, expected_block);
        size_t out_len = sizeof(encrypted);
        ok(clrcCipher(derived, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, big, 16, encrypted,
                      &out_len));
        assert_memory_equal(encrypted, expected_block, 16);
        len = sizeof(got);
        expect(clrcExportKey(shared, got, &len), CLRC_ERROR_NOT_EXPORTABLE);
        expect(clrcExportKey(derived, got, &len), CLRC_ERROR_NOT_EXPORTABLE);
        const ClrcKeyTemplate leak = {
            .type = KEY_AES, .bits = 256, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
        ClrcKeyHandle leaked = NULL;
        expect(clrcDerive(shared, CLRC_HKDF_SHA256, NULL, 0, NULL, 0, &leak, &leaked),
               CLRC_ERROR_NOT_EXPORTABLE);

        /* A point that is not on the curve, one too short, and one at infinity. */
        point[point_len - 1] ^= 1;
        expect(clrcAgreeRaw(key, point, point_len, got, &len), CLRC_ERROR_BAD_FORMAT);
        expect(clrcAgreeRaw(key, point, point_len - 1, got, &len), CLRC_ERROR_BAD_FORMAT);
        expect(clrcAgreeRaw(key, (const uint8_t *)"", 1, got, &len), CLRC_ERROR_BAD_FORMAT);
        clrcFreeKey(derived);
        clrcFreeKey(shared);
        clrcFreeKey(key);
        EVP_PKEY_free(key_public);
        EVP_PKEY_free(peer);
    }
}

static void test_hkdf(void **state)
{
    (void)state;
    ClrcKeyHandle secret = NULL;
    const ClrcKeyTemplate wish = {
        .type = KEY_GENERIC_SECRET, .bits = 8 * 40, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcImportKeyRaw(&wish, big, 40, &secret));
    const ClrcKeyTemplate out = {
        .type = KEY_GENERIC_SECRET, .bits = 8 * 100, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        uint8_t expected[100], got[100] = {0};
        uint32_t len = sizeof(got);
        ClrcKeyHandle derived = NULL;
        ref_hkdf(hashes[h].name, big, 40, big + 60, 20, big + 80, 1000, expected, sizeof(expected));
        ok(clrcDerive(secret, hashes[h].hkdf, big + 60, 20, big + 80, 1000, &out, &derived));
        ok(clrcExportKey(derived, got, &len));
        assert_int_equal(len, sizeof(expected));
        assert_memory_equal(got, expected, len);
        clrcFreeKey(derived);
    }
    ClrcKeyHandle derived = NULL;
    expect(clrcDerive(secret, CLRC_HKDF_SHA256, big, 1025, NULL, 0, &out, &derived),
           CLRC_ERROR_TOO_LARGE);
    clrcFreeKey(secret);
}

/* ---- keys in and out ---- */

static void test_exportable_keys(void **state)
{
    (void)state;
    uint8_t der[4096], back[64];
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = curves[c].bits};
        ClrcKeyHandle kept = NULL, open = NULL;
        ok(clrcCreateKey(&wish, &kept));
        uint32_t len = sizeof(der);
        expect(clrcExportKey(kept, der, &len), CLRC_ERROR_NOT_EXPORTABLE);
        expect(clrcGetKeyAttribute(kept, CLRC_ATTR_ECC_PRIVATE_VALUE, der, &len),
               CLRC_ERROR_NOT_EXPORTABLE);
        uint32_t bits = 0, bits_len = sizeof(bits);
        ok(clrcGetKeyAttribute(kept, CLRC_ATTR_ECC_CURVE, &bits, &bits_len));
        assert_int_equal(bits, curves[c].bits);
        wish.attributes = CLRC_ATTR_EXPORT_AS_PLAIN;
        ok(clrcCreateKey(&wish, &open));
        len = sizeof(der);
        ok(clrcExportKey(open, der, &len));
        const uint8_t *at = der;
        EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)len);
        assert_non_null(pkey);
        EVP_PKEY *its_public = test_public_of(open);
        assert_int_equal(EVP_PKEY_eq(pkey, its_public), 1);
        /* SEC 1 as well, without and with the public part. */
        uint8_t *sec1 = NULL;
        int sec1_len = i2d_PrivateKey(pkey, &sec1);
        const ClrcKeyTemplate from_data = {.type = KEY_ECDSA_KEYPAIR};
        ClrcKeyHandle again = NULL;
        ok(clrcImportKeyDer(&from_data, sec1, (uint32_t)sec1_len, &again));
        EVP_PKEY *again_public = test_public_of(again);
        assert_int_equal(EVP_PKEY_eq(again_public, its_public), 1);
        OPENSSL_free(sec1);
        EVP_PKEY_free(again_public);
        EVP_PKEY_free(its_public);
        EVP_PKEY_free(pkey);
        clrcFreeKey(again);
        clrcFreeKey(open);
        clrcFreeKey(kept);
    }
    ClrcKeyHandle key = test_import_raw(KEY_AES, big, 32);
    uint32_t len = sizeof(back);
    expect(clrcExportKey(key, back, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcGetKeyAttribute(key, CLRC_ATTR_SECRET_VALUE, back, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcExportPublicKey(key, back, &len), CLRC_ERROR_NOT_SUPPORTED);
    clrcFreeKey(key);
    const ClrcKeyTemplate open = {
        .type = KEY_AES, .bits = 256, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcImportKeyRaw(&open, big, 32, &key));
    len = 31;
    expect(clrcExportKey(key, back, &len), CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 32);
    ok(clrcExportKey(key, back, &len));
    assert_memory_equal(back, big, 32);
    clrcFreeKey(key);
}

static void test_import_by_attributes(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    uint8_t point[133], scalar[32];
    assert_int_equal(point_of(pkey, point), 65);
    BIGNUM *d = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
    assert_int_equal(BN_bn2binpad(d, scalar, 32), 32);
    BN_clear_free(d);
    uint32_t bits = 256;
    const ClrcAttributeValue values[] = {
        {CLRC_ATTR_ECC_CURVE, sizeof(bits), &bits},
        {CLRC_ATTR_ECC_PUBLIC_VALUE_X, 32, point + 1},
        {CLRC_ATTR_ECC_PUBLIC_VALUE_Y, 32, point + 33},
        {CLRC_ATTR_ECC_PRIVATE_VALUE, 32, scalar},
    };
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    ClrcKeyHandle key = NULL;
    ok(clrcImportKeyAttributes(&wish, values, 4, &key));
    const struct pkey_use use = {.hash = "SHA256"};
    check_signer(key, pkey, CLRC_ECDSA, &use);
    uint8_t x[32];
    uint32_t len = sizeof(x);
    ok(clrcGetKeyAttribute(key, CLRC_ATTR_ECC_PUBLIC_VALUE_X, x, &len));
    assert_memory_equal(x, point + 1, 32);
    clrcFreeKey(key);
    /* A public part of another key. */
    point[10] ^= 1;
    expect(clrcImportKeyAttributes(&wish, values, 4, &key), CLRC_ERROR_BAD_FORMAT);
    EVP_PKEY_free(pkey);
}

static void test_bad_key_data(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    uint8_t *der = NULL;
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR};
    ClrcKeyHandle key = NULL;
    for (int cut = 1; cut < len; cut++)
        expect(clrcImportKeyDer(&wish, der, (uint32_t)cut, &key), CLRC_ERROR_BAD_FORMAT);
    expect(clrcImportKeyDer(&wish, der, 0, &key), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcImportKeyDer(&wish, big, 4097, &key), CLRC_ERROR_TOO_LARGE);
    const ClrcKeyTemplate rsa = {.type = KEY_RSA_KEYPAIR};
    expect(clrcImportKeyDer(&rsa, der, (uint32_t)len, &key), CLRC_ERROR_BAD_FORMAT);
    const ClrcKeyTemplate other = {.type = KEY_ECDSA_KEYPAIR, .bits = 384};
    assert_int_not_equal(clrcImportKeyDer(&other, der, (uint32_t)len, &key), CLRC_SUCCESS);
    assert_null(key);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(p8);
    EVP_PKEY_free(pkey);
    const struct {
        ClrcKeyType type;
        uint32_t bits;
    } refused[] = {{KEY_AES, 100},          {KEY_AES, 513},  {KEY_HMAC, 7},
                   {KEY_RSA_KEYPAIR, 1024}, {KEY_NONE, 0},   {KEY_ECDSA_KEYPAIR, 255},
                   {KEY_ECDSA_PUBLIC, 256}, {KEY_HMAC, 8192}};
    for (size_t i = 0; i < KM_ARRAY_LEN(refused); i++) {
        const ClrcKeyTemplate made = {.type = refused[i].type, .bits = refused[i].bits};
        assert_int_not_equal(clrcCreateKey(&made, &key), CLRC_SUCCESS);
        assert_null(key);
    }
    ClrcKeyTemplate odd = {.type = KEY_AES, .bits = 128, .usage = 0x8000};
    assert_int_not_equal(clrcCreateKey(&odd, &key), CLRC_SUCCESS);
    odd.usage = CLRC_USAGE_ENCRYPT;
    ok(clrcCreateKey(&odd, &key));
    size_t out_len = 16;
    ok(clrcCipher(key, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, big, 16, big_out, &out_len));
    expect(
        clrcCipher(key, CLRC_AES_ECB_NOPAD, CLRC_MODE_DECRYPT, NULL, 0, big, 16, big_out, &out_len),
        CLRC_ERROR_ACCESS_DENIED);
    clrcFreeKey(key);
}

/* ---- operations of several parts ---- */

static void test_digest_in_parts(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        const ClrcOperationWish wish = {.algorithm = hashes[h].digest, .mode = CLRC_MODE_DIGEST};
        ClrcOperationHandle op = NULL;
        uint8_t expected[64], got[64] = {0};
        ok(clrcOperationNew(NULL, &wish, &op));
        size_t done = 0;
        for (size_t part = 1; done + part < MIB; part = part * 3 + 1) {
            ok(clrcOperationUpdate(op, big + done, part, NULL, NULL));
            done += part;
        }
        uint32_t len = 1;
        expect(clrcOperationFinal(op, NULL, NULL, got, &len), CLRC_ERROR_SHORT_BUFFER);
        ok(clrcOperationFinal(op, NULL, NULL, got, &len));
        assert_int_equal(len, ref_digest(hashes[h].name, big, done, expected));
        assert_memory_equal(got, expected, len);
        expect(clrcOperationUpdate(op, big, 1, NULL, NULL), CLRC_ERROR_STATE);
        ok(clrcOperationReset(op, NULL, 0));
        len = sizeof(got);
        ok(clrcOperationFinal(op, NULL, NULL, got, &len));
        ref_digest(hashes[h].name, big, 0, expected);
        assert_memory_equal(got, expected, len);
        clrcOperationFree(op);
    }
}

static void test_cipher_in_parts(void **state)
{
    (void)state;
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 33, 32);
    for (size_t c = 1; c < KM_ARRAY_LEN(ciphers); c++) {
        const ClrcOperationWish wish = {.algorithm = ciphers[c].algorithm,
                                        .mode = CLRC_MODE_ENCRYPT,
                                        .iv = big + 500,
                                        .iv_length = 16};
        ClrcOperationHandle op = NULL;
        ok(clrcOperationNew(key, &wish, &op));
        const size_t total = 100000; /* whole blocks */
        size_t done = 0, written = 0;
        for (size_t part = 1; done < total; part = part * 2 + 3) {
            size_t now = part < total - done ? part : total - done;
            size_t room = now + 16;
            ok(clrcOperationUpdate(op, big + done, now, big_out + written, &room));
            done += now;
            written += room;
        }
        size_t room = 32;
        ok(clrcOperationFinal(op, big_out + written, &room, NULL, NULL));
        written += room;
        assert_int_equal(written, total);
        ref_cipher(ciphers[c].names[2], true, big + 33, big + 500, big, total, big_back);
        assert_memory_equal(big_out, big_back, total);
        clrcOperationFree(op);
    }
    clrcFreeKey(key);
}

static void test_gcm_in_parts(void **state)
{
    (void)state;
    ClrcKeyHandle key = test_import_raw(KEY_AES, big + 9, 16);
    ClrcOperationWish wish = {.algorithm = CLRC_AES_GCM,
                              .mode = CLRC_MODE_ENCRYPT,
                              .iv = big,
                              .iv_length = 12,
                              .tag_length = 16};
    const ClrcAead aead = {.nonce = big, .nonce_length = 12, .aad = big + 40, .aad_length = 25};
    const size_t total = 9000;
    ClrcOperationHandle op = NULL;
    uint8_t tag[16] = {0}, expected[16];
    uint32_t tag_len = sizeof(tag);
    size_t room = 5000, rest = 5000, last = 64;
    ok(clrcOperationNew(key, &wish, &op));
    ok(clrcOperationUpdateAad(op, big + 40, 10));
    ok(clrcOperationUpdateAad(op, big + 50, 15));
    ok(clrcOperationUpdate(op, big, 4999, big_out, &room));
    expect(clrcOperationUpdateAad(op, big, 1), CLRC_ERROR_STATE);
    ok(clrcOperationUpdate(op, big + 4999, total - 4999, big_out + room, &rest));
    ok(clrcOperationFinal(op, big_out + room + rest, &last, tag, &tag_len));
    assert_int_equal(room + rest + last, total);
    ref_gcm("AES-128-GCM", big + 9, &aead, big, total, big_back, expected);
    assert_memory_equal(tag, expected, 16);
    assert_memory_equal(big_out, big_back, total);
    clrcOperationFree(op);

    /* Back: nothing comes out before the tag was seen to fit. */
    for (int is_right = 0; is_right < 2; is_right++) {
        wish.mode = CLRC_MODE_DECRYPT;
        ok(clrcOperationNew(key, &wish, &op));
        ok(clrcOperationUpdateAad(op, big + 40, 25));
        room = BIG;
        ok(clrcOperationUpdate(op, big_out, total, big_back, &room));
        assert_int_equal(room, 0);
        memset(big_back, 0xa5, total);
        last = BIG;
        tag[3] ^= (uint8_t)(is_right == 0 ? 1 : 0);
        expect(clrcOperationFinalVerify(op, big_back, &last, tag, 16),
               is_right == 0 ? CLRC_ERROR_MAC : CLRC_SUCCESS);
        tag[3] ^= (uint8_t)(is_right == 0 ? 1 : 0);
        if (is_right == 0) {
            for (size_t i = 0; i < total; i++)
                assert_int_equal(big_back[i], 0xa5);
        } else {
            assert_int_equal(last, total);
            assert_memory_equal(big_back, big, total);
        }
        clrcOperationFree(op);
    }
    clrcFreeKey(key);
}

static void test_mac_and_signature_in_parts(void **state)
{
    (void)state;
    ClrcKeyHandle hmac = test_import_raw(KEY_HMAC, big, 32);
    const ClrcOperationWish mac = {.algorithm = CLRC_HMAC_SHA256, .mode = CLRC_MODE_MAC};
    ClrcOperationHandle op = NULL;
    uint8_t expected[64], got[512] = {0};
    ok(clrcOperationNew(hmac, &mac, &op));
    /* The handle may go, the operation stays. */
    clrcFreeKey(hmac);
    ok(clrcOperationUpdate(op, big, 1000, NULL, NULL));
    ok(clrcOperationUpdate(op, big + 1000, 70000, NULL, NULL));
    uint32_t len = sizeof(got);
    ok(clrcOperationFinal(op, NULL, NULL, got, &len));
    assert_int_equal(len, ref_hmac("SHA256", big, 32, big, 71000, expected));
    assert_memory_equal(got, expected, len);
    ok(clrcOperationReset(op, NULL, 0));
    ok(clrcOperationUpdate(op, big, 71000, NULL, NULL));
    ok(clrcOperationFinalVerify(op, NULL, NULL, got, len));
    ok(clrcOperationReset(op, NULL, 0));
    expect(clrcOperationFinalVerify(op, NULL, NULL, got, len), CLRC_ERROR_MAC);
    clrcOperationFree(op);

    ClrcKeyHandle ec = test_create(KEY_ECDSA_KEYPAIR, 384);
    EVP_PKEY *ec_public = test_public_of(ec);
    const ClrcOperationWish sign = {
        .algorithm = CLRC_ECDSA, .mode = CLRC_MODE_SIGN, .digest = CLRC_SHA384};
    ok(clrcOperationNew(ec, &sign, &op));
    ok(clrcOperationUpdate(op, big, 10, NULL, NULL));
    ok(clrcOperationUpdate(op, big + 10, MIB, NULL, NULL));
    len = sizeof(got);
    ok(clrcOperationFinal(op, NULL, NULL, got, &len));
    clrcOperationFree(op);
    uint8_t digest[64];
    size_t digest_len = ref_digest("SHA384", big, MIB + 10, digest);
    const struct pkey_use use = {.hash = "SHA384"};
    assert_true(ref_verifies(ec_public, &use, digest, digest_len, got, len));
    const ClrcOperationWish verify = {
        .algorithm = CLRC_ECDSA, .mode = CLRC_MODE_VERIFY, .digest = CLRC_SHA384};
    ok(clrcOperationNew(ec, &verify, &op));
    ok(clrcOperationUpdate(op, big, MIB + 10, NULL, NULL));
    ok(clrcOperationFinalVerify(op, NULL, NULL, got, len));
    ok(clrcOperationReset(op, NULL, 0));
    ok(clrcOperationUpdate(op, big, MIB + 9, NULL, NULL));
    expect(clrcOperationFinalVerify(op, NULL, NULL, got, len), CLRC_ERROR_SIGNATURE);
    clrcOperationFree(op);
    EVP_PKEY_free(ec_public);
    clrcFreeKey(ec);
}

/* ---- memory used in place, random, what is offered ---- */

static void check_in_place(uint8_t *memory, size_t len)
{
    uint8_t expected[64], got[64] = {0};
    uint32_t got_len = sizeof(got);
    test_fill(memory, len, 9);
    ok(clrcDigest(CLRC_SHA256, memory + 3, len - 7, got, &got_len));
    ref_digest("SHA256", memory + 3, len - 7, expected);
    assert_memory_equal(got, expected, 32);
    ClrcKeyHandle key = test_import_raw(KEY_AES, big, 16);
    const ClrcAead aead = {.nonce = big, .nonce_length = 12};
    uint8_t tag[16] = {0}, expected_tag[16];
    ref_gcm("AES-128-GCM", big, &aead, memory, len, big_back, expected_tag);
    ok(clrcAeadEncrypt(key, CLRC_AES_GCM, &aead, memory, len, memory, tag, 16));
    assert_memory_equal(tag, expected_tag, 16);
    assert_memory_equal(memory, big_back, len);
    ok(clrcAeadDecrypt(key, CLRC_AES_GCM, &aead, memory, len, memory, tag, 16));
    test_fill(big_back, len, 9);
    assert_memory_equal(memory, big_back, len);
    /* From there to ordinary memory and back. */
    size_t out_len = len;
    ok(clrcCipher(key, CLRC_AES_CTR, CLRC_MODE_ENCRYPT, big, 16, memory, len, big_out, &out_len));
    ok(clrcCipher(key, CLRC_AES_CTR, CLRC_MODE_DECRYPT, big, 16, big_out, len, memory, &out_len));
    assert_memory_equal(memory, big_back, len);
    clrcFreeKey(key);
}

static void test_shared_memory(void **state)
{
    (void)state;
    for (size_t len = 8192; len <= BIG; len = len * 5 + 4096) {
        uint8_t *memory = clrcSharedAlloc(len);
        assert_non_null(memory);
        check_in_place(memory, len);
        clrcSharedFree(memory);
        memory = malloc(len + 100);
        assert_non_null(memory);
        memset(memory, 0x77, len + 100);
        ok(clrcSharedRegister(memory + 50, len));
        check_in_place(memory + 50, len);
        for (size_t i = 0; i < 50; i++)
            assert_true(memory[i] == 0x77 && memory[50 + len + i] == 0x77);
        ok(clrcSharedUnregister(memory + 50));
        check_in_place(memory + 50, len);
        free(memory);
    }
}

static void test_random(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    ok(clrcRandom(a, sizeof(a)));
    ok(clrcRandom(b, sizeof(b)));
    assert_memory_not_equal(a, b, sizeof(a));
    ok(clrcRandom(NULL, 0));
    memset(big_out, 0, BIG);
    ok(clrcRandom(big_out, (uint32_t)(3 * MIB + 5)));
    size_t n_zero = 0;
    for (size_t i = 0; i < 3 * MIB + 5; i++)
        n_zero += big_out[i] == 0;
    assert_in_range(n_zero, 10000, 15000); /* 12288 expected, 9 standard deviations either way */
    assert_int_equal(big_out[3 * MIB + 5], 0);
}

static void test_what_is_offered(void **state)
{
    (void)state;
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        ok(clrcAlgorithmSupported(hashes[h].digest, 0));
        ok(clrcAlgorithmSupported(hashes[h].pss, 2048));
        ok(clrcAlgorithmSupported(hashes[h].hkdf, 0));
    }
    ok(clrcAlgorithmSupported(CLRC_ECDSA, 521));
    expect(clrcAlgorithmSupported(CLRC_ECDSA, 255), CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcAlgorithmSupported((ClrcAlgorithm)0x999, 0), CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcAlgorithmSupported(CLRC_ALG_NONE, 0), CLRC_ERROR_NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_offered),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_gcm),
        cmocka_unit_test(test_ecdsa),
        cmocka_unit_test(test_rsa_signatures),
        cmocka_unit_test(test_oaep),
        cmocka_unit_test(test_ecdh),
        cmocka_unit_test(test_hkdf),
        cmocka_unit_test(test_exportable_keys),
        cmocka_unit_test(test_import_by_attributes),
        cmocka_unit_test(test_bad_key_data),
        cmocka_unit_test(test_digest_in_parts),
        cmocka_unit_test(test_cipher_in_parts),
        cmocka_unit_test(test_gcm_in_parts),
        cmocka_unit_test(test_mac_and_signature_in_parts),
        cmocka_unit_test(test_shared_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
