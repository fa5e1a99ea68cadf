/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, RSA encryption, agreement and derivation through the command interface: libcrypto as the other side, published vectors. */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/unit/crypto_rig.h"

RIG_FIXTURE

static EVP_PKEY *public_of(uint32_t id)
{
    uint8_t der[1024] = {0};
    size_t len = sizeof(der);
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, der, &len), TEE_SUCCESS);
    const unsigned char *at = der;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)len);
    assert_non_null(pkey);
    return pkey;
}

/* ---- signatures ---- */

struct sign_row {
    const char *hash;
    uint32_t algorithm;
    uint32_t digest_len;
};

#define RSA_ROWS(scheme)                                                                           \
    {"SHA1", KM_CRYPTO_RSASSA_##scheme##_SHA1, 20},                                                \
        {"SHA224", KM_CRYPTO_RSASSA_##scheme##_SHA224, 28},                                        \
        {"SHA256", KM_CRYPTO_RSASSA_##scheme##_SHA256, 32},                                        \
        {"SHA384", KM_CRYPTO_RSASSA_##scheme##_SHA384, 48},                                        \
    {                                                                                              \
        "SHA512", KM_CRYPTO_RSASSA_##scheme##_SHA512, 64                                           \
    }

static const struct sign_row RSA_SIGNS[] = {RSA_ROWS(PKCS1_V1_5), RSA_ROWS(PKCS1_PSS_MGF1)};

static EVP_PKEY_CTX *peer_ctx(EVP_PKEY *pkey, const struct sign_row *row, int salt)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    if (row->hash == NULL)
        return ctx;
    bool is_pss = row->algorithm >= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA1;
    assert_true(
        EVP_PKEY_CTX_set_rsa_padding(ctx, is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(row->hash)) > 0);
    if (is_pss)
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0);
    return ctx;
}

static void check_peer(uint32_t id, const struct sign_row *row, int salt, struct km_slice digest,
                       struct km_slice signature)
{
    EVP_PKEY *pkey = public_of(id);
    EVP_PKEY_CTX *ctx = peer_ctx(pkey, row, salt);
    assert_int_equal(EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest.ptr, digest.len), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

/* Signed here, verified by libcrypto and here; a flipped bit in either is noticed. */
static void sign_and_verify(uint32_t id, const struct sign_row *row, size_t expected_len)
{
    uint8_t digest[64] = {1, 2, 3};
    uint8_t signature[KM_CRYPTO_SIGNATURE_MAX] = {0};
    struct km_lane_param p[4] = {P_VI(id, row->algorithm), P_MI(digest, row->digest_len),
                                 P_MO(signature, sizeof(signature)), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_SIGN_DIGEST, p), TEE_SUCCESS);
    size_t len = p[2].size;
    assert_true(len <= expected_len);
    check_peer(id, row, RSA_PSS_SALTLEN_DIGEST, KM_SLICE(digest, row->digest_len),
               KM_SLICE(signature, len));
    struct km_lane_param v[4] = {P_VI(id, row->algorithm), P_MI(digest, row->digest_len),
                                 P_MI(signature, len), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_DIGEST, v), TEE_SUCCESS);
    digest[0] ^= 1;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_DIGEST, v), TEE_ERROR_SIGNATURE_INVALID);
    digest[0] ^= 1;
    signature[len - 1] ^= 1;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_DIGEST, v), TEE_ERROR_SIGNATURE_INVALID);
    signature[len - 1] ^= 1;
    v[2].size = len - 1;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_DIGEST, v), TEE_ERROR_SIGNATURE_INVALID);
    p[2].size = expected_len - 1;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_SIGN_DIGEST, p), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(p[2].size, expected_len);
}

