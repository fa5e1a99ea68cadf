/* SPDX-License-Identifier: Apache-2.0 */
/* Published versions, and how a qualifier becomes one. */
#include "cloud/registry/function.h"

#include <string.h>

#define NUMBER_DIGITS_MAX 18

/* ---- publishing ---- */

/* The newest published version when it is what $LATEST is now; 0 when it is not. */
static km_status find_same(struct km_registry *reg, const char *account, const char *name,
                           int64_t *ret_version)
{
    static const char sql[] =
        "SELECT p.version FROM function_version p JOIN function_version l"
        " ON l.account = p.account AND l.name = p.name AND l.version = 0"
        " AND l.code_sha256 = p.code_sha256 AND l.config = p.config"
        " WHERE p.account = ?1 AND p.name = ?2 AND p.version = (SELECT max(version)"
        " FROM function_version WHERE account = ?1 AND name = ?2) AND p.version > 0";
    *ret_version = 0;
    km_status status = km_reg_number(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(name)), ret_version);
    return status == KM_E_NOTFOUND ? KM_OK : status;
}

static km_status copy_latest(struct km_registry *reg, const char *account, const char *name,
                             const char *description, int64_t *ret_version)
{
    static const char count_sql[] =
        "UPDATE function SET last_version = last_version + 1 WHERE account = ?1 AND name = ?2"
        " RETURNING last_version";
    static const char copy_sql[] =
        "INSERT INTO function_version (account, name, version, config, description, code_sha256,"
        " code_size, revision_id, modified_ms) SELECT account, name, ?3, config,"
        " coalesce(?4, description), code_sha256, code_size, ?5, ?6 FROM function_version"
        " WHERE account = ?1 AND name = ?2 AND version = 0";
    char revision_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    int64_t version = 0;
    km_reg_uuid(reg, revision_id);
    KM_TRY(km_reg_number(reg, count_sql, KM_VALUES(km_value_text(account), km_value_text(name)),
                         &version));
    KM_TRY(km_reg_run(reg, copy_sql,
                      KM_VALUES(km_value_text(account), km_value_text(name),
                                km_value_number(version), km_value_text(description),
                                km_value_text(revision_id), km_value_number(km_reg_now(reg))),
                      NULL));
    *ret_version = version;
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, name);
}

static km_status publish_within(struct km_registry *reg, const char *account, const char *name,
                                const struct km_registry_function_publish *publish,
                                int64_t *ret_version)
{
    struct km_function_latest latest = {{0}, {0}};
    KM_TRY(km_reg_function_latest(reg, account, name, &latest));
    KM_TRY(km_reg_function_check_revision(reg, name, publish->expected_revision_id,
                                          latest.revision_id));
    if (publish->expected_sha256 != NULL &&
        strcmp(publish->expected_sha256, latest.code_sha256) != 0)
        return KM_REG_FAIL(reg, KM_E_STALE, "function %s has other code", name);
    KM_TRY(find_same(reg, account, name, ret_version));
    if (*ret_version != 0)
        return KM_OK;
    return copy_latest(reg, account, name, publish->description, ret_version);
}

km_status km_registry_function_publish(struct km_registry *reg, const char *account,
                                       const char *name,
                                       const struct km_registry_function_publish *publish,
                                       int64_t *ret_version)
{
    int64_t version = 0;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    KM_TRY(km_reg_check_text(reg, "a description", publish->description, 0,
                             KM_FUNCTION_DESCRIPTION_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, publish_within(reg, account, name, publish, &version)));
    *ret_version = version;
    return KM_OK;
}

/* ---- the end of one ---- */

static km_status delete_version(struct km_registry *reg, const char *account, const char *name,
                                int64_t version)
{
    bool is_named = false;
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM function_alias WHERE account = ?1 AND function = ?2 AND version = ?3",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)),
        &is_named));
    if (is_named)
        return KM_REG_FAIL(reg, KM_E_BUSY, "an alias names version %lld of function %s",
                           (long long)version, name);
    km_status status = km_reg_run_one(
        reg, "DELETE FROM function_version WHERE account = ?1 AND name = ?2 AND version = ?3",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)));
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "there is no version %lld of function %s",
                           (long long)version, name);
    KM_TRY(status);
    KM_TRY(km_reg_function_drop_code(reg, account, name));
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, name);
}

km_status km_registry_function_version_delete(struct km_registry *reg, const char *account,
                                              const char *name, int64_t version)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    if (version <= KM_FUNCTION_LATEST)
        return KM_REG_FAIL(reg, KM_E_ARG, "only a published version can be deleted by itself");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_version(reg, account, name, version));
}

/* ---- qualifiers ---- */

static bool parse_number(const char *text, int64_t *ret)
{
    size_t len = strlen(text);
    int64_t number = 0;
    if (len < 1 || len > NUMBER_DIGITS_MAX || strspn(text, "0123456789") != len || text[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++)
        number = number * 10 + (text[i] - '0');
    *ret = number;
    return true;
}

static km_status find_version(struct km_registry *reg, const char *account, const char *name,
                              int64_t version)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM function_version WHERE account = ?1 AND name = ?2 AND version = ?3",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)),
        &is_there));
    if (is_there)
        return KM_OK;
    if (version == KM_FUNCTION_LATEST)
        return km_reg_function_unknown(reg, name);
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no version %lld of function %s",
                       (long long)version, name);
}

km_status km_registry_function_resolve(struct km_registry *reg, const char *account,
                                       const char *name, const char *qualifier,
                                       int64_t *ret_version)
{
    int64_t version = KM_FUNCTION_LATEST;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    if (qualifier == NULL || strcmp(qualifier, "$LATEST") == 0 ||
        parse_number(qualifier, &version)) {
        KM_TRY(find_version(reg, account, name, version));
        *ret_version = version;
        return KM_OK;
    }
    KM_TRY(km_reg_check_name(reg, account, "an alias", qualifier, KM_FUNCTION_ALIAS_MAX,
                             KM_CHARS_FUNCTION));
    km_status status = km_reg_number(
        reg,
        "SELECT version FROM function_alias WHERE account = ?1 AND function = ?2 AND name = ?3",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(qualifier)),
        ret_version);
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "function %s has no alias %s", name, qualifier);
    return status;
}
