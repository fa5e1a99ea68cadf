/* SPDX-License-Identifier: Apache-2.0 */
/* What requests make of a shadow, and the answers to the letter. */
#include "tests/unit/km_test.h"

#include "tests/unit/cloud/shadow_rig.h"

#define HOUR 3600

/* One request in a story, at a second of its own, and all that comes of it, in order. */
struct step {
    enum km_shadow_kind kind;
    int64_t now_s;
    const char *payload;
    const char *outputs[KM_SHADOW_OUTPUTS_MAX];
    const char *stored; /* the state afterwards; NULL: not looked at */
};

static void tell(const struct step *steps, size_t n_steps)
{
    struct shadow_rig rig = {.id = {.thing = "T"}};
    for (size_t i = 0; i < n_steps; i++) {
        const struct step *step = &steps[i];
        struct km_shadow_result result = {0};
        assert_int_equal(
            shadow_rig_do(&rig, step->kind, step->now_s, KM_SLICE_STR(step->payload), &result),
            KM_OK);
        for (size_t k = 0; k < KM_SHADOW_OUTPUTS_MAX; k++) {
            assert_int_equal(k < result.n_outputs, step->outputs[k] != NULL);
            if (step->outputs[k] == NULL)
                continue;
            char topic[KM_SHADOW_TOPIC_CAP];
            (void)km_shadow_topic_write(&rig.id, result.outputs[k].kind, topic);
            char line[4096];
            (void)snprintf(line, sizeof(line), "%s %s", topic + strlen("$aws/things/T/shadow/"),
                           result.outputs[k].json.ptr);
            assert_string_equal(line, step->outputs[k]);
        }
        if (step->stored != NULL)
            assert_string_equal(rig.state.ptr == NULL ? "" : rig.state.ptr, step->stored);
        km_shadow_result_clear(&result);
    }
    shadow_rig_clear(&rig);
}

#define TELL(steps) tell((steps), KM_ARRAY_LEN(steps))

static void test_life_of_a_shadow(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {KM_SHADOW_GET,
         100,
         "",
         {"get/rejected {\"code\":404,\"message\":\"No shadow exists with name: 'T'\","
          "\"timestamp\":100}"},
         ""},
        {KM_SHADOW_UPDATE,
         101,
         "{\"state\":{\"desired\":{\"led\":\"on\",\"n\":1}},\"clientToken\":\"t1\"}",
         {"update/accepted {\"state\":{\"desired\":{\"led\":\"on\",\"n\":1}},\"metadata\":"
          "{\"desired\":{\"led\":{\"timestamp\":101},\"n\":{\"timestamp\":101}}},\"version\":1,"
          "\"timestamp\":101,\"clientToken\":\"t1\"}",
          "update/delta {\"version\":1,\"timestamp\":101,\"state\":{\"led\":\"on\",\"n\":1},"
          "\"metadata\":{\"led\":{\"timestamp\":101},\"n\":{\"timestamp\":101}},"
          "\"clientToken\":\"t1\"}",
          "update/documents {\"previous\":{\"state\":null,\"metadata\":null,\"version\":0},"
          "\"current\":{\"state\":{\"desired\":{\"led\":\"on\",\"n\":1}},\"metadata\":{\"desired\":"
          "{\"led\":{\"timestamp\":101},\"n\":{\"timestamp\":101}}},\"version\":1},"
          "\"timestamp\":101,\"clientToken\":\"t1\"}"},
         "{\"desired\":{\"led\":\"on\",\"n\":1}}"},
        {KM_SHADOW_UPDATE,
         102,
         "{\"version\":1,\"state\":{\"reported\":{\"led\":\"off\",\"n\":1.0}}}",
         {"update/accepted {\"state\":{\"reported\":{\"led\":\"off\",\"n\":1.0}},\"metadata\":"
          "{\"reported\":{\"led\":{\"timestamp\":102},\"n\":{\"timestamp\":102}}},\"version\":2,"
          "\"timestamp\":102}",
          "update/delta {\"version\":2,\"timestamp\":102,\"state\":{\"led\":\"on\"},"
          "\"metadata\":{\"led\":{\"timestamp\":101}}}",
          "update/documents {\"previous\":{\"state\":{\"desired\":{\"led\":\"on\",\"n\":1}},"
          "\"metadata\":{\"desired\":{\"led\":{\"timestamp\":101},\"n\":{\"timestamp\":101}}},"
          "\"version\":1},\"current\":{\"state\":{\"desired\":{\"led\":\"on\",\"n\":1},"
          "\"reported\":{\"led\":\"off\",\"n\":1.0}},\"metadata\":{\"desired\":{\"led\":"
          "{\"timestamp\":101},\"n\":{\"timestamp\":101}},\"reported\":{\"led\":{\"timestamp\":102},"
          "\"n\":{\"timestamp\":102}}},\"version\":2},\"timestamp\":102}"},
         NULL},
        {KM_SHADOW_GET,
         103,
         "{\"clientToken\":\"g\"}",
         {"get/accepted {\"state\":{\"desired\":{\"led\":\"on\",\"n\":1},\"reported\":"
          "{\"led\":\"off\",\"n\":1.0},\"delta\":{\"led\":\"on\"}},\"metadata\":{\"desired\":"
          "{\"led\":{\"timestamp\":101},\"n\":{\"timestamp\":101}},\"reported\":{\"led\":"
          "{\"timestamp\":102},\"n\":{\"timestamp\":102}}},\"version\":2,\"timestamp\":103,"
          "\"clientToken\":\"g\"}"},
         NULL},
        {KM_SHADOW_DELETE,
         104,
         "{\"clientToken\":\"d\"}",
         {"delete/accepted {\"version\":2,\"timestamp\":104,\"clientToken\":\"d\"}"},
         ""},
        {KM_SHADOW_DELETE,
         105,
         "",
         {"delete/rejected {\"code\":404,\"message\":\"No shadow exists with name: 'T'\","
          "\"timestamp\":105}"},
         ""},
    };
    TELL(steps);
}

