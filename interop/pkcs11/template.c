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
static uint32_t cipher_usage(uint32_t said, uint32_t wanted)
{
    uint32_t usage = wanted & CRYPT;
    if ((wanted & SIGN) != 0)
        usage |= CLRC_USAGE_MAC;
    bool derives = (wanted & CLRC_USAGE_DERIVE) != 0; /* from what it encrypts */
    if (usage == 0 && (wanted & WRAP) != 0 && !derives)
        return wanted & WRAP;
    if (usage == 0 && (said & CRYPT) == 0)
        return CRYPT;
    return derives ? usage | CLRC_USAGE_ENCRYPT : usage;
}

static void secret_type(CK_KEY_TYPE key_type, uint32_t said, uint32_t wanted, ClrcKeyTemplate *key)
{
    key->type = KEY_HMAC;
    key->usage = CLRC_USAGE_MAC;
    if (key_type == CKK_AES) {
        key->type = KEY_AES;
        key->usage = cipher_usage(said, wanted);
    } else if (key_type == CKK_AES_XTS) {
        key->type = KEY_AES;
        key->usage = (wanted & CRYPT) != 0 ? wanted & CRYPT : CRYPT;
    } else if (key_type == CKK_DES3 || key_type == CKK_DES2) {
        key->type = KEY_DES3;
        key->usage = cipher_usage(said, wanted & ~WRAP);
        key->bits = key_type == CKK_DES2 ? 128 : 192;
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
    if ((wanted & WRAP) != 0)
        usage |= WRAP;
    return usage;
}

/* Whether what is unwrapped is to stay inside in any case. */
static bool demands_sensitive(const struct km_p11_template *template)
{
    const CK_ATTRIBUTE *array = km_p11_template_find(template, CKA_UNWRAP_TEMPLATE);
    if (array == NULL || array->ulValueLen % sizeof(CK_ATTRIBUTE) != 0)
        return false;
    const struct km_p11_template inner = {array->pValue, array->ulValueLen / sizeof(CK_ATTRIBUTE)};
    bool is_extractable = true;
    bool is_sensitive = false;
    return (km_p11_template_bool(&inner, CKA_EXTRACTABLE, true, &is_extractable) == CKR_OK &&
            !is_extractable) ||
           (km_p11_template_bool(&inner, CKA_SENSITIVE, false, &is_sensitive) == CKR_OK &&
            is_sensitive);
}

/*
 * Who unwraps with PKCS#11 may have what comes out as he likes, so the service's RSA keys need DECRYPT for it; not where
 * CKA_UNWRAP_TEMPLATE keeps it inside, and then the service does. Recovery is the bare operation.
 */
static CK_RV rsa_usage(const struct km_p11_template *template, uint32_t wanted, uint32_t *ret)
{
    bool signs = false;
    bool verifies = false;
    P11_TRY(km_p11_template_bool(template, CKA_SIGN_RECOVER, false, &signs));
    P11_TRY(km_p11_template_bool(template, CKA_VERIFY_RECOVER, false, &verifies));
    if (signs || verifies)
        wanted |= CRYPT | SIGN;
    if ((wanted & CLRC_USAGE_UNWRAP) != 0 && !demands_sensitive(template))
        wanted |= CRYPT;
    *ret = both_halves(wanted) & (CRYPT | SIGN | WRAP);
    return CKR_OK;
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

static CK_RV pair_type(const struct km_p11_wish *wish, uint32_t said, uint32_t wanted,
                       ClrcKeyTemplate *key)
{
    bool is_public = wish->class == CKO_PUBLIC_KEY;
    const struct km_p11_octet_curve *octets = NULL;
    switch (wish->key_type) {
    case CKK_RSA:
        key->type = is_public ? KEY_RSA_PUBLIC : KEY_RSA_KEYPAIR;
        P11_TRY(rsa_usage(&wish->template, wanted, &key->usage));
        if (is_public)
            key->usage &= CLRC_USAGE_ENCRYPT | CLRC_USAGE_VERIFY | CLRC_USAGE_WRAP;
        return CKR_OK;
    case CKK_DSA:
        key->type = is_public ? KEY_DSA_PUBLIC : KEY_DSA_KEYPAIR;
        return CKR_OK;
    case CKK_DH:
        key->type = is_public ? KEY_DH_PUBLIC : KEY_DH_KEYPAIR;
        return CKR_OK;
    case CKK_EC:
        ec_type(is_public, said, wanted, key);
        return CKR_OK;
    case CKK_EC_EDWARDS:
    case CKK_EC_MONTGOMERY:
        P11_TRY(km_p11_octet_curve_find(km_p11_template_find(&wish->template, CKA_EC_PARAMS),
                                        wish->key_type, &octets));
        key->type = is_public ? octets->public_type : octets->pair_type;
        return CKR_OK;
    default:
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
}

static bool is_secret_type(CK_KEY_TYPE type)
{
    return type == CKK_AES || type == CKK_AES_XTS || type == CKK_DES2 || type == CKK_DES3 ||
           type == CKK_CHACHA20 || type == CKK_GENERIC_SECRET || type == CKK_HKDF ||
           km_p11_is_hmac_type(type);
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

/* Of what is kept, that which has a form; a key that asks for the PIN each time needs one. */
static CK_RV check_limits(const struct km_p11_wish *wish)
{
    static const CK_ATTRIBUTE_TYPE DATES[] = {CKA_START_DATE, CKA_END_DATE};
    const CK_ATTRIBUTE *allowed = km_p11_template_find(&wish->template, CKA_ALLOWED_MECHANISMS);
    bool asks = false;
    if (allowed != NULL && allowed->ulValueLen % sizeof(CK_MECHANISM_TYPE) != 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    for (size_t i = 0; i < KM_ARRAY_LEN(DATES); i++) {
        const CK_ATTRIBUTE *date = km_p11_template_find(&wish->template, DATES[i]);
        if (date != NULL && date->ulValueLen != 0 && date->ulValueLen != sizeof(CK_DATE))
            return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    P11_TRY(km_p11_template_bool(&wish->template, CKA_ALWAYS_AUTHENTICATE, false, &asks));
    return asks && !wish->is_private ? CKR_TEMPLATE_INCONSISTENT : CKR_OK;
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
            P11_TRY(pair_type(&wish, said, wanted, &wish.key));
        P11_TRY(check_limits(&wish));
    }
    *ret = wish;
    return CKR_OK;
}
