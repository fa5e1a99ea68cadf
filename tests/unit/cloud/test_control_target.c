/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/target.h"
#include "tests/unit/km_test.h"

static void assert_slice(struct km_slice got, const char *wanted)
{
    char text[512] = {0};
    assert_true(got.len < sizeof(text));
    km_copy(text, sizeof(text), got.ptr, got.len);
    assert_string_equal(text, wanted);
}

static void splits(void **state)
{
    static const struct {
        const char *raw;
        const char *path; /* NULL: no target */
        const char *query;
    } rows[] = {
        {"/", "/", ""},
        {"/a/b", "/a/b", ""},
        {"/a/b/", "/a/b/", ""},
        {"/a?b=c&d", "/a", "b=c&d"},
        {"/a?b?c", "/a", "b?c"},
        {"/?", "/", ""},
        {"//a///b//", "/a/b/", ""},
        {"/./a/.", "/a", ""},
        {"/a/../b", "/b", ""},
        {"/../../a", "/a", ""},
        {"/a/b/../..", "/", ""},
        {"/a/b/../../", "/", ""},
        {"/a/...", "/a/...", ""},
        {"/%2e%2e/a", "/%2e%2e/a", ""},
        {"/a?x=/../b", "/a", "x=/../b"},
        {"", NULL, NULL},
        {"a", NULL, NULL},
        {"*", NULL, NULL},
        {"http://host/a", NULL, NULL},
        {"/a b", NULL, NULL},
        {"/a\x7f", NULL, NULL},
        {"/\xc3\xbc", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t room[64] = {0};
        struct km_target target = {0};
        bool is_target =
            km_target_split(KM_SLICE_STR(rows[i].raw), KM_SPAN(room, sizeof(room)), &target);
        assert_int_equal(is_target, rows[i].path != NULL);
        if (!is_target)
            continue;
        assert_slice(target.path, rows[i].path);
        assert_slice(target.query, rows[i].query);
    }
}

static void lengths(void **state)
{
    static uint8_t room[KM_TARGET_MAX + 1];
    static char raw[KM_TARGET_MAX + 2];
    struct km_target target = {0};
    (void)state;
    (void)memset(raw, 'x', sizeof(raw));
    raw[0] = '/';
    assert_true(
        km_target_split(KM_SLICE(raw, KM_TARGET_MAX), KM_SPAN(room, sizeof(room)), &target));
    assert_false(
        km_target_split(KM_SLICE(raw, KM_TARGET_MAX + 1), KM_SPAN(room, sizeof(room)), &target));
    assert_false(km_target_split(KM_SLICE(raw, 10), KM_SPAN(room, 9), &target));
}

static void matches(void **state)
{
    static const struct {
        const char *template;
        const char *path;
        const char *parts; /* joined by blanks; NULL: does not match */
    } rows[] = {
        {"/", "/", ""},
        {"/things", "/things", ""},
        {"/things", "/things/", ""},
        {"/things/", "/things", ""},
        {"/things", "/thing", NULL},
        {"/things", "/things/a", NULL},
        {"/things/{n}", "/things/a%2Fb", "a%2Fb"},
        {"/things/{n}", "/things/", NULL},
        {"/things/{n}", "/things", NULL},
        {"/things/{n}", "/things/a/b", NULL},
        {"/things/{n}/x", "/things/a/x", "a"},
        {"/things/{n}/x", "/things/a/y", NULL},
        {"/a/{n}/b/{m}", "/a/1/b/2", "1 2"},
        {"/a/{n+}", "/a/1", "1"},
        {"/a/{n+}", "/a/1/2/3", "1/2/3"},
        {"/a/{n+}", "/a", NULL},
        {"/a/b", "/a", NULL},
        {"/{a}/{b}/{c}/{d}", "/1/2/3/4", "1 2 3 4"},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_slice parts[KM_TARGET_PARTS_MAX] = {0};
        char text[64] = {0};
        size_t len = 0;
        bool is_match = km_target_match(rows[i].template, KM_SLICE_STR(rows[i].path), parts);
        if (is_match != (rows[i].parts != NULL))
            fail_msg("%s on %s", rows[i].template, rows[i].path);
        for (size_t p = 0; p < KM_TARGET_PARTS_MAX && parts[p].len > 0; p++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s", p == 0 ? "" : " ",
                                    (int)parts[p].len, (const char *)parts[p].ptr);
        assert_string_equal(text, is_match ? rows[i].parts : "");
    }
}

static void parameters(void **state)
{
    static const struct {
        const char *query;
        const char *value; /* of a; NULL: there is none */
    } rows[] = {
        {"a=1", "1"},     {"b=2&a=1", "1"},  {"a", ""},          {"a=", ""},   {"a=1&a=2", "1"},
        {"aa=1", NULL},   {"", NULL},        {"&&", NULL},       {"=1", NULL}, {"A=1", NULL},
        {"a=b=c", "b=c"}, {"&a=%20", "%20"}, {"x=1&a=2&b", "2"},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_slice value = {0};
        assert_int_equal(km_target_parameter(KM_SLICE_STR(rows[i].query), "a", &value),
                         rows[i].value != NULL);
        if (rows[i].value != NULL)
            assert_slice(value, rows[i].value);
    }
}

static void decodes(void **state)
{
    static const struct {
        const char *text;
        bool is_form;
        const char *decoded; /* NULL: refused */
    } rows[] = {
        {"", false, ""},         {"abc", false, "abc"},
        {"a%3Ab", false, "a:b"}, {"%c3%BC", false, "\xc3\xbc"},
        {"a+b", false, "a+b"},   {"a+b", true, "a b"},
        {"a%2Bb", true, "a+b"},  {"%25", false, "%"},
        {"%2525", false, "%25"}, {"%", false, NULL},
        {"%4", false, NULL},     {"%4x", false, NULL},
        {"%00", false, NULL},    {"%ff", false, NULL},
        {"%C3", false, NULL},    {"%-1", false, NULL},
        {"% 1", false, NULL},    {"%c0%80", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char room[16] = {0};
        struct km_slice decoded = {0};
        bool is_good = km_target_decode(KM_SLICE_STR(rows[i].text), rows[i].is_form,
                                        KM_SPAN(room, sizeof(room)), &decoded);
        if (is_good != (rows[i].decoded != NULL))
            fail_msg("'%s'", rows[i].text);
        if (is_good) {
            assert_string_equal(room, rows[i].decoded);
            assert_int_equal(decoded.len, strlen(rows[i].decoded));
        }
    }
    char room[4] = {0};
    struct km_slice decoded = {0};
    assert_true(km_target_decode(KM_SLICE_STR("abc"), false, KM_SPAN(room, 4), &decoded));
    assert_false(km_target_decode(KM_SLICE_STR("abc"), false, KM_SPAN(room, 3), &decoded));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),     cmocka_unit_test(lengths), cmocka_unit_test(matches),
        cmocka_unit_test(parameters), cmocka_unit_test(decodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
