/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, CBOR, shadows and rules when memory runs out at any point: they say so, with nothing half-done, and
 * never answer something else. (That nothing is left over is for the sanitizer to see.)
 */
#include "tests/unit/km_test.h"

#include "cloud/common/cbor.h"
#include "cloud/shadow/shadow.h"
#include "tests/unit/cloud/failing_memory.h"
#include "tests/unit/cloud/rule_rig.h"

/* ---- JSON ---- */

static void test_json(void **state)
{
    (void)state;
    struct km_slice text = OCTETS_OF("{\"a\":[1,2.5,\"text\",{\"b\":null}],\"c\":1e300}");
    for (size_t at = 1;; at++) {
        json_t *value = NULL;
        failing_memory_start(at);
        km_status status = km_json_object(NULL, text, 8, &value);
        bool was_hit = failing_memory_end();
        assert_int_equal(status == KM_OK, !was_hit);
        assert_int_equal(value != NULL, !was_hit);
        json_decref(value);
        if (!was_hit)
            return;
        assert_true(at < 5000);
    }
}

/* ---- CBOR ---- */

static km_status read_and_print(struct km_slice octets, json_t **ret_value,
                                struct km_json_text *ret_text)
{
    struct km_err err = {0};
    KM_TRY(km_cbor_object(&err, octets, 8, ret_value));
    return km_cbor_print(&err, *ret_value, octets.len, ret_text);
}

static void test_cbor(void **state)
{
    (void)state;
    struct km_slice octets = OCTETS_OF("\xa2\x61\x61\x84\x01\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"
                                       "\x61\x78\xa1\x61\x62\xf6\x61\x63\x20");
    for (size_t at = 1;; at++) {
        json_t *value = NULL;
        struct km_json_text text = {0};
        failing_memory_start(at);
        km_status status = read_and_print(octets, &value, &text);
        bool was_hit = failing_memory_end();
        assert_int_equal(status, was_hit ? KM_E_NOMEM : KM_OK);
        if (status == KM_OK)
            assert_true(km_slice_equal(KM_SLICE(text.ptr, text.len), octets));
        km_json_text_clear(&text);
        json_decref(value);
        if (!was_hit)
            return;
        assert_true(at < 5000);
    }
}

/* ---- shadows ---- */

static const struct km_shadow_id id = {.thing = "T"};
static const struct km_shadow_row row = {
    .state = OCTETS("{\"desired\":{\"a\":{\"b\":1,\"c\":2.5}},\"reported\":{\"a\":{\"b\":2}}}"),
    .metadata = OCTETS("{\"desired\":{\"a\":{\"b\":{\"timestamp\":1},\"c\":{\"timestamp\":1}}},"
                       "\"reported\":{\"a\":{\"b\":{\"timestamp\":1}}}}"),
    .version = 4,
};

static void shadow_until_it_works(enum km_shadow_kind kind, const char *payload, unsigned code)
{
    const struct km_shadow_request request = {
        .id = &id, .kind = kind, .payload = KM_SLICE_STR(payload), .now_s = 9};
    for (size_t at = 1;; at++) {
        struct km_shadow_result result = {0};
        struct km_err err = {0};
        failing_memory_start(at);
        km_status status = km_shadow_apply(&err, &request, &row, &result);
        bool was_hit = failing_memory_end();
        if (status == KM_OK)
            assert_int_equal(result.code, code);
        else
            assert_int_equal(status, KM_E_NOMEM);
        assert_true(was_hit || status == KM_OK);
        assert_int_equal(result.n_outputs == 0, status != KM_OK);
        km_shadow_result_clear(&result);
        if (!was_hit)
            return;
        assert_true(at < 5000);
    }
}

static void test_shadows(void **state)
{
    (void)state;
    shadow_until_it_works(KM_SHADOW_GET, "{\"clientToken\":\"t\"}", 200);
    shadow_until_it_works(KM_SHADOW_DELETE, "", 200);
    shadow_until_it_works(
        KM_SHADOW_UPDATE,
        "{\"state\":{\"desired\":{\"x\":[1,{\"y\":2}],\"a\":{\"c\":null}},\"reported\":{\"a\":{\"b\":3}}}}",
        200);
    shadow_until_it_works(KM_SHADOW_UPDATE, "{\"state\":{\"desired\":{\"x\":[null]}}}", 400);
    shadow_until_it_works(KM_SHADOW_UPDATE, "{", 400);
}

