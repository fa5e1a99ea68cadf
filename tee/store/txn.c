/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/txn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define ADVANCE_EVERY 16u /* commits between two steps of the root's counter; docs/store.md */
#define ROOM_SPARE 32u    /* pages that a commit rewrites beside its payload, at most */
#define ROOM_RESERVE 64u  /* pages kept allocated, so that deleting works when the disk is full */
#define ROOM_STEP 256u    /* pages allocated ahead at a time */

static km_status status_of(int code)
{
    switch (code) {
    case MDB_MAP_FULL:
    case EFBIG:
        return KM_E_NOSPACE;
    case MDB_NOTFOUND:
        return KM_E_NOTFOUND;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CURSOR_FULL:
    case MDB_INCOMPATIBLE:
        return KM_E_CORRUPT;
    case MDB_READERS_FULL:
        return KM_E_BUSY;
    case MDB_TXN_FULL:
        return KM_E_LIMIT;
    case MDB_PANIC:
        return KM_E_IO;
    default:
        return code > 0 ? km_status_from_errno(code) : KM_E_INTERNAL;
    }
}

km_status km_lmdb_fail(struct km_err *err, int code, const char *what)
{
    return KM_FAIL_NATIVE(err, status_of(code), KM_LAYER_LMDB, code, "could not %s: %s", what,
                          mdb_strerror(code));
}

/* ---- beginning and ending ---- */

/* Another process may have opened the store with a larger limit and grown it past our map. */
static int begin(struct km_store *store, unsigned flags, MDB_txn **ret)
{
    int code = mdb_txn_begin(store->env, NULL, flags, ret);
    if (code == MDB_MAP_RESIZED && mdb_env_set_mapsize(store->env, 0) == 0)
        code = mdb_txn_begin(store->env, NULL, flags, ret);
    if (code == MDB_READERS_FULL) {
        int n_dead = 0;
        (void)mdb_reader_check(store->env, &n_dead);
        code = mdb_txn_begin(store->env, NULL, flags, ret);
    }
    return code;
}

km_status km_txn_read(struct km_err *err, struct km_store *store, struct km_txn *ret)
{
    int code = 0;
    if (store->reader == NULL)
        code = begin(store, MDB_RDONLY, &store->reader);
    else
        code = mdb_txn_renew(store->reader);
    if (code == MDB_MAP_RESIZED && store->reader != NULL) {
        mdb_txn_abort(km_steal(&store->reader));
        code = begin(store, MDB_RDONLY, &store->reader);
    }
    if (code != 0)
        return km_lmdb_fail(err, code, "begin to read the store");
    *ret = (struct km_txn){.store = store, .txn = store->reader};
    return KM_OK;
}

static km_status check_head(struct km_err *err, const struct km_txn *txn,
                            const struct km_head *head)
{
    const struct km_store *store = txn->store;
    uint64_t last = mdb_txn_id(txn->txn) - (txn->writing ? 1 : 0);
    if (head->txn_id != last)
        return KM_FAIL(err, KM_E_CORRUPT,
                       "the header belongs to transaction %llu, the store is at %llu",
                       (unsigned long long)head->txn_id, (unsigned long long)last);
    if (head->count < store->seen_count)
        return KM_FAIL(err, KM_E_STALE, "the store went back from commit %llu to %llu",
                       (unsigned long long)store->seen_count, (unsigned long long)head->count);
    return KM_OK;
}

km_status km_txn_write(struct km_err *err, struct km_store *store, struct km_txn *ret)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {.store = store, .writing = true};
    int code = begin(store, 0, &txn.txn);
    if (code != 0)
        return km_lmdb_fail(err, code, "begin to write the store");
    KM_TRY(km_txn_head(err, &txn, &txn.head));
    txn.head.count++;
    *ret = txn;
    txn.txn = NULL;
    return KM_OK;
}

void km_txn_end(struct km_txn *txn)
{
    if (txn->txn == NULL)
        return;
    if (txn->writing)
        mdb_txn_abort(txn->txn);
    else
        mdb_txn_reset(txn->txn);
    txn->txn = NULL;
}

/* ---- the header ---- */

static MDB_val key_val(const struct km_store_key *key, uint8_t buf[KM_STORE_KEY_MAX])
{
    struct km_wr wr = km_wr_init(buf, KM_STORE_KEY_MAX);
    km_store_key_put(&wr, key);
    return (MDB_val){.mv_size = wr.len, .mv_data = buf};
}

