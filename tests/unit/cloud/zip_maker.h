/* SPDX-License-Identifier: Apache-2.0 */
/* Small archives for tests, stored or deflated. */
#ifndef ZIP_MAKER_H
#define ZIP_MAKER_H

#include <sys/stat.h>

#include "common/km_bytes.h"

struct zip_file {
    const char *name;
    struct km_slice bytes;
    mode_t mode;
    bool is_deflated;
};
/* zip_make: into buf; returns its length. */
size_t zip_make(const struct zip_file *files, size_t n_files, uint8_t *buf, size_t cap);

#endif
