/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and MACs. The message is hashed in the service; one call carries the digest to the key. */
#include <string.h>

#include "common/km_der.h"
#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

#define SIGNATURE_MAX KM_P11_SIGNATURE_MAX
#define SUBPRIME_MAX 64u

/* ---- parameters ---- */

static CK_RV pss_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    const CK_RSA_PKCS_PSS_PARAMS *given = mechanism->pParameter;
    if (given == NULL || mechanism->ulParameterLen != sizeof(*given))
        return CKR_MECHANISM_PARAM_INVALID;
    const struct km_p11_mechanism *hash = km_p11_mechanism_find(given->hashAlg);
    if (hash == NULL || hash->family != KM_P11_DIGEST ||
        km_p11_pss_of(hash->algorithm) == CLRC_ALG_NONE)
        return CKR_MECHANISM_PARAM_INVALID;
    static const struct {
        ClrcAlgorithm digest;
        CK_RSA_PKCS_MGF_TYPE mgf;
    } MGFS[] = {{CLRC_SHA1, CKG_MGF1_SHA1},         {CLRC_SHA224, CKG_MGF1_SHA224},
                {CLRC_SHA256, CKG_MGF1_SHA256},     {CLRC_SHA384, CKG_MGF1_SHA384},
                {CLRC_SHA512, CKG_MGF1_SHA512},     {CLRC_SHA3_224, CKG_MGF1_SHA3_224},
                {CLRC_SHA3_256, CKG_MGF1_SHA3_256}, {CLRC_SHA3_384, CKG_MGF1_SHA3_384},
                {CLRC_SHA3_512, CKG_MGF1_SHA3_512}};
    bool fits = false;
    for (size_t i = 0; i < KM_ARRAY_LEN(MGFS); i++)
        fits |= MGFS[i].digest == hash->algorithm && MGFS[i].mgf == given->mgf;
    bool is_same =
        op->mechanism->digest == CLRC_ALG_NONE || op->mechanism->digest == hash->algorithm;
    if (!fits || !is_same || given->sLen > 512)
        return CKR_MECHANISM_PARAM_INVALID;
    op->digest = hash->algorithm;
    op->salt_len = (uint32_t)given->sLen;
    return CKR_OK;
}

/* No prehash, no context; Ed448 should have these parameters, and Ed25519 may. */
static CK_RV eddsa_parameters(const CK_MECHANISM *mechanism)
{
    const CK_EDDSA_PARAMS *given = mechanism->pParameter;
    if (mechanism->ulParameterLen == 0)
        return CKR_OK;
    bool fits = given != NULL && mechanism->ulParameterLen == sizeof(*given) &&
                given->phFlag == CK_FALSE && given->ulContextDataLen == 0;
    return fits ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* The numbers of a DSA signature are as long as the subprime. */
static CK_RV dsa_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    uint8_t subprime[SUBPRIME_MAX] = {0};
    uint32_t len = sizeof(subprime);
    if (mechanism->ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    P11_TRY(km_p11_result(
        clrcGetKeyAttribute(op->key->handle, CLRC_ATTR_DSA_SUBPRIME, subprime, &len)));
    op->number_len = len;
    return CKR_OK;
}

CK_RV km_p11_sign_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism)
{
    if (op->mechanism->family == KM_P11_MAC && op->mechanism->key_type == CKK_GENERIC_SECRET &&
        op->key->info.type != KEY_HMAC)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (op->mechanism->family == KM_P11_RSA_PSS)
        return pss_parameters(op, mechanism);
    if (op->mechanism->family == KM_P11_EDDSA)
        return eddsa_parameters(mechanism);
    if (op->mechanism->family == KM_P11_DSA)
        return dsa_parameters(op, mechanism);
    return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static uint32_t signature_len(const struct km_p11_op *op)
{
    uint32_t octets = (op->key->info.bits + 7) / 8;
    switch ((unsigned)op->mechanism->family) {
    case KM_P11_MAC:
        return km_p11_digest_len(op->mechanism->algorithm);
    case KM_P11_ECDSA:
        return 2 * octets;
    case KM_P11_EDDSA:
        return km_p11_octet_curve_of_type(op->key->info.type)->signature_len;
    case KM_P11_DSA:
        return 2 * op->number_len;
    default:
        return octets;
    }
}

/* ---- RSA without a digest of ours ---- */

static const struct {
    ClrcAlgorithm digest;
    uint8_t oid[9];
    uint8_t len;
} OIDS[] = {
    {CLRC_MD5, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5}, 8},
    {CLRC_SHA1, {0x2b, 0x0e, 3, 2, 0x1a}, 5},
    {CLRC_SHA224, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4}, 9},
    {CLRC_SHA256, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}, 9},
    {CLRC_SHA384, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2}, 9},
    {CLRC_SHA512, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3}, 9},
    {CLRC_SHA3_224, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 7}, 9},
    {CLRC_SHA3_256, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8}, 9},
    {CLRC_SHA3_384, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 9}, 9},
    {CLRC_SHA3_512, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 10}, 9},
};

