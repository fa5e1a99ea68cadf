/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a file says, all texts end within their room, and what is refused changes nothing. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "interop/pkcs11/p11.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_p11_config before = {0};
    struct km_p11_config config = {0};
    km_p11_config_default(&before);
    km_p11_config_default(&config);
    if (!km_p11_config_parse(KM_SLICE(data, size), &config)) {
        KM_FUZZ_CHECK(memcmp(&before, &config, sizeof(config)) == 0);
        return 0;
    }
    KM_FUZZ_CHECK(strnlen(config.manufacturer, sizeof(config.manufacturer)) <= 32);
    KM_FUZZ_CHECK(strnlen(config.label, sizeof(config.label)) <= 32);
    KM_FUZZ_CHECK(strnlen(config.model, sizeof(config.model)) <= 16);
    KM_FUZZ_CHECK(strnlen(config.serial, sizeof(config.serial)) <= 16);
    return 0;
}
