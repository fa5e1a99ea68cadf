/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device may make of an execution.
 *
 *   QUEUED       -> IN_PROGRESS, SUCCEEDED, FAILED, REJECTED
 *   IN_PROGRESS  -> IN_PROGRESS (other details, another step), SUCCEEDED, FAILED, REJECTED
 *   all others are final
 *
 * Pure: the caller reads the execution, stores the change where its version is still the same, and otherwise reads and asks again.
 */
#ifndef KM_JOB_DECIDE_H
#define KM_JOB_DECIDE_H

#include "cloud/jobs/job_request.h"

/* km_job_start: starts one that is QUEUED. False: it is IN_PROGRESS already and stays as it is. */
bool km_job_start(const struct km_execution *execution, const struct km_job_request *request,
                  int64_t now_ms, struct km_execution_change *ret);
/* km_job_update: KM_JOB_OK and the change, KM_JOB_VERSION_MISMATCH or KM_JOB_INVALID_TRANSITION. */
enum km_job_code km_job_update(const struct km_execution *execution,
                               const struct km_job_request *request, int64_t now_ms,
                               struct km_execution_change *ret);
/* km_job_changed: the execution as it is after the change; details are borrowed from both. */
struct km_execution km_job_changed(const struct km_execution *execution,
                                   const struct km_execution_change *change, int64_t now_ms);

#endif
