/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

#define KEEPALIVE_S 60
#define TRIES 5 /* after 1, 2, 4 and 8 seconds: what registers a device takes its time */
#define GOODBYE_MS 2000

volatile sig_atomic_t mqtt_stop;

/* ---- what the library tells ---- */

static void on_connect(struct mosquitto *client, void *arg, int code)
{
    struct mqtt *mqtt = arg;
    (void)client;
    mqtt->connack = code;
}

static void on_subscribe(struct mosquitto *client, void *arg, int mid, int n, const int *granted)
{
    struct mqtt *mqtt = arg;
    (void)client;
    mqtt->answered = mid;
    mqtt->granted = n == 1 ? granted[0] : -1;
}

static void on_publish(struct mosquitto *client, void *arg, int mid)
{
    struct mqtt *mqtt = arg;
    (void)client;
    mqtt->answered = mid;
}

static void on_message(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
    const struct mqtt *mqtt = arg;
    (void)client;
    if (mqtt->wish.on_message != NULL)
        mqtt->wish.on_message(mqtt->wish.arg, message->topic,
                              message->payloadlen > 0 ? message->payload : "",
                              (size_t)message->payloadlen);
}

static struct mosquitto *new_client(struct mqtt *mqtt)
{
    struct mosquitto *client = mosquitto_new(mqtt->wish.client_id, true, mqtt);
    if (client == NULL)
        return NULL;
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_message_callback_set(client, on_message);
    return client;
}

/* ---- moving ---- */

