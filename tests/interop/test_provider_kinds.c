/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of keys that the provider has beside EC and plain RSA, RSA decryption by PKCS#1 v1.5, and keys taken in. Run by
 * provider_keys.sh over a real service, twice: with "import = transfer" in the configuration (KM_TEST_TRANSFER set) and without.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/tls1.h>
#include <openssl/x509.h>

#include "interop/door/door_error.h"
#include "tests/interop/provider_rig.h"

/* ---- Ed25519 and X25519 ---- */

static bool sign_message(EVP_PKEY *key, const uint8_t *message, size_t len, uint8_t sig[64])
{
    size_t sig_len = 64;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestSign(ctx, sig, &sig_len, message, len) == 1 && sig_len == 64;
    EVP_MD_CTX_free(ctx);
    return done;
}

static bool verify_message(EVP_PKEY *key, const uint8_t *message, size_t len, const uint8_t sig[64])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestVerify(ctx, sig, 64, message, len) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

static void test_ed25519(void **state)
{
    static const size_t lens[] = {0, 1, 100, 4095, 4096, 4097, 100000, 1048576};
    static uint8_t message[1048577];
    uint8_t sig[64] = {0};
    (void)state;
    EVP_PKEY *key = prig_generate("ED25519", NULL, "kinds-ed");
    assert_non_null(key);
    EVP_PKEY *public = prig_public_of(key);
    assert_int_equal(RAND_bytes(message, sizeof(message)), 1);
    for (size_t i = 0; i < KM_ARRAY_LEN(lens); i++) {
        assert_true(sign_message(key, message, lens[i], sig));
        assert_true(verify_message(public, message, lens[i], sig));
        assert_true(verify_message(key, message, lens[i], sig));
        assert_int_equal(ERR_peek_error(), 0);
        sig[i] ^= 1;
        assert_false(verify_message(key, message, lens[i], sig));
        ERR_clear_error();
    }
    assert_false(sign_message(key, message, sizeof(message), sig));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_TOO_LARGE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_not_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY *again = prig_must_load("clrc:kinds-ed");
    prig_no_private(again);
    assert_int_equal(EVP_PKEY_eq(again, public), 1);
    assert_true(EVP_PKEY_is_a(again, "ED25519"));
    assert_int_equal(EVP_PKEY_get_bits(again), 256);
    assert_int_equal(EVP_PKEY_get_size(again), 64);
    EVP_PKEY_free(again);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[32])
{
    size_t len = 32;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool done = EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                EVP_PKEY_derive(ctx, secret, &len) == 1 && len == 32;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

static void test_x25519(void **state)
{
    uint8_t ours[32] = {0};
    uint8_t theirs[32] = {0};
    uint8_t zeros[32] = {0};
    (void)state;
    EVP_PKEY *key = prig_generate("X25519", NULL, "kinds-x");
    assert_non_null(key);
    EVP_PKEY *public = prig_public_of(key);
    EVP_PKEY *soft = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *peer = prig_public_of(soft);
    assert_true(agree(key, peer, ours));
    assert_true(agree(soft, public, theirs));
    assert_memory_equal(ours, theirs, 32);
    assert_int_equal(ERR_peek_error(), 0);
    /* A peer as TLS makes it: from its octets, into an object like ours. */
    EVP_PKEY *encoded = EVP_PKEY_new();
    unsigned char *octets = NULL;
    size_t len = EVP_PKEY_get1_encoded_public_key(peer, &octets);
    assert_int_equal(len, 32);
    assert_int_equal(EVP_PKEY_copy_parameters(encoded, key), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(encoded, octets, len), 1);
    assert_true(agree(key, encoded, theirs));
    assert_memory_equal(ours, theirs, 32);
    EVP_PKEY *small = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, zeros, 32);
    assert_false(agree(key, small, ours));
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    assert_false(agree(key, ec, ours));
    EVP_PKEY *again = prig_must_load("clrc:kinds-x");
    prig_no_private(again);
    EVP_PKEY_free(again);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(small);
    OPENSSL_free(octets);
    EVP_PKEY_free(encoded);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(soft);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

/* ---- RSA-PSS ---- */

static bool pss_sign(EVP_PKEY *key, const char *md, int salt, uint8_t *sig, size_t *len)
{
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *len = 512;
    bool done =
        EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, key, NULL) == 1 &&
        (salt == RSA_PSS_SALTLEN_AUTO || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt) == 1) &&
        EVP_DigestSign(ctx, sig, len, (const uint8_t *)"message", 7) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

