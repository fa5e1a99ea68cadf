/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody may do, and why: the policies that count, and decisions made with them as the broker makes them. */
#include <string.h>

#include "cloud/control/certificate.h"
#include "cloud/control/effective.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/policy/cert_values.h"
#include "cloud/policy/policy.h"
#include "cloud/registry/registry_thing.h"

#define ASKED_MAX 10 /* authInfos of one call, and resources of one of them: AWS's bounds */
#define FITS_MAX 64

/* ---- GetEffectivePolicies ---- */

/* The certificate that the body's principal names; NULL when it names none. */
static km_status principal_of(struct km_call *call, const char **ret)
{
    const char *arn = km_call_text(call, "principal");
    *ret = NULL;
    if (km_call_text(call, "cognitoIdentityPoolId") != NULL)
        return km_call_fail(call, KM_X_NONE, "cognitoIdentityPoolId is not offered");
    return arn != NULL ? km_certificate_principal(call, arn, ret) : KM_OK;
}

static km_status get_effective_policies(struct km_call *call)
{
    const char *id = NULL;
    struct km_policy_texts texts = {0};
    struct km_registry_certificate certificate = {0};
    KM_TRY(principal_of(call, &id));
    if (id != NULL)
        KM_TRY(km_certificate_get(call, id, &certificate));
    KM_TRY(km_effective_policies(call, id, km_call_query(call, "thingName"), NULL, NULL, &texts));
    json_t *items = json_array();
    for (size_t i = 0; i < texts.n; i++)
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s*, s:s}", "policyName", texts.items[i].name, "policyArn",
                             km_call_arn(call, "policy", texts.items[i].name), "policyDocument",
                             texts.items[i].document));
    return km_call_reply(call, json_pack("{s:o}", "effectivePolicies", items));
}

/* ---- what is known of the connection that is asked about ---- */

struct compiled {
    struct km_policy_source *sources;
    size_t n;
};

static void compiled_clear(struct compiled *compiled)
{
    for (size_t i = 0; i < compiled->n; i++)
        km_policy_free((struct km_policy *)(uintptr_t)compiled->sources[i].policy);
    compiled->n = 0;
}

static km_status compile(struct km_call *call, const struct km_policy_texts *texts,
                         struct compiled *ret)
{
    ret->sources = km_arena_array(call->arena, texts->n + 1, sizeof(*ret->sources));
    if (ret->sources == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "%zu policies", texts->n);
    for (size_t i = 0; i < texts->n; i++) {
        struct km_policy *policy = NULL;
        KM_TRY(km_policy_compile(&call->err, KM_SLICE_STR(texts->items[i].document), &policy));
        ret->sources[ret->n++] =
            (struct km_policy_source){.name = KM_SLICE_STR(texts->items[i].name), .policy = policy};
    }
    return KM_OK;
}

static km_status put(struct km_call *call, struct km_policy_context *context,
                     enum km_policy_key key, const char *text)
{
    struct km_slice *value = km_arena_alloc(call->arena, sizeof(*value));
    if (value == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "value of a policy's key");
    *value = KM_SLICE_STR(text);
    context->values[key] = (struct km_policy_values){.at = value, .n = 1};
    return KM_OK;
}

/* A thing counts that is named like the client id and attached to the certificate. */
static km_status put_thing(struct km_call *call, struct km_policy_context *context,
                           const char *client_id, const char *certificate_id)
{
    struct km_registry_thing thing = {0};
    bool is_attached = false;
    if (client_id != NULL && certificate_id != NULL && km_inputs_name_is("thingName", client_id))
        KM_REG(call, km_registry_thing_is_attached(call->reg, call->account, client_id,
                                                   certificate_id, &is_attached));
    KM_TRY(put(call, context, KM_POLICY_THING_IS_ATTACHED, is_attached ? "true" : "false"));
    if (!is_attached)
        return KM_OK;
    KM_REG(call, km_registry_thing_get(call->reg, call->arena, call->account, client_id, &thing));
    struct km_policy_attribute *attributes =
        km_arena_array(call->arena, thing.n_attributes + 1, sizeof(*attributes));
    if (attributes == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "%zu attributes", thing.n_attributes);
    for (size_t i = 0; i < thing.n_attributes; i++)
        attributes[i] =
            (struct km_policy_attribute){.name = KM_SLICE_STR(thing.attributes[i].name),
                                         .value = KM_SLICE_STR(thing.attributes[i].value)};
    context->attributes = attributes;
    context->n_attributes = thing.n_attributes;
    KM_TRY(put(call, context, KM_POLICY_THING_NAME, thing.name));
    return thing.type != NULL ? put(call, context, KM_POLICY_THING_TYPE_NAME, thing.type) : KM_OK;
}

