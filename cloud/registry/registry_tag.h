/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: pairs of texts at things of other entities. They go with what they are at. */
#ifndef KM_REGISTRY_TAG_H
#define KM_REGISTRY_TAG_H

#include "cloud/registry/registry.h"

#define KM_TAGS_MAX 50 /* of one resource */
#define KM_TAG_KEY_MAX                                                                             \
    128 /* characters, 1 at least: letters, digits, blanks and _.:/=+-@ ; no "aws:" in front */
#define KM_TAG_VALUE_MAX 256 /* characters; no "aws:" in front */

/* What can have tags. Stored as these numbers. */
enum km_tagged {
    KM_TAGGED_CA = 1,
    KM_TAGGED_POLICY = 2,
    KM_TAGGED_RULE = 3,
    KM_TAGGED_THING_TYPE = 4,
    KM_TAGGED_GROUP = 5,
    KM_TAGGED_TEMPLATE = 6,
    KM_TAGGED_FUNCTION = 7,
    KM_TAGGED_ROLE_ALIAS = 8,
    KM_TAGGED_JOB = 9,
    KM_TAGGED_JOB_TEMPLATE = 10,
};

struct km_tag {
    const char *key;
    const char *value;
};
struct km_tag_list {
    const struct km_tag *items; /* by key */
    size_t n_items;
};

/* name: that of the entity, a CA's id. KM_E_NOTFOUND where there is none. */
struct km_tagged_resource {
    enum km_tagged kind;
    const char *name;
};

/*
 * km_registry_tags_add: a key that is there gets the new value. KM_E_ARG for one key twice, KM_E_LIMIT when it would have more than
 * KM_TAGS_MAX.
 */
km_status km_registry_tags_add(struct km_registry *reg, const char *account,
                               const struct km_tagged_resource *resource, const struct km_tag *tags,
                               size_t n_tags);
/* km_registry_tags_remove: keys that are not there are no error. */
km_status km_registry_tags_remove(struct km_registry *reg, const char *account,
                                  const struct km_tagged_resource *resource,
                                  const char *const *keys, size_t n_keys);
km_status km_registry_tags_list(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const struct km_tagged_resource *resource,
                                struct km_tag_list *ret);

#endif
