/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

/* Absent members, and those of another kind, are as good as NULL to jansson's questions. */
static int led_of(const json_t *state)
{
    const json_t *led = json_object_get(state, STATE_LED);
    json_int_t value = json_integer_value(led);
    return json_is_integer(led) && (value == 0 || value == 1) ? (int)value : -1;
}

static int64_t number_of(const json_t *document, const char *name, int64_t otherwise)
{
    const json_t *number = json_object_get(document, name);
    return json_is_integer(number) ? json_integer_value(number) : otherwise;
}

static void read_token(const json_t *document, char ret[STATE_TOKEN_MAX + 1])
{
    const json_t *token = json_object_get(document, "clientToken");
    size_t length = json_string_length(token);
    if (length == 0 || length > STATE_TOKEN_MAX || strlen(json_string_value(token)) != length)
        return;
    (void)snprintf(ret, STATE_TOKEN_MAX + 1, "%s", json_string_value(token));
}

static void read_message(const json_t *document, char ret[STATE_MESSAGE_MAX + 1])
{
    const json_t *message = json_object_get(document, "message");
    const char *text = json_string_value(message);
    size_t length = json_string_length(message);
    for (size_t i = 0; i < length && i < STATE_MESSAGE_MAX; i++) {
        unsigned char octet = (unsigned char)text[i];
        ret[i] = octet < 0x20 || octet >= 0x7f ? '?' : text[i];
    }
}

int state_parse(const char *json, size_t length, struct state_answer *ret)
{
    json_t *document = length <= STATE_DOCUMENT_MAX
                           ? json_loadb(json, length, JSON_REJECT_DUPLICATES, NULL)
                           : NULL;
    if (!json_is_object(document)) {
        json_decref(document);
        return -1;
    }
    const json_t *state = json_object_get(document, "state");
    int64_t code = number_of(document, "code", 0);
    *ret = (struct state_answer){
        .desired = led_of(json_object_get(state, "desired")),
        .reported = led_of(json_object_get(state, "reported")),
        .delta = led_of(state),
        .version = number_of(document, "version", -1),
        .code = code >= 0 && code <= 999 ? (int)code : 0,
    };
    read_token(document, ret->token);
    read_message(document, ret->message);
    json_decref(document);
    return 0;
}

/* ---- writing ---- */

/* Takes the document. */
static char *text_of(json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    return text;
}

char *state_update(const char *section, json_t *fields, const char *token)
{
    return text_of(json_pack("{s:{s:o}, s:s}", "state", section, fields, "clientToken", token));
}

char *state_get(const char *token)
{
    return text_of(json_pack("{s:s}", "clientToken", token));
}
