/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on texts. What is no text is converted to one first. */
#include "cloud/rules/rule_function.h"

#include <stdlib.h>
#include <string.h>

#define PADDING_MAX 1000

/* The first n arguments as texts. */
struct texts {
    struct km_rule_text at[3];
};

static void texts_clear(struct texts *texts)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(texts->at); i++)
        km_rule_text_clear(&texts->at[i]);
}

static bool texts_of(struct km_rule_eval *eval, const struct km_rule_call *call, size_t n,
                     struct texts *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (!km_rule_text_of(eval, call->args[i], &ret->at[i]) ||
            !km_rule_spend(eval, ret->at[i].len / 64))
            return false;
    }
    return true;
}

static struct km_slice view(const struct km_rule_text *text)
{
    return KM_SLICE(text->ptr, text->len);
}

/* ---- whole texts ---- */

static json_t *change_case(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    if (!texts_of(eval, call, 1, &text))
        return NULL;
    const char first = call->variant == 'u' ? 'a' : 'A';
    char *changed = calloc(1, text.at[0].len + 1);
    if (changed == NULL)
        return km_rule_made(eval, NULL);
    for (size_t i = 0; i < text.at[0].len; i++) {
        char c = text.at[0].ptr[i];
        changed[i] = c >= first && c < first + 26 ? (char)(c ^ ('a' ^ 'A')) : c;
    }
    json_t *value = km_rule_string(eval, changed, text.at[0].len);
    free(changed);
    return value;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static json_t *trim(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    if (!texts_of(eval, call, 1, &text))
        return NULL;
    const char *ptr = text.at[0].ptr;
    size_t from = 0;
    size_t to = text.at[0].len;
    while (call->variant != 'r' && from < to && is_blank(ptr[from]))
        from++;
    while (call->variant != 'l' && from < to && is_blank(ptr[to - 1]))
        to--;
    return km_rule_string(eval, ptr + from, to - from);
}

static json_t *pad(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    int64_t n = 0;
    if (!km_rule_clamp_of(call->args[1], 0, PADDING_MAX, &n) || !texts_of(eval, call, 1, &text))
        return NULL;
    char blanks[PADDING_MAX];
    memset(blanks, ' ', sizeof(blanks));
    struct km_slice padding = KM_SLICE(blanks, (size_t)n);
    const struct km_slice left[] = {padding, view(&text.at[0])};
    const struct km_slice right[] = {view(&text.at[0]), padding};
    return km_rule_join(eval, call->variant == 'l' ? left : right, 2);
}

static json_t *measure(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    if (!texts_of(eval, call, 1, &text))
        return NULL;
    size_t len = text.at[0].len;
    return km_rule_int(eval,
                       (int64_t)(call->variant == 'b' ? len : km_rule_chars(text.at[0].ptr, len)));
}

static json_t *chr(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    int64_t code = 0;
    if (!km_rule_floor_of(call->args[0], &code) || code < 1 || code > 127)
        return NULL;
    const char c = (char)code;
    return km_rule_string(eval, &c, 1);
}

/* ---- parts of texts ---- */

static json_t *starts_or_ends(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    if (!texts_of(eval, call, 2, &text))
        return NULL;
    size_t len = text.at[0].len;
    size_t part = text.at[1].len;
    if (part > len)
        return json_false();
    size_t from = call->variant == 'e' ? len - part : 0;
    return json_boolean(memcmp(text.at[0].ptr + from, text.at[1].ptr, part) == 0);
}

static json_t *indexof(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    if (!texts_of(eval, call, 2, &text))
        return NULL;
    const char *ptr = text.at[0].ptr;
    const char *found = memmem(ptr, text.at[0].len, text.at[1].ptr, text.at[1].len);
    return km_rule_int(eval,
                       found == NULL ? -1 : (int64_t)km_rule_chars(ptr, (size_t)(found - ptr)));
}

static json_t *substring(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    int64_t from = 0;
    int64_t to = INT64_MAX;
    if (!km_rule_clamp_of(call->args[1], 0, INT64_MAX, &from) ||
        (call->n == 3 && !km_rule_clamp_of(call->args[2], 0, INT64_MAX, &to)) ||
        !texts_of(eval, call, 1, &text))
        return NULL;
    const char *ptr = text.at[0].ptr;
    size_t start = km_rule_char_at(ptr, text.at[0].len, (size_t)from);
    size_t end = km_rule_char_at(ptr, text.at[0].len, (size_t)to);
    return km_rule_string(eval, ptr + start, end > start ? end - start : 0);
}

/* Appends what stands before the next find, then what takes its place; false: there is none. */
static bool replace_next(struct km_slice *in, struct km_slice what, struct km_slice with,
                         struct km_wr *wr)
{
    const uint8_t *found = memmem(in->ptr, in->len, what.ptr, what.len);
    if (found == NULL || wr->overflow)
        return false;
    size_t before = (size_t)(found - in->ptr);
    km_wr_bytes(wr, KM_SLICE(in->ptr, before));
    km_wr_bytes(wr, with);
    *in = KM_SLICE(found + what.len, in->len - before - what.len);
    return true;
}

static json_t *replace(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(texts_clear) struct texts text = {0};
    if (!texts_of(eval, call, 3, &text))
        return NULL;
    struct km_slice in = view(&text.at[0]);
    if (text.at[1].len == 0)
        return km_rule_string(eval, text.at[0].ptr, text.at[0].len);
    char *replaced = malloc(KM_RULE_PAYLOAD_MAX + 1);
    if (replaced == NULL)
        return km_rule_made(eval, NULL);
    struct km_wr wr = km_wr_init(replaced, KM_RULE_PAYLOAD_MAX + 1);
    while (replace_next(&in, view(&text.at[1]), view(&text.at[2]), &wr))
        continue;
    km_wr_bytes(&wr, in);
    /* one more than there may be, so that this is where it fails */
    json_t *value = km_rule_string(eval, replaced, wr.overflow ? KM_RULE_PAYLOAD_MAX + 1 : wr.len);
    free(replaced);
    return value;
}

/* ---- concat ---- */

static json_t *concat_arrays(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_json_unref) json_t *all = km_rule_made(eval, json_array());
    for (size_t i = 0; i < call->n; i++) {
        json_t *arg = call->args[i];
        bool is_array = json_is_array(arg);
        if (!km_rule_spend(eval, 1 + json_array_size(arg)))
            return NULL;
        if ((is_array ? json_array_extend(all, arg) : json_array_append(all, arg)) != 0)
            return km_rule_made(eval, NULL);
    }
    return km_steal(&all);
}

