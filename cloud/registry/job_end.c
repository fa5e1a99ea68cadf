/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from an execution that is over: it is told, tried again, and the job is given up or completed. */
#include "cloud/registry/job.h"

static const char *const operations[KM_EXECUTION_N_STATUS] = {
    [KM_EXECUTION_SUCCEEDED] = "succeeded", [KM_EXECUTION_FAILED] = "failed",
    [KM_EXECUTION_TIMED_OUT] = "timed_out", [KM_EXECUTION_REJECTED] = "rejected",
    [KM_EXECUTION_REMOVED] = "removed",     [KM_EXECUTION_CANCELED] = "canceled",
};

/* All executions of a job by one thing. */
static km_status count_tries(struct km_registry *reg, const char *account,
                             const struct km_execution_key *key, int64_t ret[KM_EXECUTION_N_STATUS])
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(
        reg,
        "SELECT status, count(*) FROM job_execution WHERE account = ?1"
        " AND thing = ?2 AND job = ?3 GROUP BY status",
        KM_VALUES(km_value_text(account), km_value_text(key->thing), km_value_text(key->job)),
        &query));
    while (km_query_next(&query))
        ret[km_query_number(&query, 0) % KM_EXECUTION_N_STATUS] = km_query_number(&query, 1);
    return km_query_finish(&query);
}

static km_status try_again(struct km_registry *reg, const char *account,
                           const struct km_execution_key *key, const struct km_job_state *state,
                           enum km_execution_status status)
{
    int64_t n[KM_EXECUTION_N_STATUS] = {0};
    if (state->config.n_retries == 0 || state->is_ended)
        return KM_OK;
    KM_TRY(count_tries(reg, account, key, n));
    if (!km_job_config_retries(&state->config, status, n))
        return KM_OK;
    return km_reg_execution_queue(reg, account, key->thing, key->job);
}

static km_status give_up(struct km_registry *reg, const char *account, const char *job,
                         const struct km_job_state *state)
{
    static const struct km_registry_job_cancel cancel = {.reason_code = KM_JOB_REASON_ABORT};
    int64_t n[KM_EXECUTION_N_STATUS] = {0};
    if (state->config.n_aborts == 0)
        return KM_OK;
    KM_TRY(km_reg_job_count(reg, account, job, n));
    return km_job_config_aborts(&state->config, n) ? km_reg_job_cancel(reg, account, job, &cancel)
                                                   : KM_OK;
}

km_status km_reg_execution_ended(struct km_registry *reg, const char *account,
                                 const struct km_execution_key *key,
                                 enum km_execution_status status)
{
    struct km_job_state state = {0};
    KM_TRY(km_reg_execution_event(reg, account, key, operations[status]));
    KM_TRY(km_reg_job_state(reg, account, key->job, &state));
    if (state.has_config && state.status == KM_JOB_IN_PROGRESS) {
        KM_TRY(try_again(reg, account, key, &state, status));
        KM_TRY(give_up(reg, account, key->job, &state));
    }
    return km_reg_job_finish(reg, account, key->job);
}
