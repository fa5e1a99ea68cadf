/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are made, brought in and given out; and all that must be refused. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tests/unit/crypto_rig.h"

RIG_FIXTURE

static void created(void **state)
{
    static const struct {
        uint32_t type, bits;
        uint32_t result;
        uint32_t usage;
    } rows[] = {
        {KM_CRYPTO_KEY_AES, 128, TEE_SUCCESS, 0x13},
        {KM_CRYPTO_KEY_AES, 192, TEE_SUCCESS, 0x13},
        {KM_CRYPTO_KEY_AES, 256, TEE_SUCCESS, 0x13},
        {KM_CRYPTO_KEY_AES, 129, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_AES, 0, TEE_ERROR_BAD_PARAMETERS, 0},
        {KM_CRYPTO_KEY_HMAC, 64, TEE_SUCCESS, 0x10},
        {KM_CRYPTO_KEY_HMAC, 4096, TEE_SUCCESS, 0x10},
        {KM_CRYPTO_KEY_HMAC, 56, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_HMAC, 4104, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_GENERIC_SECRET, 4096, TEE_SUCCESS, 0x20},
        {KM_CRYPTO_KEY_GENERIC_SECRET, 12, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048, TEE_SUCCESS, 0x0f},
        {KM_CRYPTO_KEY_RSA_KEYPAIR, 1024, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_RSA_KEYPAIR, 8192, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256, TEE_SUCCESS, 0x0c},
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 384, TEE_SUCCESS, 0x0c},
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 521, TEE_SUCCESS, 0x0c},
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 512, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_ECDH_KEYPAIR, 521, TEE_SUCCESS, 0x20},
        {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 384, TEE_SUCCESS, 0x2c},
        {KM_CRYPTO_KEY_ECDSA_PUBLIC, 256, TEE_ERROR_BAD_PARAMETERS, 0},
        {KM_CRYPTO_KEY_RSA_PUBLIC, 2048, TEE_ERROR_BAD_PARAMETERS, 0},
        {KM_CRYPTO_KEY_NONE, 256, TEE_ERROR_BAD_PARAMETERS, 0},
        {KM_CRYPTO_KEY_AES, 512, TEE_SUCCESS, 0x13},
        {KM_CRYPTO_KEY_DES3, 128, TEE_SUCCESS, 0x13},
        {KM_CRYPTO_KEY_DES3, 192, TEE_SUCCESS, 0x13},
        {KM_CRYPTO_KEY_DES3, 64, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_CHACHA20, 256, TEE_SUCCESS, 0x03},
        {KM_CRYPTO_KEY_CHACHA20, 128, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_ECDSA_KEYPAIR, 192, TEE_SUCCESS, 0x0c},
        {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 224, TEE_SUCCESS, 0x2c},
        {KM_CRYPTO_KEY_ED25519_KEYPAIR, 256, TEE_SUCCESS, 0x0c},
        {KM_CRYPTO_KEY_ED25519_KEYPAIR, 255, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_X25519_KEYPAIR, 256, TEE_SUCCESS, 0x20},
        {KM_CRYPTO_KEY_ED448_KEYPAIR, 448, TEE_SUCCESS, 0x0c},
        {KM_CRYPTO_KEY_ED448_KEYPAIR, 256, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_X448_KEYPAIR, 448, TEE_SUCCESS, 0x20},
        {KM_CRYPTO_KEY_X448_KEYPAIR, 456, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_DH_KEYPAIR, 2048, TEE_SUCCESS, 0x20},
        {KM_CRYPTO_KEY_DH_KEYPAIR, 1024, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_DSA_KEYPAIR, 2048, TEE_ERROR_BAD_PARAMETERS, 0},
        {KM_CRYPTO_KEY_DSA_KEYPAIR, 1536, TEE_ERROR_NOT_SUPPORTED, 0},
        {KM_CRYPTO_KEY_X448_KEYPAIR + 1, 256, TEE_ERROR_BAD_PARAMETERS, 0},
        {UINT32_MAX, UINT32_MAX, TEE_ERROR_BAD_PARAMETERS, 0},
    };
    uint8_t ids[KM_ARRAY_LEN(rows)][16] = {{0}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_crypto_template wish = rig_wish(rows[i].type, rows[i].bits);
        struct km_crypto_info info = {0};
        uint32_t id = 0;
        assert_int_equal(rig_create(&s, &wish, &id), rows[i].result);
        if (rows[i].result != TEE_SUCCESS)
            continue;
        assert_int_equal(rig_info(&s, id, &info), TEE_SUCCESS);
        assert_true(info.type == rows[i].type && info.bits == rows[i].bits);
        assert_true(info.usage == rows[i].usage && info.owner_uid == 1000 && info.flags == 0);
        km_copy(ids[i], 16, info.id, 16);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(ids[k], ids[i], 16);
    }
}

