/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions: nothing here allocates. */
#include <string.h>

#include "cloud/policy/bound.h"

static const char *const kinds[] = {
    [KM_POLICY_CLIENT] = "client/",
    [KM_POLICY_TOPIC] = "topic/",
    [KM_POLICY_TOPIC_FILTER] = "topicfilter/",
    [KM_POLICY_THING] = "thing/",
    [KM_POLICY_ROLE_ALIAS] = "rolealias/",
};

/* The resource that is asked about, in buffer; false when it can't be one. */
static bool put_resource(const struct km_policy_bound *bound,
                         const struct km_policy_request *request, uint8_t *buffer, size_t cap,
                         struct km_slice *ret)
{
    struct km_wr wr = km_wr_init(buffer, cap);
    if (!km_utf8_valid(request->name))
        return false;
    if (request->kind != KM_POLICY_WHOLE) {
        km_wr_bytes(&wr, KM_SLICE(bound->arn, bound->arn_len));
        km_wr_bytes(&wr, KM_SLICE_STR(kinds[request->kind]));
    }
    km_wr_bytes(&wr, request->name);
    return km_wr_finish(&wr, ret);
}

static bool covers(const struct km_bound_statement *statement, struct km_slice resource)
{
    for (size_t i = 0; i < statement->n_patterns; i++) {
        if (km_pattern_matches(&statement->patterns[i], resource))
            return !statement->is_not_resource;
    }
    return statement->is_not_resource;
}

static bool fits(const struct km_bound_statement *statement,
                 const struct km_policy_request *request, struct km_slice resource)
{
    if ((statement->actions & 1u << request->action) == 0 || !covers(statement, resource))
        return false;
    for (size_t i = 0; i < statement->n_clauses; i++) {
        if (!km_time_clause_holds(&statement->clauses[i], request->now_s))
            return false;
    }
    return true;
}

/* The first statement at or behind `from` that fits; their number when there is none. */
static size_t next_fit(const struct km_policy_bound *bound, const struct km_policy_request *request,
                       struct km_slice resource, size_t from)
{
    while (from < bound->n_statements && !fits(&bound->statements[from], request, resource))
        from++;
    return from;
}

bool km_policy_decide(const struct km_policy_bound *bound, const struct km_policy_request *request,
                      struct km_policy_decision *decision)
{
    uint8_t buffer[KM_POLICY_RESOURCE_MAX];
    struct km_slice resource = {0};
    struct km_policy_decision made = {0};
    size_t found = bound->n_statements;
    if (put_resource(bound, request, buffer, sizeof(buffer), &resource))
        found = next_fit(bound, request, resource, 0);
    if (found < bound->n_statements) {
        made.outcome = found < bound->n_denies ? KM_POLICY_EXPLICIT_DENY : KM_POLICY_ALLOWED;
        made.by = bound->statements[found].by;
    }
    if (decision != NULL)
        *decision = made;
    return made.outcome == KM_POLICY_ALLOWED;
}

bool km_policy_is_timeless(const struct km_policy_bound *bound)
{
    return !bound->minds_time;
}

size_t km_policy_explain(const struct km_policy_bound *bound,
                         const struct km_policy_request *request, struct km_policy_fit *ret,
                         size_t n)
{
    uint8_t buffer[KM_POLICY_RESOURCE_MAX];
    struct km_slice resource = {0};
    size_t n_found = 0;
    if (!put_resource(bound, request, buffer, sizeof(buffer), &resource))
        return 0;
    for (size_t at = next_fit(bound, request, resource, 0); at < bound->n_statements;
         at = next_fit(bound, request, resource, at + 1)) {
        if (n_found < n)
            ret[n_found] = (struct km_policy_fit){.denies = at < bound->n_denies,
                                                  .by = bound->statements[at].by};
        n_found++;
    }
    return n_found;
}

const char *km_policy_outcome_text(enum km_policy_outcome outcome)
{
    switch (outcome) {
    case KM_POLICY_IMPLICIT_DENY:
        return "IMPLICIT_DENY";
    case KM_POLICY_EXPLICIT_DENY:
        return "EXPLICIT_DENY";
    case KM_POLICY_ALLOWED:
        return "ALLOWED";
    }
    return "unknown";
}
