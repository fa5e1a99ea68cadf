/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that the service makes. */
#include "interop/pkcs11/op.h"

#define PASSWORD_MAX 512u
#define SALT_MAX 1024u

static CK_RV mechanism_for(const CK_MECHANISM *mechanism, CK_FLAGS flag,
                           const struct km_p11_mechanism **ret)
{
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct km_p11_mechanism *found = km_p11_mechanism_find(mechanism->mechanism);
    if (found == NULL || (found->flags & flag) == 0)
        return CKR_MECHANISM_INVALID;
    if (mechanism->ulParameterLen != 0 && found->family != KM_P11_PASSWORD)
        return CKR_MECHANISM_PARAM_INVALID;
    *ret = found;
    return CKR_OK;
}

static CK_RV take(ClrcResult result, ClrcKeyHandle handle, struct km_p11_key **ret_key)
{
    if (result == CLRC_ERROR_NOT_SUPPORTED)
        return CKR_KEY_SIZE_RANGE;
    P11_TRY(km_p11_result(result));
    CK_RV rv = km_p11_key_new(handle, ret_key);
    if (rv != CKR_OK)
        clrcFreeKey(handle);
    return rv;
}

static CK_RV make(const ClrcKeyTemplate *template, struct km_p11_key **ret_key)
{
    ClrcKeyHandle handle = NULL;
    ClrcResult result = clrcCreateKey(template, &handle);
    return take(result, handle, ret_key);
}

/* PBKDF2. The password is the caller's, so it may be read in any case. */
static CK_RV make_of_password(const CK_MECHANISM *mechanism, const ClrcKeyTemplate *template,
                              struct km_p11_key **ret_key)
{
    static const struct {
        CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE prf;
        ClrcAlgorithm algorithm;
    } PRFS[] = {{CKP_PKCS5_PBKD2_HMAC_SHA1, CLRC_PBKDF2_HMAC_SHA1},
                {CKP_PKCS5_PBKD2_HMAC_SHA224, CLRC_PBKDF2_HMAC_SHA224},
                {CKP_PKCS5_PBKD2_HMAC_SHA256, CLRC_PBKDF2_HMAC_SHA256},
                {CKP_PKCS5_PBKD2_HMAC_SHA384, CLRC_PBKDF2_HMAC_SHA384},
                {CKP_PKCS5_PBKD2_HMAC_SHA512, CLRC_PBKDF2_HMAC_SHA512}};
    const CK_PKCS5_PBKD2_PARAMS2 *given = mechanism->pParameter;
    ClrcKeyTemplate open = {.type = KEY_GENERIC_SECRET, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcAlgorithm algorithm = CLRC_ALG_NONE;
    ClrcKeyHandle password = NULL;
    ClrcKeyHandle handle = NULL;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
        given->saltSource != CKZ_SALT_SPECIFIED || given->ulPrfDataLen != 0 ||
        given->pSaltSourceData == NULL || given->ulSaltSourceDataLen == 0 ||
        given->ulSaltSourceDataLen > SALT_MAX || given->pPassword == NULL ||
        given->ulPasswordLen == 0 || given->ulPasswordLen > PASSWORD_MAX ||
        given->iterations == 0 || given->iterations > UINT32_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    for (size_t i = 0; i < KM_ARRAY_LEN(PRFS); i++) {
        if (PRFS[i].prf == given->prf)
            algorithm = PRFS[i].algorithm;
    }
    if (algorithm == CLRC_ALG_NONE)
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(km_p11_result(
        clrcImportKeyRaw(&open, given->pPassword, (uint32_t)given->ulPasswordLen, &password)));
    ClrcResult result = clrcDerivePassword(password, algorithm, given->pSaltSourceData,
                                           (uint32_t)given->ulSaltSourceDataLen,
                                           (uint32_t)given->iterations, template, &handle);
    clrcFreeKey(password);
    if (result == CLRC_ERROR_TOO_LARGE)
        return CKR_MECHANISM_PARAM_INVALID; /* more iterations than the service does */
    return take(result, handle, ret_key);
}

/* Octets: those that the type has, or that the template says. */
static CK_RV read_len(struct km_p11_wish *wish, const struct km_p11_mechanism *mechanism)
{
    CK_ULONG octets = 0;
    CK_ULONG fixed = wish->key_type == CKK_CHACHA20 ? 32
                     : wish->key_type == CKK_DES2   ? 16
                     : wish->key_type == CKK_DES3   ? 24
                                                    : 0;
    P11_TRY(km_p11_template_ulong(&wish->template, CKA_VALUE_LEN, fixed, &octets));
    if (octets == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (fixed != 0 && octets != fixed)
        return CKR_TEMPLATE_INCONSISTENT;
    bool is_pair = wish->key_type == CKK_AES_XTS;
    if (octets > 512 || octets < mechanism->min || (is_pair && octets != 32 && octets != 64))
        return CKR_KEY_SIZE_RANGE;
    wish->key.bits = (uint32_t)(8 * octets);
    return CKR_OK;
}

CK_RV C_GenerateKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                    CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    const struct km_p11_mechanism *mechanism = NULL;
    struct km_p11_wish wish = {0};
    P11_TRY(km_p11_session_take(hSession, &session));
    P11_TRY(mechanism_for(pMechanism, CKF_GENERATE, &mechanism));
    if (phKey == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_wish_read(pTemplate, ulCount, CKO_SECRET_KEY, mechanism->key_type, &wish));
    bool is_password = mechanism->family == KM_P11_PASSWORD;
    if (!is_password && wish.key_type != mechanism->key_type &&
        !(mechanism->key_type == CKK_GENERIC_SECRET && km_p11_is_hmac_type(wish.key_type)))
        return CKR_TEMPLATE_INCONSISTENT;
    P11_TRY(read_len(&wish, mechanism));
    P11_TRY(is_password ? make_of_password(pMechanism, &wish.key, &key) : make(&wish.key, &key));
    return km_p11_make_object(session, &wish, key, !is_password, mechanism->type, phKey);
}

/* DSA and DH pairs are made in the group that the public template has. */
static CK_RV make_in_group(const struct km_p11_wish *public_wish, struct km_p11_wish *wish,
                           struct km_p11_key **ret_key)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        ClrcAttribute dsa, dh;
    } PARTS[] = {{CKA_PRIME, CLRC_ATTR_DSA_PRIME, CLRC_ATTR_DH_PRIME},
                 {CKA_BASE, CLRC_ATTR_DSA_BASE, CLRC_ATTR_DH_BASE},
                 {CKA_SUBPRIME, CLRC_ATTR_DSA_SUBPRIME, CLRC_ATTR_DH_SUBPRIME}};
    bool is_dsa = public_wish->key_type == CKK_DSA;
    ClrcAttributeValue values[3] = {{0}};
    ClrcKeyHandle handle = NULL;
    uint32_t n = 0;
    for (size_t i = 0; i < KM_ARRAY_LEN(PARTS); i++) {
        const CK_ATTRIBUTE *at = km_p11_template_find(&public_wish->template, PARTS[i].type);
        bool is_needed = is_dsa || PARTS[i].type != CKA_SUBPRIME;
        if (at == NULL && is_needed)
            return CKR_TEMPLATE_INCOMPLETE;
        if (at == NULL)
            continue;
        if (at->ulValueLen == 0 || at->ulValueLen > 512)
            return CKR_ATTRIBUTE_VALUE_INVALID;
        values[n++] = (ClrcAttributeValue){is_dsa ? PARTS[i].dsa : PARTS[i].dh,
                                           (uint32_t)at->ulValueLen, at->pValue};
    }
    wish->key.bits = values[0].length * 8;
    ClrcResult result = clrcCreateKeyWith(&wish->key, values, n, &handle);
    return result == CLRC_ERROR_BAD_FORMAT ? CKR_DOMAIN_PARAMS_INVALID
                                           : take(result, handle, ret_key);
}

