/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and random octets. */
#include "interop/pkcs11/op.h"

#define RANDOM_MAX 1048576u

static CK_RV no_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    (void)op;
    return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static const struct km_p11_begin BEGIN = {
    .slot = KM_P11_OP_DIGEST, .flag = CKF_DIGEST, .parameters = no_parameters};

CK_RV C_DigestInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &BEGIN, pMechanism, 0);
}

/* The operation is over unless it was only asked how long the digest is. */
static CK_RV give(struct km_p11_op **slot, struct km_slice data, bool is_final, CK_BYTE_PTR out,
                  CK_ULONG_PTR len)
{
    struct km_p11_op *op = *slot;
    uint8_t digest[64] = {0};
    uint32_t digest_len = km_p11_digest_len(op->mechanism->algorithm);
    bool is_over = false;
    CK_ULONG room = *len;
    /* The length first: what was fed stays for the next try. */
    CK_RV rv = km_p11_give(KM_SLICE(digest, digest_len), out, len, &is_over);
    if (!is_over)
        return rv;
    ClrcResult result = CLRC_SUCCESS;
    if (is_final && op->stream != NULL)
        result = clrcOperationFinal(op->stream, NULL, NULL, digest, &digest_len);
    else
        result = clrcDigest(op->mechanism->algorithm, data.ptr, data.len, digest, &digest_len);
    if (result == CLRC_SUCCESS)
        km_copy(out, room, digest, digest_len);
    km_p11_op_freep(slot);
    return km_p11_result(result);
}

static CK_RV feed(struct km_p11_op *op, struct km_slice part)
{
    ClrcOperationWish wish = {.algorithm = op->mechanism->algorithm, .mode = CLRC_MODE_DIGEST};
    op->is_multi = true;
    if (op->stream == NULL)
        P11_TRY(km_p11_result(clrcOperationNew(NULL, &wish, &op->stream)));
    return km_p11_result(clrcOperationUpdate(op->stream, part.ptr, part.len, NULL, NULL));
}

CK_RV C_Digest(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
               CK_BYTE_PTR pDigest, CK_ULONG_PTR pulDigestLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_DIGEST];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if ((*slot)->is_multi)
        return CKR_OPERATION_ACTIVE;
    if ((pData == NULL && ulDataLen != 0) || pulDigestLen == NULL) {
        km_p11_op_freep(slot);
        return CKR_ARGUMENTS_BAD;
    }
    return give(slot, KM_SLICE(pData, ulDataLen), false, pDigest, pulDigestLen);
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_DIGEST];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_RV rv = pPart == NULL && ulPartLen != 0 ? CKR_ARGUMENTS_BAD
                                               : feed(*slot, KM_SLICE(pPart, ulPartLen));
    if (rv != CKR_OK)
        km_p11_op_freep(slot);
    return rv;
}

CK_RV C_DigestKey(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    (void)hKey;
    P11_TRY(km_p11_session_enter(hSession, &session));
    if (session->ops[KM_P11_OP_DIGEST] == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    return CKR_KEY_INDIGESTIBLE;
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pDigest, CK_ULONG_PTR pulDigestLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_DIGEST];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (pulDigestLen == NULL) {
        km_p11_op_freep(slot);
        return CKR_ARGUMENTS_BAD;
    }
    return give(slot, KM_SLICE(NULL, 0), true, pDigest, pulDigestLen);
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSeed, CK_ULONG ulSeedLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    (void)pSeed;
    (void)ulSeedLen;
    P11_TRY(km_p11_session_take(hSession, &session));
    return CKR_RANDOM_SEED_NOT_SUPPORTED;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pRandomData, CK_ULONG ulRandomLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pRandomData == NULL && ulRandomLen != 0)
        return CKR_ARGUMENTS_BAD;
    for (CK_ULONG at = 0; at < ulRandomLen;) {
        CK_ULONG n = ulRandomLen - at < RANDOM_MAX ? ulRandomLen - at : RANDOM_MAX;
        P11_TRY(km_p11_result(clrcRandom(pRandomData + at, (uint32_t)n)));
        at += n;
    }
    return CKR_OK;
}
