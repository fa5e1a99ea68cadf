/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/inputs.h"

#include <ctype.h>
#include <string.h>

#include "cloud/common/json.h"
#include "common/km_option.h"

#define INPUT_NAME_MAX 64

/* ---- names ---- */

struct name_form {
    const char *kind;  /* as placeholders of paths spell it */
    const char *extra; /* beside letters and digits */
    size_t max;
};

static const struct name_form forms[] = {
    {"thingName", ":_-", 128},
    {"thingTypeName", ":_-", 128},
    {"thingGroupName", ":_-", 128},
    {"policyName", "_+=,.@-", 128},
    {"ruleName", "_", 128},
    {"templateName", "_-", 36},
    {"policyVersionId", "", 18},
    {"certificateId", "", 64},
    {"caCertificateId", "", 64},
    {"StatementId", "_-", 100},
    {"Name", "_-", 128},
    {"roleAlias", "_=,@-", 128},
    {"jobId", "_-", 64},
    {"jobTemplateId", "_-", 64},
};

static bool has_form(const struct name_form *form, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > form->max)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr(form->extra, text[i]) == NULL)
            return false;
    }
    return true;
}

static bool is_made_of(const char *text, const char *octets, size_t len)
{
    return strlen(text) == len && strspn(text, octets) == len;
}

bool km_inputs_name_is(const char *kind, const char *text)
{
    if (strcmp(kind, "certificateId") == 0 || strcmp(kind, "caCertificateId") == 0)
        return is_made_of(text, "0123456789abcdef", KM_CERTIFICATE_ID_LEN);
    if (strcmp(kind, "policyVersionId") == 0 || strcmp(kind, "versionId") == 0)
        return strlen(text) <= 18 && is_made_of(text, "0123456789", strlen(text)) && *text != '\0';
    for (size_t i = 0; i < KM_ARRAY_LEN(forms); i++) {
        if (strcmp(forms[i].kind, kind) == 0)
            return has_form(&forms[i], text);
    }
    return true;
}

/* ---- rows ---- */

struct input {
    char name[INPUT_NAME_MAX];
    bool must_be;
    char type;
};

/* next_input: the next word of a row; false at its end. */
static bool next_input(const char **spec, struct input *ret)
{
    if (*spec == NULL)
        return false;
    while (**spec == ' ')
        (*spec)++;
    size_t len = strcspn(*spec, " ");
    const char *colon = memchr(*spec, ':', len);
    if (len == 0 || colon == NULL)
        return false;
    size_t name_len = (size_t)(colon - *spec);
    struct input input = {.type = colon[1]};
    if (name_len > 0 && (*spec)[name_len - 1] == '!') {
        input.must_be = true;
        name_len--;
    }
    km_copy(input.name, sizeof(input.name) - 1, *spec, name_len);
    *spec += len;
    *ret = input;
    return true;
}

static bool text_has_type(const char *text, char type)
{
    unsigned long number = 0;
    if (type == 'b')
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    return type != 'i' || km_option_digits(text, 10, INT64_MAX, &number);
}

static bool member_has_type(const json_t *member, char type)
{
    switch (type) {
    case 's':
        return json_is_string(member);
    case 'b':
        return json_is_boolean(member);
    case 'i':
        return json_is_integer(member) && json_integer_value(member) >= 0;
    case 'o':
        return json_is_object(member);
    case 'a':
        return json_is_array(member);
    default:
        return true;
    }
}

static const char *type_text(char type)
{
    switch (type) {
    case 'b':
        return "true or false";
    case 'i':
        return "a number";
    case 'o':
        return "an object";
    case 'a':
        return "a list";
    default:
        return "a text";
    }
}

/* ---- parts, query, headers ---- */

/* part_kind: the name of the number-th placeholder of a template. */
static void part_kind(const char *template, size_t number, char ret[INPUT_NAME_MAX])
{
    const char *at = strchr(template, '{');
    for (; at != NULL && number > 0; number--)
        at = strchr(at + 1, '{');
    if (at != NULL)
        km_copy(ret, INPUT_NAME_MAX - 1, at + 1, strcspn(at + 1, "+}"));
}

