/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/engine/engine_own.h"

#include <pthread.h>
#include <stdlib.h>

#include "interop/engine/engine.h"

struct engine_own {
    struct engine_key *key; /* NULL: not taken in yet */
    bool may_renew;         /* the program has the private part itself */
    BIGNUM *public;         /* of the object when it got its key; NULL where the kind has none */
};

/* Guards what stands in objects' extra data; never held while the service works. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    (void)pthread_mutex_unlock(&lock);
}

static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork, after_fork);
}

static void take_lock(void)
{
    (void)pthread_once(&once, watch_forks);
    (void)pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

void engine_own_free(void *parent, void *own, CRYPTO_EX_DATA *data, int index, long argl,
                     void *argp)
{
    struct engine_own *gone = own;
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    if (gone != NULL) {
        engine_key_unref(gone->key);
        BN_free(gone->public);
    }
    free(gone);
}

void *engine_own_dup(void *own)
{
    const struct engine_own *from = own;
    if (from == NULL)
        return NULL;
    struct engine_own *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    take_lock();
    made->key = engine_key_ref(from->key);
    made->may_renew = from->may_renew;
    give_lock();
    return made;
}

/* With the lock held. NULL when memory is short. */
static struct engine_own *own_of(const struct engine_kind *kind, void *object)
{
    struct engine_own *own = kind->get(object);
    if (own != NULL)
        return own;
    own = calloc(1, sizeof(*own));
    if (own == NULL || !kind->set(object, own)) {
        free(own);
        return NULL;
    }
    own->may_renew = true;
    return own;
}

/* With the lock held: what the key stands for from now on. False when memory is short. */
static bool note_public(const struct engine_kind *kind, const void *object, struct engine_own *own)
{
    if (kind->public_number == NULL)
        return true;
    BN_free(own->public);
    own->public = BN_dup(kind->public_number(object));
    return own->public != NULL;
}

/* Programs put other numbers into an object that they have: its key of before must not go on. */
static bool is_of(const struct engine_kind *kind, const void *object, const struct engine_own *own)
{
    const BIGNUM *public = kind->public_number == NULL ? NULL : kind->public_number(object);
    return kind->public_number == NULL ||
           (public != NULL && own->public != NULL && BN_cmp(public, own->public) == 0);
}

int engine_own_attach(const struct engine_kind *kind, void *object, struct engine_key *key,
                      bool has_private)
{
    take_lock();
    struct engine_own *own = own_of(kind, object);
    struct engine_key *before = key;
    bool noted = own != NULL && note_public(kind, object, own);
    if (noted) {
        before = own->key;
        own->key = key;
        own->may_renew = has_private;
    }
    give_lock();
    engine_key_unref(before);
    return noted;
}

bool engine_own_is(const struct engine_kind *kind, const void *object)
{
    take_lock();
    const struct engine_own *own = kind->get(object);
    bool is = own != NULL && own->key != NULL && is_of(kind, object, own);
    give_lock();
    return is;
}

/* With the lock held; what was there is the caller's. */
static struct engine_key *take_out(struct engine_own *own)
{
    own->may_renew = true;
    return km_steal(&own->key);
}

void engine_own_forget(const struct engine_kind *kind, void *object)
{
    take_lock();
    struct engine_own *own = kind->get(object);
    struct engine_key *gone = own == NULL ? NULL : take_out(own);
    give_lock();
    engine_key_unref(gone);
}

static bool is_good(const struct engine_own *own, const struct engine_key *stale)
{
    return own->key != NULL &&
           (!own->may_renew || (own->key != stale && engine_key_is_here(own->key)));
}

/* The key of the object, taken in anew when it is the stale one. Returns owned; NULL after raising. */
static struct engine_key *bring(const struct engine_kind *kind, void *object,
                                const struct engine_key *stale)
{
    struct engine_key *found = NULL;
    struct engine_key *gone = NULL;
    take_lock();
    struct engine_own *own = own_of(kind, object);
    if (own != NULL && !is_of(kind, object, own))
        gone = take_out(own);
    if (own != NULL && is_good(own, stale))
        found = engine_key_ref(own->key);
    give_lock();
    engine_key_unref(gone);
    if (own == NULL || found != NULL)
        return found;
    struct engine_key *fresh = kind->import(object);
    if (fresh == NULL)
        return NULL;
    take_lock();
    gone = fresh; /* another thread was faster */
    if (!is_good(own, stale)) {
        gone = own->key;
        own->key = fresh;
        (void)note_public(kind, object, own); /* else it is taken in anew the next time */
    }
    found = engine_key_ref(own->key);
    give_lock();
    engine_key_unref(gone);
    return found;
}

int engine_own_run(const struct engine_kind *kind, void *object, engine_own_call call, void *arg,
                   const char *what)
{
    KM_AUTO(engine_key_unrefp) struct engine_key *key = bring(kind, object, NULL);
    if (key == NULL)
        return 0;
    ClrcResult result = call(engine_key_handle(key), arg);
    if (result == CLRC_ERROR_KEY_GONE || result == CLRC_ERROR_SERVICE_DIED) {
        KM_AUTO(engine_key_unrefp) struct engine_key *again = bring(kind, object, key);
        if (again == NULL)
            return 0;
        result = call(engine_key_handle(again), arg);
    }
    return engine_clrc(result, what, __func__);
}
