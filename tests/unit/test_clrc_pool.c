/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto library over a Client API of the test's own: sessions, threads, fork, death, misuse. */
#include "tests/unit/km_test.h"

#include <pthread.h>
#include <sched.h>

#include "include/clrc.h"
#include "lib/session/km_result.h"
#include "ta/crypto/crypto_protocol.h"
#include "tests/unit/fake_teec.h"

#define N_THREADS 8u
#define N_ROUNDS 300u

static const ClrcKeyTemplate p256 = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
static const uint8_t digest[32] = {1, 2, 3};

/* What the fake signs with: session and key. */
struct signature {
    uint32_t session, key;
};

static ClrcResult sign(ClrcKeyHandle key, struct signature *ret)
{
    uint32_t len = sizeof(*ret);
    return clrcSignDigest(key, CLRC_ECDSA, digest, sizeof(digest), (uint8_t *)ret, &len);
}

static ClrcKeyHandle new_key(void)
{
    ClrcKeyHandle key = NULL;
    assert_int_equal(clrcCreateKey(&p256, &key), CLRC_SUCCESS);
    return key;
}

static ClrcKeyHandle new_named(const char *name)
{
    ClrcKeyHandle key = new_key();
    assert_int_equal(clrcSaveNamedKey(key, name, NULL), CLRC_SUCCESS);
    return key;
}

static int setup(void **state)
{
    (void)state;
    fake_kill();
    clrcShutdown();
    fake_reset();
    return 0;
}

/* ---- one thread ---- */

static void test_one_thread_has_one_session(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("one");
    ClrcKeyHandle own = new_key();
    struct signature a = {0}, b = {0};
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(sign(named, &a), CLRC_SUCCESS);
        assert_int_equal(sign(own, &b), CLRC_SUCCESS);
        assert_int_equal(a.session, b.session);
        assert_int_not_equal(a.key, b.key);
    }
    assert_int_equal(fake.n_opened, 1);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_SIGN_DIGEST], 20);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_LOAD_KEY], 0); /* saved here, so known here */
    clrcFreeKey(named);
    clrcFreeKey(own);
    /* What was freed goes with the next call. */
    assert_int_equal(fake.n_keys, 2);
    assert_int_equal(clrcRandom(NULL, 0), CLRC_SUCCESS);
    uint8_t octet = 0;
    assert_int_equal(clrcRandom(&octet, 1), CLRC_SUCCESS);
    assert_int_equal(fake.n_keys, 0);
}

static void test_short_buffer_tells_the_length(void **state)
{
    (void)state;
    ClrcKeyHandle key = new_key();
    uint32_t len = 0;
    assert_int_equal(clrcSignDigest(key, CLRC_ECDSA, digest, 32, NULL, &len),
                     CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(len, sizeof(struct signature));
    assert_non_null(strstr(clrcLastError(), "clrcSignDigest"));
    clrcFreeKey(key);
}

static void test_names_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {
        NULL,           "",
        "\xff",         "\xc0\xaf",
        "\xed\xa0\x80", "0123456789012345678901234567890123456789012345678901234567890123"};
    ClrcKeyHandle key = new_key();
    ClrcKeyHandle other = NULL;
    ClrcKeyInfo info;
    uint32_t seconds = 0;
    unsigned before = fake.n_calls[KM_CRYPTO_CMD_LOAD_KEY];
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        assert_int_equal(clrcSaveNamedKey(key, bad[i], NULL), CLRC_ERROR_BAD_NAME);
        assert_int_equal(clrcLoadNamedKey(bad[i], NULL, &other), CLRC_ERROR_BAD_NAME);
        assert_int_equal(clrcDeleteNamedKey(bad[i], NULL), CLRC_ERROR_BAD_NAME);
        assert_int_equal(clrcDescribeNamedKey(bad[i], &info), CLRC_ERROR_BAD_NAME);
        assert_int_equal(clrcPasswordWait(bad[i], &seconds), CLRC_ERROR_BAD_NAME);
        assert_int_equal(clrcCreatePassword(bad[i], digest, 4), CLRC_ERROR_BAD_NAME);
        assert_int_equal(clrcProvisionKey(key, bad[i], NULL), CLRC_ERROR_BAD_NAME);
    }
    assert_null(other);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_LOAD_KEY], before);
    assert_int_equal(
        clrcSaveNamedKey(key, "01234567890123456789012345678901234567890123456789012345678901\xc3",
                         NULL),
        CLRC_ERROR_BAD_NAME);
    assert_int_equal(
        clrcSaveNamedKey(
            key, "012345678901234567890123456789012345678901234567890123456789\xe2\x82\xac", NULL),
        CLRC_SUCCESS);
    clrcFreeKey(key);
}

