/* SPDX-License-Identifier: Apache-2.0 */
/* Rules. The whole payload is stored as it came; the rules' own process carries it out. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/operations.h"
#include "cloud/control/sql_check.h"
#include "cloud/control/tags.h"
#include "cloud/registry/registry_rule.h"

#define ACTIONS_MAX 10

/* ---- actions ---- */

static km_status needs(struct km_call *call, const char *action, const json_t *body,
                       const char *member)
{
    if (!json_is_string(json_object_get(body, member)))
        return km_call_fail(call, KM_X_NONE, "action %s needs %s", action, member);
    return KM_OK;
}

/* What this cloud can carry out; another is refused here, rather than found missing by the first message. */
static km_status check_action(struct km_call *call, const json_t *action)
{
    void *at = json_object_iter((json_t *)(uintptr_t)action);
    if (!json_is_object(action) || json_object_size(action) != 1)
        return km_call_fail(call, KM_X_NONE, "an action is an object with one member");
    const char *name = json_object_iter_key(at);
    const json_t *body = json_object_iter_value(at);
    if (strcmp(name, "lambda") == 0)
        return needs(call, name, body, "functionArn");
    if (strcmp(name, "cloudwatchLogs") == 0)
        return needs(call, name, body, "logGroupName");
    if (strcmp(name, "republish") != 0)
        return km_call_fail(call, KM_X_NONE,
                            "action %.40s is not offered: lambda, republish and cloudwatchLogs are",
                            name);
    KM_TRY(needs(call, name, body, "topic"));
    const json_t *qos = json_object_get(body, "qos");
    if (qos != NULL &&
        (!json_is_integer(qos) || json_integer_value(qos) < 0 || json_integer_value(qos) > 1))
        return km_call_fail(call, KM_X_NONE, "qos of a republish action must be 0 or 1");
    return km_sql_check_topic(call, json_string_value(json_object_get(body, "topic")));
}

static km_status check_actions(struct km_call *call)
{
    const json_t *actions = km_call_member(call, "actions");
    const json_t *on_error = km_call_member(call, "errorAction");
    if (json_array_size(actions) > ACTIONS_MAX)
        return km_call_fail(call, KM_X_NONE, "a rule has at most %d actions", ACTIONS_MAX);
    for (size_t i = 0; i < json_array_size(actions); i++)
        KM_TRY(check_action(call, json_array_get(actions, i)));
    return on_error != NULL ? check_action(call, on_error) : KM_OK;
}

/* ---- create, replace ---- */

static km_status rule_of(struct km_call *call, struct km_registry_rule_new *ret)
{
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    struct km_registry_rule_new rule = {
        .name = call->parts[0],
        .sql = km_call_text(call, "sql"),
        .is_enabled = !km_call_is(call, "ruleDisabled"),
    };
    KM_TRY(
        km_sql_check(call, rule.sql, km_call_text(call, "awsIotSqlVersion"), &rule.topic_filter));
    KM_TRY(check_actions(call));
    KM_TRY(km_json_print(&call->err, call->body, KM_RULE_DOCUMENT_MAX, &text));
    rule.payload = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    if (rule.payload == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "payload of a rule");
    *ret = rule;
    return KM_OK;
}

static km_status create_rule(struct km_call *call)
{
    struct km_registry_rule_new rule = {0};
    KM_TRY(rule_of(call, &rule));
    KM_REG(call, km_registry_rule_create(call->reg, call->account, &rule));
    return km_tags_keep(call, KM_TAGGED_RULE, rule.name, km_call_header(call, "x-amz-tagging"));
}

/* AWS says "unauthorized" of rules that are not there. */
static km_status unknown_rule(struct km_call *call, km_status status)
{
    return km_call_as(call, status, KM_E_NOTFOUND, KM_X_UNAUTHORIZED);
}

static km_status replace_rule(struct km_call *call)
{
    struct km_registry_rule_new rule = {0};
    KM_TRY(rule_of(call, &rule));
    return unknown_rule(call, km_registry_rule_replace(call->reg, call->account, &rule));
}

