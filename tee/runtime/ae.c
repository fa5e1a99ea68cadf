/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#define NONCE_MAX 128 /* what libcrypto takes for GCM */
#define TAG_MAX 16
#define TAG_MIN 12

const struct km_rt_class km_rt_class_ae = {
    .set_key = km_rt_cipher_key, .drop_key = km_rt_cipher_drop, .copy = km_rt_cipher_copy};

static bool start(struct km_rt_operation *op, const uint8_t *nonce, size_t len)
{
    if (EVP_CIPHER_CTX_get_iv_length(op->cipher) != (int)len &&
        EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_IVLEN, (int)len, NULL) != 1)
        return false;
    return EVP_CipherInit_ex2(op->cipher, NULL, NULL, nonce, -1, NULL) == 1;
}

TEE_Result TEE_AEInit(TEE_OperationHandle operation, const void *nonce, size_t nonceLen,
                      uint32_t tagLen, size_t AADLen, size_t payloadLen)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_AE);
    (void)AADLen;
    (void)payloadLen;
    km_rt_need_state(op->state == TEE_OPERATION_STATE_INITIAL,
                     "start authenticated encryption that runs");
    km_rt_need(nonce != NULL && nonceLen != 0, "authenticated encryption without a nonce");
    if (tagLen % 8 != 0 || tagLen < TAG_MIN * 8 || tagLen > TAG_MAX * 8 || nonceLen > NONCE_MAX)
        return TEE_ERROR_NOT_SUPPORTED;
    uint8_t own[NONCE_MAX] = {0};
    km_copy(own, sizeof(own), nonce, nonceLen);
    km_rt_ssl_need(start(op, own, nonceLen), "authenticated encryption can't start");
    op->tag_len = tagLen / 8;
    km_rt_operation_activate(op);
    return TEE_SUCCESS;
}

void TEE_AEUpdateAAD(TEE_OperationHandle operation, const void *AADdata, size_t AADdataLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_AE);
    km_rt_need_state(!op->payload_seen, "additional data after payload");
    km_rt_readable(AADdata, AADdataLen);
    const uint8_t *at = AADdata;
    for (size_t left = AADdataLen; left != 0;) {
        int piece = left < (1u << 30) ? (int)left : 1 << 30;
        int written = 0;
        km_rt_ssl_need(EVP_CipherUpdate(op->cipher, NULL, &written, at, piece) == 1,
                       "the cipher failed");
        at += piece;
        left -= (size_t)piece;
    }
}

static void run(struct km_rt_operation *op, const void *src, size_t len, void *dst)
{
    km_rt_readable(src, len);
    km_rt_readable(dst, len);
    km_rt_no_overlap(src, len, dst, len);
    op->payload_seen = op->payload_seen || len != 0;
    km_rt_ssl_need(km_rt_cipher_run(op, src, len, dst) == len, "the cipher failed");
}

/* Whether a payload of len fits; *size says what is needed. A NULL size stands for no payload. */
static bool fits(size_t *size, size_t len)
{
    km_rt_need(size != NULL || len == 0, "no destination for what comes out");
    if (size == NULL)
        return true;
    km_rt_own(size, sizeof(*size), "a size outside the TA's own memory");
    size_t room = *size;
    *size = len;
    return room >= len;
}

TEE_Result TEE_AEUpdate(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                        void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_AE);
    if (!fits(destLen, srcLen))
        return TEE_ERROR_SHORT_BUFFER;
    run(op, srcData, srcLen, destData);
    return TEE_SUCCESS;
}

static bool finish(struct km_rt_operation *op)
{
    uint8_t none[TAG_MAX] = {0};
    int written = 0;
    bool ok = EVP_CipherFinal_ex(op->cipher, none, &written) == 1;
    km_rt_ssl_quiet();
    km_rt_operation_finish(op);
    return ok;
}

TEE_Result TEE_AEEncryptFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                              void *destData, size_t *destLen, void *tag, size_t *tagLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_AE);
    km_rt_need(op->mode == TEE_MODE_ENCRYPT, "encrypt with an operation that decrypts");
    km_rt_own(tagLen, sizeof(*tagLen), "a size outside the TA's own memory");
    bool dst_fits = fits(destLen, srcLen);
    if (!dst_fits || *tagLen < op->tag_len) {
        *tagLen = op->tag_len;
        return TEE_ERROR_SHORT_BUFFER;
    }
    run(op, srcData, srcLen, destData);
    uint8_t own[TAG_MAX] = {0};
    bool ok = finish(op) &&
              EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_len, own) == 1;
    km_rt_ssl_need(ok, "the cipher failed");
    return km_rt_give(tag, tagLen, own, op->tag_len);
}

TEE_Result TEE_AEDecryptFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                              void *destData, size_t *destLen, void *tag, size_t tagLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_AE);
    km_rt_need(op->mode == TEE_MODE_DECRYPT, "decrypt with an operation that encrypts");
    km_rt_readable(tag, tagLen);
    if (!fits(destLen, srcLen))
        return TEE_ERROR_SHORT_BUFFER;
    uint8_t own[TAG_MAX] = {0};
    bool ok = tagLen == op->tag_len;
    if (ok)
        km_copy(own, sizeof(own), tag, tagLen);
    run(op, srcData, srcLen, destData);
    ok = ok && EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_TAG, (int)op->tag_len, own) == 1;
    ok = finish(op) && ok;
    if (ok)
        return TEE_SUCCESS;
    if (srcLen != 0)
        km_wipe(destData, srcLen);
    return TEE_ERROR_MAC_INVALID;
}
