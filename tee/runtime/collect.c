/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <stdlib.h>

#define FIRST 256

void km_rt_collect_clear(struct km_rt_collected *all)
{
    if (all->bytes != NULL)
        km_wipe(all->bytes, all->cap);
    free(all->bytes);
    *all = (struct km_rt_collected){0};
}

static bool grow(struct km_rt_collected *all, size_t needed)
{
    size_t cap = all->cap != 0 ? all->cap : FIRST;
    while (cap < needed)
        cap *= 2;
    uint8_t *bytes = calloc(1, cap);
    if (bytes == NULL)
        return false;
    size_t len = all->len;
    if (len != 0)
        km_copy(bytes, cap, all->bytes, len);
    km_rt_collect_clear(all);
    *all = (struct km_rt_collected){.bytes = bytes, .len = len, .cap = cap};
    return true;
}

bool km_rt_collect(struct km_rt_collected *all, const void *bytes, size_t len)
{
    if (len == 0)
        return true;
    if (len > KM_RT_COLLECT_MAX - all->len)
        return false;
    if ((all->bytes == NULL || len > all->cap - all->len) && !grow(all, all->len + len))
        return false;
    km_copy(all->bytes + all->len, all->cap - all->len, bytes, len);
    all->len += len;
    return true;
}
