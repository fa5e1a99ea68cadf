/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PKCS#11 module among others: threads that log in, save and destroy while others sign, and other processes that change what is on the
 * token. KM_TEST_MODULE: its path; KM_TEST_OBJECTS: among how many objects is searched.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/interop/pkcs11_rig.h"
#include "tests/unit/km_test.h"

#define PATIENCE_S 200 /* a machine that has much else to do comes to it late */
#define LOGINS 4u

static struct km_rig rig;
static CK_FUNCTION_LIST *p11;
static CK_SESSION_HANDLE session;
static CK_SLOT_ID token;

static CK_BBOOL yes = CK_TRUE;
static CK_UTF8CHAR pin[] = "1234";
static CK_UTF8CHAR so_pin[] = "5678";

#define OK(call) assert_int_equal((call), CKR_OK)
#define PIN_LEN 4u

static void load(void)
{
    assert_true(km_rig_load(getenv("KM_TEST_MODULE"), &rig));
    p11 = rig.p11;
}

static CK_SESSION_HANDLE open_session(CK_SLOT_ID slot)
{
    CK_SESSION_HANDLE opened = 0;
    OK(km_rig_open(&rig, slot, &opened));
    return opened;
}

/* Tokens are looked for when slots are asked for. */
static void begin(void)
{
    CK_ULONG n = 0;
    OK(p11->C_Initialize(NULL));
    OK(p11->C_GetSlotList(CK_TRUE, NULL, &n));
    session = open_session(0);
}

static int set_up(void **state)
{
    (void)state;
    begin();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    OK(p11->C_Finalize(NULL));
    return 0;
}

/* A token with a user PIN in the slot after the first, once for all tests. */
static void make_token(void)
{
    CK_UTF8CHAR label[33] = "together                        ";
    CK_SLOT_ID slots[8] = {0};
    CK_ULONG n = 8;
    OK(p11->C_Initialize(NULL));
    OK(p11->C_GetSlotList(CK_TRUE, slots, &n));
    token = slots[n - 1];
    OK(p11->C_InitToken(token, so_pin, PIN_LEN, label));
    session = open_session(token);
    OK(p11->C_Login(session, CKU_SO, so_pin, PIN_LEN));
    OK(p11->C_InitPIN(session, pin, PIN_LEN));
    OK(p11->C_Finalize(NULL));
}

static CK_OBJECT_HANDLE make_pair(CK_SESSION_HANDLE in, const char *label)
{
    CK_OBJECT_HANDLE keys[2] = {0};
    OK(km_rig_pair(&rig, in, label, keys));
    return keys[1];
}

static CK_RV set_label(CK_OBJECT_HANDLE object, const char *label)
{
    CK_ATTRIBUTE name = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
    return p11->C_SetAttributeValue(session, object, &name, 1);
}

static unsigned found(CK_ATTRIBUTE *wanted, CK_ULONG n_wanted)
{
    CK_OBJECT_HANDLE handles[64] = {0};
    CK_ULONG n = 64;
    unsigned total = 0;
    OK(p11->C_FindObjectsInit(session, wanted, n_wanted));
    while (n > 0) {
        OK(p11->C_FindObjects(session, handles, 64, &n));
        total += (unsigned)n;
    }
    OK(p11->C_FindObjectsFinal(session));
    return total;
}

static unsigned labelled(const char *label)
{
    CK_ATTRIBUTE wanted = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
    return found(&wanted, 1);
}

/* ---- one signs, another one waits for the service ---- */

static struct {
    CK_OBJECT_HANDLE key;
    atomic_uint n_signed;
    atomic_bool is_over, has_failed;
} signer;

static void *sign_on(void *arg)
{
    CK_SESSION_HANDLE own = 0;
    CK_MECHANISM sign = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {1};
    if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK)
        atomic_store(&signer.has_failed, true);
    while (!atomic_load(&signer.is_over) && !atomic_load(&signer.has_failed)) {
        CK_BYTE signature[64] = {0};
        CK_ULONG len = 64;
        if (p11->C_SignInit(own, &sign, signer.key) != CKR_OK ||
            p11->C_Sign(own, digest, 32, signature, &len) != CKR_OK)
            atomic_store(&signer.has_failed, true);
        (void)atomic_fetch_add(&signer.n_signed, 1);
    }
    return arg;
}

