/* SPDX-License-Identifier: Apache-2.0 */
/* Events of jobs: each is stored in the transaction of what it tells of, and taken by one who tells it. */
#include <stdlib.h>
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/registry/job.h"

#define SETTING_DEPTH 3
#define DETAILS_MAX 65536

/* ---- whether they are on ---- */

static km_status read_switch(struct km_registry *reg, const char *account, const char *type,
                             bool *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_AUTO(km_json_unref) json_t *setting = NULL;
    KM_TRY(km_reg_query(reg, "SELECT value FROM setting WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(KM_SETTING_EVENTS)),
                        &query));
    if (km_query_next(&query))
        KM_TRY(km_json_object(&reg->err, km_query_view(&query, 0), SETTING_DEPTH, &setting));
    *ret = json_is_true(json_object_get(json_object_get(setting, type), "Enabled"));
    return km_query_finish(&query);
}

/* ---- jobs ---- */

static json_t *list_of_targets(const struct km_registry_job_more *more)
{
    json_t *list = json_array();
    for (size_t i = 0; i < more->n_targets; i++) {
        const char *kind = more->targets[i].kind == KM_JOB_TARGET_THING ? "thing" : "thinggroup";
        (void)json_array_append_new(list, json_sprintf("%s/%s", kind, more->targets[i].name));
    }
    return list;
}

static json_t *counts(const struct km_registry_job_more *more)
{
    const int64_t *n = more->n_executions;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "numberOfCanceledThings",
                     (json_int_t)n[KM_EXECUTION_CANCELED], "numberOfRejectedThings",
                     (json_int_t)n[KM_EXECUTION_REJECTED], "numberOfFailedThings",
                     (json_int_t)n[KM_EXECUTION_FAILED], "numberOfRemovedThings",
                     (json_int_t)n[KM_EXECUTION_REMOVED], "numberOfSucceededThings",
                     (json_int_t)n[KM_EXECUTION_SUCCEEDED], "numberOfTimedOutThings",
                     (json_int_t)n[KM_EXECUTION_TIMED_OUT]);
}

/* As the API's events have it: these times are milliseconds. */
static json_t *portrait(const struct km_registry_job *job, const struct km_registry_job_more *more)
{
    json_t *json = json_pack(
        "{s:s, s:o, s:s*, s:I, s:I, s:s*, s:s*}", "targetSelection",
        job->is_continuous ? "CONTINUOUS" : "SNAPSHOT", "targets", list_of_targets(more),
        "description", job->description, "createdAt", (json_int_t)job->created_ms, "lastUpdatedAt",
        (json_int_t)job->modified_ms, "reasonCode", job->reason_code, "comment", job->comment);
    if (job->completed_ms == 0)
        return json;
    (void)json_object_set_new(json, "completedAt", json_integer((json_int_t)job->completed_ms));
    (void)json_object_set_new(json, "jobProcessDetails", counts(more));
    return json;
}

static km_status store(struct km_registry *reg, const char *account, const char *job,
                       const char *operation, const char *details)
{
    static const char sql[] =
        "INSERT INTO job_event (id, account, operation, job, time_ms, details, status, number,"
        " version) SELECT coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4, ?5, 0, 0, 0 FROM job_event";
    KM_TRY(
        km_reg_run(reg, sql,
                   KM_VALUES(km_value_text(account), km_value_text(operation), km_value_text(job),
                             km_value_number(km_reg_now(reg)), km_value_text(details)),
                   NULL));
    return km_reg_change(reg, KM_CHANGE_JOB_EVENT, account, job);
}

static km_status tell(struct km_registry *reg, struct km_arena *arena, const char *account,
                      const char *job, const char *operation)
{
    struct km_registry_job found = {0};
    struct km_registry_job_more more = {0};
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_TRY(km_registry_job_get(reg, arena, account, job, &found, &more));
    KM_AUTO(km_json_unref) json_t *json = portrait(&found, &more);
    if (json == NULL)
        return KM_REG_FAIL(reg, KM_E_NOMEM, "event of job %s", job);
    KM_TRY(km_json_print(&reg->err, json, DETAILS_MAX, &text));
    return store(reg, account, job, operation, text.ptr);
}

km_status km_reg_job_event(struct km_registry *reg, const char *account, const char *job,
                           const char *operation)
{
    bool is_on = false;
    KM_TRY(read_switch(reg, account, "JOB", &is_on));
    if (!is_on)
        return KM_OK;
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(DETAILS_MAX);
    if (arena == NULL)
        return KM_REG_FAIL(reg, KM_E_NOMEM, "event of job %s", job);
    return tell(reg, arena, account, job, operation);
}

/* ---- executions ---- */

