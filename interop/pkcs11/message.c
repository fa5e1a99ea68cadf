/* SPDX-License-Identifier: Apache-2.0 */
/* The message calls of v3.0: one Init, then any number of messages, each with parameters of its own. */
#include <stdlib.h>
#include <string.h>

#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

/* ---- what the three AEADs say of a message ---- */

struct message {
    uint8_t *nonce;
    CK_ULONG nonce_len, fixed_bits;
    CK_GENERATOR_FUNCTION generator;
    uint8_t *tag;
    CK_ULONG tag_len;
};

static CK_RV message_of(const struct km_p11_op *op, void *parameter, CK_ULONG len,
                        struct message *ret)
{
    const CK_GCM_MESSAGE_PARAMS *gcm = parameter;
    const CK_CCM_MESSAGE_PARAMS *ccm = parameter;
    const CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS *chacha = parameter;
    if (parameter == NULL)
        return CKR_MECHANISM_PARAM_INVALID;
    if (op->mechanism->family == KM_P11_GCM && len == sizeof(*gcm) && gcm->ulTagBits % 8 == 0)
        *ret = (struct message){gcm->pIv,         gcm->ulIvLen, gcm->ulIvFixedBits,
                                gcm->ivGenerator, gcm->pTag,    gcm->ulTagBits / 8};
    else if (op->mechanism->family == KM_P11_CCM && len == sizeof(*ccm))
        *ret = (struct message){ccm->pNonce,         ccm->ulNonceLen, ccm->ulNonceFixedBits,
                                ccm->nonceGenerator, ccm->pMAC,       ccm->ulMACLen};
    else if (op->mechanism->family == KM_P11_CHACHA && len == sizeof(*chacha))
        *ret = (struct message){chacha->pNonce,  chacha->ulNonceLen, 0,
                                CKG_NO_GENERATE, chacha->pTag,       16};
    else
        return CKR_MECHANISM_PARAM_INVALID;
    bool fits = ret->nonce != NULL && ret->nonce_len > 0 && ret->nonce_len <= KM_P11_IV_MAX &&
                ret->fixed_bits % 8 == 0 && ret->fixed_bits <= 8 * ret->nonce_len &&
                ret->tag != NULL && ret->tag_len >= 12 && ret->tag_len <= 16;
    return fits ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* What follows the fixed octets: drawn, or counted from this operation's first message on. */
static CK_RV generate_nonce(struct km_p11_op *op, struct message *message)
{
    size_t fixed = message->fixed_bits / 8;
    size_t left = message->nonce_len - fixed;
    switch (message->generator) {
    case CKG_NO_GENERATE:
        return CKR_OK;
    case CKG_GENERATE:
    case CKG_GENERATE_RANDOM:
        return left < 8 ? CKR_MECHANISM_PARAM_INVALID
                        : km_p11_result(clrcRandom(message->nonce + fixed, (uint32_t)left));
    case CKG_GENERATE_COUNTER: {
        struct km_wr wr = km_wr_init(message->nonce + fixed, left);
        struct km_slice done = {0};
        if (left < 8)
            return CKR_MECHANISM_PARAM_INVALID;
        memset(message->nonce + fixed, 0, left - 8);
        wr = km_wr_init(message->nonce + fixed + left - 8, 8);
        km_wr_u64be(&wr, op->counter++);
        return km_wr_finish(&wr, &done) ? CKR_OK : CKR_GENERAL_ERROR;
    }
    default:
        return CKR_MECHANISM_PARAM_INVALID;
    }
}

static CK_RV encrypt(struct km_p11_op *op, struct message *message, struct km_slice aad,
                     struct km_slice in, uint8_t *out)
{
    P11_TRY(generate_nonce(op, message));
    ClrcAead wish = {message->nonce, (uint32_t)message->nonce_len, aad.ptr, aad.len};
    return km_p11_result(clrcAeadEncrypt(op->key->handle, op->mechanism->algorithm, &wish, in.ptr,
                                         in.len, out, message->tag, (uint32_t)message->tag_len));
}

static CK_RV decrypt(struct km_p11_op *op, const struct message *message, struct km_slice aad,
                     struct km_slice in, uint8_t *out)
{
    ClrcAead wish = {message->nonce, (uint32_t)message->nonce_len, aad.ptr, aad.len};
    ClrcResult result = clrcAeadDecrypt(op->key->handle, op->mechanism->algorithm, &wish, in.ptr,
                                        in.len, out, message->tag, (uint32_t)message->tag_len);
    return result == CLRC_ERROR_MAC ? CKR_AEAD_DECRYPT_FAILED : km_p11_result(result);
}

/* ---- the calls of encryption ---- */

static CK_RV no_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    (void)op;
    (void)mechanism; /* parameters come with each message */
    return CKR_OK;
}

