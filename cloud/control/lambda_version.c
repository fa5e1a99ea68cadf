/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of functions, and aliases. */
#include <stdlib.h>
#include <string.h>

#include "cloud/control/inputs.h"
#include "cloud/control/lambda.h"
#include "cloud/control/operations.h"

/* ---- versions ---- */

static km_status publish_version(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_function function = {0};
    int64_t version = 0;
    const struct km_registry_function_publish publish = {
        .description = km_call_text(call, "Description"),
        .expected_sha256 = km_call_text(call, "CodeSha256"),
        .expected_revision_id = km_call_text(call, "RevisionId"),
    };
    KM_TRY(km_lambda_name(call, &name));
    KM_REG(call,
           km_registry_function_publish(call->reg, call->account, name.name, &publish, &version));
    KM_REG(call, km_registry_function_get(call->reg, call->arena, call->account, name.name, version,
                                          &function));
    call->status = 201;
    return km_call_reply(call,
                         km_lambda_json(call, &function, km_lambda_version_text(call, version)));
}

static km_status list_versions(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_page page = {0};
    struct km_registry_function_list list = {0};
    KM_TRY(km_lambda_name(call, &name));
    KM_TRY(km_lambda_page(call, &page));
    KM_REG(call, km_registry_function_versions(call->reg, call->arena, call->account, name.name,
                                               &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(
            items, km_lambda_json(call, &list.items[i],
                                  km_lambda_version_text(call, list.items[i].version)));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "Versions", items, "NextMarker", list.next));
}

/* ---- aliases ---- */

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

/* FunctionVersion: "$LATEST" or a number. */
static km_status wanted_version(struct km_call *call, const char *text, int64_t *ret)
{
    if (strcmp(text, KM_FUNCTION_LATEST_TEXT) == 0) {
        *ret = KM_FUNCTION_LATEST;
        return KM_OK;
    }
    *ret = is_number(text) && strlen(text) <= 18 ? strtoll(text, NULL, 10) : 0;
    if (*ret < 1)
        return km_call_fail(call, KM_X_NONE, "FunctionVersion must be $LATEST or a number");
    return KM_OK;
}

static km_status check_routing(struct km_call *call)
{
    const json_t *routing = km_call_member(call, "RoutingConfig");
    if (json_object_size(json_object_get(routing, "AdditionalVersionWeights")) > 0)
        return km_call_fail(call, KM_X_NONE, "RoutingConfig is not offered");
    return KM_OK;
}

static json_t *alias_json(struct km_call *call, const char *function,
                          const struct km_registry_alias *alias)
{
    return json_pack("{s:s*, s:s, s:s*, s:s, s:s*}", "AliasArn",
                     km_lambda_arn(call, function, alias->name), "Name", alias->name,
                     "FunctionVersion", km_lambda_version_text(call, alias->version), "Description",
                     alias->description != NULL ? alias->description : "", "RevisionId",
                     alias->revision_id);
}

static km_status reply_alias(struct km_call *call, const char *function, const char *name)
{
    struct km_registry_alias alias = {0};
    KM_REG(call,
           km_registry_alias_get(call->reg, call->arena, call->account, function, name, &alias));
    return km_call_reply(call, alias_json(call, function, &alias));
}

static km_status create_alias(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_alias alias = {.name = km_call_text(call, "Name"),
                                      .description = km_call_text(call, "Description")};
    KM_TRY(km_lambda_name(call, &name));
    if (!km_inputs_name_is("Name", alias.name) || is_number(alias.name))
        return km_call_fail(call, KM_X_NONE, "Name has characters or a length it may not have");
    KM_TRY(wanted_version(call, km_call_text(call, "FunctionVersion"), &alias.version));
    KM_TRY(check_routing(call));
    KM_REG(call, km_registry_alias_create(call->reg, call->account, name.name, &alias));
    call->status = 201;
    return reply_alias(call, name.name, alias.name);
}

static km_status get_alias(struct km_call *call)
{
    struct km_function_name name = {0};
    KM_TRY(km_lambda_name(call, &name));
    return reply_alias(call, name.name, call->parts[1]);
}

static km_status update_alias(struct km_call *call)
{
    struct km_function_name name = {0};
    int64_t version = 0;
    const char *text = km_call_text(call, "FunctionVersion");
    struct km_registry_alias_update update = {
        .expected_revision_id = km_call_text(call, "RevisionId"),
        .description = km_call_text(call, "Description"),
    };
    KM_TRY(km_lambda_name(call, &name));
    KM_TRY(check_routing(call));
    if (text != NULL) {
        KM_TRY(wanted_version(call, text, &version));
        update.version = &version;
    }
    KM_REG(call,
           km_registry_alias_update(call->reg, call->account, name.name, call->parts[1], &update));
    return reply_alias(call, name.name, call->parts[1]);
}

static km_status delete_alias(struct km_call *call)
{
    struct km_function_name name = {0};
    KM_TRY(km_lambda_name(call, &name));
    call->status = 204;
    return km_call_registry(
        call, km_registry_alias_delete(call->reg, call->account, name.name, call->parts[1]));
}

static km_status list_aliases(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_page page = {0};
    struct km_registry_alias_list list = {0};
    const char *only = km_call_query(call, "FunctionVersion");
    KM_TRY(km_lambda_name(call, &name));
    KM_TRY(km_lambda_page(call, &page));
    KM_REG(call,
           km_registry_alias_list(call->reg, call->arena, call->account, name.name, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        const char *version = km_lambda_version_text(call, list.items[i].version);
        if (only == NULL || (version != NULL && strcmp(only, version) == 0))
            (void)json_array_append_new(items, alias_json(call, name.name, &list.items[i]));
    }
    return km_call_reply(call, json_pack("{s:o, s:s*}", "Aliases", items, "NextMarker", list.next));
}

#define FUNCTION "/2015-03-31/functions/{FunctionName}"
#define ALIAS FUNCTION "/aliases/{Name}"
#define PAGE "Marker:s MaxItems:i"

static const struct km_operation rows[] = {
    {"PublishVersion", KM_SERVICE_LAMBDA, "POST", FUNCTION "/versions", NULL, NULL,
     "CodeSha256:s Description:s RevisionId:s", KM_OP_CHANGES, publish_version},
    {"ListVersionsByFunction", KM_SERVICE_LAMBDA, "GET", FUNCTION "/versions", PAGE, NULL, NULL, 0,
     list_versions},
    {"CreateAlias", KM_SERVICE_LAMBDA, "POST", FUNCTION "/aliases", NULL, NULL,
     "Name!:s FunctionVersion!:s Description:s RoutingConfig:o", KM_OP_CHANGES, create_alias},
    {"GetAlias", KM_SERVICE_LAMBDA, "GET", ALIAS, NULL, NULL, NULL, 0, get_alias},
    {"UpdateAlias", KM_SERVICE_LAMBDA, "PUT", ALIAS, NULL, NULL,
     "FunctionVersion:s Description:s RoutingConfig:o RevisionId:s", KM_OP_CHANGES, update_alias},
    {"DeleteAlias", KM_SERVICE_LAMBDA, "DELETE", ALIAS, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_alias},
    {"ListAliases", KM_SERVICE_LAMBDA, "GET", FUNCTION "/aliases", "FunctionVersion:s " PAGE, NULL,
     NULL, 0, list_aliases},
};

const struct km_operations km_lambda_version_rows = {rows, KM_ARRAY_LEN(rows)};
