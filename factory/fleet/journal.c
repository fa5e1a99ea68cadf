/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fleet/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/km_file.h"
#include "common/km_sock.h"
#include "factory/fleet/seen.h"

#define BATCH 1024u
#define DEVICES_MAX 8u
#define LINE_LEN 65u /* a digest in hex and a line end */
#define JOURNAL_MAX ((size_t)1 << 30)

/* A file system that was written to since it was last asked to keep things. */
struct device {
    dev_t id;
    int dir;
};

struct km_journal {
    int fd; /* -1: none is kept */
    struct km_seen made;
    unsigned n_devices;
    struct device devices[DEVICES_MAX];
    unsigned n_pending;
    uint8_t pending[BATCH * LINE_LEN];
};

static km_status read_lines(struct km_err *err, struct km_journal *journal, struct km_slice text)
{
    for (size_t at = 0; at + LINE_LEN <= text.len; at += LINE_LEN) {
        char hex[LINE_LEN] = {0};
        uint8_t digest[32] = {0};
        km_copy(hex, sizeof(hex), text.ptr + at, LINE_LEN - 1);
        if (text.ptr[at + LINE_LEN - 1] != '\n' || !km_unhex(hex, digest, sizeof(digest)))
            return KM_FAIL(err, KM_E_MALFORMED, "the journal is damaged at its octet %zu", at);
        KM_TRY(km_seen_add(err, &journal->made, digest, 0));
    }
    return KM_OK;
}

static km_status load(struct km_err *err, const char *path, struct km_journal *journal)
{
    KM_AUTO(km_freep) uint8_t *text = NULL;
    size_t len = 0;
    journal->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal->fd < 0)
        return KM_FAIL_ERRNO(err, "opening the journal '%s'", path);
    if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0)
        return KM_FAIL(err, KM_E_BUSY, "another run has the journal '%s'", path);
    KM_TRY(km_file_read(err, AT_FDCWD, path, JOURNAL_MAX, &text, &len));
    KM_TRY(read_lines(err, journal, KM_SLICE(text, len)));
    /* A line that a kill cut short is nothing. */
    if (len % LINE_LEN != 0 && ftruncate(journal->fd, (off_t)(len - len % LINE_LEN)) != 0)
        return KM_FAIL_ERRNO(err, "mending the journal '%s'", path);
    return KM_OK;
}

static void journal_free(struct km_journal *journal)
{
    if (journal == NULL)
        return;
    for (unsigned i = 0; i < journal->n_devices; i++)
        (void)close(journal->devices[i].dir);
    if (journal->fd >= 0)
        (void)close(journal->fd);
    km_seen_clear(&journal->made);
    free(journal);
}

static void journal_freep(struct km_journal **journal)
{
    journal_free(*journal);
}

km_status km_journal_open(struct km_err *err, const char *path, struct km_journal **ret)
{
    KM_AUTO(journal_freep) struct km_journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for the journal");
    journal->fd = -1;
    if (path != NULL)
        KM_TRY(load(err, path, journal));
    *ret = km_steal(&journal);
    return KM_OK;
}

/* First the files, then what is said of them. */
static km_status settle(struct km_err *err, struct km_journal *journal)
{
    for (; journal->n_devices > 0; journal->n_devices--) {
        int dir = journal->devices[journal->n_devices - 1].dir;
        int failed = syncfs(dir);
        int why = errno;
        (void)close(dir);
        errno = why;
        if (failed != 0) {
            journal->n_devices--;
            return KM_FAIL_ERRNO(err, "the disk does not keep what was written");
        }
    }
    size_t len = (size_t)journal->n_pending * LINE_LEN;
    journal->n_pending = 0;
    if (journal->fd < 0 || len == 0)
        return KM_OK;
    if (write(journal->fd, journal->pending, len) != (ssize_t)len || fdatasync(journal->fd) != 0)
        return KM_FAIL_ERRNO(err, "writing the journal");
    return KM_OK;
}

km_status km_journal_close(struct km_err *err, struct km_journal *journal)
{
    km_status status = settle(err, journal);
    journal_free(journal);
    return status;
}

bool km_journal_has(const struct km_journal *journal, const uint8_t digest[32])
{
    return km_seen_find(&journal->made, digest) != NULL;
}

km_status km_journal_note(struct km_err *err, struct km_journal *journal, const uint8_t digest[32])
{
    uint8_t *line = journal->pending + (size_t)journal->n_pending * LINE_LEN;
    km_hex(KM_SLICE(digest, 32), (char *)line, LINE_LEN);
    line[LINE_LEN - 1] = '\n';
    journal->n_pending++;
    KM_TRY(km_seen_add(err, &journal->made, digest, 0));
    return journal->n_pending == BATCH ? settle(err, journal) : KM_OK;
}

/* Remembers the file system that the file lies in. */
static km_status touch_device(struct km_err *err, struct km_journal *journal, const char *path,
                              int file)
{
    struct stat info = {0};
    char parent[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (fstat(file, &info) != 0)
        return KM_FAIL_ERRNO(err, "asking about '%s'", path);
    for (unsigned i = 0; i < journal->n_devices; i++) {
        if (journal->devices[i].id == info.st_dev)
            return KM_OK;
    }
    if (journal->n_devices == DEVICES_MAX)
        KM_TRY(settle(err, journal));
    if (slash != NULL)
        (void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path) + 1, path);
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return KM_FAIL_ERRNO(err, "opening the directory of '%s'", path);
    journal->devices[journal->n_devices++] = (struct device){.id = info.st_dev, .dir = dir};
    return KM_OK;
}

static km_status write_all(struct km_err *err, int file, const char *path, struct km_slice octets)
{
    while (octets.len != 0) {
        ssize_t n = write(file, octets.ptr, octets.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return KM_FAIL_ERRNO(err, "writing '%s'", path);
        octets = KM_SLICE(octets.ptr + n, octets.len - (size_t)n);
    }
    return KM_OK;
}

km_status km_journal_write(struct km_err *err, struct km_journal *journal, const char *path,
                           struct km_slice octets, mode_t mode)
{
    char made[PATH_MAX] = {0};
    int len = snprintf(made, sizeof(made), "%s.km-new", path);
    if (len < 0 || len >= (int)sizeof(made))
        return KM_FAIL(err, KM_E_LIMIT, "the name of an output is too long");
    KM_AUTO(km_fd_closep)
    int file = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (file < 0)
        return KM_FAIL_ERRNO(err, "writing '%s'", path);
    km_status status = write_all(err, file, path, octets);
    if (status == KM_OK)
        status = touch_device(err, journal, path, file);
    if (status == KM_OK && rename(made, path) != 0)
        status = KM_FAIL_ERRNO(err, "writing '%s'", path);
    if (status != KM_OK)
        (void)unlink(made);
    return status;
}
