/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificates of clients count. TLS proves no more than that a client has the key of its certificate, and lets any through, as
 * the cloud does it: what it would look at beside that is asked here, and the rest the registry knows. So a CA that is registered, set
 * inactive or removed counts at once, intermediate ones need no root, and an unknown certificate is refused in the same way as a
 * revoked one, with a record of why.
 */
#ifndef KM_ADMISSION_TRUST_H
#define KM_ADMISSION_TRUST_H

#include <openssl/types.h>

#include "common/km_bytes.h"

/* km_trust_parse: a certificate, to its last octet; NULL when it is none. Returns owned. */
X509 *km_trust_parse(struct km_slice der);
void km_trust_freep(X509 **certificate);
/*
 * km_trust_look: what TLS does not look at: dates, the strength of the key, and whether it may be a client's. NULL when all is well,
 * otherwise why not, e.g. "its certificate has expired".
 */
const char *km_trust_look(X509 *certificate);
/*
 * km_trust_issued: whether this CA, now valid, issued the certificate: by its name and identifier, and by the signature.
 * *ret_why: NULL, or why a CA that did issue it does not count.
 */
bool km_trust_issued(X509 *ca, X509 *certificate, const char **ret_why);

#endif
