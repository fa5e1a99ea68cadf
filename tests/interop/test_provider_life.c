/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider inside a program's life: passwords, threads, forks, exits, and a library below that misbehaves. Run by
 * provider_program.sh, which loads the provider by OPENSSL_CONF and makes the keys ec, rsa and locked (password "open sesame" in
 * object locked.pass).
 */
#include <pthread.h>
#include <stdatomic.h>

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "interop/door/door_error.h"
#include "tests/interop/provider_rig.h"

#define N_THREADS 8
#define N_ROUNDS 40
/* A sanitizer's own allocator is not ready for a fork beside busy threads. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define N_BUSY_AT_FORK 0
#else
#define N_BUSY_AT_FORK 4
#endif

/* ---- passwords ---- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int give_password(char *buf, int size, int rwflag, void *text)
{
    (void)rwflag;
    snprintf(buf, (size_t)size, "%s", (const char *)text);
    return (int)strlen(buf);
}

static EVP_PKEY *load_asking(const char *uri, const char *answer)
{
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_password, 0);
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, ui, (void *)(uintptr_t)answer, NULL, NULL);
    EVP_PKEY *key = NULL;
    OSSL_STORE_INFO *info = store == NULL ? NULL : OSSL_STORE_load(store);
    if (info != NULL)
        key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    UI_destroy_method(ui);
    return key;
}

static void test_passwords(void **state)
{
    (void)state;
    write_file("pw-right", "open sesame\r\nsecond line\n");
    write_file("pw-wrong", "open barley\n");
    write_file("pw-empty", "\n");
    EVP_PKEY *key = prig_must_load("clrc:locked?password=file:pw-right");
    assert_true(prig_sign_and_verify(key, key, false));
    EVP_PKEY_free(key);
    key = prig_must_load("clrc:locked?password=file:pw-right&password-name=locked.pass");
    EVP_PKEY_free(key);
    assert_null(prig_load("clrc:locked?password=file:pw-right&password-name=another"));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_PASSWORD);
    assert_null(prig_load("clrc:locked?password=file:pw-empty"));
    key = load_asking("clrc:locked", "open sesame");
    assert_non_null(key);
    assert_true(prig_sign_and_verify(key, key, false));
    EVP_PKEY_free(key);
    ERR_clear_error();
    assert_null(prig_load("clrc:locked?password=file:pw-wrong"));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_PASSWORD);
}

/* ---- threads, forks, exits ---- */

struct job {
    EVP_PKEY *key;
    EVP_PKEY *public;
    atomic_bool *stop;
    atomic_int *failures;
    int rounds;
    bool pss;
};

static void *run_job(void *arg)
{
    struct job *job = arg;
    for (int i = 0; i < job->rounds && !atomic_load(job->stop); i++)
        if (!prig_sign_and_verify(job->key, job->public, job->pss))
            atomic_fetch_add(job->failures, 1);
    return NULL;
}

