/* SPDX-License-Identifier: Apache-2.0 */
/* Executions of jobs: read, queued, changed. Each change says in the feed whose pending executions are others now. */
#include "cloud/registry/job.h"

#include <string.h>

#define KEY_VALUES(account, key)                                                                   \
    km_value_text(account), km_value_text((key)->thing), km_value_text((key)->job),                \
        km_value_number((key)->number)
#define KEY "account = ?1 AND thing = ?2 AND job = ?3 AND number = ?4"
#define PENDING " WHERE e.account = ?1 AND e.thing = ?2 AND e.status < 2"
#define PENDING_ORDER " ORDER BY e.status DESC, e.queued_ms, e.job"
_Static_assert(KM_EXECUTION_IN_PROGRESS == 1, "as the texts say");

static km_status check_thing(struct km_registry *reg, const char *account, const char *thing)
{
    return km_reg_check_name(reg, account, "a thing's name", thing, KM_THING_NAME_MAX,
                             KM_CHARS_THING);
}

static km_status check(struct km_registry *reg, const char *account,
                       const struct km_execution_key *key)
{
    KM_TRY(check_thing(reg, account, key->thing));
    return km_reg_job_check(reg, account, key->job);
}

static km_status unknown(struct km_registry *reg, const struct km_execution_key *key)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "thing %s has no such execution of job %s", key->thing,
                       key->job);
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "e.thing, e.job, e.number, e.status, e.is_forced, e.details, e.version, e.queued_ms,"          \
    " e.started_ms, e.modified_ms, e.due_ms, e.step_due_ms"

static struct km_execution take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_execution){
        .thing = km_query_text(query, arena, 0),
        .job = km_query_text(query, arena, 1),
        .number = km_query_number(query, 2),
        .status = (enum km_execution_status)(km_query_number(query, 3) % KM_EXECUTION_N_STATUS),
        .is_forced = km_query_flag(query, 4),
        .details = km_query_text(query, arena, 5),
        .version = km_query_number(query, 6),
        .queued_ms = km_query_number(query, 7),
        .started_ms = km_query_number(query, 8),
        .modified_ms = km_query_number(query, 9),
        .due_ms = km_query_number(query, 10),
        .step_due_ms = km_query_number(query, 11),
    };
}

km_status km_registry_execution_get(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_execution_key *key,
                                    struct km_execution *ret)
{
    static const char sql[] =
        "SELECT " COLUMNS ", j.minutes, j.document FROM job_execution e"
        " JOIN job j ON j.account = e.account AND j.id = e.job"
        " WHERE e.account = ?1 AND e.thing = ?2 AND e.job = ?3 AND (?4 = 0 OR e.number = ?4)"
        " ORDER BY e.number DESC LIMIT 1";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_execution execution = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, key));
    KM_TRY(km_reg_query(reg, sql, KM_VALUES(KEY_VALUES(account, key)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        execution = take(&query, arena);
        execution.minutes = km_query_number(&query, 12);
        execution.document = km_query_text(&query, arena, 13);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, key);
    *ret = execution;
    return KM_OK;
}

km_status km_registry_execution_pending(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *thing, unsigned limit,
                                        struct km_execution_list *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    size_t n = 0;
    km_reg_enter(reg);
    KM_TRY(check_thing(reg, account, thing));
    struct km_execution *items = km_arena_array(arena, limit, sizeof(*items));
    if (items == NULL)
        return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room for executions");
    KM_TRY(km_reg_query(
        reg, "SELECT " COLUMNS " FROM job_execution e" PENDING PENDING_ORDER " LIMIT ?3",
        KM_VALUES(km_value_text(account), km_value_text(thing), km_value_number(limit)), &query));
    while (n < limit && km_query_next(&query))
        items[n++] = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    *ret = (struct km_execution_list){.items = items, .n_items = n};
    return KM_OK;
}

/* How often the thing had failed before it was this one's turn. */
#define RETRIES                                                                                    \
    ", (SELECT count(*) FROM job_execution o WHERE o.account = e.account AND o.thing = e.thing"    \
    " AND o.job = e.job AND o.number < e.number AND o.status IN (3, 4))"
_Static_assert(KM_EXECUTION_FAILED == 3 && KM_EXECUTION_TIMED_OUT == 4, "as the text says");

static const struct km_list_sql list_of_job = KM_LIST_BY_BOTH(
    KM_LIST_TAG_EXECUTION,
    "SELECT " COLUMNS RETRIES " FROM job_execution e WHERE e.account = ?1 AND e.job = ?5"
    " AND (?6 < 0 OR e.status = ?6)",
    "e.number", "e.thing", 2, 0);
static const struct km_list_sql list_of_thing = KM_LIST_BY_BOTH(
    KM_LIST_TAG_EXECUTION + 1,
    "SELECT " COLUMNS RETRIES " FROM job_execution e WHERE e.account = ?1 AND e.thing = ?5"
    " AND (?6 < 0 OR e.status = ?6) AND (?7 IS NULL OR e.job = ?7)",
    "e.number", "e.job", 2, 1);

static km_status read_list(struct km_list *list, struct km_execution_list *ret)
{
    const char *next = NULL;
    struct km_execution *items = km_list_items(list, sizeof(*items));
    while (items != NULL && km_list_next(list)) {
        items[list->n_rows - 1] = take(&list->query, list->arena);
        items[list->n_rows - 1].n_retries = km_query_number(&list->query, 12);
    }
    KM_TRY(km_list_finish(list, &next));
    *ret = (struct km_execution_list){.items = items, .n_items = list->n_rows, .next = next};
    return KM_OK;
}

km_status km_registry_execution_of_job(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *job, int status,
                                       const struct km_registry_page *page,
                                       struct km_execution_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, job));
    KM_TRY(km_list_start(&list, &list_of_job, page, account,
                         KM_VALUES(km_value_text(job), km_value_number(status))));
    return read_list(&list, ret);
}

