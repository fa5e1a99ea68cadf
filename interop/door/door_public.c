/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "common/km_der.h"
#include "interop/door/door_key.h"

#define RSA_BITS_MIN 1024u
#define RSA_BITS_MAX 16384u
#define POINT_UNCOMPRESSED 0x04u

/* RFC 5480, section 2.1.1; RFC 3279, section 2.3.1. */
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
/* RFC 8410, section 3. */
static const uint8_t oid_ed25519[] = {0x2b, 0x65, 0x70};
static const uint8_t oid_x25519[] = {0x2b, 0x65, 0x6e};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t oid_p521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};

static const struct km_door_curve curves[] = {
    {.bits = 256,
     .security_bits = 128,
     .coord_len = 32,
     .name = "prime256v1",
     .nist_name = "P-256",
     .oid = {oid_p256, sizeof(oid_p256)},
     .aliases = {"secp256r1", "1.2.840.10045.3.1.7"}},
    {.bits = 384,
     .security_bits = 192,
     .coord_len = 48,
     .name = "secp384r1",
     .nist_name = "P-384",
     .oid = {oid_p384, sizeof(oid_p384)},
     .aliases = {"ansip384r1", "1.3.132.0.34"}},
    {.bits = 521,
     .security_bits = 256,
     .coord_len = 66,
     .name = "secp521r1",
     .nist_name = "P-521",
     .oid = {oid_p521, sizeof(oid_p521)},
     .aliases = {"ansip521r1", "1.3.132.0.35"}},
};

const struct km_door_curve *km_door_curve_by_name(const char *name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++) {
        const struct km_door_curve *curve = &curves[i];
        if (strcasecmp(name, curve->name) == 0 || strcasecmp(name, curve->nist_name) == 0 ||
            strcasecmp(name, curve->aliases[0]) == 0 || strcasecmp(name, curve->aliases[1]) == 0)
            return curve;
    }
    return NULL;
}

const struct km_door_curve *km_door_curve_by_bits(unsigned bits)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++)
        if (curves[i].bits == bits)
            return &curves[i];
    return NULL;
}

size_t km_door_curve_signature_max(const struct km_door_curve *curve)
{
    size_t integer = 2 + curve->bits / 8 + 1; /* a sign octet when the top bit may be set */
    size_t contents = 2 * integer;
    return contents + (contents < 0x80 ? 2 : 3);
}

static const struct km_door_curve *curve_by_oid(struct km_slice oid)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++)
        if (km_slice_equal(oid, curves[i].oid))
            return &curves[i];
    return NULL;
}

static km_status parse_ec(struct km_err *err, struct km_rd *parameters, struct km_slice point,
                          struct km_door_public *made)
{
    struct km_slice oid = {0};
    if (!km_der_bytes(parameters, KM_DER_OID, &oid) || !km_rd_done(parameters))
        return KM_FAIL(err, KM_E_UNSUPPORTED, "an EC key whose curve has no name");
    made->curve = curve_by_oid(oid);
    if (made->curve == NULL)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "an EC key on another curve than P-256, 384, 521");
    size_t coord_len = made->curve->coord_len;
    if (point.len != 1 + 2 * coord_len || point.ptr[0] != POINT_UNCOMPRESSED)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "an EC point that is not in uncompressed form");
    made->family = KM_DOOR_EC;
    made->bits = made->curve->bits;
    made->point = point;
    made->x = KM_SLICE(point.ptr + 1, coord_len);
    made->y = KM_SLICE(point.ptr + 1 + coord_len, coord_len);
    return KM_OK;
}

static unsigned bits_of(struct km_slice magnitude)
{
    unsigned bits = (unsigned)magnitude.len * 8;
    for (uint8_t mask = 0x80; mask != 0 && (magnitude.ptr[0] & mask) == 0; mask >>= 1)
        bits--;
    return bits;
}

static km_status parse_rsa(struct km_err *err, struct km_rd *parameters, struct km_slice key,
                           struct km_door_public *made)
{
    struct km_rd rd = km_rd_init(key);
    struct km_rd seq = {0};
    if (!km_der_null(parameters) || !km_rd_done(parameters) ||
        !km_der_enter(&rd, KM_DER_SEQUENCE, &seq) || !km_rd_done(&rd) ||
        !km_der_uint(&seq, &made->n) || !km_der_uint(&seq, &made->e) || !km_rd_done(&seq))
        return KM_FAIL(err, KM_E_MALFORMED, "an RSA public key that is not valid DER");
    made->family = KM_DOOR_RSA;
    made->bits = bits_of(made->n);
    if (made->bits < RSA_BITS_MIN || made->bits > RSA_BITS_MAX)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "an RSA key of %u bits", made->bits);
    return KM_OK;
}

#define BITS_ED25519 256u
#define BITS_X25519 253u

static km_status parse_25519(struct km_err *err, struct km_rd *parameters, struct km_slice point,
                             enum km_door_family family, struct km_door_public *made)
{
    if (!km_rd_done(parameters) || point.len != KM_DOOR_POINT_25519)
        return KM_FAIL(err, KM_E_MALFORMED, "a public key on curve 25519 that is none");
    made->family = family;
    made->bits = family == KM_DOOR_ED25519 ? BITS_ED25519 : BITS_X25519;
    made->point = point;
    return KM_OK;
}

