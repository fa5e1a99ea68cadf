/* SPDX-License-Identifier: Apache-2.0 */
/* What a TA may do whose package has org.keymoor.lenient = true, and that no other may. */
#include "tests/unit/runtime_keys.h"

#include "common/km_des.h"

/* A prime of 512 bits, made by openssl for this test. */
#define SHORT_P                                                                                    \
    "957a35360b884cdf6f06a9652ff34eb1d914106c8136e77fb76a4ef861ee3c0f381c6a858c573a94"             \
    "391749c97550d77a8fbffc41212b06fda4b72cf98d411db3"
#define SHORT_BITS 512
#define SHORT_LEN (SHORT_BITS / 8)

static int lenient(void **state)
{
    (void)state;
    fixture_lenient("true");
    return 0;
}

static int strict_again(void **state)
{
    fixture_lenient(NULL);
    return fixture_after(state);
}

/* ---- without it ---- */

static const uint32_t DES_ALGS[] = {TEE_ALG_DES_ECB_NOPAD, TEE_ALG_DES_CBC_NOPAD,
                                    TEE_ALG_DES_CBC_MAC_NOPAD, TEE_ALG_DES_CBC_MAC_PKCS5};

static uint32_t mode_of(uint32_t alg)
{
    return alg >> 28 == TEE_OPERATION_MAC ? TEE_MODE_MAC : TEE_MODE_ENCRYPT;
}

static void refuses_all_of_it(void)
{
    static const struct {
        uint32_t type, bits;
    } keys[] = {{TEE_TYPE_DES, 56},           {TEE_TYPE_DES, 64},
                {TEE_TYPE_RSA_KEYPAIR, 2040}, {TEE_TYPE_RSA_PUBLIC_KEY, 1024},
                {TEE_TYPE_DSA_KEYPAIR, 960},  {TEE_TYPE_DSA_PUBLIC_KEY, 512},
                {TEE_TYPE_DH_KEYPAIR, 1016}};
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++) {
        TEE_ObjectHandle key = TEE_HANDLE_NULL;
        assert_int_equal(TEE_AllocateTransientObject(keys[i].type, keys[i].bits, &key),
                         TEE_ERROR_NOT_SUPPORTED);
    }
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(DES_ALGS); i++) {
        uint32_t alg = DES_ALGS[i];
        assert_int_equal(TEE_IsAlgorithmSupported(alg, TEE_CRYPTO_ELEMENT_NONE),
                         TEE_ERROR_NOT_SUPPORTED);
        assert_int_equal(TEE_AllocateOperation(&op, alg, mode_of(alg), 56),
                         TEE_ERROR_NOT_SUPPORTED);
    }
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, 1024),
                     TEE_ERROR_NOT_SUPPORTED);
}

static void strict_is_the_default(void **state)
{
    (void)state;
    char text[16];
    size_t len = sizeof(text);
    RT_OK(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, "org.keymoor.lenient", text, &len));
    assert_string_equal(text, "false");
    refuses_all_of_it();
    fixture_lenient("false");
    refuses_all_of_it();
}

/* ---- DES ---- */

#define DES_KEY "0123456789abcdef"
#define DES_IV "1234567890abcdef"
#define FIPS_81_TEXT                                                                               \
    "4e6f77206973207468652074696d6520666f7220616c6c20" /* Now is the time for all */

static void cipher_is(uint32_t alg, uint32_t mode, const char *key_hex, const char *text,
                      const char *want)
{
    size_t key_len = 0;
    size_t len = 0;
    const uint8_t *key_bytes = unhex(key_hex, &key_len);
    TEE_ObjectHandle key = secret_object(TEE_TYPE_DES, key_bytes, key_len);
    TEE_OperationHandle op = keyed(alg, mode, 56, key);
    uint8_t in[64];
    uint8_t wanted[64];
    uint8_t out[64];
    const uint8_t *bytes = unhex(text, &len);
    copy(in, bytes, len);
    copy(wanted, unhex(want, NULL), len);
    for (size_t cut = 0; cut <= len; cut++) {
        size_t first = sizeof(out);
        size_t rest = sizeof(out);
        bool has_iv = alg == TEE_ALG_DES_CBC_NOPAD;
        TEE_CipherInit(op, has_iv ? unhex(DES_IV, NULL) : NULL, has_iv ? 8 : 0);
        RT_OK(TEE_CipherUpdate(op, in, cut, out, &first));
        rest -= first;
        RT_OK(TEE_CipherDoFinal(op, in + cut, len - cut, out + first, &rest));
        assert_int_equal(first + rest, len);
        assert_memory_equal(out, wanted, len);
    }
    TEE_FreeOperation(op);
    TEE_CloseObject(key);
}

