/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rarer key types and schemes: DSA, DH, Ed25519, X25519, deterministic ECDSA, RSA without OAEP, SHA-3 under signatures.
 * Published vectors, libcrypto's numbers, and keys that must be refused.
 */
#include "tests/unit/runtime_fixture.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

static TEE_ObjectHandle fresh(uint32_t type, uint32_t bits)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateTransientObject(type, bits, &object));
    return object;
}

static TEE_ObjectHandle populated(uint32_t type, uint32_t bits, const TEE_Attribute *attrs,
                                  uint32_t count)
{
    TEE_ObjectHandle object = fresh(type, bits);
    RT_OK(TEE_PopulateTransientObject(object, attrs, count));
    return object;
}

static void refuse(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t count)
{
    TEE_ObjectHandle object = fresh(type, bits);
    assert_int_equal(TEE_PopulateTransientObject(object, attrs, count), TEE_ERROR_BAD_PARAMETERS);
    TEE_ObjectInfo info;
    RT_OK(TEE_GetObjectInfo1(object, &info));
    assert_int_equal(info.handleFlags & TEE_HANDLE_FLAG_INITIALIZED, 0);
    TEE_CloseObject(object);
}

static size_t digest(uint32_t alg, const void *text, size_t len, uint8_t out[64])
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t out_len = 64;
    RT_OK(TEE_AllocateOperation(&op, alg, TEE_MODE_DIGEST, 0));
    RT_OK(TEE_DigestDoFinal(op, text, len, out, &out_len));
    TEE_FreeOperation(op);
    return out_len;
}

/* Signs with one key, verifies with the other, and refuses what was changed. */
static void sign_and_verify(uint32_t alg, uint32_t bits, TEE_ObjectHandle pair,
                            TEE_ObjectHandle open, const uint8_t *hash, size_t hash_len)
{
    TEE_OperationHandle sign = keyed(alg, TEE_MODE_SIGN, bits, pair);
    TEE_OperationHandle verify = keyed(alg, TEE_MODE_VERIFY, bits, open);
    uint8_t sig[512];
    size_t len = 0;
    assert_int_equal(TEE_AsymmetricSignDigest(sign, NULL, 0, hash, hash_len, sig, &len),
                     TEE_ERROR_SHORT_BUFFER);
    assert_true(len != 0 && len <= sizeof(sig));
    RT_OK(TEE_AsymmetricSignDigest(sign, NULL, 0, hash, hash_len, sig, &len));
    RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len));
    assert_int_equal(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len - 1),
                     TEE_ERROR_SIGNATURE_INVALID);
    for (size_t i = 0; i < len; i += 1 + len / 16) {
        sig[i] ^= 0x10;
        assert_int_equal(TEE_AsymmetricVerifyDigest(verify, NULL, 0, hash, hash_len, sig, len),
                         TEE_ERROR_SIGNATURE_INVALID);
        sig[i] ^= 0x10;
    }
    TEE_FreeOperation(sign);
    TEE_FreeOperation(verify);
}

/* ---- DSA: RFC 6979, A.2.1 ---- */

#define DSA_P                                                                                      \
    "86f5ca03dcfeb225063ff830a0c769b9dd9d6153ad91d7ce27f787c43278b447e6533b86b18bed6e"             \
    "8a48b784a14c252c5be0dbf60b86d6385bd2f12fb763ed8873abfd3f5ba2e0a8c0a59082eac05693"             \
    "5e529daf7c610467899c77adedfc846c881870b7b19b2b58f9be0521a17002e3bdd6b86685ee90b3"             \
    "d9a1b02b782b1779"
#define DSA_Q "996f967f6c8e388d9e28d01e205fba957a5698b1"
#define DSA_G                                                                                      \
    "07b0f92546150b62514bb771e2a0c0ce387f03bda6c56b505209ff25fd3c133d89bbcd97e904e091"             \
    "14d9a7defdeadfc9078ea544d2e401aeecc40bb9fbbf78fd87995a10a1c27cb7789b594ba7efb5c4"             \
    "326a9fe59a070e136db77175464adca417be5dce2f40d10a46a3a3943f26ab7fd9c0398ff8c76ee0"             \
    "a56826a8a88f1dbd"
#define DSA_X "411602cb19a6ccc34494d79d98ef1e7ed5af25f7"
#define DSA_Y                                                                                      \
    "5df5e01ded31d0297e274e1691c192fe5868fef9e19a84776454b100cf16f65392195a38b90523e2"             \
    "542ee61871c0440cb87c322fc4b4d2ec5e1e7ec766e1be8d4ce935437dc11c3c8fd426338933ebfe"             \
    "739cb3465f4d3668c5e473508253b1e682f65cbdc4fae93c2ea212390e54905a86e2223170b44eaa"             \
    "7da5dd9ffcfb7f3b"
#define DSA_BITS 1024

static void dsa_attrs(TEE_Attribute attrs[5])
{
    attrs[0] = ref_hex(TEE_ATTR_DSA_PRIME, DSA_P);
    attrs[1] = ref_hex(TEE_ATTR_DSA_SUBPRIME, DSA_Q);
    attrs[2] = ref_hex(TEE_ATTR_DSA_BASE, DSA_G);
    attrs[3] = ref_hex(TEE_ATTR_DSA_PUBLIC_VALUE, DSA_Y);
    attrs[4] = ref_hex(TEE_ATTR_DSA_PRIVATE_VALUE, DSA_X);
}

static void dsa_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t alg, hash;
        const char *sig;
    } rows[] = {
        {TEE_ALG_DSA_SHA1, TEE_ALG_SHA1,
         "2e1a0c2562b2912caaf89186fb0f42001585da5529efb6b0aff2d7a68eb70ca313022253b9a88df5"},
        {TEE_ALG_DSA_SHA224, TEE_ALG_SHA224,
         "4bc3b686aea70145856814a6f1bb53346f02101e410697b92295d994d21edd2f4ada85566f6f94c1"},
        {TEE_ALG_DSA_SHA256, TEE_ALG_SHA256,
         "81f2f5850be5bc123c43f71a3033e9384611c5454cdd914b65eb6c66a8aaad27299bee6b035f5e89"},
    };
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_ObjectHandle pair = populated(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 5);
    TEE_ObjectHandle open = fresh(TEE_TYPE_DSA_PUBLIC_KEY, DSA_BITS);
    RT_OK(TEE_CopyObjectAttributes1(open, pair));
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t hash[64];
        size_t len = digest(rows[i].hash, "sample", 6, hash);
        size_t sig_len = 0;
        const uint8_t *sig = unhex(rows[i].sig, &sig_len);
        TEE_OperationHandle op = keyed(rows[i].alg, TEE_MODE_VERIFY, DSA_BITS, open);
        RT_OK(TEE_AsymmetricVerifyDigest(op, NULL, 0, hash, len, sig, sig_len));
        RT_PANICS(RT_BAD,
                  (void)TEE_AsymmetricVerifyDigest(op, NULL, 0, hash, len - 1, sig, sig_len));
        TEE_FreeOperation(op);
        sign_and_verify(rows[i].alg, DSA_BITS, pair, open, hash, len);
    }
    uint8_t hash[64];
    sign_and_verify(TEE_ALG_DSA_SHA3_256, DSA_BITS, pair, open, hash,
                    digest(TEE_ALG_SHA3_256, "sample", 6, hash));
    TEE_CloseObject(pair);
    TEE_CloseObject(open);
}

static void dsa_generates(void **state)
{
    (void)state;
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_ObjectHandle pair = fresh(TEE_TYPE_DSA_KEYPAIR, 2048);
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(pair, DSA_BITS, attrs, 2));
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(pair, DSA_BITS, attrs, 4));
    assert_int_equal(TEE_GenerateKey(pair, 2048, attrs, 3), TEE_ERROR_BAD_PARAMETERS);
    RT_OK(TEE_GenerateKey(pair, DSA_BITS, attrs, 3));
    uint8_t hash[64];
    size_t len = digest(TEE_ALG_SHA256, "text", 4, hash);
    sign_and_verify(TEE_ALG_DSA_SHA256, DSA_BITS, pair, pair, hash, len);
    TEE_CloseObject(pair);
}

