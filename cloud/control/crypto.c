/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

bool km_crypto_was_short(void)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
}

km_status km_crypto_fail(struct km_err *err, km_status status, const char *what)
{
    unsigned long native = ERR_peek_error();
    const char *reason = ERR_reason_error_string(native);
    km_status ret = KM_FAIL_NATIVE(err, status, KM_LAYER_OPENSSL, native, "%s: %s", what,
                                   reason != NULL ? reason : "libcrypto refused");
    ERR_clear_error();
    return ret;
}

void km_crypto_clear(struct km_crypto *crypto)
{
    EVP_MAC_free(crypto->hmac);
    EVP_MD_free(crypto->sha256);
    if (crypto->provider != NULL)
        (void)OSSL_PROVIDER_unload(crypto->provider);
    OSSL_LIB_CTX_free(crypto->lib);
    *crypto = (struct km_crypto){0};
}

km_status km_crypto_init(struct km_err *err, struct km_crypto *ret)
{
    struct km_crypto crypto = {.lib = OSSL_LIB_CTX_new()};
    crypto.provider = crypto.lib == NULL ? NULL : OSSL_PROVIDER_load(crypto.lib, "default");
    if (crypto.provider != NULL) {
        crypto.sha256 = EVP_MD_fetch(crypto.lib, "SHA2-256", NULL);
        crypto.hmac = EVP_MAC_fetch(crypto.lib, "HMAC", NULL);
    }
    if (crypto.sha256 == NULL || crypto.hmac == NULL) {
        km_crypto_clear(&crypto);
        return km_crypto_fail(err, KM_E_INTERNAL, "libcrypto's default provider");
    }
    *ret = crypto;
    return KM_OK;
}

void km_md_ctx_freep(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
    *ctx = NULL;
}

km_status km_crypto_sha256(struct km_err *err, const struct km_crypto *crypto,
                           struct km_slice bytes, uint8_t ret[KM_SHA256_LEN])
{
    KM_AUTO(km_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestInit_ex2(ctx, crypto->sha256, NULL) != 1 ||
        EVP_DigestUpdate(ctx, bytes.ptr, bytes.len) != 1 || EVP_DigestFinal_ex(ctx, ret, NULL) != 1)
        return km_crypto_fail(err, KM_E_NOMEM, "SHA-256");
    return KM_OK;
}

static void mac_ctx_freep(EVP_MAC_CTX **ctx)
{
    EVP_MAC_CTX_free(*ctx);
    *ctx = NULL;
}

km_status km_crypto_hmac(struct km_err *err, const struct km_crypto *crypto, struct km_slice key,
                         struct km_slice message, uint8_t ret[KM_SHA256_LEN])
{
    char name[] = "SHA2-256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    size_t len = 0;
    KM_AUTO(mac_ctx_freep) EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(crypto->hmac);
    if (ctx == NULL || EVP_MAC_init(ctx, key.ptr, key.len, params) != 1 ||
        EVP_MAC_update(ctx, message.ptr, message.len) != 1 ||
        EVP_MAC_final(ctx, ret, &len, KM_SHA256_LEN) != 1 || len != KM_SHA256_LEN)
        return km_crypto_fail(err, KM_E_NOMEM, "HMAC-SHA-256");
    return KM_OK;
}
