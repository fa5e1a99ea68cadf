/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions decided for a connection. */
#include "cloud/policy/condition.h"

#include <string.h>

/* A value of the policy, its variables replaced. */
struct operand {
    struct km_pattern patterns[KM_ARN_PARTS]; /* one, six of an ARN */
    struct km_number number;
    struct km_network network;
    bool is_scalar; /* number or network is what the text says */
};

struct evaluation {
    const struct km_condition_operator *op;
    const struct operand *operands;
    size_t n_operands;
};

/* ---- one value against one value ---- */

/* Text without wildcards is one run of octets. */
static struct km_slice plain_text(const struct operand *operand)
{
    return KM_SLICE(operand->patterns[0].runs[0].octets, operand->patterns[0].runs[0].len);
}

static bool relation_holds(enum km_condition_relation relation, int order)
{
    switch (relation) {
    case KM_RELATION_EQUAL:
        return order == 0;
    case KM_RELATION_LESS:
        return order < 0;
    case KM_RELATION_LESS_EQUAL:
        return order <= 0;
    case KM_RELATION_GREATER:
        return order > 0;
    case KM_RELATION_GREATER_EQUAL:
        return order >= 0;
    }
    return false;
}

static bool arn_fits(const struct operand *operand, struct km_slice value)
{
    for (size_t i = 0; i < KM_ARN_PARTS; i++) {
        bool is_last = i + 1 == KM_ARN_PARTS;
        const uint8_t *colon = !is_last && value.len > 0 ? memchr(value.ptr, ':', value.len) : NULL;
        if (!is_last && colon == NULL)
            return false;
        size_t len = is_last ? value.len : (size_t)(colon - value.ptr);
        if (!km_pattern_matches(&operand->patterns[i], KM_SLICE(value.ptr, len)))
            return false;
        if (!is_last)
            value = KM_SLICE(colon + 1, value.len - len - 1);
    }
    return true;
}

static bool number_fits(const struct km_condition_operator *op, const struct operand *operand,
                        struct km_slice value)
{
    struct km_number number = {0};
    bool is_number = op->kind == KM_CONDITION_DATE ? km_date_parse(value, &number)
                                                   : km_number_parse(value, &number);
    return is_number && operand->is_scalar &&
           relation_holds(op->relation, km_number_compare(number, operand->number));
}

static bool address_fits(const struct operand *operand, struct km_slice value)
{
    struct km_network address = {0};
    bool is_address = value.len > 0 && memchr(value.ptr, '/', value.len) == NULL &&
                      km_network_parse(value, &address);
    return is_address && operand->is_scalar && km_network_holds(&operand->network, &address);
}

/* Without regard to negation. */
static bool fits_operand(const struct km_condition_operator *op, const struct operand *operand,
                         struct km_slice value)
{
    switch (op->kind) {
    case KM_CONDITION_STRING:
    case KM_CONDITION_LIKE:
        return km_pattern_matches(&operand->patterns[0], value);
    case KM_CONDITION_STRING_NOCASE:
    case KM_CONDITION_BOOL:
        return km_text_equal_nocase(plain_text(operand), value);
    case KM_CONDITION_ARN:
        return arn_fits(operand, value);
    case KM_CONDITION_NUMERIC:
    case KM_CONDITION_DATE:
        return number_fits(op, operand, value);
    case KM_CONDITION_IP:
        return address_fits(operand, value);
    case KM_CONDITION_NULL:
        break;
    }
    return false;
}

/* ---- all values against all values ---- */

static bool fits(const struct evaluation *evaluation, struct km_slice value)
{
    for (size_t i = 0; i < evaluation->n_operands; i++) {
        if (fits_operand(evaluation->op, &evaluation->operands[i], value))
            return !evaluation->op->negates;
    }
    return evaluation->op->negates;
}

/* What is not UTF-8 is no value. */
static size_t count_usable(struct km_policy_values values)
{
    size_t n = 0;
    for (size_t i = 0; i < values.n; i++)
        n += km_utf8_valid(values.at[i]);
    return n;
}

static bool holds_without_value(const struct km_condition_operator *op)
{
    if (op->if_exists || op->set == KM_SET_ALL)
        return true;
    return op->set == KM_SET_NONE && op->negates;
}

static bool holds(const struct evaluation *evaluation, struct km_policy_values values)
{
    const struct km_condition_operator *op = evaluation->op;
    size_t n_usable = count_usable(values);
    size_t n_fit = 0;
    if (n_usable == 0)
        return holds_without_value(op);
    for (size_t i = 0; i < values.n; i++)
        n_fit += km_utf8_valid(values.at[i]) && fits(evaluation, values.at[i]);
    bool wants_all = op->set == KM_SET_ALL || (op->set == KM_SET_NONE && op->negates);
    return wants_all ? n_fit == n_usable : n_fit > 0;
}

