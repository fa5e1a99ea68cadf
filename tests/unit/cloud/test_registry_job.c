/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/job_rig.h"

static km_status job(struct rig *rig, const char *id, const struct km_job_target *target,
                     bool is_continuous)
{
    const struct km_registry_job_new made = {.id = id,
                                             .document = "{\"a\":1}",
                                             .is_continuous = is_continuous,
                                             .minutes = 5,
                                             .targets = target,
                                             .n_targets = 1};
    return km_registry_job_create(rig->reg, ACCOUNT, &made);
}

static const struct km_job_target lamp = {KM_JOB_TARGET_THING, "lamp"};
static const struct km_job_target all = {KM_JOB_TARGET_GROUP, "all"};

/* The kinds of the changes about that thing's executions since then, as letters. */
static const char *told(struct rig *rig, const char *name, int64_t after)
{
    static char text[64];
    struct km_registry_change_list list = {0};
    size_t n = 0;
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, after, 1000, &list));
    for (size_t i = 0; i < list.n_items && n < sizeof(text) - 1; i++) {
        if (strcmp(list.items[i].id, name) != 0)
            continue;
        if (list.items[i].kind == KM_CHANGE_EXECUTIONS)
            text[n++] = 'l';
        if (list.items[i].kind == KM_CHANGE_NEXT_EXECUTION)
            text[n++] = 'n';
    }
    text[n] = '\0';
    return text;
}

static void one_thing_carries_it_out(void **state)
{
    struct rig *rig = *state;
    thing(rig, "lamp");
    int64_t before = rig_generation(rig);
    assert_ok(rig, job(rig, "j1", &lamp, false));
    assert_status(rig, KM_E_EXISTS, job(rig, "j1", &lamp, false));
    assert_string_equal(told(rig, "lamp", before), "n");
    struct km_execution execution = get(rig, "lamp", "j1");
    assert_int_equal(execution.status, KM_EXECUTION_QUEUED);
    assert_int_equal(execution.version, 1);
    assert_int_equal(execution.number, 1);
    assert_int_equal(execution.minutes, 5);
    assert_string_equal(execution.document, "{\"a\":1}");
    before = rig_generation(rig);
    assert_status(rig, KM_E_STALE, put(rig, "lamp", "j1", 2, KM_EXECUTION_IN_PROGRESS));
    assert_ok(rig, put(rig, "lamp", "j1", 1, KM_EXECUTION_IN_PROGRESS));
    assert_string_equal(told(rig, "lamp", before), "l"); /* it was the first and still is */
    before = rig_generation(rig);
    assert_ok(rig, put(rig, "lamp", "j1", 2, KM_EXECUTION_IN_PROGRESS));
    assert_string_equal(told(rig, "lamp", before), "");
    assert_int_equal(status_of(rig, "j1"), KM_JOB_IN_PROGRESS);
    assert_ok(rig, put(rig, "lamp", "j1", 3, KM_EXECUTION_SUCCEEDED));
    assert_string_equal(told(rig, "lamp", before), "n");
    assert_int_equal(status_of(rig, "j1"), KM_JOB_COMPLETED);
    assert_status(rig, KM_E_STALE, put(rig, "lamp", "j1", 4, KM_EXECUTION_FAILED));
}

static void bad_jobs_are_refused(void **state)
{
    struct rig *rig = *state;
    const struct km_registry_job_new good = {
        .id = "j", .document = "{}", .targets = &lamp, .n_targets = 1};
    struct km_registry_job_new bad = good;
    assert_status(rig, KM_E_NOTFOUND, job(rig, "j", &lamp, false));
    assert_status(rig, KM_E_NOTFOUND, job(rig, "j", &all, false));
    thing(rig, "lamp");
    bad.id = "a/b";
    assert_status(rig, KM_E_ARG, km_registry_job_create(rig->reg, ACCOUNT, &bad));
    bad = good;
    bad.document = "";
    assert_status(rig, KM_E_ARG, km_registry_job_create(rig->reg, ACCOUNT, &bad));
    bad = good;
    bad.n_targets = KM_JOB_TARGETS_MAX + 1;
    assert_status(rig, KM_E_ARG, km_registry_job_create(rig->reg, ACCOUNT, &bad));
    bad = good;
    bad.minutes = KM_JOB_MINUTES_MAX + 1;
    assert_status(rig, KM_E_ARG, km_registry_job_create(rig->reg, ACCOUNT, &bad));
    struct km_registry_job found = {0};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_job_get(rig->reg, rig->arena, ACCOUNT, "j", &found, NULL));
}

