/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 as the certificate application needs it: the seam to a library that knows certificates (libcrypto here, in the files
 * named ..._openssl.c). Pure: octets in, answers out; no clock, no store, no configuration file.
 *
 * A certificate is given as DER, at most KM_CERTS_DER_MAX octets, and has to have the form of one (format/cert_form.h) to
 * its last octet: anything else is malformed.
 */
#ifndef KM_CERTS_X509_H
#define KM_CERTS_X509_H

#include "format/envelope.h"
#include "ta/certs/certs_protocol.h"

#define KM_X509_ID_LEN 32u

/* What a certificate says of itself. */
struct km_x509_facts {
    bool is_authority;      /* basicConstraints says CA, and keyUsage, if there, keyCertSign */
    bool may_sign;          /* keyUsage, if there, has digitalSignature */
    bool may_sign_commands; /* its key is EC P-256, P-384 or P-521, or RSA of at least 2048 bits */
    uint64_t not_before;    /* seconds since 1970; 0: before */
    uint64_t not_after;
    uint8_t identity
        [KM_X509_ID_LEN]; /* SHA-256 over subject and public key: the same after a renewal */
    uint8_t content[KM_X509_ID_LEN];         /* SHA-256 over what its issuer signed */
    char subject[KM_CERTS_SUBJECT_MAX + 1u]; /* RFC 2253 text, cut at a character */
};

/* km_x509_read: false when it is malformed. */
KM_MUST_USE bool km_x509_read(struct km_slice der, struct km_x509_facts *ret);
/* km_x509_content: the same digest as facts.content, of anything that begins like a certificate; what it is is not judged. */
bool km_x509_content(struct km_slice der, uint8_t ret[KM_X509_ID_LEN]);
/* km_x509_signed: whether the certificate's key made this signature; false too when the algorithm is not one of its key. */
bool km_x509_signed(struct km_slice der, const struct km_sign_alg *alg, struct km_slice content,
                    struct km_slice signature);
/* km_x509_has_key: whether the certificate is for the key of this SubjectPublicKeyInfo. */
bool km_x509_has_key(struct km_slice der, struct km_slice spki);

/* ---- verification ---- */

/* Whom to trust: parsed once, used often. */
struct km_x509_trust;

/* km_x509_trust_new: trusts nobody. Returns owned; NULL: no memory. */
struct km_x509_trust *km_x509_trust_new(void);
void km_x509_trust_free(struct km_x509_trust *trust);
void km_x509_trust_freep(struct km_x509_trust **trust);
/* km_x509_trust_anchor: copies; whatever chains to this certificate is trusted, within what it says. false: no memory, or malformed. */
KM_MUST_USE bool km_x509_trust_anchor(struct km_x509_trust *trust, struct km_slice der);
/* km_x509_trust_crl: copies; a list that km_x509_crl_read took. From now on what its issuer issued is held against it. */
KM_MUST_USE bool km_x509_trust_crl(struct km_x509_trust *trust, struct km_slice der);

struct km_x509_wish {
    enum km_certs_purpose purpose;
    struct km_slice host; /* a DNS name or an address as text; empty: any */
    uint64_t now;         /* seconds since 1970 */
    bool allows_ed25519;
};

/*
 * km_x509_verify: a path from chain[0] to an anchor, through chain[1] and later ones in any order (RFC 5280, 6); n is at least
 * 1 and at most KM_CERTS_CHAIN_MAX. Keys are EC on P-256, P-384 and P-521, RSA of at least 2048 bits, and Ed25519 where it is allowed;
 * hashes are SHA-2. *ret_depth: at which certificate of the path, 0 is chain[0]. No policies are asked for.
 */
enum km_certs_verdict km_x509_verify(const struct km_x509_trust *trust,
                                     const struct km_slice *chain, size_t n,
                                     const struct km_x509_wish *wish, uint32_t *ret_depth);
/* km_x509_host_is_sound: whether a host can be asked for: an address, or letters, digits, '-', '_' and dots. */
bool km_x509_host_is_sound(struct km_slice host);

/* ---- revocation lists ---- */

enum km_x509_crl_form {
    KM_X509_CRL_GOOD = 0,
    KM_X509_CRL_MALFORMED = 1,
    KM_X509_CRL_UNSUPPORTED =
        2, /* a delta, a part, an indirect one, or with critical extensions that are not known */
};

/* km_x509_crl_read: whether these octets are a full list (RFC 5280, 5) with nextUpdate; its issuer as text. */
enum km_x509_crl_form km_x509_crl_read(struct km_slice der,
                                       char ret_issuer[KM_CERTS_SUBJECT_MAX + 1u]);

enum km_x509_crl_signer {
    KM_X509_CRL_SIGNED = 0,
    KM_X509_CRL_OTHER_NAME = 1,    /* the list is another's */
    KM_X509_CRL_BAD_SIGNATURE = 2, /* or one too weak */
    KM_X509_CRL_MAY_NOT = 3,       /* keyUsage without cRLSign */
};
/* km_x509_crl_by: whether this authority signed a list that km_x509_crl_read took. */
enum km_x509_crl_signer km_x509_crl_by(struct km_slice crl, struct km_slice authority);
/* km_x509_crl_follows: whether a list may take the place of another of its issuer: neither number nor date goes back. */
bool km_x509_crl_follows(struct km_slice later, struct km_slice earlier);
/* km_x509_crl_lists: whether a list of the certificate's issuer has it. The issuer is known by its name. */
bool km_x509_crl_lists(struct km_slice crl, struct km_slice der);

#endif
