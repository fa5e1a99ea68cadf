/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from agreement and from other keys. */
#include <string.h>

#include "common/km_der.h"
#include "common/km_des.h"
#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

#define SHARED_MAX 512u /* the largest DH group */
#define ENCRYPTED_MAX 4096u
#define DERIVED_MAX 512u

static const struct {
    CK_EC_KDF_TYPE kdf;
    ClrcAlgorithm digest;
    ClrcAlgorithm concat; /* the one of SP 800-56A, inside the service */
} KDFS[] = {
    {CKD_SHA1_KDF, CLRC_SHA1, CLRC_ALG_NONE},
    {CKD_SHA224_KDF, CLRC_SHA224, CLRC_ALG_NONE},
    {CKD_SHA256_KDF, CLRC_SHA256, CLRC_ALG_NONE},
    {CKD_SHA384_KDF, CLRC_SHA384, CLRC_ALG_NONE},
    {CKD_SHA512_KDF, CLRC_SHA512, CLRC_ALG_NONE},
    {CKD_SHA1_KDF_SP800, CLRC_ALG_NONE, CLRC_CONCAT_KDF_SHA1},
    {CKD_SHA224_KDF_SP800, CLRC_ALG_NONE, CLRC_CONCAT_KDF_SHA224},
    {CKD_SHA256_KDF_SP800, CLRC_ALG_NONE, CLRC_CONCAT_KDF_SHA256},
    {CKD_SHA384_KDF_SP800, CLRC_ALG_NONE, CLRC_CONCAT_KDF_SHA384},
    {CKD_SHA512_KDF_SP800, CLRC_ALG_NONE, CLRC_CONCAT_KDF_SHA512},
};

/* The peer's point, in an OCTET STRING or bare. */
static struct km_slice peer_of(const CK_ECDH1_DERIVE_PARAMS *given, uint32_t len)
{
    struct km_slice whole = KM_SLICE(given->pPublicData, given->ulPublicDataLen);
    struct km_rd rd = km_rd_init(whole);
    struct km_slice inner = {0};
    if (whole.len != len && km_der_bytes(&rd, KM_DER_OCTET_STRING, &inner) && km_rd_done(&rd))
        return inner;
    return whole;
}

static CK_RV agree_result(ClrcResult result)
{
    if (result == CLRC_ERROR_BAD_FORMAT || result == CLRC_ERROR_BAD_PARAMETERS)
        return CKR_MECHANISM_PARAM_INVALID;
    return km_p11_result(result);
}

/* X9.63: digests of the shared value, a counter and the shared info, side by side. */
static CK_RV x963(ClrcAlgorithm digest, struct km_slice shared, struct km_slice info, uint8_t *out,
                  size_t len)
{
    uint8_t input[SHARED_MAX + 4 + 1024] = {0};
    uint8_t block[64] = {0};
    size_t step = km_p11_digest_len(digest);
    CK_RV rv = info.len > 1024 ? CKR_MECHANISM_PARAM_INVALID : CKR_OK;
    for (size_t at = 0; at < len && rv == CKR_OK; at += step) {
        struct km_wr wr = km_wr_init(input, sizeof(input));
        struct km_slice done = {0};
        uint32_t block_len = sizeof(block);
        km_wr_bytes(&wr, shared);
        km_wr_u32be(&wr, (uint32_t)(at / step + 1));
        km_wr_bytes(&wr, info);
        rv = !km_wr_finish(&wr, &done)
                 ? CKR_GENERAL_ERROR
                 : km_p11_result(clrcDigest(digest, done.ptr, done.len, block, &block_len));
        km_copy(out + at, len - at, block, len - at < step ? len - at : step);
    }
    km_wipe(input, sizeof(input));
    km_wipe(block, sizeof(block));
    return rv;
}

/* A key of the shared value's first octets or of X9.63: these pass through this process, as PKCS#11 would have it. */
static CK_RV from_raw(ClrcKeyHandle handle, struct km_slice peer, ClrcAlgorithm digest,
                      struct km_slice info, const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    uint8_t shared[SHARED_MAX] = {0};
    uint8_t derived[DERIVED_MAX] = {0};
    uint32_t len = sizeof(shared);
    uint32_t wanted = key->bits / 8;
    CK_RV rv = agree_result(clrcAgreeRaw(handle, peer.ptr, (uint32_t)peer.len, shared, &len));
    if (rv == CKR_OK && wanted == 0)
        wanted = len;
    if (rv == CKR_OK && digest != CLRC_ALG_NONE)
        rv = x963(digest, KM_SLICE(shared, len), info, derived, wanted);
    else if (rv == CKR_OK && wanted > len)
        rv = CKR_TEMPLATE_INCONSISTENT;
    else if (rv == CKR_OK) /* what is left over is cut off in front */
        km_copy(derived, sizeof(derived), shared + (len - wanted), wanted);
    if (rv == CKR_OK)
        rv = km_p11_result(clrcImportKeyRaw(key, derived, wanted, ret));
    km_wipe(shared, sizeof(shared));
    km_wipe(derived, sizeof(derived));
    return rv;
}

