/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider inside a program: its keys in use, and everything that must not come out. Run by provider_program.sh, which loads the
 * provider by OPENSSL_CONF and makes the keys ec and rsa.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "interop/door/door_error.h"
#include "tests/interop/provider_rig.h"

/* ---- what loading the provider must not change ---- */

static void test_default_keeps_its_work(void **state)
{
    static const char *const names[] = {"EC", "RSA", "RSA-PSS", "ED25519", "X25519"};
    (void)state;
    assert_true(OSSL_PROVIDER_available(NULL, "clrc"));
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, names[i], NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(keymgmt)), "default");
        EVP_KEYMGMT_free(keymgmt);
    }
    EVP_PKEY *soft = EVP_EC_gen("P-256");
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(soft)), "default");
    assert_true(prig_sign_and_verify(soft, soft, false));
    EVP_PKEY_free(soft);
}

/* ---- what must not come out ---- */

static void test_no_private_part(void **state)
{
    static const char *const uris[] = {"clrc:ec", "clrc:rsa"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = prig_must_load(uris[i]);
        prig_no_private(key);
        EVP_PKEY *copy = EVP_PKEY_dup(key);
        assert_non_null(copy);
        prig_no_private(copy);
        EVP_PKEY_free(copy);
        OSSL_PARAM *params = NULL;
        assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params), 1);
        assert_null(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_PRIV_KEY));
        assert_null(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_RSA_D));
        OSSL_PARAM_free(params);
        EVP_PKEY_free(key);
    }
}

/* A private key of the program's own does not slip in, and no half of one. */
static void test_import_refused(void **state)
{
    (void)state;
    EVP_PKEY *soft = EVP_EC_gen("P-256");
    OSSL_PARAM *params = NULL;
    assert_int_equal(EVP_PKEY_todata(soft, EVP_PKEY_KEYPAIR, &params), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", "provider=clrc");
    EVP_PKEY *made = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params), 1);
    assert_null(made);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    EVP_PKEY_free(soft);
    ERR_clear_error();
}

/* ---- use ---- */

static void test_signing_leaves_no_errors(void **state)
{
    (void)state;
    EVP_PKEY *ec = prig_must_load("clrc:ec");
    EVP_PKEY *rsa = prig_must_load("clrc:rsa");
    EVP_PKEY *ec_public = prig_public_of(ec);
    EVP_PKEY *rsa_public = prig_public_of(rsa);
    assert_true(prig_sign_and_verify(ec, ec_public, false));
    assert_true(prig_sign_and_verify(rsa, rsa_public, false));
    assert_true(prig_sign_and_verify(rsa, rsa_public, true));
    assert_true(prig_sign_and_verify(ec, ec, false)); /* verified by our own door too */
    assert_true(prig_sign_and_verify(rsa, rsa, true));
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec_public);
    EVP_PKEY_free(rsa_public);
}

