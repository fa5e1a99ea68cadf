/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadow/shadow_request.h"

#include "cloud/shadow/shadow_tree.h"

#include <string.h>

/* Far beyond what a state may have, so that the token of a request that is too deep is read. */
#define PARSE_DEPTH_MAX 64

void km_shadow_body_clear(struct km_shadow_body *body)
{
    json_decref(body->state);
    json_decref(body->token);
    *body = (struct km_shadow_body){0};
}

static enum km_shadow_reason read_token(const json_t *root, struct km_shadow_body *body)
{
    json_t *token = json_object_get(root, "clientToken");
    if (token == NULL)
        return KM_SHADOW_ACCEPTED;
    if (!json_is_string(token) || json_string_length(token) > KM_SHADOW_TOKEN_MAX)
        return KM_SHADOW_BAD_TOKEN;
    body->token = json_incref(token);
    return KM_SHADOW_ACCEPTED;
}

static enum km_shadow_reason read_version(const json_t *root, struct km_shadow_body *body)
{
    const json_t *version = json_object_get(root, "version");
    if (version == NULL)
        return KM_SHADOW_ACCEPTED;
    if (!json_is_integer(version) || json_integer_value(version) < 0)
        return KM_SHADOW_BAD_VERSION;
    body->has_version = true;
    body->version = (uint64_t)json_integer_value(version);
    return KM_SHADOW_ACCEPTED;
}

static enum km_shadow_reason check_section(const json_t *section, enum km_shadow_reason no_object)
{
    if (section == NULL || json_is_null(section))
        return KM_SHADOW_ACCEPTED;
    if (!json_is_object(section))
        return no_object;
    if (km_json_depth(section) > KM_SHADOW_DEPTH_MAX)
        return KM_SHADOW_TOO_DEEP;
    return km_shadow_has_bad_node(section) ? KM_SHADOW_BAD_NODE : KM_SHADOW_ACCEPTED;
}

/* Keeps the sections in the order in which they came. */
static bool keep_sections(json_t *state, struct km_shadow_body *body)
{
    body->state = json_object();
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(state, key, item)
    {
        bool known = strcmp(key, "desired") == 0 || strcmp(key, "reported") == 0;
        if (known && json_object_set(body->state, key, item) != 0)
            return false;
    }
    return body->state != NULL;
}

static km_status read_state(struct km_err *err, const json_t *root, struct km_shadow_body *body,
                            enum km_shadow_reason *ret_reason)
{
    json_t *state = json_object_get(root, "state");
    if (state == NULL) {
        *ret_reason = KM_SHADOW_NO_STATE;
        return KM_OK;
    }
    if (json_is_null(state)) {
        body->state = json_incref(state);
        return KM_OK;
    }
    if (!json_is_object(state)) {
        *ret_reason = KM_SHADOW_BAD_STATE;
        return KM_OK;
    }
    *ret_reason = check_section(json_object_get(state, "desired"), KM_SHADOW_BAD_DESIRED);
    if (*ret_reason == KM_SHADOW_ACCEPTED)
        *ret_reason = check_section(json_object_get(state, "reported"), KM_SHADOW_BAD_REPORTED);
    if (*ret_reason != KM_SHADOW_ACCEPTED)
        return KM_OK;
    if (!keep_sections(state, body))
        return KM_FAIL(err, KM_E_NOMEM, "sections of a shadow");
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    km_status status = km_json_print(NULL, body->state, KM_SHADOW_STATE_MAX, &text);
    if (status == KM_E_LIMIT)
        *ret_reason = KM_SHADOW_TOO_LARGE;
    else if (status != KM_OK)
        return KM_FAIL(err, status, "state of a shadow request");
    return KM_OK;
}

/* A NUL is UTF-8, and no JSON. */
static bool is_utf8(struct km_slice payload)
{
    return km_utf8_valid(payload) || memchr(payload.ptr, 0, payload.len) != NULL;
}

static km_status parse_json(struct km_err *err, struct km_slice payload, json_t **ret,
                            enum km_shadow_reason *ret_reason)
{
    km_status status = km_json_object(NULL, payload, PARSE_DEPTH_MAX, ret);
    if (status == KM_E_NOMEM)
        return KM_FAIL(err, KM_E_NOMEM, "shadow request of %zu bytes", payload.len);
    if (status == KM_E_LIMIT)
        *ret_reason = KM_SHADOW_TOO_DEEP;
    else if (status != KM_OK)
        *ret_reason = KM_SHADOW_BAD_JSON;
    return KM_OK;
}

km_status km_shadow_body_parse(struct km_err *err, const struct km_shadow_request *request,
                               struct km_shadow_body *ret, enum km_shadow_reason *ret_reason)
{
    struct km_slice payload = request->payload;
    *ret_reason = KM_SHADOW_ACCEPTED;
    if (payload.len == 0 && request->kind != KM_SHADOW_UPDATE)
        return KM_OK;
    if (payload.len > KM_SHADOW_REQUEST_MAX)
        *ret_reason = KM_SHADOW_TOO_LARGE;
    else if (payload.len != 0 && !is_utf8(payload))
        *ret_reason = KM_SHADOW_BAD_ENCODING;
    if (*ret_reason != KM_SHADOW_ACCEPTED)
        return KM_OK;
    KM_AUTO(km_json_unref) json_t *root = NULL;
    KM_TRY(parse_json(err, payload, &root, ret_reason));
    if (*ret_reason != KM_SHADOW_ACCEPTED)
        return KM_OK;
    *ret_reason = read_token(root, ret);
    if (*ret_reason == KM_SHADOW_ACCEPTED && request->kind != KM_SHADOW_GET)
        *ret_reason = read_version(root, ret);
    if (*ret_reason == KM_SHADOW_ACCEPTED && request->kind == KM_SHADOW_UPDATE)
        return read_state(err, root, ret, ret_reason);
    return KM_OK;
}
