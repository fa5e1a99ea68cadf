/* SPDX-License-Identifier: Apache-2.0 */
/* What rules make of messages: operators and Undefined, SELECT and WHERE, messages that are no JSON. */
#include "tests/unit/km_test.h"

#include "tests/unit/cloud/rule_check.h"

static const char payload[] =
    "{\"i\":5,\"d\":2.5,\"w\":10.0,\"s\":\"text\",\"n\":\"7\",\"t\":true,\"T\":\"TRUE\",\"f\":false,"
    "\"z\":null,\"a\":[1,2,3],\"o\":{\"x\":{\"y\":1},\"end\":9},\"big\":9223372036854775807}";

/* An expression and its value; NULL: Undefined. */
static const struct {
    const char *expr, *value;
} operators[] = {
    /* paths */
    {"i", "5"},
    {"o.x.y", "1"},
    {"o.end", "9"},
    {"o.x", "{\"y\":1}"},
    {"o.y", NULL},
    {"i.x", NULL},
    {"a[1]", "2"},
    {"a[3]", NULL},
    {"a[-1]", NULL},
    {"o['x'].y", "1"},
    {"I", NULL},
    {"z", "null"},
    {"missing", NULL},
    /* constants */
    {"'it''s'", "\"it's\""},
    {"\"a 'b'\"", "\"a 'b'\""},
    {"''", "\"\""},
    {"12", "12"},
    {"007", "7"},
    {"1.50", "1.5"},
    {"1e3", "1000"},
    {"2.5e+0", "2.5"},
    {"NULL", "null"},
    {"True", "true"},
    {"{}", "{}"},
    {"[]", "[]"},
    {"[i, missing, s]", "[5,\"text\"]"},
    {"{'a': i, 'b': missing, 'c': [z]}", "{\"a\":5,\"c\":[null]}"},
    {"99999999999999999999", "1e20"},
    /* + - * / % */
    {"i + 1", "6"},
    {"i + d", "7.5"},
    {"d + d", "5"},
    {"w + 1", "11"},
    {"s + i", "\"text5\""},
    {"i + s", "\"5text\""},
    {"w + s", "\"10text\""},
    {"n + 1", "\"71\""},
    {"s + t", "\"texttrue\""},
    {"s + a", "\"text[1,2,3]\""},
    {"s + z", NULL},
    {"s + missing", NULL},
    {"i + t", NULL},
    {"i + a", NULL},
    {"big + 1", "9.223372036854776e18"},
    {"i - 7", "-2"},
    {"n - 2", "5"},
    {"s - 2", NULL},
    {"i * d", "12.5"},
    {"n * n", "49"},
    {"6 / 2", "3"},
    {"5 / 2", "2.5"},
    {"i / 0", NULL},
    {"i / 0.0", NULL},
    {"i % 3", "2"},
    {"-5 % 3", "-2"},
    {"5.5 % 2", "1.5"},
    {"i % 0", NULL},
    {"t * 2", NULL},
    {"z * 2", NULL},
    {"-i", "-5"},
    {"-n", "-7"},
    {"-s", NULL},
    {"--i", "5"},
    {"0 - 9223372036854775807 - 1", "-9223372036854775808"},
    {"(0 - 9223372036854775807 - 1) / -1", "9.223372036854776e18"},
    {"(0 - 9223372036854775807 - 1) % -1", "0"},
    /* order of operators */
    {"1 + 2 * 3", "7"},
    {"(1 + 2) * 3", "9"},
    {"10 - 2 - 3", "5"},
    {"2 + 3 = 5", "true"},
    {"NOT i = 5", "false"},
    {"t OR t AND f", "true"},
    {"(t OR t) AND f", "false"},
    {"NOT f AND f", "false"},
    {"-2 * -3", "6"},
    {"-2 + 3", "1"},
    {"-2 * 3 - 1", "-7"},
    /* = and <> */
    {"i = 5.0", "true"},
    {"w = 10", "true"},
    {"s = 'text'", "true"},
    {"s = 'Text'", "false"},
    {"a = [1, 2, 3.0]", "true"},
    {"a = [3, 2, 1]", "false"},
    {"o.x = {'y': 1}", "true"},
    {"n = 7", "false"},
    {"n <> 7", "true"},
    {"i = t", "false"},
    {"z = NULL", "true"},
    {"z <> NULL", "false"},
    {"z = 0", "false"},
    {"i <> 5", "false"},
    {"missing = 1", NULL},
    {"missing <> 1", NULL},
    {"missing = missing", NULL},
    /* < <= > >= */
    {"i < 6", "true"},
    {"i < 5", "false"},
    {"i <= 5", "true"},
    {"i > d", "true"},
    {"i >= 5.5", "false"},
    {"n > 6", "true"},
    {"n > '6.5'", "true"},
    {"'5E-1' < 1", "true"},
    {"s > 1", NULL},
    {"t > 0", NULL},
    {"z < 1", NULL},
    {"a > 1", NULL},
    {"missing > 1", NULL},
    {"big > 9223372036854775806", "true"},
    /* AND OR NOT */
    {"t AND t", "true"},
    {"t AND f", "false"},
    {"T AND 'true'", "true"},
    {"T AND 'FALSE'", "false"},
    {"f OR 'True'", "true"},
    {"t AND i", NULL},
    {"t OR i", NULL},
    {"t OR missing", NULL},
    {"f AND missing", NULL},
    {"t AND s", NULL},
    {"NOT t", "false"},
    {"NOT 'false'", "true"},
    {"NOT i", NULL},
    {"NOT missing", NULL},
    /* IN */
    {"i IN (1, 5)", "true"},
    {"i IN (1, 2)", "false"},
    {"2 IN a", "true"},
    {"4 IN a", "false"},
    {"2 IN (a)", "true"},
    {"2.0 IN [1, 2]", "true"},
    {"a IN ([1,2,3], 4)", "true"},
    {"i IN (missing, 5)", "true"},
    {"i IN (5)", "true"},
    {"i IN ()", "false"},
    {"missing IN a", NULL},
    {"i IN missing", NULL},
    {"i IN s", "false"},
    /* CASE */
    {"CASE i WHEN 4 THEN 'four' WHEN 5 THEN 'five' ELSE 'other' END", "\"five\""},
    {"CASE i WHEN 4 THEN 'four' ELSE 'other' END", "\"other\""},
    {"CASE i WHEN 4 THEN 'four' END", NULL},
    {"CASE missing WHEN 4 THEN 'four' ELSE 'other' END", NULL},
    {"CASE i WHEN missing THEN 1 ELSE 2 END", "2"},
    {"CASE WHEN i > 6 THEN 'much' WHEN i > 4 THEN 'some' ELSE 'few' END", "\"some\""},
    {"CASE WHEN missing THEN 1 ELSE 2 END", "2"},
    /* cast */
    {"cast(i AS String)", "\"5\""},
    {"cast(w AS String)", "\"10\""},
    {"cast(d AS Varchar)", "\"2.5\""},
    {"cast(t AS String)", "\"true\""},
    {"cast(a AS String)", "\"[1,2,3]\""},
    {"cast(o.x AS String)", "\"{\\\"y\\\":1}\""},
    {"cast(z AS String)", NULL},
    {"cast(missing AS String)", NULL},
    {"cast(d AS Int)", "2"},
    {"cast(-2.5 AS Integer)", "-3"},
    {"cast('5.9' AS Int)", "5"},
    {"cast(t AS Int)", "1"},
    {"cast(s AS Int)", NULL},
    {"cast(a AS Int)", NULL},
    {"cast(1e30 AS Int)", NULL},
    {"cast('2.5' AS Decimal)", "2.5"},
    {"cast('10' AS Double)", "10"},
    {"cast(f AS Decimal)", "0"},
    {"cast(z AS Decimal)", NULL},
    {"cast(0 AS Boolean)", "false"},
    {"cast(0.1 AS Bool)", "true"},
    {"cast('TRUE' AS Boolean)", "true"},
    {"cast('yes' AS Boolean)", NULL},
    {"cast(a AS Boolean)", NULL},
    /* texts that look like numbers, and others */
    {"'-0012.50' * 1", "-12.5"},
    {"'0' * 1", "0"},
    {"'-0' * 1", "0"},
    {"'1.' * 1", NULL},
    {"'.5' * 1", NULL},
    {"'+1' * 1", NULL},
    {"' 1' * 1", NULL},
    {"'1e' * 1", NULL},
    {"'1E2' * 1", "100"},
    {"'5E-1' * 1", "0.5"},
    {"'12345678901234567890123456789012345678901234567890123456789012345' * 1", NULL},
    {"'1e999' * 1", NULL},
    {"'99999999999999999999' * 1", "1e20"},
    {"'' * 1", NULL},
    {"'-' * 1", NULL},
};

