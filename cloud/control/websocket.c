/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/websocket.h"

#include <stdlib.h>
#include <unistd.h>

#include "cloud/control/websocket_session.h"

#define TICK_MS 1000

struct km_websockets {
    struct km_loop *loop;
    struct km_websockets_config config;
    struct km_websocket_session *sessions;
    size_t n;
    int64_t ticked_ms;
    bool is_stopped;
};

static void forget(struct km_websocket_session *session)
{
    struct km_websockets *hub = session->hub;
    if (session->prev != NULL)
        session->prev->next = session->next;
    else
        hub->sessions = session->next;
    if (session->next != NULL)
        session->next->prev = session->prev;
    hub->n--;
    km_websocket_session_free(session);
}

void km_websocket_session_over(struct km_websocket_session *session)
{
    forget(session);
}

/* ---- for the HTTP server ---- */

/* A server that is being stopped still hands over what it has answered. */
static void on_take(void *arg, struct km_http_exchange *exchange, int fd, struct km_slice first)
{
    struct km_websocket_session *session = arg;
    if (session->hub->is_stopped) {
        (void)close(fd);
        session->exchange = exchange;
        forget(session);
        return;
    }
    session->deadline_ms = km_loop_now_ms() + session->hub->config.request_ms;
    km_websocket_session_start(session, exchange, fd, first);
}

static void on_drop(void *arg)
{
    forget(arg);
}

km_status km_websockets_open(struct km_err *err, struct km_websockets *websockets,
                             const struct km_introduction *who, int64_t ends_ms,
                             struct km_http_taker *ret)
{
    struct km_websocket_session *session = NULL;
    if (websockets->n >= KM_WEBSOCKETS_MAX)
        return KM_FAIL(err, KM_E_DEAD, "more than %d connections over WebSockets",
                       KM_WEBSOCKETS_MAX);
    KM_TRY(
        km_websocket_session_new(err, websockets->loop, websockets->config.broker, who, &session));
    session->hub = websockets;
    session->ends_ms = ends_ms;
    session->next = websockets->sessions;
    if (session->next != NULL)
        session->next->prev = session;
    websockets->sessions = session;
    websockets->n++;
    *ret = (struct km_http_taker){.take = on_take, .drop = on_drop, .arg = session};
    return KM_OK;
}

/* ---- time ---- */

static bool is_late(const struct km_websocket_session *session, int64_t now_ms)
{
    return session->deadline_ms != 0 && now_ms > session->deadline_ms;
}

/* look: at one whose connection was taken over. What is late has no time to be told so. */
static void look(struct km_websocket_session *session, int64_t now_ms)
{
    if (session->is_ending || !session->is_introduced) {
        if (is_late(session, now_ms))
            forget(session);
    } else if (session->ends_ms != 0 && now_ms >= session->ends_ms) {
        km_websocket_session_close(session, WSLAY_CODE_POLICY_VIOLATION);
    } else if (now_ms - session->heard_ms > KM_WEBSOCKET_IDLE_MS) {
        km_websocket_session_close(session, WSLAY_CODE_GOING_AWAY);
    }
}

void km_websockets_tick(struct km_websockets *websockets)
{
    int64_t now_ms = km_loop_now_ms();
    if (now_ms - websockets->ticked_ms < TICK_MS)
        return;
    websockets->ticked_ms = now_ms;
    struct km_websocket_session *session = websockets->sessions;
    while (session != NULL) {
        struct km_websocket_session *next = session->next;
        if (session->exchange != NULL)
            look(session, now_ms);
        session = next;
    }
}

/* ---- life ---- */

km_status km_websockets_new(struct km_err *err, struct km_loop *loop,
                            const struct km_websockets_config *config, struct km_websockets **ret)
{
    struct km_websockets *websockets = calloc(1, sizeof(*websockets));
    if (websockets == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "connections over WebSockets");
    websockets->loop = loop;
    websockets->config = *config;
    if (websockets->config.request_ms == 0)
        websockets->config.request_ms = KM_HTTP_REQUEST_MS;
    *ret = websockets;
    return KM_OK;
}

void km_websockets_stop(struct km_websockets *websockets)
{
    if (websockets == NULL)
        return;
    websockets->is_stopped = true;
    struct km_websocket_session *session = websockets->sessions;
    while (session != NULL) {
        struct km_websocket_session *next = session->next;
        if (session->exchange != NULL) /* the others are dropped by the server */
            forget(session);
        session = next;
    }
}

void km_websockets_free(struct km_websockets *websockets)
{
    free(websockets);
}
