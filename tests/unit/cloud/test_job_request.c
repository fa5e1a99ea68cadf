/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to jobs: what they say, and each way in which they can be wrong; what may be made of an execution. */
#include "tests/unit/km_test.h"

#include "cloud/jobs/job_decide.h"

#define NOW_MS 1700000000000
#define MINUTE_MS 60000

static struct km_job_request parse(enum km_job_kind kind, const char *job, struct km_slice payload)
{
    struct km_err err = {0};
    struct km_job_id id = {.thing = "lamp"};
    struct km_job_request request = {0};
    (void)snprintf(id.job, sizeof(id.job), "%s", job);
    assert_int_equal(km_job_request_parse(&err, &id, kind, payload, &request), KM_OK);
    assert_int_equal(request.code == KM_JOB_OK, request.why[0] == '\0');
    return request;
}

static void refused(enum km_job_kind kind, enum km_job_code code, const char *payload)
{
    struct km_job_request request = parse(kind, "j", KM_SLICE_STR(payload));
    if (request.code != code)
        fail_msg("%s: '%s' instead of '%s'", payload, km_job_code_text(request.code),
                 km_job_code_text(code));
    km_job_request_clear(&request);
}

static const char whole[] =
    "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":3,\"executionNumber\":2,"
    "\"statusDetails\":{\"a\":\"b\",\"c:D_-9\":\"\\u00e4\"},\"stepTimeoutInMinutes\":7,"
    "\"includeJobDocument\":true,\"includeJobExecutionState\":true,\"clientToken\":\"t\"}";

static void an_update(void **state)
{
    (void)state;
    struct km_job_request request = parse(KM_JOB_UPDATE, "j", KM_SLICE_STR(whole));
    assert_int_equal(request.code, KM_JOB_OK);
    assert_int_equal(request.status, KM_EXECUTION_IN_PROGRESS);
    assert_int_equal(request.expected_version, 3);
    assert_int_equal(request.number, 2);
    assert_int_equal(request.step_minutes, 7);
    assert_string_equal(request.details.ptr, "{\"a\":\"b\",\"c:D_-9\":\"\xc3\xa4\"}");
    assert_true(request.wants_document && request.wants_state);
    assert_string_equal(request.token, "t");
    km_job_request_clear(&request);
}

/* Cut anywhere it is no JSON; with one bit flipped it is good or refused, and never read beyond. */
static void cut_and_flipped(void **state)
{
    char text[sizeof(whole)];
    (void)state;
    for (size_t len = 1; len < sizeof(whole) - 1; len++) {
        char *part = malloc(len);
        assert_non_null(part);
        memcpy(part, whole, len);
        struct km_job_request request = parse(KM_JOB_UPDATE, "j", KM_SLICE(part, len));
        assert_int_equal(request.code, KM_JOB_INVALID_JSON);
        km_job_request_clear(&request);
        free(part);
    }
    for (size_t bit = 0; bit < (sizeof(whole) - 1) * 8; bit++) {
        memcpy(text, whole, sizeof(whole));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        struct km_job_request request =
            parse(KM_JOB_UPDATE, "j", KM_SLICE(text, sizeof(whole) - 1));
        assert_true(request.code <= KM_JOB_INVALID_REQUEST);
        km_job_request_clear(&request);
    }
    refused(KM_JOB_UPDATE, KM_JOB_INVALID_JSON, "{\"status\":\"FAILED\"}x");
}

static void empty_payloads(void **state)
{
    (void)state;
    refused(KM_JOB_GET, KM_JOB_OK, "");
    refused(KM_JOB_START_NEXT, KM_JOB_OK, "");
    refused(KM_JOB_DESCRIBE, KM_JOB_OK, "");
    refused(KM_JOB_UPDATE, KM_JOB_INVALID_JSON, "");
    struct km_job_request request = parse(KM_JOB_DESCRIBE, "j", KM_SLICE_STR("{}"));
    assert_true(request.wants_document);
    km_job_request_clear(&request);
    request = parse(KM_JOB_DESCRIBE, "j", KM_SLICE_STR("{\"includeJobDocument\":false}"));
    assert_false(request.wants_document);
    km_job_request_clear(&request);
}

static void bad_ones(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"status\":\"QUEUED\"}",
        "{\"status\":\"CANCELED\"}",
        "{\"status\":\"TIMED_OUT\"}",
        "{\"status\":\"REMOVED\"}",
        "{\"status\":\"failed\"}",
        "{\"status\":1}",
        "{\"status\":\"FAILED\",\"expectedVersion\":0}",
        "{\"status\":\"FAILED\",\"expectedVersion\":\"1\"}",
        "{\"status\":\"FAILED\",\"executionNumber\":-1}",
        "{\"status\":\"FAILED\",\"executionNumber\":1.5}",
        "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":0}",
        "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":-2}",
        "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":10081}",
        "{\"status\":\"FAILED\",\"includeJobDocument\":\"true\"}",
        "{\"status\":\"FAILED\",\"statusDetails\":[]}",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"a\":1}}",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"a\":\"\"}}",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"a b\":\"c\"}}",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"\":\"c\"}}",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"a\":\"\\n\"}}",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"1\":\"a\",\"2\":\"a\",\"3\":\"a\",\"4\":\"a\","
        "\"5\":\"a\",\"6\":\"a\",\"7\":\"a\",\"8\":\"a\",\"9\":\"a\",\"10\":\"a\",\"11\":\"a\"}}",
        "{\"status\":\"FAILED\",\"clientToken\":1}",
        "{\"status\":\"FAILED\",\"clientToken\":\"12345678901234567890123456789012345678901234567890"
        "123456789012345\"}",
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        refused(KM_JOB_UPDATE, KM_JOB_INVALID_REQUEST, bad[i]);
    refused(KM_JOB_UPDATE, KM_JOB_INVALID_JSON, "[]");
    refused(KM_JOB_UPDATE, KM_JOB_INVALID_JSON, "{\"status\":\"\xff\"}");
    refused(KM_JOB_START_NEXT, KM_JOB_INVALID_REQUEST, "{\"stepTimeoutInMinutes\":10081}");
    struct km_job_request request =
        parse(KM_JOB_UPDATE, KM_JOB_NEXT, KM_SLICE_STR("{\"status\":\"FAILED\"}"));
    assert_int_equal(request.code, KM_JOB_INVALID_TOPIC);
    km_job_request_clear(&request);
    /* The token goes into the refusal. */
    request = parse(KM_JOB_UPDATE, "j", KM_SLICE_STR("{\"clientToken\":\"t\",\"status\":1}"));
    assert_string_equal(request.token, "t");
    km_job_request_clear(&request);
}

