/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/admission/rate.h"
#include "cloud/common/cbor.h"
#include "cloud/common/link.h"
#include "cloud/common/topic.h"
#include "cloud/control/issuer.h"
#include "cloud/provision/carry_out.h"
#include "cloud/provision/fleet_request.h"
#include "cloud/registry/registry_claim.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_rule.h"
#include "common/km_file.h"
#include "common/km_log.h"

#define NAME "provisioning"
#define ARENA_MAX ((size_t)1 << 20)
#define ID_NAME "AWS::IoT::Certificate::Id"
#define STATUS_THROTTLED 429
#define SHORT_ID 16 /* of a certificate's id, in sentences */

struct km_fleet {
    struct km_control *control;
    struct km_registry *registry;
    const char *account;
    struct links *links;
    struct km_arena *arena;
    struct km_rate requests;
    struct km_rate keys;
};

/* What is said to a device that gets nothing. */
struct rejection {
    unsigned status;
    const char *code;
    char message[KM_ERR_TEXT_MAX];
};

/* One request, under way. */
struct ask {
    struct km_fleet *fleet;
    const struct km_bus_frame *frame;
    struct km_fleet_topic topic;
    char client[KM_BUS_CLIENT_MAX + 1];
    char holder[KM_CERTIFICATE_ID_LEN + 1];
    char address[KM_BUS_ADDRESS_MAX + 1];
    int64_t now_ms;
    struct km_err err;
    struct rejection rejection; /* status 0: none yet */
    json_t *answer;             /* owned */
};

/* ---- failures ---- */

/* reject: the sentence of err, as this; keeps what was said first. */
static km_status reject(struct ask *ask, km_status status, unsigned number, const char *code)
{
    if (status == KM_OK || ask->rejection.status != 0)
        return status;
    ask->rejection.status = number;
    ask->rejection.code = code;
    km_copy(ask->rejection.message, sizeof(ask->rejection.message), ask->err.text,
            sizeof(ask->err.text));
    return status;
}

static km_status refuse(struct ask *ask, unsigned number, const char *code, const char *why)
{
    return reject(ask, KM_FAIL(&ask->err, KM_E_ARG, "%s", why), number, code);
}

/* What is of the device's making is told, with what was wrong; the rest is the log's. */
static km_status of_device(struct ask *ask, km_status status, const char *code)
{
    switch (status) {
    case KM_OK:
        return KM_OK;
    case KM_E_ARG:
    case KM_E_MALFORMED:
    case KM_E_UNSUPPORTED:
    case KM_E_LIMIT:
    case KM_E_NOTFOUND:
    case KM_E_EXISTS:
    case KM_E_STATE:
    case KM_E_STALE:
        return reject(ask, status, 400, code);
    case KM_E_AUTH:
    case KM_E_DENIED:
    case KM_E_BUSY:
    case KM_E_NOSPACE:
    case KM_E_TIMEOUT:
    case KM_E_CANCELLED:
    case KM_E_DEAD:
    case KM_E_NOMEM:
    case KM_E_CORRUPT:
    case KM_E_IO:
    case KM_E_INTERNAL:
        break;
    }
    return status;
}

static km_status of_registry(struct ask *ask, km_status status)
{
    if (status == KM_OK)
        return KM_OK;
    return KM_FAIL(&ask->err, status, "%s", km_registry_err(ask->fleet->registry)->text);
}
#define REG(ask, expr) KM_TRY(of_registry((ask), (expr)))

/* ---- what is recorded ---- */

static km_status record(const struct ask *ask, const char *kind, const char *certificate,
                        bool is_success, const char *reason)
{
    const struct km_registry_event event = {
        .time_ms = ask->now_ms,
        .account = ask->fleet->account,
        .kind = kind,
        .is_success = is_success,
        .client_id = ask->client,
        .certificate_id = certificate,
        .address = ask->address[0] != '\0' ? ask->address : NULL,
        .reason = reason,
    };
    return km_registry_event_add(ask->fleet->registry, &event);
}

/* What is written by body counts as a whole, or not at all. */
static km_status together(struct ask *ask, km_status (*body)(struct ask *ask, void *arg), void *arg)
{
    struct km_registry *registry = ask->fleet->registry;
    REG(ask, km_registry_begin(registry));
    km_status status = body(ask, arg);
    if (status == KM_OK)
        status = of_registry(ask, km_registry_commit(registry));
    if (status != KM_OK) {
        (void)km_registry_rollback(registry);
        return status;
    }
    km_control_tell_brokers(ask->fleet->control);
    return KM_OK;
}

