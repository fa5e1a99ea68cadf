/* SPDX-License-Identifier: Apache-2.0 */
/* The budget of what one message leads to. */
#include "cloud/companion/origin.h"
#include "tests/unit/km_test.h"

static struct origins origins;

static int set_up(void **state)
{
    (void)state;
    origins_init(&origins, 42);
    return 0;
}

static void spend_all(uint64_t number)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < ORIGIN_REPUBLISHES_MAX; i++)
        assert_int_equal(origins_spend(&origins, number, false, &next), ORIGIN_MAY);
}

static void each_message_has_a_number_of_its_own(void **state)
{
    (void)state;
    uint64_t a = origins_new(&origins), b = origins_new(&origins);
    assert_true(a != b && a != 0 && b != 0);
    origins_init(&origins, UINT64_MAX); /* 0 is nobody's */
    assert_true(origins_new(&origins) != 0);
    assert_true(origins_new(&origins) != 0);
}

/* Children and their children, in any order, have one budget, and other messages have theirs. */
static void descendants_share(void **state)
{
    (void)state;
    uint64_t first = origins_new(&origins), other = origins_new(&origins);
    uint64_t child = 0, grandchild = 0, next = 0;
    assert_int_equal(origins_spend(&origins, first, false, &child), ORIGIN_MAY);
    assert_int_equal(origins_spend(&origins, child, false, &grandchild), ORIGIN_MAY);
    for (unsigned i = 2; i < ORIGIN_REPUBLISHES_MAX; i++)
        assert_int_equal(origins_spend(&origins, i % 2 == 0 ? child : grandchild, false, &next),
                         ORIGIN_MAY);
    assert_int_equal(origins_spend(&origins, first, false, &next), ORIGIN_REFUSED_FIRST);
    assert_int_equal(origins_spend(&origins, grandchild, false, &next), ORIGIN_REFUSED_AGAIN);
    assert_int_equal(origins_spend(&origins, other, false, &next), ORIGIN_MAY);
    spend_all(origins_new(&origins));
}

static void somebody_hears_of_it(void **state)
{
    (void)state;
    uint64_t number = origins_new(&origins), next = 0;
    spend_all(number);
    for (unsigned i = 0; i < ORIGIN_ERRORS_MAX; i++)
        assert_int_equal(origins_spend(&origins, number, true, &next), ORIGIN_MAY);
    assert_int_equal(origins_spend(&origins, number, true, &next), ORIGIN_REFUSED_FIRST);
    assert_int_equal(origins_spend(&origins, next, false, &next), ORIGIN_REFUSED_AGAIN);
}

/* Begun anew: a descendant brings along what was spent. */
static void a_number_says_what_was_spent(void **state)
{
    (void)state;
    uint64_t number = origins_new(&origins), next = 0;
    for (unsigned i = 0; i < 600; i++)
        assert_int_equal(origins_spend(&origins, number, false, &next), ORIGIN_MAY);
    origins_init(&origins, 7);
    for (unsigned i = 600; i < ORIGIN_REPUBLISHES_MAX; i++)
        assert_int_equal(origins_spend(&origins, next, false, &number), ORIGIN_MAY);
    assert_int_equal(origins_spend(&origins, next, false, &number), ORIGIN_REFUSED_FIRST);
}

/* One that is busy is not forgotten for those that come and go, however many. */
static void the_busy_one_stays(void **state)
{
    (void)state;
    uint64_t busy = origins_new(&origins), next = 0, child = 0;
    assert_int_equal(origins_spend(&origins, busy, false, &child), ORIGIN_MAY);
    for (unsigned i = 1; i < ORIGIN_REPUBLISHES_MAX; i++) {
        for (unsigned j = 0; j < 2 * ORIGINS_MAX / ORIGINS_WAYS; j++)
            assert_int_equal(origins_spend(&origins, origins_new(&origins), false, &next),
                             ORIGIN_MAY);
        assert_int_equal(origins_spend(&origins, child, false, &next), ORIGIN_MAY);
    }
    assert_int_equal(origins_spend(&origins, child, false, &next), ORIGIN_REFUSED_FIRST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_message_has_a_number_of_its_own, set_up),
        cmocka_unit_test_setup(descendants_share, set_up),
        cmocka_unit_test_setup(somebody_hears_of_it, set_up),
        cmocka_unit_test_setup(a_number_says_what_was_spent, set_up),
        cmocka_unit_test_setup(the_busy_one_stays, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
