/* SPDX-License-Identifier: Apache-2.0 */
/* Which things are in which groups. */
#include "cloud/registry/attribute.h"
#include "cloud/registry/job.h"

static km_status check(struct km_registry *reg, const char *account, const char *what,
                       const char *name)
{
    return km_reg_check_name(reg, account, what, name, KM_THING_NAME_MAX, KM_CHARS_THING);
}

static km_status check_both(struct km_registry *reg, const char *account, const char *group,
                            const char *thing)
{
    KM_TRY(check(reg, account, "a group's name", group));
    return check(reg, account, "a thing's name", thing);
}

static km_status find_group(struct km_registry *reg, const char *account, const char *group)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM thing_group WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(group)), &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no group %s", group);
    return KM_OK;
}

static km_status add(struct km_registry *reg, const char *account, const char *group,
                     const char *thing)
{
    int64_t n_changed = 0;
    int64_t n_groups = 0;
    KM_TRY(find_group(reg, account, group));
    KM_TRY(km_reg_find_thing(reg, account, thing));
    KM_TRY(km_reg_run(
        reg,
        "INSERT INTO group_thing (account, name, thing) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        KM_VALUES(km_value_text(account), km_value_text(group), km_value_text(thing)), &n_changed));
    if (n_changed == 0)
        return KM_OK;
    KM_TRY(km_reg_number(reg, "SELECT count(*) FROM group_thing WHERE account = ?1 AND thing = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(thing)), &n_groups));
    if (n_groups > KM_GROUPS_PER_THING_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "thing %s is in %d groups", thing,
                           KM_GROUPS_PER_THING_MAX);
    KM_TRY(km_reg_job_members(reg, account, thing));
    return km_reg_change(reg, KM_CHANGE_THING, account, thing);
}

km_status km_registry_group_add(struct km_registry *reg, const char *account, const char *group,
                                const char *thing)
{
    km_reg_enter(reg);
    KM_TRY(check_both(reg, account, group, thing));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, add(reg, account, group, thing));
}

static km_status take_out(struct km_registry *reg, const char *account, const char *group,
                          const char *thing)
{
    KM_TRY(find_group(reg, account, group));
    KM_TRY(km_reg_find_thing(reg, account, thing));
    km_status status = km_reg_run_one(
        reg, "DELETE FROM group_thing WHERE account = ?1 AND name = ?2 AND thing = ?3",
        KM_VALUES(km_value_text(account), km_value_text(group), km_value_text(thing)));
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    KM_TRY(km_reg_job_members(reg, account, thing));
    return km_reg_change(reg, KM_CHANGE_THING, account, thing);
}

km_status km_registry_group_remove(struct km_registry *reg, const char *account, const char *group,
                                   const char *thing)
{
    km_reg_enter(reg);
    KM_TRY(check_both(reg, account, group, thing));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, take_out(reg, account, group, thing));
}

static const struct km_list_sql list_things =
    KM_LIST_BY_TEXT(KM_LIST_TAG_MEMBER,
                    "SELECT thing FROM group_thing WHERE account = ?1 AND name = ?5", "thing", 0);
static const struct km_list_sql list_things_inside = KM_LIST_BY_TEXT(
    KM_LIST_TAG_MEMBER,
    "SELECT DISTINCT thing FROM group_thing WHERE account = ?1 AND name IN " KM_SQL_GROUPS_INSIDE,
    "thing", 0);
static const struct km_list_sql list_groups = KM_LIST_BY_TEXT(
    KM_LIST_TAG_GROUP, "SELECT name FROM group_thing WHERE account = ?1 AND thing = ?5", "name", 0);

km_status km_registry_group_things(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *group, bool is_recursive,
                                   const struct km_registry_page *page,
                                   struct km_registry_names *ret)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, "a group's name", group));
    KM_TRY(find_group(reg, account, group));
    return km_list_names(reg, arena, is_recursive ? &list_things_inside : &list_things, page,
                         account, KM_VALUES(km_value_text(group)), ret);
}

km_status km_registry_group_of_thing(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *thing,
                                     const struct km_registry_page *page,
                                     struct km_registry_names *ret)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, "a thing's name", thing));
    KM_TRY(km_reg_find_thing(reg, account, thing));
    return km_list_names(reg, arena, &list_groups, page, account, KM_VALUES(km_value_text(thing)),
                         ret);
}