/* The DigestInfo that CKM_RSA_PKCS is given by all but old protocols. */
static bool digest_info(struct km_slice in, ClrcAlgorithm *ret_digest, struct km_slice *ret_octets)
{
    struct km_rd rd = km_rd_init(in);
    struct km_rd info = {0};
    struct km_rd algorithm = {0};
    struct km_slice oid = {0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &info) || !km_rd_done(&rd) ||
        !km_der_enter(&info, KM_DER_SEQUENCE, &algorithm) ||
        !km_der_bytes(&algorithm, KM_DER_OID, &oid) || !km_der_null(&algorithm) ||
        !km_rd_done(&algorithm) || !km_der_bytes(&info, KM_DER_OCTET_STRING, ret_octets) ||
        !km_rd_done(&info))
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(OIDS); i++) {
        if (km_slice_equal(oid, KM_SLICE(OIDS[i].oid, OIDS[i].len))) {
            *ret_digest = OIDS[i].digest;
            return ret_octets->len == km_p11_digest_len(OIDS[i].digest);
        }
    }
    return false;
}

/* The block that the bare operation signs: PKCS#1 padding of type 1, or zeros on the left. */
static CK_RV block_for(const struct km_p11_op *op, struct km_slice in, uint8_t *block, size_t len)
{
    bool is_padded = op->mechanism->family == KM_P11_RSA_PKCS;
    if (in.len + (is_padded ? 11 : 0) > len)
        return CKR_DATA_LEN_RANGE;
    size_t at = len - in.len;
    if (is_padded) {
        block[1] = 1;
        memset(block + 2, 0xff, at - 3);
    }
    km_copy(block + at, len - at, in.ptr, in.len);
    return CKR_OK;
}

static CK_RV bare_sign(struct km_p11_op *op, struct km_slice in, uint8_t *out, uint32_t *len)
{
    uint8_t block[SIGNATURE_MAX] = {0};
    P11_TRY(block_for(op, in, block, signature_len(op)));
    return km_p11_result(clrcAsymmetricDecrypt(op->key->handle, CLRC_RSA_NOPAD, NULL, 0, block,
                                               signature_len(op), out, len));
}

CK_RV km_p11_open_signature(struct km_p11_op *op, struct km_slice signature,
                            uint8_t block[KM_P11_SIGNATURE_MAX])
{
    uint32_t len = KM_P11_SIGNATURE_MAX;
    ClrcResult result = clrcAsymmetricEncrypt(op->key->handle, CLRC_RSA_NOPAD, NULL, 0,
                                              signature.ptr, (uint32_t)signature.len, block, &len);
    if (result == CLRC_ERROR_BAD_PARAMETERS)
        return CKR_SIGNATURE_INVALID; /* a number that is none below the modulus */
    P11_TRY(km_p11_result(result));
    return len == signature_len(op) ? CKR_OK : CKR_DEVICE_ERROR;
}

