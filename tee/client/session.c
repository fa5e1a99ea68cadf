/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/channel/lane_page.h"
#include "tee/channel/wire.h"
#include "tee/client/teec.h"

#define EVERYBODY 0x7fffffff

/* ---- one call at a time ---- */

bool teec_session_lock(struct teec_session *session, struct teec_waiter *waiter)
{
    uint32_t free_word = 0;
    if (atomic_compare_exchange_strong(&session->lock, &free_word, 1))
        return true;
    for (;;) {
        if (atomic_exchange(&session->lock, 2) == 0)
            return true;
        if (waiter != NULL && atomic_load(&waiter->cancelled))
            return false;
        km_futex_wait(&session->lock, 2, KM_FOREVER);
    }
}

void teec_session_unlock(struct teec_session *session)
{
    if (atomic_exchange(&session->lock, 0) > 1)
        km_futex_wake(&session->lock, 1);
}

/* Another value than 2, or who is about to sleep would not notice. */
void teec_session_poke(struct teec_session *session)
{
    uint32_t waited_for = 2;
    atomic_compare_exchange_strong(&session->lock, &waited_for, 3);
    km_futex_wake(&session->lock, EVERYBODY);
}

/* ---- calls ---- */

static TEEC_Result answer(TEEC_Result result, uint32_t origin, uint32_t *ret_origin)
{
    if (ret_origin != NULL)
        *ret_origin = origin;
    return result;
}

/* The code and origin for a call that the lane could not carry. */
static TEEC_Result lane_failed(const struct teec_session *session, km_status status,
                               uint32_t *ret_origin)
{
    if (teec_context_inherited(session->context))
        return answer(TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_API, ret_origin);
    uint32_t origin = status == KM_E_DEAD        ? TEEC_ORIGIN_TEE
                      : status == KM_E_MALFORMED ? TEEC_ORIGIN_COMMS
                                                 : TEEC_ORIGIN_API;
    return answer(teec_result(status), origin, ret_origin);
}

static TEEC_Result plain_call(struct teec_session *session, uint32_t op, uint32_t command,
                              uint32_t *ret_origin)
{
    TEEC_Result result = TEEC_ERROR_GENERIC;
    uint32_t origin = TEEC_ORIGIN_API;
    km_status status =
        km_lane_client_call(NULL, session->lane, op, command, NULL, &result, &origin);
    if (status != KM_OK)
        return lane_failed(session, status, ret_origin);
    return answer(result, origin, ret_origin);
}

/* With the session locked, and the operation begun. */
static TEEC_Result call_with(struct teec_session *session, struct teec_waiter *waiter, uint32_t op,
                             uint32_t command, TEEC_Operation *operation, uint32_t *ret_origin)
{
    struct km_lane_client_param params[KM_LANE_PARAMS] = {0};
    TEEC_Result result = teec_op_to_lane(session->context, operation, params);
    if (result != TEEC_SUCCESS)
        return answer(result, TEEC_ORIGIN_API, ret_origin);
    uint32_t origin = TEEC_ORIGIN_API;
    km_lane_client_watch(session->lane, &waiter->cancelled);
    atomic_store(&waiter->running, session->lane);
    km_status status =
        km_lane_client_call(NULL, session->lane, op, command, params, &result, &origin);
    if (status != KM_OK)
        return lane_failed(session, status, ret_origin);
    teec_op_from_lane(operation, params);
    return answer(result, origin, ret_origin);
}

static TEEC_Result invoke_with(struct teec_session *session, uint32_t command,
                               TEEC_Operation *operation, uint32_t *ret_origin)
{
    struct teec_waiter waiter = {.queue = session};
    if (!teec_op_begin(operation, &waiter))
        return answer(TEEC_ERROR_CANCEL, TEEC_ORIGIN_API, ret_origin);
    TEEC_Result result = TEEC_ERROR_CANCEL;
    bool locked = teec_session_lock(session, &waiter);
    if (locked && !atomic_load(&waiter.cancelled))
        result = call_with(session, &waiter, KM_LANE_INVOKE, command, operation, ret_origin);
    else
        answer(result, TEEC_ORIGIN_API, ret_origin);
    /* The cancelling thread must be out of the lane before the next call is in it. */
    teec_op_end(operation);
    if (locked) {
        km_lane_client_watch(session->lane, NULL);
        teec_session_unlock(session);
    }
    return result;
}

TEEC_EXPORT TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID,
                                           TEEC_Operation *operation, uint32_t *returnOrigin)
{
    if (session == NULL || session->imp.state == NULL)
        return answer(TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, returnOrigin);
    struct teec_session *own = (struct teec_session *)session->imp.state;
    /* Before any lock: in a forked child it may be somebody's who is not there. */
    if (teec_context_inherited(own->context))
        return answer(TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_API, returnOrigin);
    if (operation != NULL)
        return invoke_with(own, commandID, operation, returnOrigin);
    (void)teec_session_lock(own, NULL);
    TEEC_Result result = plain_call(own, KM_LANE_INVOKE, commandID, returnOrigin);
    teec_session_unlock(own);
    return result;
}

