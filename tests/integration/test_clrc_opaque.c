/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque keys and objects through the library: handles, memory, threads, fork, and a service that goes away. */
#include "tests/integration/clrc_crypto_test.h"

#include <pthread.h>
#include <signal.h>

#include <openssl/sha.h>
#include <openssl/x509.h>

#include "tests/unit/package_maker.h"

#define SIZE ((size_t)3 << 20)
#define N_THREADS 6u
#define N_OPENED 150u

static EVP_PKEY *oem;
static EVP_PKEY *device;
static uint8_t *clear_data;
static uint8_t *encrypted;
static size_t encrypted_len;
static struct maker_bytes identifier;

static const uint8_t OBJECT_KEY[32] = {1};
static const uint8_t OBJECT_IV[16] = {2};
static const uint8_t OBJECT_ID[16] = {3};

static void make_identifier(EVP_PKEY *signer, EVP_PKEY *to, enum km_pack_cipher cipher,
                            uint64_t max_opens, struct maker_bytes *ret)
{
    uint8_t digest[32] = {0};
    uint8_t fingerprint[32] = {0};
    struct maker_bytes plain = {.len = 0};
    struct maker_seal seal = {.to = to};
    struct km_slice whole = {0};
    assert_non_null(SHA256(clear_data, SIZE, digest));
    maker_fingerprint(signer, fingerprint);
    struct km_object_secret secret = {
        .object_id = KM_SLICE(OBJECT_ID, 16),
        .signer = KM_SLICE(fingerprint, 32),
        .info = {.cipher = KM_SLICE_STR(km_pack_cipher_name(cipher)),
                 .key = KM_SLICE(OBJECT_KEY, 32),
                 .iv = KM_SLICE(OBJECT_IV, 16),
                 .digest_name = KM_SLICE_STR("SHA256"),
                 .digest = KM_SLICE(digest, 32),
                 .size = SIZE},
        .has_policy = max_opens != 0,
        .policy = {.max_opens = max_opens},
    };
    struct km_wr wr = km_wr_init(plain.at, sizeof(plain.at));
    km_object_secret_put(&wr, &secret);
    assert_true(km_wr_finish(&wr, &whole));
    maker_object_id(signer, &seal, secret.object_id, whole, ret);
}

static void make_object(enum km_pack_cipher cipher)
{
    maker_encrypt(cipher, OBJECT_KEY, OBJECT_IV, KM_SLICE(clear_data, SIZE), encrypted,
                  &encrypted_len);
    make_identifier(oem, device, cipher, 0, &identifier);
}

static int setup(void **state)
{
    ClrcKeyTemplate wish = {.type = KEY_EC_DUAL_KEYPAIR, .bits = 256};
    ClrcKeyHandle key = NULL;
    assert_int_equal(test_up(state), 0);
    oem = maker_key("P-256");
    ClrcKeyHandle oem_key = test_import_public(KEY_ECDSA_PUBLIC, oem);
    ok(clrcProvisionKey(oem_key, CLRC_OEM_PUBLIC_KEY, NULL));
    clrcFreeKey(oem_key);
    ok(clrcCreateKey(&wish, &key));
    device = test_public_of(key);
    ok(clrcProvisionKey(key, CLRC_OEM_DEVICE_PRIVATE_KEY, CLRC_OEM_DEVICE_PUBLIC_KEY));
    clrcFreeKey(key);
    clear_data = malloc(SIZE);
    encrypted = malloc(SIZE + 16);
    assert_true(clear_data != NULL && encrypted != NULL);
    test_fill(clear_data, SIZE, 7);
    return 0;
}

static int teardown(void **state)
{
    free(clear_data);
    free(encrypted);
    EVP_PKEY_free(oem);
    EVP_PKEY_free(device);
    return test_down(state);
}

static ClrcOpaqueObjectHandle opened(void)
{
    ClrcOpaqueObjectHandle object = NULL;
    ok(clrcOpenOpaqueObject(identifier.at, (uint32_t)identifier.len, NULL, NULL, &object, NULL));
    return object;
}

/* ---- arguments ---- */

