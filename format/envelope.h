/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every package has around it (docs/formats.md, "Envelope"): a signature, and the content that it
 * covers, whose first three fields say what it is.
 *
 *   Package ::= SEQUENCE { signature OCTET STRING (SIZE (0..1024)), content Content }
 *   Content ::= SEQUENCE { kind UTF8String, formatVersion INTEGER, signatureAlgorithm OBJECT IDENTIFIER, ... }
 *
 * Strict DER. Pure functions: nothing here checks a signature; callers do, before they look at the body.
 */
#ifndef KM_FORMAT_ENVELOPE_H
#define KM_FORMAT_ENVELOPE_H

#include "common/km_der.h"

#define KM_ENVELOPE_VERSION 1u
#define KM_ENVELOPE_SIGNATURE_MAX 1024u

enum km_sign_family {
    KM_SIGN_EC = 1,
    KM_SIGN_RSA = 2, /* PKCS#1 v1.5 */
    KM_SIGN_DSA = 3,
};

enum km_sign_digest {
    KM_SIGN_MD5 = 1,
    KM_SIGN_SHA1 = 2,
    KM_SIGN_SHA224 = 3,
    KM_SIGN_SHA256 = 4,
    KM_SIGN_SHA384 = 5,
    KM_SIGN_SHA512 = 6,
};

/* A row of the one table of signature algorithms. */
struct km_sign_alg {
    const char *name; /* as openssl writes it, e.g. "ecdsa-with-SHA256" */
    enum km_sign_family family;
    enum km_sign_digest digest;
    size_t digest_len;
    struct km_slice oid; /* contents octets */
};

/* km_sign_alg_find: by family and digest; NULL when there is none. */
const struct km_sign_alg *km_sign_alg_find(enum km_sign_family family, enum km_sign_digest digest);
/* km_sign_alg_by_oid: by the contents octets of the object identifier; NULL when there is none. */
const struct km_sign_alg *km_sign_alg_by_oid(struct km_slice oid);

/* Views, valid as long as the input. */
struct km_envelope {
    struct km_slice signature;
    struct km_slice content;       /* the whole element: what is signed */
    uint64_t version;              /* unless it is KM_ENVELOPE_VERSION, nothing below is set */
    struct km_slice oid;           /* signatureAlgorithm */
    const struct km_sign_alg *alg; /* NULL: an algorithm that no package has */
    struct km_rd body;             /* what follows in the content */
};

/*
 * km_envelope_parse: a whole package of this kind; nothing may follow it. false: not strict DER, another
 * kind, or trailing octets. The body is for the caller to read to its end (km_rd_done), once the signature holds.
 */
KM_MUST_USE bool km_envelope_parse(struct km_slice in, const char *kind, struct km_envelope *ret);

/* km_envelope_begin: starts the content; what the caller writes until km_der_end(wr, mark) is its body. Returns the mark. */
size_t km_envelope_begin(struct km_wr *wr, const char *kind, const struct km_sign_alg *alg);
/* km_envelope_put: the package around a whole content element. */
void km_envelope_put(struct km_wr *wr, struct km_slice signature, struct km_slice content);

#endif