/* One packet at a time: what it brought is looked at before the next one comes. */
static int run_library(struct mqtt *mqtt, const struct pollfd *own)
{
    int rc = MOSQ_ERR_SUCCESS;
    if ((own->revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        rc = mosquitto_loop_read(mqtt->client, 1);
    if (rc == MOSQ_ERR_SUCCESS && (own->revents & POLLOUT) != 0)
        rc = mosquitto_loop_write(mqtt->client, 1);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_loop_misc(mqtt->client);
    return rc;
}

/* As mqtt_step, silently. */
static enum mqtt_event step(struct mqtt *mqtt, int input)
{
    struct pollfd polls[4] = {{.fd = mosquitto_socket(mqtt->client), .events = POLLIN}};
    if (mqtt_stop || polls[0].fd < 0)
        return MQTT_LOST;
    if (mosquitto_want_write(mqtt->client))
        polls[0].events |= POLLOUT;
    wire_wants(&mqtt->wire, polls + 1);
    polls[3] = (struct pollfd){.fd = input, .events = POLLIN};
    int n = poll(polls, 4, 1000);
    if (n < 0) /* a signal, which may have set mqtt_stop */
        return mqtt_stop ? MQTT_LOST : MQTT_BUSY;
    wire_move(&mqtt->wire);
    if (run_library(mqtt, &polls[0]) != MOSQ_ERR_SUCCESS)
        return MQTT_LOST;
    if (polls[3].revents != 0)
        return MQTT_INPUT;
    return n == 0 ? MQTT_IDLE : MQTT_BUSY;
}

static int say_lost(const struct mqtt *mqtt)
{
    const struct wire *wire = &mqtt->wire;
    if (mqtt_stop)
        return -1;
    if (wire->end == CLRC_SUCCESS || wire_was_dropped(wire))
        return say_error("%s port %s: the broker closed the connection", wire->host, wire->port);
    return say_error("%s port %s: %s (0x%08x)", wire->host, wire->port, wire->end_text,
                     (unsigned int)wire->end);
}

enum mqtt_event mqtt_step(struct mqtt *mqtt, int input)
{
    enum mqtt_event event = step(mqtt, input);
    if (event == MQTT_LOST)
        (void)say_lost(mqtt);
    return event;
}

/* ---- connecting ---- */

static int connect_library(void *arg, const char *path)
{
    struct mqtt *mqtt = arg;
    return mosquitto_connect(mqtt->client, path, 0, KEEPALIVE_S) == MOSQ_ERR_SUCCESS ? 0 : -1;
}

enum attempt { ATTEMPT_FAILED = -1, ATTEMPT_DONE, ATTEMPT_DROPPED };

static enum attempt wait_for_connack(struct mqtt *mqtt)
{
    int64_t deadline = now_ms() + MQTT_ANSWER_MS;
    while (mqtt->connack < 0) {
        if (step(mqtt, -1) == MQTT_LOST && mqtt->connack < 0) {
            if (!mqtt_stop && wire_was_dropped(&mqtt->wire))
                return ATTEMPT_DROPPED;
            return (enum attempt)say_lost(mqtt);
        }
        if (now_ms() > deadline)
            return (enum attempt)say_error("the broker does not answer");
    }
    if (mqtt->connack != 0)
        return (enum attempt)say_error("the broker refuses this device: %s",
                                       mosquitto_connack_string(mqtt->connack));
    return ATTEMPT_DONE;
}

static enum attempt try_to_open(struct mqtt *mqtt)
{
    mqtt->connack = -1;
    mqtt->client = new_client(mqtt);
    if (mqtt->client == NULL)
        return (enum attempt)say_error("the MQTT library does not take the client identifier");
    if (wire_open(&mqtt->wire, mqtt->wish.own, mqtt->wish.host, mqtt->wish.port) != 0 ||
        wire_join(&mqtt->wire, connect_library, mqtt) != 0)
        return ATTEMPT_FAILED;
    return wait_for_connack(mqtt);
}

static void drop(struct mqtt *mqtt)
{
    wire_close(&mqtt->wire);
    mosquitto_destroy(mqtt->client);
    mqtt->client = NULL;
}

int mqtt_open(struct mqtt *mqtt, const struct mqtt_wish *wish)
{
    *mqtt = (struct mqtt){.wish = *wish, .wire = {.fd = -1, .plain = -1}};
    (void)mosquitto_lib_init();
    for (int pause_s = 1, tries = 1;; pause_s *= 2, tries++) {
        enum attempt attempt = try_to_open(mqtt);
        if (attempt != ATTEMPT_DROPPED)
            return attempt == ATTEMPT_DONE ? 0 : -1;
        if (tries == TRIES)
            return say_error("the broker closes the connection without an answer: this device is "
                             "not registered, not active, or may not connect");
        (void)say_error("the broker closed the connection without an answer; it may be "
                        "registering this device: once more in %d s",
                        pause_s);
        drop(mqtt);
        (void)poll(NULL, 0, pause_s * 1000);
        if (mqtt_stop)
            return -1;
    }
}

/* ---- using the connection ---- */

int mqtt_settle(struct mqtt *mqtt)
{
    int64_t deadline = now_ms() + MQTT_ANSWER_MS;
    while (mqtt->answered != mqtt->asked) {
        if (mqtt_step(mqtt, -1) == MQTT_LOST)
            return -1;
        if (now_ms() > deadline)
            return say_error("the broker does not answer");
    }
    return 0;
}

int mqtt_subscribe(struct mqtt *mqtt, const char *topic)
{
    mqtt->answered = 0;
    int rc = mosquitto_subscribe(mqtt->client, &mqtt->asked, topic, 1);
    if (rc != MOSQ_ERR_SUCCESS)
        return say_error("can't subscribe to %s: %s", topic, mosquitto_strerror(rc));
    if (mqtt_settle(mqtt) != 0)
        return -1;
    return mqtt->granted >= 0 && mqtt->granted <= 1
               ? 0
               : say_error("the broker does not let this device subscribe to %s", topic);
}

int mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, int qos)
{
    mqtt->answered = 0;
    int rc = mosquitto_publish(mqtt->client, &mqtt->asked, topic, (int)strlen(payload), payload,
                               qos, false);
    return rc == MOSQ_ERR_SUCCESS
               ? 0
               : say_error("can't publish to %s: %s", topic, mosquitto_strerror(rc));
}

/* The library closes its socket behind its last packet, which is on its way once the wire is empty. */
static void say_goodbye(struct mqtt *mqtt)
{
    int64_t deadline = now_ms() + GOODBYE_MS;
    (void)mosquitto_disconnect(mqtt->client);
    while (!wire_is_empty(&mqtt->wire) && mqtt->wire.end == CLRC_SUCCESS && now_ms() < deadline) {
        struct pollfd polls[2];
        wire_wants(&mqtt->wire, polls);
        (void)poll(polls, 2, 100);
        wire_move(&mqtt->wire);
    }
}

void mqtt_close(struct mqtt *mqtt)
{
    if (mqtt->client != NULL && mqtt->connack == 0 && mqtt->wire.end == CLRC_SUCCESS)
        say_goodbye(mqtt);
    drop(mqtt);
    (void)mosquitto_lib_cleanup();
}
