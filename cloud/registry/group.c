/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_group.h"

#include "cloud/registry/attribute.h"
#include "cloud/registry/job.h"

#include <string.h>

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a group's name", name, KM_THING_NAME_MAX,
                             KM_CHARS_THING);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no group %s", name);
}

static struct km_attributes_of of_group(const char *account, const char *name)
{
    return (struct km_attributes_of){.account = account, .kind = KM_OWNER_GROUP, .name = name};
}

/* ---- creating ---- */

/* How many groups are above one that gets this parent. */
static km_status check_depth(struct km_registry *reg, const char *account, const char *parent)
{
    static const char sql[] =
        "WITH RECURSIVE above (name, depth) AS ("
        " SELECT name, 1 FROM thing_group WHERE account = ?1 AND name = ?2"
        " UNION ALL SELECT g.parent, above.depth + 1 FROM thing_group g"
        " JOIN above ON g.name = above.name"
        " WHERE g.account = ?1 AND g.parent IS NOT NULL AND above.depth < 100)"
        " SELECT coalesce(max(depth), 0) FROM above";
    int64_t depth = 0;
    if (parent == NULL)
        return KM_OK;
    KM_TRY(
        km_reg_number(reg, sql, KM_VALUES(km_value_text(account), km_value_text(parent)), &depth));
    if (depth == 0)
        return unknown(reg, parent);
    if (depth >= KM_GROUP_DEPTH_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "groups have %d levels at most", KM_GROUP_DEPTH_MAX);
    return KM_OK;
}

static km_status read_equal(struct km_registry *reg, const char *account,
                            const struct km_registry_group_new *group,
                            char id[KM_REGISTRY_UUID_LEN + 1])
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    const char *parent = group->parent != NULL ? group->parent : "";
    const char *description = group->description != NULL ? group->description : "";
    struct km_attributes_of of = of_group(account, group->name);
    bool is_equal = false;
    KM_TRY(km_reg_attributes_equal(reg, &of, group->attributes, group->n_attributes, &is_equal));
    KM_TRY(km_reg_query(
        reg, "SELECT id, parent, description FROM thing_group WHERE account = ?1 AND name = ?2",
        KM_VALUES(km_value_text(account), km_value_text(group->name)), &query));
    is_equal = km_query_next(&query) && is_equal &&
               km_slice_equal(km_query_view(&query, 1), KM_SLICE_STR(parent)) &&
               km_slice_equal(km_query_view(&query, 2), KM_SLICE_STR(description));
    if (is_equal)
        km_query_copy(&query, 0, id, KM_REGISTRY_UUID_LEN);
    KM_TRY(km_query_finish(&query));
    if (!is_equal)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "group %s exists with other properties", group->name);
    return KM_OK;
}

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_group_new *group,
                        char id[KM_REGISTRY_UUID_LEN + 1])
{
    static const char sql[] =
        "INSERT INTO thing_group (account, name, id, parent, description, version, created_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6) ON CONFLICT DO NOTHING";
    struct km_attributes_of of = of_group(account, group->name);
    int64_t n_changed = 0;
    KM_TRY(check_depth(reg, account, group->parent));
    km_reg_uuid(reg, id);
    KM_TRY(
        km_reg_run(reg, sql,
                   KM_VALUES(km_value_text(account), km_value_text(group->name), km_value_text(id),
                             km_value_text(group->parent), km_value_text(group->description),
                             km_value_number(km_reg_now(reg))),
                   &n_changed));
    if (n_changed == 0)
        return read_equal(reg, account, group, id);
    KM_TRY(km_reg_attributes_add(reg, &of, group->attributes, group->n_attributes));
    return km_reg_change(reg, KM_CHANGE_GROUP, account, group->name);
}

km_status km_registry_group_create(struct km_registry *reg, const char *account,
                                   const struct km_registry_group_new *group,
                                   char ret_id[KM_REGISTRY_UUID_LEN + 1])
{
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, group->name));
    if (group->parent != NULL)
        KM_TRY(check(reg, account, group->parent));
    KM_TRY(
        km_reg_check_text(reg, "a description", group->description, 0, KM_THING_DESCRIPTION_MAX));
    KM_TRY(km_reg_check_attributes(reg, group->attributes, group->n_attributes));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, create(reg, account, group, id)));
    km_copy(ret_id, sizeof(id), id, sizeof(id));
    return KM_OK;
}

/* ---- reading ---- */

#define COLUMNS "name, id, parent, description, version, created_ms"

static struct km_registry_group take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_group){
        .name = km_query_text(query, arena, 0),
        .id = km_query_text(query, arena, 1),
        .parent = km_query_text(query, arena, 2),
        .description = km_query_text(query, arena, 3),
        .version = km_query_number(query, 4),
        .created_ms = km_query_number(query, 5),
    };
}

static km_status take_attributes(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, struct km_registry_group *group)
{
    struct km_attributes_of of = of_group(account, group->name);
    return km_reg_attributes_read(reg, arena, &of, &group->attributes, &group->n_attributes);
}

km_status km_registry_group_get(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *name,
                                struct km_registry_group *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_group group = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM thing_group WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        group = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    KM_TRY(take_attributes(reg, arena, account, &group));
    *ret = group;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_GROUP,
    "SELECT " COLUMNS " FROM thing_group WHERE account = ?1 AND (?5 IS NULL OR parent = ?5)",
    "name", 0);
