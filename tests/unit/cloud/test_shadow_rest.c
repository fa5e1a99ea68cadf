/* SPDX-License-Identifier: Apache-2.0 */
/* The REST form of shadows: which request it is, and the bodies that MQTT does not have. */
#include "tests/unit/km_test.h"

#include "cloud/shadow/shadow_rest.h"

static enum km_shadow_rest_found parse(const char *method, const char *path, const char *query,
                                       struct km_shadow_rest *ret)
{
    return km_shadow_rest_parse(KM_SLICE_STR(method), KM_SLICE_STR(path), KM_SLICE_STR(query), ret);
}

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *query;
        const char *thing, *name;
        enum km_shadow_rest_op op;
    } rows[] = {
        {"GET", "/things/T/shadow", "", "T", "", KM_SHADOW_REST_GET},
        {"POST", "/things/T/shadow", "", "T", "", KM_SHADOW_REST_UPDATE},
        {"DELETE", "/things/T/shadow", "", "T", "", KM_SHADOW_REST_DELETE},
        {"GET", "/things/a%3Ab/shadow", "name=%24x&y=1", "a:b", "$x", KM_SHADOW_REST_GET},
        {"GET", "/things/T/shadow", "x=%zz&name=N", "T", "N", KM_SHADOW_REST_GET},
        {"GET", "/things/T/shadow", "names=x&nam=y&name", "T", "", KM_SHADOW_REST_GET},
        {"GET", "/things/T/shadow", "name=", "T", "", KM_SHADOW_REST_GET},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_shadow_rest rest = {0};
        assert_int_equal(parse(rows[i].method, rows[i].path, rows[i].query, &rest),
                         KM_SHADOW_REST_OK);
        assert_string_equal(rest.id.thing, rows[i].thing);
        assert_string_equal(rest.id.name, rows[i].name);
        assert_int_equal(rest.op, rows[i].op);
    }
    assert_int_equal(km_shadow_rest_kind(KM_SHADOW_REST_GET), KM_SHADOW_GET);
    assert_int_equal(km_shadow_rest_kind(KM_SHADOW_REST_UPDATE), KM_SHADOW_UPDATE);
    assert_int_equal(km_shadow_rest_kind(KM_SHADOW_REST_DELETE), KM_SHADOW_DELETE);
}

static void test_what_is_no_request(void **state)
{
    (void)state;
    static const char long_name[] =
        "12345678901234567890123456789012345678901234567890123456789012345";
    char long_query[100];
    (void)snprintf(long_query, sizeof(long_query), "name=%s", long_name);
    const struct {
        const char *method, *path, *query;
        enum km_shadow_rest_found found;
    } rows[] = {
        {"GET", "/", "", KM_SHADOW_REST_NOT_OURS},
        {"GET", "", "", KM_SHADOW_REST_NOT_OURS},
        {"GET", "/things/", "", KM_SHADOW_REST_NOT_OURS},
        {"GET", "/things/T", "", KM_SHADOW_REST_NOT_OURS},
        {"GET", "/things/T/shadow/", "", KM_SHADOW_REST_NOT_OURS},
        {"GET", "/things/T/U/shadow", "", KM_SHADOW_REST_NOT_OURS},
        {"GET", "/api/things/shadow/ListNamedShadowsForThing/T/U", "", KM_SHADOW_REST_NOT_OURS},
        {"PUT", "/things/T/shadow", "", KM_SHADOW_REST_BAD_METHOD},
        {"get", "/things/T/shadow", "", KM_SHADOW_REST_BAD_METHOD},
        {"POST", "/api/things/shadow/ListNamedShadowsForThing/T", "", KM_SHADOW_REST_BAD_METHOD},
        {"GET", "/things//shadow", "", KM_SHADOW_REST_INVALID},
        {"GET", "/things/a%2Fb/shadow", "", KM_SHADOW_REST_INVALID},
        {"GET", "/things/a%00/shadow", "", KM_SHADOW_REST_INVALID},
        {"GET", "/things/a%3/shadow", "", KM_SHADOW_REST_INVALID},
        {"GET", "/things/a%/shadow", "", KM_SHADOW_REST_INVALID},
        {"GET", "/things/a%gg/shadow", "", KM_SHADOW_REST_INVALID},
        {"GET", "/things/T/shadow", "name=a+b", KM_SHADOW_REST_INVALID},
        {"GET", "/things/T/shadow", "name=%", KM_SHADOW_REST_INVALID},
        {"GET", "/things/T/shadow", long_query, KM_SHADOW_REST_INVALID},
        {"GET", "/api/things/shadow/ListNamedShadowsForThing/", "", KM_SHADOW_REST_INVALID},
        {"GET", "/api/things/shadow/ListNamedShadowsForThing/T", "pageSize=0",
         KM_SHADOW_REST_INVALID},
        {"GET", "/api/things/shadow/ListNamedShadowsForThing/T", "pageSize=101",
         KM_SHADOW_REST_INVALID},
        {"GET", "/api/things/shadow/ListNamedShadowsForThing/T", "pageSize=-1",
         KM_SHADOW_REST_INVALID},
        {"GET", "/api/things/shadow/ListNamedShadowsForThing/T", "nextToken=a/b",
         KM_SHADOW_REST_INVALID},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_shadow_rest rest = {.page_size = 77};
        assert_int_equal(parse(rows[i].method, rows[i].path, rows[i].query, &rest), rows[i].found);
        assert_int_equal(rest.page_size, 77);
    }
}

