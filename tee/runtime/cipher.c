/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

/* libcrypto counts in int; whole blocks keep what it holds unchanged. */
#define RUN_MAX ((size_t)1 << 30)
#define BOUNCE 4096

bool km_rt_cipher_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    struct km_slice secret = km_rt_secret(key);
    op->cipher = EVP_CIPHER_CTX_new();
    return op->cipher != NULL &&
           EVP_CipherInit_ex2(op->cipher, km_rt_alg_cipher(op->alg, key->bits), secret.ptr, NULL,
                              op->mode == TEE_MODE_ENCRYPT, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(op->cipher, 0) == 1;
}

void km_rt_cipher_drop(struct km_rt_operation *op)
{
    EVP_CIPHER_CTX_free(op->cipher);
    op->cipher = NULL;
}

bool km_rt_cipher_copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    if (src->cipher == NULL)
        return true;
    dst->cipher = EVP_CIPHER_CTX_new();
    return dst->cipher != NULL && EVP_CIPHER_CTX_copy(dst->cipher, src->cipher) == 1;
}

const struct km_rt_class km_rt_class_cipher = {
    .set_key = km_rt_cipher_key, .drop_key = km_rt_cipher_drop, .copy = km_rt_cipher_copy};

static size_t run_once(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    int written = 0;
    km_rt_ssl_need(EVP_CipherUpdate(op->cipher, dst, &written, src, (int)len) == 1,
                   "the cipher failed");
    return (size_t)written;
}

/*
 * In place, with octets of the last update still held: the output then runs ahead of the input by up to a
 * block, so what comes next is read before anything is written over it.
 */
static size_t run_bounced(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    uint8_t pieces[2][BOUNCE] = {{0}};
    size_t sizes[2] = {len < BOUNCE ? len : BOUNCE, 0};
    size_t taken = sizes[0];
    size_t written = 0;
    km_copy(pieces[0], BOUNCE, src, sizes[0]);
    for (unsigned now = 0; sizes[now] != 0; now ^= 1) {
        unsigned next = now ^ 1;
        sizes[next] = len - taken < BOUNCE ? len - taken : BOUNCE;
        km_copy(pieces[next], BOUNCE, src + taken, sizes[next]);
        taken += sizes[next];
        written += run_once(op, pieces[now], sizes[now], dst + written);
    }
    km_wipe(pieces, sizeof(pieces));
    return written;
}

size_t km_rt_cipher_run(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    if (len == 0)
        return 0;
    size_t held = op->pending;
    if (op->alg->block > 1)
        op->pending = (held + len) % op->alg->block;
    if (src == dst && held != 0)
        return run_bounced(op, src, len, dst);
    /* Where nothing comes out the caller may have given no buffer; libcrypto takes NULL for something else. */
    uint8_t nowhere[KM_RT_BLOCK_MAX] = {0};
    size_t written = 0;
    for (size_t done = 0; done < len;) {
        size_t piece = len - done < RUN_MAX ? len - done : RUN_MAX;
        written += run_once(op, src + done, piece, dst != NULL ? dst + written : nowhere);
        done += piece;
    }
    return written;
}

void TEE_CipherInit(TEE_OperationHandle operation, const void *IV, size_t IVLen)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_CIPHER);
    km_rt_need(op->alg->iv_len == 0 || IVLen == op->alg->iv_len,
               "an initialization vector of the wrong length");
    uint8_t iv[KM_RT_BLOCK_MAX] = {0};
    if (op->alg->iv_len != 0) {
        km_rt_readable(IV, IVLen);
        km_copy(iv, sizeof(iv), IV, IVLen);
    }
    km_rt_operation_finish(op);
    const uint8_t *used = op->alg->iv_len != 0 ? iv : NULL;
    km_rt_ssl_need(EVP_CipherInit_ex2(op->cipher, NULL, NULL, used, -1, NULL) == 1,
                   "the cipher can't start");
    km_rt_operation_activate(op);
}

static size_t produced(const struct km_rt_operation *op, size_t len)
{
    if (op->alg->block <= 1)
        return len;
    return (op->pending + len) / op->alg->block * op->alg->block;
}

static TEE_Result run(struct km_rt_operation *op, const void *src, size_t len, void *dst,
                      size_t *dst_len)
{
    km_rt_readable(src, len);
    km_rt_need(len <= SIZE_MAX - KM_RT_BLOCK_MAX, "a length that can't be");
    size_t wanted = produced(op, len);
    size_t room = dst_len != NULL ? *dst_len : 0;
    km_rt_need(dst_len != NULL || wanted == 0, "no destination for what comes out");
    if (dst_len != NULL)
        *dst_len = wanted;
    if (room < wanted)
        return TEE_ERROR_SHORT_BUFFER;
    km_rt_readable(dst, wanted);
    km_rt_no_overlap(src, len, dst, wanted);
    size_t written = km_rt_cipher_run(op, src, len, dst);
    km_rt_ssl_need(written == wanted, "the cipher failed");
    return TEE_SUCCESS;
}

TEE_Result TEE_CipherUpdate(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                            void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_CIPHER);
    km_rt_own(destLen, sizeof(*destLen), "a size outside the TA's own memory");
    return run(op, srcData, srcLen, destData, destLen);
}

TEE_Result TEE_CipherDoFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                             void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_CIPHER);
    if (destLen != NULL)
        km_rt_own(destLen, sizeof(*destLen), "a size outside the TA's own memory");
    size_t block = op->alg->block;
    km_rt_need(block <= 1 || (op->pending + srcLen % block) % block == 0,
               "no whole number of blocks");
    TEE_Result result = run(op, srcData, srcLen, destData, destLen);
    if (result == TEE_SUCCESS)
        km_rt_operation_finish(op);
    return result;
}
