/* SPDX-License-Identifier: Apache-2.0 */
/* A head that is taken prints back to the same octets. */
#include "format/payload.h"
#include "fuzz/km_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct km_payload payload = {0};
    uint8_t out[2 * KM_PAYLOAD_HEAD_MAX] = {0};
    struct km_slice printed = {0};
    if (km_payload_parse(in, &payload) == KM_PAYLOAD_OK) {
        KM_FUZZ_CHECK(payload.head_len <= size);
        KM_FUZZ_CHECK(payload.package_len == payload.head_len + payload.payload_len);
        struct km_wr wr = km_wr_init(out, sizeof(out));
        km_payload_put_head(&wr, &payload);
        KM_FUZZ_CHECK(km_wr_finish(&wr, &printed));
        KM_FUZZ_CHECK(km_slice_equal(printed, KM_SLICE(data, payload.head_len)));
        in = payload.content_head;
    }
    if (km_payload_parse_content(in, &payload) == KM_PAYLOAD_OK) {
        struct km_wr wr = km_wr_init(out, sizeof(out));
        km_payload_put_content(&wr, &payload);
        KM_FUZZ_CHECK(km_wr_finish(&wr, &printed) && km_slice_equal(printed, in));
    }
    return 0;
}