static void dsa_refuses(void **state)
{
    (void)state;
    static const struct {
        size_t which;
        const char *value;
    } cases[] = {
        {0, "00"},  {2, "00"},
        {2, "01"},  {3, "00"},
        {3, "01"},  {4, "00"},
        {4, "02"},  {1, "996f967f6c8e388d9e28d01e205fba957a5698b3"}, /* not a divisor of p - 1 */
        {1, "03"},  {4, DSA_Q},
        {3, DSA_G}, {2, DSA_P},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        TEE_Attribute attrs[5];
        dsa_attrs(attrs);
        attrs[cases[i].which] = ref_hex(attrs[cases[i].which].attributeID, cases[i].value);
        refuse(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 5);
        if (cases[i].which < 3) /* a public value alone is somebody's, even that of 1 */
            refuse(TEE_TYPE_DSA_PUBLIC_KEY, DSA_BITS, attrs, 4);
    }
}

/* ---- DH: the group of RFC 5114, 2.1 ---- */

#define DH_P                                                                                       \
    "b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d18"             \
    "9838ef1e2ee652c013ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a7372"             \
    "4effd6fae5644738faa31a4ff55bccc0a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708"             \
    "df1fb2bc2e4a4371"
#define DH_Q "f518aa8781a8df278aba4e7d64b7cb9d49462353"
#define DH_G                                                                                       \
    "a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31266fea1e5c41564b"             \
    "777e690f5504f213160217b4b01b886a5e91547f9e2749f4d7fbd7d3b9a92ee1909d0d2263f80a76"             \
    "a6a24c087a091f531dbf0a0169b6a28ad662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24"             \
    "855e6eeb22b3b2e5"
#define DH_BITS 1024
#define DH_LEN (DH_BITS / 8)

/* RFC 2409, 6.2: a safe prime, whose base is 2 */
#define OAKLEY_P                                                                                   \
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"                             \
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"                             \
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"                             \
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"

/* With the order or, in the other group, with a private value of x_bits. */
static TEE_ObjectHandle dh_pair(bool with_order, uint32_t x_bits)
{
    TEE_Attribute attrs[3] = {ref_hex(TEE_ATTR_DH_PRIME, x_bits != 0 ? OAKLEY_P : DH_P),
                              ref_hex(TEE_ATTR_DH_BASE, x_bits != 0 ? "02" : DH_G)};
    uint32_t n = 2;
    if (with_order)
        attrs[n++] = ref_hex(TEE_ATTR_DH_SUBPRIME, DH_Q);
    if (x_bits != 0)
        attrs[n++] = val(TEE_ATTR_DH_X_BITS, x_bits);
    TEE_ObjectHandle pair = fresh(TEE_TYPE_DH_KEYPAIR, DH_BITS);
    RT_OK(TEE_GenerateKey(pair, DH_BITS, attrs, n));
    return pair;
}

static size_t attribute(TEE_ObjectHandle object, uint32_t id, uint8_t out[DH_LEN])
{
    size_t len = DH_LEN;
    RT_OK(TEE_GetObjectBufferAttribute(object, id, out, &len));
    return len;
}

static size_t derive(TEE_OperationHandle op, TEE_Attribute peer, uint8_t out[DH_LEN])
{
    TEE_ObjectHandle secret = fresh(TEE_TYPE_GENERIC_SECRET, 8 * DH_LEN);
    size_t len = DH_LEN;
    TEE_DeriveKey(op, &peer, 1, secret);
    RT_OK(TEE_GetObjectBufferAttribute(secret, TEE_ATTR_SECRET_VALUE, out, &len));
    TEE_CloseObject(secret);
    return len;
}

static void dh_agrees(void **state)
{
    (void)state;
    static const struct {
        bool with_order;
        uint32_t x_bits;
    } cases[] = {{false, 0}, {true, 0}, {false, 256}};
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        TEE_ObjectHandle a = dh_pair(cases[i].with_order, cases[i].x_bits);
        TEE_ObjectHandle b = dh_pair(cases[i].with_order, cases[i].x_bits);
        TEE_OperationHandle op_a =
            keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, a);
        TEE_OperationHandle op_b =
            keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, b);
        uint8_t y_a[DH_LEN];
        uint8_t y_b[DH_LEN];
        uint8_t z_a[DH_LEN];
        uint8_t z_b[DH_LEN];
        size_t len_a = attribute(a, TEE_ATTR_DH_PUBLIC_VALUE, y_a);
        size_t len_b = attribute(b, TEE_ATTR_DH_PUBLIC_VALUE, y_b);
        if (cases[i].x_bits != 0)
            assert_true(attribute(a, TEE_ATTR_DH_PRIVATE_VALUE, z_a) * 8 <= cases[i].x_bits);
        assert_int_equal(derive(op_a, ref(TEE_ATTR_DH_PUBLIC_VALUE, y_b, len_b), z_a), DH_LEN);
        assert_int_equal(derive(op_b, ref(TEE_ATTR_DH_PUBLIC_VALUE, y_a, len_a), z_b), DH_LEN);
        assert_memory_equal(z_a, z_b, DH_LEN);
        TEE_FreeOperation(op_a);
        TEE_FreeOperation(op_b);
        TEE_CloseObject(a);
        TEE_CloseObject(b);
    }
}

static BIGNUM *number(const char *hex)
{
    BIGNUM *bn = NULL;
    assert_true(BN_hex2bn(&bn, hex) != 0);
    return bn;
}

/* A key of known numbers against libcrypto's power, until a secret came with a zero in front. */
static void dh_known_numbers(void **state)
{
    (void)state;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = number(DH_P);
    BIGNUM *g = number(DH_G);
    BIGNUM *x = number("b9a3b3ae8fefc1a2930496507086f8455d48943e");
    BIGNUM *y = BN_new();
    BIGNUM *peer = BN_new();
    BIGNUM *z = BN_new();
    uint8_t bytes[2][DH_LEN];
    uint8_t want[DH_LEN];
    uint8_t got[DH_LEN];
    assert_int_equal(BN_mod_exp(y, g, x, p, ctx), 1);
    BN_bn2binpad(x, bytes[0], DH_LEN);
    BN_bn2binpad(y, bytes[1], DH_LEN);
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_DH_PRIME, DH_P), ref_hex(TEE_ATTR_DH_BASE, DH_G),
                             ref(TEE_ATTR_DH_PRIVATE_VALUE, bytes[0], DH_LEN),
                             ref(TEE_ATTR_DH_PUBLIC_VALUE, bytes[1], DH_LEN)};
    TEE_ObjectHandle pair = populated(TEE_TYPE_DH_KEYPAIR, DH_BITS, attrs, 4);
    TEE_OperationHandle op = keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, pair);
    bool met_zero = false;
    BN_copy(peer, g);
    for (size_t i = 0; i < 8000 && !met_zero; i++) {
        assert_int_equal(BN_mod_mul(peer, peer, g, p, ctx), 1);
        assert_int_equal(BN_mod_exp(z, peer, x, p, ctx), 1);
        met_zero = BN_num_bytes(z) < DH_LEN;
        if (i % 100 != 0 && !met_zero)
            continue;
        BN_bn2binpad(z, want, DH_LEN);
        BN_bn2binpad(peer, bytes[0], DH_LEN);
        assert_int_equal(derive(op, ref(TEE_ATTR_DH_PUBLIC_VALUE, bytes[0], DH_LEN), got), DH_LEN);
        assert_memory_equal(got, want, DH_LEN);
    }
    assert_true(met_zero);
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
    BIGNUM *all[] = {p, g, x, y, peer, z};
    for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
        BN_free(all[i]);
    BN_CTX_free(ctx);
}

