/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/function.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cloud/functions/zip.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_CHARS LETTERS DIGITS "_-"

static bool only(const char *text, const char *chars, size_t min, size_t max)
{
    size_t len = strlen(text);
    return len >= min && len <= max && strspn(text, chars) == len;
}

static bool is_python(const char *runtime)
{
    static const char prefix[] = "python3.";
    return strcmp(runtime, "python2.7") == 0 || (strncmp(runtime, prefix, sizeof prefix - 1) == 0 &&
                                                 only(runtime + sizeof prefix - 1, DIGITS, 1, 2));
}

enum km_function_kind km_function_kind(const char *runtime)
{
    if (is_python(runtime))
        return KM_FUNCTION_PYTHON;
    if (strcmp(runtime, "provided") == 0 || strcmp(runtime, "provided.al2") == 0 ||
        strcmp(runtime, "provided.al2023") == 0)
        return KM_FUNCTION_PROGRAM;
    return KM_FUNCTION_UNKNOWN;
}

/* A relative path that stays below where it starts. */
static bool stays_below(const char *path)
{
    for (const char *at = path;; at++) {
        size_t len = strcspn(at, "/");
        if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
            return false;
        at += len;
        if (*at == '\0')
            return true;
    }
}

static km_status check_handler(struct km_err *err, const struct km_function *function)
{
    const char *handler = function->handler;
    if (!only(handler, NAME_CHARS "./", 1, KM_FUNCTION_HANDLER_MAX) || !stays_below(handler))
        return KM_FAIL(err, KM_E_ARG, "handler has to be 1 to %d letters, digits and _-./",
                       KM_FUNCTION_HANDLER_MAX);
    if (km_function_kind(function->runtime) == KM_FUNCTION_PROGRAM)
        return KM_OK;
    const char *dot = strrchr(handler, '.');
    if (dot == NULL || dot == handler || !only(dot + 1, LETTERS DIGITS "_", 1, 64))
        return KM_FAIL(err, KM_E_ARG, "handler %.64s is not of the form file.function", handler);
    return KM_OK;
}

static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_EXECUTION_ENV",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "AWS_ENDPOINT_URL",
        "TZ",
    };
    if (strncmp(name, "AWS_LAMBDA_", 11) == 0 || strncmp(name, "KEYMOOR_", 8) == 0)
        return true;
    for (size_t i = 0; i < KM_ARRAY_LEN(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

static km_status check_variables(struct km_err *err, const struct km_function *function)
{
    size_t total = 0;
    if (function->n_variables > KM_FUNCTION_N_ENV_MAX)
        return KM_FAIL(err, KM_E_ARG, "more than %d environment variables", KM_FUNCTION_N_ENV_MAX);
    for (size_t i = 0; i < function->n_variables; i++) {
        const char *name = function->variables[i].name;
        if (!only(name, LETTERS DIGITS "_", 1, 128) || !isalpha((unsigned char)name[0]))
            return KM_FAIL(err, KM_E_ARG, "environment variable %zu has no usable name", i + 1);
        if (is_reserved(name))
            return KM_FAIL(err, KM_E_ARG, "environment variable %.64s is reserved", name);
        total += strlen(name) + strlen(function->variables[i].value);
    }
    if (total > KM_FUNCTION_ENV_MAX)
        return KM_FAIL(err, KM_E_ARG, "environment of %zu octets, at most %d", total,
                       KM_FUNCTION_ENV_MAX);
    return KM_OK;
}

km_status km_function_check(struct km_err *err, const struct km_function *function)
{
    if (!only(function->name, NAME_CHARS, 1, KM_FUNCTION_NAME_LEN_MAX))
        return KM_FAIL(err, KM_E_ARG, "function name has to be 1 to %d letters, digits, _ and -",
                       KM_FUNCTION_NAME_LEN_MAX);
    if (km_function_kind(function->runtime) == KM_FUNCTION_UNKNOWN)
        return KM_FAIL(err, KM_E_ARG, "runtime %.32s can't be run here: python3.N or provided",
                       function->runtime);
    KM_TRY(check_handler(err, function));
    if (function->timeout_s < 1 || function->timeout_s > KM_FUNCTION_TIMEOUT_MAX_S)
        return KM_FAIL(err, KM_E_ARG, "timeout of %u s is not within 1 to %u", function->timeout_s,
                       KM_FUNCTION_TIMEOUT_MAX_S);
    if (function->memory_mb < KM_FUNCTION_MEMORY_DEFAULT_MB ||
        function->memory_mb > KM_FUNCTION_MEMORY_MAX_MB)
        return KM_FAIL(err, KM_E_ARG, "memory size of %u MB is not within %u to %u",
                       function->memory_mb, KM_FUNCTION_MEMORY_DEFAULT_MB,
                       KM_FUNCTION_MEMORY_MAX_MB);
    return check_variables(err, function);
}

km_status km_function_check_code(struct km_err *err, const struct km_function *function)
{
    if (function->code.len == 0)
        return KM_FAIL(err, KM_E_MALFORMED, "there is no code");
    if (function->code.len > KM_FUNCTION_UPLOAD_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "code of %zu octets, at most %zu", function->code.len,
                       KM_FUNCTION_UPLOAD_MAX);
    if (!km_zip_is(function->code) && km_function_kind(function->runtime) == KM_FUNCTION_PROGRAM)
        return KM_OK;
    return km_zip_check(err, function->code, KM_FUNCTION_UNPACKED_MAX);
}

/* ---- names ---- */

#define PARTS_MAX 8

struct parts {
    struct km_slice part[PARTS_MAX];
    size_t n;
};

static bool split(const char *text, struct parts *ret)
{
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ":");
        if (ret->n == PARTS_MAX)
            return false;
        ret->part[ret->n++] = KM_SLICE(at, len);
        at += len;
        if (*at == '\0')
            return true;
    }
}

