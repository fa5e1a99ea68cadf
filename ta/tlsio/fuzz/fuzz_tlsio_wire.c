/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses prints back to the same octets. The first octet says as what it is read. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "ta/tlsio/tlsio_wire.h"

static uint8_t printed[8192];

static void settings(struct km_slice in, struct km_wr *wr)
{
    struct km_tlsio_settings got = {0};
    if (km_tlsio_settings_parse(in, &got))
        km_tlsio_settings_put(wr, &got);
}

static void step_in(struct km_slice in, struct km_wr *wr)
{
    struct km_tlsio_step_in got = {0};
    if (km_tlsio_step_in_parse(in, &got))
        km_tlsio_step_in_put(wr, &got);
}

static void step_out(struct km_slice in, struct km_wr *wr)
{
    struct km_tlsio_step_out got = {0};
    if (km_tlsio_step_out_parse(in, &got))
        km_tlsio_step_out_put(wr, &got);
}

static void info(struct km_slice in, struct km_wr *wr)
{
    struct km_tlsio_info got = {0};
    if (km_tlsio_info_parse(in, &got))
        km_tlsio_info_put(wr, &got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const all[])(struct km_slice in, struct km_wr * wr) = {settings, step_in,
                                                                         step_out, info};
    if (size == 0)
        return 0;
    struct km_slice in = KM_SLICE(data + 1, size - 1);
    struct km_wr wr = km_wr_init(printed, sizeof(printed));
    all[data[0] % KM_ARRAY_LEN(all)](in, &wr);
    KM_FUZZ_CHECK(!wr.overflow);
    KM_FUZZ_CHECK(wr.len == 0 || km_slice_equal(in, KM_SLICE(printed, wr.len)));
    return 0;
}
