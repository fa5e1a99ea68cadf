/* SPDX-License-Identifier: Apache-2.0 */
/* Keys behind passwords, and what wrong guesses cost, across instances of the application. */
#include "include/tee_internal_api_extensions.h"
#include "ta/common/guesses.h"
#include "tests/unit/crypto_users.h"

static void under_a_password(void **state)
{
    struct km_crypto_info info = {0};
    uint32_t pw = 0;
    uint32_t other = 0;
    uint32_t id = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "x", NULL),
                     KM_CRYPTO_E_EXISTS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw2", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, users_key(&owner), "k", pw), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", 0, &id), KM_CRYPTO_E_PASSWORD);
    users_restart();
    assert_int_equal(rig_load(&owner, "k", pw, &id), KM_CRYPTO_E_STALE_ID);
    assert_int_equal(rig_load(&owner, "k", 0, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_load(&admin, "k", 0, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                     KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw2", "secret", &other),
                     TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", other, &id), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_delete(&owner, "k", 0), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_delete(&owner, "k", other), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", pw, &id), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, id), TEE_SUCCESS);
    assert_int_equal(rig_describe(&owner, "k", &info), TEE_SUCCESS);
    assert_string_equal(info.password_name.at, "pw");
    assert_true((info.flags & KM_CRYPTO_INFO_PASSWORD) != 0);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_ERROR_BUSY);
    assert_int_equal(rig_delete(&owner, "k", pw), TEE_SUCCESS);
    assert_int_equal(rig_password(&stranger, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_ERROR_ACCESS_DENIED);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "wrong", NULL),
                     KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "", NULL),
                     TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, users_key(&owner), "k", pw), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(rig_password(&admin, KM_CRYPTO_CMD_DELETE_PASSWORD, "pw2", "", NULL),
                     TEE_SUCCESS);
    /* The same name and password again is another object. */
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, users_key(&owner), "k", pw), TEE_ERROR_ITEM_NOT_FOUND);
}

/* Five wrong ones are free; then waits that double, and neither a restart nor the clock helps. */
static void throttle(void **state)
{
    uint32_t pw = 0;
    uint32_t seconds = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                         KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
    for (unsigned wait = 1; wait <= 4; wait *= 2) {
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                         KM_CRYPTO_E_PASSWORD);
        assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
        assert_int_equal(seconds, wait);
        /* Even the right one is not looked at. */
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                         KM_CRYPTO_E_THROTTLED);
        users_restart();
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                         KM_CRYPTO_E_THROTTLED);
        rig_host.now += wait;
    }
    /* Set back, the clock begins the wait again. */
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                     KM_CRYPTO_E_PASSWORD);
    rig_host.now -= 1000000;
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 8);
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     KM_CRYPTO_E_THROTTLED);
    rig_host.now += 7;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     KM_CRYPTO_E_THROTTLED);
    /* A stranger's count is another one. */
    assert_int_equal(rig_wait(&stranger, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
    assert_int_equal(rig_password(&stranger, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                     KM_CRYPTO_E_PASSWORD);
    rig_host.now += 1;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    /* The right one forgives all. */
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw),
                         KM_CRYPTO_E_PASSWORD);
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 0);
}