static void attributes_of_a_template(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
    uint8_t bytes[KM_CRYPTO_TEMPLATE_WIRE_MAX + 1] = {0};
    size_t len = 0;
    uint32_t id = 0;
    (void)state;
    wish.attributes = 0x10;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_ERROR_BAD_PARAMETERS);
    /* Copies of a wrapped key would each have a count of their own. */
    wish.attributes = KM_CRYPTO_ATTR_WRAPPABLE;
    wish.max_uses = 1;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_ERROR_BAD_PARAMETERS);
    wish.max_uses = 0;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    /* What wraps keys does not decrypt data. */
    wish.usage = KM_CRYPTO_USAGE_UNWRAP | KM_CRYPTO_USAGE_DECRYPT;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_ERROR_BAD_PARAMETERS);
    wish.usage = KM_CRYPTO_USAGE_UNWRAP | KM_CRYPTO_USAGE_WRAP;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    wish.attributes = 0;
    wish.usage = KM_CRYPTO_USAGE_SIGN;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_ERROR_BAD_PARAMETERS);
    wish.usage = 0;
    assert_true(km_crypto_template_put(&wish, KM_SPAN(bytes, sizeof(bytes)), &len));
    struct km_lane_param p[4] = {P_MI(bytes, len + 1), P_VO, P_NONE, P_NONE};
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CREATE_KEY, p), TEE_ERROR_BAD_FORMAT);
    p[0].size = len - 1;
    assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_CREATE_KEY, p), TEE_ERROR_BAD_FORMAT);
}

/* ---- bringing in, giving out ---- */

static EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *pkey = strcmp(kind, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(kind);
    assert_non_null(pkey);
    return pkey;
}

static size_t pkcs8_of(const EVP_PKEY *pkey, uint8_t out[4096])
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    unsigned char *at = out;
    int len = i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    PKCS8_PRIV_KEY_INFO_free(info);
    assert_true(len > 0 && len <= 4096);
    return (size_t)len;
}

static const struct {
    const char *kind;
    uint32_t pair, public_type;
} KINDS[] = {
    {"P-256", KM_CRYPTO_KEY_ECDSA_KEYPAIR, KM_CRYPTO_KEY_ECDSA_PUBLIC},
    {"P-384", KM_CRYPTO_KEY_ECDH_KEYPAIR, KM_CRYPTO_KEY_ECDH_PUBLIC},
    {"P-521", KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, KM_CRYPTO_KEY_EC_DUAL_PUBLIC},
    {"RSA", KM_CRYPTO_KEY_RSA_KEYPAIR, KM_CRYPTO_KEY_RSA_PUBLIC},
};

