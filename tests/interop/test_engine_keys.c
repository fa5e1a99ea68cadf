/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the program's own in the engine: taken in, or made there; with private parts hidden and not. What the
 * service does is checked with OpenSSL's own methods, and the other way round.
 */
#include "engine_rig.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/dh.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static ENGINE *engine;

static int set_up(void **state)
{
    (void)state;
    engine = rig_engine();
    assert_int_equal(ENGINE_ctrl_cmd(engine, "METHODS", ENGINE_METHOD_ALL, NULL, NULL, 0), 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_close(engine);
    return 0;
}

static void hide(long on)
{
    assert_int_equal(ENGINE_ctrl_cmd(engine, "HIDE_PRIVATE", on, NULL, NULL, 0), 1);
}

static const long both_ways[] = {1, 0};

/* ---- EC ---- */

/* What the service signs OpenSSL verifies, with a copy of the public part alone. */
static void ec_signs(EC_KEY *key)
{
    uint8_t digest[64], sig[160];
    EC_KEY *public = EC_KEY_new_by_curve_name(EC_GROUP_get_curve_name(EC_KEY_get0_group(key)));
    assert_int_equal(EC_KEY_set_public_key(public, EC_KEY_get0_public_key(key)), 1);
    for (int i = 0; i < 4; i++) {
        static const int lengths[] = {20, 32, 48, 64};
        unsigned len = sizeof(sig);
        rig_octets(digest, sizeof(digest));
        assert_int_equal(ECDSA_sign(0, digest, lengths[i], sig, &len, key), 1);
        assert_in_range(len, 8, (unsigned)ECDSA_size(key));
        assert_int_equal(ECDSA_verify(0, digest, lengths[i], sig, (int)len, public), 1);
        ECDSA_SIG *numbers = ECDSA_do_sign(digest, lengths[i], key);
        assert_non_null(numbers);
        assert_int_equal(ECDSA_do_verify(digest, lengths[i], numbers, public), 1);
        ECDSA_SIG_free(numbers);
        digest[0] ^= 1;
        assert_int_equal(ECDSA_verify(0, digest, lengths[i], sig, (int)len, public), 0);
    }
    EC_KEY_free(public);
}

static void ec_agrees(EC_KEY *key)
{
    uint8_t ours[66] = {0}, theirs[66] = {0};
    EC_KEY *peer = EC_KEY_new_by_curve_name(EC_GROUP_get_curve_name(EC_KEY_get0_group(key)));
    assert_int_equal(EC_KEY_generate_key(peer), 1);
    int n = ECDH_compute_key(ours, sizeof(ours), EC_KEY_get0_public_key(peer), key, NULL);
    assert_int_equal(
        ECDH_compute_key(theirs, sizeof(theirs), EC_KEY_get0_public_key(key), peer, NULL), n);
    assert_in_range(n, 28, 66);
    assert_memory_equal(ours, theirs, (size_t)n);
    EC_KEY_free(peer);
}

static const int curves[] = {NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1,
                             NID_secp224r1 /* OpenSSL's own */, NID_secp256k1};

static void test_ec_taken_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        EC_KEY *soft = EC_KEY_new_by_curve_name(curves[i]);
        EC_KEY *key = EC_KEY_new_method(engine);
        assert_int_equal(EC_KEY_generate_key(soft), 1);
        assert_int_equal(EC_KEY_set_group(key, EC_KEY_get0_group(soft)), 1);
        assert_int_equal(EC_KEY_set_public_key(key, EC_KEY_get0_public_key(soft)), 1);
        assert_int_equal(EC_KEY_set_private_key(key, EC_KEY_get0_private_key(soft)), 1);
        ec_signs(key);
        ec_agrees(key);
        EC_KEY *copy = EC_KEY_dup(key);
        EC_KEY_free(key);
        ec_signs(copy);
        EC_KEY_free(copy);
        EC_KEY_free(soft);
    }
}

static void test_ec_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 2; j++) {
            EC_KEY *key = EC_KEY_new_method(engine);
            EC_GROUP *group = EC_GROUP_new_by_curve_name(curves[i]);
            hide(both_ways[j]);
            assert_int_equal(EC_KEY_set_group(key, group), 1);
            EC_GROUP_free(group);
            assert_int_equal(EC_KEY_generate_key(key), 1);
            /* The first documented effect; and what is shown is right. */
            bool is_offered = i < 3;
            assert_int_equal(EC_KEY_get0_private_key(key) == NULL, is_offered && both_ways[j]);
            if (EC_KEY_get0_private_key(key) != NULL)
                assert_int_equal(EC_KEY_check_key(key), 1);
            ec_signs(key);
            ec_agrees(key);
            EC_KEY_free(key);
        }
    }
    hide(1);
}

