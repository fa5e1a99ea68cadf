/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time that certificates are judged at: never before the highest time that this device has seen, so that a clock which is
 * set back revives nothing (docs/certs-ta.md, "Time").
 */
#ifndef KM_CERTS_CLOCK_H
#define KM_CERTS_CLOCK_H

#include "ta/certs/gate.h"

#define KM_CLOCK_TOLERANCE_S 300u /* a clock behind by no more is taken for right */
#define KM_CLOCK_STEP_S 3600u     /* so much later the floor follows */

struct km_clock {
    uint64_t now;   /* to judge at */
    bool is_behind; /* the clock is, by more than the tolerance */
};

struct km_clock km_clock_read(const struct km_gate_state *state);
/* km_clock_raise: the floor, to now. Not saved. */
void km_clock_raise(struct km_gate_state *state);
/* km_clock_follow: stores the time seen when it is long past the stored one. What can't be stored now is stored another time. */
void km_clock_follow(const struct km_gate_state *state);
/* km_clock_forget: that the audit was told, when the instance ends. */
void km_clock_forget(void);
/* km_clock_tell: one audit record for an instance whose clock is behind. */
void km_clock_tell(const struct km_clock *clock);

#endif