static void test_no_difference_no_delta(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {KM_SHADOW_UPDATE,
         5,
         "{\"state\":{\"desired\":{\"a\":[1,{\"b\":2}]},\"reported\":{\"a\":[1.0,{\"b\":2}],\"c\":3}}}",
         {"update/accepted {\"state\":{\"desired\":{\"a\":[1,{\"b\":2}]},\"reported\":"
          "{\"a\":[1.0,{\"b\":2}],\"c\":3}},\"metadata\":{\"desired\":{\"a\":[{\"timestamp\":5},"
          "{\"b\":{\"timestamp\":5}}]},\"reported\":{\"a\":[{\"timestamp\":5},{\"b\":"
          "{\"timestamp\":5}}],\"c\":{\"timestamp\":5}}},\"version\":1,\"timestamp\":5}",
          "update/documents {\"previous\":{\"state\":null,\"metadata\":null,\"version\":0},"
          "\"current\":{\"state\":{\"desired\":{\"a\":[1,{\"b\":2}]},\"reported\":{\"a\":"
          "[1.0,{\"b\":2}],\"c\":3}},\"metadata\":{\"desired\":{\"a\":[{\"timestamp\":5},{\"b\":"
          "{\"timestamp\":5}}]},\"reported\":{\"a\":[{\"timestamp\":5},{\"b\":{\"timestamp\":5}}],"
          "\"c\":{\"timestamp\":5}}},\"version\":1},\"timestamp\":5}"},
         NULL},
    };
    TELL(steps);
}

