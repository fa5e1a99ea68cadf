/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that has made the engine its default for everything, by clrcLoadEngine: TLS, threads, forks, exit.
 * Usage: test_engine_all LIBCLRC [exit | steps]
 *   exit   ends while its threads work
 *   steps  does a bit of everything for each line that it reads, and says whether it worked
 * Without a word it runs its tests. The keys ec and rsa must be there.
 */
#include "engine_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "clrc_util.h"

#define N_THREADS 6

static const char *library;
static EVP_PKEY *soft_ec, *soft_rsa; /* made before the engine came */

/* ---- a bit of everything ---- */

static bool digest_is_right(void)
{
    static const uint8_t expected[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    uint8_t md[32] = {0};
    return EVP_Digest("abc", 3, md, NULL, EVP_sha256(), NULL) == 1 &&
           memcmp(md, expected, sizeof(expected)) == 0;
}

/* NIST SP 800-38A, F.5.5: the first block. */
static bool cipher_is_right(void)
{
    static const uint8_t key[32] = {0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe,
                                    0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
                                    0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7,
                                    0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4};
    static const uint8_t iv[16] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
                                   0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
    static const uint8_t in[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                   0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    static const uint8_t expected[16] = {0x60, 0x1e, 0xc3, 0x13, 0x77, 0x57, 0x89, 0xa5,
                                         0xb7, 0xa7, 0xf5, 0x04, 0xbb, 0xf3, 0xd2, 0x28};
    uint8_t out[32] = {0};
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done = EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, iv) == 1 &&
                EVP_EncryptUpdate(ctx, out, &n, in, 16) == 1 && n == 16;
    EVP_CIPHER_CTX_free(ctx);
    return done && memcmp(out, expected, 16) == 0;
}

static bool random_is_there(void)
{
    uint8_t out[16] = {0};
    return RAND_bytes(out, sizeof(out)) == 1 && RAND_priv_bytes(out, sizeof(out)) == 1;
}

static bool all_is_well(EVP_PKEY *const keys[4])
{
    bool good = digest_is_right() && cipher_is_right() && random_is_there();
    for (size_t i = 0; i < 4; i++)
        good = good && rig_sign_and_verify(keys[i], i % 2 == 1);
    return good;
}

static void load_all(int hide)
{
    assert_int_equal(clrcLoadEngine(library, ENGINE_METHOD_ALL, hide), 1);
}

static void get_keys(EVP_PKEY *keys[4])
{
    ENGINE *engine = ENGINE_by_id("clrc");
    assert_int_equal(ENGINE_init(engine), 1);
    keys[0] = soft_ec;
    keys[1] = soft_rsa;
    keys[2] = ENGINE_load_private_key(engine, "ec", NULL, NULL);
    keys[3] = ENGINE_load_private_key(engine, "rsa", NULL, NULL);
    ENGINE_finish(engine);
    ENGINE_free(engine);
    assert_non_null(keys[2]);
    assert_non_null(keys[3]);
}

/* ---- tests ---- */

static void test_load_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        unsigned methods;
    } wrong[] = {{NULL, ENGINE_METHOD_ALL},
                 {"/nonexistent/libclrc.so", ENGINE_METHOD_ALL},
                 {"/etc/passwd", ENGINE_METHOD_ALL},
                 {"", 0},
                 {"libclrc.so", 0x10000u}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ERR_clear_error();
        assert_int_equal(clrcLoadEngine(wrong[i].path, wrong[i].methods, 1), 0);
        assert_int_not_equal(ERR_peek_error(), 0);
    }
    ERR_clear_error();
    assert_null(ENGINE_get_digest_engine(NID_sha256));
}

static bool is_clrc(ENGINE *engine)
{
    bool is = engine != NULL && strcmp(ENGINE_get_id(engine), "clrc") == 0;
    ENGINE_finish(engine);
    return is;
}

