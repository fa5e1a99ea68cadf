/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions of values, and the makers of results. */
#include "cloud/rules/rule_eval.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Beyond it a double does not hold every whole number. */
#define EXACT_MAX 9007199254740992.0
/* The longest text that is taken for a number. */
#define NUMBER_LEN_MAX 64
#define OCTETS_PER_STEP 64

bool km_rule_spend(struct km_rule_eval *eval, size_t steps)
{
    if (eval->status != KM_OK)
        return false;
    if (steps > eval->steps) {
        eval->status = KM_E_LIMIT;
        return false;
    }
    eval->steps -= steps;
    return true;
}

bool km_rule_spend_tree(struct km_rule_eval *eval, const json_t *value)
{
    if (!km_rule_spend(eval, 1))
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!km_rule_spend_tree(eval, json_array_get(value, i)))
            return false;
    }
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        if (!km_rule_spend_tree(eval, item))
            return false;
    }
    return true;
}

json_t *km_rule_made(struct km_rule_eval *eval, json_t *value)
{
    if (value == NULL && eval->status == KM_OK)
        eval->status = KM_E_NOMEM;
    return value;
}

/* ---- numbers ---- */

static bool is_whole(double d)
{
    return d > -EXACT_MAX && d < EXACT_MAX && d == trunc(d);
}

static struct km_rule_number number_of_real(double d)
{
    bool is_int = is_whole(d);
    return (struct km_rule_number){.is_int = is_int, .i = is_int ? (int64_t)d : 0, .d = d};
}

