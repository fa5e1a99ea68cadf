/* SPDX-License-Identifier: Apache-2.0 */
/* What policies are for one connection: between bind.c, which makes it, and decide.c, which reads it. */
#ifndef KM_CLOUD_POLICY_BOUND_H
#define KM_CLOUD_POLICY_BOUND_H

#include "cloud/policy/condition.h"

#define KM_ARN_PLACE_MAX 64u /* octets of partition, region, account */

struct km_bound_statement {
    uint32_t actions;
    bool is_not_resource;
    const struct km_pattern *patterns;
    size_t n_patterns;
    const struct km_time_clause *clauses;
    size_t n_clauses;
    struct km_policy_statement by;
};

struct km_policy_bound {
    struct km_arena *arena; /* all below */
    struct km_bound_statement *statements;
    size_t n_statements;
    size_t n_denies; /* so many of them are first and deny, the others allow */
    bool minds_time; /* one of them has clauses */
    char arn[3 * KM_ARN_PLACE_MAX + sizeof("arn::iot:::")];
    size_t arn_len; /* "arn:aws:iot:eu-west-1:123456789012:" */
    const char *missing[KM_POLICY_MISSING_MAX];
    size_t n_missing;
};

#endif
