/* SPDX-License-Identifier: Apache-2.0 */
/* Big numbers, against values computed with Python's integers. */
#include "tests/unit/runtime_fixture.h"

#include <string.h>

#define WORDS TEE_BigIntSizeInU32(1024)

static const struct {
    const char *a, *b, *n;
    const char *sum, *difference, *product, *quotient, *remainder;
    const char *a_mod_n, *sum_mod, *difference_mod, *product_mod, *inverse, *power, *gcd;
} rows[] = {
    {"e7", "b9", "0161", "01a0", "2e", "a6ef", "01", "2e", "e7", "3f", "2e", "16", "d9", "8c",
     "01"},
    {"-c963cfe0", "-621cf9a5", "01e1454c41", "-012b80c985", "-6746d63b", "4d2f00e25f05db60", "02",
     "-0529dc96", "0117e17c61", "b5c482bc", "0179fe7606", "019cdbb167", "9028b9c7", "66fbc2c2",
     "01"},
    {"c2840d2b26b563b1", "ac8be7d7", "01d96e5adfa2beee31", "c2840d2bd3414b88", "c2840d2a7a297bda",
     "831b06b4a938e2a33c6670a7", "0120984f0c", "5bf32c9d", "c2840d2b26b563b1", "c2840d2bd3414b88",
     "c2840d2a7a297bda", "011222520b08a43b57", "01008e7a5b984f0281", "31a362f6c7be28d0", "07"},
    {"-49561ea153d23c0bdf43efb219fcfc64", "016959935406e82a012b5c5cd1e7ca430e",
     "f37972a36d51b31a6c20050ed31a6e72b91333bc1cfe6c2b05", "01200374b2b315edf54c186d1fcdcd46aa",
     "-01b2afb1f55aba660d0aa04c8401c73f72",
     "-67841a56ab1cd1a0d86157b973eee25bd2f38d642009c86b779c7f8c04cbf978", "00",
     "-49561ea153d23c0bdf43efb219fcfc64", "f37972a36d51b31a6bd6aef031c69c36ad33efcc6ae46f2ea1",
     "01200374b2b315edf54c186d1fcdcd46aa", "f37972a36d51b31a6a6d555cddbfb40cac08936f98fca4eb93",
     "ede86ed4be8765e8455d28f6ac3bddbd31da6b7a6092405f07",
     "ea42f691241023568eed4137b4245114c32657703f5ca792e2",
     "68669c6d3841652e81ee0a817ccfd993ceb39cab19333f7917", "02"},
    {"e89c5bc7a0187b4d51209e8f332726d0356a41526977a41b730bed9c94a67f00",
     "-ce3ad2b28491cabea0afe35617bcc74d6d683cf8542861cd55e7d67eae6ac4a9",
     "88fc20813e1dcfb592bde31c34d2ea1614daf46767a9b05c7dfb27e8d775f595",
     "1a6189151b86b08eb070bb391b6a5f82c802045a154f424e1d24171de63bba57",
     "01b6d72e7a24aa460bf1d081e54ae3ee1da2d27e4abda005e8c8f3c41b431143a9",
     "-bb6344b9e684a3010e0f44088b71443ff3e8e3e9ef92de4bdb8211eb662b3b9d1d3cdbee2cbeaf534153356309575f8e90e330f8cac80d60d5c6f7703125d700",
     "-01", "1a6189151b86b08eb070bb391b6a5f82c802045a154f424e1d24171de63bba57",
     "5fa03b4661faab97be62bb72fe543cba208f4ceb01cdf3bef510c5b3bd30896b",
     "1a6189151b86b08eb070bb391b6a5f82c802045a154f424e1d24171de63bba57",
     "1be2ccf66a50d6eb3996d890ac6b2fdb6441a11486a2f4d34f024c60bcaf62ea",
     "316e7907ee6f29fdcec86d65a68346ce2e0634a71fb90034f3f98a999278b917",
     "35e556e45074e922d6e5e7855e7f1e93c5c6bd93652c40112422ce9d03b540a4",
     "66d10ccbaf4118d22184a7345bcc14e2573f7006ffaa8f9d56aa522c846d7b81", "01"},
    {"-85f9eb87e7db270d1e2162169fbba63829d144e441bc858eb0b4362e4e18a3634891a61bc3b1b366b1852ac840e0529930b9f6091570bc621832c9e233aa3918",
     "0d3be4c78bb4ae3dd3447e6046",
     "0ccf9e1fcc46a5157170cc8fc5260352a9bf0e56d5813cd158af92ed2607383c017bd756a407",
     "-85f9eb87e7db270d1e2162169fbba63829d144e441bc858eb0b4362e4e18a3634891a61bc3b1b366b1852ac840e0529930b9f5fbd98bf4d663848c0eef2bd8d2",
     "-85f9eb87e7db270d1e2162169fbba63829d144e441bc858eb0b4362e4e18a3634891a61bc3b1b366b1852ac840e0529930b9f616515583edcce107b57828995e",
     "-06ed094a3340f36eb45806a0a9760ac1bb5afcec588f84557e78cc2f5a94c1b41dea8f7d80dcef59692d52fffdd3d98c64995bca74d3300f192ef9400a4b4b9419fb667424efde72f46fc49c90",
     "-0a1fa8e2da127f85991626806e8f1b8e71aeacaf3f6e9770c8e41e9c209f8351ea81fe51dd8516052e2cc303c7a9becff2f1576a",
     "-01f73e21e8008da58c16b8921c",
     "0b76439e5ad40c66975697c50ae3a1e0d4872192221eb99538f98c67b2173a6c7b0e314ce0da",
     "0b76439e5ad40c66975697c50ae3a1e0d4872192221eb9953906c84c79a2ef1ab8e175cb4120",
     "0b76439e5ad40c66975697c50ae3a1e0d4872192221eb99538ec5082ea8b85be3d3aecce8094",
     "0c7725ee2cec046f8a7277afd3f5d0209c6f3aa9a42320a1650ca485b9c7042eb607bad06f32",
     "073d6a814f51d679a909dcad744c9660fcff265a925d5926a92c076f0ece0dd921e0961824a7",
     "0278b80105ab588dab376463a1f3598e0818bcccd2f902e49edd860b44d746052aa96cd1c69e", "02"},
};

