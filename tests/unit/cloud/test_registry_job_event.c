/* SPDX-License-Identifier: Apache-2.0 */
/* Events of jobs: stored with what they tell of, where they are on, and given to one who takes them. */
#include "tests/unit/cloud/job_rig.h"

static const struct km_job_target all = {KM_JOB_TARGET_GROUP, "all"};

static void turn(struct rig *rig, const char *text)
{
    assert_ok(rig, km_registry_setting_set(rig->reg, ACCOUNT, KM_SETTING_EVENTS, text));
}

static void turn_on(struct rig *rig)
{
    turn(rig, "{\"JOB\":{\"Enabled\":true},\"JOB_EXECUTION\":{\"Enabled\":true}}");
}

static void make(struct rig *rig, const char *config)
{
    const struct km_registry_job_new made = {.id = "j",
                                             .document = "{}",
                                             .description = "what for",
                                             .targets = &all,
                                             .n_targets = 1,
                                             .config = config};
    assert_ok(rig, km_registry_job_create(rig->reg, ACCOUNT, &made));
}

static struct km_job_event_list take(struct rig *rig)
{
    struct km_job_event_list list = {0};
    assert_ok(rig, km_registry_job_events_take(rig->reg, rig->arena, ACCOUNT, &list));
    return list;
}

/* What there is to tell, in its order: operations, with the thing where there is one. */
static const char *told(struct rig *rig)
{
    static char text[512];
    struct km_job_event_list list = take(rig);
    text[0] = '\0';
    for (size_t i = 0; i < list.n_items; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s ",
                       list.items[i].operation, list.items[i].thing != NULL ? ":" : "",
                       list.items[i].thing != NULL ? list.items[i].thing : "");
    return text;
}

static void nothing_unless_it_is_on(void **state)
{
    struct rig *rig = *state;
    things(rig, 1);
    make(rig, NULL);
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_string_equal(told(rig), "");
    turn(rig, "{\"JOB\":{\"Enabled\":true},\"JOB_EXECUTION\":{\"Enabled\":false}}");
    assert_ok(rig, km_registry_job_delete(rig->reg, ACCOUNT, "j", false));
    assert_string_equal(told(rig), "deletion_in_progress deleted ");
    turn(rig, "{\"JOB_EXECUTION\":{\"Enabled\":true}}");
    make(rig, NULL);
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_string_equal(told(rig), "succeeded:t100 ");
}

static void what_they_say(void **state)
{
    struct rig *rig = *state;
    const struct km_execution_key key = {.thing = "t100", .job = "j", .number = 1};
    const struct km_execution_change change = {
        .version = 1, .status = KM_EXECUTION_FAILED, .details = "{\"why\":\"it\"}"};
    turn_on(rig);
    things(rig, 1);
    make(rig, NULL);
    rig->now_ms++;
    assert_ok(rig, km_registry_execution_put(rig->reg, ACCOUNT, &key, &change));
    struct km_job_event_list list = take(rig);
    assert_int_equal(list.n_items, 2);
    const struct km_job_event *one = &list.items[0];
    assert_int_equal(strlen(one->id), KM_REGISTRY_UUID_LEN);
    assert_string_not_equal(one->id, list.items[1].id);
    assert_string_equal(one->operation, "failed");
    assert_string_equal(one->job, "j");
    assert_string_equal(one->thing, "t100");
    assert_string_equal(one->details, "{\"why\":\"it\"}");
    assert_int_equal(one->status, KM_EXECUTION_FAILED);
    assert_int_equal(one->number, 1);
    assert_int_equal(one->version, 2);
    assert_int_equal(one->time_ms, rig->now_ms);
    one = &list.items[1];
    assert_string_equal(one->operation, "completed");
    assert_null(one->thing);
    assert_string_equal(
        one->details,
        "{\"targetSelection\":\"SNAPSHOT\",\"targets\":[\"thinggroup/all\"],"
        "\"description\":\"what for\",\"createdAt\":1700000000000,\"lastUpdatedAt\":1700000000001,"
        "\"completedAt\":1700000000001,\"jobProcessDetails\":{\"numberOfCanceledThings\":0,"
        "\"numberOfRejectedThings\":0,\"numberOfFailedThings\":1,\"numberOfRemovedThings\":0,"
        "\"numberOfSucceededThings\":0,\"numberOfTimedOutThings\":0}}");
}

