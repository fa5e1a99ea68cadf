/* SPDX-License-Identifier: Apache-2.0 */
#include "format/envelope.h"

#include <string.h>

#define OID(text)                                                                                  \
    {                                                                                              \
        .ptr = (const uint8_t *)(text), .len = sizeof(text) - 1                                    \
    }

/* ANSI X9.62, RFC 3279, RFC 4055, RFC 5758 and NIST's arc for DSA with SHA-2. */
static const struct km_sign_alg ALGS[] = {
    {"ecdsa-with-SHA1", KM_SIGN_EC, KM_SIGN_SHA1, 20, OID("\x2a\x86\x48\xce\x3d\x04\x01")},
    {"ecdsa-with-SHA224", KM_SIGN_EC, KM_SIGN_SHA224, 28, OID("\x2a\x86\x48\xce\x3d\x04\x03\x01")},
    {"ecdsa-with-SHA256", KM_SIGN_EC, KM_SIGN_SHA256, 32, OID("\x2a\x86\x48\xce\x3d\x04\x03\x02")},
    {"ecdsa-with-SHA384", KM_SIGN_EC, KM_SIGN_SHA384, 48, OID("\x2a\x86\x48\xce\x3d\x04\x03\x03")},
    {"ecdsa-with-SHA512", KM_SIGN_EC, KM_SIGN_SHA512, 64, OID("\x2a\x86\x48\xce\x3d\x04\x03\x04")},
    {"md5WithRSAEncryption", KM_SIGN_RSA, KM_SIGN_MD5, 16,
     OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04")},
    {"sha1WithRSAEncryption", KM_SIGN_RSA, KM_SIGN_SHA1, 20,
     OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05")},
    {"sha224WithRSAEncryption", KM_SIGN_RSA, KM_SIGN_SHA224, 28,
     OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e")},
    {"sha256WithRSAEncryption", KM_SIGN_RSA, KM_SIGN_SHA256, 32,
     OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")},
    {"sha384WithRSAEncryption", KM_SIGN_RSA, KM_SIGN_SHA384, 48,
     OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c")},
    {"sha512WithRSAEncryption", KM_SIGN_RSA, KM_SIGN_SHA512, 64,
     OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d")},
    {"dsa-with-sha1", KM_SIGN_DSA, KM_SIGN_SHA1, 20, OID("\x2a\x86\x48\xce\x38\x04\x03")},
    {"dsa-with-sha224", KM_SIGN_DSA, KM_SIGN_SHA224, 28,
     OID("\x60\x86\x48\x01\x65\x03\x04\x03\x01")},
    {"dsa-with-sha256", KM_SIGN_DSA, KM_SIGN_SHA256, 32,
     OID("\x60\x86\x48\x01\x65\x03\x04\x03\x02")},
};

const struct km_sign_alg *km_sign_alg_find(enum km_sign_family family, enum km_sign_digest digest)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGS); i++) {
        if (ALGS[i].family == family && ALGS[i].digest == digest)
            return &ALGS[i];
    }
    return NULL;
}

const struct km_sign_alg *km_sign_alg_by_oid(struct km_slice oid)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGS); i++) {
        if (km_slice_equal(ALGS[i].oid, oid))
            return &ALGS[i];
    }
    return NULL;
}

/* The content's first fields; of another version only the number is known. */
static bool parse_head(struct km_rd content, const char *kind, struct km_envelope *ret)
{
    struct km_slice found = {0};
    if (!km_der_utf8(&content, strlen(kind), &found) ||
        !km_slice_equal(found, KM_SLICE_STR(kind)) ||
        !km_der_u64(&content, KM_DER_INTEGER, &ret->version))
        return false;
    if (ret->version != KM_ENVELOPE_VERSION)
        return true;
    if (!km_der_bytes(&content, KM_DER_OID, &ret->oid) || ret->oid.len == 0)
        return false;
    ret->alg = km_sign_alg_by_oid(ret->oid);
    ret->body = content;
    return true;
}

bool km_envelope_parse(struct km_slice in, const char *kind, struct km_envelope *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_rd package = {0};
    struct km_rd content = {0};
    struct km_envelope found = {0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &package) || !km_rd_done(&rd) ||
        !km_der_bytes(&package, KM_DER_OCTET_STRING, &found.signature) ||
        found.signature.len > KM_ENVELOPE_SIGNATURE_MAX)
        return false;
    found.content = KM_SLICE(package.pos, km_rd_left(&package));
    if (!km_der_enter(&package, KM_DER_SEQUENCE, &content) || !km_rd_done(&package) ||
        !parse_head(content, kind, &found))
        return false;
    *ret = found;
    return true;
}

size_t km_envelope_begin(struct km_wr *wr, const char *kind, const struct km_sign_alg *alg)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_UTF8_STRING, KM_SLICE_STR(kind));
    km_der_put_u64(wr, KM_DER_INTEGER, KM_ENVELOPE_VERSION);
    km_der_put(wr, KM_DER_OID, alg->oid);
    return mark;
}

void km_envelope_put(struct km_wr *wr, struct km_slice signature, struct km_slice content)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OCTET_STRING, signature);
    km_wr_bytes(wr, content);
    km_der_end(wr, mark);
}
