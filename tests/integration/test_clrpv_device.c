/* SPDX-License-Identifier: Apache-2.0 */
/* The payload library as devices have it: keys, hashes, signatures and versions in the service. */
#include "include/clrpv.h"
#include "tests/integration/clrc_test.h"

static int tear_down(void **state)
{
    clrcShutdown();
    return test_down(state);
}

#define expect_pv(call, expected)                                                                  \
    do {                                                                                           \
        ClrpvResult got_ = (call);                                                                 \
        if (got_ != (ClrpvResult)(expected))                                                       \
            fprintf(stderr, "%s: 0x%08x, %s\n", #call, got_, clrpvLastError());                    \
        assert_int_equal(got_, (expected));                                                        \
    } while (0)

static size_t make(const ClrpvCreateWish *wish, uint8_t package[4096])
{
    size_t len = 4096;
    expect_pv(clrpvCreatePackageBuffer(wish, (const uint8_t *)"octets", 6, package, &len), 0);
    return len;
}

static ClrpvResult verify(const ClrpvVerifyWish *wish, const uint8_t *package, size_t len)
{
    const uint8_t *payload = NULL;
    size_t payload_len = 0;
    ClrpvResult result = clrpvVerifyPackageBuffer(wish, package, len, &payload, &payload_len, NULL);
    if (result == CLRPV_SUCCESS) {
        assert_int_equal(payload_len, 6);
        assert_memory_equal(payload, "octets", 6);
    }
    return result;
}

/* Signed by a handle (DSA keys can't be made here; test_payload.sh has them from files); verified by the handle, by its public part in DER, and by a stored name. */
static void keys_of_every_kind(void **state)
{
    static const struct {
        ClrcKeyType type;
        uint32_t bits;
        ClrpvHash hash;
    } rows[] = {
        {KEY_ECDSA_KEYPAIR, 256, CLRPV_HASH_SHA1},     {KEY_ECDSA_KEYPAIR, 256, CLRPV_HASH_SHA256},
        {KEY_ECDSA_KEYPAIR, 384, CLRPV_HASH_SHA384},   {KEY_ECDSA_KEYPAIR, 521, CLRPV_HASH_SHA224},
        {KEY_EC_DUAL_KEYPAIR, 256, CLRPV_HASH_SHA512}, {KEY_RSA_KEYPAIR, 2048, CLRPV_HASH_SHA1},
        {KEY_RSA_KEYPAIR, 2048, CLRPV_HASH_SHA512},    {KEY_RSA_KEYPAIR, 2048, CLRPV_HASH_MD5},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t package[4096] = {0};
        uint8_t der[1024] = {0};
        uint32_t der_len = sizeof(der);
        ClrcKeyHandle key = test_create(rows[i].type, rows[i].bits);
        const ClrpvCreateWish wish = {
            .key = {.handle = key}, .hash = rows[i].hash, .flags = CLRPV_ALLOW_WEAK_HASH};
        size_t len = make(&wish, package);
        ClrpvVerifyWish asked = {.key = {.handle = key}, .flags = CLRPV_ALLOW_WEAK_HASH};
        expect_pv(verify(&asked, package, len), CLRPV_SUCCESS);
        expect_pv(clrpvSavePublicKeyBuffer(key, der, &der_len), CLRPV_SUCCESS);
        asked.key = (ClrpvKey){.der = der, .der_length = der_len};
        expect_pv(verify(&asked, package, len), CLRPV_SUCCESS);
        package[len - 1] ^= 1;
        expect_pv(verify(&asked, package, len), CLRPV_ERROR_SIGNATURE);
        package[len - 1] ^= 1;
        ok(clrcSaveNamedKey(key, "signer", NULL));
        clrcFreeKey(key);
        asked.key = (ClrpvKey){.name = "signer"};
        expect_pv(verify(&asked, package, len), CLRPV_SUCCESS);
        ok(clrcDeleteNamedKey("signer", NULL));
        expect_pv(verify(&asked, package, len), CLRC_ERROR_NOT_FOUND);
    }
}

static void keys_that_do_not_fit(void **state)
{
    (void)state;
    uint8_t package[4096] = {0};
    size_t len = sizeof(package);
    ClrcKeyHandle signer = test_create(KEY_ECDSA_KEYPAIR, 256);
    ClrcKeyHandle rsa = test_create(KEY_RSA_KEYPAIR, 2048);
    ClrcKeyHandle ecdh = test_create(KEY_ECDH_KEYPAIR, 256);
    ClrcKeyHandle aes = test_create(KEY_AES, 256);
    ClrpvCreateWish wish = {.key = {.handle = ecdh}};
    expect_pv(clrpvCreatePackageBuffer(&wish, NULL, 0, package, &len), CLRPV_ERROR_KEY_TYPE);
    assert_non_null(strstr(clrpvLastError(), "DH"));
    wish.key.handle = aes;
    expect_pv(clrpvCreatePackageBuffer(&wish, NULL, 0, package, &len), CLRPV_ERROR_KEY_TYPE);
    wish.key.handle = signer;
    len = make(&wish, package);
    ClrpvVerifyWish asked = {.key = {.handle = rsa}};
    expect_pv(verify(&asked, package, len), CLRPV_ERROR_KEY_MISMATCH);
    asked.key.handle = ecdh;
    expect_pv(verify(&asked, package, len), CLRPV_ERROR_KEY_TYPE);
    clrcFreeKey(signer);
    clrcFreeKey(rsa);
    clrcFreeKey(ecdh);
    clrcFreeKey(aes);
}

static ClrpvResult deliver(ClrcKeyHandle key, uint64_t version, bool spoil)
{
    uint8_t package[4096] = {0};
    const ClrpvCreateWish wish = {
        .key = {.handle = key}, .has_version = version != 0, .version = version, .target = "radio"};
    const ClrpvVerifyWish asked = {.key = {.handle = key}, .target = "radio"};
    size_t len = make(&wish, package);
    package[len - 1] ^= spoil;
    return verify(&asked, package, len);
}

/* The service is killed as hard as can be right after each answer; what it said is what it knows afterwards. */
static void versions_survive_being_killed(void **state)
{
    (void)state;
    ClrcKeyHandle key = test_create(KEY_ECDSA_KEYPAIR, 256);
    ok(clrcSaveNamedKey(key, "vendor", NULL));
    for (uint64_t version = 5; version < 9; version++) {
        expect_pv(deliver(key, version, false), CLRPV_SUCCESS);
        km_service_signal(service, SIGKILL);
        km_service_resume(service);
        expect_pv(deliver(key, version - 1, false), CLRPV_ERROR_DOWNGRADE);
        expect_pv(deliver(key, 0, false), CLRPV_ERROR_DOWNGRADE);
        expect_pv(deliver(key, version + 100, true), CLRPV_ERROR_SIGNATURE);
        expect_pv(deliver(key, version, false), CLRPV_SUCCESS);
    }
    clrcFreeKey(key);
    ok(clrcDeleteNamedKey("vendor", NULL));
}

/* A client delivers one version after the other and tells each that was taken, until the service is gone. */
static int deliver_many(uint64_t first, int tell)
{
    ClrcKeyHandle key = NULL;
    if (clrcLoadNamedKey("vendor", NULL, &key) != CLRC_SUCCESS)
        return 1;
    for (uint64_t version = first; version < first + 10000; version++) {
        uint8_t package[4096] = {0};
        size_t len = sizeof(package);
        const ClrpvCreateWish wish = {
            .key = {.handle = key}, .has_version = 1, .version = version, .target = "radio"};
        const ClrpvVerifyWish asked = {.key = {.handle = key}, .target = "radio"};
        if (clrpvCreatePackageBuffer(&wish, (const uint8_t *)"octets", 6, package, &len) !=
                CLRPV_SUCCESS ||
            verify(&asked, package, len) != CLRPV_SUCCESS ||
            write(tell, &version, sizeof(version)) != (ssize_t)sizeof(version))
            break;
    }
    return 0;
}

/* Killed in the middle of it, wherever that is: what a client was told counts, and nothing that was never signed. */
static void versions_survive_kills_at_any_moment(void **state)
{
    (void)state;
    uint64_t highest = 1;
    ClrcKeyHandle key = test_create(KEY_ECDSA_KEYPAIR, 256);
    ok(clrcSaveNamedKey(key, "vendor", NULL));
    for (unsigned round = 0; round < 12; round++) {
        int ends[2] = {-1, -1};
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(deliver_many(highest, ends[1]));
        assert_int_equal(close(ends[1]), 0);
        /* After a number of versions that differs from round to round; then wherever the next one is. */
        uint64_t told = 0;
        for (unsigned n = 0; n < 1 + 3 * round; n++)
            assert_int_equal(read(ends[0], &told, sizeof(told)), sizeof(told));
        km_service_signal(service, SIGKILL);
        while (read(ends[0], &told, sizeof(told)) == (ssize_t)sizeof(told))
            continue;
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(close(ends[0]), 0);
        km_service_resume(service);
        assert_true(told >= highest);
        if (told > 1)
            expect_pv(deliver(key, told - 1, false), CLRPV_ERROR_DOWNGRADE);
        /* The one that was under way may count or not; the one after it can't. */
        expect_pv(deliver(key, told + 1, false), CLRPV_SUCCESS);
        highest = told + 1;
    }
    clrcFreeKey(key);
    ok(clrcDeleteNamedKey("vendor", NULL));
}

static void public_keys_there_and_back(void **state)
{
    static const struct {
        ClrcKeyType type;
        uint32_t bits, n_values;
    } rows[] = {
        {KEY_ECDSA_KEYPAIR, 256, 3}, {KEY_ECDSA_KEYPAIR, 521, 3}, {KEY_RSA_KEYPAIR, 3072, 2}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t der[1024] = {0};
        uint8_t again[1024] = {0};
        uint32_t len = sizeof(der);
        uint32_t again_len = sizeof(again);
        static ClrpvPublicKey key;
        ClrcKeyHandle handle = test_create(rows[i].type, rows[i].bits);
        expect_pv(clrpvSavePublicKeyBuffer(handle, der, &len), CLRPV_SUCCESS);
        clrcFreeKey(handle);
        expect_pv(clrpvPublicKeyFromDer(der, len, &key), CLRPV_SUCCESS);
        assert_int_equal(key.n_values, rows[i].n_values);
        assert_int_equal(key.bits, rows[i].bits);
        expect_pv(clrpvPublicKeyToDer(&key, again, &again_len), CLRPV_SUCCESS);
        assert_int_equal(again_len, len);
        assert_memory_equal(again, der, len);
        expect_pv(clrpvPublicKeyFromDer(der, len - 1, &key), CLRPV_ERROR_KEY_FILE);
        again_len = len - 1;
        expect_pv(clrpvPublicKeyToDer(&key, again, &again_len), CLRPV_ERROR_SHORT_BUFFER);
        assert_int_equal(again_len, len);
    }
}

static void printing_tells_nothing_private(void **state)
{
    (void)state;
    /* RFC 6979, A.2.5. */
    static const char scalar[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    static const char x[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
    uint8_t value[32] = {0};
    assert_true(km_unhex(scalar, value, sizeof(value)));
    const uint32_t curve = 256;
    const ClrcAttributeValue values[] = {
        {CLRC_ATTR_ECC_CURVE, sizeof(curve), &curve},
        {CLRC_ATTR_ECC_PRIVATE_VALUE, sizeof(value), value},
    };
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR,
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcKeyHandle key = NULL;
    ok(clrcImportKeyAttributes(&wish, values, KM_ARRAY_LEN(values), &key));
    char text[4096] = {0};
    FILE *out = fmemopen(text, sizeof(text) - 1, "w");
    assert_non_null(out);
    expect_pv(clrpvPrintKey(key, out), CLRPV_SUCCESS);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, x));
    assert_non_null(strstr(text, "type: KEY_ECDSA_KEYPAIR\n"));
    assert_non_null(strstr(text, "curve: P-256\n"));
    assert_null(strstr(text, scalar));
    clrcFreeKey(key);
}

/* Without a service: an error of clrc's, no output, nothing that waits. */
static void without_a_service(void **state)
{
    (void)state;
    uint8_t package[4096] = {0};
    uint8_t der[1024] = {0};
    uint32_t der_len = sizeof(der);
    ClrcKeyHandle key = test_create(KEY_ECDSA_KEYPAIR, 256);
    const ClrpvCreateWish wish = {.key = {.handle = key}};
    size_t len = make(&wish, package);
    expect_pv(clrpvSavePublicKeyBuffer(key, der, &der_len), CLRPV_SUCCESS);
    clrcFreeKey(key);
    const ClrpvVerifyWish asked = {.key = {.der = der, .der_length = der_len}};
    km_service_signal(service, SIGTERM);
    ClrpvResult first = verify(&asked, package, len); /* the session may turn out dead only now */
    assert_true(first == CLRC_ERROR_NO_SERVICE || first == CLRC_ERROR_SERVICE_DIED);
    expect_pv(verify(&asked, package, len), CLRC_ERROR_NO_SERVICE);
    km_service_resume(service);
    expect_pv(verify(&asked, package, len), CLRPV_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_every_kind),
        cmocka_unit_test(keys_that_do_not_fit),
        cmocka_unit_test(versions_survive_being_killed),
        cmocka_unit_test(versions_survive_kills_at_any_moment),
        cmocka_unit_test(public_keys_there_and_back),
        cmocka_unit_test(printing_tells_nothing_private),
        cmocka_unit_test(without_a_service),
    };
    return cmocka_run_group_tests(tests, test_up, tear_down);
}
