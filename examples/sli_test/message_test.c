/* SPDX-License-Identifier: Apache-2.0 */
/* Tests 1 and 2: a connection, and messages that come back. */
#include <stdio.h>
#include <string.h>

#include "mqtt.h"
#include "say.h"
#include "tests.h"

#define TOPIC_MAX (IDENTITY_NAME_MAX + 32)

static struct mqtt mqtt;

static int open_as_device(const struct test_wish *wish, mqtt_message on_message, void *arg)
{
    struct mqtt_wish connection = {.own = wish->own,
                                   .host = wish->host,
                                   .port = wish->port,
                                   .client_id = wish->own->device_id,
                                   .on_message = on_message,
                                   .arg = arg};
    printf("Connecting...\n");
    if (mqtt_open(&mqtt, &connection) != 0)
        return -1;
    printf("Continuing...\n");
    return 0;
}

/* To be stopped is no failure. */
static int finish(int rc)
{
    if (rc == 0 || mqtt_stop)
        printf("Disconnecting\n");
    mqtt_close(&mqtt);
    return mqtt_stop ? 0 : rc;
}

int test_connection(const struct test_wish *wish)
{
    return finish(open_as_device(wish, NULL, NULL));
}

/* Lines stay lines; what else would move a terminal is "?". */
static void show_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char octet = (unsigned char)text[i];
        putchar((octet < ' ' && octet != '\n' && octet != '\t') || octet == 0x7f ? '?' : octet);
    }
}

/* The topic's line goes on with the payload, as the guide prints it. */
static void show_message(void *arg, const char *topic, const char *payload, size_t length)
{
    int *n_messages = arg;
    printf("*****Subscribe callback\nTopic: ");
    show_text(topic, strlen(topic));
    show_text(payload, length);
    printf("\nPayload - ");
    show_text(payload, length);
    putchar('\n');
    (*n_messages)++;
}

static int publish_both(const char *topic)
{
    static const char *const payloads[] = {"{ \"message\" : \"Publishing message on: QOS0\" }",
                                           "{ \"message\" : \"Publishing message on: QOS1\" }"};
    for (int qos = 0; qos <= 1; qos++) {
        printf("%s...\n", payloads[qos]);
        if (mqtt_send(&mqtt, topic, payloads[qos], qos) != 0)
            return -1;
    }
    return 0;
}

static int wait_for_messages(const int *n_messages)
{
    int64_t deadline = now_ms() + MQTT_ANSWER_MS;
    while (*n_messages == 0) {
        if (mqtt_step(&mqtt, -1) == MQTT_LOST)
            return -1;
        if (now_ms() > deadline)
            return say_error("the message does not come back");
    }
    printf("Looping for subscriptions...\n");
    if (mqtt_settle(&mqtt) != 0)
        return -1;
    while (mqtt_step(&mqtt, -1) != MQTT_LOST)
        continue;
    return -1;
}

int test_subscribe_publish(const struct test_wish *wish)
{
    char topic[TOPIC_MAX] = "";
    int n_messages = 0;
    (void)snprintf(topic, sizeof(topic), "$aws/things/%s/TestSubPub", wish->own->device_id);
    if (open_as_device(wish, show_message, &n_messages) != 0)
        return finish(-1);
    printf("Subscribing to TOPIC [%s]...\n", topic);
    if (mqtt_subscribe(&mqtt, topic) != 0 || publish_both(topic) != 0)
        return finish(-1);
    return finish(wait_for_messages(&n_messages));
}
