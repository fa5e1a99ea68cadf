/* SPDX-License-Identifier: Apache-2.0 */
/* What policies are attached to: certificates and thing groups. */
#include "cloud/control/certificate.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/registry/registry_policy.h"

/* ---- targets ---- */

static km_status target_of(struct km_call *call, const char *arn, struct km_policy_target *ret)
{
    const char *group = km_call_arn_name(call, arn, "thinggroup");
    if (group != NULL && km_inputs_name_is("thingGroupName", group)) {
        *ret = (struct km_policy_target){.kind = KM_TARGET_GROUP, .id = group};
        return KM_OK;
    }
    ret->kind = KM_TARGET_CERTIFICATE;
    return km_certificate_principal(call, arn, &ret->id);
}

static const char *target_arn(struct km_call *call, const struct km_policy_target *target)
{
    return km_call_arn(call, target->kind == KM_TARGET_GROUP ? "thinggroup" : "cert", target->id);
}

static km_status attach(struct km_call *call, const char *arn)
{
    struct km_policy_target target = {0};
    KM_TRY(target_of(call, arn, &target));
    return km_call_registry(
        call, km_registry_policy_attach(call->reg, call->account, call->parts[0], &target));
}

static km_status detach(struct km_call *call, const char *arn)
{
    struct km_policy_target target = {0};
    KM_TRY(target_of(call, arn, &target));
    return km_call_registry(
        call, km_registry_policy_detach(call->reg, call->account, call->parts[0], &target));
}

static km_status attach_policy(struct km_call *call)
{
    return attach(call, km_call_text(call, "target"));
}

static km_status detach_policy(struct km_call *call)
{
    return detach(call, km_call_text(call, "target"));
}

static km_status attach_principal_policy(struct km_call *call)
{
    return attach(call, km_call_header(call, "x-amzn-iot-principal"));
}

static km_status detach_principal_policy(struct km_call *call)
{
    return detach(call, km_call_header(call, "x-amzn-iot-principal"));
}

/* ---- lists ---- */

/* A target has KM_POLICIES_PER_TARGET_MAX at most: they are one page, whatever was asked for. */
static km_status list_at(struct km_call *call, const char *arn, bool is_recursive)
{
    struct km_policy_target target = {0};
    struct km_registry_page page = {0};
    struct km_registry_names list = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_TRY(target_of(call, arn, &target));
    KM_REG(call, km_registry_policy_list_attached(call->reg, call->arena, call->account, &target,
                                                  is_recursive, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_names; i++)
        (void)json_array_append_new(items, json_pack("{s:s, s:s*}", "policyName", list.names[i],
                                                     "policyArn",
                                                     km_call_arn(call, "policy", list.names[i])));
    return km_call_reply(call, json_pack("{s:o}", "policies", items));
}

static km_status list_attached_policies(struct km_call *call)
{
    return list_at(call, call->parts[0], km_call_query_is(call, "recursive"));
}

static km_status list_principal_policies(struct km_call *call)
{
    return list_at(call, km_call_header(call, "x-amzn-iot-principal"), false);
}

static km_status list_targets(struct km_call *call, const char *policy, const char *member)
{
    struct km_registry_page page = {0};
    struct km_policy_target_list list = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_REG(call,
           km_registry_policy_targets(call->reg, call->arena, call->account, policy, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        const char *arn = target_arn(call, &list.items[i]);
        (void)json_array_append_new(items, json_string(arn));
    }
    return km_call_reply(call, json_pack("{s:o, s:s*}", member, items, "nextMarker", list.next));
}

static km_status list_targets_for_policy(struct km_call *call)
{
    return list_targets(call, call->parts[0], "targets");
}

static km_status list_policy_principals(struct km_call *call)
{
    const char *policy = km_call_header(call, "x-amzn-iot-policy");
    if (!km_inputs_name_is("policyName", policy))
        return km_call_fail(call, KM_X_NONE, "x-amzn-iot-policy is no name of a policy");
    return list_targets(call, policy, "principals");
}

#define TARGET_POLICIES "/target-policies/{policyName}"
#define PRINCIPAL_POLICIES "/principal-policies/{policyName}"
#define PRINCIPAL "x-amzn-iot-principal!:s"
#define PAGE "marker:s pageSize:i"

static const struct km_operation rows[] = {
    {"AttachPolicy", KM_SERVICE_IOT, "PUT", TARGET_POLICIES, NULL, NULL, "target!:s", KM_OP_CHANGES,
     attach_policy},
    {"DetachPolicy", KM_SERVICE_IOT, "POST", TARGET_POLICIES, NULL, NULL, "target!:s",
     KM_OP_CHANGES, detach_policy},
    {"ListAttachedPolicies", KM_SERVICE_IOT, "POST", "/attached-policies/{target+}",
     "recursive:b " PAGE, NULL, NULL, 0, list_attached_policies},
    {"ListTargetsForPolicy", KM_SERVICE_IOT, "POST", "/policy-targets/{policyName}", PAGE, NULL,
     NULL, 0, list_targets_for_policy},
    {"AttachPrincipalPolicy", KM_SERVICE_IOT, "PUT", PRINCIPAL_POLICIES, NULL, PRINCIPAL, NULL,
     KM_OP_CHANGES, attach_principal_policy},
    {"DetachPrincipalPolicy", KM_SERVICE_IOT, "DELETE", PRINCIPAL_POLICIES, NULL, PRINCIPAL, NULL,
     KM_OP_CHANGES, detach_principal_policy},
    {"ListPrincipalPolicies", KM_SERVICE_IOT, "GET", "/principal-policies",
     PAGE " isAscendingOrder:b", PRINCIPAL, NULL, 0, list_principal_policies},
    {"ListPolicyPrincipals", KM_SERVICE_IOT, "GET", "/policy-principals",
     PAGE " isAscendingOrder:b", "x-amzn-iot-policy!:s", NULL, 0, list_policy_principals},
};

const struct km_operations km_iot_attachment = {rows, KM_ARRAY_LEN(rows)};
