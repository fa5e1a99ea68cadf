/* SPDX-License-Identifier: Apache-2.0 */
/* Whole operations in one command, but for signatures. */
#include "ta/crypto/key_der.h"
#include "ta/crypto/session.h"

#define AES_BLOCK 16u
#define HELD_KEPT 2097152u /* a larger buffer is given back after each use */

TEE_Result km_iv_check(const struct km_alg *alg, size_t len)
{
    bool fits = false;
    if (alg->class == KM_ALG_CIPHER)
        fits = len == (alg->id == KM_CRYPTO_AES_ECB_NOPAD ? 0 : AES_BLOCK);
    else if (alg->class == KM_ALG_AE)
        fits = len >= 1 && len <= KM_CRYPTO_NONCE_MAX;
    else
        fits = len == 0;
    return fits ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

bool km_needs_blocks(const struct km_alg *alg)
{
    return alg->id == KM_CRYPTO_AES_ECB_NOPAD || alg->id == KM_CRYPTO_AES_CBC_NOPAD;
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

TEE_Result km_cmd_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    const struct km_alg *alg = km_alg_find(params[0].value.a);
    uint8_t digest[KM_CRYPTO_DIGEST_MAX] = {0};
    size_t len = sizeof(digest);
    struct km_slice data = km_in(&params[1]);
    if (alg == NULL || alg->class != KM_ALG_DIGEST)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_ta_room(&params[2], alg->digest_len));
    TEE_OperationHandle *op = &session->digests[alg->id - KM_CRYPTO_SHA1];
    if (*op == TEE_HANDLE_NULL)
        KM_TRY_TEE(TEE_AllocateOperation(op, alg->tee, TEE_MODE_DIGEST, 0));
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

static TEE_Result cipher(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS], bool encrypt)
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_slice iv = km_in(&params[1]);
    struct km_slice in = km_in(&params[2]);
    size_t len = in.len;
    KM_TRY_TEE(km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_CIPHER,
                           encrypt ? KM_CRYPTO_MODE_ENCRYPT : KM_CRYPTO_MODE_DECRYPT, &use));
    KM_TRY_TEE(km_iv_check(use.alg, iv.len));
    if (km_needs_blocks(use.alg) && in.len % AES_BLOCK != 0)
        return TEE_ERROR_BAD_PARAMETERS;
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

/* ---- RSA OAEP ---- */

/* RFC 8017, 7.1: the longest message. */
static size_t oaep_max(const struct km_use *use)
{
    return use->key->meta.bits / 8u - 2u * use->alg->digest_len - 2u;
}

static TEE_Result oaep_begin(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                             uint32_t mode, struct km_use *use)
{
    if (params[1].memref.size > KM_CRYPTO_OAEP_LABEL_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    return km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_ASYM, mode, use);
}

static uint32_t label_param(const TEE_Param *param, TEE_Attribute *ret)
{
    if (param->memref.size == 0)
        return 0;
    TEE_InitRefAttribute(ret, TEE_ATTR_RSA_OAEP_LABEL, param->memref.buffer, param->memref.size);
    return 1;
}

TEE_Result km_cmd_asym_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute label = {0};
    uint32_t n = label_param(&params[1], &label);
    struct km_slice in = km_in(&params[2]);
    uint8_t out[KM_CRYPTO_SIGNATURE_MAX] = {0};
    size_t len = sizeof(out);
    KM_TRY_TEE(oaep_begin(session, params, KM_CRYPTO_MODE_ENCRYPT, &use));
    if (in.len > oaep_max(&use))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_ta_room(&params[3], use.key->meta.bits / 8u));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_ENCRYPT, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    KM_TRY_TEE(TEE_AsymmetricEncrypt(op, n != 0 ? &label : NULL, n, in.ptr, in.len, out, &len));
    return km_ta_give(&params[3], KM_SLICE(out, len));
}

