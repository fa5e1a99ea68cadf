/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a job goes about it, beyond its document and targets: how many things a minute get it, when it is given up, who may try again,
 * from when to when. As the API spells it, and what follows from it. Pure.
 */
#ifndef KM_CLOUD_JOB_CONFIG_H
#define KM_CLOUD_JOB_CONFIG_H

#include <jansson.h>

#include "cloud/common/execution.h"

#define KM_JOB_CONFIG_TEXT 8192 /* octets of a configuration as JSON */
#define KM_JOB_RATE_MAX 1000    /* executions a minute */
#define KM_JOB_ABORTS_MAX 4     /* criteria to give a job up */
#define KM_JOB_RETRIES_MAX 2    /* criteria to try again */
#define KM_JOB_RETRY_MAX 10     /* times */
#define KM_JOB_COUNT_MAX INT32_MAX
#define KM_JOB_MINUTE_MS 60000

/* failures: bits of statuses, 1 << KM_EXECUTION_FAILED and so on. */
struct km_job_abort {
    unsigned failures;
    double percent; /* of those that are executed; above 0, at most 100 */
    int64_t least;  /* so many are executed at least */
};
struct km_job_retry {
    unsigned failures;
    int64_t times;
};
/* What becomes at the end time of executions that are not over. */
enum km_job_end { KM_JOB_END_STOPS = 0, KM_JOB_END_CANCELS, KM_JOB_END_FORCES };

struct km_job_config {
    int64_t per_minute;      /* at most; 0: all at once */
    int64_t base_per_minute; /* where the rate begins; 0: it is the same all the time */
    double factor;           /* by which it grows */
    int64_t step;            /* whenever so many more have been notified, or have succeeded */
    bool counts_successes;
    struct km_job_abort aborts[KM_JOB_ABORTS_MAX];
    size_t n_aborts;
    struct km_job_retry retries[KM_JOB_RETRIES_MAX];
    size_t n_retries;
    int64_t start_ms; /* 0: at once */
    int64_t end_ms;   /* 0: never */
    enum km_job_end end;
};

/*
 * km_job_config_parse: the members jobExecutionsRolloutConfig, abortConfig, jobExecutionsRetryConfig and schedulingConfig of an object,
 * NULL and others not minded. Times are UTC, "YYYY-MM-DD HH:MM", also with seconds, a T or a Z. KM_E_ARG with a sentence.
 */
km_status km_job_config_parse(struct km_err *err, const json_t *object, struct km_job_config *ret);
/* km_job_config_check_times: KM_E_ARG when it would begin in the past, or end before it begins. */
km_status km_job_config_check_times(struct km_err *err, const struct km_job_config *config,
                                    int64_t now_ms);

/* km_job_config_rate: how many get it in the minute that begins now, of a configuration that has a rate. */
int64_t km_job_config_rate(const struct km_job_config *config, int64_t n_notified,
                           int64_t n_succeeded);
/* km_job_config_aborts: whether the job is to be given up; n: things by the status of their newest execution. */
bool km_job_config_aborts(const struct km_job_config *config,
                          const int64_t n[KM_EXECUTION_N_STATUS]);
/* km_job_config_retries: whether a thing may try again after one that ended so; n: all its executions of the job by status, that one too. */
bool km_job_config_retries(const struct km_job_config *config, enum km_execution_status status,
                           const int64_t n[KM_EXECUTION_N_STATUS]);

#endif
