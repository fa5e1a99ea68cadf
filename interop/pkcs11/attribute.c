/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of objects: one table says how each is treated and to which classes it belongs. */
#include <stdio.h>
#include <string.h>

#include "common/km_der.h"
#include "common/km_secret.h"
#include "interop/pkcs11/p11.h"

/* Classes, as bits. */
#define PUB 1u
#define PRIV 2u
#define SECR 4u
#define CERT 8u
#define DATA 16u
#define KEYS (PUB | PRIV | SECR)
#define ALL (KEYS | CERT | DATA)

struct row {
    CK_ATTRIBUTE_TYPE type;
    unsigned classes;
    enum km_p11_kind kind;
    uint32_t
        usage_or_default; /* CLRC_USAGE_... of USAGE; 1 or 0 of BOOL; ClrcAttribute of SECRET */
};

static const struct row ROWS[] = {
    {CKA_CLASS, ALL, KM_P11_COMPUTED, 0},
    {CKA_TOKEN, ALL, KM_P11_COMPUTED, 0},
    {CKA_PRIVATE, ALL, KM_P11_COMPUTED, 0},
    {CKA_UNIQUE_ID, ALL, KM_P11_COMPUTED, 0},
    {CKA_MODIFIABLE, ALL, KM_P11_BOOL, 1},
    {CKA_COPYABLE, ALL, KM_P11_BOOL, 1},
    {CKA_DESTROYABLE, ALL, KM_P11_BOOL, 1},
    {CKA_LABEL, ALL, KM_P11_STORED, 0},
    {CKA_KEY_TYPE, KEYS, KM_P11_COMPUTED, 0},
    {CKA_ID, KEYS | CERT, KM_P11_STORED, 0},
    {CKA_START_DATE, KEYS | CERT, KM_P11_STORED, 0},
    {CKA_END_DATE, KEYS | CERT, KM_P11_STORED, 0},
    {CKA_SUBJECT, PUB | PRIV | CERT, KM_P11_STORED, 0},
    {CKA_LOCAL, KEYS, KM_P11_BOOL, 0},
    {CKA_KEY_GEN_MECHANISM, KEYS, KM_P11_COMPUTED, 0},
    {CKA_ALLOWED_MECHANISMS, KEYS, KM_P11_STORED, 0},
    {CKA_WRAP_TEMPLATE, PUB | SECR, KM_P11_ARRAY, 0},
    {CKA_UNWRAP_TEMPLATE, PRIV | SECR, KM_P11_ARRAY, 0},
    {CKA_DERIVE_TEMPLATE, PRIV | SECR, KM_P11_ARRAY, 0},
    {CKA_CHECK_VALUE, SECR | CERT, KM_P11_COMPUTED, 0},
    {CKA_DERIVE, KEYS, KM_P11_USAGE, CLRC_USAGE_DERIVE},
    {CKA_ENCRYPT, PUB | SECR, KM_P11_USAGE, CLRC_USAGE_ENCRYPT},
    {CKA_DECRYPT, PRIV | SECR, KM_P11_USAGE, CLRC_USAGE_DECRYPT},
    {CKA_SIGN, PRIV | SECR, KM_P11_USAGE, CLRC_USAGE_SIGN | CLRC_USAGE_MAC},
    {CKA_VERIFY, PUB | SECR, KM_P11_USAGE, CLRC_USAGE_VERIFY | CLRC_USAGE_MAC},
    {CKA_WRAP, PUB | SECR, KM_P11_USAGE, CLRC_USAGE_WRAP},
    {CKA_UNWRAP, PRIV | SECR, KM_P11_USAGE, CLRC_USAGE_UNWRAP},
    {CKA_SIGN_RECOVER, PRIV, KM_P11_COMPUTED, 0},
    {CKA_VERIFY_RECOVER, PUB, KM_P11_COMPUTED, 0},
    {CKA_PRIME, PUB | PRIV, KM_P11_COMPUTED, 0},
    {CKA_SUBPRIME, PUB | PRIV, KM_P11_COMPUTED, 0},
    {CKA_BASE, PUB | PRIV, KM_P11_COMPUTED, 0},
    {CKA_PRIME_BITS, PUB | PRIV, KM_P11_COMPUTED, 0},
    {CKA_VALUE_BITS, PRIV, KM_P11_COMPUTED, 0},
    {CKA_TRUSTED, PUB | SECR | CERT, KM_P11_COMPUTED, 0},
    {CKA_WRAP_WITH_TRUSTED, PRIV | SECR, KM_P11_COMPUTED, 0},
    {CKA_ALWAYS_AUTHENTICATE, PRIV, KM_P11_BOOL, 0},
    {CKA_SENSITIVE, PRIV | SECR, KM_P11_COMPUTED, 0},
    {CKA_EXTRACTABLE, PRIV | SECR, KM_P11_COMPUTED, 0},
    {CKA_ALWAYS_SENSITIVE, PRIV | SECR, KM_P11_COMPUTED, 0},
    {CKA_NEVER_EXTRACTABLE, PRIV | SECR, KM_P11_COMPUTED, 0},
    {CKA_MODULUS, PUB | PRIV, KM_P11_COMPUTED, CLRC_ATTR_RSA_MODULUS},
    {CKA_MODULUS_BITS, PUB, KM_P11_COMPUTED, 0},
    {CKA_PUBLIC_EXPONENT, PUB | PRIV, KM_P11_COMPUTED, CLRC_ATTR_RSA_PUBLIC_EXPONENT},
    {CKA_EC_PARAMS, PUB | PRIV, KM_P11_COMPUTED, 0},
    {CKA_EC_POINT, PUB, KM_P11_COMPUTED, 0},
    {CKA_PUBLIC_KEY_INFO, PUB | PRIV, KM_P11_COMPUTED, 0},
    {CKA_PRIVATE_EXPONENT, PRIV, KM_P11_SECRET, CLRC_ATTR_RSA_PRIVATE_EXPONENT},
    {CKA_PRIME_1, PRIV, KM_P11_SECRET, CLRC_ATTR_RSA_PRIME1},
    {CKA_PRIME_2, PRIV, KM_P11_SECRET, CLRC_ATTR_RSA_PRIME2},
    {CKA_EXPONENT_1, PRIV, KM_P11_SECRET, CLRC_ATTR_RSA_EXPONENT1},
    {CKA_EXPONENT_2, PRIV, KM_P11_SECRET, CLRC_ATTR_RSA_EXPONENT2},
    {CKA_COEFFICIENT, PRIV, KM_P11_SECRET, CLRC_ATTR_RSA_COEFFICIENT},
    {CKA_VALUE, PUB | PRIV | SECR | CERT | DATA, KM_P11_SECRET, CLRC_ATTR_SECRET_VALUE},
    {CKA_VALUE_LEN, SECR, KM_P11_COMPUTED, 0},
    {CKA_CERTIFICATE_TYPE, CERT, KM_P11_COMPUTED, 0},
    {CKA_CERTIFICATE_CATEGORY, CERT, KM_P11_COMPUTED, 0},
    {CKA_ISSUER, CERT, KM_P11_STORED, 0},
    {CKA_SERIAL_NUMBER, CERT, KM_P11_STORED, 0},
    {CKA_URL, CERT, KM_P11_STORED, 0},
    {CKA_HASH_OF_SUBJECT_PUBLIC_KEY, CERT, KM_P11_STORED, 0},
    {CKA_HASH_OF_ISSUER_PUBLIC_KEY, CERT, KM_P11_STORED, 0},
    {CKA_NAME_HASH_ALGORITHM, CERT, KM_P11_COMPUTED, 0},
    {CKA_JAVA_MIDP_SECURITY_DOMAIN, CERT, KM_P11_COMPUTED, 0},
    {CKA_APPLICATION, DATA, KM_P11_STORED, 0},
    {CKA_OBJECT_ID, DATA, KM_P11_STORED, 0},
};

