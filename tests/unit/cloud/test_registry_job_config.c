/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in the course of time: at a rate, from when to when, given up, tried again, with more targets. The clock stands still unless a test moves it. */
#include "tests/unit/cloud/job_rig.h"

#define RATE(n) "{\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":" #n "}}"
#define START_MS 1900000000000 /* 2030-03-17 17:46:40 */
#define SCHEDULE(text) "{\"schedulingConfig\":{" text "}}"
#define START "\"startTime\":\"2030-03-17 17:46:40\""
#define END "\"endTime\":\"2030-03-17 17:46:50\""

static const struct km_job_target all = {KM_JOB_TARGET_GROUP, "all"};
static const struct km_job_target lamp = {KM_JOB_TARGET_THING, "lamp"};

static km_status make(struct rig *rig, const struct km_job_target *target, bool is_continuous,
                      const char *config)
{
    const struct km_registry_job_new made = {.id = "j",
                                             .document = "{}",
                                             .is_continuous = is_continuous,
                                             .targets = target,
                                             .n_targets = 1,
                                             .config = config};
    return km_registry_job_create(rig->reg, ACCOUNT, &made);
}

/* How many executions of the job have that status. */
static int64_t count(struct rig *rig, enum km_execution_status status)
{
    struct km_registry_job job = {0};
    struct km_registry_job_more more = {0};
    assert_ok(rig, km_registry_job_get(rig->reg, rig->arena, ACCOUNT, "j", &job, &more));
    return more.n_executions[status];
}

/* All that is due now. */
static void tick(struct rig *rig)
{
    bool more = true;
    while (more)
        assert_ok(rig, km_registry_job_tick(rig->reg, &more));
}

static void queued_after(struct rig *rig, int64_t ms, int64_t expected)
{
    rig->now_ms += ms;
    tick(rig);
    assert_int_equal(count(rig, KM_EXECUTION_QUEUED), expected);
}

static void so_many_a_minute(void **state)
{
    struct rig *rig = *state;
    things(rig, 25);
    assert_ok(rig, make(rig, &all, false, RATE(10)));
    assert_int_equal(count(rig, KM_EXECUTION_QUEUED), 10);
    queued_after(rig, 0, 10);
    queued_after(rig, MINUTE_MS - 1, 10);
    queued_after(rig, 1, 20);
    assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
    queued_after(rig, 10 * MINUTE_MS, 25); /* what was missed is not made up for */
    queued_after(rig, 10 * MINUTE_MS, 25);
}

/* Nobody is left to whom the minute would matter. */
static void more_than_at_once(void **state)
{
    struct rig *rig = *state;
    bool more = false;
    things(rig, 150);
    assert_ok(rig, make(rig, &all, false, RATE(140)));
    assert_int_equal(count(rig, KM_EXECUTION_QUEUED), 64);
    assert_ok(rig, km_registry_job_tick(rig->reg, &more));
    assert_true(more);
    assert_int_equal(count(rig, KM_EXECUTION_QUEUED), 128);
    queued_after(rig, 0, 140);
    queued_after(rig, MINUTE_MS, 150);
}

static void two_that_look(void **state)
{
    struct rig *rig = *state;
    bool more = false;
    struct km_registry *another = rig_another(rig);
    things(rig, 30);
    assert_ok(rig, make(rig, &all, false, RATE(10)));
    for (int64_t expected = 20; expected <= 30; expected += 10) {
        rig->now_ms += MINUTE_MS;
        for (int i = 0; i < 3; i++) {
            assert_ok(rig, km_registry_job_tick(rig->reg, &more));
            assert_int_equal(km_registry_job_tick(another, &more), KM_OK);
        }
        assert_int_equal(count(rig, KM_EXECUTION_QUEUED), expected);
    }
    km_registry_close(another);
}

static void the_rate_grows(void **state)
{
    struct rig *rig = *state;
    things(rig, 40);
    assert_ok(rig, make(rig, &all, false,
                        "{\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":9,"
                        "\"exponentialRate\":{\"baseRatePerMinute\":2,\"incrementFactor\":2,"
                        "\"rateIncreaseCriteria\":{\"numberOfNotifiedThings\":4}}}}"));
    static const int64_t so_far[] = {2, 4, 8, 16, 25, 34, 40};
    for (size_t i = 0; i < KM_ARRAY_LEN(so_far); i++)
        queued_after(rig, i == 0 ? 0 : MINUTE_MS, so_far[i]);
}

