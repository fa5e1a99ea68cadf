/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the console in the registry. */
#include "cloud/registry/registry_console.h"
#include "tests/unit/cloud/registry_rig.h"

static const struct km_registry_console_limits limits = {.idle_ms = 1000, .life_ms = 5000};

/* id_of: one that is no other's. */
static const char *id_of(int number)
{
    static char rooms[4][KM_CERTIFICATE_ID_LEN + 1];
    static unsigned next;
    char *room = rooms[next++ % 4];
    (void)snprintf(room, sizeof(rooms[0]), "%064x", (unsigned)number);
    return room;
}

static void enter(struct rig *rig, int number, const char *name)
{
    const struct km_registry_console session = {.account = ACCOUNT, .name = name, .csrf = "secret"};
    assert_ok(rig, km_registry_console_add(rig->reg, id_of(number), &session, &limits));
}

static km_status get(struct rig *rig, struct km_registry *reg, int number,
                     struct km_registry_console *ret)
{
    return km_registry_console_get(reg, rig->arena, id_of(number), &limits, ret);
}

static void known_to_every_handle(void **state)
{
    struct rig *rig = *state;
    struct km_registry_console session = {0};
    struct km_registry *other = rig_another(rig);
    enter(rig, 1, "ann");
    rig->now_ms += 7;
    assert_int_equal(get(rig, other, 1, &session), KM_OK);
    assert_string_equal(session.account, ACCOUNT);
    assert_string_equal(session.name, "ann");
    assert_string_equal(session.csrf, "secret");
    assert_int_equal(session.idle_ms, 7);
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 2, &session));
    assert_ok(rig, km_registry_console_end(rig->reg, id_of(1)));
    assert_ok(rig, km_registry_console_end(rig->reg, id_of(1)));
    assert_int_equal(get(rig, other, 1, &session), KM_E_NOTFOUND);
    km_registry_close(other);
}

static void time_ends_it(void **state)
{
    struct rig *rig = *state;
    struct km_registry_console session = {0};
    enter(rig, 1, "ann");
    enter(rig, 2, "ann");
    rig->now_ms += limits.idle_ms - 1;
    assert_ok(rig, get(rig, rig->reg, 1, &session));
    assert_ok(rig, km_registry_console_use(rig->reg, id_of(1)));
    rig->now_ms++;
    assert_ok(rig, get(rig, rig->reg, 1, &session));
    assert_int_equal(session.idle_ms, 1);
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 2, &session));
    for (int i = 0; i < 5; i++) {
        rig->now_ms += limits.idle_ms - 1;
        assert_ok(rig, km_registry_console_use(rig->reg, id_of(1)));
    }
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 1, &session)); /* used all its life */
    enter(rig, 3, "ann");
    assert_status(rig, KM_E_NOTFOUND, km_registry_console_use(rig->reg, id_of(1)));
    assert_status(rig, KM_E_NOTFOUND, km_registry_console_use(rig->reg, id_of(2)));
    assert_ok(rig, km_registry_console_use(rig->reg, id_of(3)));
}

static void all_of_a_user_end_together(void **state)
{
    struct rig *rig = *state;
    struct km_registry_console session = {0};
    const struct km_registry_console foreign = {
        .account = OTHER_ACCOUNT, .name = "ann", .csrf = "c"};
    assert_ok(rig, km_registry_account_create(rig->reg, OTHER_ACCOUNT, "other"));
    enter(rig, 1, "ann");
    enter(rig, 2, "ann");
    enter(rig, 3, "bob");
    assert_ok(rig, km_registry_console_add(rig->reg, id_of(4), &foreign, &limits));
    assert_ok(rig, km_registry_console_end_all(rig->reg, ACCOUNT, "ann"));
    assert_ok(rig, km_registry_console_end_all(rig->reg, ACCOUNT, "ann"));
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 1, &session));
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 2, &session));
    assert_ok(rig, get(rig, rig->reg, 3, &session));
    assert_ok(rig, get(rig, rig->reg, 4, &session));
    assert_ok(rig, km_registry_account_delete(rig->reg, OTHER_ACCOUNT));
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 4, &session));
}

static void the_idlest_makes_room(void **state)
{
    struct rig *rig = *state;
    struct km_registry_console session = {0};
    for (int i = 0; i < KM_REGISTRY_CONSOLE_MAX; i++)
        enter(rig, i, "ann");
    rig->now_ms++;
    for (int i = 0; i < KM_REGISTRY_CONSOLE_MAX; i++)
        if (i != 500)
            assert_ok(rig, km_registry_console_use(rig->reg, id_of(i)));
    enter(rig, KM_REGISTRY_CONSOLE_MAX, "ann");
    assert_status(rig, KM_E_NOTFOUND, get(rig, rig->reg, 500, &session));
    assert_ok(rig, get(rig, rig->reg, 0, &session));
    assert_ok(rig, get(rig, rig->reg, KM_REGISTRY_CONSOLE_MAX, &session));
}

static void what_is_no_session_is_refused(void **state)
{
    struct rig *rig = *state;
    struct km_registry_console session = {.account = OTHER_ACCOUNT, .name = "ann", .csrf = "c"};
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_console_add(rig->reg, id_of(1), &session, &limits));
    session.account = ACCOUNT;
    assert_status(rig, KM_E_ARG, km_registry_console_add(rig->reg, "1", &session, &limits));
    session.name = "";
    assert_status(rig, KM_E_ARG, km_registry_console_add(rig->reg, id_of(1), &session, &limits));
    session.name = "ann";
    session.csrf = NULL;
    assert_status(rig, KM_E_ARG, km_registry_console_add(rig->reg, id_of(1), &session, &limits));
    assert_status(rig, KM_E_ARG,
                  km_registry_console_get(rig->reg, rig->arena, "x", &limits, &session));
    assert_status(rig, KM_E_ARG, km_registry_console_end(rig->reg, "x"));
    assert_status(rig, KM_E_ARG, km_registry_console_end_all(rig->reg, "x", "ann"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(known_to_every_handle),         RIG_TEST(time_ends_it),
        RIG_TEST(all_of_a_user_end_together),    RIG_TEST(the_idlest_makes_room),
        RIG_TEST(what_is_no_session_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
