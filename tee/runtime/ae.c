/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#define NONCE_MAX 128 /* what libcrypto takes for GCM */
#define TAG_MAX 16
#define TAG_MIN 12
#define CHACHA_NONCE 12

static bool is_ccm(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_CCM;
}

static void reset(struct km_rt_operation *op)
{
    km_rt_collect_clear(&op->collected);
}

const struct km_rt_class km_rt_class_ae = {.set_key = km_rt_cipher_key,
                                           .drop_key = km_rt_cipher_drop,
                                           .reset = reset,
                                           .copy = km_rt_cipher_copy};

static bool lengths_ok(const struct km_rt_operation *op, size_t nonce_len, uint32_t tag_bits)
{
    if (op->alg->scheme == KM_RT_CHACHA)
        return nonce_len == CHACHA_NONCE && tag_bits == TAG_MAX * 8;
    return tag_bits % 8 == 0 && tag_bits >= TAG_MIN * 8 && tag_bits <= TAG_MAX * 8 &&
           nonce_len <= NONCE_MAX;
}

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
    km_rt_need_state(op->state == TEE_OPERATION_STATE_INITIAL,
                     "start authenticated encryption that runs");
    km_rt_need(nonce != NULL && nonceLen != 0, "authenticated encryption without a nonce");
    if (is_ccm(op) ? nonceLen > KM_RT_CCM_NONCE_MAX : !lengths_ok(op, nonceLen, tagLen))
        return TEE_ERROR_NOT_SUPPORTED;
    uint8_t own[NONCE_MAX] = {0};
    km_copy(own, sizeof(own), nonce, nonceLen);
    if (is_ccm(op)) {
        TEE_Result result =
            km_rt_ccm_start(op, KM_SLICE(own, nonceLen), tagLen, AADLen, payloadLen);
        if (result != TEE_SUCCESS)
            return result;
    } else {
        km_rt_ssl_need(start(op, own, nonceLen), "authenticated encryption can't start");
    }
    op->tag_len = tagLen / 8;
    km_rt_operation_activate(op);
    return TEE_SUCCESS;
}

void TEE_AEUpdateAAD(TEE_OperationHandle operation, const void *AADdata, size_t AADdataLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_AE);
    km_rt_need_state(!op->payload_seen, "additional data after payload");
    km_rt_readable(AADdata, AADdataLen);
    if (is_ccm(op)) {
        km_rt_ccm_aad(op, AADdata, AADdataLen);
        return;
    }
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
    if (is_ccm(op)) {
        km_rt_readable(srcData, srcLen);
        if (fits(destLen, 0))
            km_rt_ccm_payload(op, srcData, srcLen);
        op->payload_seen = op->payload_seen || srcLen != 0;
        return TEE_SUCCESS;
    }
    if (!fits(destLen, srcLen))
        return TEE_ERROR_SHORT_BUFFER;
    run(op, srcData, srcLen, destData);
    return TEE_SUCCESS;
}

/* What the end of the payload, of len octets, brings out. */
static size_t last_len(const struct km_rt_operation *op, size_t len)
{
    return is_ccm(op) ? op->ccm.payload_len : len;
}

static bool ccm_finish(struct km_rt_operation *op, const void *src, size_t len, void *dst,
                       uint8_t tag[TAG_MAX])
{
    km_rt_readable(src, len);
    km_rt_readable(dst, op->ccm.payload_len);
    km_rt_no_overlap(src, len, dst, op->ccm.payload_len);
    bool ok = km_rt_ccm_final(op, KM_SLICE(src, len), dst, tag);
    km_rt_operation_finish(op);
    return ok;
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
    bool dst_fits = fits(destLen, last_len(op, srcLen));
    if (!dst_fits || *tagLen < op->tag_len) {
        *tagLen = op->tag_len;
        return TEE_ERROR_SHORT_BUFFER;
    }
    uint8_t own[TAG_MAX] = {0};
    bool ok = false;
    if (is_ccm(op)) {
        ok = ccm_finish(op, srcData, srcLen, destData, own);
    } else {
        run(op, srcData, srcLen, destData);
        ok = finish(op) &&
             EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_len, own) == 1;
    }
    km_rt_ssl_need(ok, "the cipher failed");
    return km_rt_give(tag, tagLen, own, op->tag_len);
}

static bool decrypt_last(struct km_rt_operation *op, const void *src, size_t len, void *dst,
                         uint8_t tag[TAG_MAX])
{
    if (is_ccm(op))
        return ccm_finish(op, src, len, dst, tag);
    run(op, src, len, dst);
    bool ok = EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_SET_TAG, (int)op->tag_len, tag) == 1;
    return finish(op) && ok;
}

TEE_Result TEE_AEDecryptFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                              void *destData, size_t *destLen, void *tag, size_t tagLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_AE);
    km_rt_need(op->mode == TEE_MODE_DECRYPT, "decrypt with an operation that encrypts");
    km_rt_readable(tag, tagLen);
    size_t out_len = last_len(op, srcLen);
    if (!fits(destLen, out_len))
        return TEE_ERROR_SHORT_BUFFER;
    uint8_t own[TAG_MAX] = {0};
    bool fitting = tagLen == op->tag_len;
    if (fitting)
        km_copy(own, sizeof(own), tag, tagLen);
    bool ok = decrypt_last(op, srcData, srcLen, destData, own) && fitting;
    if (ok)
        return TEE_SUCCESS;
    if (out_len != 0)
        km_wipe(destData, out_len);
    return TEE_ERROR_MAC_INVALID;
}
