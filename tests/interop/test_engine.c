/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine inside a program: its life, its control commands, and what must not come out. Run by
 * engine_program.sh, which makes the keys ec, rsa and locked (password "open sesame").
 */
#include "engine_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define N_THREADS 6

static EVP_PKEY *load(ENGINE *engine, const char *id)
{
    return ENGINE_load_private_key(engine, id, NULL, NULL);
}

/* Programs finish the engine as soon as they have their key. */
static void test_keys_outlive_the_engine(void **state)
{
    (void)state;
    ENGINE *engine = rig_engine();
    EVP_PKEY *ec = load(engine, "ec");
    EVP_PKEY *rsa = load(engine, "clrc:rsa");
    assert_non_null(ec);
    assert_non_null(rsa);
    rig_close(engine);
    assert_true(rig_sign_and_verify(ec, false));
    assert_true(rig_sign_and_verify(rsa, false));
    assert_true(rig_sign_and_verify(rsa, true));
    assert_int_equal(ERR_peek_error(), 0);
    EC_KEY *copy = EC_KEY_dup(EVP_PKEY_get0_EC_KEY(ec));
    EVP_PKEY_free(ec);
    EVP_PKEY *again = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_assign_EC_KEY(again, copy), 1);
    assert_true(rig_sign_and_verify(again, false));
    EVP_PKEY_free(again);
    EVP_PKEY_free(rsa);
}

static void test_no_private_part(void **state)
{
    static const char *const ids[] = {"ec", "rsa"};
    (void)state;
    ENGINE *engine = rig_engine();
    for (size_t i = 0; i < 2; i++) {
        unsigned char *der = NULL;
        char *text = NULL;
        EVP_PKEY *key = load(engine, ids[i]);
        assert_non_null(key);
        assert_true(i2d_PrivateKey(key, &der) <= 0);
        BIO *out = BIO_new(BIO_s_mem());
        assert_int_not_equal(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(BIO_get_mem_data(out, &text), 0);
        BIO_free(out);
        if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
            assert_null(EC_KEY_get0_private_key(EVP_PKEY_get0_EC_KEY(key)));
        } else {
            const RSA *rsa = EVP_PKEY_get0_RSA(key);
            assert_null(RSA_get0_d(rsa));
            assert_null(RSA_get0_p(rsa));
            assert_null(RSA_get0_dmp1(rsa));
        }
        EVP_PKEY_free(key);
        ERR_clear_error();
    }
    rig_close(engine);
}

/* RSA by the old functions, as programs without EVP call it; raw RSA is refused. */
static void test_old_rsa(void **state)
{
    uint8_t digest[32] = {7};
    uint8_t block[256] = {0};
    uint8_t sig[256] = {0};
    unsigned len = 0;
    (void)state;
    ENGINE *engine = rig_engine();
    EVP_PKEY *key = load(engine, "rsa");
    assert_non_null(key);
    RSA *rsa = EVP_PKEY_get1_RSA(key);
    assert_int_equal(RSA_sign(NID_sha256, digest, 32, sig, &len, rsa), 1);
    assert_int_equal(RSA_verify(NID_sha256, digest, 32, sig, len, rsa), 1);
    /* a DigestInfo made by the program: RFC 8017, section 9.2, note 1 */
    static const uint8_t prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    uint8_t info[sizeof(prefix) + 32] = {0};
    for (size_t i = 0; i < sizeof(prefix); i++)
        info[i] = prefix[i];
    info[sizeof(prefix)] = 7;
    assert_int_equal(RSA_private_encrypt(sizeof(info), info, sig, rsa, RSA_PKCS1_PADDING), 256);
    assert_int_equal(RSA_verify(NID_sha256, digest, 32, sig, 256, rsa), 1);
    for (int cut = 0; cut < (int)sizeof(info); cut++)
        assert_int_equal(RSA_private_encrypt(cut, info, sig, rsa, RSA_PKCS1_PADDING), -1);
    assert_int_equal(RSA_private_encrypt(256, block, sig, rsa, RSA_NO_PADDING), -1);
    assert_int_equal(RSA_private_decrypt(256, block, sig, rsa, RSA_NO_PADDING), -1);
    assert_int_equal(RSA_private_decrypt(256, block, sig, rsa, RSA_PKCS1_PADDING), -1);
    RSA_free(rsa);
    EVP_PKEY_free(key);
    rig_close(engine);
    ERR_clear_error();
}

