/* SPDX-License-Identifier: Apache-2.0 */
/* What is the account's as a whole: the endpoint, and which events of the registry are published. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/operations.h"
#include "cloud/control/told.h"

#define EVENTS_MAX 4096

static km_status describe_endpoint(struct km_call *call)
{
    static const char *const types[] = {"iot:Data", "iot:Data-ATS", "iot:CredentialProvider",
                                        "iot:Jobs", "iot:DeviceAdvisor"};
    const char *type = km_call_query(call, "endpointType");
    bool is_known = type == NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(types) && !is_known; i++)
        is_known = strcmp(types[i], type) == 0;
    if (!is_known)
        return km_call_fail(call, KM_X_NONE, "endpointType '%.40s' is not known", type);
    return km_call_reply(
        call, json_pack("{s:s}", "endpointAddress", km_control_config(call->control)->endpoint));
}

/* ---- events ---- */

static const char *const event_types[] = {
    "THING",
    "THING_GROUP",
    "THING_TYPE",
    "THING_GROUP_MEMBERSHIP",
    "THING_GROUP_HIERARCHY",
    "THING_TYPE_ASSOCIATION",
    "JOB",
    "JOB_EXECUTION",
    "POLICY",
    "CERTIFICATE",
    "CA_CERTIFICATE",
};

static bool is_event_type(const char *name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(event_types); i++) {
        if (strcmp(event_types[i], name) == 0)
            return true;
    }
    return false;
}

/* All of them, off unless they were turned on. Returned owned. */
static km_status stored_events(struct km_call *call, json_t **ret)
{
    const char *text = NULL;
    json_t *stored = NULL;
    km_status status =
        km_registry_setting_get(call->reg, call->arena, call->account, KM_SETTING_EVENTS, &text);
    if (status != KM_E_NOTFOUND)
        KM_REG(call, status);
    if (status == KM_OK && text != NULL)
        KM_TRY(km_json_object(&call->err, KM_SLICE_STR(text), KM_CALL_JSON_DEPTH_MAX, &stored));
    json_t *all = stored != NULL ? stored : json_object();
    for (size_t i = 0; i < KM_ARRAY_LEN(event_types); i++) {
        if (json_object_get(all, event_types[i]) == NULL)
            (void)json_object_set_new(all, event_types[i], json_pack("{s:b}", "Enabled", 0));
    }
    *ret = all;
    return all != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "event configurations");
}

bool km_told_is_wanted(struct km_call *call, const char *type)
{
    KM_AUTO(km_json_unref) json_t *events = NULL;
    return stored_events(call, &events) == KM_OK &&
           json_is_true(json_object_get(json_object_get(events, type), "Enabled"));
}

static km_status describe_events(struct km_call *call)
{
    json_t *events = NULL;
    KM_TRY(stored_events(call, &events));
    return km_call_reply(call, json_pack("{s:o}", "eventConfigurations", events));
}

static km_status update_events(struct km_call *call)
{
    KM_AUTO(km_json_unref) json_t *events = NULL;
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    json_t *wanted = km_call_member(call, "eventConfigurations");
    const char *name = NULL;
    json_t *value = NULL;
    KM_TRY(stored_events(call, &events));
    json_object_foreach(wanted, name, value)
    {
        const json_t *enabled = json_object_get(value, "Enabled");
        if (!is_event_type(name) || (enabled != NULL && !json_is_boolean(enabled)))
            return km_call_fail(call, KM_X_NONE,
                                "eventConfigurations.%.40s is not known or not {\"Enabled\": bool}",
                                name);
        (void)json_object_set_new(events, name,
                                  json_pack("{s:b}", "Enabled", (int)json_is_true(enabled)));
    }
    KM_TRY(km_json_print(&call->err, events, EVENTS_MAX, &text));
    KM_REG(call, km_registry_setting_set(call->reg, call->account, KM_SETTING_EVENTS, text.ptr));
    return km_call_reply(call, json_object());
}

static const struct km_operation rows[] = {
    {"DescribeEndpoint", KM_SERVICE_IOT, "GET", "/endpoint", "endpointType:s", NULL, NULL, 0,
     describe_endpoint},
    {"DescribeEventConfigurations", KM_SERVICE_IOT, "GET", "/event-configurations", NULL, NULL,
     NULL, 0, describe_events},
    {"UpdateEventConfigurations", KM_SERVICE_IOT, "PATCH", "/event-configurations", NULL, NULL,
     "eventConfigurations!:o", KM_OP_CHANGES, update_events},
};

const struct km_operations km_iot_account = {rows, KM_ARRAY_LEN(rows)};
