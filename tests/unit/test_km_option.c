/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_option.h"
#include "tests/unit/km_test.h"

#include <grp.h>

static void digits(void **state)
{
    static const struct {
        const char *text;
        int base;
        bool is_number;
        unsigned long value;
    } rows[] = {
        {"0", 10, true, 0},     {"300", 10, true, 300}, {"301", 10, false, 0},
        {"0007", 10, true, 7},  {"", 10, false, 0},     {"-1", 10, false, 0},
        {"+1", 10, false, 0},   {" 1", 10, false, 0},   {"1 ", 10, false, 0},
        {"1x", 10, false, 0},   {"0x1", 10, false, 0},  {"99999999999999999999", 10, false, 0},
        {"0454", 8, true, 300}, {"455", 8, false, 0},   {"8", 8, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        unsigned long value = 4711;
        assert_int_equal(km_option_digits(rows[i].text, rows[i].base, 300, &value),
                         rows[i].is_number);
        assert_int_equal(value, rows[i].is_number ? rows[i].value : 4711);
    }
}

static void numbers_and_modes(void **state)
{
    (void)state;
    struct km_err err = {0};
    unsigned number = 4711;
    mode_t mode = 0;
    assert_int_equal(km_option_number(&err, "max", "12", 12, &number), KM_OK);
    assert_int_equal(number, 12);
    assert_int_equal(km_option_number(&err, "max", "13", 12, &number), KM_E_ARG);
    assert_string_equal(err.text, "--max takes a number up to 12, not '13'");
    assert_int_equal(number, 12);
    km_err_clear(&err);
    assert_int_equal(km_option_mode(&err, "mode", "0640", &mode), KM_OK);
    assert_int_equal(mode, 0640);
    assert_int_equal(km_option_mode(&err, "mode", "1777", &mode), KM_E_ARG);
    assert_string_equal(err.text, "--mode takes an octal mode, not '1777'");
    assert_int_equal(mode, 0640);
}

static void groups(void **state)
{
    (void)state;
    struct km_err err = {0};
    gid_t gid = 4711;
    const struct group *root = getgrgid(0);
    if (root != NULL) {
        assert_int_equal(km_option_group(&err, "group", root->gr_name, &gid), KM_OK);
        assert_int_equal(gid, 0);
    }
    assert_int_equal(km_option_group(&err, "group", "4294967294", &gid), KM_OK);
    assert_int_equal(gid, 4294967294u);
    assert_int_equal(km_option_group(&err, "group", "4294967295", &gid), KM_E_ARG);
    assert_string_equal(err.text, "--group: there is no group '4294967295'");
    assert_int_equal(gid, 4294967294u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits),
        cmocka_unit_test(numbers_and_modes),
        cmocka_unit_test(groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