/* ---- a certificate ---- */

struct made {
    struct km_x509 device;
    struct km_issuer_keys keys; /* empty: from a request */
    char id[KM_CERTIFICATE_ID_LEN + 1];
    char token[KM_CLAIM_TOKEN_LEN + 1];
};

static void made_clear(struct made *made)
{
    km_x509_clear(&made->device);
    km_issuer_keys_clear(&made->keys);
    km_wipe(made->token, sizeof(made->token));
}

static km_status register_made(struct ask *ask, void *arg)
{
    struct made *made = arg;
    char reason[128] = "";
    const struct km_registry_certificate_new new = {
        .der = made->device.der,
        .mode = KM_CA_SNI_ONLY, /* our own CA is no account's */
        .not_before_ms = made->device.not_before_ms,
        .not_after_ms = made->device.not_after_ms,
    };
    REG(ask, km_registry_claim_register(ask->fleet->registry, ask->fleet->account, &new,
                                        ask->holder, made->id, made->token));
    (void)snprintf(reason, sizeof(reason),
                   "made for a client with certificate %.*s..., it waits to be provisioned",
                   SHORT_ID, ask->holder);
    return of_registry(ask, record(ask, "Register", made->id, true, reason));
}

static km_status answer_made(struct ask *ask, const struct made *made)
{
    KM_AUTO(km_freep) char *pem = km_x509_pem(made->device.der);
    ask->answer = json_pack("{s:s, s:s, s:s, s:s*}", "certificateId", made->id, "certificatePem",
                            pem != NULL ? pem : "", "certificateOwnershipToken", made->token,
                            "privateKey", made->keys.private_pem);
    return ask->answer == NULL || pem == NULL ? KM_FAIL(&ask->err, KM_E_NOMEM, "answer") : KM_OK;
}

static km_status create(struct ask *ask, const struct km_fleet_request *request)
{
    const struct km_issuer *issuer = km_control_config(ask->fleet->control)->issuer;
    KM_AUTO(made_clear) struct made made = {0};
    if (request->csr == NULL) {
        if (!km_rate_use(&ask->fleet->keys, KM_FLEET_KEYS_PER_S, 1, ask->now_ms))
            return refuse(ask, STATUS_THROTTLED, "Throttled",
                          "too many key pairs at once, try again later");
        KM_TRY(km_issuer_make(&ask->err, issuer, ask->now_ms, 0, &made.device, &made.keys));
    } else {
        km_status status = km_issuer_sign(&ask->err, issuer, KM_SLICE_STR(request->csr),
                                          ask->now_ms, &made.device);
        if (status == KM_OK)
            status = km_x509_check_key(&ask->err, &made.device);
        KM_TRY(of_device(ask, status, "InvalidCertificateSigningRequest"));
    }
    KM_TRY(of_device(ask, together(ask, register_made, &made), "InvalidCertificateSigningRequest"));
    return answer_made(ask, &made);
}

/* ---- what a template gives ---- */

static km_status read_template(struct ask *ask, struct km_registry_template *ret)
{
    km_status status = km_registry_template_get(ask->fleet->registry, ask->fleet->arena,
                                                ask->fleet->account, ask->topic.template, ret);
    if (status == KM_E_NOTFOUND ||
        (status == KM_OK && (ret->type != KM_TEMPLATE_FLEET || !ret->is_enabled)))
        return refuse(ask, 404, "TemplateNotFound",
                      "there is no template of that name for a fleet that is enabled");
    return of_registry(ask, status);
}

struct provision {
    const struct km_fleet_request *request;
    const struct km_registry_template *template;
    struct km_template_plan plan;
    char id[KM_CERTIFICATE_ID_LEN + 1];
};

static km_status resolve(struct ask *ask, struct provision *provision)
{
    const struct km_fleet_request *request = provision->request;
    struct km_arena *arena = ask->fleet->arena;
    size_t n = request->n_parameters;
    struct km_template_pair *pairs = km_arena_array(arena, n + 1, sizeof(*pairs));
    if (pairs == NULL)
        return KM_FAIL(&ask->err, KM_E_NOMEM, "parameters");
    for (size_t i = 0; i < n; i++)
        pairs[i] = request->parameters[i];
    pairs[n] = (struct km_template_pair){ID_NAME, provision->id};
    KM_TRY(km_template_resolve(&ask->err, arena, KM_SLICE_STR(provision->template->body), pairs,
                               n + 1, &provision->plan));
    if (provision->plan.certificate_id == NULL ||
        strcmp(provision->plan.certificate_id, provision->id) != 0)
        return KM_FAIL(&ask->err, KM_E_MALFORMED, "the template is not for this certificate");
    return KM_OK;
}