/* FIPS 81, tables B1 and C1; the last is the example that many texts on DES have. */
static void des_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t alg;
        const char *key, *plain, *sealed;
    } rows[] = {
        {TEE_ALG_DES_ECB_NOPAD, DES_KEY, FIPS_81_TEXT,
         "3fa40e8a984d48156a271787ab8883f9893d51ec4b563b53"},
        {TEE_ALG_DES_CBC_NOPAD, DES_KEY, FIPS_81_TEXT,
         "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6"},
        {TEE_ALG_DES_ECB_NOPAD, "133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        cipher_is(rows[i].alg, TEE_MODE_ENCRYPT, rows[i].key, rows[i].plain, rows[i].sealed);
        cipher_is(rows[i].alg, TEE_MODE_DECRYPT, rows[i].key, rows[i].sealed, rows[i].plain);
    }
}

static void mac_of(uint32_t alg, TEE_ObjectHandle key, const uint8_t *text, size_t len,
                   uint8_t out[8])
{
    TEE_OperationHandle op = keyed(alg, TEE_MODE_MAC, 64, key);
    size_t out_len = 8;
    TEE_MACInit(op, NULL, 0);
    TEE_MACUpdate(op, text, 3);
    RT_OK(TEE_MACComputeFinal(op, text + 3, len - 3, out, &out_len));
    assert_int_equal(out_len, 8);
    TEE_FreeOperation(op);
}

/* FIPS 113, appendix 1: zeros make its text whole blocks. With PKCS#5 it is the MAC of the text with that padding. */
static void des_macs(void **state)
{
    (void)state;
    uint8_t text[32] = "7654321 Now is the time for ";
    uint8_t out[8];
    uint8_t padded[8];
    TEE_ObjectHandle key = secret_object(TEE_TYPE_DES, unhex(DES_KEY, NULL), 8);
    mac_of(TEE_ALG_DES_CBC_MAC_NOPAD, key, text, sizeof(text), out);
    assert_memory_equal(out, unhex("f1d30f6849312ca4", NULL), sizeof(out));
    mac_of(TEE_ALG_DES_CBC_MAC_PKCS5, key, text, 28, padded);
    for (size_t i = 28; i < sizeof(text); i++)
        text[i] = 4;
    mac_of(TEE_ALG_DES_CBC_MAC_NOPAD, key, text, sizeof(text), out);
    assert_memory_equal(out, padded, sizeof(out));
    TEE_CloseObject(key);
}

static void des_keys(void **state)
{
    (void)state;
    TEE_ObjectHandle key = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    uint8_t bytes[8];
    size_t len = sizeof(bytes);
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_DES, 48, &key), TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_DES, 128, &key), TEE_ERROR_NOT_SUPPORTED);
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_DES, 56, &key));
    RT_OK(TEE_GenerateKey(key, 56, NULL, 0));
    RT_OK(TEE_GetObjectInfo1(key, &info));
    assert_int_equal(info.objectSize, 64);
    RT_OK(TEE_GetObjectBufferAttribute(key, TEE_ATTR_SECRET_VALUE, bytes, &len));
    assert_int_equal(len, sizeof(bytes));
    assert_true(km_des_has_parity(KM_SLICE(bytes, len)));
    TEE_ResetTransientObject(key);
    bytes[5] ^= 0x01;
    TEE_Attribute attr = ref(TEE_ATTR_SECRET_VALUE, bytes, len);
    assert_int_equal(TEE_PopulateTransientObject(key, &attr, 1), TEE_ERROR_BAD_PARAMETERS);
    TEE_CloseObject(key);
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    assert_int_equal(TEE_AllocateOperation(&op, TEE_ALG_DES_ECB_NOPAD, TEE_MODE_ENCRYPT, 128),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_ObjectHandle other = secret_object(TEE_TYPE_AES, unhex(FIPS_81_TEXT, NULL), 16);
    RT_OK(TEE_AllocateOperation(&op, TEE_ALG_DES_ECB_NOPAD, TEE_MODE_ENCRYPT, 64));
    RT_PANICS(RT_BAD, (void)TEE_SetOperationKey(op, other));
    TEE_FreeOperation(op);
    TEE_CloseObject(other);
}

