/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_option.h"

#define ARN_SERVICE "arn:aws:iot:"

/* ---- inputs ---- */

const char *km_call_query(const struct km_call *call, const char *name)
{
    struct km_slice raw = {0};
    struct km_slice decoded = {0};
    if (!km_target_parameter(call->target.query, name, &raw))
        return NULL;
    char *text = km_arena_alloc(call->arena, raw.len + 1);
    if (text == NULL || !km_target_decode(raw, true, KM_SPAN(text, raw.len + 1), &decoded))
        return NULL;
    return text;
}

const char *km_call_header(const struct km_call *call, const char *name)
{
    struct km_slice value = {0};
    return km_http_header(call->request, name, &value) ? km_arena_text(call->arena, value) : NULL;
}

bool km_call_query_is(const struct km_call *call, const char *name)
{
    const char *text = km_call_query(call, name);
    return text != NULL && strcmp(text, "true") == 0;
}

int64_t km_call_query_number(const struct km_call *call, const char *name, int64_t fallback)
{
    unsigned long number = 0;
    const char *text = km_call_query(call, name);
    return text != NULL && km_option_digits(text, 10, INT64_MAX, &number) ? (int64_t)number
                                                                          : fallback;
}

json_t *km_call_member(const struct km_call *call, const char *name)
{
    json_t *member = json_object_get(call->body, name);
    return json_is_null(member) ? NULL : member;
}

const char *km_call_text(const struct km_call *call, const char *name)
{
    return json_string_value(km_call_member(call, name));
}

bool km_call_is(const struct km_call *call, const char *name)
{
    return json_is_true(km_call_member(call, name));
}

int64_t km_call_number(const struct km_call *call, const char *name, int64_t fallback)
{
    const json_t *member = km_call_member(call, name);
    return json_is_integer(member) ? json_integer_value(member) : fallback;
}

km_status km_call_page(struct km_call *call, const char *marker, const char *limit,
                       struct km_registry_page *ret)
{
    int64_t wanted = km_call_query_number(call, limit, KM_REGISTRY_PAGE_MAX);
    if (wanted < 1 || wanted > KM_REGISTRY_PAGE_MAX)
        return km_call_fail(call, KM_X_NONE, "%s must be from 1 to %d", limit,
                            KM_REGISTRY_PAGE_MAX);
    const char *order = km_call_query(call, "isAscendingOrder");
    *ret = (struct km_registry_page){
        .marker = km_call_query(call, marker),
        .limit = (unsigned)wanted,
        .is_descending = order != NULL && strcmp(order, "false") == 0,
    };
    return KM_OK;
}

/* ---- failures ---- */

km_status km_call_fail(struct km_call *call, enum km_exception exception, const char *fmt, ...)
{
    char text[KM_ERR_TEXT_MAX] = {0};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    call->exception = exception;
    return KM_FAIL(&call->err, KM_E_ARG, "%s", text);
}

void km_call_tell_more(struct km_call *call, json_t *members)
{
    if (call->error_members == NULL)
        call->error_members = members;
    else if (members != NULL)
        (void)json_object_update_new(call->error_members, members);
}

km_status km_call_hide(struct km_call *call, enum km_exception exception, const char *told,
                       const char *why)
{
    call->told = told;
    return km_call_fail(call, exception, "%s", why);
}

km_status km_call_forbid(struct km_call *call, const char *why)
{
    return km_call_hide(call, KM_X_FORBIDDEN, "Forbidden", why);
}

km_status km_call_registry(struct km_call *call, km_status status)
{
    if (status == KM_OK)
        return KM_OK;
    const struct km_err *err = km_registry_err(call->reg);
    return KM_FAIL_NATIVE(&call->err, status, err->layer, err->native, "%s",
                          err->text[0] != '\0' ? err->text : km_status_name(status));
}

km_status km_call_as(struct km_call *call, km_status status, km_status from,
                     enum km_exception exception)
{
    if (status == from)
        call->exception = exception;
    return km_call_registry(call, status);
}

/* ---- answers ---- */

km_status km_call_reply(struct km_call *call, json_t *reply)
{
    if (reply == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "answer");
    json_decref(call->reply);
    call->reply = reply;
    return KM_OK;
}

void km_call_reply_header(struct km_call *call, const char *name, const char *value)
{
    if (value != NULL && call->n_headers < KM_HTTP_REPLY_HEADERS_MAX)
        call->headers[call->n_headers++] =
            (struct km_http_reply_header){.name = name, .value = value};
}

json_t *km_call_time(int64_t ms)
{
    return json_real((double)ms / 1000.0);
}

const char *km_call_printf(struct km_call *call, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = len < 0 ? NULL : km_arena_alloc(call->arena, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, fmt);
    (void)vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}

const char *km_call_arn(struct km_call *call, const char *kind, const char *name)
{
    return km_call_printf(call, ARN_SERVICE "%s:%s:%s/%s", call->region, call->account, kind, name);
}

/* skip: *text goes on behind prefix; false when it does not begin with it. */
static bool skip(const char **text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(*text, prefix, len) != 0)
        return false;
    *text += len;
    return true;
}

const char *km_call_arn_name(const struct km_call *call, const char *text, const char *kind)
{
    if (!skip(&text, ARN_SERVICE) || !skip(&text, call->region) || !skip(&text, ":") ||
        !skip(&text, call->account) || !skip(&text, ":") || !skip(&text, kind) ||
        !skip(&text, "/") || *text == '\0')
        return NULL;
    return text;
}
