/* SPDX-License-Identifier: Apache-2.0 */
/* Transient objects: the rules of each type's attributes, key checks, usage, copies. */
#include "tests/unit/runtime_fixture.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define P256_X                                                                                     \
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6" /* RFC 6979, A.2.5 */
#define P256_Y "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
#define P256_D "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define P256_N "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#define P256_P "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"

static TEE_ObjectHandle fresh(uint32_t type, uint32_t bits)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateTransientObject(type, bits, &object));
    return object;
}

static void allocation(void **state)
{
    (void)state;
    static const struct {
        uint32_t type, bits;
        bool ok;
    } cases[] = {
        {TEE_TYPE_AES, 128, true},
        {TEE_TYPE_AES, 192, true},
        {TEE_TYPE_AES, 256, true},
        {TEE_TYPE_AES, 127, false},
        {TEE_TYPE_AES, 320, false},
        {TEE_TYPE_AES, 0, false},
        {TEE_TYPE_HMAC_SHA256, 256, true},
        {TEE_TYPE_HMAC_SHA256, 257, false},
        {TEE_TYPE_RSA_KEYPAIR, 2048, true},
        {TEE_TYPE_RSA_KEYPAIR, 4096, true},
        {TEE_TYPE_RSA_KEYPAIR, 1024, false},
        {TEE_TYPE_RSA_KEYPAIR, 4104, false},
        {TEE_TYPE_ECDSA_KEYPAIR, 256, true},
        {TEE_TYPE_ECDSA_KEYPAIR, 521, true},
        {TEE_TYPE_ECDSA_KEYPAIR, 255, false},
        {TEE_TYPE_ECDH_PUBLIC_KEY, 384, true},
        {TEE_TYPE_GENERIC_SECRET, 528, true},
        {TEE_TYPE_GENERIC_SECRET, 0xffffffffu, false},
        {TEE_TYPE_DATA, 0, false},
        {TEE_TYPE_DES3, 192, true},
        {TEE_TYPE_DES3, 168, true},
        {TEE_TYPE_DES3, 56, false},
        {TEE_TYPE_DES, 64, false},
        {TEE_TYPE_ED25519_KEYPAIR, 256, true},
        {TEE_TYPE_X25519_KEYPAIR, 255, false},
        {TEE_TYPE_DSA_KEYPAIR, 512, false},
        {TEE_TYPE_DH_KEYPAIR, 1024, true},
        {TEE_TYPE_ED448_KEYPAIR, 448, true},
        {TEE_TYPE_SM2_DSA_KEYPAIR, 256, false},
        {TEE_TYPE_CORRUPTED_OBJECT, 0, false},
        {0, 0, false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        TEE_ObjectHandle object = TEE_HANDLE_NULL;
        TEE_Result result = TEE_AllocateTransientObject(cases[i].type, cases[i].bits, &object);
        assert_int_equal(result, cases[i].ok ? TEE_SUCCESS : TEE_ERROR_NOT_SUPPORTED);
        assert_int_equal(object != TEE_HANDLE_NULL, cases[i].ok);
        TEE_CloseObject(object);
    }
    RT_PANICS(RT_BAD, (void)TEE_AllocateTransientObject(TEE_TYPE_AES, 128, NULL));
}

static void secret_life(void **state)
{
    (void)state;
    TEE_ObjectHandle object = fresh(TEE_TYPE_AES, 256);
    TEE_ObjectInfo info;
    uint8_t key[32] = {1, 2, 3};
    uint8_t out[32];
    size_t len = sizeof(out);
    TEE_Attribute attr = ref(TEE_ATTR_SECRET_VALUE, key, 16);
    RT_OK(TEE_GetObjectInfo1(object, &info));
    assert_int_equal(info.objectType, TEE_TYPE_AES);
    assert_int_equal(info.objectSize, 0);
    assert_int_equal(info.maxObjectSize, 256);
    assert_int_equal(info.objectUsage, 0xffffffffu);
    assert_int_equal(info.handleFlags, 0);
    RT_PANICS(RT_STATE,
              (void)TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, out, &len));
    RT_OK(TEE_PopulateTransientObject(object, &attr, 1));
    key[0] = 0; /* the object has a copy */
    RT_PANICS(RT_STATE, (void)TEE_PopulateTransientObject(object, &attr, 1));
    RT_PANICS(RT_STATE, (void)TEE_GenerateKey(object, 128, NULL, 0));
    TEE_GetObjectInfo(object, &info);
    assert_int_equal(info.objectSize, 128);
    assert_int_equal(info.handleFlags, TEE_HANDLE_FLAG_INITIALIZED);
    len = 0;
    assert_int_equal(TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, NULL, &len),
                     TEE_ERROR_SHORT_BUFFER);
    assert_int_equal(len, 16);
    RT_OK(TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, out, &len));
    assert_int_equal(out[0], 1);
    assert_int_equal(TEE_GetObjectBufferAttribute(object, TEE_ATTR_RSA_MODULUS, out, &len),
                     TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEE_GetObjectValueAttribute(object, TEE_ATTR_ECC_CURVE, NULL, NULL),
                     TEE_ERROR_ITEM_NOT_FOUND);
    RT_PANICS(RT_BAD, (void)TEE_GetObjectBufferAttribute(object, TEE_ATTR_ECC_CURVE, out, &len));
    RT_PANICS(RT_BAD, (void)TEE_GetObjectValueAttribute(object, TEE_ATTR_SECRET_VALUE, NULL, NULL));
    RT_OK(TEE_RestrictObjectUsage1(object, ~TEE_USAGE_EXTRACTABLE));
    RT_PANICS(RT_DENIED,
              (void)TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, out, &len));
    TEE_RestrictObjectUsage(object, 0xffffffffu); /* gives nothing back */
    RT_PANICS(RT_DENIED,
              (void)TEE_GetObjectBufferAttribute(object, TEE_ATTR_SECRET_VALUE, out, &len));
    TEE_ResetTransientObject(object);
    TEE_GetObjectInfo(object, &info);
    assert_int_equal(info.objectUsage, 0xffffffffu);
    assert_int_equal(info.objectSize, 0);
    RT_OK(TEE_GenerateKey(object, 192, NULL, 0));
    TEE_GetObjectInfo(object, &info);
    assert_int_equal(info.objectSize, 192);
    TEE_FreeTransientObject(object);
    RT_PANICS(RT_BAD, TEE_FreeTransientObject(object));
    RT_PANICS(RT_BAD, TEE_CloseObject(object));
    RT_PANICS(RT_BAD, (void)TEE_GetObjectInfo1(object, &info));
    TEE_CloseObject(TEE_HANDLE_NULL);
    TEE_FreeTransientObject(TEE_HANDLE_NULL);
    TEE_ResetTransientObject(TEE_HANDLE_NULL);
}

