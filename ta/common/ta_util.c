/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/ta_util.h"

void km_ta_freep(void *p)
{
    void **block = p;
    TEE_Free(*block);
    *block = NULL;
}

void km_ta_objectp(TEE_ObjectHandle *object)
{
    TEE_CloseObject(*object);
    *object = TEE_HANDLE_NULL;
}

void km_ta_operationp(TEE_OperationHandle *operation)
{
    TEE_FreeOperation(*operation);
    *operation = TEE_HANDLE_NULL;
}

void km_ta_enumeratorp(TEE_ObjectEnumHandle *enumerator)
{
    TEE_FreePersistentObjectEnumerator(*enumerator);
    *enumerator = TEE_HANDLE_NULL;
}

void km_ta_sessionp(TEE_TASessionHandle *session)
{
    TEE_CloseTASession(*session);
    *session = TEE_HANDLE_NULL;
}

void km_ta_unreached(void)
{
    TEE_Panic(TEE_ERROR_GENERIC);
}

TEE_Result km_ta_room(TEE_Param *out, size_t len)
{
    if (out->memref.size >= len)
        return TEE_SUCCESS;
    out->memref.size = len;
    return TEE_ERROR_SHORT_BUFFER;
}

TEE_Result km_ta_give(TEE_Param *out, struct km_slice bytes)
{
    KM_TRY_TEE(km_ta_room(out, bytes.len));
    if (bytes.len != 0)
        km_copy(out->memref.buffer, out->memref.size, bytes.ptr, bytes.len);
    out->memref.size = bytes.len;
    return TEE_SUCCESS;
}

TEE_Result km_ta_settle(TEE_ObjectHandle *object, TEE_Result result)
{
    if (result == TEE_ERROR_CORRUPT_OBJECT)
        *object = TEE_HANDLE_NULL;
    return result;
}

TEE_Result km_sha256(struct km_slice octets, uint8_t ret[32])
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = 32;
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(op, octets.ptr, octets.len, ret, &len);
}

TEE_Result km_object_new(uint32_t tee_type, uint32_t bits, const TEE_Attribute *attrs,
                         uint32_t n_attrs, uint32_t usage, TEE_ObjectHandle *ret_object)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(TEE_AllocateTransientObject(tee_type, bits, &object));
    KM_TRY_TEE(TEE_PopulateTransientObject(object, attrs, n_attrs));
    KM_TRY_TEE(TEE_RestrictObjectUsage1(object, usage));
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}

TEE_Result km_storage_state(uint8_t ret[KM_STORAGE_STATE_LEN])
{
#ifdef TEE_KM_EXTENSIONS
    uint64_t count = 0;
    uint8_t name[TEE_KM_STORAGE_STATE_LEN] = {0};
    KM_TRY_TEE(TEE_KmStorageState(TEE_STORAGE_PRIVATE, &count, name));
    struct km_wr wr = km_wr_init(ret, KM_STORAGE_STATE_LEN);
    km_wr_u64le(&wr, count);
    km_wr_bytes(&wr, KM_SLICE(name, sizeof(name)));
    return TEE_SUCCESS;
#else
    (void)ret;
    return TEE_ERROR_NOT_SUPPORTED;
#endif
}

uint64_t km_now(void)
{
    TEE_Time now = {0};
    TEE_GetREETime(&now);
    return now.seconds;
}

void km_audit_name(const char *operation, struct km_slice subject, TEE_Result result)
{
#ifdef TEE_KM_EXTENSIONS
    TEE_KmAudit(operation, subject.ptr, subject.len, result);
#else
    (void)operation;
    (void)subject;
    (void)result;
#endif
}
