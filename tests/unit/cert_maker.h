/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and revocation lists of any kind, good and bad, on libcrypto alone. */
#ifndef CERT_MAKER_H
#define CERT_MAKER_H

#include <openssl/x509.h>

#include "common/km_bytes.h"

#define CERT_MAKER_NOW                                                                             \
    1700000000 /* 2023-11-14; what is made is good for some years before and after, unless told otherwise */

struct made_cert {
    X509 *x509;
    EVP_PKEY *key;
    uint8_t *der;
    size_t len;
};

/*
 * cert_make: a certificate as `how` says, signed by issuer's key; NULL: by its own. how is words with '|' between them:
 *
 *   ca             begin with what an authority has (otherwise: what an end entity has)
 *   cn=TEXT        its name; dn=TEXT: O of it too       issuer=TEXT   CN of its issuer, whoever signs
 *   key=KIND       P-256 (default), P-384, P-521, P-224, RSA2048, RSA1024, ED25519; one key for each KIND/LABEL of a run
 *   md=SHA256      nb=, na= times (YYYYMMDDHHMMSSZ or YYMMDDHHMMSSZ)      serial=N
 *   bc= ku= eku= san= nc= ski= aki= ...   an extension's value as openssl.cnf has it; empty: none
 *   critical=OID, odd=OID   an extension that nobody knows, critical or not
 *   v1             version 1, without extensions        flip   one bit of the signature
 */
void cert_make(const char *how, const struct made_cert *issuer, struct made_cert *ret);
void cert_free(struct made_cert *cert);
struct km_slice cert_der(const struct made_cert *cert);

/*
 * crl_make: a revocation list by that authority; how: this=, next= times, number=N (empty: none), md=, serials=N,N...; idp, delta,
 * critical, entry: an extension that a full list has not; v1, flip. Returns octets owned by the caller (OPENSSL_free).
 */
uint8_t *crl_make(const char *how, const struct made_cert *by, size_t *ret_len);

#endif
