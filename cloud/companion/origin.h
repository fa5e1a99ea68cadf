/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often rules have republished what one message has led to: its descendants share one budget, however they branch.
 *
 * The number that goes with a message through the bus names its origin and says how much of the budget was spent by then. It is all that is
 * needed when this program has begun anew, or has had too many other messages in between to remember this one.
 */
#ifndef COMPANION_ORIGIN_H
#define COMPANION_ORIGIN_H

#include "common/km_status.h"

#define ORIGIN_REPUBLISHES_MAX 1000 /* that one message leads to, over all its descendants */
#define ORIGIN_ERRORS_MAX 10        /* beyond those, by errorActions: somebody should hear of it */
#define ORIGINS_MAX 4096            /* that are remembered; a power of two times ORIGINS_WAYS */
#define ORIGINS_WAYS 4

struct origin {
    uint64_t id;   /* 0: a free place */
    uint64_t used; /* when; the least one gives way */
    uint16_t spent, n_errors;
    bool is_refused;
};

struct origins {
    uint64_t last_id, n_used;
    struct origin places[ORIGINS_MAX];
};

/* origins_init: seed: any number, better another one at each start. */
void origins_init(struct origins *origins, uint64_t seed);
/* origins_new: the number of a message that no rule has published. Never 0. */
uint64_t origins_new(struct origins *origins);

enum origin_verdict {
    ORIGIN_MAY,
    ORIGIN_REFUSED_FIRST, /* the budget is spent; of this origin nothing was refused before */
    ORIGIN_REFUSED_AGAIN,
};
/* origins_spend: one more republish because of a message with this number; *ret_number goes with what is published. */
enum origin_verdict origins_spend(struct origins *origins, uint64_t number, bool is_error_action,
                                  uint64_t *ret_number);

#endif