static bool pss_verify(EVP_PKEY *key, const char *md, const uint8_t *sig, size_t len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = EVP_DigestVerifyInit_ex(ctx, NULL, md, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestVerify(ctx, sig, len, (const uint8_t *)"message", 7) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

static void bound_key(EVP_PKEY *key, const char *md, const char *other)
{
    uint8_t sig[512] = {0};
    size_t len = 0;
    char text[32] = {0};
    EVP_PKEY *public = prig_public_of(key);
    assert_true(EVP_PKEY_is_a(key, "RSA-PSS"));
    assert_false(EVP_PKEY_is_a(key, "RSA"));
    assert_int_equal(EVP_PKEY_get_base_id(public), EVP_PKEY_RSA_PSS);
    assert_true(pss_sign(key, NULL, RSA_PSS_SALTLEN_AUTO, sig, &len));
    assert_true(pss_verify(public, NULL, sig, len));
    assert_true(pss_sign(key, md, RSA_PSS_SALTLEN_DIGEST, sig, &len));
    assert_true(pss_verify(public, md, sig, len));
    assert_true(pss_verify(key, md, sig, len));
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(EVP_PKEY_get_default_digest_name(key, text, sizeof(text)), 2); /* no other */
    assert_string_equal(text, md);
    assert_false(pss_sign(key, other, RSA_PSS_SALTLEN_AUTO, sig, &len));
    assert_false(pss_sign(key, md, 8, sig, &len)); /* less salt than it is bound to */
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
    EVP_PKEY_CTX_free(ctx);
    assert_int_equal(EVP_PKEY_eq(key, public), 1);
    EVP_PKEY_free(public);
    ERR_clear_error();
}

static void test_rsa_pss(void **state)
{
    uint8_t sig[512] = {0};
    size_t len = 0;
    EVP_PKEY *made = NULL;
    (void)state;
    EVP_PKEY *bound = prig_must_load("clrc:kinds-rsa?pss=sha384");
    bound_key(bound, "SHA384", "SHA256");
    EVP_PKEY *any = prig_must_load("clrc:kinds-rsa?pss=any");
    EVP_PKEY *any_public = prig_public_of(any);
    assert_true(pss_sign(any, "SHA512", 5, sig, &len));
    assert_true(pss_verify(any_public, "SHA512", sig, len));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", "provider=clrc");
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(ctx, "SHA256", NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(ctx, "SHA256"), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 32), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &made), 1);
    bound_key(made, "SHA256", "SHA1");
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 20), 1);
    EVP_PKEY *none = NULL;
    assert_int_not_equal(EVP_PKEY_generate(ctx, &none), 1);
    EVP_PKEY_CTX_free(ctx);
    prig_no_private(made);
    assert_null(prig_load("clrc:kinds-ec?pss=any"));
    EVP_PKEY_free(made);
    EVP_PKEY_free(any_public);
    EVP_PKEY_free(any);
    EVP_PKEY_free(bound);
    ERR_clear_error();
}

/* ---- RSA decryption by PKCS#1 v1.5 ---- */

static bool decrypt(EVP_PKEY *key, int padding, const uint8_t *in, size_t in_len, uint8_t *out,
                    size_t *out_len)
{
    unsigned version = TLS1_2_VERSION;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &version),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool done = EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1;
    if (padding == RSA_PKCS1_WITH_TLS_PADDING)
        done = done && EVP_PKEY_CTX_set_params(ctx, params) == 1;
    done = done && EVP_PKEY_decrypt(ctx, out, out_len, in, in_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

static void encrypt(EVP_PKEY *key, const uint8_t *in, size_t len, uint8_t out[256])
{
    size_t out_len = 256;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, out, &out_len, in, len), 1);
    assert_int_equal(out_len, 256);
    EVP_PKEY_CTX_free(ctx);
}

