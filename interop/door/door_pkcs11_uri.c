/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/door/door_pkcs11_uri.h"

#include <string.h>

/* What matters of one; views into it, still percent-encoded. */
struct parts {
    struct km_slice object;
    struct km_slice type;
    struct km_slice pin_source;
};

static struct km_slice after(struct km_slice text, size_t n)
{
    return KM_SLICE(text.ptr + n, text.len - n);
}

/* The text before the first `at`; what is behind it stays in *rest. */
static struct km_slice cut(struct km_slice *rest, char at)
{
    struct km_slice text = *rest;
    const uint8_t *hit = text.len == 0 ? NULL : memchr(text.ptr, at, text.len);
    size_t n = hit == NULL ? text.len : (size_t)(hit - text.ptr);
    *rest = after(text, hit == NULL ? n : n + 1);
    return KM_SLICE(text.ptr, n);
}

static km_status keep(struct km_err *err, const char *what, struct km_slice value,
                      struct km_slice *ret)
{
    if (ret->ptr != NULL || value.len == 0)
        return KM_FAIL(err, KM_E_MALFORMED, "%s is empty or stands twice in the pkcs11 URI", what);
    *ret = value;
    return KM_OK;
}

static km_status take_path(struct km_err *err, struct km_slice path, struct parts *parts)
{
    while (path.len != 0) {
        struct km_slice value = cut(&path, ';');
        struct km_slice name = cut(&value, '=');
        if (km_slice_equal(name, KM_SLICE_STR("object")))
            KM_TRY(keep(err, "object", value, &parts->object));
        else if (km_slice_equal(name, KM_SLICE_STR("type")))
            KM_TRY(keep(err, "type", value, &parts->type));
    }
    return KM_OK;
}

static km_status take_query(struct km_err *err, struct km_slice query, struct parts *parts)
{
    while (query.len != 0) {
        struct km_slice value = cut(&query, '&');
        struct km_slice name = cut(&value, '=');
        if (km_slice_equal(name, KM_SLICE_STR("pin-value")))
            return KM_FAIL(err, KM_E_MALFORMED,
                           "pin-value is refused, as others can read a URI: pin-source=file:PATH");
        if (km_slice_equal(name, KM_SLICE_STR("pin-source")))
            KM_TRY(keep(err, "pin-source", value, &parts->pin_source));
    }
    return KM_OK;
}

static km_status kind_of(struct km_err *err, struct km_slice type, const char **ret_prefix)
{
    *ret_prefix = "key=";
    if (type.ptr == NULL || km_slice_equal(type, KM_SLICE_STR("private")) ||
        km_slice_equal(type, KM_SLICE_STR("public")))
        return KM_OK;
    *ret_prefix = "cert=";
    if (km_slice_equal(type, KM_SLICE_STR("cert")))
        return KM_OK;
    return KM_FAIL(err, KM_E_UNSUPPORTED, "a pkcs11 URI names a private or public key or a cert");
}

/* As a clrc URI, whose parser then undoes the percent signs and checks name and path. */
static km_status as_clrc(struct km_err *err, const struct parts *parts, struct km_wr *wr)
{
    const char *prefix = NULL;
    KM_TRY(kind_of(err, parts->type, &prefix));
    km_wr_bytes(wr, KM_SLICE_STR(KM_DOOR_SCHEME));
    km_wr_bytes(wr, KM_SLICE_STR(prefix));
    km_wr_bytes(wr, parts->object);
    if (parts->pin_source.ptr != NULL) {
        km_wr_bytes(wr, KM_SLICE_STR("?password="));
        km_wr_bytes(wr, parts->pin_source);
    }
    return KM_OK;
}

km_status km_door_uri_of_pkcs11(struct km_err *err, struct km_slice uri, struct km_door_uri *ret)
{
    uint8_t text[KM_DOOR_URI_MAX] = {0};
    struct km_wr wr = km_wr_init(text, sizeof(text));
    struct km_slice done = {0};
    struct parts parts = {0};
    size_t scheme_len = strlen(KM_DOOR_PKCS11_SCHEME);
    if (uri.len < scheme_len || memcmp(uri.ptr, KM_DOOR_PKCS11_SCHEME, scheme_len) != 0)
        return KM_FAIL(err, KM_E_MALFORMED, "a pkcs11 URI starts with pkcs11:");
    struct km_slice query = after(uri, scheme_len);
    struct km_slice path = cut(&query, '?');
    KM_TRY(take_path(err, path, &parts));
    KM_TRY(take_query(err, query, &parts));
    if (parts.object.ptr == NULL)
        return KM_FAIL(err, KM_E_MALFORMED, "the pkcs11 URI names no object: object=NAME");
    KM_TRY(as_clrc(err, &parts, &wr));
    if (!km_wr_finish(&wr, &done))
        return KM_FAIL(err, KM_E_LIMIT, "a URI has at most %u octets", KM_DOOR_URI_MAX);
    return km_door_uri_parse(err, done, ret);
}