static void test_bad_signatures(void **state)
{
    uint8_t sig[600] = {0};
    size_t len = sizeof(sig);
    uint8_t digest[32] = {1};
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, NULL, &len, digest, 32), 1);
    assert_int_equal(len, EVP_PKEY_get_size(key));
    size_t room = len - 1;
    assert_int_not_equal(EVP_PKEY_sign(ctx, sig, &room, digest, 32), 1);
    assert_int_equal(prig_last_reason(), KM_DOOR_R_TOO_LARGE);
    assert_int_not_equal(EVP_PKEY_sign(ctx, sig, &len, sig, 65), 1);
    len = sizeof(sig);
    assert_int_equal(EVP_PKEY_sign(ctx, sig, &len, digest, 32), 1);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    assert_int_equal(EVP_PKEY_verify(ctx, sig, len, digest, 32), 1);
    for (size_t i = 0; i < len; i++) {
        sig[i] ^= 0x10;
        assert_int_not_equal(EVP_PKEY_verify(ctx, sig, len, digest, 32), 1);
        sig[i] ^= 0x10;
        assert_int_not_equal(EVP_PKEY_verify(ctx, sig, i, digest, 32), 1);
    }
    digest[0] ^= 1;
    assert_int_not_equal(EVP_PKEY_verify(ctx, sig, len, digest, 32), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

/* Raw RSA would sign anything, also what nobody hashed. */
static void test_raw_rsa_refused(void **state)
{
    static const int paddings[] = {RSA_NO_PADDING, RSA_X931_PADDING, RSA_PKCS1_OAEP_PADDING};
    uint8_t in[256] = {0};
    uint8_t out[256] = {0};
    size_t len = sizeof(out);
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:rsa");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_not_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, paddings[i]), 1);
    assert_int_not_equal(EVP_PKEY_sign(ctx, out, &len, in, 32), 1);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1); /* to encrypt */
    len = sizeof(out);
    assert_int_not_equal(EVP_PKEY_decrypt(ctx, out, &len, in, sizeof(in)), 1);
    assert_int_equal(prig_last_reason(), KM_DOOR_R_NOT_SUPPORTED);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

static void test_copied_contexts(void **state)
{
    uint8_t one[200] = {0};
    uint8_t two[200] = {0};
    size_t one_len = sizeof(one);
    size_t two_len = sizeof(two);
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA384", NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSignUpdate(ctx, "same ", 5), 1);
    assert_int_equal(EVP_MD_CTX_copy_ex(copy, ctx), 1);
    assert_int_equal(EVP_DigestSignUpdate(ctx, "one", 3), 1);
    assert_int_equal(EVP_DigestSignUpdate(copy, "two", 3), 1);
    assert_int_equal(EVP_DigestSignFinal(ctx, one, &one_len), 1);
    assert_int_equal(EVP_DigestSignFinal(copy, two, &two_len), 1);
    EVP_MD_CTX_free(copy);
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    EVP_PKEY *public = prig_public_of(key);
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA384", NULL, NULL, public, NULL), 1);
    assert_int_equal(EVP_DigestVerify(ctx, two, two_len, (const uint8_t *)"same two", 8), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
}

static void test_matching(void **state)
{
    static const char *const uris[] = {"clrc:ec", "clrc:rsa"};
    (void)state;
    EVP_PKEY *stranger[2] = {EVP_EC_gen("P-256"), EVP_RSA_gen(2048)};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = prig_must_load(uris[i]);
        EVP_PKEY *again = prig_must_load(uris[i]);
        EVP_PKEY *public = prig_public_of(key);
        assert_int_equal(EVP_PKEY_eq(key, again), 1);
        assert_int_equal(EVP_PKEY_eq(key, public), 1);
        assert_int_equal(EVP_PKEY_eq(public, key), 1);
        EVP_PKEY *other = prig_public_of(stranger[i]);
        assert_int_not_equal(EVP_PKEY_eq(key, other), 1);
        assert_int_not_equal(EVP_PKEY_eq(other, key), 1);
        EVP_PKEY_free(other);
        EVP_PKEY_free(public);
        EVP_PKEY_free(again);
        EVP_PKEY_free(key);
        EVP_PKEY_free(stranger[i]);
    }
    ERR_clear_error();
}

static void test_agreement(void **state)
{
    uint8_t ours[66] = {0};
    uint8_t theirs[66] = {0};
    size_t our_len = sizeof(ours);
    size_t their_len = sizeof(theirs);
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    EVP_PKEY *public = prig_public_of(key);
    EVP_PKEY *soft = EVP_EC_gen("P-256");
    EVP_PKEY *peer = prig_public_of(soft);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, ours, &our_len), 1);
    EVP_PKEY *elsewhere = EVP_EC_gen("P-384");
    assert_int_not_equal(EVP_PKEY_derive_set_peer(ctx, elsewhere), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, soft, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, public), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, theirs, &their_len), 1);
    assert_int_equal(our_len, 32);
    assert_int_equal(their_len, 32);
    assert_memory_equal(ours, theirs, 32);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(elsewhere);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(soft);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

