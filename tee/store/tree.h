/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object's data: chunks below a tree whose nodes hold their children's tags.
 *
 * A record holds the tag of the top, so it vouches for every chunk, and a write rewrites only the
 * chunks it touches and the nodes above them (at most three). What was never written has a zero tag,
 * takes no room and reads as zeros.
 */
#ifndef KM_STORE_TREE_H
#define KM_STORE_TREE_H

#include "tee/store/txn.h"

/* km_tree_read: out.len octets from offset; all of it must lie within record->size. */
km_status km_tree_read(struct km_err *err, struct km_txn *txn, uint64_t id,
                       const struct km_record *record, uint64_t offset, struct km_span out);
/* km_tree_write: changes record's size and root_tag; the caller puts the record. */
km_status km_tree_write(struct km_err *err, struct km_txn *txn, uint64_t id,
                        struct km_record *record, uint64_t offset, struct km_slice data);
/* km_tree_resize: cuts, or makes longer by a hole. */
km_status km_tree_resize(struct km_err *err, struct km_txn *txn, uint64_t id,
                         struct km_record *record, uint64_t size);
/* km_tree_verify: opens every piece; *ret_n_pieces how many there are (metadata not among them). */
km_status km_tree_verify(struct km_err *err, struct km_txn *txn, uint64_t id,
                         const struct km_record *record, uint64_t *ret_n_pieces);

#endif
