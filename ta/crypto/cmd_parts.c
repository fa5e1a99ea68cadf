/* SPDX-License-Identifier: Apache-2.0 */
/* Operations in several commands. */
#include "ta/crypto/session.h"

#define HELD_MIN 4096u

struct km_op {
    const struct km_alg *alg;
    uint32_t mode;      /* enum km_crypto_mode */
    struct km_key *key; /* held; NULL for digests */
    TEE_OperationHandle op;
    TEE_OperationHandle signer; /* sign and verify: op is their digest */
    uint8_t iv[KM_CRYPTO_NONCE_MAX];
    size_t iv_len;
    uint32_t tag_len;
    bool is_final;  /* until it is reset */
    bool has_data;  /* AEAD: no more additional data */
    size_t pending; /* octets of a begun block */
    /* AEAD decryption: plaintext whose tag is not checked yet. What works on the whole alone: all of it. */
    uint8_t *held;
    size_t held_len;
    size_t held_cap;
    struct km_claim *
        claim; /* what a payload package says of itself, to be looked at once its signature holds */
    uint8_t *aad; /* additional data, where they are needed at the end */
    size_t aad_len;
    size_t aad_cap;
};

void km_op_free(void *operation)
{
    struct km_op *op = operation;
    if (op == NULL)
        return;
    TEE_FreeOperation(op->op);
    TEE_FreeOperation(op->signer);
    TEE_Free(op->held);
    TEE_Free(op->claim);
    TEE_Free(op->aad);
    km_key_free(op->key);
    TEE_Free(op);
}

static void op_freep(struct km_op **op)
{
    km_op_free(*op);
}

static TEE_Result find(struct km_session *session, const TEE_Param *which, struct km_op **ret)
{
    *ret = km_slots_find(&session->operations, which->value.a);
    return *ret != NULL ? TEE_SUCCESS : KM_CRYPTO_E_STALE_ID;
}

static bool is_held_back(const struct km_op *op)
{
    return op->alg->class == KM_ALG_AE && op->mode == KM_CRYPTO_MODE_DECRYPT;
}

static bool is_whole(const struct km_op *op)
{
    return (op->alg->flags & KM_ALG_WHOLE) != 0;
}

/* ---- beginning ---- */

static TEE_Result begin(struct km_op *op)
{
    op->is_final = false;
    op->has_data = false;
    op->pending = 0;
    op->held_len = 0;
    op->aad_len = 0;
    if (is_whole(op))
        return TEE_SUCCESS;
    switch (op->alg->class) {
    case KM_ALG_CIPHER:
        TEE_CipherInit(op->op, op->iv_len != 0 ? op->iv : NULL, op->iv_len);
        return TEE_SUCCESS;
    case KM_ALG_MAC:
        TEE_MACInit(op->op, NULL, 0);
        return TEE_SUCCESS;
    case KM_ALG_AE:
        return TEE_AEInit(op->op, op->iv, op->iv_len, op->tag_len * 8u, 0, 0);
    default:
        return TEE_SUCCESS;
    }
}

static uint32_t tee_mode_of(uint32_t mode)
{
    switch (mode) {
    case KM_CRYPTO_MODE_ENCRYPT:
        return TEE_MODE_ENCRYPT;
    case KM_CRYPTO_MODE_DECRYPT:
        return TEE_MODE_DECRYPT;
    case KM_CRYPTO_MODE_SIGN:
        return TEE_MODE_SIGN;
    case KM_CRYPTO_MODE_VERIFY:
        return TEE_MODE_VERIFY;
    default:
        return TEE_MODE_MAC;
    }
}

static bool is_ecdsa(const struct km_alg *alg)
{
    return alg->family == KM_FAMILY_ECDSA;
}

/* RFC 6979 uses the message's hash once more: only SHA-1 and SHA-2 have it here. */
static bool is_sha2(const struct km_alg *digest)
{
    return digest->id >= KM_CRYPTO_SHA1 && digest->id <= KM_CRYPTO_SHA512;
}

