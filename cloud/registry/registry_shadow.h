/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shadows: two texts per thing and shadow name, changed by comparing versions. What the texts say is cloud/shadow's.
 *
 * A shadow needs no thing of that name. Deleting leaves the version behind for KM_SHADOW_TOMBSTONE_MS, so that numbering goes on.
 * Shadows are not in the change feed.
 */
#ifndef KM_REGISTRY_SHADOW_H
#define KM_REGISTRY_SHADOW_H

#include "cloud/registry/registry_thing.h"

#define KM_SHADOW_TEXT_MAX                                                                         \
    262144 /* octets of either text: 8 KiB of state have far larger metadata */
#define KM_SHADOW_TOMBSTONE_MS ((int64_t)KM_SHADOW_KEEP_S * 1000)

struct km_registry_shadow {
    const char *state;    /* NULL when there is no shadow */
    const char *metadata; /* NULL when there is no shadow */
    int64_t
        version; /* without a shadow: 0, or the last one of a deleted shadow while it is remembered */
    int64_t modified_ms;
};

/* km_registry_shadow_get: no shadow is no error. */
km_status km_registry_shadow_get(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *thing, const char *name,
                                 struct km_registry_shadow *ret);
/*
 * km_registry_shadow_put: stores both texts as version + 1 if the stored version is `version` (0: there is none); KM_E_STALE when
 * another writer was there: read and apply again.
 */
struct km_registry_shadow_put {
    const char *thing;
    const char *name;
    const char *state;
    const char *metadata;
    int64_t version;
};
km_status km_registry_shadow_put(struct km_registry *reg, const char *account,
                                 const struct km_registry_shadow_put *put);
/* km_registry_shadow_delete: if it is at `version`, which stays as the tombstone's (KM_E_STALE else). KM_E_NOTFOUND. */
km_status km_registry_shadow_delete(struct km_registry *reg, const char *account, const char *thing,
                                    const char *name, int64_t version);
/* km_registry_shadow_names: of the thing's named shadows, by name, without the classic one. */
km_status km_registry_shadow_names(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *thing,
                                   const struct km_registry_page *page,
                                   struct km_registry_names *ret);
/* km_registry_shadow_sweep: forgets tombstones older than KM_SHADOW_TOMBSTONE_MS; get and put do not see those anyway. */
km_status km_registry_shadow_sweep(struct km_registry *reg);

#endif
