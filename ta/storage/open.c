/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/open.h"

#include "ta/storage/lock.h"

/* Somebody changed the file between two looks at it: from the beginning. Never leaves this file. */
#define AGAIN 0x80c900ffu
#define TRIES_MAX 16u

static void wipe(struct km_open *open)
{
    km_next_drop(&open->file, &open->next);
    km_content_clear(&open->content);
}

void km_open_free(void *open)
{
    if (open == NULL)
        return;
    wipe(open);
    TEE_Free(open);
}

void km_open_freep(struct km_open **open)
{
    km_open_free(*open);
    *open = NULL;
}

struct km_content *km_open_io(struct km_open *open)
{
    return open->next.is_there ? &open->next.content : &open->content;
}

bool km_open_blocked(const struct km_session *session, const struct km_file *file, uint32_t flags)
{
    bool wants_write = flags == 0 || (flags & KM_STORAGE_WRITE) != 0;
    bool wants_replace = (flags & KM_STORAGE_REPLACE) != 0;
    for (uint32_t i = 0; i < session->files.n_max; i++) {
        const struct km_open *other = session->files.at[i].item;
        if (other == NULL || !km_file_equal(&other->file, file))
            continue;
        bool other_replaces = other->next.is_there;
        bool other_writes = !other_replaces && (other->flags & KM_STORAGE_WRITE) != 0;
        bool other_reads = !other_replaces && !other_writes;
        if (other_writes || flags == 0 || (other_replaces && wants_write) ||
            (other_reads && wants_write && !wants_replace))
            return true;
    }
    return false;
}

/* ---- a file that is there ---- */

static const uint8_t *secret_of(const struct km_open *open)
{
    return open->has_secret ? open->secret : NULL;
}

/* With the head held, so that what it says stays true: the slots that are needed. */
static TEE_Result hold(struct km_open *open)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_file_head now = {0};
    bool replaces = (open->flags & KM_STORAGE_REPLACE) != 0;
    bool writes = (open->flags & KM_STORAGE_WRITE) != 0 && !replaces;
    TEE_Result result = km_file_head_open(&open->file, KM_TOGETHER, &object, &now);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return AGAIN;
    KM_TRY_TEE(result);
    bool had_lock = replaces ? open->next.keeps_lock : open->has_secret;
    if (memcmp(now.id, open->id, sizeof(now.id)) != 0 || (now.lock.iterations != 0) != had_lock)
        return AGAIN;
    if (had_lock)
        KM_TRY_TEE(km_content_key(&open->content, open->secret, now.salt));
    result = km_file_open(&open->file, (char)(KM_ROLE_SLOT + now.slot),
                          writes ? KM_ALONE : KM_TOGETHER, &open->content.object);
    if (!replaces)
        return result;
    /* Replacing is how damaged contents are got rid of. */
    if (result != TEE_ERROR_CORRUPT_OBJECT)
        KM_TRY_TEE(result);
    open->next.head.slot = 1u - now.slot;
    return km_next_hold(&open->file, &open->next, secret_of(open));
}

/* As long as somebody is expected to hold it for a moment only. */
static TEE_Result hold_patiently(struct km_open *open, TEE_Result (*attempt)(struct km_open *open))
{
    struct km_wait wait = KM_WAIT_FILE;
    for (;;) {
        TEE_Result result = attempt(open);
        if (result == TEE_SUCCESS)
            return result;
        wipe(open);
        if (result != TEE_ERROR_ACCESS_CONFLICT)
            return result;
        KM_TRY_TEE(km_wait_more(&wait));
    }
}

static TEE_Result prepare_replacement(const struct km_session *session, struct km_open *open,
                                      const struct km_storage_wish *wish, struct km_slice password,
                                      const struct km_file_head *head)
{
    struct km_next *next = &open->next;
    next->head = *head;
    next->keeps_lock = head->lock.iterations != 0;
    next->keeps_grants = wish->grants.n == 0;
    if (!next->keeps_grants) {
        if (!km_owns(session, &open->file))
            return TEE_ERROR_ACCESS_DENIED;
        next->head.grants = wish->grants;
    }
    if (next->keeps_lock || password.len == 0)
        return TEE_SUCCESS;
    /* Else the owner could be locked out. */
    if (!km_owns(session, &open->file))
        return KM_STORAGE_E_PASSWORD;
    open->has_secret = true;
    return km_next_lock(next, password, open->secret);
}