/* More than are taken at once. */
static void a_group_and_those_below(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job found = {0};
    struct km_registry_job_more more = {0};
    group(rig, "all", NULL);
    group(rig, "some", "all");
    for (int i = 0; i < 70; i++) {
        thing(rig, rig_name("t", i));
        add(rig, i % 2 == 0 ? "all" : "some", rig_name("t", i));
    }
    thing(rig, "stranger");
    assert_ok(rig, job(rig, "j", &all, false));
    assert_ok(rig, km_registry_job_get(rig->reg, rig->arena, ACCOUNT, "j", &found, &more));
    assert_int_equal(more.n_executions[KM_EXECUTION_QUEUED], 70);
    assert_int_equal(more.n_targets, 1);
    assert_string_equal(more.targets[0].name, "all");
    struct km_execution_list list = {0};
    const struct km_registry_page page = {.limit = 50};
    assert_ok(rig,
              km_registry_execution_of_job(rig->reg, rig->arena, ACCOUNT, "j", -1, &page, &list));
    assert_int_equal(list.n_items, 50);
    const struct km_registry_page rest = {.limit = 50, .marker = list.next};
    assert_ok(rig, km_registry_execution_of_job(rig->reg, rig->arena, ACCOUNT, "j",
                                                KM_EXECUTION_QUEUED, &rest, &list));
    assert_int_equal(list.n_items, 20);
    assert_null(list.next);
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j",
                                          &(struct km_registry_job_cancel){.reason_code = "NO"}));
    assert_ok(rig, km_registry_job_get(rig->reg, rig->arena, ACCOUNT, "j", &found, &more));
    assert_int_equal(found.status, KM_JOB_CANCELED);
    assert_string_equal(found.reason_code, "NO");
    assert_int_equal(more.n_executions[KM_EXECUTION_CANCELED], 70);
}

static void nobody_to_do_it(void **state)
{
    struct rig *rig = *state;
    group(rig, "all", NULL);
    assert_ok(rig, job(rig, "j", &all, false));
    assert_int_equal(status_of(rig, "j"), KM_JOB_COMPLETED);
    assert_ok(rig, job(rig, "c", &all, true));
    assert_int_equal(status_of(rig, "c"), KM_JOB_IN_PROGRESS);
}

static void groups_of_a_continuous_job(void **state)
{
    struct rig *rig = *state;
    struct km_execution_list list = {0};
    group(rig, "all", NULL);
    group(rig, "some", "all");
    group(rig, "other", "all");
    thing(rig, "lamp");
    assert_ok(rig, job(rig, "c", &all, true));
    assert_ok(rig, job(rig, "s", &all, false));
    add(rig, "some", "lamp");
    assert_int_equal(get(rig, "lamp", "c").status, KM_EXECUTION_QUEUED);
    const struct km_execution_key snapshot = {.thing = "lamp", .job = "s"};
    struct km_execution none = {0};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_execution_get(rig->reg, rig->arena, ACCOUNT, &snapshot, &none));
    add(rig, "other", "lamp");
    assert_ok(rig, km_registry_group_remove(rig->reg, ACCOUNT, "some", "lamp"));
    assert_int_equal(get(rig, "lamp", "c").status, KM_EXECUTION_QUEUED);
    int64_t before = rig_generation(rig);
    assert_ok(rig, km_registry_group_delete(rig->reg, ACCOUNT, "other", 0));
    assert_string_equal(told(rig, "lamp", before), "n");
    assert_int_equal(get(rig, "lamp", "c").status, KM_EXECUTION_REMOVED);
    add(rig, "all", "lamp");
    assert_int_equal(get(rig, "lamp", "c").number, 2);
    assert_int_equal(get(rig, "lamp", "c").status, KM_EXECUTION_QUEUED);
    assert_ok(rig, km_registry_execution_of_thing(rig->reg, rig->arena, ACCOUNT, "lamp", "c", -1,
                                                  NULL, &list));
    assert_int_equal(list.n_items, 2);
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "lamp", 0));
    assert_int_equal(get(rig, "lamp", "c").status, KM_EXECUTION_REMOVED);
    assert_int_equal(status_of(rig, "c"), KM_JOB_IN_PROGRESS);
}

