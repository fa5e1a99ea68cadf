/* SPDX-License-Identifier: Apache-2.0 */
/* The topics of jobs, there and back, and everything near them. */
#include "tests/unit/km_test.h"

#include "cloud/jobs/job_topic.h"

static const struct {
    const char *topic;
    const char *thing, *job;
    enum km_job_kind kind;
} good[] = {
    {"$aws/things/T/jobs/get", "T", "", KM_JOB_GET},
    {"$aws/things/T/jobs/start-next", "T", "", KM_JOB_START_NEXT},
    {"$aws/things/a:B_c-9/jobs/job_1-x/get", "a:B_c-9", "job_1-x", KM_JOB_DESCRIBE},
    {"$aws/things/T/jobs/$next/get", "T", "$next", KM_JOB_DESCRIBE},
    {"$aws/things/T/jobs/get/update", "T", "get", KM_JOB_UPDATE},
    {"$aws/things/jobs/jobs/start-next/get", "jobs", "start-next", KM_JOB_DESCRIBE},
};

static void there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        struct km_job_id id = {0};
        enum km_job_kind kind = KM_JOB_GET;
        char topic[KM_JOB_TOPIC_CAP] = "";
        char accepted[KM_JOB_TOPIC_CAP + 16] = "";
        assert_true(km_job_topic_parse(KM_SLICE_STR(good[i].topic), &id, &kind));
        assert_string_equal(id.thing, good[i].thing);
        assert_string_equal(id.job, good[i].job);
        assert_int_equal(kind, good[i].kind);
        assert_int_equal(km_job_topic_write(&id, kind, KM_JOB_REQUEST, topic),
                         strlen(good[i].topic));
        assert_string_equal(topic, good[i].topic);
        (void)snprintf(accepted, sizeof(accepted), "%s/accepted", good[i].topic);
        (void)km_job_topic_write(&id, kind, KM_JOB_ACCEPTED, topic);
        assert_string_equal(topic, accepted);
        assert_false(km_job_topic_parse(KM_SLICE_STR(accepted), &id, &kind));
    }
}

/* A part of a good topic is another good one or none. */
static void cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        for (size_t len = 0; len < strlen(good[i].topic); len++) {
            struct km_job_id id = {0};
            enum km_job_kind kind = KM_JOB_GET;
            char topic[KM_JOB_TOPIC_CAP] = "";
            if (!km_job_topic_parse(KM_SLICE(good[i].topic, len), &id, &kind))
                continue;
            assert_int_equal(km_job_topic_write(&id, kind, KM_JOB_REQUEST, topic), len);
            assert_memory_equal(topic, good[i].topic, len);
        }
    }
}

static void others_are_none(void **state)
{
    static const char *const bad[] = {
        "$aws/things/T/jobs",         "$aws/things//jobs/get",     "$aws/things/T/jobs//get",
        "$aws/things/T/jobs/j",       "$aws/things/T/jobs/j/",     "$aws/things/T/jobs/j/delete",
        "$aws/things/T/jobs/$x/get",  "$aws/things/T/jobs/+/get",  "$aws/things/#/jobs/get",
        "$aws/things/T/jobs/j:1/get", "$aws/things/T/jobs/get/",   "aws/things/T/jobs/get",
        "$aws/things/T/jobs/j/get/x", "$aws/things/T/jobs/notify", "$aws/things/T/shadow/update",
    };
    char longest[256] = "$aws/things/T/jobs/";
    struct km_job_id id = {0};
    enum km_job_kind kind = KM_JOB_GET;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_false(km_job_topic_parse(KM_SLICE_STR(bad[i]), &id, &kind));
    size_t front = strlen(longest);
    memset(longest + front, 'j', KM_JOB_ID_MAX + 1);
    (void)strcpy(longest + front + KM_JOB_ID_MAX, "/get");
    assert_true(km_job_topic_parse(KM_SLICE_STR(longest), &id, &kind));
    (void)strcpy(longest + front + KM_JOB_ID_MAX, "j/get");
    assert_false(km_job_topic_parse(KM_SLICE_STR(longest), &id, &kind));
    assert_false(km_job_topic_parse(KM_SLICE("$aws/things/T/jobs/\0/get", 24), &id, &kind));
}

static void notifications(void **state)
{
    char topic[KM_JOB_TOPIC_CAP] = "";
    (void)state;
    assert_int_equal(km_job_topic_notify("T", false, topic), 25);
    assert_string_equal(topic, "$aws/things/T/jobs/notify");
    (void)km_job_topic_notify("T", true, topic);
    assert_string_equal(topic, "$aws/things/T/jobs/notify-next");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(cut),
        cmocka_unit_test(others_are_none),
        cmocka_unit_test(notifications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