static void ecdsa(void **state)
{
    static const struct {
        uint32_t bits;
        size_t len;
    } curves[] = {{256, 72}, {384, 104}, {521, 139}};
    static const uint32_t TYPES[] = {KM_CRYPTO_KEY_ECDSA_KEYPAIR, KM_CRYPTO_KEY_EC_DUAL_KEYPAIR};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++) {
        for (size_t t = 0; t < KM_ARRAY_LEN(TYPES); t++) {
            uint32_t id = rig_made(&s, TYPES[t], curves[i].bits);
            for (uint32_t digest_len = 20; digest_len <= 64; digest_len += 4) {
                struct sign_row row = {NULL, KM_CRYPTO_ECDSA, digest_len};
                sign_and_verify(id, &row, curves[i].len);
            }
            assert_int_equal(rig_free_key(&s, id), TEE_SUCCESS);
        }
    }
}

static void rsa_signatures(void **state)
{
    static const uint32_t SALTS[] = {0, 20, 222};
    uint32_t id = rig_made(&s, KM_CRYPTO_KEY_RSA_KEYPAIR, 2048);
    uint8_t digest[64] = {9};
    uint8_t signature[512] = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(RSA_SIGNS); i++)
        sign_and_verify(id, &RSA_SIGNS[i], 256);
    struct sign_row row = {"SHA256", KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA256, 32};
    for (size_t i = 0; i < KM_ARRAY_LEN(SALTS); i++) {
        struct km_lane_param p[4] = {P_VI(id, row.algorithm), P_MI(digest, 32),
                                     P_MO(signature, 512), P_VI(SALTS[i], 0)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_SIGN_DIGEST_PSS, p), TEE_SUCCESS);
        check_peer(id, &row, (int)SALTS[i], KM_SLICE(digest, 32), KM_SLICE(signature, 256));
        struct km_lane_param v[4] = {P_VI(id, row.algorithm), P_MI(digest, 32),
                                     P_MI(signature, 256), P_VI(SALTS[i], 0)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_DIGEST_PSS, v), TEE_SUCCESS);
        v[3].a = 33;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_VERIFY_DIGEST_PSS, v),
                         TEE_ERROR_SIGNATURE_INVALID);
        p[3].a = 223;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_SIGN_DIGEST_PSS, p), TEE_ERROR_BAD_PARAMETERS);
        p[3].a = UINT32_MAX;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_SIGN_DIGEST_PSS, p), TEE_ERROR_BAD_PARAMETERS);
    }
    /* The default salt came back after the ones asked for. */
    sign_and_verify(id, &row, 256);
    struct km_lane_param p[4] = {P_VI(id, row.algorithm), P_MI(digest, 31), P_MO(signature, 512),
                                 P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_SIGN_DIGEST, p), TEE_ERROR_BAD_PARAMETERS);
}

static void signatures_in_parts(void **state)
{
    static const char MESSAGE[] = "a message in parts";
    struct km_slice message = KM_SLICE_STR(MESSAGE);
    static const struct {
        uint32_t type, bits, algorithm, digest;
    } rows[] = {
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256, KM_CRYPTO_ECDSA, KM_CRYPTO_SHA256},
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 521, KM_CRYPTO_ECDSA, KM_CRYPTO_SHA512},
        {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA256, 0},
        {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048, KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA512, 0},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint32_t id = rig_made(&s, rows[i].type, rows[i].bits);
        uint32_t signer = 0;
        uint32_t verifier = 0;
        uint8_t signature[512] = {0};
        uint8_t none[1] = {0};
        struct km_slice no_iv = KM_SLICE(none, 0);
        assert_int_equal(rig_op_new(&s, id, rows[i].algorithm, KM_CRYPTO_MODE_SIGN, rows[i].digest,
                                    no_iv, 0, &signer),
                         TEE_SUCCESS);
        assert_int_equal(rig_op_new(&s, id, rows[i].algorithm, KM_CRYPTO_MODE_VERIFY,
                                    rows[i].digest, no_iv, 0, &verifier),
                         TEE_SUCCESS);
        /* The operations live on when the key is freed. */
        assert_int_equal(rig_free_key(&s, id), TEE_SUCCESS);
        assert_int_equal(rig_feed(&s, signer, message, 5, none, 0), 0);
        struct km_lane_param f[4] = {P_VI(signer, 0), P_MO(none, 0), P_MO(signature, 512), P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL, f), TEE_SUCCESS);
        for (unsigned wrong = 0; wrong < 2; wrong++) {
            assert_int_equal(rig_feed(&s, verifier, message, wrong == 0 ? 7 : 0, none, 0), 0);
            if (wrong != 0)
                assert_int_equal(rig_feed(&s, verifier, message, 1, none, 0), 0);
            struct km_lane_param v[4] = {P_VI(verifier, 0), P_MO(none, 0),
                                         P_MI(signature, f[2].size), P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_FINAL_VERIFY, v),
                             wrong != 0 ? TEE_ERROR_SIGNATURE_INVALID : TEE_SUCCESS);
            struct km_lane_param r[4] = {P_VI(verifier, 0), P_MI("", 0), P_NONE, P_NONE};
            assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_OP_RESET, r), TEE_SUCCESS);
        }
    }
}

