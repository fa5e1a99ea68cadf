/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of devices over the registry, while others write too. */
#include "cloud/jobstore/job_store.h"
#include "tests/unit/cloud/registry_rig.h"

#define MINUTE_MS 60000

/* What somebody else does once after the execution was read. */
static struct {
    struct km_registry *reg;
    unsigned n_left;
} other;

km_status __wrap_km_registry_execution_get(struct km_registry *reg, struct km_arena *arena,
                                           const char *account, const struct km_execution_key *key,
                                           struct km_execution *ret);
km_status __real_km_registry_execution_get(struct km_registry *reg, struct km_arena *arena,
                                           const char *account, const struct km_execution_key *key,
                                           struct km_execution *ret);

km_status __wrap_km_registry_execution_get(struct km_registry *reg, struct km_arena *arena,
                                           const char *account, const struct km_execution_key *key,
                                           struct km_execution *ret)
{
    km_status status = __real_km_registry_execution_get(reg, arena, account, key, ret);
    if (status != KM_OK || other.n_left == 0)
        return status;
    other.n_left--;
    const struct km_execution_key found = {
        .thing = ret->thing, .job = ret->job, .number = ret->number};
    const struct km_execution_change change = {.version = ret->version,
                                               .status = KM_EXECUTION_IN_PROGRESS,
                                               .details = "{\"theirs\":\"1\"}",
                                               .started_ms = 1};
    assert_int_equal(km_registry_execution_put(other.reg, account, &found, &change), KM_OK);
    return status;
}

static void job(struct rig *rig, const char *id)
{
    char thing_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const struct km_registry_thing_new lamp = {.name = "lamp"};
    const struct km_job_target target = {KM_JOB_TARGET_THING, "lamp"};
    const struct km_registry_job_new made = {
        .id = id, .document = "{\"a\":1}", .minutes = 5, .targets = &target, .n_targets = 1};
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &lamp, thing_id));
    assert_ok(rig, km_registry_job_create(rig->reg, ACCOUNT, &made));
}

/* The answer as one text: the code, and the reply or the state. */
static const char *ask(struct rig *rig, enum km_job_kind kind, const char *id, const char *payload)
{
    static char text[2048];
    struct km_err err = {0};
    struct km_job_id topic = {.thing = "lamp"};
    KM_AUTO(km_job_request_clear) struct km_job_request request = {0};
    KM_AUTO(km_job_answer_clear) struct km_job_answer answer = {0};
    (void)snprintf(topic.job, sizeof(topic.job), "%s", id);
    assert_int_equal(km_job_request_parse(&err, &topic, kind, KM_SLICE_STR(payload), &request),
                     KM_OK);
    km_status status = km_job_store_serve(&err, rig->reg, ACCOUNT, &request, rig->now_ms,
                                          KM_JOB_DOCUMENT_OBJECT, &answer);
    if (status != KM_OK)
        return km_status_name(status);
    char *json = answer.reply != NULL || answer.state != NULL
                     ? json_dumps(answer.reply != NULL ? answer.reply : answer.state, JSON_COMPACT)
                     : NULL;
    assert_int_equal(answer.code == KM_JOB_OK, answer.why[0] == '\0');
    (void)snprintf(text, sizeof(text), "%s%s", km_job_code_text(answer.code),
                   json != NULL ? json : "");
    free(json);
    return text;
}

#define STATE ",\"includeJobExecutionState\":true}"

