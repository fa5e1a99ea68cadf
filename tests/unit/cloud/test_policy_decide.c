/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: actions, resources, and who said so. */
#include "tests/unit/cloud/policy_rig.h"

#define ALLOW(action, resource) RIG_STATEMENT("Allow", action, resource, "")
#define DENY(action, resource) RIG_STATEMENT("Deny", action, resource, "")

/* ---- the order of things ---- */

static void nothing_allows_by_default(void **state)
{
    struct rig rig;
    struct km_err err = {0};
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = NULL;
    (void)state;
    rig_init(&rig);
    assert_int_equal(km_policy_bind(&err, NULL, 0, &rig.context, &bound), KM_OK);
    assert_int_equal(rig_ask(bound, KM_POLICY_CONNECT, KM_POLICY_CLIENT, "c"),
                     KM_POLICY_IMPLICIT_DENY);
    assert_null(km_policy_bound_missing(bound, 0));
}

static void a_deny_wins_wherever_it_stands(void **state)
{
    static const char first[] =
        RIG_POLICY(DENY("iot:Publish", "topic/a") "," ALLOW("iot:*", "topic/*"));
    static const char last[] =
        RIG_POLICY(ALLOW("iot:*", "topic/*") "," DENY("iot:Publish", "topic/a"));
    const char *const documents[] = {first, last};
    struct rig rig;
    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < KM_ARRAY_LEN(documents); i++) {
        KM_AUTO(km_policy_bound_freep)
        struct km_policy_bound *bound = rig_bind(&rig, documents[i]);
        assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "a"),
                         KM_POLICY_EXPLICIT_DENY);
        assert_int_equal(rig_ask(bound, KM_POLICY_RECEIVE, KM_POLICY_TOPIC, "a"),
                         KM_POLICY_ALLOWED);
        assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "b"),
                         KM_POLICY_ALLOWED);
        assert_int_equal(rig_ask(bound, KM_POLICY_CONNECT, KM_POLICY_CLIENT, "a"),
                         KM_POLICY_IMPLICIT_DENY);
    }
}

/* Two policies at once; the decision names the one and the statement, and both may have gone by then. */
static void decisions_name_policy_and_statement(void **state)
{
    struct rig rig;
    struct km_err err = {0};
    struct km_policy_decision decision = {0};
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = NULL;
    (void)state;
    rig_init(&rig);
    struct km_policy *one = rig_compile(
        RIG_POLICY(ALLOW("iot:Connect", "client/*") "," ALLOW("iot:Publish", "topic/a/*")));
    struct km_policy *two =
        rig_compile(RIG_POLICY(ALLOW("iot:Publish", "topic/*") "," RIG_STATEMENT(
            "Deny", "iot:Publish", "topic/a/b", ",\"Sid\":\"no b\"")));
    char name[] = "second";
    const struct km_policy_source sources[] = {{KM_SLICE_STR("first"), one},
                                               {KM_SLICE_STR(name), two}};
    assert_int_equal(km_policy_bind(&err, sources, 2, &rig.context, &bound), KM_OK);
    km_policy_free(one);
    km_policy_free(two);
    name[0] = 'x';

    struct km_policy_request request = {
        .action = KM_POLICY_PUBLISH, .kind = KM_POLICY_TOPIC, .name = KM_SLICE_STR("a/x")};
    assert_true(km_policy_decide(bound, &request, &decision));
    assert_int_equal(decision.by.source, 0);
    assert_string_equal(decision.by.policy, "first");
    assert_int_equal(decision.by.number, 1);
    assert_string_equal(decision.by.sid, "");

    request.name = KM_SLICE_STR("a/b");
    assert_false(km_policy_decide(bound, &request, &decision));
    assert_int_equal(decision.outcome, KM_POLICY_EXPLICIT_DENY);
    assert_int_equal(decision.by.source, 1);
    assert_string_equal(decision.by.policy, "second");
    assert_int_equal(decision.by.number, 1);
    assert_string_equal(decision.by.sid, "no b");

    struct km_policy_fit fits[2] = {0};
    assert_int_equal(km_policy_explain(bound, &request, fits, KM_ARRAY_LEN(fits)), 3);
    assert_true(fits[0].denies);
    assert_string_equal(fits[0].by.sid, "no b");
    assert_false(fits[1].denies);
    assert_string_equal(fits[1].by.policy, "first");
    assert_int_equal(km_policy_explain(bound, &request, NULL, 0), 3);
    request.name = KM_SLICE_STR("\xff");
    assert_int_equal(km_policy_explain(bound, &request, fits, KM_ARRAY_LEN(fits)), 0);
}

