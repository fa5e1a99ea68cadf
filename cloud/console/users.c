/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "cloud/common/json.h"
#include "cloud/registry/registry_console.h"
#include "common/km_option.h"

#define SETTING "console.users"
#define SETTING_MAX 65536u
/* The passwords are not guessable; this much is for a registry that was stolen, and bounds what a login costs the loop. */
#define LOG2_N 15u
#define R 8u
#define P 1u
#define SCRYPT_MEMORY_MAX ((uint64_t)160 << 20)
#define GROUP_LEN 4u

/* ---- records ---- */

/* number: the digits up to the next colon, without a zero in front. */
static bool number(struct km_rd *rd, unsigned least, unsigned most, unsigned *ret)
{
    unsigned value = 0;
    uint8_t octet = 0;
    for (unsigned n = 0; km_rd_u8(rd, &octet) && n < 4; n++) {
        if (octet == ':' && n > 0 && value >= least && value <= most) {
            *ret = value;
            return true;
        }
        if (octet < '0' || octet > '9' || (n == 0 && octet == '0'))
            return false;
        value = value * 10 + (unsigned)(octet - '0');
    }
    return false;
}

static bool hex(struct km_rd *rd, uint8_t *ret, size_t len)
{
    char digits[2 * KM_CONSOLE_HASH_LEN + 1] = {0};
    if (!km_rd_copy(rd, digits, 2 * len) || strspn(digits, "0123456789abcdef") != 2 * len)
        return false;
    return km_unhex(digits, ret, len);
}

static bool word(struct km_rd *rd, const char *text)
{
    struct km_slice got = {0};
    return km_rd_bytes(rd, strlen(text), &got) && km_slice_equal(got, KM_SLICE_STR(text));
}

bool km_console_record_parse(const char *text, struct km_console_record *ret)
{
    struct km_rd rd = km_rd_init(KM_SLICE_STR(text));
    struct km_console_record record = {0};
    if (!word(&rd, "scrypt:") || !number(&rd, 14, 17, &record.log2_n) ||
        !number(&rd, R, R, &record.r) || !number(&rd, 1, 4, &record.p) ||
        !hex(&rd, record.salt, sizeof(record.salt)) || !word(&rd, ":") ||
        !hex(&rd, record.hash, sizeof(record.hash)) || !km_rd_done(&rd))
        return false;
    *ret = record;
    return true;
}

void km_console_record_print(const struct km_console_record *record,
                             char ret[KM_CONSOLE_RECORD_MAX + 1])
{
    char salt[2 * KM_CONSOLE_SALT_LEN + 1] = {0};
    char hash[2 * KM_CONSOLE_HASH_LEN + 1] = {0};
    km_hex(KM_SLICE(record->salt, sizeof(record->salt)), salt, sizeof(salt));
    km_hex(KM_SLICE(record->hash, sizeof(record->hash)), hash, sizeof(hash));
    (void)snprintf(ret, KM_CONSOLE_RECORD_MAX + 1, "scrypt:%u:%u:%u:%s:%s", record->log2_n,
                   record->r, record->p, salt, hash);
}

bool km_console_name_is_good(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= KM_CONSOLE_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-") ==
               len;
}

/* ---- scrypt ---- */

static void kdf_freep(EVP_KDF **kdf)
{
    EVP_KDF_free(*kdf);
}

static void kdf_ctx_freep(EVP_KDF_CTX **ctx)
{
    EVP_KDF_CTX_free(*ctx);
}

static km_status derive(struct km_err *err, const struct km_crypto *crypto,
                        const struct km_console_record *record, struct km_slice password,
                        uint8_t ret[KM_CONSOLE_HASH_LEN])
{
    uint64_t n = (uint64_t)1 << record->log2_n;
    uint64_t memory = SCRYPT_MEMORY_MAX;
    uint32_t r = record->r;
    uint32_t p = record->p;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password.ptr,
                                          password.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)record->salt,
                                          sizeof(record->salt)),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    KM_AUTO(kdf_freep) EVP_KDF *kdf = EVP_KDF_fetch(crypto->lib, "SCRYPT", NULL);
    KM_AUTO(kdf_ctx_freep) EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    if (ctx == NULL || EVP_KDF_derive(ctx, ret, KM_CONSOLE_HASH_LEN, params) != 1)
        return km_crypto_fail(err, KM_E_NOMEM, "scrypt");
    return KM_OK;
}