/* ---- RSA encryption, agreement, derivation ---- */

static void oaep(void **state)
{
    static const struct {
        uint32_t algorithm;
        uint32_t digest_len;
    } rows[] = {{KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA1, 20},
                {KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA224, 28},
                {KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA256, 32},
                {KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA384, 48},
                {KM_CRYPTO_RSAES_PKCS1_OAEP_MGF1_SHA512, 64}};
    uint32_t id = rig_made(&s, KM_CRYPTO_KEY_RSA_KEYPAIR, 2048);
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t text[256] = {5};
        uint8_t sealed[256] = {0};
        uint8_t out[256] = {0};
        size_t longest = 256 - 2 * rows[i].digest_len - 2;
        struct km_lane_param e[4] = {P_VI(id, rows[i].algorithm), P_STR("label"),
                                     P_MI(text, longest), P_MO(sealed, 256)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ASYM_ENCRYPT, e), TEE_SUCCESS);
        struct km_lane_param d[4] = {P_VI(id, rows[i].algorithm), P_STR("label"), P_MI(sealed, 256),
                                     P_MO(out, longest)};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ASYM_DECRYPT, d), TEE_SUCCESS);
        assert_int_equal(d[3].size, longest);
        assert_memory_equal(out, text, longest);
        d[1].size = 4;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ASYM_DECRYPT, d), TEE_ERROR_MAC_INVALID);
        d[1].size = 5;
        sealed[255] ^= 1;
        d[3].size = longest;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ASYM_DECRYPT, d), TEE_ERROR_MAC_INVALID);
        d[3].size = longest - 1;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ASYM_DECRYPT, d), TEE_ERROR_SHORT_BUFFER);
        e[2].size = longest + 1;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ASYM_ENCRYPT, e), TEE_ERROR_BAD_PARAMETERS);
    }
}

static void agreement(void **state)
{
    static const struct {
        uint32_t bits;
        const char *group;
        size_t len;
    } curves[] = {{256, "P-256", 32}, {384, "P-384", 48}, {521, "P-521", 66}};
    static const uint32_t TYPES[] = {KM_CRYPTO_KEY_ECDH_KEYPAIR, KM_CRYPTO_KEY_EC_DUAL_KEYPAIR};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(curves) * 2; i++) {
        size_t len = curves[i / 2].len;
        uint32_t id = rig_made(&s, TYPES[i % 2], curves[i / 2].bits);
        EVP_PKEY *mine = public_of(id);
        EVP_PKEY *peer = EVP_EC_gen(curves[i / 2].group);
        uint8_t point[KM_CRYPTO_POINT_MAX] = {0};
        size_t point_len = 0;
        uint8_t expected[66] = {0};
        uint8_t shared[66] = {0};
        size_t expected_len = sizeof(expected);
        assert_int_equal(EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                         sizeof(point), &point_len),
                         1);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(peer, NULL);
        assert_true(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, mine) == 1);
        assert_int_equal(EVP_PKEY_derive(ctx, expected, &expected_len), 1);
        struct km_lane_param p[4] = {P_VI(id, 0), P_MI(point, point_len), P_MO(shared, len),
                                     P_NONE};
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_SUCCESS);
        assert_int_equal(p[2].size, len);
        assert_memory_equal(shared, expected, len);
        point[point_len - 1] ^= 1;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_ERROR_BAD_FORMAT);
        assert_int_equal(p[2].size, 0);
        p[2].size = len;
        memset(point + 1, 0, point_len - 1);
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_ERROR_BAD_FORMAT);
        p[1].size = 1;
        p[2].size = len;
        assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_ERROR_BAD_FORMAT);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(mine);
    }
}

