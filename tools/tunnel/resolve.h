/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a tunnel connects to, as addresses. Names are looked up in a child process, since the C library's resolver
 * blocks and connections that are open must not wait for it; what was found is kept for a while.
 */
#ifndef TUNNEL_RESOLVE_H
#define TUNNEL_RESOLVE_H

#include <sys/socket.h>

#include "common/km_loop.h"
#include "tools/tunnel/place.h"

#define RESOLVE_MAX 8

struct resolve_address {
    struct sockaddr_storage at;
    socklen_t len;
};

struct resolve_answer {
    struct resolve_address list[RESOLVE_MAX];
    size_t n;      /* 0: it could not be resolved */
    int gai_error; /* why */
};

struct resolver {
    struct km_watch watch; /* first; the child's answer */
    struct km_loop *loop;
    const struct place *place;
    struct resolve_answer answer;
    struct resolve_answer incoming; /* as far as it was read */
    int64_t fresh_until_ms;
    pid_t child; /* 0: none */
    size_t n_read;
    void (*done)(void *arg); /* the answer is there */
    void *arg;
};

/* resolver_init: place and loop are borrowed. */
void resolver_init(struct resolver *self, struct km_loop *loop, const struct place *place,
                   void (*done)(void *arg), void *arg);
/* resolver_ask: *ret_is_there: self->answer is good now; else done will be called. Fails when no process can be had. */
km_status resolver_ask(struct km_err *err, struct resolver *self, bool *ret_is_there);
void resolver_clear(struct resolver *self);

/* resolve_dial: a socket that is connecting to this address, or connected. */
km_status resolve_dial(struct km_err *err, const struct resolve_address *address, int *ret_fd);

#endif
