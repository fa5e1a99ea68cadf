/* SPDX-License-Identifier: Apache-2.0 */
/* Events of jobs: the registry gives each to one broker, which publishes it. */
#include <stdio.h>

#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/jobs/job_event.h"
#include "cloud/registry/registry_job.h"

#define ARN_HEAD_CAP 128
/* Details of executions are the most of it. */
#define ARENA_MAX ((size_t)KM_JOB_EVENTS_AT_ONCE * 2 * KM_JOB_DETAILS_TEXT)

static void publish(struct scribe *scribe, const struct km_job_event *event)
{
    char arn_head[ARN_HEAD_CAP] = "";
    char topic[KM_JOB_EVENT_TOPIC_CAP] = "";
    const struct settings *settings = scribe->settings;
    (void)snprintf(arn_head, sizeof(arn_head), "arn:%s:iot:%s:%s:", settings->partition,
                   settings->region, settings->account);
    (void)km_job_event_topic(event, topic);
    scribe_publish_json(scribe, NULL, topic, km_job_event_json(event, arn_head));
}

void job_events_publish(struct scribe *scribe)
{
    struct km_job_event_list list = {0};
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    if (arena == NULL)
        return;
    if (km_registry_job_events_take(scribe->reader.registry, arena, scribe->settings->account,
                                    &list) != KM_OK) {
        scribe_warn(scribe, "can't take events of jobs",
                    km_registry_err(scribe->reader.registry)->text);
        return;
    }
    for (size_t i = 0; i < list.n_items; i++)
        publish(scribe, &list.items[i]);
    if (list.n_items == KM_JOB_EVENTS_AT_ONCE)
        scribe->has_job_events = true;
}
