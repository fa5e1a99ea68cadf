/* SPDX-License-Identifier: Apache-2.0 */
/* What a job does in the course of time: it begins, things get their executions at its rate, it ends. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/registry/job.h"

#define CONFIG_DEPTH 8
#define JOB_VALUES(account, job) km_value_text(account), km_value_text(job)
_Static_assert(KM_JOB_TARGET_THING == 1 && KM_JOB_TARGET_GROUP == 2 && KM_EXECUTION_REMOVED == 6,
               "as the texts say");

/* The things of a job's targets, also of groups below them. */
#define WITH_THINGS                                                                                \
    "WITH RECURSIVE inside (name) AS (SELECT name FROM job_target WHERE account = ?1"              \
    " AND job = ?2 AND kind = 2 UNION SELECT g.name FROM thing_group g"                            \
    " JOIN inside ON g.parent = inside.name WHERE g.account = ?1),"                                \
    " things (thing) AS (SELECT name FROM job_target WHERE account = ?1 AND job = ?2"              \
    " AND kind = 1 UNION SELECT m.thing FROM group_thing m JOIN inside ON m.name = inside.name"    \
    " WHERE m.account = ?1) "

/* ---- how far it is ---- */

static km_status parse(struct km_registry *reg, struct km_slice text, struct km_job_config *ret)
{
    KM_AUTO(km_json_unref) json_t *json = NULL;
    KM_TRY(km_json_object(&reg->err, text, CONFIG_DEPTH, &json));
    return km_job_config_parse(&reg->err, json, ret);
}

km_status km_reg_job_check_config(struct km_registry *reg, const char *config)
{
    struct km_job_config parsed = {0};
    KM_TRY(km_reg_check_text(reg, "a job's configuration", config, 0, KM_JOB_CONFIG_TEXT));
    return config == NULL ? KM_OK : parse(reg, KM_SLICE_STR(config), &parsed);
}

km_status km_reg_job_state(struct km_registry *reg, const char *account, const char *job,
                           struct km_job_state *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT status, is_ended, minute_ms, n_left, n_notified, config FROM job"
                        " WHERE account = ?1 AND id = ?2",
                        KM_VALUES(JOB_VALUES(account, job)), &query));
    if (!km_query_next(&query)) {
        KM_TRY(km_query_finish(&query));
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no job %s", job);
    }
    struct km_job_state state = {
        .status = (enum km_job_status)km_query_number(&query, 0),
        .is_ended = km_query_flag(&query, 1),
        .minute_ms = km_query_number(&query, 2),
        .n_left = km_query_number(&query, 3),
        .n_notified = km_query_number(&query, 4),
    };
    struct km_slice config = km_query_view(&query, 5);
    state.has_config = config.ptr != NULL;
    if (state.has_config)
        KM_TRY(parse(reg, config, &state.config));
    *ret = state;
    return km_query_finish(&query);
}

static km_status is_awaited(struct km_registry *reg, const char *account, const char *job,
                            bool *ret)
{
    return km_reg_exists(reg, "SELECT 1 FROM job_waiting WHERE account = ?1 AND job = ?2 LIMIT 1",
                         KM_VALUES(JOB_VALUES(account, job)), ret);
}

/* 0: nothing. */
static km_status due_of(struct km_registry *reg, const char *account, const char *job,
                        const struct km_job_state *state, int64_t *ret)
{
    bool is_there = false;
    *ret = state->status == KM_JOB_SCHEDULED ? state->config.start_ms : 0;
    if (state->status != KM_JOB_IN_PROGRESS)
        return KM_OK;
    KM_TRY(is_awaited(reg, account, job, &is_there));
    if (is_there)
        *ret = state->n_left > 0 ? km_reg_now(reg) : state->minute_ms + KM_JOB_MINUTE_MS;
    int64_t end_ms = state->is_ended ? 0 : state->config.end_ms;
    if (end_ms != 0 && (*ret == 0 || end_ms < *ret))
        *ret = end_ms;
    return KM_OK;
}