static void dh_refuses(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = dh_pair(true, 0);
    TEE_OperationHandle op = keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, pair);
    TEE_ObjectHandle out = fresh(TEE_TYPE_GENERIC_SECRET, DH_BITS);
    uint8_t minus_one[DH_LEN];
    copy(minus_one, unhex(DH_P, NULL), DH_LEN);
    minus_one[DH_LEN - 1] ^= 1; /* p is odd */
    TEE_Attribute bad[] = {ref_hex(TEE_ATTR_DH_PUBLIC_VALUE, "00"),
                           ref_hex(TEE_ATTR_DH_PUBLIC_VALUE, "01"),
                           ref_hex(TEE_ATTR_DH_PUBLIC_VALUE, DH_P),
                           ref_hex(TEE_ATTR_DH_PUBLIC_VALUE, "02"), /* not of the order */
                           ref(TEE_ATTR_DH_PUBLIC_VALUE, minus_one, DH_LEN),
                           ref(TEE_ATTR_DH_PUBLIC_VALUE, minus_one, 0)};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        RT_PANICS(RT_BAD, TEE_DeriveKey(op, &bad[i], 1, out));
    RT_PANICS(RT_BAD, TEE_DeriveKey(op, NULL, 0, out));
    TEE_FreeOperation(op);
    TEE_CloseObject(out);
    TEE_CloseObject(pair);
    static const struct {
        const char *p, *g, *q;
    } domains[] = {
        {DH_P, "00", NULL}, {DH_P, "01", NULL}, {DH_P, DH_P, NULL},
        {DH_P, "02", DH_Q}, {DH_P, DH_G, "0b"}, {DH_P, DH_G, DH_P},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(domains); i++) {
        TEE_Attribute attrs[3] = {ref_hex(TEE_ATTR_DH_PRIME, domains[i].p),
                                  ref_hex(TEE_ATTR_DH_BASE, domains[i].g)};
        uint32_t n = 2;
        if (domains[i].q != NULL)
            attrs[n++] = ref_hex(TEE_ATTR_DH_SUBPRIME, domains[i].q);
        pair = fresh(TEE_TYPE_DH_KEYPAIR, DH_BITS);
        assert_int_equal(TEE_GenerateKey(pair, DH_BITS, attrs, n), TEE_ERROR_BAD_PARAMETERS);
        TEE_CloseObject(pair);
    }
    TEE_Attribute few[] = {ref_hex(TEE_ATTR_DH_PRIME, DH_P), ref_hex(TEE_ATTR_DH_BASE, DH_G),
                           val(TEE_ATTR_DH_X_BITS, 64)};
    pair = fresh(TEE_TYPE_DH_KEYPAIR, DH_BITS);
    assert_int_equal(TEE_GenerateKey(pair, DH_BITS, few, 3), TEE_ERROR_BAD_PARAMETERS);
    few[2] = val(TEE_ATTR_DH_X_BITS, 161); /* more than the order has */
    assert_int_equal(TEE_GenerateKey(pair, DH_BITS, few, 3), TEE_ERROR_BAD_PARAMETERS);
    few[2] = val(TEE_ATTR_DH_X_BITS, DH_BITS + 1);
    assert_int_equal(TEE_GenerateKey(pair, DH_BITS, few, 3), TEE_ERROR_BAD_PARAMETERS);
    TEE_CloseObject(pair);
}

/* ---- Ed25519: RFC 8032, 7.1 ---- */

static const struct {
    const char *secret, *open, *message, *sig;
} eddsa[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

static void eddsa_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(eddsa); i++) {
        TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[i].open),
                                 ref_hex(TEE_ATTR_ED25519_PRIVATE_VALUE, eddsa[i].secret)};
        TEE_ObjectHandle pair = populated(TEE_TYPE_ED25519_KEYPAIR, 256, attrs, 2);
        TEE_ObjectHandle open = populated(TEE_TYPE_ED25519_PUBLIC_KEY, 256, attrs, 1);
        TEE_OperationHandle op = keyed(TEE_ALG_ED25519, TEE_MODE_SIGN, 256, pair);
        uint8_t sig[64];
        size_t sig_len = sizeof(sig);
        size_t len = 0;
        const uint8_t *message = unhex(eddsa[i].message, &len);
        RT_OK(TEE_AsymmetricSignDigest(op, NULL, 0, message, len, sig, &sig_len));
        assert_int_equal(sig_len, 64);
        assert_memory_equal(sig, unhex(eddsa[i].sig, NULL), 64);
        TEE_FreeOperation(op);
        sign_and_verify(TEE_ALG_ED25519, 256, pair, open, message, len);
        TEE_CloseObject(pair);
        TEE_CloseObject(open);
    }
    uint8_t *large = calloc(1, 100000);
    TEE_ObjectHandle pair = fresh(TEE_TYPE_ED25519_KEYPAIR, 256);
    RT_OK(TEE_GenerateKey(pair, 256, NULL, 0));
    sign_and_verify(TEE_ALG_ED25519, 256, pair, pair, large, 100000);
    TEE_CloseObject(pair);
    free(large);
}

static void eddsa_rules(void **state)
{
    (void)state;
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[0].open),
                             ref_hex(TEE_ATTR_ED25519_PRIVATE_VALUE, eddsa[1].secret)};
    refuse(TEE_TYPE_ED25519_KEYPAIR, 256, attrs, 2); /* of another pair */
    for (size_t len = 0; len < 40; len++) {
        uint8_t bytes[40] = {1};
        TEE_Attribute cut[] = {attrs[0], ref(TEE_ATTR_ED25519_PRIVATE_VALUE, bytes, len)};
        if (len != 32)
            refuse(TEE_TYPE_ED25519_KEYPAIR, 256, cut, 2);
    }
    attrs[0] = ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[1].open);
    TEE_ObjectHandle pair = populated(TEE_TYPE_ED25519_KEYPAIR, 256, attrs, 2);
    TEE_OperationHandle op = keyed(TEE_ALG_ED25519, TEE_MODE_SIGN, 256, pair);
    uint8_t sig[64];
    size_t len = sizeof(sig);
    TEE_Attribute context = ref(TEE_ATTR_EDDSA_CTX, "context", 7);
    TEE_Attribute prehash = val(TEE_ATTR_EDDSA_PREHASH, 1);
    TEE_Attribute plain = val(TEE_ATTR_EDDSA_PREHASH, 0);
    TEE_Attribute strange = val(TEE_ATTR_RSA_PSS_SALT_LENGTH, 1);
    assert_int_equal(TEE_AsymmetricSignDigest(op, &context, 1, "x", 1, sig, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AsymmetricSignDigest(op, &prehash, 1, "x", 1, sig, &len),
                     TEE_ERROR_NOT_SUPPORTED);
    assert_int_equal(TEE_AsymmetricSignDigest(op, &strange, 1, "x", 1, sig, &len),
                     TEE_ERROR_BAD_PARAMETERS);
    RT_OK(TEE_AsymmetricSignDigest(op, &plain, 1, "x", 1, sig, &len));
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_ED25519, TEE_ECC_CURVE_25519));
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_ED25519, TEE_CRYPTO_ELEMENT_NONE),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
}

/* ---- X25519: RFC 7748, 6.1 ---- */

#define ALICE "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define ALICE_OPEN "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define BOB_OPEN "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define SHARED "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

