/* SPDX-License-Identifier: Apache-2.0 */
/* One message and what lies outside of it, always the same, for tests of rules. */
#ifndef KM_RULE_RIG_H
#define KM_RULE_RIG_H

#include <string.h>

#include "cloud/rules/rule.h"

static inline bool rule_rig_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(i * 17 + 3);
    return true;
}

/* Of the thing T, classic and N; what it answers says what it was asked. */
static inline bool rule_rig_shadow(void *ctx, struct km_slice thing, struct km_slice name,
                                   json_t **ret)
{
    (void)ctx;
    if (!km_slice_equal(thing, KM_SLICE_STR("T")))
        return false;
    *ret = json_pack("{s:{s:{s:s%}},s:i}", "state", "reported", "name", name.ptr, name.len,
                     "version", 7);
    return *ret != NULL;
}

static inline bool rule_rig_lambda(void *ctx, struct km_slice arn, const json_t *argument,
                                   json_t **ret)
{
    (void)ctx;
    if (!km_slice_equal(arn, KM_SLICE_STR("arn:f")))
        return false;
    *ret = json_pack("{s:o}", "got", json_deep_copy(argument));
    return *ret != NULL;
}

static const struct km_rule_host rule_rig_host = {
    .random = rule_rig_random, .shadow = rule_rig_shadow, .lambda = rule_rig_lambda};

static inline struct km_rule_message rule_rig_message(struct km_slice payload)
{
    return (struct km_rule_message){
        .topic = KM_SLICE_STR("plant/line 1/motor"),
        .payload = payload,
        .client_id = KM_SLICE_STR("dev-1"),
        .principal = KM_SLICE_STR("c0ffee"),
        .account_id = KM_SLICE_STR("123456789012"),
        .source_ip = KM_SLICE_STR("192.0.2.7"),
        .trace_id = KM_SLICE_STR("01234567-89ab-cdef-0123-456789abcdef"),
        .now_ms = 1481825251155,
    };
}

#endif