static const char *pending(struct rig *rig, const char *name)
{
    static char text[64];
    struct km_execution_list list = {0};
    assert_ok(rig, km_registry_execution_pending(rig->reg, rig->arena, ACCOUNT, name, 10, &list));
    text[0] = '\0';
    for (size_t i = 0; i < list.n_items; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", list.items[i].job);
    return text;
}

static void the_order_of_what_is_pending(void **state)
{
    struct rig *rig = *state;
    thing(rig, "lamp");
    assert_string_equal(pending(rig, "lamp"), "");
    assert_ok(rig, job(rig, "b", &lamp, false));
    rig->now_ms++;
    assert_ok(rig, job(rig, "a", &lamp, false));
    assert_ok(rig, job(rig, "z", &lamp, false));
    assert_string_equal(pending(rig, "lamp"), "b a z ");
    int64_t before = rig_generation(rig);
    assert_ok(rig, put(rig, "lamp", "z", 1, KM_EXECUTION_IN_PROGRESS));
    assert_string_equal(pending(rig, "lamp"), "z b a ");
    assert_string_equal(told(rig, "lamp", before), "n");
    before = rig_generation(rig);
    assert_ok(rig, put(rig, "lamp", "a", 1, KM_EXECUTION_REJECTED));
    assert_string_equal(told(rig, "lamp", before), "l");
    before = rig_generation(rig);
    assert_ok(rig, km_registry_job_delete(rig->reg, ACCOUNT, "b", true));
    assert_string_equal(told(rig, "lamp", before), "l");
    assert_string_equal(pending(rig, "lamp"), "z ");
}

static void time_is_over_once(void **state)
{
    struct rig *rig = *state;
    struct km_registry *another = rig_another(rig);
    bool more = true;
    thing(rig, "lamp");
    assert_ok(rig, job(rig, "j", &lamp, false));
    assert_ok(rig, put(rig, "lamp", "j", 1, KM_EXECUTION_IN_PROGRESS));
    int64_t before = rig_generation(rig);
    rig->now_ms += MINUTE_MS - 1;
    assert_ok(rig, km_registry_job_tick(rig->reg, &more));
    assert_int_equal(get(rig, "lamp", "j").status, KM_EXECUTION_IN_PROGRESS);
    rig->now_ms++;
    assert_ok(rig, km_registry_job_tick(rig->reg, &more));
    assert_false(more);
    assert_int_equal(km_registry_job_tick(another, &more), KM_OK);
    assert_string_equal(told(rig, "lamp", before), "n");
    assert_int_equal(get(rig, "lamp", "j").status, KM_EXECUTION_TIMED_OUT);
    assert_int_equal(get(rig, "lamp", "j").version, 3);
    assert_int_equal(status_of(rig, "j"), KM_JOB_COMPLETED);
    assert_status(rig, KM_E_STALE, put(rig, "lamp", "j", 2, KM_EXECUTION_SUCCEEDED));
    km_registry_close(another);
}

static km_status change(struct rig *rig, const char *id, int64_t minutes)
{
    const struct km_registry_job_update update = {.description = "text", .minutes = minutes};
    return km_registry_job_update(rig->reg, ACCOUNT, id, &update);
}

static void canceling(void **state)
{
    struct rig *rig = *state;
    const struct km_registry_job_cancel plain = {.comment = "why not"};
    const struct km_registry_job_cancel forced = {.is_forced = true};
    thing(rig, "lamp");
    assert_ok(rig, job(rig, "j", &lamp, false));
    assert_ok(rig, put(rig, "lamp", "j", 1, KM_EXECUTION_IN_PROGRESS));
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j", &plain));
    assert_int_equal(get(rig, "lamp", "j").status, KM_EXECUTION_IN_PROGRESS);
    assert_status(rig, KM_E_STATE, km_registry_job_cancel(rig->reg, ACCOUNT, "j", &plain));
    assert_ok(rig, km_registry_job_cancel(rig->reg, ACCOUNT, "j", &forced));
    assert_int_equal(get(rig, "lamp", "j").status, KM_EXECUTION_CANCELED);
    assert_true(get(rig, "lamp", "j").is_forced);
    assert_int_equal(status_of(rig, "j"), KM_JOB_CANCELED);
    assert_status(rig, KM_E_STATE, change(rig, "j", -1));
    assert_status(rig, KM_E_NOTFOUND, km_registry_job_cancel(rig->reg, ACCOUNT, "k", &plain));
    assert_ok(rig, job(rig, "k", &lamp, false));
    assert_ok(rig, change(rig, "k", 7));
    assert_int_equal(get(rig, "lamp", "k").minutes, 7);
    assert_status(rig, KM_E_STATE, km_registry_job_delete(rig->reg, ACCOUNT, "k", false));
    const struct km_execution_key key = {.thing = "lamp", .job = "k", .number = 1};
    assert_status(rig, KM_E_STATE, km_registry_execution_delete(rig->reg, ACCOUNT, &key, false));
    assert_ok(rig, km_registry_execution_delete(rig->reg, ACCOUNT, &key, true));
    assert_status(rig, KM_E_NOTFOUND, km_registry_execution_delete(rig->reg, ACCOUNT, &key, true));
    assert_int_equal(status_of(rig, "k"), KM_JOB_COMPLETED);
    assert_ok(rig, km_registry_job_delete(rig->reg, ACCOUNT, "k", false));
    assert_status(rig, KM_E_NOTFOUND, km_registry_job_delete(rig->reg, ACCOUNT, "k", true));
}

static void lists_of_jobs(void **state)
{
    struct rig *rig = *state;
    struct km_registry_job_list list = {0};
    thing(rig, "lamp");
    group(rig, "all", NULL);
    assert_ok(rig, job(rig, "b", &lamp, false));
    rig->now_ms++;
    assert_ok(rig, job(rig, "a", &all, true));
    assert_ok(rig, km_registry_job_list(rig->reg, rig->arena, ACCOUNT, NULL, NULL, &list));
    assert_int_equal(list.n_items, 2);
    assert_string_equal(list.items[0].id, "b");
    const struct km_registry_job_filter continuous = {.has_selection = true, .is_continuous = true};
    assert_ok(rig, km_registry_job_list(rig->reg, rig->arena, ACCOUNT, &continuous, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].id, "a");
    const struct km_registry_job_filter over = {.status = KM_JOB_COMPLETED};
    assert_ok(rig, km_registry_job_list(rig->reg, rig->arena, ACCOUNT, &over, NULL, &list));
    assert_int_equal(list.n_items, 0);
    const struct km_registry_job_filter of_group = {.group = "all"};
    assert_ok(rig, km_registry_job_list(rig->reg, rig->arena, ACCOUNT, &of_group, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_int_equal(km_registry_job_list(rig->reg, rig->arena, OTHER_ACCOUNT, NULL, NULL, &list),
                     KM_OK);
    assert_int_equal(list.n_items, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(one_thing_carries_it_out),
        RIG_TEST(bad_jobs_are_refused),
        RIG_TEST(a_group_and_those_below),
        RIG_TEST(nobody_to_do_it),
        RIG_TEST(groups_of_a_continuous_job),
        RIG_TEST(the_order_of_what_is_pending),
        RIG_TEST(time_is_over_once),
        RIG_TEST(canceling),
        RIG_TEST(lists_of_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
