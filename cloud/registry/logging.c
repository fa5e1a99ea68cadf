/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_logging.h"

#include "cloud/registry/internal.h"

static km_status check_level(struct km_registry *reg, enum km_log_level level)
{
    if (level < KM_LOG_DISABLED || level > KM_LOG_DEBUG)
        return KM_REG_FAIL(reg, KM_E_ARG, "%d is no level of logging", (int)level);
    return KM_OK;
}

static km_status check_target(struct km_registry *reg, const char *account,
                              enum km_log_target target, const char *name)
{
    KM_TRY(km_reg_check_account(reg, account));
    if (target < KM_LOG_THING_GROUP || target > KM_LOG_PRINCIPAL_ID)
        return KM_REG_FAIL(reg, KM_E_ARG, "%d is no kind of target of logging", (int)target);
    return km_reg_check_text(reg, "a target's name", name, 1, KM_LOG_NAME_MAX);
}

/* ---- the options ---- */

static km_status set_within(struct km_registry *reg, const char *account,
                            const struct km_registry_logging *logging)
{
    static const char sql[] =
        "INSERT INTO logging (account, role, level, is_off) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (account) DO UPDATE SET role = excluded.role, level = excluded.level,"
        " is_off = excluded.is_off";
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(logging->role),
                                km_value_number(logging->level), km_value_number(logging->is_off)),
                      NULL));
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, account, account);
}

km_status km_registry_logging_set(struct km_registry *reg, const char *account,
                                  const struct km_registry_logging *logging)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_text(reg, "a role's ARN", logging->role, 1, KM_LOG_ROLE_MAX));
    KM_TRY(check_level(reg, logging->level));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set_within(reg, account, logging));
}

km_status km_registry_logging_get(struct km_registry *reg, struct km_arena *arena,
                                  const char *account, struct km_registry_logging *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_logging logging = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_query(reg, "SELECT role, level, is_off FROM logging WHERE account = ?1",
                        KM_VALUES(km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        logging = (struct km_registry_logging){
            .role = km_query_text(&query, arena, 0),
            .level = (enum km_log_level)km_query_number(&query, 1),
            .is_off = km_query_flag(&query, 2),
        };
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "no logging options were set");
    *ret = logging;
    return KM_OK;
}

/* ---- targets ---- */

static km_status set_level(struct km_registry *reg, const char *account,
                           const struct km_registry_log_level *level)
{
    static const char sql[] =
        "INSERT INTO log_level (account, target, name, level) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (account, target, name) DO UPDATE SET level = excluded.level";
    bool is_set = false;
    int64_t n_stored = 0;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM logging WHERE account = ?1",
                         KM_VALUES(km_value_text(account)), &is_set));
    if (!is_set)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "no logging options were set");
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_number(level->target),
                                km_value_text(level->name), km_value_number(level->level)),
                      NULL));
    KM_TRY(km_reg_number(reg, "SELECT count(*) FROM log_level WHERE account = ?1",
                         KM_VALUES(km_value_text(account)), &n_stored));
    if (n_stored > KM_LOG_TARGETS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "levels of more than %d targets", KM_LOG_TARGETS_MAX);
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, account, account);
}

km_status km_registry_log_level_set(struct km_registry *reg, const char *account,
                                    const struct km_registry_log_level *level)
{
    km_reg_enter(reg);
    KM_TRY(check_target(reg, account, level->target, level->name));
    KM_TRY(check_level(reg, level->level));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set_level(reg, account, level));
}

static km_status delete_within(struct km_registry *reg, const char *account,
                               enum km_log_target target, const char *name)
{
    KM_TRY(km_reg_run(
        reg, "DELETE FROM log_level WHERE account = ?1 AND target = ?2 AND name = ?3",
        KM_VALUES(km_value_text(account), km_value_number(target), km_value_text(name)), NULL));
    return km_reg_change(reg, KM_CHANGE_ACCOUNT, account, account);
}

km_status km_registry_log_level_delete(struct km_registry *reg, const char *account,
                                       enum km_log_target target, const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check_target(reg, account, target, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, target, name));
}

static const struct km_list_sql list_all = KM_LIST_BY_BOTH(
    KM_LIST_TAG_LOG_LEVEL,
    "SELECT target, name, level FROM log_level WHERE account = ?1 AND (?5 = 0 OR target = ?5)",
    "target", "name", 0, 1);

km_status km_registry_log_level_list(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, enum km_log_target target,
                                     const struct km_registry_page *page,
                                     struct km_registry_log_level_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_VALUES(km_value_number(target))));
    struct km_registry_log_level *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = (struct km_registry_log_level){
            .target = (enum km_log_target)km_query_number(&list.query, 0),
            .name = km_query_text(&list.query, arena, 1),
            .level = (enum km_log_level)km_query_number(&list.query, 2),
        };
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret =
        (struct km_registry_log_level_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
