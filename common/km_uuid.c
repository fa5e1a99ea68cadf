/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_uuid.h"

#include <stdio.h>
#include <string.h>

/* Hex digits only where shape has an x, the shape's own character elsewhere, and nothing behind. */
static bool parse_shape(const char *text, const char *shape, struct km_uuid *ret)
{
    char digits[2 * sizeof(ret->octet) + 1] = {0};
    size_t n_digits = 0;
    size_t len = strlen(shape);
    if (strnlen(text, len + 1) != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (shape[i] == 'x')
            digits[n_digits++] = text[i];
        else if (text[i] != shape[i])
            return false;
    }
    return km_unhex(digits, ret->octet, sizeof(ret->octet));
}

bool km_uuid_parse(const char *text, struct km_uuid *ret)
{
    return parse_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", ret) ||
           parse_shape(text, "xxxxxxxx-xxxx-xxxx-xxxxxxxxxxxxxxxx", ret);
}

void km_uuid_format(const struct km_uuid *uuid, char ret[KM_UUID_TEXT_LEN])
{
    char digits[2 * sizeof(uuid->octet) + 1] = {0};
    km_hex(KM_SLICE(uuid->octet, sizeof(uuid->octet)), digits, sizeof(digits));
    (void)snprintf(ret, KM_UUID_TEXT_LEN, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8,
                   digits + 12, digits + 16, digits + 20);
}

bool km_uuid_equal(const struct km_uuid *a, const struct km_uuid *b)
{
    return memcmp(a->octet, b->octet, sizeof(a->octet)) == 0;
}
