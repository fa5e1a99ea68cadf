/* SPDX-License-Identifier: Apache-2.0 */
/* The data endpoint: messages and shadows over HTTP. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/common/topic.h"
#include "cloud/control/buses.h"
#include "cloud/control/operations.h"
#include "cloud/registry/registry_shadow.h"
#include "cloud/shadowstore/shadow_store.h"

static km_status send(struct km_call *call, struct km_slice topic, struct km_slice payload,
                      int64_t qos, bool retain)
{
    const struct km_bus_frame frame = {
        .kind = KM_BUS_PUBLISH,
        .qos = (uint8_t)qos,
        .retain = retain,
        .topic = topic,
        .payload = payload,
    };
    const struct km_control_config *config = km_control_config(call->control);
    if (!km_control_has_brokers(config, call->account))
        return KM_FAIL(&call->err, KM_E_DEAD, "no broker serves account %s", call->account);
    return km_buses_send(&call->err, config->buses, &frame);
}

/* ---- shadows ---- */

/* An accepted request is told over MQTT too, a rejected one is not. What is stored is stored, whether or not a broker is there. */
static void tell(struct km_call *call, const struct km_shadow_id *id,
                 const struct km_shadow_result *result)
{
    const struct km_control_config *config = km_control_config(call->control);
    size_t n = km_control_has_brokers(config, call->account) ? result->n_outputs : 0;
    for (size_t i = 0; i < n; i++) {
        char topic[KM_SHADOW_TOPIC_CAP] = {0};
        size_t len = km_shadow_topic_write(id, result->outputs[i].kind, topic);
        struct km_err err = {0};
        const struct km_bus_frame frame = {
            .kind = KM_BUS_PUBLISH,
            .qos = 1,
            .topic = KM_SLICE(topic, len),
            .payload = KM_SLICE(result->outputs[i].json.ptr, result->outputs[i].json.len),
        };
        (void)km_buses_send(&err, config->buses, &frame);
    }
}

static km_status rejected(struct km_call *call, const struct km_shadow_id *id,
                          enum km_shadow_reason reason)
{
    char message[KM_SHADOW_MESSAGE_CAP] = "";
    km_shadow_message(reason, id, message);
    return km_call_fail(call, km_exception_of_shadow(km_shadow_reason_code(reason)), "%s", message);
}

static km_status serve_shadow(struct km_call *call, const struct km_shadow_id *id,
                              enum km_shadow_kind kind)
{
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    const struct km_shadow_request request = {
        .id = id,
        .kind = kind,
        .payload = kind == KM_SHADOW_UPDATE ? call->request->body : (struct km_slice){0},
        .now_s = call->now_ms / 1000,
    };
    KM_TRY(km_shadow_store_apply(&call->err, call->reg, call->account, &request, &result));
    if (result.reason != KM_SHADOW_ACCEPTED)
        return rejected(call, id, result.reason);
    if (kind != KM_SHADOW_GET)
        tell(call, id, &result);
    const char *body = km_arena_text(
        call->arena, KM_SLICE(result.outputs[0].json.ptr, result.outputs[0].json.len));
    if (body == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "answer");
    call->raw = KM_SLICE(body, result.outputs[0].json.len);
    return KM_OK;
}

static km_status by_path(struct km_call *call, enum km_shadow_kind kind)
{
    struct km_shadow_id id = {0};
    const char *name = km_call_query(call, "name");
    if (!km_shadow_id_init(KM_SLICE_STR(call->parts[0]), KM_SLICE_STR(name != NULL ? name : ""),
                           &id))
        return km_call_fail(call, KM_X_NONE,
                            "the shadow's name has characters or a length it may "
                            "not have");
    return serve_shadow(call, &id, kind);
}

static km_status get_shadow(struct km_call *call)
{
    return by_path(call, KM_SHADOW_GET);
}

static km_status update_shadow(struct km_call *call)
{
    return by_path(call, KM_SHADOW_UPDATE);
}

static km_status delete_shadow(struct km_call *call)
{
    return by_path(call, KM_SHADOW_DELETE);
}

