/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/clrc/clrc_internal.h"

/* One session holds KM_CRYPTO_KEYS_MAX keys: saved ones are let go before that many are loaded. */
#define LOADED_MAX 192u
#define OWN_KEYS_FULL 240u
#define OPERATIONS_FULL 60u
#define POSTED_MAX                                                                                 \
    (KM_CRYPTO_KEYS_MAX + KM_CRYPTO_OPERATIONS_MAX + KM_CRYPTO_OBJECTS_MAX +                       \
     KM_CRYPTO_PASSWORDS_MAX)

struct posted {
    uint32_t command; /* FREE_KEY, OP_FREE, OBJECT_FREE or FREE_PASSWORD */
    uint32_t id;
};

/* What the library knows about the present session of a lane. */
struct lane_state {
    pthread_mutex_t
        lock; /* guards what follows up to `n_keys`; taken by the holder and by those who free */
    uint32_t serial; /* the session that all this is about */
    atomic_uint n_posted;
    struct posted posted[POSTED_MAX];
    atomic_uint n_loaded;
    uint32_t next_victim;
    struct clrc_key *loaded[LOADED_MAX];
    uint64_t password_number; /* the password that the session has open; 0: none */
    uint32_t password_id;
    atomic_uint n_keys; /* ids of keys and operations in use: changed by the holder */
    atomic_uint n_operations;
} __attribute__((aligned(64)));

static struct km_pool pool = KM_POOL_INIT(KM_CRYPTO_TA_UUID);
static struct lane_state states[KM_POOL_LANES_MAX] = {
    [0 ... KM_POOL_LANES_MAX - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
/* The lanes that this thread had last, plus 1. */
static __thread uint32_t last_lane;
static __thread uint32_t last_long_lane;

/* ---- fork ---- */

static void fork_prepare(void)
{
    km_pool_fork_prepare(&pool);
    clrc_shared_fork_prepare();
}

static void fork_parent(void)
{
    clrc_shared_fork_done();
    km_pool_fork_parent(&pool);
}

static void fork_child(void)
{
    clrc_shared_fork_done();
    km_pool_fork_child(&pool);
    for (uint32_t i = 0; i < KM_POOL_LANES_MAX; i++) {
        states[i].lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        states[i].serial = 0;
    }
}

/* Registered once, when the library is loaded: a fork can't come in between. Nothing else happens here. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

unsigned clrc_n_forks(void)
{
    return atomic_load(&pool.n_forks);
}

TEEC_Result clrc_context(TEEC_Context **ret_context)
{
    return km_pool_context(&pool, ret_context);
}

ClrcResult clrcSetSocket(const char *path)
{
    const char *text = NULL;
    ClrcResult result = km_result_socket(&pool, path, &text);
    return result == CLRC_SUCCESS ? result : clrc_fail("clrcSetSocket", result, NULL, text);
}

/* ---- parameters ---- */

void clrc_small_out(struct clrc_call *call, unsigned at, void *buffer, size_t size)
{
    km_call_out(&call->sent, at, buffer, size < KM_CRYPTO_SMALL_MAX ? size : KM_CRYPTO_SMALL_MAX);
}

/* Small ones are copied into the instance in any case: not worth looking for. */
static bool set_shared(struct clrc_call *call, unsigned at, uint32_t type, const void *buffer,
                       size_t size)
{
    if (size <= KM_CRYPTO_SMALL_MAX)
        return false;
    size_t offset = 0;
    TEEC_SharedMemory *block = clrc_shared_find(buffer, size, &offset);
    if (block == NULL)
        return false;
    km_call_shared(
        &call->sent, at, type,
        (TEEC_RegisteredMemoryReference){.parent = block, .size = size, .offset = offset});
    return true;
}

void clrc_bulk_in(struct clrc_call *call, unsigned at, const void *buffer, size_t size)
{
    if (!set_shared(call, at, TEEC_MEMREF_PARTIAL_INPUT, buffer, size))
        km_call_in(&call->sent, at, buffer, size);
}

void clrc_bulk_out(struct clrc_call *call, unsigned at, void *buffer, size_t size)
{
    if (!set_shared(call, at, TEEC_MEMREF_PARTIAL_OUTPUT, buffer, size))
        km_call_out(&call->sent, at, buffer, size);
}

size_t clrc_size(const struct clrc_call *call, unsigned at)
{
    uint32_t type = (call->sent.op.paramTypes >> (4 * at)) & 0xfu;
    if (type == TEEC_MEMREF_PARTIAL_INPUT || type == TEEC_MEMREF_PARTIAL_OUTPUT)
        return call->sent.op.params[at].memref.size;
    return call->sent.op.params[at].tmpref.size;
}

/* ---- one command in the held lane ---- */

static ClrcResult fail(const struct clrc_call *call, ClrcResult result, const char *text)
{
    return clrc_fail(call->function, result, call->subject, text);
}

/* Not noted for clrcLastError; *ret_reason is a sentence for it, or NULL. */
static ClrcResult invoke_why(struct km_pool_lane *lane, uint32_t command, TEEC_Operation *op,
                             const char **ret_reason)
{
    uint32_t origin = 0;
    bool is_dead = false;
    TEEC_Result result = km_pool_invoke(lane, command, op, &origin, &is_dead);
    *ret_reason = NULL;
    if (is_dead)
        return CLRC_ERROR_SERVICE_DIED;
    if (result == TEEC_SUCCESS)
        return CLRC_SUCCESS;
    *ret_reason = clrc_reason(result);
    return clrc_map(result);
}

/* A command of our own on the way to the caller's. */
static ClrcResult invoke(struct km_pool_lane *lane, uint32_t command, TEEC_Operation *op)
{
    const char *reason = NULL;
    return invoke_why(lane, command, op, &reason);
}

static ClrcResult free_id(struct km_pool_lane *lane, uint32_t command, uint32_t id)
{
    TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, 0)};
    op.params[0].value.a = id;
    return invoke(lane, command, &op);
}

