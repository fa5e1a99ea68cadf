/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_policy.h"
#include "tests/unit/cloud/registry_rig.h"

#include <sys/stat.h>

static void accounts_come_and_go(void **state)
{
    struct rig *rig = *state;
    struct km_registry_account account = {0};
    struct km_registry_account_list list = {0};
    struct km_registry_new_key key = {0};
    assert_status(rig, KM_E_EXISTS, km_registry_account_create(rig->reg, ACCOUNT, "again"));
    assert_status(rig, KM_E_ARG, km_registry_account_create(rig->reg, "12345678901x", "x"));
    assert_status(rig, KM_E_ARG, km_registry_account_create(rig->reg, OTHER_ACCOUNT, ""));
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "\xc3\x84pfel & Co"));
    assert_ok(rig, km_registry_account_get(rig->reg, rig->arena, OTHER_ACCOUNT, &account));
    assert_string_equal(account.name, "\xc3\x84pfel & Co");
    assert_int_equal(account.created_ms, rig->now_ms);
    assert_ok(rig, km_registry_account_list(rig->reg, rig->arena, NULL, &list));
    assert_int_equal(list.n_items, 2);
    assert_ok(rig, km_registry_access_key_new(rig->reg, OTHER_ACCOUNT, "user/a", &key));
    assert_ok(rig, km_registry_policy_create(rig->reg, OTHER_ACCOUNT, "p", "{}"));
    assert_status(rig, KM_E_BUSY, km_registry_account_delete(rig->reg, OTHER_ACCOUNT));
    assert_ok(rig, km_registry_policy_delete(rig->reg, OTHER_ACCOUNT, "p"));
    assert_ok(rig, km_registry_account_delete(rig->reg, OTHER_ACCOUNT));
    assert_status(rig, KM_E_NOTFOUND, km_registry_account_delete(rig->reg, OTHER_ACCOUNT));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_account_get(rig->reg, rig->arena, OTHER_ACCOUNT, &account));
    struct km_registry_access_key found = {0};
    struct km_secret *secret = NULL;
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    km_registry_new_key_clear(&key);
}

static void settings_are_texts(void **state)
{
    struct rig *rig = *state;
    const char *value = NULL;
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_setting_get(rig->reg, rig->arena, ACCOUNT, "events", &value));
    assert_ok(rig, km_registry_setting_set(rig->reg, ACCOUNT, "events", "{\"THING\":true}"));
    assert_ok(rig, km_registry_setting_set(rig->reg, ACCOUNT, "events", "{}"));
    assert_ok(rig, km_registry_setting_get(rig->reg, rig->arena, ACCOUNT, "events", &value));
    assert_string_equal(value, "{}");
    assert_ok(rig, km_registry_setting_set(rig->reg, ACCOUNT, "events", NULL));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_setting_get(rig->reg, rig->arena, ACCOUNT, "events", &value));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_setting_set(rig->reg, OTHER_ACCOUNT, "events", "{}"));
}

static void assert_same_secret(const struct km_secret *a, const struct km_secret *b)
{
    assert_true(km_slice_equal(km_secret_expose(a), km_secret_expose(b)));
}

static void a_key_is_found_by_its_id(void **state)
{
    struct rig *rig = *state;
    struct km_registry_new_key key = {0};
    struct km_registry_access_key found = {0};
    struct km_secret *secret = NULL;
    assert_ok(rig, km_registry_access_key_new(rig->reg, ACCOUNT, "user/operator", &key));
    assert_int_equal(strlen(key.id), KM_ACCESS_KEY_ID_LEN);
    assert_memory_equal(key.id, "AKIA", 4);
    assert_null(key.token);
    assert_int_equal(km_secret_expose(key.secret).len, KM_ACCESS_SECRET_LEN);
    assert_ok(rig, km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_same_secret(key.secret, secret);
    assert_string_equal(found.account, ACCOUNT);
    assert_string_equal(found.principal, "user/operator");
    assert_true(found.is_active);
    assert_false(found.is_session);
    assert_int_equal(found.expires_ms, 0);
    km_secret_free(secret);
    secret = NULL;
    assert_ok(rig, km_registry_access_key_set_active(rig->reg, ACCOUNT, key.id, false));
    assert_ok(rig, km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_false(found.is_active);
    km_secret_free(secret);
    secret = NULL;
    struct km_registry_access_key got = {0};
    assert_ok(rig, km_registry_access_key_get(rig->reg, rig->arena, ACCOUNT, key.id, &got));
    assert_string_equal(got.id, key.id);
    assert_string_equal(got.principal, "user/operator");
    assert_false(got.is_active);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_get(rig->reg, rig->arena, OTHER_ACCOUNT, key.id, &got));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_get(rig->reg, rig->arena, ACCOUNT, "' OR 1=1", &got));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_delete(rig->reg, OTHER_ACCOUNT, key.id));
    assert_ok(rig, km_registry_access_key_delete(rig->reg, ACCOUNT, key.id));
    assert_status(rig, KM_E_NOTFOUND, km_registry_access_key_delete(rig->reg, ACCOUNT, key.id));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_get(rig->reg, rig->arena, ACCOUNT, key.id, &got));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_set_active(rig->reg, ACCOUNT, key.id, true));
    km_registry_new_key_clear(&key);
}

