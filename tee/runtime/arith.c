/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include <openssl/bn.h>

/*
 * Layout of a number: [0] kind in the upper half, capacity in words in the lower; [1] sign in bit 31, words in
 * use below; then the absolute value, least significant word first. FMM numbers are plain residues: libcrypto's
 * multiplication is quick enough for what this area is used for, and conversions cost nothing.
 */
#define KIND_NUMBER 0x4B420000u
#define KIND_FMM 0x4B460000u
#define KIND_CONTEXT 0x4B430000u
#define HEADER 2
#define WORDS_MAX 256 /* 8192 bits: gpd.tee.arith.maxBigIntSize */
#define SIGN 0x80000000u

#define TRIAL_BITS 16

static uint32_t capacity(const TEE_BigInt *number)
{
    return number[0] & 0xffffu;
}

static void check_kind(const TEE_BigInt *number, uint32_t kind)
{
    km_rt_need(number != NULL, "NULL for a big number");
    bool ok = (number[0] & 0xffff0000u) == kind && capacity(number) <= WORDS_MAX &&
              (number[1] & ~SIGN) <= capacity(number);
    km_rt_need(ok, "a big number that was not initialized");
}

static void check(const TEE_BigInt *number)
{
    check_kind(number, KIND_NUMBER);
}

static bool load(const TEE_BigInt *number, BIGNUM *ret)
{
    uint32_t words = number[1] & ~SIGN;
    if (BN_lebin2bn((const uint8_t *)(number + HEADER), (int)(words * 4), ret) == NULL)
        return false;
    BN_set_negative(ret, (number[1] & SIGN) != 0);
    return true;
}

static bool fits(const TEE_BigInt *number, const BIGNUM *value)
{
    return (uint32_t)BN_num_bits(value) <= capacity(number) * 32;
}

static bool store(TEE_BigInt *number, const BIGNUM *value)
{
    uint32_t words = ((uint32_t)BN_num_bits(value) + 31) / 32;
    if (!fits(number, value) ||
        BN_bn2lebinpad(value, (uint8_t *)(number + HEADER), (int)(capacity(number) * 4)) < 0)
        return false;
    number[1] = words | (BN_is_negative(value) ? SIGN : 0);
    return true;
}

/* ---- one frame for all operations with up to three operands and one result ---- */

typedef bool calc(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx);

static bool compute(BIGNUM *ret, const TEE_BigInt *const operands[3], calc *fn, BN_CTX *ctx)
{
    BIGNUM *loaded[3] = {BN_CTX_get(ctx), BN_CTX_get(ctx), BN_CTX_get(ctx)};
    bool ok = loaded[2] != NULL;
    for (size_t i = 0; i < 3 && ok; i++)
        ok = operands[i] == NULL || load(operands[i], loaded[i]);
    return ok && fn(ret, loaded[0], loaded[1], loaded[2], ctx);
}

/* What was wrong: nothing, the operands, or the room for the result. */
enum outcome { DONE, NOT_DEFINED, NO_ROOM };

static enum outcome run(TEE_BigInt *dest, const TEE_BigInt *const operands[3], calc *fn)
{
    BN_CTX *ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    if (ctx == NULL)
        return NOT_DEFINED;
    BN_CTX_start(ctx);
    BIGNUM *result = BN_CTX_get(ctx);
    enum outcome outcome = NOT_DEFINED;
    if (result != NULL && compute(result, operands, fn, ctx))
        outcome = store(dest, result) ? DONE : NO_ROOM;
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    km_rt_ssl_quiet();
    return outcome;
}

static void apply(TEE_BigInt *dest, const TEE_BigInt *a, const TEE_BigInt *b, const TEE_BigInt *n,
                  calc *fn)
{
    const TEE_BigInt *const operands[3] = {a, b, n};
    check(dest);
    for (size_t i = 0; i < 3; i++)
        if (operands[i] != NULL)
            check(operands[i]);
    enum outcome outcome = run(dest, operands, fn);
    km_rt_need(outcome != NOT_DEFINED,
               "a big-number operation that is not defined for its operands");
    if (outcome == NO_ROOM)
        km_rt_panic(TEE_ERROR_OVERFLOW, "a big number that its destination can't hold");
}

