/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of jobs and executions, to the letter. */
#include "tests/unit/km_test.h"

#include "cloud/jobs/job_event.h"

#define HEAD "arn:aws:iot:eu-central-1:123456789012:"

static void assert_json(json_t *json, const char *expected)
{
    char *text = json_dumps(json, JSON_COMPACT);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void of_a_job(void **state)
{
    char topic[KM_JOB_EVENT_TOPIC_CAP] = "";
    (void)state;
    const struct km_job_event event = {
        .id = "11111111-2222-4333-8444-555555555555",
        .operation = "cancellation_in_progress",
        .job = "j1",
        .time_ms = 1700000000999,
        .details = "{\"targetSelection\":\"SNAPSHOT\",\"targets\":[\"thing/lamp\","
                   "\"thinggroup/all\"],\"createdAt\":1700000000000}"};
    size_t len = km_job_event_topic(&event, topic);
    assert_string_equal(topic, "$aws/events/job/j1/cancellation_in_progress");
    assert_int_equal(len, strlen(topic));
    assert_json(km_job_event_json(&event, HEAD),
                "{\"eventType\":\"JOB\",\"eventId\":\"11111111-2222-4333-8444-555555555555\","
                "\"timestamp\":1700000000,\"operation\":\"cancellation_in_progress\","
                "\"jobId\":\"j1\",\"jobArn\":\"" HEAD "job/j1\","
                "\"status\":\"CANCELLATION_IN_PROGRESS\",\"targetSelection\":\"SNAPSHOT\","
                "\"targets\":[\"" HEAD "thing/lamp\",\"" HEAD "thinggroup/all\"],"
                "\"createdAt\":1700000000000}");
}

static void of_an_execution(void **state)
{
    char topic[KM_JOB_EVENT_TOPIC_CAP] = "";
    (void)state;
    struct km_job_event event = {.id = "u",
                                 .operation = "timed_out",
                                 .job = "j1",
                                 .time_ms = 1700000000999,
                                 .details = "{\"step\":\"2\"}",
                                 .thing = "lamp",
                                 .status = KM_EXECUTION_TIMED_OUT,
                                 .number = 2,
                                 .version = 5};
    (void)km_job_event_topic(&event, topic);
    assert_string_equal(topic, "$aws/events/jobExecution/j1/timed_out");
    assert_json(km_job_event_json(&event, HEAD),
                "{\"eventType\":\"JOB_EXECUTION\",\"eventId\":\"u\",\"timestamp\":1700000000,"
                "\"operation\":\"timed_out\",\"jobId\":\"j1\",\"thingArn\":\"" HEAD "thing/lamp\","
                "\"status\":\"TIMED_OUT\",\"executionNumber\":2,\"versionNumber\":5,"
                "\"statusDetails\":{\"step\":\"2\"}}");
    event.details = NULL;
    json_t *json = km_job_event_json(&event, HEAD);
    assert_int_equal(json_object_size(json_object_get(json, "statusDetails")), 0);
    json_decref(json);
}

static void the_longest_topic(void **state)
{
    char id[KM_JOB_ID_MAX + 1] = "";
    char topic[KM_JOB_EVENT_TOPIC_CAP] = "";
    (void)state;
    for (size_t i = 0; i < KM_JOB_ID_MAX; i++)
        id[i] = 'j';
    const struct km_job_event event = {
        .operation = "cancellation_in_progress", .job = id, .thing = "t"};
    size_t len = km_job_event_topic(&event, topic);
    assert_int_equal(len, strlen(topic));
    assert_int_equal(strlen(topic),
                     strlen("$aws/events/jobExecution//cancellation_in_progress") + 64);
}

static void what_is_stored_is_no_json(void **state)
{
    (void)state;
    struct km_job_event event = {.id = "u", .operation = "completed", .job = "j", .details = "{"};
    assert_null(km_job_event_json(&event, HEAD));
    event.thing = "t";
    assert_null(km_job_event_json(&event, HEAD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_job),
        cmocka_unit_test(of_an_execution),
        cmocka_unit_test(the_longest_topic),
        cmocka_unit_test(what_is_stored_is_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
