/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/broker-plugin/access.h"

#define NOW_MS 1700000000000
#define ARN "arn:aws:iot:eu-central-1:123456789012:"

static const char document[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":["
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"" ARN
    "client/${iot:ClientId}\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":[\"" ARN
    "topic/dt/*\",\"" ARN "topic/$*\"]},"
    "{\"Effect\":\"Allow\",\"Action\":\"iot:RetainPublish\",\"Resource\":\"" ARN "topic/dt/kept\"},"
    "{\"Effect\":\"Deny\",\"Action\":\"iot:Publish\",\"Resource\":\"" ARN "topic/dt/secret\"},"
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\",\"Resource\":\"" ARN "topicfilter/*\"},"
    "{\"Effect\":\"Deny\",\"Action\":\"iot:Subscribe\",\"Resource\":\"" ARN
    "topicfilter/hidden/*\"}]}";

static const struct settings settings = {
    .limits = {.publishes_per_s = 3, .octets_per_s = 200000, .subscriptions = 2}};

struct rig {
    struct conn *conn;
};

static int setup(void **state)
{
    static struct rig rig;
    struct km_policy *policy = NULL;
    struct km_slice id = OCTETS("dev-1");
    struct km_policy_context context = {.partition = OCTETS("aws"),
                                        .region = OCTETS("eu-central-1"),
                                        .account = OCTETS("123456789012")};
    context.values[KM_POLICY_CLIENT_ID] = (struct km_policy_values){.at = &id, .n = 1};
    assert_int_equal(km_policy_compile(NULL, KM_SLICE_STR(document), &policy), KM_OK);
    const struct km_policy_source source = {.name = OCTETS("P"), .policy = policy};
    rig.conn = conn_new(&rig, "dev-1", "", "127.0.0.1");
    assert_non_null(rig.conn);
    assert_int_equal(km_policy_bind(NULL, &source, 1, &context, &rig.conn->bound), KM_OK);
    km_policy_free(policy);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    conn_free(((struct rig *)*state)->conn);
    return 0;
}

static void test_connect(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    struct access_answer answer = {0};
    assert_true(access_connect(conn, NOW_MS, &answer));
    assert_int_equal(answer.verdict, ACCESS_ALLOW);
    km_policy_bound_free(conn->bound);
    conn->bound = NULL;
    assert_false(access_connect(conn, NOW_MS, &answer));
    assert_int_equal(answer.verdict, ACCESS_CLOSE);
    assert_int_equal(answer.ending, ENDING_FORBIDDEN);
    assert_string_equal(answer.reason, "no policy allows iot:Connect on client/dev-1");
}

struct row {
    struct access_request request;
    enum access_verdict verdict;
    enum ending ending;
    const char *says;
};

static void check(struct conn *conn, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct access_request request = rows[i].request;
        struct access_answer answer = {.verdict = (enum access_verdict)77};
        request.now_ms = NOW_MS + (int64_t)i * 10000; /* rates don't matter */
        access_check(&settings, conn, &request, &answer);
        if (answer.verdict != rows[i].verdict)
            fail_msg("row %zu: verdict %d: %s", i, (int)answer.verdict, answer.reason);
        if (answer.verdict == ACCESS_ALLOW)
            continue;
        const char *says = rows[i].says == NULL ? "a row without a reason" : rows[i].says;
        assert_non_null(strstr(answer.reason, says));
        if (answer.verdict == ACCESS_CLOSE)
            assert_int_equal(answer.ending, rows[i].ending);
    }
}

static void test_shared(void **state)
{
    static const struct row rows[] = {
        {.request = {.kind = ACCESS_SUBSCRIBE, .topic = "$share/g/dt/#"}},
        {.request = {.kind = ACCESS_SUBSCRIBE, .topic = "$share/hidden/dt"}},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "hidden/#"},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "denies iot:Subscribe on topicfilter/hidden/#"},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "$share/g/hidden/#"},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "denies iot:Subscribe on topicfilter/hidden/#"},
    };
    check(((struct rig *)*state)->conn, rows, KM_ARRAY_LEN(rows));
}

