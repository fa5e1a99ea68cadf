/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/control.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cloud/common/json.h"
#include "cloud/control/audit.h"
#include "cloud/control/auth.h"
#include "cloud/control/buses.h"
#include "cloud/control/device_rights.h"
#include "cloud/control/inputs.h"
#include "cloud/control/lambda_invoke.h"
#include "cloud/control/later.h"
#include "cloud/control/operations.h"
#include "cloud/control/reply.h"
#include "cloud/registry/registry_change.h"
#include "cloud/registry/registry_job.h"
#include "common/km_log.h"
#include "common/km_loop.h"
#include "common/km_uuid.h"

#define READER_ARENA_MAX ((size_t)8 << 20)
#define EXPIRE_EVERY_MS 1000 /* executions of jobs are looked at */
#define FUNCTIONS_PATH "/2015-03-31/functions"

struct km_control {
    struct km_control_config config;
    struct km_loop *loop;
    struct km_arena *arena;
    struct km_audit audit;
    struct km_facts_reader reader;
    int64_t expired_ms; /* when executions of jobs were looked at */
    struct km_invocation *invocations;
};

/* ---- what operations ask for ---- */

const struct km_control_config *km_control_config(const struct km_control *control)
{
    return &control->config;
}

const struct km_crypto *km_control_crypto(const struct km_control *control)
{
    return control->config.crypto;
}

bool km_control_has_brokers(const struct km_control_config *config, const char *account)
{
    return config->account != NULL && strcmp(config->account, account) == 0;
}

struct km_facts_reader *km_control_reader(struct km_control *control, const char *account)
{
    control->reader.account = account;
    return &control->reader;
}

struct km_loop *km_control_loop(const struct km_control *control)
{
    return control->loop;
}

struct km_invocation **km_control_invocations(struct km_control *control)
{
    return &control->invocations;
}