static void test_misuse_is_an_error(void **state)
{
    (void)state;
    uint8_t out[64] = {0};
    uint32_t len = sizeof(out);
    size_t size = sizeof(out);
    ClrcKeyInfo info;
    static const uint64_t junk[128] = {42}; /* no handle, but readable */
    ClrcKeyHandle foreign = (ClrcKeyHandle)(uintptr_t)junk;
    ClrcKeyHandle bad[] = {NULL, foreign};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        assert_int_equal(clrcSignDigest(bad[i], CLRC_ECDSA, digest, 32, out, &len),
                         CLRC_ERROR_BAD_PARAMETERS);
        assert_int_equal(clrcMac(bad[i], CLRC_AES_CMAC, digest, 32, out, &len),
                         CLRC_ERROR_BAD_PARAMETERS);
        assert_int_equal(clrcExportKey(bad[i], out, &len), CLRC_ERROR_BAD_PARAMETERS);
        assert_int_equal(clrcGetKeyInfo(bad[i], &info), CLRC_ERROR_BAD_PARAMETERS);
        assert_int_equal(clrcSaveNamedKey(bad[i], "x", NULL), CLRC_ERROR_BAD_PARAMETERS);
        assert_int_equal(
            clrcCipher(bad[i], CLRC_AES_CTR, CLRC_MODE_ENCRYPT, digest, 16, digest, 32, out, &size),
            CLRC_ERROR_BAD_PARAMETERS);
        assert_int_equal(clrcAgreeRaw(bad[i], digest, 32, out, &len), CLRC_ERROR_BAD_PARAMETERS);
    }
    ClrcKeyHandle key = new_key();
    assert_int_equal(clrcSignDigest(key, CLRC_ECDSA, NULL, 32, out, &len),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcSignDigest(key, CLRC_ECDSA, digest, 32, NULL, &len),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcSignDigest(key, CLRC_ECDSA, digest, 32, out, NULL),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcSignDigestPss(key, CLRC_ECDSA, 20, digest, 32, out, &len),
                     CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(
        clrcCipher(key, CLRC_AES_CTR, CLRC_MODE_SIGN, digest, 16, digest, 32, out, &size),
        CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcMac(key, CLRC_AES_CMAC, digest, (size_t)CLRC_DATA_MAX + 1, out, &len),
                     CLRC_ERROR_TOO_LARGE);
    assert_int_equal(clrcCreateKey(NULL, &key), CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcCreateKey(&p256, NULL), CLRC_ERROR_BAD_PARAMETERS);
    ClrcGrant grants[9] = {{.fields = CLRC_GRANT_UID}};
    ClrcKeyTemplate wish = p256;
    wish.grants = grants;
    wish.n_grants = 9;
    ClrcKeyHandle other = NULL;
    assert_int_equal(clrcCreateKey(&wish, &other), CLRC_ERROR_BAD_PARAMETERS);
    wish.n_grants = 2; /* the second names no field */
    assert_int_equal(clrcCreateKey(&wish, &other), CLRC_ERROR_BAD_PARAMETERS);
    assert_null(other);
    assert_int_equal(
        clrcOperationUpdate((ClrcOperationHandle)(uintptr_t)junk, digest, 1, NULL, NULL),
        CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcSharedRegister(NULL, 5), CLRC_ERROR_BAD_PARAMETERS);
    assert_int_equal(clrcSharedUnregister(out), CLRC_ERROR_NOT_FOUND);
    clrcFreeKey(NULL);
    clrcFreePassword(NULL);
    clrcOperationFree(NULL);
    clrcSharedFree(NULL);
    clrcSharedFree(out);
    assert_int_equal(clrcSetSocket("/tmp/elsewhere"), CLRC_ERROR_STATE);
    assert_int_equal(clrcSetSocket("relative"), CLRC_ERROR_BAD_PARAMETERS);
    clrcFreeKey(key);
}

/* ---- results and names ---- */

