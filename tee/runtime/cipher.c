/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_des.h"
#include "common/km_secret.h"

/* libcrypto counts in int; whole blocks keep what it holds unchanged. */
#define RUN_MAX ((size_t)1 << 30)
#define BOUNCE KM_RT_STEAL_PIECE

EVP_CIPHER_CTX *km_rt_cipher_ctx(const EVP_CIPHER *cipher, struct km_slice key, bool encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL)
        return NULL;
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool ok = cipher != NULL &&
              EVP_CipherInit_ex2(ctx, cipher, key.ptr, NULL, encrypt, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    if (ok)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

EVP_CIPHER_CTX *km_rt_cipher_ctx_for(const struct km_rt_alg *alg, struct km_slice key, bool encrypt)
{
    const EVP_CIPHER *cipher = km_rt_alg_cipher(alg, (uint32_t)key.len * 8);
    if (alg->key_type != TEE_TYPE_DES)
        return km_rt_cipher_ctx(cipher, key, encrypt);
    uint8_t thrice[3 * KM_DES_PART_LEN] = {0};
    for (size_t at = 0; at < sizeof(thrice); at += KM_DES_PART_LEN)
        km_copy(thrice + at, KM_DES_PART_LEN, key.ptr, key.len);
    EVP_CIPHER_CTX *ctx = km_rt_cipher_ctx(cipher, KM_SLICE(thrice, sizeof(thrice)), encrypt);
    km_wipe(thrice, sizeof(thrice));
    return ctx;
}

bool km_rt_cipher_ctx_copy(EVP_CIPHER_CTX **dst, const EVP_CIPHER_CTX *src)
{
    if (src == NULL)
        return true;
    *dst = EVP_CIPHER_CTX_new();
    return *dst != NULL && EVP_CIPHER_CTX_copy(*dst, src) == 1;
}

bool km_rt_cipher_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    struct km_slice secret = km_rt_secret(key);
    if (km_rt_steals(op))
        return km_rt_steal_key(op, secret, KM_SLICE(NULL, 0));
    if (op->alg->scheme == KM_RT_CCM)
        return km_rt_keep_secret(op, secret);
    op->cipher = km_rt_cipher_ctx_for(op->alg, secret, op->mode == TEE_MODE_ENCRYPT);
    return op->cipher != NULL;
}

static bool set_keys(struct km_rt_operation *op, struct km_rt_object *key1,
                     struct km_rt_object *key2)
{
    return km_rt_steal_key(op, km_rt_secret(key1), km_rt_secret(key2));
}

void km_rt_cipher_drop(struct km_rt_operation *op)
{
    EVP_CIPHER_CTX_free(op->cipher);
    op->cipher = NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(op->aside); i++) {
        EVP_CIPHER_CTX_free(op->aside[i]);
        op->aside[i] = NULL;
    }
    km_rt_forget_secret(op);
    km_rt_collect_clear(&op->collected);
}

bool km_rt_cipher_copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    bool ok = km_rt_cipher_ctx_copy(&dst->cipher, src->cipher);
    for (size_t i = 0; i < KM_ARRAY_LEN(src->aside); i++)
        ok = ok && km_rt_cipher_ctx_copy(&dst->aside[i], src->aside[i]);
    if (ok && src->secret != NULL)
        ok = km_rt_keep_secret(dst, KM_SLICE(src->secret, src->secret_len));
    return ok && km_rt_collect(&dst->collected, src->collected.bytes, src->collected.len);
}

static void reset(struct km_rt_operation *op)
{
    km_rt_collect_clear(&op->collected);
    km_wipe(op->held, sizeof(op->held));
    km_wipe(op->chain, sizeof(op->chain));
}

const struct km_rt_class km_rt_class_cipher = {.set_key = km_rt_cipher_key,
                                               .set_keys = set_keys,
                                               .drop_key = km_rt_cipher_drop,
                                               .reset = reset,
                                               .copy = km_rt_cipher_copy};

