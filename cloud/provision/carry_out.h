/* SPDX-License-Identifier: Apache-2.0 */
/* A template's plan, carried out in the registry. */
#ifndef KM_PROVISION_CARRY_OUT_H
#define KM_PROVISION_CARRY_OUT_H

#include "cloud/provision/template.h"
#include "cloud/registry/registry.h"

/*
 * km_provision_carry_out: makes the plan's thing and policies, attaches both to its certificate, which has to be registered, and
 * gives that its status. Within a transaction of the caller's, who rolls it back after a failure; the sentence says which part failed.
 * KM_E_MALFORMED: the plan has no certificate, or a status or a policy that is none. Else what the registry answers.
 */
km_status km_provision_carry_out(struct km_err *err, struct km_registry *registry,
                                 const char *account, const struct km_template_plan *plan);

/* km_provision_policy_name: what the policy is called; one without a name has the same for the same document, in room. */
const char *km_provision_policy_name(const struct km_template_policy *policy,
                                     char room[KM_CERTIFICATE_ID_LEN + 1]);

#endif
