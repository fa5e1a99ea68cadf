/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/clock.h"

#include "ta/certs/order.h"

struct km_clock km_clock_read(const struct km_gate_state *state)
{
    uint64_t now = km_now();
    struct km_clock clock = {.now = now};
    if (now < state->floor) {
        clock.now = state->floor;
        clock.is_behind = state->floor - now > KM_CLOCK_TOLERANCE_S;
    }
    return clock;
}

void km_clock_raise(struct km_gate_state *state)
{
    uint64_t now = km_now();
    if (now > state->floor)
        state->floor = now;
}

static bool is_far_past(uint64_t floor)
{
    uint64_t now = km_now();
    return now > floor && now - floor >= KM_CLOCK_STEP_S;
}

void km_clock_follow(const struct km_gate_state *state)
{
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    /* Many see it in the same second: one of them writes. */
    if (!is_far_past(state->floor) || km_order_enter(KM_GATE_ALONE, &gate) != TEE_SUCCESS ||
        !is_far_past(gate.state.floor))
        return;
    km_clock_raise(&gate.state);
    (void)km_gate_save(&gate, KM_SLICE(NULL, 0));
}

static bool is_told;

void km_clock_forget(void)
{
    is_told = false;
}

void km_clock_tell(const struct km_clock *clock)
{
    if (clock->is_behind && !is_told)
        km_audit_name("clock", KM_SLICE_STR("set back"), TEE_ERROR_BAD_STATE);
    is_told = is_told || clock->is_behind;
}