static void need_operands(const TEE_BigInt *a, const TEE_BigInt *b)
{
    km_rt_need(a != NULL && b != NULL, "NULL for a big number");
}

/* ---- preparing ---- */

static void init(uint32_t *number, size_t len, uint32_t kind)
{
    km_rt_own(number, len * sizeof(*number), "a big number outside the TA's own memory");
    km_rt_need(number != NULL && len >= HEADER && len <= HEADER + WORDS_MAX,
               "a big number of an impossible size");
    for (size_t i = 0; i < len; i++)
        number[i] = 0;
    number[0] = kind | (uint32_t)(len - HEADER);
}

void TEE_BigIntInit(TEE_BigInt *bigInt, size_t len)
{
    init(bigInt, len, KIND_NUMBER);
}

void TEE_BigIntInitFMM(TEE_BigIntFMM *bigIntFMM, size_t len)
{
    init(bigIntFMM, len, KIND_FMM);
}

size_t TEE_BigIntFMMSizeInU32(size_t modulusSizeInBits)
{
    return TEE_BigIntSizeInU32(modulusSizeInBits);
}

size_t TEE_BigIntFMMContextSizeInU32(size_t modulusSizeInBits)
{
    return TEE_BigIntSizeInU32(modulusSizeInBits);
}

TEE_Result TEE_BigIntInitFMMContext1(TEE_BigIntFMMContext *context, size_t len,
                                     const TEE_BigInt *modulus)
{
    check(modulus);
    bool positive = (modulus[1] & ~SIGN) != 0 && (modulus[1] & SIGN) == 0;
    km_rt_need(positive, "a modulus that is not positive");
    init(context, len, KIND_CONTEXT);
    return (modulus[HEADER] & 1) != 0 ? TEE_SUCCESS : TEE_ERROR_NOT_SUPPORTED;
}

void TEE_BigIntInitFMMContext(TEE_BigIntFMMContext *context, size_t len, const TEE_BigInt *modulus)
{
    TEE_Result result = TEE_BigIntInitFMMContext1(context, len, modulus);
    if (result != TEE_SUCCESS)
        km_rt_panic(result, "TEE_BigIntInitFMMContext failed");
}

/* ---- converting ---- */

TEE_Result TEE_BigIntConvertFromOctetString(TEE_BigInt *dest, const uint8_t *buffer,
                                            size_t bufferLen, int32_t sign)
{
    check(dest);
    km_rt_readable(buffer, bufferLen);
    size_t skip = 0;
    while (skip < bufferLen && buffer[skip] == 0)
        skip++;
    if (bufferLen - skip > WORDS_MAX * 4)
        return TEE_ERROR_OVERFLOW;
    BIGNUM *value = BN_secure_new();
    bool ok = value != NULL && BN_bin2bn(buffer + skip, (int)(bufferLen - skip), value) != NULL;
    if (ok)
        BN_set_negative(value, sign < 0);
    bool stored = ok && store(dest, value);
    BN_clear_free(value);
    km_rt_ssl_need(ok, "no memory for a big number");
    return stored ? TEE_SUCCESS : TEE_ERROR_OVERFLOW;
}

TEE_Result TEE_BigIntConvertToOctetString(void *buffer, size_t *bufferLen, const TEE_BigInt *bigInt)
{
    uint8_t bytes[WORDS_MAX * 4] = {0};
    check(bigInt);
    km_rt_own(bufferLen, sizeof(*bufferLen), "a size outside the TA's own memory");
    uint32_t words = bigInt[1] & ~SIGN;
    for (uint32_t i = 0; i < words * 4; i++)
        bytes[words * 4 - 1 - i] = (uint8_t)(bigInt[HEADER + i / 4] >> (8 * (i % 4)));
    size_t skip = 0;
    while (skip < words * 4 && bytes[skip] == 0)
        skip++;
    return km_rt_give(buffer, bufferLen, bytes + skip, words * 4 - skip);
}

