/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_account.h"

#include "cloud/registry/internal.h"

#define NAME_MAX_LEN 128
#define SETTING_NAME_MAX 64
#define SETTING_VALUE_MAX 65536

static km_status unknown(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no account %s", id);
}

static km_status create(struct km_registry *reg, const char *id, const char *name)
{
    static const char sql[] = "INSERT INTO account (id, name, created_ms) VALUES (?1, ?2, ?3)"
                              " ON CONFLICT DO NOTHING";
    km_status status = km_reg_run_one(
        reg, sql,
        KM_VALUES(km_value_text(id), km_value_text(name), km_value_number(km_reg_now(reg))));
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "account %s exists", id);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, id, id);
}

km_status km_registry_account_create(struct km_registry *reg, const char *id, const char *name)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, id));
    KM_TRY(km_reg_check_text(reg, "an account's name", name, 1, NAME_MAX_LEN));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, id, name));
}

static struct km_registry_account take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_account){
        .id = km_query_text(query, arena, 0),
        .name = km_query_text(query, arena, 1),
        .created_ms = km_query_number(query, 2),
    };
}

km_status km_registry_account_get(struct km_registry *reg, struct km_arena *arena, const char *id,
                                  struct km_registry_account *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_account account = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, id));
    KM_TRY(km_reg_query(reg, "SELECT id, name, created_ms FROM account WHERE id = ?1",
                        KM_VALUES(km_value_text(id)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        account = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = account;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_ACCOUNT, "SELECT id, name, created_ms FROM account WHERE ?1 IS NULL", "id", 0);

km_status km_registry_account_list(struct km_registry *reg, struct km_arena *arena,
                                   const struct km_registry_page *page,
                                   struct km_registry_account_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_list_start(&list, &list_all, page, NULL, KM_NO_VALUES));
    struct km_registry_account *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_account_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

static km_status delete_within(struct km_registry *reg, const char *id)
{
    static const char sql[] =
        "SELECT 1 FROM ca WHERE account = ?1"
        " UNION ALL SELECT 1 FROM certificate WHERE account = ?1 OR transfer_to = ?1"
        " UNION ALL SELECT 1 FROM policy WHERE account = ?1"
        " UNION ALL SELECT 1 FROM thing WHERE account = ?1"
        " UNION ALL SELECT 1 FROM thing_type WHERE account = ?1"
        " UNION ALL SELECT 1 FROM thing_group WHERE account = ?1"
        " UNION ALL SELECT 1 FROM rule WHERE account = ?1"
        " UNION ALL SELECT 1 FROM template WHERE account = ?1"
        " UNION ALL SELECT 1 FROM role_alias WHERE account = ?1"
        " UNION ALL SELECT 1 FROM job WHERE account = ?1"
        " UNION ALL SELECT 1 FROM job_template WHERE account = ?1"
        " UNION ALL SELECT 1 FROM function WHERE account = ?1 LIMIT 1";
    bool is_used = false;
    KM_TRY(km_reg_exists(reg, sql, KM_VALUES(km_value_text(id)), &is_used));
    if (is_used)
        return KM_REG_FAIL(reg, KM_E_BUSY, "account %s is not empty", id);
    km_status status =
        km_reg_run_one(reg, "DELETE FROM account WHERE id = ?1", KM_VALUES(km_value_text(id)));
    if (status == KM_E_NOTFOUND)
        return unknown(reg, id);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, id, id);
}

km_status km_registry_account_delete(struct km_registry *reg, const char *id)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, id));
}

/* ---- settings ---- */

static km_status check_setting(struct km_registry *reg, const char *account, const char *name)
{
    KM_TRY(km_reg_check_account(reg, account));
    return km_reg_check_text(reg, "a setting's name", name, 1, SETTING_NAME_MAX);
}

km_status km_registry_setting_get(struct km_registry *reg, struct km_arena *arena,
                                  const char *account, const char *name, const char **ret_value)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    km_reg_enter(reg);
    KM_TRY(check_setting(reg, account, name));
    KM_TRY(km_reg_query(reg, "SELECT value FROM setting WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    const char *value = has_row ? km_query_text(&query, arena, 0) : NULL;
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "setting %s is not set", name);
    *ret_value = value;
    return KM_OK;
}

static km_status set(struct km_registry *reg, const char *account, const char *name,
                     const char *value)
{
    static const char sql[] = "INSERT INTO setting (account, name, value) VALUES (?1, ?2, ?3)"
                              " ON CONFLICT (account, name) DO UPDATE SET value = excluded.value";
    if (value == NULL)
        KM_TRY(km_reg_run(reg, "DELETE FROM setting WHERE account = ?1 AND name = ?2",
                          KM_VALUES(km_value_text(account), km_value_text(name)), NULL));
    else
        KM_TRY(km_reg_run(
            reg, sql, KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(value)),
            NULL));
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, account, account);
}

km_status km_registry_setting_set(struct km_registry *reg, const char *account, const char *name,
                                  const char *value)
{
    km_reg_enter(reg);
    KM_TRY(check_setting(reg, account, name));
    KM_TRY(km_reg_check_text(reg, "a setting", value, 0, SETTING_VALUE_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set(reg, account, name, value));
}
