/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of things and types that the account wants to be told of, published on $aws/events/... by the control plane that made them. */
#ifndef KM_TOLD_H
#define KM_TOLD_H

#include "cloud/control/call.h"
#include "cloud/registry/registry_thing.h"

enum km_told {
    KM_TOLD_CREATED,
    KM_TOLD_UPDATED,
    KM_TOLD_DELETED,
};

/* km_told_is_wanted: whether events of this type, e.g. "THING", are turned on for the account. What can't be read is off. */
bool km_told_is_wanted(struct km_call *call, const char *type);
/*
 * km_told_thing, _thing_type: the event, as the thing or type is, or was when it is deleted. What is changed is changed, whether or not a broker
 * is there to publish it.
 */
void km_told_thing(struct km_call *call, enum km_told what, const struct km_registry_thing *thing);
void km_told_thing_type(struct km_call *call, enum km_told what,
                        const struct km_registry_thing_type *type);

#endif
