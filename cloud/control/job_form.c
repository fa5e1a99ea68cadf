/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/job_form.h"

#include <string.h>

#include "cloud/common/json.h"

#define SCHEDULE "schedulingConfig"

static const char *const members[] = {
    "jobExecutionsRolloutConfig",
    "abortConfig",
    "jobExecutionsRetryConfig",
    SCHEDULE,
};

static km_status refuse_others(struct km_call *call, bool may_schedule)
{
    static const char *const names[] = {
        "documentSource",
        "presignedUrlConfig",
        "namespaceId",
        "documentParameters",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        if (km_call_member(call, names[i]) != NULL)
            return km_call_fail(call, KM_X_INVALID_REQUEST, "%s is not offered for jobs", names[i]);
    }
    if (!may_schedule && km_call_member(call, SCHEDULE) != NULL)
        return km_call_fail(call, KM_X_INVALID_REQUEST, SCHEDULE " is a new job's alone");
    return KM_OK;
}

static km_status take_minutes(struct km_call *call, struct km_job_form *form)
{
    const json_t *config = km_call_member(call, "timeoutConfig");
    const json_t *minutes = json_object_get(config, "inProgressTimeoutInMinutes");
    if (minutes == NULL || json_is_null(minutes))
        return KM_OK;
    if (!json_is_integer(minutes) || json_integer_value(minutes) < 1 ||
        json_integer_value(minutes) > KM_JOB_MINUTES_MAX)
        return km_call_fail(call, KM_X_NONE,
                            "inProgressTimeoutInMinutes must be a number from 1 to %d",
                            KM_JOB_MINUTES_MAX);
    form->minutes = json_integer_value(minutes);
    return KM_OK;
}

static km_status take_document(struct km_call *call, struct km_job_form *form)
{
    struct km_err err = {0};
    KM_AUTO(km_json_unref) json_t *json = NULL;
    const char *text = km_call_text(call, "document");
    if (text == NULL)
        return KM_OK;
    if (strlen(text) > KM_JOB_DOCUMENT_MAX)
        return km_call_fail(call, KM_X_NONE, "document has at most %d octets", KM_JOB_DOCUMENT_MAX);
    km_status status = km_json_object(&err, KM_SLICE_STR(text), KM_CALL_JSON_DEPTH_MAX, &json);
    if (status == KM_E_NOMEM)
        return KM_FAIL(&call->err, KM_E_NOMEM, "document of a job");
    if (status != KM_OK)
        return km_call_fail(call, KM_X_NONE, "document must be a JSON object: %.80s", err.text);
    form->document = text;
    return KM_OK;
}

km_status km_job_form_must_have_document(struct km_call *call, const struct km_job_form *form)
{
    return form->document != NULL ? KM_OK : km_call_fail(call, KM_X_NONE, "document is missing");
}

/* ---- the configuration ---- */

/* config NULL: an empty one. Returned owned. */
static km_status read_config(struct km_call *call, const char *config, json_t **ret)
{
    if (config != NULL)
        return km_json_object(&call->err, KM_SLICE_STR(config), KM_CALL_JSON_DEPTH_MAX, ret);
    *ret = json_object();
    return *ret != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "configuration of a job");
}

/* merge: whether there was something. */
static bool merge(struct km_call *call, json_t *config)
{
    bool has_any = false;
    for (size_t i = 0; i < KM_ARRAY_LEN(members); i++) {
        json_t *member = km_call_member(call, members[i]);
        if (member == NULL)
            continue;
        (void)json_object_set(config, members[i], member);
        has_any = true;
    }
    return has_any;
}

static km_status take_config(struct km_call *call, bool may_schedule, struct km_job_form *form)
{
    struct km_job_config parsed = {0};
    KM_AUTO(km_json_unref) json_t *config = NULL;
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_TRY(read_config(call, form->config, &config));
    if (!merge(call, config))
        return KM_OK;
    KM_TRY(km_job_config_parse(&call->err, config, &parsed));
    if (may_schedule)
        KM_TRY(km_job_config_check_times(&call->err, &parsed, call->now_ms));
    if (km_json_print(&call->err, config, KM_JOB_CONFIG_TEXT, &text) != KM_OK)
        return km_call_fail(call, KM_X_INVALID_REQUEST, "a job's configuration is too long");
    form->config = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    return form->config != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "configuration of a job");
}

km_status km_job_form_take(struct km_call *call, bool may_schedule, struct km_job_form *form)
{
    const char *description = km_call_text(call, "description");
    if (description != NULL)
        form->description = description;
    KM_TRY(refuse_others(call, may_schedule));
    KM_TRY(take_minutes(call, form));
    KM_TRY(take_document(call, form));
    return take_config(call, may_schedule, form);
}

km_status km_job_form_tell(struct km_call *call, const char *config, int64_t minutes, json_t *json)
{
    KM_AUTO(km_json_unref) json_t *all = NULL;
    json_t *timeout = minutes == 0
                          ? json_object()
                          : json_pack("{s:I}", "inProgressTimeoutInMinutes", (json_int_t)minutes);
    (void)json_object_set_new(json, "timeoutConfig", timeout);
    KM_TRY(read_config(call, config, &all));
    (void)json_object_update(json, all);
    return KM_OK;
}
