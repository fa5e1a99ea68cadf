/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/integration/clrc_reference.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

uint8_t *big, *big_out, *big_back;

const struct hash hashes[N_HASHES] = {
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

int reference_up(void **state)
{
    big = malloc(BIG + 64);
    big_out = malloc(BIG + 64);
    big_back = malloc(BIG + 64);
    assert_true(big != NULL && big_out != NULL && big_back != NULL);
    test_fill(big, BIG + 64, 1);
    return test_up(state);
}

int reference_down(void **state)
{
    free(big);
    free(big_out);
    free(big_back);
    return test_down(state);
}

size_t ref_digest(const char *name, const void *data, size_t len, uint8_t *out)
{
    size_t out_len = 0;
    assert_int_equal(EVP_Q_digest(NULL, name, NULL, data, len, out, &out_len), 1);
    return out_len;
}

size_t ref_mac(const char *mac, const char *sub, const uint8_t *key, size_t key_len,
               const uint8_t *data, size_t len, uint8_t *out, size_t room)
{
    size_t out_len = 0;
    bool is_cmac = strcmp(mac, "CMAC") == 0;
    assert_non_null(EVP_Q_mac(NULL, mac, NULL, is_cmac ? sub : NULL, NULL, key, key_len, data, len,
                              out, room, &out_len));
    return out_len;
}

size_t ref_hmac(const char *hash, const uint8_t *key, size_t key_len, const uint8_t *data,
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

void ref_cipher(const char *name, bool encrypt, const uint8_t *key, const uint8_t *iv,
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

void ref_gcm(const char *name, const uint8_t *key, const ClrcAead *aead, const uint8_t *in,
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

bool ref_verifies(EVP_PKEY *pkey, const struct pkey_use *use, const uint8_t *digest,
                  size_t digest_len, const uint8_t *signature, size_t len)
{
    EVP_PKEY_CTX *ctx = pkey_ctx(pkey, use, false);
    int result = EVP_PKEY_verify(ctx, signature, len, digest, digest_len);
    EVP_PKEY_CTX_free(ctx);
    return result == 1;
}

size_t ref_sign(EVP_PKEY *pkey, const struct pkey_use *use, const uint8_t *digest,
                size_t digest_len, uint8_t *out, size_t room)
{
    EVP_PKEY_CTX *ctx = pkey_ctx(pkey, use, true);
    assert_int_equal(EVP_PKEY_sign(ctx, out, &room, digest, digest_len), 1);
    EVP_PKEY_CTX_free(ctx);
    return room;
}
