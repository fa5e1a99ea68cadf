/* SPDX-License-Identifier: Apache-2.0 */
/* Types of things. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/control/told.h"
#include "cloud/registry/registry_thing.h"

/* searchableAttributes as texts. */
static km_status searchable(struct km_call *call, const json_t *properties,
                            struct km_registry_thing_type_new *type)
{
    const json_t *list = json_object_get(properties, "searchableAttributes");
    size_t n = json_array_size(list);
    if (n > KM_SEARCHABLE_MAX)
        return km_call_fail(call, KM_X_NONE, "at most %d searchableAttributes", KM_SEARCHABLE_MAX);
    const char **names = km_arena_array(call->arena, n + 1, sizeof(*names));
    if (names == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "searchableAttributes");
    for (size_t i = 0; i < n; i++) {
        names[i] = json_string_value(json_array_get(list, i));
        if (names[i] == NULL || strlen(names[i]) > KM_ATTRIBUTE_NAME_MAX)
            return km_call_fail(call, KM_X_NONE, "searchableAttributes are names of attributes");
    }
    type->searchable = names;
    type->n_searchable = n;
    return KM_OK;
}

static bool read_type(struct km_call *call, struct km_registry_thing_type *ret)
{
    return km_registry_thing_type_get(call->reg, call->arena, call->account, call->parts[0], ret) ==
           KM_OK;
}

static void tell(struct km_call *call, enum km_told what)
{
    struct km_registry_thing_type type = {0};
    if (km_told_is_wanted(call, "THING_TYPE") && read_type(call, &type))
        km_told_thing_type(call, what, &type);
}

static km_status create_type(struct km_call *call)
{
    struct km_registry_thing_type before = {0};
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const json_t *properties = km_call_member(call, "thingTypeProperties");
    struct km_registry_thing_type_new type = {
        .name = call->parts[0],
        .description = json_string_value(json_object_get(properties, "thingTypeDescription")),
    };
    KM_TRY(searchable(call, properties, &type));
    bool was_there = read_type(call, &before);
    KM_REG(call, km_registry_thing_type_create(call->reg, call->account, &type, id));
    if (!was_there)
        tell(call, KM_TOLD_CREATED);
    KM_TRY(km_tags_keep(call, KM_TAGGED_THING_TYPE, type.name, NULL));
    return km_call_reply(call,
                         json_pack("{s:s, s:s*, s:s}", "thingTypeName", type.name, "thingTypeArn",
                                   km_call_arn(call, "thingtype", type.name), "thingTypeId", id));
}

/* What describe and list tell alike. */
static json_t *type_json(struct km_call *call, const struct km_registry_thing_type *type)
{
    json_t *names = json_array();
    json_t *deprecated = type->deprecated_ms != 0 ? km_call_time(type->deprecated_ms) : NULL;
    for (size_t i = 0; i < type->n_searchable; i++)
        (void)json_array_append_new(names, json_string(type->searchable[i]));
    return json_pack("{s:s, s:s*, s:{s:s*, s:o}, s:{s:b, s:o*, s:o}}", "thingTypeName", type->name,
                     "thingTypeArn", km_call_arn(call, "thingtype", type->name),
                     "thingTypeProperties", "thingTypeDescription", type->description,
                     "searchableAttributes", names, "thingTypeMetadata", "deprecated",
                     (int)(type->deprecated_ms != 0), "deprecationDate", deprecated, "creationDate",
                     km_call_time(type->created_ms));
}

static km_status describe_type(struct km_call *call)
{
    struct km_registry_thing_type type = {0};
    KM_REG(call, km_registry_thing_type_get(call->reg, call->arena, call->account, call->parts[0],
                                            &type));
    json_t *reply = type_json(call, &type);
    (void)json_object_set_new(reply, "thingTypeId", json_string(type.id));
    return km_call_reply(call, reply);
}

/* With a name: that one alone, or none. */
static km_status list_one_type(struct km_call *call, const char *name)
{
    struct km_registry_thing_type type = {0};
    json_t *items = json_array();
    km_status status =
        km_registry_thing_type_get(call->reg, call->arena, call->account, name, &type);
    if (status == KM_OK)
        (void)json_array_append_new(items, type_json(call, &type));
    KM_TRY(km_call_reply(call, json_pack("{s:o}", "thingTypes", items)));
    return status == KM_E_NOTFOUND ? KM_OK : km_call_registry(call, status);
}

static km_status list_types(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_thing_type_list list = {0};
    const char *name = km_call_query(call, "thingTypeName");
    if (name != NULL)
        return list_one_type(call, name);
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_thing_type_list(call->reg, call->arena, call->account, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items, type_json(call, &list.items[i]));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "thingTypes", items, "nextToken", list.next));
}

static km_status deprecate_type(struct km_call *call)
{
    KM_REG(call, km_registry_thing_type_deprecate(call->reg, call->account, call->parts[0],
                                                  km_call_is(call, "undoDeprecate")));
    tell(call, KM_TOLD_UPDATED);
    return km_call_reply(call, json_object());
}

static km_status delete_type(struct km_call *call)
{
    struct km_registry_thing_type before = {0};
    bool tells = km_told_is_wanted(call, "THING_TYPE") && read_type(call, &before);
    KM_TRY(km_call_as(call, km_registry_thing_type_delete(call->reg, call->account, call->parts[0]),
                      KM_E_BUSY, KM_X_INVALID_REQUEST));
    if (tells)
        km_told_thing_type(call, KM_TOLD_DELETED, &before);
    return km_call_reply(call, json_object());
}

#define TYPE "/thing-types/{thingTypeName}"

static const struct km_operation rows[] = {
    {"CreateThingType", KM_SERVICE_IOT, "POST", TYPE, NULL, NULL, "thingTypeProperties:o tags:a",
     KM_OP_CHANGES, create_type},
    {"DescribeThingType", KM_SERVICE_IOT, "GET", TYPE, NULL, NULL, NULL, 0, describe_type},
    {"ListThingTypes", KM_SERVICE_IOT, "GET", "/thing-types",
     "nextToken:s maxResults:i thingTypeName:s", NULL, NULL, 0, list_types},
    {"DeprecateThingType", KM_SERVICE_IOT, "POST", TYPE "/deprecate", NULL, NULL, "undoDeprecate:b",
     KM_OP_CHANGES, deprecate_type},
    {"DeleteThingType", KM_SERVICE_IOT, "DELETE", TYPE, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_type},
};

const struct km_operations km_iot_thing_type = {rows, KM_ARRAY_LEN(rows)};