km_status km_registry_execution_of_thing(struct km_registry *reg, struct km_arena *arena,
                                         const char *account, const char *thing, const char *job,
                                         int status, const struct km_registry_page *page,
                                         struct km_execution_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(check_thing(reg, account, thing));
    if (job != NULL)
        KM_TRY(km_reg_job_check(reg, account, job));
    KM_TRY(km_list_start(
        &list, &list_of_thing, page, account,
        KM_VALUES(km_value_text(thing), km_value_number(status), km_value_text(job))));
    return read_list(&list, ret);
}

/* ---- what changes in the list of a thing ---- */

/* The first pending execution of a thing; all zero: none. */
struct head {
    char job[KM_JOB_ID_MAX + 1];
    int64_t number;
};

static km_status read_head(struct km_registry *reg, const char *account, const char *thing,
                           struct head *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct head head = {0};
    KM_TRY(km_reg_query(
        reg, "SELECT e.job, e.number FROM job_execution e" PENDING PENDING_ORDER " LIMIT 1",
        KM_VALUES(km_value_text(account), km_value_text(thing)), &query));
    if (km_query_next(&query)) {
        km_query_copy(&query, 0, head.job, KM_JOB_ID_MAX);
        head.number = km_query_number(&query, 1);
    }
    *ret = head;
    return km_query_finish(&query);
}

static bool is_same(const struct head *head, const char *job, int64_t number)
{
    return head->number == number && strcmp(head->job, job) == 0;
}

static km_status tell(struct km_registry *reg, const char *account, const char *thing, bool is_next)
{
    return km_reg_change(reg, is_next ? KM_CHANGE_NEXT_EXECUTION : KM_CHANGE_EXECUTIONS, account,
                         thing);
}

km_status km_reg_execution_tell(struct km_registry *reg, const char *account,
                                const struct km_execution_key *key)
{
    struct head head = {0};
    KM_TRY(read_head(reg, account, key->thing, &head));
    return tell(reg, account, key->thing, is_same(&head, key->job, key->number));
}

km_status km_reg_executions_tell(struct km_registry *reg, const char *account, const char *job,
                                 enum km_execution_status most)
{
    static const char sql[] =
        "INSERT INTO change (generation, kind, account, id)"
        " SELECT (SELECT coalesce(max(generation), 0) FROM change)"
        " + row_number() OVER (ORDER BY e.thing),"
        " CASE WHEN EXISTS (SELECT 1 FROM job_execution o WHERE o.account = e.account"
        " AND o.thing = e.thing AND o.status < 2 AND (o.status > e.status"
        " OR (o.status = e.status AND (o.queued_ms, o.job) < (e.queued_ms, e.job))))"
        " THEN 20 ELSE 21 END, e.account, e.thing FROM job_execution e"
        " WHERE e.account = ?1 AND e.job = ?2 AND e.status <= ?3";
    _Static_assert(KM_CHANGE_EXECUTIONS == 20 && KM_CHANGE_NEXT_EXECUTION == 21,
                   "as the text says");
    return km_reg_change_many(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(job), km_value_number(most)));
}

/* ---- changing ---- */