/* An object that gets another key's octets signs with that one, whoever made the first. */
static void test_ec_replaced(void **state)
{
    (void)state;
    for (size_t j = 0; j < 2; j++) {
        EC_KEY *soft = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
        EC_KEY *key = EC_KEY_new_method(engine);
        hide(both_ways[j]);
        assert_int_equal(EC_KEY_generate_key(soft), 1);
        assert_int_equal(EC_KEY_set_group(key, EC_KEY_get0_group(soft)), 1);
        assert_int_equal(EC_KEY_generate_key(key), 1);
        ec_signs(key);
        assert_int_equal(EC_KEY_set_private_key(key, EC_KEY_get0_private_key(soft)), 1);
        assert_int_equal(EC_KEY_set_public_key(key, EC_KEY_get0_public_key(soft)), 1);
        ec_signs(key);
        ec_agrees(key);
        EC_KEY_free(key);
        EC_KEY_free(soft);
    }
    hide(1);
}

/* ---- RSA ---- */

static void rsa_works(RSA *key)
{
    uint8_t in[64], text[512], secret[512], back[512];
    unsigned len = 0;
    int size = RSA_size(key);
    RSA *public = RSAPublicKey_dup(key);
    rig_octets(in, sizeof(in));
    static const struct {
        int nid;
        unsigned len;
    } digests[] = {{NID_sha1, 20}, {NID_sha256, 32}, {NID_sha512, 64}, {NID_md5_sha1, 36}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(RSA_sign(digests[i].nid, in, digests[i].len, secret, &len, key), 1);
        assert_int_equal(RSA_verify(digests[i].nid, in, digests[i].len, secret, len, public), 1);
    }
    static const int paddings[] = {RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(RSA_public_encrypt(50, in, secret, public, paddings[i]), size);
        assert_int_equal(RSA_private_decrypt(size, secret, back, key, paddings[i]), 50);
        assert_memory_equal(back, in, 50);
    }
    /* Bare, as OpenSSL 3 does its paddings above. */
    rig_octets(text, sizeof(text));
    text[0] = 0;
    assert_int_equal(RSA_private_encrypt(size, text, secret, key, RSA_NO_PADDING), size);
    assert_int_equal(RSA_public_decrypt(size, secret, back, public, RSA_NO_PADDING), size);
    assert_memory_equal(back, text, (size_t)size);
    assert_int_equal(RSA_private_encrypt(50, in, secret, key, RSA_PKCS1_PADDING), size);
    assert_int_equal(RSA_public_decrypt(size, secret, back, public, RSA_PKCS1_PADDING), 50);
    assert_memory_equal(back, in, 50);
    RSA_free(public);
}

static RSA *rsa_soft(int bits)
{
    BIGNUM *e = BN_new();
    RSA *soft = RSA_new();
    BN_set_word(e, RSA_F4);
    assert_int_equal(RSA_generate_key_ex(soft, bits, e, NULL), 1);
    BN_free(e);
    return soft;
}

static void test_rsa_taken_in(void **state)
{
    const int bits[] = {2048, 3072, 1024 /* OpenSSL's own */};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        RSA *soft = rsa_soft(bits[i]);
        RSA *key = RSA_new_method(engine);
        const BIGNUM *n[8] = {NULL};
        RSA_get0_key(soft, &n[0], &n[1], &n[2]);
        RSA_get0_factors(soft, &n[3], &n[4]);
        RSA_get0_crt_params(soft, &n[5], &n[6], &n[7]);
        assert_int_equal(RSA_set0_key(key, BN_dup(n[0]), BN_dup(n[1]), BN_dup(n[2])), 1);
        assert_int_equal(RSA_set0_factors(key, BN_dup(n[3]), BN_dup(n[4])), 1);
        assert_int_equal(RSA_set0_crt_params(key, BN_dup(n[5]), BN_dup(n[6]), BN_dup(n[7])), 1);
        rsa_works(key);
        RSA_free(key);
        RSA_free(soft);
    }
}

