/* SPDX-License-Identifier: Apache-2.0 */
/* The storage application's commands for tests; store, runtime and sessions are those of crypto_rig.h. */
#ifndef STORAGE_RIG_H
#define STORAGE_RIG_H

#include "ta/storage/storage_wire.h"
#include "tests/unit/crypto_rig.h"

/* Each answers the command's result. Passwords may be NULL. */
struct km_storage_wish srig_wish(const char *name, uint32_t flags);
uint32_t srig_open(struct rig_session *s, const struct km_storage_wish *wish, const char *password,
                   uint32_t *ret_id);
uint32_t srig_id(struct rig_session *s, uint32_t command, uint32_t id);
uint32_t srig_read(struct rig_session *s, uint32_t id, uint64_t offset, void *out, size_t *len);
uint32_t srig_write(struct rig_session *s, uint32_t id, uint64_t offset, const void *data,
                    size_t len);
uint32_t srig_truncate(struct rig_session *s, uint32_t id, uint64_t size);
uint32_t srig_size(struct rig_session *s, uint32_t id, uint64_t *ret);
uint32_t srig_stat(struct rig_session *s, const struct km_storage_wish *wish,
                   struct km_storage_info *ret);
/* srig_list: at most max; *ret_n how many there are. */
uint32_t srig_list(struct rig_session *s, uint32_t flags, uint32_t uid, struct km_storage_info *ret,
                   size_t max, size_t *ret_n);
uint32_t srig_usage(struct rig_session *s, struct km_storage_usage *ret);
/* srig_named: DELETE, or PASSWORD_WAIT whose answer goes to *ret_value; the latter may be NULL. */
uint32_t srig_delete(struct rig_session *s, const struct km_storage_wish *wish,
                     const char *password);
uint32_t srig_wait(struct rig_session *s, const struct km_storage_wish *wish, uint32_t *ret_s);
uint32_t srig_set_password(struct rig_session *s, const struct km_storage_wish *wish,
                           const char *old_password, const char *new_password);
uint32_t srig_set_grants(struct rig_session *s, const struct km_storage_wish *wish);
uint32_t srig_purge(struct rig_session *s, uint32_t uid);

/* srig_put: a file's new contents, shown at once. srig_get: all of it, at most *len. */
uint32_t srig_put(struct rig_session *s, const char *name, const char *password, const void *data,
                  size_t len);
uint32_t srig_get(struct rig_session *s, const char *name, const char *password, void *out,
                  size_t *len);

#endif
