/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define BLOCK_MIN 4096u

struct block {
    struct block *next;
    size_t cap;
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

struct km_arena {
    struct block *blocks; /* the newest first */
    size_t max;
    size_t given;
    km_status status;
};

struct km_arena *km_arena_new(size_t max)
{
    struct km_arena *arena = calloc(1, sizeof(*arena));
    if (arena != NULL)
        arena->max = max;
    return arena;
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void km_arena_reset(struct km_arena *arena)
{
    struct block *kept = NULL;
    struct block *block = arena->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        if (kept == NULL && block->cap == BLOCK_MIN)
            kept = block;
        else
            free(block);
        block = next;
    }
    if (kept != NULL) {
        kept->next = NULL;
        kept->used = 0;
    }
    arena->blocks = kept;
    arena->given = 0;
    arena->status = KM_OK;
}

void km_arena_free(struct km_arena *arena)
{
    if (arena == NULL)
        return;
    blocks_free(arena->blocks);
    free(arena);
}

void km_arena_freep(struct km_arena **arena)
{
    km_arena_free(*arena);
    *arena = NULL;
}

static struct block *block_with(struct km_arena *arena, size_t len)
{
    if (arena->blocks != NULL && arena->blocks->cap - arena->blocks->used >= len)
        return arena->blocks;
    size_t cap = len > BLOCK_MIN ? len : BLOCK_MIN;
    struct block *block = malloc(sizeof(*block) + cap);
    if (block == NULL)
        return NULL;
    *block = (struct block){.next = arena->blocks, .cap = cap};
    arena->blocks = block;
    return block;
}

void *km_arena_alloc(struct km_arena *arena, size_t len)
{
    size_t align = alignof(max_align_t);
    if (len > arena->max - arena->given || len > SIZE_MAX / 2) {
        arena->status = KM_E_LIMIT;
        return NULL;
    }
    size_t rounded = (len + align - 1) / align * align;
    struct block *block = block_with(arena, rounded);
    if (block == NULL) {
        arena->status = KM_E_NOMEM;
        return NULL;
    }
    uint8_t *at = block->bytes + block->used;
    block->used += rounded;
    arena->given += len;
    for (size_t i = 0; i < len; i++)
        at[i] = 0;
    return at;
}

void *km_arena_array(struct km_arena *arena, size_t n, size_t size)
{
    size_t len = 0;
    if (__builtin_mul_overflow(n, size, &len)) {
        arena->status = KM_E_LIMIT;
        return NULL;
    }
    return km_arena_alloc(arena, len);
}

char *km_arena_text(struct km_arena *arena, struct km_slice bytes)
{
    if (bytes.len == SIZE_MAX) {
        arena->status = KM_E_LIMIT;
        return NULL;
    }
    char *text = km_arena_alloc(arena, bytes.len + 1);
    if (text != NULL)
        km_copy(text, bytes.len, bytes.ptr, bytes.len);
    return text;
}

km_status km_arena_status(const struct km_arena *arena)
{
    return arena->status;
}
