/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/job.h"

#include "cloud/registry/attribute.h"

#include <string.h>

km_status km_reg_job_check(struct km_registry *reg, const char *account, const char *job)
{
    return km_reg_check_name(reg, account, "a job's id", job, KM_JOB_ID_MAX, "_-");
}

static km_status unknown(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no job %s", id);
}

km_status km_reg_job_check_minutes(struct km_registry *reg, int64_t minutes)
{
    if (minutes > KM_JOB_MINUTES_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a job's time is at most %d minutes", KM_JOB_MINUTES_MAX);
    return KM_OK;
}

km_status km_reg_job_finish(struct km_registry *reg, const char *account, const char *job)
{
    static const char sql[] =
        "UPDATE job SET status = 3, completed_ms = ?3, modified_ms = ?3, due_ms = 0"
        " WHERE account = ?1 AND id = ?2 AND status = 1 AND (is_continuous = 0 OR is_ended = 1)"
        " AND NOT EXISTS (SELECT 1 FROM job_execution e WHERE e.account = ?1 AND e.job = ?2"
        " AND e.status < 2) AND NOT EXISTS (SELECT 1 FROM job_waiting w WHERE w.account = ?1"
        " AND w.job = ?2)";
    int64_t n_changed = 0;
    _Static_assert(KM_JOB_IN_PROGRESS == 1 && KM_JOB_COMPLETED == 3, "as the text says");
    KM_TRY(km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(account), km_value_text(job), km_value_number(km_reg_now(reg))),
        &n_changed));
    return n_changed == 0 ? KM_OK : km_reg_job_event(reg, account, job, "completed");
}

/* ---- making ---- */

static km_status check_new(struct km_registry *reg, const char *account,
                           const struct km_registry_job_new *job)
{
    KM_TRY(km_reg_job_check(reg, account, job->id));
    KM_TRY(km_reg_check_text(reg, "a job's document", job->document, 1, KM_JOB_DOCUMENT_MAX));
    KM_TRY(km_reg_check_text(reg, "a description", job->description, 0, KM_JOB_TEXT_MAX));
    KM_TRY(km_reg_job_check_minutes(reg, job->minutes));
    KM_TRY(km_reg_job_check_config(reg, job->config));
    if (job->n_targets < 1 || job->n_targets > KM_JOB_TARGETS_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a job has 1 to %d targets", KM_JOB_TARGETS_MAX);
    return KM_OK;
}

static km_status insert_job(struct km_registry *reg, const char *account,
                            const struct km_registry_job_new *job)
{
    static const char sql[] =
        "INSERT INTO job (account, id, document, description, is_continuous, minutes, status,"
        " is_forced, created_ms, modified_ms, completed_ms, config, template)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 0, ?7, ?7, 0, ?8, ?9) ON CONFLICT DO NOTHING";
    int64_t n_changed = 0;
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(job->id),
                                km_value_text(job->document), km_value_text(job->description),
                                km_value_number(job->is_continuous), km_value_number(job->minutes),
                                km_value_number(km_reg_now(reg)), km_value_text(job->config),
                                km_value_text(job->template_id)),
                      &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "job %s exists", job->id);
    return KM_OK;
}

static km_status find_target(struct km_registry *reg, const char *account,
                             const struct km_job_target *target)
{
    bool is_there = false;
    if (target->kind == KM_JOB_TARGET_THING)
        return km_reg_find_thing(reg, account, target->name);
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM thing_group WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(target->name)),
                         &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no group %s", target->name);
    return KM_OK;
}

km_status km_reg_job_targets_insert(struct km_registry *reg, const char *account, const char *job,
                                    const struct km_job_target *targets, size_t n_targets)
{
    for (size_t i = 0; i < n_targets; i++) {
        KM_TRY(km_reg_check_name(reg, account, "a target's name", targets[i].name,
                                 KM_THING_NAME_MAX, KM_CHARS_THING));
        KM_TRY(find_target(reg, account, &targets[i]));
        KM_TRY(
            km_reg_run(reg,
                       "INSERT INTO job_target (account, job, kind, name)"
                       " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                       KM_VALUES(km_value_text(account), km_value_text(job),
                                 km_value_number(targets[i].kind), km_value_text(targets[i].name)),
                       NULL));
    }
    return KM_OK;
}