/* The hash of a signature: RSA's is part of its name, ECDSA's is told apart. */
static TEE_Result make_digest(struct km_op *op, uint32_t digest)
{
    uint32_t tee = op->alg->tee_digest;
    const struct km_alg *named = digest != 0 ? km_alg_find(digest) : NULL;
    if (is_ecdsa(op->alg) != (digest != 0))
        return TEE_ERROR_BAD_PARAMETERS;
    if (digest != 0) {
        if (named == NULL || named->class != KM_ALG_DIGEST || (named->flags & KM_ALG_SHAKE) != 0 ||
            (op->alg->id == KM_CRYPTO_ECDSA_DETERMINISTIC && !is_sha2(named)))
            return TEE_ERROR_NOT_SUPPORTED;
        tee = named->tee;
        KM_TRY_TEE(km_sign_alg(&op->alg, op->mode, named->digest_len));
    }
    return TEE_AllocateOperation(&op->op, tee, TEE_MODE_DIGEST, 0);
}

static TEE_Result make_operations(struct km_op *op, uint32_t digest)
{
    uint32_t tee_mode = tee_mode_of(op->mode);
    bool is_message = (op->alg->flags & KM_ALG_MESSAGE) != 0;
    if (op->alg->class == KM_ALG_SIGN && !is_message) {
        KM_TRY_TEE(make_digest(op, digest));
        return km_key_operation_own(op->key, op->alg, tee_mode, &op->signer);
    }
    if (digest != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (op->alg->class == KM_ALG_DIGEST)
        return TEE_AllocateOperation(&op->op, op->alg->tee, TEE_MODE_DIGEST, 0);
    return km_key_operation_own(op->key, op->alg, tee_mode, is_message ? &op->signer : &op->op);
}

/* The key of an operation, or none for a digest; *ret_usage is what it is used for. */
static TEE_Result find_key(struct km_session *session, const struct km_op_wish *wish,
                           struct km_op *op, uint32_t *ret_usage)
{
    struct km_use use = {0};
    if (op->alg->class == KM_ALG_DIGEST)
        return wish->key == 0 && op->mode == KM_CRYPTO_MODE_DIGEST ? TEE_SUCCESS
                                                                   : TEE_ERROR_BAD_PARAMETERS;
    bool in_parts = op->alg->class == KM_ALG_CIPHER || op->alg->class == KM_ALG_AE ||
                    op->alg->class == KM_ALG_MAC || op->alg->class == KM_ALG_SIGN;
    if (!in_parts)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_use_find(session, wish->key, wish->algorithm, op->alg->class, op->mode, &use));
    op->key = km_key_hold(use.key);
    *ret_usage = use.usage;
    return TEE_SUCCESS;
}

/* Takes the operation, also when it fails: into the session, and a use of its key is counted. */
static TEE_Result take_in(struct km_session *session, struct km_op *taken, uint32_t usage,
                          uint32_t *ret_id)
{
    KM_AUTO(op_freep) struct km_op *op = taken;
    uint32_t id = 0;
    KM_TRY_TEE(km_slots_add(&session->operations, op, &id));
    struct km_op *added = km_steal(&op);
    TEE_Result result = added->key != NULL ? km_key_charge(added->key, usage) : TEE_SUCCESS;
    if (result != TEE_SUCCESS) {
        (void)km_slots_free(&session->operations, id);
        return result;
    }
    *ret_id = id;
    return TEE_SUCCESS;
}

