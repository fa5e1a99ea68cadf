/* SPDX-License-Identifier: Apache-2.0 */
#include "format/manifest.h"

#include <string.h>

#include "format/cert_form.h"

/* One whole SEQUENCE, header included. */
static bool whole_sequence(struct km_rd *rd, size_t max, struct km_slice *ret)
{
    uint8_t tag = 0;
    struct km_slice contents = {0};
    struct km_slice whole = {0};
    struct km_rd ahead = *rd;
    if (!km_der_any(&ahead, &tag, &contents, &whole) || tag != KM_DER_SEQUENCE || whole.len > max)
        return false;
    *rd = ahead;
    *ret = whole;
    return true;
}

bool km_manifest_parse(struct km_rd body, struct km_manifest *ret)
{
    struct km_manifest found = {0};
    if (!whole_sequence(&body, KM_MANIFEST_SPKI_MAX, &found.signer) ||
        !km_der_utf8(&body, KM_MANIFEST_CLASS_MAX, &found.device_class) ||
        found.device_class.len == 0 || !km_der_u64(&body, KM_DER_INTEGER, &found.sequence) ||
        found.sequence == 0 || found.sequence > KM_MANIFEST_SEQUENCE_MAX ||
        !km_der_bool(&body, &found.is_update) ||
        !km_sealed_parse(&body, KM_MANIFEST_MAX, &found.sealed) || !km_rd_done(&body))
        return false;
    *ret = found;
    return true;
}

void km_manifest_head_put(struct km_wr *wr, const struct km_manifest *manifest)
{
    km_wr_bytes(wr, manifest->signer);
    km_der_put(wr, KM_DER_UTF8_STRING, manifest->device_class);
    km_der_put_u64(wr, KM_DER_INTEGER, manifest->sequence);
    km_der_put_bool(wr, manifest->is_update);
}

void km_manifest_put(struct km_wr *wr, const struct km_manifest *manifest)
{
    km_manifest_head_put(wr, manifest);
    km_sealed_put(wr, &manifest->sealed);
}

static bool has_certificate(const struct km_manifest_body *body, struct km_slice name)
{
    for (uint32_t i = 0; i < body->n_certificates; i++) {
        if (km_slice_equal(body->certificates[i].name, name))
            return true;
    }
    return false;
}

static bool add_certificate(struct km_rd *rd, struct km_manifest_body *body)
{
    struct km_rd in = {0};
    struct km_manifest_certificate found = {0};
    if (body->n_certificates == KM_MANIFEST_CERTIFICATES_MAX ||
        !km_der_enter(rd, KM_DER_SEQUENCE, &in) ||
        !km_der_utf8(&in, KM_MANIFEST_NAME_MAX, &found.name) || found.name.len == 0 ||
        !whole_sequence(&in, KM_MANIFEST_CERTIFICATE_MAX, &found.der) || !km_rd_done(&in))
        return false;
    if (km_cert_form_names_request(found.name) || has_certificate(body, found.name) ||
        !km_cert_form_is(KM_CERT_CERTIFICATE, found.der))
        return false;
    body->certificates[body->n_certificates++] = found;
    return true;
}

static bool add_key(struct km_rd *rd, struct km_manifest_body *body)
{
    return body->n_keys < KM_MANIFEST_KEYS_MAX &&
           whole_sequence(rd, KM_MANIFEST_MAX, &body->keys[body->n_keys]) && ++body->n_keys > 0;
}

bool km_manifest_body_parse(struct km_slice in, struct km_manifest_body *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_rd body = {0};
    struct km_rd part = {0};
    *ret = (struct km_manifest_body){0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &body) || !km_rd_done(&rd) ||
        !km_der_enter(&body, KM_DER_SEQUENCE, &part))
        return false;
    while (!km_rd_done(&part)) {
        if (!add_certificate(&part, ret))
            return false;
    }
    if (!km_der_enter(&body, KM_DER_SEQUENCE, &part) || !km_rd_done(&body))
        return false;
    while (!km_rd_done(&part)) {
        if (!add_key(&part, ret))
            return false;
    }
    return true;
}

void km_manifest_body_put(struct km_wr *wr, const struct km_manifest_body *body)
{
    size_t whole = km_der_begin(wr, KM_DER_SEQUENCE);
    size_t part = km_der_begin(wr, KM_DER_SEQUENCE);
    for (uint32_t i = 0; i < body->n_certificates; i++) {
        size_t one = km_der_begin(wr, KM_DER_SEQUENCE);
        km_der_put(wr, KM_DER_UTF8_STRING, body->certificates[i].name);
        km_wr_bytes(wr, body->certificates[i].der);
        km_der_end(wr, one);
    }
    km_der_end(wr, part);
    part = km_der_begin(wr, KM_DER_SEQUENCE);
    for (uint32_t i = 0; i < body->n_keys; i++)
        km_wr_bytes(wr, body->keys[i]);
    km_der_end(wr, part);
    km_der_end(wr, whole);
}

bool km_manifest_body_find(const struct km_manifest_body *body, const char *name,
                           struct km_slice *ret_der)
{
    for (uint32_t i = 0; i < body->n_certificates; i++) {
        if (km_slice_equal(body->certificates[i].name, KM_SLICE_STR(name))) {
            *ret_der = body->certificates[i].der;
            return true;
        }
    }
    return false;
}
