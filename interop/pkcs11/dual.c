/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two operations of a session on the same data. The cipher goes first: when its output finds no room, or only its length was asked,
 * nothing else happened. What a decryption holds back until its end is to be fed to the other one by the caller, as the standard has it.
 */
#include "interop/pkcs11/op.h"

/* Both must be there before either does anything. */
static bool has(const struct km_p11_session *session, enum km_p11_op_slot one,
                enum km_p11_op_slot other)
{
    return session->ops[one] != NULL && session->ops[other] != NULL;
}

static CK_RV other_part(struct km_p11_session *session, enum km_p11_op_slot other,
                        struct km_slice part)
{
    return other == KM_P11_OP_DIGEST ? km_p11_digest_part(session, part)
                                     : km_p11_sign_part(session, other, part);
}

static CK_RV step(CK_SESSION_HANDLE handle, bool is_encrypt, enum km_p11_op_slot other,
                  struct km_slice in, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    if (!has(session, is_encrypt ? KM_P11_OP_ENCRYPT : KM_P11_OP_DECRYPT, other))
        return CKR_OPERATION_NOT_INITIALIZED;
    if (len == NULL || (in.ptr == NULL && in.len != 0))
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_cipher_part(session, is_encrypt, in, out, len));
    if (out == NULL)
        return CKR_OK;
    return other_part(session, other, is_encrypt ? in : KM_SLICE(out, *len));
}

CK_RV C_DigestEncryptUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen,
                            CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen)
{
    return step(hSession, true, KM_P11_OP_DIGEST, KM_SLICE(pPart, ulPartLen), pEncryptedPart,
                pulEncryptedPartLen);
}

CK_RV C_DecryptDigestUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart,
                            CK_ULONG ulEncryptedPartLen, CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen)
{
    return step(hSession, false, KM_P11_OP_DIGEST, KM_SLICE(pEncryptedPart, ulEncryptedPartLen),
                pPart, pulPartLen);
}

CK_RV C_SignEncryptUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen,
                          CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen)
{
    return step(hSession, true, KM_P11_OP_SIGN, KM_SLICE(pPart, ulPartLen), pEncryptedPart,
                pulEncryptedPartLen);
}

CK_RV C_DecryptVerifyUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart,
                            CK_ULONG ulEncryptedPartLen, CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen)
{
    return step(hSession, false, KM_P11_OP_VERIFY, KM_SLICE(pEncryptedPart, ulEncryptedPartLen),
                pPart, pulPartLen);
}
