/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is logged in. A session is known by a token that only its browser has, in a cookie; here is its hash alone. They live in this
 * process: who restarts it logs everybody out. Pure; clock and chance are passed in.
 */
#ifndef KM_CONSOLE_SESSION_H
#define KM_CONSOLE_SESSION_H

#include "cloud/console/inbox.h"
#include "cloud/console/users.h"

#define KM_SESSIONS_MAX 64 /* the one that was idle for longest makes room */
#define KM_SESSION_IDLE_MS (15 * 60 * 1000)
#define KM_SESSION_LIFE_MS (12 * 3600 * 1000)
#define KM_SESSION_SECRET_LEN 64 /* characters of a token: 32 octets in hexadecimal */

struct km_console_session {
    uint64_t serial; /* of no other session of this process; 0: this place is free */
    uint8_t token_sha256[KM_SHA256_LEN];
    char csrf[KM_SESSION_SECRET_LEN + 1]; /* what requests have to bring beside the cookie */
    char account[KM_ACCOUNT_LEN + 1];
    char name[KM_CONSOLE_NAME_MAX + 1];
    char record[KM_CONSOLE_RECORD_MAX + 1]; /* of the user, as it was at the login */
    int64_t made_ms;
    int64_t used_ms;
    struct km_inbox inbox;
};
/* All zero at first. */
struct km_console_sessions {
    struct km_console_session items[KM_SESSIONS_MAX];
    uint64_t last_serial;
    int64_t idle_ms; /* 0: KM_SESSION_IDLE_MS */
};

/*
 * km_session_new: for user; chance: 64 octets that nobody knows, which it wipes. ret_token: for the cookie, to be wiped. *ret is a
 * view, valid until it ends.
 */
km_status km_session_new(struct km_err *err, const struct km_crypto *crypto,
                         struct km_console_sessions *sessions, const struct km_console_user *user,
                         const char *name, struct km_span chance, int64_t now_ms,
                         char ret_token[KM_SESSION_SECRET_LEN + 1],
                         struct km_console_session **ret);
/* km_session_find: the session of that token, or NULL: none, or it was idle or has lived for too long. */
struct km_console_session *km_session_find(const struct km_crypto *crypto,
                                           struct km_console_sessions *sessions,
                                           struct km_slice token, int64_t now_ms);
/* km_session_end: NULL is allowed. */
void km_session_end(struct km_console_session *session);
/* km_sessions_sweep: ends those whose time is over; whether there were any. */
bool km_sessions_sweep(struct km_console_sessions *sessions, int64_t now_ms);
void km_sessions_clear(struct km_console_sessions *sessions);

#endif