static int get(const struct km_txn *txn, const struct km_store_key *key, struct km_slice *ret)
{
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    MDB_val k = key_val(key, buf);
    MDB_val v = {0};
    int code = mdb_get(txn->txn, KM_MAIN_DBI, &k, &v);
    if (code == 0)
        *ret = KM_SLICE(v.mv_data, v.mv_size);
    return code;
}

/* Room for a value of len octets inside LMDB's own page: what is sealed goes there directly. */
static int reserve(const struct km_txn *txn, const struct km_store_key *key, size_t len,
                   struct km_span *ret)
{
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    MDB_val k = key_val(key, buf);
    MDB_val v = {.mv_size = len};
    int code = mdb_put(txn->txn, KM_MAIN_DBI, &k, &v, MDB_RESERVE);
    if (code == 0)
        *ret = KM_SPAN(v.mv_data, len);
    return code;
}

static int drop(const struct km_txn *txn, const struct km_store_key *key)
{
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    MDB_val k = key_val(key, buf);
    return mdb_del(txn->txn, KM_MAIN_DBI, &k, NULL);
}

static km_status find_head(struct km_err *err, const struct km_txn *txn,
                           struct km_slice *ret_key_id, struct km_slice *ret_sealed)
{
    const struct km_store_key key = {.kind = KM_KEY_HEADER};
    struct km_slice value = {0};
    int code = get(txn, &key, &value);
    if (code != 0)
        return km_lmdb_fail(err, code, "find the store's header");
    if (!km_frame_parse(value, ret_key_id, ret_sealed) || ret_sealed->len < KM_TAG_LEN)
        return KM_FAIL(err, KM_E_CORRUPT, "the store's header has an unknown form");
    return KM_OK;
}

km_status km_txn_head_tag(struct km_err *err, struct km_txn *txn, uint8_t ret_tag[KM_TAG_LEN])
{
    struct km_slice key_id = {0};
    struct km_slice sealed = {0};
    KM_TRY(find_head(err, txn, &key_id, &sealed));
    km_copy(ret_tag, KM_TAG_LEN, sealed.ptr + sealed.len - KM_TAG_LEN, KM_TAG_LEN);
    return KM_OK;
}

km_status km_txn_head(struct km_err *err, struct km_txn *txn, struct km_head *ret)
{
    const struct km_seal_place place = {.kind = KM_KEY_HEADER};
    struct km_seal *seal = txn->store->seal;
    struct km_slice key_id = {0};
    struct km_slice sealed = {0};
    KM_TRY(find_head(err, txn, &key_id, &sealed));
    if (!km_ct_equal(key_id.ptr, km_seal_key_id(seal), KM_KEY_ID_LEN))
        return KM_FAIL(err, KM_E_CORRUPT,
                       "the store was sealed under another root, or for another application");
    uint8_t plain[KM_HEAD_LEN] = {0};
    struct km_head head = {0};
    KM_TRY(km_seal_get(err, seal, &place, sealed, KM_SPAN(plain, sizeof plain)));
    bool good = km_head_parse(KM_SLICE(plain, sizeof plain), &head);
    km_wipe(plain, sizeof plain);
    if (!good)
        return KM_FAIL(err, KM_E_CORRUPT, "the store's header contradicts itself");
    KM_TRY(check_head(err, txn, &head));
    *ret = head;
    return KM_OK;
}

static km_status put_head(struct km_err *err, struct km_txn *txn)
{
    const struct km_store_key key = {.kind = KM_KEY_HEADER};
    const struct km_seal_place place = {.kind = KM_KEY_HEADER};
    struct km_seal *seal = txn->store->seal;
    txn->head.txn_id = mdb_txn_id(txn->txn);
    uint8_t plain[KM_HEAD_LEN] = {0};
    struct km_wr wr = km_wr_init(plain, sizeof plain);
    struct km_slice text = {0};
    km_head_put(&wr, &txn->head);
    if (!km_wr_finish(&wr, &text))
        return KM_FAIL(err, KM_E_INTERNAL, "header of the wrong size");
    struct km_span value = {0};
    int code = reserve(txn, &key, KM_ENVELOPE_LEN, &value);
    if (code != 0)
        return km_lmdb_fail(err, code, "write the store's header");
    struct km_wr frame = km_wr_init(value.ptr, value.len);
    km_frame_put(&frame, km_seal_key_id(seal));
    km_status status = km_seal_put(err, seal, &place, text, text.len,
                                   KM_SPAN(value.ptr + frame.len, value.len - frame.len), NULL);
    km_wipe(plain, sizeof plain);
    return status;
}

