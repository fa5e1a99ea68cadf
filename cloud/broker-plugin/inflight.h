/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests to the shadows, or to the jobs, of each thing wait for an answer. For the broker's thread alone. */
#ifndef BROKER_INFLIGHT_H
#define BROKER_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: none. */
struct inflight {
    void *by_thing; /* tree of search.h */
};

/* inflight_begin: false when max of this thing wait already, or memory is short. */
bool inflight_begin(struct inflight *inflight, const char *thing, unsigned max);
/* inflight_end: one of them was answered. */
void inflight_end(struct inflight *inflight, const char *thing);
void inflight_clear(struct inflight *inflight);

#endif
