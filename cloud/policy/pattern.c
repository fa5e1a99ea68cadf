/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/pattern.h"

#include <string.h>

/* ---- binding ---- */

static bool can_stand(struct km_slice value)
{
    if (value.len > KM_POLICY_VALUE_MAX || !km_utf8_valid(value))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (km_octet_is_one_of(value.ptr[i], "*$+?#"))
            return false;
    }
    return true;
}

bool km_variable_value(const struct km_key *key, const struct km_policy_context *context,
                       struct km_slice *ret)
{
    struct km_policy_values values = km_key_values(key, context);
    if (values.n != 1 || !can_stand(values.at[0]))
        return false;
    *ret = values.at[0];
    return true;
}

/* How large it gets. */
struct extent {
    size_t octets;
    size_t n_runs;
    bool has_any_one;
};

static const struct km_key *measure(const struct km_text *text,
                                    const struct km_policy_context *context, struct extent *ret)
{
    struct extent extent = {.n_runs = 1};
    for (size_t i = 0; i < text->n; i++) {
        const struct km_part *part = &text->parts[i];
        struct km_slice value = part->literal;
        if (part->kind == KM_PART_VARIABLE && !km_variable_value(&part->key, context, &value))
            return &part->key;
        extent.octets += part->kind == KM_PART_ANY_ONE ? 1 : value.len;
        extent.n_runs += part->kind == KM_PART_ANY_RUN;
        extent.has_any_one |= part->kind == KM_PART_ANY_ONE;
    }
    *ret = extent;
    return NULL;
}

static bool continues(uint8_t octet)
{
    return (octet & 0xc0u) == 0x80u;
}

/* Lays the parts out behind each other; a new run begins at each '*'. */
struct layout {
    uint8_t *octets;
    uint8_t *any_one; /* NULL: no '?' */
    size_t cap;
    size_t at;
    struct km_run *run;
};

static void begin_run(struct layout *layout)
{
    *layout->run = (struct km_run){.octets = layout->octets + layout->at};
}

static void put(struct layout *layout, struct km_slice octets, bool any_one)
{
    km_copy(layout->octets + layout->at, layout->cap - layout->at, octets.ptr, octets.len);
    if (any_one) {
        layout->any_one[layout->at] = 1;
        layout->run->any_one = layout->any_one + (layout->run->octets - layout->octets);
    }
    for (size_t i = 0; i < octets.len; i++)
        layout->run->n_chars += !continues(octets.ptr[i]);
    layout->at += octets.len;
    layout->run->len += octets.len;
}

static void put_part(struct layout *layout, const struct km_part *part,
                     const struct km_policy_context *context)
{
    struct km_slice value = part->literal;
    switch (part->kind) {
    case KM_PART_LITERAL:
        put(layout, value, false);
        break;
    case KM_PART_VARIABLE:
        if (km_variable_value(&part->key, context, &value))
            put(layout, value, false);
        break;
    case KM_PART_ANY_ONE:
        put(layout, KM_SLICE("?", 1), true);
        break;
    case KM_PART_ANY_RUN:
        layout->run++;
        begin_run(layout);
        break;
    }
}

km_status km_pattern_bind(struct km_err *err, struct km_arena *arena, const struct km_text *text,
                          const struct km_policy_context *context, struct km_pattern *ret,
                          const struct km_key **ret_bad)
{
    struct extent extent = {0};
    *ret_bad = measure(text, context, &extent);
    if (*ret_bad != NULL)
        return KM_OK;
    struct km_run *runs = km_arena_array(arena, extent.n_runs, sizeof(*runs));
    uint8_t *octets = km_arena_alloc(arena, extent.octets);
    uint8_t *any_one = extent.has_any_one ? km_arena_alloc(arena, extent.octets) : NULL;
    if (runs == NULL || octets == NULL || (extent.has_any_one && any_one == NULL))
        return KM_FAIL(err, km_arena_status(arena), "pattern of %zu octets", extent.octets);
    struct layout layout = {octets, any_one, extent.octets, 0, runs};
    begin_run(&layout);
    for (size_t i = 0; i < text->n; i++)
        put_part(&layout, &text->parts[i], context);
    *ret = (struct km_pattern){.runs = runs, .n = extent.n_runs};
    return KM_OK;
}

/* ---- matching ---- */

/* Whether the run stands at `at`; *ret_end is where it ends. */
static bool run_is_at(const struct km_run *run, struct km_slice text, size_t at, size_t *ret_end)
{
    if (run->any_one == NULL) {
        *ret_end = at + run->len;
        return run->len <= text.len - at && memcmp(text.ptr + at, run->octets, run->len) == 0;
    }
    for (size_t i = 0; i < run->len; i++) {
        if (at == text.len)
            return false;
        if (run->any_one[i] == 0) {
            if (text.ptr[at++] != run->octets[i])
                return false;
            continue;
        }
        at++;
        while (at < text.len && continues(text.ptr[at]))
            at++;
    }
    *ret_end = at;
    return true;
}

/* What memmem does; but that first makes a table of what it looks for, which takes longer than to look through a topic. */
static bool octets_find(struct km_slice octets, struct km_slice text, size_t at, size_t *ret_end)
{
    while (octets.len > 0 && octets.len <= text.len - at) {
        const uint8_t *first = memchr(text.ptr + at, octets.ptr[0], text.len - at - octets.len + 1);
        if (first == NULL)
            return false;
        at = (size_t)(first - text.ptr);
        if (km_slice_equal(KM_SLICE(first, octets.len), octets)) {
            *ret_end = at + octets.len;
            return true;
        }
        at++;
    }
    *ret_end = at;
    return octets.len == 0;
}

/* The first place at or behind `at` where the run stands. As '*' takes anything, a later one is never better. */
static bool run_find(const struct km_run *run, struct km_slice text, size_t at, size_t *ret_end)
{
    if (run->any_one == NULL)
        return octets_find(KM_SLICE(run->octets, run->len), text, at, ret_end);
    for (; at < text.len; at++) {
        if (!continues(text.ptr[at]) && run_is_at(run, text, at, ret_end))
            return true;
    }
    return false;
}

/* Whether the run ends the text and begins no earlier than `from`. */
static bool run_is_last(const struct km_run *run, struct km_slice text, size_t from)
{
    size_t at = text.len;
    size_t end = 0;
    if (run->any_one == NULL) {
        if (run->len > text.len - from)
            return false;
        at -= run->len;
    } else {
        for (size_t n = run->n_chars; n > 0; n--) {
            if (at == from)
                return false;
            at--;
            while (at > from && continues(text.ptr[at]))
                at--;
        }
    }
    return run_is_at(run, text, at, &end) && end == text.len;
}

bool km_pattern_matches(const struct km_pattern *pattern, struct km_slice text)
{
    size_t at = 0;
    if (text.len == 0) /* its pointer may be NULL */
        text = KM_SLICE("", 0);
    if (!run_is_at(&pattern->runs[0], text, 0, &at))
        return false;
    if (pattern->n == 1)
        return at == text.len;
    for (size_t i = 1; i + 1 < pattern->n; i++) {
        if (!run_find(&pattern->runs[i], text, at, &at))
            return false;
    }
    return run_is_last(&pattern->runs[pattern->n - 1], text, at);
}