static const struct km_p11_begin ENCRYPT = {.slot = KM_P11_OP_MESSAGE_ENCRYPT,
                                            .flag = CKF_MESSAGE_ENCRYPT,
                                            .usage = CKA_ENCRYPT,
                                            .class = CKO_SECRET_KEY,
                                            .parameters = no_parameters};
static const struct km_p11_begin DECRYPT = {.slot = KM_P11_OP_MESSAGE_DECRYPT,
                                            .flag = CKF_MESSAGE_DECRYPT,
                                            .usage = CKA_DECRYPT,
                                            .class = CKO_SECRET_KEY,
                                            .parameters = no_parameters};
static const struct km_p11_begin SIGN = {.slot = KM_P11_OP_MESSAGE_SIGN,
                                         .flag = CKF_MESSAGE_SIGN,
                                         .usage = CKA_SIGN,
                                         .class = CKO_PRIVATE_KEY,
                                         .parameters = km_p11_sign_parameters};
static const struct km_p11_begin VERIFY = {.slot = KM_P11_OP_MESSAGE_VERIFY,
                                           .flag = CKF_MESSAGE_VERIFY,
                                           .usage = CKA_VERIFY,
                                           .class = CKO_PUBLIC_KEY,
                                           .parameters = km_p11_sign_parameters};

static CK_RV begin(CK_SESSION_HANDLE handle, const struct km_p11_begin *what,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    return km_p11_begin(session, what, mechanism, key);
}

static CK_RV end(CK_SESSION_HANDLE handle, enum km_p11_op_slot slot)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    if (session->ops[slot] == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    km_p11_op_freep(&session->ops[slot]);
    return CKR_OK;
}

CK_RV C_MessageEncryptInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                           CK_OBJECT_HANDLE hKey)
{
    return begin(hSession, &ENCRYPT, pMechanism, hKey);
}

CK_RV C_MessageDecryptInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                           CK_OBJECT_HANDLE hKey)
{
    return begin(hSession, &DECRYPT, pMechanism, hKey);
}

CK_RV C_MessageSignInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                        CK_OBJECT_HANDLE hKey)
{
    return begin(hSession, &SIGN, pMechanism, hKey);
}

CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                          CK_OBJECT_HANDLE hKey)
{
    return begin(hSession, &VERIFY, pMechanism, hKey);
}

CK_RV C_MessageEncryptFinal(CK_SESSION_HANDLE hSession)
{
    return end(hSession, KM_P11_OP_MESSAGE_ENCRYPT);
}

CK_RV C_MessageDecryptFinal(CK_SESSION_HANDLE hSession)
{
    return end(hSession, KM_P11_OP_MESSAGE_DECRYPT);
}

CK_RV C_MessageSignFinal(CK_SESSION_HANDLE hSession)
{
    return end(hSession, KM_P11_OP_MESSAGE_SIGN);
}

CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE hSession)
{
    return end(hSession, KM_P11_OP_MESSAGE_VERIFY);
}

/* One call's octets: text is as long as its ciphertext. */
struct text {
    void *parameter;
    CK_ULONG parameter_len;
    struct km_slice aad, in;
    CK_BYTE_PTR out;
    CK_ULONG_PTR len;
};

static CK_RV crypt(struct km_p11_op *op, bool is_encrypt, const struct text *text)
{
    struct message message = {0};
    CK_ULONG room = *text->len;
    P11_TRY(message_of(op, text->parameter, text->parameter_len, &message));
    *text->len = text->in.len;
    if (text->out == NULL && text->in.len != 0)
        return CKR_OK;
    if (room < text->in.len)
        return CKR_BUFFER_TOO_SMALL;
    return is_encrypt ? encrypt(op, &message, text->aad, text->in, text->out)
                      : decrypt(op, &message, text->aad, text->in, text->out);
}

static CK_RV one_message(CK_SESSION_HANDLE handle, bool is_encrypt, const struct text *text)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    struct km_p11_op *op =
        session->ops[is_encrypt ? KM_P11_OP_MESSAGE_ENCRYPT : KM_P11_OP_MESSAGE_DECRYPT];
    if (op == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (op->in_message)
        return CKR_OPERATION_ACTIVE;
    if (text->len == NULL || (text->in.ptr == NULL && text->in.len != 0) ||
        (text->aad.ptr == NULL && text->aad.len != 0))
        return CKR_ARGUMENTS_BAD;
    return crypt(op, is_encrypt, text);
}