static void signer_start(pthread_t *thread)
{
    signer.key = make_pair(session, "signer");
    atomic_store(&signer.n_signed, 0);
    atomic_store(&signer.is_over, false);
    atomic_store(&signer.has_failed, false);
    assert_int_equal(pthread_create(thread, NULL, sign_on, NULL), 0);
    while (atomic_load(&signer.n_signed) == 0 && !atomic_load(&signer.has_failed))
        (void)usleep(100);
}

static void signer_stop(pthread_t thread)
{
    atomic_store(&signer.is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(atomic_load(&signer.has_failed));
    OK(p11->C_DestroyObject(session, signer.key));
}

/*
 * With the lock held in between, the signer would get through once at most while the call lasts. How often it does depends on what else
 * the machine has to do, so it is enough that it does once in many calls.
 */
static bool goes_on_during(void (*call)(unsigned attempt), unsigned enough)
{
    const time_t end = time(NULL) + PATIENCE_S;
    for (unsigned i = 0; time(NULL) < end; i++) {
        unsigned before = atomic_load(&signer.n_signed);
        call(i);
        if (atomic_load(&signer.n_signed) - before >= enough)
            return true;
    }
    return false;
}

static CK_SESSION_HANDLE on_token;

static void log_in_and_out(unsigned attempt)
{
    (void)attempt;
    OK(p11->C_Login(on_token, CKU_USER, pin, PIN_LEN));
    OK(p11->C_Logout(on_token));
}

static void guess_wrong(unsigned attempt)
{
    (void)attempt;
    assert_int_equal(p11->C_Login(on_token, CKU_USER, so_pin, PIN_LEN), CKR_PIN_INCORRECT);
    log_in_and_out(attempt); /* so that no guess is counted */
}

static void signs_during_a_login(void **state)
{
    pthread_t thread = 0;
    (void)state;
    on_token = open_session(token);
    signer_start(&thread);
    assert_true(goes_on_during(log_in_and_out, 8));
    assert_true(goes_on_during(guess_wrong, 8));
    signer_stop(thread);
}

static CK_OBJECT_HANDLE renamed;

static void rename_it(unsigned attempt)
{
    OK(set_label(renamed, attempt % 2 == 0 ? "even" : "odd"));
}

static void make_and_destroy(unsigned attempt)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG len = 16;
    CK_ATTRIBUTE wish[] = {{CKA_VALUE_LEN, &len, sizeof(len)}, {CKA_TOKEN, &yes, 1}};
    CK_OBJECT_HANDLE made = 0;
    (void)attempt;
    OK(p11->C_GenerateKey(session, &mechanism, wish, 2, &made));
    OK(p11->C_DestroyObject(session, made));
}

static void signs_during_saves(void **state)
{
    pthread_t thread = 0;
    (void)state;
    renamed = make_pair(session, "renamed");
    signer_start(&thread);
    assert_true(goes_on_during(rename_it, 8));
    assert_true(goes_on_during(make_and_destroy, 16));
    signer_stop(thread);
    OK(p11->C_DestroyObject(session, renamed));
}

/* ---- logins that meet ---- */

static void *log_in(void *arg)
{
    CK_RV *rv = arg;
    *rv = p11->C_Login(on_token, CKU_USER, pin, PIN_LEN);
    return NULL;
}

static CK_STATE state_of(CK_SESSION_HANDLE of)
{
    CK_SESSION_INFO info = {0};
    OK(p11->C_GetSessionInfo(of, &info));
    return info.state;
}