static void from_s32(TEE_BigInt number[HEADER + 1], int32_t value)
{
    uint32_t absolute = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    number[0] = KIND_NUMBER | 1;
    number[1] = (absolute != 0 ? 1u : 0u) | (value < 0 ? SIGN : 0u);
    number[HEADER] = absolute;
}

static bool copy_value(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)b, (void)n, (void)ctx;
    return BN_copy(r, a) != NULL;
}

void TEE_BigIntConvertFromS32(TEE_BigInt *dest, int32_t shortVal)
{
    TEE_BigInt value[HEADER + 1];
    from_s32(value, shortVal);
    apply(dest, value, NULL, NULL, copy_value);
}

TEE_Result TEE_BigIntConvertToS32(int32_t *dest, const TEE_BigInt *src)
{
    check(src);
    km_rt_own(dest, sizeof(*dest), "a value outside the TA's own memory");
    bool negative = (src[1] & SIGN) != 0;
    uint32_t words = src[1] & ~SIGN;
    uint32_t absolute = words != 0 ? src[HEADER] : 0;
    if (words > 1 || absolute > (negative ? 0x80000000u : 0x7fffffffu))
        return TEE_ERROR_OVERFLOW;
    *dest = (int32_t)(negative ? 0u - absolute : absolute);
    return TEE_SUCCESS;
}

/* ---- comparing and bits: straight on the words ---- */

static int32_t compare_absolute(const TEE_BigInt *a, const TEE_BigInt *b)
{
    uint32_t a_words = a[1] & ~SIGN;
    uint32_t b_words = b[1] & ~SIGN;
    if (a_words != b_words)
        return a_words < b_words ? -1 : 1;
    for (uint32_t i = a_words; i-- > 0;)
        if (a[HEADER + i] != b[HEADER + i])
            return a[HEADER + i] < b[HEADER + i] ? -1 : 1;
    return 0;
}

int32_t TEE_BigIntCmp(const TEE_BigInt *op1, const TEE_BigInt *op2)
{
    check(op1);
    check(op2);
    bool negative = (op1[1] & SIGN) != 0;
    if (negative != ((op2[1] & SIGN) != 0))
        return negative ? -1 : 1;
    return negative ? -compare_absolute(op1, op2) : compare_absolute(op1, op2);
}

int32_t TEE_BigIntCmpS32(const TEE_BigInt *op, int32_t shortVal)
{
    TEE_BigInt value[HEADER + 1];
    from_s32(value, shortVal);
    return TEE_BigIntCmp(op, value);
}

bool TEE_BigIntGetBit(const TEE_BigInt *src, uint32_t bitIndex)
{
    check(src);
    uint32_t word = bitIndex / 32;
    return word < (src[1] & ~SIGN) && (src[HEADER + word] >> (bitIndex % 32) & 1u) != 0;
}

uint32_t TEE_BigIntGetBitCount(const TEE_BigInt *src)
{
    check(src);
    uint32_t words = src[1] & ~SIGN;
    return words == 0 ? 0 : words * 32 - (uint32_t)__builtin_clz(src[HEADER + words - 1]);
}

TEE_Result TEE_BigIntSetBit(TEE_BigInt *op, uint32_t bitIndex, bool value)
{
    check(op);
    if (bitIndex / 32 >= capacity(op))
        return value ? TEE_ERROR_OVERFLOW : TEE_SUCCESS;
    uint32_t *word = &op[HEADER + bitIndex / 32];
    uint32_t bit = 1u << bitIndex % 32;
    *word = value ? *word | bit : *word & ~bit;
    uint32_t words = capacity(op);
    while (words != 0 && op[HEADER + words - 1] == 0)
        words--;
    op[1] = words | (words != 0 ? op[1] & SIGN : 0);
    return TEE_SUCCESS;
}

