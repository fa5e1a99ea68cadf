/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/workload.h"
#include "tests/unit/km_test.h"

#define ARN "arn:aws:lambda:r:123456789012:function:f"
#define LAMBDA "{\"lambda\":{\"functionArn\":\"" ARN "\"}}"
#define TO(topic) "{\"republish\":{\"topic\":\"" topic "\",\"roleArn\":\"r\",\"qos\":1}}"
#define LOG "{\"cloudwatchLogs\":{\"logGroupName\":\"/g\",\"roleArn\":\"r\"}}"
#define PAYLOAD(actions, rest)                                                                     \
    "{\"awsIotSqlVersion\":\"2016-03-23\",\"actions\":[" actions "]" rest "}"

/* What the actions did, one line each. */
static struct heard {
    char text[4096];
    km_status answer; /* of functions */
} heard;

static void hear(const char *what, struct km_slice a, struct km_slice b)
{
    size_t len = strlen(heard.text);
    snprintf(heard.text + len, sizeof heard.text - len, "%s %.*s %.*s\n", what, (int)a.len,
             (const char *)a.ptr, (int)b.len, (const char *)b.ptr);
}

static km_status lambda(void *ctx, struct km_err *err, const char *rule, const char *arn,
                        struct km_slice event)
{
    (void)ctx;
    (void)rule;
    if (heard.answer != KM_OK)
        return KM_FAIL(err, heard.answer, "it does not want to");
    hear("lambda", KM_SLICE_STR(arn), event);
    return KM_OK;
}

static km_status publish(void *ctx, struct km_err *err, const struct dispatch_message *cause,
                         const struct dispatch_publish *what)
{
    char line[32] = {0};
    (void)ctx;
    (void)err;
    snprintf(line, sizeof line, "publish%s %u %u", what->is_error_action ? "!" : "", what->qos,
             cause->hops);
    hear(line, what->topic, what->payload);
    return KM_OK;
}

static km_status write_log(void *ctx, struct km_err *err, const char *group, struct km_slice text)
{
    (void)ctx;
    (void)err;
    hear("log", KM_SLICE_STR(group), text);
    return KM_OK;
}

static void told(void *ctx, const char *rule, const char *word,
                 const struct dispatch_message *message, const struct km_err *failure)
{
    (void)ctx;
    (void)message;
    if (failure != NULL)
        hear("told", KM_SLICE_STR(rule), KM_SLICE_STR(word != NULL ? word : "none"));
}

static const struct dispatch_host host = {
    .lambda = lambda, .publish = publish, .log = write_log, .told = told};

static const char *send(struct ruleset *set, const char *topic, const char *payload)
{
    const struct dispatch_message message = {.message = {.topic = KM_SLICE_STR(topic),
                                                         .payload = KM_SLICE_STR(payload),
                                                         .client_id = KM_SLICE_STR("c"),
                                                         .trace_id = KM_SLICE_STR("t"),
                                                         .source_ip = KM_SLICE_STR("::1")},
                                             .hops = 2};
    heard.text[0] = '\0';
    struct workload load;
    workload_init(&load, set, WORKLOAD_OCTETS_MAX);
    workload_put(&load, &message, &host, 1);
    while (workload_run(&load, &host))
        continue;
    assert_int_equal(load.backlog.octets, 0);
    return heard.text;
}

static void add(struct ruleset *set, const char *name, const char *sql, const char *payload)
{
    struct km_err err = {.status = KM_OK};
    if (ruleset_add(&err, set, name, sql, payload) != KM_OK)
        fail_msg("%s: %s", name, err.text);
}

static int set_up(void **state)
{
    struct ruleset *set = malloc(sizeof *set);
    ruleset_init(set);
    heard.answer = KM_OK;
    *state = set;
    return 0;
}

static int tear_down(void **state)
{
    ruleset_clear(*state);
    free(*state);
    return 0;
}

static void each_matching_rule_acts(void **state)
{
    struct ruleset *set = *state;
    add(set, "one", "SELECT a FROM 'x/+' WHERE a > 1", PAYLOAD(LAMBDA "," LOG, ""));
    add(set, "two", "SELECT a AS b FROM 'x/y'", PAYLOAD(TO("out/${topic(2)}"), ""));
    assert_string_equal(send(set, "x/y", "{\"a\":2}"),
                        "lambda " ARN
                        " {\"a\":2}\nlog /g {\"a\":2}\npublish 1 2 out/y {\"b\":2}\n");
    assert_string_equal(send(set, "x/z", "{\"a\":2}"),
                        "lambda " ARN " {\"a\":2}\nlog /g {\"a\":2}\n");
    assert_string_equal(send(set, "x/y", "{\"a\":1}"), "publish 1 2 out/y {\"b\":1}\n");
    assert_string_equal(send(set, "x", "{\"a\":2}"), "");
}

static void reserved_topics_have_to_be_meant(void **state)
{
    struct ruleset *set = *state;
    add(set, "meant", "SELECT * FROM 'a'", PAYLOAD(TO("$$aws/things/t/shadow/update"), ""));
    add(set, "not", "SELECT * FROM 'b'", PAYLOAD(TO("${t}"), ""));
    assert_string_equal(send(set, "a", "{}"), "publish 1 2 $aws/things/t/shadow/update {}\n");
    assert_string_equal(send(set, "b", "{\"t\":\"$aws/x\"}"), "told not republish\n");
    assert_string_equal(send(set, "b", "{\"t\":\"x/#\"}"), "told not republish\n");
    assert_string_equal(send(set, "b", "{\"u\":1}"), "told not republish\n");
}

