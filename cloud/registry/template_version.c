/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of templates. The body of the default one is also in the template's own row, for who registers a device. */
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_rule.h"

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a template's name", name, KM_TEMPLATE_NAME_MAX,
                             KM_CHARS_FUNCTION);
}

static km_status unknown_version(struct km_registry *reg, const char *name, int64_t version)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no version %lld of template %s",
                       (long long)version, name);
}

static km_status find(struct km_registry *reg, const char *account, const char *name)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM template WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no template %s", name);
    return KM_OK;
}

#define VERSION_VALUES(account, name, version)                                                     \
    km_value_text(account), km_value_text(name), km_value_number(version)

/* ---- writing ---- */

/* A version's number is never given again. */
static km_status next_number(struct km_registry *reg, const char *account, const char *name,
                             int64_t *ret)
{
    int64_t n_versions = 0;
    KM_TRY(find(reg, account, name));
    KM_TRY(km_reg_number(reg,
                         "SELECT count(*) FROM template_version WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &n_versions));
    if (n_versions >= KM_TEMPLATE_VERSIONS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "template %s has %d versions", name,
                           KM_TEMPLATE_VERSIONS_MAX);
    return km_reg_number(reg,
                         "UPDATE template SET last_version = last_version + 1"
                         " WHERE account = ?1 AND name = ?2 RETURNING last_version",
                         KM_VALUES(km_value_text(account), km_value_text(name)), ret);
}

km_status km_reg_template_version_add(struct km_registry *reg, const char *account,
                                      const char *name, int64_t version, const char *body)
{
    return km_reg_run(reg,
                      "INSERT INTO template_version (account, name, version, body, created_ms)"
                      " VALUES (?1, ?2, ?3, ?4, ?5)",
                      KM_VALUES(VERSION_VALUES(account, name, version), km_value_text(body),
                                km_value_number(km_reg_now(reg))),
                      NULL);
}

km_status km_reg_template_set_default(struct km_registry *reg, const char *account,
                                      const char *name, int64_t version)
{
    static const char sql[] =
        "UPDATE template SET default_version = ?3, body = (SELECT v.body FROM template_version v"
        " WHERE v.account = ?1 AND v.name = ?2 AND v.version = ?3), modified_ms = ?4"
        " WHERE account = ?1 AND name = ?2 AND EXISTS (SELECT 1 FROM template_version v"
        " WHERE v.account = ?1 AND v.name = ?2 AND v.version = ?3)";
    km_status status = km_reg_run_one(
        reg, sql,
        KM_VALUES(VERSION_VALUES(account, name, version), km_value_number(km_reg_now(reg))));
    return status == KM_E_NOTFOUND ? unknown_version(reg, name, version) : status;
}

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_template_version_new *new, int64_t *ret)
{
    KM_TRY(next_number(reg, account, new->name, ret));
    KM_TRY(km_reg_template_version_add(reg, account, new->name, *ret, new->body));
    if (new->sets_default)
        KM_TRY(km_reg_template_set_default(reg, account, new->name, *ret));
    return km_reg_change(reg, KM_CHANGE_TEMPLATE, account, new->name);
}

km_status km_registry_template_version_create(struct km_registry *reg, const char *account,
                                              const struct km_registry_template_version_new *new,
                                              int64_t *ret_version)
{
    int64_t version = 0;
    km_reg_enter(reg);
    KM_TRY(check(reg, account, new->name));
    KM_TRY(km_reg_check_text(reg, "a template's body", new->body, 1, KM_TEMPLATE_BODY_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, create(reg, account, new, &version)));
    *ret_version = version;
    return KM_OK;
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name,
                               int64_t version)
{
    bool is_default = false;
    KM_TRY(find(reg, account, name));
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM template WHERE account = ?1 AND name = ?2 AND default_version = ?3",
        KM_VALUES(VERSION_VALUES(account, name, version)), &is_default));
    if (is_default)
        return KM_REG_FAIL(reg, KM_E_BUSY, "version %lld is the default of template %s",
                           (long long)version, name);
    km_status status = km_reg_run_one(
        reg, "DELETE FROM template_version WHERE account = ?1 AND name = ?2 AND version = ?3",
        KM_VALUES(VERSION_VALUES(account, name, version)));
    if (status == KM_E_NOTFOUND)
        return unknown_version(reg, name, version);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_TEMPLATE, account, name);
}

km_status km_registry_template_version_delete(struct km_registry *reg, const char *account,
                                              const char *name, int64_t version)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name, version));
}

/* ---- reading ---- */

#define COLUMNS "v.version, v.created_ms, t.default_version"
#define JOINED                                                                                     \
    " FROM template_version v JOIN template t ON t.account = v.account AND t.name = v.name"
enum { COLUMN_BODY = 3 };

static struct km_registry_template_version take(struct km_query *query)
{
    int64_t version = km_query_number(query, 0);
    return (struct km_registry_template_version){
        .version = version,
        .created_ms = km_query_number(query, 1),
        .is_default = version == km_query_number(query, 2),
    };
}

km_status km_registry_template_version_get(struct km_registry *reg, struct km_arena *arena,
                                           const char *account, const char *name, int64_t version,
                                           struct km_registry_template_version *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_template_version found = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg,
                        "SELECT " COLUMNS ", v.body" JOINED
                        " WHERE v.account = ?1 AND v.name = ?2 AND v.version = ?3",
                        KM_VALUES(VERSION_VALUES(account, name, version)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        found = take(&query);
        found.body = km_query_text(&query, arena, COLUMN_BODY);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown_version(reg, name, version);
    *ret = found;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_NUMBER(
    KM_LIST_TAG_TEMPLATE_VERSION, "SELECT " COLUMNS JOINED " WHERE v.account = ?1 AND v.name = ?5",
    "v.version", 0);

km_status km_registry_template_version_list(struct km_registry *reg, struct km_arena *arena,
                                            const char *account, const char *name,
                                            const struct km_registry_page *page,
                                            struct km_registry_template_version_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(find(reg, account, name));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_VALUES(km_value_text(name))));
    struct km_registry_template_version *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_template_version_list){
        .items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
