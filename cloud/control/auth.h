/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls: the request's signature held against the access keys of the registry. */
#ifndef KM_AUTH_H
#define KM_AUTH_H

#include "cloud/control/call.h"

/*
 * km_auth_check: sets the call's account and principal, or fails with the exception that AWS has for it. The whole body has to be there.
 */
km_status km_auth_check(struct km_call *call, struct km_sigv4_who *ret);
/* km_auth_check_scope: whether what was signed for is the service of the call's operation, and our region. */
km_status km_auth_check_scope(struct km_call *call, const struct km_sigv4_who *who);

/* km_auth_is_signed_for: whether the signature is one for that service. */
bool km_auth_is_signed_for(enum km_service service, const struct km_sigv4_who *who);

#endif