static void one_login_of_two(void **state)
{
    (void)state;
    on_token = open_session(token);
    for (unsigned i = 0; i < LOGINS; i++) {
        pthread_t threads[2] = {0};
        CK_RV rv[2] = {0};
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(pthread_create(&threads[k], NULL, log_in, &rv[k]), 0);
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(pthread_join(threads[k], NULL), 0);
        assert_true((rv[0] == CKR_OK && rv[1] == CKR_USER_ALREADY_LOGGED_IN) ||
                    (rv[1] == CKR_OK && rv[0] == CKR_USER_ALREADY_LOGGED_IN));
        assert_int_equal(state_of(on_token), CKS_RW_USER_FUNCTIONS);
        OK(p11->C_Logout(on_token));
    }
}

static void closed_during_a_login(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOGINS; i++) {
        pthread_t thread = 0;
        CK_RV rv = CKR_OK;
        on_token = open_session(token);
        assert_int_equal(pthread_create(&thread, NULL, log_in, &rv), 0);
        (void)usleep(20000 * i);
        OK(p11->C_CloseAllSessions(token));
        CK_SESSION_HANDLE next = open_session(token);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID);
        /* Nobody is logged in by a session that is gone. */
        assert_int_equal(state_of(next), CKS_RW_PUBLIC_SESSION);
        OK(p11->C_CloseAllSessions(token));
    }
}

static void finalised_during_a_login(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOGINS; i++) {
        pthread_t thread = 0;
        CK_RV rv = CKR_OK;
        on_token = open_session(token);
        assert_int_equal(pthread_create(&thread, NULL, log_in, &rv), 0);
        (void)usleep(20000 * i);
        OK(p11->C_Finalize(NULL));
        begin();
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED ||
                    rv == CKR_SESSION_HANDLE_INVALID);
        CK_SESSION_HANDLE next = open_session(token);
        assert_int_equal(state_of(next), CKS_RW_PUBLIC_SESSION);
    }
}

/* ---- objects that go meanwhile ---- */

static atomic_bool is_over;
static _Atomic CK_OBJECT_HANDLE current;

static bool is_fine(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID;
}

static void *look_on(void *arg)
{
    bool *is_good = arg;
    CK_SESSION_HANDLE own = 0;
    CK_MECHANISM sign = {CKM_ECDSA, NULL, 0};
    *is_good =
        p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &own) == CKR_OK;
    while (*is_good && !atomic_load(&is_over)) {
        CK_BYTE value[128] = {0};
        CK_ATTRIBUTE asked[] = {{CKA_PUBLIC_KEY_INFO, value, sizeof(value)}};
        CK_RV rv = p11->C_SignInit(own, &sign, atomic_load(&current));
        *is_good =
            is_fine(p11->C_GetAttributeValue(own, atomic_load(&current), asked, 1)) && is_fine(rv);
        if (rv == CKR_OK)
            (void)p11->C_SignInit(own, NULL, 0);
        if (p11->C_FindObjectsInit(own, asked, 0) != CKR_OK ||
            p11->C_FindObjectsFinal(own) != CKR_OK)
            *is_good = false;
    }
    return NULL;
}

static void destroyed_meanwhile(void **state)
{
    pthread_t threads[3] = {0};
    bool is_good[3] = {0};
    (void)state;
    atomic_store(&is_over, false);
    atomic_store(&current, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_on, &is_good[i]), 0);
    for (unsigned i = 0; i < 30; i++) {
        CK_OBJECT_HANDLE made = make_pair(session, "short-lived");
        atomic_store(&current, made);
        OK(set_label(made, "short-lived, renamed"));
        OK(p11->C_DestroyObject(session, made));
        assert_int_equal(p11->C_DestroyObject(session, made), CKR_OBJECT_HANDLE_INVALID);
    }
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(is_good[i]);
    }
    assert_int_equal(labelled("short-lived"), 0);
    assert_int_equal(labelled("short-lived, renamed"), 0);
}

/* ---- searches ---- */

/* What this process changes is seen by its next search, in which nothing is listed again. */
static void own_changes(void **state)
{
    (void)state;
    assert_int_equal(labelled("own"), 0);
    CK_OBJECT_HANDLE made = make_pair(session, "own");
    assert_int_equal(labelled("own"), 2);
    OK(set_label(made, "own, renamed"));
    assert_int_equal(labelled("own"), 1);
    assert_int_equal(labelled("own, renamed"), 1);
    OK(p11->C_DestroyObject(session, made));
    assert_int_equal(labelled("own"), 0); /* the public half is gone with its key */
    assert_int_equal(labelled("own, renamed"), 0);
}

