/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures from which what was signed comes back: RSA with the padding of PKCS#1 or none. */
#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

static const struct km_p11_begin SIGN = {.slot = KM_P11_OP_SIGN_RECOVER,
                                         .flag = CKF_SIGN_RECOVER,
                                         .usage = CKA_SIGN_RECOVER,
                                         .class = CKO_PRIVATE_KEY,
                                         .parameters = km_p11_sign_parameters};
static const struct km_p11_begin VERIFY = {.slot = KM_P11_OP_VERIFY_RECOVER,
                                           .flag = CKF_VERIFY_RECOVER,
                                           .usage = CKA_VERIFY_RECOVER,
                                           .class = CKO_PUBLIC_KEY,
                                           .parameters = km_p11_sign_parameters};

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                        CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &SIGN, pMechanism, hKey);
}

CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                          CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &VERIFY, pMechanism, hKey);
}

CK_RV C_SignRecover(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
                    CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    bool is_over = true;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_SIGN_RECOVER];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_RV rv = (pData == NULL && ulDataLen != 0) || pulSignatureLen == NULL
                   ? CKR_ARGUMENTS_BAD
                   : km_p11_sign_once(*slot, KM_SLICE(pData, ulDataLen), pSignature,
                                      pulSignatureLen, &is_over);
    if (is_over)
        km_p11_op_freep(slot);
    return rv;
}

/* RFC 8017, 9.2: 00 01 FF ... FF 00 and what was signed; at least eight octets of padding. */
static bool strip(struct km_slice block, struct km_slice *ret)
{
    size_t at = 2;
    if (block.len < 11 || block.ptr[0] != 0 || block.ptr[1] != 1)
        return false;
    while (at < block.len && block.ptr[at] == 0xff)
        at++;
    if (at < 10 || at == block.len || block.ptr[at] != 0)
        return false;
    *ret = KM_SLICE(block.ptr + at + 1, block.len - at - 1);
    return true;
}

static CK_RV recover(struct km_p11_op *op, struct km_slice signature, CK_BYTE_PTR out,
                     CK_ULONG_PTR len, bool *ret_is_over)
{
    uint8_t block[KM_P11_SIGNATURE_MAX] = {0};
    size_t octets = op->key->info.bits / 8;
    struct km_slice data = KM_SLICE(block, octets);
    *ret_is_over = true;
    if (signature.len != octets)
        return CKR_SIGNATURE_LEN_RANGE;
    P11_TRY(km_p11_open_signature(op, signature, block));
    if (op->mechanism->family == KM_P11_RSA_PKCS && !strip(KM_SLICE(block, octets), &data))
        return CKR_SIGNATURE_INVALID;
    return km_p11_give(data, out, len, ret_is_over);
}

CK_RV C_VerifyRecover(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen,
                      CK_BYTE_PTR pData, CK_ULONG_PTR pulDataLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    bool is_over = true;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_VERIFY_RECOVER];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_RV rv =
        pSignature == NULL || pulDataLen == NULL
            ? CKR_ARGUMENTS_BAD
            : recover(*slot, KM_SLICE(pSignature, ulSignatureLen), pData, pulDataLen, &is_over);
    if (is_over)
        km_p11_op_freep(slot);
    return rv;
}
