/* SPDX-License-Identifier: Apache-2.0 */
/* What policies are attached to, and which ones count for a certificate. */
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_group.h"

/* No certificate comes near it: 10 groups with 7 levels of 10 policies each. */
#define EFFECTIVE_MAX 800

static km_status check_target(struct km_registry *reg, const char *account,
                              const struct km_policy_target *target)
{
    switch (target->kind) {
    case KM_TARGET_CERTIFICATE:
        KM_TRY(km_reg_check_account(reg, account));
        return km_reg_check_id(reg, "a certificate's id", target->id);
    case KM_TARGET_GROUP:
        return km_reg_check_name(reg, account, "a group's name", target->id, KM_THING_NAME_MAX,
                                 KM_CHARS_THING);
    }
    return KM_REG_FAIL(reg, KM_E_ARG, "policies are attached to certificates and groups");
}

static km_status check(struct km_registry *reg, const char *account, const char *name,
                       const struct km_policy_target *target)
{
    KM_TRY(km_reg_check_name(reg, account, "a policy's name", name, KM_POLICY_NAME_MAX,
                             KM_CHARS_POLICY));
    return target == NULL ? KM_OK : check_target(reg, account, target);
}

static km_status find_policy(struct km_registry *reg, const char *account, const char *name)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM policy WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no policy %s", name);
    return KM_OK;
}

static km_status find_target(struct km_registry *reg, const char *account,
                             const struct km_policy_target *target)
{
    bool is_certificate = target->kind == KM_TARGET_CERTIFICATE;
    bool is_there = false;
    KM_TRY(km_reg_exists(reg,
                         is_certificate
                             ? "SELECT 1 FROM certificate WHERE account = ?1 AND id = ?2"
                             : "SELECT 1 FROM thing_group WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(target->id)), &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no %s %s",
                           is_certificate ? "certificate" : "group", target->id);
    return KM_OK;
}

static km_status changed(struct km_registry *reg, const char *account,
                         const struct km_policy_target *target)
{
    return km_reg_change(
        reg, target->kind == KM_TARGET_CERTIFICATE ? KM_CHANGE_CERTIFICATE : KM_CHANGE_GROUP,
        account, target->id);
}

static km_status attach(struct km_registry *reg, const char *account, const char *name,
                        const struct km_policy_target *target)
{
    int64_t n_attached = 0;
    int64_t n_changed = 0;
    KM_TRY(find_policy(reg, account, name));
    KM_TRY(find_target(reg, account, target));
    KM_TRY(km_reg_run(reg,
                      "INSERT INTO policy_target (account, kind, target, policy)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                      KM_VALUES(km_value_text(account), km_value_number(target->kind),
                                km_value_text(target->id), km_value_text(name)),
                      &n_changed));
    if (n_changed == 0)
        return KM_OK;
    KM_TRY(km_reg_number(
        reg, "SELECT count(*) FROM policy_target WHERE account = ?1 AND kind = ?2 AND target = ?3",
        KM_VALUES(km_value_text(account), km_value_number(target->kind), km_value_text(target->id)),
        &n_attached));
    if (n_attached > KM_POLICIES_PER_TARGET_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%s has %d policies", target->id,
                           KM_POLICIES_PER_TARGET_MAX);
    return changed(reg, account, target);
}

km_status km_registry_policy_attach(struct km_registry *reg, const char *account, const char *name,
                                    const struct km_policy_target *target)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name, target));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, attach(reg, account, name, target));
}

static km_status detach(struct km_registry *reg, const char *account, const char *name,
                        const struct km_policy_target *target)
{
    KM_TRY(find_policy(reg, account, name));
    km_status status =
        km_reg_run_one(reg,
                       "DELETE FROM policy_target WHERE account = ?1 AND kind = ?2 AND"
                       " target = ?3 AND policy = ?4",
                       KM_VALUES(km_value_text(account), km_value_number(target->kind),
                                 km_value_text(target->id), km_value_text(name)));
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    return changed(reg, account, target);
}

km_status km_registry_policy_detach(struct km_registry *reg, const char *account, const char *name,
                                    const struct km_policy_target *target)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name, target));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, detach(reg, account, name, target));
}

/* ---- lists ---- */

static const struct km_list_sql list_attached = KM_LIST_BY_TEXT(
    KM_LIST_TAG_POLICY,
    "SELECT t.policy FROM policy_target t WHERE t.account = ?1 AND t.kind = ?5 AND t.target = ?6",
    "t.policy", 0);
/* At the group named ?6 and those above it. */
static const struct km_list_sql list_attached_above = KM_LIST_BY_TEXT(
    KM_LIST_TAG_POLICY,
    "WITH RECURSIVE above (name) AS ("
    " SELECT name FROM thing_group WHERE account = ?1 AND name = ?6"
    " UNION SELECT g.parent FROM thing_group g JOIN above a ON g.name = a.name"
    " WHERE g.account = ?1 AND g.parent IS NOT NULL)"
    " SELECT DISTINCT t.policy FROM policy_target t JOIN above ON t.target = above.name"
    " WHERE t.account = ?1 AND t.kind = ?5",
    "t.policy", 0);

km_status km_registry_policy_list_attached(struct km_registry *reg, struct km_arena *arena,
                                           const char *account,
                                           const struct km_policy_target *target, bool is_recursive,
                                           struct km_registry_names *ret)
{
    bool goes_up = is_recursive && target->kind == KM_TARGET_GROUP;
    km_reg_enter(reg);
    KM_TRY(check_target(reg, account, target));
    return km_list_names(reg, arena, goes_up ? &list_attached_above : &list_attached, NULL, account,
                         KM_VALUES(km_value_number(target->kind), km_value_text(target->id)), ret);
}

