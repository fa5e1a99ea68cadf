/* SPDX-License-Identifier: Apache-2.0 */
/* Where octets come from, a file or memory, and where they go. */
#ifndef CLRPV_STREAM_H
#define CLRPV_STREAM_H

#include "lib/clrpv/clrpv_internal.h"

struct clrpv_source {
    const char *function;
    const char *path; /* NULL: memory */
    int fd;           /* -1: memory */
    struct km_slice memory;
    size_t at; /* in memory */
};
#define CLRPV_SOURCE_NONE                                                                          \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

ClrpvResult clrpv_source_open(const char *function, const char *path, struct clrpv_source *ret);
void clrpv_source_memory(const char *function, struct km_slice memory, struct clrpv_source *ret);
void clrpv_source_clear(struct clrpv_source *source);
/* clrpv_source_size: -1 when it is not known beforehand (a pipe). */
ClrpvResult clrpv_source_size(struct clrpv_source *source, int64_t *ret_size);
ClrpvResult clrpv_source_rewind(struct clrpv_source *source);
/* clrpv_source_read: as many octets as fit into buf; fewer only at the end. */
ClrpvResult clrpv_source_read(struct clrpv_source *source, struct km_span buf, size_t *ret_len);

/* All zero: octets go nowhere. */
struct clrpv_sink {
    const char *function;
    struct km_file_new file;
    struct km_span memory;
    size_t len; /* in memory */
};

ClrpvResult clrpv_sink_open(const char *function, const char *path, struct clrpv_sink *ret);
void clrpv_sink_memory(const char *function, struct km_span memory, struct clrpv_sink *ret);
ClrpvResult clrpv_sink_write(struct clrpv_sink *sink, struct km_slice octets);
/* clrpv_sink_commit: from now on the file is there. */
ClrpvResult clrpv_sink_commit(struct clrpv_sink *sink);
void clrpv_sink_clear(struct clrpv_sink *sink);

#endif
