/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/function.h"
#include "tests/unit/km_test.h"

#define NAME_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void names_of_functions_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *region, *account, *name, *qualifier;
    } good[] = {
        {"f", "", "", "f", ""},
        {"function", "", "", "function", ""},
        {"myfunction:prod", "", "", "myfunction", "prod"},
        {"f:$LATEST", "", "", "f", "$LATEST"},
        {NAME_64, "", "", NAME_64, ""},
        {"123456789012:function:f", "", "123456789012", "f", ""},
        {"123456789012:function:f:7", "", "123456789012", "f", "7"},
        {"arn:aws:lambda:us-west-1:123456789012:function:f", "us-west-1", "123456789012", "f", ""},
        {"arn:aws:lambda:us-west-1:123456789012:function:f:a_b", "us-west-1", "123456789012", "f",
         "a_b"},
    };
    static const char *const bad[] = {
        "",
        ":",
        "f:",
        "f x",
        "f/g",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
        "123:function:f",
        "123456789012:funktion:f",
        "arn:aws:lambda:us-west-1:123456789012:function",
        "arn:aws:iot:us-west-1:123456789012:function:f",
        "arn:aws:lambda::123456789012:function:f",
        "arn:aws:lambda:r:123456789012:function:f:q:more",
        "a:b:c:d:e",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        struct km_function_name name = {.account = ""};
        assert_int_equal(km_function_name_parse(NULL, good[i].text, &name), KM_OK);
        assert_string_equal(name.region, good[i].region);
        assert_string_equal(name.account, good[i].account);
        assert_string_equal(name.name, good[i].name);
        assert_string_equal(name.qualifier, good[i].qualifier);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        struct km_function_name name = {.account = "kept"};
        assert_int_equal(km_function_name_parse(NULL, bad[i], &name), KM_E_ARG);
        assert_string_equal(name.account, "kept");
    }
}

static void an_arn_is_read_back(void **state)
{
    (void)state;
    char arn[KM_FUNCTION_ARN_MAX + 1] = {0};
    struct km_function_name name = {.account = ""};
    km_function_arn("eu-central-1", "000000000001", "f", "", arn, sizeof arn);
    assert_string_equal(arn, "arn:aws:lambda:eu-central-1:000000000001:function:f");
    km_function_arn("eu-central-1", "000000000001", "f", "2", arn, sizeof arn);
    assert_int_equal(km_function_name_parse(NULL, arn, &name), KM_OK);
    assert_string_equal(name.qualifier, "2");
}

static const struct km_function plain = {
    .name = "f",
    .runtime = "python3.8",
    .handler = "lambda_function.lambda_handler",
    .timeout_s = 3,
    .memory_mb = 128,
};

/* What is said against the configuration, or "" when it is fine. */
static const char *said(struct km_function function)
{
    static struct km_err err;
    err = (struct km_err){.status = KM_OK};
    km_status status = km_function_check(&err, &function);
    assert_int_equal(status, err.status);
    assert_true(status == KM_OK || status == KM_E_ARG);
    return err.text;
}

#define WITH(member, value)                                                                        \
    ({                                                                                             \
        struct km_function with_ = plain;                                                          \
        with_.member = (value);                                                                    \
        said(with_);                                                                               \
    })

static void a_configuration_is_checked(void **state)
{
    (void)state;
    static const char *const handlers[] = {"nodot",   ".f",     "a.",    "../x.f", "/x.f",
                                           "a/./x.f", "a//x.f", "a b.f", "",       "x.f-g"};
    assert_string_equal(said(plain), "");
    assert_string_equal(WITH(runtime, "python2.7"), "");
    assert_string_equal(WITH(runtime, "provided.al2"), "");
    assert_non_null(strstr(WITH(runtime, "nodejs18.x"), "runtime nodejs18.x"));
    assert_non_null(strstr(WITH(runtime, "python3."), "runtime"));
    assert_non_null(strstr(WITH(runtime, "python3.x"), "runtime"));
    assert_non_null(strstr(WITH(name, "a b"), "name"));
    for (size_t i = 0; i < KM_ARRAY_LEN(handlers); i++)
        assert_non_null(strstr(WITH(handler, handlers[i]), "handler"));
    assert_string_equal(WITH(handler, "pkg/mod.f"), "");
    assert_non_null(strstr(WITH(timeout_s, 0), "timeout"));
    assert_string_equal(WITH(timeout_s, 900), "");
    assert_non_null(strstr(WITH(timeout_s, 901), "timeout"));
    assert_non_null(strstr(WITH(memory_mb, 127), "memory"));
    assert_string_equal(WITH(memory_mb, 10240), "");
    assert_non_null(strstr(WITH(memory_mb, 10241), "memory"));
}

static const char *said_about(const char *name, const char *value)
{
    const struct km_function_variable variable = {name, value};
    struct km_function function = plain;
    function.variables = &variable;
    function.n_variables = 1;
    return said(function);
}

