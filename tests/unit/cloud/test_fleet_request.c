/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include <stdio.h>

#include "cloud/provision/fleet_request.h"

#define ARENA_MAX ((size_t)1 << 20)
#define NAME36 "abcdefghijklmnopqrstuvwxyz_-01234567"

static void test_topics(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        bool is_one;
        struct km_fleet_topic is;
    } rows[] = {
        {"$aws/certificates/create/json", true, {KM_FLEET_CREATE, KM_FLEET_JSON, ""}},
        {"$aws/certificates/create/cbor", true, {KM_FLEET_CREATE, KM_FLEET_CBOR, ""}},
        {"$aws/certificates/create/xml", true, {KM_FLEET_CREATE, KM_FLEET_UNKNOWN, ""}},
        {"$aws/certificates/create-from-csr/json",
         true,
         {KM_FLEET_CREATE_FROM_CSR, KM_FLEET_JSON, ""}},
        {"$aws/provisioning-templates/A_1-b/provision/json",
         true,
         {KM_FLEET_PROVISION, KM_FLEET_JSON, "A_1-b"}},
        {"$aws/provisioning-templates/" NAME36 "/provision/json",
         true,
         {KM_FLEET_PROVISION, KM_FLEET_JSON, NAME36}},
        {"$aws/provisioning-templates/" NAME36 "8/provision/json", false, {0, 0, ""}},
        {"$aws/provisioning-templates//provision/json", false, {0, 0, ""}},
        {"$aws/provisioning-templates/a.b/provision/json", false, {0, 0, ""}},
        {"$aws/provisioning-templates/a/provision", false, {0, 0, ""}},
        {"$aws/provisioning-templates/a/provision/", false, {0, 0, ""}},
        {"$aws/provisioning-templates/a/provision/json/accepted", false, {0, 0, ""}},
        {"$aws/certificates/create/json/accepted", false, {0, 0, ""}},
        {"$aws/certificates/create/json/", false, {0, 0, ""}},
        {"$aws/certificates/create/", false, {0, 0, ""}},
        {"$aws/certificates/create", false, {0, 0, ""}},
        {"$aws/certificates/created/json", false, {0, 0, ""}},
        {"a/$aws/certificates/create/json", false, {0, 0, ""}},
        {"", false, {0, 0, ""}},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_fleet_topic got = {0};
        size_t len = strlen(rows[i].topic);
        assert_int_equal(km_fleet_topic_parse(KM_SLICE_STR(rows[i].topic), &got), rows[i].is_one);
        if (!rows[i].is_one)
            continue;
        assert_int_equal(got.kind, rows[i].is.kind);
        assert_int_equal(got.format, rows[i].is.format);
        assert_string_equal(got.template, rows[i].is.template);
        /* Cut anywhere it is another format, or none. */
        for (size_t cut = 0; cut < len; cut++)
            assert_true(!km_fleet_topic_parse(KM_SLICE(rows[i].topic, cut), &got) ||
                        got.format == KM_FLEET_UNKNOWN);
    }
}

static km_status read_one(enum km_fleet_kind kind, const char *payload, size_t len,
                          struct km_arena *arena, struct km_fleet_request *ret)
{
    struct km_err err = {0};
    km_arena_reset(arena);
    km_status status = km_fleet_request_read(&err, arena, kind, KM_SLICE(payload, len), ret);
    assert_true((status == KM_OK) == (err.text[0] == '\0'));
    return status;
}

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        enum km_fleet_kind kind;
        const char *payload;
        km_status status;
    } rows[] = {
        {KM_FLEET_CREATE, "", KM_OK},
        {KM_FLEET_CREATE, "{}", KM_OK},
        {KM_FLEET_CREATE, "{\"a\":1}", KM_OK},
        {KM_FLEET_CREATE, "[]", KM_E_MALFORMED},
        {KM_FLEET_CREATE, "{} x", KM_E_MALFORMED},
        {KM_FLEET_CREATE_FROM_CSR, "", KM_E_MALFORMED},
        {KM_FLEET_CREATE_FROM_CSR, "{}", KM_E_MALFORMED},
        {KM_FLEET_CREATE_FROM_CSR, "{\"certificateSigningRequest\":1}", KM_E_MALFORMED},
        {KM_FLEET_CREATE_FROM_CSR, "{\"certificateSigningRequest\":\"x\"}", KM_OK},
        {KM_FLEET_PROVISION, "{}", KM_E_MALFORMED},
        {KM_FLEET_PROVISION, "{\"certificateOwnershipToken\":\"x\"}", KM_OK},
        {KM_FLEET_PROVISION, "{\"certificateOwnershipToken\":\"x\",\"parameters\":[]}",
         KM_E_MALFORMED},
        {KM_FLEET_PROVISION, "{\"certificateOwnershipToken\":\"x\",\"parameters\":{\"a\":1}}",
         KM_E_MALFORMED},
        {KM_FLEET_PROVISION,
         "{\"certificateOwnershipToken\":\"x\",\"parameters\":{\"AWS::IoT::x\":\"1\"}}",
         KM_E_MALFORMED},
    };
    struct km_arena *arena = km_arena_new(ARENA_MAX);
    assert_non_null(arena);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_fleet_request got = {0};
        assert_int_equal(
            read_one(rows[i].kind, rows[i].payload, strlen(rows[i].payload), arena, &got),
            rows[i].status);
    }
    km_arena_free(arena);
}

