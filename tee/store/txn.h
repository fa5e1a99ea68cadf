/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store inside: its handle, and transactions that carry the header along.
 *
 * Every commit goes through km_txn_commit, which counts it, numbers it and seals the header anew;
 * nothing else writes to LMDB.
 */
#ifndef KM_STORE_TXN_H
#define KM_STORE_TXN_H

#include <lmdb.h>

#include "tee/store/claims.h"
#include "tee/store/record.h"
#include "tee/store/seal.h"
#include "tee/store/store.h"

#define KM_MAIN_DBI ((MDB_dbi)1) /* LMDB's unnamed database */

struct km_store {
    MDB_env *env;
    MDB_txn *reader; /* reset while nobody reads, so that a read costs no reader slot search */
    struct km_seal *seal;
    struct km_claims *claims;
    struct km_secret *chunk;  /* KM_CHUNK_LEN octets of clear data at work; made on first use */
    uint64_t limit_pages;     /* live pages that growing operations may reach */
    uint64_t allocated_pages; /* of the file, as far as this process made sure of */
    bool cannot_allocate;     /* the file system can't, or the sandbox forbids it */
    size_t page_len;
    uint64_t
        state_txn; /* LMDB's number of the commit that state and state_count are of; 0: of none */
    uint64_t state_count;
    uint8_t state[KM_STORE_STATE_LEN];
    uint64_t seen_count; /* the highest count this process saw: going below it is a rollback */
    bool has_anchor;
    uint64_t anchored; /* what the root's counter is known to hold */
    km_status (*advance)(struct km_err *err, void *arg, uint64_t count);
    void *advance_arg;
};

struct km_txn {
    struct km_store *store;
    MDB_txn *txn;
    bool writing;
    struct km_head head; /* writing: as it will be committed */
    uint64_t grown;      /* writing: octets by which pieces became more or longer */
};

/* km_lmdb_fail: records an LMDB code as what the caller can do about it. what: "could not <what>". */
km_status km_lmdb_fail(struct km_err *err, int code, const char *what);

/* km_txn_read: a snapshot. Only one at a time in a store; ends with km_txn_end. */
km_status km_txn_read(struct km_err *err, struct km_store *store, struct km_txn *ret);
/* km_txn_write: waits for other writers; reads and checks the header. KM_E_CORRUPT, KM_E_STALE. */
km_status km_txn_write(struct km_err *err, struct km_store *store, struct km_txn *ret);
/* km_txn_commit: on disk when it returns KM_OK; nothing of it otherwise. Ends the transaction. */
km_status km_txn_commit(struct km_err *err, struct km_txn *txn);
/* km_txn_end: for KM_AUTO: gives up what was not committed. */
void km_txn_end(struct km_txn *txn);
/* km_txn_room: KM_E_NOSPACE when `growth` more octets would pass the store's limit. */
km_status km_txn_room(struct km_err *err, struct km_txn *txn, uint64_t growth);

/* km_txn_head_tag: the tag of this snapshot's header; what the header says is not looked at. */
km_status km_txn_head_tag(struct km_err *err, struct km_txn *txn, uint8_t ret_tag[KM_TAG_LEN]);
/* km_txn_head: reads the header of this snapshot. KM_E_NOTFOUND when the store was never made. */
km_status km_txn_head(struct km_err *err, struct km_txn *txn, struct km_head *ret);

/* Names: which object has this one. KM_E_NOTFOUND. */
km_status km_txn_name_get(struct km_err *err, struct km_txn *txn,
                          const uint8_t name_key[KM_NAME_KEY_LEN], uint64_t *ret_id);
km_status km_txn_name_put(struct km_err *err, struct km_txn *txn,
                          const uint8_t name_key[KM_NAME_KEY_LEN], uint64_t id);
km_status km_txn_name_delete(struct km_err *err, struct km_txn *txn,
                             const uint8_t name_key[KM_NAME_KEY_LEN]);

/* Records. get: KM_E_CORRUPT also when there is none: a name led here. ret_element may be NULL. */
km_status km_txn_record_get(struct km_err *err, struct km_txn *txn, uint64_t id,
                            struct km_record *ret, uint8_t *ret_element);
/* put: replaces what has old_element (NULL: a new object) and keeps the set hash. */
km_status km_txn_record_put(struct km_err *err, struct km_txn *txn, uint64_t id,
                            struct km_record *record, const uint8_t *old_element);
km_status km_txn_record_delete(struct km_err *err, struct km_txn *txn, uint64_t id,
                               const uint8_t *old_element);

/* Pieces: chunks, tree nodes and metadata; each is trusted by the tag its parent holds. */
struct km_piece {
    uint64_t id;
    uint8_t level;
    uint32_t index;
};
/* put: seals plain under a fresh nonce; tag: in what stood there (zero: nothing), out the new one. */
km_status km_txn_piece_put(struct km_err *err, struct km_txn *txn, const struct km_piece *piece,
                           struct km_slice plain, uint8_t tag[KM_TAG_LEN]);
/* get: into out, zeros behind what was stored; KM_E_CORRUPT when it is not the one with this tag. */
km_status km_txn_piece_get(struct km_err *err, struct km_txn *txn, const struct km_piece *piece,
                           const uint8_t tag[KM_TAG_LEN], struct km_span out);
/* delete_from: every piece of that object from (level, index) on; one level only, or all behind. */
km_status km_txn_pieces_delete(struct km_err *err, struct km_txn *txn, const struct km_piece *from,
                               bool one_level);

/* km_object_meta_get: returns owned (NULL when there is none), padded; its length is in the record. */
km_status km_object_meta_get(struct km_err *err, struct km_txn *txn, uint64_t id,
                             const struct km_record *record, struct km_secret **ret);

#endif
