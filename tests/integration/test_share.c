/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of one process that share instances: which do, which never do, how they end, and who waits for whom. */
#include "tests/integration/clrc_test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "include/tee_client_api.h"
#include "ta/crypto/crypto_protocol.h"

#define PATIENCE_S 120
/* Sessions that one instance takes. */
#define SHARE_MAX 4u
#define SESSIONS_MAX 96u

static const TEEC_UUID crypto = KM_CRYPTO_TA_UUID;
/* examples/ta_hello does not say that it permits it. */
static const TEEC_UUID hello = {
    0x7d6a1f0e, 0x3c52, 0x4b8f, {0x9a, 0x61, 0x0d, 0x5b, 0x2f, 0x8c, 0x4e, 0x17}};

static size_t n_cpus(void)
{
    cpu_set_t set = {0};
    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    return (size_t)CPU_COUNT(&set);
}

static size_t n_instances(void)
{
    pid_t pids[256];
    return km_service_instances(service, pids, KM_ARRAY_LEN(pids));
}

/* An instance ends after its last session does. */
static void wait_for_instances(size_t n)
{
    alarm(PATIENCE_S);
    while (n_instances() != n)
        (void)usleep(2000);
    alarm(0);
}

struct sessions {
    TEEC_Context context;
    TEEC_Session session[SESSIONS_MAX];
    size_t n;
};

static TEEC_Result open_one(struct sessions *in, const TEEC_UUID *ta)
{
    TEEC_Result result =
        TEEC_OpenSession(&in->context, &in->session[in->n], ta, TEEC_LOGIN_USER, NULL, NULL, NULL);
    in->n += result == TEEC_SUCCESS ? 1 : 0;
    return result;
}

static void open_many(struct sessions *in, const TEEC_UUID *ta, size_t n)
{
    assert_true(in->n + n <= SESSIONS_MAX);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(open_one(in, ta), TEEC_SUCCESS);
}

static TEEC_Result call(TEEC_Session *session)
{
    TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, 0, 0, 0)};
    return TEEC_InvokeCommand(session, KM_CRYPTO_CMD_VERSION, &op, NULL);
}

static void begin(struct sessions *in)
{
    *in = (struct sessions){0};
    assert_int_equal(TEEC_InitializeContext(NULL, &in->context), TEEC_SUCCESS);
}

static void end(struct sessions *in)
{
    for (size_t i = 0; i < in->n; i++)
        TEEC_CloseSession(&in->session[i]);
    TEEC_FinalizeContext(&in->context);
}

/* As many instances as CPUs, then they fill up, then there is one more. */
static void test_one_context_shares(void **state)
{
    (void)state;
    static struct sessions in;
    if (n_cpus() * SHARE_MAX >= SESSIONS_MAX)
        skip();
    begin(&in);
    for (size_t n = 1; n <= n_cpus(); n++) {
        open_many(&in, &crypto, 1);
        assert_int_equal(n_instances(), n);
    }
    open_many(&in, &crypto, n_cpus() * (SHARE_MAX - 1));
    assert_int_equal(n_instances(), n_cpus());
    open_many(&in, &crypto, 1);
    assert_int_equal(n_instances(), n_cpus() + 1);
    for (size_t i = 0; i < in.n; i++)
        assert_int_equal(call(&in.session[i]), TEEC_SUCCESS);
    end(&in);
    wait_for_instances(0);
}

