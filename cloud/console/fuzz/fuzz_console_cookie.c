/* SPDX-License-Identifier: Apache-2.0 */
/* A Cookie header: what is found lies in it, and stands behind its name alone. */
#include <string.h>

#include "cloud/console/cookie.h"
#include "fuzz/km_fuzz.h"

#define NAME "keymoor"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct km_slice got = {0};
    size_t name_len = strlen(NAME);
    if (!km_console_cookie(KM_SLICE(data, len), NAME, &got))
        return 0;
    KM_FUZZ_CHECK(got.ptr >= data + name_len + 1 && got.ptr + got.len <= data + len);
    KM_FUZZ_CHECK(memchr(got.ptr, ';', got.len) == NULL);
    KM_FUZZ_CHECK(memcmp(got.ptr - name_len - 1, NAME "=", name_len + 1) == 0);
    return 0;
}
