/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in DER, to and from the attributes of crypto_protocol.h. Pure; the parsers read the whole slice.
 * Only strict DER, named curves and uncompressed points are taken.
 */
#ifndef KM_CRYPTO_KEY_DER_H
#define KM_CRYPTO_KEY_DER_H

#include "ta/crypto/crypto_wire.h"

#define KM_CRYPTO_DER_KEY_MAX                                                                      \
    2560u /* octets of any key that can be printed (RSA-4096 in PKCS#8: 2374) */

enum km_der_kind {
    KM_DER_KEY_RSA = 1,
    KM_DER_KEY_EC,
    KM_DER_KEY_DSA,
    KM_DER_KEY_DH,
    KM_DER_KEY_ED25519,
    KM_DER_KEY_X25519,
    KM_DER_KEY_ED448,
    KM_DER_KEY_X448,
};

/* Views into the DER, beside a few octets of its own: not to be copied. */
struct km_der_key {
    struct km_crypto_attrs attrs;
    uint8_t kind; /* enum km_der_kind */
    bool is_private;
    uint8_t curve[4]; /* behind the attribute ECC_CURVE */
};

/*
 * km_der_key_spki: SubjectPublicKeyInfo (RFC 5280, 4.1) with the algorithms of RFC 3279 (RSA, DSA with parameters, DH as
 * PKCS#3 or X9.42 has it), RFC 5480 and RFC 8410. On false *ret is of no use.
 */
KM_MUST_USE bool km_der_key_spki(struct km_slice der, struct km_der_key *ret);
/*
 * km_der_key_private: PKCS#8 (RFC 5958), SEC 1 (RFC 5915) or PKCS#1 (RFC 8017, two primes). bits names the curve of
 * a SEC 1 key that does not; 0 when unknown. X and Y are missing when the DER lacks them, as is the public value of
 * DSA, DH and the curves of RFC 8410.
 */
KM_MUST_USE bool km_der_key_private(struct km_slice der, uint32_t bits, struct km_der_key *ret);

/*
 * km_der_key_parameters: domain parameters alone: Dss-Parms (RFC 3279) for KM_DER_KEY_DSA, DHParameter (PKCS#3) for
 * KM_DER_KEY_DH. false for other kinds.
 */
KM_MUST_USE bool km_der_key_parameters(struct km_slice der, enum km_der_kind kind,
                                       struct km_der_key *ret);

/* The curves of RFC 8410: a key is octets of one length, public and private. */
struct km_der_raw {
    uint8_t kind;                        /* enum km_der_kind */
    uint8_t len;                         /* octets of each value */
    uint8_t public_value, private_value; /* enum km_crypto_attribute */
};
/* km_der_raw_find: NULL for other kinds. Static storage. */
const struct km_der_raw *km_der_raw_find(enum km_der_kind kind);

/* km_attr_find: the value of an attribute; false when it is not there. */
KM_MUST_USE bool km_attr_find(const struct km_crypto_attrs *attrs, uint32_t attribute,
                              struct km_slice *ret);
/* km_attr_is_private: whether it shows a key's private part. */
bool km_attr_is_private(uint32_t attribute);
/* km_attr_curve: bits of ECC_CURVE, 0 when there is none. */
uint32_t km_attr_curve(const struct km_crypto_attrs *attrs);

/* Printers: false when the room is too small or an attribute is missing. Coordinates must be padded. */
KM_MUST_USE bool km_der_key_put_spki(const struct km_crypto_attrs *attrs, struct km_span out,
                                     size_t *ret_len);
KM_MUST_USE bool km_der_key_put_pkcs8(const struct km_crypto_attrs *attrs, struct km_span out,
                                      size_t *ret_len);

#endif
