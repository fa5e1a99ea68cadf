/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_door_ends provider|engine: ends of programs, forks, and deaths of the service, in every state that a door can be in. The
 * environment says where OpenSSL finds the door. Programs that have to end are this one again: test_door_ends DOOR ACTION.
 * SIGPIPE is left as it is: who writes to a dead service without care is ended by it.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "interop/door/door_error.h"
#include "tests/integration/service.h"
#include "tests/interop/provider_rig.h"

#define N_THREADS 4
/* Programs begin slowly under a sanitizer. */
#define N_EXITS (KM_TEST_SANITIZED ? 5 : 40)
#define CHILD_LIMIT_S 120
/* A sanitizer's own allocator is not ready for a fork beside busy threads. */
#define N_BUSY_AT_FORK (KM_TEST_SANITIZED ? 0 : N_THREADS)

static struct km_service *service;
static const char *door;
static char *self;
static size_t n_files_at_start;
static ENGINE *engine;

static bool by_engine(void)
{
    return strcmp(door, "engine") == 0;
}

/* NULL when the door does not give it. */
static EVP_PKEY *load(const char *name)
{
    char uri[32] = "";
    if (!by_engine()) {
        (void)snprintf(uri, sizeof(uri), "clrc:%s", name);
        return prig_load(uri);
    }
    if (engine == NULL) {
        ENGINE_load_dynamic();
        engine = ENGINE_by_id("clrc");
        if (engine == NULL || ENGINE_init(engine) != 1)
            return NULL;
    }
    return ENGINE_load_private_key(engine, name, NULL, NULL);
}

static EVP_PKEY *must_load(const char *name)
{
    EVP_PKEY *key = load(name);
    if (key == NULL)
        ERR_print_errors_fp(stderr);
    assert_non_null(key);
    ERR_clear_error();
    return key;
}

/* The public part alone, as OpenSSL's own. */
static EVP_PKEY *public_part(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const unsigned char *at = der;
    EVP_PKEY *public = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
    OPENSSL_free(der);
    return public;
}

static bool signs(EVP_PKEY *key)
{
    EVP_PKEY *public = public_part(key);
    bool done = public != NULL && prig_sign_and_verify(key, public, false);
    EVP_PKEY_free(public);
    return done;
}

/* ---- threads that sign ---- */

struct signers {
    EVP_PKEY *key;
    pthread_t threads[N_THREADS];
    size_t n;
    atomic_bool stop;
    atomic_uint good[N_THREADS];
    atomic_uint bad;
    atomic_uint next;
};

static void *sign_on(void *arg)
{
    struct signers *signers = arg;
    unsigned me = atomic_fetch_add(&signers->next, 1);
    EVP_PKEY *public = public_part(signers->key);
    while (!atomic_load(&signers->stop)) {
        if (prig_sign_and_verify(signers->key, public, false))
            atomic_fetch_add(&signers->good[me], 1);
        else
            atomic_fetch_add(&signers->bad, 1);
        ERR_clear_error();
    }
    EVP_PKEY_free(public);
    return NULL;
}

static bool signers_start(struct signers *signers, EVP_PKEY *key, size_t n)
{
    *signers = (struct signers){.key = key};
    while (signers->n < n &&
           pthread_create(&signers->threads[signers->n], NULL, sign_on, signers) == 0)
        signers->n++;
    return signers->n == n;
}

/* Each has made so many more good signatures than now; fails when that takes long beyond reason. */
static bool signers_go_on(struct signers *signers, unsigned more)
{
    unsigned goal[N_THREADS] = {0};
    for (size_t i = 0; i < signers->n; i++)
        goal[i] = atomic_load(&signers->good[i]) + more;
    for (int tries = 0; tries < CHILD_LIMIT_S * 1000; tries++) {
        size_t reached = 0;
        for (size_t i = 0; i < signers->n; i++)
            reached += atomic_load(&signers->good[i]) >= goal[i];
        if (reached == signers->n)
            return true;
        usleep(1000);
    }
    return false;
}

