/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that jobs are made of. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/inputs.h"
#include "cloud/control/job_form.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_job.h"
#include "cloud/registry/registry_job_template.h"

/* A template of a job has what the job has, but for when it began and ends. */
static km_status without_schedule(struct km_call *call, const char *config, const char **ret)
{
    KM_AUTO(km_json_unref) json_t *json = NULL;
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    *ret = config;
    if (config == NULL)
        return KM_OK;
    KM_TRY(km_json_object(&call->err, KM_SLICE_STR(config), KM_CALL_JSON_DEPTH_MAX, &json));
    (void)json_object_del(json, "schedulingConfig");
    KM_TRY(km_json_print(&call->err, json, KM_JOB_CONFIG_TEXT, &text));
    *ret = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    return *ret != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "configuration of a job");
}

static km_status take_job(struct km_call *call, struct km_job_form *form)
{
    struct km_registry_job job = {0};
    const char *arn = km_call_text(call, "jobArn");
    const char *id = arn == NULL ? NULL : km_call_arn_name(call, arn, "job");
    if (arn == NULL)
        return KM_OK;
    if (id == NULL || !km_inputs_name_is("jobId", id))
        return km_call_fail(call, KM_X_INVALID_REQUEST, "jobArn must be the ARN of a job");
    KM_REG(call, km_registry_job_get(call->reg, call->arena, call->account, id, &job, NULL));
    KM_REG(call,
           km_registry_job_document(call->reg, call->arena, call->account, id, &form->document));
    form->minutes = job.minutes;
    return without_schedule(call, job.config, &form->config);
}

static km_status create(struct km_call *call)
{
    struct km_job_form form = {0};
    KM_TRY(take_job(call, &form));
    KM_TRY(km_job_form_take(call, false, &form));
    KM_TRY(km_job_form_must_have_document(call, &form));
    const struct km_registry_job_template made = {.id = call->parts[0],
                                                  .document = form.document,
                                                  .description = form.description,
                                                  .config = form.config,
                                                  .minutes = form.minutes};
    KM_TRY(km_call_as(call, km_registry_job_template_create(call->reg, call->account, &made),
                      KM_E_EXISTS, KM_X_CONFLICT));
    KM_TRY(km_tags_keep(call, KM_TAGGED_JOB_TEMPLATE, made.id, NULL));
    return km_call_reply(call, json_pack("{s:s*, s:s}", "jobTemplateArn",
                                         km_call_arn(call, "jobtemplate", made.id), "jobTemplateId",
                                         made.id));
}

static json_t *summary(struct km_call *call, const struct km_registry_job_template *found)
{
    return json_pack("{s:s*, s:s, s:s, s:o}", "jobTemplateArn",
                     km_call_arn(call, "jobtemplate", found->id), "jobTemplateId", found->id,
                     "description", found->description, "createdAt",
                     km_call_time(found->created_ms));
}

static km_status describe(struct km_call *call)
{
    struct km_registry_job_template found = {0};
    KM_REG(call, km_registry_job_template_get(call->reg, call->arena, call->account, call->parts[0],
                                              &found));
    KM_AUTO(km_json_unref) json_t *json = summary(call, &found);
    (void)json_object_set_new(json, "document", json_string(found.document));
    KM_TRY(km_job_form_tell(call, found.config, found.minutes, json));
    return km_call_reply(call, km_steal(&json));
}

static km_status list(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_job_template_list found = {0};
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_job_template_list(call->reg, call->arena, call->account, &page, &found));
    json_t *items = json_array();
    for (size_t i = 0; i < found.n_items; i++)
        (void)json_array_append_new(items, summary(call, &found.items[i]));
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "jobTemplates", items, "nextToken", found.next));
}

static km_status delete (struct km_call *call)
{
    return km_call_registry(
        call, km_registry_job_template_delete(call->reg, call->account, call->parts[0]));
}

#define TEMPLATES "/job-templates"
#define TEMPLATE TEMPLATES "/{jobTemplateId}"

static const struct km_operation rows[] = {
    {"CreateJobTemplate", KM_SERVICE_IOT, "PUT", TEMPLATE, NULL, NULL,
     "jobArn:s document:s description!:s timeoutConfig:o tags:a", KM_OP_CHANGES, create},
    {"DescribeJobTemplate", KM_SERVICE_IOT, "GET", TEMPLATE, NULL, NULL, NULL, 0, describe},
    {"ListJobTemplates", KM_SERVICE_IOT, "GET", TEMPLATES, "maxResults:i nextToken:s", NULL, NULL,
     0, list},
    {"DeleteJobTemplate", KM_SERVICE_IOT, "DELETE", TEMPLATE, NULL, NULL, NULL, KM_OP_CHANGES,
     delete},
};

const struct km_operations km_iot_job_template = {rows, KM_ARRAY_LEN(rows)};
