/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/conn_map.h"

#include <stdlib.h>

#include "cloud/broker-plugin/conn.h"

#define BUCKETS_MIN 64

/* Handles are addresses of the allocator's: their low bits are all alike. The factor is 2^64 divided by the golden ratio. */
static struct conn **bucket_of(const struct conn_map *map, const void *handle)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)handle >> 4) * UINT64_C(0x9e3779b97f4a7c15);
    return &map->buckets[(mixed >> 32) & (map->n_buckets - 1)];
}

struct conn *conn_map_find(const struct conn_map *map, const void *handle)
{
    if (map->n_buckets == 0)
        return NULL;
    struct conn *conn = *bucket_of(map, handle);
    while (conn != NULL && conn->handle != handle)
        conn = conn->map_next;
    return conn;
}

static void link_in(struct conn_map *map, struct conn *conn)
{
    struct conn **bucket = bucket_of(map, conn->handle);
    conn->map_next = *bucket;
    *bucket = conn;
}

static void move_into(void *arg, struct conn *conn)
{
    link_in(arg, conn);
}

static bool grow(struct conn_map *map)
{
    struct conn_map larger = {.n_buckets = map->n_buckets == 0 ? BUCKETS_MIN : map->n_buckets * 2,
                              .n = map->n};
    larger.buckets = calloc(larger.n_buckets, sizeof(struct conn *));
    if (larger.buckets == NULL)
        return false;
    conn_map_each(map, move_into, &larger);
    free(map->buckets);
    *map = larger;
    return true;
}

bool conn_map_put(struct conn_map *map, struct conn *conn)
{
    /* Without memory for more buckets it gets slower and no more. */
    if (map->n >= map->n_buckets && !grow(map) && map->n_buckets == 0)
        return false;
    link_in(map, conn);
    map->n++;
    return true;
}

void conn_map_remove(struct conn_map *map, const struct conn *conn)
{
    if (map->n_buckets == 0)
        return;
    struct conn **at = bucket_of(map, conn->handle);
    while (*at != NULL && *at != conn)
        at = &(*at)->map_next;
    if (*at == NULL)
        return;
    *at = conn->map_next;
    map->n--;
}

void conn_map_each(const struct conn_map *map, void (*fn)(void *arg, struct conn *conn), void *arg)
{
    for (size_t i = 0; i < map->n_buckets; i++) {
        struct conn *conn = map->buckets[i];
        while (conn != NULL) {
            struct conn *next = conn->map_next;
            fn(arg, conn);
            conn = next;
        }
    }
}

void conn_map_clear(struct conn_map *map)
{
    free(map->buckets);
    *map = (struct conn_map){0};
}
