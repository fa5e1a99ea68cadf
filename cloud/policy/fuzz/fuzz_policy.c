/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents compiled, bound and asked, and the answer held against the slow reference. Input: five lines (client id, common name, thing
 * name, action, resource; an empty one is a key without value) and a document.
 */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "tests/unit/cloud/policy_reference.h"

struct input {
    struct km_slice line[5];
    struct km_slice document;
};

static bool split(struct km_slice data, struct input *ret)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(ret->line); i++) {
        const uint8_t *end = data.len > 0 ? memchr(data.ptr, '\n', data.len) : NULL;
        if (end == NULL)
            return false;
        ret->line[i] = KM_SLICE(data.ptr, (size_t)(end - data.ptr));
        data = KM_SLICE(end + 1, data.len - ret->line[i].len - 1);
    }
    ret->document = data;
    return true;
}

static void put(struct km_policy_context *context, unsigned key, const struct km_slice *value)
{
    if (value->len > 0)
        context->values[key] = (struct km_policy_values){.at = value, .n = 1};
}

static void check(const struct km_policy *policy, const struct input *input)
{
    struct km_policy_context context = {.partition = KM_SLICE_STR("aws"),
                                        .region = KM_SLICE_STR("r"),
                                        .account = KM_SLICE_STR("1")};
    struct km_policy_source source = {.name = KM_SLICE_STR("p"), .policy = policy};
    struct km_policy_request request = {.kind = KM_POLICY_WHOLE, .name = input->line[4]};
    enum km_policy_outcome outcome = KM_POLICY_IMPLICIT_DENY;
    struct km_policy_decision decision = {0};
    struct km_policy_bound *bound = NULL;
    put(&context, KM_POLICY_CLIENT_ID, &input->line[0]);
    put(&context, KM_POLICY_SUBJECT + KM_POLICY_COMMON_NAME, &input->line[1]);
    put(&context, KM_POLICY_THING_NAME, &input->line[2]);
    if (!km_policy_action_find(input->line[3], &request.action))
        return;
    if (km_policy_bind(NULL, &source, 1, &context, &bound) != KM_OK)
        return; /* too large */
    bool allowed = km_policy_decide(bound, &request, &decision);
    struct km_policy_fit fit = {0};
    size_t n_fits = km_policy_explain(bound, &request, &fit, 1);
    KM_FUZZ_CHECK(allowed == (decision.outcome == KM_POLICY_ALLOWED));
    KM_FUZZ_CHECK((n_fits == 0) == (decision.outcome == KM_POLICY_IMPLICIT_DENY));
    if (n_fits > 0)
        KM_FUZZ_CHECK(fit.by.number == decision.by.number && fit.denies != allowed);
    bool is_resource = km_utf8_valid(request.name) && request.name.len <= KM_POLICY_RESOURCE_MAX;
    if (!is_resource)
        KM_FUZZ_CHECK(decision.outcome == KM_POLICY_IMPLICIT_DENY);
    else if (reference_decide(input->document, &context, request.action, request.name, &outcome))
        KM_FUZZ_CHECK(decision.outcome == outcome);
    km_policy_bound_free(bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {0};
    struct km_err err = {0};
    struct km_policy *policy = NULL;
    if (!split(KM_SLICE(data, size), &input))
        return 0;
    km_status status = km_policy_compile(&err, input.document, &policy);
    KM_FUZZ_CHECK((status == KM_OK) == (policy != NULL));
    KM_FUZZ_CHECK((status == KM_OK) == (err.text[0] == '\0'));
    if (policy != NULL)
        check(policy, &input);
    km_policy_free(policy);
    return 0;
}
