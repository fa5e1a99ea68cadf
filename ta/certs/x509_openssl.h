/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the seam share. Each entry of the seam leaves libcrypto's error queue empty. */
#ifndef KM_CERTS_X509_OPENSSL_H
#define KM_CERTS_X509_OPENSSL_H

#include <openssl/x509.h>

#include "ta/certs/x509.h"

#define KM_X509_AUTH_LEVEL 2 /* 112 bits of security in libcrypto's words */

/* km_x509_libctx: our own library context, without a configuration. NULL: no memory. */
OSSL_LIB_CTX *km_x509_libctx(void);
/* km_x509_parse: NULL when it is malformed. Returns owned. */
X509 *km_x509_parse(struct km_slice der);
void km_x509_freep(X509 **x509);
/* km_x509_name_text: RFC 2253 text, cut at a character. */
void km_x509_name_text(const X509_NAME *name, char ret[KM_CERTS_SUBJECT_MAX + 1u]);
/* km_x509_host_set: has libcrypto ask for a host that is sound; empty: for none. */
bool km_x509_host_set(X509_VERIFY_PARAM *param, struct km_slice host);
/*
 * km_x509_host_check: what libcrypto does not ask about a host that it found in the leaf of a path. It holds name constraints against
 * names as they are written: against a wildcard, which may cover what is excluded, and against a common name only when that looks
 * like a host, which a wildcard or a single label does not. So no excluded host is good, and where names are constrained a common
 * name is none. NAME_CONSTRAINT, WRONG_HOST.
 */
enum km_certs_verdict km_x509_host_check(const STACK_OF(X509) * path, struct km_slice host);
/*
 * km_x509_crl_passed_over: libcrypto passes over a list whose authority key identifier names another certificate of the issuer than
 * the one in this path, as if there were none: so what was revoked would be good by another way. Who signed it is told by
 * the key. X509_V_OK when there is none for the certificate at this depth, which is not the last.
 */
int km_x509_crl_passed_over(X509_STORE_CTX *ctx, int depth);
/* km_x509_anchor_is_revoked: whether another anchor issued this one and has revoked it since: it could not be added any more either. */
bool km_x509_anchor_is_revoked(X509_STORE_CTX *ctx, X509 *anchor);
/* km_x509_key_is_usual: EC P-256, P-384 or P-521, or RSA of at least 2048 bits. NULL is not. */
bool km_x509_key_is_usual(EVP_PKEY *key);
/* km_x509_hash_is_usual: SHA-2, by its NID. */
bool km_x509_hash_is_usual(int nid);

#endif
