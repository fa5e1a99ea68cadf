/* SPDX-License-Identifier: Apache-2.0 */
/* An MQTT 3.1.1 client over the trusted service's TLS: libmosquitto does the MQTT, wire.h the connection. */
#ifndef MQTT_H
#define MQTT_H

#include <signal.h>

#include <mosquitto.h>

#include "wire.h"

#define MQTT_ANSWER_MS 10000 /* how long an answer may take */

/* Set by whoever wants the program to end: each wait here comes to its end within a second. */
extern volatile sig_atomic_t mqtt_stop;

/* mqtt_message: a message of a subscribed topic. Payloads are octets: length counts. Borrows all for the call. */
typedef void (*mqtt_message)(void *arg, const char *topic, const char *payload, size_t length);

struct mqtt_wish {
    const struct identity *own;
    const char *host, *port;
    const char *client_id;
    mqtt_message on_message;
    void *arg;
};

struct mqtt {
    struct mqtt_wish wish;
    struct wire wire;
    struct mosquitto *client;
    int connack;  /* -1: none yet */
    int asked;    /* the identifier of the packet that was sent last */
    int answered; /* and of the one that was answered last */
    int granted;  /* what the last answer to a subscription grants */
};

enum mqtt_event { MQTT_LOST = -1, MQTT_IDLE, MQTT_BUSY, MQTT_INPUT };

/*
 * mqtt_open: connects and waits for the broker's answer. A broker that ends the connection without one may be about to register
 * this device: it is tried again, later each time. Borrows what wish points to until mqtt_close. 0, or -1 with a line on
 * standard error; mqtt_close is due either way.
 */
int mqtt_open(struct mqtt *mqtt, const struct mqtt_wish *wish);
/* mqtt_subscribe: waits for the broker's answer. 0, or -1 with a line on standard error. */
int mqtt_subscribe(struct mqtt *mqtt, const char *topic);
/* mqtt_send: a message with qos 0 or 1, on its way. 0, or -1 with a line on standard error. */
int mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, int qos);
/* mqtt_settle: waits until the broker has answered the last mqtt_send, which had qos 1. 0, or -1 with a line on standard error. */
int mqtt_settle(struct mqtt *mqtt);
/*
 * mqtt_step: moves things, waiting for at most a second; messages are told meanwhile. input: a descriptor to wait for as well, or -1.
 * MQTT_LOST: the connection is over, or mqtt_stop is set; the former with a line on standard error.
 */
enum mqtt_event mqtt_step(struct mqtt *mqtt, int input);
/* mqtt_close: disconnects properly where it can, and releases everything. */
void mqtt_close(struct mqtt *mqtt);

#endif