static CK_RV bare_verify(struct km_p11_op *op, struct km_slice in, struct km_slice signature)
{
    uint8_t block[SIGNATURE_MAX] = {0};
    uint8_t seen[SIGNATURE_MAX] = {0};
    P11_TRY(block_for(op, in, block, signature_len(op)));
    P11_TRY(km_p11_open_signature(op, signature, seen));
    return memcmp(seen, block, signature_len(op)) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

/* ---- what is signed, to a signature ---- */

/* DSA goes by the digest, of which only the first octets count in a small group; ECDSA takes any. */
static ClrcAlgorithm two_numbers(const struct km_p11_op *op, size_t len)
{
    if (op->mechanism->family == KM_P11_ECDSA)
        return len > 64 ? CLRC_ALG_NONE : CLRC_ECDSA;
    return len == 20   ? CLRC_DSA_SHA1
           : len == 28 ? CLRC_DSA_SHA224
           : len == 32 ? CLRC_DSA_SHA256
                       : CLRC_ALG_NONE;
}

static CK_RV sign_two(struct km_p11_op *op, struct km_slice in, uint8_t *out, uint32_t *len)
{
    uint8_t der[160] = {0};
    uint32_t der_len = sizeof(der);
    ClrcAlgorithm algorithm = two_numbers(op, in.len);
    if (algorithm == CLRC_ALG_NONE)
        return CKR_DATA_LEN_RANGE;
    P11_TRY(km_p11_result(
        clrcSignDigest(op->key->handle, algorithm, in.ptr, (uint32_t)in.len, der, &der_len)));
    if (!km_der_ecdsa_to_raw(KM_SLICE(der, der_len), signature_len(op) / 2, out))
        return CKR_DEVICE_ERROR;
    *len = signature_len(op);
    return CKR_OK;
}

static CK_RV verify_two(struct km_p11_op *op, struct km_slice in, struct km_slice signature)
{
    uint8_t der[160] = {0};
    size_t der_len = 0;
    ClrcAlgorithm algorithm = two_numbers(op, in.len);
    if (algorithm == CLRC_ALG_NONE)
        return CKR_DATA_LEN_RANGE;
    if (!km_der_ecdsa_from_raw(signature, KM_SPAN(der, sizeof(der)), &der_len))
        return CKR_SIGNATURE_INVALID;
    return km_p11_result(clrcVerifyDigest(op->key->handle, algorithm, in.ptr, (uint32_t)in.len, der,
                                          (uint32_t)der_len));
}

/* op->digest: of the message (hashed here before), or what a PSS of the caller's own digest says. */
static CK_RV sign_input(struct km_p11_op *op, struct km_slice in, uint8_t out[SIGNATURE_MAX],
                        uint32_t *len)
{
    ClrcKeyHandle key = op->key->handle;
    ClrcAlgorithm digest = op->mechanism->digest;
    struct km_slice octets = in;
    *len = SIGNATURE_MAX;
    if (in.len > 4096 && op->mechanism->family != KM_P11_EDDSA)
        return CKR_DATA_LEN_RANGE;
    switch ((unsigned)op->mechanism->family) {
    case KM_P11_ECDSA:
    case KM_P11_DSA:
        return sign_two(op, in, out, len);
    case KM_P11_RSA_PSS:
        if (in.len != km_p11_digest_len(op->digest))
            return CKR_DATA_LEN_RANGE;
        return km_p11_result(clrcSignDigestPss(key, km_p11_pss_of(op->digest), op->salt_len, in.ptr,
                                               (uint32_t)in.len, out, len));
    case KM_P11_RSA_PKCS:
        if (digest == CLRC_ALG_NONE && !digest_info(in, &digest, &octets))
            return bare_sign(op, in, out, len);
        return km_p11_result(clrcSignDigest(key, km_p11_pkcs_of(digest), octets.ptr,
                                            (uint32_t)octets.len, out, len));
    case KM_P11_RSA_X509:
        return bare_sign(op, in, out, len);
    default:
        return CKR_MECHANISM_INVALID;
    }
}

static CK_RV verify_input(struct km_p11_op *op, struct km_slice in, struct km_slice signature)
{
    ClrcKeyHandle key = op->key->handle;
    ClrcAlgorithm digest = op->mechanism->digest;
    struct km_slice octets = in;
    if (in.len > 4096)
        return CKR_DATA_LEN_RANGE;
    switch ((unsigned)op->mechanism->family) {
    case KM_P11_ECDSA:
    case KM_P11_DSA:
        return verify_two(op, in, signature);
    case KM_P11_RSA_PSS:
        if (in.len != km_p11_digest_len(op->digest))
            return CKR_DATA_LEN_RANGE;
        return km_p11_result(clrcVerifyDigestPss(key, km_p11_pss_of(op->digest), op->salt_len,
                                                 in.ptr, (uint32_t)in.len, signature.ptr,
                                                 (uint32_t)signature.len));
    case KM_P11_RSA_PKCS:
        if (digest == CLRC_ALG_NONE && !digest_info(in, &digest, &octets))
            return bare_verify(op, in, signature);
        return km_p11_result(clrcVerifyDigest(key, km_p11_pkcs_of(digest), octets.ptr,
                                              (uint32_t)octets.len, signature.ptr,
                                              (uint32_t)signature.len));
    case KM_P11_RSA_X509:
        return bare_verify(op, in, signature);
    default:
        return CKR_MECHANISM_INVALID;
    }
}

/* ---- messages ---- */

static bool is_streamed(const struct km_p11_op *op)
{
    return op->mechanism->family == KM_P11_MAC || op->mechanism->digest != CLRC_ALG_NONE;
}

/* The service hashes what comes in parts; what is no message to be hashed is kept until it is whole. */
static CK_RV feed(struct km_p11_op *op, struct km_slice part)
{
    bool is_mac = op->mechanism->family == KM_P11_MAC;
    ClrcOperationWish wish = {.algorithm =
                                  is_mac ? op->mechanism->algorithm : op->mechanism->digest,
                              .mode = is_mac ? CLRC_MODE_MAC : CLRC_MODE_DIGEST};
    P11_TRY(km_p11_op_ready(op));
    op->is_multi = true;
    if (!is_streamed(op))
        return km_p11_op_hold(op, part);
    if (op->stream == NULL)
        P11_TRY(
            km_p11_result(clrcOperationNew(is_mac ? op->key->handle : NULL, &wish, &op->stream)));
    return km_p11_result(clrcOperationUpdate(op->stream, part.ptr, part.len, NULL, NULL));
}

/* EdDSA over more than one call takes goes in parts. */
static CK_RV eddsa(struct km_p11_op *op, struct km_slice data, bool is_verify, uint8_t *out,
                   uint32_t *len, struct km_slice signature)
{
    ClrcAlgorithm algorithm = km_p11_octet_curve_of_type(op->key->info.type)->signs;
    ClrcOperationWish wish = {.algorithm = algorithm,
                              .mode = is_verify ? CLRC_MODE_VERIFY : CLRC_MODE_SIGN};
    ClrcKeyHandle key = op->key->handle;
    if (data.len <= 4096)
        return km_p11_result(
            is_verify ? clrcVerifyDigest(key, algorithm, data.ptr, (uint32_t)data.len,
                                         signature.ptr, (uint32_t)signature.len)
                      : clrcSignDigest(key, algorithm, data.ptr, (uint32_t)data.len, out, len));
    ClrcOperationHandle whole = NULL;
    ClrcResult result = clrcOperationNew(key, &wish, &whole);
    if (result == CLRC_SUCCESS)
        result = clrcOperationUpdate(whole, data.ptr, data.len, NULL, NULL);
    if (result == CLRC_SUCCESS)
        result = is_verify ? clrcOperationFinalVerify(whole, NULL, NULL, signature.ptr,
                                                      (uint32_t)signature.len)
                           : clrcOperationFinal(whole, NULL, NULL, out, len);
    clrcOperationFree(whole);
    return km_p11_result(result);
}

/* What the key works on: the message's digest, made here of one piece or of what was fed; or the message. */
static CK_RV input_of(struct km_p11_op *op, struct km_slice data, uint8_t digest[64],
                      struct km_slice *ret_input)
{
    uint32_t len = 64;
    if (op->mechanism->digest == CLRC_ALG_NONE) {
        *ret_input = op->is_multi ? KM_SLICE(op->held, op->held_len) : data;
        return CKR_OK;
    }
    ClrcResult result = op->stream != NULL
                            ? clrcOperationFinal(op->stream, NULL, NULL, digest, &len)
                            : clrcDigest(op->mechanism->digest, data.ptr, data.len, digest, &len);
    *ret_input = KM_SLICE(digest, len);
    return km_p11_result(result);
}

static CK_RV sign(struct km_p11_op *op, struct km_slice data, uint8_t out[SIGNATURE_MAX],
                  uint32_t *len)
{
    uint8_t digest[64] = {0};
    struct km_slice input = {0};
    *len = SIGNATURE_MAX;
    if (op->mechanism->family == KM_P11_MAC)
        return km_p11_result(
            op->stream != NULL
                ? clrcOperationFinal(op->stream, NULL, NULL, out, len)
                : clrcMac(op->key->handle, op->mechanism->algorithm, data.ptr, data.len, out, len));
    P11_TRY(input_of(op, data, digest, &input));
    if (op->mechanism->family == KM_P11_EDDSA)
        return eddsa(op, input, false, out, len, KM_SLICE(NULL, 0));
    return sign_input(op, input, out, len);
}

CK_RV km_p11_sign_once(struct km_p11_op *op, struct km_slice data, CK_BYTE_PTR out,
                       CK_ULONG_PTR len, bool *ret_is_over)
{
    uint8_t signature[SIGNATURE_MAX] = {0};
    uint32_t signature_octets = signature_len(op);
    CK_ULONG room = *len;
    *ret_is_over = true;
    P11_TRY(km_p11_op_ready(op));
    CK_RV rv = km_p11_give(KM_SLICE(signature, signature_octets), out, len, ret_is_over);
    if (!*ret_is_over)
        return rv;
    rv = sign(op, data, signature, &signature_octets);
    if (rv == CKR_OK)
        km_copy(out, room, signature, signature_octets);
    return rv;
}

CK_RV km_p11_verify_once(struct km_p11_op *op, struct km_slice data, struct km_slice signature)
{
    uint8_t digest[64] = {0};
    struct km_slice input = {0};
    if (signature.len != signature_len(op))
        return CKR_SIGNATURE_LEN_RANGE;
    if (op->mechanism->family == KM_P11_MAC) {
        ClrcResult result = op->stream != NULL
                                ? clrcOperationFinalVerify(op->stream, NULL, NULL, signature.ptr,
                                                           (uint32_t)signature.len)
                                : clrcVerifyMac(op->key->handle, op->mechanism->algorithm, data.ptr,
                                                data.len, signature.ptr, (uint32_t)signature.len);
        return result == CLRC_ERROR_MAC ? CKR_SIGNATURE_INVALID : km_p11_result(result);
    }
    P11_TRY(input_of(op, data, digest, &input));
    if (op->mechanism->family == KM_P11_EDDSA)
        return eddsa(op, input, true, NULL, NULL, signature);
    return verify_input(op, input, signature);
}

/* ---- the calls ---- */

static const struct km_p11_begin SIGN = {.slot = KM_P11_OP_SIGN,
                                         .flag = CKF_SIGN,
                                         .usage = CKA_SIGN,
                                         .class = CKO_PRIVATE_KEY,
                                         .parameters = km_p11_sign_parameters};
static const struct km_p11_begin VERIFY = {.slot = KM_P11_OP_VERIFY,
                                           .flag = CKF_VERIFY,
                                           .usage = CKA_VERIFY,
                                           .class = CKO_PUBLIC_KEY,
                                           .parameters = km_p11_sign_parameters};

CK_RV C_SignInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &SIGN, pMechanism, hKey);
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    return km_p11_begin(session, &VERIFY, pMechanism, hKey);
}

