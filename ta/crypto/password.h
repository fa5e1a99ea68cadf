/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password objects. Each has a random secret of its own, sealed under a key that PBKDF2 makes of the
 * password; named keys are wrapped under that secret. A guess is counted in the store before it is looked at,
 * while nobody else can open the object.
 */
#ifndef KM_CRYPTO_PASSWORD_H
#define KM_CRYPTO_PASSWORD_H

#include "ta/crypto/caller.h"
#include "ta/crypto/record.h"

/* One iteration costs an attacker as much as us; see docs/crypto-ta.md for the time it takes. */
#ifndef KM_PASSWORD_ITERATIONS
#define KM_PASSWORD_ITERATIONS 600000u
#endif

/* What a session keeps of a password that was right. */
struct km_password {
    struct km_crypto_name name;
    uint8_t id[KM_CRYPTO_ID_LEN];
    uint8_t secret[KM_PASSWORD_SECRET_LEN];
};

void km_password_free(void *password);

/* km_password_create: EXISTS. */
TEE_Result km_password_create(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice password);
/* Which of an object's two passwords. */
enum km_password_which {
    KM_PASSWORD_OWN = 0,
    KM_PASSWORD_RECOVERY = 1,
};
/* A password that somebody gives, and which one it is to be. */
struct km_password_given {
    enum km_password_which which;
    struct km_slice octets;
};

/*
 * km_password_create_recoverable: with a recovery password, which opens the same secret. own empty: a random one that nobody
 * knows, until km_password_change. EXISTS.
 */
TEE_Result km_password_create_recoverable(const struct km_caller *caller,
                                          const struct km_crypto_name *name, struct km_slice own,
                                          struct km_slice recovery);
/*
 * km_password_change: one password in the place of the one that there is, for who has one of the two; keys stay as they are. to
 * empty: a random one that nobody knows. PASSWORD, THROTTLED, ITEM_NOT_FOUND, BAD_STATE: it has no recovery password.
 */
TEE_Result km_password_change(const struct km_caller *caller, const struct km_crypto_name *name,
                              const struct km_password_given *by,
                              const struct km_password_given *to);
/* km_password_check: a guess that opens nothing; results as km_password_change. */
TEE_Result km_password_check(const struct km_caller *caller, const struct km_crypto_name *name,
                             const struct km_password_given *given);
/* km_password_load: PASSWORD, THROTTLED, ITEM_NOT_FOUND. Returns owned. */
TEE_Result km_password_load(const struct km_caller *caller, const struct km_crypto_name *name,
                            struct km_slice password, struct km_password **ret_password);
/* km_password_wait: seconds until this caller's next guess is taken. */
TEE_Result km_password_wait(const struct km_caller *caller, const struct km_crypto_name *name,
                            uint32_t *ret_seconds);
/* km_password_delete: owner with the password, or administrator with none; BUSY while keys are wrapped under it. */
TEE_Result km_password_delete(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice password);
/* km_password_hold: opens its object so that it can't be deleted meanwhile; ITEM_NOT_FOUND when it is gone or another. */
TEE_Result km_password_hold(const struct km_password *password, TEE_ObjectHandle *ret_object);
/* km_password_key: the wrapping key for one named key. */
TEE_Result km_password_key(const struct km_password *password,
                           const uint8_t key_id[KM_CRYPTO_ID_LEN], uint8_t ret[32]);

#endif
