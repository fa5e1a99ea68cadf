/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to a compiled policy. Each function reads one kind of element; the place says which one in an error. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/policy/action.h"
#include "cloud/policy/compiled.h"

#define VERSION "2012-10-17"
/* A document of KM_POLICY_DOCUMENT_MAX octets, most of them white space, does not come near. */
#define COMPILED_MAX 4194304u

/* ---- where we are ---- */

/* "Statement[1].Action[0]" */
struct place {
    char text[112];
    size_t len;
};

struct compiler {
    struct km_err *err;
    struct km_arena *arena;
    struct place place;
};

#define REFUSE(compiler, why) refuse_at((compiler), KM_E_MALFORMED, __LINE__, (why))

static km_status refuse_at(struct compiler *compiler, km_status status, int line, const char *why)
{
    bool is_top = compiler->place.len == 0;
    return km_err_set(compiler->err, status, KM_LAYER_NONE, 0, __FILE__, line, "%s: %s",
                      is_top ? "document" : compiler->place.text, why);
}

static km_status no_memory(struct compiler *compiler)
{
    return refuse_at(compiler, km_arena_status(compiler->arena), __LINE__,
                     "takes more memory than there is");
}

static void put(struct place *place, char c)
{
    if (place->len + 1 < sizeof(place->text))
        place->text[place->len++] = c;
    place->text[place->len] = '\0';
}

/* Of a name that somebody chose only what can stand in a message. */
static void enter_member(struct compiler *compiler, const char *name)
{
    if (compiler->place.len > 0)
        put(&compiler->place, '.');
    for (size_t i = 0; name[i] != '\0' && i < 40; i++)
        put(&compiler->place, name[i] > ' ' && name[i] <= '~' ? name[i] : '?');
}

static void enter_number(struct compiler *compiler, size_t number)
{
    char text[24] = {0};
    int len = snprintf(text, sizeof(text), "[%zu]", number);
    for (int i = 0; i < len; i++)
        put(&compiler->place, text[i]);
}

static void leave_to(struct compiler *compiler, struct place before)
{
    compiler->place = before;
}

/* ---- elements ---- */

static struct km_slice text_of(const json_t *json)
{
    return KM_SLICE(json_string_value(json), json_string_length(json));
}

/* A copy that outlives the JSON; ptr is NULL when memory is short. */
static struct km_slice kept(struct compiler *compiler, struct km_slice text)
{
    return KM_SLICE(km_arena_text(compiler->arena, text), text.len);
}

/* Most elements are a list of which one can stand without its brackets. */
static size_t list_len(const json_t *json)
{
    return json_is_array(json) ? json_array_size(json) : 1;
}

/* The i-th of the list, and the place moves to it; leave_to moves back. */
static json_t *enter_list(struct compiler *compiler, json_t *list, size_t i)
{
    if (!json_is_array(list))
        return list;
    enter_number(compiler, i);
    return json_array_get(list, i);
}

/* ---- Action ---- */

static km_status read_action(struct compiler *compiler, const json_t *json,
                             struct km_statement *statement)
{
    uint32_t mask = 0;
    if (!json_is_string(json))
        return REFUSE(compiler, "is no string");
    km_status status = km_action_mask(compiler->arena, text_of(json), &mask);
    if (status == KM_E_MALFORMED)
        return REFUSE(compiler, "is neither an action, such as iot:Connect, nor a pattern of one");
    if (status != KM_OK)
        return no_memory(compiler);
    statement->actions |= mask;
    return KM_OK;
}

static km_status read_actions(struct compiler *compiler, json_t *list,
                              struct km_statement *statement)
{
    struct place before = compiler->place;
    if (list_len(list) == 0)
        return REFUSE(compiler, "is empty");
    for (size_t i = 0; i < list_len(list); i++) {
        KM_TRY(read_action(compiler, enter_list(compiler, list, i), statement));
        leave_to(compiler, before);
    }
    return KM_OK;
}

/* ---- Resource, NotResource ---- */

static bool is_resource(struct km_slice text)
{
    return text.len > 0 &&
           (text.ptr[0] == '*' || (text.len >= 4 && memcmp(text.ptr, "arn:", 4) == 0));
}

