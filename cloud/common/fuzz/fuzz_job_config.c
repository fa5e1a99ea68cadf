/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration of a job as JSON: what is taken is within its bounds, and so is what follows from it. */
#include <string.h>

#include "cloud/common/job_config.h"
#include "cloud/common/json.h"
#include "fuzz/km_fuzz.h"

#define DEPTH_MAX 8

static void check_rate(const struct km_job_config *config)
{
    static const int64_t counts[] = {0, 1, 9, 10000, INT64_MAX};
    int64_t before = 1;
    for (size_t i = 0; i < KM_ARRAY_LEN(counts); i++) {
        int64_t rate = km_job_config_rate(config, counts[i], counts[i]);
        KM_FUZZ_CHECK(rate >= before && rate <= config->per_minute);
        before = rate;
    }
}

static void check_failures(const struct km_job_config *config)
{
    int64_t n[KM_EXECUTION_N_STATUS] = {0};
    KM_FUZZ_CHECK(!km_job_config_aborts(config, n));
    for (size_t i = 0; i < config->n_aborts; i++) {
        KM_FUZZ_CHECK(config->aborts[i].failures != 0 && config->aborts[i].least >= 1);
        KM_FUZZ_CHECK(config->aborts[i].percent > 0 && config->aborts[i].percent <= 100);
    }
    for (size_t i = 0; i < config->n_retries; i++)
        KM_FUZZ_CHECK(config->retries[i].times >= 0 &&
                      config->retries[i].times <= KM_JOB_RETRY_MAX);
    n[KM_EXECUTION_FAILED] = KM_JOB_RETRY_MAX + 1;
    KM_FUZZ_CHECK(!km_job_config_retries(config, KM_EXECUTION_FAILED, n));
    KM_FUZZ_CHECK(!km_job_config_retries(config, KM_EXECUTION_REJECTED, n));
    n[KM_EXECUTION_FAILED] = KM_JOB_COUNT_MAX;
    n[KM_EXECUTION_REJECTED] = KM_JOB_COUNT_MAX;
    n[KM_EXECUTION_TIMED_OUT] = KM_JOB_COUNT_MAX;
    (void)km_job_config_aborts(config, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_err err = {0};
    struct km_job_config config = {0};
    KM_AUTO(km_json_unref) json_t *json = NULL;
    if (km_json_object(NULL, KM_SLICE(data, size), DEPTH_MAX, &json) != KM_OK)
        return 0;
    km_status status = km_job_config_parse(&err, json, &config);
    KM_FUZZ_CHECK((status == KM_OK) == (err.text[0] == '\0'));
    KM_FUZZ_CHECK(status == KM_OK || status == KM_E_ARG);
    if (status != KM_OK)
        return 0;
    KM_FUZZ_CHECK(config.start_ms >= 0 && config.end_ms >= 0);
    if (config.per_minute > 0)
        check_rate(&config);
    check_failures(&config);
    (void)km_job_config_check_times(NULL, &config, 1);
    return 0;
}
