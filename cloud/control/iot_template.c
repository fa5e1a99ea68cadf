/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of provisioning. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/provision/template.h"
#include "cloud/registry/registry_rule.h"

#define DEFAULT_VERSION 1 /* versions of templates aren't kept */

static km_status type_of(struct km_call *call, enum km_template_type *ret)
{
    const char *type = km_call_text(call, "type");
    *ret = type != NULL && strcmp(type, "JITP") == 0 ? KM_TEMPLATE_JITP : KM_TEMPLATE_FLEET;
    if (type != NULL && *ret != KM_TEMPLATE_JITP && strcmp(type, "FLEET_PROVISIONING") != 0)
        return km_call_fail(call, KM_X_NONE, "type must be FLEET_PROVISIONING or JITP");
    return KM_OK;
}

static const char *type_text(enum km_template_type type)
{
    return type == KM_TEMPLATE_JITP ? "JITP" : "FLEET_PROVISIONING";
}

/* Values come with the device; any will do to see whether the whole is understood. */
static km_status sample_values(struct km_call *call, const json_t *template,
                               struct km_template_pair **ret, size_t *ret_n)
{
    json_t *declared = json_object_get(template, "Parameters");
    const char *name = NULL;
    json_t *value = NULL;
    size_t n = 0;
    struct km_template_pair *pairs =
        km_arena_array(call->arena, json_object_size(declared) + 1, sizeof(*pairs));
    if (pairs == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "parameters of a template");
    json_object_foreach(declared, name, value)
    {
        pairs[n++] = (struct km_template_pair){.name = name, .value = "0"};
    }
    *ret = pairs;
    *ret_n = n;
    return KM_OK;
}

static km_status check_body(struct km_call *call, const char *body)
{
    KM_AUTO(km_json_unref) json_t *template = NULL;
    struct km_template_plan plan = {0};
    struct km_template_pair *values = NULL;
    size_t n = 0;
    KM_TRY(km_json_object(&call->err, KM_SLICE_STR(body), KM_CALL_JSON_DEPTH_MAX, &template));
    KM_TRY(sample_values(call, template, &values, &n));
    km_status status =
        km_template_resolve(&call->err, call->arena, KM_SLICE_STR(body), values, n, &plan);
    if (status == KM_E_NOTFOUND || status == KM_E_LIMIT) /* of something in it */
        call->exception = KM_X_INVALID_REQUEST;
    return status;
}

static km_status create_template(struct km_call *call)
{
    struct km_registry_template template = {
        .name = km_call_text(call, "templateName"),
        .description = km_call_text(call, "description"),
        .body = km_call_text(call, "templateBody"),
        .role = km_call_text(call, "provisioningRoleArn"),
        .is_enabled = km_call_is(call, "enabled"),
    };
    if (!km_inputs_name_is("templateName", template.name))
        return km_call_fail(call, KM_X_NONE,
                            "templateName has characters or a length it may not have");
    if (km_call_member(call, "preProvisioningHook") != NULL)
        return km_call_fail(call, KM_X_NONE, "preProvisioningHook is not offered");
    KM_TRY(type_of(call, &template.type));
    KM_TRY(check_body(call, template.body));
    KM_REG(call, km_registry_template_create(call->reg, call->account, &template));
    KM_TRY(km_tags_keep(call, KM_TAGGED_TEMPLATE, template.name, km_call_query(call, "tags")));
    return km_call_reply(call, json_pack("{s:s*, s:s, s:i}", "templateArn",
                                         km_call_arn(call, "provisioningtemplate", template.name),
                                         "templateName", template.name, "defaultVersionId",
                                         DEFAULT_VERSION));
}

/* What describe and list tell alike. */
static json_t *template_json(struct km_call *call, const struct km_registry_template *template)
{
    return json_pack("{s:s*, s:s, s:s*, s:o, s:o, s:b, s:s}", "templateArn",
                     km_call_arn(call, "provisioningtemplate", template->name), "templateName",
                     template->name, "description", template->description, "creationDate",
                     km_call_time(template->created_ms), "lastModifiedDate",
                     km_call_time(template->modified_ms), "enabled", (int)template->is_enabled,
                     "type", type_text(template->type));
}

static km_status describe_template(struct km_call *call)
{
    struct km_registry_template template = {0};
    KM_REG(call, km_registry_template_get(call->reg, call->arena, call->account, call->parts[0],
                                          &template));
    json_t *reply = template_json(call, &template);
    (void)json_object_set_new(reply, "defaultVersionId", json_integer(DEFAULT_VERSION));
    (void)json_object_set_new(reply, "templateBody", json_string(template.body));
    (void)json_object_set_new(reply, "provisioningRoleArn", json_string(template.role));
    return km_call_reply(call, reply);
}

static km_status list_templates(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_template_list list = {0};
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call, km_registry_template_list(call->reg, call->arena, call->account, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items, template_json(call, &list.items[i]));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "templates", items, "nextToken", list.next));
}

static km_status update_template(struct km_call *call)
{
    struct km_registry_template template = {0};
    KM_REG(call, km_registry_template_get(call->reg, call->arena, call->account, call->parts[0],
                                          &template));
    const char *description = km_call_text(call, "description");
    const char *role = km_call_text(call, "provisioningRoleArn");
    const json_t *enabled = km_call_member(call, "enabled");
    template.description = description != NULL ? description : template.description;
    template.role = role != NULL ? role : template.role;
    template.is_enabled = enabled != NULL ? json_is_true(enabled) : template.is_enabled;
    KM_REG(call, km_registry_template_update(call->reg, call->account, &template));
    return km_call_reply(call, json_object());
}

static km_status delete_template(struct km_call *call)
{
    KM_REG(call, km_registry_template_delete(call->reg, call->account, call->parts[0]));
    return km_call_reply(call, json_object());
}

#define TEMPLATE "/provisioning-templates/{templateName}"

static const struct km_operation rows[] = {
    {"CreateProvisioningTemplate", KM_SERVICE_IOT, "POST", "/provisioning-templates", "tags:s",
     NULL,
     "templateName!:s description:s templateBody!:s enabled:b provisioningRoleArn!:s "
     "preProvisioningHook:o tags:a type:s",
     KM_OP_CHANGES, create_template},
    {"DescribeProvisioningTemplate", KM_SERVICE_IOT, "GET", TEMPLATE, NULL, NULL, NULL, 0,
     describe_template},
    {"ListProvisioningTemplates", KM_SERVICE_IOT, "GET", "/provisioning-templates",
     "maxResults:i nextToken:s", NULL, NULL, 0, list_templates},
    {"UpdateProvisioningTemplate", KM_SERVICE_IOT, "PATCH", TEMPLATE, NULL, NULL,
     "description:s enabled:b provisioningRoleArn:s", KM_OP_CHANGES, update_template},
    {"DeleteProvisioningTemplate", KM_SERVICE_IOT, "DELETE", TEMPLATE, NULL, NULL, NULL,
     KM_OP_CHANGES, delete_template},
};

const struct km_operations km_iot_template = {rows, KM_ARRAY_LEN(rows)};
