/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_LEN 12
#define TAG_LEN 16

/* Of its own, without configuration: what the host program loads into its context has no say here. */
static OSSL_LIB_CTX *library;
static EVP_MD *sha256;
static EVP_CIPHER *aes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    library = OSSL_LIB_CTX_new();
    if (library == NULL)
        abort();
    sha256 = EVP_MD_fetch(library, "SHA2-256", NULL);
    aes = EVP_CIPHER_fetch(library, "AES-256-GCM", NULL);
    if (sha256 == NULL || aes == NULL)
        abort();
}

static void free_md(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

void km_registry_sha256(struct km_slice bytes, uint8_t ret[KM_SHA256_LEN])
{
    (void)pthread_once(&once, load);
    KM_AUTO(free_md) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestInit_ex2(ctx, sha256, NULL) != 1 ||
        EVP_DigestUpdate(ctx, bytes.ptr, bytes.len) != 1 || EVP_DigestFinal_ex(ctx, ret, NULL) != 1)
        abort();
}

km_status km_registry_seal(struct km_err *err, const struct km_secret *key, const char *name,
                           const uint8_t nonce[12], struct km_slice secret, struct km_span out)
{
    int len = 0;
    (void)pthread_once(&once, load);
    if (secret.len > KM_SEAL_SECRET_MAX || out.len != secret.len + KM_SEAL_MORE)
        return KM_FAIL(err, KM_E_INTERNAL, "a seal over %zu octets in %zu", secret.len, out.len);
    KM_AUTO(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *tag = out.ptr + NONCE_LEN + secret.len;
    km_copy(out.ptr, out.len, nonce, NONCE_LEN);
    if (ctx == NULL || EVP_EncryptInit_ex2(ctx, aes, km_secret_expose(key).ptr, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)name, (int)strlen(name)) != 1 ||
        EVP_EncryptUpdate(ctx, out.ptr + NONCE_LEN, &len, secret.ptr, (int)secret.len) != 1 ||
        EVP_EncryptFinal_ex(ctx, tag, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) != 1) {
        ERR_clear_error();
        return KM_FAIL(err, KM_E_NOMEM, "libcrypto does not seal");
    }
    return KM_OK;
}

static bool decrypt(const struct km_secret *key, const char *name, struct km_slice sealed,
                    struct km_span out)
{
    int len = 0;
    uint8_t tag[TAG_LEN] = {0};
    km_copy(tag, sizeof(tag), sealed.ptr + NONCE_LEN + out.len, TAG_LEN);
    KM_AUTO(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    return ctx != NULL &&
           EVP_DecryptInit_ex2(ctx, aes, km_secret_expose(key).ptr, sealed.ptr, NULL) == 1 &&
           EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)name, (int)strlen(name)) == 1 &&
           EVP_DecryptUpdate(ctx, out.ptr, &len, sealed.ptr + NONCE_LEN, (int)out.len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1 &&
           EVP_DecryptFinal_ex(ctx, tag, &len) == 1;
}

km_status km_registry_unseal(struct km_err *err, const struct km_secret *key, const char *name,
                             struct km_slice sealed, struct km_secret **ret)
{
    (void)pthread_once(&once, load);
    if (sealed.len <= KM_SEAL_MORE || sealed.len > KM_SEAL_MORE + KM_SEAL_SECRET_MAX)
        return KM_FAIL(err, KM_E_CORRUPT, "a seal of %zu octets", sealed.len);
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(sealed.len - KM_SEAL_MORE);
    if (secret == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a secret of %zu octets", sealed.len - KM_SEAL_MORE);
    if (!decrypt(key, name, sealed, km_secret_fill(secret))) {
        ERR_clear_error();
        return KM_FAIL(err, KM_E_AUTH, "access key %s was sealed under another key", name);
    }
    *ret = km_steal(&secret);
    return KM_OK;
}