static ClrcResult check_version(struct km_pool_lane *lane)
{
    TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, 0, 0, 0)};
    ClrcResult result = invoke(lane, KM_CRYPTO_CMD_VERSION, &op);
    if (result == CLRC_SUCCESS && op.params[0].value.a != KM_CRYPTO_VERSION)
        return CLRC_ERROR_NOT_SUPPORTED;
    return result;
}

/* ---- the state of a lane ---- */

static struct lane_state *state_of(const struct km_pool_lane *lane)
{
    return &states[lane->index];
}

static void state_reset(struct lane_state *state, uint32_t serial)
{
    (void)pthread_mutex_lock(&state->lock);
    state->serial = serial;
    state->next_victim = 0;
    state->password_number = 0;
    atomic_store(&state->n_posted, 0);
    atomic_store(&state->n_loaded, 0);
    atomic_store(&state->n_keys, 0);
    atomic_store(&state->n_operations, 0);
    (void)pthread_mutex_unlock(&state->lock);
}

/* Under the state's lock. Each id is posted once, so there is always room. */
static void post(struct lane_state *state, uint32_t command, uint32_t id)
{
    uint32_t n = atomic_load(&state->n_posted);
    if (n >= POSTED_MAX)
        return;
    state->posted[n] = (struct posted){.command = command, .id = id};
    atomic_store(&state->n_posted, n + 1);
}

static bool take_posted(struct lane_state *state, struct posted *ret)
{
    (void)pthread_mutex_lock(&state->lock);
    uint32_t n = atomic_load(&state->n_posted);
    if (n > 0) {
        *ret = state->posted[n - 1];
        atomic_store(&state->n_posted, n - 1);
    }
    (void)pthread_mutex_unlock(&state->lock);
    return n > 0;
}

static ClrcResult flush_posted(struct km_pool_lane *lane)
{
    struct lane_state *state = state_of(lane);
    struct posted posted = {0};
    while (atomic_load_explicit(&state->n_posted, memory_order_relaxed) > 0 &&
           take_posted(state, &posted)) {
        if (posted.command == KM_CRYPTO_CMD_FREE_KEY)
            (void)atomic_fetch_sub(&state->n_keys, 1);
        if (posted.command == KM_CRYPTO_CMD_OP_FREE || posted.command == KM_CRYPTO_CMD_OBJECT_FREE)
            (void)atomic_fetch_sub(&state->n_operations, 1);
        if (free_id(lane, posted.command, posted.id) == CLRC_ERROR_SERVICE_DIED)
            return CLRC_ERROR_SERVICE_DIED;
    }
    return CLRC_SUCCESS;
}

