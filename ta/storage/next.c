/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/next.h"

#include "ta/storage/lock.h"

static char role_of(uint32_t slot)
{
    return (char)(KM_ROLE_SLOT + slot);
}

TEE_Result km_next_lock(struct km_next *next, struct km_slice password,
                        uint8_t ret_secret[KM_FILE_HEAD_SECRET_LEN])
{
    TEE_GenerateRandom(ret_secret, KM_FILE_HEAD_SECRET_LEN);
    return km_lock_make(&next->head.lock, next->head.id, password, ret_secret);
}

TEE_Result km_next_hold(const struct km_file *file, struct km_next *next, const uint8_t *secret)
{
    uint32_t flags = KM_ALONE | (next->is_new ? 0 : TEE_DATA_FLAG_OVERWRITE);
    char role = role_of(next->head.slot);
    TEE_Result result = km_file_create(file, role, flags, KM_SLICE(NULL, 0), &next->content.object);
    /* Of a file without a head: left by somebody who died, unless somebody is making it at this moment. */
    if (result == TEE_ERROR_ACCESS_CONFLICT && next->is_new) {
        KM_TRY_TEE(km_slot_sweep(file, next->head.slot));
        result = km_file_create(file, role, flags, KM_SLICE(NULL, 0), &next->content.object);
    }
    KM_TRY_TEE(result);
    next->is_there = true;
    TEE_GenerateRandom(next->head.salt, sizeof(next->head.salt));
    return secret == NULL ? TEE_SUCCESS : km_content_key(&next->content, secret, next->head.salt);
}

void km_next_drop(const struct km_file *file, struct km_next *next)
{
    if (!next->is_there)
        return;
    km_content_clear(&next->content);
    next->is_there = false;
    /* What can't be deleted now is swept away when room is needed. */
    (void)km_slot_sweep(file, next->head.slot);
}

static TEE_Result show_new(const struct km_file *file, const struct km_next *next)
{
    struct km_wait wait = KM_WAIT_FILE;
    uint8_t octets[KM_FILE_HEAD_LEN] = {0};
    km_file_head_put(&next->head, octets);
    for (;;) {
        TEE_Result result = km_file_create(file, KM_ROLE_HEAD, TEE_DATA_FLAG_ACCESS_READ,
                                           KM_SLICE(octets, sizeof(octets)), NULL);
        if (result != TEE_ERROR_ACCESS_CONFLICT)
            return result;
        /* Somebody is just seeing that there is none. */
        KM_TRY_TEE(km_wait_more(&wait));
    }
}

/* What may have changed meanwhile stays as it is now. */
static TEE_Result show_changed(const struct km_file *file, struct km_next *next)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_file_head now = {0};
    uint8_t octets[KM_FILE_HEAD_LEN] = {0};
    KM_TRY_TEE(km_file_head_open(file, KM_ALONE, &object, &now));
    if (memcmp(now.id, next->head.id, sizeof(now.id)) != 0 || now.slot == next->head.slot)
        return TEE_ERROR_ACCESS_CONFLICT;
    next->head.counts = now.counts;
    if (next->keeps_lock)
        next->head.lock = now.lock;
    if (next->keeps_grants)
        next->head.grants = now.grants;
    km_file_head_put(&next->head, octets);
    return km_file_head_write(&object, 0, KM_SLICE(octets, sizeof(octets)));
}

TEE_Result km_next_show(const struct km_file *file, struct km_next *next)
{
    next->head.made = km_now();
    return next->is_new ? show_new(file, next) : show_changed(file, next);
}

TEE_Result km_next_copy(struct km_next *next, struct km_content *from, uint64_t size,
                        struct km_work *work)
{
    /* Whole chunks at a time. */
    const size_t step = KM_STORAGE_TRANSFER_MAX / KM_CHUNK_CLEAR * KM_CHUNK_CLEAR;
    for (uint64_t done = 0; done < size;) {
        size_t len = size - done < step ? (size_t)(size - done) : step;
        KM_TRY_TEE(km_content_read(from, done, len, work, &len));
        if (len == 0)
            return TEE_ERROR_CORRUPT_OBJECT;
        KM_TRY_TEE(km_content_write(&next->content, done, len, work));
        done += len;
    }
    return TEE_SUCCESS;
}
