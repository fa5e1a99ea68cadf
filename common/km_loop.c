/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_loop.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

km_status km_loop_init(struct km_err *err, struct km_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return KM_FAIL_ERRNO(err, "can't make the poll loop");
    return KM_OK;
}

void km_loop_clear(struct km_loop *loop)
{
    km_fd_closep(&loop->epoll_fd);
}

km_status km_loop_add(struct km_err *err, struct km_loop *loop, struct km_watch *watch, int fd,
                      void (*ready)(struct km_watch *watch, uint32_t events))
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = watch}};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return KM_FAIL_ERRNO(err, "can't watch descriptor %d", fd);
    watch->fd = fd;
    watch->events = EPOLLIN;
    watch->ready = ready;
    return KM_OK;
}

km_status km_loop_want(struct km_err *err, struct km_loop *loop, struct km_watch *watch,
                       uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};
    int op = EPOLL_CTL_MOD;
    if (events == watch->events)
        return KM_OK;
    if (events == 0)
        op = EPOLL_CTL_DEL;
    else if (watch->events == 0)
        op = EPOLL_CTL_ADD;
    if (epoll_ctl(loop->epoll_fd, op, watch->fd, &event) != 0)
        return KM_FAIL_ERRNO(err, "can't watch descriptor %d", watch->fd);
    watch->events = events;
    return KM_OK;
}

void km_loop_remove(struct km_loop *loop, struct km_watch *watch)
{
    if (watch->fd < 0)
        return;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->events = 0;
    km_fd_closep(&watch->fd);
}

km_status km_loop_once(struct km_err *err, struct km_loop *loop, int timeout_ms)
{
    /* One at a time: what the first handler frees can't be waiting behind it. */
    struct epoll_event event = {0};
    int n = epoll_wait(loop->epoll_fd, &event, 1, timeout_ms);
    if (n < 0 && errno != EINTR)
        return KM_FAIL_ERRNO(err, "can't wait for events");
    if (n == 1) {
        struct km_watch *watch = event.data.ptr;
        watch->ready(watch, event.events);
    }
    return KM_OK;
}

int64_t km_loop_now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