/* No ciphertext fails: a wrong one gives something else, always the same for the same ciphertext. */
static void test_pkcs1_decryption(void **state)
{
    uint8_t secret[256] = {0};
    uint8_t text[2][256] = {{0}};
    size_t len[2] = {256, 256};
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:kinds-rsa");
    EVP_PKEY *public = prig_public_of(key);
    encrypt(public, (const uint8_t *)"forty-two", 9, secret);
    assert_true(decrypt(key, RSA_PKCS1_PADDING, secret, 256, text[0], &len[0]));
    assert_int_equal(len[0], 9);
    assert_memory_equal(text[0], "forty-two", 9);
    secret[100] ^= 1;
    len[0] = 256;
    assert_true(decrypt(key, RSA_PKCS1_PADDING, secret, 256, text[0], &len[0]));
    assert_true(decrypt(key, RSA_PKCS1_PADDING, secret, 256, text[1], &len[1]));
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(text[0], text[1], len[0]);
    assert_false(len[0] == 9 && memcmp(text[0], "forty-two", 9) == 0);
    assert_int_equal(ERR_peek_error(), 0);
    len[0] = 256;
    assert_false(decrypt(key, RSA_PKCS1_PADDING, secret, 255, text[0], &len[0]));
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

/* TLS gets 48 octets in any case; those of a wrong ciphertext or version are new each time. */
static void test_tls_premaster(void **state)
{
    uint8_t premaster[48] = {TLS1_2_VERSION >> 8, TLS1_2_VERSION & 0xff, 7};
    uint8_t secret[256] = {0};
    uint8_t text[2][48] = {{0}};
    size_t len[2] = {48, 48};
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:kinds-rsa");
    EVP_PKEY *public = prig_public_of(key);
    encrypt(public, premaster, 48, secret);
    assert_true(decrypt(key, RSA_PKCS1_WITH_TLS_PADDING, secret, 256, text[0], &len[0]));
    assert_int_equal(len[0], 48);
    assert_memory_equal(text[0], premaster, 48);
    for (int wrong = 0; wrong < 3; wrong++) {
        if (wrong == 0) {
            secret[17] ^= 4;
        } else {
            premaster[1] ^= 1; /* another version, then one octet less */
            encrypt(public, premaster, wrong == 1 ? 48 : 47, secret);
            premaster[1] ^= 1;
        }
        for (size_t i = 0; i < 2; i++) {
            len[i] = 48;
            assert_true(decrypt(key, RSA_PKCS1_WITH_TLS_PADDING, secret, 256, text[i], &len[i]));
            assert_int_equal(len[i], 48);
            assert_memory_not_equal(text[i], premaster, 48);
        }
        assert_memory_not_equal(text[0], text[1], 48);
    }
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
}

/* ---- what is told of a key ---- */

static void give_all(EVP_PKEY *key)
{
    uint8_t value[1024] = {0};
    for (const OSSL_PARAM *p = EVP_PKEY_gettable_params(key); p->key != NULL; p++) {
        OSSL_PARAM wanted[] = {
            {p->key, p->data_type, value, p->data_size != 0 ? p->data_size : sizeof(value), 0},
            OSSL_PARAM_construct_end()};
        if (p->data_type == OSSL_PARAM_UNSIGNED_INTEGER && p->data_size == 0)
            wanted[0].data_size = 512;
        wanted[0].return_size = OSSL_PARAM_UNMODIFIED;
        assert_int_equal(EVP_PKEY_get_params(key, wanted), 1);
        if (wanted[0].return_size == OSSL_PARAM_UNMODIFIED)
            fail_msg("'%s' is not told", p->key);
    }
}

static void test_told_of_keys(void **state)
{
    static const char *const uris[] = {"clrc:kinds-ec", "clrc:kinds-rsa?pss=sha512",
                                       "clrc:kinds-ed", "clrc:kinds-x"};
    char text[40] = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(uris); i++) {
        EVP_PKEY *key = prig_must_load(uris[i]);
        EVP_PKEY *copy = EVP_PKEY_dup(key);
        /* A bound key has no default digest, only one that it must have. */
        if (i != 1)
            give_all(key);
        assert_int_equal(EVP_PKEY_eq(key, copy), 1);
        assert_int_equal(EVP_PKEY_get_security_bits(key), i == 1 ? 112 : 128);
        EVP_PKEY_free(copy);
        EVP_PKEY_free(key);
    }
    EVP_PKEY *ec = prig_must_load(uris[0]);
    assert_int_equal(
        EVP_PKEY_get_utf8_string_param(ec, OSSL_PKEY_PARAM_EC_ENCODING, text, sizeof(text), NULL),
        1);
    assert_string_equal(text, "named_curve");
    EVP_PKEY_free(ec);
    assert_int_equal(ERR_peek_error(), 0);
}

/* A new key like another one: on its curve. */
static void test_key_by_template(void **state)
{
    EVP_PKEY *made = NULL;
    (void)state;
    EVP_PKEY *like = prig_must_load("clrc:kinds-ec");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, like, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &made), 1);
    assert_int_equal(EVP_PKEY_get_bits(made), EVP_PKEY_get_bits(like));
    assert_int_not_equal(EVP_PKEY_eq(made, like), 1);
    prig_no_private(made);
    EVP_PKEY_free(made);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(like);
}

