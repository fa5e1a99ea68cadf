/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of a device to its jobs, over the registry: read, decide, store where nobody else did meanwhile, and again if somebody
 * did. Each call works in an arena of its own and blocks as the registry does.
 */
#ifndef KM_JOB_STORE_H
#define KM_JOB_STORE_H

#include "cloud/jobs/job_message.h"
#include "cloud/registry/registry_job.h"

#define KM_JOB_STORE_TRIES 8 /* against other writers */

struct km_job_answer {
    enum km_job_code code;
    char why[KM_JOB_WHY_CAP]; /* a sentence, unless code is KM_JOB_OK */
    json_t *reply;            /* owned; what accepted has, but for time and token */
    json_t *state; /* owned, may be NULL: of the execution that the request does not fit */
};
/* km_job_answer_clear: all zero is allowed. For KM_AUTO. */
void km_job_answer_clear(struct km_job_answer *answer);

/*
 * km_job_store_serve: a request whose code is KM_JOB_OK, or one that is refused already. A refusal is no failure; *ret, for
 * km_job_answer_clear, is written on success alone. form: of job documents in the reply.
 */
km_status km_job_store_serve(struct km_err *err, struct km_registry *reg, const char *account,
                             const struct km_job_request *request, int64_t now_ms,
                             enum km_job_document form, struct km_job_answer *ret);
/*
 * km_job_store_notice: what a thing is told when its pending executions have changed. ret_next may be NULL: their first is the same. Both are
 * owned.
 */
km_status km_job_store_notice(struct km_err *err, struct km_registry *reg, const char *account,
                              const char *thing, int64_t now_ms, json_t **ret_list,
                              json_t **ret_next);

#endif
