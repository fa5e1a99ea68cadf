/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/origin.h"

#define SPENT_BITS 16
#define ID_MASK (UINT64_MAX >> SPENT_BITS)
#define SETS (ORIGINS_MAX / ORIGINS_WAYS)

void origins_init(struct origins *origins, uint64_t seed)
{
    *origins = (struct origins){.last_id = seed & ID_MASK};
}

uint64_t origins_new(struct origins *origins)
{
    origins->last_id = (origins->last_id + 1) & ID_MASK;
    if (origins->last_id == 0)
        origins->last_id = 1;
    return origins->last_id << SPENT_BITS;
}

static uint16_t spent_of(uint64_t number)
{
    return (uint16_t)(number & UINT16_MAX);
}

/* One that is forgotten goes on from what its number says. */
static struct origin *find(struct origins *origins, uint64_t number)
{
    uint64_t id = number >> SPENT_BITS;
    struct origin *set = &origins->places[(id % SETS) * ORIGINS_WAYS];
    struct origin *place = set;
    for (size_t i = 0; i < ORIGINS_WAYS; i++) {
        if (set[i].id == id)
            return &set[i];
        if (set[i].used < place->used)
            place = &set[i];
    }
    *place = (struct origin){.id = id, .spent = spent_of(number)};
    return place;
}

enum origin_verdict origins_spend(struct origins *origins, uint64_t number, bool is_error_action,
                                  uint64_t *ret_number)
{
    struct origin *origin = find(origins, number);
    origin->used = ++origins->n_used;
    bool may = origin->spent < ORIGIN_REPUBLISHES_MAX;
    if (may) {
        origin->spent++;
    } else if (is_error_action && origin->n_errors < ORIGIN_ERRORS_MAX) {
        origin->n_errors++;
        may = true;
    }
    *ret_number = (origin->id << SPENT_BITS) | origin->spent;
    if (may)
        return ORIGIN_MAY;
    bool is_first = !origin->is_refused;
    origin->is_refused = true;
    return is_first ? ORIGIN_REFUSED_FIRST : ORIGIN_REFUSED_AGAIN;
}