km_status km_reg_job_schedule(struct km_registry *reg, const char *account, const char *job)
{
    struct km_job_state state = {0};
    int64_t due_ms = 0;
    KM_TRY(km_reg_job_state(reg, account, job, &state));
    KM_TRY(due_of(reg, account, job, &state, &due_ms));
    return km_reg_run(reg, "UPDATE job SET due_ms = ?3 WHERE account = ?1 AND id = ?2",
                      KM_VALUES(JOB_VALUES(account, job), km_value_number(due_ms)), NULL);
}

/* ---- at its rate ---- */

static km_status count_succeeded(struct km_registry *reg, const char *account, const char *job,
                                 int64_t *ret)
{
    _Static_assert(KM_EXECUTION_SUCCEEDED == 2, "as the text says");
    return km_reg_number(
        reg, "SELECT count(*) FROM job_execution WHERE account = ?1 AND job = ?2 AND status = 2",
        KM_VALUES(JOB_VALUES(account, job)), ret);
}

/* A clock that was set back begins a new minute, too. */
static km_status turn_minute(struct km_registry *reg, const char *account, const char *job,
                             struct km_job_state *state)
{
    int64_t now_ms = km_reg_now(reg);
    int64_t n_succeeded = 0;
    if (state->config.per_minute == 0) {
        state->n_left = KM_JOB_COUNT_MAX;
        return KM_OK;
    }
    if (now_ms >= state->minute_ms && now_ms - state->minute_ms < KM_JOB_MINUTE_MS)
        return KM_OK;
    KM_TRY(count_succeeded(reg, account, job, &n_succeeded));
    state->minute_ms = now_ms;
    state->n_left = km_job_config_rate(&state->config, state->n_notified, n_succeeded);
    return KM_OK;
}

static km_status stop_waiting(struct km_registry *reg, const char *account, const char *thing,
                              const char *job)
{
    return km_reg_run(reg, "DELETE FROM job_waiting WHERE account = ?1 AND job = ?2 AND thing = ?3",
                      KM_VALUES(JOB_VALUES(account, job), km_value_text(thing)), NULL);
}

static km_status notify_some(struct km_registry *reg, const char *account, const char *job,
                             struct km_job_state *state)
{
    struct km_executions some = {.n = 0};
    int64_t most = state->n_left < KM_EXECUTIONS_AT_ONCE ? state->n_left : KM_EXECUTIONS_AT_ONCE;
    KM_TRY(km_reg_executions_take(reg,
                                  "SELECT account, thing, job, 0 FROM job_waiting"
                                  " WHERE account = ?1 AND job = ?2 ORDER BY thing LIMIT ?3",
                                  KM_VALUES(JOB_VALUES(account, job), km_value_number(most)),
                                  &some));
    for (size_t i = 0; i < some.n; i++) {
        KM_TRY(stop_waiting(reg, account, some.items[i].thing, job));
        KM_TRY(km_reg_execution_queue(reg, account, some.items[i].thing, job));
    }
    state->n_left -= (int64_t)some.n;
    state->n_notified += (int64_t)some.n;
    return KM_OK;
}

static km_status roll(struct km_registry *reg, const char *account, const char *job)
{
    struct km_job_state state = {0};
    KM_TRY(km_reg_job_state(reg, account, job, &state));
    KM_TRY(turn_minute(reg, account, job, &state));
    if (state.n_left > 0)
        KM_TRY(notify_some(reg, account, job, &state));
    return km_reg_run(reg,
                      "UPDATE job SET minute_ms = ?3, n_left = ?4, n_notified = ?5"
                      " WHERE account = ?1 AND id = ?2",
                      KM_VALUES(JOB_VALUES(account, job), km_value_number(state.minute_ms),
                                km_value_number(state.n_left), km_value_number(state.n_notified)),
                      NULL);
}

/* ---- its beginning ---- */

