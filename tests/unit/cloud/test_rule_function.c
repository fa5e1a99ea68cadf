/* SPDX-License-Identifier: Apache-2.0 */
/* Each function of rule SQL: what it gives, what it gives for other types, and when it is Undefined. */
#include "tests/unit/km_test.h"

#include "tests/unit/cloud/rule_rig.h"

static const char payload[] =
    "{\"i\":5,\"d\":2.5,\"s\":\"h\xc3\xa9llo\",\"t\":true,\"z\":null,\"a\":[\"HELLO\"],\"o\":{\"k\":1},"
    "\"encoded\":\"eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==\"}";

static const struct {
    const char *expr, *value; /* NULL: Undefined */
} calls[] = {
    /* the message */
    {"topic()", "\"plant/line 1/motor\""},
    {"topic(1)", "\"plant\""},
    {"topic(2.9)", "\"line 1\""},
    {"topic('3')", "\"motor\""},
    {"topic(0)", NULL},
    {"topic(-1)", NULL},
    {"topic(4)", NULL},
    {"topic(s)", NULL},
    {"topic(1, 2)", NULL},
    {"clientid()", "\"dev-1\""},
    {"ClientId()", "\"dev-1\""},
    {"clientid(1)", NULL},
    {"principal()", "\"c0ffee\""},
    {"accountid()", "\"123456789012\""},
    {"sourceip()", "\"192.0.2.7\""},
    {"traceid()", "\"01234567-89ab-cdef-0123-456789abcdef\""},
    {"timestamp()", "1481825251155"},
    {"sql_version()", "\"2016-03-23\""},
    {"newuuid()", "\"03142536-4758-497a-8b9c-adbecfe0f102\""},
    {"rand() >= 0 AND rand() < 1", "true"},
    {"get_thing_shadow('T', 'role').state.reported.name", "\"\""},
    {"get_thing_shadow('T', 'N', 'role').state.reported.name", "\"N\""},
    {"get_thing_shadow('other', 'role')", NULL},
    {"get_thing_shadow('T')", NULL},
    {"aws_lambda('arn:f', {'x': i}).got.x", "5"},
    {"aws_lambda('arn:f', *).got.d", "2.5"},
    {"aws_lambda('arn:g', i)", NULL},
    /* get, isNull, isUndefined */
    {"get(['a', 'b', 'c'], 1)", "\"b\""},
    {"get({'a': 'b'}, 'a')", "\"b\""},
    {"get('abc', 0)", "\"a\""},
    {"get(s, 1)", "\"\xc3\xa9\""},
    {"get(s, 5)", NULL},
    {"get(a, '0')", "\"HELLO\""},
    {"get(a, -1)", NULL},
    {"get(o, 0)", NULL},
    {"get(i, 0)", NULL},
    {"get(*, 'i')", "5"},
    {"isNull(z)", "true"},
    {"isNull(5)", "false"},
    {"isNull(missing)", "false"},
    {"isUndefined(missing)", "true"},
    {"isUndefined(floor([1,2,3]))", "true"},
    {"isUndefined(z)", "false"},
    {"nanvl(8, 3)", "8"},
    {"nanvl(missing, 3)", "3"},
    {"nanvl(z, 3)", "3"},
    {"nanvl(s, 3)", "\"h\xc3\xa9llo\""},
    /* texts */
    {"concat()", NULL},
    {"concat(1)", "1"},
    {"concat([1, 2, 3], 4)", "[1,2,3,4]"},
    {"concat([1, 2], 'hello', [4])", "[1,2,\"hello\",4]"},
    {"concat('con', 'cat')", "\"concat\""},
    {"concat(1, 'hello')", "\"1hello\""},
    {"concat('x', o, t)", "\"x{\\\"k\\\":1}true\""},
    {"concat(1, 2)", NULL},
    {"concat('a', z)", NULL},
    {"concat('a', missing)", NULL},
    {"length('hi')", "2"},
    {"length(s)", "5"},
    {"length(false)", "5"},
    {"length(z)", NULL},
    {"numbytes(s)", "6"},
    {"numbytes('\xe2\x82\xac')", "3"},
    {"lower('HELLO')", "\"hello\""},
    {"lower(a)", "\"[\\\"hello\\\"]\""},
    {"upper(s)", "\"H\xc3\xa9LLO\""},
    {"upper(z)", NULL},
    {"trim(' \t h i ')", "\"h i\""},
    {"ltrim(' h i ')", "\"h i \""},
    {"rtrim(' h i ')", "\" h i\""},
    {"trim('  ')", "\"\""},
    {"ltrim(i)", "\"5\""},
    {"lpad('hello', 2)", "\"  hello\""},
    {"lpad(1, 3)", "\"   1\""},
    {"rpad('hello', 2)", "\"hello  \""},
    {"rpad('x', '1.9')", "\"x \""},
    {"lpad('x', -5)", "\"x\""},
    {"length(lpad('x', 5000))", "1001"},
    {"lpad('x', 'y')", NULL},
    {"lpad(z, 1)", NULL},
    {"startswith('ranger', 'ran')", "true"},
    {"startswith('ran', 'ranger')", "false"},
    {"startswith(123, 12)", "true"},
    {"startswith(z, 'a')", NULL},
    {"endswith('cat', 'at')", "true"},
    {"endswith('cat', 'ca')", "false"},
    {"endswith('cat', '')", "true"},
    {"indexof('abcd', 'bc')", "1"},
    {"indexof(s, 'llo')", "2"},
    {"indexof('abcd', 'x')", "-1"},
    {"indexof('abcd', z)", NULL},
    {"substring('012345', 0)", "\"012345\""},
    {"substring('012345', 2)", "\"2345\""},
    {"substring('012345', 2.745)", "\"2345\""},
    {"substring(123, 2)", "\"3\""},
    {"substring('012345', -1)", "\"012345\""},
    {"substring(true, 1.2)", "\"rue\""},
    {"substring(false, -2.411E247)", "\"false\""},
    {"substring('012345', 1, 3)", "\"12\""},
    {"substring('012345', -50, 50)", "\"012345\""},
    {"substring('012345', 3, 1)", "\"\""},
    {"substring('012345', 9)", "\"\""},
    {"substring(s, 1, 3)", "\"\xc3\xa9l\""},
    {"substring('a', 'b')", NULL},
    {"replace('abcdabcd', 'b', 'x')", "\"axcdaxcd\""},
    {"replace('aaa', 'a', '')", "\"\""},
    {"replace('abc', '', 'x')", "\"abc\""},
    {"replace('aaa', 'aa', 'b')", "\"ba\""},
    {"replace(121, 1, 3)", "\"323\""},
    {"replace('a', z, 'b')", NULL},
    {"chr(65)", "\"A\""},
    {"chr('49.9')", "\"1\""},
    {"chr(0)", NULL},
    {"chr(128)", NULL},
    {"chr(t)", NULL},
    /* regular expressions */
    {"regexp_matches('aaaa', 'a{2,}')", "true"},
    {"regexp_matches('aaaa', 'b')", "false"},
    {"regexp_matches(123, '^\\d+$')", "true"},
    {"regexp_matches(s, '^h.llo$')", "true"},
    {"regexp_matches('a', '[')", NULL},
    {"regexp_matches(z, 'a')", NULL},
    {"regexp_replace('abcd', 'bc', 'x')", "\"axd\""},
    {"regexp_replace('abcd', 'b(.*)d', '$1')", "\"ac\""},
    {"regexp_replace('a-b-c', '-', '')", "\"abc\""},
    {"regexp_replace('abc', '', '.')", "\".a.b.c.\""},
    {"regexp_replace('abc', 'b', '$9')", NULL},
    {"regexp_replace('abc', '(x)?b', '<$1>')", "\"a<>c\""},
    {"regexp_substr('hihihello', 'hi')", "\"hi\""},
    {"regexp_substr('hihihello', '(hi)*')", "\"hihi\""},
    {"regexp_substr('hihihello', 'x')", NULL},
    {"regexp_substr('ab', 'a\\Kb')", "\"b\""},
    {"regexp_substr('ab', 'a(?=b\\K)')", NULL},
    /* codes */
    {"encode('hello', 'base64')", "\"aGVsbG8=\""},
    {"encode('', 'base64')", "\"\""},
    {"encode(o, 'base64')", "\"eyJrIjoxfQ==\""},
    {"encode('x', 'hex')", NULL},
    {"encode(z, 'base64')", NULL},
    {"encode(missing, 'base64')", NULL},
    {"length(encode(*, 'base64'))", "156"},
    {"decode(encoded, 'base64').temperature", "33"},
    {"decode('aGVsbG8=', 'base64')", "\"hello\""},
    {"decode('MTIz', 'base64')", "\"123\""},
    {"decode('aGVsbG8', 'base64')", "null"},
    {"decode('a', 'base64')", "null"},
    {"decode('!!!!', 'base64')", "null"},
    {"decode('/w==', 'base64')", "null"},
    {"decode('AA==', 'base64')", "null"},
    {"decode('', 'base64')", "\"\""},
    {"decode('x', 'proto')", NULL},
    {"md2('hello')", "\"a9046c73e00331af68917d3804f70655\""},
    {"md5('hello')", "\"5d41402abc4b2a76b9719d911017c592\""},
    {"sha1('abc')", "\"a9993e364706816aba3e25717850c26c9cd0d89d\""},
    {"sha224('abc')", "\"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7\""},
    {"sha256('abc')", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""},
    {"sha384('abc')", "\"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1"
                      "e7cc2358baeca134c825a7\""},
    {"sha512('abc')",
     "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
     "feebbd454d4423643ce80e2a9ac94fa54ca49f\""},
    {"md5(123) = md5('123')", "true"},
    {"md5(z)", NULL},
    /* numbers */
    {"abs(-5)", "5"},
    {"abs('-2.5')", "2.5"},
    {"abs(t)", NULL},
    {"abs(z)", NULL},
    {"abs(0 - 9223372036854775807 - 1)", "9.223372036854776e18"},
    {"acos(1)", "0"},
    {"acos(2)", NULL},
    {"asin(0)", "0"},
    {"atan(0)", "0"},
    {"atan2(1, 0) = atan2('2', 0)", "true"},
    {"cos(0)", "1"},
    {"cosh(0)", "1"},
    {"exp(0)", "1"},
    {"exp(10000)", NULL},
    {"ln(1)", "0"},
    {"ln(0)", NULL},
    {"ln(-1)", NULL},
    {"log(1000)", "3"},
    {"sin(0)", "0"},
    {"sinh(0)", "0"},
    {"sqrt(9)", "3"},
    {"sqrt(-1)", NULL},
    {"sqrt('x')", NULL},
    {"tan(0)", "0"},
    {"tanh(0)", "0"},
    {"round(tan(3) * 1000)", "-143"},
    {"ceil(1.2)", "2"},
    {"ceil(-1.2)", "-1"},
    {"ceil(i)", "5"},
    {"floor(-1.2)", "-2"},
    {"floor('1.9')", "1"},
    {"floor(a)", NULL},
    {"round(1.2)", "1"},
    {"round(1.5)", "2"},
    {"round(-1.1)", "-1"},
    {"round(-1.5)", "-2"},
    {"trunc(2.3, 0)", "2"},
    {"trunc(-2.3999, 2)", "-2.39"},
    {"trunc(2.3, 34)", "2.3"},
    {"sign(-7)", "-1"},
    {"sign(0.0)", "0"},
    {"sign('13')", "1"},
    {"mod(8, 3)", "2"},
    {"remainder(-8, 3)", "-2"},
    {"mod(8, 0)", NULL},
    {"power(2, 5)", "32"},
    {"power(2, 0.5) = sqrt(2)", "true"},
    {"power(-1, 0.5)", NULL},
    {"bitand(13, 5)", "5"},
    {"bitor(8, 5)", "13"},
    {"bitxor(13, 5)", "8"},
    {"bitnot(13)", "-14"},
    {"bitand('13.9', 5.5)", "5"},
    {"bitand(t, 1)", NULL},
    {"bitor(1e30, 1)", NULL},
    /* times */
    {"parse_time('yyyy-MM-dd HH:mm:ss.SSS', 1481825251155)", "\"2016-12-15 18:07:31.155\""},
    {"parse_time(\"yyyy.MM.dd G 'at' HH:mm:ss z\", 100000000)",
     "\"1970.01.02 AD at 03:46:40 UTC\""},
    {"parse_time('yyyy-MM-dd HH:mm Z ZZ ZZZ z', 0, '+05:30')",
     "\"1970-01-01 05:30 +0530 +05:30 +05:30 +05:30\""},
    {"parse_time('HH:mm z Z', 0, 'UTC-0800')", "\"16:00 -08:00 -0800\""},
    {"parse_time('z zzzz ZZZ Z', 0, 'GMT')", "\"UTC Coordinated Universal Time UTC +0000\""},
    {"parse_time('EEE EEEE e MMM MMMM M', 951782400000)", "\"Tue Tuesday 2 Feb February 2\""},
    {"parse_time('yy yyyyy Y C D DDD', 951782400000)", "\"00 02000 2000 20 60 060\""},
    {"parse_time('x ww', 1483228800000)", "\"2016 52\""},
    {"parse_time('x w', 1419811200000)", "\"2015 1\""},
    {"parse_time('x w', 1262304000000)", "\"2009 53\""},
    {"parse_time('x w', 1230768000000)", "\"2009 1\""},
    {"parse_time('x w', 1293840000000)", "\"2010 52\""},
    {"parse_time('h K k H a', 0)", "\"12 0 24 0 AM\""},
    {"parse_time('h K k H a', 46800000)", "\"1 1 13 13 PM\""},
    {"parse_time('S SS SSSSS', 987)", "\"9 98 98700\""},
    {"parse_time('yyyy-MM-dd HH:mm:ss.SSS', -1)", "\"1969-12-31 23:59:59.999\""},
    {"parse_time('G y Y', -62167219200001)", "\"BC -1 2\""},
    {"parse_time('yyyy-MM-dd', 4102444800000)", "\"2100-01-01\""},
    {"parse_time('yyyy-MM-dd', -2203891200000)", "\"1900-03-01\""},
    {"parse_time(\"''yy'' 'o''clock' ''''\", 0)", "\"'70' o'clock '\""},
    {"parse_time('yyyy \xe2\x82\xac', '0')", "\"1970 \xe2\x82\xac\""},
    {"parse_time('', 0)", "\"\""},
    {"parse_time('yyyy', 1e300)", NULL},
    {"parse_time('yyyy-MM-dd E', 8640000000000000)", "\"275760-09-13 Sat\""},
    {"parse_time('yyyy-MM-dd E', -8640000000000000)", "\"-271821-04-20 Tue\""},
    {"parse_time('yyyy', 8640000000000001)", NULL},
    {"parse_time('q', 0)", NULL},
    {"parse_time('yyyy', 0, 'America/Belize')", NULL},
    {"parse_time('yyyy', 0, '+24:00')", NULL},
    {"parse_time('yyyy', 0, '+1:00')", NULL},
    {"parse_time('yyyy', 0, '+01:0')", NULL},
    {"parse_time('yyyy', 0, '+01:00x')", NULL},
    {"parse_time('yyyy', 0, '')", NULL},
    {"parse_time('yyyy', s)", NULL},
};