/* A commit stands even when the root's counter can't be raised now: the next one asks again. */
static void advance(struct km_store *store)
{
    if (store->advance == NULL || store->seen_count < store->anchored + ADVANCE_EVERY)
        return;
    if (store->advance(NULL, store->advance_arg, store->seen_count) == KM_OK)
        store->anchored = store->seen_count;
}

km_status km_txn_commit(struct km_err *err, struct km_txn *txn)
{
    struct km_store *store = txn->store;
    KM_TRY(put_head(err, txn));
    int code = mdb_txn_commit(txn->txn);
    txn->txn = NULL;
    if (code != 0)
        return km_lmdb_fail(err, code, "commit to the store");
    store->seen_count = txn->head.count;
    advance(store);
    return KM_OK;
}

/* ---- room ---- */

/*
 * Pages that LMDB holds for reuse; only asked for when the file has reached its limit. LMDB shows
 * the list to readers only: the snapshot read here is the one that the writer started from.
 */
static km_status count_free(struct km_err *err, struct km_store *store, uint64_t *ret)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    KM_TRY(km_txn_read(err, store, &txn));
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(txn.txn, 0, &cursor);
    if (code != 0)
        return km_lmdb_fail(err, code, "look for free pages");
    uint64_t n_free = 0;
    MDB_val k = {0};
    MDB_val v = {0};
    while ((code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
        uint64_t n = 0;
        if (v.mv_size >= sizeof n)
            km_copy(&n, sizeof n, v.mv_data, sizeof n);
        n_free += n;
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND)
        return km_lmdb_fail(err, code, "count free pages");
    *ret = n_free;
    return KM_OK;
}

/* Disk space for pages up to `end`; false when the disk has none. Beyond the end of the file: LMDB does not see it. */
static bool allocate(struct km_store *store, uint64_t used, uint64_t end)
{
    if (store->cannot_allocate || end <= store->allocated_pages)
        return true;
    int fd = -1;
    (void)mdb_env_get_fd(store->env, &fd);
    const uint64_t ends[] = {end + ROOM_STEP, end};
    for (size_t i = 0; i < KM_ARRAY_LEN(ends); i++) {
        if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)(used * store->page_len),
                      (off_t)((ends[i] - used) * store->page_len)) == 0) {
            store->allocated_pages = ends[i];
            return true;
        }
        if (errno != ENOSPC && errno != EDQUOT && errno != EFBIG && errno != EINTR) {
            store->cannot_allocate = true;
            return true;
        }
    }
    return false;
}

km_status km_txn_room(struct km_err *err, struct km_txn *txn, uint64_t growth)
{
    struct km_store *store = txn->store;
    MDB_envinfo info = {0};
    (void)mdb_env_info(store->env, &info);
    uint64_t used = info.me_last_pgno + 1;
    uint64_t wanted = growth / store->page_len + growth / store->page_len / 16 + ROOM_SPARE;
    bool within_limit = used + wanted <= store->limit_pages;
    if (within_limit && allocate(store, used, used + wanted + ROOM_RESERVE))
        return KM_OK;
    /* What earlier commits gave back may be enough. */
    uint64_t n_free = 0;
    KM_TRY(count_free(err, store, &n_free));
    bool has_reserve = allocate(store, used, used + ROOM_RESERVE);
    if ((within_limit && n_free >= wanted + (has_reserve ? 0 : ROOM_RESERVE)) ||
        (!within_limit && used + wanted <= store->limit_pages + n_free))
        return KM_OK;
    if (within_limit)
        return KM_FAIL(err, KM_E_NOSPACE, "the disk of the store is full");
    return KM_FAIL(err, KM_E_NOSPACE, "the store has reached its limit of %llu octets",
                   (unsigned long long)(store->limit_pages * store->page_len));
}

/* ---- names ---- */

static struct km_store_key name_key_of(const uint8_t name_key[KM_NAME_KEY_LEN])
{
    struct km_store_key key = {.kind = KM_KEY_NAME};
    km_copy(key.name_key, sizeof key.name_key, name_key, KM_NAME_KEY_LEN);
    return key;
}

