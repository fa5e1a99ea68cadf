/* SPDX-License-Identifier: Apache-2.0 */
/* How a job goes about it: what is taken, what is refused, and what follows from it, to the number. */
#include "tests/unit/km_test.h"

#include "cloud/common/job_config.h"
#include "cloud/common/json.h"

#define START_MS 1900000000000 /* 2030-03-17 17:46:40 UTC */

static km_status parse(const char *text, struct km_job_config *ret)
{
    struct km_err err = {0};
    KM_AUTO(km_json_unref) json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    km_status status = km_job_config_parse(&err, json, ret);
    assert_int_equal(status == KM_OK, err.text[0] == '\0');
    return status;
}

static struct km_job_config good(const char *text)
{
    struct km_job_config config = {0};
    assert_int_equal(parse(text, &config), KM_OK);
    return config;
}

static void nothing_is_said(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"abortConfig\":null,\"other\":1}",
                                        "{\"jobExecutionsRolloutConfig\":{}}"};
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        struct km_job_config config = good(texts[i]);
        assert_int_equal(config.per_minute, 0);
        assert_int_equal(config.n_aborts + config.n_retries, 0);
        assert_int_equal(config.start_ms + config.end_ms, 0);
    }
}

#define ROLLOUT(text) "{\"jobExecutionsRolloutConfig\":" text "}"
#define GROWTH(text) ROLLOUT("{\"maximumPerMinute\":100,\"exponentialRate\":" text "}")
#define NOTIFIED "\"rateIncreaseCriteria\":{\"numberOfNotifiedThings\":10}"
#define ABORT(text) "{\"abortConfig\":{\"criteriaList\":[" text "]}}"
#define ABORT_REST ",\"action\":\"CANCEL\",\"minNumberOfExecutedThings\":1}"
#define RETRY(text) "{\"jobExecutionsRetryConfig\":{\"criteriaList\":[" text "]}}"
#define SCHEDULE(text) "{\"schedulingConfig\":{" text "}}"

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        ROLLOUT("1"),
        ROLLOUT("{\"maximumPerMinute\":0}"),
        ROLLOUT("{\"maximumPerMinute\":1001}"),
        ROLLOUT("{\"maximumPerMinute\":1.5}"),
        ROLLOUT("{\"maximumPerMinute\":\"1\"}"),
        GROWTH("[]"),
        GROWTH("{\"baseRatePerMinute\":101,\"incrementFactor\":2," NOTIFIED "}"),
        GROWTH("{\"baseRatePerMinute\":0,\"incrementFactor\":2," NOTIFIED "}"),
        GROWTH("{\"baseRatePerMinute\":5,\"incrementFactor\":1," NOTIFIED "}"),
        GROWTH("{\"baseRatePerMinute\":5,\"incrementFactor\":5.5," NOTIFIED "}"),
        GROWTH("{\"baseRatePerMinute\":5," NOTIFIED "}"),
        GROWTH("{\"baseRatePerMinute\":5,\"incrementFactor\":2}"),
        GROWTH("{\"baseRatePerMinute\":5,\"incrementFactor\":2,\"rateIncreaseCriteria\":"
               "{\"numberOfNotifiedThings\":1,\"numberOfSucceededThings\":1}}"),
        GROWTH("{\"baseRatePerMinute\":5,\"incrementFactor\":2,\"rateIncreaseCriteria\":"
               "{\"numberOfNotifiedThings\":0}}"),
        "{\"abortConfig\":{}}",
        ABORT(""),
        ABORT("{\"failureType\":\"SUCCEEDED\",\"thresholdPercentage\":1" ABORT_REST),
        ABORT("{\"thresholdPercentage\":1" ABORT_REST),
        ABORT("{\"failureType\":\"ALL\",\"thresholdPercentage\":0" ABORT_REST),
        ABORT("{\"failureType\":\"ALL\",\"thresholdPercentage\":100.5" ABORT_REST),
        ABORT("{\"failureType\":\"ALL\",\"thresholdPercentage\":\"1\"" ABORT_REST),
        ABORT("{\"failureType\":\"ALL\",\"thresholdPercentage\":1,\"action\":\"STOP\","
              "\"minNumberOfExecutedThings\":1}"),
        ABORT("{\"failureType\":\"ALL\",\"thresholdPercentage\":1,\"action\":\"CANCEL\"}"),
        ABORT("1"),
        ABORT("{},{},{},{},{}"),
        RETRY(""),
        RETRY("{\"failureType\":\"REJECTED\",\"numberOfRetries\":1}"),
        RETRY("{\"failureType\":\"ALL\",\"numberOfRetries\":11}"),
        RETRY("{\"failureType\":\"ALL\",\"numberOfRetries\":-1}"),
        RETRY("{\"failureType\":\"ALL\"}"),
        "{\"jobExecutionsRetryConfig\":{\"criteriaList\":{}}}",
        SCHEDULE(""),
        SCHEDULE("\"endBehavior\":\"CANCEL\""),
        SCHEDULE("\"startTime\":1900000000"),
        SCHEDULE("\"startTime\":\"2030-02-30 10:00\""),
        SCHEDULE("\"startTime\":\"2030-13-01 10:00\""),
        SCHEDULE("\"startTime\":\"2030-03-17 24:00\""),
        SCHEDULE("\"startTime\":\"2030-03-17 10:60\""),
        SCHEDULE("\"startTime\":\"2030-03-17 10:00:61\""),
        SCHEDULE("\"startTime\":\"2030-03-17 10:00+01:00\""),
        SCHEDULE("\"startTime\":\"2030-03-17\""),
        SCHEDULE("\"startTime\":\"1969-03-17 10:00\""),
        SCHEDULE("\"endTime\":\"2030-03-17 10:00\",\"endBehavior\":\"WAIT\""),
        SCHEDULE("\"endTime\":\"2030-03-17 10:00\",\"endBehavior\":1"),
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        struct km_job_config config = {.per_minute = 77};
        if (parse(texts[i], &config) != KM_E_ARG)
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(config.per_minute, 77);
    }
}

