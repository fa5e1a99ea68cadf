/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of what has an ARN of AWS IoT. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/control/tags.h"

static const struct {
    enum km_tagged kind;
    const char *word; /* in the ARN */
} kinds[] = {
    {KM_TAGGED_CA, "cacert"},
    {KM_TAGGED_POLICY, "policy"},
    {KM_TAGGED_RULE, "rule"},
    {KM_TAGGED_THING_TYPE, "thingtype"},
    {KM_TAGGED_GROUP, "thinggroup"},
    {KM_TAGGED_TEMPLATE, "provisioningtemplate"},
    {KM_TAGGED_ROLE_ALIAS, "rolealias"},
    {KM_TAGGED_JOB, "job"},
    {KM_TAGGED_JOB_TEMPLATE, "jobtemplate"},
};

static km_status resource_of(struct km_call *call, const char *arn, struct km_tagged_resource *ret)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(kinds); i++) {
        const char *name = km_call_arn_name(call, arn, kinds[i].word);
        if (name == NULL)
            continue;
        *ret = (struct km_tagged_resource){.kind = kinds[i].kind, .name = name};
        return KM_OK;
    }
    return km_call_fail(call, KM_X_NONE,
                        "resourceArn is none of something in this account that can have tags");
}

static km_status tag_resource(struct km_call *call)
{
    struct km_tagged_resource resource = {0};
    struct km_tag_list tags = {0};
    KM_TRY(resource_of(call, km_call_text(call, "resourceArn"), &resource));
    KM_TRY(km_tags_of_list(call, km_call_member(call, "tags"), &tags));
    KM_REG(call,
           km_registry_tags_add(call->reg, call->account, &resource, tags.items, tags.n_items));
    return km_call_reply(call, json_object());
}

/* All fit one page, so there is no token that could have been given. */
static km_status list_tags(struct km_call *call)
{
    struct km_tagged_resource resource = {0};
    struct km_tag_list tags = {0};
    if (km_call_query(call, "nextToken") != NULL)
        return km_call_fail(call, KM_X_NONE, "nextToken is none of this list");
    KM_TRY(resource_of(call, km_call_query(call, "resourceArn"), &resource));
    KM_REG(call, km_registry_tags_list(call->reg, call->arena, call->account, &resource, &tags));
    json_t *items = json_array();
    for (size_t i = 0; i < tags.n_items; i++)
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s}", "Key", tags.items[i].key, "Value", tags.items[i].value));
    return km_call_reply(call, json_pack("{s:o}", "tags", items));
}

static km_status untag_resource(struct km_call *call)
{
    const char *keys[KM_TAGS_MAX] = {0};
    struct km_tagged_resource resource = {0};
    const json_t *list = km_call_member(call, "tagKeys");
    size_t n = json_array_size(list);
    if (n > KM_TAGS_MAX)
        return km_call_fail(call, KM_X_NONE, "tagKeys has at most %d texts", KM_TAGS_MAX);
    for (size_t i = 0; i < n; i++) {
        keys[i] = json_string_value(json_array_get(list, i));
        if (keys[i] == NULL)
            return km_call_fail(call, KM_X_NONE, "tagKeys are texts");
    }
    KM_TRY(resource_of(call, km_call_text(call, "resourceArn"), &resource));
    KM_REG(call, km_registry_tags_remove(call->reg, call->account, &resource, keys, n));
    return km_call_reply(call, json_object());
}

static const struct km_operation rows[] = {
    {"TagResource", KM_SERVICE_IOT, "POST", "/tags", NULL, NULL, "resourceArn!:s tags!:a",
     KM_OP_CHANGES, tag_resource},
    {"ListTagsForResource", KM_SERVICE_IOT, "GET", "/tags", "resourceArn!:s nextToken:s", NULL,
     NULL, 0, list_tags},
    {"UntagResource", KM_SERVICE_IOT, "POST", "/untag", NULL, NULL, "resourceArn!:s tagKeys!:a",
     KM_OP_CHANGES, untag_resource},
};

const struct km_operations km_iot_tag = {rows, KM_ARRAY_LEN(rows)};
