/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/manifest.h"

#include "format/cert_form.h"
#include "format/manifest.h"
#include "format/opaque_key.h"
#include "ta/certs/certs_protocol.h"
#include "ta/crypto/ecies.h"
#include "ta/crypto/package_sign.h"

#define OEM_ROOT_CERTIFICATE "com.seqlabs.oem_root_cert"
#define OEM_PUBLIC_KEY "com.seqlabs.oem_pub_key"

static const struct km_crypto_name CLASS_KEY = {.len = 21, .at = "org.keymoor.class_key"};
static const struct km_crypto_name STATE = {.len = 8, .at = "manifest"};

/* An installation under way. Everything in one block, which is wiped when freed. */
struct install {
    struct km_session *session;
    struct km_envelope envelope;
    struct km_manifest manifest;
    struct km_manifest_record wanted;    /* what will be there */
    struct km_manifest_record installed; /* what is there */
    TEE_ObjectHandle state;              /* of what is there, held alone; NULL: nothing is */
    TEE_ObjectHandle gate;               /* held until the first manifest is in */
    TEE_TASessionHandle certs;
    struct km_manifest_body body;
    struct km_key *keys[KM_MANIFEST_KEYS_MAX];
    struct km_crypto_name names[KM_MANIFEST_KEYS_MAX];
    struct km_plain plain;
};

static void install_freep(struct install **install)
{
    struct install *at = *install;
    if (at == NULL)
        return;
    for (uint32_t i = 0; i < KM_MANIFEST_KEYS_MAX; i++)
        km_key_free(at->keys[i]);
    TEE_CloseTASession(at->certs);
    TEE_CloseObject(at->state);
    TEE_CloseObject(at->gate);
    km_plain_clear(&at->plain);
    TEE_Free(at);
    *install = NULL;
}

/* ---- what the store knows ---- */

static TEE_Result read_state(TEE_ObjectHandle *object, struct km_manifest_record *ret)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_slice data = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_stored_read(object, buf, &data));
    return km_manifest_record_parse(data, ret) ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

TEE_Result km_manifest_state(struct km_manifest_record *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_stored_open(KM_STORED_STATE, &STATE,
                              TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ, &object));
    return read_state(&object, ret);
}

TEE_Result km_manifest_settled(void)
{
    struct km_manifest_record record = {0};
    TEE_Result result = km_manifest_state(&record);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    KM_TRY_TEE(result);
    return record.phase == KM_CRYPTO_MANIFEST_COMPLETE ? TEE_SUCCESS : TEE_ERROR_BAD_STATE;
}

/* An installation holds its state alone, or while there is none the gate beside others that provision: in this order. */
TEE_Result km_manifest_lock(TEE_ObjectHandle *ret_object)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_manifest_record record = {0};
    TEE_Result result = km_stored_open(KM_STORED_STATE, &STATE, TEE_DATA_FLAG_ACCESS_READ, &object);
    if (result == TEE_SUCCESS) {
        KM_TRY_TEE(read_state(&object, &record));
        if (record.phase != KM_CRYPTO_MANIFEST_COMPLETE)
            return TEE_ERROR_BAD_STATE;
    } else if (result == TEE_ERROR_ITEM_NOT_FOUND) {
        KM_TRY_TEE(km_provision_stop(&object));
        /* One that came meanwhile is over now, or was interrupted. */
        KM_TRY_TEE(km_manifest_settled());
    } else {
        return result;
    }
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}

/* Held alone, so that two installations never mix. */
static TEE_Result hold_state(struct install *install)
{
    KM_TRY_TEE(km_stored_open(KM_STORED_STATE, &STATE,
                              TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE,
                              &install->state));
    return read_state(&install->state, &install->installed);
}

/* ---- the class key ---- */

static TEE_Result is_public_part(const struct km_key *key, const uint8_t fingerprint[32],
                                 bool *ret_is)
{
    uint8_t own[KM_MANIFEST_DIGEST_LEN] = {0};
    KM_TRY_TEE(km_key_fingerprint(key, own));
    *ret_is = memcmp(own, fingerprint, sizeof(own)) == 0;
    return TEE_SUCCESS;
}

static TEE_Result new_class_key(struct km_session *session, struct km_slice der,
                                struct km_key **ret_key)
{
    struct km_crypto_template wish = {.type = KM_CRYPTO_KEY_ECDH_KEYPAIR,
                                      .bits = der.len == 0 ? 256 : 0};
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &key));
    if (der.len == 0)
        KM_TRY_TEE(km_key_generate(key, NULL));
    else
        KM_TRY_TEE(km_key_set_der(key, der));
    /* No usage at all: whoever could agree with it could open every manifest of the class. */
    key->meta.usage = 0;
    key->meta.flags = KM_CRYPTO_INFO_PROVISIONED | KM_CRYPTO_INFO_IMMUTABLE;
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

