/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions and $LATEST. An archive is stored once per function and content: versions name it by its hash, so publishing copies
 * nothing.
 */
#include "cloud/registry/function.h"

#include "cloud/registry/crypto.h"

#include <openssl/evp.h>
#include <string.h>

km_status km_reg_check_function(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a function's name", name, KM_FUNCTION_NAME_MAX,
                             KM_CHARS_FUNCTION);
}

km_status km_reg_function_unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no function %s", name);
}

km_status km_reg_function_find(struct km_registry *reg, const char *account, const char *name)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM function WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_there));
    return is_there ? KM_OK : km_reg_function_unknown(reg, name);
}

static void hash_code(struct km_slice code, char ret[KM_FUNCTION_SHA256_LEN + 1])
{
    uint8_t hash[KM_SHA256_LEN] = {0};
    km_registry_sha256(code, hash);
    (void)EVP_EncodeBlock((uint8_t *)ret, hash, sizeof(hash));
}

static km_status check_code(struct km_registry *reg, struct km_slice code)
{
    if (code.len > KM_FUNCTION_CODE_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "an archive of %zu octets; %d are allowed", code.len,
                           KM_FUNCTION_CODE_MAX);
    return KM_OK;
}

static km_status put_code(struct km_registry *reg, const char *account, const char *name,
                          const char *sha256, struct km_slice code)
{
    return km_reg_run(reg,
                      "INSERT INTO function_code (account, name, code_sha256, code)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                      KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(sha256),
                                km_value_blob(code)),
                      NULL);
}

km_status km_reg_function_drop_code(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_run(reg,
                      "DELETE FROM function_code WHERE account = ?1 AND name = ?2"
                      " AND code_sha256 NOT IN (SELECT code_sha256 FROM function_version"
                      " WHERE account = ?1 AND name = ?2)",
                      KM_VALUES(km_value_text(account), km_value_text(name)), NULL);
}

/* ---- creating ---- */

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_function_new *function)
{
    static const char sql[] =
        "INSERT INTO function_version (account, name, version, config, description, code_sha256,"
        " code_size, revision_id, modified_ms) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8)";
    char sha256[KM_FUNCTION_SHA256_LEN + 1] = {0};
    char revision_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    int64_t n_changed = 0;
    hash_code(function->code, sha256);
    km_reg_uuid(reg, revision_id);
    KM_TRY(km_reg_run(
        reg,
        "INSERT INTO function (account, name, last_version) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
        KM_VALUES(km_value_text(account), km_value_text(function->name)), &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "function %s exists", function->name);
    KM_TRY(put_code(reg, account, function->name, sha256, function->code));
    KM_TRY(
        km_reg_run(reg, sql,
                   KM_VALUES(km_value_text(account), km_value_text(function->name),
                             km_value_text(function->config), km_value_text(function->description),
                             km_value_text(sha256), km_value_number((int64_t)function->code.len),
                             km_value_text(revision_id), km_value_number(km_reg_now(reg))),
                   NULL));
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, function->name);
}

km_status km_registry_function_create(struct km_registry *reg, const char *account,
                                      const struct km_registry_function_new *function)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, function->name));
    KM_TRY(km_reg_check_text(reg, "a configuration", function->config, 1, KM_FUNCTION_CONFIG_MAX));
    KM_TRY(km_reg_check_text(reg, "a description", function->description, 0,
                             KM_FUNCTION_DESCRIPTION_MAX));
    KM_TRY(check_code(reg, function->code));
    if (function->code.len == 0)
        return KM_REG_FAIL(reg, KM_E_ARG, "a function has code");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, function));
}

/* ---- changing ---- */

km_status km_reg_function_latest(struct km_registry *reg, const char *account, const char *name,
                                 struct km_function_latest *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_function_latest latest = {{0}, {0}};
    KM_TRY(km_reg_query(reg,
                        "SELECT code_sha256, revision_id FROM function_version"
                        " WHERE account = ?1 AND name = ?2 AND version = 0",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        km_query_copy(&query, 0, latest.code_sha256, KM_FUNCTION_SHA256_LEN);
        km_query_copy(&query, 1, latest.revision_id, KM_REGISTRY_UUID_LEN);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return km_reg_function_unknown(reg, name);
    *ret = latest;
    return KM_OK;
}

km_status km_reg_function_check_revision(struct km_registry *reg, const char *name,
                                         const char *expected, const char *stored)
{
    if (expected != NULL && strcmp(expected, stored) != 0)
        return KM_REG_FAIL(reg, KM_E_STALE, "%s has another revision", name);
    return KM_OK;
}

km_status km_reg_function_touch(struct km_registry *reg, const char *account, const char *name)
{
    char revision_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_uuid(reg, revision_id);
    KM_TRY(km_reg_run(
        reg,
        "UPDATE function_version SET revision_id = ?3"
        " WHERE account = ?1 AND name = ?2 AND version = 0",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(revision_id)), NULL));
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, name);
}

