/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/slots.h"

#define INDEX_BITS 11u
#define INDEX_MASK ((1u << INDEX_BITS) - 1u)
#define GENERATION_MASK (UINT32_MAX >> INDEX_BITS)

TEE_Result km_slots_init(struct km_slots *slots, const struct km_slots *rules)
{
    *slots = *rules;
    slots->at = TEE_Malloc(rules->n_max * sizeof(*slots->at), TEE_MALLOC_FILL_ZERO);
    return slots->at != NULL ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

void km_slots_clear(struct km_slots *slots)
{
    for (uint32_t i = 0; slots->at != NULL && i < slots->n_max; i++) {
        if (slots->at[i].item != NULL)
            slots->free(slots->at[i].item);
    }
    TEE_Free(slots->at);
    *slots = (struct km_slots){0};
}

TEE_Result km_slots_add(struct km_slots *slots, void *item, uint32_t *ret_id)
{
    for (uint32_t i = 0; i < slots->n_max; i++) {
        struct km_slot *slot = &slots->at[i];
        if (slot->item != NULL)
            continue;
        slot->item = item;
        slot->generation = (slot->generation + 1u) & GENERATION_MASK;
        /* Index 0 is never used, so that 0 is never an id. */
        *ret_id = (slot->generation << INDEX_BITS) | (i + 1u);
        return TEE_SUCCESS;
    }
    return slots->full;
}

static struct km_slot *slot_of(const struct km_slots *slots, uint32_t id)
{
    uint32_t index = id & INDEX_MASK;
    if (index == 0 || index > slots->n_max)
        return NULL;
    struct km_slot *slot = &slots->at[index - 1u];
    return slot->item != NULL && slot->generation == id >> INDEX_BITS ? slot : NULL;
}

void *km_slots_find(const struct km_slots *slots, uint32_t id)
{
    const struct km_slot *slot = slot_of(slots, id);
    return slot != NULL ? slot->item : NULL;
}

TEE_Result km_slots_free(struct km_slots *slots, uint32_t id)
{
    struct km_slot *slot = slot_of(slots, id);
    if (slot == NULL)
        return slots->stale;
    slots->free(slot->item);
    slot->item = NULL;
    return TEE_SUCCESS;
}