static void x25519(void **state)
{
    (void)state;
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, ALICE_OPEN),
                             ref_hex(TEE_ATTR_X25519_PRIVATE_VALUE, ALICE)};
    TEE_ObjectHandle pair = populated(TEE_TYPE_X25519_KEYPAIR, 256, attrs, 2);
    TEE_OperationHandle op = keyed(TEE_ALG_X25519, TEE_MODE_DERIVE, 256, pair);
    uint8_t z[DH_LEN];
    assert_int_equal(derive(op, ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, BOB_OPEN), z), 32);
    assert_memory_equal(z, unhex(SHARED, NULL), 32);
    /* Values of low order: 0, 1, p - 1, and one of order 8. */
    static const char *const low[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    };
    TEE_ObjectHandle out = fresh(TEE_TYPE_GENERIC_SECRET, 256);
    for (size_t i = 0; i < KM_ARRAY_LEN(low); i++) {
        TEE_Attribute peer = ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, low[i]);
        RT_PANICS(RT_BAD, TEE_DeriveKey(op, &peer, 1, out));
        refuse(TEE_TYPE_X25519_PUBLIC_KEY, 256, &peer, 1);
        peer.content.ref.length = 31;
        RT_PANICS(RT_BAD, TEE_DeriveKey(op, &peer, 1, out));
        refuse(TEE_TYPE_X25519_PUBLIC_KEY, 256, &peer, 1);
    }
    attrs[0] = ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, BOB_OPEN);
    refuse(TEE_TYPE_X25519_KEYPAIR, 256, attrs, 2);
    TEE_CloseObject(populated(TEE_TYPE_X25519_PUBLIC_KEY, 256, attrs, 1));
    TEE_ObjectHandle made = fresh(TEE_TYPE_X25519_KEYPAIR, 256);
    RT_OK(TEE_GenerateKey(made, 256, NULL, 0));
    TEE_OperationHandle other = keyed(TEE_ALG_X25519, TEE_MODE_DERIVE, 256, made);
    uint8_t made_open[DH_LEN];
    uint8_t z2[DH_LEN];
    size_t len = attribute(made, TEE_ATTR_X25519_PUBLIC_VALUE, made_open);
    derive(op, ref(TEE_ATTR_X25519_PUBLIC_VALUE, made_open, len), z);
    derive(other, ref_hex(TEE_ATTR_X25519_PUBLIC_VALUE, ALICE_OPEN), z2);
    assert_memory_equal(z, z2, 32);
    TEE_FreeOperation(op);
    TEE_FreeOperation(other);
    TEE_CloseObject(out);
    TEE_CloseObject(made);
    TEE_CloseObject(pair);
}

/* ---- Ed448 and X448: RFC 8032, 7.4; RFC 7748, 6.2 ---- */

#define ED448                                                                                      \
    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"                             \
    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
#define ED448_OPEN                                                                                 \
    "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"                             \
    "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"
#define ED448_SIG                                                                                  \
    "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"                             \
    "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"                             \
    "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"                             \
    "b61149f05a7363268c71d95808ff2e652600"
#define X448                                                                                       \
    "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"                             \
    "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b"
#define X448_OPEN                                                                                  \
    "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bb"                             \
    "c836647241d953d40c5b12da88120d53177f80e532c41fa0"
#define X448_BOB                                                                                   \
    "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972"                             \
    "fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609"
#define X448_SHARED                                                                                \
    "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"                             \
    "fd2464c335543936521c24403085d59a449a5037514a879d"

static void curve_448(void **state)
{
    (void)state;
    TEE_Attribute ed[] = {ref_hex(TEE_ATTR_ED448_PUBLIC_VALUE, ED448_OPEN),
                          ref_hex(TEE_ATTR_ED448_PRIVATE_VALUE, ED448)};
    TEE_ObjectHandle pair = populated(TEE_TYPE_ED448_KEYPAIR, 448, ed, 2);
    TEE_ObjectHandle open = populated(TEE_TYPE_ED448_PUBLIC_KEY, 448, ed, 1);
    TEE_OperationHandle op = keyed(TEE_ALG_ED448, TEE_MODE_SIGN, 448, pair);
    uint8_t sig[114];
    size_t len = sizeof(sig);
    RT_OK(TEE_AsymmetricSignDigest(op, NULL, 0, NULL, 0, sig, &len));
    assert_int_equal(len, 114);
    assert_memory_equal(sig, unhex(ED448_SIG, NULL), len);
    TEE_FreeOperation(op);
    sign_and_verify(TEE_ALG_ED448, 448, pair, open, (const uint8_t *)"message", 7);
    TEE_CloseObject(pair);
    TEE_CloseObject(open);
    ed[1].content.ref.length = 56;
    refuse(TEE_TYPE_ED448_KEYPAIR, 448, ed, 2);

    TEE_Attribute x[] = {ref_hex(TEE_ATTR_X448_PUBLIC_VALUE, X448_OPEN),
                         ref_hex(TEE_ATTR_X448_PRIVATE_VALUE, X448)};
    pair = populated(TEE_TYPE_X448_KEYPAIR, 448, x, 2);
    op = keyed(TEE_ALG_X448, TEE_MODE_DERIVE, 448, pair);
    uint8_t z[DH_LEN];
    assert_int_equal(derive(op, ref_hex(TEE_ATTR_X448_PUBLIC_VALUE, X448_BOB), z), 56);
    assert_memory_equal(z, unhex(X448_SHARED, NULL), 56);
    uint8_t zero[56] = {0};
    TEE_Attribute low = ref(TEE_ATTR_X448_PUBLIC_VALUE, zero, 56);
    refuse(TEE_TYPE_X448_PUBLIC_KEY, 448, &low, 1);
    zero[0] = 1;
    refuse(TEE_TYPE_X448_PUBLIC_KEY, 448, &low, 1);
    TEE_CloseObject(populated(TEE_TYPE_X448_PUBLIC_KEY, 448, x, 1));
    RT_OK(TEE_IsAlgorithmSupported(TEE_ALG_X448, TEE_ECC_CURVE_448));
    assert_int_equal(TEE_IsAlgorithmSupported(TEE_ALG_X448, TEE_ECC_CURVE_25519),
                     TEE_ERROR_NOT_SUPPORTED);
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
    pair = fresh(TEE_TYPE_ED448_KEYPAIR, 448);
    RT_OK(TEE_GenerateKey(pair, 448, NULL, 0));
    sign_and_verify(TEE_ALG_ED448, 448, pair, pair, (const uint8_t *)"message", 7);
    TEE_CloseObject(pair);
}

/* ---- ECDSA with the nonce of RFC 6979: A.2.3 to A.2.7, "sample" ---- */

static const struct {
    uint32_t alg, hash, curve, bits;
    const char *secret, *sig;
} fixed[] = {
    {TEE_ALG_ECDSA_RFC6979_SHA1, TEE_ALG_SHA1, TEE_ECC_CURVE_NIST_P192, 192,
     "6FAB034934E4C0FC9AE67F5B5659A9D7D1FEFD187EE09FD4",
     "98C6BD12B23EAF5E2A2045132086BE3EB8EBD62ABF6698FF"
     "57A22B07DEA9530F8DE9471B1DC6624472E8E2844BC25B64"},
    {TEE_ALG_ECDSA_RFC6979_SHA256, TEE_ALG_SHA256, TEE_ECC_CURVE_NIST_P192, 192,
     "6FAB034934E4C0FC9AE67F5B5659A9D7D1FEFD187EE09FD4",
     "4B0B8CE98A92866A2820E20AA6B75B56382E0F9BFD5ECB55"
     "CCDB006926EA9565CBADC840829D8C384E06DE1F1E381B85"},
    {TEE_ALG_ECDSA_RFC6979_SHA256, TEE_ALG_SHA256, TEE_ECC_CURVE_NIST_P224, 224,
     "F220266E1105BFE3083E03EC7A3A654651F45E37167E88600BF257C1",
     "61AA3DA010E8E8406C656BC477A7A7189895E7E840CDFE8FF42307BA"
     "BC814050DAB5D23770879494F9E0A680DC1AF7161991BDE692B10101"},
    {TEE_ALG_ECDSA_RFC6979_SHA1, TEE_ALG_SHA1, TEE_ECC_CURVE_NIST_P256, 256,
     "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
     "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32"
     "6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB"},
    {TEE_ALG_ECDSA_RFC6979_SHA256, TEE_ALG_SHA256, TEE_ECC_CURVE_NIST_P256, 256,
     "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {TEE_ALG_ECDSA_RFC6979_SHA384, TEE_ALG_SHA384, TEE_ECC_CURVE_NIST_P384, 384,
     "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
     "96D5724E4C70A825F872C9EA60D2EDF5",
     "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
     "81A648152E44ACF96E36DD1E80FABE46"
     "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
     "A329C145786E679E7B82C71A38628AC8"},
    {TEE_ALG_ECDSA_RFC6979_SHA512, TEE_ALG_SHA512, TEE_ECC_CURVE_NIST_P521, 521,
     "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
     "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
     "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F"
     "174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA"
     "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF"
     "282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A"},
};