static const struct row *row_of(CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        if (ROWS[i].type == type)
            return &ROWS[i];
    }
    return NULL;
}

static unsigned class_bit(CK_OBJECT_CLASS class)
{
    switch (class) {
    case CKO_PUBLIC_KEY:
        return PUB;
    case CKO_PRIVATE_KEY:
        return PRIV;
    case CKO_SECRET_KEY:
        return SECR;
    case CKO_CERTIFICATE:
        return CERT;
    default:
        return DATA;
    }
}

enum km_p11_kind km_p11_attribute_kind(CK_ATTRIBUTE_TYPE type)
{
    const struct row *row = row_of(type);
    return row == NULL ? KM_P11_UNKNOWN : row->kind;
}

uint32_t km_p11_usage_of(CK_ATTRIBUTE_TYPE type)
{
    const struct row *row = row_of(type);
    return row != NULL && row->kind == KM_P11_USAGE ? row->usage_or_default : 0;
}

bool km_p11_attribute_fixed(CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_ALLOWED_MECHANISMS || type == CKA_APPLICATION || type == CKA_OBJECT_ID;
}

/* ---- key types ---- */

bool km_p11_is_ec(ClrcKeyType type)
{
    return type >= KEY_ECDSA_PUBLIC && type <= KEY_EC_DUAL_KEYPAIR;
}