static km_status read_resource(struct compiler *compiler, const json_t *json, struct km_text *ret)
{
    if (!json_is_string(json))
        return REFUSE(compiler, "is no string");
    if (!is_resource(text_of(json)))
        return REFUSE(compiler, "is neither an ARN nor *");
    struct km_slice text = kept(compiler, text_of(json));
    if (text.ptr == NULL)
        return no_memory(compiler);
    enum km_text_fault fault = km_text_parse(compiler->arena, text, KM_TEXT_WILD, ret);
    if (fault == KM_TEXT_NO_MEMORY)
        return no_memory(compiler);
    return fault == KM_TEXT_OK ? KM_OK : REFUSE(compiler, km_text_fault_text(fault));
}

static km_status read_resources(struct compiler *compiler, json_t *list,
                                struct km_statement *statement)
{
    struct place before = compiler->place;
    size_t n = list_len(list);
    if (n == 0)
        return REFUSE(compiler, "is empty");
    struct km_text *texts = km_arena_array(compiler->arena, n, sizeof(*texts));
    if (texts == NULL)
        return no_memory(compiler);
    for (size_t i = 0; i < n; i++) {
        KM_TRY(read_resource(compiler, enter_list(compiler, list, i), &texts[i]));
        leave_to(compiler, before);
    }
    statement->resources = texts;
    statement->n_resources = n;
    return KM_OK;
}

/* ---- Condition ---- */

/* A string; true, false and whole numbers may stand without quotes. */
static km_status read_value(struct compiler *compiler, const json_t *json,
                            const struct km_condition_operator *op, struct km_condition_value *ret)
{
    char number[24] = {0};
    const char *why = NULL;
    struct km_slice text = {0};
    if (json_is_string(json)) {
        text = text_of(json);
    } else if (json_is_boolean(json)) {
        text = json_is_true(json) ? KM_SLICE_STR("true") : KM_SLICE_STR("false");
    } else if (json_is_integer(json)) {
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        text = KM_SLICE_STR(number);
    } else {
        return REFUSE(compiler, "is no string");
    }
    text = kept(compiler, text);
    if (text.ptr == NULL)
        return no_memory(compiler);
    km_status status = km_condition_value_parse(compiler->arena, op, text, ret, &why);
    if (status == KM_E_MALFORMED)
        return REFUSE(compiler, why);
    return status == KM_OK ? KM_OK : no_memory(compiler);
}

static km_status read_condition(struct compiler *compiler, const char *name, json_t *list,
                                const struct km_condition_operator *op, struct km_condition *ret)
{
    struct km_condition condition = {.op = *op};
    struct km_slice text = kept(compiler, KM_SLICE_STR(name));
    struct place before = compiler->place;
    size_t n = list_len(list);
    struct km_condition_value *values = km_arena_array(compiler->arena, n, sizeof(*values));
    if (text.ptr == NULL || values == NULL)
        return no_memory(compiler);
    if (!km_key_parse(text, &condition.key))
        return REFUSE(compiler, "is a key that is not known");
    if (!km_condition_key_fits(op, &condition.key))
        return REFUSE(compiler, "the time is only for dates, and aws:EpochTime for numbers too");
    if (n == 0)
        return REFUSE(compiler, "is empty");
    for (size_t i = 0; i < n; i++) {
        KM_TRY(read_value(compiler, enter_list(compiler, list, i), op, &values[i]));
        leave_to(compiler, before);
    }
    condition.values = values;
    condition.n_values = n;
    *ret = condition;
    return KM_OK;
}

/* {"StringEquals": {key: values, ...}, ...}: n_max has room for all keys of all operators. */
static km_status read_operator(struct compiler *compiler, const char *name, json_t *keys,
                               struct km_condition *conditions, size_t *n)
{
    struct km_condition_operator op = {0};
    const char *key = NULL;
    json_t *values = NULL;
    if (!km_condition_operator_parse(KM_SLICE_STR(name), &op))
        return REFUSE(compiler, "is no operator of conditions");
    if (!json_is_object(keys))
        return REFUSE(compiler, "is no object");
    json_object_foreach(keys, key, values)
    {
        struct place before = compiler->place;
        enter_member(compiler, key);
        KM_TRY(read_condition(compiler, key, values, &op, &conditions[*n]));
        *n += 1;
        leave_to(compiler, before);
    }
    return KM_OK;
}