static TEE_ObjectHandle ec_pair(uint32_t curve, uint32_t bits, const char *secret)
{
    uint8_t x[66];
    uint8_t y[66];
    size_t len = 0;
    const uint8_t *d = unhex(secret, &len);
    RT_OK(TEE_KmEccPublicValue(curve, d, len, x, y, len));
    TEE_Attribute attrs[] = {
        ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x, len), ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y, len),
        val(TEE_ATTR_ECC_CURVE, curve), ref(TEE_ATTR_ECC_PRIVATE_VALUE, d, len)};
    return populated(TEE_TYPE_ECDSA_KEYPAIR, bits, attrs, 4);
}

static void ecdsa_fixed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(fixed); i++) {
        TEE_ObjectHandle pair = ec_pair(fixed[i].curve, fixed[i].bits, fixed[i].secret);
        TEE_OperationHandle op = keyed(fixed[i].alg, TEE_MODE_SIGN, fixed[i].bits, pair);
        TEE_OperationHandle other = TEE_HANDLE_NULL;
        RT_OK(TEE_AllocateOperation(&other, fixed[i].alg, TEE_MODE_SIGN, fixed[i].bits));
        TEE_CopyOperation(other, op);
        uint8_t hash[64];
        uint8_t sig[2][132];
        size_t hash_len = digest(fixed[i].hash, "sample", 6, hash);
        size_t want_len = 0;
        const uint8_t *want = unhex(fixed[i].sig, &want_len);
        size_t len = sizeof(sig[0]);
        RT_OK(TEE_AsymmetricSignDigest(op, NULL, 0, hash, hash_len, sig[0], &len));
        assert_int_equal(len, want_len);
        assert_memory_equal(sig[0], want, len);
        RT_OK(TEE_AsymmetricSignDigest(other, NULL, 0, hash, hash_len, sig[1], &len));
        assert_memory_equal(sig[1], want, len);
        TEE_FreeOperation(op);
        TEE_FreeOperation(other);
        sign_and_verify(fixed[i].alg, fixed[i].bits, pair, pair, hash, hash_len);
        TEE_CloseObject(pair);
    }
}

/* What the nonce is made from does not matter to who verifies: any hash on any curve, digests of any length. */
static void ecdsa_all(void **state)
{
    (void)state;
    static const uint32_t algs[] = {
        TEE_ALG_ECDSA_SHA1,         TEE_ALG_ECDSA_SHA3_224,         TEE_ALG_ECDSA_SHA3_256,
        TEE_ALG_ECDSA_SHA3_384,     TEE_ALG_ECDSA_SHA3_512,         TEE_ALG_ECDSA_RFC6979_SHA224,
        TEE_ALG_ECDSA_RFC6979_SHA1, TEE_ALG_ECDSA_RFC6979_SHA3_512, TEE_ALG_ECDSA_RFC6979_SHA3_224};
    static const uint32_t curves[][2] = {{TEE_ECC_CURVE_NIST_P192, 192},
                                         {TEE_ECC_CURVE_NIST_P224, 224},
                                         {TEE_ECC_CURVE_NIST_P256, 256},
                                         {TEE_ECC_CURVE_NIST_P384, 384},
                                         {TEE_ECC_CURVE_NIST_P521, 521}};
    uint8_t hash[80];
    for (size_t i = 0; i < sizeof(hash); i++)
        hash[i] = (uint8_t)next_number();
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        TEE_ObjectHandle pair = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, curves[c][0], curves[c][1]);
        for (size_t a = 0; a < KM_ARRAY_LEN(algs); a++) {
            RT_OK(TEE_IsAlgorithmSupported(algs[a], curves[c][0]));
            sign_and_verify(algs[a], curves[c][1], pair, pair, hash,
                            1 + next_number() % sizeof(hash));
        }
        TEE_CloseObject(pair);
    }
}

/* P-192 and P-224 agree with themselves, and refuse a point that is not theirs. */
static void small_curves(void **state)
{
    (void)state;
    static const uint32_t curves[][2] = {{TEE_ECC_CURVE_NIST_P192, 192},
                                         {TEE_ECC_CURVE_NIST_P224, 224}};
    for (size_t c = 0; c < KM_ARRAY_LEN(curves); c++) {
        uint32_t bits = curves[c][1];
        uint8_t x[2][DH_LEN];
        uint8_t y[2][DH_LEN];
        uint8_t z[2][DH_LEN];
        TEE_ObjectHandle pairs[2];
        for (size_t i = 0; i < 2; i++) {
            pairs[i] = ec_generate(TEE_TYPE_ECDH_KEYPAIR, curves[c][0], bits);
            attribute(pairs[i], TEE_ATTR_ECC_PUBLIC_VALUE_X, x[i]);
            attribute(pairs[i], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y[i]);
        }
        for (size_t i = 0; i < 2; i++) {
            TEE_OperationHandle op =
                keyed(TEE_ALG_ECDH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, bits, pairs[i]);
            TEE_Attribute peer[] = {ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x[1 - i], bits / 8),
                                    ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y[1 - i], bits / 8)};
            TEE_ObjectHandle out = fresh(TEE_TYPE_GENERIC_SECRET, bits);
            TEE_DeriveKey(op, peer, 2, out);
            assert_int_equal(attribute(out, TEE_ATTR_SECRET_VALUE, z[i]), bits / 8);
            TEE_CloseObject(out);
            TEE_FreeOperation(op);
            TEE_CloseObject(pairs[i]);
        }
        assert_memory_equal(z[0], z[1], bits / 8);
        x[0][5] ^= 1;
        TEE_Attribute off[] = {ref(TEE_ATTR_ECC_PUBLIC_VALUE_X, x[0], bits / 8),
                               ref(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y[0], bits / 8),
                               val(TEE_ATTR_ECC_CURVE, curves[c][0])};
        refuse(TEE_TYPE_ECDH_PUBLIC_KEY, bits, off, 3);
    }
}

/* ---- RSA: key and texts of draft-irtf-cfrg-rsa-guidance, B.1 ---- */

#define GUIDANCE_N                                                                                 \
    "c8cc839714098da56caa23640f93dc8997c16372968fc1b0c6df5113c1c94e8b21e48ad2297e6541"             \
    "9011b4e6d8f5e73b1b78b257400321d1ef6b602d4ec8ce8d141c94905eb4ad306639a49206534b6e"             \
    "7f2607423e97dffd133c88d721399defbc7e96ccdcbd7f3aae1fe892712bfb4929817d511666440a"             \
    "1facb7a208f5ea165910add8a3f2d497202360ccb632024f0d07169c1918f316f794b143aef54ec8"             \
    "7522a4c02978f9689980bffbf649c307e81819bff88409638d48bd94be152b59ff649fa0bd629d0f"             \
    "fa1813c3abf4b56bd3c2ea5465dffa14589292a9d8a24ad26be7ee0510741b6382d43c83d5bfa40a"             \
    "46613d062be445517dbcaf0cb4e1a769"
