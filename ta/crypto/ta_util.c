/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/ta.h"

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