/* Cut anywhere it is another text than a time. */
static void times(void **state)
{
    (void)state;
    static const char *const texts[] = {
        SCHEDULE("\"startTime\":\"2030-03-17 17:46:40\",\"endTime\":\"2030-03-17 17:47\","
                 "\"endBehavior\":\"FORCE_CANCEL\""),
        SCHEDULE("\"startTime\":\"2030-03-17T17:46:40Z\",\"endTime\":\"2030-03-17T17:47Z\","
                 "\"endBehavior\":\"FORCE_CANCEL\""),
    };
    static const char whole[] = "2030-03-17 17:46:40Z";
    char text[64] = "";
    struct km_job_config config = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        config = good(texts[i]);
        assert_int_equal(config.start_ms, START_MS);
        assert_int_equal(config.end_ms, START_MS + 20000);
        assert_int_equal(config.end, KM_JOB_END_FORCES);
    }
    for (int len = 0; len < (int)strlen(whole); len++) {
        bool is_whole = len == 16 || len == 19;
        (void)snprintf(text, sizeof(text), SCHEDULE("\"startTime\":\"%.*s\""), len, whole);
        assert_int_equal(parse(text, &config), is_whole ? KM_OK : KM_E_ARG);
    }
    config = good(SCHEDULE("\"endTime\":\"2030-03-17 17:47\""));
    assert_int_equal(config.end, KM_JOB_END_STOPS);
}

static void times_lie_ahead(void **state)
{
    (void)state;
    const struct km_job_config starts = {.start_ms = 1000};
    const struct km_job_config ends = {.end_ms = 1000};
    const struct km_job_config both = {.start_ms = 1000, .end_ms = 1000};
    assert_int_equal(km_job_config_check_times(NULL, &starts, 999), KM_OK);
    assert_int_equal(km_job_config_check_times(NULL, &starts, 1000), KM_E_ARG);
    assert_int_equal(km_job_config_check_times(NULL, &ends, 999), KM_OK);
    assert_int_equal(km_job_config_check_times(NULL, &ends, 1000), KM_E_ARG);
    assert_int_equal(km_job_config_check_times(NULL, &both, 1), KM_E_ARG);
}

