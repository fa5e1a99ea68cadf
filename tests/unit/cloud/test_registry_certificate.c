/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_thing.h"
#include "tests/unit/cloud/registry_rig.h"

#define ID_ROOM (KM_CERTIFICATE_ID_LEN + 1)

static void states_have_names(void **state)
{
    enum km_certificate_status status = 0;
    (void)state;
    for (int i = KM_CERTIFICATE_ACTIVE; i <= KM_CERTIFICATE_PENDING_ACTIVATION; i++) {
        const char *name = km_certificate_status_name((enum km_certificate_status)i);
        assert_true(km_certificate_status_parse(name, &status));
        assert_int_equal(status, i);
    }
    assert_false(km_certificate_status_parse("active", &status));
    assert_false(km_certificate_status_parse("UNKNOWN", &status));
}

static void what_is_registered_comes_back(void **state)
{
    struct rig *rig = *state;
    char ca_id[ID_ROOM] = {0};
    char id[ID_ROOM] = {0};
    char again[ID_ROOM] = {0};
    struct km_registry_certificate got = {0};
    struct km_registry_certificate_state short_state = {0};
    rig_ca(rig, ACCOUNT, "ca", "CN=ca", ca_id);
    struct km_registry_certificate_new new = {
        .der = OCTETS("der"),
        .ca_id = ca_id,
        .status = KM_CERTIFICATE_INACTIVE,
        .not_before_ms = 7,
        .not_after_ms = 8,
    };
    assert_ok(rig, km_registry_certificate_register(rig->reg, ACCOUNT, &new, id));
    assert_status(rig, KM_E_EXISTS,
                  km_registry_certificate_register(rig->reg, ACCOUNT, &new, again));
    assert_string_equal(id, again);
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &got));
    assert_string_equal(got.id, id);
    assert_string_equal(got.account, ACCOUNT);
    assert_string_equal(got.ca_id, ca_id);
    assert_null(got.previous_account);
    assert_true(km_slice_equal(got.der, new.der));
    assert_int_equal(got.status, KM_CERTIFICATE_INACTIVE);
    assert_int_equal(got.mode, KM_CA_DEFAULT);
    assert_int_equal(got.customer_version, 1);
    assert_int_equal(got.created_ms, rig->now_ms);
    assert_int_equal(got.not_before_ms, 7);
    assert_int_equal(got.not_after_ms, 8);
    assert_ok(rig, km_registry_certificate_state(rig->reg, ACCOUNT, id, &short_state));
    assert_int_equal(short_state.status, KM_CERTIFICATE_INACTIVE);
    assert_int_equal(short_state.not_after_ms, 8);
    assert_string_equal(short_state.ca_id, ca_id);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_get(rig->reg, rig->arena, OTHER_ACCOUNT, id, &got));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_state(rig->reg, ACCOUNT, NO_ID, &short_state));
    assert_status(rig, KM_E_ARG,
                  km_registry_certificate_state(rig->reg, ACCOUNT, "ABC", &short_state));
}

static void not_everything_can_be_registered(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    struct km_registry_certificate_new new = {
        .der = OCTETS("der"), .ca_id = NO_ID, .status = KM_CERTIFICATE_ACTIVE};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_register(rig->reg, ACCOUNT, &new, id));
    new.ca_id = NULL;
    assert_status(rig, KM_E_ARG, km_registry_certificate_register(rig->reg, ACCOUNT, &new, id));
    new.mode = KM_CA_SNI_ONLY;
    new.status = KM_CERTIFICATE_PENDING_ACTIVATION;
    assert_status(rig, KM_E_ARG, km_registry_certificate_register(rig->reg, ACCOUNT, &new, id));
    new.status = KM_CERTIFICATE_ACTIVE;
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_register(rig->reg, OTHER_ACCOUNT, &new, id));
    assert_ok(rig, km_registry_certificate_register(rig->reg, ACCOUNT, &new, id));
}

