/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of things. */
#include <string.h>

#include "cloud/control/attributes.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_group.h"

/* Too deep or too many is the caller's mistake. */
static km_status group_status(struct km_call *call, km_status status)
{
    return km_call_as(call, status, KM_E_LIMIT, KM_X_INVALID_REQUEST);
}

static km_status check_group_name(struct km_call *call, const char *name)
{
    if (name != NULL && !km_inputs_name_is("thingGroupName", name))
        return km_call_fail(call, KM_X_NONE,
                            "a name of a thing group has characters or a length it may not have");
    return KM_OK;
}

static km_status create_group(struct km_call *call)
{
    struct km_attributes attributes = {0};
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const json_t *properties = km_call_member(call, "thingGroupProperties");
    struct km_registry_group_new group = {
        .name = call->parts[0],
        .parent = km_call_text(call, "parentGroupName"),
        .description = json_string_value(json_object_get(properties, "thingGroupDescription")),
    };
    KM_TRY(check_group_name(call, group.parent));
    KM_TRY(km_attributes_take(call, json_object_get(properties, "attributePayload"), &attributes));
    group.attributes = attributes.items;
    group.n_attributes = attributes.n;
    KM_TRY(group_status(call, km_registry_group_create(call->reg, call->account, &group, id)));
    KM_TRY(km_tags_keep(call, KM_TAGGED_GROUP, group.name, NULL));
    return km_call_reply(
        call, json_pack("{s:s, s:s*, s:s}", "thingGroupName", group.name, "thingGroupArn",
                        km_call_arn(call, "thinggroup", group.name), "thingGroupId", id));
}

static json_t *name_and_arn(struct km_call *call, const char *name)
{
    return json_pack("{s:s, s:s*}", "groupName", name, "groupArn",
                     km_call_arn(call, "thinggroup", name));
}

/* From the root down to the parent. */
static km_status ancestors(struct km_call *call, const char *parent, json_t *ret)
{
    for (int level = 0; parent != NULL && level < KM_GROUP_DEPTH_MAX; level++) {
        struct km_registry_group group = {0};
        KM_REG(call, km_registry_group_get(call->reg, call->arena, call->account, parent, &group));
        (void)json_array_insert_new(ret, 0, name_and_arn(call, parent));
        parent = group.parent;
    }
    return KM_OK;
}

static km_status describe_group(struct km_call *call)
{
    struct km_registry_group group = {0};
    KM_REG(call,
           km_registry_group_get(call->reg, call->arena, call->account, call->parts[0], &group));
    json_t *parents = json_array();
    km_status status = ancestors(call, group.parent, parents);
    if (status != KM_OK) {
        json_decref(parents);
        return status;
    }
    return km_call_reply(
        call,
        json_pack("{s:s, s:s, s:s*, s:I, s:{s:s*, s:{s:o}}, s:{s:s*, s:o, s:o}}", "thingGroupName",
                  group.name, "thingGroupId", group.id, "thingGroupArn",
                  km_call_arn(call, "thinggroup", group.name), "version", (json_int_t)group.version,
                  "thingGroupProperties", "thingGroupDescription", group.description,
                  "attributePayload", "attributes",
                  km_attributes_json(group.attributes, group.n_attributes), "thingGroupMetadata",
                  "parentGroupName", group.parent, "rootToParentThingGroups", parents,
                  "creationDate", km_call_time(group.created_ms)));
}

static km_status update_group(struct km_call *call)
{
    struct km_attributes attributes = {0};
    int64_t version = 0;
    const json_t *properties = km_call_member(call, "thingGroupProperties");
    struct km_registry_group_update update = {
        .expected_version = km_call_number(call, "expectedVersion", 0),
        .description = json_string_value(json_object_get(properties, "thingGroupDescription")),
    };
    KM_TRY(km_attributes_take(call, json_object_get(properties, "attributePayload"), &attributes));
    update.sets_attributes = attributes.is_there;
    update.merges = attributes.merges;
    update.attributes = attributes.items;
    update.n_attributes = attributes.n;
    KM_TRY(group_status(call, km_registry_group_update(call->reg, call->account, call->parts[0],
                                                       &update, &version)));
    return km_call_reply(call, json_pack("{s:I}", "version", (json_int_t)version));
}

static km_status list_groups(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_group_list list = {0};
    const char *parent = km_call_query(call, "parentGroup");
    const char *prefix = km_call_query(call, "namePrefixFilter");
    KM_TRY(check_group_name(call, parent));
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_group_list(call->reg, call->arena, call->account, parent,
                                        km_call_query_is(call, "recursive"), &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        if (prefix == NULL || strncmp(list.items[i].name, prefix, strlen(prefix)) == 0)
            (void)json_array_append_new(items, name_and_arn(call, list.items[i].name));
    }
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "thingGroups", items, "nextToken", list.next));
}