static void secret_rules(void **state)
{
    (void)state;
    uint8_t key[64] = {0};
    TEE_ObjectHandle object = fresh(TEE_TYPE_AES, 128);
    for (size_t len = 0; len <= 16; len++) {
        TEE_Attribute attr = ref(TEE_ATTR_SECRET_VALUE, key, len);
        if (len < 16)
            assert_int_equal(TEE_PopulateTransientObject(object, &attr, 1), RT_BAD);
    }
    TEE_Attribute big = ref(TEE_ATTR_SECRET_VALUE, key, 24);
    TEE_Attribute two[] = {ref(TEE_ATTR_SECRET_VALUE, key, 16),
                           ref(TEE_ATTR_SECRET_VALUE, key, 16)};
    TEE_Attribute other = ref(TEE_ATTR_RSA_MODULUS, key, 16);
    RT_PANICS(RT_BAD, (void)TEE_PopulateTransientObject(object, &big, 1));
    RT_PANICS(RT_BAD, (void)TEE_PopulateTransientObject(object, two, 2));
    RT_PANICS(RT_BAD, (void)TEE_PopulateTransientObject(object, &other, 1));
    RT_PANICS(RT_BAD, (void)TEE_PopulateTransientObject(object, NULL, 0));
    RT_PANICS(RT_BAD, (void)TEE_PopulateTransientObject(object, NULL, 1));
    RT_PANICS(RT_BAD, (void)TEE_PopulateTransientObject(object, two, 9));
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 256, NULL, 0));
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 100, NULL, 0));
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 128, two, 1));
    RT_OK(TEE_PopulateTransientObject(object, two, 1));
    TEE_CloseObject(object);
    TEE_Attribute attr;
    RT_PANICS(RT_BAD, TEE_InitRefAttribute(&attr, TEE_ATTR_ECC_CURVE, key, 1));
    RT_PANICS(RT_BAD, TEE_InitValueAttribute(&attr, TEE_ATTR_SECRET_VALUE, 1, 2));
    RT_PANICS(RT_BAD, TEE_InitRefAttribute(NULL, TEE_ATTR_SECRET_VALUE, key, 1));
}