CK_RV C_EncryptMessage(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
                       CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen,
                       CK_BYTE_PTR pPlaintext, CK_ULONG ulPlaintextLen, CK_BYTE_PTR pCiphertext,
                       CK_ULONG_PTR pulCiphertextLen)
{
    const struct text text = {pParameter,
                              ulParameterLen,
                              KM_SLICE(pAssociatedData, ulAssociatedDataLen),
                              KM_SLICE(pPlaintext, ulPlaintextLen),
                              pCiphertext,
                              pulCiphertextLen};
    return one_message(hSession, true, &text);
}

CK_RV C_DecryptMessage(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
                       CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen,
                       CK_BYTE_PTR pCiphertext, CK_ULONG ulCiphertextLen, CK_BYTE_PTR pPlaintext,
                       CK_ULONG_PTR pulPlaintextLen)
{
    const struct text text = {pParameter,
                              ulParameterLen,
                              KM_SLICE(pAssociatedData, ulAssociatedDataLen),
                              KM_SLICE(pCiphertext, ulCiphertextLen),
                              pPlaintext,
                              pulPlaintextLen};
    return one_message(hSession, false, &text);
}

/* In parts: kept until the last one, which gives everything out. */
static CK_RV begin_message(CK_SESSION_HANDLE handle, enum km_p11_op_slot slot, struct km_slice aad)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    struct km_p11_op *op = session->ops[slot];
    if (op == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (op->in_message)
        return CKR_OPERATION_ACTIVE;
    P11_TRY(km_p11_op_set_aad(op, aad.ptr, aad.len));
    op->in_message = true;
    op->held_len = 0;
    return CKR_OK;
}

static CK_RV next_part(CK_SESSION_HANDLE handle, bool is_encrypt, const struct text *text,
                       CK_FLAGS flags)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    struct km_p11_op *op =
        session->ops[is_encrypt ? KM_P11_OP_MESSAGE_ENCRYPT : KM_P11_OP_MESSAGE_DECRYPT];
    if (op == NULL || !op->in_message)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (text->len == NULL || (text->in.ptr == NULL && text->in.len != 0))
        return CKR_ARGUMENTS_BAD;
    if ((flags & CKF_END_OF_MESSAGE) == 0) {
        *text->len = 0;
        return text->out == NULL ? CKR_OK : km_p11_op_hold(op, text->in);
    }
    CK_ULONG wanted = op->held_len + text->in.len;
    if (text->out == NULL || *text->len < wanted) {
        bool is_asked = text->out == NULL && wanted != 0;
        *text->len = wanted;
        if (wanted != 0)
            return is_asked ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    }
    P11_TRY(km_p11_op_hold(op, text->in));
    struct text whole = *text;
    whole.in = KM_SLICE(op->held, op->held_len);
    whole.aad = KM_SLICE(op->aad, op->aad_len);
    CK_RV rv = crypt(op, is_encrypt, &whole);
    op->in_message = false;
    return rv;
}

CK_RV C_EncryptMessageBegin(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                            CK_ULONG ulParameterLen, CK_BYTE_PTR pAssociatedData,
                            CK_ULONG ulAssociatedDataLen)
{
    (void)pParameter; /* those of the last part count */
    (void)ulParameterLen;
    return begin_message(hSession, KM_P11_OP_MESSAGE_ENCRYPT,
                         KM_SLICE(pAssociatedData, ulAssociatedDataLen));
}

CK_RV C_DecryptMessageBegin(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                            CK_ULONG ulParameterLen, CK_BYTE_PTR pAssociatedData,
                            CK_ULONG ulAssociatedDataLen)
{
    (void)pParameter;
    (void)ulParameterLen;
    return begin_message(hSession, KM_P11_OP_MESSAGE_DECRYPT,
                         KM_SLICE(pAssociatedData, ulAssociatedDataLen));
}

CK_RV C_EncryptMessageNext(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                           CK_ULONG ulParameterLen, CK_BYTE_PTR pPlaintextPart,
                           CK_ULONG ulPlaintextPartLen, CK_BYTE_PTR pCiphertextPart,
                           CK_ULONG_PTR pulCiphertextPartLen, CK_FLAGS flags)
{
    const struct text text = {pParameter,        ulParameterLen,
                              KM_SLICE(NULL, 0), KM_SLICE(pPlaintextPart, ulPlaintextPartLen),
                              pCiphertextPart,   pulCiphertextPartLen};
    return next_part(hSession, true, &text, flags);
}

