/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call into libc that files and secrets rest on fails in turn: the first, the second, ...
 * until a run needs no more. Whatever failed, nothing may be lost, left over or half-done.
 */
#include "common/km_file.h"
#include "common/km_secret.h"
#include "tests/unit/km_test.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum kind { MEMORY = 1, SLOW = 2, OTHER = 4, CREATE = 8 };

static struct {
    unsigned kinds; /* which calls count */
    unsigned at;    /* the one that fails; 0: none */
    unsigned count;
    int native; /* with this errno; 0: a read or write of one octet instead */
    bool was_hit;
    int n_mapped;
} plan;

static bool strikes(unsigned kind)
{
    if (plan.at == 0 || (plan.kinds & kind) == 0 || ++plan.count != plan.at)
        return false;
    plan.was_hit = true;
    errno = plan.native;
    return true;
}

static void plan_start(unsigned kinds, unsigned at, int native)
{
    plan.kinds = kinds;
    plan.at = at;
    plan.count = 0;
    plan.native = native;
    plan.was_hit = false;
}

static bool plan_end(void)
{
    plan.at = 0;
    return plan.was_hit;
}

/* The linker sends the calls of the code under test here (--wrap). */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
int __real_openat(int dir_fd, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir_fd, const char *path, int flags, mode_t mode);
int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_getentropy(void *buf, size_t len);
int __wrap_getentropy(void *buf, size_t len);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len);
int __real_mprotect(void *at, size_t len, int prot);
int __wrap_mprotect(void *at, size_t len, int prot);
int __real_madvise(void *at, size_t len, int advice);
int __wrap_madvise(void *at, size_t len, int advice);
int __real_mlock(const void *at, size_t len);
int __wrap_mlock(const void *at, size_t len);

void *__wrap_malloc(size_t size)
{
    return strikes(MEMORY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return strikes(MEMORY) ? NULL : __real_calloc(n, size);
}

int __wrap_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
    unsigned kind = (flags & O_EXCL) != 0 ? SLOW | CREATE : SLOW;
    return strikes(kind) && plan.native != 0 ? -1 : __real_openat(dir_fd, path, flags, mode);
}

int __wrap_fstat(int fd, struct stat *st)
{
    return strikes(OTHER) ? -1 : __real_fstat(fd, st);
}

