/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/rate.h"

#define MS_PER_S 1000u

bool km_rate_use(struct km_rate *rate, unsigned per_s, uint64_t n, int64_t now_ms)
{
    if (per_s == 0)
        return true;
    uint64_t passed = now_ms > rate->since_ms ? (uint64_t)(now_ms - rate->since_ms) : 0;
    uint64_t room = (uint64_t)per_s * MS_PER_S;
    uint64_t freed = passed >= MS_PER_S ? room : passed * per_s;
    rate->used = freed >= rate->used ? 0 : rate->used - freed;
    rate->since_ms = now_ms;
    if (n > per_s || rate->used + n * MS_PER_S > room)
        return false;
    rate->used += n * MS_PER_S;
    return true;
}
