/* SPDX-License-Identifier: Apache-2.0 */
/* Variables stand for values, and no value widens anything. */
#include "tests/unit/cloud/policy_rig.h"

#define ALLOW(action, resource) RIG_STATEMENT("Allow", action, resource, "")

static void variables_stand_for_their_values(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
    } rows[] = {
        {"iot:ClientId", "id"},
        {"IOT:clientid", "id"},
        {"aws:SourceIp", "192.0.2.1"},
        {"iot:Connection.Thing.ThingName", "name"},
        {"iot:Connection.Thing.ThingTypeName", "type"},
        {"iot:Connection.Thing.IsAttached", "true"},
        {"iot:Connection.Thing.Attributes[floor]", "3"},
        {"iot:Connection.Thing.Attributes[Floor]", "4"},
        {"iot:Certificate.SerialNumber", "77"},
        {"iot:Certificate.Subject.CommonName", "cn0"},
        {"iot:Certificate.Subject.CommonName.0", "cn0"},
        {"iot:Certificate.Subject.CommonName.1", "cn1"},
        {"iot:Certificate.Issuer.CommonName", "ca"},
        {"iot:Certificate.Issuer.GenerationQualifier", "jr"},
        {"iot:Certificate.Subject.AlternativeName.DNSName", "d.example"},
        {"iot:Certificate.Issuer.AlternativeName.IPAddress.0", "10.0.0.1"},
        {"iot:DomainName", "iot.example"},
        {"iot:LastWillTopic", "gone"},
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "id");
    rig_add(&rig, KM_POLICY_SOURCE_IP, "192.0.2.1");
    rig_add(&rig, KM_POLICY_THING_NAME, "name");
    rig_add(&rig, KM_POLICY_THING_TYPE_NAME, "type");
    rig_add(&rig, KM_POLICY_THING_IS_ATTACHED, "true");
    rig_add_attribute(&rig, "floor", "3");
    rig_add_attribute(&rig, "Floor", "4");
    rig_add(&rig, KM_POLICY_CERT_SERIAL_NUMBER, "77");
    rig_add(&rig, KM_POLICY_SUBJECT + KM_POLICY_COMMON_NAME, "cn0");
    rig_add(&rig, KM_POLICY_SUBJECT + KM_POLICY_COMMON_NAME, "cn1");
    rig_add(&rig, KM_POLICY_ISSUER + KM_POLICY_COMMON_NAME, "ca");
    rig_add(&rig, KM_POLICY_ISSUER + KM_POLICY_GENERATION_QUALIFIER, "jr");
    rig_add(&rig, KM_POLICY_SUBJECT + KM_POLICY_ALT_DNS_NAME, "d.example");
    rig_add(&rig, KM_POLICY_ISSUER + KM_POLICY_ALT_IP_ADDRESS, "10.0.0.1");
    rig_add(&rig, KM_POLICY_DOMAIN_NAME, "iot.example");
    rig_add(&rig, KM_POLICY_LAST_WILL_TOPIC, "gone");
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char resource[256] = {0};
        char topic[128] = {0};
        (void)snprintf(resource, sizeof(resource), RIG_ARN "topic/a-${%s}-*", rows[i].variable);
        (void)snprintf(topic, sizeof(topic), "a-%s-z", rows[i].value);
        if (!rig_topic_fits(&rig, resource, topic))
            print_error("%s\n", rows[i].variable);
        assert_true(rig_topic_fits(&rig, resource, topic));
        (void)snprintf(topic, sizeof(topic), "a-%sx-z", rows[i].value);
        assert_false(rig_topic_fits(&rig, resource, topic));
    }
}

static void without_a_value_nothing_matches(void **state)
{
    static const char *const variables[] = {
        "${iot:ClientId}",
        "${iot:Connection.Thing.ThingName}",
        "${iot:Connection.Thing.Attributes[a]}",
        "${iot:Certificate.Subject.CommonName}",
        "${iot:Certificate.Subject.Country.1}", /* there is only .0 */
        "${iot:Certificate.Issuer.AlternativeName.DNSName}",
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_SUBJECT + KM_POLICY_COUNTRY, "CH");
    for (size_t i = 0; i < KM_ARRAY_LEN(variables); i++) {
        char resource[256] = {0};
        (void)snprintf(resource, sizeof(resource), RIG_ARN "topic/*%s*", variables[i]);
        assert_false(rig_topic_fits(&rig, resource, ""));
        assert_false(rig_topic_fits(&rig, resource, "a"));
        assert_false(rig_topic_fits(&rig, resource, variables[i]));
    }
}

