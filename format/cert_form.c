/* SPDX-License-Identifier: Apache-2.0 */
#include "format/cert_form.h"

#include <string.h>

#include "common/km_der.h"

#define REQUEST_SUFFIX "_csr"
#define CONSTRUCTED 0x20u
#define SERIAL_MAX 21u /* 20 octets (RFC 5280, 4.1.2.2) and one that some write before them */

/* Every element down to the primitive ones, within the reader's depth. */
static bool is_well_formed(struct km_rd rd)
{
    while (!km_rd_done(&rd)) {
        uint8_t tag = 0;
        struct km_rd inner = {0};
        struct km_slice contents = {0};
        struct km_slice whole = {0};
        if (!km_der_peek(&rd, &tag))
            return false;
        if ((tag & CONSTRUCTED) == 0) {
            if (!km_der_any(&rd, &tag, &contents, &whole))
                return false;
        } else if (!km_der_enter(&rd, tag, &inner) || !is_well_formed(inner)) {
            return false;
        }
    }
    return true;
}

/* The next element if it has this tag; its contents were looked at before. */
static bool skip(struct km_rd *rd, uint8_t tag)
{
    uint8_t found = 0;
    struct km_slice contents = {0};
    struct km_slice whole = {0};
    return km_der_peek(rd, &found) && found == tag && km_der_any(rd, &found, &contents, &whole);
}

static void skip_if(struct km_rd *rd, uint8_t tag)
{
    struct km_rd at = *rd;
    if (skip(&at, tag))
        *rd = at;
}

static bool take(struct km_rd *rd, uint8_t tag, struct km_slice *ret_whole)
{
    uint8_t found = 0;
    struct km_slice contents = {0};
    return km_der_peek(rd, &found) && found == tag &&
           km_der_any(rd, &found, &contents, ret_whole) && contents.len > 0;
}

static bool is_version(struct km_rd *rd)
{
    uint8_t tag = 0;
    struct km_rd inner = {0};
    uint64_t version = 0;
    if (!km_der_peek(rd, &tag) || tag != KM_DER_CONTEXT(0))
        return true; /* left out: version 1 */
    return km_der_enter(rd, KM_DER_CONTEXT(0), &inner) &&
           km_der_u64(&inner, KM_DER_INTEGER, &version) && km_rd_done(&inner) && version >= 1 &&
           version <= 2;
}

static bool is_to_be_signed(struct km_rd tbs, struct km_slice *ret_algorithm,
                            struct km_slice *ret_key)
{
    struct km_slice serial = {0};
    struct km_slice part = {0};
    if (!is_version(&tbs) || !km_der_bytes(&tbs, KM_DER_INTEGER, &serial) || serial.len == 0 ||
        serial.len > SERIAL_MAX || !take(&tbs, KM_DER_SEQUENCE, ret_algorithm))
        return false;
    if (!skip(&tbs, KM_DER_SEQUENCE) ||        /* issuer */
        !take(&tbs, KM_DER_SEQUENCE, &part) || /* validity */
        !skip(&tbs, KM_DER_SEQUENCE) ||        /* subject: may be empty */
        !take(&tbs, KM_DER_SEQUENCE, ret_key)) /* its public key */
        return false;
    skip_if(&tbs, KM_DER_CONTEXT_PRIM(1)); /* unique identifiers */
    skip_if(&tbs, KM_DER_CONTEXT_PRIM(2));
    skip_if(&tbs, KM_DER_CONTEXT(3)); /* extensions */
    return km_rd_done(&tbs);
}

static bool is_request_info(struct km_rd info)
{
    uint64_t version = 1;
    struct km_slice key = {0};
    return km_der_u64(&info, KM_DER_INTEGER, &version) && version == 0 &&
           skip(&info, KM_DER_SEQUENCE) && take(&info, KM_DER_SEQUENCE, &key) &&
           skip(&info, KM_DER_CONTEXT(0)) && km_rd_done(&info);
}

/* What both have in common: something, an algorithm and a signature over the former. */
static bool is_signed(struct km_slice der, struct km_rd *ret_body, struct km_slice *ret_algorithm)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd outer = {0};
    struct km_slice signature = {0};
    if (!is_well_formed(rd) || !km_der_enter(&rd, KM_DER_SEQUENCE, &outer) || !km_rd_done(&rd))
        return false;
    return km_der_enter(&outer, KM_DER_SEQUENCE, ret_body) &&
           take(&outer, KM_DER_SEQUENCE, ret_algorithm) && km_der_bit_string(&outer, &signature) &&
           signature.len != 0 && km_rd_done(&outer);
}

bool km_cert_form_key(struct km_slice der, struct km_slice *ret_spki)
{
    struct km_rd body = {0};
    struct km_slice algorithm = {0};
    struct km_slice inner_algorithm = {0};
    struct km_slice spki = {0};
    /* Named twice, once under the signature: both must be the same (RFC 5280, 4.1.1.2). */
    if (!is_signed(der, &body, &algorithm) || !is_to_be_signed(body, &inner_algorithm, &spki) ||
        !km_slice_equal(inner_algorithm, algorithm))
        return false;
    *ret_spki = spki;
    return true;
}

bool km_cert_form_is(enum km_cert_form form, struct km_slice der)
{
    struct km_rd body = {0};
    struct km_slice ignored = {0};
    if (form == KM_CERT_REQUEST)
        return is_signed(der, &body, &ignored) && is_request_info(body);
    return km_cert_form_key(der, &ignored);
}

bool km_cert_form_names_request(struct km_slice name)
{
    size_t len = strlen(REQUEST_SUFFIX);
    return name.len >= len &&
           km_slice_equal(KM_SLICE(name.ptr + name.len - len, len), KM_SLICE_STR(REQUEST_SUFFIX));
}
