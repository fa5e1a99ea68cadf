/* SPDX-License-Identifier: Apache-2.0 */
#include "shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

void shadow_topic(const struct shadow *shadow, const char *what, char ret[SHADOW_TOPIC_MAX])
{
    (void)snprintf(ret, SHADOW_TOPIC_MAX, "$aws/things/%s/shadow/%s", shadow->thing, what);
}

static int is_topic(const struct shadow *shadow, const char *topic, const char *what)
{
    char expected[SHADOW_TOPIC_MAX] = "";
    shadow_topic(shadow, what, expected);
    return strcmp(topic, expected) == 0;
}

/* ---- what comes ---- */

/* Answers to others come here, too: the token tells. A refusal has none when the request could not be read. */
static void take_answer(struct shadow *shadow, const struct state_answer *answer, int is_refusal)
{
    if (shadow->token[0] == '\0')
        return;
    if (strcmp(answer->token, shadow->token) != 0 && !(is_refusal && answer->token[0] == '\0'))
        return;
    shadow->answer = *answer;
    if (is_refusal && answer->code == 0)
        shadow->answer.code = 500;
    shadow->token[0] = '\0';
}

static void on_message(void *arg, const char *topic, const char *payload, size_t length)
{
    struct shadow *shadow = arg;
    struct state_answer answer = {0};
    if (state_parse(payload, length, &answer) != 0)
        return;
    if (is_topic(shadow, topic, "update/delta")) {
        if (answer.delta >= 0)
            shadow->delta = answer;
    } else if (is_topic(shadow, topic, "update/accepted") ||
               is_topic(shadow, topic, "get/accepted")) {
        take_answer(shadow, &answer, 0);
    } else if (is_topic(shadow, topic, "update/rejected") ||
               is_topic(shadow, topic, "get/rejected")) {
        take_answer(shadow, &answer, 1);
    }
}

/* ---- what goes ---- */

int shadow_open(struct shadow *shadow, const struct test_wish *wish)
{
    struct mqtt_wish connection = {.own = wish->own,
                                   .host = wish->host,
                                   .port = wish->port,
                                   .client_id = wish->own->thing,
                                   .on_message = on_message,
                                   .arg = shadow};
    *shadow = (struct shadow){.thing = wish->own->thing, .delta = {.delta = -1}};
    return mqtt_open(&shadow->mqtt, &connection);
}

int shadow_subscribe(struct shadow *shadow, const char *what)
{
    char topic[SHADOW_TOPIC_MAX] = "";
    shadow_topic(shadow, what, topic);
    return mqtt_subscribe(&shadow->mqtt, topic);
}

/* No other client's request, and none of this program's last run, has this one. */
static void new_token(struct shadow *shadow)
{
    (void)snprintf(shadow->token, sizeof(shadow->token), "sli-%ld-%lld-%u", (long)getpid(),
                   (long long)now_ms(), ++shadow->n_requests);
}

/* Takes the payload. */
static int request(struct shadow *shadow, const char *what, char *payload)
{
    char topic[SHADOW_TOPIC_MAX] = "";
    if (payload == NULL)
        return say_error("memory is short");
    shadow_topic(shadow, what, topic);
    int rc = mqtt_send(&shadow->mqtt, topic, payload, 1);
    free(payload);
    return rc == 0 ? mqtt_settle(&shadow->mqtt) : -1;
}

int shadow_update(struct shadow *shadow, const char *section, json_t *fields)
{
    new_token(shadow);
    return request(shadow, "update", state_update(section, fields, shadow->token));
}

int shadow_get(struct shadow *shadow)
{
    new_token(shadow);
    return request(shadow, "get", state_get(shadow->token));
}

int shadow_wait(struct shadow *shadow)
{
    int64_t deadline = now_ms() + MQTT_ANSWER_MS;
    while (shadow->token[0] != '\0') {
        if (mqtt_step(&shadow->mqtt, -1) == MQTT_LOST)
            return -1;
        if (now_ms() > deadline)
            return say_error("the cloud does not answer for the shadow of %s", shadow->thing);
    }
    return 0;
}

void shadow_close(struct shadow *shadow)
{
    mqtt_close(&shadow->mqtt);
}
