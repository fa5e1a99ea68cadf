/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much an owner may store. Nothing is kept about it: who stores counts by walking over the ids, and again after having added
 * some more; so it can't drift, and several sessions at once go beyond it by no more than the shares below.
 */
#include "ta/storage/open.h"

/* Where the package's properties say nothing. */
#ifndef KM_QUOTA_FILES
#define KM_QUOTA_FILES 1024u
#endif
#ifndef KM_QUOTA_MIB
#define KM_QUOTA_MIB 256u
#endif
/* What a session adds before it counts anew. */
#define RECOUNT_FILES 64u
#define RECOUNT_OCTETS ((uint64_t)16 << 20)

static uint32_t property(const char *name, uint32_t otherwise)
{
    uint32_t value = 0;
    TEE_Result result = TEE_GetPropertyAsU32(TEE_PROPSET_CURRENT_TA, name, &value);
    return result == TEE_SUCCESS ? value : otherwise;
}

static uint32_t files_max(void)
{
    return property("org.keymoor.storage.quota.files", KM_QUOTA_FILES);
}

static uint64_t octets_max(void)
{
    return (uint64_t)property("org.keymoor.storage.quota.mib", KM_QUOTA_MIB) << 20;
}

/* The owner's next object, with what its id tells. ITEM_NOT_FOUND at the end. */
static TEE_Result next_of(TEE_ObjectEnumHandle all, const struct km_owner *owner,
                          struct km_file_id *ret, uint64_t *ret_len)
{
    for (;;) {
        uint8_t id[TEE_OBJECT_ID_MAX_LEN] = {0};
        size_t len = sizeof(id);
        TEE_ObjectInfo info = {0};
        TEE_Result result = TEE_GetNextPersistentObject(all, &info, id, &len);
        if (result == TEE_ERROR_CORRUPT_OBJECT)
            continue;
        KM_TRY_TEE(result);
        *ret_len = info.dataSize;
        if (km_file_id_parse(KM_SLICE(id, len), ret) && km_owner_equal(&ret->owner, owner))
            return TEE_SUCCESS;
    }
}

/* Files of this session that have no head yet. */
static uint32_t n_unborn(const struct km_session *session, const struct km_owner *owner)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < session->files.n_max; i++) {
        const struct km_open *open = session->files.at[i].item;
        n += open != NULL && open->next.is_there && open->next.is_new &&
             km_owner_equal(&open->file.owner, owner);
    }
    return n;
}

static TEE_Result count(struct km_session *session, const struct km_owner *owner)
{
    KM_AUTO(km_ta_enumeratorp) TEE_ObjectEnumHandle all = TEE_HANDLE_NULL;
    struct km_tally now = {.is_known = true, .owner = *owner, .n = n_unborn(session, owner)};
    struct km_file_id id = {0};
    uint64_t len = 0;
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&all));
    TEE_Result result = TEE_StartPersistentObjectEnumerator(all, TEE_STORAGE_PRIVATE);
    while (result == TEE_SUCCESS) {
        result = next_of(all, owner, &id, &len);
        if (result != TEE_SUCCESS)
            continue;
        now.n += id.role == KM_ROLE_HEAD;
        now.octets += id.role == KM_ROLE_HEAD ? 0 : len;
    }
    if (result != TEE_ERROR_ITEM_NOT_FOUND)
        return result;
    session->tally = now;
    return TEE_SUCCESS;
}

TEE_Result km_quota_sweep(const struct km_owner *owner)
{
    KM_AUTO(km_ta_enumeratorp) TEE_ObjectEnumHandle all = TEE_HANDLE_NULL;
    struct km_file_id id = {0};
    uint64_t len = 0;
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&all));
    TEE_Result result = TEE_StartPersistentObjectEnumerator(all, TEE_STORAGE_PRIVATE);
    while (result == TEE_SUCCESS) {
        result = next_of(all, owner, &id, &len);
        if (result != TEE_SUCCESS || id.role == KM_ROLE_HEAD)
            continue;
        struct km_file file = {.space = id.space, .owner = id.owner};
        km_copy(file.hash, sizeof(file.hash), id.hash, sizeof(id.hash));
        (void)km_slot_sweep(&file, (uint32_t)(id.role - KM_ROLE_SLOT));
    }
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

static bool is_too_much(const struct km_tally *tally, uint32_t n, uint64_t octets)
{
    return (n != 0 && tally->n + (uint64_t)n > files_max()) ||
           (octets != 0 && tally->octets + octets > octets_max());
}

TEE_Result km_quota_admit(struct km_session *session, const struct km_owner *owner, uint32_t n,
                          uint64_t octets)
{
    struct km_tally *tally = &session->tally;
    bool is_old = !tally->is_known || !km_owner_equal(&tally->owner, owner) ||
                  tally->n_since >= RECOUNT_FILES || tally->octets_since >= RECOUNT_OCTETS;
    if (is_old || is_too_much(tally, n, octets))
        KM_TRY_TEE(count(session, owner));
    if (is_too_much(tally, n, octets)) {
        /* Contents that nobody needs any more go before anything is refused. */
        KM_TRY_TEE(km_quota_sweep(owner));
        KM_TRY_TEE(count(session, owner));
    }
    if (is_too_much(tally, n, octets))
        return KM_STORAGE_E_QUOTA;
    tally->n += n;
    tally->n_since += n;
    tally->octets += octets;
    tally->octets_since += octets;
    return TEE_SUCCESS;
}

TEE_Result km_stored_size(const struct km_file *file, uint32_t slot, uint64_t *ret)
{
    KM_AUTO(km_ta_enumeratorp) TEE_ObjectEnumHandle all = TEE_HANDLE_NULL;
    struct km_file_id id = {0};
    KM_TRY_TEE(TEE_AllocatePersistentObjectEnumerator(&all));
    KM_TRY_TEE(TEE_StartPersistentObjectEnumerator(all, TEE_STORAGE_PRIVATE));
    do {
        KM_TRY_TEE(next_of(all, &file->owner, &id, ret));
    } while (id.role != (char)(KM_ROLE_SLOT + slot) || id.space != file->space ||
             memcmp(id.hash, file->hash, sizeof(id.hash)) != 0);
    return TEE_SUCCESS;
}

TEE_Result km_quota_usage(struct km_session *session, const struct km_owner *owner,
                          struct km_storage_usage *ret)
{
    KM_TRY_TEE(count(session, owner));
    *ret = (struct km_storage_usage){.n = session->tally.n,
                                     .n_max = files_max(),
                                     .octets = session->tally.octets,
                                     .octets_max = octets_max()};
    return TEE_SUCCESS;
}
