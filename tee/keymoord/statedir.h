/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: one service at a time, nobody else's eyes; and what stands in it. */
#ifndef KM_STATEDIR_H
#define KM_STATEDIR_H

#include <sys/types.h>

#include "common/km_secret.h"
#include "common/km_uuid.h"
#include "tee/store/store.h"

#define KM_STATEDIR_TAS_MAX 1024 /* users that are set aside for TAs */

struct km_statedir {
    const char *path;
    int fd;      /* the directory */
    int lock_fd; /* held while the service runs */
    int ta_fd;   /* its subdirectory of stores */
    struct km_store *versions;
};

/*
 * km_statedir_open: checks that the directory is there, ours and closed to others, and takes its lock. KM_E_NOTFOUND,
 * KM_E_DENIED, KM_E_BUSY when another service has it.
 */
km_status km_statedir_open(struct km_err *err, const char *path, struct km_statedir *ret);
void km_statedir_close(struct km_statedir *state);
/*
 * km_statedir_ta: the store directory of a TA, made when missing. With uid_base it belongs to a user of the TA's
 * own, which stays the same for good. *ret_fd is the caller's.
 */
km_status km_statedir_ta(struct km_err *err, const struct km_statedir *state,
                         const struct km_uuid *ta, uint32_t uid_base, int *ret_fd, uid_t *ret_uid);

/* The record of TA versions, sealed under a key of the service's own. */
km_status km_statedir_open_versions(struct km_err *err, struct km_statedir *state,
                                    const struct km_secret *key);
/* km_version_read: highest version seen; KM_E_NOTFOUND when this TA never ran here. */
km_status km_version_read(struct km_err *err, const struct km_statedir *state,
                          const struct km_uuid *ta, uint32_t *ret_version);
/* km_version_raise: remembers a version that is higher than the one recorded. */
km_status km_version_raise(struct km_err *err, const struct km_statedir *state,
                           const struct km_uuid *ta, uint32_t version);

#endif
