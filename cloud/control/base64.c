/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *km_base64_encode(struct km_arena *arena, struct km_slice bytes)
{
    size_t cap = (bytes.len + 2) / 3 * 4 + 1;
    char *text = km_arena_alloc(arena, cap);
    struct km_wr wr = km_wr_init(text, text == NULL ? 0 : cap);
    for (size_t i = 0; text != NULL && i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)bytes.ptr[i] << 16;
        bits |= left > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)bytes.ptr[i + 2] : 0;
        km_wr_u8(&wr, (uint8_t)alphabet[bits >> 18]);
        km_wr_u8(&wr, (uint8_t)alphabet[bits >> 12 & 63]);
        km_wr_u8(&wr, (uint8_t)(left > 1 ? alphabet[bits >> 6 & 63] : '='));
        km_wr_u8(&wr, (uint8_t)(left > 2 ? alphabet[bits & 63] : '='));
    }
    return text;
}

static bool value_of(uint8_t c, uint32_t *ret)
{
    const char *at = c == 0 ? NULL : memchr(alphabet, c, sizeof(alphabet) - 1);
    if (at == NULL)
        return false;
    *ret = (uint32_t)(at - alphabet);
    return true;
}

/* One group of four; n_padding of its end are '='. */
static bool decode_group(const uint8_t *group, size_t n_padding, struct km_wr *wr)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = 0;
        bool is_padding = i >= 4 - n_padding;
        if (is_padding ? group[i] != '=' : !value_of(group[i], &value))
            return false;
        bits = bits << 6 | value;
    }
    if ((n_padding == 1 && (bits & 0xffu) != 0) || (n_padding == 2 && (bits & 0xffffu) != 0))
        return false;
    for (size_t i = 0; i < 3 - n_padding; i++)
        km_wr_u8(wr, (uint8_t)(bits >> (16 - 8 * i)));
    return true;
}

km_status km_base64_decode(struct km_err *err, struct km_arena *arena, struct km_slice text,
                           struct km_slice *ret)
{
    size_t cap = text.len / 4 * 3 + 1;
    uint8_t *bytes = km_arena_alloc(arena, cap);
    if (bytes == NULL)
        return KM_FAIL(err, km_arena_status(arena), "%zu bytes of base64", text.len);
    struct km_wr wr = km_wr_init(bytes, cap);
    bool is_good = text.len % 4 == 0;
    for (size_t i = 0; is_good && i < text.len; i += 4) {
        const uint8_t *group = text.ptr + i;
        size_t n_padding = 0;
        if (i + 4 == text.len)
            n_padding =
                (group[3] == '=' ? 1u : 0u) + (group[3] == '=' && group[2] == '=' ? 1u : 0u);
        is_good = decode_group(group, n_padding, &wr);
    }
    if (!is_good || !km_wr_finish(&wr, ret))
        return KM_FAIL(err, KM_E_MALFORMED, "the text is not base64");
    return KM_OK;
}
