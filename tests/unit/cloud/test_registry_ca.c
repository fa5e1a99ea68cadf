/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_ca.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_ca_new plain = {
    .der = OCTETS("der of a CA"),
    .subject = OCTETS("CN=some CA"),
    .not_before_ms = 10,
    .not_after_ms = 20,
};

static void a_code_stays_until_it_is_deleted(void **state)
{
    struct rig *rig = *state;
    char first[KM_REGISTRATION_CODE_LEN + 1] = {0};
    char again[KM_REGISTRATION_CODE_LEN + 1] = {0};
    assert_ok(rig, km_registry_registration_code(rig->reg, ACCOUNT, first));
    assert_int_equal(strspn(first, "0123456789abcdef"), KM_REGISTRATION_CODE_LEN);
    assert_ok(rig, km_registry_registration_code(rig->reg, ACCOUNT, again));
    assert_string_equal(first, again);
    assert_ok(rig, km_registry_registration_code_delete(rig->reg, ACCOUNT));
    assert_status(rig, KM_E_NOTFOUND, km_registry_registration_code_delete(rig->reg, ACCOUNT));
    assert_ok(rig, km_registry_registration_code(rig->reg, ACCOUNT, again));
    assert_string_not_equal(first, again);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_registration_code(rig->reg, OTHER_ACCOUNT, again));
    assert_status(rig, KM_E_ARG, km_registry_registration_code(rig->reg, "12345", again));
}

static void what_is_registered_comes_back(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca ca = {0};
    struct km_registry_ca_new with_config = plain;
    with_config.registration_config = "{\"roleArn\":\"\xc3\xa9\"}";
    assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &with_config, id));
    /* SHA-256 of the octets, by openssl dgst */
    assert_string_equal(id, "6ba0b5923d0a3d7e0f0c93e2001567bb670598cee1587db157765a03a7af8663");
    assert_ok(rig, km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, id, &ca));
    assert_string_equal(ca.id, id);
    assert_string_equal(ca.account, ACCOUNT);
    assert_true(km_slice_equal(ca.der, plain.der));
    assert_true(km_slice_equal(ca.subject, plain.subject));
    assert_string_equal(ca.registration_config, with_config.registration_config);
    assert_int_equal(ca.mode, KM_CA_DEFAULT);
    assert_false(ca.is_active);
    assert_false(ca.has_auto_registration);
    assert_int_equal(ca.customer_version, 1);
    assert_int_equal(ca.created_ms, rig->now_ms);
    assert_int_equal(ca.modified_ms, rig->now_ms);
    assert_int_equal(ca.not_before_ms, 10);
    assert_int_equal(ca.not_after_ms, 20);
    assert_int_equal(strlen(ca.generation_id), KM_REGISTRY_UUID_LEN);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_ca_get(rig->reg, rig->arena, OTHER_ACCOUNT, id, &ca));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, NO_ID, &ca));
}

static void one_ca_is_in_one_account_unless_both_are_sni_only(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    char again[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca_new sni = {
        .der = OCTETS("sni"), .subject = OCTETS("CN=s"), .mode = KM_CA_SNI_ONLY};
    struct km_registry_ca_new same = sni;
    same.mode = KM_CA_DEFAULT;
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &plain, id));
    assert_status(rig, KM_E_EXISTS, km_registry_ca_register(rig->reg, ACCOUNT, &plain, again));
    assert_string_equal(id, again);
    assert_status(rig, KM_E_EXISTS,
                  km_registry_ca_register(rig->reg, OTHER_ACCOUNT, &plain, again));
    assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &sni, id));
    assert_status(rig, KM_E_EXISTS, km_registry_ca_register(rig->reg, ACCOUNT, &sni, again));
    assert_status(rig, KM_E_EXISTS, km_registry_ca_register(rig->reg, OTHER_ACCOUNT, &same, again));
    assert_ok(rig, km_registry_ca_register(rig->reg, OTHER_ACCOUNT, &sni, id));
    same.der = OCTETS_OF("of nobody");
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_ca_register(rig->reg, "000000000000", &same, again));
}

