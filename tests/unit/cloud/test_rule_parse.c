/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are none: where the error is and what was expected; and the bounds. */
#include "tests/unit/km_test.h"

#include "tests/unit/cloud/rule_rig.h"

static const struct {
    const char *sql;
    const char *says;
} wrong[] = {
    {"", "expected SELECT at line 1, column 1, found the end"},
    {"SELEC * FROM 'a'", "expected SELECT at line 1, column 1, found a name"},
    {"SELECT", "expected an expression at line 1, column 7, found the end"},
    {"SELECT FROM 'a'", "expected an expression at line 1, column 8, found a name"},
    {"SELECT *", "expected FROM at line 1, column 9, found the end"},
    {"SELECT * FORM 'a'", "expected FROM at line 1, column 10, found a name"},
    {"SELECT * FROM a", "expected a topic filter in quotes at line 1, column 15, found a name"},
    {"SELECT *\nFROM\n  'a", "expected a topic filter in quotes at line 3, column 3, found a text "
                             "without its closing quote"},
    {"SELECT * FROM ''", "topic filter at line 1, column 15 is empty"},
    {"SELECT * FROM 'a/#/b'", NULL},
    {"SELECT * FROM 'a' WHERE", "expected an expression at line 1, column 24, found the end"},
    {"SELECT * FROM 'a' WHERE a = 1 b", "expected the end at line 1, column 31, found a name"},
    {"SELECT * FROM 'a' b", "expected WHERE or the end at line 1, column 19, found a name"},
    {"SELECT * FROM 'a' WHERE a ; b",
     "expected the end at line 1, column 27, found a character that has no meaning here"},
    {"SELECT a, FROM 'a'", "expected an expression at line 1, column 11, found a name"},
    {"SELECT a AS FROM 'a'", "expected FROM at line 1, column 18, found a text"},
    {"SELECT a AS 1 FROM 'a'", "expected a name at line 1, column 13, found a number"},
    {"SELECT nosuch(1) FROM 'a'",
     "expected the name of a function that there is at line 1, column 8, found a name"},
    {"SELECT upper(a FROM 'a'", "expected ) at line 1, column 16, found a name"},
    {"SELECT upper(a,) FROM 'a'", "expected an expression at line 1, column 16, found )"},
    {"SELECT (a FROM 'a'", "expected ) at line 1, column 11, found a name"},
    {"SELECT [a FROM 'a'", "expected ] at line 1, column 11, found a name"},
    {"SELECT a[1 FROM 'a'", "expected ] at line 1, column 12, found a name"},
    {"SELECT a. FROM 'a'", "expected FROM at line 1, column 16, found a text"},
    {"SELECT a.1 FROM 'a'", "expected the name of a member at line 1, column 10, found a number"},
    {"SELECT {a: 1} FROM 'a'", "expected a key in quotes at line 1, column 9, found a name"},
    {"SELECT {'a' 1} FROM 'a'", "expected : at line 1, column 13, found a number"},
    {"SELECT {'a': 1 FROM 'a'", "expected } at line 1, column 16, found a name"},
    {"SELECT CASE a END FROM 'a'", "expected WHEN at line 1, column 15, found a name"},
    {"SELECT CASE WHEN a END FROM 'a'", "expected THEN at line 1, column 20, found a name"},
    {"SELECT CASE WHEN a THEN b FROM 'a'", "expected END at line 1, column 27, found a name"},
    {"SELECT cast(a) FROM 'a'", "expected AS at line 1, column 14, found )"},
    {"SELECT cast(a AS date) FROM 'a'",
     "expected String, Int, Decimal or Boolean at line 1, column 18, found a name"},
    {"SELECT 1e9999 FROM 'a'",
     "expected a number within the range at line 1, column 8, found a number"},
    {"SELECT a = FROM 'a'", "expected an expression at line 1, column 12, found a name"},
    {"SELECT a FROM 'a' WHERE NOT", "expected an expression at line 1, column 28, found the end"},
    {"SELECT a FROM 'a' WHERE b IN", "expected an expression at line 1, column 29, found the end"},
    {"SELECT VALUE a, b FROM 'a'", "expected FROM at line 1, column 15, found ,"},
    {"SELECT 'a FROM 'b'", "expected FROM at line 1, column 17, found a name"},
    {"SELECT a FROM 'a' WHERE \xff", "statement is not UTF-8"},
};

static void test_errors_have_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        struct km_err err = {0};
        struct km_rule *rule = NULL;
        assert_int_equal(km_rule_parse(&err, KM_SLICE_STR(wrong[i].sql), NULL, &rule),
                         KM_E_MALFORMED);
        assert_null(rule);
        if (wrong[i].says != NULL)
            assert_string_equal(err.text, wrong[i].says);
    }
}

static const char *const right[] = {
    "SELECT * FROM 'a'",
    "select*from'a'where a=1",
    "SELECT *, a.b AS c, d[0], upper(e) f, g FROM 'a'", /* see below: f has no AS */
    "SELECT VALUE {'a': [1, -2.5e3, \"x\"\"y\"], 'b''c': NULL} FROM '$aws/events/#'",
    "SELECT CASE color WHEN 'green' THEN 'go' WHEN 'red' THEN 'stop' ELSE 'look' END AS i FROM 'a/+/b'",
    "SELECT a FROM 'a' WHERE NOT (b IN (1, 2, 3) OR c IN d) AND e <> -f % 2",
    "SELECT cast(a AS Decimal), decode(b, 'base64').c[1].d FROM 'a'",
    "SELECT value, values FROM 'a' WHERE value > 1",
    "SELECT a FROM \"a/b\"",
    "SELECT \n\t a\r\nFROM 'a' ",
    "SELECT \xc3\xa4rger FROM 'a'",
};

