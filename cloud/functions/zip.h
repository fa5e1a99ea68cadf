/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZIP archives as code of functions comes in them (PKWARE APPNOTE 6.3.3: stored and deflated files; no encryption,
 * no ZIP64, no parts). The central directory is what counts.
 */
#ifndef KM_ZIP_H
#define KM_ZIP_H

#include <sys/types.h>

#include "common/km_bytes.h"

#define KM_ZIP_ENTRIES_MAX 16384u
#define KM_ZIP_NAME_MAX 512u

struct km_zip_entry {
    struct km_slice
        name; /* relative, "/" between parts, none of them "", "." or ".."; a folder ends in "/" */
    bool is_folder;
    bool is_executable;
    bool is_deflated;
    uint32_t crc;
    uint32_t size;        /* unpacked */
    struct km_slice data; /* packed */
};

/* km_zip_is: whether the bytes begin like an archive. */
bool km_zip_is(struct km_slice archive);
/*
 * km_zip_each: calls visit for each entry in the directory's order, and stops with what it returns unless that is
 * KM_OK. KM_E_MALFORMED for anything that is not such an archive or names a place outside; KM_E_UNSUPPORTED for
 * what is left out above; KM_E_LIMIT beyond the bounds or unpacked_max octets in all. Entries are views of the archive.
 */
km_status km_zip_each(struct km_err *err, struct km_slice archive, size_t unpacked_max,
                      km_status (*visit)(struct km_err *err, void *ctx,
                                         const struct km_zip_entry *entry),
                      void *ctx);
/*
 * km_zip_check: that km_zip_extract will find what it makes free: as km_zip_each, and KM_E_MALFORMED when there is no
 * entry, when two files have one name, and when a file stands where another one's folder has to be.
 */
km_status km_zip_check(struct km_err *err, struct km_slice archive, size_t unpacked_max);
/* km_zip_unpack: one file's bytes into out, which has its size exactly; KM_E_MALFORMED when size or CRC differ. */
km_status km_zip_unpack(struct km_err *err, const struct km_zip_entry *entry, struct km_span out);
/* km_zip_extract: all of it below the directory dir_fd, files 0444 or 0555, folders 0755. What exists there is an error. */
km_status km_zip_extract(struct km_err *err, struct km_slice archive, size_t unpacked_max,
                         int dir_fd);

#endif