/* A stored key keeps to the TA that may have it. */
static void des_key_stored(void **state)
{
    (void)state;
    static const char name[] = "des";
    const uint32_t flags = TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE_META;
    TEE_ObjectHandle key = secret_object(TEE_TYPE_DES, unhex(DES_KEY, NULL), 8);
    TEE_ObjectHandle stored = TEE_HANDLE_NULL;
    RT_OK(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, name, 3, flags, key, NULL, 0, &stored));
    TEE_CloseObject(key);
    TEE_CloseObject(stored);
    fixture_lenient(NULL);
    assert_int_not_equal(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, name, 3, flags, &stored),
                         TEE_SUCCESS);
    fixture_lenient("true");
    RT_OK(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, name, 3, flags, &stored));
    TEE_FreeOperation(keyed(TEE_ALG_DES_CBC_NOPAD, TEE_MODE_ENCRYPT, 56, stored));
    RT_OK(TEE_CloseAndDeletePersistentObject1(stored));
}

/* ---- short keys ---- */

static TEE_ObjectHandle short_rsa(uint32_t bits)
{
    TEE_ObjectHandle pair = fresh(TEE_TYPE_RSA_KEYPAIR, bits);
    RT_OK(TEE_GenerateKey(pair, bits, NULL, 0));
    return pair;
}

/* With 512 bits there is no room for the longer digests: no panic, for the TA did nothing wrong. */
static void short_rsa_signs(void **state)
{
    (void)state;
    static const struct {
        uint32_t alg, hash;
        bool has_room;
    } rows[] = {
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA1, TEE_ALG_SHA1, true},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA256, TEE_ALG_SHA256, true},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA384, TEE_ALG_SHA384, false},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA512, TEE_ALG_SHA512, false},
        {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1, TEE_ALG_SHA1, true},
        {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256, TEE_ALG_SHA256, false}, /* the salt is as long */
        {TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA512, TEE_ALG_SHA512, false},
    };
    TEE_ObjectHandle pair = short_rsa(SHORT_BITS);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t hash[64];
        uint8_t out[SHORT_LEN] = {0};
        size_t out_len = sizeof(out);
        size_t len = digest(rows[i].hash, "text", 4, hash);
        if (rows[i].has_room) {
            sign_and_verify(rows[i].alg, SHORT_BITS, pair, pair, hash, len);
            continue;
        }
        TEE_OperationHandle op = keyed(rows[i].alg, TEE_MODE_SIGN, SHORT_BITS, pair);
        assert_int_equal(TEE_AsymmetricSignDigest(op, NULL, 0, hash, len, out, &out_len),
                         TEE_ERROR_BAD_PARAMETERS);
        TEE_FreeOperation(op);
        op = keyed(rows[i].alg, TEE_MODE_VERIFY, SHORT_BITS, pair);
        assert_int_not_equal(TEE_AsymmetricVerifyDigest(op, NULL, 0, hash, len, out, sizeof(out)),
                             TEE_SUCCESS);
        TEE_FreeOperation(op);
    }
    TEE_CloseObject(pair);
}

static void short_rsa_encrypts(void **state)
{
    (void)state;
    static const struct {
        uint32_t alg;
        bool has_room;
    } rows[] = {{TEE_ALG_RSAES_PKCS1_V1_5, true},
                {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1, true},
                {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA256, false},
                {TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA512, false}};
    TEE_ObjectHandle pair = short_rsa(SHORT_BITS);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t sealed[SHORT_LEN] = {0};
        uint8_t open[SHORT_LEN];
        size_t sealed_len = sizeof(sealed);
        size_t open_len = sizeof(open);
        TEE_OperationHandle op = keyed(rows[i].alg, TEE_MODE_ENCRYPT, SHORT_BITS, pair);
        TEE_OperationHandle back = keyed(rows[i].alg, TEE_MODE_DECRYPT, SHORT_BITS, pair);
        assert_int_equal(TEE_AsymmetricEncrypt(op, NULL, 0, "text", 4, sealed, &sealed_len),
                         rows[i].has_room ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
        TEE_Result result =
            TEE_AsymmetricDecrypt(back, NULL, 0, sealed, sizeof(sealed), open, &open_len);
        assert_int_equal(result, rows[i].has_room ? TEE_SUCCESS : TEE_ERROR_CIPHERTEXT_INVALID);
        if (rows[i].has_room) {
            assert_int_equal(open_len, 4);
            assert_memory_equal(open, "text", 4);
        }
        TEE_FreeOperation(op);
        TEE_FreeOperation(back);
    }
    TEE_CloseObject(pair);
}

