/* SPDX-License-Identifier: Apache-2.0 */
#include "format/payload.h"

#include <string.h>

#define HASH_NAME_MAX 8u

static const struct {
    enum km_sign_digest digest;
    const char *name;
} HASHES[] = {
    {KM_SIGN_MD5, "md5"},       {KM_SIGN_SHA1, "sha1"},     {KM_SIGN_SHA224, "sha224"},
    {KM_SIGN_SHA256, "sha256"}, {KM_SIGN_SHA384, "sha384"}, {KM_SIGN_SHA512, "sha512"},
};

const char *km_payload_hash_name(enum km_sign_digest digest)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(HASHES); i++) {
        if (HASHES[i].digest == digest)
            return HASHES[i].name;
    }
    return "";
}

bool km_payload_hash_find(struct km_slice name, enum km_sign_digest *ret)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(HASHES); i++) {
        if (km_slice_equal(name, KM_SLICE_STR(HASHES[i].name))) {
            *ret = HASHES[i].digest;
            return true;
        }
    }
    return false;
}

/* [0] IMPLICIT INTEGER and [1] IMPLICIT UTF8String, either may be missing. */
static bool read_options(struct km_rd *rd, struct km_payload *ret)
{
    uint8_t tag = 0;
    if (km_der_peek(rd, &tag) && tag == KM_DER_CONTEXT_PRIM(0u)) {
        if (!km_der_u64(rd, KM_DER_CONTEXT_PRIM(0u), &ret->version))
            return false;
        ret->has_version = true;
    }
    if (km_der_peek(rd, &tag) && tag == KM_DER_CONTEXT_PRIM(1u)) {
        if (!km_der_bytes(rd, KM_DER_CONTEXT_PRIM(1u), &ret->target) || ret->target.len == 0 ||
            ret->target.len > KM_PAYLOAD_TARGET_MAX || !km_utf8_valid(ret->target))
            return false;
    }
    return true;
}

static enum km_payload_fault read_kind(struct km_rd *rd)
{
    struct km_slice kind = {0};
    if (!km_der_utf8(rd, KM_PAYLOAD_TARGET_MAX, &kind))
        return KM_PAYLOAD_MALFORMED;
    return km_slice_equal(kind, KM_SLICE_STR(KM_PAYLOAD_KIND)) ? KM_PAYLOAD_OK
                                                               : KM_PAYLOAD_OTHER_KIND;
}

/* What stands between the content's header and the payload's first octet. */
static enum km_payload_fault read_fields(struct km_rd *rd, struct km_payload *ret)
{
    uint64_t version = 0;
    struct km_slice oid = {0};
    struct km_slice hash = {0};
    enum km_sign_digest digest = KM_SIGN_SHA256;
    enum km_payload_fault fault = read_kind(rd);
    if (fault != KM_PAYLOAD_OK)
        return fault;
    if (!km_der_u64(rd, KM_DER_INTEGER, &version))
        return KM_PAYLOAD_MALFORMED;
    if (version != KM_ENVELOPE_VERSION)
        return KM_PAYLOAD_UNSUPPORTED;
    if (!km_der_bytes(rd, KM_DER_OID, &oid) || oid.len == 0 ||
        !km_der_utf8(rd, HASH_NAME_MAX, &hash))
        return KM_PAYLOAD_MALFORMED;
    ret->alg = km_sign_alg_by_oid(oid);
    if (ret->alg == NULL || !km_payload_hash_find(hash, &digest))
        return KM_PAYLOAD_UNSUPPORTED;
    /* The hash is told twice; two opinions are no package. */
    if (ret->alg->digest != digest || !read_options(rd, ret) ||
        !km_der_header(rd, KM_DER_OCTET_STRING, &ret->payload_len) ||
        ret->payload_len > KM_PAYLOAD_LEN_MAX)
        return KM_PAYLOAD_MALFORMED;
    return KM_PAYLOAD_OK;
}

/* The content up to the payload, which must fill the rest of it. */
static enum km_payload_fault read_content(struct km_rd *rd, struct km_payload *ret)
{
    const uint8_t *start = rd->pos;
    uint64_t len = 0;
    if (!km_der_header(rd, KM_DER_SEQUENCE, &len))
        return KM_PAYLOAD_MALFORMED;
    const uint8_t *fields = rd->pos;
    enum km_payload_fault fault = read_fields(rd, ret);
    if (fault != KM_PAYLOAD_OK)
        return fault;
    uint64_t before = (uint64_t)(rd->pos - fields);
    if (before + ret->payload_len != len)
        return KM_PAYLOAD_MALFORMED;
    ret->content_head = KM_SLICE(start, (size_t)(rd->pos - start));
    return KM_PAYLOAD_OK;
}

