/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/dispatch.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/common/topic.h"
#include "common/km_file.h"

struct work {
    const struct compiled_rule *rule;
    const struct dispatch_message *message;
    const struct dispatch_host *host;
    json_t *failures; /* of its actions; NULL when memory is short */
    bool is_error_action;
};

static km_status republish(struct km_err *err, const struct work *work,
                           const struct rule_action *action, struct km_slice payload)
{
    const struct dispatch_host *host = work->host;
    KM_AUTO(km_json_text_clear) struct km_json_text topic = {.ptr = NULL};
    KM_TRY(km_rule_template_topic(err, action->topic, &work->message->message, host->rule_host,
                                  &topic));
    const struct dispatch_publish what = {.topic = KM_SLICE(topic.ptr, topic.len),
                                          .payload = payload,
                                          .qos = action->qos,
                                          .is_error_action = work->is_error_action};
    return host->publish(host->ctx, err, work->message, &what);
}

static km_status act(struct km_err *err, const struct work *work, const struct rule_action *action,
                     struct km_slice payload, bool is_json)
{
    const struct dispatch_host *host = work->host;
    switch (action->kind) {
    case ACTION_LAMBDA:
        if (!is_json)
            return KM_FAIL(err, KM_E_MALFORMED,
                           "the message is no JSON: the rule has to encode it for a function");
        return host->lambda(host->ctx, err, work->rule->name, action->target, payload);
    case ACTION_REPUBLISH:
        return republish(err, work, action, payload);
    case ACTION_LOG:
        return host->log(host->ctx, err, action->target, payload);
    }
    return KM_FAIL(err, KM_E_INTERNAL, "an action of kind %d", (int)action->kind);
}

static void note_failure(const struct work *work, const struct rule_action *action,
                         const struct km_err *failure)
{
    static const char *const names[] = {[ACTION_LAMBDA] = "LambdaAction",
                                        [ACTION_REPUBLISH] = "RepublishAction",
                                        [ACTION_LOG] = "CloudwatchLogsAction"};
    json_t *entry = json_pack("{s:s,s:s,s:s}", "failedAction", names[action->kind],
                              "failedResource", action->target, "errorMessage", failure->text);
    (void)json_array_append_new(work->failures, entry);
}

static char *base64(struct km_slice bytes)
{
    char *text = malloc(4 * ((bytes.len + 2) / 3) + 1);
    if (text != NULL)
        (void)EVP_EncodeBlock((unsigned char *)text, bytes.ptr, (int)bytes.len);
    return text;
}

static json_t *text_of(struct km_slice text)
{
    return json_stringn_nocheck((const char *)text.ptr, text.len);
}

/* What went wrong, for the rule's errorAction. */
static json_t *description(const struct work *work)
{
    const struct km_rule_message *message = &work->message->message;
    json_t *json = json_object();
    KM_AUTO(km_freep) char *payload = base64(message->payload);
    if (payload == NULL)
        return json;
    (void)json_object_set_new(json, "ruleName", json_string(work->rule->name));
    (void)json_object_set_new(json, "topic", text_of(message->topic));
    (void)json_object_set_new(json, "cloudwatchTraceId", text_of(message->trace_id));
    (void)json_object_set_new(json, "clientId", text_of(message->client_id));
    (void)json_object_set_new(json, "sourceIp", text_of(message->source_ip));
    (void)json_object_set_new(json, "base64OriginalPayload", json_string(payload));
    (void)json_object_set(json, "failures", work->failures);
    return json;
}

static void act_on_error(struct work *work)
{
    const struct rule_action *action = &work->rule->on_error;
    work->is_error_action = true;
    struct km_err err = {.status = KM_OK};
    KM_AUTO(km_json_text_clear) struct km_json_text text = {.ptr = NULL};
    KM_AUTO(km_json_unref) json_t *json = description(work);
    km_status status = km_json_print(&err, json, 2 * KM_RULE_PAYLOAD_MAX, &text);
    if (status == KM_OK)
        status = act(&err, work, action, KM_SLICE(text.ptr, text.len), true);
    work->host->told(work->host->ctx, work->rule->name, "errorAction", work->message,
                     status == KM_OK ? NULL : &err);
}

static void act_all(struct work *work, const struct km_rule_output *output)
{
    struct km_slice payload = KM_SLICE(output->bytes, output->len);
    for (size_t i = 0; i < work->rule->n_actions; i++) {
        const struct rule_action *action = &work->rule->actions[i];
        struct km_err err = {.status = KM_OK};
        km_status status = act(&err, work, action, payload, output->is_json);
        if (status != KM_OK)
            note_failure(work, action, &err);
        work->host->told(work->host->ctx, work->rule->name, rule_action_word(action->kind),
                         work->message, status == KM_OK ? NULL : &err);
    }
    if (json_array_size(work->failures) > 0 && work->rule->has_on_error)
        act_on_error(work);
}

static void run_rule(const struct compiled_rule *rule, const struct dispatch_message *message,
                     const struct dispatch_host *host)
{
    struct km_err err = {.status = KM_OK};
    KM_AUTO(km_rule_output_clear) struct km_rule_output output = {.fires = false};
    km_status status = km_rule_eval(&err, rule->rule, &message->message, host->rule_host, &output);
    if (status != KM_OK) {
        host->told(host->ctx, rule->name, NULL, message, &err);
        return;
    }
    if (!output.fires)
        return;
    struct work work = {.rule = rule, .message = message, .host = host, .failures = json_array()};
    act_all(&work, &output);
    json_decref(work.failures);
}

bool dispatch_concerns(const struct compiled_rule *rule, struct km_slice topic)
{
    struct km_slice name = {0}, rest = {0};
    if (km_topic_rule_of(topic, &name, &rest))
        return km_slice_equal(KM_SLICE_STR(rule->name), name);
    return km_rule_matches(rule->rule, topic);
}

void dispatch(const struct compiled_rule *rule, const struct dispatch_message *message,
              const struct dispatch_host *host)
{
    struct dispatch_message seen = *message;
    struct km_slice name = {0}, rest = {0};
    if (km_topic_rule_of(message->message.topic, &name, &rest))
        seen.message.topic = rest;
    run_rule(rule, &seen, host);
}
