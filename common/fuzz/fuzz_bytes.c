/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first octet says how many octets of a program follow; what is behind it is read as the program
 * says. Every read is checked against plain arithmetic, and the writer must print the octets back.
 */
#include "common/km_bytes.h"
#include "fuzz/km_fuzz.h"

enum {
    OP_U8,
    OP_U16LE,
    OP_U32LE,
    OP_U64LE,
    OP_U16BE,
    OP_U32BE,
    OP_U64BE,
    OP_BYTES,
    OP_BLOB,
    N_OPS
};

static const size_t widths[N_OPS] = {
    [OP_U8] = 1,    [OP_U16LE] = 2, [OP_U32LE] = 4, [OP_U64LE] = 8,
    [OP_U16BE] = 2, [OP_U32BE] = 4, [OP_U64BE] = 8,
};

static bool copy_small(struct km_rd *rd, unsigned op, struct km_wr *wr)
{
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    if (op == OP_U8 && km_rd_u8(rd, &u8))
        km_wr_u8(wr, u8);
    else if (op == OP_U16LE && km_rd_u16le(rd, &u16))
        km_wr_u16le(wr, u16);
    else if (op == OP_U16BE && km_rd_u16be(rd, &u16))
        km_wr_u16be(wr, u16);
    else
        return false;
    return true;
}

static bool copy_number(struct km_rd *rd, unsigned op, struct km_wr *wr)
{
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    if (op == OP_U32LE && km_rd_u32le(rd, &u32))
        km_wr_u32le(wr, u32);
    else if (op == OP_U32BE && km_rd_u32be(rd, &u32))
        km_wr_u32be(wr, u32);
    else if (op == OP_U64LE && km_rd_u64le(rd, &u64))
        km_wr_u64le(wr, u64);
    else if (op == OP_U64BE && km_rd_u64be(rd, &u64))
        km_wr_u64be(wr, u64);
    else
        return copy_small(rd, op, wr);
    return true;
}

static bool copy_one(struct km_rd *rd, uint8_t instruction, struct km_wr *wr)
{
    unsigned op = instruction % N_OPS;
    size_t arg = instruction / N_OPS;
    size_t left = km_rd_left(rd);
    struct km_slice v = {0};
    if (op == OP_BYTES) {
        bool ok = km_rd_bytes(rd, arg, &v);
        KM_FUZZ_CHECK(ok == (arg <= left));
        km_wr_bytes(wr, v);
        return ok;
    }
    if (op == OP_BLOB) {
        bool ok = km_rd_blob32le(rd, arg, &v);
        KM_FUZZ_CHECK(!ok || (v.len <= arg && km_rd_left(rd) == left - 4 - v.len));
        if (ok)
            km_wr_blob32le(wr, v);
        return ok;
    }
    bool ok = copy_number(rd, op, wr);
    KM_FUZZ_CHECK(ok == (widths[op] <= left));
    return ok;
}

static void run_program(struct km_slice program, struct km_slice in)
{
    uint8_t *buf = malloc(in.len + 1);
    KM_FUZZ_CHECK(buf != NULL);
    struct km_rd rd = km_rd_init(in);
    struct km_wr wr = km_wr_init(buf, in.len);
    for (size_t i = 0; i < program.len; i++) {
        size_t left = km_rd_left(&rd);
        if (!copy_one(&rd, program.ptr[i], &wr))
            KM_FUZZ_CHECK(km_rd_left(&rd) == left);
    }
    struct km_slice out = {0};
    KM_FUZZ_CHECK(km_wr_finish(&wr, &out));
    KM_FUZZ_CHECK(km_slice_equal(out, KM_SLICE(in.ptr, in.len - km_rd_left(&rd))));
    free(buf);
}

/* A shortest-form encoder of its own: text is UTF-8 exactly when decoding and encoding agree. */
static size_t encode(uint32_t c, uint8_t ret[4])
{
    static const uint8_t leads[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len; i > 1; i--, c >>= 6)
        ret[i - 1] = (uint8_t)(0x80u | (c & 0x3fu));
    ret[0] = (uint8_t)(leads[len] | c);
    return len;
}

static bool is_utf8(struct km_slice text)
{
    for (size_t at = 0; at < text.len;) {
        uint8_t lead = text.ptr[at];
        size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        uint32_t c = len == 1 ? lead : lead & (0x7fu >> len);
        uint8_t again[4] = {0};
        if (len > text.len - at)
            return false;
        for (size_t i = 1; i < len; i++)
            c = (c << 6) | (text.ptr[at + i] & 0x3fu);
        if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || encode(c, again) != len ||
            !km_slice_equal(KM_SLICE(again, len), KM_SLICE(text.ptr + at, len)))
            return false;
        at += len;
    }
    return true;
}

static void check_hex(struct km_slice in)
{
    size_t cap = 2 * in.len + 1;
    char *text = malloc(cap);
    uint8_t *back = malloc(in.len + 1);
    KM_FUZZ_CHECK(text != NULL && back != NULL);
    km_hex(in, text, cap);
    KM_FUZZ_CHECK(km_unhex(text, back, in.len));
    KM_FUZZ_CHECK(km_slice_equal(in, KM_SLICE(back, in.len)));
    free(text);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    uint8_t program_len = 0;
    struct km_slice program = {0};
    struct km_slice in = {0};
    KM_FUZZ_CHECK(km_utf8_valid(KM_SLICE(data, size)) == is_utf8(KM_SLICE(data, size)));
    check_hex(KM_SLICE(data, size));
    if (km_rd_u8(&rd, &program_len) && km_rd_bytes(&rd, program_len, &program) &&
        km_rd_bytes(&rd, km_rd_left(&rd), &in))
        run_program(program, in);
    return 0;
}
