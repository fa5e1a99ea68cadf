/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the console, by a clock that the test sets. */
#include "cloud/console/session.h"
#include "tests/unit/km_test.h"

static struct km_crypto crypto;
static struct km_console_sessions sessions;
static uint8_t counter;

static struct km_console_session *enter(int64_t now_ms, char token[KM_SESSION_SECRET_LEN + 1])
{
    static const struct km_console_user user = {.account = "123456789012", .record = "r"};
    struct km_console_session *session = NULL;
    uint8_t chance[64] = {0};
    for (size_t i = 0; i < sizeof(chance); i++)
        chance[i] = (uint8_t)(i + 1 + counter);
    counter++;
    assert_int_equal(km_session_new(NULL, &crypto, &sessions, &user, "admin",
                                    KM_SPAN(chance, sizeof(chance)), now_ms, token, &session),
                     KM_OK);
    for (size_t i = 0; i < sizeof(chance); i++)
        assert_int_equal(chance[i], 0);
    return session;
}

static struct km_console_session *find(const char *token, int64_t now_ms)
{
    return km_session_find(&crypto, &sessions, KM_SLICE_STR(token), now_ms);
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

static void found_by_its_token_alone(void **state)
{
    char token[KM_SESSION_SECRET_LEN + 1] = {0};
    char other[KM_SESSION_SECRET_LEN + 1] = {0};
    (void)state;
    struct km_console_session *session = enter(0, token);
    assert_ptr_equal(find(token, 0), session);
    assert_ptr_equal(find(token, 1), session);
    assert_string_equal(session->name, "admin");
    assert_string_not_equal(session->csrf, token);
    assert_null(find(session->csrf, 0));
    for (size_t i = 0; i < KM_SESSION_SECRET_LEN; i++) {
        km_copy(other, sizeof(other), token, sizeof(token));
        other[i] = other[i] == '0' ? '1' : '0';
        assert_null(find(other, 0));
        other[i] = '\0';
        assert_null(find(other, 0));
    }
    km_session_end(session);
    assert_null(find(token, 0));
    km_session_end(NULL);
}

static void time_ends_it(void **state)
{
    char idle[KM_SESSION_SECRET_LEN + 1] = {0};
    char busy[KM_SESSION_SECRET_LEN + 1] = {0};
    int64_t now_ms = 0;
    (void)state;
    (void)enter(0, idle);
    struct km_console_session *used = enter(0, busy);
    assert_non_null(find(idle, KM_SESSION_IDLE_MS - 1));
    assert_null(find(idle, KM_SESSION_IDLE_MS));
    for (; now_ms + KM_SESSION_IDLE_MS <= KM_SESSION_LIFE_MS; now_ms += KM_SESSION_IDLE_MS / 2) {
        used->used_ms = now_ms;
        assert_ptr_equal(find(busy, now_ms), used);
    }
    used->used_ms = KM_SESSION_LIFE_MS;
    assert_null(find(busy, KM_SESSION_LIFE_MS));
    assert_true(km_sessions_sweep(&sessions, KM_SESSION_LIFE_MS));
    assert_false(km_sessions_sweep(&sessions, KM_SESSION_LIFE_MS));
    assert_int_equal(used->serial, 0);
}

static void the_idlest_makes_room(void **state)
{
    char tokens[KM_SESSIONS_MAX + 1][KM_SESSION_SECRET_LEN + 1] = {{0}};
    (void)state;
    for (int i = 0; i < KM_SESSIONS_MAX; i++)
        (void)enter(i, tokens[i]);
    find(tokens[0], 100)->used_ms = 100;
    (void)enter(100, tokens[KM_SESSIONS_MAX]);
    assert_non_null(find(tokens[0], 100));
    assert_null(find(tokens[1], 100));
    assert_non_null(find(tokens[2], 100));
    assert_non_null(find(tokens[KM_SESSIONS_MAX], 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_by_its_token_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(time_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_idlest_makes_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
