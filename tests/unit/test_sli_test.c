/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of sli_test that read: certificates' names, shadow documents, the file of an LED. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/sli_test/identity.h"
#include "examples/sli_test/led.h"
#include "examples/sli_test/state.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/km_test.h"

/* ---- names ---- */

static int name_of(const char *how, struct identity *ret)
{
    struct made_cert made = {0};
    *ret = (struct identity){0};
    cert_make(how, NULL, &made);
    int rc = identity_name(made.der, (uint32_t)made.len, ret);
    cert_free(&made);
    return rc;
}

static void names_of_certificates(void **state)
{
    static const struct {
        const char *how, *device_id, *thing;
    } rows[] = {
        {"cn=Device Certificate|ski=8592523f614eb59a5e43fc57d59197f982bdec1c",
         "Device Certificate:8592523f614eb59a5e43fc57d59197f982bdec1c",
         "Device_Certificate:8592523f614eb59a5e43fc57d59197f982bdec1c"},
        {"cn=a-B_9  c|ski=00ff", "a-B_9  c:00ff", "a-B_9__c:00ff"},
        {"cn=pump/7", NULL, NULL},
        {"cn=pump+7", NULL, NULL},
        {"cn=pump#", NULL, NULL},
        {"cn=pump:7", NULL, NULL},
        {"cn=caf\xc3\xa9", NULL, NULL},
    };
    struct identity own = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        assert_int_equal(name_of(rows[i].how, &own), rows[i].thing == NULL ? -1 : 0);
        assert_string_equal(own.device_id, rows[i].thing == NULL ? "" : rows[i].device_id);
        assert_string_equal(own.thing, rows[i].thing == NULL ? "" : rows[i].thing);
    }
}

static void keys_without_identifier(void **state)
{
    struct identity with = {0}, without = {0};
    (void)state;
    assert_int_equal(name_of("cn=d|key=P-256/one|ski=hash", &with), 0);
    assert_int_equal(name_of("cn=d|key=P-256/one|v1", &without), 0);
    assert_string_equal(with.thing, without.thing);
    assert_int_equal(strlen(without.thing), 2 + 40);
}

static void names_that_are_too_long(void **state)
{
    char how[512] = "";
    struct identity own = {0};
    (void)state;
    /* 64 is the most that X.509 has for a common name: 64 + 1 + 2 * 31 is 127. */
    for (int octets = 31; octets <= 32; octets++) {
        (void)snprintf(how, sizeof(how), "cn=%064d|ski=%0*d", 7, 2 * octets, 0);
        assert_int_equal(name_of(how, &own), octets == 31 ? 0 : -1);
    }
}

static void certificates_cut_and_trailing(void **state)
{
    struct made_cert made = {0};
    struct identity own = {0};
    (void)state;
    cert_make("cn=d|ski=hash", NULL, &made);
    uint8_t *longer = calloc(1, made.len + 1);
    km_copy(longer, made.len, made.der, made.len);
    assert_int_equal(identity_name(longer, (uint32_t)made.len + 1, &own), -1);
    for (uint32_t len = 0; len < made.len; len++)
        assert_int_equal(identity_name(made.der, len, &own), -1);
    free(longer);
    cert_free(&made);
}

/* ---- documents ---- */

static struct state_answer parsed(const char *json)
{
    struct state_answer answer = {0};
    assert_int_equal(state_parse(json, strlen(json), &answer), 0);
    return answer;
}

static void leds_of_documents(void **state)
{
    static const struct {
        const char *json;
        int desired, reported, delta;
    } rows[] = {
        {"{}", -1, -1, -1},
        {"{\"state\":{\"desired\":{\"led_state\":1},\"reported\":{\"led_state\":0}}}", 1, 0, -1},
        {"{\"state\":{\"reported\":{\"led_state\":1}}}", -1, 1, -1},
        {"{\"state\":{\"led_state\":0}}", -1, -1, 0},
        {"{\"state\":{\"led_state\":2}}", -1, -1, -1},
        {"{\"state\":{\"led_state\":-1}}", -1, -1, -1},
        {"{\"state\":{\"led_state\":4294967297}}", -1, -1, -1},
        {"{\"state\":{\"led_state\":1.0}}", -1, -1, -1},
        {"{\"state\":{\"led_state\":true}}", -1, -1, -1},
        {"{\"state\":{\"led_state\":\"1\"}}", -1, -1, -1},
        {"{\"state\":{\"led_state\":null,\"desired\":[],\"reported\":7}}", -1, -1, -1},
        {"{\"state\":[1]}", -1, -1, -1},
        {"{\"state\":null}", -1, -1, -1},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct state_answer answer = parsed(rows[i].json);
        assert_int_equal(answer.desired, rows[i].desired);
        assert_int_equal(answer.reported, rows[i].reported);
        assert_int_equal(answer.delta, rows[i].delta);
    }
}