static void der_in_and_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(KINDS); i++) {
        EVP_PKEY *pkey = make_key(KINDS[i].kind);
        uint8_t pkcs8[4096] = {0};
        uint8_t bare[4096] = {0};
        uint8_t spki[4096] = {0};
        uint8_t out[4096] = {0};
        unsigned char *at = bare;
        size_t pkcs8_len = pkcs8_of(pkey, pkcs8);
        size_t bare_len = (size_t)i2d_PrivateKey(pkey, &at);
        at = spki;
        size_t spki_len = (size_t)i2d_PUBKEY(pkey, &at);
        struct km_slice forms[] = {KM_SLICE(pkcs8, pkcs8_len), KM_SLICE(bare, bare_len)};
        struct km_crypto_template wish = rig_wish(KINDS[i].pair, 0);
        uint32_t id = 0;
        wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
        for (size_t f = 0; f < 2; f++) {
            size_t len = sizeof(out);
            assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, forms[f], &id), TEE_SUCCESS);
            assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len),
                             TEE_SUCCESS);
            assert_true(km_slice_equal(KM_SLICE(out, len), forms[0]));
            len = sizeof(out);
            assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, out, &len),
                             TEE_SUCCESS);
            assert_true(km_slice_equal(KM_SLICE(out, len), KM_SLICE(spki, spki_len)));
            len = spki_len - 1;
            assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, out, &len),
                             TEE_ERROR_SHORT_BUFFER);
            assert_int_equal(len, spki_len);
        }
        /* Private DER is no public key, public DER no pair, and a wrong size is noticed. */
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(spki, spki_len), &id),
                         TEE_ERROR_BAD_FORMAT);
        wish.bits = i == 3 ? 3072 : i == 0 ? 384 : 256;
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, forms[0], &id),
                         TEE_ERROR_BAD_FORMAT);
        wish = rig_wish(KINDS[i].public_type, 0);
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, forms[0], &id),
                         TEE_ERROR_BAD_FORMAT);
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(spki, spki_len), &id),
                         TEE_SUCCESS);
        wish.type = i == 3 ? KM_CRYPTO_KEY_ECDSA_PUBLIC : KM_CRYPTO_KEY_RSA_PUBLIC;
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(spki, spki_len), &id),
                         TEE_ERROR_BAD_FORMAT);
        EVP_PKEY_free(pkey);
    }
}

/* No octet of a key can be changed into another key's without the parts falling apart. */
static void parts_that_do_not_belong(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(KINDS); i++) {
        EVP_PKEY *pkey = make_key(KINDS[i].kind);
        uint8_t der[4096] = {0};
        size_t len = pkcs8_of(pkey, der);
        struct km_crypto_template wish = rig_wish(KINDS[i].pair, 0);
        /* RSA: a check costs a while, so every 41st octet stands for all. */
        for (size_t at = 0; at < len; at += i == 3 ? 41 : 1) {
            uint32_t id = 0;
            der[at] ^= 0x04;
            uint32_t result = rig_import(&s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(der, len), &id);
            assert_true(result == TEE_ERROR_BAD_FORMAT || result == TEE_ERROR_NOT_SUPPORTED);
            der[at] ^= 0x04;
        }
        EVP_PKEY_free(pkey);
    }
}

/* Public keys that are none: a coordinate beyond the field, a point off the curve, exponents that can't be. */
static void public_keys_that_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *pkey = make_key(KINDS[i].kind);
        uint8_t spki[256] = {0};
        unsigned char *end = spki;
        size_t len = (size_t)i2d_PUBKEY(pkey, &end);
        size_t width = i == 0 ? 32 : i == 1 ? 48 : 66;
        struct km_crypto_template wish = rig_wish(KINDS[i].public_type, 0);
        struct km_crypto_template pair = rig_wish(KM_CRYPTO_KEY_ECDH_KEYPAIR, i == 0   ? 256
                                                                              : i == 1 ? 384
                                                                                       : 521);
        uint32_t id = 0;
        uint32_t own = 0;
        assert_int_equal(rig_create(&s, &pair, &own), TEE_SUCCESS);
        for (size_t at = len - 2 * width; at < len; at += width) {
            static const uint8_t MASKS[] = {0x80, 0x02, 0xff};
            for (size_t m = 0; m < KM_ARRAY_LEN(MASKS); m++) {
                uint8_t shared[66] = {0};
                spki[at] ^= MASKS[m];
                assert_int_equal(
                    rig_import(&s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(spki, len), &id),
                    TEE_ERROR_BAD_FORMAT);
                struct km_lane_param p[4] = {P_VI(own, 0),
                                             P_MI(spki + len - 2 * width - 1, 1 + 2 * width),
                                             P_MO(shared, sizeof(shared)), P_NONE};
                assert_int_equal(rig_call(&s, KM_CRYPTO_CMD_AGREE_RAW, p), TEE_ERROR_BAD_FORMAT);
                spki[at] ^= MASKS[m];
            }
        }
        memset(spki + len - 2 * width, 0xff, 2 * width);
        assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, KM_SLICE(spki, len), &id),
                         TEE_ERROR_BAD_FORMAT);
        EVP_PKEY_free(pkey);
    }
}

