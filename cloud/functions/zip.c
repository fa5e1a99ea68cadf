/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/km_file.h"

#define SIG_LOCAL 0x04034b50u
#define SIG_ENTRY 0x02014b50u
#define SIG_END 0x06054b50u
#define END_LEN 22u
#define COMMENT_MAX 0xffffu
#define MADE_ON_UNIX 3
#define FLAG_ENCRYPTED 1u
#define STORED 0
#define DEFLATED 8

struct directory {
    struct km_rd entries;
    uint16_t n_entries;
};

/* What a record of the central directory says. */
struct record {
    uint16_t flags, method, name_len, extra_len, comment_len;
    uint8_t made_on;
    uint32_t crc, packed, size, attributes, local_at;
    struct km_slice name;
};

bool km_zip_is(struct km_slice archive)
{
    struct km_rd rd = km_rd_init(archive);
    uint32_t sig = 0;
    return km_rd_u32le(&rd, &sig) && (sig == SIG_LOCAL || sig == SIG_END);
}

static km_status malformed(struct km_err *err, const char *what)
{
    return KM_FAIL(err, KM_E_MALFORMED, "the archive's %s can't be read", what);
}

/* The end record stands before a comment whose length it tells. */
static bool read_end(struct km_slice archive, size_t at, struct directory *ret)
{
    struct km_rd rd = km_rd_init(KM_SLICE(archive.ptr + at, archive.len - at));
    uint32_t sig = 0, len = 0, start = 0;
    uint16_t disk = 0, start_disk = 0, here = 0, all = 0, comment = 0;
    if (!km_rd_u32le(&rd, &sig) || sig != SIG_END || !km_rd_u16le(&rd, &disk) ||
        !km_rd_u16le(&rd, &start_disk) || !km_rd_u16le(&rd, &here) || !km_rd_u16le(&rd, &all) ||
        !km_rd_u32le(&rd, &len) || !km_rd_u32le(&rd, &start) || !km_rd_u16le(&rd, &comment))
        return false;
    if (km_rd_left(&rd) != comment || disk != 0 || start_disk != 0 || here != all || start > at ||
        len != at - start)
        return false;
    *ret = (struct directory){km_rd_init(KM_SLICE(archive.ptr + start, len)), all};
    return true;
}

static km_status find_directory(struct km_err *err, struct km_slice archive, struct directory *ret)
{
    if (archive.len < END_LEN)
        return KM_FAIL(err, KM_E_MALFORMED, "%zu octets are no archive", archive.len);
    size_t last = archive.len - END_LEN;
    size_t first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    for (size_t at = last + 1; at-- > first;)
        if (read_end(archive, at, ret))
            return KM_OK;
    return malformed(err, "central directory");
}

static bool read_record(struct km_rd *rd, struct record *ret)
{
    struct record r = {0};
    uint32_t sig = 0, time = 0;
    uint16_t needed = 0, disk = 0, internal = 0;
    uint8_t version = 0;
    struct km_slice rest = {0};
    if (!km_rd_u32le(rd, &sig) || sig != SIG_ENTRY || !km_rd_u8(rd, &version) ||
        !km_rd_u8(rd, &r.made_on) || !km_rd_u16le(rd, &needed) || !km_rd_u16le(rd, &r.flags) ||
        !km_rd_u16le(rd, &r.method) || !km_rd_u32le(rd, &time) || !km_rd_u32le(rd, &r.crc) ||
        !km_rd_u32le(rd, &r.packed) || !km_rd_u32le(rd, &r.size) || !km_rd_u16le(rd, &r.name_len) ||
        !km_rd_u16le(rd, &r.extra_len) || !km_rd_u16le(rd, &r.comment_len) ||
        !km_rd_u16le(rd, &disk) || !km_rd_u16le(rd, &internal) || !km_rd_u32le(rd, &r.attributes) ||
        !km_rd_u32le(rd, &r.local_at) || !km_rd_bytes(rd, r.name_len, &r.name) ||
        !km_rd_bytes(rd, r.extra_len, &rest) || !km_rd_bytes(rd, r.comment_len, &rest))
        return false;
    *ret = r;
    return true;
}

