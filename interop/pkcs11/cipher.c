/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption and decryption. What gives out data as it comes runs in the service; the rest is kept here until it is whole. */
#include <stdlib.h>
#include <string.h>

#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

#define BLOCK_MAX 16u
#define CTS_BLOCK 16u

/* ---- parameters ---- */

static CK_RV set_iv(struct km_p11_op *op, const void *iv, CK_ULONG len, CK_ULONG min, CK_ULONG max)
{
    if (iv == NULL || len < min || len > max || max > KM_P11_IV_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    km_copy(op->iv, sizeof(op->iv), iv, len);
    op->iv_len = (uint32_t)len;
    return CKR_OK;
}

static size_t block_of(const struct km_p11_op *op)
{
    return op->mechanism->key_type == CKK_DES3 ? 8 : 16;
}

/* Data come in whole blocks of so many octets; 1: any length. */
static size_t unit_of(const struct km_p11_op *op)
{
    switch (op->mechanism->type) {
    case CKM_AES_ECB:
    case CKM_AES_CBC:
    case CKM_DES3_ECB:
    case CKM_DES3_CBC:
        return block_of(op);
    default:
        return 1;
    }
}

/* ECB has no parameter. Hosts that hand one IV to all modes are not turned away: it changes nothing. */
static CK_RV cipher_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    if (mechanism->mechanism == CKM_AES_ECB || mechanism->mechanism == CKM_DES3_ECB)
        return CKR_OK;
    return set_iv(op, mechanism->pParameter, mechanism->ulParameterLen, block_of(op), block_of(op));
}

/* The service counts in the whole block, so what is encrypted ends before the counter's part of it would begin again. */
static uint64_t blocks_of(const CK_AES_CTR_PARAMS *given)
{
    uint64_t count = 0;
    if (given->ulCounterBits >= 64)
        return UINT64_MAX;
    for (unsigned i = 8; i < 16; i++)
        count = count << 8 | given->cb[i];
    uint64_t all = (uint64_t)1 << given->ulCounterBits;
    return all - (count & (all - 1));
}

static CK_RV ctr_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    const CK_AES_CTR_PARAMS *given = mechanism->pParameter;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) || given->ulCounterBits == 0 ||
        given->ulCounterBits > 128)
        return CKR_MECHANISM_PARAM_INVALID;
    op->blocks_left = blocks_of(given);
    return set_iv(op, given->cb, sizeof(given->cb), sizeof(given->cb), sizeof(given->cb));
}

static CK_RV set_tag(struct km_p11_op *op, CK_ULONG bits)
{
    if (bits % 8 != 0 || bits < 96 || bits > 128)
        return CKR_MECHANISM_PARAM_INVALID;
    op->tag_len = (uint32_t)(bits / 8);
    return CKR_OK;
}

/* Two layouts are in use: with the nonce's length in bits, and the older one without. */
static CK_RV gcm_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    const CK_GCM_PARAMS_V3 *given = mechanism->pParameter;
    const CK_NSS_GCM_PARAMS *old = mechanism->pParameter;
    if (given == NULL)
        return CKR_MECHANISM_PARAM_INVALID;
    if (mechanism->ulParameterLen == sizeof(*given)) {
        P11_TRY(set_iv(op, given->pIv, given->ulIvLen, 1, KM_P11_IV_MAX));
        P11_TRY(set_tag(op, given->ulTagBits));
        return km_p11_op_set_aad(op, given->pAAD, given->ulAADLen);
    }
    if (mechanism->ulParameterLen != sizeof(*old))
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(set_iv(op, old->pIv, old->ulIvLen, 1, KM_P11_IV_MAX));
    P11_TRY(set_tag(op, old->ulTagBits));
    return km_p11_op_set_aad(op, old->pAAD, old->ulAADLen);
}

static CK_RV ccm_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    const CK_CCM_PARAMS *given = mechanism->pParameter;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given))
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(set_iv(op, given->pNonce, given->ulNonceLen, 7, 13));
    P11_TRY(set_tag(op, 8 * given->ulMACLen));
    return km_p11_op_set_aad(op, given->pAAD, given->ulAADLen);
}

static CK_RV chacha_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    const CK_SALSA20_CHACHA20_POLY1305_PARAMS *given = mechanism->pParameter;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given))
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(set_iv(op, given->pNonce, given->ulNonceLen, 12, 12));
    P11_TRY(set_tag(op, 128));
    return km_p11_op_set_aad(op, given->pAAD, given->ulAADLen);
}

