/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_console.h"

#include "cloud/registry/internal.h"

#define ID "a session's id"

/* ---- in ---- */

static km_status make_room(struct km_registry *reg, const struct km_registry_console_limits *limits)
{
    int64_t now_ms = km_reg_now(reg);
    KM_TRY(km_reg_run(reg, "DELETE FROM console_session WHERE used_ms <= ?1 OR made_ms <= ?2",
                      KM_VALUES(km_value_number(now_ms - limits->idle_ms),
                                km_value_number(now_ms - limits->life_ms)),
                      NULL));
    return km_reg_run(reg,
                      "DELETE FROM console_session WHERE id IN (SELECT id FROM console_session"
                      " ORDER BY used_ms DESC, id LIMIT ?1 OFFSET ?2)",
                      KM_VALUES(km_value_number(KM_REGISTRY_CONSOLE_MAX),
                                km_value_number(KM_REGISTRY_CONSOLE_MAX - 1)),
                      NULL);
}

static km_status add(struct km_registry *reg, const char *id,
                     const struct km_registry_console *session,
                     const struct km_registry_console_limits *limits)
{
    static const char sql[] =
        "INSERT INTO console_session (id, account, name, csrf, made_ms, used_ms)"
        " SELECT ?1, id, ?3, ?4, ?5, ?5 FROM account WHERE id = ?2";
    KM_TRY(make_room(reg, limits));
    km_status status = km_reg_run_one(
        reg, sql,
        KM_VALUES(km_value_text(id), km_value_text(session->account), km_value_text(session->name),
                  km_value_text(session->csrf), km_value_number(km_reg_now(reg))));
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "there is no account %s", session->account);
    return status;
}

km_status km_registry_console_add(struct km_registry *reg, const char *id,
                                  const struct km_registry_console *session,
                                  const struct km_registry_console_limits *limits)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_id(reg, ID, id));
    KM_TRY(km_reg_check_account(reg, session->account));
    KM_TRY(km_reg_check_text(reg, "a user's name", session->name, 1, KM_REGISTRY_CONSOLE_TEXT_MAX));
    KM_TRY(km_reg_check_text(reg, "a session's secret", session->csrf, 1,
                             KM_REGISTRY_CONSOLE_TEXT_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, add(reg, id, session, limits));
}

/* ---- there ---- */

static km_status unknown(struct km_registry *reg)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no such session");
}

km_status km_registry_console_get(struct km_registry *reg, struct km_arena *arena, const char *id,
                                  const struct km_registry_console_limits *limits,
                                  struct km_registry_console *ret)
{
    static const char sql[] = "SELECT account, name, csrf, used_ms FROM console_session"
                              " WHERE id = ?1 AND used_ms > ?2 AND made_ms > ?3";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_console session = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_id(reg, ID, id));
    int64_t now_ms = km_reg_now(reg);
    KM_TRY(km_reg_query(reg, sql,
                        KM_VALUES(km_value_text(id), km_value_number(now_ms - limits->idle_ms),
                                  km_value_number(now_ms - limits->life_ms)),
                        &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        session = (struct km_registry_console){
            .account = km_query_text(&query, arena, 0),
            .name = km_query_text(&query, arena, 1),
            .csrf = km_query_text(&query, arena, 2),
            .idle_ms = now_ms - km_query_number(&query, 3),
        };
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg);
    *ret = session;
    return KM_OK;
}

/* one: a statement about one session. */
static km_status one(struct km_registry *reg, const char *sql, struct km_values values)
{
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_NONE));
    return km_reg_write_end(reg, km_reg_run_one(reg, sql, values));
}

km_status km_registry_console_use(struct km_registry *reg, const char *id)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_id(reg, ID, id));
    km_status status = one(reg, "UPDATE console_session SET used_ms = ?2 WHERE id = ?1",
                           KM_VALUES(km_value_text(id), km_value_number(km_reg_now(reg))));
    return status == KM_E_NOTFOUND ? unknown(reg) : status;
}

/* ---- out ---- */

km_status km_registry_console_end(struct km_registry *reg, const char *id)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_id(reg, ID, id));
    km_status status =
        one(reg, "DELETE FROM console_session WHERE id = ?1", KM_VALUES(km_value_text(id)));
    return status == KM_E_NOTFOUND ? KM_OK : status;
}

km_status km_registry_console_end_all(struct km_registry *reg, const char *account,
                                      const char *name)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    km_status status = one(reg, "DELETE FROM console_session WHERE account = ?1 AND name = ?2",
                           KM_VALUES(km_value_text(account), km_value_text(name)));
    return status == KM_E_NOTFOUND ? KM_OK : status;
}
