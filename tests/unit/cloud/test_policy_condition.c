/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: each operator with and without prefixes, absent keys, variables in values, the time. */
#include "tests/unit/cloud/policy_rig.h"

static enum km_policy_outcome outcome_of(const struct rig *rig, const char *effect,
                                         const char *condition)
{
    char document[2048] = {0};
    (void)snprintf(document, sizeof(document),
                   RIG_POLICY("{\"Effect\":\"%s\",\"Action\":\"iot:Connect\",\"Resource\":\"*\","
                              "\"Condition\":{%s}}"),
                   effect, condition);
    return rig_decide(rig, document, KM_POLICY_CONNECT, KM_POLICY_CLIENT, "c");
}

static bool holds(const struct rig *rig, const char *condition)
{
    bool holds = outcome_of(rig, "Allow", condition) == KM_POLICY_ALLOWED;
    bool denies = outcome_of(rig, "Deny", condition) == KM_POLICY_EXPLICIT_DENY;
    if (holds != denies)
        print_error("allow and deny disagree: %s\n", condition);
    assert_int_equal(holds, denies);
    return holds;
}

struct row {
    const char *condition;
    bool holds;
};

static void check_rows(const struct rig *rig, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool held = holds(rig, rows[i].condition);
        if (held != rows[i].holds)
            print_error("%s\n", rows[i].condition);
        assert_int_equal(held, rows[i].holds);
    }
}

/* "OPERATOR": {"KEY": VALUES} */
#define ON(op, key, values) "\"" op "\":{\"" key "\":" values "}"
#define ID(op, values) ON(op, "iot:ClientId", values)
#define O_LIST "iot:Certificate.Subject.Organization.List"
#define NAME "iot:Connection.Thing.ThingName"

static void rig_fill(struct rig *rig)
{
    rig_init(rig);
    rig_add(rig, KM_POLICY_CLIENT_ID, "Pump-7");
    rig_add(rig, KM_POLICY_SOURCE_IP, "192.0.2.130");
    rig_add(rig, KM_POLICY_THING_IS_ATTACHED, "true");
    rig_add(rig, KM_POLICY_CERT_SERIAL_NUMBER, "10525622389124227206");
    rig_add(rig, KM_POLICY_SUBJECT + KM_POLICY_ORGANIZATION, "Example Corp");
    rig_add(rig, KM_POLICY_SUBJECT + KM_POLICY_ORGANIZATION, "AnyCompany");
    rig_add(rig, KM_POLICY_SUBJECT + KM_POLICY_ALT_URI, "arn:aws:iot:eu-west-1:1:thing/a:b");
    rig_add_attribute(rig, "floor", "12");
    rig_add_attribute(rig, "load", "-0.75");
    rig_add_attribute(rig, "made", "2024-02-29");
    rig_add_attribute(rig, "star", "*");
}

static void strings(void **state)
{
    static const struct row rows[] = {
        {ID("StringEquals", "\"Pump-7\""), true},
        {ID("StringEquals", "\"pump-7\""), false},
        {ID("StringEquals", "\"Pump-*\""), false},
        {ID("StringEquals", "[\"a\",\"Pump-7\"]"), true},
        {ID("stringequals", "\"Pump-7\""), true},
        {ID("StringNotEquals", "\"Pump-7\""), false},
        {ID("StringNotEquals", "\"Pump-8\""), true},
        {ID("StringNotEquals", "[\"a\",\"Pump-7\"]"), false},
        {ID("StringEqualsIgnoreCase", "\"pUMP-7\""), true},
        {ID("StringEqualsIgnoreCase", "\"pUMP-8\""), false},
        {ID("StringNotEqualsIgnoreCase", "\"pUMP-7\""), false},
        {ID("StringLike", "\"Pump-?\""), true},
        {ID("StringLike", "\"*-7\""), true},
        {ID("StringLike", "\"*-8\""), false},
        {ID("StringLike", "\"Pump-${?}\""), false},
        {ID("StringNotLike", "\"Pump-*\""), false},
        {ID("StringNotLike", "\"Tank-*\""), true},
        {ON("StringEquals", "iot:Connection.Thing.Attributes[star]", "\"*\""), true},
        {ON("StringLike", "iot:Connection.Thing.Attributes[star]", "\"${*}\""), true},
        {ON("StringEquals", "iot:Certificate.SerialNumber", "\"10525622389124227206\""), true},
        /* operators and keys are joined by and */
        {ID("StringLike", "\"Pump*\"") "," ID("StringNotEquals", "\"Pump-8\""), true},
        {ID("StringLike", "\"Pump*\"") "," ID("StringEquals", "\"Pump-8\""), false},
        {"\"StringEquals\":{\"iot:ClientId\":\"Pump-7\",\"aws:SourceIp\":\"192.0.2.131\"}", false},
        {"", true},
        {"\"StringEquals\":{}", true},
    };
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    check_rows(&rig, rows, KM_ARRAY_LEN(rows));
}