/* RFC 5869, cases 1 and 3. */
static void hkdf(void **state)
{
    static const struct {
        const char *salt, *info, *okm;
    } rows[] = {
        {"000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"", "",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    uint8_t ikm[22];
    (void)state;
    memset(ikm, 0x0b, sizeof(ikm));
    uint32_t open = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(ikm, 22),
                            KM_CRYPTO_ATTR_EXPORT_AS_PLAIN);
    uint32_t shut = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(ikm, 22), 0);
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_GENERIC_SECRET, 42 * 8);
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t salt[32] = {0};
        uint8_t info[32] = {0};
        uint8_t expected[64] = {0};
        uint8_t wire[128] = {0};
        uint8_t out[64] = {0};
        size_t len = sizeof(out);
        size_t wire_len = 0;
        uint32_t id = 0;
        rig_unhex(rows[i].okm, expected);
        struct km_crypto_hkdf with = {KM_SLICE(salt, rig_unhex(rows[i].salt, salt)),
                                      KM_SLICE(info, rig_unhex(rows[i].info, info))};
        assert_true(km_crypto_hkdf_put(&with, KM_SPAN(wire, sizeof(wire)), &wire_len));
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, &wish, open, KM_CRYPTO_HKDF_SHA256,
                                       KM_SLICE(wire, wire_len), &id),
                         TEE_SUCCESS);
        assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len), TEE_SUCCESS);
        assert_int_equal(len, 42);
        assert_memory_equal(out, expected, 42);
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, &wish, shut, KM_CRYPTO_HKDF_SHA256,
                                       KM_SLICE(wire, wire_len), &id),
                         KM_CRYPTO_E_NOT_EXPORTABLE);
        struct km_crypto_template hidden = rig_wish(KM_CRYPTO_KEY_AES, 256);
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, &hidden, shut,
                                       KM_CRYPTO_HKDF_SHA512, KM_SLICE(wire, wire_len), &id),
                         TEE_SUCCESS);
        len = sizeof(out);
        assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len),
                         KM_CRYPTO_E_NOT_EXPORTABLE);
    }
}

/*
 * An output of HKDF begins like every longer one: with keys of 8, 16, 24, ... bits each octet could be found by 256 trials.
 * A secret that stays inside gives nothing that short, whatever it is to be; an exportable one hides nothing anyway.
 */
static void nothing_short_is_derived(void **state)
{
    static const uint32_t TYPES[] = {KM_CRYPTO_KEY_GENERIC_SECRET, KM_CRYPTO_KEY_HMAC};
    static const uint8_t NO_SALT_NO_INFO[8] = {0};
    uint8_t ikm[32] = {1, 2, 3};
    uint32_t shut = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(ikm, 32), 0);
    uint32_t open = rig_raw(&s, KM_CRYPTO_KEY_GENERIC_SECRET, KM_SLICE(ikm, 32),
                            KM_CRYPTO_ATTR_EXPORT_AS_PLAIN);
    (void)state;
    for (size_t t = 0; t < KM_ARRAY_LEN(TYPES); t++) {
        for (uint32_t bits = t == 0 ? 8 : 64; bits <= 256; bits += 8) {
            struct km_crypto_template wish = rig_wish(TYPES[t], bits);
            uint32_t id = 0;
            assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, &wish, shut,
                                           KM_CRYPTO_HKDF_SHA256, KM_SLICE(NO_SALT_NO_INFO, 8),
                                           &id),
                             bits < 128 ? TEE_ERROR_NOT_SUPPORTED : TEE_SUCCESS);
            assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_DERIVE, &wish, open,
                                           KM_CRYPTO_HKDF_SHA256, KM_SLICE(NO_SALT_NO_INFO, 8),
                                           &id),
                             TEE_SUCCESS);
        }
    }
}