/* Only what is asked for; again with more; and all. */
static void test_methods_are_what_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(clrcLoadEngine(library, ENGINE_METHOD_DIGESTS, 1), 1);
    assert_true(is_clrc(ENGINE_get_digest_engine(NID_sha256)));
    assert_false(is_clrc(ENGINE_get_cipher_engine(NID_aes_256_cbc)));
    assert_null(ENGINE_get_default_RSA());
    assert_true(digest_is_right());
    load_all(1);
    load_all(1);
    assert_true(is_clrc(ENGINE_get_digest_engine(NID_sha256)));
    assert_true(is_clrc(ENGINE_get_cipher_engine(NID_aes_256_gcm)));
    assert_true(is_clrc(ENGINE_get_pkey_meth_engine(EVP_PKEY_CMAC)));
    assert_true(is_clrc(ENGINE_get_pkey_asn1_meth_engine(EVP_PKEY_CMAC)));
    assert_true(is_clrc(ENGINE_get_default_RSA()));
    assert_true(is_clrc(ENGINE_get_default_EC()));
    assert_true(is_clrc(ENGINE_get_default_DSA()));
    assert_true(is_clrc(ENGINE_get_default_DH()));
    assert_true(is_clrc(ENGINE_get_default_RAND()));
    int n = 0;
    for (ENGINE *e = ENGINE_get_first(); e != NULL; e = ENGINE_get_next(e))
        n += strcmp(ENGINE_get_id(e), "clrc") == 0;
    assert_int_equal(n, 1);
}

static void test_everything(void **state)
{
    EVP_PKEY *keys[4] = {NULL};
    (void)state;
    load_all(1);
    get_keys(keys);
    assert_true(all_is_well(keys));
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(keys[2]);
    EVP_PKEY_free(keys[3]);
}

/* OpenSSL 3's own generation, with nothing that names the engine. */
static void test_hide_private(void **state)
{
    (void)state;
    for (int hide = 1; hide >= 0; hide--) {
        unsigned char *der = NULL;
        load_all(hide);
        EVP_PKEY *ec = EVP_EC_gen("P-256");
        EVP_PKEY *rsa = EVP_RSA_gen(2048);
        assert_true(rig_sign_and_verify(ec, false));
        assert_true(rig_sign_and_verify(rsa, true));
        assert_int_equal(i2d_PrivateKey(ec, &der) > 0, !hide);
        OPENSSL_free(der);
        der = NULL;
        BIGNUM *d = NULL;
        assert_int_equal(EVP_PKEY_get_bn_param(rsa, "d", &d) == 1, !hide);
        BN_clear_free(d);
        EVP_PKEY_free(ec);
        EVP_PKEY_free(rsa);
    }
    load_all(1);
    ERR_clear_error();
}

