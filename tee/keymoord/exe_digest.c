/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/exe_digest.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SECONDS_MAX 10
#define FILE_MAX ((off_t)512 << 20)
#define CACHE_SIZE 64

struct job {
    struct km_watch watch; /* first: the watch is the job */
    struct km_loop *loop;
    struct km_peer *peer;
    void (*done)(void *arg, struct km_peer *peer);
    void *arg;
};

struct entry {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
    char sha256[65];
};

/* What the child tells: the file as it was before and after it was read, and its digest. */
struct report {
    struct entry entry;
};

static struct entry cache[CACHE_SIZE];
static size_t n_cache; /* ever added */

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const struct entry *a, const struct entry *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

static struct entry entry_of(const struct stat *st)
{
    return (struct entry){.dev = st->st_dev,
                          .ino = st->st_ino,
                          .size = st->st_size,
                          .mtime = st->st_mtim,
                          .ctime = st->st_ctim};
}

/* On these the file's owner, not this machine, says what is in it at any moment. */
static bool is_foreign(int fd)
{
    struct statfs fs = {0};
    if (fstatfs(fd, &fs) != 0)
        return true;
    return fs.f_type == 0x65735546 /* FUSE */ || fs.f_type == NFS_SUPER_MAGIC ||
           fs.f_type == V9FS_MAGIC || fs.f_type == (__fsword_t)CIFS_SUPER_MAGIC ||
           fs.f_type == (__fsword_t)SMB2_SUPER_MAGIC;
}

static void child(const struct km_trust *trust, int exe_fd, int out)
{
    char path[48] = {0};
    struct stat before = {0}, after = {0};
    uint8_t digest[32] = {0};
    signal(SIGALRM, SIG_DFL);
    sigset_t none = {0};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    alarm(SECONDS_MAX);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", exe_fd);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || is_foreign(fd) || fstat(fd, &before) != 0 || !S_ISREG(before.st_mode) ||
        before.st_size <= 0 || before.st_size > FILE_MAX)
        _exit(1);
    void *map = mmap(NULL, (size_t)before.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED ||
        km_trust_digest(NULL, trust, "SHA256", KM_SLICE(map, (size_t)before.st_size), digest,
                        sizeof(digest)) != KM_OK ||
        fstat(fd, &after) != 0)
        _exit(1);
    struct report report = {.entry = entry_of(&after)};
    struct entry first = entry_of(&before);
    if (!same_file(&first, &report.entry))
        _exit(1);
    km_hex(KM_SLICE(digest, sizeof(digest)), report.entry.sha256, sizeof(report.entry.sha256));
    _exit(write(out, &report, sizeof(report)) == (ssize_t)sizeof(report) ? 0 : 1);
}

static void finish(struct km_peer *peer, const struct entry *entry)
{
    if (entry != NULL)
        km_copy(peer->exe_sha256, sizeof(peer->exe_sha256), entry->sha256, sizeof(entry->sha256));
    else
        peer->exe_unknown = true;
}

static void job_ready(struct km_watch *watch, uint32_t events)
{
    struct job *job = (struct job *)watch;
    struct report report = {0};
    (void)events;
    /* Written in one piece that fits a pipe's atomic size; less means that the child failed. */
    bool good = read(watch->fd, &report, sizeof(report)) == (ssize_t)sizeof(report);
    report.entry.sha256[64] = '\0';
    if (good)
        cache[n_cache++ % CACHE_SIZE] = report.entry;
    if (job->peer->exe_sha256[0] == '\0')
        finish(job->peer, good ? &report.entry : NULL);
    km_loop_remove(job->loop, watch);
    job->done(job->arg, job->peer);
    km_peer_unref(job->peer);
    free(job);
}

static const struct entry *cached(const struct km_peer *peer)
{
    /* Looks at what the kernel already holds, so it can't be made to wait. */
    struct statx stx = {0};
    if (statx(peer->exe_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &stx) != 0)
        return NULL;
    struct entry wanted = {.dev = gnu_dev_makedev(stx.stx_dev_major, stx.stx_dev_minor),
                           .ino = stx.stx_ino,
                           .size = (off_t)stx.stx_size,
                           .mtime = {stx.stx_mtime.tv_sec, stx.stx_mtime.tv_nsec},
                           .ctime = {stx.stx_ctime.tv_sec, stx.stx_ctime.tv_nsec}};
    for (size_t i = 0; i < CACHE_SIZE && i < n_cache; i++) {
        if (same_file(&wanted, &cache[i]))
            return &cache[i];
    }
    return NULL;
}

static bool start(struct job *job, const struct km_trust *trust)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    if (km_loop_add(NULL, job->loop, &job->watch, ends[0], job_ready) != KM_OK) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        child(trust, job->peer->exe_fd, ends[1]);
    close(ends[1]);
    if (pid < 0)
        km_loop_remove(job->loop, &job->watch);
    return pid > 0;
}

void km_exe_digest_ask(struct km_loop *loop, const struct km_trust *trust, struct km_peer *peer,
                       void (*done)(void *arg, struct km_peer *peer), void *arg)
{
    bool known = peer->exe_sha256[0] != '\0' || peer->exe_unknown;
    if (!known && peer->exe_fd < 0) {
        finish(peer, NULL);
        known = true;
    }
    const struct entry *entry = known ? NULL : cached(peer);
    if (entry != NULL) {
        finish(peer, entry);
        known = true;
    }
    struct job *job = known ? NULL : calloc(1, sizeof(*job));
    if (job != NULL) {
        *job = (struct job){
            .watch = {.fd = -1}, .loop = loop, .peer = km_peer_ref(peer), .done = done, .arg = arg};
        if (start(job, trust))
            return;
        km_peer_unref(peer);
        free(job);
    }
    if (!known)
        finish(peer, NULL);
    done(arg, peer);
}
