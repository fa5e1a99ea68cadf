/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/reply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/common/json.h"

#define TYPE_JSON "application/json"
#define TYPE_XML "text/xml"

enum km_exception km_reply_exception(const struct km_call *call, km_status status)
{
    enum km_service service = call->op != NULL ? call->op->service : KM_SERVICE_IOT;
    return call->exception != KM_X_NONE ? call->exception : km_exception_of(service, status);
}

unsigned km_reply_status(const struct km_call *call, km_status status)
{
    if (status != KM_OK)
        return km_exception_form(km_reply_exception(call, status))->status;
    return call->status != 0 ? call->status : 200;
}

/* Requests to "/" are STS's, also those that got no further than their signature. */
static bool speaks_xml(const struct km_call *call)
{
    return km_slice_equal(call->target.path, KM_SLICE_STR("/"));
}

const char *km_reply_xml(struct km_call *call, const char *text)
{
    static const struct {
        char octet;
        const char *entity;
    } entities[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
    size_t cap = strlen(text) * 6 + 1;
    char *ret = km_arena_alloc(call->arena, cap);
    struct km_wr wr = km_wr_init(ret, ret == NULL ? 0 : cap);
    for (; ret != NULL && *text != '\0'; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < KM_ARRAY_LEN(entities); i++)
            entity = entities[i].octet == *text ? entities[i].entity : entity;
        if (entity != NULL)
            km_wr_bytes(&wr, KM_SLICE_STR(entity));
        else
            km_wr_u8(&wr, (uint8_t)*text);
    }
    return ret;
}

/* Our sentences begin in lower case, those of the API do not. */
static const char *sentence(struct km_call *call, km_status status)
{
    if (call->told != NULL)
        return call->told;
    char *text = km_arena_text(call->arena, KM_SLICE_STR(call->err.text));
    if (km_reply_status(call, status) >= 500 || text == NULL || text[0] == '\0')
        return km_status_name(status); /* what is wrong inside of us is the log's */
    text[0] = (char)toupper((unsigned char)text[0]);
    return text;
}

static km_status set_error(struct km_call *call, km_status status)
{
    const struct km_exception_form *form = km_exception_form(km_reply_exception(call, status));
    const char *text = sentence(call, status);
    json_decref(call->reply);
    call->reply = NULL;
    call->n_headers = 0;
    if (speaks_xml(call)) {
        const char *xml = km_reply_xml(call, text);
        const char *body = km_call_printf(
            call,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
            "<Type>%s</Type><Code>%s</Code><Message>%s</Message></Error>"
            "<RequestId>%s</RequestId></ErrorResponse>",
            form->status < 500 ? "Sender" : "Receiver",
            form->sts_code != NULL ? form->sts_code : form->name, xml != NULL ? xml : "",
            call->request_id);
        call->raw = body != NULL ? KM_SLICE_STR(body) : (struct km_slice){0};
        return KM_OK;
    }
    km_call_reply_header(call, "x-amzn-ErrorType", form->name);
    KM_TRY(km_call_reply(call, json_pack("{s:s}", "message", text)));
    if (call->error_members != NULL)
        (void)json_object_update_missing(call->reply, call->error_members);
    return KM_OK;
}

/* The body into memory of its own, which the server frees. */
static km_status set_body(struct km_call *call, struct km_http_reply *reply)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    if (call->reply != NULL) {
        reply->content_type = TYPE_JSON;
        KM_TRY(km_json_print(&call->err, call->reply, KM_CALL_REPLY_MAX, &text));
        reply->body = text.ptr;
        reply->body_len = text.len;
        text = (struct km_json_text){0};
        return KM_OK;
    }
    if (call->raw.len == 0)
        return KM_OK;
    reply->content_type = speaks_xml(call) ? TYPE_XML : TYPE_JSON;
    reply->body = malloc(call->raw.len);
    if (reply->body == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "answer of %zu bytes", call->raw.len);
    km_copy(reply->body, call->raw.len, call->raw.ptr, call->raw.len);
    reply->body_len = call->raw.len;
    return KM_OK;
}

static km_status set_all(struct km_call *call, km_status status, struct km_http_reply *reply)
{
    reply->status = km_reply_status(call, status);
    if (status != KM_OK)
        KM_TRY(set_error(call, status));
    return set_body(call, reply);
}

/* What little is said when there is no room for the answer. */
static void set_nothing(struct km_call *call, struct km_http_reply *reply)
{
    *reply = (struct km_http_reply){.status = 500};
    call->n_headers = 0;
    km_call_reply_header(call, "x-amzn-ErrorType", km_exception_form(KM_X_INTERNAL_FAILURE)->name);
}

void km_reply_send(struct km_call *call, km_status status)
{
    struct km_http_reply reply = {0};
    if (set_all(call, status, &reply) != KM_OK)
        set_nothing(call, &reply);
    reply.headers[reply.n_headers++] =
        (struct km_http_reply_header){.name = "x-amzn-RequestId", .value = call->request_id};
    for (size_t i = 0; i < call->n_headers && reply.n_headers < KM_HTTP_REPLY_HEADERS_MAX; i++)
        reply.headers[reply.n_headers++] = call->headers[i];
    if (status == KM_OK && call->taker.take != NULL)
        km_http_hand_over(call->exchange, &reply, &call->taker);
    else
        km_http_answer(call->exchange, &reply);
}