static const struct km_list_sql list_targets = KM_LIST_BY_BOTH(
    KM_LIST_TAG_TARGET, "SELECT kind, target FROM policy_target WHERE account = ?1 AND policy = ?5",
    "kind", "target", 0, 1);

km_status km_registry_policy_targets(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *name,
                                     const struct km_registry_page *page,
                                     struct km_policy_target_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name, NULL));
    KM_TRY(find_policy(reg, account, name));
    KM_TRY(km_list_start(&list, &list_targets, page, account, KM_VALUES(km_value_text(name))));
    struct km_policy_target *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = (struct km_policy_target){
            .kind = (enum km_policy_target_kind)km_query_number(&list.query, 0),
            .id = km_query_text(&list.query, arena, 1),
        };
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_policy_target_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

/* ---- what counts ---- */

#define EFFECTIVE_HEAD                                                                             \
    "SELECT p.name, v.document, p.generation_id, p.default_version, p.created_ms, v.created_ms,"   \
    "  p.modified_ms"                                                                              \
    " FROM policy p JOIN policy_version v ON v.account = p.account AND v.name = p.name"            \
    "  AND v.version = p.default_version"                                                          \
    " WHERE p.account = ?1 AND p.name IN ("                                                        \
    "  SELECT policy FROM policy_target WHERE account = ?1 AND kind = 1 AND target = ?2"
#define EFFECTIVE_TAIL ") ORDER BY p.name LIMIT ?4"
/* Things (one, or all when ?3 is NULL) that are attached to the certificate, and their groups. */
#define EFFECTIVE_GROUPS                                                                           \
    " FROM thing_principal a JOIN group_thing m ON m.account = a.account AND m.thing = a.thing"    \
    " WHERE a.account = ?1 AND a.certificate = ?2 AND (?3 IS NULL OR a.thing = ?3)"
_Static_assert(KM_TARGET_CERTIFICATE == 1 && KM_TARGET_GROUP == 2, "as the texts say");

static const char has_groups_sql[] = "SELECT 1" EFFECTIVE_GROUPS " LIMIT 1";
static const char own_sql[] = EFFECTIVE_HEAD EFFECTIVE_TAIL;
/* With the groups above those. */
static const char all_sql[] =
    "WITH RECURSIVE above (name) AS (SELECT m.name" EFFECTIVE_GROUPS
    " UNION SELECT g.parent FROM thing_group g"
    "  JOIN above ON g.name = above.name"
    "  WHERE g.account = ?1 AND g.parent IS NOT NULL) " EFFECTIVE_HEAD
    "  UNION SELECT policy FROM policy_target WHERE account = ?1"
    "   AND kind = 2 AND target IN (SELECT name FROM above)" EFFECTIVE_TAIL;

static struct km_registry_policy take_effective(struct km_query *query, struct km_arena *arena)
{
    int64_t version = km_query_number(query, 3);
    return (struct km_registry_policy){
        .name = km_query_text(query, arena, 0),
        .document = km_query_text(query, arena, 1),
        .generation_id = km_query_text(query, arena, 2),
        .version = version,
        .is_default = true,
        .default_version = version,
        .created_ms = km_query_number(query, 4),
        .version_created_ms = km_query_number(query, 5),
        .modified_ms = km_query_number(query, 6),
    };
}

/* Most have one or a few, so the room grows as they come. */
static km_status take_all(struct km_registry *reg, struct km_query *query, struct km_arena *arena,
                          struct km_registry_policy_list *ret)
{
    struct km_registry_policy *items = NULL;
    size_t n_items = 0;
    size_t room = 0;
    while (km_query_next(query)) {
        if (n_items == room) {
            room = room == 0 ? 16 : room * 4;
            struct km_registry_policy *more = km_arena_array(arena, room, sizeof(*more));
            if (more == NULL)
                return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room");
            km_copy(more, room * sizeof(*more), items, n_items * sizeof(*items));
            items = more;
        }
        items[n_items++] = take_effective(query, arena);
    }
    KM_TRY(km_query_finish(query));
    *ret = (struct km_registry_policy_list){.items = items, .n_items = n_items};
    return KM_OK;
}

/* Client ids are asked with, and those may be anything. */
static bool can_be_thing(struct km_registry *reg, const char *account, const char *thing)
{
    if (thing == NULL || km_reg_check_name(reg, account, "a thing's name", thing, KM_THING_NAME_MAX,
                                           KM_CHARS_THING) == KM_OK)
        return true;
    km_reg_enter(reg);
    return false;
}

km_status km_registry_policy_effective(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *certificate_id,
                                       const char *thing, struct km_registry_policy_list *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    bool has_groups = false;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", certificate_id));
    bool may_have_groups = can_be_thing(reg, account, thing);
    struct km_values values =
        KM_VALUES(km_value_text(account), km_value_text(certificate_id),
                  km_value_text(may_have_groups ? thing : NULL), km_value_number(EFFECTIVE_MAX));
    /* Every connect asks, most certificates have none, and to climb costs several times what the rest does. */
    if (may_have_groups)
        KM_TRY(km_reg_exists(reg, has_groups_sql, values, &has_groups));
    KM_TRY(km_reg_query(reg, has_groups ? all_sql : own_sql, values, &query));
    return take_all(reg, &query, arena, ret);
}
