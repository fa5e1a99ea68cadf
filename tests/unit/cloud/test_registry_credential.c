/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/registry/registry_credential.h"
#include "cloud/registry/registry_role.h"
#include "tests/unit/cloud/registry_rig.h"

#define ALIAS "lamps"
#define DURATION_S 900

static const struct km_registry_role_alias alias = {
    .name = ALIAS,
    .role = "arn:aws:iam::123456789012:role/r",
    .duration_s = DURATION_S,
};

/* An ACTIVE certificate, beside the alias. */
static void make_device(struct rig *rig, const char *der, char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    km_status status = km_registry_role_alias_create(rig->reg, ACCOUNT, &alias);
    assert_true(status == KM_OK || status == KM_E_EXISTS);
    rig_certificate(rig, ACCOUNT, der, KM_CERTIFICATE_ACTIVE, ret_id);
}

static struct km_registry_new_key make(struct rig *rig, const char *certificate)
{
    struct km_registry_new_key key = {0};
    assert_ok(rig, km_registry_credential_new(rig->reg, ACCOUNT, certificate, ALIAS, &key));
    return key;
}

static km_status find_with(struct rig *rig, const char *id, struct km_slice token)
{
    struct km_registry_credential found = {0};
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    return km_registry_credential_find(rig->reg, rig->arena, id, token, &found, &secret);
}

static km_status find(struct rig *rig, const struct km_registry_new_key *key)
{
    return find_with(rig, key->id, km_secret_expose(key->token));
}

