/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/topic.h"
#include "tests/unit/km_test.h"

static struct km_slice text(const char *s)
{
    return KM_SLICE_STR(s);
}

/* n letters, with a slash behind each of the first n_slashes. */
static struct km_slice deep(char *buffer, size_t n, size_t n_slashes)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        buffer[len++] = 'a';
        if (i < n_slashes)
            buffer[len++] = '/';
    }
    return KM_SLICE(buffer, len);
}

static void names_are_checked(void **state)
{
    static const struct {
        struct km_slice name;
        enum km_topic_fault fault;
    } rows[] = {
        {OCTETS("a"), KM_TOPIC_OK},
        {OCTETS("/"), KM_TOPIC_OK},
        {OCTETS("$aws/things/t/shadow/name/n/update/accepted"), KM_TOPIC_OK},
        {OCTETS("a/b c/\xc3\xa9"), KM_TOPIC_OK},
        {OCTETS(""), KM_TOPIC_EMPTY},
        {OCTETS("1/2/3/4/5/6/7/8"), KM_TOPIC_OK},
        {OCTETS("1/2/3/4/5/6/7/8/9"), KM_TOPIC_TOO_DEEP},
        {OCTETS("////////"), KM_TOPIC_TOO_DEEP},
        {OCTETS("$aws/rules/R/1/2/3/4/5/6/7/8"), KM_TOPIC_OK},
        {OCTETS("$aws/rules/R/1/2/3/4/5/6/7/8/9"), KM_TOPIC_TOO_DEEP},
        {OCTETS("a/+"), KM_TOPIC_WILDCARD},
        {OCTETS("a+b"), KM_TOPIC_WILDCARD},
        {OCTETS("#"), KM_TOPIC_WILDCARD},
        {OCTETS("a\0b"), KM_TOPIC_NOT_UTF8},
        {OCTETS("a\xff"), KM_TOPIC_NOT_UTF8},
        {OCTETS("\xc0\xaf"), KM_TOPIC_NOT_UTF8},
        {OCTETS("\xed\xa0\x80"), KM_TOPIC_NOT_UTF8},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(km_topic_name_check(rows[i].name), rows[i].fault);
}

static void filters_are_checked(void **state)
{
    static const struct {
        struct km_slice filter;
        enum km_topic_fault fault;
    } rows[] = {
        {OCTETS("#"), KM_TOPIC_OK},
        {OCTETS("+"), KM_TOPIC_OK},
        {OCTETS("/#"), KM_TOPIC_OK},
        {OCTETS("+/+"), KM_TOPIC_OK},
        {OCTETS("a/+/b/#"), KM_TOPIC_OK},
        {OCTETS("/+/"), KM_TOPIC_OK},
        {OCTETS("$aws/things/+/shadow/#"), KM_TOPIC_OK},
        {OCTETS(""), KM_TOPIC_EMPTY},
        {OCTETS("a#"), KM_TOPIC_WILDCARD},
        {OCTETS("#/a"), KM_TOPIC_WILDCARD},
        {OCTETS("a/#/b"), KM_TOPIC_WILDCARD},
        {OCTETS("##"), KM_TOPIC_WILDCARD},
        {OCTETS("a+"), KM_TOPIC_WILDCARD},
        {OCTETS("+a"), KM_TOPIC_WILDCARD},
        {OCTETS("a/+b/c"), KM_TOPIC_WILDCARD},
        {OCTETS("a/++"), KM_TOPIC_WILDCARD},
        {OCTETS("+#"), KM_TOPIC_WILDCARD},
        {OCTETS("1/2/3/4/5/6/7/#"), KM_TOPIC_OK},
        {OCTETS("1/2/3/4/5/6/7/8/#"), KM_TOPIC_TOO_DEEP},
        {OCTETS("a/\0"), KM_TOPIC_NOT_UTF8},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        assert_int_equal(km_topic_filter_check(rows[i].filter), rows[i].fault);
}

static void lengths_are_bounded(void **state)
{
    char buffer[KM_TOPIC_MAX + 32] = {0};
    (void)state;
    assert_int_equal(km_topic_name_check(deep(buffer, KM_TOPIC_MAX, 0)), KM_TOPIC_OK);
    assert_int_equal(km_topic_name_check(deep(buffer, KM_TOPIC_MAX - 7, 7)), KM_TOPIC_OK);
    assert_int_equal(km_topic_name_check(deep(buffer, KM_TOPIC_MAX + 1, 0)), KM_TOPIC_TOO_LONG);
    assert_int_equal(km_topic_filter_check(deep(buffer, KM_TOPIC_MAX + 1, 0)), KM_TOPIC_TOO_LONG);

    /* The rule's name in front does not count. */
    char rule[KM_TOPIC_MAX + 64] = "$aws/rules/R/";
    size_t front = strlen(rule);
    struct km_slice rest = deep(rule + front, KM_TOPIC_MAX, 0);
    assert_int_equal(km_topic_name_check(KM_SLICE(rule, front + rest.len)), KM_TOPIC_OK);
    rest = deep(rule + front, KM_TOPIC_MAX + 1, 0);
    assert_int_equal(km_topic_name_check(KM_SLICE(rule, front + rest.len)), KM_TOPIC_TOO_LONG);
}

static void client_ids_are_checked(void **state)
{
    char id[KM_CLIENT_ID_MAX + 1] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(id); i++)
        id[i] = 'x';
    assert_true(km_client_id_check(KM_SLICE(id, KM_CLIENT_ID_MAX)));
    assert_false(km_client_id_check(KM_SLICE(id, KM_CLIENT_ID_MAX + 1)));
    assert_false(km_client_id_check(KM_SLICE(id, 0)));
    assert_false(km_client_id_check(OCTETS_OF("a\0")));
    assert_false(km_client_id_check(OCTETS_OF("\x80")));
}

static void filters_match(void **state)
{
    static const struct {
        const char *filter;
        const char *name;
        bool matches;
    } rows[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "a/", false},
        {"a/", "a", false},
        {"a/b", "a/b", true},
        {"a/b", "a/bc", false},
        {"a/bc", "a/b", false},
        {"+", "a", true},
        {"+", "", true}, /* a topic can't be empty, a level can */
        {"+", "a/b", false},
        {"+", "/a", false},
        {"/+", "/a", true},
        {"+/+", "/a", true},
        {"+/", "a/", true},
        {"a/+/c", "a/b/c", true},
        {"a/+/c", "a//c", true},
        {"a/+/c", "a/b/d", false},
        {"a/+", "a", false},
        {"#", "a", true},
        {"#", "a/b/c", true},
        {"#", "/", true},
        {"a/#", "a/b", true},
        {"a/#", "a/", true},
        {"a/#", "a/b/c", true},
        {"a/#", "a", false}, /* as AWS IoT, unlike MQTT 3.1.1 */
        {"a/#", "ab", false},
        {"a/+/#", "a/b", false},
        {"a/+/#", "a/b/c", true},
        {"#", "$aws/x", false},
        {"+/x", "$aws/x", false},
        {"$aws/#", "$aws/x", true},
        {"$aws/+", "$aws/x", true},
        {"$aws/events/presence/+/c", "$aws/events/presence/connected/c", true},
        {"A", "a", false},
        {"*", "a", false},
        {"a/*", "a/b", false},
        {"\xc3\xa9/+", "\xc3\xa9/x", true},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        bool matches = km_topic_filter_matches(text(rows[i].filter), text(rows[i].name));
        if (matches != rows[i].matches)
            print_error("%s against %s\n", rows[i].filter, rows[i].name);
        assert_int_equal(matches, rows[i].matches);
    }
}

