/* SPDX-License-Identifier: Apache-2.0 */
/* Whole operations in one command, but for signatures. */
#include "ta/crypto/session.h"

/* One data unit of XTS (IEEE 1619). */
#define XTS_MAX 16777216u
#define HELD_KEPT 2097152u /* a larger buffer is given back after each use */

TEE_Result km_iv_check(const struct km_alg *alg, size_t len)
{
    return len >= alg->iv_min && len <= alg->iv_max ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

bool km_tag_fits(const struct km_alg *alg, uint32_t tag_len)
{
    if (alg->class != KM_ALG_AE)
        return tag_len == 0;
    bool is_even = tag_len % 2u == 0 || alg->id != KM_CRYPTO_AES_CCM;
    uint32_t least = alg->id == KM_CRYPTO_CHACHA20_POLY1305 ? KM_CRYPTO_TAG_MAX : KM_CRYPTO_TAG_MIN;
    return tag_len >= least && tag_len <= KM_CRYPTO_TAG_MAX && is_even;
}

TEE_Result km_cmd_random(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    if (params[0].memref.size > KM_CRYPTO_RANDOM_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    if (params[0].memref.size != 0)
        TEE_GenerateRandom(params[0].memref.buffer, params[0].memref.size);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_add_random(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
#ifdef TEE_KM_EXTENSIONS
    TEE_KmAddRandomInput(params[0].memref.buffer, params[0].memref.size);
    return TEE_SUCCESS;
#else
    (void)params;
    return TEE_ERROR_NOT_SUPPORTED;
#endif
}

TEE_Result km_shake_check(const struct km_alg *alg, TEE_Param *out, size_t *ret_len)
{
    *ret_len = out->memref.size;
    if (out->memref.size == 0)
        return km_ta_room(out, alg->digest_len);
    return out->memref.size > KM_CRYPTO_SHAKE_MAX ? KM_CRYPTO_E_TOO_LARGE : TEE_SUCCESS;
}

static TEE_Result shake(TEE_OperationHandle op, struct km_slice data, size_t len, TEE_Param *out)
{
    uint8_t octets[KM_CRYPTO_SHAKE_MAX] = {0};
    if (data.len != 0)
        TEE_DigestUpdate(op, data.ptr, data.len);
    TEE_Result result = TEE_DigestExtract(op, octets, &len);
    TEE_ResetOperation(op);
    KM_TRY_TEE(result);
    return km_ta_give(out, KM_SLICE(octets, len));
}

TEE_Result km_cmd_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_alg *alg = km_alg_find(params[0].value.a);
    uint8_t digest[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t len = sizeof(digest);
    struct km_slice data = km_in(&params[1]);
    if (alg == NULL || alg->class != KM_ALG_DIGEST)
        return TEE_ERROR_NOT_SUPPORTED;
    bool is_shake = (alg->flags & KM_ALG_SHAKE) != 0;
    KM_TRY_TEE(is_shake ? km_shake_check(alg, &params[2], &len)
                        : km_ta_room(&params[2], alg->digest_len));
    TEE_OperationHandle *op = &session->digests[alg->id - KM_CRYPTO_SHA1];
    if (*op == TEE_HANDLE_NULL)
        KM_TRY_TEE(TEE_AllocateOperation(op, alg->tee, TEE_MODE_DIGEST, 0));
    if (is_shake)
        return shake(*op, data, len, &params[2]);
    KM_TRY_TEE(TEE_DigestDoFinal(*op, data.ptr, data.len, digest, &len));
    return km_ta_give(&params[2], KM_SLICE(digest, len));
}

/* ---- MACs ---- */

static TEE_Result mac_begin(struct km_session *session, const TEE_Param *which, struct km_use *use)
{
    return km_use_find(session, which->value.a, which->value.b, KM_ALG_MAC, KM_CRYPTO_MODE_MAC,
                       use);
}

TEE_Result km_cmd_mac(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice data = km_in(&params[1]);
    uint8_t mac[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t len = sizeof(mac);
    KM_TRY_TEE(mac_begin(session, &params[0], &use));
    KM_TRY_TEE(km_ta_room(&params[2], use.alg->digest_len));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_MAC, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    TEE_MACInit(op, NULL, 0);
    KM_TRY_TEE(TEE_MACComputeFinal(op, data.ptr, data.len, mac, &len));
    return km_ta_give(&params[2], KM_SLICE(mac, len));
}

TEE_Result km_cmd_verify_mac(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice data = km_in(&params[1]);
    struct km_slice mac = km_in(&params[2]);
    KM_TRY_TEE(mac_begin(session, &params[0], &use));
    if (mac.len != use.alg->digest_len)
        return TEE_ERROR_MAC_INVALID;
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_MAC, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    TEE_MACInit(op, NULL, 0);
    return TEE_MACCompareFinal(op, data.ptr, data.len, mac.ptr, mac.len);
}

/* ---- ciphers ---- */

TEE_Result km_cipher_check(const struct km_alg *alg, size_t len)
{
    if (len % alg->block != 0 || (len != 0 && len < alg->data_min))
        return TEE_ERROR_BAD_PARAMETERS;
    bool is_xts = (alg->flags & KM_ALG_TWO_KEYS) != 0;
    return is_xts && len > XTS_MAX ? KM_CRYPTO_E_TOO_LARGE : TEE_SUCCESS;
}

static TEE_Result cipher(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS], bool encrypt)
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice iv = km_in(&params[1]);
    struct km_slice in = km_in(&params[2]);
    size_t len = in.len;
    uint32_t mode = encrypt ? KM_CRYPTO_MODE_ENCRYPT : KM_CRYPTO_MODE_DECRYPT;
    const struct km_alg *alg = km_alg_find(params[0].value.b);
    if (alg != NULL && alg->class == KM_ALG_WRAP)
        return km_wrap_data(session, params, mode);
    KM_TRY_TEE(
        km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_CIPHER, mode, &use));
    KM_TRY_TEE(km_iv_check(use.alg, iv.len));
    KM_TRY_TEE(km_cipher_check(use.alg, in.len));
    KM_TRY_TEE(km_ta_room(&params[3], in.len));
    KM_TRY_TEE(
        km_key_operation(use.key, use.alg, encrypt ? TEE_MODE_ENCRYPT : TEE_MODE_DECRYPT, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    params[3].memref.size = in.len;
    if (in.len == 0)
        return TEE_SUCCESS;
    TEE_CipherInit(op, iv.len != 0 ? iv.ptr : NULL, iv.len);
    TEE_Result result = TEE_CipherDoFinal(op, in.ptr, in.len, params[3].memref.buffer, &len);
    if (result != TEE_SUCCESS)
        TEE_ResetOperation(op);
    return result;
}

TEE_Result km_cmd_cipher_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return cipher(session, params, true);
}

TEE_Result km_cmd_cipher_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return cipher(session, params, false);
}

/* ---- authenticated encryption ---- */

static TEE_Result aead_begin(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                             bool encrypt, struct km_crypto_aead *aead, TEE_OperationHandle *ret_op)
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice aad = km_in(&params[1]);
    size_t len = params[2].memref.size;
    if (!km_crypto_aead_parse(km_in(&params[0]), aead))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(km_use_find(session, aead->key, aead->algorithm, KM_ALG_AE,
                           encrypt ? KM_CRYPTO_MODE_ENCRYPT : KM_CRYPTO_MODE_DECRYPT, &use));
    KM_TRY_TEE(km_iv_check(use.alg, aead->nonce.len));
    if (!km_tag_fits(use.alg, aead->tag_len))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_ta_room(&params[3], len));
    if (!encrypt && len > KM_CRYPTO_AEAD_HELD_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    KM_TRY_TEE(
        km_key_operation(use.key, use.alg, encrypt ? TEE_MODE_ENCRYPT : TEE_MODE_DECRYPT, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    KM_TRY_TEE(TEE_AEInit(op, aead->nonce.ptr, aead->nonce.len, aead->tag_len * 8u, aad.len, len));
    if (aad.len != 0)
        TEE_AEUpdateAAD(op, aad.ptr, aad.len);
    *ret_op = op;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_aead_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t nothing[1] = {0};
    struct km_crypto_aead aead = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice in = km_in(&params[2]);
    size_t len = in.len;
    KM_TRY_TEE(aead_begin(session, params, true, &aead, &op));
    size_t tag_len = aead.tag_len;
    uint8_t *out = in.len != 0 ? params[3].memref.buffer : nothing;
    TEE_Result result = TEE_AEEncryptFinal(op, in.ptr, in.len, out, &len, aead.tag, &tag_len);
    if (result != TEE_SUCCESS) {
        TEE_ResetOperation(op);
        return result;
    }
    /* The tag is the last of the structure. */
    uint8_t *head = params[0].memref.buffer;
    km_copy(head + params[0].memref.size - tag_len, tag_len, aead.tag, tag_len);
    params[3].memref.size = len;
    return TEE_SUCCESS;
}

static TEE_Result held_get(struct km_session *session, size_t len, uint8_t **ret)
{
    if (session->held_cap < len || session->held == NULL) {
        TEE_Free(session->held);
        session->held_cap = 0;
        session->held = TEE_Malloc(len, TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE);
        if (session->held == NULL)
            return TEE_ERROR_OUT_OF_MEMORY;
        session->held_cap = len;
    }
    *ret = session->held;
    return TEE_SUCCESS;
}

static void held_put(struct km_session *session)
{
    if (session->held_cap <= HELD_KEPT)
        return;
    TEE_Free(session->held);
    session->held = NULL;
    session->held_cap = 0;
}

/*
 * GCM makes plaintext before it knows whether the tag fits, and the client may watch the output: whoever saw the plaintext of
 * ciphertexts of his own making could forge messages. So it stays here until the tag was checked.
 */
TEE_Result km_cmd_aead_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_aead aead = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice in = km_in(&params[2]);
    uint8_t *held = NULL;
    size_t len = in.len;
    if (len <= KM_CRYPTO_AEAD_HELD_MAX)
        KM_TRY_TEE(held_get(session, len, &held));
    TEE_Result result = aead_begin(session, params, false, &aead, &op);
    if (result == TEE_SUCCESS) {
        result = TEE_AEDecryptFinal(op, in.ptr, in.len, held, &len, aead.tag, aead.tag_len);
        if (result != TEE_SUCCESS)
            TEE_ResetOperation(op);
    }
    if (result == TEE_SUCCESS)
        result = km_ta_give(&params[3], KM_SLICE(held, len));
    held_put(session);
    return result;
}

/* ---- RSA ---- */

#define PKCS1_OVERHEAD 11u

static bool is_oaep(const struct km_alg *alg)
{
    return alg->digest_len != 0;
}

size_t km_rsa_message_max(const struct km_use *use)
{
    size_t len = use->key->meta.bits / 8u;
    if (use->alg->id == KM_CRYPTO_RSA_NOPAD)
        return len;
    return len - (is_oaep(use->alg) ? 2u * use->alg->digest_len + 2u : PKCS1_OVERHEAD);
}

static TEE_Result asym_begin(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                             uint32_t mode, struct km_use *use)
{
    if (params[1].memref.size > KM_CRYPTO_OAEP_LABEL_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    KM_TRY_TEE(km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_ASYM, mode, use));
    return params[1].memref.size != 0 && !is_oaep(use->alg) ? TEE_ERROR_BAD_PARAMETERS
                                                            : TEE_SUCCESS;
}

static uint32_t label_param(const TEE_Param *param, TEE_Attribute *ret)
{
    if (param->memref.size == 0)
        return 0;
    TEE_InitRefAttribute(ret, TEE_ATTR_RSA_OAEP_LABEL, param->memref.buffer, param->memref.size);
    return 1;
}

/* The bare operation takes a number below the modulus; here as long as that. */
static TEE_Result raw_number(const struct km_use *use, struct km_slice *number,
                             uint8_t buf[KM_CRYPTO_SIGNATURE_MAX])
{
    struct km_crypto_attrs attrs = {0};
    struct km_slice modulus = {0};
    size_t len = use->key->meta.bits / 8u;
    if (use->alg->id != KM_CRYPTO_RSA_NOPAD)
        return TEE_SUCCESS;
    km_key_attrs(use->key, &attrs);
    if (!km_attr_find(&attrs, KM_CRYPTO_RSA_MODULUS, &modulus) || modulus.len != len)
        return TEE_ERROR_GENERIC;
    km_copy(buf + (len - number->len), number->len, number->ptr, number->len);
    *number = KM_SLICE(buf, len);
    return memcmp(buf, modulus.ptr, len) < 0 ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/* What came out, with the zeros in front that a bare number lost. */
static TEE_Result give_raw(const struct km_use *use, uint8_t out[KM_CRYPTO_SIGNATURE_MAX],
                           size_t len, TEE_Param *param)
{
    uint8_t padded[KM_CRYPTO_SIGNATURE_MAX] = {0};
    size_t whole = use->key->meta.bits / 8u;
    if (use->alg->id != KM_CRYPTO_RSA_NOPAD || len >= whole)
        return km_ta_give(param, KM_SLICE(out, len));
    km_copy(padded + (whole - len), len, out, len);
    TEE_Result result = km_ta_give(param, KM_SLICE(padded, whole));
    TEE_MemFill(padded, 0, sizeof(padded));
    return result;
}

TEE_Result km_cmd_asym_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute label = {0};
    uint32_t n = label_param(&params[1], &label);
    struct km_slice in = km_in(&params[2]);
    uint8_t number[KM_CRYPTO_SIGNATURE_MAX] = {0};
    uint8_t out[KM_CRYPTO_SIGNATURE_MAX] = {0};
    size_t len = sizeof(out);
    KM_TRY_TEE(asym_begin(session, params, KM_CRYPTO_MODE_ENCRYPT, &use));
    if (in.len > km_rsa_message_max(&use))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(raw_number(&use, &in, number));
    KM_TRY_TEE(km_ta_room(&params[3], use.key->meta.bits / 8u));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_ENCRYPT, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    TEE_Result result =
        TEE_AsymmetricEncrypt(op, n != 0 ? &label : NULL, n, in.ptr, in.len, out, &len);
    TEE_MemFill(number, 0, sizeof(number));
    KM_TRY_TEE(result);
    return give_raw(&use, out, len, &params[3]);
}

/* Whatever is wrong with a ciphertext, the answer is the same. */
TEE_Result km_cmd_asym_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute label = {0};
    uint32_t n = label_param(&params[1], &label);
    struct km_slice in = km_in(&params[2]);
    uint8_t number[KM_CRYPTO_SIGNATURE_MAX] = {0};
    uint8_t out[KM_CRYPTO_SIGNATURE_MAX] = {0};
    size_t len = sizeof(out);
    KM_TRY_TEE(asym_begin(session, params, KM_CRYPTO_MODE_DECRYPT, &use));
    KM_TRY_TEE(km_ta_room(&params[3], km_rsa_message_max(&use)));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_DECRYPT, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    if (in.len != use.key->meta.bits / 8u || raw_number(&use, &in, number) != TEE_SUCCESS)
        return TEE_ERROR_MAC_INVALID;
    TEE_Result result =
        TEE_AsymmetricDecrypt(op, n != 0 ? &label : NULL, n, in.ptr, in.len, out, &len);
    if (result == TEE_SUCCESS)
        result = give_raw(&use, out, len, &params[3]);
    else if (result == TEE_ERROR_CIPHERTEXT_INVALID || result == TEE_ERROR_BAD_PARAMETERS)
        result = TEE_ERROR_MAC_INVALID;
    TEE_MemFill(out, 0, sizeof(out));
    return result;
}