static void short_rsa_sizes(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = short_rsa(1024);
    TEE_ObjectHandle open = fresh(TEE_TYPE_RSA_PUBLIC_KEY, 1024);
    TEE_ObjectHandle none = TEE_HANDLE_NULL;
    uint8_t n[DH_LEN];
    uint8_t e[DH_LEN];
    size_t n_len = attribute(pair, TEE_ATTR_RSA_MODULUS, n);
    size_t e_len = attribute(pair, TEE_ATTR_RSA_PUBLIC_EXPONENT, e);
    TEE_Attribute attrs[] = {ref(TEE_ATTR_RSA_MODULUS, n, n_len),
                             ref(TEE_ATTR_RSA_PUBLIC_EXPONENT, e, e_len)};
    RT_OK(TEE_PopulateTransientObject(open, attrs, 2));
    TEE_CloseObject(open);
    TEE_CloseObject(pair);
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_RSA_KEYPAIR, 504, &none),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_DH_KEYPAIR, 504, &none),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AllocateTransientObject(TEE_TYPE_DSA_KEYPAIR, 960, &none),
                     TEE_ERROR_NOT_SUPPORTED);
    attrs[0].content.ref.length = 63; /* 504 bits, and still too short */
    refuse(TEE_TYPE_RSA_PUBLIC_KEY, 1024, attrs, 2);
    fixture_lenient(NULL);
    attrs[0].content.ref.length = n_len;
    refuse(TEE_TYPE_RSA_PUBLIC_KEY, 2048, attrs, 2);
}

static void short_dh(void **state)
{
    (void)state;
    const TEE_Attribute dh[] = {ref_hex(TEE_ATTR_DH_PRIME, SHORT_P),
                                ref_hex(TEE_ATTR_DH_BASE, "02")};
    TEE_ObjectHandle pairs[2];
    uint8_t secret[2][DH_LEN];
    for (size_t i = 0; i < 2; i++) {
        pairs[i] = fresh(TEE_TYPE_DH_KEYPAIR, SHORT_BITS);
        RT_OK(TEE_GenerateKey(pairs[i], SHORT_BITS, dh, 2));
    }
    for (size_t i = 0; i < 2; i++) {
        TEE_OperationHandle op =
            keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, SHORT_BITS, pairs[i]);
        uint8_t y[DH_LEN];
        size_t len = attribute(pairs[1 - i], TEE_ATTR_DH_PUBLIC_VALUE, y);
        assert_int_equal(derive(op, ref(TEE_ATTR_DH_PUBLIC_VALUE, y, len), secret[i]), SHORT_LEN);
        TEE_FreeOperation(op);
    }
    assert_memory_equal(secret[0], secret[1], SHORT_LEN);
    TEE_CloseObject(pairs[0]);
    TEE_CloseObject(pairs[1]);
}

/* ---- pairs whose halves don't belong together ---- */

#define P256_LEN 32

struct mixed {
    uint8_t x[DH_LEN], y[DH_LEN], secret[DH_LEN];
    TEE_Attribute attrs[4];
};

/* The private value of one pair beside the point of another. */
static void mix(struct mixed *m, uint32_t type)
{
    TEE_ObjectHandle a = ec_generate(type, TEE_ECC_CURVE_NIST_P256, 256);
    TEE_ObjectHandle b = ec_generate(type, TEE_ECC_CURVE_NIST_P256, 256);
    attribute(a, TEE_ATTR_ECC_PRIVATE_VALUE, m->secret);
    attribute(b, TEE_ATTR_ECC_PUBLIC_VALUE_X, m->x);
    attribute(b, TEE_ATTR_ECC_PUBLIC_VALUE_Y, m->y);
    m->attrs[0] = ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, m->x, P256_LEN);
    m->attrs[1] = ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, m->y, P256_LEN);
    m->attrs[2] = val(TEE_ATTR_ECC_CURVE, TEE_ECC_CURVE_NIST_P256);
    m->attrs[3] = ref(TEE_ATTR_ECC_PRIVATE_VALUE, m->secret, P256_LEN);
    TEE_CloseObject(a);
    TEE_CloseObject(b);
}