/* The same as with EC: the numbers that are in the object count. */
static void test_rsa_replaced(void **state)
{
    (void)state;
    for (size_t j = 0; j < 2; j++) {
        const BIGNUM *from[8] = {NULL};
        BIGNUM *e = BN_new();
        RSA *soft = RSA_new();
        RSA *key = RSA_new_method(engine);
        hide(both_ways[j]);
        assert_int_equal(BN_set_word(e, RSA_F4), 1);
        assert_int_equal(RSA_generate_key_ex(soft, 2048, e, NULL), 1);
        assert_int_equal(RSA_generate_key_ex(key, 2048, e, NULL), 1);
        rsa_works(key);
        RSA_get0_key(soft, &from[0], &from[1], &from[2]);
        RSA_get0_factors(soft, &from[3], &from[4]);
        RSA_get0_crt_params(soft, &from[5], &from[6], &from[7]);
        assert_true(RSA_set0_key(key, BN_dup(from[0]), BN_dup(from[1]), BN_dup(from[2])) &&
                    RSA_set0_factors(key, BN_dup(from[3]), BN_dup(from[4])) &&
                    RSA_set0_crt_params(key, BN_dup(from[5]), BN_dup(from[6]), BN_dup(from[7])));
        rsa_works(key);
        RSA_free(key);
        RSA_free(soft);
        BN_free(e);
    }
    hide(1);
}

static void test_rsa_made(void **state)
{
    BIGNUM *e = BN_new();
    (void)state;
    BN_set_word(e, RSA_F4);
    for (size_t j = 0; j < 2; j++) {
        const BIGNUM *d = NULL, *p = NULL, *dp = NULL;
        RSA *key = RSA_new_method(engine);
        hide(both_ways[j]);
        assert_int_equal(RSA_generate_key_ex(key, 2048, e, NULL), 1);
        RSA_get0_key(key, NULL, NULL, &d);
        RSA_get0_factors(key, &p, NULL);
        RSA_get0_crt_params(key, &dp, NULL, NULL);
        assert_int_equal(d == NULL && p == NULL && dp == NULL, both_ways[j]);
        assert_int_equal(d != NULL && p != NULL && dp != NULL, !both_ways[j]);
        if (d != NULL)
            assert_int_equal(RSA_check_key(key), 1);
        rsa_works(key);
        RSA_free(key);
    }
    hide(1);
    RSA *small = RSA_new_method(engine); /* OpenSSL's own */
    assert_int_equal(RSA_generate_key_ex(small, 1024, e, NULL), 1);
    rsa_works(small);
    RSA_free(small);
    BN_free(e);
}

/* ---- DSA ---- */

static void dsa_signs(DSA *key)
{
    static const int lengths[] = {20, 28, 32, 48, 64};
    uint8_t digest[64], sig[80];
    const BIGNUM *p = NULL, *q = NULL, *g = NULL, *y = NULL;
    DSA *public = DSA_new();
    DSA_get0_pqg(key, &p, &q, &g);
    DSA_get0_key(key, &y, NULL);
    assert_int_equal(DSA_set0_pqg(public, BN_dup(p), BN_dup(q), BN_dup(g)), 1);
    assert_int_equal(DSA_set0_key(public, BN_dup(y), NULL), 1);
    for (size_t i = 0; i < 5; i++) {
        unsigned len = sizeof(sig);
        rig_octets(digest, sizeof(digest));
        assert_int_equal(DSA_sign(0, digest, lengths[i], sig, &len, key), 1);
        assert_int_equal(DSA_verify(0, digest, lengths[i], sig, (int)len, public), 1);
        digest[0] ^= 1;
        assert_int_equal(DSA_verify(0, digest, lengths[i], sig, (int)len, public), 0);
    }
    DSA_free(public);
}

static DSA *dsa_with_group(const DSA *group, ENGINE *with)
{
    const BIGNUM *p = NULL, *q = NULL, *g = NULL;
    DSA *key = DSA_new_method(with);
    DSA_get0_pqg(group, &p, &q, &g);
    assert_int_equal(DSA_set0_pqg(key, BN_dup(p), BN_dup(q), BN_dup(g)), 1);
    return key;
}

static EVP_PKEY *make_by_context(int type, EVP_PKEY *params, const char *name, const char *value);

