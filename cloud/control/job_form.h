/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs and templates of jobs have in common in the API, between bodies and the registry. */
#ifndef KM_JOB_FORM_H
#define KM_JOB_FORM_H

#include "cloud/common/job_config.h"
#include "cloud/control/call.h"

struct km_job_form {
    const char *document;
    const char *description;
    const char *config; /* JSON; NULL: none */
    int64_t minutes;    /* 0: any time */
};

/*
 * km_job_form_take: what the body says, and form's where it says nothing. What would change a job and is not offered is refused, not
 * ignored. may_schedule: whether it may have a schedulingConfig, whose times must lie ahead.
 */
km_status km_job_form_take(struct km_call *call, bool may_schedule, struct km_job_form *form);
/* km_job_form_tell: adds the members of the configuration and timeoutConfig. */
km_status km_job_form_tell(struct km_call *call, const char *config, int64_t minutes, json_t *json);
/* km_job_form_must_have: the call fails when there is no document. */
km_status km_job_form_must_have_document(struct km_call *call, const struct km_job_form *form);

#endif
