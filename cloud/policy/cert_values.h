/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policies can ask of a certificate: the attributes of its subject and issuer, alternative names and the serial number, as values
 * for struct km_policy_context. Over libcrypto; does not look at signatures or dates.
 */
#ifndef KM_CLOUD_CERT_VALUES_H
#define KM_CLOUD_CERT_VALUES_H

#include "cloud/policy/policy.h"

#define KM_CERT_VALUES_DER_MAX 65536u /* octets of a certificate */
#define KM_CERT_VALUES_EACH_MAX 5u    /* values of one attribute; those behind are not looked at */

struct x509_st; /* libcrypto's X509 */
struct km_cert_values;

/*
 * km_cert_values_of: returns owned; copies. An attribute or name that can't be written as UTF-8 without NUL has no value. In attributes
 * of subject and issuer a backslash stands before each of , " \ + = < > ; as policies have to have it. A serial number is decimal, a
 * directory name is as RFC 2253 writes it. KM_E_LIMIT: more of it than a connection is worth. Leaves libcrypto's error queue as it was.
 */
km_status km_cert_values_of(struct km_err *err, const struct x509_st *certificate,
                            struct km_cert_values **ret);
/* km_cert_values_read: the same from DER, to its last octet. KM_E_MALFORMED: it is no certificate. */
km_status km_cert_values_read(struct km_err *err, struct km_slice certificate,
                              struct km_cert_values **ret);
void km_cert_values_free(struct km_cert_values *values);
void km_cert_values_freep(struct km_cert_values **values);
/* km_cert_values_put: sets the keys of the certificate; the context borrows values as long as it is used. */
void km_cert_values_put(const struct km_cert_values *values, struct km_policy_context *context);

#endif
