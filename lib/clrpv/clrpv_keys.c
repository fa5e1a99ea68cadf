/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in the trusted service: loaded, saved, printed, converted. The service is the one that understands them. */
#include <fcntl.h>
#include <string.h>

#include "lib/clrpv/clrpv_device.h"

#define ATTRIBUTE_MAX 1024u
#define DER_MAX 4096u

static ClrcKeyType type_of(const struct clrpv_key_form *form)
{
    switch (form->family) {
    case CLRPV_FAMILY_EC:
        return form->is_private ? KEY_ECDSA_KEYPAIR : KEY_ECDSA_PUBLIC;
    case CLRPV_FAMILY_RSA:
        return form->is_private ? KEY_RSA_KEYPAIR : KEY_RSA_PUBLIC;
    case CLRPV_FAMILY_DSA:
        return form->is_private ? KEY_DSA_KEYPAIR : KEY_DSA_PUBLIC;
    case CLRPV_FAMILY_DH:
        return form->is_private ? KEY_DH_KEYPAIR : KEY_DH_PUBLIC;
    case CLRPV_FAMILY_ED25519:
        return form->is_private ? KEY_ED25519_KEYPAIR : KEY_ED25519_PUBLIC;
    case CLRPV_FAMILY_X25519:
        return form->is_private ? KEY_X25519_KEYPAIR : KEY_X25519_PUBLIC;
    case CLRPV_FAMILY_ED448:
        return form->is_private ? KEY_ED448_KEYPAIR : KEY_ED448_PUBLIC;
    case CLRPV_FAMILY_X448:
        return form->is_private ? KEY_X448_KEYPAIR : KEY_X448_PUBLIC;
    case CLRPV_FAMILY_UNKNOWN:
    default:
        return KEY_NONE;
    }
}

static bool is_symmetric(ClrcKeyType type)
{
    return type == KEY_AES || type == KEY_HMAC || type == KEY_GENERIC_SECRET || type == KEY_DES3 ||
           type == KEY_CHACHA20;
}

static bool is_public(ClrcKeyType type)
{
    return type == KEY_ECDSA_PUBLIC || type == KEY_ECDH_PUBLIC || type == KEY_EC_DUAL_PUBLIC ||
           type == KEY_RSA_PUBLIC || type == KEY_DSA_PUBLIC || type == KEY_DH_PUBLIC ||
           type == KEY_ED25519_PUBLIC || type == KEY_X25519_PUBLIC || type == KEY_ED448_PUBLIC ||
           type == KEY_X448_PUBLIC;
}

static ClrpvResult import(const char *function, const struct clrpv_key_data *data, ClrcKeyType type,
                          ClrcKeyHandle *ret_key)
{
    const ClrcKeyTemplate wish = {.type = type,
                                  .bits = is_symmetric(type) ? (uint32_t)(8 * data->der.len) : 0};
    uint32_t len = (uint32_t)data->der.len;
    if (!is_symmetric(type) && data->form.is_private == is_public(type))
        return clrpv_fail(function, CLRPV_ERROR_KEY_TYPE,
                          is_public(type)
                              ? "these are the data of a private key, not of a public one"
                              : "these are the data of a public key, not of a key pair");
    ClrcResult result = is_symmetric(type) ? clrcImportKeyRaw(&wish, data->der.ptr, len, ret_key)
                                           : clrcImportKeyDer(&wish, data->der.ptr, len, ret_key);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(function, result);
}

ClrpvResult clrpv_key_load(const char *function, const ClrpvKey *key, ClrcKeyType type,
                           bool for_packages, ClrcKeyHandle *ret_key)
{
    KM_AUTO(clrpv_key_data_clear) struct clrpv_key_data data = {0};
    if (key->name != NULL) {
        ClrcResult result = clrcLoadNamedKey(key->name, key->password, ret_key);
        return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(function, result);
    }
    CLRPV_TRY(clrpv_key_data_get(function, key, is_symmetric(type), &data));
    if (for_packages)
        CLRPV_TRY(clrpv_family_check(function, data.form.family));
    if (type == KEY_NONE)
        type = type_of(&data.form);
    if (type == KEY_NONE)
        return clrpv_fail(function, CLRPV_ERROR_KEY_TYPE, NULL);
    return import(function, &data, type, ret_key);
}

ClrpvResult clrpvLoadKey(const ClrpvKey *key, ClrcKeyType type, ClrcKeyHandle *hKey)
{
    static const char function[] = "clrpvLoadKey";
    if (key == NULL || hKey == NULL || key->handle != NULL)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, NULL);
    CLRPV_TRY(clrpv_key_check(function, key));
    return clrpv_key_load(function, key, type, false, hKey);
}