static km_status read_conditions(struct compiler *compiler, json_t *json,
                                 struct km_statement *statement)
{
    const char *name = NULL;
    json_t *keys = NULL;
    size_t n = 0;
    if (!json_is_object(json))
        return REFUSE(compiler, "is no object");
    json_object_foreach(json, name, keys) n += json_object_size(keys);
    struct km_condition *conditions = km_arena_array(compiler->arena, n, sizeof(*conditions));
    if (conditions == NULL)
        return no_memory(compiler);
    statement->conditions = conditions;
    json_object_foreach(json, name, keys)
    {
        struct place before = compiler->place;
        enter_member(compiler, name);
        KM_TRY(read_operator(compiler, name, keys, conditions, &statement->n_conditions));
        leave_to(compiler, before);
    }
    return KM_OK;
}

/* ---- Statement ---- */

static km_status read_effect(struct compiler *compiler, json_t *json,
                             struct km_statement *statement)
{
    const char *effect = json_string_value(json);
    statement->allows = effect != NULL && strcmp(effect, "Allow") == 0;
    if (!statement->allows && (effect == NULL || strcmp(effect, "Deny") != 0))
        return REFUSE(compiler, "is neither Allow nor Deny");
    return KM_OK;
}

static km_status read_not_resources(struct compiler *compiler, json_t *json,
                                    struct km_statement *statement)
{
    statement->is_not_resource = true;
    return read_resources(compiler, json, statement);
}

static km_status read_sid(struct compiler *compiler, json_t *json, struct km_statement *statement)
{
    if (!json_is_string(json))
        return REFUSE(compiler, "is no string");
    statement->sid = kept(compiler, text_of(json));
    return statement->sid.ptr != NULL ? KM_OK : no_memory(compiler);
}

static const struct member_row {
    const char *name;
    km_status (*read)(struct compiler *compiler, json_t *json, struct km_statement *statement);
} statement_members[] = {
    {"Sid", read_sid},
    {"Effect", read_effect},
    {"Action", read_actions},
    {"Resource", read_resources},
    {"NotResource", read_not_resources},
    {"Condition", read_conditions},
};

static km_status read_member(struct compiler *compiler, const char *name, json_t *json,
                             struct km_statement *statement)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(statement_members); i++) {
        if (strcmp(name, statement_members[i].name) == 0)
            return statement_members[i].read(compiler, json, statement);
    }
    return REFUSE(compiler, "is not known here");
}

static km_status read_statement(struct compiler *compiler, json_t *json,
                                struct km_statement *statement)
{
    const char *name = NULL;
    json_t *member = NULL;
    if (!json_is_object(json))
        return REFUSE(compiler, "is no object");
    if (json_object_get(json, "Effect") == NULL)
        return REFUSE(compiler, "has no Effect");
    if (json_object_get(json, "Action") == NULL)
        return REFUSE(compiler, "has no Action");
    bool has_resource = json_object_get(json, "Resource") != NULL;
    bool has_not_resource = json_object_get(json, "NotResource") != NULL;
    if (has_resource == has_not_resource)
        return REFUSE(compiler, "has to have one of Resource and NotResource");
    json_object_foreach(json, name, member)
    {
        struct place before = compiler->place;
        enter_member(compiler, name);
        KM_TRY(read_member(compiler, name, member, statement));
        leave_to(compiler, before);
    }
    return KM_OK;
}

/* ---- document ---- */

static km_status read_statements(struct compiler *compiler, json_t *list, struct km_policy *policy)
{
    struct place before = compiler->place;
    size_t n = list_len(list);
    if (n == 0)
        return REFUSE(compiler, "is empty");
    struct km_statement *statements = km_arena_array(compiler->arena, n, sizeof(*statements));
    if (statements == NULL)
        return no_memory(compiler);
    for (size_t i = 0; i < n; i++) {
        KM_TRY(read_statement(compiler, enter_list(compiler, list, i), &statements[i]));
        leave_to(compiler, before);
    }
    policy->statements = statements;
    policy->n_statements = n;
    return KM_OK;
}

