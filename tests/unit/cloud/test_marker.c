/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/marker.h"
#include "tests/unit/km_test.h"

static const struct km_marker rows[] = {
    {.tag = 0},
    {.tag = 255, .is_descending = true, .number = INT64_MIN, .text = "p"},
    {.tag = 4, .number = INT64_MAX, .text = "\xf4\x8f\xbf\xbf"},
    {.tag = 5, .number = -1, .text = "CN:0a1b"},
    {.tag = 6,
     .text = "a marker of 128 octets, the most that there may be: "
             "0123456789012345678901234567890123456789012345678901234567890123456789012345"},
};

static void what_is_printed_parses(void **state)
{
    (void)state;
    assert_int_equal(strlen(rows[KM_ARRAY_LEN(rows) - 1].text), KM_MARKER_KEY_MAX);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char text[KM_MARKER_TEXT_ROOM] = {0};
        struct km_marker got = {.tag = 1};
        size_t len = km_marker_print(&rows[i], text);
        assert_int_equal(len, strlen(text));
        assert_true(km_marker_parse(text, &got));
        assert_int_equal(got.tag, rows[i].tag);
        assert_int_equal(got.is_descending, rows[i].is_descending);
        assert_int_equal(got.number, rows[i].number);
        assert_string_equal(got.text, rows[i].text);
    }
}

/* Cut anywhere, with more behind, or with any octet changed it is another marker or none. */
static void what_is_damaged_does_not_mean_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char text[KM_MARKER_TEXT_ROOM + 4] = {0};
        char again[KM_MARKER_TEXT_ROOM] = {0};
        struct km_marker got = {.tag = 0};
        size_t len = km_marker_print(&rows[i], text);
        for (size_t at = 0; at < len; at++) {
            char kept = text[at];
            for (int bit = 0; bit < 8; bit++) {
                text[at] = (char)(kept ^ (1 << bit));
                if (km_marker_parse(text, &got)) {
                    (void)km_marker_print(&got, again);
                    assert_string_equal(again, text);
                }
            }
            text[at] = '\0';
            assert_true(!km_marker_parse(text, &got) || strlen(got.text) < strlen(rows[i].text));
            text[at] = kept;
        }
        (void)snprintf(text + len, 5, "AAAA");
        assert_true(!km_marker_parse(text, &got) || got.text[0] != '\0');
    }
}

static void other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "A",
        "AAAA",
        "AA==",
        "====",
        "!!!!",
        "AAAAAAAAAAAAAA",
        "AAIAAAAAAAAAAA==",
        "AAAAAAAAAAAAAB==",
        " AAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAA==\n",
        "AAAAAAAAAAAAAP8=",
    };
    (void)state;
    struct km_marker got = {.tag = 0};
    assert_true(km_marker_parse("AAAAAAAAAAAAAA==", &got));
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++)
        assert_false(km_marker_parse(texts[i], &got));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_parses),
        cmocka_unit_test(what_is_damaged_does_not_mean_the_same),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
