/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/provision/template.h"

#define ID "AWS::IoT::Certificate::Id"
#define CN "AWS::IoT::Certificate::CommonName"

static const struct km_template_pair parameters[] = {{ID, "abc"}, {CN, "lamp-7"}};

static const char whole[] =
    "{\"Parameters\":{\"" CN "\":{\"Type\":\"String\"},\"" ID "\":{\"Type\":\"String\"},"
    "\"Room\":{\"Type\":\"String\",\"Default\":\"hall\"}},"
    "\"Resources\":{"
    "\"thing\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{"
    "\"ThingName\":{\"Fn::Join\":[\"-\",[\"t\",{\"Ref\":\"" CN "\"},{\"Fn::Sub\":\"x${Room}y\"}]]},"
    "\"AttributePayload\":{\"room\":{\"Ref\":\"Room\"},\"version\":\"v1\"},"
    "\"ThingTypeName\":\"lamps\",\"ThingGroups\":[\"g1\",{\"Ref\":\"Room\"}]},"
    "\"OverrideSettings\":{\"AttributePayload\":\"MERGE\"}},"
    "\"certificate\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{"
    "\"CertificateId\":{\"Ref\":\"" ID "\"},\"Status\":\"ACTIVE\"}},"
    "\"named\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"P\"}},"
    "\"text\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyDocument\":\"{}\"}},"
    "\"object\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyDocument\":"
    "{\"Version\":\"2012-10-17\",\"Statement\":[]}}}},"
    "\"DeviceConfiguration\":{\"url\":{\"Fn::Sub\":\"https://x/${Room}\"},\"level\":\"1\"}}";

static struct km_arena *arena;

static km_status resolve(const char *text, struct km_template_plan *ret, struct km_err *err)
{
    return km_template_resolve(err, arena, KM_SLICE_STR(text), parameters, 2, ret);
}

