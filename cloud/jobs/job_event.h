/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of jobs and executions to whoever listens on $aws/events/job/JOB/... and $aws/events/jobExecution/JOB/... . Pure. */
#ifndef KM_JOB_EVENT_H
#define KM_JOB_EVENT_H

#include <jansson.h>

#include "cloud/common/execution.h"

/* Holds every topic that is written, with its NUL. */
#define KM_JOB_EVENT_TOPIC_CAP 128

/* km_job_event_topic: with its NUL; its length is returned. */
size_t km_job_event_topic(const struct km_job_event *event, char ret[KM_JOB_EVENT_TOPIC_CAP]);
/*
 * km_job_event_json: arn_head is "arn:aws:iot:REGION:ACCOUNT:". The timestamp is seconds; the times of a job are milliseconds. Returned owned; NULL:
 * memory is short, or what is stored is no JSON.
 */
json_t *km_job_event_json(const struct km_job_event *event, const char *arn_head);

#endif
