/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/key_der.h"

#include "common/km_der.h"

static const uint8_t OID_EC[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t OID_RSA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t OID_DSA[] = {0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01};
static const uint8_t OID_DH[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01};
static const uint8_t OID_X942[] = {0x2a, 0x86, 0x48, 0xce, 0x3e, 0x02, 0x01};
static const uint8_t OID_ED25519[] = {0x2b, 0x65, 0x70};
static const uint8_t OID_X25519[] = {0x2b, 0x65, 0x6e};
static const uint8_t OID_ED448[] = {0x2b, 0x65, 0x71};
static const uint8_t OID_X448[] = {0x2b, 0x65, 0x6f};
static const uint8_t OID_P192[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01};
static const uint8_t OID_P224[] = {0x2b, 0x81, 0x04, 0x00, 0x21};
static const uint8_t OID_P256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t OID_P384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t OID_P521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};

static const struct km_der_raw RAWS[] = {
    {KM_DER_KEY_ED25519, 32, KM_CRYPTO_ED25519_PUBLIC_VALUE, KM_CRYPTO_ED25519_PRIVATE_VALUE},
    {KM_DER_KEY_X25519, 32, KM_CRYPTO_X25519_PUBLIC_VALUE, KM_CRYPTO_X25519_PRIVATE_VALUE},
    {KM_DER_KEY_ED448, 57, KM_CRYPTO_ED448_PUBLIC_VALUE, KM_CRYPTO_ED448_PRIVATE_VALUE},
    {KM_DER_KEY_X448, 56, KM_CRYPTO_X448_PUBLIC_VALUE, KM_CRYPTO_X448_PRIVATE_VALUE},
};

const struct km_der_raw *km_der_raw_find(enum km_der_kind kind)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(RAWS); i++) {
        if (RAWS[i].kind == kind)
            return &RAWS[i];
    }
    return NULL;
}

static const struct {
    uint32_t bits;
    struct km_slice oid;
} CURVES[] = {
    {192, {OID_P192, sizeof(OID_P192)}}, {224, {OID_P224, sizeof(OID_P224)}},
    {256, {OID_P256, sizeof(OID_P256)}}, {384, {OID_P384, sizeof(OID_P384)}},
    {521, {OID_P521, sizeof(OID_P521)}},
};

static bool is_curve(uint32_t bits)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
        if (CURVES[i].bits == bits)
            return true;
    }
    return false;
}

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

bool km_attr_is_private(uint32_t attribute)
{
    switch (attribute) {
    case KM_CRYPTO_RSA_MODULUS:
    case KM_CRYPTO_RSA_PUBLIC_EXPONENT:
    case KM_CRYPTO_ECC_CURVE:
    case KM_CRYPTO_ECC_PUBLIC_VALUE_X:
    case KM_CRYPTO_ECC_PUBLIC_VALUE_Y:
    case KM_CRYPTO_DSA_PRIME:
    case KM_CRYPTO_DSA_SUBPRIME:
    case KM_CRYPTO_DSA_BASE:
    case KM_CRYPTO_DSA_PUBLIC_VALUE:
    case KM_CRYPTO_DH_PRIME:
    case KM_CRYPTO_DH_SUBPRIME:
    case KM_CRYPTO_DH_BASE:
    case KM_CRYPTO_DH_PUBLIC_VALUE:
    case KM_CRYPTO_ED25519_PUBLIC_VALUE:
    case KM_CRYPTO_X25519_PUBLIC_VALUE:
    case KM_CRYPTO_ED448_PUBLIC_VALUE:
    case KM_CRYPTO_X448_PUBLIC_VALUE:
        return false;
    default:
        return true;
    }
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

/* Dss-Parms: p, q, g. */
static bool read_dsa_parameters(struct km_rd *rd, struct km_der_key *ret)
{
    struct km_rd body = {0};
    return km_der_enter(rd, KM_DER_SEQUENCE, &body) &&
           add_integers(ret, &body, KM_CRYPTO_DSA_PRIME, KM_CRYPTO_DSA_BASE) && km_rd_done(&body);
}

static bool add_integer(struct km_der_key *key, struct km_rd *rd, uint32_t attribute)
{
    return add_integers(key, rd, attribute, attribute);
}

/* DHParameter of PKCS#3: p, g and the private value's length, which nobody needs. */
static bool read_dh_parameters(struct km_rd *rd, struct km_der_key *ret)
{
    struct km_rd body = {0};
    uint64_t private_bits = 0;
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &body) || !add_integer(ret, &body, KM_CRYPTO_DH_PRIME) ||
        !add_integer(ret, &body, KM_CRYPTO_DH_BASE))
        return false;
    return km_rd_done(&body) ||
           (km_der_u64(&body, KM_DER_INTEGER, &private_bits) && km_rd_done(&body));
}

