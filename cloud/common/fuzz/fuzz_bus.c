/* SPDX-License-Identifier: Apache-2.0 */
/* What parses as a frame is printed back octet for octet. */
#include "cloud/common/bus.h"
#include "fuzz/km_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_bus_frame frame = {0};
    struct km_slice out = {0};
    if (!km_bus_parse(KM_SLICE(data, size), &frame))
        return 0;
    KM_FUZZ_CHECK(km_bus_size(&frame) == size && size <= KM_BUS_FRAME_MAX);
    uint8_t *buf = malloc(size);
    KM_FUZZ_CHECK(buf != NULL);
    struct km_wr wr = km_wr_init(buf, size);
    KM_FUZZ_CHECK(km_bus_put(&wr, &frame) && km_wr_finish(&wr, &out));
    KM_FUZZ_CHECK(km_slice_equal(out, KM_SLICE(data, size)));
    free(buf);
    return 0;
}