static TEE_Result populate_ec(uint32_t type, uint32_t curve, const char *x, const char *y,
                              const char *d)
{
    TEE_ObjectHandle object = fresh(type, 256);
    TEE_Attribute attrs[4] = {val(TEE_ATTR_ECC_CURVE, curve),
                              ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_X, x),
                              ref_hex(TEE_ATTR_ECC_PUBLIC_VALUE_Y, y)};
    if (d != NULL)
        attrs[3] = ref_hex(TEE_ATTR_ECC_PRIVATE_VALUE, d);
    TEE_Result result = TEE_PopulateTransientObject(object, attrs, d != NULL ? 4 : 3);
    TEE_ObjectInfo info;
    TEE_GetObjectInfo(object, &info);
    assert_int_equal(info.handleFlags, result == TEE_SUCCESS ? TEE_HANDLE_FLAG_INITIALIZED : 0);
    TEE_CloseObject(object);
    return result;
}

static void ec_checks(void **state)
{
    (void)state;
    const uint32_t p256 = TEE_ECC_CURVE_NIST_P256;
    const char *y_off = "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462298";
    RT_OK(populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, P256_X, P256_Y, NULL));
    RT_OK(populate_ec(TEE_TYPE_ECDH_PUBLIC_KEY, p256, P256_X, P256_Y, NULL));
    RT_OK(populate_ec(TEE_TYPE_ECDSA_KEYPAIR, p256, P256_X, P256_Y, P256_D));
    RT_OK(populate_ec(TEE_TYPE_ECDSA_KEYPAIR, p256, "0000" P256_X, P256_Y, "00" P256_D));
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, P256_X, y_off, NULL), RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, "00", "00", NULL), RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, "", P256_Y, NULL), RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, P256_P, P256_Y, NULL), RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, "01" P256_X, P256_Y, NULL),
                     RT_BAD);
    assert_int_equal(
        populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, TEE_ECC_CURVE_NIST_P192, P256_X, P256_Y, NULL),
        RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_KEYPAIR, p256, P256_X, P256_Y, "00"), RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_KEYPAIR, p256, P256_X, P256_Y, "05"), RT_BAD);
    assert_int_equal(populate_ec(TEE_TYPE_ECDSA_KEYPAIR, p256, P256_X, P256_Y, P256_N), RT_BAD);
    RT_PANICS(RT_BAD, (void)populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, TEE_ECC_CURVE_NIST_P384, P256_X,
                                        P256_Y, NULL));
    RT_PANICS(RT_BAD, (void)populate_ec(TEE_TYPE_ECDSA_KEYPAIR, p256, P256_X, P256_Y, NULL));
    RT_PANICS(RT_BAD, (void)populate_ec(TEE_TYPE_ECDSA_PUBLIC_KEY, p256, P256_X, P256_Y, P256_D));
}