/* What is stored after a sequence of states, and the delta that get then shows. */
static const struct {
    const char *states[4];
    const char *stored;
    const char *delta; /* NULL: none */
} merges[] = {
    {{"{\"desired\":{\"a\":1,\"b\":2}}", "{\"desired\":{\"a\":3}}"},
     "{\"desired\":{\"a\":3,\"b\":2}}",
     "{\"a\":3,\"b\":2}"},
    {{"{\"desired\":{\"a\":{\"x\":1,\"y\":2}}}", "{\"desired\":{\"a\":{\"y\":3,\"z\":4}}}"},
     "{\"desired\":{\"a\":{\"x\":1,\"y\":3,\"z\":4}}}",
     "{\"a\":{\"x\":1,\"y\":3,\"z\":4}}"},
    {{"{\"reported\":{\"a\":[1,2,3]}}", "{\"reported\":{\"a\":[4]}}"},
     "{\"reported\":{\"a\":[4]}}",
     NULL},
    {{"{\"reported\":{\"a\":1,\"b\":2}}", "{\"reported\":{\"a\":null}}"},
     "{\"reported\":{\"b\":2}}",
     NULL},
    {{"{\"reported\":{\"a\":{\"x\":1},\"b\":2}}", "{\"reported\":{\"a\":{\"x\":null}}}"},
     "{\"reported\":{\"b\":2}}",
     NULL},
    {{"{\"reported\":{\"a\":{\"x\":1}}}", "{\"reported\":{\"a\":{\"x\":null}}}"}, "{}", NULL},
    {{"{\"reported\":{\"a\":{\"x\":1}}}", "{\"reported\":{\"a\":7}}"},
     "{\"reported\":{\"a\":7}}",
     NULL},
    {{"{\"reported\":{\"a\":7}}", "{\"reported\":{\"a\":{\"x\":1,\"y\":null}}}"},
     "{\"reported\":{\"a\":{\"x\":1}}}",
     NULL},
    {{"{\"desired\":{\"a\":1},\"reported\":{\"b\":2}}", "{\"desired\":null}"},
     "{\"reported\":{\"b\":2}}",
     NULL},
    {{"{\"desired\":{\"a\":1},\"reported\":{\"b\":2}}", "null"}, "{}", NULL},
    {{"{\"desired\":{\"a\":1}}", "{}"}, "{\"desired\":{\"a\":1}}", "{\"a\":1}"},
    {{"{\"other\":{\"a\":1},\"delta\":5,\"desired\":{\"a\":1}}"},
     "{\"desired\":{\"a\":1}}",
     "{\"a\":1}"},
    {{"{\"reported\":{\"a\":null,\"b\":{\"c\":null}}}"}, "{}", NULL},
    {{"{\"desired\":{\"a\":{\"x\":1,\"y\":[1,2]}},\"reported\":{\"a\":{\"x\":1,\"y\":[2,1]}}}"},
     "{\"desired\":{\"a\":{\"x\":1,\"y\":[1,2]}},\"reported\":{\"a\":{\"x\":1,\"y\":[2,1]}}}",
     "{\"a\":{\"y\":[1,2]}}"},
    {{"{\"desired\":{\"a\":{\"x\":1}},\"reported\":{\"a\":1}}"},
     "{\"desired\":{\"a\":{\"x\":1}},\"reported\":{\"a\":1}}",
     "{\"a\":{\"x\":1}}"},
    {{"{\"desired\":{\"a\":\"1\",\"b\":true},\"reported\":{\"a\":1,\"b\":1}}"},
     "{\"desired\":{\"a\":\"1\",\"b\":true},\"reported\":{\"a\":1,\"b\":1}}",
     "{\"a\":\"1\",\"b\":true}"},
    {{"{\"desired\":{\"a\":[]},\"reported\":{\"a\":[]}}"},
     "{\"desired\":{\"a\":[]},\"reported\":{\"a\":[]}}",
     NULL},
};

static void test_merging(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(merges); i++) {
        struct shadow_rig rig = {.id = {.thing = "T"}};
        struct km_shadow_result result = {0};
        for (size_t k = 0; k < 4 && merges[i].states[k] != NULL; k++) {
            char payload[512];
            (void)snprintf(payload, sizeof(payload), "{\"state\":%s}", merges[i].states[k]);
            assert_int_equal(
                shadow_rig_do(&rig, KM_SHADOW_UPDATE, 1, KM_SLICE_STR(payload), &result), KM_OK);
            assert_int_equal(result.code, 200);
            km_shadow_result_clear(&result);
        }
        assert_string_equal(rig.state.ptr, merges[i].stored);
        assert_int_equal(shadow_rig_do(&rig, KM_SHADOW_GET, 1, (struct km_slice){0}, &result),
                         KM_OK);
        json_t *got = json_loads(result.outputs[0].json.ptr, 0, NULL);
        json_t *delta = json_object_get(json_object_get(got, "state"), "delta");
        if (merges[i].delta == NULL) {
            assert_null(delta);
        } else {
            json_t *expected = json_loads(merges[i].delta, 0, NULL);
            assert_true(json_equal(delta, expected));
            json_decref(expected);
        }
        json_decref(got);
        km_shadow_result_clear(&result);
        shadow_rig_clear(&rig);
    }
}

