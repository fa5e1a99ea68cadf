/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_shadow.h"
#include "tests/unit/cloud/registry_rig.h"

static km_status put(struct rig *rig, const char *name, int64_t version, const char *state)
{
    struct km_registry_shadow_put put = {
        .thing = "t", .name = name, .state = state, .metadata = "{}", .version = version};
    return km_registry_shadow_put(rig->reg, ACCOUNT, &put);
}

static void assert_shadow(struct rig *rig, const char *name, int64_t version, const char *state)
{
    struct km_registry_shadow shadow = {0};
    assert_ok(rig, km_registry_shadow_get(rig->reg, rig->arena, ACCOUNT, "t", name, &shadow));
    assert_int_equal(shadow.version, version);
    if (state == NULL)
        assert_null(shadow.state);
    else
        assert_string_equal(shadow.state, state);
}

static void versions_are_compared_and_counted(void **state)
{
    struct rig *rig = *state;
    assert_shadow(rig, "", 0, NULL);
    assert_status(rig, KM_E_STALE, put(rig, "", 1, "{}"));
    assert_ok(rig, put(rig, "", 0, "{\"desired\":{}}"));
    assert_shadow(rig, "", 1, "{\"desired\":{}}");
    assert_status(rig, KM_E_STALE, put(rig, "", 0, "{}"));
    assert_status(rig, KM_E_STALE, put(rig, "", 2, "{}"));
    assert_ok(rig, put(rig, "", 1, "{\"reported\":{}}"));
    assert_shadow(rig, "", 2, "{\"reported\":{}}");
    int64_t generation = rig_generation(rig);
    assert_ok(rig, put(rig, "named", 0, "{}"));
    assert_shadow(rig, "named", 1, "{}");
    assert_shadow(rig, "", 2, "{\"reported\":{}}");
    assert_int_equal(rig_generation(rig), generation);
}

static void numbering_goes_on_for_48_hours(void **state)
{
    struct rig *rig = *state;
    assert_ok(rig, put(rig, "", 0, "{}"));
    assert_ok(rig, put(rig, "", 1, "{}"));
    assert_status(rig, KM_E_STALE, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "", 1));
    assert_ok(rig, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "", 2));
    assert_status(rig, KM_E_NOTFOUND, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "", 2));
    assert_shadow(rig, "", 2, NULL);
    assert_status(rig, KM_E_STALE, put(rig, "", 0, "{}"));
    rig->now_ms += KM_SHADOW_TOMBSTONE_MS - 1;
    assert_ok(rig, put(rig, "", 2, "{}"));
    assert_shadow(rig, "", 3, "{}");
    assert_ok(rig, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "", 3));
    rig->now_ms += KM_SHADOW_TOMBSTONE_MS;
    assert_shadow(rig, "", 0, NULL);
    assert_status(rig, KM_E_STALE, put(rig, "", 3, "{}"));
    assert_ok(rig, put(rig, "", 0, "{}"));
    assert_shadow(rig, "", 1, "{}");
}

static void sweeping_forgets_what_is_old(void **state)
{
    struct rig *rig = *state;
    struct km_registry_shadow_put later = {
        .thing = "t", .name = "b", .state = "{}", .metadata = "{}"};
    assert_ok(rig, put(rig, "a", 0, "{}"));
    assert_ok(rig, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "a", 1));
    rig->now_ms += KM_SHADOW_TOMBSTONE_MS;
    assert_ok(rig, km_registry_shadow_put(rig->reg, ACCOUNT, &later));
    assert_ok(rig, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "b", 1));
    assert_ok(rig, km_registry_shadow_sweep(rig->reg));
    rig->now_ms -= KM_SHADOW_TOMBSTONE_MS;
    assert_shadow(rig, "a", 0, NULL);
    assert_shadow(rig, "b", 1, NULL);
}

static void named_shadows_are_listed(void **state)
{
    struct rig *rig = *state;
    struct km_registry_names names = {0};
    assert_ok(rig, put(rig, "", 0, "{}"));
    assert_ok(rig, put(rig, "$x:1", 0, "{}"));
    assert_ok(rig, put(rig, "config", 0, "{}"));
    assert_ok(rig, put(rig, "gone", 0, "{}"));
    assert_ok(rig, km_registry_shadow_delete(rig->reg, ACCOUNT, "t", "gone", 1));
    assert_ok(rig, km_registry_shadow_names(rig->reg, rig->arena, ACCOUNT, "t", NULL, &names));
    assert_int_equal(names.n_names, 2);
    assert_string_equal(names.names[0], "$x:1");
    assert_string_equal(names.names[1], "config");
}

static void names_and_texts_have_bounds(void **state)
{
    struct rig *rig = *state;
    static char text[KM_SHADOW_TEXT_MAX + 2];
    struct km_registry_shadow shadow = {0};
    assert_status(rig, KM_E_ARG, put(rig, "a/b", 0, "{}"));
    assert_status(rig, KM_E_ARG, put(rig, "", -1, "{}"));
    assert_status(rig, KM_E_ARG, put(rig, "", INT64_MAX, "{}"));
    assert_status(rig, KM_E_ARG, put(rig, "", 0, ""));
    memset(text, 's', KM_SHADOW_TEXT_MAX + 1);
    assert_status(rig, KM_E_ARG, put(rig, "", 0, text));
    text[KM_SHADOW_TEXT_MAX] = '\0';
    assert_ok(rig, put(rig, "", 0, text));
    assert_status(rig, KM_E_ARG,
                  km_registry_shadow_get(rig->reg, rig->arena, ACCOUNT, "a b", "", &shadow));
}

/* Two writers that read the same version: one wins, the other is told. */
static void of_two_writers_one_wins(void **state)
{
    struct rig *rig = *state;
    struct km_registry *other = rig_another(rig);
    struct km_registry_shadow_put theirs = {
        .thing = "t", .name = "", .state = "{\"b\":1}", .metadata = "{}", .version = 1};
    assert_ok(rig, put(rig, "", 0, "{}"));
    assert_ok(rig, put(rig, "", 1, "{\"a\":1}"));
    assert_int_equal(km_registry_shadow_put(other, ACCOUNT, &theirs), KM_E_STALE);
    theirs.version = 2;
    assert_int_equal(km_registry_shadow_put(other, ACCOUNT, &theirs), KM_OK);
    assert_shadow(rig, "", 3, "{\"b\":1}");
    km_registry_close(other);
}

static void a_failed_one_does_not_end_a_transaction(void **state)
{
    struct rig *rig = *state;
    struct km_registry_shadow_put nobodys = {
        .thing = "t", .name = "", .state = "{}", .metadata = "{}"};
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, put(rig, "", 0, "{}"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_shadow_put(rig->reg, OTHER_ACCOUNT, &nobodys));
    assert_status(rig, KM_E_STALE, put(rig, "", 0, "{}"));
    assert_ok(rig, put(rig, "", 1, "{}"));
    assert_ok(rig, km_registry_commit(rig->reg));
    assert_shadow(rig, "", 2, "{}");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(versions_are_compared_and_counted),
        RIG_TEST(numbering_goes_on_for_48_hours),
        RIG_TEST(sweeping_forgets_what_is_old),
        RIG_TEST(named_shadows_are_listed),
        RIG_TEST(names_and_texts_have_bounds),
        RIG_TEST(of_two_writers_one_wins),
        RIG_TEST(a_failed_one_does_not_end_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
