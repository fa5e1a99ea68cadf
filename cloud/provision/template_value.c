/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/provision/template_value.h"

#include <string.h>

#include "common/km_option.h"

#define TRIAL_VALUE "0"

km_status template_keep(struct template_values *values, const char *text, size_t len,
                        const char **ret)
{
    *ret = km_arena_text(values->arena, KM_SLICE(text, len));
    return *ret == NULL ? KM_FAIL(values->err, km_arena_status(values->arena), "a template's value")
                        : KM_OK;
}

/* ---- values ---- */

/*
 * What a certificate says its owner has chosen: it may name something in a policy, but write none, with JSON of its own, wildcards
 * or variables.
 */
static km_status check_stands(const struct template_values *values,
                              const struct km_template_pair *parameter)
{
    if (values->is_in_document && strpbrk(parameter->value, "\"\\*?$+#") != NULL)
        return KM_FAIL(values->err, KM_E_MALFORMED,
                       "parameter %s has one of \"\\*?$+# and can't stand in a policy",
                       parameter->name);
    return KM_OK;
}

km_status template_parameter(struct template_values *values, const char *name, const char **ret)
{
    const json_t *declared = json_object_get(values->declared, name);
    if (declared == NULL)
        return KM_FAIL(values->err, KM_E_MALFORMED, "Ref to %s, which is not in Parameters", name);
    if (values->is_trial)
        return template_keep(values, TRIAL_VALUE, strlen(TRIAL_VALUE), ret);
    for (size_t i = 0; i < values->n_parameters; i++) {
        if (strcmp(values->parameters[i].name, name) == 0) {
            *ret = values->parameters[i].value;
            return check_stands(values, &values->parameters[i]);
        }
    }
    const char *standard = json_string_value(json_object_get(declared, "Default"));
    if (standard == NULL)
        return KM_FAIL(values->err, KM_E_NOTFOUND, "parameter %s has no value", name);
    return template_keep(values, standard, strlen(standard), ret);
}

/* A text that is put together; its bound is one for each value. */
struct text {
    char octets[KM_TEMPLATE_VALUE_MAX];
    struct km_wr wr;
};

static void text_init(struct text *text)
{
    text->wr = km_wr_init(text->octets, sizeof(text->octets));
}

static km_status text_keep(struct template_values *values, const struct text *text,
                           const char **ret)
{
    struct km_slice all = {0};
    if (!km_wr_finish(&text->wr, &all))
        return KM_FAIL(values->err, KM_E_LIMIT, "a value of more than %u octets",
                       KM_TEMPLATE_VALUE_MAX);
    return template_keep(values, (const char *)all.ptr, all.len, ret);
}

