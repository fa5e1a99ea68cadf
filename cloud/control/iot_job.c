/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: made, told of, canceled. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_job.h"

static const char *const statuses[] = {
    [KM_JOB_IN_PROGRESS] = "IN_PROGRESS",
    [KM_JOB_CANCELED] = "CANCELED",
    [KM_JOB_COMPLETED] = "COMPLETED",
};
#define STATUS_NEVER 99 /* one of the API's that no job here has */

static const char *selection(bool is_continuous)
{
    return is_continuous ? "CONTINUOUS" : "SNAPSHOT";
}

/* refuse_others: what would change the job and is not offered is refused, not ignored. */
static km_status refuse_others(struct km_call *call)
{
    static const char *const names[] = {
        "documentSource",
        "presignedUrlConfig",
        "jobExecutionsRolloutConfig",
        "abortConfig",
        "namespaceId",
        "jobTemplateArn",
        "documentParameters",
        "jobExecutionsRetryConfig",
        "schedulingConfig",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        if (km_call_member(call, names[i]) != NULL)
            return km_call_fail(call, KM_X_INVALID_REQUEST, "%s is not offered for jobs", names[i]);
    }
    return KM_OK;
}

/* ---- inputs ---- */

static km_status take_selection(struct km_call *call, const char *text, bool *ret_is_continuous)
{
    *ret_is_continuous = text != NULL && strcmp(text, "CONTINUOUS") == 0;
    if (text != NULL && !*ret_is_continuous && strcmp(text, "SNAPSHOT") != 0)
        return km_call_fail(call, KM_X_NONE, "targetSelection must be SNAPSHOT or CONTINUOUS");
    return KM_OK;
}

/* take_minutes: fallback when there is none. */
static km_status take_minutes(struct km_call *call, int64_t fallback, int64_t *ret)
{
    const json_t *config = km_call_member(call, "timeoutConfig");
    const json_t *minutes = json_object_get(config, "inProgressTimeoutInMinutes");
    *ret = fallback;
    if (minutes == NULL || json_is_null(minutes))
        return KM_OK;
    if (!json_is_integer(minutes) || json_integer_value(minutes) < 1 ||
        json_integer_value(minutes) > KM_JOB_MINUTES_MAX)
        return km_call_fail(call, KM_X_NONE,
                            "inProgressTimeoutInMinutes must be a number from 1 to %d",
                            KM_JOB_MINUTES_MAX);
    *ret = json_integer_value(minutes);
    return KM_OK;
}

static km_status take_document(struct km_call *call, const char **ret)
{
    struct km_err err = {0};
    KM_AUTO(km_json_unref) json_t *json = NULL;
    const char *text = km_call_text(call, "document");
    if (text == NULL)
        return km_call_fail(call, KM_X_NONE, "document is missing");
    if (strlen(text) > KM_JOB_DOCUMENT_MAX)
        return km_call_fail(call, KM_X_NONE, "document has at most %d octets", KM_JOB_DOCUMENT_MAX);
    km_status status = km_json_object(&err, KM_SLICE_STR(text), KM_CALL_JSON_DEPTH_MAX, &json);
    if (status == KM_E_NOMEM)
        return KM_FAIL(&call->err, KM_E_NOMEM, "document of a job");
    if (status != KM_OK)
        return km_call_fail(call, KM_X_NONE, "document must be a JSON object: %.80s", err.text);
    *ret = text;
    return KM_OK;
}

static km_status take_target(struct km_call *call, const json_t *item, struct km_job_target *ret)
{
    const char *arn = json_string_value(item);
    const char *thing = arn != NULL ? km_call_arn_name(call, arn, "thing") : NULL;
    const char *group = arn != NULL ? km_call_arn_name(call, arn, "thinggroup") : NULL;
    const char *name = thing != NULL ? thing : group;
    if (name == NULL || !km_inputs_name_is("thingName", name))
        return km_call_fail(call, KM_X_NONE,
                            "a target must be the ARN of a thing or of a thing group");
    *ret = (struct km_job_target){.kind = thing != NULL ? KM_JOB_TARGET_THING : KM_JOB_TARGET_GROUP,
                                  .name = name};
    return KM_OK;
}

static km_status take_targets(struct km_call *call, struct km_registry_job_new *job)
{
    json_t *list = km_call_member(call, "targets");
    size_t n = json_array_size(list);
    if (n < 1 || n > KM_JOB_TARGETS_MAX)
        return km_call_fail(call, KM_X_NONE, "a job has 1 to %d targets", KM_JOB_TARGETS_MAX);
    struct km_job_target *targets = km_arena_array(call->arena, n, sizeof(*targets));
    if (targets == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "%zu targets", n);
    for (size_t i = 0; i < n; i++)
        KM_TRY(take_target(call, json_array_get(list, i), &targets[i]));
    job->targets = targets;
    job->n_targets = n;
    return KM_OK;
}

