/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto library while threads run, processes fork, and instances and the service are killed. */
#include "tests/integration/clrc_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <openssl/evp.h>

#define N_THREADS 8u
#define N_ROUNDS 200u
#define BLOCK ((size_t)1 << 20)

static const uint8_t digest[32] = {3, 1, 4};
static const ClrcKeyTemplate p256 = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};

static int setup(void **state)
{
    (void)state;
    service = km_service_prepare(NULL);
    return 0;
}

static ClrcResult sign(ClrcKeyHandle key)
{
    uint8_t signature[72];
    uint32_t len = sizeof(signature);
    return clrcSignDigest(key, CLRC_ECDSA, digest, sizeof(digest), signature, &len);
}

static ClrcResult sign_and_verify(ClrcKeyHandle key)
{
    uint8_t signature[72];
    uint32_t len = sizeof(signature);
    ClrcResult result = clrcSignDigest(key, CLRC_ECDSA, digest, sizeof(digest), signature, &len);
    return result == CLRC_SUCCESS
               ? clrcVerifyDigest(key, CLRC_ECDSA, digest, sizeof(digest), signature, len)
               : result;
}

static ClrcKeyHandle save_as(const char *name, ClrcPasswordHandle password)
{
    ClrcKeyHandle key = NULL;
    ok(clrcCreateKey(&p256, &key));
    ok(clrcSaveNamedKey(key, name, password));
    return key;
}

static void expect_child_fine(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- without a service, and then with one ---- */

static void test_absent_service(void **state)
{
    (void)state;
    uint8_t octet = 0;
    ClrcKeyHandle key = NULL;
    expect(clrcRandom(&octet, 1), CLRC_ERROR_NO_SERVICE);
    expect(clrcCreateKey(&p256, &key), CLRC_ERROR_NO_SERVICE);
    expect(clrcLoadNamedKey("x", NULL, &key), CLRC_ERROR_NO_SERVICE);
    assert_null(clrcSharedAlloc(100));
    assert_non_null(strstr(clrcLastError(), "clrcSharedAlloc"));
    clrcShutdown();
    km_service_resume(service);
    ok(clrcRandom(&octet, 1));
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    ClrcKeyHandle named, queued;
    unsigned n_failed, n_died;
    atomic_uint n_good;
    atomic_bool *running;
};

static void *use_keys(void *arg)
{
    struct worker *worker = arg;
    ClrcKeyHandle own = NULL;
    if (clrcCreateKey(&p256, &own) != CLRC_SUCCESS)
        worker->n_failed++;
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        worker->n_failed += sign_and_verify(worker->named) != CLRC_SUCCESS;
        worker->n_failed += sign_and_verify(own) != CLRC_SUCCESS;
        if (i % 8 == 0)
            worker->n_failed += sign_and_verify(worker->queued) != CLRC_SUCCESS;
    }
    clrcFreeKey(own);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    ClrcPasswordHandle password = NULL;
    ok(clrcCreatePassword("pw", (const uint8_t *)"pw", 2));
    ok(clrcLoadPassword("pw", (const uint8_t *)"pw", 2, &password));
    ClrcKeyHandle plain = save_as("plain", NULL);
    ClrcKeyHandle guarded = save_as("guarded", password);
    clrcFreePassword(password);
    ClrcKeyHandle queued = NULL;
    ok(clrcCreateKey(&p256, &queued));
    struct worker workers[N_THREADS] = {0};
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i].named = i % 2 == 0 ? plain : guarded;
        workers[i].queued = queued;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, use_keys, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].n_failed, 0);
    }
    clrcFreeKey(plain);
    clrcFreeKey(guarded);
    clrcFreeKey(queued);
}

/* ---- fork ---- */

static void *sign_while_running(void *arg)
{
    struct worker *worker = arg;
    while (atomic_load(worker->running)) {
        ClrcResult result = sign(worker->named);
        if (result == CLRC_SUCCESS)
            worker->n_good++;
        else if (result == CLRC_ERROR_SERVICE_DIED || result == CLRC_ERROR_NO_SERVICE)
            worker->n_died++;
        else if (worker->n_failed++ == 0)
            fprintf(stderr, "0x%08x, %s\n", result, clrcLastError());
    }
    return NULL;
}

