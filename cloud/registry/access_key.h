/* SPDX-License-Identifier: Apache-2.0 */
/* How keys for signatures are made, and what of them is stored: the same for an account's and for devices'. */
#ifndef KM_CLOUD_ACCESS_KEY_H
#define KM_CLOUD_ACCESS_KEY_H

#include "cloud/registry/crypto.h"
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_account.h"

/* What is stored of a key. Starts as all zero. */
struct km_reg_sealed {
    uint8_t secret[KM_ACCESS_SECRET_LEN + KM_SEAL_MORE];
    uint8_t token_hash[KM_SHA256_LEN];
    bool has_token;
};

/* km_reg_key_is_id: what comes as an id may be anything. */
bool km_reg_key_is_id(const char *id);
/* km_reg_key_check: KM_E_DENIED: the registry was opened without its sealing key. */
km_status km_reg_key_check(struct km_registry *reg);
/* km_reg_key_make: id, secret and, for a session, token of a new one. What was made before a failure is in *key. */
km_status km_reg_key_make(struct km_registry *reg, bool is_session,
                          struct km_registry_new_key *key);
km_status km_reg_key_seal(struct km_registry *reg, const struct km_registry_new_key *key,
                          struct km_reg_sealed *ret);
/* km_reg_key_is_token: whether its hash is the one that was stored. */
KM_MUST_USE bool km_reg_key_is_token(struct km_slice token, struct km_slice stored_hash);

#endif
