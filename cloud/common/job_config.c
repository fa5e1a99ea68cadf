/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/job_config.h"

#include <string.h>
#include <time.h>

#define MS_PER_S 1000
#define PERCENT 100
#define BIT(status) (1u << (status))
#define FACTOR_MIN 1.1
#define FACTOR_MAX 5.0
#define YEAR_BASE 1900

/* ---- members ---- */

static km_status take_number(struct km_err *err, const json_t *object, const char *name,
                             int64_t min, int64_t max, int64_t *ret)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_integer(member) || json_integer_value(member) < min ||
        json_integer_value(member) > max)
        return KM_FAIL(err, KM_E_ARG, "%s must be a number from %lld to %lld", name, (long long)min,
                       (long long)max);
    *ret = json_integer_value(member);
    return KM_OK;
}

static bool is_there(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    return member != NULL && !json_is_null(member);
}

/* take_object: *ret NULL: there is none. */
static km_status take_object(struct km_err *err, const json_t *object, const char *name,
                             const json_t **ret)
{
    *ret = is_there(object, name) ? json_object_get(object, name) : NULL;
    if (*ret != NULL && !json_is_object(*ret))
        return KM_FAIL(err, KM_E_ARG, "%s must be an object", name);
    return KM_OK;
}

/* take_criteria: *ret NULL: there are none. */
static km_status take_criteria(struct km_err *err, const json_t *object, const char *name,
                               size_t max, const json_t **ret)
{
    const json_t *config = NULL;
    *ret = NULL;
    KM_TRY(take_object(err, object, name, &config));
    if (config == NULL)
        return KM_OK;
    const json_t *list = json_object_get(config, "criteriaList");
    if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > max)
        return KM_FAIL(err, KM_E_ARG, "criteriaList of %s has 1 to %zu criteria", name, max);
    *ret = list;
    return KM_OK;
}

/* may: the failures that ALL stands for. */
static km_status take_failures(struct km_err *err, const json_t *criterion, unsigned may,
                               unsigned *ret)
{
    enum km_execution_status status = KM_EXECUTION_QUEUED;
    const char *text = json_string_value(json_object_get(criterion, "failureType"));
    if (text != NULL && strcmp(text, "ALL") == 0)
        *ret = may;
    else if (km_execution_status_parse(text, &status) && (BIT(status) & may) != 0)
        *ret = BIT(status);
    else
        return KM_FAIL(err, KM_E_ARG, "failureType '%.40s' is not known there",
                       text == NULL ? "" : text);
    return KM_OK;
}

/* ---- the rate ---- */

static km_status take_increase(struct km_err *err, const json_t *rate, struct km_job_config *config)
{
    const json_t *criteria = json_object_get(rate, "rateIncreaseCriteria");
    bool has_notified = is_there(criteria, "numberOfNotifiedThings");
    config->counts_successes = is_there(criteria, "numberOfSucceededThings");
    if (has_notified == config->counts_successes)
        return KM_FAIL(err, KM_E_ARG,
                       "rateIncreaseCriteria has numberOfNotifiedThings or "
                       "numberOfSucceededThings");
    return take_number(err, criteria,
                       has_notified ? "numberOfNotifiedThings" : "numberOfSucceededThings", 1,
                       KM_JOB_COUNT_MAX, &config->step);
}

static km_status take_growth(struct km_err *err, const json_t *rate, struct km_job_config *config)
{
    const json_t *factor = json_object_get(rate, "incrementFactor");
    KM_TRY(take_number(err, rate, "baseRatePerMinute", 1, config->per_minute,
                       &config->base_per_minute));
    config->factor = json_number_value(factor);
    if (!json_is_number(factor) || config->factor < FACTOR_MIN || config->factor > FACTOR_MAX)
        return KM_FAIL(err, KM_E_ARG, "incrementFactor must be a number from %.1f to %.1f",
                       FACTOR_MIN, FACTOR_MAX);
    return take_increase(err, rate, config);
}

static km_status take_rollout(struct km_err *err, const json_t *object,
                              struct km_job_config *config)
{
    const json_t *rollout = NULL;
    const json_t *rate = NULL;
    KM_TRY(take_object(err, object, "jobExecutionsRolloutConfig", &rollout));
    KM_TRY(take_object(err, rollout, "exponentialRate", &rate));
    if (is_there(rollout, "maximumPerMinute"))
        KM_TRY(
            take_number(err, rollout, "maximumPerMinute", 1, KM_JOB_RATE_MAX, &config->per_minute));
    else if (rate != NULL)
        config->per_minute = KM_JOB_RATE_MAX;
    return rate == NULL ? KM_OK : take_growth(err, rate, config);
}