/* Under the state's lock. */
static bool drop_loaded(struct lane_state *state, const struct clrc_key *key)
{
    uint32_t n = atomic_load(&state->n_loaded);
    for (uint32_t i = 0; i < n; i++) {
        if (state->loaded[i] != key)
            continue;
        state->loaded[i] = state->loaded[n - 1];
        atomic_store(&state->n_loaded, n - 1);
        return true;
    }
    return false;
}

static void add_loaded(struct lane_state *state, struct clrc_key *key)
{
    (void)pthread_mutex_lock(&state->lock);
    uint32_t n = atomic_load(&state->n_loaded);
    if (n < LOADED_MAX) {
        state->loaded[n] = key;
        atomic_store(&state->n_loaded, n + 1);
    }
    (void)pthread_mutex_unlock(&state->lock);
}

/* Lets one saved key go; it is loaded again when it is needed. False when there is none but `keep`. */
static bool evict(struct lane_state *state, const struct clrc_key *keep)
{
    (void)pthread_mutex_lock(&state->lock);
    uint32_t n = atomic_load(&state->n_loaded);
    struct clrc_key *victim = NULL;
    for (uint32_t tried = 0; tried < n && (victim == NULL || victim == keep); tried++)
        victim = state->loaded[state->next_victim++ % n];
    bool found = victim != NULL && victim != keep;
    if (found) {
        uint32_t at = (uint32_t)(state - states);
        post(state, KM_CRYPTO_CMD_FREE_KEY, victim->at[at].id);
        atomic_store(&victim->at[at].serial, 0);
        (void)drop_loaded(state, victim);
    }
    (void)pthread_mutex_unlock(&state->lock);
    return found;
}

/* ---- keys and passwords in the held lane ---- */

static ClrcResult present_password(struct km_pool_lane *lane, const struct clrc_password *password,
                                   uint32_t *ret_id)
{
    struct km_slice octets = km_secret_expose(password->secret);
    struct clrc_call call = {.sent.command = KM_CRYPTO_CMD_LOAD_PASSWORD};
    km_call_in(&call.sent, 0, password->name, strlen(password->name));
    km_call_in(&call.sent, 1, octets.ptr, octets.len);
    km_call_value_out(&call.sent, 2);
    ClrcResult result = invoke(lane, call.sent.command, &call.sent.op);
    if (result == CLRC_SUCCESS)
        *ret_id = call.sent.op.params[2].value.a;
    return result;
}

/* Whoever forgets another password writes there, too. */
static bool has_password(struct lane_state *state, const struct clrc_password *password,
                         uint32_t *ret_id)
{
    (void)pthread_mutex_lock(&state->lock);
    bool has = state->password_number == password->number;
    if (has)
        *ret_id = state->password_id;
    (void)pthread_mutex_unlock(&state->lock);
    return has;
}

static ClrcResult bring_password(struct km_pool_lane *lane, const struct clrc_password *password,
                                 uint32_t *ret_id)
{
    struct lane_state *state = state_of(lane);
    /* The child of a fork has no copy of the password; a guess with nothing would count as wrong. */
    if (password->n_forks != clrc_n_forks())
        return CLRC_ERROR_PASSWORD;
    if (has_password(state, password, ret_id))
        return CLRC_SUCCESS;
    uint32_t id = 0;
    ClrcResult result = present_password(lane, password, &id);
    if (result != CLRC_SUCCESS)
        return result;
    (void)pthread_mutex_lock(&state->lock);
    if (state->password_number != 0)
        post(state, KM_CRYPTO_CMD_FREE_PASSWORD, state->password_id);
    state->password_number = password->number;
    state->password_id = id;
    (void)pthread_mutex_unlock(&state->lock);
    *ret_id = id;
    return CLRC_SUCCESS;
}

static ClrcResult load_key(struct km_pool_lane *lane, const struct clrc_key *key, uint32_t *ret_id)
{
    uint32_t password_id = 0;
    if (key->password != NULL) {
        ClrcResult result = bring_password(lane, key->password, &password_id);
        if (result != CLRC_SUCCESS)
            return result;
    }
    struct clrc_call call = {.sent.command = KM_CRYPTO_CMD_LOAD_KEY};
    km_call_in(&call.sent, 0, key->name, strlen(key->name));
    km_call_value(&call.sent, 1, password_id, 0);
    km_call_in(&call.sent, 2, key->id, key->id_len);
    km_call_value_out(&call.sent, 3);
    ClrcResult result = invoke(lane, call.sent.command, &call.sent.op);
    if (result == CLRC_SUCCESS)
        *ret_id = call.sent.op.params[3].value.a;
    return result;
}