static void test_dsa(void **state)
{
    DSA *group = DSA_new();
    (void)state;
    assert_int_equal(DSA_generate_parameters_ex(group, 2048, NULL, 0, NULL, NULL, NULL), 1);
    for (size_t j = 0; j < 2; j++) {
        const BIGNUM *x = NULL;
        DSA *key = dsa_with_group(group, engine);
        hide(both_ways[j]);
        assert_int_equal(DSA_generate_key(key), 1);
        DSA_get0_key(key, NULL, &x);
        assert_int_equal(x == NULL, both_ways[j]);
        dsa_signs(key);
        DSA_free(key);
    }
    hide(1);
    const BIGNUM *y = NULL, *x = NULL;
    DSA *soft = dsa_with_group(group, NULL);
    DSA *key = dsa_with_group(group, engine);
    assert_int_equal(DSA_generate_key(soft), 1);
    DSA_get0_key(soft, &y, &x);
    assert_int_equal(DSA_set0_key(key, BN_dup(y), BN_dup(x)), 1);
    dsa_signs(key);
    DSA_free(key);
    DSA_free(soft);
    EVP_PKEY *params = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_assign_DSA(params, group), 1);
    EVP_PKEY *made = make_by_context(EVP_PKEY_DSA, params, NULL, NULL);
    assert_true(rig_sign_and_verify(made, false));
    EVP_PKEY_free(made);
    EVP_PKEY_free(params);
}

/* ---- DH ---- */

static void dh_agrees(DH *key)
{
    uint8_t ours[1024], theirs[1024]; /* 8192 bits */
    const BIGNUM *mine = NULL, *his = NULL;
    DH *peer = DHparams_dup(key);
    assert_int_equal(DH_generate_key(peer), 1);
    DH_get0_key(key, &mine, NULL);
    DH_get0_key(peer, &his, NULL);
    int n = DH_compute_key_padded(ours, his, key);
    assert_int_equal(n, DH_size(key));
    assert_int_equal(DH_compute_key_padded(theirs, mine, peer), n);
    assert_memory_equal(ours, theirs, (size_t)n);
    n = DH_compute_key(ours, his, key);
    assert_int_equal(DH_compute_key(theirs, mine, peer), n);
    assert_memory_equal(ours, theirs, (size_t)n);
    /* A value outside the group. */
    BIGNUM *one = BN_new();
    BN_one(one);
    assert_int_equal(DH_compute_key(ours, one, key), -1);
    BN_free(one);
    ERR_clear_error();
    DH_free(peer);
}

static DH *dh_with_group(int nid, ENGINE *with)
{
    const BIGNUM *p = NULL, *q = NULL, *g = NULL;
    DH *group = DH_new_by_nid(nid);
    DH *key = DH_new_method(with);
    DH_get0_pqg(group, &p, &q, &g);
    assert_int_equal(DH_set0_pqg(key, BN_dup(p), q == NULL ? NULL : BN_dup(q), BN_dup(g)), 1);
    DH_free(group);
    return key;
}

static void test_dh(void **state)
{
    const int groups[] = {NID_ffdhe2048, NID_ffdhe3072, NID_ffdhe4096,
                          NID_ffdhe6144 /* OpenSSL's */};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 2; j++) {
            const BIGNUM *x = NULL;
            DH *key = dh_with_group(groups[i], engine);
            hide(both_ways[j]);
            assert_int_equal(DH_generate_key(key), 1);
            DH_get0_key(key, NULL, &x);
            assert_int_equal(x == NULL, i < 3 && both_ways[j]);
            dh_agrees(key);
            DH_free(key);
        }
        const BIGNUM *y = NULL, *x = NULL;
        DH *soft = dh_with_group(groups[i], NULL);
        DH *key = dh_with_group(groups[i], engine);
        assert_int_equal(DH_generate_key(soft), 1);
        DH_get0_key(soft, &y, &x);
        assert_int_equal(DH_set0_key(key, BN_dup(y), BN_dup(x)), 1);
        dh_agrees(key);
        DH_free(key);
        DH_free(soft);
    }
    hide(1);
}

/* ---- contexts that name the engine ---- */

