/* SPDX-License-Identifier: Apache-2.0 */
/* The enabled rules of an account, compiled: SQL and what is done with its result. */
#ifndef COMPANION_RULESET_H
#define COMPANION_RULESET_H

#include "cloud/companion/backlog.h"

#define RULESET_ACTIONS_MAX 10 /* of a rule; AWS's bound too */

enum rule_action_kind { ACTION_LAMBDA, ACTION_REPUBLISH, ACTION_LOG };
struct rule_action {
    enum rule_action_kind kind;
    char *target; /* a function's ARN, a log group; as written for a topic */
    struct km_rule_template *topic;
    uint8_t qos;
};

struct compiled_rule {
    struct compiled_rule *next;
    char *name;
    struct km_rule *rule;
    struct rule_action actions[RULESET_ACTIONS_MAX];
    size_t n_actions;
    struct rule_action on_error;
    bool has_on_error;
    struct lane lane; /* messages that wait for it */
};

struct ruleset {
    struct compiled_rule *first, **end;
    size_t n_rules;
};

/* ruleset_init / _clear */
void ruleset_init(struct ruleset *set);
void ruleset_clear(struct ruleset *set);
/* ruleset_take: an empty set becomes what the other was, which is empty then. */
void ruleset_take(struct ruleset *set, struct ruleset *from);
/* ruleset_inherit: what waits for rules of `from` now waits for those of the same name. */
void ruleset_inherit(struct ruleset *set, struct ruleset *from);
/*
 * ruleset_add: payload is the rule as JSON: awsIotSqlVersion, actions, errorAction. KM_E_MALFORMED with the member that can't be used,
 * KM_E_UNSUPPORTED for an action of a kind that is not run here; the set is as before then.
 */
km_status ruleset_add(struct km_err *err, struct ruleset *set, const char *name, const char *sql,
                      const char *payload);
/* ruleset_find: by name; NULL. */
struct compiled_rule *ruleset_find(const struct ruleset *set, struct km_slice name);
/* rule_action_word: "lambda", "republish", "cloudwatchLogs". */
const char *rule_action_word(enum rule_action_kind kind);

#endif
