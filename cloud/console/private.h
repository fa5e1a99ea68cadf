/* SPDX-License-Identifier: Apache-2.0 */
/* What the console's files share. */
#ifndef KM_CONSOLE_PRIVATE_H
#define KM_CONSOLE_PRIVATE_H

#include <jansson.h>

#include "cloud/common/link.h"
#include "cloud/console/console.h"
#include "cloud/console/session.h"
#include "cloud/console/throttle.h"
#include "cloud/control/target.h"

#define CONSOLE_BODY_DEPTH_MAX 4u
#define CONSOLE_ARENA_MAX ((size_t)64 << 20)
#define CONSOLE_REPLY_MAX ((size_t)8 << 20)
#define CONSOLE_PRINCIPAL "console/" /* and the user's name: who did it, in events */

/* A live request that waits for news. */
struct console_waiting {
    struct km_http_exchange *exchange; /* NULL: this place is free */
    struct km_console_session *session;
    uint64_t serial; /* of the session: it may have ended meanwhile */
    int64_t after_event;
    uint64_t after_message;
    int64_t until_ms;
};

struct km_console {
    struct km_console_config config;
    const struct km_control_config *control; /* what the control plane works on */
    struct km_loop *loop;
    struct km_arena *arena; /* of one request */
    struct links *links;    /* NULL without buses */
    struct km_console_sessions sessions;
    struct km_throttle throttle;
    struct console_waiting waiting[KM_CONSOLE_WAITING_MAX];
    int64_t next_look_ms;
    uint64_t chance; /* of no other process: its seats are no other's */
    uint64_t n_lost; /* messages that brokers could not hand over */
};

/* One request of the API. */
struct console_call {
    struct km_console *console;
    struct km_http_exchange *exchange;
    const struct km_http_request *request;
    struct km_target target;
    struct km_console_session *session; /* NULL for the login */
    int64_t idle_ms;                    /* how long ago the session was used */
    json_t *body;                       /* an object; NULL with GET */
    bool is_secure;                     /* the browser came by TLS */
    struct km_err err;
    /* How it ended. */
    unsigned status; /* 0: by the outcome */
    json_t *reply;
    char cookie[256]; /* empty: none is set */
    int64_t retry_ms; /* 0: nothing is said of it */
    bool is_later;
};

/* Handlers: a failure has its sentence in the call. */
km_status console_login(struct console_call *call);
km_status console_logout(struct console_call *call);
km_status console_logout_everywhere(struct console_call *call);
km_status console_session(struct console_call *call);
km_status console_live(struct console_call *call);
km_status console_subscribe(struct console_call *call);
km_status console_unsubscribe(struct console_call *call);
km_status console_ca_check(struct console_call *call);

/* console_text: a member of the body that is a text; NULL: there is none. */
const char *console_text(const struct console_call *call, const char *name);
/* console_registry: passes on what the registry answered, its sentence taken along. */
km_status console_registry(struct console_call *call, km_status status);
/* console_find_session: by the request's cookie. KM_E_AUTH: there is none, or it is over. */
km_status console_find_session(struct console_call *call, struct km_console_session **ret);
/* console_use_session: the call's own is used now. */
km_status console_use_session(struct console_call *call);
/* console_is_over: the registry says so; one that can't be asked ends nothing. */
bool console_is_over(struct km_console *console, const struct km_console_session *session);
/* console_forget: what waits for the session is answered, and brokers need not tell it anything any more. NULL is allowed. */
void console_forget(struct km_console *console, struct km_console_session *session);
/* console_answer: sends a reply of the API. Takes reply. */
void console_answer(struct km_http_exchange *exchange, const struct console_call *call,
                    unsigned status, json_t *reply);
/* console_watch: tells the brokers what all sessions together have subscribed to. */
km_status console_watch(struct km_err *err, struct km_console *console);
/* console_live_tick: answers those who wait and for whom there is something, or whose time is over. */
void console_live_tick(struct km_console *console);
/* console_live_drop: answers those who wait for this session; to be called before it ends. */
void console_live_drop(struct km_console *console, const struct km_console_session *session);

#endif
