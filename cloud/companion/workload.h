/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages and the rules that they are for: taken in as they come, carried out one rule after the other, a message of each at a turn.
 *
 * What waits is bounded for all rules together. When there is more the rule with the most loses its newest message, and that is told: so a rule
 * that is slow, or that a flood of messages is for, loses its own and not those of others.
 */
#ifndef COMPANION_WORKLOAD_H
#define COMPANION_WORKLOAD_H

#include "cloud/companion/dispatch.h"

#define WORKLOAD_OCTETS_MAX ((size_t)32 << 20)
#define WORKLOAD_TELL_MS 10000 /* how often at most it is told that a rule loses messages */

struct workload {
    struct ruleset *rules; /* borrowed; the lanes are in it */
    struct backlog backlog;
    size_t octets_max;
    struct compiled_rule *next; /* whose turn it is; NULL: the first one's */
};

/* workload_init: octets_max: WORKLOAD_OCTETS_MAX. rules has to be cleared before the workload goes. */
void workload_init(struct workload *load, struct ruleset *rules, size_t octets_max);
/* workload_moved: the set of rules is another one; what waited for a rule of the same name waits there (ruleset_inherit). */
void workload_moved(struct workload *load);
/* workload_put: the message waits for each rule that it concerns. host->told hears of what is lost. */
void workload_put(struct workload *load, const struct dispatch_message *message,
                  const struct dispatch_host *host, int64_t now_ms);
/* workload_run: the next one; false: nothing waits. */
bool workload_run(struct workload *load, const struct dispatch_host *host);
/* workload_waits: whether anything does. */
bool workload_waits(const struct workload *load);

#endif
