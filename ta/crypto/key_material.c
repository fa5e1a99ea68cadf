/* SPDX-License-Identifier: Apache-2.0 */
/* What a key is made of: from the outside, or fresh. */
#include "common/km_des.h"
#include "ta/crypto/dh_group.h"
#include "ta/crypto/key.h"

static void put_attr(struct km_wr *wr, uint32_t attribute, struct km_slice value)
{
    km_wr_u32le(wr, attribute);
    km_wr_blob32le(wr, value);
}

static struct km_slice without_zeros(struct km_slice number)
{
    while (number.len > 1 && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    return number;
}

static void put_padded(struct km_wr *wr, uint32_t attribute, struct km_slice value, size_t len)
{
    km_wr_u32le(wr, attribute);
    km_wr_u32le(wr, (uint32_t)len);
    for (size_t i = value.len; i < len; i++)
        km_wr_u8(wr, 0);
    km_wr_bytes(wr, value);
}

static uint32_t bit_length(struct km_slice number)
{
    if (number.len == 0 || number.ptr[0] == 0)
        return 0;
    return (uint32_t)(number.len * 8u) - (uint32_t)(__builtin_clz((unsigned)number.ptr[0]) - 24);
}

/* X and Y of a private value; where they were given they must be the same. */
static TEE_Result ec_public(uint32_t bits, struct km_slice scalar, struct km_slice given_x,
                            struct km_slice given_y, struct km_span x, struct km_span y)
{
#ifdef TEE_KM_EXTENSIONS
    TEE_Result result =
        TEE_KmEccPublicValue(km_curve_of(bits), scalar.ptr, scalar.len, x.ptr, y.ptr, x.len);
    if (result == TEE_ERROR_BAD_PARAMETERS)
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(result);
    if (given_x.len == 0)
        return TEE_SUCCESS;
    return km_slice_equal(given_x, KM_SLICE(x.ptr, x.len)) &&
                   km_slice_equal(given_y, KM_SLICE(y.ptr, y.len))
               ? TEE_SUCCESS
               : TEE_ERROR_BAD_FORMAT;
#else
    /* The Core API alone can't compute it: then the DER has to bring it. */
    (void)bits;
    (void)scalar;
    if (given_x.len == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    km_copy(x.ptr, x.len, given_x.ptr, given_x.len);
    km_copy(y.ptr, y.len, given_y.ptr, given_y.len);
    return TEE_SUCCESS;
#endif
}

static TEE_Result put_ec(struct km_key *key, const struct km_crypto_attrs *attrs, bool is_made,
                         struct km_wr *wr)
{
    uint8_t x[66] = {0};
    uint8_t y[66] = {0};
    uint8_t curve[4] = {0};
    struct km_slice given_x = {0};
    struct km_slice given_y = {0};
    struct km_slice scalar = {0};
    uint32_t bits = km_attr_curve(attrs);
    if (bits == 0)
        bits = key->meta.bits;
    if (km_curve_of(bits) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    size_t len = km_curve_len(bits);
    bool has_x = km_attr_find(attrs, KM_CRYPTO_ECC_PUBLIC_VALUE_X, &given_x);
    bool has_y = km_attr_find(attrs, KM_CRYPTO_ECC_PUBLIC_VALUE_Y, &given_y);
    bool has_scalar = km_attr_find(attrs, KM_CRYPTO_ECC_PRIVATE_VALUE, &scalar);
    if (has_x != has_y || has_scalar != key->type->is_pair || (!has_scalar && !has_x) ||
        (has_x && (given_x.len != len || given_y.len != len)) || scalar.len > len)
        return TEE_ERROR_BAD_FORMAT;
    struct km_wr head = km_wr_init(curve, sizeof(curve));
    km_wr_u32le(&head, bits);
    if (has_scalar && !is_made) {
        KM_TRY_TEE(ec_public(bits, scalar, given_x, given_y, KM_SPAN(x, len), KM_SPAN(y, len)));
        given_x = KM_SLICE(x, len);
        given_y = KM_SLICE(y, len);
    }
    km_wr_u32le(wr, has_scalar ? 4 : 3);
    put_attr(wr, KM_CRYPTO_ECC_CURVE, KM_SLICE(curve, sizeof(curve)));
    put_attr(wr, KM_CRYPTO_ECC_PUBLIC_VALUE_X, given_x);
    put_attr(wr, KM_CRYPTO_ECC_PUBLIC_VALUE_Y, given_y);
    if (has_scalar)
        put_padded(wr, KM_CRYPTO_ECC_PRIVATE_VALUE, scalar, len);
    key->meta.bits = key->meta.bits == 0 ? bits : key->meta.bits;
    return key->meta.bits == bits ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

/* Odd, and more than 1. */
static bool is_exponent(struct km_slice number)
{
    if (number.len == 0 || (number.ptr[number.len - 1] & 1u) == 0)
        return false;
    return number.len > 1 || number.ptr[0] > 1;
}

static TEE_Result put_rsa(struct km_key *key, const struct km_crypto_attrs *attrs, struct km_wr *wr)
{
    uint32_t last = key->type->is_pair ? KM_CRYPTO_RSA_COEFFICIENT : KM_CRYPTO_RSA_PUBLIC_EXPONENT;
    struct km_slice modulus = {0};
    if (!km_attr_find(attrs, KM_CRYPTO_RSA_MODULUS, &modulus))
        return TEE_ERROR_BAD_FORMAT;
    modulus = without_zeros(modulus);
    uint32_t bits = bit_length(modulus);
    if (!km_key_bits_fit(key->type, bits))
        return TEE_ERROR_NOT_SUPPORTED;
    if (key->meta.bits != 0 && key->meta.bits != bits)
        return TEE_ERROR_BAD_FORMAT;
    km_wr_u32le(wr, last);
    for (uint32_t attribute = KM_CRYPTO_RSA_MODULUS; attribute <= last; attribute++) {
        struct km_slice value = {0};
        if (!km_attr_find(attrs, attribute, &value))
            return TEE_ERROR_BAD_FORMAT;
        value = without_zeros(value);
        if (bit_length(value) == 0 || value.len > modulus.len)
            return TEE_ERROR_BAD_FORMAT;
        if (attribute == KM_CRYPTO_RSA_PUBLIC_EXPONENT && !is_exponent(value))
            return TEE_ERROR_BAD_FORMAT;
        put_attr(wr, attribute, value);
    }
    if (attrs->count != last)
        return TEE_ERROR_BAD_FORMAT;
    key->meta.bits = bits;
    return TEE_SUCCESS;
}

/* ---- DSA and DH ---- */

/* The attributes of a family in the order in which they are kept. */
struct layout {
    uint32_t prime, subprime, base, public_value, private_value;
};
static const struct layout DSA_LAYOUT = {KM_CRYPTO_DSA_PRIME, KM_CRYPTO_DSA_SUBPRIME,
                                         KM_CRYPTO_DSA_BASE, KM_CRYPTO_DSA_PUBLIC_VALUE,
                                         KM_CRYPTO_DSA_PRIVATE_VALUE};
static const struct layout DH_LAYOUT = {KM_CRYPTO_DH_PRIME, KM_CRYPTO_DH_SUBPRIME,
                                        KM_CRYPTO_DH_BASE, KM_CRYPTO_DH_PUBLIC_VALUE,
                                        KM_CRYPTO_DH_PRIVATE_VALUE};

static const struct layout *layout_of(const struct km_key *key)
{
    return key->type->family == KM_FAMILY_DSA ? &DSA_LAYOUT : &DH_LAYOUT;
}

static void find_number(const struct km_crypto_attrs *attrs, uint32_t attribute,
                        struct km_slice *ret)
{
    if (km_attr_find(attrs, attribute, ret))
        *ret = without_zeros(*ret);
}

static void group_of(const struct km_crypto_attrs *attrs, const struct layout *layout,
                     struct km_dh_group *ret)
{
    *ret = (struct km_dh_group){0};
    find_number(attrs, layout->prime, &ret->prime);
    find_number(attrs, layout->subprime, &ret->subprime);
    find_number(attrs, layout->base, &ret->base);
}

void km_key_group(const struct km_key *key, struct km_dh_group *ret)
{
    struct km_crypto_attrs attrs = {0};
    km_key_attrs(key, &attrs);
    group_of(&attrs, layout_of(key), ret);
}

/* FIPS 186-4, 4.2: the sizes of p and q that go together. */
static bool dsa_sizes_fit(uint32_t bits, uint32_t subprime_bits)
{
    switch (bits) {
    case 1024:
        return subprime_bits == 160;
    case 2048:
        return subprime_bits == 224 || subprime_bits == 256;
    default:
        return subprime_bits == 256;
    }
}

static TEE_Result check_group(struct km_key *key, const struct km_dh_group *group)
{
    uint32_t bits = bit_length(group->prime);
    if (group->prime.len == 0 || group->base.len == 0)
        return TEE_ERROR_BAD_FORMAT;
    if (!km_key_bits_fit(key->type, bits))
        return TEE_ERROR_NOT_SUPPORTED;
    if (key->meta.bits != 0 && key->meta.bits != bits)
        return TEE_ERROR_BAD_FORMAT;
    if (key->type->family == KM_FAMILY_DSA && !dsa_sizes_fit(bits, bit_length(group->subprime)))
        return TEE_ERROR_NOT_SUPPORTED;
    key->meta.bits = bits;
    return km_dh_group_check(group);
}

/* The public value: given, or of the private one; where both are there they belong together. */
static TEE_Result group_public(const struct km_dh_group *group, struct km_slice private_value,
                               struct km_slice given, struct km_span out)
{
    if (given.len > out.len)
        return TEE_ERROR_BAD_FORMAT;
    if (private_value.len != 0)
        KM_TRY_TEE(km_dh_group_public_of(group, private_value, out));
    else
        km_copy(out.ptr + (out.len - given.len), given.len, given.ptr, given.len);
    struct km_slice made = without_zeros(KM_SLICE(out.ptr, out.len));
    if (given.len != 0 && !km_slice_equal(given, made))
        return TEE_ERROR_BAD_FORMAT;
    return km_dh_group_check_public(group, made);
}

static TEE_Result put_group_key(struct km_key *key, const struct km_crypto_attrs *attrs,
                                struct km_wr *wr)
{
    const struct layout *layout = layout_of(key);
    uint8_t public_value[512] = {0};
    struct km_dh_group group = {0};
    struct km_slice given = {0};
    struct km_slice private_value = {0};
    group_of(attrs, layout, &group);
    KM_TRY_TEE(check_group(key, &group));
    find_number(attrs, layout->public_value, &given);
    find_number(attrs, layout->private_value, &private_value);
    uint32_t n = 3u + (group.subprime.len != 0 ? 1u : 0u);
    uint32_t n_given = n - (given.len == 0 ? 1u : 0u) + (private_value.len != 0 ? 1u : 0u);
    if ((private_value.len != 0) != key->type->is_pair || attrs->count != n_given ||
        (given.len == 0 && private_value.len == 0))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(group_public(&group, private_value, given, KM_SPAN(public_value, group.prime.len)));
    km_wr_u32le(wr, n + (key->type->is_pair ? 1u : 0u));
    put_attr(wr, layout->prime, group.prime);
    if (group.subprime.len != 0)
        put_attr(wr, layout->subprime, group.subprime);
    put_attr(wr, layout->base, group.base);
    put_attr(wr, layout->public_value, without_zeros(KM_SLICE(public_value, group.prime.len)));
    if (key->type->is_pair)
        put_attr(wr, layout->private_value, private_value);
    return TEE_SUCCESS;
}

/* ---- curves of RFC 8410 ---- */

#define RAW_MAX 57u

static TEE_Result raw_public(const struct km_key *key, struct km_slice private_value,
                             uint8_t ret[RAW_MAX])
{
#ifdef TEE_KM_EXTENSIONS
    return TEE_KmRawPublicValue(km_key_tee_type(key->type->family, true), private_value.ptr, ret,
                                private_value.len);
#else
    (void)key;
    (void)private_value;
    (void)ret;
    return TEE_ERROR_NOT_SUPPORTED;
#endif
}

static TEE_Result put_raw(struct km_key *key, const struct km_crypto_attrs *attrs, struct km_wr *wr)
{
    const struct km_der_raw *raw = km_der_raw_find(km_key_der_kind(key->type->family));
    uint8_t made[RAW_MAX] = {0};
    struct km_slice given = {0};
    struct km_slice private_value = {0};
    bool has_public = km_attr_find(attrs, raw->public_value, &given);
    bool has_private = km_attr_find(attrs, raw->private_value, &private_value);
    if (has_private != key->type->is_pair || (!has_private && !has_public) ||
        attrs->count != (has_private ? 1u : 0u) + (has_public ? 1u : 0u) ||
        (has_public && given.len != raw->len) || (has_private && private_value.len != raw->len))
        return TEE_ERROR_BAD_FORMAT;
    if (has_private) {
        KM_TRY_TEE(raw_public(key, private_value, made));
        if (has_public && !km_slice_equal(given, KM_SLICE(made, raw->len)))
            return TEE_ERROR_BAD_FORMAT;
        given = KM_SLICE(made, raw->len);
    }
    km_wr_u32le(wr, has_private ? 2 : 1);
    put_attr(wr, raw->public_value, given);
    if (has_private)
        put_attr(wr, raw->private_value, private_value);
    key->meta.bits = (key->type->family & KM_FAMILY_25519) != 0 ? 256 : 448;
    return TEE_SUCCESS;
}

/* ---- symmetric ---- */

static TEE_Result check_des3(struct km_slice secret)
{
    if (!km_des_parts_differ(secret))
        return KM_CRYPTO_E_DES3_PARTS;
    return km_des_has_parity(secret) ? TEE_SUCCESS : KM_CRYPTO_E_DES3_PARITY;
}

static TEE_Result put_secret(struct km_key *key, const struct km_crypto_attrs *attrs,
                             struct km_wr *wr)
{
    struct km_slice secret = {0};
    if (attrs->count != 1 || !km_attr_find(attrs, KM_CRYPTO_SECRET_VALUE, &secret))
        return TEE_ERROR_BAD_FORMAT;
    uint32_t bits = (uint32_t)(secret.len * 8u);
    if (!km_key_bits_fit(key->type, bits))
        return TEE_ERROR_NOT_SUPPORTED;
    if (key->meta.bits != 0 && key->meta.bits != bits)
        return TEE_ERROR_BAD_FORMAT;
    if (key->type->family == KM_FAMILY_DES3)
        KM_TRY_TEE(check_des3(secret));
    key->meta.bits = bits;
    km_wr_u32le(wr, 1);
    put_attr(wr, KM_CRYPTO_SECRET_VALUE, secret);
    return TEE_SUCCESS;
}

/* is_made: all of it is the Core API's own, of a pair that it generated. */
static TEE_Result put(struct km_key *key, const struct km_crypto_attrs *attrs, bool is_made,
                      struct km_wr *wr)
{
    switch (key->type->family) {
    case KM_FAMILY_ECDSA:
    case KM_FAMILY_ECDH:
    case KM_FAMILY_EC:
        return put_ec(key, attrs, is_made, wr);
    case KM_FAMILY_RSA:
        return put_rsa(key, attrs, wr);
    case KM_FAMILY_DSA:
    case KM_FAMILY_DH:
        return put_group_key(key, attrs, wr);
    case KM_FAMILY_ED25519:
    case KM_FAMILY_X25519:
    case KM_FAMILY_ED448:
    case KM_FAMILY_X448:
        return put_raw(key, attrs, wr);
    default:
        return put_secret(key, attrs, wr);
    }
}

static TEE_Result take_attrs(struct km_key *key, const struct km_crypto_attrs *attrs, bool is_made)
{
    if (key->material != NULL)
        return TEE_ERROR_BAD_STATE;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_KEY_MATERIAL_MAX, TEE_MALLOC_FILL_ZERO);
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr wr = km_wr_init(buf, KM_KEY_MATERIAL_MAX);
    KM_TRY_TEE(put(key, attrs, is_made, &wr));
    struct km_slice whole = {0};
    if (!km_wr_finish(&wr, &whole))
        return TEE_ERROR_BAD_FORMAT;
    uint8_t *kept = TEE_Malloc(whole.len, TEE_MALLOC_FILL_ZERO);
    if (kept == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_copy(kept, whole.len, whole.ptr, whole.len);
    key->material = kept;
    key->material_len = whole.len;
    return TEE_SUCCESS;
}

TEE_Result km_key_set_attrs(struct km_key *key, const struct km_crypto_attrs *attrs)
{
    KM_TRY_TEE(take_attrs(key, attrs, false));
    return km_key_check(key);
}

TEE_Result km_key_set_secret(struct km_key *key, struct km_slice secret)
{
    if ((key->type->family & KM_FAMILY_SYMMETRIC) == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (secret.len > KM_CRYPTO_ATTRIBUTE_LEN_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    struct km_crypto_attrs attrs = {.count = 1, .at = {{KM_CRYPTO_SECRET_VALUE, secret}}};
    return km_key_set_attrs(key, &attrs);
}

TEE_Result km_key_set_made(struct km_key *key, struct km_span secret)
{
    if (key->type->family == KM_FAMILY_DES3)
        km_des_set_parity(secret);
    return km_key_set_secret(key, KM_SLICE(secret.ptr, secret.len));
}

enum km_der_kind km_key_der_kind(uint32_t family)
{
    switch (family) {
    case KM_FAMILY_RSA:
        return KM_DER_KEY_RSA;
    case KM_FAMILY_DSA:
        return KM_DER_KEY_DSA;
    case KM_FAMILY_DH:
        return KM_DER_KEY_DH;
    case KM_FAMILY_ED25519:
        return KM_DER_KEY_ED25519;
    case KM_FAMILY_X25519:
        return KM_DER_KEY_X25519;
    case KM_FAMILY_ED448:
        return KM_DER_KEY_ED448;
    case KM_FAMILY_X448:
        return KM_DER_KEY_X448;
    default:
        return KM_DER_KEY_EC;
    }
}

TEE_Result km_key_set_der(struct km_key *key, struct km_slice der)
{
    struct km_der_key parsed = {0};
    if ((key->type->family & KM_FAMILY_SYMMETRIC) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    bool fits = key->type->is_pair ? km_der_key_private(der, key->meta.bits, &parsed)
                                   : km_der_key_spki(der, &parsed);
    if (!fits || parsed.kind != km_key_der_kind(key->type->family))
        return TEE_ERROR_BAD_FORMAT;
    return km_key_set_attrs(key, &parsed.attrs);
}

void km_key_attrs(const struct km_key *key, struct km_crypto_attrs *ret)
{
    if (!km_crypto_attrs_parse(KM_SLICE(key->material, key->material_len), ret))
        km_ta_unreached();
}

TEE_Result km_key_public_of(const struct km_key *key, struct km_key **ret_public)
{
    struct km_crypto_attrs attrs = {0};
    struct km_crypto_attrs public_attrs = {0};
    struct km_crypto_template wish = {.type = key->type->public_type, .bits = key->meta.bits};
    struct km_caller owner = {.owner = key->meta.owner};
    km_key_attrs(key, &attrs);
    for (uint32_t i = 0; i < attrs.count; i++) {
        uint32_t attribute = attrs.at[i].attribute;
        if (!km_attr_is_private(attribute))
            public_attrs.at[public_attrs.count++] = attrs.at[i];
    }
    KM_AUTO(km_key_freep) struct km_key *made = NULL;
    KM_TRY_TEE(km_key_new(&wish, &owner, &made));
    KM_TRY_TEE(km_key_set_attrs(made, &public_attrs));
    *ret_public = km_steal(&made);
    return TEE_SUCCESS;
}

/* ---- making one ---- */

static TEE_Result add_ref(TEE_ObjectHandle object, uint32_t tee_attr, uint32_t attribute,
                          size_t pad_to, struct km_wr *wr)
{
    uint8_t value[512] = {0};
    size_t len = sizeof(value);
    TEE_Result result = TEE_GetObjectBufferAttribute(object, tee_attr, value, &len);
    if (result == TEE_SUCCESS)
        put_padded(wr, attribute, KM_SLICE(value, len), pad_to > len ? pad_to : len);
    TEE_MemFill(value, 0, sizeof(value));
    return result;
}

/* What the Core API wants to know to make a pair. */
static TEE_Result generation_params(const struct km_key *key, const struct km_crypto_attrs *group,
                                    TEE_Attribute ret[4], uint32_t *ret_n)
{
    static const uint8_t TWO[] = {2};
    uint32_t family = key->type->family;
    uint32_t n = 0;
    if ((family & KM_FAMILY_EC) != 0) {
        TEE_InitValueAttribute(&ret[n++], TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
    } else if (group != NULL) {
        for (uint32_t i = 0; i < group->count && i < 3; i++)
            TEE_InitRefAttribute(&ret[n++], km_key_tee_attr(group->at[i].attribute),
                                 group->at[i].value.ptr, group->at[i].value.len);
    } else if (family == KM_FAMILY_DH) {
        struct km_slice prime = {0};
        if (!km_dh_group_of(key->meta.bits, &prime))
            return TEE_ERROR_NOT_SUPPORTED;
        TEE_InitRefAttribute(&ret[n++], TEE_ATTR_DH_PRIME, prime.ptr, prime.len);
        TEE_InitRefAttribute(&ret[n++], TEE_ATTR_DH_BASE, TWO, sizeof(TWO));
    } else if (family == KM_FAMILY_DSA) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    *ret_n = n;
    return TEE_SUCCESS;
}

/* Which attributes a made pair has. */
static void pair_attrs(const struct km_key *key, uint32_t *ret_first, uint32_t *ret_last)
{
    const struct km_der_raw *raw = km_der_raw_find(km_key_der_kind(key->type->family));
    if (raw != NULL) {
        *ret_first = raw->public_value;
        *ret_last = raw->private_value;
        return;
    }
    switch (key->type->family) {
    case KM_FAMILY_RSA:
        *ret_first = KM_CRYPTO_RSA_MODULUS;
        *ret_last = KM_CRYPTO_RSA_COEFFICIENT;
        return;
    case KM_FAMILY_DSA:
        *ret_first = KM_CRYPTO_DSA_PRIME;
        *ret_last = KM_CRYPTO_DSA_PRIVATE_VALUE;
        return;
    case KM_FAMILY_DH:
        *ret_first = KM_CRYPTO_DH_PRIME;
        *ret_last = KM_CRYPTO_DH_PRIVATE_VALUE;
        return;
    default:
        *ret_first = KM_CRYPTO_ECC_PUBLIC_VALUE_X;
        *ret_last = KM_CRYPTO_ECC_PRIVATE_VALUE;
        return;
    }
}

static bool has_subprime(const struct km_crypto_attrs *group)
{
    struct km_slice value = {0};
    return group != NULL && km_attr_find(group, KM_CRYPTO_DH_SUBPRIME, &value);
}

static TEE_Result generate_pair(struct km_key *key, const struct km_crypto_attrs *group,
                                struct km_wr *wr)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_Attribute params[4] = {0};
    uint32_t n = 0;
    uint32_t first = 0;
    uint32_t last = 0;
    KM_TRY_TEE(generation_params(key, group, params, &n));
    KM_TRY_TEE(TEE_AllocateTransientObject(km_key_tee_type(key->type->family, true), key->meta.bits,
                                           &object));
    TEE_Result result = TEE_GenerateKey(object, key->meta.bits, n != 0 ? params : NULL, n);
    if (result != TEE_SUCCESS)
        return result == TEE_ERROR_BAD_PARAMETERS ? TEE_ERROR_BAD_FORMAT : result;
    pair_attrs(key, &first, &last);
    bool is_ec = (key->type->family & KM_FAMILY_EC) != 0;
    bool skips = first == KM_CRYPTO_DH_PRIME && !has_subprime(group);
    km_wr_u32le(wr, last - first + 1u - (skips ? 1u : 0u));
    for (uint32_t attribute = first; attribute <= last; attribute++) {
        if (skips && attribute == KM_CRYPTO_DH_SUBPRIME)
            continue;
        KM_TRY_TEE(add_ref(object, km_key_tee_attr(attribute), attribute,
                           is_ec ? km_curve_len(key->meta.bits) : 0, wr));
    }
    return TEE_SUCCESS;
}

#define SECRET_TRIES 4

/* Triple DES may, by a chance nobody will see, draw parts that are alike. */
static TEE_Result generate_secret(struct km_key *key, uint8_t *buf)
{
    size_t len = key->meta.bits / 8u;
    bool is_sound = false;
    for (unsigned i = 0; i < SECRET_TRIES && !is_sound; i++) {
        TEE_GenerateRandom(buf, len);
        is_sound = key->type->family != KM_FAMILY_DES3 || km_des_parts_differ(KM_SLICE(buf, len));
    }
    return km_key_set_made(key, KM_SPAN(buf, len));
}

static TEE_Result check_given_group(struct km_key *key, const struct km_crypto_attrs *attrs)
{
    struct km_dh_group group = {0};
    if (!key->type->is_pair || (key->type->family & (KM_FAMILY_DSA | KM_FAMILY_DH)) == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    group_of(attrs, layout_of(key), &group);
    if (attrs->count != 2u + (group.subprime.len != 0 ? 1u : 0u))
        return TEE_ERROR_BAD_FORMAT;
    return check_group(key, &group);
}

TEE_Result km_key_generate(struct km_key *key, const struct km_crypto_attrs *group)
{
    if (group != NULL)
        KM_TRY_TEE(check_given_group(key, group));
    if (key->type->is_public || key->meta.bits == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_KEY_MATERIAL_MAX, TEE_MALLOC_FILL_ZERO);
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (!key->type->is_pair)
        return generate_secret(key, buf);
    struct km_wr wr = km_wr_init(buf, KM_KEY_MATERIAL_MAX);
    struct km_slice whole = {0};
    struct km_crypto_attrs attrs = {0};
    KM_TRY_TEE(generate_pair(key, group, &wr));
    if (!km_wr_finish(&wr, &whole) || !km_crypto_attrs_parse(whole, &attrs))
        km_ta_unreached();
    /* What comes from outside is worked through once more; this was made a moment ago, by whoever would do that. */
    return take_attrs(key, &attrs, true);
}
