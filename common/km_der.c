/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_der.h"

#include <string.h>

#define TAG_CONSTRUCTED 0x20u
#define TAG_CLASS 0xc0u
#define TAG_NUMBER 0x1fu
#define LENGTH_OCTETS_MAX 4u

/* X.690 8.1.2.4 (one octet only), 10.2 (strings primitive), 8.9-8.12 (which types are built). */
static bool tag_is_legal(uint8_t tag)
{
    uint8_t number = tag & TAG_NUMBER;
    if (number == TAG_NUMBER || tag == 0)
        return false;
    if ((tag & TAG_CLASS) != 0)
        return true;
    bool is_constructed = (tag & TAG_CONSTRUCTED) != 0;
    switch (number) {
    case 0: /* end of contents */
        return false;
    case 8:  /* EXTERNAL */
    case 11: /* EMBEDDED PDV */
    case 16: /* SEQUENCE */
    case 17: /* SET */
    case 29: /* CHARACTER STRING */
        return is_constructed;
    default:
        return !is_constructed;
    }
}

/* X.690 10.1: definite, in as few octets as possible. */
static bool read_length(struct km_rd *rd, unsigned n_octets_max, uint64_t *ret)
{
    uint8_t first = 0;
    if (!km_rd_u8(rd, &first))
        return false;
    if (first < 0x80) {
        *ret = first;
        return true;
    }
    struct km_slice octets = {0};
    unsigned n_octets = first & 0x7fu;
    if (n_octets == 0 || n_octets > n_octets_max || !km_rd_bytes(rd, n_octets, &octets))
        return false;
    uint64_t len = 0;
    for (size_t i = 0; i < octets.len; i++)
        len = (len << 8) | octets.ptr[i];
    if (octets.ptr[0] == 0 || len < 0x80)
        return false;
    *ret = len;
    return true;
}

bool km_der_header(struct km_rd *rd, uint8_t tag, uint64_t *ret_len)
{
    struct km_rd ahead = *rd;
    uint8_t found = 0;
    uint64_t len = 0;
    if (!km_rd_u8(&ahead, &found) || found != tag || !tag_is_legal(tag) ||
        !read_length(&ahead, sizeof(len), &len))
        return false;
    *rd = ahead;
    *ret_len = len;
    return true;
}

bool km_der_any(struct km_rd *rd, uint8_t *ret_tag, struct km_slice *ret_contents,
                struct km_slice *ret_whole)
{
    struct km_rd ahead = *rd;
    uint8_t tag = 0;
    uint64_t len = 0;
    struct km_slice contents = {0};
    if (!km_rd_u8(&ahead, &tag) || !tag_is_legal(tag) ||
        !read_length(&ahead, LENGTH_OCTETS_MAX, &len) ||
        !km_rd_bytes(&ahead, (size_t)len, &contents))
        return false;
    *ret_tag = tag;
    *ret_contents = contents;
    *ret_whole = KM_SLICE(rd->pos, (size_t)(ahead.pos - rd->pos));
    *rd = ahead;
    return true;
}

bool km_der_peek(const struct km_rd *rd, uint8_t *ret_tag)
{
    struct km_rd ahead = *rd;
    return km_rd_u8(&ahead, ret_tag);
}

/* An element that must have this tag. */
static bool read_element(struct km_rd *rd, uint8_t tag, struct km_slice *ret)
{
    struct km_rd ahead = *rd;
    uint8_t found = 0;
    struct km_slice contents = {0};
    struct km_slice whole = {0};
    if (!km_der_any(&ahead, &found, &contents, &whole) || found != tag)
        return false;
    *rd = ahead;
    *ret = contents;
    return true;
}

bool km_der_enter(struct km_rd *rd, uint8_t tag, struct km_rd *ret_inner)
{
    struct km_rd ahead = *rd;
    struct km_slice contents = {0};
    if (rd->depth == 0 || !read_element(&ahead, tag, &contents))
        return false;
    *ret_inner = (struct km_rd){
        .pos = contents.ptr, .end = contents.ptr + contents.len, .depth = rd->depth - 1};
    *rd = ahead;
    return true;
}

