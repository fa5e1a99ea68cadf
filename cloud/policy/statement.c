/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a document. Each function reads one kind of element. */
#include <stdio.h>
#include <string.h>

#include "cloud/policy/action.h"
#include "cloud/policy/compiler.h"

/* ---- Action ---- */

static km_status read_action(struct km_compiler *compiler, const json_t *json,
                             struct km_statement *statement)
{
    uint32_t mask = 0;
    if (!json_is_string(json))
        return KM_REFUSE(compiler, "is no string");
    km_status status = km_action_mask(compiler->arena, km_json_text(json), &mask);
    if (status == KM_E_MALFORMED)
        return KM_REFUSE(compiler,
                         "is neither an action, such as iot:Connect, nor a pattern of one");
    if (status == KM_E_UNSUPPORTED)
        return KM_REFUSE(compiler, "names no action of a device in AWS IoT");
    if (status != KM_OK)
        return km_compiler_no_memory(compiler);
    statement->actions |= mask;
    return KM_OK;
}

static km_status read_actions(struct km_compiler *compiler, json_t *list,
                              struct km_statement *statement)
{
    struct km_place before = compiler->place;
    if (km_compiler_count(list) == 0)
        return KM_REFUSE(compiler, "is empty");
    for (size_t i = 0; i < km_compiler_count(list); i++) {
        KM_TRY(read_action(compiler, km_compiler_element(compiler, list, i), statement));
        km_compiler_leave(compiler, before);
    }
    return KM_OK;
}

/* ---- Resource, NotResource ---- */

static bool is_resource(struct km_slice text)
{
    return text.len > 0 &&
           (text.ptr[0] == '*' || (text.len >= 4 && memcmp(text.ptr, "arn:", 4) == 0));
}

static km_status read_resource(struct km_compiler *compiler, const json_t *json,
                               struct km_text *ret)
{
    if (!json_is_string(json))
        return KM_REFUSE(compiler, "is no string");
    if (!is_resource(km_json_text(json)))
        return KM_REFUSE(compiler, "is neither an ARN nor *");
    struct km_slice text = km_compiler_keep(compiler, km_json_text(json));
    if (text.ptr == NULL)
        return km_compiler_no_memory(compiler);
    enum km_text_fault fault = km_text_parse(compiler->arena, text, KM_TEXT_WILD, ret);
    if (fault == KM_TEXT_NO_MEMORY)
        return km_compiler_no_memory(compiler);
    return fault == KM_TEXT_OK ? KM_OK : KM_REFUSE(compiler, km_text_fault_text(fault));
}

static km_status read_resources(struct km_compiler *compiler, json_t *list,
                                struct km_statement *statement)
{
    struct km_place before = compiler->place;
    size_t n = km_compiler_count(list);
    if (n == 0)
        return KM_REFUSE(compiler, "is empty");
    struct km_text *texts = km_arena_array(compiler->arena, n, sizeof(*texts));
    if (texts == NULL)
        return km_compiler_no_memory(compiler);
    for (size_t i = 0; i < n; i++) {
        KM_TRY(read_resource(compiler, km_compiler_element(compiler, list, i), &texts[i]));
        km_compiler_leave(compiler, before);
    }
    statement->resources = texts;
    statement->n_resources = n;
    return KM_OK;
}

/* ---- Condition ---- */

/* A string; true, false and whole numbers may stand without quotes. */
static km_status read_value(struct km_compiler *compiler, const json_t *json,
                            const struct km_condition_operator *op, struct km_condition_value *ret)
{
    char number[24] = {0};
    const char *why = NULL;
    struct km_slice text = {0};
    if (json_is_string(json)) {
        text = km_json_text(json);
    } else if (json_is_boolean(json)) {
        text = json_is_true(json) ? KM_SLICE_STR("true") : KM_SLICE_STR("false");
    } else if (json_is_integer(json)) {
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        text = KM_SLICE_STR(number);
    } else {
        return KM_REFUSE(compiler, "is no string");
    }
    text = km_compiler_keep(compiler, text);
    if (text.ptr == NULL)
        return km_compiler_no_memory(compiler);
    km_status status = km_condition_value_parse(compiler->arena, op, text, ret, &why);
    if (status == KM_E_MALFORMED)
        return KM_REFUSE(compiler, why);
    return status == KM_OK ? KM_OK : km_compiler_no_memory(compiler);
}

static km_status read_condition(struct km_compiler *compiler, const char *name, json_t *list,
                                const struct km_condition_operator *op, struct km_condition *ret)
{
    struct km_condition condition = {.op = *op};
    struct km_slice text = km_compiler_keep(compiler, KM_SLICE_STR(name));
    struct km_place before = compiler->place;
    size_t n = km_compiler_count(list);
    struct km_condition_value *values = km_arena_array(compiler->arena, n, sizeof(*values));
    if (text.ptr == NULL || values == NULL)
        return km_compiler_no_memory(compiler);
    if (!km_key_parse(text, &condition.key))
        return KM_REFUSE(compiler, "is a key that is not known");
    if (!km_condition_key_fits(op, &condition.key))
        return KM_REFUSE(compiler, "the time is only for dates, and aws:EpochTime for numbers too");
    if (n == 0)
        return KM_REFUSE(compiler, "is empty");
    for (size_t i = 0; i < n; i++) {
        KM_TRY(read_value(compiler, km_compiler_element(compiler, list, i), op, &values[i]));
        km_compiler_leave(compiler, before);
    }
    condition.values = values;
    condition.n_values = n;
    *ret = condition;
    return KM_OK;
}

