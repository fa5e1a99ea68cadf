/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, their versions, and what they are attached to. Documents are stored as given: cloud/policy compiles them. */
#ifndef KM_REGISTRY_POLICY_H
#define KM_REGISTRY_POLICY_H

#include "cloud/registry/registry.h"

#define KM_POLICY_NAME_MAX 128 /* [A-Za-z0-9_+=,.@-] */
#define KM_POLICY_VERSIONS_MAX 5
#define KM_POLICIES_PER_TARGET_MAX 10

/* Versions are numbered from 1 and a number is never given twice for one policy. */
struct km_registry_policy {
    const char *name;
    const char *document; /* of `version`; NULL in lists */
    const char *generation_id;
    int64_t version;
    bool is_default;
    int64_t default_version;
    int64_t created_ms;         /* of the policy */
    int64_t version_created_ms; /* of the version */
    int64_t modified_ms;
};
struct km_registry_policy_list {
    const struct km_registry_policy *items;
    size_t n_items;
    const char *next;
};

/* km_registry_policy_create: with version 1 as its default. KM_E_EXISTS. */
km_status km_registry_policy_create(struct km_registry *reg, const char *account, const char *name,
                                    const char *document);
/* km_registry_policy_get: that version, or for 0 the default one. */
km_status km_registry_policy_get(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *name, int64_t version,
                                 struct km_registry_policy *ret);
km_status km_registry_policy_list(struct km_registry *reg, struct km_arena *arena,
                                  const char *account, const struct km_registry_page *page,
                                  struct km_registry_policy_list *ret);
/* km_registry_policy_delete: KM_E_BUSY while it has other versions than the default one, or is attached. */
km_status km_registry_policy_delete(struct km_registry *reg, const char *account, const char *name);

/* km_registry_policy_version_create: KM_E_LIMIT when there are KM_POLICY_VERSIONS_MAX. */
km_status km_registry_policy_version_create(struct km_registry *reg, const char *account,
                                            const char *name, const char *document,
                                            bool sets_default, int64_t *ret_version);
/* km_registry_policy_version_list: all of them, the newest first. */
km_status km_registry_policy_version_list(struct km_registry *reg, struct km_arena *arena,
                                          const char *account, const char *name,
                                          struct km_registry_policy_list *ret);
km_status km_registry_policy_version_set_default(struct km_registry *reg, const char *account,
                                                 const char *name, int64_t version);
/* km_registry_policy_version_delete: KM_E_BUSY for the default one. */
km_status km_registry_policy_version_delete(struct km_registry *reg, const char *account,
                                            const char *name, int64_t version);

enum km_policy_target_kind {
    KM_TARGET_CERTIFICATE = 1, /* id: certificate id */
    KM_TARGET_GROUP = 2,       /* id: name of a thing group */
};
struct km_policy_target {
    enum km_policy_target_kind kind;
    const char *id;
};
struct km_policy_target_list {
    const struct km_policy_target *items;
    size_t n_items;
    const char *next;
};

/* km_registry_policy_attach: again is no error. KM_E_NOTFOUND: no such policy or target. KM_E_LIMIT: KM_POLICIES_PER_TARGET_MAX. */
km_status km_registry_policy_attach(struct km_registry *reg, const char *account, const char *name,
                                    const struct km_policy_target *target);
/* km_registry_policy_detach: what is not attached is no error, an unknown policy is. */
km_status km_registry_policy_detach(struct km_registry *reg, const char *account, const char *name,
                                    const struct km_policy_target *target);
/* km_registry_policy_list_attached: names of the policies at a target. is_recursive: a group's ancestors' too. */
km_status km_registry_policy_list_attached(struct km_registry *reg, struct km_arena *arena,
                                           const char *account,
                                           const struct km_policy_target *target, bool is_recursive,
                                           struct km_registry_names *ret);
/* km_registry_policy_targets: what it is attached to. */
km_status km_registry_policy_targets(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *name,
                                     const struct km_registry_page *page,
                                     struct km_policy_target_list *ret);

/*
 * km_registry_policy_effective: each policy, once and with its default document, that counts for a certificate: its own and those of the groups (and their
 * ancestors) of the thing with that name, if the thing is attached to it. thing NULL: of any thing attached to it; a text that is no name of a thing: of none. By name.
 */
km_status km_registry_policy_effective(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *certificate_id,
                                       const char *thing, struct km_registry_policy_list *ret);

#endif
