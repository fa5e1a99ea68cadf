/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/hash_kdf.h"

#define EXPAND_BLOCKS_MAX 255u

bool km_hash_kdf_is(const struct km_alg *alg)
{
    bool is_digest = alg->class == KM_ALG_DIGEST && alg->id != KM_CRYPTO_MD5;
    return is_digest || km_alg_is_extract(alg) || km_alg_is_expand(alg);
}

TEE_Result km_hash_kdf_check(const struct km_alg *alg, const struct km_hash_kdf *with, size_t len)
{
    bool fits = false;
    if (km_alg_is_extract(alg))
        fits = with->info.len == 0 && len == alg->digest_len;
    else if (km_alg_is_expand(alg))
        fits = with->salt.len == 0 && len <= (size_t)EXPAND_BLOCKS_MAX * alg->digest_len;
    else
        fits = with->salt.len == 0 && with->info.len == 0 &&
               (len <= alg->digest_len || (alg->flags & KM_ALG_SHAKE) != 0);
    return fits ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

static TEE_Result digest(const struct km_alg *alg, struct km_slice secret, struct km_span out)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t whole[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t len = sizeof(whole);
    KM_TRY_TEE(TEE_AllocateOperation(&op, alg->tee, TEE_MODE_DIGEST, 0));
    if ((alg->flags & KM_ALG_SHAKE) != 0) {
        size_t wanted = out.len;
        TEE_DigestUpdate(op, secret.ptr, secret.len);
        return TEE_DigestExtract(op, out.ptr, &wanted);
    }
    TEE_Result result = TEE_DigestDoFinal(op, secret.ptr, secret.len, whole, &len);
    if (result == TEE_SUCCESS)
        km_copy(out.ptr, out.len, whole, out.len);
    TEE_MemFill(whole, 0, sizeof(whole));
    return result;
}

static TEE_Result hmac_op(const struct km_alg *alg, struct km_slice secret,
                          TEE_OperationHandle *ret_op)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_key_hmac_object(secret, alg, &object));
    KM_TRY_TEE(TEE_AllocateOperation(&op, alg->tee, TEE_MODE_MAC, alg->hash_block * 8u));
    KM_TRY_TEE(TEE_SetOperationKey(op, object));
    *ret_op = km_steal(&op);
    return TEE_SUCCESS;
}

static TEE_Result extract(const struct km_alg *alg, struct km_slice secret, struct km_slice salt,
                          struct km_span out)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = out.len;
    KM_TRY_TEE(hmac_op(alg, salt, &op));
    TEE_MACInit(op, NULL, 0);
    return TEE_MACComputeFinal(op, secret.ptr, secret.len, out.ptr, &len);
}

static TEE_Result expand(const struct km_alg *alg, struct km_slice secret, struct km_slice info,
                         struct km_span out)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t block[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t block_len = 0;
    TEE_Result result = hmac_op(alg, secret, &op);
    for (size_t at = 0; at < out.len && result == TEE_SUCCESS; at += block_len) {
        uint8_t count = (uint8_t)(at / alg->digest_len + 1u);
        TEE_MACInit(op, NULL, 0);
        if (at != 0)
            TEE_MACUpdate(op, block, block_len);
        if (info.len != 0)
            TEE_MACUpdate(op, info.ptr, info.len);
        block_len = sizeof(block);
        result = TEE_MACComputeFinal(op, &count, sizeof(count), block, &block_len);
        if (result == TEE_SUCCESS)
            km_copy(out.ptr + at, out.len - at, block,
                    block_len < out.len - at ? block_len : out.len - at);
    }
    TEE_MemFill(block, 0, sizeof(block));
    return result;
}

TEE_Result km_hash_kdf_run(const struct km_key *key, const struct km_alg *alg,
                           const struct km_hash_kdf *with, struct km_span out)
{
    struct km_crypto_attrs attrs = {0};
    km_key_attrs(key, &attrs);
    struct km_slice secret = attrs.at[0].value;
    if (km_alg_is_extract(alg))
        return extract(alg, secret, with->salt, out);
    if (km_alg_is_expand(alg))
        return expand(alg, secret, with->info, out);
    return digest(alg, secret, out);
}