static void the_rate_grows(void **state)
{
    (void)state;
    struct km_job_config config =
        good(GROWTH("{\"baseRatePerMinute\":20,\"incrementFactor\":1.5," NOTIFIED "}"));
    static const struct {
        int64_t n, rate;
    } cases[] = {{0, 20},  {9, 20},   {10, 30},  {19, 30},        {20, 45},
                 {30, 67}, {40, 100}, {50, 100}, {INT64_MAX, 100}};
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++)
        assert_int_equal(km_job_config_rate(&config, cases[i].n, 0), cases[i].rate);
    config = good(GROWTH("{\"baseRatePerMinute\":20,\"incrementFactor\":2,"
                         "\"rateIncreaseCriteria\":{\"numberOfSucceededThings\":3}}"));
    assert_int_equal(km_job_config_rate(&config, 1000, 2), 20);
    assert_int_equal(km_job_config_rate(&config, 0, 3), 40);
    config = good(ROLLOUT("{\"maximumPerMinute\":7}"));
    assert_int_equal(km_job_config_rate(&config, 1000, 1000), 7);
    config = good(ROLLOUT("{\"exponentialRate\":{\"baseRatePerMinute\":1000,"
                          "\"incrementFactor\":5," NOTIFIED "}}"));
    assert_int_equal(config.per_minute, KM_JOB_RATE_MAX);
}

static void it_is_given_up(void **state)
{
    (void)state;
    const struct km_job_config config = good(
        ABORT("{\"failureType\":\"FAILED\",\"thresholdPercentage\":33.33,\"action\":\"CANCEL\","
              "\"minNumberOfExecutedThings\":3},{\"failureType\":\"ALL\",\"thresholdPercentage\":"
              "100,\"action\":\"CANCEL\",\"minNumberOfExecutedThings\":2}"));
    static const struct {
        int64_t succeeded, failed, timed_out, rejected, queued;
        bool is_over;
    } cases[] = {
        {0, 0, 0, 0, 9, false}, {0, 1, 0, 0, 9, false}, {1, 1, 0, 0, 9, false},
        {2, 1, 0, 0, 9, true},  {3, 1, 0, 0, 9, false}, {0, 1, 1, 0, 9, true},
        {0, 0, 1, 1, 0, true},  {1, 0, 1, 1, 0, false}, {3, 0, 0, 0, 0, false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        const int64_t n[KM_EXECUTION_N_STATUS] = {
            [KM_EXECUTION_QUEUED] = cases[i].queued,
            [KM_EXECUTION_SUCCEEDED] = cases[i].succeeded,
            [KM_EXECUTION_FAILED] = cases[i].failed,
            [KM_EXECUTION_TIMED_OUT] = cases[i].timed_out,
            [KM_EXECUTION_REJECTED] = cases[i].rejected,
            [KM_EXECUTION_CANCELED] = 50,
        };
        assert_int_equal(km_job_config_aborts(&config, n), cases[i].is_over);
    }
}

static void who_may_try_again(void **state)
{
    (void)state;
    const struct km_job_config config =
        good(RETRY("{\"failureType\":\"FAILED\",\"numberOfRetries\":2},"
                   "{\"failureType\":\"TIMED_OUT\",\"numberOfRetries\":0}"));
    int64_t n[KM_EXECUTION_N_STATUS] = {[KM_EXECUTION_FAILED] = 1, [KM_EXECUTION_TIMED_OUT] = 1};
    assert_true(km_job_config_retries(&config, KM_EXECUTION_FAILED, n));
    assert_false(km_job_config_retries(&config, KM_EXECUTION_TIMED_OUT, n));
    assert_false(km_job_config_retries(&config, KM_EXECUTION_REJECTED, n));
    assert_false(km_job_config_retries(&config, KM_EXECUTION_SUCCEEDED, n));
    n[KM_EXECUTION_FAILED] = 2;
    assert_true(km_job_config_retries(&config, KM_EXECUTION_FAILED, n));
    n[KM_EXECUTION_FAILED] = 3;
    assert_false(km_job_config_retries(&config, KM_EXECUTION_FAILED, n));
    const struct km_job_config all = good(RETRY("{\"failureType\":\"ALL\",\"numberOfRetries\":2}"));
    n[KM_EXECUTION_FAILED] = 1;
    assert_true(km_job_config_retries(&all, KM_EXECUTION_TIMED_OUT, n));
    n[KM_EXECUTION_TIMED_OUT] = 2;
    assert_false(km_job_config_retries(&all, KM_EXECUTION_TIMED_OUT, n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(times),
        cmocka_unit_test(times_lie_ahead),
        cmocka_unit_test(the_rate_grows),
        cmocka_unit_test(it_is_given_up),
        cmocka_unit_test(who_may_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