static void ec_generation(void **state)
{
    (void)state;
    TEE_ObjectHandle object = fresh(TEE_TYPE_ECDSA_KEYPAIR, 384);
    TEE_Attribute p256 = val(TEE_ATTR_ECC_CURVE, TEE_ECC_CURVE_NIST_P256);
    TEE_Attribute p384 = val(TEE_ATTR_ECC_CURVE, TEE_ECC_CURVE_NIST_P384);
    TEE_Attribute twice[] = {p384, p384};
    uint32_t a = 0;
    uint32_t b = 9;
    uint8_t x[66];
    size_t len = sizeof(x);
    assert_int_equal(TEE_GenerateKey(object, 384, &p256, 1), RT_BAD);
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 384, NULL, 0));
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 521, &p384, 1));
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 384, twice, 2));
    RT_OK(TEE_GenerateKey(object, 256, &p256, 1)); /* smaller than the most is fine */
    RT_OK(TEE_GetObjectValueAttribute(object, TEE_ATTR_ECC_CURVE, &a, &b));
    assert_int_equal(a, TEE_ECC_CURVE_NIST_P256);
    assert_int_equal(b, 0);
    RT_OK(TEE_GetObjectBufferAttribute(object, TEE_ATTR_ECC_PUBLIC_VALUE_X, x, &len));
    assert_int_equal(len, 32);
    TEE_CloseObject(object);
    object = fresh(TEE_TYPE_ECDSA_PUBLIC_KEY, 256);
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 256, &p256, 1));
    TEE_CloseObject(object);
}

#define N_RSA 8
static const uint32_t rsa_ids[N_RSA] = {TEE_ATTR_RSA_MODULUS,          TEE_ATTR_RSA_PUBLIC_EXPONENT,
                                        TEE_ATTR_RSA_PRIVATE_EXPONENT, TEE_ATTR_RSA_PRIME1,
                                        TEE_ATTR_RSA_PRIME2,           TEE_ATTR_RSA_EXPONENT1,
                                        TEE_ATTR_RSA_EXPONENT2,        TEE_ATTR_RSA_COEFFICIENT};

struct rsa_parts {
    uint8_t bytes[N_RSA][512];
    TEE_Attribute attrs[N_RSA];
};

static void rsa_take(TEE_ObjectHandle object, struct rsa_parts *ret)
{
    for (size_t i = 0; i < N_RSA; i++) {
        size_t len = sizeof(ret->bytes[i]);
        RT_OK(TEE_GetObjectBufferAttribute(object, rsa_ids[i], ret->bytes[i], &len));
        ret->attrs[i] = ref(rsa_ids[i], ret->bytes[i], len);
    }
}

static TEE_Result rsa_populate(const struct rsa_parts *parts, uint32_t n)
{
    TEE_ObjectHandle object = fresh(TEE_TYPE_RSA_KEYPAIR, 2048);
    TEE_Result result = TEE_PopulateTransientObject(object, parts->attrs, n);
    TEE_CloseObject(object);
    return result;
}

static void rsa_checks(void **state)
{
    (void)state;
    static struct rsa_parts parts;
    TEE_ObjectHandle object = fresh(TEE_TYPE_RSA_KEYPAIR, 2048);
    TEE_Attribute three = ref_hex(TEE_ATTR_RSA_PUBLIC_EXPONENT, "03");
    TEE_Attribute even = ref_hex(TEE_ATTR_RSA_PUBLIC_EXPONENT, "010000");
    TEE_Attribute other = ref_hex(TEE_ATTR_RSA_PUBLIC_EXPONENT, "00010003");
    assert_int_equal(TEE_GenerateKey(object, 2048, &three, 1), RT_BAD);
    assert_int_equal(TEE_GenerateKey(object, 2048, &even, 1), RT_BAD);
    RT_PANICS(RT_BAD, (void)TEE_GenerateKey(object, 2049, NULL, 0));
    RT_OK(TEE_GenerateKey(object, 2048, &other, 1));
    rsa_take(object, &parts);
    assert_int_equal(parts.attrs[0].content.ref.length, 256);
    assert_int_equal(parts.attrs[1].content.ref.length, 3);
    RT_OK(rsa_populate(&parts, N_RSA));
    RT_OK(rsa_populate(&parts, 3)); /* without the CRT part */
    RT_PANICS(RT_BAD, (void)rsa_populate(&parts, 2));
    RT_PANICS(RT_BAD, (void)rsa_populate(&parts, 5));
    for (uint32_t i = 0; i < N_RSA;
         i++) { /* each part that does not belong to the others is noticed */
        size_t last = parts.attrs[i].content.ref.length - 1;
        parts.bytes[i][last] ^= 2;
        assert_int_equal(rsa_populate(&parts, N_RSA), RT_BAD);
        parts.bytes[i][last] ^= 2;
    }
    parts.attrs[0].content.ref.length = 128; /* a modulus of 1024 bits */
    assert_int_equal(rsa_populate(&parts, N_RSA), RT_BAD);
    parts.attrs[0].content.ref.length = 0;
    assert_int_equal(rsa_populate(&parts, N_RSA), RT_BAD);
    parts.attrs[0] = ref(TEE_ATTR_RSA_MODULUS, parts.bytes[0], 300);
    parts.bytes[0][299] = 1;
    RT_PANICS(RT_BAD, (void)rsa_populate(&parts, N_RSA));
    TEE_CloseObject(object);
}

