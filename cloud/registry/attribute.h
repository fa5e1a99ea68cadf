/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of things and groups share: their attributes, one table for both, and whether a thing is there. Within the write of a caller. */
#ifndef KM_CLOUD_REGISTRY_ATTRIBUTE_H
#define KM_CLOUD_REGISTRY_ATTRIBUTE_H

#include "cloud/registry/internal.h"
#include "cloud/registry/registry_group.h"

enum km_attribute_owner { KM_OWNER_THING = 1, KM_OWNER_GROUP = 2 };

/* Whose attributes. */
struct km_attributes_of {
    const char *account;
    enum km_attribute_owner kind;
    const char *name;
};

km_status km_reg_check_attributes(struct km_registry *reg, const struct km_attribute *attributes,
                                  size_t n_attributes);
/* km_reg_attributes_add: KM_E_ARG for one name twice. */
km_status km_reg_attributes_add(struct km_registry *reg, const struct km_attributes_of *of,
                                const struct km_attribute *attributes, size_t n_attributes);
/* km_reg_attributes_change: replaces all, or merges, where an empty value removes. */
km_status km_reg_attributes_change(struct km_registry *reg, const struct km_attributes_of *of,
                                   const struct km_attribute *attributes, size_t n_attributes,
                                   bool merges);
km_status km_reg_attributes_remove(struct km_registry *reg, const struct km_attributes_of *of);
km_status km_reg_attributes_count(struct km_registry *reg, const struct km_attributes_of *of,
                                  int64_t *ret);
/* km_reg_attributes_read: by name. */
km_status km_reg_attributes_read(struct km_registry *reg, struct km_arena *arena,
                                 const struct km_attributes_of *of, const struct km_attribute **ret,
                                 size_t *ret_n);
/* km_reg_attributes_equal: whether the stored ones are these, in any order. */
km_status km_reg_attributes_equal(struct km_registry *reg, const struct km_attributes_of *of,
                                  const struct km_attribute *attributes, size_t n_attributes,
                                  bool *ret);
/* km_reg_find_thing: KM_E_NOTFOUND with a sentence when there is none of that name. */
km_status km_reg_find_thing(struct km_registry *reg, const char *account, const char *thing);

#endif
