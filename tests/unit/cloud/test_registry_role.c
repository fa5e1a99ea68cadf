/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/registry/registry_role.h"
#include "cloud/registry/registry_tag.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_role_alias plain = {
    .name = "a_=,@-9",
    .role = "arn:aws:iam::123456789012:role/r",
    .duration_s = 3600,
};

static void aliases_are_made_changed_and_deleted(void **state)
{
    struct rig *rig = *state;
    struct km_registry_role_alias got = {0};
    struct km_registry_role_alias change = {.name = plain.name, .duration_s = 900};
    assert_status(rig, KM_E_NOTFOUND, km_registry_role_alias_update(rig->reg, ACCOUNT, &change));
    assert_ok(rig, km_registry_role_alias_create(rig->reg, ACCOUNT, &plain));
    assert_status(rig, KM_E_EXISTS, km_registry_role_alias_create(rig->reg, ACCOUNT, &plain));
    rig->now_ms++;
    assert_ok(rig, km_registry_role_alias_update(rig->reg, ACCOUNT, &change));
    assert_ok(rig, km_registry_role_alias_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
    assert_string_equal(got.role, plain.role);
    assert_int_equal(got.duration_s, 900);
    assert_int_equal(got.modified_ms, got.created_ms + 1);
    change =
        (struct km_registry_role_alias){.name = plain.name, .role = "arn:aws:iam::1:role/other"};
    assert_ok(rig, km_registry_role_alias_update(rig->reg, ACCOUNT, &change));
    assert_ok(rig, km_registry_role_alias_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
    assert_string_equal(got.role, change.role);
    assert_int_equal(got.duration_s, 900);
    assert_status(rig, KM_E_BUSY, km_registry_account_delete(rig->reg, ACCOUNT));
    assert_ok(rig, km_registry_role_alias_delete(rig->reg, ACCOUNT, plain.name));
    assert_status(rig, KM_E_NOTFOUND, km_registry_role_alias_delete(rig->reg, ACCOUNT, plain.name));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_role_alias_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
}

static void aliases_have_bounds(void **state)
{
    struct rig *rig = *state;
    static const struct km_registry_role_alias rows[] = {
        {.name = "", .role = "arn:aws:iam::123456789012:role/r", .duration_s = 900},
        {.name = "a.b", .role = "arn:aws:iam::123456789012:role/r", .duration_s = 900},
        {.name = "a", .role = "arn:aws:iam::1:role", .duration_s = 900},
        {.name = "a", .role = NULL, .duration_s = 900},
        {.name = "a", .role = "arn:aws:iam::123456789012:role/r", .duration_s = 899},
        {.name = "a", .role = "arn:aws:iam::123456789012:role/r", .duration_s = 43201},
        {.name = "a", .role = "arn:aws:iam::123456789012:role/r", .duration_s = 0},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_status(rig, KM_E_ARG, km_registry_role_alias_create(rig->reg, ACCOUNT, &rows[i]));
    assert_ok(rig, km_registry_role_alias_create(rig->reg, ACCOUNT, &plain));
    for (size_t i = 4; i < 6; i++) {
        struct km_registry_role_alias change = rows[i];
        change.name = plain.name;
        assert_status(rig, KM_E_ARG, km_registry_role_alias_update(rig->reg, ACCOUNT, &change));
    }
}

static void aliases_are_listed_by_pages(void **state)
{
    struct rig *rig = *state;
    struct km_registry_names list = {0};
    struct km_registry_page page = {.limit = 2};
    for (int i = 0; i < 3; i++) {
        struct km_registry_role_alias alias = plain;
        alias.name = rig_name("r", i);
        assert_ok(rig, km_registry_role_alias_create(rig->reg, ACCOUNT, &alias));
    }
    assert_ok(rig, km_registry_role_alias_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_int_equal(list.n_names, 2);
    assert_string_equal(list.names[1], "r1");
    page.marker = list.next;
    assert_ok(rig, km_registry_role_alias_list(rig->reg, rig->arena, ACCOUNT, &page, &list));
    assert_int_equal(list.n_names, 1);
    assert_null(list.next);
}

static void tags_go_with_an_alias(void **state)
{
    struct rig *rig = *state;
    static const struct km_tag tag = {"k", "v"};
    const struct km_tagged_resource resource = {KM_TAGGED_ROLE_ALIAS, plain.name};
    struct km_tag_list list = {0};
    assert_ok(rig, km_registry_role_alias_create(rig->reg, ACCOUNT, &plain));
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &resource, &tag, 1));
    assert_ok(rig, km_registry_role_alias_delete(rig->reg, ACCOUNT, plain.name));
    assert_ok(rig, km_registry_role_alias_create(rig->reg, ACCOUNT, &plain));
    assert_ok(rig, km_registry_tags_list(rig->reg, rig->arena, ACCOUNT, &resource, &list));
    assert_int_equal(list.n_items, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(aliases_are_made_changed_and_deleted),
        RIG_TEST(aliases_have_bounds),
        RIG_TEST(aliases_are_listed_by_pages),
        RIG_TEST(tags_go_with_an_alias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