static void copies(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, TEE_ECC_CURVE_NIST_P256, 256);
    TEE_ObjectHandle other = fresh(TEE_TYPE_ECDSA_KEYPAIR, 256);
    TEE_ObjectHandle pub = fresh(TEE_TYPE_ECDSA_PUBLIC_KEY, 256);
    TEE_ObjectHandle ecdh = fresh(TEE_TYPE_ECDH_KEYPAIR, 256);
    TEE_ObjectHandle small = fresh(TEE_TYPE_AES, 128);
    TEE_ObjectHandle big = fresh(TEE_TYPE_AES, 256);
    TEE_ObjectInfo info;
    uint8_t out[66];
    size_t len = sizeof(out);
    RT_OK(TEE_RestrictObjectUsage1(pair, TEE_USAGE_SIGN | TEE_USAGE_VERIFY));
    RT_OK(TEE_RestrictObjectUsage1(other, TEE_USAGE_SIGN | TEE_USAGE_EXTRACTABLE));
    RT_OK(TEE_CopyObjectAttributes1(other, pair));
    TEE_GetObjectInfo(other, &info);
    assert_int_equal(info.objectUsage, TEE_USAGE_SIGN);
    assert_int_equal(info.objectSize, 256);
    RT_PANICS(RT_DENIED,
              (void)TEE_GetObjectBufferAttribute(other, TEE_ATTR_ECC_PRIVATE_VALUE, out, &len));
    TEE_CopyObjectAttributes(pub, pair);
    RT_OK(TEE_GetObjectBufferAttribute(pub, TEE_ATTR_ECC_PUBLIC_VALUE_Y, out, &len));
    RT_PANICS(RT_DENIED,
              (void)TEE_GetObjectBufferAttribute(pub, TEE_ATTR_ECC_PRIVATE_VALUE, out, &len));
    RT_PANICS(RT_BAD, (void)TEE_CopyObjectAttributes1(ecdh, pair));
    RT_PANICS(RT_STATE, (void)TEE_CopyObjectAttributes1(pub, pair)); /* initialized */
    RT_PANICS(RT_STATE, (void)TEE_CopyObjectAttributes1(ecdh, fresh(TEE_TYPE_ECDH_KEYPAIR, 256)));
    RT_OK(TEE_GenerateKey(big, 256, NULL, 0));
    RT_PANICS(RT_BAD, (void)TEE_CopyObjectAttributes1(small, big));
    TEE_CloseObject(pair);
    TEE_CloseObject(other);
    TEE_CloseObject(pub);
    TEE_CloseObject(ecdh);
    TEE_CloseObject(small);
    TEE_CloseObject(big);
}

/* A handle without its upper half, as it comes back from a value parameter. */
static TEE_ObjectHandle lower_half(TEE_ObjectHandle object)
{
    return (TEE_ObjectHandle)(uintptr_t)(uint32_t)(uintptr_t)object;
}

