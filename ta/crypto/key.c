/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/key.h"

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
    if (!km_key_usage_fits(type, wish->usage) || (wish->attributes & ~KM_CRYPTO_ATTR_ALL) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    /* Each copy that is unwrapped would have a count of its own. */
    bool is_wrappable = (wish->attributes & KM_CRYPTO_ATTR_WRAPPABLE) != 0;
    return is_wrappable && wish->max_uses != 0 ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS;
}

bool km_key_is_open(const struct km_key *key)
{
    return (key->meta.attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0;
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

/* ---- objects and operations of the Core API ---- */

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
    {KM_CRYPTO_DSA_PRIME, TEE_ATTR_DSA_PRIME},
    {KM_CRYPTO_DSA_SUBPRIME, TEE_ATTR_DSA_SUBPRIME},
    {KM_CRYPTO_DSA_BASE, TEE_ATTR_DSA_BASE},
    {KM_CRYPTO_DSA_PUBLIC_VALUE, TEE_ATTR_DSA_PUBLIC_VALUE},
    {KM_CRYPTO_DSA_PRIVATE_VALUE, TEE_ATTR_DSA_PRIVATE_VALUE},
    {KM_CRYPTO_DH_PRIME, TEE_ATTR_DH_PRIME},
    {KM_CRYPTO_DH_SUBPRIME, TEE_ATTR_DH_SUBPRIME},
    {KM_CRYPTO_DH_BASE, TEE_ATTR_DH_BASE},
    {KM_CRYPTO_DH_PUBLIC_VALUE, TEE_ATTR_DH_PUBLIC_VALUE},
    {KM_CRYPTO_DH_PRIVATE_VALUE, TEE_ATTR_DH_PRIVATE_VALUE},
    {KM_CRYPTO_ED25519_PUBLIC_VALUE, TEE_ATTR_ED25519_PUBLIC_VALUE},
    {KM_CRYPTO_ED25519_PRIVATE_VALUE, TEE_ATTR_ED25519_PRIVATE_VALUE},
    {KM_CRYPTO_X25519_PUBLIC_VALUE, TEE_ATTR_X25519_PUBLIC_VALUE},
    {KM_CRYPTO_X25519_PRIVATE_VALUE, TEE_ATTR_X25519_PRIVATE_VALUE},
    {KM_CRYPTO_ED448_PUBLIC_VALUE, TEE_ATTR_ED448_PUBLIC_VALUE},
    {KM_CRYPTO_ED448_PRIVATE_VALUE, TEE_ATTR_ED448_PRIVATE_VALUE},
    {KM_CRYPTO_X448_PUBLIC_VALUE, TEE_ATTR_X448_PUBLIC_VALUE},
    {KM_CRYPTO_X448_PRIVATE_VALUE, TEE_ATTR_X448_PRIVATE_VALUE},
};

uint32_t km_key_tee_attr(uint32_t attribute)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(TEE_ATTRS); i++) {
        if (TEE_ATTRS[i].ours == attribute)
            return TEE_ATTRS[i].tee;
    }
    km_ta_unreached();
}