static TEE_Result assign(TEE_BigInt *dest, const TEE_BigInt *src, uint32_t sign_mask)
{
    check(dest);
    check(src);
    uint32_t words = src[1] & ~SIGN;
    uint32_t sign = src[1] & SIGN & sign_mask;
    if (words > capacity(dest))
        return TEE_ERROR_OVERFLOW;
    for (uint32_t i = 0; i < capacity(dest); i++)
        dest[HEADER + i] = i < words ? src[HEADER + i] : 0;
    dest[1] = words | sign;
    return TEE_SUCCESS;
}

TEE_Result TEE_BigIntAssign(TEE_BigInt *dest, const TEE_BigInt *src)
{
    return assign(dest, src, SIGN);
}

TEE_Result TEE_BigIntAbs(TEE_BigInt *dest, const TEE_BigInt *src)
{
    return assign(dest, src, 0);
}

void TEE_BigIntShiftRight(TEE_BigInt *dest, const TEE_BigInt *op, size_t bits)
{
    check(dest);
    check(op);
    TEE_BigInt shifted[HEADER + WORDS_MAX] = {KIND_NUMBER | WORDS_MAX};
    uint32_t words = op[1] & ~SIGN;
    size_t skip = bits / 32;
    for (size_t i = 0; i + skip < words; i++) {
        uint64_t pair = op[HEADER + i + skip];
        if (i + skip + 1 < words)
            pair |= (uint64_t)op[HEADER + i + skip + 1] << 32;
        shifted[HEADER + i] = (uint32_t)(pair >> (bits % 32));
    }
    uint32_t left = words > skip ? words - (uint32_t)skip : 0;
    while (left != 0 && shifted[HEADER + left - 1] == 0)
        left--;
    shifted[1] = left | (left != 0 ? op[1] & SIGN : 0);
    if (assign(dest, shifted, SIGN) != TEE_SUCCESS)
        km_rt_panic(TEE_ERROR_OVERFLOW, "a big number that its destination can't hold");
}

/* ---- arithmetic ---- */

static bool calc_add(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)n, (void)ctx;
    return BN_add(r, a, b) == 1;
}
static bool calc_sub(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)n, (void)ctx;
    return BN_sub(r, a, b) == 1;
}
static bool calc_mul(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)n;
    return BN_mul(r, a, b, ctx) == 1;
}
static bool calc_neg(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)b, (void)n, (void)ctx;
    if (BN_copy(r, a) == NULL)
        return false;
    BN_set_negative(r, !BN_is_negative(a));
    return true;
}
static bool calc_quotient(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)n;
    return BN_div(r, NULL, a, b, ctx) == 1;
}
static bool calc_remainder(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n,
                           BN_CTX *ctx)
{
    (void)n;
    return BN_div(NULL, r, a, b, ctx) == 1;
}

void TEE_BigIntAdd(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2)
{
    need_operands(op1, op2);
    apply(dest, op1, op2, NULL, calc_add);
}

void TEE_BigIntSub(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2)
{
    need_operands(op1, op2);
    apply(dest, op1, op2, NULL, calc_sub);
}

void TEE_BigIntNeg(TEE_BigInt *dest, const TEE_BigInt *op)
{
    need_operands(op, op);
    apply(dest, op, NULL, NULL, calc_neg);
}

void TEE_BigIntMul(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2)
{
    need_operands(op1, op2);
    apply(dest, op1, op2, NULL, calc_mul);
}

void TEE_BigIntSquare(TEE_BigInt *dest, const TEE_BigInt *op)
{
    TEE_BigIntMul(dest, op, op);
}

