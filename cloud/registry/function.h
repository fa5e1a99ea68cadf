/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about functions share. */
#ifndef KM_CLOUD_REGISTRY_FUNCTION_INTERNAL_H
#define KM_CLOUD_REGISTRY_FUNCTION_INTERNAL_H

#include "cloud/registry/internal.h"
#include "cloud/registry/registry_function.h"

km_status km_reg_check_function(struct km_registry *reg, const char *account, const char *name);
km_status km_reg_function_unknown(struct km_registry *reg, const char *name);
/* km_reg_function_find: KM_E_NOTFOUND when there is none. */
km_status km_reg_function_find(struct km_registry *reg, const char *account, const char *name);

/* $LATEST as it stands; within a write. */
struct km_function_latest {
    char code_sha256[KM_FUNCTION_SHA256_LEN + 1];
    char revision_id[KM_REGISTRY_UUID_LEN + 1];
};
km_status km_reg_function_latest(struct km_registry *reg, const char *account, const char *name,
                                 struct km_function_latest *ret);
/* km_reg_function_check_revision: KM_E_STALE unless expected is NULL or the stored one. */
km_status km_reg_function_check_revision(struct km_registry *reg, const char *name,
                                         const char *expected, const char *stored);
/* km_reg_function_touch: a new revision of $LATEST, and a row in the change feed. */
km_status km_reg_function_touch(struct km_registry *reg, const char *account, const char *name);
/* km_reg_function_drop_code: archives that no version has any more. */
km_status km_reg_function_drop_code(struct km_registry *reg, const char *account, const char *name);

#endif