/* DomainParameters of X9.42: p, g, q; what may follow says how they were found. */
static bool read_x942_parameters(struct km_rd *rd, struct km_der_key *ret)
{
    struct km_rd body = {0};
    struct km_slice cofactor = {0};
    struct km_slice seed = {0};
    struct km_rd validation = {0};
    uint64_t counter = 0;
    uint8_t tag = 0;
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &body) || !add_integer(ret, &body, KM_CRYPTO_DH_PRIME) ||
        !add_integer(ret, &body, KM_CRYPTO_DH_BASE) ||
        !add_integer(ret, &body, KM_CRYPTO_DH_SUBPRIME))
        return false;
    if (km_der_peek(&body, &tag) && tag == KM_DER_INTEGER && !km_der_uint(&body, &cofactor))
        return false;
    if (km_rd_done(&body))
        return true;
    return km_der_enter(&body, KM_DER_SEQUENCE, &validation) &&
           km_der_bit_string(&validation, &seed) &&
           km_der_u64(&validation, KM_DER_INTEGER, &counter) && km_rd_done(&validation) &&
           km_rd_done(&body);
}

static bool read_ec_parameters(struct km_rd *rd, struct km_der_key *ret)
{
    uint32_t bits = 0;
    return read_curve(rd, &bits) && add_curve(ret, bits);
}

static bool read_null(struct km_rd *rd, struct km_der_key *ret)
{
    (void)ret;
    return km_der_null(rd);
}

static bool read_nothing(struct km_rd *rd, struct km_der_key *ret)
{
    (void)rd;
    (void)ret;
    return true;
}

/* What follows the OID of each algorithm. X9.42 is read as well; which of the two is printed depends on the key. */
static const struct {
    struct km_slice oid;
    enum km_der_kind kind;
    bool (*read)(struct km_rd *rd, struct km_der_key *ret);
} ALGORITHMS[] = {
    {{OID_EC, sizeof(OID_EC)}, KM_DER_KEY_EC, read_ec_parameters},
    {{OID_RSA, sizeof(OID_RSA)}, KM_DER_KEY_RSA, read_null},
    {{OID_DSA, sizeof(OID_DSA)}, KM_DER_KEY_DSA, read_dsa_parameters},
    {{OID_DH, sizeof(OID_DH)}, KM_DER_KEY_DH, read_dh_parameters},
    {{OID_X942, sizeof(OID_X942)}, KM_DER_KEY_DH, read_x942_parameters},
    {{OID_ED25519, sizeof(OID_ED25519)}, KM_DER_KEY_ED25519, read_nothing},
    {{OID_X25519, sizeof(OID_X25519)}, KM_DER_KEY_X25519, read_nothing},
    {{OID_ED448, sizeof(OID_ED448)}, KM_DER_KEY_ED448, read_nothing},
    {{OID_X448, sizeof(OID_X448)}, KM_DER_KEY_X448, read_nothing},
};