static void test_operators(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(operators); i++)
        rule_check_value(operators[i].expr, OCTETS_OF(payload), operators[i].value);
}

static const struct {
    const char *sql, *message, *output;
} statements[] = {
    {"SELECT * FROM 't'", "{\"b\": 1, \"a\":2 }", "{\"b\": 1, \"a\":2 }"},
    {"SELECT * FROM 't'", "[1, 2]", "[1, 2]"},
    {"SELECT b, a FROM 't'", "{\"a\":2,\"b\":1}", "{\"b\":1,\"a\":2}"},
    {"SELECT a AS x, missing, b FROM 't'", "{\"a\":2,\"b\":null}", "{\"x\":2,\"b\":null}"},
    {"SELECT a.b.c, d[0], upper(e), 1 + 1, cast(e AS String) FROM 't'",
     "{\"a\":{\"b\":{\"c\":1}},\"d\":[2],\"e\":\"x\"}",
     "{\"c\":1,\"d\":2,\"upper\":\"X\",\"_4\":2,\"_5\":\"x\"}"},
    {"SELECT *, 15 AS speed FROM 't'", "{\"color\":\"red\"}", "{\"color\":\"red\",\"speed\":15}"},
    {"SELECT *, 'blue' AS color FROM 't'", "{\"color\":\"red\",\"n\":1}",
     "{\"color\":\"blue\",\"n\":1}"},
    {"SELECT 1 AS n, * FROM 't'", "{\"a\":2}", "{\"n\":1,\"a\":2}"},
    {"SELECT * AS all FROM 't'", "{\"a\":2}", "{\"all\":{\"a\":2}}"},
    {"SELECT a AS 'with blank' FROM 't'", "{\"a\":2}", "{\"with blank\":2}"},
    {"SELECT a AS select FROM 't'", "{\"a\":2}", "{\"select\":2}"},
    {"SELECT missing FROM 't'", "{\"a\":2}", "{}"},
    {"SELECT VALUE a FROM 't'", "{\"a\":[1]}", "[1]"},
    {"SELECT VALUE * FROM 't'", "{\"a\":[1]}", "{\"a\":[1]}"},
    {"SELECT VALUE missing FROM 't'", "{\"a\":2}", NULL},
    {"SELECT VALUE 'x' FROM 't'", "{}", "\"x\""},
    {"SELECT VALUE (a) FROM 't'", "{\"a\":1}", "1"},
    {"SELECT value FROM 't'", "{\"value\":2}", "{\"value\":2}"},
    {"SELECT value AS v FROM 't'", "{\"value\":2}", "{\"v\":2}"},
    {"SELECT value.x, value[0] FROM 't'", "{\"value\":{\"x\":3}}", "{\"x\":3}"},
    {"SELECT VALUE [value] FROM 't'", "{\"value\":2}", "[2]"},
    {"SELECT value * 2 AS v FROM 't'", "{\"value\":2}", "{\"v\":4}"},
    {"SELECT value, a FROM 't'", "{\"value\":2,\"a\":1}", "{\"value\":2,\"a\":1}"},
    {"SELECT (temperature - 32) * 5 / 9 AS celsius, upper(color) AS my_color FROM 't'",
     "{\"color\":\"red\",\"temperature\":50}", "{\"celsius\":10,\"my_color\":\"RED\"}"},
    {"SELECT a FROM 't' WHERE a > 1", "{\"a\":2}", "{\"a\":2}"},
    {"SELECT a FROM 't' WHERE a > 2", "{\"a\":2}", NULL},
    {"SELECT a FROM 't' WHERE missing > 2", "{\"a\":2}", NULL},
    {"SELECT a FROM 't' WHERE missing <> 2", "{\"a\":2}", NULL},
    {"SELECT a FROM 't' WHERE a", "{\"a\":2}", NULL},
    {"SELECT a FROM 't' WHERE a", "{\"a\":\"true\"}", "{\"a\":\"true\"}"},
    {"SELECT a AS b FROM 't' WHERE b = 2", "{\"a\":2}", NULL},
    {"SELECT * FROM 't' WHERE certificateStatus = 'PENDING_ACTIVATION'",
     "{\"certificateStatus\":\"PENDING_ACTIVATION\"}",
     "{\"certificateStatus\":\"PENDING_ACTIVATION\"}"},
    {"SELECT * FROM 't' WHERE certificateStatus = 'PENDING_ACTIVATION'",
     "{\"certificateStatus\":\"ACTIVE\"}", NULL},
    /* no object, or no JSON at all */
    {"SELECT a FROM 't'", "[1]", "{}"},
    {"SELECT *, 1 AS n FROM 't'", "[1]", "{\"n\":1}"},
    {"SELECT VALUE * FROM 't'", "5", "5"},
    {"SELECT * FROM 't'", "not JSON", "not JSON"},
    {"SELECT * FROM 't' WHERE a = 1", "not JSON", NULL},
    {"SELECT * FROM 't' WHERE isUndefined(a)", "not JSON", "not JSON"},
    {"SELECT * FROM 't' WHERE timestamp() % 5 = 0", "not JSON", "not JSON"},
    {"SELECT encode(*, 'base64') AS data FROM 't'", "not JSON", "{\"data\":\"bm90IEpTT04=\"}"},
    {"SELECT *, principal() AS p FROM 't'", "not JSON", "{\"p\":\"c0ffee\"}"},
    {"SELECT a, topic(1) AS t FROM 't'", "not JSON", "{\"t\":\"plant\"}"},
    {"SELECT * FROM 't'", "", ""},
    {"SELECT VALUE * FROM 't'", "not JSON", "not JSON"},
    {"SELECT a FROM 't'", "{\"a\":1}x", "{}"},
    {"SELECT a FROM 't'", "{\"a\":1,\"b\":99999999999999999999}", "{}"},
};

