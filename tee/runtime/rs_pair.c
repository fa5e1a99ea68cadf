/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

static bool split_number(struct km_rd *rd, uint8_t *out, size_t width)
{
    uint8_t tag = 0;
    uint8_t len = 0;
    struct km_slice number = {0};
    if (!km_rd_u8(rd, &tag) || tag != 0x02 || !km_rd_u8(rd, &len) || !km_rd_bytes(rd, len, &number))
        return false;
    while (number.len > width && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    if (number.len > width)
        return false;
    km_copy(out + (width - number.len), number.len, number.ptr, number.len);
    return true;
}

bool km_rt_rs_from_der(struct km_slice der, size_t width, uint8_t out[2 * KM_RT_RS_HALF_MAX])
{
    struct km_rd rd = km_rd_init(der);
    uint8_t tag = 0;
    uint8_t len = 0;
    if (!km_rd_u8(&rd, &tag) || tag != 0x30 || !km_rd_u8(&rd, &len))
        return false;
    if (len == 0x81 && !km_rd_u8(&rd, &len))
        return false;
    return km_rd_left(&rd) == len && split_number(&rd, out, width) &&
           split_number(&rd, out + width, width) && km_rd_done(&rd);
}

static void join_number(struct km_wr *wr, const uint8_t *number, size_t width)
{
    while (width > 1 && number[0] == 0) {
        number++;
        width--;
    }
    bool pad = (number[0] & 0x80) != 0;
    km_wr_u8(wr, 0x02);
    km_wr_u8(wr, (uint8_t)(width + pad));
    if (pad)
        km_wr_u8(wr, 0);
    km_wr_bytes(wr, KM_SLICE(number, width));
}

bool km_rt_rs_to_der(const uint8_t *rs, size_t width, uint8_t out[KM_RT_RS_DER_MAX],
                     size_t *ret_len)
{
    uint8_t body[KM_RT_RS_DER_MAX] = {0};
    struct km_wr inner = km_wr_init(body, sizeof(body));
    join_number(&inner, rs, width);
    join_number(&inner, rs + width, width);
    struct km_slice numbers = {0};
    struct km_slice all = {0};
    if (!km_wr_finish(&inner, &numbers))
        return false;
    struct km_wr wr = km_wr_init(out, KM_RT_RS_DER_MAX);
    km_wr_u8(&wr, 0x30);
    if (numbers.len >= 0x80)
        km_wr_u8(&wr, 0x81);
    km_wr_u8(&wr, (uint8_t)numbers.len);
    km_wr_bytes(&wr, numbers);
    bool ok = km_wr_finish(&wr, &all);
    *ret_len = all.len;
    return ok;
}
