/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/commands.h"

#include <stdio.h>

void km_walk_end(struct km_walk *walk)
{
    TEE_FreePersistentObjectEnumerator(walk->enumerator);
    *walk = (struct km_walk){0};
}

static TEE_Result walk_begin(struct km_walk *walk, char space, const struct km_owner *owner)
{
    km_walk_end(walk);
    walk->space = space;
    walk->owner = *owner;
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&walk->enumerator));
    TEE_Result result = TEE_StartPersistentObjectEnumerator(walk->enumerator, TEE_STORAGE_PRIVATE);
    /* An empty storage is an empty list. */
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

/* The next file of that owner and space; its name is not known yet. ITEM_NOT_FOUND at the end. */
static TEE_Result walk_next(const struct km_walk *walk, struct km_file *ret)
{
    for (;;) {
        uint8_t octets[TEE_OBJECT_ID_MAX_LEN] = {0};
        size_t len = sizeof(octets);
        struct km_file_id id = {0};
        TEE_Result result = TEE_GetNextPersistentObject(walk->enumerator, NULL, octets, &len);
        if (result == TEE_ERROR_CORRUPT_OBJECT)
            continue;
        KM_TRY_TEE(result);
        if (!km_file_id_parse(KM_SLICE(octets, len), &id) || id.role != KM_ROLE_HEAD ||
            id.space != walk->space || !km_owner_equal(&id.owner, &walk->owner))
            continue;
        *ret = (struct km_file){.space = id.space, .owner = id.owner};
        km_copy(ret->hash, sizeof(ret->hash), id.hash, sizeof(id.hash));
        return TEE_SUCCESS;
    }
}

/* ---- listing ---- */

/* What is damaged, goes away meanwhile or is not for this caller is passed over. */
static TEE_Result next_info(const struct km_session *session, struct km_storage_info *ret)
{
    for (;;) {
        struct km_file file = {0};
        struct km_file_head head = {0};
        struct km_wait wait = KM_WAIT_FILE;
        KM_TRY_TEE(walk_next(&session->walk, &file));
        TEE_Result result = TEE_ERROR_ACCESS_CONFLICT;
        while (result == TEE_ERROR_ACCESS_CONFLICT) {
            result = km_look(session, &file, KM_RIGHT_SEE, &head);
            if (result == TEE_SUCCESS)
                result = km_describe(session, &file, &head, ret);
            if (result == TEE_ERROR_ACCESS_CONFLICT)
                KM_TRY_TEE(km_wait_more(&wait));
        }
        if (result == TEE_SUCCESS)
            return result;
        if (result != TEE_ERROR_ITEM_NOT_FOUND && result != TEE_ERROR_CORRUPT_OBJECT)
            return result;
    }
}

/* False when it does not fit. */
static bool page_add(struct km_wr *page, const struct km_storage_info *info)
{
    uint8_t octets[KM_STORAGE_INFO_MAX] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_storage_info_write(&wr, info);
    if (page->cap - page->len < 4u + wr.len)
        return false;
    km_wr_blob32le(page, KM_SLICE(octets, wr.len));
    return true;
}

static TEE_Result page_fill(struct km_session *session, struct km_wr *page)
{
    struct km_walk *walk = &session->walk;
    for (;;) {
        if (!walk->has_pending)
            KM_TRY_TEE(next_info(session, &walk->pending));
        walk->has_pending = true;
        if (!page_add(page, &walk->pending))
            return TEE_SUCCESS;
        walk->has_pending = false;
    }
}

static TEE_Result begin_or_go_on(struct km_session *session, uint32_t cursor, uint32_t flags,
                                 uint32_t uid)
{
    const struct km_owner named = {.kind = KM_OWNER_UID, .uid = uid};
    char space = (flags & KM_STORAGE_SHARED) != 0 ? KM_SPACE_SHARED : KM_SPACE_PRIVATE;
    bool is_named = (flags & KM_STORAGE_OF_OWNER) != 0;
    if ((flags & ~(KM_STORAGE_SHARED | KM_STORAGE_OF_OWNER)) != 0 || (!is_named && uid != 0))
        return TEE_ERROR_BAD_PARAMETERS;
    if (cursor != 0)
        return cursor == session->walk.cursor ? TEE_SUCCESS : TEE_ERROR_BAD_STATE;
    return walk_begin(&session->walk, space, is_named ? &named : &session->caller.owner);
}

TEE_Result km_cmd_list(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t octets[KM_STORAGE_LIST_MAX] = {0};
    size_t room = params[2].memref.size;
    struct km_wr page = km_wr_init(octets, room < sizeof(octets) ? room : sizeof(octets));
    if (params[0].value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(begin_or_go_on(session, params[0].value.a, params[1].value.a, params[1].value.b));
    TEE_Result result = page_fill(session, &page);
    bool is_end = result == TEE_ERROR_ITEM_NOT_FOUND;
    if (is_end || result != TEE_SUCCESS)
        km_walk_end(&session->walk);
    if (!is_end)
        KM_TRY_TEE(result);
    if (!is_end && page.len == 0) {
        /* It stays for the next page, which begins anew. */
        km_walk_end(&session->walk);
        return km_ta_room(&params[2], 4u + KM_STORAGE_INFO_MAX);
    }
    if (!is_end)
        session->walk.cursor =
            ++session->last_cursor == 0 ? ++session->last_cursor : session->last_cursor;
    params[0].value.a = session->walk.cursor;
    return km_ta_give(&params[2], KM_SLICE(octets, page.len));
}

/* ---- all files of one who is gone ---- */

static TEE_Result purge_space(const struct km_owner *owner, char space)
{
    struct km_walk walk = {0};
    struct km_file file = {0};
    TEE_Result result = walk_begin(&walk, space, owner);
    TEE_Result first = TEE_SUCCESS;
    while (result == TEE_SUCCESS) {
        result = walk_next(&walk, &file);
        TEE_Result removed = result == TEE_SUCCESS ? km_remove(&file) : TEE_SUCCESS;
        if (removed != TEE_SUCCESS && removed != TEE_ERROR_ITEM_NOT_FOUND && first == TEE_SUCCESS)
            first = removed;
    }
    km_walk_end(&walk);
    return result == TEE_ERROR_ITEM_NOT_FOUND ? first : result;
}

TEE_Result km_cmd_purge(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_owner owner = {.kind = KM_OWNER_UID, .uid = params[0].value.a};
    char subject[16] = "";
    if (params[0].value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (!session->caller.is_admin)
        return TEE_ERROR_ACCESS_DENIED;
    TEE_Result result = purge_space(&owner, KM_SPACE_PRIVATE);
    TEE_Result other = purge_space(&owner, KM_SPACE_SHARED);
    (void)km_quota_sweep(&owner);
    (void)snprintf(subject, sizeof(subject), "uid %u", (unsigned)owner.uid);
    km_audit_name("storage purge", KM_SLICE_STR(subject), result == TEE_SUCCESS ? other : result);
    return result == TEE_SUCCESS ? other : result;
}
