/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the client library know of each other. */
#ifndef KM_TEEC_H
#define KM_TEEC_H

#include <pthread.h>
#include <stdatomic.h>

#include "include/tee_client_api.h"
#include "tee/channel/lane.h"

/* The shared library exports the standard's names; a library that embeds this one keeps them inside. */
#ifdef KM_TEEC_SHARED
#define TEEC_EXPORT KM_EXPORT
#else
#define TEEC_EXPORT
#endif

#define TEEC_PATH_MAX 108 /* of a Unix socket, its NUL included */

struct teec_shared;

/* One connection to a service, in name: sockets live only while a session is being opened. */
struct teec_context {
    char path[TEEC_PATH_MAX];
    uint32_t generation; /* of the process that made it */
    uint64_t group;      /* its sessions may share instances; 0: none may */
    pthread_mutex_t lock;
    /* Under the lock: */
    unsigned n_users; /* the caller, and each session and shared memory block */
    struct teec_session *sessions;
    struct teec_shared *shared;
    /* Under the lock of all contexts: */
    struct teec_context *next;
};

struct teec_session {
    struct teec_context *context;
    struct km_lane_client *lane;
    _Atomic uint32_t lock; /* 0 free, 1 taken, above: taken and somebody waits */
    struct teec_session *next;
};

/* Who waits in an operation; lives on the stack of the call. */
struct teec_waiter {
    uint32_t generation; /* of the process it waits in */
    _Atomic bool cancelled;
    _Atomic int sock;                         /* where an answer of keymoord is awaited, or -1 */
    _Atomic(struct teec_session *) queue;     /* the session that is waited for */
    _Atomic(struct km_lane_client *) running; /* the lane that is calling */
};

/* teec_context_hold/_drop: the context lives as long as somebody holds it. Take its lock themselves. */
void teec_context_hold(struct teec_context *context);
void teec_context_drop(struct teec_context *context);
/* teec_context_inherited: whether this process is a forked child of the one that made it. */
bool teec_context_inherited(const struct teec_context *context);

/* teec_session_lock: false when the waiter (may be NULL) was cancelled instead. */
bool teec_session_lock(struct teec_session *session, struct teec_waiter *waiter);
void teec_session_unlock(struct teec_session *session);
/* teec_session_poke: makes those who queue look whether they were cancelled. */
void teec_session_poke(struct teec_session *session);

/* teec_op_begin: from here on operation (may be NULL) can be cancelled. False: it was already. */
bool teec_op_begin(TEEC_Operation *operation, struct teec_waiter *waiter);
/* teec_op_end: nobody looks at waiter any more when it returns. */
void teec_op_end(TEEC_Operation *operation);
/* teec_op_check: the parameters as a lane takes them; edges of registered memory are copied in. */
TEEC_Result teec_op_to_lane(const struct teec_context *context, TEEC_Operation *operation,
                            struct km_lane_client_param ret_params[KM_LANE_PARAMS]);
/* teec_op_from_lane: values, sizes and edges come back. */
void teec_op_from_lane(TEEC_Operation *operation,
                       const struct km_lane_client_param params[KM_LANE_PARAMS]);

/* teec_shared_param: a part of a block as a lane parameter; type is KM_PARAM_MEM_... or 0 for the block's own. */
TEEC_Result teec_shared_param(const struct teec_context *context, const TEEC_SharedMemory *memory,
                              uint8_t type, size_t offset, size_t size, bool whole,
                              struct km_lane_client_param *ret_param);
/* teec_shared_copy_in/_out: the octets of a part that are not used in place. */
void teec_shared_copy_in(const TEEC_SharedMemory *memory, size_t offset, size_t size);
void teec_shared_copy_out(const TEEC_SharedMemory *memory, size_t offset, size_t size);
/* Around fork, for each block of a context. */
void teec_shared_before_fork(struct teec_shared *first);
void teec_shared_after_fork(struct teec_shared *first, bool child);

/* teec_result: the code for a failure of our own layers. */
TEEC_Result teec_result(km_status status);

#endif