static void ten_share_a_subject_and_no_more(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca_list list = {0};
    struct km_registry_ca_new ca = {.subject = plain.subject};
    for (int i = 0; i < KM_CA_SAME_SUBJECT_MAX; i++) {
        ca.der = KM_SLICE_STR(rig_name("CA ", i));
        assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    }
    ca.der = OCTETS_OF("CA too many");
    assert_status(rig, KM_E_LIMIT, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    ca.subject = OCTETS_OF("CN=another");
    assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    assert_ok(rig, km_registry_ca_by_subject(rig->reg, rig->arena, ACCOUNT, plain.subject, &list));
    assert_int_equal(list.n_items, KM_CA_SAME_SUBJECT_MAX);
    assert_null(list.next);
    for (size_t i = 0; i < list.n_items; i++)
        assert_true(km_slice_equal(list.items[i].subject, plain.subject));
    assert_ok(rig,
              km_registry_ca_by_subject(rig->reg, rig->arena, ACCOUNT, OCTETS_OF("no"), &list));
    assert_int_equal(list.n_items, 0);
    assert_ok(rig, km_registry_ca_list(rig->reg, rig->arena, ACCOUNT, NULL, &list));
    assert_int_equal(list.n_items, KM_CA_SAME_SUBJECT_MAX + 1);
}

static void updates_change_what_they_name(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca before = {0};
    struct km_registry_ca after = {0};
    const bool yes = true;
    const bool no = false;
    assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &plain, id));
    assert_ok(rig, km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, id, &before));
    rig->now_ms += 1000;
    int64_t generation = rig_generation(rig);
    assert_ok(rig, km_registry_ca_update(rig->reg, ACCOUNT, id,
                                         &(struct km_registry_ca_update){.is_active = &no}));
    assert_int_equal(rig_generation(rig), generation);
    assert_ok(rig, km_registry_ca_update(rig->reg, ACCOUNT, id,
                                         &(struct km_registry_ca_update){
                                             .is_active = &yes, .registration_config = "{}"}));
    assert_int_equal(rig_generation(rig), generation + 1);
    assert_ok(rig, km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, id, &after));
    assert_true(after.is_active);
    assert_false(after.has_auto_registration);
    assert_string_equal(after.registration_config, "{}");
    assert_int_equal(after.customer_version, 2);
    assert_int_equal(after.modified_ms, rig->now_ms);
    assert_string_not_equal(after.generation_id, before.generation_id);
    assert_ok(rig, km_registry_ca_update(
                       rig->reg, ACCOUNT, id,
                       &(struct km_registry_ca_update){.has_auto_registration = &yes,
                                                       .removes_registration_config = true}));
    assert_ok(rig, km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, id, &after));
    assert_true(after.is_active && after.has_auto_registration);
    assert_null(after.registration_config);
    assert_int_equal(after.customer_version, 2);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_ca_update(rig->reg, ACCOUNT, NO_ID,
                                        &(struct km_registry_ca_update){.is_active = &yes}));
}

static void only_an_inactive_one_can_be_deleted(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca ca = {0};
    const bool no = false;
    rig_ca(rig, ACCOUNT, "der", "CN=x", id);
    assert_status(rig, KM_E_STATE, km_registry_ca_delete(rig->reg, ACCOUNT, id));
    assert_ok(rig, km_registry_ca_update(rig->reg, ACCOUNT, id,
                                         &(struct km_registry_ca_update){.is_active = &no}));
    assert_ok(rig, km_registry_ca_delete(rig->reg, ACCOUNT, id));
    assert_status(rig, KM_E_NOTFOUND, km_registry_ca_delete(rig->reg, ACCOUNT, id));
    assert_status(rig, KM_E_NOTFOUND, km_registry_ca_get(rig->reg, rig->arena, ACCOUNT, id, &ca));
}

static void bounds(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    static uint8_t large[KM_CERTIFICATE_DER_MAX + 1];
    struct km_registry_ca_new ca = plain;
    ca.der = KM_SLICE(large, sizeof(large));
    assert_status(rig, KM_E_ARG, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    ca.der = KM_SLICE(large, sizeof(large) - 1);
    assert_ok(rig, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    ca.der = KM_SLICE(large, 0);
    assert_status(rig, KM_E_ARG, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    ca = plain;
    ca.subject = KM_SLICE(large, KM_CA_SUBJECT_MAX + 1);
    assert_status(rig, KM_E_ARG, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
    ca = plain;
    ca.registration_config = "\xff";
    assert_status(rig, KM_E_ARG, km_registry_ca_register(rig->reg, ACCOUNT, &ca, id));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(a_code_stays_until_it_is_deleted),
        RIG_TEST(what_is_registered_comes_back),
        RIG_TEST(one_ca_is_in_one_account_unless_both_are_sni_only),
        RIG_TEST(ten_share_a_subject_and_no_more),
        RIG_TEST(updates_change_what_they_name),
        RIG_TEST(only_an_inactive_one_can_be_deleted),
        RIG_TEST(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