km_status km_console_user_check(struct km_err *err, const struct km_crypto *crypto,
                                const char *record, struct km_slice password)
{
    struct km_console_record want = {.log2_n = LOG2_N, .r = R, .p = P};
    uint8_t hash[KM_CONSOLE_HASH_LEN] = {0};
    if (record != NULL && !km_console_record_parse(record, &want))
        return KM_FAIL(err, KM_E_CORRUPT, "stored password of a console user");
    if (password.len > KM_CONSOLE_PASSWORD_MAX)
        return KM_FAIL(err, KM_E_AUTH, "wrong name or password");
    km_status status = derive(err, crypto, &want, password, hash);
    bool is_right = km_ct_equal(hash, want.hash, sizeof(hash));
    km_wipe(hash, sizeof(hash));
    KM_TRY(status);
    if (!is_right || record == NULL)
        return KM_FAIL(err, KM_E_AUTH, "wrong name or password");
    return KM_OK;
}

static km_status make_password(struct km_err *err, struct km_secret **ret)
{
    /* Without l, o, 0 and 1, which are read wrongly. */
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t octets[KM_CONSOLE_PASSWORD_LEN] = {0};
    struct km_secret *secret = km_secret_new(KM_CONSOLE_PASSWORD_LEN);
    if (secret == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "password");
    if (getentropy(octets, sizeof(octets)) != 0)
        abort(); /* the kernel has no excuse for so few octets */
    struct km_span out = km_secret_fill(secret);
    for (size_t i = 0; i < out.len; i++)
        out.ptr[i] = (uint8_t)(i % (GROUP_LEN + 1) == GROUP_LEN ? '-' : alphabet[octets[i] % 32]);
    km_wipe(octets, sizeof(octets));
    *ret = secret;
    return KM_OK;
}

/* ---- the setting ---- */

static km_status registry_fail(struct km_err *err, const struct km_registry *reg, km_status status)
{
    return status == KM_OK ? KM_OK : KM_FAIL(err, status, "%s", km_registry_err(reg)->text);
}

/* users_of: an object of name and record; empty without the setting. Returns owned. */
static km_status users_of(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                          const char *account, json_t **ret)
{
    const char *text = "{}";
    km_status status = km_registry_setting_get(reg, arena, account, SETTING, &text);
    if (status != KM_E_NOTFOUND)
        KM_TRY(registry_fail(err, reg, status));
    return km_json_object(err, KM_SLICE_STR(text), 1, ret);
}

static km_status store(struct km_err *err, struct km_registry *reg, const char *account,
                       const json_t *users)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_TRY(km_json_print(err, users, SETTING_MAX, &text));
    return registry_fail(err, reg, km_registry_setting_set(reg, account, SETTING, text.ptr));
}

km_status km_console_user_find(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                               const char *name, struct km_console_user *ret)
{
    struct km_registry_page page = {0};
    struct km_registry_account_list list = {0};
    do {
        KM_TRY(registry_fail(err, reg, km_registry_account_list(reg, arena, &page, &list)));
        for (size_t i = 0; i < list.n_items; i++) {
            KM_AUTO(km_json_unref) json_t *users = NULL;
            KM_TRY(users_of(err, reg, arena, list.items[i].id, &users));
            const char *record = json_string_value(json_object_get(users, name));
            if (record == NULL)
                continue;
            record = km_arena_text(arena, KM_SLICE_STR(record));
            if (record == NULL)
                return KM_FAIL(err, KM_E_NOMEM, "console user");
            *ret = (struct km_console_user){.account = list.items[i].id, .record = record};
            return KM_OK;
        }
        page.marker = list.next;
    } while (page.marker != NULL);
    return KM_FAIL(err, KM_E_NOTFOUND, "there is no console user of this name");
}

