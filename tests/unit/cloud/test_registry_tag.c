/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/registry/registry_function.h"
#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_rule.h"
#include "cloud/registry/registry_tag.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_tagged_resource policy = {KM_TAGGED_POLICY, "p"};

static void setup_policy(struct rig *rig)
{
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, policy.name, "{}"));
}

static size_t n_tags(struct rig *rig, const struct km_tagged_resource *resource)
{
    struct km_tag_list list = {0};
    assert_ok(rig, km_registry_tags_list(rig->reg, rig->arena, ACCOUNT, resource, &list));
    return list.n_items;
}

static void tags_are_added_replaced_and_removed(void **state)
{
    struct rig *rig = *state;
    static const struct km_tag tags[] = {{"z", "1"}, {"B: c", ""}, {"\xc3\xa4", "\xc3\xa4\n"}};
    static const struct km_tag other = {"z", "2"};
    static const char *const keys[] = {"B: c", "none"};
    struct km_tag_list list = {0};
    setup_policy(rig);
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &policy, tags, KM_ARRAY_LEN(tags)));
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &policy, &other, 1));
    assert_ok(rig, km_registry_tags_list(rig->reg, rig->arena, ACCOUNT, &policy, &list));
    assert_int_equal(list.n_items, 3);
    assert_string_equal(list.items[0].key, "B: c");
    assert_string_equal(list.items[0].value, "");
    assert_string_equal(list.items[1].key, "z");
    assert_string_equal(list.items[1].value, "2");
    assert_string_equal(list.items[2].value, "\xc3\xa4\n");
    assert_ok(rig, km_registry_tags_remove(rig->reg, ACCOUNT, &policy, keys, KM_ARRAY_LEN(keys)));
    assert_int_equal(n_tags(rig, &policy), 2);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_tags_list(rig->reg, rig->arena, OTHER_ACCOUNT, &policy, &list));
}

/* One of each kind, made and deleted. */
static void make(struct rig *rig, enum km_tagged kind, const char *name)
{
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const struct km_registry_rule_new rule = {
        .name = name, .sql = "s", .topic_filter = "t", .payload = "{}"};
    const struct km_registry_thing_type_new type = {.name = name};
    const struct km_registry_group_new group = {.name = name};
    const struct km_registry_template template = {
        .name = name, .body = "{}", .type = KM_TEMPLATE_FLEET};
    const struct km_registry_function_new function = {
        .name = name, .config = "{}", .code = KM_SLICE_STR("code")};
    if (kind == KM_TAGGED_POLICY)
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, name, "{}"));
    else if (kind == KM_TAGGED_RULE)
        assert_ok(rig, km_registry_rule_create(rig->reg, ACCOUNT, &rule));
    else if (kind == KM_TAGGED_THING_TYPE)
        assert_ok(rig, km_registry_thing_type_create(rig->reg, ACCOUNT, &type, id));
    else if (kind == KM_TAGGED_GROUP)
        assert_ok(rig, km_registry_group_create(rig->reg, ACCOUNT, &group, id));
    else if (kind == KM_TAGGED_TEMPLATE)
        assert_ok(rig, km_registry_template_create(rig->reg, ACCOUNT, &template));
    else
        assert_ok(rig, km_registry_function_create(rig->reg, ACCOUNT, &function));
}

static void delete (struct rig *rig, enum km_tagged kind, const char *name)
{
    if (kind == KM_TAGGED_POLICY)
        assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, name));
    else if (kind == KM_TAGGED_RULE)
        assert_ok(rig, km_registry_rule_delete(rig->reg, ACCOUNT, name));
    else if (kind == KM_TAGGED_THING_TYPE) {
        assert_ok(rig, km_registry_thing_type_deprecate(rig->reg, ACCOUNT, name, false));
        assert_ok(rig, km_registry_thing_type_delete(rig->reg, ACCOUNT, name));
    } else if (kind == KM_TAGGED_GROUP)
        assert_ok(rig, km_registry_group_delete(rig->reg, ACCOUNT, name, 0));
    else if (kind == KM_TAGGED_TEMPLATE)
        assert_ok(rig, km_registry_template_delete(rig->reg, ACCOUNT, name));
    else
        assert_ok(rig, km_registry_function_delete(rig->reg, ACCOUNT, name));
}

static void tags_go_with_what_they_are_at(void **state)
{
    struct rig *rig = *state;
    static const struct km_tag tag = {"k", "v"};
    for (enum km_tagged kind = KM_TAGGED_POLICY; kind <= KM_TAGGED_FUNCTION; kind++) {
        const struct km_tagged_resource resource = {kind, "same"};
        struct km_tag_list list = {0};
        assert_status(rig, KM_E_NOTFOUND,
                      km_registry_tags_add(rig->reg, ACCOUNT, &resource, &tag, 1));
        make(rig, kind, resource.name);
        assert_int_equal(n_tags(rig, &resource), 0);
        assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &resource, &tag, 1));
        assert_int_equal(n_tags(rig, &resource), 1);
        delete (rig, kind, resource.name);
        assert_status(rig, KM_E_NOTFOUND,
                      km_registry_tags_list(rig->reg, rig->arena, ACCOUNT, &resource, &list));
        make(rig, kind, resource.name);
        assert_int_equal(n_tags(rig, &resource), 0);
    }
}