TEE_Result km_op_make(struct km_session *session, const struct km_op_wish *wish, uint32_t *ret_id)
{
    KM_AUTO(op_freep) struct km_op *op = TEE_Malloc(sizeof(*op), TEE_MALLOC_FILL_ZERO);
    uint32_t usage = 0;
    if (op == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    op->alg = km_alg_find(wish->algorithm);
    op->mode = wish->mode;
    op->tag_len = wish->tag_len;
    if (op->alg == NULL)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(find_key(session, wish, op, &usage));
    KM_TRY_TEE(km_iv_check(op->alg, wish->iv.len));
    if (!km_tag_fits(op->alg, op->tag_len))
        return TEE_ERROR_BAD_PARAMETERS;
    op->iv_len = wish->iv.len;
    km_copy(op->iv, sizeof(op->iv), wish->iv.ptr, wish->iv.len);
    KM_TRY_TEE(make_operations(op, wish->digest));
    KM_TRY_TEE(begin(op));
    if (wish->claim != NULL)
        KM_TRY_TEE(km_claim_begin(op->key, wish->claim, op->op, &op->claim));
    return take_in(session, km_steal(&op), usage, ret_id);
}

TEE_Result km_cmd_op_new(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_op_wish wish = {.key = params[0].value.a,
                                    .algorithm = params[0].value.b,
                                    .mode = params[1].value.a,
                                    .digest = params[1].value.b,
                                    .iv = km_in(&params[2]),
                                    .tag_len = params[3].value.a};
    uint32_t id = 0;
    KM_TRY_TEE(km_op_make(session, &wish, &id));
    params[3].value.a = id;
    params[3].value.b = 0;
    return TEE_SUCCESS;
}

/* ---- going on ---- */

static void held_free(struct km_op *op)
{
    TEE_Free(km_steal(&op->held));
    op->held_len = 0;
    op->held_cap = 0;
}

/* What is kept until the end: at most AEAD_PARTS_HELD_MAX. */
static TEE_Result grow(uint8_t **buf, size_t len, size_t *cap, size_t more)
{
    if (more > KM_CRYPTO_AEAD_PARTS_HELD_MAX - len)
        return KM_CRYPTO_E_TOO_LARGE;
    size_t needed = len + more;
    if (needed <= *cap)
        return TEE_SUCCESS;
    size_t wanted = *cap != 0 ? *cap : HELD_MIN;
    while (wanted < needed)
        wanted *= 2;
    uint8_t *grown = TEE_Realloc(*buf, wanted);
    if (grown == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *buf = grown;
    *cap = wanted;
    return TEE_SUCCESS;
}

static TEE_Result keep(struct km_op *op, struct km_slice in)
{
    KM_TRY_TEE(grow(&op->held, op->held_len, &op->held_cap, in.len));
    km_copy(op->held + op->held_len, op->held_cap - op->held_len, in.ptr, in.len);
    op->held_len += in.len;
    op->has_data = true;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_op_update_aad(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_op *op = NULL;
    struct km_slice aad = km_in(&params[1]);
    KM_TRY_TEE(find(session, &params[0], &op));
    if (op->alg->class != KM_ALG_AE || op->has_data || op->is_final)
        return TEE_ERROR_BAD_STATE;
    if (aad.len == 0)
        return TEE_SUCCESS;
    if (is_whole(op)) {
        KM_TRY_TEE(grow(&op->aad, op->aad_len, &op->aad_cap, aad.len));
        km_copy(op->aad + op->aad_len, op->aad_cap - op->aad_len, aad.ptr, aad.len);
        op->aad_len += aad.len;
        return TEE_SUCCESS;
    }
    TEE_AEUpdateAAD(op->op, aad.ptr, aad.len);
    return TEE_SUCCESS;
}

static TEE_Result cipher_update(struct km_op *op, struct km_slice in, TEE_Param *out)
{
    size_t block = op->alg->block;
    size_t total = op->pending + in.len;
    size_t comes = block > 1 ? total - total % block : in.len;
    uint8_t nothing[1] = {0};
    size_t len = out->memref.size;
    KM_TRY_TEE(km_ta_room(out, comes));
    uint8_t *to = out->memref.size != 0 ? out->memref.buffer : nothing;
    KM_TRY_TEE(TEE_CipherUpdate(op->op, in.ptr, in.len, to, &len));
    op->pending = block > 1 ? total % block : 0;
    out->memref.size = len;
    return TEE_SUCCESS;
}

static TEE_Result ae_update(struct km_op *op, struct km_slice in, TEE_Param *out)
{
    if (is_held_back(op)) {
        KM_TRY_TEE(grow(&op->held, op->held_len, &op->held_cap, in.len));
        size_t len = in.len;
        KM_TRY_TEE(TEE_AEUpdate(op->op, in.ptr, in.len, op->held + op->held_len, &len));
        op->held_len += len;
        out->memref.size = 0;
    } else {
        size_t len = out->memref.size;
        KM_TRY_TEE(km_ta_room(out, in.len));
        KM_TRY_TEE(TEE_AEUpdate(op->op, in.ptr, in.len, out->memref.buffer, &len));
        out->memref.size = len;
    }
    op->has_data = true;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_op_update(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_op *op = NULL;
    struct km_slice in = km_in(&params[1]);
    KM_TRY_TEE(find(session, &params[0], &op));
    if (op->is_final)
        return TEE_ERROR_BAD_STATE;
    if (in.len == 0) {
        params[2].memref.size = 0;
        return TEE_SUCCESS;
    }
    if (is_whole(op)) {
        params[2].memref.size = 0;
        return keep(op, in);
    }
    if (op->alg->class == KM_ALG_CIPHER)
        return cipher_update(op, in, &params[2]);
    if (op->alg->class == KM_ALG_AE)
        return ae_update(op, in, &params[2]);
    params[2].memref.size = 0;
    if (op->alg->class == KM_ALG_MAC)
        TEE_MACUpdate(op->op, in.ptr, in.len);
    else
        TEE_DigestUpdate(op->op, in.ptr, in.len);
    return TEE_SUCCESS;
}

/* ---- ending ---- */

static TEE_Result digest_of(struct km_op *op, uint8_t digest[KM_CRYPTO_DIGEST_MAX], size_t *ret_len)
{
    *ret_len = KM_CRYPTO_DIGEST_MAX;
    return TEE_DigestDoFinal(op->op, digest, 0, digest, ret_len);
}

/* Octets of what OP_FINAL gives in its last parameter. */
static size_t result_len(const struct km_op *op)
{
    switch (op->alg->class) {
    case KM_ALG_AE:
        return op->tag_len;
    case KM_ALG_SIGN:
        return km_sign_len(op->alg, op->key);
    case KM_ALG_CIPHER:
        return 0;
    default:
        return op->alg->digest_len;
    }
}

static TEE_Result final_signature(struct km_op *op, TEE_Param *out)
{
    uint8_t digest[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t len = 0;
    struct km_signing with = {.alg = op->alg, .key = op->key, .op = op->signer};
    if (is_whole(op))
        return km_sign(&with, KM_SLICE(op->held_len != 0 ? op->held : digest, op->held_len), out);
    KM_TRY_TEE(digest_of(op, digest, &len));
    return km_sign(&with, KM_SLICE(digest, len), out);
}

/* As many octets as there is room for. */
static TEE_Result final_shake(struct km_op *op, TEE_Param *out)
{
    uint8_t octets[KM_CRYPTO_SHAKE_MAX] = {0};
    size_t len = out->memref.size;
    KM_TRY_TEE(TEE_DigestExtract(op->op, octets, &len));
    return km_ta_give(out, KM_SLICE(octets, len));
}

static TEE_Result final_result(struct km_op *op, TEE_Param *out)
{
    uint8_t bytes[KM_CRYPTO_DIGEST_MAX] = {0};
    uint8_t nothing[1] = {0};
    size_t len = sizeof(bytes);
    size_t none = 0;
    switch (op->alg->class) {
    case KM_ALG_CIPHER:
        KM_TRY_TEE(TEE_CipherDoFinal(op->op, nothing, 0, nothing, &none));
        len = 0;
        break;
    case KM_ALG_AE:
        KM_TRY_TEE(TEE_AEEncryptFinal(op->op, nothing, 0, nothing, &none, bytes, &len));
        break;
    case KM_ALG_MAC:
        KM_TRY_TEE(TEE_MACComputeFinal(op->op, nothing, 0, bytes, &len));
        break;
    case KM_ALG_SIGN:
        return final_signature(op, out);
    default:
        if ((op->alg->flags & KM_ALG_SHAKE) != 0)
            return final_shake(op, out);
        KM_TRY_TEE(digest_of(op, bytes, &len));
        break;
    }
    return km_ta_give(out, KM_SLICE(bytes, len));
}

/* CCM's lengths stand in its first block. */
static TEE_Result whole_begin(struct km_op *op)
{
    KM_TRY_TEE(TEE_AEInit(op->op, op->iv, op->iv_len, op->tag_len * 8u, op->aad_len, op->held_len));
    if (op->aad_len != 0)
        TEE_AEUpdateAAD(op->op, op->aad, op->aad_len);
    return TEE_SUCCESS;
}

/* All that was collected goes through at once, and out where there is room for it. */
static TEE_Result whole_result(struct km_op *op, TEE_Param *data, TEE_Param *out)
{
    uint8_t tag[KM_CRYPTO_TAG_MAX] = {0};
    uint8_t nothing[1] = {0};
    struct km_slice in = KM_SLICE(op->held_len != 0 ? op->held : nothing, op->held_len);
    uint8_t *to = in.len != 0 ? data->memref.buffer : nothing;
    size_t len = in.len;
    size_t tag_len = op->tag_len;
    if (op->alg->class == KM_ALG_CIPHER) {
        TEE_CipherInit(op->op, op->iv, op->iv_len);
        if (in.len != 0)
            KM_TRY_TEE(TEE_CipherDoFinal(op->op, in.ptr, in.len, to, &len));
    } else {
        KM_TRY_TEE(whole_begin(op));
        KM_TRY_TEE(TEE_AEEncryptFinal(op->op, in.ptr, in.len, to, &len, tag, &tag_len));
    }
    data->memref.size = len;
    return km_ta_give(out, KM_SLICE(tag, tag_len));
}

/* What OP_FINAL finds in its second parameter's place. */
static TEE_Result check_room(const struct km_op *op, TEE_Param params[TEE_NUM_PARAMS])
{
    bool gives_data = is_whole(op) && op->alg->class != KM_ALG_SIGN;
    size_t unused = 0;
    if ((op->alg->flags & KM_ALG_SHAKE) != 0) {
        params[1].memref.size = 0;
        return km_shake_check(op->alg, &params[2], &unused);
    }
    if (!gives_data) {
        params[1].memref.size = 0;
        return km_ta_room(&params[2], result_len(op));
    }
    bool fits = params[1].memref.size >= op->held_len && params[2].memref.size >= result_len(op);
    if (fits)
        return TEE_SUCCESS;
    params[1].memref.size = op->held_len;
    params[2].memref.size = result_len(op);
    return TEE_ERROR_SHORT_BUFFER;
}

TEE_Result km_cmd_op_final(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_op *op = NULL;
    KM_TRY_TEE(find(session, &params[0], &op));
    if (op->is_final || is_held_back(op) || op->mode == KM_CRYPTO_MODE_VERIFY)
        return TEE_ERROR_BAD_STATE;
    if (op->pending != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    bool is_cipher = op->alg->class == KM_ALG_CIPHER;
    if (is_whole(op) && is_cipher)
        KM_TRY_TEE(km_cipher_check(op->alg, op->held_len));
    KM_TRY_TEE(check_room(op, params));
    op->is_final = true;
    bool gives_data = is_whole(op) && op->alg->class != KM_ALG_SIGN;
    TEE_Result result =
        gives_data ? whole_result(op, &params[1], &params[2]) : final_result(op, &params[2]);
    held_free(op);
    return result;
}

static TEE_Result verify_held(struct km_op *op, struct km_slice tag, TEE_Param *out)
{
    uint8_t expected[KM_CRYPTO_TAG_MAX] = {0};
    uint8_t nothing[1] = {0};
    size_t none = 0;
    if (tag.len != op->tag_len)
        return TEE_ERROR_MAC_INVALID;
    km_copy(expected, sizeof(expected), tag.ptr, tag.len);
    if (is_whole(op)) {
        uint8_t *at = op->held_len != 0 ? op->held : nothing;
        size_t len = op->held_len;
        KM_TRY_TEE(whole_begin(op));
        KM_TRY_TEE(TEE_AEDecryptFinal(op->op, at, op->held_len, at, &len, expected, tag.len));
        return km_ta_give(out, KM_SLICE(at, len));
    }
    KM_TRY_TEE(TEE_AEDecryptFinal(op->op, nothing, 0, nothing, &none, expected, tag.len));
    return km_ta_give(out, KM_SLICE(op->held, op->held_len));
}

static TEE_Result verify_result(struct km_op *op, struct km_slice expected, TEE_Param *out)
{
    uint8_t digest[KM_CRYPTO_DIGEST_MAX] = {0};
    uint8_t nothing[1] = {0};
    size_t len = 0;
    if (is_held_back(op))
        return verify_held(op, expected, out);
    if (op->alg->class == KM_ALG_MAC) {
        if (expected.len != op->alg->digest_len)
            return TEE_ERROR_MAC_INVALID;
        return TEE_MACCompareFinal(op->op, nothing, 0, expected.ptr, expected.len);
    }
    struct km_signing with = {.alg = op->alg, .key = op->key, .op = op->signer};
    if (is_whole(op))
        return km_verify(&with, KM_SLICE(op->held_len != 0 ? op->held : nothing, op->held_len),
                         expected);
    KM_TRY_TEE(digest_of(op, digest, &len));
    KM_TRY_TEE(km_verify(&with, KM_SLICE(digest, len), expected));
    return op->claim != NULL ? km_claim_settle(op->claim) : TEE_SUCCESS;
}

TEE_Result km_cmd_op_final_verify(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_op *op = NULL;
    KM_TRY_TEE(find(session, &params[0], &op));
    bool verifies =
        is_held_back(op) || op->alg->class == KM_ALG_MAC || op->mode == KM_CRYPTO_MODE_VERIFY;
    if (op->is_final || !verifies)
        return TEE_ERROR_BAD_STATE;
    if (is_held_back(op))
        KM_TRY_TEE(km_ta_room(&params[1], op->held_len));
    else
        params[1].memref.size = 0;
    op->is_final = true;
    TEE_Result result = verify_result(op, km_in(&params[2]), &params[1]);
    held_free(op);
    return result;
}

TEE_Result km_cmd_op_reset(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_op *op = NULL;
    struct km_slice iv = km_in(&params[1]);
    KM_TRY_TEE(find(session, &params[0], &op));
    bool keeps_iv = iv.len == 0 && op->iv_len != 0;
    if (op->claim != NULL) /* its first octets were told by another command */
        return TEE_ERROR_BAD_STATE;
    if (keeps_iv && op->mode == KM_CRYPTO_MODE_ENCRYPT)
        return TEE_ERROR_BAD_PARAMETERS;
    if (!keeps_iv)
        KM_TRY_TEE(km_iv_check(op->alg, iv.len));
    if (op->key != NULL) {
        uint32_t usage = km_alg_usage(op->alg, op->mode);
        KM_TRY_TEE(km_key_permits(op->key, usage));
        KM_TRY_TEE(km_key_charge(op->key, usage));
    }
    if (!keeps_iv) {
        op->iv_len = iv.len;
        km_copy(op->iv, sizeof(op->iv), iv.ptr, iv.len);
    }
    if (op->op != TEE_HANDLE_NULL)
        TEE_ResetOperation(op->op);
    return begin(op);
}

TEE_Result km_cmd_op_copy(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_op *from = NULL;
    uint32_t id = 0;
    KM_TRY_TEE(find(session, &params[0], &from));
    if (from->alg->class != KM_ALG_DIGEST && from->alg->class != KM_ALG_MAC)
        return TEE_ERROR_NOT_SUPPORTED;
    if (from->is_final)
        return TEE_ERROR_BAD_STATE;
    uint32_t usage = km_alg_usage(from->alg, from->mode);
    if (from->key != NULL)
        KM_TRY_TEE(km_key_permits(from->key, usage));
    KM_AUTO(op_freep) struct km_op *op = TEE_Malloc(sizeof(*op), TEE_MALLOC_FILL_ZERO);
    if (op == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    op->alg = from->alg;
    op->mode = from->mode;
    op->key = from->key != NULL ? km_key_hold(from->key) : NULL;
    KM_TRY_TEE(make_operations(op, 0));
    TEE_CopyOperation(op->op, from->op);
    KM_TRY_TEE(take_in(session, km_steal(&op), usage, &id));
    params[1].value.a = id;
    params[1].value.b = 0;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_op_free(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return km_slots_free(&session->operations, params[0].value.a);
}
