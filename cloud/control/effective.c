/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/effective.h"

#include <string.h>

#include "cloud/control/certificate.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "cloud/registry/registry_policy.h"

static bool is_in(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *text = json_string_value(json_array_get(names, i));
        if (text != NULL && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

static bool is_there(const struct km_policy_texts *texts, const char *name)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->items[i].name, name) == 0)
            return true;
    }
    return false;
}

static km_status add_named(struct km_call *call, const json_t *more, struct km_policy_texts *texts)
{
    for (size_t i = 0; i < json_array_size(more); i++) {
        struct km_registry_policy policy = {0};
        const char *name = json_string_value(json_array_get(more, i));
        if (name == NULL || !km_inputs_name_is("policyName", name))
            return km_call_fail(call, KM_X_NONE, "policyNamesToAdd holds what is no name");
        if (is_there(texts, name))
            continue;
        KM_REG(call,
               km_registry_policy_get(call->reg, call->arena, call->account, name, 0, &policy));
        texts->items[texts->n++] =
            (struct km_policy_text){.name = policy.name, .document = policy.document};
    }
    return KM_OK;
}

km_status km_effective_policies(struct km_call *call, const char *certificate_id, const char *thing,
                                const json_t *more, const json_t *skip, struct km_policy_texts *ret)
{
    struct km_registry_policy_list list = {0};
    struct km_policy_texts texts = {0};
    if (certificate_id != NULL)
        KM_REG(call, km_registry_policy_effective(call->reg, call->arena, call->account,
                                                  certificate_id, thing, &list));
    texts.items =
        km_arena_array(call->arena, list.n_items + json_array_size(more) + 1, sizeof(*texts.items));
    if (texts.items == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "%zu policies", list.n_items);
    for (size_t i = 0; i < list.n_items; i++) {
        if (!is_in(skip, list.items[i].name))
            texts.items[texts.n++] = (struct km_policy_text){.name = list.items[i].name,
                                                             .document = list.items[i].document};
    }
    KM_TRY(add_named(call, more, &texts));
    *ret = texts;
    return KM_OK;
}