km_status km_reg_execution_queue(struct km_registry *reg, const char *account, const char *thing,
                                 const char *job)
{
    static const char sql[] =
        "INSERT INTO job_execution (account, thing, job, number, status, is_forced, version,"
        " queued_ms, started_ms, modified_ms, due_ms, step_due_ms)"
        " SELECT ?1, ?2, ?3, coalesce(max(number), 0) + 1, 0, 0, 1, ?4, 0, ?4, 0, 0"
        " FROM job_execution WHERE account = ?1 AND thing = ?2 AND job = ?3";
    struct head head = {0};
    KM_TRY(read_head(reg, account, thing, &head));
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(job),
                                km_value_number(km_reg_now(reg))),
                      NULL));
    return tell(reg, account, thing, head.number == 0);
}

static km_status store(struct km_registry *reg, const char *account,
                       const struct km_execution_key *key, const struct km_execution_change *change)
{
    static const char sql[] =
        "UPDATE job_execution SET status = ?6, is_forced = ?7, details = coalesce(?8, details),"
        " started_ms = ?9, due_ms = ?10, step_due_ms = ?11, modified_ms = ?12,"
        " version = version + 1 WHERE " KEY " AND version = ?5 AND status < 2";
    km_status status = km_reg_run_one(
        reg, sql,
        KM_VALUES(KEY_VALUES(account, key), km_value_number(change->version),
                  km_value_number(change->status), km_value_number(change->is_forced),
                  km_value_text(change->details), km_value_number(change->started_ms),
                  km_value_number(change->due_ms), km_value_number(change->step_due_ms),
                  km_value_number(km_reg_now(reg))));
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, KM_E_STALE, "the execution of job %s is not at version %lld",
                           key->job, (long long)change->version);
    return status;
}

static km_status put(struct km_registry *reg, const char *account,
                     const struct km_execution_key *key, const struct km_execution_change *change)
{
    struct head before = {0};
    struct head after = {0};
    int64_t old = 0;
    km_status status = km_reg_number(reg, "SELECT status FROM job_execution WHERE " KEY,
                                     KM_VALUES(KEY_VALUES(account, key)), &old);
    if (status == KM_E_NOTFOUND)
        return unknown(reg, key);
    KM_TRY(status);
    KM_TRY(read_head(reg, account, key->thing, &before));
    KM_TRY(store(reg, account, key, change));
    if (old == (int64_t)change->status)
        return KM_OK;
    KM_TRY(read_head(reg, account, key->thing, &after));
    KM_TRY(tell(reg, account, key->thing, !is_same(&before, after.job, after.number)));
    return km_execution_is_over(change->status)
               ? km_reg_execution_ended(reg, account, key, change->status)
               : KM_OK;
}

km_status km_registry_execution_put(struct km_registry *reg, const char *account,
                                    const struct km_execution_key *key,
                                    const struct km_execution_change *change)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, key));
    KM_TRY(km_reg_check_text(reg, "details", change->details, 0, KM_JOB_DETAILS_TEXT));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, put(reg, account, key, change));
}

km_status km_reg_execution_end(struct km_registry *reg, const char *account,
                               const struct km_execution_key *key, enum km_execution_status status,
                               bool is_forced)
{
    static const char sql[] =
        "UPDATE job_execution SET status = ?5, is_forced = ?6, due_ms = 0, step_due_ms = 0,"
        " modified_ms = ?7, version = version + 1 WHERE " KEY " AND status < 2";
    int64_t n_changed = 0;
    KM_TRY(km_reg_execution_tell(reg, account, key));
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(KEY_VALUES(account, key), km_value_number(status),
                                km_value_number(is_forced), km_value_number(km_reg_now(reg))),
                      &n_changed));
    return n_changed == 0 ? KM_OK : km_reg_execution_ended(reg, account, key, status);
}

static km_status delete_within(struct km_registry *reg, const char *account,
                               const struct km_execution_key *key, bool is_forced)
{
    int64_t now = 0;
    km_status status = km_reg_number(reg, "SELECT status FROM job_execution WHERE " KEY,
                                     KM_VALUES(KEY_VALUES(account, key)), &now);
    if (status == KM_E_NOTFOUND)
        return unknown(reg, key);
    KM_TRY(status);
    bool is_pending = !km_execution_is_over((enum km_execution_status)now);
    if (is_pending && !is_forced)
        return KM_REG_FAIL(reg, KM_E_STATE, "the execution of job %s by %s is not over", key->job,
                           key->thing);
    if (is_pending)
        KM_TRY(km_reg_execution_tell(reg, account, key));
    KM_TRY(km_reg_execution_event(reg, account, key, "deleted"));
    KM_TRY(km_reg_run_one(reg, "DELETE FROM job_execution WHERE " KEY,
                          KM_VALUES(KEY_VALUES(account, key))));
    return km_reg_job_finish(reg, account, key->job);
}

km_status km_registry_execution_delete(struct km_registry *reg, const char *account,
                                       const struct km_execution_key *key, bool is_forced)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, key));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, key, is_forced));
}