/* ---- answers ---- */

static json_t *name_and_arn(struct km_call *call, const char *id, const char *description)
{
    return json_pack("{s:s, s:s*, s:s*}", "jobId", id, "jobArn", km_call_arn(call, "job", id),
                     "description", description);
}

static json_t *summary(struct km_call *call, const struct km_registry_job *job)
{
    return json_pack("{s:s, s:s*, s:s, s:s, s:o, s:o, s:o*}", "jobId", job->id, "jobArn",
                     km_call_arn(call, "job", job->id), "targetSelection",
                     selection(job->is_continuous), "status", statuses[job->status], "createdAt",
                     km_call_time(job->created_ms), "lastUpdatedAt", km_call_time(job->modified_ms),
                     "completedAt",
                     job->completed_ms != 0 ? km_call_time(job->completed_ms) : NULL);
}

static json_t *targets_json(struct km_call *call, const struct km_registry_job_more *more)
{
    json_t *list = json_array();
    for (size_t i = 0; i < more->n_targets; i++) {
        const char *kind = more->targets[i].kind == KM_JOB_TARGET_THING ? "thing" : "thinggroup";
        (void)json_array_append_new(list,
                                    json_string(km_call_arn(call, kind, more->targets[i].name)));
    }
    return list;
}

static json_t *counts_json(const struct km_registry_job_more *more)
{
    static const char *const names[KM_EXECUTION_N_STATUS] = {
        [KM_EXECUTION_QUEUED] = "numberOfQueuedThings",
        [KM_EXECUTION_IN_PROGRESS] = "numberOfInProgressThings",
        [KM_EXECUTION_SUCCEEDED] = "numberOfSucceededThings",
        [KM_EXECUTION_FAILED] = "numberOfFailedThings",
        [KM_EXECUTION_TIMED_OUT] = "numberOfTimedOutThings",
        [KM_EXECUTION_REJECTED] = "numberOfRejectedThings",
        [KM_EXECUTION_REMOVED] = "numberOfRemovedThings",
        [KM_EXECUTION_CANCELED] = "numberOfCanceledThings",
    };
    json_t *counts = json_object();
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++)
        (void)json_object_set_new(counts, names[i],
                                  json_integer((json_int_t)more->n_executions[i]));
    return counts;
}

/* ---- operations ---- */

static km_status create_job(struct km_call *call)
{
    struct km_registry_job_new job = {
        .id = call->parts[0],
        .description = km_call_text(call, "description"),
    };
    KM_TRY(refuse_others(call));
    KM_TRY(take_selection(call, km_call_text(call, "targetSelection"), &job.is_continuous));
    KM_TRY(take_minutes(call, 0, &job.minutes));
    KM_TRY(take_document(call, &job.document));
    KM_TRY(take_targets(call, &job));
    KM_REG(call, km_registry_job_create(call->reg, call->account, &job));
    KM_TRY(km_tags_keep(call, KM_TAGGED_JOB, job.id, NULL));
    return km_call_reply(call, name_and_arn(call, job.id, job.description));
}

static km_status describe_job(struct km_call *call)
{
    struct km_registry_job job = {0};
    struct km_registry_job_more more = {0};
    KM_REG(call,
           km_registry_job_get(call->reg, call->arena, call->account, call->parts[0], &job, &more));
    json_t *timeout = job.minutes == 0 ? json_object()
                                       : json_pack("{s:I}", "inProgressTimeoutInMinutes",
                                                   (json_int_t)job.minutes);
    json_t *extra =
        json_pack("{s:s*, s:s*, s:s*, s:o, s:o, s:o}", "description", job.description, "reasonCode",
                  job.reason_code, "comment", job.comment, "targets", targets_json(call, &more),
                  "jobProcessDetails", counts_json(&more), "timeoutConfig", timeout);
    if (job.is_forced)
        (void)json_object_set_new(extra, "forceCanceled", json_true());
    json_t *json = summary(call, &job);
    (void)json_object_update_missing(json, extra);
    json_decref(extra);
    return km_call_reply(call, json_pack("{s:o}", "job", json));
}

static km_status get_document(struct km_call *call)
{
    const char *document = NULL;
    KM_REG(call, km_registry_job_document(call->reg, call->arena, call->account, call->parts[0],
                                          &document));
    return km_call_reply(call, json_pack("{s:s}", "document", document));
}

