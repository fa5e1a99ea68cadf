/* SPDX-License-Identifier: Apache-2.0 */
/* A stored password: what is taken is printed as it was. */
#include <string.h>

#include "cloud/console/users.h"
#include "fuzz/km_fuzz.h"

#define LEN_MAX 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[LEN_MAX + 1] = {0};
    char again[KM_CONSOLE_RECORD_MAX + 1] = {0};
    struct km_console_record record = {0};
    if (len > LEN_MAX)
        return 0;
    km_copy(text, LEN_MAX, data, len);
    if (!km_console_record_parse(text, &record))
        return 0;
    km_console_record_print(&record, again);
    KM_FUZZ_CHECK(strcmp(text, again) == 0);
    return 0;
}