static void test_whole(void **state)
{
    (void)state;
    struct km_template_plan plan = {0};
    struct km_err err = {0};
    if (resolve(whole, &plan, &err) != KM_OK)
        fail_msg("%s", err.text);
    assert_string_equal(plan.thing, "t-lamp-7-xhally");
    assert_string_equal(plan.thing_type, "lamps");
    assert_int_equal(plan.n_attributes, 2);
    assert_string_equal(plan.attributes[0].name, "room");
    assert_string_equal(plan.attributes[0].value, "hall");
    assert_string_equal(plan.attributes[1].value, "v1");
    assert_int_equal(plan.on_conflict, KM_TEMPLATE_MERGE);
    assert_int_equal(plan.n_groups, 2);
    assert_string_equal(plan.groups[1], "hall");
    assert_string_equal(plan.certificate_id, "abc");
    assert_string_equal(plan.certificate_status, "ACTIVE");
    assert_int_equal(plan.n_policies, 3);
    assert_true(plan.policies[0].document == NULL);
    assert_string_equal(plan.policies[0].name, "P");
    assert_string_equal(plan.policies[1].document, "{}");
    assert_string_equal(plan.policies[2].document, "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    assert_int_equal(plan.n_configuration, 2);
    assert_string_equal(plan.configuration[0].value, "https://x/hall");
    assert_string_equal(plan.configuration[1].name, "level");
}

static void test_functions(void **state)
{
    (void)state;
    static const struct {
        const char *value, *says;
    } rows[] = {
        {"{\"Fn::Select\":[1,[\"a\",{\"Ref\":\"" CN "\"}]]}", "lamp-7"},
        {"{\"Fn::Select\":[\"0\",{\"Fn::Split\":[\"-\",{\"Ref\":\"" CN "\"}]}]}", "lamp"},
        {"{\"Fn::Select\":[1,{\"Fn::Split\":[\"-\",{\"Ref\":\"" CN "\"}]}]}", "7"},
        {"{\"Fn::Join\":[\"+\",{\"Fn::Split\":[\"::\",\"a::::b\"]}]}", "a++b"},
        {"{\"Fn::Join\":[\"-\",[{\"Fn::Join\":[\"\",[\"x\",\"y\"]]},\"z\"]]}", "xy-z"},
        {"{\"Fn::FindInMap\":[\"Places\",{\"Ref\":\"" CN "\"},\"room\"]}", "hall"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char text[1024] = "";
        struct km_template_plan plan = {0};
        struct km_err err = {0};
        (void)snprintf(text, sizeof(text),
                       "{\"Parameters\":{\"" CN "\":{\"Type\":\"String\"}},"
                       "\"Mappings\":{\"Places\":{\"lamp-7\":{\"room\":\"hall\"}}},"
                       "\"Resources\":{\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":"
                       "{\"ThingName\":%s}}}}",
                       rows[i].value);
        if (resolve(text, &plan, &err) != KM_OK)
            fail_msg("%s: %s", rows[i].value, err.text);
        assert_string_equal(plan.thing, rows[i].says);
    }
}

/* Whatever the values will be, it is understood or it is not. */
static void test_trial(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        km_status status;
    } rows[] = {
        {"{\"Ref\":\"P\"}", KM_OK},
        {"{\"Fn::Select\":[7,{\"Fn::Split\":[\"-\",{\"Ref\":\"P\"}]}]}", KM_OK},
        {"{\"Fn::Select\":[7,[{\"Ref\":\"P\"}]]}", KM_E_MALFORMED},
        {"{\"Fn::FindInMap\":[\"m\",{\"Ref\":\"P\"},\"room\"]}", KM_OK},
        {"{\"Fn::FindInMap\":[\"m\",\"P\",\"room\"]}", KM_E_MALFORMED},
        {"{\"Ref\":\"Q\"}", KM_E_MALFORMED},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        char text[1024] = "";
        struct km_template_plan plan = {0};
        struct km_err err = {0};
        (void)snprintf(text, sizeof(text),
                       "{\"Parameters\":{\"P\":{\"Type\":\"String\"}},\"Mappings\":{\"m\":{}},"
                       "\"Resources\":{\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":"
                       "{\"ThingName\":%s}}}}",
                       rows[i].value);
        if (km_template_try(&err, arena, KM_SLICE_STR(text), &plan) != rows[i].status)
            fail_msg("%s: %s", rows[i].value, err.text);
    }
}

/* A template with these resources, and one parameter that has no value. */
#define RESOURCES(text) "{\"Resources\":{\"r\":{" text "}}}"
#define THING(text) RESOURCES("\"Type\":\"AWS::IoT::Thing\",\"Properties\":{" text "}")

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        km_status status;
        const char *says;
    } rows[] = {
        {"", KM_E_MALFORMED, ""},
        {"[]", KM_E_MALFORMED, ""},
        {"{}", KM_E_MALFORMED, "no Resources"},
        {"{\"Resources\":{},\"Conditions\":{}}", KM_E_MALFORMED, "Conditions"},
        {"{\"Resources\":{},\"Mappings\":[]}", KM_E_MALFORMED, "Mappings is no object"},
        {"{\"Resources\":[]}", KM_E_MALFORMED, "no Resources"},
        {"{\"Resources\":{\"r\":{}}}", KM_E_MALFORMED, "no type that there is"},
        {"{\"Resources\":{\"r\":\"x\"}}", KM_E_MALFORMED, "a resource is no object"},
        {RESOURCES("\"Type\":\"AWS::S3::Bucket\""), KM_E_MALFORMED, "no type that there is"},
        {THING(""), KM_E_MALFORMED, "no text"},
        {THING("\"ThingName\":7"), KM_E_MALFORMED, "no text"},
        {THING("\"ThingName\":{\"Ref\":\"Nobody\"}"), KM_E_MALFORMED, "Ref to Nobody"},
        {THING("\"ThingName\":{\"Ref\":\"a\",\"Fn::Sub\":\"b\"}"), KM_E_MALFORMED, "no text"},
        {THING("\"ThingName\":{\"Fn::Select\":[1,[\"a\"]]}"), KM_E_MALFORMED, "the list has 1"},
        {THING("\"ThingName\":{\"Fn::Select\":[-1,[\"a\"]]}"), KM_E_MALFORMED, "Fn::Select"},
        {THING("\"ThingName\":{\"Fn::Select\":[\"x\",[\"a\"]]}"), KM_E_MALFORMED, "Fn::Select"},
        {THING("\"ThingName\":{\"Fn::Select\":[0,\"a\"]}"), KM_E_MALFORMED, "a list is wanted"},
        {THING("\"ThingName\":{\"Fn::Select\":[0,{\"Fn::Split\":[\"\",\"a\"]}]}"), KM_E_MALFORMED,
         "Fn::Split"},
        {THING("\"ThingName\":{\"Fn::Split\":[\"-\",\"a\"]}"), KM_E_MALFORMED, "no text"},
        {THING("\"ThingName\":{\"Fn::FindInMap\":[\"m\",\"a\"]}"), KM_E_MALFORMED, "two keys"},
        {THING("\"ThingName\":{\"Fn::FindInMap\":[\"m\",\"a\",\"b\"]}"), KM_E_MALFORMED,
         "Mappings has no m"},
        {"{\"Mappings\":{\"m\":{\"a\":{\"b\":[]}}},\"Resources\":{\"r\":{\"Type\":\"AWS::IoT::Thing\","
         "\"Properties\":{\"ThingName\":{\"Fn::FindInMap\":[\"m\",\"a\",\"b\"]}}}}}",
         KM_E_MALFORMED, "is no text"},
        {THING("\"ThingName\":{\"Fn::Sub\":\"${x\"}"), KM_E_MALFORMED, "does not end"},
        {THING("\"ThingName\":{\"Fn::Join\":[\"-\"]}"), KM_E_MALFORMED, "Fn::Join"},
        {THING("\"ThingName\":\"t\",\"BillingGroup\":\"b\""), KM_E_MALFORMED, "BillingGroup"},
        {THING("\"ThingName\":\"t\",\"ThingGroups\":{}"), KM_E_MALFORMED, "ThingGroups"},
        {THING("\"ThingName\":\"t\",\"AttributePayload\":[]"), KM_E_MALFORMED, "AttributePayload"},
        {"{\"Parameters\":{\"Lost\":{\"Type\":\"String\"}},\"Resources\":{}}", KM_E_NOTFOUND,
         "parameter Lost has no value"},
        {"{\"Parameters\":{\"N\":{\"Type\":\"Number\"}},\"Resources\":{}}", KM_E_MALFORMED,
         "another type"},
        {"{\"Parameters\":[],\"Resources\":{}}", KM_E_MALFORMED, "Parameters is no object"},
        {RESOURCES("\"Type\":\"AWS::IoT::Policy\",\"Properties\":{}"), KM_E_MALFORMED, "either"},
        {RESOURCES("\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"a\","
                   "\"PolicyDocument\":\"b\"}"),
         KM_E_MALFORMED, "either"},
        {RESOURCES("\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateArn\":\"a\"}"),
         KM_E_MALFORMED, "CertificateArn"},
        {RESOURCES("\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{\"CertificatePem\":\"a\","
                   "\"CertificateId\":\"b\"}"),
         KM_E_MALFORMED, "one of CertificateId"},
        {RESOURCES("\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateId\":\"b\","
                   "\"CACertificatePem\":\"c\"}"),
         KM_E_MALFORMED, "goes with"},
        {RESOURCES("\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}"), KM_E_MALFORMED,
         "one of CertificateId"},
        {"{\"Resources\":{\"a\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"t\"}},"
         "\"b\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"u\"}}}}",
         KM_E_MALFORMED, "more than one thing"},
        {RESOURCES("\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"t\"},"
                   "\"OverrideSettings\":{\"AttributePayload\":\"OFTEN\"}"),
         KM_E_MALFORMED, "DO_NOTHING"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_template_plan plan = {.n_groups = 77};
        struct km_err err = {0};
        km_status status = resolve(rows[i].text, &plan, &err);
        if (status != rows[i].status || strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s: %s", i, km_status_name(status), err.text);
        assert_int_equal(plan.n_groups, 77);
    }
}

/* Whoever asks for a certificate chooses its name. */
static void test_names_write_no_policy(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{\"Fn::Sub\":\"{\\\"Resource\\\":\\\"client/${" CN "}\\\"}\"}",
        "{\"Fn::Join\":[\"\",[\"client/\",{\"Ref\":\"" CN "\"}]]}",
        "{\"Ref\":\"" CN "\"}",
    };
    static const struct {
        const char *name;
        km_status status;
    } rows[] = {
        {"lamp-7", KM_OK},
        {"Lampe k\xc3\xbc/7 (a:b)", KM_OK},
        {"*", KM_E_MALFORMED},
        {"lamp?", KM_E_MALFORMED},
        {"x\",\"Action\":\"iot:*", KM_E_MALFORMED},
        {"x\\", KM_E_MALFORMED},
        {"${iot:ClientId}", KM_E_MALFORMED},
        {"all/#", KM_E_MALFORMED},
        {"+", KM_E_MALFORMED},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows) * KM_ARRAY_LEN(documents); i++) {
        const char *name = rows[i / KM_ARRAY_LEN(documents)].name;
        const struct km_template_pair pair = {CN, name};
        struct km_template_plan plan = {0};
        struct km_err err = {0};
        char text[512] = "";
        (void)snprintf(
            text, sizeof(text),
            "{\"Parameters\":{\"" CN "\":{\"Type\":\"String\"}},\"Resources\":{"
            "\"p\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyDocument\":%s}},"
            "\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":"
            "{\"Ref\":\"" CN "\"}}}}}",
            documents[i % KM_ARRAY_LEN(documents)]);
        km_status status = km_template_resolve(&err, arena, KM_SLICE_STR(text), &pair, 1, &plan);
        if (status != rows[i / KM_ARRAY_LEN(documents)].status)
            fail_msg("%s: %s: %s", name, km_status_name(status), err.text);
        if (status == KM_OK)
            assert_string_equal(plan.thing, name);
        else
            assert_non_null(strstr(err.text, "can't stand in a policy"));
    }
}

