/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/pattern.h"

#include <string.h>

/* Where a special part begins, at or behind `at`; the end when there is none. */
static size_t next_special(struct km_slice source, size_t at, enum km_text_form form)
{
    for (; at < source.len; at++) {
        uint8_t c = source.ptr[at];
        bool opens = c == '$' && at + 1 < source.len && source.ptr[at + 1] == '{';
        if (opens || (form == KM_TEXT_WILD && (c == '*' || c == '?')))
            return at;
    }
    return at;
}

/* The part that begins with "${"; *at moves behind it. */
static enum km_text_fault parse_variable(struct km_slice source, size_t *at, struct km_part *ret)
{
    size_t from = *at + 2;
    const uint8_t *close =
        from < source.len ? memchr(source.ptr + from, '}', source.len - from) : NULL;
    if (close == NULL)
        return KM_TEXT_UNCLOSED;
    struct km_slice name = KM_SLICE(source.ptr + from, (size_t)(close - source.ptr) - from);
    *at = from + name.len + 1;
    if (name.len == 1 && km_octet_is_one_of(name.ptr[0], "*?$")) {
        *ret = (struct km_part){.kind = KM_PART_LITERAL, .literal = name};
        return KM_TEXT_OK;
    }
    struct km_part part = {.kind = KM_PART_VARIABLE};
    if (!km_key_parse(name, &part.key))
        return KM_TEXT_UNKNOWN_VARIABLE;
    if (part.key.kind == KM_KEY_CURRENT_TIME || part.key.kind == KM_KEY_EPOCH_TIME)
        return KM_TEXT_TIME_VARIABLE;
    if (part.key.is_list)
        return KM_TEXT_LIST_VARIABLE;
    *ret = part;
    return KM_TEXT_OK;
}

static enum km_text_fault parse_part(struct km_slice source, enum km_text_form form, size_t *at,
                                     struct km_part *ret)
{
    size_t special = next_special(source, *at, form);
    if (special > *at) {
        *ret = (struct km_part){.kind = KM_PART_LITERAL,
                                .literal = KM_SLICE(source.ptr + *at, special - *at)};
        *at = special;
        return KM_TEXT_OK;
    }
    if (source.ptr[special] == '$')
        return parse_variable(source, at, ret);
    *ret = (struct km_part){.kind = source.ptr[special] == '*' ? KM_PART_ANY_RUN : KM_PART_ANY_ONE};
    *at += 1;
    return KM_TEXT_OK;
}

enum km_text_fault km_text_parse(struct km_arena *arena, struct km_slice source,
                                 enum km_text_form form, struct km_text *ret)
{
    /* Counted first, so that what is kept is no larger than it has to be. */
    struct km_part part = {0};
    size_t n = 0;
    for (size_t at = 0; at < source.len; n++) {
        enum km_text_fault fault = parse_part(source, form, &at, &part);
        if (fault != KM_TEXT_OK)
            return fault;
    }
    struct km_part *parts = km_arena_array(arena, n, sizeof(*parts));
    if (parts == NULL)
        return KM_TEXT_NO_MEMORY;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        enum km_text_fault fault = parse_part(source, form, &at, &parts[i]);
        if (fault != KM_TEXT_OK)
            return fault;
    }
    *ret = (struct km_text){.parts = parts, .n = n};
    return KM_TEXT_OK;
}

const char *km_text_fault_text(enum km_text_fault fault)
{
    switch (fault) {
    case KM_TEXT_OK:
        return "good";
    case KM_TEXT_UNCLOSED:
        return "a variable begins with ${ and has no }";
    case KM_TEXT_UNKNOWN_VARIABLE:
        return "names a variable that is not known";
    case KM_TEXT_LIST_VARIABLE:
        return "a variable with many values can stand in conditions only, as their key";
    case KM_TEXT_TIME_VARIABLE:
        return "the time can stand in conditions only, as their key";
    case KM_TEXT_NO_MEMORY:
        return "takes more memory than there is";
    }
    return "unknown";
}
