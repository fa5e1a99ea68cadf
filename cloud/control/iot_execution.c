/* SPDX-License-Identifier: Apache-2.0 */
/* Executions of jobs, as who made the job sees them. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/jobstore/job_store.h"
#include "common/km_option.h"

/* What is not always there; takes json. */
static json_t *with_rest(json_t *json, const struct km_execution *execution)
{
    if (execution->started_ms != 0)
        (void)json_object_set_new(json, "startedAt", km_call_time(execution->started_ms));
    if (execution->n_retries != 0)
        (void)json_object_set_new(json, "retryAttempt",
                                  json_integer((json_int_t)execution->n_retries));
    return json;
}

static json_t *summary(const struct km_execution *execution)
{
    return with_rest(json_pack("{s:s, s:o, s:o, s:I}", "status",
                               km_execution_status_text(execution->status), "queuedAt",
                               km_call_time(execution->queued_ms), "lastUpdatedAt",
                               km_call_time(execution->modified_ms), "executionNumber",
                               (json_int_t)execution->number),
                     execution);
}

static km_status read_one(struct km_call *call, int64_t number, struct km_execution *ret)
{
    const struct km_execution_key key = {
        .thing = call->parts[0], .job = call->parts[1], .number = number};
    return km_call_registry(
        call, km_registry_execution_get(call->reg, call->arena, call->account, &key, ret));
}

static km_status describe(struct km_call *call)
{
    struct km_execution execution = {0};
    KM_TRY(read_one(call, km_call_query_number(call, "executionNumber", 0), &execution));
    int64_t left = km_job_seconds_left(&execution, call->now_ms);
    json_t *json = json_pack(
        "{s:s, s:s, s:{s:o}, s:s*, s:o, s:o, s:I, s:I}", "jobId", execution.job, "status",
        km_execution_status_text(execution.status), "statusDetails", "detailsMap",
        km_job_details_json(execution.details), "thingArn",
        km_call_arn(call, "thing", execution.thing), "queuedAt", km_call_time(execution.queued_ms),
        "lastUpdatedAt", km_call_time(execution.modified_ms), "executionNumber",
        (json_int_t)execution.number, "versionNumber", (json_int_t)execution.version);
    if (execution.is_forced)
        (void)json_object_set_new(json, "forceCanceled", json_true());
    if (left >= 0)
        (void)json_object_set_new(json, "approximateSecondsBeforeTimedOut",
                                  json_integer((json_int_t)left));
    return km_call_reply(call, json_pack("{s:o}", "execution", with_rest(json, &execution)));
}

/* ---- lists ---- */

/* take_status: below 0 when none is asked for. */
static km_status take_status(struct km_call *call, int *ret)
{
    enum km_execution_status status = KM_EXECUTION_QUEUED;
    const char *text = km_call_query(call, "status");
    if (km_call_query(call, "namespaceId") != NULL)
        return km_call_fail(call, KM_X_NONE, "namespaceId is not offered");
    if (text != NULL && !km_execution_status_parse(text, &status))
        return km_call_fail(call, KM_X_NONE, "status '%.40s' is not known", text);
    *ret = text != NULL ? (int)status : -1;
    return KM_OK;
}

static km_status of_job(struct km_call *call)
{
    int status = -1;
    struct km_registry_job job = {0};
    struct km_registry_page page = {0};
    struct km_execution_list list = {0};
    KM_TRY(take_status(call, &status));
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_job_get(call->reg, call->arena, call->account, call->parts[0], &job, NULL));
    KM_REG(call, km_registry_execution_of_job(call->reg, call->arena, call->account, call->parts[0],
                                              status, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items,
                                    json_pack("{s:s*, s:o}", "thingArn",
                                              km_call_arn(call, "thing", list.items[i].thing),
                                              "jobExecutionSummary", summary(&list.items[i])));
    return km_call_reply(
        call, json_pack("{s:o, s:s*}", "executionSummaries", items, "nextToken", list.next));
}

