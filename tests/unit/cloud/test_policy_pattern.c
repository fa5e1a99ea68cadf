/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled patterns and documents against the slow reference, on many made from few pieces so that they often fit. */
#include "cloud/policy/pattern.h"
#include "tests/unit/cloud/policy_reference.h"
#include "tests/unit/cloud/policy_rig.h"

/* Always the same numbers. */
static uint32_t next(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void put_pieces(char *text, size_t cap, const char *const *pieces, uint32_t n_pieces,
                       uint32_t n_max, uint32_t *seed)
{
    struct km_wr wr = km_wr_init(text, cap - 1);
    for (uint32_t n = next(seed, n_max); n > 0; n--) {
        const char *piece = pieces[next(seed, n_pieces)];
        km_wr_bytes(&wr, KM_SLICE_STR(piece));
    }
    struct km_slice made = {0};
    assert_true(km_wr_finish(&wr, &made));
    text[made.len] = '\0';
}

static const char *const pattern_pieces[] = {
    "a", "b", "/", "*", "*", "*", "?", "\xc3\xa9", "${iot:ClientId}", "${*}", "${?}", "ab"};
static const char *const text_pieces[] = {"a", "b", "/", "a", "b", "\xc3\xa9", "*", "?", "ab"};
static const char *const ids[] = {"a", "ab", "\xc3\xa9", "/", "", "*", "a?", "+"};

static void patterns_fit_what_the_reference_says(void **state)
{
    uint32_t seed = 1;
    size_t n_fit = 0;
    (void)state;
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(1u << 20);
    for (int round = 0; round < 100000; round++) {
        char source[160] = {0};
        char subject[64] = {0};
        const char *id_text = ids[next(&seed, KM_ARRAY_LEN(ids))];
        struct km_slice id = KM_SLICE_STR(id_text);
        struct km_policy_context context = {0};
        struct km_text text = {0};
        struct km_pattern pattern = {0};
        const struct km_key *bad = NULL;
        bool known = false;
        put_pieces(source, sizeof(source), pattern_pieces, KM_ARRAY_LEN(pattern_pieces), 7, &seed);
        put_pieces(subject, sizeof(subject), text_pieces, KM_ARRAY_LEN(text_pieces), 6, &seed);
        context.values[KM_POLICY_CLIENT_ID] = (struct km_policy_values){.at = &id, .n = 1};
        km_arena_reset(arena);
        assert_int_equal(km_text_parse(arena, KM_SLICE_STR(source), KM_TEXT_WILD, &text),
                         KM_TEXT_OK);
        assert_int_equal(km_pattern_bind(NULL, arena, &text, &context, &pattern, &bad), KM_OK);
        bool expected =
            reference_matches(KM_SLICE_STR(source), true, &context, KM_SLICE_STR(subject), &known);
        if ((bad == NULL) != known)
            fail_msg("%s for %s", source, id_text);
        if (known && km_pattern_matches(&pattern, KM_SLICE_STR(subject)) != expected)
            fail_msg("%s against %s", source, subject);
        n_fit += expected;
    }
    assert_true(n_fit > 10000); /* or it says little */
}

/* ---- whole documents ---- */

static const char *const resources[] = {"\"*\"", "\"arn:x\"", "\"arn:${iot:ClientId}\"",
                                        "\"arn:*${iot:Connection.Thing.ThingName}\"",
                                        "[\"arn:a?\",\"arn:${iot:ClientId}/*\"]"};
static const char *const conditions[] = {
    "",
    "\"StringEquals\":{\"iot:ClientId\":\"a\"}",
    "\"StringNotEquals\":{\"iot:ClientId\":[\"a\",\"${iot:Connection.Thing.ThingName}\"]}",
    "\"StringLike\":{\"iot:ClientId\":[\"?\",\"x${iot:Connection.Thing.ThingName}*\"]}",
    "\"StringNotLike\":{\"iot:Connection.Thing.ThingName\":\"a*\"}",
    "\"StringEqualsIgnoreCase\":{\"iot:ClientId\":\"A\"}",
    "\"ForAllValues:StringEquals\":{\"iot:ConnectAttributes\":[\"LastWill\"]}",
    "\"ForAnyValue:StringNotEquals\":{\"iot:ConnectAttributes\":[\"LastWill\"]}",
    "\"ForAllValues:StringNotLike\":{\"iot:ConnectAttributes\":[\"L*\"]}",
    "\"ForAnyValue:StringEqualsIfExists\":{\"iot:ConnectAttributes\":[\"LastWill\"]}",
    "\"StringNotEqualsIfExists\":{\"iot:Connection.Thing.ThingName\":\"${iot:ClientId}\"}",
    "\"Null\":{\"iot:Connection.Thing.ThingName\":\"true\"}",
    "\"Bool\":{\"iot:Connection.Thing.IsAttached\":[\"true\"]}",
};
static const char *const effects[] = {"Allow", "Allow", "Deny"};
static const char *const actions[] = {"iot:Publish", "*", "iot:*lish", "iot:Connect"};
static const char *const names[] = {"arn:x", "arn:a", "arn:ab", "arn:a/b", "b"};

static void put_statement(struct km_wr *wr, uint32_t *seed)
{
    char text[640] = {0};
    (void)snprintf(text, sizeof(text),
                   "{\"Effect\":\"%s\",\"Action\":\"%s\",\"%sResource\":%s,\"Condition\":{%s}}",
                   effects[next(seed, KM_ARRAY_LEN(effects))],
                   actions[next(seed, KM_ARRAY_LEN(actions))], next(seed, 4) == 0 ? "Not" : "",
                   resources[next(seed, KM_ARRAY_LEN(resources))],
                   conditions[next(seed, KM_ARRAY_LEN(conditions))]);
    km_wr_bytes(wr, KM_SLICE_STR(text));
}

static void make_document(char *document, size_t cap, uint32_t *seed)
{
    struct km_wr wr = km_wr_init(document, cap - 1);
    struct km_slice made = {0};
    km_wr_bytes(&wr, KM_SLICE_STR("{\"Version\":\"2012-10-17\",\"Statement\":["));
    for (uint32_t n = next(seed, 4); n > 0; n--) {
        put_statement(&wr, seed);
        km_wr_u8(&wr, ',');
    }
    put_statement(&wr, seed);
    km_wr_bytes(&wr, KM_SLICE_STR("]}"));
    assert_true(km_wr_finish(&wr, &made));
    document[made.len] = '\0';
}

static void documents_decide_what_the_reference_says(void **state)
{
    uint32_t seed = 2;
    size_t n_outcomes[3] = {0};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char document[KM_POLICY_NONSPACE_MAX] = {0};
        struct rig rig;
        enum km_policy_outcome expected = KM_POLICY_IMPLICIT_DENY;
        const char *name = names[next(&seed, KM_ARRAY_LEN(names))];
        make_document(document, sizeof(document), &seed);
        rig_init(&rig);
        rig_add(&rig, KM_POLICY_CLIENT_ID, ids[next(&seed, KM_ARRAY_LEN(ids))]);
        if (next(&seed, 2) == 0)
            rig_add(&rig, KM_POLICY_THING_NAME, ids[next(&seed, KM_ARRAY_LEN(ids))]);
        if (next(&seed, 2) == 0)
            rig_add(&rig, KM_POLICY_CONNECT_ATTRIBUTES, "LastWill");
        if (next(&seed, 2) == 0)
            rig_add(&rig, KM_POLICY_CONNECT_ATTRIBUTES, "PersistentConnect");
        rig_add(&rig, KM_POLICY_THING_IS_ATTACHED, next(&seed, 2) == 0 ? "true" : "false");
        assert_true(reference_decide(KM_SLICE_STR(document), &rig.context, KM_POLICY_PUBLISH,
                                     KM_SLICE_STR(name), &expected));
        enum km_policy_outcome outcome =
            rig_decide(&rig, document, KM_POLICY_PUBLISH, KM_POLICY_WHOLE, name);
        if (outcome != expected)
            fail_msg("%s, not %s: %s on %s", km_policy_outcome_text(outcome),
                     km_policy_outcome_text(expected), document, name);
        n_outcomes[expected]++;
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(n_outcomes); i++)
        assert_true(n_outcomes[i] > 2000); /* or it says little */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_fit_what_the_reference_says),
        cmocka_unit_test(documents_decide_what_the_reference_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
