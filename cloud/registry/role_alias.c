/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_role.h"

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a role alias", name, KM_ROLE_ALIAS_NAME_MAX, "_=,@-");
}

static km_status check_duration(struct km_registry *reg, int64_t duration_s)
{
    if (duration_s < KM_ROLE_DURATION_MIN_S || duration_s > KM_ROLE_DURATION_MAX_S)
        return KM_REG_FAIL(reg, KM_E_ARG, "credentials are good for %d to %d s",
                           KM_ROLE_DURATION_MIN_S, KM_ROLE_DURATION_MAX_S);
    return KM_OK;
}

static km_status check_role(struct km_registry *reg, const char *role)
{
    return km_reg_check_text(reg, "a role's ARN", role, KM_ROLE_ARN_MIN, KM_ROLE_ARN_MAX);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no role alias %s", name);
}

/* ---- writing ---- */

#define ALIAS_VALUES(reg, account, alias)                                                          \
    km_value_text(account), km_value_text((alias)->name), km_value_text((alias)->role),            \
        km_value_number((alias)->duration_s), km_value_number(km_reg_now(reg))

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_role_alias *alias)
{
    static const char sql[] =
        "INSERT INTO role_alias (account, name, role, duration_s, created_ms, modified_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO NOTHING";
    int64_t n_changed = 0;
    KM_TRY(km_reg_run(reg, sql, KM_VALUES(ALIAS_VALUES(reg, account, alias)), &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "role alias %s exists", alias->name);
    return KM_OK;
}

km_status km_registry_role_alias_create(struct km_registry *reg, const char *account,
                                        const struct km_registry_role_alias *alias)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, alias->name));
    KM_TRY(check_role(reg, alias->role));
    KM_TRY(check_duration(reg, alias->duration_s));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, alias));
}

static km_status update_within(struct km_registry *reg, const char *account,
                               const struct km_registry_role_alias *alias)
{
    static const char sql[] =
        "UPDATE role_alias SET role = coalesce(?3, role),"
        " duration_s = CASE WHEN ?4 = 0 THEN duration_s ELSE ?4 END, modified_ms = ?5"
        " WHERE account = ?1 AND name = ?2";
    km_status status = km_reg_run_one(reg, sql, KM_VALUES(ALIAS_VALUES(reg, account, alias)));
    return status == KM_E_NOTFOUND ? unknown(reg, alias->name) : status;
}

km_status km_registry_role_alias_update(struct km_registry *reg, const char *account,
                                        const struct km_registry_role_alias *alias)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, alias->name));
    if (alias->role != NULL)
        KM_TRY(check_role(reg, alias->role));
    if (alias->duration_s != 0)
        KM_TRY(check_duration(reg, alias->duration_s));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, update_within(reg, account, alias));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name)
{
    km_status status =
        km_reg_run_one(reg, "DELETE FROM role_alias WHERE account = ?1 AND name = ?2",
                       KM_VALUES(km_value_text(account), km_value_text(name)));
    if (status == KM_E_NOTFOUND)
        return unknown(reg, name);
    KM_TRY(status);
    return km_reg_tags_forget(reg, account, KM_TAGGED_ROLE_ALIAS, name);
}

km_status km_registry_role_alias_delete(struct km_registry *reg, const char *account,
                                        const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name));
}

/* ---- reading ---- */

km_status km_registry_role_alias_get(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *name,
                                     struct km_registry_role_alias *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_role_alias alias = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg,
                        "SELECT name, role, duration_s, created_ms, modified_ms FROM role_alias"
                        " WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        alias = (struct km_registry_role_alias){
            .name = km_query_text(&query, arena, 0),
            .role = km_query_text(&query, arena, 1),
            .duration_s = km_query_number(&query, 2),
            .created_ms = km_query_number(&query, 3),
            .modified_ms = km_query_number(&query, 4),
        };
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    *ret = alias;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_ROLE_ALIAS, "SELECT name FROM role_alias WHERE account = ?1", "name", 0);

km_status km_registry_role_alias_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const struct km_registry_page *page,
                                      struct km_registry_names *ret)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    return km_list_names(reg, arena, &list_all, page, account, KM_NO_VALUES, ret);
}
