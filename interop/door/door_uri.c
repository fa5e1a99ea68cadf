/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/door/door_uri.h"

#include <string.h>

#define PASSWORD_SCHEME "file:"

static bool has_prefix(struct km_slice text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

static struct km_slice after(struct km_slice text, size_t n)
{
    return KM_SLICE(text.ptr + n, text.len - n);
}

/* Splits at the first `at`; without one, rest is empty. */
static struct km_slice split(struct km_slice text, char at, struct km_slice *ret_rest)
{
    const uint8_t *hit = text.len == 0 ? NULL : memchr(text.ptr, at, text.len);
    if (hit == NULL) {
        *ret_rest = KM_SLICE(NULL, 0);
        return text;
    }
    size_t n = (size_t)(hit - text.ptr);
    *ret_rest = after(text, n + 1);
    return KM_SLICE(text.ptr, n);
}

/* Undoes %XX into a string of at most cap - 1 octets. */
static km_status decode(struct km_err *err, const char *what, struct km_slice text, char *ret,
                        size_t cap)
{
    struct km_wr wr = km_wr_init(ret, cap - 1);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.ptr[i];
        if (octet == '%') {
            char digits[3] = {0};
            if (text.len - i < 3)
                return KM_FAIL(err, KM_E_MALFORMED, "a percent sign at the end of the %s", what);
            km_copy(digits, sizeof(digits) - 1, text.ptr + i + 1, 2);
            if (!km_unhex(digits, &octet, 1))
                return KM_FAIL(err, KM_E_MALFORMED,
                               "a percent sign in the %s without two hex digits", what);
            i += 2;
        }
        if (octet == 0)
            return KM_FAIL(err, KM_E_MALFORMED, "a zero octet in the %s", what);
        km_wr_u8(&wr, octet);
    }
    struct km_slice done = {0};
    if (!km_wr_finish(&wr, &done))
        return KM_FAIL(err, KM_E_LIMIT, "the %s is longer than %zu octets", what, cap - 1);
    if (!km_utf8_valid(done))
        return KM_FAIL(err, KM_E_MALFORMED, "the %s is not UTF-8", what);
    ret[done.len] = '\0';
    return KM_OK;
}

/* In the order of enum km_door_pss. */
static const char *const pss_names[] = {"", "any", "sha256", "sha384", "sha512"};

static km_status parse_pss(struct km_err *err, struct km_slice value, struct km_door_uri *uri)
{
    if (uri->pss != KM_DOOR_PSS_NONE)
        return KM_FAIL(err, KM_E_MALFORMED, "pss stands twice");
    for (unsigned i = KM_DOOR_PSS_ANY; i <= KM_DOOR_PSS_SHA512; i++)
        if (km_slice_equal(value, KM_SLICE_STR(pss_names[i])))
            uri->pss = (enum km_door_pss)i;
    if (uri->pss == KM_DOOR_PSS_NONE)
        return KM_FAIL(err, KM_E_MALFORMED, "pss is any, sha256, sha384 or sha512");
    return KM_OK;
}

static km_status parse_attribute(struct km_err *err, struct km_slice pair, struct km_door_uri *uri)
{
    struct km_slice value = {0};
    struct km_slice key = split(pair, '=', &value);
    if (km_slice_equal(key, KM_SLICE_STR("password-name"))) {
        if (uri->password_name[0] != '\0' || value.len == 0)
            return KM_FAIL(err, KM_E_MALFORMED, "password-name is empty or stands twice");
        return decode(err, "password object's name", value, uri->password_name,
                      sizeof(uri->password_name));
    }
    if (km_slice_equal(key, KM_SLICE_STR("pss")))
        return parse_pss(err, value, uri);
    if (!km_slice_equal(key, KM_SLICE_STR("password")))
        return KM_FAIL(err, KM_E_MALFORMED,
                       "unknown attribute in a clrc URI (known: password, password-name, pss)");
    if (!has_prefix(value, PASSWORD_SCHEME) || value.len == strlen(PASSWORD_SCHEME))
        return KM_FAIL(err, KM_E_MALFORMED,
                       "password takes file:PATH and nothing else, as others can read a URI");
    if (uri->password_file[0] != '\0')
        return KM_FAIL(err, KM_E_MALFORMED, "password stands twice");
    return decode(err, "password file's path", after(value, strlen(PASSWORD_SCHEME)),
                  uri->password_file, sizeof(uri->password_file));
}

static km_status parse_attributes(struct km_err *err, struct km_slice query,
                                  struct km_door_uri *uri)
{
    if (uri->kind != KM_DOOR_ANY && uri->kind != KM_DOOR_KEY)
        return KM_FAIL(err, KM_E_MALFORMED, "only a key's URI takes attributes");
    while (query.len != 0) {
        struct km_slice rest = {0};
        struct km_slice pair = split(query, '&', &rest);
        KM_TRY(parse_attribute(err, pair, uri));
        query = rest;
    }
    return KM_OK;
}