static void assert_list(const struct km_shadow_rest *rest, size_t n_names, const char *body)
{
    static const char *const names[] = {"a", "b", "c"};
    struct km_json_text text = {0};
    assert_int_equal(km_shadow_rest_list(NULL, rest, names, n_names, 1700000000, &text), KM_OK);
    assert_string_equal(text.ptr, body);
    km_json_text_clear(&text);
}

static void test_listing(void **state)
{
    (void)state;
    struct km_shadow_rest rest = {0};
    static const char path[] = "/api/things/shadow/ListNamedShadowsForThing/a%3Ab";
    assert_int_equal(parse("GET", path, "", &rest), KM_SHADOW_REST_OK);
    assert_int_equal(rest.op, KM_SHADOW_REST_LIST);
    assert_string_equal(rest.id.thing, "a:b");
    assert_string_equal(rest.after, "");
    assert_int_equal(rest.page_size, KM_SHADOW_PAGE_DEFAULT);
    assert_list(&rest, 0, "{\"results\":[],\"timestamp\":1700000000}");
    assert_list(&rest, 3, "{\"results\":[\"a\",\"b\",\"c\"],\"timestamp\":1700000000}");
    assert_int_equal(parse("GET", path, "nextToken=%24b&pageSize=2", &rest), KM_SHADOW_REST_OK);
    assert_string_equal(rest.after, "$b");
    assert_list(&rest, 2, "{\"results\":[\"a\",\"b\"],\"timestamp\":1700000000}");
    assert_list(&rest, 3,
                "{\"results\":[\"a\",\"b\"],\"timestamp\":1700000000,\"nextToken\":\"b\"}");
}

static void test_errors(void **state)
{
    (void)state;
    struct km_shadow_id id = {.thing = "T"};
    struct km_shadow_request request = {.id = &id, .kind = KM_SHADOW_GET};
    struct km_json_text text = {0};
    assert_int_equal(km_shadow_rest_error_body(NULL, &request, KM_SHADOW_NOT_FOUND, "trace", &text),
                     KM_OK);
    assert_string_equal(text.ptr,
                        "{\"message\":\"No shadow exists with name: 'T'\",\"traceId\":\"trace\"}");
    km_json_text_clear(&text);
    static const struct {
        unsigned code;
        const char *name;
    } rows[] = {
        {400, "InvalidRequestException"},
        {401, "UnauthorizedException"},
        {403, "ForbiddenException"},
        {404, "ResourceNotFoundException"},
        {405, "MethodNotAllowedException"},
        {409, "ConflictException"},
        {413, "RequestEntityTooLargeException"},
        {415, "UnsupportedDocumentEncodingException"},
        {429, "ThrottlingException"},
        {500, "InternalFailureException"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_string_equal(km_shadow_rest_error(rows[i].code), rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_what_is_no_request),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
