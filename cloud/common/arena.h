/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back at once: what one request reads lives in one arena and ends with it.
 *
 * Not for secrets: nothing is wiped. One arena, one thread.
 */
#ifndef KM_CLOUD_ARENA_H
#define KM_CLOUD_ARENA_H

#include "common/km_bytes.h"

struct km_arena;

/* km_arena_new: gives out at most max bytes in all; NULL when memory is short. Returns owned. */
struct km_arena *km_arena_new(size_t max);
/* km_arena_reset: everything given out so far ends; what is kept for the next use is small. */
void km_arena_reset(struct km_arena *arena);
void km_arena_free(struct km_arena *arena);
void km_arena_freep(struct km_arena **arena);

/*
 * km_arena_alloc: len zero bytes, aligned for any type; valid until reset or free. NULL beyond max or
 * when memory is short: km_arena_status tells which (KM_E_LIMIT, KM_E_NOMEM) of the last refusal.
 */
void *km_arena_alloc(struct km_arena *arena, size_t len);
/* km_arena_array: the same for n elements of that size; NULL also when the product is too large. */
void *km_arena_array(struct km_arena *arena, size_t n, size_t size);
/* km_arena_text: copies bytes and puts a NUL behind them. */
char *km_arena_text(struct km_arena *arena, struct km_slice bytes);
km_status km_arena_status(const struct km_arena *arena);

#endif
