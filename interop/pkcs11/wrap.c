/* SPDX-License-Identifier: Apache-2.0 */
/* Keys under keys. */
#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

#define WRAPPED_MAX 4096u

/* How a key is wrapped. */
struct way {
    const struct km_p11_mechanism *mechanism;
    ClrcAlgorithm algorithm; /* of the wrapping key itself */
    uint32_t between_bits;   /* of the AES key in between, for CKM_RSA_AES_KEY_WRAP */
};

static CK_RV read_oaep(const CK_RSA_PKCS_OAEP_PARAMS *given, struct way *ret)
{
    if (given == NULL || given->ulSourceDataLen != 0)
        return CKR_MECHANISM_PARAM_INVALID; /* the service wraps without a label */
    return km_p11_oaep_of(given, &ret->algorithm);
}

static CK_RV read_way(const CK_MECHANISM *mechanism, CK_FLAGS flag, struct way *ret)
{
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    ret->mechanism = km_p11_mechanism_find(mechanism->mechanism);
    if (ret->mechanism == NULL || (ret->mechanism->flags & flag) == 0)
        return CKR_MECHANISM_INVALID;
    ret->algorithm = ret->mechanism->algorithm;
    if (ret->mechanism->family == KM_P11_RSA_OAEP) {
        if (mechanism->ulParameterLen != sizeof(CK_RSA_PKCS_OAEP_PARAMS))
            return CKR_MECHANISM_PARAM_INVALID;
        return read_oaep(mechanism->pParameter, ret);
    }
    if (ret->mechanism->family == KM_P11_RSA_AES) {
        const CK_RSA_AES_KEY_WRAP_PARAMS *given = mechanism->pParameter;
        if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
            (given->ulAESKeyBits != 128 && given->ulAESKeyBits != 192 &&
             given->ulAESKeyBits != 256))
            return CKR_MECHANISM_PARAM_INVALID;
        ret->between_bits = (uint32_t)given->ulAESKeyBits;
        return read_oaep(given->pOAEPParams, ret);
    }
    /* Another initial value than the standard's is not offered. */
    return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV wrapping_key(struct km_p11_session *session, const struct way *way,
                          CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE usage,
                          struct km_p11_key **ret_key)
{
    CK_RV rv = km_p11_op_use(session, handle, way->mechanism, usage, ret_key);
    if (rv == CKR_KEY_HANDLE_INVALID)
        return usage == CKA_WRAP ? CKR_WRAPPING_KEY_HANDLE_INVALID
                                 : CKR_UNWRAPPING_KEY_HANDLE_INVALID;
    if (rv == CKR_KEY_TYPE_INCONSISTENT)
        return usage == CKA_WRAP ? CKR_WRAPPING_KEY_TYPE_INCONSISTENT
                                 : CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
    return rv;
}

/* The wrapping key may demand something of it. */
static CK_RV key_to_wrap(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                         const struct km_p11_list *demanded, struct km_p11_key **ret_key)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *found = NULL;
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_object_find(session, handle, &found) != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    KM_AUTO(km_p11_object_freep) struct km_p11_object *object = km_p11_object_ref(found);
    uint64_t life = km_p11_life();
    if (object->class != CKO_PRIVATE_KEY && object->class != CKO_SECRET_KEY)
        return CKR_KEY_NOT_WRAPPABLE;
    bool fits = km_p11_array_matches(KM_SLICE(demanded->bytes, demanded->len), object);
    if (life != km_p11_life())
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (!fits)
        return CKR_KEY_NOT_WRAPPABLE;
    return km_p11_object_key(object, ret_key);
}

