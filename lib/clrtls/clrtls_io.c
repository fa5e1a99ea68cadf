/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors: what can be had at once, and waiting for more. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/clrtls/clrtls_internal.h"

static bool is_ready(int fd, short events)
{
    struct pollfd poller = {.fd = fd, .events = events};
    return poll(&poller, 1, 0) > 0;
}

/* Sockets can be asked not to block; of other descriptors that block poll tells whether a read or a short write would. */
static bool would_block(const ClrtlsConnection *c, int fd, bool is_socket, short events)
{
    return !is_socket && c->is_blocking && !is_ready(fd, events);
}

static enum clrtls_io io_result(ssize_t n, size_t *ret_len)
{
    if (n >= 0) {
        *ret_len = (size_t)n;
        return CLRTLS_IO_DONE;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? CLRTLS_IO_AGAIN : CLRTLS_IO_FAILED;
}

enum clrtls_io clrtls_receive(const ClrtlsConnection *c, uint8_t *to, size_t room, size_t *ret_len)
{
    ssize_t n = 0;
    if (would_block(c, c->fd_in, c->in_is_socket, POLLIN))
        return CLRTLS_IO_AGAIN;
    do
        n = c->in_is_socket ? recv(c->fd_in, to, room, MSG_DONTWAIT) : read(c->fd_in, to, room);
    while (n < 0 && errno == EINTR);
    return n == 0 ? CLRTLS_IO_END : io_result(n, ret_len);
}

/* write() without SIGPIPE: it is held back in this thread, and taken away when it was ours. */
static ssize_t quiet_write(int fd, struct km_slice octets)
{
    static const struct timespec at_once = {0};
    sigset_t pipe = {0}, before = {0}, pending = {0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = write(fd, octets.ptr, octets.len);
    int native = errno;
    if (n < 0 && native == EPIPE && sigismember(&pending, SIGPIPE) == 0)
        (void)sigtimedwait(&pipe, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = native;
    return n;
}

enum clrtls_io clrtls_send(const ClrtlsConnection *c, struct km_slice octets, size_t *ret_len)
{
    ssize_t n = 0;
    if (would_block(c, c->fd_out, c->out_is_socket, POLLOUT))
        return CLRTLS_IO_AGAIN;
    if (!c->out_is_socket && c->is_blocking && octets.len > PIPE_BUF)
        octets.len = PIPE_BUF;
    do
        n = c->out_is_socket ? send(c->fd_out, octets.ptr, octets.len, MSG_DONTWAIT | MSG_NOSIGNAL)
                             : quiet_write(c->fd_out, octets);
    while (n < 0 && errno == EINTR);
    return io_result(n, ret_len);
}

/* ---- waiting ---- */

static uint64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t clrtls_deadline(uint32_t timeout_ms)
{
    return timeout_ms == 0 ? 0 : now_ms() + timeout_ms;
}

static int left_ms(uint64_t deadline)
{
    if (deadline == 0)
        return -1;
    uint64_t now = now_ms();
    if (now >= deadline)
        return 0;
    return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

bool clrtls_take_cancel(ClrtlsConnection *c)
{
    if (!atomic_exchange(&c->is_cancelled, false))
        return false;
    uint64_t count = 0;
    if (c->cancel_fd >= 0)
        (void)!read(c->cancel_fd, &count, sizeof(count));
    return true;
}

ClrcResult clrtls_wait(const char *function, ClrtlsConnection *c, short events, uint64_t deadline)
{
    if (!c->is_blocking)
        return clrtls_fail(
            function, (events & POLLIN) != 0 ? CLRTLS_ERROR_WANT_READ : CLRTLS_ERROR_WANT_WRITE,
            NULL);
    struct pollfd pollers[] = {
        {.fd = (events & POLLIN) != 0 ? c->fd_in : -1, .events = POLLIN},
        {.fd = (events & POLLOUT) != 0 ? c->fd_out : -1, .events = POLLOUT},
        {.fd = c->cancel_fd, .events = POLLIN},
    };
    for (;;) {
        if (clrtls_take_cancel(c))
            return clrtls_fail(function, CLRC_ERROR_CANCELLED, NULL);
        int n = poll(pollers, KM_ARRAY_LEN(pollers), left_ms(deadline));
        if (n < 0 && errno != EINTR)
            return clrtls_fail_errno(function, "can't wait");
        if (n > 0 && (pollers[0].revents != 0 || pollers[1].revents != 0))
            return CLRC_SUCCESS;
        if (deadline != 0 && left_ms(deadline) == 0)
            return clrtls_fail(function, CLRTLS_ERROR_TIMEOUT, NULL);
    }
}
