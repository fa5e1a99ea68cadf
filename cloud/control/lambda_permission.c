/* SPDX-License-Identifier: Apache-2.0 */
/* Who may invoke a function beside its account: the statements of its policy. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/inputs.h"
#include "cloud/control/lambda.h"
#include "cloud/control/operations.h"

/* ---- add ---- */

static json_t *principal_json(const char *principal)
{
    if (strcmp(principal, "*") == 0)
        return json_string("*");
    bool is_service = strstr(principal, ".amazonaws.com") != NULL;
    return json_pack("{s:s}", is_service ? "Service" : "AWS", principal);
}

static json_t *condition_json(struct km_call *call)
{
    const char *arn = km_call_text(call, "SourceArn");
    const char *account = km_call_text(call, "SourceAccount");
    json_t *condition = json_object();
    if (arn != NULL)
        (void)json_object_set_new(condition, "ArnLike", json_pack("{s:s}", "AWS:SourceArn", arn));
    if (account != NULL)
        (void)json_object_set_new(condition, "StringEquals",
                                  json_pack("{s:s}", "AWS:SourceAccount", account));
    if (json_object_size(condition) > 0)
        return condition;
    json_decref(condition);
    return NULL;
}

static km_status statement_text(struct km_call *call, const struct km_function_name *name,
                                const char **ret)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_AUTO(km_json_unref)
    json_t *statement = json_pack(
        "{s:s, s:s, s:o, s:s, s:s*, s:o*}", "Sid", km_call_text(call, "StatementId"), "Effect",
        "Allow", "Principal", principal_json(km_call_text(call, "Principal")), "Action",
        km_call_text(call, "Action"), "Resource", km_lambda_arn(call, name->name, name->qualifier),
        "Condition", condition_json(call));
    if (statement == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "statement");
    km_status status = km_json_print(&call->err, statement, KM_FUNCTION_STATEMENT_MAX, &text);
    if (status == KM_E_LIMIT)
        call->exception = KM_X_POLICY_LENGTH;
    KM_TRY(status);
    *ret = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    return *ret != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "statement");
}

static km_status add_permission(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_permission permission = {
        .statement_id = km_call_text(call, "StatementId"),
    };
    KM_TRY(km_lambda_name(call, &name));
    if (!km_inputs_name_is("StatementId", permission.statement_id))
        return km_call_fail(call, KM_X_NONE,
                            "StatementId has characters or a length it may not have");
    KM_TRY(statement_text(call, &name, &permission.statement));
    permission.qualifier = name.qualifier;
    KM_TRY(km_call_as(call,
                      km_registry_permission_add(call->reg, call->account, name.name, &permission,
                                                 km_call_text(call, "RevisionId")),
                      KM_E_LIMIT, KM_X_POLICY_LENGTH));
    call->status = 201;
    return km_call_reply(call, json_pack("{s:s}", "Statement", permission.statement));
}

/* ---- remove, get ---- */

static km_status remove_permission(struct km_call *call)
{
    struct km_function_name name = {0};
    KM_TRY(km_lambda_name(call, &name));
    call->status = 204;
    return km_call_registry(call, km_registry_permission_remove(call->reg, call->account, name.name,
                                                                name.qualifier, call->parts[1]));
}

static km_status get_policy(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_registry_permission_list list = {0};
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_TRY(km_lambda_name(call, &name));
    KM_REG(call, km_registry_permission_list(call->reg, call->arena, call->account, name.name,
                                             name.qualifier, &list));
    if (list.n_items == 0)
        return KM_FAIL(&call->err, KM_E_NOTFOUND, "function %s has no policy", name.name);
    KM_AUTO(km_json_unref)
    json_t *policy =
        json_pack("{s:s, s:s, s:[]}", "Version", "2012-10-17", "Id", "default", "Statement");
    json_t *statements = json_object_get(policy, "Statement");
    for (size_t i = 0; i < list.n_items; i++) {
        json_t *statement = NULL;
        KM_TRY(km_json_object(&call->err, KM_SLICE_STR(list.items[i].statement),
                              KM_CALL_JSON_DEPTH_MAX, &statement));
        (void)json_array_append_new(statements, statement);
    }
    KM_TRY(km_json_print(&call->err, policy, KM_CALL_REPLY_MAX, &text));
    return km_call_reply(
        call, json_pack("{s:s, s:s*}", "Policy", text.ptr, "RevisionId", list.revision_id));
}

#define POLICY "/2015-03-31/functions/{FunctionName}/policy"

static const struct km_operation rows[] = {
    {"AddPermission", KM_SERVICE_LAMBDA, "POST", POLICY, "Qualifier:s", NULL,
     "StatementId!:s Action!:s Principal!:s SourceArn:s SourceAccount:s RevisionId:s",
     KM_OP_CHANGES, add_permission},
    {"RemovePermission", KM_SERVICE_LAMBDA, "DELETE", POLICY "/{StatementId}",
     "Qualifier:s RevisionId:s", NULL, NULL, KM_OP_CHANGES, remove_permission},
    {"GetPolicy", KM_SERVICE_LAMBDA, "GET", POLICY, "Qualifier:s", NULL, NULL, 0, get_policy},
};

const struct km_operations km_lambda_permission = {rows, KM_ARRAY_LEN(rows)};
