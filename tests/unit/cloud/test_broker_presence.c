/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/broker-plugin/presence.h"

#define CERTIFICATE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct conn conn = {.id = (char *)(uintptr_t) "thing \"1\"",
                           .certificate = CERTIFICATE,
                           .address = (char *)(uintptr_t) "10.0.0.1",
                           .session = "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
                           .number = 42};

static void test_connected(void **state)
{
    (void)state;
    struct presence event = {0};
    assert_true(presence_connected(&conn, 1552061705277, &event));
    assert_string_equal(event.topic, "$aws/events/presence/connected/thing \"1\"");
    assert_string_equal(event.payload,
                        "{\"clientId\":\"thing \\\"1\\\"\",\"timestamp\":1552061705277,"
                        "\"eventType\":\"connected\",\"sessionIdentifier\":"
                        "\"1b4e28ba-2fa1-11d2-883f-0016d3cca427\",\"principalIdentifier\":"
                        "\"" CERTIFICATE "\",\"ipAddress\":\"10.0.0.1\",\"versionNumber\":42}");
    presence_clear(&event);
}

static void test_disconnected(void **state)
{
    (void)state;
    static const struct {
        enum ending ending;
        const char *says;
    } rows[] = {
        {ENDING_UNKNOWN, "\"clientInitiatedDisconnect\":true,\"disconnectReason\":\"CLIENT_"
                         "INITIATED_DISCONNECT\",\"versionNumber\":42}"},
        {ENDING_LOST,
         "\"clientInitiatedDisconnect\":false,\"disconnectReason\":\"CONNECTION_LOST\""},
        {ENDING_CLIENT, "true,\"disconnectReason\":\"CLIENT_INITIATED_DISCONNECT\""},
        {ENDING_KEEP_ALIVE, "false,\"disconnectReason\":\"MQTT_KEEP_ALIVE_TIMEOUT\""},
        {ENDING_SERVER_ERROR, "false,\"disconnectReason\":\"SERVER_ERROR\""},
        {ENDING_DUPLICATE, "false,\"disconnectReason\":\"DUPLICATE_CLIENTID\""},
        {ENDING_FORBIDDEN, "false,\"disconnectReason\":\"FORBIDDEN_ACCESS\""},
        {ENDING_THROTTLED, "false,\"disconnectReason\":\"THROTTLED\""},
        {ENDING_CLIENT_ERROR, "false,\"disconnectReason\":\"CLIENT_ERROR\""},
        {ENDING_SERVER, "false,\"disconnectReason\":\"SERVER_INITIATED_DISCONNECT\""},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct presence event = {0};
        conn.ending = rows[i].ending;
        assert_true(presence_disconnected(&conn, 1, &event));
        assert_string_equal(event.topic, "$aws/events/presence/disconnected/thing \"1\"");
        assert_non_null(strstr(event.payload, rows[i].says));
        presence_clear(&event);
    }
}

static void test_subscribed(void **state)
{
    (void)state;
    struct presence event = {0};
    const struct subscribed begins = {.filter = "a/+"};
    const struct subscribed ends = {.is_end = true, .filter = "a/+"};
    assert_true(presence_subscribed(&conn, &begins, 1, &event));
    assert_string_equal(event.topic, "$aws/events/subscriptions/subscribed/thing \"1\"");
    assert_non_null(strstr(event.payload, "\"eventType\":\"subscribed\""));
    assert_non_null(strstr(event.payload, "\"topics\":[\"a/+\"]"));
    presence_clear(&event);
    assert_true(presence_subscribed(&conn, &ends, 1, &event));
    assert_string_equal(event.topic, "$aws/events/subscriptions/unsubscribed/thing \"1\"");
    presence_clear(&event);
}

static void test_wanted(void **state)
{
    (void)state;
    struct conn local = {.id = (char *)(uintptr_t) "a", .is_local = true};
    struct conn plus = {.id = (char *)(uintptr_t) "a+b"};
    struct conn hash = {.id = (char *)(uintptr_t) "#"};
    assert_true(presence_wanted(&conn));
    assert_false(presence_wanted(&local) || presence_wanted(&plus) || presence_wanted(&hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connected),
        cmocka_unit_test(test_disconnected),
        cmocka_unit_test(test_subscribed),
        cmocka_unit_test(test_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
