/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_function.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_function_new plain = {
    .name = "jitr-handler",
    .config = "{\"Runtime\":\"python3.9\"}",
    .description = "registers",
    .code = OCTETS("PK\x03\x04\0code"),
};

static void make(struct rig *rig)
{
    assert_ok(rig, km_registry_function_create(rig->reg, ACCOUNT, &plain));
}

static int64_t publish(struct rig *rig)
{
    int64_t version = 0;
    assert_ok(rig,
              km_registry_function_publish(rig->reg, ACCOUNT, plain.name,
                                           &(struct km_registry_function_publish){0}, &version));
    return version;
}

static void assert_code(struct rig *rig, int64_t version, struct km_slice expected)
{
    struct km_slice code = {0};
    assert_ok(rig,
              km_registry_function_code(rig->reg, rig->arena, ACCOUNT, plain.name, version, &code));
    assert_true(km_slice_equal(code, expected));
}

static void what_was_created_comes_back(void **state)
{
    struct rig *rig = *state;
    struct km_registry_function got = {0};
    struct km_registry_function_list list = {0};
    struct km_slice code = {0};
    make(rig);
    assert_status(rig, KM_E_EXISTS, km_registry_function_create(rig->reg, ACCOUNT, &plain));
    assert_ok(rig, km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name,
                                            KM_FUNCTION_LATEST, &got));
    assert_string_equal(got.name, plain.name);
    assert_int_equal(got.version, KM_FUNCTION_LATEST);
    assert_string_equal(got.config, plain.config);
    assert_string_equal(got.description, plain.description);
    assert_int_equal(got.code_size, plain.code.len);
    assert_string_equal(got.code_sha256, "USmrviny72UflO5yxXaT24yctMJyl9LrZdC9NUbdfHM=");
    assert_int_equal(got.modified_ms, rig->now_ms);
    assert_code(rig, KM_FUNCTION_LATEST, plain.code);
    assert_ok(rig, km_registry_function_list(rig->reg, rig->arena, ACCOUNT, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name, 1, &got));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_function_code(rig->reg, rig->arena, ACCOUNT, "none", 0, &code));
}

static void updates_make_new_revisions(void **state)
{
    struct rig *rig = *state;
    struct km_registry_function before = {0};
    struct km_registry_function after = {0};
    make(rig);
    assert_ok(rig, km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name, 0, &before));
    rig->now_ms++;
    struct km_registry_function_update update = {.code = OCTETS("new code")};
    assert_ok(rig, km_registry_function_update(rig->reg, ACCOUNT, plain.name, &update));
    assert_ok(rig, km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name, 0, &after));
    assert_string_not_equal(before.revision_id, after.revision_id);
    assert_string_not_equal(before.code_sha256, after.code_sha256);
    assert_string_equal(before.config, after.config);
    assert_int_equal(after.code_size, 8);
    assert_int_equal(after.modified_ms, rig->now_ms);
    assert_code(rig, 0, update.code);
    update = (struct km_registry_function_update){.expected_revision_id = before.revision_id,
                                                  .config = "{}"};
    assert_status(rig, KM_E_STALE,
                  km_registry_function_update(rig->reg, ACCOUNT, plain.name, &update));
    update.expected_revision_id = after.revision_id;
    assert_ok(rig, km_registry_function_update(rig->reg, ACCOUNT, plain.name, &update));
    assert_ok(rig, km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name, 0, &before));
    assert_string_equal(before.config, "{}");
    assert_string_equal(before.code_sha256, after.code_sha256);
    assert_int_equal(before.code_size, 8);
    update = (struct km_registry_function_update){0};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_function_update(rig->reg, ACCOUNT, "none", &update));
}

static void versions_are_published_and_stay(void **state)
{
    struct rig *rig = *state;
    struct km_registry_function got = {0};
    struct km_registry_function_list list = {0};
    int64_t version = 0;
    make(rig);
    assert_int_equal(publish(rig), 1);
    assert_int_equal(publish(rig), 1);
    struct km_registry_function_update update = {.code = OCTETS("new code")};
    assert_ok(rig, km_registry_function_update(rig->reg, ACCOUNT, plain.name, &update));
    struct km_registry_function_publish with = {.description = "second"};
    assert_ok(rig, km_registry_function_publish(rig->reg, ACCOUNT, plain.name, &with, &version));
    assert_int_equal(version, 2);
    assert_code(rig, 1, plain.code);
    assert_code(rig, 2, update.code);
    assert_ok(rig, km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name, 2, &got));
    assert_string_equal(got.description, "second");
    assert_ok(
        rig, km_registry_function_versions(rig->reg, rig->arena, ACCOUNT, plain.name, NULL, &list));
    assert_int_equal(list.n_items, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(list.items[i].version, i);
    with = (struct km_registry_function_publish){.expected_sha256 = "other"};
    assert_status(rig, KM_E_STALE,
                  km_registry_function_publish(rig->reg, ACCOUNT, plain.name, &with, &version));
    with = (struct km_registry_function_publish){.expected_sha256 = got.code_sha256};
    assert_ok(rig, km_registry_function_publish(rig->reg, ACCOUNT, plain.name, &with, &version));
    assert_int_equal(version, 2);
    assert_ok(rig, km_registry_function_version_delete(rig->reg, ACCOUNT, plain.name, 2));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_function_version_delete(rig->reg, ACCOUNT, plain.name, 2));
    assert_status(rig, KM_E_ARG,
                  km_registry_function_version_delete(rig->reg, ACCOUNT, plain.name, 0));
    assert_int_equal(publish(rig), 3);
    assert_code(rig, 1, plain.code);
}

