/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/policy_reference.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/policy/key.h"

#define ANY_RUN 0x110000u
#define ANY_ONE 0x110001u

/* ---- text as numbers of characters ---- */

struct chars {
    uint32_t *at;
    size_t n;
};

static void add(struct chars *chars, uint32_t c)
{
    chars->at = realloc(chars->at, (chars->n + 1) * sizeof(*chars->at));
    if (chars->at == NULL)
        abort();
    chars->at[chars->n++] = c;
}

/* Of UTF-8 that was checked. */
static void add_text(struct chars *chars, struct km_slice text)
{
    for (size_t i = 0; i < text.len;) {
        uint8_t lead = text.ptr[i++];
        unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
        uint32_t c = lead;
        for (; more > 0 && i < text.len; more--)
            c = c << 6 | (text.ptr[i++] & 0x3fu);
        add(chars, c);
    }
}

/* ---- patterns ---- */

static bool add_variable(struct chars *chars, struct km_slice name,
                         const struct km_policy_context *context)
{
    struct km_key key = {0};
    if (name.len == 1 && strchr("*?$", name.ptr[0]) != NULL) {
        add(chars, name.ptr[0]);
        return true;
    }
    if (!km_key_parse(name, &key) || key.kind > KM_KEY_ATTRIBUTE)
        return false;
    struct km_policy_values values = km_key_values(&key, context);
    if (values.n != 1 || values.at[0].len > 1024 || !km_utf8_valid(values.at[0]))
        return false;
    for (size_t i = 0; i < values.at[0].len; i++) {
        if (strchr("*$+?#", values.at[0].ptr[i]) != NULL)
            return false;
    }
    add_text(chars, values.at[0]);
    return true;
}

static bool expand(struct km_slice pattern, bool wild, const struct km_policy_context *context,
                   struct chars *chars)
{
    for (size_t i = 0; i < pattern.len;) {
        size_t end = i + 1;
        if (i + 1 < pattern.len && pattern.ptr[i] == '$' && pattern.ptr[i + 1] == '{') {
            while (end < pattern.len && pattern.ptr[end] != '}')
                end++;
            if (!add_variable(chars, KM_SLICE(pattern.ptr + i + 2, end - i - 2), context))
                return false;
            end++;
        } else if (wild && pattern.ptr[i] == '*') {
            add(chars, ANY_RUN);
        } else if (wild && pattern.ptr[i] == '?') {
            add(chars, ANY_ONE);
        } else {
            while (end < pattern.len && (pattern.ptr[end] & 0xc0u) == 0x80u)
                end++;
            add_text(chars, KM_SLICE(pattern.ptr + i, end - i));
        }
        i = end;
    }
    return true;
}

/* fits[i][j]: the first i of the pattern fit the first j of the text. */
static bool fits(const struct chars *pattern, const struct chars *text)
{
    size_t width = text->n + 1;
    bool *table = calloc((pattern->n + 1) * width, sizeof(*table));
    if (table == NULL)
        abort();
    table[0] = true;
    for (size_t i = 1; i <= pattern->n; i++) {
        for (size_t j = 0; j <= text->n; j++) {
            uint32_t c = pattern->at[i - 1];
            bool one =
                j > 0 && table[(i - 1) * width + j - 1] && (c == ANY_ONE || c == text->at[j - 1]);
            bool run =
                c == ANY_RUN && (table[(i - 1) * width + j] || (j > 0 && table[i * width + j - 1]));
            table[i * width + j] = one || run;
        }
    }
    bool all = table[pattern->n * width + text->n];
    free(table);
    return all;
}

bool reference_matches(struct km_slice pattern, bool wild, const struct km_policy_context *context,
                       struct km_slice text, bool *ret_known)
{
    struct chars want = {0};
    struct chars have = {0};
    add_text(&have, text);
    *ret_known = expand(pattern, wild, context, &want);
    bool matches = *ret_known && fits(&want, &have);
    free(want.at);
    free(have.at);
    return matches;
}

/* ---- JSON ---- */

static size_t count(const json_t *list)
{
    return json_is_array(list) ? json_array_size(list) : 1;
}

static json_t *element(json_t *list, size_t i)
{
    return json_is_array(list) ? json_array_get(list, i) : list;
}

static struct km_slice text_of(const json_t *json)
{
    if (json_is_boolean(json))
        return json_is_true(json) ? KM_SLICE_STR("true") : KM_SLICE_STR("false");
    return KM_SLICE(json_string_value(json), json_string_length(json));
}

/* ---- conditions ---- */

struct question {
    bool allows;
    bool is_like;
    bool no_case;
    bool negates;
    bool for_all;
    bool for_any;
    bool if_exists;
    bool is_null;
};

static bool read_question(const char *name, struct question *ret)
{
    char low[64] = {0};
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (i + 1 == sizeof(low))
            return false;
        low[i] = (char)tolower((unsigned char)name[i]);
    }
    char *op = low;
    if (strncmp(op, "forallvalues:", 13) == 0) {
        ret->for_all = true;
        op += 13;
    } else if (strncmp(op, "foranyvalue:", 12) == 0) {
        ret->for_any = true;
        op += 12;
    }
    size_t len = strlen(op);
    if (len > 8 && strcmp(op + len - 8, "ifexists") == 0) {
        ret->if_exists = true;
        op[len - 8] = '\0';
    }
    ret->negates = strstr(op, "not") != NULL;
    ret->is_like = strstr(op, "like") != NULL;
    ret->no_case = strstr(op, "ignorecase") != NULL || strcmp(op, "bool") == 0;
    ret->is_null = strcmp(op, "null") == 0;
    return strncmp(op, "string", 6) == 0 || strcmp(op, "bool") == 0 || ret->is_null;
}