static void what_comes_with_them(void **state)
{
    struct state_answer answer =
        parsed("{\"version\":7,\"timestamp\":1,\"clientToken\":\"sli-1\"}");
    (void)state;
    assert_int_equal(answer.version, 7);
    assert_int_equal(answer.code, 0);
    assert_string_equal(answer.token, "sli-1");
    answer = parsed("{\"code\":404,\"message\":\"No shadow\\u001b[2J \\u00e9\"}");
    assert_int_equal(answer.code, 404);
    assert_string_equal(answer.message, "No shadow?[2J ??");
    assert_int_equal(answer.version, -1);
    assert_string_equal(answer.token, "");
    answer = parsed("{\"code\":4040,\"version\":\"7\",\"clientToken\":7,\"message\":{}}");
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.version, -1);
    assert_string_equal(answer.token, "");
    assert_string_equal(answer.message, "");
}

static void long_words(void **state)
{
    char json[512] = "";
    (void)state;
    (void)snprintf(json, sizeof(json), "{\"clientToken\":\"%064d\",\"message\":\"%0300d\"}", 1, 1);
    struct state_answer answer = parsed(json);
    assert_int_equal(strlen(answer.token), STATE_TOKEN_MAX);
    assert_int_equal(strlen(answer.message), STATE_MESSAGE_MAX);
    (void)snprintf(json, sizeof(json), "{\"clientToken\":\"%065d\"}", 1);
    answer = parsed(json);
    assert_string_equal(answer.token, "");
}

static void documents_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",   "[]", "7", "{\"a\":1,\"a\":2}", "{} {}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
        "nul"};
    struct state_answer answer = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_int_equal(state_parse(bad[i], strlen(bad[i]), &answer), -1);
    char *large = malloc(STATE_DOCUMENT_MAX + 1);
    memset(large, ' ', STATE_DOCUMENT_MAX + 1);
    km_copy(large, 2, "{}", 2);
    assert_int_equal(state_parse(large, STATE_DOCUMENT_MAX, &answer), 0);
    assert_int_equal(state_parse(large, STATE_DOCUMENT_MAX + 1, &answer), -1);
    /* Too deep for the reader, and no reason to run out of stack. */
    memset(large, '[', STATE_DOCUMENT_MAX);
    assert_int_equal(state_parse(large, STATE_DOCUMENT_MAX, &answer), -1);
    free(large);
}

static void documents_cut_and_flipped(void **state)
{
    static const char json[] = "{\"state\":{\"desired\":{\"led_state\":1}},\"version\":3,"
                               "\"clientToken\":\"t\",\"code\":1,\"message\":\"m\"}";
    struct state_answer answer = {0};
    (void)state;
    for (size_t len = 0; len < strlen(json); len++) {
        char *cut = malloc(len > 0 ? len : 1);
        km_copy(cut, len, json, len);
        assert_int_equal(state_parse(cut, len, &answer), -1);
        free(cut);
    }
    for (size_t bit = 0; bit < 8 * strlen(json); bit++) {
        char flipped[sizeof(json)];
        km_copy(flipped, sizeof(flipped), json, sizeof(json));
        flipped[bit / 8] = (char)(flipped[bit / 8] ^ (1 << bit % 8));
        if (state_parse(flipped, strlen(json), &answer) == 0)
            assert_in_range(answer.desired + 1, 0, 2);
    }
}

static void requests(void **state)
{
    char *text = state_update("desired", json_pack("{s:i}", STATE_LED, 1), "t\"1");
    (void)state;
    assert_string_equal(text,
                        "{\"state\":{\"desired\":{\"led_state\":1}},\"clientToken\":\"t\\\"1\"}");
    free(text);
    text = state_get("t");
    assert_string_equal(text, "{\"clientToken\":\"t\"}");
    free(text);
}

/* ---- the LED ---- */

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void leds_of_files(void **state)
{
    static const struct {
        const char *text;
        int led;
    } rows[] = {{"0\n", 0},
                {"1\n", 1},
                {"1", 1},
                {"255\n", 1},
                {"000\n", 0},
                {"10", 1},
                {"", -1},
                {"\n", -1},
                {"-1\n", -1},
                {"on\n", -1},
                {"1x", -1},
                {" 1", -1},
                {"0000000000000001", 1}};
    char path[] = "/tmp/sli_led.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        put_file(path, rows[i].text);
        assert_int_equal(led_get(path), rows[i].led);
    }
    for (int is_on = 0; is_on <= 1; is_on++) {
        assert_int_equal(led_set(path, is_on), 0);
        assert_int_equal(led_get(path), is_on);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(led_set(path, 1), -1);
    assert_int_equal(led_get(path), -1);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(led_set("/dev/full", 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_certificates),
        cmocka_unit_test(keys_without_identifier),
        cmocka_unit_test(names_that_are_too_long),
        cmocka_unit_test(certificates_cut_and_trailing),
        cmocka_unit_test(leds_of_documents),
        cmocka_unit_test(what_comes_with_them),
        cmocka_unit_test(long_words),
        cmocka_unit_test(documents_that_are_none),
        cmocka_unit_test(documents_cut_and_flipped),
        cmocka_unit_test(requests),
        cmocka_unit_test(leds_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
