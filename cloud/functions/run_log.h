/* SPDX-License-Identifier: Apache-2.0 */
/* What a run leaves: the answer to who asked, and its log, in the words that readers of such logs know. */
#ifndef KM_RUN_LOG_H
#define KM_RUN_LOG_H

#include "cloud/functions/host_wire.h"
#include "cloud/functions/invoke.h"

#define KM_RUN_SECRET_MIN 6 /* shorter values are too often ordinary words to be blotted out */
#define KM_RUN_N_SECRETS_MAX (KM_FUNCTION_N_ENV_MAX + 2)

struct km_run_report {
    const char *request_id;
    const char *version;
    bool is_python;
    unsigned timeout_s;
    unsigned memory_mb;
    int64_t now_ms;
    struct km_slice secrets[KM_RUN_N_SECRETS_MAX]; /* blotted out wherever the log has them */
    size_t n_secrets;
    const struct km_host_outcome *outcome;
};

/* km_run_answer: fills is_function_error and payload. KM_E_UNSUPPORTED when nothing was run. */
km_status km_run_answer(struct km_err *err, const struct km_run_report *report,
                        struct km_invoke_answer *ret);
/* km_run_log: START, what it wrote, END and REPORT. Returns owned; NULL when memory is short. */
char *km_run_log(const struct km_run_report *report, size_t *ret_len);
/* km_run_redact: blots the secrets out in place; returns the new length, never a larger one. */
size_t km_run_redact(uint8_t *text, size_t len, const struct km_slice *secrets, size_t n_secrets);
/* km_run_log_keep: appends to log_dir/ACCOUNT/NAME.log; a file beyond max becomes NAME.log.1 first. */
km_status km_run_log_keep(struct km_err *err, const char *log_dir, const char *account,
                          const char *name, size_t max, struct km_slice text);

#endif
