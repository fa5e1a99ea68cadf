/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: a plain end and a TLS end. What comes from one goes to the other; an end that does not take what it
 * gets is not given more, and the other one is not read meanwhile.
 */
#ifndef TUNNEL_CONN_H
#define TUNNEL_CONN_H

#include "tools/tunnel/tunnel.h"
#include "tools/tunnel/who.h"

enum conn_phase {
    CONN_RESOLVE,   /* waits for the address to connect to */
    CONN_DIAL,      /* connects there */
    CONN_HANDSHAKE, /* of TLS */
    CONN_OPEN,
    CONN_OVER, /* freed at its next turn */
};

/* Octets that an end did not take yet. */
struct conn_rest {
    uint8_t *bytes; /* owned */
    size_t at, len; /* len 0: there are none */
};

struct conn {
    struct km_watch plain;     /* first; of standard input and output: the input */
    struct km_watch plain_out; /* fd -1: plain is both */
    struct km_watch cipher;
    struct tunnel *tunnel;
    ClrtlsConnection *tls;
    struct pool_context *context;
    enum conn_phase phase;
    struct who who;
    uint64_t number;
    size_t n_tried;     /* addresses */
    bool plain_is_file; /* standard input can always be read */
    bool plain_ended;   /* nothing more comes from there */
    bool told_end;      /* and the TLS peer knows */
    bool cipher_ended;  /* the TLS peer has closed */
    struct conn_rest to_cipher, to_plain;
    uint64_t n_out, n_in; /* octets to and from the TLS peer */
    int64_t started_ms, moved_ms;
    int stdio_flags[2];
    bool failed;
    char reason[KM_ERR_TEXT_MAX]; /* how it ended */
    struct conn *next, *previous;
    struct conn *next_again;
    bool is_again;
};

/* conn_accepted: a connection that somebody made to the tunnel; takes fd. */
void conn_accepted(struct tunnel *tunnel, int fd);
/* conn_stdio: the one between standard input and output and the peer. */
km_status conn_stdio(struct km_err *err, struct tunnel *tunnel);
/* conn_turn: does what can be done now, within bounds, and frees it when it is over. */
void conn_turn(struct conn *conn);
/* conn_resolved: the resolver has an answer. */
void conn_resolved(struct conn *conn);
/* conn_end: it is over, for this reason (the first one counts), and is freed at its next turn. */
void conn_end(struct conn *conn, bool failed, const char *fmt, ...) KM_PRINTF(3, 4);
/* conn_deadline_ms: when it is to be ended if nothing happens; INT64_MAX: never. conn_expire: does that. */
int64_t conn_deadline_ms(const struct conn *conn);
void conn_expire(struct conn *conn);

#endif