static void arns(void **state)
{
#define URI(op, value)                                                                             \
    ON(op, "iot:Certificate.Subject.AlternativeName.UniformResourceIdentifier", "\"" value "\"")
    static const struct row rows[] = {
        {URI("ArnEquals", "arn:aws:iot:eu-west-1:1:thing/a:b"), true},
        {URI("ArnEquals", "arn:aws:iot:eu-west-1:1:thing/a"), false},
        {URI("ArnLike", "arn:aws:*:*:*:thing/*"), true},
        {URI("ArnLike", "arn:aws:iot:eu-west-?:1:*"), true},
        {URI("ArnLike", "arn:*:1:thing/*:*:*"),
         false}, /* no wildcard crosses a colon of the first five */
        {URI("ArnLike", "arn:aws:iot:*:*:*:b"), true},
        {URI("ArnNotLike", "arn:aws:*:*:*:thing/*"), false},
        {URI("ArnNotEquals", "arn:aws:iot:eu-west-1:2:thing/a:b"), true},
        {ID("ArnLike", "\"*:*:*:*:*:*\""), false}, /* no ARN */
        {ID("ArnNotLike", "\"*:*:*:*:*:*\""), true},
        {URI("ArnLike", "arn:aws:iot:eu-west-1:1:thing/${iot:Connection.Thing.Attributes[floor]}"),
         false},
    };
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    check_rows(&rig, rows, KM_ARRAY_LEN(rows));
}

static void numbers_and_dates(void **state)
{
#define FLOOR "iot:Connection.Thing.Attributes[floor]"
#define LOAD "iot:Connection.Thing.Attributes[load]"
#define MADE "iot:Connection.Thing.Attributes[made]"
    static const struct row rows[] = {
        {ON("NumericEquals", FLOOR, "12"), true},
        {ON("NumericEquals", FLOOR, "\"12.0\""), true},
        {ON("NumericEquals", FLOOR, "[1,\"0012\"]"), true},
        {ON("NumericNotEquals", FLOOR, "[1,12]"), false},
        {ON("NumericNotEquals", FLOOR, "13"), true},
        {ON("NumericLessThan", FLOOR, "12"), false},
        {ON("NumericLessThan", FLOOR, "\"12.000000001\""), true},
        {ON("NumericLessThanEquals", FLOOR, "12"), true},
        {ON("NumericGreaterThan", FLOOR, "9"), true},
        {ON("NumericGreaterThan", FLOOR, "12"), false},
        {ON("NumericGreaterThanEquals", FLOOR, "\"12\""), true},
        {ON("NumericLessThan", LOAD, "\"-0.7\""), true},
        {ON("NumericLessThan", LOAD, "\"-0.8\""), false},
        {ON("NumericLessThan", LOAD, "0"), true},
        {ON("NumericGreaterThan", LOAD, "-1"), true},
        {ID("NumericLessThan", "1000"), false}, /* a value that is no number fits nothing */
        {ID("NumericGreaterThan", "-1000"), false},
        {ID("NumericNotEquals", "1"), true},
        {ON("NumericEquals", FLOOR, "\"${" FLOOR "}\""), true},
        {ON("NumericEquals", FLOOR, "\"${iot:ClientId}\""), false},
        {ON("DateEquals", MADE, "\"2024-02-29T00:00:00Z\""), true},
        {ON("DateEquals", MADE, "\"2024-02-29T02:30+02:30\""), true},
        {ON("DateEquals", MADE, "\"1709164800\""), true},
        {ON("DateNotEquals", MADE, "\"2024-02-29\""), false},
        {ON("DateLessThan", MADE, "\"2024-03\""), true},
        {ON("DateLessThan", MADE, "\"2024\""), false},
        {ON("DateLessThanEquals", MADE, "\"2024-02-29\""), true},
        {ON("DateGreaterThan", MADE, "\"2024-02-28T23:59:59.999999999Z\""), true},
        {ON("DateGreaterThanEquals", MADE, "\"2024-02-29T00:00:00.1Z\""), false},
    };
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    check_rows(&rig, rows, KM_ARRAY_LEN(rows));
}

