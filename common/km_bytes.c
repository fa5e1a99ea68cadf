/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_bytes.h"

#include <stdlib.h>
#include <string.h>

struct km_rd km_rd_init(struct km_slice in)
{
    /* A NULL view would make pos + 0 arithmetic on NULL: stand on an octet of our own instead. */
    static const uint8_t nothing = 0;
    const uint8_t *start = in.ptr != NULL ? in.ptr : &nothing;
    size_t len = in.ptr != NULL ? in.len : 0;
    return (struct km_rd){.pos = start, .end = start + len, .depth = KM_RD_DEPTH};
}

size_t km_rd_left(const struct km_rd *rd)
{
    return (size_t)(rd->end - rd->pos);
}

/* Little-endian: the octet at pos counts least. */
static bool read_le(struct km_rd *rd, size_t n, uint64_t *ret)
{
    if (km_rd_left(rd) < n)
        return false;
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--)
        v = (v << 8) | rd->pos[i - 1];
    rd->pos += n;
    *ret = v;
    return true;
}

static bool read_be(struct km_rd *rd, size_t n, uint64_t *ret)
{
    if (km_rd_left(rd) < n)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = (v << 8) | rd->pos[i];
    rd->pos += n;
    *ret = v;
    return true;
}

bool km_rd_u8(struct km_rd *rd, uint8_t *ret)
{
    uint64_t v = 0;
    if (!read_be(rd, sizeof(*ret), &v))
        return false;
    *ret = (uint8_t)v;
    return true;
}

bool km_rd_u16le(struct km_rd *rd, uint16_t *ret)
{
    uint64_t v = 0;
    if (!read_le(rd, sizeof(*ret), &v))
        return false;
    *ret = (uint16_t)v;
    return true;
}

bool km_rd_u32le(struct km_rd *rd, uint32_t *ret)
{
    uint64_t v = 0;
    if (!read_le(rd, sizeof(*ret), &v))
        return false;
    *ret = (uint32_t)v;
    return true;
}

bool km_rd_u64le(struct km_rd *rd, uint64_t *ret)
{
    return read_le(rd, sizeof(*ret), ret);
}

bool km_rd_u16be(struct km_rd *rd, uint16_t *ret)
{
    uint64_t v = 0;
    if (!read_be(rd, sizeof(*ret), &v))
        return false;
    *ret = (uint16_t)v;
    return true;
}

bool km_rd_u32be(struct km_rd *rd, uint32_t *ret)
{
    uint64_t v = 0;
    if (!read_be(rd, sizeof(*ret), &v))
        return false;
    *ret = (uint32_t)v;
    return true;
}

bool km_rd_u64be(struct km_rd *rd, uint64_t *ret)
{
    return read_be(rd, sizeof(*ret), ret);
}

bool km_rd_bytes(struct km_rd *rd, size_t len, struct km_slice *ret)
{
    if (km_rd_left(rd) < len)
        return false;
    *ret = KM_SLICE(rd->pos, len);
    rd->pos += len;
    return true;
}

bool km_rd_copy(struct km_rd *rd, void *dst, size_t len)
{
    struct km_slice bytes = {0};
    if (!km_rd_bytes(rd, len, &bytes))
        return false;
    km_copy(dst, len, bytes.ptr, bytes.len);
    return true;
}

bool km_rd_sub(struct km_rd *rd, size_t len, struct km_rd *ret)
{
    struct km_slice bytes = {0};
    if (rd->depth == 0 || !km_rd_bytes(rd, len, &bytes))
        return false;
    *ret = (struct km_rd){.pos = bytes.ptr, .end = bytes.ptr + len, .depth = rd->depth - 1};
    return true;
}

bool km_rd_blob32le(struct km_rd *rd, size_t max, struct km_slice *ret)
{
    struct km_rd ahead = *rd;
    uint32_t len = 0;
    struct km_slice bytes = {0};
    if (!km_rd_u32le(&ahead, &len) || len > max || !km_rd_bytes(&ahead, len, &bytes))
        return false;
    *rd = ahead;
    *ret = bytes;
    return true;
}

bool km_rd_done(const struct km_rd *rd)
{
    return rd->pos == rd->end;
}

struct km_wr km_wr_init(void *buf, size_t cap)
{
    return (struct km_wr){.buf = buf, .cap = buf != NULL ? cap : 0};
}

/* Room for len more octets, or NULL with the overflow remembered. */
static uint8_t *make_room(struct km_wr *wr, size_t len)
{
    if (wr->overflow || len > wr->cap - wr->len) {
        wr->overflow = true;
        return NULL;
    }
    uint8_t *at = wr->buf + wr->len;
    wr->len += len;
    return at;
}

