/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: code, configuration, versions, aliases, and who may call them. */
#ifndef KM_REGISTRY_FUNCTION_H
#define KM_REGISTRY_FUNCTION_H

#include "cloud/registry/registry.h"

#define KM_FUNCTION_NAME_MAX 64       /* [A-Za-z0-9_-] */
#define KM_FUNCTION_CODE_MAX 52428800 /* 50 MiB */
#define KM_FUNCTION_CONFIG_MAX 65536
#define KM_FUNCTION_DESCRIPTION_MAX 256
#define KM_FUNCTION_SHA256_LEN 44        /* base64 of 32 octets */
#define KM_FUNCTION_ALIAS_MAX 128        /* [A-Za-z0-9_-], not a number */
#define KM_FUNCTION_STATEMENT_ID_MAX 100 /* [A-Za-z0-9_-] */
#define KM_FUNCTION_STATEMENT_MAX 8192
#define KM_FUNCTION_PERMISSIONS_MAX 64 /* statements of one qualifier */
#define KM_FUNCTION_LATEST 0           /* the version that can be changed: $LATEST */

struct km_registry_function_new {
    const char *name;
    const char *
        config; /* JSON text of the caller's: runtime, handler, role, timeout, memory, environment */
    const char *description;
    struct km_slice code; /* the archive as it came */
};
struct km_registry_function {
    const char *name;
    int64_t version; /* KM_FUNCTION_LATEST or the number of a published one */
    const char *config;
    const char *description; /* NULL: none */
    const char *code_sha256; /* base64 */
    int64_t code_size;
    const char *revision_id; /* a UUID, new with each change */
    int64_t modified_ms;
};
struct km_registry_function_list {
    const struct km_registry_function *items;
    size_t n_items;
    const char *next;
};

/* km_registry_function_create: as $LATEST. KM_E_EXISTS. */
km_status km_registry_function_create(struct km_registry *reg, const char *account,
                                      const struct km_registry_function_new *function);
/* km_registry_function_get: version KM_FUNCTION_LATEST or a published one. */
km_status km_registry_function_get(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *name, int64_t version,
                                   struct km_registry_function *ret);
/*
 * km_registry_function_resolve: a qualifier as calls carry it to a version: NULL and "$LATEST", a number, or an alias. KM_E_NOTFOUND: no such
 * function, version or alias.
 */
km_status km_registry_function_resolve(struct km_registry *reg, const char *account,
                                       const char *name, const char *qualifier,
                                       int64_t *ret_version);
/* km_registry_function_code: the archive of a version; large: the arena must have room for it. */
km_status km_registry_function_code(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const char *name, int64_t version,
                                    struct km_slice *ret);
/* km_registry_function_list: $LATEST of each, by name. */
km_status km_registry_function_list(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_registry_page *page,
                                    struct km_registry_function_list *ret);

/* What an update of $LATEST changes; NULL and an empty code leave as it is. */
struct km_registry_function_update {
    const char *expected_revision_id; /* NULL: any; KM_E_STALE when another */
    const char *config;
    const char *description;
    struct km_slice code;
};
km_status km_registry_function_update(struct km_registry *reg, const char *account,
                                      const char *name,
                                      const struct km_registry_function_update *update);
/* km_registry_function_delete: all versions, aliases and permissions. */
km_status km_registry_function_delete(struct km_registry *reg, const char *account,
                                      const char *name);

/*
 * km_registry_function_publish: $LATEST as a new version (1, 2, ...; no number comes twice), or the last one when neither code nor configuration changed since.
 * description NULL: $LATEST's. KM_E_STALE: expected_sha256 or expected_revision_id (NULL: any) is not $LATEST's.
 */
struct km_registry_function_publish {
    const char *description;
    const char *expected_sha256;
    const char *expected_revision_id;
};
km_status km_registry_function_publish(struct km_registry *reg, const char *account,
                                       const char *name,
                                       const struct km_registry_function_publish *publish,
                                       int64_t *ret_version);
/* km_registry_function_versions: $LATEST first, then the published ones from the oldest. */
km_status km_registry_function_versions(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *name,
                                        const struct km_registry_page *page,
                                        struct km_registry_function_list *ret);
/* km_registry_function_version_delete: a published one. KM_E_BUSY while an alias names it; KM_E_ARG for $LATEST. */
km_status km_registry_function_version_delete(struct km_registry *reg, const char *account,
                                              const char *name, int64_t version);

struct km_registry_alias {
    const char *name;
    int64_t version;
    const char *description; /* NULL: none */
    const char *revision_id;
};
struct km_registry_alias_list {
    const struct km_registry_alias *items;
    size_t n_items;
    const char *next;
};
/* km_registry_alias_create: revision_id is not read. KM_E_EXISTS; KM_E_NOTFOUND: no such function or version. */
km_status km_registry_alias_create(struct km_registry *reg, const char *account,
                                   const char *function, const struct km_registry_alias *alias);
km_status km_registry_alias_get(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *function, const char *name,
                                struct km_registry_alias *ret);
struct km_registry_alias_update {
    const char *expected_revision_id; /* NULL: any; KM_E_STALE when another */
    const int64_t *version;           /* NULL leaves it */
    const char *description;          /* NULL leaves it */
};
km_status km_registry_alias_update(struct km_registry *reg, const char *account,
                                   const char *function, const char *name,
                                   const struct km_registry_alias_update *update);
/* km_registry_alias_delete: an unknown alias is no error, an unknown function is. */
km_status km_registry_alias_delete(struct km_registry *reg, const char *account,
                                   const char *function, const char *name);
km_status km_registry_alias_list(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *function,
                                 const struct km_registry_page *page,
                                 struct km_registry_alias_list *ret);

/* One statement of a function's policy, under its Sid; qualifier "" is the function as such. */
struct km_registry_permission {
    const char *qualifier;
    const char *statement_id;
    const char *statement; /* JSON text as given */
};
struct km_registry_permission_list {
    const struct km_registry_permission *items;
    size_t n_items;
    const char *revision_id; /* of the function: permissions change it too */
};
/* km_registry_permission_add: KM_E_EXISTS: that Sid at that qualifier. KM_E_NOTFOUND: no such function. KM_E_LIMIT: KM_FUNCTION_PERMISSIONS_MAX. KM_E_STALE as above. */
km_status km_registry_permission_add(struct km_registry *reg, const char *account,
                                     const char *function,
                                     const struct km_registry_permission *permission,
                                     const char *expected_revision_id);
km_status km_registry_permission_remove(struct km_registry *reg, const char *account,
                                        const char *function, const char *qualifier,
                                        const char *statement_id);
/* km_registry_permission_list: all statements at a qualifier, by Sid. KM_E_NOTFOUND: no such function. */
km_status km_registry_permission_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const char *function,
                                      const char *qualifier,
                                      struct km_registry_permission_list *ret);

#endif
