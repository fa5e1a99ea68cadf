/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadow/shadow_tree.h"

#include <string.h>

/* The library's iterators take no const, but change nothing. */
static json_t *mutable(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

bool km_shadow_doc_init(struct km_shadow_doc *ret)
{
    *ret = (struct km_shadow_doc){.state = json_object(), .metadata = json_object()};
    return ret->state != NULL && ret->metadata != NULL;
}

bool km_shadow_doc_copy(const struct km_shadow_doc *doc, struct km_shadow_doc *ret)
{
    *ret = (struct km_shadow_doc){.state = json_deep_copy(doc->state),
                                  .metadata = json_deep_copy(doc->metadata)};
    return ret->state != NULL && ret->metadata != NULL;
}

void km_shadow_doc_clear(struct km_shadow_doc *doc)
{
    json_decref(doc->state);
    json_decref(doc->metadata);
    *doc = (struct km_shadow_doc){0};
}

/* ---- checking ---- */

static bool mirrors(const json_t *value, const json_t *metadata)
{
    if (json_is_object(value)) {
        if (!json_is_object(metadata) || json_object_size(value) != json_object_size(metadata))
            return false;
        const char *key = NULL;
        json_t *item = NULL;
        json_object_foreach(mutable(value), key, item)
        {
            if (!mirrors(item, json_object_get(metadata, key)))
                return false;
        }
        return true;
    }
    if (json_is_array(value)) {
        if (!json_is_array(metadata) || json_array_size(value) != json_array_size(metadata))
            return false;
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (!mirrors(json_array_get(value, i), json_array_get(metadata, i)))
                return false;
        }
        return true;
    }
    return json_is_integer(json_object_get(metadata, "timestamp"));
}

bool km_shadow_doc_whole(const struct km_shadow_doc *doc)
{
    const char *key = NULL;
    json_t *section = NULL;
    json_object_foreach(doc->state, key, section)
    {
        if (strcmp(key, "desired") != 0 && strcmp(key, "reported") != 0)
            return false;
        if (!json_is_object(section))
            return false;
    }
    return mirrors(doc->state, doc->metadata);
}

static bool has_null(const json_t *value)
{
    if (json_is_object(value)) {
        const char *key = NULL;
        json_t *item = NULL;
        json_object_foreach(mutable(value), key, item)
        {
            if (has_null(item))
                return true;
        }
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (has_null(json_array_get(value, i)))
            return true;
    }
    return json_is_null(value);
}

bool km_shadow_has_bad_node(const json_t *value)
{
    if (json_is_array(value))
        return has_null(value);
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(mutable(value), key, item)
    {
        if (km_shadow_has_bad_node(item))
            return true;
    }
    return false;
}

/* ---- merging ---- */

/* The metadata of a value that is new as a whole; NULL when memory is short. */
static json_t *stamp(const json_t *value, int64_t now_s)
{
    if (!json_is_object(value) && !json_is_array(value))
        return json_pack("{s:I}", "timestamp", (json_int_t)now_s);
    KM_AUTO(km_json_unref)
    json_t *tree = json_is_object(value) ? json_object() : json_array();
    if (tree == NULL)
        return NULL;
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(mutable(value), key, item)
    {
        if (json_object_set_new(tree, key, stamp(item, now_s)) != 0)
            return NULL;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (json_array_append_new(tree, stamp(json_array_get(value, i), now_s)) != 0)
            return NULL;
    }
    return km_steal(&tree);
}

static bool merge(json_t *state, json_t *metadata, const json_t *patch, int64_t now_s);

/* Merges an object into the member of that name, which becomes one if it was none. */
static bool merge_object(json_t *state, json_t *metadata, const char *key, const json_t *patch,
                         int64_t now_s)
{
    if (!json_is_object(json_object_get(state, key)) &&
        (json_object_set_new(state, key, json_object()) != 0 ||
         json_object_set_new(metadata, key, json_object()) != 0))
        return false;
    if (!merge(json_object_get(state, key), json_object_get(metadata, key), patch, now_s))
        return false;
    if (json_object_size(json_object_get(state, key)) == 0) {
        (void)json_object_del(state, key);
        (void)json_object_del(metadata, key);
    }
    return true;
}

static bool merge(json_t *state, json_t *metadata, const json_t *patch, int64_t now_s)
{
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(mutable(patch), key, item)
    {
        if (json_is_null(item)) {
            (void)json_object_del(state, key);
            (void)json_object_del(metadata, key);
        } else if (json_is_object(item)) {
            if (!merge_object(state, metadata, key, item, now_s))
                return false;
        } else if (json_object_set(state, key, item) != 0 ||
                   json_object_set_new(metadata, key, stamp(item, now_s)) != 0) {
            return false;
        }
    }
    return true;
}

bool km_shadow_doc_merge(struct km_shadow_doc *doc, const json_t *state, int64_t now_s)
{
    if (json_is_null(state))
        return json_object_clear(doc->state) == 0 && json_object_clear(doc->metadata) == 0;
    return merge(doc->state, doc->metadata, state, now_s);
}

/* ---- differing ---- */

/* A member that is to be in the delta, or the part of it that differs. */
struct side {
    json_t *desired;
    json_t *metadata;
    json_t *reported; /* NULL: not reported at all */
};

static bool differ(const struct side *from, json_t *state, json_t *metadata)
{
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(from->desired, key, item)
    {
        struct side member = {.desired = item,
                              .metadata = json_object_get(from->metadata, key),
                              .reported = json_object_get(from->reported, key)};
        if (json_is_object(item) && json_is_object(member.reported)) {
            KM_AUTO(km_shadow_doc_clear) struct km_shadow_doc part = {0};
            if (!km_shadow_doc_init(&part) || !differ(&member, part.state, part.metadata))
                return false;
            if (json_object_size(part.state) != 0 &&
                (json_object_set(state, key, part.state) != 0 ||
                 json_object_set(metadata, key, part.metadata) != 0))
                return false;
        } else if (!km_json_equal(item, member.reported)) {
            if (json_object_set(state, key, item) != 0 ||
                json_object_set(metadata, key, member.metadata) != 0)
                return false;
        }
    }
    return true;
}

bool km_shadow_doc_delta(const struct km_shadow_doc *doc, struct km_shadow_doc *ret)
{
    struct side whole = {.desired = json_object_get(doc->state, "desired"),
                         .metadata = json_object_get(doc->metadata, "desired"),
                         .reported = json_object_get(doc->state, "reported")};
    return km_shadow_doc_init(ret) && differ(&whole, ret->state, ret->metadata);
}