/* The digest stands in lower-case hex, and nothing may follow. */
static km_status parse_digest(struct km_err *err, struct km_slice text, bool has_query,
                              struct km_door_uri *ret)
{
    struct km_door_uri made = {.kind = KM_DOOR_STORED_CERT};
    char hex[2 * KM_DOOR_CERT_DIGEST_LEN + 1] = {0};
    char again[sizeof(hex)] = {0};
    if (has_query || text.len != sizeof(hex) - 1)
        return KM_FAIL(err, KM_E_MALFORMED, "cert-sha256 takes 64 hex digits and nothing else");
    km_copy(hex, sizeof(hex) - 1, text.ptr, text.len);
    if (km_unhex(hex, made.cert_digest, sizeof(made.cert_digest)))
        km_hex(KM_SLICE(made.cert_digest, sizeof(made.cert_digest)), again, sizeof(again));
    if (memcmp(hex, again, sizeof(hex)) != 0)
        return KM_FAIL(err, KM_E_MALFORMED, "cert-sha256 takes lower-case hex digits");
    *ret = made;
    return KM_OK;
}

km_status km_door_uri_parse(struct km_err *err, struct km_slice uri, struct km_door_uri *ret)
{
    struct km_door_uri made = {0};
    if (!has_prefix(uri, KM_DOOR_SCHEME))
        return KM_FAIL(err, KM_E_MALFORMED, "a clrc URI starts with clrc:");
    if (uri.len > KM_DOOR_URI_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "a clrc URI has at most %u octets", KM_DOOR_URI_MAX);
    struct km_slice query = {0};
    bool has_query = memchr(uri.ptr, '?', uri.len) != NULL;
    struct km_slice name = split(after(uri, strlen(KM_DOOR_SCHEME)), '?', &query);
    if (has_prefix(name, "cert-sha256="))
        return parse_digest(err, after(name, strlen("cert-sha256=")), has_query, ret);
    if (has_prefix(name, "key=")) {
        made.kind = KM_DOOR_KEY;
        name = after(name, strlen("key="));
    } else if (has_prefix(name, "cert=")) {
        made.kind = KM_DOOR_CERT;
        name = after(name, strlen("cert="));
    } else if (name.len == 0) {
        made.kind = KM_DOOR_ALL;
    }
    KM_TRY(decode(err, "name", name, made.name, sizeof(made.name)));
    if (made.kind != KM_DOOR_ALL && made.name[0] == '\0')
        return KM_FAIL(err, KM_E_MALFORMED, "the name in a clrc URI is empty");
    if (has_query)
        KM_TRY(parse_attributes(err, query, &made));
    *ret = made;
    return KM_OK;
}

km_status km_door_uri_of_name(struct km_err *err, const char *name, struct km_door_uri *ret)
{
    size_t len = strlen(name);
    struct km_door_uri made = {.kind = KM_DOOR_KEY};
    if (len == 0 || !km_utf8_valid(KM_SLICE(name, len)))
        return KM_FAIL(err, KM_E_MALFORMED, "the key's name is empty or not UTF-8");
    if (len > CLRC_NAME_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "a key's name has at most %u octets", CLRC_NAME_MAX);
    km_copy(made.name, sizeof(made.name) - 1, name, len);
    *ret = made;
    return KM_OK;
}

/* What may stand unchanged everywhere in our URIs: RFC 3986 unreserved, and the path separator. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

static void encode(struct km_wr *wr, const char *text)
{
    for (; *text != '\0'; text++) {
        if (is_plain(*text)) {
            km_wr_u8(wr, (uint8_t)*text);
            continue;
        }
        char hex[3] = {0};
        km_hex(KM_SLICE(text, 1), hex, sizeof(hex));
        km_wr_u8(wr, '%');
        km_wr_bytes(wr, KM_SLICE(hex, 2));
    }
}

/* One attribute, and what stands before the next one. */
static void write_attribute(struct km_wr *wr, char *before, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    km_wr_u8(wr, (uint8_t)*before);
    km_wr_bytes(wr, KM_SLICE_STR(name));
    encode(wr, value);
    *before = '&';
}

static void write_digest(struct km_wr *wr, const struct km_door_uri *uri)
{
    char hex[2 * KM_DOOR_CERT_DIGEST_LEN + 1] = {0};
    km_hex(KM_SLICE(uri->cert_digest, sizeof(uri->cert_digest)), hex, sizeof(hex));
    km_wr_bytes(wr, KM_SLICE_STR("cert-sha256="));
    km_wr_bytes(wr, KM_SLICE_STR(hex));
}

void km_door_uri_write(struct km_wr *wr, const struct km_door_uri *uri)
{
    char before = '?';
    km_wr_bytes(wr, KM_SLICE_STR(KM_DOOR_SCHEME));
    if (uri->kind == KM_DOOR_STORED_CERT)
        write_digest(wr, uri);
    if (uri->kind == KM_DOOR_KEY)
        km_wr_bytes(wr, KM_SLICE_STR("key="));
    if (uri->kind == KM_DOOR_CERT)
        km_wr_bytes(wr, KM_SLICE_STR("cert="));
    encode(wr, uri->name);
    write_attribute(wr, &before, "password=" PASSWORD_SCHEME, uri->password_file);
    write_attribute(wr, &before, "password-name=", uri->password_name);
    write_attribute(wr, &before, "pss=", pss_names[uri->pss]);
}