static void qualifiers_become_versions(void **state)
{
    struct rig *rig = *state;
    struct km_registry_alias alias = {.name = "prod", .version = 1};
    static const struct {
        const char *qualifier;
        int64_t version;
        km_status outcome;
    } rows[] = {
        {NULL, 0, KM_OK},
        {"$LATEST", 0, KM_OK},
        {"1", 1, KM_OK},
        {"prod", 1, KM_OK},
        {"2", 0, KM_E_NOTFOUND},
        {"0", 0, KM_E_NOTFOUND},
        {"dev", 0, KM_E_NOTFOUND},
        {"$latest", 0, KM_E_ARG},
        {"99999999999999999999", 0, KM_E_NOTFOUND},
    };
    make(rig);
    assert_int_equal(publish(rig), 1);
    assert_ok(rig, km_registry_alias_create(rig->reg, ACCOUNT, plain.name, &alias));
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        int64_t version = 0;
        assert_status(rig, rows[i].outcome,
                      km_registry_function_resolve(rig->reg, ACCOUNT, plain.name, rows[i].qualifier,
                                                   &version));
        assert_int_equal(version, rows[i].version);
    }
    int64_t version = 0;
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_function_resolve(rig->reg, ACCOUNT, "none", NULL, &version));
}

static void aliases_hold_versions(void **state)
{
    struct rig *rig = *state;
    const int64_t latest = KM_FUNCTION_LATEST;
    const int64_t nine = 9;
    struct km_registry_alias got = {0};
    struct km_registry_alias_list list = {0};
    struct km_registry_alias alias = {.name = "prod", .version = 1, .description = "d"};
    make(rig);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_alias_create(rig->reg, ACCOUNT, plain.name, &alias));
    assert_int_equal(publish(rig), 1);
    assert_ok(rig, km_registry_alias_create(rig->reg, ACCOUNT, plain.name, &alias));
    assert_status(rig, KM_E_EXISTS,
                  km_registry_alias_create(rig->reg, ACCOUNT, plain.name, &alias));
    alias.name = "12";
    assert_status(rig, KM_E_ARG, km_registry_alias_create(rig->reg, ACCOUNT, plain.name, &alias));
    assert_status(rig, KM_E_BUSY,
                  km_registry_function_version_delete(rig->reg, ACCOUNT, plain.name, 1));
    assert_ok(rig, km_registry_alias_get(rig->reg, rig->arena, ACCOUNT, plain.name, "prod", &got));
    assert_int_equal(got.version, 1);
    assert_string_equal(got.description, "d");
    struct km_registry_alias_update update = {.expected_revision_id = "x", .version = &latest};
    assert_status(rig, KM_E_STALE,
                  km_registry_alias_update(rig->reg, ACCOUNT, plain.name, "prod", &update));
    update.expected_revision_id = got.revision_id;
    assert_ok(rig, km_registry_alias_update(rig->reg, ACCOUNT, plain.name, "prod", &update));
    assert_ok(rig, km_registry_alias_get(rig->reg, rig->arena, ACCOUNT, plain.name, "prod", &got));
    assert_int_equal(got.version, KM_FUNCTION_LATEST);
    assert_string_equal(got.description, "d");
    update = (struct km_registry_alias_update){.version = &nine};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_alias_update(rig->reg, ACCOUNT, plain.name, "prod", &update));
    assert_ok(rig, km_registry_alias_list(rig->reg, rig->arena, ACCOUNT, plain.name, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_ok(rig, km_registry_alias_delete(rig->reg, ACCOUNT, plain.name, "prod"));
    assert_ok(rig, km_registry_alias_delete(rig->reg, ACCOUNT, plain.name, "prod"));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_alias_get(rig->reg, rig->arena, ACCOUNT, plain.name, "prod", &got));
    assert_status(rig, KM_E_NOTFOUND, km_registry_alias_delete(rig->reg, ACCOUNT, "none", "prod"));
}

