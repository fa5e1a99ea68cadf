/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys: the views stay inside the input and have the promised sizes. */
#include <stdlib.h>

#include "interop/door/door_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct km_slice whole, struct km_slice part)
{
    if (part.len != 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice spki = KM_SLICE(data, size);
    struct km_door_public parts = {0};
    if (km_door_public_parse(NULL, spki, &parts) != KM_OK)
        return 0;
    inside(spki, parts.point);
    inside(spki, parts.n);
    inside(spki, parts.e);
    if (parts.family == KM_DOOR_EC &&
        (parts.x.len != parts.curve->coord_len || parts.y.len != parts.curve->coord_len))
        abort();
    if (parts.family == KM_DOOR_RSA && (parts.bits + 7) / 8 != parts.n.len)
        abort();
    if (!km_door_public_equal(&parts, &parts))
        abort();
    return 0;
}
