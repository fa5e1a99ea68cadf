/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the DER reader takes to its leaves, the writer gives back octet for octet. */
#include "common/km_der.h"
#include "fuzz/km_fuzz.h"

#define CONSTRUCTED 0x20u

/* A leaf goes through the reader of its type where that takes it, else as bare octets. */
static bool reprint_leaf(struct km_rd *rd, uint8_t tag, struct km_wr *wr)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    bool flag = false;
    if (tag == KM_DER_INTEGER && km_der_uint(&ahead, &v)) {
        km_der_put_uint(wr, v);
    } else if (tag == KM_DER_BOOLEAN && km_der_bool(&ahead, &flag)) {
        km_der_put_bool(wr, flag);
    } else if (tag == KM_DER_NULL && km_der_null(&ahead)) {
        km_der_put_null(wr);
    } else if (tag == KM_DER_BIT_STRING && km_der_bit_string(&ahead, &v)) {
        km_der_put_bit_string(wr, v);
    } else {
        ahead = *rd;
        if (!km_der_bytes(&ahead, tag, &v))
            return false;
        km_der_put(wr, tag, v);
    }
    *rd = ahead;
    return true;
}

/* The readers of numbers must agree with each other. */
static void check_numbers(struct km_rd rd, uint8_t tag)
{
    struct km_rd same = rd;
    struct km_slice magnitude = {0};
    uint64_t v = 0;
    if (tag != KM_DER_INTEGER)
        return;
    bool is_uint = km_der_uint(&rd, &magnitude);
    bool is_u64 = km_der_u64(&same, tag, &v);
    KM_FUZZ_CHECK(is_u64 == (is_uint && magnitude.len <= sizeof(v)));
    uint8_t buf[16] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_wr wr64 = wr;
    uint8_t buf64[16] = {0};
    wr64.buf = buf64;
    struct km_slice out = {0};
    struct km_slice out64 = {0};
    if (!is_u64)
        return;
    km_der_put_uint(&wr, magnitude);
    km_der_put_u64(&wr64, tag, v);
    KM_FUZZ_CHECK(km_wr_finish(&wr, &out) && km_wr_finish(&wr64, &out64));
    KM_FUZZ_CHECK(km_slice_equal(out, out64));
}

static bool reprint(struct km_rd *rd, struct km_wr *wr)
{
    while (!km_rd_done(rd)) {
        uint8_t tag = 0;
        struct km_rd inner = {0};
        KM_FUZZ_CHECK(km_der_peek(rd, &tag));
        if ((tag & CONSTRUCTED) == 0) {
            check_numbers(*rd, tag);
            if (!reprint_leaf(rd, tag, wr))
                return false;
            continue;
        }
        if (!km_der_enter(rd, tag, &inner))
            return false;
        size_t mark = km_der_begin(wr, tag);
        if (!reprint(&inner, wr)) /* as deep as the reader allows, no deeper */
            return false;
        km_der_end(wr, mark);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct km_rd rd = km_rd_init(in);
    struct km_slice out = {0};
    uint8_t *buf = malloc(size + 1);
    KM_FUZZ_CHECK(buf != NULL);
    struct km_wr wr = km_wr_init(buf, size); /* no room for one octet more */
    if (reprint(&rd, &wr))
        KM_FUZZ_CHECK(km_wr_finish(&wr, &out) && km_slice_equal(in, out));
    free(buf);
    return 0;
}
