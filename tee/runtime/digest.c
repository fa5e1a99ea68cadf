/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

static const struct km_rt_hash_row *hash_of(const struct km_rt_operation *op)
{
    return km_rt_hash(op->alg->hash);
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

TEE_Result TEE_DigestDoFinal(TEE_OperationHandle operation, const void *chunk, size_t chunkLen,
                             void *hash, size_t *hashLen)
{
    struct km_rt_operation *op = km_rt_operation_get(operation, TEE_OPERATION_DIGEST);
    bool extracting = op->state == TEE_OPERATION_STATE_EXTRACTING;
    km_rt_need_state(!extracting || chunkLen == 0, "update a digest that is being extracted");
    km_rt_own(hashLen, sizeof(*hashLen), "a size outside the TA's own memory");
    size_t left = hash_of(op)->len - op->digest_at;
    if (*hashLen < left) {
        *hashLen = left;
        return TEE_ERROR_SHORT_BUFFER;
    }
    if (!extracting) {
        update(op, chunk, chunkLen);
        finish(op);
    }
    TEE_Result result = km_rt_give(hash, hashLen, op->digest + op->digest_at, left);
    start_over(op);
    km_rt_operation_finish(op);
    return result;
}

TEE_Result TEE_DigestExtract(TEE_OperationHandle operation, void *hash, size_t *hashLen)
{
    struct km_rt_operation *op = km_rt_operation_get(operation, TEE_OPERATION_DIGEST);
    km_rt_own(hashLen, sizeof(*hashLen), "a size outside the TA's own memory");
    if (op->state != TEE_OPERATION_STATE_EXTRACTING) {
        finish(op);
        op->state = TEE_OPERATION_STATE_EXTRACTING;
        op->handle_flags |= TEE_HANDLE_FLAG_EXTRACTING;
    }
    size_t left = hash_of(op)->len - op->digest_at;
    size_t wanted = *hashLen < left ? *hashLen : left;
    size_t at = op->digest_at;
    op->digest_at += wanted;
    return km_rt_give(hash, hashLen, op->digest + at, wanted);
}
