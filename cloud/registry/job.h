/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about jobs share, and what changes of things and groups have to tell them. All within a write with KM_DB_LOCK_ALL. */
#ifndef KM_CLOUD_REGISTRY_JOB_H
#define KM_CLOUD_REGISTRY_JOB_H

#include "cloud/common/job_config.h"
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_job.h"

/* km_reg_job_check: the forms of both. */
km_status km_reg_job_check(struct km_registry *reg, const char *account, const char *job);
/* km_reg_job_check_minutes: at most KM_JOB_MINUTES_MAX. */
km_status km_reg_job_check_minutes(struct km_registry *reg, int64_t minutes);
/* km_reg_job_check_config: JSON for km_job_config_parse, or NULL. */
km_status km_reg_job_check_config(struct km_registry *reg, const char *config);
/* km_reg_job_targets_insert: KM_E_NOTFOUND: no such thing or group. */
km_status km_reg_job_targets_insert(struct km_registry *reg, const char *account, const char *job,
                                    const struct km_job_target *targets, size_t n_targets);
/* km_reg_job_count: its executions by status, the newest of each thing. */
km_status km_reg_job_count(struct km_registry *reg, const char *account, const char *job,
                           int64_t ret[KM_EXECUTION_N_STATUS]);
/* km_reg_job_finish: completes the job if nobody has to do anything for it any more. */
km_status km_reg_job_finish(struct km_registry *reg, const char *account, const char *job);
/* km_reg_job_cancel: one that is not over, or is to be canceled with force. */
km_status km_reg_job_cancel(struct km_registry *reg, const char *account, const char *job,
                            const struct km_registry_job_cancel *cancel);

/* How far a job is. */
struct km_job_state {
    enum km_job_status status;
    bool is_ended;      /* nobody gets it any more */
    int64_t minute_ms;  /* when the minute began of which the rate speaks */
    int64_t n_left;     /* so many more get it in that minute */
    int64_t n_notified; /* have got it by the rate */
    bool has_config;
    struct km_job_config config;
};
km_status km_reg_job_state(struct km_registry *reg, const char *account, const char *job,
                           struct km_job_state *ret);
/* km_reg_job_begin: its things get their executions, or begin to wait for them. */
km_status km_reg_job_begin(struct km_registry *reg, const char *account, const char *job);
/* km_reg_job_join: one thing more gets it, or waits for it. */
km_status km_reg_job_join(struct km_registry *reg, const char *account, const char *thing,
                          const char *job);
/* km_reg_job_schedule: when something of it is due next. */
km_status km_reg_job_schedule(struct km_registry *reg, const char *account, const char *job);

/* km_reg_job_event, km_reg_execution_event: something to tell, if that is on; an execution's as it is now. */
km_status km_reg_job_event(struct km_registry *reg, const char *account, const char *job,
                           const char *operation);
km_status km_reg_execution_event(struct km_registry *reg, const char *account,
                                 const struct km_execution_key *key, const char *operation);
/* km_reg_execution_ended: what follows from an execution that is over. */
km_status km_reg_execution_ended(struct km_registry *reg, const char *account,
                                 const struct km_execution_key *key,
                                 enum km_execution_status status);
/* km_reg_executions_canceled: the event of all of a job with a status of at most that; to be called before they are canceled. */
km_status km_reg_executions_canceled(struct km_registry *reg, const char *account, const char *job,
                                     enum km_execution_status most);
/* km_reg_job_events_forget: those that nobody takes; within a write. */
km_status km_reg_job_events_forget(struct km_registry *reg);

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

/* km_reg_executions_tell: the same for all of a job, with a status of at most that; when they are queued already, or not ended yet. */
km_status km_reg_executions_tell(struct km_registry *reg, const char *account, const char *job,
                                 enum km_execution_status most);

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

/* km_reg_executions_expire: those whose time is over. *ret_more: there may be more. */
km_status km_reg_executions_expire(struct km_registry *reg, bool *ret_more);
/* km_reg_job_members: a thing came into a group or left one. */
km_status km_reg_job_members(struct km_registry *reg, const char *account, const char *thing);
/* km_reg_job_group_gone: a group is to be deleted: its things leave it first, where that matters to jobs. */
km_status km_reg_job_group_gone(struct km_registry *reg, const char *account, const char *group);
/* km_reg_job_thing_gone: a thing is deleted. */
km_status km_reg_job_thing_gone(struct km_registry *reg, const char *account, const char *thing);

#endif