static void test_calls(void **state)
{
    (void)state;
    const struct km_rule_message message = rule_rig_message(OCTETS_OF(payload));
    for (size_t i = 0; i < KM_ARRAY_LEN(calls); i++) {
        char sql[256];
        struct km_err err = {0};
        struct km_rule *rule = NULL;
        struct km_rule_output output = {0};
        (void)snprintf(sql, sizeof(sql), "SELECT VALUE (%s) FROM 't'", calls[i].expr);
        if (km_rule_parse(&err, KM_SLICE_STR(sql), "2016-03-23", &rule) != KM_OK ||
            km_rule_eval(&err, rule, &message, &rule_rig_host, &output) != KM_OK)
            fail_msg("%s: %s", sql, err.text);
        struct km_slice got = KM_SLICE(output.bytes, output.len);
        bool right = calls[i].value == NULL
                         ? !output.fires
                         : output.fires && km_slice_equal(got, KM_SLICE_STR(calls[i].value));
        if (!right)
            fail_msg("%s gives %.*s, expected %s", calls[i].expr, (int)got.len,
                     output.fires ? (const char *)got.ptr : "",
                     calls[i].value == NULL ? "Undefined" : calls[i].value);
        km_rule_output_clear(&output);
        km_rule_free(rule);
    }
}

/* Without a host, and from a message of which nothing is known, it is all Undefined. */
static void test_nothing_known(void **state)
{
    (void)state;
    static const char *const exprs[] = {"rand()",     "newuuid()",   "get_thing_shadow('T','r')",
                                        "topic(1)",   "topic()",     "aws_lambda('arn:f', 1)",
                                        "clientid()", "principal()", "accountid()",
                                        "sourceip()", "traceid()"};
    const struct km_rule_message message = {.payload = OCTETS("{}")};
    for (size_t i = 0; i < KM_ARRAY_LEN(exprs); i++) {
        char sql[128];
        struct km_rule *rule = NULL;
        struct km_rule_output output = {0};
        (void)snprintf(sql, sizeof(sql), "SELECT %s AS x FROM 't'", exprs[i]);
        assert_int_equal(km_rule_parse(NULL, KM_SLICE_STR(sql), NULL, &rule), KM_OK);
        assert_int_equal(km_rule_eval(NULL, rule, &message, NULL, &output), KM_OK);
        assert_true(km_slice_equal(KM_SLICE(output.bytes, output.len), OCTETS_OF("{}")));
        km_rule_output_clear(&output);
        km_rule_free(rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_nothing_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
