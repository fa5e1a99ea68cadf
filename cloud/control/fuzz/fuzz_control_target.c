/* SPDX-License-Identifier: Apache-2.0 */
/* A target, split and matched: what is put in order stays so, and what is decoded is UTF-8. */
#include <string.h>

#include "cloud/control/target.h"
#include "fuzz/km_fuzz.h"

static void check_decoded(struct km_slice text, bool is_form)
{
    struct km_slice decoded = {0};
    uint8_t *room = malloc(text.len + 1);
    KM_FUZZ_CHECK(room != NULL);
    if (km_target_decode(text, is_form, KM_SPAN(room, text.len + 1), &decoded))
        KM_FUZZ_CHECK(decoded.len <= text.len && km_utf8_valid(decoded) &&
                      strlen((const char *)decoded.ptr) == decoded.len);
    free(room);
}

static bool is_among_parameters(struct km_slice query, struct km_slice wanted)
{
    struct km_slice name = {0};
    struct km_slice value = {0};
    while (km_target_next_parameter(&query, &name, &value)) {
        if (km_slice_equal(name, wanted))
            return true;
    }
    KM_FUZZ_CHECK(query.len == 0);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const templates[] = {"/", "/things/{n}", "/a/{n}/b/{m}", "/topics/{n+}"};
    static uint8_t room[KM_TARGET_MAX];
    static uint8_t again[KM_TARGET_MAX];
    struct km_target target = {0};
    struct km_target twice = {0};
    struct km_slice value = {0};
    check_decoded(KM_SLICE(data, size), (size & 1) != 0);
    bool has_parameter = km_target_parameter(KM_SLICE(data, size), "a", &value);
    KM_FUZZ_CHECK(has_parameter == is_among_parameters(KM_SLICE(data, size), KM_SLICE_STR("a")));
    if (!km_target_split(KM_SLICE(data, size), KM_SPAN(room, sizeof(room)), &target))
        return 0;
    KM_FUZZ_CHECK(target.path.len >= 1 && target.path.len <= size && target.path.ptr[0] == '/');
    KM_FUZZ_CHECK(km_target_split(target.path, KM_SPAN(again, sizeof(again)), &twice));
    KM_FUZZ_CHECK(km_slice_equal(target.path, twice.path));
    for (size_t i = 0; i < KM_ARRAY_LEN(templates); i++) {
        struct km_slice parts[KM_TARGET_PARTS_MAX] = {0};
        if (!km_target_match(templates[i], target.path, parts))
            continue;
        for (size_t p = 0; p < KM_TARGET_PARTS_MAX; p++)
            check_decoded(parts[p], false);
    }
    return 0;
}
