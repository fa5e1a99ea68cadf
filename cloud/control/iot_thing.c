/* SPDX-License-Identifier: Apache-2.0 */
/* Things, and the certificates that stand for them. */
#include <string.h>

#include "cloud/control/attributes.h"
#include "cloud/control/certificate.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/control/told.h"

/* ---- things ---- */

static km_status check_type_name(struct km_call *call, const char *name)
{
    if (name != NULL && !km_inputs_name_is("thingTypeName", name))
        return km_call_fail(call, KM_X_NONE,
                            "thingTypeName has characters or a length it may not have");
    return KM_OK;
}

/* Its content is another matter than its limits: too many attributes are the caller's mistake. */
static km_status thing_status(struct km_call *call, km_status status)
{
    if (status == KM_E_STATE || status == KM_E_LIMIT)
        return km_call_as(call, status, status, KM_X_INVALID_REQUEST);
    return km_call_registry(call, status);
}

static bool read_thing(struct km_call *call, struct km_registry_thing *ret)
{
    return km_registry_thing_get(call->reg, call->arena, call->account, call->parts[0], ret) ==
           KM_OK;
}

static void tell(struct km_call *call, enum km_told what)
{
    struct km_registry_thing thing = {0};
    if (km_told_is_wanted(call, "THING") && read_thing(call, &thing))
        km_told_thing(call, what, &thing);
}

static km_status create_thing(struct km_call *call)
{
    struct km_registry_thing before = {0};
    struct km_attributes attributes = {0};
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const char *type = km_call_text(call, "thingTypeName");
    KM_TRY(check_type_name(call, type));
    KM_TRY(km_attributes_take(call, km_call_member(call, "attributePayload"), &attributes));
    const struct km_registry_thing_new new = {.name = call->parts[0],
                                              .type = type,
                                              .attributes = attributes.items,
                                              .n_attributes = attributes.n};
    bool was_there = read_thing(call, &before);
    KM_TRY(thing_status(call, km_registry_thing_create(call->reg, call->account, &new, id)));
    if (!was_there)
        tell(call, KM_TOLD_CREATED);
    return km_call_reply(call,
                         json_pack("{s:s, s:s*, s:s}", "thingName", call->parts[0], "thingArn",
                                   km_call_arn(call, "thing", call->parts[0]), "thingId", id));
}

static km_status describe_thing(struct km_call *call)
{
    struct km_registry_thing thing = {0};
    KM_REG(call,
           km_registry_thing_get(call->reg, call->arena, call->account, call->parts[0], &thing));
    return km_call_reply(call, json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:o, s:I}", "defaultClientId",
                                         thing.name, "thingName", thing.name, "thingId", thing.id,
                                         "thingArn", km_call_arn(call, "thing", thing.name),
                                         "thingTypeName", thing.type, "attributes",
                                         km_attributes_json(thing.attributes, thing.n_attributes),
                                         "version", (json_int_t)thing.version));
}

static km_status update_thing(struct km_call *call)
{
    struct km_attributes attributes = {0};
    struct km_registry_thing_update update = {
        .expected_version = km_call_number(call, "expectedVersion", 0),
        .type = km_call_text(call, "thingTypeName"),
        .removes_type = km_call_is(call, "removeThingType"),
    };
    if (update.removes_type && update.type != NULL)
        return km_call_fail(call, KM_X_NONE, "thingTypeName or removeThingType, not both");
    KM_TRY(check_type_name(call, update.type));
    KM_TRY(km_attributes_take(call, km_call_member(call, "attributePayload"), &attributes));
    update.sets_attributes = attributes.is_there;
    update.merges = attributes.merges;
    update.attributes = attributes.items;
    update.n_attributes = attributes.n;
    KM_TRY(thing_status(
        call, km_registry_thing_update(call->reg, call->account, call->parts[0], &update)));
    tell(call, KM_TOLD_UPDATED);
    return KM_OK;
}

static km_status delete_thing(struct km_call *call)
{
    int64_t expected = km_call_query_number(call, "expectedVersion", 0);
    struct km_registry_thing before = {0};
    bool tells = km_told_is_wanted(call, "THING") && read_thing(call, &before);
    km_status status = km_registry_thing_delete(call->reg, call->account, call->parts[0], expected);
    if (status == KM_E_BUSY)
        return km_call_fail(call, KM_X_INVALID_REQUEST,
                            "Cannot delete. Thing %s is still attached to one or more principals",
                            call->parts[0]);
    KM_REG(call, status);
    if (tells)
        km_told_thing(call, KM_TOLD_DELETED, &before);
    return km_call_reply(call, json_object());
}

