/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that devices get about their jobs. Times are seconds. All are returned owned; NULL: memory is short, or what is stored is
 * no JSON. Pure.
 */
#ifndef KM_JOB_MESSAGE_H
#define KM_JOB_MESSAGE_H

#include "cloud/jobs/job_request.h"

/* Over MQTT a job document is an object, over HTTP a text. */
enum km_job_document { KM_JOB_DOCUMENT_NONE = 0, KM_JOB_DOCUMENT_OBJECT, KM_JOB_DOCUMENT_TEXT };
json_t *km_job_document_json(const struct km_execution *execution, enum km_job_document form);

json_t *km_job_execution_json(const struct km_execution *execution, enum km_job_document form,
                              int64_t now_ms);
/* km_job_state_json: status, details and version alone. */
json_t *km_job_state_json(const struct km_execution *execution);
/* km_job_pending_json: inProgressJobs and queuedJobs. */
json_t *km_job_pending_json(const struct km_execution *items, size_t n);
/* km_job_details_json: an object; a new empty one for NULL. */
json_t *km_job_details_json(const char *details);
/* km_job_seconds_left: until one of the timers; -1: none runs. */
int64_t km_job_seconds_left(const struct km_execution *execution, int64_t now_ms);

/* km_job_accepted: takes reply, NULL: memory is short; adds the time and the client's token. */
json_t *km_job_accepted(json_t *reply, const struct km_job_request *request, int64_t now_ms);
/* km_job_rejected: state is taken, NULL: none. */
json_t *km_job_rejected(const struct km_job_request *request, enum km_job_code code,
                        const char *why, json_t *state, int64_t now_ms);
/* km_job_notify: the list. km_job_notify_next: its first, with its document; NULL: there is none. */
json_t *km_job_notify(const struct km_execution *items, size_t n, int64_t now_ms);
json_t *km_job_notify_next(const struct km_execution *execution, int64_t now_ms);

#endif
