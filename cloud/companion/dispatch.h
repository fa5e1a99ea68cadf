/* SPDX-License-Identifier: Apache-2.0 */
/* One message through the rules: which fire, and what is done then. */
#ifndef COMPANION_DISPATCH_H
#define COMPANION_DISPATCH_H

#include "cloud/companion/ruleset.h"
#include "cloud/rules/rule.h"

struct dispatch_message {
    struct km_rule_message message; /* its topic as published; trace_id and now_ms filled in */
    uint8_t hops;
};

/* What actions do; each returns why it could not. Views are valid for the call. */
struct dispatch_host {
    void *ctx;
    const struct km_rule_host *rule_host;
    /* lambda: has the function run with that event; asynchronous. */
    km_status (*lambda)(void *ctx, struct km_err *err, const char *rule, const char *arn,
                        struct km_slice event);
    km_status (*publish)(void *ctx, struct km_err *err, struct km_slice topic, uint8_t qos,
                         uint8_t hops, struct km_slice payload);
    km_status (*log)(void *ctx, struct km_err *err, const char *group, struct km_slice text);
    /* told: each execution of an action, or a rule that could not be evaluated (word NULL); failure NULL: it went well. */
    void (*told)(void *ctx, const char *rule, const char *word,
                 const struct dispatch_message *message, const struct km_err *failure);
};

/* dispatch: with $aws/rules/NAME/TOPIC that rule alone sees the message, as one on TOPIC, whatever its filter. */
void dispatch(const struct ruleset *set, const struct dispatch_message *message,
              const struct dispatch_host *host);

#endif
