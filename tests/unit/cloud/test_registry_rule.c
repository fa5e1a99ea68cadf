/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_rule.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_rule_new plain = {
    .name = "jitr_1",
    .sql = "SELECT * FROM '$aws/events/certificates/registered/#'",
    .topic_filter = "$aws/events/certificates/registered/#",
    .payload = "{\"actions\":[]}",
    .is_enabled = true,
};

static void rules_are_made_replaced_and_deleted(void **state)
{
    struct rig *rig = *state;
    struct km_registry_rule got = {0};
    assert_ok(rig, km_registry_rule_create(rig->reg, ACCOUNT, &plain));
    assert_status(rig, KM_E_EXISTS, km_registry_rule_create(rig->reg, ACCOUNT, &plain));
    assert_ok(rig, km_registry_rule_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
    assert_string_equal(got.sql, plain.sql);
    assert_string_equal(got.topic_filter, plain.topic_filter);
    assert_string_equal(got.payload, plain.payload);
    assert_true(got.is_enabled);
    int64_t created_ms = rig->now_ms;
    rig->now_ms += 10;
    struct km_registry_rule_new other = plain;
    other.sql = "SELECT a FROM 'b'";
    other.topic_filter = "b";
    other.is_enabled = false;
    assert_ok(rig, km_registry_rule_replace(rig->reg, ACCOUNT, &other));
    assert_ok(rig, km_registry_rule_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
    assert_string_equal(got.sql, other.sql);
    assert_false(got.is_enabled);
    assert_int_equal(got.created_ms, created_ms);
    assert_ok(rig, km_registry_rule_set_enabled(rig->reg, ACCOUNT, plain.name, true));
    assert_ok(rig, km_registry_rule_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
    assert_true(got.is_enabled);
    assert_ok(rig, km_registry_rule_delete(rig->reg, ACCOUNT, plain.name));
    assert_ok(rig, km_registry_rule_delete(rig->reg, ACCOUNT, plain.name));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_rule_get(rig->reg, rig->arena, ACCOUNT, plain.name, &got));
    assert_status(rig, KM_E_NOTFOUND, km_registry_rule_replace(rig->reg, ACCOUNT, &other));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_rule_set_enabled(rig->reg, ACCOUNT, plain.name, true));
}

static void rules_are_listed_by_filter_and_state(void **state)
{
    struct rig *rig = *state;
    const bool yes = true;
    const bool no = false;
    struct km_registry_rule_list list = {0};
    for (int i = 0; i < 6; i++) {
        struct km_registry_rule_new rule = plain;
        rule.name = rig_name("r", i);
        rule.topic_filter = i < 2 ? "a" : "b";
        rule.is_enabled = i % 2 == 0;
        assert_ok(rig, km_registry_rule_create(rig->reg, ACCOUNT, &rule));
    }
    static const struct {
        const char *topic_filter;
        int is_enabled; /* -1: both */
        size_t n_items;
    } rows[] = {{NULL, -1, 6}, {"a", -1, 2}, {NULL, 1, 3}, {"b", 0, 2}, {"c", -1, 0}};
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_registry_rule_filter filter = {.topic_filter = rows[i].topic_filter};
        if (rows[i].is_enabled >= 0)
            filter.is_enabled = rows[i].is_enabled ? &yes : &no;
        assert_ok(rig, km_registry_rule_list(rig->reg, rig->arena, ACCOUNT, &filter, NULL, &list));
        assert_int_equal(list.n_items, rows[i].n_items);
    }
}

static void rules_have_bounds(void **state)
{
    struct rig *rig = *state;
    struct km_registry_rule_list list = {0};
    struct km_registry_rule_filter filter = {.topic_filter = "\xff"};
    assert_status(rig, KM_E_ARG,
                  km_registry_rule_list(rig->reg, rig->arena, ACCOUNT, &filter, NULL, &list));
    struct km_registry_rule_new rule = plain;
    rule.name = "with-dash";
    assert_status(rig, KM_E_ARG, km_registry_rule_create(rig->reg, ACCOUNT, &rule));
    rule = plain;
    rule.sql = NULL;
    assert_status(rig, KM_E_ARG, km_registry_rule_create(rig->reg, ACCOUNT, &rule));
    rule = plain;
    rule.payload = "\xc0\x80";
    assert_status(rig, KM_E_ARG, km_registry_rule_create(rig->reg, ACCOUNT, &rule));
    assert_status(rig, KM_E_NOTFOUND, km_registry_rule_create(rig->reg, OTHER_ACCOUNT, &plain));
}