int64_t km_job_config_rate(const struct km_job_config *config, int64_t n_notified,
                           int64_t n_succeeded)
{
    int64_t n = config->counts_successes ? n_succeeded : n_notified;
    if (config->base_per_minute == 0)
        return config->per_minute;
    double rate = (double)config->base_per_minute;
    for (; n >= config->step && rate < (double)config->per_minute; n -= config->step)
        rate *= config->factor;
    return rate < (double)config->per_minute ? (int64_t)rate : config->per_minute;
}

/* ---- failures ---- */

#define ABORTING                                                                                   \
    (BIT(KM_EXECUTION_FAILED) | BIT(KM_EXECUTION_REJECTED) | BIT(KM_EXECUTION_TIMED_OUT))
#define RETRIED (BIT(KM_EXECUTION_FAILED) | BIT(KM_EXECUTION_TIMED_OUT))

static km_status take_abort(struct km_err *err, const json_t *criterion, struct km_job_abort *ret)
{
    const char *action = json_string_value(json_object_get(criterion, "action"));
    const json_t *percent = json_object_get(criterion, "thresholdPercentage");
    KM_TRY(take_failures(err, criterion, ABORTING, &ret->failures));
    if (action == NULL || strcmp(action, "CANCEL") != 0)
        return KM_FAIL(err, KM_E_ARG, "the action of abortConfig is CANCEL");
    ret->percent = json_number_value(percent);
    if (!json_is_number(percent) || ret->percent <= 0 || ret->percent > PERCENT)
        return KM_FAIL(err, KM_E_ARG, "thresholdPercentage must be above 0 and at most %d",
                       PERCENT);
    return take_number(err, criterion, "minNumberOfExecutedThings", 1, KM_JOB_COUNT_MAX,
                       &ret->least);
}

