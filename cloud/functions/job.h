/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the runner: one request on its way, from when it is accepted to when it is answered. */
#ifndef KM_JOB_H
#define KM_JOB_H

#include "cloud/functions/run.h"
#include "cloud/functions/spool.h"

struct km_job {
    struct km_job *next;
    struct km_runner *runner;
    uint64_t ticket; /* 0: nobody waits */
    km_runner_done *done;
    void *ctx;
    struct km_spool_entry *entry; /* of an event; NULL: somebody waits */
    struct km_invoke invoke;      /* views of the two below */
    struct km_invoke_strings strings;
    uint8_t *bytes;
    struct km_function_name name;
    /* While it runs. */
    unsigned slot;
    struct km_watch watch;
    struct km_run run;
    struct km_code code;
    struct km_run_report report;
    char version[KM_FUNCTION_QUALIFIER_MAX + 1];
    uint8_t *secrets; /* what report.secrets views */
    size_t secrets_len;
};

/* km_job_new: a copy of the request. Returns owned, NULL when memory is short. */
struct km_job *km_job_new(const struct km_invoke *invoke);
/* km_job_name: finds out which function its request means. KM_E_ARG; KM_E_NOTFOUND: of another account. */
km_status km_job_name(struct km_err *err, struct km_job *job);
/* km_job_free: wipes its secrets; nothing of it may run any more. */
void km_job_free(struct km_job *job);
void km_job_freep(struct km_job **job);
/* km_job_remember: what has to be blotted out of its log, and what its report says. */
km_status km_job_remember(struct km_err *err, struct km_job *job,
                          const struct km_function *function,
                          const struct km_runner_credentials *credentials);

#endif
