/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/told.h"

#include <stdio.h>
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/attributes.h"
#include "cloud/control/buses.h"

#define TOPIC_CAP 256
#define EVENT_OCTETS_MAX 131072u /* fifty attributes are less than half of it */

static const struct {
    const char *topic, *operation;
} words[] = {
    [KM_TOLD_CREATED] = {"created", "CREATED"},
    [KM_TOLD_UPDATED] = {"updated", "UPDATED"},
    [KM_TOLD_DELETED] = {"deleted", "DELETED"},
};

/* Takes event, what is of its own kind; what all have is added. */
static void publish(struct km_call *call, const char *topic, json_t *event)
{
    KM_AUTO(km_json_unref) json_t *all = event;
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    struct km_err err = {0};
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const struct km_control_config *config = km_control_config(call->control);
    km_control_uuid(call->control, id);
    if (json_object_set_new(all, "eventId", json_string(id)) != 0 ||
        json_object_set_new(all, "timestamp", json_integer(call->now_ms)) != 0 ||
        json_object_set_new(all, "accountId", json_string(call->account)) != 0 ||
        km_json_print(&err, all, EVENT_OCTETS_MAX, &text) != KM_OK)
        return;
    const struct km_bus_frame frame = {.kind = KM_BUS_PUBLISH,
                                       .topic = KM_SLICE_STR(topic),
                                       .payload = KM_SLICE(text.ptr, text.len)};
    if (km_control_has_brokers(config, call->account))
        (void)km_buses_send(&err, config->buses, &frame);
}

void km_told_thing(struct km_call *call, enum km_told what, const struct km_registry_thing *thing)
{
    char topic[TOPIC_CAP] = "";
    (void)snprintf(topic, sizeof(topic), "$aws/events/thing/%s/%s", thing->name, words[what].topic);
    publish(call, topic,
            json_pack("{s:s, s:s, s:s, s:s, s:I, s:s?, s:o}", "eventType", "THING_EVENT",
                      "operation", words[what].operation, "thingId", thing->id, "thingName",
                      thing->name, "versionNumber", (json_int_t)thing->version, "thingTypeName",
                      thing->type, "attributes",
                      km_attributes_json(thing->attributes, thing->n_attributes)));
}

void km_told_thing_type(struct km_call *call, enum km_told what,
                        const struct km_registry_thing_type *type)
{
    char topic[TOPIC_CAP] = "";
    json_t *names = json_array();
    bool is_deprecated = type->deprecated_ms != 0;
    for (size_t i = 0; i < type->n_searchable; i++)
        (void)json_array_append_new(names, json_string(type->searchable[i]));
    (void)snprintf(topic, sizeof(topic), "$aws/events/thingType/%s/%s", type->name,
                   words[what].topic);
    publish(call, topic,
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:s?}", "eventType", "THING_TYPE_EVENT",
                      "operation", words[what].operation, "thingTypeId", type->id, "thingTypeName",
                      type->name, "isDeprecated", (int)is_deprecated, "deprecationDate",
                      is_deprecated ? json_integer(type->deprecated_ms) : json_null(),
                      "searchableAttributes", names, "description", type->description));
}
