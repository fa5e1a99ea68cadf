/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: made, told of, given more targets, canceled. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/inputs.h"
#include "cloud/control/job_form.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_job.h"
#include "cloud/registry/registry_job_template.h"

static const char *const statuses[] = {
    [KM_JOB_IN_PROGRESS] = "IN_PROGRESS",
    [KM_JOB_CANCELED] = "CANCELED",
    [KM_JOB_COMPLETED] = "COMPLETED",
    [KM_JOB_SCHEDULED] = "SCHEDULED",
};
#define STATUS_NEVER 99 /* one of the API's that no job here has */

static const char *selection(bool is_continuous)
{
    return is_continuous ? "CONTINUOUS" : "SNAPSHOT";
}

/* ---- inputs ---- */

static km_status take_selection(struct km_call *call, const char *text, bool *ret_is_continuous)
{
    *ret_is_continuous = text != NULL && strcmp(text, "CONTINUOUS") == 0;
    if (text != NULL && !*ret_is_continuous && strcmp(text, "SNAPSHOT") != 0)
        return km_call_fail(call, KM_X_NONE, "targetSelection must be SNAPSHOT or CONTINUOUS");
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

static km_status take_targets(struct km_call *call, const struct km_job_target **ret, size_t *ret_n)
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
    *ret = targets;
    *ret_n = n;
    return KM_OK;
}

