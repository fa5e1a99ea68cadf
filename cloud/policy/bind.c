/* SPDX-License-Identifier: Apache-2.0 */
/* Policies bound to a connection. */
#include <stdlib.h>
#include <string.h>

#include "cloud/policy/bound.h"
#include "cloud/policy/compiled.h"

#define SCRATCH_MAX 4194304u

struct binder {
    struct km_err *err;
    struct km_policy_bound *bound;
    struct km_arena *scratch;
    const struct km_policy_context *context;
};

/* ---- what had no value ---- */

static km_status note_missing(struct binder *binder, const struct km_key *key)
{
    struct km_policy_bound *bound = binder->bound;
    if (key == NULL || bound->n_missing == KM_POLICY_MISSING_MAX)
        return KM_OK;
    for (size_t i = 0; i < bound->n_missing; i++) {
        if (km_slice_equal(key->text, KM_SLICE_STR(bound->missing[i])))
            return KM_OK;
    }
    const char *text = km_arena_text(bound->arena, key->text);
    if (text == NULL)
        return KM_FAIL(binder->err, km_arena_status(bound->arena), "key of a policy");
    bound->missing[bound->n_missing++] = text;
    return KM_OK;
}

static km_status note_all_missing(struct binder *binder, const struct km_text *text)
{
    for (size_t i = 0; i < text->n; i++) {
        struct km_slice value = {0};
        const struct km_part *part = &text->parts[i];
        if (part->kind == KM_PART_VARIABLE &&
            !km_variable_value(&part->key, binder->context, &value))
            KM_TRY(note_missing(binder, &part->key));
    }
    return KM_OK;
}

const char *km_policy_bound_missing(const struct km_policy_bound *bound, size_t number)
{
    return number < bound->n_missing ? bound->missing[number] : NULL;
}

/* ---- binding a statement ---- */

/* false in *ret_fits: the statement never fits this connection. */
static km_status bind_conditions(struct binder *binder, const struct km_statement *statement,
                                 struct km_bound_statement *ret, bool *ret_fits)
{
    struct km_arena *arena = binder->bound->arena;
    struct km_time_clause *clauses =
        km_arena_array(arena, statement->n_conditions, sizeof(*clauses));
    if (clauses == NULL)
        return KM_FAIL(binder->err, km_arena_status(arena), "conditions of a policy");
    ret->clauses = clauses;
    for (size_t i = 0; i < statement->n_conditions; i++) {
        struct km_condition_result result = {0};
        km_arena_reset(binder->scratch);
        KM_TRY(km_condition_bind(binder->err, arena, binder->scratch, &statement->conditions[i],
                                 statement->allows, binder->context, &result));
        KM_TRY(note_missing(binder, result.missing));
        if (result.is_on_time)
            clauses[ret->n_clauses++] = result.clause;
        else
            *ret_fits &= result.holds;
    }
    return KM_OK;
}

static km_status bind_resources(struct binder *binder, const struct km_statement *statement,
                                struct km_bound_statement *ret, bool *ret_fits)
{
    struct km_arena *arena = binder->bound->arena;
    struct km_pattern *patterns = km_arena_array(arena, statement->n_resources, sizeof(*patterns));
    if (patterns == NULL)
        return KM_FAIL(binder->err, km_arena_status(arena), "resources of a policy");
    ret->patterns = patterns;
    for (size_t i = 0; i < statement->n_resources; i++) {
        const struct km_key *bad = NULL;
        KM_TRY(km_pattern_bind(binder->err, arena, &statement->resources[i], binder->context,
                               &patterns[ret->n_patterns], &bad));
        if (bad == NULL) {
            ret->n_patterns++;
            continue;
        }
        KM_TRY(note_all_missing(binder, &statement->resources[i]));
        if (statement->is_not_resource && statement->allows)
            *ret_fits = false; /* or it would allow what nobody can tell from what it leaves out */
    }
    if (!statement->is_not_resource && ret->n_patterns == 0)
        *ret_fits = false;
    return KM_OK;
}

static km_status bind_statement(struct binder *binder, const struct km_statement *statement,
                                const struct km_policy_statement *by)
{
    struct km_policy_bound *bound = binder->bound;
    struct km_bound_statement made = {
        .actions = statement->actions,
        .is_not_resource = statement->is_not_resource,
        .by = *by,
    };
    bool fits = true;
    KM_TRY(bind_conditions(binder, statement, &made, &fits));
    KM_TRY(bind_resources(binder, statement, &made, &fits));
    if (!fits || made.actions == 0)
        return KM_OK;
    made.by.sid = km_arena_text(bound->arena, statement->sid);
    if (made.by.sid == NULL)
        return KM_FAIL(binder->err, km_arena_status(bound->arena), "name of a statement");
    bound->statements[bound->n_statements++] = made;
    bound->minds_time |= made.n_clauses > 0;
    return KM_OK;
}

