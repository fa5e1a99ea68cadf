/* SPDX-License-Identifier: Apache-2.0 */
/* One message through a rule: whether it fires, and what is done then. */
#ifndef COMPANION_DISPATCH_H
#define COMPANION_DISPATCH_H

#include "cloud/companion/ruleset.h"

/* What a republish action sends. */
struct dispatch_publish {
    struct km_slice topic, payload;
    uint8_t qos;
    bool is_error_action;
};

/* What actions do; each returns why it could not. Views are valid for the call. */
struct dispatch_host {
    void *ctx;
    const struct km_rule_host *rule_host;
    /* lambda: has the function run with that event; asynchronous. */
    km_status (*lambda)(void *ctx, struct km_err *err, const char *rule, const char *arn,
                        struct km_slice event);
    /* publish: because of that message. */
    km_status (*publish)(void *ctx, struct km_err *err, const struct dispatch_message *cause,
                         const struct dispatch_publish *what);
    km_status (*log)(void *ctx, struct km_err *err, const char *group, struct km_slice text);
    /* told: each execution of an action, or that a rule could not be evaluated or reached (word NULL); failure NULL: it went well. */
    void (*told)(void *ctx, const char *rule, const char *word,
                 const struct dispatch_message *message, const struct km_err *failure);
};

/*
 * dispatch_concerns: whether a message on this topic is for the rule. One on $aws/rules/NAME/TOPIC is for the rule of that name alone, whatever
 * its filter.
 */
bool dispatch_concerns(const struct compiled_rule *rule, struct km_slice topic);
/* dispatch: a message that concerns the rule. It sees $aws/rules/NAME/TOPIC as one on TOPIC. */
void dispatch(const struct compiled_rule *rule, const struct dispatch_message *message,
              const struct dispatch_host *host);

#endif
