/* SPDX-License-Identifier: Apache-2.0 */
/* Whether octets have the form of a certificate or of a request for one. Pure: bytes in, answer out. */
#ifndef KM_CERT_FORM_H
#define KM_CERT_FORM_H

#include "common/km_bytes.h"

enum km_cert_form { KM_CERT_CERTIFICATE = 1, KM_CERT_REQUEST };

/*
 * km_cert_form_is: all of der is one strict DER structure, every constructed part of it well formed,
 * with the members of that form in their places: X.509 Certificate version 1 to 3 (RFC 5280, 4.1) or
 * CertificationRequest version 0 (RFC 2986, 4.2). No value is judged.
 */
KM_MUST_USE bool km_cert_form_is(enum km_cert_form form, struct km_slice der);
/* km_cert_form_names_request: whether a name is one for a request, which ends in "_csr". */
bool km_cert_form_names_request(struct km_slice name);
/* km_cert_form_key: the SubjectPublicKeyInfo of a certificate that has the form; a view into der. */
KM_MUST_USE bool km_cert_form_key(struct km_slice der, struct km_slice *ret_spki);

#endif
