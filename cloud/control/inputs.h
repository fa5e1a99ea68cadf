/* SPDX-License-Identifier: Apache-2.0 */
/* What comes with a call, held against the operation's row before the operation runs. */
#ifndef KM_INPUTS_H
#define KM_INPUTS_H

#include "cloud/control/call.h"

/*
 * km_inputs_take: decodes and checks the parts of the path, the query, headers and body that the row names, and sets call->parts and
 * call->body. Failures are of the caller's making and have their sentence.
 */
km_status km_inputs_take(struct km_call *call, const struct km_slice parts[KM_TARGET_PARTS_MAX]);

/* km_inputs_name_is: whether text is a name of that kind, e.g. "thingName"; kinds that are not known take anything. */
KM_MUST_USE bool km_inputs_name_is(const char *kind, const char *text);

#endif
