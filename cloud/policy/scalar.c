/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/scalar.h"

#include <arpa/inet.h>
#include <string.h>

#define BILLION 1000000000

/* ---- a cursor over digits ---- */

static bool take(struct km_rd *rd, char c)
{
    uint8_t octet = 0;
    struct km_rd ahead = *rd;
    if (!km_rd_u8(&ahead, &octet) || octet != (uint8_t)c)
        return false;
    *rd = ahead;
    return true;
}

/* From min to max digits, as many as there are. */
static bool take_digits(struct km_rd *rd, size_t min, size_t max, int64_t *ret, size_t *ret_n)
{
    int64_t value = 0;
    size_t n = 0;
    for (; n < max && rd->pos < rd->end && *rd->pos >= '0' && *rd->pos <= '9'; n++) {
        uint8_t digit = 0;
        if (!km_rd_u8(rd, &digit))
            return false;
        value = value * 10 + (digit - '0');
    }
    *ret = value;
    *ret_n = n;
    return n >= min;
}

static bool take_exactly(struct km_rd *rd, size_t n_digits, int64_t *ret)
{
    size_t n = 0;
    return take_digits(rd, n_digits, n_digits, ret, &n);
}

/* Digits behind a point, as billionths. */
static bool take_fraction(struct km_rd *rd, int64_t *ret)
{
    size_t n = 0;
    if (!take_digits(rd, 1, 9, ret, &n))
        return false;
    for (; n < 9; n++)
        *ret *= 10;
    return true;
}

/* ---- numbers ---- */

bool km_number_parse(struct km_slice text, struct km_number *ret)
{
    struct km_rd rd = km_rd_init(text);
    bool is_negative = take(&rd, '-');
    int64_t whole = 0;
    int64_t fraction = 0;
    size_t n = 0;
    if (!take_digits(&rd, 1, 18, &whole, &n))
        return false;
    if (take(&rd, '.') && !take_fraction(&rd, &fraction))
        return false;
    if (!km_rd_done(&rd))
        return false;
    if (is_negative && fraction > 0) {
        whole += 1; /* so that what is added to it is positive */
        fraction = BILLION - fraction;
    }
    *ret =
        (struct km_number){.whole = is_negative ? -whole : whole, .billionths = (int32_t)fraction};
    return true;
}

int km_number_compare(struct km_number a, struct km_number b)
{
    if (a.whole != b.whole)
        return a.whole < b.whole ? -1 : 1;
    return (a.billionths > b.billionths) - (a.billionths < b.billionths);
}

/* ---- dates ---- */

struct date {
    int64_t year, month, day, hour, minute, second, billionths, zone_minutes;
};

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

/* Days from 1970-01-01; years from 0 on, in the calendar of today. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t days = 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    for (int64_t m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days + day - 1 - 719528;
}

static bool take_zone(struct km_rd *rd, struct date *date)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    if (take(rd, 'Z'))
        return true;
    bool is_west = take(rd, '-');
    if (!is_west && !take(rd, '+'))
        return false;
    if (!take_exactly(rd, 2, &hours) || !take(rd, ':') || !take_exactly(rd, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    date->zone_minutes = (is_west ? -1 : 1) * (60 * hours + minutes);
    return true;
}

static bool take_time(struct km_rd *rd, struct date *date)
{
    if (!take_exactly(rd, 2, &date->hour) || !take(rd, ':') || !take_exactly(rd, 2, &date->minute))
        return false;
    if (take(rd, ':')) {
        if (!take_exactly(rd, 2, &date->second))
            return false;
        if (take(rd, '.') && !take_fraction(rd, &date->billionths))
            return false;
    }
    return take_zone(rd, date) && date->hour < 24 && date->minute < 60 && date->second < 60;
}

static bool take_date(struct km_rd *rd, struct date *date)
{
    if (!take_exactly(rd, 4, &date->year))
        return false;
    if (take(rd, '-')) {
        if (!take_exactly(rd, 2, &date->month))
            return false;
        if (take(rd, '-')) {
            if (!take_exactly(rd, 2, &date->day))
                return false;
            if (take(rd, 'T') && !take_time(rd, date))
                return false;
        }
    }
    return km_rd_done(rd) && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_in_month(date->year, date->month);
}

bool km_date_parse(struct km_slice text, struct km_number *ret)
{
    struct km_rd rd = km_rd_init(text);
    struct date date = {.month = 1, .day = 1};
    if (!take_date(&rd, &date))
        return km_number_parse(text, ret);
    int64_t minutes = 1440 * days_since_1970(date.year, date.month, date.day) + 60 * date.hour +
                      date.minute - date.zone_minutes;
    *ret = (struct km_number){.whole = 60 * minutes + date.second,
                              .billionths = (int32_t)date.billionths};
    return true;
}

/* ---- addresses ---- */

static bool parse_address(const char *text, struct km_network *ret)
{
    static const uint8_t v4_inside[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct km_network network = {0};
    if (inet_pton(AF_INET, text, network.octet) == 1) {
        network.n_bits = 32;
    } else if (inet_pton(AF_INET6, text, network.octet) == 1) {
        network.is_v6 = true;
        network.n_bits = 128;
    } else {
        return false;
    }
    if (network.is_v6 && memcmp(network.octet, v4_inside, sizeof(v4_inside)) == 0) {
        struct km_network inside = {.n_bits = 32};
        km_copy(inside.octet, sizeof(inside.octet), network.octet + sizeof(v4_inside), 4);
        network = inside;
    }
    *ret = network;
    return true;
}

/* Behind the slash; of an IPv4 network that was written inside IPv6 the bits count from the IPv6 one's start. */
static bool parse_bits(struct km_slice text, bool is_written_v6, struct km_network *network)
{
    struct km_rd rd = km_rd_init(text);
    int64_t bits = 0;
    size_t n = 0;
    if (!take_digits(&rd, 1, 3, &bits, &n) || !km_rd_done(&rd))
        return false;
    if (is_written_v6 && !network->is_v6)
        bits -= 96;
    if (bits < 0 || bits > network->n_bits)
        return false;
    network->n_bits = (unsigned)bits;
    return true;
}

bool km_network_parse(struct km_slice text, struct km_network *ret)
{
    char address[INET6_ADDRSTRLEN] = {0};
    struct km_network network = {0};
    const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - text.ptr) : text.len;
    if (len >= sizeof(address) || (len > 0 && memchr(text.ptr, '\0', len) != NULL))
        return false;
    km_copy(address, sizeof(address), text.ptr, len);
    if (!parse_address(address, &network))
        return false;
    if (slash != NULL && !parse_bits(KM_SLICE(slash + 1, text.len - len - 1),
                                     strchr(address, ':') != NULL, &network))
        return false;
    *ret = network;
    return true;
}

bool km_network_holds(const struct km_network *network, const struct km_network *address)
{
    unsigned whole = network->n_bits / 8;
    unsigned rest = network->n_bits % 8;
    if (network->is_v6 != address->is_v6 || memcmp(network->octet, address->octet, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    unsigned differs = network->octet[whole] ^ address->octet[whole];
    return differs >> (8 - rest) == 0;
}
