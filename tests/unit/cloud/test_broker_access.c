/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include <stdlib.h>

#include "cloud/broker-plugin/access.h"
#include "cloud/broker-plugin/bind.h"
#include "tests/unit/cert_maker.h"

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

static struct km_policy_bound *bind_text(const char *text)
{
    struct km_policy_bound *bound = NULL;
    struct km_policy *policy = NULL;
    struct km_slice id = OCTETS("dev-1");
    struct km_policy_context context = {.partition = OCTETS("aws"),
                                        .region = OCTETS("eu-central-1"),
                                        .account = OCTETS("123456789012")};
    context.values[KM_POLICY_CLIENT_ID] = (struct km_policy_values){.at = &id, .n = 1};
    assert_int_equal(km_policy_compile(NULL, KM_SLICE_STR(text), &policy), KM_OK);
    const struct km_policy_source source = {.name = OCTETS("P"), .policy = policy};
    assert_int_equal(km_policy_bind(NULL, &source, 1, &context, &bound), KM_OK);
    km_policy_free(policy);
    return bound;
}

static int setup(void **state)
{
    static struct rig rig;
    rig.conn = conn_new(&rig, "dev-1", "", "127.0.0.1");
    assert_non_null(rig.conn);
    conn_bind(rig.conn, bind_text(document));
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
    conn_bind(conn, NULL);
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

static enum access_verdict ask_filter(const struct settings *with, struct conn *conn,
                                      enum access_kind kind, int64_t now_ms,
                                      struct access_answer *ret)
{
    const struct access_request request = {.kind = kind, .topic = "a", .now_ms = now_ms};
    ret->verdict = (enum access_verdict)77;
    access_check(with, conn, &request, ret);
    return ret->verdict;
}

/* What is subscribed to and what no longer counts together. */
static void test_filters_a_second(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    struct access_answer answer = {0};
    const struct settings few = {.limits = {.subscribes_per_s = 3}};
    assert_true(access_needs_time(&few, conn, ACCESS_SUBSCRIBE));
    assert_true(access_needs_time(&few, conn, ACCESS_UNSUBSCRIBE));
    assert_false(access_needs_time(&settings, conn, ACCESS_UNSUBSCRIBE));
    assert_int_equal(ask_filter(&few, conn, ACCESS_SUBSCRIBE, NOW_MS, &answer), ACCESS_ALLOW);
    assert_int_equal(ask_filter(&few, conn, ACCESS_UNSUBSCRIBE, NOW_MS, &answer), ACCESS_ALLOW);
    assert_int_equal(ask_filter(&few, conn, ACCESS_SUBSCRIBE, NOW_MS, &answer), ACCESS_ALLOW);
    assert_int_equal(ask_filter(&few, conn, ACCESS_UNSUBSCRIBE, NOW_MS, &answer), ACCESS_CLOSE);
    assert_int_equal(answer.ending, ENDING_THROTTLED);
    assert_non_null(strstr(answer.reason, "more than 3 topic filters"));
    assert_int_equal(ask_filter(&few, conn, ACCESS_SUBSCRIBE, NOW_MS, &answer), ACCESS_CLOSE);
    conn->is_kicked = true; /* the broker asks for all of them again as it ends the connection */
    assert_int_equal(ask_filter(&few, conn, ACCESS_SUBSCRIBE, NOW_MS, &answer), ACCESS_ALLOW);
    conn->is_kicked = false;
    assert_int_equal(ask_filter(&few, conn, ACCESS_SUBSCRIBE, NOW_MS + 1000, &answer),
                     ACCESS_ALLOW);
    for (unsigned i = 0; i < 1000; i++) /* no bound is none */
        assert_int_equal(ask_filter(&settings, conn, ACCESS_UNSUBSCRIBE, NOW_MS + 1000, &answer),
                         ACCESS_ALLOW);
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

/* ---- what was allowed before is not decided again, and never counts for longer than it may ---- */

#define ALLOW(resource)                                                                            \
    "{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"" ARN resource "\"}"
#define POLICY(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"

static const struct settings unbounded = {0};

static enum access_verdict ask_for(struct conn *conn, enum access_kind kind, int64_t now_ms)
{
    struct access_answer answer = {0};
    const struct access_request request = {.kind = kind, .topic = "dt/a", .now_ms = now_ms};
    access_check(&unbounded, conn, &request, &answer);
    return answer.verdict;
}

static void is_allowed_often(struct conn *conn)
{
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask_for(conn, ACCESS_PUBLISH, NOW_MS), ACCESS_ALLOW);
        assert_int_equal(ask_for(conn, ACCESS_RECEIVE, NOW_MS), ACCESS_ALLOW);
    }
}

