/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadow/shadow.h"

#include "cloud/shadow/shadow_request.h"
#include "cloud/shadow/shadow_tree.h"

#include <string.h>

/* What one decision works on. */
struct work {
    const struct km_shadow_request *request;
    const struct km_shadow_row *row;
    struct km_shadow_body body;
    bool exists;
    uint64_t version; /* that numbering goes on from; 0 when it starts */
    struct km_shadow_doc before;
    struct km_shadow_doc after; /* update only */
};

static void work_clear(struct work *work)
{
    km_shadow_body_clear(&work->body);
    km_shadow_doc_clear(&work->before);
    km_shadow_doc_clear(&work->after);
}

void km_shadow_result_clear(struct km_shadow_result *result)
{
    if (result == NULL)
        return;
    km_json_text_clear(&result->state);
    km_json_text_clear(&result->metadata);
    for (size_t i = 0; i < KM_SHADOW_OUTPUTS_MAX; i++)
        km_json_text_clear(&result->outputs[i].json);
    *result = (struct km_shadow_result){0};
}

bool km_shadow_row_expired(const struct km_shadow_row *row, int64_t now_s)
{
    return row->deleted && now_s > row->updated_at_s &&
           (uint64_t)now_s - (uint64_t)row->updated_at_s > KM_SHADOW_KEEP_S;
}

/* ---- answers ---- */

/* Takes the message; NULL means that memory was too short to build it. */
static km_status answer(struct km_err *err, enum km_shadow_kind kind, json_t *message,
                        struct km_shadow_result *ret)
{
    KM_AUTO(km_json_unref) json_t *owned = message;
    if (owned == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "answer to a shadow request");
    struct km_shadow_output *output = &ret->outputs[ret->n_outputs];
    KM_TRY(km_json_print(err, owned, KM_SHADOW_OUTPUT_MAX, &output->json));
    output->kind = kind;
    ret->n_outputs++;
    return KM_OK;
}

static enum km_shadow_kind rejected_kind(enum km_shadow_kind request)
{
    if (request == KM_SHADOW_GET)
        return KM_SHADOW_GET_REJECTED;
    return request == KM_SHADOW_UPDATE ? KM_SHADOW_UPDATE_REJECTED : KM_SHADOW_DELETE_REJECTED;
}

static km_status reject(struct km_err *err, const struct km_shadow_request *request,
                        enum km_shadow_reason reason, json_t *token, struct km_shadow_result *ret)
{
    char message[KM_SHADOW_MESSAGE_CAP] = {0};
    km_shadow_message(reason, request->id, message);
    ret->reason = reason;
    ret->code = km_shadow_reason_code(reason);
    return answer(err, rejected_kind(request->kind),
                  json_pack("{s:i,s:s,s:I,s:O*}", "code", (int)ret->code, "message", message,
                            "timestamp", (json_int_t)request->now_s, "clientToken", token),
                  ret);
}

static km_status answer_delta(struct km_err *err, const struct work *work, uint64_t version,
                              struct km_shadow_result *ret)
{
    KM_AUTO(km_shadow_doc_clear) struct km_shadow_doc delta = {0};
    if (!km_shadow_doc_delta(&work->after, &delta))
        return KM_FAIL(err, KM_E_NOMEM, "delta of a shadow");
    if (json_object_size(delta.state) == 0)
        return KM_OK;
    return answer(err, KM_SHADOW_UPDATE_DELTA,
                  json_pack("{s:I,s:I,s:O,s:O,s:O*}", "version", (json_int_t)version, "timestamp",
                            (json_int_t)work->request->now_s, "state", delta.state, "metadata",
                            delta.metadata, "clientToken", work->body.token),
                  ret);
}