bool km_der_bytes(struct km_rd *rd, uint8_t tag, struct km_slice *ret)
{
    return (tag & TAG_CONSTRUCTED) == 0 && read_element(rd, tag, ret);
}

/* X.690 8.3: the first nine bits are neither all zero nor all one; we take no negative ones. */
static bool read_magnitude(struct km_rd *rd, uint8_t tag, struct km_slice *ret)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    if (!km_der_bytes(&ahead, tag, &v) || v.len == 0 || (v.ptr[0] & 0x80) != 0)
        return false;
    if (v.len > 1 && v.ptr[0] == 0) {
        if ((v.ptr[1] & 0x80) == 0)
            return false;
        v = KM_SLICE(v.ptr + 1, v.len - 1);
    }
    *rd = ahead;
    *ret = v;
    return true;
}

bool km_der_u64(struct km_rd *rd, uint8_t tag, uint64_t *ret)
{
    struct km_rd ahead = *rd;
    struct km_slice magnitude = {0};
    if (!read_magnitude(&ahead, tag, &magnitude) || magnitude.len > sizeof(*ret))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < magnitude.len; i++)
        v = (v << 8) | magnitude.ptr[i];
    *rd = ahead;
    *ret = v;
    return true;
}

bool km_der_uint(struct km_rd *rd, struct km_slice *ret)
{
    return read_magnitude(rd, KM_DER_INTEGER, ret);
}

bool km_der_bool(struct km_rd *rd, bool *ret)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    if (!km_der_bytes(&ahead, KM_DER_BOOLEAN, &v) || v.len != 1 ||
        (v.ptr[0] != 0x00 && v.ptr[0] != 0xff))
        return false;
    *ret = v.ptr[0] != 0;
    *rd = ahead;
    return true;
}

bool km_der_null(struct km_rd *rd)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    if (!km_der_bytes(&ahead, KM_DER_NULL, &v) || v.len != 0)
        return false;
    *rd = ahead;
    return true;
}

bool km_der_bit_string(struct km_rd *rd, struct km_slice *ret)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    if (!km_der_bytes(&ahead, KM_DER_BIT_STRING, &v) || v.len == 0 || v.ptr[0] != 0)
        return false;
    *rd = ahead;
    *ret = KM_SLICE(v.ptr + 1, v.len - 1);
    return true;
}

bool km_der_utf8(struct km_rd *rd, size_t max, struct km_slice *ret)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    if (!km_der_bytes(&ahead, KM_DER_UTF8_STRING, &v) || v.len > max || !km_utf8_valid(v))
        return false;
    *rd = ahead;
    *ret = v;
    return true;
}

bool km_der_oid_is(struct km_rd *rd, struct km_slice contents)
{
    struct km_rd ahead = *rd;
    struct km_slice v = {0};
    if (!km_der_bytes(&ahead, KM_DER_OID, &v) || !km_slice_equal(v, contents))
        return false;
    *rd = ahead;
    return true;
}

/* The header's length octets for contents of len octets; how many there are. */
static size_t format_length(uint64_t len, uint8_t ret[1 + sizeof(uint64_t)])
{
    if (len < 0x80) {
        ret[0] = (uint8_t)len;
        return 1;
    }
    size_t n_octets = 0;
    for (uint64_t rest = len; rest > 0; rest >>= 8)
        n_octets++;
    ret[0] = (uint8_t)(0x80u | n_octets);
    for (size_t i = 0; i < n_octets; i++)
        ret[1 + i] = (uint8_t)(len >> (8 * (n_octets - 1 - i)));
    return 1 + n_octets;
}

static void put_tag(struct km_wr *wr, uint8_t tag)
{
    /* What our own reader would refuse is never written. */
    if (tag_is_legal(tag))
        km_wr_u8(wr, tag);
    else
        wr->overflow = true;
}

void km_der_put_header(struct km_wr *wr, uint8_t tag, uint64_t len)
{
    uint8_t length[1 + sizeof(uint64_t)] = {0};
    put_tag(wr, tag);
    size_t n_octets = format_length(len, length);
    km_wr_bytes(wr, KM_SLICE(length, n_octets));
}

size_t km_der_begin(struct km_wr *wr, uint8_t tag)
{
    put_tag(wr, tag);
    return wr->len;
}

