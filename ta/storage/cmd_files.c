/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/commands.h"
#include "ta/storage/lock.h"
#include "ta/storage/open.h"

static struct km_slice octets_of(const TEE_Param *param)
{
    return KM_SLICE(param->memref.buffer, param->memref.size);
}

static void audit(const char *operation, const struct km_file *file, TEE_Result result)
{
    km_audit_name(operation, KM_SLICE(file->name.at, file->name.len), result);
}

/* The wish, the file it means, and its head if the caller has the right. */
static TEE_Result take(const struct km_session *session, const TEE_Param *param,
                       enum km_right right, struct km_storage_wish *wish, struct km_file *file,
                       struct km_file_head *head)
{
    KM_TRY_TEE(km_wish_take(param, wish));
    KM_TRY_TEE(km_file_wanted(session, wish, file));
    return km_look(session, file, right, head);
}

/* ---- looking ---- */

/* Without a right to read, so beside readers; beside a writer nothing can be opened. */
static TEE_Result size_of(const struct km_file *file, const struct km_file_head *head,
                          uint64_t *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_ObjectInfo info = {0};
    uint64_t stored = 0;
    TEE_Result result = km_file_open(file, (char)(KM_ROLE_SLOT + head->slot), KM_PEEK, &object);
    if (result == TEE_ERROR_ACCESS_CONFLICT) {
        KM_TRY_TEE(km_stored_size(file, head->slot, &stored));
    } else {
        KM_TRY_TEE(result);
        KM_TRY_TEE(km_settle(&object, TEE_GetObjectInfo1(object, &info)));
        stored = info.dataSize;
    }
    return km_content_size_of(head->lock.iterations != 0, stored, ret);
}

TEE_Result km_describe(const struct km_session *session, const struct km_file *file,
                       const struct km_file_head *head, struct km_storage_info *ret)
{
    struct km_storage_info info = {.made = head->made, .name = head->name};
    bool sees_grants = km_owns(session, file) || session->caller.is_admin;
    KM_TRY_TEE(size_of(file, head, &info.size));
    if (file->space == KM_SPACE_SHARED)
        info.flags |= KM_STORAGE_SHARED;
    if (head->lock.iterations != 0)
        info.flags |= KM_STORAGE_HAS_PASSWORD;
    if (sees_grants)
        info.grants = head->grants;
    *ret = info;
    return TEE_SUCCESS;
}

static TEE_Result stat_once(const struct km_session *session, const TEE_Param *param,
                            struct km_storage_info *ret)
{
    struct km_storage_wish wish = {0};
    struct km_file file = {0};
    struct km_file_head head = {0};
    KM_TRY_TEE(take(session, param, KM_RIGHT_SEE, &wish, &file, &head));
    TEE_Result result = km_describe(session, &file, &head, ret);
    /* Its contents are being replaced, or deleted with it: the next look tells. */
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_ERROR_ACCESS_CONFLICT : result;
}

TEE_Result km_cmd_stat(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t octets[KM_STORAGE_INFO_MAX] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    struct km_storage_info info = {0};
    struct km_wait wait = KM_WAIT_FILE;
    for (;;) {
        TEE_Result result = stat_once(session, &params[0], &info);
        if (result == TEE_SUCCESS)
            break;
        if (result != TEE_ERROR_ACCESS_CONFLICT)
            return result;
        KM_TRY_TEE(km_wait_more(&wait));
    }
    km_storage_info_write(&wr, &info);
    return km_ta_give(&params[1], KM_SLICE(octets, wr.len));
}

TEE_Result km_cmd_usage(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t octets[KM_STORAGE_USAGE_LEN] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    struct km_storage_usage usage = {0};
    KM_TRY_TEE(km_quota_usage(session, &session->caller.owner, &usage));
    km_storage_usage_write(&wr, &usage);
    return km_ta_give(&params[0], KM_SLICE(octets, wr.len));
}

TEE_Result km_cmd_password_wait(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_storage_wish wish = {0};
    struct km_file file = {0};
    struct km_file_head head = {0};
    KM_TRY_TEE(take(session, &params[0], KM_RIGHT_SEE, &wish, &file, &head));
    const struct km_guesses *guesses =
        km_guesses_of(&head.counts, &file.owner, &session->caller.owner);
    params[1].value.a = (uint32_t)km_guesses_wait(guesses, km_now());
    params[1].value.b = 0;
    return TEE_SUCCESS;
}

/* ---- deleting ---- */