static void test_arguments(void **state)
{
    uint8_t octets[CLRC_PACKAGE_MAX + 1] = {0};
    ClrcOpaqueObjectHandle object = NULL;
    ClrcKeyHandle no_key = (ClrcKeyHandle)(uintptr_t)octets;
    size_t len = 16;
    (void)state;
    expect(clrcSaveOpaqueKeyEx(NULL, 10, NULL, NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcSaveOpaqueKeyEx(octets, 0, NULL, NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcSaveOpaqueKeyEx(octets, CLRC_PACKAGE_MAX + 1, NULL, NULL), CLRC_ERROR_TOO_LARGE);
    expect(clrcSaveOpaqueKeyEx(octets, CLRC_PACKAGE_MAX, NULL, NULL), CLRC_ERROR_BAD_FORMAT);
    expect(clrcSaveOpaqueKeyEx(octets, 10, no_key, NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcSaveOpaqueKeyEx(octets, 10, NULL, (ClrcPasswordHandle)(uintptr_t)octets),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcOpenOpaqueObject(octets, 10, NULL, NULL, NULL, NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcOpenOpaqueObject(octets, 10, no_key, NULL, &object, NULL),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcOpenOpaqueObject(octets, 10, NULL, no_key, &object, NULL),
           CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcOpenOpaqueObject(octets, 10, NULL, NULL, &object, NULL), CLRC_ERROR_BAD_FORMAT);
    assert_null(object);
    object = (ClrcOpaqueObjectHandle)(uintptr_t)octets;
    expect(clrcUpdateOpaqueObject(object, octets, 1, octets, &len), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcFinishOpaqueObject(NULL), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcRewindOpaqueObject(object), CLRC_ERROR_BAD_PARAMETERS);
    clrcFreeOpaqueObject(NULL);
    clrcFreeOpaqueObject(object);
    make_object(KM_PACK_AES_CTR);
    object = opened();
    expect(clrcUpdateOpaqueObject(object, NULL, 1, octets, &len), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcUpdateOpaqueObject(object, octets, 1, NULL, &len), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcUpdateOpaqueObject(object, octets, 1, octets, NULL), CLRC_ERROR_BAD_PARAMETERS);
    len = 0;
    expect(clrcUpdateOpaqueObject(object, encrypted, 100, octets, &len), CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 100);
    ok(clrcUpdateOpaqueObject(object, encrypted, 100, octets, &len));
    assert_memory_equal(octets, clear_data, 100);
    clrcFreeOpaqueObject(object);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    static const uint8_t AES[16] = {5};
    struct km_opaque_key from = {.type = KM_SLICE_STR("KEY_AES"),
                                 .name = KM_SLICE_STR("from afar"),
                                 .data = KM_SLICE(AES, sizeof(AES))};
    struct maker_bytes plain = {.len = 0};
    struct maker_bytes package = {.len = 0};
    struct km_slice whole = {0};
    ClrcKeyInfo info = {0};
    (void)state;
    struct km_wr wr = km_wr_init(plain.at, sizeof(plain.at));
    km_opaque_key_put(&wr, &from);
    assert_true(km_wr_finish(&wr, &whole));
    struct maker_seal seal = {.to = device};
    maker_opaque_key(oem, &seal, whole, &package);
    ok(clrcSaveOpaqueKeyEx(package.at, (uint32_t)package.len, NULL, NULL));
    expect(clrcSaveOpaqueKeyEx(package.at, (uint32_t)package.len, NULL, NULL), CLRC_ERROR_EXISTS);
    ok(clrcDescribeNamedKey("from afar", &info));
    assert_int_equal(info.type, KEY_AES);
    assert_false(info.has_password);
    ok(clrcDeleteNamedKey("from afar", NULL));
    /* Under a password, for a key that lives in one session alone. */
    ClrcPasswordHandle password = NULL;
    ClrcKeyHandle ours = test_create(KEY_ECDH_KEYPAIR, 521);
    EVP_PKEY *to = test_public_of(ours);
    seal.to = to;
    maker_opaque_key(oem, &seal, whole, &package);
    ok(clrcCreatePassword("pw", (const uint8_t *)"secret", 6));
    ok(clrcLoadPassword("pw", (const uint8_t *)"secret", 6, &password));
    expect(clrcSaveOpaqueKeyEx(package.at, (uint32_t)package.len, NULL, password),
           CLRC_ERROR_OTHER_DEVICE);
    ok(clrcSaveOpaqueKeyEx(package.at, (uint32_t)package.len, ours, password));
    ok(clrcDescribeNamedKey("from afar", &info));
    assert_true(info.has_password);
    clrcFreeKey(ours);
    clrcFreePassword(password);
    EVP_PKEY_free(to);
}

/* ---- objects ---- */

static void pass(ClrcOpaqueObjectHandle object, const uint8_t *in, uint8_t *out, size_t piece)
{
    size_t given = 0;
    for (size_t at = 0; at < encrypted_len; at += piece) {
        size_t len = encrypted_len - at < piece ? encrypted_len - at : piece;
        size_t room = out == NULL ? 0 : SIZE + 16 - given;
        ok(clrcUpdateOpaqueObject(object, in + at, len, out == NULL ? NULL : out + given,
                                  out == NULL ? NULL : &room));
        given += room;
    }
    ok(clrcFinishOpaqueObject(object));
    if (out == NULL)
        return;
    assert_int_equal(given, SIZE);
    assert_memory_equal(out, clear_data, SIZE);
}

static void test_memory(void **state)
{
    uint8_t *ordinary = malloc(SIZE + 16);
    uint8_t *shared = clrcSharedAlloc(SIZE + 16);
    uint8_t *shared_in = clrcSharedAlloc(SIZE + 16);
    (void)state;
    assert_true(ordinary != NULL && shared != NULL && shared_in != NULL);
    for (unsigned c = KM_PACK_AES_CTR; c <= KM_PACK_AES_CFB; c++) {
        make_object((enum km_pack_cipher)c);
        ClrcOpaqueObjectHandle object = opened();
        static const size_t PIECES[] = {65537, 1u << 20, SIZE + 16};
        for (size_t i = 0; i < KM_ARRAY_LEN(PIECES); i++) {
            pass(object, encrypted, NULL, PIECES[i]);
            ok(clrcRewindOpaqueObject(object));
            pass(object, encrypted, ordinary, PIECES[i]);
            ok(clrcRewindOpaqueObject(object));
            km_copy(shared_in, SIZE + 16, encrypted, encrypted_len);
            pass(object, shared_in, shared, PIECES[i]);
            ok(clrcRewindOpaqueObject(object));
        }
        /* In its own place, whole. */
        size_t room = SIZE + 16;
        ok(clrcUpdateOpaqueObject(object, shared_in, encrypted_len, shared_in, &room));
        ok(clrcFinishOpaqueObject(object));
        assert_int_equal(room, SIZE);
        assert_memory_equal(shared_in, clear_data, SIZE);
        expect(clrcFinishOpaqueObject(object), CLRC_ERROR_STATE);
        clrcFreeOpaqueObject(object);
    }
    free(ordinary);
    clrcSharedFree(shared);
    clrcSharedFree(shared_in);
}

static void test_whose_keys(void **state)
{
    ClrcOpaqueObjectHandle object = NULL;
    ClrcOpaqueObjectInfo info = {0};
    struct maker_bytes mine = {.len = 0};
    (void)state;
    make_object(KM_PACK_AES_CTR);
    EVP_PKEY *signer = maker_key("RSA");
    ClrcKeyHandle ours = test_create(KEY_EC_DUAL_KEYPAIR, 384);
    EVP_PKEY *to = test_public_of(ours);
    ClrcKeyHandle verify = test_import_public(KEY_RSA_PUBLIC, signer);
    make_identifier(signer, to, KM_PACK_AES_CTR, 5, &mine);
    uint32_t len = (uint32_t)mine.len;
    expect(clrcOpenOpaqueObject(mine.at, len, NULL, ours, &object, NULL), CLRC_ERROR_SIGNATURE);
    expect(clrcOpenOpaqueObject(mine.at, len, verify, NULL, &object, NULL),
           CLRC_ERROR_OTHER_DEVICE);
    /* Neither is saved, then one, then both. */
    ok(clrcOpenOpaqueObject(mine.at, len, verify, ours, &object, &info));
    assert_int_equal(info.opens_left, 4);
    assert_int_equal(info.size, SIZE);
    assert_int_equal(info.algorithm, CLRC_AES_CTR);
    clrcFreeOpaqueObject(object);
    ok(clrcSaveNamedKey(verify, "a verifier", NULL));
    ok(clrcOpenOpaqueObject(mine.at, len, verify, ours, &object, &info));
    clrcFreeOpaqueObject(object);
    ok(clrcSaveNamedKey(ours, "a device key", NULL));
    ok(clrcOpenOpaqueObject(mine.at, len, verify, ours, &object, &info));
    assert_int_equal(info.opens_left, 2);
    assert_memory_equal(info.id, OBJECT_ID, 16);
    clrcFreeOpaqueObject(object);
    clrcFreeKey(ours);
    clrcFreeKey(verify);
    EVP_PKEY_free(signer);
    EVP_PKEY_free(to);
}

/* What was freed makes room, and who holds many gets more sessions. */
static void test_many(void **state)
{
    static ClrcOpaqueObjectHandle held[N_OPENED];
    (void)state;
    make_object(KM_PACK_AES_CTR);
    for (unsigned i = 0; i < 3 * N_OPENED; i++)
        clrcFreeOpaqueObject(opened());
    for (unsigned i = 0; i < N_OPENED; i++)
        held[i] = opened();
    for (unsigned i = 0; i < N_OPENED; i += 40)
        pass(held[i], encrypted, NULL, 1u << 20);
    for (unsigned i = 0; i < N_OPENED; i++)
        clrcFreeOpaqueObject(held[i]);
}

/* The first result that is not success; another digest than the service's would be CLRC_ERROR_GENERIC. */
static ClrcResult decrypt_alone(const struct maker_bytes *from, uint8_t *out)
{
    size_t given = 0;
    ClrcOpaqueObjectHandle object = NULL;
    ClrcResult result =
        clrcOpenOpaqueObject(from->at, (uint32_t)from->len, NULL, NULL, &object, NULL);
    for (size_t at = 0; result == CLRC_SUCCESS && at < encrypted_len; at += 100000) {
        size_t len = encrypted_len - at < 100000 ? encrypted_len - at : 100000;
        size_t room = SIZE + 16 - given;
        result = clrcUpdateOpaqueObject(object, encrypted + at, len, out + given, &room);
        given += room;
    }
    if (result == CLRC_SUCCESS)
        result = clrcFinishOpaqueObject(object);
    clrcFreeOpaqueObject(object);
    if (result == CLRC_SUCCESS && (given != SIZE || memcmp(out, clear_data, SIZE) != 0))
        return CLRC_ERROR_GENERIC;
    return result;
}

struct thread {
    pthread_t id;
    const struct maker_bytes *from;
    ClrcResult result;
    char said[128];
};

static void *run_thread(void *arg)
{
    struct thread *thread = arg;
    uint8_t *out = malloc(SIZE + 16);
    thread->result = out == NULL ? CLRC_ERROR_OUT_OF_MEMORY : decrypt_alone(thread->from, out);
    (void)snprintf(thread->said, sizeof(thread->said), "%s", clrcLastError());
    free(out);
    return NULL;
}

/* So many openings are allowed, and they come at once: all of them, and not one more. */
static void test_threads(void **state)
{
    struct thread threads[N_THREADS] = {{0}};
    struct maker_bytes counted = {.len = 0};
    ClrcOpaqueObjectHandle object = NULL;
    (void)state;
    make_object(KM_PACK_AES_CBC);
    make_identifier(oem, device, KM_PACK_AES_CBC, N_THREADS, &counted);
    for (unsigned i = 0; i < N_THREADS; i++) {
        threads[i].from = &counted;
        assert_int_equal(pthread_create(&threads[i].id, NULL, run_thread, &threads[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i].id, NULL), 0);
    for (unsigned i = 0; i < N_THREADS; i++) {
        if (threads[i].result != CLRC_SUCCESS)
            fail_msg("thread %u: 0x%08x %s", i, threads[i].result, threads[i].said);
    }
    expect(clrcOpenOpaqueObject(counted.at, (uint32_t)counted.len, NULL, NULL, &object, NULL),
           CLRC_ERROR_USED_UP);
}

static void test_fork(void **state)
{
    int status = 0;
    (void)state;
    make_object(KM_PACK_AES_CTR);
    ClrcOpaqueObjectHandle object = opened();
    pid_t child = fork();
    if (child == 0) {
        ClrcOpaqueObjectHandle own = NULL;
        bool fits = clrcFinishOpaqueObject(object) == CLRC_ERROR_SERVICE_DIED;
        fits = fits && clrcOpenOpaqueObject(identifier.at, (uint32_t)identifier.len, NULL, NULL,
                                            &own, NULL) == CLRC_SUCCESS;
        _exit(fits ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pass(object, encrypted, NULL, 1u << 20);
    clrcFreeOpaqueObject(object);
}

static void test_service_dies(void **state)
{
    (void)state;
    make_object(KM_PACK_AES_CTR);
    ClrcOpaqueObjectHandle object = opened();
    ok(clrcUpdateOpaqueObject(object, encrypted, 1000, NULL, NULL));
    km_service_signal(service, SIGKILL);
    km_service_resume(service);
    expect(clrcUpdateOpaqueObject(object, encrypted, 1000, NULL, NULL), CLRC_ERROR_SERVICE_DIED);
    clrcFreeOpaqueObject(object);
    object = opened();
    pass(object, encrypted, NULL, 1u << 20);
    clrcFreeOpaqueObject(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_whose_keys),
        cmocka_unit_test(test_many),      cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fork),      cmocka_unit_test(test_service_dies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
