/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a descriptor, and being woken from it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/clrtls/clrtls_internal.h"
#include "tests/unit/km_test.h"

/* clrtlsCancel sets its flag and then wakes. Who takes the flag in between leaves the second half behind. */
static void late_half_of_a_cancel_wakes_once(void **state)
{
    uint64_t count = 1;
    int silent[2] = {-1, -1};
    (void)state;
    assert_int_equal(pipe2(silent, O_CLOEXEC), 0);
    ClrtlsConnection c = {.fd_in = silent[0],
                          .fd_out = -1,
                          .is_blocking = true,
                          .cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    assert_int_equal(write(c.cancel_fd, &count, sizeof(count)), sizeof(count));
    assert_int_equal(clrtls_wait("test", &c, POLLIN, clrtls_deadline(1)), CLRTLS_ERROR_TIMEOUT);
    assert_int_equal(read(c.cancel_fd, &count, sizeof(count)), -1);
    assert_int_equal(errno, EAGAIN);
    /* And no cancel is lost by that. */
    assert_int_equal(clrtlsCancel(&c), CLRC_SUCCESS);
    assert_int_equal(clrtls_wait("test", &c, POLLIN, 0), CLRC_ERROR_CANCELLED);
    assert_false(clrtls_take_cancel(&c));
    (void)close(c.cancel_fd);
    (void)close(silent[0]);
    (void)close(silent[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(late_half_of_a_cancel_wakes_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
