/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/marker.h"

#include <openssl/evp.h>
#include <string.h>

/* The decoder writes whole groups of three. */
#define RAW_ROOM (KM_MARKER_RAW_MAX + 3)

static const char base64_chars[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* *ret_len octets of raw. The decoder of libcrypto is lenient, so it gets nothing to be lenient about. */
static bool unbase64(const char *text, uint8_t raw[RAW_ROOM], size_t *ret_len)
{
    size_t len = strnlen(text, KM_MARKER_TEXT_ROOM);
    size_t n_plain = strspn(text, base64_chars);
    if (len == 0 || len >= KM_MARKER_TEXT_ROOM || len % 4 != 0 || len - n_plain > 2)
        return false;
    if (strspn(text + n_plain, "=") != len - n_plain)
        return false;
    int got = EVP_DecodeBlock(raw, (const uint8_t *)text, (int)len);
    if (got < 0)
        return false;
    *ret_len = (size_t)got - (len - n_plain);
    return true;
}

static bool read_raw(struct km_slice raw, struct km_marker *marker)
{
    uint8_t is_descending = 0;
    uint64_t number = 0;
    struct km_slice key = {0};
    struct km_rd rd = km_rd_init(raw);
    if (!km_rd_u8(&rd, &marker->tag) || !km_rd_u8(&rd, &is_descending) ||
        !km_rd_u64be(&rd, &number) || !km_rd_bytes(&rd, km_rd_left(&rd), &key))
        return false;
    if (is_descending > 1 || key.len > KM_MARKER_KEY_MAX || !km_utf8_valid(key))
        return false;
    marker->is_descending = is_descending != 0;
    marker->number = (int64_t)number;
    km_copy(marker->text, KM_MARKER_KEY_MAX, key.ptr, key.len);
    return true;
}

bool km_marker_parse(const char *text, struct km_marker *ret)
{
    uint8_t raw[RAW_ROOM] = {0};
    char again[KM_MARKER_TEXT_ROOM] = {0};
    struct km_marker marker = {.tag = 0};
    size_t len = 0;
    if (!unbase64(text, raw, &len) || !read_raw(KM_SLICE(raw, len), &marker))
        return false;
    /* Bits that the last character has to spare are not another way to write the same. */
    (void)km_marker_print(&marker, again);
    if (strcmp(again, text) != 0)
        return false;
    *ret = marker;
    return true;
}

size_t km_marker_print(const struct km_marker *marker, char ret[KM_MARKER_TEXT_ROOM])
{
    uint8_t raw[KM_MARKER_RAW_MAX] = {0};
    struct km_slice bytes = {0};
    struct km_wr wr = km_wr_init(raw, sizeof(raw));
    km_wr_u8(&wr, marker->tag);
    km_wr_u8(&wr, marker->is_descending);
    km_wr_u64be(&wr, (uint64_t)marker->number);
    km_wr_bytes(&wr, KM_SLICE_STR(marker->text));
    if (!km_wr_finish(&wr, &bytes))
        bytes.len = 0;
    return (size_t)EVP_EncodeBlock((uint8_t *)ret, bytes.ptr, (int)bytes.len);
}
