/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web console: everything below /console on the control plane's own port; all else is handed on to the control plane.
 *
 * /console/ are pages; /console/api/ is what they call: login, logout, session, live, subscriptions, ca-check, and under /console/api/aws/ the
 * control plane's own operations of IoT and its data, done for who is logged in. A request of the API is taken when it is of the
 * pages' own origin, and, but for the login, has the session's cookie and X-Keymoor-CSRF.
 */
#ifndef KM_CONSOLE_H
#define KM_CONSOLE_H

#include "cloud/control/control.h"

#define KM_CONSOLE_LIVE_MS 25000 /* the longest that a live request waits */
#define KM_CONSOLE_LOOK_MS 400   /* how often events are looked for while somebody waits */
#define KM_CONSOLE_WAITING_MAX 64

struct km_console_config {
    struct km_control *control; /* what it works on is the control plane's */
    const char *const *buses;   /* to brokers, for subscriptions */
    size_t n_buses;
    bool is_tls;     /* browsers come by TLS: cookies say so */
    int64_t idle_ms; /* of a session; 0: KM_SESSION_IDLE_MS */
};

struct km_console;

/* km_console_new: config is copied, what it names and loop are borrowed until it is freed. Returns owned. */
km_status km_console_new(struct km_err *err, struct km_loop *loop,
                         const struct km_console_config *config, struct km_console **ret);
/* km_console_free: NULL is allowed. The HTTP server has to be gone. */
void km_console_free(struct km_console *console);
/* km_console_service: for km_http_new, in place of the control plane's. */
struct km_http_service km_console_service(struct km_console *console);
/* km_console_tick: once a round of the loop. km_console_next_ms: how long the loop may wait for it; -1: for ever. */
void km_console_tick(struct km_console *console);
int km_console_next_ms(const struct km_console *console);

#endif