CK_RV km_p11_oaep_of(const CK_RSA_PKCS_OAEP_PARAMS *given, ClrcAlgorithm *ret)
{
    static const struct {
        CK_MECHANISM_TYPE hash;
        CK_RSA_PKCS_MGF_TYPE mgf;
        ClrcAlgorithm algorithm;
    } HASHES[] = {{CKM_SHA_1, CKG_MGF1_SHA1, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1},
                  {CKM_SHA224, CKG_MGF1_SHA224, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA224},
                  {CKM_SHA256, CKG_MGF1_SHA256, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA256},
                  {CKM_SHA384, CKG_MGF1_SHA384, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA384},
                  {CKM_SHA512, CKG_MGF1_SHA512, CLRC_RSAES_PKCS1_OAEP_MGF1_SHA512}};
    for (size_t i = 0; i < KM_ARRAY_LEN(HASHES); i++) {
        if (HASHES[i].hash == given->hashAlg && HASHES[i].mgf == given->mgf) {
            *ret = HASHES[i].algorithm;
            return CKR_OK;
        }
    }
    return CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV oaep_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    const CK_RSA_PKCS_OAEP_PARAMS *given = mechanism->pParameter;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given) ||
        (given->source != CKZ_DATA_SPECIFIED && given->ulSourceDataLen != 0) ||
        given->ulSourceDataLen > 512)
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(km_p11_oaep_of(given, &op->digest));
    return km_p11_op_set_aad(op, given->pSourceData, given->ulSourceDataLen);
}

CK_RV km_p11_cipher_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    op->blocks_left = UINT64_MAX;
    switch ((unsigned)op->mechanism->family) {
    case KM_P11_CIPHER:
    case KM_P11_CIPHER_PAD:
    case KM_P11_CIPHER_WHOLE:
    case KM_P11_CTS:
        return cipher_parameters(op, mechanism);
    case KM_P11_CIPHER_CTR:
        return ctr_parameters(op, mechanism);
    case KM_P11_GCM:
        return gcm_parameters(op, mechanism);
    case KM_P11_CCM:
        return ccm_parameters(op, mechanism);
    case KM_P11_CHACHA:
        return chacha_parameters(op, mechanism);
    case KM_P11_RSA_OAEP:
        return oaep_parameters(op, mechanism);
    default:
        op->digest = op->mechanism->algorithm;
        return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
    }
}

/* ---- the whole at once ---- */

static bool is_streamed(const struct km_p11_op *op)
{
    return op->mechanism->family == KM_P11_CIPHER || op->mechanism->family == KM_P11_CIPHER_CTR;
}

static bool is_rsa(const struct km_p11_op *op)
{
    return op->mechanism->key_type == CKK_RSA;
}

/* Room that suffices for the result, whatever it is. */
static size_t room_for(const struct km_p11_op *op, size_t len)
{
    return is_rsa(op) ? 512 : len + 2 * BLOCK_MAX;
}

/* A mistake of the ciphertext's sender, told apart from one in the call. */
static CK_RV data_result(ClrcResult result, bool is_encrypt)
{
    if (result == CLRC_ERROR_BAD_PARAMETERS)
        return is_encrypt ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
    return km_p11_result(result);
}

static CK_RV plain_cipher(struct km_p11_op *op, bool is_encrypt, struct km_slice in, uint8_t *out,
                          size_t *len)
{
    return data_result(clrcCipher(op->key->handle, op->mechanism->algorithm,
                                  is_encrypt ? CLRC_MODE_ENCRYPT : CLRC_MODE_DECRYPT,
                                  op->iv_len == 0 ? NULL : op->iv, op->iv_len, in.ptr, in.len, out,
                                  len),
                       is_encrypt);
}

static CK_RV pad_and_encrypt(struct km_p11_op *op, struct km_slice in, uint8_t *out, size_t *len)
{
    size_t padding = block_of(op) - in.len % block_of(op);
    if (*len < in.len + padding)
        return CKR_GENERAL_ERROR;
    km_copy(out, *len, in.ptr, in.len);
    memset(out + in.len, (int)padding, padding);
    return plain_cipher(op, true, KM_SLICE(out, in.len + padding), out, len);
}