/* Room for one more key: by letting saved ones go that are not in use just now. */
static ClrcResult make_room(struct km_pool_lane *lane, const struct clrc_key *keep, bool *ret_made)
{
    *ret_made = evict(state_of(lane), keep);
    return *ret_made ? flush_posted(lane) : CLRC_SUCCESS;
}

static ClrcResult bring_key(struct km_pool_lane *lane, struct clrc_key *key)
{
    struct lane_state *state = state_of(lane);
    struct clrc_at *at = &key->at[lane->index];
    if (atomic_load_explicit(&at->serial, memory_order_relaxed) == lane->serial)
        return CLRC_SUCCESS;
    if (!key->is_named)
        return CLRC_ERROR_KEY_GONE;
    uint32_t id = 0;
    ClrcResult result = CLRC_ERROR_TOO_LARGE;
    if (atomic_load(&state->n_loaded) < LOADED_MAX)
        result = load_key(lane, key, &id);
    while (result == CLRC_ERROR_TOO_LARGE) {
        bool made = false;
        result = make_room(lane, key, &made);
        if (result != CLRC_SUCCESS)
            return result;
        if (!made)
            return CLRC_ERROR_TOO_LARGE;
        result = load_key(lane, key, &id);
    }
    if (result != CLRC_SUCCESS)
        return result;
    (void)atomic_fetch_add(&state->n_keys, 1);
    at->id = id;
    atomic_store(&at->serial, lane->serial);
    add_loaded(state, key);
    return CLRC_SUCCESS;
}

/* ---- a call ---- */

static bool has_room(const struct km_pool_lane *lane)
{
    const struct lane_state *state = &states[lane->index];
    return atomic_load(&state->n_keys) < OWN_KEYS_FULL + atomic_load(&state->n_loaded) &&
           atomic_load(&state->n_operations) < OPERATIONS_FULL;
}

static bool is_short_lane(const struct km_pool_lane *lane)
{
    return km_pool_is_kind(lane, KM_POOL_SHORT);
}

static bool is_long_lane(const struct km_pool_lane *lane)
{
    return km_pool_is_kind(lane, KM_POOL_LONG);
}

static bool has_room_short(const struct km_pool_lane *lane)
{
    return is_short_lane(lane) && has_room(lane);
}

static bool has_room_long(const struct km_pool_lane *lane)
{
    return is_long_lane(lane) && has_room(lane);
}

/*
 * What can take as long as many signatures: to look for primes, to derive from a password, to write to the store. Lanes may share
 * one process of the service, so these go to lanes that share none with the others, where they are not bound to one.
 */
static bool may_take_long(const struct clrc_call *call)
{
    switch (call->sent.command) {
    case KM_CRYPTO_CMD_DELETE_KEY:
    case KM_CRYPTO_CMD_SET_NOTE:
    case KM_CRYPTO_CMD_SAVE_DATA:
    case KM_CRYPTO_CMD_DELETE_DATA:
    case KM_CRYPTO_CMD_CREATE_PASSWORD:
    case KM_CRYPTO_CMD_CREATE_RECOVERABLE:
    case KM_CRYPTO_CMD_CHECK_PASSWORD:
    case KM_CRYPTO_CMD_CHANGE_PASSWORD:
    case KM_CRYPTO_CMD_DELETE_PASSWORD:
    case KM_CRYPTO_CMD_DERIVE_PASSWORD:
    case KM_CRYPTO_CMD_PROVISION_KEY:
    case KM_CRYPTO_CMD_PROVISION_SEAL:
    case KM_CRYPTO_CMD_SAVE_OPAQUE_KEY:
    case KM_CRYPTO_CMD_MANIFEST_INSTALL:
        return true;
    default:
        return call->seeks_primes;
    }
}

/* Whether the lane with this number plus 1 holds keys of the caller's that were neither saved nor freed. */
static bool holds_own(uint32_t lane)
{
    if (lane == 0)
        return false;
    struct lane_state *state = &states[lane - 1];
    uint32_t n_others = 0;
    (void)pthread_mutex_lock(&state->lock);
    for (uint32_t i = 0; i < atomic_load(&state->n_posted); i++)
        n_others += state->posted[i].command == KM_CRYPTO_CMD_FREE_KEY ? 1 : 0;
    n_others += atomic_load(&state->n_loaded);
    (void)pthread_mutex_unlock(&state->lock);
    return atomic_load(&state->n_keys) > n_others;
}

