/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/keymoord/exe_digest.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SECONDS_MAX 10
#define FILE_MAX ((off_t)512 << 20)
#define CACHE_SIZE 64
#define FAILURES_SIZE 64
#define FAILURE_KEPT_MS 5000

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

struct waiter {
    struct km_peer *peer; /* held */
    km_exe_digest_done *done;
    void *arg;
    struct waiter *next;
};

/* A child that reads one file. It counts until it has ended, whoever still waits. */
struct job {
    struct km_watch watch; /* first: the watch is the job */
    struct km_loop *loop;
    struct entry file;
    uid_t uid; /* who asked first */
    struct waiter *waiters;
    struct job *next;
};

static struct job *jobs;
static struct entry cache[CACHE_SIZE];
static size_t n_cache; /* ever added */
static struct {
    struct entry file;
    int64_t until_ms;
} failures[FAILURES_SIZE]; /* so that a file that can't be read costs one child at a time */
static size_t n_failures;

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

/* Connections are not to stay open because a reader has them, too. */
static bool close_others(int a, int b)
{
    unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
    return (low <= 3 || syscall(SYS_close_range, 3, low - 1, 0) == 0) &&
           (high - low < 2 || syscall(SYS_close_range, low + 1, high - 1, 0) == 0) &&
           syscall(SYS_close_range, high + 1, ~0u, 0) == 0;
}

static __attribute__((noreturn)) void child(const struct km_trust *trust, int exe_fd, int out)
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
    (void)setpriority(PRIO_PROCESS, 0, 10);
    if (setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS_MAX, SECONDS_MAX}) != 0 ||
        !close_others(exe_fd, out))
        _exit(1);
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

static const struct entry *cached(const struct entry *wanted)
{
    for (size_t i = 0; i < CACHE_SIZE && i < n_cache; i++) {
        if (same_file(wanted, &cache[i]))
            return &cache[i];
    }
    return NULL;
}

static bool failed_lately(const struct entry *wanted)
{
    int64_t now = km_loop_now_ms();
    for (size_t i = 0; i < FAILURES_SIZE && i < n_failures; i++) {
        if (now < failures[i].until_ms && same_file(wanted, &failures[i].file))
            return true;
    }
    return false;
}

static void remember_failure(const struct entry *file)
{
    size_t at = n_failures++ % FAILURES_SIZE;
    failures[at].file = *file;
    failures[at].until_ms = km_loop_now_ms() + FAILURE_KEPT_MS;
}

static void job_free(struct job *job)
{
    for (struct job **at = &jobs; *at != NULL; at = &(*at)->next) {
        if (*at == job) {
            *at = job->next;
            break;
        }
    }
    km_loop_remove(job->loop, &job->watch);
    free(job);
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
    else
        remember_failure(&job->file);
    struct waiter *waiter = job->waiters;
    /* First out of the list: whoever is told may ask again. */
    job_free(job);
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        if (waiter->peer->exe_sha256[0] == '\0')
            finish(waiter->peer, good ? &report.entry : NULL);
        waiter->done(waiter->arg, waiter->peer, KM_OK);
        km_peer_unref(waiter->peer);
        free(waiter);
        waiter = next;
    }
}

/* Looks at what the kernel already holds, so it can't be made to wait. */
static bool identify(const struct km_peer *peer, struct entry *ret)
{
    struct statx stx = {0};
    if (peer->exe_fd < 0 ||
        statx(peer->exe_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &stx) != 0)
        return false;
    *ret = (struct entry){.dev = gnu_dev_makedev(stx.stx_dev_major, stx.stx_dev_minor),
                          .ino = stx.stx_ino,
                          .size = (off_t)stx.stx_size,
                          .mtime = {stx.stx_mtime.tv_sec, stx.stx_mtime.tv_nsec},
                          .ctime = {stx.stx_ctime.tv_sec, stx.stx_ctime.tv_nsec}};
    return true;
}

static bool start(struct job *job, const struct km_trust *trust, int exe_fd)
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
        child(trust, exe_fd, ends[1]);
    close(ends[1]);
    return pid > 0;
}

/* job_for: the child that reads this file already, or a new one; NULL when there are too many. */
static struct job *job_for(struct km_loop *loop, const struct km_trust *trust,
                           const struct km_peer *peer, const struct entry *file)
{
    size_t n = 0, n_uid = 0;
    for (struct job *job = jobs; job != NULL; job = job->next) {
        if (same_file(&job->file, file))
            return job;
        n++;
        n_uid += job->uid == peer->uid ? 1 : 0;
    }
    if (n >= KM_EXE_DIGEST_JOBS_MAX || n_uid >= KM_EXE_DIGEST_JOBS_UID_MAX)
        return NULL;
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        return NULL;
    *job = (struct job){
        .watch = {.fd = -1}, .loop = loop, .file = *file, .uid = peer->uid, .next = jobs};
    jobs = job;
    if (start(job, trust, peer->exe_fd))
        return job;
    job_free(job);
    return NULL;
}

/* settle: what is known without reading; false when it has to be read. */
static bool settle(struct km_peer *peer, struct entry *ret_file)
{
    if (peer->exe_sha256[0] != '\0' || peer->exe_unknown)
        return true;
    if (!identify(peer, ret_file) || failed_lately(ret_file)) {
        finish(peer, NULL);
        return true;
    }
    const struct entry *entry = cached(ret_file);
    if (entry != NULL)
        finish(peer, entry);
    return entry != NULL;
}

void km_exe_digest_ask(struct km_loop *loop, const struct km_trust *trust, struct km_peer *peer,
                       km_exe_digest_done *done, void *arg)
{
    struct entry file = {0};
    if (settle(peer, &file)) {
        done(arg, peer, KM_OK);
        return;
    }
    struct waiter *waiter = calloc(1, sizeof(*waiter));
    struct job *job = waiter == NULL ? NULL : job_for(loop, trust, peer, &file);
    if (job == NULL) {
        free(waiter);
        done(arg, peer, KM_E_BUSY);
        return;
    }
    *waiter =
        (struct waiter){.peer = km_peer_ref(peer), .done = done, .arg = arg, .next = job->waiters};
    job->waiters = waiter;
}