/* Under an AES key that is made for it, and that goes along under the RSA key. */
static ClrcResult wrap_between(const struct way *way, ClrcKeyHandle by, ClrcKeyHandle key,
                               uint8_t out[WRAPPED_MAX], uint32_t *len)
{
    const ClrcKeyTemplate wish = {.type = KEY_AES,
                                  .bits = way->between_bits,
                                  .usage = CLRC_USAGE_WRAP | CLRC_USAGE_UNWRAP,
                                  .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcKeyHandle between = NULL;
    uint32_t first = WRAPPED_MAX;
    ClrcResult result = clrcCreateKey(&wish, &between);
    if (result == CLRC_SUCCESS)
        result = clrcWrapKey(by, way->algorithm, between, out, &first);
    uint32_t rest = WRAPPED_MAX - first;
    if (result == CLRC_SUCCESS)
        result = clrcWrapKey(between, CLRC_AES_KWP, key, out + first, &rest);
    clrcFreeKey(between);
    *len = first + rest;
    return result;
}

CK_RV C_WrapKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                CK_OBJECT_HANDLE hWrappingKey, CK_OBJECT_HANDLE hKey, CK_BYTE_PTR pWrappedKey,
                CK_ULONG_PTR pulWrappedKeyLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *by = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    KM_AUTO(km_p11_list_clear) struct km_p11_list demanded = {0};
    struct way way = {0};
    uint8_t wrapped[WRAPPED_MAX] = {0};
    uint32_t len = sizeof(wrapped);
    bool is_over = false;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pulWrappedKeyLen == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(read_way(pMechanism, CKF_WRAP, &way));
    P11_TRY(wrapping_key(session, &way, hWrappingKey, CKA_WRAP, &by));
    P11_TRY(km_p11_op_demands(session, hWrappingKey, CKA_WRAP_TEMPLATE, &demanded));
    P11_TRY(key_to_wrap(session, hKey, &demanded, &key));
    ClrcResult result = way.between_bits != 0
                            ? wrap_between(&way, by->handle, key->handle, wrapped, &len)
                            : clrcWrapKey(by->handle, way.algorithm, key->handle, wrapped, &len);
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

/* The AES key in between may be read only if what it wraps may. */
static ClrcResult unwrap_between(const struct way *way, struct km_p11_key *by, struct km_slice in,
                                 const ClrcKeyTemplate *wish, ClrcKeyHandle *ret)
{
    const ClrcKeyTemplate inner = {.type = KEY_AES,
                                   .bits = way->between_bits,
                                   .usage = CLRC_USAGE_UNWRAP,
                                   .attributes = wish->attributes & CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcKeyHandle between = NULL;
    uint32_t first = by->info.bits / 8;
    if (in.len <= first)
        return CLRC_ERROR_BAD_PARAMETERS;
    ClrcResult result = clrcUnwrapKey(by->handle, way->algorithm, in.ptr, first, &inner, &between);
    if (result == CLRC_SUCCESS)
        result = clrcUnwrapKey(between, CLRC_AES_KWP, in.ptr + first, (uint32_t)(in.len - first),
                               wish, ret);
    clrcFreeKey(between);
    return result;
}

static CK_RV unwrap(const struct way *way, struct km_p11_key *by, struct km_slice in,
                    const ClrcKeyTemplate *wish, struct km_p11_key **ret_key)
{
    ClrcKeyHandle handle = NULL;
    P11_TRY(unwrap_result(way->between_bits != 0 ? unwrap_between(way, by, in, wish, &handle)
                                                 : clrcUnwrapKey(by->handle, way->algorithm, in.ptr,
                                                                 (uint32_t)in.len, wish, &handle)));
    CK_RV rv = km_p11_key_new(handle, ret_key);
    if (rv != CKR_OK)
        clrcFreeKey(handle);
    return rv;
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                  CK_OBJECT_HANDLE hUnwrappingKey, CK_BYTE_PTR pWrappedKey,
                  CK_ULONG ulWrappedKeyLen, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount,
                  CK_OBJECT_HANDLE_PTR phKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *by = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *made = NULL;
    KM_AUTO(km_p11_list_clear) struct km_p11_list demanded = {0};
    KM_AUTO(km_p11_merged_clear) struct km_p11_merged template = {0};
    struct km_p11_wish wish = {0};
    struct way way = {0};
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pWrappedKey == NULL || phKey == NULL)
        return CKR_ARGUMENTS_BAD;
    if (ulWrappedKeyLen == 0 || ulWrappedKeyLen > WRAPPED_MAX)
        return CKR_WRAPPED_KEY_LEN_RANGE;
    P11_TRY(read_way(pMechanism, CKF_UNWRAP, &way));
    P11_TRY(wrapping_key(session, &way, hUnwrappingKey, CKA_UNWRAP, &by));
    P11_TRY(km_p11_op_demands(session, hUnwrappingKey, CKA_UNWRAP_TEMPLATE, &demanded));
    P11_TRY(km_p11_merge(pTemplate, ulAttributeCount, KM_SLICE(demanded.bytes, demanded.len),
                         &template));
    P11_TRY(km_p11_wish_read(template.at, template.n, CK_UNAVAILABLE_INFORMATION,
                             CK_UNAVAILABLE_INFORMATION, &wish));
    if (wish.class != CKO_SECRET_KEY && wish.class != CKO_PRIVATE_KEY)
        return CKR_TEMPLATE_INCOMPLETE;
    P11_TRY(unwrap(&way, by, KM_SLICE(pWrappedKey, ulWrappedKeyLen), &wish.key, &made));
    return km_p11_make_object(session, &wish, made, false, 0, phKey);
}