static void test_publish(void **state)
{
    static const char deep[] = "dt/1/2/3/4/5/6/7/8";
    const struct row rows[] = {
        {{.topic = "dt/a"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "dt/a", .qos = 1, .payload_len = 131072}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "dt/a", .payload_len = 131073}, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "131073"},
        {{.topic = "dt/a", .qos = 2}, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "QoS 2"},
        {{.topic = "other"},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "no policy allows iot:Publish on topic/other"},
        {{.topic = "dt/secret"},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "statement 3 of policy P denies iot:Publish on topic/dt/secret"},
        {{.topic = "dt/+"}, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "topic of a message"},
        {{.topic = deep}, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "topic of a message"},
        {{.topic = "dt/kept", .retain = true}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "dt/a", .retain = true}, ACCESS_CLOSE, ENDING_FORBIDDEN, "iot:RetainPublish"},
        {{.topic = "$aws/things/t/shadow/update"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/things/t/shadow/name/n/get"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/rules/r/dt/a"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/things/t/TestSubPub"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/things/t/shadows/update/accepted"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/things/t/shadow/update", .retain = true},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "retained"},
        /* The service's own to say, whatever policies allow. */
        {{.topic = "$aws/things/t/shadow/update/accepted"},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "reserved"},
        {{.topic = "$aws/things/t/shadow"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$aws/things/t/jobs/notify"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$aws/things/t/tunnels/notify"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$aws/things/t"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$aws/things"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$aws/events/presence/connected/x"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$SYS/x"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$CONTROL/dynamic-security/v1"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
    };
    check(((struct rig *)*state)->conn, rows, KM_ARRAY_LEN(rows));
}

static void test_subscribe(void **state)
{
    const struct row rows[] = {
        {{.kind = ACCESS_SUBSCRIBE, .topic = "a/+/#", .qos = 1}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "a", .n_subscriptions = 1}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "a", .n_subscriptions = 2},
         ACCESS_CLOSE,
         ENDING_THROTTLED,
         "2 subscriptions"},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "a", .qos = 2},
         ACCESS_CLOSE,
         ENDING_CLIENT_ERROR,
         "QoS 2"},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "$aws/events/#"}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "$SYS/#"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "a/#/b"},
         ACCESS_CLOSE,
         ENDING_CLIENT_ERROR,
         "topic filter"},
    };
    check(((struct rig *)*state)->conn, rows, KM_ARRAY_LEN(rows));
}

static void test_receive(void **state)
{
    const struct row rows[] = {
        {{.kind = ACCESS_RECEIVE, .topic = "dt/a", .qos = 2}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/events/x"}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_RECEIVE, .topic = "other"}, ACCESS_DROP, 0, "iot:Receive on topic/other"},
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/rules/r/a"}, ACCESS_DROP, 0, "reserved"},
        {{.kind = ACCESS_RECEIVE, .topic = "$SYS/broker/uptime"}, ACCESS_DROP, 0, "reserved"},
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/certificates/create/json"},
         ACCESS_DROP,
         0,
         "for who serves it alone"},
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/provisioning-templates/t/provision/json"},
         ACCESS_DROP,
         0,
         "for who serves it alone"},
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/certificates/create/json/accepted"},
         ACCESS_ALLOW,
         0,
         NULL},
    };
    check(((struct rig *)*state)->conn, rows, KM_ARRAY_LEN(rows));
}

static void test_rates(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    struct access_request request = {.topic = "dt/a", .now_ms = NOW_MS};
    struct access_answer answer = {0};
    for (unsigned i = 0; i < 3; i++) {
        access_check(&settings, conn, &request, &answer);
        assert_int_equal(answer.verdict, ACCESS_ALLOW);
    }
    access_check(&settings, conn, &request, &answer);
    assert_int_equal(answer.verdict, ACCESS_CLOSE);
    assert_int_equal(answer.ending, ENDING_THROTTLED);
    conn->state = CONN_LEAVING; /* its will comes all the same */
    access_check(&settings, conn, &request, &answer);
    assert_int_equal(answer.verdict, ACCESS_ALLOW);
    conn->state = CONN_ONLINE;
    request.now_ms += 1000;
    request.payload_len = 131072;
    access_check(&settings, conn, &request, &answer);
    assert_int_equal(answer.verdict, ACCESS_ALLOW);
    access_check(&settings, conn, &request, &answer);
    assert_int_equal(answer.ending, ENDING_THROTTLED);
    assert_non_null(strstr(answer.reason, "octets"));
}

static void test_barred_and_local(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    struct access_answer answer = {0};
    const struct access_request requests[] = {{.kind = ACCESS_PUBLISH, .topic = "dt/a"},
                                              {.kind = ACCESS_SUBSCRIBE, .topic = "dt/a"},
                                              {.kind = ACCESS_RECEIVE, .topic = "dt/a"}};
    conn->is_barred = true;
    for (size_t i = 0; i < KM_ARRAY_LEN(requests); i++) {
        access_check(&settings, conn, &requests[i], &answer);
        assert_int_equal(answer.verdict,
                         requests[i].kind == ACCESS_RECEIVE ? ACCESS_DROP : ACCESS_CLOSE);
    }
    conn->is_local = true;
    const struct access_request any = {.topic = "$aws/events/x", .qos = 2, .retain = true};
    access_check(&settings, conn, &any, &answer);
    assert_int_equal(answer.verdict, ACCESS_ALLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subscribe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_barred_and_local, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
