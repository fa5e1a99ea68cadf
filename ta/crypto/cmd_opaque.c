/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque keys and opaque objects: what the factory sealed for this device. */
#include "format/opaque_key.h"
#include "ta/crypto/ecies.h"
#include "ta/crypto/opaque_object.h"
#include "ta/crypto/opens.h"
#include "ta/crypto/package_sign.h"
#include "ta/crypto/session.h"

#define OEM_PUBLIC_KEY "com.seqlabs.oem_pub_key"
#define OEM_DEVICE_KEY "com.seqlabs.oem_device_key"
#define NOT_COUNTED UINT64_MAX

/* A package in our own memory: the client can't change it any more. */
static TEE_Result take_package(const TEE_Param *param, struct km_plain *ret)
{
    struct km_slice in = km_in(param);
    if (in.len > KM_CRYPTO_PACKAGE_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    struct km_plain copy = {.at = TEE_Malloc(in.len, TEE_MALLOC_FILL_ZERO), .len = in.len};
    if (copy.at == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_copy(copy.at, copy.len, in.ptr, in.len);
    *ret = copy;
    return TEE_SUCCESS;
}

/* The session's key of an id, or one of the device's own for 0. Returns owned either way. */
static TEE_Result key_or_own(struct km_session *session, uint32_t id, const char *own,
                             struct km_key **ret_key)
{
    if (id == 0)
        return km_key_store_provisioned(&session->caller, own, ret_key);
    struct km_key *key = km_slots_find(&session->keys, id);
    if (key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    *ret_key = km_key_hold(key);
    return TEE_SUCCESS;
}

/* Structure, then signature; the body is for the caller to read. */
static TEE_Result check_envelope(struct km_session *session, const struct km_plain *package,
                                 const char *kind, uint32_t verifying_id,
                                 struct km_envelope *ret_envelope, uint8_t ret_signer[32])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    if (!km_envelope_parse(KM_SLICE(package->at, package->len), kind, ret_envelope))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(key_or_own(session, verifying_id, OEM_PUBLIC_KEY, &key));
    KM_TRY_TEE(km_package_verify(key, ret_envelope));
    return km_key_fingerprint(key, ret_signer);
}

static TEE_Result unseal(struct km_session *session, uint32_t device_id,
                         const struct km_sealed *sealed, struct km_plain *ret)
{
    KM_AUTO(km_key_freep) struct km_key *device = NULL;
    KM_TRY_TEE(key_or_own(session, device_id, OEM_DEVICE_KEY, &device));
    return km_ecies_open(device, sealed, ret);
}

/* ---- keys ---- */

static TEE_Result grant_from(const struct km_opaque_grant *from, struct km_crypto_grant *ret)
{
    _Static_assert(KM_OPAQUE_GRANT_UID == KM_CRYPTO_GRANT_UID &&
                       KM_OPAQUE_GRANT_GID == KM_CRYPTO_GRANT_GID &&
                       KM_OPAQUE_GRANT_EXECUTABLE == KM_CRYPTO_GRANT_EXE &&
                       KM_OPAQUE_GRANT_UNIT == KM_CRYPTO_GRANT_UNIT,
                   "a package's grants are a template's");
    *ret = (struct km_crypto_grant){.fields = from->fields, .uid = from->uid, .gid = from->gid};
    if (from->executable.len != 0)
        km_copy(ret->exe_sha256, sizeof(ret->exe_sha256), from->executable.ptr,
                from->executable.len);
    if (from->unit.len != 0 && !km_crypto_name_parse(from->unit, &ret->unit))
        return TEE_ERROR_BAD_FORMAT;
    return TEE_SUCCESS;
}

static TEE_Result wish_from(const struct km_opaque_key *from, struct km_crypto_template *ret)
{
    const struct km_opaque_policy *policy = &from->policy;
    *ret = (struct km_crypto_template){
        .type = km_crypto_type_find(from->type),
        .usage = policy->usage,
        .attributes = policy->attributes,
        .max_uses = policy->max_uses,
        .not_after = policy->not_after,
        .n_grants = policy->n_grants,
    };
    if (ret->type == KM_CRYPTO_KEY_NONE)
        return TEE_ERROR_NOT_SUPPORTED;
    for (uint32_t i = 0; i < policy->n_grants; i++)
        KM_TRY_TEE(grant_from(&policy->grants[i], &ret->grants[i]));
    return TEE_SUCCESS;
}

TEE_Result km_import_opaque(struct km_session *session, const struct km_opaque_key *from,
                            struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_template wish = {0};
    KM_TRY_TEE(wish_from(from, &wish));
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &key));
    if ((key->type->family & KM_FAMILY_SYMMETRIC) != 0)
        KM_TRY_TEE(km_key_set_secret(key, from->data));
    else
        KM_TRY_TEE(km_key_set_der(key, from->data));
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

static TEE_Result save_opaque_key(struct km_session *session, const TEE_Param *params,
                                  struct km_crypto_name *ret_name)
{
    KM_AUTO(km_plain_clear) struct km_plain package = {0};
    KM_AUTO(km_plain_clear) struct km_plain plain = {0};
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    const struct km_password *password = NULL;
    struct km_envelope envelope = {0};
    struct km_sealed sealed = {0};
    struct km_opaque_key from = {0};
    uint8_t signer[32] = {0};
    KM_TRY_TEE(take_package(&params[0], &package));
    KM_TRY_TEE(km_password_of(session, params[1].value.b, &password));
    KM_TRY_TEE(check_envelope(session, &package, KM_OPAQUE_KEY_KIND, 0, &envelope, signer));
    if (!km_opaque_key_body_parse(envelope.body, &sealed))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(unseal(session, params[1].value.a, &sealed, &plain));
    if (!km_opaque_key_parse(KM_SLICE(plain.at, plain.len), &from))
        return TEE_ERROR_BAD_FORMAT;
    if (!km_crypto_name_parse(from.name, ret_name))
        return KM_CRYPTO_E_BAD_NAME;
    KM_TRY_TEE(km_check_reserved(session, ret_name));
    KM_TRY_TEE(km_import_opaque(session, &from, &key));
    return km_key_store_save(key, ret_name, password);
}

TEE_Result km_cmd_save_opaque_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name name = {.len = 10, .at = "opaque key"};
    TEE_Result result = save_opaque_key(session, params, &name);
    km_audit("opaque", &name, result);
    return result;
}

