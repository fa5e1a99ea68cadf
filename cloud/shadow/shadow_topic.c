/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadow/shadow_topic.h"

#include <stdio.h>
#include <string.h>

#include "cloud/common/topic.h"

static const char before_thing[] = "$aws/things/";
static const char after_thing[] = "/shadow";
static const char before_name[] = "/name/";

static const char *const endings[KM_SHADOW_N_KINDS] = {
    [KM_SHADOW_GET] = "/get",
    [KM_SHADOW_UPDATE] = "/update",
    [KM_SHADOW_DELETE] = "/delete",
    [KM_SHADOW_GET_ACCEPTED] = "/get/accepted",
    [KM_SHADOW_GET_REJECTED] = "/get/rejected",
    [KM_SHADOW_UPDATE_ACCEPTED] = "/update/accepted",
    [KM_SHADOW_UPDATE_REJECTED] = "/update/rejected",
    [KM_SHADOW_UPDATE_DELTA] = "/update/delta",
    [KM_SHADOW_UPDATE_DOCUMENTS] = "/update/documents",
    [KM_SHADOW_DELETE_ACCEPTED] = "/delete/accepted",
    [KM_SHADOW_DELETE_REJECTED] = "/delete/rejected",
};

bool km_shadow_is_request(enum km_shadow_kind kind)
{
    return kind == KM_SHADOW_GET || kind == KM_SHADOW_UPDATE || kind == KM_SHADOW_DELETE;
}

static bool is_name(struct km_slice text, size_t max, bool dollar)
{
    if (text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && c != ':' && c != '_' && c != '-' && !(dollar && c == '$'))
            return false;
    }
    return true;
}

bool km_shadow_id_init(struct km_slice thing, struct km_slice name, struct km_shadow_id *ret)
{
    if (thing.len == 0 || !is_name(thing, KM_THING_NAME_MAX, false) ||
        !is_name(name, KM_SHADOW_NAME_MAX, true))
        return false;
    struct km_shadow_id id = {0};
    km_copy(id.thing, sizeof(id.thing) - 1, thing.ptr, thing.len);
    km_copy(id.name, sizeof(id.name) - 1, name.ptr, name.len);
    *ret = id;
    return true;
}

bool km_shadow_topic_parse(struct km_slice topic, struct km_shadow_id *ret_id,
                           enum km_shadow_kind *ret_kind)
{
    if (!km_topic_skip(&topic, before_thing))
        return false;
    struct km_slice thing = km_topic_level(&topic);
    if (!km_topic_skip(&topic, after_thing))
        return false;
    struct km_slice name = {0};
    if (km_topic_skip(&topic, before_name)) {
        name = km_topic_level(&topic);
        if (name.len == 0)
            return false;
    }
    for (size_t kind = 0; kind < KM_SHADOW_N_KINDS; kind++) {
        if (km_slice_equal(topic, KM_SLICE_STR(endings[kind]))) {
            if (!km_shadow_id_init(thing, name, ret_id))
                return false;
            *ret_kind = (enum km_shadow_kind)kind;
            return true;
        }
    }
    return false;
}

size_t km_shadow_topic_write(const struct km_shadow_id *id, enum km_shadow_kind kind,
                             char ret[KM_SHADOW_TOPIC_CAP])
{
    int len =
        snprintf(ret, KM_SHADOW_TOPIC_CAP, "%s%s%s%s%s%s", before_thing, id->thing, after_thing,
                 id->name[0] == '\0' ? "" : before_name, id->name, endings[kind]);
    return (size_t)len;
}
