/* SPDX-License-Identifier: Apache-2.0 */
/* A file's password: its secret is sealed under it, and wrong guesses are counted before they are looked at. */
#ifndef KM_STORAGE_LOCK_H
#define KM_STORAGE_LOCK_H

#include "ta/storage/file.h"

#ifndef KM_STORAGE_ITERATIONS
#define KM_STORAGE_ITERATIONS 600000u
#endif

/* km_lock_make: seals the secret under the password. Takes long on purpose. */
TEE_Result km_lock_make(struct km_lock *ret, const uint8_t id[KM_FILE_HEAD_ID_LEN],
                        struct km_slice password, const uint8_t secret[KM_FILE_HEAD_SECRET_LEN]);
/*
 * km_lock_open: the secret of a file that has a password. Holds the head alone; the guess is stored before it is checked.
 * E_PASSWORD, E_THROTTLED; CORRUPT_OBJECT. *head is read anew. On a failure nothing of the secret is left in ret_secret.
 */
TEE_Result km_lock_open(const struct km_file *file, const struct km_owner *caller,
                        struct km_slice password, struct km_file_head *head,
                        uint8_t ret_secret[KM_FILE_HEAD_SECRET_LEN]);

#endif
