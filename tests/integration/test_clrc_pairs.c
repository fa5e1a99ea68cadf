/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, OAEP, agreement and derivation in the service against libcrypto in this process; keys in and out. */
#include "tests/integration/clrc_reference.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>

/* ---- signatures ---- */

static const struct {
    uint32_t bits;
    const char *curve;
} curves[] = {{256, "P-256"}, {384, "P-384"}, {521, "P-521"}};

static void check_signer(ClrcKeyHandle key, EVP_PKEY *pkey, ClrcAlgorithm algorithm,
                         const struct pkey_use *use)
{
    uint8_t digest[64], signature[512] = {0};
    size_t digest_len = ref_digest(use->hash, big, 1000, digest);
    uint32_t len = sizeof(signature);
    ok(clrcSignDigest(key, algorithm, digest, (uint32_t)digest_len, signature, &len));
    assert_true(ref_verifies(pkey, use, digest, digest_len, signature, len));
    ok(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len));
    signature[len - 1] ^= 1;
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len),
           CLRC_ERROR_SIGNATURE);
    signature[len - 1] ^= 1;
    digest[0] ^= 1;
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len),
           CLRC_ERROR_SIGNATURE);
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, len - 1),
           CLRC_ERROR_SIGNATURE);
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, 0),
           CLRC_ERROR_BAD_PARAMETERS);
    uint32_t needed = 0;
    expect(clrcSignDigest(key, algorithm, digest, (uint32_t)digest_len, NULL, &needed),
           CLRC_ERROR_SHORT_BUFFER);
    assert_true(needed >= len);
}

static void check_verifier(EVP_PKEY *pkey, ClrcKeyType type, ClrcAlgorithm algorithm,
                           const struct pkey_use *use)
{
    uint8_t digest[64], signature[512];
    size_t digest_len = ref_digest(use->hash, big, 77, digest);
    size_t len = ref_sign(pkey, use, digest, digest_len, signature, sizeof(signature));
    ClrcKeyHandle key = test_import_public(type, pkey);
    ok(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, (uint32_t)len));
    signature[len / 2] ^= 0x10;
    expect(clrcVerifyDigest(key, algorithm, digest, (uint32_t)digest_len, signature, (uint32_t)len),
           CLRC_ERROR_SIGNATURE);
    uint32_t room = sizeof(signature);
    ClrcResult result =
        clrcSignDigest(key, algorithm, digest, (uint32_t)digest_len, signature, &room);
    assert_int_not_equal(result, CLRC_SUCCESS);
    clrcFreeKey(key);
}

static void test_ecdsa(void **state)
{
    (void)state;
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        ClrcKeyHandle made = test_create(KEY_ECDSA_KEYPAIR, curves[c].bits);
        EVP_PKEY *made_public = test_public_of(made);
        EVP_PKEY *ours = EVP_EC_gen(curves[c].curve);
        ClrcKeyHandle imported = test_import_pair(KEY_ECDSA_KEYPAIR, ours, 0);
        for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
            const struct pkey_use use = {.hash = hashes[h].name};
            check_signer(made, made_public, CLRC_ECDSA, &use);
            check_signer(imported, ours, CLRC_ECDSA, &use);
            check_verifier(ours, KEY_ECDSA_PUBLIC, CLRC_ECDSA, &use);
        }
        uint8_t out[160];
        uint32_t len = sizeof(out);
        expect(clrcSignDigest(made, CLRC_ECDSA, big, 65, out, &len), CLRC_ERROR_BAD_PARAMETERS);
        expect(clrcSignDigest(made, CLRC_ECDSA, big, 0, out, &len), CLRC_ERROR_BAD_PARAMETERS);
        expect(clrcSignDigest(made, CLRC_RSASSA_PKCS1_V1_5_SHA256, big, 32, out, &len),
               CLRC_ERROR_NOT_SUPPORTED);
        EVP_PKEY_free(made_public);
        EVP_PKEY_free(ours);
        clrcFreeKey(made);
        clrcFreeKey(imported);
    }
}

