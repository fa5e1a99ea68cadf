/* SPDX-License-Identifier: Apache-2.0 */
/* Tags between what comes with a call and the registry. */
#ifndef KM_TAGS_H
#define KM_TAGS_H

#include "cloud/control/call.h"
#include "cloud/registry/registry_tag.h"

/*
 * km_tags_parse: "key1=value1&key2=value2" as in a form, decoded into the arena. KM_E_MALFORMED for a broken escape and for what is not
 * UTF-8, KM_E_LIMIT for more than KM_TAGS_MAX. What keys and values may be is the registry's to say.
 */
km_status km_tags_parse(struct km_err *err, struct km_arena *arena, struct km_slice text,
                        struct km_tag_list *ret);
/* km_tags_decode: one text of a form, in the arena; NULL for a broken escape and for what is not UTF-8. */
const char *km_tags_decode(struct km_arena *arena, struct km_slice text);
/* km_tags_of_list, _of_map: [{"Key", "Value"}, ...] and {key: value, ...}; views of the JSON. NULL: none. */
km_status km_tags_of_list(struct km_call *call, const json_t *list, struct km_tag_list *ret);
km_status km_tags_of_map(struct km_call *call, json_t *map, struct km_tag_list *ret);
/* km_tags_keep: a new entity's tags, from the body's "tags" and from text (NULL: none) as km_tags_parse has it. */
km_status km_tags_keep(struct km_call *call, enum km_tagged kind, const char *name,
                       const char *text);

#endif