static void test_damaged(void **state)
{
    (void)state;
    char text[sizeof(whole)];
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct km_template_plan plan = {0};
        assert_int_not_equal(
            km_template_resolve(NULL, arena, KM_SLICE(whole, len), parameters, 2, &plan), KM_OK);
        km_arena_reset(arena);
    }
    for (size_t bit = 0; bit < 8 * (sizeof(whole) - 1); bit++) {
        struct km_template_plan plan = {0};
        km_copy(text, sizeof(text), whole, sizeof(whole));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        (void)km_template_resolve(NULL, arena, KM_SLICE(text, sizeof(whole) - 1), parameters, 2,
                                  &plan);
        km_arena_reset(arena);
    }
}

/* Values that double, and lists beyond their bounds, end at once. */
static void test_bounds(void **state)
{
    (void)state;
    static char text[KM_TEMPLATE_TEXT_MAX + 2];
    struct km_template_plan plan = {0};
    size_t len = 0;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = ' ';
    assert_int_equal(
        km_template_resolve(NULL, arena, KM_SLICE(text, sizeof(text) - 1), NULL, 0, &plan),
        KM_E_LIMIT);
    len = (size_t)snprintf(text, sizeof(text),
                           "{\"Parameters\":{\"a\":{\"Type\":\"String\",\"Default\":\"%0500d\"}},"
                           "\"Resources\":{\"r\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{"
                           "\"ThingName\":{\"Fn::Sub\":\"",
                           0);
    for (size_t i = 0; i < 9; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "${a}");
    (void)snprintf(text + len, sizeof(text) - len, "\"}}}}}");
    assert_int_equal(resolve(text, &plan, NULL), KM_E_LIMIT);
    len = (size_t)snprintf(text, sizeof(text),
                           "{\"Resources\":{\"r\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{"
                           "\"ThingName\":\"t\",\"ThingGroups\":[\"g\"");
    for (size_t i = 0; i < KM_TEMPLATE_GROUPS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"g\"");
    (void)snprintf(text + len, sizeof(text) - len, "]}}}}");
    assert_int_equal(resolve(text, &plan, NULL), KM_E_LIMIT);
    struct km_arena *small = km_arena_new(10);
    assert_non_null(small);
    assert_int_equal(km_template_resolve(NULL, small, KM_SLICE_STR(whole), parameters, 2, &plan),
                     KM_E_LIMIT);
    km_arena_free(small);
}

static int setup(void **state)
{
    (void)state;
    arena = km_arena_new(1u << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_trial),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names_write_no_policy),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