/* One statement each, however many things there are: others wait meanwhile. */
static km_status queue_all(struct km_registry *reg, const char *account, const char *job)
{
    static const char sql[] =
        WITH_THINGS "INSERT INTO job_execution (account, thing, job, number, status, is_forced,"
                    " version, queued_ms, started_ms, modified_ms, due_ms, step_due_ms)"
                    " SELECT ?1, thing, ?2, 1, 0, 0, 1, ?3, 0, ?3, 0, 0 FROM things";
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(JOB_VALUES(account, job), km_value_number(km_reg_now(reg))), NULL));
    return km_reg_executions_tell(reg, account, job, KM_EXECUTION_QUEUED);
}

/* All but those that have got it; one that was removed from the job's groups may come again. */
static km_status await_all(struct km_registry *reg, const char *account, const char *job)
{
    static const char sql[] =
        WITH_THINGS "INSERT INTO job_waiting (account, job, thing) SELECT ?1, ?2, thing FROM things"
                    " WHERE NOT EXISTS (SELECT 1 FROM job_execution e WHERE e.account = ?1"
                    " AND e.thing = things.thing AND e.job = ?2 AND e.status <> 6)"
                    " ON CONFLICT DO NOTHING";
    return km_reg_run(reg, sql, KM_VALUES(JOB_VALUES(account, job)), NULL);
}

km_status km_reg_job_begin(struct km_registry *reg, const char *account, const char *job)
{
    struct km_job_state state = {0};
    KM_TRY(km_reg_job_state(reg, account, job, &state));
    if (state.config.per_minute == 0) {
        KM_TRY(queue_all(reg, account, job));
    } else {
        KM_TRY(await_all(reg, account, job));
        KM_TRY(roll(reg, account, job));
    }
    KM_TRY(km_reg_job_schedule(reg, account, job));
    return km_reg_job_finish(reg, account, job);
}

km_status km_reg_job_join(struct km_registry *reg, const char *account, const char *thing,
                          const char *job)
{
    struct km_job_state state = {0};
    KM_TRY(km_reg_job_state(reg, account, job, &state));
    if (state.config.per_minute == 0)
        return km_reg_execution_queue(reg, account, thing, job);
    KM_TRY(km_reg_run(reg,
                      "INSERT INTO job_waiting (account, job, thing) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT DO NOTHING",
                      KM_VALUES(JOB_VALUES(account, job), km_value_text(thing)), NULL));
    return km_reg_job_schedule(reg, account, job);
}

static km_status begin_scheduled(struct km_registry *reg, const char *account, const char *job)
{
    KM_TRY(km_reg_run(reg,
                      "UPDATE job SET status = 1, modified_ms = ?3 WHERE account = ?1 AND id = ?2",
                      KM_VALUES(JOB_VALUES(account, job), km_value_number(km_reg_now(reg))), NULL));
    return km_reg_job_begin(reg, account, job);
}

/* ---- more targets ---- */

static km_status check_associate(struct km_registry *reg, const char *account, const char *job,
                                 size_t n_targets)
{
    struct km_job_state state = {0};
    int64_t continuous = 0;
    if (n_targets < 1 || n_targets > KM_JOB_TARGETS_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a job has 1 to %d targets", KM_JOB_TARGETS_MAX);
    KM_TRY(km_reg_job_state(reg, account, job, &state));
    KM_TRY(km_reg_number(reg, "SELECT is_continuous FROM job WHERE account = ?1 AND id = ?2",
                         KM_VALUES(JOB_VALUES(account, job)), &continuous));
    if (continuous == 0 || state.status != KM_JOB_IN_PROGRESS || state.is_ended)
        return KM_REG_FAIL(reg, KM_E_STATE, "job %s is not CONTINUOUS and IN_PROGRESS", job);
    return KM_OK;
}

static km_status associate(struct km_registry *reg, const char *account, const char *job,
                           const struct km_job_target *targets, size_t n_targets)
{
    int64_t n = 0;
    KM_TRY(check_associate(reg, account, job, n_targets));
    KM_TRY(km_reg_job_targets_insert(reg, account, job, targets, n_targets));
    KM_TRY(km_reg_number(reg, "SELECT count(*) FROM job_target WHERE account = ?1 AND job = ?2",
                         KM_VALUES(JOB_VALUES(account, job)), &n));
    if (n > KM_JOB_TARGETS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "a job has 1 to %d targets", KM_JOB_TARGETS_MAX);
    KM_TRY(km_reg_run(reg, "UPDATE job SET modified_ms = ?3 WHERE account = ?1 AND id = ?2",
                      KM_VALUES(JOB_VALUES(account, job), km_value_number(km_reg_now(reg))), NULL));
    KM_TRY(await_all(reg, account, job));
    KM_TRY(roll(reg, account, job));
    return km_reg_job_schedule(reg, account, job);
}

km_status km_registry_job_associate(struct km_registry *reg, const char *account, const char *id,
                                    const struct km_job_target *targets, size_t n_targets)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, associate(reg, account, id, targets, n_targets));
}