/* A handle is a number with a generation: nothing that was not handed out just so is taken. */
static void garbage_handles(void **state)
{
    (void)state;
    TEE_ObjectInfo info;
    TEE_ObjectHandle object = fresh(TEE_TYPE_AES, 128);
    for (unsigned bit = 0; bit < 64; bit++) {
        TEE_ObjectHandle bad = (TEE_ObjectHandle)((uintptr_t)object ^ (uintptr_t)1 << bit);
        if (bad == lower_half(object))
            continue;
        RT_PANICS(RT_BAD, (void)TEE_GetObjectInfo1(bad, &info));
    }
    RT_PANICS(RT_BAD, (void)TEE_GetObjectInfo1((TEE_ObjectHandle)&info, &info));
    RT_PANICS(RT_BAD, TEE_FreeOperation((TEE_OperationHandle)object));
    RT_PANICS(RT_BAD, TEE_FreePropertyEnumerator((TEE_PropSetHandle)object));
    TEE_CloseObject(object);
    for (int i = 0; i < 1000; i++) { /* the slot is used again, the old handle stays dead */
        TEE_ObjectHandle next = fresh(TEE_TYPE_AES, 128);
        assert_ptr_not_equal(next, object);
        RT_PANICS(RT_BAD, (void)TEE_GetObjectInfo1(object, &info));
        TEE_CloseObject(next);
    }
}

/* TAs may keep 32 bits of a handle, however often its slot has been used. */
static void handles_in_32_bits(void **state)
{
    (void)state;
    TEE_ObjectInfo info;
    TEE_ObjectHandle last = TEE_HANDLE_NULL;
    for (int i = 0; i < 10000; i++) {
        TEE_ObjectHandle object = fresh(TEE_TYPE_AES, 128);
        assert_ptr_not_equal(lower_half(object), TEE_HANDLE_NULL);
        RT_OK(TEE_GetObjectInfo1(lower_half(object), &info));
        RT_OK(TEE_GetObjectInfo1(object, &info));
        if (last != TEE_HANDLE_NULL)
            RT_PANICS(RT_BAD, (void)TEE_GetObjectInfo1(lower_half(last), &info));
        last = object;
        TEE_CloseObject(lower_half(object));
        RT_PANICS(RT_BAD, (void)TEE_GetObjectInfo1(object, &info));
    }
}

static void many_objects(void **state)
{
    (void)state;
    enum { N = 2000 };
    static TEE_ObjectHandle all[N];
    for (size_t i = 0; i < N; i++) {
        all[i] = fresh(TEE_TYPE_AES, 128);
        RT_OK(TEE_GenerateKey(all[i], 128, NULL, 0));
    }
    for (size_t i = 0; i < N; i++)
        TEE_CloseObject(all[i]);
}

/* When the locked heap is full a key is refused, and everything is there again once others are closed. */
static void secret_heap_runs_out(void **state)
{
    (void)state;
    enum { N = 1000 };
    static TEE_ObjectHandle all[N];
    size_t n = 0;
    TEE_Result result = TEE_SUCCESS;
    while (n < N && result == TEE_SUCCESS) {
        result = TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, 65536, &all[n]);
        if (result == TEE_SUCCESS)
            RT_OK(TEE_GenerateKey(all[n++], 65536, NULL, 0));
    }
    assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
    for (size_t i = 0; i < n; i++)
        TEE_CloseObject(all[i]);
    TEE_ObjectHandle again = fresh(TEE_TYPE_GENERIC_SECRET, 65536);
    RT_OK(TEE_GenerateKey(again, 65536, NULL, 0));
    TEE_CloseObject(again);
}

/* ---- the locked heap full, and a little less full each time ---- */

struct scarce {
    struct rsa_parts rsa;
    TEE_ObjectHandle pair; /* EC, made while there was room */
    TEE_OperationHandle sign;
    TEE_ObjectHandle secret;
};

