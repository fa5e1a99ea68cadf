/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a production run: fields, quotes, lines and what is wrong with them. */
#include "tests/unit/km_test.h"

#include "factory/fleet/csv.h"

static struct km_csv_row row;

static const struct {
    const char *text;
    const char *fields; /* apart by '|' */
    uint32_t line, next_line;
} good[] = {
    {"a,b,c", "a|b|c", 1, 2},
    {"a,b,c\n", "a|b|c", 1, 2},
    {"a,,\r\nx", "a||", 1, 2},
    {"\n\r\n# no row\n a , b\n", " a | b", 4, 5},
    {"\"a,b\",\"c \"\"d\"\"\"\n", "a,b|c \"d\"", 1, 2},
    {"\"two\nlines\",x\ny", "two\nlines|x", 1, 3},
    {"\"\"\n", "", 1, 2},
    {"a\rb\n", "a\rb", 1, 2},
    {"\xef\xbb\xbf"
     "a\n",
     "a", 1, 2},
    {"a,b\r", "a|b", 1, 2},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(good); i++) {
        struct km_csv csv = km_csv_begin(KM_SLICE_STR(good[i].text));
        char joined[256] = {0};
        assert_int_equal(km_csv_next(&csv, &row), KM_CSV_ROW);
        for (uint32_t k = 0; k < row.n; k++)
            (void)snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
                           k == 0 ? "" : "|", row.fields[k]);
        assert_string_equal(joined, good[i].fields);
        assert_int_equal(row.line, good[i].line);
        assert_int_equal(csv.line, good[i].next_line);
    }
}

static const struct {
    const char *text;
    const char *fault;
} bad[] = {
    {"a\"b,c\nnext", "middle"},
    {"\"open,c\nnext", "not closed"},
    {"\"a\"b\nnext", "behind"},
    {"a,\xff\nnext", "UTF-8"},
    {"a,\"\xc0\x80\"\nnext", "UTF-8"},
    {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33\n"
     "next",
     "32 fields"},
};

static void test_faults_cost_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++) {
        struct km_csv csv = km_csv_begin(KM_SLICE_STR(bad[i].text));
        assert_int_equal(km_csv_next(&csv, &row), KM_CSV_BAD);
        assert_non_null(strstr(row.fault, bad[i].fault));
        assert_int_equal(row.line, 1);
        assert_int_equal(km_csv_next(&csv, &row), KM_CSV_ROW);
        assert_string_equal(row.fields[0], "next");
        assert_int_equal(row.line, 2);
        assert_int_equal(km_csv_next(&csv, &row), KM_CSV_END);
    }
}

static void test_nul_and_length(void **state)
{
    (void)state;
    static char longest[KM_CSV_ROW_MAX + 1];
    struct km_csv csv = km_csv_begin(KM_SLICE("a\0b\n", 4));
    assert_int_equal(km_csv_next(&csv, &row), KM_CSV_BAD);
    memset(longest, 'x', sizeof(longest));
    csv = km_csv_begin(KM_SLICE(longest, KM_CSV_ROW_MAX - 1));
    assert_int_equal(km_csv_next(&csv, &row), KM_CSV_ROW);
    csv = km_csv_begin(KM_SLICE(longest, KM_CSV_ROW_MAX));
    assert_int_equal(km_csv_next(&csv, &row), KM_CSV_BAD);
    csv = km_csv_begin(KM_SLICE("", 0));
    assert_int_equal(km_csv_next(&csv, &row), KM_CSV_END);
}

static void test_fields_are_quoted_when_needed(void **state)
{
    (void)state;
    static const char *const fields[] = {"a", "a,b", "\"", "#a", "", "two\nlines", "\xc3\xa4"};
    char out[64] = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(fields); i++) {
        struct km_wr wr = km_wr_init(out, sizeof(out));
        struct km_slice whole = {0};
        km_csv_put(&wr, fields[i]);
        assert_true(km_wr_finish(&wr, &whole));
        struct km_csv csv = {.rest = whole, .line = 1};
        assert_int_equal(km_csv_next(&csv, &row), KM_CSV_ROW);
        assert_int_equal(row.n, 1);
        assert_string_equal(row.fields[0], fields[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_faults_cost_one_line),
        cmocka_unit_test(test_nul_and_length),
        cmocka_unit_test(test_fields_are_quoted_when_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
