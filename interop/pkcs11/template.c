/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of objects that are to be made. */
#include <string.h>

#include "interop/pkcs11/p11.h"

const CK_ATTRIBUTE *km_p11_template_find(const struct km_p11_template *template,
                                         CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < template->n; i++) {
        if (template->at[i].type == type)
            return &template->at[i];
    }
    return NULL;
}

CK_RV km_p11_template_bool(const struct km_p11_template *template, CK_ATTRIBUTE_TYPE type,
                           bool otherwise, bool *ret)
{
    const CK_ATTRIBUTE *found = km_p11_template_find(template, type);
    CK_BBOOL value = otherwise ? CK_TRUE : CK_FALSE;
    if (found != NULL) {
        if (found->ulValueLen != sizeof(value))
            return CKR_ATTRIBUTE_VALUE_INVALID;
        value = *(const CK_BBOOL *)found->pValue;
    }
    *ret = value != CK_FALSE;
    return CKR_OK;
}

CK_RV km_p11_template_ulong(const struct km_p11_template *template, CK_ATTRIBUTE_TYPE type,
                            CK_ULONG otherwise, CK_ULONG *ret)
{
    const CK_ATTRIBUTE *found = km_p11_template_find(template, type);
    *ret = otherwise;
    if (found == NULL)
        return CKR_OK;
    if (found->ulValueLen != sizeof(*ret))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    km_copy(ret, sizeof(*ret), found->pValue, sizeof(*ret));
    return CKR_OK;
}

CK_RV km_p11_template_check(const CK_ATTRIBUTE *at, CK_ULONG n)
{
    if (at == NULL && n != 0)
        return CKR_ARGUMENTS_BAD;
    for (CK_ULONG i = 0; i < n; i++) {
        if (at[i].pValue == NULL && at[i].ulValueLen != 0)
            return CKR_ARGUMENTS_BAD;
        if (km_p11_attribute_kind(at[i].type) == KM_P11_UNKNOWN)
            return CKR_ATTRIBUTE_TYPE_INVALID;
        const struct km_p11_template before = {at, i};
        if (km_p11_template_find(&before, at[i].type) != NULL)
            return CKR_TEMPLATE_INCONSISTENT;
    }
    return CKR_OK;
}

/* ---- what a template says of a key ---- */

static CK_RV collect_usage(const struct km_p11_template *template, uint32_t *ret_said,
                           uint32_t *ret_wanted)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        uint32_t usage;
    } USAGES[] = {
        {CKA_ENCRYPT, CLRC_USAGE_ENCRYPT}, {CKA_DECRYPT, CLRC_USAGE_DECRYPT},
        {CKA_SIGN, CLRC_USAGE_SIGN},       {CKA_VERIFY, CLRC_USAGE_VERIFY},
        {CKA_DERIVE, CLRC_USAGE_DERIVE},   {CKA_WRAP, CLRC_USAGE_WRAP},
        {CKA_UNWRAP, CLRC_USAGE_UNWRAP},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(USAGES); i++) {
        bool is = false;
        P11_TRY(km_p11_template_bool(template, USAGES[i].type, false, &is));
        if (km_p11_template_find(template, USAGES[i].type) != NULL)
            *ret_said |= USAGES[i].usage;
        if (is)
            *ret_wanted |= USAGES[i].usage;
    }
    return CKR_OK;
}

#define CRYPT (CLRC_USAGE_ENCRYPT | CLRC_USAGE_DECRYPT)
#define SIGN (CLRC_USAGE_SIGN | CLRC_USAGE_VERIFY)
#define WRAP (CLRC_USAGE_WRAP | CLRC_USAGE_UNWRAP)

/* An AES key either wraps keys or works on data; who says both, as some tools do for any key, gets the latter. */
static uint32_t aes_usage(uint32_t said, uint32_t wanted)
{
    uint32_t usage = wanted & CRYPT;
    if ((wanted & SIGN) != 0)
        usage |= CLRC_USAGE_MAC;
    if (usage == 0 && (wanted & WRAP) != 0)
        return wanted & WRAP;
    if (usage == 0 && (said & CRYPT) == 0)
        return CRYPT;
    return usage;
}

static void secret_type(CK_KEY_TYPE key_type, uint32_t said, uint32_t wanted, ClrcKeyTemplate *key)
{
    key->type = KEY_HMAC;
    key->usage = CLRC_USAGE_MAC;
    if (key_type == CKK_AES) {
        key->type = KEY_AES;
        key->usage = aes_usage(said, wanted);
    } else if (key_type == CKK_CHACHA20) {
        key->type = KEY_CHACHA20;
        key->usage = 0;
    } else if ((wanted & CLRC_USAGE_DERIVE) != 0 || key_type == CKK_HKDF) {
        key->type = KEY_GENERIC_SECRET;
        key->usage = CLRC_USAGE_DERIVE;
    }
}

