/* SPDX-License-Identifier: Apache-2.0 */
/* One pattern against one text, held against the slow reference. Input: a line with the client id, one with the text, the pattern. */
#include <string.h>

#include "cloud/policy/pattern.h"
#include "fuzz/km_fuzz.h"
#include "tests/unit/cloud/policy_reference.h"

static bool cut_line(struct km_slice *data, struct km_slice *ret)
{
    const uint8_t *end = data->len > 0 ? memchr(data->ptr, '\n', data->len) : NULL;
    if (end == NULL)
        return false;
    *ret = KM_SLICE(data->ptr, (size_t)(end - data->ptr));
    *data = KM_SLICE(end + 1, data->len - ret->len - 1);
    return true;
}

static void check(struct km_arena *arena, struct km_slice source, enum km_text_form form,
                  const struct km_policy_context *context, struct km_slice subject)
{
    struct km_text text = {0};
    struct km_pattern pattern = {0};
    const struct km_key *bad = NULL;
    bool is_known = false;
    if (km_text_parse(arena, source, form, &text) != KM_TEXT_OK)
        return;
    bool expected = reference_matches(source, form == KM_TEXT_WILD, context, subject, &is_known);
    if (km_pattern_bind(NULL, arena, &text, context, &pattern, &bad) != KM_OK)
        return; /* too large */
    KM_FUZZ_CHECK((bad == NULL) == is_known);
    if (bad == NULL)
        KM_FUZZ_CHECK(km_pattern_matches(&pattern, subject) == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice pattern = KM_SLICE(data, size);
    struct km_slice client_id = {0};
    struct km_slice subject = {0};
    struct km_policy_context context = {0};
    if (!cut_line(&pattern, &client_id) || !cut_line(&pattern, &subject))
        return 0;
    if (pattern.len > 1024 || subject.len > 1024 || !km_utf8_valid(pattern) ||
        !km_utf8_valid(subject))
        return 0;
    context.values[KM_POLICY_CLIENT_ID] = (struct km_policy_values){.at = &client_id, .n = 1};
    struct km_arena *arena = km_arena_new(1u << 20);
    KM_FUZZ_CHECK(arena != NULL);
    check(arena, pattern, KM_TEXT_WILD, &context, subject);
    check(arena, pattern, KM_TEXT_PLAIN, &context, subject);
    km_arena_free(arena);
    return 0;
}
