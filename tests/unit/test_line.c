/* SPDX-License-Identifier: Apache-2.0 */
/* The instance's end of its line: lanes that come while it waits for an answer. */
#include <sys/socket.h>

#include "common/km_sock.h"
#include "tee/host/host.h"
#include "tests/unit/km_test.h"

#define TOO_MANY 5

static struct km_line line;

static void send_lane(int sock, uint64_t session)
{
    struct km_ctl_msg msg = {.type = KM_CTL_LANE, .session = session};
    const int fds[2] = {0, 1};
    assert_int_equal(km_ctl_send(NULL, sock, &msg, fds, 2), KM_OK);
}

/* Sent beforehand, since both ends are this process's. */
static void ask_and_be_answered(int service)
{
    struct km_ctl_msg answer = {.type = KM_CTL_ADVANCED, .serial = 1}, got = {0};
    struct km_ctl_msg question = {.type = KM_CTL_ADVANCE, .count = 1};
    int fds[2] = {-1, -1};
    assert_int_equal(km_ctl_send(NULL, service, &answer, NULL, 0), KM_OK);
    assert_int_equal(km_line_ask(NULL, &line, &question, KM_CTL_ADVANCED, -1, &got, fds), KM_OK);
}

/* A session whose lane is not taken has to be given back, or the service counts it for ever. */
static void lanes_beyond_the_queue_are_given_back(void **state)
{
    (void)state;
    uint8_t buf[4096] = {0};
    int ends[2] = {-1, -1}, fds[2] = {-1, -1};
    struct km_ctl_msg got = {0};
    assert_int_equal(km_sock_pair(NULL, ends), KM_OK);
    const int size = 1 << 20;
    (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    line.sock = ends[1];
    for (uint64_t i = 1; i <= KM_LINE_LANES_MAX + TOO_MANY; i++)
        send_lane(ends[0], i);
    ask_and_be_answered(ends[0]);
    assert_int_equal(line.n_lanes, KM_LINE_LANES_MAX);
    assert_int_equal(km_ctl_recv(NULL, ends[0], KM_SPAN(buf, sizeof(buf)), &got, fds), KM_OK);
    assert_int_equal(got.type, KM_CTL_ADVANCE);
    for (uint64_t i = 1; i <= TOO_MANY; i++) {
        assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(km_ctl_recv(NULL, ends[0], KM_SPAN(buf, sizeof(buf)), &got, fds), KM_OK);
        assert_int_equal(got.type, KM_CTL_CLOSED);
        assert_int_equal(got.session, KM_LINE_LANES_MAX + i);
    }
    for (uint64_t i = 1; i <= KM_LINE_LANES_MAX; i++) {
        struct km_line_lane lane = {0};
        assert_int_equal(km_line_take(NULL, &line, false, &lane), KM_OK);
        assert_int_equal(lane.session, i);
        close(lane.fds[0]);
        close(lane.fds[1]);
    }
    struct km_line_lane none = {0};
    assert_int_equal(km_line_take(NULL, &line, false, &none), KM_E_BUSY);
    close(ends[0]);
    close(ends[1]);
}

/* The lanes that were sent before it come first; there are none after it. */
static void an_instance_is_told_to_leave(void **state)
{
    (void)state;
    struct km_ctl_msg leave = {.type = KM_CTL_LEAVE};
    struct km_line_lane lane = {0};
    int ends[2] = {-1, -1};
    assert_int_equal(km_sock_pair(NULL, ends), KM_OK);
    line = (struct km_line){.sock = ends[1]};
    send_lane(ends[0], 1);
    assert_int_equal(km_ctl_send(NULL, ends[0], &leave, NULL, 0), KM_OK);
    assert_int_equal(km_line_take(NULL, &line, true, &lane), KM_OK);
    assert_int_equal(lane.session, 1);
    close(lane.fds[0]);
    close(lane.fds[1]);
    assert_int_equal(km_line_take(NULL, &line, true, &lane), KM_E_STATE);
    close(ends[0]);
    assert_int_equal(km_line_take(NULL, &line, true, &lane), KM_E_DEAD);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_is_told_to_leave),
        cmocka_unit_test(lanes_beyond_the_queue_are_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
