/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of policies share: a document and a connection in, a decision out. */
#ifndef KM_TEST_POLICY_RIG_H
#define KM_TEST_POLICY_RIG_H

#include "cloud/policy/policy.h"
#include "tests/unit/km_test.h"

#define RIG_ARN "arn:aws:iot:eu-west-1:123456789012:"
#define RIG_POLICY(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
/* One statement; resource behind RIG_ARN, more: further members, with a comma in front. */
#define RIG_STATEMENT(effect, action, resource, more)                                              \
    "{\"Effect\":\"" effect "\",\"Action\":\"" action "\",\"Resource\":\"" RIG_ARN resource        \
    "\"" more "}"

/* A connection without any values, but with the region and account of RIG_ARN. */
struct rig {
    struct km_policy_context context;
    struct km_slice values[KM_POLICY_N_KEYS][8];
    struct km_policy_attribute attributes[8];
};
void rig_init(struct rig *rig);
/* rig_add: one more value of the key; text stays where it is. */
void rig_add(struct rig *rig, unsigned key, const char *text);
void rig_add_attribute(struct rig *rig, const char *name, const char *value);

/* rig_compile: of a document that is good. */
struct km_policy *rig_compile(const char *document);
/* rig_bind: one policy, named "p". */
struct km_policy_bound *rig_bind(const struct rig *rig, const char *document);
/* rig_ask: at the time 0. */
enum km_policy_outcome rig_ask(const struct km_policy_bound *bound, enum km_policy_action action,
                               enum km_policy_resource kind, const char *name);
/* rig_decide: all in one. */
enum km_policy_outcome rig_decide(const struct rig *rig, const char *document,
                                  enum km_policy_action action, enum km_policy_resource kind,
                                  const char *name);
/* rig_topic_fits: whether a statement that allows iot:Publish for this resource allows it for this topic. */
bool rig_topic_fits(const struct rig *rig, const char *resource, const char *topic);

#endif
