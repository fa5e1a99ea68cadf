/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/session/km_pool.h"

#include <stdlib.h>
#include <string.h>

#include "common/km_bytes.h"

/* A thread in the queue; on its stack. */
struct km_pool_waiter {
    struct km_pool_waiter *next;
    uint32_t home; /* KM_POOL_NO_LANE: any lane */
    struct km_pool_lane *granted;
    pthread_cond_t wake;
};

/*
 * The standard wants a context to outlive its sessions and shared memory, and an inherited one has
 * both: it is kept for good, where a leak checker finds it.
 */
struct owned_context {
    TEEC_Context context; /* first */
    TEEC_Context *inherited;
};

km_status km_pool_set_path(struct km_pool *pool, const char *path)
{
    size_t len = path == NULL ? 0 : strnlen(path, sizeof(pool->path));
    if (len == 0 || len == sizeof(pool->path) || path[0] != '/')
        return KM_E_ARG;
    if (atomic_load(&pool->context) != NULL)
        return KM_E_STATE;
    (void)pthread_mutex_lock(&pool->lock);
    km_copy(pool->path, sizeof(pool->path), path, len + 1);
    (void)pthread_mutex_unlock(&pool->lock);
    return KM_OK;
}

void km_pool_path(struct km_pool *pool, char ret[KM_POOL_PATH_MAX])
{
    (void)pthread_mutex_lock(&pool->lock);
    km_copy(ret, KM_POOL_PATH_MAX, pool->path, sizeof(pool->path));
    (void)pthread_mutex_unlock(&pool->lock);
}

static TEEC_Result context_at(struct km_pool *pool, _Atomic(TEEC_Context *) *at,
                              TEEC_Context *inherited, TEEC_Context **ret_context)
{
    TEEC_Context *context = atomic_load_explicit(at, memory_order_acquire);
    if (context != NULL) {
        *ret_context = context;
        return TEEC_SUCCESS;
    }
    char path[KM_POOL_PATH_MAX] = "";
    km_pool_path(pool, path);

    struct owned_context *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return TEEC_ERROR_OUT_OF_MEMORY;
    TEEC_Result result = TEEC_InitializeContext(path[0] == '\0' ? NULL : path, &made->context);
    if (result != TEEC_SUCCESS) {
        free(made);
        return result;
    }
    made->inherited = inherited;
    /* Two threads may have come here; the slower one's is not needed. */
    if (!atomic_compare_exchange_strong(at, &context, &made->context)) {
        TEEC_FinalizeContext(&made->context);
        free(made);
        *ret_context = context;
        return TEEC_SUCCESS;
    }
    *ret_context = &made->context;
    return TEEC_SUCCESS;
}

TEEC_Result km_pool_context(struct km_pool *pool, TEEC_Context **ret_context)
{
    return context_at(pool, &pool->context, pool->inherited[0], ret_context);
}

bool km_pool_is_kind(const struct km_pool_lane *lane, enum km_pool_kind kind)
{
    unsigned is = atomic_load(&lane->kind);
    return is == KM_POOL_ANY || is == (unsigned)kind;
}

bool km_pool_has_neighbours(struct km_pool *pool)
{
    unsigned n = 0;
    (void)pthread_mutex_lock(&pool->lock);
    for (uint32_t i = 0; i < pool->n_lanes; i++)
        n += atomic_load(&pool->lanes[i].kind) == KM_POOL_SHORT ? 1 : 0;
    (void)pthread_mutex_unlock(&pool->lock);
    return n > 1;
}

static bool try_take(struct km_pool_lane *lane)
{
    unsigned is_free = 0;
    return atomic_compare_exchange_strong(&lane->busy, &is_free, 1);
}

static bool lane_fits(const struct km_pool_lane *lane,
                      bool (*fits)(const struct km_pool_lane *lane))
{
    return fits == NULL || fits(lane);
}

/* Under the lock: beyond the limit a held lane is good only as long as its session is. */
static bool is_of_use(const struct km_pool *pool, const struct km_pool_lane *lane)
{
    return lane->serial != 0 || lane->index < pool->limit;
}

