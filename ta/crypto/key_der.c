/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/key_der.h"

#include "common/km_der.h"

static const uint8_t OID_EC[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t OID_RSA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t OID_P256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t OID_P384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t OID_P521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};

static const struct {
    uint32_t bits;
    struct km_slice oid;
} CURVES[] = {
    {256, {OID_P256, sizeof(OID_P256)}},
    {384, {OID_P384, sizeof(OID_P384)}},
    {521, {OID_P521, sizeof(OID_P521)}},
};

static size_t coordinate_len(uint32_t bits)
{
    return (bits + 7u) / 8u;
}

bool km_attr_find(const struct km_crypto_attrs *attrs, uint32_t attribute, struct km_slice *ret)
{
    for (uint32_t i = 0; i < attrs->count; i++) {
        if (attrs->at[i].attribute == attribute) {
            *ret = attrs->at[i].value;
            return true;
        }
    }
    return false;
}

uint32_t km_attr_curve(const struct km_crypto_attrs *attrs)
{
    struct km_slice value = {0};
    uint32_t bits = 0;
    if (!km_attr_find(attrs, KM_CRYPTO_ECC_CURVE, &value))
        return 0;
    struct km_rd rd = km_rd_init(value);
    return km_rd_u32le(&rd, &bits) && km_rd_done(&rd) ? bits : 0;
}

static bool add(struct km_der_key *key, uint32_t attribute, struct km_slice value)
{
    if (key->attrs.count == KM_CRYPTO_ATTRIBUTES_MAX || value.len > KM_CRYPTO_ATTRIBUTE_LEN_MAX)
        return false;
    key->attrs.at[key->attrs.count++] =
        (struct km_crypto_attr){.attribute = attribute, .value = value};
    return true;
}

static bool add_curve(struct km_der_key *key, uint32_t bits)
{
    struct km_wr wr = km_wr_init(key->curve, sizeof(key->curve));
    km_wr_u32le(&wr, bits);
    return add(key, KM_CRYPTO_ECC_CURVE, KM_SLICE(key->curve, sizeof(key->curve)));
}

static bool add_integers(struct km_der_key *key, struct km_rd *rd, uint32_t first, uint32_t last)
{
    for (uint32_t attribute = first; attribute <= last; attribute++) {
        struct km_slice value = {0};
        if (!km_der_uint(rd, &value) || !add(key, attribute, value))
            return false;
    }
    return true;
}

static bool read_curve(struct km_rd *rd, uint32_t *ret_bits)
{
    struct km_slice oid = {0};
    if (!km_der_bytes(rd, KM_DER_OID, &oid))
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
        if (km_slice_equal(oid, CURVES[i].oid)) {
            *ret_bits = CURVES[i].bits;
            return true;
        }
    }
    return false;
}

static bool add_point(struct km_der_key *key, uint32_t bits, struct km_slice point)
{
    size_t len = coordinate_len(bits);
    if (point.len != 1 + 2 * len || point.ptr[0] != 0x04)
        return false;
    return add(key, KM_CRYPTO_ECC_PUBLIC_VALUE_X, KM_SLICE(point.ptr + 1, len)) &&
           add(key, KM_CRYPTO_ECC_PUBLIC_VALUE_Y, KM_SLICE(point.ptr + 1 + len, len));
}

/* AlgorithmIdentifier; *ret_bits is 0 for RSA. */
static bool read_algorithm(struct km_rd *rd, uint32_t *ret_bits)
{
    struct km_rd alg = {0};
    struct km_slice oid = {0};
    uint32_t bits = 0;
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &alg) || !km_der_bytes(&alg, KM_DER_OID, &oid))
        return false;
    bool fits = false;
    if (km_slice_equal(oid, KM_SLICE(OID_EC, sizeof(OID_EC))))
        fits = read_curve(&alg, &bits);
    else if (km_slice_equal(oid, KM_SLICE(OID_RSA, sizeof(OID_RSA))))
        fits = km_der_null(&alg);
    if (!fits || !km_rd_done(&alg))
        return false;
    *ret_bits = bits;
    return true;
}

bool km_der_key_spki(struct km_slice der, struct km_der_key *ret)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd spki = {0};
    struct km_slice key = {0};
    uint32_t bits = 0;
    *ret = (struct km_der_key){0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &spki) || !read_algorithm(&spki, &bits) ||
        !km_der_bit_string(&spki, &key) || !km_rd_done(&spki) || !km_rd_done(&rd))
        return false;
    if (bits != 0)
        return add_curve(ret, bits) && add_point(ret, bits, key);
    ret->is_rsa = true;
    struct km_rd inner = km_rd_init(key);
    struct km_rd rsa = {0};
    return km_der_enter(&inner, KM_DER_SEQUENCE, &rsa) && km_rd_done(&inner) &&
           add_integers(ret, &rsa, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_PUBLIC_EXPONENT) &&
           km_rd_done(&rsa);
}

