/* SPDX-License-Identifier: Apache-2.0 */
/* Role aliases. */
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_role.h"

#define KIND "rolealias"
#define DURATION "credentialDurationSeconds"
#define DURATION_DEFAULT_S 3600

static km_status check_duration(struct km_call *call)
{
    int64_t duration_s = km_call_number(call, DURATION, KM_ROLE_DURATION_MIN_S);
    if (duration_s < KM_ROLE_DURATION_MIN_S || duration_s > KM_ROLE_DURATION_MAX_S)
        return km_call_fail(call, KM_X_NONE, DURATION " must be from %d to %d",
                            KM_ROLE_DURATION_MIN_S, KM_ROLE_DURATION_MAX_S);
    return KM_OK;
}

static km_status reply_names(struct km_call *call)
{
    return km_call_reply(call, json_pack("{s:s, s:s*}", "roleAlias", call->parts[0], "roleAliasArn",
                                         km_call_arn(call, KIND, call->parts[0])));
}

static km_status create_alias(struct km_call *call)
{
    const struct km_registry_role_alias alias = {
        .name = call->parts[0],
        .role = km_call_text(call, "roleArn"),
        .duration_s = km_call_number(call, DURATION, DURATION_DEFAULT_S),
    };
    KM_TRY(check_duration(call));
    KM_REG(call, km_registry_role_alias_create(call->reg, call->account, &alias));
    KM_TRY(km_tags_keep(call, KM_TAGGED_ROLE_ALIAS, alias.name, km_call_query(call, "tags")));
    return reply_names(call);
}

static km_status describe_alias(struct km_call *call)
{
    struct km_registry_role_alias alias = {0};
    KM_REG(call, km_registry_role_alias_get(call->reg, call->arena, call->account, call->parts[0],
                                            &alias));
    return km_call_reply(call,
                         json_pack("{s:{s:s, s:s*, s:s, s:s, s:I, s:o, s:o}}",
                                   "roleAliasDescription", "roleAlias", alias.name, "roleAliasArn",
                                   km_call_arn(call, KIND, alias.name), "roleArn", alias.role,
                                   "owner", call->account, DURATION, (json_int_t)alias.duration_s,
                                   "creationDate", km_call_time(alias.created_ms),
                                   "lastModifiedDate", km_call_time(alias.modified_ms)));
}

static km_status list_aliases(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_REG(call, km_registry_role_alias_list(call->reg, call->arena, call->account, &page, &list));
    json_t *names = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(names, json_string(list.names[i]));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "roleAliases", names, "nextMarker", list.next));
}

static km_status update_alias(struct km_call *call)
{
    const struct km_registry_role_alias alias = {
        .name = call->parts[0],
        .role = km_call_text(call, "roleArn"),
        .duration_s = km_call_number(call, DURATION, 0),
    };
    KM_TRY(check_duration(call));
    KM_REG(call, km_registry_role_alias_update(call->reg, call->account, &alias));
    return reply_names(call);
}

static km_status delete_alias(struct km_call *call)
{
    KM_REG(call, km_registry_role_alias_delete(call->reg, call->account, call->parts[0]));
    return km_call_reply(call, json_object());
}

#define ALIAS "/role-aliases/{roleAlias}"

static const struct km_operation rows[] = {
    {"CreateRoleAlias", KM_SERVICE_IOT, "POST", ALIAS, "tags:s", NULL,
     "roleArn!:s " DURATION ":i tags:a", KM_OP_CHANGES, create_alias},
    {"DescribeRoleAlias", KM_SERVICE_IOT, "GET", ALIAS, NULL, NULL, NULL, 0, describe_alias},
    {"ListRoleAliases", KM_SERVICE_IOT, "GET", "/role-aliases",
     "pageSize:i marker:s isAscendingOrder:b", NULL, NULL, 0, list_aliases},
    {"UpdateRoleAlias", KM_SERVICE_IOT, "PUT", ALIAS, NULL, NULL, "roleArn:s " DURATION ":i",
     KM_OP_CHANGES, update_alias},
    {"DeleteRoleAlias", KM_SERVICE_IOT, "DELETE", ALIAS, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_alias},
};

const struct km_operations km_iot_role_alias = {rows, KM_ARRAY_LEN(rows)};
