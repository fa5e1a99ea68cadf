/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one control plane has of who is logged in. A session is known by a token that only its browser has, in a cookie; the registry
 * has its hash, and says at every control plane whose it is. Here each one that asks has a seat: what it has subscribed to, and the
 * messages that came. Pure; clock and chance are passed in.
 */
#ifndef KM_CONSOLE_SESSION_H
#define KM_CONSOLE_SESSION_H

#include "cloud/console/inbox.h"
#include "cloud/console/users.h"
#include "cloud/registry/registry_console.h"

#define KM_SESSIONS_MAX 64 /* seats; the one that did not ask for longest makes room */
#define KM_SESSION_SEAT_MS (30 * 60 * 1000) /* without a request, and the seat is free again */
#define KM_SESSION_IDLE_MS (15 * 60 * 1000)
#define KM_SESSION_LIFE_MS (12 * 3600 * 1000)
#define KM_SESSION_SECRET_LEN 64 /* characters of a token: 32 octets in hexadecimal */
#define KM_SESSION_ID_LEN 64     /* of its SHA-256, by which the registry knows the session */

/* What a session begins with. To be wiped. */
struct km_session_secrets {
    char token[KM_SESSION_SECRET_LEN + 1]; /* for the cookie */
    char csrf[KM_SESSION_SECRET_LEN + 1];  /* what requests have to bring beside it */
    char id[KM_SESSION_ID_LEN + 1];
};
/* km_session_secrets_make: of 64 octets that nobody knows, which it wipes. */
km_status km_session_secrets_make(struct km_err *err, const struct km_crypto *crypto,
                                  struct km_span chance, struct km_session_secrets *ret);
/* km_session_id: KM_E_AUTH: token is none. */
km_status km_session_id(struct km_err *err, const struct km_crypto *crypto, struct km_slice token,
                        char ret[KM_SESSION_ID_LEN + 1]);

struct km_console_session {
    uint64_t serial; /* of no other seat of this process; 0: this one is free */
    char id[KM_SESSION_ID_LEN + 1];
    char csrf[KM_SESSION_SECRET_LEN + 1];
    char account[KM_ACCOUNT_LEN + 1];
    char name[KM_CONSOLE_NAME_MAX + 1];
    int64_t seen_ms;
    struct km_inbox inbox;
};
/* All zero at first. */
struct km_console_sessions {
    struct km_console_session items[KM_SESSIONS_MAX];
    uint64_t last_serial;
};

/* km_session_seat: the one of that session, which the registry knows as `known`, or a new one. A view, valid until it ends. */
struct km_console_session *km_session_seat(struct km_console_sessions *sessions, const char *id,
                                           const struct km_registry_console *known, int64_t now_ms);
/* km_session_find: the seat of that session, NULL: it has none. */
struct km_console_session *km_session_find(struct km_console_sessions *sessions, const char *id);
/* km_session_end: frees the seat. NULL is allowed. */
void km_session_end(struct km_console_session *session);
/* km_sessions_sweep: frees those that nobody asked for; whether there were any. */
bool km_sessions_sweep(struct km_console_sessions *sessions, int64_t now_ms);
void km_sessions_clear(struct km_console_sessions *sessions);

#endif
