/* SPDX-License-Identifier: Apache-2.0 */
/* Names of actions, and which of them a pattern stands for. */
#ifndef KM_CLOUD_POLICY_ACTION_H
#define KM_CLOUD_POLICY_ACTION_H

#include "cloud/common/arena.h"
#include "cloud/policy/policy.h"

/*
 * km_action_mask: bit n is set when the pattern ("iot:Pub*", "*") names enum km_policy_action n; case is not minded. An action of another
 * service, of which nothing is ever asked, gives 0. KM_E_UNSUPPORTED: of "iot" there is no such action. KM_E_MALFORMED: it has not
 * the form of "service:Name"; KM_E_NOMEM. scratch: memory while it works.
 */
km_status km_action_mask(struct km_arena *scratch, struct km_slice pattern, uint32_t *ret);

#endif