static uint32_t guess(struct rig_session *s, const char *text)
{
    uint32_t pw = 0;
    return rig_password(s, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", text, &pw);
}

static void guess_until_throttled(struct rig_session *s)
{
    uint32_t result = KM_CRYPTO_E_PASSWORD;
    for (unsigned i = 0; i < 10 && result == KM_CRYPTO_E_PASSWORD; i++)
        result = guess(s, "wrong");
    assert_int_equal(result, KM_CRYPTO_E_THROTTLED);
}

/* Nobody's wrong guesses are in another's way, as long as there are places; and no place is given up for a newcomer. */
static void guesses_apart(void **state)
{
    struct rig_session many[10] = {0};
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    for (uint32_t i = 0; i < KM_ARRAY_LEN(many); i++)
        rig_open(&many[i], 2000 + i, false);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(guess(&many[i], "secret"), TEE_SUCCESS);
        guess_until_throttled(&many[i]);
        assert_int_equal(guess(&many[7], "secret"), TEE_SUCCESS);
        assert_int_equal(guess(&owner, "secret"), TEE_SUCCESS);
    }
    /* The eighth place: its user shares it with all who come later. */
    guess_until_throttled(&many[7]);
    assert_int_equal(guess(&many[8], "secret"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(guess(&many[9], "secret"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(guess(&owner, "secret"), TEE_SUCCESS);
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++)
        rig_close(&many[i]);
    users_restart();
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++) {
        rig_open(&many[i], 2000 + i, false);
        assert_int_equal(guess(&many[i], "secret"), KM_CRYPTO_E_THROTTLED);
    }
    /* Who knows it frees his place, which the next one takes with a count of its own. */
    rig_host.now += 2;
    assert_int_equal(guess(&many[3], "secret"), TEE_SUCCESS);
    assert_int_equal(guess(&many[9], "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(guess(&many[9], "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(guess(&many[8], "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(guess(&many[7], "secret"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(guess(&owner, "secret"), TEE_SUCCESS);
    for (unsigned i = 0; i < KM_ARRAY_LEN(many); i++)
        rig_close(&many[i]);
}

/* A process that is killed while it tries a password has used up that guess. */
static int guess_and_die(void *arg)
{
    uint32_t pw = 0;
    (void)arg;
    rig_start(users_dir);
    rig_open(&owner, OWNER, false);
    rig_host.deriving = rig_die;
    (void)rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "wrong", &pw);
    return 0;
}

static void killed_guesses_count(void **state)
{
    uint32_t seconds = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    users_stop();
    for (unsigned i = 0; i < 7; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(guess_and_die(NULL));
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        rig_host.now += 2;
    }
    users_start();
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    rig_host.now -= 2;
    assert_int_equal(rig_wait(&owner, "pw", &seconds), TEE_SUCCESS);
    assert_int_equal(seconds, 2);
}

/* ---- whose turn it is to try one ---- */

static int turns[2]; /* who holds the password's object writes his letter here */
static char letter;

static void say_letter(void)
{
    assert_int_equal(write(turns[1], &letter, 1), 1);
}

static int waits_first(void *arg)
{
    uint32_t pw = 0;
    (void)arg;
    rig_start(users_dir);
    rig_open(&owner, OWNER, false);
    letter = 'f';
    rig_host.deriving = say_letter;
    CHILD_CHECK(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw) ==
                TEE_SUCCESS);
    rig_close(&owner);
    rig_stop();
    return 0;
}

static const uint8_t pw_object[] = {'p', 'p', 'w'}; /* ta/crypto/stored.h */

/* Holds it, says so, and lets go when something comes. */
static int holds_it(const int hold[2])
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    char told = 0;
    rig_start(users_dir);
    CHILD_CHECK(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, pw_object, sizeof(pw_object),
                                         TEE_DATA_FLAG_ACCESS_READ, &object) == TEE_SUCCESS);
    letter = 'h';
    say_letter();
    CHILD_CHECK(read(hold[0], &told, 1) == 1);
    TEE_CloseObject(object);
    rig_stop();
    return 0;
}

static uint32_t n_waiting(void)
{
    uint32_t n = 0;
    assert_int_equal(
        TEE_KmQueueForObject(TEE_STORAGE_PRIVATE, pw_object, sizeof(pw_object), false, &n),
        TEE_SUCCESS);
    return n;
}

static pid_t forked(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    return pid;
}

static void has_ended_well(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Some time after the holder has let go: the one who waited longer, and then who came later. */
static void expect_order(void)
{
    char order[64] = {0};
    ssize_t n = read(turns[0], order, sizeof(order) - 1);
    assert_true(n > 1);
    size_t n_first = strspn(order, "f");
    assert_true(n_first > 0);
    assert_int_equal(n_first + strspn(order + n_first, "p"), n);
}

static void first_come_first_served(void **state)
{
    int hold[2] = {-1, -1};
    char held = 0;
    uint32_t pw = 0;
    (void)state;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "pw", "secret", NULL),
                     TEE_SUCCESS);
    users_stop();
    assert_int_equal(pipe2(turns, O_CLOEXEC), 0);
    assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
    pid_t holder = forked();
    if (holder == 0)
        _exit(holds_it(hold));
    assert_int_equal(read(turns[0], &held, 1), 1);
    pid_t first = forked();
    if (first == 0)
        _exit(waits_first(NULL));
    users_start();
    while (n_waiting() == 0)
        (void)usleep(1000);
    assert_int_equal(write(hold[1], "x", 1), 1);
    letter = 'p';
    rig_host.deriving = say_letter;
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", "secret", &pw),
                     TEE_SUCCESS);
    rig_host.deriving = NULL;
    has_ended_well(holder);
    has_ended_well(first);
    assert_int_equal(n_waiting(), 0);
    expect_order();
    for (int i = 0; i < 2; i++) {
        (void)close(turns[i]);
        (void)close(hold[i]);
    }
}

/* ---- a password that was forgotten ---- */

static uint32_t check_password(struct rig_session *s, uint32_t which, const char *text)
{
    struct km_lane_param p[4] = {P_STR("pw"), P_VI(which, 0), P_STR(text), P_NONE};
    return rig_call(s, KM_CRYPTO_CMD_CHECK_PASSWORD, p);
}