static km_status read_version(struct compiler *compiler, const json_t *json)
{
    const char *version = json_string_value(json);
    if (version == NULL || strcmp(version, VERSION) != 0)
        return REFUSE(compiler, "is not \"" VERSION "\"");
    return KM_OK;
}

static km_status read_id(struct compiler *compiler, const json_t *json)
{
    return json_is_string(json) ? KM_OK : REFUSE(compiler, "is no string");
}

static km_status read_document_member(struct compiler *compiler, const char *name, json_t *json,
                                      struct km_policy *policy)
{
    if (strcmp(name, "Version") == 0)
        return read_version(compiler, json);
    if (strcmp(name, "Id") == 0)
        return read_id(compiler, json);
    if (strcmp(name, "Statement") == 0)
        return read_statements(compiler, json, policy);
    return REFUSE(compiler, "is not known here");
}

static km_status read_document(struct compiler *compiler, json_t *json, struct km_policy *policy)
{
    const char *name = NULL;
    json_t *member = NULL;
    if (!json_is_object(json))
        return REFUSE(compiler, "is no object");
    if (json_object_get(json, "Version") == NULL)
        return REFUSE(compiler, "has no Version, which is to be \"" VERSION "\"");
    if (json_object_get(json, "Statement") == NULL)
        return REFUSE(compiler, "has no Statement");
    json_object_foreach(json, name, member)
    {
        enter_member(compiler, name);
        KM_TRY(read_document_member(compiler, name, member, policy));
        leave_to(compiler, (struct place){0});
    }
    return KM_OK;
}

/* ---- the whole ---- */

/* White space anywhere does not count. Octets that continue a character of UTF-8 don't either. */
static size_t count_nonspace(struct km_slice document)
{
    size_t n = 0;
    for (size_t i = 0; i < document.len; i++) {
        uint8_t c = document.ptr[i];
        n += (c & 0xc0u) != 0x80u && c != ' ' && c != '\t' && c != '\r' && c != '\n';
    }
    return n;
}

static void json_freep(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

static km_status parse_json(struct km_err *err, struct km_slice document, json_t **ret)
{
    json_error_t error = {0};
    json_t *json =
        json_loadb((const char *)document.ptr, document.len, JSON_REJECT_DUPLICATES, &error);
    if (json != NULL) {
        *ret = json;
        return KM_OK;
    }
    if (json_error_code(&error) == json_error_out_of_memory)
        return KM_FAIL(err, KM_E_NOMEM, "policy document of %zu octets", document.len);
    bool is_twice = json_error_code(&error) == json_error_duplicate_key;
    return KM_FAIL(err, KM_E_MALFORMED, "line %d, column %d: %s", error.line, error.column,
                   is_twice ? "names a member twice" : "is no JSON");
}

km_status km_policy_compile(struct km_err *err, struct km_slice document, struct km_policy **ret)
{
    if (document.len > KM_POLICY_DOCUMENT_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "document: has %zu octets, more than %u", document.len,
                       KM_POLICY_DOCUMENT_MAX);
    if (count_nonspace(document) > KM_POLICY_NONSPACE_MAX)
        return KM_FAIL(err, KM_E_LIMIT,
                       "document: has %zu characters that are no white space, "
                       "more than %u",
                       count_nonspace(document), KM_POLICY_NONSPACE_MAX);
    KM_AUTO(json_freep) json_t *json = NULL;
    KM_TRY(parse_json(err, document, &json));
    KM_AUTO(km_policy_freep) struct km_policy *policy = calloc(1, sizeof(*policy));
    if (policy == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "policy");
    policy->arena = km_arena_new(COMPILED_MAX);
    if (policy->arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory of a policy");
    struct compiler compiler = {.err = err, .arena = policy->arena};
    KM_TRY(read_document(&compiler, json, policy));
    *ret = km_steal(&policy);
    return KM_OK;
}

void km_policy_free(struct km_policy *policy)
{
    if (policy == NULL)
        return;
    km_arena_free(policy->arena);
    free(policy);
}

void km_policy_freep(struct km_policy **policy)
{
    km_policy_free(*policy);
    *policy = NULL;
}

size_t km_policy_n_statements(const struct km_policy *policy)
{
    return policy->n_statements;
}
