/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys that belong to certificates: they come from the certificate application, which believed a signature, and nobody else. */
#include "ta/certs/certs_protocol.h"
#include "ta/crypto/manifest.h"

/* The device's own keys are no certificate's: the certificate is theirs. */
static const char *const NAMES[] = {
    "com.seqlabs.oem_pub_key",         "com.seqlabs.oem_cloud_pub_key",
    "com.seqlabs.oem_payload_pub_key", "com.seqlabs.oem_command_pub_key",
    "com.seqlabs.emp_pub_key",         "com.seqlabs.emp_cloud_pub_key",
};

bool km_manifest_is_paired(struct km_slice name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(NAMES); i++) {
        if (km_slice_equal(name, KM_SLICE_STR(NAMES[i])))
            return true;
    }
    return false;
}

static TEE_Result key_in(const struct km_session *session, const TEE_Param params[TEE_NUM_PARAMS],
                         struct km_crypto_name *ret_name, struct km_key **ret_key,
                         bool *ret_is_there)
{
    static const TEE_UUID certs = KM_CERTS_TA_UUID;
    if (!km_client_is_ta(&certs))
        return TEE_ERROR_ACCESS_DENIED;
    if (!km_manifest_is_paired(km_in(&params[0])) ||
        !km_crypto_name_parse(km_in(&params[0]), ret_name))
        return KM_CRYPTO_E_BAD_NAME;
    return km_key_store_public(&session->caller, ret_name, km_in(&params[1]), ret_key,
                               ret_is_there);
}

TEE_Result km_cmd_public_hold(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_name name = {0};
    bool is_there = false;
    KM_TRY_TEE(key_in(session, params, &name, &key, &is_there));
    return session->manifest_lock != TEE_HANDLE_NULL ? TEE_SUCCESS
                                                     : km_manifest_lock(&session->manifest_lock);
}

TEE_Result km_cmd_public_put(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_name name = {0};
    bool is_there = false;
    KM_TRY_TEE(key_in(session, params, &name, &key, &is_there));
    return is_there ? TEE_SUCCESS : km_key_store_put(key, &name);
}
