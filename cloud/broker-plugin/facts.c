/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/facts.h"

#include <stdlib.h>
#include <string.h>

void facts_free(struct facts *facts)
{
    if (facts == NULL)
        return;
    for (size_t i = 0; i < facts->n_policies; i++)
        shelf_give_back(facts->policies[i]);
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

void facts_freep(struct facts **facts)
{
    facts_free(*facts);
}

bool facts_name(const struct facts *facts, const char *policy)
{
    for (size_t i = 0; i < facts->n_policies; i++)
        if (strcmp(shelf_name(facts->policies[i]), policy) == 0)
            return true;
    return false;
}