/* A leaf that is not touched keeps its time. */
static void test_metadata_keep_their_time(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    static const char *const payloads[] = {
        "{\"state\":{\"reported\":{\"a\":1,\"b\":{\"c\":1,\"d\":[1,[2]]}}}}",
        "{\"state\":{\"reported\":{\"b\":{\"c\":1}}}}",
        "{\"state\":{\"reported\":{\"a\":null}}}",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(payloads); i++) {
        struct km_shadow_result result = {0};
        assert_int_equal(shadow_rig_do(&rig, KM_SHADOW_UPDATE, (int64_t)i + 10,
                                       KM_SLICE_STR(payloads[i]), &result),
                         KM_OK);
        km_shadow_result_clear(&result);
    }
    assert_string_equal(rig.metadata.ptr,
                        "{\"reported\":{\"b\":{\"c\":{\"timestamp\":11},\"d\":[{\"timestamp\":10},"
                        "[{\"timestamp\":10}]]}}}");
    shadow_rig_clear(&rig);
}

static const struct {
    const char *payload;
    enum km_shadow_kind kind;
    unsigned code;
    const char *text;
    const char *token; /* NULL: none in the answer */
} rejections[] = {
    {"", KM_SHADOW_UPDATE, 400, "Invalid JSON", NULL},
    {"x", KM_SHADOW_UPDATE, 400, "Invalid JSON", NULL},
    {"x", KM_SHADOW_GET, 400, "Invalid JSON", NULL},
    {"[]", KM_SHADOW_DELETE, 400, "Invalid JSON", NULL},
    {"{\"state\":{}}}", KM_SHADOW_UPDATE, 400, "Invalid JSON", NULL},
    {"{}", KM_SHADOW_UPDATE, 400, "Missing required node: state", NULL},
    {"{\"clientToken\":\"t\"}", KM_SHADOW_UPDATE, 400, "Missing required node: state", "t"},
    {"{\"state\":1,\"clientToken\":\"t\"}", KM_SHADOW_UPDATE, 400, "State node must be an object",
     "t"},
    {"{\"state\":[]}", KM_SHADOW_UPDATE, 400, "State node must be an object", NULL},
    {"{\"state\":{\"desired\":1}}", KM_SHADOW_UPDATE, 400, "Desired node must be an object", NULL},
    {"{\"state\":{\"reported\":[]}}", KM_SHADOW_UPDATE, 400, "Reported node must be an object",
     NULL},
    {"{\"state\":{},\"version\":\"1\"}", KM_SHADOW_UPDATE, 400, "Invalid version", NULL},
    {"{\"state\":{},\"version\":-1}", KM_SHADOW_UPDATE, 400, "Invalid version", NULL},
    {"{\"state\":{},\"version\":1.5}", KM_SHADOW_UPDATE, 400, "Invalid version", NULL},
    {"{\"state\":{},\"version\":null}", KM_SHADOW_UPDATE, 400, "Invalid version", NULL},
    {"{\"state\":{},\"clientToken\":1}", KM_SHADOW_UPDATE, 400, "Invalid clientToken", NULL},
    {"{\"clientToken\":null}", KM_SHADOW_GET, 400, "Invalid clientToken", NULL},
    {"{\"clientToken\":\"12345678901234567890123456789012345678901234567890123456789012345\"}",
     KM_SHADOW_GET, 400, "Invalid clientToken", NULL},
    {"{\"clientToken\":\"t\",\"state\":{\"desired\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{}}}}"
     "}}}}}",
     KM_SHADOW_UPDATE, 400, "JSON contains too many levels of nesting; maximum is 6", "t"},
    {"{\"state\":{\"reported\":{\"2\":[[[[[[]]]]]]}}}", KM_SHADOW_UPDATE, 400,
     "JSON contains too many levels of nesting; maximum is 6", NULL},
    {"{\"state\":{\"reported\":{\"a\":[1,null]}}}", KM_SHADOW_UPDATE, 400,
     "State contains an invalid node", NULL},
    {"{\"state\":{\"reported\":{\"a\":[{\"b\":null}]}}}", KM_SHADOW_UPDATE, 400,
     "State contains an invalid node", NULL},
    {"{\"state\":{\"desired\":{\"b\":{\"a\":[[null]]}}}}", KM_SHADOW_UPDATE, 400,
     "State contains an invalid node", NULL},
    {"{\"state\":{\"desired\":{\"a\":\"\xff\"}}}", KM_SHADOW_UPDATE, 415,
     "Unsupported documented encoding; supported encoding is UTF-8", NULL},
    {"\xc0\x80", KM_SHADOW_GET, 415, "Unsupported documented encoding; supported encoding is UTF-8",
     NULL},
    {"{\"state\":{},\"version\":2,\"clientToken\":\"t\"}", KM_SHADOW_UPDATE, 409,
     "Version conflict", "t"},
    {"{\"state\":{},\"version\":0}", KM_SHADOW_UPDATE, 409, "Version conflict", NULL},
    {"{\"version\":2,\"clientToken\":\"t\"}", KM_SHADOW_DELETE, 409, "Version conflict", "t"},
};

