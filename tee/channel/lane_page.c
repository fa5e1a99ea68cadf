/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/channel/lane_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
/* How often the words are looked at where the kernel can't wait for several. */
#define POLL_MS 5
#define LOOKS_PER_CLOCK 16u

bool km_lane_post_check(const struct km_lane_post *post)
{
    uint32_t op = km_lane_word_op(post->turn);
    if (op < KM_LANE_OPEN || op > KM_LANE_CLOSE)
        return false;
    if (km_lane_word_types(post->turn) == 0)
        return true;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        uint8_t type = km_lane_word_type(post->turn, i);
        uint32_t area = post->slots[i].area;
        uint32_t end = 0;
        if (type <= KM_PARAM_VALUE_INOUT)
            continue;
        if (!km_lane_type_is_mem(type))
            return false;
        if (area == KM_LANE_AREA_NULL) {
            if (post->slots[i].a != 0 || post->slots[i].b != 0)
                return false;
            continue;
        }
        if (area >= KM_LANE_AREAS ||
            __builtin_add_overflow(post->slots[i].a, post->slots[i].b, &end) ||
            (area == KM_LANE_AREA_ARENA && end > KM_LANE_ARENA_LEN))
            return false;
    }
    return true;
}

bool km_lane_mail_parse(struct km_slice in, struct km_lane_mail *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_lane_mail mail = {0};
    if (!km_rd_u32le(&rd, &mail.kind) || !km_rd_u32le(&rd, &mail.area) ||
        !km_rd_u64le(&rd, &mail.size) || !km_rd_done(&rd))
        return false;
    if (mail.area == KM_LANE_AREA_ARENA || mail.area >= KM_LANE_AREAS)
        return false;
    if (mail.kind == KM_LANE_MAIL_SHARE ? mail.size == 0 || mail.size > KM_LANE_AREA_MAX
                                        : mail.kind != KM_LANE_MAIL_FORGET || mail.size != 0)
        return false;
    *ret = mail;
    return true;
}

void km_lane_mail_put(const struct km_lane_mail *mail, uint8_t ret[KM_LANE_MAIL_LEN])
{
    struct km_wr wr = km_wr_init(ret, KM_LANE_MAIL_LEN);
    km_wr_u32le(&wr, mail->kind);
    km_wr_u32le(&wr, mail->area);
    km_wr_u64le(&wr, mail->size);
}

km_status km_lane_map(struct km_err *err, int fd, size_t size, uint8_t **ret_at)
{
    struct statfs fs = {0};
    int seals = fcntl(fd, F_GET_SEALS);
    /* A seal alone is not enough: a hugetlbfs memfd has them too, and faults when the pool is empty. */
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstatfs(fd, &fs) != 0 ||
        fs.f_type != TMPFS_MAGIC)
        return KM_FAIL(err, KM_E_MALFORMED, "shared memory is not sealed against shrinking");
    /* Not by fstat: some C libraries make it a call that takes paths, and the sandbox has none. */
    off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0)
        return KM_FAIL_ERRNO(err, "ask for the size of shared memory");
    if (size == 0 || (uint64_t)end < size)
        return KM_FAIL(err, KM_E_MALFORMED, "shared memory of %lld octets where %zu were promised",
                       (long long)end, size);
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return KM_FAIL_ERRNO(err, "map %zu octets of shared memory", size);
    *ret_at = (uint8_t *)at;
    return KM_OK;
}

km_status km_lane_memfd_new(struct km_err *err, const char *name, size_t size, int *ret_fd)
{
    KM_AUTO(km_fd_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "make shared memory of %zu octets", size);
    if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0)
        return KM_FAIL_ERRNO(err, "size and seal shared memory of %zu octets", size);
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

static struct timespec from_now(uint64_t ns)
{
    uint64_t at = km_now_ns() + ns;
    return (struct timespec){.tv_sec = (time_t)(at / 1000000000u),
                             .tv_nsec = (long)(at % 1000000000u)};
}