static void basic_ingest_is_taken_apart(void **state)
{
    struct km_slice rule = {0};
    struct km_slice rest = {0};
    (void)state;
    assert_true(km_topic_rule_of(text("$aws/rules/My_Rule/a/b"), &rule, &rest));
    assert_true(km_slice_equal(rule, text("My_Rule")));
    assert_true(km_slice_equal(rest, text("a/b")));
    static const char *const none[] = {"",
                                       "$aws/rules/",
                                       "$aws/rules/R",
                                       "$aws/rules/R/",
                                       "$aws/rules//a",
                                       "$aws/rule/R/a",
                                       "aws/rules/R/a",
                                       "$AWS/rules/R/a"};
    for (size_t i = 0; i < KM_ARRAY_LEN(none); i++)
        assert_false(km_topic_rule_of(text(none[i]), &rule, &rest));
}

static void faults_have_words(void **state)
{
    (void)state;
    for (int fault = KM_TOPIC_OK; fault <= KM_TOPIC_WILDCARD; fault++)
        assert_string_not_equal(km_topic_fault_text((enum km_topic_fault)fault), "unknown");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked),   cmocka_unit_test(filters_are_checked),
        cmocka_unit_test(lengths_are_bounded), cmocka_unit_test(client_ids_are_checked),
        cmocka_unit_test(filters_match),       cmocka_unit_test(basic_ingest_is_taken_apart),
        cmocka_unit_test(faults_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
