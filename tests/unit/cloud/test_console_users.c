/* SPDX-License-Identifier: Apache-2.0 */
/* Users of the console, on a registry of their own. */
#include "cloud/console/users.h"
#include "tests/unit/cloud/registry_rig.h"

#define SALT "000102030405060708090a0b0c0d0e0f"
#define HASH "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define GOOD "scrypt:15:8:1:" SALT ":" HASH

static void records_come_back(void **state)
{
    struct km_console_record record = {0};
    char text[KM_CONSOLE_RECORD_MAX + 1] = {0};
    (void)state;
    assert_true(km_console_record_parse(GOOD, &record));
    assert_int_equal(record.log2_n, 15);
    assert_int_equal(record.salt[15], 0x0f);
    assert_int_equal(record.hash[0], 0x20);
    km_console_record_print(&record, text);
    assert_string_equal(text, GOOD);
}

static void other_records_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "scrypt:",
        ("scrypt:13:8:1:" SALT ":" HASH),
        ("scrypt:18:8:1:" SALT ":" HASH),
        ("scrypt:15:9:1:" SALT ":" HASH),
        ("scrypt:15:8:0:" SALT ":" HASH),
        ("scrypt:15:8:5:" SALT ":" HASH),
        ("scrypt:015:8:1:" SALT ":" HASH),
        ("scrypt:99999999999:8:1:" SALT ":" HASH),
        ("scrypt:15:8:1:" SALT ":" HASH "0"),
        ("scrypt:15:8:1:" SALT "00:" HASH),
        ("Scrypt:15:8:1:" SALT ":" HASH),
        ("scrypt:15:8:1:000102030405060708090A0B0C0D0E0F:" HASH),
    };
    struct km_console_record record = {0};
    char cut[] = GOOD;
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_false(km_console_record_parse(bad[i], &record));
    for (size_t len = strlen(GOOD); len-- > 0;) {
        cut[len] = '\0';
        assert_false(km_console_record_parse(cut, &record));
    }
}

/* RFC 7914, 12, has N = 16384, r = 8, p = 1 for "pleaseletmein" and a salt of other length; this is openssl kdf's output. */
static void scrypt_is_scrypt(void **state)
{
    static const char record[] = "scrypt:14:8:1:30313233343536373839616263646566:"
                                 "c0e0654cbc76913bc39e533b19e46a2cf25268bf1d80ee8c6e26ab9fa5851c42";
    struct km_crypto crypto = {0};
    struct km_err err = {0};
    (void)state;
    assert_int_equal(km_crypto_init(&err, &crypto), KM_OK);
    assert_int_equal(km_console_user_check(&err, &crypto, record, KM_SLICE_STR("pleaseletmein")),
                     KM_OK);
    assert_int_equal(km_console_user_check(&err, &crypto, record, KM_SLICE_STR("pleaseletmeim")),
                     KM_E_AUTH);
    km_crypto_clear(&crypto);
}

static void users_come_and_go(void **state)
{
    struct rig *rig = *state;
    struct km_crypto crypto = {0};
    struct km_err err = {0};
    struct km_secret *password = NULL;
    struct km_console_user user = {0};
    struct km_registry_names names = {0};
    assert_int_equal(km_crypto_init(&err, &crypto), KM_OK);
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    assert_int_equal(km_console_user_find(NULL, rig->reg, rig->arena, "ann", &user), KM_E_NOTFOUND);
    assert_int_equal(km_console_user_create(NULL, &crypto, rig->reg, rig->arena, OTHER_ACCOUNT,
                                            "ann", &password),
                     KM_OK);
    struct km_slice text = km_secret_expose(password);
    assert_int_equal(text.len, KM_CONSOLE_PASSWORD_LEN);
    assert_int_equal(km_console_user_find(NULL, rig->reg, rig->arena, "ann", &user), KM_OK);
    assert_string_equal(user.account, OTHER_ACCOUNT);
    assert_null(strstr(user.record, "-"));
    assert_int_equal(km_console_user_check(NULL, &crypto, user.record, text), KM_OK);
    assert_int_equal(km_console_user_check(NULL, &crypto, NULL, text), KM_E_AUTH);
    assert_int_equal(km_console_user_check(NULL, &crypto, "scrypt:1", text), KM_E_CORRUPT);
    km_secret_freep(&password);

    assert_int_equal(
        km_console_user_create(NULL, &crypto, rig->reg, rig->arena, ACCOUNT, "ann", &password),
        KM_E_EXISTS);
    assert_int_equal(
        km_console_user_create(NULL, &crypto, rig->reg, rig->arena, ACCOUNT, "a b", &password),
        KM_E_ARG);
    assert_int_equal(km_console_user_list(NULL, rig->reg, rig->arena, OTHER_ACCOUNT, &names),
                     KM_OK);
    assert_int_equal(names.n_names, 1);
    assert_string_equal(names.names[0], "ann");
    assert_int_equal(km_console_user_delete(NULL, rig->reg, rig->arena, ACCOUNT, "ann"),
                     KM_E_NOTFOUND);
    assert_int_equal(km_console_user_delete(NULL, rig->reg, rig->arena, OTHER_ACCOUNT, "ann"),
                     KM_OK);
    assert_int_equal(km_console_user_find(NULL, rig->reg, rig->arena, "ann", &user), KM_E_NOTFOUND);
    km_crypto_clear(&crypto);
}

static void passwords_differ(void **state)
{
    struct rig *rig = *state;
    struct km_crypto crypto = {0};
    struct km_secret *one = NULL;
    struct km_secret *two = NULL;
    assert_int_equal(km_crypto_init(NULL, &crypto), KM_OK);
    assert_int_equal(
        km_console_user_create(NULL, &crypto, rig->reg, rig->arena, ACCOUNT, "one", &one), KM_OK);
    assert_int_equal(
        km_console_user_create(NULL, &crypto, rig->reg, rig->arena, ACCOUNT, "two", &two), KM_OK);
    assert_false(km_slice_equal(km_secret_expose(one), km_secret_expose(two)));
    km_secret_freep(&one);
    km_secret_freep(&two);
    km_crypto_clear(&crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back), cmocka_unit_test(other_records_are_refused),
        cmocka_unit_test(scrypt_is_scrypt),  RIG_TEST(users_come_and_go),
        RIG_TEST(passwords_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
