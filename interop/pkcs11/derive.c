/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from agreement and from other keys. */
#include <string.h>

#include "common/km_der.h"
#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

#define SHARED_MAX 72u
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
    bool is_x = own->info.type == KEY_X25519_KEYPAIR;
    uint32_t octets = (own->info.bits + 7) / 8;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
        given->pPublicData == NULL || (given->pSharedData == NULL && given->ulSharedDataLen != 0) ||
        given->ulPublicDataLen > 200 || given->ulSharedDataLen > 1024)
        return CKR_MECHANISM_PARAM_INVALID;
    struct km_slice peer = peer_of(given, is_x ? 32 : 2 * octets + 1);
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

static CK_RV hkdf(struct km_p11_key *own, const CK_MECHANISM *mechanism, const ClrcKeyTemplate *key,
                  ClrcKeyHandle *ret)
{
    static const struct {
        CK_MECHANISM_TYPE hash;
        ClrcAlgorithm algorithm;
    } HASHES[] = {{CKM_SHA_1, CLRC_HKDF_SHA1},
                  {CKM_SHA224, CLRC_HKDF_SHA224},
                  {CKM_SHA256, CLRC_HKDF_SHA256},
                  {CKM_SHA384, CLRC_HKDF_SHA384},
                  {CKM_SHA512, CLRC_HKDF_SHA512}};
    const CK_HKDF_PARAMS *given = mechanism->pParameter;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
        given->bExtract != CK_TRUE || given->bExpand != CK_TRUE ||
        given->ulSaltType == CKF_HKDF_SALT_KEY || given->ulSaltLen > 1024 ||
        given->ulInfoLen > 1024)
        return CKR_MECHANISM_PARAM_INVALID;
    bool has_salt = given->ulSaltType == CKF_HKDF_SALT_DATA;
    if (key->bits == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    for (size_t i = 0; i < KM_ARRAY_LEN(HASHES); i++) {
        if (HASHES[i].hash == given->prfHashMechanism)
            return km_p11_result(clrcDerive(own->handle, HASHES[i].algorithm,
                                            has_salt ? given->pSalt : NULL,
                                            has_salt ? (uint32_t)given->ulSaltLen : 0, given->pInfo,
                                            (uint32_t)given->ulInfoLen, key, ret));
    }
    return CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV wish_for(const CK_ATTRIBUTE *at, CK_ULONG n, struct km_p11_wish *ret)
{
    CK_ULONG octets = 0;
    P11_TRY(km_p11_wish_read(at, n, CKO_SECRET_KEY, CKK_GENERIC_SECRET, ret));
    P11_TRY(km_p11_template_ulong(&ret->template, CKA_VALUE_LEN, 0, &octets));
    if (octets > DERIVED_MAX)
        return CKR_KEY_SIZE_RANGE;
    ret->key.bits = (uint32_t)(8 * octets);
    return CKR_OK;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                  CK_OBJECT_HANDLE hBaseKey, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount,
                  CK_OBJECT_HANDLE_PTR phKey)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *own = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *made = NULL;
    struct km_p11_wish wish = {0};
    ClrcKeyHandle handle = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pMechanism == NULL || phKey == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct km_p11_mechanism *mechanism = km_p11_mechanism_find(pMechanism->mechanism);
    if (mechanism == NULL || (mechanism->flags & CKF_DERIVE) == 0)
        return CKR_MECHANISM_INVALID;
    P11_TRY(km_p11_op_use(session, hBaseKey, mechanism, CKA_DERIVE, &own));
    P11_TRY(wish_for(pTemplate, ulAttributeCount, &wish));
    P11_TRY(mechanism->family == KM_P11_HKDF ? hkdf(own, pMechanism, &wish.key, &handle)
                                             : agree(own, pMechanism, &wish.key, &handle));
    CK_RV rv = km_p11_key_new(handle, &made);
    if (rv != CKR_OK) {
        clrcFreeKey(handle);
        return rv;
    }
    return km_p11_make_object(session, &wish, made, false, 0, phKey);
}
