/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/websocket_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/control/mqtt_connect.h"
#include "common/km_file.h"
#include "common/km_sock.h"

#define UP_MAX 16384u /* wait for the broker, before the client is no longer read */
#define DOWN_MAX 16384u
#define REPLIES_MAX 16 /* pongs that wait, before the client is no longer read */
#define ENDING_MS 5000

/* ---- octets for the broker ---- */

static bool has_room(const struct km_websocket_session *session)
{
    size_t max = session->is_introduced ? UP_MAX : KM_MQTT_CONNECT_MAX;
    return session->up_len - session->up_sent < max;
}

/* Whoever is slow, but never caught up with, must not make it grow. */
static void close_up(struct km_websocket_session *session)
{
    if (session->up_sent == 0)
        return;
    session->up_len -= session->up_sent;
    (void)memmove(session->up, session->up + session->up_sent, session->up_len);
    session->up_sent = 0;
}

static bool append(struct km_websocket_session *session, struct km_slice bytes)
{
    close_up(session);
    size_t wanted = session->up_len + bytes.len;
    if (wanted > session->up_cap) {
        size_t cap = session->up_cap * 2 > wanted ? session->up_cap * 2 : wanted;
        uint8_t *grown = realloc(session->up, cap);
        if (grown == NULL)
            return false;
        session->up = grown;
        session->up_cap = cap;
    }
    km_copy(session->up + session->up_len, session->up_cap - session->up_len, bytes.ptr, bytes.len);
    session->up_len = wanted;
    return true;
}

static void forget_sent(struct km_websocket_session *session)
{
    if (session->up_sent < session->up_len)
        return;
    free(session->up);
    session->up = NULL;
    session->up_sent = 0;
    session->up_len = 0;
    session->up_cap = 0;
}

/* introduce: the first packet is given its name, once it is there. */
static bool introduce(struct km_websocket_session *session)
{
    struct km_slice in = KM_SLICE(session->up, session->up_len);
    size_t used = 0;
    uint8_t *room = malloc(KM_MQTT_CONNECT_ROOM + in.len);
    struct km_wr wr = km_wr_init(room, room == NULL ? 0 : KM_MQTT_CONNECT_ROOM + in.len);
    enum km_mqtt_first first = km_mqtt_introduce(in, KM_SLICE_STR(session->user), &wr, &used);
    struct km_slice out = {0};
    km_wr_bytes(&wr, KM_SLICE(in.ptr + used, first == KM_MQTT_CONNECT ? in.len - used : 0));
    if (first != KM_MQTT_CONNECT || !km_wr_finish(&wr, &out)) {
        free(room);
        return first == KM_MQTT_MORE;
    }
    free(session->up);
    session->up = room;
    session->up_len = out.len;
    session->up_cap = KM_MQTT_CONNECT_ROOM + in.len;
    session->is_introduced = true;
    session->deadline_ms = 0;
    return true;
}

