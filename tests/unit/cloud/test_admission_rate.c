/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/admission/rate.h"

static void test_rate(void **state)
{
    (void)state;
    struct km_rate rate = {0};
    for (unsigned i = 0; i < 10; i++)
        assert_true(km_rate_use(&rate, 10, 1, 5000));
    assert_false(km_rate_use(&rate, 10, 1, 5000));
    assert_false(km_rate_use(&rate, 10, 1, 5099));
    assert_true(km_rate_use(&rate, 10, 1, 5100));
    assert_false(km_rate_use(&rate, 10, 1, 5100));
    assert_true(km_rate_use(&rate, 10, 10, 6100)); /* a second frees everything */
    assert_false(km_rate_use(&rate, 10, 1, 6100));
    assert_true(km_rate_use(&rate, 10, 10, 3600000));
}

static void test_edges(void **state)
{
    (void)state;
    struct km_rate rate = {0};
    assert_true(km_rate_use(&rate, 0, UINT64_MAX, 1)); /* no bound */
    assert_false(km_rate_use(&rate, 10, 11, 1));       /* more than a second holds never fits */
    assert_false(km_rate_use(&rate, 10, UINT64_MAX, 1));
    assert_true(km_rate_use(&rate, 10, 10, 1));
    assert_false(km_rate_use(&rate, 10, 1, 0)); /* a clock that was set back frees nothing */
    assert_true(km_rate_use(&rate, 1000000000, 1000000000, 100000));
    assert_false(km_rate_use(&rate, 1000000000, 1, 100000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rate), cmocka_unit_test(test_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
