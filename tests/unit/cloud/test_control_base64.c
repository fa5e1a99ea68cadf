/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/base64.h"
#include "tests/unit/km_test.h"

#define ARENA_MAX 65536

static void known(void **state)
{
    static const struct {
        const char *plain;
        const char *text;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"},
                {"\xff\xfe\xfb", "//77"}};
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_slice decoded = {0};
        assert_string_equal(km_base64_encode(arena, KM_SLICE_STR(rows[i].plain)), rows[i].text);
        assert_int_equal(km_base64_decode(NULL, arena, KM_SLICE_STR(rows[i].text), &decoded),
                         KM_OK);
        assert_true(km_slice_equal(decoded, KM_SLICE_STR(rows[i].plain)));
    }
}

static void refused(void **state)
{
    static const char *const rows[] = {"Z",    "Zg",       "Zg=",  "Zg===",      "=",    "====",
                                       "Z===", "Zh==",     "Zm9=", "Zm9v\n",     "Zm-_", "Zm 9",
                                       "=Zg=", "Zg==Zg==", "Zg=v", "\xc3\xbcZg", "Zm9vZ"};
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_slice decoded = {0};
        if (km_base64_decode(NULL, arena, KM_SLICE_STR(rows[i]), &decoded) != KM_E_MALFORMED)
            fail_msg("taken: '%s'", rows[i]);
        assert_null(decoded.ptr);
    }
}

static void room(void **state)
{
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(16);
    static const char text[65] = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
    struct km_slice decoded = {0};
    (void)state;
    assert_int_equal(km_base64_decode(NULL, arena, KM_SLICE(text, 64), &decoded), KM_E_LIMIT);
    assert_null(km_base64_encode(arena, KM_SLICE(text, 64)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(refused),
                                       cmocka_unit_test(room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
