/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often somebody may try to log in: by address, more and more slowly after each failure, and all together so slowly that
 * checking passwords leaves time for everything else. Pure; the clock is passed in.
 */
#ifndef KM_CONSOLE_THROTTLE_H
#define KM_CONSOLE_THROTTLE_H

#include "common/km_bytes.h"

#define KM_THROTTLE_ADDRESSES                                                                      \
    256                     /* that are remembered; the one that was quiet for longest goes first */
#define KM_THROTTLE_FREE 5u /* failures before an address has to wait */
#define KM_THROTTLE_WAIT_MAX_MS                                                                    \
    60000                            /* after each further failure: 1 s, 2 s, 4 s, ... up to this */
#define KM_THROTTLE_FORGET_MS 900000 /* of quiet, and an address starts anew */
#define KM_THROTTLE_BURST 8u         /* passwords checked at once, whoever sent them */
#define KM_THROTTLE_REFILL_MS 500    /* and one more after each such time */
#define KM_THROTTLE_ADDRESS_MAX 63

struct km_throttle_address {
    char name[KM_THROTTLE_ADDRESS_MAX + 1]; /* empty: this place is free */
    unsigned n_failures;
    int64_t last_ms;
    int64_t until_ms;
};
/* All zero at first. */
struct km_throttle {
    struct km_throttle_address addresses[KM_THROTTLE_ADDRESSES];
    unsigned n_spent; /* of the burst */
    int64_t refilled_ms;
};

/*
 * km_throttle_ask: 0: a password of this address may be checked now, which counts as one of all; else how many milliseconds
 * to wait, at least 1.
 */
int64_t km_throttle_ask(struct km_throttle *throttle, const char *address, int64_t now_ms);
/* km_throttle_failed, _passed: what came of it. */
void km_throttle_failed(struct km_throttle *throttle, const char *address, int64_t now_ms);
void km_throttle_passed(struct km_throttle *throttle, const char *address);

#endif
