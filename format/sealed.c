/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sealed.h"

#include <string.h>

#define NAME_MAX_LEN 32u

static const char *const CIPHERS[] = {
    [KM_PACK_AES_CTR] = "AES_CTR",
    [KM_PACK_AES_CBC] = "AES_CBC_NOPAD",
    [KM_PACK_AES_OFB] = "AES_OFB",
    [KM_PACK_AES_CFB] = "AES_CFB_128",
};

static const struct {
    const char *name;
    size_t len;
} MACS[] = {
    [KM_PACK_HMAC_SHA1] = {"HMAC_SHA1", 20},     [KM_PACK_HMAC_SHA224] = {"HMAC_SHA224", 28},
    [KM_PACK_HMAC_SHA256] = {"HMAC_SHA256", 32}, [KM_PACK_HMAC_SHA384] = {"HMAC_SHA384", 48},
    [KM_PACK_HMAC_SHA512] = {"HMAC_SHA512", 64},
};

/* SEC 2 and RFC 5480: octets of the curve's object identifier. */
static const struct {
    uint32_t bits;
    struct km_slice oid;
} CURVES[] = {
    {192, {(const uint8_t *)"\x2a\x86\x48\xce\x3d\x03\x01\x01", 8}},
    {224, {(const uint8_t *)"\x2b\x81\x04\x00\x21", 5}},
    {256, {(const uint8_t *)"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}},
    {384, {(const uint8_t *)"\x2b\x81\x04\x00\x22", 5}},
    {521, {(const uint8_t *)"\x2b\x81\x04\x00\x23", 5}},
};

static const struct km_slice EC_PUBLIC_KEY = {(const uint8_t *)"\x2a\x86\x48\xce\x3d\x02\x01",
                                              7}; /* RFC 5480, 2.1.1 */

const char *km_pack_cipher_name(enum km_pack_cipher cipher)
{
    return (size_t)cipher < KM_ARRAY_LEN(CIPHERS) ? CIPHERS[cipher] : NULL;
}

const char *km_pack_mac_name(enum km_pack_mac mac)
{
    return (size_t)mac < KM_ARRAY_LEN(MACS) ? MACS[mac].name : NULL;
}

bool km_pack_cipher_find(struct km_slice name, enum km_pack_cipher *ret)
{
    for (size_t i = KM_PACK_AES_CTR; i < KM_ARRAY_LEN(CIPHERS); i++) {
        if (km_slice_equal(name, KM_SLICE_STR(CIPHERS[i]))) {
            *ret = (enum km_pack_cipher)i;
            return true;
        }
    }
    return false;
}

bool km_pack_mac_find(struct km_slice name, enum km_pack_mac *ret)
{
    for (size_t i = KM_PACK_HMAC_SHA1; i < KM_ARRAY_LEN(MACS); i++) {
        if (km_slice_equal(name, KM_SLICE_STR(MACS[i].name))) {
            *ret = (enum km_pack_mac)i;
            return true;
        }
    }
    return false;
}

size_t km_pack_mac_len(enum km_pack_mac mac)
{
    return (size_t)mac < KM_ARRAY_LEN(MACS) ? MACS[mac].len : 0;
}

static bool curve_by_oid(struct km_slice oid, uint32_t *ret_bits)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(CURVES); i++) {
        if (km_slice_equal(oid, CURVES[i].oid)) {
            *ret_bits = CURVES[i].bits;
            return true;
        }
    }
    return false;
}

/* A whole SubjectPublicKeyInfo of a named curve with an uncompressed point. */
static bool parse_ephemeral(struct km_rd *rd, struct km_sealed *ret)
{
    struct km_rd ahead = *rd;
    struct km_rd spki = {0};
    struct km_rd algorithm = {0};
    struct km_slice curve = {0};
    if (!km_der_enter(&ahead, KM_DER_SEQUENCE, &spki) ||
        !km_der_enter(&spki, KM_DER_SEQUENCE, &algorithm) ||
        !km_der_oid_is(&algorithm, EC_PUBLIC_KEY) ||
        !km_der_bytes(&algorithm, KM_DER_OID, &curve) || !km_rd_done(&algorithm) ||
        !curve_by_oid(curve, &ret->curve_bits) || !km_der_bit_string(&spki, &ret->point) ||
        !km_rd_done(&spki))
        return false;
    size_t coordinate_len = (ret->curve_bits + 7u) / 8u;
    if (ret->point.len != 1 + 2 * coordinate_len || ret->point.ptr[0] != 0x04)
        return false;
    ret->ephemeral = KM_SLICE(rd->pos, (size_t)(ahead.pos - rd->pos));
    *rd = ahead;
    return true;
}

static bool fixed(struct km_rd *rd, size_t len, struct km_slice *ret)
{
    return km_der_bytes(rd, KM_DER_OCTET_STRING, ret) && ret->len == len;
}

bool km_sealed_parse(struct km_rd *rd, size_t ciphertext_max, struct km_sealed *ret)
{
    struct km_rd ahead = *rd;
    struct km_rd in = {0};
    struct km_sealed found = {0};
    if (!km_der_enter(&ahead, KM_DER_SEQUENCE, &in))
        return false;
    const uint8_t *begin = in.pos;
    if (!fixed(&in, KM_SEALED_RECIPIENT_LEN, &found.recipient) || !parse_ephemeral(&in, &found) ||
        !fixed(&in, KM_SEALED_RANDOM_LEN, &found.random) ||
        !km_der_utf8(&in, NAME_MAX_LEN, &found.cipher_name) ||
        !km_der_utf8(&in, NAME_MAX_LEN, &found.mac_name) ||
        !km_der_bytes(&in, KM_DER_OCTET_STRING, &found.ciphertext) ||
        found.ciphertext.len > ciphertext_max)
        return false;
    found.authentic = KM_SLICE(begin, (size_t)(in.pos - begin));
    if (!km_der_bytes(&in, KM_DER_OCTET_STRING, &found.tag) || found.tag.len > KM_SEALED_TAG_MAX ||
        !km_rd_done(&in))
        return false;
    *rd = ahead;
    *ret = found;
    return true;
}

void km_sealed_put(struct km_wr *wr, const struct km_sealed *sealed)
{
    size_t mark = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OCTET_STRING, sealed->recipient);
    km_wr_bytes(wr, sealed->ephemeral);
    km_der_put(wr, KM_DER_OCTET_STRING, sealed->random);
    km_der_put(wr, KM_DER_UTF8_STRING, sealed->cipher_name);
    km_der_put(wr, KM_DER_UTF8_STRING, sealed->mac_name);
    km_der_put(wr, KM_DER_OCTET_STRING, sealed->ciphertext);
    km_der_put(wr, KM_DER_OCTET_STRING, sealed->tag);
    km_der_end(wr, mark);
}

bool km_pkcs7_len(struct km_slice blocks, size_t *ret)
{
    if (blocks.len == 0 || blocks.len % KM_SEALED_BLOCK != 0)
        return false;
    uint8_t pad = blocks.ptr[blocks.len - 1];
    if (pad == 0 || pad > KM_SEALED_BLOCK)
        return false;
    for (size_t i = blocks.len - pad; i < blocks.len; i++) {
        if (blocks.ptr[i] != pad)
            return false;
    }
    *ret = blocks.len - pad;
    return true;
}