km_status km_door_public_parse(struct km_err *err, struct km_slice spki, struct km_door_public *ret)
{
    struct km_door_public made = {.spki = spki};
    struct km_rd rd = km_rd_init(spki);
    struct km_rd seq = {0};
    struct km_rd algorithm = {0};
    struct km_slice oid = {0};
    struct km_slice key = {0};
    if (!km_der_enter(&rd, KM_DER_SEQUENCE, &seq) || !km_rd_done(&rd) ||
        !km_der_enter(&seq, KM_DER_SEQUENCE, &algorithm) ||
        !km_der_bytes(&algorithm, KM_DER_OID, &oid) || !km_der_bit_string(&seq, &key) ||
        !km_rd_done(&seq))
        return KM_FAIL(err, KM_E_MALFORMED, "a public key that is not a SubjectPublicKeyInfo");
    if (km_slice_equal(oid, KM_SLICE(oid_ec, sizeof(oid_ec))))
        KM_TRY(parse_ec(err, &algorithm, key, &made));
    else if (km_slice_equal(oid, KM_SLICE(oid_rsa, sizeof(oid_rsa))))
        KM_TRY(parse_rsa(err, &algorithm, key, &made));
    else if (km_slice_equal(oid, KM_SLICE(oid_ed25519, sizeof(oid_ed25519))))
        KM_TRY(parse_25519(err, &algorithm, key, KM_DOOR_ED25519, &made));
    else if (km_slice_equal(oid, KM_SLICE(oid_x25519, sizeof(oid_x25519))))
        KM_TRY(parse_25519(err, &algorithm, key, KM_DOOR_X25519, &made));
    else
        return KM_FAIL(err, KM_E_UNSUPPORTED, "a key that is none of EC, RSA, Ed25519, X25519");
    *ret = made;
    return KM_OK;
}

void km_door_public_write_ec(struct km_wr *wr, const struct km_door_curve *curve,
                             struct km_slice point)
{
    size_t spki = km_der_begin(wr, KM_DER_SEQUENCE);
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(oid_ec, sizeof(oid_ec)));
    km_der_put(wr, KM_DER_OID, curve->oid);
    km_der_end(wr, algorithm);
    km_der_put_bit_string(wr, point);
    km_der_end(wr, spki);
}

void km_door_public_write_rsa(struct km_wr *wr, struct km_slice n, struct km_slice e)
{
    uint8_t buf[KM_DOOR_SPKI_MAX] = {0};
    struct km_wr key = km_wr_init(buf, sizeof(buf));
    struct km_slice key_der = {0};
    size_t seq = km_der_begin(&key, KM_DER_SEQUENCE);
    km_der_put_uint(&key, n);
    km_der_put_uint(&key, e);
    km_der_end(&key, seq);
    bool fits = km_wr_finish(&key, &key_der);
    size_t spki = km_der_begin(wr, KM_DER_SEQUENCE);
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(oid_rsa, sizeof(oid_rsa)));
    km_der_put_null(wr);
    km_der_end(wr, algorithm);
    km_der_put_bit_string(wr, key_der);
    km_der_end(wr, spki);
    wr->overflow = wr->overflow || !fits;
}

void km_door_public_write_25519(struct km_wr *wr, enum km_door_family family, struct km_slice point)
{
    const uint8_t *oid = family == KM_DOOR_ED25519 ? oid_ed25519 : oid_x25519;
    size_t spki = km_der_begin(wr, KM_DER_SEQUENCE);
    size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(oid, sizeof(oid_ed25519)));
    km_der_end(wr, algorithm);
    km_der_put_bit_string(wr, point);
    km_der_end(wr, spki);
}

bool km_door_public_equal(const struct km_door_public *a, const struct km_door_public *b)
{
    if (a->family != b->family)
        return false;
    if (a->family != KM_DOOR_RSA)
        return a->curve == b->curve && km_slice_equal(a->point, b->point);
    return km_slice_equal(a->n, b->n) && km_slice_equal(a->e, b->e);
}

ClrcAlgorithm km_door_algorithm(enum km_door_scheme scheme, size_t digest_len)
{
    static const struct {
        size_t digest_len;
        ClrcAlgorithm algorithms[3];
    } table[] = {
        {20,
         {CLRC_RSASSA_PKCS1_V1_5_SHA1, CLRC_RSASSA_PKCS1_PSS_MGF1_SHA1,
          CLRC_RSAES_PKCS1_OAEP_MGF1_SHA1}},
        {28,
         {CLRC_RSASSA_PKCS1_V1_5_SHA224, CLRC_RSASSA_PKCS1_PSS_MGF1_SHA224,
          CLRC_RSAES_PKCS1_OAEP_MGF1_SHA224}},
        {32,
         {CLRC_RSASSA_PKCS1_V1_5_SHA256, CLRC_RSASSA_PKCS1_PSS_MGF1_SHA256,
          CLRC_RSAES_PKCS1_OAEP_MGF1_SHA256}},
        {48,
         {CLRC_RSASSA_PKCS1_V1_5_SHA384, CLRC_RSASSA_PKCS1_PSS_MGF1_SHA384,
          CLRC_RSAES_PKCS1_OAEP_MGF1_SHA384}},
        {64,
         {CLRC_RSASSA_PKCS1_V1_5_SHA512, CLRC_RSASSA_PKCS1_PSS_MGF1_SHA512,
          CLRC_RSAES_PKCS1_OAEP_MGF1_SHA512}},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(table); i++)
        if (table[i].digest_len == digest_len)
            return table[i].algorithms[scheme];
    return CLRC_ALG_NONE;
}
