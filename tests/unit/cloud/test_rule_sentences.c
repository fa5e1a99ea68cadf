/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language sentence by sentence: what a user may rely on, each with statements that would tell if it were otherwise. What single
 * operators and functions give for single values is in test_rule_eval and test_rule_function.
 */
#include "cloud/rules/rule_function.h"
#include "tests/unit/cloud/rule_check.h"

static const char payload[] =
    "{\"i\":5,\"d\":2.5,\"s\":\"text\",\"n\":\"7\",\"t\":true,\"z\":null,\"a\":[1,[2,3]],"
    "\"o\":{\"x\":{\"y\":1},\"l\":[{\"k\":\"v\"}]},\"T\":\"Upper\",\"when\":\"w\",\"from\":1}";

struct row {
    const char *sentence; /* NULL: the one above */
    const char *sql, *output;
};

static void check(const struct row *rows, size_t n, struct km_slice message)
{
    const char *sentence = NULL;
    for (size_t i = 0; i < n; i++) {
        sentence = rows[i].sentence != NULL ? rows[i].sentence : sentence;
        assert_non_null(sentence);
        rule_check_output(rows[i].sql, message, rows[i].output);
    }
}

static const struct row of_objects[] = {
    {"keywords in any case", "select i As n from 't' Where t AND nOt z = 1 oR false", "{\"n\":5}"},
    {NULL, "SELECT VALUE case i when 5 then 'five' else 'other' end FROM 't'", "\"five\""},
    {NULL, "SELECT value cast(i as sTRING) FROM 't' WHERE i in (5)", "\"5\""},
    {"field names as they are written", "SELECT t, T, I, S FROM 't'",
     "{\"t\":true,\"T\":\"Upper\"}"},
    {"a text in single quotes, with '' for one", "SELECT VALUE 'it''s \"so\"' FROM 't'",
     "\"it's \\\"so\\\"\""},
    {"double quotes in a call", "SELECT VALUE concat(\"a\", 'b', \"it's\") FROM 't'", "\"abit's\""},
    {"WHERE sees the message and no alias", "SELECT i AS fresh FROM 't' WHERE fresh = 5", NULL},
    {NULL, "SELECT 1 AS i FROM 't' WHERE i = 5", "{\"i\":1}"},
    {"an Undefined item is left out, null is not", "SELECT missing, z, i / 0 AS q, s FROM 't'",
     "{\"z\":null,\"s\":\"text\"}"},
    {NULL, "SELECT missing AS a, cast(s AS Int) AS b FROM 't'", "{}"},
    {NULL, "SELECT {'a': missing, 'b': [missing, 1, s - 1]} AS o FROM 't'", "{\"o\":{\"b\":[1]}}"},
    {"WHERE takes true alone", "SELECT i FROM 't' WHERE missing", NULL},
    {NULL, "SELECT i FROM 't' WHERE z", NULL},
    {NULL, "SELECT i FROM 't' WHERE i", NULL},
    {NULL, "SELECT i FROM 't' WHERE NOT missing = 1", NULL},
    {NULL, "SELECT i FROM 't' WHERE missing = 1 OR true", NULL},
    {NULL, "SELECT i FROM 't' WHERE CASE WHEN missing THEN false ELSE true END", "{\"i\":5}"},
    {"the order of fields is that of the items", "SELECT s, i, d, n FROM 't'",
     "{\"s\":\"text\",\"i\":5,\"d\":2.5,\"n\":\"7\"}"},
    {"VALUE makes the output of anything", "SELECT VALUE a FROM 't'", "[1,[2,3]]"},
    {NULL, "SELECT VALUE z FROM 't'", "null"},
    {NULL, "SELECT VALUE i = 5 FROM 't'", "true"},
    {NULL, "SELECT VALUE {'a': [o.x.y, {}], 'b': 'c'} FROM 't'", "{\"a\":[1,{}],\"b\":\"c\"}"},
    {NULL, "SELECT VALUE i / 0 FROM 't'", NULL},
    {"get within get", "SELECT VALUE get(get(a, 1), 0) FROM 't'", "2"},
    {NULL, "SELECT VALUE get(get(get(o, 'l'), 0), 'k') FROM 't'", "\"v\""},
    {NULL, "SELECT VALUE get(get(*, 'o'), 'x').y FROM 't'", "1"},
    {NULL, "SELECT VALUE get(get(o, 'missing'), 'k') FROM 't'", NULL},
    {NULL, "SELECT VALUE o.l[0].k FROM 't'", "\"v\""},
    {NULL, "SELECT VALUE get(a, get(get(a, 1), 0) - 2) FROM 't'", "1"},
    {"CASE within CASE, and without ELSE",
     "SELECT CASE WHEN i > 3 THEN CASE s WHEN 'text' THEN 'a' END ELSE 'b' END AS c FROM 't'",
     "{\"c\":\"a\"}"},
    {NULL, "SELECT CASE s WHEN 'other' THEN 1 END AS c FROM 't'", "{}"},
    {NULL, "SELECT CASE i WHEN 5.0 THEN 1 WHEN 5 THEN 2 END AS c FROM 't'", "{\"c\":1}"},
    {NULL, "SELECT CASE n WHEN 7 THEN 1 ELSE 2 END AS c FROM 't'", "{\"c\":2}"},
    {NULL, "SELECT CASE z WHEN NULL THEN 1 ELSE 2 END AS c FROM 't'", "{\"c\":1}"},
    {NULL, "SELECT CASE a WHEN [1, [2, 3]] THEN 1 END AS c FROM 't'", "{\"c\":1}"},
    {NULL, "SELECT CASE i WHEN 5 THEN missing ELSE 2 END AS c FROM 't'", "{}"},
    {"IN compares like =", "SELECT VALUE n IN (7, '7.0') FROM 't'", "false"},
    {NULL, "SELECT VALUE [2, 3] IN (a, [2, 3]) FROM 't'", "true"},
    {NULL, "SELECT VALUE [2, 3.0] IN a FROM 't'", "true"},
    {NULL, "SELECT VALUE z IN (1, NULL) FROM 't'", "true"},
    {NULL, "SELECT VALUE NOT i IN [1, 2] FROM 't'", "true"},
    {"types that do not match are not equal",
     "SELECT VALUE [i = s, i <> s, z = false, z <> '', "
     "a = o, a <> o, t = 'true', t <> 'true', s = ['text']] "
     "FROM 't'",
     "[false,true,false,true,false,true,false,true,false]"},
    {"objects without order, arrays with it",
     "SELECT VALUE [{'a': 1, 'b': 2} = {'b': 2, 'a': 1}, [1, 2] = [2, 1], {'a': 1} = {'a': 1, "
     "'b': 2}] FROM 't'",
     "[true,false,false]"},
    {"comparison with Undefined is Undefined",
     "SELECT missing = 1 AS a, 1 = missing AS b, missing <> missing AS c, 1 <> missing AS d, missing "
     "< 1 AS e, 1 >= missing AS f, i FROM 't'",
     "{\"i\":5}"},
    {"< and its kin convert texts that look like numbers",
     "SELECT VALUE [n < 8, '10' > '9', '1e1' >= 10, i <= '5.0'] FROM 't'", "[true,true,true,true]"},
    {NULL, "SELECT s < 'u' AS a, t < 2 AS b, z <= 0 AS c, o > 1 AS d, a > 0 AS e FROM 't'", "{}"},
    {"texts that say true and false, in any case",
     "SELECT VALUE ['TRUE' AND t, 'False' OR 'tRuE', NOT 'FALSE'] FROM 't'", "[true,true,true]"},
    {"whole numbers stay so where it is exact",
     "SELECT VALUE [i + 1, i - 6, i * 3, 6 / 3, 7 / 2, 7 % 4, -7 % 4, 0.5 + 0.5, n * 2] FROM 't'",
     "[6,-1,15,2,3.5,3,-3,1,14]"},
    {"+ puts texts together if one side is a text",
     "SELECT VALUE [s + 1, 1 + s, s + d, s + t, s + a, n + 1] FROM 't'",
     "[\"text1\",\"1text\",\"text2.5\",\"texttrue\",\"text[1,[2,3]]\",\"71\"]"},
    {NULL, "SELECT s + missing AS a, s + z AS b, missing + 1 AS c, a + a AS d FROM 't'", "{}"},
    {"isUndefined and isNull look at any value",
     "SELECT VALUE [isUndefined(missing), isUndefined(i / 0), isUndefined(z), isNull(z), "
     "isNull(missing), isNull(i)] FROM 't'",
     "[true,true,false,true,false,false]"},
    {"the message's own",
     "SELECT topic() AS a, topic(1) AS b, topic(3) AS c, topic(9) AS d, "
     "clientid() AS e, principal() AS f FROM 't'",
     "{\"a\":\"plant/line 1/motor\",\"b\":\"plant\",\"c\":\"motor\",\"e\":\"dev-1\",\"f\":\"c0ffee\"}"},
    {NULL, "SELECT accountid(), timestamp(), traceid(), sourceip() FROM 't'",
     "{\"accountid\":\"123456789012\",\"timestamp\":1481825251155,\"traceid\":"
     "\"01234567-89ab-cdef-0123-456789abcdef\",\"sourceip\":\"192.0.2.7\"}"},
    {"a shadow's document as get/accepted has it",
     "SELECT get_thing_shadow('T', 'r').version AS v FROM 't' WHERE "
     "get_thing_shadow('T', 'N', 'r').state.reported.name = 'N'",
     "{\"v\":7}"},
    {NULL,
     "SELECT get_thing_shadow(missing, 'r') AS v, get_thing_shadow('U', 'r').version AS w, i "
     "FROM 't'",
     "{\"i\":5}"},
};