static TEE_Result load_class_key(struct km_session *session, struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(km_key_store_load(&session->caller, &CLASS_KEY, NULL, NULL, &key));
    /* A key that the administrator saved under this name in another way may have been used before. */
    if (key->meta.usage != 0 || key->type->type != KM_CRYPTO_KEY_ECDH_KEYPAIR)
        return TEE_ERROR_ACCESS_DENIED;
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

static TEE_Result keep_class_key(struct km_session *session, struct km_slice der,
                                 struct km_key **ret_key)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(km_provision_enter(&gate));
    KM_TRY_TEE(new_class_key(session, der, &key));
    KM_TRY_TEE(km_key_store_save(key, &CLASS_KEY, NULL));
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

TEE_Result km_manifest_class_key(struct km_session *session, struct km_slice der,
                                 struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *there = NULL;
    KM_AUTO(km_key_freep) struct km_key *given = NULL;
    bool is_same = true;
    TEE_Result result = load_class_key(session, &there);
    if (result == TEE_ERROR_ITEM_NOT_FOUND) {
        result = keep_class_key(session, der, ret_key);
        km_audit("provision", &CLASS_KEY, result);
        return result;
    }
    KM_TRY_TEE(result);
    if (der.len != 0) {
        uint8_t fingerprint[KM_MANIFEST_DIGEST_LEN] = {0};
        KM_TRY_TEE(new_class_key(session, der, &given));
        KM_TRY_TEE(km_key_fingerprint(given, fingerprint));
        KM_TRY_TEE(is_public_part(there, fingerprint, &is_same));
    }
    if (!is_same)
        return KM_CRYPTO_E_EXISTS;
    *ret_key = km_steal(&there);
    return TEE_SUCCESS;
}

/* ---- checks, in the order that formats.md gives ---- */

static TEE_Result parse(struct install *install, struct km_slice package)
{
    struct km_manifest_record *wanted = &install->wanted;
    if (package.len > KM_MANIFEST_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    if (!km_envelope_parse(package, KM_MANIFEST_KIND, &install->envelope))
        return TEE_ERROR_BAD_FORMAT;
    if (install->envelope.version != KM_ENVELOPE_VERSION || install->envelope.alg == NULL)
        return TEE_ERROR_NOT_SUPPORTED;
    if (!km_manifest_parse(install->envelope.body, &install->manifest) ||
        !km_crypto_name_parse(install->manifest.device_class, &wanted->device_class))
        return TEE_ERROR_BAD_FORMAT;
    wanted->sequence = install->manifest.sequence;
    KM_TRY_TEE(km_sha256(install->envelope.content, wanted->digest));
    return km_sha256(install->manifest.signer, wanted->signer);
}

/* Whose signature is to be believed: the pinned one's, else the one that the administrator shows. */
static TEE_Result check_signer(const struct install *install, const struct km_manifest_trust *trust)
{
    uint8_t shown[KM_MANIFEST_DIGEST_LEN] = {0};
    struct km_slice spki = {0};
    if (install->state == TEE_HANDLE_NULL && trust->root.len == 0 && !trust->first)
        return TEE_ERROR_BAD_PARAMETERS;
    if (trust->root.len != 0) {
        if (!km_cert_form_key(trust->root, &spki))
            return TEE_ERROR_BAD_FORMAT;
        KM_TRY_TEE(km_sha256(spki, shown));
        if (memcmp(shown, install->wanted.signer, sizeof(shown)) != 0)
            return KM_CRYPTO_E_SIGNER;
    }
    if (install->state != TEE_HANDLE_NULL &&
        memcmp(install->installed.signer, install->wanted.signer, sizeof(shown)) != 0)
        return KM_CRYPTO_E_SIGNER;
    return TEE_SUCCESS;
}

/* Nothing below SHA-256: a manifest is good for years. */
static TEE_Result check_signature(const struct install *install)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    const struct km_sign_alg *alg = install->envelope.alg;
    bool is_rsa = alg->family == KM_SIGN_RSA;
    struct km_crypto_template wish = {.type = is_rsa ? KM_CRYPTO_KEY_RSA_PUBLIC
                                                     : KM_CRYPTO_KEY_ECDSA_PUBLIC};
    if (alg->family == KM_SIGN_DSA || alg->digest_len < 32)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_new(&wish, &install->session->caller, &key));
    KM_TRY_TEE(km_key_set_der(key, install->manifest.signer));
    return km_package_verify(key, &install->envelope);
}

static bool is_same_manifest(const struct install *install)
{
    return install->state != TEE_HANDLE_NULL &&
           memcmp(install->installed.digest, install->wanted.digest, KM_MANIFEST_DIGEST_LEN) == 0;
}