/* Keys that a thread makes one after the other can be used together: a new one goes to those that it has. */
static enum km_pool_kind kind_of(const struct clrc_call *call)
{
    if (call->is_new_key && holds_own(last_long_lane))
        return KM_POOL_LONG;
    if (call->is_new_key && holds_own(last_lane))
        return KM_POOL_SHORT;
    return may_take_long(call) && km_pool_has_neighbours(&pool) ? KM_POOL_LONG : KM_POOL_SHORT;
}

static struct km_pool_lane *take_any(struct clrc_call *call)
{
    call->kind = kind_of(call);
    if (call->kind == KM_POOL_LONG)
        return km_pool_take(&pool, last_long_lane - 1,
                            call->makes_key ? has_room_long : is_long_lane);
    return km_pool_take(&pool, last_lane - 1, call->makes_key ? has_room_short : is_short_lane);
}

static void take_lane(struct clrc_call *call)
{
    call->kind = KM_POOL_SHORT;
    if (call->operation != NULL)
        call->lane = km_pool_take_home(&pool, call->operation->home);
    else if (call->key != NULL && !call->key->is_named)
        call->lane = km_pool_take_home(&pool, call->key->home);
    else if (call->other_key != NULL && !call->other_key->is_named)
        call->lane = km_pool_take_home(&pool, call->other_key->home);
    else
        call->lane = take_any(call);
    call->ran_in = call->lane->index;
}

static ClrcResult connect_failed(const struct clrc_call *call, TEEC_Result result, uint32_t origin)
{
    char refusal[KM_RESULT_REFUSAL_MAX] = "";
    if (result == TEEC_ERROR_COMMUNICATION)
        return fail(call, CLRC_ERROR_NO_SERVICE, NULL);
    if (result == TEEC_ERROR_ITEM_NOT_FOUND)
        return fail(call, CLRC_ERROR_NO_SERVICE, "the service has no crypto application installed");
    if (result == TEEC_ERROR_ACCESS_DENIED) {
        km_result_refusal(&pool, origin, refusal);
        return fail(call, CLRC_ERROR_ACCESS_DENIED, refusal);
    }
    return fail(call, clrc_map(result), "opening a session with the service failed");
}

/* A session in the held lane; may change the lane for another when the service wants no more sessions. */
static ClrcResult connect_lane(struct clrc_call *call)
{
    while (call->lane->serial == 0) {
        uint32_t origin = 0;
        bool is_full = false;
        TEEC_Result result = km_pool_connect(&pool, call->lane, call->kind, &origin, &is_full);
        if (result == TEEC_SUCCESS) {
            state_reset(state_of(call->lane), call->lane->serial);
            ClrcResult version = check_version(call->lane);
            if (version == CLRC_ERROR_NOT_SUPPORTED) {
                km_pool_disconnect(call->lane);
                return fail(call, version, "the service speaks another version of the protocol");
            }
            return version == CLRC_SUCCESS ? version : fail(call, version, NULL);
        }
        if (!is_full)
            return connect_failed(call, result, origin);
        km_pool_give(&pool, call->lane);
        call->lane = km_pool_take(&pool, KM_POOL_NO_LANE, NULL);
        call->ran_in = call->lane->index;
    }
    return CLRC_SUCCESS;
}

/* What lives in one session is gone when that session is. */
static bool is_elsewhere(const struct clrc_call *call, const struct clrc_key *key)
{
    return key != NULL && !key->is_named &&
           atomic_load_explicit(&key->at[call->lane->index].serial, memory_order_relaxed) !=
               call->lane->serial;
}

static ClrcResult check_home(const struct clrc_call *call)
{
    uint32_t serial = call->lane->serial;
    if (call->key != NULL && call->other_key != NULL && !call->key->is_named &&
        !call->other_key->is_named && call->key->home != call->other_key->home)
        return fail(call, CLRC_ERROR_STATE,
                    "the two keys live in different sessions: one of them has to be saved first");
    if (call->operation != NULL && call->operation->serial != serial)
        return fail(call, CLRC_ERROR_SERVICE_DIED,
                    "the session that the operation was made in is over");
    if (is_elsewhere(call, call->key) || is_elsewhere(call, call->other_key))
        return fail(call, CLRC_ERROR_KEY_GONE,
                    "the key was not saved and the session that it was made in is over");
    return CLRC_SUCCESS;
}

