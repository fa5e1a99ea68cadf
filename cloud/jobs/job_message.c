/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/jobs/job_message.h"

#include <string.h>

#define MS_PER_S 1000
#define DOCUMENT_DEPTH_MAX 64

static json_int_t seconds(int64_t ms)
{
    return (json_int_t)(ms / MS_PER_S);
}

static json_t *parse(const char *text)
{
    json_t *value = NULL;
    if (km_json_object(NULL, KM_SLICE_STR(text), DOCUMENT_DEPTH_MAX, &value) != KM_OK)
        return NULL;
    return value;
}

/* Adds a member that may be missing; takes value. */
static void add(json_t *object, const char *name, json_t *value)
{
    if (value != NULL)
        (void)json_object_set_new(object, name, value);
}

json_t *km_job_document_json(const struct km_execution *execution, enum km_job_document form)
{
    if (form == KM_JOB_DOCUMENT_NONE || execution->document == NULL)
        return NULL;
    return form == KM_JOB_DOCUMENT_TEXT ? json_string(execution->document)
                                        : parse(execution->document);
}

json_t *km_job_details_json(const char *details)
{
    return details == NULL ? json_object() : parse(details);
}

static json_t *details_or_none(const struct km_execution *execution)
{
    return execution->details == NULL ? NULL : parse(execution->details);
}

static json_t *summary(const struct km_execution *execution)
{
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:I}", "jobId", execution->job, "queuedAt",
                  seconds(execution->queued_ms), "lastUpdatedAt", seconds(execution->modified_ms),
                  "executionNumber", (json_int_t)execution->number, "versionNumber",
                  (json_int_t)execution->version);
    if (execution->started_ms != 0)
        add(json, "startedAt", json_integer(seconds(execution->started_ms)));
    return json;
}

int64_t km_job_seconds_left(const struct km_execution *execution, int64_t now_ms)
{
    int64_t ends_ms = km_execution_ends_ms(execution);
    if (ends_ms == 0)
        return -1;
    return ends_ms > now_ms ? (ends_ms - now_ms) / MS_PER_S : 0;
}

json_t *km_job_execution_json(const struct km_execution *execution, enum km_job_document form,
                              int64_t now_ms)
{
    json_t *json = summary(execution);
    int64_t left = km_job_seconds_left(execution, now_ms);
    add(json, "thingName", json_string(execution->thing));
    add(json, "status", json_string(km_execution_status_text(execution->status)));
    add(json, "statusDetails", details_or_none(execution));
    if (left >= 0)
        add(json, "approximateSecondsBeforeTimedOut", json_integer((json_int_t)left));
    add(json, "jobDocument", km_job_document_json(execution, form));
    return json;
}

json_t *km_job_state_json(const struct km_execution *execution)
{
    json_t *json = json_pack("{s:s, s:I}", "status", km_execution_status_text(execution->status),
                             "versionNumber", (json_int_t)execution->version);
    add(json, "statusDetails", details_or_none(execution));
    return json;
}

static json_t *summaries(const struct km_execution *items, size_t n,
                         enum km_execution_status status)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if (items[i].status == status)
            (void)json_array_append_new(list, summary(&items[i]));
    }
    return list;
}

json_t *km_job_pending_json(const struct km_execution *items, size_t n)
{
    return json_pack("{s:o, s:o}", "inProgressJobs", summaries(items, n, KM_EXECUTION_IN_PROGRESS),
                     "queuedJobs", summaries(items, n, KM_EXECUTION_QUEUED));
}

/* ---- messages ---- */

static json_t *stamp(json_t *message, const struct km_job_request *request, int64_t now_ms)
{
    add(message, "timestamp", json_integer(seconds(now_ms)));
    if (request->token[0] != '\0')
        add(message, "clientToken", json_string(request->token));
    return message;
}

json_t *km_job_accepted(json_t *reply, const struct km_job_request *request, int64_t now_ms)
{
    return reply == NULL ? NULL : stamp(reply, request, now_ms);
}

json_t *km_job_rejected(const struct km_job_request *request, enum km_job_code code,
                        const char *why, json_t *state, int64_t now_ms)
{
    json_t *message = json_pack("{s:s, s:s}", "code", km_job_code_text(code), "message", why);
    add(message, "executionState", state);
    return stamp(message, request, now_ms);
}

json_t *km_job_notify(const struct km_execution *items, size_t n, int64_t now_ms)
{
    json_t *jobs = json_object();
    static const enum km_execution_status pending[] = {KM_EXECUTION_IN_PROGRESS,
                                                       KM_EXECUTION_QUEUED};
    for (size_t i = 0; i < KM_ARRAY_LEN(pending); i++) {
        json_t *list = summaries(items, n, pending[i]);
        if (json_array_size(list) > 0)
            add(jobs, km_execution_status_text(pending[i]), list);
        else
            json_decref(list);
    }
    return json_pack("{s:I, s:o}", "timestamp", seconds(now_ms), "jobs", jobs);
}

json_t *km_job_notify_next(const struct km_execution *execution, int64_t now_ms)
{
    json_t *message = json_pack("{s:I}", "timestamp", seconds(now_ms));
    if (execution != NULL)
        add(message, "execution", km_job_execution_json(execution, KM_JOB_DOCUMENT_OBJECT, now_ms));
    return message;
}