/* ---- actions ---- */

static void actions_have_wildcards_and_no_case(void **state)
{
    static const struct {
        const char *pattern;
        enum km_policy_action action;
        bool fits;
    } rows[] = {
        {"*", KM_POLICY_CONNECT, true},
        {"*", KM_POLICY_GREENGRASS_DISCOVER, true},
        {"iot:*", KM_POLICY_PUBLISH, true},
        {"iot:*", KM_POLICY_GREENGRASS_DISCOVER, false},
        {"greengrass:*", KM_POLICY_GREENGRASS_GET_DEPLOYMENT, true},
        {"greengrass:*", KM_POLICY_PUBLISH, false},
        {"iot:Pub*", KM_POLICY_PUBLISH, true},
        {"iot:Pub*", KM_POLICY_RETAIN_PUBLISH, false},
        {"iot:*Publish", KM_POLICY_RETAIN_PUBLISH, true},
        {"iot:*Publish", KM_POLICY_PUBLISH, true},
        {"iot:publish", KM_POLICY_PUBLISH, true},
        {"IOT:PUBLISH", KM_POLICY_PUBLISH, true},
        {"iot:?ublish", KM_POLICY_PUBLISH, true},
        {"iot:?e*e", KM_POLICY_RECEIVE, true},
        {"iot:?e*e", KM_POLICY_PUBLISH, false},
        {"*:Connect", KM_POLICY_CONNECT, true},
        {"iotwireless:Connect", KM_POLICY_CONNECT, false},
        {"greengrass:Publish", KM_POLICY_PUBLISH, false},
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char document[512] = {0};
        (void)snprintf(document, sizeof(document),
                       RIG_POLICY("{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"*\"}"),
                       rows[i].pattern);
        bool fits =
            rig_decide(&rig, document, rows[i].action, KM_POLICY_TOPIC, "t") == KM_POLICY_ALLOWED;
        if (fits != rows[i].fits)
            print_error("%s\n", rows[i].pattern);
        assert_int_equal(fits, rows[i].fits);
    }
}

static void actions_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KM_POLICY_N_ACTIONS; i++) {
        enum km_policy_action found = KM_POLICY_N_ACTIONS;
        const char *text = km_policy_action_text((enum km_policy_action)i);
        assert_true(km_policy_action_find(KM_SLICE_STR(text), &found));
        assert_int_equal(found, i);
    }
    enum km_policy_action found = KM_POLICY_N_ACTIONS;
    assert_false(km_policy_action_find(KM_SLICE_STR("iot:Conn"), &found));
    assert_true(km_policy_action_find(KM_SLICE_STR("iot:connect"), &found));
    assert_int_equal(found, KM_POLICY_CONNECT);
    assert_string_equal(km_policy_outcome_text(KM_POLICY_ALLOWED), "ALLOWED");
    assert_string_equal(km_policy_outcome_text(KM_POLICY_EXPLICIT_DENY), "EXPLICIT_DENY");
    assert_string_equal(km_policy_outcome_text(KM_POLICY_IMPLICIT_DENY), "IMPLICIT_DENY");
}

/* ---- resources ---- */