static uint32_t import_attrs(const struct km_crypto_template *wish,
                             const struct km_crypto_attrs *attrs, uint32_t *ret_id)
{
    uint8_t bytes[4096] = {0};
    size_t len = 0;
    assert_true(km_crypto_attrs_put(attrs, KM_SPAN(bytes, sizeof(bytes)), &len));
    return rig_import(&s, wish, KM_CRYPTO_FORM_ATTRIBUTES, KM_SLICE(bytes, len), ret_id);
}

static void rsa_exponents(void **state)
{
    static const struct {
        struct km_slice e;
        uint32_t result;
    } rows[] = {
        {OCTETS("\1\0\1"), TEE_SUCCESS},      {OCTETS("\3"), TEE_SUCCESS},
        {OCTETS("\1"), TEE_ERROR_BAD_FORMAT}, {OCTETS("\0\1"), TEE_ERROR_BAD_FORMAT},
        {OCTETS("\2"), TEE_ERROR_BAD_FORMAT}, {OCTETS("\0"), TEE_ERROR_BAD_FORMAT},
        {OCTETS(""), TEE_ERROR_BAD_FORMAT},
    };
    EVP_PKEY *pkey = make_key("RSA");
    BIGNUM *n = NULL;
    uint8_t modulus[256] = {0};
    (void)state;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_bn2bin(n, modulus), 256);
    for (size_t i = 0; i <= KM_ARRAY_LEN(rows); i++) {
        struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_RSA_PUBLIC, 0);
        bool is_even = i == KM_ARRAY_LEN(rows);
        uint32_t id = 0;
        modulus[255] = is_even ? 0 : modulus[255];
        struct km_crypto_attrs attrs = {
            .count = 2,
            .at = {{KM_CRYPTO_RSA_MODULUS, KM_SLICE(modulus, 256)},
                   {KM_CRYPTO_RSA_PUBLIC_EXPONENT, rows[is_even ? 0 : i].e}}};
        assert_int_equal(import_attrs(&wish, &attrs, &id),
                         is_even ? TEE_ERROR_BAD_FORMAT : rows[i].result);
    }
    BN_free(n);
    EVP_PKEY_free(pkey);
}

/* SEC 2 gives the generator as the public value of 1. */
static void public_value_is_computed(void **state)
{
    static const uint8_t GX[32] = {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
                                   0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
                                   0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96};
    static const uint8_t ORDER[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const uint8_t ZERO[32] = {0};
    struct km_crypto_attrs attrs = {.count = 2,
                                    .at = {{KM_CRYPTO_ECC_CURVE, OCTETS("\0\1\0\0")},
                                           {KM_CRYPTO_ECC_PRIVATE_VALUE, OCTETS("\1")}}};
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 0);
    uint8_t x[32] = {0};
    size_t len = sizeof(x);
    uint32_t id = 0;
    (void)state;
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_SUCCESS);
    assert_int_equal(
        rig_out(&s, KM_CRYPTO_CMD_GET_ATTRIBUTE, id, KM_CRYPTO_ECC_PUBLIC_VALUE_X, x, &len),
        TEE_SUCCESS);
    assert_memory_equal(x, GX, 32);
    assert_int_equal(rig_sign(&s, id), TEE_SUCCESS);
    attrs.at[1].value = KM_SLICE(ORDER, 32);
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_ERROR_BAD_FORMAT);
    attrs.at[1].value = KM_SLICE(ZERO, 32);
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_ERROR_BAD_FORMAT);
    attrs.at[1].value = KM_SLICE(ZERO, 0);
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_ERROR_BAD_FORMAT);
    /* Without a curve the wish names it. */
    attrs =
        (struct km_crypto_attrs){.count = 1, .at = {{KM_CRYPTO_ECC_PRIVATE_VALUE, OCTETS("\1")}}};
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_ERROR_NOT_SUPPORTED);
    wish.bits = 521;
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_SUCCESS);
    wish = rig_wish(KM_CRYPTO_KEY_RSA_PUBLIC, 0);
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_ERROR_BAD_FORMAT);
    wish = rig_wish(KM_CRYPTO_KEY_AES, 0);
    assert_int_equal(import_attrs(&wish, &attrs, &id), TEE_ERROR_BAD_FORMAT);
}