static void templates_keep_what_is_not_named(void **state)
{
    struct rig *rig = *state;
    struct km_registry_template got = {0};
    struct km_registry_template_list list = {0};
    struct km_registry_template template = {
        .name = "fleet-1",
        .body = "{\"Resources\":{}}",
        .role = "arn:aws:iam::123456789012:role/r",
        .type = KM_TEMPLATE_JITP,
        .is_enabled = true,
    };
    assert_ok(rig, km_registry_template_create(rig->reg, ACCOUNT, &template));
    assert_status(rig, KM_E_EXISTS, km_registry_template_create(rig->reg, ACCOUNT, &template));
    struct km_registry_template change = {
        .name = "fleet-1", .description = "d", .type = KM_TEMPLATE_JITP};
    rig->now_ms++;
    assert_ok(rig, km_registry_template_update(rig->reg, ACCOUNT, &change));
    assert_ok(rig, km_registry_template_get(rig->reg, rig->arena, ACCOUNT, "fleet-1", &got));
    assert_string_equal(got.body, template.body);
    assert_string_equal(got.role, template.role);
    assert_string_equal(got.description, "d");
    assert_false(got.is_enabled);
    assert_int_equal(got.type, KM_TEMPLATE_JITP);
    assert_int_equal(got.modified_ms, got.created_ms + 1);
    change.type = KM_TEMPLATE_FLEET;
    assert_status(rig, KM_E_ARG, km_registry_template_update(rig->reg, ACCOUNT, &change));
    assert_ok(rig, km_registry_template_list(rig->reg, rig->arena, ACCOUNT, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_null(list.items[0].body);
    assert_ok(rig, km_registry_template_delete(rig->reg, ACCOUNT, "fleet-1"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_template_delete(rig->reg, ACCOUNT, "fleet-1"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_template_update(rig->reg, ACCOUNT, &change));
    template.body = NULL;
    assert_status(rig, KM_E_ARG, km_registry_template_create(rig->reg, ACCOUNT, &template));
    template.body = "{}";
    template.type = 3;
    assert_status(rig, KM_E_ARG, km_registry_template_create(rig->reg, ACCOUNT, &template));
}

static void templates_have_versions(void **state)
{
    struct rig *rig = *state;
    struct km_registry_template got = {0};
    struct km_registry_template_version version = {0};
    struct km_registry_template_version_list list = {0};
    struct km_registry_template_version_new new = {.name = "t", .body = "{2}"};
    const struct km_registry_template template = {
        .name = "t", .body = "{1}", .type = KM_TEMPLATE_FLEET, .is_enabled = true};
    int64_t number = 0;
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_template_version_create(rig->reg, ACCOUNT, &new, &number));
    assert_ok(rig, km_registry_template_create(rig->reg, ACCOUNT, &template));
    assert_ok(rig, km_registry_template_version_create(rig->reg, ACCOUNT, &new, &number));
    assert_int_equal(number, 2);
    assert_ok(rig, km_registry_template_get(rig->reg, rig->arena, ACCOUNT, "t", &got));
    assert_string_equal(got.body, "{1}");
    assert_int_equal(got.default_version, 1);
    struct km_registry_template change = {
        .name = "t", .type = KM_TEMPLATE_FLEET, .is_enabled = true, .default_version = 2};
    assert_ok(rig, km_registry_template_update(rig->reg, ACCOUNT, &change));
    assert_ok(rig, km_registry_template_get(rig->reg, rig->arena, ACCOUNT, "t", &got));
    assert_string_equal(got.body, "{2}");
    assert_int_equal(got.default_version, 2);
    change.default_version = 7;
    assert_status(rig, KM_E_NOTFOUND, km_registry_template_update(rig->reg, ACCOUNT, &change));
    new.body = "{3}";
    new.sets_default = true;
    for (number = 0; number < KM_TEMPLATE_VERSIONS_MAX;)
        assert_ok(rig, km_registry_template_version_create(rig->reg, ACCOUNT, &new, &number));
    assert_status(rig, KM_E_LIMIT,
                  km_registry_template_version_create(rig->reg, ACCOUNT, &new, &number));
    assert_status(rig, KM_E_BUSY, km_registry_template_version_delete(rig->reg, ACCOUNT, "t", 5));
    assert_ok(rig, km_registry_template_version_delete(rig->reg, ACCOUNT, "t", 4));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_template_version_delete(rig->reg, ACCOUNT, "t", 4));
    assert_ok(rig, km_registry_template_version_create(rig->reg, ACCOUNT, &new, &number));
    assert_int_equal(number, 6);
    assert_ok(rig,
              km_registry_template_version_list(rig->reg, rig->arena, ACCOUNT, "t", NULL, &list));
    assert_int_equal(list.n_items, KM_TEMPLATE_VERSIONS_MAX);
    assert_int_equal(list.items[0].version, 1);
    assert_false(list.items[0].is_default);
    assert_true(list.items[4].is_default);
    assert_ok(rig,
              km_registry_template_version_get(rig->reg, rig->arena, ACCOUNT, "t", 2, &version));
    assert_string_equal(version.body, "{2}");
    assert_status(
        rig, KM_E_NOTFOUND,
        km_registry_template_version_get(rig->reg, rig->arena, ACCOUNT, "t", 4, &version));
    assert_ok(rig, km_registry_template_delete(rig->reg, ACCOUNT, "t"));
    assert_ok(rig, km_registry_template_create(rig->reg, ACCOUNT, &template));
    assert_ok(rig,
              km_registry_template_version_list(rig->reg, rig->arena, ACCOUNT, "t", NULL, &list));
    assert_int_equal(list.n_items, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(rules_are_made_replaced_and_deleted),
        RIG_TEST(rules_are_listed_by_filter_and_state),
        RIG_TEST(rules_have_bounds),
        RIG_TEST(templates_keep_what_is_not_named),
        RIG_TEST(templates_have_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
