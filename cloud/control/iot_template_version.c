/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of templates of provisioning. */
#include <stdlib.h>
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/control/template_check.h"
#include "cloud/registry/registry_rule.h"

/* The path's second part, which is known to be digits; 0 is no version. */
static int64_t version_of(const struct km_call *call)
{
    return strtoll(call->parts[1], NULL, 10);
}

static km_status create_version(struct km_call *call)
{
    const struct km_registry_template_version_new new = {
        .name = call->parts[0],
        .body = km_call_text(call, "templateBody"),
        .sets_default = km_call_query_is(call, "setAsDefault"),
    };
    int64_t version = 0;
    KM_TRY(km_template_check(call, new.body));
    KM_TRY(km_call_as(call,
                      km_registry_template_version_create(call->reg, call->account, &new, &version),
                      KM_E_LIMIT, KM_X_VERSIONS_LIMIT));
    return km_call_reply(call, json_pack("{s:s*, s:s, s:I, s:b}", "templateArn",
                                         km_call_arn(call, "provisioningtemplate", new.name),
                                         "templateName", new.name, "versionId", (json_int_t)version,
                                         "isDefaultVersion", (int)new.sets_default));
}

static json_t *version_json(const struct km_registry_template_version *version)
{
    return json_pack("{s:I, s:o, s:b}", "versionId", (json_int_t)version->version, "creationDate",
                     km_call_time(version->created_ms), "isDefaultVersion",
                     (int)version->is_default);
}

static km_status describe_version(struct km_call *call)
{
    struct km_registry_template_version version = {0};
    KM_REG(call, km_registry_template_version_get(call->reg, call->arena, call->account,
                                                  call->parts[0], version_of(call), &version));
    json_t *reply = version_json(&version);
    (void)json_object_set_new(reply, "templateBody", json_string(version.body));
    return km_call_reply(call, reply);
}

static km_status list_versions(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_template_version_list list = {0};
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_template_version_list(call->reg, call->arena, call->account,
                                                   call->parts[0], &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items, version_json(&list.items[i]));
    return km_call_reply(call, json_pack("{s:o, s:s*}", "versions", items, "nextToken", list.next));
}

static km_status delete_version(struct km_call *call)
{
    KM_REG(call, km_registry_template_version_delete(call->reg, call->account, call->parts[0],
                                                     version_of(call)));
    return km_call_reply(call, json_object());
}

#define VERSIONS "/provisioning-templates/{templateName}/versions"
#define VERSION VERSIONS "/{versionId}"

static const struct km_operation rows[] = {
    {"CreateProvisioningTemplateVersion", KM_SERVICE_IOT, "POST", VERSIONS, "setAsDefault:b", NULL,
     "templateBody!:s", KM_OP_CHANGES, create_version},
    {"DescribeProvisioningTemplateVersion", KM_SERVICE_IOT, "GET", VERSION, NULL, NULL, NULL, 0,
     describe_version},
    {"ListProvisioningTemplateVersions", KM_SERVICE_IOT, "GET", VERSIONS,
     "maxResults:i nextToken:s", NULL, NULL, 0, list_versions},
    {"DeleteProvisioningTemplateVersion", KM_SERVICE_IOT, "DELETE", VERSION, NULL, NULL, NULL,
     KM_OP_CHANGES, delete_version},
};

const struct km_operations km_iot_template_version = {rows, KM_ARRAY_LEN(rows)};
