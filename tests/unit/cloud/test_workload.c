/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for rules: whose turn it is, and who loses what when there is too much. */
#include "cloud/companion/workload.h"
#include "tests/unit/km_test.h"

#define LOG(group)                                                                                 \
    "{\"awsIotSqlVersion\":\"2016-03-23\",\"actions\":[{\"cloudwatchLogs\":{\"logGroupName\":"     \
    "\"" group "\",\"roleArn\":\"r\"}}]}"

static struct rig {
    struct ruleset set;
    struct workload load;
    char done[4096]; /* group and text of what was carried out, in order */
    char told[1024]; /* rule and failure */
} rig;

static void note(char *into, size_t cap, const char *what, const char *text, size_t len)
{
    size_t at = strlen(into);
    snprintf(into + at, cap - at, "%s:%.*s ", what, (int)(len < 40 ? len : 1), text);
}

static km_status write_log(void *ctx, struct km_err *err, const char *group, struct km_slice text)
{
    (void)ctx;
    (void)err;
    note(rig.done, sizeof rig.done, group, (const char *)text.ptr, text.len);
    return KM_OK;
}

static void told(void *ctx, const char *rule, const char *word,
                 const struct dispatch_message *message, const struct km_err *failure)
{
    (void)ctx;
    assert_true(message->message.topic.len > 0);
    if (failure != NULL) {
        assert_null(word);
        assert_int_equal(failure->status, KM_E_BUSY);
        note(rig.told, sizeof rig.told, rule, strstr(failure->text, ":") + 2, 1);
    }
}

static const struct dispatch_host host = {.log = write_log, .told = told};

static void add(struct ruleset *set, const char *name, const char *sql, const char *payload)
{
    assert_int_equal(ruleset_add(NULL, set, name, sql, payload), KM_OK);
}