static void test_every_result_has_a_text(void **state)
{
    (void)state;
    char line[512];
    unsigned n = 0;
    FILE *header = fopen(CLRC_HEADER, "re");
    assert_non_null(header);
    char name[64] = "";
    while (fgets(line, sizeof(line), header) != NULL) {
        unsigned code = 0;
        (void)sscanf(line, "#define %63s", name);
        /* The number stands on the same line or, where that got too long, on the next. */
        const char *number = strstr(line, "0xffff0");
        if (number == NULL || strncmp(name, "CLRC_ERROR_", 11) != 0 ||
            sscanf(number, "%x", &code) != 1)
            continue;
        assert_string_not_equal(clrcResultText(code), "not a result of this library");
        name[0] = '\0';
        n++;
    }
    (void)fclose(header);
    assert_true(n >= 27);
    assert_string_equal(clrcResultText(12345), "not a result of this library");
}

static void test_names_go_both_ways(void **state)
{
    (void)state;
    for (unsigned group = 0x100; group <= 0x700; group += 0x100) {
        unsigned n = 0;
        for (unsigned i = group; i < group + 0x20; i++) {
            const char *name = clrcAlgorithmName((ClrcAlgorithm)i);
            if (name == NULL)
                continue;
            assert_int_equal(clrcAlgorithmByName(name), i);
            n++;
        }
        assert_true(n >= 1);
    }
    assert_string_equal(clrcAlgorithmName(CLRC_AES_CTR), "AES_CTR");
    assert_string_equal(clrcAlgorithmName(CLRC_HKDF_SHA512), "ALG_HKDF_SHA512");
    assert_int_equal(clrcAlgorithmByName("ECDSA_P384"), CLRC_ECDSA);
    assert_int_equal(clrcAlgorithmByName("DES3_CFB_128"), CLRC_DES3_CFB_64);
    assert_int_equal(clrcAlgorithmByName("RSASSA_PKCSI_V1_5_SHA256"),
                     CLRC_RSASSA_PKCS1_V1_5_SHA256);
    assert_int_equal(clrcAlgorithmByName("RSAES_PKCSI_V1_5"), CLRC_RSAES_PKCS1_V1_5);
    assert_int_equal(clrcAlgorithmByName("ECDH_P192"), CLRC_ECDH);
    assert_int_equal(clrcAlgorithmByName("nonsense"), CLRC_ALG_NONE);
    assert_int_equal(clrcAlgorithmByName(NULL), CLRC_ALG_NONE);
    for (unsigned i = KEY_NONE; i <= KEY_X448_KEYPAIR; i++)
        assert_int_equal(clrcKeyTypeByName(clrcKeyTypeName((ClrcKeyType)i)), i);
    assert_null(clrcKeyTypeName((ClrcKeyType)(KEY_X448_KEYPAIR + 1)));
    assert_string_equal(clrcKeyTypeName(KEY_ECDSA_KEYPAIR), "KEY_ECDSA_KEYPAIR");
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    ClrcKeyHandle shared; /* a named key that all use */
    ClrcKeyHandle queued; /* an ephemeral one that all use */
    uint32_t shared_number, queued_number;
    unsigned n_failed;
    atomic_bool *start;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    while (!atomic_load(worker->start))
        (void)sched_yield();
    ClrcKeyHandle own = NULL;
    if (clrcCreateKey(&p256, &own) != CLRC_SUCCESS)
        return NULL;
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        struct signature a = {0}, b = {0}, c = {0};
        if (sign(worker->shared, &a) != CLRC_SUCCESS || a.key != worker->shared_number)
            worker->n_failed++;
        if (sign(own, &b) != CLRC_SUCCESS || b.key == worker->shared_number)
            worker->n_failed++;
        if (i % 16 == 0 &&
            (sign(worker->queued, &c) != CLRC_SUCCESS || c.key != worker->queued_number))
            worker->n_failed++;
    }
    clrcFreeKey(own);
    return worker;
}

