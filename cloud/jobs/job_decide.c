/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/jobs/job_decide.h"

#define MS_PER_MINUTE 60000

static struct km_execution_change change_to(const struct km_execution *execution,
                                            const struct km_job_request *request,
                                            enum km_execution_status status, int64_t now_ms)
{
    struct km_execution_change change = {.version = execution->version,
                                         .status = status,
                                         .details = request->details.ptr,
                                         .started_ms = execution->started_ms};
    if (status != KM_EXECUTION_IN_PROGRESS)
        return change;
    change.due_ms = execution->due_ms;
    change.step_due_ms = execution->step_due_ms;
    if (execution->status == KM_EXECUTION_QUEUED) {
        change.started_ms = now_ms;
        change.due_ms = execution->minutes == 0 ? 0 : now_ms + execution->minutes * MS_PER_MINUTE;
    }
    if (request->step_minutes > 0)
        change.step_due_ms = now_ms + request->step_minutes * MS_PER_MINUTE;
    else if (request->step_minutes < 0)
        change.step_due_ms = 0;
    return change;
}

bool km_job_start(const struct km_execution *execution, const struct km_job_request *request,
                  int64_t now_ms, struct km_execution_change *ret)
{
    if (execution->status != KM_EXECUTION_QUEUED)
        return false;
    *ret = change_to(execution, request, KM_EXECUTION_IN_PROGRESS, now_ms);
    return true;
}

enum km_job_code km_job_update(const struct km_execution *execution,
                               const struct km_job_request *request, int64_t now_ms,
                               struct km_execution_change *ret)
{
    if (request->expected_version != 0 && request->expected_version != execution->version)
        return KM_JOB_VERSION_MISMATCH;
    if (km_execution_is_over(execution->status))
        return KM_JOB_INVALID_TRANSITION;
    *ret = change_to(execution, request, request->status, now_ms);
    return KM_JOB_OK;
}

struct km_execution km_job_changed(const struct km_execution *execution,
                                   const struct km_execution_change *change, int64_t now_ms)
{
    struct km_execution changed = *execution;
    changed.version = change->version + 1;
    changed.status = change->status;
    changed.is_forced = change->is_forced;
    if (change->details != NULL)
        changed.details = change->details;
    changed.started_ms = change->started_ms;
    changed.modified_ms = now_ms;
    changed.due_ms = change->due_ms;
    changed.step_due_ms = change->step_due_ms;
    return changed;
}