CK_KEY_TYPE km_p11_key_type(const ClrcKeyInfo *info)
{
    switch (info->type) {
    case KEY_AES:
        return info->bits > 256 ? CKK_AES_XTS : CKK_AES;
    case KEY_DES3:
        return info->bits == 128 ? CKK_DES2 : CKK_DES3;
    case KEY_CHACHA20:
        return CKK_CHACHA20;
    case KEY_HMAC:
    case KEY_GENERIC_SECRET:
        return CKK_GENERIC_SECRET;
    case KEY_RSA_PUBLIC:
    case KEY_RSA_KEYPAIR:
        return CKK_RSA;
    case KEY_ECDSA_PUBLIC:
    case KEY_ECDSA_KEYPAIR:
    case KEY_ECDH_PUBLIC:
    case KEY_ECDH_KEYPAIR:
    case KEY_EC_DUAL_PUBLIC:
    case KEY_EC_DUAL_KEYPAIR:
        return CKK_EC;
    case KEY_DSA_PUBLIC:
    case KEY_DSA_KEYPAIR:
        return CKK_DSA;
    case KEY_DH_PUBLIC:
    case KEY_DH_KEYPAIR:
        return CKK_DH;
    case KEY_ED25519_PUBLIC:
    case KEY_ED25519_KEYPAIR:
    case KEY_ED448_PUBLIC:
    case KEY_ED448_KEYPAIR:
        return CKK_EC_EDWARDS;
    case KEY_X25519_PUBLIC:
    case KEY_X25519_KEYPAIR:
    case KEY_X448_PUBLIC:
    case KEY_X448_KEYPAIR:
        return CKK_EC_MONTGOMERY;
    case KEY_NONE:
        break;
    }
    return CKK_VENDOR_DEFINED;
}

CK_KEY_TYPE km_p11_object_type(const struct km_p11_object *object)
{
    struct km_slice kept = {0};
    CK_KEY_TYPE type = 0;
    if (object->class != CKO_SECRET_KEY ||
        !km_p11_list_find(&object->attributes, CKA_KEY_TYPE, &kept) || kept.len != sizeof(type))
        return km_p11_key_type(&object->info);
    km_copy(&type, sizeof(type), kept.ptr, kept.len);
    return type;
}

/* ---- values ---- */

/* A value on its way to the caller. */
struct value {
    uint8_t bytes[CLRC_OBJECT_DATA_MAX];
    size_t len;
};

static CK_RV set(struct value *value, struct km_slice bytes)
{
    if (bytes.len > sizeof(value->bytes))
        return CKR_GENERAL_ERROR;
    km_copy(value->bytes, sizeof(value->bytes), bytes.ptr, bytes.len);
    value->len = bytes.len;
    return CKR_OK;
}

static CK_RV set_ulong(struct value *value, CK_ULONG number)
{
    return set(value, KM_SLICE(&number, sizeof(number)));
}

static CK_RV set_bool(struct value *value, bool is)
{
    CK_BBOOL octet = is ? CK_TRUE : CK_FALSE;
    return set(value, KM_SLICE(&octet, sizeof(octet)));
}