static TEE_Result check_sequence(struct install *install)
{
    const struct km_manifest_record *there = &install->installed;
    if (is_same_manifest(install))
        return TEE_SUCCESS;
    if (install->state == TEE_HANDLE_NULL)
        return install->manifest.is_update ? TEE_ERROR_BAD_STATE
                                           : km_provision_enter(&install->gate);
    /* Of one that was interrupted parts are missing, which no other brings. */
    if (there->phase == KM_CRYPTO_MANIFEST_UNDER_WAY)
        return TEE_ERROR_BAD_STATE;
    if (!install->manifest.is_update)
        return KM_CRYPTO_E_EXISTS;
    if (install->wanted.sequence <= there->sequence)
        return KM_CRYPTO_E_ROLLBACK;
    return km_slice_equal(
               KM_SLICE(there->device_class.at, there->device_class.len),
               KM_SLICE(install->wanted.device_class.at, install->wanted.device_class.len))
               ? TEE_SUCCESS
               : KM_CRYPTO_E_OTHER_DEVICE;
}

static TEE_Result unseal(struct install *install)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    KM_TRY_TEE(load_class_key(install->session, &key));
    /* For this once, in this copy; the stored one can do nothing. */
    key->meta.usage = KM_CRYPTO_USAGE_DERIVE;
    KM_TRY_TEE(km_ecies_open(key, &install->manifest.sealed, &install->plain));
    return km_manifest_body_parse(KM_SLICE(install->plain.at, install->plain.len), &install->body)
               ? TEE_SUCCESS
               : TEE_ERROR_BAD_FORMAT;
}

/* The root that verifies this manifest and later ones has to be the root that the device will know. */
static TEE_Result check_root(const struct install *install)
{
    struct km_slice der = {0};
    struct km_slice spki = {0};
    if (!km_manifest_body_find(&install->body, OEM_ROOT_CERTIFICATE, &der))
        return install->manifest.is_update ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
    return km_cert_form_key(der, &spki) && km_slice_equal(spki, install->manifest.signer)
               ? TEE_SUCCESS
               : KM_CRYPTO_E_SIGNER;
}

static bool name_is(const struct km_crypto_name *name, const char *text)
{
    return km_slice_equal(KM_SLICE(name->at, name->len), KM_SLICE_STR(text));
}

/* Device keys are made on the device, and what the service keeps for itself is nobody's. */
static TEE_Result check_key(const struct install *install, uint32_t at)
{
    const struct km_key *key = install->keys[at];
    const struct km_crypto_name *name = &install->names[at];
    bool is_signer = true;
    bool is_there = false;
    if (km_name_begins(name, KM_NAMES_OF_SERVICE) ||
        (km_name_begins(name, KM_NAMES_OF_DEVICE) && !key->type->is_public))
        return KM_CRYPTO_E_BAD_NAME;
    for (uint32_t i = 0; i < at; i++) {
        if (km_slice_equal(KM_SLICE(name->at, name->len),
                           KM_SLICE(install->names[i].at, install->names[i].len)))
            return TEE_ERROR_BAD_FORMAT;
    }
    if (name_is(name, OEM_PUBLIC_KEY))
        KM_TRY_TEE(is_public_part(key, install->wanted.signer, &is_signer));
    if (!is_signer)
        return KM_CRYPTO_E_SIGNER;
    return km_key_store_admits(name, &is_there);
}

static TEE_Result read_keys(struct install *install)
{
    for (uint32_t i = 0; i < install->body.n_keys; i++) {
        struct km_opaque_key from = {0};
        if (!km_opaque_key_parse(install->body.keys[i], &from) ||
            !km_crypto_name_parse(from.name, &install->names[i]))
            return TEE_ERROR_BAD_FORMAT;
        KM_TRY_TEE(km_import_opaque(install->session, &from, &install->keys[i]));
        install->keys[i]->meta.flags =
            install->keys[i]->type->is_public ? KM_CRYPTO_INFO_PROVISIONED : 0;
        KM_TRY_TEE(check_key(install, i));
    }
    return TEE_SUCCESS;
}

/* ---- installing ---- */

static bool has_paired_key(const struct install *install)
{
    for (uint32_t i = 0; i < install->body.n_keys; i++) {
        if (km_manifest_is_paired(KM_SLICE(install->names[i].at, install->names[i].len)))
            return true;
    }
    return false;
}

static TEE_Result open_certs(struct install *install)
{
    static const TEE_UUID uuid = KM_CERTS_TA_UUID;
    /* The Core API wants it in memory of the application that can be written. */
    TEE_UUID certs = uuid;
    if (install->body.n_certificates == 0 && !has_paired_key(install))
        return TEE_SUCCESS;
    return TEE_OpenTASession(&certs, TEE_TIMEOUT_INFINITE, 0, NULL, &install->certs, NULL);
}

