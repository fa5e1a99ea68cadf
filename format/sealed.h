/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets sealed to one EC key (docs/formats.md, "Sealed"): ECIES with a key that is made for this once.
 *
 *   Sealed ::= SEQUENCE { recipient OCTET STRING (SIZE (32)), ephemeral SubjectPublicKeyInfo,
 *       random OCTET STRING (SIZE (32)), cipher UTF8String, mac UTF8String,
 *       ciphertext OCTET STRING, tag OCTET STRING }
 *
 * Strict DER. Pure functions; ta/crypto/ecies.h opens what they parse.
 */
#ifndef KM_FORMAT_SEALED_H
#define KM_FORMAT_SEALED_H

#include "common/km_der.h"

#define KM_SEALED_RECIPIENT_LEN 32u
#define KM_SEALED_RANDOM_LEN 32u
#define KM_SEALED_TAG_MAX 64u
#define KM_SEALED_SALT_LEN 8u /* the first octets of random */
#define KM_SEALED_BLOCK 16u

/* All of them AES-256; what is sealed with CBC is padded as PKCS#7 has it. */
enum km_pack_cipher {
    KM_PACK_AES_CTR = 1,
    KM_PACK_AES_CBC = 2,
    KM_PACK_AES_OFB = 3,
    KM_PACK_AES_CFB = 4,
};

enum km_pack_mac {
    KM_PACK_HMAC_SHA1 = 1,
    KM_PACK_HMAC_SHA224 = 2,
    KM_PACK_HMAC_SHA256 = 3,
    KM_PACK_HMAC_SHA384 = 4,
    KM_PACK_HMAC_SHA512 = 5,
};

/* km_pack_cipher_name, km_pack_mac_name: as packages write them: "AES_CTR", "HMAC_SHA256". NULL for no such number. */
const char *km_pack_cipher_name(enum km_pack_cipher cipher);
const char *km_pack_mac_name(enum km_pack_mac mac);
/* km_pack_cipher_find, km_pack_mac_find: by name; false when there is none. */
KM_MUST_USE bool km_pack_cipher_find(struct km_slice name, enum km_pack_cipher *ret);
KM_MUST_USE bool km_pack_mac_find(struct km_slice name, enum km_pack_mac *ret);
/* km_pack_mac_len: octets of a tag. */
size_t km_pack_mac_len(enum km_pack_mac mac);

/* Views, valid as long as the input. */
struct km_sealed {
    struct km_slice recipient; /* SHA-256 of the recipient's SubjectPublicKeyInfo */
    struct km_slice ephemeral; /* SubjectPublicKeyInfo, the whole element */
    uint32_t curve_bits;       /* of the ephemeral key: 192, 224, 256, 384 or 521 */
    struct km_slice point;     /* its point: 04 X Y */
    struct km_slice random;
    struct km_slice cipher_name; /* may be one that is not known */
    struct km_slice mac_name;
    struct km_slice ciphertext;
    struct km_slice tag;
    struct km_slice authentic; /* the elements from recipient to ciphertext: what the tag is over */
};

/*
 * km_sealed_parse: reads one Sealed element. Names of ciphers and MACs are only read (km_pack_cipher_find);
 * the ephemeral key is on a named curve and uncompressed, but whether its point is on the curve is for the
 * arithmetic to tell. ciphertext_max bounds the ciphertext.
 */
KM_MUST_USE bool km_sealed_parse(struct km_rd *rd, size_t ciphertext_max, struct km_sealed *ret);
/* km_sealed_put: prints the fields; `authentic`, curve_bits and point are not looked at. */
void km_sealed_put(struct km_wr *wr, const struct km_sealed *sealed);

/* km_pkcs7_len: how many octets of decrypted CBC blocks are the message; false: no such padding. */
KM_MUST_USE bool km_pkcs7_len(struct km_slice blocks, size_t *ret);

#endif
