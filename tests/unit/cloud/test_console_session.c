/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of the console's sessions, and their seats, by a clock that the test sets. */
#include "cloud/console/session.h"
#include "tests/unit/km_test.h"

static const struct km_registry_console known = {
    .account = "123456789012", .name = "admin", .csrf = "secret"};
static struct km_crypto crypto;
static struct km_console_sessions sessions;

static const char *id_of(int number)
{
    static char room[KM_SESSION_ID_LEN + 1];
    (void)snprintf(room, sizeof(room), "%064x", (unsigned)number);
    return room;
}

static struct km_console_session *seat(int number, int64_t now_ms)
{
    return km_session_seat(&sessions, id_of(number), &known, now_ms);
}

static struct km_console_session *find(int number)
{
    return km_session_find(&sessions, id_of(number));
}

static int setup(void **state)
{
    (void)state;
    km_sessions_clear(&sessions);
    return km_crypto_init(NULL, &crypto) == KM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    km_sessions_clear(&sessions);
    km_crypto_clear(&crypto);
    return 0;
}

static void secrets_are_of_chance_alone(void **state)
{
    struct km_session_secrets secrets = {.token = ""};
    uint8_t chance[64] = {0};
    char id[KM_SESSION_ID_LEN + 1] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(chance); i++)
        chance[i] = (uint8_t)(i + 1);
    assert_int_equal(km_session_secrets_make(NULL, &crypto, KM_SPAN(chance, 63), &secrets),
                     KM_E_ARG);
    assert_int_equal(
        km_session_secrets_make(NULL, &crypto, KM_SPAN(chance, sizeof(chance)), &secrets), KM_OK);
    for (size_t i = 0; i < sizeof(chance); i++)
        assert_int_equal(chance[i], 0);
    assert_string_equal(secrets.token,
                        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
    assert_string_equal(secrets.csrf,
                        "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40");
    assert_string_not_equal(secrets.id, secrets.token);
    assert_int_equal(km_session_id(NULL, &crypto, KM_SLICE_STR(secrets.token), id), KM_OK);
    assert_string_equal(id, secrets.id);
}

static void an_id_is_of_a_whole_token(void **state)
{
    char token[KM_SESSION_SECRET_LEN + 2] = {0};
    char id[KM_SESSION_ID_LEN + 1] = {0};
    char other[KM_SESSION_ID_LEN + 1] = {0};
    (void)state;
    for (size_t len = 0; len <= KM_SESSION_SECRET_LEN + 1; len++) {
        km_status status = km_session_id(NULL, &crypto, KM_SLICE(token, len), id);
        assert_int_equal(status, len == KM_SESSION_SECRET_LEN ? KM_OK : KM_E_AUTH);
    }
    for (size_t i = 0; i < KM_SESSION_SECRET_LEN; i++) {
        token[i] ^= 1;
        assert_int_equal(
            km_session_id(NULL, &crypto, KM_SLICE(token, KM_SESSION_SECRET_LEN), other), KM_OK);
        assert_string_not_equal(other, id);
        token[i] ^= 1;
    }
}

static void one_seat_each(void **state)
{
    (void)state;
    assert_null(find(1));
    struct km_console_session *session = seat(1, 0);
    uint64_t serial = session->serial;
    assert_int_not_equal(serial, 0);
    assert_ptr_equal(seat(1, 1), session);
    assert_int_equal(session->serial, serial);
    assert_ptr_equal(find(1), session);
    assert_ptr_not_equal(seat(2, 1), session);
    assert_string_equal(session->name, "admin");
    assert_string_equal(session->account, "123456789012");
    assert_string_equal(session->csrf, "secret");
    km_session_end(session);
    assert_null(find(1));
    assert_int_equal(session->serial, 0);
    km_session_end(NULL);
    assert_int_not_equal(seat(1, 2)->serial, serial);
}

static void who_does_not_ask_loses_it(void **state)
{
    (void)state;
    (void)seat(1, 0);
    (void)seat(2, 1);
    assert_false(km_sessions_sweep(&sessions, KM_SESSION_SEAT_MS - 1));
    assert_true(km_sessions_sweep(&sessions, KM_SESSION_SEAT_MS));
    assert_null(find(1));
    assert_non_null(find(2));
    assert_false(km_sessions_sweep(&sessions, KM_SESSION_SEAT_MS));
}

static void the_idlest_makes_room(void **state)
{
    (void)state;
    for (int i = 0; i < KM_SESSIONS_MAX; i++)
        (void)seat(i, i);
    (void)seat(0, 100);
    (void)seat(KM_SESSIONS_MAX, 100);
    assert_non_null(find(0));
    assert_null(find(1));
    assert_non_null(find(2));
    assert_non_null(find(KM_SESSIONS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_are_of_chance_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(an_id_is_of_a_whole_token, setup, teardown),
        cmocka_unit_test_setup_teardown(one_seat_each, setup, teardown),
        cmocka_unit_test_setup_teardown(who_does_not_ask_loses_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_idlest_makes_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
