/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/rules/rule_eval.h"

#include "cloud/rules/rule_function.h"

static const struct km_rule_host nobody;

km_status km_rule_eval_init(struct km_err *err, const char *version,
                            const struct km_rule_message *message, const struct km_rule_host *host,
                            struct km_rule_eval *ret)
{
    *ret = (struct km_rule_eval){.message = message,
                                 .host = host == NULL ? &nobody : host,
                                 .version = version,
                                 .steps = KM_RULE_STEPS_MAX};
    if (message->payload.len > KM_RULE_PAYLOAD_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "message of %zu bytes, at most %u are looked at",
                       message->payload.len, KM_RULE_PAYLOAD_MAX);
    km_status status = km_json_value(NULL, message->payload, KM_RULE_JSON_DEPTH_MAX, &ret->payload);
    if (status == KM_E_NOMEM)
        return KM_FAIL(err, status, "message of %zu bytes", message->payload.len);
    return KM_OK; /* what is no JSON has no fields */
}

void km_rule_eval_clear(struct km_rule_eval *eval)
{
    json_decref(eval->payload);
    *eval = (struct km_rule_eval){0};
}

km_status km_rule_eval_status(struct km_err *err, const struct km_rule_eval *eval)
{
    if (eval->status == KM_OK)
        return KM_OK;
    if (eval->status == KM_E_LIMIT)
        return KM_FAIL(err, KM_E_LIMIT,
                       "a rule takes more than %d steps or makes more than %u bytes",
                       KM_RULE_STEPS_MAX, KM_RULE_PAYLOAD_MAX);
    return KM_FAIL(err, eval->status, "value in a rule");
}

static json_t *value_of_binary(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *left = km_rule_value_of(eval, expr->args);
    KM_AUTO(km_json_unref) json_t *right = km_rule_value_of(eval, expr->args->next);
    return km_rule_operate(eval, expr->op, left, right);
}

static json_t *value_of_not(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    bool truth = false;
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, expr->args);
    return km_rule_truth_of(value, &truth) ? json_boolean(!truth) : NULL;
}

static json_t *value_of_minus(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *zero = km_rule_int(eval, 0);
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, expr->args);
    return km_rule_operate(eval, KM_OP_SUB, zero, value);
}

static json_t *value_of_index(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *from = km_rule_value_of(eval, expr->args);
    KM_AUTO(km_json_unref) json_t *key = km_rule_value_of(eval, expr->args->next);
    return km_rule_element_of(eval, from, key);
}

static json_t *value_of_member(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *from = km_rule_value_of(eval, expr->args);
    return json_incref(json_object_get(from, expr->name));
}

static json_t *value_of_cast(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, expr->args);
    return km_rule_cast_to(eval, expr->type, value);
}

/* Undefined ones are left out. */
static json_t *value_of_array(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *array = km_rule_made(eval, json_array());
    for (const struct km_rule_expr *arg = expr->args; arg != NULL; arg = arg->next) {
        json_t *value = km_rule_value_of(eval, arg);
        if (value != NULL && json_array_append_new(array, value) != 0)
            return km_rule_made(eval, NULL);
    }
    return eval->status == KM_OK ? km_steal(&array) : NULL;
}

static json_t *value_of_object(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *object = km_rule_made(eval, json_object());
    for (const struct km_rule_expr *arg = expr->args; arg != NULL; arg = arg->next) {
        json_t *value = km_rule_value_of(eval, arg);
        if (value != NULL && json_object_set_new(object, arg->label, value) != 0)
            return km_rule_made(eval, NULL);
    }
    return eval->status == KM_OK ? km_steal(&object) : NULL;
}

/* Whether the value is one of the array; false also when the evaluation has failed. */
static bool is_in_array(struct km_rule_eval *eval, const json_t *value, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (!km_rule_spend_tree(eval, item))
            return false;
        if (km_json_equal(value, item))
            return true;
    }
    return false;
}

