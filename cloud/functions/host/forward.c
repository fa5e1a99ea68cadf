/* SPDX-License-Identifier: Apache-2.0 */
/* The one way out of a function's network: its loopback's port, carried to the control plane's. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/functions/host/host.h"

static void way_free(struct km_host_way *way)
{
    close(way->side[0].fd);
    close(way->side[1].fd);
    free(way);
}

/* A connection that can't be carried on is closed: the function sees that nobody is there. */
static void accept_one(struct km_host_forward *forward)
{
    struct km_host_way *way = NULL;
    int near = accept4(forward->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (near < 0)
        return;
    /* In the order it stands at any octet. */
    struct sockaddr_storage target = {0};
    km_copy(&target, sizeof target, forward->target.ptr, forward->target.len);
    int far = socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (far >= 0 &&
        (connect(far, (const struct sockaddr *)&target, (socklen_t)forward->target.len) == 0 ||
         errno == EINPROGRESS || errno == EAGAIN))
        way = calloc(1, sizeof *way);
    if (way == NULL) {
        close(near);
        if (far >= 0)
            close(far);
        return;
    }
    way->side[0].fd = near;
    way->side[1].fd = far;
    forward->ways[forward->n_ways++] = way;
}

static bool has_bytes(const struct km_host_way *way, int from)
{
    return way->side[from].at < way->side[from].len;
}

static short events_of(const struct km_host_way *way, int side)
{
    return (short)((way->side[side].has_ended || has_bytes(way, side) ? 0 : POLLIN) |
                   (has_bytes(way, 1 - side) ? POLLOUT : 0));
}

size_t km_host_forward_poll(const struct km_host_forward *forward, struct pollfd *fds)
{
    size_t n = 0;
    bool has_room = forward->n_ways < KM_HOST_N_WAYS_MAX;
    fds[n++] = (struct pollfd){.fd = has_room ? forward->listener : -1, .events = POLLIN};
    for (size_t i = 0; i < forward->n_ways; i++)
        for (int side = 0; side < 2; side++) {
            short events = events_of(forward->ways[i], side);
            fds[n++] = (struct pollfd){.fd = events != 0 ? forward->ways[i]->side[side].fd : -1,
                                       .events = events};
        }
    return n;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* take, give: false when the way is broken. */
static bool take(struct km_host_way *way, int side)
{
    ssize_t n = recv(way->side[side].fd, way->side[side].bytes, KM_HOST_WAY_BUFFER, 0);
    if (n < 0)
        return would_block();
    way->side[side].at = 0;
    way->side[side].len = (size_t)n;
    if (n == 0) {
        way->side[side].has_ended = true;
        (void)shutdown(way->side[1 - side].fd, SHUT_WR);
    }
    return true;
}

static bool give(struct km_host_way *way, int from)
{
    ssize_t n = send(way->side[1 - from].fd, way->side[from].bytes + way->side[from].at,
                     way->side[from].len - way->side[from].at, MSG_NOSIGNAL);
    if (n < 0)
        return would_block();
    way->side[from].at += (size_t)n;
    return true;
}

static bool serve_side(struct km_host_way *way, int side, short events)
{
    if ((events & POLLOUT) != 0 && has_bytes(way, 1 - side) && !give(way, 1 - side))
        return false;
    if ((events & (POLLIN | POLLHUP | POLLERR)) == 0 || way->side[side].has_ended ||
        has_bytes(way, side))
        return true;
    return take(way, side);
}

static bool has_finished(const struct km_host_way *way)
{
    return way->side[0].has_ended && way->side[1].has_ended && !has_bytes(way, 0) &&
           !has_bytes(way, 1);
}

void km_host_forward_serve(struct km_host_forward *forward, const struct pollfd *fds, size_t n_fds)
{
    size_t kept = 0;
    size_t n_ways = (n_fds - 1) / 2;
    for (size_t i = 0; i < n_ways; i++) {
        struct km_host_way *way = forward->ways[i];
        bool goes_on = serve_side(way, 0, fds[1 + 2 * i].revents) &&
                       serve_side(way, 1, fds[2 + 2 * i].revents) && !has_finished(way);
        if (goes_on)
            forward->ways[kept++] = way;
        else
            way_free(way);
    }
    forward->n_ways = kept;
    if ((fds[0].revents & POLLIN) != 0)
        accept_one(forward);
}

void km_host_forward_clear(struct km_host_forward *forward)
{
    for (size_t i = 0; i < forward->n_ways; i++)
        way_free(forward->ways[i]);
    forward->n_ways = 0;
    km_fd_closep(&forward->listener);
}
