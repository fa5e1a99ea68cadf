/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <string.h>

#include "tee/store/tree.h"
#include "tee/store/txn.h"

struct km_store_cursor {
    struct km_store *store;
    uint64_t next_id;
    uint64_t last_id; /* of the object last told of */
    uint64_t end_id;  /* objects made after the cursor have numbers from here on */
    struct km_record record;
    struct km_secret *meta;
};

km_status km_store_cursor_open(struct km_err *err, struct km_store *store,
                               struct km_store_cursor **ret)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_head head = {0};
    KM_TRY(km_txn_read(err, store, &txn));
    KM_TRY(km_txn_head(err, &txn, &head));
    struct km_store_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "cursor");
    cursor->store = store;
    cursor->end_id = head.next_id;
    *ret = cursor;
    return KM_OK;
}

/* The first record from next_id on; *ret_id is end_id when there is none. */
static km_status seek(struct km_err *err, const struct km_store_cursor *cursor, struct km_txn *txn,
                      uint64_t *ret_id)
{
    struct km_store_key key = {.kind = KM_KEY_RECORD, .id = cursor->next_id};
    uint8_t buf[KM_STORE_KEY_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof buf);
    km_store_key_put(&wr, &key);
    MDB_cursor *at = NULL;
    int code = mdb_cursor_open(txn->txn, KM_MAIN_DBI, &at);
    if (code != 0)
        return km_lmdb_fail(err, code, "look for objects");
    MDB_val k = {.mv_size = wr.len, .mv_data = buf};
    MDB_val v = {0};
    code = mdb_cursor_get(at, &k, &v, MDB_SET_RANGE);
    bool found = code == 0 && km_store_key_parse(KM_SLICE(k.mv_data, k.mv_size), &key) &&
                 key.kind == KM_KEY_RECORD && key.id < cursor->end_id;
    mdb_cursor_close(at);
    if (code != 0 && code != MDB_NOTFOUND)
        return km_lmdb_fail(err, code, "look for objects");
    *ret_id = found ? key.id : cursor->end_id;
    return KM_OK;
}

km_status km_store_cursor_next(struct km_err *err, struct km_store_cursor *cursor,
                               struct km_slice *ret_name, struct km_slice *ret_meta,
                               uint64_t *ret_size)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    uint64_t id = 0;
    KM_TRY(km_txn_read(err, cursor->store, &txn));
    KM_TRY(seek(err, cursor, &txn, &id));
    if (id == cursor->end_id)
        return KM_FAIL(err, KM_E_NOTFOUND, "there are no more objects");
    cursor->last_id = id;
    cursor->next_id = id + 1;
    km_secret_free(km_steal(&cursor->meta));
    KM_TRY(km_txn_record_get(err, &txn, id, &cursor->record, NULL));
    KM_TRY(km_object_meta_get(err, &txn, id, &cursor->record, &cursor->meta));
    *ret_name = KM_SLICE(cursor->record.name, cursor->record.name_len);
    *ret_meta = cursor->meta == NULL
                    ? KM_SLICE(NULL, 0)
                    : KM_SLICE(km_secret_expose(cursor->meta).ptr, cursor->record.meta_len);
    *ret_size = cursor->record.size;
    return KM_OK;
}

/* The next record whose name begins so; KM_E_CORRUPT for a damaged one, whose name nobody knows. */
static km_status seek_named(struct km_err *err, struct km_store_cursor *cursor, struct km_txn *txn,
                            struct km_slice firsts)
{
    for (;;) {
        uint64_t id = 0;
        KM_TRY(seek(err, cursor, txn, &id));
        if (id == cursor->end_id)
            return KM_FAIL(err, KM_E_NOTFOUND, "there are no more objects");
        cursor->last_id = id;
        cursor->next_id = id + 1;
        KM_TRY(km_txn_record_get(err, txn, id, &cursor->record, NULL));
        if (memchr(firsts.ptr, cursor->record.name[0], firsts.len) != NULL)
            return KM_OK;
    }
}

km_status km_store_cursor_read(struct km_err *err, struct km_store_cursor *cursor,
                               struct km_slice firsts, struct km_span out,
                               struct km_slice *ret_name, uint64_t *ret_size)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    KM_TRY(km_txn_read(err, cursor->store, &txn));
    KM_TRY(seek_named(err, cursor, &txn, firsts));
    const struct km_record *record = &cursor->record;
    struct km_span part = KM_SPAN(out.ptr, record->size < out.len ? record->size : out.len);
    if (part.len > 0)
        KM_TRY(km_tree_read(err, &txn, cursor->last_id, record, 0, part));
    *ret_name = KM_SLICE(record->name, record->name_len);
    *ret_size = record->size;
    return KM_OK;
}

void km_store_cursor_back(struct km_store_cursor *cursor)
{
    cursor->next_id = cursor->last_id;
}

void km_store_cursor_close(struct km_store_cursor *cursor)
{
    if (cursor == NULL)
        return;
    km_secret_free(cursor->meta);
    km_wipe(cursor, sizeof *cursor);
    free(cursor);
}
