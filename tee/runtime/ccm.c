/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CCM (SP 800-38C). libcrypto wants to know all lengths before the key and takes additional data and payload at once, so
 * both are collected as TEE_AEInit announced them, and all that comes out does so at the end. A payload that comes whole
 * with the last call is taken from where it lies.
 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#define NONCE_MIN 7
#define TAG_BITS_MIN 32
#define TAG_BITS_MAX 128

static bool lengths_ok(size_t nonce_len, uint32_t tag_bits, size_t payload_len)
{
    if (nonce_len < NONCE_MIN || nonce_len > KM_RT_CCM_NONCE_MAX)
        return false;
    if (tag_bits % 16 != 0 || tag_bits < TAG_BITS_MIN || tag_bits > TAG_BITS_MAX)
        return false;
    size_t counter_bits = 8 * (15 - nonce_len);
    return counter_bits >= 8 * sizeof(size_t) || payload_len >> counter_bits == 0;
}

TEE_Result km_rt_ccm_start(struct km_rt_operation *op, struct km_slice nonce, uint32_t tag_bits,
                           size_t aad_len, size_t payload_len)
{
    if (!lengths_ok(nonce.len, tag_bits, payload_len))
        return TEE_ERROR_NOT_SUPPORTED;
    if (aad_len > KM_RT_COLLECT_MAX || payload_len > KM_RT_COLLECT_MAX - aad_len)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_rt_collect_clear(&op->collected);
    km_copy(op->ccm.nonce, sizeof(op->ccm.nonce), nonce.ptr, nonce.len);
    op->ccm.nonce_len = nonce.len;
    op->ccm.aad_len = aad_len;
    op->ccm.payload_len = payload_len;
    op->tag_len = tag_bits / 8;
    return TEE_SUCCESS;
}

void km_rt_ccm_aad(struct km_rt_operation *op, const void *aad, size_t len)
{
    km_rt_need(len <= op->ccm.aad_len - op->collected.len,
               "more additional data than was announced");
    km_rt_ssl_need(km_rt_collect(&op->collected, aad, len), "no memory for the additional data");
}

void km_rt_ccm_payload(struct km_rt_operation *op, const void *src, size_t len)
{
    km_rt_need_state(op->collected.len >= op->ccm.aad_len,
                     "payload before all of the additional data");
    size_t left = op->ccm.aad_len + op->ccm.payload_len - op->collected.len;
    km_rt_need(len <= left, "more payload than was announced");
    km_rt_ssl_need(km_rt_collect(&op->collected, src, len), "no memory for the payload");
}

static bool set_up(const struct km_rt_operation *op, EVP_CIPHER_CTX *ctx, uint8_t *tag)
{
    bool encrypts = op->mode == TEE_MODE_ENCRYPT;
    const EVP_CIPHER *cipher = km_rt_alg_cipher(op->alg, op->bits);
    return EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypts, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)op->ccm.nonce_len, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)op->tag_len,
                               encrypts ? NULL : tag) == 1 &&
           EVP_CipherInit_ex2(ctx, NULL, op->secret, op->ccm.nonce, encrypts, NULL) == 1;
}

/* Whether libcrypto was able to; *ret_fits is about the tag. */
static bool run(const struct km_rt_operation *op, EVP_CIPHER_CTX *ctx, const uint8_t *payload,
                uint8_t *dst, uint8_t *tag, bool *ret_fits)
{
    const uint8_t *aad = op->collected.bytes;
    int len = 0;
    bool ok = EVP_CipherUpdate(ctx, NULL, &len, NULL, (int)op->ccm.payload_len) == 1;
    if (ok && op->ccm.aad_len != 0)
        ok = EVP_CipherUpdate(ctx, NULL, &len, aad, (int)op->ccm.aad_len) == 1;
    if (!ok)
        return false;
    /* libcrypto takes NULL for something else, even where there is nothing to read or to write */
    uint8_t nothing[1] = {0};
    const uint8_t *src = op->ccm.payload_len != 0 ? payload : nothing;
    uint8_t *to = op->ccm.payload_len != 0 ? dst : nothing;
    *ret_fits = EVP_CipherUpdate(ctx, to, &len, src, (int)op->ccm.payload_len) == 1;
    if (op->mode == TEE_MODE_DECRYPT)
        return true;
    return *ret_fits && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_len, tag) == 1;
}

/* Where the whole payload lies, the last of it included. */
static const uint8_t *whole_payload(struct km_rt_operation *op, struct km_slice last)
{
    if (op->collected.len == op->ccm.aad_len && last.len == op->ccm.payload_len)
        return last.ptr;
    km_rt_ccm_payload(op, last.ptr, last.len);
    km_rt_need_state(op->collected.len == op->ccm.aad_len + op->ccm.payload_len,
                     "less data than was announced");
    return op->collected.bytes + op->ccm.aad_len;
}

bool km_rt_ccm_final(struct km_rt_operation *op, struct km_slice last, uint8_t *dst, uint8_t *tag)
{
    const uint8_t *payload = whole_payload(op, last);
    bool fits = false;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL && set_up(op, ctx, tag) && run(op, ctx, payload, dst, tag, &fits);
    EVP_CIPHER_CTX_free(ctx);
    km_rt_ssl_need(ok, "the cipher failed");
    km_rt_ssl_quiet();
    km_rt_collect_clear(&op->collected);
    return fits;
}
