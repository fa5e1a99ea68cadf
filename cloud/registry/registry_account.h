/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts, their access keys and the temporary ones of sessions.
 *
 * A request's signature is checked with the secret itself, so a hash of it would not do: it is stored sealed by AES-256-GCM under the
 * key of km_registry_config, bound to its id. Who has the database alone has no secret; who has the key file too has all of them.
 */
#ifndef KM_REGISTRY_ACCOUNT_H
#define KM_REGISTRY_ACCOUNT_H

#include "cloud/registry/registry.h"

#define KM_ACCESS_KEY_ID_LEN 20 /* AKIA... for lasting ones, ASIA... for sessions */
#define KM_ACCESS_SECRET_LEN 40
#define KM_SESSION_TOKEN_LEN 128
#define KM_PRINCIPAL_NAME_MAX 128
#define KM_ACCESS_KEYS_MAX 100 /* lasting ones of an account */
#define KM_SESSION_S_MAX 43200

struct km_registry_account {
    const char *id;
    const char *name;
    int64_t created_ms;
};
struct km_registry_account_list {
    const struct km_registry_account *items;
    size_t n_items;
    const char *next;
};

/* km_registry_account_create: name 1 to 128 octets, for people. KM_E_EXISTS. */
km_status km_registry_account_create(struct km_registry *reg, const char *id, const char *name);
km_status km_registry_account_get(struct km_registry *reg, struct km_arena *arena, const char *id,
                                  struct km_registry_account *ret);
km_status km_registry_account_list(struct km_registry *reg, struct km_arena *arena,
                                   const struct km_registry_page *page,
                                   struct km_registry_account_list *ret);
/* km_registry_account_delete: with its keys. KM_E_BUSY while it has any CA, certificate, policy, thing, rule or function. */
km_status km_registry_account_delete(struct km_registry *reg, const char *id);

/* What km_registry_access_key_new and _session_new give once, in a secret: shown to the caller and never again. */
struct km_registry_new_key {
    char id[KM_ACCESS_KEY_ID_LEN + 1];
    struct km_secret *secret; /* KM_ACCESS_SECRET_LEN characters; owned by the caller */
    struct km_secret *
        token; /* KM_SESSION_TOKEN_LEN characters, or NULL for a lasting key; owned by the caller */
    int64_t expires_ms; /* 0: never */
};
void km_registry_new_key_clear(struct km_registry_new_key *key);

/*
 * km_registry_access_key_new: a lasting key of a principal, e.g. "user/operator" ([A-Za-z0-9+=,.@_/-], at most KM_PRINCIPAL_NAME_MAX).
 * KM_E_LIMIT beyond KM_ACCESS_KEYS_MAX; KM_E_DENIED when the registry was opened without a key.
 */
km_status km_registry_access_key_new(struct km_registry *reg, const char *account,
                                     const char *principal, struct km_registry_new_key *ret);
/* km_registry_access_key_put: the same with an id and a secret that exist elsewhere. KM_E_EXISTS. */
km_status km_registry_access_key_put(struct km_registry *reg, const char *account,
                                     const char *principal, const char *id,
                                     const struct km_secret *secret);
/*
 * km_registry_session_new: a temporary key for duration_s (1 to KM_SESSION_S_MAX), e.g. for one run of a function. Session keys that
 * have expired are removed on the way.
 */
km_status km_registry_session_new(struct km_registry *reg, const char *account,
                                  const char *principal, unsigned duration_s,
                                  struct km_registry_new_key *ret);

struct km_registry_access_key {
    const char *id;
    const char *account;
    const char *principal;
    bool is_active;
    bool is_session;
    int64_t created_ms;
    int64_t expires_ms; /* 0: never; the caller compares */
};
struct km_registry_access_key_list {
    const struct km_registry_access_key *items;
    size_t n_items;
    const char *next;
};

/* km_registry_access_key_find: by id alone, as a request brings it. KM_E_DENIED without a sealing key; KM_E_AUTH when the seal does not fit. *ret_secret returns owned. */
km_status km_registry_access_key_find(struct km_registry *reg, struct km_arena *arena,
                                      const char *id, struct km_registry_access_key *ret,
                                      struct km_secret **ret_secret);
/*
 * km_registry_access_key_get: one of this account, for who may not see secrets: no sealing key is needed. Whether it counts is the caller's to
 * compare.
 */
km_status km_registry_access_key_get(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *id,
                                     struct km_registry_access_key *ret);
/* km_registry_session_check: whether token is the one of that session key: KM_E_AUTH when not. */
km_status km_registry_session_check(struct km_registry *reg, const char *id, struct km_slice token);
km_status km_registry_access_key_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const struct km_registry_page *page,
                                      struct km_registry_access_key_list *ret);
km_status km_registry_access_key_set_active(struct km_registry *reg, const char *account,
                                            const char *id, bool is_active);
km_status km_registry_access_key_delete(struct km_registry *reg, const char *account,
                                        const char *id);

#endif