static void test_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(statements); i++)
        rule_check_output(statements[i].sql, KM_SLICE_STR(statements[i].message),
                          statements[i].output);
}

static void test_bytes_pass_through(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 1, 0xff, 0xfe, '{', 0};
    struct km_rule *rule = rule_check_compile("SELECT * FROM 't'");
    struct km_rule_message message = rule_rig_message(KM_SLICE(bytes, sizeof(bytes)));
    struct km_rule_output output = {0};
    assert_int_equal(km_rule_eval(NULL, rule, &message, NULL, &output), KM_OK);
    assert_true(output.fires);
    assert_false(output.is_json);
    assert_int_equal(output.len, sizeof(bytes));
    assert_memory_equal(output.bytes, bytes, sizeof(bytes));
    km_rule_output_clear(&output);
    message.payload = OCTETS_OF("{}");
    assert_int_equal(km_rule_eval(NULL, rule, &message, NULL, &output), KM_OK);
    assert_true(output.is_json);
    km_rule_output_clear(&output);
    km_rule_output_clear(NULL);
    km_rule_free(rule);
}

static km_status status_of(const char *sql, struct km_slice bytes)
{
    struct km_rule *rule = rule_check_compile(sql);
    const struct km_rule_message message = rule_rig_message(bytes);
    struct km_rule_output output = {0};
    struct km_err err = {0};
    km_status status = km_rule_eval(&err, rule, &message, &rule_rig_host, &output);
    assert_int_equal(status != KM_OK, err.text[0] != '\0');
    assert_true(status == KM_OK || (!output.fires && output.bytes == NULL));
    km_rule_output_clear(&output);
    km_rule_free(rule);
    return status;
}