static CK_RV component(struct km_p11_object *object, ClrcAttribute attribute, struct value *value)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    uint32_t len = sizeof(value->bytes);
    P11_TRY(km_p11_object_key(object, &key));
    uint64_t life = km_p11_outside();
    ClrcResult result = clrcGetKeyAttribute(key->handle, attribute, value->bytes, &len);
    P11_TRY(km_p11_inside(life));
    if (result == CLRC_ERROR_NOT_FOUND)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    value->len = len;
    return km_p11_result(result);
}

/* The point as it stands in an OCTET STRING; those of some curves are plain octets. */
static CK_RV point(struct km_p11_object *object, struct value *value)
{
    struct value x = {0};
    struct value y = {0};
    struct km_wr wr = km_wr_init(value->bytes, sizeof(value->bytes));
    struct km_slice done = {0};
    const struct km_p11_octet_curve *octets = km_p11_octet_curve_of_type(object->info.type);
    if (octets != NULL) {
        P11_TRY(component(object, octets->public_value, &x));
    } else {
        P11_TRY(component(object, CLRC_ATTR_ECC_PUBLIC_VALUE_X, &x));
        P11_TRY(component(object, CLRC_ATTR_ECC_PUBLIC_VALUE_Y, &y));
    }
    size_t mark = km_der_begin(&wr, KM_DER_OCTET_STRING);
    if (y.len != 0)
        km_wr_u8(&wr, 4);
    km_wr_bytes(&wr, KM_SLICE(x.bytes, x.len));
    km_wr_bytes(&wr, KM_SLICE(y.bytes, y.len));
    km_der_end(&wr, mark);
    if (!km_wr_finish(&wr, &done))
        return CKR_GENERAL_ERROR;
    value->len = done.len;
    return CKR_OK;
}

static CK_RV public_info(struct km_p11_object *object, struct value *value)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    uint32_t len = sizeof(value->bytes);
    P11_TRY(km_p11_object_key(object, &key));
    uint64_t life = km_p11_outside();
    ClrcResult result = clrcExportPublicKey(key->handle, value->bytes, &len);
    P11_TRY(km_p11_inside(life));
    P11_TRY(km_p11_result(result));
    value->len = len;
    return CKR_OK;
}

static CK_RV curve(const struct km_p11_object *object, struct value *value)
{
    const struct km_p11_octet_curve *octets = km_p11_octet_curve_of_type(object->info.type);
    return set(value, km_p11_curve_params(octets != NULL ? octets->curve : object->info.bits));
}

static CK_RV unique_id(const struct km_p11_object *object, struct value *value)
{
    char text[64] = {0};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(object->info.id); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", object->info.id[i]);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "-%lx", object->class);
    if (object->session != 0)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "-%lx", object->handle);
    return set(value, KM_SLICE(text, n));
}

static bool is_exportable(const struct km_p11_object *object)
{
    return (object->info.attributes & CLRC_ATTR_EXPORT_AS_PLAIN) != 0;
}

static bool is_extractable(const struct km_p11_object *object)
{
    return is_exportable(object) || (object->info.attributes & CLRC_ATTR_WRAPPABLE) != 0;
}