static void set(TEE_BigInt *number, const char *text)
{
    size_t len = 0;
    bool negative = text[0] == '-';
    const uint8_t *bytes = unhex(text + negative, &len);
    TEE_BigIntInit(number, WORDS);
    RT_OK(TEE_BigIntConvertFromOctetString(number, bytes, len, negative ? -1 : 1));
}

static void expect(const TEE_BigInt *number, const char *want)
{
    TEE_BigInt wanted[WORDS];
    set(wanted, want);
    assert_int_equal(TEE_BigIntCmp(number, wanted), 0);
}

struct numbers {
    TEE_BigInt a[WORDS], b[WORDS], n[WORDS], x[WORDS], y[WORDS], r[WORDS], s[WORDS];
};

static void take(struct numbers *v, size_t i)
{
    set(v->a, rows[i].a);
    set(v->b, rows[i].b);
    set(v->n, rows[i].n);
    TEE_BigIntInit(v->x, WORDS);
    TEE_BigIntInit(v->y, WORDS);
    TEE_BigIntInit(v->r, WORDS);
    TEE_BigIntInit(v->s, WORDS);
    TEE_BigIntMod(v->x, v->a, v->n);
    TEE_BigIntMod(v->y, v->b, v->n);
}

static void arithmetic(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct numbers v;
        take(&v, i);
        TEE_BigIntAdd(v.r, v.a, v.b);
        expect(v.r, rows[i].sum);
        TEE_BigIntSub(v.r, v.a, v.b);
        expect(v.r, rows[i].difference);
        TEE_BigIntMul(v.r, v.a, v.b);
        expect(v.r, rows[i].product);
        TEE_BigIntDiv(v.r, v.s, v.a, v.b);
        expect(v.r, rows[i].quotient);
        expect(v.s, rows[i].remainder);
        TEE_BigIntDiv(v.a, v.b, v.a, v.b); /* over its operands */
        expect(v.a, rows[i].quotient);
        expect(v.b, rows[i].remainder);
        TEE_BigIntNeg(v.s, v.r);
        TEE_BigIntAdd(v.s, v.s, v.r);
        assert_int_equal(TEE_BigIntCmpS32(v.s, 0), 0);
        TEE_BigIntSquare(v.s, v.x);
        TEE_BigIntMul(v.r, v.x, v.x);
        assert_int_equal(TEE_BigIntCmp(v.r, v.s), 0);
    }
}

