/* SPDX-License-Identifier: Apache-2.0 */
/* A message on its way through the rules. */
#ifndef COMPANION_MESSAGE_H
#define COMPANION_MESSAGE_H

#include "cloud/rules/rule.h"

struct dispatch_message {
    struct km_rule_message message; /* its topic as published; trace_id and now_ms filled in */
    uint8_t hops;
    uint64_t origin; /* see origin.h */
    size_t link;     /* that it came by, for links_publish */
};

#endif
