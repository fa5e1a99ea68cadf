/* SPDX-License-Identifier: Apache-2.0 */
/* What a place is made of stands in the text that it was read from, and reads the same again. */
#include <stdio.h>
#include <string.h>

#include "common/km_bytes.h"
#include "fuzz/km_fuzz.h"
#include "tools/tunnel/place.h"

static void check_again(const struct place *place)
{
    char text[sizeof(place->host) + sizeof(place->port) + 8] = {0};
    struct place again = {0};
    if (place->kind == PLACE_UNIX)
        (void)snprintf(text, sizeof(text), "unix:%s", place->path);
    else if (place->kind == PLACE_TCP && place->host[0] == '\0')
        (void)snprintf(text, sizeof(text), "%s", place->port);
    else if (place->kind == PLACE_TCP)
        (void)snprintf(text, sizeof(text), "[%s]:%s", place->host, place->port);
    else
        return;
    /* A port alone that reads like something else never came from a port alone. */
    KM_FUZZ_CHECK(place_parse(NULL, text, &again) == KM_OK && again.kind == place->kind);
    KM_FUZZ_CHECK(strcmp(again.host, place->host) == 0 && strcmp(again.port, place->port) == 0 &&
                  strcmp(again.path, place->path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1024] = {0};
    struct place place = {0};
    if (size >= sizeof(text) || memchr(data, 0, size) != NULL)
        return 0;
    km_copy(text, sizeof(text), data, size);
    if (place_parse(NULL, text, &place) != KM_OK)
        return 0;
    KM_FUZZ_CHECK(strstr(text, place.host) != NULL && strstr(text, place.port) != NULL &&
                  strstr(text, place.path) != NULL);
    check_again(&place);
    return 0;
}
