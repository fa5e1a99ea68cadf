/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each change is one statement that compares and writes, so it needs no lock and is not in the change feed. A deleted shadow
 * is a row without texts.
 */
#include "cloud/registry/registry_shadow.h"

#include "cloud/registry/internal.h"

#include <string.h>

static km_status check(struct km_registry *reg, const char *account, const char *thing,
                       const char *name)
{
    KM_TRY(km_reg_check_name(reg, account, "a thing's name", thing, KM_THING_NAME_MAX,
                             KM_CHARS_THING));
    if (name != NULL && name[0] == '\0')
        return KM_OK;
    return km_reg_check_name(reg, account, "a shadow's name", name, KM_SHADOW_NAME_MAX, "$:_-");
}

/* Tombstones of that time and before are forgotten. */
static struct km_value horizon(const struct km_registry *reg)
{
    return km_value_number(km_reg_now(reg) - KM_SHADOW_TOMBSTONE_MS);
}

km_status km_registry_shadow_get(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *thing, const char *name,
                                 struct km_registry_shadow *ret)
{
    static const char sql[] =
        "SELECT state, metadata, version, modified_ms FROM shadow WHERE account = ?1"
        " AND thing = ?2 AND name = ?3 AND (deleted_ms = 0 OR deleted_ms > ?4)";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_shadow shadow = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing, name));
    KM_TRY(km_reg_query(
        reg, sql,
        KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(name), horizon(reg)),
        &query));
    if (km_query_next(&query))
        shadow = (struct km_registry_shadow){
            .state = km_query_text(&query, arena, 0),
            .metadata = km_query_text(&query, arena, 1),
            .version = km_query_number(&query, 2),
            .modified_ms = km_query_number(&query, 3),
        };
    KM_TRY(km_query_finish(&query));
    *ret = shadow;
    return KM_OK;
}

static const char insert_sql[] =
    "INSERT INTO shadow (account, thing, name, state, metadata, version, deleted_ms, modified_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6 + 1, 0, ?7) ON CONFLICT (account, thing, name) DO UPDATE"
    " SET state = excluded.state, metadata = excluded.metadata, version = excluded.version,"
    " deleted_ms = 0, modified_ms = excluded.modified_ms"
    " WHERE shadow.deleted_ms <> 0 AND shadow.deleted_ms <= ?8";
static const char update_sql[] =
    "UPDATE shadow SET state = ?4, metadata = ?5, version = ?6 + 1, deleted_ms = 0,"
    " modified_ms = ?7 WHERE account = ?1 AND thing = ?2 AND name = ?3 AND version = ?6"
    " AND (deleted_ms = 0 OR deleted_ms > ?8)";

static km_status stale(struct km_registry *reg, const char *thing, int64_t version)
{
    return KM_REG_FAIL(reg, KM_E_STALE, "the shadow of %s is not at version %lld", thing,
                       (long long)version);
}

static km_status put_within(struct km_registry *reg, const char *account,
                            const struct km_registry_shadow_put *put)
{
    km_status status = km_reg_run_one(
        reg, put->version == 0 ? insert_sql : update_sql,
        KM_VALUES(km_value_text(account), km_value_text(put->thing), km_value_text(put->name),
                  km_value_text(put->state), km_value_text(put->metadata),
                  km_value_number(put->version), km_value_number(km_reg_now(reg)), horizon(reg)));
    if (status == KM_E_NOTFOUND && reg->err.status == KM_OK)
        return stale(reg, put->thing, put->version);
    return status;
}

km_status km_registry_shadow_put(struct km_registry *reg, const char *account,
                                 const struct km_registry_shadow_put *put)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, put->thing, put->name));
    KM_TRY(km_reg_check_text(reg, "a shadow's state", put->state, 1, KM_SHADOW_TEXT_MAX));
    KM_TRY(km_reg_check_text(reg, "a shadow's metadata", put->metadata, 1, KM_SHADOW_TEXT_MAX));
    if (put->version < 0 || put->version == INT64_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "no shadow has version %lld", (long long)put->version);
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_NONE));
    return km_reg_write_end(reg, put_within(reg, account, put));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *thing,
                               const char *name, int64_t version)
{
    static const char sql[] =
        "UPDATE shadow SET state = NULL, metadata = NULL, deleted_ms = ?5, modified_ms = ?5"
        " WHERE account = ?1 AND thing = ?2 AND name = ?3 AND version = ?4 AND deleted_ms = 0";
    bool is_there = false;
    km_status status =
        km_reg_run_one(reg, sql,
                       KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(name),
                                 km_value_number(version), km_value_number(km_reg_now(reg))));
    if (status != KM_E_NOTFOUND)
        return status;
    KM_TRY(km_reg_exists(
        reg,
        "SELECT 1 FROM shadow WHERE account = ?1 AND thing = ?2 AND name = ?3 AND deleted_ms = 0",
        KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(name)), &is_there));
    if (is_there)
        return stale(reg, thing, version);
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "thing %s has no such shadow", thing);
}

km_status km_registry_shadow_delete(struct km_registry *reg, const char *account, const char *thing,
                                    const char *name, int64_t version)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_NONE));
    return km_reg_write_end(reg, delete_within(reg, account, thing, name, version));
}

static const struct km_list_sql list_names =
    KM_LIST_BY_TEXT(KM_LIST_TAG_SHADOW,
                    "SELECT name FROM shadow WHERE account = ?1 AND thing = ?5 AND name <> ''"
                    " AND deleted_ms = 0",
                    "name", 0);

km_status km_registry_shadow_names(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *thing,
                                   const struct km_registry_page *page,
                                   struct km_registry_names *ret)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing, ""));
    return km_list_names(reg, arena, &list_names, page, account, KM_VALUES(km_value_text(thing)),
                         ret);
}

km_status km_reg_shadow_forget(struct km_registry *reg)
{
    return km_reg_run(reg, "DELETE FROM shadow WHERE deleted_ms <> 0 AND deleted_ms <= ?1",
                      KM_VALUES(horizon(reg)), NULL);
}

km_status km_registry_shadow_sweep(struct km_registry *reg)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_NONE));
    return km_reg_write_end(reg, km_reg_shadow_forget(reg));
}
