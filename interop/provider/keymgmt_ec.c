/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT: EC keys on the curves of NIST, always by name. */
#include "interop/provider/keymgmt.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

KEYMGMT_KIND(ec, PROV_EC)

static bool get_curve(const struct km_door_curve *curve, OSSL_PARAM params[])
{
    return keymgmt_set_int(params, OSSL_PKEY_PARAM_BITS, (int)curve->bits) &&
           keymgmt_set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, (int)curve->security_bits) &&
           keymgmt_set_int(params, OSSL_PKEY_PARAM_MAX_SIZE,
                           (int)km_door_curve_signature_max(curve)) &&
           keymgmt_set_int(params, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, 0) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256") &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, curve->name) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                            OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) &&
           keymgmt_set_text(params, OSSL_PKEY_PARAM_EC_FIELD_TYPE, "prime-field");
}

static int get_ec(void *keydata, OSSL_PARAM params[])
{
    const struct prov_key *key = keydata;
    const struct km_door_curve *curve = keymgmt_curve(key);
    if (curve == NULL || !get_curve(curve, params))
        return 0;
    if (key->key == NULL)
        return 1;
    const struct km_door_public *public = km_door_key_public(key->key);
    return keymgmt_set_octets(params, OSSL_PKEY_PARAM_PUB_KEY, public->point) &&
           keymgmt_set_octets(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, public->point) &&
           keymgmt_set_number(params, OSSL_PKEY_PARAM_EC_PUB_X, public->x) &&
           keymgmt_set_number(params, OSSL_PKEY_PARAM_EC_PUB_Y, public->y);
}

static const OSSL_PARAM *gettable_ec(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_FIELD_TYPE, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_X, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_Y, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

OSSL_PARAM *keymgmt_build_ec(OSSL_PARAM_BLD *bld, const struct prov_key *key, int selection)
{
    const char *name = keymgmt_curve(key)->name;
    if (!OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) ||
        !OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_EC_ENCODING,
                                         OSSL_PKEY_EC_ENCODING_GROUP, 0))
        return NULL;
    if (key->key != NULL && (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) {
        struct km_slice point = km_door_key_public(key->key)->point;
        if (!OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len))
            return NULL;
    }
    return OSSL_PARAM_BLD_to_param(bld);
}

/* ---- taking in ---- */

static int import_point(struct prov_key *key, const OSSL_PARAM *p)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    const void *octets = NULL;
    size_t len = 0;
    if (key->curve == NULL || !OSSL_PARAM_get_octet_string_ptr(p, &octets, &len))
        return 0;
    km_door_public_write_ec(&wr, key->curve, KM_SLICE(octets, len));
    return keymgmt_import_spki(key, &wr);
}

static int import_private(struct prov_key *key, const OSSL_PARAM params[])
{
    static const struct keymgmt_component components[] = {
        {OSSL_PKEY_PARAM_PUB_KEY, CLRC_ATTR_ECC_PUBLIC_VALUE_X},
        {OSSL_PKEY_PARAM_PRIV_KEY, CLRC_ATTR_ECC_PRIVATE_VALUE},
    };
    const ClrcKeyTemplate wish = {.type = KEY_EC_DUAL_KEYPAIR, .bits = key->curve->bits};
    return keymgmt_transfer(key, &wish, params, components, KM_ARRAY_LEN(components));
}

static int import_ec(void *keydata, int selection, const OSSL_PARAM params[])
{
    struct prov_key *key = keydata;
    const OSSL_PARAM *group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
    const char *name = NULL;
    if (group == NULL || !OSSL_PARAM_get_utf8_string_ptr(group, &name))
        return 0;
    key->curve = km_door_curve_by_name(name);
    if (key->curve == NULL)
        return 0;
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != NULL)
        return import_private(key, params);
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    return point != NULL && import_point(key, point);
}

/* A public point for an object that has only a curve: how peers' keys are made for CMS. */
static int set_ec(void *keydata, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    return p == NULL || import_point(keydata, p);
}

static const OSSL_PARAM *import_types_ec(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
        OSSL_PARAM_utf8_string(PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

static const OSSL_PARAM *export_types_ec(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

static const char *name_of_ec(int operation)
{
    return operation == OSSL_OP_KEYEXCH ? "ECDH" : operation == OSSL_OP_SIGNATURE ? "ECDSA" : "EC";
}

const OSSL_DISPATCH keymgmt_ec_functions[] = {
    KEYMGMT_FUNCTIONS(ec),
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, PROV_FN(set_ec)},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, PROV_FN(keymgmt_settable_point)},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, PROV_FN(export_types_ec)},
    {OSSL_FUNC_KEYMGMT_IMPORT, PROV_FN(import_ec)},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, PROV_FN(import_types_ec)},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, PROV_FN(get_ec)},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, PROV_FN(gettable_ec)},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, PROV_FN(name_of_ec)},
    {0, NULL},
};
