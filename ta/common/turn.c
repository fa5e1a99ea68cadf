/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/turn.h"

/* Who comes next looks every 2 ms, so that the object does not lie idle; the fifth and those behind him every 32. */
static uint32_t step_max(uint32_t ahead)
{
    return 2u << (ahead < 4 ? ahead : 4u);
}

static uint32_t count_ahead(const struct km_turn *turn)
{
#ifdef TEE_KM_EXTENSIONS
    uint32_t ahead = 0;
    TEE_Result result = TEE_KmQueueForObject(TEE_STORAGE_PRIVATE, turn->id.ptr, turn->id.len,
                                             turn->is_queued, &ahead);
    /* Too many wait; of any other failure the object itself will tell. */
    return result == TEE_ERROR_ACCESS_CONFLICT ? UINT32_MAX : ahead;
#else
    (void)turn;
    return 0;
#endif
}

bool km_turn_has_come(struct km_turn *turn)
{
    uint32_t ahead = count_ahead(turn);
    if (ahead < turn->ahead)
        turn->waited_ms = turn->step_ms = 0;
    turn->ahead = ahead;
    return ahead == 0;
}

TEE_Result km_turn_await(struct km_turn *turn)
{
    uint32_t max = step_max(turn->ahead);
    if (turn->waited_ms >= KM_TURN_MAX_MS)
        return TEE_ERROR_ACCESS_CONFLICT;
    turn->step_ms = turn->step_ms == 0 ? 1 : 2 * turn->step_ms;
    if (turn->step_ms > max)
        turn->step_ms = max;
    turn->is_queued = true;
    KM_TRY_TEE(TEE_Wait(turn->step_ms));
    turn->waited_ms += turn->step_ms;
    return TEE_SUCCESS;
}

void km_turn_end(struct km_turn *turn)
{
#ifdef TEE_KM_EXTENSIONS
    if (turn->is_queued)
        TEE_KmLeaveQueue(TEE_STORAGE_PRIVATE);
#endif
    turn->is_queued = false;
}
