/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that make keys and tell about them. */
#include "ta/crypto/session.h"

struct km_slice km_in(const TEE_Param *param)
{
    static const uint8_t NOTHING[1] = {0};
    if (param->memref.size == 0)
        return KM_SLICE(NOTHING, 0);
    return KM_SLICE(param->memref.buffer, param->memref.size);
}

TEE_Result km_template_in(const TEE_Param *param, struct km_crypto_template *ret)
{
    return km_crypto_template_parse(km_in(param), ret) ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

TEE_Result km_session_add_key(struct km_session *session, struct km_key **key, uint32_t *ret_id)
{
    KM_TRY_TEE(km_slots_add(&session->keys, *key, ret_id));
    *key = NULL;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_version(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    params[0].value.a = KM_CRYPTO_VERSION;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_algorithm_supported(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)session;
    const struct km_alg *alg = km_alg_find(params[0].value.a);
    return alg != NULL && km_alg_supported(alg, params[0].value.b) ? TEE_SUCCESS
                                                                   : TEE_ERROR_NOT_SUPPORTED;
}

static TEE_Result made(struct km_session *session, struct km_key **key, const char *operation,
                       TEE_Param *out)
{
    struct km_crypto_name subject = {0};
    uint32_t id = 0;
    km_key_subject(*key, &subject);
    KM_TRY_TEE(km_session_add_key(session, key, &id));
    km_audit(operation, &subject, TEE_SUCCESS);
    out->value.a = id;
    out->value.b = 0;
    return TEE_SUCCESS;
}

/* group: domain parameters, or NULL. */
static TEE_Result create(struct km_session *session, const TEE_Param *template,
                         const struct km_crypto_attrs *group, TEE_Param *out)
{
    struct km_crypto_template wish = {0};
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(km_template_in(template, &wish));
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &key));
    KM_TRY_TEE(km_key_generate(key, group));
    key->meta.flags |= KM_KEY_MADE_HERE;
    return made(session, &key, "create", out);
}

TEE_Result km_cmd_create_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return create(session, &params[0], NULL, &params[1]);
}

TEE_Result km_cmd_create_key_with(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_template wish = {0};
    struct km_crypto_attrs attrs = {0};
    struct km_der_key parsed = {0};
    struct km_slice in = km_in(&params[1]);
    if (params[2].value.a == KM_CRYPTO_FORM_ATTRIBUTES) {
        if (!km_crypto_attrs_parse(in, &attrs))
            return TEE_ERROR_BAD_FORMAT;
        return create(session, &params[0], &attrs, &params[3]);
    }
    if (params[2].value.a != KM_CRYPTO_FORM_DER)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    const struct km_key_type *type = km_key_type_find(wish.type);
    if (type == NULL)
        return TEE_ERROR_BAD_PARAMETERS;
    if (!km_der_key_parameters(in, km_key_der_kind(type->family), &parsed))
        return TEE_ERROR_BAD_FORMAT;
    return create(session, &params[0], &parsed.attrs, &params[3]);
}

static TEE_Result import(struct km_key *key, uint32_t form, struct km_slice octets)
{
    struct km_crypto_attrs attrs = {0};
    switch (form) {
    case KM_CRYPTO_FORM_RAW:
        return km_key_set_secret(key, octets);
    case KM_CRYPTO_FORM_DER:
        return km_key_set_der(key, octets);
    case KM_CRYPTO_FORM_ATTRIBUTES:
        if (!km_crypto_attrs_parse(octets, &attrs))
            return TEE_ERROR_BAD_FORMAT;
        return km_key_set_attrs(key, &attrs);
    default:
        return TEE_ERROR_BAD_PARAMETERS;
    }
}

TEE_Result km_cmd_import_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_template wish = {0};
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &key));
    KM_TRY_TEE(import(key, params[2].value.a, km_in(&params[1])));
    return made(session, &key, "import", &params[3]);
}

