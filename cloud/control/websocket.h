/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MQTT over WebSockets: connections that were handed over by the HTTP server, carried to a broker as clients of its own. The frames are
 * libwslay's; here octets are moved, and the first packet of MQTT is given the name by which the broker knows who comes. On the
 * daemon's loop, one thread.
 *
 * Bounded: connections; octets that wait, either way; the time until the first packet is there whole, and without a word of the client's.
 * Nobody reads for a side whose other side does not take it.
 */
#ifndef KM_WEBSOCKET_H
#define KM_WEBSOCKET_H

#include "cloud/common/introduction.h"
#include "cloud/control/http.h"

#define KM_WEBSOCKETS_MAX 512
#define KM_WEBSOCKET_IDLE_MS                                                                       \
    (31 *                                                                                          \
     60000) /* without a word: one and a half times MQTT's keep-alive of 20 minutes, and more */
#define KM_WEBSOCKET_MESSAGE_MAX 1048576u /* octets of one message of WebSocket's */

struct km_websockets;

struct km_websockets_config {
    const char *broker;  /* path of the broker's listener for introduced clients; borrowed */
    unsigned request_ms; /* until the first packet is there; 0: KM_HTTP_REQUEST_MS */
};

/* km_websockets_new: loop is borrowed until km_websockets_free. Returns owned. */
km_status km_websockets_new(struct km_err *err, struct km_loop *loop,
                            const struct km_websockets_config *config, struct km_websockets **ret);
/* km_websockets_stop: ends all connections; before km_http_free, which still needs the rest. NULL is allowed. */
void km_websockets_stop(struct km_websockets *websockets);
/* km_websockets_free: after km_http_free. NULL is allowed. */
void km_websockets_free(struct km_websockets *websockets);
/*
 * km_websockets_open: connects to the broker for one client; *ret is what takes its connection over. ends_ms: when it ends, by the
 * monotonic clock; 0: at no time. KM_E_DEAD: there are too many, or the broker is not there.
 */
km_status km_websockets_open(struct km_err *err, struct km_websockets *websockets,
                             const struct km_introduction *who, int64_t ends_ms,
                             struct km_http_taker *ret);
/* km_websockets_tick: ends those whose time is over; once a round of the loop. */
void km_websockets_tick(struct km_websockets *websockets);

#endif