TEE_Result km_cmd_asym_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute label = {0};
    uint32_t n = label_param(&params[1], &label);
    struct km_slice in = km_in(&params[2]);
    uint8_t out[KM_CRYPTO_SIGNATURE_MAX] = {0};
    size_t len = sizeof(out);
    KM_TRY_TEE(oaep_begin(session, params, KM_CRYPTO_MODE_DECRYPT, &use));
    KM_TRY_TEE(km_ta_room(&params[3], oaep_max(&use)));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_DECRYPT, &op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    if (in.len != use.key->meta.bits / 8u)
        return TEE_ERROR_MAC_INVALID;
    TEE_Result result =
        TEE_AsymmetricDecrypt(op, n != 0 ? &label : NULL, n, in.ptr, in.len, out, &len);
    if (result == TEE_SUCCESS)
        result = km_ta_give(&params[3], KM_SLICE(out, len));
    else if (result == TEE_ERROR_CIPHERTEXT_INVALID || result == TEE_ERROR_BAD_PARAMETERS)
        result = TEE_ERROR_MAC_INVALID;
    TEE_MemFill(out, 0, sizeof(out));
    return result;
}

/* ---- agreement and derivation ---- */

/* The Core API panics on a point off the curve, so it is asked in a way that answers. */
static TEE_Result check_point(const struct km_key *key, struct km_slice x, struct km_slice y)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle peer = TEE_HANDLE_NULL;
    TEE_Attribute attrs[3] = {0};
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_ECC_PUBLIC_VALUE_X, x.ptr, x.len);
    TEE_InitRefAttribute(&attrs[1], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y.ptr, y.len);
    TEE_InitValueAttribute(&attrs[2], TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
    TEE_Result result = km_object_new(TEE_TYPE_ECDH_PUBLIC_KEY, key->meta.bits, attrs, 3, 0, &peer);
    return result == TEE_ERROR_BAD_PARAMETERS ? TEE_ERROR_BAD_FORMAT : result;
}

/* The X coordinate at its full length. */
static TEE_Result agree(const struct km_use *use, struct km_slice point, struct km_span out)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle shared = TEE_HANDLE_NULL;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute attrs[2] = {0};
    uint8_t value[66] = {0};
    size_t n = km_curve_len(use->key->meta.bits);
    size_t len = sizeof(value);
    if (point.len != 1 + 2 * n || point.ptr[0] != 0x04 || out.len != n)
        return TEE_ERROR_BAD_FORMAT;
    struct km_slice x = KM_SLICE(point.ptr + 1, n);
    struct km_slice y = KM_SLICE(point.ptr + 1 + n, n);
    KM_TRY_TEE(check_point(use->key, x, y));
    KM_TRY_TEE(km_key_operation(use->key, use->alg, TEE_MODE_DERIVE, &op));
    KM_TRY_TEE(TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, (uint32_t)n * 8u, &shared));
    KM_TRY_TEE(km_key_charge(use->key, use->usage));
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_ECC_PUBLIC_VALUE_X, x.ptr, x.len);
    TEE_InitRefAttribute(&attrs[1], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y.ptr, y.len);
    TEE_DeriveKey(op, attrs, 2, shared);
    TEE_Result result = TEE_GetObjectBufferAttribute(shared, TEE_ATTR_SECRET_VALUE, value, &len);
    if (result == TEE_SUCCESS && len <= n) {
        TEE_MemFill(out.ptr, 0, n);
        km_copy(out.ptr + (n - len), len, value, len);
    }
    TEE_MemFill(value, 0, sizeof(value));
    return result == TEE_SUCCESS && len > n ? TEE_ERROR_GENERIC : result;
}

TEE_Result km_agree_point(struct km_key *key, struct km_slice point, struct km_span out)
{
    struct km_use use = {
        .key = key, .alg = km_alg_find(KM_CRYPTO_ECDH), .usage = KM_CRYPTO_USAGE_DERIVE};
    if (!key->type->is_pair || (key->type->family & KM_FAMILY_ECDH) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_permits(key, use.usage));
    return agree(&use, point, out);
}

static TEE_Result agree_find(struct km_session *session, uint32_t key_id, struct km_use *use)
{
    return km_use_find(session, key_id, KM_CRYPTO_ECDH, KM_ALG_AGREE, 0, use);
}

