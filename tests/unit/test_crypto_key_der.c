/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in DER against what libcrypto writes, and the forms that must be refused. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "ta/crypto/key_der.h"
#include "tests/unit/km_test.h"

/* DSA's parameters take libcrypto a while, so they are made once. */
static EVP_PKEY *in_group(const char *kind)
{
    static EVP_PKEY *dsa_params;
    EVP_PKEY *pkey = NULL;
    bool is_dh = strcmp(kind, "DH") == 0;
    if (!is_dh && dsa_params == NULL) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
        assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024), 1);
        assert_int_equal(EVP_PKEY_paramgen(ctx, &dsa_params), 1);
        EVP_PKEY_CTX_free(ctx);
    }
    EVP_PKEY_CTX *ctx = is_dh ? EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL)
                              : EVP_PKEY_CTX_new_from_pkey(NULL, dsa_params, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    if (is_dh)
        assert_int_equal(EVP_PKEY_CTX_set_dh_nid(ctx, NID_ffdhe2048), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *pkey = NULL;
    if (strcmp(kind, "RSA") == 0)
        pkey = EVP_RSA_gen(2048);
    else if (strcmp(kind, "DH") == 0 || strcmp(kind, "DSA") == 0)
        pkey = in_group(kind);
    else if (strstr(kind, "25519") != NULL || strstr(kind, "448") != NULL)
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    else
        pkey = EVP_EC_gen(kind);
    assert_non_null(pkey);
    return pkey;
}

static struct km_slice take(unsigned char *der, int len)
{
    assert_true(der != NULL && len > 0);
    return KM_SLICE(der, (size_t)len);
}

static struct km_slice spki_of(const EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    return take(der, len);
}

static struct km_slice pkcs8_of(const EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    return take(der, len);
}

static struct km_slice bare_of(const EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    int len = i2d_PrivateKey(pkey, &der);
    return take(der, len);
}

static void drop(struct km_slice der)
{
    OPENSSL_free((void *)(uintptr_t)der.ptr);
}

/* The attribute is the number that libcrypto has, whatever zeros stand before it. */
static void check_number(const struct km_der_key *key, uint32_t attribute, const EVP_PKEY *pkey,
                         const char *param)
{
    struct km_slice value = {0};
    BIGNUM *number = NULL;
    uint8_t expected[512] = {0};
    assert_true(km_attr_find(&key->attrs, attribute, &value));
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &number), 1);
    assert_true(value.len <= sizeof(expected));
    assert_true(BN_bn2binpad(number, expected, (int)value.len) > 0);
    assert_memory_equal(value.ptr, expected, value.len);
    BN_clear_free(number);
}

static void check_ec(const struct km_der_key *key, const EVP_PKEY *pkey, bool is_private)
{
    assert_int_equal(key->kind, KM_DER_KEY_EC);
    assert_int_equal(km_attr_curve(&key->attrs), EVP_PKEY_get_bits(pkey));
    check_number(key, KM_CRYPTO_ECC_PUBLIC_VALUE_X, pkey, OSSL_PKEY_PARAM_EC_PUB_X);
    check_number(key, KM_CRYPTO_ECC_PUBLIC_VALUE_Y, pkey, OSSL_PKEY_PARAM_EC_PUB_Y);
    if (is_private)
        check_number(key, KM_CRYPTO_ECC_PRIVATE_VALUE, pkey, OSSL_PKEY_PARAM_PRIV_KEY);
}

static void check_rsa(const struct km_der_key *key, const EVP_PKEY *pkey, bool is_private)
{
    static const char *const PARAMS[] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    assert_int_equal(key->kind, KM_DER_KEY_RSA);
    assert_int_equal(key->attrs.count, is_private ? 8 : 2);
    for (uint32_t i = 0; i < key->attrs.count; i++)
        check_number(key, KM_CRYPTO_RSA_MODULUS + i, pkey, PARAMS[i]);
}