static void modular(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct numbers v;
        TEE_BigIntFMMContext context[WORDS];
        TEE_BigIntFMM f[3][WORDS];
        take(&v, i);
        expect(v.x, rows[i].a_mod_n);
        TEE_BigIntAddMod(v.r, v.x, v.y, v.n);
        expect(v.r, rows[i].sum_mod);
        TEE_BigIntSubMod(v.r, v.x, v.y, v.n);
        expect(v.r, rows[i].difference_mod);
        TEE_BigIntMulMod(v.r, v.x, v.y, v.n);
        expect(v.r, rows[i].product_mod);
        TEE_BigIntInvMod(v.r, v.x, v.n);
        expect(v.r, rows[i].inverse);
        RT_OK(TEE_BigIntExpMod(v.r, v.x, v.y, v.n, NULL));
        expect(v.r, rows[i].power);
        RT_OK(TEE_BigIntInitFMMContext1(context, WORDS, v.n));
        for (int k = 0; k < 3; k++)
            TEE_BigIntInitFMM(f[k], WORDS);
        TEE_BigIntConvertToFMM(f[0], v.a, v.n, context);
        TEE_BigIntConvertToFMM(f[1], v.b, v.n, context);
        TEE_BigIntComputeFMM(f[2], f[0], f[1], v.n, context);
        TEE_BigIntConvertFromFMM(v.r, f[2], v.n, context);
        expect(v.r, rows[i].product_mod);
    }
}

static void divisors(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct numbers v;
        TEE_BigInt left[WORDS];
        TEE_BigInt right[WORDS];
        take(&v, i);
        TEE_BigIntInit(left, WORDS);
        TEE_BigIntInit(right, WORDS);
        TEE_BigIntComputeExtendedGcd(v.r, v.x, v.y, v.a, v.b);
        expect(v.r, rows[i].gcd);
        TEE_BigIntMul(left, v.x, v.a);
        TEE_BigIntMul(right, v.y, v.b);
        TEE_BigIntAdd(left, left, right);
        assert_int_equal(TEE_BigIntCmp(left, v.r), 0);
        assert_int_equal(TEE_BigIntRelativePrime(v.a, v.b), strcmp(rows[i].gcd, "01") == 0);
    }
}

static void primes(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        int32_t answer;
    } cases[] = {
        {"00", 0},
        {"01", 0},
        {"02", 1},
        {"03", 1},
        {"04", 0},
        {"fff1", 1},
        {"ffff", 0},
        {"-07", 0},
        {"0231", 0},                              /* 561, a Carmichael number */
        {"7fffffffffffffffffffffffffffffff", -1}, /* 2^127 - 1 */
        {"7ffffffffffffffffffffffffffffffd", 0},
        {"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
         -1}, /* P-256's field */
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        TEE_BigInt number[WORDS];
        set(number, cases[i].number);
        assert_int_equal(TEE_BigIntIsProbablePrime(number, 80), cases[i].answer);
    }
}