static km_status take_parts(struct km_call *call, const struct km_slice parts[KM_TARGET_PARTS_MAX])
{
    for (size_t i = 0; i < KM_TARGET_PARTS_MAX && parts[i].len > 0; i++) {
        char kind[INPUT_NAME_MAX] = {0};
        struct km_slice decoded = {0};
        size_t cap = parts[i].len + 1;
        part_kind(call->op->path, i, kind);
        char *text = km_arena_alloc(call->arena, cap);
        if (text == NULL)
            return KM_FAIL(&call->err, KM_E_NOMEM, "%zu bytes of a path", cap);
        if (!km_target_decode(parts[i], false, KM_SPAN(text, cap), &decoded) || decoded.len == 0)
            return km_call_fail(call, KM_X_NONE, "%s in the path is not readable", kind);
        if (strcmp(kind, "certificateId") == 0 || strcmp(kind, "caCertificateId") == 0) {
            if (strncmp(text, "0x", 2) == 0)
                text += 2;
            for (char *c = text; *c != '\0'; c++)
                *c = (char)tolower((unsigned char)*c);
        }
        if (!km_inputs_name_is(kind, text))
            return km_call_fail(call, KM_X_NONE, "%s has characters or a length it may not have",
                                kind);
        call->parts[i] = text;
    }
    return KM_OK;
}

static km_status check_query(struct km_call *call)
{
    const char *spec = call->op->query;
    struct input input = {0};
    while (next_input(&spec, &input)) {
        struct km_slice raw = {0};
        bool is_there = km_target_parameter(call->target.query, input.name, &raw);
        const char *text = is_there ? km_call_query(call, input.name) : NULL;
        if (is_there && text == NULL)
            return km_call_fail(call, KM_X_NONE, "parameter %s is not readable", input.name);
        if (!is_there && input.must_be)
            return km_call_fail(call, KM_X_NONE, "parameter %s is missing", input.name);
        if (is_there && !text_has_type(text, input.type))
            return km_call_fail(call, KM_X_NONE, "parameter %s must be %s", input.name,
                                type_text(input.type));
    }
    return KM_OK;
}

static km_status check_headers(struct km_call *call)
{
    const char *spec = call->op->headers;
    struct input input = {0};
    while (next_input(&spec, &input)) {
        const char *text = km_call_header(call, input.name);
        if (text == NULL && input.must_be)
            return km_call_fail(call, KM_X_NONE, "header %s is missing", input.name);
        if (text != NULL && !km_utf8_valid(KM_SLICE_STR(text)))
            return km_call_fail(call, KM_X_NONE, "header %s is not readable", input.name);
    }
    return KM_OK;
}

/* ---- body ---- */

static km_status parse_body(struct km_call *call)
{
    if (call->request->body.len == 0) {
        call->body = json_object();
        return call->body != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "body");
    }
    km_status status =
        km_json_object(&call->err, call->request->body, KM_CALL_JSON_DEPTH_MAX, &call->body);
    if (status == KM_E_LIMIT) /* too deep is as wrong as no JSON, and no limit of resources */
        call->exception = km_exception_of(call->op->service, KM_E_MALFORMED);
    return status;
}

static km_status take_body(struct km_call *call)
{
    const char *spec = call->op->body;
    struct input input = {0};
    if (spec == NULL)
        return KM_OK;
    KM_TRY(parse_body(call));
    while (next_input(&spec, &input)) {
        const json_t *member = km_call_member(call, input.name);
        if (member == NULL && input.must_be)
            return km_call_fail(call, KM_X_NONE, "%s is missing", input.name);
        if (member != NULL && !member_has_type(member, input.type))
            return km_call_fail(call, KM_X_NONE, "%s must be %s", input.name,
                                type_text(input.type));
    }
    return KM_OK;
}

km_status km_inputs_take(struct km_call *call, const struct km_slice parts[KM_TARGET_PARTS_MAX])
{
    KM_TRY(take_parts(call, parts));
    KM_TRY(check_query(call));
    KM_TRY(check_headers(call));
    return take_body(call);
}