static void start(struct worker *workers, unsigned n, ClrcKeyHandle named, atomic_bool *running)
{
    atomic_store(running, true);
    for (unsigned i = 0; i < n; i++) {
        workers[i] = (struct worker){.named = named, .running = running, .n_good = 0};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, sign_while_running, &workers[i]),
                         0);
    }
}

static void stop(struct worker *workers, unsigned n, atomic_bool *running)
{
    atomic_store(running, false);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].n_failed, 0);
        assert_true(atomic_load(&workers[i].n_good) > 0);
    }
}

/* Until each of them has had a success from now on, however slow the machine is. */
static void wait_for_success(struct worker *workers, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned before = atomic_load(&workers[i].n_good);
        for (unsigned waited = 0; atomic_load(&workers[i].n_good) == before; waited++) {
            assert_true(waited < 120000);
            (void)usleep(1000);
        }
    }
}

static void test_fork_amid_threads(void **state)
{
    (void)state;
    ClrcKeyHandle named = save_as("forked", NULL);
    ClrcKeyHandle own = NULL;
    ok(clrcCreateKey(&p256, &own));
    uint8_t *block = clrcSharedAlloc(BLOCK);
    assert_non_null(block);
    test_fill(block, BLOCK, 5);
    atomic_bool running = false;
    struct worker workers[3] = {0};
    start(workers, KM_ARRAY_LEN(workers), named, &running);
    for (unsigned i = 0; i < 20; i++) {
        pid_t child = fork();
        assert_int_not_equal(child, -1);
        if (child == 0) {
            (void)alarm(300);
            uint8_t hash[32];
            uint32_t len = sizeof(hash);
            bool fine = sign_and_verify(named) == CLRC_SUCCESS &&
                        sign(own) == CLRC_ERROR_KEY_GONE &&
                        clrcDigest(CLRC_SHA256, block, BLOCK, hash, &len) == CLRC_SUCCESS;
            block[0] ^= 1; /* the child's copy */
            clrcFreeKey(own);
            clrcFreeKey(named);
            clrcSharedFree(block);
            clrcShutdown();
            _exit(fine ? 0 : 1);
        }
        expect_child_fine(child);
    }
    wait_for_success(workers, KM_ARRAY_LEN(workers));
    stop(workers, KM_ARRAY_LEN(workers), &running);
    for (unsigned i = 0; i < KM_ARRAY_LEN(workers); i++)
        assert_int_equal(workers[i].n_died, 0);
    ok(sign(own));
    uint8_t expected[32], hash[32];
    uint32_t len = sizeof(hash);
    test_fill(block, BLOCK, 5);
    ok(clrcDigest(CLRC_SHA256, block, BLOCK, hash, &len));
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, block, BLOCK, expected, NULL), 1);
    assert_memory_equal(hash, expected, 32);
    clrcSharedFree(block);
    clrcFreeKey(own);
    clrcFreeKey(named);
}

/* A program may end while its threads sign. */
static void test_exit_amid_threads(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        pid_t child = fork();
        assert_int_not_equal(child, -1);
        if (child == 0) {
            (void)alarm(300);
            static atomic_bool running;
            static struct worker workers[4];
            ClrcKeyHandle named = NULL;
            if (clrcLoadNamedKey("plain", NULL, &named) != CLRC_SUCCESS)
                _exit(1);
            start(workers, KM_ARRAY_LEN(workers), named, &running);
            for (unsigned n = 0; n < 50; n++)
                (void)sign(named);
            exit(0);
        }
        expect_child_fine(child);
    }
}

/* ---- death ---- */

static pid_t instances[256];

static size_t kill_instances(void)
{
    size_t n = km_service_instances(service, instances, KM_ARRAY_LEN(instances));
    for (size_t i = 0; i < n; i++)
        (void)kill(instances[i], SIGKILL);
    return n;
}

/* They may outlive it for a moment, and until then they sign. */
static void kill_service_and_instances(void)
{
    km_service_signal(service, SIGSTOP); /* so that no more are started */
    size_t n = km_service_instances(service, instances, KM_ARRAY_LEN(instances));
    km_service_signal(service, SIGKILL);
    km_service_await_end(instances, n);
}

