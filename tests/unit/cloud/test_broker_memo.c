/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/broker-plugin/memo.h"

static void test_note(void **state)
{
    (void)state;
    struct memo *memo = NULL;
    assert_false(memo_has(memo, KM_POLICY_PUBLISH, KM_SLICE_STR("a")));
    memo_note(&memo, KM_POLICY_PUBLISH, KM_SLICE_STR("a"));
    assert_true(memo_has(memo, KM_POLICY_PUBLISH, KM_SLICE_STR("a")));
    assert_false(memo_has(memo, KM_POLICY_RECEIVE, KM_SLICE_STR("a")));
    assert_false(memo_has(memo, KM_POLICY_PUBLISH, KM_SLICE_STR("b")));
    assert_false(memo_has(memo, KM_POLICY_PUBLISH, KM_SLICE_STR("a/")));
    assert_false(memo_has(memo, KM_POLICY_PUBLISH, KM_SLICE_STR("")));
    /* Action 0 with no topic would be the key of an empty place. */
    assert_false(memo_has(memo, KM_POLICY_CONNECT, KM_SLICE_STR("")));
    memo_note(&memo, KM_POLICY_CONNECT, KM_SLICE_STR(""));
    assert_false(memo_has(memo, KM_POLICY_CONNECT, KM_SLICE_STR("")));
    memo_free(memo);
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static bool has_letter(const struct memo *memo, size_t i)
{
    return memo_has(memo, KM_POLICY_RECEIVE, KM_SLICE(letters + i, 1));
}

static void test_oldest_goes(void **state)
{
    (void)state;
    struct memo *memo = NULL;
    for (size_t i = 0; i <= MEMO_PLACES; i++)
        memo_note(&memo, KM_POLICY_RECEIVE, KM_SLICE(letters + i, 1));
    assert_false(has_letter(memo, 0));
    for (size_t i = 1; i <= MEMO_PLACES; i++)
        assert_true(has_letter(memo, i));
    memo_free(memo);
}

/* What does not fit is not remembered, least of all by its front. */
static void test_lengths(void **state)
{
    (void)state;
    static uint8_t topic[1024];
    for (size_t len = 1; len < sizeof(topic); len++) {
        struct memo *memo = NULL;
        memo_note(&memo, KM_POLICY_PUBLISH, KM_SLICE(topic, len));
        for (size_t other = 0; other < sizeof(topic); other++)
            if (memo_has(memo, KM_POLICY_PUBLISH, KM_SLICE(topic, other)) !=
                (other == len && len <= MEMO_TOPIC_MAX))
                fail_msg("noted %zu octets, asked for %zu", len, other);
        memo_free(memo);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_oldest_goes),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