static const struct km_list_sql list_inside =
    KM_LIST_BY_TEXT(KM_LIST_TAG_GROUP,
                    "SELECT " COLUMNS " FROM thing_group WHERE account = ?1"
                    " AND parent IN " KM_SQL_GROUPS_INSIDE,
                    "name", 0);

km_status km_registry_group_list(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const char *parent, bool is_recursive,
                                 const struct km_registry_page *page,
                                 struct km_registry_group_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    const char *next = NULL;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    if (parent != NULL)
        KM_TRY(check(reg, account, parent));
    KM_TRY(km_list_start(&list, is_recursive && parent != NULL ? &list_inside : &list_all, page,
                         account, KM_VALUES(km_value_text(parent))));
    struct km_registry_group *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    KM_TRY(km_list_finish(&list, &next));
    for (size_t i = 0; items != NULL && i < list.n_rows; i++)
        KM_TRY(take_attributes(reg, arena, account, &items[i]));
    *ret = (struct km_registry_group_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

/* ---- changing ---- */

static km_status find(struct km_registry *reg, const char *account, const char *name,
                      int64_t *ret_version)
{
    km_status status =
        km_reg_number(reg, "SELECT version FROM thing_group WHERE account = ?1 AND name = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(name)), ret_version);
    return status == KM_E_NOTFOUND ? unknown(reg, name) : status;
}

static km_status check_expected(struct km_registry *reg, const char *name, int64_t expected,
                                int64_t version)
{
    if (expected != 0 && expected != version)
        return KM_REG_FAIL(reg, KM_E_STALE, "%s has version %lld, not %lld", name,
                           (long long)version, (long long)expected);
    return KM_OK;
}

static km_status store_update(struct km_registry *reg, const char *account, const char *name,
                              const struct km_registry_group_update *update, int64_t *ret_version)
{
    static const char sql[] =
        "UPDATE thing_group SET description = coalesce(?3, description), version = version + 1"
        " WHERE account = ?1 AND name = ?2";
    struct km_attributes_of of = of_group(account, name);
    int64_t version = 0;
    int64_t n_attributes = 0;
    KM_TRY(find(reg, account, name, &version));
    KM_TRY(check_expected(reg, name, update->expected_version, version));
    KM_TRY(km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(update->description)),
        NULL));
    if (update->sets_attributes)
        KM_TRY(km_reg_attributes_change(reg, &of, update->attributes, update->n_attributes,
                                        update->merges));
    KM_TRY(km_reg_attributes_count(reg, &of, &n_attributes));
    if (n_attributes > KM_ATTRIBUTES_TYPED_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "a group may have %d attributes",
                           KM_ATTRIBUTES_TYPED_MAX);
    *ret_version = version + 1;
    return km_reg_change(reg, KM_CHANGE_GROUP, account, name);
}

km_status km_registry_group_update(struct km_registry *reg, const char *account, const char *name,
                                   const struct km_registry_group_update *update,
                                   int64_t *ret_version)
{
    int64_t version = 0;
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(
        km_reg_check_text(reg, "a description", update->description, 0, KM_THING_DESCRIPTION_MAX));
    KM_TRY(km_reg_check_attributes(reg, update->attributes, update->n_attributes));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, store_update(reg, account, name, update, &version)));
    *ret_version = version;
    return KM_OK;
}

static km_status check_free(struct km_registry *reg, const char *account, const char *name)
{
    bool is_held = false;
    KM_TRY(km_reg_exists(reg,
                         "SELECT 1 FROM thing_group WHERE account = ?1 AND parent = ?2 LIMIT 1",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_held));
    if (is_held)
        return KM_REG_FAIL(reg, KM_E_BUSY, "group %s has child groups", name);
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM policy_target WHERE account = ?1 AND kind = ?2 AND target = ?3 LIMIT 1",
        KM_VALUES(km_value_text(account), km_value_number(KM_TARGET_GROUP), km_value_text(name)),
        &is_held));
    if (is_held)
        return KM_REG_FAIL(reg, KM_E_BUSY, "group %s has policies attached", name);
    return KM_OK;
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name,
                               int64_t expected_version)
{
    struct km_attributes_of of = of_group(account, name);
    int64_t version = 0;
    km_status status =
        km_reg_number(reg, "SELECT version FROM thing_group WHERE account = ?1 AND name = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(name)), &version);
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    KM_TRY(check_expected(reg, name, expected_version, version));
    KM_TRY(check_free(reg, account, name));
    KM_TRY(km_reg_attributes_remove(reg, &of));
    KM_TRY(km_reg_job_group_gone(reg, account, name));
    KM_TRY(km_reg_run_one(reg, "DELETE FROM thing_group WHERE account = ?1 AND name = ?2",
                          KM_VALUES(km_value_text(account), km_value_text(name))));
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_GROUP, name));
    return km_reg_change(reg, KM_CHANGE_GROUP, account, name);
}

km_status km_registry_group_delete(struct km_registry *reg, const char *account, const char *name,
                                   int64_t expected_version)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name, expected_version));
}