static int set_up(void **state)
{
    (void)state;
    memset(&rig, 0, sizeof rig);
    ruleset_init(&rig.set);
    add(&rig.set, "hot", "SELECT VALUE n FROM 'hot/#'", LOG("h"));
    add(&rig.set, "calm", "SELECT VALUE n FROM 'calm'", LOG("c"));
    add(&rig.set, "all", "SELECT VALUE n FROM '#' WHERE isUndefined(big)", LOG("a"));
    workload_init(&rig.load, &rig.set, 100000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ruleset_clear(&rig.set);
    assert_int_equal(rig.load.backlog.n, 0);
    assert_int_equal(rig.load.backlog.octets, 0);
    return 0;
}

static void put(const char *topic, const char *payload, int64_t now_ms)
{
    struct dispatch_message message = {
        .message = {.topic = KM_SLICE_STR(topic), .payload = KM_SLICE_STR(payload)}};
    workload_put(&rig.load, &message, &host, now_ms);
}

static void run_all(void)
{
    while (workload_run(&rig.load, &host))
        continue;
    assert_false(workload_waits(&rig.load));
}

static void each_rule_in_turn(void **state)
{
    (void)state;
    put("hot/x", "{\"n\":1}", 1);
    put("hot/x", "{\"n\":2}", 1);
    put("hot/x", "{\"n\":3}", 1);
    put("calm", "{\"n\":4}", 1);
    put("nobody's", "{\"n\":5}", 1);
    run_all();
    assert_string_equal(rig.done, "h:1 c:4 a:1 h:2 a:2 h:3 a:3 a:4 a:5 ");
    assert_string_equal(rig.told, "");
    assert_false(workload_run(&rig.load, &host));
}

static void what_concerns_nobody_does_not_wait(void **state)
{
    (void)state;
    put("$aws/rules/none/x", "{}", 1);
    put("$aws/events/x", "{}", 1); /* not for a filter that begins with a wildcard */
    assert_false(workload_waits(&rig.load));
    put("$aws/rules/calm/x", "{\"n\":1}", 1);
    run_all();
    assert_string_equal(rig.done, "c:1 ");
}

/* {"n":i,"big":"..."} of some 1,000 octets. */
static void put_large(const char *topic, int i, int64_t now_ms)
{
    char payload[1024] = {0};
    snprintf(payload, sizeof payload, "{\"n\":%d,\"big\":\"%0900d\"}", i, 0);
    put(topic, payload, now_ms);
}

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;
    for (const char *at = strstr(in, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

/* A flood for one rule: it keeps its oldest, in order, and the others miss nothing, before, meanwhile and after. */
static void a_flood_is_its_own_rules(void **state)
{
    (void)state;
    static const char *const topics[] = {"quiet/1", "calm", "quiet/2"};
    ruleset_clear(&rig.set);
    add(&rig.set, "hot", "SELECT VALUE n FROM 'hot'", LOG("h"));
    add(&rig.set, "calm", "SELECT VALUE n FROM 'calm'", LOG("c"));
    add(&rig.set, "quiet", "SELECT VALUE n FROM 'quiet/+'", LOG("q"));
    for (int i = 0; i < 3; i++) {
        put_large(topics[i], i, 1);
        for (int j = 0; j < 1000; j++)
            put_large("hot", j, 1);
    }
    assert_true(rig.load.backlog.octets <= 100000);
    run_all();
    assert_int_equal(count(rig.done, "c:1 "), 1);
    assert_int_equal(count(rig.done, "q:0 "), 1);
    assert_int_equal(count(rig.done, "q:2 "), 1);
    assert_in_range(count(rig.done, "h:"), 50, 110);
    assert_non_null(strstr(rig.done, "h:40 h:41 h:42 "));
    assert_string_equal(rig.told, "hot:1 ");
}

/* One message is in memory once, however many rules wait for it; with two floods the larger one gives way. */
static void who_has_most_gives_way(void **state)
{
    (void)state;
    put_large("hot/x", 1, 1);
    assert_true(rig.load.backlog.octets < 2000);
    assert_int_equal(rig.load.backlog.n, 2);
    for (int i = 0; i < 60; i++)
        put_large("calm", i, 1);
    for (int i = 0; i < 200; i++)
        put_large("hot/x", i, 1);
    const struct lane *hot = &rig.set.first->lane, *calm = &rig.set.first->next->lane;
    assert_true(calm->n_lost > 0 || hot->n_lost > 0);
    assert_true(hot->octets > 20000 && calm->octets > 20000);
}

/* It is told at first, and then every ten seconds how many there were. */
static void losses_are_told_now_and_then(void **state)
{
    (void)state;
    ruleset_clear(&rig.set);
    add(&rig.set, "hot", "SELECT VALUE n FROM 'hot'", LOG("h"));
    for (int i = 0; i < 300; i++)
        put_large("hot", i, 5000);
    assert_int_equal(count(rig.told, "hot:"), 1);
    put_large("hot", 1, 5000 + WORKLOAD_TELL_MS - 1);
    assert_int_equal(count(rig.told, "hot:"), 1);
    put_large("hot", 1, 5000 + WORKLOAD_TELL_MS);
    assert_int_equal(count(rig.told, "hot:"), 2);
    assert_in_range(rig.set.first->lane.n_lost, 180, 300);
}

/* Rules that change: what waits for one that stays is kept, for one that goes is dropped, and the new statement counts. */
static void rules_that_change(void **state)
{
    (void)state;
    struct ruleset fresh;
    put("hot/x", "{\"n\":1}", 1);
    put("calm", "{\"n\":2}", 1);
    put("calm", "{\"n\":3}", 1);
    (void)workload_run(&rig.load, &host); /* so that a turn is under way */
    ruleset_init(&fresh);
    add(&fresh, "calm", "SELECT VALUE n * 10 FROM 'calm'", LOG("c"));
    add(&fresh, "all", "SELECT VALUE n FROM 'elsewhere'", LOG("a"));
    add(&fresh, "fresh", "SELECT VALUE n FROM '#'", LOG("f"));
    ruleset_inherit(&fresh, &rig.set);
    ruleset_clear(&rig.set);
    ruleset_take(&rig.set, &fresh);
    workload_moved(&rig.load);
    put("calm", "{\"n\":4}", 1);
    run_all();
    assert_string_equal(rig.done, "h:1 c:20 f:4 c:30 c:40 ");
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(each_rule_in_turn),
        RIG_TEST(what_concerns_nobody_does_not_wait),
        RIG_TEST(a_flood_is_its_own_rules),
        RIG_TEST(who_has_most_gives_way),
        RIG_TEST(losses_are_told_now_and_then),
        RIG_TEST(rules_that_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