static void canceled(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job_cancel cancel = {.comment = "no"};
    turn_on(rig);
    things(rig, 3);
    make(rig, NULL);
    assert_ok(rig, put(rig, "t101", "j", 1, KM_EXECUTION_IN_PROGRESS));
    assert_string_equal(told(rig), "");
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j", &cancel));
    assert_string_equal(told(rig),
                        "cancellation_in_progress canceled:t100 canceled:t102 canceled ");
    cancel.is_forced = true;
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j", &cancel));
    struct km_job_event_list list = take(rig);
    assert_int_equal(list.n_items, 3);
    assert_string_equal(list.items[1].thing, "t101");
    assert_int_equal(list.items[1].version, get(rig, "t101", "j").version);
    assert_int_equal(list.items[1].status, KM_EXECUTION_CANCELED);
}

static void each_end_of_an_execution(void **state)
{
    struct rig *rig = *state;
    bool more = false;
    const struct km_execution_key key = {.thing = "t100", .job = "j", .number = 1};
    turn_on(rig);
    things(rig, 4);
    make(rig, NULL);
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_REJECTED));
    assert_string_equal(told(rig), "rejected:t100 ");
    assert_ok(rig, km_registry_execution_delete(rig->reg, ACCOUNT, &key, false));
    assert_string_equal(told(rig), "deleted:t100 ");
    assert_ok(rig, put(rig, "t101", "j", 1, KM_EXECUTION_IN_PROGRESS));
    rig->now_ms += MINUTE_MS;
    assert_ok(rig, km_registry_job_tick(rig->reg, &more));
    assert_string_equal(told(rig), "timed_out:t101 ");
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t102", 0));
    assert_string_equal(told(rig), "removed:t102 ");
    assert_ok(rig, put(rig, "t103", "j", 1, KM_EXECUTION_CANCELED));
    assert_string_equal(told(rig), "canceled:t103 completed ");
}

/* Tried again, then given up; both in the transaction of the failure. */
static void failures(void **state)
{
    struct rig *rig = *state;
    turn_on(rig);
    things(rig, 2);
    make(rig, "{\"jobExecutionsRetryConfig\":{\"criteriaList\":[{\"failureType\":\"ALL\","
              "\"numberOfRetries\":1}]},\"abortConfig\":{\"criteriaList\":[{\"failureType\":"
              "\"ALL\",\"action\":\"CANCEL\",\"thresholdPercentage\":1,"
              "\"minNumberOfExecutedThings\":1}]}}");
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_FAILED));
    assert_string_equal(told(rig), "failed:t100 ");
    const struct km_execution_key key = {.thing = "t100", .job = "j", .number = 2};
    const struct km_execution_change change = {.version = 1, .status = KM_EXECUTION_FAILED};
    assert_ok(rig, km_registry_execution_put(rig->reg, ACCOUNT, &key, &change));
    assert_string_equal(told(rig), "failed:t100 cancellation_in_progress canceled:t101 canceled ");
}

static void each_is_given_to_one(void **state)
{
    struct rig *rig = *state;
    struct km_job_event_list list = {0};
    struct km_registry *another = rig_another(rig);
    int64_t before = 0;
    turn_on(rig);
    things(rig, 100);
    make(rig, NULL);
    before = rig_generation(rig);
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j",
                                          &(struct km_registry_job_cancel){.is_forced = true}));
    assert_true(rig_generation(rig) > before);
    assert_int_equal(take(rig).n_items, KM_JOB_EVENTS_AT_ONCE);
    assert_int_equal(km_registry_job_events_take(another, rig->arena, OTHER_ACCOUNT, &list), KM_OK);
    assert_int_equal(list.n_items, 0);
    assert_int_equal(km_registry_job_events_take(another, rig->arena, ACCOUNT, &list), KM_OK);
    assert_int_equal(list.n_items, 102 - KM_JOB_EVENTS_AT_ONCE);
    assert_string_equal(list.items[list.n_items - 1].operation, "canceled");
    assert_null(list.items[list.n_items - 1].thing);
    assert_int_equal(take(rig).n_items, 0);
    km_registry_close(another);
}

/* What is undone is not told of. */
static void undone(void **state)
{
    struct rig *rig = *state;
    turn_on(rig);
    things(rig, 1);
    make(rig, NULL);
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, put(rig, "t100", "j", 1, KM_EXECUTION_SUCCEEDED));
    assert_ok(rig, km_registry_rollback(rig->reg));
    assert_string_equal(told(rig), "");
    assert_int_equal(status_of(rig, "j"), KM_JOB_IN_PROGRESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(nothing_unless_it_is_on),
        RIG_TEST(what_they_say),
        RIG_TEST(canceled),
        RIG_TEST(each_end_of_an_execution),
        RIG_TEST(failures),
        RIG_TEST(each_is_given_to_one),
        RIG_TEST(undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
