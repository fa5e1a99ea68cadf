/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include "cloud/broker-plugin/settings.h"

static struct mosquitto_opt option(const char *key, const char *value)
{
    return (struct mosquitto_opt){.key = (char *)(uintptr_t)key, .value = (char *)(uintptr_t)value};
}

static void test_defaults(void **state)
{
    (void)state;
    const struct mosquitto_opt opts[] = {option("registry", "sqlite:/r.db"),
                                         option("account", "123456789012"),
                                         option("region", "eu-central-1")};
    struct settings settings = {0};
    assert_int_equal(settings_read(NULL, opts, 3, &settings), KM_OK);
    assert_string_equal(settings.registry, "sqlite:/r.db");
    assert_string_equal(settings.partition, "aws");
    assert_true(settings.bus == NULL && settings.local == NULL);
    assert_int_equal(settings.limits.publishes_per_s, 100);
    assert_int_equal(settings.limits.octets_per_s, 524288);
    assert_int_equal(settings.limits.subscriptions, 50);
    assert_int_equal(settings.limits.subscribes_per_s, 100);
    assert_int_equal(settings.limits.connects_per_s, 0);
    assert_int_equal(settings.limits.client_connects_per_s, 0);
    assert_true(!settings.hands_out && !settings.allows_qos2 && !settings.tells_denied &&
                settings.records_all);
}

static void test_values(void **state)
{
    (void)state;
    const struct mosquitto_opt opts[] = {option("registry", "postgresql:dbname=k"),
                                         option("account", "000000000001"),
                                         option("region", "x"),
                                         option("bus", "/run/bus"),
                                         option("local", "/run/local"),
                                         option("bus_group", "0"),
                                         option("read_timeout_ms", "10000"),
                                         option("publishes_per_s", "0"),
                                         option("connects_per_s", "500"),
                                         option("client_connects_per_s", "1"),
                                         option("wildcard_retained", "deliver"),
                                         option("subscribes_per_s", "7"),
                                         option("qos2", "allow"),
                                         option("denied_connect", "connack"),
                                         option("record", "refusals")};
    struct settings settings = {0};
    assert_int_equal(settings_read(NULL, opts, KM_ARRAY_LEN(opts), &settings), KM_OK);
    assert_string_equal(settings.bus, "/run/bus");
    assert_string_equal(settings.local, "/run/local");
    assert_int_equal(settings.bus_group, 0);
    assert_int_equal(settings.read_timeout_ms, 10000);
    assert_int_equal(settings.limits.publishes_per_s, 0);
    assert_int_equal(settings.limits.connects_per_s, 500);
    assert_int_equal(settings.limits.client_connects_per_s, 1);
    assert_int_equal(settings.limits.subscribes_per_s, 7);
    assert_true(settings.allows_qos2 && settings.tells_denied && !settings.records_all);
    assert_true(settings.hands_out);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } bad[] = {
        {"acount", "123456789012", "no such option: plugin_opt_acount"},
        {"account", "12345678901", "12 digits"},
        {"account", "12345678901x", "12 digits"},
        {"region", "", "plugin_opt_region has no value"},
        {"region", NULL, "plugin_opt_region has no value"},
        {"read_timeout_ms", "10001", "read_timeout_ms"},
        {"read_timeout_ms", "0", "can't be 0"},
        {"feed_ms", "-1", "feed_ms"},
        {"qos2", "yes", "'refuse' or 'allow'"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        const struct mosquitto_opt opts[] = {
            option("registry", "sqlite:/r.db"), option("account", "123456789012"),
            option("region", "eu-central-1"), option(bad[i].key, bad[i].value)};
        struct settings settings = {.session_s = 77};
        struct km_err err = {0};
        assert_int_equal(settings_read(&err, opts, 4, &settings), KM_E_ARG);
        assert_non_null(strstr(err.text, bad[i].says));
        assert_int_equal(settings.session_s, 77);
    }
    struct km_err err = {0};
    struct settings settings = {0};
    assert_int_equal(settings_read(&err, NULL, 0, &settings), KM_E_ARG);
    assert_non_null(strstr(err.text, "are needed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_defaults),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