static const char *rejected_as(enum km_shadow_kind kind)
{
    static const char *const names[] = {"get", "update", "delete"};
    return names[kind];
}

static void test_rejections(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T", .name = "N"}};
    struct km_shadow_result result = {0};
    struct km_slice first = OCTETS_OF("{\"state\":{\"desired\":{\"a\":1}}}");
    assert_int_equal(shadow_rig_do(&rig, KM_SHADOW_UPDATE, 1, first, &result), KM_OK);
    km_shadow_result_clear(&result);
    for (size_t i = 0; i < KM_ARRAY_LEN(rejections); i++) {
        assert_int_equal(shadow_rig_do(&rig, rejections[i].kind, 9,
                                       KM_SLICE_STR(rejections[i].payload), &result),
                         KM_OK);
        assert_int_equal(result.code, rejections[i].code);
        assert_int_equal(result.store, KM_SHADOW_KEEP);
        assert_int_equal(result.n_outputs, 1);
        char expected[512];
        char topic[KM_SHADOW_TOPIC_CAP];
        const char *token = rejections[i].token;
        (void)snprintf(expected, sizeof(expected),
                       "{\"code\":%u,\"message\":\"%s\",\"timestamp\":9%s%s%s}", rejections[i].code,
                       rejections[i].text, token == NULL ? "" : ",\"clientToken\":\"",
                       token == NULL ? "" : token, token == NULL ? "" : "\"");
        assert_string_equal(result.outputs[0].json.ptr, expected);
        (void)snprintf(expected, sizeof(expected), "$aws/things/T/shadow/name/N/%s/rejected",
                       rejected_as(rejections[i].kind));
        (void)km_shadow_topic_write(&rig.id, result.outputs[0].kind, topic);
        assert_string_equal(topic, expected);
        km_shadow_result_clear(&result);
    }
    assert_int_equal(rig.row.version, 1);
    assert_string_equal(rig.state.ptr, "{\"desired\":{\"a\":1}}");
    shadow_rig_clear(&rig);
}

static unsigned code_of(struct shadow_rig *rig, enum km_shadow_kind kind, int64_t now_s,
                        const char *payload)
{
    struct km_shadow_result result = {0};
    assert_int_equal(shadow_rig_do(rig, kind, now_s, KM_SLICE_STR(payload), &result), KM_OK);
    unsigned code = result.code;
    km_shadow_result_clear(&result);
    return code;
}

static void test_deepest_and_longest_token(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1,
                             "{\"state\":{\"desired\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":1}}}}}},"
                             "\"clientToken\":\"1234567890123456789012345678901234567890123456789"
                             "012345678901234\"}"),
                     200);
    assert_int_equal(code_of(&rig, KM_SHADOW_GET, 1, ""), 200);
    /* what is not kept may be as it likes */
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1,
                             "{\"state\":{\"x\":[null,[[[[[[[]]]]]]]]},\"y\":[[[[[[[[[]]]]]]]]]}"),
                     200);
    shadow_rig_clear(&rig);
}

/* A state of that many bytes of compact JSON. */
static char *payload_of(const char *key, size_t state_len)
{
    size_t overhead = strlen("{\"reported\":{\"\":\"\"}}") + strlen(key);
    size_t cap = state_len + 64;
    char *payload = calloc(1, cap);
    assert_non_null(payload);
    int len = snprintf(payload, cap, "{\"state\": {\"reported\": {\"%s\": \"", key);
    for (size_t i = 0; i < state_len - overhead; i++)
        payload[(size_t)len + i] = 'x';
    size_t at = (size_t)len + state_len - overhead;
    (void)snprintf(payload + at, cap - at, "\"}}}");
    return payload;
}

