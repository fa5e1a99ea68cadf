/* SPDX-License-Identifier: Apache-2.0 */
/* Connections by the broker's handle: each message asks several times. For the broker's thread alone. */
#ifndef BROKER_CONN_MAP_H
#define BROKER_CONN_MAP_H

#include <stddef.h>

#include "common/km_status.h"

struct conn;

/* All zero: empty. */
struct conn_map {
    struct conn **buckets; /* linked by map_next */
    size_t n_buckets;      /* a power of two; 0: none yet */
    size_t n;
};

struct conn *conn_map_find(const struct conn_map *map, const void *handle);
/* conn_map_put: conn's handle is not in it yet. False when memory is short. */
KM_MUST_USE bool conn_map_put(struct conn_map *map, struct conn *conn);
/* conn_map_remove: one that is not in it is no fault. */
void conn_map_remove(struct conn_map *map, const struct conn *conn);
/* conn_map_each: fn may free what it is given, but not put or remove any. */
void conn_map_each(const struct conn_map *map, void (*fn)(void *arg, struct conn *conn), void *arg);
/* conn_map_clear: frees the map, not what was in it. */
void conn_map_clear(struct conn_map *map);

#endif
