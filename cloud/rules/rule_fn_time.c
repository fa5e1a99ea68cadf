/* SPDX-License-Identifier: Apache-2.0 */
/* parse_time: a time as text, by the letters of Joda-Time. Zones are UTC and fixed distances from it. */
#include "cloud/rules/rule_function.h"

#include <stdio.h>
#include <string.h>

#define MS_PER_DAY 86400000
#define TEXT_MAX 1024           /* of the result */
#define MS_MAX 8640000000000000 /* 270 thousand years on either side of 1970 */

struct moment {
    int64_t year;
    unsigned month, day; /* from 1 */
    unsigned day_of_year;
    unsigned weekday; /* 1 is Monday */
    int64_t week_year;
    unsigned week;
    unsigned hour, minute, second, ms;
    int zone_min; /* east of UTC */
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01 of a year's first day, in the Gregorian calendar before 1582 too. */
static int64_t days_before(int64_t year)
{
    int64_t past = year - 1;
    int64_t leaps = (past >= 0 ? past / 4 - past / 100 + past / 400
                               : (past - 3) / 4 - (past - 99) / 100 + (past - 399) / 400);
    return past * 365 + leaps - 719162;
}

/* Weeks begin on Monday; the first one has the year's first Thursday (ISO 8601). */
static void set_week(int64_t day, struct moment *at)
{
    int64_t thursday = day - (int64_t)at->weekday + 4;
    int64_t year = at->year;
    if (thursday < days_before(year))
        year--;
    else if (thursday >= days_before(year + 1))
        year++;
    at->week_year = year;
    at->week = (unsigned)((thursday - days_before(year)) / 7 + 1);
}

static void set_date(int64_t day, struct moment *at)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    at->year = 1970 + day / 366; /* near, and not too far on */
    if (day < 0)
        at->year = 1970 + (day - 365) / 365;
    while (days_before(at->year + 1) <= day)
        at->year++;
    unsigned rest = (unsigned)(day - days_before(at->year));
    at->day_of_year = rest + 1;
    at->month = 1;
    for (size_t i = 0; i < KM_ARRAY_LEN(lengths); i++) {
        unsigned len = lengths[i] + (i == 1 && is_leap(at->year) ? 1 : 0);
        if (rest < len)
            break;
        rest -= len;
        at->month++;
    }
    at->day = rest + 1;
    int64_t since_monday = (day + 3) % 7;
    at->weekday = (unsigned)(since_monday < 0 ? since_monday + 7 : since_monday) + 1;
    set_week(day, at);
}

static struct moment moment_of(int64_t ms, int zone_min)
{
    struct moment at = {.zone_min = zone_min};
    ms += (int64_t)zone_min * 60000;
    int64_t day = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0 ? 1 : 0);
    unsigned rest = (unsigned)(ms - day * MS_PER_DAY);
    at.ms = rest % 1000;
    at.second = rest / 1000 % 60;
    at.minute = rest / 60000 % 60;
    at.hour = rest / 3600000;
    set_date(day, &at);
    return at;
}

/* ---- writing ---- */

static void put_text(struct km_wr *wr, const char *text)
{
    km_wr_bytes(wr, KM_SLICE_STR(text));
}

/* Four letters mean the whole name. */
static void put_name(struct km_wr *wr, const char *name, size_t letters)
{
    km_wr_bytes(wr, KM_SLICE(name, letters < 4 ? 3 : strlen(name)));
}

static void put_number(struct km_wr *wr, int64_t value, size_t digits)
{
    char text[64] = {0};
    (void)snprintf(text, sizeof(text), "%0*lld", (int)(digits > 20 ? 20 : digits),
                   (long long)value);
    put_text(wr, text);
}

/* Two letters mean two digits. */
static void put_year(struct km_wr *wr, int64_t year, size_t letters)
{
    if (letters == 2)
        put_number(wr, (year < 0 ? -year : year) % 100, 2);
    else
        put_number(wr, year, letters);
}

static void put_offset(struct km_wr *wr, int zone_min, const char *colon)
{
    char text[16] = {0};
    unsigned minutes = (unsigned)(zone_min < 0 ? -zone_min : zone_min);
    (void)snprintf(text, sizeof(text), "%c%02u%s%02u", zone_min < 0 ? '-' : '+', minutes / 60 % 100,
                   colon, minutes % 60);
    put_text(wr, text);
}

static void put_zone(struct km_wr *wr, int zone_min, char letter, size_t letters)
{
    if (letter == 'Z' && letters < 3)
        put_offset(wr, zone_min, letters == 1 ? "" : ":");
    else if (zone_min != 0)
        put_offset(wr, zone_min, ":");
    else
        put_text(wr, letter == 'z' && letters > 3 ? "Coordinated Universal Time" : "UTC");
}

/* So many digits of the second's fraction. */
static void put_fraction(struct km_wr *wr, unsigned ms, size_t digits)
{
    char text[8] = {0};
    (void)snprintf(text, sizeof(text), "%03u", ms % 1000);
    for (size_t i = 0; i < digits; i++)
        km_wr_u8(wr, i < 3 ? (uint8_t)text[i] : '0');
}

