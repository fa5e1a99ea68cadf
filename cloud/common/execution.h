/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jobs are made of, as several rooms pass it on: a job is carried out once by each thing that it is for, and that is an
 * execution. Who decides over executions and who stores them share these.
 */
#ifndef KM_CLOUD_EXECUTION_H
#define KM_CLOUD_EXECUTION_H

#include "common/km_bytes.h"

#define KM_JOB_ID_MAX 64           /* [A-Za-z0-9_-] */
#define KM_JOB_DOCUMENT_MAX 32768  /* octets of a job document */
#define KM_JOB_TEXT_MAX 2028       /* octets of a description or a comment */
#define KM_JOB_REASON_MAX 128      /* A-Z 0-9 _ */
#define KM_JOB_TARGETS_MAX 100     /* things and groups that a job names */
#define KM_JOB_MINUTES_MAX 10080   /* of either timer; at least 1 */
#define KM_JOB_PENDING_MAX 250     /* executions that a thing is told of when it asks */
#define KM_JOB_NOTIFIED_MAX 15     /* and in a notification */
#define KM_JOB_DETAILS_MAX 10      /* pairs of status details */
#define KM_JOB_DETAIL_KEY_MAX 128  /* [A-Za-z0-9:_-] */
#define KM_JOB_DETAIL_MAX 1024     /* octets of a value, without controls */
#define KM_JOB_DETAILS_TEXT 131072 /* octets of all of them as JSON, whatever has to be escaped */

/* Stored as these numbers; the first two are pending. */
enum km_execution_status {
    KM_EXECUTION_QUEUED = 0,
    KM_EXECUTION_IN_PROGRESS,
    KM_EXECUTION_SUCCEEDED,
    KM_EXECUTION_FAILED,
    KM_EXECUTION_TIMED_OUT,
    KM_EXECUTION_REJECTED,
    KM_EXECUTION_REMOVED,
    KM_EXECUTION_CANCELED,
};
#define KM_EXECUTION_N_STATUS 8

/* km_execution_status_text: as the API spells it; static storage. */
const char *km_execution_status_text(enum km_execution_status status);
/* km_execution_status_parse: text may be NULL; false when it is none. */
KM_MUST_USE bool km_execution_status_parse(const char *text, enum km_execution_status *ret);
/* km_execution_is_over: whether it can change no more. */
bool km_execution_is_over(enum km_execution_status status);

struct km_execution {
    const char *thing;
    const char *job;
    int64_t number; /* counts the executions of the job by this thing, from 1 */
    enum km_execution_status status;
    bool is_forced;      /* it was canceled while IN_PROGRESS */
    const char *details; /* a JSON object of texts; NULL: none */
    int64_t version;     /* from 1, one more with each change */
    int64_t queued_ms;
    int64_t started_ms; /* 0: not yet */
    int64_t modified_ms;
    int64_t due_ms;      /* when it times out unless it is over; 0: not by that timer */
    int64_t step_due_ms; /* the same, by the timer that the device sets */
    int64_t minutes;     /* what the job gives it once it is IN_PROGRESS; 0: any time */
    const char *document;
    int64_t n_retries; /* in lists alone: how often the thing had failed before */
};
/* km_execution_ends_ms: the earlier of the two timers; 0: none runs. */
int64_t km_execution_ends_ms(const struct km_execution *execution);

/* Something that happened to a job or to an execution, for who wants to be told. */
struct km_job_event {
    const char *id;        /* a UUID */
    const char *operation; /* as topics spell it: "completed", "timed_out" */
    const char *job;
    int64_t time_ms;
    /* Of a job: what it was then, a JSON object whose targets are ARNs without their heads. Of an execution: its status details; NULL: none. */
    const char *details;
    const char *thing; /* NULL: it is the job's */
    enum km_execution_status status;
    int64_t number;
    int64_t version;
};

/* What becomes of one: everything that is not here stays. */
struct km_execution_change {
    int64_t version; /* that it has now */
    enum km_execution_status status;
    bool is_forced;
    const char *details; /* NULL: as they are */
    int64_t started_ms;
    int64_t due_ms;
    int64_t step_due_ms;
};

#endif