static void agrees_with_mixed_pairs(void **state)
{
    (void)state;
    struct mixed m;
    uint8_t got[DH_LEN];
    uint8_t want[DH_LEN];
    mix(&m, TEE_TYPE_ECDH_KEYPAIR);
    fixture_lenient(NULL);
    refuse(TEE_TYPE_ECDH_KEYPAIR, 256, m.attrs, 4);
    fixture_lenient("true");
    TEE_ObjectHandle pair = populated(TEE_TYPE_ECDH_KEYPAIR, 256, m.attrs, 4);
    TEE_OperationHandle op = keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, 256, pair);
    TEE_ObjectHandle out = fresh(TEE_TYPE_GENERIC_SECRET, 256);
    TEE_DeriveKey(op, m.attrs, 2, out);
    assert_int_equal(attribute(out, TEE_ATTR_SECRET_VALUE, got), P256_LEN);
    /* The private value alone made it: with its own point it makes the same. */
    RT_OK(TEE_KmEccPublicValue(TEE_ECC_CURVE_NIST_P256, m.secret, P256_LEN, want, want + P256_LEN,
                               P256_LEN));
    TEE_Attribute whole[] = {ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, want, P256_LEN),
                             ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, want + P256_LEN, P256_LEN),
                             m.attrs[2], m.attrs[3]};
    TEE_ObjectHandle sound = populated(TEE_TYPE_ECDH_KEYPAIR, 256, whole, 4);
    TEE_OperationHandle again =
        keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, 256, sound);
    TEE_ResetTransientObject(out);
    TEE_DeriveKey(again, m.attrs, 2, out);
    attribute(out, TEE_ATTR_SECRET_VALUE, want);
    assert_memory_equal(got, want, P256_LEN);
    TEE_FreeOperation(op);
    TEE_FreeOperation(again);
    TEE_CloseObject(pair);
    TEE_CloseObject(sound);
    TEE_CloseObject(out);
}

/* Each half is still looked at, and a pair that signs has to be one. */
static void other_checks_hold(void **state)
{
    (void)state;
    struct mixed m;
    mix(&m, TEE_TYPE_ECDSA_KEYPAIR);
    refuse(TEE_TYPE_ECDSA_KEYPAIR, 256, m.attrs, 4);
    m.x[31] ^= 1;
    refuse(TEE_TYPE_ECDH_KEYPAIR, 256, m.attrs, 4);
    m.x[31] ^= 1;
    for (size_t i = 0; i < P256_LEN; i++)
        m.secret[i] = 0xff; /* above the order */
    refuse(TEE_TYPE_ECDH_KEYPAIR, 256, m.attrs, 4);
}

static void mixed_dh_pairs(void **state)
{
    (void)state;
    TEE_ObjectHandle a = dh_pair(true, 0);
    TEE_ObjectHandle b = dh_pair(true, 0);
    uint8_t y[DH_LEN];
    uint8_t x[DH_LEN];
    size_t y_len = attribute(b, TEE_ATTR_DH_PUBLIC_VALUE, y);
    size_t x_len = attribute(a, TEE_ATTR_DH_PRIVATE_VALUE, x);
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_DH_PRIME, DH_P), ref_hex(TEE_ATTR_DH_BASE, DH_G),
                             ref(TEE_ATTR_DH_PUBLIC_VALUE, y, y_len),
                             ref(TEE_ATTR_DH_PRIVATE_VALUE, x, x_len)};
    uint8_t got[DH_LEN];
    uint8_t want[DH_LEN];
    TEE_ObjectHandle pair = populated(TEE_TYPE_DH_KEYPAIR, DH_BITS, attrs, 4);
    TEE_OperationHandle op = keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, pair);
    TEE_OperationHandle own = keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, a);
    derive(op, attrs[2], got);
    derive(own, attrs[2], want);
    assert_memory_equal(got, want, DH_LEN);
    attrs[3] = ref_hex(TEE_ATTR_DH_PRIVATE_VALUE, "00");
    refuse(TEE_TYPE_DH_KEYPAIR, DH_BITS, attrs, 4);
    attrs[3] = ref(TEE_ATTR_DH_PRIVATE_VALUE, x, x_len);
    fixture_lenient(NULL);
    refuse(TEE_TYPE_DH_KEYPAIR, DH_BITS, attrs, 4);
    TEE_FreeOperation(op);
    TEE_FreeOperation(own);
    TEE_CloseObject(pair);
    TEE_CloseObject(a);
    TEE_CloseObject(b);
}

/* ---- numbers and digests ---- */