/* RSAPrivateKey behind its version. */
static bool read_pkcs1(struct km_rd *rsa, struct km_der_key *ret)
{
    ret->is_rsa = true;
    return add_integers(ret, rsa, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_COEFFICIENT) &&
           km_rd_done(rsa);
}

/* ECPrivateKey behind its version; bits is what is known of the curve, 0 for nothing. */
static bool read_sec1(struct km_rd *ec, uint32_t bits, struct km_der_key *ret)
{
    struct km_slice scalar = {0};
    struct km_slice point = {0};
    uint8_t tag = 0;
    if (!km_der_bytes(ec, KM_DER_OCTET_STRING, &scalar))
        return false;
    if (km_der_peek(ec, &tag) && tag == KM_DER_CONTEXT(0u)) {
        struct km_rd params = {0};
        uint32_t told = 0;
        if (!km_der_enter(ec, KM_DER_CONTEXT(0u), &params) || !read_curve(&params, &told) ||
            !km_rd_done(&params) || (bits != 0 && bits != told))
            return false;
        bits = told;
    }
    if (bits == 0 || scalar.len == 0 || scalar.len > coordinate_len(bits) ||
        !add_curve(ret, bits) || !add(ret, KM_CRYPTO_ECC_PRIVATE_VALUE, scalar))
        return false;
    if (km_der_peek(ec, &tag) && tag == KM_DER_CONTEXT(1u)) {
        struct km_rd outer = {0};
        if (!km_der_enter(ec, KM_DER_CONTEXT(1u), &outer) || !km_der_bit_string(&outer, &point) ||
            !km_rd_done(&outer) || !add_point(ret, bits, point))
            return false;
    }
    return km_rd_done(ec);
}

static bool read_pkcs8_rest(struct km_rd *rd, uint64_t version)
{
    uint8_t tag = 0;
    uint8_t seen = 0;
    struct km_slice contents = {0};
    struct km_slice whole = {0};
    /* Attributes say nothing that is kept here; the public key is in the inner structure as well. */
    while (km_der_peek(rd, &tag)) {
        bool is_attributes = tag == KM_DER_CONTEXT(0u) && seen == 0;
        bool is_public = tag == KM_DER_CONTEXT_PRIM(1u) && version == 1 && seen < 2;
        if (!is_attributes && !is_public)
            return false;
        if (!km_der_any(rd, &tag, &contents, &whole))
            return false;
        seen = is_public ? 2 : 1;
    }
    return km_rd_done(rd);
}

static bool read_pkcs8(struct km_rd *rd, uint64_t version, struct km_der_key *ret)
{
    struct km_slice inner = {0};
    uint32_t bits = 0;
    uint64_t inner_version = 0;
    struct km_rd body = {0};
    if (!read_algorithm(rd, &bits) || !km_der_bytes(rd, KM_DER_OCTET_STRING, &inner) ||
        !read_pkcs8_rest(rd, version))
        return false;
    struct km_rd in = km_rd_init(inner);
    if (!km_der_enter(&in, KM_DER_SEQUENCE, &body) || !km_rd_done(&in) ||
        !km_der_u64(&body, KM_DER_INTEGER, &inner_version))
        return false;
    if (bits != 0)
        return inner_version == 1 && read_sec1(&body, bits, ret);
    return inner_version == 0 && read_pkcs1(&body, ret);
}

bool km_der_key_private(struct km_slice der, uint32_t bits, struct km_der_key *ret)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd key = {0};
    uint64_t version = 0;
    uint8_t tag = 0;
    *ret = (struct km_der_key){.is_private = true};
    if (bits != 0 && bits != 256 && bits != 384 && bits != 521)
        bits = 0;
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &key) || !km_rd_done(&rd) ||
        !km_der_u64(&key, KM_DER_INTEGER, &version) || version > 1 || !km_der_peek(&key, &tag))
        return false;
    if (tag == KM_DER_SEQUENCE)
        return read_pkcs8(&key, version, ret);
    if (tag == KM_DER_INTEGER)
        return version == 0 && read_pkcs1(&key, ret);
    return version == 1 && read_sec1(&key, bits, ret);
}

