/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/stored.h"

#include "ta/common/turn.h"

struct object_id {
    uint8_t at[1 + KM_CRYPTO_NAME_MAX];
    size_t len;
};

static struct object_id id_of(char kind, const struct km_crypto_name *name)
{
    struct object_id id = {.len = 1u + name->len};
    id.at[0] = (uint8_t)kind;
    km_copy(id.at + 1, sizeof(id.at) - 1, name->at, name->len);
    return id;
}

TEE_Result km_stored_open(char kind, const struct km_crypto_name *name, uint32_t flags,
                          TEE_ObjectHandle *ret_object)
{
    struct object_id id = id_of(kind, name);
    KM_AUTO(km_turn_end) struct km_turn turn = {.id = KM_SLICE(id.at, id.len)};
    for (;;) {
        TEE_Result result = TEE_ERROR_ACCESS_CONFLICT;
        if (km_turn_has_come(&turn))
            result =
                TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id.at, id.len, flags, ret_object);
        if (result != TEE_ERROR_ACCESS_CONFLICT)
            return result;
        KM_TRY_TEE(km_turn_await(&turn));
    }
}

TEE_Result km_stored_create(char kind, const struct km_crypto_name *name, struct km_slice data)
{
    struct object_id id = id_of(kind, name);
    TEE_Result result =
        TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id.at, id.len, TEE_DATA_FLAG_ACCESS_READ,
                                   TEE_HANDLE_NULL, data.ptr, data.len, NULL);
    return result == TEE_ERROR_ACCESS_CONFLICT ? KM_CRYPTO_E_EXISTS : result;
}

TEE_Result km_stored_replace(char kind, const struct km_crypto_name *name, struct km_slice data)
{
    struct object_id id = id_of(kind, name);
    KM_AUTO(km_turn_end) struct km_turn turn = {.id = KM_SLICE(id.at, id.len)};
    for (;;) {
        TEE_Result result = TEE_ERROR_ACCESS_CONFLICT;
        if (km_turn_has_come(&turn))
            result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id.at, id.len,
                                                TEE_DATA_FLAG_OVERWRITE, TEE_HANDLE_NULL, data.ptr,
                                                data.len, NULL);
        if (result != TEE_ERROR_ACCESS_CONFLICT)
            return result;
        KM_TRY_TEE(km_turn_await(&turn));
    }
}

TEE_Result km_stored_open_or_create(char kind, const struct km_crypto_name *name,
                                    struct km_slice initial, uint32_t flags,
                                    TEE_ObjectHandle *ret_object)
{
    /* Whose turn at making it comes second sees it only when the first has committed. */
    for (uint32_t waited = 0;; waited++) {
        TEE_Result result = km_stored_open(kind, name, flags, ret_object);
        if (result != TEE_ERROR_ITEM_NOT_FOUND || waited >= KM_TURN_MAX_MS)
            return result;
        result = km_stored_create(kind, name, initial);
        if (result == KM_CRYPTO_E_EXISTS)
            result = TEE_Wait(1);
        KM_TRY_TEE(result);
    }
}

TEE_Result km_stored_read(TEE_ObjectHandle *object, uint8_t buf[KM_RECORD_MAX],
                          struct km_slice *ret_data)
{
    TEE_ObjectInfo info = {0};
    size_t count = 0;
    KM_TRY_TEE(km_ta_settle(object, TEE_GetObjectInfo1(*object, &info)));
    if (info.dataSize > KM_RECORD_MAX)
        return TEE_ERROR_CORRUPT_OBJECT;
    KM_TRY_TEE(km_ta_settle(object, TEE_SeekObjectData(*object, 0, TEE_DATA_SEEK_SET)));
    KM_TRY_TEE(km_ta_settle(object, TEE_ReadObjectData(*object, buf, KM_RECORD_MAX, &count)));
    *ret_data = KM_SLICE(buf, count);
    return TEE_SUCCESS;
}

TEE_Result km_stored_write(TEE_ObjectHandle *object, size_t at, struct km_slice data)
{
    KM_TRY_TEE(km_ta_settle(object, TEE_SeekObjectData(*object, (intmax_t)at, TEE_DATA_SEEK_SET)));
    return km_ta_settle(object, TEE_WriteObjectData(*object, data.ptr, data.len));
}

