/* SPDX-License-Identifier: Apache-2.0 */
/* What a pkcs11 URI names is a key or a certificate by name, and can be printed as a clrc URI. */
#include <stdlib.h>
#include <string.h>

#include "interop/door/door_pkcs11_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_door_uri first = {0};
    struct km_door_uri second = {0};
    uint8_t text[4 * KM_DOOR_URI_MAX] = {0};
    struct km_wr wr = km_wr_init(text, sizeof(text));
    struct km_slice printed = {0};
    if (km_door_uri_of_pkcs11(NULL, KM_SLICE(data, size), &first) != KM_OK)
        return 0;
    km_door_uri_write(&wr, &first);
    if (first.name[0] == '\0' || (first.kind != KM_DOOR_KEY && first.kind != KM_DOOR_CERT) ||
        !km_wr_finish(&wr, &printed))
        abort();
    if (printed.len > KM_DOOR_URI_MAX)
        return 0;
    if (km_door_uri_parse(NULL, printed, &second) != KM_OK ||
        memcmp(&first, &second, sizeof(first)) != 0)
        abort();
    return 0;
}
