/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/throttle.h"

#include <string.h>

static struct km_throttle_address *find(struct km_throttle *throttle, const char *address)
{
    for (size_t i = 0; i < KM_THROTTLE_ADDRESSES; i++) {
        if (strncmp(throttle->addresses[i].name, address, KM_THROTTLE_ADDRESS_MAX) == 0)
            return &throttle->addresses[i];
    }
    return NULL;
}

/* A free place, or that of the address that was quiet for longest. */
static struct km_throttle_address *place(struct km_throttle *throttle)
{
    struct km_throttle_address *best = &throttle->addresses[0];
    for (size_t i = 0; i < KM_THROTTLE_ADDRESSES; i++) {
        struct km_throttle_address *one = &throttle->addresses[i];
        if (one->name[0] == '\0')
            return one;
        if (one->last_ms < best->last_ms)
            best = one;
    }
    return best;
}

static void refill(struct km_throttle *throttle, int64_t now_ms)
{
    int64_t n = (now_ms - throttle->refilled_ms) / KM_THROTTLE_REFILL_MS;
    if (n <= 0)
        return;
    throttle->n_spent = n >= throttle->n_spent ? 0 : throttle->n_spent - (unsigned)n;
    throttle->refilled_ms += n * KM_THROTTLE_REFILL_MS;
}

int64_t km_throttle_ask(struct km_throttle *throttle, const char *address, int64_t now_ms)
{
    struct km_throttle_address *one = find(throttle, address);
    if (one != NULL && now_ms - one->last_ms >= KM_THROTTLE_FORGET_MS)
        *one = (struct km_throttle_address){.name = ""};
    else if (one != NULL && one->until_ms > now_ms)
        return one->until_ms - now_ms;
    refill(throttle, now_ms);
    if (throttle->n_spent >= KM_THROTTLE_BURST)
        return throttle->refilled_ms + KM_THROTTLE_REFILL_MS - now_ms;
    throttle->n_spent++;
    return 0;
}

void km_throttle_failed(struct km_throttle *throttle, const char *address, int64_t now_ms)
{
    struct km_throttle_address *one = find(throttle, address);
    size_t len = strnlen(address, KM_THROTTLE_ADDRESS_MAX);
    if (one == NULL) {
        one = place(throttle);
        *one = (struct km_throttle_address){.name = ""};
        km_copy(one->name, KM_THROTTLE_ADDRESS_MAX, address, len);
    }
    one->n_failures++;
    one->last_ms = now_ms;
    if (one->n_failures < KM_THROTTLE_FREE)
        return;
    int64_t wait_ms = 1000;
    for (unsigned i = KM_THROTTLE_FREE; i < one->n_failures && wait_ms < KM_THROTTLE_WAIT_MAX_MS;
         i++)
        wait_ms *= 2;
    one->until_ms =
        now_ms + (wait_ms < KM_THROTTLE_WAIT_MAX_MS ? wait_ms : KM_THROTTLE_WAIT_MAX_MS);
}

void km_throttle_passed(struct km_throttle *throttle, const char *address)
{
    struct km_throttle_address *one = find(throttle, address);
    if (one != NULL)
        *one = (struct km_throttle_address){.name = ""};
}
