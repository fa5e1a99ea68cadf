/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: create, get, update, delete, list. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/base64.h"
#include "cloud/control/lambda.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"

/* ---- configuration and code ---- */

/* What is stored of a configuration; the rest of CreateFunction's members has no meaning here. */
static const char *const stored_members[] = {"Runtime", "Handler",    "Role",
                                             "Timeout", "MemorySize", "Environment"};

/* merge: takes the members that the body gives into config. */
static void merge(struct km_call *call, json_t *config)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(stored_members); i++) {
        json_t *member = km_call_member(call, stored_members[i]);
        if (member != NULL)
            (void)json_object_set(config, stored_members[i], member);
    }
}

static void set_default(json_t *config, const char *name, unsigned value)
{
    if (json_object_get(config, name) == NULL)
        (void)json_object_set_new(config, name, json_integer(value));
}

/* check: the whole as what would be run; code is empty where it does not change. */
static km_status check(struct km_call *call, const char *name, const char *config,
                       struct km_slice code)
{
    KM_AUTO(km_function_config_freep) struct km_function_config *parsed = NULL;
    struct km_function function = {.name = name, .code = code};
    KM_TRY(km_function_config_parse(&call->err, config, &parsed));
    km_function_config_fill(parsed, &function);
    KM_TRY(km_function_check(&call->err, &function));
    return code.len > 0 ? km_function_check_code(&call->err, &function) : KM_OK;
}

static km_status config_text(struct km_call *call, json_t *config, const char **ret)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    set_default(config, "Timeout", KM_FUNCTION_TIMEOUT_DEFAULT_S);
    set_default(config, "MemorySize", KM_FUNCTION_MEMORY_DEFAULT_MB);
    KM_TRY(km_json_print(&call->err, config, KM_FUNCTION_CONFIG_MAX, &text));
    *ret = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    return *ret != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "configuration");
}

/* The archive in holder's ZipFile; there is nowhere else that code could come from. */
static km_status take_code(struct km_call *call, const json_t *holder, struct km_slice *ret)
{
    const json_t *zip = json_object_get(holder, "ZipFile");
    if (!json_is_string(zip))
        return km_call_fail(call, KM_X_NONE, "the code must come as ZipFile");
    KM_TRY(km_base64_decode(&call->err, call->arena,
                            KM_SLICE(json_string_value(zip), json_string_length(zip)), ret));
    if (ret->len == 0 || ret->len > KM_FUNCTION_CODE_MAX)
        return km_call_fail(call, KM_X_NONE, "ZipFile must have 1 to %d octets",
                            KM_FUNCTION_CODE_MAX);
    return KM_OK;
}

static km_status check_package(struct km_call *call)
{
    const char *type = km_call_text(call, "PackageType");
    if (type != NULL && strcmp(type, "Zip") != 0)
        return km_call_fail(call, KM_X_NONE, "PackageType must be Zip");
    return KM_OK;
}

/* ---- answers ---- */

static km_status reply_version(struct km_call *call, const char *name, int64_t version,
                               const char *qualifier)
{
    struct km_registry_function function = {0};
    KM_REG(call, km_registry_function_get(call->reg, call->arena, call->account, name, version,
                                          &function));
    return km_call_reply(call, km_lambda_json(call, &function, qualifier));
}

/* With Publish what was changed is made a version at once, and that is answered. */
static km_status reply_changed(struct km_call *call, const char *name)
{
    const struct km_registry_function_publish as_it_is = {0};
    int64_t version = KM_FUNCTION_LATEST;
    if (!km_call_is(call, "Publish"))
        return reply_version(call, name, version, "");
    KM_REG(call, km_registry_function_publish(call->reg, call->account, name, &as_it_is, &version));
    return reply_version(call, name, version, km_lambda_version_text(call, version));
}

/* ---- the operations ---- */

static km_status keep_tags(struct km_call *call, const char *name)
{
    const struct km_tagged_resource resource = {KM_TAGGED_FUNCTION, name};
    struct km_tag_list tags = {0};
    KM_TRY(km_tags_of_map(call, km_call_member(call, "Tags"), &tags));
    return km_call_registry(
        call, km_registry_tags_add(call->reg, call->account, &resource, tags.items, tags.n_items));
}

static km_status create_function(struct km_call *call)
{
    KM_AUTO(km_json_unref) json_t *config = json_object();
    struct km_function_name name = {0};
    struct km_registry_function_new new = {.description = km_call_text(call, "Description")};
    KM_TRY(km_function_name_parse(&call->err, km_call_text(call, "FunctionName"), &name));
    KM_TRY(check_package(call));
    KM_TRY(take_code(call, km_call_member(call, "Code"), &new.code));
    merge(call, config);
    KM_TRY(config_text(call, config, &new.config));
    KM_TRY(check(call, name.name, new.config, new.code));
    new.name = name.name;
    KM_REG(call, km_registry_function_create(call->reg, call->account, &new));
    KM_TRY(keep_tags(call, name.name));
    call->status = 201;
    return reply_changed(call, name.name);
}

static km_status get_configuration(struct km_call *call)
{
    struct km_function_name name = {0};
    int64_t version = 0;
    KM_TRY(km_lambda_name(call, &name));
    KM_TRY(km_lambda_version(call, &name, &version));
    return reply_version(call, name.name, version, name.qualifier);
}