static void test_control_commands(void **state)
{
    (void)state;
    ENGINE *engine = rig_engine();
    ERR_clear_error();
    assert_int_equal(ENGINE_ctrl_cmd_string(engine, "HIDE_PRIVATE", "1", 0), 1);
    assert_int_equal(ENGINE_ctrl_cmd(engine, "SET_USER_INTERFACE", 0, NULL, NULL, 0), 1);
    assert_int_equal(ENGINE_ctrl_cmd(engine, "SET_CALLBACK_DATA", 0, NULL, NULL, 0), 1);
    assert_int_equal(ENGINE_ctrl_cmd_string(engine, "NO_SUCH_COMMAND", "x", 1), 1); /* optional */
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_not_equal(ENGINE_ctrl_cmd_string(engine, "NO_SUCH_COMMAND", "x", 0), 1);
    ERR_clear_error();
    struct {
        const char *id;
        X509 *cert;
    } wish = {"no-such-certificate", NULL};
    assert_int_not_equal(ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &wish, NULL, 0), 1);
    assert_null(wish.cert);
    rig_close(engine);
    ERR_clear_error();
}

static void test_passwords(void **state)
{
    (void)state;
    ENGINE *engine = rig_engine();
    assert_null(load(engine, "locked"));
    assert_int_equal(ENGINE_ctrl_cmd_string(engine, "PIN", "open sesame", 0), 1);
    EVP_PKEY *key = load(engine, "locked");
    assert_non_null(key);
    assert_int_equal(ENGINE_ctrl_cmd(engine, "PIN", 0, NULL, NULL, 0), 1); /* forgets it */
    assert_true(rig_sign_and_verify(key, false));
    assert_null(load(engine, "locked"));
    EVP_PKEY_free(key);
    rig_close(engine);
    ERR_clear_error();
}

/*
 * A password stays in the process that was told it: a forked child has none, and must not take the emptied
 * page for one, as wrong passwords are counted.
 */
static void test_password_after_fork(void **state)
{
    int status = 0;
    (void)state;
    ENGINE *engine = rig_engine();
    assert_int_equal(ENGINE_ctrl_cmd_string(engine, "PIN", "open sesame", 0), 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool has = false;
        for (int i = 0; i < 8; i++)
            has = has || load(engine, "locked") != NULL;
        bool told = ENGINE_ctrl_cmd_string(engine, "PIN", "open sesame", 0) == 1 &&
                    load(engine, "locked") != NULL;
        _exit(!has && told ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EVP_PKEY *key = load(engine, "locked");
    assert_non_null(key);
    EVP_PKEY_free(key);
    assert_int_equal(ENGINE_ctrl_cmd(engine, "PIN", 0, NULL, NULL, 0), 1);
    rig_close(engine);
    ERR_clear_error();
}

static void test_ids_refused(void **state)
{
    static const char *const ids[] = {
        "nobody",       "clrc:nobody",         "clrc:ec%",        "", "/etc/passwd", "clrc:",
        "clrc:cert=ec", "clrc:rsa?pss=sha256", "clrc:rsa?pss=any"};
    (void)state;
    ENGINE *engine = rig_engine();
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_null(load(engine, ids[i]));
        assert_int_not_equal(ERR_peek_error(), 0);
        ERR_clear_error();
        assert_null(ENGINE_load_public_key(engine, ids[i], NULL, NULL));
        assert_int_not_equal(ERR_peek_error(), 0);
        ERR_clear_error();
    }
    rig_close(engine);
}

/* In a program that has made the engine the default for all it has, other keys stay what they are. */
static void test_default_for_everything(void **state)
{
    (void)state;
    ENGINE *engine = rig_engine();
    assert_int_equal(ENGINE_set_default(engine, ENGINE_METHOD_ALL), 1);
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    assert_true(rig_sign_and_verify(ec, false));
    assert_true(rig_sign_and_verify(rsa, true));
    uint8_t md[32] = {0};
    assert_int_equal(EVP_Digest("x", 1, md, NULL, EVP_sha256(), NULL), 1);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    rig_close(engine);
}

static atomic_int failures;

static void *run_thread(void *arg)
{
    EVP_PKEY **keys = arg;
    for (int i = 0; i < 30; i++)
        if (!rig_sign_and_verify(keys[0], false) || !rig_sign_and_verify(keys[1], i % 2 == 0))
            atomic_fetch_add(&failures, 1);
    return NULL;
}

static void test_threads_share_keys(void **state)
{
    pthread_t threads[N_THREADS] = {0};
    (void)state;
    ENGINE *engine = rig_engine();
    EVP_PKEY *keys[2] = {load(engine, "ec"), load(engine, "rsa")};
    assert_non_null(keys[0]);
    assert_non_null(keys[1]);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, keys), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    rig_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_outlive_the_engine),
        cmocka_unit_test(test_no_private_part),
        cmocka_unit_test(test_old_rsa),
        cmocka_unit_test(test_control_commands),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_password_after_fork),
        cmocka_unit_test(test_ids_refused),
        cmocka_unit_test(test_default_for_everything),
        cmocka_unit_test(test_threads_share_keys),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