#define GUIDANCE_D                                                                                 \
    "1455010e0f2d587663a666a6ff1ccdbbf0edd8100646d02a023922908992c4ad39e5565929726ef6"             \
    "508c3a71158ef0b6ff751d39d07580bb2d2f063210442d0603ff50dbbd7b35fe2c9bb19a47a1af85"             \
    "a4c24901e02ca8b58b7919b20edf32aacfbf51adb4bc4b61b9b7e968caa4d570f70ef18d80632288"             \
    "93e47d439efca793259bcf2cd108a3d8688cdf078e7ac799969f2339d2c1f522b969684629a933ba"             \
    "aec2681625eab84f4e56f4447e9d88fb9a199cf71023e0e257b14441b33c84d3bc67ca8031d26126"             \
    "18103a7a0a40844262f75d8890cd616e51f9035488fd6e099de8ff6d65a4ff118254807c9f58d2fb"             \
    "ba8ba151dc8c68be349c977a204e04c1"
static const struct {
    const char *ciphertext, *text;
} guidance[] = {
    /* valid */
    {"8bfe264e85d3bdeaa6b8851b8e3b956ee3d226fd3f69063a86880173a273d9f283b2eebdd1ed35f7"
     "e02d91c571981b6737d5320bd8396b0f3ad5b019daec1b0aab3cbbc026395f4fd14f13673f2dfc81"
     "f9b660ec26ac381e6db3299b4e460b43fab9955df2b3cfaa20e900e19c856238fd371899c2bf2ce8"
     "c868b76754e5db3b036533fd603746be13c10d4e3e6022ebc905d20c2a7f32b215a4cd53b3f44ca1"
     "c327d2c2b651145821c08396c89071f665349c25e44d2733cd9305985ceef6430c3cf57af5fa2240"
     "89221218fa34737c79c446d28a94c41c96e4e92ac53fbcf384dea8419ea089f8784445a492c812eb"
     "0d409467f75afd7d4d1078886205a066",
     "6c6f72656d20697073756d20646f6c6f722073697420616d6574"},
    /* empty */
    {"20aaa8adbbc593a924ba1c5c7990b5c2242ae4b99d0fe636a19a4cf754edbcee774e472fe028160e"
     "d42634f8864900cb514006da642cae6ae8c7d087caebcfa6dad1551301e130344989a1d462d41645"
     "05f6393933450c67bc6d39d8f5160907cabc251b737925a1cf21e5c6aa5781b7769f6a2a583d97cc"
     "e008c0f8b6add5f0b2bd80bee60237aa39bb20719fe75749f4bc4e42466ef5a861ae3a92395c7d85"
     "8d430bfe38040f445ea93fa2958b503539800ffa5ce5f8cf51fa8171a91f36cb4f4575e8de6b4d3f"
     "096ee140b938fd2f50ee13f0d050222e2a72b0a3069ff3a6738e82c87090caa5aed4fcbe882c4964"
     "6aa250b98f12f83c8d528113614a29e7",
     ""},
    /* max */
    {"48cceab10f39a4db32f60074feea473cbcdb7accf92e150417f76b44756b190e843e79ec12aa8508"
     "3a21f5437e7bad0a60482e601198f9d86923239c8786ee728285afd0937f7dde12717f28389843d7"
     "375912b07b991f4fdb0190fced8ba665314367e8c5f9d2981d0f5128feeb46cb50fc237e64438a86"
     "df198dd0209364ae3a842d77532b66b7ef263b83b1541ed671b120dfd660462e2107a4ee7b964e73"
     "4a7bd68d90dda61770658a3c242948532da32648687e0318286473f675b412d6468f013f14d760a3"
     "58dfcad3cda2afeec5e268a37d250c37f722f468a70dfd92d7294c3c1ee1e7f8843b7d16f9f37ef3"
     "5748c3ae93aa155cdcdfeb4e78567303",
     "22d850137b9eebe092b24f602dc5bb7918c16bd89ddbf20467b119d205f9c2e4bd7d2592cf1e5321"
     "06e0f33557565923c73a02d4f09c0c22bea89148183e60317f7028b3aa1f261f91c979393101d7e1"
     "5f4067e63979b32751658ef769610fe97cf9cef3278b3117d384051c3b1d82c251c2305418c8f684"
     "0530e631aad63e70e20e025bcd8efb54c92ec6d3b106a2f8e64eeff7d38495b0fc50c97138af4b1c"
     "0a67a1c4e27b077b8439332edfa8608dfeae653cd6a628ac550395f7e74390e42c11682234870925"
     "eeaa1fa71b76cf1f2ee3bda69f6717033ff8b7c95c9799e7a3bea5e7e4a1c359772fb6b1c6e6c516"
     "661dfe30c3"},
    /* third */
    {"1690ebcceece2ce024f382e467cf8510e74514120937978576caf684d4a02ad569e8d76cbe365a06"
     "0e00779de2f0865ccf0d923de3b4783a4e2c74f422e2f326086c390b658ba47f31ab013aa80f468c"
     "71256e5fa5679b24e83cd82c3d1e05e398208155de2212993cd2b8bab6987cf4cc1293f199092194"
     "39d74127545e9ed8a706961b8ee2119f6bfacafbef91b75a789ba65b8b833bc6149cf49b5c4d2c63"
     "59f62808659ba6541e1cd24bf7f7410486b5103f6c0ea29334ea6f4975b17387474fe920710ea615"
     "68d7b7c0a7916acf21665ad5a31c4eabcde44f8fb6120d8457afa1f3c85d517cda364af620113ae5"
     "a3c52a048821731922737307f77a1081",
     "4f02"},
    /* first octet */
    {"9b2ec9c0c917c98f1ad3d0119aec6be51ae3106e9af1914d48600ab6a2c0c0c8ae02a2dc3039906f"
     "f3aac904af32ec798fd65f3ad1afa2e69400e7c1de81f5728f3b3291f38263bc7a90a0563e43ce7a"
     "0d4ee9c0d8a716621ca5d3d081188769ce1b131af7d35b13dea99153579c86db31fe07d5a2c14d62"
     "1b77854e48a8df41b5798563af489a291e417b6a334c63222627376118c02c53b6e86310f728734f"
     "fc86ef9d7c8bf56c0c841b24b82b59f51aee4526ba1c4268506d301e4ebc498c6aebb6fd5258c876"
     "bf900bac8ca4d309dd522f6a6343599a8bc3760f422c10c72d0ad527ce4af1874124ace3d99bb74d"
     "b8d69d2528db22c3a37644640f95c05f",
     "a1f8c9255c35cfba403ccc"},
    /* zero first */
    {"0096136621faf36d5290b16bd26295de27f895d1faa51c800dafce73d001d60796cd4e2ac3fa2162"
     "131d859cd9da5a0c8a42281d9a63e5f353971b72e36b5722e4ac444d77f892a5443deb3dca49fa73"
     "2fe855727196e23c26eeac55eeced8267a209ebc0f92f4656d64a6c13f7f7ce544ebeb0f668fe3a6"
     "c0f189e4bcd5ea12b73cf63e0c8350ee130dd62f01e5c97a1e13f52fde96a9a1bc9936ce734fdd61"
     "f27b18216f1d6de87f49cf4f2ea821fb8efd1f92cdad529baf7e31aff9bff4074f2cad2b4243dd15"
     "a711adcf7de900851fbd6bcb53dac399d7c880531d06f25f7002e1aaf1722765865d2c2b902c7736"
     "acd27bc6cbd3e38b560e2eecf7d4b576",
     "ba27b1842e7c21c0e7ef6a"},
};