static void addresses(void **state)
{
#define IP(op, values) ON(op, "aws:SourceIp", values)
    static const struct row rows[] = {
        {IP("IpAddress", "\"192.0.2.130\""), true},
        {IP("IpAddress", "\"192.0.2.131\""), false},
        {IP("IpAddress", "\"192.0.2.128/25\""), true},
        {IP("IpAddress", "\"192.0.2.0/25\""), false},
        {IP("IpAddress", "\"0.0.0.0/0\""), true},
        {IP("IpAddress", "\"::/0\""), false},
        {IP("IpAddress", "[\"10.0.0.0/8\",\"192.0.2.0/24\"]"), true},
        {IP("IpAddress", "\"::ffff:192.0.2.0/120\""), true},
        {IP("NotIpAddress", "\"192.0.2.0/24\""), false},
        {IP("NotIpAddress", "[\"10.0.0.0/8\",\"198.51.100.0/24\"]"), true},
        {ID("IpAddress", "\"0.0.0.0/0\""), false},
        {ID("NotIpAddress", "\"0.0.0.0/0\""), true},
    };
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    check_rows(&rig, rows, KM_ARRAY_LEN(rows));
    /* As a server that listens for both sees it. */
    rig.values[KM_POLICY_SOURCE_IP][0] = KM_SLICE_STR("::ffff:192.0.2.130");
    check_rows(&rig, rows, 3);
    rig.values[KM_POLICY_SOURCE_IP][0] = KM_SLICE_STR("2001:db8::1");
    assert_true(holds(&rig, IP("IpAddress", "\"2001:db8::/32\"")));
    assert_false(holds(&rig, IP("IpAddress", "\"0.0.0.0/0\"")));
}

static void truth_and_absence(void **state)
{
    static const struct row rows[] = {
        {ON("Bool", "iot:Connection.Thing.IsAttached", "\"true\""), true},
        {ON("Bool", "iot:Connection.Thing.IsAttached", "[\"True\"]"), true},
        {ON("Bool", "iot:Connection.Thing.IsAttached", "true"), true},
        {ON("Bool", "iot:Connection.Thing.IsAttached", "false"), false},
        {ID("Bool", "true"), false},
        {ID("Null", "false"), true},
        {ID("Null", "true"), false},
        {ID("Null", "[true,false]"), true},
        {ON("Null", NAME, "\"true\""), true},
        {ON("Null", NAME, "false"), false},
        {ON("Null", O_LIST, "false"), true},
        {ON("Null", "iot:ConnectAttributes", "true"), true},
        /* a key without value */
        {ON("StringEquals", NAME, "\"a\""), false},
        {ON("StringLike", NAME, "\"*\""), false},
        {ON("StringNotEquals", NAME, "\"a\""), true},
        {ON("StringNotLike", NAME, "\"*\""), true},
        {ON("NumericLessThan", NAME, "1"), false},
        {ON("NotIpAddress", NAME, "\"0.0.0.0/0\""), true},
        {ON("Bool", NAME, "true"), false},
        {ON("StringEqualsIfExists", NAME, "\"a\""), true},
        {ON("BoolIfExists", NAME, "true"), true},
        {ON("NumericLessThanIfExists", NAME, "1"), true},
        {ID("StringEqualsIfExists", "\"a\""), false},
        {ID("StringEqualsIfExists", "\"Pump-7\""), true},
        {ON("ForAllValues:StringEquals", NAME, "\"a\""), true},
        {ON("ForAnyValue:StringEquals", NAME, "\"a\""), false},
        {ON("ForAnyValue:StringNotEquals", NAME, "\"a\""), false},
        {ON("ForAnyValue:StringEqualsIfExists", NAME, "\"a\""), true},
    };
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    check_rows(&rig, rows, KM_ARRAY_LEN(rows));
    /* What is not UTF-8 is no value. */
    rig_add(&rig, KM_POLICY_THING_NAME, "\xff");
    assert_true(holds(&rig, ON("Null", NAME, "true")));
    assert_false(holds(&rig, ON("StringLike", NAME, "\"*\"")));
}