static bool signers_have_failed(const struct signers *signers)
{
    for (int tries = 0; tries < CHILD_LIMIT_S * 1000; tries++) {
        if (atomic_load(&signers->bad) > 0)
            return true;
        usleep(1000);
    }
    return false;
}

static void signers_stop(struct signers *signers)
{
    atomic_store(&signers->stop, true);
    for (size_t i = 0; i < signers->n; i++)
        pthread_join(signers->threads[i], NULL);
}

/* ---- programs that end ---- */

static void let_go_of_door(void)
{
    if (!by_engine()) {
        OSSL_PROVIDER *provider = OSSL_PROVIDER_load(NULL, "clrc");
        (void)OSSL_PROVIDER_unload(provider);
        (void)OSSL_PROVIDER_unload(provider); /* the one that the configuration holds */
        return;
    }
    ENGINE_finish(engine);
    ENGINE_free(engine);
}

/* What the program does while its threads sign; each must end it with 0. */
static int act(const char *action, struct signers *signers)
{
    if (strcmp(action, "_exit") == 0)
        _exit(0);
    if (strcmp(action, "release") == 0) {
        let_go_of_door();
        bool go_on = signers_go_on(signers, 3);
        signers_stop(signers);
        EVP_PKEY_free(signers->key);
        return go_on ? 0 : 6;
    }
    if (strcmp(action, "exec") == 0) {
        (void)execl("/bin/true", "true", (char *)NULL);
        return 7;
    }
    if (strcmp(action, "free") == 0)
        EVP_PKEY_free(signers->key); /* main's reference; the threads have theirs */
    exit(0);
}

static size_t n_open_files(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n; /* with ".", ".." and the directory itself, always */
}

static int fork_first(void);

static int run_action(const char *action)
{
    static struct signers signers;
    alarm(CHILD_LIMIT_S);
    /*
     * At exit OpenSSL takes its own tables away from under threads that are inside it, and crashes in one program of five that
     * signs with a key of its own. This asks what the door does then.
     */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    if (strncmp(action, "files=", 6) == 0)
        return n_open_files() == strtoul(action + 6, NULL, 10) ? 0 : 8;
    if (strcmp(action, "fork-first") == 0)
        return fork_first();
    EVP_PKEY *key = load("ec");
    if (key == NULL) {
        ERR_print_errors_fp(stderr);
        return 3;
    }
    if (strcmp(action, "sign") == 0) {
        bool done = signs(key);
        EVP_PKEY_free(key);
        return done ? 0 : 4;
    }
    if (strcmp(action, "free") == 0)
        EVP_PKEY_up_ref(key);
    if (!signers_start(&signers, key, N_THREADS) || !signers_go_on(&signers, 3))
        return 5;
    return act(action, &signers);
}

static int run_self(const char *action)
{
    char out[4096] = "";
    const char *argv[] = {self, door, action, NULL};
    int status = km_service_run(argv, out, sizeof(out));
    if (status != 0)
        fprintf(stderr, "%s: status %d\n%s\n", action, status, out);
    return status;
}

static void test_end_while_threads_sign(void **state)
{
    static const char *const actions[] = {"_exit", "exit", "free", "release", "exec"};
    (void)state;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        for (int round = 0; round < N_EXITS; round++)
            assert_int_equal(run_self(actions[i]), 0);
}

/* ---- forks ---- */

