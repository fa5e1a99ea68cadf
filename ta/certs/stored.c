/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/stored.h"

#include "ta/common/turn.h"

#define STEP_MAX_MS 32u
#define TOGETHER (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ)

struct km_stored_id km_stored_id(char kind, struct km_slice rest)
{
    struct km_stored_id id = {.at = {(uint8_t)kind}, .len = 1 + rest.len};
    km_copy(id.at + 1, KM_CERTS_NAME_MAX, rest.ptr, rest.len);
    return id;
}

bool km_stored_is(const struct km_stored_id *id, char kind)
{
    return id->len > 1 && id->at[0] == (uint8_t)kind;
}

bool km_stored_wait(uint32_t *waited_ms)
{
    /* 1, 1, 2, 4 ...: each as long as all before, to the longest. */
    uint32_t step = *waited_ms == 0 ? 1 : *waited_ms;
    if (step > STEP_MAX_MS)
        step = STEP_MAX_MS;
    if (*waited_ms >= KM_TURN_MAX_MS || TEE_Wait(step) != TEE_SUCCESS)
        return false;
    *waited_ms += step;
    return true;
}

static TEE_Result open_it(const struct km_stored_id *id, uint32_t flags, TEE_ObjectHandle *ret)
{
    uint32_t waited = 0;
    TEE_Result result = TEE_ERROR_ACCESS_CONFLICT;
    do {
        result = TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id->at, id->len, flags, ret);
    } while (result == TEE_ERROR_ACCESS_CONFLICT && km_stored_wait(&waited));
    return result;
}

static TEE_Result read_from(TEE_ObjectHandle *object, struct km_span out, size_t *ret_len)
{
    TEE_ObjectInfo info = {0};
    KM_TRY_TEE(km_ta_settle(object, TEE_GetObjectInfo1(*object, &info)));
    *ret_len = info.dataSize;
    if (info.dataSize > out.len)
        return TEE_ERROR_SHORT_BUFFER;
    size_t count = 0;
    KM_TRY_TEE(km_ta_settle(object, TEE_ReadObjectData(*object, out.ptr, info.dataSize, &count)));
    return count == info.dataSize ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

TEE_Result km_stored_read(const struct km_stored_id *id, struct km_span out, size_t *ret_len)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(open_it(id, TOGETHER, &object));
    TEE_Result result = read_from(&object, out, ret_len);
    return result == TEE_ERROR_SHORT_BUFFER ? TEE_ERROR_CORRUPT_OBJECT : result;
}

TEE_Result km_stored_give(const struct km_stored_id *id, TEE_Param *out)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    size_t room = out->memref.buffer != NULL ? out->memref.size : 0;
    size_t len = 0;
    KM_TRY_TEE(open_it(id, TOGETHER, &object));
    TEE_Result result = read_from(&object, KM_SPAN(out->memref.buffer, room), &len);
    if (result == TEE_SUCCESS || result == TEE_ERROR_SHORT_BUFFER)
        out->memref.size = len;
    return result;
}

TEE_Result km_stored_exists(const struct km_stored_id *id, bool *ret_exists)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Result result = open_it(id, TOGETHER, &object);
    *ret_exists = result == TEE_SUCCESS;
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

TEE_Result km_stored_put(const struct km_stored_id *id, struct km_slice data)
{
    uint32_t waited = 0;
    TEE_Result result = TEE_ERROR_ACCESS_CONFLICT;
    do {
        result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id->at, id->len,
                                            TEE_DATA_FLAG_OVERWRITE, TEE_HANDLE_NULL, data.ptr,
                                            data.len, NULL);
    } while (result == TEE_ERROR_ACCESS_CONFLICT && km_stored_wait(&waited));
    return result;
}

TEE_Result km_stored_drop(const struct km_stored_id *id)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Result result = open_it(id, TEE_DATA_FLAG_ACCESS_WRITE_META, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    KM_TRY_TEE(result);
    return TEE_CloseAndDeletePersistentObject1(km_steal(&object));
}

TEE_Result km_stored_walk(km_stored_each each, void *arg)
{
    KM_AUTO(km_ta_enumeratorp) TEE_ObjectEnumHandle all = TEE_HANDLE_NULL;
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&all));
    TEE_Result result = TEE_StartPersistentObjectEnumerator(all, TEE_STORAGE_PRIVATE);
    while (result == TEE_SUCCESS) {
        struct km_stored_id id = {.len = sizeof(id.at)};
        TEE_ObjectInfo info = {0};
        result = TEE_GetNextPersistentObject(all, &info, id.at, &id.len);
        if (result == TEE_SUCCESS)
            KM_TRY_TEE(each(arg, &id, info.dataSize));
    }
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

struct count {
    char kind;
    uint32_t n;
};

static TEE_Result count_one(void *arg, const struct km_stored_id *id, size_t len)
{
    struct count *count = arg;
    (void)len;
    count->n += km_stored_is(id, count->kind) ? 1 : 0;
    return TEE_SUCCESS;
}

TEE_Result km_stored_room(char kind, uint32_t max)
{
    struct count count = {.kind = kind};
    KM_TRY_TEE(km_stored_walk(count_one, &count));
    return count.n < max ? TEE_SUCCESS : TEE_ERROR_STORAGE_NO_SPACE;
}
