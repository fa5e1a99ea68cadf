/* SPDX-License-Identifier: Apache-2.0 */
/* Curves by what CKA_EC_PARAMS says, and those whose keys are octets. */
#include "interop/pkcs11/p11.h"

/* The first row of a curve is the one that is given out. */
static const struct {
    uint32_t curve;
    uint8_t der[16];
    uint8_t len;
} CURVES[] = {
    {192, {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1}, 10},
    {224, {6, 5, 0x2b, 0x81, 4, 0, 0x21}, 7},
    {256, {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, 10},
    {384, {6, 5, 0x2b, 0x81, 4, 0, 0x22}, 7},
    {521, {6, 5, 0x2b, 0x81, 4, 0, 0x23}, 7},
    {KM_P11_ED25519, {0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'}, 14},
    {KM_P11_X25519, {0x13, 10, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'}, 12},
    {KM_P11_ED448, {0x13, 10, 'e', 'd', 'w', 'a', 'r', 'd', 's', '4', '4', '8'}, 12},
    {KM_P11_X448, {0x13, 8, 'c', 'u', 'r', 'v', 'e', '4', '4', '8'}, 10},
    /* The same by their identifiers of RFC 8410. */
    {KM_P11_ED25519, {6, 3, 0x2b, 0x65, 0x70}, 5},
    {KM_P11_X25519, {6, 3, 0x2b, 0x65, 0x6e}, 5},
    {KM_P11_ED448, {6, 3, 0x2b, 0x65, 0x71}, 5},
    {KM_P11_X448, {6, 3, 0x2b, 0x65, 0x6f}, 5},
    /* As OpenSC has it up to 0.23: the length counts one letter too many. */
    {KM_P11_X25519, {0x13, 11, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'}, 12},
};

CK_RV km_p11_curve_of(struct km_slice params, uint32_t *ret_curve)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
        if (km_slice_equal(params, KM_SLICE(CURVES[i].der, CURVES[i].len))) {
            *ret_curve = CURVES[i].curve;
            return CKR_OK;
        }
    }
    return CKR_CURVE_NOT_SUPPORTED;
}

struct km_slice km_p11_curve_params(uint32_t curve)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
        if (CURVES[i].curve == curve)
            return KM_SLICE(CURVES[i].der, CURVES[i].len);
    }
    return KM_SLICE(NULL, 0);
}

static const struct km_p11_octet_curve OCTET_CURVES[] = {
    {KM_P11_ED25519, CKK_EC_EDWARDS, KEY_ED25519_PUBLIC, KEY_ED25519_KEYPAIR, 256, 32,
     CLRC_ATTR_ED25519_PUBLIC_VALUE, CLRC_ATTR_ED25519_PRIVATE_VALUE, CLRC_ED25519, 64},
    {KM_P11_ED448, CKK_EC_EDWARDS, KEY_ED448_PUBLIC, KEY_ED448_KEYPAIR, 448, 57,
     CLRC_ATTR_ED448_PUBLIC_VALUE, CLRC_ATTR_ED448_PRIVATE_VALUE, CLRC_ED448, 114},
    {KM_P11_X25519, CKK_EC_MONTGOMERY, KEY_X25519_PUBLIC, KEY_X25519_KEYPAIR, 256, 32,
     CLRC_ATTR_X25519_PUBLIC_VALUE, CLRC_ATTR_X25519_PRIVATE_VALUE, CLRC_ALG_NONE, 0},
    {KM_P11_X448, CKK_EC_MONTGOMERY, KEY_X448_PUBLIC, KEY_X448_KEYPAIR, 448, 56,
     CLRC_ATTR_X448_PUBLIC_VALUE, CLRC_ATTR_X448_PRIVATE_VALUE, CLRC_ALG_NONE, 0},
};

const struct km_p11_octet_curve *km_p11_octet_curve_of_type(ClrcKeyType type)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(OCTET_CURVES); i++) {
        if (OCTET_CURVES[i].public_type == type || OCTET_CURVES[i].pair_type == type)
            return &OCTET_CURVES[i];
    }
    return NULL;
}

CK_RV km_p11_octet_curve_find(const CK_ATTRIBUTE *params, CK_KEY_TYPE key_type,
                              const struct km_p11_octet_curve **ret)
{
    uint32_t curve = key_type == CKK_EC_EDWARDS ? KM_P11_ED25519 : KM_P11_X25519;
    if (params != NULL)
        P11_TRY(km_p11_curve_of(KM_SLICE(params->pValue, params->ulValueLen), &curve));
    for (size_t i = 0; i < KM_ARRAY_LEN(OCTET_CURVES); i++) {
        if (OCTET_CURVES[i].curve == curve && OCTET_CURVES[i].key_type == key_type) {
            *ret = &OCTET_CURVES[i];
            return CKR_OK;
        }
    }
    return CKR_CURVE_NOT_SUPPORTED;
}