static bool is_here(const struct clrc_call *call, struct clrc_key *key)
{
    return atomic_load_explicit(&key->at[call->lane->index].serial, memory_order_relaxed) ==
           call->lane->serial;
}

/* Bringing one may let the other go when the session is full: then that one comes again, and both are there. */
static ClrcResult bring_both(struct clrc_call *call)
{
    ClrcResult result = CLRC_SUCCESS;
    if (call->other_key == NULL)
        return bring_key(call->lane, call->key);
    for (unsigned i = 0; i < 3 && result == CLRC_SUCCESS; i++) {
        result = bring_key(call->lane, i % 2 == 0 ? call->other_key : call->key);
        if (i > 0 && result == CLRC_SUCCESS && is_here(call, call->key) &&
            is_here(call, call->other_key)) {
            *call->other_value = call->other_key->at[call->lane->index].id;
            return CLRC_SUCCESS;
        }
    }
    return result == CLRC_SUCCESS ? CLRC_ERROR_BUSY : result;
}

static ClrcResult bring_objects(struct clrc_call *call)
{
    struct clrc_key *key = call->key;
    if (key != NULL) {
        ClrcResult result = bring_both(call);
        if (result != CLRC_SUCCESS)
            return fail(call, result, NULL);
        uint32_t id = key->at[call->lane->index].id;
        if (call->key_value != NULL)
            *call->key_value = id;
        if (call->key_octets != NULL) {
            struct km_wr wr = km_wr_init(call->key_octets, sizeof(id));
            km_wr_u32le(&wr, id);
        }
    }
    if (call->password != NULL) {
        ClrcResult result = bring_password(call->lane, call->password, call->password_value);
        if (result != CLRC_SUCCESS)
            return fail(call, result, NULL);
    }
    return CLRC_SUCCESS;
}

static bool is_bound(const struct clrc_call *call)
{
    return call->operation != NULL || (call->key != NULL && !call->key->is_named) ||
           (call->other_key != NULL && !call->other_key->is_named);
}

static ClrcResult begin_in_lane(struct clrc_call *call)
{
    if (is_bound(call)) {
        ClrcResult home = check_home(call);
        if (home != CLRC_SUCCESS)
            return home;
    }
    ClrcResult result = connect_lane(call);
    if (result != CLRC_SUCCESS)
        return result;
    call->serial = call->lane->serial;
    if (flush_posted(call->lane) != CLRC_SUCCESS)
        return fail(call, CLRC_ERROR_SERVICE_DIED, NULL);
    /* What must not be done twice is not sent into a session that may have died long ago. */
    if (!call->is_repeatable && check_version(call->lane) != CLRC_SUCCESS)
        return fail(call, CLRC_ERROR_SERVICE_DIED, NULL);
    return bring_objects(call);
}

ClrcResult clrc_begin(struct clrc_call *call)
{
    call->was_sent = false;
    take_lane(call);
    ClrcResult result = begin_in_lane(call);
    if (result != CLRC_SUCCESS)
        clrc_end(call);
    return result;
}

ClrcResult clrc_invoke(struct clrc_call *call)
{
    const char *reason = NULL;
    call->was_sent = true;
    ClrcResult result = invoke_why(call->lane, call->sent.command, &call->sent.op, &reason);
    if (result == CLRC_ERROR_TOO_LARGE && call->makes_key) {
        bool made = false;
        if (make_room(call->lane, call->key, &made) != CLRC_SUCCESS)
            result = CLRC_ERROR_SERVICE_DIED;
        else if (made)
            result = invoke_why(call->lane, call->sent.command, &call->sent.op, &reason);
    }
    return result == CLRC_SUCCESS ? result : fail(call, result, reason);
}

void clrc_end(struct clrc_call *call)
{
    *(km_pool_is_kind(call->lane, KM_POOL_LONG) ? &last_long_lane : &last_lane) =
        call->lane->index + 1;
    km_pool_give(&pool, call->lane);
    call->lane = NULL;
}

static ClrcResult attempt(struct clrc_call *call)
{
    ClrcResult result = clrc_begin(call);
    if (result != CLRC_SUCCESS)
        return result;
    result = clrc_invoke(call);
    clrc_end(call);
    return result;
}