static void test_threads_share_keys(void **state)
{
    pthread_t threads[N_THREADS] = {0};
    struct job jobs[N_THREADS] = {0};
    atomic_bool stop = false;
    atomic_int failures = 0;
    (void)state;
    EVP_PKEY *keys[3] = {prig_must_load("clrc:ec"), prig_must_load("clrc:rsa"),
                         prig_generate("EC", "P-256", NULL)};
    for (size_t i = 0; i < N_THREADS; i++) {
        jobs[i] = (struct job){.key = keys[i % 3],
                               .public = keys[i % 3],
                               .pss = i % 3 == 1,
                               .stop = &stop,
                               .failures = &failures,
                               .rounds = N_ROUNDS};
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(keys[i]);
}

static int child_status(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static atomic_bool stop_busy;
static atomic_int busy_failures;
static struct job busy;

/* What a child finds: saved keys work, the unsaved one has stayed with the parent. */
static int life_of_child(EVP_PKEY *key, EVP_PKEY *locked, EVP_PKEY *unsaved)
{
    alarm(200);
    bool saved_works =
        prig_sign_and_verify(key, key, false) && prig_sign_and_verify(locked, locked, false);
    bool unsaved_stays = !prig_sign_and_verify(unsaved, unsaved, false);
    EVP_PKEY_free(unsaved);
    EVP_PKEY_free(key);
    return saved_works && unsaved_stays ? 0 : saved_works ? 1 : 2;
}

/* Children are made while threads of the parent are inside the provider. */
static void test_fork_while_signing(void **state)
{
    pthread_t threads[N_BUSY_AT_FORK + 1] = {0};
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    EVP_PKEY *locked = prig_must_load("clrc:locked?password=file:pw-right");
    EVP_PKEY *unsaved = prig_generate("EC", "P-256", NULL);
    busy = (struct job){.key = key,
                        .public = key,
                        .stop = &stop_busy,
                        .failures = &busy_failures,
                        .rounds = 1000000};
    for (int i = 0; i < N_BUSY_AT_FORK; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &busy), 0);
    int worst = 0;
    for (int round = 0; round < 10; round++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(life_of_child(key, locked, unsaved));
        int status = child_status(pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            worst = status;
    }
    atomic_store(&stop_busy, true);
    for (int i = 0; i < N_BUSY_AT_FORK; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(worst, 0);
    assert_int_equal(atomic_load(&busy_failures), 0);
    assert_true(prig_sign_and_verify(unsaved, unsaved, false)); /* no child has ended it */
    EVP_PKEY_free(unsaved);
    EVP_PKEY_free(locked);
    EVP_PKEY_free(key);
}

static atomic_bool never = false;
static atomic_int ignored = 0;

static void test_exit_while_signing(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(200);
            static pthread_t threads[4];
            static struct job job;
            job.key = prig_load("clrc:ec");
            job.public = job.key;
            job.stop = &never;
            job.failures = &ignored;
            job.rounds = 1000000;
            for (size_t i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, run_job, &job);
            usleep(20000);
            _exit(job.key == NULL ? 3 : 0);
        }
        int status = child_status(pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* ---- a library below that misbehaves ---- */

static void with_fault(const char *fault)
{
    if (fault == NULL)
        unsetenv("CLRC_DOUBLE_FAULT");
    else
        setenv("CLRC_DOUBLE_FAULT", fault, 1);
}

static bool over_double(void)
{
    const char *service = getenv("KM_TEST_SERVICE");
    return service != NULL && strcmp(service, "double") == 0;
}

static void test_faults_below(void **state)
{
    (void)state;
    if (!over_double())
        skip();
    static const struct {
        const char *fault;
        const char *uri;
        int reason;
    } loads[] = {
        {"no-service", "clrc:ec", KM_DOOR_R_NO_SERVICE},
        {"bad-spki", "clrc:ec", KM_DOOR_R_BAD_URI},
        {"bad-spki", "clrc:rsa", KM_DOOR_R_BAD_URI},
    };
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        with_fault(loads[i].fault);
        ERR_clear_error();
        assert_null(prig_load(loads[i].uri));
        assert_int_equal(prig_last_reason(), loads[i].reason);
    }
    with_fault(NULL);
    EVP_PKEY *key = prig_must_load("clrc:ec");
    with_fault("died");
    assert_false(prig_sign_and_verify(key, key, false));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_SERVICE_DIED);
    with_fault("died-next");
    assert_true(prig_sign_and_verify(key, key, false)); /* once more, as the service may be back */
    with_fault("short");
    assert_false(prig_sign_and_verify(key, key, false));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_TOO_LARGE);
    with_fault(NULL);
    assert_true(prig_sign_and_verify(key, key, false));
    EVP_PKEY_free(key);
    /* A child opens a key under a password again, and by then the name stands for another one. */
    key = prig_must_load("clrc:locked?password=file:pw-right");
    pid_t pid = fork();
    if (pid == 0) {
        with_fault("replaced");
        bool refused = !prig_sign_and_verify(key, key, false);
        _exit(refused && prig_last_reason() == KM_DOOR_R_KEY_GONE ? 0 : 1);
    }
    assert_int_equal(child_status(pid), 0);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords),          cmocka_unit_test(test_threads_share_keys),
        cmocka_unit_test(test_fork_while_signing), cmocka_unit_test(test_exit_while_signing),
        cmocka_unit_test(test_faults_below),
    };
    return cmocka_run_group_tests_name("provider_life", tests, NULL, NULL);
}
