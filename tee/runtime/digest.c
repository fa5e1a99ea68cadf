/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <stdlib.h>

static const struct km_rt_hash_row *hash_of(const struct km_rt_operation *op)
{
    return km_rt_hash(op->alg->hash);
}

static bool is_any_length(const struct km_rt_operation *op)
{
    return hash_of(op)->len == 0;
}

static void start_over(struct km_rt_operation *op)
{
    km_rt_ssl_need(EVP_DigestInit_ex2(op->md, hash_of(op)->md, NULL) == 1,
                   "the digest can't start");
    km_wipe(op->digest, sizeof(op->digest));
    op->digest_at = 0;
}

static bool copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    return EVP_MD_CTX_copy_ex(dst->md, src->md) == 1;
}

const struct km_rt_class km_rt_class_digest = {.reset = start_over, .copy = copy};

static void update(struct km_rt_operation *op, const void *chunk, size_t len)
{
    km_rt_readable(chunk, len);
    if (len != 0)
        km_rt_ssl_need(EVP_DigestUpdate(op->md, chunk, len) == 1, "the digest failed");
}

static void finish(struct km_rt_operation *op)
{
    unsigned len = 0;
    bool ok = EVP_DigestFinal_ex(op->md, op->digest, &len) == 1 && len == hash_of(op)->len;
    km_rt_ssl_need(ok, "the digest failed");
}

void TEE_DigestUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize)
{
    struct km_rt_operation *op = km_rt_operation_get(operation, TEE_OPERATION_DIGEST);
    km_rt_need_state(op->state != TEE_OPERATION_STATE_EXTRACTING,
                     "update a digest that is being extracted");
    update(op, chunk, chunkSize);
    op->state = TEE_OPERATION_STATE_ACTIVE;
}

/*
 * The octets from op->digest_at on of a digest without an end. libcrypto gives them all at once only, so each call counts
 * again from the first: a TA that takes a long one should take it in one piece.
 */
static TEE_Result squeeze(struct km_rt_operation *op, void *hash, size_t len)
{
    if (len == 0)
        return TEE_SUCCESS;
    km_rt_readable(hash, len);
    if (len > KM_RT_COLLECT_MAX - op->digest_at)
        return TEE_ERROR_OUT_OF_MEMORY;
    size_t all_len = op->digest_at + len;
    uint8_t *all = calloc(1, all_len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = all != NULL && ctx != NULL && EVP_MD_CTX_copy_ex(ctx, op->md) == 1 &&
              EVP_DigestFinalXOF(ctx, all, all_len) == 1;
    if (ok)
        km_copy(hash, len, all + op->digest_at, len);
    EVP_MD_CTX_free(ctx);
    if (all != NULL)
        km_wipe(all, all_len);
    free(all);
    km_rt_ssl_quiet();
    op->digest_at += ok ? len : 0;
    return ok ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

static TEE_Result final_fixed(struct km_rt_operation *op, const void *chunk, size_t len, void *hash,
                              size_t *hash_len)
{
    bool extracting = op->state == TEE_OPERATION_STATE_EXTRACTING;
    size_t left = hash_of(op)->len - op->digest_at;
    if (*hash_len < left) {
        *hash_len = left;
        return TEE_ERROR_SHORT_BUFFER;
    }
    if (!extracting) {
        update(op, chunk, len);
        finish(op);
    }
    return km_rt_give(hash, hash_len, op->digest + op->digest_at, left);
}

TEE_Result TEE_DigestDoFinal(TEE_OperationHandle operation, const void *chunk, size_t chunkLen,
                             void *hash, size_t *hashLen)
{
    struct km_rt_operation *op = km_rt_operation_get(operation, TEE_OPERATION_DIGEST);
    bool extracting = op->state == TEE_OPERATION_STATE_EXTRACTING;
    km_rt_need_state(!extracting || chunkLen == 0, "update a digest that is being extracted");
    km_rt_own(hashLen, sizeof(*hashLen), "a size outside the TA's own memory");
    TEE_Result result = TEE_SUCCESS;
    if (is_any_length(op)) {
        update(op, chunk, chunkLen);
        result = squeeze(op, hash, *hashLen);
    } else {
        result = final_fixed(op, chunk, chunkLen, hash, hashLen);
    }
    if (result == TEE_ERROR_SHORT_BUFFER)
        return result;
    start_over(op);
    km_rt_operation_finish(op);
    return result;
}

TEE_Result TEE_DigestExtract(TEE_OperationHandle operation, void *hash, size_t *hashLen)
{
    struct km_rt_operation *op = km_rt_operation_get(operation, TEE_OPERATION_DIGEST);
    km_rt_own(hashLen, sizeof(*hashLen), "a size outside the TA's own memory");
    if (op->state != TEE_OPERATION_STATE_EXTRACTING) {
        if (!is_any_length(op))
            finish(op);
        op->state = TEE_OPERATION_STATE_EXTRACTING;
        op->handle_flags |= TEE_HANDLE_FLAG_EXTRACTING;
    }
    if (is_any_length(op))
        return squeeze(op, hash, *hashLen);
    size_t left = hash_of(op)->len - op->digest_at;
    size_t wanted = *hashLen < left ? *hashLen : left;
    size_t at = op->digest_at;
    op->digest_at += wanted;
    return km_rt_give(hash, hashLen, op->digest + at, wanted);
}
