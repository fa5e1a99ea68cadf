/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES key wrap (RFC 3394, RFC 5649): of data, and of keys; and RSA encryption (RFC 8017): of keys.
 *
 * A key leaves wrapped when it may leave in the clear, or when it was made wrappable and the wrapping key is closed: made in
 * here, never to leave, and for wrapping and unwrapping only. Then nobody outside can unwrap, and inside its policy comes
 * back with it, because it is wrapped along.
 */
#include "ta/crypto/record.h"
#include "ta/crypto/session.h"

#define BLOCK 8u
#define PLAIN_MAX KM_CRYPTO_SMALL_MAX
#define WRAPPED_MAX (PLAIN_MAX + BLOCK)

struct work {
    uint8_t in[WRAPPED_MAX];
    uint8_t out[WRAPPED_MAX];
};

static bool plain_fits(const struct km_use *use, size_t len)
{
    const struct km_alg *alg = use->alg;
    if (alg->class == KM_ALG_ASYM)
        return len >= 1 && len <= km_rsa_message_max(use);
    if (alg->id == KM_CRYPTO_AES_KWP)
        return len >= 1;
    return len >= 2u * BLOCK && len % BLOCK == 0;
}

static bool wrapped_fits(const struct km_use *use, size_t len)
{
    const struct km_alg *alg = use->alg;
    if (alg->class == KM_ALG_ASYM)
        return len == use->key->meta.bits / 8u;
    size_t least = alg->id == KM_CRYPTO_AES_KWP ? 2u * BLOCK : 3u * BLOCK;
    return len >= least && len % BLOCK == 0 && len <= WRAPPED_MAX;
}

static size_t wrapped_len(const struct km_use *use, size_t len)
{
    if (use->alg->class == KM_ALG_ASYM)
        return use->key->meta.bits / 8u;
    return (len + BLOCK - 1u) / BLOCK * BLOCK + BLOCK;
}

/* Whatever is wrong with what was wrapped, the answer is the same. */
static TEE_Result run_rsa(TEE_OperationHandle op, uint32_t tee_mode, struct km_slice in,
                          uint8_t out[WRAPPED_MAX], size_t *ret_len)
{
    size_t len = WRAPPED_MAX;
    TEE_Result result = tee_mode == TEE_MODE_ENCRYPT
                            ? TEE_AsymmetricEncrypt(op, NULL, 0, in.ptr, in.len, out, &len)
                            : TEE_AsymmetricDecrypt(op, NULL, 0, in.ptr, in.len, out, &len);
    if (result == TEE_ERROR_CIPHERTEXT_INVALID || result == TEE_ERROR_BAD_PARAMETERS)
        return TEE_ERROR_MAC_INVALID;
    KM_TRY_TEE(result);
    *ret_len = len;
    return TEE_SUCCESS;
}

/* in and out are memory of this application: nobody changes one meanwhile, or sees the other before its check. */
static TEE_Result run(const struct km_use *use, uint32_t tee_mode, struct km_slice in,
                      uint8_t out[WRAPPED_MAX], size_t *ret_len)
{
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = WRAPPED_MAX;
    KM_TRY_TEE(km_key_operation(use->key, use->alg, tee_mode, &op));
    KM_TRY_TEE(km_key_charge(use->key, use->usage));
    if (use->alg->class == KM_ALG_ASYM)
        return run_rsa(op, tee_mode, in, out, ret_len);
    TEE_CipherInit(op, NULL, 0);
    TEE_Result result = TEE_CipherDoFinal(op, in.ptr, in.len, out, &len);
    if (result != TEE_SUCCESS) {
        TEE_ResetOperation(op);
        return result == TEE_ERROR_CIPHERTEXT_INVALID ? TEE_ERROR_MAC_INVALID : result;
    }
    *ret_len = len;
    return TEE_SUCCESS;
}

TEE_Result km_wrap_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS], uint32_t mode)
{
    struct km_use use = {0};
    struct km_slice in = km_in(&params[2]);
    bool wraps = mode == KM_CRYPTO_MODE_ENCRYPT;
    size_t len = 0;
    KM_TRY_TEE(km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_WRAP, mode, &use));
    if (params[1].memref.size != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (in.len > (wraps ? PLAIN_MAX : WRAPPED_MAX))
        return KM_CRYPTO_E_TOO_LARGE;
    if (wraps ? !plain_fits(&use, in.len) : !wrapped_fits(&use, in.len))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_ta_room(&params[3], wraps ? wrapped_len(&use, in.len) : in.len - BLOCK));
    KM_AUTO(km_ta_freep) struct work *work = TEE_Malloc(sizeof(*work), TEE_MALLOC_FILL_ZERO);
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_copy(work->in, sizeof(work->in), in.ptr, in.len);
    KM_TRY_TEE(run(&use, wraps ? TEE_MODE_ENCRYPT : TEE_MODE_DECRYPT, KM_SLICE(work->in, in.len),
                   work->out, &len));
    return km_ta_give(&params[3], KM_SLICE(work->out, len));
}