static struct km_pool_lane *find_among_old(struct km_pool *pool,
                                           bool (*fits)(const struct km_pool_lane *lane))
{
    /* Low numbers first, so that lanes not needed fall idle. */
    for (uint32_t i = 0; i < pool->n_lanes; i++) {
        struct km_pool_lane *lane = &pool->lanes[i];
        if (!lane_fits(lane, fits) || !try_take(lane))
            continue;
        if (is_of_use(pool, lane))
            return lane;
        atomic_store(&lane->busy, 0);
    }
    return NULL;
}

/* Under the lock: a free lane that fits, else a new one, else a free one. */
static struct km_pool_lane *find_free(struct km_pool *pool,
                                      bool (*fits)(const struct km_pool_lane *lane))
{
    struct km_pool_lane *lane = find_among_old(pool, fits);
    if (lane != NULL)
        return lane;
    if (pool->n_lanes >= pool->limit)
        return fits == NULL ? NULL : find_among_old(pool, NULL);
    lane = &pool->lanes[pool->n_lanes];
    lane->index = pool->n_lanes++;
    atomic_store(&lane->busy, 1);
    return lane;
}

/* Under the lock. */
static void queue_and_wait(struct km_pool *pool, struct km_pool_waiter *waiter)
{
    if (pool->first == NULL)
        pool->last = &pool->first;
    *pool->last = waiter;
    pool->last = &waiter->next;
    while (waiter->granted == NULL)
        (void)pthread_cond_wait(&waiter->wake, &pool->lock);
}

static struct km_pool_lane *take_slowly(struct km_pool *pool, uint32_t home,
                                        bool (*fits)(const struct km_pool_lane *lane))
{
    struct km_pool_waiter waiter = {.home = home, .wake = PTHREAD_COND_INITIALIZER};
    (void)pthread_mutex_lock(&pool->lock);
    /* Counted before looking: whoever gives a lane back after that look sees the count. */
    (void)atomic_fetch_add(&pool->n_waiting, 1);
    if (home == KM_POOL_NO_LANE)
        waiter.granted = find_free(pool, fits);
    else if (try_take(&pool->lanes[home]))
        waiter.granted = &pool->lanes[home];
    if (waiter.granted == NULL)
        queue_and_wait(pool, &waiter);
    (void)atomic_fetch_sub(&pool->n_waiting, 1);
    (void)pthread_mutex_unlock(&pool->lock);
    (void)pthread_cond_destroy(&waiter.wake);
    return waiter.granted;
}

struct km_pool_lane *km_pool_take(struct km_pool *pool, uint32_t hint,
                                  bool (*fits)(const struct km_pool_lane *lane))
{
    if (hint < KM_POOL_LANES_MAX && lane_fits(&pool->lanes[hint], fits) &&
        try_take(&pool->lanes[hint]))
        return &pool->lanes[hint];
    return take_slowly(pool, KM_POOL_NO_LANE, fits);
}

struct km_pool_lane *km_pool_take_home(struct km_pool *pool, uint32_t index)
{
    if (try_take(&pool->lanes[index]))
        return &pool->lanes[index];
    return take_slowly(pool, index, NULL);
}

struct km_pool_lane *km_pool_try(struct km_pool *pool, uint32_t index)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool is_taken = index < pool->n_lanes && try_take(&pool->lanes[index]);
    (void)pthread_mutex_unlock(&pool->lock);
    return is_taken ? &pool->lanes[index] : NULL;
}

/* Under the lock: hands the held lane to the first in the queue that wants it. */
static bool hand_over(struct km_pool *pool, struct km_pool_lane *lane)
{
    for (struct km_pool_waiter **at = &pool->first; *at != NULL; at = &(*at)->next) {
        struct km_pool_waiter *waiter = *at;
        bool wants = waiter->home == lane->index ||
                     (waiter->home == KM_POOL_NO_LANE && is_of_use(pool, lane));
        if (!wants)
            continue;
        *at = waiter->next;
        if (waiter->next == NULL)
            pool->last = at;
        waiter->granted = lane;
        (void)pthread_cond_signal(&waiter->wake);
        return true;
    }
    return false;
}

