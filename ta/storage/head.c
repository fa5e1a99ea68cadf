/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/head.h"

#include <string.h>

#define MAGIC "KMF1"
#define NAME_ROOM 64u
#define GRANTS_ROOM (4u + KM_STORAGE_GRANTS_MAX * KM_STORAGE_GRANT_LEN)
#define NAME_AT (16u + KM_FILE_HEAD_ID_LEN + KM_SEAL_SALT_LEN)

_Static_assert(NAME_AT + 4u + NAME_ROOM + GRANTS_ROOM == KM_FILE_HEAD_LOCK_AT,
               "the lock stands behind everything else but the guesses");

static bool rest_is_zero(struct km_rd *rd)
{
    uint8_t octet = 0;
    while (km_rd_u8(rd, &octet)) {
        if (octet != 0)
            return false;
    }
    return true;
}

static bool name_read(struct km_rd *rd, struct km_storage_name *ret)
{
    struct km_slice text = {0};
    struct km_rd room = {0};
    return km_rd_sub(rd, 4u + NAME_ROOM, &room) &&
           km_rd_blob32le(&room, KM_STORAGE_NAME_MAX, &text) && km_storage_name_set(text, ret) &&
           rest_is_zero(&room);
}

static bool grants_read(struct km_rd *rd, struct km_storage_grants *ret)
{
    struct km_rd room = {0};
    return km_rd_sub(rd, GRANTS_ROOM, &room) && km_storage_grants_read(&room, ret) &&
           rest_is_zero(&room);
}

static bool lock_read(struct km_rd *rd, struct km_lock *ret)
{
    return km_rd_u32le(rd, &ret->iterations) && km_rd_copy(rd, ret->salt, sizeof(ret->salt)) &&
           km_rd_copy(rd, ret->nonce, sizeof(ret->nonce)) &&
           km_rd_copy(rd, ret->sealed, sizeof(ret->sealed)) &&
           km_rd_copy(rd, ret->tag, sizeof(ret->tag));
}

bool km_file_head_parse(struct km_slice in, struct km_file_head *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_file_head head = {0};
    struct km_slice magic = {0};
    if (!km_rd_bytes(&rd, 4, &magic) || !km_slice_equal(magic, KM_SLICE_STR(MAGIC)) ||
        !km_rd_u32le(&rd, &head.slot) || head.slot > 1 || !km_rd_u64le(&rd, &head.made) ||
        !km_rd_copy(&rd, head.id, sizeof(head.id)) ||
        !km_rd_copy(&rd, head.salt, sizeof(head.salt)) || !name_read(&rd, &head.name) ||
        !grants_read(&rd, &head.grants) || !lock_read(&rd, &head.lock) ||
        !km_guess_counts_read(&rd, &head.counts) || !km_rd_done(&rd))
        return false;
    *ret = head;
    return true;
}

/* Zeros up to an offset. */
static void fill_to(struct km_wr *wr, size_t at)
{
    while (wr->len < at && !wr->overflow)
        km_wr_u8(wr, 0);
}

void km_lock_write(struct km_wr *wr, const struct km_lock *lock)
{
    km_wr_u32le(wr, lock->iterations);
    km_wr_bytes(wr, KM_SLICE(lock->salt, sizeof(lock->salt)));
    km_wr_bytes(wr, KM_SLICE(lock->nonce, sizeof(lock->nonce)));
    km_wr_bytes(wr, KM_SLICE(lock->sealed, sizeof(lock->sealed)));
    km_wr_bytes(wr, KM_SLICE(lock->tag, sizeof(lock->tag)));
}

void km_file_head_put(const struct km_file_head *head, uint8_t ret[KM_FILE_HEAD_LEN])
{
    struct km_wr wr = km_wr_init(ret, KM_FILE_HEAD_LEN);
    km_wr_bytes(&wr, KM_SLICE_STR(MAGIC));
    km_wr_u32le(&wr, head->slot);
    km_wr_u64le(&wr, head->made);
    km_wr_bytes(&wr, KM_SLICE(head->id, sizeof(head->id)));
    km_wr_bytes(&wr, KM_SLICE(head->salt, sizeof(head->salt)));
    km_wr_blob32le(&wr, KM_SLICE(head->name.at, head->name.len));
    fill_to(&wr, NAME_AT + 4u + NAME_ROOM);
    km_storage_grants_write(&wr, &head->grants);
    fill_to(&wr, KM_FILE_HEAD_LOCK_AT);
    km_lock_write(&wr, &head->lock);
    km_guess_counts_write(&wr, &head->counts);
}