static km_status store_update(struct km_registry *reg, const char *account, const char *name,
                              const struct km_registry_function_update *update)
{
    static const char sql[] =
        "UPDATE function_version SET config = coalesce(?3, config),"
        " description = coalesce(?4, description), code_sha256 = ?5,"
        " code_size = CASE WHEN ?6 > 0 THEN ?6 ELSE code_size END, modified_ms = ?7"
        " WHERE account = ?1 AND name = ?2 AND version = 0";
    struct km_function_latest latest = {{0}, {0}};
    KM_TRY(km_reg_function_latest(reg, account, name, &latest));
    KM_TRY(km_reg_function_check_revision(reg, name, update->expected_revision_id,
                                          latest.revision_id));
    if (update->code.len > 0) {
        hash_code(update->code, latest.code_sha256);
        KM_TRY(put_code(reg, account, name, latest.code_sha256, update->code));
    }
    KM_TRY(km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(update->config),
                  km_value_text(update->description), km_value_text(latest.code_sha256),
                  km_value_number((int64_t)update->code.len), km_value_number(km_reg_now(reg))),
        NULL));
    KM_TRY(km_reg_function_drop_code(reg, account, name));
    return km_reg_function_touch(reg, account, name);
}

km_status km_registry_function_update(struct km_registry *reg, const char *account,
                                      const char *name,
                                      const struct km_registry_function_update *update)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    if (update->config != NULL)
        KM_TRY(
            km_reg_check_text(reg, "a configuration", update->config, 1, KM_FUNCTION_CONFIG_MAX));
    KM_TRY(km_reg_check_text(reg, "a description", update->description, 0,
                             KM_FUNCTION_DESCRIPTION_MAX));
    KM_TRY(check_code(reg, update->code));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, store_update(reg, account, name, update));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name)
{
    km_status status = km_reg_run_one(reg, "DELETE FROM function WHERE account = ?1 AND name = ?2",
                                      KM_VALUES(km_value_text(account), km_value_text(name)));
    if (status == KM_E_NOTFOUND)
        return km_reg_function_unknown(reg, name);
    KM_TRY(status);
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_FUNCTION, name));
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, name);
}

km_status km_registry_function_delete(struct km_registry *reg, const char *account,
                                      const char *name)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name));
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "name, version, config, description, code_sha256, code_size, revision_id, modified_ms"

static struct km_registry_function take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_function){
        .name = km_query_text(query, arena, 0),
        .version = km_query_number(query, 1),
        .config = km_query_text(query, arena, 2),
        .description = km_query_text(query, arena, 3),
        .code_sha256 = km_query_text(query, arena, 4),
        .code_size = km_query_number(query, 5),
        .revision_id = km_query_text(query, arena, 6),
        .modified_ms = km_query_number(query, 7),
    };
}

static km_status no_version(struct km_registry *reg, const char *name, int64_t version)
{
    if (version == KM_FUNCTION_LATEST)
        return km_reg_function_unknown(reg, name);
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no version %lld of function %s",
                       (long long)version, name);
}

km_status km_registry_function_get(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *name, int64_t version,
                                   struct km_registry_function *ret)
{
    static const char sql[] = "SELECT " COLUMNS " FROM function_version"
                              " WHERE account = ?1 AND name = ?2 AND version = ?3";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_function function = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    KM_TRY(km_reg_query(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)),
        &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        function = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return no_version(reg, name, version);
    *ret = function;
    return KM_OK;
}

km_status km_registry_function_code(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const char *name, int64_t version,
                                    struct km_slice *ret)
{
    static const char sql[] =
        "SELECT c.code FROM function_version v JOIN function_code c ON c.account = v.account"
        " AND c.name = v.name AND c.code_sha256 = v.code_sha256"
        " WHERE v.account = ?1 AND v.name = ?2 AND v.version = ?3";
    KM_AUTO(km_query_end) struct km_query query = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    KM_TRY(km_reg_query(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)),
        &query));
    bool has_row = km_query_next(&query);
    struct km_slice code = has_row ? km_query_blob(&query, arena, 0) : (struct km_slice){0};
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return no_version(reg, name, version);
    *ret = code;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_FUNCTION,
    "SELECT " COLUMNS " FROM function_version WHERE account = ?1 AND version = 0", "name", 0);
static const struct km_list_sql list_versions = KM_LIST_BY_NUMBER(
    KM_LIST_TAG_VERSION,
    "SELECT " COLUMNS " FROM function_version WHERE account = ?1 AND name = ?5", "version", 1);

static km_status read_list(struct km_list *list, struct km_registry_function_list *ret)
{
    struct km_registry_function *items = km_list_items(list, sizeof(*items));
    while (items != NULL && km_list_next(list))
        items[list->n_rows - 1] = take(&list->query, list->arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(list, &next));
    *ret =
        (struct km_registry_function_list){.items = items, .n_items = list->n_rows, .next = next};
    return KM_OK;
}

km_status km_registry_function_list(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_registry_page *page,
                                    struct km_registry_function_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    return read_list(&list, ret);
}

km_status km_registry_function_versions(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const char *name,
                                        const struct km_registry_page *page,
                                        struct km_registry_function_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, name));
    KM_TRY(km_reg_function_find(reg, account, name));
    KM_TRY(km_list_start(&list, &list_versions, page, account, KM_VALUES(km_value_text(name))));
    return read_list(&list, ret);
}
