/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that wait for rules. Each rule has a lane of its own, so that one that is slow, or gets more than it can do, holds up itself
 * alone; a message for several rules is in memory once. Who says what is dropped when all together get too much: see workload.h.
 */
#ifndef COMPANION_BACKLOG_H
#define COMPANION_BACKLOG_H

#include "cloud/companion/message.h"

/* All lanes together. All zero: nothing waits. */
struct backlog {
    size_t octets; /* of messages, each counted once */
    size_t n;      /* places in lanes that are taken */
};

/* A message in memory, for as many lanes as hold it. */
struct parcel {
    struct backlog *backlog;
    unsigned n_holders;
    size_t size;
    struct dispatch_message message;
};

/* parcel_new: a copy of the message with its texts; the caller holds it. NULL when memory is short. */
struct parcel *parcel_new(struct backlog *backlog, const struct dispatch_message *message);
/* parcel_drop: one holder less; the last one frees it. NULL is allowed. */
void parcel_drop(struct parcel *parcel);
void parcel_dropp(struct parcel **parcel);

struct lane_place {
    struct lane_place *newer, *older;
    struct parcel *parcel;
};

/* Of one rule. All zero: empty. */
struct lane {
    struct lane_place *oldest, *newest;
    size_t octets;   /* of its messages, whoever else waits for them */
    uint64_t n_lost; /* that it had to drop */
    int64_t told_ms; /* when that was told */
};

/* lane_put: holds the parcel. False when memory is short. */
KM_MUST_USE bool lane_put(struct lane *lane, struct parcel *parcel);
/* lane_take: the oldest one, which the caller holds then; NULL. */
struct parcel *lane_take(struct lane *lane);
/* lane_take_newest: the same from the other end. */
struct parcel *lane_take_newest(struct lane *lane);
void lane_clear(struct lane *lane);

#endif