TEE_Result km_cmd_export_public(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    uint8_t der[KM_CRYPTO_DER_KEY_MAX] = {0};
    struct km_crypto_attrs attrs = {0};
    size_t len = 0;
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    if ((key->type->family & KM_FAMILY_SYMMETRIC) != 0)
        return TEE_ERROR_NOT_SUPPORTED;
    km_key_attrs(key, &attrs);
    if (!km_der_key_put_spki(&attrs, KM_SPAN(der, sizeof(der)), &len))
        km_ta_unreached();
    return km_ta_give(&params[1], KM_SLICE(der, len));
}

static void tell_export(const struct km_key *key)
{
    struct km_crypto_name subject = {0};
    km_key_subject(key, &subject);
    km_audit("export", &subject, TEE_SUCCESS);
}

static TEE_Result give_private(const struct km_key *key, TEE_Param *out)
{
    KM_AUTO(km_ta_freep) uint8_t *der = TEE_Malloc(KM_CRYPTO_DER_KEY_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_crypto_attrs attrs = {0};
    size_t len = 0;
    if (der == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_key_attrs(key, &attrs);
    if (!key->type->is_pair)
        return km_ta_give(out, attrs.at[0].value);
    if (!km_der_key_put_pkcs8(&attrs, KM_SPAN(der, KM_CRYPTO_DER_KEY_MAX), &len))
        km_ta_unreached();
    return km_ta_give(out, KM_SLICE(der, len));
}

TEE_Result km_cmd_export_private(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    KM_TRY_TEE(km_key_may_export(key));
    if (key->type->is_public)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(give_private(key, &params[1]));
    tell_export(key);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_get_attribute(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    struct km_crypto_attrs attrs = {0};
    struct km_slice value = {0};
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    km_key_attrs(key, &attrs);
    if (!km_attr_find(&attrs, params[0].value.b, &value))
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (!km_attr_is_private(params[0].value.b))
        return km_ta_give(&params[1], value);
    KM_TRY_TEE(km_key_may_export(key));
    KM_TRY_TEE(km_ta_give(&params[1], value));
    tell_export(key);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_key_info(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    uint8_t bytes[KM_CRYPTO_INFO_WIRE_MAX] = {0};
    struct km_crypto_info info = {0};
    size_t len = 0;
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    if (key->name.len != 0 && key->meta.max_uses != 0)
        KM_TRY_TEE(km_key_store_refresh(key));
    km_key_info(key, &info);
    if (!km_crypto_info_put(&info, KM_SPAN(bytes, sizeof(bytes)), &len))
        km_ta_unreached();
    return km_ta_give(&params[1], KM_SLICE(bytes, len));
}

TEE_Result km_cmd_free_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return km_slots_free(&session->keys, params[0].value.a);
}

#ifdef KM_CRYPTO_TEST_BUILD
/* So that a test knows what to search for. This file is compiled so for a target that is never installed. */
TEE_Result km_cmd_tell_private(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    static const uint32_t PRIVATE[] = {
        KM_CRYPTO_ECC_PRIVATE_VALUE,    KM_CRYPTO_RSA_PRIME1,
        KM_CRYPTO_SECRET_VALUE,         KM_CRYPTO_DSA_PRIVATE_VALUE,
        KM_CRYPTO_DH_PRIVATE_VALUE,     KM_CRYPTO_ED25519_PRIVATE_VALUE,
        KM_CRYPTO_X25519_PRIVATE_VALUE, KM_CRYPTO_ED448_PRIVATE_VALUE,
        KM_CRYPTO_X448_PRIVATE_VALUE};
    struct km_key *key = km_slots_find(&session->keys, params[0].value.a);
    struct km_crypto_attrs attrs = {0};
    struct km_slice value = {0};
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    km_key_attrs(key, &attrs);
    for (size_t i = 0; i < KM_ARRAY_LEN(PRIVATE); i++) {
        if (km_attr_find(&attrs, PRIVATE[i], &value))
            return km_ta_give(&params[1], value);
    }
    return TEE_ERROR_ITEM_NOT_FOUND;
}
#endif
