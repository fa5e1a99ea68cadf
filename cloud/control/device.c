/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/device.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/admission/rate.h"
#include "cloud/admission/recorded.h"
#include "cloud/admission/registration.h"
#include "cloud/control/buses.h"
#include "cloud/control/device_rights.h"
#include "cloud/registry/registry_event.h"
#include "common/km_file.h"
#include "common/km_log.h"

struct km_devices {
    struct km_control *control;
    const char *account;
    struct km_rate refusals;
};

/* One request. */
struct visit {
    struct km_devices *devices;
    const struct km_http_request *request;
    char certificate[KM_CERTIFICATE_ID_LEN + 1];
    struct km_facts *facts;
    struct km_policy_bound *bound;
    int64_t now_ms;
    /* What came of a contact. */
    char refusal[KM_ERR_TEXT_MAX];
    bool has_changed; /* the registry */
    char topic[KM_REGISTERED_TOPIC_CAP];
    char *payload; /* NULL: nobody is told */
};

static void visit_clear(struct visit *visit)
{
    km_policy_bound_free(visit->bound);
    km_facts_free(visit->facts);
    free(visit->payload);
}

static struct km_facts_reader *reader_of(const struct visit *visit)
{
    return km_control_reader(visit->devices->control, visit->devices->account);
}

/* ---- certificates that are not registered, or pending ---- */

static int64_t visit_now_ms(void *arg)
{
    const struct visit *visit = arg;
    return visit->now_ms;
}

/* That it is refused the audit of its call says. */
static void record(void *arg, const struct km_contact *contact,
                   const struct km_contact_record *record)
{
    struct visit *visit = arg;
    struct km_registry *registry = km_control_config(visit->devices->control)->registry;
    const struct km_registry_event event = {
        .time_ms = contact->time_ms,
        .account = visit->devices->account,
        .kind = record->kind,
        .is_success = record->is_success,
        .certificate_id = contact->certificate,
        .address = contact->address,
        .reason = record->reason,
    };
    if (strcmp(record->kind, "Connect") == 0) {
        size_t len = strlen(record->reason);
        km_copy(visit->refusal, sizeof(visit->refusal) - 1, record->reason,
                len < sizeof(visit->refusal) ? len : sizeof(visit->refusal) - 1);
        return;
    }
    visit->has_changed = true;
    const struct km_recorded what = {.certificate = event.certificate_id, .address = event.address};
    bool is_wanted = false;
    km_status status = km_recorded_ask(registry, event.account, &what, &is_wanted);
    if (status == KM_OK && is_wanted)
        status = km_registry_event_add(registry, &event);
    if (status != KM_OK)
        km_log_err(KM_LOG_WARNING, km_registry_err(registry), "can't record an event");
}

static void tell(void *arg, const char *topic, const char *payload)
{
    struct visit *visit = arg;
    km_copy(visit->topic, sizeof(visit->topic) - 1, topic, strlen(topic));
    visit->payload = strdup(payload);
}

static void warn(void *arg, const char *what, const char *why)
{
    (void)arg;
    km_log(KM_LOG_WARNING, "%s: %s", what, why);
}

/* To every broker, as what it has registered itself. */
static void publish(const struct visit *visit)
{
    const struct km_control_config *config = km_control_config(visit->devices->control);
    struct km_err err = {0};
    if (visit->has_changed)
        km_control_tell_brokers(visit->devices->control);
    if (visit->payload == NULL)
        return;
    const struct km_bus_frame frame = {.kind = KM_BUS_PUBLISH,
                                       .qos = 1,
                                       .topic = KM_SLICE_STR(visit->topic),
                                       .payload = KM_SLICE_STR(visit->payload)};
    if (km_buses_send(&err, config->buses, &frame) != KM_OK)
        km_log_err(KM_LOG_WARNING, &err, "can't tell of a registration");
}

