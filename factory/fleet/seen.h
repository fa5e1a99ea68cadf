/* SPDX-License-Identifier: Apache-2.0 */
/* A set of SHA-256 digests, each with a number. */
#ifndef KM_FLEET_SEEN_H
#define KM_FLEET_SEEN_H

#include "common/km_status.h"

struct km_seen_entry {
    bool is_taken;
    uint32_t number;
    uint8_t digest[32];
};

/* All zero is an empty one. */
struct km_seen {
    struct km_seen_entry *entries;
    size_t n, room; /* room is a power of two, or 0 */
};

/* km_seen_find: the entry, or NULL; valid until something is added. */
const struct km_seen_entry *km_seen_find(const struct km_seen *seen, const uint8_t digest[32]);
/* km_seen_add: one that is not there yet. KM_E_NOMEM. */
km_status km_seen_add(struct km_err *err, struct km_seen *seen, const uint8_t digest[32],
                      uint32_t number);
void km_seen_clear(struct km_seen *seen);

#endif