void TEE_BigIntDiv(TEE_BigInt *dest_q, TEE_BigInt *dest_r, const TEE_BigInt *op1,
                   const TEE_BigInt *op2)
{
    need_operands(op1, op2);
    check(op1);
    check(op2);
    /* Either result may lie over an operand, so both are made from copies. */
    TEE_BigInt a[HEADER + WORDS_MAX] = {KIND_NUMBER | WORDS_MAX};
    TEE_BigInt b[HEADER + WORDS_MAX] = {KIND_NUMBER | WORDS_MAX};
    (void)assign(a, op1, SIGN);
    (void)assign(b, op2, SIGN);
    km_rt_need((b[1] & ~SIGN) != 0, "a division by zero");
    if (dest_q != NULL)
        apply(dest_q, a, b, NULL, calc_quotient);
    if (dest_r != NULL)
        apply(dest_r, a, b, NULL, calc_remainder);
}

/* ---- modular arithmetic ---- */

static bool modulus_ok(const BIGNUM *n)
{
    return !BN_is_negative(n) && !BN_is_zero(n) && !BN_is_one(n);
}

static bool residue_ok(const BIGNUM *a, const BIGNUM *n)
{
    return modulus_ok(n) && !BN_is_negative(a) && BN_cmp(a, n) < 0;
}

static bool calc_mod(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)b;
    return modulus_ok(n) && BN_nnmod(r, a, n, ctx) == 1;
}
static bool calc_add_mod(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    return residue_ok(a, n) && residue_ok(b, n) && BN_mod_add(r, a, b, n, ctx) == 1;
}
static bool calc_sub_mod(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    return residue_ok(a, n) && residue_ok(b, n) && BN_mod_sub(r, a, b, n, ctx) == 1;
}
static bool calc_mul_mod(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    return residue_ok(a, n) && residue_ok(b, n) && BN_mod_mul(r, a, b, n, ctx) == 1;
}
static bool calc_inv_mod(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)b;
    return residue_ok(a, n) && !BN_is_zero(a) && BN_mod_inverse(r, a, n, ctx) != NULL;
}
static bool calc_exp_mod(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    if (!residue_ok(a, n) || BN_is_negative(b))
        return false;
    BIGNUM *exponent = BN_CTX_get(ctx);
    if (exponent == NULL || BN_copy(exponent, b) == NULL)
        return false;
    BN_set_flags(exponent, BN_FLG_CONSTTIME);
    return BN_mod_exp(r, a, exponent, n, ctx) == 1;
}

void TEE_BigIntMod(TEE_BigInt *dest, const TEE_BigInt *op, const TEE_BigInt *n)
{
    need_operands(op, n);
    apply(dest, op, NULL, n, calc_mod);
}

void TEE_BigIntAddMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                      const TEE_BigInt *n)
{
    need_operands(op1, op2);
    need_operands(n, n);
    apply(dest, op1, op2, n, calc_add_mod);
}

void TEE_BigIntSubMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                      const TEE_BigInt *n)
{
    need_operands(op1, op2);
    need_operands(n, n);
    apply(dest, op1, op2, n, calc_sub_mod);
}

void TEE_BigIntMulMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                      const TEE_BigInt *n)
{
    need_operands(op1, op2);
    need_operands(n, n);
    apply(dest, op1, op2, n, calc_mul_mod);
}

void TEE_BigIntSquareMod(TEE_BigInt *dest, const TEE_BigInt *op, const TEE_BigInt *n)
{
    TEE_BigIntMulMod(dest, op, op, n);
}

void TEE_BigIntInvMod(TEE_BigInt *dest, const TEE_BigInt *op, const TEE_BigInt *n)
{
    need_operands(op, n);
    apply(dest, op, NULL, n, calc_inv_mod);
}

