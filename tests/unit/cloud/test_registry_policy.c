/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_thing.h"
#include "tests/unit/cloud/registry_rig.h"

#define ID_ROOM (KM_CERTIFICATE_ID_LEN + 1)

static void versions_are_numbered_and_bounded(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy policy = {0};
    struct km_registry_policy_list list = {0};
    int64_t version = 0;
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "doc 1"));
    assert_status(rig, KM_E_EXISTS, km_registry_policy_create(rig->reg, ACCOUNT, "p", "doc"));
    for (int i = 2; i <= KM_POLICY_VERSIONS_MAX; i++) {
        assert_ok(rig, km_registry_policy_version_create(rig->reg, ACCOUNT, "p",
                                                         rig_name("doc ", i), i == 3, &version));
        assert_int_equal(version, i);
    }
    assert_status(rig, KM_E_LIMIT,
                  km_registry_policy_version_create(rig->reg, ACCOUNT, "p", "x", true, &version));
    assert_ok(rig, km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "p", 0, &policy));
    assert_int_equal(policy.version, 3);
    assert_true(policy.is_default);
    assert_string_equal(policy.document, "doc 3");
    assert_ok(rig, km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "p", 1, &policy));
    assert_string_equal(policy.document, "doc 1");
    assert_false(policy.is_default);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "p", 6, &policy));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_get(rig->reg, rig->arena, ACCOUNT, "q", 0, &policy));
    assert_ok(rig, km_registry_policy_version_list(rig->reg, rig->arena, ACCOUNT, "p", &list));
    assert_int_equal(list.n_items, KM_POLICY_VERSIONS_MAX);
    for (size_t i = 0; i < list.n_items; i++)
        assert_int_equal(list.items[i].version, KM_POLICY_VERSIONS_MAX - (int)i);
    assert_ok(rig, km_registry_policy_version_delete(rig->reg, ACCOUNT, "p", 5));
    assert_ok(rig, km_registry_policy_version_create(rig->reg, ACCOUNT, "p", "x", false, &version));
    assert_int_equal(version, 6);
}

static void the_default_version_is_held(void **state)
{
    struct rig *rig = *state;
    struct km_registry_policy_list list = {0};
    int64_t version = 0;
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "doc 1"));
    assert_ok(rig,
              km_registry_policy_version_create(rig->reg, ACCOUNT, "p", "doc 2", false, &version));
    assert_status(rig, KM_E_BUSY, km_registry_policy_version_delete(rig->reg, ACCOUNT, "p", 1));
    assert_status(rig, KM_E_BUSY, km_registry_policy_delete(rig->reg, ACCOUNT, "p"));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_version_set_default(rig->reg, ACCOUNT, "p", 3));
    assert_ok(rig, km_registry_policy_version_set_default(rig->reg, ACCOUNT, "p", 2));
    int64_t generation = rig_generation(rig);
    assert_ok(rig, km_registry_policy_version_set_default(rig->reg, ACCOUNT, "p", 2));
    assert_int_equal(rig_generation(rig), generation);
    assert_ok(rig, km_registry_policy_version_delete(rig->reg, ACCOUNT, "p", 1));
    assert_status(rig, KM_E_NOTFOUND, km_registry_policy_version_delete(rig->reg, ACCOUNT, "p", 1));
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p"));
    assert_status(rig, KM_E_NOTFOUND, km_registry_policy_delete(rig->reg, ACCOUNT, "p"));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_version_list(rig->reg, rig->arena, ACCOUNT, "p", &list));
}

static void names_and_documents_have_bounds(void **state)
{
    struct rig *rig = *state;
    char document[KM_POLICY_OCTETS_MAX + 2] = {0};
    char name[KM_POLICY_NAME_MAX + 2] = {0};
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, "", "{}"));
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, "a b", "{}"));
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, "a'b", "{}"));
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, NULL, "{}"));
    memset(name, 'n', KM_POLICY_NAME_MAX + 1);
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, name, "{}"));
    name[KM_POLICY_NAME_MAX] = '\0';
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, name, "{}"));
    memset(document, 'd', KM_POLICY_OCTETS_MAX + 1);
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, "p", document));
    document[KM_POLICY_OCTETS_MAX] = '\0';
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "A_z+=,.@-9", document));
    assert_status(rig, KM_E_ARG, km_registry_policy_create(rig->reg, ACCOUNT, "p", ""));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_create(rig->reg, OTHER_ACCOUNT, "p", "{}"));
}

