/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/policy_rig.h"

void rig_init(struct rig *rig)
{
    *rig = (struct rig){0};
    rig->context.partition = KM_SLICE_STR("aws");
    rig->context.region = KM_SLICE_STR("eu-west-1");
    rig->context.account = KM_SLICE_STR("123456789012");
}

void rig_add(struct rig *rig, unsigned key, const char *text)
{
    struct km_policy_values *values = &rig->context.values[key];
    assert_true(values->n < KM_ARRAY_LEN(rig->values[key]));
    rig->values[key][values->n] = KM_SLICE_STR(text);
    *values = (struct km_policy_values){.at = rig->values[key], .n = values->n + 1};
}

void rig_add_attribute(struct rig *rig, const char *name, const char *value)
{
    assert_true(rig->context.n_attributes < KM_ARRAY_LEN(rig->attributes));
    rig->attributes[rig->context.n_attributes++] =
        (struct km_policy_attribute){KM_SLICE_STR(name), KM_SLICE_STR(value)};
    rig->context.attributes = rig->attributes;
}

struct km_policy *rig_compile(const char *document)
{
    struct km_err err = {0};
    struct km_policy *policy = NULL;
    if (km_policy_compile(&err, KM_SLICE_STR(document), &policy) != KM_OK)
        fail_msg("%s\nof %s", err.text, document);
    return policy;
}

struct km_policy_bound *rig_bind(const struct rig *rig, const char *document)
{
    struct km_err err = {0};
    struct km_policy_bound *bound = NULL;
    KM_AUTO(km_policy_freep) struct km_policy *policy = rig_compile(document);
    struct km_policy_source source = {.name = KM_SLICE_STR("p"), .policy = policy};
    if (km_policy_bind(&err, &source, 1, &rig->context, &bound) != KM_OK)
        fail_msg("%s", err.text);
    return bound; /* copies: the policy may go */
}

enum km_policy_outcome rig_ask(const struct km_policy_bound *bound, enum km_policy_action action,
                               enum km_policy_resource kind, const char *name)
{
    struct km_policy_request request = {.action = action, .kind = kind, .name = KM_SLICE_STR(name)};
    struct km_policy_decision decision = {0};
    bool allowed = km_policy_decide(bound, &request, &decision);
    assert_int_equal(allowed, decision.outcome == KM_POLICY_ALLOWED);
    assert_int_equal(allowed, km_policy_decide(bound, &request, NULL));
    assert_int_equal(decision.by.policy == NULL, decision.outcome == KM_POLICY_IMPLICIT_DENY);
    return decision.outcome;
}

enum km_policy_outcome rig_decide(const struct rig *rig, const char *document,
                                  enum km_policy_action action, enum km_policy_resource kind,
                                  const char *name)
{
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = rig_bind(rig, document);
    return rig_ask(bound, action, kind, name);
}

bool rig_topic_fits(const struct rig *rig, const char *resource, const char *topic)
{
    char document[4096] = {0};
    (void)snprintf(
        document, sizeof(document),
        RIG_POLICY("{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":\"%s\"}"),
        resource);
    return rig_decide(rig, document, KM_POLICY_PUBLISH, KM_POLICY_TOPIC, topic) ==
           KM_POLICY_ALLOWED;
}