/* The usage of both halves: what one half may do needs the other one to be of use. */
static uint32_t both_halves(uint32_t wanted)
{
    uint32_t usage = wanted;
    if ((wanted & CRYPT) != 0)
        usage |= CRYPT;
    if ((wanted & SIGN) != 0)
        usage |= SIGN;
    return usage;
}

static void ec_type(bool is_public, uint32_t said, uint32_t wanted, ClrcKeyTemplate *key)
{
    bool derives = (wanted & CLRC_USAGE_DERIVE) != 0;
    bool signs = (wanted & SIGN) != 0 || ((said & SIGN) == 0 && !derives);
    key->usage = 0;
    if (signs && derives)
        key->type = is_public ? KEY_EC_DUAL_PUBLIC : KEY_EC_DUAL_KEYPAIR;
    else if (derives)
        key->type = is_public ? KEY_ECDH_PUBLIC : KEY_ECDH_KEYPAIR;
    else
        key->type = is_public ? KEY_ECDSA_PUBLIC : KEY_ECDSA_KEYPAIR;
}

static CK_RV pair_type(CK_KEY_TYPE key_type, bool is_public, uint32_t said, uint32_t wanted,
                       ClrcKeyTemplate *key)
{
    switch (key_type) {
    case CKK_RSA:
        key->type = is_public ? KEY_RSA_PUBLIC : KEY_RSA_KEYPAIR;
        key->usage = both_halves(wanted) & (CRYPT | SIGN);
        if (is_public)
            key->usage &= CLRC_USAGE_ENCRYPT | CLRC_USAGE_VERIFY;
        return CKR_OK;
    case CKK_EC:
        ec_type(is_public, said, wanted, key);
        return CKR_OK;
    case CKK_EC_EDWARDS:
        key->type = is_public ? KEY_ED25519_PUBLIC : KEY_ED25519_KEYPAIR;
        return CKR_OK;
    case CKK_EC_MONTGOMERY:
        key->type = is_public ? KEY_X25519_PUBLIC : KEY_X25519_KEYPAIR;
        return CKR_OK;
    default:
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
}

static bool is_secret_type(CK_KEY_TYPE type)
{
    return type == CKK_AES || type == CKK_CHACHA20 || type == CKK_GENERIC_SECRET ||
           type == CKK_HKDF || type == CKK_SHA256_HMAC || type == CKK_SHA384_HMAC ||
           type == CKK_SHA512_HMAC || type == CKK_SHA_1_HMAC || type == CKK_SHA224_HMAC;
}

static CK_RV read_protection(struct km_p11_wish *wish)
{
    bool is_sensitive = true;
    bool is_extractable = false;
    P11_TRY(km_p11_template_bool(&wish->template, CKA_SENSITIVE, true, &is_sensitive));
    P11_TRY(km_p11_template_bool(&wish->template, CKA_EXTRACTABLE, false, &is_extractable));
    if (wish->class != CKO_PUBLIC_KEY && is_extractable)
        wish->key.attributes = is_sensitive ? CLRC_ATTR_WRAPPABLE : CLRC_ATTR_EXPORT_AS_PLAIN;
    return CKR_OK;
}

CK_RV km_p11_wish_read(const CK_ATTRIBUTE *at, CK_ULONG n, CK_OBJECT_CLASS class,
                       CK_KEY_TYPE key_type, struct km_p11_wish *ret)
{
    struct km_p11_wish wish = {.template = {at, n}};
    uint32_t said = 0;
    uint32_t wanted = 0;
    P11_TRY(km_p11_template_check(at, n));
    P11_TRY(km_p11_template_ulong(&wish.template, CKA_CLASS, class, &wish.class));
    P11_TRY(km_p11_template_ulong(&wish.template, CKA_KEY_TYPE, key_type, &wish.key_type));
    P11_TRY(km_p11_template_bool(&wish.template, CKA_TOKEN, false, &wish.is_token));
    bool is_hidden = wish.class == CKO_PRIVATE_KEY || wish.class == CKO_SECRET_KEY;
    P11_TRY(km_p11_template_bool(&wish.template, CKA_PRIVATE, is_hidden, &wish.is_private));
    if (class != CK_UNAVAILABLE_INFORMATION && wish.class != class)
        return CKR_TEMPLATE_INCONSISTENT;
    if (wish.class == CKO_PUBLIC_KEY || wish.class == CKO_PRIVATE_KEY ||
        wish.class == CKO_SECRET_KEY) {
        if (wish.key_type == CK_UNAVAILABLE_INFORMATION)
            return CKR_TEMPLATE_INCOMPLETE;
        P11_TRY(collect_usage(&wish.template, &said, &wanted));
        P11_TRY(read_protection(&wish));
        if (is_secret_type(wish.key_type) != (wish.class == CKO_SECRET_KEY))
            return CKR_TEMPLATE_INCONSISTENT;
        if (wish.class == CKO_SECRET_KEY)
            secret_type(wish.key_type, said, wanted, &wish.key);
        else
            P11_TRY(
                pair_type(wish.key_type, wish.class == CKO_PUBLIC_KEY, said, wanted, &wish.key));
    }
    *ret = wish;
    return CKR_OK;
}
