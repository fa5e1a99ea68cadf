/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/manifest_record.h"

bool km_manifest_record_parse(struct km_slice in, struct km_manifest_record *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_manifest_record record = {0};
    struct km_slice text = {0};
    uint32_t magic = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != KM_MANIFEST_RECORD_MAGIC ||
        !km_rd_u32le(&rd, &record.phase) || !km_rd_u64le(&rd, &record.sequence) ||
        !km_rd_copy(&rd, record.digest, sizeof(record.digest)) ||
        !km_rd_copy(&rd, record.signer, sizeof(record.signer)) ||
        !km_rd_blob32le(&rd, KM_CRYPTO_NAME_MAX, &text) || !km_rd_done(&rd))
        return false;
    if ((record.phase != KM_CRYPTO_MANIFEST_UNDER_WAY &&
         record.phase != KM_CRYPTO_MANIFEST_COMPLETE) ||
        !km_crypto_name_parse(text, &record.device_class))
        return false;
    *ret = record;
    return true;
}

bool km_manifest_record_put(const struct km_manifest_record *record, struct km_span out,
                            size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    struct km_slice whole = {0};
    km_wr_u32le(&wr, KM_MANIFEST_RECORD_MAGIC);
    km_wr_u32le(&wr, record->phase);
    km_wr_u64le(&wr, record->sequence);
    km_wr_bytes(&wr, KM_SLICE(record->digest, sizeof(record->digest)));
    km_wr_bytes(&wr, KM_SLICE(record->signer, sizeof(record->signer)));
    km_wr_blob32le(&wr, KM_SLICE(record->device_class.at, record->device_class.len));
    if (!km_wr_finish(&wr, &whole))
        return false;
    *ret_len = whole.len;
    return true;
}