static void functions_get_json_alone(void **state)
{
    struct ruleset *set = *state;
    add(set, "r", "SELECT * FROM 'a'", PAYLOAD(LAMBDA "," TO("b"), ""));
    assert_string_equal(send(set, "a", "\x01\xff"), "told r lambda\npublish 1 2 b \x01\xff\n");
}

static void failures_go_to_the_error_action(void **state)
{
    struct ruleset *set = *state;
    add(set, "r", "SELECT * FROM 'a'", PAYLOAD(LAMBDA "," TO("b"), ",\"errorAction\":" TO("bad")));
    heard.answer = KM_E_DENIED;
    assert_string_equal(
        send(set, "a", "{\"v\":1}"),
        "told r lambda\npublish 1 2 b {\"v\":1}\n"
        "publish! 1 2 bad {\"ruleName\":\"r\",\"topic\":\"a\",\"cloudwatchTraceId\":\"t\","
        "\"clientId\":\"c\",\"sourceIp\":\"::1\",\"base64OriginalPayload\":\"eyJ2IjoxfQ==\","
        "\"failures\":[{\"failedAction\":\"LambdaAction\",\"failedResource\":\"" ARN
        "\",\"errorMessage\":\"it does not want to\"}]}\n");
    heard.answer = KM_OK;
    assert_string_equal(send(set, "a", "{}"), "lambda " ARN " {}\npublish 1 2 b {}\n");
}

static void an_error_action_that_fails_ends_there(void **state)
{
    struct ruleset *set = *state;
    add(set, "r", "SELECT * FROM 'a'", PAYLOAD(LAMBDA, ",\"errorAction\":" LAMBDA));
    heard.answer = KM_E_DENIED;
    assert_string_equal(send(set, "a", "{}"), "told r lambda\ntold r errorAction\n");
}

static void basic_ingest_is_for_one_rule(void **state)
{
    struct ruleset *set = *state;
    add(set, "one", "SELECT *, topic() AS t FROM 'never'", PAYLOAD(LOG, ""));
    add(set, "all", "SELECT * FROM '#'", PAYLOAD(LAMBDA, ""));
    assert_string_equal(send(set, "$aws/rules/one/some/where", "{}"),
                        "log /g {\"t\":\"some/where\"}\n");
    assert_string_equal(send(set, "$aws/rules/none/some/where", "{}"), "");
    assert_string_equal(send(set, "$aws/rules/one", "{}"), "");
}

static void bad_rules_change_nothing(void **state)
{
    struct ruleset *set = *state;
    static const struct {
        const char *sql, *payload;
        km_status expected;
    } bad[] = {
        {"SELECT", PAYLOAD(LOG, ""), KM_E_MALFORMED},
        {"SELECT * FROM 'a'", "{", KM_E_MALFORMED},
        {"SELECT * FROM 'a'", "{\"awsIotSqlVersion\":\"1999\",\"actions\":[]}", KM_E_UNSUPPORTED},
        {"SELECT * FROM 'a'", PAYLOAD("{\"s3\":{}}", ""), KM_E_UNSUPPORTED},
        {"SELECT * FROM 'a'", PAYLOAD("{\"lambda\":{}}", ""), KM_E_MALFORMED},
        {"SELECT * FROM 'a'", PAYLOAD("{\"republish\":{\"topic\":\"${\"}}", ""), KM_E_MALFORMED},
        {"SELECT * FROM 'a'", PAYLOAD("{\"republish\":{\"topic\":\"a\",\"qos\":2}}", ""),
         KM_E_MALFORMED},
        {"SELECT * FROM 'a'", PAYLOAD(LOG, ",\"errorAction\":{}"), KM_E_UNSUPPORTED},
        {"SELECT * FROM 'a'",
         PAYLOAD(LOG "," LOG "," LOG "," LOG "," LOG "," LOG "," LOG "," LOG "," LOG "," LOG
                     "," LOG,
                 ""),
         KM_E_LIMIT},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        struct km_err err = {.status = KM_OK};
        assert_int_equal(ruleset_add(&err, set, "r", bad[i].sql, bad[i].payload), bad[i].expected);
        assert_true(err.text[0] != '\0');
        assert_int_equal(set->n_rules, 0);
    }
    assert_string_equal(send(set, "a", "{}"), "");
}

static void a_set_can_be_handed_over(void **state)
{
    struct ruleset *set = *state, fresh;
    ruleset_init(&fresh);
    ruleset_take(set, &fresh);
    add(set, "first", "SELECT * FROM 'a'", PAYLOAD(LOG, ""));
    add(&fresh, "other", "SELECT * FROM 'a'", PAYLOAD(LAMBDA, ""));
    ruleset_clear(set);
    ruleset_take(set, &fresh);
    add(set, "more", "SELECT * FROM 'a'", PAYLOAD(LOG, ""));
    assert_string_equal(send(set, "a", "{}"), "lambda " ARN " {}\nlog /g {}\n");
    assert_non_null(ruleset_find(set, KM_SLICE_STR("more")));
    assert_null(ruleset_find(set, KM_SLICE_STR("first")));
    assert_null(fresh.first);
}

#define SET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SET_TEST(each_matching_rule_acts),
        SET_TEST(reserved_topics_have_to_be_meant),
        SET_TEST(functions_get_json_alone),
        SET_TEST(failures_go_to_the_error_action),
        SET_TEST(an_error_action_that_fails_ends_there),
        SET_TEST(basic_ingest_is_for_one_rule),
        SET_TEST(bad_rules_change_nothing),
        SET_TEST(a_set_can_be_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