static km_status answer_documents(struct km_err *err, const struct work *work, uint64_t version,
                                  struct km_shadow_result *ret)
{
    json_t *previous =
        work->exists
            ? json_pack("{s:O,s:O,s:I}", "state", work->before.state, "metadata",
                        work->before.metadata, "version", (json_int_t)work->version)
            : json_pack("{s:n,s:n,s:I}", "state", "metadata", "version", (json_int_t)work->version);
    json_t *current = json_pack("{s:O,s:O,s:I}", "state", work->after.state, "metadata",
                                work->after.metadata, "version", (json_int_t)version);
    return answer(err, KM_SHADOW_UPDATE_DOCUMENTS,
                  json_pack("{s:o,s:o,s:I,s:O*}", "previous", previous, "current", current,
                            "timestamp", (json_int_t)work->request->now_s, "clientToken",
                            work->body.token),
                  ret);
}

/* Of the request alone: its state as it came, and metadata of what it sets. */
static km_status answer_updated(struct km_err *err, const struct work *work, uint64_t version,
                                struct km_shadow_result *ret)
{
    KM_AUTO(km_shadow_doc_clear) struct km_shadow_doc set = {0};
    if (!km_shadow_doc_init(&set) ||
        !km_shadow_doc_merge(&set, work->body.state, work->request->now_s))
        return KM_FAIL(err, KM_E_NOMEM, "metadata of a shadow request");
    return answer(err, KM_SHADOW_UPDATE_ACCEPTED,
                  json_pack("{s:O,s:O,s:I,s:I,s:O*}", "state", work->body.state, "metadata",
                            set.metadata, "version", (json_int_t)version, "timestamp",
                            (json_int_t)work->request->now_s, "clientToken", work->body.token),
                  ret);
}

/* ---- the three requests ---- */

static km_status apply_get(struct km_err *err, struct work *work, struct km_shadow_result *ret)
{
    KM_AUTO(km_shadow_doc_clear) struct km_shadow_doc delta = {0};
    if (!km_shadow_doc_delta(&work->before, &delta))
        return KM_FAIL(err, KM_E_NOMEM, "delta of a shadow");
    KM_AUTO(km_json_unref) json_t *state = json_copy(work->before.state);
    if (state == NULL ||
        (json_object_size(delta.state) != 0 && json_object_set(state, "delta", delta.state) != 0))
        return KM_FAIL(err, KM_E_NOMEM, "state of a shadow");
    return answer(err, KM_SHADOW_GET_ACCEPTED,
                  json_pack("{s:O,s:O,s:I,s:I,s:O*}", "state", state, "metadata",
                            work->before.metadata, "version", (json_int_t)work->version,
                            "timestamp", (json_int_t)work->request->now_s, "clientToken",
                            work->body.token),
                  ret);
}

static km_status apply_delete(struct km_err *err, struct work *work, struct km_shadow_result *ret)
{
    ret->store = KM_SHADOW_BURY;
    return answer(err, KM_SHADOW_DELETE_ACCEPTED,
                  json_pack("{s:I,s:I,s:O*}", "version", (json_int_t)work->version, "timestamp",
                            (json_int_t)work->request->now_s, "clientToken", work->body.token),
                  ret);
}

static km_status apply_update(struct km_err *err, struct work *work, struct km_shadow_result *ret)
{
    if (!km_shadow_doc_copy(&work->before, &work->after) ||
        !km_shadow_doc_merge(&work->after, work->body.state, work->request->now_s))
        return KM_FAIL(err, KM_E_NOMEM, "state of a shadow");
    km_status status = km_json_print(NULL, work->after.state, KM_SHADOW_STATE_MAX, &ret->state);
    if (status == KM_E_LIMIT)
        return reject(err, work->request, KM_SHADOW_TOO_LARGE, work->body.token, ret);
    if (status != KM_OK)
        return KM_FAIL(err, status, "state of a shadow");
    KM_TRY(km_json_print(err, work->after.metadata, KM_SHADOW_OUTPUT_MAX, &ret->metadata));
    ret->store = KM_SHADOW_WRITE;
    ret->new_version = work->version + 1;
    KM_TRY(answer_updated(err, work, ret->new_version, ret));
    KM_TRY(answer_delta(err, work, ret->new_version, ret));
    return answer_documents(err, work, ret->new_version, ret);
}

