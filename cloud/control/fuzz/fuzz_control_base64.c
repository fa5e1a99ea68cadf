/* SPDX-License-Identifier: Apache-2.0 */
/* One text is taken for each octets: what is decoded encodes to the same. */
#include <string.h>

#include "cloud/control/base64.h"
#include "fuzz/km_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice decoded = {0};
    struct km_arena *arena = km_arena_new(1u << 20);
    KM_FUZZ_CHECK(arena != NULL);
    if (size < 65536 && km_base64_decode(NULL, arena, KM_SLICE(data, size), &decoded) == KM_OK) {
        const char *again = km_base64_encode(arena, decoded);
        KM_FUZZ_CHECK(again != NULL && km_slice_equal(KM_SLICE_STR(again), KM_SLICE(data, size)));
    }
    km_arena_free(arena);
    return 0;
}
