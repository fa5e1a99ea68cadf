/* SPDX-License-Identifier: Apache-2.0 */
/* What the administrator forbids, no client gets; what he does not, all get. */
#include "tests/integration/clrc_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char policy[64];
static uint8_t data[512], out[1024];

static void write_policy(const char *text)
{
    FILE *file = fopen(policy, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    const char *const args[] = {"--crypto-policy", policy, NULL};
    (void)state;
    (void)snprintf(policy, sizeof(policy), "/tmp/km-policy.XXXXXX");
    int fd = mkostemp(policy, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_policy("# what is old\nforbid md5\nforbid sha1-signatures\nforbid des3\nforbid dsa\n"
                 "forbid p192\nforbid rsaes-pkcs1\nforbid rsa-nopad\nallow aes-ecb\n");
    service = km_service_start(args);
    test_fill(data, sizeof(data), 3);
    return 0;
}

static int teardown(void **state)
{
    (void)unlink(policy);
    return test_down(state);
}

static void test_offered(void **state)
{
    static const struct {
        ClrcAlgorithm algorithm;
        uint32_t bits;
        ClrcResult result;
    } ROWS[] = {
        {CLRC_MD5, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_HMAC_MD5, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_HKDF_MD5, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_RSASSA_PKCS1_V1_5_MD5, 2048, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_RSASSA_PKCS1_V1_5_SHA1, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_RSASSA_PKCS1_V1_5_SHA256, 0, CLRC_SUCCESS},
        {CLRC_SHA1, 0, CLRC_SUCCESS},
        {CLRC_HMAC_SHA1, 0, CLRC_SUCCESS},
        {CLRC_DES3_CBC_NOPAD, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_DES3_CMAC, 192, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_DSA_SHA256, 2048, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_ECDSA, 192, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_ECDH, 192, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_ECDSA, 224, CLRC_SUCCESS},
        {CLRC_ECDSA, 0, CLRC_SUCCESS},
        {CLRC_RSAES_PKCS1_V1_5, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_RSA_NOPAD, 0, CLRC_ERROR_NOT_SUPPORTED},
        {CLRC_AES_ECB_NOPAD, 128, CLRC_SUCCESS},
        {CLRC_ED25519, 0, CLRC_SUCCESS},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++)
        expect(clrcAlgorithmSupported(ROWS[i].algorithm, ROWS[i].bits), ROWS[i].result);
}

static void test_used(void **state)
{
    uint32_t len = sizeof(out);
    size_t size = sizeof(out);
    (void)state;
    expect(clrcDigest(CLRC_MD5, data, 10, out, &len), CLRC_ERROR_NOT_SUPPORTED);
    ok(clrcDigest(CLRC_SHA1, data, 10, out, &len));
    ClrcKeyHandle rsa = test_create(KEY_RSA_KEYPAIR, 2048);
    len = sizeof(out);
    expect(clrcSignDigest(rsa, CLRC_RSASSA_PKCS1_V1_5_SHA1, data, 20, out, &len),
           CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcAsymmetricEncrypt(rsa, CLRC_RSAES_PKCS1_V1_5, NULL, 0, data, 20, out, &len),
           CLRC_ERROR_NOT_SUPPORTED);
    expect(clrcAsymmetricDecrypt(rsa, CLRC_RSA_NOPAD, NULL, 0, data, 256, out, &len),
           CLRC_ERROR_NOT_SUPPORTED);
    ok(clrcSignDigest(rsa, CLRC_RSASSA_PKCS1_V1_5_SHA256, data, 32, out, &len));
    ClrcKeyHandle ec = test_create(KEY_ECDSA_KEYPAIR, 256);
    len = sizeof(out);
    expect(clrcSignDigest(ec, CLRC_ECDSA, data, 20, out, &len), CLRC_ERROR_NOT_SUPPORTED);
    ok(clrcSignDigest(ec, CLRC_ECDSA, data, 32, out, &len));
    const ClrcOperationWish parts = {
        .algorithm = CLRC_ECDSA, .mode = CLRC_MODE_SIGN, .digest = CLRC_SHA1};
    ClrcOperationHandle op = NULL;
    expect(clrcOperationNew(ec, &parts, &op), CLRC_ERROR_NOT_SUPPORTED);
    ClrcKeyHandle des = test_import_raw(KEY_DES3, data, 24);
    expect(clrcCipher(des, CLRC_DES3_CBC_NOPAD, CLRC_MODE_ENCRYPT, data, 8, data, 16, out, &size),
           CLRC_ERROR_NOT_SUPPORTED);
    ClrcKeyHandle hmac = test_create(KEY_HMAC, 256);
    len = sizeof(out);
    expect(clrcMac(hmac, CLRC_HMAC_MD5, data, 10, out, &len), CLRC_ERROR_NOT_SUPPORTED);
    ok(clrcMac(hmac, CLRC_HMAC_SHA1, data, 10, out, &len));
    const ClrcKeyHandle all[] = {rsa, ec, des, hmac};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        clrcFreeKey(all[i]);
}

static void test_told(void **state)
{
    char text[16384] = {0};
    const char *const argv[] = {km_service_program("keymoor"), "status", "--json", NULL};
    (void)state;
    assert_int_equal(km_service_run(argv, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "\"md5\":\t\"forbidden\""));
    assert_non_null(strstr(text, "\"aes-ecb\":\t\"allowed, weak\""));
    assert_non_null(strstr(text, "\"25519\":\t\"allowed\""));
    assert_non_null(strstr(text, policy));
}

/* A file that says something else, or is not there, ends the start; the line is told. */
static void test_bad_file(void **state)
{
    char text[4096] = {0};
    char dir[] = "/tmp/km-policy-state.XXXXXX";
    char keymoord[512] = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(keymoord, sizeof(keymoord), "%s", km_service_program("keymoord"));
    const char *argv[] = {keymoord, "--state-dir", dir, "--crypto-policy", policy, NULL};
    write_policy("forbid md5\nforbit des3\n");
    assert_int_not_equal(km_service_run(argv, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "line 2"));
    argv[4] = "/nonexistent/policy";
    assert_int_not_equal(km_service_run(argv, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "/nonexistent/policy"));
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_used),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_bad_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