km_status km_txn_name_get(struct km_err *err, struct km_txn *txn,
                          const uint8_t name_key[KM_NAME_KEY_LEN], uint64_t *ret_id)
{
    const struct km_store_key key = name_key_of(name_key);
    struct km_slice value = {0};
    int code = get(txn, &key, &value);
    if (code == MDB_NOTFOUND)
        return KM_FAIL(err, KM_E_NOTFOUND, "there is no object of this name");
    if (code != 0)
        return km_lmdb_fail(err, code, "look up a name");
    struct km_rd rd = km_rd_init(value);
    uint64_t id = 0;
    if (!km_rd_u64be(&rd, &id) || !km_rd_done(&rd))
        return KM_FAIL(err, KM_E_CORRUPT, "entry of a name with %zu octets", value.len);
    *ret_id = id;
    return KM_OK;
}

km_status km_txn_name_put(struct km_err *err, struct km_txn *txn,
                          const uint8_t name_key[KM_NAME_KEY_LEN], uint64_t id)
{
    const struct km_store_key key = name_key_of(name_key);
    struct km_span value = {0};
    int code = reserve(txn, &key, sizeof id, &value);
    if (code != 0)
        return km_lmdb_fail(err, code, "enter a name");
    struct km_wr wr = km_wr_init(value.ptr, value.len);
    km_wr_u64be(&wr, id);
    return KM_OK;
}

km_status km_txn_name_delete(struct km_err *err, struct km_txn *txn,
                             const uint8_t name_key[KM_NAME_KEY_LEN])
{
    const struct km_store_key key = name_key_of(name_key);
    int code = drop(txn, &key);
    return code == 0 ? KM_OK : km_lmdb_fail(err, code, "remove a name");
}

/* ---- records ---- */

km_status km_txn_record_get(struct km_err *err, struct km_txn *txn, uint64_t id,
                            struct km_record *ret, uint8_t *ret_element)
{
    const struct km_store_key key = {.kind = KM_KEY_RECORD, .id = id};
    const struct km_seal_place place = {.kind = KM_KEY_RECORD, .id = id};
    struct km_slice sealed = {0};
    int code = get(txn, &key, &sealed);
    if (code == MDB_NOTFOUND)
        return KM_FAIL(err, KM_E_CORRUPT, "the record of an object is missing");
    if (code != 0)
        return km_lmdb_fail(err, code, "find the record of an object");
    uint8_t plain[KM_RECORD_LEN] = {0};
    KM_TRY(km_seal_get(err, txn->store->seal, &place, sealed, KM_SPAN(plain, sizeof plain)));
    if (!km_record_parse(KM_SLICE(plain, sizeof plain), ret))
        return KM_FAIL(err, KM_E_CORRUPT, "the record of an object contradicts itself");
    if (ret_element != NULL)
        return km_seal_element(err, txn->store->seal, id, sealed, ret_element);
    return KM_OK;
}

km_status km_txn_record_put(struct km_err *err, struct km_txn *txn, uint64_t id,
                            struct km_record *record, const uint8_t *old_element)
{
    const struct km_store_key key = {.kind = KM_KEY_RECORD, .id = id};
    const struct km_seal_place place = {.kind = KM_KEY_RECORD, .id = id};
    record->generation = txn->head.count;
    uint8_t plain[KM_RECORD_LEN] = {0};
    struct km_wr wr = km_wr_init(plain, sizeof plain);
    struct km_slice text = {0};
    km_record_put(&wr, record);
    if (!km_wr_finish(&wr, &text))
        return KM_FAIL(err, KM_E_INTERNAL, "record of the wrong size");
    struct km_span sealed = {0};
    int code = reserve(txn, &key, text.len + KM_SEAL_OVERHEAD, &sealed);
    if (code != 0)
        return km_lmdb_fail(err, code, "write the record of an object");
    KM_TRY(km_seal_put(err, txn->store->seal, &place, text, text.len, sealed, NULL));
    uint8_t element[KM_SET_LEN] = {0};
    KM_TRY(km_seal_element(err, txn->store->seal, id, KM_SLICE(sealed.ptr, sealed.len), element));
    km_set_add(txn->head.set, element);
    if (old_element != NULL)
        km_set_subtract(txn->head.set, old_element);
    else
        txn->head.n_objects++;
    return KM_OK;
}

km_status km_txn_record_delete(struct km_err *err, struct km_txn *txn, uint64_t id,
                               const uint8_t *old_element)
{
    const struct km_store_key key = {.kind = KM_KEY_RECORD, .id = id};
    int code = drop(txn, &key);
    if (code != 0)
        return km_lmdb_fail(err, code, "remove the record of an object");
    km_set_subtract(txn->head.set, old_element);
    if (txn->head.n_objects == 0)
        return KM_FAIL(err, KM_E_CORRUPT, "the header counts fewer objects than there are");
    txn->head.n_objects--;
    return KM_OK;
}