static void tags_of_a_ca_go_with_it(void **state)
{
    struct rig *rig = *state;
    static const struct km_tag tag = {"k", "v"};
    static const bool no = false;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    rig_ca(rig, ACCOUNT, "der", "subject", id);
    const struct km_tagged_resource resource = {KM_TAGGED_CA, id};
    const struct km_registry_ca_update update = {.is_active = &no};
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &resource, &tag, 1));
    assert_int_equal(n_tags(rig, &resource), 1);
    assert_ok(rig, km_registry_ca_update(rig->reg, ACCOUNT, id, &update));
    assert_ok(rig, km_registry_ca_delete(rig->reg, ACCOUNT, id));
    rig_ca(rig, ACCOUNT, "der", "subject", id);
    assert_int_equal(n_tags(rig, &resource), 0);
}

static void fill(char *room, size_t n_characters)
{
    for (size_t i = 0; i < n_characters; i++)
        km_copy(room + 2 * i, 2, "\xc3\xa4", 2);
    room[2 * n_characters] = '\0';
}

static void tags_have_bounds(void **state)
{
    struct rig *rig = *state;
    char longest[2 * (KM_TAG_VALUE_MAX + 1) + 1] = {0};
    struct km_tag tag = {.key = longest, .value = ""};
    setup_policy(rig);
    fill(longest, KM_TAG_KEY_MAX);
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &policy, &tag, 1));
    fill(longest, KM_TAG_KEY_MAX + 1);
    assert_status(rig, KM_E_ARG, km_registry_tags_add(rig->reg, ACCOUNT, &policy, &tag, 1));
    tag = (struct km_tag){.key = "k", .value = longest};
    fill(longest, KM_TAG_VALUE_MAX);
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &policy, &tag, 1));
    fill(longest, KM_TAG_VALUE_MAX + 1);
    assert_status(rig, KM_E_ARG, km_registry_tags_add(rig->reg, ACCOUNT, &policy, &tag, 1));
    static const struct km_tag bad[] = {
        {"", "v"},      {NULL, "v"}, {"k", NULL}, {"aws:k", "v"}, {"AWS:k", "v"},
        {"k", "aws:v"}, {"a\n", ""}, {"a*", ""},  {"\xff", "v"},  {"k", "\xff"},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_status(rig, KM_E_ARG, km_registry_tags_add(rig->reg, ACCOUNT, &policy, &bad[i], 1));
    static const struct km_tag twice[] = {{"k", "1"}, {"k", "2"}};
    assert_status(rig, KM_E_ARG, km_registry_tags_add(rig->reg, ACCOUNT, &policy, twice, 2));
    static const struct km_tagged_resource none = {0, "p"};
    static const struct km_tagged_resource unnamed = {KM_TAGGED_POLICY, ""};
    assert_status(rig, KM_E_ARG, km_registry_tags_add(rig->reg, ACCOUNT, &none, twice, 1));
    assert_status(rig, KM_E_ARG, km_registry_tags_add(rig->reg, ACCOUNT, &unnamed, twice, 1));
    assert_int_equal(n_tags(rig, &policy), 2);
}

static void there_are_so_many_and_no_more(void **state)
{
    struct rig *rig = *state;
    static char names[KM_TAGS_MAX + 1][8];
    struct km_tag tags[KM_TAGS_MAX + 1] = {0};
    setup_policy(rig);
    for (size_t i = 0; i < KM_ARRAY_LEN(tags); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "k%zu", i);
        tags[i] = (struct km_tag){.key = names[i], .value = "v"};
    }
    assert_status(rig, KM_E_LIMIT,
                  km_registry_tags_add(rig->reg, ACCOUNT, &policy, tags, KM_TAGS_MAX + 1));
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &policy, tags, KM_TAGS_MAX));
    assert_status(rig, KM_E_LIMIT,
                  km_registry_tags_add(rig->reg, ACCOUNT, &policy, &tags[KM_TAGS_MAX], 1));
    assert_int_equal(n_tags(rig, &policy), KM_TAGS_MAX);
    assert_ok(rig, km_registry_tags_add(rig->reg, ACCOUNT, &policy, tags, 1));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(tags_are_added_replaced_and_removed),
        RIG_TEST(tags_go_with_what_they_are_at),
        RIG_TEST(tags_of_a_ca_go_with_it),
        RIG_TEST(tags_have_bounds),
        RIG_TEST(there_are_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