static bool is_word(const struct parts *parts, size_t i, const char *word)
{
    return km_slice_equal(parts->part[i], KM_SLICE_STR(word));
}

static bool take(const struct parts *parts, size_t i, const char *chars, char *ret, size_t cap)
{
    struct km_slice part = parts->part[i];
    if (part.len == 0 || part.len >= cap)
        return false;
    km_copy(ret, cap, part.ptr, part.len);
    ret[part.len] = '\0';
    return strspn(ret, chars) == part.len;
}

/* How many parts there are tells the form: the name is the last or, with a qualifier, the one before. */
static bool parse_name(const char *text, struct km_function_name *name)
{
    struct parts parts = {.n = 0};
    if (!split(text, &parts))
        return false;
    size_t n = parts.n, at = (n - 1) & ~(size_t)1;
    if (n == 5 || n == 6)
        return false;
    if (n >= 7 && (!is_word(&parts, 0, "arn") || !is_word(&parts, 1, "aws") ||
                   !is_word(&parts, 2, "lambda") ||
                   !take(&parts, 3, LETTERS DIGITS "-", name->region, sizeof name->region)))
        return false;
    if (at >= 2 && (!is_word(&parts, at - 1, "function") ||
                    !take(&parts, at - 2, DIGITS, name->account, sizeof name->account) ||
                    strlen(name->account) != 12))
        return false;
    return take(&parts, at, NAME_CHARS, name->name, sizeof name->name) &&
           (n % 2 == 1 ||
            take(&parts, at + 1, NAME_CHARS "$", name->qualifier, sizeof name->qualifier));
}

km_status km_function_name_parse(struct km_err *err, const char *text, struct km_function_name *ret)
{
    struct km_function_name name = {.account = ""};
    if (!parse_name(text, &name))
        return KM_FAIL(err, KM_E_ARG, "%.96s names no function", text);
    *ret = name;
    return KM_OK;
}

void km_function_arn(const char *region, const char *account, const char *name,
                     const char *qualifier, char *ret, size_t cap)
{
    bool is_qualified = qualifier != NULL && qualifier[0] != '\0';
    snprintf(ret, cap, "arn:aws:lambda:%s:%s:function:%s%s%s", region, account, name,
             is_qualified ? ":" : "", is_qualified ? qualifier : "");
}
