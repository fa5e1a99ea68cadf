/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for messages, and templates of provisioning. Their texts are stored as given. */
#ifndef KM_REGISTRY_RULE_H
#define KM_REGISTRY_RULE_H

#include "cloud/registry/registry.h"

#define KM_RULE_NAME_MAX 128        /* [A-Za-z0-9_] */
#define KM_RULE_DOCUMENT_MAX 262144 /* octets of the rule as it was given */
#define KM_RULE_FILTER_MAX 256
#define KM_TEMPLATE_NAME_MAX 36 /* [A-Za-z0-9_-] */
#define KM_TEMPLATE_BODY_MAX 10240
#define KM_TEMPLATE_VERSIONS_MAX 5 /* at one time */
#define KM_TEMPLATE_DESCRIPTION_MAX 500
#define KM_TEMPLATE_ROLE_MAX 2048

struct km_registry_rule_new {
    const char *name;
    const char *sql;
    const char *topic_filter; /* what stands behind FROM */
    const char *payload;      /* the whole rule as JSON: actions, errorAction, description, ... */
    bool is_enabled;
};
struct km_registry_rule {
    const char *name;
    const char *sql;
    const char *topic_filter;
    const char *payload;
    bool is_enabled;
    int64_t created_ms;
};
struct km_registry_rule_list {
    const struct km_registry_rule *items; /* whole, so that who matches them needs one call */
    size_t n_items;
    const char *next;
};

/* km_registry_rule_create: KM_E_EXISTS. */
km_status km_registry_rule_create(struct km_registry *reg, const char *account,
                                  const struct km_registry_rule_new *rule);
/* km_registry_rule_replace: KM_E_NOTFOUND. created_ms stays. */
km_status km_registry_rule_replace(struct km_registry *reg, const char *account,
                                   const struct km_registry_rule_new *rule);
km_status km_registry_rule_get(struct km_registry *reg, struct km_arena *arena, const char *account,
                               const char *name, struct km_registry_rule *ret);
/* km_registry_rule_set_enabled: the payload is left as it is. */
km_status km_registry_rule_set_enabled(struct km_registry *reg, const char *account,
                                       const char *name, bool is_enabled);
/* km_registry_rule_delete: an unknown one is no error. */
km_status km_registry_rule_delete(struct km_registry *reg, const char *account, const char *name);

struct km_registry_rule_filter {
    const char *topic_filter; /* NULL: any */
    const bool *is_enabled;   /* NULL: both */
};
km_status km_registry_rule_list(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const struct km_registry_rule_filter *filter,
                                const struct km_registry_page *page,
                                struct km_registry_rule_list *ret);

enum km_template_type { KM_TEMPLATE_FLEET = 1, KM_TEMPLATE_JITP = 2 };

struct km_registry_template {
    const char *name;
    const char *description; /* NULL: none */
    const char *body; /* JSON text, of the default version; NULL in lists; not minded in updates */
    int64_t default_version; /* set by create; 0 in an update: as it is */
    const char *role;        /* ARN as given; NULL: none */
    enum km_template_type type;
    bool is_enabled;
    int64_t created_ms;  /* set by create */
    int64_t modified_ms; /* set by create and update */
};
struct km_registry_template_list {
    const struct km_registry_template *items;
    size_t n_items;
    const char *next;
};

/* km_registry_template_create: with the body as version 1. KM_E_EXISTS. */
km_status km_registry_template_create(struct km_registry *reg, const char *account,
                                      const struct km_registry_template *template);
km_status km_registry_template_get(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *name,
                                   struct km_registry_template *ret);
/* km_registry_template_update: NULL texts are left; the type can't change (KM_E_ARG). KM_E_NOTFOUND: no such version, too. */
km_status km_registry_template_update(struct km_registry *reg, const char *account,
                                      const struct km_registry_template *template);
km_status km_registry_template_delete(struct km_registry *reg, const char *account,
                                      const char *name);
km_status km_registry_template_list(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_registry_page *page,
                                    struct km_registry_template_list *ret);

struct km_registry_template_version_new {
    const char *name; /* of the template */
    const char *body;
    bool sets_default;
};
struct km_registry_template_version {
    int64_t version;
    const char *body; /* NULL in lists */
    bool is_default;
    int64_t created_ms;
};
struct km_registry_template_version_list {
    const struct km_registry_template_version *items; /* the oldest first */
    size_t n_items;
    const char *next;
};

/* km_registry_template_version_create: KM_E_LIMIT when there are KM_TEMPLATE_VERSIONS_MAX. Numbers are not given again. */
km_status km_registry_template_version_create(struct km_registry *reg, const char *account,
                                              const struct km_registry_template_version_new *new,
                                              int64_t *ret_version);
km_status km_registry_template_version_get(struct km_registry *reg, struct km_arena *arena,
                                           const char *account, const char *name, int64_t version,
                                           struct km_registry_template_version *ret);
/* km_registry_template_version_delete: KM_E_BUSY for the default. */
km_status km_registry_template_version_delete(struct km_registry *reg, const char *account,
                                              const char *name, int64_t version);
km_status km_registry_template_version_list(struct km_registry *reg, struct km_arena *arena,
                                            const char *account, const char *name,
                                            const struct km_registry_page *page,
                                            struct km_registry_template_version_list *ret);

#endif
