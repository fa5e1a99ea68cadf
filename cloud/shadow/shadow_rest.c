/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadow/shadow_rest.h"

#include <stdio.h>
#include <string.h>

/* Room for the longest value that is looked at, a name, and for noticing a longer one. */
#define VALUE_CAP (KM_SHADOW_THING_MAX + 2)

static const char things[] = "/things/";
static const char shadow[] = "/shadow";
static const char list[] = "/api/things/shadow/ListNamedShadowsForThing/";

/* A decoded part of a path or query; not ended by a NUL. */
struct value {
    uint8_t bytes[VALUE_CAP];
    size_t len;
};

static struct km_slice value_view(const struct value *value)
{
    return KM_SLICE(value->bytes, value->len);
}

static bool is_text(struct km_slice bytes, const char *text)
{
    return km_slice_equal(bytes, KM_SLICE_STR(text));
}

static bool starts_with(struct km_slice bytes, const char *text)
{
    size_t len = strlen(text);
    return bytes.len >= len && memcmp(bytes.ptr, text, len) == 0;
}

/* False for a broken %-escape, and for what is longer than anything that is looked at. */
static bool decode(struct km_slice in, struct value *ret)
{
    struct value out = {0};
    for (size_t i = 0; i < in.len; i++) {
        if (out.len == VALUE_CAP)
            return false;
        uint8_t c = in.ptr[i];
        if (c == '%') {
            if (in.len - i < 3)
                return false;
            char digits[3] = {(char)in.ptr[i + 1], (char)in.ptr[i + 2], '\0'};
            if (!km_unhex(digits, &c, 1))
                return false;
            i += 2;
        }
        out.bytes[out.len++] = c;
    }
    *ret = out;
    return true;
}

/* The first parameter of that name, decoded; empty when there is none. False: can't be decoded. */
static bool parameter(struct km_slice query, const char *name, struct value *ret)
{
    size_t name_len = strlen(name);
    *ret = (struct value){0};
    while (query.len > 0) {
        const uint8_t *end = memchr(query.ptr, '&', query.len);
        size_t len = end == NULL ? query.len : (size_t)(end - query.ptr);
        struct km_slice pair = KM_SLICE(query.ptr, len);
        if (starts_with(pair, name) && pair.len > name_len && pair.ptr[name_len] == '=')
            return decode(KM_SLICE(pair.ptr + name_len + 1, pair.len - name_len - 1), ret);
        len += end == NULL ? 0 : 1;
        query = KM_SLICE(query.ptr + len, query.len - len);
    }
    return true;
}

static bool page_size(struct km_slice query, unsigned *ret)
{
    struct value text = {0};
    if (!parameter(query, "pageSize", &text))
        return false;
    *ret = KM_SHADOW_PAGE_DEFAULT;
    if (text.len == 0)
        return true;
    unsigned size = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        size = size * 10 + (unsigned)(text.bytes[i] - '0');
        if (size > KM_SHADOW_PAGE_MAX)
            return false;
    }
    *ret = size;
    return size > 0;
}

static enum km_shadow_rest_found parse_list(struct km_slice method, struct km_slice thing,
                                            struct km_slice query, struct km_shadow_rest *ret)
{
    if (!is_text(method, "GET"))
        return KM_SHADOW_REST_BAD_METHOD;
    struct km_shadow_rest rest = {.op = KM_SHADOW_REST_LIST};
    struct value name = {0};
    struct value after = {0};
    struct km_shadow_id last = {0};
    if (!decode(thing, &name) || !parameter(query, "nextToken", &after) ||
        !km_shadow_id_init(value_view(&name), (struct km_slice){0}, &rest.id) ||
        !km_shadow_id_init(value_view(&name), value_view(&after), &last) ||
        !page_size(query, &rest.page_size))
        return KM_SHADOW_REST_INVALID;
    km_copy(rest.after, sizeof(rest.after), last.name, sizeof(last.name));
    *ret = rest;
    return KM_SHADOW_REST_OK;
}