static void a_device_finds_its_own(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_credential found = {0};
    struct km_secret *secret = NULL;
    make_device(rig, "a", id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
    assert_memory_equal(key.id, "ASIA", 4);
    assert_int_equal(key.expires_ms, rig->now_ms + DURATION_S * 1000);
    assert_ok(rig, km_registry_credential_find(rig->reg, rig->arena, key.id,
                                               km_secret_expose(key.token), &found, &secret));
    assert_true(km_slice_equal(km_secret_expose(key.secret), km_secret_expose(secret)));
    assert_string_equal(found.account, ACCOUNT);
    assert_string_equal(found.certificate, id);
    assert_string_equal(found.role_alias, ALIAS);
    assert_string_equal(found.role, alias.role);
    assert_int_equal(found.expires_ms, key.expires_ms);
    km_secret_free(secret);
}

static void a_token_of_another_is_none(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    uint8_t token[KM_SESSION_TOKEN_LEN] = {0};
    make_device(rig, "a", id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key other = make(rig, id);
    struct km_slice own = km_secret_expose(key.token);
    assert_status(rig, KM_E_AUTH, find_with(rig, key.id, km_secret_expose(other.token)));
    assert_status(rig, KM_E_AUTH, find_with(rig, key.id, (struct km_slice){0}));
    assert_status(rig, KM_E_AUTH, find_with(rig, key.id, KM_SLICE(own.ptr, own.len - 1)));
    for (size_t i = 0; i < sizeof(token) * 8; i++) {
        km_copy(token, sizeof(token), own.ptr, own.len);
        token[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_status(rig, KM_E_AUTH, find_with(rig, key.id, KM_SLICE(token, sizeof(token))));
    }
    assert_status(rig, KM_E_NOTFOUND, find_with(rig, "ASIA0000000000000000", own));
    assert_status(rig, KM_E_NOTFOUND, find_with(rig, "", own));
    assert_status(rig, KM_E_NOTFOUND, find_with(rig, "' OR 1 = 1 --", own));
    assert_ok(rig, find(rig, &key));
}

/* Neither is what looks for an account's keys to find a device's, nor the other way round. */
static void they_are_no_keys_of_the_account(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_access_key found = {0};
    struct km_secret *secret = NULL;
    struct km_registry_access_key_list list = {0};
    make_device(rig, "a", id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key session = {0};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_session_check(rig->reg, key.id, km_secret_expose(key.token)));
    assert_ok(rig, km_registry_access_key_list(rig->reg, rig->arena, ACCOUNT, NULL, &list));
    assert_int_equal(list.n_items, 0);
    assert_ok(rig, km_registry_session_new(rig->reg, ACCOUNT, "function/f", 60, &session));
    assert_status(rig, KM_E_NOTFOUND, find(rig, &session));
}

static void they_go_with_the_state_of_their_certificate(void **state)
{
    struct rig *rig = *state;
    static const enum km_certificate_status ends[] = {KM_CERTIFICATE_INACTIVE,
                                                      KM_CERTIFICATE_REVOKED};
    for (size_t i = 0; i < KM_ARRAY_LEN(ends); i++) {
        char id[KM_CERTIFICATE_ID_LEN + 1] = "";
        char other[KM_CERTIFICATE_ID_LEN + 1] = "";
        struct km_registry_new_key none = {0};
        make_device(rig, rig_name("a", (int)i), id);
        make_device(rig, rig_name("b", (int)i), other);
        KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
        KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key kept = make(rig, other);
        assert_ok(rig, km_registry_certificate_set_status(rig->reg, ACCOUNT, id, ends[i]));
        assert_status(rig, KM_E_NOTFOUND, find(rig, &key));
        assert_ok(rig, find(rig, &kept));
        assert_status(rig, KM_E_STATE,
                      km_registry_credential_new(rig->reg, ACCOUNT, id, ALIAS, &none));
        if (ends[i] != KM_CERTIFICATE_INACTIVE)
            continue;
        assert_ok(rig,
                  km_registry_certificate_set_status(rig->reg, ACCOUNT, id, KM_CERTIFICATE_ACTIVE));
        assert_status(rig, KM_E_NOTFOUND, find(rig, &key));
    }
}

/* It is another account's then, and they are nobody's. */
static void they_do_not_go_to_another_account(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_new_key none = {0};
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    make_device(rig, "a", id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
    assert_ok(rig,
              km_registry_certificate_set_status(rig->reg, ACCOUNT, id, KM_CERTIFICATE_INACTIVE));
    assert_ok(rig, km_registry_certificate_transfer(rig->reg, ACCOUNT, id, OTHER_ACCOUNT, NULL));
    assert_ok(rig, km_registry_certificate_transfer_accept(rig->reg, OTHER_ACCOUNT, id, true));
    assert_status(rig, KM_E_NOTFOUND, find(rig, &key));
    assert_status(rig, KM_E_STATE, km_registry_credential_new(rig->reg, ACCOUNT, id, ALIAS, &none));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_credential_new(rig->reg, OTHER_ACCOUNT, id, ALIAS, &none));
}

static void they_go_with_their_alias(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_new_key none = {0};
    make_device(rig, "a", id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
    assert_ok(rig, km_registry_role_alias_delete(rig->reg, ACCOUNT, ALIAS));
    assert_status(rig, KM_E_NOTFOUND, find(rig, &key));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_credential_new(rig->reg, ACCOUNT, id, ALIAS, &none));
    assert_ok(rig, km_registry_role_alias_create(rig->reg, ACCOUNT, &alias));
    assert_status(rig, KM_E_NOTFOUND, find(rig, &key));
}

static void the_oldest_goes_and_what_has_expired(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    char other[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_registry_new_key keys[KM_CREDENTIALS_MAX + 1] = {{{0}, NULL, NULL, 0}};
    make_device(rig, "a", id);
    make_device(rig, "b", other);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key first = make(rig, other);
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++) {
        rig->now_ms++;
        keys[i] = make(rig, id);
    }
    assert_status(rig, KM_E_NOTFOUND, find(rig, &keys[0]));
    for (size_t i = 1; i < KM_ARRAY_LEN(keys); i++)
        assert_ok(rig, find(rig, &keys[i]));
    rig->now_ms = first.expires_ms;
    assert_ok(rig, find(rig, &first)); /* whoever finds it compares */
    struct km_registry_new_key last = make(rig, id);
    km_registry_new_key_clear(&last);
    assert_status(rig, KM_E_NOTFOUND, find(rig, &first));
    assert_status(rig, KM_E_NOTFOUND, find(rig, &keys[1])); /* the oldest of this one */
    assert_ok(rig, find(rig, &keys[2]));
    for (size_t i = 0; i < KM_ARRAY_LEN(keys); i++)
        km_registry_new_key_clear(&keys[i]);
}

static void without_the_sealing_key_there_are_none(void **state)
{
    struct rig *rig = *state;
    char id[KM_CERTIFICATE_ID_LEN + 1] = "";
    struct km_err err = {0};
    KM_AUTO(km_registry_closep) struct km_registry *bare = NULL;
    struct km_registry_config config = rig_config(rig);
    struct km_registry_new_key none = {0};
    struct km_registry_credential found = {0};
    struct km_secret *secret = NULL;
    make_device(rig, "a", id);
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = make(rig, id);
    config.key = NULL;
    assert_int_equal(km_registry_open(&err, &config, &bare), KM_OK);
    assert_int_equal(km_registry_credential_new(bare, ACCOUNT, id, ALIAS, &none), KM_E_DENIED);
    assert_int_equal(km_registry_credential_find(bare, rig->arena, key.id,
                                                 km_secret_expose(key.token), &found, &secret),
                     KM_E_DENIED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(a_device_finds_its_own),
        RIG_TEST(a_token_of_another_is_none),
        RIG_TEST(they_are_no_keys_of_the_account),
        RIG_TEST(they_go_with_the_state_of_their_certificate),
        RIG_TEST(they_do_not_go_to_another_account),
        RIG_TEST(they_go_with_their_alias),
        RIG_TEST(the_oldest_goes_and_what_has_expired),
        RIG_TEST(without_the_sealing_key_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
