/* SPDX-License-Identifier: Apache-2.0 */
/* So much a second, and at once at most what one second allows. */
#ifndef BROKER_RATE_H
#define BROKER_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: full. */
struct rate {
    int64_t since_ms; /* what was used is counted from here */
    uint64_t used;    /* thousandths */
};

/* rate_use: whether n more fit into per_s a second now; they count only if they do. per_s 0: always. now_ms never goes back. */
bool rate_use(struct rate *rate, unsigned per_s, uint64_t n, int64_t now_ms);

#endif