/* ---- its end ---- */

static km_status stop(struct km_registry *reg, const char *account, const char *job)
{
    KM_TRY(km_reg_run(reg, "DELETE FROM job_waiting WHERE account = ?1 AND job = ?2",
                      KM_VALUES(JOB_VALUES(account, job)), NULL));
    KM_TRY(km_reg_run(
        reg, "UPDATE job SET is_ended = 1, modified_ms = ?3 WHERE account = ?1 AND id = ?2",
        KM_VALUES(JOB_VALUES(account, job), km_value_number(km_reg_now(reg))), NULL));
    KM_TRY(km_reg_job_schedule(reg, account, job));
    return km_reg_job_finish(reg, account, job);
}

static km_status end(struct km_registry *reg, const char *account, const char *job,
                     enum km_job_end how)
{
    const struct km_registry_job_cancel cancel = {.reason_code = KM_JOB_REASON_END,
                                                  .is_forced = how == KM_JOB_END_FORCES};
    return how == KM_JOB_END_STOPS ? stop(reg, account, job)
                                   : km_reg_job_cancel(reg, account, job, &cancel);
}

/* ---- what is due ---- */

struct due {
    char account[KM_ACCOUNT_LEN + 1];
    char job[KM_JOB_ID_MAX + 1];
};

static km_status find_due(struct km_registry *reg, struct due *ret, bool *ret_is_there)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT account, id FROM job WHERE due_ms <> 0 AND due_ms <= ?1"
                        " ORDER BY due_ms LIMIT 1",
                        KM_VALUES(km_value_number(km_reg_now(reg))), &query));
    *ret_is_there = km_query_next(&query);
    if (*ret_is_there) {
        km_query_copy(&query, 0, ret->account, KM_ACCOUNT_LEN);
        km_query_copy(&query, 1, ret->job, KM_JOB_ID_MAX);
    }
    return km_query_finish(&query);
}

static km_status step(struct km_registry *reg, const struct due *due)
{
    struct km_job_state state = {0};
    int64_t now_ms = km_reg_now(reg);
    KM_TRY(km_reg_job_state(reg, due->account, due->job, &state));
    if (state.status == KM_JOB_SCHEDULED && state.config.start_ms <= now_ms)
        return begin_scheduled(reg, due->account, due->job);
    if (state.status == KM_JOB_IN_PROGRESS && !state.is_ended && state.config.end_ms != 0 &&
        state.config.end_ms <= now_ms)
        return end(reg, due->account, due->job, state.config.end);
    if (state.status == KM_JOB_IN_PROGRESS)
        KM_TRY(roll(reg, due->account, due->job));
    return km_reg_job_schedule(reg, due->account, due->job);
}

/* Under the lock it is looked for again: somebody else may have been first. */
static km_status step_within(struct km_registry *reg, struct due *due)
{
    bool is_there = false;
    KM_TRY(find_due(reg, due, &is_there));
    return is_there ? step(reg, due) : KM_OK;
}

km_status km_registry_job_tick(struct km_registry *reg, bool *ret_more)
{
    struct due due = {.job = ""};
    bool is_there = false;
    bool more = false;
    km_reg_enter(reg);
    KM_TRY(km_reg_executions_expire(reg, &more));
    KM_TRY(find_due(reg, &due, &is_there));
    if (is_there) {
        KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
        KM_TRY(km_reg_write_end(reg, step_within(reg, &due)));
    }
    *ret_more = more || is_there;
    return KM_OK;
}
