/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with ${...}, and which of them are topics. */
#include "tests/unit/km_test.h"

#include "tests/unit/cloud/rule_rig.h"

static struct km_rule_template *compile(const char *text)
{
    struct km_err err = {0};
    struct km_rule_template *made = NULL;
    if (km_rule_template_parse(&err, KM_SLICE_STR(text), &made) != KM_OK)
        fail_msg("%s: %s", text, err.text);
    return made;
}

static const char payload[] = "{\"id\":\"d1\",\"n\":3,\"z\":null,\"o\":{\"a\":1},\"up\":\"a/../#\","
                              "\"res\":\"$aws/x\",\"dollars\":\"$$aws/x\",\"nul\":\"\"}";

static const struct {
    const char *text, *expanded;
} good[] = {
    {"", ""},
    {"plain", "plain"},
    {"a $ b } { $$", "a $ b } { $$"},
    {"device/${id}", "device/d1"},
    {"${topic()}/republish", "plant/line 1/motor/republish"},
    {"${id}${n}", "d1"
                  "3"},
    {"${ n * 2 + 1 }", "7"},
    {"${o}", "{\"a\":1}"},
    {"${get({'x': {'y': '}'}}, 'x').y}!", "}!"},
    {"${parse_time(\"yyyy\", timestamp(), \"UTC\")}", "2016"},
    {"$${id}", "$d1"},
    {"${'${'}", "${"},
    {"${nul}", ""},
};

static void test_expanding(void **state)
{
    (void)state;
    const struct km_rule_message message = rule_rig_message(OCTETS_OF(payload));
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        struct km_rule_template *text = compile(good[i].text);
        struct km_json_text expanded = {0};
        assert_int_equal(
            km_rule_template_expand(NULL, text, &message, &rule_rig_host, 100, &expanded), KM_OK);
        assert_string_equal(expanded.ptr, good[i].expanded);
        assert_int_equal(expanded.len, strlen(good[i].expanded));
        km_json_text_clear(&expanded);
        km_rule_template_free(text);
    }
}

static void test_no_value_and_too_long(void **state)
{
    (void)state;
    const struct km_rule_message message = rule_rig_message(OCTETS_OF(payload));
    static const struct {
        const char *text;
        size_t max;
        km_status status;
    } rows[] = {
        {"a/${missing}", 100, KM_E_NOTFOUND},
        {"a/${z}", 100, KM_E_NOTFOUND},
        {"${1 / 0}", 100, KM_E_NOTFOUND},
        {"${topic()}", 18, KM_OK},
        {"${topic()}", 17, KM_E_LIMIT},
        {"x", 0, KM_E_LIMIT},
        {"", 0, KM_OK},
        {"${length(lpad('x', 1000))}", SIZE_MAX, KM_OK},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rule_template *text = compile(rows[i].text);
        struct km_json_text expanded = {0};
        assert_int_equal(
            km_rule_template_expand(NULL, text, &message, &rule_rig_host, rows[i].max, &expanded),
            rows[i].status);
        assert_int_equal(expanded.ptr != NULL, rows[i].status == KM_OK);
        km_json_text_clear(&expanded);
        km_rule_template_free(text);
    }
}

static void test_errors_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"a/${", "expected an expression at line 1, column 5, found the end"},
        {"a/${}", "expected an expression at line 1, column 5, found }"},
        {"a/${id", "expected } at line 1, column 7, found the end"},
        {"a/${id id}", "expected } at line 1, column 8, found a name"},
        {"${id}\n${nosuch()}",
         "expected the name of a function that there is at line 2, column 3, found a name"},
        {"\xc0", "text is not UTF-8"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        struct km_rule_template *text = NULL;
        assert_int_equal(km_rule_template_parse(&err, KM_SLICE_STR(rows[i].text), &text),
                         KM_E_MALFORMED);
        assert_null(text);
        assert_string_equal(err.text, rows[i].says);
    }
}

static void test_topics(void **state)
{
    (void)state;
    const struct km_rule_message message = rule_rig_message(OCTETS_OF(payload));
    static const struct {
        const char *text, *topic;
    } rows[] = {
        {"a/${id}", "a/d1"},
        {"$$aws/things/${id}/shadow/update", "$aws/things/d1/shadow/update"},
        {"$aws/things/${id}/shadow/update", NULL},
        {"${res}", NULL},     /* a device does not choose a reserved topic, */
        {"${dollars}", NULL}, /* not even spelt like a rule does */
        {"${'$$aws/x'}", NULL},
        {"$${dollars}", NULL},
        {"a/${up}", NULL},
        {"a/+", NULL},
        {"", NULL},
        {"$$", "$"},
        {"${nul}", NULL},
        {"${id}", "d1"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rule_template *text = compile(rows[i].text);
        struct km_json_text topic = {0};
        struct km_err err = {0};
        km_status status = km_rule_template_topic(&err, text, &message, &rule_rig_host, &topic);
        assert_int_equal(status, rows[i].topic == NULL ? KM_E_MALFORMED : KM_OK);
        if (rows[i].topic != NULL) {
            assert_string_equal(topic.ptr, rows[i].topic);
            assert_int_equal(topic.len, strlen(rows[i].topic));
        }
        km_json_text_clear(&topic);
        km_rule_template_free(text);
    }
}

static void test_length_of_topics(void **state)
{
    (void)state;
    char text[KM_TOPIC_MAX + 8];
    const struct km_rule_message message = rule_rig_message(OCTETS_OF(payload));
    for (size_t skip = 0; skip <= 1; skip++) {
        for (size_t len = KM_TOPIC_MAX - 1; len <= KM_TOPIC_MAX + 1; len++) {
            memset(text, 'x', sizeof(text));
            text[0] = skip == 1 ? '$' : 'x';
            text[1] = text[0];
            text[len + skip] = '\0';
            struct km_rule_template *made = compile(text);
            struct km_json_text topic = {0};
            km_status status = km_rule_template_topic(NULL, made, &message, &rule_rig_host, &topic);
            assert_int_equal(status, len <= KM_TOPIC_MAX ? KM_OK : KM_E_LIMIT);
            assert_int_equal(topic.len, len <= KM_TOPIC_MAX ? len : 0);
            km_json_text_clear(&topic);
            km_rule_template_free(made);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expanding),           cmocka_unit_test(test_no_value_and_too_long),
        cmocka_unit_test(test_errors_have_a_place), cmocka_unit_test(test_topics),
        cmocka_unit_test(test_length_of_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