static void put_algorithm(struct km_wr *wr, uint32_t bits)
{
    size_t alg = km_der_begin(wr, KM_DER_SEQUENCE);
    if (bits == 0) {
        km_der_put(wr, KM_DER_OID, KM_SLICE(OID_RSA, sizeof(OID_RSA)));
        km_der_put_null(wr);
    } else {
        km_der_put(wr, KM_DER_OID, KM_SLICE(OID_EC, sizeof(OID_EC)));
        for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
            if (CURVES[i].bits == bits)
                km_der_put(wr, KM_DER_OID, CURVES[i].oid);
        }
    }
    km_der_end(wr, alg);
}

static bool put_integers(struct km_wr *wr, const struct km_crypto_attrs *attrs, uint32_t first,
                         uint32_t last)
{
    for (uint32_t attribute = first; attribute <= last; attribute++) {
        struct km_slice value = {0};
        if (!km_attr_find(attrs, attribute, &value))
            return false;
        km_der_put_uint(wr, value);
    }
    return true;
}

/* Contents of a BIT STRING: no unused bits, then 04 X Y. */
static bool put_point(struct km_wr *wr, const struct km_crypto_attrs *attrs, uint32_t bits)
{
    struct km_slice x = {0};
    struct km_slice y = {0};
    size_t len = coordinate_len(bits);
    if (!km_attr_find(attrs, KM_CRYPTO_ECC_PUBLIC_VALUE_X, &x) ||
        !km_attr_find(attrs, KM_CRYPTO_ECC_PUBLIC_VALUE_Y, &y) || x.len != len || y.len != len)
        return false;
    size_t mark = km_der_begin(wr, KM_DER_BIT_STRING);
    km_wr_u8(wr, 0);
    km_wr_u8(wr, 4);
    km_wr_bytes(wr, x);
    km_wr_bytes(wr, y);
    km_der_end(wr, mark);
    return true;
}

static bool finish(const struct km_wr *wr, size_t *ret_len)
{
    struct km_slice done = {0};
    if (!km_wr_finish(wr, &done))
        return false;
    *ret_len = done.len;
    return true;
}

bool km_der_key_put_spki(const struct km_crypto_attrs *attrs, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    uint32_t bits = km_attr_curve(attrs);
    size_t spki = km_der_begin(&wr, KM_DER_SEQUENCE);
    put_algorithm(&wr, bits);
    if (bits != 0) {
        if (!put_point(&wr, attrs, bits))
            return false;
    } else {
        size_t mark = km_der_begin(&wr, KM_DER_BIT_STRING);
        km_wr_u8(&wr, 0);
        size_t rsa = km_der_begin(&wr, KM_DER_SEQUENCE);
        if (!put_integers(&wr, attrs, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_PUBLIC_EXPONENT))
            return false;
        km_der_end(&wr, rsa);
        km_der_end(&wr, mark);
    }
    km_der_end(&wr, spki);
    return finish(&wr, ret_len);
}

static bool put_sec1(struct km_wr *wr, const struct km_crypto_attrs *attrs, uint32_t bits)
{
    struct km_slice scalar = {0};
    if (!km_attr_find(attrs, KM_CRYPTO_ECC_PRIVATE_VALUE, &scalar) ||
        scalar.len != coordinate_len(bits))
        return false;
    size_t ec = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put_u64(wr, KM_DER_INTEGER, 1);
    km_der_put(wr, KM_DER_OCTET_STRING, scalar);
    size_t outer = km_der_begin(wr, KM_DER_CONTEXT(1u));
    bool whole = put_point(wr, attrs, bits);
    km_der_end(wr, outer);
    km_der_end(wr, ec);
    return whole;
}

bool km_der_key_put_pkcs8(const struct km_crypto_attrs *attrs, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    uint32_t bits = km_attr_curve(attrs);
    bool whole = false;
    size_t pkcs8 = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put_u64(&wr, KM_DER_INTEGER, 0);
    put_algorithm(&wr, bits);
    size_t inner = km_der_begin(&wr, KM_DER_OCTET_STRING);
    if (bits != 0) {
        whole = put_sec1(&wr, attrs, bits);
    } else {
        size_t rsa = km_der_begin(&wr, KM_DER_SEQUENCE);
        km_der_put_u64(&wr, KM_DER_INTEGER, 0);
        whole = put_integers(&wr, attrs, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_COEFFICIENT);
        km_der_end(&wr, rsa);
    }
    km_der_end(&wr, inner);
    km_der_end(&wr, pkcs8);
    return whole && finish(&wr, ret_len);
}
