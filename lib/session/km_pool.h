/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of lanes: sessions to one trusted application that the threads of a process share.
 *
 * A lane is one GlobalPlatform session, held by one thread at a time. A thread takes the lane it
 * had last when that is free, else any free one, else a new one, and beyond the limit it waits in a
 * queue. What lives in a session (keys, operations) is reached by taking that very lane. Each
 * session has a serial that is never used again, so that what was noted about an earlier one can't
 * be mistaken for the present one's.
 *
 * Thread safety: everything, except that a lane's members belong to its holder. No call to the
 * Client API is made while the pool's lock is held, so that fork can't deadlock with it.
 */
#ifndef KM_POOL_H
#define KM_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/km_status.h"
#include "include/tee_client_api.h"

#define KM_POOL_LANES_MAX 64u
#define KM_POOL_NO_LANE UINT32_MAX
#define KM_POOL_PATH_MAX 108u /* of a socket's path, its NUL included */

/* Sessions of the two kinds are made in two contexts: a service whose sessions share instances keeps these apart. */
enum km_pool_kind { KM_POOL_ANY, KM_POOL_SHORT, KM_POOL_LONG };

struct km_pool_lane {
    atomic_uint busy;
    atomic_uint kind; /* enum km_pool_kind of its session; KM_POOL_ANY: there was none yet */
    uint32_t index;
    uint32_t serial;  /* of the session; 0: there is none, or it is dead */
    bool is_to_close; /* session is to be closed, alive or not */
    TEEC_Session session;
} __attribute__((aligned(64)));

struct km_pool_waiter;

/* Static storage, starts as KM_POOL_INIT(uuid). */
struct km_pool {
    TEEC_UUID ta;
    char path[KM_POOL_PATH_MAX]; /* "": the default */
    pthread_mutex_t lock;        /* guards what follows up to `lanes` */
    struct km_pool_waiter *first, **last;
    uint32_t n_lanes;
    uint32_t limit; /* lanes that the service lets us have; at most KM_POOL_LANES_MAX */
    atomic_uint n_waiting;
    _Atomic(TEEC_Context *) context;
    _Atomic(TEEC_Context *) long_context;
    TEEC_Context *inherited[2]; /* in a forked child: its parent's, never used */
    atomic_uint n_forks;        /* changes in a forked child */
    atomic_uint last_serial;
    struct km_pool_lane lanes[KM_POOL_LANES_MAX];
};

#define KM_POOL_INIT(...)                                                                          \
    {                                                                                              \
        .ta = __VA_ARGS__, .lock = PTHREAD_MUTEX_INITIALIZER, .limit = KM_POOL_LANES_MAX           \
    }

/*
 * km_pool_set_path: the service's socket instead of the default; copies. KM_E_ARG when the path is
 * not absolute or too long, KM_E_STATE after the first connection.
 */
km_status km_pool_set_path(struct km_pool *pool, const char *path);
/* km_pool_path: the path that was set; "": the default. */
void km_pool_path(struct km_pool *pool, char ret[KM_POOL_PATH_MAX]);

/*
 * km_pool_context: *ret_context is the process's connection, valid as long as the process, and made
 * on first use. The Client API's result.
 */
TEEC_Result km_pool_context(struct km_pool *pool, TEEC_Context **ret_context);

/*
 * km_pool_is_kind: whether a lane's session may serve calls of this kind; for a fits of km_pool_take.
 * km_pool_has_neighbours: whether several lanes serve short calls, so that a long one could hold up others.
 */
bool km_pool_is_kind(const struct km_pool_lane *lane, enum km_pool_kind kind);
bool km_pool_has_neighbours(struct km_pool *pool);

/*
 * km_pool_take: takes a lane, the one numbered hint when it is free (KM_POOL_NO_LANE: no wish), and
 * blocks while all are taken. fits, when not NULL, says which lanes are preferred, even to opening
 * another; it is called with the pool's lock held and must only look.
 */
struct km_pool_lane *km_pool_take(struct km_pool *pool, uint32_t hint,
                                  bool (*fits)(const struct km_pool_lane *lane));
/* km_pool_take_home: takes this lane and no other; blocks while another thread holds it. */
struct km_pool_lane *km_pool_take_home(struct km_pool *pool, uint32_t index);
/* km_pool_try: takes this lane if it is free, else NULL. */
struct km_pool_lane *km_pool_try(struct km_pool *pool, uint32_t index);
/* km_pool_give: gives it back; whoever waited longest for it gets it. */
void km_pool_give(struct km_pool *pool, struct km_pool_lane *lane);

/*
 * km_pool_connect: the held lane has a live session afterwards (it may turn out dead at the next
 * call); a new one is of this kind. *ret_is_full is true when the service lets this process have no more sessions but others of
 * this pool are open: give the lane back and take another.
 */
TEEC_Result km_pool_connect(struct km_pool *pool, struct km_pool_lane *lane, enum km_pool_kind kind,
                            uint32_t *ret_origin, bool *ret_is_full);
/* km_pool_disconnect: closes the held lane's session. */
void km_pool_disconnect(struct km_pool_lane *lane);
/*
 * km_pool_invoke: one command in the held lane. When the session is found dead serial becomes 0 and
 * *ret_is_dead true, else false.
 */
TEEC_Result km_pool_invoke(struct km_pool_lane *lane, uint32_t command, TEEC_Operation *operation,
                           uint32_t *ret_origin, bool *ret_is_dead);

/*
 * For the library's pthread_atfork handlers. In the child all lanes are free and without session;
 * what is left of the parent's is released when a lane is used again.
 */
void km_pool_fork_prepare(struct km_pool *pool);
void km_pool_fork_parent(struct km_pool *pool);
void km_pool_fork_child(struct km_pool *pool);

/*
 * KM_POOL_WATCH_FORKS: those handlers, for a library that has nothing of its own to do then. They are registered when the library is
 * loaded, so that a fork can't come in between; nothing else happens there.
 */
#define KM_POOL_WATCH_FORKS(pool)                                                                  \
    static void fork_prepare(void)                                                                 \
    {                                                                                              \
        km_pool_fork_prepare(pool);                                                                \
    }                                                                                              \
    static void fork_parent(void)                                                                  \
    {                                                                                              \
        km_pool_fork_parent(pool);                                                                 \
    }                                                                                              \
    static void fork_child(void)                                                                   \
    {                                                                                              \
        km_pool_fork_child(pool);                                                                  \
    }                                                                                              \
    __attribute__((constructor)) static void watch_forks(void)                                     \
    {                                                                                              \
        (void)pthread_atfork(fork_prepare, fork_parent, fork_child);                               \
    }

#endif