TEE_Result km_stored_delete(TEE_ObjectHandle *object)
{
    TEE_ObjectHandle gone = km_steal(object);
    return TEE_CloseAndDeletePersistentObject1(gone);
}

TEE_Result km_stored_exists(char kind, const struct km_crypto_name *name, bool *ret_exists)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Result result =
        km_stored_open(kind, name, TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ, &object);
    if (result != TEE_SUCCESS && result != TEE_ERROR_ITEM_NOT_FOUND &&
        result != TEE_ERROR_CORRUPT_OBJECT)
        return result;
    *ret_exists = result != TEE_ERROR_ITEM_NOT_FOUND;
    return TEE_SUCCESS;
}

TEE_Result km_stored_walk_begin(struct km_stored_walk *walk, char kind, char also)
{
    km_stored_walk_end(walk);
    walk->kinds[0] = kind;
    walk->kinds[1] = also;
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&walk->enumerator));
    TEE_Result result = TEE_StartPersistentObjectEnumerator(walk->enumerator, TEE_STORAGE_PRIVATE);
    /* An empty storage is an empty list. */
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

/* What an identifier says; false: it is not one of this walk. */
static bool is_of(struct km_stored_walk *walk, struct km_slice id, struct km_crypto_name *ret_name)
{
    if (id.len < 2 || memchr(walk->kinds, id.ptr[0], sizeof(walk->kinds)) == NULL)
        return false;
    walk->kind = (char)id.ptr[0];
    return km_crypto_name_parse(KM_SLICE(id.ptr + 1, id.len - 1), ret_name);
}

TEE_Result km_stored_walk_next(struct km_stored_walk *walk, struct km_crypto_name *ret_name)
{
    for (;;) {
        uint8_t id[TEE_OBJECT_ID_MAX_LEN] = {0};
        size_t len = sizeof(id);
        TEE_Result result = TEE_GetNextPersistentObject(walk->enumerator, NULL, id, &len);
        if (result == TEE_ERROR_CORRUPT_OBJECT)
            continue;
        KM_TRY_TEE(result);
        if (is_of(walk, KM_SLICE(id, len), ret_name))
            return TEE_SUCCESS;
    }
}

#ifdef TEE_KM_EXTENSIONS
TEE_Result km_stored_walk_read(struct km_stored_walk *walk, struct km_crypto_name *ret_name,
                               uint8_t buf[KM_RECORD_MAX], struct km_slice *ret_data)
{
    for (;;) {
        uint8_t id[TEE_OBJECT_ID_MAX_LEN] = {0};
        size_t len = sizeof(id);
        size_t size = 0;
        TEE_Result result =
            TEE_KmGetNextObjectData(walk->enumerator, walk->kinds, sizeof(walk->kinds), id, &len,
                                    buf, KM_RECORD_MAX, &size);
        if (result == TEE_ERROR_CORRUPT_OBJECT)
            continue;
        KM_TRY_TEE(result);
        if (!is_of(walk, KM_SLICE(id, len), ret_name))
            continue;
        *ret_data = KM_SLICE(buf, size);
        return size <= KM_RECORD_MAX ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
    }
}
#else
TEE_Result km_stored_walk_read(struct km_stored_walk *walk, struct km_crypto_name *ret_name,
                               uint8_t buf[KM_RECORD_MAX], struct km_slice *ret_data)
{
    for (;;) {
        KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
        KM_TRY_TEE(km_stored_walk_next(walk, ret_name));
        TEE_Result result = km_stored_open(
            walk->kind, ret_name, TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ, &object);
        if (result == TEE_SUCCESS)
            result = km_stored_read(&object, buf, ret_data);
        if (result != TEE_ERROR_ITEM_NOT_FOUND) /* deleted since */
            return result;
    }
}
#endif

void km_stored_walk_end(struct km_stored_walk *walk)
{
    TEE_FreePersistentObjectEnumerator(walk->enumerator);
    walk->enumerator = TEE_HANDLE_NULL;
}
