/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/km_test.h"

#include "cloud/broker-plugin/conn.h"
#include "cloud/broker-plugin/inflight.h"

#define SESSION_MS 1000

/* Handles are never looked into. */
static const char handles[8];

struct seen {
    char ids[64];
};

static void note(void *arg, struct conn *conn)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->ids);
    (void)snprintf(seen->ids + len, sizeof(seen->ids) - len, "%s%s ", conn->id,
                   conn->is_local ? "*" : "");
}

static void ignore(void *arg, struct conn *conn)
{
    (void)arg;
    (void)conn;
}

static size_t remembered;

static size_t count(const struct conns *conns)
{
    struct seen seen = {0};
    size_t n = 0;
    conns_each(conns, note, &seen);
    for (const char *at = seen.ids; *at != '\0'; at++)
        n += *at == ' ' ? 1 : 0;
    return n;
}

static struct conn *add(struct conns *conns, unsigned handle, const char *id, bool keeps)
{
    struct conn *conn = conn_new(&handles[handle], id, "", "127.0.0.1");
    assert_non_null(conn);
    conn->keeps_session = keeps;
    assert_true(conns_add(conns, conn));
    return conn;
}

static void sweep_at(struct conns *conns, int64_t now_ms, const char *expected)
{
    struct seen seen = {0};
    const struct conns_sweep sweep = {.now_ms = now_ms,
                                      .session_ms = SESSION_MS,
                                      .n_remembered = remembered,
                                      .over = note,
                                      .arg = &seen};
    conns_sweep(conns, &sweep);
    assert_string_equal(seen.ids, expected);
}

static void test_come_and_go(void **state)
{
    (void)state;
    struct conns conns = {0};
    struct seen seen = {0};
    struct conn *a = add(&conns, 0, "a", false);
    struct conn *b = add(&conns, 1, "b", false);
    assert_ptr_equal(conns_find(&conns, &handles[0]), a);
    assert_ptr_equal(conns_find_id(&conns, "b"), b);
    assert_null(conns_find(&conns, &handles[2]));
    assert_null(conns_find_id(&conns, "c"));
    conns_each(&conns, note, &seen);
    assert_int_equal(strlen(seen.ids), 4);
    conns_leave(&conns, a);
    conns_leave(&conns, a);
    assert_ptr_equal(conns_find(&conns, &handles[0]), a); /* for its will */
    sweep_at(&conns, 1, "a ");
    assert_null(conns_find(&conns, &handles[0]));
    assert_int_equal(count(&conns), 1);
    sweep_at(&conns, 2, "");
    conns_clear(&conns);
}

static void test_session(void **state)
{
    (void)state;
    struct conns conns = {0};
    struct conn *a = add(&conns, 0, "a", true);
    conns_leave(&conns, a);
    sweep_at(&conns, 100, "a ");
    assert_ptr_equal(conns_find_id(&conns, "a"), a);
    sweep_at(&conns, 100 + SESSION_MS, "");
    assert_ptr_equal(conns_find(&conns, &handles[0]), a);
    sweep_at(&conns, 101 + SESSION_MS, "");
    assert_null(conns_find(&conns, &handles[0]));
    /* It comes back in time: the session is the new connection's. */
    a = add(&conns, 1, "a", true);
    conns_leave(&conns, a);
    sweep_at(&conns, 5000, "a ");
    struct conn *again = add(&conns, 2, "a", true);
    assert_ptr_equal(conns_find_id(&conns, "a"), again);
    sweep_at(&conns, 5001, "a ");
    assert_null(conns_find(&conns, &handles[1]));
    assert_int_equal(count(&conns), 1);
    conns_clear(&conns);
}

static void test_takeover(void **state)
{
    (void)state;
    struct conns conns = {0};
    struct conn *old = add(&conns, 0, "a", true);
    struct conn *young = add(&conns, 1, "a", true);
    assert_ptr_equal(conns_find(&conns, &handles[0]), old);
    assert_ptr_equal(conns_find_id(&conns, "a"), young);
    conns_leave(&conns, old);
    sweep_at(&conns, 1, "a ");
    assert_null(conns_find(&conns, &handles[0])); /* its session went on with the young one */
    assert_ptr_equal(conns_find_id(&conns, "a"), young);
    conns_clear(&conns);
}