static void a_first_contact_is_new_once(void **state)
{
    struct rig *rig = *state;
    char ca_id[ID_ROOM] = {0};
    struct km_registry_contact contact = {0};
    struct km_registry *other = rig_another(rig);
    rig_ca(rig, ACCOUNT, "ca", "CN=ca", ca_id);
    struct km_registry_certificate_new new = {.der = OCTETS("device"), .ca_id = ca_id};
    assert_ok(rig, km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    assert_true(contact.is_new);
    assert_int_equal(contact.status, KM_CERTIFICATE_PENDING_ACTIVATION);
    int64_t first_ms = rig->now_ms;
    rig->now_ms += 5000;
    int64_t generation = rig_generation(rig);
    assert_int_equal(km_registry_certificate_register_pending(other, ACCOUNT, &new, &contact),
                     KM_OK);
    assert_false(contact.is_new);
    assert_int_equal(contact.status, KM_CERTIFICATE_PENDING_ACTIVATION);
    assert_int_equal(contact.created_ms, first_ms);
    assert_int_equal(rig_generation(rig), generation);
    assert_ok(rig, km_registry_certificate_set_status(rig->reg, ACCOUNT, contact.id,
                                                      KM_CERTIFICATE_ACTIVE));
    assert_ok(rig, km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    assert_false(contact.is_new);
    assert_int_equal(contact.status, KM_CERTIFICATE_ACTIVE);
    km_registry_close(other);
}

static void a_ca_must_want_first_contacts(void **state)
{
    struct rig *rig = *state;
    char ca_id[ID_ROOM] = {0};
    struct km_registry_contact contact = {0};
    const bool no = false;
    const bool yes = true;
    rig_ca(rig, ACCOUNT, "ca", "CN=ca", ca_id);
    struct km_registry_certificate_new known = {.der = OCTETS("known"), .ca_id = ca_id};
    struct km_registry_certificate_new new = {.der = OCTETS("new"), .ca_id = ca_id};
    assert_ok(rig, km_registry_certificate_register_pending(rig->reg, ACCOUNT, &known, &contact));
    assert_ok(rig,
              km_registry_ca_update(rig->reg, ACCOUNT, ca_id,
                                    &(struct km_registry_ca_update){.has_auto_registration = &no}));
    assert_status(rig, KM_E_STATE,
                  km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    assert_ok(rig, km_registry_certificate_register_pending(rig->reg, ACCOUNT, &known, &contact));
    assert_ok(rig, km_registry_ca_update(rig->reg, ACCOUNT, ca_id,
                                         &(struct km_registry_ca_update){
                                             .is_active = &no, .has_auto_registration = &yes}));
    assert_status(rig, KM_E_STATE,
                  km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    new.ca_id = NO_ID;
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    new.ca_id = NULL;
    assert_status(rig, KM_E_ARG,
                  km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
}

/* From each state to each that a caller may set. */
static void states_change_as_they_may(void **state)
{
    static const struct {
        enum km_certificate_status from;
        enum km_certificate_status to;
        km_status outcome;
    } rows[] = {
        {KM_CERTIFICATE_ACTIVE, KM_CERTIFICATE_INACTIVE, KM_OK},
        {KM_CERTIFICATE_ACTIVE, KM_CERTIFICATE_REVOKED, KM_OK},
        {KM_CERTIFICATE_INACTIVE, KM_CERTIFICATE_ACTIVE, KM_OK},
        {KM_CERTIFICATE_INACTIVE, KM_CERTIFICATE_REVOKED, KM_OK},
        {KM_CERTIFICATE_REVOKED, KM_CERTIFICATE_ACTIVE, KM_E_STATE},
        {KM_CERTIFICATE_REVOKED, KM_CERTIFICATE_INACTIVE, KM_E_STATE},
        {KM_CERTIFICATE_PENDING_ACTIVATION, KM_CERTIFICATE_ACTIVE, KM_OK},
        {KM_CERTIFICATE_PENDING_ACTIVATION, KM_CERTIFICATE_INACTIVE, KM_OK},
        {KM_CERTIFICATE_PENDING_ACTIVATION, KM_CERTIFICATE_REVOKED, KM_OK},
        {KM_CERTIFICATE_ACTIVE, KM_CERTIFICATE_PENDING_ACTIVATION, KM_E_ARG},
        {KM_CERTIFICATE_ACTIVE, KM_CERTIFICATE_PENDING_TRANSFER, KM_E_ARG},
    };
    struct rig *rig = *state;
    char ca_id[ID_ROOM] = {0};
    rig_ca(rig, ACCOUNT, "ca", "CN=ca", ca_id);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_registry_contact contact = {0};
        struct km_registry_certificate got = {0};
        const char *der = rig_name("row ", (int)i);
        if (rows[i].from == KM_CERTIFICATE_PENDING_ACTIVATION) {
            struct km_registry_certificate_new new = {.der = KM_SLICE_STR(der), .ca_id = ca_id};
            assert_ok(rig,
                      km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
        } else {
            rig_certificate(rig, ACCOUNT, der, rows[i].from, contact.id);
        }
        int64_t generation = rig_generation(rig);
        assert_status(
            rig, rows[i].outcome,
            km_registry_certificate_set_status(rig->reg, ACCOUNT, contact.id, rows[i].to));
        assert_ok(rig,
                  km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, contact.id, &got));
        bool is_changed = rows[i].outcome == KM_OK;
        assert_int_equal(got.status, is_changed ? rows[i].to : rows[i].from);
        assert_int_equal(got.customer_version, is_changed ? 2 : 1);
        assert_int_equal(rig_generation(rig), generation + is_changed);
    }
}

static void the_same_state_again_changes_nothing(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    struct km_registry_certificate before = {0};
    struct km_registry_certificate after = {0};
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_REVOKED, id);
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &before));
    int64_t generation = rig_generation(rig);
    assert_ok(rig,
              km_registry_certificate_set_status(rig->reg, ACCOUNT, id, KM_CERTIFICATE_REVOKED));
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &after));
    assert_string_equal(before.generation_id, after.generation_id);
    assert_int_equal(rig_generation(rig), generation);
    assert_status(
        rig, KM_E_NOTFOUND,
        km_registry_certificate_set_status(rig->reg, ACCOUNT, NO_ID, KM_CERTIFICATE_ACTIVE));
}

