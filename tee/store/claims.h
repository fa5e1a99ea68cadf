/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which object open, and how: GlobalPlatform's sharing rules (Internal Core API 1.3.1,
 * 5.7.3) between all processes that have the store open.
 *
 * A claim is a set of byte-range locks of an open file description, so the kernel drops it when its
 * holder dies. Each name key owns eight bytes of one empty file:
 *
 *   0 open   read-locked by whoever has the object open, write-locked to have it alone
 *   1 reads    2 denies writing    3 denies reading    4 writes    5 guards the questions
 *
 * "reads" and "denies reading" of two processes exclude each other, each is compatible with itself:
 * that is no lock mode, so a claimer takes the guard, asks whether the opposite byte is locked, and
 * locks its own.
 *
 * Who must wait for an object may queue for it: each key owns KM_CLAIMS_PLACES further bytes, one for each that waits, locked by him.
 * He enters behind the last, and moves up to the byte before his when nobody has it any more, so nobody overtakes.
 */
#ifndef KM_STORE_CLAIMS_H
#define KM_STORE_CLAIMS_H

#include "tee/store/record.h"

struct km_claims;

/* One holder in this process; lives inside an object's handle. */
struct km_claim {
    struct km_claim *next;
    uint8_t key[KM_NAME_KEY_LEN];
    uint32_t flags; /* KM_STORE_READ ... */
    bool alone;     /* nobody else may hold this key in any way */
};

/* km_claims_new: fd is the lock file, open for reading and writing; taken on success. */
km_status km_claims_new(struct km_err *err, int fd, struct km_claims **ret);
void km_claims_free(struct km_claims *claims);

/*
 * km_claim_take: KM_E_BUSY when another holder here or elsewhere forbids it; else claim is linked in
 * until km_claim_drop. KM_STORE_WRITE_META in flags means alone. Blocks only while another process
 * asks its questions.
 */
km_status km_claim_take(struct km_err *err, struct km_claims *claims, struct km_claim *claim,
                        const uint8_t key[KM_NAME_KEY_LEN], uint32_t flags, bool alone);
/* km_claim_share: from alone down to what its flags say; others may come in then. */
void km_claim_share(struct km_claims *claims, struct km_claim *claim);
/* km_claim_move: the holder's place in memory changes; to must not be held. */
void km_claim_move(struct km_claims *claims, struct km_claim *from, struct km_claim *to);
/* km_claim_drop: gives it up. A claim that was never taken is left alone. */
void km_claim_drop(struct km_claims *claims, struct km_claim *claim);

#define KM_CLAIMS_PLACES 64u

/*
 * km_claims_queue: *ret_ahead is how many places are before this process in the queue for a key; with `enters` it takes one at the end,
 * or keeps the one it has, and moves up; without, it only looks. A process waits for one key at a time: entering another queue leaves
 * the first. Who holds a claim does not queue (0 ahead): somebody before him may be waiting for just that. KM_E_BUSY: no place
 * is left. Never blocks.
 */
km_status km_claims_queue(struct km_err *err, struct km_claims *claims,
                          const uint8_t key[KM_NAME_KEY_LEN], bool enters, uint32_t *ret_ahead);
/* km_claims_unqueue: leaves the queue that it is in, if any. */
void km_claims_unqueue(struct km_claims *claims);

/* km_claims_making: waits to be the one process that makes the store; ends with the handle or with _made. */
km_status km_claims_making(struct km_err *err, struct km_claims *claims);
void km_claims_made(struct km_claims *claims);

#endif