ssize_t __wrap_read(int fd, void *buf, size_t len)
{
    if (!strikes(SLOW))
        return __real_read(fd, buf, len);
    return plan.native != 0 ? -1 : __real_read(fd, buf, 1);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
    if (!strikes(SLOW))
        return __real_write(fd, buf, len);
    return plan.native != 0 ? -1 : __real_write(fd, buf, 1);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return strikes(OTHER) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_fsync(int fd)
{
    return strikes(SLOW) && plan.native != 0 ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return strikes(OTHER) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_getentropy(void *buf, size_t len)
{
    return strikes(OTHER) ? -1 : __real_getentropy(buf, len);
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (strikes(OTHER))
        return MAP_FAILED;
    plan.n_mapped++;
    return __real_mmap(at, len, prot, flags, fd, offset);
}

int __wrap_munmap(void *at, size_t len)
{
    plan.n_mapped--;
    return __real_munmap(at, len);
}

int __wrap_mprotect(void *at, size_t len, int prot)
{
    return strikes(OTHER) ? -1 : __real_mprotect(at, len, prot);
}

int __wrap_madvise(void *at, size_t len, int advice)
{
    return strikes(OTHER) ? -1 : __real_madvise(at, len, advice);
}

int __wrap_mlock(const void *at, size_t len)
{
    return strikes(OTHER) ? -1 : __real_mlock(at, len);
}

struct fixture {
    char dir[64];
    int dir_fd;
};

static int setup(void **state)
{
    static struct fixture fx;
    (void)snprintf(fx.dir, sizeof(fx.dir), "/tmp/km-faults-XXXXXX");
    *state = &fx;
    if (mkdtemp(fx.dir) == NULL)
        return -1;
    fx.dir_fd = open(fx.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fx.dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    const struct fixture *fx = *state;
    (void)unlinkat(fx->dir_fd, "f", 0);
    (void)close(fx->dir_fd);
    return rmdir(fx->dir);
}

static bool holds(int dir_fd, struct km_slice expected)
{
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    return km_file_read(NULL, dir_fd, "f", 100000, &bytes, &len) == KM_OK &&
           km_slice_equal(KM_SLICE(bytes, len), expected);
}

static const struct {
    unsigned kinds;
    int native;
    km_status status; /* what a call that was struck answers */
} faults[] = {
    {SLOW | OTHER, EIO, KM_E_IO},
    {SLOW, ENOSPC, KM_E_NOSPACE},
    {MEMORY, ENOMEM, KM_E_NOMEM},
    {SLOW, EINTR, KM_OK},    /* tried again */
    {SLOW, 0, KM_OK},        /* went on after a short read or write */
    {CREATE, EEXIST, KM_OK}, /* another name */
};

#define TOO_MANY_CALLS 100

static void write_survives_each_failure(void **state)
{
    const struct fixture *fx = *state;
    static uint8_t old_bytes[3000];
    static uint8_t new_bytes[9000] = {1};
    const struct km_slice old_file = KM_SLICE(old_bytes, sizeof(old_bytes));
    const struct km_slice new_file = KM_SLICE(new_bytes, sizeof(new_bytes));
    for (size_t i = 0; i < KM_ARRAY_LEN(faults); i++) {
        bool was_hit = true;
        for (unsigned at = 1; was_hit; at++) {
            assert_true(at < TOO_MANY_CALLS);
            assert_int_equal(km_file_write(NULL, fx->dir_fd, "f", old_file, 0600), KM_OK);
            int n_fds = km_test_count_fds();
            struct km_err err = {0};
            plan_start(faults[i].kinds, at, faults[i].native);
            km_status status = km_file_write(&err, fx->dir_fd, "f", new_file, 0600);
            was_hit = plan_end();
            assert_int_equal(status, was_hit ? faults[i].status : KM_OK);
            assert_int_equal(err.status, status);
            assert_true(holds(fx->dir_fd, new_file) ||
                        (status != KM_OK && holds(fx->dir_fd, old_file)));
            assert_int_equal(km_test_count_entries(fx->dir), 1);
            assert_int_equal(km_test_count_fds(), n_fds);
        }
    }
}

static void read_survives_each_failure(void **state)
{
    const struct fixture *fx = *state;
    static uint8_t bytes[9000] = {1};
    const struct km_slice file = KM_SLICE(bytes, sizeof(bytes));
    assert_int_equal(km_file_write(NULL, fx->dir_fd, "f", file, 0600), KM_OK);
    for (size_t i = 0; i < KM_ARRAY_LEN(faults); i++) {
        bool was_hit = true;
        for (unsigned at = 1; was_hit; at++) {
            assert_true(at < TOO_MANY_CALLS);
            int n_fds = km_test_count_fds();
            KM_AUTO(km_freep) uint8_t *got = NULL;
            size_t len = 0;
            plan_start(faults[i].kinds, at, faults[i].native);
            km_status status = km_file_read(NULL, fx->dir_fd, "f", 10000, &got, &len);
            was_hit = plan_end();
            assert_int_equal(status, was_hit ? faults[i].status : KM_OK);
            assert_int_equal(got != NULL, status == KM_OK);
            if (status == KM_OK)
                assert_true(km_slice_equal(KM_SLICE(got, len), file));
            assert_int_equal(km_test_count_fds(), n_fds);
        }
    }
}

/* A secret that can't be kept from dumps and children is not made; one that can't be locked is. */
static void secret_survives_each_failure(void **state)
{
    (void)state;
    unsigned n_refused = 0;
    unsigned n_made = 0;
    bool was_hit = true;
    for (unsigned at = 1; was_hit; at++) {
        assert_true(at < TOO_MANY_CALLS);
        plan_start(MEMORY | OTHER, at, ENOMEM);
        struct km_secret *secret = km_secret_from(OCTETS_OF("a secret"));
        was_hit = plan_end();
        assert_true(secret != NULL || was_hit);
        if (secret != NULL)
            assert_true(km_slice_equal(km_secret_expose(secret), OCTETS_OF("a secret")));
        n_made += secret != NULL;
        n_refused += secret == NULL;
        km_secret_free(secret);
        assert_int_equal(plan.n_mapped, 0);
    }
    /* Refused: no handle, mmap, mprotect, dumps. Made: the other way at fork, no lock, no fault. */
    assert_int_equal(n_refused, 4);
    assert_int_equal(n_made, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(write_survives_each_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(read_survives_each_failure, setup, teardown),
        cmocka_unit_test(secret_survives_each_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