ClrpvResult clrpvSavePublicKeyBuffer(ClrcKeyHandle hKey, uint8_t *der, uint32_t *length)
{
    static const char function[] = "clrpvSavePublicKeyBuffer";
    ClrcResult result = clrcExportPublicKey(hKey, der, length);
    if (result == CLRC_ERROR_SHORT_BUFFER)
        return clrpv_fail(function, CLRPV_ERROR_SHORT_BUFFER, NULL);
    return result == CLRC_SUCCESS ? CLRPV_SUCCESS : clrpv_fail_clrc(function, result);
}

ClrpvResult clrpvSavePublicKey(ClrcKeyHandle hKey, const char *path)
{
    static const char function[] = "clrpvSavePublicKey";
    uint8_t der[DER_MAX] = {0};
    uint32_t len = sizeof(der);
    struct km_err err = {0};
    if (path == NULL)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    ClrcResult result = clrcExportPublicKey(hKey, der, &len);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(function, result);
    if (km_file_write(&err, AT_FDCWD, path, KM_SLICE(der, len), 0644) != KM_OK)
        return clrpv_fail_km(function, &err);
    return CLRPV_SUCCESS;
}

/* ---- attributes ---- */

/* The public ones; a key has those that its family has. */
static const struct {
    ClrcAttribute attribute;
    const char *name;
} publics[] = {
    {CLRC_ATTR_ECC_CURVE, "curve"},
    {CLRC_ATTR_ECC_PUBLIC_VALUE_X, "public value x"},
    {CLRC_ATTR_ECC_PUBLIC_VALUE_Y, "public value y"},
    {CLRC_ATTR_RSA_MODULUS, "modulus"},
    {CLRC_ATTR_RSA_PUBLIC_EXPONENT, "public exponent"},
    {CLRC_ATTR_DSA_PRIME, "prime"},
    {CLRC_ATTR_DSA_SUBPRIME, "subprime"},
    {CLRC_ATTR_DSA_BASE, "base"},
    {CLRC_ATTR_DSA_PUBLIC_VALUE, "public value"},
    {CLRC_ATTR_DH_PRIME, "prime"},
    {CLRC_ATTR_DH_SUBPRIME, "subprime"},
    {CLRC_ATTR_DH_BASE, "base"},
    {CLRC_ATTR_DH_PUBLIC_VALUE, "public value"},
    {CLRC_ATTR_ED25519_PUBLIC_VALUE, "public value"},
    {CLRC_ATTR_X25519_PUBLIC_VALUE, "public value"},
    {CLRC_ATTR_ED448_PUBLIC_VALUE, "public value"},
    {CLRC_ATTR_X448_PUBLIC_VALUE, "public value"},
};

static void free_keyp(ClrcKeyHandle *key)
{
    clrcFreeKey(*key);
    *key = NULL;
}

/* Room for one attribute more behind those that are there. */
static ClrpvResult add_attribute(const char *function, ClrcKeyHandle hKey, ClrcAttribute attribute,
                                 ClrpvPublicKey *key, uint32_t *used)
{
    uint8_t *at = key->octets + *used;
    uint32_t len = (uint32_t)sizeof(key->octets) - *used;
    bool is_curve = attribute == CLRC_ATTR_ECC_CURVE;
    if (is_curve)
        len = sizeof(key->curve);
    ClrcResult result =
        clrcGetKeyAttribute(hKey, attribute, is_curve ? (void *)&key->curve : at, &len);
    if (result == CLRC_ERROR_NOT_FOUND)
        return CLRPV_SUCCESS;
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(function, result);
    if (key->n_values == CLRPV_ATTRIBUTES_MAX)
        return clrpv_fail(function, CLRPV_ERROR_TOO_LARGE, NULL);
    key->values[key->n_values++] = (ClrcAttributeValue){
        .attribute = attribute, .length = len, .data = is_curve ? (void *)&key->curve : at};
    *used += is_curve ? 0 : len;
    return CLRPV_SUCCESS;
}

static ClrpvResult get_public(const char *function, ClrcKeyHandle hKey, ClrpvPublicKey *key)
{
    ClrcKeyInfo info = {.type = KEY_NONE};
    uint32_t used = 0;
    ClrcResult result = clrcGetKeyInfo(hKey, &info);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(function, result);
    *key = (ClrpvPublicKey){.type = info.type, .bits = info.bits};
    if (is_symmetric(info.type))
        return CLRPV_SUCCESS;
    for (size_t i = 0; i < KM_ARRAY_LEN(publics); i++)
        CLRPV_TRY(add_attribute(function, hKey, publics[i].attribute, key, &used));
    return CLRPV_SUCCESS;
}