static void test_of_objects(void **state)
{
    (void)state;
    check(of_objects, KM_ARRAY_LEN(of_objects), OCTETS_OF(payload));
    rule_check_output("SELECT *, a + 1 AS b, missing AS k FROM 't' WHERE isUndefined(k)",
                      OCTETS_OF("{\"a\":1,\"z\":null}"), "{\"a\":1,\"z\":null,\"b\":2}");
}

/* A message that is no JSON, and JSON that is no object. */
static void test_of_others(void **state)
{
    (void)state;
    static const struct row raw[] = {
        {"SELECT * passes it through", "SELECT * FROM 't'", "\x01 no JSON \xff"},
        {NULL, "SELECT * FROM 't' WHERE topic(1) = 'plant'", "\x01 no JSON \xff"},
        {"what is needed beside it", "SELECT encode(*, 'base64') AS data FROM 't'",
         "{\"data\":\"ASBubyBKU09OIP8=\"}"},
        {NULL, "SELECT *, principal() AS p, timestamp() AS at FROM 't'",
         "{\"p\":\"c0ffee\",\"at\":1481825251155}"},
        {NULL, "SELECT VALUE {'data': encode(*, 'base64'), 'from': clientid()} FROM 't'",
         "{\"data\":\"ASBubyBKU09OIP8=\",\"from\":\"dev-1\"}"},
        {"fields are Undefined", "SELECT a, a.b AS c, a[0] AS d FROM 't'", "{}"},
        {NULL, "SELECT * FROM 't' WHERE a = 1", NULL},
        {NULL, "SELECT * FROM 't' WHERE a <> 1", NULL},
        {NULL, "SELECT * FROM 't' WHERE NOT isNull(a)", "\x01 no JSON \xff"},
        {NULL, "SELECT length(*) AS l, md5(*) AS m, get(*, 'a') AS g FROM 't'", "{}"},
    };
    static const struct row array[] = {
        {"an array has elements and no fields", "SELECT * FROM 't'", "[1, {\"a\":2}]"},
        {NULL, "SELECT VALUE get(get(*, 1), 'a') FROM 't'", "2"},
        {NULL, "SELECT VALUE get(*, 0) FROM 't'", "1"},
        {NULL, "SELECT a, * FROM 't'", "{}"},
        {NULL, "SELECT * AS all FROM 't' WHERE isUndefined(a)", "{\"all\":[1,{\"a\":2}]}"},
    };
    check(raw, KM_ARRAY_LEN(raw), OCTETS_OF("\x01 no JSON \xff"));
    check(array, KM_ARRAY_LEN(array), OCTETS_OF("[1, {\"a\":2}]"));
}