static CK_RV pair_bits(const struct km_p11_wish *public_wish, struct km_p11_wish *private_wish)
{
    const CK_ATTRIBUTE *params = km_p11_template_find(&public_wish->template, CKA_EC_PARAMS);
    const struct km_p11_octet_curve *octets = NULL;
    CK_ULONG bits = 0;
    if (public_wish->key_type == CKK_RSA) {
        P11_TRY(km_p11_template_ulong(&public_wish->template, CKA_MODULUS_BITS, 0, &bits));
        private_wish->key.bits = (uint32_t)bits;
        return bits == 0 ? CKR_TEMPLATE_INCOMPLETE : bits > 4096 ? CKR_KEY_SIZE_RANGE : CKR_OK;
    }
    if (params == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (public_wish->key_type != CKK_EC) {
        P11_TRY(km_p11_octet_curve_find(params, public_wish->key_type, &octets));
        private_wish->key.type = octets->pair_type;
        private_wish->key.bits = octets->bits;
        return CKR_OK;
    }
    P11_TRY(km_p11_curve_of(KM_SLICE(params->pValue, params->ulValueLen), &private_wish->key.bits));
    return private_wish->key.bits <= 521 ? CKR_OK : CKR_CURVE_NOT_SUPPORTED;
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
    if (of_public.key_type != mechanism->key_type || of_private.key_type != mechanism->key_type)
        return CKR_TEMPLATE_INCONSISTENT;
    if (mechanism->key_type == CKK_DSA || mechanism->key_type == CKK_DH) {
        P11_TRY(make_in_group(&of_public, &of_private, &key));
    } else {
        P11_TRY(check_exponent(&of_public));
        P11_TRY(pair_bits(&of_public, &of_private));
        P11_TRY(make(&of_private.key, &key));
    }
    return km_p11_make_pair(session, &of_private, &of_public, key, mechanism->type, phPrivateKey,
                            phPublicKey);
}
