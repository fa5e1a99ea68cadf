/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/opens.h"

#include "ta/crypto/stored.h"

#define NAME_OCTETS 24u /* of a SHA-256, twice as many digits */

static TEE_Result name_of(struct km_slice object_id, const uint8_t signer[32],
                          struct km_crypto_name *ret)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    uint8_t digest[32] = {0};
    size_t len = sizeof(digest);
    KM_TRY_TEE(TEE_AllocateOperation(&op, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0));
    TEE_DigestUpdate(op, signer, 32);
    KM_TRY_TEE(TEE_DigestDoFinal(op, object_id.ptr, object_id.len, digest, &len));
    km_hex(KM_SLICE(digest, NAME_OCTETS), ret->at, sizeof(ret->at));
    ret->len = 2 * NAME_OCTETS;
    return TEE_SUCCESS;
}

TEE_Result km_opens_take(struct km_slice object_id, const uint8_t signer[32], uint64_t max,
                         uint64_t *ret_left)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_crypto_name name = {0};
    struct km_slice data = {0};
    uint8_t none[KM_OPENS_RECORD_LEN] = {0};
    uint64_t opened = 0;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(name_of(object_id, signer, &name));
    km_opens_record_put(0, none);
    /* Held by us alone, so that no two openings are counted as one. */
    KM_TRY_TEE(km_stored_open_or_create(KM_STORED_OPENS, &name, KM_SLICE(none, sizeof(none)),
                                        TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE,
                                        &object));
    KM_TRY_TEE(km_stored_read(&object, buf, &data));
    if (!km_opens_record_parse(data, &opened))
        return TEE_ERROR_CORRUPT_OBJECT;
    if (opened >= max)
        return KM_CRYPTO_E_USED_UP;
    km_opens_record_put(opened + 1, buf);
    KM_TRY_TEE(km_stored_write(&object, 0, KM_SLICE(buf, KM_OPENS_RECORD_LEN)));
    *ret_left = max - (opened + 1);
    return TEE_SUCCESS;
}