static km_status carry_out(struct ask *ask, void *arg)
{
    struct provision *provision = arg;
    struct km_fleet *fleet = ask->fleet;
    char reason[KM_ERR_TEXT_MAX] = "";
    km_status status = km_registry_claim_take(
        fleet->registry, fleet->account, provision->request->token, ask->holder, provision->id);
    (void)of_registry(ask, status);
    if (status == KM_E_AUTH)
        return reject(ask, status, 400, "InvalidCertificateOwnershipToken");
    KM_TRY(status);
    KM_TRY(of_device(ask, resolve(ask, provision), "InvalidParameters"));
    KM_TRY(of_device(
        ask, km_provision_carry_out(&ask->err, fleet->registry, fleet->account, &provision->plan),
        "ResourceRegistrationFailure"));
    (void)snprintf(reason, sizeof(reason),
                   "provisioned by template %s for a client with certificate %.*s...",
                   ask->topic.template, SHORT_ID, ask->holder);
    return of_registry(ask, record(ask, "Provision", provision->id, true, reason));
}

static km_status answer_provisioned(struct ask *ask, const struct km_template_plan *plan)
{
    json_t *configuration = json_object();
    for (size_t i = 0; i < plan->n_configuration; i++)
        (void)json_object_set_new(configuration, plan->configuration[i].name,
                                  json_string(plan->configuration[i].value));
    ask->answer =
        json_pack("{s:o, s:s*}", "deviceConfiguration", configuration, "thingName", plan->thing);
    return ask->answer == NULL ? KM_FAIL(&ask->err, KM_E_NOMEM, "answer") : KM_OK;
}

static km_status provision(struct ask *ask, const struct km_fleet_request *request)
{
    struct km_registry_template template = {0};
    struct provision provision = {.request = request, .template = &template};
    KM_TRY(read_template(ask, &template));
    KM_TRY(together(ask, carry_out, &provision));
    return answer_provisioned(ask, &provision.plan);
}

/* ---- requests ---- */

static km_status read_request(struct ask *ask, struct km_fleet_request *ret)
{
    KM_AUTO(km_json_unref) json_t *object = NULL;
    const struct km_slice payload = ask->frame->payload;
    enum km_fleet_kind kind = ask->topic.kind;
    if (ask->topic.format == KM_FLEET_UNKNOWN)
        return KM_FAIL(&ask->err, KM_E_UNSUPPORTED, "of the formats json and cbor are served");
    if (ask->topic.format == KM_FLEET_JSON)
        return km_fleet_request_read(&ask->err, ask->fleet->arena, kind, payload, ret);
    if (kind != KM_FLEET_CREATE || payload.len > 0)
        KM_TRY(km_cbor_object(&ask->err, payload, KM_FLEET_DEPTH_MAX, &object));
    return km_fleet_request_take(&ask->err, ask->fleet->arena, kind, object, ret);
}

static km_status serve(struct ask *ask)
{
    struct km_fleet_request request = {0};
    km_arena_reset(ask->fleet->arena);
    if (!km_rate_use(&ask->fleet->requests, KM_FLEET_PER_S, 1, ask->now_ms))
        return refuse(ask, STATUS_THROTTLED, "Throttled",
                      "too many requests at once, try again later");
    KM_TRY(of_device(ask, read_request(ask, &request), "InvalidPayload"));
    return ask->topic.kind == KM_FLEET_PROVISION ? provision(ask, &request) : create(ask, &request);
}

static json_t *rejected(struct ask *ask, km_status status)
{
    static const struct rejection inside = {500, "InternalFailure", "something is wrong inside"};
    const struct rejection *rejection = ask->rejection.status != 0 ? &ask->rejection : &inside;
    if (rejection == &inside)
        km_log(KM_LOG_ERROR, "provisioning: %s: %s", km_status_name(status), ask->err.text);
    /* Of those there can be any number. */
    bool is_recorded = rejection->status != STATUS_THROTTLED;
    if (is_recorded && record(ask, "Provision", ask->holder, false, ask->err.text) != KM_OK)
        km_log_err(KM_LOG_WARNING, km_registry_err(ask->fleet->registry), "can't record an event");
    return json_pack("{s:i, s:s, s:s}", "statusCode", (int)rejection->status, "errorCode",
                     rejection->code, "errorMessage", rejection->message);
}