static km_status list_shadows(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    KM_TRY(km_call_page(call, "nextToken", "pageSize", &page));
    KM_REG(call, km_registry_shadow_names(call->reg, call->arena, call->account, call->parts[0],
                                          &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(items, json_string(list.names[i]));
    return km_call_reply(call,
                         json_pack("{s:o, s:I, s:s*}", "results", items, "timestamp",
                                   (json_int_t)(call->now_ms / 1000), "nextToken", list.next));
}

/* ---- publish ---- */

static km_status published(struct km_call *call)
{
    return km_call_reply(call,
                         json_pack("{s:s, s:s}", "message", "OK", "traceId", call->request_id));
}

/* A publish to a shadow's topic is a request to it, as it is over MQTT; whether it was granted is told there. */
static km_status request_shadow(struct km_call *call, const struct km_shadow_id *id,
                                enum km_shadow_kind kind)
{
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    const struct km_shadow_request request = {
        .id = id, .kind = kind, .payload = call->request->body, .now_s = call->now_ms / 1000};
    KM_TRY(km_shadow_store_apply(&call->err, call->reg, call->account, &request, &result));
    tell(call, id, &result);
    return published(call);
}

/* Events are the service's own; below $ but not $aws nobody would get it. */
static bool is_reserved(struct km_slice topic)
{
    return topic.ptr[0] == '$' && (!km_topic_filter_matches(KM_SLICE_STR("$aws/#"), topic) ||
                                   km_topic_filter_matches(KM_SLICE_STR("$aws/events/#"), topic));
}

static km_status check_topic(struct km_call *call, struct km_slice topic)
{
    enum km_topic_fault fault = km_topic_name_check(topic);
    if (fault != KM_TOPIC_OK)
        return km_call_fail(call, KM_X_NONE, "the topic is %s", km_topic_fault_text(fault));
    if (is_reserved(topic))
        return km_call_fail(call, KM_X_FORBIDDEN, "the topic is reserved");
    if (topic.ptr[0] == '$' && km_call_query_is(call, "retain"))
        return km_call_fail(call, KM_X_NONE, "a message on a reserved topic can't be retained");
    return KM_OK;
}

static km_status publish(struct km_call *call)
{
    struct km_slice topic = KM_SLICE_STR(call->parts[0]);
    struct km_shadow_id id = {0};
    enum km_shadow_kind kind = KM_SHADOW_GET;
    int64_t qos = km_call_query_number(call, "qos", 0);
    KM_TRY(check_topic(call, topic));
    if (qos > 1)
        return km_call_fail(call, KM_X_NONE, "qos must be 0 or 1");
    if (call->request->body.len > KM_PAYLOAD_OCTETS_MAX)
        return km_call_fail(call, KM_X_REQUEST_ENTITY_TOO_LARGE,
                            "the payload has more than %u octets", KM_PAYLOAD_OCTETS_MAX);
    KM_TRY(send(call, topic, call->request->body, qos, km_call_query_is(call, "retain")));
    if (km_shadow_topic_parse(topic, &id, &kind) && km_shadow_is_request(kind))
        return request_shadow(call, &id, kind);
    return published(call);
}

#define SHADOW "/things/{thingName}/shadow"

static const struct km_operation rows[] = {
    {"GetThingShadow", KM_SERVICE_DATA, "GET", SHADOW, "name:s", NULL, NULL, 0, get_shadow},
    {"UpdateThingShadow", KM_SERVICE_DATA, "POST", SHADOW, "name:s", NULL, NULL, 0, update_shadow},
    {"DeleteThingShadow", KM_SERVICE_DATA, "DELETE", SHADOW, "name:s", NULL, NULL, 0,
     delete_shadow},
    {"ListNamedShadowsForThing", KM_SERVICE_DATA, "GET",
     "/api/things/shadow/ListNamedShadowsForThing/{thingName}", "nextToken:s pageSize:i", NULL,
     NULL, 0, list_shadows},
    {"Publish", KM_SERVICE_DATA, "POST", "/topics/{topic+}", "qos:i retain:b", NULL, NULL, 0,
     publish},
};

const struct km_operations km_iot_data = {rows, KM_ARRAY_LEN(rows)};