/* Parameters of our own, as programs make them that go the old way of paramgen and keygen. */
static void test_key_by_parameters(void **state)
{
    EVP_PKEY *parameters = NULL;
    EVP_PKEY *made = NULL;
    (void)state;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", "provider=clrc");
    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_paramgen(ctx, &parameters), 1); /* on which curve? */
    assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, "P-384"), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &parameters), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, "provider=clrc");
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &made), 1);
    assert_int_equal(EVP_PKEY_get_bits(made), 384);
    assert_true(prig_sign_and_verify(made, made, false));
    prig_no_private(made);
    EVP_PKEY_free(made);
    EVP_PKEY_free(parameters);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", "provider=clrc");
    assert_int_not_equal(EVP_PKEY_paramgen_init(ctx), 1);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
}

/* ---- certificates and keys that belong together ---- */

static void test_certificate_fits(void **state)
{
    static const struct {
        const char *uri, *md;
    } rows[] = {{"clrc:kinds-ec", "SHA256"},
                {"clrc:kinds-rsa", "SHA256"},
                {"clrc:kinds-rsa?pss=sha256", "SHA256"},
                {"clrc:kinds-ed", NULL}};
    (void)state;
    EVP_PKEY *stranger = prig_generate("EC", "P-256", NULL);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        EVP_PKEY *key = prig_must_load(rows[i].uri);
        X509 *cert = X509_new();
        X509_gmtime_adj(X509_getm_notBefore(cert), 0);
        X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
        assert_int_equal(X509_set_pubkey(cert, key), 1);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, rows[i].md, NULL, NULL, key, NULL), 1);
        assert_true(X509_sign_ctx(cert, ctx) > 0);
        EVP_MD_CTX_free(ctx);
        EVP_PKEY *inside = X509_get0_pubkey(cert);
        assert_int_equal(X509_verify(cert, inside), 1);
        assert_int_equal(X509_check_private_key(cert, key), 1);
        assert_int_equal(ERR_peek_error(), 0);
        assert_int_not_equal(X509_check_private_key(cert, stranger), 1);
        ERR_clear_error();
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    EVP_PKEY_free(stranger);
}

/* ---- keys of the program's own ---- */

static EVP_PKEY *take_in(EVP_PKEY *soft, const char *type, const char *name)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *made = NULL;
    OSSL_PARAM own[] = {
        OSSL_PARAM_construct_utf8_string("clrc-name", (char *)(uintptr_t)name, 0),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_PKEY_todata(soft, EVP_PKEY_KEYPAIR, &params), 1);
    OSSL_PARAM *both = OSSL_PARAM_merge(params, own);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=clrc");
    if (EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, both);
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(both);
    OSSL_PARAM_free(params);
    return made;
}

static void test_import(void **state)
{
    static const char *const types[] = {"EC", "RSA", "ED25519", "X25519"};
    (void)state;
    EVP_PKEY *softs[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(2048),
                         EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                         EVP_PKEY_Q_keygen(NULL, NULL, "X25519")};
    for (size_t i = 0; i < KM_ARRAY_LEN(types); i++) {
        char name[40] = {0};
        char uri[48] = {0};
        snprintf(name, sizeof(name), "taken-%s", types[i]);
        snprintf(uri, sizeof(uri), "clrc:%s", name);
        EVP_PKEY *made = take_in(softs[i], types[i], name);
        if (getenv("KM_TEST_TRANSFER") == NULL) {
            assert_null(made);
            assert_null(prig_load(uri));
        } else {
            assert_non_null(made);
            EVP_PKEY *loaded = prig_must_load(uri);
            EVP_PKEY *public = prig_public_of(softs[i]);
            assert_int_equal(EVP_PKEY_eq(loaded, public), 1);
            assert_null(take_in(softs[i], types[i], name)); /* the name is taken */
            assert_int_equal(prig_last_reason(), KM_DOOR_R_EXISTS);
            if (i < 2)
                assert_true(prig_sign_and_verify(loaded, public, false));
            EVP_PKEY_free(public);
            EVP_PKEY_free(loaded);
        }
        EVP_PKEY_free(made);
        EVP_PKEY_free(softs[i]);
        ERR_clear_error();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ed25519),         cmocka_unit_test(test_x25519),
        cmocka_unit_test(test_rsa_pss),         cmocka_unit_test(test_pkcs1_decryption),
        cmocka_unit_test(test_tls_premaster),   cmocka_unit_test(test_certificate_fits),
        cmocka_unit_test(test_key_by_template), cmocka_unit_test(test_key_by_parameters),
        cmocka_unit_test(test_told_of_keys),    cmocka_unit_test(test_import),
    };
    const struct CMUnitTest again[] = {cmocka_unit_test(test_import)};
    if (getenv("KM_TEST_TRANSFER") != NULL)
        return cmocka_run_group_tests_name("provider, keys taken in", again, NULL, NULL);
    return cmocka_run_group_tests_name("provider, kinds of keys", tests, NULL, NULL);
}