static void another_rate(void **state)
{
    struct rig *rig = *state;
    const struct km_registry_job_update faster = {.minutes = -1, .config = RATE(20)};
    const struct km_registry_job_update all_at_once = {.minutes = -1, .config = "{}"};
    things(rig, 100);
    assert_ok(rig, make(rig, &all, false, RATE(10)));
    assert_ok(rig, km_registry_job_update(rig->reg, ACCOUNT, "j", &faster));
    queued_after(rig, 0, 10);
    queued_after(rig, MINUTE_MS, 30);
    assert_ok(rig, km_registry_job_update(rig->reg, ACCOUNT, "j", &all_at_once));
    queued_after(rig, MINUTE_MS, 100);
}

/* A thing that waits leaves, is deleted; another one comes. */
static void who_waits(void **state)
{
    struct rig *rig = *state;
    things(rig, 4);
    assert_ok(rig, make(rig, &all, true, RATE(1)));
    assert_ok(rig, km_registry_group_remove(rig->reg, ACCOUNT, "all", "t101"));
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t102", 0));
    thing(rig, "t200");
    add(rig, "all", "t200");
    assert_int_equal(count(rig, KM_EXECUTION_QUEUED), 1);
    queued_after(rig, MINUTE_MS, 2);
    assert_int_equal(get(rig, "t103", "j").status, KM_EXECUTION_QUEUED);
    queued_after(rig, MINUTE_MS, 3);
    assert_int_equal(get(rig, "t200", "j").status, KM_EXECUTION_QUEUED);
    add(rig, "all", "t101");
    queued_after(rig, 10 * MINUTE_MS, 4);
    assert_ok(rig, km_registry_group_delete(rig->reg, ACCOUNT, "all", 0));
    assert_int_equal(count(rig, KM_EXECUTION_REMOVED), 4);
}

static void the_last_that_waits_is_deleted(void **state)
{
    struct rig *rig = *state;
    things(rig, 2);
    assert_ok(rig, make(rig, &all, false, RATE(1)));
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t101", 0));
    assert_int_equal(status_of(rig, "j"), KM_JOB_COMPLETED);
}

static void canceled_while_they_wait(void **state)
{
    struct rig *rig = *state;
    things(rig, 3);
    assert_ok(rig, make(rig, &all, false, RATE(1)));
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j",
                                          &(struct km_registry_job_cancel){.is_forced = true}));
    queued_after(rig, 10 * MINUTE_MS, 0);
    assert_int_equal(count(rig, KM_EXECUTION_CANCELED), 1);
    assert_ok(rig, km_registry_job_delete(rig->reg, ACCOUNT, "j", false));
}

/* ---- from when to when ---- */

static void it_begins_later(void **state)
{
    struct rig *rig = *state;
    rig->now_ms = START_MS - MINUTE_MS;
    things(rig, 2);
    assert_ok(rig, make(rig, &all, false, SCHEDULE(START)));
    assert_int_equal(status_of(rig, "j"), KM_JOB_SCHEDULED);
    thing(rig, "t200"); /* who comes before it begins is in time */
    add(rig, "all", "t200");
    queued_after(rig, MINUTE_MS - 1, 0);
    assert_int_equal(status_of(rig, "j"), KM_JOB_SCHEDULED);
    queued_after(rig, 1, 3);
    assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
}

static void canceled_before_it_begins(void **state)
{
    struct rig *rig = *state;
    const struct km_registry_job_cancel plain = {0};
    rig->now_ms = START_MS - MINUTE_MS;
    things(rig, 1);
    assert_ok(rig, make(rig, &all, true, SCHEDULE(START)));
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j", &plain));
    queued_after(rig, 2 * MINUTE_MS, 0);
    assert_int_equal(status_of(rig, "j"), KM_JOB_CANCELED);
}

/* One that is IN_PROGRESS, one that is QUEUED, one that waits, all in the minute before its end. */
static void until_its_end(struct rig *rig, const char *config)
{
    rig->now_ms = START_MS;
    things(rig, 3);
    assert_ok(rig, make(rig, &all, true, config));
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_IN_PROGRESS));
    rig->now_ms += 9999;
    tick(rig);
    assert_int_equal(count(rig, KM_EXECUTION_QUEUED), 1);
    rig->now_ms++;
    tick(rig);
}

#define UNTIL(how)                                                                                 \
    "{\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":2},\"schedulingConfig\":{" END          \
    ",\"endBehavior\":\"" how "\"}}"

