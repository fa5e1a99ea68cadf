/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are somebody's for a while: tokens that count once, for one holder, for an hour. */
#include "tests/unit/cloud/registry_rig.h"

#include "cloud/registry/registry_claim.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_thing.h"

#define HOLDER "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER_HOLDER "2222222222222222222222222222222222222222222222222222222222222222"

struct claimed {
    char id[KM_CERTIFICATE_ID_LEN + 1];
    char token[KM_CLAIM_TOKEN_LEN + 1];
};

static struct claimed claim(struct rig *rig, const char *der)
{
    struct claimed made = {{0}, {0}};
    const struct km_registry_certificate_new new = {
        .der = KM_SLICE_STR(der), .mode = KM_CA_SNI_ONLY, .not_after_ms = rig->now_ms + 1000};
    assert_ok(rig,
              km_registry_claim_register(rig->reg, ACCOUNT, &new, HOLDER, made.id, made.token));
    return made;
}

/* 0: it is not there. */
static enum km_certificate_status status_of(struct rig *rig, const char *id)
{
    struct km_registry_certificate_state got = {0};
    return km_registry_certificate_state(rig->reg, ACCOUNT, id, &got) == KM_OK ? got.status : 0;
}

static void a_token_counts_once(void **state)
{
    struct rig *rig = *state;
    struct claimed made = claim(rig, "one");
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    assert_int_equal(strlen(made.token), KM_CLAIM_TOKEN_LEN);
    assert_int_equal(status_of(rig, made.id), KM_CERTIFICATE_PENDING_ACTIVATION);
    assert_ok(rig, km_registry_claim_take(rig->reg, ACCOUNT, made.token, HOLDER, id));
    assert_string_equal(id, made.id);
    assert_status(rig, KM_E_AUTH,
                  km_registry_claim_take(rig->reg, ACCOUNT, made.token, HOLDER, id));
}

static void what_was_undone_was_not_taken(void **state)
{
    struct rig *rig = *state;
    struct claimed made = claim(rig, "one");
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    assert_ok(rig, km_registry_begin(rig->reg));
    assert_ok(rig, km_registry_claim_take(rig->reg, ACCOUNT, made.token, HOLDER, id));
    assert_ok(rig, km_registry_rollback(rig->reg));
    assert_ok(rig, km_registry_claim_take(rig->reg, ACCOUNT, made.token, HOLDER, id));
}

static void a_token_is_its_holders(void **state)
{
    struct rig *rig = *state;
    struct claimed made = claim(rig, "one");
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    char wrong[KM_CLAIM_TOKEN_LEN + 1] = "";
    km_copy(wrong, sizeof(wrong), made.token, sizeof(made.token));
    wrong[KM_CLAIM_TOKEN_LEN - 1] = wrong[KM_CLAIM_TOKEN_LEN - 1] == '0' ? '1' : '0';
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    const char *const bad[] = {wrong, "", "x"};
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_status(rig, KM_E_AUTH,
                      km_registry_claim_take(rig->reg, ACCOUNT, bad[i], HOLDER, id));
    assert_status(rig, KM_E_AUTH,
                  km_registry_claim_take(rig->reg, ACCOUNT, made.token, OTHER_HOLDER, id));
    assert_status(rig, KM_E_AUTH,
                  km_registry_claim_take(rig->reg, OTHER_ACCOUNT, made.token, HOLDER, id));
    assert_status(rig, KM_E_ARG, km_registry_claim_take(rig->reg, ACCOUNT, made.token, "x", id));
    assert_ok(rig, km_registry_claim_take(rig->reg, ACCOUNT, made.token, HOLDER, id));
}

static void its_time_passes(void **state)
{
    struct rig *rig = *state;
    struct claimed made = claim(rig, "one");
    struct claimed decided = claim(rig, "two");
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    assert_ok(rig, km_registry_certificate_set_status(rig->reg, ACCOUNT, decided.id,
                                                      KM_CERTIFICATE_INACTIVE));
    assert_status(rig, KM_E_AUTH,
                  km_registry_claim_take(rig->reg, ACCOUNT, decided.token, HOLDER, id));
    rig->now_ms += KM_CLAIM_MS;
    assert_status(rig, KM_E_AUTH,
                  km_registry_claim_take(rig->reg, ACCOUNT, made.token, HOLDER, id));
    struct claimed fresh = claim(rig, "three");
    assert_int_equal(status_of(rig, made.id), 0); /* nobody took it */
    assert_int_equal(status_of(rig, decided.id), KM_CERTIFICATE_INACTIVE);
    assert_ok(rig, km_registry_claim_take(rig->reg, ACCOUNT, fresh.token, HOLDER, id));
}

static void a_temporary_one_goes_with_its_policies(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    char thing[KM_REGISTRY_UUID_LEN + 1] = "";
    char kept[KM_CERTIFICATE_ID_LEN + 1] = "";
    const struct km_registry_thing_new lamp = {.name = "lamp"};
    struct km_registry_certificate_new new = {.der = KM_SLICE_STR("temporary"),
                                              .mode = KM_CA_SNI_ONLY,
                                              .not_after_ms = rig->now_ms + KM_CLAIM_TEMPORARY_MS};
    assert_ok(rig, km_registry_claim_temporary(rig->reg, ACCOUNT, &new, id));
    assert_status(rig, KM_E_EXISTS, km_registry_claim_temporary(rig->reg, ACCOUNT, &new, kept));
    new.der = KM_SLICE_STR("another");
    assert_ok(rig, km_registry_claim_temporary(rig->reg, ACCOUNT, &new, kept));
    assert_int_equal(status_of(rig, id), KM_CERTIFICATE_ACTIVE);
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = id};
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p", &target));
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &lamp, thing));
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "lamp", kept));
    rig->now_ms += KM_CLAIM_TEMPORARY_MS;
    (void)claim(rig, "next");
    assert_int_equal(status_of(rig, id), 0);
    assert_int_equal(status_of(rig, kept), KM_CERTIFICATE_ACTIVE); /* it got a thing */
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(a_token_counts_once),
        RIG_TEST(what_was_undone_was_not_taken),
        RIG_TEST(a_token_is_its_holders),
        RIG_TEST(its_time_passes),
        RIG_TEST(a_temporary_one_goes_with_its_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
