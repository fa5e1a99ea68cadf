/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call a function: statements of its policy. */
#include "cloud/registry/function.h"

#include <string.h>

static km_status check(struct km_registry *reg, const char *account, const char *function,
                       const char *qualifier)
{
    KM_TRY(km_reg_check_function(reg, account, function));
    if (qualifier != NULL && qualifier[0] == '\0')
        return KM_OK;
    return km_reg_check_name(reg, account, "a qualifier", qualifier, KM_FUNCTION_ALIAS_MAX, "_-$");
}

static km_status check_statement_id(struct km_registry *reg, const char *account, const char *id)
{
    return km_reg_check_name(reg, account, "a statement's id", id, KM_FUNCTION_STATEMENT_ID_MAX,
                             KM_CHARS_FUNCTION);
}

static km_status check_room(struct km_registry *reg, const char *account, const char *function,
                            const char *qualifier)
{
    int64_t n_statements = 0;
    KM_TRY(km_reg_number(
        reg,
        "SELECT count(*) FROM function_permission WHERE account = ?1"
        " AND function = ?2 AND qualifier = ?3",
        KM_VALUES(km_value_text(account), km_value_text(function), km_value_text(qualifier)),
        &n_statements));
    if (n_statements >= KM_FUNCTION_PERMISSIONS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "function %s has %d statements", function,
                           KM_FUNCTION_PERMISSIONS_MAX);
    return KM_OK;
}

static km_status add(struct km_registry *reg, const char *account, const char *function,
                     const struct km_registry_permission *permission,
                     const char *expected_revision_id)
{
    static const char sql[] =
        "INSERT INTO function_permission (account, function, qualifier, statement_id, statement)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    struct km_function_latest latest = {{0}, {0}};
    int64_t n_changed = 0;
    KM_TRY(km_reg_function_latest(reg, account, function, &latest));
    KM_TRY(km_reg_function_check_revision(reg, function, expected_revision_id, latest.revision_id));
    KM_TRY(check_room(reg, account, function, permission->qualifier));
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(function),
                                km_value_text(permission->qualifier),
                                km_value_text(permission->statement_id),
                                km_value_text(permission->statement)),
                      &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "function %s has a statement %s", function,
                           permission->statement_id);
    return km_reg_function_touch(reg, account, function);
}

km_status km_registry_permission_add(struct km_registry *reg, const char *account,
                                     const char *function,
                                     const struct km_registry_permission *permission,
                                     const char *expected_revision_id)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, permission->qualifier));
    KM_TRY(check_statement_id(reg, account, permission->statement_id));
    KM_TRY(
        km_reg_check_text(reg, "a statement", permission->statement, 1, KM_FUNCTION_STATEMENT_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, add(reg, account, function, permission, expected_revision_id));
}

static km_status take_out(struct km_registry *reg, const char *account, const char *function,
                          const char *qualifier, const char *statement_id)
{
    static const char sql[] = "DELETE FROM function_permission WHERE account = ?1"
                              " AND function = ?2 AND qualifier = ?3 AND statement_id = ?4";
    km_status status =
        km_reg_run_one(reg, sql,
                       KM_VALUES(km_value_text(account), km_value_text(function),
                                 km_value_text(qualifier), km_value_text(statement_id)));
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "function %s has no statement %s", function, statement_id);
    KM_TRY(status);
    return km_reg_function_touch(reg, account, function);
}

km_status km_registry_permission_remove(struct km_registry *reg, const char *account,
                                        const char *function, const char *qualifier,
                                        const char *statement_id)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, qualifier));
    KM_TRY(check_statement_id(reg, account, statement_id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, take_out(reg, account, function, qualifier, statement_id));
}

static km_status read_statements(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *function, const char *qualifier,
                                 struct km_registry_permission_list *list)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_permission *items =
        km_arena_array(arena, KM_FUNCTION_PERMISSIONS_MAX, sizeof(*items));
    if (items == NULL)
        return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room");
    KM_TRY(km_reg_query(
        reg,
        "SELECT qualifier, statement_id, statement FROM function_permission"
        " WHERE account = ?1 AND function = ?2 AND qualifier = ?3"
        " ORDER BY statement_id",
        KM_VALUES(km_value_text(account), km_value_text(function), km_value_text(qualifier)),
        &query));
    while (list->n_items < KM_FUNCTION_PERMISSIONS_MAX && km_query_next(&query))
        items[list->n_items++] = (struct km_registry_permission){
            .qualifier = km_query_text(&query, arena, 0),
            .statement_id = km_query_text(&query, arena, 1),
            .statement = km_query_text(&query, arena, 2),
        };
    list->items = items;
    return km_query_finish(&query);
}

km_status km_registry_permission_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const char *function,
                                      const char *qualifier,
                                      struct km_registry_permission_list *ret)
{
    struct km_function_latest latest = {{0}, {0}};
    struct km_registry_permission_list list = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, function, qualifier));
    KM_TRY(km_reg_function_latest(reg, account, function, &latest));
    list.revision_id = km_arena_text(arena, KM_SLICE_STR(latest.revision_id));
    if (list.revision_id == NULL)
        return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room");
    KM_TRY(read_statements(reg, arena, account, function, qualifier, &list));
    *ret = list;
    return KM_OK;
}
