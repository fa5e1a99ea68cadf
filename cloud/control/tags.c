/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/tags.h"

#include <string.h>

const char *km_tags_decode(struct km_arena *arena, struct km_slice text)
{
    struct km_slice ret = {0};
    char *room = km_arena_alloc(arena, text.len + 1);
    if (room == NULL || !km_target_decode(text, true, KM_SPAN(room, text.len + 1), &ret))
        return NULL;
    return room;
}

static km_status too_many(struct km_err *err)
{
    return KM_FAIL(err, KM_E_LIMIT, "more than %d tags", KM_TAGS_MAX);
}

static struct km_tag *room_for(struct km_err *err, struct km_arena *arena)
{
    struct km_tag *items = km_arena_array(arena, KM_TAGS_MAX, sizeof(*items));
    if (items == NULL)
        (void)KM_FAIL(err, KM_E_NOMEM, "%d tags", KM_TAGS_MAX);
    return items;
}

km_status km_tags_parse(struct km_err *err, struct km_arena *arena, struct km_slice text,
                        struct km_tag_list *ret)
{
    struct km_slice key = {0};
    struct km_slice value = {0};
    size_t n = 0;
    struct km_tag *items = room_for(err, arena);
    if (items == NULL)
        return KM_E_NOMEM;
    while (km_target_next_parameter(&text, &key, &value)) {
        if (n == KM_TAGS_MAX)
            return too_many(err);
        items[n] = (struct km_tag){.key = km_tags_decode(arena, key),
                                   .value = km_tags_decode(arena, value)};
        if (items[n].key == NULL || items[n].value == NULL)
            return KM_FAIL(err, KM_E_MALFORMED, "tags are key1=value1&key2=value2, encoded");
        n++;
    }
    *ret = (struct km_tag_list){.items = items, .n_items = n};
    return KM_OK;
}

km_status km_tags_of_list(struct km_call *call, const json_t *list, struct km_tag_list *ret)
{
    size_t n = json_array_size(list);
    struct km_tag *items = room_for(&call->err, call->arena);
    if (items == NULL)
        return KM_E_NOMEM;
    if (n > KM_TAGS_MAX)
        return too_many(&call->err);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *value = json_object_get(item, "Value");
        items[i].key = json_string_value(json_object_get(item, "Key"));
        items[i].value = value == NULL ? "" : json_string_value(value);
        if (items[i].key == NULL || items[i].value == NULL)
            return km_call_fail(call, KM_X_NONE, "tags are objects with the texts Key and Value");
    }
    *ret = (struct km_tag_list){.items = items, .n_items = n};
    return KM_OK;
}

km_status km_tags_of_map(struct km_call *call, json_t *map, struct km_tag_list *ret)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t n = 0;
    struct km_tag *items = room_for(&call->err, call->arena);
    if (items == NULL)
        return KM_E_NOMEM;
    if (json_object_size(map) > KM_TAGS_MAX)
        return too_many(&call->err);
    json_object_foreach(map, key, value)
    {
        if (!json_is_string(value))
            return km_call_fail(call, KM_X_NONE, "the values of Tags are texts");
        items[n++] = (struct km_tag){.key = key, .value = json_string_value(value)};
    }
    *ret = (struct km_tag_list){.items = items, .n_items = n};
    return KM_OK;
}

static km_status add(struct km_call *call, const struct km_tagged_resource *resource,
                     const struct km_tag_list *tags)
{
    if (tags->n_items == 0)
        return KM_OK;
    return km_call_registry(
        call, km_registry_tags_add(call->reg, call->account, resource, tags->items, tags->n_items));
}

km_status km_tags_keep(struct km_call *call, enum km_tagged kind, const char *name,
                       const char *text)
{
    const struct km_tagged_resource resource = {kind, name};
    struct km_tag_list tags = {0};
    KM_TRY(km_tags_of_list(call, km_call_member(call, "tags"), &tags));
    KM_TRY(add(call, &resource, &tags));
    if (text == NULL)
        return KM_OK;
    KM_TRY(km_tags_parse(&call->err, call->arena, KM_SLICE_STR(text), &tags));
    return add(call, &resource, &tags);
}
