/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to keys and to the module while other threads wait for the service with them: they are destroyed, a login ends, the module is
 * finalised. KM_TEST_MODULE: its path.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/interop/pkcs11_calls.h"

#define USERS 3u
#define ROUNDS 20u
#define LOGINS 4u
#define PIN_LEN 4u

static CK_UTF8CHAR pin[] = "1234";
static CK_UTF8CHAR so_pin[] = "5678";
static CK_SLOT_ID token;

/* A token with a user PIN in the slot after the last. */
static void make_token(void)
{
    CK_UTF8CHAR label[33] = "meanwhile                       ";
    CK_SLOT_ID slots[8] = {0};
    CK_SESSION_HANDLE own = 0;
    CK_ULONG n = 8;
    OK(p11->C_Initialize(NULL));
    OK(p11->C_GetSlotList(CK_TRUE, slots, &n));
    token = slots[n - 1];
    OK(p11->C_InitToken(token, so_pin, PIN_LEN, label));
    OK(p11->C_OpenSession(token, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &own));
    OK(p11->C_Login(own, CKU_SO, so_pin, PIN_LEN));
    OK(p11->C_InitPIN(own, pin, PIN_LEN));
    OK(p11->C_Finalize(NULL));
}

/* ---- who uses a key that may go at any time ---- */

static struct {
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE wrapping;
    _Atomic CK_OBJECT_HANDLE key;
    atomic_bool is_over;
    atomic_uint n_done;     /* rounds in which something came of it */
    atomic_bool has_failed; /* somebody's call, in a way that it must not */
} used;

static bool is_fine(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID ||
           rv == CKR_USER_NOT_LOGGED_IN;
}

static bool use(CK_SESSION_HANDLE own)
{
    CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0};
    CK_BYTE check[3] = {0};
    CK_BYTE wrapped[64] = {0};
    CK_ULONG len = sizeof(wrapped);
    CK_ATTRIBUTE asked = {CKA_CHECK_VALUE, check, sizeof(check)};
    CK_ATTRIBUTE here = ATTR_BOOL(CKA_TOKEN, no);
    CK_OBJECT_HANDLE key = atomic_load(&used.key);
    CK_OBJECT_HANDLE copy = 0;
    CK_RV told = p11->C_GetAttributeValue(own, key, &asked, 1);
    CK_RV copied = p11->C_CopyObject(own, key, &here, 1, &copy);
    CK_RV gone = copied == CKR_OK ? p11->C_DestroyObject(own, copy) : CKR_OK;
    CK_RV begun = p11->C_DigestInit(own, &sha256);
    CK_RV digested = p11->C_DigestKey(own, key);
    (void)p11->C_DigestInit(own, NULL); /* ends it, where DigestKey has not */
    /* What the wrapping key demands is not so: the answer comes after a look at the service. */
    CK_RV under = p11->C_WrapKey(own, &kwp, used.wrapping, key, wrapped, &len);
    if (told == CKR_OK && copied == CKR_OK)
        (void)atomic_fetch_add(&used.n_done, 1);
    bool good = is_fine(told) && is_fine(copied) && is_fine(gone) && begun == CKR_OK &&
                is_fine(digested) && (is_fine(under) || under == CKR_KEY_NOT_WRAPPABLE);
    if (!good)
        fprintf(stderr, "told %lx copied %lx gone %lx begun %lx digested %lx under %lx\n", told,
                copied, gone, begun, digested, under);
    return good;
}

static void *user(void *arg)
{
    bool *is_good = arg;
    CK_SESSION_HANDLE own = 0;
    *is_good = p11->C_OpenSession(used.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                  &own) == CKR_OK;
    while (*is_good && !atomic_load(&used.is_over))
        *is_good = use(own);
    if (!*is_good)
        atomic_store(&used.has_failed, true);
    return NULL;
}

static CK_OBJECT_HANDLE make(CK_SESSION_HANDLE in, CK_ATTRIBUTE *more)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG len = 16;
    CK_OBJECT_HANDLE key = 0;
    CK_ATTRIBUTE wish[] = {{CKA_VALUE_LEN, &len, sizeof(len)},
                           ATTR_BOOL(CKA_TOKEN, yes),
                           ATTR_BOOL(CKA_EXTRACTABLE, yes),
                           ATTR_BOOL(CKA_SENSITIVE, no),
                           *more};
    OK(p11->C_GenerateKey(in, &generate, wish, 5, &key));
    return key;
}

static void while_used(CK_SLOT_ID slot, void (*disturb)(unsigned round), unsigned rounds)
{
    CK_BYTE wrong[3] = {0};
    CK_ATTRIBUTE inner = {CKA_CHECK_VALUE, wrong, sizeof(wrong)};
    CK_ATTRIBUTE demand[] = {ATTR_BOOL(CKA_WRAP, yes),
                             {CKA_WRAP_TEMPLATE, &inner, sizeof(inner)},
                             ATTR_BOOL(CKA_PRIVATE, no)};
    pthread_t threads[USERS] = {0};
    bool is_good[USERS] = {0};
    used.slot = slot;
    used.wrapping = secret_key(CKM_AES_KEY_GEN, 16, demand, 3);
    atomic_store(&used.is_over, false);
    atomic_store(&used.n_done, 0);
    for (unsigned i = 0; i < USERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, user, &is_good[i]), 0);
    for (unsigned round = 0; round < rounds; round++)
        disturb(round);
    atomic_store(&used.is_over, true);
    for (unsigned i = 0; i < USERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(is_good[i]);
    }
}

