/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies, as browsers and others send them. */
#include "cloud/console/cookie.h"
#include "tests/unit/km_test.h"

static void finds(void **state)
{
    static const struct {
        const char *header;
        const char *value; /* NULL: none */
    } rows[] = {
        {"keymoor=1", "1"},
        {"a=b; keymoor=12; c=d", "12"},
        {"keymoor=", ""},
        {"keymoor=a=b", "a=b"},
        {"a=keymoor=1; keymoor=2", "2"},
        {";; ;keymoor=3;", "3"},
        {"", NULL},
        {"keymoor", NULL},
        {"keymoorx=1", NULL},
        {"xkeymoor=1", NULL},
        {"Keymoor=1", NULL},
        {"keymoor =1", NULL},
        {"=keymoor", NULL},
        {"a=keymoor", NULL},
        {"keymoor=1; keymoor=1", NULL},
        {"keymoor=1;keymoor=2", NULL},
        {"__Host-keymoor=1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_slice got = {0};
        bool is_found = km_console_cookie(KM_SLICE_STR(rows[i].header), "keymoor", &got);
        if (is_found != (rows[i].value != NULL))
            fail_msg("'%s': %s", rows[i].header, is_found ? "found" : "not found");
        if (is_found && !km_slice_equal(got, KM_SLICE_STR(rows[i].value)))
            fail_msg("'%s': '%.*s'", rows[i].header, (int)got.len, (const char *)got.ptr);
    }
}

/* However it is cut, the value is a part of what was there and no octet behind the cut is looked at. */
static void cut_at_every_octet(void **state)
{
    static const char text[] = "a=b; keymoor=0123456789; c=d";
    (void)state;
    for (size_t len = 0; len <= strlen(text); len++) {
        uint8_t *exact = malloc(len + 1);
        struct km_slice got = {0};
        assert_non_null(exact);
        km_copy(exact, len, text, len);
        exact[len] = 'x';
        bool is_found = km_console_cookie(KM_SLICE(exact, len), "keymoor", &got);
        assert_int_equal(is_found, len >= strlen("a=b; keymoor="));
        assert_true(!is_found || got.ptr + got.len <= exact + len);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(cut_at_every_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
