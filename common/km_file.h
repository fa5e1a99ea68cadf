/* SPDX-License-Identifier: Apache-2.0 */
/* Files whole: bounded reads, and writes that leave the old or the new file, never half of one. */
#ifndef KM_FILE_H
#define KM_FILE_H

#include <sys/types.h>

#include "common/km_bytes.h"

/*
 * km_file_read: the whole file, at most max bytes (KM_E_LIMIT beyond). Returns owned through
 * *ret_bytes (free with free()); *ret_len its length. dir_fd is a directory or AT_FDCWD.
 */
km_status km_file_read(struct km_err *err, int dir_fd, const char *path, size_t max,
                       uint8_t **ret_bytes, size_t *ret_len);
/*
 * km_file_write: temporary file beside it, fsync, rename, fsync of the directory. mode is set
 * exactly, whatever the umask; a symbolic link is replaced, not followed. On an error the old file
 * stands and the temporary one is gone; only a kill or a power cut can leave a .km-*.tmp behind.
 */
km_status km_file_write(struct km_err *err, int dir_fd, const char *path, struct km_slice bytes,
                        mode_t mode);
/*
 * The same for what comes piece by piece: begin, write, commit. All zero before begin; km_file_new_clear ends it in any
 * state (for KM_AUTO) and takes the temporary file away when it was not committed. path is borrowed until then.
 */
#define KM_FILE_TMP_LEN 32
struct km_file_new {
    bool is_begun;
    int parent;
    int fd;
    const char *path;
    const char *name; /* the last part of path */
    char tmp[KM_FILE_TMP_LEN];
};
km_status km_file_new_begin(struct km_err *err, int dir_fd, const char *path,
                            struct km_file_new *ret);
km_status km_file_new_write(struct km_err *err, struct km_file_new *file, struct km_slice bytes);
km_status km_file_new_commit(struct km_err *err, struct km_file_new *file, mode_t mode);
void km_file_new_clear(struct km_file_new *file);
void km_freep(void *p); /* for KM_AUTO on a malloc'ed pointer */

#endif
