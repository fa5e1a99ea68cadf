/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_change.h"
#include "cloud/registry/registry_policy.h"
#include "tests/unit/cloud/registry_rig.h"

static void each_write_is_one_step(void **state)
{
    struct rig *rig = *state;
    struct km_registry_change_list list = {0};
    int64_t start = rig_generation(rig);
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, start, 100, &list));
    assert_int_equal(list.n_items, 0);
    assert_int_equal(list.generation, start);
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_status(rig, KM_E_EXISTS, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "q", "{}"));
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p"));
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, start, 2, &list));
    assert_int_equal(list.n_items, 2);
    assert_int_equal(list.generation, start + 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(list.items[i].generation, start + 1 + i);
        assert_int_equal(list.items[i].kind, KM_CHANGE_POLICY);
        assert_string_equal(list.items[i].account, ACCOUNT);
        assert_string_equal(list.items[i].id, i == 0 ? "p" : "q");
    }
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, start + 2, 10, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].id, "p");
    assert_status(rig, KM_E_ARG, km_registry_changes(rig->reg, rig->arena, 0, 0, &list));
    assert_status(rig, KM_E_ARG, km_registry_changes(rig->reg, rig->arena, 0, 10001, &list));
}

static void what_was_compacted_is_said_so(void **state)
{
    struct rig *rig = *state;
    struct km_registry_change_list list = {0};
    for (int i = 0; i < 9; i++)
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", i), "{}"));
    int64_t last = rig_generation(rig);
    assert_ok(rig, km_registry_changes_compact(rig->reg, 3));
    assert_int_equal(rig_generation(rig), last);
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, last - 3, 100, &list));
    assert_int_equal(list.n_items, 3);
    assert_status(rig, KM_E_STALE, km_registry_changes(rig->reg, rig->arena, last - 4, 100, &list));
    assert_status(rig, KM_E_STALE, km_registry_changes(rig->reg, rig->arena, 0, 100, &list));
    assert_status(rig, KM_E_STALE, km_registry_changes(rig->reg, rig->arena, last + 1, 100, &list));
    assert_ok(rig, km_registry_changes_compact(rig->reg, 0));
    assert_int_equal(rig_generation(rig), last);
    assert_ok(rig, km_registry_changes(rig->reg, rig->arena, last, 100, &list));
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p0"));
    assert_int_equal(rig_generation(rig), last + 1);
}

static void what_is_undone_leaves_nothing(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy policy = {0};
    int64_t start = rig_generation(rig);
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_status(rig, KM_E_STATE, km_registry_begin(rig->reg));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_ok(rig, km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "p", 0, &policy));
    assert_ok(rig, km_registry_rollback(rig->reg));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "p", 0, &policy));
    assert_int_equal(rig_generation(rig), start);
    assert_status(rig, KM_E_STATE, km_registry_commit(rig->reg));
    assert_status(rig, KM_E_STATE, km_registry_rollback(rig->reg));
}

static void a_call_that_fails_undoes_itself_alone(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy policy = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry *other = rig_another(rig);
    assert_ok(rig, km_registry_begin(rig->reg));
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    for (int i = 0; i <= KM_POLICIES_PER_TARGET_MAX; i++) {
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", i), "{}"));
        assert_status(rig, i < KM_POLICIES_PER_TARGET_MAX ? KM_OK : KM_E_LIMIT,
                      km_registry_policy_attach(rig->reg, ACCOUNT, rig_name("p", i), &target));
    }
    assert_int_equal(km_registry_policy_get(other, rig->arena, ACCOUNT, "p0", 0, &policy),
                     KM_E_NOTFOUND);
    assert_ok(rig, km_registry_commit(rig->reg));
    assert_int_equal(km_registry_policy_get(other, rig->arena, ACCOUNT, "p10", 0, &policy), KM_OK);
    struct km_registry_policy_list list = {0};
    assert_ok(rig, km_registry_policy_effective(rig->reg, rig->arena, ACCOUNT, id, NULL, &list));
    assert_int_equal(list.n_items, KM_POLICIES_PER_TARGET_MAX);
    km_registry_close(other);
}

static void a_part_is_undone_alone(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy policy = {0};
    assert_status(rig, KM_E_STATE, km_registry_part_begin(rig->reg));
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "before", "{}"));
    assert_ok(rig, km_registry_part_begin(rig->reg));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "undone", "{}"));
    assert_status(rig, KM_E_EXISTS, km_registry_policy_create(rig->reg, ACCOUNT, "before", "{}"));
    assert_ok(rig, km_registry_part_undo(rig->reg));
    assert_ok(rig, km_registry_part_begin(rig->reg));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "kept", "{}"));
    assert_ok(rig, km_registry_part_keep(rig->reg));
    assert_ok(rig, km_registry_commit(rig->reg));
    assert_status(rig, KM_E_STATE, km_registry_part_keep(rig->reg));
    assert_ok(rig, km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "before", 0, &policy));
    assert_ok(rig, km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "kept", 0, &policy));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "undone", 0, &policy));
}

/* A part that can't be ended has left the transaction in nobody knows what state. */
static void a_part_that_nobody_began_spoils(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy policy = {0};
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_int_not_equal(km_registry_part_undo(rig->reg), KM_OK);
    assert_status(rig, KM_E_DEAD, km_registry_commit(rig->reg));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "p", 0, &policy));
}

static void readers_alone_may_not_write(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_registry *reader = NULL;
    struct km_registry_config config = rig_config(rig);
    int64_t generation = 0;
    config.is_read_only = true;
    assert_int_equal(km_registry_open(&err, &config, &reader), KM_OK);
    assert_int_equal(km_registry_generation(reader, &generation), KM_OK);
    assert_int_equal(generation, rig_generation(rig));
    assert_int_equal(km_registry_policy_create(reader, ACCOUNT, "p", "{}"), KM_E_DENIED);
    assert_int_equal(km_registry_begin(reader), KM_E_DENIED);
    km_registry_close(reader);
}

static void urls_are_checked(void **state)
{
    static const struct {
        const char *url;
        km_status outcome;
    } rows[] = {
        {NULL, KM_E_ARG},
        {"", KM_E_ARG},
        {"registry.db", KM_E_ARG},
        {"sqlite:/nowhere/at/all/registry.db", KM_E_NOTFOUND},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_err err = {0};
        struct km_registry *reg = NULL;
        struct km_registry_config config = {.url = rows[i].url, .may_create = true};
        assert_int_equal(km_registry_open(&err, &config, &reg), rows[i].outcome);
        assert_true(err.text[0] != '\0');
        assert_null(reg);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(each_write_is_one_step),        RIG_TEST(what_was_compacted_is_said_so),
        RIG_TEST(what_is_undone_leaves_nothing), RIG_TEST(a_call_that_fails_undoes_itself_alone),
        RIG_TEST(a_part_is_undone_alone),        RIG_TEST(a_part_that_nobody_began_spoils),
        RIG_TEST(readers_alone_may_not_write),   cmocka_unit_test(urls_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