static void test_threads_run_in_their_own_sessions(void **state)
{
    (void)state;
    fake.pause_us = 20;
    ClrcKeyHandle shared = new_named("shared");
    ClrcKeyHandle queued = new_key();
    struct signature a = {0}, b = {0};
    assert_int_equal(sign(shared, &a), CLRC_SUCCESS);
    assert_int_equal(sign(queued, &b), CLRC_SUCCESS);
    atomic_bool start = false;
    struct worker workers[N_THREADS] = {0};
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (struct worker){.shared = shared,
                                     .queued = queued,
                                     .shared_number = a.key,
                                     .queued_number = b.key,
                                     .start = &start};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    atomic_store(&start, true);
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(workers[i].thread, &done), 0);
        assert_ptr_equal(done, &workers[i]);
        assert_int_equal(workers[i].n_failed, 0);
    }
    assert_int_equal(fake.n_collisions, 0);
    assert_true(fake.n_opened >= 2);
    assert_true(fake.n_opened <= N_THREADS + 1);
    clrcFreeKey(shared);
    clrcFreeKey(queued);
}

static void test_few_sessions_are_shared(void **state)
{
    (void)state;
    fake.pause_us = 20;
    fake.max_sessions = 2;
    ClrcKeyHandle shared = new_named("scarce");
    ClrcKeyHandle queued = new_key();
    struct signature a = {0}, b = {0};
    assert_int_equal(sign(shared, &a), CLRC_SUCCESS);
    assert_int_equal(sign(queued, &b), CLRC_SUCCESS);
    atomic_bool start = true;
    struct worker workers[N_THREADS] = {0};
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (struct worker){.shared = shared,
                                     .queued = queued,
                                     .shared_number = a.key,
                                     .queued_number = b.key,
                                     .start = &start};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(workers[i].thread, &done), 0);
        assert_ptr_equal(done, &workers[i]);
        assert_int_equal(workers[i].n_failed, 0);
    }
    assert_int_equal(fake.n_collisions, 0);
    assert_true(fake.n_open <= 2);
    clrcFreeKey(shared);
    clrcFreeKey(queued);
}

static void *sign_once(void *key)
{
    struct signature made = {0};
    return sign(key, &made) == CLRC_SUCCESS ? key : NULL;
}

/* Two lanes for signatures, by as many attempts as it takes for two calls to meet. */
static void open_two_lanes(ClrcKeyHandle named)
{
    fake.pause_us = 20000;
    while (fake.n_open < 2) {
        pthread_t threads[2];
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, sign_once, named), 0);
        for (unsigned i = 0; i < 2; i++) {
            void *done = NULL;
            assert_int_equal(pthread_join(threads[i], &done), 0);
            assert_ptr_equal(done, named);
        }
    }
    fake.pause_us = 0;
}

static uint32_t session_of(ClrcKeyHandle key)
{
    struct signature made = {0};
    assert_int_equal(sign(key, &made), CLRC_SUCCESS);
    return made.session;
}

/* The search for primes leaves the lanes of the signatures, but not the keys that it may be used with. */
static void test_long_commands_have_their_own_sessions(void **state)
{
    (void)state;
    static const ClrcKeyTemplate rsa = {.type = KEY_RSA_KEYPAIR, .bits = 2048};
    ClrcKeyHandle named = new_named("beside");
    ClrcKeyHandle prime = NULL, other = NULL;
    assert_int_equal(clrcCreateKey(&rsa, &prime), CLRC_SUCCESS);
    assert_int_equal(fake.n_open, 1); /* there is nobody to hold up */
    clrcFreeKey(prime);
    open_two_lanes(named);
    uint32_t here = session_of(named);

    assert_int_equal(clrcCreateKey(&rsa, &prime), CLRC_SUCCESS);
    assert_int_equal(fake.n_open, 3);
    assert_int_not_equal(session_of(prime), here);
    other = new_key();
    assert_int_equal(session_of(other), session_of(prime));
    assert_int_equal(session_of(named), here);
    clrcFreeKey(other);
    clrcFreeKey(prime);
    clrcShutdown(); /* with all that was freed */

    open_two_lanes(named);
    other = new_key();
    assert_int_equal(clrcCreateKey(&rsa, &prime), CLRC_SUCCESS);
    assert_int_equal(session_of(prime), session_of(other));
    assert_int_equal(fake.n_open, 2);
    clrcFreeKey(other);
    clrcFreeKey(prime);
    clrcFreeKey(named);
}