/* ---- pieces ---- */

static struct km_store_key piece_key(const struct km_piece *piece)
{
    return (struct km_store_key){
        .kind = KM_KEY_PIECE, .id = piece->id, .level = piece->level, .index = piece->index};
}

static struct km_seal_place piece_place(const struct km_piece *piece)
{
    return (struct km_seal_place){
        .kind = KM_KEY_PIECE, .id = piece->id, .level = piece->level, .index = piece->index};
}

/* By how much the piece becomes longer than what stands in its place. */
static uint64_t growth_of(const struct km_txn *txn, const struct km_store_key *key, size_t len)
{
    struct km_slice old = {0};
    size_t old_len = get(txn, key, &old) == 0 ? old.len : 0;
    return len > old_len ? len - old_len : 0;
}

km_status km_txn_piece_put(struct km_err *err, struct km_txn *txn, const struct km_piece *piece,
                           struct km_slice plain, uint8_t tag[KM_TAG_LEN])
{
    const struct km_store_key key = piece_key(piece);
    const struct km_seal_place place = piece_place(piece);
    size_t padded_len = km_padded_len(plain.len);
    struct km_span sealed = {0};
    txn->grown += growth_of(txn, &key, padded_len + KM_SEAL_OVERHEAD);
    int code = reserve(txn, &key, padded_len + KM_SEAL_OVERHEAD, &sealed);
    if (code != 0)
        return km_lmdb_fail(err, code, "write a piece of an object");
    if (km_tag_is_zero(tag))
        txn->head.n_pieces++;
    return km_seal_put(err, txn->store->seal, &place, plain, padded_len, sealed, tag);
}

km_status km_txn_piece_get(struct km_err *err, struct km_txn *txn, const struct km_piece *piece,
                           const uint8_t tag[KM_TAG_LEN], struct km_span out)
{
    if (km_tag_is_zero(tag)) {
        km_wipe(out.ptr, out.len);
        return KM_OK;
    }
    const struct km_store_key key = piece_key(piece);
    const struct km_seal_place place = piece_place(piece);
    struct km_slice sealed = {0};
    int code = get(txn, &key, &sealed);
    if (code == MDB_NOTFOUND)
        return KM_FAIL(err, KM_E_CORRUPT, "a piece of an object is missing");
    if (code != 0)
        return km_lmdb_fail(err, code, "find a piece of an object");
    if (sealed.len < KM_SEAL_OVERHEAD || sealed.len - KM_SEAL_OVERHEAD > out.len)
        return KM_FAIL(err, KM_E_CORRUPT, "a piece of an object has %zu octets", sealed.len);
    if (!km_ct_equal(sealed.ptr + sealed.len - KM_TAG_LEN, tag, KM_TAG_LEN))
        return KM_FAIL(err, KM_E_CORRUPT, "a piece of an object is not the one last written");
    size_t len = sealed.len - KM_SEAL_OVERHEAD;
    KM_TRY(km_seal_get(err, txn->store->seal, &place, sealed, KM_SPAN(out.ptr, len)));
    km_wipe(out.ptr + len, out.len - len);
    return KM_OK;
}

static bool is_in_range(struct km_slice bytes, const struct km_piece *from, bool one_level)
{
    struct km_store_key key = {0};
    return km_store_key_parse(bytes, &key) && key.kind == KM_KEY_PIECE && key.id == from->id &&
           (!one_level || key.level == from->level);
}

static int delete_range(struct km_txn *txn, MDB_cursor *cursor, const struct km_piece *from,
                        bool one_level)
{
    const struct km_store_key first = piece_key(from);
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    MDB_val k = key_val(&first, buf);
    MDB_val v = {0};
    int code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    while (code == 0 && is_in_range(KM_SLICE(k.mv_data, k.mv_size), from, one_level)) {
        code = mdb_cursor_del(cursor, 0);
        if (code != 0)
            return code;
        txn->head.n_pieces--;
        /* After a deletion the cursor stands on what followed; asking anew copes with page merges. */
        k = key_val(&first, buf);
        code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

km_status km_txn_pieces_delete(struct km_err *err, struct km_txn *txn, const struct km_piece *from,
                               bool one_level)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(txn->txn, KM_MAIN_DBI, &cursor);
    if (code != 0)
        return km_lmdb_fail(err, code, "look for pieces of an object");
    code = delete_range(txn, cursor, from, one_level);
    mdb_cursor_close(cursor);
    return code == 0 ? KM_OK : km_lmdb_fail(err, code, "remove pieces of an object");
}
