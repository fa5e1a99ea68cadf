/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/jobs/job_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8
#define NUMBER_MAX INT64_MAX

static const char *const texts[KM_JOB_N_CODES] = {
    [KM_JOB_OK] = "",
    [KM_JOB_INVALID_TOPIC] = "InvalidTopic",
    [KM_JOB_INVALID_JSON] = "InvalidJson",
    [KM_JOB_INVALID_REQUEST] = "InvalidRequest",
    [KM_JOB_INVALID_TRANSITION] = "InvalidStateTransition",
    [KM_JOB_NOT_FOUND] = "ResourceNotFound",
    [KM_JOB_VERSION_MISMATCH] = "VersionMismatch",
    [KM_JOB_INTERNAL] = "InternalError",
    [KM_JOB_THROTTLED] = "RequestThrottled",
    [KM_JOB_TERMINAL] = "TerminalStateReached",
};

const char *km_job_code_text(enum km_job_code code)
{
    return texts[code];
}

void km_job_request_clear(struct km_job_request *request)
{
    km_json_text_clear(&request->details);
    *request = (struct km_job_request){0};
}

/* The first that is wrong counts. */
static void refuse(struct km_job_request *request, enum km_job_code code, const char *fmt, ...)
    KM_PRINTF(3, 4);

static void refuse(struct km_job_request *request, enum km_job_code code, const char *fmt, ...)
{
    va_list args;
    if (request->code != KM_JOB_OK)
        return;
    request->code = code;
    va_start(args, fmt);
    (void)vsnprintf(request->why, sizeof(request->why), fmt, args);
    va_end(args);
}

/* ---- members ---- */

static void take_token(const json_t *root, struct km_job_request *request)
{
    const json_t *token = json_object_get(root, "clientToken");
    size_t len = json_string_length(token);
    if (token == NULL)
        return;
    if (!json_is_string(token) || len > KM_JOB_TOKEN_MAX) {
        refuse(request, KM_JOB_INVALID_REQUEST, "clientToken must be a text of at most %d octets",
               KM_JOB_TOKEN_MAX);
        return;
    }
    km_copy(request->token, KM_JOB_TOKEN_MAX, json_string_value(token), len);
}

static void take_number(const json_t *root, const char *name, int64_t max,
                        struct km_job_request *request, int64_t *ret)
{
    const json_t *member = json_object_get(root, name);
    if (member == NULL || json_is_null(member))
        return;
    if (!json_is_integer(member) || json_integer_value(member) < 1 ||
        json_integer_value(member) > max)
        refuse(request, KM_JOB_INVALID_REQUEST, "%s must be a number from 1 to %lld", name,
               (long long)max);
    else
        *ret = json_integer_value(member);
}

static void take_flag(const json_t *root, const char *name, struct km_job_request *request,
                      bool *ret)
{
    const json_t *member = json_object_get(root, name);
    if (member == NULL || json_is_null(member))
        return;
    if (!json_is_boolean(member))
        refuse(request, KM_JOB_INVALID_REQUEST, "%s must be true or false", name);
    else
        *ret = json_is_true(member);
}

static void take_step(const json_t *root, struct km_job_request *request)
{
    const json_t *member = json_object_get(root, "stepTimeoutInMinutes");
    if (json_is_integer(member) && json_integer_value(member) == -1)
        request->step_minutes = -1;
    else
        take_number(root, "stepTimeoutInMinutes", KM_JOB_MINUTES_MAX, request,
                    &request->step_minutes);
}

static void take_status(const json_t *root, struct km_job_request *request)
{
    const char *text = json_string_value(json_object_get(root, "status"));
    if (!km_execution_status_parse(text, &request->status) ||
        request->status == KM_EXECUTION_QUEUED || request->status == KM_EXECUTION_TIMED_OUT ||
        request->status > KM_EXECUTION_REJECTED)
        refuse(request, KM_JOB_INVALID_REQUEST,
               "status must be IN_PROGRESS, SUCCEEDED, FAILED or REJECTED");
}

/* ---- details ---- */

static bool is_key(const char *key)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";
    size_t len = strnlen(key, KM_JOB_DETAIL_KEY_MAX + 1);
    return len >= 1 && len <= KM_JOB_DETAIL_KEY_MAX && strspn(key, good) == len;
}

