/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a lane, shared by the files that make it up. Private to this room.
 *
 *   lane_client.c   a lane's life; a call as a whole
 *   lane_params.c   parameters into the page and out of it
 *   lane_areas.c    memory that the instance maps: registered and scratch
 *   lane_wait.c     one hand-over and back: spinning, sleeping, cancelling
 *   lane_process.c  what the lanes of this process know of each other
 *
 * Each calls those below it only. All functions are for the one thread that calls, but where said.
 */
#ifndef KM_LANE_CLIENT_H
#define KM_LANE_CLIENT_H

#include <pthread.h>
#include <sys/types.h>

#include "tee/channel/lane_page.h"

#define KM_LANE_ALIGN 64u

struct km_lane_shared_entry {
    uint64_t id; /* 0: free */
    uint64_t used;
};

struct km_lane_client {
    /* Written at each call by the one thread that calls. */
    struct km_lane_page *page;
    uint32_t generation;
    uint32_t serial;
    uint32_t misses;
    uint32_t n_alike; /* long calls in a row that took about as long as the one before */
    uint64_t due_ns;  /* what the last long call took */
    bool spin;
    const _Atomic bool *watch;
    bool (*wants_cancel)(void *arg); /* NULL: nobody is asked */
    void *wants_cancel_arg;
    _Atomic bool busy;
    _Atomic bool dead;
    _Atomic bool mail;
    _Atomic uint32_t n_calls;
    _Atomic int cpu;          /* where its client ran when it last woke the instance; -1 at first */
    int wish;                 /* where client and instance had better be, or -1 */
    _Atomic uint32_t current; /* serial of the call in flight, 0 between calls */
    struct km_lane_bell *bell; /* NULL: the instance has none */
    uint32_t bell_bits;
    uint32_t n_astray; /* calls in a row that slept on another CPU than the instance's */
    uint64_t went_at;  /* when its thread was last moved */
    int sock;
    ino_t sock_inode;
    uint8_t *scratch;
    size_t scratch_len;
    /* For whoever looks what else runs; under the process's lock. */
    uint32_t seen_calls;
    uint64_t moved_at;
    struct km_lane_client *next;
    pthread_mutex_t table_lock;
    struct km_lane_shared_entry table[KM_LANE_AREAS]; /* 0 and 1 are never used */
};

/* ---- lane_client.c ---- */

/*
 * km_lane_has_socket: whether its descriptor is still its own. A program that closes all that it has closes ours, too, and the number
 * may be another file's by now. Any thread.
 */
bool km_lane_has_socket(const struct km_lane_client *lane);

/* ---- lane_process.c ---- */

/* km_lane_enlist: makes the lane known to the process's others, and to fork. KM_E_UNSUPPORTED: the kernel can't wipe a page on fork. */
km_status km_lane_enlist(struct km_err *err, struct km_lane_client *lane);
void km_lane_delist(struct km_lane_client *lane);
/* km_lane_inherited: whether it came by fork, so that its page is not there. Any thread. */
bool km_lane_inherited(const struct km_lane_client *lane);
/* km_lane_look_around: sets spin and wish by what else runs in this process. Skipped while another thread does it. */
void km_lane_look_around(struct km_lane_client *lane);
/*
 * km_lane_take_bell: the lane has this bell from now on, which the others look at. Wishes a CPU for its instance, once for each
 * bell: the one that has the fewest lanes.
 */
void km_lane_take_bell(struct km_lane_client *lane, struct km_lane_bell *bell);
/* km_lane_go_to: moves the calling thread to a CPU, if it may run there. It is not tied to it. */
void km_lane_go_to(struct km_lane_client *lane, int cpu);
/* km_lane_crowded: somebody else wanted the CPU: for a while no lane of this process spins. */
void km_lane_crowded(void);

/* ---- lane_wait.c ---- */

/* km_lane_hand_over: hands the page over with a call's word and waits until it comes back with the answer's. KM_E_DEAD. */
km_status km_lane_hand_over(struct km_err *err, struct km_lane_client *lane, uint64_t word,
                            uint64_t *ret_answer);

/* ---- lane_areas.c ---- */

/* km_lane_share: the number of shared memory in this lane; tells the instance when it is new. KM_E_LIMIT, KM_E_DEAD. */
km_status km_lane_share(struct km_err *err, struct km_lane_client *lane,
                        const struct km_lane_shared *shared, uint32_t *ret_area);
/* km_lane_scratch_grow: scratch has at least need octets afterwards. KM_E_LIMIT, KM_E_DEAD; then it is as it was. */
km_status km_lane_scratch_grow(struct km_err *err, struct km_lane_client *lane, size_t need);
/* km_lane_scratch_trim: gives up a scratch area that is too large to keep. */
void km_lane_scratch_trim(struct km_lane_client *lane);

/* ---- lane_params.c ---- */

/* km_lane_types_of: the four types as a call's word has them. */
uint32_t km_lane_types_of(const struct km_lane_client_param *params);
/*
 * km_lane_call_with: one call with parameters; outputs come back in them. KM_E_ARG and KM_E_LIMIT before anything was sent; KM_E_DEAD;
 * KM_E_MALFORMED: a success with an output larger than its room.
 */
km_status km_lane_call_with(struct km_err *err, struct km_lane_client *lane, uint64_t word,
                            struct km_lane_client_param *params, uint64_t *ret_answer);

#endif