TEE_Result TEE_BigIntExpMod(TEE_BigInt *dest, const TEE_BigInt *op1, const TEE_BigInt *op2,
                            const TEE_BigInt *n, const TEE_BigIntFMMContext *context)
{
    need_operands(op1, op2);
    check(n);
    if (context != NULL)
        check_kind(context, KIND_CONTEXT);
    if ((n[1] & ~SIGN) != 0 && (n[HEADER] & 1) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    apply(dest, op1, op2, n, calc_exp_mod);
    return TEE_SUCCESS;
}

/* ---- greatest common divisors and primes ---- */

static bool calc_gcd(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *ctx)
{
    (void)n;
    return BN_gcd(r, a, b, ctx) == 1;
}

bool TEE_BigIntRelativePrime(const TEE_BigInt *op1, const TEE_BigInt *op2)
{
    TEE_BigInt gcd[HEADER + WORDS_MAX] = {KIND_NUMBER | WORDS_MAX};
    need_operands(op1, op2);
    apply(gcd, op1, op2, NULL, calc_gcd);
    return TEE_BigIntCmpS32(gcd, 1) == 0;
}

/* Euclid, with the factors carried along: in each line r = u * op1 + v * op2. */
struct euclid {
    BIGNUM *r[2], *u[2], *v[2], *q, *t;
};

static bool euclid_step(struct euclid *e, BIGNUM **pair, BN_CTX *ctx)
{
    bool ok = BN_mul(e->t, e->q, pair[1], ctx) == 1 && BN_sub(e->t, pair[0], e->t) == 1;
    BIGNUM *oldest = pair[0];
    pair[0] = pair[1];
    pair[1] = oldest;
    return ok && BN_copy(pair[1], e->t) != NULL;
}

static bool euclid_run(struct euclid *e, BN_CTX *ctx)
{
    bool ok = BN_one(e->u[0]) == 1 && BN_one(e->v[1]) == 1;
    BN_zero(e->u[1]);
    BN_zero(e->v[0]);
    while (ok && !BN_is_zero(e->r[1])) {
        ok = BN_div(e->q, NULL, e->r[0], e->r[1], ctx) == 1 && euclid_step(e, e->r, ctx) &&
             euclid_step(e, e->u, ctx) && euclid_step(e, e->v, ctx);
    }
    if (ok && BN_is_negative(e->r[0])) {
        BIGNUM *all[] = {e->r[0], e->u[0], e->v[0]};
        for (size_t i = 0; i < KM_ARRAY_LEN(all); i++)
            BN_set_negative(all[i], !BN_is_negative(all[i]));
    }
    return ok;
}

static bool euclid_store(const struct euclid *e, TEE_BigInt *gcd, TEE_BigInt *u, TEE_BigInt *v)
{
    return (gcd == NULL || store(gcd, e->r[0])) && (u == NULL || store(u, e->u[0])) &&
           (v == NULL || store(v, e->v[0]));
}

void TEE_BigIntComputeExtendedGcd(TEE_BigInt *gcd, TEE_BigInt *u, TEE_BigInt *v,
                                  const TEE_BigInt *op1, const TEE_BigInt *op2)
{
    TEE_BigInt *results[] = {gcd, u, v};
    for (size_t i = 0; i < KM_ARRAY_LEN(results); i++)
        if (results[i] != NULL)
            check(results[i]);
    check(op1);
    check(op2);
    bool all_zero = ((op1[1] | op2[1]) & ~SIGN) == 0;
    km_rt_need(!all_zero || km_rt_is_lenient(), "a greatest common divisor of nothing but zeros");
    BN_CTX *ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    struct euclid e = {0};
    BIGNUM **numbers[] = {&e.r[0], &e.r[1], &e.u[0], &e.u[1], &e.v[0], &e.v[1], &e.q, &e.t};
    bool ok = ctx != NULL;
    if (ok)
        BN_CTX_start(ctx);
    for (size_t i = 0; i < KM_ARRAY_LEN(numbers) && ok; i++)
        ok = (*numbers[i] = BN_CTX_get(ctx)) != NULL;
    ok = ok && load(op1, e.r[0]) && load(op2, e.r[1]) && euclid_run(&e, ctx) &&
         euclid_store(&e, gcd, u, v);
    if (ctx != NULL)
        BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    if (!ok)
        km_rt_panic(TEE_ERROR_OVERFLOW, "a big number that its destination can't hold");
}

static bool is_small_prime(uint32_t number)
{
    if (number < 2)
        return false;
    for (uint32_t d = 2; d * d <= number; d++)
        if (number % d == 0)
            return false;
    return true;
}

int32_t TEE_BigIntIsProbablePrime(const TEE_BigInt *op, uint32_t confidenceLevel)
{
    check(op);
    (void)
        confidenceLevel; /* libcrypto's 64 and more rounds leave a chance of at most 2^-128, whatever was asked for */
    if ((op[1] & SIGN) != 0)
        return 0;
    if (TEE_BigIntGetBitCount(op) <= TRIAL_BITS)
        return is_small_prime(op[1] != 0 ? op[HEADER] : 0) ? 1 : 0;
    BN_CTX *ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    BIGNUM *value = BN_secure_new();
    bool ok = ctx != NULL && value != NULL && load(op, value);
    int answer = ok ? BN_check_prime(value, ctx, NULL) : -1;
    BN_clear_free(value);
    BN_CTX_free(ctx);
    km_rt_ssl_quiet();
    km_rt_ssl_need(answer >= 0, "the primality test failed");
    return answer == 0 ? 0 : -1;
}

/* ---- fast modular multiplication ---- */

/* The same words under the kind of an ordinary number, for the frame above. */
static const TEE_BigInt *as_number(const TEE_BigIntFMM *fmm, TEE_BigInt room[HEADER + WORDS_MAX])
{
    check_kind(fmm, KIND_FMM);
    for (uint32_t i = 0; i < HEADER + capacity(fmm); i++)
        room[i] = fmm[i];
    room[0] = KIND_NUMBER | capacity(fmm);
    return room;
}

static void store_fmm(TEE_BigIntFMM *dest, const TEE_BigInt *number)
{
    check_kind(dest, KIND_FMM);
    dest[0] = KIND_NUMBER | capacity(dest);
    TEE_Result result = assign(dest, number, SIGN);
    dest[0] = KIND_FMM | capacity(dest);
    if (result != TEE_SUCCESS)
        km_rt_panic(TEE_ERROR_OVERFLOW, "a big number that its destination can't hold");
}

void TEE_BigIntConvertToFMM(TEE_BigIntFMM *dest, const TEE_BigInt *src, const TEE_BigInt *n,
                            const TEE_BigIntFMMContext *context)
{
    TEE_BigInt residue[HEADER + WORDS_MAX] = {KIND_NUMBER | WORDS_MAX};
    check_kind(context, KIND_CONTEXT);
    TEE_BigIntMod(residue, src, n);
    store_fmm(dest, residue);
}

void TEE_BigIntConvertFromFMM(TEE_BigInt *dest, const TEE_BigIntFMM *src, const TEE_BigInt *n,
                              const TEE_BigIntFMMContext *context)
{
    TEE_BigInt number[HEADER + WORDS_MAX] = {0};
    check_kind(context, KIND_CONTEXT);
    TEE_BigIntMod(dest, as_number(src, number), n);
}

void TEE_BigIntComputeFMM(TEE_BigIntFMM *dest, const TEE_BigIntFMM *op1, const TEE_BigIntFMM *op2,
                          const TEE_BigInt *n, const TEE_BigIntFMMContext *context)
{
    TEE_BigInt a[HEADER + WORDS_MAX] = {0};
    TEE_BigInt b[HEADER + WORDS_MAX] = {0};
    TEE_BigInt product[HEADER + WORDS_MAX] = {KIND_NUMBER | WORDS_MAX};
    check_kind(context, KIND_CONTEXT);
    TEE_BigIntMulMod(product, as_number(op1, a), as_number(op2, b), n);
    store_fmm(dest, product);
}
