/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/tree.h"

#include <string.h>

/* One piece of work on one object. Recursion below is bounded by KM_TREE_HEIGHT_MAX. */
struct walk {
    struct km_txn *txn;
    uint64_t id;
    uint64_t size;     /* of the data, after the work */
    uint64_t offset;   /* of what is read or written */
    const uint8_t *in; /* writing */
    uint8_t *out;      /* reading */
    uint64_t len;
    uint64_t n_pieces; /* verifying */
};

struct node {
    uint8_t tag[KM_NODE_FANOUT][KM_TAG_LEN];
};

static struct km_piece piece_at(const struct walk *w, unsigned level, uint64_t index)
{
    return (struct km_piece){.id = w->id, .level = (uint8_t)level, .index = (uint32_t)index};
}

static km_status node_get(struct km_err *err, const struct walk *w, unsigned level, uint64_t index,
                          const uint8_t tag[KM_TAG_LEN], struct node *ret)
{
    struct km_piece piece = piece_at(w, level, index);
    uint8_t padded[1976] = {0};
    KM_TRY(km_txn_piece_get(err, w->txn, &piece, tag, KM_SPAN(padded, sizeof padded)));
    km_copy(ret->tag, sizeof ret->tag, padded, sizeof ret->tag);
    return KM_OK;
}

static km_status node_put(struct km_err *err, const struct walk *w, unsigned level, uint64_t index,
                          const struct node *node, uint8_t tag[KM_TAG_LEN])
{
    struct km_piece piece = piece_at(w, level, index);
    return km_txn_piece_put(err, w->txn, &piece, KM_SLICE(node->tag, sizeof node->tag), tag);
}

/* The store's own locked pages: clear data are worked on nowhere else. */
static km_status chunk_buffer(struct km_err *err, const struct walk *w, struct km_span *ret)
{
    struct km_store *store = w->txn->store;
    if (store->chunk == NULL)
        store->chunk = km_secret_new(KM_CHUNK_LEN);
    if (store->chunk == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "buffer of %u octets", KM_CHUNK_LEN);
    *ret = km_secret_fill(store->chunk);
    return KM_OK;
}