/* Every octet of the last block is looked at, whatever it says. */
static CK_RV decrypt_and_strip(struct km_p11_op *op, struct km_slice in, uint8_t *out, size_t *len)
{
    unsigned block = (unsigned)block_of(op);
    if (in.len == 0 || in.len % block != 0)
        return CKR_ENCRYPTED_DATA_LEN_RANGE;
    P11_TRY(plain_cipher(op, false, in, out, len));
    unsigned padding = out[*len - 1];
    unsigned wrong = (padding == 0) | (padding > block);
    for (unsigned i = 0; i < block; i++) {
        unsigned counts = i < padding;
        wrong |= counts & (unsigned)(out[*len - 1 - i] != padding);
    }
    if (wrong != 0)
        return CKR_ENCRYPTED_DATA_INVALID;
    *len -= padding;
    return CKR_OK;
}

/* The last two blocks, of which one may be short, change places: the service has CS3, PKCS#11 (as NSS reads it) CS1. */
static void swap_end(uint8_t *data, size_t len, size_t first)
{
    uint8_t tail[2 * CTS_BLOCK] = {0};
    size_t part = len % CTS_BLOCK == 0 ? CTS_BLOCK : len % CTS_BLOCK;
    size_t tail_len = CTS_BLOCK + part;
    if (len <= CTS_BLOCK)
        return;
    uint8_t *at = data + (len - tail_len);
    km_copy(tail, sizeof(tail), at, tail_len);
    first = first == 0 ? part : first;
    km_copy(at, tail_len, tail + first, tail_len - first);
    km_copy(at + (tail_len - first), first, tail, first);
    km_wipe(tail, sizeof(tail));
}

static CK_RV cts(struct km_p11_op *op, bool is_encrypt, struct km_slice in, uint8_t *out,
                 size_t *len)
{
    if (in.len < CTS_BLOCK || *len < in.len)
        return is_encrypt ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
    if (is_encrypt) {
        P11_TRY(plain_cipher(op, true, in, out, len));
        swap_end(out, *len, CTS_BLOCK);
        return CKR_OK;
    }
    km_copy(out, *len, in.ptr, in.len);
    swap_end(out, in.len, 0);
    return plain_cipher(op, false, KM_SLICE(out, in.len), out, len);
}

static CK_RV aead(struct km_p11_op *op, bool is_encrypt, struct km_slice in, uint8_t *out,
                  size_t *len)
{
    ClrcAead wish = {op->iv, op->iv_len, op->aad, op->aad_len};
    if (is_encrypt) {
        *len = in.len + op->tag_len;
        return km_p11_result(clrcAeadEncrypt(op->key->handle, op->mechanism->algorithm, &wish,
                                             in.ptr, in.len, out, out + in.len, op->tag_len));
    }
    if (in.len < op->tag_len)
        return CKR_ENCRYPTED_DATA_LEN_RANGE;
    *len = in.len - op->tag_len;
    return km_p11_result(clrcAeadDecrypt(op->key->handle, op->mechanism->algorithm, &wish, in.ptr,
                                         *len, out, in.ptr + *len, op->tag_len));
}

static CK_RV rsa(struct km_p11_op *op, bool is_encrypt, struct km_slice in, uint8_t *out,
                 size_t *len)
{
    uint8_t block[512] = {0};
    uint32_t octets = op->key->info.bits / 8;
    uint32_t got = (uint32_t)*len;
    bool is_bare = op->mechanism->family == KM_P11_RSA_X509;
    if (in.len > octets || (!is_encrypt && in.len != octets))
        return is_encrypt ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
    if (is_bare) {
        km_copy(block + octets - in.len, in.len, in.ptr, in.len);
        in = KM_SLICE(block, octets);
    }
    const uint8_t *label = op->aad_len == 0 ? NULL : op->aad;
    ClrcResult result =
        is_encrypt
            ? clrcAsymmetricEncrypt(op->key->handle, op->digest, label, (uint32_t)op->aad_len,
                                    in.ptr, (uint32_t)in.len, out, &got)
            : clrcAsymmetricDecrypt(op->key->handle, op->digest, label, (uint32_t)op->aad_len,
                                    in.ptr, (uint32_t)in.len, out, &got);
    *len = got;
    km_wipe(block, sizeof(block));
    return data_result(result, is_encrypt);
}

static CK_RV whole(struct km_p11_op *op, bool is_encrypt, struct km_slice in, uint8_t *out,
                   size_t *len)
{
    if (is_rsa(op))
        return rsa(op, is_encrypt, in, out, len);
    if (op->mechanism->family == KM_P11_CIPHER_PAD)
        return is_encrypt ? pad_and_encrypt(op, in, out, len) : decrypt_and_strip(op, in, out, len);
    if (op->mechanism->family == KM_P11_CTS)
        return cts(op, is_encrypt, in, out, len);
    if (is_streamed(op) || op->mechanism->family == KM_P11_CIPHER_WHOLE)
        return plain_cipher(op, is_encrypt, in, out, len);
    return aead(op, is_encrypt, in, out, len);
}

