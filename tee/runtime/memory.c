/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include "common/km_secret.h"

#include <link.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_MAX_DEFAULT ((size_t)8 << 20)

/* Stands before each block. seal depends on address and size, so a pointer that TEE_Malloc did not give is noticed. */
struct block {
    struct block *prev, *next;
    size_t size;
    uintptr_t seal;
};
_Static_assert(sizeof(struct block) % 16 == 0, "blocks must be aligned for any type");

static struct block heap = {.prev = &heap, .next = &heap};
static size_t heap_used;
static uintptr_t stack_from, stack_to;

static uintptr_t seal_of(const struct block *block)
{
    return ((uintptr_t)block ^ ((uintptr_t)block->size << 20)) * UINT64_C(0x9E3779B97F4A7C15);
}

static size_t heap_max(void)
{
    return km_rt.config.heap_max != 0 ? km_rt.config.heap_max : HEAP_MAX_DEFAULT;
}

static struct block *block_of(void *buffer)
{
    km_rt_need((uintptr_t)buffer % 16 == 0, "freed a pointer that TEE_Malloc did not give");
    struct block *block = (struct block *)buffer - 1;
    km_rt_need(block->seal == seal_of(block), "freed a pointer that TEE_Malloc did not give");
    return block;
}

void *TEE_Malloc(size_t size, uint32_t hint)
{
    if (hint == TEE_USER_MEM_HINT_NO_FILL_ZERO)
        hint = TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE;
    bool known = hint == TEE_MALLOC_FILL_ZERO || hint == TEE_MALLOC_NO_SHARE ||
                 hint == (TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE);
    if (!known || heap_used > heap_max() || size > heap_max() - heap_used)
        return NULL;
    struct block *block = (hint & TEE_MALLOC_NO_FILL) ? malloc(sizeof(*block) + size)
                                                      : calloc(1, sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    *block = (struct block){.prev = &heap, .next = heap.next, .size = size};
    block->seal = seal_of(block);
    heap.next->prev = block;
    heap.next = block;
    heap_used += size;
    return block + 1;
}

static void release(struct block *block)
{
    block->prev->next = block->next;
    block->next->prev = block->prev;
    heap_used -= block->size;
    km_wipe(block, sizeof(*block) + block->size);
    free(block);
}

void *TEE_Realloc(void *buffer, size_t newSize)
{
    if (buffer == NULL)
        return TEE_Malloc(newSize, TEE_MALLOC_FILL_ZERO);
    struct block *block = block_of(buffer);
    void *bigger = TEE_Malloc(newSize, TEE_MALLOC_FILL_ZERO);
    if (bigger == NULL)
        return NULL;
    km_copy(bigger, newSize, buffer, newSize < block->size ? newSize : block->size);
    release(block);
    return bigger;
}

void TEE_Free(void *buffer)
{
    if (buffer != NULL)
        release(block_of(buffer));
}

void km_rt_memory_clear(void)
{
    while (heap.next != &heap)
        release(heap.next);
}

void *TEE_MemMove(void *dest, const void *src, size_t size)
{
    km_rt_readable(dest, size);
    km_rt_readable(src, size);
    return size == 0 ? dest : memmove(dest, src, size);
}

int32_t TEE_MemCompare(const void *buffer1, const void *buffer2, size_t size)
{
    km_rt_readable(buffer1, size);
    km_rt_readable(buffer2, size);
    const volatile uint8_t *a = buffer1;
    const volatile uint8_t *b = buffer2;
    /* From the end to the start, so that the first difference has the last word; no branch on the bytes. */
    int32_t result = 0;
    for (size_t i = size; i-- > 0;) {
        int32_t diff = (int32_t)a[i] - (int32_t)b[i];
        int32_t keep = (int32_t)(((uint32_t)(diff | -diff) >> 31) - 1u); /* all ones when equal */
        result = (result & keep) | diff;
    }
    return result;
}

void TEE_MemFill(void *buffer, uint32_t x, size_t size)
{
    km_rt_readable(buffer, size);
    if (size == 0)
        return;
    memset(buffer, (int)(x & 0xffu), size);
    __asm__ volatile("" : : "r"(buffer) : "memory");
}

void TEE_SetInstanceData(const void *instanceData)
{
    km_rt.instance_data = instanceData;
}

const void *TEE_GetInstanceData(void)
{
    return km_rt.instance_data;
}

/* ---- what the TA may touch ---- */

static bool inside(uintptr_t from, size_t len, uintptr_t area, size_t area_len)
{
    return from >= area && from - area <= area_len && len <= area_len - (from - area);
}

static bool overlaps(uintptr_t from, size_t len, uintptr_t area, size_t area_len)
{
    return len != 0 && area_len != 0 && from < area + area_len && area < from + len;
}

void km_rt_own(const void *ptr, size_t size, const char *why)
{
    if (size == 0)
        return;
    km_rt_need(ptr != NULL, why);
    for (size_t i = 0; i < km_rt.n_windows; i++) {
        const struct km_rt_window *window = &km_rt.windows[i];
        bool hit = overlaps((uintptr_t)ptr, size, window->from, window->len);
        km_rt_need(!hit, why);
    }
}

struct search {
    uintptr_t from;
    size_t len;
    uint32_t flags; /* PF_R, PF_W */
    bool found;
};

static int look_in_image(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    struct search *search = arg;
    for (int i = 0; i < info->dlpi_phnum && !search->found; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        search->found =
            part->p_type == PT_LOAD && (part->p_flags & search->flags) == search->flags &&
            inside(search->from, search->len, info->dlpi_addr + part->p_vaddr, part->p_memsz);
    }
    return search->found;
}

static bool on_heap(uintptr_t from, size_t len)
{
    for (const struct block *block = heap.next; block != &heap; block = block->next)
        if (inside(from, len, (uintptr_t)(block + 1), block->size))
            return true;
    return false;
}

/* A buffer of the call: the client's, also where this build has copied it because it is small. */
static bool in_window(uintptr_t from, size_t len, uint32_t access, bool *ret_allowed)
{
    for (size_t i = 0; i < km_rt.n_windows; i++) {
        const struct km_rt_window *window = &km_rt.windows[i];
        if (!inside(from, len, window->from, window->len))
            continue;
        *ret_allowed = (access & TEE_MEMORY_ACCESS_ANY_OWNER) != 0 &&
                       (window->may_write || (access & TEE_MEMORY_ACCESS_WRITE) == 0);
        return true;
    }
    return false;
}

TEE_Result TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, size_t size)
{
    const uint32_t known =
        TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE | TEE_MEMORY_ACCESS_ANY_OWNER;
    uintptr_t from = (uintptr_t)buffer;
    if ((accessFlags & ~known) != 0)
        return TEE_ERROR_ACCESS_DENIED;
    if (size == 0)
        return TEE_SUCCESS;
    if (buffer == NULL || size > UINTPTR_MAX - from)
        return TEE_ERROR_ACCESS_DENIED;
    bool allowed = false;
    if (in_window(from, size, accessFlags, &allowed))
        return allowed ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
    struct search search = {.from = from, .len = size};
    search.flags = ((accessFlags & TEE_MEMORY_ACCESS_READ) ? PF_R : 0u) |
                   ((accessFlags & TEE_MEMORY_ACCESS_WRITE) ? PF_W : 0u);
    bool ok = on_heap(from, size) || inside(from, size, stack_from, stack_to - stack_from) ||
              dl_iterate_phdr(look_in_image, &search) != 0;
    return ok ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

void km_rt_memory_start(void)
{
    pthread_attr_t attr;
    void *at = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return; /* the stack then counts as unknown memory: access denied, never granted in error */
    if (pthread_attr_getstack(&attr, &at, &size) == 0) {
        stack_from = (uintptr_t)at;
        stack_to = stack_from + size;
    }
    pthread_attr_destroy(&attr);
}

uint8_t *km_rt_secret_new(size_t len)
{
    return OPENSSL_secure_zalloc(len == 0 ? 1 : len);
}

void km_rt_secret_free(uint8_t *secret, size_t len)
{
    OPENSSL_secure_clear_free(secret, len == 0 ? 1 : len);
}

TEE_Result km_rt_give(void *buffer, size_t *size, const void *bytes, size_t len)
{
    size_t room = *size;
    *size = len;
    if (room < len)
        return TEE_ERROR_SHORT_BUFFER;
    km_rt_readable(buffer, len);
    if (len != 0)
        km_copy(buffer, room, bytes, len);
    return TEE_SUCCESS;
}