/* AlgorithmIdentifier: the kind, and its parameters as attributes. */
static bool read_algorithm(struct km_rd *rd, struct km_der_key *ret)
{
    struct km_rd alg = {0};
    struct km_slice oid = {0};
    if (!km_der_enter(rd, KM_DER_SEQUENCE, &alg) || !km_der_bytes(&alg, KM_DER_OID, &oid))
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGORITHMS); i++) {
        if (!km_slice_equal(oid, ALGORITHMS[i].oid))
            continue;
        ret->kind = (uint8_t)ALGORITHMS[i].kind;
        return ALGORITHMS[i].read(&alg, ret) && km_rd_done(&alg);
    }
    return false;
}

/* One INTEGER and nothing behind it. */
static bool read_value(struct km_slice der, uint32_t attribute, struct km_der_key *ret)
{
    struct km_rd rd = km_rd_init(der);
    return add_integer(ret, &rd, attribute) && km_rd_done(&rd);
}

/* One value of a key that km_der_raw_find knows. */
static bool add_raw(struct km_der_key *key, struct km_slice value, bool is_private)
{
    const struct km_der_raw *raw = km_der_raw_find(key->kind);
    return raw != NULL && value.len == raw->len &&
           add(key, is_private ? raw->private_value : raw->public_value, value);
}

static bool read_rsa_public(struct km_slice key, struct km_der_key *ret)
{
    struct km_rd inner = km_rd_init(key);
    struct km_rd rsa = {0};
    return km_der_enter(&inner, KM_DER_SEQUENCE, &rsa) && km_rd_done(&inner) &&
           add_integers(ret, &rsa, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_PUBLIC_EXPONENT) &&
           km_rd_done(&rsa);
}

bool km_der_key_spki(struct km_slice der, struct km_der_key *ret)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd spki = {0};
    struct km_slice key = {0};
    *ret = (struct km_der_key){0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &spki) || !read_algorithm(&spki, ret) ||
        !km_der_bit_string(&spki, &key) || !km_rd_done(&spki) || !km_rd_done(&rd))
        return false;
    switch (ret->kind) {
    case KM_DER_KEY_EC:
        return add_point(ret, km_attr_curve(&ret->attrs), key);
    case KM_DER_KEY_RSA:
        return read_rsa_public(key, ret);
    case KM_DER_KEY_DSA:
        return read_value(key, KM_CRYPTO_DSA_PUBLIC_VALUE, ret);
    case KM_DER_KEY_DH:
        return read_value(key, KM_CRYPTO_DH_PUBLIC_VALUE, ret);
    default:
        return add_raw(ret, key, false);
    }
}

bool km_der_key_parameters(struct km_slice der, enum km_der_kind kind, struct km_der_key *ret)
{
    struct km_rd rd = km_rd_init(der);
    *ret = (struct km_der_key){.kind = (uint8_t)kind};
    if (kind == KM_DER_KEY_DSA)
        return read_dsa_parameters(&rd, ret) && km_rd_done(&rd);
    return kind == KM_DER_KEY_DH && read_dh_parameters(&rd, ret) && km_rd_done(&rd);
}

/* RSAPrivateKey behind its version. */
static bool read_pkcs1(struct km_rd *rsa, struct km_der_key *ret)
{
    ret->kind = KM_DER_KEY_RSA;
    return add_integers(ret, rsa, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_COEFFICIENT) &&
           km_rd_done(rsa);
}

/* ECPrivateKey behind its version; bits is what is known of the curve, 0 for nothing. */
static bool read_sec1(struct km_rd *ec, uint32_t bits, struct km_der_key *ret)
{
    struct km_slice scalar = {0};
    struct km_slice point = {0};
    uint8_t tag = 0;
    bool is_told = bits != 0 && km_attr_curve(&ret->attrs) == bits; /* by a PKCS#8 around it */
    ret->kind = KM_DER_KEY_EC;
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
        (!is_told && !add_curve(ret, bits)) || !add(ret, KM_CRYPTO_ECC_PRIVATE_VALUE, scalar))
        return false;
    if (km_der_peek(ec, &tag) && tag == KM_DER_CONTEXT(1u)) {
        struct km_rd outer = {0};
        if (!km_der_enter(ec, KM_DER_CONTEXT(1u), &outer) || !km_der_bit_string(&outer, &point) ||
            !km_rd_done(&outer) || !add_point(ret, bits, point))
            return false;
    }
    return km_rd_done(ec);
}