/* More than a session can hold: saved keys make room, others go to another session. */
static void test_many_keys(void **state)
{
    (void)state;
    static ClrcKeyHandle keys[600];
    char name[32];
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "many-%u", i);
        keys[i] = new_named(name);
    }
    for (unsigned i = 300; i < KM_ARRAY_LEN(keys); i++)
        keys[i] = new_key();
    uint32_t numbers[KM_ARRAY_LEN(keys)] = {0};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < KM_ARRAY_LEN(keys); i++) {
            struct signature made = {0};
            assert_int_equal(sign(keys[i], &made), CLRC_SUCCESS);
            if (round == 0)
                numbers[i] = made.key;
            assert_int_equal(made.key, numbers[i]);
        }
    }
    for (unsigned i = 0; i < KM_ARRAY_LEN(keys); i++)
        clrcFreeKey(keys[i]);
    clrcShutdown();
    assert_int_equal(fake.n_open, 0);
    assert_int_equal(fake.n_keys, 0);
}

static void test_shutdown_keeps_what_is_in_use(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("kept");
    ClrcKeyHandle own = new_key();
    clrcShutdown();
    assert_int_equal(fake.n_open, 1);
    struct signature made = {0};
    assert_int_equal(sign(own, &made), CLRC_SUCCESS);
    clrcFreeKey(own);
    clrcShutdown();
    assert_int_equal(fake.n_open, 0);
    assert_int_equal(sign(named, &made), CLRC_SUCCESS);
    clrcFreeKey(named);
}

/* ---- death ---- */

static void test_named_keys_come_back(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("back");
    ClrcKeyHandle own = new_key();
    struct signature before = {0}, after = {0};
    assert_int_equal(sign(named, &before), CLRC_SUCCESS);
    fake_kill();
    assert_int_equal(sign(named, &after), CLRC_SUCCESS);
    assert_int_equal(before.key, after.key);
    assert_int_equal(sign(own, &after), CLRC_ERROR_KEY_GONE);
    assert_int_equal(clrcSaveNamedKey(own, "too-late", NULL), CLRC_ERROR_KEY_GONE);
    clrcFreeKey(own);
    clrcFreeKey(named);
}

static void test_service_away_and_back(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("away");
    struct signature made = {0};
    fake.is_down = true;
    fake_kill();
    assert_int_equal(sign(named, &made), CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(sign(named, &made), CLRC_ERROR_NO_SERVICE);
    assert_non_null(strstr(clrcLastError(), "away"));
    fake.is_down = false;
    assert_int_equal(sign(named, &made), CLRC_SUCCESS);
    clrcFreeKey(named);
}

/* A call that kills its session is tried once more, not for ever. */
static void test_deadly_call(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("deadly");
    struct signature made = {0};
    fake.deadly_command = KM_CRYPTO_CMD_SIGN_DIGEST;
    fake.n_deaths = 1;
    assert_int_equal(sign(named, &made), CLRC_SUCCESS);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_SIGN_DIGEST], 2);
    fake.n_deaths = 100;
    assert_int_equal(sign(named, &made), CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_SIGN_DIGEST], 4);
    fake.n_deaths = 0;
    assert_int_equal(sign(named, &made), CLRC_SUCCESS);
    clrcFreeKey(named);
}

/* A change is not sent twice, but not into a session that died long ago either. */
static void test_changes_happen_once(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("changed");
    fake_kill();
    assert_int_equal(clrcDeleteNamedKey("changed", NULL), CLRC_SUCCESS);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_DELETE_KEY], 1);
    fake.deadly_command = KM_CRYPTO_CMD_DELETE_KEY;
    fake.n_deaths = 1;
    assert_int_equal(clrcDeleteNamedKey("changed", NULL), CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(fake.n_calls[KM_CRYPTO_CMD_DELETE_KEY], 2);
    clrcFreeKey(named);
}

static void test_operations_end_with_their_session(void **state)
{
    (void)state;
    const ClrcOperationWish wish = {.algorithm = CLRC_SHA256, .mode = CLRC_MODE_DIGEST};
    ClrcOperationHandle operation = NULL;
    assert_int_equal(clrcOperationNew(NULL, &wish, &operation), CLRC_SUCCESS);
    assert_int_equal(clrcOperationUpdate(operation, digest, 32, NULL, NULL), CLRC_SUCCESS);
    fake_kill();
    assert_int_equal(clrcOperationUpdate(operation, digest, 32, NULL, NULL),
                     CLRC_ERROR_SERVICE_DIED);
    assert_int_equal(clrcOperationUpdate(operation, digest, 32, NULL, NULL),
                     CLRC_ERROR_SERVICE_DIED);
    clrcOperationFree(operation);
    static ClrcOperationHandle many[150];
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++)
        assert_int_equal(clrcOperationNew(NULL, &wish, &many[i]), CLRC_SUCCESS);
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++) {
        assert_int_equal(clrcOperationUpdate(many[i], digest, 32, NULL, NULL), CLRC_SUCCESS);
        clrcOperationFree(many[i]);
    }
    clrcShutdown();
    assert_int_equal(fake.n_operations, 0);
    assert_int_equal(fake.n_open, 0);
}