bool km_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t ns)
{
    struct timespec span = {.tv_sec = (time_t)(ns / 1000000000u),
                            .tv_nsec = (long)(ns % 1000000000u)};
    int saved = errno;
    long rc = syscall(SYS_futex, word, FUTEX_WAIT, value, ns == KM_FOREVER ? NULL : &span, NULL, 0);
    bool in_time = rc == 0 || errno != ETIMEDOUT;
    errno = saved;
    return in_time;
}

void km_futex_wake(_Atomic uint32_t *word, int n)
{
    int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0);
    errno = saved;
}

bool km_futex_wait_bits(_Atomic uint32_t *word, uint32_t value, uint64_t ns, uint32_t bits)
{
    struct timespec until = from_now(ns);
    int saved = errno;
    long rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &until, NULL, bits);
    bool in_time = rc == 0 || errno != ETIMEDOUT;
    errno = saved;
    return in_time;
}

void km_futex_wake_bits(_Atomic uint32_t *word, uint32_t bits)
{
    int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, bits);
    errno = saved;
}

static bool any_changed(const struct km_futex_words *words)
{
    for (size_t i = 0; i < words->n; i++) {
        if (atomic_load_explicit(words->word[i], memory_order_acquire) != words->value[i])
            return true;
    }
    return false;
}

/* The first word has the others' share of the sleep: it is the one that matters in a lone lane. */
static bool poll_any(const struct km_futex_words *words, int64_t ms)
{
    uint64_t until = ms < 0 ? UINT64_MAX : km_now_ns() + (uint64_t)ms * 1000000u;
    while (!any_changed(words)) {
        if (km_now_ns() >= until)
            return false;
        km_futex_wait(words->word[0], words->value[0], POLL_MS * KM_NS_PER_MS);
    }
    return true;
}

bool km_futex_wait_any(const struct km_futex_words *words, int64_t ms)
{
#ifdef SYS_futex_waitv
    static _Atomic bool missing;
    struct futex_waitv list[KM_FUTEX_WORDS];
    struct timespec until = from_now(ms < 0 ? 0 : (uint64_t)ms * KM_NS_PER_MS);
    if (!atomic_load_explicit(&missing, memory_order_relaxed)) {
        for (size_t i = 0; i < words->n; i++)
            list[i] = (struct futex_waitv){
                .val = words->value[i], .uaddr = (uintptr_t)words->word[i], .flags = FUTEX_32};
        int saved = errno;
        long rc = syscall(SYS_futex_waitv, list, (unsigned)words->n, 0, ms < 0 ? NULL : &until,
                          CLOCK_MONOTONIC);
        int native = errno;
        errno = saved;
        if (rc >= 0 || (native != ENOSYS && native != EPERM))
            return rc >= 0 || native != ETIMEDOUT;
        atomic_store_explicit(&missing, true, memory_order_relaxed);
    }
#endif
    return poll_any(words, ms);
}

static bool any_turn_is(const _Atomic uint64_t *const *turns, size_t n_turns, uint32_t want)
{
    for (size_t i = 0; i < n_turns; i++) {
        if (km_turn_is(turns[i], want))
            return true;
    }
    return false;
}

enum km_spin_end km_spin(const _Atomic uint64_t *const *turns, size_t n_turns, uint32_t want,
                         uint64_t limit_ns)
{
    uint64_t begin = km_now_ns();
    for (uint64_t last = begin, now = begin; now - begin < limit_ns; last = now) {
        bool changed = false;
        for (unsigned i = 0; i < LOOKS_PER_CLOCK && !changed; i++) {
            km_cpu_relax();
            changed = any_turn_is(turns, n_turns, want);
        }
        /* Also when it changed: being put aside for a while hides behind the answer. */
        now = km_now_ns();
        if (now - last > KM_SPIN_GAP_NS)
            return KM_SPIN_CROWDED;
        if (changed)
            return KM_SPIN_CHANGED;
    }
    return KM_SPIN_OVER;
}