static void test_all_of_it(void **state)
{
    (void)state;
    static const char payload[] = "{\"certificateOwnershipToken\":\"00ff\",\"parameters\":"
                                  "{\"Serial\":\"12\",\"Place\":\"cellar\"}}";
    struct km_fleet_request got = {0};
    struct km_arena *arena = km_arena_new(ARENA_MAX);
    assert_non_null(arena);
    assert_int_equal(read_one(KM_FLEET_PROVISION, payload, strlen(payload), arena, &got), KM_OK);
    assert_string_equal(got.token, "00ff");
    assert_int_equal(got.n_parameters, 2);
    assert_string_equal(got.parameters[0].name, "Serial");
    assert_string_equal(got.parameters[1].value, "cellar");
    for (size_t len = 0; len < strlen(payload); len++)
        assert_int_equal(read_one(KM_FLEET_PROVISION, payload, len, arena, &got), KM_E_MALFORMED);
    km_arena_free(arena);
}

static void test_too_much(void **state)
{
    (void)state;
    static char payload[131072];
    struct km_fleet_request got = {0};
    struct km_arena *arena = km_arena_new(ARENA_MAX);
    assert_non_null(arena);
    int len = snprintf(payload, sizeof(payload), "{\"certificateOwnershipToken\":\"%0*d\"}",
                       (int)KM_FLEET_TOKEN_MAX, 0);
    assert_int_equal(read_one(KM_FLEET_PROVISION, payload, (size_t)len, arena, &got), KM_OK);
    len = snprintf(payload, sizeof(payload), "{\"certificateOwnershipToken\":\"%0*d\"}",
                   (int)KM_FLEET_TOKEN_MAX + 1, 0);
    assert_int_equal(read_one(KM_FLEET_PROVISION, payload, (size_t)len, arena, &got), KM_E_LIMIT);
    len = snprintf(payload, sizeof(payload),
                   "{\"certificateOwnershipToken\":\"x\",\"parameters\":{\"a\":\"%0*d\"}}",
                   (int)KM_TEMPLATE_VALUE_MAX + 1, 0);
    assert_int_equal(read_one(KM_FLEET_PROVISION, payload, (size_t)len, arena, &got), KM_E_LIMIT);
    len =
        snprintf(payload, sizeof(payload), "{\"certificateOwnershipToken\":\"x\",\"parameters\":{");
    for (unsigned i = 0; i <= KM_FLEET_PARAMETERS_MAX; i++)
        len += snprintf(payload + len, sizeof(payload) - (size_t)len, "%s\"p%u\":\"\"",
                        i > 0 ? "," : "", i);
    len += snprintf(payload + len, sizeof(payload) - (size_t)len, "}}");
    assert_int_equal(read_one(KM_FLEET_PROVISION, payload, (size_t)len, arena, &got), KM_E_LIMIT);
    len = snprintf(payload, sizeof(payload), "{\"certificateSigningRequest\":\"%0*d\"}",
                   (int)KM_FLEET_CSR_MAX + 1, 0);
    assert_int_equal(read_one(KM_FLEET_CREATE_FROM_CSR, payload, (size_t)len, arena, &got),
                     KM_E_LIMIT);
    km_arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