/* ---- get, list, the rest ---- */

static km_status get_rule(struct km_call *call)
{
    struct km_registry_rule rule = {0};
    json_t *payload = NULL;
    KM_TRY(unknown_rule(
        call, km_registry_rule_get(call->reg, call->arena, call->account, call->parts[0], &rule)));
    KM_TRY(
        km_json_object(&call->err, KM_SLICE_STR(rule.payload), KM_CALL_JSON_DEPTH_MAX, &payload));
    (void)json_object_set_new(payload, "ruleName", json_string(rule.name));
    (void)json_object_set_new(payload, "createdAt", km_call_time(rule.created_ms));
    (void)json_object_set_new(payload, "ruleDisabled", json_boolean(!rule.is_enabled));
    return km_call_reply(call, json_pack("{s:s*, s:o}", "ruleArn",
                                         km_call_arn(call, "rule", rule.name), "rule", payload));
}

static km_status list_rules(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_rule_list list = {0};
    const char *disabled = km_call_query(call, "ruleDisabled");
    bool is_enabled = disabled != NULL && strcmp(disabled, "false") == 0;
    const struct km_registry_rule_filter filter = {
        .topic_filter = km_call_query(call, "topic"),
        .is_enabled = disabled != NULL ? &is_enabled : NULL,
    };
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    KM_REG(call,
           km_registry_rule_list(call->reg, call->arena, call->account, &filter, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        const struct km_registry_rule *rule = &list.items[i];
        (void)json_array_append_new(items,
                                    json_pack("{s:s*, s:s, s:s, s:o, s:b}", "ruleArn",
                                              km_call_arn(call, "rule", rule->name), "ruleName",
                                              rule->name, "topicPattern", rule->topic_filter,
                                              "createdAt", km_call_time(rule->created_ms),
                                              "ruleDisabled", (int)!rule->is_enabled));
    }
    return km_call_reply(call, json_pack("{s:o, s:s*}", "rules", items, "nextToken", list.next));
}

static km_status delete_rule(struct km_call *call)
{
    return km_call_registry(call,
                            km_registry_rule_delete(call->reg, call->account, call->parts[0]));
}

static km_status enable_rule(struct km_call *call)
{
    return unknown_rule(
        call, km_registry_rule_set_enabled(call->reg, call->account, call->parts[0], true));
}

static km_status disable_rule(struct km_call *call)
{
    return unknown_rule(
        call, km_registry_rule_set_enabled(call->reg, call->account, call->parts[0], false));
}

#define RULE "/rules/{ruleName}"
#define PAYLOAD "sql!:s description:s actions!:a ruleDisabled:b awsIotSqlVersion:s errorAction:o"

static const struct km_operation rows[] = {
    {"CreateTopicRule", KM_SERVICE_IOT, "POST", RULE, NULL, "x-amz-tagging:s", PAYLOAD,
     KM_OP_CHANGES, create_rule},
    {"GetTopicRule", KM_SERVICE_IOT, "GET", RULE, NULL, NULL, NULL, 0, get_rule},
    {"ListTopicRules", KM_SERVICE_IOT, "GET", "/rules",
     "topic:s maxResults:i nextToken:s ruleDisabled:b", NULL, NULL, 0, list_rules},
    {"ReplaceTopicRule", KM_SERVICE_IOT, "PATCH", RULE, NULL, NULL, PAYLOAD, KM_OP_CHANGES,
     replace_rule},
    {"DeleteTopicRule", KM_SERVICE_IOT, "DELETE", RULE, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_rule},
    {"EnableTopicRule", KM_SERVICE_IOT, "POST", RULE "/enable", NULL, NULL, NULL, KM_OP_CHANGES,
     enable_rule},
    {"DisableTopicRule", KM_SERVICE_IOT, "POST", RULE "/disable", NULL, NULL, NULL, KM_OP_CHANGES,
     disable_rule},
};

const struct km_operations km_iot_rule = {rows, KM_ARRAY_LEN(rows)};