/* take_template: what the template that is named has; *ret_id NULL: none is. */
static km_status take_template(struct km_call *call, struct km_job_form *form, const char **ret_id)
{
    struct km_registry_job_template found = {0};
    const char *arn = km_call_text(call, "jobTemplateArn");
    *ret_id = NULL;
    if (arn == NULL)
        return KM_OK;
    const char *id = km_call_arn_name(call, arn, "jobtemplate");
    if (id == NULL || !km_inputs_name_is("jobTemplateId", id))
        return km_call_fail(call, KM_X_INVALID_REQUEST,
                            "jobTemplateArn must be the ARN of a job template");
    KM_REG(call, km_registry_job_template_get(call->reg, call->arena, call->account, id, &found));
    *form = (struct km_job_form){.document = found.document,
                                 .description = found.description,
                                 .config = found.config,
                                 .minutes = found.minutes};
    *ret_id = found.id;
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
    return json_pack("{s:s, s:s*, s:s, s:s, s:o, s:o, s:b, s:o*}", "jobId", job->id, "jobArn",
                     km_call_arn(call, "job", job->id), "targetSelection",
                     selection(job->is_continuous), "status", statuses[job->status], "createdAt",
                     km_call_time(job->created_ms), "lastUpdatedAt", km_call_time(job->modified_ms),
                     "isConcurrent", (int)job->is_rolling_out, "completedAt",
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
    struct km_job_form form = {0};
    struct km_registry_job_new job = {.id = call->parts[0]};
    KM_TRY(take_template(call, &form, &job.template_id));
    KM_TRY(km_job_form_take(call, true, &form));
    KM_TRY(km_job_form_must_have_document(call, &form));
    KM_TRY(take_selection(call, km_call_text(call, "targetSelection"), &job.is_continuous));
    KM_TRY(take_targets(call, &job.targets, &job.n_targets));
    job.document = form.document;
    job.description = form.description;
    job.config = form.config;
    job.minutes = form.minutes;
    KM_REG(call, km_registry_job_create(call->reg, call->account, &job));
    KM_TRY(km_tags_keep(call, KM_TAGGED_JOB, job.id, NULL));
    return km_call_reply(call, name_and_arn(call, job.id, job.description));
}

static json_t *details(struct km_call *call, const struct km_registry_job *job,
                       const struct km_registry_job_more *more)
{
    json_t *json = summary(call, job);
    json_t *extra = json_pack("{s:s*, s:s*, s:s*, s:o, s:o}", "description", job->description,
                              "reasonCode", job->reason_code, "comment", job->comment, "targets",
                              targets_json(call, more), "jobProcessDetails", counts_json(more));
    (void)json_object_update_missing(json, extra);
    json_decref(extra);
    if (job->is_forced)
        (void)json_object_set_new(json, "forceCanceled", json_true());
    if (job->template_id != NULL)
        (void)json_object_set_new(json, "jobTemplateArn",
                                  json_string(km_call_arn(call, "jobtemplate", job->template_id)));
    return json;
}

static km_status describe_job(struct km_call *call)
{
    struct km_registry_job job = {0};
    struct km_registry_job_more more = {0};
    KM_REG(call,
           km_registry_job_get(call->reg, call->arena, call->account, call->parts[0], &job, &more));
    KM_AUTO(km_json_unref) json_t *json = details(call, &job, &more);
    KM_TRY(km_job_form_tell(call, job.config, job.minutes, json));
    return km_call_reply(call, json_pack("{s:O}", "job", json));
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
    if (strcmp(status, "DELETION_IN_PROGRESS") == 0)
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

/* The members of the configuration that are given replace those that the job has. */
static km_status update_job(struct km_call *call)
{
    struct km_registry_job job = {0};
    struct km_job_form form = {.minutes = -1};
    KM_REG(call,
           km_registry_job_get(call->reg, call->arena, call->account, call->parts[0], &job, NULL));
    form.config = job.config;
    KM_TRY(km_job_form_take(call, false, &form));
    const struct km_registry_job_update update = {
        .description = form.description, .minutes = form.minutes, .config = form.config};
    KM_REG(call, km_registry_job_update(call->reg, call->account, call->parts[0], &update));
    return KM_OK;
}

static km_status associate(struct km_call *call)
{
    struct km_registry_job job = {0};
    const struct km_job_target *targets = NULL;
    size_t n_targets = 0;
    if (km_call_query(call, "namespaceId") != NULL)
        return km_call_fail(call, KM_X_NONE, "namespaceId is not offered");
    KM_TRY(take_targets(call, &targets, &n_targets));
    KM_REG(call,
           km_registry_job_associate(call->reg, call->account, call->parts[0], targets, n_targets));
    KM_REG(call,
           km_registry_job_get(call->reg, call->arena, call->account, call->parts[0], &job, NULL));
    return km_call_reply(call, name_and_arn(call, job.id, job.description));
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
     "targets!:a document:s description:s targetSelection:s timeoutConfig:o tags:a "
     "jobTemplateArn:s",
     KM_OP_CHANGES, create_job},
    {"DescribeJob", KM_SERVICE_IOT, "GET", JOB, NULL, NULL, NULL, 0, describe_job},
    {"GetJobDocument", KM_SERVICE_IOT, "GET", JOB "/job-document", NULL, NULL, NULL, 0,
     get_document},
    {"ListJobs", KM_SERVICE_IOT, "GET", "/jobs",
     "status:s targetSelection:s maxResults:i nextToken:s thingGroupName:s thingGroupId:s "
     "namespaceId:s",
     NULL, NULL, 0, list_jobs},
    {"UpdateJob", KM_SERVICE_IOT, "PATCH", JOB, NULL, NULL, "description:s timeoutConfig:o",
     KM_OP_CHANGES, update_job},
    {"AssociateTargetsWithJob", KM_SERVICE_IOT, "POST", JOB "/targets", "namespaceId:s", NULL,
     "targets!:a comment:s", KM_OP_CHANGES, associate},
    {"CancelJob", KM_SERVICE_IOT, "PUT", JOB "/cancel", "force:b", NULL, "reasonCode:s comment:s",
     KM_OP_CHANGES, cancel_job},
    {"DeleteJob", KM_SERVICE_IOT, "DELETE", JOB, "force:b", NULL, NULL, KM_OP_CHANGES, delete_job},
};

const struct km_operations km_iot_job = {rows, KM_ARRAY_LEN(rows)};
