/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_rule.h"

#include "cloud/registry/internal.h"

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a rule's name", name, KM_RULE_NAME_MAX, KM_CHARS_RULE);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no rule %s", name);
}

static km_status check_new(struct km_registry *reg, const char *account,
                           const struct km_registry_rule_new *rule)
{
    KM_TRY(check(reg, account, rule->name));
    KM_TRY(km_reg_check_text(reg, "a rule's SQL", rule->sql, 1, KM_RULE_SQL_MAX));
    KM_TRY(
        km_reg_check_text(reg, "a rule's topic filter", rule->topic_filter, 1, KM_RULE_FILTER_MAX));
    return km_reg_check_text(reg, "a rule", rule->payload, 1, KM_RULE_DOCUMENT_MAX);
}

#define NEW_VALUES(account, rule)                                                                  \
    km_value_text(account), km_value_text((rule)->name), km_value_text((rule)->sql),               \
        km_value_text((rule)->topic_filter), km_value_text((rule)->payload),                       \
        km_value_number((rule)->is_enabled)

static km_status changed(struct km_registry *reg, km_status status, const char *account,
                         const char *name)
{
    if (status == KM_E_NOTFOUND)
        return unknown(reg, name);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_RULE, account, name);
}

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_rule_new *rule)
{
    static const char sql[] =
        "INSERT INTO rule (account, name, sql, topic_filter, payload, is_enabled, created_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    int64_t n_changed = 0;
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(NEW_VALUES(account, rule), km_value_number(km_reg_now(reg))),
                      &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "rule %s exists", rule->name);
    return km_reg_change(reg, KM_CHANGE_RULE, account, rule->name);
}

km_status km_registry_rule_create(struct km_registry *reg, const char *account,
                                  const struct km_registry_rule_new *rule)
{
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, rule));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, rule));
}

static km_status replace(struct km_registry *reg, const char *account,
                         const struct km_registry_rule_new *rule)
{
    static const char sql[] = "UPDATE rule SET sql = ?3, topic_filter = ?4, payload = ?5,"
                              " is_enabled = ?6 WHERE account = ?1 AND name = ?2";
    return changed(reg, km_reg_run_one(reg, sql, KM_VALUES(NEW_VALUES(account, rule))), account,
                   rule->name);
}

km_status km_registry_rule_replace(struct km_registry *reg, const char *account,
                                   const struct km_registry_rule_new *rule)
{
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, rule));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, replace(reg, account, rule));
}

static km_status set_enabled(struct km_registry *reg, const char *account, const char *name,
                             bool is_enabled)
{
    return changed(
        reg,
        km_reg_run_one(
            reg, "UPDATE rule SET is_enabled = ?3 WHERE account = ?1 AND name = ?2",
            KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(is_enabled))),
        account, name);
}

km_status km_registry_rule_set_enabled(struct km_registry *reg, const char *account,
                                       const char *name, bool is_enabled)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set_enabled(reg, account, name, is_enabled));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name)
{
    km_status status = km_reg_run_one(reg, "DELETE FROM rule WHERE account = ?1 AND name = ?2",
                                      KM_VALUES(km_value_text(account), km_value_text(name)));
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_RULE, name));
    return km_reg_change(reg, KM_CHANGE_RULE, account, name);
}

km_status km_registry_rule_delete(struct km_registry *reg, const char *account, const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name));
}

/* ---- reading ---- */

#define COLUMNS "name, sql, topic_filter, payload, is_enabled, created_ms"

static struct km_registry_rule take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_rule){
        .name = km_query_text(query, arena, 0),
        .sql = km_query_text(query, arena, 1),
        .topic_filter = km_query_text(query, arena, 2),
        .payload = km_query_text(query, arena, 3),
        .is_enabled = km_query_flag(query, 4),
        .created_ms = km_query_number(query, 5),
    };
}

km_status km_registry_rule_get(struct km_registry *reg, struct km_arena *arena, const char *account,
                               const char *name, struct km_registry_rule *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_rule rule = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM rule WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        rule = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    *ret = rule;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_RULE,
    "SELECT " COLUMNS " FROM rule WHERE account = ?1 AND (?5 IS NULL OR topic_filter = ?5)"
    " AND (?6 < 0 OR is_enabled = ?6)",
    "name", 0);

km_status km_registry_rule_list(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const struct km_registry_rule_filter *filter,
                                const struct km_registry_page *page,
                                struct km_registry_rule_list *ret)
{
    static const struct km_registry_rule_filter any = {0};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    if (filter == NULL)
        filter = &any;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_text(reg, "a topic filter", filter->topic_filter, 0, KM_RULE_FILTER_MAX));
    KM_TRY(km_list_start(
        &list, &list_all, page, account,
        KM_VALUES(km_value_text(filter->topic_filter),
                  km_value_number(filter->is_enabled == NULL ? -1 : *filter->is_enabled))));
    struct km_registry_rule *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_rule_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