/* It begins at once, or with the first tick after its start. */
static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_job_new *job)
{
    struct km_job_state state = {0};
    _Static_assert(KM_JOB_SCHEDULED == 4, "as the text says");
    KM_TRY(insert_job(reg, account, job));
    KM_TRY(km_reg_job_targets_insert(reg, account, job->id, job->targets, job->n_targets));
    KM_TRY(km_reg_job_state(reg, account, job->id, &state));
    if (state.config.start_ms <= km_reg_now(reg))
        return km_reg_job_begin(reg, account, job->id);
    KM_TRY(km_reg_run(reg, "UPDATE job SET status = 4 WHERE account = ?1 AND id = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(job->id)), NULL));
    return km_reg_job_schedule(reg, account, job->id);
}

km_status km_registry_job_create(struct km_registry *reg, const char *account,
                                 const struct km_registry_job_new *job)
{
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, job));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, job));
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "j.id, j.description, j.is_continuous, j.status, j.is_forced, j.reason_code, j.comment,"       \
    " j.minutes, j.created_ms, j.modified_ms, j.completed_ms, j.config, j.template,"               \
    " CASE WHEN EXISTS (SELECT 1 FROM job_waiting w WHERE w.account = j.account"                   \
    " AND w.job = j.id) THEN 1 ELSE 0 END"

static struct km_registry_job take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_job){
        .id = km_query_text(query, arena, 0),
        .description = km_query_text(query, arena, 1),
        .is_continuous = km_query_flag(query, 2),
        .status = (enum km_job_status)km_query_number(query, 3),
        .is_forced = km_query_flag(query, 4),
        .reason_code = km_query_text(query, arena, 5),
        .comment = km_query_text(query, arena, 6),
        .minutes = km_query_number(query, 7),
        .created_ms = km_query_number(query, 8),
        .modified_ms = km_query_number(query, 9),
        .completed_ms = km_query_number(query, 10),
        .config = km_query_text(query, arena, 11),
        .template_id = km_query_text(query, arena, 12),
        .is_rolling_out = km_query_flag(query, 13),
    };
}

static km_status read_targets(struct km_registry *reg, struct km_arena *arena, const char *account,
                              const char *id, struct km_registry_job_more *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_job_target *items = km_arena_array(arena, KM_JOB_TARGETS_MAX, sizeof(*items));
    size_t n = 0;
    if (items == NULL)
        return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room for targets");
    KM_TRY(km_reg_query(reg,
                        "SELECT kind, name FROM job_target WHERE account = ?1 AND job = ?2"
                        " ORDER BY kind, name",
                        KM_VALUES(km_value_text(account), km_value_text(id)), &query));
    while (n < KM_JOB_TARGETS_MAX && km_query_next(&query))
        items[n++] =
            (struct km_job_target){.kind = (enum km_job_target_kind)km_query_number(&query, 0),
                                   .name = km_query_text(&query, arena, 1)};
    ret->targets = items;
    ret->n_targets = n;
    return km_query_finish(&query);
}

km_status km_reg_job_count(struct km_registry *reg, const char *account, const char *job,
                           int64_t ret[KM_EXECUTION_N_STATUS])
{
    static const char sql[] =
        "SELECT status, count(*) FROM (SELECT status, row_number() OVER (PARTITION BY thing"
        " ORDER BY number DESC) AS age FROM job_execution WHERE account = ?1 AND job = ?2) newest"
        " WHERE age = 1 GROUP BY status";
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg, sql, KM_VALUES(km_value_text(account), km_value_text(job)), &query));
    while (km_query_next(&query)) {
        int64_t status = km_query_number(&query, 0);
        if (status >= 0 && status < KM_EXECUTION_N_STATUS)
            ret[status] = km_query_number(&query, 1);
    }
    return km_query_finish(&query);
}

