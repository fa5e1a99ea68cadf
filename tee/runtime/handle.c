/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include <stdlib.h>

#define SLOTS_MAX 65535u
#define NO_SLOT SLOTS_MAX

/*
 * Layout of a handle: generation << 20 | slot << 4 | kind. Pseudo handles of properties have no such kind. Generations
 * begin above their lower 12 bits, so that no handle fits in 32 bits: what comes without the upper half was kept by a TA
 * in 32 bits (in a value parameter, say) and is known by the lower bits alone. Each slot counts from a place of its own, so
 * that a handle with a few bits changed is not a neighbour's.
 */
#define KIND_BITS 4
#define SLOT_BITS 16
#define LOW_BITS 12
#define LOW_MASK ((1u << LOW_BITS) - 1)

struct slot {
    void *what; /* NULL: free */
    uint32_t generation;
    uint16_t kind;
    uint16_t next_free;
};

static struct slot *slots;
static uint32_t n_slots;
/* Slots are taken from the front and given back at the end: the longer until one comes back, the longer its old handles are dead. */
static uint32_t first_free = NO_SLOT;
static uint32_t last_free = NO_SLOT;

_Static_assert(sizeof(uintptr_t) == 8, "a handle needs 64 bits");

static bool grow(void)
{
    uint32_t wanted = n_slots == 0 ? 64 : n_slots * 2;
    if (wanted > SLOTS_MAX)
        wanted = SLOTS_MAX;
    if (wanted == n_slots)
        return false;
    struct slot *bigger = reallocarray(slots, wanted, sizeof(*slots));
    if (bigger == NULL)
        return false;
    slots = bigger;
    last_free = wanted - 1;
    for (uint32_t i = wanted; i-- > n_slots;) {
        slots[i] = (struct slot){.generation = (1u << LOW_BITS) + (i & LOW_MASK),
                                 .next_free = (uint16_t)first_free};
        first_free = i;
    }
    n_slots = wanted;
    return true;
}

static bool is_of(uint32_t generation, uintptr_t number)
{
    uintptr_t said = number >> (KIND_BITS + SLOT_BITS);
    return number >> 32 != 0 ? said == generation : said == (generation & LOW_MASK);
}

static struct slot *find(enum km_rt_kind kind, const void *handle, uint32_t *ret_index)
{
    uintptr_t number = (uintptr_t)handle;
    uint32_t index = (uint32_t)(number >> KIND_BITS) & 0xffffu;
    bool ok = (number & 0xfu) == (unsigned)kind && index < n_slots;
    struct slot *slot = ok ? &slots[index] : NULL;
    ok =
        ok && slot->what != NULL && slot->kind == (unsigned)kind && is_of(slot->generation, number);
    km_rt_need(ok, "not a live handle of the right kind");
    *ret_index = index;
    return slot;
}

void *km_rt_handle_new(enum km_rt_kind kind, void *what)
{
    if (first_free == NO_SLOT && !grow())
        return NULL;
    uint32_t index = first_free;
    struct slot *slot = &slots[index];
    first_free = slot->next_free;
    slot->what = what;
    slot->kind = (uint16_t)kind;
    return (void *)((uintptr_t)slot->generation << (KIND_BITS + SLOT_BITS) |
                    (uintptr_t)index << KIND_BITS | (uintptr_t)kind);
}

void *km_rt_handle_get(enum km_rt_kind kind, const void *handle)
{
    uint32_t index = 0;
    return find(kind, handle, &index)->what;
}

static void *empty(uint32_t index)
{
    struct slot *slot = &slots[index];
    void *what = slot->what;
    slot->what = NULL;
    slot->generation++;
    slot->next_free = NO_SLOT;
    if (first_free == NO_SLOT)
        first_free = index;
    else
        slots[last_free].next_free = (uint16_t)index;
    last_free = index;
    return what;
}

void *km_rt_handle_drop(enum km_rt_kind kind, const void *handle)
{
    uint32_t index = 0;
    (void)find(kind, handle, &index);
    return empty(index);
}

void km_rt_handle_each(enum km_rt_kind kind, void (*drop)(void *what))
{
    for (uint32_t i = 0; i < n_slots; i++)
        if (slots[i].what != NULL && slots[i].kind == (unsigned)kind)
            drop(empty(i));
}
