/* SPDX-License-Identifier: Apache-2.0 */
/* The events that the broker publishes by itself, as texts. Pure. */
#ifndef BROKER_PRESENCE_H
#define BROKER_PRESENCE_H

#include "cloud/broker-plugin/conn.h"

#define PRESENCE_TOPIC_CAP 256

/* A message; payload is the holder's to free. */
struct presence {
    char topic[PRESENCE_TOPIC_CAP];
    char *payload;
};
void presence_clear(struct presence *presence);

/* presence_wanted: of clients whose ids hold wildcards, and of local ones, nothing is published. */
bool presence_wanted(const struct conn *conn);
/* presence_connected, _disconnected: false when memory is short. */
KM_MUST_USE bool presence_connected(const struct conn *conn, int64_t now_ms, struct presence *ret);
KM_MUST_USE bool presence_disconnected(const struct conn *conn, int64_t now_ms,
                                       struct presence *ret);

struct subscribed {
    bool is_end; /* of a subscription */
    const char *filter;
};
/* presence_subscribed: a subscription, or the end of one. */
KM_MUST_USE bool presence_subscribed(const struct conn *conn, const struct subscribed *what,
                                     int64_t now_ms, struct presence *ret);

#endif
