/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/provision/fleet_request.h"

#include <string.h>

#include "cloud/common/json.h"
#include "cloud/common/topic.h"

#define OURS "AWS::"

/* ---- topics ---- */

static bool take_name(struct km_slice *text, char ret[KM_FLEET_TEMPLATE_MAX + 1])
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    struct km_slice name = km_topic_level(text);
    if (name.len < 1 || name.len > KM_FLEET_TEMPLATE_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (memchr(allowed, name.ptr[i], sizeof(allowed) - 1) == NULL)
            return false;
    km_copy(ret, KM_FLEET_TEMPLATE_MAX, name.ptr, name.len);
    ret[name.len] = '\0';
    return true;
}

bool km_fleet_topic_parse(struct km_slice topic, struct km_fleet_topic *ret)
{
    struct km_fleet_topic made = {0};
    struct km_slice rest = topic;
    if (km_topic_skip(&rest, "$aws/certificates/create-from-csr/")) {
        made.kind = KM_FLEET_CREATE_FROM_CSR;
    } else if (km_topic_skip(&rest, "$aws/certificates/create/")) {
        made.kind = KM_FLEET_CREATE;
    } else {
        made.kind = KM_FLEET_PROVISION;
        if (!km_topic_skip(&rest, "$aws/provisioning-templates/") ||
            !take_name(&rest, made.template) || !km_topic_skip(&rest, "/provision/"))
            return false;
    }
    struct km_slice format = km_topic_level(&rest);
    if (format.len == 0 || rest.len > 0)
        return false;
    if (km_slice_equal(format, KM_SLICE_STR("json")))
        made.format = KM_FLEET_JSON;
    else if (km_slice_equal(format, KM_SLICE_STR("cbor")))
        made.format = KM_FLEET_CBOR;
    *ret = made;
    return true;
}

/* ---- requests ---- */

static km_status take_text(struct km_err *err, struct km_arena *arena, const json_t *object,
                           const char *name, size_t max, const char **ret)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return KM_FAIL(err, KM_E_MALFORMED, "%s is missing, or no text", name);
    if (json_string_length(value) > max)
        return KM_FAIL(err, KM_E_LIMIT, "%s has more than %zu octets", name, max);
    *ret = km_arena_text(arena, KM_SLICE(json_string_value(value), json_string_length(value)));
    return *ret == NULL ? KM_FAIL(err, km_arena_status(arena), "%s", name) : KM_OK;
}

static km_status take_parameters(struct km_err *err, struct km_arena *arena, const json_t *given,
                                 struct km_fleet_request *ret)
{
    const char *name = NULL;
    const json_t *value = NULL;
    if (given == NULL)
        return KM_OK;
    if (!json_is_object(given))
        return KM_FAIL(err, KM_E_MALFORMED, "parameters is no object");
    if (json_object_size(given) > KM_FLEET_PARAMETERS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "more than %u parameters", KM_FLEET_PARAMETERS_MAX);
    struct km_template_pair *pairs =
        km_arena_array(arena, json_object_size(given) + 1, sizeof(*pairs));
    if (pairs == NULL)
        return KM_FAIL(err, km_arena_status(arena), "parameters");
    json_object_foreach((json_t *)(uintptr_t)given, name, value)
    {
        struct km_template_pair *pair = &pairs[ret->n_parameters];
        if (strncmp(name, OURS, sizeof(OURS) - 1) == 0)
            return KM_FAIL(err, KM_E_MALFORMED, "parameter %.64s is not the device's to give",
                           name);
        pair->name = km_arena_text(arena, KM_SLICE_STR(name));
        if (pair->name == NULL)
            return KM_FAIL(err, km_arena_status(arena), "a parameter's name");
        KM_TRY(take_text(err, arena, given, name, KM_TEMPLATE_VALUE_MAX, &pair->value));
        ret->n_parameters++;
    }
    ret->parameters = pairs;
    return KM_OK;
}

km_status km_fleet_request_take(struct km_err *err, struct km_arena *arena, enum km_fleet_kind kind,
                                const json_t *object, struct km_fleet_request *ret)
{
    struct km_fleet_request made = {0};
    if (kind == KM_FLEET_CREATE_FROM_CSR)
        KM_TRY(take_text(err, arena, object, "certificateSigningRequest", KM_FLEET_CSR_MAX,
                         &made.csr));
    if (kind == KM_FLEET_PROVISION) {
        KM_TRY(take_text(err, arena, object, "certificateOwnershipToken", KM_FLEET_TOKEN_MAX,
                         &made.token));
        KM_TRY(take_parameters(err, arena, json_object_get(object, "parameters"), &made));
    }
    *ret = made;
    return KM_OK;
}

km_status km_fleet_request_read(struct km_err *err, struct km_arena *arena, enum km_fleet_kind kind,
                                struct km_slice payload, struct km_fleet_request *ret)
{
    KM_AUTO(km_json_unref) json_t *object = NULL;
    if (kind != KM_FLEET_CREATE || payload.len > 0)
        KM_TRY(km_json_object(err, payload, KM_FLEET_DEPTH_MAX, &object));
    return km_fleet_request_take(err, arena, kind, object, ret);
}
