/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that the user guide's appendix B gives every device (in this rig's region), and the one that this project would rather see:
 * what a device can do with each, and what not.
 */
#include "tests/unit/cloud/policy_rig.h"

#define OWN RIG_ARN "topic/$aws/things/${iot:ClientId}/"
#define OWN_FILTER RIG_ARN "topicfilter/$aws/things/${iot:ClientId}/"

static const char global_device_policy[] = RIG_POLICY(
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"" RIG_ARN
    "client/${iot:ClientId}\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:UpdateThingShadow\",\"iot:GetThingShadow\"],"
    "\"Resource\":\"" OWN "shadow/*\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":\"" OWN "*\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Subscribe\"],\"Resource\":[\"" OWN_FILTER
    "shadow/*\",\"" OWN_FILTER "*\"]}");

/* Only who is attached to a thing and calls itself like it. */
static const char attached_device_policy[] = RIG_POLICY(
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"" RIG_ARN
    "client/${iot:Connection.Thing.ThingName}\","
    "\"Condition\":{\"Bool\":{\"iot:Connection.Thing.IsAttached\":\"true\"}}},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":\"" RIG_ARN
    "topic/$aws/things/${iot:Connection.Thing.ThingName}/*\"}");

struct row {
    enum km_policy_action action;
    enum km_policy_resource kind;
    const char *name;
    bool allowed;
};

static void check_rows(const struct rig *rig, const char *document, const struct row *rows,
                       size_t n)
{
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = rig_bind(rig, document);
    for (size_t i = 0; i < n; i++) {
        enum km_policy_outcome outcome = rig_ask(bound, rows[i].action, rows[i].kind, rows[i].name);
        if ((outcome == KM_POLICY_ALLOWED) != rows[i].allowed)
            fail_msg("%s %s: %s", km_policy_action_text(rows[i].action), rows[i].name,
                     km_policy_outcome_text(outcome));
    }
}

static void a_device_has_its_own_topics(void **state)
{
    static const struct row rows[] = {
        {KM_POLICY_CONNECT, KM_POLICY_CLIENT, "lamp_1a2b", true},
        {KM_POLICY_CONNECT, KM_POLICY_CLIENT, "lamp_1a2c", false},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/shadow/update", true},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/shadow/get", true},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/jobs/x", true},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b", false},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2bc/shadow/update", false},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/other/shadow/update", false},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "lamp_1a2b", false},
        {KM_POLICY_RETAIN_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/x", false},
        {KM_POLICY_RECEIVE, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/shadow/update/delta", true},
        {KM_POLICY_RECEIVE, KM_POLICY_TOPIC, "$aws/things/other/shadow/update/delta", false},
        {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER,
         "$aws/things/lamp_1a2b/shadow/update/get/accepted", true},
        {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER, "$aws/things/lamp_1a2b/#", true},
        {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER, "$aws/things/+/shadow/#", false},
        {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER, "$aws/things/#", false},
        {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER, "#", false},
        {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/#", false},
        /* Over HTTPS the resource is the thing, which the printed statement does not name. */
        {KM_POLICY_GET_THING_SHADOW, KM_POLICY_THING, "lamp_1a2b", false},
        {KM_POLICY_UPDATE_THING_SHADOW, KM_POLICY_THING, "lamp_1a2b", false},
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "lamp_1a2b");
    check_rows(&rig, global_device_policy, rows, KM_ARRAY_LEN(rows));
}

/* With the printed policy a device is whoever it says it is: but one thing, never several. */
static void a_name_of_wildcards_has_nothing(void **state)
{
    static const char *const names[] = {"*", "+", "#", "?", "lamp*", "a/+", "${iot:ClientId}"};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        char update[96] = {0};
        struct rig rig;
        (void)snprintf(update, sizeof(update), "$aws/things/%s/shadow/update", names[i]);
        const struct row rows[] = {
            {KM_POLICY_CONNECT, KM_POLICY_CLIENT, names[i], false},
            {KM_POLICY_CONNECT, KM_POLICY_CLIENT, "lamp_1a2b", false},
            {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/shadow/update", false},
            {KM_POLICY_RECEIVE, KM_POLICY_TOPIC, "$aws/things/lamp_1a2b/shadow/update", false},
            {KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER, update, false},
        };
        rig_init(&rig);
        rig_add(&rig, KM_POLICY_CLIENT_ID, names[i]);
        check_rows(&rig, global_device_policy, rows, KM_ARRAY_LEN(rows));
    }
}

static void an_attached_device_has_its_things_name(void **state)
{
    static const struct row attached[] = {
        {KM_POLICY_CONNECT, KM_POLICY_CLIENT, "lamp:1a2b", true},
        {KM_POLICY_CONNECT, KM_POLICY_CLIENT, "other", false},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp:1a2b/shadow/update", true},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/other/shadow/update", false},
    };
    static const struct row stranger[] = {
        {KM_POLICY_CONNECT, KM_POLICY_CLIENT, "lamp:1a2b", false},
        {KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "$aws/things/lamp:1a2b/shadow/update", false},
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "lamp:1a2b");
    rig_add(&rig, KM_POLICY_THING_NAME, "lamp:1a2b");
    rig_add(&rig, KM_POLICY_THING_IS_ATTACHED, "true");
    check_rows(&rig, attached_device_policy, attached, KM_ARRAY_LEN(attached));
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "lamp:1a2b");
    rig_add(&rig, KM_POLICY_THING_IS_ATTACHED, "false");
    check_rows(&rig, attached_device_policy, stranger, KM_ARRAY_LEN(stranger));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_has_its_own_topics),
        cmocka_unit_test(a_name_of_wildcards_has_nothing),
        cmocka_unit_test(an_attached_device_has_its_things_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
