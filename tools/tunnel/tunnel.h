/* SPDX-License-Identifier: Apache-2.0 */
/* The tunnel as its connections see it: one thread, one poll loop. */
#ifndef TUNNEL_TUNNEL_H
#define TUNNEL_TUNNEL_H

#include "common/km_listen.h"
#include "common/km_loop.h"
#include "tools/tunnel/options.h"
#include "tools/tunnel/pool.h"
#include "tools/tunnel/resolve.h"

#define TUNNEL_BUF_LEN 65536u /* octets that a connection moves at once: four records */

struct conn;

struct tunnel {
    const struct tunnel_options *options;
    struct km_loop loop;
    struct km_listen listener;
    struct km_watch listen_watch; /* the same descriptor */
    struct km_watch signal_watch;
    struct pool pool;
    struct resolver resolver;
    struct conn *conns; /* a list */
    size_t n_conns;
    struct conn *again; /* a queue of those that have more to do than events tell */
    struct conn **again_end;
    uint64_t last_number;
    int64_t look_ms;         /* when deadlines are looked at next */
    int64_t drain_end_ms;    /* 0: it serves */
    int64_t accept_again_ms; /* after descriptors ran out */
    bool failed;             /* the last connection that ended did so for an error */
    bool stop;
    uint8_t buf[TUNNEL_BUF_LEN];
};

/* tunnel_again: the connection gets another turn when all others had theirs. */
void tunnel_again(struct tunnel *tunnel, struct conn *conn);
/* tunnel_context_died: ends all connections of the context; new ones get another. */
void tunnel_context_died(struct tunnel *tunnel, struct pool_context *context);
/* tunnel_deadline: deadlines are looked at by then. */
void tunnel_deadline(struct tunnel *tunnel, int64_t at_ms);
/* tunnel_forget: the connection is about to be freed. */
void tunnel_forget(struct tunnel *tunnel, struct conn *conn);

#endif
