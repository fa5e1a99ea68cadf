/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one session of the console has subscribed to, and the messages that came since: the newest ones, within bounds; older
 * ones make room and are counted. Pure.
 */
#ifndef KM_CONSOLE_INBOX_H
#define KM_CONSOLE_INBOX_H

#include "cloud/common/bus.h"

#define KM_INBOX_FILTERS_MAX 16
#define KM_INBOX_MESSAGES_MAX 256
#define KM_INBOX_OCTETS_MAX ((size_t)1 << 20) /* of topics, names and payloads together */

/* Views, valid until the next put or clear. */
struct km_inbox_message {
    uint64_t number; /* from 1 on */
    uint64_t time_ms;
    uint8_t qos;
    bool retain;
    struct km_slice topic;
    struct km_slice client_id;
    struct km_slice payload;
};

/* All zero at first. */
struct km_inbox {
    char *filters[KM_INBOX_FILTERS_MAX];
    size_t n_filters;
    struct km_inbox_message ring[KM_INBOX_MESSAGES_MAX];
    size_t first; /* the oldest one's place */
    size_t n;
    size_t n_octets;
    uint64_t last; /* the number of the newest message ever; 0: none came */
};

void km_inbox_clear(struct km_inbox *inbox);
/* km_inbox_subscribe: copies. KM_E_ARG: no filter for a client; KM_E_LIMIT; one that is there changes nothing. */
km_status km_inbox_subscribe(struct km_err *err, struct km_inbox *inbox, const char *filter);
/* km_inbox_unsubscribe: KM_E_NOTFOUND. */
km_status km_inbox_unsubscribe(struct km_err *err, struct km_inbox *inbox, const char *filter);
/* km_inbox_put: keeps a copy of the message if a filter matches its topic; whether it did. */
bool km_inbox_put(struct km_inbox *inbox, const struct km_bus_frame *frame);
/* km_inbox_next: the oldest message that is there with a number above after; NULL: none. */
const struct km_inbox_message *km_inbox_next(const struct km_inbox *inbox, uint64_t after);

#endif
