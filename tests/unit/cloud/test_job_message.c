/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that devices get, to the letter. */
#include "tests/unit/km_test.h"

#include "cloud/jobs/job_message.h"

#define NOW_MS 1700000009500

static const struct km_execution running = {.thing = "lamp",
                                            .job = "j2",
                                            .number = 1,
                                            .status = KM_EXECUTION_IN_PROGRESS,
                                            .details = "{\"step\":\"1\"}",
                                            .version = 2,
                                            .queued_ms = 1700000000000,
                                            .started_ms = 1700000001000,
                                            .modified_ms = 1700000002999,
                                            .due_ms = NOW_MS + 60000,
                                            .document = "{\"do\":[1]}"};
static const struct km_execution waiting = {.thing = "lamp",
                                            .job = "j1",
                                            .number = 3,
                                            .version = 1,
                                            .queued_ms = 1700000003000,
                                            .modified_ms = 1700000003000,
                                            .document = "{}"};

#define RUNNING                                                                                    \
    "{\"jobId\":\"j2\",\"queuedAt\":1700000000,\"lastUpdatedAt\":1700000002,"                      \
    "\"executionNumber\":1,\"versionNumber\":2,\"startedAt\":1700000001"
#define WAITING                                                                                    \
    "{\"jobId\":\"j1\",\"queuedAt\":1700000003,\"lastUpdatedAt\":1700000003,"                      \
    "\"executionNumber\":3,\"versionNumber\":1"

static void assert_json(json_t *json, const char *expected)
{
    char *text = json_dumps(json, JSON_COMPACT);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void executions(void **state)
{
    (void)state;
    assert_json(km_job_execution_json(&running, KM_JOB_DOCUMENT_OBJECT, NOW_MS),
                RUNNING ",\"thingName\":\"lamp\",\"status\":\"IN_PROGRESS\",\"statusDetails\":"
                        "{\"step\":\"1\"},\"approximateSecondsBeforeTimedOut\":60,"
                        "\"jobDocument\":{\"do\":[1]}}");
    assert_json(km_job_execution_json(&waiting, KM_JOB_DOCUMENT_TEXT, NOW_MS),
                WAITING ",\"thingName\":\"lamp\",\"status\":\"QUEUED\",\"jobDocument\":\"{}\"}");
    assert_json(km_job_execution_json(&waiting, KM_JOB_DOCUMENT_NONE, NOW_MS),
                WAITING ",\"thingName\":\"lamp\",\"status\":\"QUEUED\"}");
    assert_json(km_job_state_json(&running), "{\"status\":\"IN_PROGRESS\",\"versionNumber\":2,"
                                             "\"statusDetails\":{\"step\":\"1\"}}");
}

static void lists(void **state)
{
    const struct km_execution both[] = {running, waiting};
    (void)state;
    assert_json(km_job_pending_json(both, 2),
                "{\"inProgressJobs\":[" RUNNING "}],\"queuedJobs\":[" WAITING "}]}");
    assert_json(km_job_pending_json(NULL, 0), "{\"inProgressJobs\":[],\"queuedJobs\":[]}");
    assert_json(km_job_notify(both, 2, NOW_MS),
                "{\"timestamp\":1700000009,\"jobs\":{\"IN_PROGRESS\":[" RUNNING
                "}],\"QUEUED\":[" WAITING "}]}}");
    assert_json(km_job_notify(NULL, 0, NOW_MS), "{\"timestamp\":1700000009,\"jobs\":{}}");
    assert_json(km_job_notify_next(NULL, NOW_MS), "{\"timestamp\":1700000009}");
    assert_json(km_job_notify_next(&waiting, NOW_MS),
                "{\"timestamp\":1700000009,\"execution\":" WAITING
                ",\"thingName\":\"lamp\",\"status\":\"QUEUED\",\"jobDocument\":{}}}");
}

static void answers(void **state)
{
    const struct km_job_request request = {.token = "t"};
    const struct km_job_request plain = {.token = ""};
    (void)state;
    assert_json(km_job_accepted(json_object(), &request, NOW_MS),
                "{\"timestamp\":1700000009,\"clientToken\":\"t\"}");
    assert_json(km_job_rejected(&plain, KM_JOB_NOT_FOUND, "why", NULL, NOW_MS),
                "{\"code\":\"ResourceNotFound\",\"message\":\"why\",\"timestamp\":1700000009}");
    assert_json(km_job_rejected(&request, KM_JOB_VERSION_MISMATCH, "why",
                                km_job_state_json(&waiting), NOW_MS),
                "{\"code\":\"VersionMismatch\",\"message\":\"why\",\"executionState\":{\"status\":"
                "\"QUEUED\",\"versionNumber\":1},\"timestamp\":1700000009,\"clientToken\":\"t\"}");
    assert_null(km_job_accepted(NULL, &request, NOW_MS));
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < KM_EXECUTION_N_STATUS; i++) {
        enum km_execution_status status = KM_EXECUTION_QUEUED;
        assert_true(km_execution_status_parse(km_execution_status_text((enum km_execution_status)i),
                                              &status));
        assert_int_equal(status, i);
    }
    enum km_execution_status status = KM_EXECUTION_QUEUED;
    assert_false(km_execution_status_parse("", &status));
    assert_false(km_execution_status_parse(NULL, &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(executions),
        cmocka_unit_test(lists),
        cmocka_unit_test(answers),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