static void from_start_to_end(void **state)
{
    struct rig *rig = *state;
    assert_string_equal(ask(rig, KM_JOB_START_NEXT, "", ""), "{}");
    assert_string_equal(ask(rig, KM_JOB_DESCRIBE, "$next", ""), "{}");
    assert_string_equal(ask(rig, KM_JOB_DESCRIBE, "j", ""), "ResourceNotFound");
    assert_string_equal(ask(rig, KM_JOB_GET, "", ""), "{\"inProgressJobs\":[],\"queuedJobs\":[]}");
    job(rig, "j");
    assert_non_null(strstr(ask(rig, KM_JOB_DESCRIBE, "$next", ""), "\"status\":\"QUEUED\""));
    assert_non_null(strstr(ask(rig, KM_JOB_START_NEXT, "", "{\"statusDetails\":{\"a\":\"b\"}}"),
                           "\"versionNumber\":2"));
    /* Again: the same, unchanged. */
    const char *again = ask(rig, KM_JOB_START_NEXT, "", "{\"statusDetails\":{\"c\":\"d\"}}");
    assert_non_null(strstr(again, "\"versionNumber\":2"));
    assert_non_null(strstr(again, "{\"a\":\"b\"}"));
    assert_non_null(strstr(again, "\"jobDocument\":{\"a\":1}"));
    assert_string_equal(
        ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":1}"),
        "VersionMismatch{\"status\":\"IN_PROGRESS\",\"versionNumber\":2,"
        "\"statusDetails\":{\"a\":\"b\"}}");
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"SUCCEEDED\"" STATE),
                        "{\"executionState\":{\"status\":\"SUCCEEDED\",\"versionNumber\":3,"
                        "\"statusDetails\":{\"a\":\"b\"}}}");
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"FAILED\"}"),
                        "InvalidStateTransition{\"status\":\"SUCCEEDED\",\"versionNumber\":3,"
                        "\"statusDetails\":{\"a\":\"b\"}}");
    assert_string_equal(ask(rig, KM_JOB_DESCRIBE, "j", ""), "TerminalStateReached");
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "k", "{\"status\":\"FAILED\"}"),
                        "ResourceNotFound");
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "j", "[]"), "InvalidJson");
}

static void time_is_over_though_nobody_looked(void **state)
{
    struct rig *rig = *state;
    job(rig, "j");
    assert_non_null(strstr(ask(rig, KM_JOB_START_NEXT, "", "{\"stepTimeoutInMinutes\":1}"),
                           "\"approximateSecondsBeforeTimedOut\":60"));
    rig->now_ms += MINUTE_MS;
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"SUCCEEDED\"}"),
                        "InvalidStateTransition{\"status\":\"TIMED_OUT\",\"versionNumber\":3}");
    assert_string_equal(ask(rig, KM_JOB_START_NEXT, "", ""), "{}");
}

static void others_write_too(void **state)
{
    struct rig *rig = *state;
    other.reg = rig_another(rig);
    job(rig, "j");
    other.n_left = 1;
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"IN_PROGRESS\"" STATE),
                        "{\"executionState\":{\"status\":\"IN_PROGRESS\",\"versionNumber\":3,"
                        "\"statusDetails\":{\"theirs\":\"1\"}}}");
    /* Of two that expect the same version one comes too late. */
    other.n_left = 1;
    assert_string_equal(
        ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"SUCCEEDED\",\"expectedVersion\":3}"),
        "VersionMismatch{\"status\":\"IN_PROGRESS\",\"versionNumber\":4,"
        "\"statusDetails\":{\"theirs\":\"1\"}}");
    other.n_left = KM_JOB_STORE_TRIES;
    assert_string_equal(ask(rig, KM_JOB_UPDATE, "j", "{\"status\":\"SUCCEEDED\"}"),
                        km_status_name(KM_E_TIMEOUT));
    assert_int_equal(other.n_left, 0);
    km_registry_close(other.reg);
}

static void notices(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    json_t *list = NULL;
    json_t *next = NULL;
    job(rig, "j");
    assert_int_equal(
        km_job_store_notice(&err, rig->reg, ACCOUNT, "lamp", rig->now_ms, &list, &next), KM_OK);
    assert_int_equal(json_array_size(json_object_get(json_object_get(list, "jobs"), "QUEUED")), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(next, "execution"), "jobId")), "j");
    json_decref(list);
    json_decref(next);
    assert_int_equal(
        km_job_store_notice(&err, rig->reg, ACCOUNT, "other", rig->now_ms, &list, &next), KM_OK);
    assert_null(json_object_get(next, "execution"));
    json_decref(list);
    json_decref(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(from_start_to_end),
        RIG_TEST(time_is_over_though_nobody_looked),
        RIG_TEST(others_write_too),
        RIG_TEST(notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