/* Numbers of DSA and DH; the public value is CKA_VALUE of the public half. */
static CK_RV group_part(struct km_p11_object *object, CK_ATTRIBUTE_TYPE type, struct value *value)
{
    bool is_dsa = km_p11_key_type(&object->info) == CKK_DSA;
    switch (type) {
    case CKA_PRIME:
        return component(object, is_dsa ? CLRC_ATTR_DSA_PRIME : CLRC_ATTR_DH_PRIME, value);
    case CKA_SUBPRIME:
        return is_dsa ? component(object, CLRC_ATTR_DSA_SUBPRIME, value)
                      : CKR_ATTRIBUTE_TYPE_INVALID;
    case CKA_BASE:
        return component(object, is_dsa ? CLRC_ATTR_DSA_BASE : CLRC_ATTR_DH_BASE, value);
    case CKA_VALUE:
        return component(object, is_dsa ? CLRC_ATTR_DSA_PUBLIC_VALUE : CLRC_ATTR_DH_PUBLIC_VALUE,
                         value);
    case CKA_PRIME_BITS:
        return set_ulong(value, object->info.bits);
    case CKA_VALUE_BITS:
        return is_dsa ? CKR_ATTRIBUTE_TYPE_INVALID : set_ulong(value, object->info.bits);
    default:
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
}

/* What this module brought in was outside before; of other doors' keys the service tells only that they stay. */
static bool was_always_here(const struct km_p11_object *object)
{
    return object->is_foreign || km_p11_list_bool(&object->attributes, CKA_LOCAL, false);
}

/* Parts of keys of one family alone. What was kept of a public half is there without its key, so without a PIN. */
static CK_RV computed_key(struct km_p11_object *object, const struct row *row, struct value *value)
{
    struct km_slice kept = {0};
    if (object->is_public_half && km_p11_list_find(&object->attributes, row->type, &kept))
        return set(value, kept);
    CK_KEY_TYPE type = km_p11_key_type(&object->info);
    bool is_ec = type == CKK_EC || type == CKK_EC_EDWARDS || type == CKK_EC_MONTGOMERY;
    if (type == CKK_RSA && row->type == CKA_MODULUS_BITS)
        return set_ulong(value, object->info.bits);
    if (type == CKK_RSA && (row->type == CKA_MODULUS || row->type == CKA_PUBLIC_EXPONENT))
        return component(object, (ClrcAttribute)row->usage_or_default, value);
    if (type == CKK_DSA || type == CKK_DH)
        return group_part(object, row->type, value);
    if (is_ec && row->type == CKA_EC_PARAMS)
        return curve(object, value);
    if (is_ec && row->type == CKA_EC_POINT)
        return point(object, value);
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

/* What tells a secret key or a certificate from others; empty when its maker wished it so. */
static CK_RV check_value(struct km_p11_object *object, struct value *value)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    struct km_slice kept = {0};
    uint8_t digest[20] = {0};
    uint32_t len = sizeof(digest);
    if (km_p11_list_find(&object->attributes, CKA_CHECK_VALUE, &kept))
        return set(value, kept);
    if (object->class == CKO_CERTIFICATE) {
        P11_TRY(km_p11_object_content(object));
        P11_TRY(set(value, KM_SLICE(object->content, object->content_len)));
    } else {
        P11_TRY(km_p11_object_key(object, &key));
    }
    uint64_t life = km_p11_outside();
    ClrcResult result = key != NULL ? clrcKeyCheckValue(key->handle, digest)
                                    : clrcDigest(CLRC_SHA1, value->bytes, value->len, digest, &len);
    P11_TRY(km_p11_inside(life));
    if (result == CLRC_ERROR_NOT_SUPPORTED)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    P11_TRY(km_p11_result(result));
    return set(value, KM_SLICE(digest, KM_P11_CHECK_LEN));
}

/* Recovery takes the bare operation, in either direction. */
static bool recovers(const struct km_p11_object *object, CK_ATTRIBUTE_TYPE type)
{
    uint32_t needed = type == CKA_SIGN_RECOVER ? CLRC_USAGE_SIGN | CLRC_USAGE_DECRYPT
                                               : CLRC_USAGE_VERIFY | CLRC_USAGE_ENCRYPT;
    return km_p11_key_type(&object->info) == CKK_RSA && (object->info.usage & needed) == needed &&
           km_p11_list_bool(&object->attributes, type, true);
}

static CK_RV computed(struct km_p11_object *object, const struct row *row, struct value *value)
{
    struct km_slice stored = {0};
    switch (row->type) {
    case CKA_CLASS:
        return set_ulong(value, object->class);
    case CKA_TOKEN:
        return set_bool(value, object->session == 0);
    case CKA_PRIVATE:
        return set_bool(value, object->is_private);
    case CKA_UNIQUE_ID:
        return unique_id(object, value);
    case CKA_KEY_TYPE:
        return set_ulong(value, km_p11_object_type(object));
    case CKA_KEY_GEN_MECHANISM:
        if (km_p11_list_find(&object->attributes, row->type, &stored))
            return set(value, stored);
        return set_ulong(value, CK_UNAVAILABLE_INFORMATION);
    case CKA_SENSITIVE:
        return set_bool(value, !is_exportable(object));
    case CKA_ALWAYS_SENSITIVE:
        return set_bool(value, !is_exportable(object) && was_always_here(object));
    case CKA_EXTRACTABLE:
        return set_bool(value, is_extractable(object));
    case CKA_NEVER_EXTRACTABLE:
        return set_bool(value, !is_extractable(object) && was_always_here(object));
    case CKA_PUBLIC_KEY_INFO:
        return public_info(object, value);
    case CKA_VALUE_LEN:
        return set_ulong(value, (object->info.bits + 7) / 8);
    case CKA_CERTIFICATE_TYPE:
        return set_ulong(value, CKC_X_509);
    case CKA_CERTIFICATE_CATEGORY:
    case CKA_JAVA_MIDP_SECURITY_DOMAIN:
        return set_ulong(value, 0);
    case CKA_NAME_HASH_ALGORITHM:
        return set_ulong(value, CKM_SHA_1);
    case CKA_CHECK_VALUE:
        return check_value(object, value);
    case CKA_SIGN_RECOVER:
    case CKA_VERIFY_RECOVER:
        return set_bool(value, recovers(object, row->type));
    case CKA_TRUSTED:
    case CKA_WRAP_WITH_TRUSTED:
        return set_bool(value, false);
    default:
        return computed_key(object, row, value);
    }
}

/* NAME_cert is the certificate of NAME_key, and has its id, by which programs find one from the other. */
static CK_RV certificate_id(const struct km_p11_object *object, struct value *value)
{
    static const char CERT_END[] = "_cert";
    char name[CLRC_NAME_MAX + 1] = {0};
    size_t len = strlen(object->info.name);
    size_t end = sizeof(CERT_END) - 1;
    const struct km_p11_object *key = NULL;
    if (len > end && strcmp(object->info.name + len - end, CERT_END) == 0) {
        (void)snprintf(name, sizeof(name), "%.*s_key", (int)(len - end), object->info.name);
        key = km_p11_object_named(CKO_PRIVATE_KEY, name);
    }
    const uint8_t *id = key != NULL ? key->info.id : object->info.id;
    return set(value, KM_SLICE(id, sizeof(object->info.id)));
}

/* What a certificate says of itself, where nobody gave it along. */
static CK_RV certificate_part(struct km_p11_object *object, CK_ATTRIBUTE_TYPE type,
                              struct value *value)
{
    struct km_slice issuer = {0};
    struct km_slice subject = {0};
    struct km_slice serial = {0};
    P11_TRY(km_p11_object_content(object));
    if (!km_p11_certificate(KM_SLICE(object->content, object->content_len), &issuer, &subject,
                            &serial))
        return set(value, KM_SLICE(NULL, 0));
    return set(value, type == CKA_ISSUER ? issuer : type == CKA_SUBJECT ? subject : serial);
}

bool km_p11_attribute_held(const struct km_p11_object *object, CK_ATTRIBUTE_TYPE type,
                           struct km_slice *ret)
{
    const struct row *row = row_of(type);
    if (row == NULL || (row->classes & class_bit(object->class)) == 0)
        return false;
    if (km_p11_list_find(&object->attributes, type, ret))
        return true;
    if (object->is_provisioned_certificate && type == CKA_ID)
        return false;
    *ret = KM_SLICE(NULL, 0);
    if (object->is_foreign)
        *ret = type == CKA_LABEL ? KM_SLICE_STR(object->info.name)
                                 : KM_SLICE(object->info.id, sizeof(object->info.id));
    return true;
}

static CK_RV stored(struct km_p11_object *object, const struct row *row, struct value *value)
{
    struct km_slice kept = {0};
    bool is_name = row->type == CKA_LABEL || row->type == CKA_ID;
    if (is_name && km_p11_attribute_held(object, row->type, &kept))
        return set(value, kept);
    if (is_name)
        return certificate_id(object, value);
    if (km_p11_list_find(&object->attributes, row->type, &kept))
        return set(value, kept);
    bool is_part =
        row->type == CKA_SUBJECT || row->type == CKA_ISSUER || row->type == CKA_SERIAL_NUMBER;
    if (object->class == CKO_CERTIFICATE && is_part)
        return certificate_part(object, row->type, value);
    return set(value, KM_SLICE(NULL, 0));
}

static bool is_immutable(const struct km_p11_object *object)
{
    return object->info.is_provisioned || object->info.is_immutable;
}

static CK_RV secret(struct km_p11_object *object, const struct row *row, struct value *value)
{
    ClrcAttribute which = (ClrcAttribute)row->usage_or_default;
    CK_KEY_TYPE type = km_p11_key_type(&object->info);
    const struct km_p11_octet_curve *octets = km_p11_octet_curve_of_type(object->info.type);
    if (object->class == CKO_CERTIFICATE || object->class == CKO_DATA) {
        P11_TRY(km_p11_object_content(object));
        return set(value, KM_SLICE(object->content, object->content_len));
    }
    if ((row->type == CKA_VALUE) == (type == CKK_RSA))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (object->class == CKO_PUBLIC_KEY)
        return computed_key(object, row, value);
    if (!is_exportable(object))
        return CKR_ATTRIBUTE_SENSITIVE;
    if (type == CKK_EC)
        which = CLRC_ATTR_ECC_PRIVATE_VALUE;
    if (octets != NULL)
        which = octets->private_value;
    if (type == CKK_DSA)
        which = CLRC_ATTR_DSA_PRIVATE_VALUE;
    if (type == CKK_DH)
        which = CLRC_ATTR_DH_PRIVATE_VALUE;
    return component(object, which, value);
}

/*
 * What the service lets a key do, unless its template gave that up. Who may encrypt with a key may derive others from what it
 * encrypts.
 */
static bool may(const struct km_p11_object *object, const struct row *row)
{
    bool is_cipher = object->info.type == KEY_AES || object->info.type == KEY_DES3;
    if (row->type == CKA_DERIVE && is_cipher)
        return (object->info.usage & CLRC_USAGE_ENCRYPT) != 0 &&
               km_p11_list_bool(&object->attributes, CKA_DERIVE, false);
    return (object->info.usage & row->usage_or_default) != 0 &&
           km_p11_list_bool(&object->attributes, row->type, true);
}

static CK_RV get(struct km_p11_object *object, CK_ATTRIBUTE_TYPE type, struct value *value)
{
    const struct row *row = row_of(type);
    if (row == NULL || (row->classes & class_bit(object->class)) == 0)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    bool is_guard = type == CKA_MODIFIABLE || type == CKA_DESTROYABLE;
    switch (row->kind) {
    case KM_P11_COMPUTED:
        return computed(object, row, value);
    case KM_P11_STORED:
        return stored(object, row, value);
    case KM_P11_BOOL:
        return set_bool(value,
                        km_p11_list_bool(&object->attributes, type, row->usage_or_default != 0) &&
                            !(is_guard && is_immutable(object)));
    case KM_P11_USAGE:
        return set_bool(value, may(object, row));
    case KM_P11_ARRAY:
        return stored(object, row, value);
    case KM_P11_SECRET:
        return secret(object, row, value);
    case KM_P11_UNKNOWN:
        break;
    }
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

CK_RV km_p11_keep_public(struct km_p11_object *object)
{
    static const CK_ATTRIBUTE_TYPE PARTS[] = {CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_POINT};
    CK_KEY_TYPE type = km_p11_key_type(&object->info);
    if (type == CKK_DSA || type == CKK_DH)
        return CKR_OK; /* too long for a note: these are told with the key alone */
    for (size_t i = 0; i < KM_ARRAY_LEN(PARTS); i++) {
        struct value value = {0};
        CK_RV rv = computed_key(object, row_of(PARTS[i]), &value);
        if (rv == CKR_OK)
            rv = km_p11_list_set(&object->attributes, PARTS[i], KM_SLICE(value.bytes, value.len));
        if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID)
            return rv;
    }
    return CKR_OK;
}

CK_RV km_p11_attribute(struct km_p11_object *object, CK_ATTRIBUTE *attribute)
{
    struct value value = {0};
    CK_ULONG room = attribute->ulValueLen;
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    CK_RV rv = get(object, attribute->type, &value);
    if (rv == CKR_OK && km_p11_attribute_kind(attribute->type) == KM_P11_ARRAY) {
        attribute->ulValueLen = room;
        return km_p11_array_give(KM_SLICE(value.bytes, value.len), attribute);
    }
    if (rv == CKR_OK && attribute->pValue != NULL && room < value.len)
        rv = CKR_BUFFER_TOO_SMALL;
    if (rv == CKR_OK) {
        attribute->ulValueLen = value.len;
        if (attribute->pValue != NULL)
            km_copy(attribute->pValue, room, value.bytes, value.len);
    }
    km_wipe(value.bytes, value.len < sizeof(value.bytes) ? value.len : sizeof(value.bytes));
    return rv;
}

bool km_p11_attribute_matches(struct km_p11_object *object, const CK_ATTRIBUTE *wanted)
{
    struct value value = {0};
    enum km_p11_kind kind = km_p11_attribute_kind(wanted->type);
    bool is_open = object->class == CKO_CERTIFICATE || object->class == CKO_DATA ||
                   object->class == CKO_PUBLIC_KEY;
    /* What is asked of a key's secret part is never told by whether it is found. */
    if ((kind == KM_P11_SECRET && !is_open) || kind == KM_P11_ARRAY)
        return false;
    bool fits = get(object, wanted->type, &value) == CKR_OK && value.len == wanted->ulValueLen &&
                (value.len == 0 ||
                 (wanted->pValue != NULL && memcmp(value.bytes, wanted->pValue, value.len) == 0));
    return fits;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject,
                          CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_object *found = NULL;
    if (pTemplate == NULL && ulCount != 0)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_object_find(session, hObject, &found));
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = km_p11_object_ref(found);
    CK_RV rv = CKR_OK;
    /* All are tried; the answer is the first failure's. */
    for (CK_ULONG i = 0; i < ulCount; i++) {
        CK_RV one = km_p11_attribute(object, &pTemplate[i]);
        rv = rv == CKR_OK ? one : rv;
    }
    return rv;
}