static void it_stops(void **state)
{
    struct rig *rig = *state;
    until_its_end(rig, UNTIL("STOP_ROLLOUT"));
    assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
    queued_after(rig, 10 * MINUTE_MS, 1); /* t102 never gets it, */
    thing(rig, "t200");
    add(rig, "all", "t200"); /* and who comes now neither */
    queued_after(rig, 10 * MINUTE_MS, 1);
    assert_ok(rig, put(rig, "t101", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_int_equal(status_of(rig, "j"), KM_JOB_COMPLETED);
}

static void it_is_canceled_at_its_end(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job job = {0};
    until_its_end(rig, UNTIL("CANCEL"));
    assert_int_equal(count(rig, KM_EXECUTION_IN_PROGRESS), 1);
    assert_int_equal(count(rig, KM_EXECUTION_CANCELED), 1);
    assert_ok(rig, km_registry_job_get(rig->reg, rig->arena, ACCOUNT, "j", &job, NULL));
    assert_int_equal(job.status, KM_JOB_CANCELED);
    assert_string_equal(job.reason_code, KM_JOB_REASON_END);
    assert_string_equal(job.config, UNTIL("CANCEL"));
}

static void it_is_ended_by_force(void **state)
{
    struct rig *rig = *state;
    until_its_end(rig, UNTIL("FORCE_CANCEL"));
    assert_int_equal(count(rig, KM_EXECUTION_CANCELED), 2);
    assert_true(get(rig, "t100", "j").is_forced);
}

/* ---- failures ---- */

static void it_is_given_up(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job job = {0};
    things(rig, 10);
    assert_ok(rig, make(rig, &all, false,
                        "{\"abortConfig\":{\"criteriaList\":[{\"failureType\":\"FAILED\","
                        "\"action\":\"CANCEL\",\"thresholdPercentage\":50,"
                        "\"minNumberOfExecutedThings\":4}]}}"));
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_FAILED));
    assert_ok(rig, put(rig, "t101", "j", 1, KM_EXECUTION_FAILED));
    assert_ok(rig, put(rig, "t102", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_ok(rig, put(rig, "t104", "j", 1, KM_EXECUTION_IN_PROGRESS));
    assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
    assert_ok(rig, put(rig, "t103", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_ok(rig, km_registry_job_get(rig->reg, rig->arena, ACCOUNT, "j", &job, NULL));
    assert_int_equal(job.status, KM_JOB_CANCELED);
    assert_string_equal(job.reason_code, KM_JOB_REASON_ABORT);
    assert_int_equal(count(rig, KM_EXECUTION_CANCELED), 5);
    assert_int_equal(get(rig, "t104", "j").status, KM_EXECUTION_IN_PROGRESS);
    assert_ok(rig, put(rig, "t104", "j", 2, KM_EXECUTION_FAILED));
}

static km_status fails(struct rig *rig, int64_t number)
{
    const struct km_execution_key key = {.thing = "lamp", .job = "j", .number = number};
    const struct km_execution_change change = {.version = 1, .status = KM_EXECUTION_FAILED};
    return km_registry_execution_put(rig->reg, ACCOUNT, &key, &change);
}

static void it_is_tried_again(void **state)
{
    struct rig *rig = *state;
    thing(rig, "lamp");
    assert_ok(rig, make(rig, &lamp, false,
                        "{\"jobExecutionsRetryConfig\":{\"criteriaList\":[{\"failureType\":"
                        "\"FAILED\",\"numberOfRetries\":2}]}}"));
    for (int64_t number = 1; number <= 2; number++) {
        assert_ok(rig, fails(rig, number));
        assert_int_equal(get(rig, "lamp", "j").number, number + 1);
        assert_int_equal(get(rig, "lamp", "j").status, KM_EXECUTION_QUEUED);
        assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
    }
    assert_ok(rig, fails(rig, 3));
    assert_int_equal(get(rig, "lamp", "j").number, 3);
    assert_int_equal(status_of(rig, "j"), KM_JOB_COMPLETED);
}

static void time_over_is_tried_again(void **state)
{
    struct rig *rig = *state;
    thing(rig, "lamp");
    assert_ok(rig, make(rig, &lamp, false,
                        "{\"jobExecutionsRetryConfig\":{\"criteriaList\":[{\"failureType\":"
                        "\"TIMED_OUT\",\"numberOfRetries\":1}]}}"));
    assert_ok(rig, put(rig, "lamp", "j", 1, KM_EXECUTION_IN_PROGRESS));
    queued_after(rig, MINUTE_MS, 1);
    assert_int_equal(get(rig, "lamp", "j").number, 2);
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j",
                                          &(struct km_registry_job_cancel){.is_forced = true}));
    assert_int_equal(get(rig, "lamp", "j").number, 2);
}

static void nobody_tries_again_after_the_end(void **state)
{
    struct rig *rig = *state;
    rig->now_ms = START_MS;
    thing(rig, "lamp");
    assert_ok(rig, make(rig, &lamp, false,
                        "{\"jobExecutionsRetryConfig\":{\"criteriaList\":[{\"failureType\":"
                        "\"ALL\",\"numberOfRetries\":9}]},\"schedulingConfig\":{" END "}}"));
    assert_ok(rig, fails(rig, 1));
    assert_int_equal(get(rig, "lamp", "j").number, 2);
    rig->now_ms += MINUTE_MS;
    tick(rig);
    assert_ok(rig, fails(rig, 2));
    assert_int_equal(get(rig, "lamp", "j").number, 2);
    assert_int_equal(status_of(rig, "j"), KM_JOB_COMPLETED);
}

/* ---- more targets ---- */

static void more_targets(void **state)
{
    struct rig *rig = *state;
    const struct km_job_target none = {KM_JOB_TARGET_THING, "nobody"};
    things(rig, 70);
    thing(rig, "lamp");
    assert_ok(rig, make(rig, &lamp, true, NULL));
    assert_status(rig, KM_E_NOTFOUND, km_registry_job_associate(rig->reg, ACCOUNT, "j", &none, 1));
    assert_status(rig, KM_E_NOTFOUND, km_registry_job_associate(rig->reg, ACCOUNT, "k", &all, 1));
    assert_status(rig, KM_E_ARG, km_registry_job_associate(rig->reg, ACCOUNT, "j", &all, 0));
    assert_ok(rig, km_registry_job_associate(rig->reg, ACCOUNT, "j", &all, 1));
    assert_ok(rig, km_registry_job_associate(rig->reg, ACCOUNT, "j", &lamp, 1));
    queued_after(rig, 0, 71);
    thing(rig, "t200");
    add(rig, "all", "t200");
    assert_int_equal(get(rig, "t200", "j").status, KM_EXECUTION_QUEUED);
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j",
                                          &(struct km_registry_job_cancel){.is_forced = true}));
    assert_status(rig, KM_E_STATE, km_registry_job_associate(rig->reg, ACCOUNT, "j", &all, 1));
}