static int child_status(pid_t pid)
{
    int status = 0;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A message that is being signed when the process forks: both sides end it, each with its own signature. */
struct half {
    EVP_MD_CTX *ctx;
    EVP_PKEY *key;
};

static struct half half_begin(EVP_PKEY *key)
{
    struct half half = {.ctx = EVP_MD_CTX_new(), .key = key};
    assert_int_equal(EVP_DigestSignInit_ex(half.ctx, NULL, "SHA256", NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSignUpdate(half.ctx, "mes", 3), 1);
    return half;
}

static bool half_end(struct half *half)
{
    uint8_t sig[512] = {0};
    size_t len = sizeof(sig);
    EVP_PKEY *public = public_part(half->key);
    bool done = EVP_DigestSignUpdate(half->ctx, "sage", 4) == 1 &&
                EVP_DigestSignFinal(half->ctx, sig, &len) == 1;
    EVP_MD_CTX_free(half->ctx);
    half->ctx = EVP_MD_CTX_new();
    done = done &&
           EVP_DigestVerifyInit_ex(half->ctx, NULL, "SHA256", NULL, NULL, public, NULL) == 1 &&
           EVP_DigestVerify(half->ctx, sig, len, (const uint8_t *)"message", 7) == 1;
    EVP_MD_CTX_free(half->ctx);
    EVP_PKEY_free(public);
    return done;
}

/* What a child may do before it ends, and how it ends. */
static void live_as_child(int round, EVP_PKEY *key, struct half *half)
{
    alarm(CHILD_LIMIT_S);
    if (round % 4 == 0)
        (void)execl(self, self, door, "sign", (char *)NULL);
    bool good = signs(key) && half_end(half);
    if (round % 4 == 1) {
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(signs(key) ? 0 : 1);
        good = good && child_status(grandchild) == 0;
    }
    EVP_PKEY_free(key);
    if (round % 4 == 2)
        let_go_of_door();
    /* exit() runs OpenSSL's and our ends; what it does must not reach the parent's sessions. */
    if (round % 4 == 3)
        exit(good ? 0 : 1);
    _exit(good ? 0 : 1);
}

static void test_forks_while_threads_sign(void **state)
{
    static struct signers signers;
    (void)state;
    EVP_PKEY *key = must_load("ec");
    assert_true(signers_start(&signers, key, N_BUSY_AT_FORK));
    for (int round = 0; round < N_EXITS; round++) {
        struct half half = half_begin(key);
        (void)fflush(NULL); /* what stands in buffers, a child that exits would print again */
        pid_t pid = fork();
        if (pid == 0)
            live_as_child(round, key, &half);
        assert_int_equal(child_status(pid), 0);
        assert_true(half_end(&half));
        assert_true(signers_go_on(&signers, 1));
    }
    signers_stop(&signers);
    assert_int_equal(atomic_load(&signers.bad), 0);
    EVP_PKEY_free(key);
}

/* A child that comes before the door has connected connects for itself; so does its parent. */
static void test_fork_before_first_use(void **state)
{
    (void)state;
    assert_int_equal(run_self("fork-first"), 0);
}

static int fork_first(void)
{
    pid_t pid = fork();
    EVP_PKEY *key = load("ec");
    bool good = key != NULL && signs(key);
    EVP_PKEY_free(key);
    if (pid == 0)
        _exit(good ? 0 : 1);
    return good && child_status(pid) == 0 ? 0 : 1;
}

/* A program that is started by one with sessions open inherits none of them. */
static void test_exec_inherits_no_files(void **state)
{
    (void)state;
    char action[32] = "";
    (void)snprintf(action, sizeof(action), "files=%zu", n_files_at_start);
    EVP_PKEY *key = must_load("ec");
    assert_true(signs(key));
    assert_true(n_open_files() > n_files_at_start);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl(self, self, door, action, (char *)NULL);
        _exit(9);
    }
    assert_int_equal(child_status(pid), 0);
    EVP_PKEY_free(key);
}

/* ---- a service that goes away ---- */

/* The reason that the door gave last; takes all entries of the error queue. */
static int last_reason(void)
{
    int reason = 0;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        const char *library = ERR_lib_error_string(code);
        if (library != NULL && strncmp(library, "clrc", 4) == 0)
            reason = ERR_GET_REASON(code);
    }
    return reason;
}

