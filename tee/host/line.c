/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "tee/host/host.h"

static void close_fds(int fds[2])
{
    km_fd_closep(&fds[0]);
    km_fd_closep(&fds[1]);
}

static void keep_lane(struct km_line *line, const struct km_ctl_msg *msg, int fds[2])
{
    if (line->n_lanes == KM_LINE_LANES_MAX) { /* the service counts it until it is told */
        struct km_ctl_msg closed = {.type = KM_CTL_CLOSED, .session = msg->session};
        close_fds(fds);
        (void)km_ctl_send(NULL, line->sock, &closed, NULL, 0);
        return;
    }
    line->lanes[line->n_lanes++] = (struct km_line_lane){
        .session = msg->session,
        .client = msg->client,
        .fds = {km_fd_steal(&fds[0]), km_fd_steal(&fds[1])},
    };
}

static int64_t now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleeps until a message is there; a signal only makes it look again. */
static km_status wait_readable(struct km_err *err, int sock, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms < 0 ? -1 : until_ms - now_ms();
        if (until_ms >= 0 && left <= 0)
            return KM_FAIL(err, KM_E_TIMEOUT, "the service did not answer in time");
        struct pollfd poller = {.fd = sock, .events = POLLIN};
        int n = poll(&poller, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n > 0)
            return KM_OK;
        if (n < 0 && errno != EINTR)
            return KM_FAIL_ERRNO(err, "can't wait for the service");
    }
}

km_status km_line_take(struct km_err *err, struct km_line *line, bool wait,
                       struct km_line_lane *ret)
{
    while (line->n_lanes == 0) {
        struct km_ctl_msg msg = {0};
        int fds[2] = {-1, -1};
        struct pollfd poller = {.fd = line->sock, .events = POLLIN};
        if (!wait && poll(&poller, 1, 0) == 0)
            return KM_E_BUSY;
        KM_TRY(wait_readable(err, line->sock, -1));
        KM_TRY(km_ctl_recv(err, line->sock, KM_SPAN(line->buf, sizeof(line->buf)), &msg, fds));
        if (msg.type == KM_CTL_LANE)
            keep_lane(line, &msg, fds);
        close_fds(fds); /* a late answer to a question that was given up */
        if (msg.type == KM_CTL_LEAVE)
            return KM_E_STATE;
    }
    *ret = line->lanes[0];
    line->n_lanes--;
    for (size_t i = 0; i < line->n_lanes; i++)
        line->lanes[i] = line->lanes[i + 1];
    return KM_OK;
}

km_status km_line_ask(struct km_err *err, struct km_line *line, struct km_ctl_msg *question,
                      uint16_t answer_type, int timeout_ms, struct km_ctl_msg *ret_answer,
                      int ret_fds[2])
{
    int64_t until = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    question->serial = ++line->serial;
    KM_TRY(km_ctl_send(err, line->sock, question, NULL, 0));
    for (;;) {
        struct km_ctl_msg msg = {0};
        int fds[2] = {-1, -1};
        KM_TRY(wait_readable(err, line->sock, until));
        KM_TRY(km_ctl_recv(err, line->sock, KM_SPAN(line->buf, sizeof(line->buf)), &msg, fds));
        if (msg.type == answer_type && msg.serial == question->serial) {
            *ret_answer = msg;
            ret_fds[0] = fds[0];
            ret_fds[1] = fds[1];
            return KM_OK;
        }
        if (msg.type == KM_CTL_LANE)
            keep_lane(line, &msg, fds);
        close_fds(fds);
    }
}