/* The shared secret and what is derived of it stay in the service. */
static CK_RV from_agreed(ClrcKeyHandle handle, struct km_slice peer, ClrcAlgorithm concat,
                         struct km_slice info, const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    ClrcKeyTemplate shut = {.type = KEY_GENERIC_SECRET,
                            .attributes = key->attributes & CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcKeyHandle shared = NULL;
    P11_TRY(agree_result(clrcAgree(handle, peer.ptr, (uint32_t)peer.len, &shut, &shared)));
    ClrcResult result = clrcDerive(shared, concat, NULL, 0, info.ptr, (uint32_t)info.len, key, ret);
    clrcFreeKey(shared);
    return km_p11_result(result);
}

static CK_RV agree(struct km_p11_key *own, const CK_MECHANISM *mechanism,
                   const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    const CK_ECDH1_DERIVE_PARAMS *given = mechanism->pParameter;
    const struct km_p11_octet_curve *curve = km_p11_octet_curve_of_type(own->info.type);
    uint32_t octets = (own->info.bits + 7) / 8;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
        given->pPublicData == NULL || (given->pSharedData == NULL && given->ulSharedDataLen != 0) ||
        given->ulPublicDataLen > 200 || given->ulSharedDataLen > 1024)
        return CKR_MECHANISM_PARAM_INVALID;
    struct km_slice peer = peer_of(given, curve != NULL ? curve->len : 2 * octets + 1);
    struct km_slice info = KM_SLICE(given->pSharedData, given->ulSharedDataLen);
    if (given->kdf == CKD_NULL) {
        bool is_whole =
            key->type == KEY_GENERIC_SECRET && (key->bits == 0 || key->bits == 8 * octets);
        ClrcKeyTemplate shared = *key;
        shared.bits = 0;
        if (info.len != 0)
            return CKR_MECHANISM_PARAM_INVALID;
        if (is_whole)
            return agree_result(clrcAgree(own->handle, peer.ptr, (uint32_t)peer.len, &shared, ret));
        return from_raw(own->handle, peer, CLRC_ALG_NONE, info, key, ret);
    }
    for (size_t i = 0; i < KM_ARRAY_LEN(KDFS); i++) {
        if (KDFS[i].kdf != given->kdf)
            continue;
        if (key->bits == 0)
            return CKR_TEMPLATE_INCOMPLETE;
        return KDFS[i].concat != CLRC_ALG_NONE
                   ? from_agreed(own->handle, peer, KDFS[i].concat, info, key, ret)
                   : from_raw(own->handle, peer, KDFS[i].digest, info, key, ret);
    }
    return CKR_MECHANISM_PARAM_INVALID;
}