static enum km_payload_fault read_package(struct km_rd *rd, uint64_t len, struct km_payload *ret)
{
    const uint8_t *inside = rd->pos;
    if (!km_der_bytes(rd, KM_DER_OCTET_STRING, &ret->signature) ||
        ret->signature.len > KM_ENVELOPE_SIGNATURE_MAX)
        return KM_PAYLOAD_MALFORMED;
    enum km_payload_fault fault = read_content(rd, ret);
    if (fault != KM_PAYLOAD_OK)
        return fault;
    uint64_t before = (uint64_t)(rd->pos - inside);
    return before + ret->payload_len == len ? KM_PAYLOAD_OK : KM_PAYLOAD_MALFORMED;
}

/* The same rules as km_der_header's, for a header that is not all there: could more octets mend it? */
static bool header_may_go_on(struct km_slice in)
{
    if (in.len == 0)
        return true;
    return in.ptr[0] == KM_DER_SEQUENCE &&
           (in.len == 1 || (in.ptr[1] > 0x80 && in.ptr[1] <= 0x88 &&
                            in.len < 2u + (in.ptr[1] & 0x7fu) && (in.len == 2 || in.ptr[2] != 0)));
}

enum km_payload_fault km_payload_parse(struct km_slice in, struct km_payload *ret)
{
    struct km_rd rd = km_rd_init(in);
    uint64_t len = 0;
    *ret = (struct km_payload){0};
    if (!km_der_header(&rd, KM_DER_SEQUENCE, &len))
        return header_may_go_on(in) ? KM_PAYLOAD_TRUNCATED : KM_PAYLOAD_MALFORMED;
    size_t left = km_rd_left(&rd);
    size_t header_len = in.len - left;
    if (len > KM_PAYLOAD_LEN_MAX)
        return KM_PAYLOAD_MALFORMED;
    if (left < len && in.len < KM_PAYLOAD_HEAD_MAX)
        return KM_PAYLOAD_TRUNCATED;
    if (left > len)
        return KM_PAYLOAD_TRAILING;
    enum km_payload_fault fault = read_package(&rd, len, ret);
    ret->head_len = in.len - km_rd_left(&rd);
    ret->package_len = header_len + len;
    return fault;
}

enum km_payload_fault km_payload_parse_content(struct km_slice in, struct km_payload *ret)
{
    struct km_rd rd = km_rd_init(in);
    *ret = (struct km_payload){0};
    enum km_payload_fault fault = read_content(&rd, ret);
    if (fault == KM_PAYLOAD_OK && !km_rd_done(&rd))
        return KM_PAYLOAD_TRAILING;
    return fault;
}

static void put_fields(struct km_wr *wr, const struct km_payload *payload)
{
    km_der_put(wr, KM_DER_UTF8_STRING, KM_SLICE_STR(KM_PAYLOAD_KIND));
    km_der_put_u64(wr, KM_DER_INTEGER, KM_ENVELOPE_VERSION);
    km_der_put(wr, KM_DER_OID, payload->alg->oid);
    km_der_put(wr, KM_DER_UTF8_STRING, KM_SLICE_STR(km_payload_hash_name(payload->alg->digest)));
    if (payload->has_version)
        km_der_put_u64(wr, KM_DER_CONTEXT_PRIM(0u), payload->version);
    if (payload->target.len != 0)
        km_der_put(wr, KM_DER_CONTEXT_PRIM(1u), payload->target);
    km_der_put_header(wr, KM_DER_OCTET_STRING, payload->payload_len);
}

/* A constructed element's header goes before what was written since start, with room for what is to follow. */
static void wrap(struct km_wr *wr, size_t start, uint64_t follows)
{
    uint8_t header[16] = {0};
    struct km_wr at = km_wr_init(header, sizeof(header));
    struct km_slice done = {0};
    km_der_put_header(&at, KM_DER_SEQUENCE, wr->len - start + follows);
    if (!km_wr_finish(&at, &done) || wr->overflow)
        wr->overflow = true;
    else
        km_wr_insert(wr, start, done);
}

void km_payload_put_content(struct km_wr *wr, const struct km_payload *payload)
{
    size_t start = wr->len;
    put_fields(wr, payload);
    wrap(wr, start, payload->payload_len);
}

void km_payload_put_head(struct km_wr *wr, const struct km_payload *payload)
{
    size_t start = wr->len;
    km_der_put(wr, KM_DER_OCTET_STRING, payload->signature);
    km_wr_bytes(wr, payload->content_head);
    wrap(wr, start, payload->payload_len);
}

enum km_payload_answer km_payload_fits(const struct km_payload *payload,
                                       const struct km_payload_wish *wish)
{
    if (!wish->any_target && !km_slice_equal(payload->target, wish->target))
        return KM_PAYLOAD_NOT_FOR_US;
    if (wish->lowest != 0 && (!payload->has_version || payload->version < wish->lowest))
        return KM_PAYLOAD_TOO_OLD;
    return KM_PAYLOAD_WELCOME;
}
