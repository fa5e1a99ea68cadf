/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/execution.h"

#include <string.h>

static const char *const texts[KM_EXECUTION_N_STATUS] = {
    [KM_EXECUTION_QUEUED] = "QUEUED",       [KM_EXECUTION_IN_PROGRESS] = "IN_PROGRESS",
    [KM_EXECUTION_SUCCEEDED] = "SUCCEEDED", [KM_EXECUTION_FAILED] = "FAILED",
    [KM_EXECUTION_TIMED_OUT] = "TIMED_OUT", [KM_EXECUTION_REJECTED] = "REJECTED",
    [KM_EXECUTION_REMOVED] = "REMOVED",     [KM_EXECUTION_CANCELED] = "CANCELED",
};

const char *km_execution_status_text(enum km_execution_status status)
{
    return texts[status];
}

bool km_execution_status_parse(const char *text, enum km_execution_status *ret)
{
    for (size_t i = 0; text != NULL && i < KM_ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i], text) == 0) {
            *ret = (enum km_execution_status)i;
            return true;
        }
    }
    return false;
}

bool km_execution_is_over(enum km_execution_status status)
{
    return status > KM_EXECUTION_IN_PROGRESS;
}

int64_t km_execution_ends_ms(const struct km_execution *execution)
{
    if (execution->due_ms == 0 || execution->step_due_ms == 0)
        return execution->due_ms + execution->step_due_ms;
    return execution->due_ms < execution->step_due_ms ? execution->due_ms : execution->step_due_ms;
}
