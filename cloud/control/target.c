/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/target.h"

#include <string.h>

/* ---- cutting ---- */

/* take: what stands before the octet (all of it when there is none); *rest begins behind it. */
static struct km_slice take(struct km_slice *rest, char octet)
{
    const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->ptr, octet, rest->len);
    struct km_slice ret = *rest;
    if (at == NULL) {
        *rest = KM_SLICE(rest->ptr + rest->len, 0);
        return ret;
    }
    ret.len = (size_t)(at - rest->ptr);
    *rest = KM_SLICE(at + 1, rest->len - ret.len - 1);
    return ret;
}

static bool is(struct km_slice slice, const char *text)
{
    return km_slice_equal(slice, KM_SLICE_STR(text));
}

static bool octets_are_sound(struct km_slice raw)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] <= ' ' || raw.ptr[i] > '~')
            return false;
    }
    return true;
}

/* Takes the last part away, with its slash. */
static void drop_part(struct km_wr *wr)
{
    while (wr->len > 0 && wr->buf[--wr->len] != '/')
        ;
}

bool km_target_split(struct km_slice raw, struct km_span buf, struct km_target *ret)
{
    if (raw.len == 0 || raw.len > KM_TARGET_MAX || buf.len < raw.len || raw.ptr[0] != '/' ||
        !octets_are_sound(raw))
        return false;
    struct km_target target = {.query = raw};
    struct km_slice path = take(&target.query, '?');
    bool ends_in_slash = path.ptr[path.len - 1] == '/';
    struct km_wr wr = km_wr_init(buf.ptr, buf.len);
    while (path.len > 0) {
        struct km_slice part = take(&path, '/');
        if (part.len == 0 || is(part, "."))
            continue;
        if (is(part, "..")) {
            drop_part(&wr);
            continue;
        }
        km_wr_u8(&wr, '/');
        km_wr_bytes(&wr, part);
    }
    if (wr.len == 0 || ends_in_slash)
        km_wr_u8(&wr, '/');
    if (!km_wr_finish(&wr, &target.path))
        return false;
    *ret = target;
    return true;
}

/* ---- templates ---- */

static struct km_slice without_last_slash(struct km_slice path)
{
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

static bool is_placeholder(struct km_slice part)
{
    return part.len > 2 && part.ptr[0] == '{' && part.ptr[part.len - 1] == '}';
}

static bool is_greedy(struct km_slice part)
{
    return is_placeholder(part) && part.ptr[part.len - 2] == '+';
}

bool km_target_match(const char *template, struct km_slice path,
                     struct km_slice ret[KM_TARGET_PARTS_MAX])
{
    struct km_slice parts[KM_TARGET_PARTS_MAX] = {0};
    struct km_slice wanted = without_last_slash(KM_SLICE_STR(template));
    struct km_slice given = without_last_slash(path);
    size_t n = 0;
    while (wanted.len > 0 && given.len > 0) {
        struct km_slice part = take(&wanted, '/');
        struct km_slice whole = given;
        struct km_slice got = take(&given, '/');
        if (is_greedy(part)) {
            got = whole;
            given.len = 0;
        }
        if (!is_placeholder(part)) {
            if (!km_slice_equal(part, got))
                return false;
            continue;
        }
        if (got.len == 0 || n == KM_TARGET_PARTS_MAX)
            return false;
        parts[n++] = got;
    }
    if (wanted.len > 0 || given.len > 0)
        return false;
    for (size_t i = 0; i < KM_TARGET_PARTS_MAX; i++)
        ret[i] = parts[i];
    return true;
}

/* ---- parameters ---- */

bool km_target_next_parameter(struct km_slice *query, struct km_slice *ret_name,
                              struct km_slice *ret_value)
{
    while (query->len > 0) {
        struct km_slice value = take(query, '&');
        if (value.len == 0)
            continue;
        *ret_name = take(&value, '=');
        *ret_value = value;
        return true;
    }
    return false;
}

bool km_target_parameter(struct km_slice query, const char *name, struct km_slice *ret)
{
    struct km_slice found = {0};
    struct km_slice value = {0};
    while (km_target_next_parameter(&query, &found, &value)) {
        if (!is(found, name))
            continue;
        *ret = value;
        return true;
    }
    return false;
}

static bool escaped(struct km_rd *rd, uint8_t *ret)
{
    char digits[3] = {0};
    return km_rd_copy(rd, digits, 2) && digits[0] != '\0' && digits[1] != '\0' &&
           km_unhex(digits, ret, 1);
}

bool km_target_decode(struct km_slice text, bool is_form, struct km_span out, struct km_slice *ret)
{
    struct km_rd rd = km_rd_init(text);
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    struct km_slice decoded = {0};
    uint8_t octet = 0;
    while (km_rd_u8(&rd, &octet)) {
        if (octet == '+' && is_form)
            octet = ' ';
        else if (octet == '%' && !escaped(&rd, &octet))
            return false;
        km_wr_u8(&wr, octet);
    }
    km_wr_u8(&wr, 0);
    if (!km_wr_finish(&wr, &decoded))
        return false;
    decoded.len--;
    if (!km_utf8_valid(decoded))
        return false;
    *ret = decoded;
    return true;
}