static void sets(void **state)
{
    static const struct row rows[] = {
        {ON("ForAllValues:StringEquals", O_LIST, "[\"Example Corp\",\"AnyCompany\",\"x\"]"), true},
        {ON("ForAllValues:StringEquals", O_LIST, "[\"Example Corp\"]"), false},
        {ON("ForAllValues:StringLike", O_LIST, "[\"*Comp*\",\"*Corp\"]"), true},
        {ON("ForAllValues:StringNotEquals", O_LIST, "[\"x\"]"), true},
        {ON("ForAllValues:StringNotEquals", O_LIST, "[\"AnyCompany\"]"), false},
        {ON("ForAnyValue:StringEquals", O_LIST, "[\"AnyCompany\",\"x\"]"), true},
        {ON("ForAnyValue:StringEquals", O_LIST, "[\"x\"]"), false},
        {ON("ForAnyValue:StringNotEquals", O_LIST, "[\"AnyCompany\"]"), true},
        {ON("ForAnyValue:StringNotEquals", O_LIST, "[\"AnyCompany\",\"Example Corp\"]"), false},
        /* without a prefix: one is enough, but none may be what must not be */
        {ON("StringEquals", O_LIST, "[\"AnyCompany\"]"), true},
        {ON("StringNotEquals", O_LIST, "[\"AnyCompany\"]"), false},
        /* the plain key is the first value */
        {ON("StringEquals", "iot:Certificate.Subject.Organization", "\"Example Corp\""), true},
        {ON("StringEquals", "iot:Certificate.Subject.Organization.0", "\"Example Corp\""), true},
        {ON("StringEquals", "iot:Certificate.Subject.Organization.1", "\"AnyCompany\""), true},
        {ON("Null", "iot:Certificate.Subject.Organization.2", "true"), true},
    };
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    check_rows(&rig, rows, KM_ARRAY_LEN(rows));
}

/* What CONNECT uses: an empty set for a clean session without last will. */
static void connect_attributes(void **state)
{
    static const char all_of[] =
        ON("ForAllValues:StringEquals", "iot:ConnectAttributes", "[\"PersistentConnect\"]");
    static const char any_of[] = ON("ForAnyValue:StringEquals", "iot:ConnectAttributes",
                                    "[\"PersistentConnect\",\"LastWill\"]");
    struct rig rig;
    (void)state;
    rig_init(&rig);
    assert_true(holds(&rig, all_of));
    assert_false(holds(&rig, any_of));
    rig_add(&rig, KM_POLICY_CONNECT_ATTRIBUTES, "PersistentConnect");
    assert_true(holds(&rig, all_of));
    assert_true(holds(&rig, any_of));
    rig_add(&rig, KM_POLICY_CONNECT_ATTRIBUTES, "LastWill");
    assert_false(holds(&rig, all_of));
    assert_true(holds(&rig, any_of));
    assert_true(holds(&rig, ON("StringEquals", "iot:ConnectAttributes", "\"LastWill\"")));
}