static size_t skip_digits(const char *text, size_t at, size_t len)
{
    while (at < len && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

static bool looks_like_number(const char *text, size_t len)
{
    size_t at = len > 0 && text[0] == '-' ? 1 : 0;
    size_t end = skip_digits(text, at, len);
    if (end == at)
        return false;
    if (end < len && text[end] == '.') {
        at = end + 1;
        end = skip_digits(text, at, len);
        if (end == at)
            return false;
    }
    if (end < len && (text[end] == 'e' || text[end] == 'E')) {
        at = end + 1;
        if (at < len && (text[at] == '-' || text[at] == '+'))
            at++;
        end = skip_digits(text, at, len);
        if (end == at)
            return false;
    }
    return end == len;
}

/* By the C locale, whatever the program has set; glibc has that one without making it. */
static bool parse_real(const char *text, double *ret)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return false;
    *ret = strtod_l(text, NULL, plain);
    freelocale(plain);
    return isfinite(*ret);
}

bool km_rule_number_of_text(const char *text, size_t len, struct km_rule_number *ret)
{
    char number[NUMBER_LEN_MAX + 1] = {0};
    double d = 0;
    if (len > NUMBER_LEN_MAX || !looks_like_number(text, len))
        return false;
    km_copy(number, NUMBER_LEN_MAX, text, len);
    if (strpbrk(number, ".eE") == NULL) {
        errno = 0;
        long long i = strtoll(number, NULL, 10);
        *ret = (struct km_rule_number){.is_int = true, .i = i, .d = (double)i};
        if (errno == 0)
            return true;
    }
    if (!parse_real(number, &d))
        return false;
    *ret = number_of_real(d);
    return true;
}

bool km_rule_number_of(const json_t *value, struct km_rule_number *ret)
{
    if (json_is_string(value))
        return km_rule_number_of_text(json_string_value(value), json_string_length(value), ret);
    if (json_is_integer(value)) {
        int64_t i = json_integer_value(value);
        *ret = (struct km_rule_number){.is_int = true, .i = i, .d = (double)i};
        return true;
    }
    if (json_is_real(value)) {
        *ret = number_of_real(json_real_value(value));
        return true;
    }
    return false;
}

bool km_rule_clamp_of(const json_t *value, int64_t min, int64_t max, int64_t *ret)
{
    struct km_rule_number number = {0};
    if (!km_rule_number_of(value, &number))
        return false;
    if (!number.is_int && number.d <= (double)min)
        *ret = min;
    else if (!number.is_int && number.d >= (double)max)
        *ret = max;
    else
        *ret = number.is_int ? number.i : (int64_t)floor(number.d);
    if (*ret < min)
        *ret = min;
    if (*ret > max)
        *ret = max;
    return true;
}

bool km_rule_floor_of(const json_t *value, int64_t *ret)
{
    struct km_rule_number number = {0};
    if (!km_rule_number_of(value, &number))
        return false;
    if (!number.is_int && (number.d < -9223372036854775808.0 || number.d >= 9223372036854775808.0))
        return false;
    *ret = number.is_int ? number.i : (int64_t)floor(number.d);
    return true;
}

/* ---- the rest ---- */

bool km_rule_truth_of(const json_t *value, bool *ret)
{
    if (json_is_boolean(value)) {
        *ret = json_is_true(value);
        return true;
    }
    if (!json_is_string(value))
        return false;
    *ret = strcasecmp(json_string_value(value), "true") == 0;
    return *ret || strcasecmp(json_string_value(value), "false") == 0;
}

/* A number that is whole is printed without a point. */
static km_status print_value(const json_t *value, struct km_json_text *ret)
{
    if (!json_is_real(value) || !is_whole(json_real_value(value)))
        return km_json_print(NULL, value, KM_RULE_PAYLOAD_MAX, ret);
    KM_AUTO(km_json_unref) json_t *whole = json_integer((json_int_t)json_real_value(value));
    return whole == NULL ? KM_E_NOMEM : km_json_print(NULL, whole, KM_RULE_PAYLOAD_MAX, ret);
}

bool km_rule_text_of(struct km_rule_eval *eval, const json_t *value, struct km_rule_text *ret)
{
    *ret = (struct km_rule_text){0};
    if (value == NULL || json_is_null(value) || eval->status != KM_OK)
        return false;
    if (json_is_string(value)) {
        ret->ptr = json_string_value(value);
        ret->len = json_string_length(value);
        return true;
    }
    eval->status = print_value(value, &ret->owned);
    ret->ptr = ret->owned.ptr;
    ret->len = ret->owned.len;
    return eval->status == KM_OK && km_rule_spend(eval, ret->len / OCTETS_PER_STEP);
}

void km_rule_text_clear(struct km_rule_text *text)
{
    km_json_text_clear(&text->owned);
    *text = (struct km_rule_text){0};
}

static bool begins_char(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t km_rule_chars(const char *ptr, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += begins_char(ptr[i]) ? 1 : 0;
    return n;
}

size_t km_rule_char_at(const char *ptr, size_t len, size_t number)
{
    size_t at = 0;
    for (; at < len; at++) {
        if (begins_char(ptr[at]) && number-- == 0)
            return at;
    }
    return at;
}

json_t *km_rule_int(struct km_rule_eval *eval, int64_t value)
{
    return km_rule_made(eval, json_integer(value));
}

json_t *km_rule_real(struct km_rule_eval *eval, double value)
{
    if (!isfinite(value))
        return NULL;
    struct km_rule_number number = number_of_real(value);
    return km_rule_made(eval, number.is_int ? json_integer(number.i) : json_real(value));
}

json_t *km_rule_string(struct km_rule_eval *eval, const char *ptr, size_t len)
{
    if (len > KM_RULE_PAYLOAD_MAX && eval->status == KM_OK)
        eval->status = KM_E_LIMIT;
    if (!km_rule_spend(eval, 1 + len / OCTETS_PER_STEP))
        return NULL;
    return km_rule_made(eval, json_stringn(ptr, len));
}

json_t *km_rule_join(struct km_rule_eval *eval, const struct km_slice *parts, size_t n_parts)
{
    size_t len = 0;
    for (size_t i = 0; i < n_parts && len <= KM_RULE_PAYLOAD_MAX; i++)
        len += parts[i].len;
    if (len > KM_RULE_PAYLOAD_MAX)
        return km_rule_string(eval, "", len);
    char *joined = malloc(len + 1);
    if (joined == NULL)
        return km_rule_made(eval, NULL);
    struct km_wr wr = km_wr_init(joined, len + 1);
    for (size_t i = 0; i < n_parts; i++)
        km_wr_bytes(&wr, parts[i]);
    json_t *value = km_rule_string(eval, joined, len);
    free(joined);
    return value;
}