static void test_size_of_state(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    char *most = payload_of("a", KM_SHADOW_STATE_MAX);
    char *more = payload_of("a", KM_SHADOW_STATE_MAX + 1);
    char *half = payload_of("b", KM_SHADOW_STATE_MAX / 2);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1, more), 413);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1, most), 200);
    assert_int_equal(rig.state.len, KM_SHADOW_STATE_MAX);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1, most), 200);
    /* alone it would fit, together it does not */
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1, half), 413);
    assert_int_equal(rig.row.version, 2);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1, "{\"state\":{\"reported\":null}}"), 200);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1, half), 200);
    free(most);
    free(more);
    free(half);
    shadow_rig_clear(&rig);
}

/* The largest metadata that 8 KiB of state can have go through, both versions of them. */
static void test_many_small_elements(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    char payload[KM_SHADOW_STATE_MAX + 64];
    size_t n = (KM_SHADOW_STATE_MAX - strlen("{\"reported\":{\"a\":[1]}}")) / 2;
    int len = snprintf(payload, sizeof(payload), "{\"state\":{\"reported\":{\"a\":[1");
    for (size_t i = 0; i < n; i++)
        len += snprintf(payload + len, sizeof(payload) - (size_t)len, ",1");
    (void)snprintf(payload + len, sizeof(payload) - (size_t)len, "]}}}");
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, INT64_MAX, payload), 200);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, INT64_MAX, payload), 200);
    shadow_rig_clear(&rig);
}

static void test_request_that_is_too_long(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    size_t len = KM_SHADOW_REQUEST_MAX + 1;
    uint8_t *payload = malloc(len);
    assert_non_null(payload);
    memset(payload, ' ', len);
    payload[0] = '{';
    payload[len - 2] = '}';
    struct km_shadow_result result = {0};
    assert_int_equal(shadow_rig_do(&rig, KM_SHADOW_GET, 1, KM_SLICE(payload, len), &result), KM_OK);
    assert_int_equal(result.code, 413);
    km_shadow_result_clear(&result);
    assert_int_equal(shadow_rig_do(&rig, KM_SHADOW_GET, 1, KM_SLICE(payload, len - 1), &result),
                     KM_OK);
    assert_int_equal(result.code, 404);
    km_shadow_result_clear(&result);
    free(payload);
}

static void test_nul_is_no_json(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    struct km_shadow_result result = {0};
    struct km_slice payload = OCTETS_OF("{\"clientToken\":\"a\0b\"}");
    assert_int_equal(shadow_rig_do(&rig, KM_SHADOW_GET, 1, payload, &result), KM_OK);
    assert_int_equal(result.code, 400);
    km_shadow_result_clear(&result);
}

static void test_numbering_after_a_deletion(void **state)
{
    (void)state;
    struct shadow_rig rig = {.id = {.thing = "T"}};
    static const char update[] = "{\"state\":{\"desired\":{\"a\":1}}}";
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 0, "{\"state\":{},\"version\":1}"), 409);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 0, "{\"state\":{},\"version\":0}"), 200);
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 0, update), 200);
    assert_int_equal(code_of(&rig, KM_SHADOW_DELETE, 1000, "{\"version\":2}"), 200);
    assert_int_equal(rig.row.version, 2);
    assert_true(rig.row.deleted);
    assert_int_equal(code_of(&rig, KM_SHADOW_GET, 1000, ""), 404);
    /* it does not exist, so it has no version 2 to agree with */
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1000, "{\"state\":{},\"version\":2}"), 409);
    assert_false(km_shadow_row_expired(&rig.row, 1000 + 48 * HOUR));
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 1000 + 48 * HOUR,
                             "{\"state\":{\"desired\":{\"a\":1}},\"version\":0}"),
                     200);
    assert_int_equal(rig.row.version, 3);
    assert_int_equal(code_of(&rig, KM_SHADOW_DELETE, 2000000, ""), 200);
    assert_true(km_shadow_row_expired(&rig.row, 2000000 + 48 * HOUR + 1));
    assert_int_equal(code_of(&rig, KM_SHADOW_UPDATE, 2000000 + 48 * HOUR + 1, update), 200);
    assert_int_equal(rig.row.version, 1);
    assert_false(km_shadow_row_expired(&rig.row, INT64_MAX));
    shadow_rig_clear(&rig);
}

