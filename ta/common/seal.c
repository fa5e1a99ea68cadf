/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/seal.h"

static TEE_Result derive(uint32_t algorithm, TEE_ObjectHandle key, uint32_t key_bits,
                         const TEE_Attribute *params, uint32_t n_params, uint8_t ret[32])
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    size_t len = 32;
    KM_TRY_TEE(TEE_AllocateOperation(&op, algorithm, TEE_MODE_DERIVE, key_bits));
    KM_TRY_TEE(TEE_SetOperationKey(op, key));
    KM_TRY_TEE(TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, 256, &derived));
    TEE_DeriveKey(op, params, n_params, derived);
    KM_TRY_TEE(TEE_GetObjectBufferAttribute(derived, TEE_ATTR_SECRET_VALUE, ret, &len));
    return len == 32 ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

TEE_Result km_seal_stretch(struct km_slice password, const uint8_t salt[KM_SEAL_SALT_LEN],
                           uint32_t iterations, uint8_t ret[32])
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_Attribute attr = {0};
    TEE_Attribute params[3] = {0};
    uint32_t bits = (uint32_t)(password.len * 8u);
    TEE_InitRefAttribute(&attr, TEE_ATTR_PBKDF2_PASSWORD, password.ptr, password.len);
    KM_TRY_TEE(km_object_new(TEE_TYPE_PBKDF2_PASSWORD, bits, &attr, 1, TEE_USAGE_DERIVE, &key));
    TEE_InitRefAttribute(&params[0], TEE_ATTR_PBKDF2_SALT, salt, KM_SEAL_SALT_LEN);
    TEE_InitValueAttribute(&params[1], TEE_ATTR_PBKDF2_ITERATION_COUNT, iterations, 0);
    TEE_InitValueAttribute(&params[2], TEE_ATTR_PBKDF2_DKM_LENGTH, 32, 0);
    return derive(TEE_ALG_PBKDF2_HMAC_SHA256_DERIVE_KEY, key, bits, params, 3, ret);
}

TEE_Result km_seal_derive(const uint8_t secret[32], struct km_slice salt, struct km_slice info,
                          uint8_t ret[32])
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_Attribute attr = {0};
    TEE_Attribute params[3] = {0};
    TEE_InitRefAttribute(&attr, TEE_ATTR_HKDF_IKM, secret, 32);
    KM_TRY_TEE(km_object_new(TEE_TYPE_HKDF_IKM, 256, &attr, 1, TEE_USAGE_DERIVE, &key));
    TEE_InitRefAttribute(&params[0], __OPTEE_TEE_ATTR_HKDF_SALT, salt.ptr, salt.len);
    TEE_InitRefAttribute(&params[1], __OPTEE_ATTR_HKDF_INFO, info.ptr, info.len);
    TEE_InitValueAttribute(&params[2], TEE_ATTR_HKDF_OKM_LENGTH, 32, 0);
    return derive(TEE_ALG_HKDF_SHA256_DERIVE_KEY, key, 256, params, 3, ret);
}

static TEE_Result begin(const struct km_seal *seal, uint32_t mode, TEE_OperationHandle *ret_op)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle key = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute attr = {0};
    uint32_t usage = mode == TEE_MODE_ENCRYPT ? TEE_USAGE_ENCRYPT : TEE_USAGE_DECRYPT;
    TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, seal->key, 32);
    KM_TRY_TEE(km_object_new(TEE_TYPE_AES, 256, &attr, 1, usage, &key));
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_AES_GCM, mode, 256));
    KM_TRY_TEE(TEE_SetOperationKey(op, key));
    KM_TRY_TEE(
        TEE_AEInit(op, seal->nonce, KM_SEAL_NONCE_LEN, 8u * KM_SEAL_TAG_LEN, seal->aad.len, 0));
    if (seal->aad.len != 0)
        TEE_AEUpdateAAD(op, seal->aad.ptr, seal->aad.len);
    *ret_op = km_steal(&op);
    return TEE_SUCCESS;
}

TEE_Result km_seal_shut(const struct km_seal *seal, struct km_slice in, uint8_t *out,
                        uint8_t ret_tag[KM_SEAL_TAG_LEN])
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = in.len;
    size_t tag_len = KM_SEAL_TAG_LEN;
    KM_TRY_TEE(begin(seal, TEE_MODE_ENCRYPT, &op));
    return TEE_AEEncryptFinal(op, in.ptr, in.len, out, &len, ret_tag, &tag_len);
}

TEE_Result km_seal_open(const struct km_seal *seal, struct km_slice in,
                        const uint8_t tag[KM_SEAL_TAG_LEN], uint8_t *out)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t expected[KM_SEAL_TAG_LEN] = {0};
    size_t len = in.len;
    KM_TRY_TEE(begin(seal, TEE_MODE_DECRYPT, &op));
    km_copy(expected, sizeof(expected), tag, KM_SEAL_TAG_LEN);
    return TEE_AEDecryptFinal(op, in.ptr, in.len, out, &len, expected, sizeof(expected));
}
