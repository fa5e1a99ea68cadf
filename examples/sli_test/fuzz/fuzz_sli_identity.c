/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of any kind: a name that comes out can be a thing's, and the printed one differs in spaces alone. */
#include <string.h>

#include "examples/sli_test/identity.h"
#include "examples/sli_test/say.h"
#include "fuzz/km_fuzz.h"

int say_error(const char *format, ...)
{
    (void)format;
    return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct identity own;
    if (size > UINT32_MAX || identity_name(data, (uint32_t)size, &own) != 0)
        return 0;
    size_t length = strlen(own.thing);
    KM_FUZZ_CHECK(length >= 4 && length <= IDENTITY_NAME_MAX && strlen(own.device_id) == length);
    for (size_t i = 0; i < length; i++) {
        KM_FUZZ_CHECK(own.thing[i] == own.device_id[i] ||
                      (own.device_id[i] == ' ' && own.thing[i] == '_'));
        KM_FUZZ_CHECK(strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_:",
                             own.thing[i]) != NULL);
    }
    return 0;
}