static km_status of_thing(struct km_call *call)
{
    int status = -1;
    struct km_registry_page page = {0};
    struct km_execution_list list = {0};
    struct km_registry_thing thing = {0};
    KM_TRY(take_status(call, &status));
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_thing_get(call->reg, call->arena, call->account, call->parts[0], &thing));
    KM_REG(call,
           km_registry_execution_of_thing(call->reg, call->arena, call->account, call->parts[0],
                                          km_call_query(call, "jobId"), status, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items,
                                    json_pack("{s:s, s:o}", "jobId", list.items[i].job,
                                              "jobExecutionSummary", summary(&list.items[i])));
    return km_call_reply(
        call, json_pack("{s:o, s:s*}", "executionSummaries", items, "nextToken", list.next));
}

/* ---- changes ---- */

/* take_details: a view into the arena; NULL: none were given. */
static km_status take_details(struct km_call *call, const char **ret)
{
    bool is_good = true;
    char why[KM_JOB_WHY_CAP] = "";
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_TRY(km_job_details_print(&call->err, km_call_member(call, "statusDetails"), why, &is_good,
                                &text));
    if (!is_good)
        return km_call_fail(call, KM_X_NONE, "%s", why);
    if (text.ptr == NULL)
        return KM_OK;
    *ret = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    return *ret != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "details");
}

static km_status check_may_cancel(struct km_call *call, const struct km_execution *execution,
                                  bool is_forced)
{
    int64_t expected = km_call_number(call, "expectedVersion", 0);
    if (expected != 0 && expected != execution->version)
        return km_call_fail(call, KM_X_VERSION_CONFLICT, "the execution has version %lld, not %lld",
                            (long long)execution->version, (long long)expected);
    if (km_execution_is_over(execution->status) ||
        (execution->status == KM_EXECUTION_IN_PROGRESS && !is_forced))
        return km_call_fail(call, KM_X_INVALID_STATE_TRANSITION, "the execution is %s",
                            km_execution_status_text(execution->status));
    return KM_OK;
}

static km_status cancel(struct km_call *call)
{
    struct km_execution execution = {0};
    bool is_forced = km_call_query_is(call, "force");
    struct km_execution_change change = {.status = KM_EXECUTION_CANCELED, .is_forced = is_forced};
    KM_TRY(take_details(call, &change.details));
    KM_TRY(read_one(call, 0, &execution));
    KM_TRY(check_may_cancel(call, &execution, is_forced));
    change.version = execution.version;
    change.started_ms = execution.started_ms;
    const struct km_execution_key key = {
        .thing = call->parts[0], .job = call->parts[1], .number = execution.number};
    return km_call_registry(call,
                            km_registry_execution_put(call->reg, call->account, &key, &change));
}

static km_status remove_one(struct km_call *call)
{
    unsigned long number = 0;
    if (!km_option_digits(call->parts[2], 10, INT64_MAX, &number) || number == 0)
        return km_call_fail(call, KM_X_NONE, "executionNumber must be a number from 1 on");
    const struct km_execution_key key = {
        .thing = call->parts[0], .job = call->parts[1], .number = (int64_t)number};
    return km_call_as(call,
                      km_registry_execution_delete(call->reg, call->account, &key,
                                                   km_call_query_is(call, "force")),
                      KM_E_STATE, KM_X_INVALID_STATE_TRANSITION);
}

#define THING "/things/{thingName}/jobs"
#define ONE THING "/{jobId}"
#define PAGE "status:s maxResults:i nextToken:s namespaceId:s"

static const struct km_operation rows[] = {
    {"DescribeJobExecution", KM_SERVICE_IOT, "GET", ONE, "executionNumber:i", NULL, NULL, 0,
     describe},
    {"ListJobExecutionsForJob", KM_SERVICE_IOT, "GET", "/jobs/{jobId}/things", PAGE, NULL, NULL, 0,
     of_job},
    {"ListJobExecutionsForThing", KM_SERVICE_IOT, "GET", THING, PAGE " jobId:s", NULL, NULL, 0,
     of_thing},
    {"CancelJobExecution", KM_SERVICE_IOT, "PUT", ONE "/cancel", "force:b", NULL,
     "expectedVersion:i statusDetails:o", KM_OP_CHANGES, cancel},
    {"DeleteJobExecution", KM_SERVICE_IOT, "DELETE", ONE "/executionNumber/{executionNumber}",
     "force:b", NULL, NULL, KM_OP_CHANGES, remove_one},
};

const struct km_operations km_iot_execution = {rows, KM_ARRAY_LEN(rows)};