/* {"a":"xxx...","b":[1,1,...]} of that many octets and elements. */
static char *large_message(size_t n_octets, size_t n_elements)
{
    size_t cap = n_octets + 2 * n_elements + 32;
    char *text = malloc(cap);
    assert_non_null(text);
    struct km_wr wr = km_wr_init(text, cap);
    km_wr_bytes(&wr, KM_SLICE_STR("{\"a\":\""));
    for (size_t i = 0; i < n_octets; i++)
        km_wr_u8(&wr, 'x');
    km_wr_bytes(&wr, KM_SLICE_STR("\",\"b\":[1"));
    for (size_t i = 1; i < n_elements; i++)
        km_wr_bytes(&wr, KM_SLICE_STR(",1"));
    km_wr_bytes(&wr, KM_SLICE("]}", 3));
    assert_false(wr.overflow);
    return text;
}

static void test_bounds(void **state)
{
    (void)state;
    char *message = large_message(50000, 30000);
    struct km_slice bytes = KM_SLICE_STR(message);
    assert_int_equal(status_of("SELECT a FROM 't'", bytes), KM_OK);
    /* too long a result */
    assert_int_equal(status_of("SELECT a, a AS b FROM 't'", bytes), KM_OK);
    assert_int_equal(status_of("SELECT a, a AS b, a AS c FROM 't'", bytes), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE a + a + a FROM 't'", bytes), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE concat(a, a, a) FROM 't'", bytes), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE replace(a, 'x', 'yyy') FROM 't'", bytes), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE regexp_replace(a, 'x', 'yyy') FROM 't'", bytes),
                     KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE encode(a + a, 'base64') FROM 't'", bytes), KM_E_LIMIT);
    /* too many steps */
    assert_int_equal(status_of("SELECT VALUE b = b FROM 't'", bytes), KM_OK);
    assert_int_equal(status_of("SELECT VALUE [b = b, b = b, b = b, b = b] FROM 't'", bytes),
                     KM_E_LIMIT);
    assert_int_equal(status_of("SELECT * FROM 't' WHERE [b = b, b = b, b = b, b = b] = 1", bytes),
                     KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE concat(b, b, b, b) FROM 't'", bytes), KM_E_LIMIT);
    assert_int_equal(
        status_of("SELECT VALUE [1 IN b, 2 IN b, 3 IN b, 4 IN b, 5 IN b] FROM 't'", bytes),
        KM_E_LIMIT);
    free(message);
    /* a message as long as it may be, and one that is longer */
    message = large_message(KM_RULE_PAYLOAD_MAX - strlen("{\"a\":\"\",\"b\":[1]}"), 1);
    bytes = KM_SLICE_STR(message);
    assert_int_equal(bytes.len, KM_RULE_PAYLOAD_MAX);
    assert_int_equal(status_of("SELECT * FROM 't'", bytes), KM_OK);
    assert_int_equal(status_of("SELECT a FROM 't'", bytes), KM_OK);
    bytes.len++;
    assert_int_equal(status_of("SELECT * FROM 't'", bytes), KM_E_LIMIT);
    free(message);
}

