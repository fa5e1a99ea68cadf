/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to a compiled policy. */
#include <stdlib.h>
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/policy/compiler.h"

#define VERSION "2012-10-17"
/* A document of KM_POLICY_OCTETS_MAX octets, most of them white space, does not come near. */
#define COMPILED_MAX 4194304u

static km_status read_statements(struct km_compiler *compiler, json_t *list,
                                 struct km_policy *policy)
{
    struct km_place before = compiler->place;
    size_t n = km_compiler_count(list);
    if (n == 0)
        return KM_REFUSE(compiler, "is empty");
    struct km_statement *statements = km_arena_array(compiler->arena, n, sizeof(*statements));
    if (statements == NULL)
        return km_compiler_no_memory(compiler);
    for (size_t i = 0; i < n; i++) {
        KM_TRY(km_statement_read(compiler, km_compiler_element(compiler, list, i), &statements[i]));
        km_compiler_leave(compiler, before);
    }
    policy->statements = statements;
    policy->n_statements = n;
    return KM_OK;
}

static km_status read_version(struct km_compiler *compiler, const json_t *json)
{
    const char *version = json_string_value(json);
    if (version == NULL || strcmp(version, VERSION) != 0)
        return KM_REFUSE(compiler, "is not \"" VERSION "\"");
    return KM_OK;
}

static km_status read_id(struct km_compiler *compiler, const json_t *json)
{
    return json_is_string(json) ? KM_OK : KM_REFUSE(compiler, "is no string");
}

static km_status read_document_member(struct km_compiler *compiler, const char *name, json_t *json,
                                      struct km_policy *policy)
{
    if (strcmp(name, "Version") == 0)
        return read_version(compiler, json);
    if (strcmp(name, "Id") == 0)
        return read_id(compiler, json);
    if (strcmp(name, "Statement") == 0)
        return read_statements(compiler, json, policy);
    return KM_REFUSE(compiler, "is not known here");
}

static km_status read_document(struct km_compiler *compiler, json_t *json, struct km_policy *policy)
{
    const char *name = NULL;
    json_t *member = NULL;
    if (!json_is_object(json))
        return KM_REFUSE(compiler, "is no object");
    if (json_object_get(json, "Version") == NULL)
        return KM_REFUSE(compiler, "has no Version, which is to be \"" VERSION "\"");
    if (json_object_get(json, "Statement") == NULL)
        return KM_REFUSE(compiler, "has no Statement");
    json_object_foreach(json, name, member)
    {
        km_compiler_enter(compiler, name);
        KM_TRY(read_document_member(compiler, name, member, policy));
        km_compiler_leave(compiler, (struct km_place){0});
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

static km_status parse_json(struct km_err *err, struct km_slice document, json_t **ret)
{
    json_error_t error = {0};
    unsigned n_before = km_json_n_short();
    KM_AUTO(km_json_unref)
    json_t *json = km_json_read(document, JSON_REJECT_DUPLICATES, &error);
    if (km_json_n_short() != n_before)
        return KM_FAIL(err, KM_E_NOMEM, "policy document of %zu octets", document.len);
    if (json != NULL) {
        *ret = km_steal(&json);
        return KM_OK;
    }
    /* Not every allocation of the parser's that fails is told as such, but nothing else goes without a code. */
    if (json_error_code(&error) == json_error_out_of_memory ||
        json_error_code(&error) == json_error_unknown)
        return KM_FAIL(err, KM_E_NOMEM, "policy document of %zu octets", document.len);
    bool is_twice = json_error_code(&error) == json_error_duplicate_key;
    return KM_FAIL(err, KM_E_MALFORMED, "line %d, column %d: %s", error.line, error.column,
                   is_twice ? "names a member twice" : "is no JSON");
}

km_status km_policy_compile(struct km_err *err, struct km_slice document, struct km_policy **ret)
{
    if (document.len > KM_POLICY_OCTETS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "document: has %zu octets, more than %u", document.len,
                       KM_POLICY_OCTETS_MAX);
    if (count_nonspace(document) > KM_POLICY_NONSPACE_MAX)
        return KM_FAIL(err, KM_E_LIMIT,
                       "document: has %zu characters that are no white space, "
                       "more than %u",
                       count_nonspace(document), KM_POLICY_NONSPACE_MAX);
    KM_AUTO(km_json_unref) json_t *json = NULL;
    KM_TRY(parse_json(err, document, &json));
    KM_AUTO(km_policy_freep) struct km_policy *policy = calloc(1, sizeof(*policy));
    if (policy == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "policy");
    policy->arena = km_arena_new(COMPILED_MAX);
    if (policy->arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory of a policy");
    struct km_compiler compiler = {.err = err, .arena = policy->arena};
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