static void test_rsa_signatures(void **state)
{
    (void)state;
    EVP_PKEY *ours = EVP_RSA_gen(2048);
    ClrcKeyHandle key = test_import_pair(KEY_RSA_KEYPAIR, ours, 0);
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        const struct pkey_use pkcs1 = {.hash = hashes[h].name, .padding = RSA_PKCS1_PADDING};
        const struct pkey_use pss = {.hash = hashes[h].name,
                                     .padding = RSA_PKCS1_PSS_PADDING,
                                     .salt = RSA_PSS_SALTLEN_DIGEST};
        check_signer(key, ours, hashes[h].pkcs1, &pkcs1);
        check_signer(key, ours, hashes[h].pss, &pss);
        check_verifier(ours, KEY_RSA_PUBLIC, hashes[h].pkcs1, &pkcs1);
        check_verifier(ours, KEY_RSA_PUBLIC, hashes[h].pss, &pss);
        /* Salts of other lengths. */
        for (int salt = 0; salt <= 40; salt += 20) {
            const struct pkey_use salted = {
                .hash = hashes[h].name, .padding = RSA_PKCS1_PSS_PADDING, .salt = salt};
            uint8_t digest[64], signature[256];
            uint32_t digest_len = (uint32_t)ref_digest(hashes[h].name, big, 5, digest);
            uint32_t len = sizeof(signature);
            ok(clrcSignDigestPss(key, hashes[h].pss, (uint32_t)salt, digest, digest_len, signature,
                                 &len));
            assert_true(ref_verifies(ours, &salted, digest, digest_len, signature, len));
            ok(clrcVerifyDigestPss(key, hashes[h].pss, (uint32_t)salt, digest, digest_len,
                                   signature, len));
            expect(clrcVerifyDigestPss(key, hashes[h].pss, (uint32_t)salt + 1, digest, digest_len,
                                       signature, len),
                   CLRC_ERROR_SIGNATURE);
        }
        /* A digest of another length is not this algorithm's. */
        uint8_t out[256];
        uint32_t len = sizeof(out);
        expect(clrcSignDigest(key, hashes[h].pkcs1, big, 31, out, &len), CLRC_ERROR_BAD_PARAMETERS);
    }
    clrcFreeKey(key);
    EVP_PKEY_free(ours);
    /* Made in the service. */
    key = test_create(KEY_RSA_KEYPAIR, 2048);
    EVP_PKEY *made = test_public_of(key);
    const struct pkey_use use = {.hash = "SHA256", .padding = RSA_PKCS1_PADDING};
    check_signer(key, made, CLRC_RSASSA_PKCS1_V1_5_SHA256, &use);
    EVP_PKEY_free(made);
    clrcFreeKey(key);
}

/* ---- OAEP, ECDH, HKDF ---- */

static EVP_PKEY_CTX *oaep_ctx(EVP_PKEY *pkey, const char *hash, size_t label_len, bool encrypt)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    assert_int_equal(encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL), 1);
    if (label_len > 0) {
        uint8_t *label = OPENSSL_memdup(big, label_len);
        assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)label_len), 1);
    }
    return ctx;
}

static void test_oaep(void **state)
{
    (void)state;
    EVP_PKEY *ours = EVP_RSA_gen(2048);
    ClrcKeyHandle key = test_import_pair(KEY_RSA_KEYPAIR, ours, 0);
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        for (uint32_t label_len = 0; label_len <= 11; label_len += 11) {
            uint8_t encrypted[256], plain[256] = {0};
            uint32_t len = sizeof(encrypted);
            const uint8_t *label = label_len == 0 ? NULL : big;
            ok(clrcAsymmetricEncrypt(key, hashes[h].oaep, label, label_len, big + 50, 40, encrypted,
                                     &len));
            assert_int_equal(len, 256);
            EVP_PKEY_CTX *ctx = oaep_ctx(ours, hashes[h].name, label_len, false);
            size_t plain_len = sizeof(plain);
            assert_int_equal(EVP_PKEY_decrypt(ctx, plain, &plain_len, encrypted, len), 1);
            EVP_PKEY_CTX_free(ctx);
            assert_int_equal(plain_len, 40);
            assert_memory_equal(plain, big + 50, 40);

            ctx = oaep_ctx(ours, hashes[h].name, label_len, true);
            size_t encrypted_len = sizeof(encrypted);
            assert_int_equal(EVP_PKEY_encrypt(ctx, encrypted, &encrypted_len, big, 30), 1);
            EVP_PKEY_CTX_free(ctx);
            len = sizeof(plain);
            ok(clrcAsymmetricDecrypt(key, hashes[h].oaep, label, label_len, encrypted,
                                     (uint32_t)encrypted_len, plain, &len));
            assert_int_equal(len, 30);
            assert_memory_equal(plain, big, 30);
            encrypted[17] ^= 1;
            len = sizeof(plain);
            expect(clrcAsymmetricDecrypt(key, hashes[h].oaep, label, label_len, encrypted,
                                         (uint32_t)encrypted_len, plain, &len),
                   CLRC_ERROR_MAC);
        }
        uint8_t out[256];
        uint32_t len = sizeof(out);
        expect(clrcAsymmetricEncrypt(key, hashes[h].oaep, NULL, 0, big, 250, out, &len),
               CLRC_ERROR_BAD_PARAMETERS);
        len = 0;
        expect(clrcAsymmetricEncrypt(key, hashes[h].oaep, NULL, 0, big, 10, NULL, &len),
               CLRC_ERROR_SHORT_BUFFER);
        assert_int_equal(len, 256);
    }
    clrcFreeKey(key);
    EVP_PKEY_free(ours);
}