/* Each function with arguments that give a value. */
static const struct {
    const char *name;
    const char *args[3];
    bool sees_undefined; /* and gives a value all the same */
} functions[] = {
    {"abs", {"-1"}, false},
    {"accountid", {NULL}, false},
    {"acos", {"1"}, false},
    {"asin", {"1"}, false},
    {"atan", {"1"}, false},
    {"atan2", {"1", "1"}, false},
    {"aws_lambda", {"'arn:f'", "1"}, false},
    {"bitand", {"1", "1"}, false},
    {"bitnot", {"1"}, false},
    {"bitor", {"1", "1"}, false},
    {"bitxor", {"1", "1"}, false},
    {"ceil", {"1.5"}, false},
    {"chr", {"65"}, false},
    {"clientid", {NULL}, false},
    {"concat", {"'a'", "'b'"}, false},
    {"cos", {"1"}, false},
    {"cosh", {"1"}, false},
    {"decode", {"'YQ=='", "'base64'"}, false},
    {"encode", {"'a'", "'base64'"}, false},
    {"endswith", {"'a'", "'a'"}, false},
    {"exp", {"1"}, false},
    {"floor", {"1.5"}, false},
    {"get", {"[1]", "0"}, false},
    {"get_thing_shadow", {"'T'", "'r'"}, false},
    {"get_thing_shadow", {"'T'", "'N'", "'r'"}, false},
    {"indexof", {"'a'", "'a'"}, false},
    {"isNull", {"1"}, true},
    {"isUndefined", {"1"}, true},
    {"length", {"'a'"}, false},
    {"ln", {"1"}, false},
    {"log", {"1"}, false},
    {"lower", {"'A'"}, false},
    {"lpad", {"'a'", "2"}, false},
    {"ltrim", {"' a'"}, false},
    {"md2", {"'a'"}, false},
    {"md5", {"'a'"}, false},
    {"mod", {"5", "3"}, false},
    {"newuuid", {NULL}, false},
    {"numbytes", {"'a'"}, false},
    {"parse_time", {"'yyyy'", "0"}, false},
    {"parse_time", {"'yyyy'", "0", "'UTC'"}, false},
    {"power", {"2", "3"}, false},
    {"principal", {NULL}, false},
    {"rand", {NULL}, false},
    {"regexp_matches", {"'a'", "'a'"}, false},
    {"regexp_replace", {"'a'", "'a'", "'b'"}, false},
    {"regexp_substr", {"'a'", "'a'"}, false},
    {"remainder", {"5", "3"}, false},
    {"replace", {"'a'", "'a'", "'b'"}, false},
    {"round", {"1.5"}, false},
    {"rpad", {"'a'", "2"}, false},
    {"rtrim", {"'a '"}, false},
    {"sha1", {"'a'"}, false},
    {"sha224", {"'a'"}, false},
    {"sha256", {"'a'"}, false},
    {"sha384", {"'a'"}, false},
    {"sha512", {"'a'"}, false},
    {"sign", {"1"}, false},
    {"sin", {"1"}, false},
    {"sinh", {"1"}, false},
    {"sourceip", {NULL}, false},
    {"sqrt", {"1"}, false},
    {"startswith", {"'a'", "'a'"}, false},
    {"substring", {"'abc'", "1"}, false},
    {"substring", {"'abc'", "1", "2"}, false},
    {"tan", {"1"}, false},
    {"tanh", {"1"}, false},
    {"timestamp", {NULL}, false},
    {"topic", {"1"}, false},
    {"traceid", {NULL}, false},
    {"trim", {"' a '"}, false},
    {"trunc", {"1.55", "1"}, false},
    {"upper", {"'a'"}, false},
};