static void resources_match_as_a_whole(void **state)
{
    static const struct {
        const char *resource;
        const char *topic;
        bool fits;
    } rows[] = {
        {"*", "a", true},
        {RIG_ARN "topic/a", "a", true},
        {RIG_ARN "topic/a", "A", false},
        {RIG_ARN "topic/a", "a/b", false},
        {RIG_ARN "topic/a/b", "a", false},
        {RIG_ARN "topic/*", "a/b/c", true},
        {RIG_ARN "topic/*", "", true},
        {RIG_ARN "topic/a*", "a", true},
        {RIG_ARN "topic/a*c", "a/b/c", true},
        {RIG_ARN "topic/a*c", "a/b/cd", false},
        {RIG_ARN "topic/*a*b*", "xxaxxbxx", true},
        {RIG_ARN "topic/*a*b*", "xxbxxaxx", false},
        {RIG_ARN "topic/a*b*b", "ab", false},
        {RIG_ARN "topic/a*b*b", "abb", true},
        {RIG_ARN "topic/*aa", "aaa", true},
        {RIG_ARN "topic/aa*aa", "aaa", false},
        {RIG_ARN "topic/?", "a", true},
        {RIG_ARN "topic/?", "/", true},
        {RIG_ARN "topic/?", "ab", false},
        {RIG_ARN "topic/?", "", false},
        {RIG_ARN "topic/?", "\xc3\xa9", true}, /* one character, two octets */
        {RIG_ARN "topic/??", "\xc3\xa9", false},
        {RIG_ARN "topic/*?", "\xf0\x9f\x98\x80", true},
        {RIG_ARN "topic/*?x", "\xf0\x9f\x98\x80x", true},
        {RIG_ARN "topic/a?*?c", "abc", false},
        {RIG_ARN "topic/a?*?c", "abbc", true},
        {RIG_ARN "topic/?**", "a", true},
        {RIG_ARN "topic/*?**?*", "a", false},
        {RIG_ARN "topic/*?**?*", "ab", true},
        /* MQTT's wildcards are no wildcards here */
        {RIG_ARN "topic/a/+", "a/b", false},
        {RIG_ARN "topic/a/#", "a/b", false},
        {RIG_ARN "topic/a/#", "a/#", true},
        {RIG_ARN "topic/$aws/x", "$aws/x", true},
        {RIG_ARN "topic/$", "$", true},
        {RIG_ARN "topic/{x}", "{x}", true},
        /* escapes */
        {RIG_ARN "topic/${*}", "*", true},
        {RIG_ARN "topic/${*}", "a", false},
        {RIG_ARN "topic/${?}", "?", true},
        {RIG_ARN "topic/${?}", "a", false},
        {RIG_ARN "topic/${$}{iot:ClientId}", "${iot:ClientId}", true},
        {RIG_ARN "topic/${$}{iot:ClientId}", "device", false},
        /* other places */
        {"arn:aws:iot:eu-west-1:123456789012:client/a", "a", false},
        {"arn:aws:iot:us-east-1:123456789012:topic/a", "a", false},
        {"arn:aws:iot:eu-west-1:210987654321:topic/a", "a", false},
        {"arn:aws:iot:*:123456789012:topic/a", "a", true},
        {"arn:aws:iot:eu-west-?:*:topic/a", "a", true},
        {"arn:*:topic/a", "a", true},
        {"arn:aws-cn:iot:eu-west-1:123456789012:topic/a", "a", false},
        {"*/a", "a", true},
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "device");
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        bool fits = rig_topic_fits(&rig, rows[i].resource, rows[i].topic);
        if (fits != rows[i].fits)
            print_error("%s against %s\n", rows[i].resource, rows[i].topic);
        assert_int_equal(fits, rows[i].fits);
    }
}

static void kinds_are_apart(void **state)
{
    static const char *const kinds[] = {"client", "topic", "topicfilter", "thing", "rolealias"};
    struct rig rig;
    (void)state;
    rig_init(&rig);
    for (unsigned want = 0; want < KM_ARRAY_LEN(kinds); want++) {
        char document[512] = {0};
        char arn[128] = {0};
        (void)snprintf(arn, sizeof(arn), RIG_ARN "%s/x/y", kinds[want]);
        (void)snprintf(document, sizeof(document),
                       RIG_POLICY("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"%s\"}"),
                       arn);
        KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = rig_bind(&rig, document);
        for (unsigned have = 0; have < KM_ARRAY_LEN(kinds); have++)
            assert_int_equal(
                rig_ask(bound, KM_POLICY_PUBLISH, (enum km_policy_resource)have, "x/y"),
                want == have ? KM_POLICY_ALLOWED : KM_POLICY_IMPLICIT_DENY);
        assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_WHOLE, arn),
                         KM_POLICY_ALLOWED);
        assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_WHOLE, "*"),
                         KM_POLICY_IMPLICIT_DENY);
    }
}

static void not_resource_is_all_others(void **state)
{
    static const char document[] =
        RIG_POLICY("{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"NotResource\":[\"" RIG_ARN
                   "topic/a\",\"" RIG_ARN "topic/b/*\"]}");
    struct rig rig;
    (void)state;
    rig_init(&rig);
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = rig_bind(&rig, document);
    assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "a"),
                     KM_POLICY_IMPLICIT_DENY);
    assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "b/x"),
                     KM_POLICY_IMPLICIT_DENY);
    assert_int_equal(rig_ask(bound, KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "c"), KM_POLICY_ALLOWED);
}