static km_status bind(struct km_call *call, const char *certificate_id,
                      const struct km_policy_texts *texts, struct km_policy_bound **ret)
{
    KM_AUTO(compiled_clear) struct compiled compiled = {0};
    KM_AUTO(km_cert_values_freep) struct km_cert_values *values = NULL;
    const char *client_id = km_call_query(call, "clientId");
    struct km_policy_context context = {
        .partition = KM_SLICE_STR("aws"),
        .region = KM_SLICE_STR(call->region),
        .account = KM_SLICE_STR(call->account),
    };
    KM_TRY(compile(call, texts, &compiled));
    if (certificate_id != NULL) {
        struct km_registry_certificate certificate = {0};
        KM_TRY(km_certificate_get(call, certificate_id, &certificate));
        KM_TRY(km_cert_values_read(&call->err, certificate.der, &values));
        km_cert_values_put(values, &context);
    }
    if (client_id != NULL)
        KM_TRY(put(call, &context, KM_POLICY_CLIENT_ID, client_id));
    KM_TRY(put(call, &context, KM_POLICY_SOURCE_IP, call->request->address));
    KM_TRY(put_thing(call, &context, client_id, certificate_id));
    return km_policy_bind(&call->err, compiled.sources, compiled.n, &context, ret);
}

/* ---- TestAuthorization ---- */

struct verdict {
    bool is_denied;
    bool is_allowed;             /* every resource */
    const char *by[2][FITS_MAX]; /* names of policies that allow, and that deny */
    size_t n[2];
};

static void note(struct verdict *verdict, const struct km_policy_fit *fit)
{
    size_t which = fit->denies ? 1 : 0;
    for (size_t i = 0; i < verdict->n[which]; i++) {
        if (strcmp(verdict->by[which][i], fit->by.policy) == 0)
            return;
    }
    if (verdict->n[which] < FITS_MAX)
        verdict->by[which][verdict->n[which]++] = fit->by.policy;
}

static void decide(const struct km_policy_bound *bound, const struct km_policy_request *request,
                   struct verdict *verdict)
{
    struct km_policy_fit fits[FITS_MAX] = {0};
    struct km_policy_decision decision = {0};
    bool is_allowed = km_policy_decide(bound, request, &decision);
    size_t n = km_policy_explain(bound, request, fits, FITS_MAX);
    verdict->is_allowed = verdict->is_allowed && is_allowed;
    verdict->is_denied = verdict->is_denied || decision.outcome == KM_POLICY_EXPLICIT_DENY;
    for (size_t i = 0; i < n && i < FITS_MAX; i++)
        note(verdict, &fits[i]);
}

static bool action_of(const char *type, enum km_policy_action *ret)
{
    static const struct {
        const char *type;
        enum km_policy_action action;
    } rows[] = {{"PUBLISH", KM_POLICY_PUBLISH},
                {"SUBSCRIBE", KM_POLICY_SUBSCRIBE},
                {"RECEIVE", KM_POLICY_RECEIVE},
                {"CONNECT", KM_POLICY_CONNECT}};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        if (type != NULL && strcmp(rows[i].type, type) == 0) {
            *ret = rows[i].action;
            return true;
        }
    }
    return false;
}

