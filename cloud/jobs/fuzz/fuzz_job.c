/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request: its topic up to the first line's end, then its payload. A topic that is taken apart comes back the same; a request is
 * good and within its bounds, or it says why not; what is made of an execution obeys the table of transitions; answers are JSON.
 */
#include <string.h>

#include "cloud/jobs/job_decide.h"
#include "cloud/jobs/job_message.h"
#include "fuzz/km_fuzz.h"

static void check_topic(struct km_slice topic, const struct km_job_id *id, enum km_job_kind kind)
{
    char again[KM_JOB_TOPIC_CAP] = "";
    size_t len = km_job_topic_write(id, kind, KM_JOB_REQUEST, again);
    KM_FUZZ_CHECK(km_slice_equal(topic, KM_SLICE(again, len)));
}

static void check_request(const struct km_job_request *request)
{
    KM_FUZZ_CHECK((request->code == KM_JOB_OK) == (request->why[0] == '\0'));
    KM_FUZZ_CHECK(request->code != KM_JOB_NOT_FOUND && request->code < KM_JOB_N_CODES);
    if (request->code != KM_JOB_OK)
        return;
    KM_FUZZ_CHECK(request->step_minutes >= -1 && request->step_minutes <= KM_JOB_MINUTES_MAX);
    KM_FUZZ_CHECK(request->number >= 0 && request->expected_version >= 0);
    KM_FUZZ_CHECK(request->details.len <= KM_JOB_DETAILS_TEXT);
    if (request->details.ptr == NULL)
        return;
    json_t *details = km_job_details_json(request->details.ptr);
    KM_FUZZ_CHECK(details != NULL && json_object_size(details) <= KM_JOB_DETAILS_MAX);
    json_decref(details);
}

static void check_answer(const struct km_execution *execution, const struct km_job_request *request)
{
    json_t *message = km_job_accepted(
        km_job_execution_json(execution, KM_JOB_DOCUMENT_OBJECT, 1000), request, 1000);
    KM_FUZZ_CHECK(json_is_object(json_object_get(message, "jobDocument")));
    KM_FUZZ_CHECK((json_object_get(message, "clientToken") != NULL) == (request->token[0] != '\0'));
    json_decref(message);
}

static void check_update(enum km_execution_status status, const struct km_job_request *request)
{
    struct km_execution_change change = {0};
    const struct km_execution execution = {.thing = "t",
                                           .job = "j",
                                           .number = 1,
                                           .status = status,
                                           .version = 3,
                                           .minutes = 1,
                                           .document = "{}"};
    enum km_job_code code = km_job_update(&execution, request, 1000, &change);
    if (request->expected_version != 0 && request->expected_version != 3) {
        KM_FUZZ_CHECK(code == KM_JOB_VERSION_MISMATCH);
        return;
    }
    KM_FUZZ_CHECK((code == KM_JOB_OK) == (status <= KM_EXECUTION_IN_PROGRESS));
    if (code != KM_JOB_OK)
        return;
    KM_FUZZ_CHECK(change.status != KM_EXECUTION_QUEUED && change.status != KM_EXECUTION_CANCELED);
    KM_FUZZ_CHECK(change.status == KM_EXECUTION_IN_PROGRESS || change.step_due_ms == 0);
    const struct km_execution after = km_job_changed(&execution, &change, 1000);
    KM_FUZZ_CHECK(after.version == 4);
    check_answer(&after, request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    size_t len = end == NULL ? size : (size_t)(end - data);
    size_t rest = end == NULL ? 0 : size - len - 1;
    struct km_job_id id = {.thing = ""};
    enum km_job_kind kind = KM_JOB_GET;
    struct km_job_request request = {.code = KM_JOB_OK};
    if (!km_job_topic_parse(KM_SLICE(data, len), &id, &kind))
        return 0;
    check_topic(KM_SLICE(data, len), &id, kind);
    /* Of exactly that length, so that a read beyond it is seen. */
    uint8_t *payload = malloc(rest + 1);
    KM_FUZZ_CHECK(payload != NULL);
    if (rest > 0)
        km_copy(payload, rest, end + 1, rest);
    if (km_job_request_parse(NULL, &id, kind, KM_SLICE(payload, rest), &request) == KM_OK) {
        check_request(&request);
        for (int i = 0; i < KM_EXECUTION_N_STATUS && kind == KM_JOB_UPDATE; i++)
            if (request.code == KM_JOB_OK)
                check_update((enum km_execution_status)i, &request);
    }
    km_job_request_clear(&request);
    free(payload);
    return 0;
}
