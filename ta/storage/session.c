/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/session.h"

struct km_work *km_session_work(struct km_session *session)
{
    if (session->work == NULL)
        session->work = TEE_Malloc(sizeof(*session->work), TEE_MALLOC_FILL_ZERO);
    return session->work;
}

/* ---- who may ---- */

TEE_Result km_file_wanted(const struct km_session *session, const struct km_storage_wish *wish,
                          struct km_file *ret)
{
    const struct km_owner named = {.kind = KM_OWNER_UID, .uid = wish->owner_uid};
    bool is_named = (wish->flags & KM_STORAGE_OF_OWNER) != 0;
    char space = (wish->flags & KM_STORAGE_SHARED) != 0 ? KM_SPACE_SHARED : KM_SPACE_PRIVATE;
    return km_file_set(ret, space, is_named ? &named : &session->caller.owner, &wish->name);
}

bool km_owns(const struct km_session *session, const struct km_file *file)
{
    return km_owner_equal(&session->caller.owner, &file->owner);
}

static bool fits(const struct km_client *caller, const struct km_storage_grant *grant)
{
    if (caller->owner.kind != KM_OWNER_UID)
        return false;
    return grant->kind == KM_STORAGE_GRANT_UID ? grant->id == caller->owner.uid
                                               : grant->id == caller->gid;
}

/* KM_STORAGE_READ and _WRITE that the grants give. */
static uint32_t rights_of(const struct km_client *caller, const struct km_storage_grants *grants)
{
    uint32_t rights = 0;
    for (uint32_t i = 0; i < grants->n; i++) {
        if (fits(caller, &grants->at[i]))
            rights |= grants->at[i].rights;
    }
    return rights;
}

TEE_Result km_look(const struct km_session *session, const struct km_file *file,
                   enum km_right right, struct km_file_head *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    bool is_for_admin = right == KM_RIGHT_SEE || right == KM_RIGHT_REMOVE;
    bool may = km_owns(session, file) || (is_for_admin && session->caller.is_admin);
    if (!may && file->space != KM_SPACE_SHARED)
        return TEE_ERROR_ITEM_NOT_FOUND;
    KM_TRY_TEE(km_file_head_open(file, KM_TOGETHER, &object, ret));
    if (may)
        return TEE_SUCCESS;
    uint32_t rights = rights_of(&session->caller, &ret->grants);
    if (rights == 0)
        return TEE_ERROR_ITEM_NOT_FOUND;
    bool is_enough = right == KM_RIGHT_SEE || right == KM_RIGHT_READ ||
                     (right == KM_RIGHT_WRITE && (rights & KM_STORAGE_WRITE) != 0);
    return is_enough ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

TEE_Result km_slot_sweep(const struct km_file *file, uint32_t slot)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle contents = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_file_head head = {0};
    TEE_Result result = km_file_open(file, (char)(KM_ROLE_SLOT + slot), KM_LAST, &contents);
    bool is_damaged = result == TEE_ERROR_CORRUPT_OBJECT;
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    if (!is_damaged)
        KM_TRY_TEE(result);
    result = km_file_head_open(file, KM_TOGETHER, &object, &head);
    if (result == TEE_SUCCESS && head.slot == slot)
        return KM_STORAGE_E_EXISTS;
    if (result != TEE_SUCCESS && result != TEE_ERROR_ITEM_NOT_FOUND)
        return result;
    return is_damaged ? km_file_wipe(file, (char)(KM_ROLE_SLOT + slot)) : km_file_delete(&contents);
}
