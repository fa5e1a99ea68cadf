/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out: the first request for it fails, or the second, ... Those of jansson too. A program
 * that includes this is linked with --wrap for the functions below.
 */
#ifndef KM_FAILING_MEMORY_H
#define KM_FAILING_MEMORY_H

#include <stdlib.h>

#include "cloud/common/json.h"

static struct {
    size_t at; /* the request that fails; 0: none */
    size_t count;
} failing_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

static inline bool failing_memory_strikes(void)
{
    return failing_memory.at != 0 && ++failing_memory.count == failing_memory.at;
}

void *__wrap_malloc(size_t size)
{
    return failing_memory_strikes() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return failing_memory_strikes() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    return failing_memory_strikes() ? NULL : __real_realloc(ptr, size);
}

static inline void failing_memory_start(size_t at)
{
    json_set_alloc_funcs(km_json_alloc, free);
    failing_memory.at = at;
    failing_memory.count = 0;
}

/* Whether that request was made, so that it failed. */
static inline bool failing_memory_end(void)
{
    bool was_hit = failing_memory.count >= failing_memory.at;
    failing_memory.at = 0;
    return was_hit;
}

#endif
