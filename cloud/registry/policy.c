/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_policy.h"

#include "cloud/registry/internal.h"

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a policy's name", name, KM_POLICY_NAME_MAX,
                             KM_CHARS_POLICY);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no policy %s", name);
}

static km_status insert_version(struct km_registry *reg, const char *account, const char *name,
                                int64_t version, const char *document)
{
    static const char sql[] = "INSERT INTO policy_version (account, name, version, document,"
                              " created_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    return km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(name),
                                km_value_number(version), km_value_text(document),
                                km_value_number(km_reg_now(reg))),
                      NULL);
}

static km_status create(struct km_registry *reg, const char *account, const char *name,
                        const char *document)
{
    static const char sql[] =
        "INSERT INTO policy (account, name, default_version, last_version, generation_id,"
        " created_ms, modified_ms) VALUES (?1, ?2, 1, 1, ?3, ?4, ?4) ON CONFLICT DO NOTHING";
    char generation_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    int64_t n_changed = 0;
    km_reg_uuid(reg, generation_id);
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(name),
                                km_value_text(generation_id), km_value_number(km_reg_now(reg))),
                      &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "policy %s exists", name);
    KM_TRY(insert_version(reg, account, name, 1, document));
    return km_reg_change(reg, KM_CHANGE_POLICY, account, name);
}

km_status km_registry_policy_create(struct km_registry *reg, const char *account, const char *name,
                                    const char *document)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_check_text(reg, "a policy document", document, 1, KM_POLICY_OCTETS_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, name, document));
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "p.name, p.default_version, p.generation_id, p.created_ms, p.modified_ms, v.version,"          \
    " v.created_ms"
#define JOINED " FROM policy p JOIN policy_version v ON v.account = p.account AND v.name = p.name"
enum { COLUMN_NAME = 0, COLUMN_DOCUMENT = 7 };

static struct km_registry_policy take(struct km_query *query, struct km_arena *arena)
{
    int64_t default_version = km_query_number(query, 1);
    int64_t version = km_query_number(query, 5);
    return (struct km_registry_policy){
        .name = km_query_text(query, arena, COLUMN_NAME),
        .generation_id = km_query_text(query, arena, 2),
        .version = version,
        .is_default = version == default_version,
        .default_version = default_version,
        .created_ms = km_query_number(query, 3),
        .modified_ms = km_query_number(query, 4),
        .version_created_ms = km_query_number(query, 6),
    };
}

km_status km_registry_policy_get(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *name, int64_t version,
                                 struct km_registry_policy *ret)
{
    static const char sql[] =
        "SELECT " COLUMNS ", v.document" JOINED " WHERE p.account = ?1 AND p.name = ?2"
        " AND v.version = CASE WHEN ?3 = 0 THEN p.default_version ELSE ?3 END";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_policy policy = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(
        reg, sql, KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)),
        &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        policy = take(&query, arena);
        policy.document = km_query_text(&query, arena, COLUMN_DOCUMENT);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row && version != 0)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no version %lld of policy %s",
                           (long long)version, name);
    if (!has_row)
        return unknown(reg, name);
    *ret = policy;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_POLICY,
    "SELECT " COLUMNS JOINED " AND v.version = p.default_version WHERE p.account = ?1", "p.name",
    COLUMN_NAME);
/* The newest first; only the number of those that there can be. */
static const struct km_list_sql list_versions = KM_LIST_BY_NUMBER(
    KM_LIST_TAG_VERSION, "SELECT " COLUMNS JOINED " WHERE p.account = ?1 AND p.name = ?5",
    "v.version", 5);

static km_status read_list(struct km_list *list, struct km_registry_policy_list *ret)
{
    struct km_registry_policy *items = km_list_items(list, sizeof(*items));
    while (items != NULL && km_list_next(list))
        items[list->n_rows - 1] = take(&list->query, list->arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(list, &next));
    *ret = (struct km_registry_policy_list){.items = items, .n_items = list->n_rows, .next = next};
    return KM_OK;
}

km_status km_registry_policy_list(struct km_registry *reg, struct km_arena *arena,
                                  const char *account, const struct km_registry_page *page,
                                  struct km_registry_policy_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    return read_list(&list, ret);
}

km_status km_registry_policy_version_list(struct km_registry *reg, struct km_arena *arena,
                                          const char *account, const char *name,
                                          struct km_registry_policy_list *ret)
{
    static const struct km_registry_page page = {.limit = KM_POLICY_VERSIONS_MAX,
                                                 .is_descending = true};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    struct km_registry_policy_list versions = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_list_start(&list, &list_versions, &page, account, KM_VALUES(km_value_text(name))));
    KM_TRY(read_list(&list, &versions));
    if (versions.n_items == 0)
        return unknown(reg, name);
    *ret = versions;
    return KM_OK;
}

/* ---- versions ---- */

struct stored {
    int64_t default_version;
    int64_t last_version;
    int64_t n_versions;
};

