/* SPDX-License-Identifier: Apache-2.0 */
/* A text that parses has one of the two shapes, and its canonical form means the same. */
#include <ctype.h>
#include <string.h>

#include "common/km_uuid.h"
#include "fuzz/km_fuzz.h"

static void check_text(char *text)
{
    struct km_uuid uuid = {0};
    struct km_uuid again = {0};
    char canonical[KM_UUID_TEXT_LEN] = {0};
    if (!km_uuid_parse(text, &uuid))
        return;
    size_t len = strlen(text);
    km_uuid_format(&uuid, canonical);
    KM_FUZZ_CHECK(km_uuid_parse(canonical, &again) && km_uuid_equal(&uuid, &again));
    for (size_t i = 0; i < len; i++)
        text[i] = (char)tolower((unsigned char)text[i]);
    if (len == KM_UUID_TEXT_LEN - 1) {
        KM_FUZZ_CHECK(strcmp(text, canonical) == 0);
        return;
    }
    /* 8-4-4-16: the same but for the last hyphen. */
    KM_FUZZ_CHECK(len == KM_UUID_TEXT_LEN - 2);
    KM_FUZZ_CHECK(strncmp(text, canonical, 23) == 0 && strcmp(text + 23, canonical + 24) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    KM_FUZZ_CHECK(text != NULL);
    km_copy(text, size, data, size);
    text[size] = '\0';
    check_text(text);
    free(text);

    struct km_uuid uuid = {0};
    struct km_uuid again = {0};
    char canonical[KM_UUID_TEXT_LEN] = {0};
    km_copy(uuid.octet, sizeof(uuid.octet), data,
            size < sizeof(uuid.octet) ? size : sizeof(uuid.octet));
    km_uuid_format(&uuid, canonical);
    KM_FUZZ_CHECK(km_uuid_parse(canonical, &again) && km_uuid_equal(&uuid, &again));
    return 0;
}
