/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests and random octets. What is fed in parts is kept while it is little: then one call does it all, and it can be saved.
 */
#include "interop/pkcs11/op.h"

#include <stdlib.h>

#include "common/km_file.h"
#include "common/km_secret.h"

#define RANDOM_MAX 1048576u
#define SEED_MAX 1048576u

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
    if (is_final)
        data = KM_SLICE(op->held, op->held_len);
    if (is_final && op->stream != NULL)
        result = clrcOperationFinal(op->stream, NULL, NULL, digest, &digest_len);
    else
        result = clrcDigest(op->mechanism->algorithm, data.ptr, data.len, digest, &digest_len);
    if (result == CLRC_SUCCESS)
        km_copy(out, room, digest, digest_len);
    km_p11_op_freep(slot);
    return km_p11_result(result);
}

static CK_RV stream(struct km_p11_op *op, struct km_slice part)
{
    ClrcOperationWish wish = {.algorithm = op->mechanism->algorithm, .mode = CLRC_MODE_DIGEST};
    if (op->stream == NULL) {
        P11_TRY(km_p11_result(clrcOperationNew(NULL, &wish, &op->stream)));
        P11_TRY(km_p11_result(clrcOperationUpdate(op->stream, op->held, op->held_len, NULL, NULL)));
    }
    return km_p11_result(clrcOperationUpdate(op->stream, part.ptr, part.len, NULL, NULL));
}

static CK_RV feed(struct km_p11_op *op, struct km_slice part)
{
    bool is_little = op->stream == NULL && part.len <= KM_P11_STATE_FED_MAX &&
                     op->held_len + part.len <= KM_P11_STATE_FED_MAX;
    op->is_multi = true;
    return is_little ? km_p11_op_hold(op, part) : stream(op, part);
}

CK_RV km_p11_digest_part(struct km_p11_session *session, struct km_slice part)
{
    struct km_p11_op **slot = &session->ops[KM_P11_OP_DIGEST];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (part.ptr == NULL && part.len != 0)
        return CKR_ARGUMENTS_BAD; /* which ends no digest */
    CK_RV rv = feed(*slot, part);
    if (rv != CKR_OK)
        km_p11_op_freep(slot);
    return rv;
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
    if ((pData == NULL && ulDataLen != 0) || pulDigestLen == NULL)
        return CKR_ARGUMENTS_BAD;
    return give(slot, KM_SLICE(pData, ulDataLen), false, pDigest, pulDigestLen);
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_digest_part(session, KM_SLICE(pPart, ulPartLen));
}

/* A secret key that may be read in any case; of another one a digest could be what a derivation keeps inside. */
static CK_RV readable_key(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                          struct km_p11_key **ret_key)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *object = NULL;
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_object_find(session, handle, &object) != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    if (object->class != CKO_SECRET_KEY ||
        (object->info.attributes & CLRC_ATTR_EXPORT_AS_PLAIN) == 0)
        return CKR_KEY_INDIGESTIBLE;
    return km_p11_object_key(object, ret_key);
}

CK_RV C_DigestKey(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    uint8_t octets[512] = {0};
    uint32_t len = sizeof(octets);
    P11_TRY(km_p11_session_enter(hSession, &session));
    if (session->ops[KM_P11_OP_DIGEST] == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    P11_TRY(readable_key(session, hKey, &key));
    CK_RV rv = km_p11_result(clrcExportKey(key->handle, octets, &len));
    session->ops[KM_P11_OP_DIGEST]->is_secret = true;
    if (rv == CKR_OK)
        rv = km_p11_digest_part(session, KM_SLICE(octets, len));
    km_wipe(octets, sizeof(octets));
    return rv;
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pDigest, CK_ULONG_PTR pulDigestLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_DIGEST];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (pulDigestLen == NULL)
        return CKR_ARGUMENTS_BAD;
    return give(slot, KM_SLICE(NULL, 0), true, pDigest, pulDigestLen);
}