static km_status take_filter(struct km_call *call, struct km_registry_job_filter *ret)
{
    const char *status = km_call_query(call, "status");
    const char *wanted = km_call_query(call, "targetSelection");
    ret->has_selection = wanted != NULL;
    ret->group = km_call_query(call, "thingGroupName");
    KM_TRY(take_selection(call, wanted, &ret->is_continuous));
    if (km_call_query(call, "thingGroupId") != NULL || km_call_query(call, "namespaceId") != NULL)
        return km_call_fail(call, KM_X_NONE, "thingGroupId and namespaceId are not offered");
    if (status == NULL)
        return KM_OK;
    for (int i = KM_JOB_IN_PROGRESS; i < (int)KM_ARRAY_LEN(statuses); i++) {
        if (strcmp(statuses[i], status) == 0)
            ret->status = i;
    }
    if (strcmp(status, "SCHEDULED") == 0 || strcmp(status, "DELETION_IN_PROGRESS") == 0)
        ret->status = STATUS_NEVER;
    if (ret->status == 0)
        return km_call_fail(call, KM_X_NONE, "status '%.40s' is not known", status);
    return KM_OK;
}

static km_status list_jobs(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_job_filter filter = {0};
    struct km_registry_job_list list = {0};
    KM_TRY(take_filter(call, &filter));
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_job_list(call->reg, call->arena, call->account, &filter, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++)
        (void)json_array_append_new(items, summary(call, &list.items[i]));
    return km_call_reply(call, json_pack("{s:o, s:s*}", "jobs", items, "nextToken", list.next));
}

static km_status update_job(struct km_call *call)
{
    int64_t minutes = -1;
    KM_TRY(refuse_others(call));
    KM_TRY(take_minutes(call, -1, &minutes));
    KM_REG(call, km_registry_job_update(call->reg, call->account, call->parts[0],
                                        km_call_text(call, "description"), minutes));
    return KM_OK;
}

static bool is_reason(const char *text)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return text == NULL || strspn(text, good) == strlen(text);
}

static km_status cancel_job(struct km_call *call)
{
    struct km_registry_job job = {0};
    const struct km_registry_job_cancel cancel = {
        .reason_code = km_call_text(call, "reasonCode"),
        .comment = km_call_text(call, "comment"),
        .is_forced = km_call_query_is(call, "force"),
    };
    if (!is_reason(cancel.reason_code))
        return km_call_fail(call, KM_X_NONE, "reasonCode has the characters A-Z 0-9 _ only");
    KM_REG(call, km_registry_job_cancel(call->reg, call->account, call->parts[0], &cancel));
    KM_REG(call,
           km_registry_job_get(call->reg, call->arena, call->account, call->parts[0], &job, NULL));
    return km_call_reply(call, name_and_arn(call, job.id, job.description));
}

static km_status delete_job(struct km_call *call)
{
    return km_call_as(call,
                      km_registry_job_delete(call->reg, call->account, call->parts[0],
                                             km_call_query_is(call, "force")),
                      KM_E_STATE, KM_X_INVALID_STATE_TRANSITION);
}

#define JOB "/jobs/{jobId}"

static const struct km_operation rows[] = {
    {"CreateJob", KM_SERVICE_IOT, "PUT", JOB, NULL, NULL,
     "targets!:a document:s description:s targetSelection:s timeoutConfig:o tags:a", KM_OP_CHANGES,
     create_job},
    {"DescribeJob", KM_SERVICE_IOT, "GET", JOB, NULL, NULL, NULL, 0, describe_job},
    {"GetJobDocument", KM_SERVICE_IOT, "GET", JOB "/job-document", NULL, NULL, NULL, 0,
     get_document},
    {"ListJobs", KM_SERVICE_IOT, "GET", "/jobs",
     "status:s targetSelection:s maxResults:i nextToken:s thingGroupName:s thingGroupId:s "
     "namespaceId:s",
     NULL, NULL, 0, list_jobs},
    {"UpdateJob", KM_SERVICE_IOT, "PATCH", JOB, NULL, NULL, "description:s timeoutConfig:o",
     KM_OP_CHANGES, update_job},
    {"CancelJob", KM_SERVICE_IOT, "PUT", JOB "/cancel", "force:b", NULL, "reasonCode:s comment:s",
     KM_OP_CHANGES, cancel_job},
    {"DeleteJob", KM_SERVICE_IOT, "DELETE", JOB, "force:b", NULL, NULL, KM_OP_CHANGES, delete_job},
};

const struct km_operations km_iot_job = {rows, KM_ARRAY_LEN(rows)};
