/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/cookie.h"

#include <string.h>

/* take: what stands before the octet, all of it when there is none; *rest begins behind it. */
static struct km_slice take(struct km_slice *rest, char octet)
{
    struct km_slice ret = *rest;
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] != (uint8_t)octet)
            continue;
        ret.len = i;
        *rest = KM_SLICE(rest->ptr + i + 1, rest->len - i - 1);
        return ret;
    }
    rest->len = 0;
    return ret;
}

bool km_console_cookie(struct km_slice header, const char *name, struct km_slice *ret)
{
    struct km_slice found = {0};
    size_t n_found = 0;
    while (header.len > 0) {
        struct km_slice value = take(&header, ';');
        while (value.len > 0 && value.ptr[0] == ' ')
            value = KM_SLICE(value.ptr + 1, value.len - 1);
        size_t len = value.len;
        struct km_slice key = take(&value, '=');
        if (key.len == len || !km_slice_equal(key, KM_SLICE_STR(name)))
            continue; /* no equals sign, or another */
        found = value;
        n_found++;
    }
    if (n_found != 1)
        return false;
    *ret = found;
    return true;
}