static km_status substitute(struct template_values *values, const json_t *with, const char **ret)
{
    const char *at = json_string_value(with);
    struct text text;
    text_init(&text);
    if (at == NULL)
        return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::Sub is for a text");
    while (*at != '\0') {
        const char *begin = strstr(at, "${");
        size_t len = begin == NULL ? strlen(at) : (size_t)(begin - at);
        km_wr_bytes(&text.wr, KM_SLICE(at, len));
        if (begin == NULL)
            break;
        const char *end = strchr(begin, '}');
        const char *name = NULL;
        const char *value = NULL;
        if (end == NULL)
            return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::Sub with a ${ that does not end");
        KM_TRY(template_keep(values, begin + 2, (size_t)(end - begin - 2), &name));
        KM_TRY(template_parameter(values, name, &value));
        km_wr_bytes(&text.wr, KM_SLICE_STR(value));
        at = end + 1;
    }
    return text_keep(values, &text, ret);
}

/* ---- lists ---- */

struct texts {
    const char *items[KM_TEMPLATE_LIST_MAX];
    size_t n;
};

static km_status add(struct template_values *values, struct texts *texts, const char *text)
{
    if (texts->n == KM_TEMPLATE_LIST_MAX)
        return KM_FAIL(values->err, KM_E_LIMIT, "a list of more than %u texts",
                       KM_TEMPLATE_LIST_MAX);
    texts->items[texts->n++] = text;
    return KM_OK;
}

static km_status split(struct template_values *values, const json_t *of, struct texts *ret)
{
    const char *at = NULL;
    const char *part = NULL;
    const char *between = json_string_value(json_array_get(of, 0));
    if (json_array_size(of) != 2 || between == NULL || between[0] == '\0')
        return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::Split is for two texts");
    KM_TRY(template_value(values, json_array_get(of, 1), &at));
    for (const char *end = strstr(at, between); end != NULL; end = strstr(at, between)) {
        KM_TRY(template_keep(values, at, (size_t)(end - at), &part));
        KM_TRY(add(values, ret, part));
        at = end + strlen(between);
    }
    return add(values, ret, at);
}

/* A list as it stands, or one that Fn::Split makes. */
static km_status list(struct template_values *values, const json_t *value, struct texts *ret)
{
    const json_t *of = json_object_get(value, "Fn::Split");
    size_t i = 0;
    const json_t *item = NULL;
    if (json_object_size(value) == 1 && of != NULL)
        return split(values, of, ret);
    if (!json_is_array(value))
        return KM_FAIL(values->err, KM_E_MALFORMED, "a list is wanted, or Fn::Split");
    json_array_foreach(value, i, item)
    {
        const char *text = NULL;
        KM_TRY(template_value(values, item, &text));
        KM_TRY(add(values, ret, text));
    }
    return KM_OK;
}

/* ---- functions ---- */

static km_status reference(struct template_values *values, const json_t *of, const char **ret)
{
    if (!json_is_string(of))
        return KM_FAIL(values->err, KM_E_MALFORMED, "Ref is for a parameter's name");
    return template_parameter(values, json_string_value(of), ret);
}

static km_status join(struct template_values *values, const json_t *of, const char **ret)
{
    const char *between = json_string_value(json_array_get(of, 0));
    struct texts texts = {.n = 0};
    struct text text;
    text_init(&text);
    if (json_array_size(of) != 2 || between == NULL)
        return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::Join is for a text and a list");
    KM_TRY(list(values, json_array_get(of, 1), &texts));
    for (size_t i = 0; i < texts.n; i++) {
        if (i > 0)
            km_wr_bytes(&text.wr, KM_SLICE_STR(between));
        km_wr_bytes(&text.wr, KM_SLICE_STR(texts.items[i]));
    }
    return text_keep(values, &text, ret);
}

/* The place counts from 0, and is a number or a text that is one. */
static bool take_place(const json_t *value, size_t *ret)
{
    unsigned long place = 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret = (size_t)json_integer_value(value);
        return true;
    }
    if (!json_is_string(value) ||
        !km_option_digits(json_string_value(value), 10, KM_TEMPLATE_LIST_MAX, &place))
        return false;
    *ret = place;
    return true;
}

static km_status choose(struct template_values *values, const json_t *of, const char **ret)
{
    size_t place = 0;
    struct texts texts = {.n = 0};
    if (json_array_size(of) != 2 || !take_place(json_array_get(of, 0), &place))
        return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::Select is for a place and a list");
    KM_TRY(list(values, json_array_get(of, 1), &texts));
    if (values->is_trial && !json_is_array(json_array_get(of, 1)))
        place = 0;
    if (place >= texts.n)
        return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::Select of %zu, and the list has %zu",
                       place, texts.n);
    *ret = texts.items[place];
    return KM_OK;
}

static km_status find_in_map(struct template_values *values, const json_t *of, const char **ret)
{
    const json_t *at = values->mappings;
    const char *key = NULL;
    if (json_array_size(of) != 3)
        return KM_FAIL(values->err, KM_E_MALFORMED, "Fn::FindInMap is for a map and two keys");
    for (size_t i = 0; i < 3; i++) {
        KM_TRY(template_value(values, json_array_get(of, i), &key));
        at = json_object_get(at, key);
        if (values->is_trial && json_is_object(json_array_get(of, i)))
            return template_keep(values, TRIAL_VALUE, strlen(TRIAL_VALUE), ret);
        if (at == NULL)
            return KM_FAIL(values->err, KM_E_MALFORMED, "Mappings has no %s", key);
    }
    if (!json_is_string(at))
        return KM_FAIL(values->err, KM_E_MALFORMED, "what Mappings has for %s is no text", key);
    return template_keep(values, json_string_value(at), json_string_length(at), ret);
}

/* How deep they stand in each other is bounded by the template's own depth. */
km_status template_value(struct template_values *values, const json_t *value, const char **ret)
{
    static const struct {
        const char *name;
        km_status (*apply)(struct template_values *values, const json_t *of, const char **ret);
    } rows[] = {{"Ref", reference},
                {"Fn::Sub", substitute},
                {"Fn::Join", join},
                {"Fn::Select", choose},
                {"Fn::FindInMap", find_in_map}};
    if (json_is_string(value))
        return template_keep(values, json_string_value(value), json_string_length(value), ret);
    for (size_t i = 0; i < KM_ARRAY_LEN(rows) && json_object_size(value) == 1; i++) {
        const json_t *of = json_object_get(value, rows[i].name);
        if (of != NULL)
            return rows[i].apply(values, of, ret);
    }
    return KM_FAIL(values->err, KM_E_MALFORMED,
                   "a value that is no text, Ref, Fn::Join, Fn::Sub, Fn::Select or Fn::FindInMap");
}
