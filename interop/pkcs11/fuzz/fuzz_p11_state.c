/* SPDX-License-Identifier: Apache-2.0 */
/* A saved state that is taken prints as itself, and what was fed lies within it. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "interop/pkcs11/op.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[KM_P11_STATE_MAX];
    struct km_p11_state state = {0};
    size_t len = 0;
    if (!km_p11_state_parse(KM_SLICE(data, size), &state))
        return 0;
    KM_FUZZ_CHECK(state.fed.ptr >= data && state.fed.ptr + state.fed.len <= data + size);
    KM_FUZZ_CHECK(km_p11_state_put(&state, KM_SPAN(out, sizeof(out)), &len));
    KM_FUZZ_CHECK(len == size && memcmp(out, data, size) == 0);
    return 0;
}