int64_t km_control_now_ms(const struct km_control *control)
{
    const struct km_registry_source *source = &control->config.source;
    struct timespec now = {0};
    if (source->now_ms != NULL)
        return source->now_ms(source->arg);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void km_control_uuid(const struct km_control *control, char ret[KM_REGISTRY_UUID_LEN + 1])
{
    const struct km_registry_source *source = &control->config.source;
    struct km_uuid uuid = {0};
    if (source->random != NULL)
        source->random(source->arg, KM_SPAN(uuid.octet, sizeof(uuid.octet)));
    else if (getentropy(uuid.octet, sizeof(uuid.octet)) != 0)
        abort(); /* the kernel has no excuse for so few octets */
    uuid.octet[6] = (uint8_t)((uuid.octet[6] & 0x0fu) | 0x40u);
    uuid.octet[8] = (uint8_t)((uuid.octet[8] & 0x3fu) | 0x80u);
    km_uuid_format(&uuid, ret);
}

/* ---- one call ---- */

static km_status check_fault(struct km_call *call)
{
    switch (call->request->fault) {
    case KM_HTTP_OK:
        return KM_OK;
    case KM_HTTP_TOO_LARGE:
        return km_call_fail(call, KM_X_REQUEST_ENTITY_TOO_LARGE, "the body is too large");
    case KM_HTTP_TOO_MANY:
        return km_call_fail(call, KM_X_INVALID_REQUEST, "more than %d headers",
                            KM_HTTP_HEADERS_MAX);
    case KM_HTTP_BUSY:
        return KM_FAIL(&call->err, KM_E_DEAD, "no memory for the body just now");
    }
    return KM_OK;
}

static struct km_audit_event audit_of(const struct km_call *call, km_status status)
{
    struct km_audit_event event = {
        .time_ms = call->now_ms,
        .operation = call->op != NULL ? call->op->name : "Unknown",
        .status = km_reply_status(call, status),
        .is_success = status == KM_OK,
    };
    km_copy(event.account, KM_ACCOUNT_LEN, call->account, strlen(call->account));
    km_copy(event.principal, KM_PRINCIPAL_NAME_MAX, call->principal, strlen(call->principal));
    km_copy(event.request_id, KM_REGISTRY_UUID_LEN, call->request_id, strlen(call->request_id));
    const char *certificate = call->credential != NULL ? call->credential->certificate
                              : call->identity != NULL ? call->identity->certificate
                                                       : NULL;
    if (certificate != NULL)
        km_copy(event.certificate, KM_CERTIFICATE_ID_LEN, certificate, strlen(certificate));
    size_t len = strlen(call->request->address);
    km_copy(event.address, KM_EVENT_ADDRESS_MAX, call->request->address,
            len < KM_EVENT_ADDRESS_MAX ? len : KM_EVENT_ADDRESS_MAX);
    if (status == KM_OK)
        return event;
    event.exception = km_exception_form(km_reply_exception(call, status))->name;
    km_copy(event.reason, KM_ERR_TEXT_MAX, call->err.text, sizeof(call->err.text));
    return event;
}

/* run_whole: what an operation reads and answers may lack what there was no memory for; then it has not taken place. */
static km_status run_whole(struct km_call *call, km_status (*run)(struct km_call *call, void *arg),
                           void *arg)
{
    KM_TRY(run(call, arg));
    if (!call->is_later && km_json_n_short() != call->n_short)
        return KM_FAIL(&call->err, KM_E_NOMEM, "memory for JSON");
    return KM_OK;
}

static km_status run_operation(struct km_call *call, void *arg)
{
    (void)arg;
    return call->op->run(call);
}

/* What it changes and the event that says so are there both, or neither. */
static km_status run_in_transaction(struct km_call *call)
{
    KM_REG(call, km_registry_begin(call->reg));
    km_status status = run_whole(call, run_operation, NULL);
    if (status == KM_OK) {
        const struct km_audit_event event = audit_of(call, KM_OK);
        status = km_call_registry(call, km_audit_write(call->reg, &event));
    }
    if (status == KM_OK)
        status = km_call_registry(call, km_registry_commit(call->reg));
    if (status != KM_OK)
        (void)km_registry_rollback(call->reg);
    return status;
}

/* authenticate: by the signature, or by the identity that somebody vouches for. */
static km_status authenticate(struct km_call *call, struct km_sigv4_who *ret_who)
{
    const struct km_control_identity *identity = call->identity;
    if (identity == NULL)
        return km_auth_check(call, ret_who);
    km_copy(call->account, KM_ACCOUNT_LEN, identity->account, strlen(identity->account));
    if (identity->principal != NULL)
        km_copy(call->principal, KM_PRINCIPAL_NAME_MAX, identity->principal,
                strlen(identity->principal));
    return identity->admit != NULL ? identity->admit(call, identity->arg) : KM_OK;
}

static bool is_open(const struct km_operation *op, const struct km_control_identity *identity,
                    const struct km_sigv4_who *who)
{
    return identity != NULL ? (identity->services & (1u << op->service)) != 0
                            : km_auth_is_signed_for(op->service, who);
}

/* choose: of services that share a path the one that is asked; if it is none of them, the first will say so. */
static void choose(struct km_call *call, const struct km_sigv4_who *who,
                   struct km_slice parts[KM_TARGET_PARTS_MAX])
{
    const struct km_operation *op = call->op;
    struct km_slice found[KM_TARGET_PARTS_MAX] = {0};
    while (op != NULL && !is_open(op, call->identity, who))
        op = km_operation_find(call->request->method, call->target.path, op, found);
    if (op == NULL || op == call->op)
        return;
    call->op = op;
    for (size_t i = 0; i < KM_TARGET_PARTS_MAX; i++)
        parts[i] = found[i];
}

static km_status check_scope(struct km_call *call, const struct km_sigv4_who *who)
{
    const struct km_control_identity *identity = call->identity;
    if (identity == NULL)
        return km_auth_check_scope(call, who);
    if (!is_open(call->op, identity, who))
        return km_call_fail(call, KM_X_ACCESS_DENIED, "%s is not open to %s", call->op->name,
                            identity->principal != NULL ? identity->principal : "devices");
    return KM_OK;
}

static km_status check_permit(struct km_call *call)
{
    const struct km_control_identity *identity = call->identity;
    if (call->credential != NULL)
        return km_device_permit_signed(call);
    return identity != NULL && identity->permit != NULL ? identity->permit(call, identity->arg)
                                                        : KM_OK;
}

static km_status run(struct km_call *call, uint8_t *path_room)
{
    struct km_slice parts[KM_TARGET_PARTS_MAX] = {0};
    struct km_sigv4_who who = {0};
    if (!km_target_split(call->request->target, KM_SPAN(path_room, KM_TARGET_MAX), &call->target))
        return km_call_fail(call, KM_X_INVALID_REQUEST, "the target of the request is not a path");
    call->op = km_operation_find(call->request->method, call->target.path, NULL, parts);
    KM_TRY(check_fault(call));
    KM_TRY(authenticate(call, &who));
    if (call->op == NULL)
        return km_call_fail(call, KM_X_UNKNOWN_OPERATION,
                            "there is no operation with this method and path");
    choose(call, &who, parts);
    KM_TRY(check_scope(call, &who));
    KM_TRY(km_inputs_take(call, parts));
    KM_TRY(check_permit(call));
    if ((call->op->flags & KM_OP_CHANGES) != 0)
        return run_in_transaction(call);
    return run_whole(call, run_operation, NULL);
}

void km_control_tell_brokers(const struct km_control *control)
{
    int64_t generation = 0;
    if (control->config.buses != NULL &&
        km_registry_generation(control->config.registry, &generation) == KM_OK)
        km_buses_changed(control->config.buses, generation);
}

/* end: audit, answer, and everything that the call held. */
static void end(struct km_call *call, km_status status)
{
    struct km_control *control = call->control;
    bool has_changed = status == KM_OK && (call->op->flags & KM_OP_CHANGES) != 0;
    if (!call->is_later) {
        const struct km_audit_event event = audit_of(call, status);
        if (!has_changed)
            km_audit_keep(&control->audit, control->config.registry, &event);
        if (event.status >= 500)
            km_log_err(KM_LOG_ERROR, &call->err, event.operation);
        km_reply_send(call, status);
    }
    json_decref(call->body);
    json_decref(call->reply);
    json_decref(call->error_members);
    km_arena_reset(control->arena);
    if (has_changed)
        km_control_tell_brokers(control);
}

static struct km_call call_of(struct km_control *control, struct km_http_exchange *exchange,
                              const struct km_http_request *request)
{
    return (struct km_call){
        .control = control,
        .reg = control->config.registry,
        .arena = control->arena,
        .request = request,
        .exchange = exchange,
        .region = control->config.region,
        .now_ms = km_control_now_ms(control),
        .n_short = km_json_n_short(),
    };
}

void km_control_serve_as(struct km_control *control, struct km_http_exchange *exchange,
                         const struct km_http_request *request,
                         const struct km_control_identity *identity)
{
    uint8_t path_room[KM_TARGET_MAX] = {0};
    struct km_call call = call_of(control, exchange, request);
    call.identity = identity;
    km_control_uuid(control, call.request_id);
    end(&call, run(&call, path_room));
}

static void serve(void *arg, struct km_http_exchange *exchange,
                  const struct km_http_request *request)
{
    km_control_serve_as(arg, exchange, request, NULL);
}

/* ---- calls that are answered later ---- */

struct km_later {
    struct km_control *control;
    struct km_http_exchange *exchange;
    const struct km_operation *op;
    char account[KM_ACCOUNT_LEN + 1];
    char principal[KM_PRINCIPAL_NAME_MAX + 1];
    char request_id[KM_REGISTRY_UUID_LEN + 1];
    char address[KM_HTTP_ADDRESS_MAX];
};

km_status km_later_new(struct km_call *call, struct km_later **ret)
{
    struct km_later *later = calloc(1, sizeof(*later));
    if (later == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "call that is answered later");
    later->control = call->control;
    later->exchange = call->exchange;
    later->op = call->op;
    km_copy(later->account, sizeof(later->account), call->account, sizeof(call->account));
    km_copy(later->principal, sizeof(later->principal), call->principal, sizeof(call->principal));
    km_copy(later->request_id, sizeof(later->request_id), call->request_id,
            sizeof(call->request_id));
    km_copy(later->address, sizeof(later->address) - 1, call->request->address,
            strlen(call->request->address));
    *ret = later;
    return KM_OK;
}

void km_later_finish(struct km_later *later, km_status (*fill)(struct km_call *call, void *arg),
                     void *arg)
{
    const struct km_http_request request = {.address = later->address};
    struct km_call call = call_of(later->control, later->exchange, &request);
    call.op = later->op;
    km_copy(call.account, sizeof(call.account), later->account, sizeof(later->account));
    km_copy(call.principal, sizeof(call.principal), later->principal, sizeof(later->principal));
    km_copy(call.request_id, sizeof(call.request_id), later->request_id, sizeof(later->request_id));
    end(&call, run_whole(&call, fill, arg));
    km_later_drop(later);
}

void km_later_drop(struct km_later *later)
{
    free(later);
}

static size_t body_max(void *arg, struct km_slice method, struct km_slice target)
{
    const size_t len = sizeof(FUNCTIONS_PATH) - 1;
    (void)arg;
    (void)method;
    bool is_function =
        target.len > len && km_slice_equal(KM_SLICE(target.ptr, len), KM_SLICE_STR(FUNCTIONS_PATH));
    return is_function ? KM_CALL_ZIP_MAX : KM_CALL_BODY_MAX;
}

/* ---- life ---- */

static void control_freep(struct km_control **control)
{
    km_control_free(*control);
}

km_status km_control_new(struct km_err *err, struct km_loop *loop,
                         const struct km_control_config *config, struct km_control **ret)
{
    KM_AUTO(control_freep) struct km_control *control = calloc(1, sizeof(*control));
    if (control == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "control plane");
    control->config = *config;
    control->loop = loop;
    control->arena = km_arena_new(KM_CALL_ARENA_MAX);
    control->reader.registry = config->registry;
    control->reader.arena = km_arena_new(READER_ARENA_MAX);
    if (control->arena == NULL || control->reader.arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "arena");
    *ret = km_steal(&control);
    return KM_OK;
}

void km_control_free(struct km_control *control)
{
    if (control == NULL)
        return;
    km_invocations_drop(&control->invocations);
    km_audit_flush(&control->audit, control->config.registry);
    km_arena_free(control->arena);
    km_shelf_clear(&control->reader.shelf);
    km_arena_free(control->reader.arena);
    free(control);
}

struct km_http_service km_control_service(struct km_control *control)
{
    return (struct km_http_service){.body_max = body_max, .serve = serve, .arg = control};
}

/* Brokers do this too; who has none still sees how things are. */
static void expire(struct km_control *control)
{
    bool more = false;
    int64_t now_ms = km_loop_now_ms();
    if (now_ms - control->expired_ms < EXPIRE_EVERY_MS)
        return;
    control->expired_ms = now_ms;
    if (km_registry_job_tick(control->config.registry, &more) != KM_OK)
        km_log_err(KM_LOG_ERROR, km_registry_err(control->config.registry), "time of jobs");
    if (more)
        control->expired_ms = now_ms - EXPIRE_EVERY_MS;
}

void km_control_tick(struct km_control *control)
{
    km_audit_tick(&control->audit, control->config.registry);
    expire(control);
}
