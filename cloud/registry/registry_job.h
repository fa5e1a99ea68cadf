/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs, what they are for, and their executions. What a device may make of an execution is cloud/jobs'.
 *
 * A job for things and groups gives each thing in them, also in groups below, one execution. A continuous job goes on: a thing that
 * comes into one of its groups later gets an execution then, and one that leaves them has its pending one REMOVED. A job that is not
 * continuous is COMPLETED by its last execution. A thing that is deleted has its pending executions REMOVED.
 *
 * A job may have a configuration (cloud/common/job_config.h). With a rate, things wait, and so many a minute get their executions; with a start
 * it is SCHEDULED until then; at its end nobody gets one any more, and it is completed or canceled; who failed may get another
 * execution; and when too many failed the job is canceled. What has its time is done by km_registry_job_tick.
 *
 * What happened is told where the account's events of jobs are on: an event is stored with what it tells of, and
 * km_registry_job_events_take gives it to one caller.
 *
 * Whose pending executions have changed is in the change feed: KM_CHANGE_EXECUTIONS with the thing's name, or KM_CHANGE_NEXT_EXECUTION
 * when the first of them is another one now.
 */
#ifndef KM_REGISTRY_JOB_H
#define KM_REGISTRY_JOB_H

#include "cloud/common/execution.h"
#include "cloud/registry/registry_thing.h"

/* Stored as these numbers. */
enum km_job_status {
    KM_JOB_IN_PROGRESS = 1,
    KM_JOB_CANCELED = 2,
    KM_JOB_COMPLETED = 3,
    KM_JOB_SCHEDULED = 4,
};
enum km_job_target_kind { KM_JOB_TARGET_THING = 1, KM_JOB_TARGET_GROUP = 2 };

/* Reason codes of jobs that the cloud cancels. */
#define KM_JOB_REASON_ABORT "ABORT_CRITERIA_MET"
#define KM_JOB_REASON_END "END_TIME_REACHED"

struct km_job_target {
    enum km_job_target_kind kind;
    const char *name;
};
struct km_registry_job_new {
    const char *id;
    const char *document;
    const char *description; /* NULL: none */
    bool is_continuous;
    int64_t minutes; /* an execution may be IN_PROGRESS; 0: any time */
    const struct km_job_target *targets;
    size_t n_targets;        /* 1 to KM_JOB_TARGETS_MAX */
    const char *config;      /* JSON for km_job_config_parse; NULL: none */
    const char *template_id; /* that it was made of; NULL: none */
};
struct km_registry_job {
    const char *id;
    const char *description;
    bool is_continuous;
    enum km_job_status status;
    bool is_forced; /* canceled with executions that were IN_PROGRESS */
    const char *reason_code;
    const char *comment;
    int64_t minutes;
    int64_t created_ms;
    int64_t modified_ms;
    int64_t completed_ms; /* 0: not yet; also when it was canceled */
    const char *config;
    const char *template_id;
    bool is_rolling_out; /* things wait for their executions */
};
/* What of it is not in lists. */
struct km_registry_job_more {
    const struct km_job_target *targets;
    size_t n_targets;
    int64_t n_executions[KM_EXECUTION_N_STATUS]; /* the newest of each thing */
};
struct km_registry_job_list {
    const struct km_registry_job *items;
    size_t n_items;
    const char *next;
};

/* km_registry_job_create: KM_E_NOTFOUND: no such thing or group. */
km_status km_registry_job_create(struct km_registry *reg, const char *account,
                                 const struct km_registry_job_new *job);
/* km_registry_job_get: ret_more may be NULL. */
km_status km_registry_job_get(struct km_registry *reg, struct km_arena *arena, const char *account,
                              const char *id, struct km_registry_job *ret,
                              struct km_registry_job_more *ret_more);
km_status km_registry_job_document(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *id, const char **ret);
struct km_registry_job_filter {
    int status; /* 0: any */
    bool has_selection;
    bool is_continuous;
    const char *group; /* that it names; NULL: any */
};
/* km_registry_job_list: by time of making. filter may be NULL. */
km_status km_registry_job_list(struct km_registry *reg, struct km_arena *arena, const char *account,
                               const struct km_registry_job_filter *filter,
                               const struct km_registry_page *page,
                               struct km_registry_job_list *ret);