static CK_RV check_set(const struct km_p11_session *session, struct km_p11_object *object,
                       const CK_ATTRIBUTE *at)
{
    const struct row *row = row_of(at->type);
    if (row == NULL || (row->classes & class_bit(object->class)) == 0)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (at->pValue == NULL && at->ulValueLen != 0)
        return CKR_ARGUMENTS_BAD;
    if (object->session == 0 && (session->flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY;
    if (is_immutable(object) || !km_p11_list_bool(&object->attributes, CKA_MODIFIABLE, true))
        return CKR_ACTION_PROHIBITED;
    /* What is shut stays so, and so does what else limits a key. */
    bool is_shut = (at->type == CKA_SENSITIVE && !is_exportable(object)) ||
                   (at->type == CKA_EXTRACTABLE && !is_extractable(object));
    if (is_shut || at->type == CKA_CHECK_VALUE || km_p11_attribute_fixed(at->type))
        return CKR_ATTRIBUTE_READ_ONLY;
    /* What the service enforces is settled when a key is made; saying it once more is fine. */
    if (row->kind != KM_P11_STORED && !km_p11_attribute_matches(object, at))
        return CKR_ATTRIBUTE_READ_ONLY;
    return CKR_OK;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject,
                          CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_object *found = NULL;
    KM_AUTO(km_p11_turn_give) struct km_p11_turn turn = {0};
    KM_AUTO(km_p11_list_clear) struct km_p11_list list = {0};
    if (pTemplate == NULL && ulCount != 0)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_turn_take(&turn));
    P11_TRY(km_p11_object_find(session, hObject, &found));
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = km_p11_object_ref(found);
    for (CK_ULONG i = 0; i < ulCount; i++)
        P11_TRY(check_set(session, object, &pTemplate[i]));
    P11_TRY(km_p11_list_copy(&object->attributes, &list));
    for (CK_ULONG i = 0; i < ulCount; i++) {
        if (km_p11_attribute_kind(pTemplate[i].type) == KM_P11_STORED)
            P11_TRY(km_p11_list_set(&list, pTemplate[i].type,
                                    KM_SLICE(pTemplate[i].pValue, pTemplate[i].ulValueLen)));
    }
    if (object->session == 0)
        return km_p11_object_rewrite(object, &list, object->note_flags);
    km_p11_object_set_list(object, &list);
    return CKR_OK;
}