static void a_key_from_elsewhere_is_kept(void **state)
{
    struct rig *rig = *state;
    struct km_registry_access_key found = {0};
    struct km_secret *got = NULL;
    struct km_secret *secret =
        km_secret_from(OCTETS_OF("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
    struct km_secret *brief = km_secret_from(OCTETS_OF("short"));
    assert_ok(rig, km_registry_access_key_put(rig->reg, ACCOUNT, "user/x", "AKIAIOSFODNN7EXAMPLE",
                                              secret));
    assert_status(
        rig, KM_E_EXISTS,
        km_registry_access_key_put(rig->reg, ACCOUNT, "user/x", "AKIAIOSFODNN7EXAMPLE", secret));
    assert_status(rig, KM_E_ARG,
                  km_registry_access_key_put(rig->reg, ACCOUNT, "user/x", "AKIA", secret));
    assert_status(
        rig, KM_E_ARG,
        km_registry_access_key_put(rig->reg, ACCOUNT, "user/x", "AKIAIOSFODNN7EXAMPL2", brief));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_put(rig->reg, OTHER_ACCOUNT, "user/x",
                                             "AKIAIOSFODNN7EXAMPL2", secret));
    assert_ok(rig, km_registry_access_key_find(rig->reg, rig->arena, "AKIAIOSFODNN7EXAMPLE", &found,
                                               &got));
    assert_same_secret(secret, got);
    km_secret_free(secret);
    km_secret_free(brief);
    km_secret_free(got);
}

static void sessions_have_a_token_and_an_end(void **state)
{
    struct rig *rig = *state;
    struct km_registry_new_key key = {0};
    struct km_registry_new_key later = {0};
    struct km_registry_access_key found = {0};
    struct km_secret *secret = NULL;
    assert_ok(rig, km_registry_session_new(rig->reg, ACCOUNT, "function/f", 900, &key));
    assert_memory_equal(key.id, "ASIA", 4);
    assert_int_equal(key.expires_ms, rig->now_ms + 900000);
    assert_ok(rig, km_registry_session_check(rig->reg, key.id, km_secret_expose(key.token)));
    struct km_slice token = km_secret_expose(key.token);
    assert_status(rig, KM_E_AUTH,
                  km_registry_session_check(rig->reg, key.id, KM_SLICE(token.ptr, token.len - 1)));
    assert_status(rig, KM_E_AUTH, km_registry_session_check(rig->reg, key.id, OCTETS_OF("")));
    assert_ok(rig, km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_true(found.is_session);
    assert_int_equal(found.expires_ms, key.expires_ms);
    km_secret_free(secret);
    secret = NULL;
    assert_status(rig, KM_E_ARG, km_registry_session_new(rig->reg, ACCOUNT, "f", 0, &later));
    assert_status(rig, KM_E_ARG,
                  km_registry_session_new(rig->reg, ACCOUNT, "f", KM_SESSION_S_MAX + 1, &later));
    rig->now_ms += 900001;
    assert_ok(rig, km_registry_session_new(rig->reg, ACCOUNT, "function/f", 1, &later));
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_status(rig, KM_E_NOTFOUND, km_registry_session_check(rig->reg, key.id, token));
    km_registry_new_key_clear(&key);
    km_registry_new_key_clear(&later);
}

static void foreign_ids_are_unknown(void **state)
{
    static const char *const ids[] = {"",
                                      "AKIA",
                                      "\xff",
                                      "akiaiosfodnn7example",
                                      "AKIAIOSFODNN7EXAMPL\xff",
                                      "AKIAIOSFODNN7EXAMPLEX"};
    struct rig *rig = *state;
    struct km_registry_access_key found = {0};
    struct km_secret *secret = NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(ids); i++) {
        assert_status(rig, KM_E_NOTFOUND,
                      km_registry_access_key_find(rig->reg, rig->arena, ids[i], &found, &secret));
        assert_status(rig, KM_E_NOTFOUND,
                      km_registry_session_check(rig->reg, ids[i], OCTETS_OF("x")));
    }
}

static void a_lasting_key_has_no_token(void **state)
{
    struct rig *rig = *state;
    struct km_registry_new_key key = {0};
    assert_ok(rig, km_registry_access_key_new(rig->reg, ACCOUNT, "user/a", &key));
    assert_status(rig, KM_E_AUTH, km_registry_session_check(rig->reg, key.id, OCTETS_OF("")));
    km_registry_new_key_clear(&key);
}

/* The secret must not be readable in what is stored. */
static void secrets_are_sealed(void **state)
{
    struct rig *rig = *state;
    struct km_registry_new_key key = {0};
    struct km_registry_access_key found = {0};
    struct km_secret *secret = NULL;
    struct km_err err = {0};
    struct km_secret *wrong = km_secret_from(OCTETS_OF("another key of 32 octets........"));
    struct km_registry_config config = rig_config(rig);
    assert_ok(rig, km_registry_access_key_new(rig->reg, ACCOUNT, "user/a", &key));
    config.key = wrong;
    km_registry_closep(&rig->reg);
    assert_int_equal(km_registry_open(&err, &config, &rig->reg), KM_OK);
    assert_status(rig, KM_E_AUTH,
                  km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    config.key = NULL;
    km_registry_closep(&rig->reg);
    assert_int_equal(km_registry_open(&err, &config, &rig->reg), KM_OK);
    assert_status(rig, KM_E_DENIED,
                  km_registry_access_key_find(rig->reg, rig->arena, key.id, &found, &secret));
    assert_status(rig, KM_E_DENIED, km_registry_access_key_new(rig->reg, ACCOUNT, "user/a", &key));
    km_registry_new_key_clear(&key);
    km_secret_free(wrong);
}

static void keys_are_bounded_and_listed(void **state)
{
    struct rig *rig = *state;
    struct km_registry_access_key_list list = {0};
    for (int i = 0; i < KM_ACCESS_KEYS_MAX; i++) {
        struct km_registry_new_key key = {0};
        assert_ok(rig, km_registry_access_key_new(rig->reg, ACCOUNT, "user/a", &key));
        km_registry_new_key_clear(&key);
    }
    struct km_registry_new_key key = {0};
    assert_status(rig, KM_E_LIMIT, km_registry_access_key_new(rig->reg, ACCOUNT, "user/a", &key));
    assert_ok(rig, km_registry_access_key_list(rig->reg, rig->arena, ACCOUNT, NULL, &list));
    assert_int_equal(list.n_items, KM_ACCESS_KEYS_MAX);
    assert_status(rig, KM_E_ARG, km_registry_access_key_new(rig->reg, ACCOUNT, "a b", &key));
}

static void a_key_file_is_its_owners_alone(void **state)
{
    struct rig *rig = *state;
    struct km_err err = {0};
    struct km_secret *key = NULL;
    struct km_secret *again = NULL;
    struct stat st = {0};
    char path[128] = {0};
    (void)snprintf(path, sizeof(path), "%s/key", rig->dir);
    assert_int_equal(km_registry_key_load(&err, path, false, &key), KM_E_NOTFOUND);
    km_err_clear(&err);
    assert_int_equal(km_registry_key_load(&err, path, true, &key), KM_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(km_registry_key_load(&err, path, true, &again), KM_OK);
    assert_same_secret(key, again);
    km_secret_free(key);
    km_secret_freep(&again);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(km_registry_key_load(&err, path, true, &again), KM_E_DENIED);
    km_err_clear(&err);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(km_registry_key_load(&err, path, true, &again), KM_E_MALFORMED);
}

/* A process that wants the key; it comes out of the pipe. */
static int load_key(const char *path, int out)
{
    struct km_err err = {0};
    struct km_secret *key = NULL;
    if (km_registry_key_load(&err, path, true, &key) != KM_OK)
        return 1;
    struct km_slice octets = km_secret_expose(key);
    return write(out, octets.ptr, octets.len) == (ssize_t)octets.len ? 0 : 2;
}

static void who_starts_at_once_has_one_key(void **state)
{
    enum { N = 6, ROUNDS = 20 };
    struct rig *rig = *state;
    char path[128] = {0};
    (void)snprintf(path, sizeof(path), "%s/key", rig->dir);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t keys[N][KM_REGISTRY_KEY_LEN] = {{0}};
        int ends[2] = {-1, -1};
        int status = 0;
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        for (int at = 0; at < N; at++)
            if (fork() == 0)
                _exit(load_key(path, ends[1]));
        for (int at = 0; at < N; at++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        assert_int_equal(read(ends[0], keys, sizeof(keys)), sizeof(keys));
        for (int at = 1; at < N; at++)
            assert_memory_equal(keys[at], keys[0], KM_REGISTRY_KEY_LEN);
        (void)close(ends[0]);
        (void)close(ends[1]);
        assert_int_equal(unlink(path), 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(accounts_come_and_go),
        RIG_TEST(settings_are_texts),
        RIG_TEST(a_key_is_found_by_its_id),
        RIG_TEST(a_key_from_elsewhere_is_kept),
        RIG_TEST(sessions_have_a_token_and_an_end),
        RIG_TEST(foreign_ids_are_unknown),
        RIG_TEST(a_lasting_key_has_no_token),
        RIG_TEST(secrets_are_sealed),
        RIG_TEST(keys_are_bounded_and_listed),
        RIG_TEST(a_key_file_is_its_owners_alone),
        RIG_TEST(who_starts_at_once_has_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