static size_t n_args(const char *const args[3])
{
    size_t n = 0;
    while (n < 3 && args[n] != NULL)
        n++;
    return n;
}

/* The call with one argument, `at`, replaced by `instead`, and `more` behind all of them. */
static void write_call(char ret[256], size_t row, size_t at, const char *instead, const char *more)
{
    size_t len = (size_t)snprintf(ret, 256, "%s(", functions[row].name);
    for (size_t i = 0; i < n_args(functions[row].args); i++)
        len += (size_t)snprintf(ret + len, 256 - len, "%s%s", i > 0 ? ", " : "",
                                i == at ? instead : functions[row].args[i]);
    (void)snprintf(ret + len, 256 - len, "%s)", more);
}

static void assert_defined(const char *call, bool expected)
{
    char expr[300];
    (void)snprintf(expr, sizeof(expr), "NOT isUndefined(%s)", call);
    rule_check_value(expr, OCTETS_OF("{\"a\":1}"), expected ? "true" : "false");
}

/* Every function there is: Undefined anywhere makes it Undefined, and so do too many arguments. */
static void test_functions_and_undefined(void **state)
{
    (void)state;
    char call[256];
    for (size_t i = 0; i < KM_ARRAY_LEN(functions); i++) {
        size_t n = n_args(functions[i].args);
        write_call(call, i, n, "", "");
        assert_defined(call, true);
        for (size_t at = 0; at < n; at++) {
            write_call(call, i, at, "missing", "");
            assert_defined(call, functions[i].sees_undefined);
            write_call(call, i, at, "1 / 0", "");
            assert_defined(call, functions[i].sees_undefined);
        }
        write_call(call, i, n, "", n > 0 ? ", 1, 1, 1, 1" : "1, 1, 1, 1");
        /* concat takes any number, and of those some are a text */
        assert_defined(call, strcmp(functions[i].name, "concat") == 0);
    }
    assert_defined("nanvl(1, missing)", true); /* the one that is not needed */
    assert_defined("nanvl(missing, missing)", false);
    assert_defined("cast(missing AS String)", false);
    assert_defined("sql_version()", true);
}