/* What may follow the key: attributes, which say nothing that is kept here, and the public key (RFC 5958). */
static bool read_pkcs8_rest(struct km_rd *rd, uint64_t version, struct km_slice *ret_public)
{
    uint8_t tag = 0;
    uint8_t seen = 0;
    struct km_slice contents = {0};
    struct km_slice whole = {0};
    while (km_der_peek(rd, &tag)) {
        bool is_attributes = tag == KM_DER_CONTEXT(0u) && seen == 0;
        bool is_public = tag == KM_DER_CONTEXT_PRIM(1u) && version == 1 && seen < 2;
        if (!is_attributes && !is_public)
            return false;
        if (!km_der_any(rd, &tag, &contents, &whole))
            return false;
        seen = is_public ? 2 : 1;
        if (is_public)
            *ret_public = contents;
    }
    return km_rd_done(rd);
}

static bool read_pkcs8_sequence(struct km_slice inner, struct km_der_key *ret)
{
    struct km_rd in = km_rd_init(inner);
    struct km_rd body = {0};
    uint64_t version = 0;
    if (!km_der_enter(&in, KM_DER_SEQUENCE, &body) || !km_rd_done(&in) ||
        !km_der_u64(&body, KM_DER_INTEGER, &version))
        return false;
    if (ret->kind == KM_DER_KEY_EC)
        return version == 1 && read_sec1(&body, km_attr_curve(&ret->attrs), ret);
    return version == 0 && read_pkcs1(&body, ret);
}

/* CurvePrivateKey (RFC 8410, 7); public is the contents of a BIT STRING, or nothing. */
static bool read_pkcs8_raw(struct km_slice inner, struct km_slice public, struct km_der_key *ret)
{
    struct km_rd in = km_rd_init(inner);
    struct km_slice value = {0};
    if (!km_der_bytes(&in, KM_DER_OCTET_STRING, &value) || !km_rd_done(&in))
        return false;
    if (public.len != 0 &&
        (public.ptr[0] != 0 || !add_raw(ret, KM_SLICE(public.ptr + 1, public.len - 1), false)))
        return false;
    return add_raw(ret, value, true);
}

static bool read_pkcs8(struct km_rd *rd, uint64_t version, struct km_der_key *ret)
{
    struct km_slice inner = {0};
    struct km_slice public = {0};
    if (!read_algorithm(rd, ret) || !km_der_bytes(rd, KM_DER_OCTET_STRING, &inner) ||
        !read_pkcs8_rest(rd, version, &public))
        return false;
    switch (ret->kind) {
    case KM_DER_KEY_DSA:
        return read_value(inner, KM_CRYPTO_DSA_PRIVATE_VALUE, ret);
    case KM_DER_KEY_DH:
        return read_value(inner, KM_CRYPTO_DH_PRIVATE_VALUE, ret);
    case KM_DER_KEY_RSA:
    case KM_DER_KEY_EC:
        return read_pkcs8_sequence(inner, ret);
    default:
        return read_pkcs8_raw(inner, public, ret);
    }
}

bool km_der_key_private(struct km_slice der, uint32_t bits, struct km_der_key *ret)
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd key = {0};
    uint64_t version = 0;
    uint8_t tag = 0;
    *ret = (struct km_der_key){.is_private = true};
    if (!is_curve(bits))
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

static bool has(const struct km_crypto_attrs *attrs, uint32_t attribute)
{
    struct km_slice value = {0};
    return km_attr_find(attrs, attribute, &value);
}