/* send_up: false: the broker has gone. */
static bool send_up(struct km_websocket_session *session)
{
    while (session->is_introduced && session->up_sent < session->up_len) {
        ssize_t n = send(session->broker.watch.fd, session->up + session->up_sent,
                         session->up_len - session->up_sent, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        session->up_sent += (size_t)n;
    }
    forget_sent(session);
    return true;
}

/* ---- frames ---- */

/* end: nothing is carried any more, and the client is told so. */
static void end(struct km_websocket_session *session, uint16_t code)
{
    if (session->is_ending)
        return;
    session->is_ending = true;
    session->deadline_ms = km_loop_now_ms() + ENDING_MS;
    if (wslay_event_queue_close(session->frames, code, NULL, 0) != 0)
        session->is_over = true;
}

static ssize_t on_recv(wslay_event_context_ptr frames, uint8_t *buf, size_t len, int flags,
                       void *arg)
{
    struct km_websocket_session *session = arg;
    size_t max = len < session->budget ? len : session->budget;
    (void)flags;
    if (session->budget == 0 || !has_room(session) ||
        wslay_event_get_queued_msg_count(frames) > REPLIES_MAX) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    if (session->early.len > 0) {
        size_t n = session->early.len < max ? session->early.len : max;
        km_copy(buf, len, session->early.ptr, n);
        session->early = KM_SLICE(session->early.ptr + n, session->early.len - n);
        return (ssize_t)n;
    }
    ssize_t n = recv(session->client.watch.fd, buf, max, 0);
    if (n > 0) {
        session->budget -= (size_t)n;
        session->heard_ms = km_loop_now_ms();
        return n;
    }
    bool is_for_now = n < 0 && (errno == EAGAIN || errno == EINTR);
    wslay_event_set_error(frames, is_for_now ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_send(wslay_event_context_ptr frames, const uint8_t *data, size_t len, int flags,
                       void *arg)
{
    const struct km_websocket_session *session = arg;
    (void)flags;
    ssize_t n = send(session->client.watch.fd, data, len, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    bool is_for_now = errno == EAGAIN || errno == EINTR;
    wslay_event_set_error(frames, is_for_now ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* MQTT is octets, never text. */
static void on_frame(wslay_event_context_ptr frames,
                     const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
    struct km_websocket_session *session = arg;
    (void)frames;
    session->opcode = frame->opcode;
    if (frame->opcode == WSLAY_TEXT_FRAME)
        end(session, WSLAY_CODE_UNSUPPORTED_DATA);
}

static void on_octets(wslay_event_context_ptr frames,
                      const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *arg)
{
    struct km_websocket_session *session = arg;
    (void)frames;
    if (wslay_is_ctrl_frame(session->opcode) || session->is_ending)
        return;
    if (!append(session, KM_SLICE(chunk->data, chunk->data_length)))
        end(session, WSLAY_CODE_INTERNAL_SERVER_ERROR);
}

static const struct wslay_event_callbacks callbacks = {
    .recv_callback = on_recv,
    .send_callback = on_send,
    .on_frame_recv_start_callback = on_frame,
    .on_frame_recv_chunk_callback = on_octets,
};

/* ---- what is next ---- */

static uint32_t wanted_of_client(const struct km_websocket_session *session)
{
    uint32_t events = wslay_event_want_write(session->frames) ? EPOLLOUT : 0u;
    bool is_full =
        !has_room(session) || wslay_event_get_queued_msg_count(session->frames) > REPLIES_MAX;
    return wslay_event_want_read(session->frames) && !is_full ? events | EPOLLIN : events;
}

static uint32_t wanted_of_broker(const struct km_websocket_session *session)
{
    if (session->is_ending)
        return 0;
    uint32_t events = session->is_introduced && session->up_sent < session->up_len ? EPOLLOUT : 0u;
    return wslay_event_get_queued_msg_count(session->frames) == 0 ? events | EPOLLIN : events;
}

/* settle: what was said to the client is sent, and both ends are watched for what can be done. */
static void settle(struct km_websocket_session *session)
{
    struct km_err err = {0};
    if (wslay_event_want_write(session->frames) && wslay_event_send(session->frames) != 0)
        session->is_over = true;
    if (!wslay_event_want_write(session->frames) && !wslay_event_want_read(session->frames))
        session->is_over = true;
    if (!session->is_over && (km_loop_want(&err, session->loop, &session->client.watch,
                                           wanted_of_client(session)) != KM_OK ||
                              km_loop_want(&err, session->loop, &session->broker.watch,
                                           wanted_of_broker(session)) != KM_OK))
        session->is_over = true;
    if (session->is_over)
        km_websocket_session_over(session);
}

/* from_client: what it said, carried on. */
static void from_client(struct km_websocket_session *session)
{
    session->budget = UP_MAX;
    if (wslay_event_recv(session->frames) != 0)
        session->is_over = true;
    if (!session->is_ending) {
        if (!session->is_introduced && session->up_len > 0 && !introduce(session))
            end(session, WSLAY_CODE_PROTOCOL_ERROR);
        else if (!send_up(session))
            end(session, WSLAY_CODE_GOING_AWAY);
    }
}

static void from_broker(struct km_websocket_session *session)
{
    uint8_t room[DOWN_MAX];
    ssize_t n = recv(session->broker.watch.fd, room, sizeof(room), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end(session, WSLAY_CODE_NORMAL_CLOSURE);
        return;
    }
    const struct wslay_event_msg message = {
        .opcode = WSLAY_BINARY_FRAME, .msg = room, .msg_length = (size_t)n};
    if (wslay_event_queue_msg(session->frames, &message) != 0)
        session->is_over = true;
}

static void on_client(struct km_watch *watch, uint32_t events)
{
    struct km_websocket_session *session = ((struct km_websocket_end *)watch)->session;
    if ((events & ~(uint32_t)EPOLLOUT) != 0)
        from_client(session);
    settle(session);
}

static void on_broker(struct km_watch *watch, uint32_t events)
{
    struct km_websocket_session *session = ((struct km_websocket_end *)watch)->session;
    if ((events & EPOLLOUT) != 0 && !send_up(session))
        end(session, WSLAY_CODE_GOING_AWAY);
    else if ((events & ~(uint32_t)EPOLLOUT) != 0)
        from_broker(session);
    settle(session);
}

/* ---- life ---- */

void km_websocket_session_close(struct km_websocket_session *session, uint16_t code)
{
    end(session, code);
    settle(session);
}

km_status km_websocket_session_new(struct km_err *err, struct km_loop *loop, const char *broker,
                                   const struct km_introduction *who,
                                   struct km_websocket_session **ret)
{
    KM_AUTO(km_websocket_session_freep)
    struct km_websocket_session *session = calloc(1, sizeof(*session));
    KM_AUTO(km_fd_closep) int fd = -1;
    if (session == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a connection over WebSockets");
    session->loop = loop;
    session->client = (struct km_websocket_end){.watch.fd = -1, .session = session};
    session->broker = (struct km_websocket_end){.watch.fd = -1, .session = session};
    if (!km_introduction_write(who, session->user))
        return KM_FAIL(err, KM_E_INTERNAL, "an access key's id or an address that is none");
    if (km_sock_connect_stream(NULL, broker, &fd) != KM_OK)
        return KM_FAIL(err, KM_E_DEAD, "no broker takes connections over WebSockets");
    KM_TRY(km_loop_add(err, loop, &session->broker.watch, fd, on_broker));
    (void)km_fd_steal(&fd);
    KM_TRY(km_loop_want(err, loop, &session->broker.watch, 0)); /* not before there is a client */
    *ret = km_steal(&session);
    return KM_OK;
}

void km_websocket_session_free(struct km_websocket_session *session)
{
    if (session == NULL)
        return;
    if (session->broker.watch.fd >= 0)
        km_loop_remove(session->loop, &session->broker.watch);
    if (session->client.watch.fd >= 0)
        km_loop_remove(session->loop, &session->client.watch);
    if (session->exchange != NULL)
        km_http_release(session->exchange);
    if (session->frames != NULL)
        wslay_event_context_free(session->frames);
    free(session->up);
    free(session);
}

void km_websocket_session_freep(struct km_websocket_session **session)
{
    km_websocket_session_free(*session);
}

void km_websocket_session_start(struct km_websocket_session *session,
                                struct km_http_exchange *exchange, int fd, struct km_slice first)
{
    struct km_err err = {0};
    session->exchange = exchange;
    session->heard_ms = km_loop_now_ms();
    session->early = first;
    if (km_loop_add(&err, session->loop, &session->client.watch, fd, on_client) != KM_OK) {
        (void)close(fd);
        km_websocket_session_over(session);
        return;
    }
    if (wslay_event_context_server_init(&session->frames, &callbacks, session) != 0) {
        km_websocket_session_over(session);
        return;
    }
    wslay_event_config_set_no_buffering(session->frames, 1);
    wslay_event_config_set_max_recv_msg_length(session->frames, KM_WEBSOCKET_MESSAGE_MAX);
    while (session->early.len > 0 && !session->is_ending && !session->is_over) {
        size_t before = session->early.len;
        from_client(session);
        if (session->early.len == before)
            session->is_over = true;
    }
    session->early = (struct km_slice){0};
    settle(session);
}
