/* SPDX-License-Identifier: Apache-2.0 */
/* Keys under keys. */
#include "interop/pkcs11/op.h"

#define WRAPPED_MAX 4096u

static CK_RV wrapping_key(struct km_p11_session *session, const CK_MECHANISM *mechanism,
                          CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE usage,
                          const struct km_p11_mechanism **ret_mechanism,
                          struct km_p11_key **ret_key)
{
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct km_p11_mechanism *found = km_p11_mechanism_find(mechanism->mechanism);
    if (found == NULL || found->family != KM_P11_WRAP)
        return CKR_MECHANISM_INVALID;
    if (mechanism->ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID; /* another initial value than the standard's */
    CK_RV rv = km_p11_op_use(session, handle, found, usage, ret_key);
    *ret_mechanism = found;
    if (rv == CKR_KEY_HANDLE_INVALID)
        return usage == CKA_WRAP ? CKR_WRAPPING_KEY_HANDLE_INVALID
                                 : CKR_UNWRAPPING_KEY_HANDLE_INVALID;
    if (rv == CKR_KEY_TYPE_INCONSISTENT)
        return usage == CKA_WRAP ? CKR_WRAPPING_KEY_TYPE_INCONSISTENT
                                 : CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
    return rv;
}

static CK_RV key_to_wrap(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                         struct km_p11_key **ret_key)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *object = NULL;
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_object_find(session, handle, &object) != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    if (object->class != CKO_PRIVATE_KEY && object->class != CKO_SECRET_KEY)
        return CKR_KEY_NOT_WRAPPABLE;
    return km_p11_object_key(object, ret_key);
}

CK_RV C_WrapKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                CK_OBJECT_HANDLE hWrappingKey, CK_OBJECT_HANDLE hKey, CK_BYTE_PTR pWrappedKey,
                CK_ULONG_PTR pulWrappedKeyLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *by = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    const struct km_p11_mechanism *mechanism = NULL;
    uint8_t wrapped[WRAPPED_MAX] = {0};
    uint32_t len = sizeof(wrapped);
    bool is_over = false;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pulWrappedKeyLen == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(wrapping_key(session, pMechanism, hWrappingKey, CKA_WRAP, &mechanism, &by));
    P11_TRY(key_to_wrap(session, hKey, &key));
    ClrcResult result = clrcWrapKey(by->handle, mechanism->algorithm, key->handle, wrapped, &len);
    if (result == CLRC_ERROR_NOT_SUPPORTED)
        return CKR_KEY_SIZE_RANGE;
    P11_TRY(km_p11_result(result));
    return km_p11_give(KM_SLICE(wrapped, len), pWrappedKey, pulWrappedKeyLen, &is_over);
}

static CK_RV unwrap_result(ClrcResult result)
{
    if (result == CLRC_ERROR_MAC || result == CLRC_ERROR_BAD_FORMAT)
        return CKR_WRAPPED_KEY_INVALID;
    if (result == CLRC_ERROR_BAD_PARAMETERS)
        return CKR_WRAPPED_KEY_LEN_RANGE;
    if (result == CLRC_ERROR_ACCESS_DENIED || result == CLRC_ERROR_NOT_EXPORTABLE)
        return CKR_TEMPLATE_INCONSISTENT;
    return km_p11_result(result);
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                  CK_OBJECT_HANDLE hUnwrappingKey, CK_BYTE_PTR pWrappedKey,
                  CK_ULONG ulWrappedKeyLen, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount,
                  CK_OBJECT_HANDLE_PTR phKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *by = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *made = NULL;
    const struct km_p11_mechanism *mechanism = NULL;
    struct km_p11_wish wish = {0};
    ClrcKeyHandle handle = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pWrappedKey == NULL || phKey == NULL)
        return CKR_ARGUMENTS_BAD;
    if (ulWrappedKeyLen == 0 || ulWrappedKeyLen > WRAPPED_MAX)
        return CKR_WRAPPED_KEY_LEN_RANGE;
    P11_TRY(wrapping_key(session, pMechanism, hUnwrappingKey, CKA_UNWRAP, &mechanism, &by));
    P11_TRY(km_p11_wish_read(pTemplate, ulAttributeCount, CK_UNAVAILABLE_INFORMATION,
                             CK_UNAVAILABLE_INFORMATION, &wish));
    if (wish.class != CKO_SECRET_KEY && wish.class != CKO_PRIVATE_KEY)
        return CKR_TEMPLATE_INCOMPLETE;
    P11_TRY(unwrap_result(clrcUnwrapKey(by->handle, mechanism->algorithm, pWrappedKey,
                                        (uint32_t)ulWrappedKeyLen, &wish.key, &handle)));
    CK_RV rv = km_p11_key_new(handle, &made);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    return km_p11_make_object(session, &wish, made, false, 0, phKey);
}