static size_t point_of(EVP_PKEY *pkey, uint8_t out[133])
{
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, out, 133, &len),
                     1);
    return len;
}

static size_t ref_agree(EVP_PKEY *ours, EVP_PKEY *peer, uint8_t *out, size_t room)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, out, &room), 1);
    EVP_PKEY_CTX_free(ctx);
    return room;
}

static void ref_hkdf(const char *hash, const uint8_t *key, size_t key_len, const uint8_t *salt,
                     size_t salt_len, const uint8_t *info, size_t info_len, uint8_t *out,
                     size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_len),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void test_ecdh(void **state)
{
    (void)state;
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        ClrcKeyHandle key = test_create(KEY_ECDH_KEYPAIR, curves[c].bits);
        EVP_PKEY *key_public = test_public_of(key);
        EVP_PKEY *peer = EVP_EC_gen(curves[c].curve);
        uint8_t point[133], expected[66], got[66] = {0};
        uint32_t point_len = (uint32_t)point_of(peer, point);
        size_t expected_len = ref_agree(peer, key_public, expected, sizeof(expected));
        uint32_t len = sizeof(got);
        ok(clrcAgreeRaw(key, point, point_len, got, &len));
        assert_int_equal(len, expected_len);
        assert_memory_equal(got, expected, len);

        /* Inside the service: agree, derive, encrypt; and the same here. */
        const ClrcKeyTemplate secret = {.type = KEY_GENERIC_SECRET};
        const ClrcKeyTemplate aes = {.type = KEY_AES, .bits = 256};
        ClrcKeyHandle shared = NULL, derived = NULL;
        ok(clrcAgree(key, point, point_len, &secret, &shared));
        ok(clrcDerive(shared, CLRC_HKDF_SHA256, big, 13, big + 20, 17, &aes, &derived));
        uint8_t okm[32], encrypted[16] = {0}, expected_block[16];
        ref_hkdf("SHA256", expected, expected_len, big, 13, big + 20, 17, okm, sizeof(okm));
        ref_cipher("AES-256-ECB", true, okm, NULL, big, 16, expected_block);
        size_t out_len = sizeof(encrypted);
        ok(clrcCipher(derived, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, big, 16, encrypted,
                      &out_len));
        assert_memory_equal(encrypted, expected_block, 16);
        len = sizeof(got);
        expect(clrcExportKey(shared, got, &len), CLRC_ERROR_NOT_EXPORTABLE);
        expect(clrcExportKey(derived, got, &len), CLRC_ERROR_NOT_EXPORTABLE);
        const ClrcKeyTemplate leak = {
            .type = KEY_AES, .bits = 256, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
        ClrcKeyHandle leaked = NULL;
        expect(clrcDerive(shared, CLRC_HKDF_SHA256, NULL, 0, NULL, 0, &leak, &leaked),
               CLRC_ERROR_NOT_EXPORTABLE);

        /* A point that is not on the curve, one too short, and one at infinity. */
        point[point_len - 1] ^= 1;
        expect(clrcAgreeRaw(key, point, point_len, got, &len), CLRC_ERROR_BAD_FORMAT);
        expect(clrcAgreeRaw(key, point, point_len - 1, got, &len), CLRC_ERROR_BAD_FORMAT);
        expect(clrcAgreeRaw(key, (const uint8_t *)"", 1, got, &len), CLRC_ERROR_BAD_FORMAT);
        clrcFreeKey(derived);
        clrcFreeKey(shared);
        clrcFreeKey(key);
        EVP_PKEY_free(key_public);
        EVP_PKEY_free(peer);
    }
}

