/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, headers, envelopes and records: what is read prints as what was read. First octet: which. */
#include <stdlib.h>

#include "tee/store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(const struct km_wr *wr, struct km_slice in)
{
    struct km_slice out = {0};
    if (!km_wr_finish(wr, &out) || !km_slice_equal(out, in))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct km_slice in = KM_SLICE(data + 1, size - 1);
    uint8_t buf[KM_ENVELOPE_LEN] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof buf);
    struct km_store_key key = {0};
    struct km_head head = {0};
    struct km_record record = {0};
    struct km_slice key_id = {0};
    struct km_slice sealed = {0};
    switch (data[0] % 4) {
    case 0:
        if (km_store_key_parse(in, &key)) {
            km_store_key_put(&wr, &key);
            must_be(&wr, in);
        }
        break;
    case 1:
        if (km_head_parse(in, &head)) {
            km_head_put(&wr, &head);
            must_be(&wr, in);
        }
        break;
    case 2:
        if (km_record_parse(in, &record)) {
            km_record_put(&wr, &record);
            must_be(&wr, in);
        }
        break;
    default:
        if (km_frame_parse(in, &key_id, &sealed)) {
            km_frame_put(&wr, key_id.ptr);
            km_wr_bytes(&wr, sealed);
            must_be(&wr, in);
        }
        break;
    }
    return 0;
}