static km_status take_failing(struct km_err *err, const json_t *object,
                              struct km_job_config *config)
{
    const json_t *list = NULL;
    KM_TRY(take_criteria(err, object, "abortConfig", KM_JOB_ABORTS_MAX, &list));
    for (size_t i = 0; i < json_array_size(list); i++)
        KM_TRY(take_abort(err, json_array_get(list, i), &config->aborts[config->n_aborts++]));
    KM_TRY(take_criteria(err, object, "jobExecutionsRetryConfig", KM_JOB_RETRIES_MAX, &list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *criterion = json_array_get(list, i);
        struct km_job_retry *retry = &config->retries[config->n_retries++];
        KM_TRY(take_failures(err, criterion, RETRIED, &retry->failures));
        KM_TRY(take_number(err, criterion, "numberOfRetries", 0, KM_JOB_RETRY_MAX, &retry->times));
    }
    return KM_OK;
}

/* sum: of those statuses that are in failures. */
static int64_t sum(const int64_t n[KM_EXECUTION_N_STATUS], unsigned failures)
{
    int64_t total = 0;
    for (unsigned i = 0; i < KM_EXECUTION_N_STATUS; i++)
        total += (BIT(i) & failures) != 0 ? n[i] : 0;
    return total;
}

bool km_job_config_aborts(const struct km_job_config *config,
                          const int64_t n[KM_EXECUTION_N_STATUS])
{
    int64_t n_executed = sum(n, ABORTING | BIT(KM_EXECUTION_SUCCEEDED));
    for (size_t i = 0; i < config->n_aborts; i++) {
        const struct km_job_abort *abort = &config->aborts[i];
        double n_failed = (double)sum(n, abort->failures);
        if (n_executed >= abort->least && n_failed > 0 &&
            n_failed * PERCENT >= abort->percent * (double)n_executed)
            return true;
    }
    return false;
}

bool km_job_config_retries(const struct km_job_config *config, enum km_execution_status status,
                           const int64_t n[KM_EXECUTION_N_STATUS])
{
    for (size_t i = 0; i < config->n_retries; i++) {
        const struct km_job_retry *retry = &config->retries[i];
        if ((BIT(status) & retry->failures) != 0 && sum(n, retry->failures) <= retry->times)
            return true;
    }
    return false;
}

/* ---- times ---- */

/* take_digits: exactly n of them, and what comes behind them when that is not NUL. */
static bool take_digits(const char **text, size_t n, char behind, int *ret)
{
    int number = 0;
    for (size_t i = 0; i < n; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        number = number * 10 + (**text - '0');
    }
    *ret = number;
    if (behind == '\0')
        return true;
    return *(*text)++ == behind;
}

static bool take_clock(const char *text, struct tm *tm)
{
    if (!take_digits(&text, 2, ':', &tm->tm_hour) || !take_digits(&text, 2, '\0', &tm->tm_min))
        return false;
    if (*text == ':') {
        text++;
        if (!take_digits(&text, 2, '\0', &tm->tm_sec))
            return false;
    }
    return strcmp(text, "") == 0 || strcmp(text, "Z") == 0;
}

/* A date that there is not comes back as another one. */
static bool take_moment(const char *text, int64_t *ret_ms)
{
    struct tm tm = {0};
    if (!take_digits(&text, 4, '-', &tm.tm_year) || !take_digits(&text, 2, '-', &tm.tm_mon) ||
        !take_digits(&text, 2, '\0', &tm.tm_mday) || (*text != ' ' && *text != 'T') ||
        !take_clock(text + 1, &tm) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return false;
    tm.tm_year -= YEAR_BASE;
    tm.tm_mon -= 1;
    const struct tm wanted = tm;
    int64_t seconds = (int64_t)timegm(&tm);
    *ret_ms = seconds * MS_PER_S;
    return seconds > 0 && tm.tm_mon == wanted.tm_mon && tm.tm_mday == wanted.tm_mday;
}

static km_status take_time(struct km_err *err, const json_t *schedule, const char *name,
                           int64_t *ret_ms)
{
    const char *text = json_string_value(json_object_get(schedule, name));
    if (!is_there(schedule, name))
        return KM_OK;
    if (text == NULL || !take_moment(text, ret_ms))
        return KM_FAIL(err, KM_E_ARG, "%s must be a time in UTC, YYYY-MM-DD HH:MM", name);
    return KM_OK;
}

static km_status take_schedule(struct km_err *err, const json_t *object,
                               struct km_job_config *config)
{
    static const char *const ends[] = {
        [KM_JOB_END_STOPS] = "STOP_ROLLOUT",
        [KM_JOB_END_CANCELS] = "CANCEL",
        [KM_JOB_END_FORCES] = "FORCE_CANCEL",
    };
    const json_t *schedule = NULL;
    KM_TRY(take_object(err, object, "schedulingConfig", &schedule));
    if (schedule == NULL)
        return KM_OK;
    KM_TRY(take_time(err, schedule, "startTime", &config->start_ms));
    KM_TRY(take_time(err, schedule, "endTime", &config->end_ms));
    if (config->start_ms == 0 && config->end_ms == 0)
        return KM_FAIL(err, KM_E_ARG, "schedulingConfig has startTime, endTime or both");
    const char *end = json_string_value(json_object_get(schedule, "endBehavior"));
    if (!is_there(schedule, "endBehavior"))
        return KM_OK;
    for (size_t i = 0; end != NULL && i < KM_ARRAY_LEN(ends); i++) {
        if (strcmp(ends[i], end) == 0) {
            config->end = (enum km_job_end)i;
            return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_ARG, "endBehavior must be STOP_ROLLOUT, CANCEL or FORCE_CANCEL");
}

km_status km_job_config_check_times(struct km_err *err, const struct km_job_config *config,
                                    int64_t now_ms)
{
    if (config->start_ms != 0 && config->start_ms <= now_ms)
        return KM_FAIL(err, KM_E_ARG, "startTime is over");
    if (config->end_ms != 0 && (config->end_ms <= now_ms || config->end_ms <= config->start_ms))
        return KM_FAIL(err, KM_E_ARG, "endTime must be behind startTime and not be over");
    return KM_OK;
}

km_status km_job_config_parse(struct km_err *err, const json_t *object, struct km_job_config *ret)
{
    struct km_job_config config = {0};
    KM_TRY(take_rollout(err, object, &config));
    KM_TRY(take_failing(err, object, &config));
    KM_TRY(take_schedule(err, object, &config));
    *ret = config;
    return KM_OK;
}