static km_status take_contact(struct km_call *call, struct visit *visit)
{
    const struct km_facts_reader *reader = reader_of(visit);
    const struct km_registrar registrar = {.registry = reader->registry,
                                           .arena = reader->arena,
                                           .account = reader->account,
                                           .now_ms = visit_now_ms,
                                           .record = record,
                                           .tell = tell,
                                           .warn = warn,
                                           .arg = visit};
    const struct km_contact contact = {.der = visit->request->peer_der,
                                       .certificate = visit->certificate,
                                       .address = visit->request->address,
                                       .time_ms = visit->now_ms,
                                       .was_pending = visit->facts->is_known};
    KM_REG(call, km_registry_begin(reader->registry));
    km_registrar_take(&registrar, &contact);
    km_status status = km_registry_commit(reader->registry);
    if (status != KM_OK) {
        (void)km_registry_rollback(reader->registry);
        return km_call_registry(call, status);
    }
    publish(visit);
    return km_call_forbid(call,
                          visit->refusal[0] != '\0' ? visit->refusal : "it could not be looked at");
}

/* ---- who comes ---- */

static km_status admit_certificate(struct km_call *call, struct visit *visit)
{
    const struct km_device_who who = {.reader = reader_of(visit),
                                      .certificate = visit->certificate,
                                      .der = visit->request->peer_der};
    KM_TRY(km_device_look(call, who.der));
    KM_TRY(km_facts_read_state(&call->err, who.reader, who.certificate, &visit->facts));
    if (!visit->facts->is_known || visit->facts->status == KM_CERTIFICATE_PENDING_ACTIVATION)
        return take_contact(call, visit);
    KM_TRY(km_device_check_active(call, visit->facts));
    return km_device_bind(call, &who, visit->facts, &visit->bound);
}

static km_status admit(struct km_call *call, void *arg)
{
    struct visit *visit = arg;
    km_call_tell_more(call, json_pack("{s:s}", "traceId", call->request_id));
    if (visit->request->peer_der.len == 0) {
        call->account[0] = '\0'; /* nobody's */
        return km_call_fail(call, KM_X_MISSING_TOKEN, "missing client certificate");
    }
    km_status status = admit_certificate(call, visit);
    /* Beyond that it is a line of the log. */
    if (call->told != NULL &&
        !km_rate_use(&visit->devices->refusals, KM_REFUSALS_PER_S, 1, visit->now_ms))
        call->account[0] = '\0';
    return status;
}

static km_status permit(struct km_call *call, void *arg)
{
    const struct visit *visit = arg;
    return km_device_permit(call, visit->bound);
}

/* ---- requests ---- */

static void serve(void *arg, struct km_http_exchange *exchange,
                  const struct km_http_request *request)
{
    struct km_devices *devices = arg;
    KM_AUTO(visit_clear)
    struct visit visit = {
        .devices = devices, .request = request, .now_ms = km_control_now_ms(devices->control)};
    km_registry_certificate_id(request->peer_der, visit.certificate);
    const struct km_control_identity identity = {.account = devices->account,
                                                 .services = KM_DEVICE_SERVICES,
                                                 .certificate = visit.certificate,
                                                 .admit = admit,
                                                 .permit = permit,
                                                 .arg = &visit};
    km_control_serve_as(devices->control, exchange, request, &identity);
}

static size_t body_max(void *arg, struct km_slice method, struct km_slice target)
{
    (void)arg;
    (void)method;
    (void)target;
    return KM_DEVICE_BODY_MAX;
}

/* ---- life ---- */

km_status km_devices_new(struct km_err *err, struct km_control *control, struct km_devices **ret)
{
    const struct km_control_config *config = km_control_config(control);
    struct km_devices *devices = calloc(1, sizeof(*devices));
    if (devices == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "endpoint for devices");
    devices->control = control;
    devices->account = config->account;
    *ret = devices;
    return KM_OK;
}

void km_devices_free(struct km_devices *devices)
{
    free(devices);
}

struct km_http_service km_devices_service(struct km_devices *devices)
{
    return (struct km_http_service){.body_max = body_max, .serve = serve, .arg = devices};
}
