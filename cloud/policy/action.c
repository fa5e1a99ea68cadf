/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/action.h"

#include <ctype.h>
#include <string.h>

#include "cloud/policy/key.h"
#include "cloud/policy/pattern.h"

#define IOT KM_SLICE_STR("iot:")

static const char *const action_texts[KM_POLICY_N_ACTIONS] = {
    [KM_POLICY_CONNECT] = "iot:Connect",
    [KM_POLICY_PUBLISH] = "iot:Publish",
    [KM_POLICY_RETAIN_PUBLISH] = "iot:RetainPublish",
    [KM_POLICY_SUBSCRIBE] = "iot:Subscribe",
    [KM_POLICY_RECEIVE] = "iot:Receive",
    [KM_POLICY_GET_THING_SHADOW] = "iot:GetThingShadow",
    [KM_POLICY_UPDATE_THING_SHADOW] = "iot:UpdateThingShadow",
    [KM_POLICY_DELETE_THING_SHADOW] = "iot:DeleteThingShadow",
    [KM_POLICY_LIST_NAMED_SHADOWS_FOR_THING] = "iot:ListNamedShadowsForThing",
    [KM_POLICY_GET_RETAINED_MESSAGE] = "iot:GetRetainedMessage",
    [KM_POLICY_LIST_RETAINED_MESSAGES] = "iot:ListRetainedMessages",
    [KM_POLICY_DESCRIBE_JOB_EXECUTION] = "iot:DescribeJobExecution",
    [KM_POLICY_GET_PENDING_JOB_EXECUTIONS] = "iot:GetPendingJobExecutions",
    [KM_POLICY_START_NEXT_PENDING_JOB_EXECUTION] = "iot:StartNextPendingJobExecution",
    [KM_POLICY_UPDATE_JOB_EXECUTION] = "iot:UpdateJobExecution",
    [KM_POLICY_ASSUME_ROLE_WITH_CERTIFICATE] = "iot:AssumeRoleWithCertificate",
    [KM_POLICY_GREENGRASS_DISCOVER] = "greengrass:Discover",
    [KM_POLICY_GREENGRASS_ASSUME_ROLE_FOR_GROUP] = "greengrass:AssumeRoleForGroup",
    [KM_POLICY_GREENGRASS_CREATE_CERTIFICATE] = "greengrass:CreateCertificate",
    [KM_POLICY_GREENGRASS_GET_DEPLOYMENT] = "greengrass:GetDeployment",
    [KM_POLICY_GREENGRASS_GET_DEPLOYMENT_ARTIFACTS] = "greengrass:GetDeploymentArtifacts",
    [KM_POLICY_GREENGRASS_UPDATE_CORE_DEPLOYMENT_STATUS] = "greengrass:UpdateCoreDeploymentStatus",
    [KM_POLICY_GREENGRASS_GET_CONNECTIVITY_INFO] = "greengrass:GetConnectivityInfo",
    [KM_POLICY_GREENGRASS_UPDATE_CONNECTIVITY_INFO] = "greengrass:UpdateConnectivityInfo",
};

const char *km_policy_action_text(enum km_policy_action action)
{
    return action_texts[action];
}

bool km_policy_action_find(struct km_slice text, enum km_policy_action *ret)
{
    for (unsigned i = 0; i < KM_POLICY_N_ACTIONS; i++) {
        if (km_text_equal_nocase(text, KM_SLICE_STR(action_texts[i]))) {
            *ret = (enum km_policy_action)i;
            return true;
        }
    }
    return false;
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool has_form(struct km_slice pattern)
{
    size_t n_colons = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        uint8_t c = pattern.ptr[i];
        if (!is_letter_or_digit(c) && !km_octet_is_one_of(c, "-*?:"))
            return false;
        n_colons += c == ':';
    }
    bool is_all = pattern.len == 1 && pattern.ptr[0] == '*';
    return is_all ||
           (n_colons == 1 && pattern.ptr[0] != ':' && pattern.ptr[pattern.len - 1] != ':');
}

/* Returns a lower-case copy; ptr is NULL when memory is short. */
static struct km_slice lowered(struct km_arena *scratch, struct km_slice text)
{
    uint8_t *copy = km_arena_alloc(scratch, text.len);
    for (size_t i = 0; copy != NULL && i < text.len; i++)
        copy[i] = (uint8_t)tolower(text.ptr[i]);
    return KM_SLICE(copy, text.len);
}

km_status km_action_mask(struct km_arena *scratch, struct km_slice pattern, uint32_t *ret)
{
    static const struct km_policy_context nothing = {0};
    struct km_text text = {0};
    struct km_pattern bound = {0};
    const struct km_key *bad = NULL;
    uint32_t mask = 0;
    if (pattern.len == 0 || !has_form(pattern))
        return KM_E_MALFORMED;
    struct km_slice low = lowered(scratch, pattern);
    if (low.ptr == NULL || km_text_parse(scratch, low, KM_TEXT_WILD, &text) != KM_TEXT_OK)
        return KM_E_NOMEM;
    KM_TRY(km_pattern_bind(NULL, scratch, &text, &nothing, &bound, &bad));
    for (unsigned i = 0; i < KM_POLICY_N_ACTIONS; i++) {
        struct km_slice name = lowered(scratch, KM_SLICE_STR(action_texts[i]));
        if (name.ptr == NULL)
            return KM_E_NOMEM;
        if (km_pattern_matches(&bound, name))
            mask |= 1u << i;
    }
    /* A slip of the pen in a Deny would deny nothing. */
    if (mask == 0 && low.len > IOT.len && km_slice_equal(KM_SLICE(low.ptr, IOT.len), IOT))
        return KM_E_UNSUPPORTED;
    *ret = mask;
    return KM_OK;
}