/* ---- one request ---- */

static km_status load(struct km_err *err, struct work *work)
{
    const struct km_shadow_row *row = work->row;
    if (row->version > INT64_MAX - 1)
        return KM_FAIL(err, KM_E_CORRUPT, "version of a stored shadow");
    work->exists = row->version != 0 && !row->deleted;
    work->version = km_shadow_row_expired(row, work->request->now_s) ? 0 : row->version;
    if (!work->exists) {
        if (!km_shadow_doc_init(&work->before))
            return KM_FAIL(err, KM_E_NOMEM, "new shadow");
        return KM_OK;
    }
    /* The two levels more: the document itself and, in metadata, the timestamps. */
    km_status status =
        km_json_object(NULL, row->state, KM_SHADOW_DEPTH_MAX + 1, &work->before.state);
    if (status == KM_OK)
        status =
            km_json_object(NULL, row->metadata, KM_SHADOW_DEPTH_MAX + 2, &work->before.metadata);
    if (status == KM_E_NOMEM)
        return KM_FAIL(err, status, "stored shadow");
    if (status != KM_OK || !km_shadow_doc_whole(&work->before))
        return KM_FAIL(err, KM_E_CORRUPT, "stored shadow of version %llu",
                       (unsigned long long)row->version);
    return KM_OK;
}

/* What the stored document has against the request; the payload itself is all right. */
static enum km_shadow_reason check(const struct work *work)
{
    if (!work->exists && work->request->kind != KM_SHADOW_UPDATE)
        return KM_SHADOW_NOT_FOUND;
    uint64_t stored = work->exists ? work->version : 0;
    if (work->body.has_version && work->body.version != stored)
        return KM_SHADOW_CONFLICT;
    return KM_SHADOW_ACCEPTED;
}

static km_status decide(struct km_err *err, struct work *work, struct km_shadow_result *ret)
{
    KM_TRY(load(err, work));
    ret->old_version = work->row->version;
    ret->new_version = work->row->version;
    enum km_shadow_reason reason = KM_SHADOW_ACCEPTED;
    KM_TRY(km_shadow_body_parse(err, work->request, &work->body, &reason));
    if (reason == KM_SHADOW_ACCEPTED)
        reason = check(work);
    if (reason != KM_SHADOW_ACCEPTED)
        return reject(err, work->request, reason, work->body.token, ret);
    ret->code = km_shadow_reason_code(KM_SHADOW_ACCEPTED);
    if (work->request->kind == KM_SHADOW_GET)
        return apply_get(err, work, ret);
    if (work->request->kind == KM_SHADOW_DELETE)
        return apply_delete(err, work, ret);
    return apply_update(err, work, ret);
}

km_status km_shadow_apply(struct km_err *err, const struct km_shadow_request *request,
                          const struct km_shadow_row *row, struct km_shadow_result *ret)
{
    if (!km_shadow_is_request(request->kind))
        return KM_FAIL(err, KM_E_ARG, "kind %d is no shadow request", (int)request->kind);
    KM_AUTO(work_clear) struct work work = {.request = request, .row = row};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    KM_TRY(decide(err, &work, &result));
    *ret = result;
    result = (struct km_shadow_result){0};
    return KM_OK;
}

km_status km_shadow_refuse(struct km_err *err, const struct km_shadow_request *request,
                           enum km_shadow_reason reason, struct km_shadow_result *ret)
{
    if (!km_shadow_is_request(request->kind) || reason == KM_SHADOW_ACCEPTED)
        return KM_FAIL(err, KM_E_ARG, "kind %d, reason %d is no refusal", (int)request->kind,
                       (int)reason);
    KM_AUTO(km_shadow_body_clear) struct km_shadow_body body = {0};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    enum km_shadow_reason found = KM_SHADOW_ACCEPTED;
    KM_TRY(km_shadow_body_parse(err, request, &body, &found));
    KM_TRY(reject(err, request, reason, body.token, &result));
    *ret = result;
    result = (struct km_shadow_result){0};
    return KM_OK;
}