/* new_record: of a password that is made for it. */
static km_status new_record(struct km_err *err, const struct km_crypto *crypto,
                            char ret[KM_CONSOLE_RECORD_MAX + 1], struct km_secret **ret_password)
{
    KM_AUTO(km_secret_freep) struct km_secret *password = NULL;
    struct km_console_record record = {.log2_n = LOG2_N, .r = R, .p = P};
    KM_TRY(make_password(err, &password));
    if (getentropy(record.salt, sizeof(record.salt)) != 0)
        abort(); /* the kernel has no excuse for so few octets */
    KM_TRY(derive(err, crypto, &record, km_secret_expose(password), record.hash));
    km_console_record_print(&record, ret);
    *ret_password = km_steal(&password);
    return KM_OK;
}

static km_status check_is_new(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                              const char *name)
{
    struct km_console_user user = {0};
    struct km_err inner = {0};
    km_status status = km_console_user_find(&inner, reg, arena, name, &user);
    if (status == KM_OK)
        return KM_FAIL(err, KM_E_EXISTS, "account %s has a console user %s", user.account, name);
    return status == KM_E_NOTFOUND ? KM_OK : KM_FAIL(err, status, "%s", inner.text);
}

/* change: record NULL takes the user away. */
static km_status change(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                        const char *account, const char *name, const char *record)
{
    KM_AUTO(km_json_unref) json_t *users = NULL;
    if (record != NULL)
        KM_TRY(check_is_new(err, reg, arena, name));
    KM_TRY(users_of(err, reg, arena, account, &users));
    if (record == NULL && json_object_del(users, name) != 0)
        return KM_FAIL(err, KM_E_NOTFOUND, "account %s has no console user of this name", account);
    if (record != NULL && json_object_set_new(users, name, json_string(record)) != 0)
        return KM_FAIL(err, KM_E_NOMEM, "console user");
    if (json_object_size(users) > KM_CONSOLE_USERS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "more than %d console users", KM_CONSOLE_USERS_MAX);
    KM_TRY(store(err, reg, account, users));
    if (record != NULL)
        return KM_OK;
    return registry_fail(err, reg, km_registry_console_end_all(reg, account, name));
}

/* All users of an account are one setting: what two programs change at once must not be lost. */
static km_status change_at_once(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *name, const char *record)
{
    KM_TRY(registry_fail(err, reg, km_registry_begin(reg)));
    km_status status = change(err, reg, arena, account, name, record);
    if (status == KM_OK)
        return registry_fail(err, reg, km_registry_commit(reg));
    (void)km_registry_rollback(reg);
    return status;
}

km_status km_console_user_create(struct km_err *err, const struct km_crypto *crypto,
                                 struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *name,
                                 struct km_secret **ret_password)
{
    KM_AUTO(km_secret_freep) struct km_secret *password = NULL;
    char record[KM_CONSOLE_RECORD_MAX + 1] = {0};
    if (!km_console_name_is_good(name))
        return KM_FAIL(err, KM_E_ARG, "a console user's name has 1 to %d of A-Z a-z 0-9 . _ @ -",
                       KM_CONSOLE_NAME_MAX);
    KM_TRY(new_record(err, crypto, record, &password));
    KM_TRY(change_at_once(err, reg, arena, account, name, record));
    *ret_password = km_steal(&password);
    return KM_OK;
}

km_status km_console_user_delete(struct km_err *err, struct km_registry *reg,
                                 struct km_arena *arena, const char *account, const char *name)
{
    return change_at_once(err, reg, arena, account, name, NULL);
}

km_status km_console_user_list(struct km_err *err, struct km_registry *reg, struct km_arena *arena,
                               const char *account, struct km_registry_names *ret)
{
    KM_AUTO(km_json_unref) json_t *users = NULL;
    const char *name = NULL;
    json_t *record = NULL;
    size_t n = 0;
    KM_TRY(users_of(err, reg, arena, account, &users));
    const char **names = km_arena_array(arena, json_object_size(users) + 1, sizeof(*names));
    json_object_foreach(users, name, record)
    {
        if (names == NULL || (names[n++] = km_arena_text(arena, KM_SLICE_STR(name))) == NULL)
            return KM_FAIL(err, KM_E_NOMEM, "console users");
    }
    *ret = (struct km_registry_names){.names = names, .n_names = n};
    return KM_OK;
}