/* NULL and a negative number leave it. */
struct km_registry_job_update {
    const char *description;
    int64_t minutes;
    const char *config; /* the whole of it; a new rate counts from the next minute on */
};
/* km_registry_job_update: executions that are IN_PROGRESS keep their timers. KM_E_STATE: it is over. */
km_status km_registry_job_update(struct km_registry *reg, const char *account, const char *id,
                                 const struct km_registry_job_update *update);
/*
 * km_registry_job_associate: more targets for a continuous job. KM_E_STATE: it is none, or not IN_PROGRESS; KM_E_LIMIT: it would have more than
 * KM_JOB_TARGETS_MAX.
 */
km_status km_registry_job_associate(struct km_registry *reg, const char *account, const char *id,
                                    const struct km_job_target *targets, size_t n_targets);
struct km_registry_job_cancel {
    const char *reason_code; /* NULL: none */
    const char *comment;     /* NULL: none */
    bool is_forced;          /* executions that are IN_PROGRESS too; the others go on */
};
/* km_registry_job_cancel: KM_E_STATE: it is over; one that is canceled already may be canceled with force. */
km_status km_registry_job_cancel(struct km_registry *reg, const char *account, const char *id,
                                 const struct km_registry_job_cancel *cancel);
/* km_registry_job_delete: with its executions. KM_E_STATE: it is IN_PROGRESS, and not forced. */
km_status km_registry_job_delete(struct km_registry *reg, const char *account, const char *id,
                                 bool is_forced);
/*
 * km_registry_job_tick: what is due by time: executions of any account whose time is over become TIMED_OUT, jobs begin, more things get
 * their executions, jobs end. A little at a time, and each once, whoever calls this and wherever. Costs two looks at indexes while there is nothing.
 * *ret_more: there may be more to do now.
 */
km_status km_registry_job_tick(struct km_registry *reg, bool *ret_more);

/* ---- events ---- */

#define KM_JOB_EVENTS_AT_ONCE 64
#define KM_JOB_EVENTS_KEPT_MS ((int64_t)24 * 3600 * 1000) /* nobody takes them */

struct km_job_event_list {
    const struct km_job_event *items; /* the oldest first */
    size_t n_items;
};
/*
 * km_registry_job_events_take: up to KM_JOB_EVENTS_AT_ONCE of the account's, which are nobody else's from then on. Costs one look at an index while
 * there is none.
 */
km_status km_registry_job_events_take(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, struct km_job_event_list *ret);

/* ---- executions ---- */

struct km_execution_list {
    const struct km_execution *items; /* without documents */
    size_t n_items;
    const char *next;
};
struct km_execution_key {
    const char *thing;
    const char *job;
    int64_t number; /* 0: the newest */
};

/* km_registry_execution_get: with its document. */
km_status km_registry_execution_get(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_execution_key *key,
                                    struct km_execution *ret);
/*
 * km_registry_execution_pending: what the thing has to do, at most limit of it: IN_PROGRESS first, then by the time of queueing. No such thing is no error.
 * next is not set.
 */
km_status km_registry_execution_pending(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *thing, unsigned limit,
                                        struct km_execution_list *ret);
/* km_registry_execution_put: KM_E_STALE: it has another version, or is over. */
km_status km_registry_execution_put(struct km_registry *reg, const char *account,
                                    const struct km_execution_key *key,
                                    const struct km_execution_change *change);
/* km_registry_execution_delete: that very number. KM_E_STATE: it is pending, and not (IN_PROGRESS and forced). */
km_status km_registry_execution_delete(struct km_registry *reg, const char *account,
                                       const struct km_execution_key *key, bool is_forced);
/* km_registry_execution_of_job, _of_thing: status below 0: any; job NULL: any. */
km_status km_registry_execution_of_job(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *job, int status,
                                       const struct km_registry_page *page,
                                       struct km_execution_list *ret);
km_status km_registry_execution_of_thing(struct km_registry *reg, struct km_arena *arena,
                                         const char *account, const char *thing, const char *job,
                                         int status, const struct km_registry_page *page,
                                         struct km_execution_list *ret);

#endif
