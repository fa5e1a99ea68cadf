/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that the service makes. */
#include "interop/pkcs11/op.h"

static CK_RV mechanism_for(const CK_MECHANISM *mechanism, CK_FLAGS flag,
                           const struct km_p11_mechanism **ret)
{
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct km_p11_mechanism *found = km_p11_mechanism_find(mechanism->mechanism);
    if (found == NULL || (found->flags & flag) == 0)
        return CKR_MECHANISM_INVALID;
    if (mechanism->ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    *ret = found;
    return CKR_OK;
}

static CK_RV make(const ClrcKeyTemplate *template, struct km_p11_key **ret_key)
{
    ClrcKeyHandle handle = NULL;
    ClrcResult result = clrcCreateKey(template, &handle);
    if (result == CLRC_ERROR_NOT_SUPPORTED)
        return CKR_KEY_SIZE_RANGE;
    P11_TRY(km_p11_result(result));
    CK_RV rv = km_p11_key_new(handle, ret_key);
    if (rv != CKR_OK)
        clrcFreeKey(handle);
    return rv;
}

CK_RV C_GenerateKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                    CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    const struct km_p11_mechanism *mechanism = NULL;
    struct km_p11_wish wish = {0};
    CK_ULONG octets = 0;
    P11_TRY(km_p11_session_take(hSession, &session));
    P11_TRY(mechanism_for(pMechanism, CKF_GENERATE, &mechanism));
    if (phKey == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_wish_read(pTemplate, ulCount, CKO_SECRET_KEY, mechanism->key_type, &wish));
    P11_TRY(km_p11_template_ulong(&wish.template, CKA_VALUE_LEN,
                                  mechanism->key_type == CKK_CHACHA20 ? 32 : 0, &octets));
    if (octets == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (octets > 512)
        return CKR_KEY_SIZE_RANGE;
    wish.key.bits = (uint32_t)(8 * octets);
    P11_TRY(make(&wish.key, &key));
    return km_p11_make_object(session, &wish, key, true, mechanism->type, phKey);
}

static CK_RV pair_bits(const struct km_p11_wish *public_wish, struct km_p11_wish *private_wish)
{
    const CK_ATTRIBUTE *params = km_p11_template_find(&public_wish->template, CKA_EC_PARAMS);
    CK_ULONG bits = 0;
    if (public_wish->key_type == CKK_RSA) {
        P11_TRY(km_p11_template_ulong(&public_wish->template, CKA_MODULUS_BITS, 0, &bits));
        private_wish->key.bits = (uint32_t)bits;
        return bits == 0 ? CKR_TEMPLATE_INCOMPLETE : bits > 4096 ? CKR_KEY_SIZE_RANGE : CKR_OK;
    }
    if (params == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    P11_TRY(
        km_p11_curve_bits(KM_SLICE(params->pValue, params->ulValueLen), &private_wish->key.bits));
    bool is_ed = private_wish->key.bits == KM_P11_ED25519;
    bool is_x = private_wish->key.bits == KM_P11_X25519;
    if (is_ed != (public_wish->key_type == CKK_EC_EDWARDS) ||
        is_x != (public_wish->key_type == CKK_EC_MONTGOMERY))
        return CKR_CURVE_NOT_SUPPORTED;
    if (is_ed || is_x)
        private_wish->key.bits = 256;
    return CKR_OK;
}

/* RSA keys have the exponent 65537 and no other. */
static CK_RV check_exponent(const struct km_p11_wish *wish)
{
    static const uint8_t F4[] = {1, 0, 1};
    const CK_ATTRIBUTE *found = km_p11_template_find(&wish->template, CKA_PUBLIC_EXPONENT);
    if (wish->key_type != CKK_RSA || found == NULL)
        return CKR_OK;
    struct km_slice exponent = KM_SLICE(found->pValue, found->ulValueLen);
    while (exponent.len > 0 && exponent.ptr[0] == 0)
        exponent = KM_SLICE(exponent.ptr + 1, exponent.len - 1);
    return km_slice_equal(exponent, KM_SLICE(F4, sizeof(F4))) ? CKR_OK
                                                              : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                        CK_ATTRIBUTE_PTR pPublicKeyTemplate, CK_ULONG ulPublicKeyAttributeCount,
                        CK_ATTRIBUTE_PTR pPrivateKeyTemplate, CK_ULONG ulPrivateKeyAttributeCount,
                        CK_OBJECT_HANDLE_PTR phPublicKey, CK_OBJECT_HANDLE_PTR phPrivateKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    const struct km_p11_mechanism *mechanism = NULL;
    struct km_p11_wish of_public = {0};
    struct km_p11_wish of_private = {0};
    P11_TRY(km_p11_session_take(hSession, &session));
    P11_TRY(mechanism_for(pMechanism, CKF_GENERATE_KEY_PAIR, &mechanism));
    if (phPublicKey == NULL || phPrivateKey == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_wish_read(pPublicKeyTemplate, ulPublicKeyAttributeCount, CKO_PUBLIC_KEY,
                             mechanism->key_type, &of_public));
    P11_TRY(km_p11_wish_read(pPrivateKeyTemplate, ulPrivateKeyAttributeCount, CKO_PRIVATE_KEY,
                             mechanism->key_type, &of_private));
    P11_TRY(check_exponent(&of_public));
    P11_TRY(pair_bits(&of_public, &of_private));
    P11_TRY(make(&of_private.key, &key));
    return km_p11_make_pair(session, &of_private, &of_public, key, mechanism->type, phPrivateKey,
                            phPublicKey);
}