static void test_generation(void **state)
{
    (void)state;
    EVP_PKEY *saved = prig_generate("EC", "P-384", "made");
    EVP_PKEY *unsaved = prig_generate("EC", "secp521r1", NULL);
    EVP_PKEY *rsa = prig_generate("RSA", NULL, NULL);
    assert_non_null(saved);
    assert_non_null(unsaved);
    assert_non_null(rsa);
    assert_int_equal(EVP_PKEY_get_bits(saved), 384);
    assert_int_equal(EVP_PKEY_get_bits(unsaved), 521);
    assert_int_equal(EVP_PKEY_get_bits(rsa), 2048);
    assert_true(prig_sign_and_verify(saved, saved, false));
    assert_true(prig_sign_and_verify(unsaved, unsaved, false));
    assert_true(prig_sign_and_verify(rsa, rsa, true));
    prig_no_private(unsaved);
    prig_no_private(rsa);
    EVP_PKEY *again = prig_must_load("clrc:made");
    assert_int_equal(EVP_PKEY_eq(saved, again), 1);
    assert_null(prig_generate("EC", "P-384", "made"));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_EXISTS);
    assert_null(prig_generate("EC", "brainpoolP256r1", NULL));
    assert_int_equal(prig_last_reason(), KM_DOOR_R_NOT_SUPPORTED);
    assert_null(prig_generate("EC", NULL, NULL));
    assert_null(prig_generate("EC", "P-256", ""));
    EVP_PKEY_free(again);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(unsaved);
    EVP_PKEY_free(saved);
    ERR_clear_error();
}

/* ---- what programs ask for wrongly ---- */

static void test_names_refused(void **state)
{
    static const struct {
        const char *uri;
        int reason;
    } rows[] = {
        {"clrc:no-such-key", KM_DOOR_R_NOT_FOUND},
        {"clrc:key=no-such-key", KM_DOOR_R_NOT_FOUND},
        {"clrc:ec?pin=1", KM_DOOR_R_BAD_URI},
        {"clrc:ec%", KM_DOOR_R_BAD_URI},
        {"clrc:locked?password=file:/no/such/file", KM_DOOR_R_PASSWORD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ERR_clear_error();
        assert_null(prig_load(rows[i].uri));
        assert_int_equal(prig_last_reason(), rows[i].reason);
    }
}

static void test_public_half(void **state)
{
    (void)state;
    EVP_PKEY *half = prig_load_expecting("clrc:ec", OSSL_STORE_INFO_PUBKEY);
    assert_non_null(half);
    ERR_clear_error();
    assert_false(prig_sign_and_verify(half, half, false));
    EVP_PKEY_free(half);
    ERR_clear_error();
}

/* ---- reference files ---- */

static EVP_PKEY *read_pem(const char *text)
{
    BIO *in = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    return key;
}

#define REFERENCE(body)                                                                            \
    "-----BEGIN KEYMOOR KEY REFERENCE-----\n" body "\n-----END KEYMOOR KEY REFERENCE-----\n"
#define TO_EC REFERENCE("MCMMFUtleW1vb3Iga2V5IHJlZmVyZW5jZQIBAQwHY2xyYzplYw==")
#define VERSION_2 REFERENCE("MCMMFUtleW1vb3Iga2V5IHJlZmVyZW5jZQIBAgwHY2xyYzplYw==")

static void test_reference_files(void **state)
{
    static const struct {
        const char *pem;
        int reason;
    } refused[] = {
        {REFERENCE("MCYMFUtleW1vb3Iga2V5IHJlZmVyZW5jZQIBAQwKY2xyYzpub2JvZA=="),
         KM_DOOR_R_NOT_FOUND},
        {VERSION_2, KM_DOOR_R_NOT_SUPPORTED},
        {REFERENCE("MC*M"), KM_DOOR_R_BAD_URI},
        {"-----BEGIN KEYMOOR KEY REFERENCE-----\nMCMM\n", KM_DOOR_R_BAD_URI},
    };
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    EVP_PKEY *by_file = read_pem(TO_EC);
    assert_non_null(by_file);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(EVP_PKEY_eq(key, by_file), 1);
    assert_true(prig_sign_and_verify(by_file, key, false));
    EVP_PKEY_free(by_file);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_null(read_pem(refused[i].pem));
        assert_int_equal(prig_last_reason(), refused[i].reason);
    }
    /* Keys of the program's own are still read, also from behind one of ours. */
    EVP_PKEY *soft = EVP_EC_gen("P-256");
    BIO *file = BIO_new(BIO_s_mem());
    assert_true(BIO_puts(file, TO_EC) > 0);
    assert_int_equal(PEM_write_bio_PrivateKey(file, soft, NULL, NULL, 0, NULL, NULL), 1);
    assert_true(BIO_puts(file, TO_EC) > 0);
    EVP_PKEY *expected[] = {key, soft, key};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *next = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
        assert_non_null(next);
        assert_int_equal(EVP_PKEY_eq(next, expected[i]), 1);
        EVP_PKEY_free(next);
    }
    BIO_free(file);
    EVP_PKEY_free(soft);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

