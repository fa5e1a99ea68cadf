/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/file.h"

#include "ta/common/turn.h"

#define STEP_MAX_MS 32u

TEE_Result km_wait_more(struct km_wait *wait)
{
    if (wait->waited_ms >= wait->max_ms)
        return TEE_ERROR_ACCESS_CONFLICT;
    wait->step_ms = wait->step_ms == 0 ? 1 : wait->step_ms;
    KM_TRY_TEE(TEE_Wait(wait->step_ms));
    wait->waited_ms += wait->step_ms;
    if (wait->step_ms < STEP_MAX_MS)
        wait->step_ms *= 2;
    return TEE_SUCCESS;
}

/* ---- ids ---- */

TEE_Result km_file_set(struct km_file *ret, char space, const struct km_owner *owner,
                       const struct km_storage_name *name)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = KM_FILE_HASH_LEN;
    *ret = (struct km_file){.space = space, .owner = *owner, .name = *name};
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(op, name->at, name->len, ret->hash, &len);
}

bool km_file_equal(const struct km_file *a, const struct km_file *b)
{
    return a->space == b->space && km_owner_equal(&a->owner, &b->owner) &&
           memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

static void id_put(const struct km_file *file, char role, uint8_t ret[KM_FILE_ID_LEN])
{
    struct km_wr wr = km_wr_init(ret, KM_FILE_ID_LEN);
    km_wr_u8(&wr, (uint8_t)role);
    km_wr_u8(&wr, (uint8_t)file->space);
    km_owner_write(&wr, &file->owner);
    km_wr_bytes(&wr, KM_SLICE(file->hash, sizeof(file->hash)));
}

bool km_file_id_parse(struct km_slice id, struct km_file_id *ret)
{
    struct km_rd rd = km_rd_init(id);
    struct km_file_id found = {0};
    uint8_t role = 0;
    uint8_t space = 0;
    if (!km_rd_u8(&rd, &role) || !km_rd_u8(&rd, &space) || !km_owner_read(&rd, &found.owner) ||
        !km_rd_copy(&rd, found.hash, sizeof(found.hash)) || !km_rd_done(&rd))
        return false;
    if ((role != KM_ROLE_HEAD && role != KM_ROLE_SLOT && role != KM_ROLE_SLOT + 1) ||
        (space != KM_SPACE_PRIVATE && space != KM_SPACE_SHARED))
        return false;
    found.role = (char)role;
    found.space = (char)space;
    *ret = found;
    return true;
}

/* ---- objects ---- */

TEE_Result km_settle(TEE_ObjectHandle *object, TEE_Result result)
{
    if (result == TEE_ERROR_CORRUPT_OBJECT)
        *object = TEE_HANDLE_NULL;
    return result;
}

TEE_Result km_file_open(const struct km_file *file, char role, uint32_t flags,
                        TEE_ObjectHandle *ret)
{
    uint8_t id[KM_FILE_ID_LEN] = {0};
    id_put(file, role, id);
    return TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id, sizeof(id), flags, ret);
}

TEE_Result km_file_create(const struct km_file *file, char role, uint32_t flags,
                          struct km_slice data, TEE_ObjectHandle *ret)
{
    uint8_t id[KM_FILE_ID_LEN] = {0};
    id_put(file, role, id);
    return TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id, sizeof(id), flags, TEE_HANDLE_NULL,
                                      data.ptr, data.len, ret);
}

TEE_Result km_file_delete(TEE_ObjectHandle *object)
{
    TEE_ObjectHandle gone = km_steal(object);
    return TEE_CloseAndDeletePersistentObject1(gone);
}

/* What can't be opened can be replaced. */
TEE_Result km_file_wipe(const struct km_file *file, char role)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(
        km_file_create(file, role, KM_LAST | TEE_DATA_FLAG_OVERWRITE, KM_SLICE(NULL, 0), &object));
    return km_file_delete(&object);
}

/* ---- heads ---- */

TEE_Result km_file_head_read(TEE_ObjectHandle *object, struct km_file_head *ret)
{
    uint8_t octets[KM_FILE_HEAD_LEN + 1] = {0};
    size_t len = 0;
    KM_TRY_TEE(km_settle(object, TEE_SeekObjectData(*object, 0, TEE_DATA_SEEK_SET)));
    KM_TRY_TEE(km_settle(object, TEE_ReadObjectData(*object, octets, sizeof(octets), &len)));
    return km_file_head_parse(KM_SLICE(octets, len), ret) ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

TEE_Result km_file_head_write(TEE_ObjectHandle *object, size_t at, struct km_slice data)
{
    KM_TRY_TEE(km_settle(object, TEE_SeekObjectData(*object, (intmax_t)at, TEE_DATA_SEEK_SET)));
    return km_settle(object, TEE_WriteObjectData(*object, data.ptr, data.len));
}

TEE_Result km_file_head_open(const struct km_file *file, uint32_t flags,
                             TEE_ObjectHandle *ret_object, struct km_file_head *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    uint8_t id[KM_FILE_ID_LEN] = {0};
    id_put(file, KM_ROLE_HEAD, id);
    KM_AUTO(km_turn_end) struct km_turn turn = {.id = KM_SLICE(id, sizeof(id))};
    for (;;) {
        TEE_Result result = TEE_ERROR_ACCESS_CONFLICT;
        if (km_turn_has_come(&turn))
            result = TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id, sizeof(id), flags, &object);
        if (result != TEE_ERROR_ACCESS_CONFLICT) {
            KM_TRY_TEE(result);
            break;
        }
        KM_TRY_TEE(km_turn_await(&turn));
    }
    KM_TRY_TEE(km_file_head_read(&object, ret));
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}
