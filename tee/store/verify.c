/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/store/pages.h"
#include "tee/store/tree.h"
#include "tee/store/txn.h"

#define SNAPSHOT_TRIES 8

/* What a pass over everything adds up to; it must be what the header says. */
struct sums {
    uint8_t set[KM_SET_LEN];
    uint64_t n_headers;
    uint64_t n_names;
    uint64_t n_objects;
    uint64_t n_damaged;
    uint64_t n_pieces;  /* keys seen */
    uint64_t n_reached; /* pieces that an object vouches for */
    bool stray;         /* a key that no store has */
};

static km_status check_object(struct km_err *err, struct km_txn *txn, uint64_t id,
                              const struct km_head *head, struct sums *sums)
{
    struct km_record record = {0};
    uint8_t element[KM_SET_LEN] = {0};
    KM_TRY(km_txn_record_get(err, txn, id, &record, element));
    km_set_add(sums->set, element);
    if (id >= head->next_id || record.generation > head->count)
        return KM_FAIL(err, KM_E_CORRUPT, "an object is newer than the header");
    uint8_t name_key[KM_NAME_KEY_LEN] = {0};
    uint64_t named = 0;
    KM_TRY(km_seal_name(err, txn->store->seal, KM_SLICE(record.name, record.name_len), name_key));
    KM_TRY(km_txn_name_get(err, txn, name_key, &named));
    if (named != id)
        return KM_FAIL(err, KM_E_CORRUPT, "two objects have one name");
    KM_AUTO(km_secret_freep) struct km_secret *meta = NULL;
    KM_TRY(km_object_meta_get(err, txn, id, &record, &meta));
    uint64_t n_pieces = 0;
    KM_TRY(km_tree_verify(err, txn, id, &record, &n_pieces));
    sums->n_reached += n_pieces + (record.meta_len > 0 ? 1 : 0);
    return KM_OK;
}

static void count_key(struct km_err *err, struct km_txn *txn, struct km_slice bytes,
                      const struct km_head *head, struct sums *sums)
{
    struct km_store_key key = {0};
    if (!km_store_key_parse(bytes, &key)) {
        sums->stray = true;
        return;
    }
    switch (key.kind) {
    case KM_KEY_HEADER:
        sums->n_headers++;
        break;
    case KM_KEY_NAME:
        sums->n_names++;
        break;
    case KM_KEY_RECORD:
        sums->n_objects++;
        if (check_object(err, txn, key.id, head, sums) != KM_OK)
            sums->n_damaged++;
        break;
    case KM_KEY_PIECE:
        sums->n_pieces++;
        break;
    }
}

static km_status pass(struct km_err *err, struct km_err *first, struct km_txn *txn,
                      const struct km_head *head, struct sums *sums)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(txn->txn, KM_MAIN_DBI, &cursor);
    if (code != 0)
        return km_lmdb_fail(err, code, "go over the store");
    MDB_val k = {0};
    MDB_val v = {0};
    while ((code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0)
        count_key(first, txn, KM_SLICE(k.mv_data, k.mv_size), head, sums);
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? KM_OK : km_lmdb_fail(err, code, "go over the store");
}

/* The pages before anything else: behind them LMDB may be let loose on the file. */
static km_status check_pages(struct km_err *err, struct km_store *store, struct km_txn *ret_txn)
{
    int fd = -1;
    (void)mdb_env_get_fd(store->env, &fd);
    for (int i = 0; i < SNAPSHOT_TRIES; i++) {
        struct km_err why = {0};
        KM_TRY(km_txn_read(err, store, ret_txn));
        km_status status = km_pages_check_all(&why, fd, mdb_txn_id(ret_txn->txn));
        if (status == KM_OK)
            return KM_OK;
        km_txn_end(ret_txn);
        if (status == KM_E_STATE)
            continue;
        if (err != NULL && err->status == KM_OK)
            *err = why;
        return status;
    }
    return KM_FAIL(err, KM_E_BUSY, "the store is being written too fast to be examined");
}

km_status km_store_verify(struct km_err *err, struct km_store *store,
                          struct km_store_report *ret_report)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_head head = {0};
    struct sums sums = {0};
    struct km_err first = {0};
    *ret_report = (struct km_store_report){0};
    KM_TRY(check_pages(err, store, &txn));
    KM_TRY(km_txn_head(err, &txn, &head));
    ret_report->count = head.count;
    KM_TRY(pass(err, &first, &txn, &head, &sums));
    ret_report->n_objects = sums.n_objects;
    ret_report->n_damaged = sums.n_damaged;
    ret_report->set_matches = !sums.stray && sums.n_headers == 1 &&
                              sums.n_objects == head.n_objects && sums.n_names == sums.n_objects &&
                              sums.n_pieces == head.n_pieces &&
                              (sums.n_damaged > 0 || sums.n_reached == sums.n_pieces) &&
                              km_ct_equal(sums.set, head.set, KM_SET_LEN);
    if (sums.n_damaged > 0)
        return KM_FAIL(err, KM_E_CORRUPT, "%llu of %llu objects are damaged; the first: %s",
                       (unsigned long long)sums.n_damaged, (unsigned long long)sums.n_objects,
                       first.text);
    if (!ret_report->set_matches)
        return KM_FAIL(err, KM_E_CORRUPT, "objects were removed, swapped or put back");
    store->seen_count = head.count;
    (void)km_store_settle(NULL, store);
    return KM_OK;
}