/* One octet over a pipe and one back: whose turn it is. */
static void say(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static void hear(int fd)
{
    char octet = 0;
    assert_int_equal(read(fd, &octet, 1), 1);
}

/* In a process of its own: each step when it is told to. */
static void other_process(int from, int to)
{
    OK(p11->C_Initialize(NULL));
    session = open_session(0);
    hear(from);
    CK_OBJECT_HANDLE made = make_pair(session, "other");
    say(to);
    hear(from);
    OK(set_label(made, "other, renamed"));
    say(to);
    hear(from);
    OK(p11->C_DestroyObject(session, made));
    say(to);
}

static void other_process_changes(void **state)
{
    int there[2] = {0};
    int back[2] = {0};
    (void)state;
    assert_int_equal(pipe2(there, O_CLOEXEC), 0);
    assert_int_equal(pipe2(back, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        other_process(there[0], back[1]);
        _exit(0);
    }
    static const struct {
        unsigned n, n_renamed;
    } EXPECTED[] = {{2, 0}, {1, 1}, {0, 0}};
    assert_int_equal(labelled("other"), 0);
    for (size_t i = 0; i < KM_ARRAY_LEN(EXPECTED); i++) {
        say(there[1]);
        hear(back[0]);
        for (unsigned k = 0; k < 3; k++) { /* and then it stays so */
            assert_int_equal(labelled("other"), EXPECTED[i].n);
            assert_int_equal(labelled("other, renamed"), EXPECTED[i].n_renamed);
        }
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (unsigned i = 0; i < 2; i++) {
        (void)close(there[i]);
        (void)close(back[i]);
    }
}

static CK_OBJECT_HANDLE make_secret(unsigned id)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG len = 16;
    CK_ATTRIBUTE wish[] = {{CKA_VALUE_LEN, &len, sizeof(len)},
                           {CKA_TOKEN, &yes, 1},
                           {CKA_ID, &id, sizeof(id)},
                           {CKA_LABEL, "one of many", 11}};
    CK_OBJECT_HANDLE made = 0;
    OK(p11->C_GenerateKey(session, &mechanism, wish, 4, &made));
    return made;
}

static void assert_many(unsigned n)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ULONG len = 16;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_ID, NULL, sizeof(unsigned)},
                             {CKA_VALUE_LEN, &len, sizeof(len)}};
    assert_int_equal(found(wanted, 1), n);
    assert_int_equal(labelled("one of many"), n);
    for (unsigned id = 0; id <= n; id++) {
        wanted[1].pValue = &id;
        assert_int_equal(found(wanted, 3), id < n ? 1 : 0);
    }
}

static void many_objects(void **state)
{
    const char *given = getenv("KM_TEST_OBJECTS");
    unsigned n = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 150;
    CK_OBJECT_HANDLE *made = calloc(n, sizeof(*made));
    (void)state;
    assert_non_null(made);
    for (unsigned i = 0; i < n; i++)
        made[i] = make_secret(i);
    assert_many(n);
    OK(p11->C_Finalize(NULL));
    OK(p11->C_Initialize(NULL));
    session = open_session(0);
    assert_many(n);
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_ULONG n_found = 0;
    OK(p11->C_FindObjectsInit(session, &wanted, 1));
    OK(p11->C_FindObjects(session, made, n, &n_found));
    OK(p11->C_FindObjectsFinal(session));
    for (unsigned i = 0; i < n; i++)
        OK(p11->C_DestroyObject(session, made[i]));
    assert_many(0);
    free(made);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(signs_during_a_login),  T(signs_during_saves),       T(one_login_of_two),
        T(closed_during_a_login), T(finalised_during_a_login), T(destroyed_meanwhile),
        T(own_changes),           T(other_process_changes),    T(many_objects),
    };
    load();
    make_token();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
