/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People who log in to the console: a name, and a password that is made here and shown once. The registry keeps scrypt's output over
 * it, in one setting of the account that they belong to. Names are unique in a registry, so that a name says whose account it is.
 */
#ifndef KM_CONSOLE_USERS_H
#define KM_CONSOLE_USERS_H

#include "cloud/control/crypto.h"
#include "cloud/registry/registry_account.h"
#include "common/km_secret.h"

#define KM_CONSOLE_NAME_MAX 64 /* [A-Za-z0-9._@-] */
#define KM_CONSOLE_USERS_MAX 256
/* Six groups of four of 32 characters, with dashes between: 120 bits. */
#define KM_CONSOLE_PASSWORD_LEN 29
#define KM_CONSOLE_PASSWORD_MAX 128 /* octets that are looked at when one logs in */

/* One password as it is kept, "scrypt:15:8:1:SALT:HASH" with hexadecimal digits. */
#define KM_CONSOLE_SALT_LEN 16
#define KM_CONSOLE_HASH_LEN 32
#define KM_CONSOLE_RECORD_MAX 160
struct km_console_record {
    unsigned log2_n; /* 14 to 17 */
    unsigned r;      /* 8 */
    unsigned p;      /* 1 to 4 */
    uint8_t salt[KM_CONSOLE_SALT_LEN];
    uint8_t hash[KM_CONSOLE_HASH_LEN];
};
KM_MUST_USE bool km_console_record_parse(const char *text, struct km_console_record *ret);
void km_console_record_print(const struct km_console_record *record,
                             char ret[KM_CONSOLE_RECORD_MAX + 1]);

KM_MUST_USE bool km_console_name_is_good(const char *name);

/* km_console_user_create: KM_E_EXISTS when any account has the name; KM_E_ARG; KM_E_LIMIT. *ret_password returns owned. */
km_status km_console_user_create(struct km_err *err, const struct km_crypto *crypto,
                                 struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *name,
                                 struct km_secret **ret_password);
/* km_console_user_delete: KM_E_NOTFOUND. Who is logged in by it is out with his next request. */
km_status km_console_user_delete(struct km_err *err, struct km_registry *reg,
                                 struct km_arena *arena, const char *account, const char *name);
/* km_console_user_list: in the order in which they were made; in the arena. */
km_status km_console_user_list(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                               const char *account, struct km_registry_names *ret);
/* km_console_user_find: whose it is, and its record, in the arena. KM_E_NOTFOUND. */
struct km_console_user {
    const char *account;
    const char *record;
};
km_status km_console_user_find(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                               const char *name, struct km_console_user *ret);
/*
 * km_console_user_check: KM_E_AUTH unless password is that of the record. record NULL, where there is no such user, costs the same time
 * and is KM_E_AUTH.
 */
km_status km_console_user_check(struct km_err *err, const struct km_crypto *crypto,
                                const char *record, struct km_slice password);

#endif
