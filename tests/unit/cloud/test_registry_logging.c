/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/registry/registry_logging.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_logging plain = {.role = "r", .level = KM_LOG_WARN};

static void options_are_set_and_read(void **state)
{
    struct rig *rig = *state;
    struct km_registry_logging got = {0};
    struct km_registry_change_list changes = {0};
    assert_status(rig, KM_E_NOTFOUND, km_registry_logging_get(rig->reg, rig->arena, ACCOUNT, &got));
    int64_t before = rig_generation(rig);
    assert_ok(rig, km_registry_logging_set(rig->reg, ACCOUNT, &plain));
    assert_ok(rig, km_registry_logging_get(rig->reg, rig->arena, ACCOUNT, &got));
    assert_string_equal(got.role, "r");
    assert_int_equal(got.level, KM_LOG_WARN);
    assert_false(got.is_off);
    const struct km_registry_logging other = {.role = "s", .level = KM_LOG_DEBUG, .is_off = true};
    assert_ok(rig, km_registry_logging_set(rig->reg, ACCOUNT, &other));
    assert_ok(rig, km_registry_logging_get(rig->reg, rig->arena, ACCOUNT, &got));
    assert_string_equal(got.role, "s");
    assert_int_equal(got.level, KM_LOG_DEBUG);
    assert_true(got.is_off);
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, before, 10, &changes));
    assert_int_equal(changes.n_items, 2);
    assert_int_equal(changes.items[1].kind, KM_CHANGE_ACCOUNT);
    assert_status(rig, KM_E_NOTFOUND, km_registry_logging_set(rig->reg, OTHER_ACCOUNT, &plain));
    assert_ok(rig, km_registry_account_delete(rig->reg, ACCOUNT));
}

static void targets_have_levels(void **state)
{
    struct rig *rig = *state;
    static const struct km_registry_log_level rows[] = {
        {KM_LOG_SOURCE_IP, "127.0.0.1", KM_LOG_INFO},
        {KM_LOG_CLIENT_ID, "b", KM_LOG_DISABLED},
        {KM_LOG_CLIENT_ID, "a", KM_LOG_DEBUG},
    };
    struct km_registry_log_level_list list = {0};
    struct km_registry_page page = {.limit = 2};
    assert_status(rig, KM_E_NOTFOUND, km_registry_log_level_set(rig->reg, ACCOUNT, &rows[0]));
    assert_ok(rig, km_registry_logging_set(rig->reg, ACCOUNT, &plain));
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_ok(rig, km_registry_log_level_set(rig->reg, ACCOUNT, &rows[i]));
    assert_ok(rig, km_registry_logging_set(rig->reg, ACCOUNT, &plain)); /* leaves them */
    assert_ok(rig, km_registry_log_level_list(rig->reg, rig->arena, ACCOUNT, 0, &page, &list));
    assert_int_equal(list.n_items, 2);
    assert_string_equal(list.items[0].name, "a");
    assert_int_equal(list.items[0].level, KM_LOG_DEBUG);
    page.marker = list.next;
    assert_ok(rig, km_registry_log_level_list(rig->reg, rig->arena, ACCOUNT, 0, &page, &list));
    assert_int_equal(list.n_items, 1);
    assert_int_equal(list.items[0].target, KM_LOG_SOURCE_IP);
    assert_null(list.next);
    const struct km_registry_log_level again = {KM_LOG_CLIENT_ID, "a", KM_LOG_ERROR};
    assert_ok(rig, km_registry_log_level_set(rig->reg, ACCOUNT, &again));
    assert_ok(rig, km_registry_log_level_delete(rig->reg, ACCOUNT, KM_LOG_CLIENT_ID, "b"));
    assert_ok(rig, km_registry_log_level_delete(rig->reg, ACCOUNT, KM_LOG_CLIENT_ID, "b"));
    assert_ok(rig, km_registry_log_level_list(rig->reg, rig->arena, ACCOUNT, KM_LOG_CLIENT_ID, NULL,
                                              &list));
    assert_int_equal(list.n_items, 1);
    assert_int_equal(list.items[0].level, KM_LOG_ERROR);
}

static void there_are_bounds(void **state)
{
    struct rig *rig = *state;
    struct km_registry_log_level level = {KM_LOG_CLIENT_ID, "a", KM_LOG_ERROR};
    struct km_registry_logging bad = plain;
    char name[KM_LOG_NAME_MAX + 2] = {0};
    bad.role = NULL;
    assert_status(rig, KM_E_ARG, km_registry_logging_set(rig->reg, ACCOUNT, &bad));
    bad = plain;
    bad.level = 5;
    assert_status(rig, KM_E_ARG, km_registry_logging_set(rig->reg, ACCOUNT, &bad));
    assert_ok(rig, km_registry_logging_set(rig->reg, ACCOUNT, &plain));
    for (int i = 0; i < KM_LOG_TARGETS_MAX; i++) {
        level.name = rig_name("c", i);
        assert_ok(rig, km_registry_log_level_set(rig->reg, ACCOUNT, &level));
    }
    assert_ok(rig, km_registry_log_level_set(rig->reg, ACCOUNT, &level));
    level.name = "one more";
    assert_status(rig, KM_E_LIMIT, km_registry_log_level_set(rig->reg, ACCOUNT, &level));
    for (size_t i = 0; i < sizeof(name) - 1; i++)
        name[i] = 'x';
    level.name = name;
    assert_status(rig, KM_E_ARG, km_registry_log_level_set(rig->reg, ACCOUNT, &level));
    level = (struct km_registry_log_level){0, "a", KM_LOG_ERROR};
    assert_status(rig, KM_E_ARG, km_registry_log_level_set(rig->reg, ACCOUNT, &level));
    assert_status(rig, KM_E_ARG,
                  km_registry_log_level_delete(rig->reg, ACCOUNT, KM_LOG_CLIENT_ID, ""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(options_are_set_and_read),
        RIG_TEST(targets_have_levels),
        RIG_TEST(there_are_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
