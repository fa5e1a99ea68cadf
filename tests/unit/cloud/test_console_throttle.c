/* SPDX-License-Identifier: Apache-2.0 */
/* How guessing is slowed down, by a clock that the test sets. */
#include "cloud/console/throttle.h"
#include "tests/unit/km_test.h"

#define LATER 1000000

static struct km_throttle throttle;

static int setup(void **state)
{
    (void)state;
    throttle = (struct km_throttle){.n_spent = 0};
    return 0;
}

static void an_address_waits_longer_and_longer(void **state)
{
    static const int64_t waits[] = {0, 0, 0, 0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    int64_t now_ms = LATER;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(waits); i++) {
        assert_int_equal(km_throttle_ask(&throttle, "a", now_ms), 0);
        km_throttle_failed(&throttle, "a", now_ms);
        if (waits[i] > 0) {
            assert_int_equal(km_throttle_ask(&throttle, "a", now_ms), waits[i]);
            assert_int_equal(km_throttle_ask(&throttle, "a", now_ms + waits[i] - 1), 1);
            assert_int_equal(km_throttle_ask(&throttle, "b", now_ms), 0);
        }
        now_ms += waits[i] + KM_THROTTLE_REFILL_MS * 2;
    }
}

static void who_gets_in_starts_anew(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KM_THROTTLE_FREE; i++)
        km_throttle_failed(&throttle, "a", LATER);
    assert_true(km_throttle_ask(&throttle, "a", LATER) > 0);
    km_throttle_passed(&throttle, "a");
    assert_int_equal(km_throttle_ask(&throttle, "a", LATER), 0);
    for (unsigned i = 0; i < KM_THROTTLE_FREE; i++)
        km_throttle_failed(&throttle, "a", LATER);
    assert_int_equal(km_throttle_ask(&throttle, "a", LATER + KM_THROTTLE_FORGET_MS), 0);
    km_throttle_failed(&throttle, "a", LATER + KM_THROTTLE_FORGET_MS);
    assert_int_equal(km_throttle_ask(&throttle, "a", LATER + KM_THROTTLE_FORGET_MS), 0);
}

static void all_together_have_a_bound(void **state)
{
    char name[16] = {0};
    (void)state;
    for (unsigned i = 0; i < KM_THROTTLE_BURST; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        assert_int_equal(km_throttle_ask(&throttle, name, LATER), 0);
    }
    assert_int_equal(km_throttle_ask(&throttle, "x", LATER), KM_THROTTLE_REFILL_MS);
    assert_int_equal(km_throttle_ask(&throttle, "x", LATER + KM_THROTTLE_REFILL_MS), 0);
    assert_true(km_throttle_ask(&throttle, "x", LATER + KM_THROTTLE_REFILL_MS) > 0);
}

/* More addresses than there is room for: those that come again and again are still remembered. */
static void many_addresses(void **state)
{
    char name[16] = {0};
    (void)state;
    for (int i = 0; i < 3 * KM_THROTTLE_ADDRESSES; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        km_throttle_failed(&throttle, name, LATER + i);
        km_throttle_failed(&throttle, "bad", LATER + i);
    }
    assert_true(km_throttle_ask(&throttle, "bad", LATER + 3 * KM_THROTTLE_ADDRESSES) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_address_waits_longer_and_longer, setup),
        cmocka_unit_test_setup(who_gets_in_starts_anew, setup),
        cmocka_unit_test_setup(all_together_have_a_bound, setup),
        cmocka_unit_test_setup(many_addresses, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