static enum km_der_kind kind_of(const struct km_crypto_attrs *attrs)
{
    if (km_attr_curve(attrs) != 0)
        return KM_DER_KEY_EC;
    if (has(attrs, KM_CRYPTO_DSA_PRIME))
        return KM_DER_KEY_DSA;
    if (has(attrs, KM_CRYPTO_DH_PRIME))
        return KM_DER_KEY_DH;
    for (size_t i = 0; i < KM_ARRAY_LEN(RAWS); i++) {
        if (has(attrs, RAWS[i].public_value) || has(attrs, RAWS[i].private_value))
            return RAWS[i].kind;
    }
    return KM_DER_KEY_RSA;
}

static void put_oid(struct km_wr *wr, const struct km_crypto_attrs *attrs, enum km_der_kind kind)
{
    bool is_x942 = kind == KM_DER_KEY_DH && has(attrs, KM_CRYPTO_DH_SUBPRIME);
    for (size_t i = 0; i < KM_ARRAY_LEN(ALGORITHMS); i++) {
        if (ALGORITHMS[i].kind != kind || (ALGORITHMS[i].read == read_x942_parameters) != is_x942)
            continue;
        km_der_put(wr, KM_DER_OID, ALGORITHMS[i].oid);
    }
}

static void put_curve(struct km_wr *wr, uint32_t bits)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
        if (CURVES[i].bits == bits)
            km_der_put(wr, KM_DER_OID, CURVES[i].oid);
    }
}

/* p, g and, where it is known, q: PKCS#3 or X9.42. */
static bool put_dh_parameters(struct km_wr *wr, const struct km_crypto_attrs *attrs)
{
    size_t body = km_der_begin(wr, KM_DER_SEQUENCE);
    bool whole = put_integers(wr, attrs, KM_CRYPTO_DH_PRIME, KM_CRYPTO_DH_PRIME) &&
                 put_integers(wr, attrs, KM_CRYPTO_DH_BASE, KM_CRYPTO_DH_BASE);
    if (has(attrs, KM_CRYPTO_DH_SUBPRIME))
        whole = put_integers(wr, attrs, KM_CRYPTO_DH_SUBPRIME, KM_CRYPTO_DH_SUBPRIME) && whole;
    km_der_end(wr, body);
    return whole;
}

static bool put_algorithm(struct km_wr *wr, const struct km_crypto_attrs *attrs,
                          enum km_der_kind kind)
{
    bool whole = true;
    size_t alg = km_der_begin(wr, KM_DER_SEQUENCE);
    put_oid(wr, attrs, kind);
    if (kind == KM_DER_KEY_RSA) {
        km_der_put_null(wr);
    } else if (kind == KM_DER_KEY_EC) {
        put_curve(wr, km_attr_curve(attrs));
    } else if (kind == KM_DER_KEY_DH) {
        whole = put_dh_parameters(wr, attrs);
    } else if (kind == KM_DER_KEY_DSA) {
        size_t body = km_der_begin(wr, KM_DER_SEQUENCE);
        whole = put_integers(wr, attrs, KM_CRYPTO_DSA_PRIME, KM_CRYPTO_DSA_BASE);
        km_der_end(wr, body);
    }
    km_der_end(wr, alg);
    return whole;
}

static bool put_raw(struct km_wr *wr, const struct km_crypto_attrs *attrs, enum km_der_kind kind,
                    bool is_private)
{
    const struct km_der_raw *raw = km_der_raw_find(kind);
    struct km_slice value = {0};
    if (raw == NULL ||
        !km_attr_find(attrs, is_private ? raw->private_value : raw->public_value, &value) ||
        value.len != raw->len)
        return false;
    km_wr_bytes(wr, value);
    return true;
}

