/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/door/door_reference.h"

#include <string.h>

#include "common/km_der.h"
#include "interop/door/door_uri.h"

#define BEGIN_LINE "-----BEGIN " KM_DOOR_REFERENCE_LABEL "-----"
#define END_LINE "-----END " KM_DOOR_REFERENCE_LABEL "-----"
#define VERSION 1u

bool km_door_reference_looks_so(struct km_slice der)
{
    /* SEQUENCE with a length of one or two more octets, then the marker as a UTF8String. */
    for (size_t header = 2; header <= 4; header++) {
        size_t marker_len = strlen(KM_DOOR_REFERENCE_MARKER);
        if (der.len < header + 2 + marker_len || der.ptr[0] != KM_DER_SEQUENCE)
            continue;
        const uint8_t *at = der.ptr + header;
        if (at[0] == KM_DER_UTF8_STRING && at[1] == marker_len &&
            memcmp(at + 2, KM_DOOR_REFERENCE_MARKER, marker_len) == 0)
            return true;
    }
    return false;
}

km_status km_door_reference_parse(struct km_err *err, struct km_slice der, struct km_slice *ret_uri)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd seq = {0};
    struct km_slice marker = {0};
    struct km_slice uri = {0};
    uint64_t version = 0;
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &seq) || !km_rd_done(&rd) ||
        !km_der_utf8(&seq, strlen(KM_DOOR_REFERENCE_MARKER), &marker) ||
        !km_slice_equal(marker, KM_SLICE_STR(KM_DOOR_REFERENCE_MARKER)) ||
        !km_der_u64(&seq, KM_DER_INTEGER, &version))
        return KM_FAIL(err, KM_E_MALFORMED, "this is not a key reference in DER");
    if (version != VERSION)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "key reference of version %llu, this reads 1",
                       (unsigned long long)version);
    if (!km_der_utf8(&seq, KM_DOOR_URI_MAX, &uri) || !km_rd_done(&seq))
        return KM_FAIL(err, KM_E_MALFORMED, "the URI of the key reference is damaged");
    *ret_uri = uri;
    return KM_OK;
}

void km_door_reference_write(struct km_wr *wr, struct km_slice uri)
{
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_UTF8_STRING, KM_SLICE_STR(KM_DOOR_REFERENCE_MARKER));
    km_der_put_u64(wr, KM_DER_INTEGER, VERSION);
    km_der_put(wr, KM_DER_UTF8_STRING, uri);
    km_der_end(wr, seq);
}

/* The next line without its end; false when the text is used up. */
static bool next_line(struct km_slice *text, struct km_slice *ret_line)
{
    if (text->len == 0)
        return false;
    const uint8_t *end = memchr(text->ptr, '\n', text->len);
    size_t used = end == NULL ? text->len : (size_t)(end - text->ptr) + 1;
    size_t len = end == NULL ? used : used - 1;
    struct km_slice line = KM_SLICE(text->ptr, len);
    while (line.len != 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' '))
        line.len--;
    *text = KM_SLICE(text->ptr + used, text->len - used);
    *ret_line = line;
    return true;
}

static int base64_value(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *hit = c == '\0' ? NULL : strchr(digits, c);
    return hit == NULL ? -1 : (int)(hit - digits);
}

/* What base64 has given so far: bits that do not yet make an octet, and the padding seen. */
struct base64 {
    struct km_wr out;
    uint32_t bits;
    unsigned n_bits;
    unsigned n_digits;
    unsigned n_padding;
};

static bool base64_line(struct base64 *state, struct km_slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '=') {
            state->n_padding++;
            continue;
        }
        int value = base64_value(line.ptr[i]);
        if (value < 0 || state->n_padding != 0)
            return false;
        state->n_digits++;
        state->bits = (state->bits << 6 | (uint32_t)value) & 0xffffu;
        state->n_bits += 6;
        if (state->n_bits >= 8) {
            state->n_bits -= 8;
            km_wr_u8(&state->out, (uint8_t)(state->bits >> state->n_bits));
        }
    }
    return true;
}

static bool base64_whole(const struct base64 *state)
{
    uint32_t left_over = state->bits & ((1u << state->n_bits) - 1u);
    return (state->n_digits + state->n_padding) % 4 == 0 && state->n_padding <= 2 && left_over == 0;
}

km_status km_door_reference_from_pem(struct km_err *err, struct km_slice text, struct km_span der,
                                     size_t *ret_len)
{
    struct base64 state = {.out = km_wr_init(der.ptr, der.len)};
    struct km_slice line = {0};
    bool found = false;
    while (!found && next_line(&text, &line))
        found = km_slice_equal(line, KM_SLICE_STR(BEGIN_LINE));
    if (!found)
        return KM_FAIL(err, KM_E_NOTFOUND, "no key reference in the file");
    bool ended = false;
    while (!ended && next_line(&text, &line)) {
        ended = km_slice_equal(line, KM_SLICE_STR(END_LINE));
        if (!ended && !base64_line(&state, line))
            return KM_FAIL(err, KM_E_MALFORMED, "the key reference is not base64");
    }
    if (!ended || !base64_whole(&state))
        return KM_FAIL(err, KM_E_MALFORMED, "the key reference is cut off");
    struct km_slice done = {0};
    if (!km_wr_finish(&state.out, &done))
        return KM_FAIL(err, KM_E_LIMIT, "the key reference is longer than %zu octets", der.len);
    *ret_len = done.len;
    return KM_OK;
}
