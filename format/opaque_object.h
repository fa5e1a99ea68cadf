/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque objects (docs/formats.md, "Opaque object"): what opens an encrypted file, and the identifier that
 * brings it to one device.
 *
 *   OOInfo ::= SEQUENCE { cipher UTF8String, key OCTET STRING (SIZE (32)), iv OCTET STRING (SIZE (16)),
 *       digestAlgorithm UTF8String, digest OCTET STRING, size INTEGER, policy ObjectPolicy OPTIONAL }
 *   OOSecret ::= SEQUENCE { objectId OCTET STRING (SIZE (16)), signer OCTET STRING (SIZE (32)), info OOInfo,
 *       policy ObjectPolicy OPTIONAL }
 *   OOIDContent ::= SEQUENCE { kind, formatVersion, signatureAlgorithm, objectId OCTET STRING (SIZE (16)),
 *       sealed Sealed }
 *
 * OOSecret is what is sealed. It names the object and who signs, so that nobody else can sign what was sealed
 * for a device under another number. Strict DER; pure functions.
 */
#ifndef KM_FORMAT_OPAQUE_OBJECT_H
#define KM_FORMAT_OPAQUE_OBJECT_H

#include "format/sealed.h"

#define KM_OBJECT_ID_KIND "keymoor-object-id"
#define KM_OBJECT_ID_LEN 16u
#define KM_OBJECT_KEY_LEN 32u
#define KM_OBJECT_IV_LEN 16u
#define KM_OBJECT_DIGEST_MAX 64u
#define KM_OBJECT_SIZE_MAX (UINT64_C(1) << 62)

/* A field that is 0 or empty is not there. */
struct km_object_policy {
    uint64_t not_before; /* seconds since 1970 */
    uint64_t not_after;
    uint64_t max_opens;
    struct km_slice executable; /* SHA-256 of whose executable may open it */
};

/* Views, valid as long as the input. */
struct km_object_info {
    struct km_slice cipher; /* may be one that is not known (km_pack_cipher_find) */
    struct km_slice key;
    struct km_slice iv;
    struct km_slice digest_name; /* "SHA256" */
    struct km_slice digest;      /* of the cleartext */
    uint64_t size;               /* octets of cleartext */
    bool has_policy;
    struct km_object_policy policy; /* on every device */
};

struct km_object_secret {
    struct km_slice object_id;
    struct km_slice
        signer; /* SHA-256 of the SubjectPublicKeyInfo that the signature verifies with */
    struct km_object_info info;
    bool has_policy;
    struct km_object_policy policy; /* on this device; both must hold */
};

struct km_object_id {
    struct km_slice object_id;
    struct km_sealed sealed;
};

/* km_object_id_body_parse: what follows the head of the content (struct km_envelope). */
KM_MUST_USE bool km_object_id_body_parse(struct km_rd body, struct km_object_id *ret);
/* km_object_info_parse, km_object_secret_parse: the whole slice. */
KM_MUST_USE bool km_object_info_parse(struct km_slice in, struct km_object_info *ret);
KM_MUST_USE bool km_object_secret_parse(struct km_slice in, struct km_object_secret *ret);
void km_object_info_put(struct km_wr *wr, const struct km_object_info *info);
void km_object_secret_put(struct km_wr *wr, const struct km_object_secret *secret);
/* km_object_cipher_len: octets of the encrypted object: CBC fills up the last block. */
uint64_t km_object_cipher_len(enum km_pack_cipher cipher, uint64_t size);

#endif