/* The peer's value is the parameter itself. */
static CK_RV agree_dh(struct km_p11_key *own, const CK_MECHANISM *mechanism,
                      const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    struct km_slice peer = KM_SLICE(mechanism->pParameter, mechanism->ulParameterLen);
    bool is_whole =
        key->type == KEY_GENERIC_SECRET && (key->bits == 0 || key->bits == own->info.bits);
    ClrcKeyTemplate shared = *key;
    shared.bits = 0;
    if (peer.ptr == NULL || peer.len == 0 || peer.len > SHARED_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    if (is_whole)
        return agree_result(clrcAgree(own->handle, peer.ptr, (uint32_t)peer.len, &shared, ret));
    return from_raw(own->handle, peer, CLRC_ALG_NONE, KM_SLICE(NULL, 0), key, ret);
}

static CK_RV hkdf(struct km_p11_key *own, const CK_MECHANISM *mechanism, const ClrcKeyTemplate *key,
                  ClrcKeyHandle *ret)
{
    const CK_HKDF_PARAMS *given = mechanism->pParameter;
    ClrcKeyTemplate wish = *key;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
        given->ulSaltType == CKF_HKDF_SALT_KEY || given->ulSaltLen > 1024 ||
        given->ulInfoLen > 1024)
        return CKR_MECHANISM_PARAM_INVALID;
    const struct km_p11_mechanism *hash = km_p11_mechanism_find(given->prfHashMechanism);
    ClrcAlgorithm algorithm = km_p11_hkdf_of(given->prfHashMechanism, given->bExtract != CK_FALSE,
                                             given->bExpand != CK_FALSE);
    if (algorithm == CLRC_ALG_NONE || hash == NULL)
        return CKR_MECHANISM_PARAM_INVALID;
    /* Extraction makes what the digest makes; expansion has no salt, extraction no info. */
    bool has_salt = given->ulSaltType == CKF_HKDF_SALT_DATA && given->bExtract != CK_FALSE;
    bool has_info = given->bExpand != CK_FALSE;
    if (wish.bits == 0 && !has_info)
        wish.bits = 8 * km_p11_digest_len(hash->algorithm);
    if (wish.bits == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    ClrcResult result =
        clrcDerive(own->handle, algorithm, has_salt ? given->pSalt : NULL,
                   has_salt ? (uint32_t)given->ulSaltLen : 0, has_info ? given->pInfo : NULL,
                   has_info ? (uint32_t)given->ulInfoLen : 0, &wish, ret);
    return result == CLRC_ERROR_BAD_PARAMETERS ? CKR_TEMPLATE_INCONSISTENT : km_p11_result(result);
}

/* The first octets of the secret's digest; SHAKE has as many as are wanted. */
static CK_RV hash_of(struct km_p11_key *own, const struct km_p11_mechanism *mechanism,
                     const CK_MECHANISM *given, const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    ClrcAlgorithm algorithm = mechanism->algorithm;
    bool is_shake = algorithm == CLRC_SHAKE128 || algorithm == CLRC_SHAKE256;
    ClrcKeyTemplate wish = *key;
    if (given->ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    if (wish.bits == 0 && is_shake)
        return CKR_TEMPLATE_INCOMPLETE;
    if (wish.bits == 0)
        wish.bits = 8 * km_p11_digest_len(algorithm);
    ClrcResult result = clrcDerive(own->handle, algorithm, NULL, 0, NULL, 0, &wish, ret);
    return result == CLRC_ERROR_BAD_PARAMETERS ? CKR_TEMPLATE_INCONSISTENT : km_p11_result(result);
}

/* IV and data of ..._ENCRYPT_DATA. */
static CK_RV encrypt_parameters(const CK_MECHANISM *given, struct km_slice *ret_iv,
                                struct km_slice *ret_data)
{
    const CK_KEY_DERIVATION_STRING_DATA *ecb = given->pParameter;
    const CK_AES_CBC_ENCRYPT_DATA_PARAMS *aes = given->pParameter;
    const CK_DES_CBC_ENCRYPT_DATA_PARAMS *des = given->pParameter;
    size_t expected = sizeof(*ecb);
    if (given->mechanism == CKM_AES_CBC_ENCRYPT_DATA)
        expected = sizeof(*aes);
    else if (given->mechanism == CKM_DES3_CBC_ENCRYPT_DATA)
        expected = sizeof(*des);
    if (given->pParameter == NULL || given->ulParameterLen != expected)
        return CKR_MECHANISM_PARAM_INVALID;
    if (given->mechanism == CKM_AES_CBC_ENCRYPT_DATA) {
        *ret_iv = KM_SLICE(aes->iv, sizeof(aes->iv));
        *ret_data = KM_SLICE(aes->pData, aes->length);
    } else if (given->mechanism == CKM_DES3_CBC_ENCRYPT_DATA) {
        *ret_iv = KM_SLICE(des->iv, sizeof(des->iv));
        *ret_data = KM_SLICE(des->pData, des->length);
    } else {
        *ret_data = KM_SLICE(ecb->pData, ecb->ulLen);
    }
    return ret_data->ptr == NULL || ret_data->len == 0 || ret_data->len > ENCRYPTED_MAX
               ? CKR_MECHANISM_PARAM_INVALID
               : CKR_OK;
}

/* The first octets of what the key encrypts, which its user could encrypt himself: they pass through this process. */
static CK_RV encrypted(struct km_p11_key *own, const struct km_p11_mechanism *mechanism,
                       const CK_MECHANISM *given, const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    uint8_t octets[ENCRYPTED_MAX] = {0};
    size_t len = sizeof(octets);
    struct km_slice iv = {0};
    struct km_slice data = {0};
    P11_TRY(encrypt_parameters(given, &iv, &data));
    ClrcResult result = clrcCipher(own->handle, mechanism->algorithm, CLRC_MODE_ENCRYPT, iv.ptr,
                                   (uint32_t)iv.len, data.ptr, data.len, octets, &len);
    uint32_t wanted = key->bits == 0 ? (uint32_t)len : key->bits / 8;
    CK_RV rv = CKR_OK;
    if (result != CLRC_SUCCESS)
        rv = result == CLRC_ERROR_BAD_PARAMETERS ? CKR_MECHANISM_PARAM_INVALID
                                                 : km_p11_result(result);
    else if (wanted > len)
        rv = CKR_TEMPLATE_INCONSISTENT;
    if (rv == CKR_OK && key->type == KEY_DES3)
        km_des_set_parity(KM_SPAN(octets, wanted));
    if (rv == CKR_OK)
        rv = km_p11_result(clrcImportKeyRaw(key, octets, wanted, ret));
    km_wipe(octets, sizeof(octets));
    return rv;
}

static CK_RV derive(struct km_p11_key *own, const struct km_p11_mechanism *mechanism,
                    const CK_MECHANISM *given, const ClrcKeyTemplate *key, ClrcKeyHandle *ret)
{
    switch ((unsigned)mechanism->family) {
    case KM_P11_HKDF:
    case KM_P11_HKDF_DATA:
        return hkdf(own, given, key, ret);
    case KM_P11_DH:
        return agree_dh(own, given, key, ret);
    case KM_P11_HASH_DERIVE:
        return hash_of(own, mechanism, given, key, ret);
    case KM_P11_ENCRYPT_DERIVE:
        return encrypted(own, mechanism, given, key, ret);
    default:
        return agree(own, given, key, ret);
    }
}

static CK_RV wish_for(const struct km_p11_merged *template, CK_OBJECT_CLASS class,
                      struct km_p11_wish *ret)
{
    CK_ULONG octets = 0;
    P11_TRY(km_p11_wish_read(template->at, template->n, class, CKK_GENERIC_SECRET, ret));
    P11_TRY(km_p11_template_ulong(&ret->template, CKA_VALUE_LEN, 0, &octets));
    if (octets > DERIVED_MAX)
        return CKR_KEY_SIZE_RANGE;
    if (octets != 0 && ret->key.bits != 0 && ret->key.bits != 8 * octets)
        return CKR_TEMPLATE_INCONSISTENT;
    if (octets != 0)
        ret->key.bits = (uint32_t)(8 * octets);
    return CKR_OK;
}

/* CKM_HKDF_DATA: for who may read the secret in any case, what comes of it as data. */
static CK_RV make_derived_data(struct km_p11_session *session, struct km_p11_wish *wish,
                               struct km_p11_key *own, const CK_MECHANISM *given,
                               CK_OBJECT_HANDLE *ret_handle)
{
    uint8_t octets[DERIVED_MAX] = {0};
    uint32_t len = sizeof(octets);
    ClrcKeyHandle handle = NULL;
    wish->key.type = KEY_GENERIC_SECRET;
    wish->key.attributes = CLRC_ATTR_EXPORT_AS_PLAIN;
    P11_TRY(hkdf(own, given, &wish->key, &handle));
    CK_RV rv = km_p11_result(clrcExportKey(handle, octets, &len));
    clrcFreeKey(handle);
    if (rv == CKR_OK)
        rv = km_p11_make_data(session, wish, KM_SLICE(octets, len), ret_handle);
    km_wipe(octets, sizeof(octets));
    return rv;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                  CK_OBJECT_HANDLE hBaseKey, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount,
                  CK_OBJECT_HANDLE_PTR phKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *own = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *made = NULL;
    KM_AUTO(km_p11_list_clear) struct km_p11_list demanded = {0};
    KM_AUTO(km_p11_merged_clear) struct km_p11_merged template = {0};
    struct km_p11_wish wish = {0};
    ClrcKeyHandle handle = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pMechanism == NULL || phKey == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct km_p11_mechanism *mechanism = km_p11_mechanism_find(pMechanism->mechanism);
    if (mechanism == NULL || (mechanism->flags & CKF_DERIVE) == 0)
        return CKR_MECHANISM_INVALID;
    P11_TRY(km_p11_op_use(session, hBaseKey, mechanism, CKA_DERIVE, &own));
    P11_TRY(km_p11_op_demands(session, hBaseKey, CKA_DERIVE_TEMPLATE, &demanded));
    P11_TRY(km_p11_merge(pTemplate, ulAttributeCount, KM_SLICE(demanded.bytes, demanded.len),
                         &template));
    bool is_data = mechanism->family == KM_P11_HKDF_DATA;
    P11_TRY(wish_for(&template, is_data ? CKO_DATA : CKO_SECRET_KEY, &wish));
    if (is_data)
        return make_derived_data(session, &wish, own, pMechanism, phKey);
    P11_TRY(derive(own, mechanism, pMechanism, &wish.key, &handle));
    CK_RV rv = km_p11_key_new(handle, &made);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    return km_p11_make_object(session, &wish, made, false, 0, phKey);
}