static json_t *concat_texts(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_text texts[KM_RULE_ARGUMENTS_MAX] = {0};
    struct km_slice parts[KM_RULE_ARGUMENTS_MAX] = {0};
    bool all = true;
    for (size_t i = 0; i < call->n && all; i++) {
        all = km_rule_text_of(eval, call->args[i], &texts[i]);
        parts[i] = view(&texts[i]);
    }
    json_t *value = all ? km_rule_join(eval, parts, call->n) : NULL;
    for (size_t i = 0; i < call->n; i++)
        km_rule_text_clear(&texts[i]);
    return value;
}

static json_t *concat(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    bool arrays = false;
    bool strings = false;
    if (call->n == 1)
        return json_incref(call->args[0]);
    for (size_t i = 0; i < call->n; i++) {
        arrays = arrays || json_is_array(call->args[i]);
        strings = strings || json_is_string(call->args[i]);
    }
    if (arrays)
        return concat_arrays(eval, call);
    return strings ? concat_texts(eval, call) : NULL;
}

const struct km_rule_function km_rule_text_functions[] = {
    {"chr", 1, 1, chr, 0, false},
    {"concat", 1, KM_RULE_ARGUMENTS_MAX, concat, 0, false},
    {"endswith", 2, 2, starts_or_ends, 'e', false},
    {"indexof", 2, 2, indexof, 0, false},
    {"length", 1, 1, measure, 'c', false},
    {"lower", 1, 1, change_case, 'l', false},
    {"lpad", 2, 2, pad, 'l', false},
    {"ltrim", 1, 1, trim, 'l', false},
    {"numbytes", 1, 1, measure, 'b', false},
    {"replace", 3, 3, replace, 0, false},
    {"rpad", 2, 2, pad, 'r', false},
    {"rtrim", 1, 1, trim, 'r', false},
    {"startswith", 2, 2, starts_or_ends, 's', false},
    {"substring", 2, 3, substring, 0, false},
    {"trim", 1, 1, trim, 'b', false},
    {"upper", 1, 1, change_case, 'u', false},
    {0},
};
