/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a request for a run and of its answer. */
#include "cloud/functions/invoke.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_VERSION 1
#define REPLY_VERSION 1

static void put_text(struct km_wr *wr, const char *text)
{
    km_wr_blob32le(wr, KM_SLICE_STR(text != NULL ? text : ""));
}

/* A text of at most cap - 1 octets without a NUL. */
static bool get_text(struct km_rd *rd, char *ret, size_t cap)
{
    struct km_slice text = {0};
    if (!km_rd_blob32le(rd, cap - 1, &text) || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    km_copy(ret, cap, text.ptr, text.len);
    ret[text.len] = '\0';
    return true;
}

void km_invoke_write(struct km_wr *wr, const struct km_invoke *invoke)
{
    km_wr_u8(wr, REQUEST_VERSION);
    km_wr_u8(wr, (uint8_t)invoke->kind);
    km_wr_u8(wr, invoke->wants_log ? 1 : 0);
    put_text(wr, invoke->account);
    put_text(wr, invoke->region);
    put_text(wr, invoke->function);
    put_text(wr, invoke->qualifier);
    put_text(wr, invoke->request_id);
    put_text(wr, invoke->client_context);
    km_wr_blob32le(wr, invoke->payload);
}

static bool read_request(struct km_slice bytes, struct km_invoke_strings *s, struct km_invoke *ret)
{
    struct km_rd rd = km_rd_init(bytes);
    uint8_t version = 0, kind = 0, wants_log = 0;
    struct km_slice payload = {0};
    if (!km_rd_u8(&rd, &version) || version != REQUEST_VERSION || !km_rd_u8(&rd, &kind) ||
        kind < KM_INVOKE_WAIT || kind > KM_INVOKE_DRY || !km_rd_u8(&rd, &wants_log) ||
        wants_log > 1 || !get_text(&rd, s->account, sizeof s->account) ||
        !get_text(&rd, s->region, sizeof s->region) ||
        !get_text(&rd, s->function, sizeof s->function) ||
        !get_text(&rd, s->qualifier, sizeof s->qualifier) ||
        !get_text(&rd, s->request_id, sizeof s->request_id) ||
        !get_text(&rd, s->client_context, sizeof s->client_context) ||
        !km_rd_blob32le(&rd, KM_FUNCTION_PAYLOAD_MAX, &payload) || !km_rd_done(&rd))
        return false;
    *ret = (struct km_invoke){.kind = (enum km_invoke_kind)kind,
                              .account = s->account,
                              .region = s->region,
                              .function = s->function,
                              .qualifier = s->qualifier,
                              .request_id = s->request_id,
                              .client_context = s->client_context,
                              .payload = payload,
                              .wants_log = wants_log == 1};
    return true;
}

km_status km_invoke_read(struct km_err *err, struct km_slice bytes,
                         struct km_invoke_strings *strings, struct km_invoke *ret)
{
    if (!read_request(bytes, strings, ret))
        return KM_FAIL(err, KM_E_MALFORMED, "%zu octets are no request for a run", bytes.len);
    return KM_OK;
}

void km_invoke_reply_write(struct km_wr *wr, const struct km_err *failure,
                           const struct km_invoke_answer *answer)
{
    km_wr_u8(wr, REPLY_VERSION);
    km_wr_u8(wr, failure != NULL ? (uint8_t)failure->status : 0);
    if (failure != NULL) {
        put_text(wr, failure->text);
        return;
    }
    km_wr_u8(wr, answer->is_function_error ? 1 : 0);
    put_text(wr, answer->request_id);
    put_text(wr, answer->version);
    km_wr_blob32le(wr, KM_SLICE(answer->log, answer->log_len));
    km_wr_blob32le(wr, KM_SLICE(answer->payload, answer->payload_len));
}

static bool read_answer(struct km_rd *rd, struct km_invoke_answer *answer, struct km_slice *payload)
{
    uint8_t is_error = 0;
    struct km_slice log = {0};
    if (!km_rd_u8(rd, &is_error) || is_error > 1 ||
        !get_text(rd, answer->request_id, sizeof answer->request_id) ||
        !get_text(rd, answer->version, sizeof answer->version) ||
        !km_rd_blob32le(rd, KM_INVOKE_LOG_MAX, &log) ||
        !km_rd_blob32le(rd, KM_FUNCTION_PAYLOAD_MAX, payload) || !km_rd_done(rd))
        return false;
    answer->is_function_error = is_error == 1;
    km_copy(answer->log, sizeof answer->log - 1, log.ptr, log.len);
    answer->log_len = log.len;
    return true;
}

/* The other side's failure as it said it. */
static km_status read_failure(struct km_err *err, struct km_rd *rd, uint8_t status)
{
    char text[KM_ERR_TEXT_MAX] = {0};
    if (status > KM_E_INTERNAL || !get_text(rd, text, sizeof text) || !km_rd_done(rd))
        return KM_FAIL(err, KM_E_MALFORMED, "the answer to a request for a run can't be read");
    return KM_FAIL(err, (km_status)status, "%s", text);
}

km_status km_invoke_reply_read(struct km_err *err, struct km_slice bytes,
                               struct km_invoke_answer *ret)
{
    struct km_rd rd = km_rd_init(bytes);
    struct km_invoke_answer answer = {.payload = NULL};
    struct km_slice payload = {0};
    uint8_t version = 0, status = 0;
    if (!km_rd_u8(&rd, &version) || version != REPLY_VERSION || !km_rd_u8(&rd, &status) ||
        (status == KM_OK && !read_answer(&rd, &answer, &payload)))
        return KM_FAIL(err, KM_E_MALFORMED, "the answer to a request for a run can't be read");
    if (status != KM_OK)
        return read_failure(err, &rd, status);
    answer.payload = malloc(payload.len + 1);
    if (answer.payload == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for an answer of %zu octets", payload.len);
    km_copy(answer.payload, payload.len, payload.ptr, payload.len);
    answer.payload[payload.len] = '\0';
    answer.payload_len = payload.len;
    *ret = answer;
    return KM_OK;
}

void km_invoke_answer_clear(struct km_invoke_answer *answer)
{
    free(answer->payload);
    *answer = (struct km_invoke_answer){.payload = NULL};
}