static void permissions_are_kept_by_qualifier(void **state)
{
    struct rig *rig = *state;
    struct km_registry_permission_list list = {0};
    struct km_registry_permission permission = {
        .qualifier = "", .statement_id = "iot-events", .statement = "{\"Effect\":\"Allow\"}"};
    make(rig);
    assert_ok(rig,
              km_registry_permission_list(rig->reg, rig->arena, ACCOUNT, plain.name, "", &list));
    assert_int_equal(list.n_items, 0);
    const char *revision_id = list.revision_id;
    assert_status(
        rig, KM_E_STALE,
        km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, "another"));
    assert_ok(rig,
              km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, revision_id));
    assert_status(rig, KM_E_EXISTS,
                  km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, NULL));
    permission.qualifier = "prod";
    assert_ok(rig, km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, NULL));
    assert_ok(rig,
              km_registry_permission_list(rig->reg, rig->arena, ACCOUNT, plain.name, "", &list));
    assert_int_equal(list.n_items, 1);
    assert_string_not_equal(list.revision_id, revision_id);
    assert_string_equal(list.items[0].statement, permission.statement);
    assert_ok(rig, km_registry_permission_remove(rig->reg, ACCOUNT, plain.name, "", "iot-events"));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_permission_remove(rig->reg, ACCOUNT, plain.name, "", "iot-events"));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_permission_list(rig->reg, rig->arena, ACCOUNT, "none", "", &list));
    for (int i = 1; i < KM_FUNCTION_PERMISSIONS_MAX; i++) {
        permission.statement_id = rig_name("s", i);
        assert_ok(rig,
                  km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, NULL));
    }
    permission.statement_id = "too-many";
    assert_status(rig, KM_E_LIMIT,
                  km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, NULL));
}

static void all_of_a_function_goes_with_it(void **state)
{
    struct rig *rig = *state;
    struct km_registry_function got = {0};
    struct km_registry_permission_list list = {0};
    struct km_registry_permission permission = {
        .qualifier = "", .statement_id = "s", .statement = "{}"};
    struct km_registry_alias alias = {.name = "prod", .version = 1};
    make(rig);
    assert_int_equal(publish(rig), 1);
    assert_ok(rig, km_registry_alias_create(rig->reg, ACCOUNT, plain.name, &alias));
    assert_ok(rig, km_registry_permission_add(rig->reg, ACCOUNT, plain.name, &permission, NULL));
    assert_ok(rig, km_registry_function_delete(rig->reg, ACCOUNT, plain.name));
    assert_status(rig, KM_E_NOTFOUND, km_registry_function_delete(rig->reg, ACCOUNT, plain.name));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_function_get(rig->reg, rig->arena, ACCOUNT, plain.name, 1, &got));
    make(rig);
    assert_ok(rig,
              km_registry_permission_list(rig->reg, rig->arena, ACCOUNT, plain.name, "", &list));
    assert_int_equal(list.n_items, 0);
    assert_int_equal(publish(rig), 1);
}

/* As large as it may be, and one octet more. */
static void code_has_bounds(void **state)
{
    struct rig *rig = *state;
    struct km_registry_function_new function = plain;
    uint8_t *large = calloc(1, KM_FUNCTION_CODE_MAX + 1);
    assert_non_null(large);
    large[KM_FUNCTION_CODE_MAX - 1] = 7;
    function.code = KM_SLICE(large, KM_FUNCTION_CODE_MAX + 1);
    assert_status(rig, KM_E_LIMIT, km_registry_function_create(rig->reg, ACCOUNT, &function));
    function.code.len--;
    assert_ok(rig, km_registry_function_create(rig->reg, ACCOUNT, &function));
    assert_code(rig, 0, function.code);
    struct km_arena *small = km_arena_new(1000);
    struct km_slice code = {0};
    assert_status(rig, KM_E_LIMIT,
                  km_registry_function_code(rig->reg, small, ACCOUNT, plain.name, 0, &code));
    km_arena_free(small);
    function.name = "empty";
    function.code.len = 0;
    assert_status(rig, KM_E_ARG, km_registry_function_create(rig->reg, ACCOUNT, &function));
    free(large);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(what_was_created_comes_back),     RIG_TEST(updates_make_new_revisions),
        RIG_TEST(versions_are_published_and_stay), RIG_TEST(qualifiers_become_versions),
        RIG_TEST(aliases_hold_versions),           RIG_TEST(permissions_are_kept_by_qualifier),
        RIG_TEST(all_of_a_function_goes_with_it),  RIG_TEST(code_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
