/* SPDX-License-Identifier: Apache-2.0 */
/* Policies and their versions. */
#include <stdlib.h>
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/control/policy_check.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_policy.h"

static const char *version_text(struct km_call *call, int64_t version)
{
    return km_call_printf(call, "%lld", (long long)version);
}

/* The path's second part, which is known to be digits. 0 is no version. */
static km_status version_of(struct km_call *call, int64_t *ret)
{
    *ret = strtoll(call->parts[1], NULL, 10);
    if (*ret < 1)
        return KM_FAIL(&call->err, KM_E_NOTFOUND, "policy %s has no version %s", call->parts[0],
                       call->parts[1]);
    return KM_OK;
}

/* ---- policies ---- */

static km_status create_policy(struct km_call *call)
{
    const char *document = km_call_text(call, "policyDocument");
    KM_TRY(km_policy_check(call, document));
    KM_REG(call, km_registry_policy_create(call->reg, call->account, call->parts[0], document));
    KM_TRY(km_tags_keep(call, KM_TAGGED_POLICY, call->parts[0], km_call_query(call, "tags")));
    return km_call_reply(call, json_pack("{s:s, s:s*, s:s, s:s}", "policyName", call->parts[0],
                                         "policyArn", km_call_arn(call, "policy", call->parts[0]),
                                         "policyDocument", document, "policyVersionId", "1"));
}

static km_status get_policy(struct km_call *call)
{
    struct km_registry_policy policy = {0};
    KM_REG(call, km_registry_policy_get(call->reg, call->arena, call->account, call->parts[0], 0,
                                        &policy));
    return km_call_reply(
        call,
        json_pack("{s:s, s:s*, s:s, s:s*, s:o, s:o, s:s}", "policyName", policy.name, "policyArn",
                  km_call_arn(call, "policy", policy.name), "policyDocument", policy.document,
                  "defaultVersionId", version_text(call, policy.default_version), "creationDate",
                  km_call_time(policy.created_ms), "lastModifiedDate",
                  km_call_time(policy.modified_ms), "generationId", policy.generation_id));
}

static km_status list_policies(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_policy_list list = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_REG(call, km_registry_policy_list(call->reg, call->arena, call->account, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s*}", "policyName", list.items[i].name, "policyArn",
                             km_call_arn(call, "policy", list.items[i].name)));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "policies", items, "nextMarker", list.next));
}

static km_status delete_policy(struct km_call *call)
{
    return km_call_registry(call,
                            km_registry_policy_delete(call->reg, call->account, call->parts[0]));
}

/* ---- versions ---- */

static km_status create_version(struct km_call *call)
{
    const char *document = km_call_text(call, "policyDocument");
    bool sets_default = km_call_query_is(call, "setAsDefault");
    int64_t version = 0;
    KM_TRY(km_policy_check(call, document));
    KM_TRY(km_call_as(call,
                      km_registry_policy_version_create(call->reg, call->account, call->parts[0],
                                                        document, sets_default, &version),
                      KM_E_LIMIT, KM_X_VERSIONS_LIMIT));
    return km_call_reply(call,
                         json_pack("{s:s*, s:s, s:s*, s:b}", "policyArn",
                                   km_call_arn(call, "policy", call->parts[0]), "policyDocument",
                                   document, "policyVersionId", version_text(call, version),
                                   "isDefaultVersion", (int)sets_default));
}

static km_status get_version(struct km_call *call)
{
    struct km_registry_policy policy = {0};
    int64_t version = 0;
    KM_TRY(version_of(call, &version));
    KM_REG(call, km_registry_policy_get(call->reg, call->arena, call->account, call->parts[0],
                                        version, &policy));
    return km_call_reply(
        call,
        json_pack("{s:s*, s:s, s:s, s:s*, s:b, s:o, s:o, s:s}", "policyArn",
                  km_call_arn(call, "policy", policy.name), "policyName", policy.name,
                  "policyDocument", policy.document, "policyVersionId",
                  version_text(call, policy.version), "isDefaultVersion", (int)policy.is_default,
                  "creationDate", km_call_time(policy.version_created_ms), "lastModifiedDate",
                  km_call_time(policy.version_created_ms), "generationId", policy.generation_id));
}

static km_status list_versions(struct km_call *call)
{
    struct km_registry_policy_list list = {0};
    KM_REG(call, km_registry_policy_version_list(call->reg, call->arena, call->account,
                                                 call->parts[0], &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(
            items,
            json_pack("{s:s*, s:b, s:o}", "versionId", version_text(call, list.items[i].version),
                      "isDefaultVersion", (int)list.items[i].is_default, "createDate",
                      km_call_time(list.items[i].version_created_ms)));
    return km_call_reply(call, json_pack("{s:o}", "policyVersions", items));
}

static km_status set_default(struct km_call *call)
{
    int64_t version = 0;
    KM_TRY(version_of(call, &version));
    return km_call_registry(call, km_registry_policy_version_set_default(call->reg, call->account,
                                                                         call->parts[0], version));
}

static km_status delete_version(struct km_call *call)
{
    int64_t version = 0;
    KM_TRY(version_of(call, &version));
    return km_call_registry(
        call, km_registry_policy_version_delete(call->reg, call->account, call->parts[0], version));
}

#define POLICY "/policies/{policyName}"
#define VERSION POLICY "/version/{policyVersionId}"

static const struct km_operation rows[] = {
    {"CreatePolicy", KM_SERVICE_IOT, "POST", POLICY, "tags:s", NULL, "policyDocument!:s tags:a",
     KM_OP_CHANGES, create_policy},
    {"GetPolicy", KM_SERVICE_IOT, "GET", POLICY, NULL, NULL, NULL, 0, get_policy},
    {"ListPolicies", KM_SERVICE_IOT, "GET", "/policies", "marker:s pageSize:i isAscendingOrder:b",
     NULL, NULL, 0, list_policies},
    {"DeletePolicy", KM_SERVICE_IOT, "DELETE", POLICY, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_policy},
    {"CreatePolicyVersion", KM_SERVICE_IOT, "POST", POLICY "/version", "setAsDefault:b", NULL,
     "policyDocument!:s", KM_OP_CHANGES, create_version},
    {"GetPolicyVersion", KM_SERVICE_IOT, "GET", VERSION, NULL, NULL, NULL, 0, get_version},
    {"ListPolicyVersions", KM_SERVICE_IOT, "GET", POLICY "/version", NULL, NULL, NULL, 0,
     list_versions},
    {"SetDefaultPolicyVersion", KM_SERVICE_IOT, "PATCH", VERSION, NULL, NULL, NULL, KM_OP_CHANGES,
     set_default},
    {"DeletePolicyVersion", KM_SERVICE_IOT, "DELETE", VERSION, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_version},
};

const struct km_operations km_iot_policy = {rows, KM_ARRAY_LEN(rows)};
