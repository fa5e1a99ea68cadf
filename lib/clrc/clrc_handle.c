/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, and what goes between the caller's structures and the protocol's. */
#include <stdlib.h>
#include <string.h>

#include "lib/clrc/clrc_handle.h"

/* A freed or foreign pointer is seldom any of these. */
#define KEY_MAGIC 0x6b657963u
#define PASSWORD_MAGIC 0x70617373u
#define OPERATION_MAGIC 0x6f706572u

ClrcResult clrc_bad(const char *function, const char *text)
{
    return clrc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, text);
}

ClrcResult clrc_long(const char *function, const char *text)
{
    return clrc_fail(function, CLRC_ERROR_TOO_LARGE, NULL, text);
}

bool clrc_key_is(const struct clrc_key *key)
{
    return key != NULL && key->magic == KEY_MAGIC;
}

bool clrc_password_is(const struct clrc_password *password)
{
    return password != NULL && password->magic == PASSWORD_MAGIC;
}

bool clrc_operation_is(const struct clrc_operation *operation)
{
    return operation != NULL && operation->magic == OPERATION_MAGIC;
}

bool clrc_name_is(const char *name)
{
    if (name == NULL)
        return false;
    size_t len = strnlen(name, CLRC_NAME_MAX + 1);
    return len > 0 && len <= CLRC_NAME_MAX && km_utf8_valid(KM_SLICE(name, len));
}

struct clrc_key *clrc_key_new(void)
{
    struct clrc_key *key = calloc(1, sizeof(*key));
    if (key != NULL)
        key->magic = KEY_MAGIC;
    return key;
}

void clrc_key_freep(struct clrc_key **key)
{
    clrcFreeKey(*key);
    *key = NULL;
}

void clrcFreeKey(ClrcKeyHandle hKey)
{
    if (!clrc_key_is(hKey))
        return;
    clrc_forget_key(hKey);
    clrc_password_unref(hKey->password);
    hKey->magic = 0;
    free(hKey);
}

struct clrc_operation *clrc_operation_new(void)
{
    struct clrc_operation *operation = calloc(1, sizeof(*operation));
    if (operation != NULL)
        *operation = (struct clrc_operation){.magic = OPERATION_MAGIC,
                                             .free_command = KM_CRYPTO_CMD_OP_FREE};
    return operation;
}

void clrc_operation_freep(struct clrc_operation **operation)
{
    clrcOperationFree(*operation);
    *operation = NULL;
}

void clrcOperationFree(ClrcOperationHandle hOperation)
{
    if (!clrc_operation_is(hOperation))
        return;
    clrc_forget_operation(hOperation);
    hOperation->magic = 0;
    free(hOperation);
}

struct clrc_password *clrc_password_new(const char *name, struct km_slice octets)
{
    static _Atomic uint64_t last_number;
    struct clrc_password *password = calloc(1, sizeof(*password));
    if (password == NULL)
        return NULL;
    password->secret = km_secret_from(octets);
    if (password->secret == NULL) {
        free(password);
        return NULL;
    }
    password->magic = PASSWORD_MAGIC;
    password->number = atomic_fetch_add(&last_number, 1) + 1;
    password->n_forks = clrc_n_forks();
    atomic_store(&password->n_refs, 1);
    clrc_name_set(password->name, name);
    return password;
}

struct clrc_password *clrc_password_ref(struct clrc_password *password)
{
    if (password != NULL)
        (void)atomic_fetch_add(&password->n_refs, 1);
    return password;
}

void clrc_password_unref(struct clrc_password *password)
{
    if (password == NULL || atomic_fetch_sub(&password->n_refs, 1) != 1)
        return;
    clrc_forget_password(password);
    km_secret_free(password->secret);
    password->magic = 0;
    free(password);
}

void clrc_password_unrefp(struct clrc_password **password)
{
    clrc_password_unref(*password);
    *password = NULL;
}

void clrc_name_set(char ret[CLRC_NAME_MAX + 1], const char *name)
{
    km_copy(ret, CLRC_NAME_MAX + 1, name, strnlen(name, CLRC_NAME_MAX) + 1);
}

static void copy_name(const struct km_crypto_name *name, char *ret, size_t cap)
{
    km_copy(ret, cap, name->at, (size_t)name->len + 1);
}

void clrc_info_from(const struct km_crypto_info *info, ClrcKeyInfo *ret_info)
{
    *ret_info = (ClrcKeyInfo){
        .type = (ClrcKeyType)info->type,
        .bits = info->bits,
        .usage = info->usage,
        .attributes = info->attributes,
        .max_uses = info->max_uses,
        .uses_left = info->uses_left,
        .not_after = info->not_after,
        .owner_uid = info->owner_uid,
        .is_saved = (info->flags & KM_CRYPTO_INFO_SAVED) != 0,
        .is_provisioned = (info->flags & KM_CRYPTO_INFO_PROVISIONED) != 0,
        .is_immutable = (info->flags & KM_CRYPTO_INFO_IMMUTABLE) != 0,
        .has_password = (info->flags & KM_CRYPTO_INFO_PASSWORD) != 0,
    };
    km_copy(ret_info->id, sizeof(ret_info->id), info->id, sizeof(info->id));
    copy_name(&info->name, ret_info->name, sizeof(ret_info->name));
    copy_name(&info->password_name, ret_info->password_name, sizeof(ret_info->password_name));
    copy_name(&info->storage, ret_info->storage, sizeof(ret_info->storage));
}

bool clrc_info_parse(struct km_slice in, ClrcKeyInfo *ret_info)
{
    struct km_crypto_info info = {0};
    if (!km_crypto_info_parse(in, &info))
        return false;
    clrc_info_from(&info, ret_info);
    return true;
}

/* Only the fields that count travel, so that the rest of the caller's structure may be anything. */
static bool grant_from(const ClrcGrant *from, struct km_crypto_grant *ret)
{
    struct km_crypto_grant grant = {.fields = from->fields};
    if ((from->fields & CLRC_GRANT_UID) != 0)
        grant.uid = from->uid;
    if ((from->fields & CLRC_GRANT_GID) != 0)
        grant.gid = from->gid;
    if ((from->fields & CLRC_GRANT_EXE) != 0)
        km_copy(grant.exe_sha256, sizeof(grant.exe_sha256), from->exe_sha256,
                sizeof(from->exe_sha256));
    if ((from->fields & CLRC_GRANT_UNIT) != 0 &&
        !km_crypto_name_parse(KM_SLICE(from->unit, strnlen(from->unit, sizeof(from->unit))),
                              &grant.unit))
        return false;
    *ret = grant;
    return true;
}

ClrcResult clrc_template_put(const char *function, const ClrcKeyTemplate *wish, struct km_span out,
                             size_t *ret_len)
{
    if (wish->n_grants > CLRC_GRANTS_MAX || (wish->n_grants > 0 && wish->grants == NULL))
        return clrc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, "a key has at most 8 grants");
    struct km_crypto_template put = {
        .type = (uint32_t)wish->type,
        .bits = wish->bits,
        .usage = wish->usage,
        .attributes = wish->attributes,
        .max_uses = wish->max_uses,
        .not_after = wish->not_after,
        .n_grants = wish->n_grants,
    };
    for (uint32_t i = 0; i < wish->n_grants; i++) {
        if (!grant_from(&wish->grants[i], &put.grants[i]))
            return clrc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                             "a grant's unit is not a name of 1 to 63 octets");
    }
    if (!km_crypto_template_put(&put, out, ret_len))
        return clrc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                         "a grant names no field or one that does not exist");
    return CLRC_SUCCESS;
}