static void ten_are_attached_and_no_more(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    struct km_registry_names names = {0};
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    for (int i = 0; i <= KM_POLICIES_PER_TARGET_MAX; i++)
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", 10 + i), "{}"));
    for (int i = 0; i < KM_POLICIES_PER_TARGET_MAX; i++)
        assert_ok(rig,
                  km_registry_policy_attach(rig->reg, ACCOUNT, rig_name("p", 10 + i), &target));
    assert_status(rig, KM_E_LIMIT, km_registry_policy_attach(rig->reg, ACCOUNT, "p20", &target));
    int64_t generation = rig_generation(rig);
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p10", &target));
    assert_int_equal(rig_generation(rig), generation);
    assert_ok(rig, km_registry_policy_list_attached(rig->reg, rig->arena, ACCOUNT, &target, false,
                                                    &names));
    assert_int_equal(names.n_names, KM_POLICIES_PER_TARGET_MAX);
    assert_string_equal(names.names[9], "p19");
    assert_status(rig, KM_E_BUSY, km_registry_policy_delete(rig->reg, ACCOUNT, "p10"));
    assert_ok(rig, km_registry_policy_detach(rig->reg, ACCOUNT, "p10", &target));
    assert_ok(rig, km_registry_policy_detach(rig->reg, ACCOUNT, "p10", &target));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p20", &target));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_detach(rig->reg, ACCOUNT, "none", &target));
}

static void both_ends_must_exist(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    struct km_policy_target_list list = {0};
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_ok(rig, km_registry_policy_create(rig->reg, OTHER_ACCOUNT, "p", "{}"));
    struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    struct km_policy_target none = {KM_TARGET_CERTIFICATE, NO_ID};
    struct km_policy_target group = {KM_TARGET_GROUP, "none"};
    assert_status(rig, KM_E_NOTFOUND, km_registry_policy_attach(rig->reg, ACCOUNT, "q", &target));
    assert_status(rig, KM_E_NOTFOUND, km_registry_policy_attach(rig->reg, ACCOUNT, "p", &none));
    assert_status(rig, KM_E_NOTFOUND, km_registry_policy_attach(rig->reg, ACCOUNT, "p", &group));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_attach(rig->reg, OTHER_ACCOUNT, "p", &target));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p", &target));
    assert_ok(rig, km_registry_policy_targets(rig->reg, rig->arena, ACCOUNT, "p", NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].id, id);
    assert_ok(rig,
              km_registry_policy_targets(rig->reg, rig->arena, OTHER_ACCOUNT, "p", NULL, &list));
    assert_int_equal(list.n_items, 0);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_policy_targets(rig->reg, rig->arena, ACCOUNT, "q", NULL, &list));
}

static void a_certificates_own_policies_count(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    int64_t version = 0;
    struct km_registry_policy_list list = {0};
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    for (int i = 0; i < 3; i++)
        assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, rig_name("p", i), "{}"));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p2", &target));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p0", &target));
    assert_ok(rig,
              km_registry_policy_version_create(rig->reg, ACCOUNT, "p2", "new", true, &version));
    assert_ok(rig, km_registry_policy_effective(rig->reg, rig->arena, ACCOUNT, id, NULL, &list));
    assert_int_equal(list.n_items, 2);
    assert_string_equal(list.items[0].name, "p0");
    assert_string_equal(list.items[0].document, "{}");
    assert_string_equal(list.items[1].name, "p2");
    assert_string_equal(list.items[1].document, "new");
    assert_int_equal(list.items[1].version, 2);
    assert_ok(rig,
              km_registry_policy_effective(rig->reg, rig->arena, ACCOUNT, id, "a/\xff", &list));
    assert_int_equal(list.n_items, 2);
    assert_ok(rig, km_registry_policy_effective(rig->reg, rig->arena, ACCOUNT, NO_ID, NULL, &list));
    assert_int_equal(list.n_items, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(versions_are_numbered_and_bounded),
        RIG_TEST(the_default_version_is_held),
        RIG_TEST(names_and_documents_have_bounds),
        RIG_TEST(ten_are_attached_and_no_more),
        RIG_TEST(both_ends_must_exist),
        RIG_TEST(a_certificates_own_policies_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