static void test_refusals_of_the_caller(void **state)
{
    (void)state;
    static const struct {
        enum km_shadow_reason reason;
        unsigned code;
        const char *text;
    } rows[] = {
        {KM_SHADOW_UNAUTHORIZED, 401, "Unauthorized"},
        {KM_SHADOW_FORBIDDEN, 403, "Forbidden"},
        {KM_SHADOW_NO_THING, 404, "Thing not found"},
        {KM_SHADOW_TOO_MANY, 429, "The request has been throttled: too many unanswered requests"},
        {KM_SHADOW_INTERNAL, 500, "Internal service failure"},
    };
    struct km_shadow_id id = {.thing = "T"};
    struct km_shadow_request request = {.id = &id,
                                        .kind = KM_SHADOW_UPDATE,
                                        .payload = OCTETS("{\"clientToken\":\"t\",\"state\":7}"),
                                        .now_s = 3};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_shadow_result result = {0};
        assert_int_equal(km_shadow_refuse(NULL, &request, rows[i].reason, &result), KM_OK);
        char expected[256];
        (void)snprintf(expected, sizeof(expected),
                       "{\"code\":%u,\"message\":\"%s\",\"timestamp\":3,\"clientToken\":\"t\"}",
                       rows[i].code, rows[i].text);
        assert_string_equal(result.outputs[0].json.ptr, expected);
        assert_int_equal(result.outputs[0].kind, KM_SHADOW_UPDATE_REJECTED);
        assert_int_equal(result.code, rows[i].code);
        km_shadow_result_clear(&result);
    }
    struct km_shadow_result result = {0};
    assert_int_equal(km_shadow_refuse(NULL, &request, KM_SHADOW_ACCEPTED, &result), KM_E_ARG);
    request.kind = KM_SHADOW_UPDATE_DELTA;
    assert_int_equal(km_shadow_refuse(NULL, &request, KM_SHADOW_FORBIDDEN, &result), KM_E_ARG);
    struct km_shadow_row row = {0};
    assert_int_equal(km_shadow_apply(NULL, &request, &row, &result), KM_E_ARG);
}

static void test_damaged_rows(void **state)
{
    (void)state;
    static const struct {
        const char *state, *metadata;
    } rows[] = {
        {"", "{}"},
        {"{}", ""},
        {"[]", "{}"},
        {"{\"desired\":{\"a\":1}}", "{}"},
        {"{\"desired\":{\"a\":1}}", "{\"desired\":{\"a\":1}}"},
        {"{\"desired\":{\"a\":[1]}}", "{\"desired\":{\"a\":[]}}"},
        {"{\"desired\":{\"a\":{\"b\":1}}}", "{\"desired\":{\"a\":{\"c\":{\"timestamp\":1}}}}"},
        {"{\"desired\":{}}", "{\"desired\":[]}"},
        {"{\"desired\":1}", "{\"desired\":{\"timestamp\":1}}"},
        {"{\"other\":{}}", "{\"other\":{}}"},
    };
    struct km_shadow_id id = {.thing = "T"};
    struct km_shadow_request request = {.id = &id, .kind = KM_SHADOW_GET};
    struct km_shadow_result result = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_shadow_row row = {.state = KM_SLICE_STR(rows[i].state),
                                    .metadata = KM_SLICE_STR(rows[i].metadata),
                                    .version = 1};
        assert_int_equal(km_shadow_apply(NULL, &request, &row, &result), KM_E_CORRUPT);
    }
    struct km_shadow_row row = {
        .state = OCTETS("{}"), .metadata = OCTETS("{}"), .version = INT64_MAX};
    assert_int_equal(km_shadow_apply(NULL, &request, &row, &result), KM_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_a_shadow),
        cmocka_unit_test(test_no_difference_no_delta),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_metadata_keep_their_time),
        cmocka_unit_test(test_rejections),
        cmocka_unit_test(test_deepest_and_longest_token),
        cmocka_unit_test(test_size_of_state),
        cmocka_unit_test(test_many_small_elements),
        cmocka_unit_test(test_request_that_is_too_long),
        cmocka_unit_test(test_nul_is_no_json),
        cmocka_unit_test(test_numbering_after_a_deletion),
        cmocka_unit_test(test_refusals_of_the_caller),
        cmocka_unit_test(test_damaged_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
