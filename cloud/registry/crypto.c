/* SPDX-License-Identifier: Apache-2.0 */
/* SHA256_Init and its like are called old, but alone need no memory: a digest is not to fail, nor to end a broker. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "cloud/registry/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

#define NONCE_LEN 12
#define TAG_LEN 16

/* Of its own, without configuration: what the host program loads into its context has no say here. */
static OSSL_LIB_CTX *library;
static EVP_CIPHER *aes; /* NULL: there was no memory for it */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    library = OSSL_LIB_CTX_new();
    if (library != NULL)
        aes = EVP_CIPHER_fetch(library, "AES-256-GCM", NULL);
    ERR_clear_error();
}

km_status km_registry_crypto_load(struct km_err *err)
{
    (void)pthread_once(&once, load);
    return aes != NULL ? KM_OK : KM_FAIL(err, KM_E_NOMEM, "libcrypto has no AES-256-GCM");
}

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

void km_registry_sha256(struct km_slice bytes, uint8_t ret[KM_SHA256_LEN])
{
    SHA256_CTX ctx = {0};
    (void)SHA256_Init(&ctx);
    (void)SHA256_Update(&ctx, bytes.ptr, bytes.len);
    (void)SHA256_Final(ret, &ctx); /* and wipes */
}

km_status km_registry_seal(struct km_err *err, const struct km_secret *key, const char *name,
                           const uint8_t nonce[12], struct km_slice secret, struct km_span out)
{
    int len = 0;
    KM_TRY(km_registry_crypto_load(err));
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

/* decrypt: before the last step, which compares, nothing but memory can be missing. */
static km_status decrypt(const struct km_secret *key, const char *name, struct km_slice sealed,
                         struct km_span out)
{
    int len = 0;
    uint8_t tag[TAG_LEN] = {0};
    km_copy(tag, sizeof(tag), sealed.ptr + NONCE_LEN + out.len, TAG_LEN);
    KM_AUTO(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL ||
        EVP_DecryptInit_ex2(ctx, aes, km_secret_expose(key).ptr, sealed.ptr, NULL) != 1 ||
        EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)name, (int)strlen(name)) != 1 ||
        EVP_DecryptUpdate(ctx, out.ptr, &len, sealed.ptr + NONCE_LEN, (int)out.len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1)
        return KM_E_NOMEM;
    return EVP_DecryptFinal_ex(ctx, tag, &len) == 1 ? KM_OK : KM_E_AUTH;
}

km_status km_registry_unseal(struct km_err *err, const struct km_secret *key, const char *name,
                             struct km_slice sealed, struct km_secret **ret)
{
    KM_TRY(km_registry_crypto_load(err));
    if (sealed.len <= KM_SEAL_MORE || sealed.len > KM_SEAL_MORE + KM_SEAL_SECRET_MAX)
        return KM_FAIL(err, KM_E_CORRUPT, "a seal of %zu octets", sealed.len);
    KM_AUTO(km_secret_freep) struct km_secret *secret = km_secret_new(sealed.len - KM_SEAL_MORE);
    if (secret == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a secret of %zu octets", sealed.len - KM_SEAL_MORE);
    km_status status = decrypt(key, name, sealed, km_secret_fill(secret));
    ERR_clear_error();
    if (status == KM_E_AUTH)
        return KM_FAIL(err, KM_E_AUTH, "access key %s was sealed under another key", name);
    if (status != KM_OK)
        return KM_FAIL(err, status, "memory to unseal access key %s", name);
    *ret = km_steal(&secret);
    return KM_OK;
}