/* The file's bytes stand behind its local header, whose name and extra field have lengths of their own. */
static bool find_data(struct km_slice archive, const struct record *r, struct km_slice *ret)
{
    if (r->local_at > archive.len)
        return false;
    struct km_rd rd = km_rd_init(KM_SLICE(archive.ptr + r->local_at, archive.len - r->local_at));
    uint32_t sig = 0;
    uint16_t name_len = 0, extra_len = 0;
    struct km_slice skipped = {0};
    return km_rd_u32le(&rd, &sig) && sig == SIG_LOCAL && km_rd_bytes(&rd, 22, &skipped) &&
           km_rd_u16le(&rd, &name_len) && km_rd_u16le(&rd, &extra_len) &&
           km_rd_bytes(&rd, name_len, &skipped) && km_slice_equal(skipped, r->name) &&
           km_rd_bytes(&rd, extra_len, &skipped) && km_rd_bytes(&rd, r->packed, ret);
}

static bool part_is_usable(const uint8_t *part, size_t len)
{
    return len > 0 && len <= 255 && !(len == 1 && part[0] == '.') &&
           !(len == 2 && part[0] == '.' && part[1] == '.');
}

/* Each part of the name is a name of its own that leads nowhere else. */
static bool name_is_usable(struct km_slice name, bool *ret_is_folder)
{
    size_t start = 0;
    if (name.len == 0 || name.len > KM_ZIP_NAME_MAX || !km_utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '\\')
            return false;
        if (name.ptr[i] != '/')
            continue;
        if (!part_is_usable(name.ptr + start, i - start))
            return false;
        start = i + 1;
    }
    *ret_is_folder = start == name.len;
    return *ret_is_folder || part_is_usable(name.ptr + start, name.len - start);
}

static km_status check_record(struct km_err *err, const struct record *r,
                              struct km_zip_entry *entry)
{
    mode_t mode = r->made_on == MADE_ON_UNIX ? (mode_t)(r->attributes >> 16) : 0;
    if (!name_is_usable(r->name, &entry->is_folder))
        return KM_FAIL(err, KM_E_MALFORMED, "the archive holds a name that can't be used");
    if ((r->flags & FLAG_ENCRYPTED) != 0 || (r->method != STORED && r->method != DEFLATED) ||
        r->size == UINT32_MAX || r->packed == UINT32_MAX)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "the archive uses method %u, encryption or ZIP64",
                       r->method);
    if ((mode & S_IFMT) != 0 && !S_ISREG(mode) && !S_ISDIR(mode))
        return KM_FAIL(err, KM_E_UNSUPPORTED, "the archive holds a link or a device");
    if (entry->is_folder && r->size != 0)
        return malformed(err, "folder");
    if (r->method == STORED && r->size != r->packed)
        return malformed(err, "stored file");
    entry->is_executable = (mode & 0111) != 0;
    entry->is_deflated = r->method == DEFLATED;
    entry->name = r->name;
    entry->crc = r->crc;
    entry->size = r->size;
    return KM_OK;
}

km_status km_zip_each(struct km_err *err, struct km_slice archive, size_t unpacked_max,
                      km_status (*visit)(struct km_err *err, void *ctx,
                                         const struct km_zip_entry *entry),
                      void *ctx)
{
    struct directory directory = {0};
    size_t total = 0;
    KM_TRY(find_directory(err, archive, &directory));
    if (directory.n_entries > KM_ZIP_ENTRIES_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "archive with %u entries, at most %u", directory.n_entries,
                       KM_ZIP_ENTRIES_MAX);
    for (unsigned i = 0; i < directory.n_entries; i++) {
        struct record record = {0};
        struct km_zip_entry entry = {0};
        if (!read_record(&directory.entries, &record))
            return malformed(err, "central directory");
        KM_TRY(check_record(err, &record, &entry));
        if (!find_data(archive, &record, &entry.data))
            return malformed(err, "file");
        if (entry.size > unpacked_max - total)
            return KM_FAIL(err, KM_E_LIMIT, "the archive unpacks to more than %zu octets",
                           unpacked_max);
        total += entry.size;
        KM_TRY(visit(err, ctx, &entry));
    }
    return km_rd_done(&directory.entries) ? KM_OK : malformed(err, "central directory");
}