void km_der_end(struct km_wr *wr, size_t mark)
{
    uint8_t length[1 + sizeof(uint64_t)] = {0};
    if (wr->overflow || mark > wr->len || wr->len - mark > UINT32_MAX) {
        wr->overflow = true;
        return;
    }
    size_t n_octets = format_length(wr->len - mark, length);
    km_wr_insert(wr, mark, KM_SLICE(length, n_octets));
}

void km_der_put(struct km_wr *wr, uint8_t tag, struct km_slice contents)
{
    uint8_t length[1 + sizeof(uint64_t)] = {0};
    if (contents.len > UINT32_MAX) {
        wr->overflow = true;
        return;
    }
    put_tag(wr, tag);
    size_t n_octets = format_length(contents.len, length);
    km_wr_bytes(wr, KM_SLICE(length, n_octets));
    km_wr_bytes(wr, contents);
}

/* A non-negative INTEGER's contents under any tag. */
static void put_magnitude(struct km_wr *wr, uint8_t tag, struct km_slice magnitude)
{
    static const uint8_t zero = 0;
    while (magnitude.len > 0 && magnitude.ptr[0] == 0)
        magnitude = KM_SLICE(magnitude.ptr + 1, magnitude.len - 1);
    size_t mark = km_der_begin(wr, tag);
    if (magnitude.len == 0 || (magnitude.ptr[0] & 0x80) != 0)
        km_wr_bytes(wr, KM_SLICE(&zero, 1));
    km_wr_bytes(wr, magnitude);
    km_der_end(wr, mark);
}

void km_der_put_u64(struct km_wr *wr, uint8_t tag, uint64_t v)
{
    uint8_t octets[sizeof(v)] = {0};
    struct km_wr number = km_wr_init(octets, sizeof(octets));
    km_wr_u64be(&number, v);
    put_magnitude(wr, tag, KM_SLICE(octets, sizeof(octets)));
}

void km_der_put_uint(struct km_wr *wr, struct km_slice magnitude)
{
    put_magnitude(wr, KM_DER_INTEGER, magnitude);
}

void km_der_put_bool(struct km_wr *wr, bool v)
{
    const uint8_t octet = v ? 0xff : 0x00;
    km_der_put(wr, KM_DER_BOOLEAN, KM_SLICE(&octet, 1));
}

void km_der_put_null(struct km_wr *wr)
{
    km_der_put(wr, KM_DER_NULL, (struct km_slice){0});
}

void km_der_put_bit_string(struct km_wr *wr, struct km_slice octets)
{
    size_t mark = km_der_begin(wr, KM_DER_BIT_STRING);
    km_wr_u8(wr, 0);
    km_wr_bytes(wr, octets);
    km_der_end(wr, mark);
}

static void put_coordinate(uint8_t *at, size_t coord_len, struct km_slice magnitude)
{
    size_t pad = coord_len - magnitude.len;
    memset(at, 0, pad);
    km_copy(at + pad, magnitude.len, magnitude.ptr, magnitude.len);
}

bool km_der_ecdsa_to_raw(struct km_slice der, size_t coord_len, uint8_t *ret_raw)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd inner = {0};
    struct km_slice r = {0};
    struct km_slice s = {0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &inner) || !km_rd_done(&rd))
        return false;
    if (!km_der_uint(&inner, &r) || !km_der_uint(&inner, &s) || !km_rd_done(&inner))
        return false;
    if (r.len > coord_len || s.len > coord_len)
        return false;
    put_coordinate(ret_raw, coord_len, r);
    put_coordinate(ret_raw + coord_len, coord_len, s);
    return true;
}

bool km_der_ecdsa_from_raw(struct km_slice raw, struct km_span out, size_t *ret_len)
{
    size_t coord_len = raw.len / 2;
    if (raw.len == 0 || raw.len % 2 != 0)
        return false;
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    size_t mark = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put_uint(&wr, KM_SLICE(raw.ptr, coord_len));
    km_der_put_uint(&wr, KM_SLICE(raw.ptr + coord_len, coord_len));
    km_der_end(&wr, mark);
    struct km_slice der = {0};
    if (!km_wr_finish(&wr, &der))
        return false;
    *ret_len = der.len;
    return true;
}