km_status km_reg_execution_event(struct km_registry *reg, const char *account,
                                 const struct km_execution_key *key, const char *operation)
{
    static const char sql[] =
        "INSERT INTO job_event (id, account, operation, job, time_ms, details, thing, status,"
        " number, version) SELECT (SELECT coalesce(max(id), 0) FROM job_event) + 1, ?1, ?5, job,"
        " ?6, details, thing, status, number, version FROM job_execution"
        " WHERE account = ?1 AND thing = ?2 AND job = ?3 AND number = ?4";
    bool is_on = false;
    KM_TRY(read_switch(reg, account, "JOB_EXECUTION", &is_on));
    if (!is_on)
        return KM_OK;
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(key->thing),
                                km_value_text(key->job), km_value_number(key->number),
                                km_value_text(operation), km_value_number(km_reg_now(reg))),
                      NULL));
    return km_reg_change(reg, KM_CHANGE_JOB_EVENT, account, key->job);
}

km_status km_reg_executions_canceled(struct km_registry *reg, const char *account, const char *job,
                                     enum km_execution_status most)
{
    static const char sql[] =
        "INSERT INTO job_event (id, account, operation, job, time_ms, details, thing, status,"
        " number, version) SELECT (SELECT coalesce(max(id), 0) FROM job_event)"
        " + row_number() OVER (ORDER BY thing, number), ?1, 'canceled', ?2, ?4, details, thing, 7,"
        " number, version + 1 FROM job_execution"
        " WHERE account = ?1 AND job = ?2 AND status <= ?3";
    bool is_on = false;
    int64_t n_changed = 0;
    _Static_assert(KM_EXECUTION_CANCELED == 7, "as the text says");
    KM_TRY(read_switch(reg, account, "JOB_EXECUTION", &is_on));
    if (!is_on)
        return KM_OK;
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(job), km_value_number(most),
                                km_value_number(km_reg_now(reg))),
                      &n_changed));
    return n_changed == 0 ? KM_OK : km_reg_change(reg, KM_CHANGE_JOB_EVENT, account, job);
}

/* ---- taking ---- */

struct row {
    int64_t order;
    struct km_job_event event;
};

static int by_order(const void *a, const void *b)
{
    int64_t left = ((const struct row *)a)->order;
    int64_t right = ((const struct row *)b)->order;
    return left < right ? -1 : left > right;
}

static struct row take_row(struct km_registry *reg, struct km_query *query, struct km_arena *arena)
{
    char uuid[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_uuid(reg, uuid);
    struct row row = {.order = km_query_number(query, 0)};
    row.event = (struct km_job_event){
        .id = km_arena_text(arena, KM_SLICE_STR(uuid)),
        .operation = km_query_text(query, arena, 1),
        .job = km_query_text(query, arena, 2),
        .time_ms = km_query_number(query, 3),
        .details = km_query_text(query, arena, 4),
        .thing = km_query_text(query, arena, 5),
        .status = (enum km_execution_status)(km_query_number(query, 6) % KM_EXECUTION_N_STATUS),
        .number = km_query_number(query, 7),
        .version = km_query_number(query, 8),
    };
    return row;
}

/* Rows that a statement gives back come in no order. */
static km_status take(struct km_registry *reg, struct km_arena *arena, const char *account,
                      struct km_job_event *items, size_t *ret_n)
{
    static const char sql[] =
        "DELETE FROM job_event WHERE id IN (SELECT id FROM job_event WHERE account = ?1"
        " ORDER BY id LIMIT ?2) RETURNING id, operation, job, time_ms, details, thing, status,"
        " number, version";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct row rows[KM_JOB_EVENTS_AT_ONCE] = {0};
    size_t n = 0;
    KM_TRY(km_reg_query(reg, sql,
                        KM_VALUES(km_value_text(account), km_value_number(KM_JOB_EVENTS_AT_ONCE)),
                        &query));
    while (n < KM_JOB_EVENTS_AT_ONCE && km_query_next(&query)) {
        rows[n] = take_row(reg, &query, arena);
        if (rows[n++].event.id == NULL)
            return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room for events");
    }
    KM_TRY(km_query_finish(&query));
    qsort(rows, n, sizeof(rows[0]), by_order);
    for (size_t i = 0; i < n; i++)
        items[i] = rows[i].event;
    *ret_n = n;
    return KM_OK;
}

km_status km_registry_job_events_take(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, struct km_job_event_list *ret)
{
    bool is_there = false;
    struct km_job_event *items = NULL;
    size_t n = 0;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM job_event WHERE account = ?1 LIMIT 1",
                         KM_VALUES(km_value_text(account)), &is_there));
    if (is_there) {
        items = km_arena_array(arena, KM_JOB_EVENTS_AT_ONCE, sizeof(*items));
        if (items == NULL)
            return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room for events");
        KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
        KM_TRY(km_reg_write_end(reg, take(reg, arena, account, items, &n)));
    }
    *ret = (struct km_job_event_list){.items = items, .n_items = n};
    return KM_OK;
}

km_status km_reg_job_events_forget(struct km_registry *reg)
{
    return km_reg_run(reg, "DELETE FROM job_event WHERE time_ms < ?1",
                      KM_VALUES(km_value_number(km_reg_now(reg) - KM_JOB_EVENTS_KEPT_MS)), NULL);
}
