/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of MQTT over WebSockets, between its client and the broker. */
#ifndef KM_WEBSOCKET_SESSION_H
#define KM_WEBSOCKET_SESSION_H

#include <wslay/wslay.h>

#include "cloud/control/websocket.h"

struct km_websocket_session;

/* One of its two ends, as the loop watches it. */
struct km_websocket_end {
    struct km_watch watch; /* first */
    struct km_websocket_session *session;
};

struct km_websocket_session {
    struct km_websocket_session *prev, *next; /* the hub's list */
    struct km_websockets *hub;
    struct km_loop *loop;
    struct km_websocket_end client, broker;
    struct km_http_exchange *exchange; /* NULL: not yet taken over */
    wslay_event_context_ptr frames;
    char user[KM_INTRODUCTION_CAP];
    bool is_introduced; /* the first packet is on its way */
    bool is_ending;     /* nothing is carried any more; what is left to be said to the client is */
    bool is_over;       /* to be freed */
    uint8_t opcode;     /* of the frame that is being read */
    struct km_slice early; /* what came with the request, during take */
    uint8_t *up;           /* octets for the broker: up_sent of up_len are gone */
    size_t up_sent, up_len, up_cap;
    size_t budget;       /* octets that may be read in this round: others wait for theirs */
    int64_t heard_ms;    /* when the client last said something */
    int64_t deadline_ms; /* until the first packet, or until the end is said; 0: none */
    int64_t ends_ms;     /* 0: none */
};

/* km_websocket_session_new: connected to the broker, which is not yet watched. Returns owned. */
km_status km_websocket_session_new(struct km_err *err, struct km_loop *loop, const char *broker,
                                   const struct km_introduction *who,
                                   struct km_websocket_session **ret);
/* km_websocket_session_free: both connections end. NULL is allowed. */
void km_websocket_session_free(struct km_websocket_session *session);
void km_websocket_session_freep(struct km_websocket_session **session);
/* km_websocket_session_start: the client's connection is there; the session may be freed by that. */
void km_websocket_session_start(struct km_websocket_session *session,
                                struct km_http_exchange *exchange, int fd, struct km_slice first);
/* km_websocket_session_close: it ends, and the client is told so with that code of WebSocket's; it may be freed by that. */
void km_websocket_session_close(struct km_websocket_session *session, uint16_t code);
/* km_websocket_session_over: the hub's, for sessions that find themselves of no more use: forgets and frees it. */
void km_websocket_session_over(struct km_websocket_session *session);

#endif
