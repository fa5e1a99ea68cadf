/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a text is a policy. */
#ifndef KM_POLICY_CHECK_H
#define KM_POLICY_CHECK_H

#include "cloud/control/call.h"

/* km_policy_check: a document that is none is a MalformedPolicyException that names the place. */
km_status km_policy_check(struct km_call *call, const char *document);

#endif