static km_status list_things(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_thing_list list = {0};
    const struct km_registry_thing_filter filter = {
        .type = km_call_query(call, "thingTypeName"),
        .attribute_name = km_call_query(call, "attributeName"),
        .attribute_value = km_call_query(call, "attributeValue"),
        .is_prefix = km_call_query_is(call, "usePrefixAttributeValue"),
    };
    if (filter.attribute_value != NULL && filter.attribute_name == NULL)
        return km_call_fail(call, KM_X_NONE, "attributeValue needs attributeName");
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_thing_list(call->reg, call->arena, call->account, &filter, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        const struct km_registry_thing *thing = &list.items[i];
        (void)json_array_append_new(
            items,
            json_pack("{s:s, s:s*, s:s*, s:o, s:I}", "thingName", thing->name, "thingTypeName",
                      thing->type, "thingArn", km_call_arn(call, "thing", thing->name),
                      "attributes", km_attributes_json(thing->attributes, thing->n_attributes),
                      "version", (json_int_t)thing->version));
    }
    return km_call_reply(call, json_pack("{s:o, s:s*}", "things", items, "nextToken", list.next));
}

/* ---- principals ---- */

static km_status principal_of(struct km_call *call, const char **ret)
{
    return km_certificate_principal(call, km_call_header(call, "x-amzn-principal"), ret);
}

static km_status attach_principal(struct km_call *call)
{
    const char *id = NULL;
    KM_TRY(principal_of(call, &id));
    KM_REG(call, km_registry_thing_attach(call->reg, call->account, call->parts[0], id));
    return km_call_reply(call, json_object());
}

static km_status detach_principal(struct km_call *call)
{
    const char *id = NULL;
    KM_TRY(principal_of(call, &id));
    KM_REG(call, km_registry_thing_detach(call->reg, call->account, call->parts[0], id));
    return km_call_reply(call, json_object());
}

static km_status list_principals(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_thing_principals(call->reg, call->arena, call->account, call->parts[0],
                                              &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(items, json_string(km_call_arn(call, "cert", list.names[i])));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "principals", items, "nextToken", list.next));
}

static km_status list_principal_things(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    const char *id = NULL;
    KM_TRY(principal_of(call, &id));
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_thing_of_principal(call->reg, call->arena, call->account, id, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(items, json_string(list.names[i]));
    return km_call_reply(call, json_pack("{s:o, s:s*}", "things", items, "nextToken", list.next));
}

#define THING "/things/{thingName}"
#define PRINCIPAL "x-amzn-principal!:s"
#define PAGE "nextToken:s maxResults:i"

static const struct km_operation rows[] = {
    {"CreateThing", KM_SERVICE_IOT, "POST", THING, NULL, NULL,
     "thingTypeName:s attributePayload:o billingGroupName:s", KM_OP_CHANGES, create_thing},
    {"DescribeThing", KM_SERVICE_IOT, "GET", THING, NULL, NULL, NULL, 0, describe_thing},
    {"UpdateThing", KM_SERVICE_IOT, "PATCH", THING, NULL, NULL,
     "thingTypeName:s attributePayload:o expectedVersion:i removeThingType:b", KM_OP_CHANGES,
     update_thing},
    {"DeleteThing", KM_SERVICE_IOT, "DELETE", THING, "expectedVersion:i", NULL, NULL, KM_OP_CHANGES,
     delete_thing},
    {"ListThings", KM_SERVICE_IOT, "GET", "/things",
     PAGE " attributeName:s attributeValue:s thingTypeName:s usePrefixAttributeValue:b", NULL, NULL,
     0, list_things},
    {"AttachThingPrincipal", KM_SERVICE_IOT, "PUT", THING "/principals", NULL, PRINCIPAL, NULL,
     KM_OP_CHANGES, attach_principal},
    {"DetachThingPrincipal", KM_SERVICE_IOT, "DELETE", THING "/principals", NULL, PRINCIPAL, NULL,
     KM_OP_CHANGES, detach_principal},
    {"ListThingPrincipals", KM_SERVICE_IOT, "GET", THING "/principals", PAGE, NULL, NULL, 0,
     list_principals},
    {"ListPrincipalThings", KM_SERVICE_IOT, "GET", "/principals/things", PAGE, PRINCIPAL, NULL, 0,
     list_principal_things},
};

const struct km_operations km_iot_thing = {rows, KM_ARRAY_LEN(rows)};