km_status km_registry_job_get(struct km_registry *reg, struct km_arena *arena, const char *account,
                              const char *id, struct km_registry_job *ret,
                              struct km_registry_job_more *ret_more)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_job job = {0};
    struct km_registry_job_more more = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, id));
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM job j WHERE account = ?1 AND id = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(id)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        job = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = job;
    if (ret_more == NULL)
        return KM_OK;
    KM_TRY(read_targets(reg, arena, account, id, &more));
    KM_TRY(km_reg_job_count(reg, account, id, more.n_executions));
    *ret_more = more;
    return KM_OK;
}

km_status km_registry_job_document(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *id, const char **ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    const char *document = NULL;
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, id));
    KM_TRY(km_reg_query(reg, "SELECT document FROM job WHERE account = ?1 AND id = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(id)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        document = km_query_text(&query, arena, 0);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = document;
    return KM_OK;
}

static const struct km_list_sql list_jobs =
    KM_LIST_BY_BOTH(KM_LIST_TAG_JOB,
                    "SELECT " COLUMNS " FROM job j WHERE j.account = ?1"
                    " AND (?5 = 0 OR j.status = ?5) AND (?6 < 0 OR j.is_continuous = ?6)"
                    " AND (?7 IS NULL OR EXISTS (SELECT 1 FROM job_target t WHERE t.account = ?1"
                    " AND t.kind = 2 AND t.name = ?7 AND t.job = j.id))",
                    "j.created_ms", "j.id", 8, 0);

km_status km_registry_job_list(struct km_registry *reg, struct km_arena *arena, const char *account,
                               const struct km_registry_job_filter *filter,
                               const struct km_registry_page *page,
                               struct km_registry_job_list *ret)
{
    static const struct km_registry_job_filter any = {0};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    const char *next = NULL;
    if (filter == NULL)
        filter = &any;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(
        km_list_start(&list, &list_jobs, page, account,
                      KM_VALUES(km_value_number(filter->status),
                                km_value_number(filter->has_selection ? filter->is_continuous : -1),
                                km_value_text(filter->group))));
    struct km_registry_job *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_job_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

/* ---- changing ---- */

static km_status find(struct km_registry *reg, const char *account, const char *id,
                      int64_t *ret_status)
{
    km_status status =
        km_reg_number(reg, "SELECT status FROM job WHERE account = ?1 AND id = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(id)), ret_status);
    return status == KM_E_NOTFOUND ? unknown(reg, id) : status;
}

static km_status is_over(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_STATE, "job %s is over", id);
}

static km_status update(struct km_registry *reg, const char *account, const char *id,
                        const struct km_registry_job_update *update)
{
    static const char sql[] =
        "UPDATE job SET description = coalesce(?3, description),"
        " minutes = CASE WHEN ?4 < 0 THEN minutes ELSE ?4 END, config = coalesce(?6, config),"
        " modified_ms = ?5 WHERE account = ?1 AND id = ?2";
    int64_t now = 0;
    KM_TRY(find(reg, account, id, &now));
    if (now != KM_JOB_IN_PROGRESS && now != KM_JOB_SCHEDULED)
        return is_over(reg, id);
    KM_TRY(
        km_reg_run(reg, sql,
                   KM_VALUES(km_value_text(account), km_value_text(id),
                             km_value_text(update->description), km_value_number(update->minutes),
                             km_value_number(km_reg_now(reg)), km_value_text(update->config)),
                   NULL));
    return update->config == NULL ? KM_OK : km_reg_job_schedule(reg, account, id);
}

km_status km_registry_job_update(struct km_registry *reg, const char *account, const char *id,
                                 const struct km_registry_job_update *values)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, id));
    KM_TRY(km_reg_check_text(reg, "a description", values->description, 0, KM_JOB_TEXT_MAX));
    KM_TRY(km_reg_job_check_minutes(reg, values->minutes));
    KM_TRY(km_reg_job_check_config(reg, values->config));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, update(reg, account, id, values));
}