ClrpvResult clrpvPublicKeyFromDer(const uint8_t *der, uint32_t length, ClrpvPublicKey *key)
{
    static const char function[] = "clrpvPublicKeyFromDer";
    const ClrpvKey data = {.der = der, .der_length = length};
    KM_AUTO(free_keyp) ClrcKeyHandle handle = NULL;
    if (der == NULL || key == NULL)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    CLRPV_TRY(clrpv_key_load(function, &data, KEY_NONE, false, &handle));
    ClrcKeyInfo info = {.type = KEY_NONE};
    ClrcResult result = clrcGetKeyInfo(handle, &info);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(function, result);
    if (!is_public(info.type))
        return clrpv_fail(function, CLRPV_ERROR_KEY_TYPE, "this is a private key");
    return get_public(function, handle, key);
}

ClrpvResult clrpvPublicKeyToDer(const ClrpvPublicKey *key, uint8_t *der, uint32_t *length)
{
    static const char function[] = "clrpvPublicKeyToDer";
    KM_AUTO(free_keyp) ClrcKeyHandle handle = NULL;
    if (key == NULL || key->n_values > CLRPV_ATTRIBUTES_MAX)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, NULL);
    const ClrcKeyTemplate wish = {.type = key->type, .bits = key->bits};
    ClrcResult result = clrcImportKeyAttributes(&wish, key->values, key->n_values, &handle);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(function, result);
    return clrpvSavePublicKeyBuffer(handle, der, length);
}

/* ---- printing ---- */

static void print_octets(FILE *out, const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)fprintf(out, "%02x", octets[i]);
}

static void print_usage(FILE *out, uint32_t usage)
{
    static const char *const names[] = {"encrypt", "decrypt", "sign", "verify",
                                        "mac",     "derive",  "wrap", "unwrap"};
    (void)fprintf(out, "usage: ");
    const char *comma = "";
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        if ((usage & (1u << i)) == 0)
            continue;
        (void)fprintf(out, "%s%s", comma, names[i]);
        comma = ", ";
    }
    (void)fprintf(out, "\n");
}

static void print_info(FILE *out, const ClrcKeyInfo *info)
{
    const char *type = clrcKeyTypeName(info->type);
    if (info->name[0] != '\0')
        (void)fprintf(out, "name: %s\n", info->name);
    (void)fprintf(out, "type: %s\nsize: %u bits\n", type == NULL ? "unknown" : type, info->bits);
    print_usage(out, info->usage);
    (void)fprintf(out, "private part: %s\n",
                  is_public(info->type)                                 ? "none"
                  : (info->attributes & CLRC_ATTR_EXPORT_AS_PLAIN) != 0 ? "exportable"
                                                                        : "stays inside");
    if (info->password_name[0] != '\0')
        (void)fprintf(out, "password: %s\n", info->password_name);
    if (info->max_uses != 0)
        (void)fprintf(out, "uses left: %llu of %llu\n", (unsigned long long)info->uses_left,
                      (unsigned long long)info->max_uses);
    if (info->not_after != 0)
        (void)fprintf(out, "not after: %llu\n", (unsigned long long)info->not_after);
}

static void print_attribute(FILE *out, const ClrcAttributeValue *value)
{
    const char *name = "";
    for (size_t i = 0; i < KM_ARRAY_LEN(publics); i++) {
        if (publics[i].attribute == value->attribute)
            name = publics[i].name;
    }
    (void)fprintf(out, "%s: ", name);
    if (value->attribute == CLRC_ATTR_ECC_CURVE) {
        uint32_t bits = 0;
        km_copy(&bits, sizeof(bits), value->data, sizeof(bits));
        (void)fprintf(out, "P-%u", bits);
    } else {
        print_octets(out, value->data, value->length);
    }
    (void)fprintf(out, "\n");
}

ClrpvResult clrpvPrintKey(ClrcKeyHandle hKey, FILE *out)
{
    static const char function[] = "clrpvPrintKey";
    ClrcKeyInfo info = {.type = KEY_NONE};
    ClrpvPublicKey key = {.type = KEY_NONE};
    if (out == NULL)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    ClrcResult result = clrcGetKeyInfo(hKey, &info);
    if (result != CLRC_SUCCESS)
        return clrpv_fail_clrc(function, result);
    CLRPV_TRY(get_public(function, hKey, &key));
    print_info(out, &info);
    for (uint32_t i = 0; i < key.n_values; i++)
        print_attribute(out, &key.values[i]);
    return CLRPV_SUCCESS;
}
