/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For sources written against version 1.1 of the Internal Core API, whose lengths are uint32_t where later versions have
 * size_t. With __OPTEE_CORE_API_COMPAT_1_1 defined to 1 before the first header of the kit, the functions that hand a length back
 * take a pointer to either; nothing else changes, so that TEE_Param and TEE_Attribute stay those of this version.
 * Needs C11. The names that 1.1 has and later versions deprecated are in tee_internal_api.h and need no macro.
 */
#ifndef TEE_API_COMPAT_H
#define TEE_API_COMPAT_H

#include "tee_internal_api.h"

#if defined(__OPTEE_CORE_API_COMPAT_1_1) && __OPTEE_CORE_API_COMPAT_1_1

/* A length that does not fit the caller's 32 bits can't be: it was never more than what they said. */
/* clang-format off */
static inline TEE_Result km_compat_TEE_GetPropertyAsString(TEE_PropSetHandle set, const char *name, char *buffer, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_GetPropertyAsString)(set, name, buffer, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle set, const char *name, void *buffer, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_GetPropertyAsBinaryBlock)(set, name, buffer, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_GetPropertyName(TEE_PropSetHandle set, void *buffer, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_GetPropertyName)(set, buffer, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_GetObjectBufferAttribute(TEE_ObjectHandle object, uint32_t id, void *buffer, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_GetObjectBufferAttribute)(object, id, buffer, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_GetNextPersistentObject(TEE_ObjectEnumHandle list, TEE_ObjectInfo *info, void *id, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_GetNextPersistentObject)(list, info, id, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_ReadObjectData(TEE_ObjectHandle object, void *buffer, size_t size, uint32_t *count)
{
    size_t wide = *count;
    TEE_Result result = (TEE_ReadObjectData)(object, buffer, size, &wide);
    *count = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_DigestDoFinal(TEE_OperationHandle op, const void *chunk, size_t chunk_len, void *hash, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_DigestDoFinal)(op, chunk, chunk_len, hash, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_CipherUpdate(TEE_OperationHandle op, const void *src, size_t src_len, void *dst, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_CipherUpdate)(op, src, src_len, dst, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_CipherDoFinal(TEE_OperationHandle op, const void *src, size_t src_len, void *dst, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_CipherDoFinal)(op, src, src_len, dst, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_MACComputeFinal(TEE_OperationHandle op, const void *message, size_t message_len, void *mac, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_MACComputeFinal)(op, message, message_len, mac, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_AEUpdate(TEE_OperationHandle op, const void *src, size_t src_len, void *dst, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_AEUpdate)(op, src, src_len, dst, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_AEDecryptFinal(TEE_OperationHandle op, const void *src, size_t src_len, void *dst, uint32_t *len, void *tag, size_t tag_len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_AEDecryptFinal)(op, src, src_len, dst, &wide, tag, tag_len);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_AsymmetricEncrypt(TEE_OperationHandle op, const TEE_Attribute *params, uint32_t count, const void *src, size_t src_len, void *dst, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_AsymmetricEncrypt)(op, params, count, src, src_len, dst, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_AsymmetricDecrypt(TEE_OperationHandle op, const TEE_Attribute *params, uint32_t count, const void *src, size_t src_len, void *dst, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_AsymmetricDecrypt)(op, params, count, src, src_len, dst, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_AsymmetricSignDigest(TEE_OperationHandle op, const TEE_Attribute *params, uint32_t count, const void *digest, size_t digest_len, void *signature, uint32_t *len)
{
    size_t wide = *len;
    TEE_Result result = (TEE_AsymmetricSignDigest)(op, params, count, digest, digest_len, signature, &wide);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_BigIntConvertToOctetString(void *buffer, uint32_t *len, const TEE_BigInt *number)
{
    size_t wide = *len;
    TEE_Result result = (TEE_BigIntConvertToOctetString)(buffer, &wide, number);
    *len = (uint32_t)wide;
    return result;
}
static inline TEE_Result km_compat_TEE_AEEncryptFinal(TEE_OperationHandle op, const void *src, size_t src_len, void *dst, uint32_t *len, void *tag, uint32_t *tag_len)
{
    size_t wide = len != NULL ? *len : 0;
    size_t wide_tag = *tag_len;
    TEE_Result result = (TEE_AEEncryptFinal)(op, src, src_len, dst, len != NULL ? &wide : NULL, tag, &wide_tag);
    if (len != NULL)
        *len = (uint32_t)wide;
    *tag_len = (uint32_t)wide_tag;
    return result;
}

#define TEE_GetPropertyAsString(set, name, buffer, len) _Generic((len), uint32_t *: km_compat_TEE_GetPropertyAsString, default: TEE_GetPropertyAsString)(set, name, buffer, len)
#define TEE_GetPropertyAsBinaryBlock(set, name, buffer, len) _Generic((len), uint32_t *: km_compat_TEE_GetPropertyAsBinaryBlock, default: TEE_GetPropertyAsBinaryBlock)(set, name, buffer, len)
#define TEE_GetPropertyName(set, buffer, len) _Generic((len), uint32_t *: km_compat_TEE_GetPropertyName, default: TEE_GetPropertyName)(set, buffer, len)
#define TEE_GetObjectBufferAttribute(object, id, buffer, len) _Generic((len), uint32_t *: km_compat_TEE_GetObjectBufferAttribute, default: TEE_GetObjectBufferAttribute)(object, id, buffer, len)
#define TEE_GetNextPersistentObject(list, info, id, len) _Generic((len), uint32_t *: km_compat_TEE_GetNextPersistentObject, default: TEE_GetNextPersistentObject)(list, info, id, len)
#define TEE_ReadObjectData(object, buffer, size, count) _Generic((count), uint32_t *: km_compat_TEE_ReadObjectData, default: TEE_ReadObjectData)(object, buffer, size, count)
#define TEE_DigestDoFinal(op, chunk, chunk_len, hash, len) _Generic((len), uint32_t *: km_compat_TEE_DigestDoFinal, default: TEE_DigestDoFinal)(op, chunk, chunk_len, hash, len)
#define TEE_CipherUpdate(op, src, src_len, dst, len) _Generic((len), uint32_t *: km_compat_TEE_CipherUpdate, default: TEE_CipherUpdate)(op, src, src_len, dst, len)
#define TEE_CipherDoFinal(op, src, src_len, dst, len) _Generic((len), uint32_t *: km_compat_TEE_CipherDoFinal, default: TEE_CipherDoFinal)(op, src, src_len, dst, len)
#define TEE_MACComputeFinal(op, message, message_len, mac, len) _Generic((len), uint32_t *: km_compat_TEE_MACComputeFinal, default: TEE_MACComputeFinal)(op, message, message_len, mac, len)
#define TEE_AEUpdate(op, src, src_len, dst, len) _Generic((len), uint32_t *: km_compat_TEE_AEUpdate, default: TEE_AEUpdate)(op, src, src_len, dst, len)
#define TEE_AEDecryptFinal(op, src, src_len, dst, len, tag, tag_len) _Generic((len), uint32_t *: km_compat_TEE_AEDecryptFinal, default: TEE_AEDecryptFinal)(op, src, src_len, dst, len, tag, tag_len)
#define TEE_AsymmetricEncrypt(op, params, count, src, src_len, dst, len) _Generic((len), uint32_t *: km_compat_TEE_AsymmetricEncrypt, default: TEE_AsymmetricEncrypt)(op, params, count, src, src_len, dst, len)
#define TEE_AsymmetricDecrypt(op, params, count, src, src_len, dst, len) _Generic((len), uint32_t *: km_compat_TEE_AsymmetricDecrypt, default: TEE_AsymmetricDecrypt)(op, params, count, src, src_len, dst, len)
#define TEE_AsymmetricSignDigest(op, params, count, digest, digest_len, signature, len) _Generic((len), uint32_t *: km_compat_TEE_AsymmetricSignDigest, default: TEE_AsymmetricSignDigest)(op, params, count, digest, digest_len, signature, len)
#define TEE_BigIntConvertToOctetString(buffer, len, number) _Generic((len), uint32_t *: km_compat_TEE_BigIntConvertToOctetString, default: TEE_BigIntConvertToOctetString)(buffer, len, number)
#define TEE_AEEncryptFinal(op, src, src_len, dst, len, tag, tag_len) _Generic((tag_len), uint32_t *: km_compat_TEE_AEEncryptFinal, default: TEE_AEEncryptFinal)(op, src, src_len, dst, len, tag, tag_len)
/* clang-format on */

#endif

#endif