/* {"StringEquals": {key: values, ...}, ...}: n_max has room for all keys of all operators. */
static km_status read_operator(struct km_compiler *compiler, const char *name, json_t *keys,
                               struct km_condition *conditions, size_t *n)
{
    struct km_condition_operator op = {0};
    const char *key = NULL;
    json_t *values = NULL;
    if (!km_condition_operator_parse(KM_SLICE_STR(name), &op))
        return KM_REFUSE(compiler, "is no operator of conditions");
    if (!json_is_object(keys))
        return KM_REFUSE(compiler, "is no object");
    json_object_foreach(keys, key, values)
    {
        struct km_place before = compiler->place;
        km_compiler_enter(compiler, key);
        KM_TRY(read_condition(compiler, key, values, &op, &conditions[*n]));
        *n += 1;
        km_compiler_leave(compiler, before);
    }
    return KM_OK;
}

static km_status read_conditions(struct km_compiler *compiler, json_t *json,
                                 struct km_statement *statement)
{
    const char *name = NULL;
    json_t *keys = NULL;
    size_t n = 0;
    if (!json_is_object(json))
        return KM_REFUSE(compiler, "is no object");
    json_object_foreach(json, name, keys) n += json_object_size(keys);
    struct km_condition *conditions = km_arena_array(compiler->arena, n, sizeof(*conditions));
    if (conditions == NULL)
        return km_compiler_no_memory(compiler);
    statement->conditions = conditions;
    json_object_foreach(json, name, keys)
    {
        struct km_place before = compiler->place;
        km_compiler_enter(compiler, name);
        KM_TRY(read_operator(compiler, name, keys, conditions, &statement->n_conditions));
        km_compiler_leave(compiler, before);
    }
    return KM_OK;
}

/* ---- Statement ---- */

static km_status read_effect(struct km_compiler *compiler, json_t *json,
                             struct km_statement *statement)
{
    const char *effect = json_string_value(json);
    statement->allows = effect != NULL && strcmp(effect, "Allow") == 0;
    if (!statement->allows && (effect == NULL || strcmp(effect, "Deny") != 0))
        return KM_REFUSE(compiler, "is neither Allow nor Deny");
    return KM_OK;
}

static km_status read_not_resources(struct km_compiler *compiler, json_t *json,
                                    struct km_statement *statement)
{
    statement->is_not_resource = true;
    return read_resources(compiler, json, statement);
}

static km_status read_sid(struct km_compiler *compiler, json_t *json,
                          struct km_statement *statement)
{
    if (!json_is_string(json))
        return KM_REFUSE(compiler, "is no string");
    statement->sid = km_compiler_keep(compiler, km_json_text(json));
    return statement->sid.ptr != NULL ? KM_OK : km_compiler_no_memory(compiler);
}

static const struct member_row {
    const char *name;
    km_status (*read)(struct km_compiler *compiler, json_t *json, struct km_statement *statement);
} statement_members[] = {
    {"Sid", read_sid},
    {"Effect", read_effect},
    {"Action", read_actions},
    {"Resource", read_resources},
    {"NotResource", read_not_resources},
    {"Condition", read_conditions},
};

static km_status read_member(struct km_compiler *compiler, const char *name, json_t *json,
                             struct km_statement *statement)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(statement_members); i++) {
        if (strcmp(name, statement_members[i].name) == 0)
            return statement_members[i].read(compiler, json, statement);
    }
    return KM_REFUSE(compiler, "is not known here");
}

km_status km_statement_read(struct km_compiler *compiler, json_t *json,
                            struct km_statement *statement)
{
    const char *name = NULL;
    json_t *member = NULL;
    if (!json_is_object(json))
        return KM_REFUSE(compiler, "is no object");
    if (json_object_get(json, "Effect") == NULL)
        return KM_REFUSE(compiler, "has no Effect");
    if (json_object_get(json, "Action") == NULL)
        return KM_REFUSE(compiler, "has no Action");
    bool has_resource = json_object_get(json, "Resource") != NULL;
    bool has_not_resource = json_object_get(json, "NotResource") != NULL;
    if (has_resource == has_not_resource)
        return KM_REFUSE(compiler, "has to have one of Resource and NotResource");
    json_object_foreach(json, name, member)
    {
        struct km_place before = compiler->place;
        km_compiler_enter(compiler, name);
        KM_TRY(read_member(compiler, name, member, statement));
        km_compiler_leave(compiler, before);
    }
    return KM_OK;
}
