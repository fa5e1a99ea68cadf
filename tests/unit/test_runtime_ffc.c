/* SPDX-License-Identifier: Apache-2.0 */
/* DSA and DH: published vectors, libcrypto's numbers, and keys that must be refused. */
#include "tests/unit/runtime_keys.h"

#include <openssl/bn.h>

/* ---- DSA ---- */

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

/* ---- DH ---- */

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

/* Other kits say 0 where they leave the length of the private value open; it can be read back like any other. */
static void dh_length_left_open(void **state)
{
    (void)state;
    const TEE_Attribute attrs[] = {ref_hex(TEE_ATTR_DH_PRIME, DH_P),
                                   ref_hex(TEE_ATTR_DH_BASE, DH_G), val(TEE_ATTR_DH_X_BITS, 0)};
    TEE_ObjectHandle pair = fresh(TEE_TYPE_DH_KEYPAIR, DH_BITS);
    uint8_t x[DH_LEN];
    uint32_t bits = 1;
    RT_OK(TEE_GenerateKey(pair, DH_BITS, attrs, 3));
    assert_true(attribute(pair, TEE_ATTR_DH_PRIVATE_VALUE, x) > 160 / 8 - 2);
    RT_OK(TEE_GetObjectValueAttribute(pair, TEE_ATTR_DH_X_BITS, &bits, NULL));
    assert_int_equal(bits, 0);
    TEE_CloseObject(pair);
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
        cmocka_unit_test_teardown(dh_length_left_open, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
