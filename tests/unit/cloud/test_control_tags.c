/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/tags.h"
#include "tests/unit/km_test.h"

#define ARENA_MAX 65536

static km_status parse(struct km_arena *arena, struct km_slice text, struct km_tag_list *ret)
{
    struct km_err err = {0};
    km_status status = km_tags_parse(&err, arena, text, ret);
    assert_int_equal(status == KM_OK, err.text[0] == '\0');
    return status;
}

static void known(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *last_key;
        const char *last_value;
    } rows[] = {
        {"a=b", 1, "a", "b"},
        {"a=b&c=d", 2, "c", "d"},
        {"a=b&c=", 2, "c", ""},
        {"a=b&c", 2, "c", ""},
        {"&a=b&&", 1, "a", "b"},
        {"a+b=c+d", 1, "a b", "c d"},
        {"a%3db=%c3%a4%26", 1, "a=b", "\xc3\xa4&"},
        {"a=b=c", 1, "a", "b=c"},
        {"=x", 1, "", "x"},
    };
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    struct km_tag_list tags = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        assert_int_equal(parse(arena, KM_SLICE_STR(rows[i].text), &tags), KM_OK);
        assert_int_equal(tags.n_items, rows[i].n);
        assert_string_equal(tags.items[tags.n_items - 1].key, rows[i].last_key);
        assert_string_equal(tags.items[tags.n_items - 1].value, rows[i].last_value);
    }
    assert_int_equal(parse(arena, KM_SLICE_STR(""), &tags), KM_OK);
    assert_int_equal(tags.n_items, 0);
}

static void refused(void **state)
{
    static const char *const rows[] = {"a=%",   "a=%4",     "a=%zz",  "%00=b",
                                       "a=%00", "a=%c3%28", "a=\xff", "b&%"};
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    struct km_tag_list tags = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(parse(arena, KM_SLICE_STR(rows[i]), &tags), KM_E_MALFORMED);
}

static void no_more_than_there_may_be(void **state)
{
    char text[2 * (KM_TAGS_MAX + 1)] = {0};
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    struct km_tag_list tags = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 == 0 ? 'a' : '&';
    assert_int_equal(parse(arena, KM_SLICE(text, sizeof(text) - 2), &tags), KM_OK);
    assert_int_equal(tags.n_items, KM_TAGS_MAX);
    assert_int_equal(parse(arena, KM_SLICE(text, sizeof(text)), &tags), KM_E_LIMIT);
}

/* Each cut is a form of its own, whose tags are those that were whole before the cut, and the one cut. */
static void cut_at_every_byte(void **state)
{
    static const char text[] = "ab=%c3%a4&cd=e";
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        struct km_tag_list tags = {0};
        bool is_cut = len > 3 && len < 9; /* inside of the escapes */
        assert_int_equal(parse(arena, KM_SLICE(text, len), &tags), is_cut ? KM_E_MALFORMED : KM_OK);
        if (!is_cut)
            assert_int_equal(tags.n_items, (len > 0) + (len > 10));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),
        cmocka_unit_test(refused),
        cmocka_unit_test(no_more_than_there_may_be),
        cmocka_unit_test(cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