static void more_targets_than_may_be(void **state)
{
    struct rig *rig = *state;
    struct km_job_target targets[KM_JOB_TARGETS_MAX] = {0};
    char names[KM_JOB_TARGETS_MAX][16] = {{0}};
    thing(rig, "lamp");
    assert_ok(rig, make(rig, &lamp, true, NULL));
    for (int i = 0; i < KM_JOB_TARGETS_MAX; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "g%d", i);
        group(rig, names[i], NULL);
        targets[i] = (struct km_job_target){KM_JOB_TARGET_GROUP, names[i]};
    }
    assert_status(rig, KM_E_LIMIT,
                  km_registry_job_associate(rig->reg, ACCOUNT, "j", targets, KM_JOB_TARGETS_MAX));
    assert_ok(rig,
              km_registry_job_associate(rig->reg, ACCOUNT, "j", targets, KM_JOB_TARGETS_MAX - 1));
}

static void only_continuous_ones(void **state)
{
    struct rig *rig = *state;
    things(rig, 1);
    assert_ok(rig, make(rig, &all, false, NULL));
    assert_status(rig, KM_E_STATE, km_registry_job_associate(rig->reg, ACCOUNT, "j", &all, 1));
}

static void bad_configurations(void **state)
{
    struct rig *rig = *state;
    const struct km_registry_job_update bad = {.minutes = -1, .config = RATE(0)};
    things(rig, 1);
    assert_status(rig, KM_E_ARG, make(rig, &all, false, RATE(0)));
    assert_status(rig, KM_E_MALFORMED, make(rig, &all, false, "{"));
    assert_ok(rig, make(rig, &all, false, NULL));
    assert_status(rig, KM_E_ARG, km_registry_job_update(rig->reg, ACCOUNT, "j", &bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(so_many_a_minute),
        RIG_TEST(more_than_at_once),
        RIG_TEST(two_that_look),
        RIG_TEST(the_rate_grows),
        RIG_TEST(another_rate),
        RIG_TEST(who_waits),
        RIG_TEST(the_last_that_waits_is_deleted),
        RIG_TEST(canceled_while_they_wait),
        RIG_TEST(it_begins_later),
        RIG_TEST(canceled_before_it_begins),
        RIG_TEST(it_stops),
        RIG_TEST(it_is_canceled_at_its_end),
        RIG_TEST(it_is_ended_by_force),
        RIG_TEST(it_is_given_up),
        RIG_TEST(it_is_tried_again),
        RIG_TEST(time_over_is_tried_again),
        RIG_TEST(nobody_tries_again_after_the_end),
        RIG_TEST(more_targets),
        RIG_TEST(more_targets_than_may_be),
        RIG_TEST(only_continuous_ones),
        RIG_TEST(bad_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
