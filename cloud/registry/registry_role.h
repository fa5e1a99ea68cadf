/* SPDX-License-Identifier: Apache-2.0 */
/* Role aliases: names that devices know for a role and for how long its credentials are good. */
#ifndef KM_REGISTRY_ROLE_H
#define KM_REGISTRY_ROLE_H

#include "cloud/registry/registry.h"

#define KM_ROLE_ALIAS_NAME_MAX 128 /* [A-Za-z0-9_=,@-] */
#define KM_ROLE_ARN_MIN 20
#define KM_ROLE_ARN_MAX 2048
#define KM_ROLE_DURATION_MIN_S 900
#define KM_ROLE_DURATION_MAX_S 43200

struct km_registry_role_alias {
    const char *name;
    const char *role;    /* ARN as given; NULL in an update: as it is */
    int64_t duration_s;  /* 0 in an update: as it is */
    int64_t created_ms;  /* set by create */
    int64_t modified_ms; /* set by create and update */
};

/* km_registry_role_alias_create: KM_E_EXISTS. */
km_status km_registry_role_alias_create(struct km_registry *reg, const char *account,
                                        const struct km_registry_role_alias *alias);
km_status km_registry_role_alias_get(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *name,
                                     struct km_registry_role_alias *ret);
km_status km_registry_role_alias_update(struct km_registry *reg, const char *account,
                                        const struct km_registry_role_alias *alias);
km_status km_registry_role_alias_delete(struct km_registry *reg, const char *account,
                                        const char *name);
km_status km_registry_role_alias_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const struct km_registry_page *page,
                                      struct km_registry_names *ret);

#endif
