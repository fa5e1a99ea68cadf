/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies decided the slow and obvious way, from the JSON and anew for each question: what the compiled ones are held against. Shares
 * with them only the names of keys.
 */
#ifndef KM_TEST_POLICY_REFERENCE_H
#define KM_TEST_POLICY_REFERENCE_H

#include "cloud/policy/policy.h"

/*
 * reference_matches: whether text fits the pattern as a document has it, with wildcards and variables. false also when a variable
 * has no value; *ret_known then is false. wild: '*' and '?' are wildcards.
 */
bool reference_matches(struct km_slice pattern, bool wild, const struct km_policy_context *context,
                       struct km_slice text, bool *ret_known);

/*
 * reference_decide: a document that was compiled without an error. false: it has conditions that are not done here (numbers, dates,
 * addresses, ARNs).
 */
bool reference_decide(struct km_slice document, const struct km_policy_context *context,
                      enum km_policy_action action, struct km_slice resource,
                      enum km_policy_outcome *ret);

#endif