static void what_is_in_use_is_not_deleted(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    char uuid[KM_REGISTRY_UUID_LEN + 1] = {0};
    struct km_registry_thing_new thing = {.name = "lamp"};
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    struct km_policy_target target = {KM_TARGET_CERTIFICATE, id};
    assert_ok(rig, km_registry_policy_create(rig->reg, ACCOUNT, "p", "{}"));
    assert_ok(rig, km_registry_policy_attach(rig->reg, ACCOUNT, "p", &target));
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &thing, uuid));
    assert_ok(rig, km_registry_thing_attach(rig->reg, ACCOUNT, "lamp", id));
    assert_status(rig, KM_E_STATE, km_registry_certificate_delete(rig->reg, ACCOUNT, id, true));
    assert_ok(rig,
              km_registry_certificate_set_status(rig->reg, ACCOUNT, id, KM_CERTIFICATE_INACTIVE));
    assert_status(rig, KM_E_BUSY, km_registry_certificate_delete(rig->reg, ACCOUNT, id, true));
    assert_ok(rig, km_registry_thing_detach(rig->reg, ACCOUNT, "lamp", id));
    assert_status(rig, KM_E_BUSY, km_registry_certificate_delete(rig->reg, ACCOUNT, id, false));
    assert_ok(rig, km_registry_certificate_delete(rig->reg, ACCOUNT, id, true));
    assert_status(rig, KM_E_NOTFOUND, km_registry_certificate_delete(rig->reg, ACCOUNT, id, true));
    assert_ok(rig, km_registry_policy_delete(rig->reg, ACCOUNT, "p"));
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
}

static void a_list_can_be_of_one_ca_and_one_state(void **state)
{
    struct rig *rig = *state;
    char ca_id[2][ID_ROOM] = {{0}};
    struct km_registry_contact contact = {0};
    struct km_registry_certificate_list list = {0};
    rig_ca(rig, ACCOUNT, "ca 0", "CN=ca", ca_id[0]);
    rig_ca(rig, ACCOUNT, "ca 1", "CN=ca", ca_id[1]);
    for (int i = 0; i < 9; i++) {
        struct km_registry_certificate_new new = {.der = KM_SLICE_STR(rig_name("device ", i)),
                                                  .ca_id = ca_id[i % 3 == 0]};
        rig->now_ms++;
        assert_ok(rig, km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    }
    assert_ok(rig, km_registry_certificate_set_status(rig->reg, ACCOUNT, contact.id,
                                                      KM_CERTIFICATE_ACTIVE));
    assert_ok(rig, km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, NULL, NULL, &list));
    assert_int_equal(list.n_items, 9);
    for (size_t i = 1; i < list.n_items; i++)
        assert_true(list.items[i - 1].created_ms < list.items[i].created_ms);
    struct km_registry_certificate_filter filter = {.ca_id = ca_id[1]};
    assert_ok(rig,
              km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, &filter, NULL, &list));
    assert_int_equal(list.n_items, 3);
    for (size_t i = 0; i < list.n_items; i++)
        assert_string_equal(list.items[i].ca_id, ca_id[1]);
    filter = (struct km_registry_certificate_filter){.status = KM_CERTIFICATE_ACTIVE};
    assert_ok(rig,
              km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, &filter, NULL, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].id, contact.id);
    filter.ca_id = ca_id[1];
    assert_ok(rig,
              km_registry_certificate_list(rig->reg, rig->arena, ACCOUNT, &filter, NULL, &list));
    assert_int_equal(list.n_items, 0);
}