static TEE_Result from_certs(TEE_Result result)
{
    switch (result) {
    case KM_CERTS_E_BAD_NAME:
        return KM_CRYPTO_E_BAD_NAME;
    case KM_CERTS_E_TOO_LARGE:
        return KM_CRYPTO_E_TOO_LARGE;
    default:
        return result;
    }
}

/*
 * A certificate command that was interrupted may be about to put its public key here. Whoever passes the other application's gate
 * ends it: before ours come, so that the later wins. Putting certificates passes it as well.
 */
static TEE_Result settle_certs(struct install *install)
{
    TEE_Param params[TEE_NUM_PARAMS] = {0};
    if (install->certs == TEE_HANDLE_NULL || install->body.n_certificates != 0)
        return TEE_SUCCESS;
    return from_certs(
        TEE_InvokeTACommand(install->certs, TEE_TIMEOUT_INFINITE, KM_CERTS_CMD_PROVISION_STATE,
                            TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, 0, 0, 0), params, NULL));
}

static TEE_Result put_certificate(struct install *install,
                                  const struct km_manifest_certificate *certificate)
{
    TEE_Param params[TEE_NUM_PARAMS] = {0};
    params[0].memref.buffer = (void *)(uintptr_t)certificate->name.ptr;
    params[0].memref.size = certificate->name.len;
    params[1].memref.buffer = (void *)(uintptr_t)certificate->der.ptr;
    params[1].memref.size = certificate->der.len;
    return from_certs(TEE_InvokeTACommand(
        install->certs, TEE_TIMEOUT_INFINITE, KM_CERTS_CMD_MANIFEST_PUT,
        TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_INPUT, 0, 0), params,
        NULL));
}

/* From here on the store says that this manifest is under way; nothing was changed before. */
static TEE_Result write_phase(struct install *install, uint32_t phase)
{
    uint8_t buf[KM_MANIFEST_RECORD_MAX] = {0};
    size_t len = 0;
    install->wanted.phase = phase;
    if (!km_manifest_record_put(&install->wanted, KM_SPAN(buf, sizeof(buf)), &len))
        km_ta_unreached();
    if (install->state != TEE_HANDLE_NULL)
        return km_stored_write(&install->state, 0, KM_SLICE(buf, len));
    TEE_Result result = km_stored_create(KM_STORED_STATE, &STATE, KM_SLICE(buf, len));
    if (result == KM_CRYPTO_E_EXISTS)
        return TEE_ERROR_ACCESS_CONFLICT;
    KM_TRY_TEE(result);
    KM_TRY_TEE(hold_state(install));
    return is_same_manifest(install) ? TEE_SUCCESS : TEE_ERROR_ACCESS_CONFLICT;
}

static TEE_Result put_all(struct install *install)
{
    KM_TRY_TEE(write_phase(install, KM_CRYPTO_MANIFEST_UNDER_WAY));
    KM_TRY_TEE(settle_certs(install));
    for (uint32_t i = 0; i < install->body.n_certificates; i++)
        KM_TRY_TEE(put_certificate(install, &install->body.certificates[i]));
    for (uint32_t i = 0; i < install->body.n_keys; i++)
        KM_TRY_TEE(km_key_store_install(install->keys[i], &install->names[i]));
    return write_phase(install, KM_CRYPTO_MANIFEST_COMPLETE);
}

static TEE_Result check_and_put(struct install *install, const struct km_manifest_trust *trust,
                                bool *ret_is_new)
{
    TEE_Result result = hold_state(install);
    if (result != TEE_ERROR_ITEM_NOT_FOUND)
        KM_TRY_TEE(result);
    KM_TRY_TEE(check_signer(install, trust));
    KM_TRY_TEE(check_signature(install));
    KM_TRY_TEE(check_sequence(install));
    if (is_same_manifest(install) && install->installed.phase == KM_CRYPTO_MANIFEST_COMPLETE) {
        *ret_is_new = false;
        return TEE_SUCCESS;
    }
    KM_TRY_TEE(unseal(install));
    KM_TRY_TEE(check_root(install));
    KM_TRY_TEE(read_keys(install));
    KM_TRY_TEE(open_certs(install));
    KM_TRY_TEE(put_all(install));
    *ret_is_new = true;
    return TEE_SUCCESS;
}

TEE_Result km_manifest_install(struct km_session *session, struct km_slice package,
                               const struct km_manifest_trust *trust, bool *ret_is_new)
{
    KM_AUTO(install_freep)
    struct install *install = TEE_Malloc(sizeof(*install), TEE_MALLOC_FILL_ZERO);
    if (install == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    install->session = session;
    KM_TRY_TEE(parse(install, package));
    TEE_Result result = check_and_put(install, trust, ret_is_new);
    km_audit(result == TEE_SUCCESS ? "manifest" : "manifest-refused", &install->wanted.device_class,
             result);
    return result;
}
