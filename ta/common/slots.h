/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of one session: a bounded table in which a freed id is never taken for a newer one. */
#ifndef KM_TA_SLOTS_H
#define KM_TA_SLOTS_H

#include "ta/common/ta_util.h"

struct km_slot {
    void *item;
    uint32_t generation;
};

struct km_slots {
    struct km_slot *at;
    uint32_t n_max;
    void (*free)(void *item);
    TEE_Result full, stale; /* what the application answers */
};

/*
 * km_slots_init: at most rules->n_max items (below 2048), each released by rules->free; full and stale are taken as
 * well. OUT_OF_MEMORY.
 */
TEE_Result km_slots_init(struct km_slots *slots, const struct km_slots *rules);
/* km_slots_clear: releases every item. */
void km_slots_clear(struct km_slots *slots);
/* km_slots_add: takes the item on success; `full` when the table is. */
TEE_Result km_slots_add(struct km_slots *slots, void *item, uint32_t *ret_id);
/* km_slots_find: the item of an id, NULL when there is none now. */
void *km_slots_find(const struct km_slots *slots, uint32_t id);
/* km_slots_free: releases the item of an id; `stale` when there is none. */
TEE_Result km_slots_free(struct km_slots *slots, uint32_t id);

#endif
