/* SPDX-License-Identifier: Apache-2.0 */
/* C_Initialize and C_Finalize, the lock, forks, and tables of handles. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "interop/pkcs11/p11.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_initialized;
static uint64_t life;
static struct km_p11_config config;
static pthread_cond_t events = PTHREAD_COND_INITIALIZER;

/*
 * The host's own mutex, around the system's, when it brings such functions and does not allow the system's. What lies below has
 * threads of its own making nowhere, and keeps the system's.
 */
struct host_mutex {
    CK_DESTROYMUTEX destroy;
    CK_LOCKMUTEX lock;
    CK_UNLOCKMUTEX unlock;
    void *mutex;
};
static struct host_mutex host_storage;
static _Atomic(struct host_mutex *) host;
static const struct host_mutex *held; /* with which the lock was taken; under the lock */

void km_p11_lock(void)
{
    const struct host_mutex *with = atomic_load(&host);
    if (with != NULL)
        (void)with->lock(with->mutex);
    (void)pthread_mutex_lock(&lock);
    held = with;
}

void km_p11_unlock(void)
{
    const struct host_mutex *with = held;
    (void)pthread_mutex_unlock(&lock);
    if (with != NULL)
        (void)with->unlock(with->mutex);
}

CK_RV km_p11_enter(struct km_p11_entered *entered)
{
    km_p11_lock();
    entered->is_in = is_initialized;
    if (is_initialized)
        return CKR_OK;
    km_p11_unlock();
    return CKR_CRYPTOKI_NOT_INITIALIZED;
}

void km_p11_leave(struct km_p11_entered *entered)
{
    if (entered->is_in)
        km_p11_unlock();
}

uint64_t km_p11_outside(void)
{
    uint64_t mine = life;
    km_p11_unlock();
    return mine;
}

