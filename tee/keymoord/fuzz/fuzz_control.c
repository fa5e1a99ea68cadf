/* SPDX-License-Identifier: Apache-2.0 */
/* A control message that is accepted prints back as it was. */
#include "fuzz/km_fuzz.h"
#include "tee/host/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[KM_CTL_MAX];
    struct km_ctl_msg msg = {0};
    if (size > sizeof(buf) || !km_ctl_parse(KM_SLICE(data, size), &msg))
        return 0;
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice out = {0};
    km_ctl_put(&wr, &msg);
    KM_FUZZ_CHECK(km_wr_finish(&wr, &out));
    KM_FUZZ_CHECK(km_slice_equal(out, KM_SLICE(data, size)));
    KM_FUZZ_CHECK(km_ctl_n_fds(&msg) <= 2);
    return 0;
}
