/* SPDX-License-Identifier: Apache-2.0 */
/* A key once more, and what tells one key from another. */
#include "ta/crypto/session.h"

#define CHECK_LEN 3u
#define BLOCK_MAX 16u
#define SHUT_BITS_MIN 128u

/* ---- check values ---- */

static TEE_Result encrypted_zeros(const struct km_key *key, uint8_t out[BLOCK_MAX])
{
    static const uint8_t ZEROS[BLOCK_MAX] = {0};
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    const struct km_alg *alg = km_alg_find(
        key->type->family == KM_FAMILY_AES ? KM_CRYPTO_AES_ECB_NOPAD : KM_CRYPTO_DES3_ECB_NOPAD);
    size_t len = BLOCK_MAX;
    KM_TRY_TEE(km_key_operation_own(key, alg, TEE_MODE_ENCRYPT, &op));
    TEE_CipherInit(op, NULL, 0);
    return TEE_CipherDoFinal(op, ZEROS, alg->block, out, &len);
}

static TEE_Result digest_of(const struct km_key *key, uint8_t out[KM_CRYPTO_DIGEST_MAX])
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    struct km_crypto_attrs attrs = {0};
    size_t len = KM_CRYPTO_DIGEST_MAX;
    km_key_attrs(key, &attrs);
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA1, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(op, attrs.at[0].value.ptr, attrs.at[0].value.len, out, &len);
}

TEE_Result km_cmd_key_check(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    uint8_t out[KM_CRYPTO_DIGEST_MAX] = {0};
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    uint32_t family = key->type->family;
    bool is_short = key->meta.bits < SHUT_BITS_MIN && !km_key_is_open(key);
    if ((family & KM_FAMILY_SYMMETRIC) == 0 || is_short)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_permits(key, 0));
    KM_TRY_TEE(km_ta_room(&params[1], CHECK_LEN));
    bool is_block_cipher =
        family == KM_FAMILY_DES3 || (family == KM_FAMILY_AES && key->meta.bits <= 256);
    TEE_Result result = is_block_cipher ? encrypted_zeros(key, out) : digest_of(key, out);
    if (result == TEE_SUCCESS)
        result = km_ta_give(&params[1], KM_SLICE(out, CHECK_LEN));
    TEE_MemFill(out, 0, sizeof(out));
    return result;
}

/* ---- copies ---- */

/* An exportable key's copy may be shut in more ways than one that never was exportable could be opened. */
static uint32_t attributes_left(uint32_t had)
{
    if ((had & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0)
        had |= KM_CRYPTO_ATTR_WRAPPABLE;
    return had | KM_CRYPTO_ATTR_AUDIT_EACH_USE;
}

static TEE_Result check_copy(const struct km_session *session, const struct km_key *key,
                             const struct km_crypto_template *wish)
{
    static const uint32_t FIXED =
        KM_CRYPTO_INFO_PROVISIONED | KM_CRYPTO_INFO_IMMUTABLE | KM_CRYPTO_INFO_MANIFEST;
    const struct km_caller *caller = &session->caller;
    if ((key->meta.flags & FIXED) != 0)
        return KM_CRYPTO_E_IMMUTABLE;
    if (!caller->is_admin && !km_owner_equal(&caller->owner, &key->meta.owner))
        return TEE_ERROR_ACCESS_DENIED;
    if (wish->type != key->meta.type || (wish->bits != 0 && wish->bits != key->meta.bits) ||
        wish->n_grants != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    bool is_more = (wish->usage & ~key->meta.usage) != 0 ||
                   (wish->attributes & ~attributes_left(key->meta.attributes)) != 0;
    return is_more || key->meta.max_uses != 0 ? TEE_ERROR_ACCESS_DENIED : TEE_SUCCESS;
}

/* The least of both: what the first may do and what is wished. */
static void narrow(const struct km_key *key, struct km_crypto_template *wish)
{
    const struct km_key_meta *meta = &key->meta;
    wish->bits = meta->bits;
    wish->usage = wish->usage != 0 ? wish->usage : meta->usage;
    wish->attributes |= meta->attributes & KM_CRYPTO_ATTR_AUDIT_EACH_USE;
    if (meta->not_after != 0 && (wish->not_after == 0 || wish->not_after > meta->not_after))
        wish->not_after = meta->not_after;
}

TEE_Result km_cmd_copy_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    static const uint32_t MAY_LEAVE = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN | KM_CRYPTO_ATTR_WRAPPABLE;
    KM_AUTO(km_key_freep) struct km_key *copy = NULL;
    struct km_crypto_template wish = {0};
    struct km_crypto_attrs attrs = {0};
    struct km_crypto_name subject = {0};
    struct km_key *key = km_slots_find(&session->keys, params[1].value.a);
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    KM_TRY_TEE(km_key_permits(key, 0));
    KM_TRY_TEE(check_copy(session, key, &wish));
    narrow(key, &wish);
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &copy));
    km_key_attrs(key, &attrs);
    KM_TRY_TEE(km_key_set_attrs(copy, &attrs));
    /* Octets that could leave may be outside, whatever the copy is not allowed any more. */
    if ((key->meta.attributes & MAY_LEAVE) == 0)
        copy->meta.flags |= key->meta.flags & KM_KEY_MADE_HERE;
    km_key_subject(key, &subject);
    km_audit("copy", &subject, TEE_SUCCESS);
    params[2].value.b = 0;
    return km_session_add_key(session, &copy, &params[2].value.a);
}
