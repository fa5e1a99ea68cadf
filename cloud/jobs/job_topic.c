/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/jobs/job_topic.h"

#include <stdio.h>
#include <string.h>

#include "cloud/common/topic.h"

static const char before_thing[] = "$aws/things/";
static const char after_thing[] = "/jobs/";

static const char *const endings[] = {
    [KM_JOB_GET] = "get",
    [KM_JOB_START_NEXT] = "start-next",
    [KM_JOB_DESCRIBE] = "get",
    [KM_JOB_UPDATE] = "update",
};
static const char *const parts[] = {
    [KM_JOB_REQUEST] = "",
    [KM_JOB_ACCEPTED] = "/accepted",
    [KM_JOB_REJECTED] = "/rejected",
};

static bool is_made_of(struct km_slice text, const char *more)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (c == 0 || strchr(more, c) == NULL))
            return false;
    }
    return true;
}

static bool is_job(struct km_slice text)
{
    return km_slice_equal(text, KM_SLICE_STR(KM_JOB_NEXT)) ||
           (text.len <= KM_JOB_ID_MAX && is_made_of(text, "_-"));
}

bool km_job_id_init(struct km_slice thing, struct km_slice job, struct km_job_id *ret)
{
    struct km_job_id id = {0};
    if (thing.len == 0 || thing.len > KM_THING_NAME_MAX || !is_made_of(thing, ":_-") ||
        !is_job(job))
        return false;
    km_copy(id.thing, sizeof(id.thing) - 1, thing.ptr, thing.len);
    km_copy(id.job, sizeof(id.job) - 1, job.ptr, job.len);
    *ret = id;
    return true;
}

/* rest: what stands behind ".../jobs/". */
static bool kind_of(struct km_slice rest, struct km_slice *ret_job, enum km_job_kind *ret)
{
    *ret_job = km_topic_level(&rest);
    if (rest.len == 0) {
        bool is_get = km_slice_equal(*ret_job, KM_SLICE_STR(endings[KM_JOB_GET]));
        bool is_start = km_slice_equal(*ret_job, KM_SLICE_STR(endings[KM_JOB_START_NEXT]));
        *ret_job = (struct km_slice){0};
        *ret = is_get ? KM_JOB_GET : KM_JOB_START_NEXT;
        return is_get || is_start;
    }
    bool is_describe = km_slice_equal(rest, KM_SLICE_STR("/get"));
    *ret = is_describe ? KM_JOB_DESCRIBE : KM_JOB_UPDATE;
    return ret_job->len > 0 && (is_describe || km_slice_equal(rest, KM_SLICE_STR("/update")));
}

bool km_job_topic_parse(struct km_slice topic, struct km_job_id *ret_id, enum km_job_kind *ret_kind)
{
    struct km_slice job = {0};
    enum km_job_kind kind = KM_JOB_GET;
    if (!km_topic_skip(&topic, before_thing))
        return false;
    struct km_slice thing = km_topic_level(&topic);
    if (!km_topic_skip(&topic, after_thing) || !kind_of(topic, &job, &kind) ||
        !km_job_id_init(thing, job, ret_id))
        return false;
    *ret_kind = kind;
    return true;
}

size_t km_job_topic_write(const struct km_job_id *id, enum km_job_kind kind, enum km_job_part part,
                          char ret[KM_JOB_TOPIC_CAP])
{
    bool has_job = kind == KM_JOB_DESCRIBE || kind == KM_JOB_UPDATE;
    int len =
        snprintf(ret, KM_JOB_TOPIC_CAP, "%s%s%s%s%s%s%s", before_thing, id->thing, after_thing,
                 has_job ? id->job : "", has_job ? "/" : "", endings[kind], parts[part]);
    return (size_t)len;
}

size_t km_job_topic_notify(const char *thing, bool is_next, char ret[KM_JOB_TOPIC_CAP])
{
    int len = snprintf(ret, KM_JOB_TOPIC_CAP, "%s%.*s%s%s", before_thing, KM_THING_NAME_MAX, thing,
                       after_thing, is_next ? "notify-next" : "notify");
    return (size_t)len;
}