static bool put_date(struct km_wr *wr, const struct moment *at, char letter, size_t letters)
{
    int64_t of_era = at->year > 0 ? at->year : 1 - at->year;
    switch (letter) {
    case 'G':
        put_text(wr, at->year > 0 ? "AD" : "BC");
        return true;
    case 'C':
        put_number(wr, of_era / 100, letters);
        return true;
    case 'Y':
        put_year(wr, of_era, letters);
        return true;
    case 'y':
        put_year(wr, at->year, letters);
        return true;
    case 'x':
        put_year(wr, at->week_year, letters);
        return true;
    case 'w':
        put_number(wr, at->week, letters);
        return true;
    case 'e':
        put_number(wr, at->weekday, letters);
        return true;
    case 'E':
        put_name(wr, weekdays[at->weekday - 1], letters);
        return true;
    case 'D':
        put_number(wr, at->day_of_year, letters);
        return true;
    case 'M':
        if (letters < 3)
            put_number(wr, at->month, letters);
        else
            put_name(wr, months[at->month - 1], letters);
        return true;
    case 'd':
        put_number(wr, at->day, letters);
        return true;
    default:
        return false;
    }
}

static bool put_clock(struct km_wr *wr, const struct moment *at, char letter, size_t letters)
{
    switch (letter) {
    case 'a':
        put_text(wr, at->hour < 12 ? "AM" : "PM");
        return true;
    case 'K':
        put_number(wr, at->hour % 12, letters);
        return true;
    case 'h':
        put_number(wr, (at->hour + 11) % 12 + 1, letters);
        return true;
    case 'H':
        put_number(wr, at->hour, letters);
        return true;
    case 'k':
        put_number(wr, (at->hour + 23) % 24 + 1, letters);
        return true;
    case 'm':
        put_number(wr, at->minute, letters);
        return true;
    case 's':
        put_number(wr, at->second, letters);
        return true;
    case 'S':
        put_fraction(wr, at->ms, letters);
        return true;
    case 'z':
    case 'Z':
        put_zone(wr, at->zone_min, letter, letters);
        return true;
    default:
        return false;
    }
}

/* ---- patterns ---- */

/* What stands in quotes; two of them are one. Gives where the pattern goes on. */
static size_t put_quoted(struct km_wr *wr, const struct km_rule_text *pattern, size_t at)
{
    bool empty = true;
    for (at++; at < pattern->len; at++, empty = false) {
        if (pattern->ptr[at] == '\'') {
            if (at + 1 == pattern->len || pattern->ptr[at + 1] != '\'')
                break;
            at++;
        }
        km_wr_u8(wr, (uint8_t)pattern->ptr[at]);
    }
    if (empty)
        km_wr_u8(wr, '\'');
    return at + 1;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool format(struct km_wr *wr, const struct km_rule_text *pattern, const struct moment *when)
{
    size_t at = 0;
    while (at < pattern->len) {
        char c = pattern->ptr[at];
        size_t end = at + 1;
        if (c == '\'') {
            end = put_quoted(wr, pattern, at);
        } else if (is_letter(c)) {
            while (end < pattern->len && pattern->ptr[end] == c)
                end++;
            if (!put_date(wr, when, c, end - at) && !put_clock(wr, when, c, end - at))
                return false;
        } else {
            km_wr_u8(wr, (uint8_t)c);
        }
        at = end;
    }
    return !wr->overflow;
}

static bool two_digits(const char *text, int most, int *ret)
{
    for (size_t i = 0; i < 2; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    *ret = (text[0] - '0') * 10 + (text[1] - '0');
    return *ret <= most;
}

/* UTC, GMT, Z, or +hh:mm with or without the colon and behind UTC or GMT. */
static bool zone_of(const struct km_rule_text *text, int *ret_min)
{
    char name[16] = {0};
    int hours = 0;
    int minutes = 0;
    if (text->len >= sizeof(name))
        return false;
    km_copy(name, sizeof(name) - 1, text->ptr, text->len);
    *ret_min = 0;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "GMT") == 0 || strcmp(name, "Z") == 0 ||
        strcmp(name, "Etc/UTC") == 0)
        return true;
    const char *at = name;
    if (strncmp(at, "UTC", 3) == 0 || strncmp(at, "GMT", 3) == 0)
        at += 3;
    char sign = *at;
    if ((sign != '+' && sign != '-') || !two_digits(at + 1, 23, &hours))
        return false;
    at += at[3] == ':' ? 4 : 3;
    if (!two_digits(at, 59, &minutes) || at[2] != '\0')
        return false;
    *ret_min = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static json_t *parse_time(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text pattern = {0};
    KM_AUTO(km_rule_text_clear) struct km_rule_text zone = {0};
    int64_t ms = 0;
    int zone_min = 0;
    char text[TEXT_MAX] = {0};
    if (!km_rule_text_of(eval, call->args[0], &pattern) || !km_rule_floor_of(call->args[1], &ms) ||
        ms < -MS_MAX || ms > MS_MAX)
        return NULL;
    if (call->n == 3 &&
        (!km_rule_text_of(eval, call->args[2], &zone) || !zone_of(&zone, &zone_min)))
        return NULL;
    struct moment when = moment_of(ms, zone_min);
    struct km_wr wr = km_wr_init(text, sizeof(text));
    return format(&wr, &pattern, &when) ? km_rule_string(eval, text, wr.len) : NULL;
}

const struct km_rule_function km_rule_time_functions[] = {
    {"parse_time", 2, 3, parse_time, 0, false},
    {0},
};