/* Each key is used at least once, and goes in the middle of the next time. */
static void until_used(void)
{
    unsigned before = atomic_load(&used.n_done);
    while (atomic_load(&used.n_done) == before && !atomic_load(&used.has_failed))
        (void)usleep(1000);
}

static void make_and_destroy(unsigned round)
{
    CK_ATTRIBUTE more = ATTR_BOOL(CKA_PRIVATE, no);
    CK_OBJECT_HANDLE key = make(session, &more);
    (void)round;
    atomic_store(&used.key, key);
    until_used();
    OK(p11->C_DestroyObject(session, key));
}

static void destroyed_meanwhile(void **state)
{
    (void)state;
    while_used(0, make_and_destroy, ROUNDS);
}

static CK_SESSION_HANDLE on_token;

static void log_in_and_out(unsigned round)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, ATTR_BOOL(CKA_TOKEN, yes)};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG n = 0;
    (void)round;
    OK(p11->C_Login(on_token, CKU_USER, pin, PIN_LEN));
    OK(p11->C_FindObjectsInit(on_token, wanted, 2));
    OK(p11->C_FindObjects(on_token, &key, 1, &n));
    OK(p11->C_FindObjectsFinal(on_token));
    assert_int_equal(n, 1);
    assert_int_not_equal(key, atomic_load(&used.key)); /* it has a handle for each login */
    atomic_store(&used.key, key);
    until_used();
    OK(p11->C_Logout(on_token));
}

static void logged_out_meanwhile(void **state)
{
    CK_ATTRIBUTE more = ATTR_BOOL(CKA_PRIVATE, yes);
    CK_ULONG n = 0;
    (void)state;
    OK(p11->C_GetSlotList(CK_TRUE, NULL, &n));
    OK(p11->C_OpenSession(token, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &on_token));
    OK(p11->C_Login(on_token, CKU_USER, pin, PIN_LEN));
    atomic_store(&used.key, make(on_token, &more));
    OK(p11->C_Logout(on_token));
    session = on_token;
    while_used(token, log_in_and_out, LOGINS);
}

/* ---- finalised, with locks of the host's ---- */

static pthread_mutex_t hosts = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_mutexes, n_held;

static CK_RV create_mutex(CK_VOID_PTR_PTR mutex)
{
    (void)atomic_fetch_add(&n_mutexes, 1);
    *mutex = &hosts;
    return CKR_OK;
}

static CK_RV destroy_mutex(CK_VOID_PTR mutex)
{
    (void)mutex;
    (void)atomic_fetch_sub(&n_mutexes, 1);
    return CKR_OK;
}

static CK_RV lock_mutex(CK_VOID_PTR mutex)
{
    if (pthread_mutex_lock(mutex) != 0)
        return CKR_GENERAL_ERROR;
    (void)atomic_fetch_add(&n_held, 1);
    return CKR_OK;
}

static CK_RV unlock_mutex(CK_VOID_PTR mutex)
{
    (void)atomic_fetch_sub(&n_held, 1);
    return pthread_mutex_unlock(mutex) == 0 ? CKR_OK : CKR_MUTEX_NOT_LOCKED;
}

/* As the standard has them, without NSS's member. */
static struct {
    CK_CREATEMUTEX create;
    CK_DESTROYMUTEX destroy;
    CK_LOCKMUTEX lock;
    CK_UNLOCKMUTEX unlock;
    CK_FLAGS flags;
    void *reserved;
} args = {create_mutex, destroy_mutex, lock_mutex, unlock_mutex, 0, NULL};

static void *log_in(void *arg)
{
    CK_RV *rv = arg;
    *rv = p11->C_Login(on_token, CKU_USER, pin, PIN_LEN);
    return NULL;
}

static void *await_event(void *arg)
{
    CK_RV *rv = arg;
    CK_SLOT_ID slot = 0;
    *rv = p11->C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

static void finalised_with_locks_of_the_host(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOGINS; i++) {
        pthread_t threads[2] = {0};
        CK_RV rv[2] = {0};
        CK_ULONG n = 0;
        OK(p11->C_Initialize(&args));
        OK(p11->C_GetSlotList(CK_TRUE, NULL, &n));
        OK(p11->C_OpenSession(token, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &on_token));
        assert_int_equal(pthread_create(&threads[0], NULL, log_in, &rv[0]), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, await_event, &rv[1]), 0);
        (void)usleep(20000 * i);
        OK(p11->C_Finalize(NULL));
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(pthread_join(threads[k], NULL), 0);
        assert_true(rv[0] == CKR_OK || rv[0] == CKR_CRYPTOKI_NOT_INITIALIZED);
        assert_int_equal(rv[1], CKR_CRYPTOKI_NOT_INITIALIZED);
        assert_int_equal(atomic_load(&n_mutexes), 0);
        assert_int_equal(atomic_load(&n_held), 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        T(destroyed_meanwhile),
        T(logged_out_meanwhile),
        cmocka_unit_test(finalised_with_locks_of_the_host),
    };
    rig_load();
    make_token();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