/* FIPS 186-4, 4.6 cuts the digest to the order's bits; some cut it before they ask. */
static void cut_dsa_digest(void **state)
{
    (void)state;
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_ObjectHandle pair = populated(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 5);
    TEE_OperationHandle sign = keyed(TEE_ALG_DSA_SHA256, TEE_MODE_SIGN, DSA_BITS, pair);
    TEE_OperationHandle verify = keyed(TEE_ALG_DSA_SHA256, TEE_MODE_VERIFY, DSA_BITS, pair);
    uint8_t hash[64];
    uint8_t sig[40];
    size_t len = sizeof(sig);
    size_t hash_len = digest(TEE_ALG_SHA256, "text", 4, hash);
    RT_OK(TEE_AsymmetricSignDigest(sign, NULL, 0, hash, 20, sig, &len));
    RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len));
    RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, 20, sig, len));
    RT_PANICS(RT_BAD, (void)TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, 19, sig, len));
    RT_PANICS(RT_BAD, (void)TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, 31, sig, len));
    fixture_lenient(NULL);
    RT_PANICS(RT_BAD, (void)TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, 20, sig, len));
    TEE_FreeOperation(sign);
    TEE_FreeOperation(verify);
    TEE_CloseObject(pair);
}

/* Strictly a bare number is as wide as the modulus. */
static void bare_rsa_without_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        size_t len;
    } rows[] = {{"0102030405", 5}, {"0000ff00", 2}, {"00", 1}};
    TEE_ObjectHandle pair = short_rsa(1024);
    TEE_OperationHandle op = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, 1024, pair);
    TEE_OperationHandle back = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_DECRYPT, 1024, pair);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t sealed[128];
        uint8_t out[128];
        size_t len = 0;
        size_t sealed_len = sizeof(sealed);
        size_t out_len = sizeof(out);
        const uint8_t *number = unhex(rows[i].number, &len);
        RT_OK(TEE_AsymmetricEncrypt(op, NULL, 0, number, len, sealed, &sealed_len));
        RT_OK(TEE_AsymmetricDecrypt(back, NULL, 0, sealed, sealed_len, out, &out_len));
        assert_int_equal(out_len, rows[i].len);
        assert_memory_equal(out, number + len - out_len, out_len);
        fixture_lenient(NULL);
        out_len = sizeof(out);
        RT_OK(TEE_AsymmetricDecrypt(back, NULL, 0, sealed, sealed_len, out, &out_len));
        assert_int_equal(out_len, sizeof(out));
        fixture_lenient("true");
    }
    TEE_FreeOperation(op);
    TEE_FreeOperation(back);
    TEE_CloseObject(pair);
}

static void divisor_of_zeros(void **state)
{
    (void)state;
    TEE_BigInt zero[TEE_BigIntSizeInU32(64)];
    TEE_BigInt results[3][TEE_BigIntSizeInU32(64)];
    TEE_BigIntInit(zero, KM_ARRAY_LEN(zero));
    for (size_t i = 0; i < 3; i++) {
        TEE_BigIntInit(results[i], KM_ARRAY_LEN(zero));
        TEE_BigIntConvertFromS32(results[i], 7);
    }
    TEE_BigIntComputeExtendedGcd(results[0], results[1], results[2], zero, zero);
    assert_int_equal(TEE_BigIntCmpS32(results[0], 0), 0);
    TEE_BigIntComputeExtendedGcd(results[0], NULL, NULL, zero, zero);
    assert_int_equal(TEE_BigIntCmpS32(results[0], 0), 0);
    fixture_lenient(NULL);
    RT_PANICS(RT_BAD, TEE_BigIntComputeExtendedGcd(results[0], NULL, NULL, zero, zero));
}

#define LENIENT_TEST(f) cmocka_unit_test_setup_teardown(f, lenient, strict_again)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(strict_is_the_default, strict_again),
        LENIENT_TEST(des_known_answers),
        LENIENT_TEST(des_macs),
        LENIENT_TEST(des_keys),
        LENIENT_TEST(des_key_stored),
        LENIENT_TEST(short_rsa_signs),
        LENIENT_TEST(short_rsa_encrypts),
        LENIENT_TEST(short_rsa_sizes),
        LENIENT_TEST(short_dh),
        LENIENT_TEST(agrees_with_mixed_pairs),
        LENIENT_TEST(other_checks_hold),
        LENIENT_TEST(mixed_dh_pairs),
        LENIENT_TEST(cut_dsa_digest),
        LENIENT_TEST(bare_rsa_without_zeros),
        LENIENT_TEST(divisor_of_zeros),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