/* What libcrypto writes, as numbers and octets. */
static void check_more(const struct km_der_key *key, const EVP_PKEY *pkey, bool is_private)
{
    struct km_slice value = {0};
    uint8_t raw[57] = {0};
    size_t len = sizeof(raw);
    switch (key->kind) {
    case KM_DER_KEY_DSA:
        check_number(key, KM_CRYPTO_DSA_PRIME, pkey, OSSL_PKEY_PARAM_FFC_P);
        check_number(key, KM_CRYPTO_DSA_SUBPRIME, pkey, OSSL_PKEY_PARAM_FFC_Q);
        check_number(key, KM_CRYPTO_DSA_BASE, pkey, OSSL_PKEY_PARAM_FFC_G);
        check_number(key, is_private ? KM_CRYPTO_DSA_PRIVATE_VALUE : KM_CRYPTO_DSA_PUBLIC_VALUE,
                     pkey, is_private ? OSSL_PKEY_PARAM_PRIV_KEY : OSSL_PKEY_PARAM_PUB_KEY);
        break;
    case KM_DER_KEY_DH:
        check_number(key, KM_CRYPTO_DH_PRIME, pkey, OSSL_PKEY_PARAM_FFC_P);
        check_number(key, KM_CRYPTO_DH_BASE, pkey, OSSL_PKEY_PARAM_FFC_G);
        check_number(key, is_private ? KM_CRYPTO_DH_PRIVATE_VALUE : KM_CRYPTO_DH_PUBLIC_VALUE, pkey,
                     is_private ? OSSL_PKEY_PARAM_PRIV_KEY : OSSL_PKEY_PARAM_PUB_KEY);
        break;
    default:
        assert_int_equal(is_private ? EVP_PKEY_get_raw_private_key(pkey, raw, &len)
                                    : EVP_PKEY_get_raw_public_key(pkey, raw, &len),
                         1);
        static const struct {
            const char *name;
            uint32_t public_value;
        } RAWS[] = {{"ED25519", KM_CRYPTO_ED25519_PUBLIC_VALUE},
                    {"X25519", KM_CRYPTO_X25519_PUBLIC_VALUE},
                    {"ED448", KM_CRYPTO_ED448_PUBLIC_VALUE},
                    {"X448", KM_CRYPTO_X448_PUBLIC_VALUE}};
        uint32_t first = 0;
        for (size_t i = 0; i < KM_ARRAY_LEN(RAWS); i++)
            first = EVP_PKEY_is_a(pkey, RAWS[i].name) ? RAWS[i].public_value : first;
        assert_true(km_attr_find(&key->attrs, first + (is_private ? 1u : 0u), &value));
        assert_true(km_slice_equal(value, KM_SLICE(raw, len)));
        break;
    }
}

static const char *const KINDS[] = {"P-256", "P-384",   "P-521",  "RSA",   "P-192", "P-224",
                                    "DSA",   "ED25519", "X25519", "ED448", "X448"};

static void as_libcrypto_writes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(KINDS); i++) {
        EVP_PKEY *pkey = make_key(KINDS[i]);
        bool is_rsa = i == 3;
        struct km_slice forms[] = {spki_of(pkey), pkcs8_of(pkey),
                                   i < 6 ? bare_of(pkey) : pkcs8_of(pkey)};
        for (size_t f = 0; f < KM_ARRAY_LEN(forms); f++) {
            struct km_der_key key = {0};
            assert_true(f == 0 ? km_der_key_spki(forms[f], &key)
                               : km_der_key_private(forms[f], 0, &key));
            if (is_rsa)
                check_rsa(&key, pkey, f != 0);
            else if (key.kind == KM_DER_KEY_EC)
                check_ec(&key, pkey, f != 0);
            else
                check_more(&key, pkey, f != 0);
            uint8_t out[KM_CRYPTO_DER_KEY_MAX] = {0};
            size_t len = 0;
            if (f == 0) {
                assert_true(km_der_key_put_spki(&key.attrs, KM_SPAN(out, sizeof(out)), &len));
                assert_true(km_slice_equal(KM_SLICE(out, len), forms[0]));
            } else {
                assert_true(km_der_key_put_pkcs8(&key.attrs, KM_SPAN(out, sizeof(out)), &len));
                assert_true(km_slice_equal(KM_SLICE(out, len), forms[1]));
            }
        }
        for (size_t f = 0; f < KM_ARRAY_LEN(forms); f++)
            drop(forms[f]);
        EVP_PKEY_free(pkey);
    }
}

