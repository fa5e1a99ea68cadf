/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admission/facts.h"

#include <stdlib.h>
#include <string.h>

void km_facts_free(struct km_facts *facts)
{
    if (facts == NULL)
        return;
    for (size_t i = 0; i < facts->n_policies; i++)
        km_shelf_give_back(facts->policies[i]);
    for (size_t i = 0; i < facts->n_attributes; i++) {
        free(facts->attributes[i].name);
        free(facts->attributes[i].value);
    }
    free(facts->policies);
    free(facts->attributes);
    km_cert_values_free(facts->values);
    free(facts->thing_type);
    free(facts);
}

void km_facts_freep(struct km_facts **facts)
{
    km_facts_free(*facts);
}

bool km_facts_name(const struct km_facts *facts, const char *policy)
{
    for (size_t i = 0; i < facts->n_policies; i++)
        if (strcmp(km_shelf_name(facts->policies[i]), policy) == 0)
            return true;
    return false;
}