static size_t run_once(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    if (km_rt_steals(op))
        return km_rt_steal_run(op, src, len, dst);
    int written = 0;
    km_rt_ssl_need(EVP_CipherUpdate(op->cipher, dst, &written, src, (int)len) == 1,
                   "the cipher failed");
    return (size_t)written;
}

/*
 * In place, with octets of the last update still held: the output then runs ahead of the input by up to two
 * blocks, so what comes next is read before anything is written over it.
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
        written += run_once(op, pieces[now], sizes[now], dst != NULL ? dst + written : NULL);
    }
    km_wipe(pieces, sizeof(pieces));
    return written;
}

size_t km_rt_cipher_run(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    if (len == 0)
        return 0;
    size_t held = op->pending;
    if (km_rt_steals(op))
        return run_bounced(op, src, len, dst);
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
    if (km_rt_wraps(op))
        km_rt_wrap_start(op, IV, IVLen);
    else if (km_rt_steals(op))
        km_rt_steal_start(op, iv);
    else
        km_rt_ssl_need(EVP_CipherInit_ex2(op->cipher, NULL, NULL, used, -1, NULL) == 1,
                       "the cipher can't start");
    km_rt_operation_activate(op);
}

static size_t produced(const struct km_rt_operation *op, size_t len, bool is_final)
{
    if (km_rt_steals(op))
        return is_final ? op->pending + len : km_rt_steal_ready(op->pending + len);
    if (op->alg->block <= 1)
        return len;
    return (op->pending + len) / op->alg->block * op->alg->block;
}

static TEE_Result run(struct km_rt_operation *op, const void *src, size_t len, void *dst,
                      size_t *dst_len, bool is_final)
{
    km_rt_readable(src, len);
    km_rt_need(len <= SIZE_MAX - KM_RT_TAIL_MAX, "a length that can't be");
    size_t wanted = produced(op, len, is_final);
    size_t room = dst_len != NULL ? *dst_len : 0;
    km_rt_need(dst_len != NULL || wanted == 0, "no destination for what comes out");
    if (dst_len != NULL)
        *dst_len = wanted;
    if (room < wanted)
        return TEE_ERROR_SHORT_BUFFER;
    km_rt_readable(dst, wanted);
    km_rt_no_overlap(src, len, dst, wanted);
    if (is_final && km_rt_steals(op) && km_rt_steal_whole(op, src, len, dst))
        return TEE_SUCCESS;
    size_t written = km_rt_cipher_run(op, src, len, dst);
    if (is_final && km_rt_steals(op))
        written += km_rt_steal_final(op, (uint8_t *)dst + written);
    km_rt_ssl_need(written == wanted, "the cipher failed");
    return TEE_SUCCESS;
}

/* Key wrap: nothing comes out before the end. */
static TEE_Result collect(struct km_rt_operation *op, const void *src, size_t len, size_t *dst_len)
{
    *dst_len = 0;
    return km_rt_wrap_collect(op, src, len);
}

TEE_Result TEE_CipherUpdate(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                            void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_CIPHER);
    km_rt_own(destLen, sizeof(*destLen), "a size outside the TA's own memory");
    return km_rt_wraps(op) ? collect(op, srcData, srcLen, destLen)
                           : run(op, srcData, srcLen, destData, destLen, false);
}

TEE_Result TEE_CipherDoFinal(TEE_OperationHandle operation, const void *srcData, size_t srcLen,
                             void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_CIPHER);
    if (destLen != NULL)
        km_rt_own(destLen, sizeof(*destLen), "a size outside the TA's own memory");
    if (km_rt_wraps(op))
        return km_rt_wrap_final(op, srcData, srcLen, destData, destLen);
    size_t block = op->alg->block;
    if (km_rt_steals(op))
        km_rt_need(srcLen >= block || op->pending + srcLen >= block, "less than a block");
    else
        km_rt_need(block <= 1 || (op->pending + srcLen % block) % block == 0,
                   "no whole number of blocks");
    TEE_Result result = run(op, srcData, srcLen, destData, destLen, true);
    if (result == TEE_SUCCESS) {
        reset(op);
        km_rt_operation_finish(op);
    }
    return result;
}