static TEE_Result open_existing(const struct km_session *session, struct km_open *open,
                                const struct km_storage_wish *wish, struct km_slice password,
                                struct km_file_head *head)
{
    bool replaces = (wish->flags & KM_STORAGE_REPLACE) != 0;
    if ((wish->flags & KM_STORAGE_EXCLUSIVE) != 0)
        return KM_STORAGE_E_EXISTS;
    if (head->lock.iterations != 0) {
        KM_TRY_TEE(km_lock_open(&open->file, &session->caller.owner, password, head, open->secret));
        open->has_secret = true;
    } else if (password.len != 0 && !replaces) {
        /* Whoever gives one expects it to protect something. */
        return KM_STORAGE_E_PASSWORD;
    }
    km_copy(open->id, sizeof(open->id), head->id, sizeof(head->id));
    if (replaces)
        KM_TRY_TEE(prepare_replacement(session, open, wish, password, head));
    return hold_patiently(open, hold);
}

/* ---- one that is not ---- */

static TEE_Result hold_new(struct km_open *open)
{
    TEE_Result result = km_next_hold(&open->file, &open->next, secret_of(open));
    return result == KM_STORAGE_E_EXISTS ? AGAIN : result;
}

/* Seen by everybody at once, and empty. */
static TEE_Result show_at_once(struct km_open *open)
{
    TEE_Result result = km_next_show(&open->file, &open->next);
    if (result == TEE_ERROR_ACCESS_CONFLICT)
        return AGAIN;
    KM_TRY_TEE(result);
    open->content = open->next.content;
    open->next = (struct km_next){0};
    return TEE_SUCCESS;
}

static TEE_Result open_new(struct km_session *session, struct km_open *open,
                           const struct km_storage_wish *wish, struct km_slice password)
{
    struct km_next *next = &open->next;
    if ((wish->flags & (KM_STORAGE_CREATE | KM_STORAGE_REPLACE)) == 0 ||
        !km_owns(session, &open->file))
        return TEE_ERROR_ITEM_NOT_FOUND;
    KM_TRY_TEE(km_quota_admit(session, &open->file.owner, 1, 0));
    next->is_new = true;
    next->head = (struct km_file_head){.name = wish->name, .grants = wish->grants};
    TEE_GenerateRandom(next->head.id, sizeof(next->head.id));
    km_copy(open->id, sizeof(open->id), next->head.id, sizeof(open->id));
    if (password.len != 0) {
        open->has_secret = true;
        KM_TRY_TEE(km_next_lock(next, password, open->secret));
    }
    KM_TRY_TEE(hold_patiently(open, hold_new));
    return (wish->flags & KM_STORAGE_REPLACE) != 0 ? TEE_SUCCESS : show_at_once(open);
}

/* ---- both ---- */

static TEE_Result flags_fit(const struct km_storage_wish *wish)
{
    uint32_t flags = wish->flags;
    bool writes = (flags & KM_STORAGE_WRITE) != 0;
    bool makes = (flags & (KM_STORAGE_CREATE | KM_STORAGE_REPLACE)) != 0;
    bool replaces = (flags & KM_STORAGE_REPLACE) != 0;
    if ((flags & (KM_STORAGE_READ | KM_STORAGE_WRITE)) == 0 || (makes && !writes) ||
        (replaces && (flags & KM_STORAGE_READ) != 0) ||
        ((flags & KM_STORAGE_EXCLUSIVE) != 0 && !makes))
        return TEE_ERROR_BAD_PARAMETERS;
    if (wish->grants.n != 0 && (!makes || (flags & KM_STORAGE_SHARED) == 0))
        return TEE_ERROR_BAD_PARAMETERS;
    return TEE_SUCCESS;
}

static TEE_Result attempt(struct km_session *session, const struct km_storage_wish *wish,
                          struct km_slice password, struct km_open *open)
{
    struct km_file_head head = {0};
    enum km_right right = (wish->flags & KM_STORAGE_WRITE) != 0 ? KM_RIGHT_WRITE : KM_RIGHT_READ;
    open->flags = wish->flags;
    KM_TRY_TEE(km_file_wanted(session, wish, &open->file));
    if (km_open_blocked(session, &open->file, wish->flags))
        return TEE_ERROR_ACCESS_CONFLICT;
    TEE_Result result = km_look(session, &open->file, right, &head);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return open_new(session, open, wish, password);
    KM_TRY_TEE(result);
    return open_existing(session, open, wish, password, &head);
}

TEE_Result km_open_file(struct km_session *session, const struct km_storage_wish *wish,
                        struct km_slice password, struct km_open **ret)
{
    KM_TRY_TEE(flags_fit(wish));
    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        KM_AUTO(km_open_freep)
        struct km_open *open = TEE_Malloc(sizeof(*open), TEE_MALLOC_FILL_ZERO);
        if (open == NULL)
            return TEE_ERROR_OUT_OF_MEMORY;
        TEE_Result result = attempt(session, wish, password, open);
        if (result == TEE_SUCCESS)
            *ret = km_steal(&open);
        if (result != AGAIN)
            return result;
    }
    return TEE_ERROR_ACCESS_CONFLICT;
}

