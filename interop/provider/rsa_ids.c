/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/provider/rsa_ids.h"

#include <strings.h>

#include "common/km_der.h"

static const struct rsa_pss_bounds bounds[] = {
    [KM_DOOR_PSS_NONE] = {NULL, 0},        [KM_DOOR_PSS_ANY] = {NULL, 0},
    [KM_DOOR_PSS_SHA256] = {"SHA256", 32}, [KM_DOOR_PSS_SHA384] = {"SHA384", 48},
    [KM_DOOR_PSS_SHA512] = {"SHA512", 64},
};

const struct rsa_pss_bounds *rsa_pss_bounds(enum km_door_pss pss)
{
    return &bounds[pss];
}

enum km_door_pss rsa_pss_by_digest(const char *name)
{
    static const char *const others[] = {"SHA2-256", "SHA2-384", "SHA2-512"};
    for (unsigned i = KM_DOOR_PSS_SHA256; i <= KM_DOOR_PSS_SHA512; i++)
        if (strcasecmp(name, bounds[i].digest) == 0 ||
            strcasecmp(name, others[i - KM_DOOR_PSS_SHA256]) == 0)
            return (enum km_door_pss)i;
    return KM_DOOR_PSS_NONE;
}

struct digest_ids {
    size_t digest_len;
    uint8_t pkcs1;          /* last arc of pkcs-1 {1 2 840 113549 1 1 x} */
    struct km_slice digest; /* OID contents */
};

static const uint8_t oid_sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const uint8_t oid_sha224[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04};
static const uint8_t oid_sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t oid_sha384[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02};
static const uint8_t oid_sha512[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03};

static const struct digest_ids digests[] = {
    {20, 5, {oid_sha1, sizeof(oid_sha1)}},      {28, 14, {oid_sha224, sizeof(oid_sha224)}},
    {32, 11, {oid_sha256, sizeof(oid_sha256)}}, {48, 12, {oid_sha384, sizeof(oid_sha384)}},
    {64, 13, {oid_sha512, sizeof(oid_sha512)}},
};

#define ARC_MGF1 8
#define ARC_PSS 10

static const struct digest_ids *ids_of(size_t digest_len)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++)
        if (digests[i].digest_len == digest_len)
            return &digests[i];
    return NULL;
}

static void put_arc(struct km_wr *wr, uint8_t arc)
{
    static const uint8_t pkcs1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01};
    size_t oid = km_der_begin(wr, KM_DER_OID);
    km_wr_bytes(wr, KM_SLICE(pkcs1, sizeof(pkcs1)));
    km_wr_u8(wr, arc);
    km_der_end(wr, oid);
}

static void put_digest(struct km_wr *wr, const struct digest_ids *ids)
{
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, ids->digest);
    km_der_put_null(wr);
    km_der_end(wr, seq);
}

static void put_pss(struct km_wr *wr, const struct digest_ids *ids, uint64_t salt_len)
{
    size_t params = km_der_begin(wr, KM_DER_SEQUENCE);
    /* DER leaves out what equals the default: SHA-1, MGF1 with SHA-1, 20 octets of salt. */
    if (ids->digest_len != 20) {
        size_t hash = km_der_begin(wr, KM_DER_CONTEXT(0));
        put_digest(wr, ids);
        km_der_end(wr, hash);
        size_t mgf = km_der_begin(wr, KM_DER_CONTEXT(1));
        size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
        put_arc(wr, ARC_MGF1);
        put_digest(wr, ids);
        km_der_end(wr, seq);
        km_der_end(wr, mgf);
    }
    if (salt_len != 20) {
        size_t salt = km_der_begin(wr, KM_DER_CONTEXT(2));
        km_der_put_u64(wr, KM_DER_INTEGER, salt_len);
        km_der_end(wr, salt);
    }
    km_der_end(wr, params);
}

bool rsa_ids_put_pkcs1(struct km_wr *wr, size_t digest_len)
{
    const struct digest_ids *ids = ids_of(digest_len);
    if (ids == NULL)
        return false;
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    put_arc(wr, ids->pkcs1);
    km_der_put_null(wr);
    km_der_end(wr, seq);
    return true;
}

bool rsa_ids_put_pss(struct km_wr *wr, size_t digest_len, uint64_t salt_len)
{
    const struct digest_ids *ids = ids_of(digest_len);
    if (ids == NULL)
        return false;
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    put_arc(wr, ARC_PSS);
    put_pss(wr, ids, salt_len);
    km_der_end(wr, seq);
    return true;
}

/* RFC 4055, section 3.1: without parameters the key is bound to nothing but PSS. */
void rsa_ids_put_spki(struct km_wr *wr, enum km_door_pss pss, struct km_slice n, struct km_slice e)
{
    size_t spki = km_der_begin(wr, KM_DER_SEQUENCE);
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    put_arc(wr, ARC_PSS);
    if (bounds[pss].digest != NULL)
        put_pss(wr, ids_of((size_t)bounds[pss].digest_len), (uint64_t)bounds[pss].digest_len);
    km_der_end(wr, algorithm);
    size_t bits = km_der_begin(wr, KM_DER_BIT_STRING);
    km_wr_u8(wr, 0); /* unused bits */
    size_t key = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put_uint(wr, n);
    km_der_put_uint(wr, e);
    km_der_end(wr, key);
    km_der_end(wr, bits);
    km_der_end(wr, spki);
}