/* Public keys come from strangers: what is read as one gives nobody the use of a private key. */
static void test_reference_as_public_key(void **state)
{
    (void)state;
    EVP_PKEY *key = prig_must_load("clrc:ec");
    BIO *in = BIO_new_mem_buf(TO_EC, -1);
    EVP_PKEY *public = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    assert_non_null(public);
    assert_int_equal(EVP_PKEY_eq(key, public), 1);
    assert_true(prig_sign_and_verify(key, public, false));
    assert_false(prig_sign_and_verify(public, public, false));
    EVP_PKEY_free(public);
    BIO_free(in);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

/* A library context of its own, and a provider that goes before its keys do. */
static void test_own_context(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
        OSSL_PROVIDER *ours = OSSL_PROVIDER_load(libctx, "clrc");
        OSSL_PROVIDER *theirs = OSSL_PROVIDER_load(libctx, "default");
        assert_non_null(ours);
        assert_non_null(theirs);
        EVP_PKEY *soft = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
        assert_non_null(soft);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(soft)), "default");
        OSSL_STORE_CTX *store =
            OSSL_STORE_open_ex("clrc:rsa", libctx, NULL, NULL, NULL, NULL, NULL, NULL);
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        EVP_PKEY *key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
        OSSL_STORE_close(store);
        assert_non_null(key);
        uint8_t sig[512] = {0};
        size_t len = sizeof(sig);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", libctx, NULL, key, NULL), 1);
        assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const uint8_t *)"message", 7), 1);
        EVP_MD_CTX_free(ctx);
        OSSL_PROVIDER_unload(ours);
        EVP_PKEY_free(key);
        EVP_PKEY_free(soft);
        OSSL_PROVIDER_unload(theirs);
        OSSL_LIB_CTX_free(libctx);
    }
    ERR_clear_error();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_keeps_its_work),
        cmocka_unit_test(test_no_private_part),
        cmocka_unit_test(test_import_refused),
        cmocka_unit_test(test_signing_leaves_no_errors),
        cmocka_unit_test(test_bad_signatures),
        cmocka_unit_test(test_raw_rsa_refused),
        cmocka_unit_test(test_copied_contexts),
        cmocka_unit_test(test_matching),
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_generation),
        cmocka_unit_test(test_names_refused),
        cmocka_unit_test(test_public_half),
        cmocka_unit_test(test_reference_files),
        cmocka_unit_test(test_reference_as_public_key),
        cmocka_unit_test(test_own_context),
    };
    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
