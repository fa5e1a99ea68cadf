/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/broker-plugin/inflight.h"

static void test_bound(void **state)
{
    (void)state;
    struct inflight inflight = {0};
    for (int i = 0; i < 10; i++)
        assert_true(inflight_begin(&inflight, "lamp", 10));
    assert_false(inflight_begin(&inflight, "lamp", 10));
    assert_true(inflight_begin(&inflight, "other", 10));
    inflight_end(&inflight, "lamp");
    assert_true(inflight_begin(&inflight, "lamp", 10));
    assert_false(inflight_begin(&inflight, "lamp", 10));
    inflight_clear(&inflight);
}

/* What comes to an end twice, or never began, takes no room from others. */
static void test_ends(void **state)
{
    (void)state;
    struct inflight inflight = {0};
    inflight_end(&inflight, "nobody");
    assert_true(inflight_begin(&inflight, "lamp", 1));
    inflight_end(&inflight, "lamp");
    inflight_end(&inflight, "lamp");
    assert_null(inflight.by_thing);
    assert_true(inflight_begin(&inflight, "lamp", 1));
    assert_false(inflight_begin(&inflight, "lamp", 1));
    inflight_clear(&inflight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
