/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque key packages (docs/formats.md, "Opaque key package"): a key on its way into one device's key store.
 *
 *   OpaqueKeyContent ::= SEQUENCE { kind, formatVersion, signatureAlgorithm, sealed Sealed }
 *   OpaqueKey ::= SEQUENCE { keyType UTF8String, name UTF8String, keyData OCTET STRING, policy KeyPolicy OPTIONAL }
 *
 * OpaqueKey is what is sealed. Strict DER; pure functions.
 */
#ifndef KM_FORMAT_OPAQUE_KEY_H
#define KM_FORMAT_OPAQUE_KEY_H

#include "format/sealed.h"

#define KM_OPAQUE_KEY_KIND "keymoor-opaque-key"
#define KM_OPAQUE_PACKAGE_MAX 8192u /* octets of a whole package, and of an object identifier */
#define KM_OPAQUE_NAME_MAX 63u
#define KM_OPAQUE_GRANTS_MAX 8u

/* Which fields of a grant are there. */
#define KM_OPAQUE_GRANT_UID 0x1u
#define KM_OPAQUE_GRANT_GID 0x2u
#define KM_OPAQUE_GRANT_EXECUTABLE 0x4u
#define KM_OPAQUE_GRANT_UNIT 0x8u

struct km_opaque_grant {
    uint32_t fields;
    uint32_t uid, gid;
    struct km_slice executable; /* SHA-256 */
    struct km_slice unit;
};

/* A field that is 0 is not there: nothing is said about it. */
struct km_opaque_policy {
    uint32_t usage;
    uint32_t attributes;
    uint64_t max_uses;
    uint64_t not_after;
    uint32_t n_grants;
    struct km_opaque_grant grants[KM_OPAQUE_GRANTS_MAX];
};

/* Views, valid as long as the input. */
struct km_opaque_key {
    struct km_slice type; /* "KEY_ECDSA_KEYPAIR", ... */
    struct km_slice name; /* 1 to 63 octets */
    struct km_slice data; /* a symmetric key's octets, or DER */
    bool has_policy;
    struct km_opaque_policy policy;
};

/* km_opaque_key_body_parse: what follows the head of the content (struct km_envelope). */
KM_MUST_USE bool km_opaque_key_body_parse(struct km_rd body, struct km_sealed *ret);
/* km_opaque_key_parse: a whole OpaqueKey. */
KM_MUST_USE bool km_opaque_key_parse(struct km_slice in, struct km_opaque_key *ret);
void km_opaque_key_put(struct km_wr *wr, const struct km_opaque_key *key);

#endif
