/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/record.h"

#include <string.h>

#define MAGIC 0x54534d4bu /* "KMST" */
#define VERSION 1u
#define PAGE_LEN 4096u
#define PAGE_SPARE 56u /* LMDB's page header and the seal */

static const uint16_t small_sizes[] = {512, 1024, 1976};

static bool all_zero(const uint8_t *octets, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any = (uint8_t)(any | octets[i]);
    return any == 0;
}

bool km_tag_is_zero(const uint8_t tag[KM_TAG_LEN])
{
    return all_zero(tag, KM_TAG_LEN);
}

size_t km_padded_len(size_t len)
{
    if (len == 0)
        return 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(small_sizes); i++)
        if (len <= small_sizes[i])
            return small_sizes[i];
    size_t pages = (len + PAGE_SPARE + PAGE_LEN - 1) / PAGE_LEN;
    return pages * PAGE_LEN - PAGE_SPARE;
}

uint64_t km_n_chunks(uint64_t size)
{
    return size / KM_CHUNK_LEN + (size % KM_CHUNK_LEN != 0 ? 1 : 0);
}

uint64_t km_tree_span(unsigned level)
{
    uint64_t span = 1;
    for (unsigned i = 0; i < level; i++)
        span *= KM_NODE_FANOUT;
    return span;
}

unsigned km_tree_height(uint64_t n_chunks)
{
    unsigned height = 0;
    while (km_tree_span(height) < n_chunks)
        height++;
    return height;
}

/* ---- keys ---- */

static bool piece_is_possible(uint8_t level, uint32_t index)
{
    return level <= KM_TREE_HEIGHT_MAX || (level == KM_META_LEVEL && index == 0);
}

bool km_store_key_parse(struct km_slice in, struct km_store_key *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_store_key key = {0};
    uint8_t kind = 0;
    bool good = km_rd_u8(&rd, &kind);
    if (good && kind == KM_KEY_HEADER)
        key.kind = KM_KEY_HEADER;
    else if (good && kind == KM_KEY_NAME) {
        key.kind = KM_KEY_NAME;
        good = km_rd_copy(&rd, key.name_key, sizeof key.name_key);
    } else if (good && kind == KM_KEY_RECORD) {
        key.kind = KM_KEY_RECORD;
        good = km_rd_u64be(&rd, &key.id);
    } else if (good && kind == KM_KEY_PIECE) {
        key.kind = KM_KEY_PIECE;
        good = km_rd_u64be(&rd, &key.id) && km_rd_u8(&rd, &key.level) &&
               km_rd_u32be(&rd, &key.index) && piece_is_possible(key.level, key.index);
    } else {
        good = false;
    }
    if (!good || !km_rd_done(&rd))
        return false;
    *ret = key;
    return true;
}

void km_store_key_put(struct km_wr *wr, const struct km_store_key *key)
{
    km_wr_u8(wr, (uint8_t)key->kind);
    switch (key->kind) {
    case KM_KEY_HEADER:
        break;
    case KM_KEY_NAME:
        km_wr_bytes(wr, KM_SLICE(key->name_key, sizeof key->name_key));
        break;
    case KM_KEY_RECORD:
        km_wr_u64be(wr, key->id);
        break;
    case KM_KEY_PIECE:
        km_wr_u64be(wr, key->id);
        km_wr_u8(wr, key->level);
        km_wr_u32be(wr, key->index);
        break;
    }
}

/* ---- the header ---- */

bool km_head_parse(struct km_slice in, struct km_head *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_head head = {0};
    if (!km_rd_u64le(&rd, &head.count) || !km_rd_u64le(&rd, &head.txn_id) ||
        !km_rd_u64le(&rd, &head.next_id) || !km_rd_u64le(&rd, &head.n_objects) ||
        !km_rd_u64le(&rd, &head.n_pieces) || !km_rd_copy(&rd, head.set, sizeof head.set) ||
        !km_rd_done(&rd))
        return false;
    if (head.next_id == 0 || head.n_objects >= head.next_id)
        return false;
    *ret = head;
    return true;
}

void km_head_put(struct km_wr *wr, const struct km_head *head)
{
    km_wr_u64le(wr, head->count);
    km_wr_u64le(wr, head->txn_id);
    km_wr_u64le(wr, head->next_id);
    km_wr_u64le(wr, head->n_objects);
    km_wr_u64le(wr, head->n_pieces);
    km_wr_bytes(wr, KM_SLICE(head->set, sizeof head->set));
}

bool km_frame_parse(struct km_slice in, struct km_slice *ret_key_id, struct km_slice *ret_sealed)
{
    struct km_rd rd = km_rd_init(in);
    uint32_t magic = 0;
    uint32_t version = 0;
    struct km_slice key_id = {0};
    struct km_slice sealed = {0};
    if (!km_rd_u32le(&rd, &magic) || magic != MAGIC || !km_rd_u32le(&rd, &version) ||
        version != VERSION || !km_rd_bytes(&rd, KM_KEY_ID_LEN, &key_id) ||
        !km_rd_bytes(&rd, KM_HEAD_LEN + KM_SEAL_OVERHEAD, &sealed) || !km_rd_done(&rd))
        return false;
    *ret_key_id = key_id;
    *ret_sealed = sealed;
    return true;
}

void km_frame_put(struct km_wr *wr, const uint8_t key_id[KM_KEY_ID_LEN])
{
    km_wr_u32le(wr, MAGIC);
    km_wr_u32le(wr, VERSION);
    km_wr_bytes(wr, KM_SLICE(key_id, KM_KEY_ID_LEN));
}

/* ---- an object's record ---- */

static bool record_is_consistent(const struct km_record *record)
{
    if (record->name_len > KM_STORE_NAME_MAX ||
        !all_zero(record->name + record->name_len, KM_STORE_NAME_MAX - record->name_len))
        return false;
    if (record->size > KM_STORE_DATA_MAX || record->meta_len > KM_STORE_META_MAX)
        return false;
    if ((record->meta_len == 0) != km_tag_is_zero(record->meta_tag))
        return false;
    return record->size != 0 || km_tag_is_zero(record->root_tag);
}

bool km_record_parse(struct km_slice in, struct km_record *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_record record = {0};
    uint8_t spare[3] = {0};
    if (!km_rd_u64le(&rd, &record.generation) || !km_rd_u64le(&rd, &record.size) ||
        !km_rd_u32le(&rd, &record.meta_len) || !km_rd_u8(&rd, &record.name_len) ||
        !km_rd_copy(&rd, spare, sizeof spare) ||
        !km_rd_copy(&rd, record.meta_tag, sizeof record.meta_tag) ||
        !km_rd_copy(&rd, record.root_tag, sizeof record.root_tag) ||
        !km_rd_copy(&rd, record.name, sizeof record.name) || !km_rd_done(&rd))
        return false;
    if (!all_zero(spare, sizeof spare) || !record_is_consistent(&record))
        return false;
    *ret = record;
    return true;
}

void km_record_put(struct km_wr *wr, const struct km_record *record)
{
    km_wr_u64le(wr, record->generation);
    km_wr_u64le(wr, record->size);
    km_wr_u32le(wr, record->meta_len);
    km_wr_u8(wr, record->name_len);
    for (int i = 0; i < 3; i++)
        km_wr_u8(wr, 0);
    km_wr_bytes(wr, KM_SLICE(record->meta_tag, sizeof record->meta_tag));
    km_wr_bytes(wr, KM_SLICE(record->root_tag, sizeof record->root_tag));
    km_wr_bytes(wr, KM_SLICE(record->name, sizeof record->name));
}