/* ---- opening ---- */

static bool login_of(uint32_t method, const void *data, struct km_wire_open *ret)
{
    ret->login_method = method;
    switch (method) {
    case TEEC_LOGIN_PUBLIC:
    case TEEC_LOGIN_USER:
    case TEEC_LOGIN_APPLICATION:
    case TEEC_LOGIN_USER_APPLICATION:
        return data == NULL;
    case TEEC_LOGIN_GROUP:
    case TEEC_LOGIN_GROUP_APPLICATION:
        if (data == NULL)
            return false;
        km_copy(&ret->login_data, sizeof(ret->login_data), data, sizeof(ret->login_data));
        return true;
    default:
        return false;
    }
}

static struct km_uuid uuid_of(const TEEC_UUID *from)
{
    struct km_uuid uuid = {0};
    struct km_wr wr = km_wr_init(uuid.octet, sizeof(uuid.octet));
    km_wr_u32be(&wr, from->timeLow);
    km_wr_u16be(&wr, from->timeMid);
    km_wr_u16be(&wr, from->timeHiAndVersion);
    km_wr_bytes(&wr, KM_SLICE(from->clockSeqAndNode, sizeof(from->clockSeqAndNode)));
    return uuid;
}

/* What keymoord answered. */
struct opened {
    TEEC_Result result;
    uint32_t origin;
    int fds[3]; /* memory, socket, and perhaps the bell; -1 */
};

static void opened_clear(struct opened *opened)
{
    km_fd_closep(&opened->fds[0]);
    km_fd_closep(&opened->fds[1]);
    km_fd_closep(&opened->fds[2]);
}

static km_status ask(struct km_err *err, int sock, const struct km_wire_open *open)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_slice msg = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_wire_header_put(&wr, &(struct km_wire_header){.type = KM_WIRE_OPEN, .serial = 1});
    km_wire_open_put(&wr, open);
    if (!km_wr_finish(&wr, &msg))
        return KM_FAIL(err, KM_E_INTERNAL, "OPEN does not fit its buffer");
    return km_sock_send(err, sock, msg, NULL, 0);
}

static km_status understand(struct km_err *err, struct km_slice msg, size_t n_fds,
                            struct opened *ret)
{
    struct km_rd rd = km_rd_init(msg);
    struct km_wire_header header = {0};
    struct km_wire_opened opened = {0};
    struct km_wire_error error = {0};
    if (km_wire_header_parse(&rd, &header) && header.serial == 1) {
        if (header.type == KM_WIRE_OPENED && km_wire_opened_parse(&rd, &opened) &&
            (opened.result == 0 ? n_fds >= 2 : n_fds == 0)) {
            ret->result = opened.result;
            ret->origin = opened.origin;
            return KM_OK;
        }
        if (header.type == KM_WIRE_ERROR && km_wire_error_parse(&rd, &error)) {
            ret->result = error.result;
            ret->origin = error.origin;
            return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_MALFORMED, "an answer of %zu octets is none to OPEN", msg.len);
}

static km_status hear(struct km_err *err, int sock, struct opened *ret)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    size_t len = 0;
    size_t n_fds = 0;
    KM_TRY(km_sock_recv(err, sock, KM_SPAN(buf, sizeof(buf)), &len, ret->fds,
                        KM_ARRAY_LEN(ret->fds), &n_fds));
    return understand(err, KM_SLICE(buf, len), n_fds, ret);
}

/* A connection for each OPEN: closing it takes the request back, and there is none to go stale. */
static km_status ask_keymoord(struct teec_waiter *waiter, const struct teec_context *context,
                              const struct km_wire_open *open, int *ret_sock, struct opened *ret)
{
    km_status status = km_sock_connect(NULL, context->path, ret_sock);
    if (status != KM_OK)
        return status == KM_E_DEAD ? KM_E_IO : status;
    atomic_store(&waiter->sock, *ret_sock);
    if (!atomic_load(&waiter->cancelled)) {
        status = ask(NULL, *ret_sock, open);
        if (status == KM_OK)
            status = hear(NULL, *ret_sock, ret);
    }
    return atomic_load(&waiter->cancelled) ? KM_E_CANCELLED : status;
}

/* Everything that one opening needs until it is over. */
struct opening {
    struct teec_context *context;
    struct teec_session *session;
    struct km_wire_open open;
    struct teec_waiter waiter;
    int sock;
};

static void session_free(struct teec_session *session)
{
    km_lane_client_free(session->lane);
    free(session);
}

