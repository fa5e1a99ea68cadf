/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a file: what it is, whose, and which of its two slots holds the contents. One object of KM_FILE_HEAD_LEN octets for each
 * file, whatever is in it, so that heads tell nothing by their size. Pure.
 */
#ifndef KM_STORAGE_HEAD_H
#define KM_STORAGE_HEAD_H

#include "ta/common/guesses.h"
#include "ta/common/seal.h"
#include "ta/storage/storage_wire.h"

#define KM_FILE_HEAD_ID_LEN 16u
#define KM_FILE_HEAD_SECRET_LEN 32u
#define KM_LOCK_LEN                                                                                \
    (4u + KM_SEAL_SALT_LEN + KM_SEAL_NONCE_LEN + KM_FILE_HEAD_SECRET_LEN + KM_SEAL_TAG_LEN)
#define KM_FILE_HEAD_LOCK_AT 216u
#define KM_FILE_HEAD_GUESSES_AT (KM_FILE_HEAD_LOCK_AT + KM_LOCK_LEN)
#define KM_FILE_HEAD_LEN (KM_FILE_HEAD_GUESSES_AT + KM_GUESSES_LEN)

/* The file's secret under a password; all zero when there is none. */
struct km_lock {
    uint32_t iterations; /* of PBKDF2; 0: no password */
    uint8_t salt[KM_SEAL_SALT_LEN];
    uint8_t nonce[KM_SEAL_NONCE_LEN];
    uint8_t sealed[KM_FILE_HEAD_SECRET_LEN];
    uint8_t tag[KM_SEAL_TAG_LEN];
};

struct km_file_head {
    uint32_t slot; /* 0 or 1 */
    uint64_t made; /* or replaced: seconds since 1970 */
    uint8_t id[KM_FILE_HEAD_ID_LEN];
    uint8_t salt[KM_SEAL_SALT_LEN]; /* of the key of these contents */
    struct km_storage_name name;
    struct km_storage_grants grants;
    struct km_lock lock;
    struct km_guess_counts counts;
};

KM_MUST_USE bool km_file_head_parse(struct km_slice in, struct km_file_head *ret);
/* km_file_head_put: KM_FILE_HEAD_LEN octets. */
void km_file_head_put(const struct km_file_head *head, uint8_t ret[KM_FILE_HEAD_LEN]);
/* km_lock_write: KM_LOCK_LEN octets, as they stand in a head. */
void km_lock_write(struct km_wr *wr, const struct km_lock *lock);

#endif
