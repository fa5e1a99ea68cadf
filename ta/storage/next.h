/* SPDX-License-Identifier: Apache-2.0 */
/* Contents in the making, in the slot that no head names, until they are shown in one step. */
#ifndef KM_STORAGE_NEXT_H
#define KM_STORAGE_NEXT_H

#include "ta/storage/session.h"

struct km_next {
    bool is_there;                 /* its slot is held */
    bool is_new;                   /* of a file that has no head yet */
    bool keeps_lock, keeps_grants; /* those that the file has when it is shown */
    struct km_file_head head;      /* as it will be: its slot and id are set before it is held */
    struct km_content content;
};

/* km_next_lock: gives it a password and a new secret. */
TEE_Result km_next_lock(struct km_next *next, struct km_slice password,
                        uint8_t ret_secret[KM_FILE_HEAD_SECRET_LEN]);
/*
 * km_next_hold: empty contents in its slot, sealed when there is a secret. For a file that has a head: the caller holds the
 * head, or the slot that it names, so that it can't come to name this one. ACCESS_CONFLICT; E_EXISTS: the new file was made by
 * somebody else meanwhile.
 */
TEE_Result km_next_hold(const struct km_file *file, struct km_next *next, const uint8_t *secret);
/* km_next_drop: as if it had never been. */
void km_next_drop(const struct km_file *file, struct km_next *next);
/* km_next_show: one write of the head, after which the file has these contents. */
TEE_Result km_next_show(const struct km_file *file, struct km_next *next);
/* km_next_copy: the first octets of other contents. */
TEE_Result km_next_copy(struct km_next *next, struct km_content *from, uint64_t size,
                        struct km_work *work);

#endif