static CK_RV finish_sign(struct km_p11_op **slot, struct km_slice data, CK_BYTE_PTR out,
                         CK_ULONG_PTR len)
{
    bool is_over = true;
    CK_RV rv = (data.ptr == NULL && data.len != 0) || len == NULL
                   ? CKR_ARGUMENTS_BAD
                   : km_p11_sign_once(*slot, data, out, len, &is_over);
    if (is_over)
        km_p11_op_freep(slot);
    return rv;
}

CK_RV C_Sign(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
             CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_SIGN];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if ((*slot)->is_multi)
        return CKR_OPERATION_ACTIVE;
    return finish_sign(slot, KM_SLICE(pData, ulDataLen), pSignature, pulSignatureLen);
}

CK_RV km_p11_sign_part(struct km_p11_session *session, enum km_p11_op_slot which,
                       struct km_slice part)
{
    struct km_p11_op **slot = &session->ops[which];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_RV rv = part.ptr == NULL && part.len != 0 ? CKR_ARGUMENTS_BAD : feed(*slot, part);
    if (rv != CKR_OK)
        km_p11_op_freep(slot);
    return rv;
}

static CK_RV update(CK_SESSION_HANDLE handle, enum km_p11_op_slot which, CK_BYTE_PTR part,
                    CK_ULONG len)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(handle, &session));
    return km_p11_sign_part(session, which, KM_SLICE(part, len));
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)
{
    return update(hSession, KM_P11_OP_SIGN, pPart, ulPartLen);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)
{
    return update(hSession, KM_P11_OP_VERIFY, pPart, ulPartLen);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_SIGN];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    return finish_sign(slot, KM_SLICE(NULL, 0), pSignature, pulSignatureLen);
}

static CK_RV finish_verify(struct km_p11_op **slot, struct km_slice data, CK_BYTE_PTR signature,
                           CK_ULONG len)
{
    CK_RV rv = (data.ptr == NULL && data.len != 0) || signature == NULL
                   ? CKR_ARGUMENTS_BAD
                   : km_p11_verify_once(*slot, data, KM_SLICE(signature, len));
    km_p11_op_freep(slot);
    return rv;
}

CK_RV C_Verify(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
               CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_VERIFY];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    if ((*slot)->is_multi)
        return CKR_OPERATION_ACTIVE;
    return finish_verify(slot, KM_SLICE(pData, ulDataLen), pSignature, ulSignatureLen);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    struct km_p11_op **slot = &session->ops[KM_P11_OP_VERIFY];
    if (*slot == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    return finish_verify(slot, KM_SLICE(NULL, 0), pSignature, ulSignatureLen);
}