static void variables_are_checked(void **state)
{
    (void)state;
    static char large[KM_FUNCTION_ENV_MAX + 1];
    memset(large, 'x', KM_FUNCTION_ENV_MAX);
    assert_string_equal(said_about("KEY", ""), "");
    assert_string_equal(said_about("KEY", large + 3), "");
    assert_non_null(strstr(said_about("KEY", large + 2), "octets"));
    assert_non_null(strstr(said_about("1KEY", ""), "name"));
    assert_non_null(strstr(said_about("A=B", ""), "name"));
    assert_non_null(strstr(said_about("AWS_REGION", ""), "reserved"));
    assert_non_null(strstr(said_about("AWS_LAMBDA_X", ""), "reserved"));
    assert_non_null(strstr(said_about("KEYMOOR_X", ""), "reserved"));
}

static void a_configuration_is_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"Runtime\":1,\"Handler\":\"a.b\"}",
        "{\"Runtime\":\"python3.8\",\"Handler\":\"a.b\",\"Timeout\":\"3\"}",
        "{\"Runtime\":\"python3.8\",\"Handler\":\"a.b\",\"Timeout\":-1}",
        "{\"Runtime\":\"python3.8\",\"Handler\":\"a\\u0000.b\"}",
        "{\"Runtime\":\"python3.8\",\"Handler\":\"a.b\",\"Environment\":{\"Variables\":{\"A\":1}}}",
    };
    struct km_function function = {.name = "f"};
    KM_AUTO(km_function_config_freep) struct km_function_config *config = NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_int_equal(km_function_config_parse(NULL, bad[i], &config), KM_E_ARG);
    assert_int_equal(
        km_function_config_parse(
            NULL,
            "{\"Runtime\":\"python3.8\",\"Handler\":\"a.b\",\"Role\":\"r\",\"MemorySize\":256,"
            "\"Environment\":{\"Variables\":{\"A\":\"1\"}}}",
            &config),
        KM_OK);
    km_function_config_fill(config, &function);
    assert_string_equal(function.runtime, "python3.8");
    assert_int_equal(function.timeout_s, 3);
    assert_int_equal(function.memory_mb, 256);
    assert_int_equal(function.n_variables, 1);
    assert_string_equal(function.variables[0].value, "1");
}

#define IOT "iot.amazonaws.com"
#define RULE "arn:aws:iot:us-west-1:123456789012:rule/JITR_CA"
#define STATEMENT(principal, action, rest)                                                         \
    "{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":" principal ",\"Action\":\"" action         \
    "\",\"Resource\":\"arn:aws:lambda:us-west-1:123456789012:function:f\"" rest "}"
#define SERVICE "{\"Service\":\"" IOT "\"}"
#define INVOKE "lambda:InvokeFunction"
#define WHEN(op, key, value) ",\"Condition\":{\"" op "\":{\"" key "\":\"" value "\"}}"

static void statements_permit(void **state)
{
    (void)state;
    static const char *const yes[] = {
        STATEMENT(SERVICE, INVOKE, ""),
        STATEMENT("\"*\"", INVOKE, ""),
        STATEMENT(SERVICE, "lambda:*", ""),
        STATEMENT(SERVICE, INVOKE, WHEN("ArnLike", "AWS:SourceArn", RULE)),
        STATEMENT(SERVICE, INVOKE, WHEN("ArnLike", "aws:SourceArn", "arn:aws:iot:*:rule/JITR_*")),
        STATEMENT(SERVICE, INVOKE, WHEN("StringEquals", "AWS:SourceAccount", "123456789012")),
    };
    static const char *const no[] = {
        "",
        "[]",
        "{}",
        "x",
        STATEMENT("{\"Service\":\"s3.amazonaws.com\"}", INVOKE, ""),
        STATEMENT("{\"AWS\":\"" IOT "\"}", INVOKE, ""),
        STATEMENT(SERVICE, "lambda:GetFunction", ""),
        STATEMENT(SERVICE, INVOKE, WHEN("ArnLike", "AWS:SourceArn", RULE "2")),
        STATEMENT(SERVICE, INVOKE, WHEN("StringEquals", "AWS:SourceArn", "arn:*")),
        STATEMENT(SERVICE, INVOKE, WHEN("StringEquals", "AWS:SourceAccount", "123456789013")),
        STATEMENT(SERVICE, INVOKE, WHEN("ArnNotLike", "AWS:SourceArn", "x")),
        STATEMENT(SERVICE, INVOKE, WHEN("ArnLike", "AWS:PrincipalOrgID", "*")),
        STATEMENT(SERVICE, INVOKE, ",\"Condition\":\"x\""),
        STATEMENT(SERVICE, INVOKE, ",\"Condition\":{\"ArnLike\":\"x\"}"),
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(yes); i++)
        assert_true(km_function_permits(yes[i], IOT, RULE, "123456789012"));
    for (size_t i = 0; i < KM_ARRAY_LEN(no); i++)
        assert_false(km_function_permits(no[i], IOT, RULE, "123456789012"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_functions_are_read), cmocka_unit_test(an_arn_is_read_back),
        cmocka_unit_test(a_configuration_is_checked),  cmocka_unit_test(variables_are_checked),
        cmocka_unit_test(a_configuration_is_read),     cmocka_unit_test(statements_permit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
