/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics by which devices ask for their jobs: $aws/things/THING/jobs/get and /start-next, $aws/things/THING/jobs/JOB/get and
 * /update. Answers go to the same with /accepted or /rejected behind it, notifications to /notify and /notify-next.
 */
#ifndef KM_JOB_TOPIC_H
#define KM_JOB_TOPIC_H

#include "cloud/common/execution.h"
#include "cloud/common/limits.h"

/* Holds every topic that is written, with its NUL. */
#define KM_JOB_TOPIC_CAP 256
#define KM_JOB_NEXT "$next" /* in place of a job: the first that is pending */

enum km_job_kind { KM_JOB_GET = 0, KM_JOB_START_NEXT, KM_JOB_DESCRIBE, KM_JOB_UPDATE };
enum km_job_part { KM_JOB_REQUEST = 0, KM_JOB_ACCEPTED, KM_JOB_REJECTED };

/* Both with a NUL. */
struct km_job_id {
    char thing[KM_THING_NAME_MAX + 1];
    char job[KM_JOB_ID_MAX + 1]; /* or KM_JOB_NEXT; empty for KM_JOB_GET and KM_JOB_START_NEXT */
};

/* km_job_id_init: checks both and copies them; job may be empty. False: not allowed. */
KM_MUST_USE bool km_job_id_init(struct km_slice thing, struct km_slice job, struct km_job_id *ret);
/* km_job_topic_parse: a request's topic; false for any other. Nothing is written then. */
KM_MUST_USE bool km_job_topic_parse(struct km_slice topic, struct km_job_id *ret_id,
                                    enum km_job_kind *ret_kind);
/* km_job_topic_write: with its NUL; its length is returned. */
size_t km_job_topic_write(const struct km_job_id *id, enum km_job_kind kind, enum km_job_part part,
                          char ret[KM_JOB_TOPIC_CAP]);
/* km_job_topic_notify: of notifications about the list, or about its first. */
size_t km_job_topic_notify(const char *thing, bool is_next, char ret[KM_JOB_TOPIC_CAP]);

#endif