CK_RV C_DecryptMessageNext(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                           CK_ULONG ulParameterLen, CK_BYTE_PTR pCiphertextPart,
                           CK_ULONG ulCiphertextPartLen, CK_BYTE_PTR pPlaintextPart,
                           CK_ULONG_PTR pulPlaintextPartLen, CK_FLAGS flags)
{
    const struct text text = {pParameter,        ulParameterLen,
                              KM_SLICE(NULL, 0), KM_SLICE(pCiphertextPart, ulCiphertextPartLen),
                              pPlaintextPart,    pulPlaintextPartLen};
    return next_part(hSession, false, &text, flags);
}

/* ---- the calls of signatures ---- */

static CK_RV take_op(CK_SESSION_HANDLE handle, enum km_p11_op_slot slot, bool in_message,
                     struct km_p11_session **session, struct km_p11_op **ret_op)
{
    P11_TRY(km_p11_session_enter(handle, session));
    struct km_p11_op *op = (*session)->ops[slot];
    if (op == NULL || (in_message && !op->in_message))
        return CKR_OPERATION_NOT_INITIALIZED;
    if (!in_message && op->in_message)
        return CKR_OPERATION_ACTIVE;
    *ret_op = op;
    return CKR_OK;
}

CK_RV C_SignMessage(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
                    CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
                    CK_ULONG_PTR pulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    struct km_p11_op *op = NULL;
    bool is_over = false;
    (void)pParameter;
    if (ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(take_op(hSession, KM_P11_OP_MESSAGE_SIGN, false, &session, &op));
    if ((pData == NULL && ulDataLen != 0) || pulSignatureLen == NULL)
        return CKR_ARGUMENTS_BAD;
    return km_p11_sign_once(op, KM_SLICE(pData, ulDataLen), pSignature, pulSignatureLen, &is_over);
}

CK_RV C_VerifyMessage(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
                      CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
                      CK_ULONG ulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    struct km_p11_op *op = NULL;
    (void)pParameter;
    if (ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(take_op(hSession, KM_P11_OP_MESSAGE_VERIFY, false, &session, &op));
    if ((pData == NULL && ulDataLen != 0) || pSignature == NULL)
        return CKR_ARGUMENTS_BAD;
    return km_p11_verify_once(op, KM_SLICE(pData, ulDataLen), KM_SLICE(pSignature, ulSignatureLen));
}

CK_RV C_SignMessageBegin(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                         CK_ULONG ulParameterLen)
{
    (void)pParameter;
    return ulParameterLen != 0 ? CKR_MECHANISM_PARAM_INVALID
                               : begin_message(hSession, KM_P11_OP_MESSAGE_SIGN, KM_SLICE(NULL, 0));
}

CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                           CK_ULONG ulParameterLen)
{
    (void)pParameter;
    return ulParameterLen != 0
               ? CKR_MECHANISM_PARAM_INVALID
               : begin_message(hSession, KM_P11_OP_MESSAGE_VERIFY, KM_SLICE(NULL, 0));
}

CK_RV C_SignMessageNext(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
                        CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
                        CK_ULONG_PTR pulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    struct km_p11_op *op = NULL;
    bool is_over = false;
    (void)pParameter;
    (void)ulParameterLen;
    P11_TRY(take_op(hSession, KM_P11_OP_MESSAGE_SIGN, true, &session, &op));
    if (pData == NULL && ulDataLen != 0)
        return CKR_ARGUMENTS_BAD;
    if (pulSignatureLen == NULL)
        return km_p11_op_hold(op, KM_SLICE(pData, ulDataLen));
    if (pSignature != NULL)
        P11_TRY(km_p11_op_hold(op, KM_SLICE(pData, ulDataLen)));
    CK_RV rv = km_p11_sign_once(op, KM_SLICE(op->held, op->held_len), pSignature, pulSignatureLen,
                                &is_over);
    op->in_message = !is_over;
    return rv;
}

CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
                          CK_ULONG ulParameterLen, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
                          CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    struct km_p11_op *op = NULL;
    (void)pParameter;
    (void)ulParameterLen;
    P11_TRY(take_op(hSession, KM_P11_OP_MESSAGE_VERIFY, true, &session, &op));
    if (pData == NULL && ulDataLen != 0)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_op_hold(op, KM_SLICE(pData, ulDataLen)));
    if (pSignature == NULL)
        return CKR_OK;
    op->in_message = false;
    return km_p11_verify_once(op, KM_SLICE(op->held, op->held_len),
                              KM_SLICE(pSignature, ulSignatureLen));
}
