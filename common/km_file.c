/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/km_secret.h"

#define CHUNK ((size_t)4096)
#define TMP_TRIES 16

/* Contents on their way in; a file may hold a key, so nothing of it stays in freed memory. */
struct contents {
    uint8_t *ptr;
    size_t len;
    size_t cap;
};

static void contents_clear(struct contents *contents)
{
    if (contents->ptr != NULL)
        km_wipe(contents->ptr, contents->cap);
    free(contents->ptr);
    *contents = (struct contents){0};
}

static bool contents_grow(struct contents *contents, size_t cap)
{
    uint8_t *ptr = malloc(cap);
    if (ptr == NULL)
        return false;
    struct contents grown = {.ptr = ptr, .len = contents->len, .cap = cap};
    km_copy(grown.ptr, grown.cap, contents->ptr, contents->len);
    contents_clear(contents);
    *contents = grown;
    return true;
}

/* openat that a signal does not end, as it can on a FIFO or a network's file system. */
static int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
    int fd = -1;
    do {
        fd = openat(dir_fd, path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static km_status read_all(struct km_err *err, int fd, const char *path, size_t max,
                          struct contents *contents)
{
    for (;;) {
        if (contents->len > max)
            return KM_FAIL(err, KM_E_LIMIT, "file %s is longer than %zu octets", path, max);
        if (contents->len == contents->cap) {
            size_t room = contents->cap > max / 2 ? max + 1 : contents->cap * 2;
            if (!contents_grow(contents, room))
                return KM_FAIL(err, KM_E_NOMEM, "no memory for file %s", path);
        }
        ssize_t n = read(fd, contents->ptr + contents->len, contents->cap - contents->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return KM_FAIL_ERRNO(err, "can't read file %s", path);
        if (n == 0)
            return KM_OK;
        contents->len += (size_t)n;
    }
}

km_status km_file_read(struct km_err *err, int dir_fd, const char *path, size_t max,
                       uint8_t **ret_bytes, size_t *ret_len)
{
    /* One octet more than may be there is asked for, to see the end of a file of exactly max. */
    if (max > SIZE_MAX / 2)
        return KM_FAIL(err, KM_E_ARG, "limit of %zu octets for file %s", max, path);
    KM_AUTO(km_fd_closep) int fd = open_at(dir_fd, path, O_RDONLY | O_NOCTTY, 0);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't open file %s", path);
    struct stat st = {0};
    if (fstat(fd, &st) != 0)
        return KM_FAIL_ERRNO(err, "can't look at file %s", path);

    size_t guess = CHUNK;
    if (S_ISREG(st.st_mode)) {
        if (st.st_size < 0 || (uintmax_t)st.st_size > max)
            return KM_FAIL(err, KM_E_LIMIT, "file %s is longer than %zu octets", path, max);
        guess = (size_t)st.st_size + 1;
    }
    KM_AUTO(contents_clear) struct contents contents = {0};
    if (!contents_grow(&contents, guess > max ? max + 1 : guess))
        return KM_FAIL(err, KM_E_NOMEM, "no memory for file %s", path);
    KM_TRY(read_all(err, fd, path, max, &contents));
    *ret_bytes = km_steal(&contents.ptr);
    *ret_len = contents.len;
    return KM_OK;
}

/* The directory that holds path, opened, and the last part of path. */
static km_status open_parent(struct km_err *err, int dir_fd, const char *path, int *ret_fd,
                             const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return KM_FAIL(err, KM_E_ARG, "path %s names no file", path);

    char *parent = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    if (parent == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for path %s", path);
    int fd = open_at(dir_fd, parent, O_RDONLY | O_DIRECTORY, 0);
    int saved_errno = errno;
    free(parent);
    errno = saved_errno;
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't open the directory of %s", path);
    *ret_fd = fd;
    *ret_name = name;
    return KM_OK;
}

static int create_tmp(int dir_fd, char ret_name[KM_FILE_TMP_LEN])
{
    int fd = -1;
    for (int i = 0; i < TMP_TRIES; i++) {
        uint64_t number = 0;
        if (getentropy(&number, sizeof(number)) != 0)
            return -1;
        (void)snprintf(ret_name, KM_FILE_TMP_LEN, ".km-%016llx.tmp", (unsigned long long)number);
        fd = open_at(dir_fd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    return fd;
}

static bool write_all(int fd, struct km_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = KM_SLICE(bytes.ptr + n, bytes.len - (size_t)n);
    }
    return true;
}

static int sync_fd(int fd)
{
    int rc = 0;
    do {
        rc = fsync(fd);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

km_status km_file_new_begin(struct km_err *err, int dir_fd, const char *path,
                            struct km_file_new *ret)
{
    KM_AUTO(km_fd_closep) int parent = -1;
    const char *name = NULL;
    KM_TRY(open_parent(err, dir_fd, path, &parent, &name));

    int fd = create_tmp(parent, ret->tmp);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't create a file beside %s", path);
    ret->is_begun = true;
    ret->parent = km_fd_steal(&parent);
    ret->fd = fd;
    ret->path = path;
    ret->name = name;
    return KM_OK;
}

km_status km_file_new_write(struct km_err *err, struct km_file_new *file, struct km_slice bytes)
{
    if (!write_all(file->fd, bytes))
        return KM_FAIL_ERRNO(err, "can't write file %s", file->path);
    return KM_OK;
}

km_status km_file_new_commit(struct km_err *err, struct km_file_new *file, mode_t mode)
{
    /* The mode is set last and exactly: the umask is the program's, the promise is ours. */
    if (fchmod(file->fd, mode) != 0 || sync_fd(file->fd) != 0 ||
        renameat(file->parent, file->tmp, file->parent, file->name) != 0)
        return KM_FAIL_ERRNO(err, "can't write file %s", file->path);
    file->tmp[0] = '\0';
    /* EINVAL: a file system whose directories need no fsync. */
    if (sync_fd(file->parent) != 0 && errno != EINVAL)
        return KM_FAIL_ERRNO(err, "file %s is written but may not survive a power cut", file->path);
    return KM_OK;
}

void km_file_new_clear(struct km_file_new *file)
{
    if (!file->is_begun)
        return;
    if (file->tmp[0] != '\0')
        (void)unlinkat(file->parent, file->tmp, 0);
    km_fd_closep(&file->fd);
    km_fd_closep(&file->parent);
    *file = (struct km_file_new){0};
}

km_status km_file_write(struct km_err *err, int dir_fd, const char *path, struct km_slice bytes,
                        mode_t mode)
{
    KM_AUTO(km_file_new_clear) struct km_file_new file = {0};
    KM_TRY(km_file_new_begin(err, dir_fd, path, &file));
    KM_TRY(km_file_new_write(err, &file, bytes));
    return km_file_new_commit(err, &file, mode);
}

void km_freep(void *p)
{
    /* p may be the address of any kind of pointer: reading it as a void pointer would alias. */
    void *owned = NULL;
    km_copy(&owned, sizeof(owned), p, sizeof(owned));
    free(owned);
    owned = NULL;
    km_copy(p, sizeof(owned), &owned, sizeof(owned));
}