CK_RV km_p11_inside(uint64_t mine)
{
    km_p11_lock();
    return is_initialized && life == mine ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

CK_RV km_p11_wait(void)
{
    const struct host_mutex *with = held;
    uint64_t mine = life;
    if (with != NULL)
        (void)with->unlock(with->mutex);
    (void)pthread_cond_wait(&events, &lock);
    held = NULL;
    if (with != NULL) { /* the host's comes first, always */
        (void)pthread_mutex_unlock(&lock);
        km_p11_lock();
    }
    return is_initialized && life == mine ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

void km_p11_wake(void)
{
    (void)pthread_cond_broadcast(&events);
}

uint64_t km_p11_life(void)
{
    return life;
}

const struct km_p11_config *km_p11_config(void)
{
    return &config;
}

/*
 * Forks: a child has to initialise for itself, and what was its parent's is left alone: not even looked at, since another thread
 * may have been about it. So nothing has to stand still before a fork, and no order of locks with the client libraries' is needed.
 */

void km_p11_forget(void)
{
    km_p11_sessions_forget();
    km_p11_objects_forget();
    km_p11_listings_forget();
    km_p11_slots_forget();
}

static void fork_child(void)
{
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    events = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    atomic_store(&host, NULL);
    held = NULL;
    if (!is_initialized)
        return;
    is_initialized = false;
    km_p11_forget();
}

/* Registered once, when the module is loaded: a fork can't come in between. Nothing else happens here. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, fork_child);
}

/* ---- the calls ---- */

/* As the standard has it: the header's has one member more, of NSS's own. */
struct initialize_args {
    CK_CREATEMUTEX create;
    CK_DESTROYMUTEX destroy;
    CK_LOCKMUTEX lock;
    CK_UNLOCKMUTEX unlock;
    CK_FLAGS flags;
    void *reserved;
};

/* All four functions or none. */
static CK_RV check_arguments(const struct initialize_args *args)
{
    if (args == NULL)
        return CKR_OK;
    if (args->reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    int n = (args->create != NULL) + (args->destroy != NULL) + (args->lock != NULL) +
            (args->unlock != NULL);
    return n == 0 || n == 4 ? CKR_OK : CKR_ARGUMENTS_BAD;
}

/* A mutex of the host's making, if he wants it so. */
static CK_RV host_mutex_new(const struct initialize_args *args, struct host_mutex *ret)
{
    *ret = (struct host_mutex){0};
    if (args == NULL || args->create == NULL || (args->flags & CKF_OS_LOCKING_OK) != 0)
        return CKR_OK;
    P11_TRY(args->create(&ret->mutex));
    ret->destroy = args->destroy;
    ret->lock = args->lock;
    ret->unlock = args->unlock;
    return CKR_OK;
}

/* With the lock held, of which the system's half stays held. */
static void host_mutex_end(void)
{
    const struct host_mutex *with = atomic_exchange(&host, NULL);
    held = NULL;
    if (with == NULL)
        return;
    (void)with->unlock(with->mutex);
    (void)with->destroy(with->mutex);
}

CK_RV C_Initialize(CK_VOID_PTR pInitArgs)
{
    struct host_mutex mutex = {0};
    P11_TRY(check_arguments(pInitArgs));
    P11_TRY(host_mutex_new(pInitArgs, &mutex));
    km_p11_lock();
    CK_RV rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    if (!is_initialized)
        rv = km_p11_config_load(&config);
    if (rv == CKR_OK)
        rv = km_p11_slots_begin();
    if (rv == CKR_OK) {
        is_initialized = true;
        life++;
        host_storage = mutex;
    }
    km_p11_unlock();
    if (rv == CKR_OK && mutex.lock != NULL)
        atomic_store(&host, &host_storage);
    else if (mutex.lock != NULL)
        (void)mutex.destroy(mutex.mutex);
    return rv;
}

CK_RV C_Finalize(CK_VOID_PTR pReserved)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    if (pReserved != NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_enter(&entered));
    is_initialized = false;
    life++;
    km_p11_objects_clear();
    km_p11_sessions_clear();
    km_p11_listings_forget();
    km_p11_slots_clear();
    km_p11_wake();
    host_mutex_end();
    return CKR_OK;
}

void km_p11_pad(CK_UTF8CHAR *to, size_t len, const char *text)
{
    size_t n = strnlen(text, len);
    km_copy(to, len, text, n);
    for (size_t i = n; i < len; i++)
        to[i] = ' ';
}

CK_RV C_GetInfo(CK_INFO_PTR pInfo)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    if (pInfo == NULL)
        return CKR_ARGUMENTS_BAD;
    *pInfo = (CK_INFO){.cryptokiVersion = {3, 0}, .libraryVersion = {0, 1}};
    km_p11_pad(pInfo->manufacturerID, sizeof(pInfo->manufacturerID), "Keymoor");
    km_p11_pad(pInfo->libraryDescription, sizeof(pInfo->libraryDescription), "Keymoor PKCS#11");
    return CKR_OK;
}

/* ---- tables ---- */

#define NO_ITEM UINT32_MAX

/* A handle: the place in the lower half, counted from 1, and which use of it this is. */
static CK_ULONG handle_of(const struct km_p11_table *table, uint32_t at)
{
    return ((CK_ULONG)table->generations[at] << 32) | (at + 1u);
}

static CK_RV grow(struct km_p11_table *table)
{
    uint32_t room = table->room == 0 ? 64 : 2 * table->room;
    void **items = realloc(table->items, room * sizeof(*items));
    if (items == NULL)
        return CKR_HOST_MEMORY;
    table->items = items;
    uint32_t *generations = realloc(table->generations, room * sizeof(*generations));
    if (generations == NULL)
        return CKR_HOST_MEMORY;
    table->generations = generations;
    for (uint32_t i = table->room; i < room; i++) {
        items[i] = NULL;
        generations[i] = 0;
    }
    table->room = room;
    return CKR_OK;
}

CK_RV km_p11_table_add(struct km_p11_table *table, void *item, CK_ULONG *ret_handle)
{
    uint32_t at = table->first_free;
    while (at < table->n_items && table->items[at] != NULL)
        at++;
    if (at == table->room)
        P11_TRY(grow(table));
    table->items[at] = item;
    table->first_free = at + 1;
    table->n_items = at + 1 > table->n_items ? at + 1 : table->n_items;
    table->n_used++;
    *ret_handle = handle_of(table, at);
    return CKR_OK;
}

static uint32_t place_of(const struct km_p11_table *table, CK_ULONG handle)
{
    uint32_t at = (uint32_t)handle - 1u;
    bool fits = at < table->n_items && table->items[at] != NULL && handle_of(table, at) == handle;
    return fits ? at : NO_ITEM;
}

void *km_p11_table_find(const struct km_p11_table *table, CK_ULONG handle)
{
    uint32_t at = place_of(table, handle);
    return at == NO_ITEM ? NULL : table->items[at];
}

void *km_p11_table_remove(struct km_p11_table *table, CK_ULONG handle)
{
    uint32_t at = place_of(table, handle);
    if (at == NO_ITEM)
        return NULL;
    void *item = table->items[at];
    table->items[at] = NULL;
    table->generations[at]++;
    table->n_used--;
    if (at < table->first_free)
        table->first_free = at;
    return item;
}

void km_p11_table_clear(struct km_p11_table *table)
{
    free(table->items);
    free(table->generations);
    *table = (struct km_p11_table){0};
}