static void details_at_their_limits(void **state)
{
    (void)state;
    for (size_t len = KM_JOB_DETAIL_MAX; len <= KM_JOB_DETAIL_MAX + 1; len++) {
        char text[KM_JOB_DETAIL_MAX + 100] = "{\"status\":\"FAILED\",\"statusDetails\":{\"a\":\"";
        size_t at = strlen(text);
        memset(text + at, 'x', len);
        (void)strcpy(text + at + len, "\"}}");
        refused(KM_JOB_UPDATE, len == KM_JOB_DETAIL_MAX ? KM_JOB_OK : KM_JOB_INVALID_REQUEST, text);
    }
}

/* ---- transitions ---- */

static struct km_execution execution(enum km_execution_status status)
{
    return (struct km_execution){.thing = "lamp",
                                 .job = "j",
                                 .number = 1,
                                 .status = status,
                                 .version = 2,
                                 .minutes = 5,
                                 .started_ms = status == KM_EXECUTION_QUEUED ? 0 : 1,
                                 .due_ms = status == KM_EXECUTION_IN_PROGRESS ? NOW_MS + 9 : 0};
}

static void which_transitions_there_are(void **state)
{
    static const enum km_execution_status to[] = {KM_EXECUTION_IN_PROGRESS, KM_EXECUTION_SUCCEEDED,
                                                  KM_EXECUTION_FAILED, KM_EXECUTION_REJECTED};
    (void)state;
    for (int from = 0; from < KM_EXECUTION_N_STATUS; from++) {
        for (size_t i = 0; i < KM_ARRAY_LEN(to); i++) {
            struct km_execution_change change = {0};
            const struct km_execution now = execution((enum km_execution_status)from);
            const struct km_job_request request = {.status = to[i]};
            bool may = from == KM_EXECUTION_QUEUED || from == KM_EXECUTION_IN_PROGRESS;
            assert_int_equal(km_job_update(&now, &request, NOW_MS, &change),
                             may ? KM_JOB_OK : KM_JOB_INVALID_TRANSITION);
            if (!may)
                continue;
            assert_int_equal(change.status, to[i]);
            assert_int_equal(change.version, 2);
            assert_int_equal(change.due_ms != 0, to[i] == KM_EXECUTION_IN_PROGRESS);
        }
    }
}

static void versions(void **state)
{
    struct km_execution_change change = {0};
    const struct km_execution over = execution(KM_EXECUTION_FAILED);
    struct km_job_request request = {.status = KM_EXECUTION_FAILED, .expected_version = 3};
    (void)state;
    assert_int_equal(km_job_update(&over, &request, NOW_MS, &change), KM_JOB_VERSION_MISMATCH);
    request.expected_version = 2;
    assert_int_equal(km_job_update(&over, &request, NOW_MS, &change), KM_JOB_INVALID_TRANSITION);
}

static void timers(void **state)
{
    struct km_execution_change change = {0};
    struct km_execution now = execution(KM_EXECUTION_QUEUED);
    struct km_job_request request = {.status = KM_EXECUTION_IN_PROGRESS, .step_minutes = 2};
    (void)state;
    assert_true(km_job_start(&now, &request, NOW_MS, &change));
    assert_int_equal(change.started_ms, NOW_MS);
    assert_int_equal(change.due_ms, NOW_MS + 5 * MINUTE_MS);
    assert_int_equal(change.step_due_ms, NOW_MS + 2 * MINUTE_MS);
    now = km_job_changed(&now, &change, NOW_MS);
    assert_int_equal(km_execution_ends_ms(&now), NOW_MS + 2 * MINUTE_MS);
    assert_false(km_job_start(&now, &request, NOW_MS, &change));
    request.step_minutes = 0;
    assert_int_equal(km_job_update(&now, &request, NOW_MS + 1, &change), KM_JOB_OK);
    assert_int_equal(change.step_due_ms, NOW_MS + 2 * MINUTE_MS);
    assert_int_equal(change.due_ms, NOW_MS + 5 * MINUTE_MS);
    request.step_minutes = -1;
    assert_int_equal(km_job_update(&now, &request, NOW_MS + 1, &change), KM_JOB_OK);
    assert_int_equal(change.step_due_ms, 0);
    now = execution(KM_EXECUTION_QUEUED);
    now.minutes = 0;
    assert_true(km_job_start(&now, &request, NOW_MS, &change));
    assert_int_equal(change.due_ms, 0);
    assert_int_equal(km_execution_ends_ms(&now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update),
        cmocka_unit_test(cut_and_flipped),
        cmocka_unit_test(empty_payloads),
        cmocka_unit_test(bad_ones),
        cmocka_unit_test(details_at_their_limits),
        cmocka_unit_test(which_transitions_there_are),
        cmocka_unit_test(versions),
        cmocka_unit_test(timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