/* ---- what is under way, saved and taken up again ---- */

/* A digest of little data alone: all else is in the service, from where nothing can be fetched. */
static CK_RV saveable(const struct km_p11_session *session)
{
    bool is_active = false;
    for (unsigned i = 0; i < KM_P11_OPS; i++)
        is_active |= session->ops[i] != NULL;
    if (!is_active && session->find == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    for (unsigned i = 0; i < KM_P11_OPS; i++) {
        if (i != KM_P11_OP_DIGEST && session->ops[i] != NULL)
            return CKR_STATE_UNSAVEABLE;
    }
    const struct km_p11_op *op = session->ops[KM_P11_OP_DIGEST];
    return op == NULL || op->stream != NULL || op->is_secret ? CKR_STATE_UNSAVEABLE : CKR_OK;
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState,
                          CK_ULONG_PTR pulOperationStateLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    bool is_over = false;
    P11_TRY(km_p11_session_enter(hSession, &session));
    if (pulOperationStateLen == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(saveable(session));
    const struct km_p11_op *op = session->ops[KM_P11_OP_DIGEST];
    const struct km_p11_state state = {op->mechanism->type, KM_SLICE(op->held, op->held_len)};
    bytes = calloc(1, KM_P11_STATE_MAX);
    if (bytes == NULL)
        return CKR_HOST_MEMORY;
    if (!km_p11_state_put(&state, KM_SPAN(bytes, KM_P11_STATE_MAX), &len))
        return CKR_GENERAL_ERROR;
    CK_RV rv = km_p11_give(KM_SLICE(bytes, len), pOperationState, pulOperationStateLen, &is_over);
    km_wipe(bytes, len);
    return rv;
}

static CK_RV take_up(const struct km_p11_state *state, struct km_p11_op **ret_op)
{
    KM_AUTO(km_p11_op_freep) struct km_p11_op *op = calloc(1, sizeof(*op));
    if (op == NULL)
        return CKR_HOST_MEMORY;
    op->mechanism = km_p11_mechanism_find(state->mechanism);
    if (op->mechanism == NULL || op->mechanism->family != KM_P11_DIGEST)
        return CKR_SAVED_STATE_INVALID;
    P11_TRY(km_p11_op_hold(op, state->fed));
    op->is_multi = true;
    *ret_op = km_steal(&op);
    return CKR_OK;
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState,
                          CK_ULONG ulOperationStateLen, CK_OBJECT_HANDLE hEncryptionKey,
                          CK_OBJECT_HANDLE hAuthenticationKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    KM_AUTO(km_p11_op_freep) struct km_p11_op *op = NULL;
    struct km_p11_state state = {0};
    P11_TRY(km_p11_session_enter(hSession, &session));
    if (pOperationState == NULL)
        return CKR_ARGUMENTS_BAD;
    if (!km_p11_state_parse(KM_SLICE(pOperationState, ulOperationStateLen), &state))
        return CKR_SAVED_STATE_INVALID;
    if (hEncryptionKey != 0 || hAuthenticationKey != 0)
        return CKR_KEY_NOT_NEEDED;
    P11_TRY(take_up(&state, &op));
    /* Whatever went on is given up for it. */
    for (unsigned i = 0; i < KM_P11_OPS; i++)
        km_p11_op_freep(&session->ops[i]);
    session->ops[KM_P11_OP_DIGEST] = km_steal(&op);
    return CKR_OK;
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSeed, CK_ULONG ulSeedLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    if (pSeed == NULL || ulSeedLen > SEED_MAX)
        return CKR_ARGUMENTS_BAD;
    ClrcResult result = clrcAddRandom(pSeed, (uint32_t)ulSeedLen);
    return result == CLRC_ERROR_NOT_SUPPORTED ? CKR_RANDOM_SEED_NOT_SUPPORTED
                                              : km_p11_result(result);
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