static void raw_octets(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 0);
    uint8_t out[64] = {0};
    size_t len = sizeof(out);
    uint32_t id = 0;
    (void)state;
    wish.attributes = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN;
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, OCTETS_OF("sixteen octets!!"), &id),
                     TEE_SUCCESS);
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len), TEE_SUCCESS);
    assert_true(km_slice_equal(KM_SLICE(out, len), OCTETS_OF("sixteen octets!!")));
    len = sizeof(out);
    assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PUBLIC, id, 0, out, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, OCTETS_OF("fifteen octets!"), &id),
                     TEE_ERROR_NOT_SUPPORTED);
    wish.bits = 256;
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_RAW, OCTETS_OF("sixteen octets!!"), &id),
                     TEE_ERROR_BAD_FORMAT);
    assert_int_equal(rig_import(&s, &wish, KM_CRYPTO_FORM_DER, OCTETS_OF("sixteen octets!!"), &id),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(rig_import(&s, &wish, 4, OCTETS_OF("sixteen octets!!"), &id),
                     TEE_ERROR_BAD_PARAMETERS);
}

/* ---- what is not given out ---- */

static void not_exportable(void **state)
{
    static const uint32_t TYPES[][2] = {{KM_CRYPTO_KEY_AES, 256},
                                        {KM_CRYPTO_KEY_HMAC, 256},
                                        {KM_CRYPTO_KEY_GENERIC_SECRET, 256},
                                        {KM_CRYPTO_KEY_RSA_KEYPAIR, 2048},
                                        {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES); i++) {
        struct km_crypto_template wish = rig_wish(TYPES[i][0], TYPES[i][1]);
        uint8_t out[4096] = {0};
        uint32_t id = 0;
        unsigned n_refused = 0;
        assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
        for (size_t room = 0; room <= sizeof(out); room += 1024) {
            size_t len = room;
            assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len),
                             KM_CRYPTO_E_NOT_EXPORTABLE);
            assert_int_equal(len, 0);
        }
        for (uint32_t attribute = 0; attribute < 20; attribute++) {
            size_t len = sizeof(out);
            uint32_t result = rig_out(&s, KM_CRYPTO_CMD_GET_ATTRIBUTE, id, attribute, out, &len);
            bool is_public =
                attribute == 1 || attribute == 2 || (attribute >= 9 && attribute <= 11);
            assert_true(is_public || result == KM_CRYPTO_E_NOT_EXPORTABLE ||
                        result == TEE_ERROR_ITEM_NOT_FOUND);
            n_refused += result == KM_CRYPTO_E_NOT_EXPORTABLE;
        }
        assert_int_equal(n_refused, TYPES[i][0] == KM_CRYPTO_KEY_RSA_KEYPAIR ? 6 : 1);
    }
}

/* ---- ids ---- */