static TEE_ObjectHandle rsa_pair(void)
{
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_RSA_MODULUS, GUIDANCE_N),
                             ref_hex(TEE_ATTR_RSA_PUBLIC_EXPONENT, "010001"),
                             ref_hex(TEE_ATTR_RSA_PRIVATE_EXPONENT, GUIDANCE_D)};
    return populated(TEE_TYPE_RSA_KEYPAIR, 2048, attrs, 3);
}

static void rsaes_known_answers(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle first = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048, pair);
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateOperation(&op, TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048));
    TEE_CopyOperation(op, first);
    TEE_FreeOperation(first);
    for (size_t i = 0; i < KM_ARRAY_LEN(guidance); i++) {
        size_t len = 0;
        size_t want_len = 0;
        const uint8_t *ciphertext = unhex(guidance[i].ciphertext, &len);
        const uint8_t *want = unhex(guidance[i].text, &want_len);
        uint8_t out[256];
        size_t out_len = want_len == 0 ? 0 : want_len - 1;
        if (want_len != 0)
            assert_int_equal(TEE_AsymmetricDecrypt(op, NULL, 0, ciphertext, len, out, &out_len),
                             TEE_ERROR_SHORT_BUFFER);
        assert_int_equal(out_len, want_len);
        RT_OK(TEE_AsymmetricDecrypt(op, NULL, 0, ciphertext, len, out, &out_len));
        assert_int_equal(out_len, want_len);
        if (want_len != 0)
            assert_memory_equal(out, want, want_len);
    }
    TEE_FreeOperation(op);
    TEE_CloseObject(pair);
}

/* Of any ciphertext something comes out, the same each time, that no right one would not give too. */
static void rsaes_never_tells(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle enc = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_ENCRYPT, 2048, pair);
    TEE_OperationHandle dec = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048, pair);
    uint8_t text[245];
    uint8_t ciphertext[256];
    uint8_t out[2][256];
    for (size_t i = 0; i < 24; i++) {
        size_t len = i == 0 ? 0 : i == 1 ? 245 : next_number() % 246;
        size_t size = sizeof(ciphertext);
        for (size_t k = 0; k < len; k++)
            text[k] = (uint8_t)next_number();
        RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, text, len, ciphertext, &size));
        size = sizeof(out[0]);
        RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out[0], &size));
        assert_int_equal(size, len);
        if (len != 0)
            assert_memory_equal(out[0], text, len);
        ciphertext[255] ^= 1;
        size_t sizes[2] = {256, 256};
        for (size_t k = 0; k < 2; k++)
            RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out[k], &sizes[k]));
        assert_true(sizes[0] == sizes[1] && sizes[0] <= 245);
        if (sizes[0] != 0)
            assert_memory_equal(out[0], out[1], sizes[0]);
    }
    size_t size = sizeof(out[0]);
    assert_int_equal(TEE_AsymmetricEncrypt(enc, NULL, 0, out, 246, ciphertext, &size),
                     TEE_ERROR_BAD_PARAMETERS);
    size = sizeof(out[0]);
    assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 255, out[0], &size),
                     TEE_ERROR_BAD_PARAMETERS);
    TEE_Attribute label = ref(TEE_ATTR_RSA_OAEP_LABEL, "x", 1);
    assert_int_equal(TEE_AsymmetricDecrypt(dec, &label, 1, ciphertext, 256, out[0], &size),
                     TEE_ERROR_BAD_PARAMETERS);
    memset(ciphertext, 0xff, sizeof(ciphertext)); /* above the modulus, as everybody can see */
    assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out[0], &size),
                     TEE_ERROR_CIPHERTEXT_INVALID);
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(pair);
}

/* Blocks by hand, at the borders of what is a padding; each goes through bare RSA. */
static void rsaes_borders(void **state)
{
    (void)state;
    static const struct {
        uint8_t first, second;
        size_t zero_at; /* 0: none */
        bool is_right;
    } cases[] = {
        {0, 2, 10, true},  {0, 2, 11, true},   {0, 2, 128, true}, {0, 2, 255, true},
        {0, 2, 9, false},  {0, 2, 2, false},   {0, 2, 0, false},  {0, 1, 10, false},
        {0, 3, 10, false}, {0, 0, 128, false}, {1, 2, 10, false}, {0x80, 2, 255, false},
    };
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle enc = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, 2048, pair);
    TEE_OperationHandle dec = keyed(TEE_ALG_RSAES_PKCS1_V1_5, TEE_MODE_DECRYPT, 2048, pair);
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        uint8_t block[256];
        uint8_t ciphertext[256];
        uint8_t out[256];
        size_t len = sizeof(ciphertext);
        for (size_t k = 0; k < sizeof(block); k++)
            block[k] = (uint8_t)(1 + next_number() % 255);
        block[0] = cases[i].first;
        block[1] = cases[i].second;
        if (cases[i].zero_at != 0)
            block[cases[i].zero_at] = 0;
        if (cases[i].is_right && cases[i].zero_at < 200)
            block[220] = 0; /* only the first one ends the padding */
        RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, block, 256, ciphertext, &len));
        RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len));
        size_t want = 256 - (cases[i].zero_at + 1);
        bool is_text = len == want && (want == 0 || memcmp(out, block + 256 - want, want) == 0);
        assert_true(len <= 245);
        assert_int_equal(is_text, cases[i].is_right);
    }
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(pair);
}

static void rsa_raw(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = rsa_pair();
    TEE_OperationHandle enc = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_ENCRYPT, 2048, pair);
    TEE_OperationHandle dec = keyed(TEE_ALG_RSA_NOPAD, TEE_MODE_DECRYPT, 2048, pair);
    uint8_t text[256] = {0};
    uint8_t ciphertext[256];
    uint8_t out[256];
    size_t len = sizeof(ciphertext);
    memset(text + 200, 7, 56);
    RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, text + 200, 56, ciphertext, &len));
    assert_int_equal(len, 256);
    RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len));
    assert_int_equal(len, 256);
    assert_memory_equal(out, text, 256);
    memset(text, 0xff, sizeof(text));
    assert_int_equal(TEE_AsymmetricEncrypt(enc, NULL, 0, text, 256, ciphertext, &len),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, text, 256, out, &len),
                     TEE_ERROR_CIPHERTEXT_INVALID);
    TEE_FreeOperation(enc);
    TEE_FreeOperation(dec);
    TEE_CloseObject(pair);
}

static void rsa_sha3(void **state)
{
    (void)state;
    static const struct {
        uint32_t pkcs1, pss, oaep, hash;
    } rows[] = {
        {TEE_ALG_RSASSA_PKCS1_V1_5_MD5, 0, 0, TEE_ALG_MD5},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_224, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_224,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_224, TEE_ALG_SHA3_224},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_256, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_256,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_256, TEE_ALG_SHA3_256},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_384, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_384,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_384, TEE_ALG_SHA3_384},
        {TEE_ALG_RSASSA_PKCS1_V1_5_SHA3_512, TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA3_512,
         TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA3_512, TEE_ALG_SHA3_512},
    };
    TEE_ObjectHandle pair = rsa_pair();
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        uint8_t hash[64];
        uint8_t ciphertext[256];
        uint8_t out[256];
        size_t hash_len = digest(rows[i].hash, "text", 4, hash);
        size_t len = sizeof(ciphertext);
        sign_and_verify(rows[i].pkcs1, 2048, pair, pair, hash, hash_len);
        if (rows[i].pss == 0)
            continue;
        sign_and_verify(rows[i].pss, 2048, pair, pair, hash, hash_len);
        TEE_OperationHandle enc = keyed(rows[i].oaep, TEE_MODE_ENCRYPT, 2048, pair);
        TEE_OperationHandle dec = keyed(rows[i].oaep, TEE_MODE_DECRYPT, 2048, pair);
        RT_OK(TEE_AsymmetricEncrypt(enc, NULL, 0, "text", 4, ciphertext, &len));
        len = sizeof(out);
        RT_OK(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len));
        assert_int_equal(len, 4);
        assert_memory_equal(out, "text", 4);
        ciphertext[0] ^= 1;
        len = sizeof(out);
        assert_int_equal(TEE_AsymmetricDecrypt(dec, NULL, 0, ciphertext, 256, out, &len),
                         TEE_ERROR_CIPHERTEXT_INVALID);
        TEE_FreeOperation(enc);
        TEE_FreeOperation(dec);
    }
    TEE_CloseObject(pair);
}