static void test_others_do_not(void **state)
{
    (void)state;
    static struct sessions one, two;
    begin(&one);
    begin(&two);
    open_many(&one, &crypto, n_cpus());
    open_many(&two, &crypto, n_cpus() + 1);
    assert_int_equal(n_instances(), 2 * n_cpus());
    /* Another process, though of the same program and user. */
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        static struct sessions own;
        (void)alarm(PATIENCE_S);
        begin(&own);
        open_many(&own, &crypto, n_cpus());
        bool apart = n_instances() == 3 * n_cpus();
        end(&own);
        _exit(apart ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    end(&one);
    end(&two);
    wait_for_instances(0);
}

/* Logins are identities of their own, also within one context. */
static void test_logins_do_not(void **state)
{
    (void)state;
    static struct sessions in;
    TEEC_Session public = {0};
    begin(&in);
    open_many(&in, &crypto, n_cpus());
    assert_int_equal(
        TEEC_OpenSession(&in.context, &public, &crypto, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL),
        TEEC_SUCCESS);
    assert_int_equal(n_instances(), n_cpus() + 1);
    TEEC_CloseSession(&public);
    end(&in);
    wait_for_instances(0);
}

static void test_application_that_does_not_permit_it(void **state)
{
    (void)state;
    static struct sessions in;
    begin(&in);
    open_many(&in, &hello, n_cpus() + 2);
    assert_int_equal(n_instances(), n_cpus() + 2);
    end(&in);
    wait_for_instances(0);
}

/* The end of one instance ends its own sessions, and new ones find a place. */
static void test_death(void **state)
{
    (void)state;
    static struct sessions in;
    pid_t pids[256];
    begin(&in);
    size_t n = 2 * n_cpus();
    open_many(&in, &crypto, n);
    assert_int_equal(km_service_instances(service, pids, KM_ARRAY_LEN(pids)), n_cpus());
    assert_int_equal(kill(pids[0], SIGKILL), 0);
    wait_for_instances(n_cpus() - 1);
    size_t n_dead = 0;
    for (size_t i = 0; i < n; i++) {
        TEEC_Result result = call(&in.session[i]);
        assert_true(result == TEEC_SUCCESS || result == TEEC_ERROR_TARGET_DEAD);
        n_dead += result == TEEC_ERROR_TARGET_DEAD ? 1 : 0;
    }
    assert_int_equal(n_dead, 2);
    open_many(&in, &crypto, 1);
    assert_int_equal(call(&in.session[in.n - 1]), TEEC_SUCCESS);
    assert_int_equal(n_instances(), n_cpus());
    end(&in);
    wait_for_instances(0);
}

/* The last session of an instance closes while another is opened: that one must not get into what ends. */
static void *open_and_close(void *arg)
{
    static _Atomic unsigned turn;
    struct sessions *in = arg;
    for (unsigned i = 0; i < 100; i++) {
        TEEC_Session session = {0};
        if (TEEC_OpenSession(&in->context, &session, &crypto, TEEC_LOGIN_USER, NULL, NULL, NULL) !=
                TEEC_SUCCESS ||
            call(&session) != TEEC_SUCCESS)
            return NULL;
        if (atomic_fetch_add(&turn, 1) % 3 == 0)
            (void)sched_yield();
        TEEC_CloseSession(&session);
    }
    return arg;
}

static void test_opening_beside_closing(void **state)
{
    (void)state;
    static struct sessions in;
    pthread_t threads[16];
    size_t n = n_cpus() + 2 > KM_ARRAY_LEN(threads) ? KM_ARRAY_LEN(threads) : n_cpus() + 2;
    begin(&in);
    alarm(PATIENCE_S);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &in), 0);
    for (size_t i = 0; i < n; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_ptr_equal(done, &in);
    }
    alarm(0);
    end(&in);
    wait_for_instances(0);
}

/* ---- a long command beside signatures ---- */

struct signer {
    pthread_t thread;
    ClrcKeyHandle key;
    atomic_uint n;
    bool failed;
    atomic_bool *stop;
};

static void *sign_on(void *arg)
{
    static const uint8_t digest[32] = {7};
    struct signer *signer = arg;
    while (!atomic_load(signer->stop) && !signer->failed) {
        uint8_t signature[72];
        uint32_t len = sizeof(signature);
        signer->failed = clrcSignDigest(signer->key, CLRC_ECDSA, digest, sizeof(digest), signature,
                                        &len) != CLRC_SUCCESS;
        atomic_fetch_add(&signer->n, 1);
    }
    return NULL;
}

/* Each signer went on while the key was sought. */
static bool went_on(const struct signer *signers, const unsigned *before, size_t n)
{
    bool all = true;
    for (size_t i = 0; i < n; i++)
        all = all && atomic_load(&signers[i].n) - before[i] >= 10;
    return all;
}

static void test_long_command_holds_nobody_up(void **state)
{
    (void)state;
    struct signer signers[16] = {0};
    unsigned before[16] = {0};
    atomic_bool stop = false;
    size_t n = n_cpus() + 2 > KM_ARRAY_LEN(signers) ? KM_ARRAY_LEN(signers) : n_cpus() + 2;
    ClrcKeyHandle key = test_create(KEY_ECDSA_KEYPAIR, 256);
    ok(clrcSaveNamedKey(key, "beside", NULL));
    for (size_t i = 0; i < n; i++) {
        signers[i] = (struct signer){.key = key, .stop = &stop};
        assert_int_equal(pthread_create(&signers[i].thread, NULL, sign_on, &signers[i]), 0);
    }
    alarm(PATIENCE_S);
    /* Some primes are found at once: then once more. */
    for (bool seen = false; !seen;) {
        for (size_t i = 0; i < n; i++)
            before[i] = atomic_load(&signers[i].n);
        clrcFreeKey(test_create(KEY_RSA_KEYPAIR, 3072));
        seen = went_on(signers, before, n);
    }
    alarm(0);
    atomic_store(&stop, true);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pthread_join(signers[i].thread, NULL), 0);
        assert_false(signers[i].failed);
    }
    clrcFreeKey(key);
    clrcShutdown();
    wait_for_instances(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_context_shares),
        cmocka_unit_test(test_others_do_not),
        cmocka_unit_test(test_logins_do_not),
        cmocka_unit_test(test_application_that_does_not_permit_it),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_opening_beside_closing),
        cmocka_unit_test(test_long_command_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, test_up, test_down);
}
