/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/ruleset.h"

#include <stdlib.h>
#include <string.h>

#define PAYLOAD_DEPTH_MAX 16

void ruleset_init(struct ruleset *set)
{
    *set = (struct ruleset){.first = NULL};
    set->end = &set->first;
}

static void action_clear(struct rule_action *action)
{
    free(action->target);
    km_rule_template_free(action->topic);
}

static void rule_free(struct compiled_rule *rule)
{
    if (rule == NULL)
        return;
    for (size_t i = 0; i < rule->n_actions; i++)
        action_clear(&rule->actions[i]);
    action_clear(&rule->on_error);
    lane_clear(&rule->lane);
    km_rule_free(rule->rule);
    free(rule->name);
    free(rule);
}

static void rule_freep(struct compiled_rule **rule)
{
    rule_free(*rule);
}

void ruleset_clear(struct ruleset *set)
{
    while (set->first != NULL) {
        struct compiled_rule *rule = set->first;
        set->first = rule->next;
        rule_free(rule);
    }
    ruleset_init(set);
}

void ruleset_take(struct ruleset *set, struct ruleset *from)
{
    *set = *from;
    if (from->first == NULL)
        set->end = &set->first;
    ruleset_init(from);
}

void ruleset_inherit(struct ruleset *set, struct ruleset *from)
{
    for (struct compiled_rule *rule = set->first; rule != NULL; rule = rule->next) {
        struct compiled_rule *before = ruleset_find(from, KM_SLICE_STR(rule->name));
        if (before == NULL)
            continue;
        rule->lane = before->lane;
        before->lane = (struct lane){.n_lost = 0};
    }
}

const char *rule_action_word(enum rule_action_kind kind)
{
    static const char *const words[] = {"lambda", "republish", "cloudwatchLogs"};
    return words[kind];
}

static km_status read_topic(struct km_err *err, const json_t *body, struct rule_action *action)
{
    const json_t *qos = json_object_get(body, "qos");
    if (qos != NULL &&
        (!json_is_integer(qos) || json_integer_value(qos) < 0 || json_integer_value(qos) > 1))
        return KM_FAIL(err, KM_E_MALFORMED, "qos of a republish action is neither 0 nor 1");
    action->qos = (uint8_t)json_integer_value(qos);
    return km_rule_template_parse(err, KM_SLICE_STR(action->target), &action->topic);
}

/* An action is an object with one member, whose name is its kind. */
static km_status read_action(struct km_err *err, const json_t *json, struct rule_action *action)
{
    static const char *const members[] = {"functionArn", "topic", "logGroupName"};
    static const enum rule_action_kind kinds[] = {ACTION_LAMBDA, ACTION_REPUBLISH, ACTION_LOG};
    for (size_t i = 0; i < KM_ARRAY_LEN(kinds); i++) {
        const json_t *body = json_object_get(json, rule_action_word(kinds[i]));
        const char *target = json_string_value(json_object_get(body, members[i]));
        if (body == NULL)
            continue;
        if (target == NULL)
            return KM_FAIL(err, KM_E_MALFORMED, "a %s action has no %s", rule_action_word(kinds[i]),
                           members[i]);
        action->kind = kinds[i];
        action->target = strdup(target);
        if (action->target == NULL)
            return KM_FAIL(err, KM_E_NOMEM, "no memory for a rule");
        return kinds[i] == ACTION_REPUBLISH ? read_topic(err, body, action) : KM_OK;
    }
    return KM_FAIL(err, KM_E_UNSUPPORTED, "an action of a kind that is not run here");
}

static km_status read_actions(struct km_err *err, const json_t *json, struct compiled_rule *rule)
{
    const json_t *actions = json_object_get(json, "actions");
    const json_t *on_error = json_object_get(json, "errorAction");
    if (json_array_size(actions) > RULESET_ACTIONS_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu actions, at most %d", json_array_size(actions),
                       RULESET_ACTIONS_MAX);
    for (size_t i = 0; i < json_array_size(actions); i++) {
        rule->n_actions++;
        KM_TRY(read_action(err, json_array_get(actions, i), &rule->actions[i]));
    }
    rule->has_on_error = on_error != NULL && !json_is_null(on_error);
    return rule->has_on_error ? read_action(err, on_error, &rule->on_error) : KM_OK;
}

km_status ruleset_add(struct km_err *err, struct ruleset *set, const char *name, const char *sql,
                      const char *payload)
{
    KM_AUTO(km_json_unref) json_t *json = NULL;
    KM_AUTO(rule_freep) struct compiled_rule *rule = calloc(1, sizeof *rule);
    if (rule == NULL || (rule->name = strdup(name)) == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a rule");
    KM_TRY(km_json_object(err, KM_SLICE_STR(payload), PAYLOAD_DEPTH_MAX, &json));
    KM_TRY(km_rule_parse(err, KM_SLICE_STR(sql),
                         json_string_value(json_object_get(json, "awsIotSqlVersion")),
                         &rule->rule));
    KM_TRY(read_actions(err, json, rule));
    *set->end = rule;
    set->end = &rule->next;
    set->n_rules++;
    rule = NULL;
    return KM_OK;
}

struct compiled_rule *ruleset_find(const struct ruleset *set, struct km_slice name)
{
    for (struct compiled_rule *rule = set->first; rule != NULL; rule = rule->next)
        if (km_slice_equal(KM_SLICE_STR(rule->name), name))
            return rule;
    return NULL;
}