static km_status bind_effect(struct binder *binder, const struct km_policy_source *sources,
                             size_t n_sources, const char *const *names, bool allows)
{
    for (size_t i = 0; i < n_sources; i++) {
        const struct km_policy *policy = sources[i].policy;
        for (size_t s = 0; s < policy->n_statements; s++) {
            struct km_policy_statement by = {.source = i, .policy = names[i], .number = s};
            if (policy->statements[s].allows == allows)
                KM_TRY(bind_statement(binder, &policy->statements[s], &by));
        }
    }
    return KM_OK;
}

/* ---- binding all ---- */

static km_status make_room(struct binder *binder, const struct km_policy_source *sources,
                           size_t n_sources, const char **names)
{
    struct km_arena *arena = binder->bound->arena;
    size_t n = 0;
    for (size_t i = 0; i < n_sources; i++) {
        n += sources[i].policy->n_statements;
        names[i] = km_arena_text(arena, sources[i].name);
        if (names[i] == NULL)
            return KM_FAIL(binder->err, km_arena_status(arena), "name of a policy");
    }
    binder->bound->statements = km_arena_array(arena, n, sizeof(*binder->bound->statements));
    if (binder->bound->statements == NULL)
        return KM_FAIL(binder->err, km_arena_status(arena), "%zu statements", n);
    return KM_OK;
}

static km_status bind_all(struct binder *binder, const struct km_policy_source *sources,
                          size_t n_sources)
{
    const char *names[KM_POLICY_BIND_MAX] = {0};
    KM_TRY(make_room(binder, sources, n_sources, names));
    KM_TRY(bind_effect(binder, sources, n_sources, names, false));
    binder->bound->n_denies = binder->bound->n_statements;
    return bind_effect(binder, sources, n_sources, names, true);
}

static km_status put_arn(struct km_err *err, const struct km_policy_context *context,
                         struct km_policy_bound *bound)
{
    struct km_slice arn = {0};
    struct km_wr wr = km_wr_init(bound->arn, sizeof(bound->arn));
    if (context->partition.len > KM_ARN_PLACE_MAX || context->region.len > KM_ARN_PLACE_MAX ||
        context->account.len > KM_ARN_PLACE_MAX)
        return KM_FAIL(err, KM_E_ARG, "partition, region or account of more than %u octets",
                       KM_ARN_PLACE_MAX);
    km_wr_bytes(&wr, KM_SLICE_STR("arn:"));
    km_wr_bytes(&wr, context->partition);
    km_wr_bytes(&wr, KM_SLICE_STR(":iot:"));
    km_wr_bytes(&wr, context->region);
    km_wr_bytes(&wr, KM_SLICE_STR(":"));
    km_wr_bytes(&wr, context->account);
    km_wr_bytes(&wr, KM_SLICE_STR(":"));
    if (!km_wr_finish(&wr, &arn))
        return KM_FAIL(err, KM_E_INTERNAL, "an ARN does not fit");
    bound->arn_len = arn.len;
    return KM_OK;
}

km_status km_policy_bind(struct km_err *err, const struct km_policy_source *sources,
                         size_t n_sources, const struct km_policy_context *context,
                         struct km_policy_bound **ret)
{
    if (n_sources > KM_POLICY_BIND_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu policies, more than %u", n_sources,
                       KM_POLICY_BIND_MAX);
    KM_AUTO(km_policy_bound_freep) struct km_policy_bound *bound = calloc(1, sizeof(*bound));
    if (bound == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "%zu bound policies", n_sources);
    KM_TRY(put_arn(err, context, bound));
    bound->arena = km_arena_new(KM_POLICY_BOUND_MAX);
    KM_AUTO(km_arena_freep) struct km_arena *scratch = km_arena_new(SCRATCH_MAX);
    if (bound->arena == NULL || scratch == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory of bound policies");
    struct binder binder = {.err = err, .bound = bound, .scratch = scratch, .context = context};
    KM_TRY(bind_all(&binder, sources, n_sources));
    *ret = km_steal(&bound);
    return KM_OK;
}

void km_policy_bound_free(struct km_policy_bound *bound)
{
    if (bound == NULL)
        return;
    km_arena_free(bound->arena);
    free(bound);
}

void km_policy_bound_freep(struct km_policy_bound **bound)
{
    km_policy_bound_free(*bound);
    *bound = NULL;
}
