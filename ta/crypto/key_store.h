/* SPDX-License-Identifier: Apache-2.0 */
/* Named keys: between the session's keys and the store. Rules of access are docs/crypto-ta.md's. */
#ifndef KM_CRYPTO_KEY_STORE_H
#define KM_CRYPTO_KEY_STORE_H

#include "ta/crypto/key.h"
#include "ta/crypto/password.h"

/* Names that begin so are the administrator's: of provisioned keys, and of what the service keeps for itself. */
#define KM_NAMES_OF_DEVICE "com.seqlabs."
#define KM_NAMES_OF_SERVICE "org.keymoor."

/* What somebody wants of a named key. */
enum km_wish_for {
    KM_WANTS_USE = 1,    /* owner, administrator, shared, granted; anyone when provisioned */
    KM_WANTS_LOOK = 2,   /* as above */
    KM_WANTS_DELETE = 3, /* owner or administrator */
};

/* km_key_store_save: EXISTS, BAD_STATE when it is saved already. On success the key is the saved one. password may be NULL. */
TEE_Result km_key_store_save(struct km_key *key, const struct km_crypto_name *name,
                             const struct km_password *password);
/* km_key_store_save_noted: the same with a note, which may be empty: then there is none. */
TEE_Result km_key_store_save_noted(struct km_key *key, const struct km_crypto_name *name,
                                   const struct km_password *password, struct km_slice note);
/* km_key_store_set_note: ACCESS_DENIED, IMMUTABLE, KEY_GONE; note is at most KM_CRYPTO_NOTE_MAX octets. */
TEE_Result km_key_store_set_note(struct km_caller *caller, const struct km_crypto_name *name,
                                 const uint8_t expected[KM_CRYPTO_ID_LEN], struct km_slice note);
/* km_name_begins: whether a name starts with this text. */
bool km_name_begins(const struct km_crypto_name *name, const char *prefix);
/*
 * km_key_store_install: saves a key that came with a manifest, in the place of one that did so before. EXISTS: the name
 * belongs to another.
 */
TEE_Result km_key_store_install(struct km_key *key, const struct km_crypto_name *name);
/* km_key_store_admits: whether km_key_store_install would take the name now. EXISTS. */
TEE_Result km_key_store_admits(const struct km_crypto_name *name, bool *ret_is_there);
/*
 * km_key_store_public: an empty public key with the policy of the one that has this name, or of a provisioned one where there is none or of
 * another family, and this SubjectPublicKeyInfo as its material. *ret_is_there: it is the one that is there. EXISTS: the name stands for
 * a secret. BAD_FORMAT NOT_SUPPORTED. Returns owned.
 */
TEE_Result km_key_store_public(const struct km_caller *caller, const struct km_crypto_name *name,
                               struct km_slice spki, struct km_key **ret_key, bool *ret_is_there);
/* km_key_store_put: in the place of whatever has the name. */
TEE_Result km_key_store_put(const struct km_key *key, const struct km_crypto_name *name);
/* km_key_store_load: expected is NULL or the unique id it must have (KEY_GONE). password may be NULL. Returns owned. */
TEE_Result km_key_store_load(struct km_caller *caller, const struct km_crypto_name *name,
                             const struct km_password *password, const uint8_t *expected,
                             struct km_key **ret_key);
/* km_key_store_provisioned: a key of the device's own. ITEM_NOT_FOUND, also when the name stands for one that is not. Returns owned. */
TEE_Result km_key_store_provisioned(struct km_caller *caller, const char *name,
                                    struct km_key **ret_key);
/* km_key_store_delete: ACCESS_DENIED, PASSWORD, IMMUTABLE (a provisioned key once sealed). */
TEE_Result km_key_store_delete(struct km_caller *caller, const struct km_crypto_name *name,
                               const struct km_password *password);
/* km_key_store_describe: its info; ACCESS_DENIED. */
TEE_Result km_key_store_describe(struct km_caller *caller, const struct km_crypto_name *name,
                                 struct km_crypto_info *ret);
/* km_key_store_describe_noted: with its note, a view of buf. */
TEE_Result km_key_store_describe_noted(struct km_caller *caller, const struct km_crypto_name *name,
                                       uint8_t buf[KM_RECORD_MAX], struct km_crypto_noted *ret);
/* km_key_store_noted_from: the same of a record that was read already; the note is a view of it. CORRUPT_OBJECT. */
TEE_Result km_key_store_noted_from(struct km_caller *caller, const struct km_crypto_name *name,
                                   struct km_slice data, struct km_crypto_noted *ret);
/* km_key_store_count: takes one use of a saved key; committed when it returns. USED_UP, KEY_GONE. */
TEE_Result km_key_store_count(struct km_key *key);
/* km_key_store_refresh: uses_left as the store has it now. KEY_GONE. */
TEE_Result km_key_store_refresh(struct km_key *key);
/* km_key_store_under: whether any key is wrapped under the password object with this id. */
TEE_Result km_key_store_under(const uint8_t password_id[KM_CRYPTO_ID_LEN], bool *ret_is_used);

/* km_provision_sealed: whether provisioning has ended. */
TEE_Result km_provision_sealed(bool *ret_sealed);
/*
 * km_provision_enter: opens the gate beside others that provision: nobody seals until it is closed, so that nothing slips in while
 * provisioning ends. BAD_STATE: it is sealed. Returns owned.
 */
TEE_Result km_provision_enter(TEE_ObjectHandle *ret_gate);
/* km_provision_stop: the gate alone: nobody provisions or seals until it is closed, sealed or not. Returns owned. */
TEE_Result km_provision_stop(TEE_ObjectHandle *ret_gate);
/*
 * km_provision_seal: waits until nobody provisions, some seconds at most (ACCESS_CONFLICT), and ends it; again is fine. BAD_STATE: a
 * manifest is installed in part.
 */
TEE_Result km_provision_seal(void);

#endif