/* ---- keys ---- */

static bool is_closed(const struct km_key *key)
{
    uint32_t open = KM_CRYPTO_ATTR_EXPORT_AS_PLAIN | KM_CRYPTO_ATTR_WRAPPABLE;
    uint32_t wraps = KM_CRYPTO_USAGE_WRAP | KM_CRYPTO_USAGE_UNWRAP;
    return (key->meta.flags & KM_KEY_MADE_HERE) != 0 && (key->meta.attributes & open) == 0 &&
           (key->meta.usage & ~wraps) == 0;
}

/* The bare RSA operation pads nothing, and so is no way to send a key. */
static bool wraps_keys(const struct km_alg *alg)
{
    return alg != NULL && (alg->class == KM_ALG_WRAP ||
                           (alg->class == KM_ALG_ASYM && alg->id != KM_CRYPTO_RSA_NOPAD));
}

static TEE_Result find_wrapping(struct km_session *session, const TEE_Param *which, uint32_t usage,
                                struct km_use *ret)
{
    struct km_use use = {.key = km_slots_find(&session->keys, which->value.a),
                         .alg = km_alg_find(which->value.b),
                         .usage = usage};
    if (use.key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    if (!wraps_keys(use.alg) || (use.alg->family & use.key->type->family) == 0 ||
        !km_alg_key_fits(use.alg, use.key->meta.bits))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_permits(use.key, usage));
    *ret = use;
    return TEE_SUCCESS;
}

/* With its policy, which comes back with it. */
static TEE_Result sealed_form(const struct km_key *key, uint8_t out[WRAPPED_MAX], size_t *ret_len)
{
    struct km_wrapped_key wrapped = {.type = key->meta.type,
                                     .bits = key->meta.bits,
                                     .usage = key->meta.usage,
                                     .attributes = key->meta.attributes,
                                     .not_after = key->meta.not_after,
                                     .material = KM_SLICE(key->material, key->material_len)};
    return km_wrapped_key_put(&wrapped, KM_SPAN(out, PLAIN_MAX), ret_len) ? TEE_SUCCESS
                                                                          : KM_CRYPTO_E_TOO_LARGE;
}

/* As EXPORT_PRIVATE gives it, so that others can unwrap it. */
static TEE_Result open_form(const struct km_key *key, uint8_t out[WRAPPED_MAX], size_t *ret_len)
{
    struct km_crypto_attrs attrs = {0};
    km_key_attrs(key, &attrs);
    if (key->type->is_pair)
        return km_der_key_put_pkcs8(&attrs, KM_SPAN(out, PLAIN_MAX), ret_len)
                   ? TEE_SUCCESS
                   : KM_CRYPTO_E_TOO_LARGE;
    km_copy(out, PLAIN_MAX, attrs.at[0].value.ptr, attrs.at[0].value.len);
    *ret_len = attrs.at[0].value.len;
    return TEE_SUCCESS;
}

static TEE_Result plain_of(const struct km_use *use, struct km_key *key, uint8_t out[WRAPPED_MAX],
                           size_t *ret_len)
{
    bool is_wrappable = (key->meta.attributes & KM_CRYPTO_ATTR_WRAPPABLE) != 0;
    if (key->type->is_public)
        return TEE_ERROR_NOT_SUPPORTED;
    bool may_seal = is_wrappable && use->alg->class == KM_ALG_WRAP && is_closed(use->key);
    if (km_key_is_open(key) || !may_seal) {
        KM_TRY_TEE(km_key_may_export(key));
        return open_form(key, out, ret_len);
    }
    if (use->alg->id != KM_CRYPTO_AES_KWP)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_permits(key, 0));
    return sealed_form(key, out, ret_len);
}