static void is_refused(struct conn *conn)
{
    assert_int_equal(ask_for(conn, ACCESS_PUBLISH, NOW_MS), ACCESS_CLOSE);
    assert_int_equal(ask_for(conn, ACCESS_RECEIVE, NOW_MS), ACCESS_DROP);
}

static void test_other_policy(void **state)
{
    static const char *const others[] = {
        POLICY(ALLOW("topic/other")),
        POLICY(ALLOW("topic/dt/*") ",{\"Effect\":\"Deny\",\"Action\":\"iot:*\",\"Resource\":\"" ARN
                                   "topic/dt/a\"}"),
    };
    struct conn *conn = ((struct rig *)*state)->conn;
    for (size_t i = 0; i < KM_ARRAY_LEN(others); i++) {
        conn_bind(conn, bind_text(document));
        is_allowed_often(conn);
        assert_true(memo_has(conn->memo, KM_POLICY_PUBLISH, KM_SLICE_STR("dt/a")));
        conn_bind(conn, bind_text(others[i]));
        is_refused(conn);
    }
    conn_bind(conn, bind_text(document));
    is_allowed_often(conn);
    conn_bind(conn, NULL);
    is_refused(conn);
}

/* By the plugin's own way to new rights: its device has no policy any more. */
static void test_other_facts(void **state)
{
    static const struct settings place = {
        .partition = "aws", .region = "eu-central-1", .account = "123456789012"};
    struct conn *conn = ((struct rig *)*state)->conn;
    struct made_cert device = {0};
    struct km_facts *facts = calloc(1, sizeof(*facts));
    assert_non_null(facts);
    cert_make("cn=dev-1", NULL, &device);
    assert_int_equal(km_cert_values_of(NULL, device.x509, &facts->values), KM_OK);
    is_allowed_often(conn);
    assert_int_equal(bind_facts(NULL, &place, conn, facts), KM_OK);
    is_refused(conn);
    cert_free(&device);
}

/* A policy whose end is near: what it allowed a moment ago is asked anew. */
static void test_time(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    conn_bind(conn,
              bind_text(POLICY(
                  "{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\",\"Condition\":"
                  "{\"DateLessThan\":{\"aws:CurrentTime\":\"2023-11-14T22:13:21Z\"}}}")));
    assert_true(access_needs_time(&unbounded, conn, ACCESS_RECEIVE));
    is_allowed_often(conn);
    assert_null(conn->memo);
    assert_int_equal(ask_for(conn, ACCESS_PUBLISH, NOW_MS + 1000), ACCESS_CLOSE);
    assert_int_equal(ask_for(conn, ACCESS_RECEIVE, NOW_MS + 1000), ACCESS_DROP);
    conn_bind(conn, bind_text(document));
    assert_false(access_needs_time(&unbounded, conn, ACCESS_PUBLISH));
    assert_true(access_needs_time(&settings, conn, ACCESS_PUBLISH));
    assert_false(access_needs_time(&settings, conn, ACCESS_RECEIVE));
}

static void test_certificate_gone(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    is_allowed_often(conn);
    conn->is_barred = true;
    is_refused(conn);
}