/* Instances may outlive a killed service for a moment, and until then sign. */
static void fails_until_back(EVP_PKEY *key)
{
    int tries = 0;
    while (signs(key) && tries++ < CHILD_LIMIT_S * 1000)
        usleep(1000);
    ERR_clear_error();
    for (int i = 0; i < 3; i++) {
        assert_false(signs(key));
        int reason = last_reason();
        assert_true(reason == KM_DOOR_R_NO_SERVICE || reason == KM_DOOR_R_SERVICE_DIED);
    }
}

static void test_service_goes_away(void **state)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    (void)state;
    EVP_PKEY *keys[2] = {must_load("ec"), must_load("rsa")};
    for (size_t i = 0; i < 2; i++) {
        struct half half = half_begin(keys[0]);
        km_service_signal(service, signals[i]);
        fails_until_back(keys[0]);
        fails_until_back(keys[1]);
        assert_null(load("ec"));
        assert_int_equal(last_reason(), KM_DOOR_R_NO_SERVICE);
        pid_t pid = fork();
        if (pid == 0)
            _exit(signs(keys[0]) ? 1 : 0);
        assert_int_equal(child_status(pid), 0);
        km_service_resume(service);
        assert_true(half_end(&half)); /* the very first call finds the new service */
        assert_true(signs(keys[0]));
        assert_true(signs(keys[1]));
        assert_int_equal(run_self("sign"), 0);
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

/* Nobody has called meanwhile: the first call meets a session of the service before. */
static void test_service_is_another_one(void **state)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    (void)state;
    EVP_PKEY *keys[2] = {must_load("ec"), must_load("rsa")};
    for (size_t i = 0; i < 4; i++) {
        struct half half = half_begin(keys[0]);
        km_service_signal(service, signals[i % 2]);
        km_service_resume(service);
        assert_true(i < 2 ? half_end(&half) : signs(keys[1]));
        if (i >= 2)
            assert_true(half_end(&half));
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

static void test_service_goes_away_from_threads(void **state)
{
    static struct signers signers;
    (void)state;
    EVP_PKEY *key = must_load("ec");
    for (int round = 0; round < 6; round++) {
        assert_true(signers_start(&signers, key, N_THREADS));
        assert_true(signers_go_on(&signers, 3));
        km_service_signal(service, round % 2 == 0 ? SIGKILL : SIGTERM);
        assert_true(signers_have_failed(&signers));
        km_service_resume(service);
        assert_true(signers_go_on(&signers, 3));
        atomic_store(&signers.bad, 0);
        assert_true(signers_go_on(&signers, 10));
        assert_int_equal(atomic_load(&signers.bad), 0); /* once it is back nothing is stale */
        signers_stop(&signers);
    }
    EVP_PKEY_free(key);
}

static int start(void **state)
{
    static const char *const keys[][3] = {
        {"ec", "KEY_ECDSA_KEYPAIR", "256"},
        {"rsa", "KEY_RSA_KEYPAIR", "2048"},
    };
    char out[1024] = "";
    (void)state;
    service = km_service_start(NULL);
    for (size_t i = 0; i < 2; i++) {
        const char *argv[] = {km_service_program("keymoor"),
                              "key",
                              "create",
                              keys[i][0],
                              "--type",
                              keys[i][1],
                              "--bits",
                              keys[i][2],
                              NULL};
        if (km_service_run(argv, out, sizeof(out)) != 0)
            fail_msg("no key %s: %s", keys[i][0], out);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    km_service_stop(service);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_while_threads_sign),
        cmocka_unit_test(test_forks_while_threads_sign),
        cmocka_unit_test(test_fork_before_first_use),
        cmocka_unit_test(test_exec_inherits_no_files),
        cmocka_unit_test(test_service_goes_away),
        cmocka_unit_test(test_service_is_another_one),
        cmocka_unit_test(test_service_goes_away_from_threads),
    };
    self = argv[0];
    n_files_at_start = n_open_files();
    door = argc > 1 ? argv[1] : "provider";
    if (argc == 3)
        return run_action(argv[2]);
    return cmocka_run_group_tests_name(door, tests, start, end);
}