/* Those with a status of at most that. */
static km_status end_all(struct km_registry *reg, const char *account, const char *id,
                         enum km_execution_status most, bool is_forced)
{
    static const char sql[] =
        "UPDATE job_execution SET status = 7, is_forced = ?4, due_ms = 0, step_due_ms = 0,"
        " modified_ms = ?5, version = version + 1 WHERE account = ?1 AND job = ?2 AND status <= ?3";
    _Static_assert(KM_EXECUTION_CANCELED == 7, "as the text says");
    KM_TRY(km_reg_executions_tell(reg, account, id, most));
    KM_TRY(km_reg_executions_canceled(reg, account, id, most));
    return km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(id), km_value_number(most),
                                km_value_number(is_forced), km_value_number(km_reg_now(reg))),
                      NULL);
}

static km_status store_cancel(struct km_registry *reg, const char *account, const char *id,
                              const struct km_registry_job_cancel *cancel)
{
    static const char sql[] =
        "UPDATE job SET status = 2, is_forced = ?3, reason_code = ?4, comment = ?5,"
        " modified_ms = ?6, due_ms = 0 WHERE account = ?1 AND id = ?2";
    _Static_assert(KM_JOB_CANCELED == 2, "as the text says");
    KM_TRY(km_reg_run(reg, "DELETE FROM job_waiting WHERE account = ?1 AND job = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(id)), NULL));
    return km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(id),
                                km_value_number(cancel->is_forced),
                                km_value_text(cancel->reason_code), km_value_text(cancel->comment),
                                km_value_number(km_reg_now(reg))),
                      NULL);
}

km_status km_reg_job_cancel(struct km_registry *reg, const char *account, const char *job,
                            const struct km_registry_job_cancel *cancel)
{
    int64_t now = 0;
    KM_TRY(find(reg, account, job, &now));
    if (now == KM_JOB_COMPLETED || (now == KM_JOB_CANCELED && !cancel->is_forced))
        return is_over(reg, job);
    KM_TRY(store_cancel(reg, account, job, cancel));
    KM_TRY(km_reg_job_event(reg, account, job, "cancellation_in_progress"));
    KM_TRY(end_all(reg, account, job,
                   cancel->is_forced ? KM_EXECUTION_IN_PROGRESS : KM_EXECUTION_QUEUED,
                   cancel->is_forced));
    return km_reg_job_event(reg, account, job, "canceled");
}

km_status km_registry_job_cancel(struct km_registry *reg, const char *account, const char *id,
                                 const struct km_registry_job_cancel *cancel)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, id));
    if (cancel->reason_code != NULL)
        KM_TRY(km_reg_check_name(reg, account, "a reason code", cancel->reason_code,
                                 KM_JOB_REASON_MAX, "_"));
    KM_TRY(km_reg_check_text(reg, "a comment", cancel->comment, 0, KM_JOB_TEXT_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, km_reg_job_cancel(reg, account, id, cancel));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *id,
                               bool is_forced)
{
    int64_t now = 0;
    KM_TRY(find(reg, account, id, &now));
    if (now == KM_JOB_IN_PROGRESS && !is_forced)
        return KM_REG_FAIL(reg, KM_E_STATE, "job %s is IN_PROGRESS", id);
    KM_TRY(km_reg_job_event(reg, account, id, "deletion_in_progress"));
    KM_TRY(end_all(reg, account, id, KM_EXECUTION_IN_PROGRESS, true));
    KM_TRY(km_reg_job_event(reg, account, id, "deleted"));
    KM_TRY(km_reg_run_one(reg, "DELETE FROM job WHERE account = ?1 AND id = ?2",
                          KM_VALUES(km_value_text(account), km_value_text(id))));
    return km_reg_tags_forget(reg, account, KM_TAGGED_JOB, id);
}

km_status km_registry_job_delete(struct km_registry *reg, const char *account, const char *id,
                                 bool is_forced)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_job_check(reg, account, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, id, is_forced));
}
