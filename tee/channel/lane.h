/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: the shared memory and the small socket between one client thread at a time and one TA
 * instance. docs/channel.md has every byte and the figures behind each choice.
 *
 * The two ends do not trust each other. The instance copies in every length, value and small buffer before it looks
 * at them; a client that rewrites the memory meanwhile harms only its own call.
 */
#ifndef KM_LANE_H
#define KM_LANE_H

#include "common/km_bytes.h"

#define KM_LANE_PARAMS 4
/* Up to this size a memory reference is copied into the instance; above, it is used in place. */
#define KM_LANE_COPY_MAX 4096u

/* Parameter types, GlobalPlatform's numbers on both sides. */
enum km_lane_param_type {
    KM_PARAM_NONE = 0,
    KM_PARAM_VALUE_IN = 1,
    KM_PARAM_VALUE_OUT = 2,
    KM_PARAM_VALUE_INOUT = 3,
    KM_PARAM_MEM_IN = 5,
    KM_PARAM_MEM_OUT = 6,
    KM_PARAM_MEM_INOUT = 7,
};

enum km_lane_op { KM_LANE_OPEN = 1, KM_LANE_INVOKE = 2, KM_LANE_CLOSE = 3 };

/* ---- instance side ---- */

struct km_lane_server;

/*
 * km_lane_server_prepare: sets what helps an instance to share its client's CPU well (a longer slice, see
 * lane_server.c). For an instance's process, before its sandbox closes: uses sched_getattr and
 * sched_setattr. Optional; failures do not matter.
 */
void km_lane_server_prepare(void);
/* One parameter as the instance sees it. */
struct km_lane_param {
    uint8_t type;  /* enum km_lane_param_type */
    bool in_place; /* buffer is shared with the client and may change under the reader */
    uint32_t a, b;
    void *buffer;
    size_t
        size; /* in: octets given or room; out (set before the reply): octets written or needed */
};

struct km_lane_call {
    uint32_t op; /* enum km_lane_op */
    uint32_t command;
    struct km_lane_param params[KM_LANE_PARAMS];
};

/*
 * km_lane_server_new: takes both descriptors on success. KM_E_MALFORMED when the memory is not
 * sealed against shrinking or has the wrong size.
 */
km_status km_lane_server_new(struct km_err *err, int memory_fd, int socket_fd,
                             struct km_lane_server **ret_lane);
void km_lane_server_free(struct km_lane_server *lane);
/*
 * km_lane_server_bell: the bell of this process, for lanes of one client process; before the first of them. Takes the
 * descriptor on success. With it and more than one lane, clients that sleep are woken together: after the last of the calls
 * that are there, as long as these are short.
 */
km_status km_lane_server_bell(struct km_err *err, int bell_fd);
/*
 * km_lane_server_wait: blocks until one of the lanes has a call, its client is gone or the process was nudged
 * (km_lane_server_nudge, safe in a signal handler). *ret_index names the lane; KM_E_DEAD when that client is gone;
 * KM_E_CANCELLED when nudged. Spins first when the client said that it does.
 */
km_status km_lane_server_wait(struct km_err *err, struct km_lane_server *const *lanes,
                              size_t n_lanes, size_t *ret_index);
void km_lane_server_nudge(void);
/* km_lane_server_take: copies the posted call in. KM_E_MALFORMED when it is not a legal call: answer BAD_PARAMETERS. */
km_status km_lane_server_take(struct km_err *err, struct km_lane_server *lane,
                              struct km_lane_call *ret_call);
/* km_lane_server_reply: copies outputs back and hands the lane to the client. The call's buffers are gone afterwards. */
void km_lane_server_reply(struct km_lane_server *lane, struct km_lane_call *call, uint32_t result,
                          uint32_t origin);
/* km_lane_server_cancelled: whether the client asked to cancel the call being served, or is gone. */
bool km_lane_server_cancelled(const struct km_lane_server *lane);
/*
 * km_lane_server_wait_cancel: sleeps until that or ms passed; true when cancelled or the client is gone (for
 * TEE_Wait). A nudge does not end it: the next km_lane_server_wait tells of that.
 */
bool km_lane_server_wait_cancel(const struct km_lane_server *lane, uint32_t ms);

/* ---- client side (the Client API library, and an instance that calls another TA) ---- */

struct km_lane_client;

struct km_lane_client_param {
    uint8_t type;
    uint32_t a, b;
    void *buffer; /* ordinary memory, copied; or NULL with shared set */
    size_t size;
    const struct km_lane_shared *shared; /* registered memory, used in place */
    size_t offset;
};

/* Memory that an instance can map. */
struct km_lane_shared {
    int fd;        /* memfd sealed against shrinking */
    uint64_t id;   /* unique in this process, never used again */
    size_t offset; /* of the first octet in the memfd */
    size_t size;
    uint8_t *at; /* where the client sees that first octet */
};

/* km_lane_memory_new: a sealed memfd of the lane's size, as keymoord makes it. */
km_status km_lane_memory_new(struct km_err *err, int *ret_fd);
km_status km_lane_client_new(struct km_err *err, int memory_fd, int socket_fd,
                             struct km_lane_client **ret_lane);
void km_lane_client_free(struct km_lane_client *lane);
/* km_lane_bell_new: the sealed memfd that an instance and all lanes of its client process share. */
km_status km_lane_bell_new(struct km_err *err, int *ret_fd);
/* km_lane_client_join: the lane's instance has this bell. Before the first call; takes the descriptor on success. */
km_status km_lane_client_join(struct km_err *err, struct km_lane_client *lane, int bell_fd);
/*
 * km_lane_client_call: posts and waits. KM_OK when the instance answered (result and origin are its own words),
 * KM_E_DEAD when it is gone, KM_E_LIMIT when the parameters do not fit, KM_E_MALFORMED when it claims success and
 * an output larger than its room. Sizes and values come back in params; with result 0 no size is above its room.
 * May be called from one thread at a time; km_lane_client_cancel from any.
 */
km_status km_lane_client_call(struct km_err *err, struct km_lane_client *lane, uint32_t op,
                              uint32_t command, struct km_lane_client_param params[KM_LANE_PARAMS],
                              uint32_t *ret_result, uint32_t *ret_origin);
void km_lane_client_cancel(struct km_lane_client *lane);
/* km_lane_client_forget: tells the instance to unmap shared memory that will not be used again. */
void km_lane_client_forget(struct km_lane_client *lane, uint64_t shared_id);
/* km_lane_client_alive: false once the instance is known to be gone, and in a forked child. */
bool km_lane_client_alive(const struct km_lane_client *lane);
/*
 * km_lane_client_watch: the next calls are cancelled from their start when *cancelled is set (NULL: no
 * more). Whoever sets it calls km_lane_client_cancel afterwards; together they miss nothing. Borrowed until
 * the next watch.
 */
void km_lane_client_watch(struct km_lane_client *lane, const _Atomic bool *cancelled);
/*
 * km_lane_client_ask: whoever waits for a call's answer asks wants_cancel, at least every 50 ms, until it says yes; then the call
 * is cancelled. For callers that have one thread. NULL: no more. arg is borrowed until then.
 */
void km_lane_client_ask(struct km_lane_client *lane, bool (*wants_cancel)(void *arg), void *arg);
/* km_lane_generation: a number that differs between a process and its forked children; never 0. */
uint32_t km_lane_generation(void);

#endif
