/* SPDX-License-Identifier: Apache-2.0 */
/* A text that parses is the only one that means what it means; its key is bounded UTF-8. */
#include <string.h>

#include "cloud/registry/marker.h"
#include "fuzz/km_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_marker marker = {.tag = 0};
    char again[KM_MARKER_TEXT_ROOM] = {0};
    char *text = malloc(size + 1);
    KM_FUZZ_CHECK(text != NULL);
    km_copy(text, size, data, size);
    text[size] = '\0';
    if (km_marker_parse(text, &marker)) {
        KM_FUZZ_CHECK(km_utf8_valid(KM_SLICE_STR(marker.text)));
        KM_FUZZ_CHECK(km_marker_print(&marker, again) == strlen(text));
        KM_FUZZ_CHECK(strcmp(again, text) == 0);
    }
    free(text);
    return 0;
}
