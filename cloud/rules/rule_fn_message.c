/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on the message and what belongs to it, and those that ask outside. */
#include "cloud/rules/rule_function.h"

#include "common/km_uuid.h"

#include <string.h>

static json_t *text_or_undefined(struct km_rule_eval *eval, struct km_slice text)
{
    if (text.len == 0 || !km_utf8_valid(text))
        return NULL;
    return km_rule_string(eval, (const char *)text.ptr, text.len);
}

static json_t *about(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    const struct km_rule_message *message = eval->message;
    switch (call->variant) {
    case 'a':
        return text_or_undefined(eval, message->account_id);
    case 'c':
        return text_or_undefined(eval, message->client_id);
    case 'p':
        return text_or_undefined(eval, message->principal);
    case 's':
        return text_or_undefined(eval, message->source_ip);
    case 't':
        return text_or_undefined(eval, message->trace_id);
    case 'v':
        return text_or_undefined(eval, KM_SLICE_STR(eval->version));
    default:
        return km_rule_int(eval, message->now_ms);
    }
}

/* topic(), or one level of it, from 1. */
static json_t *topic(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    int64_t number = 0;
    struct km_slice rest = eval->message->topic;
    if (call->n == 0)
        return text_or_undefined(eval, rest);
    if (!km_rule_clamp_of(call->args[0], 0, INT64_MAX, &number) || number == 0 || rest.len == 0)
        return NULL;
    for (;;) {
        const uint8_t *slash = memchr(rest.ptr, '/', rest.len);
        size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.ptr);
        if (--number == 0)
            return km_utf8_valid(rest) ? km_rule_string(eval, (const char *)rest.ptr, len) : NULL;
        if (slash == NULL)
            return NULL;
        rest = KM_SLICE(slash + 1, rest.len - len - 1);
    }
}

static json_t *newuuid(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    (void)call;
    struct km_uuid uuid = {0};
    char text[KM_UUID_TEXT_LEN] = {0};
    if (eval->host->random == NULL ||
        !eval->host->random(eval->host->ctx, uuid.octet, sizeof(uuid.octet)))
        return NULL;
    uuid.octet[6] = (uint8_t)(0x40 | (uuid.octet[6] & 0x0f)); /* RFC 4122, 4.4 */
    uuid.octet[8] = (uint8_t)(0x80 | (uuid.octet[8] & 0x3f));
    km_uuid_format(&uuid, text);
    return km_rule_string(eval, text, strlen(text));
}

static json_t *get(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    return km_rule_element_of(eval, call->args[0], call->args[1]);
}

static json_t *is_null(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    (void)eval;
    return json_boolean(json_is_null(call->args[0]));
}

static json_t *is_undefined(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    (void)eval;
    return json_boolean(call->args[0] == NULL);
}

/* What comes from outside counts like any other value. */
static json_t *from_outside(struct km_rule_eval *eval, bool there, json_t *value)
{
    if (there && value != NULL && km_rule_spend_tree(eval, value))
        return value;
    json_decref(value);
    return NULL;
}

/* (thing, role) or (thing, name, role). The role is the caller's to judge. */
static json_t *get_thing_shadow(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text thing = {0};
    KM_AUTO(km_rule_text_clear) struct km_rule_text name = {.ptr = ""};
    if (eval->host->shadow == NULL || !km_rule_text_of(eval, call->args[0], &thing) ||
        (call->n == 3 && !km_rule_text_of(eval, call->args[1], &name)))
        return NULL;
    json_t *value = NULL;
    bool there = eval->host->shadow(eval->host->ctx, KM_SLICE(thing.ptr, thing.len),
                                    KM_SLICE(name.ptr, name.len), &value);
    return from_outside(eval, there, value);
}

static json_t *aws_lambda(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text arn = {0};
    if (eval->host->lambda == NULL || !km_rule_text_of(eval, call->args[0], &arn))
        return NULL;
    json_t *value = NULL;
    bool there =
        eval->host->lambda(eval->host->ctx, KM_SLICE(arn.ptr, arn.len), call->args[1], &value);
    return from_outside(eval, there, value);
}

const struct km_rule_function km_rule_message_functions[] = {
    {"accountid", 0, 0, about, 'a', false},
    {"aws_lambda", 2, 2, aws_lambda, 0, false},
    {"clientid", 0, 0, about, 'c', false},
    {"get", 2, 2, get, 0, false},
    {"get_thing_shadow", 2, 3, get_thing_shadow, 0, false},
    {"isNull", 1, 1, is_null, 0, true},
    {"isUndefined", 1, 1, is_undefined, 0, true},
    {"newuuid", 0, 0, newuuid, 0, false},
    {"principal", 0, 0, about, 'p', false},
    {"sourceip", 0, 0, about, 's', false},
    {"sql_version", 0, 0, about, 'v', false},
    {"timestamp", 0, 0, about, 'm', false},
    {"topic", 0, 1, topic, 0, false},
    {"traceid", 0, 0, about, 't', false},
    {0},
};