/* The head goes first: from then on there is no such file, whatever happens to the rest. */
static TEE_Result remove_once(const struct km_file *file)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle contents = TEE_HANDLE_NULL;
    struct km_file_head head = {0};
    TEE_Result result = km_file_head_open(file, KM_LAST, &object, &head);
    if (result == TEE_ERROR_CORRUPT_OBJECT) {
        KM_TRY_TEE(km_file_wipe(file, KM_ROLE_HEAD));
        (void)km_slot_sweep(file, 0);
        (void)km_slot_sweep(file, 1);
        return TEE_SUCCESS;
    }
    KM_TRY_TEE(result);
    result = km_file_open(file, (char)(KM_ROLE_SLOT + head.slot), KM_LAST, &contents);
    /* Without its contents it is damaged, and good for nothing but this. */
    if (result != TEE_ERROR_ITEM_NOT_FOUND && result != TEE_ERROR_CORRUPT_OBJECT)
        KM_TRY_TEE(result);
    KM_TRY_TEE(km_file_delete(&object));
    if (contents != TEE_HANDLE_NULL)
        (void)km_file_delete(&contents);
    (void)km_slot_sweep(file, 0);
    (void)km_slot_sweep(file, 1);
    return TEE_SUCCESS;
}

TEE_Result km_remove(const struct km_file *file)
{
    struct km_wait wait = KM_WAIT_FILE;
    for (;;) {
        TEE_Result result = remove_once(file);
        if (result != TEE_ERROR_ACCESS_CONFLICT)
            return result;
        KM_TRY_TEE(km_wait_more(&wait));
    }
}

TEE_Result km_cmd_delete(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_storage_wish wish = {0};
    struct km_file file = {0};
    struct km_file_head head = {0};
    uint8_t secret[KM_FILE_HEAD_SECRET_LEN] = {0};
    struct km_slice password = octets_of(&params[1]);
    TEE_Result looked = take(session, &params[0], KM_RIGHT_REMOVE, &wish, &file, &head);
    /* Nobody can tell any more whether it had a password. */
    if (looked != TEE_ERROR_CORRUPT_OBJECT || !session->caller.is_admin)
        KM_TRY_TEE(looked);
    if (km_open_blocked(session, &file, 0))
        return TEE_ERROR_ACCESS_CONFLICT;
    bool is_free = head.lock.iterations == 0 || session->caller.is_admin;
    if (!is_free || (looked == TEE_SUCCESS && password.len != 0)) {
        TEE_Result result = km_lock_open(&file, &session->caller.owner, password, &head, secret);
        TEE_MemFill(secret, 0, sizeof(secret));
        KM_TRY_TEE(result);
    }
    TEE_Result result = km_remove(&file);
    audit("storage delete", &file, result);
    return result;
}

/* ---- changing what a head says ---- */

/* The secret stays the same, so what is sealed with it does too. */
static TEE_Result change_lock(const struct km_session *session, const struct km_file *file,
                              struct km_file_head *head, struct km_slice old_password,
                              struct km_slice new_password)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_file_head now = {0};
    uint8_t secret[KM_FILE_HEAD_SECRET_LEN] = {0};
    uint8_t octets[KM_LOCK_LEN] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    struct km_lock lock = {0};
    KM_TRY_TEE(km_lock_open(file, &session->caller.owner, old_password, head, secret));
    TEE_Result result = km_lock_make(&lock, head->id, new_password, secret);
    TEE_MemFill(secret, 0, sizeof(secret));
    KM_TRY_TEE(result);
    KM_TRY_TEE(km_file_head_open(file, KM_ALONE, &object, &now));
    /* Another change came first. */
    if (memcmp(&now.lock, &head->lock, sizeof(now.lock)) != 0 ||
        memcmp(now.id, head->id, sizeof(now.id)) != 0)
        return TEE_ERROR_ACCESS_CONFLICT;
    km_lock_write(&wr, &lock);
    return km_file_head_write(&object, KM_FILE_HEAD_LOCK_AT, KM_SLICE(octets, wr.len));
}

TEE_Result km_cmd_set_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_storage_wish wish = {0};
    struct km_file file = {0};
    struct km_file_head head = {0};
    struct km_slice old_password = octets_of(&params[1]);
    struct km_slice new_password = octets_of(&params[2]);
    TEE_Result result = TEE_SUCCESS;
    KM_TRY_TEE(take(session, &params[0], KM_RIGHT_OWN, &wish, &file, &head));
    if (old_password.len == 0 && new_password.len == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (km_open_blocked(session, &file, 0))
        return TEE_ERROR_ACCESS_CONFLICT;
    bool has_lock = head.lock.iterations != 0;
    if (has_lock != (old_password.len != 0))
        return KM_STORAGE_E_PASSWORD;
    if (has_lock && new_password.len != 0)
        result = change_lock(session, &file, &head, old_password, new_password);
    else
        result = km_open_set_password(session, &file, &head, old_password, new_password);
    audit("storage set-password", &file, result);
    return result;
}

TEE_Result km_cmd_set_grants(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_storage_wish wish = {0};
    struct km_file file = {0};
    struct km_file_head head = {0};
    uint8_t octets[KM_FILE_HEAD_LEN] = {0};
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(take(session, &params[0], KM_RIGHT_OWN, &wish, &file, &head));
    if (file.space != KM_SPACE_SHARED)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_file_head_open(&file, KM_ALONE, &object, &head));
    head.grants = wish.grants;
    km_file_head_put(&head, octets);
    TEE_Result result = km_file_head_write(&object, 0, KM_SLICE(octets, sizeof(octets)));
    audit("storage set-grants", &file, result);
    return result;
}
