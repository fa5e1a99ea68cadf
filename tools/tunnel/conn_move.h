/* SPDX-License-Identifier: Apache-2.0 */
/* What goes through an open connection. */
#ifndef TUNNEL_CONN_MOVE_H
#define TUNNEL_CONN_MOVE_H

#include "tools/tunnel/conn.h"

/* conn_move: a bounded number of octets both ways; more to do goes to tunnel_again. */
void conn_move(struct conn *conn);
/* conn_owe_plain: octets for the plain end, before any from the peer. */
km_status conn_owe_plain(struct km_err *err, struct conn *conn, struct km_slice bytes);
/* conn_watch: tells the loop what the connection waits for now, in any phase. */
void conn_watch(struct conn *conn);
/* conn_end_tls: over because of a result of the library. */
void conn_end_tls(struct conn *conn, ClrcResult result);

#endif