/* Neither a shorter nor a longer DER is a key, nor is one read as the other kind. */
static void cut_and_trailing(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(KINDS); i++) {
        EVP_PKEY *pkey = make_key(KINDS[i]);
        struct km_slice forms[] = {spki_of(pkey), pkcs8_of(pkey),
                                   i < 6 ? bare_of(pkey) : pkcs8_of(pkey)};
        struct km_der_key key = {0};
        for (size_t f = 0; f < KM_ARRAY_LEN(forms); f++) {
            uint8_t longer[4096] = {0};
            for (size_t cut = 0; cut < forms[f].len; cut++) {
                assert_false(km_der_key_spki(KM_SLICE(forms[f].ptr, cut), &key));
                assert_false(km_der_key_private(KM_SLICE(forms[f].ptr, cut), 0, &key));
            }
            km_copy(longer, sizeof(longer), forms[f].ptr, forms[f].len);
            assert_false(km_der_key_spki(KM_SLICE(longer, forms[f].len + 1), &key));
            assert_false(km_der_key_private(KM_SLICE(longer, forms[f].len + 1), 0, &key));
            assert_int_equal(km_der_key_spki(forms[f], &key), f == 0);
            assert_int_equal(km_der_key_private(forms[f], 0, &key), f != 0);
            drop(forms[f]);
        }
        EVP_PKEY_free(pkey);
    }
}

/* SEC 1 may leave out the curve and the point, and a scalar's leading zeros. */
static void bare_sec1(void **state)
{
    static const uint8_t DER[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x04, 0x01, 0x05};
    static const uint8_t WRONG_VERSION[] = {0x30, 0x06, 0x02, 0x01, 0x00, 0x04, 0x01, 0x05};
    struct km_der_key key = {0};
    struct km_slice value = {0};
    (void)state;
    assert_false(km_der_key_private(KM_SLICE(DER, sizeof(DER)), 0, &key));
    assert_false(km_der_key_private(KM_SLICE(DER, sizeof(DER)), 255, &key));
    assert_false(km_der_key_private(KM_SLICE(WRONG_VERSION, sizeof(WRONG_VERSION)), 256, &key));
    assert_true(km_der_key_private(KM_SLICE(DER, sizeof(DER)), 256, &key));
    assert_int_equal(km_attr_curve(&key.attrs), 256);
    assert_true(km_attr_find(&key.attrs, KM_CRYPTO_ECC_PRIVATE_VALUE, &value));
    assert_true(value.len == 1 && value.ptr[0] == 5);
    assert_false(km_attr_find(&key.attrs, KM_CRYPTO_ECC_PUBLIC_VALUE_X, &value));
}

/* Other curves, compressed points and other algorithms are refused. */
static void other_kinds(void **state)
{
    struct km_der_key key = {0};
    (void)state;
    static const char *const OTHERS[] = {"secp256k1", "brainpoolP256r1", "secp160r1"};
    for (size_t i = 0; i < KM_ARRAY_LEN(OTHERS); i++) {
        EVP_PKEY *pkey = make_key(OTHERS[i]);
        struct km_slice spki = spki_of(pkey);
        struct km_slice bare = bare_of(pkey);
        assert_false(km_der_key_spki(spki, &key));
        assert_false(km_der_key_private(bare, 0, &key));
        drop(spki);
        drop(bare);
        EVP_PKEY_free(pkey);
    }
    EVP_PKEY *ed = make_key("ED448");
    EVP_PKEY *ec = make_key("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(ec, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                    "compressed"),
                     1);
    struct km_slice forms[] = {spki_of(ed), spki_of(ec)};
    uint8_t other[128] = {0};
    assert_true(km_der_key_spki(forms[0], &key));
    km_copy(other, sizeof(other), forms[0].ptr, forms[0].len);
    other[8] = 0x72; /* the number after Ed448's, which no curve has */
    assert_false(km_der_key_spki(KM_SLICE(other, forms[0].len), &key));
    assert_false(km_der_key_spki(forms[1], &key));
    drop(forms[0]);
    drop(forms[1]);
    EVP_PKEY_free(ed);
    EVP_PKEY_free(ec);
}

