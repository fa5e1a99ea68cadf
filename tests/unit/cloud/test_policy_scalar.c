/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "cloud/policy/scalar.h"
#include "tests/unit/km_test.h"

static void numbers(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t whole;
        int32_t billionths;
    } rows[] = {
        {"0", true, 0, 0},
        {"-0", true, 0, 0},
        {"007", true, 7, 0},
        {"999999999999999999", true, 999999999999999999, 0},
        {"-999999999999999999.999999999", true, -1000000000000000000, 1},
        {"1.5", true, 1, 500000000},
        {"-1.5", true, -2, 500000000},
        {"-0.000000001", true, -1, 999999999},
        {"1.000000001", true, 1, 1},
        {"1.10", true, 1, 100000000},
        {"", false, 0, 0},
        {"-", false, 0, 0},
        {"+1", false, 0, 0},
        {"1.", false, 0, 0},
        {".5", false, 0, 0},
        {"1.2.3", false, 0, 0},
        {"1e3", false, 0, 0},
        {" 1", false, 0, 0},
        {"1 ", false, 0, 0},
        {"0x1", false, 0, 0},
        {"1000000000000000000", false, 0, 0},
        {"1.0000000001", false, 0, 0},
        {"\xd9\xa1", false, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_number number = {0};
        assert_int_equal(km_number_parse(KM_SLICE_STR(rows[i].text), &number), rows[i].good);
        assert_int_equal(number.whole, rows[i].whole);
        assert_int_equal(number.billionths, rows[i].billionths);
    }
}

static void numbers_are_in_order(void **state)
{
    static const char *const ordered[] = {"-12", "-11.9", "-1", "-0.5", "-0.25", "0",
                                          "0.1", "0.25",  "1",  "1.01", "11",    "100"};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ordered); i++) {
        for (size_t j = 0; j < KM_ARRAY_LEN(ordered); j++) {
            struct km_number a = {0};
            struct km_number b = {0};
            assert_true(km_number_parse(KM_SLICE_STR(ordered[i]), &a));
            assert_true(km_number_parse(KM_SLICE_STR(ordered[j]), &b));
            int order = km_number_compare(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void dates(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t seconds;
    } rows[] = {
        {"1970", true, 0},
        {"1970-01-01T00:00Z", true, 0},
        {"1969-12-31T23:59:59Z", true, -1},
        {"2000-02-29", true, 951782400},
        {"2038-01-19T03:14:08Z", true, 2147483648},
        {"2026-11-26T08:00:00+01:00", true, 1795676400},
        {"2026-11-26T08:00:00-00:30", true, 1795681800},
        {"0000-01-01", true, -62167219200},
        {"9999-12-31T23:59:59Z", true, 253402300799},
        {"0", true, 0},
        {"-1", true, -1},
        {"1795676400", true, 1795676400},
        {"1900-02-29", false, 0},
        {"2026-02-29", false, 0},
        {"2026-13", false, 0},
        {"2026-00", false, 0},
        {"2026-01-00", false, 0},
        {"2026-04-31", false, 0},
        {"2026-1-1", false, 0},
        {"2026-01-01T", false, 0},
        {"2026-01-01T00:00:00", false, 0},
        {"2026-01-01T24:00Z", false, 0},
        {"2026-01-01T00:60Z", false, 0},
        {"2026-01-01T00:00:60Z", false, 0},
        {"2026-01-01T00:00:00.Z", false, 0},
        {"2026-01-01T00:00:00Zx", false, 0},
        {"2026-01-01T00:00:00+24:00", false, 0},
        {"2026-01-01T00:00:00+0100", false, 0},
        {"2026-01-01 00:00:00Z", false, 0},
        {"", false, 0},
        {"tomorrow", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++) {
        struct km_number number = {0};
        bool good = km_date_parse(KM_SLICE_STR(rows[i].text), &number);
        if (good != rows[i].good || number.whole != rows[i].seconds)
            print_error("%s\n", rows[i].text);
        assert_int_equal(good, rows[i].good);
        assert_int_equal(number.whole, rows[i].seconds);
    }
}

/* libc counts days too, in another way. */
static void days_are_those_of_libc(void **state)
{
    (void)state;
    for (int64_t day = -135140; day < 109572; day += 13) {
        time_t now = (time_t)(day * 86400);
        struct tm tm = {0};
        char text[32] = {0};
        struct km_number number = {0};
        assert_non_null(gmtime_r(&now, &tm));
        assert_true(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
        assert_true(km_date_parse(KM_SLICE_STR(text), &number));
        assert_int_equal(number.whole, now);
    }
}

static bool holds(const char *network, const char *address)
{
    struct km_network in = {0};
    struct km_network at = {0};
    assert_true(km_network_parse(KM_SLICE_STR(network), &in));
    assert_true(km_network_parse(KM_SLICE_STR(address), &at));
    return km_network_holds(&in, &at);
}

static void networks(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "1.2.3",
                                      "1.2.3.4/",
                                      "1.2.3.4/33",
                                      "1.2.3.4/-1",
                                      "1.2.3.4/8/8",
                                      "1.2.3.256",
                                      "::/129",
                                      "::ffff:1.2.3.4/95",
                                      "x",
                                      " 1.2.3.4",
                                      "fe80::1%eth0",
                                      "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0"};
    struct km_network network = {0};
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(bad); i++)
        assert_false(km_network_parse(KM_SLICE_STR(bad[i]), &network));
    assert_false(km_network_parse(OCTETS_OF("1.2.3.4\0"), &network));
    assert_true(holds("10.0.0.0/8", "10.255.0.1"));
    assert_false(holds("10.0.0.0/8", "11.0.0.0"));
    assert_true(holds("10.1.2.3/31", "10.1.2.2"));
    assert_false(holds("10.1.2.3/32", "10.1.2.2"));
    assert_true(holds("0.0.0.0/0", "255.255.255.255"));
    assert_true(holds("128.0.0.0/1", "255.0.0.0"));
    assert_false(holds("128.0.0.0/1", "127.0.0.0"));
    assert_true(holds("2001:db8::/33", "2001:db8:7fff::"));
    assert_false(holds("2001:db8::/33", "2001:db8:8000::"));
    assert_true(holds("::1", "::1"));
    assert_true(holds("::ffff:10.0.0.0/104", "10.9.9.9"));
    assert_false(holds("::/0", "10.9.9.9"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),  cmocka_unit_test(numbers_are_in_order),
        cmocka_unit_test(dates),    cmocka_unit_test(days_are_those_of_libc),
        cmocka_unit_test(networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
