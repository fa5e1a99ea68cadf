/* SPDX-License-Identifier: Apache-2.0 */
/* The poll loop: one thread, one ready descriptor at a time. */
#ifndef KM_LOOP_H
#define KM_LOOP_H

#include <sys/epoll.h>

#include "common/km_status.h"

struct km_watch {
    int fd;          /* -1: there is none */
    uint32_t events; /* what it is watched for; 0: nothing now */
    /* ready: may free the watch itself and anything else; only one is called a round. */
    void (*ready)(struct km_watch *watch, uint32_t events);
};

struct km_loop {
    int epoll_fd;
};

/* km_loop_init / _clear */
km_status km_loop_init(struct km_err *err, struct km_loop *loop);
void km_loop_clear(struct km_loop *loop);
/* km_loop_add: watches fd for reading; the watch must stay until km_loop_remove. */
km_status km_loop_add(struct km_err *err, struct km_loop *loop, struct km_watch *watch, int fd,
                      void (*ready)(struct km_watch *watch, uint32_t events));
/*
 * km_loop_want: watches for these events from now on (EPOLLIN, EPOLLOUT). With 0 nothing is told of the descriptor, not
 * even that its other end is gone, which can't be masked otherwise.
 */
km_status km_loop_want(struct km_err *err, struct km_loop *loop, struct km_watch *watch,
                       uint32_t events);
/* km_loop_remove: no longer watched; closes the descriptor. */
void km_loop_remove(struct km_loop *loop, struct km_watch *watch);
/* km_loop_once: waits at most timeout_ms (-1: for ever) and serves one ready watch. */
km_status km_loop_once(struct km_err *err, struct km_loop *loop, int timeout_ms);
/* km_loop_now_ms: the monotonic clock. */
int64_t km_loop_now_ms(void);

#endif
