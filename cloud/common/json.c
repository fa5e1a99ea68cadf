/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void km_json_text_clear(struct km_json_text *text)
{
    if (text == NULL)
        return;
    free(text->ptr);
    *text = (struct km_json_text){0};
}

void km_json_unref(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

/* ---- memory ---- */

static _Thread_local unsigned n_short;
static _Thread_local bool is_reading; /* a text */
static _Thread_local bool
    is_refused; /* nothing more for this text, since there was nothing before */

void *km_json_alloc(size_t len)
{
    void *ptr = is_refused ? NULL : malloc(len);
    if (ptr == NULL) {
        n_short++;
        is_refused = is_reading;
    }
    return ptr;
}

unsigned km_json_n_short(void)
{
    return n_short;
}

/* ---- reading ---- */

json_t *km_json_read(struct km_slice text, size_t flags, json_error_t *error)
{
    unsigned n_before = n_short;
    is_reading = true;
    json_t *value = json_loadb(text.len == 0 ? "" : (const char *)text.ptr, text.len, flags, error);
    is_reading = false;
    is_refused = false;
    if (n_short == n_before)
        return value;
    json_decref(value);
    return NULL;
}

static km_status load(struct km_err *err, struct km_slice text, size_t flags, unsigned max_depth,
                      json_t **ret)
{
    json_error_t error = {0};
    unsigned n_before = km_json_n_short();
    KM_AUTO(km_json_unref) json_t *value = km_json_read(text, flags, &error);
    if (km_json_n_short() != n_before)
        return KM_FAIL(err, KM_E_NOMEM, "JSON text of %zu bytes", text.len);
    if (value == NULL) {
        /* the library has no word for what fails before the first token but for want of memory */
        if (json_error_code(&error) == json_error_out_of_memory ||
            json_error_code(&error) == json_error_unknown)
            return KM_FAIL(err, KM_E_NOMEM, "JSON text of %zu bytes", text.len);
        if (json_error_code(&error) == json_error_stack_overflow)
            return KM_FAIL(err, KM_E_LIMIT, "JSON is nested deeper than %u levels", max_depth);
        return KM_FAIL(err, KM_E_MALFORMED, "no JSON at line %d, column %d", error.line,
                       error.column);
    }
    if (km_json_depth(value) > max_depth)
        return KM_FAIL(err, KM_E_LIMIT, "JSON is nested deeper than %u levels", max_depth);
    *ret = km_steal(&value);
    return KM_OK;
}

km_status km_json_object(struct km_err *err, struct km_slice text, unsigned max_depth, json_t **ret)
{
    json_t *value = NULL;
    KM_TRY(load(err, text, 0, max_depth, &value));
    if (!json_is_object(value)) {
        json_decref(value);
        return KM_FAIL(err, KM_E_MALFORMED, "JSON text is no object");
    }
    *ret = value;
    return KM_OK;
}

km_status km_json_value(struct km_err *err, struct km_slice text, unsigned max_depth, json_t **ret)
{
    return load(err, text, JSON_DECODE_ANY, max_depth, ret);
}

/* The library's iterators take no const, but change nothing. */
static json_t *mutable(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

unsigned km_json_depth(const json_t *value)
{
    unsigned deepest = 0;
    if (json_is_object(value)) {
        const char *key = NULL;
        json_t *item = NULL;
        json_object_foreach(mutable(value), key, item)
        {
            unsigned depth = km_json_depth(item);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            unsigned depth = km_json_depth(json_array_get(value, i));
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    return 0;
}

char *km_json_dump(const json_t *value)
{
    unsigned n_before = km_json_n_short();
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    if (km_json_n_short() == n_before)
        return text;
    free(text);
    return NULL;
}

/* ---- comparing ---- */

static int compare_int_real(json_int_t i, double d)
{
    if (d >= 9223372036854775808.0)
        return -1;
    if (d < -9223372036854775808.0)
        return 1;
    json_int_t whole = (json_int_t)d;
    if (i != whole)
        return i < whole ? -1 : 1;
    double rest = d - (double)whole;
    return rest > 0 ? -1 : rest < 0;
}

int km_json_compare_numbers(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t x = json_integer_value(a);
        json_int_t y = json_integer_value(b);
        return x < y ? -1 : x > y;
    }
    if (json_is_integer(a))
        return compare_int_real(json_integer_value(a), json_real_value(b));
    if (json_is_integer(b))
        return -compare_int_real(json_integer_value(b), json_real_value(a));
    double x = json_real_value(a);
    double y = json_real_value(b);
    return x < y ? -1 : x > y;
}

static bool equal_objects(const json_t *a, const json_t *b)
{
    if (json_object_size(a) != json_object_size(b))
        return false;
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(mutable(a), key, item)
    {
        if (!km_json_equal(item, json_object_get(b, key)))
            return false;
    }
    return true;
}

bool km_json_equal(const json_t *a, const json_t *b)
{
    if (a == NULL || b == NULL)
        return false;
    if (json_is_number(a) && json_is_number(b))
        return km_json_compare_numbers(a, b) == 0;
    if (json_is_object(a) && json_is_object(b))
        return equal_objects(a, b);
    if (json_is_array(a) && json_is_array(b)) {
        if (json_array_size(a) != json_array_size(b))
            return false;
        for (size_t i = 0; i < json_array_size(a); i++) {
            if (!km_json_equal(json_array_get(a, i), json_array_get(b, i)))
                return false;
        }
        return true;
    }
    return json_equal(a, b);
}

/* ---- printing ---- */

struct printer {
    char *ptr; /* always with room for a NUL */
    size_t len;
    size_t cap;
    size_t max;
    km_status status; /* the first failure; nothing is added after it */
};

static void put(struct printer *out, const char *bytes, size_t len)
{
    if (out->status != KM_OK)
        return;
    if (len > out->max - out->len) {
        out->status = KM_E_LIMIT;
        return;
    }
    if (out->ptr == NULL || out->cap - out->len <= len) {
        size_t cap = (out->len + len) * 2 + 64;
        char *ptr = realloc(out->ptr, cap);
        if (ptr == NULL) {
            out->status = KM_E_NOMEM;
            return;
        }
        out->ptr = ptr;
        out->cap = cap;
    }
    km_copy(out->ptr + out->len, out->cap - out->len, bytes, len);
    out->len += len;
    out->ptr[out->len] = '\0';
}

static void put_escaped(struct printer *out, unsigned char c)
{
    static const char letters[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                      {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    for (size_t i = 0; i < KM_ARRAY_LEN(letters); i++) {
        if (c == (unsigned char)letters[i][0]) {
            put(out, (const char[2]){'\\', letters[i][1]}, 2);
            return;
        }
    }
    char code[8] = {0};
    int len = snprintf(code, sizeof(code), "\\u%04x", c);
    put(out, code, (size_t)len);
}

static void put_string(struct printer *out, const char *text, size_t len)
{
    put(out, "\"", 1);
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put(out, text + start, i - start);
        put_escaped(out, c);
        start = i + 1;
    }
    put(out, text + start, len - start);
    put(out, "\"", 1);
}

/*
 * 15 digits are what a person wrote, 17 always read back as the same number. Fewer may be rounded up
 * to what no double holds, and then can't be read.
 */
static void put_real(struct printer *out, const json_t *value)
{
    char text[64] = {0};
    size_t len = 0;
    bool same = false;
    for (unsigned digits = 15; digits <= 17 && !same; digits++) {
        len = json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
        KM_AUTO(km_json_unref) json_t *back = json_loadb(text, len, JSON_DECODE_ANY, NULL);
        same = back != NULL && json_real_value(back) == json_real_value(value);
    }
    if (same)
        put(out, text, len);
    else if (out->status == KM_OK)
        out->status = KM_E_NOMEM;
}

static void put_value(struct printer *out, const json_t *value);

static void put_object(struct printer *out, const json_t *object)
{
    const char *key = NULL;
    size_t key_len = 0;
    json_t *item = NULL;
    const char *before = "{";
    json_object_keylen_foreach(mutable(object), key, key_len, item)
    {
        put(out, before, 1);
        before = ",";
        put_string(out, key, key_len);
        put(out, ":", 1);
        put_value(out, item);
    }
    if (*before == '{')
        put(out, before, 1);
    put(out, "}", 1);
}

static void put_array(struct printer *out, const json_t *array)
{
    put(out, "[", 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i != 0)
            put(out, ",", 1);
        put_value(out, json_array_get(array, i));
    }
    put(out, "]", 1);
}

static void put_integer(struct printer *out, json_int_t value)
{
    char text[32] = {0};
    int len = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, value);
    put(out, text, (size_t)len);
}

static void put_value(struct printer *out, const json_t *value)
{
    if (out->status != KM_OK)
        return; /* the rest of a value that is too long is not even looked at */
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, value);
        return;
    case JSON_ARRAY:
        put_array(out, value);
        return;
    case JSON_STRING:
        put_string(out, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        put_integer(out, json_integer_value(value));
        return;
    case JSON_REAL:
        put_real(out, value);
        return;
    case JSON_TRUE:
        put(out, "true", 4);
        return;
    case JSON_FALSE:
        put(out, "false", 5);
        return;
    case JSON_NULL:
        put(out, "null", 4);
        return;
    }
}

km_status km_json_print(struct km_err *err, const json_t *value, size_t max,
                        struct km_json_text *ret)
{
    struct printer out = {.max = max};
    put_value(&out, value);
    if (out.status != KM_OK) {
        free(out.ptr);
        return KM_FAIL(err, out.status, "JSON text of at most %zu bytes", max);
    }
    *ret = (struct km_json_text){.ptr = out.ptr, .len = out.len};
    return KM_OK;
}