static TEE_Result scarce_rsa(struct scarce *s)
{
    return rsa_populate(&s->rsa, N_RSA);
}

static TEE_Result scarce_ec(struct scarce *s)
{
    (void)s;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Attribute curve = val(TEE_ATTR_ECC_CURVE, TEE_ECC_CURVE_NIST_P256);
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_ECDSA_KEYPAIR, 256, &object));
    TEE_Result result = TEE_GenerateKey(object, 256, &curve, 1);
    TEE_CloseObject(object);
    return result;
}

static TEE_Result scarce_sign(struct scarce *s)
{
    uint8_t digest[32] = {1};
    uint8_t sig[64] = {0};
    size_t len = sizeof(sig);
    return TEE_AsymmetricSignDigest(s->sign, NULL, 0, digest, sizeof(digest), sig, &len);
}

static TEE_Result scarce_derive(struct scarce *s)
{
    TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute len = val(TEE_ATTR_HKDF_OKM_LENGTH, 512);
    TEE_Result result = TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, 4096, &derived);
    if (result == TEE_SUCCESS)
        result = TEE_AllocateOperation(&op, TEE_ALG_HKDF_SHA256_DERIVE_KEY, TEE_MODE_DERIVE, 256);
    if (result == TEE_SUCCESS)
        result = TEE_SetOperationKey(op, s->secret);
    if (result == TEE_SUCCESS) {
        TEE_DeriveKey(op, &len, 1, derived); /* has no way to fail: it must not for want of room */
        TEE_ResetTransientObject(derived);
        TEE_DeriveKey(op, &len, 1, derived);
    }
    TEE_FreeOperation(op);
    TEE_CloseObject(derived);
    return result;
}

/* Whatever runs short of locked memory says so: nothing else is blamed, and nothing dies. */
static void locked_heap_runs_short(void **state)
{
    (void)state;
    static TEE_Result (*const calls[])(struct scarce *) = {scarce_rsa, scarce_ec, scarce_sign,
                                                           scarce_derive};
    static struct scarce s;
    TEE_ObjectHandle object = fresh(TEE_TYPE_RSA_KEYPAIR, 2048);
    RT_OK(TEE_GenerateKey(object, 2048, NULL, 0));
    rsa_take(object, &s.rsa);
    s.pair = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, TEE_ECC_CURVE_NIST_P256, 256);
    s.sign = keyed(TEE_ALG_ECDSA_SHA256, TEE_MODE_SIGN, 256, s.pair);
    s.secret = secret_object(TEE_TYPE_HKDF_IKM, "0123456789abcdef0123456789abcdef", 32);
    for (size_t i = 0; i < KM_ARRAY_LEN(calls); i++) {
        fill_locked_heap();
        TEE_Result result = calls[i](&s);
        assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
        while (result != TEE_SUCCESS && give_one_back()) {
            result = calls[i](&s);
            assert_true(result == TEE_SUCCESS || result == TEE_ERROR_OUT_OF_MEMORY);
        }
        assert_int_equal(result, TEE_SUCCESS);
        while (give_one_back())
            ;
    }
    TEE_FreeOperation(s.sign);
    TEE_CloseObject(s.pair);
    TEE_CloseObject(s.secret);
    TEE_CloseObject(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(allocation, fixture_after),
        cmocka_unit_test_teardown(secret_life, fixture_after),
        cmocka_unit_test_teardown(secret_rules, fixture_after),
        cmocka_unit_test_teardown(ec_checks, fixture_after),
        cmocka_unit_test_teardown(ec_generation, fixture_after),
        cmocka_unit_test_teardown(rsa_checks, fixture_after),
        cmocka_unit_test_teardown(copies, fixture_after),
        cmocka_unit_test_teardown(garbage_handles, fixture_after),
        cmocka_unit_test_teardown(handles_in_32_bits, fixture_after),
        cmocka_unit_test_teardown(many_objects, fixture_after),
        cmocka_unit_test_teardown(secret_heap_runs_out, fixture_after),
        cmocka_unit_test_teardown(locked_heap_runs_short, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
