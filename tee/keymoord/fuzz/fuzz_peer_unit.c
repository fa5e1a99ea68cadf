/* SPDX-License-Identifier: Apache-2.0 */
/* A unit's name is a part of the text it was found in, without a slash. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "tee/keymoord/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char unit[64] = {0};
    if (!km_peer_unit_parse(KM_SLICE(data, size), unit, sizeof(unit)))
        return 0;
    size_t len = strlen(unit);
    KM_FUZZ_CHECK(len > 0 && len < sizeof(unit) && strchr(unit, '/') == NULL);
    KM_FUZZ_CHECK(memmem(data, size, unit, len) != NULL);
    return 0;
}
