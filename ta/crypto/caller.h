/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who calls, and what that caller may do with a key. Identity comes from the properties of the
 * current client alone. Where the system tells no uid (another TEE), everyone is one owner.
 */
#ifndef KM_CRYPTO_CALLER_H
#define KM_CRYPTO_CALLER_H

#include "ta/common/client.h"
#include "ta/crypto/ta.h"

struct km_caller {
    struct km_owner owner; /* as the owner of what it makes */
    uint32_t gid;
    bool is_admin;
    bool is_delegate; /* speaks for the owner, and may sign only */
    bool asked_exe, has_exe;
    bool asked_unit, has_unit;
    uint8_t exe_sha256[32];
    struct km_crypto_name unit;
};

/* km_caller_init: reads the present client's properties; in TA_OpenSessionEntryPoint. */
void km_caller_init(struct km_caller *caller);
/* km_caller_granted: whether every field set in one of the grants fits. May ask for exe and unit. */
bool km_caller_granted(struct km_caller *caller, const struct km_crypto_grant *grants,
                       uint32_t n_grants);
/* km_caller_exe_is: whether the caller's executable has this SHA-256; false where that can't be told. */
bool km_caller_exe_is(struct km_caller *caller, const uint8_t sha256[32]);
/* km_audit: one audit record; nothing where the TEE has no audit. */
void km_audit(const char *operation, const struct km_crypto_name *subject, TEE_Result result);

#endif