/* ---- TLS ---- */

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    assert_int_equal(X509_set_version(cert, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static SSL_CTX *context(const SSL_METHOD *method, EVP_PKEY *key, X509 *cert, int version,
                        const char *suite)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_dh_auto(ctx, 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    assert_int_equal(version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(ctx, suite)
                                               : SSL_CTX_set_cipher_list(ctx, suite),
                     1);
    return ctx;
}

/* What goes in at one end comes out at the other. */
static void carry(SSL *from, SSL *to, const uint8_t *text, size_t len)
{
    uint8_t got[16384];
    for (size_t done = 0; done < len;) {
        size_t now = len - done < 20000 ? len - done : 20000;
        assert_int_equal(SSL_write(from, text + done, (int)now), (int)now);
        for (size_t read = 0; read < now;) {
            int n = SSL_read(to, got, sizeof(got));
            assert_true(n > 0);
            assert_memory_equal(got, text + done + read, (size_t)n);
            read += (size_t)n;
        }
        done += now;
    }
}

static void shake_hands(SSL *client, SSL *server)
{
    BIO *left = NULL, *right = NULL;
    assert_int_equal(BIO_new_bio_pair(&left, 200000, &right, 200000), 1);
    SSL_set_bio(client, left, left);
    SSL_set_bio(server, right, right);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    int ours = 0, theirs = 0;
    for (int i = 0; i < 20 && (ours != 1 || theirs != 1); i++) {
        ours = SSL_do_handshake(client);
        theirs = SSL_do_handshake(server);
    }
    if (ours != 1 || theirs != 1)
        ERR_print_errors_fp(stderr);
    assert_int_equal(ours, 1);
    assert_int_equal(theirs, 1);
}

static void tls_once(EVP_PKEY *key, X509 *cert, int version, const char *suite)
{
    static uint8_t text[50000];
    SSL_CTX *client_ctx = context(TLS_client_method(), key, cert, version, suite);
    SSL_CTX *server_ctx = context(TLS_server_method(), key, cert, version, suite);
    SSL *client = SSL_new(client_ctx);
    SSL *server = SSL_new(server_ctx);
    shake_hands(client, server);
    assert_string_equal(SSL_get_cipher_name(client), suite);
    rig_octets(text, sizeof(text));
    carry(client, server, text, sizeof(text));
    carry(server, client, text, sizeof(text));
    carry(client, server, text, 1);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

/* Without DHE: OpenSSL 3 copies no parameters of a key whose method is not its own, which a server has to. */
static void test_tls(void **state)
{
    static const char *const suites13[] = {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256",
                                           "TLS_CHACHA20_POLY1305_SHA256",
                                           "TLS_AES_128_CCM_SHA256"};
    static const char *const suites12[] = {"ECDHE-%-AES256-GCM-SHA384", "ECDHE-%-AES128-GCM-SHA256",
                                           "ECDHE-%-CHACHA20-POLY1305", "ECDHE-%-AES256-SHA384",
                                           "ECDHE-%-AES128-SHA",        "ECDHE-ECDSA-AES128-CCM",
                                           "AES256-GCM-SHA384",         "AES128-SHA"};
    (void)state;
    load_all(1);
    for (int rsa = 0; rsa < 2; rsa++) {
        EVP_PKEY *key = rsa ? soft_rsa : soft_ec;
        X509 *cert = self_signed(key);
        for (size_t i = 0; i < sizeof(suites13) / sizeof(suites13[0]); i++)
            tls_once(key, cert, TLS1_3_VERSION, suites13[i]);
        for (size_t i = 0; i < sizeof(suites12) / sizeof(suites12[0]); i++) {
            char suite[64] = "";
            const char *mark = strchr(suites12[i], '%');
            if (mark != NULL)
                snprintf(suite, sizeof(suite), "%.*s%s%s", (int)(mark - suites12[i]), suites12[i],
                         rsa ? "RSA" : "ECDSA", mark + 1);
            else if ((strstr(suites12[i], "ECDSA") == NULL) == rsa)
                snprintf(suite, sizeof(suite), "%s", suites12[i]);
            if (suite[0] != '\0')
                tls_once(key, cert, TLS1_2_VERSION, suite);
        }
        X509_free(cert);
    }
    ERR_clear_error();
}

/* ---- threads, forks, the end ---- */

static atomic_int failures;
static atomic_bool is_over;

static void *work(void *arg)
{
    EVP_PKEY **keys = arg;
    for (int i = 0; i < 15 && !atomic_load(&is_over); i++)
        if (!all_is_well(keys))
            atomic_fetch_add(&failures, 1);
    return NULL;
}

static void *work_for_ever(void *arg)
{
    for (;;)
        (void)all_is_well(arg);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[N_THREADS] = {0};
    EVP_PKEY *keys[4] = {NULL};
    (void)state;
    load_all(1);
    get_keys(keys);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, keys), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
    EVP_PKEY_free(keys[2]);
    EVP_PKEY_free(keys[3]);
}

/* Children of a program whose other threads are in the middle of it. */
static void test_forks_among_threads(void **state)
{
    pthread_t threads[2] = {0};
    EVP_PKEY *keys[4] = {NULL};
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* a sanitizer's allocator does not come through a fork beside other threads */
#endif
    load_all(1);
    get_keys(keys);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, keys), 0);
    for (int i = 0; i < 8; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            _exit(all_is_well(keys) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&is_over, false);
    assert_int_equal(atomic_load(&failures), 0);
    EVP_PKEY_free(keys[2]);
    EVP_PKEY_free(keys[3]);
}

/* Contexts that are fed once a step and never looked at: once a part is missing they must give nothing out any more. */
struct fed {
    EVP_MD_CTX *digest, *mac;
    EVP_CIPHER_CTX *stream, *aead;
};

static bool begin_feeding(struct fed *fed)
{
    static const uint8_t key[32] = {1}, iv[16] = {2};
    EVP_PKEY *mac_key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_CMAC, NULL);
    bool made = EVP_PKEY_keygen_init(ctx) == 1 &&
                EVP_PKEY_CTX_ctrl_str(ctx, "cipher", "aes-128-cbc") == 1 &&
                EVP_PKEY_CTX_ctrl_str(ctx, "key", "sixteen octets..") == 1 &&
                EVP_PKEY_keygen(ctx, &mac_key) == 1;
    EVP_PKEY_CTX_free(ctx);
    *fed = (struct fed){EVP_MD_CTX_new(), EVP_MD_CTX_new(), EVP_CIPHER_CTX_new(),
                        EVP_CIPHER_CTX_new()};
    bool good = made && EVP_DigestInit_ex(fed->digest, EVP_sha256(), NULL) == 1 &&
                EVP_DigestSignInit(fed->mac, NULL, NULL, NULL, mac_key) == 1 &&
                EVP_EncryptInit_ex(fed->stream, EVP_aes_256_ctr(), NULL, key, iv) == 1 &&
                EVP_EncryptInit_ex(fed->aead, EVP_aes_256_gcm(), NULL, key, iv) == 1;
    EVP_PKEY_free(mac_key);
    return good;
}

