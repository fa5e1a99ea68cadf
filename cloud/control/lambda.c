/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/lambda.h"

#include <string.h>
#include <time.h>

#include "cloud/common/json.h"
#include "cloud/registry/registry_tag.h"

#define TIME_TEXT_CAP 32

km_status km_lambda_name(struct km_call *call, struct km_function_name *ret)
{
    struct km_function_name name = {0};
    const char *qualifier = km_call_query(call, "Qualifier");
    KM_TRY(km_function_name_parse(&call->err, call->parts[0], &name));
    if ((name.account[0] != '\0' && strcmp(name.account, call->account) != 0) ||
        (name.region[0] != '\0' && strcmp(name.region, call->region) != 0))
        return KM_FAIL(&call->err, KM_E_NOTFOUND, "Function not found: %.100s", call->parts[0]);
    if (qualifier != NULL) {
        size_t len = strlen(qualifier);
        if (len == 0 || len > KM_FUNCTION_QUALIFIER_MAX ||
            (name.qualifier[0] != '\0' && strcmp(name.qualifier, qualifier) != 0))
            return km_call_fail(call, KM_X_NONE,
                                "the qualifier is none, or not the one of the function's name");
        km_copy(name.qualifier, sizeof(name.qualifier) - 1, qualifier, len);
        name.qualifier[len] = '\0';
    }
    *ret = name;
    return KM_OK;
}

km_status km_lambda_version(struct km_call *call, const struct km_function_name *name, int64_t *ret)
{
    const char *qualifier = name->qualifier[0] != '\0' ? name->qualifier : NULL;
    return km_call_registry(
        call, km_registry_function_resolve(call->reg, call->account, name->name, qualifier, ret));
}

const char *km_lambda_version_text(struct km_call *call, int64_t version)
{
    return version == KM_FUNCTION_LATEST ? KM_FUNCTION_LATEST_TEXT
                                         : km_call_printf(call, "%lld", (long long)version);
}

const char *km_lambda_arn(struct km_call *call, const char *name, const char *qualifier)
{
    char arn[KM_FUNCTION_ARN_MAX + 1] = {0};
    km_function_arn(call->region, call->account, name, qualifier, arn, sizeof(arn));
    return km_arena_text(call->arena, KM_SLICE_STR(arn));
}

/* 2026-03-01T12:00:00.000+0000 */
static const char *modified_text(struct km_call *call, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm = {0};
    char text[TIME_TEXT_CAP] = {0};
    if (gmtime_r(&seconds, &tm) == NULL || strftime(text, sizeof(text), "%FT%T", &tm) == 0)
        return NULL;
    return km_call_printf(call, "%s.%03d+0000", text, (int)(ms % 1000));
}

json_t *km_lambda_json(struct km_call *call, const struct km_registry_function *function,
                       const char *qualifier)
{
    json_t *json = NULL;
    if (km_json_object(&call->err, KM_SLICE_STR(function->config), KM_CALL_JSON_DEPTH_MAX, &json) !=
        KM_OK)
        return NULL;
    json_t *more = json_pack(
        "{s:s, s:s*, s:I, s:s, s:s*, s:s*, s:s*, s:{s:s}, s:s*, s:s, s:s, s:s, s:[s]}",
        "FunctionName", function->name, "FunctionArn",
        km_lambda_arn(call, function->name, qualifier), "CodeSize", (json_int_t)function->code_size,
        "Description", function->description != NULL ? function->description : "", "LastModified",
        modified_text(call, function->modified_ms), "CodeSha256", function->code_sha256, "Version",
        km_lambda_version_text(call, function->version), "TracingConfig", "Mode", "PassThrough",
        "RevisionId", function->revision_id, "State", "Active", "LastUpdateStatus", "Successful",
        "PackageType", "Zip", "Architectures", "x86_64");
    if (more == NULL || json_object_update(json, more) != 0) {
        json_decref(more);
        json_decref(json);
        return NULL;
    }
    json_decref(more);
    return json;
}

km_status km_lambda_tags(struct km_call *call, const char *name, json_t **ret)
{
    const struct km_tagged_resource resource = {KM_TAGGED_FUNCTION, name};
    struct km_tag_list tags = {0};
    KM_REG(call, km_registry_tags_list(call->reg, call->arena, call->account, &resource, &tags));
    json_t *map = json_object();
    for (size_t i = 0; i < tags.n_items; i++)
        (void)json_object_set_new(map, tags.items[i].key, json_string(tags.items[i].value));
    *ret = map;
    return KM_OK;
}

km_status km_lambda_page(struct km_call *call, struct km_registry_page *ret)
{
    int64_t limit = km_call_query_number(call, "MaxItems", KM_REGISTRY_PAGE_MAX);
    if (limit < 1)
        return km_call_fail(call, KM_X_NONE, "MaxItems must be at least 1");
    *ret = (struct km_registry_page){
        .marker = km_call_query(call, "Marker"),
        .limit = limit > KM_REGISTRY_PAGE_MAX ? KM_REGISTRY_PAGE_MAX : (unsigned)limit,
    };
    return KM_OK;
}
