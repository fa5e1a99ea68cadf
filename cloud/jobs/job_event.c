/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/jobs/job_event.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cloud/common/json.h"

#define MS_PER_S 1000
#define DEPTH_MAX 4
#define STATUS_CAP 32

size_t km_job_event_topic(const struct km_job_event *event, char ret[KM_JOB_EVENT_TOPIC_CAP])
{
    int len = snprintf(ret, KM_JOB_EVENT_TOPIC_CAP, "$aws/events/%s/%.*s/%.24s",
                       event->thing != NULL ? "jobExecution" : "job", KM_JOB_ID_MAX, event->job,
                       event->operation);
    return (size_t)len;
}

static json_t *head(const struct km_job_event *event)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:s}", "eventType",
                     event->thing != NULL ? "JOB_EXECUTION" : "JOB", "eventId", event->id,
                     "timestamp", (json_int_t)(event->time_ms / MS_PER_S), "operation",
                     event->operation, "jobId", event->job);
}

static json_t *details(const struct km_job_event *event)
{
    json_t *value = NULL;
    if (km_json_object(NULL, KM_SLICE_STR(event->details), DEPTH_MAX, &value) != KM_OK)
        return NULL;
    return value;
}

/* ---- jobs ---- */

/* What a job is while or after that is done to it. */
static json_t *status_of(const char *operation)
{
    char text[STATUS_CAP] = "";
    for (size_t i = 0; operation[i] != '\0' && i < sizeof(text) - 1; i++)
        text[i] = (char)toupper((unsigned char)operation[i]);
    return json_string(text);
}

static void complete_arns(json_t *list, const char *arn_head)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *rest = json_string_value(json_array_get(list, i));
        (void)json_array_set_new(list, i, json_sprintf("%s%s", arn_head, rest == NULL ? "" : rest));
    }
}

static json_t *of_job(const struct km_job_event *event, const char *arn_head)
{
    KM_AUTO(km_json_unref) json_t *portrait = details(event);
    if (portrait == NULL)
        return NULL;
    json_t *json = head(event);
    (void)json_object_set_new(json, "jobArn", json_sprintf("%sjob/%s", arn_head, event->job));
    (void)json_object_set_new(json, "status", status_of(event->operation));
    complete_arns(json_object_get(portrait, "targets"), arn_head);
    (void)json_object_update(json, portrait);
    return json;
}

/* ---- executions ---- */

static json_t *of_execution(const struct km_job_event *event, const char *arn_head)
{
    KM_AUTO(km_json_unref) json_t *said = event->details == NULL ? json_object() : details(event);
    if (said == NULL)
        return NULL;
    json_t *json = head(event);
    (void)json_object_set_new(json, "thingArn", json_sprintf("%sthing/%s", arn_head, event->thing));
    (void)json_object_set_new(json, "status", json_string(km_execution_status_text(event->status)));
    (void)json_object_set_new(json, "executionNumber", json_integer((json_int_t)event->number));
    (void)json_object_set_new(json, "versionNumber", json_integer((json_int_t)event->version));
    (void)json_object_set(json, "statusDetails", said);
    return json;
}

json_t *km_job_event_json(const struct km_job_event *event, const char *arn_head)
{
    return event->thing != NULL ? of_execution(event, arn_head) : of_job(event, arn_head);
}