static uint32_t tee_attrs(const struct km_key *key, bool with_private,
                          TEE_Attribute ret[KM_CRYPTO_ATTRIBUTES_MAX])
{
    struct km_crypto_attrs attrs = {0};
    uint32_t n = 0;
    km_key_attrs(key, &attrs);
    for (uint32_t i = 0; i < attrs.count; i++) {
        const struct km_crypto_attr *attr = &attrs.at[i];
        if (!with_private && km_attr_is_private(attr->attribute))
            continue;
        if (attr->attribute == KM_CRYPTO_ECC_CURVE) {
            TEE_InitValueAttribute(&ret[n++], TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
            continue;
        }
        TEE_InitRefAttribute(&ret[n++], km_key_tee_attr(attr->attribute), attr->value.ptr,
                             attr->value.len);
    }
    return n;
}

uint32_t km_key_tee_type(uint32_t family, bool with_private)
{
    switch (family) {
    case KM_FAMILY_RSA:
        return with_private ? TEE_TYPE_RSA_KEYPAIR : TEE_TYPE_RSA_PUBLIC_KEY;
    case KM_FAMILY_ECDSA:
    case KM_FAMILY_EC:
        return with_private ? TEE_TYPE_ECDSA_KEYPAIR : TEE_TYPE_ECDSA_PUBLIC_KEY;
    case KM_FAMILY_ECDH:
        return with_private ? TEE_TYPE_ECDH_KEYPAIR : TEE_TYPE_ECDH_PUBLIC_KEY;
    case KM_FAMILY_DSA:
        return with_private ? TEE_TYPE_DSA_KEYPAIR : TEE_TYPE_DSA_PUBLIC_KEY;
    case KM_FAMILY_DH:
        return TEE_TYPE_DH_KEYPAIR;
    case KM_FAMILY_ED25519:
        return with_private ? TEE_TYPE_ED25519_KEYPAIR : TEE_TYPE_ED25519_PUBLIC_KEY;
    case KM_FAMILY_X25519:
        return with_private ? TEE_TYPE_X25519_KEYPAIR : TEE_TYPE_X25519_PUBLIC_KEY;
    case KM_FAMILY_ED448:
        return with_private ? TEE_TYPE_ED448_KEYPAIR : TEE_TYPE_ED448_PUBLIC_KEY;
    case KM_FAMILY_X448:
        return with_private ? TEE_TYPE_X448_KEYPAIR : TEE_TYPE_X448_PUBLIC_KEY;
    case KM_FAMILY_DES3:
        return TEE_TYPE_DES3;
    case KM_FAMILY_CHACHA20:
        return TEE_TYPE_CHACHA20;
    default:
        return TEE_TYPE_AES;
    }
}

/* The Core API knows best whether the parts make a key: a point on its curve, primes of the modulus. */
TEE_Result km_key_check(const struct km_key *key)
{
    TEE_Attribute attrs[KM_CRYPTO_ATTRIBUTES_MAX] = {0};
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    uint32_t family = key->type->family;
    bool is_two_keys = family == KM_FAMILY_AES && key->meta.bits > 256;
    bool is_known = (family & (KM_FAMILY_HMAC | KM_FAMILY_SECRET)) != 0 || is_two_keys ||
                    (family == KM_FAMILY_DH && key->type->is_public);
    if (is_known)
        return TEE_SUCCESS;
    uint32_t n = tee_attrs(key, key->type->is_pair || !key->type->is_public, attrs);
    TEE_Result result = km_object_new(km_key_tee_type(family, key->type->is_pair), key->meta.bits,
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
static TEE_Result hmac_block(struct km_slice secret, const struct km_alg *alg, uint8_t *block,
                             size_t cap)
{
    if (secret.len <= alg->hash_block) {
        km_copy(block, cap, secret.ptr, secret.len);
        return TEE_SUCCESS;
    }
    KM_AUTO(km_ta_operationp) TEE_OperationHandle digest = TEE_HANDLE_NULL;
    size_t len = cap;
    KM_TRY_TEE(TEE_AllocateOperation(&digest, alg->tee_digest, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(digest, secret.ptr, secret.len, block, &len);
}

TEE_Result km_key_hmac_object(struct km_slice secret, const struct km_alg *alg,
                              TEE_ObjectHandle *ret_object)
{
    uint8_t block[144] = {0};
    TEE_Attribute attr = {0};
    TEE_Result result = hmac_block(secret, alg, block, sizeof(block));
    if (result == TEE_SUCCESS) {
        TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, block, alg->hash_block);
        result =
            km_object_new(alg->tee_type, alg->hash_block * 8u, &attr, 1, TEE_USAGE_MAC, ret_object);
    }
    TEE_MemFill(block, 0, sizeof(block));
    return result;
}

/* The Core API knows the input of each derivation by another name. */
static TEE_Result kdf_object(const struct km_key *key, const struct km_alg *alg,
                             TEE_ObjectHandle *ret_object)
{
    struct km_crypto_attrs attrs = {0};
    TEE_Attribute attr = {0};
    uint32_t type = TEE_TYPE_HKDF_IKM;
    uint32_t name = TEE_ATTR_HKDF_IKM;
    km_key_attrs(key, &attrs);
    if (km_alg_is_concat(alg)) {
        type = TEE_TYPE_CONCAT_KDF_Z;
        name = TEE_ATTR_CONCAT_KDF_Z;
    } else if (km_alg_is_pbkdf2(alg)) {
        type = TEE_TYPE_PBKDF2_PASSWORD;
        name = TEE_ATTR_PBKDF2_PASSWORD;
    }
    TEE_InitRefAttribute(&attr, name, attrs.at[0].value.ptr, attrs.at[0].value.len);
    return km_object_new(type, key->meta.bits, &attr, 1, TEE_USAGE_DERIVE, ret_object);
}

static TEE_Result object_for(const struct km_key *key, const struct km_alg *alg, uint32_t tee_mode,
                             TEE_ObjectHandle *ret_object)
{
    if (alg->family == KM_FAMILY_HMAC) {
        struct km_crypto_attrs secret = {0};
        km_key_attrs(key, &secret);
        return km_key_hmac_object(secret.at[0].value, alg, ret_object);
    }
    if (alg->family == KM_FAMILY_SECRET)
        return kdf_object(key, alg, ret_object);
    /* Public operations get the public part, even of a pair. */
    bool is_asymmetric = (alg->family & KM_FAMILY_SYMMETRIC) == 0;
    bool with_private =
        !(is_asymmetric && (tee_mode == TEE_MODE_VERIFY || tee_mode == TEE_MODE_ENCRYPT));
    TEE_Attribute attrs[KM_CRYPTO_ATTRIBUTES_MAX] = {0};
    uint32_t n = tee_attrs(key, with_private, attrs);
    return km_object_new(km_key_tee_type(alg->family, with_private), key->meta.bits, attrs, n,
                         tee_usage(tee_mode), ret_object);
}

/* XTS (IEEE 1619): the first half encrypts, the second the tweak; alike they are no key (FIPS 140, A.9). */
static TEE_Result set_two_keys(const struct km_key *key, uint32_t tee_mode, TEE_OperationHandle op)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle first = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle second = TEE_HANDLE_NULL;
    struct km_crypto_attrs attrs = {0};
    TEE_Attribute attr = {0};
    km_key_attrs(key, &attrs);
    struct km_slice secret = attrs.at[0].value;
    size_t half = secret.len / 2u;
    uint32_t bits = (uint32_t)half * 8u;
    if (TEE_MemCompare(secret.ptr, secret.ptr + half, half) == 0)
        return TEE_ERROR_BAD_FORMAT;
    TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, secret.ptr, half);
    KM_TRY_TEE(km_object_new(TEE_TYPE_AES, bits, &attr, 1, tee_usage(tee_mode), &first));
    TEE_InitRefAttribute(&attr, TEE_ATTR_SECRET_VALUE, secret.ptr + half, half);
    KM_TRY_TEE(km_object_new(TEE_TYPE_AES, bits, &attr, 1, tee_usage(tee_mode), &second));
    return TEE_SetOperationKey2(op, first, second);
}

static uint32_t operation_bits(const struct km_key *key, const struct km_alg *alg)
{
    if (alg->family == KM_FAMILY_HMAC)
        return alg->hash_block * 8u;
    return (alg->flags & KM_ALG_TWO_KEYS) != 0 ? key->meta.bits / 2u : key->meta.bits;
}

TEE_Result km_key_operation_own(const struct km_key *key, const struct km_alg *alg,
                                uint32_t tee_mode, TEE_OperationHandle *ret_op)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    if (alg->family == 0 || (key->type->family & alg->family) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(TEE_AllocateOperation(&op, km_alg_tee(alg, key->meta.bits), tee_mode,
                                     operation_bits(key, alg)));
    if ((alg->flags & KM_ALG_TWO_KEYS) != 0) {
        KM_TRY_TEE(set_two_keys(key, tee_mode, op));
    } else {
        KM_TRY_TEE(object_for(key, alg, tee_mode, &object));
        KM_TRY_TEE(TEE_SetOperationKey(op, object));
    }
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
    if (!km_key_is_open(key))
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
    case KM_CRYPTO_USAGE_DECRYPT | KM_CRYPTO_USAGE_SIGN:
        return "raw-rsa";
    case KM_CRYPTO_USAGE_WRAP:
        return "wrap";
    case KM_CRYPTO_USAGE_UNWRAP:
        return "unwrap";
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
        .flags = meta->flags & ~KM_KEY_MADE_HERE,
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