/* How long the result is, or at most is when only the key can tell. */
static size_t expected_len(const struct km_p11_op *op, bool is_encrypt, size_t len)
{
    if (is_rsa(op))
        return op->key->info.bits / 8;
    if (op->mechanism->family == KM_P11_CIPHER_PAD)
        return is_encrypt ? len + block_of(op) - len % block_of(op) : len;
    if (op->tag_len == 0)
        return len;
    if (is_encrypt)
        return len + op->tag_len;
    return len > op->tag_len ? len - op->tag_len : 0;
}

/* Lengths that no output comes of, told before anything is asked of the service. */
static CK_RV check_len(const struct km_p11_op *op, bool is_encrypt, uint64_t len)
{
    bool fits = len % unit_of(op) == 0 &&
                (op->blocks_left == UINT64_MAX || (len + 15) / 16 <= op->blocks_left);
    return fits ? CKR_OK : is_encrypt ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
}

/* With too little room the operation goes on, and nothing was told but the length. */
static CK_RV run_whole(struct km_p11_op *op, bool is_encrypt, struct km_slice in, CK_BYTE_PTR out,
                       CK_ULONG_PTR len, bool *ret_is_over)
{
    size_t room = room_for(op, in.len);
    size_t got = room;
    *ret_is_over = true;
    P11_TRY(km_p11_op_ready(op));
    P11_TRY(check_len(op, is_encrypt, in.len));
    *ret_is_over = false;
    if (out == NULL) {
        *len = expected_len(op, is_encrypt, in.len);
        return CKR_OK;
    }
    if (is_encrypt && *len < expected_len(op, is_encrypt, in.len)) {
        *len = expected_len(op, is_encrypt, in.len);
        return CKR_BUFFER_TOO_SMALL;
    }
    *ret_is_over = true;
    uint8_t *result = calloc(1, room);
    if (result == NULL)
        return CKR_HOST_MEMORY;
    CK_RV rv = whole(op, is_encrypt, in, result, &got);
    if (rv == CKR_OK)
        rv = km_p11_give(KM_SLICE(result, got), out, len, ret_is_over);
    km_wipe(result, room);
    free(result);
    return rv;
}

/* ---- parts ---- */

static CK_RV update(struct km_p11_op *op, bool is_encrypt, struct km_slice part, CK_BYTE_PTR out,
                    CK_ULONG_PTR len, bool *ret_is_over)
{
    ClrcOperationWish wish = {.algorithm = op->mechanism->algorithm,
                              .mode = is_encrypt ? CLRC_MODE_ENCRYPT : CLRC_MODE_DECRYPT,
                              .iv = op->iv_len == 0 ? NULL : op->iv,
                              .iv_length = op->iv_len};
    *ret_is_over = true;
    P11_TRY(km_p11_op_ready(op));
    *ret_is_over = false;
    if (!is_streamed(op)) {
        *len = 0;
        op->is_multi = true;
        *ret_is_over = true;
        P11_TRY(out == NULL ? CKR_OK : km_p11_op_hold(op, part));
        *ret_is_over = false;
        return CKR_OK;
    }
    /* Whole blocks are asked for at the end; the counter must not begin again before. */
    *ret_is_over = true;
    if (op->blocks_left != UINT64_MAX)
        P11_TRY(check_len(op, is_encrypt, op->fed + part.len));
    *ret_is_over = false;
    if (out == NULL) {
        *len = part.len + block_of(op);
        return CKR_OK;
    }
    op->is_multi = true;
    *ret_is_over = true;
    if (op->stream == NULL)
        P11_TRY(km_p11_result(clrcOperationNew(op->key->handle, &wish, &op->stream)));
    size_t got = *len;
    ClrcResult result = clrcOperationUpdate(op->stream, part.ptr, part.len, out, &got);
    *ret_is_over = result != CLRC_SUCCESS && result != CLRC_ERROR_SHORT_BUFFER;
    *len = got;
    if (result == CLRC_SUCCESS)
        op->fed += part.len;
    return data_result(result, is_encrypt);
}

