/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provisioning manifest (docs/formats.md, "Manifest"): certificates and keys for a class of devices. What stands outside the seal,
 * and what is inside. Strict DER, pure functions; an envelope (format/envelope.h) is around the former.
 *
 *   ManifestContent ::= SEQUENCE { kind UTF8String ("keymoor-manifest"), formatVersion INTEGER (1),
 *       signatureAlgorithm OBJECT IDENTIFIER, signer SubjectPublicKeyInfo, deviceClass UTF8String (SIZE (1..63)),
 *       sequence INTEGER (1..9223372036854775807), update BOOLEAN, sealed Sealed }
 *   ManifestBody ::= SEQUENCE { certificates SEQUENCE SIZE (0..32) OF NamedCertificate,
 *       keys SEQUENCE SIZE (0..64) OF OpaqueKey }
 *   NamedCertificate ::= SEQUENCE { name UTF8String (SIZE (1..63)), certificate Certificate }
 */
#ifndef KM_FORMAT_MANIFEST_H
#define KM_FORMAT_MANIFEST_H

#include "format/envelope.h"
#include "format/sealed.h"

#define KM_MANIFEST_KIND "keymoor-manifest"
#define KM_MANIFEST_MAX 262144u /* octets of a whole package */
#define KM_MANIFEST_CLASS_MAX 63u
#define KM_MANIFEST_NAME_MAX 63u
#define KM_MANIFEST_SPKI_MAX 1024u
#define KM_MANIFEST_CERTIFICATE_MAX 8192u
#define KM_MANIFEST_CERTIFICATES_MAX 32u
#define KM_MANIFEST_KEYS_MAX 64u
#define KM_MANIFEST_SEQUENCE_MAX ((uint64_t)INT64_MAX)

/* Views, valid as long as the input. */
struct km_manifest {
    struct km_slice
        signer; /* SubjectPublicKeyInfo, the whole element; whether it is a key is not looked at */
    struct km_slice device_class;
    uint64_t sequence;
    bool is_update;
    struct km_sealed sealed;
};

/* km_manifest_parse: reads the body of an envelope to its end. */
KM_MUST_USE bool km_manifest_parse(struct km_rd body, struct km_manifest *ret);
/* km_manifest_put: the same fields, to stand between km_envelope_begin and km_der_end. */
void km_manifest_put(struct km_wr *wr, const struct km_manifest *manifest);
/* km_manifest_head_put: those that stand before the Sealed element, for who seals right behind them. */
void km_manifest_head_put(struct km_wr *wr, const struct km_manifest *manifest);

struct km_manifest_certificate {
    struct km_slice name;
    struct km_slice der;
};

/* What is sealed in it. Views, valid as long as the input. */
struct km_manifest_body {
    uint32_t n_certificates;
    uint32_t n_keys;
    struct km_manifest_certificate certificates[KM_MANIFEST_CERTIFICATES_MAX];
    struct km_slice
        keys[KM_MANIFEST_KEYS_MAX]; /* OpaqueKey, whole elements that are not looked into */
};

/*
 * km_manifest_body_parse: all of the input. Each certificate has the form of one, no certificate's name comes twice or ends in
 * "_csr", which is for requests.
 */
KM_MUST_USE bool km_manifest_body_parse(struct km_slice in, struct km_manifest_body *ret);
void km_manifest_body_put(struct km_wr *wr, const struct km_manifest_body *body);
/* km_manifest_body_find: the DER of the certificate with this name; false when there is none. */
KM_MUST_USE bool km_manifest_body_find(const struct km_manifest_body *body, const char *name,
                                       struct km_slice *ret_der);

#endif