/* A key agreed inside is the one that AGREE_RAW tells. */
static void agreed_key(void **state)
{
    uint32_t a = rig_made(&s, KM_CRYPTO_KEY_ECDH_KEYPAIR, 256);
    uint32_t b = rig_made(&s, KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256);
    uint8_t spki[2][128] = {{0}};
    size_t len[2] = {128, 128};
    uint8_t raw[32] = {0};
    uint8_t out[32] = {0};
    size_t out_len = 32;
    uint32_t id = 0;
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_GENERIC_SECRET, 0);
    (void)state;
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PUBLIC, a, 0, spki[0], &len[0]), TEE_SUCCESS);
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PUBLIC, b, 0, spki[1], &len[1]), TEE_SUCCESS);
    struct km_lane_param p[4] = {P_VI(a, 0), P_MI(spki[1] + len[1] - 65, 65), P_MO(raw, 32),
                                 P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_SUCCESS);
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_AGREE, &wish, b, 0,
                                   KM_SLICE(spki[0] + len[0] - 65, 65), &id),
                     TEE_SUCCESS);
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &out_len), TEE_SUCCESS);
    assert_memory_equal(out, raw, 32);
    /* The whole coordinate or nothing. */
    for (wish.bits = 8; wish.bits <= 512; wish.bits += 8)
        assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_AGREE, &wish, b, 0,
                                       KM_SLICE(spki[0] + len[0] - 65, 65), &id),
                         wish.bits == 256 ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
    wish.bits = 0;
    wish.type = KM_CRYPTO_KEY_AES;
    assert_int_equal(rig_with_wish(&s, KM_CRYPTO_CMD_AGREE, &wish, b, 0,
                                   KM_SLICE(spki[0] + len[0] - 65, 65), &id),
                     TEE_ERROR_BAD_PARAMETERS);
}

/* A key does what its family and its usage say, and nothing else. */
static void wrong_family(void **state)
{
    uint32_t ecdh = rig_made(&s, KM_CRYPTO_KEY_ECDH_KEYPAIR, 256);
    uint32_t ecdsa_id = rig_made(&s, KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t aes = rig_made(&s, KM_CRYPTO_KEY_AES, 128);
    uint8_t buf[65] = {4};
    (void)state;
    assert_int_equal(rig_sign(&s, ecdh), TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(rig_sign(&s, aes), TEE_ERROR_NOT_SUPPORTED);
    struct km_lane_param p[4] = {P_VI(ecdsa_id, 0), P_MI(buf, 65), P_MO(buf, 65), P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_ERROR_NOT_SUPPORTED);
    struct km_lane_param m[4] = {P_VI(aes, KM_CRYPTO_HMAC_SHA256), P_MI(buf, 65), P_MO(buf, 65),
                                 P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_MAC, m), TEE_ERROR_NOT_SUPPORTED);
    struct km_lane_param q[4] = {P_VI(KM_CRYPTO_AES_GCM, 256), P_NONE, P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ALGORITHM_SUPPORTED, q), TEE_SUCCESS);
    q[0].b = 512;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ALGORITHM_SUPPORTED, q), TEE_ERROR_NOT_SUPPORTED);
    q[0].a = 0x999;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_ALGORITHM_SUPPORTED, q), TEE_ERROR_NOT_SUPPORTED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(ecdsa),        T(rsa_signatures), T(signatures_in_parts),      T(oaep),
        T(agreement),    T(hkdf),           T(nothing_short_is_derived), T(agreed_key),
        T(wrong_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
