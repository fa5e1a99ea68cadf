/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on numbers, and on texts that look like one. */
#include "cloud/rules/rule_function.h"

#include <math.h>

/* ---- one argument, in double precision ---- */

static double (*const curves[])(double) = {acos,  asin, atan, cos,  cosh, exp, log,
                                           log10, sin,  sinh, sqrt, tan,  tanh};
enum { ACOS, ASIN, ATAN, COS, COSH, EXP, LN, LOG, SIN, SINH, SQRT, TAN, TANH };

static json_t *curve(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_number x = {0};
    return km_rule_number_of(call->args[0], &x) ? km_rule_real(eval, curves[call->variant](x.d))
                                                : NULL;
}

/* ---- whole numbers ---- */

static json_t *to_whole(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_number x = {0};
    if (!km_rule_number_of(call->args[0], &x))
        return NULL;
    if (x.is_int)
        return km_rule_int(eval, x.i);
    if (call->variant == 'c')
        return km_rule_real(eval, ceil(x.d));
    return km_rule_real(eval, call->variant == 'f' ? floor(x.d) : round(x.d));
}

static json_t *sign(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_number x = {0};
    return km_rule_number_of(call->args[0], &x) ? km_rule_int(eval, (x.d > 0) - (x.d < 0)) : NULL;
}

static json_t *absolute(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_number x = {0};
    if (!km_rule_number_of(call->args[0], &x))
        return NULL;
    if (x.is_int && x.i != INT64_MIN)
        return km_rule_int(eval, x.i < 0 ? -x.i : x.i);
    return km_rule_real(eval, fabs(x.d));
}

/* To that many decimal places; what has fewer is left alone. */
static json_t *truncate_to(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_number x = {0};
    int64_t places = 0;
    if (!km_rule_number_of(call->args[0], &x) || !km_rule_clamp_of(call->args[1], 0, 34, &places))
        return NULL;
    double scale = pow(10, (double)places);
    if (x.is_int || !isfinite(x.d * scale) || fabs(x.d * scale) >= 9007199254740992.0)
        return x.is_int ? km_rule_int(eval, x.i) : km_rule_real(eval, x.d);
    return km_rule_real(eval, trunc(x.d * scale) / scale);
}

/* ---- bits ---- */

static json_t *bits(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    int64_t a = 0;
    int64_t b = 0;
    if (!km_rule_floor_of(call->args[0], &a) ||
        (call->n == 2 && !km_rule_floor_of(call->args[1], &b)))
        return NULL;
    if (call->variant == '~')
        return km_rule_int(eval, ~a);
    if (call->variant == '&')
        return km_rule_int(eval, a & b);
    return km_rule_int(eval, call->variant == '|' ? a | b : a ^ b);
}

/* ---- two arguments ---- */

static json_t *two(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    struct km_rule_number a = {0};
    struct km_rule_number b = {0};
    if (!km_rule_number_of(call->args[0], &a) || !km_rule_number_of(call->args[1], &b))
        return NULL;
    return km_rule_real(eval, call->variant == '^' ? pow(a.d, b.d) : atan2(a.d, b.d));
}

static json_t *modulo(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    return km_rule_operate(eval, KM_OP_MOD, call->args[0], call->args[1]);
}

/* A JSON number is never NaN, so what is missing or null is all that gives way. */
static json_t *nanvl(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    (void)eval;
    bool missing = call->args[0] == NULL || json_is_null(call->args[0]);
    return json_incref(call->args[missing ? 1 : 0]);
}

static json_t *draw(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    (void)call;
    uint64_t drawn = 0;
    if (eval->host->random == NULL || !eval->host->random(eval->host->ctx, &drawn, sizeof(drawn)))
        return NULL;
    return km_rule_real(eval, (double)(drawn >> 11) / 9007199254740992.0);
}

const struct km_rule_function km_rule_number_functions[] = {
    {"abs", 1, 1, absolute, 0, false},      {"acos", 1, 1, curve, ACOS, false},
    {"asin", 1, 1, curve, ASIN, false},     {"atan", 1, 1, curve, ATAN, false},
    {"atan2", 2, 2, two, 'a', false},       {"bitand", 2, 2, bits, '&', false},
    {"bitnot", 1, 1, bits, '~', false},     {"bitor", 2, 2, bits, '|', false},
    {"bitxor", 2, 2, bits, 'x', false},     {"ceil", 1, 1, to_whole, 'c', false},
    {"cos", 1, 1, curve, COS, false},       {"cosh", 1, 1, curve, COSH, false},
    {"exp", 1, 1, curve, EXP, false},       {"floor", 1, 1, to_whole, 'f', false},
    {"ln", 1, 1, curve, LN, false},         {"log", 1, 1, curve, LOG, false},
    {"mod", 2, 2, modulo, 0, false},        {"nanvl", 2, 2, nanvl, 0, true},
    {"power", 2, 2, two, '^', false},       {"rand", 0, 0, draw, 0, false},
    {"remainder", 2, 2, modulo, 0, false},  {"round", 1, 1, to_whole, 'r', false},
    {"sign", 1, 1, sign, 0, false},         {"sin", 1, 1, curve, SIN, false},
    {"sinh", 1, 1, curve, SINH, false},     {"sqrt", 1, 1, curve, SQRT, false},
    {"tan", 1, 1, curve, TAN, false},       {"tanh", 1, 1, curve, TANH, false},
    {"trunc", 2, 2, truncate_to, 0, false}, {0},
};