static km_status chunk_get(struct km_err *err, const struct walk *w, uint64_t index,
                           const uint8_t tag[KM_TAG_LEN], struct km_span *ret)
{
    struct km_piece piece = piece_at(w, 0, index);
    KM_TRY(chunk_buffer(err, w, ret));
    return km_txn_piece_get(err, w->txn, &piece, tag, *ret);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* How many of a chunk's octets are data. */
static size_t chunk_used(const struct walk *w, uint64_t index)
{
    return (size_t)min_u64(KM_CHUNK_LEN, w->size - index * KM_CHUNK_LEN);
}

/* The part of [offset, offset + len) in one chunk, from the chunk's beginning. */
static void overlap(const struct walk *w, uint64_t index, size_t *ret_from, size_t *ret_to)
{
    uint64_t begin = index * KM_CHUNK_LEN;
    *ret_from = (size_t)(max_u64(w->offset, begin) - begin);
    *ret_to = (size_t)(min_u64(w->offset + w->len, begin + KM_CHUNK_LEN) - begin);
}

/* The children of a node that [offset, offset + len) touches. */
static void touched(const struct walk *w, unsigned level, uint64_t index, uint64_t *ret_first,
                    uint64_t *ret_last)
{
    uint64_t per_child = km_tree_span(level - 1);
    uint64_t base = index * KM_NODE_FANOUT;
    *ret_first = max_u64(w->offset / KM_CHUNK_LEN / per_child, base);
    *ret_last =
        min_u64((w->offset + w->len - 1) / KM_CHUNK_LEN / per_child, base + KM_NODE_FANOUT - 1);
}

/* ---- reading ---- */

static km_status read_chunk(struct km_err *err, const struct walk *w, uint64_t index,
                            const uint8_t tag[KM_TAG_LEN])
{
    struct km_span chunk = {0};
    size_t from = 0;
    size_t to = 0;
    KM_TRY(chunk_get(err, w, index, tag, &chunk));
    overlap(w, index, &from, &to);
    uint64_t at = index * KM_CHUNK_LEN + from - w->offset;
    km_copy(w->out + at, (size_t)(w->len - at), chunk.ptr + from, to - from);
    return KM_OK;
}

static km_status read_below(struct km_err *err, const struct walk *w, unsigned level,
                            uint64_t index, const uint8_t tag[KM_TAG_LEN])
{
    if (level == 0)
        return read_chunk(err, w, index, tag);
    struct node node = {0};
    uint64_t first = 0;
    uint64_t last = 0;
    KM_TRY(node_get(err, w, level, index, tag, &node));
    touched(w, level, index, &first, &last);
    for (uint64_t child = first; child <= last; child++)
        KM_TRY(read_below(err, w, level - 1, child, node.tag[child % KM_NODE_FANOUT]));
    return KM_OK;
}

km_status km_tree_read(struct km_err *err, struct km_txn *txn, uint64_t id,
                       const struct km_record *record, uint64_t offset, struct km_span out)
{
    if (out.len == 0)
        return KM_OK;
    const struct walk w = {.txn = txn,
                           .id = id,
                           .size = record->size,
                           .offset = offset,
                           .out = out.ptr,
                           .len = out.len};
    unsigned height = km_tree_height(km_n_chunks(record->size));
    km_status status = read_below(err, &w, height, 0, record->root_tag);
    if (txn->store->chunk != NULL) {
        struct km_span chunk = km_secret_fill(txn->store->chunk);
        km_wipe(chunk.ptr, chunk.len);
    }
    return status;
}

/* ---- writing ---- */

static km_status write_chunk(struct km_err *err, const struct walk *w, uint64_t index,
                             uint8_t tag[KM_TAG_LEN])
{
    struct km_piece piece = piece_at(w, 0, index);
    size_t used = chunk_used(w, index);
    size_t from = 0;
    size_t to = 0;
    overlap(w, index, &from, &to);
    const uint8_t *data = w->in + (index * KM_CHUNK_LEN + from - w->offset);
    if (from == 0 && to == used)
        return km_txn_piece_put(err, w->txn, &piece, KM_SLICE(data, used), tag);
    struct km_span chunk = {0};
    KM_TRY(chunk_get(err, w, index, tag, &chunk));
    km_copy(chunk.ptr + from, chunk.len - from, data, to - from);
    km_status status = km_txn_piece_put(err, w->txn, &piece, KM_SLICE(chunk.ptr, used), tag);
    km_wipe(chunk.ptr, chunk.len);
    return status;
}

static km_status write_below(struct km_err *err, const struct walk *w, unsigned level,
                             uint64_t index, uint8_t tag[KM_TAG_LEN])
{
    if (level == 0)
        return write_chunk(err, w, index, tag);
    struct node node = {0};
    uint64_t first = 0;
    uint64_t last = 0;
    KM_TRY(node_get(err, w, level, index, tag, &node));
    touched(w, level, index, &first, &last);
    for (uint64_t child = first; child <= last; child++)
        KM_TRY(write_below(err, w, level - 1, child, node.tag[child % KM_NODE_FANOUT]));
    return node_put(err, w, level, index, &node, tag);
}

/* More levels above the present top, which becomes the first child. */
static km_status grow(struct km_err *err, const struct walk *w, struct km_record *record,
                      uint64_t size)
{
    unsigned height = km_tree_height(km_n_chunks(record->size));
    unsigned wanted = km_tree_height(km_n_chunks(size));
    record->size = size;
    if (km_tag_is_zero(record->root_tag))
        return KM_OK;
    for (unsigned level = height + 1; level <= wanted; level++) {
        struct node node = {0};
        uint8_t fresh[KM_TAG_LEN] = {0};
        km_copy(node.tag[0], KM_TAG_LEN, record->root_tag, KM_TAG_LEN);
        KM_TRY(node_put(err, w, level, 0, &node, fresh));
        km_copy(record->root_tag, KM_TAG_LEN, fresh, KM_TAG_LEN);
    }
    return KM_OK;
}

km_status km_tree_write(struct km_err *err, struct km_txn *txn, uint64_t id,
                        struct km_record *record, uint64_t offset, struct km_slice data)
{
    if (data.len > KM_STORE_DATA_MAX || offset > KM_STORE_DATA_MAX - data.len)
        return KM_FAIL(err, KM_E_LIMIT, "an object's data end at octet %u", KM_STORE_DATA_MAX);
    if (data.len == 0)
        return KM_OK;
    uint64_t size = max_u64(record->size, offset + data.len);
    const struct walk w = {
        .txn = txn, .id = id, .size = size, .offset = offset, .in = data.ptr, .len = data.len};
    if (size > record->size)
        KM_TRY(grow(err, &w, record, size));
    return write_below(err, &w, km_tree_height(km_n_chunks(size)), 0, record->root_tag);
}

/* ---- cutting ---- */

/* Fewer levels: the first child takes the place of the top as long as all that stays is below it. */
static km_status shrink(struct km_err *err, const struct walk *w, struct km_record *record)
{
    unsigned height = km_tree_height(km_n_chunks(record->size));
    unsigned wanted = km_tree_height(km_n_chunks(w->size));
    for (unsigned level = height; level > wanted; level--) {
        struct node node = {0};
        KM_TRY(node_get(err, w, level, 0, record->root_tag, &node));
        km_copy(record->root_tag, KM_TAG_LEN, node.tag[0], KM_TAG_LEN);
    }
    return KM_OK;
}

/* Octets behind the new end become zeros, so that growing again shows nothing old. */
static km_status cut_chunk(struct km_err *err, const struct walk *w, uint64_t index,
                           uint8_t tag[KM_TAG_LEN])
{
    struct km_piece piece = piece_at(w, 0, index);
    size_t used = chunk_used(w, index);
    if (used == KM_CHUNK_LEN)
        return KM_OK;
    struct km_span chunk = {0};
    KM_TRY(chunk_get(err, w, index, tag, &chunk));
    km_status status = km_txn_piece_put(err, w->txn, &piece, KM_SLICE(chunk.ptr, used), tag);
    km_wipe(chunk.ptr, chunk.len);
    return status;
}

/* Along the one path that the new end runs through. */
static km_status cut_below(struct km_err *err, const struct walk *w, unsigned level, uint64_t index,
                           uint8_t tag[KM_TAG_LEN])
{
    if (km_tag_is_zero(tag))
        return KM_OK;
    if (level == 0)
        return cut_chunk(err, w, index, tag);
    struct node node = {0};
    KM_TRY(node_get(err, w, level, index, tag, &node));
    uint64_t last_chunk = km_n_chunks(w->size) - 1;
    uint64_t last = last_chunk / km_tree_span(level - 1);
    for (uint64_t i = last % KM_NODE_FANOUT + 1; i < KM_NODE_FANOUT; i++)
        km_wipe(node.tag[i], KM_TAG_LEN);
    KM_TRY(cut_below(err, w, level - 1, last, node.tag[last % KM_NODE_FANOUT]));
    return node_put(err, w, level, index, &node, tag);
}

static km_status delete_behind(struct km_err *err, const struct walk *w)
{
    uint64_t n_chunks = km_n_chunks(w->size);
    unsigned height = km_tree_height(n_chunks);
    for (unsigned level = 0; level <= KM_TREE_HEIGHT_MAX; level++) {
        uint64_t span = km_tree_span(level);
        uint64_t keep = level > height ? 0 : n_chunks / span + (n_chunks % span != 0 ? 1 : 0);
        struct km_piece from = piece_at(w, level, keep);
        KM_TRY(km_txn_pieces_delete(err, w->txn, &from, true));
    }
    return KM_OK;
}

km_status km_tree_resize(struct km_err *err, struct km_txn *txn, uint64_t id,
                         struct km_record *record, uint64_t size)
{
    if (size > KM_STORE_DATA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "an object's data end at octet %u", KM_STORE_DATA_MAX);
    const struct walk w = {.txn = txn, .id = id, .size = size};
    if (size >= record->size)
        return grow(err, &w, record, size);
    KM_TRY(shrink(err, &w, record));
    record->size = size;
    if (size == 0)
        km_wipe(record->root_tag, KM_TAG_LEN);
    else
        KM_TRY(cut_below(err, &w, km_tree_height(km_n_chunks(size)), 0, record->root_tag));
    return delete_behind(err, &w);
}

/* ---- verifying ---- */

static km_status verify_chunk(struct km_err *err, const struct walk *w, uint64_t index,
                              const uint8_t tag[KM_TAG_LEN])
{
    struct km_span chunk = {0};
    KM_TRY(chunk_get(err, w, index, tag, &chunk));
    uint8_t beyond = 0;
    for (size_t i = chunk_used(w, index); i < chunk.len; i++)
        beyond |= chunk.ptr[i];
    km_wipe(chunk.ptr, chunk.len);
    return beyond == 0 ? KM_OK : KM_FAIL(err, KM_E_CORRUPT, "data behind the end of an object");
}

static km_status verify_below(struct km_err *err, struct walk *w, unsigned level, uint64_t index,
                              const uint8_t tag[KM_TAG_LEN])
{
    if (km_tag_is_zero(tag))
        return KM_OK;
    if (index >= (km_n_chunks(w->size) + km_tree_span(level) - 1) / km_tree_span(level))
        return KM_FAIL(err, KM_E_CORRUPT, "a piece behind the end of an object");
    w->n_pieces++;
    if (level == 0)
        return verify_chunk(err, w, index, tag);
    struct node node = {0};
    KM_TRY(node_get(err, w, level, index, tag, &node));
    for (uint64_t i = 0; i < KM_NODE_FANOUT; i++)
        KM_TRY(verify_below(err, w, level - 1, index * KM_NODE_FANOUT + i, node.tag[i]));
    return KM_OK;
}

km_status km_tree_verify(struct km_err *err, struct km_txn *txn, uint64_t id,
                         const struct km_record *record, uint64_t *ret_n_pieces)
{
    struct walk w = {.txn = txn, .id = id, .size = record->size};
    unsigned height = km_tree_height(km_n_chunks(record->size));
    km_status status = verify_below(err, &w, height, 0, record->root_tag);
    *ret_n_pieces = w.n_pieces;
    return status;
}
