/* SPDX-License-Identifier: Apache-2.0 */
/* Reference files as text: whatever is found in the PEM and accepted starts as a reference does. */
#include <stdlib.h>

#include "interop/door/door_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t der[KM_DOOR_REFERENCE_MAX] = {0};
    size_t len = 0;
    struct km_slice uri = {0};
    if (km_door_reference_parse(NULL, KM_SLICE(data, size), &uri) == KM_OK &&
        !km_door_reference_looks_so(KM_SLICE(data, size)))
        abort();
    if (km_door_reference_from_pem(NULL, KM_SLICE(data, size), KM_SPAN(der, sizeof(der)), &len) !=
        KM_OK)
        return 0;
    if (len > sizeof(der))
        abort();
    if (km_door_reference_parse(NULL, KM_SLICE(der, len), &uri) == KM_OK &&
        (uri.ptr < der || uri.ptr + uri.len > der + len))
        abort();
    return 0;
}