static CK_RV final(struct km_p11_op *op, bool is_encrypt, CK_BYTE_PTR out, CK_ULONG_PTR len,
                   bool *ret_is_over)
{
    *ret_is_over = true;
    P11_TRY(km_p11_op_ready(op));
    if (!is_streamed(op))
        return run_whole(op, is_encrypt, KM_SLICE(op->held, op->held_len), out, len, ret_is_over);
    P11_TRY(check_len(op, is_encrypt, op->fed));
    if (out == NULL && op->stream != NULL) {
        *len = 0; /* whole blocks leave nothing behind */
        *ret_is_over = false;
        return CKR_OK;
    }
    *ret_is_over = true;
    size_t got = out == NULL ? 0 : *len;
    *len = 0;
    if (op->stream == NULL)
        return CKR_OK;
    ClrcResult result = clrcOperationFinal(op->stream, out, &got, NULL, NULL);
    *len = got;
    *ret_is_over = result != CLRC_ERROR_SHORT_BUFFER;
    return data_result(result, is_encrypt);
}

/* ---- the calls ---- */

static const struct km_p11_begin ENCRYPT = {.slot = KM_P11_OP_ENCRYPT,
                                            .flag = CKF_ENCRYPT,
                                            .usage = CKA_ENCRYPT,
                                            .class = CKO_PUBLIC_KEY,
                                            .parameters = km_p11_cipher_parameters};
static const struct km_p11_begin DECRYPT = {.slot = KM_P11_OP_DECRYPT,
                                            .flag = CKF_DECRYPT,
                                            .usage = CKA_DECRYPT,
                                            .class = CKO_PRIVATE_KEY,
                                            .parameters = km_p11_cipher_parameters};

CK_RV C_EncryptInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &ENCRYPT, pMechanism, hKey);
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &DECRYPT, pMechanism, hKey);
}

enum step {
    ONCE,
    UPDATE,
    FINAL,
};

static CK_RV run_step(struct km_p11_session *session, bool is_encrypt, enum step which,
                      struct km_slice in, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
    struct km_p11_op **slot = &session->ops[is_encrypt ? KM_P11_OP_ENCRYPT : KM_P11_OP_DECRYPT];
    bool is_over = true;
    CK_RV rv = CKR_ARGUMENTS_BAD;
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (which == ONCE && (*slot)->is_multi)
        return CKR_OPERATION_ACTIVE;
    if (len != NULL && (in.ptr != NULL || in.len == 0)) {
        if (which == ONCE)
            rv = run_whole(*slot, is_encrypt, in, out, len, &is_over);
        else if (which == UPDATE)
            rv = update(*slot, is_encrypt, in, out, len, &is_over);
        else
            rv = final(*slot, is_encrypt, out, len, &is_over);
    }
    if (is_over)
        km_p11_op_freep(slot);
    return rv;
}

CK_RV km_p11_cipher_part(struct km_p11_session *session, bool is_encrypt, struct km_slice part,
                         CK_BYTE_PTR out, CK_ULONG_PTR len)
{
    return run_step(session, is_encrypt, UPDATE, part, out, len);
}

static CK_RV step(CK_SESSION_HANDLE handle, bool is_encrypt, enum step which, struct km_slice in,
                  CK_BYTE_PTR out, CK_ULONG_PTR len)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    return run_step(session, is_encrypt, which, in, out, len);
}

CK_RV C_Encrypt(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
                CK_BYTE_PTR pEncryptedData, CK_ULONG_PTR pulEncryptedDataLen)
{
    return step(hSession, true, ONCE, KM_SLICE(pData, ulDataLen), pEncryptedData,
                pulEncryptedDataLen);
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen,
                      CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen)
{
    return step(hSession, true, UPDATE, KM_SLICE(pPart, ulPartLen), pEncryptedPart,
                pulEncryptedPartLen);
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastEncryptedPart,
                     CK_ULONG_PTR pulLastEncryptedPartLen)
{
    return step(hSession, true, FINAL, KM_SLICE(NULL, 0), pLastEncryptedPart,
                pulLastEncryptedPartLen);
}

CK_RV C_Decrypt(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedData, CK_ULONG ulEncryptedDataLen,
                CK_BYTE_PTR pData, CK_ULONG_PTR pulDataLen)
{
    return step(hSession, false, ONCE, KM_SLICE(pEncryptedData, ulEncryptedDataLen), pData,
                pulDataLen);
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart,
                      CK_ULONG ulEncryptedPartLen, CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen)
{
    return step(hSession, false, UPDATE, KM_SLICE(pEncryptedPart, ulEncryptedPartLen), pPart,
                pulPartLen);
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastPart, CK_ULONG_PTR pulLastPartLen)
{
    return step(hSession, false, FINAL, KM_SLICE(NULL, 0), pLastPart, pulLastPartLen);
}
