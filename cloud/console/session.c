/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/session.h"

#include <string.h>

#define CHANCE_LEN 32u /* octets of one secret */

/* ---- secrets ---- */

km_status km_session_id(struct km_err *err, const struct km_crypto *crypto, struct km_slice token,
                        char ret[KM_SESSION_ID_LEN + 1])
{
    uint8_t sha256[KM_SHA256_LEN] = {0};
    if (token.len != KM_SESSION_SECRET_LEN)
        return KM_FAIL(err, KM_E_AUTH, "not logged in");
    KM_TRY(km_crypto_sha256(err, crypto, token, sha256));
    km_hex(KM_SLICE(sha256, sizeof(sha256)), ret, KM_SESSION_ID_LEN + 1);
    return KM_OK;
}

km_status km_session_secrets_make(struct km_err *err, const struct km_crypto *crypto,
                                  struct km_span chance, struct km_session_secrets *ret)
{
    if (chance.len != 2 * CHANCE_LEN)
        return KM_FAIL(err, KM_E_ARG, "%zu random octets for a session", chance.len);
    km_hex(KM_SLICE(chance.ptr, CHANCE_LEN), ret->token, sizeof(ret->token));
    km_hex(KM_SLICE(chance.ptr + CHANCE_LEN, CHANCE_LEN), ret->csrf, sizeof(ret->csrf));
    km_wipe(chance.ptr, chance.len);
    return km_session_id(err, crypto, KM_SLICE_STR(ret->token), ret->id);
}

/* ---- seats ---- */

static struct km_console_session *place(struct km_console_sessions *sessions)
{
    struct km_console_session *best = &sessions->items[0];
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        struct km_console_session *one = &sessions->items[i];
        if (one->serial == 0)
            return one;
        if (one->seen_ms < best->seen_ms)
            best = one;
    }
    return best;
}

/* take: cut where it would not fit, which is not so for what the registry was given. */
static void take(char *room, size_t max, const char *text)
{
    km_copy(room, max, text, strnlen(text, max));
}

struct km_console_session *km_session_find(struct km_console_sessions *sessions, const char *id)
{
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        if (sessions->items[i].serial != 0 && strcmp(sessions->items[i].id, id) == 0)
            return &sessions->items[i];
    }
    return NULL;
}

struct km_console_session *km_session_seat(struct km_console_sessions *sessions, const char *id,
                                           const struct km_registry_console *known, int64_t now_ms)
{
    struct km_console_session *session = km_session_find(sessions, id);
    if (session == NULL) {
        session = place(sessions);
        km_session_end(session);
        session->serial = ++sessions->last_serial;
        take(session->id, KM_SESSION_ID_LEN, id);
        take(session->csrf, KM_SESSION_SECRET_LEN, known->csrf);
        take(session->account, KM_ACCOUNT_LEN, known->account);
        take(session->name, KM_CONSOLE_NAME_MAX, known->name);
    }
    session->seen_ms = now_ms;
    return session;
}

void km_session_end(struct km_console_session *session)
{
    if (session == NULL)
        return;
    km_inbox_clear(&session->inbox);
    km_wipe(session, sizeof(*session));
}

bool km_sessions_sweep(struct km_console_sessions *sessions, int64_t now_ms)
{
    bool has_ended = false;
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        struct km_console_session *one = &sessions->items[i];
        if (one->serial == 0 || now_ms - one->seen_ms < KM_SESSION_SEAT_MS)
            continue;
        km_session_end(one);
        has_ended = true;
    }
    return has_ended;
}

void km_sessions_clear(struct km_console_sessions *sessions)
{
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++)
        km_session_end(&sessions->items[i]);
}