static TEEC_Result make_lane(struct opening *opening, uint32_t *ret_origin)
{
    KM_AUTO(opened_clear) struct opened opened = {.fds = {-1, -1, -1}};
    km_status status =
        ask_keymoord(&opening->waiter, opening->context, &opening->open, &opening->sock, &opened);
    if (status != KM_OK)
        return answer(teec_result(status),
                      status == KM_E_CANCELLED ? TEEC_ORIGIN_API : TEEC_ORIGIN_COMMS, ret_origin);
    if (opened.result != TEEC_SUCCESS)
        return answer(opened.result, opened.origin, ret_origin);
    status = km_lane_client_new(NULL, opened.fds[0], opened.fds[1], &opening->session->lane);
    if (status != KM_OK)
        return answer(teec_result(status), TEEC_ORIGIN_COMMS, ret_origin);
    opened.fds[0] = opened.fds[1] = -1;
    if (opened.fds[2] < 0)
        return TEEC_SUCCESS;
    status = km_lane_client_join(NULL, opening->session->lane, opened.fds[2]);
    if (status != KM_OK)
        return answer(teec_result(status), TEEC_ORIGIN_COMMS, ret_origin);
    opened.fds[2] = -1;
    return TEEC_SUCCESS;
}

static TEEC_Result open_begun(struct opening *opening, TEEC_Operation *operation,
                              uint32_t *ret_origin)
{
    /* Wrong parameters are told before a process is started for them. */
    if (operation != NULL) {
        struct km_lane_client_param params[KM_LANE_PARAMS] = {0};
        TEEC_Result result = teec_op_to_lane(opening->context, operation, params);
        if (result != TEEC_SUCCESS)
            return answer(result, TEEC_ORIGIN_API, ret_origin);
    }
    TEEC_Result result = make_lane(opening, ret_origin);
    if (result != TEEC_SUCCESS)
        return result;
    if (operation == NULL)
        return plain_call(opening->session, KM_LANE_OPEN, 0, ret_origin);
    return call_with(opening->session, &opening->waiter, KM_LANE_OPEN, 0, operation, ret_origin);
}

static TEEC_Result open_session(struct opening *opening, TEEC_Operation *operation,
                                uint32_t *ret_origin)
{
    if (!teec_op_begin(operation, &opening->waiter))
        return answer(TEEC_ERROR_CANCEL, TEEC_ORIGIN_API, ret_origin);
    TEEC_Result result = open_begun(opening, operation, ret_origin);
    /* The cancelling thread may hold on to socket and lane up to here. */
    teec_op_end(operation);
    if (opening->session->lane != NULL)
        km_lane_client_watch(opening->session->lane, NULL);
    km_fd_closep(&opening->sock);
    return result;
}

static void link_session(struct teec_session *session)
{
    struct teec_context *context = session->context;
    teec_context_hold(context);
    pthread_mutex_lock(&context->lock);
    session->next = context->sessions;
    context->sessions = session;
    pthread_mutex_unlock(&context->lock);
}

static void unlink_session(struct teec_session *session)
{
    struct teec_context *context = session->context;
    pthread_mutex_lock(&context->lock);
    for (struct teec_session **at = &context->sessions; *at != NULL; at = &(*at)->next) {
        if (*at == session) {
            *at = session->next;
            break;
        }
    }
    pthread_mutex_unlock(&context->lock);
    teec_context_drop(context);
}

TEEC_EXPORT TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
                                         const TEEC_UUID *destination, uint32_t connectionMethod,
                                         const void *connectionData, TEEC_Operation *operation,
                                         uint32_t *returnOrigin)
{
    struct opening opening = {.sock = -1};
    if (session != NULL)
        session->imp.state = NULL;
    if (context == NULL || context->imp.state == NULL || session == NULL || destination == NULL ||
        !login_of(connectionMethod, connectionData, &opening.open))
        return answer(TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, returnOrigin);
    opening.context = (struct teec_context *)context->imp.state;
    if (teec_context_inherited(opening.context))
        return answer(TEEC_ERROR_COMMUNICATION, TEEC_ORIGIN_API, returnOrigin);
    opening.open.ta = uuid_of(destination);
    opening.open.group = opening.context->group;
    opening.session = calloc(1, sizeof(*opening.session));
    if (opening.session == NULL)
        return answer(TEEC_ERROR_OUT_OF_MEMORY, TEEC_ORIGIN_API, returnOrigin);
    opening.session->context = opening.context;
    TEEC_Result result = open_session(&opening, operation, returnOrigin);
    if (result != TEEC_SUCCESS) {
        session_free(opening.session);
        return result;
    }
    link_session(opening.session);
    session->imp.state = opening.session;
    return TEEC_SUCCESS;
}

TEEC_EXPORT void TEEC_CloseSession(TEEC_Session *session)
{
    if (session == NULL || session->imp.state == NULL)
        return;
    struct teec_session *own = (struct teec_session *)session->imp.state;
    session->imp.state = NULL;
    /* In a forked child the lock may be somebody's who is not there. */
    if (!teec_context_inherited(own->context)) {
        (void)teec_session_lock(own, NULL);
        (void)plain_call(own, KM_LANE_CLOSE, 0, NULL);
    }
    unlink_session(own);
    session_free(own);
}
