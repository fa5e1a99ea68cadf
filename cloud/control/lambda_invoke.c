/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/lambda_invoke.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/control/base64.h"
#include "cloud/control/lambda.h"
#include "cloud/control/later.h"
#include "cloud/control/operations.h"
#include "cloud/functions/invoke.h"

struct km_invocation {
    struct km_watch watch; /* first: ready gets at the invocation by it */
    struct km_invocation *prev;
    struct km_invocation *next;
    struct km_invocation **list;
    struct km_loop *loop;
    struct km_later *later;
    enum km_invoke_kind kind;
};

/* ---- the answer ---- */

static km_status as_exception(struct km_call *call, km_status status)
{
    if (status == KM_E_LIMIT)
        call->exception = KM_X_REQUEST_TOO_LARGE;
    else if (status == KM_E_BUSY)
        call->exception = KM_X_TOO_MANY_REQUESTS;
    else if (status == KM_E_MALFORMED)
        call->exception = KM_X_INVALID_REQUEST_CONTENT;
    return status;
}

static km_status fill_answer(struct km_call *call, void *arg)
{
    const struct km_invocation *invocation = arg;
    KM_AUTO(km_invoke_answer_clear) struct km_invoke_answer answer = {0};
    KM_TRY(as_exception(call, km_invoke_finish(&call->err, invocation->watch.fd, &answer)));
    km_call_reply_header(call, "X-Amz-Executed-Version",
                         km_call_printf(call, "%s", answer.version));
    call->status = invocation->kind == KM_INVOKE_WAIT    ? 200
                   : invocation->kind == KM_INVOKE_EVENT ? 202
                                                         : 204;
    if (invocation->kind != KM_INVOKE_WAIT)
        return KM_OK;
    if (answer.is_function_error)
        km_call_reply_header(call, "X-Amz-Function-Error", "Unhandled");
    if (answer.log_len > 0)
        km_call_reply_header(call, "X-Amz-Log-Result",
                             km_base64_encode(call->arena, KM_SLICE(answer.log, answer.log_len)));
    const char *body = km_arena_text(call->arena, KM_SLICE(answer.payload, answer.payload_len));
    if (body == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "answer of %zu bytes", answer.payload_len);
    call->raw = KM_SLICE(body, answer.payload_len);
    return KM_OK;
}

static void unlink_and_free(struct km_invocation *invocation)
{
    if (invocation->prev != NULL)
        invocation->prev->next = invocation->next;
    else
        *invocation->list = invocation->next;
    if (invocation->next != NULL)
        invocation->next->prev = invocation->prev;
    km_loop_remove(invocation->loop, &invocation->watch);
    free(invocation);
}

static void on_ready(struct km_watch *watch, uint32_t events)
{
    struct km_invocation *invocation = (struct km_invocation *)watch;
    (void)events;
    km_later_finish(invocation->later, fill_answer, invocation);
    unlink_and_free(invocation);
}

void km_invocations_drop(struct km_invocation **list)
{
    while (*list != NULL) {
        km_later_drop((*list)->later);
        unlink_and_free(*list);
    }
}

/* ---- the request ---- */

static km_status kind_of(struct km_call *call, enum km_invoke_kind *ret)
{
    const char *type = km_call_header(call, "X-Amz-Invocation-Type");
    *ret = KM_INVOKE_WAIT;
    if (type == NULL || strcmp(type, "RequestResponse") == 0)
        return KM_OK;
    *ret = strcmp(type, "Event") == 0 ? KM_INVOKE_EVENT : KM_INVOKE_DRY;
    if (*ret == KM_INVOKE_DRY && strcmp(type, "DryRun") != 0)
        return km_call_fail(call, KM_X_NONE,
                            "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun");
    return KM_OK;
}

static km_status watch(struct km_call *call, int fd, enum km_invoke_kind kind)
{
    struct km_invocation *invocation = calloc(1, sizeof(*invocation));
    if (invocation == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "invocation");
    *invocation = (struct km_invocation){
        .watch = {.fd = -1},
        .list = km_control_invocations(call->control),
        .loop = km_control_loop(call->control),
        .kind = kind,
    };
    km_status status = km_later_new(call, &invocation->later);
    if (status == KM_OK)
        status = km_loop_add(&call->err, invocation->loop, &invocation->watch, fd, on_ready);
    if (status != KM_OK) {
        km_later_drop(invocation->later);
        free(invocation);
        return status;
    }
    invocation->next = *invocation->list;
    if (invocation->next != NULL)
        invocation->next->prev = invocation;
    *invocation->list = invocation;
    call->is_later = true;
    return KM_OK;
}

static km_status invoke(struct km_call *call)
{
    KM_AUTO(km_fd_closep) int fd = -1;
    struct km_function_name name = {0};
    const char *socket = km_control_config(call->control)->invoke_socket;
    const char *log_type = km_call_header(call, "X-Amz-Log-Type");
    KM_TRY(km_lambda_name(call, &name));
    struct km_invoke request = {
        .account = call->account,
        .region = call->region,
        .function = name.name,
        .qualifier = name.qualifier,
        .request_id = call->request_id,
        .client_context = km_call_header(call, "X-Amz-Client-Context"),
        .payload = call->request->body,
        .wants_log = log_type != NULL && strcmp(log_type, "Tail") == 0,
    };
    KM_TRY(kind_of(call, &request.kind));
    if (socket == NULL)
        return KM_FAIL(&call->err, KM_E_DEAD, "no process that runs functions is configured");
    KM_TRY(as_exception(call, km_invoke_begin(&call->err, socket, &request, &fd)));
    KM_TRY(watch(call, fd, request.kind));
    (void)km_fd_steal(&fd);
    return KM_OK;
}

static const struct km_operation rows[] = {
    {"Invoke", KM_SERVICE_LAMBDA, "POST", "/2015-03-31/functions/{FunctionName}/invocations",
     "Qualifier:s", "X-Amz-Invocation-Type:s X-Amz-Log-Type:s X-Amz-Client-Context:s", NULL, 0,
     invoke},
};

const struct km_operations km_lambda_invoke = {rows, KM_ARRAY_LEN(rows)};