/* ---- what takes new contents ---- */

TEE_Result km_open_commit(struct km_open *open)
{
    KM_TRY_TEE(km_next_show(&open->file, &open->next));
    uint32_t old_slot = 1u - open->next.head.slot;
    bool was_new = open->next.is_new;
    km_content_clear(&open->content);
    km_content_clear(&open->next.content);
    open->next.is_there = false;
    /* Somebody may still be reading what was replaced: it goes later then. */
    if (!was_new)
        (void)km_slot_sweep(&open->file, old_slot);
    return TEE_SUCCESS;
}

static TEE_Result rebuilt(struct km_session *session, struct km_open *open, struct km_next *next,
                          uint64_t size)
{
    struct km_wait wait = KM_WAIT_FILE;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_quota_admit(session, &open->file.owner, 0, km_content_stored(true, size)));
    KM_TRY_TEE(km_file_head_open(&open->file, KM_TOGETHER, &object, &next->head));
    next->head.slot = 1u - next->head.slot;
    next->keeps_lock = true;
    next->keeps_grants = true;
    for (;;) {
        TEE_Result result = km_next_hold(&open->file, next, open->secret);
        if (result != TEE_ERROR_ACCESS_CONFLICT) {
            KM_TRY_TEE(result);
            break;
        }
        KM_TRY_TEE(km_wait_more(&wait));
    }
    TEE_CloseObject(km_steal(&object));
    KM_TRY_TEE(km_next_copy(next, &open->content, size, session->work));
    return km_next_show(&open->file, next);
}

TEE_Result km_open_rebuild(struct km_session *session, struct km_open *open, uint64_t size)
{
    struct km_next next = {0};
    TEE_Result result = rebuilt(session, open, &next, size);
    if (result != TEE_SUCCESS) {
        km_next_drop(&open->file, &next);
        return result;
    }
    km_content_clear(&open->content);
    open->content = next.content;
    (void)km_slot_sweep(&open->file, 1u - next.head.slot);
    TEE_MemFill(&next, 0, sizeof(next));
    return TEE_SUCCESS;
}

static TEE_Result prepare_other_lock(const struct km_session *session, struct km_open *open,
                                     struct km_file_head *head, struct km_slice old_password,
                                     struct km_slice new_password)
{
    bool has_lock = head->lock.iterations != 0;
    if (has_lock)
        KM_TRY_TEE(
            km_lock_open(&open->file, &session->caller.owner, old_password, head, open->secret));
    km_copy(open->id, sizeof(open->id), head->id, sizeof(head->id));
    open->next.head = *head;
    open->next.keeps_grants = true;
    open->next.keeps_lock = has_lock;
    open->has_secret = !has_lock;
    return has_lock ? TEE_SUCCESS : km_next_lock(&open->next, new_password, open->secret);
}

static TEE_Result copy_all(struct km_session *session, struct km_open *open)
{
    uint64_t size = 0;
    KM_TRY_TEE(km_content_size(&open->content, &size));
    KM_TRY_TEE(km_quota_admit(session, &open->file.owner, 0,
                              km_content_stored(open->next.content.is_sealed, size)));
    return km_next_copy(&open->next, &open->content, size, session->work);
}

TEE_Result km_open_set_password(struct km_session *session, const struct km_file *file,
                                const struct km_file_head *head, struct km_slice old_password,
                                struct km_slice new_password)
{
    struct km_file_head known = *head;
    KM_AUTO(km_open_freep)
    struct km_open *open = TEE_Malloc(sizeof(*open), TEE_MALLOC_FILL_ZERO);
    if (open == NULL || km_session_work(session) == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    open->file = *file;
    open->flags = KM_STORAGE_WRITE | KM_STORAGE_REPLACE;
    KM_TRY_TEE(prepare_other_lock(session, open, &known, old_password, new_password));
    TEE_Result result = hold_patiently(open, hold);
    if (result == AGAIN)
        return TEE_ERROR_ACCESS_CONFLICT;
    KM_TRY_TEE(result);
    if (open->next.keeps_lock) {
        /* It had one and will have none. */
        open->next.keeps_lock = false;
        open->next.head.lock = (struct km_lock){0};
    }
    KM_TRY_TEE(copy_all(session, open));
    return km_open_commit(open);
}
