/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clrpv/clrpv_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_MAX 65536u
#define UMASK "\nUmask:\t"
#define MODE_ALL 0666u
#define MODE_OWNER 0600u

/*
 * What open would give a new file. umask itself can only be read by changing it, which other threads would notice; where
 * the system does not tell, the file is its owner's alone.
 */
static mode_t output_mode(void)
{
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    if (km_file_read(NULL, AT_FDCWD, "/proc/self/status", STATUS_MAX, &text, &len) != KM_OK)
        return MODE_OWNER;
    const uint8_t *at = memmem(text, len, UMASK, strlen(UMASK));
    if (at == NULL)
        return MODE_OWNER;
    unsigned mask = 0;
    for (at += strlen(UMASK); at < text + len && *at >= '0' && *at <= '7'; at++)
        mask = mask * 8 + (unsigned)(*at - '0');
    return (mode_t)(MODE_ALL & ~mask);
}

ClrpvResult clrpv_source_open(const char *function, const char *path, struct clrpv_source *ret)
{
    int fd = -1;
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return clrpv_fail_errno(function, path, errno);
    *ret = (struct clrpv_source){.function = function, .path = path, .fd = fd};
    return CLRPV_SUCCESS;
}

void clrpv_source_memory(const char *function, struct km_slice memory, struct clrpv_source *ret)
{
    *ret = (struct clrpv_source){.function = function, .fd = -1, .memory = memory};
}

void clrpv_source_clear(struct clrpv_source *source)
{
    km_fd_closep(&source->fd);
    source->fd = -1;
}

ClrpvResult clrpv_source_size(struct clrpv_source *source, int64_t *ret_size)
{
    struct stat st = {0};
    if (source->fd < 0) {
        *ret_size = (int64_t)source->memory.len;
        return CLRPV_SUCCESS;
    }
    if (fstat(source->fd, &st) != 0)
        return clrpv_fail_errno(source->function, source->path, errno);
    *ret_size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_source_rewind(struct clrpv_source *source)
{
    source->at = 0;
    if (source->fd >= 0 && lseek(source->fd, 0, SEEK_SET) != 0)
        return clrpv_fail_errno(source->function, source->path, errno);
    return CLRPV_SUCCESS;
}

static ClrpvResult read_memory(struct clrpv_source *source, struct km_span buf, size_t *ret_len)
{
    size_t left = source->memory.len - source->at;
    size_t len = left < buf.len ? left : buf.len;
    if (len != 0)
        km_copy(buf.ptr, buf.len, source->memory.ptr + source->at, len);
    source->at += len;
    *ret_len = len;
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_source_read(struct clrpv_source *source, struct km_span buf, size_t *ret_len)
{
    size_t len = 0;
    if (source->fd < 0)
        return read_memory(source, buf, ret_len);
    while (len < buf.len) {
        ssize_t n = read(source->fd, buf.ptr + len, buf.len - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return clrpv_fail_errno(source->function, source->path, errno);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_sink_open(const char *function, const char *path, struct clrpv_sink *ret)
{
    struct km_err err = {0};
    *ret = (struct clrpv_sink){.function = function};
    if (km_file_new_begin(&err, AT_FDCWD, path, &ret->file) != KM_OK)
        return clrpv_fail_km(function, &err);
    return CLRPV_SUCCESS;
}

void clrpv_sink_memory(const char *function, struct km_span memory, struct clrpv_sink *ret)
{
    *ret = (struct clrpv_sink){.function = function, .memory = memory};
}

ClrpvResult clrpv_sink_write(struct clrpv_sink *sink, struct km_slice octets)
{
    struct km_err err = {0};
    if (octets.len == 0)
        return CLRPV_SUCCESS;
    if (sink->memory.ptr != NULL) {
        km_copy(sink->memory.ptr + sink->len, sink->memory.len - sink->len, octets.ptr, octets.len);
        sink->len += octets.len;
        return CLRPV_SUCCESS;
    }
    if (sink->file.is_begun && km_file_new_write(&err, &sink->file, octets) != KM_OK)
        return clrpv_fail_km(sink->function, &err);
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_sink_commit(struct clrpv_sink *sink)
{
    struct km_err err = {0};
    if (sink->file.is_begun && km_file_new_commit(&err, &sink->file, output_mode()) != KM_OK)
        return clrpv_fail_km(sink->function, &err);
    return CLRPV_SUCCESS;
}

void clrpv_sink_clear(struct clrpv_sink *sink)
{
    km_file_new_clear(&sink->file);
}
