/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting one's turn at a stored object that somebody else has open: first come, first served, where the TEE has queues; trying again
 * and again where it has none.
 */
#ifndef KM_TA_TURN_H
#define KM_TA_TURN_H

#include "ta/common/ta_util.h"

/* While nobody moves up: who holds an object checks a password or two meanwhile, perhaps on a slow machine that has more to do. */
#define KM_TURN_MAX_MS 30000u

/* Begins as {.id = its object's identifier (borrowed)}, ends with km_turn_end. One at a time. */
struct km_turn {
    struct km_slice id;
    uint32_t step_ms, waited_ms;
    uint32_t ahead; /* how many are before this one */
    bool is_queued;
};

/* km_turn_has_come: whether to try the object now. */
bool km_turn_has_come(struct km_turn *turn);
/*
 * km_turn_await: for a moment, when it has not come or the object was held all the same; TEE_SUCCESS: ask again. ACCESS_CONFLICT when nobody
 * moved up for KM_TURN_MAX_MS; CANCEL.
 */
TEE_Result km_turn_await(struct km_turn *turn);
/* km_turn_end: whatever became of it. For KM_AUTO. */
void km_turn_end(struct km_turn *turn);

#endif
