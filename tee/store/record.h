/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store is made of, byte by byte: LMDB keys, the header, an object's record. Pure parsers
 * and printers; docs/store.md has the tables. A parser answers false and leaves its output alone
 * when a single octet is not as the format wants it.
 */
#ifndef KM_STORE_RECORD_H
#define KM_STORE_RECORD_H

#include "tee/store/store.h"

#define KM_TAG_LEN 16u       /* of AES-256-GCM; names one sealed version of something */
#define KM_SEAL_OVERHEAD 40u /* nonce[24] in front, tag[16] behind */
#define KM_NAME_KEY_LEN 16u  /* truncated HMAC of a name */
#define KM_SET_LEN 32u       /* the set hash */
#define KM_KEY_ID_LEN 16u    /* tells "another root" from "damaged" */

/* Four LMDB pages of 4096 hold one sealed chunk exactly: 4 * 4096 - page header 16 - overhead 40. */
#define KM_CHUNK_LEN 16328u
#define KM_NODE_FANOUT 120u /* tags in a tree node: two sealed nodes fill one LMDB page */
#define KM_NODE_LEN (KM_NODE_FANOUT * KM_TAG_LEN)
#define KM_TREE_HEIGHT_MAX 3u /* 120^3 chunks are more than KM_STORE_DATA_MAX needs */
#define KM_META_LEVEL 15u     /* the "level" under which an object's metadata stands */
#define KM_PADDED_META_MAX 69576u

enum km_key_kind { KM_KEY_HEADER = 1, KM_KEY_NAME = 2, KM_KEY_RECORD = 3, KM_KEY_PIECE = 4 };

/* One LMDB key, taken apart. */
struct km_store_key {
    enum km_key_kind kind;
    uint8_t name_key[KM_NAME_KEY_LEN]; /* KM_KEY_NAME */
    uint64_t id;                       /* KM_KEY_RECORD, KM_KEY_PIECE */
    uint8_t level;                     /* KM_KEY_PIECE: 0 chunk, 1..3 tree node, 15 metadata */
    uint32_t index;                    /* KM_KEY_PIECE: which one of that level, from 0 */
};

#define KM_STORE_KEY_MAX 17u

KM_MUST_USE bool km_store_key_parse(struct km_slice in, struct km_store_key *ret);
void km_store_key_put(struct km_wr *wr, const struct km_store_key *key);

/* The header's sealed part: what the store as a whole must be. */
struct km_head {
    uint64_t count;   /* commits since creation */
    uint64_t txn_id;  /* LMDB's number of the transaction that wrote this */
    uint64_t next_id; /* objects get increasing numbers, none twice */
    uint64_t n_objects;
    uint64_t n_pieces;
    uint8_t set[KM_SET_LEN];
};

#define KM_HEAD_LEN 72u
#define KM_ENVELOPE_LEN (24u + KM_HEAD_LEN + KM_SEAL_OVERHEAD)

KM_MUST_USE bool km_head_parse(struct km_slice in, struct km_head *ret);
void km_head_put(struct km_wr *wr, const struct km_head *head);
/* km_frame_parse: the clear frame around the sealed header; views of the input. */
KM_MUST_USE bool km_frame_parse(struct km_slice in, struct km_slice *ret_key_id,
                                struct km_slice *ret_sealed);
/* km_frame_put: the frame up to where the sealed header begins. */
void km_frame_put(struct km_wr *wr, const uint8_t key_id[KM_KEY_ID_LEN]);

/* An object's record; all that is needed to trust its pieces. */
struct km_record {
    uint64_t generation; /* the store's count when this was written */
    uint64_t size;       /* octets of data */
    uint32_t meta_len;
    uint8_t name_len;
    uint8_t meta_tag[KM_TAG_LEN]; /* zero when there is no metadata */
    uint8_t root_tag[KM_TAG_LEN]; /* of the top of the chunk tree; zero when all data are a hole */
    uint8_t name[KM_STORE_NAME_MAX];
};

#define KM_RECORD_LEN 120u

KM_MUST_USE bool km_record_parse(struct km_slice in, struct km_record *ret);
void km_record_put(struct km_wr *wr, const struct km_record *record);

/* km_tag_is_zero: a zero tag stands for "nothing stored, reads as zeros". */
bool km_tag_is_zero(const uint8_t tag[KM_TAG_LEN]);
/* km_padded_len: how long a piece of len octets is before it is sealed. */
size_t km_padded_len(size_t len);
/* km_n_chunks: how many chunks size octets take. */
uint64_t km_n_chunks(uint64_t size);
/* km_tree_height: levels of nodes above n_chunks chunks; 0 when the top is the only chunk. */
unsigned km_tree_height(uint64_t n_chunks);
/* km_tree_span: how many chunks stand below one node of that level (1 for level 0). */
uint64_t km_tree_span(unsigned level);

#endif
