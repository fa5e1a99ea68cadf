/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_policy.h"
#include "tests/unit/cloud/registry_rig.h"

#define UUID_ROOM (KM_REGISTRY_UUID_LEN + 1)

static void make_group(struct rig *rig, const char *name, const char *parent)
{
    char id[UUID_ROOM] = {0};
    struct km_registry_group_new group = {.name = name, .parent = parent};
    assert_ok(rig, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
}

static void make_thing(struct rig *rig, const char *name)
{
    char id[UUID_ROOM] = {0};
    struct km_registry_thing_new thing = {.name = name};
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, id));
}

static void the_same_group_again_is_as_good_as_created(void **state)
{
    static const struct km_attribute attributes[] = {{"floor", "3"}};
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    char again[UUID_ROOM] = {0};
    struct km_registry_group got = {0};
    struct km_registry_group_new group = {
        .name = "g", .description = "third floor", .attributes = attributes, .n_attributes = 1};
    assert_ok(rig, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
    assert_ok(rig, km_registry_group_create(rig->reg, ACCOUNT, &group, again));
    assert_string_equal(id, again);
    group.n_attributes = 0;
    assert_status(rig, KM_E_EXISTS, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
    group.n_attributes = 1;
    group.description = NULL;
    assert_status(rig, KM_E_EXISTS, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
    assert_ok(rig, km_registry_group_get(rig->reg, rig->arena, ACCOUNT, "g", &got));
    assert_string_equal(got.description, "third floor");
    assert_null(got.parent);
    assert_int_equal(got.n_attributes, 1);
    assert_string_equal(got.attributes[0].value, "3");
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_group_get(rig->reg, rig->arena, ACCOUNT, "none", &got));
}

static void groups_form_a_tree_of_bounded_depth(void **state)
{
    struct rig *rig = *state;
    char id[UUID_ROOM] = {0};
    struct km_registry_group_list list = {0};
    struct km_registry_group_new group = {.name = "h", .parent = "none"};
    assert_status(rig, KM_E_NOTFOUND, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
    make_group(rig, "g1", NULL);
    for (int i = 2; i <= KM_GROUP_DEPTH_MAX; i++)
        make_group(rig, rig_name("g", i), rig_name("g", i - 1));
    group.parent = rig_name("g", KM_GROUP_DEPTH_MAX);
    assert_status(rig, KM_E_LIMIT, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
    assert_ok(rig, km_registry_group_list(rig->reg, rig->arena, ACCOUNT, NULL, false, NULL, &list));
    assert_int_equal(list.n_items, KM_GROUP_DEPTH_MAX);
    assert_ok(rig, km_registry_group_list(rig->reg, rig->arena, ACCOUNT, "g1", false, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].name, "g2");
    assert_status(rig, KM_E_BUSY, km_registry_group_delete(rig->reg, ACCOUNT, "g1", 0));
    assert_ok(rig,
              km_registry_group_delete(rig->reg, ACCOUNT, rig_name("g", KM_GROUP_DEPTH_MAX), 1));
    assert_ok(rig, km_registry_group_delete(rig->reg, ACCOUNT, "none", 0));
}

static void updates_change_what_they_name(void **state)
{
    static const struct km_attribute attributes[] = {{"floor", "3"}};
    struct rig *rig = *state;
    struct km_registry_group got = {0};
    int64_t version = 0;
    make_group(rig, "g", NULL);
    assert_ok(rig, km_registry_group_update(
                       rig->reg, ACCOUNT, "g",
                       &(struct km_registry_group_update){.description = "new"}, &version));
    assert_int_equal(version, 2);
    assert_ok(rig,
              km_registry_group_update(rig->reg, ACCOUNT, "g",
                                       &(struct km_registry_group_update){.expected_version = 2,
                                                                          .sets_attributes = true,
                                                                          .attributes = attributes,
                                                                          .n_attributes = 1},
                                       &version));
    assert_ok(rig, km_registry_group_get(rig->reg, rig->arena, ACCOUNT, "g", &got));
    assert_string_equal(got.description, "new");
    assert_int_equal(got.n_attributes, 1);
    assert_int_equal(got.version, 3);
    assert_status(rig, KM_E_STALE,
                  km_registry_group_update(
                      rig->reg, ACCOUNT, "g",
                      &(struct km_registry_group_update){.expected_version = 2}, &version));
    assert_status(rig, KM_E_STALE, km_registry_group_delete(rig->reg, ACCOUNT, "g", 2));
}

static void things_come_and_go(void **state)
{
    struct rig *rig = *state;
    struct km_registry_names names = {0};
    make_thing(rig, "t");
    for (int i = 0; i <= KM_GROUPS_PER_THING_MAX; i++)
        make_group(rig, rig_name("g", 10 + i), NULL);
    for (int i = 0; i < KM_GROUPS_PER_THING_MAX; i++)
        assert_ok(rig, km_registry_group_add(rig->reg, ACCOUNT, rig_name("g", 10 + i), "t"));
    assert_status(rig, KM_E_LIMIT, km_registry_group_add(rig->reg, ACCOUNT, "g20", "t"));
    assert_ok(rig, km_registry_group_add(rig->reg, ACCOUNT, "g10", "t"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_group_add(rig->reg, ACCOUNT, "none", "t"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_group_add(rig->reg, ACCOUNT, "g10", "none"));
    assert_ok(rig, km_registry_group_of_thing(rig->reg, rig->arena, ACCOUNT, "t", NULL, &names));
    assert_int_equal(names.n_names, KM_GROUPS_PER_THING_MAX);
    assert_ok(rig,
              km_registry_group_things(rig->reg, rig->arena, ACCOUNT, "g10", false, NULL, &names));
    assert_int_equal(names.n_names, 1);
    assert_ok(rig, km_registry_group_remove(rig->reg, ACCOUNT, "g10", "t"));
    assert_ok(rig, km_registry_group_remove(rig->reg, ACCOUNT, "g10", "t"));
    assert_ok(rig, km_registry_group_delete(rig->reg, ACCOUNT, "g11", 0));
    assert_ok(rig, km_registry_thing_delete(rig->reg, ACCOUNT, "t", 0));
    assert_ok(rig,
              km_registry_group_things(rig->reg, rig->arena, ACCOUNT, "g12", false, NULL, &names));
    assert_int_equal(names.n_names, 0);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_group_of_thing(rig->reg, rig->arena, ACCOUNT, "t", NULL, &names));
}

static void lists_go_down(void **state)
{
    struct rig *rig = *state;
    struct km_registry_names names = {0};
    struct km_registry_group_list list = {0};
    make_group(rig, "house", NULL);
    make_group(rig, "floor", "house");
    make_group(rig, "room", "floor");
    make_group(rig, "shed", NULL);
    static const char *const in[][2] = {
        {"t1", "house"}, {"t2", "floor"}, {"t2", "room"}, {"t3", "room"}, {"t4", "shed"}};
    for (size_t i = 0; i < KM_ARRAY_LEN(in); i++) {
        make_thing(rig, in[i][0]);
        assert_ok(rig, km_registry_group_add(rig->reg, ACCOUNT, in[i][1], in[i][0]));
    }
    assert_ok(rig,
              km_registry_group_things(rig->reg, rig->arena, ACCOUNT, "house", true, NULL, &names));
    assert_int_equal(names.n_names, 3);
    assert_string_equal(names.names[1], "t2");
    const struct km_registry_page down = {.limit = 2, .is_descending = true};
    assert_ok(
        rig, km_registry_group_things(rig->reg, rig->arena, ACCOUNT, "house", true, &down, &names));
    assert_int_equal(names.n_names, 2);
    assert_string_equal(names.names[0], "t3");
    const struct km_registry_page rest = {.is_descending = true, .marker = names.next};
    assert_ok(
        rig, km_registry_group_things(rig->reg, rig->arena, ACCOUNT, "house", true, &rest, &names));
    assert_int_equal(names.n_names, 1);
    assert_ok(rig,
              km_registry_group_list(rig->reg, rig->arena, ACCOUNT, "house", true, NULL, &list));
    assert_int_equal(list.n_items, 2);
    assert_string_equal(list.items[0].name, "floor");
    assert_string_equal(list.items[1].name, "room");
    assert_ok(rig,
              km_registry_group_list(rig->reg, rig->arena, ACCOUNT, "room", true, NULL, &list));
    assert_int_equal(list.n_items, 0);
}

static void attach_to_group(struct rig *rig, const char *policy, const char *group)
{
    struct km_policy_target target = {KM_TARGET_GROUP, group};
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, policy, "{}"));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, policy, &target));
}

static void assert_effective(struct rig *rig, const char *id, const char *thing,
                             const char *expected)
{
    struct km_registry_policy_list list = {0};
    char names[256] = "";
    size_t len = 0;
    assert_ok(rig, km_registry_policy_effective(rig->reg, rig->arena, ACCOUNT, id, thing, &list));
    for (size_t i = 0; i < list.n_items; i++)
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s ", list.items[i].name);
    assert_string_equal(names, expected);
}

/* Policies of groups count for the certificates of the things in them, and so do those of the groups above. */
static void group_policies_count_for_attached_things(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_names names = {0};
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    struct km_policy_target own = {KM_TARGET_CERTIFICATE, id};
    struct km_policy_target low = {KM_TARGET_GROUP, "low"};
    make_group(rig, "top", NULL);
    make_group(rig, "mid", "top");
    make_group(rig, "low", "mid");
    make_group(rig, "aside", "top");
    attach_to_group(rig, "p-top", "top");
    attach_to_group(rig, "p-low", "low");
    attach_to_group(rig, "p-aside", "aside");
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p-own", "{}"));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p-own", &own));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p-top", &own));
    make_thing(rig, "t");
    make_thing(rig, "u");
    assert_ok(rig, km_registry_group_add(rig->reg, ACCOUNT, "low", "t"));
    assert_ok(rig, km_registry_group_add(rig->reg, ACCOUNT, "aside", "u"));
    assert_effective(rig, id, NULL, "p-own p-top ");
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "t", id));
    assert_effective(rig, id, NULL, "p-low p-own p-top ");
    assert_effective(rig, id, "t", "p-low p-own p-top ");
    assert_effective(rig, id, "u", "p-own p-top ");
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "u", id));
    assert_effective(rig, id, NULL, "p-aside p-low p-own p-top ");
    assert_effective(rig, id, "t", "p-low p-own p-top ");
    assert_ok(rig,
              km_registry_policy_list_attached(rig->reg, rig->arena, ACCOUNT, &low, false, &names));
    assert_int_equal(names.n_names, 1);
    assert_ok(rig,
              km_registry_policy_list_attached(rig->reg, rig->arena, ACCOUNT, &low, true, &names));
    assert_int_equal(names.n_names, 2);
    assert_string_equal(names.names[1], "p-top");
    assert_status(rig, KM_E_BUSY, km_registry_group_delete(rig->reg, ACCOUNT, "low", 0));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(the_same_group_again_is_as_good_as_created),
        RIG_TEST(groups_form_a_tree_of_bounded_depth),
        RIG_TEST(updates_change_what_they_name),
        RIG_TEST(things_come_and_go),
        RIG_TEST(lists_go_down),
        RIG_TEST(group_policies_count_for_attached_things),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