/* Values of the policy with variables: compared octet by octet, and without a value never in favour of access. */
static void variables_in_values(void **state)
{
    struct rig rig;
    (void)state;
    rig_fill(&rig);
    rig_add(&rig, KM_POLICY_THING_NAME, "Pump-7");
    assert_true(holds(&rig, ID("StringEquals", "\"${" NAME "}\"")));
    assert_true(holds(&rig, ID("StringLike", "\"${" NAME "}*\"")));
    assert_false(holds(&rig, ID("StringNotEquals", "\"${" NAME "}\"")));

    /* A value that would be a wildcard stands for nothing. */
    static const char star[] = "\"${iot:Connection.Thing.Attributes[star]}\"";
    char condition[256] = {0};
    (void)snprintf(condition, sizeof(condition), "\"StringLike\":{\"iot:ClientId\":%s}", star);
    assert_false(holds(&rig, condition));
    (void)snprintf(condition, sizeof(condition), "\"StringLike\":{\"iot:ClientId\":[%s,\"P*\"]}",
                   star);
    assert_true(holds(&rig, condition));
    static const char *const negating[] = {"StringNotEquals", "StringNotLike", "NotIpAddress"};
    for (size_t i = 0; i < KM_ARRAY_LEN(negating); i++) {
        (void)snprintf(condition, sizeof(condition), "\"%s\":{\"iot:ClientId\":%s}", negating[i],
                       star);
        assert_int_equal(outcome_of(&rig, "Allow", condition), KM_POLICY_IMPLICIT_DENY);
        assert_int_equal(outcome_of(&rig, "Deny", condition), KM_POLICY_EXPLICIT_DENY);
    }
}

static void the_time_is_looked_at_when_asked(void **state)
{
    static const char document[] = RIG_POLICY(RIG_STATEMENT(
        "Allow", "iot:Connect", "client/*",
        ",\"Condition\":{\"DateGreaterThanEquals\":{\"aws:CurrentTime\":\"2026-01-01T00:00:00Z\"},"
        "\"NumericLessThan\":{\"aws:EpochTime\":[1798761600]},"
        "\"DateNotEquals\":{\"aws:CurrentTime\":[\"2026-06-01\",\"2026-07-01\"]}}"));
    static const struct {
        int64_t now_s;
        bool allowed;
    } rows[] = {
        {0, false},          {1767225599, false}, {1767225600, true},  {1780271999, true},
        {1780272000, false}, {1780272001, true},  {1782864000, false}, {1798761599, true},
        {1798761600, false}, {INT64_MAX, false},  {INT64_MIN, false},
    };
    struct rig rig;
    (void)state;
    rig_init(&rig);
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = rig_bind(&rig, document);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_policy_request request = {.action = KM_POLICY_CONNECT,
                                            .kind = KM_POLICY_CLIENT,
                                            .name = KM_SLICE_STR("c"),
                                            .now_s = rows[i].now_s};
        assert_int_equal(km_policy_decide(bound, &request, NULL), rows[i].allowed);
    }
}

static void a_time_that_names_nothing_allows_nothing(void **state)
{
    static const char wrong[] = ON("DateNotEquals", "aws:CurrentTime", "\"${iot:ClientId}\"");
    static const char odd[] = ON("DateLessThan", "aws:CurrentTime", "\"${" NAME "}\"");
    struct rig rig;
    (void)state;
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_THING_NAME, "no date");
    assert_int_equal(outcome_of(&rig, "Allow", wrong), KM_POLICY_IMPLICIT_DENY);
    assert_int_equal(outcome_of(&rig, "Deny", wrong), KM_POLICY_EXPLICIT_DENY);
    assert_int_equal(outcome_of(&rig, "Allow", odd), KM_POLICY_IMPLICIT_DENY);
    rig_init(&rig);
    rig_add(&rig, KM_POLICY_THING_NAME, "1970-01-02");
    assert_int_equal(outcome_of(&rig, "Allow", odd), KM_POLICY_ALLOWED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(arns),
        cmocka_unit_test(numbers_and_dates),
        cmocka_unit_test(addresses),
        cmocka_unit_test(truth_and_absence),
        cmocka_unit_test(sets),
        cmocka_unit_test(connect_attributes),
        cmocka_unit_test(variables_in_values),
        cmocka_unit_test(the_time_is_looked_at_when_asked),
        cmocka_unit_test(a_time_that_names_nothing_allows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