static bool is_value(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (text == NULL || len < 1 || len > KM_JOB_DETAIL_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((uint8_t)text[i] < 0x20 || (uint8_t)text[i] == 0x7f)
            return false;
    }
    return true;
}

static bool are_good(json_t *value, char ret_why[KM_JOB_WHY_CAP])
{
    const char *key = NULL;
    json_t *item = NULL;
    if (!json_is_object(value) || json_object_size(value) > KM_JOB_DETAILS_MAX) {
        (void)snprintf(ret_why, KM_JOB_WHY_CAP,
                       "statusDetails must be an object of at most %d texts", KM_JOB_DETAILS_MAX);
        return false;
    }
    json_object_foreach(value, key, item)
    {
        if (is_key(key) && is_value(item))
            continue;
        (void)snprintf(ret_why, KM_JOB_WHY_CAP,
                       "a name or value of statusDetails is not what it may be");
        return false;
    }
    return true;
}

km_status km_job_details_print(struct km_err *err, json_t *value, char ret_why[KM_JOB_WHY_CAP],
                               bool *ret_is_good, struct km_json_text *ret)
{
    *ret_is_good = true;
    if (value == NULL || json_is_null(value))
        return KM_OK;
    *ret_is_good = are_good(value, ret_why);
    return *ret_is_good ? km_json_print(err, value, KM_JOB_DETAILS_TEXT, ret) : KM_OK;
}

static km_status take_details(struct km_err *err, const json_t *root,
                              struct km_job_request *request)
{
    char why[KM_JOB_WHY_CAP] = "";
    bool is_good = true;
    KM_TRY(km_job_details_print(err, json_object_get(root, "statusDetails"), why, &is_good,
                                &request->details));
    if (!is_good)
        refuse(request, KM_JOB_INVALID_REQUEST, "%s", why);
    return KM_OK;
}

/* ---- the whole ---- */

static km_status take_members(struct km_err *err, const json_t *root,
                              struct km_job_request *request)
{
    take_token(root, request);
    switch (request->kind) {
    case KM_JOB_GET:
        break;
    case KM_JOB_START_NEXT:
        take_step(root, request);
        return take_details(err, root, request);
    case KM_JOB_DESCRIBE:
        take_number(root, "executionNumber", NUMBER_MAX, request, &request->number);
        take_flag(root, "includeJobDocument", request, &request->wants_document);
        break;
    case KM_JOB_UPDATE:
        take_status(root, request);
        take_number(root, "executionNumber", NUMBER_MAX, request, &request->number);
        take_number(root, "expectedVersion", NUMBER_MAX, request, &request->expected_version);
        take_step(root, request);
        take_flag(root, "includeJobDocument", request, &request->wants_document);
        take_flag(root, "includeJobExecutionState", request, &request->wants_state);
        return take_details(err, root, request);
    }
    return KM_OK;
}

static km_status read_json(struct km_err *err, struct km_slice payload,
                           struct km_job_request *request)
{
    KM_AUTO(km_json_unref) json_t *root = NULL;
    if (payload.len > KM_JOB_REQUEST_MAX) {
        refuse(request, KM_JOB_INVALID_REQUEST, "a request has at most %d octets",
               KM_JOB_REQUEST_MAX);
        return KM_OK;
    }
    km_status status = km_json_object(NULL, payload, DEPTH_MAX, &root);
    if (status == KM_E_NOMEM)
        return KM_FAIL(err, status, "job request of %zu bytes", payload.len);
    if (status != KM_OK) {
        refuse(request, KM_JOB_INVALID_JSON, "the request is no JSON object");
        return KM_OK;
    }
    return take_members(err, root, request);
}

km_status km_job_request_parse(struct km_err *err, const struct km_job_id *id,
                               enum km_job_kind kind, struct km_slice payload,
                               struct km_job_request *ret)
{
    KM_AUTO(km_job_request_clear)
    struct km_job_request request = {.id = *id,
                                     .kind = kind,
                                     .wants_document =
                                         kind == KM_JOB_DESCRIBE || kind == KM_JOB_START_NEXT};
    if (payload.len > 0 || kind == KM_JOB_UPDATE)
        KM_TRY(read_json(err, payload, &request));
    if (kind == KM_JOB_UPDATE && strcmp(id->job, KM_JOB_NEXT) == 0)
        refuse(&request, KM_JOB_INVALID_TOPIC, "an update names its job");
    *ret = request;
    request = (struct km_job_request){0};
    return KM_OK;
}
