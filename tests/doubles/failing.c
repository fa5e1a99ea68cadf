/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program: its memory and its files fail when a test wants them to. The file that KM_TEST_FAILURES names holds the plan
 * below, and the test changes it while the program runs. Memory is malloc's, calloc's and realloc's; files are regular ones
 * but for the standard ones, so that the program can still say what happened.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { MEMORY = 1, WRITES = 2, READS = 4 };

/* As the test writes it, in the machine's order of bytes. */
static struct plan {
    uint32_t kinds;  /* 0: nothing fails */
    int32_t native;  /* errno of files */
    uint64_t at;     /* the call that fails, counted from 1 */
    uint64_t n_fail; /* so many one after the other */
    _Atomic uint64_t count;
} * plan;

__attribute__((constructor)) static void find_plan(void)
{
    const char *path = getenv("KM_TEST_FAILURES");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *found =
        fd >= 0 ? mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (found != MAP_FAILED)
        plan = found;
    if (fd >= 0)
        (void)close(fd);
}

static bool strikes(enum kind kind)
{
    if (plan == NULL || (plan->kinds & (uint32_t)kind) == 0)
        return false;
    uint64_t n = atomic_fetch_add(&plan->count, 1) + 1;
    return n >= plan->at && n - plan->at < plan->n_fail;
}

static bool file_strikes(enum kind kind, int fd)
{
    struct stat st = {0};
    if (plan == NULL || plan->kinds == 0 || fd <= STDERR_FILENO || fstat(fd, &st) != 0 ||
        !S_ISREG(st.st_mode) || !strikes(kind))
        return false;
    errno = plan->native;
    return true;
}

/* ---- memory: a sanitizer's where there is one, else glibc's, since dlsym itself wants some ---- */

__attribute__((weak)) void *__interceptor_malloc(size_t size);
__attribute__((weak)) void *__interceptor_calloc(size_t n, size_t size);
__attribute__((weak)) void *__interceptor_realloc(void *ptr, size_t size);
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    if (strikes(MEMORY))
        return no_memory();
    return __interceptor_malloc != NULL ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (strikes(MEMORY))
        return no_memory();
    return __interceptor_calloc != NULL ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
    if (strikes(MEMORY))
        return no_memory();
    return __interceptor_realloc != NULL ? __interceptor_realloc(ptr, size)
                                         : __libc_realloc(ptr, size);
}

/* ---- files ---- */

/* The next definition of that name, behind this library's. */
#define NEXT(name)                                                                                 \
    ({                                                                                             \
        static _Atomic(void *) found;                                                              \
        if (atomic_load(&found) == NULL)                                                           \
            atomic_store(&found, dlsym(RTLD_NEXT, #name));                                         \
        (__typeof__(&name))(uintptr_t)atomic_load(&found);                                         \
    })

ssize_t write(int fd, const void *buf, size_t len)
{
    return file_strikes(WRITES, fd) ? -1 : NEXT(write)(fd, buf, len);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t at)
{
    return file_strikes(WRITES, fd) ? -1 : NEXT(pwrite64)(fd, buf, len, at);
}

int ftruncate64(int fd, off64_t len)
{
    return file_strikes(WRITES, fd) ? -1 : NEXT(ftruncate64)(fd, len);
}

int fsync(int fd)
{
    return file_strikes(WRITES, fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return file_strikes(WRITES, fd) ? -1 : NEXT(fdatasync)(fd);
}

ssize_t read(int fd, void *buf, size_t len)
{
    return file_strikes(READS, fd) ? -1 : NEXT(read)(fd, buf, len);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t at)
{
    return file_strikes(READS, fd) ? -1 : NEXT(pread64)(fd, buf, len, at);
}