/* What the BIT STRING of a SubjectPublicKeyInfo holds, but for a point. */
static bool put_public(struct km_wr *wr, const struct km_crypto_attrs *attrs, enum km_der_kind kind)
{
    size_t mark = km_der_begin(wr, KM_DER_BIT_STRING);
    size_t rsa = 0;
    bool whole = false;
    km_wr_u8(wr, 0);
    switch (kind) {
    case KM_DER_KEY_RSA:
        rsa = km_der_begin(wr, KM_DER_SEQUENCE);
        whole = put_integers(wr, attrs, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_PUBLIC_EXPONENT);
        km_der_end(wr, rsa);
        break;
    case KM_DER_KEY_DSA:
        whole = put_integers(wr, attrs, KM_CRYPTO_DSA_PUBLIC_VALUE, KM_CRYPTO_DSA_PUBLIC_VALUE);
        break;
    case KM_DER_KEY_DH:
        whole = put_integers(wr, attrs, KM_CRYPTO_DH_PUBLIC_VALUE, KM_CRYPTO_DH_PUBLIC_VALUE);
        break;
    case KM_DER_KEY_EC: /* put_point does it */
        break;
    case KM_DER_KEY_ED25519:
    case KM_DER_KEY_X25519:
    case KM_DER_KEY_ED448:
    case KM_DER_KEY_X448:
        whole = put_raw(wr, attrs, kind, false);
        break;
    }
    km_der_end(wr, mark);
    return whole;
}

bool km_der_key_put_spki(const struct km_crypto_attrs *attrs, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    enum km_der_kind kind = kind_of(attrs);
    size_t spki = km_der_begin(&wr, KM_DER_SEQUENCE);
    if (!put_algorithm(&wr, attrs, kind))
        return false;
    bool whole = kind == KM_DER_KEY_EC ? put_point(&wr, attrs, km_attr_curve(attrs))
                                       : put_public(&wr, attrs, kind);
    km_der_end(&wr, spki);
    return whole && finish(&wr, ret_len);
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

/* What the OCTET STRING of a PKCS#8 holds. */
static bool put_private(struct km_wr *wr, const struct km_crypto_attrs *attrs,
                        enum km_der_kind kind)
{
    size_t inner = 0;
    bool whole = false;
    switch (kind) {
    case KM_DER_KEY_EC:
        return put_sec1(wr, attrs, km_attr_curve(attrs));
    case KM_DER_KEY_DSA:
        return put_integers(wr, attrs, KM_CRYPTO_DSA_PRIVATE_VALUE, KM_CRYPTO_DSA_PRIVATE_VALUE);
    case KM_DER_KEY_DH:
        return put_integers(wr, attrs, KM_CRYPTO_DH_PRIVATE_VALUE, KM_CRYPTO_DH_PRIVATE_VALUE);
    case KM_DER_KEY_RSA:
        inner = km_der_begin(wr, KM_DER_SEQUENCE);
        km_der_put_u64(wr, KM_DER_INTEGER, 0);
        whole = put_integers(wr, attrs, KM_CRYPTO_RSA_MODULUS, KM_CRYPTO_RSA_COEFFICIENT);
        km_der_end(wr, inner);
        return whole;
    case KM_DER_KEY_ED25519:
    case KM_DER_KEY_X25519:
    case KM_DER_KEY_ED448:
    case KM_DER_KEY_X448:
    default:
        inner = km_der_begin(wr, KM_DER_OCTET_STRING);
        whole = put_raw(wr, attrs, kind, true);
        km_der_end(wr, inner);
        return whole;
    }
}

bool km_der_key_put_pkcs8(const struct km_crypto_attrs *attrs, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    enum km_der_kind kind = kind_of(attrs);
    size_t pkcs8 = km_der_begin(&wr, KM_DER_SEQUENCE);
    km_der_put_u64(&wr, KM_DER_INTEGER, 0);
    if (!put_algorithm(&wr, attrs, kind))
        return false;
    size_t inner = km_der_begin(&wr, KM_DER_OCTET_STRING);
    bool whole = put_private(&wr, attrs, kind);
    km_der_end(&wr, inner);
    km_der_end(&wr, pkcs8);
    return whole && finish(&wr, ret_len);
}
