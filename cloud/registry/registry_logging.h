/* SPDX-License-Identifier: Apache-2.0 */
/* Logging options of an account: how much of what its devices do is recorded, and of whom more or less. */
#ifndef KM_REGISTRY_LOGGING_H
#define KM_REGISTRY_LOGGING_H

#include "cloud/registry/registry.h"

#define KM_LOG_ROLE_MAX 2048
#define KM_LOG_NAME_MAX 256    /* octets of a target's name */
#define KM_LOG_TARGETS_MAX 100 /* of an account */

/* Stored as these numbers. */
enum km_log_level {
    KM_LOG_DISABLED = 0,
    KM_LOG_ERROR = 1,
    KM_LOG_WARN = 2,
    KM_LOG_INFO = 3,
    KM_LOG_DEBUG = 4,
};
enum km_log_target {
    KM_LOG_THING_GROUP = 1,
    KM_LOG_CLIENT_ID = 2,
    KM_LOG_SOURCE_IP = 3,
    KM_LOG_PRINCIPAL_ID = 4,
};

struct km_registry_logging {
    const char *role; /* ARN as given */
    enum km_log_level level;
    bool is_off; /* whatever the levels are */
};
struct km_registry_log_level {
    enum km_log_target target;
    const char *name;
    enum km_log_level level;
};
struct km_registry_log_level_list {
    const struct km_registry_log_level *items; /* by kind of target and name */
    size_t n_items;
    const char *next;
};

/* km_registry_logging_set: all of them. It counts as a change of the account, and so do those below. */
km_status km_registry_logging_set(struct km_registry *reg, const char *account,
                                  const struct km_registry_logging *logging);
/* km_registry_logging_get: KM_E_NOTFOUND until they were set. */
km_status km_registry_logging_get(struct km_registry *reg, struct km_arena *arena,
                                  const char *account, struct km_registry_logging *ret);
/* km_registry_log_level_set: KM_E_NOTFOUND until logging options were set; KM_E_LIMIT beyond KM_LOG_TARGETS_MAX. */
km_status km_registry_log_level_set(struct km_registry *reg, const char *account,
                                    const struct km_registry_log_level *level);
/* km_registry_log_level_delete: an unknown one is no error. */
km_status km_registry_log_level_delete(struct km_registry *reg, const char *account,
                                       enum km_log_target target, const char *name);
/* km_registry_log_level_list: target 0: of all kinds. */
km_status km_registry_log_level_list(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, enum km_log_target target,
                                     const struct km_registry_page *page,
                                     struct km_registry_log_level_list *ret);

#endif