/* The list above is whole. */
static void test_all_functions(void **state)
{
    (void)state;
    static const struct km_rule_function *const groups[] = {
        km_rule_text_functions, km_rule_number_functions, km_rule_message_functions,
        km_rule_code_functions, km_rule_regex_functions,  km_rule_time_functions};
    for (size_t i = 0; i < KM_ARRAY_LEN(groups); i++) {
        for (const struct km_rule_function *row = groups[i]; row->name != NULL; row++) {
            bool found = strcmp(row->name, "nanvl") == 0 || strcmp(row->name, "sql_version") == 0;
            for (size_t j = 0; j < KM_ARRAY_LEN(functions) && !found; j++)
                found = strcmp(functions[j].name, row->name) == 0;
            if (!found)
                fail_msg("%s", row->name);
        }
    }
}

/* What there is none of is told where it stands, when the rule is made. */
static void test_not_there(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "SELECT * FROM 't' -- a comment",
        "SELECT * FROM 't' /* a comment */",
        "SELECT * FROM 't' # a comment",
        "SELECT (SELECT a FROM b) FROM 't'",
        "SELECT a AS b.c FROM 't'",
        "SELECT a FROM 't' WHERE EXISTS(a)",
        "SELECT a FROM 't' WHERE a LIKE 'x'",
        "SELECT a FROM 't' WHERE a IS NULL",
        "SELECT a FROM 't' ORDER BY a",
        "SELECT a == 1 FROM 't'",
        "SELECT a != 1 FROM 't'",
        "SELECT a || b FROM 't'",
        "SELECT a FROM 't', 'u'",
        "SELECT VALUE *, a FROM 't'",
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(statements); i++) {
        struct km_err err = {0};
        struct km_rule *rule = NULL;
        assert_int_equal(km_rule_parse(&err, KM_SLICE_STR(statements[i]), "2016-03-23", &rule),
                         KM_E_MALFORMED);
        assert_non_null(strstr(err.text, " at line 1, column "));
    }
}

/* FROM is a filter like any other; reserved topics have to be named. */
static void test_from(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *topic;
        bool matches;
    } rows[] = {
        {"SELECT * FROM 'a/+/c'", "a/b/c", true},
        {"SELECT * FROM 'a/#'", "a/b/c", true},
        {"SELECT * FROM 'a/#'", "a", false},
        {"SELECT * FROM '#'", "a", true},
        {"SELECT * FROM '#'", "$aws/events/presence/connected/x", false},
        {"SELECT * FROM '+/events/#'", "$aws/events/presence/connected/x", false},
        {"SELECT * FROM '$aws/events/#'", "$aws/events/presence/connected/x", true},
        {"SELECT * FROM '$aws/things/+/shadow/update/accepted'",
         "$aws/things/t/shadow/update/accepted", true},
        {"SELECT * FROM 'A'", "a", false},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_rule *rule = rule_check_compile(rows[i].sql);
        assert_int_equal(km_rule_matches(rule, KM_SLICE_STR(rows[i].topic)), rows[i].matches);
        km_rule_free(rule);
    }
}

/* Whichever version is named: all are evaluated alike, and the name is kept. */
static void test_versions(void **state)
{
    (void)state;
    static const char *const versions[] = {"2015-10-08", "2016-03-23", "beta"};
    const struct km_rule_message message = rule_rig_message(OCTETS_OF(payload));
    for (size_t i = 0; i < KM_ARRAY_LEN(versions); i++) {
        struct km_rule *rule = NULL;
        struct km_rule_output output = {0};
        char expected[64];
        assert_int_equal(km_rule_parse(NULL, OCTETS_OF("SELECT a, sql_version() AS v FROM 't'"),
                                       versions[i], &rule),
                         KM_OK);
        assert_int_equal(km_rule_eval(NULL, rule, &message, &rule_rig_host, &output), KM_OK);
        (void)snprintf(expected, sizeof(expected), "{\"a\":[1,[2,3]],\"v\":\"%s\"}", versions[i]);
        assert_true(km_slice_equal(KM_SLICE(output.bytes, output.len), KM_SLICE_STR(expected)));
        km_rule_output_clear(&output);
        km_rule_free(rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_objects),
        cmocka_unit_test(test_of_others),
        cmocka_unit_test(test_functions_and_undefined),
        cmocka_unit_test(test_all_functions),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_from),
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