static void bits_and_conversions(void **state)
{
    (void)state;
    TEE_BigInt a[WORDS];
    TEE_BigInt b[WORDS];
    TEE_BigInt small[TEE_BigIntSizeInU32(32)];
    uint8_t out[16];
    size_t len = 2;
    int32_t value = 0;
    set(a, "-010203");
    assert_int_equal(TEE_BigIntConvertToOctetString(out, &len, a), TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 3);
    RT_OK(TEE_BigIntConvertToOctetString(out, &len, a));
    assert_memory_equal(out, "\1\2\3", 3);
    assert_int_equal(TEE_BigIntGetBitCount(a), 17);
    assert_true(TEE_BigIntGetBit(a, 16));
    assert_false(TEE_BigIntGetBit(a, 15));
    assert_false(TEE_BigIntGetBit(a, 5000));
    RT_OK(TEE_BigIntConvertToS32(&value, a));
    assert_int_equal(value, -0x010203);
    TEE_BigIntInit(b, WORDS);
    TEE_BigIntShiftRight(b, a, 8);
    expect(b, "-0102");
    TEE_BigIntShiftRight(b, a, 1000);
    assert_int_equal(TEE_BigIntCmpS32(b, 0), 0);
    set(a, "0123456789abcdef0123456789abcdef");
    TEE_BigIntShiftRight(a, a, 36);
    expect(a, "00123456789abcdef0123456");
    RT_OK(TEE_BigIntSetBit(b, 100, true));
    expect(b, "10000000000000000000000000");
    RT_OK(TEE_BigIntSetBit(b, 100, false));
    assert_int_equal(TEE_BigIntGetBitCount(b), 0);
    assert_int_equal(TEE_BigIntSetBit(b, 1024, true), TEE_ERROR_OVERFLOW);
    RT_OK(TEE_BigIntSetBit(b, 1024, false));
    static const int32_t shorts[] = {0, 1, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < KM_ARRAY_LEN(shorts); i++) {
        TEE_BigIntConvertFromS32(b, shorts[i]);
        RT_OK(TEE_BigIntConvertToS32(&value, b));
        assert_int_equal(value, shorts[i]);
        assert_int_equal(TEE_BigIntCmpS32(b, shorts[i]), 0);
        if (shorts[i] != INT32_MAX)
            assert_true(TEE_BigIntCmpS32(b, INT32_MAX) < 0);
    }
    set(b, "80000000");
    assert_int_equal(TEE_BigIntConvertToS32(&value, b), TEE_ERROR_OVERFLOW);
    TEE_BigIntInit(small, TEE_BigIntSizeInU32(32));
    assert_int_equal(TEE_BigIntAssign(small, a), TEE_ERROR_OVERFLOW);
    assert_int_equal(TEE_BigIntConvertFromOctetString(small, (const uint8_t *)"\1\0\0\0\0", 5, 1),
                     TEE_ERROR_OVERFLOW);
    RT_OK(TEE_BigIntConvertFromOctetString(small, (const uint8_t *)"\0\0\1\0\0\0", 6, -1));
    RT_OK(TEE_BigIntAbs(b, small));
    expect(b, "01000000");
}

