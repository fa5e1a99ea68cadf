/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that change because of something else: their time is over, a thing has gone, groups are others. */
#include "cloud/registry/job.h"

km_status km_reg_executions_take(struct km_registry *reg, const char *sql, struct km_values values,
                                 struct km_executions *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    ret->n = 0;
    KM_TRY(km_reg_query(reg, sql, values, &query));
    while (ret->n < KM_EXECUTIONS_AT_ONCE && km_query_next(&query)) {
        km_query_copy(&query, 0, ret->items[ret->n].account, KM_ACCOUNT_LEN);
        km_query_copy(&query, 1, ret->items[ret->n].thing, KM_THING_NAME_MAX);
        km_query_copy(&query, 2, ret->items[ret->n].job, KM_JOB_ID_MAX);
        ret->items[ret->n].number = km_query_number(&query, 3);
        ret->n++;
    }
    return km_query_finish(&query);
}

km_status km_reg_executions_end(struct km_registry *reg, const struct km_executions *executions,
                                enum km_execution_status status, bool is_forced)
{
    for (size_t i = 0; i < executions->n; i++) {
        const struct km_execution_key key = {.thing = executions->items[i].thing,
                                             .job = executions->items[i].job,
                                             .number = executions->items[i].number};
        KM_TRY(km_reg_execution_end(reg, executions->items[i].account, &key, status, is_forced));
    }
    return KM_OK;
}

/* ---- timers ---- */

static const char due_sql[] =
    "SELECT account, thing, job, number FROM job_execution WHERE due_ms <> 0 AND due_ms <= ?1"
    " UNION SELECT account, thing, job, number FROM job_execution"
    " WHERE step_due_ms <> 0 AND step_due_ms <= ?1 LIMIT ?2";

static km_status take_due(struct km_registry *reg, struct km_executions *ret)
{
    return km_reg_executions_take(
        reg, due_sql,
        KM_VALUES(km_value_number(km_reg_now(reg)), km_value_number(KM_EXECUTIONS_AT_ONCE)), ret);
}

/* Under the lock they are looked for again: somebody else may have been first. */
static km_status expire(struct km_registry *reg, struct km_executions *due)
{
    KM_TRY(take_due(reg, due));
    return km_reg_executions_end(reg, due, KM_EXECUTION_TIMED_OUT, false);
}

km_status km_reg_executions_expire(struct km_registry *reg, bool *ret_more)
{
    struct km_executions due = {.n = 0};
    KM_TRY(take_due(reg, &due));
    if (due.n > 0) {
        KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
        KM_TRY(km_reg_write_end(reg, expire(reg, &due)));
    }
    *ret_more = due.n == KM_EXECUTIONS_AT_ONCE;
    return KM_OK;
}

/* ---- things and groups ---- */

/* The groups that a thing is in, and those above them. */
#define WITH_GROUPS                                                                                \
    "WITH RECURSIVE up (name) AS (SELECT name FROM group_thing WHERE account = ?1 AND thing = ?2"  \
    " UNION SELECT g.parent FROM thing_group g JOIN up ON g.name = up.name WHERE g.account = ?1"   \
    " AND g.parent IS NOT NULL) "
#define IS_TARGET                                                                                  \
    "EXISTS (SELECT 1 FROM job_target t WHERE t.account = ?1 AND t.job = j.id AND ("               \
    "(t.kind = 1 AND t.name = ?2) OR (t.kind = 2 AND t.name IN (SELECT name FROM up))))"
#define GOES_ON "j.account = ?1 AND j.is_continuous = 1 AND j.is_ended = 0 AND j.status = 1"

/* One that was removed from a job's groups before may come again. */
static const char joined_sql[] =
    WITH_GROUPS "SELECT ?1, ?2, j.id, 0 FROM job j WHERE " GOES_ON " AND " IS_TARGET
                " AND NOT EXISTS (SELECT 1 FROM job_execution e WHERE e.account = ?1"
                " AND e.thing = ?2 AND e.job = j.id AND e.status <> 6)"
                " AND NOT EXISTS (SELECT 1 FROM job_waiting w WHERE w.account = ?1"
                " AND w.thing = ?2 AND w.job = j.id) ORDER BY j.created_ms, j.id LIMIT ?3";
static const char left_sql[] =
    WITH_GROUPS "SELECT e.account, e.thing, e.job, e.number FROM job_execution e"
                " JOIN job j ON j.id = e.job WHERE e.account = ?1 AND e.thing = ?2"
                " AND e.status < 2 AND " GOES_ON " AND NOT " IS_TARGET " LIMIT ?3";
static const char left_waiting_sql[] =
    WITH_GROUPS "DELETE FROM job_waiting WHERE account = ?1 AND thing = ?2 AND job IN"
                " (SELECT j.id FROM job j WHERE " GOES_ON " AND NOT " IS_TARGET ")";
