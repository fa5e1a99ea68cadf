/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of key some octets are. Pure. */
#include <string.h>

#include "lib/clrpv/clrpv_internal.h"

#define INTEGERS_RSA 9u /* RFC 8017: version and eight numbers */
#define INTEGERS_DSA 6u /* OpenSSL's form: version, p, q, g, public, private */

static const struct {
    struct km_slice oid;
    enum clrpv_family family;
} OIDS[] = {
#define ROW(text, family_)                                                                         \
    {                                                                                              \
        {(const uint8_t *)(text), sizeof(text) - 1}, (family_)                                     \
    }
    ROW("\x2a\x86\x48\xce\x3d\x02\x01", CLRPV_FAMILY_EC),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", CLRPV_FAMILY_RSA),
    ROW("\x2a\x86\x48\xce\x38\x04\x01", CLRPV_FAMILY_DSA),
    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", CLRPV_FAMILY_DH), /* PKCS#3 */
    ROW("\x2a\x86\x48\xce\x3e\x02\x01", CLRPV_FAMILY_DH),         /* ANSI X9.42 */
    ROW("\x2b\x65\x70", CLRPV_FAMILY_ED25519),
    ROW("\x2b\x65\x6e", CLRPV_FAMILY_X25519),
    ROW("\x2b\x65\x71", CLRPV_FAMILY_ED448),
    ROW("\x2b\x65\x6f", CLRPV_FAMILY_X448),
#undef ROW
};

static bool read_algorithm(struct km_rd *rd, enum clrpv_family *ret)
{
    struct km_rd algorithm = {0};
    struct km_slice oid = {0};
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &algorithm) ||
        !km_der_bytes(&algorithm, KM_DER_OID, &oid))
        return false;
    *ret = CLRPV_FAMILY_UNKNOWN;
    for (size_t i = 0; i < KM_ARRAY_LEN(OIDS); i++) {
        if (km_slice_equal(oid, OIDS[i].oid))
            *ret = OIDS[i].family;
    }
    return true;
}

/* PKCS#1 or OpenSSL's own form of DSA: nothing but numbers. */
static bool read_numbers(struct km_rd *rd, enum clrpv_family *ret)
{
    struct km_slice number = {0};
    unsigned n = 1; /* the version */
    while (km_der_uint(rd, &number))
        n++;
    *ret = n == INTEGERS_RSA ? CLRPV_FAMILY_RSA : CLRPV_FAMILY_DSA;
    return km_rd_done(rd) && (n == INTEGERS_RSA || n == INTEGERS_DSA);
}

static bool read_private(struct km_rd *rd, struct clrpv_key_form *ret)
{
    uint64_t version = 0;
    uint8_t tag = 0;
    struct km_slice octets = {0};
    ret->is_private = true;
    if (!km_der_u64(rd, KM_DER_INTEGER, &version) || version > 1 || !km_der_peek(rd, &tag))
        return false;
    if (tag == KM_DER_SEQUENCE)
        return read_algorithm(rd, &ret->family) && km_der_bytes(rd, KM_DER_OCTET_STRING, &octets);
    if (tag == KM_DER_INTEGER)
        return version == 0 && read_numbers(rd, &ret->family);
    ret->family = CLRPV_FAMILY_EC;
    return version == 1 && km_der_bytes(rd, KM_DER_OCTET_STRING, &octets);
}

bool clrpv_key_form_parse(struct km_slice der, struct clrpv_key_form *ret)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd key = {0};
    struct km_slice bits = {0};
    struct clrpv_key_form form = {0};
    uint8_t tag = 0;
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &key) || !km_rd_done(&rd) || !km_der_peek(&key, &tag))
        return false;
    bool is_key = tag == KM_DER_SEQUENCE ? read_algorithm(&key, &form.family) &&
                                               km_der_bit_string(&key, &bits) && km_rd_done(&key)
                                         : read_private(&key, &form);
    if (is_key)
        *ret = form;
    return is_key;
}

/* ---- PEM (RFC 7468) ---- */

static int base64_value(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* 0 when it is not base64: a header of an encrypted key is none. */
static size_t base64_decode(struct km_slice text, uint8_t *ret, size_t room)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t len = 0;
    bool ended = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
            continue;
        ended = ended || c == '=';
        if (c == '=')
            continue;
        int value = base64_value(c);
        if (value < 0 || ended || len == room)
            return 0;
        bits = (bits << 6) | (uint32_t)value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            ret[len++] = (uint8_t)(bits >> n_bits);
        }
    }
    return len;
}

static bool find(struct km_slice in, const char *what, struct km_slice *ret_before,
                 struct km_slice *ret_after)
{
    const uint8_t *at = memmem(in.ptr, in.len, what, strlen(what));
    if (at == NULL)
        return false;
    *ret_before = KM_SLICE(in.ptr, (size_t)(at - in.ptr));
    *ret_after = KM_SLICE(at + strlen(what), in.len - ret_before->len - strlen(what));
    return true;
}

static bool is_key_label(struct km_slice label)
{
    static const char *const labels[] = {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY",
                                         "DSA PRIVATE KEY", "PUBLIC KEY"};
    for (size_t i = 0; i < KM_ARRAY_LEN(labels); i++) {
        if (km_slice_equal(label, KM_SLICE_STR(labels[i])))
            return true;
    }
    return false;
}

size_t clrpv_pem_decode(struct km_slice text, uint8_t *ret, size_t room)
{
    struct km_slice before = {0};
    struct km_slice label = {0};
    struct km_slice body = {0};
    while (find(text, "-----BEGIN ", &before, &text) && find(text, "-----", &label, &text) &&
           find(text, "-----END ", &body, &text)) {
        if (is_key_label(label))
            return base64_decode(body, ret, room);
    }
    return 0;
}