static uint32_t change(struct rig_session *s, uint32_t by, const char *given, uint32_t which,
                       const char *to)
{
    struct km_lane_param p[4] = {P_STR("pw"), P_VI(by, which), P_STR(given), P_STR(to)};
    return rig_call(s, KM_CRYPTO_CMD_CHANGE_PASSWORD, p);
}

static uint32_t load_pw(const char *text, uint32_t *ret_id)
{
    return rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "pw", text, ret_id);
}

static void recovery(void **state)
{
    enum { OWN = 0, RECOVERY = 1 };
    struct km_lane_param p[4] = {P_STR("pw"), P_MI("", 0), P_STR("so"), P_NONE};
    uint32_t pw = 0;
    uint32_t key = 0;
    (void)state;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CREATE_RECOVERABLE, p), TEE_SUCCESS);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CREATE_RECOVERABLE, p), KM_CRYPTO_E_EXISTS);
    assert_int_equal(load_pw("so", &pw), KM_CRYPTO_E_PASSWORD); /* it opens nothing */
    assert_int_equal(check_password(&owner, RECOVERY, "so"), TEE_SUCCESS);
    assert_int_equal(check_password(&owner, RECOVERY, "os"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(check_password(&owner, 2, "so"), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(change(&owner, RECOVERY, "so", OWN, "user"), TEE_SUCCESS);
    assert_int_equal(load_pw("user", &pw), TEE_SUCCESS);
    assert_int_equal(rig_save(&owner, users_key(&owner), "k", pw), TEE_SUCCESS);
    assert_int_equal(change(&owner, OWN, "user", OWN, "mine"), TEE_SUCCESS);
    assert_int_equal(change(&owner, RECOVERY, "so", RECOVERY, "new so"), TEE_SUCCESS);
    users_restart();
    assert_int_equal(change(&owner, RECOVERY, "so", OWN, "x"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(change(&owner, OWN, "user", OWN, "x"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(load_pw("mine", &pw), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", pw, &key), TEE_SUCCESS);
    /* Forgotten, and found again: what is under it opens as before. */
    assert_int_equal(change(&owner, RECOVERY, "new so", OWN, ""), TEE_SUCCESS);
    users_restart();
    assert_int_equal(load_pw("mine", &pw), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(change(&owner, RECOVERY, "new so", OWN, "again"), TEE_SUCCESS);
    assert_int_equal(load_pw("again", &pw), TEE_SUCCESS);
    assert_int_equal(rig_load(&owner, "k", pw, &key), TEE_SUCCESS);
    assert_int_equal(rig_sign(&owner, key), TEE_SUCCESS);
}

static void recovery_is_throttled_apart(void **state)
{
    struct km_lane_param p[4] = {P_STR("pw"), P_STR("user"), P_STR("so"), P_NONE};
    (void)state;
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CREATE_RECOVERABLE, p), TEE_SUCCESS);
    for (unsigned i = 0; i < KM_GUESSES_FREE + 1; i++)
        assert_int_equal(check_password(&owner, 1, "wrong"), KM_CRYPTO_E_PASSWORD);
    assert_int_equal(check_password(&owner, 1, "so"), KM_CRYPTO_E_THROTTLED);
    assert_int_equal(check_password(&owner, 0, "user"), TEE_SUCCESS);
    users_restart();
    assert_int_equal(change(&owner, 1, "so", 0, "x"), KM_CRYPTO_E_THROTTLED);
    rig_host.now += KM_GUESSES_WAIT_MAX_S;
    assert_int_equal(check_password(&owner, 1, "so"), TEE_SUCCESS);
    /* An ordinary one has none, but its owner may change it. */
    assert_int_equal(rig_password(&owner, KM_CRYPTO_CMD_CREATE_PASSWORD, "plain", "secret", NULL),
                     TEE_SUCCESS);
    struct km_lane_param q[4] = {P_STR("plain"), P_VI(1, 0), P_STR("secret"), P_STR("other")};
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CHANGE_PASSWORD, q), TEE_ERROR_BAD_STATE);
    q[1] = (struct km_lane_param)P_VI(0, 1);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CHANGE_PASSWORD, q), TEE_ERROR_BAD_STATE);
    q[1] = (struct km_lane_param)P_VI(0, 0);
    assert_int_equal(rig_call(&owner, KM_CRYPTO_CMD_CHANGE_PASSWORD, q), TEE_SUCCESS);
    assert_int_equal(
        rig_password(&owner, KM_CRYPTO_CMD_LOAD_PASSWORD, "plain", "other", &(uint32_t){0}),
        TEE_SUCCESS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, users_set_up, users_tear_down)
    const struct CMUnitTest tests[] = {
        T(under_a_password),
        T(throttle),
        T(guesses_apart),
        T(killed_guesses_count),
        T(first_come_first_served),
        T(recovery),
        T(recovery_is_throttled_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