/* The broker gives a handle again once its client has gone, of whatever kind it was. */
static void test_handle_again(void **state)
{
    (void)state;
    struct conns conns = {0};
    struct conn *a = add(&conns, 0, "a", true);
    conns_leave(&conns, a);
    sweep_at(&conns, 1, "a ");
    struct conn *b = add(&conns, 0, "b", false);
    assert_ptr_equal(conns_find(&conns, &handles[0]), b);
    assert_null(conns_find_id(&conns, "a"));
    conns_leave(&conns, b);
    struct conn *c = add(&conns, 0, "c", false);
    assert_ptr_equal(conns_find(&conns, &handles[0]), c);
    assert_null(conns_find_id(&conns, "b"));
    sweep_at(&conns, 2, "");
    struct conn *same = add(&conns, 0, "c", false);
    assert_ptr_equal(conns_find_id(&conns, "c"), same);
    assert_int_equal(count(&conns), 1);
    conns_clear(&conns);
}

static bool is_b(void *arg, const struct conn *conn)
{
    (void)arg;
    return strcmp(conn->id, "b") == 0;
}

static void test_remembered(void **state)
{
    (void)state;
    struct conns conns = {0};
    remembered = 2;
    struct conn *a = add(&conns, 0, "a", false);
    conns_leave(&conns, a);
    sweep_at(&conns, 1, "a ");
    assert_ptr_equal(conns_find_id(&conns, "a"), a);
    assert_null(conns_find(&conns, &handles[0])); /* it has none: somebody else may get it */
    assert_int_equal(count(&conns), 0);
    struct conn *b = add(&conns, 0, "b", false);
    conns_leave(&conns, b);
    sweep_at(&conns, 2, "b ");
    conns_leave(&conns, add(&conns, 0, "c", false));
    sweep_at(&conns, 3, "c ");
    assert_null(conns_find_id(&conns, "a")); /* the oldest had to go */
    assert_ptr_equal(conns_find_id(&conns, "b"), b);
    conns_forget(&conns, is_b, NULL);
    assert_null(conns_find_id(&conns, "b"));
    struct conn *c = add(&conns, 1, "c", false); /* it comes again */
    assert_ptr_equal(conns_find_id(&conns, "c"), c);
    assert_int_equal(conns.remembered.n, 0);
    c->is_barred = true;
    conns_leave(&conns, c);
    sweep_at(&conns, 4, "c ");
    assert_null(conns_find_id(&conns, "c"));
    conns_leave(&conns, add(&conns, 1, "d", false));
    sweep_at(&conns, 5, "d ");
    conns_clear(&conns);
    remembered = 0;
}

/* As many as make the map of handles grow, several times. */
static void test_many(void **state)
{
    (void)state;
    static const char many[5000];
    struct conns conns = {0};
    struct conn *all[sizeof(many)];
    for (size_t i = 0; i < sizeof(many); i++) {
        char id[16] = "";
        (void)snprintf(id, sizeof(id), "d%zu", i);
        all[i] = conn_new(&many[i], id, "", "127.0.0.1");
        assert_non_null(all[i]);
        assert_true(conns_add(&conns, all[i]));
    }
    for (size_t i = 0; i < sizeof(many); i++)
        assert_ptr_equal(conns_find(&conns, &many[i]), all[i]);
    assert_null(conns_find(&conns, &conns));
    assert_int_equal(conns.by_handle.n, sizeof(many));
    for (size_t i = 0; i < sizeof(many); i += 2)
        conns_leave(&conns, all[i]);
    const struct conns_sweep sweep = {.now_ms = 1, .over = ignore};
    assert_true(conns_need_sweep(&conns, 0));
    conns_sweep(&conns, &sweep);
    assert_false(conns_need_sweep(&conns, 0));
    for (size_t i = 0; i < sizeof(many); i++)
        assert_ptr_equal(conns_find(&conns, &many[i]), i % 2 == 0 ? NULL : all[i]);
    conns_clear(&conns);
}

static void test_inflight(void **state)
{
    (void)state;
    struct inflight inflight = {0};
    assert_true(inflight_begin(&inflight, "t", 2));
    assert_true(inflight_begin(&inflight, "t", 2));
    assert_false(inflight_begin(&inflight, "t", 2));
    assert_true(inflight_begin(&inflight, "u", 2));
    inflight_end(&inflight, "t");
    assert_true(inflight_begin(&inflight, "t", 2));
    inflight_end(&inflight, "t");
    inflight_end(&inflight, "t");
    inflight_end(&inflight, "t");
    inflight_end(&inflight, "unknown");
    inflight_end(&inflight, "u");
    assert_null(inflight.by_thing);
    assert_true(inflight_begin(&inflight, "v", 1));
    inflight_clear(&inflight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_come_and_go), cmocka_unit_test(test_session),
        cmocka_unit_test(test_takeover),    cmocka_unit_test(test_handle_again),
        cmocka_unit_test(test_remembered),  cmocka_unit_test(test_inflight),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
