/* SPDX-License-Identifier: Apache-2.0 */
/* Thing groups: a tree of names that things can be in and policies can be attached to. */
#ifndef KM_REGISTRY_GROUP_H
#define KM_REGISTRY_GROUP_H

#include "cloud/registry/registry_thing.h"

struct km_registry_group_new {
    const char *name;
    const char *parent;      /* NULL: at the top */
    const char *description; /* NULL: none */
    const struct km_attribute *attributes;
    size_t n_attributes; /* at most KM_ATTRIBUTES_TYPED_MAX */
};
struct km_registry_group {
    const char *name;
    const char *id;
    const char *parent;
    const char *description;
    const struct km_attribute *attributes;
    size_t n_attributes;
    int64_t version;
    int64_t created_ms;
};
struct km_registry_group_list {
    const struct km_registry_group *items;
    size_t n_items;
    const char *next;
};

/* km_registry_group_create: one that is there with the same content is as good as created; KM_E_EXISTS when it differs. KM_E_NOTFOUND: no such parent. KM_E_LIMIT: deeper than KM_GROUP_DEPTH_MAX. */
km_status km_registry_group_create(struct km_registry *reg, const char *account,
                                   const struct km_registry_group_new *group,
                                   char ret_id[KM_REGISTRY_UUID_LEN + 1]);
km_status km_registry_group_get(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *name,
                                struct km_registry_group *ret);
/* km_registry_group_list: by name; parent NULL: of any parent. Recursive: also those below the groups that the parent has. */
km_status km_registry_group_list(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *parent, bool is_recursive,
                                 const struct km_registry_page *page,
                                 struct km_registry_group_list *ret);

struct km_registry_group_update {
    int64_t expected_version; /* 0: any */
    const char *description;  /* NULL leaves it */
    bool sets_attributes;
    bool merges;
    const struct km_attribute *attributes;
    size_t n_attributes;
};
km_status km_registry_group_update(struct km_registry *reg, const char *account, const char *name,
                                   const struct km_registry_group_update *update,
                                   int64_t *ret_version);
/* km_registry_group_delete: things leave it. An unknown one is no error; KM_E_BUSY while it has child groups or policies; KM_E_STALE as for things. */
km_status km_registry_group_delete(struct km_registry *reg, const char *account, const char *name,
                                   int64_t expected_version);

/* km_registry_group_add: again is no error. KM_E_NOTFOUND: no such group or thing. KM_E_LIMIT: KM_GROUPS_PER_THING_MAX. */
km_status km_registry_group_add(struct km_registry *reg, const char *account, const char *group,
                                const char *thing);
/* km_registry_group_remove: one that is not in it is no error. KM_E_NOTFOUND: no such group or thing. */
km_status km_registry_group_remove(struct km_registry *reg, const char *account, const char *group,
                                   const char *thing);
/* km_registry_group_things: those in it, and, if recursive, in the groups below it, each once. */
km_status km_registry_group_things(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *group, bool is_recursive,
                                   const struct km_registry_page *page,
                                   struct km_registry_names *ret);
km_status km_registry_group_of_thing(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *thing,
                                     const struct km_registry_page *page,
                                     struct km_registry_names *ret);

#endif
