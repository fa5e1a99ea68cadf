/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <stdlib.h>

static EVP_MD_CTX *start(struct km_rt_operation *op, bool signs)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return NULL;
    bool ok =
        signs ? EVP_DigestSignInit_ex(ctx, NULL, NULL, km_rt_libctx(), NULL, op->pkey, NULL) == 1
              : EVP_DigestVerifyInit_ex(ctx, NULL, NULL, km_rt_libctx(), NULL, op->pkey, NULL) == 1;
    if (ok)
        return ctx;
    EVP_MD_CTX_free(ctx);
    return NULL;
}

/*
 * Signing reads the message twice. A client that changed it in between would get two signatures with one nonce, and the key with
 * them: so it is read once, into memory of our own.
 */
static uint8_t *own_copy(const void *message, size_t len)
{
    uint8_t *own = malloc(len != 0 ? len : 1);
    if (own != NULL && len != 0)
        km_copy(own, len, message, len);
    return own;
}

TEE_Result km_rt_eddsa_sign(struct km_rt_operation *op, const void *message, size_t len,
                            uint8_t out[2 * KM_RT_RAW_KEY_MAX])
{
    uint8_t *own = own_copy(message, len);
    EVP_MD_CTX *ctx = own != NULL ? start(op, true) : NULL;
    size_t out_len = 2 * op->width;
    bool ok = ctx != NULL && EVP_DigestSign(ctx, out, &out_len, own, len) == 1 &&
              out_len == 2 * op->width;
    EVP_MD_CTX_free(ctx);
    if (own != NULL)
        km_wipe(own, len);
    free(own);
    if (own == NULL || ctx == NULL) {
        km_rt_ssl_quiet();
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    return km_rt_ssl_result(ok, "the signature failed");
}

TEE_Result km_rt_eddsa_verify(struct km_rt_operation *op, const void *message, size_t len,
                              const uint8_t signature[2 * KM_RT_RAW_KEY_MAX])
{
    static const uint8_t nothing[1];
    EVP_MD_CTX *ctx = start(op, false);
    bool ok = ctx != NULL && EVP_DigestVerify(ctx, signature, 2 * op->width,
                                              len != 0 ? message : nothing, len) == 1;
    EVP_MD_CTX_free(ctx);
    km_rt_ssl_quiet();
    if (ctx == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    return ok ? TEE_SUCCESS : TEE_ERROR_SIGNATURE_INVALID;
}