/* What a message is beside its topic counts each time, and so do rates. */
static void test_known_topic(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    const struct row rows[] = {
        {{.topic = "dt/a"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "dt/a", .payload_len = 131073}, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "131073"},
        {{.topic = "dt/a", .qos = 2}, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "QoS 2"},
        {{.topic = "dt/a", .retain = true}, ACCESS_CLOSE, ENDING_FORBIDDEN, "iot:RetainPublish"},
        {{.topic = "$aws/things/t/shadow/get"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/things/t/shadow/get", .retain = true},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "retained"},
        /* Receiving is another right than sending, and has allowed nothing yet. */
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/rules/r/a"}, ACCESS_DROP, 0, "reserved"},
        {{.topic = "$aws/rules/r/a"}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_RECEIVE, .topic = "$aws/rules/r/a"}, ACCESS_DROP, 0, "reserved"},
        {{.kind = ACCESS_RECEIVE, .topic = "dt/secret"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "dt/secret"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "statement 3"},
    };
    check(conn, rows, KM_ARRAY_LEN(rows));
}

/* A session that goes on with a new connection leaves the old one with nothing. */
static void test_inherit(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    struct conn *next = conn_new(state, "dev-1", "", "127.0.0.1");
    assert_non_null(next);
    is_allowed_often(conn);
    conn_inherit(next, conn);
    is_refused(conn);
    assert_null(next->memo);
    is_allowed_often(next);
    conn_free(next);
}

/* Who comes by an access key may do everything that clients may do at all, but for what is a device's. */
static void test_access_key(void **state)
{
    struct conn *conn = ((struct rig *)*state)->conn;
    const struct km_rights_place place = {
        .partition = "aws", .region = "eu-central-1", .account = "123456789012"};
    const struct km_rights_visit visit = {.client_id = "dev-1", .address = "127.0.0.1"};
    struct km_policy_bound *bound = NULL;
    static const struct row rows[] = {
        {{.topic = "any/thing", .retain = true}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/rules/r/a"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/things/t/shadow/get"}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_SUBSCRIBE, .topic = "#"}, ACCESS_ALLOW, 0, NULL},
        {{.kind = ACCESS_RECEIVE, .topic = "any/thing"}, ACCESS_ALLOW, 0, NULL},
        {{.topic = "$aws/events/x"}, ACCESS_CLOSE, ENDING_FORBIDDEN, "reserved"},
        {{.topic = "$aws/rules/r/a", .retain = true}, ACCESS_CLOSE, ENDING_FORBIDDEN, "retained"},
        {{.topic = "$aws/certificates/create/json"},
         ACCESS_CLOSE,
         ENDING_FORBIDDEN,
         "for devices alone"},
    };
    struct access_answer answer = {0};
    assert_int_equal(km_rights_bind_all(NULL, &place, &visit, &bound), KM_OK);
    conn_bind(conn, bound);
    km_copy(conn->key, KM_INTRODUCTION_KEY_MAX, "AKIDEXAMPLE000000001", KM_INTRODUCTION_KEY_MAX);
    assert_true(access_connect(conn, NOW_MS, &answer));
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        access_check(&unbounded, conn, &rows[i].request, &answer);
        assert_int_equal(answer.verdict, rows[i].verdict);
        if (rows[i].verdict == ACCESS_ALLOW)
            continue;
        assert_int_equal(answer.ending, rows[i].ending);
        assert_non_null(strstr(answer.reason, rows[i].says));
    }
    conn->is_barred = true;
    access_check(&unbounded, conn, &rows[0].request, &answer);
    assert_int_equal(answer.verdict, ACCESS_CLOSE);
    assert_string_equal(answer.reason, "its access key no longer counts");
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
        cmocka_unit_test_setup_teardown(test_filters_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_barred_and_local, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_certificate_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inherit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_access_key, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
