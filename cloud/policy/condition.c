/* SPDX-License-Identifier: Apache-2.0 */
/* Operators and values as a document has them. */
#include "cloud/policy/condition.h"

#include <string.h>

struct operator_row {
    const char *name;
    enum km_condition_kind kind;
    enum km_condition_relation relation;
    bool negates;
};

static const struct operator_row operators[] = {
    {"StringEquals", KM_CONDITION_STRING, KM_RELATION_EQUAL, false},
    {"StringNotEquals", KM_CONDITION_STRING, KM_RELATION_EQUAL, true},
    {"StringEqualsIgnoreCase", KM_CONDITION_STRING_NOCASE, KM_RELATION_EQUAL, false},
    {"StringNotEqualsIgnoreCase", KM_CONDITION_STRING_NOCASE, KM_RELATION_EQUAL, true},
    {"StringLike", KM_CONDITION_LIKE, KM_RELATION_EQUAL, false},
    {"StringNotLike", KM_CONDITION_LIKE, KM_RELATION_EQUAL, true},
    {"ArnEquals", KM_CONDITION_ARN, KM_RELATION_EQUAL, false},
    {"ArnNotEquals", KM_CONDITION_ARN, KM_RELATION_EQUAL, true},
    {"ArnLike", KM_CONDITION_ARN, KM_RELATION_EQUAL, false},
    {"ArnNotLike", KM_CONDITION_ARN, KM_RELATION_EQUAL, true},
    {"NumericEquals", KM_CONDITION_NUMERIC, KM_RELATION_EQUAL, false},
    {"NumericNotEquals", KM_CONDITION_NUMERIC, KM_RELATION_EQUAL, true},
    {"NumericLessThan", KM_CONDITION_NUMERIC, KM_RELATION_LESS, false},
    {"NumericLessThanEquals", KM_CONDITION_NUMERIC, KM_RELATION_LESS_EQUAL, false},
    {"NumericGreaterThan", KM_CONDITION_NUMERIC, KM_RELATION_GREATER, false},
    {"NumericGreaterThanEquals", KM_CONDITION_NUMERIC, KM_RELATION_GREATER_EQUAL, false},
    {"DateEquals", KM_CONDITION_DATE, KM_RELATION_EQUAL, false},
    {"DateNotEquals", KM_CONDITION_DATE, KM_RELATION_EQUAL, true},
    {"DateLessThan", KM_CONDITION_DATE, KM_RELATION_LESS, false},
    {"DateLessThanEquals", KM_CONDITION_DATE, KM_RELATION_LESS_EQUAL, false},
    {"DateGreaterThan", KM_CONDITION_DATE, KM_RELATION_GREATER, false},
    {"DateGreaterThanEquals", KM_CONDITION_DATE, KM_RELATION_GREATER_EQUAL, false},
    {"Bool", KM_CONDITION_BOOL, KM_RELATION_EQUAL, false},
    {"IpAddress", KM_CONDITION_IP, KM_RELATION_EQUAL, false},
    {"NotIpAddress", KM_CONDITION_IP, KM_RELATION_EQUAL, true},
    {"Null", KM_CONDITION_NULL, KM_RELATION_EQUAL, false},
};

/* ---- operators ---- */

static bool cut_front(struct km_slice *text, const char *front)
{
    size_t len = strlen(front);
    if (text->len < len || !km_text_equal_nocase(KM_SLICE(text->ptr, len), KM_SLICE_STR(front)))
        return false;
    *text = KM_SLICE(text->ptr + len, text->len - len);
    return true;
}

static bool cut_back(struct km_slice *text, const char *back)
{
    size_t len = strlen(back);
    if (text->len < len)
        return false;
    struct km_slice end = KM_SLICE(text->ptr + text->len - len, len);
    if (!km_text_equal_nocase(end, KM_SLICE_STR(back)))
        return false;
    text->len -= len;
    return true;
}

static const struct operator_row *find_operator(struct km_slice name)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(operators); i++) {
        if (km_text_equal_nocase(name, KM_SLICE_STR(operators[i].name)))
            return &operators[i];
    }
    return NULL;
}

bool km_condition_operator_parse(struct km_slice text, struct km_condition_operator *ret)
{
    struct km_condition_operator op = {0};
    if (cut_front(&text, "ForAllValues:"))
        op.set = KM_SET_ALL;
    else if (cut_front(&text, "ForAnyValue:"))
        op.set = KM_SET_ANY;
    op.if_exists = cut_back(&text, "IfExists");
    const struct operator_row *row = find_operator(text);
    if (row == NULL)
        return false;
    /* It asks about the key itself, of which there is one, and says what happens when it is not there. */
    if (row->kind == KM_CONDITION_NULL && (op.set != KM_SET_NONE || op.if_exists))
        return false;
    op.kind = row->kind;
    op.relation = row->relation;
    op.negates = row->negates;
    *ret = op;
    return true;
}