static km_status get_function(struct km_call *call)
{
    struct km_function_name name = {0};
    json_t *tags = NULL;
    KM_TRY(get_configuration(call));
    KM_TRY(km_lambda_name(call, &name));
    KM_TRY(km_lambda_tags(call, name.name, &tags));
    json_t *configuration = call->reply;
    call->reply = NULL;
    return km_call_reply(call, json_pack("{s:o, s:{s:s}, s:o}", "Configuration", configuration,
                                         "Code", "RepositoryType", "S3", "Tags", tags));
}

static km_status update_configuration(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_function function = {0};
    KM_AUTO(km_json_unref) json_t *config = NULL;
    struct km_registry_function_update update = {
        .expected_revision_id = km_call_text(call, "RevisionId"),
        .description = km_call_text(call, "Description"),
    };
    KM_TRY(km_lambda_name(call, &name));
    KM_REG(call, km_registry_function_get(call->reg, call->arena, call->account, name.name,
                                          KM_FUNCTION_LATEST, &function));
    KM_TRY(
        km_json_object(&call->err, KM_SLICE_STR(function.config), KM_CALL_JSON_DEPTH_MAX, &config));
    merge(call, config);
    KM_TRY(config_text(call, config, &update.config));
    KM_TRY(check(call, name.name, update.config, (struct km_slice){0}));
    KM_REG(call, km_registry_function_update(call->reg, call->account, name.name, &update));
    return reply_version(call, name.name, KM_FUNCTION_LATEST, "");
}

static km_status update_code(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_function function = {0};
    struct km_registry_function_update update = {
        .expected_revision_id = km_call_text(call, "RevisionId"),
    };
    KM_TRY(km_lambda_name(call, &name));
    KM_TRY(take_code(call, call->body, &update.code));
    KM_REG(call, km_registry_function_get(call->reg, call->arena, call->account, name.name,
                                          KM_FUNCTION_LATEST, &function));
    KM_TRY(check(call, name.name, function.config, update.code));
    if (km_call_is(call, "DryRun"))
        return reply_version(call, name.name, KM_FUNCTION_LATEST, "");
    KM_REG(call, km_registry_function_update(call->reg, call->account, name.name, &update));
    return reply_changed(call, name.name);
}

static km_status delete_function(struct km_call *call)
{
    struct km_function_name name = {0};
    int64_t version = 0;
    KM_TRY(km_lambda_name(call, &name));
    call->status = 204;
    if (name.qualifier[0] == '\0')
        return km_call_registry(call,
                                km_registry_function_delete(call->reg, call->account, name.name));
    if (strspn(name.qualifier, "0123456789") != strlen(name.qualifier))
        return km_call_fail(call, KM_X_NONE, "only published versions can be deleted by Qualifier");
    KM_TRY(km_lambda_version(call, &name, &version));
    return km_call_registry(
        call, km_registry_function_version_delete(call->reg, call->account, name.name, version));
}

static km_status list_functions(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_function_list list = {0};
    KM_TRY(km_lambda_page(call, &page));
    KM_REG(call, km_registry_function_list(call->reg, call->arena, call->account, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items, km_lambda_json(call, &list.items[i], ""));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "Functions", items, "NextMarker", list.next));
}

#define FUNCTIONS "/2015-03-31/functions"
#define FUNCTION FUNCTIONS "/{FunctionName}"
#define CONFIG                                                                                     \
    "Role:s Handler:s Description:s Timeout:i MemorySize:i Environment:o Runtime:s RevisionId:s"

static const struct km_operation rows[] = {
    {"CreateFunction", KM_SERVICE_LAMBDA, "POST", FUNCTIONS, NULL, NULL,
     "FunctionName!:s Runtime!:s Role!:s Handler!:s Code!:o Description:s Timeout:i MemorySize:i "
     "Publish:b PackageType:s Environment:o Tags:o Architectures:a",
     KM_OP_CHANGES, create_function},
    {"GetFunction", KM_SERVICE_LAMBDA, "GET", FUNCTION, "Qualifier:s", NULL, NULL, 0, get_function},
    {"GetFunctionConfiguration", KM_SERVICE_LAMBDA, "GET", FUNCTION "/configuration", "Qualifier:s",
     NULL, NULL, 0, get_configuration},
    {"UpdateFunctionConfiguration", KM_SERVICE_LAMBDA, "PUT", FUNCTION "/configuration", NULL, NULL,
     CONFIG, KM_OP_CHANGES, update_configuration},
    {"UpdateFunctionCode", KM_SERVICE_LAMBDA, "PUT", FUNCTION "/code", NULL, NULL,
     "ZipFile:s Publish:b DryRun:b RevisionId:s Architectures:a", KM_OP_CHANGES, update_code},
    {"DeleteFunction", KM_SERVICE_LAMBDA, "DELETE", FUNCTION, "Qualifier:s", NULL, NULL,
     KM_OP_CHANGES, delete_function},
    {"ListFunctions", KM_SERVICE_LAMBDA, "GET", FUNCTIONS, "Marker:s MaxItems:i", NULL, NULL, 0,
     list_functions},
};

const struct km_operations km_lambda_function = {rows, KM_ARRAY_LEN(rows)};
