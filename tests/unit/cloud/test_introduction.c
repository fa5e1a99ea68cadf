/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/introduction.h"
#include "tests/unit/km_test.h"

#define KEY "AKIDEXAMPLE000000001"

static void there_and_back(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "2001:db8::1", "fe80::1%eth0"};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(addresses); i++) {
        struct km_introduction introduction = {.key = KEY};
        struct km_introduction read = {0};
        char text[KM_INTRODUCTION_CAP] = "";
        km_copy(introduction.address, sizeof(introduction.address), addresses[i],
                strlen(addresses[i]));
        assert_true(km_introduction_write(&introduction, text));
        assert_true(km_introduction_parse(KM_SLICE_STR(text), &read));
        assert_string_equal(read.key, KEY);
        assert_string_equal(read.address, addresses[i]);
    }
}

static void nothing_else(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        KEY,
        KEY " ",
        " 127.0.0.1",
        KEY "  127.0.0.1",
        KEY " 127.0.0.1 ",
        KEY "2 127.0.0.1",
        "akidexample 127.0.0.1",
        KEY " 127.0.0.1\n",
        KEY " "
            "12345678901234567890123456789012345678901234567890123456789012345",
        "?SDK=Python",
    };
    struct km_introduction read = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++)
        if (km_introduction_parse(KM_SLICE_STR(wrong[i]), &read))
            fail_msg("taken: %s", wrong[i]);
    assert_false(km_introduction_parse(KM_SLICE(KEY " 127\0.0.1", sizeof(KEY) + 8), &read));
    assert_string_equal(read.key, "");
}

static void what_is_none_is_not_written(void **state)
{
    char text[KM_INTRODUCTION_CAP] = "";
    const struct km_introduction wrong[] = {{.key = "", .address = "127.0.0.1"},
                                            {.key = KEY, .address = ""},
                                            {.key = "a", .address = "127.0.0.1"},
                                            {.key = KEY, .address = "a b"}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++)
        assert_false(km_introduction_write(&wrong[i], text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(nothing_else),
        cmocka_unit_test(what_is_none_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