static void a_transfer_ends_in_one_account(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    struct km_registry_certificate got = {0};
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_ACTIVE, id);
    assert_status(rig, KM_E_STATE,
                  km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, NULL));
    assert_ok(rig,
              km_registry_certificate_set_status(rig->reg, ACCOUNT, id, KM_CERTIFICATE_INACTIVE));
    assert_status(rig, KM_E_ARG,
                  km_registry_certificate_transfer(rig->reg, ACCOUNT, id, ACCOUNT, NULL));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_transfer(rig->reg, ACCOUNT, id, "000000000000", NULL));
    assert_status(rig, KM_E_STATE, km_registry_certificate_transfer_cancel(rig->reg, ACCOUNT, id));
    assert_ok(rig, km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, NULL));
    assert_status(rig, KM_E_STATE,
                  km_registry_certificate_set_status(rig->reg, ACCOUNT, id, KM_CERTIFICATE_ACTIVE));
    assert_status(rig, KM_E_STATE, km_registry_certificate_delete(rig->reg, ACCOUNT, id, true));
    assert_ok(rig, km_registry_certificate_transfer_cancel(rig->reg, ACCOUNT, id));
    assert_status(rig, KM_E_STATE,
                  km_registry_certificate_transfer_accept(rig->reg, OTHER_ACCOUNT, id, true));
    assert_ok(rig, km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, NULL));
    assert_ok(rig, km_registry_certificate_transfer_reject(rig->reg, OTHER_ACCOUNT, id, NULL));
    assert_ok(rig, km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, NULL));
    assert_ok(rig, km_registry_certificate_transfer_accept(rig->reg, OTHER_ACCOUNT, id, true));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_certificate_get(rig->reg, rig->arena, ACCOUNT, id, &got));
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, OTHER_ACCOUNT, id, &got));
    assert_string_equal(got.previous_account, ACCOUNT);
    assert_int_equal(got.status, KM_CERTIFICATE_ACTIVE);
    assert_true(km_slice_equal(got.der, OCTETS_OF("der")));
}

static struct km_registry_transfer transfer_of(struct rig *rig, const char *account, const char *id)
{
    struct km_registry_certificate got = {0};
    assert_ok(rig, km_registry_certificate_get(rig->reg, rig->arena, account, id, &got));
    return got.transfer;
}

static void what_is_said_of_a_transfer_is_kept(void **state)
{
    struct rig *rig = *state;
    char id[ID_ROOM] = {0};
    char text[KM_TRANSFER_TEXT_MAX + 2] = "";
    memset(text, 'x', sizeof(text) - 1);
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    rig_certificate(rig, ACCOUNT, "der", KM_CERTIFICATE_INACTIVE, id);
    struct km_registry_transfer told = transfer_of(rig, ACCOUNT, id);
    assert_true(told.to == NULL && told.message == NULL && told.transfer_ms == 0);
    assert_status(rig, KM_E_ARG,
                  km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, text));
    assert_ok(rig,
              km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, "for you"));
    told = transfer_of(rig, ACCOUNT, id);
    assert_string_equal(told.to, OTHER_ACCOUNT);
    assert_string_equal(told.message, "for you");
    assert_true(told.transfer_ms > 0 && told.reject_ms == 0 && told.accept_ms == 0);
    assert_status(rig, KM_E_ARG,
                  km_registry_certificate_transfer_reject(rig->reg, OTHER_ACCOUNT, id, text));
    assert_ok(rig, km_registry_certificate_transfer_reject(rig->reg, OTHER_ACCOUNT, id, "no room"));
    told = transfer_of(rig, ACCOUNT, id);
    assert_null(told.to);
    assert_string_equal(told.reject_reason, "no room");
    assert_true(told.reject_ms > 0);
    assert_ok(rig, km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, NULL));
    told = transfer_of(rig, ACCOUNT, id);
    assert_true(told.message == NULL && told.reject_reason == NULL && told.reject_ms == 0);
    assert_ok(rig, km_registry_certificate_transfer_cancel(rig->reg, ACCOUNT, id));
    assert_int_equal(transfer_of(rig, ACCOUNT, id).transfer_ms, 0);
    assert_ok(rig, km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, "again"));
    assert_ok(rig, km_registry_certificate_transfer_accept(rig->reg, OTHER_ACCOUNT, id, false));
    told = transfer_of(rig, OTHER_ACCOUNT, id); /* it goes along */
    assert_string_equal(told.message, "again");
    assert_true(told.to == NULL && told.accept_ms > 0);
    assert_ok(rig, km_registry_certificate_delete(rig->reg, OTHER_ACCOUNT, id, false));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_names),
        RIG_TEST(what_is_registered_comes_back),
        RIG_TEST(not_everything_can_be_registered),
        RIG_TEST(a_first_contact_is_new_once),
        RIG_TEST(a_ca_must_want_first_contacts),
        RIG_TEST(states_change_as_they_may),
        RIG_TEST(the_same_state_again_changes_nothing),
        RIG_TEST(what_is_in_use_is_not_deleted),
        RIG_TEST(a_list_can_be_of_one_ca_and_one_state),
        RIG_TEST(a_transfer_ends_in_one_account),
        RIG_TEST(what_is_said_of_a_transfer_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