TEE_Result km_cmd_agree(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *shared = NULL;
    struct km_crypto_template wish = {0};
    struct km_use use = {0};
    uint8_t secret[66] = {0};
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    KM_TRY_TEE(agree_find(session, params[1].value.a, &use));
    size_t n = km_curve_len(use.key->meta.bits);
    if (wish.type != KM_CRYPTO_KEY_GENERIC_SECRET || (wish.bits != 0 && wish.bits != n * 8u))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &shared));
    TEE_Result result = agree(&use, km_in(&params[2]), KM_SPAN(secret, n));
    if (result == TEE_SUCCESS)
        result = km_key_set_secret(shared, KM_SLICE(secret, n));
    TEE_MemFill(secret, 0, sizeof(secret));
    KM_TRY_TEE(result);
    params[3].value.b = 0;
    return km_session_add_key(session, &shared, &params[3].value.a);
}

TEE_Result km_cmd_agree_raw(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    uint8_t secret[66] = {0};
    KM_TRY_TEE(agree_find(session, params[0].value.a, &use));
    size_t n = km_curve_len(use.key->meta.bits);
    KM_TRY_TEE(km_ta_room(&params[2], n));
    TEE_Result result = agree(&use, km_in(&params[1]), KM_SPAN(secret, n));
    if (result == TEE_SUCCESS)
        result = km_ta_give(&params[2], KM_SLICE(secret, n));
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
}

static TEE_Result hkdf(const struct km_use *use, const struct km_crypto_hkdf *with,
                       struct km_span out)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute attrs[3] = {0};
    uint32_t n = 0;
    size_t len = out.len;
    KM_TRY_TEE(km_key_operation(use->key, use->alg, TEE_MODE_DERIVE, &op));
    KM_TRY_TEE(
        TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, (uint32_t)out.len * 8u, &derived));
    KM_TRY_TEE(km_key_charge(use->key, use->usage));
    if (with->salt.len != 0)
        TEE_InitRefAttribute(&attrs[n++], __OPTEE_TEE_ATTR_HKDF_SALT, with->salt.ptr,
                             with->salt.len);
    if (with->info.len != 0)
        TEE_InitRefAttribute(&attrs[n++], __OPTEE_ATTR_HKDF_INFO, with->info.ptr, with->info.len);
    TEE_InitValueAttribute(&attrs[n++], TEE_ATTR_HKDF_OKM_LENGTH, (uint32_t)out.len, 0);
    TEE_DeriveKey(op, attrs, n, derived);
    KM_TRY_TEE(TEE_GetObjectBufferAttribute(derived, TEE_ATTR_SECRET_VALUE, out.ptr, &len));
    return len == out.len ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

/*
 * HKDF's output begins alike whatever its length, and the caller chooses the length: of keys of 8, 16, 24, ... bits each would
 * give the next octet away to 256 trials. So nothing that can be searched for comes out of a secret that stays inside.
 */
#define SHUT_DERIVED_BITS_MIN 128u

static TEE_Result check_derive(const struct km_use *use, const struct km_crypto_template *wish)
{
    const struct km_key_type *type = km_key_type_find(wish->type);
    if (type == NULL || (type->family & KM_FAMILY_SYMMETRIC) == 0 || wish->bits == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    bool is_open = (use->key->meta.attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0;
    bool wants_open = (wish->attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0;
    if (wants_open && !is_open)
        return KM_CRYPTO_E_NOT_EXPORTABLE;
    return !is_open && wish->bits < SHUT_DERIVED_BITS_MIN ? TEE_ERROR_NOT_SUPPORTED : TEE_SUCCESS;
}

TEE_Result km_cmd_derive(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_template wish = {0};
    struct km_crypto_hkdf with = {0};
    struct km_use use = {0};
    uint8_t secret[512] = {0};
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    if (!km_crypto_hkdf_parse(km_in(&params[2]), &with))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(km_use_find(session, params[1].value.a, params[1].value.b, KM_ALG_KDF, 0, &use));
    KM_TRY_TEE(check_derive(&use, &wish));
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &key));
    size_t len = wish.bits / 8u;
    TEE_Result result = hkdf(&use, &with, KM_SPAN(secret, len));
    if (result == TEE_SUCCESS)
        result = km_key_set_secret(key, KM_SLICE(secret, len));
    TEE_MemFill(secret, 0, sizeof(secret));
    KM_TRY_TEE(result);
    params[3].value.b = 0;
    return km_session_add_key(session, &key, &params[3].value.a);
}
