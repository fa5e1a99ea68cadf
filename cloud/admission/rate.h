/* SPDX-License-Identifier: Apache-2.0 */
/* So much a second, and at once at most what one second allows. */
#ifndef KM_ADMISSION_RATE_H
#define KM_ADMISSION_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: full. */
struct km_rate {
    int64_t since_ms; /* what was used is counted from here */
    uint64_t used;    /* thousandths */
};

/* km_rate_use: whether n more fit into per_s a second now; they count only if they do. per_s 0: always. now_ms never goes back. */
bool km_rate_use(struct km_rate *rate, unsigned per_s, uint64_t n, int64_t now_ms);

#endif