/* IN (a): a may be the array. IN (a, b): equal to one of them. */
static json_t *value_of_in(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, expr->args);
    if (value == NULL)
        return NULL;
    for (const struct km_rule_expr *arg = expr->args->next; arg != NULL; arg = arg->next) {
        KM_AUTO(km_json_unref) json_t *item = km_rule_value_of(eval, arg);
        if (expr->n_args == 2 && item == NULL)
            return NULL;
        bool found =
            expr->n_args == 2 && json_is_array(item)
                ? is_in_array(eval, value, item)
                : item != NULL && km_rule_spend_tree(eval, item) && km_json_equal(value, item);
        if (found)
            return json_true();
    }
    return eval->status == KM_OK ? json_false() : NULL;
}

static bool case_fits(struct km_rule_eval *eval, const json_t *subject,
                      const struct km_rule_expr *when)
{
    bool truth = false;
    KM_AUTO(km_json_unref) json_t *value = km_rule_value_of(eval, when);
    if (subject == NULL)
        return km_rule_truth_of(value, &truth) && truth;
    return value != NULL && km_rule_spend_tree(eval, value) && km_json_equal(subject, value);
}

static json_t *value_of_case(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    const struct km_rule_expr *arg = expr->args;
    KM_AUTO(km_json_unref) json_t *subject = NULL;
    if (expr->has_subject) {
        subject = km_rule_value_of(eval, arg);
        if (subject == NULL)
            return NULL;
        arg = arg->next;
    }
    for (; arg != NULL && arg->next != NULL; arg = arg->next->next) {
        if (case_fits(eval, subject, arg))
            return km_rule_value_of(eval, arg->next);
    }
    return arg != NULL ? km_rule_value_of(eval, arg) : NULL;
}

static json_t *value_of_call(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    const struct km_rule_function *function = expr->function;
    if (expr->n_args < function->min || expr->n_args > function->max)
        return NULL;
    json_t *args[KM_RULE_ARGUMENTS_MAX] = {0};
    size_t n = 0;
    bool defined = true;
    for (const struct km_rule_expr *arg = expr->args; arg != NULL; arg = arg->next) {
        args[n] = km_rule_value_of(eval, arg);
        defined = defined && args[n] != NULL;
        n++;
    }
    const struct km_rule_call call = {
        .expr = expr, .n = n, .args = args, .variant = function->variant};
    json_t *value = NULL;
    if (eval->status == KM_OK && (defined || function->sees_undefined))
        value = function->carry_out(eval, &call);
    for (size_t i = 0; i < n; i++)
        json_decref(args[i]);
    return value;
}

static json_t *value_of(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    switch (expr->kind) {
    case KM_EXPR_LITERAL:
        return json_incref(expr->value);
    case KM_EXPR_PAYLOAD:
        return json_incref(eval->payload);
    case KM_EXPR_FIELD:
        return json_incref(json_object_get(eval->payload, expr->name));
    case KM_EXPR_MEMBER:
        return value_of_member(eval, expr);
    case KM_EXPR_INDEX:
        return value_of_index(eval, expr);
    case KM_EXPR_CALL:
        return value_of_call(eval, expr);
    case KM_EXPR_CAST:
        return value_of_cast(eval, expr);
    case KM_EXPR_NOT:
        return value_of_not(eval, expr);
    case KM_EXPR_MINUS:
        return value_of_minus(eval, expr);
    case KM_EXPR_BINARY:
        return value_of_binary(eval, expr);
    case KM_EXPR_IN:
        return value_of_in(eval, expr);
    case KM_EXPR_CASE:
        return value_of_case(eval, expr);
    case KM_EXPR_ARRAY:
        return value_of_array(eval, expr);
    case KM_EXPR_OBJECT:
        return value_of_object(eval, expr);
    }
    return NULL;
}

json_t *km_rule_value_of(struct km_rule_eval *eval, const struct km_rule_expr *expr)
{
    if (!km_rule_spend(eval, 1))
        return NULL;
    json_t *value = value_of(eval, expr);
    if (eval->status == KM_OK)
        return value;
    json_decref(value);
    return NULL;
}
