/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fleet/seen.h"

#include <stdlib.h>
#include <string.h>

#include "common/km_bytes.h"

#define ROOM_FIRST 1024u

/* The place of a digest, or the free one where it would go. Digests are as good as random, so their first octets spread them. */
static struct km_seen_entry *place(const struct km_seen *seen, const uint8_t digest[32])
{
    size_t at = 0;
    km_copy(&at, sizeof(at), digest, sizeof(at));
    for (at &= seen->room - 1; seen->entries[at].is_taken; at = (at + 1) & (seen->room - 1)) {
        if (memcmp(seen->entries[at].digest, digest, 32) == 0)
            break;
    }
    return &seen->entries[at];
}

const struct km_seen_entry *km_seen_find(const struct km_seen *seen, const uint8_t digest[32])
{
    if (seen->room == 0)
        return NULL;
    const struct km_seen_entry *entry = place(seen, digest);
    return entry->is_taken ? entry : NULL;
}

static bool grow(struct km_seen *seen)
{
    struct km_seen larger = {.room = seen->room == 0 ? ROOM_FIRST : 2 * seen->room, .n = seen->n};
    larger.entries = calloc(larger.room, sizeof(*larger.entries));
    if (larger.entries == NULL)
        return false;
    for (size_t i = 0; i < seen->room; i++) {
        if (seen->entries[i].is_taken)
            *place(&larger, seen->entries[i].digest) = seen->entries[i];
    }
    free(seen->entries);
    *seen = larger;
    return true;
}

km_status km_seen_add(struct km_err *err, struct km_seen *seen, const uint8_t digest[32],
                      uint32_t number)
{
    if (2 * (seen->n + 1) > seen->room && !grow(seen))
        return KM_FAIL(err, KM_E_NOMEM, "memory for %zu rows", seen->n + 1);
    struct km_seen_entry *entry = place(seen, digest);
    seen->n += entry->is_taken ? 0 : 1;
    entry->is_taken = true;
    entry->number = number;
    km_copy(entry->digest, sizeof(entry->digest), digest, 32);
    return KM_OK;
}

void km_seen_clear(struct km_seen *seen)
{
    free(seen->entries);
    *seen = (struct km_seen){0};
}