static km_status read_stored(struct km_registry *reg, const char *account, const char *name,
                             struct stored *ret)
{
    static const char sql[] =
        "SELECT default_version, last_version, (SELECT count(*) FROM policy_version v"
        " WHERE v.account = p.account AND v.name = p.name)"
        " FROM policy p WHERE p.account = ?1 AND p.name = ?2";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct stored stored = {0};
    KM_TRY(km_reg_query(reg, sql, KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        stored = (struct stored){km_query_number(&query, 0), km_query_number(&query, 1),
                                 km_query_number(&query, 2)};
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    *ret = stored;
    return KM_OK;
}

static km_status store(struct km_registry *reg, const char *account, const char *name,
                       int64_t default_version, int64_t last_version)
{
    static const char sql[] = "UPDATE policy SET default_version = ?3, last_version = ?4,"
                              " generation_id = ?5, modified_ms = ?6"
                              " WHERE account = ?1 AND name = ?2";
    char generation_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_uuid(reg, generation_id);
    KM_TRY(
        km_reg_run_one(reg, sql,
                       KM_VALUES(km_value_text(account), km_value_text(name),
                                 km_value_number(default_version), km_value_number(last_version),
                                 km_value_text(generation_id), km_value_number(km_reg_now(reg)))));
    return km_reg_change(reg, KM_CHANGE_POLICY, account, name);
}

static km_status add_version(struct km_registry *reg, const char *account, const char *name,
                             const char *document, bool sets_default, int64_t *ret_version)
{
    struct stored stored = {0};
    KM_TRY(read_stored(reg, account, name, &stored));
    if (stored.n_versions >= KM_POLICY_VERSIONS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "policy %s has %d versions", name,
                           KM_POLICY_VERSIONS_MAX);
    int64_t version = stored.last_version + 1;
    KM_TRY(insert_version(reg, account, name, version, document));
    *ret_version = version;
    return store(reg, account, name, sets_default ? version : stored.default_version, version);
}

km_status km_registry_policy_version_create(struct km_registry *reg, const char *account,
                                            const char *name, const char *document,
                                            bool sets_default, int64_t *ret_version)
{
    int64_t version = 0;
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_check_text(reg, "a policy document", document, 1, KM_POLICY_OCTETS_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(
        km_reg_write_end(reg, add_version(reg, account, name, document, sets_default, &version)));
    *ret_version = version;
    return KM_OK;
}

static km_status check_version(struct km_registry *reg, const char *account, const char *name,
                               int64_t version)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM policy_version WHERE account = ?1 AND name = ?2 AND version = ?3",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)),
        &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no version %lld of policy %s",
                           (long long)version, name);
    return KM_OK;
}

static km_status set_default(struct km_registry *reg, const char *account, const char *name,
                             int64_t version)
{
    struct stored stored = {0};
    KM_TRY(read_stored(reg, account, name, &stored));
    KM_TRY(check_version(reg, account, name, version));
    if (version == stored.default_version)
        return KM_OK;
    return store(reg, account, name, version, stored.last_version);
}

km_status km_registry_policy_version_set_default(struct km_registry *reg, const char *account,
                                                 const char *name, int64_t version)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set_default(reg, account, name, version));
}

static km_status delete_version(struct km_registry *reg, const char *account, const char *name,
                                int64_t version)
{
    struct stored stored = {0};
    KM_TRY(read_stored(reg, account, name, &stored));
    KM_TRY(check_version(reg, account, name, version));
    if (version == stored.default_version)
        return KM_REG_FAIL(reg, KM_E_BUSY, "version %lld is the default of policy %s",
                           (long long)version, name);
    KM_TRY(km_reg_run(
        reg, "DELETE FROM policy_version WHERE account = ?1 AND name = ?2 AND version = ?3",
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_number(version)), NULL));
    return store(reg, account, name, stored.default_version, stored.last_version);
}

km_status km_registry_policy_version_delete(struct km_registry *reg, const char *account,
                                            const char *name, int64_t version)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_version(reg, account, name, version));
}

/* ---- the end ---- */

static km_status delete_within(struct km_registry *reg, const char *account, const char *name)
{
    struct stored stored = {0};
    bool is_attached = false;
    KM_TRY(read_stored(reg, account, name, &stored));
    if (stored.n_versions > 1)
        return KM_REG_FAIL(reg, KM_E_BUSY, "policy %s has other versions than the default one",
                           name);
    KM_TRY(km_reg_exists(reg,
                         "SELECT 1 FROM policy_target WHERE account = ?1 AND policy = ?2 LIMIT 1",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_attached));
    if (is_attached)
        return KM_REG_FAIL(reg, KM_E_BUSY, "policy %s is attached", name);
    KM_TRY(km_reg_run_one(reg, "DELETE FROM policy WHERE account = ?1 AND name = ?2",
                          KM_VALUES(km_value_text(account), km_value_text(name))));
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_POLICY, name));
    return km_reg_change(reg, KM_CHANGE_POLICY, account, name);
}

km_status km_registry_policy_delete(struct km_registry *reg, const char *account, const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name));
}