static void ids(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_AES, 128);
    uint32_t all[KM_CRYPTO_KEYS_MAX] = {0};
    uint32_t id = 0;
    struct rig_session other = {0};
    struct km_crypto_info info = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        assert_int_equal(rig_create(&s, &wish, &all[i]), TEE_SUCCESS);
    assert_int_equal(rig_create(&s, &wish, &id), KM_CRYPTO_E_TOO_LARGE);
    rig_open(&other, 1000, false);
    assert_int_equal(rig_info(&other, all[0], &info), KM_CRYPTO_E_STALE_ID);
    rig_close(&other);
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t again = 0;
        assert_int_equal(rig_free_key(&s, all[7]), TEE_SUCCESS);
        assert_int_equal(rig_free_key(&s, all[7]), KM_CRYPTO_E_STALE_ID);
        assert_int_equal(rig_create(&s, &wish, &again), TEE_SUCCESS);
        assert_int_not_equal(again, all[7]);
        assert_int_equal(rig_info(&s, all[7], &info), KM_CRYPTO_E_STALE_ID);
        all[7] = again;
    }
    assert_int_equal(rig_info(&s, 0, &info), KM_CRYPTO_E_STALE_ID);
    assert_int_equal(rig_info(&s, UINT32_MAX, &info), KM_CRYPTO_E_STALE_ID);
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        assert_int_equal(rig_free_key(&s, all[i]), TEE_SUCCESS);
}

/* One record at the first use in a session, or one at each. */
static void audited(void **state)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
    uint32_t id = 0;
    (void)state;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    assert_string_equal(rig_host.last_audit, "create");
    unsigned n = rig_host.n_audited;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(rig_sign(&s, id), TEE_SUCCESS);
    assert_int_equal(rig_host.n_audited, n + 1);
    assert_string_equal(rig_host.last_audit, "sign");
    wish.attributes = KM_CRYPTO_ATTR_AUDIT_EACH_USE;
    assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
    n = rig_host.n_audited;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(rig_sign(&s, id), TEE_SUCCESS);
    assert_int_equal(rig_host.n_audited, n + 3);
}

/* Each way to the private octets leaves a record, each refusal too; what is public leaves none. */
static void exports_are_audited(void **state)
{
    static const uint32_t TYPES[][3] = {
        {KM_CRYPTO_KEY_AES, 128, KM_CRYPTO_SECRET_VALUE},
        {KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256, KM_CRYPTO_ECC_PRIVATE_VALUE}};
    (void)state;
    for (size_t i = 0; i < 2 * KM_ARRAY_LEN(TYPES); i++) {
        const uint32_t *row = TYPES[i / 2];
        struct km_crypto_template wish = rig_wish(row[0], row[1]);
        const char *wanted = i % 2 == 0 ? "export" : "denied";
        uint32_t result = i % 2 == 0 ? TEE_SUCCESS : KM_CRYPTO_E_NOT_EXPORTABLE;
        uint8_t out[512] = {0};
        size_t len = sizeof(out);
        uint32_t id = 0;
        wish.attributes = i % 2 == 0 ? KM_CRYPTO_ATTR_EXPORT_AS_PLAIN : 0;
        assert_int_equal(rig_create(&s, &wish, &id), TEE_SUCCESS);
        unsigned n = rig_host.n_audited;
        for (unsigned k = 1; k <= 2; k++) {
            len = sizeof(out);
            assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_GET_ATTRIBUTE, id, row[2], out, &len),
                             result);
            assert_int_equal(rig_host.n_audited, n + k);
            assert_string_equal(rig_host.last_audit, wanted);
        }
        len = sizeof(out);
        assert_int_equal(rig_out(&s, KM_CRYPTO_CMD_EXPORT_PRIVATE, id, 0, out, &len), result);
        assert_int_equal(rig_host.n_audited, n + 3);
        assert_string_equal(rig_host.last_audit, wanted);
        len = sizeof(out);
        (void)rig_out(&s, KM_CRYPTO_CMD_GET_ATTRIBUTE, id, KM_CRYPTO_ECC_PUBLIC_VALUE_X, out, &len);
        assert_int_equal(rig_host.n_audited, n + 3);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(created),
        T(attributes_of_a_template),
        T(der_in_and_out),
        T(raw_octets),
        T(parts_that_do_not_belong),
        T(public_value_is_computed),
        T(not_exportable),
        T(public_keys_that_are_none),
        T(rsa_exponents),
        T(ids),
        T(audited),
        T(exports_are_audited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