/* ---- binding ---- */

static void read_scalar(enum km_condition_kind kind, struct operand *operand)
{
    struct km_slice text = plain_text(operand);
    if (kind == KM_CONDITION_NUMERIC)
        operand->is_scalar = km_number_parse(text, &operand->number);
    else if (kind == KM_CONDITION_DATE)
        operand->is_scalar = km_date_parse(text, &operand->number);
    else if (kind == KM_CONDITION_IP)
        operand->is_scalar = km_network_parse(text, &operand->network);
}

static km_status bind_operand(struct km_err *err, struct km_arena *scratch,
                              const struct km_condition *condition,
                              const struct km_condition_value *value,
                              const struct km_policy_context *context, struct operand *ret,
                              const struct km_key **ret_bad)
{
    size_t n = condition->op.kind == KM_CONDITION_ARN ? KM_ARN_PARTS : 1;
    for (size_t i = 0; i < n; i++) {
        KM_TRY(
            km_pattern_bind(err, scratch, &value->texts[i], context, &ret->patterns[i], ret_bad));
        if (*ret_bad != NULL)
            return KM_OK;
    }
    read_scalar(condition->op.kind, ret);
    return KM_OK;
}

/* Those values of the policy that stand for something. */
static km_status bind_operands(struct km_err *err, struct km_arena *scratch,
                               const struct km_condition *condition,
                               const struct km_policy_context *context,
                               struct evaluation *evaluation, const struct km_key **ret_missing)
{
    struct operand *operands = km_arena_array(scratch, condition->n_values, sizeof(*operands));
    if (operands == NULL)
        return KM_FAIL(err, km_arena_status(scratch), "%zu values of a condition",
                       condition->n_values);
    evaluation->operands = operands;
    for (size_t i = 0; i < condition->n_values; i++) {
        const struct km_key *bad = NULL;
        KM_TRY(bind_operand(err, scratch, condition, &condition->values[i], context,
                            &operands[evaluation->n_operands], &bad));
        if (bad == NULL)
            evaluation->n_operands++;
        else
            *ret_missing = bad;
    }
    return KM_OK;
}

static km_status bind_clause(struct km_err *err, struct km_arena *arena,
                             const struct evaluation *evaluation, struct km_time_clause *ret)
{
    struct km_number *values = km_arena_array(arena, evaluation->n_operands, sizeof(*values));
    if (values == NULL)
        return KM_FAIL(err, km_arena_status(arena), "%zu times of a condition",
                       evaluation->n_operands);
    *ret = (struct km_time_clause){
        .relation = evaluation->op->relation, .negates = evaluation->op->negates, .values = values};
    for (size_t i = 0; i < evaluation->n_operands; i++) {
        if (evaluation->operands[i].is_scalar)
            values[ret->n_values++] = evaluation->operands[i].number;
    }
    return KM_OK;
}

bool km_time_clause_holds(const struct km_time_clause *clause, int64_t now_s)
{
    struct km_number now = {.whole = now_s};
    for (size_t i = 0; i < clause->n_values; i++) {
        if (relation_holds(clause->relation, km_number_compare(now, clause->values[i])))
            return !clause->negates;
    }
    return clause->negates;
}

km_status km_condition_bind(struct km_err *err, struct km_arena *arena, struct km_arena *scratch,
                            const struct km_condition *condition, bool allows,
                            const struct km_policy_context *context,
                            struct km_condition_result *ret)
{
    const struct km_condition_operator *op = &condition->op;
    struct evaluation evaluation = {.op = op};
    struct km_condition_result result = {
        .is_on_time =
            condition->key.kind == KM_KEY_CURRENT_TIME || condition->key.kind == KM_KEY_EPOCH_TIME,
    };
    KM_TRY(bind_operands(err, scratch, condition, context, &evaluation, &result.missing));
    if (result.missing != NULL && op->negates && allows) {
        result.is_on_time = false;
        *ret = result;
        return KM_OK;
    }
    if (result.is_on_time) {
        KM_TRY(bind_clause(err, arena, &evaluation, &result.clause));
        *ret = result;
        return KM_OK;
    }
    struct km_policy_values values = km_key_values(&condition->key, context);
    bool has_value = count_usable(values) > 0;
    if (op->kind == KM_CONDITION_NULL) {
        struct km_slice is_null = has_value ? KM_SLICE_STR("false") : KM_SLICE_STR("true");
        for (size_t i = 0; i < evaluation.n_operands; i++)
            result.holds |= km_text_equal_nocase(plain_text(&evaluation.operands[i]), is_null);
    } else {
        result.holds = holds(&evaluation, values);
        if (!has_value && !op->if_exists)
            result.missing = &condition->key;
    }
    *ret = result;
    return KM_OK;
}