/* ---- objects ---- */

/* The fewer of two; 0 stands for no limit. */
static uint64_t fewer(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

/* Everything of the identifier that is not about the object's own key; *ret views plain. */
static TEE_Result open_identifier(struct km_session *session, const TEE_Param *params,
                                  struct km_plain *plain, struct km_object_secret *ret)
{
    KM_AUTO(km_plain_clear) struct km_plain package = {0};
    struct km_envelope envelope = {0};
    struct km_object_id id = {0};
    uint8_t signer[32] = {0};
    KM_TRY_TEE(take_package(&params[0], &package));
    KM_TRY_TEE(
        check_envelope(session, &package, KM_OBJECT_ID_KIND, params[1].value.a, &envelope, signer));
    if (!km_object_id_body_parse(envelope.body, &id))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(unseal(session, params[1].value.b, &id.sealed, plain));
    if (!km_object_secret_parse(KM_SLICE(plain->at, plain->len), ret))
        return TEE_ERROR_BAD_FORMAT;
    /* Sealed by somebody else than who signs, or for another number: the limits would count for nothing. */
    if (!km_slice_equal(ret->signer, KM_SLICE(signer, sizeof(signer))) ||
        !km_slice_equal(ret->object_id, id.object_id))
        return TEE_ERROR_SIGNATURE_INVALID;
    return TEE_SUCCESS;
}

static TEE_Result count_opening(const struct km_object_secret *secret, uint64_t *ret_left)
{
    uint64_t max = fewer(secret->policy.max_opens, secret->info.policy.max_opens);
    *ret_left = NOT_COUNTED;
    return max == 0 ? TEE_SUCCESS
                    : km_opens_take(secret->object_id, secret->signer.ptr, max, ret_left);
}

static TEE_Result open_object(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                              struct km_crypto_name *subject)
{
    KM_AUTO(km_plain_clear) struct km_plain plain = {0};
    KM_AUTO(km_opaque_freep) struct km_opaque *object = NULL;
    struct km_object_secret secret = {0};
    struct km_crypto_object told = {0};
    uint8_t wire[KM_CRYPTO_OBJECT_WIRE_LEN] = {0};
    KM_TRY_TEE(km_ta_room(&params[2], sizeof(wire)));
    KM_TRY_TEE(open_identifier(session, params, &plain, &secret));
    km_hex(secret.object_id, subject->at, sizeof(subject->at));
    subject->len = 2 * KM_OBJECT_ID_LEN;
    KM_TRY_TEE(km_opaque_allows(&secret.policy, &session->caller));
    KM_TRY_TEE(km_opaque_allows(&secret.info.policy, &session->caller));
    KM_TRY_TEE(km_opaque_new(&secret.info, &object));
    struct km_opaque *kept = object;
    KM_TRY_TEE(km_slots_add(&session->objects, object, &params[3].value.a));
    object = NULL;
    TEE_Result result = count_opening(&secret, &told.opens_left);
    if (result != TEE_SUCCESS) {
        (void)km_slots_free(&session->objects, params[3].value.a);
        return result;
    }
    told.size = secret.info.size;
    told.not_after = fewer(secret.policy.not_after, secret.info.policy.not_after);
    told.algorithm = km_opaque_algorithm(kept);
    km_copy(told.id, sizeof(told.id), secret.object_id.ptr, secret.object_id.len);
    km_crypto_object_put(&told, wire);
    params[3].value.b = 0;
    return km_ta_give(&params[2], KM_SLICE(wire, sizeof(wire)));
}

TEE_Result km_cmd_object_open(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_name subject = {.len = 13, .at = "opaque object"};
    TEE_Result result = open_object(session, params, &subject);
    km_audit("open", &subject, result);
    return result;
}

static TEE_Result find(struct km_session *session, const TEE_Param *which, struct km_opaque **ret)
{
    *ret = km_slots_find(&session->objects, which->value.a);
    return *ret != NULL ? TEE_SUCCESS : KM_CRYPTO_E_STALE_ID;
}

TEE_Result km_cmd_object_update(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_opaque *object = NULL;
    KM_TRY_TEE(find(session, &params[0], &object));
    return km_opaque_update(object, km_in(&params[1]), &params[2]);
}

TEE_Result km_cmd_object_finish(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_opaque *object = NULL;
    KM_TRY_TEE(find(session, &params[0], &object));
    return km_opaque_finish(object);
}

TEE_Result km_cmd_object_rewind(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_opaque *object = NULL;
    KM_TRY_TEE(find(session, &params[0], &object));
    km_opaque_rewind(object);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_object_free(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return km_slots_free(&session->objects, params[0].value.a);
}
