/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on the manifest and the class key that it is sealed to. */
#include "format/manifest.h"
#include "ta/crypto/key_der.h"
#include "ta/crypto/manifest.h"

TEE_Result km_cmd_manifest_class_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    uint8_t der[KM_CRYPTO_DER_KEY_MAX] = {0};
    struct km_crypto_attrs attrs = {0};
    size_t len = 0;
    /* Room is asked for before a key is made: 158 octets are P-521's. */
    KM_TRY_TEE(km_ta_room(&params[1], 158));
    KM_TRY_TEE(km_manifest_class_key(session, km_in(&params[0]), &key));
    km_key_attrs(key, &attrs);
    if (!km_der_key_put_spki(&attrs, KM_SPAN(der, sizeof(der)), &len))
        km_ta_unreached();
    return km_ta_give(&params[1], KM_SLICE(der, len));
}

/* Out of the client's reach before anything looks at it. */
static TEE_Result copy_in(const TEE_Param *param, size_t max, uint8_t **ret, struct km_slice *view)
{
    struct km_slice in = km_in(param);
    if (in.len > max)
        return KM_CRYPTO_E_TOO_LARGE;
    uint8_t *copy = TEE_Malloc(in.len, TEE_MALLOC_FILL_ZERO);
    if (copy == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (in.len != 0)
        TEE_MemMove(copy, in.ptr, in.len);
    *ret = copy;
    *view = KM_SLICE(copy, in.len);
    return TEE_SUCCESS;
}

TEE_Result km_cmd_manifest_install(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_ta_freep) uint8_t *package = NULL;
    KM_AUTO(km_ta_freep) uint8_t *root = NULL;
    struct km_slice package_view = {0};
    uint32_t flags = params[2].value.a;
    struct km_manifest_trust trust = {.first = (flags & KM_CRYPTO_MANIFEST_TRUST_FIRST) != 0};
    bool is_new = false;
    if ((flags & ~KM_CRYPTO_MANIFEST_FLAGS_ALL) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(copy_in(&params[0], KM_MANIFEST_MAX, &package, &package_view));
    KM_TRY_TEE(copy_in(&params[1], KM_MANIFEST_CERTIFICATE_MAX, &root, &trust.root));
    KM_TRY_TEE(km_manifest_install(session, package_view, &trust, &is_new));
    params[3].value.a = is_new ? 1 : 0;
    params[3].value.b = 0;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_manifest_state(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t buf[KM_CRYPTO_MANIFEST_WIRE_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_manifest_record record = {0};
    struct km_slice whole = {0};
    (void)session;
    TEE_Result result = km_manifest_state(&record);
    if (result != TEE_ERROR_ITEM_NOT_FOUND) {
        KM_TRY_TEE(result);
        km_wr_u64le(&wr, record.sequence);
        km_wr_bytes(&wr, KM_SLICE(record.digest, sizeof(record.digest)));
        km_wr_bytes(&wr, KM_SLICE(record.signer, sizeof(record.signer)));
        km_wr_blob32le(&wr, KM_SLICE(record.device_class.at, record.device_class.len));
    }
    if (!km_wr_finish(&wr, &whole))
        km_ta_unreached();
    KM_TRY_TEE(km_ta_give(&params[1], whole));
    params[0].value.a = record.phase;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}
