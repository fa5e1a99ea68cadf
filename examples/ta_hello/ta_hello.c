/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trusted application as anybody could write it, with nothing but the GlobalPlatform TEE Internal
 * Core API: it greets, counts greetings in its sealed store, and authenticates bytes with a key
 * that exists nowhere but here.
 */
#include <string.h>
#include <tee_internal_api.h>

#include "hello_protocol.h"

#define NAME_MAX_LEN 64
#define KEY_BITS 256

static const char count_name[] = "count";
static const char key_name[] = "key";

static TEE_Result count_read(uint32_t *ret_count)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    size_t n = 0;
    *ret_count = 0;
    TEE_Result result =
        TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, count_name, sizeof(count_name) - 1,
                                 TEE_DATA_FLAG_ACCESS_READ, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    if (result != TEE_SUCCESS)
        return result;
    result = TEE_ReadObjectData(object, ret_count, sizeof(*ret_count), &n);
    TEE_CloseObject(object);
    return result == TEE_SUCCESS && n != sizeof(*ret_count) ? TEE_ERROR_CORRUPT_OBJECT : result;
}

static TEE_Result count_write(uint32_t count)
{
    return TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, count_name, sizeof(count_name) - 1,
                                      TEE_DATA_FLAG_OVERWRITE, TEE_HANDLE_NULL, &count,
                                      sizeof(count), NULL);
}

/* Made on first use; every later call, also after a restart, finds it again. */
static TEE_Result key_open(TEE_ObjectHandle *ret_key)
{
    TEE_ObjectHandle fresh = TEE_HANDLE_NULL;
    TEE_Result result = TEE_OpenPersistentObject(
        TEE_STORAGE_PRIVATE, key_name, sizeof(key_name) - 1, TEE_DATA_FLAG_ACCESS_READ, ret_key);
    if (result != TEE_ERROR_ITEM_NOT_FOUND)
        return result;
    result = TEE_AllocateTransientObject(TEE_TYPE_HMAC_SHA256, KEY_BITS, &fresh);
    if (result == TEE_SUCCESS)
        result = TEE_GenerateKey(fresh, KEY_BITS, NULL, 0);
    if (result == TEE_SUCCESS)
        result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, key_name, sizeof(key_name) - 1,
                                            TEE_DATA_FLAG_ACCESS_READ, fresh, NULL, 0, ret_key);
    TEE_FreeTransientObject(fresh);
    return result;
}

static TEE_Result greet(uint32_t types, TEE_Param params[4])
{
    static const char before[] = "Hello, ";
    uint32_t count = 0;
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    size_t name_len = params[0].memref.size;
    size_t needed = sizeof(before) - 1 + name_len + 1;
    size_t room = params[1].memref.size;
    if (name_len == 0 || name_len > NAME_MAX_LEN)
        return TEE_ERROR_BAD_PARAMETERS;
    params[1].memref.size = needed;
    if (room < needed)
        return TEE_ERROR_SHORT_BUFFER;
    char *out = params[1].memref.buffer;
    TEE_MemMove(out, before, sizeof(before) - 1);
    TEE_MemMove(out + sizeof(before) - 1, params[0].memref.buffer, name_len);
    out[needed - 1] = '!';
    TEE_Result result = count_read(&count);
    return result == TEE_SUCCESS ? count_write(count + 1) : result;
}

static TEE_Result count(uint32_t types, TEE_Param params[4])
{
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    params[0].value.b = 0;
    return count_read(&params[0].value.a);
}

static TEE_Result seal(uint32_t types, TEE_Param params[4])
{
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_OperationHandle mac = TEE_HANDLE_NULL;
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                 TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_Result result = key_open(&key);
    if (result == TEE_SUCCESS)
        result = TEE_AllocateOperation(&mac, TEE_ALG_HMAC_SHA256, TEE_MODE_MAC, KEY_BITS);
    if (result == TEE_SUCCESS)
        result = TEE_SetOperationKey(mac, key);
    if (result == TEE_SUCCESS) {
        TEE_MACInit(mac, NULL, 0);
        result = TEE_MACComputeFinal(mac, params[0].memref.buffer, params[0].memref.size,
                                     params[1].memref.buffer, &params[1].memref.size);
    }
    TEE_FreeOperation(mac);
    TEE_CloseObject(key);
    return result;
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4], void **sessionContext)
{
    (void)params;
    *sessionContext = NULL;
    return paramTypes == 0 ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    (void)sessionContext;
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[4])
{
    (void)sessionContext;
    switch (commandID) {
    case HELLO_GREET:
        return greet(paramTypes, params);
    case HELLO_COUNT:
        return count(paramTypes, params);
    case HELLO_SEAL:
        return seal(paramTypes, params);
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
