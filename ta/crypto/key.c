/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/key.h"

#include "ta/crypto/key_der.h"
#include "ta/crypto/key_store.h"

#define DENIED_SHIFT 16u

void km_key_free(void *item)
{
    struct km_key *key = item;
    if (key == NULL)
        return;
    if (key->holds != 0) {
        key->holds--;
        return;
    }
    for (unsigned i = 0; i < KM_KEY_CACHE; i++)
        TEE_FreeOperation(key->cache[i].op);
    TEE_Free(key->material);
    TEE_Free(key);
}

struct km_key *km_key_hold(struct km_key *key)
{
    key->holds++;
    return key;
}

void km_key_freep(struct km_key **key)
{
    km_key_free(*key);
    *key = NULL;
}

static TEE_Result check_wish(const struct km_crypto_template *wish, const struct km_key_type *type)
{
    if (type == NULL)
        return TEE_ERROR_BAD_PARAMETERS;
    if (wish->bits != 0 && !km_key_bits_fit(type, wish->bits))
        return TEE_ERROR_NOT_SUPPORTED;
    if ((wish->usage & ~type->usage) != 0 || (wish->attributes & ~KM_CRYPTO_ATTR_ALL) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    return TEE_SUCCESS;
}

TEE_Result km_key_new(const struct km_crypto_template *wish, const struct km_caller *caller,
                      struct km_key **ret_key)
{
    const struct km_key_type *type = km_key_type_find(wish->type);
    KM_TRY_TEE(check_wish(wish, type));
    struct km_key *key = TEE_Malloc(sizeof(*key), TEE_MALLOC_FILL_ZERO);
    if (key == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    key->type = type;
    key->uses_left = wish->max_uses;
    key->meta = (struct km_key_meta){
        .type = wish->type,
        .bits = wish->bits,
        .usage = wish->usage != 0 ? wish->usage : type->usage,
        .attributes = wish->attributes,
        .max_uses = wish->max_uses,
        .not_after = wish->not_after,
        .owner = caller->owner,
        .n_grants = wish->n_grants,
    };
    km_copy(key->meta.grants, sizeof(key->meta.grants), wish->grants, sizeof(wish->grants));
    TEE_GenerateRandom(key->meta.id, sizeof(key->meta.id));
    *ret_key = key;
    return TEE_SUCCESS;
}

/* ---- material ---- */

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

static TEE_Result put_ec(struct km_key *key, const struct km_crypto_attrs *attrs, struct km_wr *wr)
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
    if (has_scalar) {
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
    key->meta.bits = bits;
    km_wr_u32le(wr, 1);
    put_attr(wr, KM_CRYPTO_SECRET_VALUE, secret);
    return TEE_SUCCESS;
}

/* The Core API knows best whether the parts make a key: a point on its curve, primes of the modulus. */
static TEE_Result check_material(const struct km_key *key);

TEE_Result km_key_set_attrs(struct km_key *key, const struct km_crypto_attrs *attrs)
{
    if (key->material != NULL)
        return TEE_ERROR_BAD_STATE;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_KEY_MATERIAL_MAX, TEE_MALLOC_FILL_ZERO);
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr wr = km_wr_init(buf, KM_KEY_MATERIAL_MAX);
    if ((key->type->family & KM_FAMILY_EC) != 0)
        KM_TRY_TEE(put_ec(key, attrs, &wr));
    else if (key->type->family == KM_FAMILY_RSA)
        KM_TRY_TEE(put_rsa(key, attrs, &wr));
    else
        KM_TRY_TEE(put_secret(key, attrs, &wr));
    struct km_slice whole = {0};
    if (!km_wr_finish(&wr, &whole))
        return TEE_ERROR_BAD_FORMAT;
    uint8_t *kept = TEE_Malloc(whole.len, TEE_MALLOC_FILL_ZERO);
    if (kept == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_copy(kept, whole.len, whole.ptr, whole.len);
    key->material = kept;
    key->material_len = whole.len;
    return check_material(key);
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

TEE_Result km_key_set_der(struct km_key *key, struct km_slice der)
{
    struct km_der_key parsed = {0};
    if ((key->type->family & KM_FAMILY_SYMMETRIC) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    bool fits = key->type->is_pair ? km_der_key_private(der, key->meta.bits, &parsed)
                                   : km_der_key_spki(der, &parsed);
    if (!fits || parsed.is_rsa != (key->type->family == KM_FAMILY_RSA))
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
        if (attribute == KM_CRYPTO_RSA_MODULUS || attribute == KM_CRYPTO_RSA_PUBLIC_EXPONENT ||
            (attribute >= KM_CRYPTO_ECC_CURVE && attribute <= KM_CRYPTO_ECC_PUBLIC_VALUE_Y))
            public_attrs.at[public_attrs.count++] = attrs.at[i];
    }
    KM_AUTO(km_key_freep) struct km_key *made = NULL;
    KM_TRY_TEE(km_key_new(&wish, &owner, &made));
    KM_TRY_TEE(km_key_set_attrs(made, &public_attrs));
    *ret_public = km_steal(&made);
    return TEE_SUCCESS;
}

/* ---- objects and operations of the Core API ---- */

TEE_Result km_object_new(uint32_t tee_type, uint32_t bits, const TEE_Attribute *attrs,
                         uint32_t n_attrs, uint32_t usage, TEE_ObjectHandle *ret_object)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(TEE_AllocateTransientObject(tee_type, bits, &object));
    KM_TRY_TEE(TEE_PopulateTransientObject(object, attrs, n_attrs));
    KM_TRY_TEE(TEE_RestrictObjectUsage1(object, usage));
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}

static const struct {
    uint32_t ours, tee;
} TEE_ATTRS[] = {
    {KM_CRYPTO_RSA_MODULUS, TEE_ATTR_RSA_MODULUS},
    {KM_CRYPTO_RSA_PUBLIC_EXPONENT, TEE_ATTR_RSA_PUBLIC_EXPONENT},
    {KM_CRYPTO_RSA_PRIVATE_EXPONENT, TEE_ATTR_RSA_PRIVATE_EXPONENT},
    {KM_CRYPTO_RSA_PRIME1, TEE_ATTR_RSA_PRIME1},
    {KM_CRYPTO_RSA_PRIME2, TEE_ATTR_RSA_PRIME2},
    {KM_CRYPTO_RSA_EXPONENT1, TEE_ATTR_RSA_EXPONENT1},
    {KM_CRYPTO_RSA_EXPONENT2, TEE_ATTR_RSA_EXPONENT2},
    {KM_CRYPTO_RSA_COEFFICIENT, TEE_ATTR_RSA_COEFFICIENT},
    {KM_CRYPTO_ECC_PUBLIC_VALUE_X, TEE_ATTR_ECC_PUBLIC_VALUE_X},
    {KM_CRYPTO_ECC_PUBLIC_VALUE_Y, TEE_ATTR_ECC_PUBLIC_VALUE_Y},
    {KM_CRYPTO_ECC_PRIVATE_VALUE, TEE_ATTR_ECC_PRIVATE_VALUE},
    {KM_CRYPTO_SECRET_VALUE, TEE_ATTR_SECRET_VALUE},
};

static bool is_private_attr(uint32_t attribute)
{
    return attribute == KM_CRYPTO_ECC_PRIVATE_VALUE || attribute == KM_CRYPTO_SECRET_VALUE ||
           (attribute >= KM_CRYPTO_RSA_PRIVATE_EXPONENT && attribute <= KM_CRYPTO_RSA_COEFFICIENT);
}

static uint32_t tee_attrs(const struct km_key *key, bool with_private,
                          TEE_Attribute ret[KM_CRYPTO_ATTRIBUTES_MAX])
{
    struct km_crypto_attrs attrs = {0};
    uint32_t n = 0;
    km_key_attrs(key, &attrs);
    for (uint32_t i = 0; i < attrs.count; i++) {
        const struct km_crypto_attr *attr = &attrs.at[i];
        if (!with_private && is_private_attr(attr->attribute))
            continue;
        if (attr->attribute == KM_CRYPTO_ECC_CURVE) {
            TEE_InitValueAttribute(&ret[n++], TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
            continue;
        }
        for (size_t k = 0; k < KM_ARRAY_LEN(TEE_ATTRS); k++) {
            if (TEE_ATTRS[k].ours == attr->attribute)
                TEE_InitRefAttribute(&ret[n++], TEE_ATTRS[k].tee, attr->value.ptr, attr->value.len);
        }
    }
    return n;
}

static uint32_t tee_type_of(const struct km_key *key, uint32_t family, bool with_private)
{
    switch (family) {
    case KM_FAMILY_RSA:
        return with_private ? TEE_TYPE_RSA_KEYPAIR : TEE_TYPE_RSA_PUBLIC_KEY;
    case KM_FAMILY_ECDSA:
        return with_private ? TEE_TYPE_ECDSA_KEYPAIR : TEE_TYPE_ECDSA_PUBLIC_KEY;
    case KM_FAMILY_ECDH:
        return with_private ? TEE_TYPE_ECDH_KEYPAIR : TEE_TYPE_ECDH_PUBLIC_KEY;
    case KM_FAMILY_AES:
        return TEE_TYPE_AES;
    default:
        (void)key;
        return TEE_TYPE_GENERIC_SECRET;
    }
}

static TEE_Result check_material(const struct km_key *key)
{
    TEE_Attribute attrs[KM_CRYPTO_ATTRIBUTES_MAX] = {0};
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    uint32_t family = key->type->family;
    if ((family & (KM_FAMILY_HMAC | KM_FAMILY_SECRET)) != 0)
        return TEE_SUCCESS;
    if (family == KM_FAMILY_EC)
        family = KM_FAMILY_ECDSA;
    uint32_t n = tee_attrs(key, key->type->is_pair || !key->type->is_public, attrs);
    TEE_Result result = km_object_new(tee_type_of(key, family, key->type->is_pair), key->meta.bits,
                                      attrs, n, 0, &object);
    return result == TEE_ERROR_BAD_PARAMETERS ? TEE_ERROR_BAD_FORMAT : result;
}

static uint32_t tee_usage(uint32_t tee_mode)
{
    switch (tee_mode) {
    case TEE_MODE_ENCRYPT:
        return TEE_USAGE_ENCRYPT;
    case TEE_MODE_DECRYPT:
        return TEE_USAGE_DECRYPT;
    case TEE_MODE_SIGN:
        return TEE_USAGE_SIGN;
    case TEE_MODE_VERIFY:
        return TEE_USAGE_VERIFY;
    case TEE_MODE_MAC:
        return TEE_USAGE_MAC;
    default:
        return TEE_USAGE_DERIVE;
    }
}

/*
 * HMAC (RFC 2104) hashes a key longer than the block and fills a shorter one with zeros. Done here, every length from 64 to 4096
 * bits fits the sizes that GlobalPlatform allows for each hash.
 */
static TEE_Result hmac_block(const struct km_key *key, const struct km_alg *alg, uint8_t *block,
                             size_t cap)
{
    struct km_crypto_attrs attrs = {0};
    km_key_attrs(key, &attrs);
    struct km_slice secret = attrs.at[0].value;
    if (secret.len <= alg->hash_block) {
        km_copy(block, cap, secret.ptr, secret.len);
        return TEE_SUCCESS;
    }
    KM_AUTO(km_ta_operationp) TEE_OperationHandle digest = TEE_HANDLE_NULL;
    size_t len = cap;
    KM_TRY_TEE(TEE_AllocateOperation(&digest, alg->tee_digest, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(digest, secret.ptr, secret.len, block, &len);
}

static TEE_Result hmac_object(const struct km_key *key, const struct km_alg *alg,
                              TEE_ObjectHandle *ret_object)
{
    uint8_t block[128] = {0};
    TEE_Attribute attr = {0};
    TEE_Result result = hmac_block(key, alg, block, sizeof(block));
    if (result == TEE_SUCCESS) {
        TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, block, alg->hash_block);
        result =
            km_object_new(alg->tee_type, alg->hash_block * 8u, &attr, 1, TEE_USAGE_MAC, ret_object);
    }
    TEE_MemFill(block, 0, sizeof(block));
    return result;
}

static TEE_Result kdf_object(const struct km_key *key, TEE_ObjectHandle *ret_object)
{
    struct km_crypto_attrs attrs = {0};
    TEE_Attribute attr = {0};
    km_key_attrs(key, &attrs);
    TEE_InitRefAttribute(&attr, TEE_ATTR_HKDF_IKM, attrs.at[0].value.ptr, attrs.at[0].value.len);
    return km_object_new(TEE_TYPE_HKDF_IKM, key->meta.bits, &attr, 1, TEE_USAGE_DERIVE, ret_object);
}

static TEE_Result object_for(const struct km_key *key, const struct km_alg *alg, uint32_t tee_mode,
                             TEE_ObjectHandle *ret_object)
{
    if (alg->family == KM_FAMILY_HMAC)
        return hmac_object(key, alg, ret_object);
    if (alg->family == KM_FAMILY_SECRET)
        return kdf_object(key, ret_object);
    /* Public operations get the public part, even of a pair. */
    bool is_asymmetric = (alg->family & KM_FAMILY_SYMMETRIC) == 0;
    bool with_private =
        !(is_asymmetric && (tee_mode == TEE_MODE_VERIFY || tee_mode == TEE_MODE_ENCRYPT));
    TEE_Attribute attrs[KM_CRYPTO_ATTRIBUTES_MAX] = {0};
    uint32_t n = tee_attrs(key, with_private, attrs);
    return km_object_new(tee_type_of(key, alg->family, with_private), key->meta.bits, attrs, n,
                         tee_usage(tee_mode), ret_object);
}

TEE_Result km_key_operation_own(const struct km_key *key, const struct km_alg *alg,
                                uint32_t tee_mode, TEE_OperationHandle *ret_op)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint32_t bits = alg->family == KM_FAMILY_HMAC ? alg->hash_block * 8u : key->meta.bits;
    if (alg->family == 0 || (key->type->family & alg->family) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(object_for(key, alg, tee_mode, &object));
    KM_TRY_TEE(TEE_AllocateOperation(&op, km_alg_tee(alg, key->meta.bits), tee_mode, bits));
    KM_TRY_TEE(TEE_SetOperationKey(op, object));
    *ret_op = km_steal(&op);
    return TEE_SUCCESS;
}

TEE_Result km_key_operation(struct km_key *key, const struct km_alg *alg, uint32_t tee_mode,
                            TEE_OperationHandle *ret_op)
{
    for (unsigned i = 0; i < KM_KEY_CACHE; i++) {
        if (key->cache[i].algorithm == alg->id && key->cache[i].mode == tee_mode) {
            *ret_op = key->cache[i].op;
            return TEE_SUCCESS;
        }
    }
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_key_operation_own(key, alg, tee_mode, &op));
    struct km_key_op *place = &key->cache[key->next];
    key->next = (key->next + 1u) % KM_KEY_CACHE;
    TEE_FreeOperation(place->op);
    *place = (struct km_key_op){.algorithm = alg->id, .mode = tee_mode, .op = op};
    *ret_op = op;
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

static TEE_Result generate_pair(struct km_key *key, struct km_wr *wr)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    bool is_rsa = key->type->family == KM_FAMILY_RSA;
    uint32_t tee_type = is_rsa                                ? TEE_TYPE_RSA_KEYPAIR
                        : key->type->family == KM_FAMILY_ECDH ? TEE_TYPE_ECDH_KEYPAIR
                                                              : TEE_TYPE_ECDSA_KEYPAIR;
    TEE_Attribute curve = {0};
    TEE_InitValueAttribute(&curve, TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
    KM_TRY_TEE(TEE_AllocateTransientObject(tee_type, key->meta.bits, &object));
    KM_TRY_TEE(TEE_GenerateKey(object, key->meta.bits, is_rsa ? NULL : &curve, is_rsa ? 0 : 1));
    uint32_t first = is_rsa ? KM_CRYPTO_RSA_MODULUS : KM_CRYPTO_ECC_PUBLIC_VALUE_X;
    uint32_t last = is_rsa ? KM_CRYPTO_RSA_COEFFICIENT : KM_CRYPTO_ECC_PRIVATE_VALUE;
    size_t pad_to = is_rsa ? 0 : km_curve_len(key->meta.bits);
    km_wr_u32le(wr, last - first + 1u);
    for (size_t i = 0; i < KM_ARRAY_LEN(TEE_ATTRS); i++) {
        if (TEE_ATTRS[i].ours >= first && TEE_ATTRS[i].ours <= last)
            KM_TRY_TEE(add_ref(object, TEE_ATTRS[i].tee, TEE_ATTRS[i].ours, pad_to, wr));
    }
    return TEE_SUCCESS;
}

TEE_Result km_key_generate(struct km_key *key)
{
    if (key->type->is_public || key->meta.bits == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_KEY_MATERIAL_MAX, TEE_MALLOC_FILL_ZERO);
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (!key->type->is_pair) {
        size_t len = key->meta.bits / 8u;
        TEE_GenerateRandom(buf, len);
        return km_key_set_secret(key, KM_SLICE(buf, len));
    }
    struct km_wr wr = km_wr_init(buf, KM_KEY_MATERIAL_MAX);
    struct km_slice whole = {0};
    struct km_crypto_attrs attrs = {0};
    KM_TRY_TEE(generate_pair(key, &wr));
    if (!km_wr_finish(&wr, &whole) || !km_crypto_attrs_parse(whole, &attrs))
        km_ta_unreached();
    return km_key_set_attrs(key, &attrs);
}

/* ---- rules ---- */

void km_key_subject(const struct km_key *key, struct km_crypto_name *ret)
{
    *ret = key->name;
    if (key->name.len != 0)
        return;
    km_copy(ret->at, sizeof(ret->at), "id:", 3);
    km_hex(KM_SLICE(key->meta.id, sizeof(key->meta.id)), ret->at + 3, sizeof(ret->at) - 3);
    ret->len = 3 + 2 * KM_CRYPTO_ID_LEN;
}

static void tell(struct km_key *key, uint32_t bit, const char *operation, TEE_Result result)
{
    bool each = (key->meta.attributes & KM_CRYPTO_ATTR_AUDIT_EACH_USE) != 0;
    if ((key->audited & bit) == bit && !each)
        return;
    key->audited |= bit;
    struct km_crypto_name subject = {0};
    km_key_subject(key, &subject);
    km_audit(operation, &subject, result);
}

static TEE_Result check_limits(const struct km_key *key)
{
    if (key->meta.not_after != 0 && km_now() > key->meta.not_after)
        return KM_CRYPTO_E_EXPIRED;
    if (key->meta.max_uses != 0 && key->uses_left == 0)
        return KM_CRYPTO_E_USED_UP;
    return TEE_SUCCESS;
}

TEE_Result km_key_permits(struct km_key *key, uint32_t usage)
{
    bool is_meant = (key->meta.usage & usage) == usage;
    TEE_Result result = is_meant ? check_limits(key) : TEE_ERROR_ACCESS_DENIED;
    if (result != TEE_SUCCESS)
        tell(key, usage << DENIED_SHIFT, "denied", result);
    return result;
}

static TEE_Result check_export(struct km_key *key)
{
    if ((key->meta.attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) == 0)
        return KM_CRYPTO_E_NOT_EXPORTABLE;
    if (key->name.len != 0 && key->meta.max_uses != 0)
        KM_TRY_TEE(km_key_store_refresh(key));
    return check_limits(key);
}

TEE_Result km_key_may_export(struct km_key *key)
{
    struct km_crypto_name subject = {0};
    TEE_Result result = check_export(key);
    if (result == TEE_SUCCESS)
        return TEE_SUCCESS;
    km_key_subject(key, &subject);
    km_audit("denied", &subject, result);
    return result;
}

static const char *usage_name(uint32_t usage)
{
    switch (usage) {
    case KM_CRYPTO_USAGE_ENCRYPT:
        return "encrypt";
    case KM_CRYPTO_USAGE_DECRYPT:
        return "decrypt";
    case KM_CRYPTO_USAGE_ENCRYPT | KM_CRYPTO_USAGE_DECRYPT:
        return "cipher";
    case KM_CRYPTO_USAGE_SIGN:
        return "sign";
    case KM_CRYPTO_USAGE_VERIFY:
        return "verify";
    case KM_CRYPTO_USAGE_MAC:
        return "mac";
    default:
        return "derive";
    }
}

TEE_Result km_key_charge(struct km_key *key, uint32_t usage)
{
    if (key->meta.max_uses != 0) {
        TEE_Result result = TEE_SUCCESS;
        if (key->name.len != 0)
            result = km_key_store_count(key);
        else
            key->uses_left--;
        if (result != TEE_SUCCESS) {
            tell(key, usage << DENIED_SHIFT, "denied", result);
            return result;
        }
    }
    tell(key, usage, usage_name(usage), TEE_SUCCESS);
    return TEE_SUCCESS;
}

void km_key_info(const struct km_key *key, struct km_crypto_info *ret)
{
    const struct km_key_meta *meta = &key->meta;
    *ret = (struct km_crypto_info){
        .type = meta->type,
        .bits = meta->bits,
        .usage = meta->usage,
        .attributes = meta->attributes,
        .max_uses = meta->max_uses,
        .uses_left = key->uses_left,
        .not_after = meta->not_after,
        .owner_uid = meta->owner.uid,
        .flags = meta->flags,
        .name = key->name,
        .password_name = meta->password_name,
        .storage = {.len = 4, .at = "soft"},
    };
    if (key->name.len != 0)
        ret->flags |= KM_CRYPTO_INFO_SAVED;
    if (meta->password_name.len != 0)
        ret->flags |= KM_CRYPTO_INFO_PASSWORD;
    km_copy(ret->id, sizeof(ret->id), meta->id, sizeof(meta->id));
}