static void test_replaced_key_is_noticed(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("replaced");
    struct signature made = {0};
    fake_replace_key("replaced");
    assert_int_equal(sign(named, &made), CLRC_SUCCESS); /* this session has the old one loaded */
    fake_kill();
    assert_int_equal(sign(named, &made), CLRC_ERROR_KEY_GONE);
    clrcFreeKey(named);
}

static void test_other_version_is_refused(void **state)
{
    (void)state;
    uint8_t octet = 0;
    fake.version = KM_CRYPTO_VERSION + 1;
    assert_int_equal(clrcRandom(&octet, 1), CLRC_ERROR_NOT_SUPPORTED);
    fake.version = KM_CRYPTO_VERSION;
    assert_int_equal(clrcRandom(&octet, 1), CLRC_SUCCESS);
}

/* ---- passwords ---- */

static void test_password_is_presented_again(void **state)
{
    (void)state;
    fake_add_password("pw", "secret");
    ClrcPasswordHandle password = NULL;
    assert_int_equal(clrcLoadPassword("pw", (const uint8_t *)"wrong", 5, &password),
                     CLRC_ERROR_PASSWORD);
    assert_null(password);
    assert_int_equal(clrcLoadPassword("pw", (const uint8_t *)"secret", 6, &password), CLRC_SUCCESS);
    ClrcKeyHandle key = new_key();
    assert_int_equal(clrcSaveNamedKey(key, "guarded", password), CLRC_SUCCESS);
    clrcFreeKey(key);
    key = NULL;
    assert_int_equal(clrcLoadNamedKey("guarded", NULL, &key), CLRC_ERROR_PASSWORD);
    assert_int_equal(clrcLoadNamedKey("guarded", password, &key), CLRC_SUCCESS);
    /* The key keeps it as long as it needs it. */
    clrcFreePassword(password);
    fake_kill();
    struct signature made = {0};
    assert_int_equal(sign(key, &made), CLRC_SUCCESS);
    assert_int_equal(fake.n_wrong_passwords, 1);

    /* A child has no copy, and does not guess. */
    pid_t child = fork();
    if (child == 0) {
        ClrcResult result = sign(key, &made);
        clrcFreeKey(key);
        _exit(result == CLRC_ERROR_PASSWORD && fake.n_wrong_passwords == 1 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    clrcFreeKey(key);
    uint8_t octet = 0;
    assert_int_equal(clrcRandom(&octet, 1), CLRC_SUCCESS);
    assert_int_equal(fake.n_passwords, 0);
}

/* ---- fork ---- */

static void test_child_starts_afresh(void **state)
{
    (void)state;
    ClrcKeyHandle named = new_named("inherited");
    ClrcKeyHandle own = new_key();
    const ClrcOperationWish wish = {.algorithm = CLRC_SHA256, .mode = CLRC_MODE_DIGEST};
    ClrcOperationHandle operation = NULL;
    assert_int_equal(clrcOperationNew(NULL, &wish, &operation), CLRC_SUCCESS);
    struct signature made = {0};
    pid_t child = fork();
    if (child == 0) {
        bool fine =
            sign(named, &made) == CLRC_SUCCESS && sign(own, &made) == CLRC_ERROR_KEY_GONE &&
            clrcOperationUpdate(operation, digest, 1, NULL, NULL) == CLRC_ERROR_SERVICE_DIED;
        ClrcKeyHandle fresh = NULL;
        fine = fine && clrcCreateKey(&p256, &fresh) == CLRC_SUCCESS &&
               sign(fresh, &made) == CLRC_SUCCESS;
        clrcFreeKey(fresh);
        clrcFreeKey(named);
        clrcFreeKey(own);
        clrcOperationFree(operation);
        clrcShutdown();
        _exit(fine ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(sign(own, &made), CLRC_SUCCESS);
    assert_int_equal(clrcOperationUpdate(operation, digest, 1, NULL, NULL), CLRC_SUCCESS);
    clrcOperationFree(operation);
    clrcFreeKey(named);
    clrcFreeKey(own);
}

static void *sign_until(void *arg)
{
    struct worker *worker = arg;
    struct signature made = {0};
    while (atomic_load(worker->start)) {
        if (sign(worker->shared, &made) != CLRC_SUCCESS)
            worker->n_failed++;
    }
    return NULL;
}

/* Forks while other threads hold sessions, locks and places in queues: no child may get stuck. */
static void test_fork_amid_threads(void **state)
{
    (void)state;
    fake.max_sessions = 3;
    ClrcKeyHandle named = new_named("amid");
    atomic_bool running = true;
    struct worker workers[4] = {0};
    for (unsigned i = 0; i < KM_ARRAY_LEN(workers); i++) {
        workers[i] = (struct worker){.shared = named, .start = &running};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, sign_until, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 100; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct signature made = {0};
            fake.max_sessions = 0; /* the parent's are not ours */
            (void)alarm(200);
            _exit(sign(named, &made) == CLRC_SUCCESS ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&running, false);
    for (unsigned i = 0; i < KM_ARRAY_LEN(workers); i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].n_failed, 0);
    }
    assert_int_equal(fake.n_collisions, 0);
    clrcFreeKey(named);
}

/* ---- lists and memory ---- */

struct seen {
    unsigned n, stop_at;
    bool calls_back;
};

static int see(void *arg, const ClrcKeyInfo *info)
{
    struct seen *seen = arg;
    struct seen inner = {.stop_at = 3};
    char name[32];
    (void)snprintf(name, sizeof(name), "listed-%u", seen->n);
    assert_string_equal(info->name, name);
    if (seen->calls_back) {
        assert_int_equal(clrcListNamedKeys(NULL, see, &inner), CLRC_SUCCESS);
        assert_int_equal(inner.n, 3);
    }
    return ++seen->n != seen->stop_at;
}

static void test_lists(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(clrcListNamedKeys(NULL, see, &seen), CLRC_SUCCESS);
    assert_int_equal(seen.n, 0);
    char name[32];
    for (unsigned i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof(name), "listed-%u", i);
        clrcFreeKey(new_named(name));
    }
    seen = (struct seen){.calls_back = true};
    assert_int_equal(clrcListNamedKeys(NULL, see, &seen), CLRC_SUCCESS);
    assert_int_equal(seen.n, 20);
    seen = (struct seen){.stop_at = 5};
    assert_int_equal(clrcListNamedKeys(NULL, see, &seen), CLRC_SUCCESS);
    assert_int_equal(seen.n, 5);
    seen = (struct seen){0};
    fake.deadly_command = KM_CRYPTO_CMD_LIST_KEYS;
    fake.n_deaths = 1;
    assert_int_equal(clrcListNamedKeys(NULL, see, &seen), CLRC_SUCCESS);
    assert_int_equal(seen.n, 20);
    fake.is_malformed = true;
    seen = (struct seen){0};
    assert_int_equal(clrcListNamedKeys(NULL, see, &seen), CLRC_ERROR_GENERIC);
    ClrcKeyHandle key = NULL;
    assert_int_equal(clrcLoadNamedKey("listed-1", NULL, &key), CLRC_ERROR_GENERIC);
    assert_null(key);
    assert_int_equal(clrcListNamedKeys(NULL, NULL, NULL), CLRC_ERROR_BAD_PARAMETERS);
}

static void test_shared_memory_is_found(void **state)
{
    (void)state;
    static uint8_t own[100000];
    uint8_t out[32];
    uint32_t len = sizeof(out);
    uint8_t *block = clrcSharedAlloc(50000);
    uint8_t *other = clrcSharedAlloc(20000);
    assert_non_null(block);
    assert_non_null(other);
    assert_int_equal(clrcSharedRegister(own, 60000), CLRC_SUCCESS);
    assert_int_equal(clrcSharedRegister(own + 59999, 5), CLRC_ERROR_EXISTS);
    const struct {
        const uint8_t *at;
        size_t len;
        unsigned in_place;
    } rows[] = {
        {block, 50000, 1},      {block + 1000, 49000, 1}, {block + 1000, 49001, 0},
        {other, 20000, 1},      {own, 60000, 1},          {own + 55000, 5000, 1},
        {own + 55000, 5001, 0}, {own + 60000, 30000, 0},  {block, 64, 0 /* small: copied */},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        fake.n_in_place = 0;
        len = sizeof(out);
        assert_int_equal(clrcDigest(CLRC_SHA256, rows[i].at, rows[i].len, out, &len), CLRC_SUCCESS);
        assert_int_equal(fake.n_in_place, rows[i].in_place);
    }
    assert_int_equal(clrcSharedUnregister(own), CLRC_SUCCESS);
    assert_int_equal(clrcSharedUnregister(own), CLRC_ERROR_NOT_FOUND);
    pid_t child = fork();
    if (child == 0) {
        /* The parent's blocks are ordinary memory here, and can be given back. */
        fake.n_in_place = 0;
        len = sizeof(out);
        ClrcResult result = clrcDigest(CLRC_SHA256, block, 50000, out, &len);
        bool fine = result == CLRC_SUCCESS && fake.n_in_place == 0;
        clrcSharedFree(block);
        clrcSharedFree(other);
        _exit(fine ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    clrcSharedFree(block);
    clrcSharedFree(other);
    fake.n_in_place = 0;
    len = sizeof(out);
    assert_int_equal(clrcDigest(CLRC_SHA256, own, 60000, out, &len), CLRC_SUCCESS);
    assert_int_equal(fake.n_in_place, 0);
    assert_null(clrcSharedAlloc(0));
    assert_null(clrcSharedAlloc((size_t)CLRC_DATA_MAX + 1));
}

/* What the service answers to STORAGE_STATE, and nothing shorter or longer. */
static void test_state_of_the_storage(void **state)
{
    uint8_t bytes[KM_RESULT_STATE_LEN + 1] = {5, 1, [8] = 0xaa, [23] = 0xbb};
    ClrcStorageState seen = {.n_changes = 9};
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        if (len != KM_RESULT_STATE_LEN)
            assert_false(km_result_state(KM_SLICE(bytes, len), &seen));
    }
    assert_int_equal(seen.n_changes, 9);
    assert_true(km_result_state(KM_SLICE(bytes, KM_RESULT_STATE_LEN), &seen));
    assert_int_equal(seen.n_changes, 0x105);
    assert_int_equal(seen.octets[0], 0xaa);
    assert_int_equal(seen.octets[15], 0xbb);
    assert_int_equal(clrcStorageState(NULL), CLRC_ERROR_BAD_PARAMETERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_thread_has_one_session, setup),
        cmocka_unit_test_setup(test_short_buffer_tells_the_length, setup),
        cmocka_unit_test_setup(test_names_are_checked, setup),
        cmocka_unit_test_setup(test_misuse_is_an_error, setup),
        cmocka_unit_test_setup(test_every_result_has_a_text, setup),
        cmocka_unit_test_setup(test_names_go_both_ways, setup),
        cmocka_unit_test_setup(test_threads_run_in_their_own_sessions, setup),
        cmocka_unit_test_setup(test_long_commands_have_their_own_sessions, setup),
        cmocka_unit_test_setup(test_many_keys, setup),
        cmocka_unit_test_setup(test_shutdown_keeps_what_is_in_use, setup),
        cmocka_unit_test_setup(test_named_keys_come_back, setup),
        cmocka_unit_test_setup(test_service_away_and_back, setup),
        cmocka_unit_test_setup(test_deadly_call, setup),
        cmocka_unit_test_setup(test_changes_happen_once, setup),
        cmocka_unit_test_setup(test_operations_end_with_their_session, setup),
        cmocka_unit_test_setup(test_replaced_key_is_noticed, setup),
        cmocka_unit_test_setup(test_other_version_is_refused, setup),
        cmocka_unit_test_setup(test_password_is_presented_again, setup),
        cmocka_unit_test_setup(test_child_starts_afresh, setup),
        cmocka_unit_test_setup(test_state_of_the_storage, setup),
        cmocka_unit_test_setup(test_lists, setup),
        cmocka_unit_test_setup(test_shared_memory_is_found, setup),
        /* The last two leave the pool small. */
        cmocka_unit_test_setup(test_few_sessions_are_shared, setup),
        cmocka_unit_test_setup(test_fork_amid_threads, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
