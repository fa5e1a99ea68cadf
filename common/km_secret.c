/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT ((size_t)16)

/*
 * The mapping is guard page, secret pages, guard page. The secret ends at the upper guard (up to
 * its alignment), so that running past its end faults.
 */
struct km_secret {
    uint8_t *map;
    size_t map_len;
    uint8_t *pages; /* the readable part */
    size_t pages_len;
    uint8_t *at;
    size_t len;
    pid_t locked_by; /* 0: not locked; a child does not inherit its parent's lock */
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Whether a child and a core dump are sure not to see the pages. */
static bool shield(void *pages, size_t len)
{
    if (madvise(pages, len, MADV_DONTDUMP) != 0)
        return false;
    /* A kernel without the first still knows the second: the child then has no such pages. */
    return madvise(pages, len, MADV_WIPEONFORK) == 0 || madvise(pages, len, MADV_DONTFORK) == 0;
}

static bool map_pages(struct km_secret *secret, size_t len)
{
    size_t page = page_size();
    size_t pages_len = 0;
    size_t map_len = 0;
    if (__builtin_add_overflow(len == 0 ? 1 : len, page - 1, &pages_len))
        return false;
    pages_len -= pages_len % page;
    if (__builtin_add_overflow(pages_len, 2 * page, &map_len))
        return false;

    void *map = mmap(NULL, map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    uint8_t *pages = (uint8_t *)map + page;
    if (mprotect(pages, pages_len, PROT_READ | PROT_WRITE) != 0 || !shield(pages, pages_len)) {
        (void)munmap(map, map_len);
        return false;
    }
    secret->map = map;
    secret->map_len = map_len;
    secret->pages = pages;
    secret->pages_len = pages_len;
    return true;
}

struct km_secret *km_secret_new(size_t len)
{
    struct km_secret *secret = calloc(1, sizeof(*secret));
    if (secret == NULL)
        return NULL;
    if (!map_pages(secret, len)) {
        free(secret);
        return NULL;
    }
    size_t tail = (len + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    secret->at = secret->pages + secret->pages_len - tail;
    secret->len = len;
    if (mlock(secret->pages, secret->pages_len) == 0)
        secret->locked_by = getpid();
    return secret;
}

struct km_secret *km_secret_from(struct km_slice bytes)
{
    struct km_secret *secret = km_secret_new(bytes.len);
    if (secret != NULL)
        km_copy(secret->at, secret->len, bytes.ptr, bytes.len);
    return secret;
}

struct km_slice km_secret_expose(const struct km_secret *secret)
{
    return KM_SLICE(secret->at, secret->len);
}

struct km_span km_secret_fill(struct km_secret *secret)
{
    return KM_SPAN(secret->at, secret->len);
}

bool km_secret_is_locked(const struct km_secret *secret)
{
    return secret->locked_by != 0 && secret->locked_by == getpid();
}

/* Octets around the secret were zero and nobody's: others wrote past its end or before it. */
static bool is_overrun(const struct km_secret *secret)
{
    uint8_t stray = 0;
    for (const uint8_t *p = secret->pages; p < secret->at; p++)
        stray |= *p;
    for (const uint8_t *p = secret->at + secret->len; p < secret->pages + secret->pages_len; p++)
        stray |= *p;
    return stray != 0;
}

void km_secret_free(struct km_secret *secret)
{
    if (secret == NULL)
        return;
    if (is_overrun(secret))
        abort();
    km_wipe(secret->at, secret->len);
    (void)munmap(secret->map, secret->map_len);
    free(secret);
}

void km_secret_freep(struct km_secret **secret)
{
    km_secret_free(*secret);
    *secret = NULL;
}

void km_wipe(void *ptr, size_t len)
{
    if (len > 0)
        explicit_bzero(ptr, len);
}

bool km_ct_equal(const void *a, const void *b, size_t len)
{
    /* volatile: no early exit may be made of the loop. */
    const volatile uint8_t *pa = a;
    const volatile uint8_t *pb = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++)
        difference = (uint8_t)(difference | (pa[i] ^ pb[i]));
    return difference == 0;
}