static void what_can_be_no_resource_is_denied(void **state)
{
    static char name[KM_POLICY_RESOURCE_MAX + 1];
    struct rig rig;
    struct km_policy_request request = {.action = KM_POLICY_PUBLISH, .kind = KM_POLICY_TOPIC};
    (void)state;
    rig_init(&rig);
    KM_AUTO(km_policy_bound_freep)
    struct km_policy_bound *bound =
        rig_bind(&rig, RIG_POLICY("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}"));
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = 'x';
    size_t fits = KM_POLICY_RESOURCE_MAX - sizeof(RIG_ARN "topic/") + 1;
    request.name = KM_SLICE(name, fits);
    assert_true(km_policy_decide(bound, &request, NULL));
    request.name = KM_SLICE(name, fits + 1);
    assert_false(km_policy_decide(bound, &request, NULL));
    request.name = OCTETS_OF("a\xff");
    assert_false(km_policy_decide(bound, &request, NULL));
    request.name = OCTETS_OF("a\0");
    assert_false(km_policy_decide(bound, &request, NULL));
    request.kind = KM_POLICY_WHOLE;
    request.name = KM_SLICE(name, KM_POLICY_RESOURCE_MAX);
    assert_true(km_policy_decide(bound, &request, NULL));
    request.name = KM_SLICE(name, KM_POLICY_RESOURCE_MAX + 1);
    assert_false(km_policy_decide(bound, &request, NULL));
}

/* ---- bounds of binding ---- */

/* As many variables as a document has room for. */
static struct km_policy *compile_many_variables(void)
{
    char document[KM_POLICY_NONSPACE_MAX + 1] = {0};
    struct km_wr wr = km_wr_init(document, KM_POLICY_NONSPACE_MAX);
    struct km_slice made = {0};
    km_wr_bytes(&wr, OCTETS_OF("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
                               "\"Action\":\"*\",\"Resource\":\"*"));
    while (wr.len < 1900)
        km_wr_bytes(&wr, OCTETS_OF("${iot:ClientId}"));
    km_wr_bytes(&wr, OCTETS_OF("\"}}"));
    assert_true(km_wr_finish(&wr, &made));
    return rig_compile(document);
}

static km_status bind_many(const struct km_policy *policy, size_t n,
                           const struct km_policy_context *context)
{
    struct km_policy_source sources[KM_POLICY_BIND_MAX + 1] = {0};
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = NULL;
    for (size_t i = 0; i < n; i++)
        sources[i] = (struct km_policy_source){KM_SLICE_STR("p"), policy};
    km_status status = km_policy_bind(NULL, sources, n, context, &bound);
    assert_int_equal(bound != NULL, status == KM_OK);
    return status;
}

static void binding_is_bounded(void **state)
{
    static char value[KM_POLICY_VALUE_MAX + 1];
    struct rig rig;
    (void)state;
    for (size_t i = 0; i < KM_POLICY_VALUE_MAX; i++)
        value[i] = 'x';
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, value);
    KM_AUTO(km_policy_freep) struct km_policy *policy = compile_many_variables();
    assert_int_equal(bind_many(policy, 1, &rig.context), KM_OK);
    assert_int_equal(bind_many(policy, KM_POLICY_BIND_MAX, &rig.context), KM_E_LIMIT);
    rig.context.values[KM_POLICY_CLIENT_ID].n = 0;
    assert_int_equal(bind_many(policy, KM_POLICY_BIND_MAX, &rig.context), KM_OK);
    assert_int_equal(bind_many(policy, KM_POLICY_BIND_MAX + 1, &rig.context), KM_E_LIMIT);
    rig.context.region.len = 65;
    assert_int_equal(bind_many(policy, 1, &rig.context), KM_E_ARG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_allows_by_default),
        cmocka_unit_test(a_deny_wins_wherever_it_stands),
        cmocka_unit_test(decisions_name_policy_and_statement),
        cmocka_unit_test(actions_have_wildcards_and_no_case),
        cmocka_unit_test(actions_have_names),
        cmocka_unit_test(resources_match_as_a_whole),
        cmocka_unit_test(kinds_are_apart),
        cmocka_unit_test(not_resource_is_all_others),
        cmocka_unit_test(what_can_be_no_resource_is_denied),
        cmocka_unit_test(binding_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
