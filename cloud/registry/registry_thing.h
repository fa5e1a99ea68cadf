/* SPDX-License-Identifier: Apache-2.0 */
/* Things, their types and groups, and the certificates that stand for them. */
#ifndef KM_REGISTRY_THING_H
#define KM_REGISTRY_THING_H

#include "cloud/registry/registry.h"

#define KM_ATTRIBUTE_NAME_MAX 128   /* [A-Za-z0-9_.,@/:#-] */
#define KM_ATTRIBUTE_VALUE_MAX 800  /* the same characters, may be empty */
#define KM_ATTRIBUTES_UNTYPED_MAX 3 /* of a thing without a type */
#define KM_ATTRIBUTES_TYPED_MAX 50
#define KM_THING_DESCRIPTION_MAX 2028
#define KM_SEARCHABLE_MAX 3  /* attributes of a type that can be searched by */
#define KM_GROUP_DEPTH_MAX 7 /* levels of groups */
#define KM_GROUPS_PER_THING_MAX 10

struct km_attribute {
    const char *name;
    const char *value;
};

struct km_registry_thing_new {
    const char *name;
    const char *type; /* NULL: none */
    const struct km_attribute *attributes;
    size_t n_attributes;
};
struct km_registry_thing {
    const char *name;
    const char *id; /* a UUID */
    const char *type;
    const struct km_attribute *attributes; /* by name */
    size_t n_attributes;
    int64_t version; /* 1, and one more with each update */
    int64_t created_ms;
};
struct km_registry_thing_list {
    const struct km_registry_thing *items;
    size_t n_items;
    const char *next;
};

/*
 * km_registry_thing_create: ret_id is its UUID. One that is there with the same type and attributes is as good as created; KM_E_EXISTS when they differ.
 * KM_E_NOTFOUND: no such type. KM_E_STATE: the type is deprecated. KM_E_LIMIT: too many attributes.
 */
km_status km_registry_thing_create(struct km_registry *reg, const char *account,
                                   const struct km_registry_thing_new *thing,
                                   char ret_id[KM_REGISTRY_UUID_LEN + 1]);
km_status km_registry_thing_get(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *name,
                                struct km_registry_thing *ret);

/* Which things a list holds; NULL means any. attribute_value needs attribute_name. */
struct km_registry_thing_filter {
    const char *type;
    const char *attribute_name;
    const char *attribute_value;
    bool is_prefix; /* the value only has to begin so */
};
/* km_registry_thing_list: by name. */
km_status km_registry_thing_list(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const struct km_registry_thing_filter *filter,
                                 const struct km_registry_page *page,
                                 struct km_registry_thing_list *ret);

struct km_registry_thing_update {
    int64_t expected_version; /* 0: any */
    const char *type;         /* NULL leaves it */
    bool removes_type;
    bool sets_attributes; /* false leaves them */
    bool
        merges; /* given ones are added or replaced, an empty value removes one; false: all are replaced */
    const struct km_attribute *attributes;
    size_t n_attributes;
};
/* km_registry_thing_update: KM_E_STALE: another version. KM_E_NOTFOUND, KM_E_STATE, KM_E_LIMIT as in create. */
km_status km_registry_thing_update(struct km_registry *reg, const char *account, const char *name,
                                   const struct km_registry_thing_update *update);
/* km_registry_thing_delete: leaves its groups. An unknown one is no error; KM_E_BUSY while a certificate is attached; KM_E_STALE unless expected_version is 0 or its own. Shadows stay. */
km_status km_registry_thing_delete(struct km_registry *reg, const char *account, const char *name,
                                   int64_t expected_version);

/* km_registry_thing_attach: a certificate of the account to a thing; again is no error. KM_E_NOTFOUND: no such thing or certificate. */
km_status km_registry_thing_attach(struct km_registry *reg, const char *account, const char *thing,
                                   const char *certificate_id);
/* km_registry_thing_detach: KM_E_NOTFOUND also when it is not attached. */
km_status km_registry_thing_detach(struct km_registry *reg, const char *account, const char *thing,
                                   const char *certificate_id);
/* km_registry_thing_is_attached: *ret false too when either is unknown. */
km_status km_registry_thing_is_attached(struct km_registry *reg, const char *account,
                                        const char *thing, const char *certificate_id, bool *ret);
/* km_registry_thing_principals: ids of certificates at a thing. KM_E_NOTFOUND: no such thing. */
km_status km_registry_thing_principals(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *thing,
                                       const struct km_registry_page *page,
                                       struct km_registry_names *ret);
/* km_registry_thing_of_principal: names of things that a certificate stands for. */
km_status km_registry_thing_of_principal(struct km_registry *reg, struct km_arena *arena,
                                         const char *account, const char *certificate_id,
                                         const struct km_registry_page *page,
                                         struct km_registry_names *ret);

struct km_registry_thing_type {
    const char *name;
    const char *id;
    const char *description;       /* NULL: none */
    const char *const *searchable; /* names of attributes */
    size_t n_searchable;
    int64_t created_ms;
    int64_t deprecated_ms; /* 0: it is not */
};
struct km_registry_thing_type_list {
    const struct km_registry_thing_type *items;
    size_t n_items;
    const char *next;
};
struct km_registry_thing_type_new {
    const char *name;
    const char *description;
    const char *const *searchable;
    size_t n_searchable;
};

/* km_registry_thing_type_create: one that is there with the same content is as good as created; KM_E_EXISTS when it differs. */
km_status km_registry_thing_type_create(struct km_registry *reg, const char *account,
                                        const struct km_registry_thing_type_new *type,
                                        char ret_id[KM_REGISTRY_UUID_LEN + 1]);
km_status km_registry_thing_type_get(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *name,
                                     struct km_registry_thing_type *ret);
km_status km_registry_thing_type_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const struct km_registry_page *page,
                                      struct km_registry_thing_type_list *ret);
/* km_registry_thing_type_deprecate: no new things of it; undo takes it back. */
km_status km_registry_thing_type_deprecate(struct km_registry *reg, const char *account,
                                           const char *name, bool undo);
/* km_registry_thing_type_delete: KM_E_STATE unless deprecated; KM_E_BUSY while there are things of it. */
km_status km_registry_thing_type_delete(struct km_registry *reg, const char *account,
                                        const char *name);

#endif
