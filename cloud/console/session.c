/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/session.h"

#include <string.h>

#define CHANCE_LEN 32u /* octets of one secret */

static bool is_over(const struct km_console_sessions *sessions,
                    const struct km_console_session *session, int64_t now_ms)
{
    int64_t idle_ms = sessions->idle_ms != 0 ? sessions->idle_ms : KM_SESSION_IDLE_MS;
    return now_ms - session->used_ms >= idle_ms || now_ms - session->made_ms >= KM_SESSION_LIFE_MS;
}

static struct km_console_session *place(struct km_console_sessions *sessions)
{
    struct km_console_session *best = &sessions->items[0];
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        struct km_console_session *one = &sessions->items[i];
        if (one->serial == 0)
            return one;
        if (one->used_ms < best->used_ms)
            best = one;
    }
    return best;
}

km_status km_session_new(struct km_err *err, const struct km_crypto *crypto,
                         struct km_console_sessions *sessions, const struct km_console_user *user,
                         const char *name, struct km_span chance, int64_t now_ms,
                         char ret_token[KM_SESSION_SECRET_LEN + 1], struct km_console_session **ret)
{
    uint8_t sha256[KM_SHA256_LEN] = {0};
    if (chance.len != 2 * CHANCE_LEN)
        return KM_FAIL(err, KM_E_ARG, "%zu random octets for a session", chance.len);
    km_hex(KM_SLICE(chance.ptr, CHANCE_LEN), ret_token, KM_SESSION_SECRET_LEN + 1);
    KM_TRY(km_crypto_sha256(err, crypto, KM_SLICE(ret_token, KM_SESSION_SECRET_LEN), sha256));
    struct km_console_session *session = place(sessions);
    km_session_end(session);
    *session = (struct km_console_session){
        .serial = ++sessions->last_serial, .made_ms = now_ms, .used_ms = now_ms};
    km_copy(session->token_sha256, sizeof(session->token_sha256), sha256, sizeof(sha256));
    km_hex(KM_SLICE(chance.ptr + CHANCE_LEN, CHANCE_LEN), session->csrf, sizeof(session->csrf));
    km_wipe(chance.ptr, chance.len);
    km_copy(session->account, KM_ACCOUNT_LEN, user->account, strlen(user->account));
    km_copy(session->name, KM_CONSOLE_NAME_MAX, name, strlen(name));
    km_copy(session->record, KM_CONSOLE_RECORD_MAX, user->record, strlen(user->record));
    *ret = session;
    return KM_OK;
}

struct km_console_session *km_session_find(const struct km_crypto *crypto,
                                           struct km_console_sessions *sessions,
                                           struct km_slice token, int64_t now_ms)
{
    uint8_t sha256[KM_SHA256_LEN] = {0};
    if (token.len != KM_SESSION_SECRET_LEN ||
        km_crypto_sha256(NULL, crypto, token, sha256) != KM_OK)
        return NULL;
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        struct km_console_session *one = &sessions->items[i];
        if (one->serial != 0 && !is_over(sessions, one, now_ms) &&
            km_ct_equal(one->token_sha256, sha256, sizeof(sha256)))
            return one;
    }
    return NULL;
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
        if (one->serial == 0 || !is_over(sessions, one, now_ms))
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