/* The key of the whole: a device that chooses its name chooses nothing else. */
static void no_value_is_a_wildcard(void **state)
{
    static const char *const hostile[] = {
        "*",   "?",   "+", "#", "$", "a*", "*a", "a/+", "a/#", "${*}", "${iot:ClientId}",
        "a?c", "$aws"};
    struct rig rig;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(hostile); i++) {
        rig_init(&rig);
        rig_add(&rig, KM_POLICY_CLIENT_ID, hostile[i]);
        rig_add(&rig, KM_POLICY_SUBJECT + KM_POLICY_COMMON_NAME, hostile[i]);
        rig_add_attribute(&rig, "a", hostile[i]);
        static const char *const resources[] = {
            RIG_ARN "topic/${iot:ClientId}",
            RIG_ARN "topic/${iot:Certificate.Subject.CommonName}",
            RIG_ARN "topic/${iot:Connection.Thing.Attributes[a]}",
            RIG_ARN "topic/*${iot:ClientId}",
        };
        for (size_t r = 0; r < KM_ARRAY_LEN(resources); r++) {
            assert_false(rig_topic_fits(&rig, resources[r], "a"));
            assert_false(rig_topic_fits(&rig, resources[r], "abc"));
            assert_false(rig_topic_fits(&rig, resources[r], "a/b"));
            assert_false(rig_topic_fits(&rig, resources[r], ""));
            /* Not even itself: where it is no wildcard of policies it may be one of MQTT. */
            assert_false(rig_topic_fits(&rig, resources[r], hostile[i]));
        }
    }
}

static void values_are_bounded_and_text(void **state)
{
    static char value[KM_POLICY_VALUE_MAX + 2];
    static const char document[] =
        RIG_POLICY("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*${iot:ClientId}\"}");
    struct rig rig;
    (void)state;
    for (size_t i = 0; i < KM_POLICY_VALUE_MAX; i++)
        value[i] = 'x';
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, value);
    assert_int_equal(rig_decide(&rig, document, KM_POLICY_CONNECT, KM_POLICY_WHOLE, value),
                     KM_POLICY_ALLOWED);
    value[KM_POLICY_VALUE_MAX] = 'x';
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, value);
    assert_int_equal(rig_decide(&rig, document, KM_POLICY_CONNECT, KM_POLICY_WHOLE, "x"),
                     KM_POLICY_IMPLICIT_DENY);
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "\xff");
    assert_int_equal(rig_decide(&rig, document, KM_POLICY_CONNECT, KM_POLICY_CLIENT, "x"),
                     KM_POLICY_IMPLICIT_DENY);
}

/* Where "all but" names something without a value, nobody can tell what is left: allow none of it, deny all of it. */
static void not_resource_without_a_value_errs_on_the_safe_side(void **state)
{
#define NOT(effect)                                                                                \
    "{\"Effect\":\"" effect "\",\"Action\":\"*\",\"NotResource\":\"" RIG_ARN                       \
    "topic/${iot:ClientId}\"}"
    struct rig rig;
    (void)state;
    rig_init(&rig);
    assert_int_equal(
        rig_decide(&rig, RIG_POLICY(NOT("Allow")), KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "a"),
        KM_POLICY_IMPLICIT_DENY);
    assert_int_equal(
        rig_decide(&rig, RIG_POLICY(NOT("Deny")), KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "a"),
        KM_POLICY_EXPLICIT_DENY);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "a");
    assert_int_equal(
        rig_decide(&rig, RIG_POLICY(NOT("Allow")), KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "b"),
        KM_POLICY_ALLOWED);
    assert_int_equal(
        rig_decide(&rig, RIG_POLICY(NOT("Deny")), KM_POLICY_PUBLISH, KM_POLICY_TOPIC, "a"),
        KM_POLICY_IMPLICIT_DENY);
}

static void what_had_no_value_is_told_once(void **state)
{
    static const char document[] = RIG_POLICY(
        ALLOW("iot:Publish", "topic/${iot:Connection.Thing.ThingName}/${aws:SourceIp}") "," ALLOW(
            "iot:Publish",
            "topic/${iot:Connection.Thing.ThingName}") "," RIG_STATEMENT("Allow", "iot:Connect",
                                                                         "client/*",
                                                                         ",\"Condition\":{\"StringEquals\":{\"iot:DomainName\":\"${iot:ClientId}\"},"
                                                                         "\"Null\":{\"iot:LastWillTopic\":\"true\"},"
                                                                         "\"StringEqualsIfExists\":{\"iot:Certificate.SerialNumber\":\"1\"}}"));
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_CLIENT_ID, "#");
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = rig_bind(&rig, document);
    assert_string_equal(km_policy_bound_missing(bound, 0), "iot:Connection.Thing.ThingName");
    assert_string_equal(km_policy_bound_missing(bound, 1), "aws:SourceIp");
    assert_string_equal(km_policy_bound_missing(bound, 2), "iot:DomainName");
    assert_null(km_policy_bound_missing(bound, 3));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_stand_for_their_values),
        cmocka_unit_test(without_a_value_nothing_matches),
        cmocka_unit_test(no_value_is_a_wildcard),
        cmocka_unit_test(values_are_bounded_and_text),
        cmocka_unit_test(not_resource_without_a_value_errs_on_the_safe_side),
        cmocka_unit_test(what_had_no_value_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
