/* SPDX-License-Identifier: Apache-2.0 */
/* JSON texts in and out, their bounds, and when two values are one. */
#include "tests/unit/km_test.h"

#include "cloud/common/json.h"

static json_t *value_of(const char *text)
{
    json_t *value = NULL;
    assert_int_equal(km_json_value(NULL, KM_SLICE_STR(text), 64, &value), KM_OK);
    return value;
}

static void test_prints_what_it_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"b\":1,\"a\":[true,false,null,{}]}",
        "[0,-1,9223372036854775807,-9223372036854775808]",
        "[0.1,1.0,-0.0,2.5,1e300,1.7976931348623157e308,0.30000000000000004,123456.789]",
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\"",
        "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x91\"",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        json_t *value = value_of(texts[i]);
        struct km_json_text text = {0};
        assert_int_equal(km_json_print(NULL, value, 1000, &text), KM_OK);
        assert_int_equal(text.len, strlen(text.ptr));
        json_t *back = value_of(text.ptr);
        assert_true(json_equal(value, back));
        if (i != 4) /* reals have more than one spelling */
            assert_string_equal(text.ptr, texts[i]);
        json_decref(back);
        km_json_text_clear(&text);
        json_decref(value);
    }
}

static void test_reals_are_short(void **state)
{
    (void)state;
    json_t *value = value_of("[0.1,2.50,21.7,0.30000000000000004]");
    struct km_json_text text = {0};
    assert_int_equal(km_json_print(NULL, value, 1000, &text), KM_OK);
    assert_string_equal(text.ptr, "[0.1,2.5,21.7,0.30000000000000004]");
    km_json_text_clear(&text);
    json_decref(value);
}

static void test_print_has_a_bound(void **state)
{
    (void)state;
    json_t *value = value_of("{\"a\":[1,2]}");
    struct km_json_text text = {0};
    for (size_t max = 0; max < 11; max++) {
        struct km_err err = {0};
        assert_int_equal(km_json_print(&err, value, max, &text), KM_E_LIMIT);
        assert_null(text.ptr);
    }
    assert_int_equal(km_json_print(NULL, value, 11, &text), KM_OK);
    km_json_text_clear(&text);
    json_decref(value);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        struct km_slice text;
        km_status status;
    } rows[] = {
        {OCTETS(""), KM_E_MALFORMED},
        {OCTETS("{"), KM_E_MALFORMED},
        {OCTETS("{\"a\":1}x"), KM_E_MALFORMED},
        {OCTETS("{\"a\":1}{}"), KM_E_MALFORMED},
        {OCTETS("[1]"), KM_E_MALFORMED},
        {OCTETS("1"), KM_E_MALFORMED},
        {OCTETS("{\"a\":9223372036854775808}"), KM_E_MALFORMED},
        {OCTETS("{\"a\":1e999}"), KM_E_MALFORMED},
        {OCTETS("{\"a\":\"\\u0000\"}"), KM_E_MALFORMED},
        {OCTETS("{\"a\":\"\0\"}"), KM_E_MALFORMED},
        {OCTETS("{\"a\":\"\xff\"}"), KM_E_MALFORMED},
        {OCTETS("{\"a\":NaN}"), KM_E_MALFORMED},
        {OCTETS("{\"a\":{\"b\":[]}}"), KM_E_LIMIT},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        json_t *value = NULL;
        struct km_err err = {0};
        assert_int_equal(km_json_object(&err, rows[i].text, 2, &value), rows[i].status);
        assert_null(value);
        assert_int_not_equal(err.text[0], '\0');
    }
    json_t *value = NULL;
    assert_int_equal(km_json_object(NULL, OCTETS_OF("{\"a\":{\"b\":[]}}"), 3, &value), KM_OK);
    assert_int_equal(km_json_depth(value), 3);
    json_decref(value);
}

static void test_very_deep_text_is_a_limit(void **state)
{
    (void)state;
    char text[20000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = '[';
    json_t *value = NULL;
    assert_int_equal(km_json_value(NULL, KM_SLICE(text, sizeof(text)), 64, &value), KM_E_LIMIT);
}

static void test_equality(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"1", "1.0", true},
        {"1", "1.5", false},
        {"1", "\"1\"", false},
        {"1", "true", false},
        {"null", "null", true},
        {"null", "false", false},
        {"\"a\"", "\"a\"", true},
        {"\"a\"", "\"A\"", false},
        {"9007199254740993", "9007199254740992.0", false},
        {"9223372036854775807", "9223372036854775808.0", false},
        {"-9223372036854775808", "-9223372036854775808.0", true},
        {"[1,2]", "[1.0,2]", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1]", false},
        {"{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1.0}", true},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"{}", "[]", false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        json_t *a = value_of(rows[i].a);
        json_t *b = value_of(rows[i].b);
        assert_int_equal(km_json_equal(a, b), rows[i].equal);
        assert_int_equal(km_json_equal(b, a), rows[i].equal);
        assert_true(km_json_equal(a, a));
        json_decref(a);
        json_decref(b);
    }
    assert_false(km_json_equal(NULL, NULL));
}

static void test_order_of_numbers(void **state)
{
    (void)state;
    static const char *const rising[] = {"-1e300",
                                         "-9223372036854775808",
                                         "-1.5",
                                         "-1",
                                         "0",
                                         "0.5",
                                         "1",
                                         "9007199254740992.0",
                                         "9007199254740993",
                                         "1e19"};
    for (size_t i = 0; i < KM_ARRAY_LEN(rising); i++) {
        for (size_t k = 0; k < KM_ARRAY_LEN(rising); k++) {
            json_t *a = value_of(rising[i]);
            json_t *b = value_of(rising[k]);
            int order = km_json_compare_numbers(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            json_decref(a);
            json_decref(b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_what_it_read),       cmocka_unit_test(test_reals_are_short),
        cmocka_unit_test(test_print_has_a_bound),         cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_very_deep_text_is_a_limit), cmocka_unit_test(test_equality),
        cmocka_unit_test(test_order_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