/* What it says at most goes in: a file that holds more is refused, whatever it would grow to. */
static bool inflate_all(const struct km_zip_entry *entry, struct km_span out)
{
    z_stream stream = {0};
    uint8_t none = 0;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return false;
    stream.next_in = (uint8_t *)(uintptr_t)entry->data.ptr;
    stream.avail_in = (uInt)entry->data.len;
    stream.next_out = out.len > 0 ? out.ptr : &none;
    stream.avail_out = (uInt)out.len;
    int rc = inflate(&stream, Z_FINISH);
    bool is_whole = rc == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    inflateEnd(&stream);
    return is_whole;
}

km_status km_zip_unpack(struct km_err *err, const struct km_zip_entry *entry, struct km_span out)
{
    if (out.len != entry->size)
        return KM_FAIL(err, KM_E_ARG, "room for %zu octets of a file of %u", out.len, entry->size);
    if (!entry->is_deflated)
        km_copy(out.ptr, out.len, entry->data.ptr, entry->data.len);
    else if (!inflate_all(entry, out))
        return malformed(err, "compressed file");
    if (crc32(0, out.ptr, (uInt)out.len) != entry->crc)
        return malformed(err, "file (its checksum differs)");
    return KM_OK;
}

/* ---- to disk ---- */

/* Makes the folders on the way to the last part and answers with the folder that it goes into. */
static km_status open_parent(struct km_err *err, int root, char *name, int *ret_fd, char **ret_last)
{
    KM_AUTO(km_fd_closep) int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    if (at < 0)
        return KM_FAIL_ERRNO(err, "can't open the folder of the code");
    for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(name, '/')) {
        *slash = '\0';
        if (mkdirat(at, name, 0755) != 0 && errno != EEXIST)
            return KM_FAIL_ERRNO(err, "can't make a folder of the code");
        int next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return KM_FAIL_ERRNO(err, "can't open a folder of the code");
        km_fd_closep(&at);
        at = next;
        name = slash + 1;
    }
    *ret_last = name;
    *ret_fd = km_fd_steal(&at);
    return KM_OK;
}

static km_status write_all(struct km_err *err, int fd, struct km_slice bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);
        if (n < 0 && errno != EINTR)
            return KM_FAIL_ERRNO(err, "can't write the code");
        at += n > 0 ? (size_t)n : 0;
    }
    return KM_OK;
}

static km_status extract_entry(struct km_err *err, void *ctx, const struct km_zip_entry *entry)
{
    char name[KM_ZIP_NAME_MAX + 1] = {0};
    char *last = name;
    KM_AUTO(km_fd_closep) int parent = -1;
    km_copy(name, sizeof name - 1, entry->name.ptr, entry->name.len);
    KM_TRY(open_parent(err, *(const int *)ctx, name, &parent, &last));
    if (entry->is_folder)
        return KM_OK;
    KM_AUTO(km_freep) uint8_t *bytes = malloc(entry->size > 0 ? entry->size : 1);
    if (bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a file of %u octets", entry->size);
    KM_TRY(km_zip_unpack(err, entry, KM_SPAN(bytes, entry->size)));
    mode_t mode = entry->is_executable ? 0555 : 0444;
    KM_AUTO(km_fd_closep)
    int fd = openat(parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't make a file of the code");
    KM_TRY(write_all(err, fd, KM_SLICE(bytes, entry->size)));
    return fchmod(fd, mode) == 0 ? KM_OK : KM_FAIL_ERRNO(err, "can't finish a file of the code");
}

km_status km_zip_extract(struct km_err *err, struct km_slice archive, size_t unpacked_max,
                         int dir_fd)
{
    return km_zip_each(err, archive, unpacked_max, extract_entry, &dir_fd);
}
