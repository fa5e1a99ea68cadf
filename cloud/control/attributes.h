/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of things and groups between JSON and the registry. */
#ifndef KM_ATTRIBUTES_H
#define KM_ATTRIBUTES_H

#include "cloud/control/call.h"
#include "cloud/registry/registry_thing.h"

struct km_attributes {
    bool is_there; /* the payload names attributes */
    bool merges;
    const struct km_attribute *items; /* views of the payload */
    size_t n;
};

/* km_attributes_take: from an attributePayload; NULL: none. A value of another form is an invalid request. */
km_status km_attributes_take(struct km_call *call, const json_t *payload,
                             struct km_attributes *ret);
/* km_attributes_json: returns owned. */
json_t *km_attributes_json(const struct km_attribute *items, size_t n);

#endif