/* An expression that costs as much as one part of it allows. */
static void test_costly_patterns_end(void **state)
{
    (void)state;
    struct km_slice bytes =
        OCTETS_OF("{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}");
    assert_int_equal(status_of("SELECT VALUE regexp_matches(a, '^(a+)+$') FROM 't'", bytes),
                     KM_E_LIMIT);
    /* it does not take long to be told so */
    assert_int_equal(
        status_of("SELECT VALUE regexp_matches(substring(a, 28), '^(a+)+$') FROM 't'", bytes),
        KM_E_LIMIT);
    assert_int_equal(status_of("SELECT VALUE regexp_replace(a, '^(a|a?)+$', '') FROM 't'", bytes),
                     KM_E_LIMIT);
    /* no pattern at all, or one that is too large: Undefined */
    rule_check_output("SELECT regexp_matches(a, '(') AS m FROM 't'", bytes, "{}");
    rule_check_output("SELECT regexp_matches(a, '((((a{1000}){1000}){1000}){1000})') AS m FROM 't'",
                      bytes, "{}");
}

static void test_deep_message_is_no_json(void **state)
{
    (void)state;
    char deep[2 * KM_RULE_JSON_DEPTH_MAX + 16];
    struct km_wr wr = km_wr_init(deep, sizeof(deep));
    km_wr_bytes(&wr, KM_SLICE_STR("{\"a\":"));
    for (size_t i = 0; i < KM_RULE_JSON_DEPTH_MAX; i++)
        km_wr_u8(&wr, '[');
    for (size_t i = 0; i < KM_RULE_JSON_DEPTH_MAX; i++)
        km_wr_u8(&wr, ']');
    km_wr_u8(&wr, '}');
    rule_check_output("SELECT isUndefined(a) AS u FROM 't'", KM_SLICE(deep, wr.len),
                      "{\"u\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),           cmocka_unit_test(test_statements),
        cmocka_unit_test(test_bytes_pass_through),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_costly_patterns_end), cmocka_unit_test(test_deep_message_is_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