/* Each cut of a good statement is another or an error, and nothing behind the end is read. */
static void test_cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(right); i++) {
        size_t len = strlen(right[i]);
        for (size_t cut = 1; cut <= len; cut++) {
            char *copy = malloc(cut);
            km_copy(copy, cut, right[i], cut);
            struct km_rule *rule = NULL;
            km_status status = km_rule_parse(NULL, KM_SLICE(copy, cut), "2016-03-23", &rule);
            free(copy);
            assert_true(status == KM_OK || status == KM_E_MALFORMED);
            assert_int_equal(status == KM_OK, rule != NULL);
            if (cut == len)
                assert_int_equal(status, i == 2 ? KM_E_MALFORMED : KM_OK);
            km_rule_free(rule);
        }
    }
}

static void test_filter_and_version(void **state)
{
    (void)state;
    static const char sql[] = "SELECT * FROM 'a/+/c'";
    struct km_rule *rule = NULL;
    assert_int_equal(km_rule_parse(NULL, KM_SLICE_STR(sql), NULL, &rule), KM_OK);
    assert_string_equal(km_rule_version(rule), "2015-10-08");
    assert_true(km_slice_equal(km_rule_filter(rule), KM_SLICE_STR("a/+/c")));
    assert_true(km_rule_matches(rule, KM_SLICE_STR("a/b/c")));
    assert_false(km_rule_matches(rule, KM_SLICE_STR("a/b/d")));
    km_rule_freep(&rule);
    /* the rule behind just-in-time registration */
    static const char event[] = "$aws/events/certificates/registered/"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    char registered[160];
    (void)snprintf(registered, sizeof(registered), "SELECT * FROM '%s'", event);
    assert_int_equal(km_rule_parse(NULL, KM_SLICE_STR(registered), NULL, &rule), KM_OK);
    assert_true(km_rule_matches(rule, KM_SLICE_STR(event)));
    km_rule_freep(&rule);
    assert_int_equal(km_rule_parse(NULL, OCTETS_OF("SELECT * FROM '#'"), NULL, &rule), KM_OK);
    assert_false(km_rule_matches(rule, KM_SLICE_STR(event)));
    km_rule_freep(&rule);
    assert_int_equal(km_rule_parse(NULL, KM_SLICE_STR(sql), "beta", &rule), KM_OK);
    assert_string_equal(km_rule_version(rule), "beta");
    km_rule_freep(&rule);
    struct km_err err = {0};
    assert_int_equal(km_rule_parse(&err, KM_SLICE_STR(sql), "2017-01-01", &rule), KM_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "2016-03-23"));
    km_rule_free(NULL);
}

/* before, n times what is in the middle, after: as a statement; its status. */
static km_status status_of(const char *before, const char *middle, size_t n, const char *after)
{
    size_t cap = strlen(before) + n * strlen(middle) + strlen(after) + 1;
    char *sql = malloc(cap);
    assert_non_null(sql);
    struct km_wr wr = km_wr_init(sql, cap);
    km_wr_bytes(&wr, KM_SLICE_STR(before));
    for (size_t i = 0; i < n; i++)
        km_wr_bytes(&wr, KM_SLICE_STR(middle));
    km_wr_bytes(&wr, KM_SLICE_STR(after));
    assert_false(wr.overflow);
    struct km_rule *rule = NULL;
    km_status status = km_rule_parse(NULL, KM_SLICE(sql, wr.len), NULL, &rule);
    km_rule_free(rule);
    free(sql);
    return status;
}

static void test_bounds(void **state)
{
    (void)state;
    /* levels: the parser's own, and those of a tree that grows to one side */
    assert_int_equal(status_of("SELECT ", "[", 10000, " FROM 'a'"), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT ", "-", 10000, "1 FROM 'a'"), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT ", "NOT ", 10000, "1 FROM 'a'"), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT a", ".a", 10000, " FROM 'a'"), KM_E_LIMIT);
    assert_int_equal(status_of("SELECT a", " + a", KM_RULE_DEPTH_MAX - 1, " FROM 'a'"), KM_OK);
    assert_int_equal(status_of("SELECT a", " + a", KM_RULE_DEPTH_MAX, " FROM 'a'"), KM_E_LIMIT);
    /* parts */
    assert_int_equal(status_of("SELECT a", ",a", KM_RULE_NODES_MAX - 1, " FROM 'a'"), KM_OK);
    assert_int_equal(status_of("SELECT a", ",a", KM_RULE_NODES_MAX, " FROM 'a'"), KM_E_LIMIT);
    /* arguments */
    assert_int_equal(status_of("SELECT concat(a", ",a", KM_RULE_ARGUMENTS_MAX - 1, ") FROM 'a'"),
                     KM_OK);
    assert_int_equal(status_of("SELECT concat(a", ",a", KM_RULE_ARGUMENTS_MAX, ") FROM 'a'"),
                     KM_E_LIMIT);
    /* octets */
    size_t rest = strlen("SELECT * FROM 'a'");
    assert_int_equal(status_of("SELECT *", " ", KM_RULE_SQL_MAX - rest, " FROM 'a'"), KM_OK);
    assert_int_equal(status_of("SELECT *", " ", KM_RULE_SQL_MAX - rest + 1, " FROM 'a'"),
                     KM_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_have_a_place),
        cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_filter_and_version),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
