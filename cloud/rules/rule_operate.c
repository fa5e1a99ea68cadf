/* SPDX-License-Identifier: Apache-2.0 */
/* Operators and casts, by the tables of types. */
#include "cloud/rules/rule_eval.h"

#include <math.h>

static json_t *logic(enum km_rule_op op, const json_t *left, const json_t *right)
{
    bool a = false;
    bool b = false;
    if (!km_rule_truth_of(left, &a) || !km_rule_truth_of(right, &b))
        return NULL;
    return json_boolean(op == KM_OP_AND ? a && b : a || b);
}

static json_t *equality(struct km_rule_eval *eval, enum km_rule_op op, const json_t *left,
                        const json_t *right)
{
    if (left == NULL || right == NULL || !km_rule_spend_tree(eval, left))
        return NULL;
    return json_boolean(km_json_equal(left, right) == (op == KM_OP_EQ));
}

static json_t *order(enum km_rule_op op, const json_t *left, const json_t *right)
{
    struct km_rule_number a = {0};
    struct km_rule_number b = {0};
    if (!km_rule_number_of(left, &a) || !km_rule_number_of(right, &b))
        return NULL;
    int sign = (a.d > b.d) - (a.d < b.d);
    if (a.is_int && b.is_int)
        sign = (a.i > b.i) - (a.i < b.i);
    if (op == KM_OP_LT)
        return json_boolean(sign < 0);
    if (op == KM_OP_LE)
        return json_boolean(sign <= 0);
    return json_boolean(op == KM_OP_GT ? sign > 0 : sign >= 0);
}

/* ---- arithmetic ---- */

static json_t *concatenate(struct km_rule_eval *eval, const json_t *left, const json_t *right)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text a = {0};
    KM_AUTO(km_rule_text_clear) struct km_rule_text b = {0};
    if (!km_rule_text_of(eval, left, &a) || !km_rule_text_of(eval, right, &b))
        return NULL;
    const struct km_slice parts[] = {KM_SLICE(a.ptr, a.len), KM_SLICE(b.ptr, b.len)};
    return km_rule_join(eval, parts, KM_ARRAY_LEN(parts));
}

/* Of two Ints; false when the result is none. */
static bool int_operation(enum km_rule_op op, int64_t a, int64_t b, int64_t *ret)
{
    if (op == KM_OP_ADD)
        return !__builtin_add_overflow(a, b, ret);
    if (op == KM_OP_SUB)
        return !__builtin_sub_overflow(a, b, ret);
    if (op == KM_OP_MUL)
        return !__builtin_mul_overflow(a, b, ret);
    if (b == -1) { /* the one quotient that overflows, and no processor likes the remainder */
        *ret = 0;
        return op == KM_OP_MOD || !__builtin_sub_overflow(0, a, ret);
    }
    *ret = op == KM_OP_MOD ? a % b : a / b;
    return op == KM_OP_MOD || a % b == 0;
}

static double real_operation(enum km_rule_op op, double a, double b)
{
    if (op == KM_OP_ADD)
        return a + b;
    if (op == KM_OP_SUB)
        return a - b;
    if (op == KM_OP_MUL)
        return a * b;
    return op == KM_OP_DIV ? a / b : fmod(a, b);
}

static json_t *arithmetic(struct km_rule_eval *eval, enum km_rule_op op, const json_t *left,
                          const json_t *right)
{
    struct km_rule_number a = {0};
    struct km_rule_number b = {0};
    int64_t whole = 0;
    if (op == KM_OP_ADD && (json_is_string(left) || json_is_string(right)))
        return concatenate(eval, left, right);
    if (!km_rule_number_of(left, &a) || !km_rule_number_of(right, &b))
        return NULL;
    if ((op == KM_OP_DIV || op == KM_OP_MOD) && b.d == 0)
        return NULL;
    if (a.is_int && b.is_int && int_operation(op, a.i, b.i, &whole))
        return km_rule_int(eval, whole);
    return km_rule_real(eval, real_operation(op, a.d, b.d));
}

json_t *km_rule_operate(struct km_rule_eval *eval, enum km_rule_op op, const json_t *left,
                        const json_t *right)
{
    switch (op) {
    case KM_OP_OR:
    case KM_OP_AND:
        return logic(op, left, right);
    case KM_OP_EQ:
    case KM_OP_NE:
        return equality(eval, op, left, right);
    case KM_OP_LT:
    case KM_OP_LE:
    case KM_OP_GT:
    case KM_OP_GE:
        return order(op, left, right);
    case KM_OP_ADD:
    case KM_OP_SUB:
    case KM_OP_MUL:
    case KM_OP_DIV:
    case KM_OP_MOD:
        return arithmetic(eval, op, left, right);
    case KM_OP_NONE:
        break;
    }
    return NULL;
}

/* ---- casts ---- */

static json_t *to_string(struct km_rule_eval *eval, json_t *value)
{
    if (json_is_string(value))
        return json_incref(value);
    KM_AUTO(km_rule_text_clear) struct km_rule_text text = {0};
    return km_rule_text_of(eval, value, &text) ? km_rule_string(eval, text.ptr, text.len) : NULL;
}

static json_t *to_boolean(json_t *value)
{
    bool truth = false;
    if (json_is_number(value))
        return json_boolean(json_number_value(value) != 0);
    return km_rule_truth_of(value, &truth) ? json_boolean(truth) : NULL;
}

json_t *km_rule_cast_to(struct km_rule_eval *eval, enum km_rule_type type, json_t *value)
{
    struct km_rule_number number = {0};
    int64_t whole = 0;
    if (type == KM_TYPE_STRING)
        return to_string(eval, value);
    if (type == KM_TYPE_BOOLEAN)
        return to_boolean(value);
    if (json_is_boolean(value))
        return km_rule_int(eval, json_is_true(value) ? 1 : 0);
    if (type == KM_TYPE_INT)
        return km_rule_floor_of(value, &whole) ? km_rule_int(eval, whole) : NULL;
    if (!km_rule_number_of(value, &number))
        return NULL;
    return number.is_int ? km_rule_int(eval, number.i) : km_rule_real(eval, number.d);
}

json_t *km_rule_element_of(struct km_rule_eval *eval, const json_t *from, const json_t *key)
{
    int64_t index = 0;
    if (json_is_object(from))
        return json_is_string(key) ? json_incref(json_object_get(from, json_string_value(key)))
                                   : NULL;
    if (!km_rule_clamp_of(key, -1, INT64_MAX, &index) || index < 0)
        return NULL;
    if (json_is_array(from))
        return json_incref(json_array_get(from, (size_t)index));
    if (!json_is_string(from))
        return NULL;
    const char *ptr = json_string_value(from);
    size_t len = json_string_length(from);
    if (!km_rule_spend(eval, 1 + len / 64))
        return NULL;
    size_t at = km_rule_char_at(ptr, len, (size_t)index);
    size_t end = at + km_rule_char_at(ptr + at, len - at, 1);
    return at < len ? km_rule_string(eval, ptr + at, end - at) : NULL;
}
