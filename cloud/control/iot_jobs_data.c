/* SPDX-License-Identifier: Apache-2.0 */
/* What devices ask of their jobs over HTTP. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/jobstore/job_store.h"

static enum km_exception exception_of(enum km_job_code code)
{
    switch (code) {
    case KM_JOB_OK:
    case KM_JOB_INTERNAL:
        return KM_X_INTERNAL_FAILURE;
    case KM_JOB_INVALID_TOPIC:
    case KM_JOB_INVALID_JSON:
    case KM_JOB_INVALID_REQUEST:
        return KM_X_INVALID_REQUEST;
    case KM_JOB_INVALID_TRANSITION:
        return KM_X_INVALID_STATE_TRANSITION;
    case KM_JOB_NOT_FOUND:
        return KM_X_RESOURCE_NOT_FOUND;
    case KM_JOB_VERSION_MISMATCH:
        return KM_X_VERSION_CONFLICT;
    case KM_JOB_THROTTLED:
        return KM_X_THROTTLING;
    case KM_JOB_TERMINAL:
        return KM_X_TERMINAL_STATE;
    }
    return KM_X_INTERNAL_FAILURE;
}

static km_status finish(struct km_call *call, struct km_job_answer *answer)
{
    if (answer->code == KM_JOB_OK)
        return km_call_reply(call, km_steal(&answer->reply));
    if (answer->state != NULL)
        km_call_tell_more(call, json_pack("{s:O}", "executionState", answer->state));
    return km_call_fail(call, exception_of(answer->code), "%s", answer->why);
}

static km_status serve(struct km_call *call, const struct km_job_request *request)
{
    KM_AUTO(km_job_answer_clear) struct km_job_answer answer = {0};
    KM_TRY(km_job_store_serve(&call->err, call->reg, call->account, request, call->now_ms,
                              KM_JOB_DOCUMENT_TEXT, &answer));
    return finish(call, &answer);
}

/* job: empty for what is asked of none. */
static km_status id_of(struct km_call *call, const char *job, struct km_job_id *ret)
{
    if (!km_job_id_init(KM_SLICE_STR(call->parts[0]), KM_SLICE_STR(job), ret))
        return km_call_fail(call, KM_X_NONE, "jobId has characters or a length it may not have");
    return KM_OK;
}

static km_status by_body(struct km_call *call, enum km_job_kind kind, const char *job)
{
    struct km_job_id id = {0};
    KM_AUTO(km_job_request_clear) struct km_job_request request = {0};
    KM_TRY(id_of(call, job, &id));
    KM_TRY(km_job_request_parse(&call->err, &id, kind, call->request->body, &request));
    return serve(call, &request);
}

static km_status get_pending(struct km_call *call)
{
    struct km_job_request request = {.kind = KM_JOB_GET};
    KM_TRY(id_of(call, "", &request.id));
    return serve(call, &request);
}

static km_status describe(struct km_call *call)
{
    const char *wants = km_call_query(call, "includeJobDocument");
    struct km_job_request request = {
        .kind = KM_JOB_DESCRIBE,
        .number = km_call_query_number(call, "executionNumber", 0),
        .wants_document = wants == NULL || strcmp(wants, "true") == 0,
    };
    KM_TRY(id_of(call, call->parts[1], &request.id));
    return serve(call, &request);
}

static km_status start_next(struct km_call *call)
{
    if (strcmp(call->parts[1], KM_JOB_NEXT) != 0)
        return km_call_fail(call, KM_X_NONE, "only %s can be started", KM_JOB_NEXT);
    return by_body(call, KM_JOB_START_NEXT, "");
}

static km_status update(struct km_call *call)
{
    return by_body(call, KM_JOB_UPDATE, call->parts[1]);
}

#define THING "/things/{thingName}/jobs"
#define ONE THING "/{jobOrNext}"

static const struct km_operation rows[] = {
    {"GetPendingJobExecutions", KM_SERVICE_JOBS, "GET", THING, NULL, NULL, NULL, 0, get_pending},
    {"DescribeJobExecution", KM_SERVICE_JOBS, "GET", ONE, "includeJobDocument:b executionNumber:i",
     NULL, NULL, 0, describe},
    {"StartNextPendingJobExecution", KM_SERVICE_JOBS, "PUT", ONE, NULL, NULL, NULL, KM_OP_CHANGES,
     start_next},
    {"UpdateJobExecution", KM_SERVICE_JOBS, "POST", ONE, NULL, NULL, NULL, KM_OP_CHANGES, update},
};

const struct km_operations km_iot_jobs_data = {rows, KM_ARRAY_LEN(rows)};