/* A private value of DH says how long it is as well, which is read over: so its own form is not what is printed. */
static void diffie_hellman(void **state)
{
    (void)state;
    EVP_PKEY *pkey = make_key("DH");
    struct km_slice forms[] = {spki_of(pkey), pkcs8_of(pkey)};
    for (size_t f = 0; f < KM_ARRAY_LEN(forms); f++) {
        struct km_der_key key = {0};
        struct km_der_key again = {0};
        uint8_t out[KM_CRYPTO_DER_KEY_MAX] = {0};
        size_t len = 0;
        assert_true(f == 0 ? km_der_key_spki(forms[f], &key)
                           : km_der_key_private(forms[f], 0, &key));
        assert_int_equal(key.kind, KM_DER_KEY_DH);
        check_more(&key, pkey, f != 0);
        for (size_t cut = 0; cut < forms[f].len; cut++) {
            assert_false(km_der_key_spki(KM_SLICE(forms[f].ptr, cut), &again));
            assert_false(km_der_key_private(KM_SLICE(forms[f].ptr, cut), 0, &again));
        }
        assert_true(f == 0 ? km_der_key_put_spki(&key.attrs, KM_SPAN(out, sizeof(out)), &len)
                           : km_der_key_put_pkcs8(&key.attrs, KM_SPAN(out, sizeof(out)), &len));
        assert_true(f == 0 ? km_der_key_spki(KM_SLICE(out, len), &again)
                           : km_der_key_private(KM_SLICE(out, len), 0, &again));
        assert_int_equal(again.attrs.count, key.attrs.count);
        drop(forms[f]);
    }
    EVP_PKEY_free(pkey);
}

/* Domain parameters alone: whole, cut and with something behind them. */
static void parameters(void **state)
{
    static const struct {
        const char *kind;
        enum km_der_kind as;
        uint32_t n;
    } ROWS[] = {{"DSA", KM_DER_KEY_DSA, 3}, {"DH", KM_DER_KEY_DH, 2}};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        EVP_PKEY *pkey = make_key(ROWS[i].kind);
        unsigned char *der = NULL;
        struct km_der_key key = {0};
        uint8_t longer[2048] = {0};
        int der_len = i2d_KeyParams(pkey, &der);
        assert_true(der_len > 0);
        size_t len = (size_t)der_len;
        assert_true(km_der_key_parameters(KM_SLICE(der, len), ROWS[i].as, &key));
        assert_int_equal(key.attrs.count, ROWS[i].n);
        assert_false(km_der_key_parameters(KM_SLICE(der, len), KM_DER_KEY_EC, &key));
        assert_false(km_der_key_parameters(KM_SLICE(der, len), ROWS[1 - i].as, &key) && i == 1);
        for (size_t cut = 0; cut < len; cut++)
            assert_false(km_der_key_parameters(KM_SLICE(der, cut), ROWS[i].as, &key));
        km_copy(longer, sizeof(longer), der, len);
        assert_false(km_der_key_parameters(KM_SLICE(longer, len + 1), ROWS[i].as, &key));
        OPENSSL_free(der);
        EVP_PKEY_free(pkey);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_libcrypto_writes_them),
        cmocka_unit_test(cut_and_trailing),
        cmocka_unit_test(bare_sec1),
        cmocka_unit_test(diffie_hellman),
        cmocka_unit_test(parameters),
        cmocka_unit_test(other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
