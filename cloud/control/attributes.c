/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/attributes.h"

#include <ctype.h>
#include <string.h>

static bool has_characters(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("_.,@/:#-", *text) == NULL)
            return false;
    }
    return true;
}

static km_status check_one(struct km_call *call, const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = strlen(name);
    if (len == 0 || len > KM_ATTRIBUTE_NAME_MAX || !has_characters(name))
        return km_call_fail(
            call, KM_X_NONE,
            "names of attributes have 1 to %d of the characters A-Z a-z 0-9 _.,@/:#-",
            KM_ATTRIBUTE_NAME_MAX);
    if (text == NULL || strlen(text) > KM_ATTRIBUTE_VALUE_MAX || !has_characters(text))
        return km_call_fail(
            call, KM_X_NONE,
            "the value of attribute %.60s may have up to %d of the characters A-Z a-z "
            "0-9 _.,@/:#- and no others",
            name, KM_ATTRIBUTE_VALUE_MAX);
    return KM_OK;
}

km_status km_attributes_take(struct km_call *call, const json_t *payload, struct km_attributes *ret)
{
    json_t *map = json_object_get(payload, "attributes");
    const char *name = NULL;
    json_t *value = NULL;
    struct km_attributes taken = {.merges = json_is_true(json_object_get(payload, "merge"))};
    if (map == NULL || json_is_null(map)) {
        *ret = taken;
        return KM_OK;
    }
    if (!json_is_object(map))
        return km_call_fail(call, KM_X_NONE, "attributes must be an object");
    struct km_attribute *items =
        km_arena_array(call->arena, json_object_size(map) + 1, sizeof(*items));
    if (items == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "%zu attributes", json_object_size(map));
    json_object_foreach(map, name, value)
    {
        KM_TRY(check_one(call, name, value));
        items[taken.n++] = (struct km_attribute){.name = name, .value = json_string_value(value)};
    }
    taken.is_there = true;
    taken.items = items;
    *ret = taken;
    return KM_OK;
}

json_t *km_attributes_json(const struct km_attribute *items, size_t n)
{
    json_t *map = json_object();
    for (size_t i = 0; i < n; i++)
        (void)json_object_set_new(map, items[i].name, json_string(items[i].value));
    return map;
}
