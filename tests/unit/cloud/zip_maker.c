/* SPDX-License-Identifier: Apache-2.0 */
#include "zip_maker.h"

#include <zlib.h>

#include "tests/unit/km_test.h"

static size_t pack(const struct zip_file *file, uint8_t *out, size_t cap)
{
    if (!file->is_deflated) {
        km_copy(out, cap, file->bytes.ptr, file->bytes.len);
        return file->bytes.len;
    }
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)file->bytes.ptr,
                       .avail_in = (uInt)file->bytes.len,
                       .next_out = out,
                       .avail_out = (uInt)cap};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return (size_t)stream.total_out;
}

/* What the local header and the record have in common. */
static void put_common(struct km_wr *wr, const struct zip_file *file, size_t packed)
{
    km_wr_u16le(wr, 20);
    km_wr_u16le(wr, 0x800);
    km_wr_u16le(wr, file->is_deflated ? 8 : 0);
    km_wr_u32le(wr, 0);
    km_wr_u32le(wr, (uint32_t)crc32(0, file->bytes.ptr, (uInt)file->bytes.len));
    km_wr_u32le(wr, (uint32_t)packed);
    km_wr_u32le(wr, (uint32_t)file->bytes.len);
    km_wr_u16le(wr, (uint16_t)strlen(file->name));
    km_wr_u16le(wr, 0);
}

static void put_record(struct km_wr *wr, const struct zip_file *file, size_t packed, size_t at)
{
    km_wr_u32le(wr, 0x02014b50u);
    km_wr_u16le(wr, 0x0314);
    put_common(wr, file, packed);
    km_wr_u16le(wr, 0);
    km_wr_u16le(wr, 0);
    km_wr_u16le(wr, 0);
    km_wr_u32le(wr, (uint32_t)file->mode << 16);
    km_wr_u32le(wr, (uint32_t)at);
    km_wr_bytes(wr, KM_SLICE_STR(file->name));
}

size_t zip_make(const struct zip_file *files, size_t n_files, uint8_t *buf, size_t cap)
{
    static uint8_t packed[1 << 20];
    size_t at[64], len[64];
    struct km_wr wr = km_wr_init(buf, cap);
    struct km_slice out = {0};
    assert_true(n_files <= 64);
    for (size_t i = 0; i < n_files; i++) {
        at[i] = wr.len;
        len[i] = pack(&files[i], packed, sizeof packed);
        km_wr_u32le(&wr, 0x04034b50u);
        put_common(&wr, &files[i], len[i]);
        km_wr_bytes(&wr, KM_SLICE_STR(files[i].name));
        km_wr_bytes(&wr, KM_SLICE(packed, len[i]));
    }
    size_t start = wr.len;
    for (size_t i = 0; i < n_files; i++)
        put_record(&wr, &files[i], len[i], at[i]);
    size_t directory = wr.len - start;
    km_wr_u32le(&wr, 0x06054b50u);
    km_wr_u32le(&wr, 0);
    km_wr_u16le(&wr, (uint16_t)n_files);
    km_wr_u16le(&wr, (uint16_t)n_files);
    km_wr_u32le(&wr, (uint32_t)directory);
    km_wr_u32le(&wr, (uint32_t)start);
    km_wr_u16le(&wr, 0);
    assert_true(km_wr_finish(&wr, &out));
    return out.len;
}