TEE_Result km_cmd_wrap_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    struct km_key *key = km_slots_find(&session->keys, params[1].value.a);
    struct km_crypto_name subject = {0};
    size_t len = 0;
    KM_TRY_TEE(find_wrapping(session, &params[0], KM_CRYPTO_USAGE_WRAP, &use));
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    KM_AUTO(km_ta_freep) struct work *work = TEE_Malloc(sizeof(*work), TEE_MALLOC_FILL_ZERO);
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(plain_of(&use, key, work->in, &len));
    if (!plain_fits(&use, len))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_ta_room(&params[2], wrapped_len(&use, len)));
    KM_TRY_TEE(run(&use, TEE_MODE_ENCRYPT, KM_SLICE(work->in, len), work->out, &len));
    km_key_subject(key, &subject);
    km_audit("export-wrapped", &subject, TEE_SUCCESS);
    return km_ta_give(&params[2], KM_SLICE(work->out, len));
}

/* What was wrapped with a policy gets no more than that; the template may only take away. */
static TEE_Result wish_from(const struct km_wrapped_key *wrapped, struct km_crypto_template *wish)
{
    static const uint32_t KEPT = KM_CRYPTO_ATTR_AUDIT_EACH_USE | KM_CRYPTO_ATTR_WRAPPABLE;
    if (wish->type != wrapped->type || (wish->bits != 0 && wish->bits != wrapped->bits))
        return TEE_ERROR_BAD_FORMAT;
    if ((wish->attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0)
        return KM_CRYPTO_E_NOT_EXPORTABLE;
    if ((wish->usage & ~wrapped->usage) != 0)
        return TEE_ERROR_ACCESS_DENIED;
    if (wish->usage == 0)
        wish->usage = wrapped->usage;
    wish->bits = wrapped->bits;
    wish->attributes |= wrapped->attributes & KEPT;
    bool ends_sooner =
        wrapped->not_after != 0 && (wish->not_after == 0 || wish->not_after > wrapped->not_after);
    if (ends_sooner)
        wish->not_after = wrapped->not_after;
    return TEE_SUCCESS;
}

/* Whether what comes out may be exportable: who may use the wrapping key sees it in any case. */
static bool may_open(const struct km_use *use)
{
    bool decrypts = (use->key->meta.usage & KM_CRYPTO_USAGE_DECRYPT) != 0;
    return km_key_is_open(use->key) || (use->alg->class == KM_ALG_ASYM && decrypts);
}

static TEE_Result key_of(struct km_session *session, const struct km_use *use,
                         struct km_crypto_template *wish, struct km_slice plain,
                         struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_wrapped_key wrapped = {0};
    bool has_policy = is_closed(use->key) && use->alg->id == KM_CRYPTO_AES_KWP &&
                      km_wrapped_key_parse(plain, &wrapped);
    bool wants_open = (wish->attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0;
    if (has_policy)
        KM_TRY_TEE(wish_from(&wrapped, wish));
    else if (wants_open && !may_open(use))
        return KM_CRYPTO_E_NOT_EXPORTABLE;
    KM_TRY_TEE(km_key_new(wish, &session->caller, &key));
    if (has_policy) {
        struct km_crypto_attrs attrs = {0};
        if (!km_crypto_attrs_parse(wrapped.material, &attrs))
            return TEE_ERROR_BAD_FORMAT;
        KM_TRY_TEE(km_key_set_attrs(key, &attrs));
    } else if (key->type->is_pair) {
        KM_TRY_TEE(km_key_set_der(key, plain));
    } else {
        KM_TRY_TEE(km_key_set_secret(key, plain));
    }
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_unwrap_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_template wish = {0};
    struct km_crypto_name subject = {0};
    struct km_use use = {0};
    struct km_slice in = km_in(&params[2]);
    size_t len = 0;
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    KM_TRY_TEE(find_wrapping(session, &params[1], KM_CRYPTO_USAGE_UNWRAP, &use));
    const struct km_key_type *type = km_key_type_find(wish.type);
    if (type == NULL || type->is_public)
        return TEE_ERROR_BAD_PARAMETERS;
    if (!wrapped_fits(&use, in.len))
        return TEE_ERROR_MAC_INVALID;
    KM_AUTO(km_ta_freep) struct work *work = TEE_Malloc(sizeof(*work), TEE_MALLOC_FILL_ZERO);
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(run(&use, TEE_MODE_DECRYPT, in, work->out, &len));
    KM_TRY_TEE(key_of(session, &use, &wish, KM_SLICE(work->out, len), &key));
    km_key_subject(key, &subject);
    km_audit("import-wrapped", &subject, TEE_SUCCESS);
    params[3].value.b = 0;
    return km_session_add_key(session, &key, &params[3].value.a);
}