/* ---- rules ---- */

static const char message_text[] = "{\"a\":\"2.50\",\"b\":[1,2],\"c\":{\"d\":\"eHh4\"}}";

/* What the statement puts out; false: not enough memory. */
static bool rule_once(const char *sql, const char *expected)
{
    struct km_rule *rule = NULL;
    struct km_rule_output output = {0};
    const struct km_rule_message message = rule_rig_message(KM_SLICE_STR(message_text));
    km_status status = km_rule_parse(NULL, KM_SLICE_STR(sql), NULL, &rule);
    if (status == KM_OK)
        status = km_rule_eval(NULL, rule, &message, &rule_rig_host, &output);
    km_rule_free(rule);
    if (status == KM_OK)
        assert_true(km_slice_equal(KM_SLICE(output.bytes, output.len), KM_SLICE_STR(expected)));
    else
        assert_int_equal(status, KM_E_NOMEM);
    assert_int_equal(output.fires, status == KM_OK);
    km_rule_output_clear(&output);
    return status == KM_OK;
}

static void rule_until_it_works(const char *sql, const char *expected)
{
    for (size_t at = 1;; at++) {
        failing_memory_start(at);
        bool works = rule_once(sql, expected);
        bool was_hit = failing_memory_end();
        assert_true(works || was_hit);
        if (!was_hit)
            return;
        assert_true(at < 5000);
    }
}

static void test_rules(void **state)
{
    (void)state;
    rule_until_it_works("SELECT * FROM 't' WHERE a * 2 = 5", message_text);
    rule_until_it_works("SELECT *, {'x': [a, b]} AS o, a + 1 AS p FROM 't' WHERE a IN (1, '2.50')",
                        "{\"a\":\"2.50\",\"b\":[1,2],\"c\":{\"d\":\"eHh4\"},\"o\":{\"x\":[\"2.50\","
                        "[1,2]]},\"p\":\"2.501\"}");
    rule_until_it_works("SELECT concat(b, a) AS x, concat(a, 'x') AS y, upper(b) AS z FROM 't'",
                        "{\"x\":[1,2,\"2.50\"],\"y\":\"2.50x\",\"z\":\"[1,2]\"}");
    rule_until_it_works("SELECT decode(c.d, 'base64') AS x, encode(a, 'base64') AS y FROM 't'",
                        "{\"x\":\"xxx\",\"y\":\"Mi41MA==\"}");
    rule_until_it_works(
        "SELECT replace(a, '.', ',') AS x, md5(a) AS y, cast(a AS Decimal) AS z FROM 't'",
        "{\"x\":\"2,50\",\"y\":\"73cdf608d1ee898d0b5ef68f1869a851\",\"z\":2.5}");
    rule_until_it_works("SELECT VALUE CASE a WHEN 1 THEN 2 ELSE substring(a, 1) END FROM 't'",
                        "\".50\"");
}

static void test_templates(void **state)
{
    (void)state;
    const struct km_rule_message message = rule_rig_message(KM_SLICE_STR(message_text));
    for (size_t at = 1;; at++) {
        struct km_rule_template *text = NULL;
        struct km_json_text topic = {0};
        failing_memory_start(at);
        km_status status = km_rule_template_parse(NULL, OCTETS_OF("x/${a}/${b[0]}"), &text);
        if (status == KM_OK)
            status = km_rule_template_topic(NULL, text, &message, &rule_rig_host, &topic);
        km_rule_template_free(text);
        bool was_hit = failing_memory_end();
        assert_true(status == KM_OK || (was_hit && status == KM_E_NOMEM));
        if (status == KM_OK)
            assert_string_equal(topic.ptr, "x/2.50/1");
        km_json_text_clear(&topic);
        if (!was_hit)
            return;
        assert_true(at < 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),      cmocka_unit_test(test_cbor),
        cmocka_unit_test(test_shadows),   cmocka_unit_test(test_rules),
        cmocka_unit_test(test_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