void km_pool_give(struct km_pool *pool, struct km_pool_lane *lane)
{
    if (atomic_load(&pool->n_waiting) == 0) {
        atomic_store(&lane->busy, 0);
        if (atomic_load(&pool->n_waiting) == 0 || !try_take(lane))
            return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    if (!hand_over(pool, lane))
        atomic_store(&lane->busy, 0);
    (void)pthread_mutex_unlock(&pool->lock);
}

void km_pool_disconnect(struct km_pool_lane *lane)
{
    if (lane->is_to_close)
        TEEC_CloseSession(&lane->session);
    lane->is_to_close = false;
    lane->serial = 0;
    atomic_store(&lane->kind, KM_POOL_ANY);
}

/* Whether the service refused because this process has enough sessions already. */
static bool too_many(TEEC_Result result)
{
    return result == TEEC_ERROR_BUSY || result == TEEC_ERROR_OUT_OF_MEMORY;
}

/* The lane can't be had: the pool shrinks below it, unless that leaves nothing. */
static bool shrink(struct km_pool *pool, const struct km_pool_lane *lane)
{
    if (lane->index == 0)
        return false;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->limit > lane->index)
        pool->limit = lane->index;
    (void)pthread_mutex_unlock(&pool->lock);
    return true;
}

/* There is room again where a session of the last lane could be opened: one more may be tried. */
static void grow(struct km_pool *pool, const struct km_pool_lane *lane)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->limit <= lane->index + 1 && pool->limit < KM_POOL_LANES_MAX)
        pool->limit++;
    (void)pthread_mutex_unlock(&pool->lock);
}

static uint32_t next_serial(struct km_pool *pool)
{
    uint32_t serial = atomic_fetch_add(&pool->last_serial, 1) + 1;
    return serial != 0 ? serial : atomic_fetch_add(&pool->last_serial, 1) + 1;
}

TEEC_Result km_pool_connect(struct km_pool *pool, struct km_pool_lane *lane, enum km_pool_kind kind,
                            uint32_t *ret_origin, bool *ret_is_full)
{
    *ret_is_full = false;
    *ret_origin = TEEC_ORIGIN_API;
    if (lane->serial != 0)
        return TEEC_SUCCESS;
    km_pool_disconnect(lane);

    TEEC_Context *context = NULL;
    TEEC_Result result = kind == KM_POOL_LONG
                             ? context_at(pool, &pool->long_context, pool->inherited[1], &context)
                             : km_pool_context(pool, &context);
    if (result != TEEC_SUCCESS)
        return result;
    lane->session = (TEEC_Session){0};
    result = TEEC_OpenSession(context, &lane->session, &pool->ta, TEEC_LOGIN_USER, NULL, NULL,
                              ret_origin);
    if (result != TEEC_SUCCESS) {
        *ret_is_full = too_many(result) && shrink(pool, lane);
        return result;
    }
    lane->is_to_close = true;
    atomic_store(&lane->kind, kind);
    lane->serial = next_serial(pool);
    grow(pool, lane);
    return TEEC_SUCCESS;
}

TEEC_Result km_pool_invoke(struct km_pool_lane *lane, uint32_t command, TEEC_Operation *operation,
                           uint32_t *ret_origin, bool *ret_is_dead)
{
    TEEC_Result result = TEEC_InvokeCommand(&lane->session, command, operation, ret_origin);
    *ret_is_dead = (result == TEEC_ERROR_TARGET_DEAD || result == TEEC_ERROR_COMMUNICATION) &&
                   *ret_origin != TEEC_ORIGIN_TRUSTED_APP;
    if (*ret_is_dead)
        lane->serial = 0;
    return result;
}

void km_pool_fork_prepare(struct km_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
}

void km_pool_fork_parent(struct km_pool *pool)
{
    (void)pthread_mutex_unlock(&pool->lock);
}

void km_pool_fork_child(struct km_pool *pool)
{
    /* Only this thread is left: nobody holds a lane or waits for one. */
    pool->first = NULL;
    pool->limit = KM_POOL_LANES_MAX;
    atomic_store(&pool->n_waiting, 0);
    TEEC_Context *context = atomic_exchange(&pool->context, NULL);
    if (context != NULL)
        pool->inherited[0] = context;
    context = atomic_exchange(&pool->long_context, NULL);
    if (context != NULL)
        pool->inherited[1] = context;
    (void)atomic_fetch_add(&pool->n_forks, 1);
    for (uint32_t i = 0; i < pool->n_lanes; i++) {
        pool->lanes[i].serial = 0;
        atomic_store(&pool->lanes[i].kind, KM_POOL_ANY);
        atomic_store(&pool->lanes[i].busy, 0);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}