ClrcResult clrc_run(struct clrc_call *call)
{
    TEEC_Operation as_given = call->sent.op;
    ClrcResult result = attempt(call);
    if (result != CLRC_ERROR_SERVICE_DIED || is_bound(call) ||
        (call->was_sent && !call->is_repeatable))
        return result;
    call->sent.op = as_given;
    result = attempt(call);
    if (result == CLRC_ERROR_NO_SERVICE)
        return fail(call, CLRC_ERROR_SERVICE_DIED, NULL);
    return result;
}

ClrcResult clrc_run_sized(struct clrc_call *call, unsigned at, uint32_t *length)
{
    ClrcResult result = clrc_run(call);
    if (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER)
        *length = (uint32_t)clrc_size(call, at);
    return result;
}

/* ---- what lives in a session ---- */

void clrc_key_made(const struct clrc_call *call, struct clrc_key *key, uint32_t id)
{
    (void)atomic_fetch_add(&states[call->ran_in].n_keys, 1);
    key->home = call->ran_in;
    key->at[call->ran_in].id = id;
    atomic_store(&key->at[call->ran_in].serial, call->serial);
}

void clrc_key_saved(const struct clrc_call *call, struct clrc_key *key)
{
    key->is_named = true;
    struct lane_state *state = &states[call->ran_in];
    (void)pthread_mutex_lock(&state->lock);
    uint32_t n = atomic_load(&state->n_loaded);
    if (state->serial == call->serial && n < LOADED_MAX) {
        state->loaded[n] = key;
        atomic_store(&state->n_loaded, n + 1);
    }
    (void)pthread_mutex_unlock(&state->lock);
}

void clrc_operation_made(const struct clrc_call *call, struct clrc_operation *operation,
                         uint32_t id)
{
    (void)atomic_fetch_add(&states[call->ran_in].n_operations, 1);
    operation->home = call->ran_in;
    operation->serial = call->serial;
    operation->id = id;
}

static void forget_key_at(struct clrc_key *key, uint32_t at)
{
    struct lane_state *state = &states[at];
    if (atomic_load(&key->at[at].serial) == 0)
        return;
    (void)pthread_mutex_lock(&state->lock);
    uint32_t serial = atomic_load(&key->at[at].serial);
    if (serial != 0 && serial == state->serial) {
        (void)drop_loaded(state, key);
        post(state, KM_CRYPTO_CMD_FREE_KEY, key->at[at].id);
    }
    (void)pthread_mutex_unlock(&state->lock);
}

void clrc_forget_key(struct clrc_key *key)
{
    for (uint32_t at = 0; at < KM_POOL_LANES_MAX; at++)
        forget_key_at(key, at);
}

void clrc_forget_operation(const struct clrc_operation *operation)
{
    struct lane_state *state = &states[operation->home];
    (void)pthread_mutex_lock(&state->lock);
    if (operation->serial == state->serial)
        post(state, operation->free_command, operation->id);
    (void)pthread_mutex_unlock(&state->lock);
}

void clrc_forget_password(const struct clrc_password *password)
{
    for (uint32_t at = 0; at < KM_POOL_LANES_MAX; at++) {
        struct lane_state *state = &states[at];
        (void)pthread_mutex_lock(&state->lock);
        if (state->password_number == password->number) {
            post(state, KM_CRYPTO_CMD_FREE_PASSWORD, state->password_id);
            state->password_number = 0;
        }
        (void)pthread_mutex_unlock(&state->lock);
    }
}

/* Idle: nothing of the caller's would be lost with the session. */
static void close_if_idle(struct km_pool_lane *lane)
{
    struct lane_state *state = state_of(lane);
    if (lane->serial != 0 && flush_posted(lane) == CLRC_SUCCESS &&
        (atomic_load(&state->n_keys) != atomic_load(&state->n_loaded) ||
         atomic_load(&state->n_operations) != 0))
        return;
    km_pool_disconnect(lane);
    state_reset(state, 0);
}

void clrcShutdown(void)
{
    for (uint32_t i = 0; i < KM_POOL_LANES_MAX; i++) {
        struct km_pool_lane *lane = km_pool_try(&pool, i);
        if (lane == NULL)
            continue;
        close_if_idle(lane);
        km_pool_give(&pool, lane);
    }
}
