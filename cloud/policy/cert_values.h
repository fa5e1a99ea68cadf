/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policies can ask of a certificate: the attributes of its subject and issuer, alternative names and the serial number, as values
 * for struct km_policy_context. Over libcrypto; does not look at signatures or dates.
 */
#ifndef KM_CLOUD_CERT_VALUES_H
#define KM_CLOUD_CERT_VALUES_H

#include "cloud/policy/policy.h"

#define KM_CERT_VALUES_DER_MAX 65536u /* octets of a certificate */

struct km_cert_values;

/*
 * km_cert_values_read: certificate is DER, to its last octet. Returns owned. KM_E_MALFORMED: it is no certificate. An attribute or
 * name that can't be written as UTF-8 without NUL has no value. The characters , " \ + = < > ; of an attribute of a name are written
 * with a backslash in front. Leaves libcrypto's error queue as it was.
 */
km_status km_cert_values_read(struct km_err *err, struct km_slice certificate,
                              struct km_cert_values **ret);
void km_cert_values_free(struct km_cert_values *values);
void km_cert_values_freep(struct km_cert_values **values);
/* km_cert_values_put: sets the keys of the certificate; the context borrows values as long as it is used. */
void km_cert_values_put(const struct km_cert_values *values, struct km_policy_context *context);

#endif
