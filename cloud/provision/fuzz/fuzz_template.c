/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a template is, its plan is within bounds and complete, and the same plan comes again. */
#include <string.h>

#include "cloud/provision/template.h"
#include "fuzz/km_fuzz.h"

static const struct km_template_pair parameters[] = {
    {"AWS::IoT::Certificate::Id", "0123"},
    {"AWS::IoT::Certificate::CommonName", "a name with ${Ref} \xc3\xbc"},
};

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_arena *arena = km_arena_new(1u << 20);
    struct km_template_plan plan = {0};
    struct km_template_plan again = {0};
    struct km_err err = {0};
    KM_FUZZ_CHECK(arena != NULL);
    km_status status = km_template_resolve(&err, arena, KM_SLICE(data, size), parameters, 2, &plan);
    KM_FUZZ_CHECK((status == KM_OK) == (err.status == KM_OK));
    if (status == KM_OK) {
        KM_FUZZ_CHECK(km_template_try(NULL, arena, KM_SLICE(data, size), &again) == KM_OK);
        again = (struct km_template_plan){0};
        KM_FUZZ_CHECK(size <= KM_TEMPLATE_TEXT_MAX);
        KM_FUZZ_CHECK(
            km_template_resolve(NULL, arena, KM_SLICE(data, size), parameters, 2, &again) == KM_OK);
        KM_FUZZ_CHECK(same(plan.thing, again.thing) && plan.n_attributes == again.n_attributes);
        for (size_t i = 0; i < plan.n_attributes; i++)
            KM_FUZZ_CHECK(plan.attributes[i].name != NULL &&
                          same(plan.attributes[i].value, again.attributes[i].value) &&
                          strlen(plan.attributes[i].value) <= KM_TEMPLATE_TEXT_MAX);
        for (size_t i = 0; i < plan.n_policies; i++)
            KM_FUZZ_CHECK((plan.policies[i].name == NULL) != (plan.policies[i].document == NULL));
    }
    km_arena_free(arena);
    return 0;
}