static void misuse(void **state)
{
    (void)state;
    struct numbers v;
    TEE_BigInt raw[WORDS] = {0};
    TEE_BigInt small[3];
    TEE_BigIntFMMContext context[WORDS];
    take(&v, 4);
    TEE_BigIntInit(small, 3);
    RT_PANICS(RT_BAD, TEE_BigIntAdd(v.r, raw, v.a));
    RT_PANICS(RT_BAD, TEE_BigIntAdd(raw, v.a, v.a));
    RT_PANICS(RT_BAD, TEE_BigIntAdd(v.r, NULL, v.a));
    RT_PANICS(RT_BAD, TEE_BigIntInit(raw, 1));
    RT_PANICS(RT_BAD, TEE_BigIntInit(NULL, 10));
    RT_PANICS(RT_BAD, TEE_BigIntInit(raw, 100000));
    RT_PANICS(TEE_ERROR_OVERFLOW, TEE_BigIntAdd(small, v.a, v.a));
    RT_PANICS(TEE_ERROR_OVERFLOW, TEE_BigIntShiftRight(small, v.a, 1));
    TEE_BigIntConvertFromS32(v.s, 0);
    RT_PANICS(RT_BAD, TEE_BigIntDiv(v.r, NULL, v.a, v.s));
    RT_PANICS(RT_BAD, TEE_BigIntMod(v.r, v.a, v.s));
    RT_PANICS(RT_BAD, TEE_BigIntInvMod(v.r, v.s, v.n));
    RT_PANICS(RT_BAD, TEE_BigIntComputeExtendedGcd(v.r, NULL, NULL, v.s, v.s));
    RT_PANICS(RT_BAD, TEE_BigIntAddMod(v.r, v.n, v.x, v.n));
    RT_PANICS(RT_BAD, (void)TEE_BigIntInitFMMContext1(context, WORDS, v.s));
    TEE_BigIntConvertFromS32(v.s, 1);
    RT_PANICS(RT_BAD, TEE_BigIntMod(v.r, v.a, v.s));
    TEE_BigIntConvertFromS32(v.s, 10);
    assert_int_equal(TEE_BigIntInitFMMContext1(context, WORDS, v.s), TEE_ERROR_NOT_SUPPORTED);
    RT_PANICS(TEE_ERROR_NOT_SUPPORTED, TEE_BigIntInitFMMContext(context, WORDS, v.s));
    TEE_BigIntConvertFromS32(v.x, 3);
    assert_int_equal(TEE_BigIntExpMod(v.r, v.x, v.x, v.s, NULL), TEE_ERROR_NOT_SUPPORTED);
    TEE_BigIntConvertFromS32(v.x, 5);
    RT_PANICS(RT_BAD, TEE_BigIntInvMod(v.r, v.x, v.s));
    RT_PANICS(RT_BAD, TEE_BigIntConvertToFMM(v.r, v.x, v.n, context));
}

/* A number made for no bits at all holds 0 and nothing else. */
static void no_room(void **state)
{
    (void)state;
    TEE_BigInt none[TEE_BigIntSizeInU32(0)];
    struct numbers v;
    uint8_t octets[4];
    size_t len = sizeof(octets);
    int32_t small = 1;
    take(&v, 0);
    TEE_BigIntInit(none, KM_ARRAY_LEN(none));
    assert_int_equal(TEE_BigIntCmpS32(none, 0), 0);
    assert_int_equal(TEE_BigIntGetBitCount(none), 0);
    assert_false(TEE_BigIntGetBit(none, 0));
    RT_OK(TEE_BigIntConvertToS32(&small, none));
    assert_int_equal(small, 0);
    RT_OK(TEE_BigIntConvertToOctetString(octets, &len, none));
    TEE_BigIntAdd(none, none, none);
    TEE_BigIntMul(none, none, v.a);
    TEE_BigIntSub(none, v.a, v.a);
    RT_OK(TEE_BigIntAssign(none, none));
    TEE_BigIntAdd(v.r, v.a, none);
    assert_int_equal(TEE_BigIntCmp(v.r, v.a), 0);
    assert_int_equal(TEE_BigIntCmpS32(none, 0), 0);
    assert_int_equal(TEE_BigIntAssign(none, v.a), TEE_ERROR_OVERFLOW);
    assert_int_equal(TEE_BigIntSetBit(none, 0, true), TEE_ERROR_OVERFLOW);
    RT_PANICS(TEE_ERROR_OVERFLOW, TEE_BigIntAdd(none, v.a, none));
    RT_PANICS(TEE_ERROR_OVERFLOW, TEE_BigIntConvertFromS32(none, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(arithmetic, fixture_after),
        cmocka_unit_test_teardown(modular, fixture_after),
        cmocka_unit_test_teardown(divisors, fixture_after),
        cmocka_unit_test_teardown(primes, fixture_after),
        cmocka_unit_test_teardown(bits_and_conversions, fixture_after),
        cmocka_unit_test_teardown(no_room, fixture_after),
        cmocka_unit_test_teardown(misuse, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
