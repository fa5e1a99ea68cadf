/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about jobs share, and what changes of things and groups have to tell them. All within a write with KM_DB_LOCK_ALL. */
#ifndef KM_CLOUD_REGISTRY_JOB_H
#define KM_CLOUD_REGISTRY_JOB_H

#include "cloud/registry/internal.h"
#include "cloud/registry/registry_job.h"

/* km_reg_job_check: the forms of both. */
km_status km_reg_job_check(struct km_registry *reg, const char *account, const char *job);
/* km_reg_job_finish: completes the job if it was its last execution that ended. */
km_status km_reg_job_finish(struct km_registry *reg, const char *account, const char *job);

/* km_reg_execution_queue: one more execution. */
km_status km_reg_execution_queue(struct km_registry *reg, const char *account, const char *thing,
                                 const char *job);
/* km_reg_execution_end: ends one that is pending. */
km_status km_reg_execution_end(struct km_registry *reg, const char *account,
                               const struct km_execution_key *key, enum km_execution_status status,
                               bool is_forced);
/* km_reg_execution_tell: that the thing's pending executions are others now, one of them being this. To be called before that is so. */
km_status km_reg_execution_tell(struct km_registry *reg, const char *account,
                                const struct km_execution_key *key);

/* Pending executions, some at a time. */
#define KM_EXECUTIONS_AT_ONCE 64
struct km_executions {
    struct {
        char account[KM_ACCOUNT_LEN + 1];
        char thing[KM_THING_NAME_MAX + 1];
        char job[KM_JOB_ID_MAX + 1];
        int64_t number;
    } items[KM_EXECUTIONS_AT_ONCE];
    size_t n;
};
/* km_reg_executions_take: rows of account, thing, job, number. */
km_status km_reg_executions_take(struct km_registry *reg, const char *sql, struct km_values values,
                                 struct km_executions *ret);
/* km_reg_executions_end: all of them; each call ends them for good, so that the next rows are others. */
km_status km_reg_executions_end(struct km_registry *reg, const struct km_executions *executions,
                                enum km_execution_status status, bool is_forced);

/* km_reg_job_members: a thing came into a group or left one. */
km_status km_reg_job_members(struct km_registry *reg, const char *account, const char *thing);
/* km_reg_job_group_gone: a group is to be deleted: its things leave it first, where that matters to jobs. */
km_status km_reg_job_group_gone(struct km_registry *reg, const char *account, const char *group);
/* km_reg_job_thing_gone: a thing is deleted. */
km_status km_reg_job_thing_gone(struct km_registry *reg, const char *account, const char *thing);

#endif
