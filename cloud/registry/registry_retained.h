/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that the account's brokers retain: a copy beside theirs, for who asks without MQTT. */
#ifndef KM_REGISTRY_RETAINED_H
#define KM_REGISTRY_RETAINED_H

#include "cloud/registry/registry.h"

#define KM_RETAINED_TOPIC_MAX 256                          /* octets */
#define KM_RETAINED_MESSAGES_MAX 5000                      /* of one account */
#define KM_RETAINED_OCTETS_MAX ((int64_t)64 * 1024 * 1024) /* of one account's payloads */

struct km_registry_retained {
    const char *topic;
    struct km_slice payload; /* at most KM_PAYLOAD_OCTETS_MAX; in lists the length alone stands */
    unsigned qos;            /* 0 or 1 */
    int64_t modified_ms;     /* given by who puts it */
};
struct km_registry_retained_list {
    const struct km_registry_retained *items; /* by topic */
    size_t n_items;
    const char *next;
};

/*
 * km_registry_retained_put: takes the place of what was there; an empty payload takes that away. KM_E_LIMIT when the account would have
 * too many, or too much: then it keeps what it had, which is no longer what the broker retains. Not in the change feed.
 */
km_status km_registry_retained_put(struct km_registry *reg, const char *account,
                                   const struct km_registry_retained *message);
km_status km_registry_retained_get(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *topic,
                                   struct km_registry_retained *ret);
km_status km_registry_retained_list(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_registry_page *page,
                                    struct km_registry_retained_list *ret);

#endif
