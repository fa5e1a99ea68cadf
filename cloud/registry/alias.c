/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/function.h"

#include <string.h>

static km_status check(struct km_registry *reg, const char *account, const char *function,
                       const char *name)
{
    KM_TRY(km_reg_check_function(reg, account, function));
    KM_TRY(km_reg_check_name(reg, account, "an alias", name, KM_FUNCTION_ALIAS_MAX,
                             KM_CHARS_FUNCTION));
    if (strspn(name, "0123456789") == strlen(name))
        return KM_REG_FAIL(reg, KM_E_ARG, "an alias is no number");
    return KM_OK;
}

static km_status unknown(struct km_registry *reg, const char *function, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "function %s has no alias %s", function, name);
}

static km_status find_version(struct km_registry *reg, const char *account, const char *function,
                              int64_t version)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM function_version WHERE account = ?1 AND name = ?2 AND version = ?3",
        KM_VALUES(km_value_text(account), km_value_text(function), km_value_number(version)),
        &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no version %lld of function %s",
                           (long long)version, function);
    return KM_OK;
}

static km_status create(struct km_registry *reg, const char *account, const char *function,
                        const struct km_registry_alias *alias)
{
    static const char sql[] =
        "INSERT INTO function_alias (account, function, name, version, description, revision_id)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    char revision_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    int64_t n_changed = 0;
    KM_TRY(find_version(reg, account, function, alias->version));
    km_reg_uuid(reg, revision_id);
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(function),
                                km_value_text(alias->name), km_value_number(alias->version),
                                km_value_text(alias->description), km_value_text(revision_id)),
                      &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "function %s has an alias %s", function, alias->name);
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, function);
}

km_status km_registry_alias_create(struct km_registry *reg, const char *account,
                                   const char *function, const struct km_registry_alias *alias)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, alias->name));
    KM_TRY(km_reg_check_text(reg, "a description", alias->description, 0,
                             KM_FUNCTION_DESCRIPTION_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, function, alias));
}

#define COLUMNS "name, version, description, revision_id"

static struct km_registry_alias take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_alias){
        .name = km_query_text(query, arena, 0),
        .version = km_query_number(query, 1),
        .description = km_query_text(query, arena, 2),
        .revision_id = km_query_text(query, arena, 3),
    };
}

km_status km_registry_alias_get(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *function, const char *name,
                                struct km_registry_alias *ret)
{
    static const char sql[] = "SELECT " COLUMNS " FROM function_alias"
                              " WHERE account = ?1 AND function = ?2 AND name = ?3";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_alias alias = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, name));
    KM_TRY(km_reg_query(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(function), km_value_text(name)),
        &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        alias = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, function, name);
    *ret = alias;
    return KM_OK;
}

static km_status read_revision(struct km_registry *reg, const char *account, const char *function,
                               const char *name, char ret[KM_REGISTRY_UUID_LEN + 1])
{
    static const char sql[] = "SELECT revision_id FROM function_alias"
                              " WHERE account = ?1 AND function = ?2 AND name = ?3";
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(function), km_value_text(name)),
        &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        km_query_copy(&query, 0, ret, KM_REGISTRY_UUID_LEN);
    KM_TRY(km_query_finish(&query));
    return has_row ? KM_OK : unknown(reg, function, name);
}

static km_status store_update(struct km_registry *reg, const char *account, const char *function,
                              const char *name, const struct km_registry_alias_update *update)
{
    static const char sql[] =
        "UPDATE function_alias SET version = CASE WHEN ?4 < 0 THEN version ELSE ?4 END,"
        " description = coalesce(?5, description), revision_id = ?6"
        " WHERE account = ?1 AND function = ?2 AND name = ?3";
    char revision_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    KM_TRY(read_revision(reg, account, function, name, revision_id));
    KM_TRY(km_reg_function_check_revision(reg, name, update->expected_revision_id, revision_id));
    if (update->version != NULL)
        KM_TRY(find_version(reg, account, function, *update->version));
    km_reg_uuid(reg, revision_id);
    KM_TRY(
        km_reg_run(reg, sql,
                   KM_VALUES(km_value_text(account), km_value_text(function), km_value_text(name),
                             km_value_number(update->version != NULL ? *update->version : -1),
                             km_value_text(update->description), km_value_text(revision_id)),
                   NULL));
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, function);
}

km_status km_registry_alias_update(struct km_registry *reg, const char *account,
                                   const char *function, const char *name,
                                   const struct km_registry_alias_update *update)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, name));
    KM_TRY(km_reg_check_text(reg, "a description", update->description, 0,
                             KM_FUNCTION_DESCRIPTION_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, store_update(reg, account, function, name, update));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *function,
                               const char *name)
{
    KM_TRY(km_reg_function_find(reg, account, function));
    km_status status = km_reg_run_one(
        reg, "DELETE FROM function_alias WHERE account = ?1 AND function = ?2 AND name = ?3",
        KM_VALUES(km_value_text(account), km_value_text(function), km_value_text(name)));
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_FUNCTION, account, function);
}

km_status km_registry_alias_delete(struct km_registry *reg, const char *account,
                                   const char *function, const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, function, name));
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_ALIAS,
    "SELECT " COLUMNS " FROM function_alias WHERE account = ?1 AND function = ?5", "name", 0);

km_status km_registry_alias_list(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *function,
                                 const struct km_registry_page *page,
                                 struct km_registry_alias_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_function(reg, account, function));
    KM_TRY(km_reg_function_find(reg, account, function));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_VALUES(km_value_text(function))));
    struct km_registry_alias *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_alias_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
