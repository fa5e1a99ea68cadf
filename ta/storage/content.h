/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of a file in one slot: plain, as the store alone seals them, or sealed once more in chunks under a key that only the
 * password gives. A sealed chunk is nonce, octets, tag, and as long as a chunk of the store; the last one may be shorter.
 */
#ifndef KM_STORAGE_CONTENT_H
#define KM_STORAGE_CONTENT_H

#include "ta/storage/file.h"

#define KM_CHUNK_STORED 16328u /* what the store keeps in one piece */
#define KM_CHUNK_OVERHEAD (KM_SEAL_NONCE_LEN + KM_SEAL_TAG_LEN)
#define KM_CHUNK_CLEAR (KM_CHUNK_STORED - KM_CHUNK_OVERHEAD)
/* Chunks that one transfer can touch. */
#define KM_CHUNKS_MAX (KM_STORAGE_TRANSFER_MAX / KM_CHUNK_CLEAR + 2u)

struct km_content {
    TEE_ObjectHandle object; /* NULL: closed, or found damaged */
    bool is_sealed;
    uint8_t key[32];
};

/* Room for one transfer; a session has one of it. */
struct km_work {
    uint8_t data[KM_STORAGE_TRANSFER_MAX]; /* the caller's octets, out of its reach */
    uint8_t stored[KM_CHUNKS_MAX * KM_CHUNK_STORED];
    uint8_t chunk[KM_CHUNK_STORED];
    uint8_t clear[KM_CHUNK_CLEAR];
};

/* km_content_key: makes it sealed, under the key of these contents. */
TEE_Result km_content_key(struct km_content *content, const uint8_t secret[KM_FILE_HEAD_SECRET_LEN],
                          const uint8_t salt[KM_SEAL_SALT_LEN]);
/* km_content_clear: closes it and wipes the key. */
void km_content_clear(struct km_content *content);

/* km_content_size_of: octets of contents of which the store keeps `stored`. CORRUPT_OBJECT. */
TEE_Result km_content_size_of(bool is_sealed, uint64_t stored, uint64_t *ret);
/* km_content_stored: octets that the store keeps of `size`. */
uint64_t km_content_stored(bool is_sealed, uint64_t size);
TEE_Result km_content_size(struct km_content *content, uint64_t *ret);
/* km_content_read: into work->data; fewer octets only at the end. len is at most KM_STORAGE_TRANSFER_MAX. */
TEE_Result km_content_read(struct km_content *content, uint64_t offset, size_t len,
                           struct km_work *work, size_t *ret_len);
/* km_content_write: work->data, in one step; offset is at most the size. E_TOO_LARGE. */
TEE_Result km_content_write(struct km_content *content, uint64_t offset, size_t len,
                            struct km_work *work);
/* km_content_cuts_well: whether the store alone can shorten it to `size`, in one step. */
bool km_content_cuts_well(const struct km_content *content, uint64_t size);
TEE_Result km_content_cut(struct km_content *content, uint64_t size);

#endif
