/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of devices: temporary keys for signatures that a device gets for its certificate and a role alias. They are no keys of the
 * account: what one may do is decided by who finds it here, and never more than its certificate may.
 *
 * They go when the certificate is no longer ACTIVE, or is deleted, and when the role alias is; an ACTIVE certificate again has to
 * ask for new ones.
 */
#ifndef KM_REGISTRY_CREDENTIAL_H
#define KM_REGISTRY_CREDENTIAL_H

#include "cloud/registry/registry_account.h"

#define KM_CREDENTIALS_MAX 16 /* of a certificate; the oldest goes for one more */

/*
 * km_registry_credential_new: for as long as the role alias says. Those that have expired are removed on the way. KM_E_NOTFOUND: there
 * is no such role alias; KM_E_STATE: the certificate is not ACTIVE, or not there; KM_E_DENIED without a sealing key.
 */
km_status km_registry_credential_new(struct km_registry *reg, const char *account,
                                     const char *certificate, const char *role_alias,
                                     struct km_registry_new_key *ret);

struct km_registry_credential {
    const char *id;
    const char *account;
    const char *certificate;
    const char *role_alias;
    const char *role;   /* its ARN, as the alias has it now */
    int64_t expires_ms; /* the caller compares */
};
/*
 * km_registry_credential_find: by id, as a request brings it, with its token. KM_E_NOTFOUND: there is none; KM_E_AUTH: the token is not
 * its own, or the seal does not fit; KM_E_DENIED without a sealing key. *ret_secret returns owned.
 */
km_status km_registry_credential_find(struct km_registry *reg, struct km_arena *arena,
                                      const char *id, struct km_slice token,
                                      struct km_registry_credential *ret,
                                      struct km_secret **ret_secret);

#endif