static void test_hkdf(void **state)
{
    (void)state;
    ClrcKeyHandle secret = NULL;
    const ClrcKeyTemplate wish = {
        .type = KEY_GENERIC_SECRET, .bits = 8 * 40, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcImportKeyRaw(&wish, big, 40, &secret));
    const ClrcKeyTemplate out = {
        .type = KEY_GENERIC_SECRET, .bits = 8 * 100, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    for (size_t h = 0; h < KM_ARRAY_LEN(hashes); h++) {
        uint8_t expected[100], got[100] = {0};
        uint32_t len = sizeof(got);
        ClrcKeyHandle derived = NULL;
        ref_hkdf(hashes[h].name, big, 40, big + 60, 20, big + 80, 1000, expected, sizeof(expected));
        ok(clrcDerive(secret, hashes[h].hkdf, big + 60, 20, big + 80, 1000, &out, &derived));
        ok(clrcExportKey(derived, got, &len));
        assert_int_equal(len, sizeof(expected));
        assert_memory_equal(got, expected, len);
        clrcFreeKey(derived);
    }
    ClrcKeyHandle derived = NULL;
    expect(clrcDerive(secret, CLRC_HKDF_SHA256, big, 1025, NULL, 0, &out, &derived),
           CLRC_ERROR_TOO_LARGE);
    clrcFreeKey(secret);
}

/* ---- keys in and out ---- */

static void test_exportable_keys(void **state)
{
    (void)state;
    uint8_t der[4096], back[64];
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = curves[c].bits};
        ClrcKeyHandle kept = NULL, open = NULL;
        ok(clrcCreateKey(&wish, &kept));
        uint32_t len = sizeof(der);
        expect(clrcExportKey(kept, der, &len), CLRC_ERROR_NOT_EXPORTABLE);
        expect(clrcGetKeyAttribute(kept, CLRC_ATTR_ECC_PRIVATE_VALUE, der, &len),
               CLRC_ERROR_NOT_EXPORTABLE);
        uint32_t bits = 0, bits_len = sizeof(bits);
        ok(clrcGetKeyAttribute(kept, CLRC_ATTR_ECC_CURVE, &bits, &bits_len));
        assert_int_equal(bits, curves[c].bits);
        wish.attributes = CLRC_ATTR_EXPORT_AS_PLAIN;
        ok(clrcCreateKey(&wish, &open));
        len = sizeof(der);
        ok(clrcExportKey(open, der, &len));
        const uint8_t *at = der;
        EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)len);
        assert_non_null(pkey);
        EVP_PKEY *its_public = test_public_of(open);
        assert_int_equal(EVP_PKEY_eq(pkey, its_public), 1);
        /* SEC 1 as well, without and with the public part. */
        uint8_t *sec1 = NULL;
        int sec1_len = i2d_PrivateKey(pkey, &sec1);
        const ClrcKeyTemplate from_data = {.type = KEY_ECDSA_KEYPAIR};
        ClrcKeyHandle again = NULL;
        ok(clrcImportKeyDer(&from_data, sec1, (uint32_t)sec1_len, &again));
        EVP_PKEY *again_public = test_public_of(again);
        assert_int_equal(EVP_PKEY_eq(again_public, its_public), 1);
        OPENSSL_free(sec1);
        EVP_PKEY_free(again_public);
        EVP_PKEY_free(its_public);
        EVP_PKEY_free(pkey);
        clrcFreeKey(again);
        clrcFreeKey(open);
        clrcFreeKey(kept);
    }
    ClrcKeyHandle key = test_import_raw(KEY_AES, big, 32);
    uint32_t len = sizeof(back);
    expect(clrcExportKey(key, back, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcGetKeyAttribute(key, CLRC_ATTR_SECRET_VALUE, back, &len), CLRC_ERROR_NOT_EXPORTABLE);
    expect(clrcExportPublicKey(key, back, &len), CLRC_ERROR_NOT_SUPPORTED);
    clrcFreeKey(key);
    const ClrcKeyTemplate open = {
        .type = KEY_AES, .bits = 256, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ok(clrcImportKeyRaw(&open, big, 32, &key));
    len = 31;
    expect(clrcExportKey(key, back, &len), CLRC_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 32);
    ok(clrcExportKey(key, back, &len));
    assert_memory_equal(back, big, 32);
    clrcFreeKey(key);
}

static void test_import_by_attributes(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    uint8_t point[133], scalar[32];
    assert_int_equal(point_of(pkey, point), 65);
    BIGNUM *d = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
    assert_int_equal(BN_bn2binpad(d, scalar, 32), 32);
    BN_clear_free(d);
    uint32_t bits = 256;
    const ClrcAttributeValue values[] = {
        {CLRC_ATTR_ECC_CURVE, sizeof(bits), &bits},
        {CLRC_ATTR_ECC_PUBLIC_VALUE_X, 32, point + 1},
        {CLRC_ATTR_ECC_PUBLIC_VALUE_Y, 32, point + 33},
        {CLRC_ATTR_ECC_PRIVATE_VALUE, 32, scalar},
    };
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    ClrcKeyHandle key = NULL;
    ok(clrcImportKeyAttributes(&wish, values, 4, &key));
    const struct pkey_use use = {.hash = "SHA256"};
    check_signer(key, pkey, CLRC_ECDSA, &use);
    uint8_t x[32];
    uint32_t len = sizeof(x);
    ok(clrcGetKeyAttribute(key, CLRC_ATTR_ECC_PUBLIC_VALUE_X, x, &len));
    assert_memory_equal(x, point + 1, 32);
    clrcFreeKey(key);
    /* A public part of another key. */
    point[10] ^= 1;
    expect(clrcImportKeyAttributes(&wish, values, 4, &key), CLRC_ERROR_BAD_FORMAT);
    EVP_PKEY_free(pkey);
}

static void test_bad_key_data(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    uint8_t *der = NULL;
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR};
    ClrcKeyHandle key = NULL;
    for (int cut = 1; cut < len; cut++)
        expect(clrcImportKeyDer(&wish, der, (uint32_t)cut, &key), CLRC_ERROR_BAD_FORMAT);
    expect(clrcImportKeyDer(&wish, der, 0, &key), CLRC_ERROR_BAD_PARAMETERS);
    expect(clrcImportKeyDer(&wish, big, 4097, &key), CLRC_ERROR_TOO_LARGE);
    const ClrcKeyTemplate rsa = {.type = KEY_RSA_KEYPAIR};
    expect(clrcImportKeyDer(&rsa, der, (uint32_t)len, &key), CLRC_ERROR_BAD_FORMAT);
    const ClrcKeyTemplate other = {.type = KEY_ECDSA_KEYPAIR, .bits = 384};
    assert_int_not_equal(clrcImportKeyDer(&other, der, (uint32_t)len, &key), CLRC_SUCCESS);
    assert_null(key);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(p8);
    EVP_PKEY_free(pkey);
    const struct {
        ClrcKeyType type;
        uint32_t bits;
    } refused[] = {{KEY_AES, 100},          {KEY_AES, 513},  {KEY_HMAC, 7},
                   {KEY_RSA_KEYPAIR, 1024}, {KEY_NONE, 0},   {KEY_ECDSA_KEYPAIR, 255},
                   {KEY_ECDSA_PUBLIC, 256}, {KEY_HMAC, 8192}};
    for (size_t i = 0; i < KM_ARRAY_LEN(refused); i++) {
        const ClrcKeyTemplate made = {.type = refused[i].type, .bits = refused[i].bits};
        assert_int_not_equal(clrcCreateKey(&made, &key), CLRC_SUCCESS);
        assert_null(key);
    }
    ClrcKeyTemplate odd = {.type = KEY_AES, .bits = 128, .usage = 0x8000};
    assert_int_not_equal(clrcCreateKey(&odd, &key), CLRC_SUCCESS);
    odd.usage = CLRC_USAGE_ENCRYPT;
    ok(clrcCreateKey(&odd, &key));
    size_t out_len = 16;
    ok(clrcCipher(key, CLRC_AES_ECB_NOPAD, CLRC_MODE_ENCRYPT, NULL, 0, big, 16, big_out, &out_len));
    expect(
        clrcCipher(key, CLRC_AES_ECB_NOPAD, CLRC_MODE_DECRYPT, NULL, 0, big, 16, big_out, &out_len),
        CLRC_ERROR_ACCESS_DENIED);
    clrcFreeKey(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ecdsa),
        cmocka_unit_test(test_rsa_signatures),
        cmocka_unit_test(test_oaep),
        cmocka_unit_test(test_ecdh),
        cmocka_unit_test(test_hkdf),
        cmocka_unit_test(test_exportable_keys),
        cmocka_unit_test(test_import_by_attributes),
        cmocka_unit_test(test_bad_key_data),
    };
    return cmocka_run_group_tests(tests, reference_up, reference_down);
}