/* To the one who asked, at the broker that it asks. */
static void answer(struct ask *ask, const char *how, const json_t *json)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    char topic[KM_BUS_TOPIC_MAX] = "";
    struct km_err err = {0};
    (void)snprintf(topic, sizeof(topic), "%.*s/%s", (int)ask->frame->topic.len,
                   (const char *)ask->frame->topic.ptr, how);
    /* In the format that was asked in; who asked in none that is known can at least read this. */
    km_status status = ask->topic.format == KM_FLEET_CBOR
                           ? km_cbor_print(&err, json, KM_BUS_PAYLOAD_MAX, &text)
                           : km_json_print(&err, json, KM_BUS_PAYLOAD_MAX, &text);
    /* With QoS 0: it may hold a private key, and what waits for an acknowledgement a broker may write to its disk. */
    const struct km_bus_frame frame = {.kind = KM_BUS_PUBLISH,
                                       .topic = KM_SLICE_STR(topic),
                                       .client_id = ask->frame->client_id,
                                       .principal = ask->frame->principal,
                                       .payload = KM_SLICE(text.ptr, text.len)};
    if (status == KM_OK)
        status = links_answer(&err, ask->fleet->links, &frame);
    if (status != KM_OK)
        km_log_err(KM_LOG_WARNING, &err, "a device gets no answer");
    if (text.ptr != NULL)
        km_wipe(text.ptr, text.len); /* it may hold a private key */
}

static void copy_text(char *to, size_t cap, struct km_slice text)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    km_copy(to, cap, text.ptr, len);
    to[len] = '\0';
}

static void on_message(void *ctx, const struct km_bus_frame *frame)
{
    struct ask ask = {.fleet = ctx, .frame = frame};
    if (frame->principal.len == 0 || frame->client_id.len == 0 ||
        !km_fleet_topic_parse(frame->topic, &ask.topic))
        return;
    ask.now_ms = km_control_now_ms(ask.fleet->control);
    copy_text(ask.client, sizeof(ask.client), frame->client_id);
    copy_text(ask.holder, sizeof(ask.holder), frame->principal);
    copy_text(ask.address, sizeof(ask.address), frame->address);
    km_status status = serve(&ask);
    KM_AUTO(km_json_unref) json_t *json = status == KM_OK ? ask.answer : rejected(&ask, status);
    answer(&ask, status == KM_OK ? "accepted" : "rejected", json);
}

/* ---- life ---- */

static void on_note(void *ctx, const char *path, const struct km_err *failure, uint64_t n_lost)
{
    (void)ctx;
    if (failure != NULL)
        km_log(KM_LOG_WARNING, "provisioning: no broker at %s: %s", path, failure->text);
    else if (n_lost > 0)
        km_log(KM_LOG_WARNING, "provisioning: %llu requests at %s are lost",
               (unsigned long long)n_lost, path);
}

static void fleet_freep(struct km_fleet **fleet)
{
    km_fleet_free(*fleet);
}

km_status km_fleet_new(struct km_err *err, struct km_control *control, const char *const *paths,
                       size_t n_paths, struct km_fleet **ret)
{
    static const char *const filters[] = {
        "$aws/certificates/create/+",
        "$aws/certificates/create-from-csr/+",
        "$aws/provisioning-templates/+/provision/+",
    };
    const struct km_control_config *config = km_control_config(control);
    KM_AUTO(fleet_freep) struct km_fleet *fleet = calloc(1, sizeof(*fleet));
    if (fleet == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "provisioning");
    fleet->control = control;
    fleet->registry = config->registry;
    fleet->account = config->account;
    fleet->arena = km_arena_new(ARENA_MAX);
    if (fleet->arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "arena");
    const struct links_host host = {.ctx = fleet, .message = on_message, .note = on_note};
    KM_TRY(links_new(err, km_control_loop(control), NAME, paths, n_paths, &host, &fleet->links));
    links_serve(fleet->links, filters, KM_ARRAY_LEN(filters));
    *ret = km_steal(&fleet);
    return KM_OK;
}

void km_fleet_free(struct km_fleet *fleet)
{
    if (fleet == NULL)
        return;
    links_freep(&fleet->links);
    km_arena_free(fleet->arena);
    free(fleet);
}

void km_fleet_tick(struct km_fleet *fleet)
{
    links_tick(fleet->links);
}

int km_fleet_next_ms(const struct km_fleet *fleet)
{
    return links_next_ms(fleet->links);
}