static void test_killed_instances(void **state)
{
    (void)state;
    ClrcKeyHandle named = save_as("killed", NULL);
    ClrcKeyHandle own = NULL;
    ok(clrcCreateKey(&p256, &own));
    const ClrcOperationWish wish = {.algorithm = CLRC_SHA256, .mode = CLRC_MODE_DIGEST};
    ClrcOperationHandle op = NULL;
    ok(clrcOperationNew(NULL, &wish, &op));
    size_t n_killed = kill_instances();
    assert_true(n_killed > 0);
    km_service_await_end(instances, n_killed);
    /* Nothing was under way: the next call does not even notice. */
    ok(sign_and_verify(named));
    expect(sign(own), CLRC_ERROR_KEY_GONE);
    expect(clrcOperationUpdate(op, digest, 32, NULL, NULL), CLRC_ERROR_SERVICE_DIED);
    clrcOperationFree(op);
    clrcFreeKey(own);
    atomic_bool running = false;
    struct worker workers[4] = {0};
    start(workers, KM_ARRAY_LEN(workers), named, &running);
    for (unsigned i = 0; i < 30; i++) {
        (void)usleep(10000);
        (void)kill_instances();
    }
    wait_for_success(workers, KM_ARRAY_LEN(workers));
    stop(workers, KM_ARRAY_LEN(workers), &running);
    ok(sign_and_verify(named));
    clrcFreeKey(named);
}

static void test_killed_service(void **state)
{
    (void)state;
    ClrcKeyHandle named = save_as("orphan", NULL);
    ClrcKeyHandle own = NULL;
    ok(clrcCreateKey(&p256, &own));
    uint8_t *block = clrcSharedAlloc(BLOCK);
    assert_non_null(block);
    test_fill(block, BLOCK, 6);
    atomic_bool running = false;
    struct worker workers[4] = {0};
    for (unsigned i = 0; i < 4; i++) {
        start(workers, KM_ARRAY_LEN(workers), named, &running);
        wait_for_success(workers, KM_ARRAY_LEN(workers));
        kill_service_and_instances();
        ClrcResult result = sign(named);
        assert_true(result == CLRC_ERROR_NO_SERVICE || result == CLRC_ERROR_SERVICE_DIED);
        expect(sign(named), CLRC_ERROR_NO_SERVICE);
        km_service_resume(service);
        ok(sign_and_verify(named));
        wait_for_success(workers, KM_ARRAY_LEN(workers));
        stop(workers, KM_ARRAY_LEN(workers), &running);
    }
    expect(sign(own), CLRC_ERROR_KEY_GONE);
    clrcFreeKey(own);
    /* Memory that was shared with the old service is shared with the new one. */
    uint8_t expected[32], hash[32];
    uint32_t len = sizeof(hash);
    ok(clrcDigest(CLRC_SHA256, block, BLOCK, hash, &len));
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, block, BLOCK, expected, NULL), 1);
    assert_memory_equal(hash, expected, 32);
    clrcSharedFree(block);
    clrcFreeKey(named);
}

/* A service that refuses more sessions: threads share the ones there are. */
static void test_few_sessions(void **state)
{
    (void)state;
    static const char *const args[] = {"--max-sessions-per-uid", "2", NULL};
    struct km_service *small = km_service_start(args);
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        (void)alarm(300);
        atomic_bool running = false;
        struct worker workers[6] = {0};
        if (clrcSetSocket(km_service_socket(small)) != CLRC_SUCCESS)
            _exit(3);
        ClrcKeyHandle named = NULL;
        if (clrcCreateKey(&p256, &named) != CLRC_SUCCESS ||
            clrcSaveNamedKey(named, "few", NULL) != CLRC_SUCCESS)
            _exit(4);
        start(workers, KM_ARRAY_LEN(workers), named, &running);
        unsigned n_failed = 0;
        for (unsigned i = 0; i < 300; i++)
            n_failed += sign(named) != CLRC_SUCCESS;
        atomic_store(&running, false);
        for (unsigned i = 0; i < KM_ARRAY_LEN(workers); i++) {
            (void)pthread_join(workers[i].thread, NULL);
            n_failed += workers[i].n_failed + workers[i].n_died;
        }
        _exit(n_failed == 0 ? 0 : 1);
    }
    expect_child_fine(child);
    km_service_stop(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_service),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fork_amid_threads), cmocka_unit_test(test_exit_amid_threads),
        cmocka_unit_test(test_killed_instances),  cmocka_unit_test(test_killed_service),
        cmocka_unit_test(test_few_sessions),
    };
    return cmocka_run_group_tests(tests, setup, test_down);
}