bool km_condition_key_fits(const struct km_condition_operator *op, const struct km_key *key)
{
    if (key->kind == KM_KEY_CURRENT_TIME)
        return op->kind == KM_CONDITION_DATE;
    if (key->kind == KM_KEY_EPOCH_TIME)
        return op->kind == KM_CONDITION_DATE || op->kind == KM_CONDITION_NUMERIC;
    return true;
}

/* ---- values ---- */

static bool has_variable(const struct km_text *text)
{
    for (size_t i = 0; i < text->n; i++) {
        if (text->parts[i].kind == KM_PART_VARIABLE)
            return true;
    }
    return false;
}

/* What the value must look like; NULL when it does. Values with variables show that later. */
static const char *value_fault(enum km_condition_kind kind, struct km_slice text)
{
    struct km_number number = {0};
    struct km_network network = {0};
    switch (kind) {
    case KM_CONDITION_NUMERIC:
        return km_number_parse(text, &number) ? NULL : "is no number";
    case KM_CONDITION_DATE:
        return km_date_parse(text, &number) ? NULL : "is no date";
    case KM_CONDITION_IP:
        return km_network_parse(text, &network) ? NULL : "is no address or network";
    case KM_CONDITION_BOOL:
    case KM_CONDITION_NULL:
        return km_text_equal_nocase(text, KM_SLICE_STR("true")) ||
                       km_text_equal_nocase(text, KM_SLICE_STR("false"))
                   ? NULL
                   : "is neither true nor false";
    case KM_CONDITION_STRING:
    case KM_CONDITION_STRING_NOCASE:
    case KM_CONDITION_LIKE:
    case KM_CONDITION_ARN:
        break;
    }
    return NULL;
}

static km_status parse_text(struct km_arena *arena, struct km_slice text, enum km_text_form form,
                            struct km_text *ret, const char **ret_why)
{
    enum km_text_fault fault = km_text_parse(arena, text, form, ret);
    if (fault == KM_TEXT_OK)
        return KM_OK;
    *ret_why = km_text_fault_text(fault);
    return fault == KM_TEXT_NO_MEMORY ? km_arena_status(arena) : KM_E_MALFORMED;
}

/* The next colon that stands outside a variable; the end when there is none. */
static size_t next_colon(struct km_slice text)
{
    bool is_inside = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '{' && i > 0 && text.ptr[i - 1] == '$')
            is_inside = true;
        else if (text.ptr[i] == '}')
            is_inside = false;
        else if (text.ptr[i] == ':' && !is_inside)
            return i;
    }
    return text.len;
}

/* Six parts, so that no wildcard of one takes something of the next. */
static km_status parse_arn(struct km_arena *arena, struct km_slice text,
                           struct km_condition_value *value, const char **ret_why)
{
    for (size_t i = 0; i < KM_ARN_PARTS; i++) {
        bool is_last = i + 1 == KM_ARN_PARTS;
        size_t len = is_last ? text.len : next_colon(text);
        if (!is_last && len == text.len) {
            *ret_why = "is no ARN, which has five colons";
            return KM_E_MALFORMED;
        }
        KM_TRY(parse_text(arena, KM_SLICE(text.ptr, len), KM_TEXT_WILD, &value->texts[i], ret_why));
        if (!is_last)
            text = KM_SLICE(text.ptr + len + 1, text.len - len - 1);
    }
    return KM_OK;
}

km_status km_condition_value_parse(struct km_arena *arena, const struct km_condition_operator *op,
                                   struct km_slice text, struct km_condition_value *ret,
                                   const char **ret_why)
{
    struct km_condition_value value = {0};
    if (op->kind == KM_CONDITION_ARN) {
        KM_TRY(parse_arn(arena, text, &value, ret_why));
    } else {
        bool is_wild = op->kind == KM_CONDITION_LIKE;
        KM_TRY(parse_text(arena, text, is_wild ? KM_TEXT_WILD : KM_TEXT_PLAIN, &value.texts[0],
                          ret_why));
        const char *fault = has_variable(&value.texts[0]) ? NULL : value_fault(op->kind, text);
        if (fault != NULL) {
            *ret_why = fault;
            return KM_E_MALFORMED;
        }
    }
    *ret = value;
    return KM_OK;
}