static enum km_shadow_rest_found parse_one(struct km_slice method, struct km_slice thing,
                                           struct km_slice query, struct km_shadow_rest *ret)
{
    struct km_shadow_rest rest = {0};
    if (is_text(method, "POST"))
        rest.op = KM_SHADOW_REST_UPDATE;
    else if (is_text(method, "DELETE"))
        rest.op = KM_SHADOW_REST_DELETE;
    else if (!is_text(method, "GET"))
        return KM_SHADOW_REST_BAD_METHOD;
    struct value thing_name = {0};
    struct value name = {0};
    if (!decode(thing, &thing_name) || !parameter(query, "name", &name) ||
        !km_shadow_id_init(value_view(&thing_name), value_view(&name), &rest.id))
        return KM_SHADOW_REST_INVALID;
    *ret = rest;
    return KM_SHADOW_REST_OK;
}

enum km_shadow_rest_found km_shadow_rest_parse(struct km_slice method, struct km_slice path,
                                               struct km_slice query, struct km_shadow_rest *ret)
{
    bool lists = starts_with(path, list);
    if (!lists && !starts_with(path, things))
        return KM_SHADOW_REST_NOT_OURS;
    size_t before = strlen(lists ? list : things);
    struct km_slice thing = KM_SLICE(path.ptr + before, path.len - before);
    size_t len = thing.len;
    const uint8_t *slash = len == 0 ? NULL : memchr(thing.ptr, '/', len);
    if (slash != NULL)
        len = (size_t)(slash - thing.ptr);
    if (!is_text(KM_SLICE(thing.ptr + len, thing.len - len), lists ? "" : shadow))
        return KM_SHADOW_REST_NOT_OURS;
    thing.len = len;
    return lists ? parse_list(method, thing, query, ret) : parse_one(method, thing, query, ret);
}

enum km_shadow_kind km_shadow_rest_kind(enum km_shadow_rest_op op)
{
    if (op == KM_SHADOW_REST_UPDATE)
        return KM_SHADOW_UPDATE;
    return op == KM_SHADOW_REST_DELETE ? KM_SHADOW_DELETE : KM_SHADOW_GET;
}

const char *km_shadow_rest_error(unsigned code)
{
    static const struct {
        unsigned code;
        const char *name;
    } names[] = {
        {400, "InvalidRequestException"},
        {401, "UnauthorizedException"},
        {403, "ForbiddenException"},
        {404, "ResourceNotFoundException"},
        {405, "MethodNotAllowedException"},
        {409, "ConflictException"},
        {413, "RequestEntityTooLargeException"},
        {415, "UnsupportedDocumentEncodingException"},
        {429, "ThrottlingException"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        if (names[i].code == code)
            return names[i].name;
    }
    return "InternalFailureException";
}

static km_status print(struct km_err *err, json_t *body, struct km_json_text *ret)
{
    KM_AUTO(km_json_unref) json_t *owned = body;
    if (owned == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "body of a shadow answer");
    return km_json_print(err, owned, KM_SHADOW_OUTPUT_MAX, ret);
}

km_status km_shadow_rest_error_body(struct km_err *err, const struct km_shadow_request *request,
                                    enum km_shadow_reason reason, const char *trace_id,
                                    struct km_json_text *ret)
{
    char message[KM_SHADOW_MESSAGE_CAP] = {0};
    km_shadow_message(reason, request->id, message);
    return print(err, json_pack("{s:s,s:s}", "message", message, "traceId", trace_id), ret);
}

km_status km_shadow_rest_list(struct km_err *err, const struct km_shadow_rest *rest,
                              const char *const *names, size_t n_names, int64_t now_s,
                              struct km_json_text *ret)
{
    size_t n = n_names < rest->page_size ? n_names : rest->page_size;
    KM_AUTO(km_json_unref) json_t *results = json_array();
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(results, json_string(names[i])) != 0)
            return KM_FAIL(err, KM_E_NOMEM, "list of %zu shadows", n);
    }
    const char *next = n < n_names ? names[n - 1] : NULL;
    return print(err,
                 json_pack("{s:O,s:I,s:s*}", "results", results, "timestamp", (json_int_t)now_s,
                           "nextToken", next),
                 ret);
}