/* ---- the locked heap full, and a little less full each time ---- */

static struct {
    TEE_ObjectHandle ec, rsa, aes;
    TEE_OperationHandle sign;
} scarce;

static TEE_Result generate(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t count)
{
    TEE_ObjectHandle object = fresh(type, bits);
    TEE_Result result = TEE_GenerateKey(object, bits, attrs, count);
    TEE_CloseObject(object);
    return result;
}

static TEE_Result scarce_ed25519(void)
{
    return generate(TEE_TYPE_ED25519_KEYPAIR, 256, NULL, 0);
}

static TEE_Result scarce_dsa(void)
{
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_ObjectHandle object = fresh(TEE_TYPE_DSA_KEYPAIR, DSA_BITS);
    TEE_Result result = TEE_PopulateTransientObject(object, attrs, 5);
    TEE_CloseObject(object);
    return result == TEE_SUCCESS ? generate(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 3) : result;
}

static TEE_Result scarce_dh(void)
{
    TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_DH_PRIME, DH_P), ref_hex(TEE_ATTR_DH_BASE, DH_G)};
    return generate(TEE_TYPE_DH_KEYPAIR, DH_BITS, attrs, 2);
}

static TEE_Result scarce_fixed(void)
{
    uint8_t hash[32] = {1};
    uint8_t sig[64];
    size_t len = sizeof(sig);
    return TEE_AsymmetricSignDigest(scarce.sign, NULL, 0, hash, 32, sig, &len);
}

static TEE_Result scarce_key(uint32_t alg, uint32_t bits, TEE_ObjectHandle key)
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateOperation(&op, alg, TEE_MODE_DECRYPT, bits));
    TEE_Result result = TEE_SetOperationKey(op, key);
    TEE_FreeOperation(op);
    return result;
}

static TEE_Result scarce_rsaes(void)
{
    return scarce_key(TEE_ALG_RSAES_PKCS1_V1_5, 2048, scarce.rsa);
}

static TEE_Result scarce_ccm(void)
{
    return scarce_key(TEE_ALG_AES_CCM, 128, scarce.aes);
}

static TEE_Result scarce_wrap(void)
{
    uint8_t text[40] = {0};
    size_t len = sizeof(text);
    TEE_OperationHandle op = keyed(TEE_ALG_AES_KW, TEE_MODE_ENCRYPT, 128, scarce.aes);
    TEE_CipherInit(op, NULL, 0);
    TEE_Result result = TEE_CipherDoFinal(op, text, 32, text, &len);
    TEE_FreeOperation(op);
    return result;
}

/* Whatever runs short of locked memory says so: nothing else is blamed, and nothing dies. */
static void locked_heap_runs_short(void **state)
{
    (void)state;
    static TEE_Result (*const calls[])(void) = {
        scarce_ed25519, scarce_dsa, scarce_dh, scarce_fixed, scarce_rsaes, scarce_ccm, scarce_wrap};
    uint8_t bytes[16] = {1};
    scarce.rsa = rsa_pair();
    scarce.aes = secret_object(TEE_TYPE_AES, bytes, 16);
    scarce.ec = ec_pair(fixed[4].curve, fixed[4].bits, fixed[4].secret);
    scarce.sign = keyed(fixed[4].alg, TEE_MODE_SIGN, 256, scarce.ec);
    for (size_t i = 0; i < KM_ARRAY_LEN(calls); i++) {
        fill_locked_heap();
        TEE_Result result = calls[i]();
        assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
        while (result != TEE_SUCCESS && give_one_back()) {
            result = calls[i]();
            assert_true(result == TEE_SUCCESS || result == TEE_ERROR_OUT_OF_MEMORY);
        }
        assert_int_equal(result, TEE_SUCCESS);
        while (give_one_back())
            ;
    }
    TEE_FreeOperation(scarce.sign);
    TEE_CloseObject(scarce.ec);
    TEE_CloseObject(scarce.rsa);
    TEE_CloseObject(scarce.aes);
}

/* The new types survive the store, and what comes back works. */
static void stored(void **state)
{
    (void)state;
    TEE_Attribute attrs[5];
    dsa_attrs(attrs);
    TEE_Attribute ed[] = {ref_hex(TEE_ATTR_ED25519_PUBLIC_VALUE, eddsa[1].open),
                          ref_hex(TEE_ATTR_ED25519_PRIVATE_VALUE, eddsa[1].secret)};
    TEE_ObjectHandle keys[] = {populated(TEE_TYPE_DSA_KEYPAIR, DSA_BITS, attrs, 5),
                               populated(TEE_TYPE_ED25519_KEYPAIR, 256, ed, 2),
                               dh_pair(false, 200)};
    static const char *const names[] = {"dsa", "ed25519", "dh"};
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++) {
        RT_OK(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, names[i], strlen(names[i]), 0,
                                         keys[i], NULL, 0, NULL));
        TEE_CloseObject(keys[i]);
    }
    fixture_reopen_store();
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++)
        RT_OK(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, names[i], strlen(names[i]),
                                       TEE_DATA_FLAG_ACCESS_READ, &keys[i]));
    uint8_t hash[64];
    size_t len = digest(TEE_ALG_SHA256, "text", 4, hash);
    sign_and_verify(TEE_ALG_DSA_SHA256, DSA_BITS, keys[0], keys[0], hash, len);
    sign_and_verify(TEE_ALG_ED25519, 256, keys[1], keys[1], hash, len);
    uint32_t x_bits = 0;
    RT_OK(TEE_GetObjectValueAttribute(keys[2], TEE_ATTR_DH_X_BITS, &x_bits, NULL));
    assert_int_equal(x_bits, 200);
    TEE_FreeOperation(keyed(TEE_ALG_DH_DERIVE_SHARED_SECRET, TEE_MODE_DERIVE, DH_BITS, keys[2]));
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++)
        TEE_CloseObject(keys[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(dsa_known_answers, fixture_after),
        cmocka_unit_test_teardown(dsa_generates, fixture_after),
        cmocka_unit_test_teardown(dsa_refuses, fixture_after),
        cmocka_unit_test_teardown(dh_agrees, fixture_after),
        cmocka_unit_test_teardown(dh_known_numbers, fixture_after),
        cmocka_unit_test_teardown(dh_refuses, fixture_after),
        cmocka_unit_test_teardown(eddsa_known_answers, fixture_after),
        cmocka_unit_test_teardown(eddsa_rules, fixture_after),
        cmocka_unit_test_teardown(x25519, fixture_after),
        cmocka_unit_test_teardown(curve_448, fixture_after),
        cmocka_unit_test_teardown(ecdsa_fixed, fixture_after),
        cmocka_unit_test_teardown(ecdsa_all, fixture_after),
        cmocka_unit_test_teardown(small_curves, fixture_after),
        cmocka_unit_test_teardown(rsaes_known_answers, fixture_after),
        cmocka_unit_test_teardown(rsaes_never_tells, fixture_after),
        cmocka_unit_test_teardown(rsaes_borders, fixture_after),
        cmocka_unit_test_teardown(rsa_raw, fixture_after),
        cmocka_unit_test_teardown(rsa_sha3, fixture_after),
        cmocka_unit_test_teardown(locked_heap_runs_short, fixture_after),
        cmocka_unit_test_teardown(stored, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
