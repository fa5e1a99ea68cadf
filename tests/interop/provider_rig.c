/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/provider_rig.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "interop/door/door_error.h"

EVP_PKEY *prig_load_expecting(const char *uri, int expect)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    if (store == NULL)
        return NULL;
    if (expect != 0)
        assert_int_equal(OSSL_STORE_expect(store, expect), 1);
    while (key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL)
            continue;
        key = expect == OSSL_STORE_INFO_PUBKEY ? OSSL_STORE_INFO_get1_PUBKEY(info)
                                               : OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

EVP_PKEY *prig_load(const char *uri)
{
    return prig_load_expecting(uri, OSSL_STORE_INFO_PKEY);
}

EVP_PKEY *prig_must_load(const char *uri)
{
    EVP_PKEY *key = prig_load(uri);
    if (key == NULL)
        ERR_print_errors_fp(stderr);
    assert_non_null(key);
    ERR_clear_error(); /* OpenSSL's store looks for a file of this name first */
    return key;
}

bool prig_sign_and_verify(EVP_PKEY *key, EVP_PKEY *public, bool pss)
{
    uint8_t sig[512] = {0};
    size_t len = sizeof(sig);
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = EVP_DigestSignInit_ex(ctx, &pctx, "SHA256", NULL, NULL, key, NULL) == 1;
    if (pss)
        done = done && EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    done = done && EVP_DigestSignUpdate(ctx, "mes", 3) == 1 &&
           EVP_DigestSignUpdate(ctx, "sage", 4) == 1 && EVP_DigestSignFinal(ctx, sig, &len) == 1;
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    done = done && EVP_DigestVerifyInit_ex(ctx, &pctx, "SHA256", NULL, NULL, public, NULL) == 1;
    if (pss)
        done = done && EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1;
    done = done && EVP_DigestVerify(ctx, sig, len, (const uint8_t *)"message", 7) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

int prig_last_reason(void)
{
    int reason = 0;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        const char *library = ERR_lib_error_string(code);
        if (library != NULL && strcmp(library, "clrc") == 0)
            reason = ERR_GET_REASON(code);
    }
    return reason;
}

EVP_PKEY *prig_generate(const char *type, const char *group, const char *name)
{
    OSSL_PARAM params[3] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end(),
                            OSSL_PARAM_construct_end()};
    size_t n = 0;
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=clrc");
    assert_non_null(ctx);
    if (group != NULL)
        params[n++] = OSSL_PARAM_construct_utf8_string("group", (char *)(uintptr_t)group, 0);
    if (name != NULL)
        params[n++] = OSSL_PARAM_construct_utf8_string("clrc-name", (char *)(uintptr_t)name, 0);
    if (EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1)
        (void)EVP_PKEY_generate(ctx, &key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

EVP_PKEY *prig_public_of(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    assert_true(len > 0);
    const unsigned char *at = der;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &at, len);
    OPENSSL_free(der);
    assert_non_null(public);
    return public;
}

void prig_no_private(EVP_PKEY *key)
{
    OSSL_PARAM *params = NULL;
    BIGNUM *number = NULL;
    unsigned char *der = NULL;
    assert_int_not_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 1);
    assert_null(params);
    static const char *const names[] = {OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_RSA_D,
                                        OSSL_PKEY_PARAM_RSA_FACTOR1};
    for (size_t i = 0; i < 3; i++)
        assert_int_not_equal(EVP_PKEY_get_bn_param(key, names[i], &number), 1);
    assert_true(i2d_PrivateKey(key, &der) <= 0);
    assert_null(der);
    ERR_clear_error();
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_not_equal(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(prig_last_reason(), KM_DOOR_R_NOT_EXPORTABLE);
    assert_int_not_equal(
        PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), (unsigned char *)"pw", 2, NULL, NULL),
        1);
    assert_int_not_equal(PEM_write_bio_PrivateKey_traditional(out, key, NULL, NULL, 0, NULL, NULL),
                         1);
    char *text = NULL;
    assert_int_equal(BIO_get_mem_data(out, &text), 0);
    BIO_free(out);
    ERR_clear_error();
}
