/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that are somebody's for a while only: one that waits until the device it was made for takes it for its own, with a
 * token that it alone was given, and one with which devices may come to ask for theirs. What becomes of neither is
 * deleted when its time is over, with the next of these calls that writes.
 */
#ifndef KM_REGISTRY_CLAIM_H
#define KM_REGISTRY_CLAIM_H

#include "cloud/registry/registry_certificate.h"

#define KM_CLAIM_TOKEN_LEN 64                       /* characters: 256 random bits */
#define KM_CLAIM_MS ((int64_t)3600 * 1000)          /* how long a token is good */
#define KM_CLAIM_TEMPORARY_MS ((int64_t)300 * 1000) /* how long a certificate for asking is */

/*
 * km_registry_claim_register: registers the certificate as PENDING_ACTIVATION, for whoever holds the certificate `holder` and the token.
 * Only the token's hash is stored. KM_E_EXISTS: it is registered already.
 */
km_status km_registry_claim_register(struct km_registry *reg, const char *account,
                                     const struct km_registry_certificate_new *certificate,
                                     const char *holder, char ret_id[KM_CERTIFICATE_ID_LEN + 1],
                                     char ret_token[KM_CLAIM_TOKEN_LEN + 1]);
/*
 * km_registry_claim_take: the certificate that this token is for; the token is used up by that. KM_E_AUTH: there is no such token, it is
 * another holder's, its time is over, or somebody has decided about the certificate meanwhile: all the same to who tries.
 */
km_status km_registry_claim_take(struct km_registry *reg, const char *account, const char *token,
                                 const char *holder, char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
/* km_registry_claim_temporary: registers the certificate as ACTIVE, to be deleted once it has expired. KM_E_EXISTS. */
km_status km_registry_claim_temporary(struct km_registry *reg, const char *account,
                                      const struct km_registry_certificate_new *certificate,
                                      char ret_id[KM_CERTIFICATE_ID_LEN + 1]);

#endif
