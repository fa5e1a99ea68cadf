/* SPDX-License-Identifier: Apache-2.0 */
/* A digest's state: u32 "K1S1", u32 mechanism, blob of what was fed to it; little-endian. Pure. */
#include "interop/pkcs11/op.h"

#define STATE_MAGIC 0x3153314bu /* "K1S1" */

bool km_p11_state_parse(struct km_slice in, struct km_p11_state *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_p11_state state = {0};
    uint32_t magic = 0;
    uint32_t mechanism = 0;
    if (!km_rd_u32le(&rd, &magic) || magic != STATE_MAGIC || !km_rd_u32le(&rd, &mechanism) ||
        !km_rd_blob32le(&rd, KM_P11_STATE_FED_MAX, &state.fed) || !km_rd_done(&rd))
        return false;
    state.mechanism = mechanism;
    *ret = state;
    return true;
}

bool km_p11_state_put(const struct km_p11_state *state, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    struct km_slice done = {0};
    if (state->mechanism > UINT32_MAX || state->fed.len > KM_P11_STATE_FED_MAX)
        return false;
    km_wr_u32le(&wr, STATE_MAGIC);
    km_wr_u32le(&wr, (uint32_t)state->mechanism);
    km_wr_blob32le(&wr, state->fed);
    if (!km_wr_finish(&wr, &done))
        return false;
    *ret_len = done.len;
    return true;
}
