/* SPDX-License-Identifier: Apache-2.0 */
/* Open files. */
#ifndef KM_STORAGE_OPEN_H
#define KM_STORAGE_OPEN_H

#include "ta/storage/next.h"

struct km_open {
    struct km_file file;
    uint32_t flags; /* KM_STORAGE_... of the wish */
    uint8_t id[KM_FILE_HEAD_ID_LEN];
    bool has_secret;
    uint8_t secret[KM_FILE_HEAD_SECRET_LEN];
    struct km_content content; /* what the file holds; NULL while it is new */
    struct km_next next;       /* a replacement */
};

/* km_open_free: for the session's table. What was not committed is gone. */
void km_open_free(void *open);
void km_open_freep(struct km_open **open);

/* km_open_file: OPEN. Returns owned. */
TEE_Result km_open_file(struct km_session *session, const struct km_storage_wish *wish,
                        struct km_slice password, struct km_open **ret);
/*
 * km_open_blocked: whether something that this session has open forbids what the flags want (0: everything), so that waiting for
 * it is of no use.
 */
bool km_open_blocked(const struct km_session *session, const struct km_file *file, uint32_t flags);
/* km_open_io: what is read and written: the file's contents, or those that replace them. */
struct km_content *km_open_io(struct km_open *open);
/* km_open_commit: shows the replacement. */
TEE_Result km_open_commit(struct km_open *open);
/* km_open_rebuild: shortens a sealed file within a chunk, by way of new contents. */
TEE_Result km_open_rebuild(struct km_session *session, struct km_open *open, uint64_t size);
/* km_open_set_password: of a file where there was none (new_password), or removes it (empty): contents are sealed anew. */
TEE_Result km_open_set_password(struct km_session *session, const struct km_file *file,
                                const struct km_file_head *head, struct km_slice old_password,
                                struct km_slice new_password);

#endif