static json_t *policies_json(struct km_call *call, const struct verdict *verdict, size_t which)
{
    json_t *items = json_array();
    for (size_t i = 0; i < verdict->n[which]; i++)
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s*}", "policyName", verdict->by[which][i], "policyArn",
                             km_call_arn(call, "policy", verdict->by[which][i])));
    return items;
}

static json_t *verdict_json(struct km_call *call, json_t *info, const struct verdict *verdict,
                            const struct km_policy_bound *bound)
{
    const char *word = verdict->is_denied    ? "EXPLICIT_DENY"
                       : verdict->is_allowed ? "ALLOWED"
                                             : "IMPLICIT_DENY";
    json_t *missing = json_array();
    const char *key = NULL;
    for (size_t i = 0; (key = km_policy_bound_missing(bound, i)) != NULL; i++)
        (void)json_array_append_new(missing, json_string(key));
    return json_pack("{s:O, s:{s:o}, s:{s:{s:[]}, s:{s:o}}, s:s, s:o}", "authInfo", info, "allowed",
                     "policies", policies_json(call, verdict, 0), "denied", "implicitDeny",
                     "policies", "explicitDeny", "policies", policies_json(call, verdict, 1),
                     "authDecision", word, "missingContextValues", missing);
}

static km_status test_one(struct km_call *call, const struct km_policy_bound *bound, json_t *info,
                          json_t *results)
{
    const json_t *resources = json_object_get(info, "resources");
    struct km_policy_request request = {.kind = KM_POLICY_WHOLE, .now_s = call->now_ms / 1000};
    struct verdict verdict = {.is_allowed = true};
    if (!action_of(json_string_value(json_object_get(info, "actionType")), &request.action))
        return km_call_fail(call, KM_X_NONE,
                            "actionType must be PUBLISH, SUBSCRIBE, RECEIVE or CONNECT");
    size_t n = json_array_size(resources);
    if (n == 0 || n > ASKED_MAX)
        return km_call_fail(call, KM_X_NONE, "resources must be a list of 1 to %d", ASKED_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *arn = json_string_value(json_array_get(resources, i));
        if (arn == NULL)
            return km_call_fail(call, KM_X_NONE, "resources are ARNs");
        request.name = KM_SLICE_STR(arn);
        decide(bound, &request, &verdict);
    }
    (void)json_array_append_new(results, verdict_json(call, info, &verdict, bound));
    return KM_OK;
}

static km_status test_authorization(struct km_call *call)
{
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = NULL;
    struct km_policy_texts texts = {0};
    const char *id = NULL;
    json_t *infos = km_call_member(call, "authInfos");
    size_t n = json_array_size(infos);
    if (n == 0 || n > ASKED_MAX)
        return km_call_fail(call, KM_X_NONE, "authInfos must be a list of 1 to %d", ASKED_MAX);
    KM_TRY(principal_of(call, &id));
    KM_TRY(km_effective_policies(call, id, km_call_query(call, "clientId"),
                                 km_call_member(call, "policyNamesToAdd"),
                                 km_call_member(call, "policyNamesToSkip"), &texts));
    KM_TRY(bind(call, id, &texts, &bound));
    json_t *results = json_array();
    km_status status = KM_OK;
    for (size_t i = 0; i < n && status == KM_OK; i++)
        status = test_one(call, bound, json_array_get(infos, i), results);
    if (status != KM_OK) {
        json_decref(results);
        return status;
    }
    return km_call_reply(call, json_pack("{s:o}", "authResults", results));
}

static const struct km_operation rows[] = {
    {"GetEffectivePolicies", KM_SERVICE_IOT, "POST", "/effective-policies", "thingName:s", NULL,
     "principal:s cognitoIdentityPoolId:s", 0, get_effective_policies},
    {"TestAuthorization", KM_SERVICE_IOT, "POST", "/test-authorization", "clientId:s", NULL,
     "principal:s cognitoIdentityPoolId:s authInfos!:a policyNamesToAdd:a policyNamesToSkip:a", 0,
     test_authorization},
};

const struct km_operations km_iot_authorize = {rows, KM_ARRAY_LEN(rows)};