static void lower(struct chars *chars)
{
    for (size_t i = 0; i < chars->n; i++) {
        if (chars->at[i] < 0x80)
            chars->at[i] = (uint32_t)tolower((int)chars->at[i]);
    }
}

static bool value_fits(const struct question *question, struct km_slice pattern,
                       const struct km_policy_context *context, struct km_slice value,
                       bool *ret_known)
{
    struct chars want = {0};
    struct chars have = {0};
    add_text(&have, value);
    *ret_known = expand(pattern, question->is_like, context, &want);
    if (question->no_case) {
        lower(&want);
        lower(&have);
    }
    bool matches = *ret_known && fits(&want, &have);
    free(want.at);
    free(have.at);
    return matches;
}

/* Whether one value of the key is as the operator wants it. */
static bool one_holds(const struct question *question, json_t *values,
                      const struct km_policy_context *context, struct km_slice value)
{
    bool known = false;
    for (size_t i = 0; i < count(values); i++) {
        if (value_fits(question, text_of(element(values, i)), context, value, &known))
            return !question->negates;
    }
    return question->negates;
}

static bool all_known(const struct question *question, json_t *values,
                      const struct km_policy_context *context)
{
    for (size_t i = 0; i < count(values); i++) {
        bool known = false;
        (void)value_fits(question, text_of(element(values, i)), context, KM_SLICE_STR(""), &known);
        if (!known)
            return false;
    }
    return true;
}

static bool condition_holds(const struct question *question, const char *name, json_t *values,
                            const struct km_policy_context *context)
{
    struct km_key key = {0};
    size_t n = 0;
    size_t n_hold = 0;
    if (!km_key_parse(KM_SLICE_STR(name), &key))
        abort();
    if (question->negates && question->allows && !all_known(question, values, context))
        return false;
    struct km_policy_values have = km_key_values(&key, context);
    for (size_t i = 0; i < have.n; i++) {
        if (!km_utf8_valid(have.at[i]))
            continue;
        n++;
        n_hold += one_holds(question, values, context, have.at[i]);
    }
    if (question->is_null) {
        struct question same = {.no_case = true};
        return one_holds(&same, values, context,
                         n == 0 ? KM_SLICE_STR("true") : KM_SLICE_STR("false"));
    }
    if (n == 0)
        return question->if_exists || question->for_all ||
               (question->negates && !question->for_any);
    if (question->for_all || (question->negates && !question->for_any))
        return n_hold == n;
    return n_hold > 0;
}

static bool conditions_hold(json_t *conditions, bool allows,
                            const struct km_policy_context *context, bool *ret_known)
{
    const char *op = NULL;
    const char *key = NULL;
    json_t *keys = NULL;
    json_t *values = NULL;
    bool hold = true;
    json_object_foreach(conditions, op, keys)
    {
        struct question question = {.allows = allows};
        *ret_known &= read_question(op, &question);
        json_object_foreach(keys, key, values)
        {
            for (size_t i = 0; i < count(values); i++)
                *ret_known &= !json_is_integer(element(values, i));
            if (*ret_known)
                hold &= condition_holds(&question, key, values, context);
        }
    }
    return hold;
}

/* ---- statements ---- */

static bool action_fits(json_t *actions, enum km_policy_action action)
{
    static const struct km_policy_context nothing = {0};
    struct chars have = {0};
    bool any = false;
    add_text(&have, KM_SLICE_STR(km_policy_action_text(action)));
    lower(&have);
    for (size_t i = 0; i < count(actions); i++) {
        struct chars want = {0};
        (void)expand(text_of(element(actions, i)), true, &nothing, &want);
        lower(&want);
        any |= fits(&want, &have);
        free(want.at);
    }
    free(have.at);
    return any;
}

static bool resource_fits(json_t *statement, bool allows, const struct km_policy_context *context,
                          struct km_slice resource)
{
    json_t *list = json_object_get(statement, "Resource");
    bool is_not = list == NULL;
    bool any = false;
    bool all_are_known = true;
    if (is_not)
        list = json_object_get(statement, "NotResource");
    for (size_t i = 0; i < count(list); i++) {
        bool known = false;
        any |= reference_matches(text_of(element(list, i)), true, context, resource, &known);
        all_are_known &= known;
    }
    if (is_not && allows && !all_are_known)
        return false;
    return is_not ? !any : any;
}

bool reference_decide(struct km_slice document, const struct km_policy_context *context,
                      enum km_policy_action action, struct km_slice resource,
                      enum km_policy_outcome *ret)
{
    json_t *json = json_loadb((const char *)document.ptr, document.len, 0, NULL);
    json_t *statements = json_object_get(json, "Statement");
    bool is_known = true;
    bool is_allowed = false;
    bool is_denied = false;
    for (size_t i = 0; i < count(statements); i++) {
        json_t *statement = element(statements, i);
        const char *effect = json_string_value(json_object_get(statement, "Effect"));
        bool allows = effect != NULL && strcmp(effect, "Allow") == 0;
        bool fit =
            action_fits(json_object_get(statement, "Action"), action) &&
            resource_fits(statement, allows, context, resource) &&
            conditions_hold(json_object_get(statement, "Condition"), allows, context, &is_known);
        is_allowed |= fit && allows;
        is_denied |= fit && !allows;
    }
    json_decref(json);
    *ret = is_denied    ? KM_POLICY_EXPLICIT_DENY
           : is_allowed ? KM_POLICY_ALLOWED
                        : KM_POLICY_IMPLICIT_DENY;
    return is_known;
}