static void write_le(struct km_wr *wr, size_t n, uint64_t v)
{
    uint8_t *at = make_room(wr, n);
    for (size_t i = 0; at != NULL && i < n; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static void write_be(struct km_wr *wr, size_t n, uint64_t v)
{
    uint8_t *at = make_room(wr, n);
    for (size_t i = 0; at != NULL && i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void km_wr_u8(struct km_wr *wr, uint8_t v)
{
    write_be(wr, sizeof(v), v);
}

void km_wr_u16le(struct km_wr *wr, uint16_t v)
{
    write_le(wr, sizeof(v), v);
}

void km_wr_u32le(struct km_wr *wr, uint32_t v)
{
    write_le(wr, sizeof(v), v);
}

void km_wr_u64le(struct km_wr *wr, uint64_t v)
{
    write_le(wr, sizeof(v), v);
}

void km_wr_u16be(struct km_wr *wr, uint16_t v)
{
    write_be(wr, sizeof(v), v);
}

void km_wr_u32be(struct km_wr *wr, uint32_t v)
{
    write_be(wr, sizeof(v), v);
}

void km_wr_u64be(struct km_wr *wr, uint64_t v)
{
    write_be(wr, sizeof(v), v);
}

void km_wr_bytes(struct km_wr *wr, struct km_slice bytes)
{
    if (bytes.len == 0)
        return;
    uint8_t *at = make_room(wr, bytes.len);
    if (at != NULL)
        km_copy(at, bytes.len, bytes.ptr, bytes.len);
}

void km_wr_blob32le(struct km_wr *wr, struct km_slice bytes)
{
    if (bytes.len > UINT32_MAX) {
        wr->overflow = true;
        return;
    }
    km_wr_u32le(wr, (uint32_t)bytes.len);
    km_wr_bytes(wr, bytes);
}

void km_wr_insert(struct km_wr *wr, size_t at, struct km_slice bytes)
{
    if (at > wr->len) {
        wr->overflow = true;
        return;
    }
    size_t behind = wr->len - at;
    if (bytes.len == 0 || make_room(wr, bytes.len) == NULL)
        return;
    memmove(wr->buf + at + bytes.len, wr->buf + at, behind);
    memmove(wr->buf + at, bytes.ptr, bytes.len);
}

bool km_wr_finish(const struct km_wr *wr, struct km_slice *ret)
{
    if (wr->overflow)
        return false;
    *ret = KM_SLICE(wr->buf, wr->len);
    return true;
}

void km_copy(void *dst, size_t cap, const void *src, size_t len)
{
    if (len > cap)
        abort();
    /* memmove: a view and its target may share a buffer, and it costs nothing more. */
    if (len > 0)
        memmove(dst, src, len);
}

bool km_slice_equal(struct km_slice a, struct km_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* How long the well-formed sequence at the start of text is, 0 for none (Unicode, table 3-7). */
static size_t utf8_sequence_len(const uint8_t *text, size_t left)
{
    static const struct {
        uint8_t lead_min, lead_max; /* first octet */
        uint8_t next_min, next_max; /* second octet; those behind it are 80..bf */
        uint8_t len;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(forms); i++) {
        if (text[0] < forms[i].lead_min || text[0] > forms[i].lead_max)
            continue;
        if (left < forms[i].len)
            return 0;
        if (forms[i].len > 1 && (text[1] < forms[i].next_min || text[1] > forms[i].next_max))
            return 0;
        for (size_t k = 2; k < forms[i].len; k++) {
            if (text[k] < 0x80 || text[k] > 0xbf)
                return 0;
        }
        return forms[i].len;
    }
    return 0;
}

bool km_utf8_valid(struct km_slice text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = utf8_sequence_len(text.ptr + at, text.len - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

void km_hex(struct km_slice bytes, char *ret, size_t cap)
{
    static const char digits[] = "0123456789abcdef";
    if (cap == 0 || bytes.len > (cap - 1) / 2)
        abort();
    for (size_t i = 0; i < bytes.len; i++) {
        ret[2 * i] = digits[bytes.ptr[i] >> 4];
        ret[2 * i + 1] = digits[bytes.ptr[i] & 0x0f];
    }
    ret[2 * bytes.len] = '\0';
}

#define NOT_A_DIGIT 0xffu

static uint8_t hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint8_t)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (uint8_t)(c - 'A' + 10);
    return NOT_A_DIGIT;
}

bool km_unhex(const char *text, uint8_t *ret, size_t len)
{
    size_t n_digits = strlen(text);
    if (n_digits % 2 != 0 || n_digits / 2 != len)
        return false;
    for (size_t i = 0; i < n_digits; i++) {
        if (hex_value(text[i]) == NOT_A_DIGIT)
            return false;
    }
    for (size_t i = 0; i < len; i++)
        ret[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return true;
}