static EVP_PKEY *make_by_context(int type, EVP_PKEY *params, const char *name, const char *value)
{
    EVP_PKEY *made = NULL;
    EVP_PKEY_CTX *ctx =
        params != NULL ? EVP_PKEY_CTX_new(params, engine) : EVP_PKEY_CTX_new_id(type, engine);
    assert_non_null(ctx);
    if (type ==
        EVP_PKEY_RSA) { /* OpenSSL's own can't be copied for DH; none when generation has begun */
        EVP_PKEY_CTX *copy = EVP_PKEY_CTX_dup(ctx);
        assert_non_null(copy);
        EVP_PKEY_CTX_free(ctx);
        ctx = copy;
    }
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    if (name != NULL)
        assert_int_equal(EVP_PKEY_CTX_ctrl_str(ctx, name, value), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &made), 1);
    EVP_PKEY_CTX_free(ctx);
    return made;
}

static void test_contexts(void **state)
{
    (void)state;
    for (size_t j = 0; j < 2; j++) {
        unsigned char *der = NULL;
        hide(both_ways[j]);
        EVP_PKEY *ec = make_by_context(EVP_PKEY_EC, NULL, "ec_paramgen_curve", "P-384");
        assert_true(rig_sign_and_verify(ec, false));
        assert_int_equal(EVP_PKEY_bits(ec), 384);
        /* What writes keys finds a private part, or none. */
        assert_int_equal(i2d_PrivateKey(ec, &der) > 0, !both_ways[j]);
        OPENSSL_free(der);
        EVP_PKEY *rsa = make_by_context(EVP_PKEY_RSA, NULL, "rsa_keygen_bits", "3072");
        assert_int_equal(EVP_PKEY_bits(rsa), 3072);
        assert_true(rig_sign_and_verify(rsa, false));
        assert_true(rig_sign_and_verify(rsa, true));
        EVP_PKEY *dh = make_by_context(EVP_PKEY_DH, NULL, "dh_param", "ffdhe2048");
        assert_int_equal(EVP_PKEY_bits(dh), 2048);
        EVP_PKEY_free(dh);
        EVP_PKEY_free(ec);
        EVP_PKEY_free(rsa);
    }
    hide(1);
    EVP_PKEY *by_default = make_by_context(EVP_PKEY_RSA, NULL, NULL, NULL);
    assert_int_equal(EVP_PKEY_bits(by_default), 2048);
    EVP_PKEY_free(by_default);
    EVP_PKEY *exponent =
        make_by_context(EVP_PKEY_RSA, NULL, "rsa_keygen_pubexp", "3"); /* OpenSSL's */
    assert_true(rig_sign_and_verify(exponent, true));
    EVP_PKEY_free(exponent);
    ERR_clear_error();
}

/* ---- forks ---- */

/* A child takes the key in anew when it has it; a key that was made and hidden stays behind. */
static void test_forked_child(void **state)
{
    EC_KEY *soft = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EC_KEY *key = EC_KEY_new_method(engine);
    EC_KEY *hidden = EC_KEY_new_method(engine);
    uint8_t digest[32] = {9};
    uint8_t sig[80];
    unsigned len = 0;
    int status = 0;
    (void)state;
    assert_int_equal(EC_KEY_generate_key(soft), 1);
    assert_int_equal(EC_KEY_set_group(key, EC_KEY_get0_group(soft)), 1);
    assert_int_equal(EC_KEY_set_group(hidden, EC_KEY_get0_group(soft)), 1);
    assert_int_equal(EC_KEY_set_public_key(key, EC_KEY_get0_public_key(soft)), 1);
    assert_int_equal(EC_KEY_set_private_key(key, EC_KEY_get0_private_key(soft)), 1);
    assert_int_equal(EC_KEY_generate_key(hidden), 1);
    ec_signs(key);
    ec_signs(hidden);
    pid_t child = fork();
    if (child == 0) {
        bool good = ECDSA_sign(0, digest, 32, sig, &len, key) == 1 &&
                    ECDSA_verify(0, digest, 32, sig, (int)len, soft) == 1;
        bool bad = ECDSA_sign(0, digest, 32, sig, &len, hidden) == 1;
        _exit(good && !bad ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ec_signs(key);
    ec_signs(hidden);
    EC_KEY_free(key);
    EC_KEY_free(hidden);
    EC_KEY_free(soft);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_ec_taken_in), T(test_ec_made),      T(test_ec_replaced), T(test_rsa_taken_in),
        T(test_rsa_made),    T(test_rsa_replaced), T(test_dsa),         T(test_dh),
        T(test_contexts),    T(test_forked_child),
    };
    rig_seed();
    return cmocka_run_group_tests_name("engine keys", tests, NULL, NULL);
}