_Static_assert(KM_EXECUTION_REMOVED == 6 && KM_JOB_IN_PROGRESS == 1, "as the texts say");

static km_status join_some(struct km_registry *reg, const struct km_executions *jobs)
{
    for (size_t i = 0; i < jobs->n; i++)
        KM_TRY(
            km_reg_job_join(reg, jobs->items[i].account, jobs->items[i].thing, jobs->items[i].job));
    return KM_OK;
}

km_status km_reg_job_members(struct km_registry *reg, const char *account, const char *thing)
{
    const struct km_values values = KM_VALUES(km_value_text(account), km_value_text(thing),
                                              km_value_number(KM_EXECUTIONS_AT_ONCE));
    struct km_executions some = {.n = 1};
    KM_TRY(km_reg_run(reg, left_waiting_sql, values, NULL));
    while (some.n > 0) {
        KM_TRY(km_reg_executions_take(reg, left_sql, values, &some));
        KM_TRY(km_reg_executions_end(reg, &some, KM_EXECUTION_REMOVED, false));
    }
    for (some.n = 1; some.n > 0;) {
        KM_TRY(km_reg_executions_take(reg, joined_sql, values, &some));
        KM_TRY(join_some(reg, &some));
    }
    return KM_OK;
}

static km_status leave(struct km_registry *reg, const char *account, const char *group,
                       const char *thing)
{
    KM_TRY(km_reg_run(
        reg, "DELETE FROM group_thing WHERE account = ?1 AND name = ?2 AND thing = ?3",
        KM_VALUES(km_value_text(account), km_value_text(group), km_value_text(thing)), NULL));
    return km_reg_job_members(reg, account, thing);
}

km_status km_reg_job_group_gone(struct km_registry *reg, const char *account, const char *group)
{
    static const char sql[] =
        "SELECT m.account, m.thing, '', 0 FROM group_thing m WHERE m.account = ?1 AND m.name = ?2"
        " AND (EXISTS (SELECT 1 FROM job_execution e JOIN job j ON j.account = ?1 AND j.id = e.job"
        " WHERE e.account = ?1 AND e.thing = m.thing AND e.status < 2 AND j.is_continuous = 1)"
        " OR EXISTS (SELECT 1 FROM job_waiting w JOIN job j ON j.account = ?1 AND j.id = w.job"
        " WHERE w.account = ?1 AND w.thing = m.thing AND j.is_continuous = 1)) LIMIT ?3";
    struct km_executions some = {.n = 1};
    while (some.n > 0) {
        KM_TRY(km_reg_executions_take(reg, sql,
                                      KM_VALUES(km_value_text(account), km_value_text(group),
                                                km_value_number(KM_EXECUTIONS_AT_ONCE)),
                                      &some));
        for (size_t i = 0; i < some.n; i++)
            KM_TRY(leave(reg, account, group, some.items[i].thing));
    }
    return KM_OK;
}

/* A job may have waited for nobody else. */
static km_status await_no_more(struct km_registry *reg, const struct km_executions *waiting)
{
    for (size_t i = 0; i < waiting->n; i++) {
        const char *account = waiting->items[i].account;
        KM_TRY(km_reg_run(reg,
                          "DELETE FROM job_waiting WHERE account = ?1 AND thing = ?2 AND job = ?3",
                          KM_VALUES(km_value_text(account), km_value_text(waiting->items[i].thing),
                                    km_value_text(waiting->items[i].job)),
                          NULL));
        KM_TRY(km_reg_job_schedule(reg, account, waiting->items[i].job));
        KM_TRY(km_reg_job_finish(reg, account, waiting->items[i].job));
    }
    return KM_OK;
}

km_status km_reg_job_thing_gone(struct km_registry *reg, const char *account, const char *thing)
{
    static const char waiting_sql[] = "SELECT account, thing, job, 0 FROM job_waiting"
                                      " WHERE account = ?1 AND thing = ?2 LIMIT ?3";
    static const char sql[] = "SELECT account, thing, job, number FROM job_execution"
                              " WHERE account = ?1 AND thing = ?2 AND status < 2 LIMIT ?3";
    const struct km_values values = KM_VALUES(km_value_text(account), km_value_text(thing),
                                              km_value_number(KM_EXECUTIONS_AT_ONCE));
    struct km_executions some = {.n = 1};
    while (some.n > 0) {
        KM_TRY(km_reg_executions_take(reg, waiting_sql, values, &some));
        KM_TRY(await_no_more(reg, &some));
    }
    for (some.n = 1; some.n > 0;) {
        KM_TRY(km_reg_executions_take(reg, sql, values, &some));
        KM_TRY(km_reg_executions_end(reg, &some, KM_EXECUTION_REMOVED, false));
    }
    return KM_OK;
}