static void feed(struct fed *fed)
{
    static uint8_t part[40000], out[40000];
    int n = 0;
    (void)EVP_DigestUpdate(fed->digest, part, sizeof(part));
    (void)EVP_DigestSignUpdate(fed->mac, part, sizeof(part));
    (void)EVP_EncryptUpdate(fed->stream, out, &n, part, 7);
    (void)EVP_EncryptUpdate(fed->aead, out, &n, part, sizeof(part));
}

/* "whole" when all of them end well, "cut" when none does. */
static const char *end_feeding(struct fed *fed)
{
    uint8_t out[64] = {0};
    size_t len = sizeof(out);
    int n = 0, good = EVP_DigestFinal_ex(fed->digest, out, NULL) == 1;
    good += EVP_DigestSignFinal(fed->mac, out, &len) == 1;
    good += EVP_EncryptUpdate(fed->stream, out, &n, out, 7) == 1;
    good += EVP_EncryptFinal_ex(fed->aead, out, &n) == 1;
    EVP_MD_CTX_free(fed->digest);
    EVP_MD_CTX_free(fed->mac);
    EVP_CIPHER_CTX_free(fed->stream);
    EVP_CIPHER_CTX_free(fed->aead);
    return good == 4 ? "whole" : good == 0 ? "cut" : "some";
}

static int run_steps(EVP_PKEY *keys[4])
{
    char line[16];
    struct fed fed = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts(all_is_well(keys) ? "ok" : "failed");
    while (fgets(line, sizeof(line), stdin) != NULL) {
        ERR_clear_error();
        if (strcmp(line, "begin\n") == 0) {
            puts(begin_feeding(&fed) ? "ok" : "failed");
        } else if (strcmp(line, "feed\n") == 0) {
            feed(&fed);
            puts("fed");
        } else if (strcmp(line, "end\n") == 0) {
            puts(end_feeding(&fed));
        } else {
            puts(all_is_well(keys) ? "ok" : "failed");
        }
    }
    return EXIT_SUCCESS;
}

static int run_mode(const char *mode)
{
    EVP_PKEY *keys[4] = {NULL};
    pthread_t thread = 0;
    load_all(1);
    get_keys(keys);
    if (strcmp(mode, "steps") == 0)
        return run_steps(keys);
    for (size_t i = 0; i < N_THREADS; i++)
        if (pthread_create(&thread, NULL, work_for_ever, keys) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < 3; i++)
        if (!all_is_well(keys))
            return EXIT_FAILURE;
    exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_refused),
        cmocka_unit_test(test_methods_are_what_is_asked_for),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_hide_private),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_forks_among_threads),
    };
    if (argc < 2)
        return 2;
    /* At exit OpenSSL takes apart what other threads are using, with or without an engine. What else ends then is tested. */
    if (argc > 2 && strcmp(argv[2], "exit") == 0)
        OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    library = argv[1];
    soft_ec = EVP_EC_gen("P-256");
    soft_rsa = EVP_RSA_gen(2048);
    if (argc > 2)
        return run_mode(argv[2]);
    rig_seed();
    int status = cmocka_run_group_tests_name("engine for all", tests, NULL, NULL);
    EVP_PKEY_free(soft_ec);
    EVP_PKEY_free(soft_rsa);
    return status;
}
