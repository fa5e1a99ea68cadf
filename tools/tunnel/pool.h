/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contexts of a tunnel: each is an instance of the TLS application with the tunnel's settings, and serves as many
 * connections as one may have. One that died, or that was made before a change, gets no new connections.
 */
#ifndef TUNNEL_POOL_H
#define TUNNEL_POOL_H

#include "clrtls.h"
#include "common/km_status.h"
#include "tools/tunnel/options.h"

struct pool_context {
    ClrtlsContext *tls;
    unsigned n; /* connections */
    bool is_retired;
    struct pool_context *next;
};

struct pool {
    const struct tunnel_options *options;
    struct pool_context *contexts;
};

/* pool_take: one with room, made when there is none; counts a connection in it. */
km_status pool_take(struct km_err *err, struct pool *pool, struct pool_context **ret);
/* pool_drop: one connection less; a retired one without any is freed. Accepts NULL. */
void pool_drop(struct pool *pool, struct pool_context *context);
/* pool_retire: no new connections for it; NULL: for none of those there are. */
void pool_retire(struct pool *pool, struct pool_context *context);
void pool_clear(struct pool *pool);

#endif
