/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened: connects and why they were refused, registrations, calls of the REST API, runs of functions. Events say
 * who and why; never a payload or a secret. They are not in the change feed: a follower asks for what came after the last id.
 */
#ifndef KM_REGISTRY_EVENT_H
#define KM_REGISTRY_EVENT_H

#include "cloud/registry/registry.h"

#define KM_EVENT_KIND_MAX 64    /* [A-Za-z0-9-], e.g. "Connect", "Register", "RuleExecution" */
#define KM_EVENT_CLIENT_MAX 128 /* octets; as the client gave it: may hold anything but NUL */
#define KM_EVENT_ADDRESS_MAX 64
#define KM_EVENT_REASON_MAX 512
#define KM_EVENT_DETAIL_MAX 4096

struct km_registry_event {
    int64_t id;      /* set by add; grows in the order in which events can be read */
    int64_t time_ms; /* 0 in add: now */
    const char *account;
    const char *kind;
    bool is_success;
    const char *client_id;      /* NULL: none */
    const char *certificate_id; /* NULL: none */
    const char *principal;      /* who called the REST API; NULL: none */
    const char *address;        /* where from; NULL: unknown */
    const char *reason;         /* one plain sentence; NULL: none */
    const char *detail;         /* JSON text; NULL: none */
};
struct km_registry_event_list {
    const struct km_registry_event *items;
    size_t n_items;
    const char *next;
};

/* km_registry_event_add: texts that are too long are cut, at a character; KM_E_ARG for one that is not UTF-8. */
km_status km_registry_event_add(struct km_registry *reg, const struct km_registry_event *event);

/* Which events; NULL and 0 mean any. */
struct km_registry_event_filter {
    const char *account;
    const char *kind;
    const char *client_id;
    const char *certificate_id;
    const bool *is_success;
    int64_t from_ms;   /* at that time or later */
    int64_t before_ms; /* earlier than that */
    int64_t after_id;
};
/* km_registry_event_list: in the order of ids. */
km_status km_registry_event_list(struct km_registry *reg, struct km_arena *arena,
                                 const struct km_registry_event_filter *filter,
                                 const struct km_registry_page *page,
                                 struct km_registry_event_list *ret);
/* km_registry_event_sweep: removes events before that time, and the oldest beyond keep_max (0: no bound). */
km_status km_registry_event_sweep(struct km_registry *reg, int64_t before_ms, int64_t keep_max);

#endif
