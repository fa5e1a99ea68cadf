/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out: the first request for it fails, or the second, ... Those of jansson too, but
 * for its parser: what it calls wrong when memory is short can't be told from what is wrong. A program
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

km_status __real_km_json_value(struct km_err *err, struct km_slice text, unsigned max_depth,
                               json_t **ret);
km_status __wrap_km_json_value(struct km_err *err, struct km_slice text, unsigned max_depth,
                               json_t **ret);
km_status __real_km_json_object(struct km_err *err, struct km_slice text, unsigned max_depth,
                                json_t **ret);
km_status __wrap_km_json_object(struct km_err *err, struct km_slice text, unsigned max_depth,
                                json_t **ret);

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

km_status __wrap_km_json_value(struct km_err *err, struct km_slice text, unsigned max_depth,
                               json_t **ret)
{
    size_t at = failing_memory.at;
    failing_memory.at = 0;
    km_status status = __real_km_json_value(err, text, max_depth, ret);
    failing_memory.at = at;
    return status;
}

km_status __wrap_km_json_object(struct km_err *err, struct km_slice text, unsigned max_depth,
                                json_t **ret)
{
    size_t at = failing_memory.at;
    failing_memory.at = 0;
    km_status status = __real_km_json_object(err, text, max_depth, ret);
    failing_memory.at = at;
    return status;
}

static inline void failing_memory_start(size_t at)
{
    json_set_alloc_funcs(__wrap_malloc, free);
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
