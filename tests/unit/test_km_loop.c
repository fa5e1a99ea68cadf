/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_loop.h"
#include "tests/unit/km_test.h"

#include <signal.h>

static int taken;

static void ready(struct km_watch *watch, uint32_t events)
{
    (void)events;
    taken = km_loop_take_signal(watch);
}

static void signals_come_one_by_one(void **state)
{
    static const int signals[] = {SIGUSR1, SIGUSR2, 0};
    (void)state;
    int n_fds = km_test_count_fds();
    struct km_loop loop = {.epoll_fd = -1};
    struct km_watch watch = {.fd = -1};
    assert_int_equal(km_loop_init(NULL, &loop), KM_OK);
    assert_int_equal(km_loop_add_signals(NULL, &loop, &watch, signals, ready), KM_OK);
    assert_int_equal(km_loop_take_signal(&watch), 0);
    assert_int_equal(raise(SIGUSR2), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGPIPE), 0);
    int seen = 0;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(km_loop_once(NULL, &loop, -1), KM_OK);
        seen |= taken == SIGUSR1 ? 1 : taken == SIGUSR2 ? 2 : 4;
    }
    assert_int_equal(seen, 3);
    taken = 0;
    assert_int_equal(km_loop_once(NULL, &loop, 0), KM_OK);
    assert_int_equal(taken, 0);
    km_loop_remove(&loop, &watch);
    km_loop_clear(&loop);
    assert_int_equal(km_test_count_fds(), n_fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
