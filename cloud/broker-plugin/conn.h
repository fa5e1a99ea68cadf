/* SPDX-License-Identifier: Apache-2.0 */
/* The connections and sessions of the broker's clients. For the broker's thread alone. */
#ifndef BROKER_CONN_H
#define BROKER_CONN_H

#include "cloud/admission/rate.h"
#include "cloud/broker-plugin/conn_map.h"
#include "cloud/broker-plugin/memo.h"
#include "cloud/common/introduction.h"
#include "cloud/policy/policy.h"
#include "common/km_uuid.h"

#define CONN_CERTIFICATE_LEN 64

/* Why a connection ended, as presence events spell it. */
enum ending {
    ENDING_UNKNOWN = 0, /* the broker does not tell its plugins */
    ENDING_CLIENT,      /* it said goodbye */
    ENDING_LOST,
    ENDING_KEEP_ALIVE,
    ENDING_DUPLICATE,
    ENDING_FORBIDDEN,
    ENDING_THROTTLED,
    ENDING_CLIENT_ERROR,
    ENDING_SERVER,
    ENDING_SERVER_ERROR,
};

/* Where a connection is in its life. */
enum conn_state {
    CONN_ONLINE = 0,
    CONN_LEAVING,    /* closed; can still be found until the next sweep, for its will */
    CONN_OFFLINE,    /* the broker keeps its session and may queue messages for it */
    CONN_REMEMBERED, /* gone; what is known of the device may serve when it comes again */
};

struct conn {
    const void *handle; /* the broker's name for it; may be given again after it has gone */
    char *id;
    char certificate[CONN_CERTIFICATE_LEN + 1]; /* empty: it has none */
    char key[KM_INTRODUCTION_KEY_MAX + 1];      /* of the access key by which it came; or empty */
    char *address;
    uint8_t *der; /* of the certificate; NULL: it has none */
    size_t der_len;
    enum conn_state state;
    bool is_local; /* may do everything */
    bool keeps_session;
    bool is_barred; /* its certificate or key does no longer count: nothing is allowed */
    bool told_end;  /* its end was published */
    bool is_kicked;
    bool told_receive; /* that a message was withheld was recorded once */
    enum ending ending;
    struct km_policy_bound *bound; /* NULL: nothing is allowed. Set by conn_bind alone */
    struct memo *memo;             /* of what bound has allowed */
    struct km_facts *facts;        /* what bound was made of */
    struct km_rate publishes, octets, subscribes;
    char session[KM_UUID_TEXT_LEN];
    int64_t number;               /* of this connection of the client: greater than those before */
    int64_t over_ms;              /* since when it is not connected */
    bool is_stale;                /* facts have changed and are to be read again */
    bool is_asked;                /* the scribe does that just now */
    struct conn *map_next;        /* conn_map's */
    struct conn *next, *previous; /* among those in the same state, unless it is online */
};

/* conn_new: with copies of the texts. NULL when memory is short. Returns owned. */
struct conn *conn_new(const void *handle, const char *id, const char *certificate,
                      const char *address);
void conn_free(struct conn *conn);
void conn_freep(struct conn **conn);
/* conn_bind: from now on bound decides, and nothing that was allowed before counts any more. Takes it; NULL: nothing is allowed. */
void conn_bind(struct conn *conn, struct km_policy_bound *bound);
/* conn_inherit: takes over what decides for `before`, and what that was made of; before may do nothing any more. */
void conn_inherit(struct conn *conn, struct conn *before);

struct conn_list {
    struct conn *first, *last;
    size_t n;
};

/* All zero: none. */
struct conns {
    struct conn_map by_handle; /* those that are remembered have no handle */
    void *by_id;               /* a tree of search.h: the newest of each id */
    struct conn_list leaving, offline, remembered;
};

/*
 * conns_add: takes conn on success. A session of the same client that was offline leaves, and what was remembered of it is forgotten; a
 * connection of it that is open stays until the broker closes it. Whatever had the same handle is gone. False when memory is short.
 */
KM_MUST_USE bool conns_add(struct conns *conns, struct conn *conn);
struct conn *conns_find(const struct conns *conns, const void *handle);
/* conns_find_id: the newest with this client id, in any state. */
struct conn *conns_find_id(const struct conns *conns, const char *id);
/* conns_leave: its connection has ended, or its session goes on elsewhere. */
void conns_leave(struct conns *conns, struct conn *conn);

struct conns_sweep {
    int64_t now_ms;
    int64_t session_ms;  /* how long sessions are kept */
    size_t n_remembered; /* how many are remembered at most; the oldest are forgotten first */
    void (*over)(void *arg, struct conn *conn);
    void *arg;
};
/* conns_need_sweep: whether one would do anything, now or with time. */
bool conns_need_sweep(const struct conns *conns, size_t n_remembered);
/* conns_sweep: calls over for each that has left since the last sweep, and then sees what becomes of it. */
void conns_sweep(struct conns *conns, const struct conns_sweep *sweep);
/* conns_each: all but those that are remembered, in no order; fn must not add or remove any. */
void conns_each(const struct conns *conns, void (*fn)(void *arg, struct conn *conn), void *arg);
/* conns_forget: those that are remembered and of which is_true. */
void conns_forget(struct conns *conns, bool (*is_true)(void *arg, const struct conn *conn),
                  void *arg);
void conns_clear(struct conns *conns);

#endif
