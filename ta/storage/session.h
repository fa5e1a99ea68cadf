/* SPDX-License-Identifier: Apache-2.0 */
/* One client's session: who it is, what it has open, and what was counted of its owner's files. */
#ifndef KM_STORAGE_SESSION_H
#define KM_STORAGE_SESSION_H

#include "ta/common/client.h"
#include "ta/common/slots.h"
#include "ta/storage/content.h"

/* What one owner has stored, as it was counted and with what this session has added since. */
struct km_tally {
    bool is_known;
    struct km_owner owner;
    uint32_t n;
    uint64_t octets;
    uint32_t n_since; /* added since the count */
    uint64_t octets_since;
};

/* A listing that is under way. */
struct km_walk {
    TEE_ObjectEnumHandle enumerator;
    uint32_t cursor; /* of the page to come; 0: none is under way */
    char space;
    struct km_owner owner;
    bool has_pending; /* did not fit into the last page */
    struct km_storage_info pending;
};

struct km_session {
    struct km_client caller;
    struct km_slots files; /* struct km_open */
    struct km_tally tally;
    struct km_walk walk;
    uint32_t last_cursor;
    struct km_work *work;
    /* Small inputs, out of the client's reach, before anything looks at them. */
    uint8_t input[TEE_NUM_PARAMS][KM_STORAGE_PASSWORD_MAX];
};

/* km_session_work: room for a transfer, made at the first use and kept. NULL: none. */
struct km_work *km_session_work(struct km_session *session);

/* What is to be done with a file. */
enum km_right {
    KM_RIGHT_SEE = 0, /* anybody who may read it, and the administrator */
    KM_RIGHT_READ = 1,
    KM_RIGHT_WRITE = 2,
    KM_RIGHT_OWN = 3,    /* the owner alone */
    KM_RIGHT_REMOVE = 4, /* the owner, and the administrator */
};

/* km_file_wanted: the file that a wish means. */
TEE_Result km_file_wanted(const struct km_session *session, const struct km_storage_wish *wish,
                          struct km_file *ret);
/*
 * km_look: the head of a file, if the caller has the right. ITEM_NOT_FOUND also when it may not even see it; ACCESS_DENIED when it
 * may see it but not do that. Of others' private files nothing is looked at, so that time tells nothing either.
 */
TEE_Result km_look(const struct km_session *session, const struct km_file *file,
                   enum km_right right, struct km_file_head *ret);
/* km_owns: whether the file is the caller's own. */
bool km_owns(const struct km_session *session, const struct km_file *file);

/*
 * km_quota_admit: before `n` files and `octets` are added to an owner's: E_QUOTA when they are too many. What is known is counted
 * anew when it is old, and before anything is refused.
 */
TEE_Result km_quota_admit(struct km_session *session, const struct km_owner *owner, uint32_t n,
                          uint64_t octets);
/* km_quota_usage: counted anew. */
TEE_Result km_quota_usage(struct km_session *session, const struct km_owner *owner,
                          struct km_storage_usage *ret);
/* km_quota_sweep: km_slot_sweep over all slots of an owner. */
TEE_Result km_quota_sweep(const struct km_owner *owner);
/* km_stored_size: octets that a slot holds, found by walking over the ids: however it is held. ITEM_NOT_FOUND. */
TEE_Result km_stored_size(const struct km_file *file, uint32_t slot, uint64_t *ret);
/*
 * km_slot_sweep: deletes the contents in a slot that no head names: left by who died, or still being read when they were
 * replaced. ACCESS_CONFLICT: held by somebody. E_EXISTS: a head names them.
 */
TEE_Result km_slot_sweep(const struct km_file *file, uint32_t slot);

#endif
