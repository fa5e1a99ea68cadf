/* SPDX-License-Identifier: Apache-2.0 */
/* What several operations do with certificates. */
#ifndef KM_CONTROL_CERTIFICATE_H
#define KM_CONTROL_CERTIFICATE_H

#include "cloud/control/call.h"
#include "cloud/control/x509.h"
#include "cloud/registry/registry_certificate.h"

/* km_certificate_invalid: passes a status of x509.h on; what is wrong with a certificate is a CertificateValidationException. */
km_status km_certificate_invalid(struct km_call *call, km_status status);
/* km_certificate_store: registers device as new says (der and times are set here). One that is there is the exception that names it. */
km_status km_certificate_store(struct km_call *call, const struct km_x509 *device,
                               const struct km_registry_certificate_new *new,
                               char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
/* km_certificate_register: one of a registered CA; ca_pem NULL: whichever of them has issued it. */
km_status km_certificate_register(struct km_call *call, const char *pem, const char *ca_pem,
                                  enum km_certificate_status status,
                                  char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
/* km_certificate_issue: makes one of a PKCS #10 request, and registers it. device is the caller's to clear. */
km_status km_certificate_issue(struct km_call *call, const char *request,
                               enum km_certificate_status status, struct km_x509 *device,
                               char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
/* km_certificate_get: of the caller's account. */
km_status km_certificate_get(struct km_call *call, const char *id,
                             struct km_registry_certificate *ret);
/* km_certificate_principal: the id in a principal's ARN. Anything else is an invalid request. */
km_status km_certificate_principal(struct km_call *call, const char *arn, const char **ret_id);

#endif