static km_status delete_group(struct km_call *call)
{
    int64_t expected = km_call_query_number(call, "expectedVersion", 0);
    KM_TRY(km_call_as(call,
                      km_registry_group_delete(call->reg, call->account, call->parts[0], expected),
                      KM_E_BUSY, KM_X_INVALID_REQUEST));
    return km_call_reply(call, json_object());
}

/* ---- members ---- */

/* named: a name, or the name in an ARN, of which the body has one at least. */
static km_status named(struct km_call *call, const char *member, const char *arn_member,
                       const char *arn_kind, const char *kind, const char **ret)
{
    const char *arn = km_call_text(call, arn_member);
    const char *name = km_call_text(call, member);
    if (name == NULL && arn != NULL)
        name = km_call_arn_name(call, arn, arn_kind);
    if (name == NULL || !km_inputs_name_is(kind, name))
        return km_call_fail(call, KM_X_NONE, "%s or %s must be there and sound", member,
                            arn_member);
    *ret = name;
    return KM_OK;
}

static km_status group_and_thing(struct km_call *call, const char **ret_group,
                                 const char **ret_thing)
{
    KM_TRY(
        named(call, "thingGroupName", "thingGroupArn", "thinggroup", "thingGroupName", ret_group));
    return named(call, "thingName", "thingArn", "thing", "thingName", ret_thing);
}

static km_status add_thing(struct km_call *call)
{
    const char *group = NULL;
    const char *thing = NULL;
    KM_TRY(group_and_thing(call, &group, &thing));
    KM_TRY(group_status(call, km_registry_group_add(call->reg, call->account, group, thing)));
    return km_call_reply(call, json_object());
}

static km_status remove_thing(struct km_call *call)
{
    const char *group = NULL;
    const char *thing = NULL;
    KM_TRY(group_and_thing(call, &group, &thing));
    KM_REG(call, km_registry_group_remove(call->reg, call->account, group, thing));
    return km_call_reply(call, json_object());
}

static km_status groups_of_thing(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_group_of_thing(call->reg, call->arena, call->account, call->parts[0],
                                            &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(items, name_and_arn(call, list.names[i]));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "thingGroups", items, "nextToken", list.next));
}

static km_status things_in_group(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_group_things(call->reg, call->arena, call->account, call->parts[0],
                                          km_call_query_is(call, "recursive"), &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(items, json_string(list.names[i]));
    return km_call_reply(call, json_pack("{s:o, s:s*}", "things", items, "nextToken", list.next));
}

#define GROUP "/thing-groups/{thingGroupName}"
#define PAGE "nextToken:s maxResults:i"
#define BOTH "thingGroupName:s thingGroupArn:s thingName:s thingArn:s"

static const struct km_operation rows[] = {
    {"AddThingToThingGroup", KM_SERVICE_IOT, "PUT", "/thing-groups/addThingToThingGroup", NULL,
     NULL, BOTH " overrideDynamicGroups:b", KM_OP_CHANGES, add_thing},
    {"RemoveThingFromThingGroup", KM_SERVICE_IOT, "PUT", "/thing-groups/removeThingFromThingGroup",
     NULL, NULL, BOTH, KM_OP_CHANGES, remove_thing},
    {"CreateThingGroup", KM_SERVICE_IOT, "POST", GROUP, NULL, NULL,
     "parentGroupName:s thingGroupProperties:o tags:a", KM_OP_CHANGES, create_group},
    {"DescribeThingGroup", KM_SERVICE_IOT, "GET", GROUP, NULL, NULL, NULL, 0, describe_group},
    {"UpdateThingGroup", KM_SERVICE_IOT, "PATCH", GROUP, NULL, NULL,
     "thingGroupProperties!:o expectedVersion:i", KM_OP_CHANGES, update_group},
    {"ListThingGroups", KM_SERVICE_IOT, "GET", "/thing-groups",
     PAGE " parentGroup:s namePrefixFilter:s recursive:b", NULL, NULL, 0, list_groups},
    {"DeleteThingGroup", KM_SERVICE_IOT, "DELETE", GROUP, "expectedVersion:i", NULL, NULL,
     KM_OP_CHANGES, delete_group},
    {"ListThingGroupsForThing", KM_SERVICE_IOT, "GET", "/things/{thingName}/thing-groups", PAGE,
     NULL, NULL, 0, groups_of_thing},
    {"ListThingsInThingGroup", KM_SERVICE_IOT, "GET", GROUP "/things", PAGE " recursive:b", NULL,
     NULL, 0, things_in_group},
};

const struct km_operations km_iot_group = {rows, KM_ARRAY_LEN(rows)};
